/* gate.h -- limits that a verdict is held to: --gate body=0.5% */
#ifndef MIRRORCTL_DIFF_GATE_H
#define MIRRORCTL_DIFF_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum gate_name {
    GATE_OUTCOME,
    GATE_STATUS,
    GATE_HEADERS,
    GATE_BODY,
    GATE_LATENCY,
    GATE_COVERAGE,
    GATE_COUNT,
};

struct gate {
    bool off;          /* not looked at */
    bool warn;         /* looked at, never failing */
    bool share;        /* outcome to body: limit is a share of pairs, not a count */
    double limit;      /* count or share; latency: ratio; coverage: least share */
    int64_t margin_ns; /* latency: and slower by more than this */
};

const char *gate_name_text(enum gate_name name);

/* The limits when nothing is said. */
void gates_default(struct gate gates[GATE_COUNT]);

/* Read one NAME=LIMIT over the defaults. Returns 0, or -1 with *e (ERR_USAGE). */
int gate_read(struct gate gates[GATE_COUNT], const char *text, struct err *e);

/* The limit as it would be given: "0", "0.5%", "1.10,2ms", "off". */
enum { GATE_TEXT = 48 };
const char *gate_limit_text(enum gate_name name, const struct gate *gate, char text[GATE_TEXT]);

#endif

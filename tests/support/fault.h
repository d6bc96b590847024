/* fault.h -- what a faulty server does with a request: steps, written in a table.
 *
 * To add a fault, add a row to the table in fault.c; fault_server.c takes the
 * steps, and tests/unit/replay/faults.c says what a client makes of them.
 */
#ifndef MIRRORCTL_TESTS_FAULT_H
#define MIRRORCTL_TESTS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

enum act {
    ACT_END,      /* read the next request */
    ACT_SAY,      /* send the text */
    ACT_TIMES,    /* send the text n times */
    ACT_FOR_EVER, /* send the text until the peer has gone */
    ACT_DRIP,     /* send the text, a byte a tick */
    ACT_TICK,     /* wait for a tick */
    ACT_SILENT,   /* wait until the peer has gone */
    ACT_ARRIVAL,  /* wait for the first byte of the next request, but do not read it */
    ACT_REQUEST,  /* wait for the next request and read it */
    ACT_CLOSE,    /* close in order */
    ACT_RESET,    /* close with a reset */
};

struct step {
    enum act act;
    const char *text; /* FAULT_IDENTITY in it becomes the request's id */
    unsigned n;
};

enum { FAULT_MAX_STEPS = 6, FAULT_MAX_TEXT = 4096 };

struct fault {
    const char *name; /* the path of requests that get it, without "/" */
    bool early;       /* begin when the request's head is there */
    struct step steps[FAULT_MAX_STEPS];
};

/* Stands in texts where the request's id belongs. */
#define FAULT_IDENTITY "@@@@@@@@"

/* The row of that name, or a proper answer. */
const struct fault *fault_called(struct str name);

/* How a kept-alive connection ends behind an answer; any number chooses one. */
const struct fault *fault_idle_end(uint64_t number);
bool fault_is_idle_end(const struct fault *fault);

#endif

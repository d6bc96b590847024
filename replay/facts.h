/* facts.h -- what is asked again and again about the head of a request: read once.
 *
 * Whether it may be sent, which rule it is for, what it is drawn by: each asks for a
 * field or two, and to walk over a head costs more than all the answers together.
 */
#ifndef MIRRORCTL_REPLAY_FACTS_H
#define MIRRORCTL_REPLAY_FACTS_H

#include <stdbool.h>

#include "core/http.h"
#include "core/http1.h"

enum fact {
    FACT_MARKER, /* ours */
    FACT_HOST,
    FACT_UPGRADE,
    FACT_TRACEPARENT,
    FACT_B3_TRACE_ID,
    FACT_B3,
    FACT_REQUEST_ID,
    FACTS,
};

/* Views into the head. */
struct facts {
    struct http1 framer; /* behind the head, if that is one; it holds no memory */
    bool is_head;        /* from its first byte to its last, as a receiver reads it */
    struct http_request_line line;
    bool whole_line;         /* or it broke off, see http_request_start() */
    struct str field[FACTS]; /* the first of that name; data NULL: there is none */
};

/* False when the head does not begin like that of a request. */
bool facts_find(struct facts *f, struct str head);

#endif

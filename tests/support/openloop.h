/* openloop.h -- a client that keeps its schedule whatever the server does.
 *
 * Requests are due at fixed moments from the start of the run, and an answer's
 * time counts from there: a server that stalls is not spared the requests that
 * came meanwhile, as it would be by a client that waits for each answer.
 *
 * Every request asks for a target of its own, /items/NUMBER, and ends with the
 * number in a line "X-Id: " of 16 digits, which tests/tools/fast_server echoes.
 * All answers must be as long as the first one.
 */
#ifndef MIRRORCTL_TESTS_OPENLOOP_H
#define MIRRORCTL_TESTS_OPENLOOP_H

#include <stdint.h>

#include "core/err.h"
#include "core/hist.h"

enum { OPENLOOP_REQUEST = 700 }; /* bytes of each request, head only */

struct openloop {
    uint16_t port; /* of 127.0.0.1 */
    unsigned rate; /* requests a second */
    int64_t duration_ns;
    unsigned connections; /* kept alive; one request at a time each */
};

struct openloop_result {
    uint64_t sent, answered;
    struct hist latency;  /* of the answers, from when their request was due */
    struct hist lateness; /* of the requests: how long after that they were sent */
};

/* Run to the end of the schedule and of its answers. Returns 0, or -1 with *e
 * set when the server cannot be reached or goes away. */
int openloop_run(const struct openloop *o, struct openloop_result *r, struct err *e);

#endif

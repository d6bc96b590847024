/* job.h -- a selected request on its way through the stage.
 *
 * The dispatcher makes it, one worker has it while its calls are open, the
 * writer hands its pair on. Exactly one of them holds it. It lives in the pair's
 * memory, and ends with it.
 */
#ifndef MIRRORCTL_REPLAY_JOB_H
#define MIRRORCTL_REPLAY_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"

struct chain;
struct way;

/* How a job stands with one role. */
struct job_at {
    const struct way *way; /* NULL: it is not meant for it */
    int64_t ready_ns;      /* monotonic: from then on nothing kept its call back but ourselves */
    unsigned pass;         /* of the target's guard, where it was asked before; else 0 */
    struct job *behind;    /* the next that waits for a turn there */
    bool in_turn;
};

struct job {
    struct pair *pair;
    struct http_request_line line; /* of the request */
    struct str path;               /* to be sent in place of its own; data NULL: none */
    int64_t due_ns;                /* monotonic */
    unsigned open;                 /* calls whose outcome is not decided */
    size_t held;                   /* bytes of the request and of the answers so far */
    struct job *next;              /* among those whose turn it is, or finished ones */
    struct chain *chain;           /* of its recorded connection; NULL: it keeps no order */
    struct job_at at[];            /* by role */
};

/* Take over the exchange, a request with this line; the answers may add up to
 * `max` bytes. On failure it is freed too, and NULL returned with *e set. */
struct job *job_new(struct exchange *x, const struct http_request_line *line, unsigned n_calls,
                    size_t max, struct err *e);

/* Free the pair that was not handed on. */
void job_free(struct job *job);

/* True if every call that was meant was sent, but for that of `control`, which may be
 * none (-1). */
bool job_is_paired(const struct job *job, int control);

#endif

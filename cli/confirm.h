/* confirm.h -- the requests of a result that are worth sending again.
 *
 * A difference that was seen once or twice may be v2's doing or a rare mood of both.
 * Sent again a few times, the request itself tells: v1 always one answer and v2 always
 * another, or not. What to send is what `diff` could not decide; where to, as the
 * result says it went.
 */
#ifndef MIRRORCTL_CLI_CONFIRM_H
#define MIRRORCTL_CLI_CONFIRM_H

#include <stddef.h>
#include <stdint.h>

#include "cli/replay_options.h"
#include "core/arena.h"
#include "core/err.h"
#include "core/exchange.h"

enum { CONFIRM_TIMES = 5, CONFIRM_MAX_REQUESTS = 10000 };

struct confirm {
    const char *path;
    unsigned times;
    struct exchange **list; /* the requests, in the order of the result */
    size_t n, room;
    uint64_t left_out;                                  /* beyond CONFIRM_MAX_REQUESTS */
    uint64_t given;                                     /* so far, repetitions counted */
    const char *v1, *candidates[REPLAY_MAX_CANDIDATES]; /* as the result names them */
    size_t n_candidates;
    struct arena mem;
};

/* Start without requests. Cannot fail. */
void confirm_init(struct confirm *c);

/* Compare the pairs of the result at `path`, and keep the requests that are undecided, to
 * be given `times` times each. Returns 0, or -1 with *e set; c->n may be 0. */
int confirm_open(struct confirm *c, const char *path, unsigned times, struct err *e);

/* Fill in where to send them, unless the options say it, and that all of them are sent,
 * as fast as may be, without a control. */
void confirm_configure(const struct confirm *c, struct replay_options *o);

/* An exchange_source; ctx is the confirm. Each round gives all of them once. They are
 * numbered anew, so that calls start in another order in each round. */
int confirm_next(void *ctx, struct exchange **x, struct err *e);

/* Give a pair the number that its request has in the result. */
void confirm_restore(const struct confirm *c, struct pair *p);

void confirm_release(struct confirm *c);

#endif

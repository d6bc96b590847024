/* reorder.h -- exchanges in the order of their requests.
 *
 * A record has them in the order in which they ended, so a slow one stands far
 * behind those that began after it. A window of what was read is kept, and of
 * that the request that came first is given. What is further apart than the
 * window stays out of order: it is then due at once. Requests of one connection
 * keep their order whatever their times say, for the clock may have been set.
 */
#ifndef MIRRORCTL_REPLAY_REORDER_H
#define MIRRORCTL_REPLAY_REORDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"

enum { REORDER_MAX = 1024, REORDER_BYTES = 32 * 1024 * 1024 };

struct reorder {
    const struct exchange_source *source;
    struct waiting {
        int64_t time_ns; /* what it is sorted by */
        uint64_t place;  /* in the input: the earlier one of two at the same time */
        struct exchange *exchange;
    } heap[REORDER_MAX]; /* the first at the front */
    size_t n, bytes;
    uint64_t places;
    int64_t latest_ns;
    int got; /* what the source said last: it ends, or fails, once */
    struct err failure;
};

void reorder_init(struct reorder *r, const struct exchange_source *source);

/* An exchange_source; ctx is the window. A failure comes when all that was read
 * before it is given. */
int reorder_next(void *ctx, struct exchange **x, struct err *e);

/* The source was rewound and gives again. */
void reorder_again(struct reorder *r);

/* Free what waits. */
void reorder_release(struct reorder *r);

#endif

/* results.h -- the pairs of one or several result files, one after the other.
 *
 * A file may hold several sections, as cat joins them, and each has a META and
 * STATS of its own, which whoever reads the pairs is told where they stand.
 */
#ifndef MIRRORCTL_CLI_RESULTS_H
#define MIRRORCTL_CLI_RESULTS_H

#include <stddef.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

struct results;

/* Who is told the META in front of a section's pairs and the STATS behind them,
 * by results_next(); what they return below 0 ends the reading. */
struct results_listener {
    int (*meta)(void *ctx, struct str json, struct err *e);
    int (*stats)(void *ctx, struct str json, struct err *e);
    void *ctx;
};

/* Open all of them, so that one which is not a result is told before anything
 * is compared; `paths` is borrowed. NULL with *e set. */
struct results *results_open(char *const *paths, size_t n, const struct results_listener *listener,
                             struct err *e);

/* A pair_source; ctx is the results. */
int results_next(void *ctx, struct pair **p, struct err *e);

/* NULL is fine. */
void results_close(struct results *r);

#endif

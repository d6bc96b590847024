/* results.h -- the pairs of one or several result files, one after the other. */
#ifndef MIRRORCTL_CLI_RESULTS_H
#define MIRRORCTL_CLI_RESULTS_H

#include <stddef.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

struct results;

/* Open all of them, so that one which is not a result is told before anything
 * is compared; `paths` is borrowed. NULL with *e set. */
struct results *results_open(char *const *paths, size_t n, struct err *e);

/* The META of the first; empty when it has none. Valid until results_close(). */
struct str results_meta(const struct results *r);

/* A pair_source; ctx is the results. */
int results_next(void *ctx, struct pair **p, struct err *e);

/* The STATS read so far, one for each section that was closed in order. */
size_t results_n_stats(const struct results *r);
struct str results_stats(const struct results *r, size_t i);

/* NULL is fine. */
void results_close(struct results *r);

#endif

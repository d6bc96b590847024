/* parallel.h -- a few long tasks that do not touch each other.
 *
 * What comes out does not depend on how many of them ran at once.
 */
#ifndef MIRRORCTL_DIFF_PARALLEL_H
#define MIRRORCTL_DIFF_PARALLEL_H

#include <stddef.h>

#include "core/err.h"

enum { PARALLEL_MAX = 8 };

struct parallel_task {
    int (*run)(void *ctx, struct err *e); /* 0, or -1 with *e set */
    void *ctx;
};

/* Run up to PARALLEL_MAX tasks, at most `threads` at a time, the caller's among them.
 * Returns 0, or -1 with what the first of them, in their order, failed with. */
int parallel_run(const struct parallel_task *tasks, size_t n, unsigned threads, struct err *e);

#endif

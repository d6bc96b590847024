/* signed_rank.h -- the middle of paired differences, and how sure it is.
 *
 * Requests that follow each other share pauses and bursts, so they count less
 * than independent ones would: the ranks of a block of consecutive requests are
 * added up, and only blocks are taken as independent. With blocks of one this is
 * Wilcoxon's test with Student's t.
 */
#ifndef MIRRORCTL_DIFF_SIGNED_RANK_H
#define MIRRORCTL_DIFF_SIGNED_RANK_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* Below this many blocks there is an estimate, and nothing else. */
enum { SIGNED_RANK_BLOCKS = 8 };

struct signed_value {
    double value;
    uint32_t place, block; /* among the requests; signed_rank_init() fills them in */
};

struct signed_rank {
    struct signed_value *values; /* sorted */
    size_t n;
    size_t blocks;
    double *sums; /* of ranks, one a block */
    double centre;
};

/* Take differences in the order of the requests. `values` stays the caller's, is
 * sorted, and must live as long as *r; n at least 1, values finite. Returns 0, or
 * -1 with *e set. */
int signed_rank_init(struct signed_rank *r, struct signed_value *values, size_t n, struct err *e);
void signed_rank_release(struct signed_rank *r);

/* Student's t, with blocks - 1 degrees of freedom, of "the centre is `shift`":
 * falls as the shift rises. */
double signed_rank_t(const struct signed_rank *r, double shift);

/* The shifts that a test at `level` (0.95) would not refuse. */
void signed_rank_interval(const struct signed_rank *r, double level, double *low, double *high);

/* Hodges-Lehmann: the median of the averages of all pairs of `n` sorted values,
 * each with itself too. */
double hodges_lehmann(const struct signed_value *sorted, size_t n);

#endif

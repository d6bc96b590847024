/* binomial.h -- how far from the mean chance takes a count. */
#ifndef MIRRORCTL_CLI_BINOMIAL_H
#define MIRRORCTL_CLI_BINOMIAL_H

#include <stdint.h>

/* Of `n` independent draws with probability `p`, the counts of successes that
 * are left when `tail` is cut off, half of it at each end. Exact, and takes time
 * like the square root of n. */
void binomial_bounds(uint64_t n, double p, double tail, uint64_t *low, uint64_t *high);

#endif

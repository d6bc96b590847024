/* hist.h -- a latency histogram with a constant relative error.
 *
 * Log-linear buckets after HdrHistogram: each power of two is cut into 128, so
 * a percentile is right within 0.8 %. Values are non-negative nanoseconds up
 * to 2^42 (73 minutes); larger ones count as the largest, negative ones as 0.
 * Histograms of several threads merge exactly.
 */
#ifndef MIRRORCTL_CORE_HIST_H
#define MIRRORCTL_CORE_HIST_H

#include <stddef.h>
#include <stdint.h>

enum { HIST_SUB_BITS = 7, HIST_MAX_BITS = 42 };
#define HIST_BUCKETS (((HIST_MAX_BITS - HIST_SUB_BITS) + 1) << HIST_SUB_BITS)

struct hist {
    uint64_t total;
    int64_t min, max; /* exact; 0 while total is 0 */
    uint64_t counts[HIST_BUCKETS];
};

void hist_add(struct hist *h, int64_t ns);
void hist_merge(struct hist *into, const struct hist *from);

/* The value that `percent` (0 to 100) of the values do not exceed; 0 when empty. */
int64_t hist_percentile(const struct hist *h, double percent);

/* How many values each of `n` rising bounds is not exceeded by, as far as
 * buckets tell: a value counts by the middle of its bucket. */
void hist_cumulate(const struct hist *h, const int64_t *bounds, size_t n, uint64_t *counts);

/* The sum of all values, right within 0.4 %. */
double hist_sum(const struct hist *h);

#endif

#include "core/hist.h"

/* Values below 2^SUB_BITS have a bucket each; above, the highest SUB_BITS + 1
 * bits of a value name its bucket. */
static unsigned bucket_of(uint64_t v)
{
    unsigned shift;

    if (v >> HIST_SUB_BITS == 0)
        return (unsigned)v;
    shift = 63u - (unsigned)__builtin_clzll(v) - HIST_SUB_BITS;
    return ((shift + 1) << HIST_SUB_BITS) + (unsigned)(v >> shift) - (1u << HIST_SUB_BITS);
}

/* The middle of a bucket. */
static int64_t value_of(unsigned bucket)
{
    unsigned row = bucket >> HIST_SUB_BITS;
    uint64_t low = bucket & ((1u << HIST_SUB_BITS) - 1);

    if (row <= 1)
        return bucket;
    low = (low | 1u << HIST_SUB_BITS) << (row - 1);
    return (int64_t)(low + (UINT64_C(1) << (row - 1)) / 2);
}

void hist_add(struct hist *h, int64_t ns)
{
    const int64_t largest = (INT64_C(1) << HIST_MAX_BITS) - 1;
    int64_t v = ns < 0 ? 0 : ns > largest ? largest : ns;

    if (h->total == 0 || v < h->min)
        h->min = v;
    if (h->total == 0 || v > h->max)
        h->max = v;
    h->total++;
    h->counts[bucket_of((uint64_t)v)]++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
    if (from->total == 0)
        return;
    if (into->total == 0 || from->min < into->min)
        into->min = from->min;
    if (into->total == 0 || from->max > into->max)
        into->max = from->max;
    into->total += from->total;
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

int64_t hist_percentile(const struct hist *h, double percent)
{
    double exact = (double)h->total * percent / 100.0;
    uint64_t rank = (uint64_t)exact;
    uint64_t seen = 0;

    if (h->total == 0)
        return 0;
    if ((double)rank < exact || rank == 0)
        rank++;
    if (rank == 1)
        return h->min;
    if (rank >= h->total)
        return h->max;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= rank) {
            int64_t v = value_of(i);
            return v < h->min ? h->min : v > h->max ? h->max : v;
        }
    }
    return h->max;
}

void hist_cumulate(const struct hist *h, const int64_t *bounds, size_t n, uint64_t *counts)
{
    unsigned bucket = 0;
    uint64_t seen = 0;

    for (size_t i = 0; i < n; i++) {
        for (; bucket < HIST_BUCKETS && value_of(bucket) <= bounds[i]; bucket++)
            seen += h->counts[bucket];
        counts[i] = seen;
    }
}

double hist_sum(const struct hist *h)
{
    double sum = 0;

    for (unsigned i = 0; h->total && i < HIST_BUCKETS; i++)
        sum += (double)h->counts[i] * (double)value_of(i);
    return sum;
}

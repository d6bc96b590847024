#include "cli/binomial.h"

/* Weights relative to the likeliest count: their sum says what they are parts
 * of, so that no factorial is needed. Smaller ones than this add nothing. */
static const double smallest = 1e-25;

static double up(uint64_t n, double p, uint64_t k, double weight)
{
    return weight * ((double)(n - k) * p) / ((double)(k + 1) * (1 - p));
}

static double down(uint64_t n, double p, uint64_t k, double weight)
{
    return weight * ((double)k * (1 - p)) / ((double)(n - k + 1) * p);
}

void binomial_bounds(uint64_t n, double p, double tail, uint64_t *low, uint64_t *high)
{
    uint64_t mode = (uint64_t)((double)n * p);
    double sum = 1, below = 1, above = 1, cut;
    uint64_t first = mode, last = mode;

    *low = *high = p < 0.5 ? 0 : n;
    if (!(p > 0 && p < 1))
        return;
    for (; first > 0 && below > smallest; sum += below)
        below = down(n, p, first--, below);
    for (; last < n && above > smallest; sum += above)
        above = up(n, p, last++, above);
    for (cut = below; cut <= sum * tail / 2 && first < n; cut += below)
        below = up(n, p, first++, below);
    for (cut = above; cut <= sum * tail / 2 && last > 0; cut += above)
        above = down(n, p, last--, above);
    *low = first;
    *high = last;
}

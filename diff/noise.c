/* A value that v1 itself does not repeat proves nothing about v2, so a field
 * in which v1 differed from itself is noise: shown, and not failing.
 *
 * Failures and statuses are not values. A v1 that once timed out on its second
 * call must not excuse a v2 that always does; there the excess over v1's own
 * rate decides. */
#include "diff/noise.h"

#include <math.h>

/* An excess that chance gives less often than this is no chance. */
#define ALPHA 0.01

const char *field_verdict_name(enum field_verdict v)
{
    static const char *const names[] = {"different", "rare", "suspect", "noise", "ignored"};

    return names[v];
}

void noise_merge(struct noise_counts *into, const struct noise_counts *from)
{
    into->raw += from->raw;
    into->noise += from->noise;
    into->b += from->b;
    into->c += from->c;
}

/* Sums from the far end, largest term first: term k+1 is term k times (n-k)/(k+1). */
double noise_chance(uint64_t b, uint64_t c)
{
    double n = (double)b + (double)c, k = (double)b, sum = 0;
    double term = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2.0));

    if (b <= c)
        return 1; /* at least a half; nobody needs it closer */
    for (; k <= n && term > 0; k++) {
        sum += term;
        term *= (n - k) / (k + 1);
        if (term < sum * 1e-12)
            break;
    }
    return sum < 1 ? sum : 1;
}

enum field_verdict noise_judge(enum diff_where where, const struct noise_counts *n)
{
    bool value = where == WHERE_HEADER || where == WHERE_BODY;

    if (n->noise == 0)
        return FIELD_DIFFERENT;
    if (!value && noise_chance(n->b, n->c) < ALPHA)
        return FIELD_DIFFERENT;
    return FIELD_NOISE;
}

/* Failures and statuses are not values. Where v1 never failed one failure of v2
 * is enough; and a v1 that once timed out on its second call must not excuse a
 * v2 that always does: there the excess over v1's own rate decides. */
#include "diff/noise.h"

#include <math.h>

/* Differences that v1 cannot have made by being rarely noisy. */
enum { SURE = 3 };

#define VOLATILE   0.9
#define MOST_PAIRS 1e9

const char *field_verdict_name(enum field_verdict v)
{
    static const char *const names[] = {"different", "rare", "suspect", "noise", "ignored"};

    return names[v];
}

const char *noise_source_name(enum noise_source s)
{
    static const char *const names[] = {"none", "control", "profile"};

    return names[s];
}

void noise_merge(struct noise_counts *into, const struct noise_counts *from)
{
    into->raw += from->raw;
    into->noise += from->noise;
    into->b += from->b;
    into->c += from->c;
    into->readings += from->readings;
}

/* ---- chances ---- */

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

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

double noise_chance_of_two(uint64_t k, uint64_t n, uint64_t j, uint64_t m)
{
    double N = (double)n, M = (double)m, all = (double)k + (double)j, x = (double)k, sum = 0;
    double most = all < N ? all : N, term;

    if (k * (double)m <= j * (double)n)
        return 1; /* no excess at all */
    term = exp(log_choose(N, x) + log_choose(M, all - x) - log_choose(N + M, all));
    for (; x <= most && term > 0; x++) {
        sum += term;
        term *= (N - x) * (all - x) / ((x + 1) * (M - all + x + 1));
        if (term < sum * 1e-12)
            break;
    }
    return sum < 1 ? sum : 1;
}

/* ---- judging ---- */

enum noise_source noise_source_of(const struct noise_evidence *ev)
{
    return ev->control_of ? NOISE_CONTROL : ev->profile.of ? NOISE_PROFILE : NOISE_UNKNOWN;
}

/* Beside v1's second call, v1's first one failed by chance as often as v2 may. */
static double chance_of_failures(const struct noise_evidence *ev)
{
    double own = noise_chance(ev->counts.raw, ev->v1_failed);
    double again = ev->counts.noise ? noise_chance(ev->counts.b, ev->counts.c) : 0;

    return own > again ? own : again;
}

bool noise_test(const struct noise_evidence *ev, double *p)
{
    enum noise_source source = noise_source_of(ev);

    *p = 1;
    if (ev->where == WHERE_OUTCOME && (ev->v1_failed || ev->counts.noise)) {
        *p = chance_of_failures(ev);
        return true;
    }
    if (source == NOISE_CONTROL && ev->counts.noise) {
        *p = noise_chance(ev->counts.b, ev->counts.c);
        return true;
    }
    if (source == NOISE_PROFILE && ev->profile.noise) {
        *p = noise_chance_of_two(ev->counts.raw, ev->of, ev->profile.noise, ev->profile.of);
        return true;
    }
    return false;
}

bool noise_is_volatile(const struct noise_evidence *ev)
{
    bool control = noise_source_of(ev) == NOISE_CONTROL;
    double noise = (double)(control ? ev->counts.noise : ev->profile.noise);
    double of = (double)(control ? ev->control_of : ev->profile.of);

    return of > 0 && noise >= VOLATILE * of;
}

/* More often at v2 than at v1, if not surely. */
static bool leans_to_v2(const struct noise_evidence *ev)
{
    if (ev->where == WHERE_OUTCOME && ev->v1_failed)
        return ev->counts.raw > ev->v1_failed;
    if (noise_source_of(ev) == NOISE_PROFILE)
        return (double)ev->counts.raw * (double)ev->profile.of >
               (double)ev->profile.noise * (double)ev->of;
    return ev->counts.b > ev->counts.c;
}

/* What v2 does to a field that v1 never changes. The shape of a value that
 * changes every time is read by rule of thumb: there one odd one is not worth a
 * verdict. */
static enum field_verdict judge_steady(const struct noise_evidence *ev)
{
    bool value = ev->where == WHERE_HEADER || ev->where == WHERE_BODY;
    bool control = noise_source_of(ev) == NOISE_CONTROL;
    uint64_t raw = ev->counts.raw - (control ? ev->counts.readings : 0);

    if (raw == 0)
        return FIELD_NOISE;
    if (!value || raw >= SURE)
        return FIELD_DIFFERENT;
    return ev->kind == KIND_SHAPE ? FIELD_SUSPECT : FIELD_RARE;
}

enum field_verdict noise_judge(const struct noise_evidence *ev, bool excess)
{
    double p;

    if (ev->counts.raw == 0)
        return FIELD_NOISE;
    if (!noise_test(ev, &p))
        return judge_steady(ev);
    if (excess)
        return FIELD_DIFFERENT;
    return !noise_is_volatile(ev) && leans_to_v2(ev) ? FIELD_SUSPECT : FIELD_NOISE;
}

/* As if everything were seen `times` as often. */
static double chance_after(const struct noise_evidence *ev, double times)
{
    struct noise_evidence more = *ev;
    double p;

    more.counts.raw = (uint64_t)((double)ev->counts.raw * times + 0.5);
    more.counts.noise = (uint64_t)((double)ev->counts.noise * times + 0.5);
    more.counts.b = (uint64_t)((double)ev->counts.b * times + 0.5);
    more.counts.c = (uint64_t)((double)ev->counts.c * times + 0.5);
    more.v1_failed = (uint64_t)((double)ev->v1_failed * times + 0.5);
    more.of = (uint64_t)((double)ev->of * times + 0.5);
    return noise_test(&more, &p) ? p : 0;
}

uint64_t noise_pairs_needed(const struct noise_evidence *ev, double level)
{
    double times = 1.1, unit = 1, pairs;

    while ((double)ev->of * times < MOST_PAIRS && chance_after(ev, times) > level)
        times *= 1.1;
    pairs = (double)ev->of * times;
    if (pairs >= MOST_PAIRS)
        return 0;
    while (pairs / unit >= 100)
        unit *= 10;
    return (uint64_t)(ceil(pairs / unit) * unit);
}

/* What the summaries of several endpoints say together. */
#include <math.h>

#include "core/clock.h"
#include "core/mem.h"
#include "diff/holm.h"
#include "diff/latency.h"
#include "diff/signed_rank.h"

/* One-sided, so that intervals of 95 % say the same. */
#define ERROR 0.025

/* Numbers of pairs beyond this are no advice. */
#define MOST_PAIRS 1e9

enum { PAIRS_WANTED = 20 };

enum side { SIDE_V2, SIDE_CONTROL };

/* What an interval of that half width at n pairs needs to be as wide as `gap`:
 * widths shrink with the root of n. */
static double pairs_for(double n, double width, double gap)
{
    return gap > 0 && width > 0 ? n * (width / gap) * (width / gap) : INFINITY;
}

/* To be sure that v2 is slower takes both scales, to be sure that it is not one. */
static double pairs_to_decide(const struct latency_summary *s, const struct latency_margins *m)
{
    double n = (double)s->n, margin_ms = (double)m->ns / (double)NS_PER_MS;
    double ratio = log(s->ratio.estimate) - log(m->ratio), ms = s->ms.estimate - margin_ms;

    if (ratio > 0 && ms > 0)
        return fmax(pairs_for(n, log(s->ratio.estimate / s->ratio.low), ratio),
                    pairs_for(n, s->ms.estimate - s->ms.low, ms));
    return fmin(pairs_for(n, log(s->ratio.high / s->ratio.estimate), -ratio),
                pairs_for(n, s->ms.high - s->ms.estimate, -ms));
}

/* Two digits, upwards: it is an estimate. 0 where it is beyond use. */
static uint64_t rounded(double pairs, size_t n)
{
    double unit = 1;

    if (!(pairs < MOST_PAIRS))
        return 0;
    pairs = fmax(pairs, 1.1 * (double)n);
    while (pairs / unit >= 100)
        unit *= 10;
    return (uint64_t)(ceil(pairs / unit) * unit);
}

static enum latency_verdict verdict_of(struct latency_summary *s, const struct latency_margins *m)
{
    if (s->blocks < SIGNED_RANK_BLOCKS) {
        s->needed = s->n ? PAIRS_WANTED : 0;
        return LATENCY_UNKNOWN;
    }
    if (s->ratio.high < m->ratio || s->ms.high < (double)m->ns / (double)NS_PER_MS)
        return LATENCY_SAME;
    s->needed = rounded(pairs_to_decide(s, m), s->n);
    return LATENCY_UNDECIDED;
}

/* Intervals of the two sides that do not meet, even with the margins between. */
static enum latency_verdict tail_of(const struct latency_summary *s,
                                    const struct latency_margins *m)
{
    const struct latency_time *v1 = &s->v1.p99, *v2 = &s->v2.p99;

    if (!v1->known || !v2->known)
        return LATENCY_UNKNOWN;
    if (v1->high != INT64_MAX && (double)v2->low > (double)v1->high * m->ratio &&
        v2->low - v1->high > m->ns)
        return LATENCY_SLOWER;
    if (v2->high != INT64_MAX &&
        ((double)v2->high < (double)v1->low * m->ratio || v2->high - v1->low < m->ns))
        return LATENCY_SAME;
    return LATENCY_UNDECIDED;
}

static void call(struct latency_summary *s, enum side side)
{
    if (side == SIDE_CONTROL) {
        s->control_verdict = LATENCY_SLOWER;
        return;
    }
    s->verdict = LATENCY_SLOWER;
    s->needed = 0;
}

/* Hold v2, or v1's second call, against v1 at all endpoints that can be asked. */
static void find_slower(struct latency_summary *const *all, size_t n, enum side side,
                        struct holm_test *tests)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        size_t blocks = side == SIDE_CONTROL ? all[i]->control_blocks : all[i]->blocks;

        if (blocks >= SIGNED_RANK_BLOCKS)
            tests[k++] = (struct holm_test){
                .p = side == SIDE_CONTROL ? all[i]->control_p : all[i]->p, .of = all[i]};
    }
    holm(tests, k, ERROR);
    for (size_t i = 0; i < k; i++) {
        if (tests[i].holds)
            call(tests[i].of, side);
    }
}

int latency_judge(struct latency_summary *const *all, size_t n,
                  const struct latency_margins *margins, struct err *e)
{
    struct holm_test *tests = mem_array(n, sizeof *tests);

    if (!tests)
        return err_nomem(e, "comparing latencies");
    for (size_t i = 0; i < n; i++) {
        struct latency_summary *s = all[i];

        s->verdict = verdict_of(s, margins);
        s->tail = tail_of(s, margins);
        s->control_verdict =
            s->control_blocks < SIGNED_RANK_BLOCKS ? LATENCY_UNKNOWN : LATENCY_SAME;
    }
    find_slower(all, n, SIDE_V2, tests);
    find_slower(all, n, SIDE_CONTROL, tests);
    mem_free(tests);
    return 0;
}

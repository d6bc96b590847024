/* The statistics under latency: against the plain definition, and by counting how
 * often they are right about noise made here, which shares nothing with them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/mem.h"
#include "diff/latency.h"
#include "diff/signed_rank.h"
#include "diff/student.h"

/* ---- chance, made by hand ---- */

static uint64_t state;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller, one of the two. */
static double normal(void)
{
    double radius = sqrt(-2 * log(uniform()));

    return radius * cos(6.283185307179586 * uniform());
}

/* ---- against the definition ---- */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double plain_hodges_lehmann(const struct signed_value *v, size_t n)
{
    size_t all = n * (n + 1) / 2, k = 0;
    double *averages = mem_array(all, sizeof *averages), middle;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++)
            averages[k++] = (v[i].value + v[j].value) / 2;
    }
    qsort(averages, all, sizeof *averages, by_number);
    middle = all % 2 ? averages[all / 2] : (averages[all / 2 - 1] + averages[all / 2]) / 2;
    mem_free(averages);
    return middle;
}

static void the_centre_is_that_of_all_averages(void **unused)
{
    struct signed_value v[300];

    (void)unused;
    state = 1;
    for (size_t n = 1; n <= 300; n += n < 20 ? 1 : 35) {
        for (int kind = 0; kind < 3; kind++) {
            struct signed_rank r;

            for (size_t i = 0; i < n; i++)
                v[i].value = kind == 0   ? normal()
                             : kind == 1 ? floor(uniform() * 4)       /* many equal ones */
                                         : exp(3 * normal()) - 10000; /* far out */
            assert_int_equal(signed_rank_init(&r, v, n, NULL), 0);
            if (fabs(r.centre - plain_hodges_lehmann(v, n)) > 1e-9 * fmax(1, fabs(r.centre)))
                fail_msg("n %zu, kind %d", n, kind);
            signed_rank_release(&r);
        }
    }
}

/* Wilcoxon by hand: blocks of one are all ranks by themselves. */
static void ranks_are_signed_and_shared(void **unused)
{
    struct signed_value v[8] = {{.value = 1},  {.value = -2}, {.value = 3}, {.value = 3},
                                {.value = -3}, {.value = 0},  {.value = 5}, {.value = 8}};
    /* |v| 0 1 2 3 3 3 5 8 has the ranks 1 2 3 5 5 5 7 8, and 0 has no sign */
    static const double ranks[] = {2, -3, 5, 5, -5, 0, 7, 8};
    double sum = 0, squares = 0, wanted;
    struct signed_rank r;

    (void)unused;
    for (size_t i = 0; i < 8; i++)
        sum += ranks[i];
    for (size_t i = 0; i < 8; i++)
        squares += (ranks[i] - sum / 8) * (ranks[i] - sum / 8);
    wanted = sum / 8 / sqrt(squares / 7 / 8);
    assert_int_equal(signed_rank_init(&r, v, 8, NULL), 0);
    assert_int_equal(r.blocks, 8);
    assert_true(fabs(signed_rank_t(&r, 0) - wanted) < 1e-12);
    signed_rank_release(&r);
}

/* Tables of Student's t. */
static void student_is_as_in_the_tables(void **unused)
{
    static const struct {
        double p, df, t;
    } rows[] = {{0.025, 1, 12.7062047},  {0.025, 7, 2.3646243},    {0.025, 19, 2.0930241},
                {0.005, 10, 3.1692727},  {0.1, 3, 1.6377444},      {0.025, 1000, 1.9623391},
                {0.0005, 30, 3.6459586}, {0.025, 20000, 1.9600829}};

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (fabs(student_quantile(rows[i].p, rows[i].df) - rows[i].t) > 1e-5 ||
            fabs(student_tail(rows[i].t, rows[i].df) - rows[i].p) > 1e-7)
            fail_msg("row %zu", i);
    }
    assert_true(student_tail(INFINITY, 7) == 0 && student_tail(-INFINITY, 7) == 1);
    assert_true(fabs(student_tail(0, 5) - 0.5) < 1e-12);
    assert_true(fabs(student_tail(-2, 5) + student_tail(2, 5) - 1) < 1e-12);
}

/* The ranks of the median are in every book; those of far quantiles follow from
 * 0.99^299 < 5 % <= 0.99^298. */
static void ranks_hold_a_quantile_in_95_of_100(void **unused)
{
    static const struct {
        size_t n;
        double q;
        size_t low, high;
    } rows[] = {{5, 0.5, 0, 6},        {6, 0.5, 1, 6},        {10, 0.5, 2, 9},
                {20, 0.5, 6, 15},      {100, 0.5, 40, 61},    {298, 0.99, 291, 299},
                {299, 0.99, 289, 299}, {1000, 0.99, 983, 997}};

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t low, high;

        quantile_ranks(rows[i].n, rows[i].q, &low, &high);
        if (low != rows[i].low || high != rows[i].high)
            fail_msg("row %zu: %zu %zu", i, low, high);
    }
}

/* ---- how often it is right ---- */

/* A service as measured: calls of several weights, noise of 10 % of its own on each
 * side, and where asked for pauses of 15 requests that hit one side at a time. */
struct world {
    size_t n;
    double slower; /* v2 takes that much more: 0.05 */
    bool stalls;
    bool fixed_order; /* and the second call is 5 % faster */
    bool random_order;
};

struct side_state {
    unsigned stall;
};

static double one_call(struct side_state *s, bool stalls, double weight)
{
    double us = weight * exp(0.1 * normal());

    if (stalls && s->stall == 0 && uniform() < 1.0 / 150)
        s->stall = 15;
    if (s->stall) {
        s->stall--;
        us *= 2;
    }
    return us;
}

static void make_run(struct latency *l, const struct world *w)
{
    struct side_state one = {0}, two = {0}, again = {0};

    for (size_t i = 0; i < w->n; i++) {
        double weight = (double)(20000 + 30000 * (int)(uniform() * 4));
        double v1 = one_call(&one, w->stalls, weight),
               control = one_call(&again, w->stalls, weight);
        double v2 = one_call(&two, w->stalls, weight) * (1 + w->slower);
        bool v1_first = w->fixed_order || uniform() < 0.5;
        struct latency_times t = {.sent_ns = (int64_t)i * NS_PER_MS};

        if (w->fixed_order || w->random_order)
            *(v1_first ? &v2 : &v1) *= 0.95;
        t.v1_ns = (int64_t)(v1 * 1e3);
        t.v2_ns = (int64_t)(v2 * 1e3);
        t.control_ns = (int64_t)(control * 1e3);
        t.flags = v1_first ? LATENCY_V1_FIRST : LATENCY_V2_FIRST;
        assert_int_equal(latency_add(l, &t, NULL), 0);
    }
}

struct tally_of_runs {
    unsigned slower, same, undecided; /* verdicts */
    unsigned beyond;                  /* the interval of the ratio leaves 1 out */
    unsigned faster;                  /* on that side */
    unsigned missed;                  /* it leaves the truth out */
    unsigned restless;                /* the control was not quiet */
};

static struct tally_of_runs run_many(const struct world *w, unsigned seeds)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct tally_of_runs sum = {0};

    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct latency l = {0};
        const struct latency *list = &l;
        struct latency_summary s, *all = &s;

        state = seed * UINT64_C(0x9e3779b97f4a7c15);
        make_run(&l, w);
        assert_int_equal(latency_summarize(&list, 1, &margins, 1, &s, NULL), 0);
        assert_int_equal(latency_judge(&all, 1, &margins, NULL), 0);
        sum.slower += s.verdict == LATENCY_SLOWER;
        sum.same += s.verdict == LATENCY_SAME;
        sum.undecided += s.verdict == LATENCY_UNDECIDED;
        sum.beyond += s.ratio.low > 1 || s.ratio.high < 1;
        sum.faster += s.ratio.high < 1;
        sum.missed += s.ratio.low > 1 + w->slower || s.ratio.high < 1 + w->slower;
        sum.restless += s.control_verdict == LATENCY_SLOWER;
        latency_summary_release(&s);
        latency_release(&l);
    }
    return sum;
}

/* 5 % tests: of 100 runs of nothing some 5 may see something, and hardly 12. */
static void v1_against_itself_is_even(void **unused)
{
    static const struct world rows[] = {
        {.n = 400}, {.n = 2000}, {.n = 400, .stalls = true}, {.n = 2000, .stalls = true}};

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally_of_runs sum = run_many(&rows[i], 100);

        if (sum.beyond > 12 || sum.slower || sum.restless)
            fail_msg("n %zu: %u of 100 beyond 1, %u slower, %u restless", rows[i].n, sum.beyond,
                     sum.slower, sum.restless);
    }
}

static void a_few_percent_are_seen_by_pairs(void **unused)
{
    static const struct {
        struct world world;
        unsigned at_least; /* of 50 whose interval leaves 1 out */
    } rows[] = {
        {{.n = 400, .slower = 0.05}, 47},
        {{.n = 400, .slower = 0.10}, 50},
        {{.n = 2000, .slower = 0.05, .stalls = true}, 42},
        {{.n = 4000, .slower = 0.05, .stalls = true}, 48},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally_of_runs sum = run_many(&rows[i].world, 50);

        if (sum.beyond < rows[i].at_least || sum.missed > 6)
            fail_msg("row %zu: %u beyond 1, %u miss the truth", i, sum.beyond, sum.missed);
    }
}

/* Within the margin it is the same, beyond it slower, at it undecided. */
static void verdicts_are_about_the_margin(void **unused)
{
    struct world w = {.n = 2000, .stalls = true, .slower = 0.20};
    struct tally_of_runs sum = run_many(&w, 50);

    (void)unused;
    assert_true(sum.slower >= 48);
    w.slower = 0;
    sum = run_many(&w, 50);
    assert_true(sum.same >= 48 && sum.slower == 0);
    w.slower = 0.10;
    sum = run_many(&w, 50);
    assert_true(sum.undecided >= 42 && sum.slower <= 3);
}

static void a_fixed_order_flatters_the_second(void **unused)
{
    struct world w = {.n = 1000, .fixed_order = true};
    struct tally_of_runs sum = run_many(&w, 50);

    (void)unused;
    assert_true(sum.faster >= 48);
    w = (struct world){.n = 1000, .random_order = true};
    sum = run_many(&w, 50);
    assert_true(sum.beyond <= 7);
}

static void the_order_of_calls_is_looked_at(void **unused)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct world w = {.n = 2000, .random_order = true};
    struct latency l = {0};
    const struct latency *list = &l;
    struct latency_summary s;

    (void)unused;
    state = 7;
    make_run(&l, &w);
    assert_int_equal(latency_summarize(&list, 1, &margins, 1, &s, NULL), 0);
    assert_true(fabs(s.order_ratio - 0.95) < 0.01 && s.v1_first + s.v2_first == 2000);
    latency_summary_release(&s);
    latency_release(&l);
}

enum { ENDPOINTS = 30 };

/* One of thirty looks slower by itself in most runs; Holm does not mind. */
static void thirty_endpoints_are_one_question(void **unused)
{
    const struct latency_margins none = {1, 0};
    unsigned alone = 0, together = 0;

    (void)unused;
    for (unsigned seed = 1; seed <= 50; seed++) {
        struct latency l[ENDPOINTS] = {0};
        struct latency_summary s[ENDPOINTS], *all[ENDPOINTS];
        bool any = false, any_slower = false;

        state = seed * UINT64_C(0x9e3779b97f4a7c15);
        for (size_t i = 0; i < ENDPOINTS; i++) {
            const struct world w = {.n = 100};
            const struct latency *list = &l[i];

            make_run(&l[i], &w);
            all[i] = &s[i];
            assert_int_equal(latency_summarize(&list, 1, &none, 1, &s[i], NULL), 0);
            any = any || s[i].p < 0.025;
        }
        assert_int_equal(latency_judge(all, ENDPOINTS, &none, NULL), 0);
        for (size_t i = 0; i < ENDPOINTS; i++) {
            any_slower = any_slower || s[i].verdict == LATENCY_SLOWER;
            latency_summary_release(&s[i]);
            latency_release(&l[i]);
        }
        alone += any;
        together += any_slower;
    }
    assert_true(alone >= 18);
    if (together > 4)
        fail_msg("%u of 50 runs", together);
}

/* ---- timeouts ---- */

static void who_times_out_is_slower(void **unused)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct latency l = {0};
    const struct latency *list = &l;
    struct latency_summary s, *all = &s;

    (void)unused;
    for (int i = 0; i < 400; i++) {
        struct latency_times t = {.sent_ns = i, .v1_ns = NS_PER_MS, .v2_ns = NS_PER_MS};

        if (i % 2) {
            t.v2_ns = 5 * NS_PER_SEC;
            t.flags = LATENCY_V2_OUT;
        }
        assert_int_equal(latency_add(&l, &t, NULL), 0);
    }
    assert_int_equal(latency_summarize(&list, 1, &margins, 1, &s, NULL), 0);
    assert_int_equal(latency_judge(&all, 1, &margins, NULL), 0);
    assert_int_equal(s.n, 400);
    assert_int_equal(s.v2_out, 200);
    assert_true(s.verdict == LATENCY_SLOWER && s.ratio.high == INFINITY);
    assert_true(s.v2.p99.at_least && s.v2.p99.ns == 5 * NS_PER_SEC && !s.v2.p50.at_least);
    assert_true(s.slower == 0.75);
    latency_summary_release(&s);
    latency_release(&l);
}

static void both_timed_out_is_a_tie(void **unused)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct latency l = {0};
    const struct latency *list = &l;
    struct latency_summary s, *all = &s;

    (void)unused;
    for (int i = 0; i < 100; i++) {
        struct latency_times t = {.sent_ns = i,
                                  .v1_ns = 5 * NS_PER_SEC,
                                  .v2_ns = 6 * NS_PER_SEC,
                                  .flags = LATENCY_V1_OUT | LATENCY_V2_OUT};
        assert_int_equal(latency_add(&l, &t, NULL), 0);
    }
    assert_int_equal(latency_summarize(&list, 1, &margins, 1, &s, NULL), 0);
    assert_int_equal(latency_judge(&all, 1, &margins, NULL), 0);
    assert_true(s.both_out == 100 && s.ratio.estimate == 1 && s.verdict == LATENCY_SAME);
    latency_summary_release(&s);
    latency_release(&l);
}

/* Kept connections with kept ones: a new one costs a handshake. */
static void cold_calls_are_held_apart(void **unused)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct latency l = {0};
    const struct latency *list = &l;
    struct latency_summary s;

    (void)unused;
    for (int i = 0; i < 30; i++) {
        struct latency_times t = {.sent_ns = i,
                                  .v1_ns = NS_PER_MS,
                                  .v2_ns = i < 10 ? 50 * NS_PER_MS : NS_PER_MS,
                                  .flags = i < 10 ? LATENCY_COLD : 0};
        assert_int_equal(latency_add(&l, &t, NULL), 0);
    }
    assert_int_equal(latency_summarize(&list, 1, &margins, 1, &s, NULL), 0);
    assert_true(!s.cold && s.n == 20 && s.other_way == 10 && s.ratio.estimate == 1);
    latency_summary_release(&s);
    latency_release(&l);
}

/* Which comparer saw which pair leaves no trace. */
static void the_order_of_collecting_does_not_matter(void **unused)
{
    const struct latency_margins margins = {1.10, 2 * NS_PER_MS};
    struct world w = {.n = 500, .stalls = true};
    struct latency l = {0}, shuffled = {0};
    const struct latency *a = &l, *b = &shuffled;
    struct latency_summary s, t;

    (void)unused;
    state = 3;
    make_run(&l, &w);
    for (size_t i = 0; i < l.n; i++) {
        struct latency_times one = latency_at(&l, i * 7 % l.n);
        assert_int_equal(latency_add(&shuffled, &one, NULL), 0);
    }
    assert_int_equal(latency_summarize(&a, 1, &margins, 1, &s, NULL), 0);
    assert_int_equal(latency_summarize(&b, 1, &margins, 1, &t, NULL), 0);
    assert_true(s.ratio.low == t.ratio.low && s.ms.high == t.ms.high && s.p == t.p);
    assert_memory_equal(s.curves, t.curves, sizeof *s.curves);
    latency_summary_release(&s);
    latency_summary_release(&t);
    latency_release(&l);
    latency_release(&shuffled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_centre_is_that_of_all_averages),
        cmocka_unit_test(ranks_are_signed_and_shared),
        cmocka_unit_test(student_is_as_in_the_tables),
        cmocka_unit_test(ranks_hold_a_quantile_in_95_of_100),
        cmocka_unit_test(v1_against_itself_is_even),
        cmocka_unit_test(a_few_percent_are_seen_by_pairs),
        cmocka_unit_test(verdicts_are_about_the_margin),
        cmocka_unit_test(a_fixed_order_flatters_the_second),
        cmocka_unit_test(the_order_of_calls_is_looked_at),
        cmocka_unit_test(thirty_endpoints_are_one_question),
        cmocka_unit_test(who_times_out_is_slower),
        cmocka_unit_test(both_timed_out_is_a_tie),
        cmocka_unit_test(cold_calls_are_held_apart),
        cmocka_unit_test(the_order_of_collecting_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

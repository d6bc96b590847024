/* Times, compared by pairs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"
#include "diff/latency.h"

static const struct latency_margins margins = {1.10, 2 * NS_PER_MS};

static void add(struct latency *l, int64_t v1_us, int64_t v2_us)
{
    struct latency_times t = {
        .sent_ns = (int64_t)l->n, .v1_ns = v1_us * NS_PER_US, .v2_ns = v2_us * NS_PER_US};

    assert_int_equal(latency_add(l, &t, NULL), 0);
}

/* One endpoint alone. */
static void judge(const struct latency *l, struct latency_summary *s)
{
    assert_int_equal(latency_summarize(&l, 1, &margins, 1, s, NULL), 0);
    assert_int_equal(latency_judge(&s, 1, &margins, NULL), 0);
}

static void samples_are_packed_without_loss(void **state)
{
    static const struct latency_times rows[] = {
        {0, 0, 0, 0, 0},
        {1, 2, 3, 4, 5},
        {(INT64_C(1) << 62) - 1, (INT64_C(1) << 41) - 1, (INT64_C(1) << 41) - 1,
         (INT64_C(1) << 41) - 1, 63},
        {1785520200123456789, 2199023255551, 1, 1099511627776, LATENCY_V2_FIRST},
        {5, 1, 4194303, 7, LATENCY_COLD},
        {5, 1, 8388608, 7, LATENCY_CONTROL_OUT},
    };
    struct latency l = {0};

    (void)state;
    assert_int_equal(sizeof(struct latency_sample), 24);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct latency_times t;

        assert_int_equal(latency_add(&l, &rows[i], NULL), 0);
        t = latency_at(&l, i);
        assert_true(t.sent_ns == rows[i].sent_ns && t.v1_ns == rows[i].v1_ns &&
                    t.v2_ns == rows[i].v2_ns && t.control_ns == rows[i].control_ns &&
                    t.flags == rows[i].flags);
    }
    latency_release(&l);
}

static void percentiles_are_nearest_ranks(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    for (int i = 300; i > 0; i--)
        add(&l, i, 2 * i);
    judge(&l, &s);
    assert_int_equal(s.n, 300);
    assert_int_equal(s.v1.p50.ns, 150 * NS_PER_US);
    assert_int_equal(s.v1.p90.ns, 270 * NS_PER_US);
    assert_int_equal(s.v1.p99.ns, 297 * NS_PER_US);
    assert_int_equal(s.v1.max.ns, 300 * NS_PER_US);
    assert_int_equal(s.v2.p99.ns, 594 * NS_PER_US);
    assert_true(s.v1.p99.known && !s.v1.p999.known);
    assert_true(fabs(s.ratio.estimate - 2) < 1e-9);
    latency_summary_release(&s);
    latency_release(&l);
}

static void far_percentiles_take_many_pairs(void **state)
{
    static const struct {
        size_t n;
        bool p90, p99, p999;
    } rows[] = {{28, false, false, false}, {29, true, false, false},  {298, true, false, false},
                {299, true, true, false},  {2994, true, true, false}, {2995, true, true, true}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct latency l = {0};
        struct latency_summary s;

        for (size_t k = 0; k < rows[i].n; k++)
            add(&l, (int64_t)k + 1, (int64_t)k + 1);
        judge(&l, &s);
        assert_true(s.v1.p50.known && s.v1.p90.known == rows[i].p90 &&
                    s.v1.p99.known == rows[i].p99 && s.v1.p999.known == rows[i].p999);
        latency_summary_release(&s);
        latency_release(&l);
    }
}

static void pairs_see_what_percentiles_hide(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    for (int i = 1; i <= 50; i++) { /* requests between 1 and 50 ms, all 5 % slower */
        add(&l, i * 1000, i * 1050);
    }
    judge(&l, &s);
    assert_true(fabs(s.ratio.estimate - 1.05) < 1e-3 && s.slower == 1);
    assert_true(s.ratio.low > 1.04 && s.ratio.high < 1.06);
    latency_summary_release(&s);
    latency_release(&l);
}

static void slower_takes_ratio_and_margin(void **state)
{
    static const struct {
        int64_t v1_us, v2_us;
        size_t n;
        enum latency_verdict verdict;
    } rows[] = {
        {1000, 15000, 12, LATENCY_SLOWER},    {1000, 15000, 7, LATENCY_UNKNOWN},
        {1000, 2900, 12, LATENCY_SAME},       {100000, 105000, 12, LATENCY_SAME},
        {100000, 115000, 12, LATENCY_SLOWER}, {15000, 1000, 12, LATENCY_SAME},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct latency l = {0};
        struct latency_summary s;

        for (size_t k = 0; k < rows[i].n; k++)
            add(&l, rows[i].v1_us, rows[i].v2_us);
        judge(&l, &s);
        assert_int_equal(s.verdict, rows[i].verdict);
        latency_summary_release(&s);
        latency_release(&l);
    }
}

static void nothing_has_no_ratio(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    judge(&l, &s);
    assert_true(s.n == 0 && s.ratio.estimate == 0 && s.v1.max.ns == 0);
    assert_int_equal(s.verdict, LATENCY_UNKNOWN);
    latency_summary_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_packed_without_loss),
        cmocka_unit_test(percentiles_are_nearest_ranks),
        cmocka_unit_test(far_percentiles_take_many_pairs),
        cmocka_unit_test(pairs_see_what_percentiles_hide),
        cmocka_unit_test(slower_takes_ratio_and_margin),
        cmocka_unit_test(nothing_has_no_ratio),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

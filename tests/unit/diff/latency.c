/* Times, compared by pairs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"
#include "diff/latency.h"

static void add(struct latency *l, int64_t v1_us, int64_t v2_us)
{
    struct latency_times t = {1, v1_us * NS_PER_US, v2_us * NS_PER_US, 0};

    assert_int_equal(latency_add(l, &t, NULL), 0);
}

static void samples_are_packed_without_loss(void **state)
{
    static const struct latency_times rows[] = {
        {0, 0, 0, 0},
        {1, 2, 3, 4},
        {INT64_MAX, (INT64_C(1) << 42) - 1, (INT64_C(1) << 42) - 1, (INT64_C(1) << 42) - 1},
        {1785520200123456789, 4398046511103, 1, 2199023255552},
        {5, 1, 4194303, 7},
        {5, 1, 4194304, 7},
    };
    struct latency l = {0};

    (void)state;
    assert_int_equal(sizeof(struct latency_sample), 24);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct latency_times t;

        assert_int_equal(latency_add(&l, &rows[i], NULL), 0);
        t = latency_at(&l, i);
        assert_true(t.sent_ns == rows[i].sent_ns && t.v1_ns == rows[i].v1_ns &&
                    t.v2_ns == rows[i].v2_ns && t.control_ns == rows[i].control_ns);
    }
    latency_release(&l);
}

static void percentiles_are_nearest_ranks(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    for (int i = 100; i > 0; i--)
        add(&l, i, 2 * i);
    assert_int_equal(latency_summarize(&l, &s, NULL), 0);
    assert_int_equal(s.n, 100);
    assert_int_equal(s.v1.p50, 50 * NS_PER_US);
    assert_int_equal(s.v1.p90, 90 * NS_PER_US);
    assert_int_equal(s.v1.p99, 99 * NS_PER_US);
    assert_int_equal(s.v1.max, 100 * NS_PER_US);
    assert_int_equal(s.v2.p99, 198 * NS_PER_US);
    assert_true(fabs(s.ratio - 2) < 1e-9);
    latency_release(&l);
}

static void pairs_see_what_percentiles_hide(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    for (int i = 1; i <= 50; i++) { /* requests between 1 and 50 ms, all 5 % slower */
        add(&l, i * 1000, i * 1050);
    }
    assert_int_equal(latency_summarize(&l, &s, NULL), 0);
    assert_true(fabs(s.ratio - 1.05) < 1e-3);
    latency_release(&l);
}

static void slower_takes_ratio_and_margin(void **state)
{
    static const struct {
        int64_t v1_us, v2_us;
        size_t n;
        enum latency_verdict verdict;
    } rows[] = {
        {1000, 15000, 12, LATENCY_SLOWER},    {1000, 15000, 4, LATENCY_UNKNOWN},
        {1000, 2900, 12, LATENCY_SAME},       {100000, 105000, 12, LATENCY_SAME},
        {100000, 115000, 12, LATENCY_SLOWER}, {15000, 1000, 12, LATENCY_SAME},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct latency l = {0};
        struct latency_summary s;

        for (size_t k = 0; k < rows[i].n; k++)
            add(&l, rows[i].v1_us, rows[i].v2_us);
        assert_int_equal(latency_summarize(&l, &s, NULL), 0);
        assert_int_equal(latency_judge(&s, 1.10, 2 * NS_PER_MS), rows[i].verdict);
        latency_release(&l);
    }
}

static void nothing_has_no_ratio(void **state)
{
    struct latency l = {0};
    struct latency_summary s;

    (void)state;
    assert_int_equal(latency_summarize(&l, &s, NULL), 0);
    assert_true(s.n == 0 && s.ratio == 0 && s.v1.max == 0);
    assert_int_equal(latency_judge(&s, 1.1, 0), LATENCY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_packed_without_loss),
        cmocka_unit_test(percentiles_are_nearest_ranks),
        cmocka_unit_test(pairs_see_what_percentiles_hide),
        cmocka_unit_test(slower_takes_ratio_and_margin),
        cmocka_unit_test(nothing_has_no_ratio),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

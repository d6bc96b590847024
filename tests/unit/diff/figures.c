/* Numbers as people read them, and places in drawings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "diff/figures.h"
#include "diff/svg.h"

static void numbers_have_as_many_digits_as_say_something(void **state)
{
    const struct latency_time known = {.ns = 310000, .known = true};
    const struct latency_time out = {.ns = INT64_C(12000000000), .known = true, .at_least = true};
    const struct latency_time unknown = {0};
    const struct latency_interval open = {1, 0, INFINITY}, closed = {1.09, 1.06, 1.12};
    char text[FIGURE_TEXT];

    (void)state;
    assert_string_equal(figure_percent(1, 3, text), "33.3 %");
    assert_string_equal(figure_percent(99999, 100000, text), "99.9 %");
    assert_string_equal(figure_percent(0, 0, text), "-");
    assert_string_equal(figure_count(0, text), "0");
    assert_string_equal(figure_count(999, text), "999");
    assert_string_equal(figure_count(1234567, text), "1,234,567");
    assert_string_equal(figure_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
    assert_string_equal(figure_time(&known, text), "0.31 ms");
    assert_string_equal(figure_time(&out, text), ">= 12 s");
    assert_string_equal(figure_time(&unknown, text), "-");
    assert_string_equal(figure_times(&known, &out, ">", text), "0.31 ms>12+ s");
    assert_string_equal(figure_times(&known, &known, ">", text), "0.31>0.31 ms");
    assert_string_equal(figure_times(&out, &out, ">", text), "12+>12+ s");
    assert_string_equal(figure_number(0.314159, text), "0.314");
    assert_string_equal(figure_number(999.4, text), "999");
    assert_string_equal(figure_number(2003.4, text), "2003");
    assert_string_equal(figure_number(INFINITY, text), "inf");
    assert_string_equal(figure_ratio(1.0714, text), "1.07");
    assert_string_equal(figure_ratio(INFINITY, text), "inf");
    assert_string_equal(figure_ratio(0, text), "-");
    assert_string_equal(figure_interval(&closed, text), "[1.06 1.12]");
    assert_string_equal(figure_interval(&open, text), "[0 inf]");
    assert_string_equal(figure_share(3, 0, text), "-");
}

static void a_scale_holds_what_is_beyond_it(void **state)
{
    struct svg_scale s = {.low = 0.5, .high = 2, .from = 0, .to = 100, .log = true};

    (void)state;
    assert_true(fabs(svg_at(&s, 1) - 50) < 1e-9);
    assert_true(fabs(svg_at(&s, 0.001)) < 1e-9);
    assert_true(fabs(svg_at(&s, INFINITY) - 100) < 1e-9);
    s.from = 100;
    s.to = 0;
    assert_true(fabs(svg_at(&s, 2)) < 1e-9);
}

static void ticks_are_round_and_apart(void **state)
{
    struct svg_scale s = {.low = 0.3, .high = 42, .from = 0, .to = 300, .log = true};
    double ticks[8];
    size_t n = svg_ticks(&s, 30, ticks, 8);

    (void)state;
    assert_true(n >= 3 && n <= 8);
    for (size_t i = 0; i < n; i++) {
        assert_true(ticks[i] >= 0.3 && ticks[i] <= 42);
        assert_true(i == 0 || svg_at(&s, ticks[i]) - svg_at(&s, ticks[i - 1]) >= 30);
    }
    assert_int_equal(svg_ticks(&s, 0, ticks, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_as_many_digits_as_say_something),
        cmocka_unit_test(a_scale_holds_what_is_beyond_it),
        cmocka_unit_test(ticks_are_round_and_apart),
    };

    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}

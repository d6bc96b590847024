#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/binomial.h"

static void assert_bounds(uint64_t n, double p, double tail, uint64_t low, uint64_t high)
{
    uint64_t got_low, got_high;

    binomial_bounds(n, p, tail, &got_low, &got_high);
    assert_int_equal(got_low, low);
    assert_int_equal(got_high, high);
}

/* Values of the exact distribution, computed elsewhere. */
static void bounds_are_exact(void **state)
{
    static const struct {
        uint64_t n;
        double p;
        uint64_t low95, high95, low999, high999, low6, high6;
    } rows[] = {
        {50, 0.5, 18, 32, 14, 36, 8, 42},
        {100, 0.1, 5, 16, 2, 21, 0, 27},
        {1000, 0.01, 4, 17, 2, 22, 0, 29},
        {1000, 0.1, 82, 119, 70, 132, 57, 149},
        {1000, 0.5, 469, 531, 448, 552, 423, 577},
        {10000, 0.0001, 0, 3, 0, 6, 0, 9},
        {10000, 0.01, 81, 120, 69, 134, 55, 152},
        {10000, 0.1, 942, 1059, 903, 1100, 856, 1150},
        {100000, 0.0001, 4, 17, 2, 22, 0, 29},
        {100000, 0.001, 81, 120, 69, 134, 55, 153},
        {100000, 0.25, 24732, 25269, 24550, 25451, 24332, 25672},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_bounds(rows[i].n, rows[i].p, 0.05, rows[i].low95, rows[i].high95);
        assert_bounds(rows[i].n, rows[i].p, 0.001, rows[i].low999, rows[i].high999);
        assert_bounds(rows[i].n, rows[i].p, 1e-6, rows[i].low6, rows[i].high6);
    }
}

static void the_ends_leave_nothing_to_chance(void **state)
{
    (void)state;
    assert_bounds(10, 0, 0.001, 0, 0);
    assert_bounds(10, 1, 0.001, 10, 10);
    assert_bounds(0, 0.5, 0.001, 0, 0);
    assert_bounds(1, 0.5, 0.001, 0, 1);
}

static void a_billion_is_no_trouble(void **state)
{
    uint64_t low, high;

    (void)state;
    binomial_bounds(1000000000, 0.5, 0.001, &low, &high);
    /* 3.2905 sigma of 15811.4 either way. */
    assert_in_range(low, 500000000 - 52030, 500000000 - 52024);
    assert_int_equal(low + high, 1000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_exact),
        cmocka_unit_test(the_ends_leave_nothing_to_chance),
        cmocka_unit_test(a_billion_is_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

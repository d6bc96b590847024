/* What v1 also does to itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diff/noise.h"

static void chance_is_that_of_a_fair_coin(void **state)
{
    static const struct {
        uint64_t b, c;
        double chance;
    } rows[] = {
        {0, 0, 1}, {1, 0, 0.5}, {3, 0, 0.125}, {7, 0, 0.0078125}, {10, 2, 79.0 / 4096}, {2, 10, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(fabs(noise_chance(rows[i].b, rows[i].c) - rows[i].chance) < 1e-9);
    assert_true(noise_chance(1000000, 0) == 0);
    assert_true(noise_chance(600000, 500000) < 1e-6);
}

static void fields_are_judged_by_their_counts(void **state)
{
    static const struct {
        const char *what;
        enum diff_where where;
        struct noise_counts n;
        enum field_verdict verdict;
    } rows[] = {
        {"v1 agrees with itself", WHERE_BODY, {.raw = 1, .b = 1}, FIELD_DIFFERENT},
        {"v1 differs as often", WHERE_BODY, {50, 50, 0, 0}, FIELD_NOISE},
        {"only v1 differs", WHERE_BODY, {0, 3, 0, 3}, FIELD_NOISE},
        {"v1 differs once", WHERE_HEADER, {50, 1, 49, 0}, FIELD_NOISE},
        {"a failure of v1 does not excuse fifty", WHERE_OUTCOME, {50, 1, 50, 1}, FIELD_DIFFERENT},
        {"both fail now and then", WHERE_OUTCOME, {3, 2, 3, 2}, FIELD_NOISE},
        {"no control", WHERE_STATUS, {.raw = 1}, FIELD_DIFFERENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (noise_judge(rows[i].where, &rows[i].n) != rows[i].verdict)
            fail_msg("%s", rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chance_is_that_of_a_fair_coin),
        cmocka_unit_test(fields_are_judged_by_their_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

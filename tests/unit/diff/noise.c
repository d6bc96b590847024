/* What v1 also does to itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diff/holm.h"
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

/* Worked out by hand: of 10 pairs that differ, 4 in a run of 20 and 6 in one of
 * 30, and so on. */
static void chance_of_two_runs_is_that_of_drawing_without_putting_back(void **state)
{
    static const struct {
        uint64_t k, n, j, m;
        double chance;
    } rows[] = {
        {0, 10, 0, 10, 1}, {1, 2, 0, 2, 0.5},       {2, 2, 0, 2, 1.0 / 6},
        {3, 3, 1, 3, 0.2}, {5, 5, 0, 5, 1.0 / 252}, {1, 10, 10, 10, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double p = noise_chance_of_two(rows[i].k, rows[i].n, rows[i].j, rows[i].m);
        if (fabs(p - rows[i].chance) > 1e-9)
            fail_msg("row %zu: %g", i, p);
    }
    assert_true(noise_chance_of_two(1000000, 1000000, 0, 1000000) < 1e-9);
}

#define CONTROL .of = 1000, .control_of = 1000

static void fields_are_judged_by_their_counts(void **state)
{
    static const struct {
        const char *what;
        struct noise_evidence ev;
        bool excess;
        enum field_verdict verdict;
    } rows[] = {
        {"three times", {WHERE_BODY, KIND_VALUE, {3, 0, 3, 0}, CONTROL}, false, FIELD_DIFFERENT},
        {"twice", {WHERE_BODY, KIND_VALUE, {2, 0, 2, 0}, CONTROL}, false, FIELD_RARE},
        {"once", {WHERE_HEADER, KIND_VALUE, {1, 0, 1, 0}, CONTROL}, false, FIELD_RARE},
        {"once in the shape of noise",
         {WHERE_BODY, KIND_SHAPE, {1, 0, 1, 0}, CONTROL},
         false,
         FIELD_SUSPECT},
        {"three times, no control",
         {WHERE_BODY, KIND_VALUE, {3, 0, 0, 0}, .of = 9},
         false,
         FIELD_DIFFERENT},
        {"once, no control", {WHERE_BODY, KIND_VALUE, {1, 0, 0, 0}, .of = 9}, false, FIELD_RARE},
        {"v1 differs as often",
         {WHERE_BODY, KIND_VALUE, {50, 50, 0, 0}, CONTROL},
         false,
         FIELD_NOISE},
        {"only v1 differs", {WHERE_BODY, KIND_VALUE, {0, 3, 0, 3}, CONTROL}, false, FIELD_NOISE},
        {"readings of clocks",
         {WHERE_BODY, KIND_VALUE, {50, 0, 0, 0, 50}, CONTROL},
         false,
         FIELD_NOISE},
        {"readings of clocks, and twice something else",
         {WHERE_BODY, KIND_VALUE, {50, 0, 2, 0, 48}, CONTROL},
         false,
         FIELD_RARE},
        {"readings of clocks, and three times something else",
         {WHERE_BODY, KIND_VALUE, {50, 0, 3, 0, 47}, CONTROL},
         false,
         FIELD_DIFFERENT},
        {"readings of clocks, no control",
         {WHERE_BODY, KIND_VALUE, {50, 0, 0, 0, 50}, .of = 90},
         false,
         FIELD_DIFFERENT},
        {"a little more than v1",
         {WHERE_BODY, KIND_VALUE, {5, 3, 4, 2}, CONTROL},
         false,
         FIELD_SUSPECT},
        {"surely more than v1",
         {WHERE_BODY, KIND_VALUE, {50, 1, 49, 0}, CONTROL},
         true,
         FIELD_DIFFERENT},
        {"nearly always", {WHERE_BODY, KIND_VALUE, {950, 940, 15, 5}, CONTROL}, false, FIELD_NOISE},
        {"one failure, where v1 has none",
         {WHERE_OUTCOME, KIND_OUTCOME, {1, 0, 1, 0}, CONTROL},
         false,
         FIELD_DIFFERENT},
        {"both fail now and then",
         {WHERE_OUTCOME, KIND_OUTCOME, {3, 3, 3, 3}, CONTROL},
         false,
         FIELD_NOISE},
        {"a status without control",
         {WHERE_STATUS, KIND_STATUS, {1, 0, 0, 0}, .of = 9},
         false,
         FIELD_DIFFERENT},
        {"as often as in an earlier run",
         {WHERE_BODY, KIND_VALUE, {10, 0, 0, 0}, .of = 100, .profile = {20, 200}},
         false,
         FIELD_NOISE},
        {"more often than in an earlier run",
         {WHERE_BODY, KIND_VALUE, {12, 0, 0, 0}, .of = 100, .profile = {20, 200}},
         false,
         FIELD_SUSPECT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (noise_judge(&rows[i].ev, rows[i].excess) != rows[i].verdict)
            fail_msg("%s", rows[i].what);
    }
}

static void an_excess_is_tested_where_v1_is_noisy(void **state)
{
    static const struct {
        struct noise_evidence ev;
        bool tested;
        double p;
    } rows[] = {
        {{WHERE_BODY, KIND_VALUE, {7, 0, 7, 0}, CONTROL}, false, 1},
        {{WHERE_BODY, KIND_VALUE, {8, 1, 8, 1}, CONTROL}, true, 10.0 / 512},
        {{WHERE_BODY, KIND_VALUE, {1, 8, 1, 8}, CONTROL}, true, 1},
        {{WHERE_BODY, KIND_VALUE, {3, 0, 0, 0}, .of = 3, .profile = {1, 3}}, true, 0.2},
        {{WHERE_OUTCOME, KIND_OUTCOME, {7, 0, 7, 0}, CONTROL, .v1_failed = 1}, true, 9.0 / 256},
        /* beyond v1's second call, but not beyond its first */
        {{WHERE_OUTCOME, KIND_OUTCOME, {9, 1, 9, 1}, CONTROL, .v1_failed = 9}, true, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double p;
        bool tested = noise_test(&rows[i].ev, &p);

        if (tested != rows[i].tested || fabs(p - rows[i].p) > 1e-9)
            fail_msg("row %zu: %g", i, p);
    }
}

/* 1 of 1 is a coin; 7 of 7 are needed for 1 %. */
static void what_a_suspect_needs_is_told(void **state)
{
    struct noise_evidence ev = {WHERE_BODY, KIND_VALUE, {11, 10, 1, 0}, CONTROL};
    uint64_t n = noise_pairs_needed(&ev, 0.01);

    (void)state;
    assert_true(n >= 6500 && n <= 7500);
    ev.counts = (struct noise_counts){100, 100, 50, 50};
    assert_int_equal(noise_pairs_needed(&ev, 0.01), 0);
}

static void holm_holds_the_smallest_against_all(void **state)
{
    struct holm_test tests[] = {{.p = 0.02}, {.p = 0.001}, {.p = 0.004}, {.p = 0.5}};
    static const double levels[] = {0.01 / 4, 0.01 / 3, 0.01 / 2, 0.01};

    (void)state;
    holm(tests, 4, 0.01);
    assert_true(tests[0].p == 0.001 && tests[0].holds && !tests[1].holds && !tests[2].holds);
    for (size_t i = 0; i < 4; i++)
        assert_true(tests[i].level == levels[i]);
    /* what is below its own level does not hold behind one that is not */
    tests[1].p = 0.0034;
    tests[2].p = 0.0035;
    holm(tests, 4, 0.01);
    assert_true(tests[0].holds && !tests[1].holds && !tests[2].holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chance_is_that_of_a_fair_coin),
        cmocka_unit_test(chance_of_two_runs_is_that_of_drawing_without_putting_back),
        cmocka_unit_test(fields_are_judged_by_their_counts),
        cmocka_unit_test(an_excess_is_tested_where_v1_is_noisy),
        cmocka_unit_test(what_a_suspect_needs_is_told),
        cmocka_unit_test(holm_holds_the_smallest_against_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

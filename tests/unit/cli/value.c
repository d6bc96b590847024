#include "cli/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_decimal(const char *text, unsigned places, uint64_t expected)
{
    uint64_t v = 0;

    assert_true(value_decimal(text, places, &v));
    assert_int_equal(v, expected);
}

static void percentages_become_parts_per_million_exactly(void **state)
{
    (void)state;
    assert_decimal("100", 4, 1000000);
    assert_decimal("0.0001", 4, 1);
    assert_decimal("33.3333", 4, 333333);
    /* As a double times 10000 this is 2899.9999999999995. */
    assert_decimal("0.29", 4, 2900);
    assert_decimal("0", 4, 0);
}

static void more_digits_than_places_are_wrong_not_rounded(void **state)
{
    uint64_t v = 7;

    (void)state;
    assert_false(value_decimal("0.00001", 4, &v));
    assert_false(value_decimal("1.5", 0, &v));
    assert_int_equal(v, 7);
}

static void what_is_no_decimal_number_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",   ".",  ".5",  "5.",    "-1",  "+1",  "1e2", "0x10",
        " 1", "1 ", "1,5", "1.2.3", "abc", "nan", "inf", "18446744073709551616"};
    uint64_t v = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(value_decimal(wrong[i], 4, &v));
    assert_int_equal(v, 7);
}

static void sizes_count_by_1024_but_for_kb_mb_gb(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"0", 0},
        {"65536", 65536},
        {"64k", 65536},
        {"64K", 65536},
        {"16MiB", 16 << 20},
        {"1G", 1 << 30},
        {"64kB", 64000},
        {"3MB", 3000000},
        {"12B", 12},
        {"2GiB", UINT64_C(2) << 30},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t v = 7;

        assert_true(value_size(rows[i].text, &v));
        assert_int_equal(v, rows[i].bytes);
    }
}

static void what_is_no_size_is_refused(void **state)
{
    static const char *const wrong[] = {"",       "k",     "1.5M", "-1",
                                        "16 MiB", "1MiBs", "1TB",  "99999999999999G"};
    uint64_t v = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(value_size(wrong[i], &v));
    assert_int_equal(v, 7);
}

static void times_are_exact_in_nanoseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"20us", 20000},
        {"500ms", 500000000},
        {"1.5s", 1500000000},
        {"30s", INT64_C(30000000000)},
        {"0.1ms", 100000},
        {"5m", INT64_C(300000000000)},
        {"2h", INT64_C(7200000000000)},
        {"0.000000001s", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 7;

        assert_true(value_time(rows[i].text, &v));
        assert_int_equal(v, rows[i].ns);
    }
}

static void times_without_unit_are_refused(void **state)
{
    static const char *const wrong[] = {
        "", "10", "s", "1 s", "-1s", "1d", "0.0000000001s", "9999999999h"};
    int64_t v = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(value_time(wrong[i], &v));
    assert_int_equal(v, 7);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentages_become_parts_per_million_exactly),
        cmocka_unit_test(more_digits_than_places_are_wrong_not_rounded),
        cmocka_unit_test(what_is_no_decimal_number_is_refused),
        cmocka_unit_test(sizes_count_by_1024_but_for_kb_mb_gb),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(times_are_exact_in_nanoseconds),
        cmocka_unit_test(times_without_unit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a service reads off its clock while it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"
#include "diff/reading.h"

#define T INT64_C(1795686354) /* 2026-11-26T09:45:54Z */

static void two_clocks_agree_but_for_the_digits(void **state)
{
    static const struct {
        const char *a, *b;
        int64_t later_ms; /* so much later b was asked for */
        bool same;
    } rows[] = {
        {"1795686354819", "1795686354838", 0, true},
        {"1795686354", "1795686355", 0, true},
        {"1795686354819203", "1795686354838111", 0, true},
        {"1795686354.819", "1795686354.838", 0, true},
        {"2026-11-26T09:45:54.819Z", "2026-11-26T09:45:54.838Z", 0, true},
        {"2026-11-26T10:45:54+01:00", "2026-11-26T10:45:55+01:00", 0, true},
        {"Thu, 26 Nov 2026 09:45:54 GMT", "Thu, 26 Nov 2026 09:45:55 GMT", 0, true},
        /* Both are off, as the clocks of their machines are, and the same. */
        {"1795686374819", "1795686374838", 0, true},
        /* A record is compared with what is answered much later. */
        {"1795686354819", "1795689954838", 3600 * 1000, true},
        {"1795686354819", "1795686354838", 3600 * 1000, false},
        /* Other units, other forms, another zone. */
        {"1795686354819", "1795686354", 0, false},
        {"2026-11-26T09:45:54.819Z", "2026-11-26T09:45:54Z", 0, false},
        {"2026-11-26T09:45:54Z", "2026-11-26 09:45:55Z", 0, false},
        {"2026-11-26T09:45:54+00:00", "2026-11-26T10:45:54+01:00", 0, false},
        {"2026-11-26T09:45:54.819Z", "1795686354838", 0, false},
        /* Not now, or not near each other. */
        {"1795600000000", "1795600000001", 0, false},
        {"1795686354819", "1795686357819", 0, false},
        {"1795686354819", "1795686414819", 0, false},
        /* No moments. */
        {"17", "18", 0, false},
        {"", "", 0, false},
        {"2026-11-26", "2026-11-27", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t asked = T * NS_PER_SEC + rows[i].later_ms * NS_PER_MS;
        const struct reading_time at = {T * NS_PER_SEC, T * NS_PER_SEC + NS_PER_MS};
        const struct reading_time bt = {asked, asked + 900 * NS_PER_MS};

        if (reading_is_same(str_of(rows[i].a), &at, str_of(rows[i].b), &bt) != rows[i].same)
            fail_msg("row %zu: %s and %s", i, rows[i].a, rows[i].b);
    }
}

static void nothing_is_known_without_times(void **state)
{
    const struct reading_time none = {0}, at = {T * NS_PER_SEC, T * NS_PER_SEC};

    (void)state;
    assert_true(reading_is_same(STR("1795686354819"), &at, STR("1795686354838"), &at));
    assert_false(reading_is_same(STR("1795686354819"), &at, STR("1795686354838"), &none));
    assert_false(reading_is_same(STR("1795686354819"), &none, STR("1795686354838"), &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_clocks_agree_but_for_the_digits),
        cmocka_unit_test(nothing_is_known_without_times),
    };

    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}

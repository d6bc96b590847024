/* Numbers as texts: near each other, and by hash. Order is in json_tree.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_tree.h"

#define ZEROS "00000000000000000000000000000000000000000000000000"

static void nearness_is_exact(void **state)
{
    static const struct {
        const char *a, *b, *factor;
        bool relative, near;
    } rows[] = {
        {"1", "1", "0", false, true},
        {"1", "1.0", "0", false, true},
        {"1", "2", "0", false, false},
        {"10.00", "10.01", "0.01", false, true},
        {"10.01", "10.00", "0.01", false, true},
        {"10.00", "10.0100000000000000000000000000001", "0.01", false, false},
        {"-1", "1", "2", false, true},
        {"-1", "1", "1.999", false, false},
        {"0", "-0.5", "0.5", false, true},
        {"0", "-0.5", "0.49", false, false},
        {"0", "0.5", "1", true, true},
        {"0", "0.5", "0.9", true, false},
        {"9007199254740993", "9007199254740992", "1", false, true},
        {"9007199254740993", "9007199254740992", "0.9999", false, false},
        {"123456789012345678901234567890", "123456789012345678901234567891", "1", false, true},
        {"123456789012345678901234567890", "123456789012345678901234567891", "1e-30", true, false},
        {"123456789012345678901234567890", "123456789012345678901234567891", "1e-29", true, true},
        {"1e1000000000", "1e999999999", "1e1000000000", false, true},
        {"1e1000000000", "1e999999999", "0.9", true, true},
        {"1e1000000000", "1e999999999", "0.89", true, false},
        {"1e1000000000", "1.000000000000000000001e1000000000", "1", false, false},
        {"1e-1000000000", "2e-1000000000", "1e-999999999", false, true},
        {"1e-1000000000", "2e-1000000000", "1e-1000000001", false, false},
        {"1", "2", "1e99999999999999999", false, true},
        {"1e99999999999999999999", "2e99999999999999999999", "1", true, false}, /* out of reach */
        {"1" ZEROS, "1" ZEROS ".5", "0.5", false, true},
        {"1" ZEROS, "1" ZEROS ".5", "0.49999999999999999", false, false},
        {"100", "105", "12345678901234567", false, true},
        {"1000", "1001", "0.001", true, true},
        {"1000", "1001.1", "0.001", true, false},
        {"-1000", "-1001", "0.001", true, true},
        {"0.1", "0.10000000000000001", "1e-17", false, true},
        {"0.1", "0.10000000000000001", "9e-18", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str a = str_of(rows[i].a), b = str_of(rows[i].b), f = str_of(rows[i].factor);

        if (json_number_near(a, b, f, rows[i].relative) != rows[i].near ||
            json_number_near(b, a, f, rows[i].relative) != rows[i].near)
            fail_msg("%s and %s by %s", rows[i].a, rows[i].b, rows[i].factor);
    }
}

/* Small whole numbers of cents, where integers tell what is right. */
static void nearness_agrees_with_integers(void **state)
{
    char a[32], b[32], f[32];

    (void)state;
    for (int x = -30; x <= 30; x++) {
        for (int y = -30; y <= 30; y++) {
            for (int t = 0; t <= 20; t++) {
                int larger = abs(x) > abs(y) ? abs(x) : abs(y);

                snprintf(a, sizeof a, "%s%d.%d", x < 0 ? "-" : "", abs(x) / 10, abs(x) % 10);
                snprintf(b, sizeof b, "%de-1", y);
                snprintf(f, sizeof f, "%d.%d", t / 10, t % 10);
                if (json_number_near(str_of(a), str_of(b), str_of(f), false) != (abs(x - y) <= t))
                    fail_msg("%s and %s by %s", a, b, f);
                if (json_number_near(str_of(a), str_of(b), str_of(f), true) !=
                    (abs(x - y) * 10 <= t * larger))
                    fail_msg("%s and %s by %s of the larger", a, b, f);
            }
        }
    }
}

static void numbers_that_are_equal_have_one_hash(void **state)
{
    static const char *const rows[][4] = {
        {"1", "1.0", "10e-1", "0.1e1"},
        {"100", "1e2", "1E+2", "100.00"},
        {"0", "-0", "0.0", "0e99"},
        {"-12.5", "-125e-1", "-0.125e2", "-12.500"},
        {"0.001", "1e-3", "0.1e-2", "10e-4"},
        {"1e1000000000", "10e999999999", "0.1e1000000001", "1.0e1000000000"},
        {"12300", "123e2", "1.23e4", "0.0123e6"},
    };
    uint64_t hashes[sizeof rows / sizeof *rows];
    bool plain;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hashes[i] = json_number_hash(str_of(rows[i][0]), &plain);
        for (size_t k = 1; k < 4; k++) {
            if (json_number_hash(str_of(rows[i][k]), &plain) != hashes[i])
                fail_msg("%s and %s", rows[i][0], rows[i][k]);
            assert_false(plain);
        }
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(hashes[i], hashes[k]);
    }
}

static void plain_is_the_one_way_to_write_a_number(void **state)
{
    static const char *const are[] = {"0", "1", "-1", "100", "0.1", "10.05", "-0.5", "1000000"};
    static const char *const are_not[] = {"-0", "0.0", "1.0", "10.10", "1e2", "1E2", "-1.0", "0e0"};
    bool plain;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        json_number_hash(str_of(are[i]), &plain);
        if (!plain)
            fail_msg("%s is not plain", are[i]);
        json_number_hash(str_of(are_not[i]), &plain);
        if (plain)
            fail_msg("%s is plain", are_not[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearness_is_exact),
        cmocka_unit_test(nearness_agrees_with_integers),
        cmocka_unit_test(numbers_that_are_equal_have_one_hash),
        cmocka_unit_test(plain_is_the_one_way_to_write_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

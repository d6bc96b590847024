/* The shortest way from one sequence to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/edit.h"

enum { MOST = 3000 };

static size_t read_items(const char *text, uint64_t *items)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        items[i] = (uint64_t)text[i];
    return n;
}

/* Length of the longest common subsequence, by the table of all pairs. */
static size_t longest(const uint64_t *a, size_t n, const uint64_t *b, size_t m)
{
    static size_t row[MOST + 1], above[MOST + 1];

    memset(above, 0, sizeof above);
    for (size_t i = 0; i < n; i++) {
        row[0] = 0;
        for (size_t j = 0; j < m; j++) {
            size_t best = row[j] > above[j + 1] ? row[j] : above[j + 1];
            row[j + 1] = a[i] == b[j] ? above[j] + 1 : best;
        }
        memcpy(above, row, sizeof row);
    }
    return above[m];
}

/* What is kept is equal and in order; returns how much it is. */
static size_t check(const uint64_t *a, size_t n, const uint64_t *b, const uint32_t *keep)
{
    size_t kept = 0, last = 0;

    for (size_t i = 0; i < n; i++) {
        if (!keep[i])
            continue;
        assert_true(keep[i] > last);
        assert_int_equal(a[i], b[keep[i] - 1]);
        last = keep[i];
        kept++;
    }
    return kept;
}

static void known_pairs_keep_what_they_should(void **state)
{
    static const struct {
        const char *a, *b;
        size_t kept;
    } rows[] = {{"", "", 0},         {"abc", "", 0},          {"", "abc", 0},
                {"abc", "abc", 3},   {"abc", "axbc", 3},      {"abc", "xyz", 0},
                {"abcd", "bcda", 3}, {"abcabba", "cbabac", 4}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t a[16], b[16];
        uint32_t keep[16];
        size_t n = read_items(rows[i].a, a), m = read_items(rows[i].b, b);

        assert_int_equal(edit_find(a, n, b, m, keep, NULL), 1);
        assert_int_equal(check(a, n, b, keep), rows[i].kept);
    }
}

static void the_way_is_the_shortest(void **state)
{
    uint64_t a[64], b[64], x = 1;
    uint32_t keep[64];

    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        size_t n, m, letters;

        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        n = x >> 33 & 63;
        m = x >> 40 & 63;
        letters = 1 + (x >> 50) % 8;
        for (size_t i = 0; i < 64; i++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            a[i] = (x >> 33) % letters;
            b[i] = (x >> 43) % letters;
        }
        assert_int_equal(edit_find(a, n, b, m, keep, NULL), 1);
        assert_int_equal(check(a, n, b, keep), longest(a, n, b, m));
    }
}

static void what_is_too_different_is_given_up(void **state)
{
    static uint64_t a[MOST], b[MOST];
    static uint32_t keep[MOST];

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        a[i] = i;
        b[i] = i < 10 || i >= MOST - 10 ? i : i + MOST;
    }
    assert_int_equal(edit_find(a, MOST, b, MOST, keep, NULL), 0);
    assert_int_equal(check(a, MOST, b, keep), 20);
    assert_int_equal(edit_find(a, 500, b + 10, 500, keep, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs_keep_what_they_should),
        cmocka_unit_test(the_way_is_the_shortest),
        cmocka_unit_test(what_is_too_different_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

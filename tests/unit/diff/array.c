/* Which element stands for which: against slow ways that are surely right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/array.h"

enum { LONGEST = 12, ROUNDS = 4000 };

static uint64_t seed = 1;

static unsigned draw(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(seed >> 33) % n;
}

static size_t fill(uint64_t *list, unsigned letters)
{
    size_t n = draw(LONGEST + 1);

    for (size_t i = 0; i < n; i++)
        list[i] = draw(letters);
    return n;
}

/* The longest common subsequence, by its table. */
static size_t common(const uint64_t *a, size_t n, const uint64_t *b, size_t m)
{
    size_t best[LONGEST + 1][LONGEST + 1] = {{0}};

    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t skip = best[i - 1][j] > best[i][j - 1] ? best[i - 1][j] : best[i][j - 1];
            best[i][j] = a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : skip;
        }
    }
    return best[n][m];
}

static void the_least_change_is_found(void **state)
{
    uint64_t a[LONGEST], b[LONGEST];
    uint32_t partner[LONGEST];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = fill(a, 4), m = fill(b, 4), kept = 0;
        uint32_t last = 0;

        assert_int_equal(
            array_align((struct array_list){a, n}, (struct array_list){b, m}, partner, NULL), 1);
        for (size_t i = 0; i < n; i++) {
            if (partner[i] == ARRAY_NONE)
                continue;
            assert_true(partner[i] < m && a[i] == b[partner[i]]);
            assert_true(kept == 0 || partner[i] > last);
            last = partner[i];
            kept++;
        }
        assert_int_equal(kept, common(a, n, b, m));
    }
}

static void too_much_change_is_not_looked_for(void **state)
{
    enum { N = 1500 };
    uint64_t *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b);
    uint32_t *partner = calloc(N, sizeof *partner);

    (void)state;
    assert_true(a && b && partner);
    for (size_t i = 0; i < N; i++) {
        a[i] = i;
        b[i] = N + i;
    }
    assert_int_equal(
        array_align((struct array_list){a, N}, (struct array_list){b, N}, partner, NULL), 0);
    assert_int_equal(
        array_align((struct array_list){a, 500}, (struct array_list){b, 500}, partner, NULL),
        1); /* 1000 changes */
    assert_int_equal(
        array_align((struct array_list){a, 501}, (struct array_list){b, 500}, partner, NULL), 0);
    free(a);
    free(b);
    free(partner);
}

/* How many can stay where they are, by trying all sets. */
static uint32_t fewest_moves(const uint64_t *a, const uint64_t *b, size_t n)
{
    return (uint32_t)(n - common(a, n, b, n));
}

static void another_order_is_told_with_the_fewest_moves(void **state)
{
    uint64_t a[LONGEST], b[LONGEST];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = draw(8);
        uint32_t moved;

        for (size_t i = 0; i < n; i++)
            a[i] = b[i] = i;
        for (size_t i = n; i-- > 1;) {
            size_t k = draw((unsigned)i + 1);
            uint64_t keep = b[i];
            b[i] = b[k];
            b[k] = keep;
        }
        assert_int_equal(
            array_moved((struct array_list){a, n}, (struct array_list){b, n}, &moved, NULL), 0);
        assert_int_equal(moved, fewest_moves(a, b, n));
        if (n == 0)
            continue;
        b[draw((unsigned)n)] = 99;
        assert_int_equal(
            array_moved((struct array_list){a, n}, (struct array_list){b, n}, &moved, NULL), 0);
        assert_int_equal(moved, ARRAY_NONE);
    }
}

static void sums_that_agree_by_chance_are_looked_into(void **state)
{
    static const uint64_t a[] = {1, 4}, b[] = {2, 3};
    uint32_t moved = 0;

    (void)state;
    assert_int_equal(
        array_moved((struct array_list){a, 2}, (struct array_list){b, 2}, &moved, NULL), 0);
    assert_int_equal(moved, ARRAY_NONE);
}

static void equal_elements_are_matched_one_by_one(void **state)
{
    static const uint64_t a[] = {5, 5, 7, 5}, b[] = {7, 5, 5, 8};
    uint32_t partner[4];

    (void)state;
    assert_int_equal(
        array_match((struct array_list){a, 4}, (struct array_list){b, 4}, partner, NULL), 0);
    assert_int_equal(partner[0], 1);
    assert_int_equal(partner[1], 2);
    assert_int_equal(partner[2], 0);
    assert_int_equal(partner[3], ARRAY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_change_is_found),
        cmocka_unit_test(too_much_change_is_not_looked_for),
        cmocka_unit_test(another_order_is_told_with_the_fewest_moves),
        cmocka_unit_test(sums_that_agree_by_chance_are_looked_into),
        cmocka_unit_test(equal_elements_are_matched_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

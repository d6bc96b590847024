#include "core/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {"mirror", "mirrors", "mirrorPercentage", "match",
                                    "route",  "v1",      "percent"};

static const char *nearest(const char *typed)
{
    return nearest_name(str_of(typed), names, sizeof names / sizeof *names);
}

static void the_nearest_name_is_near(void **state)
{
    (void)state;
    assert_string_equal(nearest("mirorPercentage"), "mirrorPercentage");
    assert_string_equal(nearest("Mirror"), "mirror");
    assert_string_equal(nearest("mirrorpercentage"), "mirrorPercentage");
    assert_string_equal(nearest("rotue"), "route");
    assert_string_equal(nearest("percnt"), "percent");
    assert_string_equal(nearest("v"), "v1");
}

static void what_is_far_is_another_word(void **state)
{
    char word[NEAREST_MAX + 2] = {0};

    (void)state;
    assert_null(nearest("corsPolicy"));
    assert_null(nearest("x"));
    assert_null(nearest("zz"));
    assert_null(nearest(""));
    memset(word, 'm', NEAREST_MAX + 1);
    assert_null(nearest(word));
}

static void letters_are_added_dropped_changed_and_swapped(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},         {"abc", "", 3},           {"", "abc", 3},   {"abc", "abc", 0},
        {"ABC", "abc", 0},   {"abc", "abcd", 1},       {"abc", "bc", 1}, {"abc", "axc", 1},
        {"abcd", "abdc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(nearest_distance(str_of(cases[i].a), str_of(cases[i].b)),
                         cases[i].distance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_near),
        cmocka_unit_test(what_is_far_is_another_word),
        cmocka_unit_test(letters_are_added_dropped_changed_and_swapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

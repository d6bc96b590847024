/* What rules make of paths: Envoy's way for Istio, and the Gateway API's table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/path.h"
#include "replay/regex.h"

enum { ROOM = 1024 };

static void assert_path(const struct plan_rewrite *rewrite, const struct plan_match *match,
                        const char *path, const char *expected)
{
    struct err e = {0};
    struct buf out;

    buf_init(&out, ROOM);
    if (path_rewrite(rewrite, match, str_of(path), &out, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void the_matched_part_is_replaced(void **state)
{
    static const struct {
        enum plan_how how;
        const char *asked, *to, *path, *expected;
    } rows[] = {
        {PLAN_PREFIX, "/foo", "/new", "/foo/x", "/new/x"},
        {PLAN_PREFIX, "/foo", "/new", "/foobar", "/newbar"},
        {PLAN_PREFIX, "/foo", "/", "/foo/x", "//x"}, /* which is what a mesh sends */
        {PLAN_PREFIX, "/foo/", "/", "/foo/x", "/x"},
        {PLAN_PREFIX, "/", "/new/", "/x", "/new/x"},
        {PLAN_PREFIX, "/foo", "", "/foo", "/"},
        {PLAN_PREFIX, "/foo", "new", "/foo", "/new"},
        {PLAN_EXACT, "/foo", "/new", "/foo", "/new"},
        {PLAN_REGEX, "/v[0-9]/.*", "/new", "/v1/x", "/new"},
        {PLAN_GLOB, "/users/{id}", "/new", "/users/7", "/new"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct plan_rewrite rewrite = {PLAN_PATH_PREFIX, .to = str_of(rows[i].to)};
        struct plan_text asked = {.how = rows[i].how, .text = str_of(rows[i].asked)};
        const struct plan_match match = {.path = &asked};

        assert_path(&rewrite, &match, rows[i].path, rows[i].expected);
    }
}

/* Envoy has such rules match the prefix "/". */
static void a_rule_that_asks_for_no_path_has_matched_a_slash(void **state)
{
    const struct plan_rewrite rewrite = {PLAN_PATH_PREFIX, .to = STR("/new")};
    const struct plan_match match = {0};

    (void)state;
    assert_path(&rewrite, NULL, "/x", "/newx");
    assert_path(&rewrite, &match, "/x", "/newx");
}

/* The table of HTTPPathModifier in the Gateway API, and what it says no more of. */
static void segments_are_joined_by_one_slash(void **state)
{
    static const struct {
        const char *path, *asked, *to, *expected;
    } rows[] = {
        {"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
        {"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
        {"/foo/bar", "/foo/", "/xyz", "/xyz/bar"},
        {"/foo/bar", "/foo/", "/xyz/", "/xyz/bar"},
        {"/foo", "/foo", "/xyz", "/xyz"},
        {"/foo/", "/foo", "/xyz", "/xyz/"},
        {"/foo/bar", "/foo", "", "/bar"},
        {"/foo/", "/foo", "", "/"},
        {"/foo", "/foo", "", "/"},
        {"/foo/", "/foo", "/", "/"},
        {"/foo", "/foo", "/", "/"},
        {"/foo", "/foo/", "/xyz", "/xyz"},
        {"/foo", "/", "/xyz", "/xyz/foo"},
        {"/", "/", "/xyz", "/xyz/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct plan_rewrite rewrite = {PLAN_PATH_PREFIX, .segments = true,
                                             .to = str_of(rows[i].to)};
        struct plan_text asked = {.how = PLAN_SEGMENTS, .text = str_of(rows[i].asked)};
        const struct plan_match match = {.path = &asked};

        assert_path(&rewrite, &match, rows[i].path, rows[i].expected);
    }
}

static void what_is_no_path_stays(void **state)
{
    const struct plan_rewrite rewrite = {PLAN_PATH_WHOLE, .to = STR("/new")};

    (void)state;
    assert_path(&rewrite, NULL, "*", "*");
    assert_path(&rewrite, NULL, "/", "/new");
}

static void a_pattern_replaces_wherever_it_fits(void **state)
{
    struct plan_text pattern = {.how = PLAN_REGEX, .text = STR("v([0-9])")};
    struct plan_rewrite rewrite = {PLAN_PATH_REGEX, .to = STR("\\1v"), .pattern = &pattern};
    enum regex_fault fault;
    size_t at;

    (void)state;
    pattern.regex = regex_new(pattern.text, &fault, &at, NULL);
    assert_non_null(pattern.regex);
    assert_path(&rewrite, NULL, "/v1/v2/v", "/1v/2v/v");
    assert_path(&rewrite, NULL, "/x", "/x");
    regex_free(pattern.regex);
}

/* Of this path, not of the run. */
static void a_path_that_becomes_too_long_is_told_apart(void **state)
{
    struct plan_text pattern = {.how = PLAN_REGEX, .text = STR("a")};
    struct plan_rewrite rewrite = {PLAN_PATH_REGEX, .to = STR("\\0\\0\\0\\0\\0\\0\\0\\0"),
                                   .pattern = &pattern};
    enum regex_fault fault;
    char path[ROOM / 4];
    struct err e = {0};
    struct buf out;
    size_t at;

    (void)state;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    pattern.regex = regex_new(pattern.text, &fault, &at, NULL);
    assert_non_null(pattern.regex);
    buf_init(&out, ROOM);
    assert_int_equal(path_rewrite(&rewrite, NULL, str_from(path, sizeof path), &out, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    rewrite = (struct plan_rewrite){PLAN_PATH_PREFIX, .to = str_from(path, sizeof path)};
    buf_release(&out);
    buf_init(&out, sizeof path);
    e = (struct err){0};
    assert_int_equal(path_rewrite(&rewrite, NULL, str_from(path, sizeof path), &out, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    buf_release(&out);
    regex_free(pattern.regex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matched_part_is_replaced),
        cmocka_unit_test(a_rule_that_asks_for_no_path_has_matched_a_slash),
        cmocka_unit_test(segments_are_joined_by_one_slash),
        cmocka_unit_test(what_is_no_path_stays),
        cmocka_unit_test(a_pattern_replaces_wherever_it_fits),
        cmocka_unit_test(a_path_that_becomes_too_long_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/http1.h"
#include "replay/match.h"

static bool allows(const char *only, const char *skip, const char *method, const char *target)
{
    struct err e = {0};
    struct match m;
    bool allowed;

    if (match_init(&m, &only, only != NULL, &skip, skip != NULL, &e) < 0)
        fail_msg("%s", e.text);
    allowed = match_allows(&m, str_of(method), str_of(target));
    match_release(&m);
    return allowed;
}

#define sent(only, target)        assert_true(allows(only, NULL, "GET", target))
#define not_sent(only, target)    assert_false(allows(only, NULL, "GET", target))
#define skipped(skip, target)     assert_false(allows(NULL, skip, "GET", target))
#define not_skipped(skip, target) assert_true(allows(NULL, skip, "GET", target))

static void without_patterns_everything_is_meant(void **state)
{
    (void)state;
    assert_true(allows(NULL, NULL, "GET", "/"));
    assert_true(allows(NULL, NULL, "OPTIONS", "*"));
}

static void a_segment_is_one_segment(void **state)
{
    (void)state;
    sent("/users/{id}", "/users/17");
    sent("/users/{id}", "/users/17?x=/y/z");
    not_sent("/users/{id}", "/users/17/orders");
    not_sent("/users/{id}", "/users/");
    not_sent("/users/{id}", "/users");
    sent("/users/*/orders", "/users/17/orders");
}

static void a_star_at_the_end_is_everything_below(void **state)
{
    (void)state;
    sent("/admin/*", "/admin/a/b");
    sent("/admin/*", "/admin/");
    not_sent("/admin/*", "/admin");
    not_sent("/admin/*", "/administrator");
    sent("/*", "/");
}

static void a_method_narrows_it(void **state)
{
    (void)state;
    assert_true(allows("GET /a", NULL, "GET", "/a"));
    assert_true(allows("get /a", NULL, "GET", "/a"));
    assert_false(allows("GET /a", NULL, "HEAD", "/a"));
    assert_false(allows(NULL, "POST /a", "POST", "/a"));
    assert_true(allows(NULL, "POST /a", "GET", "/a"));
}

static void skip_wins(void **state)
{
    (void)state;
    assert_false(allows("/*", "/logout", "GET", "/logout"));
    assert_true(allows("/*", "/logout", "GET", "/login"));
}

static void the_form_of_the_target_does_not_matter(void **state)
{
    (void)state;
    sent("/a/b", "http://movies:3000/a/b?c");
    sent("/", "http://movies");
    sent("/", "http://movies?a=/b");
    skipped("/logout", "HTTP://movies/logout#x");
    skipped("/logout", "//logout");
    skipped("/logout", "/./logout");
    skipped("/logout", "/a/../logout");
    skipped("/logout", "/../logout");
    skipped("/logout", "/%6C%6fgout");
    skipped("/a/b", "/a//b");
    sent("/a/b", "/a//b");
    sent("/caf%c3%a9", "/caf\xc3\xa9");
    sent("/caf\xc3\xa9", "/caf%C3%A9");
}

static void a_coded_slash_is_no_slash_where_that_would_send_more(void **state)
{
    (void)state;
    sent("/pkg/{name}", "/pkg/@scope%2fname");
    sent("/pkg/@scope%2Fname", "/pkg/@scope%2fname");
    not_sent("/pkg/*/name", "/pkg/@scope%2fname");
    skipped("/pkg/{name}", "/pkg/@scope%2fname");
    skipped("/pkg/@scope/name", "/pkg/@scope%2fname");
    /* What is coded twice stays coded. */
    not_skipped("/a/b", "/a%252Fb");
}

static void what_some_server_may_read_so_is_skipped(void **state)
{
    (void)state;
    skipped("/logout", "/public/..%2Flogout");
    skipped("/logout", "/public/..%5clogout");
    skipped("/logout", "\\logout");
    skipped("/logout", "/logout/");
    skipped("/logout/", "/logout");
    skipped("/logout", "/logout;jsessionid=1?x");
    skipped("/a/b", "/a;v=1/b");
    skipped("/logout", "logout");
    not_skipped("/logout", "/Logout");
    not_skipped("/logout", "/logout2");
    not_skipped("/admin/*", "/admin");
}

/* "/%7Bid%7D" names itself and is no wildcard in disguise. */
static void coded_wildcards_are_none(void **state)
{
    (void)state;
    not_sent("/%7Bid%7D", "/17");
    sent("/%7Bid%7D", "/%7bid%7d");
    not_sent("/%2A", "/a");
}

static void the_server_as_a_whole_has_no_path(void **state)
{
    (void)state;
    assert_false(allows("/*", NULL, "OPTIONS", "*"));
    assert_true(allows(NULL, "/*", "OPTIONS", "*"));
}

static void the_longest_path_has_room(void **state)
{
    char *target = malloc(HTTP1_MAX_HEAD + 1);

    (void)state;
    assert_non_null(target);
    memset(target, 'x', HTTP1_MAX_HEAD);
    target[HTTP1_MAX_HEAD] = '\0';
    not_skipped("/y", target);
    memset(target, '/', HTTP1_MAX_HEAD);
    skipped("/", target);
    free(target);
}

static void every_odd_path_is_read_within_bounds(void **state)
{
    static const char parts[] = "/.%;\\2Ff{}*a";
    char target[9];
    uint64_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        n = n * 6364136223846793005U + 1442695040888963407U;
        for (unsigned k = 0; k < 8; k++)
            target[k] = parts[(n >> (24 + 4 * k)) % (sizeof parts - 1)];
        target[n >> 61] = '\0';
        target[8] = '\0';
        /* What is left out when it is meant to be sent is left out when skipped. */
        if (allows("/a/{b}", NULL, "GET", target))
            skipped("/a/{b}", target);
    }
}

static void what_is_no_pattern_is_refused(void **state)
{
    static const char *const bad[] = {"users", "GET", "G(T /x", "",
                                      /* such as would never fit, and keep nothing out */
                                      "/logout?now=1", "/logout#now", "/admin/**", "/log*", "/v*/x",
                                      "/{rest*}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        struct match m;

        assert_int_equal(match_init(&m, NULL, 0, &bad[i], 1, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
        assert_non_null(strstr(e.text, "--skip: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_patterns_everything_is_meant),
        cmocka_unit_test(a_segment_is_one_segment),
        cmocka_unit_test(a_star_at_the_end_is_everything_below),
        cmocka_unit_test(a_method_narrows_it),
        cmocka_unit_test(skip_wins),
        cmocka_unit_test(the_form_of_the_target_does_not_matter),
        cmocka_unit_test(a_coded_slash_is_no_slash_where_that_would_send_more),
        cmocka_unit_test(what_some_server_may_read_so_is_skipped),
        cmocka_unit_test(coded_wildcards_are_none),
        cmocka_unit_test(the_server_as_a_whole_has_no_path),
        cmocka_unit_test(the_longest_path_has_room),
        cmocka_unit_test(every_odd_path_is_read_within_bounds),
        cmocka_unit_test(what_is_no_pattern_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

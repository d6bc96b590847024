#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/plan_host.h"
#include "replay/plan_match.h"
#include "tests/support/plans.h"

static struct made_plan made;
static struct buf room;

static int start(void **state)
{
    (void)state;
    made_init(&made);
    buf_init(&room, 64 * 1024);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    made_release(&made);
    buf_release(&room);
    return 0;
}

static struct plan_request request(const char *head)
{
    struct plan_request r;

    if (!plan_request_of_head(&r, str_of(head)))
        fail_msg("no request: %s", head);
    return r;
}

static enum plan_fit ask(const struct plan_match *m, const char *head)
{
    struct plan_request r = request(head);

    return plan_match_fits(m, &r, &room, NULL);
}

/* ---- paths ----------------------------------------------------------------------- */

static enum plan_fit ask_path(enum plan_how how, bool any_case, const char *text,
                              const char *target)
{
    struct plan_match m = {.path = made_text(&made, how, text)};
    char head[256];

    m.path->any_case = any_case;
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: m\r\n\r\n", target);
    return ask(&m, head);
}

#define path_fits(how, text, target) assert_int_equal(ask_path(how, false, text, target), PLAN_FITS)
#define path_fits_not(how, text, target) \
    assert_int_equal(ask_path(how, false, text, target), PLAN_FITS_NOT)
#define folded_fits(how, text, target) \
    assert_int_equal(ask_path(how, true, text, target), PLAN_FITS)
#define folded_fits_not(how, text, target) \
    assert_int_equal(ask_path(how, true, text, target), PLAN_FITS_NOT)

static void a_prefix_is_of_characters_or_of_segments(void **state)
{
    (void)state;
    path_fits(PLAN_PREFIX, "/foo", "/foobar");
    path_fits_not(PLAN_PREFIX, "/foo", "/fo");
    path_fits_not(PLAN_SEGMENTS, "/foo", "/foobar");
    path_fits(PLAN_SEGMENTS, "/foo", "/foo");
    path_fits(PLAN_SEGMENTS, "/foo", "/foo/");
    path_fits(PLAN_SEGMENTS, "/foo", "/foo/x");
    path_fits(PLAN_SEGMENTS, "/foo/", "/foo");
    path_fits(PLAN_SEGMENTS, "/foo/", "/foo/x");
    path_fits_not(PLAN_SEGMENTS, "/foo/", "/foobar");
    path_fits_not(PLAN_SEGMENTS, "/foo", "/FOO");
    path_fits(PLAN_SEGMENTS, "/", "/");
    path_fits(PLAN_SEGMENTS, "/", "/x");
}

static void the_path_is_raw_and_without_its_query(void **state)
{
    (void)state;
    path_fits(PLAN_EXACT, "/a", "/a?x=1");
    path_fits(PLAN_EXACT, "/a", "/a#f");
    path_fits(PLAN_EXACT, "/a", "http://other/a?x=1");
    path_fits_not(PLAN_EXACT, "/a", "/a/");
    path_fits_not(PLAN_EXACT, "/a", "/%61");
    path_fits_not(PLAN_EXACT, "/a", "//a");
    path_fits_not(PLAN_EXACT, "/a", "/A");
    path_fits(PLAN_EXACT, "*", "*");
    path_fits(PLAN_PRESENT, "", "/x");
}

static void case_is_ignored_where_that_was_asked(void **state)
{
    (void)state;
    folded_fits(PLAN_EXACT, "/a", "/A");
    folded_fits(PLAN_PREFIX, "/Api", "/aPI/x");
    folded_fits(PLAN_SEGMENTS, "/Api/", "/aPI/x");
    folded_fits_not(PLAN_SEGMENTS, "/Api", "/aPIx");
    folded_fits_not(PLAN_REGEX, "/a", "/A"); /* Envoy does not fold expressions */
}

static void a_glob_is_of_segments(void **state)
{
    (void)state;
    path_fits(PLAN_GLOB, "/movies/*", "/movies/7");
    path_fits(PLAN_GLOB, "/movies/*", "/movies/7/reviews");
    path_fits_not(PLAN_GLOB, "/movies/*", "/movies");
    path_fits(PLAN_GLOB, "/movies/{id}/reviews", "/movies/7/reviews");
    path_fits_not(PLAN_GLOB, "/movies/{id}/reviews", "/movies//reviews");
}

static void an_expression_fits_all_of_the_path(void **state)
{
    (void)state;
    path_fits(PLAN_REGEX, "/v[0-9]+", "/v1");
    path_fits_not(PLAN_REGEX, "/v[0-9]+", "/v1/x");
    path_fits(PLAN_REGEX, "/v[0-9]+", "/v1?x");
}

/* ---- the rest of the request line ------------------------------------------------- */

static void methods_mind_case(void **state)
{
    struct plan_match m = {.method = made_text(&made, PLAN_EXACT, "GET")};

    (void)state;
    assert_int_equal(ask(&m, "GET / HTTP/1.1\r\n\r\n"), PLAN_FITS);
    assert_int_equal(ask(&m, "get / HTTP/1.1\r\n\r\n"), PLAN_FITS_NOT);
}

static void the_authority_has_its_port(void **state)
{
    struct plan_match m = {.authority = made_text(&made, PLAN_EXACT, "m:3000")};

    (void)state;
    assert_int_equal(ask(&m, "GET / HTTP/1.1\r\nHost: m:3000\r\n\r\n"), PLAN_FITS);
    assert_int_equal(ask(&m, "GET / HTTP/1.1\r\nHost: m\r\n\r\n"), PLAN_FITS_NOT);
    assert_int_equal(ask(&m, "GET / HTTP/1.0\r\n\r\n"), PLAN_FITS_NOT);
    assert_int_equal(ask(&m, "GET http://u@m:3000/ HTTP/1.1\r\nHost: x\r\n\r\n"), PLAN_FITS);
    assert_int_equal(ask(&m, "GET http://x/?u=http://m:3000 HTTP/1.1\r\nHost: m:3000\r\n\r\n"),
                     PLAN_FITS_NOT);
}

static void the_scheme_is_http_unless_the_target_says_otherwise(void **state)
{
    struct plan_match m = {.scheme = made_text(&made, PLAN_EXACT, "http")};

    (void)state;
    assert_int_equal(ask(&m, "GET / HTTP/1.1\r\n\r\n"), PLAN_FITS);
    assert_int_equal(ask(&m, "GET https://m/ HTTP/1.1\r\n\r\n"), PLAN_FITS_NOT);
    assert_int_equal(ask(&m, "GET /?r=https://m/ HTTP/1.1\r\n\r\n"), PLAN_FITS);
}

static void a_port_is_that_of_the_connection(void **state)
{
    struct plan_match m = {.port = 3000};
    struct plan_request r = request("GET / HTTP/1.1\r\nHost: m:80\r\n\r\n");
    struct exchange x = {.server = {.port = 3000}};
    struct http_request_line line;

    (void)state;
    assert_int_equal(plan_match_fits(&m, &r, &room, NULL), PLAN_FITS_UNKNOWN);
    x.request.head = r.head;
    assert_true(http_request_line(r.head, &line));
    plan_request_of(&r, &x, &line, STR("m:80"));
    assert_int_equal(plan_match_fits(&m, &r, &room, NULL), PLAN_FITS);
    x.server.port = 80;
    plan_request_of(&r, &x, &line, STR("m:80"));
    assert_int_equal(plan_match_fits(&m, &r, &room, NULL), PLAN_FITS_NOT);
    assert_false(plan_request_of_head(&r, STR("")));
}

/* ---- fields and parameters -------------------------------------------------------- */

static enum plan_fit ask_header(enum plan_how how, const char *text, bool not_so,
                                const char *fields)
{
    struct plan_match m = {0};
    char head[512];

    made_field(&made, &m.headers, "x-env", how, text)->not_so = not_so;
    snprintf(head, sizeof head, "GET /a?b HTTP/1.1\r\nHost: m\r\n%s\r\n", fields);
    return ask(&m, head);
}

#define header_fits(how, text, fields) \
    assert_int_equal(ask_header(how, text, false, fields), PLAN_FITS)
#define header_fits_not(how, text, fields) \
    assert_int_equal(ask_header(how, text, false, fields), PLAN_FITS_NOT)
#define without_fits(how, text, fields) \
    assert_int_equal(ask_header(how, text, true, fields), PLAN_FITS)
#define without_fits_not(how, text, fields) \
    assert_int_equal(ask_header(how, text, true, fields), PLAN_FITS_NOT)

static void a_header_is_there_or_has_a_value(void **state)
{
    (void)state;
    header_fits(PLAN_PRESENT, "", "X-Env: \r\n");
    header_fits_not(PLAN_PRESENT, "", "X-Envy: 1\r\n");
    header_fits(PLAN_EXACT, "prod", "X-ENV:  prod \r\n");
    header_fits_not(PLAN_EXACT, "prod", "X-Env: PROD\r\n");
    header_fits_not(PLAN_EXACT, "", "Other: 1\r\n");
    header_fits(PLAN_PREFIX, "pr", "X-Env: prod\r\n");
    header_fits(PLAN_REGEX, "p.*d", "X-Env: prod\r\n");
}

static void repeated_headers_are_joined_with_commas(void **state)
{
    (void)state;
    header_fits(PLAN_EXACT, "a,b", "X-Env: a\r\nY: z\r\nx-env:  b\r\n");
    header_fits(PLAN_EXACT, "a,b,c", "X-Env: a\r\nX-Env: b\r\nX-Env: c\r\n");
    header_fits_not(PLAN_EXACT, "a", "X-Env: a\r\nX-Env: b\r\n");
    header_fits(PLAN_EXACT, "a,", "X-Env: a\r\nX-Env:\r\n");
}

static void what_must_not_be_may_be_missing(void **state)
{
    (void)state;
    without_fits(PLAN_PRESENT, "", "");
    without_fits_not(PLAN_PRESENT, "", "X-Env: 1\r\n");
    without_fits(PLAN_EXACT, "prod", "");
    without_fits(PLAN_EXACT, "prod", "X-Env: test\r\n");
    without_fits_not(PLAN_EXACT, "prod", "X-Env: prod\r\n");
}

static void pseudo_headers_are_parts_of_the_request(void **state)
{
    static const char *const names[] = {":method", ":path", ":authority", "Host", ":scheme"};
    static const char *const values[] = {"GET", "/a?b", "m", "m", "http"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct plan_match m = {0};

        made_field(&made, &m.headers, names[i], PLAN_EXACT, values[i]);
        assert_int_equal(ask(&m, "GET http://m/a?b HTTP/1.1\r\nHost: other\r\n\r\n"), PLAN_FITS);
    }
}

static enum plan_fit ask_query(enum plan_how how, const char *text, const char *query)
{
    struct plan_match m = {0};
    char head[512];

    made_field(&made, &m.queries, "q", how, text);
    snprintf(head, sizeof head, "GET /a%s HTTP/1.1\r\nHost: m\r\n\r\n", query);
    return ask(&m, head);
}

static void the_first_query_parameter_counts_raw(void **state)
{
    (void)state;
    assert_int_equal(ask_query(PLAN_EXACT, "1", "?q=1&q=2"), PLAN_FITS);
    assert_int_equal(ask_query(PLAN_EXACT, "2", "?q=1&q=2"), PLAN_FITS_NOT);
    assert_int_equal(ask_query(PLAN_EXACT, "a=b", "?x&q=a=b#q=c"), PLAN_FITS);
    assert_int_equal(ask_query(PLAN_EXACT, "a b", "?q=a+b"), PLAN_FITS_NOT);
    assert_int_equal(ask_query(PLAN_EXACT, "%61", "?q=%61"), PLAN_FITS);
    assert_int_equal(ask_query(PLAN_EXACT, "1", "?Q=1"), PLAN_FITS_NOT);
    assert_int_equal(ask_query(PLAN_PRESENT, "", "?q"), PLAN_FITS);
    assert_int_equal(ask_query(PLAN_EXACT, "", "?q"), PLAN_FITS);
    assert_int_equal(ask_query(PLAN_PRESENT, "", "?"), PLAN_FITS_NOT);
    assert_int_equal(ask_query(PLAN_PRESENT, "", ""), PLAN_FITS_NOT);
    assert_int_equal(ask_query(PLAN_PRESENT, "", "#?q=1"), PLAN_FITS_NOT);
}

/* ---- several parts, several matches ------------------------------------------------ */

static void what_does_not_fit_outweighs_what_is_not_known(void **state)
{
    struct plan_match m = {.unknowable = "sourceLabels",
                           .path = made_text(&made, PLAN_EXACT, "/a")};
    struct plan_lack lack;
    struct plan_request r = request("GET /a HTTP/1.1\r\n\r\n");

    (void)state;
    assert_int_equal(plan_match_fits(&m, &r, &room, &lack), PLAN_FITS_UNKNOWN);
    assert_string_equal(lack.unknowable, "sourceLabels");
    r = request("GET /b HTTP/1.1\r\n\r\n");
    assert_int_equal(plan_match_fits(&m, &r, &room, &lack), PLAN_FITS_NOT);
    assert_string_equal(lack.what, "path");
}

static void without_memory_for_a_joined_header_it_is_not_decided(void **state)
{
    struct plan_match m = {0};
    struct plan_request r = request("GET / HTTP/1.1\r\nX: aaaa\r\nX: bbbb\r\n\r\n");
    struct buf small;

    (void)state;
    made_field(&made, &m.headers, "x", PLAN_EXACT, "c");
    buf_init(&small, 6);
    assert_int_equal(plan_match_fits(&m, &r, &small, NULL), PLAN_FITS_PERHAPS);
    buf_release(&small);
}

static void the_nearest_match_is_what_a_rule_lacks(void **state)
{
    struct plan_rule *rule = made_rule(&made, "r", NULL, PLAN_MIRROR);
    struct plan_request r = request("GET /b HTTP/1.1\r\n\r\n");
    const struct plan_match *match;
    struct plan_lack lack;

    (void)state;
    assert_int_equal(plan_rule_fits(rule, &r, &room, &match, &lack), PLAN_FITS);
    assert_null(match);
    made_match(&made, rule)->path = made_text(&made, PLAN_EXACT, "/a");
    assert_int_equal(plan_rule_fits(rule, &r, &room, &match, &lack), PLAN_FITS_NOT);
    made_match(&made, rule)->unknowable = "sourceLabels";
    assert_int_equal(plan_rule_fits(rule, &r, &room, &match, &lack), PLAN_FITS_UNKNOWN);
    assert_string_equal(lack.unknowable, "sourceLabels");
    made_match(&made, rule);
    assert_int_equal(plan_rule_fits(rule, &r, &room, &match, &lack), PLAN_FITS);
    assert_ptr_equal(match, rule->matches->next->next);
}

/* ---- hosts ------------------------------------------------------------------------ */

static void hosts_are_ranked(void **state)
{
    (void)state;
    assert_int_equal(plan_host_rank(STR("a.example"), STR("A.Example")), PLAN_HOST_EXACT);
    assert_int_equal(plan_host_rank(STR("a.example"), STR("b.example")), 0);
    assert_true(plan_host_rank(STR("*.b.c"), STR("a.b.c")) >
                plan_host_rank(STR("*.c"), STR("a.b.c")));
    assert_true(plan_host_rank(STR("*.c"), STR("a.b.c")) > plan_host_rank(STR("*"), STR("a.b.c")));
    assert_int_equal(plan_host_rank(STR("*.c"), STR(".c")), 0);
    assert_int_equal(plan_host_rank(STR("*.c"), STR("c")), 0);
    assert_int_equal(plan_host_rank(STR("*"), STR("")), 1);
    assert_int_equal(plan_host_rank(STR("[::1]"), plan_host_name(STR("[::1]:80"))),
                     PLAN_HOST_EXACT);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_prefix_is_of_characters_or_of_segments),
        test(the_path_is_raw_and_without_its_query),
        test(case_is_ignored_where_that_was_asked),
        test(a_glob_is_of_segments),
        test(an_expression_fits_all_of_the_path),
        test(methods_mind_case),
        test(the_authority_has_its_port),
        test(the_scheme_is_http_unless_the_target_says_otherwise),
        test(a_port_is_that_of_the_connection),
        test(a_header_is_there_or_has_a_value),
        test(repeated_headers_are_joined_with_commas),
        test(what_must_not_be_may_be_missing),
        test(pseudo_headers_are_parts_of_the_request),
        test(the_first_query_parameter_counts_raw),
        test(what_does_not_fit_outweighs_what_is_not_known),
        test(without_memory_for_a_joined_header_it_is_not_decided),
        test(the_nearest_match_is_what_a_rule_lacks),
        test(hosts_are_ranked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

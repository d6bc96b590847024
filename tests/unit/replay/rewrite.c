#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/rewrite.h"

/* As the stage makes a copy, which has read the line before. */
static int make(struct copy *c, const struct http_message *m, struct str path,
                const struct rewrite *rules, struct err *e)
{
    struct http_request_line line;

    assert_true(http_request_line(m->head, &line));
    return copy_make(c, m, &line, path, rules, e);
}

/* The copy as it would go over the wire, in pieces of at most `step` bytes. */
static char *sent(const struct http_message *m, const struct rewrite *rules, size_t step)
{
    struct err e = {0};
    struct copy c;
    struct str piece;
    struct buf all;
    size_t n = 0;

    copy_init(&c);
    buf_init(&all, 64 * 1024 * 1024);
    if (make(&c, m, (struct str){0}, rules, &e) < 0)
        fail_msg("%s", e.text);
    while ((piece = str_head(copy_rest(&c, n), step)).len) {
        assert_int_equal(buf_add(&all, piece, &e), 0);
        n += piece.len;
    }
    copy_release(&c);
    return all.data;
}

static void assert_copy(const struct http_message *m, const struct rewrite *rules,
                        const char *expected)
{
    char *whole = sent(m, rules, SIZE_MAX);
    char *bytes = sent(m, rules, 1);

    assert_string_equal(whole, expected);
    assert_string_equal(bytes, expected);
    free(whole);
    free(bytes);
}

static void assert_head(const char *head, const struct rewrite *rules, const char *expected)
{
    const struct http_message m = {.head = str_of(head), .complete = true};

    assert_copy(&m, rules, expected);
}

static const struct rewrite keep = {.host = HOST_KEEP};

static void order_case_and_duplicates_of_fields_are_kept(void **state)
{
    const char *head = "GET /a?b=c HTTP/1.1\r\n"
                       "x-b:  two blanks \r\n"
                       "HOST: movies:3000\r\n"
                       "Cookie: a=1\r\n"
                       "cookie: b=2\r\n"
                       "X-Empty:\r\n"
                       "X-B: again\r\n\r\n";

    (void)state;
    assert_head(head, &keep, head);
}

/* Sent only when asked for, and then as it was: what is odd is what matters. */
static void a_request_line_with_too_many_words_keeps_them(void **state)
{
    (void)state;
    assert_head("GET /a b  c HTTP/1.1\r\nHost: a\r\n\r\n", &keep,
                "GET /a b  c HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("GET   /a HTTP/1.1\r\nHost: a\r\n\r\n", &keep,
                "GET   /a HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void copies_are_marked_at_the_end(void **state)
{
    const struct rewrite rules = {.host = HOST_KEEP, .marker = true};

    (void)state;
    assert_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &rules,
                "GET / HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n");
}

static void what_was_about_the_recorded_connection_is_left_out(void **state)
{
    (void)state;
    assert_head("GET / HTTP/1.1\r\n"
                "Connection: close, X-Hop\r\n"
                "Host: a\r\n"
                "Keep-Alive: timeout=5\r\n"
                "Proxy-Connection: keep-alive\r\n"
                "TE: trailers\r\n"
                "x-hop: 1\r\n"
                "Connection: Upgrade, HTTP2-Settings\r\n"
                "Upgrade: h2c\r\n"
                "HTTP2-Settings: AAMAAABk\r\n"
                "Accept: */*\r\n\r\n",
                &keep, "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
}

static void connection_cannot_name_away_what_frames_the_message(void **state)
{
    const struct http_message m = {
        .head = STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                    "Connection: host, content-length, Transfer-Encoding\r\n\r\n"),
        .body = STR("hi"),
        .body_size = 2,
        .complete = true};

    (void)state;
    assert_copy(&m, &keep, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
}

static void content_is_sent_without_waiting(void **state)
{
    const struct http_message m = {.head = STR("PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                                               "Expect: 100-continue\r\n\r\n"),
                                   .body = STR("body"),
                                   .body_size = 4,
                                   .complete = true};

    (void)state;
    assert_copy(&m, &keep, "PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
}

static void old_requests_ask_to_be_kept_alive(void **state)
{
    (void)state;
    assert_head("GET / HTTP/1.0\r\nConnection: close\r\n\r\n", &keep,
                "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
}

static void chunked_bodies_stay_chunked_with_their_trailers(void **state)
{
    struct http_message m = {
        .head = STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        .body = STR("0123456789abcdef"),
        .body_size = 16,
        .trailers = STR("X-Sum: 7\r\n"),
        .chunked = true,
        .complete = true};

    (void)state;
    assert_copy(&m, &keep,
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "10\r\n0123456789abcdef\r\n0\r\nX-Sum: 7\r\n\r\n");
    m.body = m.trailers = (struct str){0};
    assert_copy(&m, &keep,
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\n\r\n");
}

static void large_bodies_are_not_copied(void **state)
{
    enum { N = 100000 };
    char *body = malloc(N);
    struct http_message m = {
        .head = STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        .body = str_from(body, N),
        .body_size = N,
        .trailers = STR("X-Sum: 7\r\n"),
        .chunked = true,
        .complete = true};
    struct copy c;
    char *all;

    (void)state;
    memset(body, 'x', N);
    copy_init(&c);
    assert_int_equal(make(&c, &m, (struct str){0}, &keep, NULL), 0);
    assert_ptr_equal(copy_rest(&c, c.front.len).data, body);
    assert_true(c.front.len + c.back.len < 200);
    copy_release(&c);
    all = sent(&m, &keep, 1000);
    assert_int_equal(strlen(all),
                     m.head.len + strlen("186a0\r\n") + N + strlen("\r\n0\r\nX-Sum: 7\r\n\r\n"));
    assert_non_null(strstr(all, "x\r\n0\r\nX-Sum: 7\r\n\r\n"));
    free(all);
    free(body);
}

/* Sent only when asked for, but then the line breaks are what it is about. */
static void odd_line_breaks_are_kept(void **state)
{
    (void)state;
    assert_head("GET / HTTP/1.1\nHost: a\n\n", &keep, "GET / HTTP/1.1\nHost: a\n\n");
    assert_head("GET / HTTP/1.1\r\nHost: a\nB: 1\r\n\n", &keep,
                "GET / HTTP/1.1\r\nHost: a\nB: 1\r\n\n");
    assert_head("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n  c\r\nHost: a\r\n\r\n", &keep,
                "GET / HTTP/1.1\r\nX: a\r\n\tb\r\n  c\r\nHost: a\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nX: a\rb\r\nno colon\r\nA : b\r\n\r\n", &keep,
                "GET / HTTP/1.1\r\nX: a\rb\r\nno colon\r\nA : b\r\n\r\n");
    assert_head("GET /old\n", &keep, "GET /old\n");
}

static void two_lengths_are_sent_as_they_came(void **state)
{
    const struct http_message m = {.head = STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                               "Transfer-Encoding: chunked\r\n\r\n"),
                                   .body = STR("hello"),
                                   .body_size = 5,
                                   .chunked = true,
                                   .complete = true};

    (void)state;
    assert_copy(&m, &keep,
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

static void chunked_content_may_be_nothing_but_trailers(void **state)
{
    const struct http_message m = {
        .head = STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        .trailers = STR("X-Sum: 7\r\n"),
        .chunked = true,
        .complete = true};

    (void)state;
    assert_copy(&m, &keep,
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\nX-Sum: 7\r\n\r\n");
}

static void an_old_request_keeps_its_content(void **state)
{
    const struct http_message m = {.head = STR("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n"),
                                   .body = STR("hi"),
                                   .body_size = 2,
                                   .complete = true};

    (void)state;
    assert_copy(&m, &keep,
                "POST / HTTP/1.0\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
}

static void a_prefix_is_joined_and_does_not_replace(void **state)
{
    const struct rewrite rules = {.host = HOST_KEEP, .prefix = STR("/v2")};

    (void)state;
    assert_head("GET /users/1?x=/ HTTP/1.1\r\n\r\n", &rules,
                "GET /v2/users/1?x=/ HTTP/1.1\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\n\r\n", &rules, "GET /v2/ HTTP/1.1\r\n\r\n");
    assert_head("OPTIONS * HTTP/1.1\r\n\r\n", &rules, "OPTIONS * HTTP/1.1\r\n\r\n");
}

static void absolute_form_becomes_origin_form(void **state)
{
    const struct rewrite rules = {.host = HOST_KEEP, .prefix = STR("/v2")};

    (void)state;
    assert_head("GET http://a:80/x?y HTTP/1.1\r\nHost: b\r\n\r\n", &keep,
                "GET /x?y HTTP/1.1\r\nHost: a:80\r\n\r\n");
    assert_head("GET http://A/ HTTP/1.1\r\nhOST:a \r\nB: c\r\n\r\n", &keep,
                "GET / HTTP/1.1\r\nhOST:a \r\nB: c\r\n\r\n");
    assert_head("GET http://u:p@a/x HTTP/1.1\r\n\r\n", &keep, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("GET http://a#b/x HTTP/1.1\r\nHost: c\r\nHost: d\r\n\r\n", &keep,
                "GET /#b/x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n", &keep,
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("GET https://a?q HTTP/1.1\r\nHost: a\r\n\r\n", &rules,
                "GET /v2/?q HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", &keep,
                "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_head("GET http://a:8/x HTTP/1.1\r\nAccept: b\r\n\r\n", &keep,
                "GET /x HTTP/1.1\r\nAccept: b\r\nHost: a:8\r\n\r\n");
}

/* A rule may write another (path.h); what stands around it stays. */
static void a_path_stands_in_place_of_the_requests_own(void **state)
{
    static const struct {
        const char *target, *sent;
    } rows[] = {
        {"/a/b?c=/d", "/v2/new?c=/d"}, {"/a#b", "/v2/new#b"},       {"http://a/b?c", "/v2/new?c"},
        {"http://a", "/v2/new"},       {"http://a?b", "/v2/new?b"},
    };
    const struct rewrite rules = {.host = HOST_KEEP, .prefix = STR("/v2")};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char head[128], expected[128];
        struct http_message m = {.complete = true};
        struct copy c;

        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].target);
        snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].sent);
        m.head = str_of(head);
        copy_init(&c);
        assert_int_equal(make(&c, &m, STR("/new"), &rules, NULL), 0);
        assert_string_equal(c.front.data, expected);
        copy_release(&c);
    }
}

static void host_goes_by_policy(void **state)
{
    const struct rewrite target = {.host = HOST_TARGET, .host_value = STR("t:81")};
    const struct rewrite name = {.host = HOST_NAME, .host_value = STR("fixed")};
    const struct rewrite shadow = {.host = HOST_SHADOW};

    (void)state;
    assert_head("GET / HTTP/1.1\r\nA: 1\r\nhost:  m\r\nB: 2\r\n\r\n", &target,
                "GET / HTTP/1.1\r\nA: 1\r\nhost: t:81\r\nB: 2\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: m\r\n\r\n", &name,
                "GET / HTTP/1.1\r\nHost: fixed\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nA: 1\r\n\r\n", &name,
                "GET / HTTP/1.1\r\nA: 1\r\nHost: fixed\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: m\r\nHost: n\r\n\r\n", &name,
                "GET / HTTP/1.1\r\nHost: fixed\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: m\r\n\r\n", &shadow,
                "GET / HTTP/1.1\r\nHost: m-shadow\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: m.example:8080\r\n\r\n", &shadow,
                "GET / HTTP/1.1\r\nHost: m.example-shadow:8080\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", &shadow,
                "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
    assert_head("GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n", &shadow,
                "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n");
}

static void the_oldest_http_has_no_fields(void **state)
{
    const struct rewrite rules = {.host = HOST_NAME, .host_value = STR("a"), .marker = true};

    (void)state;
    assert_head("GET /old\r\n", &rules, "GET /old\r\n");
}

/* A version that lacks its blank is part of the target: then there are fields. */
static void fields_of_a_request_without_version_are_kept(void **state)
{
    const struct rewrite rules = {.host = HOST_KEEP, .marker = true};

    (void)state;
    assert_head("GET /HTTP/1.1\nHost: a\n\n", &rules,
                "GET /HTTP/1.1\nHost: a\nX-Mirrorctl: 1\r\n\n");
    assert_head("GET /old\r\n\r\n", &rules, "GET /old\r\n\r\n");
}

static void a_copy_can_be_made_again_in_the_same_place(void **state)
{
    const struct http_message first = {.head = STR("GET /first HTTP/1.1\r\n\r\n")};
    const struct http_message second = {.head = STR("GET / HTTP/1.1\r\n\r\n")};
    struct copy c;

    (void)state;
    copy_init(&c);
    assert_int_equal(make(&c, &first, (struct str){0}, &keep, NULL), 0);
    assert_int_equal(make(&c, &second, (struct str){0}, &keep, NULL), 0);
    assert_true(str_eq(copy_rest(&c, 0), second.head));
    copy_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_case_and_duplicates_of_fields_are_kept),
        cmocka_unit_test(a_request_line_with_too_many_words_keeps_them),
        cmocka_unit_test(copies_are_marked_at_the_end),
        cmocka_unit_test(what_was_about_the_recorded_connection_is_left_out),
        cmocka_unit_test(connection_cannot_name_away_what_frames_the_message),
        cmocka_unit_test(content_is_sent_without_waiting),
        cmocka_unit_test(old_requests_ask_to_be_kept_alive),
        cmocka_unit_test(chunked_bodies_stay_chunked_with_their_trailers),
        cmocka_unit_test(large_bodies_are_not_copied),
        cmocka_unit_test(odd_line_breaks_are_kept),
        cmocka_unit_test(two_lengths_are_sent_as_they_came),
        cmocka_unit_test(chunked_content_may_be_nothing_but_trailers),
        cmocka_unit_test(an_old_request_keeps_its_content),
        cmocka_unit_test(a_prefix_is_joined_and_does_not_replace),
        cmocka_unit_test(absolute_form_becomes_origin_form),
        cmocka_unit_test(a_path_stands_in_place_of_the_requests_own),
        cmocka_unit_test(host_goes_by_policy),
        cmocka_unit_test(the_oldest_http_has_no_fields),
        cmocka_unit_test(fields_of_a_request_without_version_are_kept),
        cmocka_unit_test(a_copy_can_be_made_again_in_the_same_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

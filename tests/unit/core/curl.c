/* Requests as lines for a shell. What bash makes of a quoted word is the word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/curl.h"

static const char *text(struct buf *b)
{
    return b->len ? b->data : "";
}

static void words_are_quoted_where_they_have_to_be(void **state)
{
    static const struct {
        struct str word;
        const char *want;
    } rows[] = {
        {STR_INIT("http://h:1/a-b?c=d"), "'http://h:1/a-b?c=d'"},
        {STR_INIT("plain/1.0"), "plain/1.0"},
        {STR_INIT(""), "''"},
        {STR_INIT("it's"), "'it'\\''s'"},
        {STR_INIT("$(id) `id` \"x\""), "'$(id) `id` \"x\"'"},
        {STR_INIT("a\nb"), "$'a\\nb'"},
        {STR_INIT("\x1b[2J'\\"), "$'\\033[2J\\'\\\\'"},
        {STR_INIT("\xff\0"
                  "1"),
         "$'\\377\\0001'"},
        {STR_INIT("\xe2\x80\xae"), "$'\\342\\200\\256'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 1024);
        assert_int_equal(curl_quote(&out, rows[i].word, NULL), 0);
        assert_string_equal(text(&out), rows[i].want);
        buf_release(&out);
    }
}

/* The options of a request, and what they lack. */
static void expect(struct str head, struct str body, bool show, size_t max, const char *want,
                   unsigned want_lacks)
{
    struct http_message m = {.head = head, .body = body, .body_size = body.len, .complete = true};
    unsigned lacks;
    struct buf out;

    buf_init(&out, 64 * 1024);
    assert_int_equal(curl_options(&out, &m, show, max, &lacks, NULL), 0);
    assert_string_equal(text(&out), want);
    assert_int_equal(lacks, want_lacks);
    buf_release(&out);
}

static void a_request_is_a_line(void **state)
{
    (void)state;
    expect(STR("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: a b\r\nY:\r\n\r\n"), STR(""),
           false, 1000, " -H 'Host: h' -H 'X: a b' -H 'Y;'", 0);
    expect(STR("HEAD / HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n"), STR(""), false, 1000,
           " -I -H 'Accept-Encoding: gzip' --compressed", 0);
    expect(STR("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), STR("@a'b\n"), false, 1000,
           " -X POST -H Content-Type: --data-raw $'@a\\'b\\n'", 0);
}

static void content_goes_with_the_method_that_it_came_with(void **state)
{
    static const struct str head =
        STR_INIT("GET /q HTTP/1.1\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\n");

    (void)state;
    expect(head, STR("x"), false, 1000, " -X GET -H 'Content-Type: a/b' --data-raw x", 0);
    expect(head, STR(""), false, 1000, " -H 'Content-Type: a/b'", 0);
    expect(STR("HEAD /q HTTP/1.1\r\n\r\n"), STR("x"), false, 1000, " -I", CURL_CUT);
    expect(STR("POST /q HTTP/1.1\r\n\r\n"), STR("a\0b"), false, 1000, " -X POST", CURL_CUT);
}

static void credentials_are_hidden_unless_shown(void **state)
{
    struct str head = STR("POST / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n"
                          "Content-Type: application/json\r\n\r\n");
    struct str body = STR("{\"password\":\"hunter2\"}");

    (void)state;
    expect(head, body, false, 1000,
           " -X POST -H 'Authorization: (hidden)' -H 'Content-Type: application/json'"
           " --data-raw '{\"password\":\"(hidden)\"}'",
           CURL_HIDDEN);
    expect(head, body, true, 1000,
           " -X POST -H 'Authorization: Basic c2VjcmV0' -H 'Content-Type: application/json'"
           " --data-raw '{\"password\":\"hunter2\"}'",
           0);
}

static void what_is_too_long_is_left_out_whole(void **state)
{
    (void)state;
    expect(STR("GET / HTTP/1.1\r\nLong: 0123456789012345678901234567890123456789\r\nA: b\r\n\r\n"),
           STR(""), false, 40, " -H 'A: b'", CURL_CUT);
    expect(STR("PUT / HTTP/1.1\r\n\r\n"), STR("0123456789012345678901234567890123456789"), false,
           20, " -X PUT", CURL_CUT);
}

static void a_url_is_a_base_and_a_target(void **state)
{
    static const struct {
        const char *base, *target, *want;
    } rows[] = {
        {"http://h:1", "/a?b=c", "'http://h:1/a?b=c'"},
        {"http://h/v2/", "/a", "http://h/v2/a"},
        {"http://h", "http://other/a?b", "'http://h/a?b'"},
        {"http://h", "*", "http://h"},
        {"http://h", "/a/../b", "--path-as-is http://h/a/../b"},
        {"http://h", "/a[1]", "-g 'http://h/a[1]'"},
        {"unix:/run/my app.sock", "/a", "--unix-socket '/run/my app.sock' http://localhost/a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 1024);
        assert_int_equal(curl_target(&out, str_of(rows[i].base), str_of(rows[i].target), NULL), 0);
        assert_string_equal(text(&out), rows[i].want);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_quoted_where_they_have_to_be),
        cmocka_unit_test(a_request_is_a_line),
        cmocka_unit_test(content_goes_with_the_method_that_it_came_with),
        cmocka_unit_test(credentials_are_hidden_unless_shown),
        cmocka_unit_test(what_is_too_long_is_left_out_whole),
        cmocka_unit_test(a_url_is_a_base_and_a_target),
    };

    return cmocka_run_group_tests_name("curl", tests, NULL, NULL);
}

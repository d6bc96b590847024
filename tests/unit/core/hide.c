#include "core/hide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef int hider(struct buf *out, struct str s, struct err *e);

static void assert_hidden(hider *hide, const char *text, const char *expected)
{
    struct err e = {0};
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(hide(&out, str_of(text), &e), 0);
    assert_string_equal(out.len ? out.data : "", expected);
    buf_release(&out);
}

static void secret_query_parameters_are_hidden(void **state)
{
    (void)state;
    assert_hidden(hide_in_url, "/a?x=1&token=abc&y=2#f", "/a?x=1&token=(hidden)&y=2#f");
    assert_hidden(hide_in_url, "/a?api_key=", "/a?api_key=(hidden)");
    assert_hidden(hide_in_url, "/a?password", "/a?password");
    assert_hidden(hide_in_url, "/token/abc", "/token/abc");
    assert_hidden(hide_in_url, "/a?&&=&", "/a?&&=&");
    assert_hidden(hide_in_url, "", "");
}

static void the_user_of_a_url_is_hidden(void **state)
{
    (void)state;
    assert_hidden(hide_in_url, "http://me:pw@host:80/a@b", "http://(hidden)@host:80/a@b");
    assert_hidden(hide_in_url, "https://a@b@host", "https://(hidden)@host");
    assert_hidden(hide_in_url, "http://host/?a=b@c", "http://host/?a=b@c");
    assert_hidden(hide_in_url, "unix:/run/a@b", "unix:/run/a@b");
}

static void what_stands_behind_a_secret_name_is_hidden_in_any_text(void **state)
{
    (void)state;
    assert_hidden(hide_in_text, "a=1&token=abc&b=2", "a=1&token=(hidden)&b=2");
    assert_hidden(hide_in_text, "see https://h/?api_key=abc#x, or not",
                  "see https://h/?api_key=(hidden)#x, or not");
    assert_hidden(hide_in_text, "Authorization: Basic YTpi\r\nAccept: a",
                  "Authorization: (hidden)\r\nAccept: a");
    assert_hidden(hide_in_text, "{\"password\" : \"a, b\", \"n\":1",
                  "{\"password\" : (hidden), \"n\":1");
    assert_hidden(hide_in_text, "{\"password\":\"cut o", "{\"password\":(hidden)");
    assert_hidden(hide_in_text, "user.Password='x y' z", "user.Password=(hidden) z");
    assert_hidden(hide_in_text, "password = x y", "password = (hidden) y");
    assert_hidden(hide_in_text, "<a><token>abc</token><b>c</b></a>",
                  "<a><token>(hidden)</token><b>c</b></a>");
    assert_hidden(hide_in_text, "token", "token");
    assert_hidden(hide_in_text, "token=", "token=");
    assert_hidden(hide_in_text, "the token was lost: why?", "the token was lost: why?");
    assert_hidden(hide_in_text, "a=b: \xff\xfe", "a=b: \xff\xfe");
    assert_hidden(hide_in_text, "", "");
}

static int hide_value(struct buf *out, struct str line, struct err *e)
{
    struct http_field field;

    return http_next_field(&line, &field) ? hide_in_field(out, &field, e) : -1;
}

static void secret_fields_are_hidden_and_urls_in_any(void **state)
{
    (void)state;
    assert_hidden(hide_value, "Authorization: Basic abc\r\n", "(hidden)");
    assert_hidden(hide_value, "Referer: http://m/?a=1&token=abc\r\n",
                  "http://m/?a=1&token=(hidden)");
    assert_hidden(hide_value, "Location: http://me:pw@m/\r\n", "http://(hidden)@m/");
    assert_hidden(hide_value, "Accept: text/html\r\n", "text/html");
}

static void secret_json_members_are_hidden_whatever_their_value_is(void **state)
{
    (void)state;
    assert_hidden(hide_in_json, "{\"password\":\"p\\\"w\",\"a\":1}",
                  "{\"password\":\"(hidden)\",\"a\":1}");
    assert_hidden(hide_in_json, "{\"token\" : 12 , \"a\":1}",
                  "{\"token\" : \"(hidden)\" , \"a\":1}");
    assert_hidden(hide_in_json, "[{\"api_key\":[1,{\"x\":\"]}\"}]},2]",
                  "[{\"api_key\":\"(hidden)\"},2]");
    assert_hidden(hide_in_json, "{\"secret\":null}", "{\"secret\":\"(hidden)\"}");
    assert_hidden(hide_in_json, "{\"a\":\"password\",\"b\":\"token\"}",
                  "{\"a\":\"password\",\"b\":\"token\"}");
}

static void json_that_ends_early_shows_no_more_than_whole_json(void **state)
{
    (void)state;
    assert_hidden(hide_in_json, "{\"a\":1,\"password\":\"hunt",
                  "{\"a\":1,\"password\":\"(hidden)\"");
    assert_hidden(hide_in_json, "{\"password\":", "{\"password\":\"(hidden)\"");
    assert_hidden(hide_in_json, "{\"password\":{\"a\":[\"x", "{\"password\":\"(hidden)\"");
    assert_hidden(hide_in_json, "\"", "\"");
    assert_hidden(hide_in_json, "{\"a\\", "{\"a\\");
}

static void bodies_are_read_by_their_type(void **state)
{
    static const struct {
        const char *head, *body, *expected;
    } rows[] = {
        {"POST / HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\n\r\n",
         "{\"token\":\"t\"}", "{\"token\":\"(hidden)\"}"},
        {"POST / HTTP/1.1\r\nContent-Type: application/problem+json\r\n\r\n", "{\"token\":\"t\"}",
         "{\"token\":\"(hidden)\"}"},
        {"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
         "user=u&password=p", "user=u&password=(hidden)"},
        {"POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n", "token=t", "token=(hidden)"},
        {"POST / HTTP/1.1\r\nContent-Type: application/xml\r\n\r\n", "<pwd>a</pwd>",
         "<pwd>(hidden)</pwd>"},
        {"POST / HTTP/1.1\r\n\r\n", "{\"token\":{\"a\":1}}", "{\"token\":\"(hidden)\"}"},
        {"POST / HTTP/1.1\r\nContent-Type: image/png\r\n\r\n", "token=t", "token=t"},
        {"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n", "token=t",
         "token=t"},
    };
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_message m = {.head = str_of(rows[i].head), .body = str_of(rows[i].body)};
        struct buf out;
        bool hidden;

        buf_init(&out, 4096);
        assert_int_equal(hide_in_body(&out, &m, &hidden, &e), 0);
        assert_string_equal(out.data, rows[i].expected);
        assert_int_equal(hidden, !str_eq(str_of(rows[i].expected), m.body));
        buf_release(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_query_parameters_are_hidden),
        cmocka_unit_test(the_user_of_a_url_is_hidden),
        cmocka_unit_test(what_stands_behind_a_secret_name_is_hidden_in_any_text),
        cmocka_unit_test(secret_fields_are_hidden_and_urls_in_any),
        cmocka_unit_test(secret_json_members_are_hidden_whatever_their_value_is),
        cmocka_unit_test(json_that_ends_early_shows_no_more_than_whole_json),
        cmocka_unit_test(bodies_are_read_by_their_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

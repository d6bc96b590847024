/* Start lines, fields and lists read from raw heads; str beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/http.h"

#define assert_str(s, literal) assert_true(str_eq(s, STR(literal)))

static void a_request_line_ends_in_its_version(void **state)
{
    struct http_request_line l;

    (void)state;
    assert_true(http_request_line(STR("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"), &l));
    assert_str(l.method, "GET");
    assert_str(l.target, "/a?b");
    assert_str(l.version, "HTTP/1.1");
    assert_false(l.odd);
    assert_true(http_request_line(STR("GET /a b c HTTP/1.0"), &l));
    assert_str(l.target, "/a");
    assert_str(l.version, "HTTP/1.0");
    assert_true(l.odd);
    assert_true(http_request_line(STR("GET   /a HTTP/1.0"), &l) && l.odd);
    assert_true(http_request_line(STR("X  HTTP/1.1"), &l));
    assert_int_equal(l.target.len, 0);
    assert_true(http_request_line(STR("GET /old"), &l));
    assert_int_equal(l.version.len, 0);
    assert_false(http_request_line(STR("POST /old"), &l));
    assert_false(http_request_line(STR("GET"), &l));
    assert_false(http_request_line(STR("GET "), &l));
    assert_false(http_request_line(STR("GET /old "), &l));
    assert_false(http_request_line(STR("G(T / HTTP/1.1"), &l));
    assert_false(http_request_line(STR("GET / HTTP/2.0"), &l));
    assert_false(http_request_line(STR("GET / http/1.1"), &l));
    assert_false(http_request_line((struct str){0}, &l));
}

/* RFC 9112, 3: a reader may take any for the SP between the words, and leave out
 * what is around them. */
static void odd_white_space_in_a_request_line_is_noted(void **state)
{
    static const char *const lines[] = {
        " GET /a HTTP/1.1",      "\tGET /a HTTP/1.1", "GET /a HTTP/1.1 \r\n", "GET /a HTTP/1.1\t",
        "GET /a HTTP/1.1\r\r\n", "GET\t/a HTTP/1.1",  "GET /a\tHTTP/1.1\r\n", "GET /a\v\fHTTP/1.1",
    };
    struct http_request_line l;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_true(http_request_line(str_of(lines[i]), &l) && l.odd);
        assert_str(l.method, "GET");
        assert_str(l.target, "/a");
        assert_str(l.version, "HTTP/1.1");
    }
}

static void a_request_line_that_breaks_off_is_believed_with_a_known_method(void **state)
{
    static const char *const none[] = {"GE",
                                       "GET",
                                       "GET ",
                                       "GET key",
                                       "FOO /a",
                                       "PRI * HTTP/2.0",
                                       "GET /a\tb",
                                       "OPTIONS sip:a@b",
                                       "GET /a HTTP/2",
                                       "GET /a HTTX",
                                       "PUT /a\r\nmore"};
    struct http_request_line l;

    (void)state;
    assert_true(http_request_start(STR("GET /a HTT"), &l));
    assert_str(l.method, "GET");
    assert_str(l.target, "/a");
    assert_int_equal(l.version.len, 0);
    assert_true(http_request_start(STR("POST /a"), &l));
    assert_str(l.target, "/a");
    assert_true(http_request_start(STR("POST /a HTTP/1.1"), &l));
    assert_str(l.version, "HTTP/1.1");
    assert_true(http_request_start(STR("CONNECT a.example:4"), &l));
    assert_true(http_request_start(STR("OPTIONS *"), &l));
    assert_true(http_request_start(STR("PUT http://a"), &l));
    assert_true(http_request_start(STR("FOO bar HTTP/1.0\r\n"), &l));
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(http_request_start(str_of(none[i]), &l));
}

static void a_status_line_needs_three_digits(void **state)
{
    struct http_status_line l;

    (void)state;
    assert_true(http_status_line(STR("HTTP/1.1 404 Not Found\r\n"), &l));
    assert_int_equal(l.status, 404);
    assert_str(l.reason, "Not Found");
    assert_false(l.odd);
    assert_true(http_status_line(STR("HTTP/1.0 200"), &l));
    assert_int_equal(l.reason.len, 0);
    assert_false(l.odd);
    assert_true(http_status_line(STR("HTTP/1.1  200 OK"), &l));
    assert_int_equal(l.status, 200);
    assert_str(l.reason, "OK");
    assert_true(l.odd);
    assert_true(http_status_line(STR("HTTP/1.1\t200\tOK"), &l));
    assert_true(l.odd);
    assert_false(http_status_line(STR("HTTP/1.1 20"), &l));
    assert_false(http_status_line(STR("HTTP/1.1 2000 OK"), &l));
    assert_false(http_status_line(STR("HTTP/1.1 099 OK"), &l));
    assert_false(http_status_line(STR("HTTP/1.1 2x0 OK"), &l));
    assert_false(http_status_line(STR("HTTP/2 200"), &l));
    assert_false(http_status_line(STR("HTTP/1.1\n200"), &l));
}

static void fields_keep_order_case_and_duplicates(void **state)
{
    struct str rest = http_fields(STR("GET / HTTP/1.1\r\nB: 1\r\na:\t2 \r\nB:\r\nodd\r\n\r\nbody"));
    struct http_field f;

    (void)state;
    assert_true(http_next_field(&rest, &f));
    assert_str(f.name, "B");
    assert_str(f.value, "1");
    assert_true(http_next_field(&rest, &f));
    assert_str(f.name, "a");
    assert_str(f.value, "2");
    assert_true(http_next_field(&rest, &f));
    assert_int_equal(f.value.len, 0);
    assert_true(http_next_field(&rest, &f));
    assert_str(f.name, "odd");
    assert_false(http_next_field(&rest, &f));
}

static void folded_lines_belong_to_their_field(void **state)
{
    struct str value;

    (void)state;
    assert_true(http_find_field(STR("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n d\r\nE: f\r\n\r\n"),
                                STR("a"), &value));
    assert_str(value, "b\r\n\tc\r\n d");
    assert_true(http_find_field(STR("GET / HTTP/1.1\nA: b\n\n"), STR("a"), &value));
    assert_str(value, "b");
}

static void a_field_is_found_without_regard_to_case(void **state)
{
    struct str head = STR("GET / HTTP/1.1\r\nX-A: 1, two\r\nx-a: Three\r\n\r\n");
    struct str value;

    (void)state;
    assert_true(http_find_field(head, STR("x-A"), &value));
    assert_str(value, "1, two");
    assert_false(http_find_field(head, STR("x-b"), &value));
    assert_true(http_field_has(head, STR("X-a"), STR("TWO")));
    assert_true(http_field_has(head, STR("X-a"), STR("three")));
    assert_false(http_field_has(head, STR("X-a"), STR("thre")));
}

/* RFC 9110, 5.6.2: what is visible, but for the delimiters. */
static void a_token_has_no_delimiters(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_one = c > ' ' && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
        char text[] = {'a', (char)c, 'b'};

        assert_int_equal(http_is_token(str_from(text, 3)), is_one);
        assert_int_equal(http_token_span(str_from(text, 3)), is_one ? 3 : 1);
    }
    assert_false(http_is_token(STR("")));
}

static void several_fields_are_found_in_one_walk(void **state)
{
    const struct str head =
        STR("GET / HTTP/1.1\r\nB: 1\r\nA:\r\n bad\r\nb: 2\r\nC D: 3\r\nC : 4\r\n"
            "no colon\r\n\r\nE: 5\r\n");
    const struct str names[] = {STR("a"), STR("b"), STR("c"), STR("d"), STR("e"), STR("no colon")};
    struct str values[6];

    (void)state;
    http_find_fields(head, names, values, 6);
    assert_true(str_eq(values[0], STR("bad")));
    assert_true(str_eq(values[1], STR("1")));
    assert_true(str_eq(values[2], STR("4")));
    assert_null(values[3].data);
    assert_null(values[4].data);
    assert_non_null(values[5].data);
    assert_int_equal(values[5].len, 0);
}

static void lists_are_split_at_commas(void **state)
{
    (void)state;
    assert_true(http_list_has(STR("a, b ,c"), STR("B")));
    assert_true(http_list_has(STR("a,,c"), STR("c")));
    assert_false(http_list_has(STR("ab, c"), STR("b")));
    assert_false(http_list_has((struct str){0}, STR("b")));
}

static void methods_know_whether_they_are_safe_and_may_be_repeated(void **state)
{
    (void)state;
    assert_true(http_is_safe_method(STR("GET")));
    assert_false(http_is_safe_method(STR("get")));
    assert_false(http_is_safe_method(STR("POST")));
    assert_false(http_is_safe_method(STR("PUT")));
    assert_true(http_is_idempotent_method(STR("HEAD")));
    assert_true(http_is_idempotent_method(STR("PUT")));
    assert_true(http_is_idempotent_method(STR("DELETE")));
    assert_false(http_is_idempotent_method(STR("POST")));
    assert_false(http_is_idempotent_method(STR("PATCH")));
    assert_false(http_is_idempotent_method(STR("put")));
    assert_true(http_is_known_method(STR("PROPFIND")));
    assert_false(http_is_known_method(STR("PRI")));
}

static void every_flag_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (uint32_t a = 1; a <= HTTP_LAST; a <<= 1) {
        assert_string_not_equal(http_flag_name(a), "unknown");
        for (uint32_t b = a << 1; b <= HTTP_LAST; b <<= 1)
            assert_string_not_equal(http_flag_name(a), http_flag_name(b));
    }
}

static void views_are_cut_and_compared(void **state)
{
    struct str list = STR("a,,b"), empty = {0};
    uint64_t n = 0;

    (void)state;
    assert_str(str_cut(&list, ','), "a");
    assert_str(str_cut(&list, ','), "");
    assert_str(str_cut(&list, ','), "b");
    assert_null(list.data);
    assert_true(str_to_u64(STR("18446744073709551615"), &n) && n == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &n));
    assert_false(str_to_u64(STR("1a"), &n) || str_to_u64(empty, &n) || str_to_u64(STR("-1"), &n));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("a\0b"), STR("a\0c")) < 0 && str_cmp(empty, empty) == 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(STR("abc"), empty));
    assert_true(str_istarts(STR("ABc"), STR("ab")));
    assert_int_equal(str_skip(STR("abc"), 9).len, 0);
    assert_str(str_trim(STR(" \t x \t")), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_line_ends_in_its_version),
        cmocka_unit_test(odd_white_space_in_a_request_line_is_noted),
        cmocka_unit_test(a_request_line_that_breaks_off_is_believed_with_a_known_method),
        cmocka_unit_test(a_status_line_needs_three_digits),
        cmocka_unit_test(fields_keep_order_case_and_duplicates),
        cmocka_unit_test(folded_lines_belong_to_their_field),
        cmocka_unit_test(a_field_is_found_without_regard_to_case),
        cmocka_unit_test(a_token_has_no_delimiters),
        cmocka_unit_test(several_fields_are_found_in_one_walk),
        cmocka_unit_test(lists_are_split_at_commas),
        cmocka_unit_test(methods_know_whether_they_are_safe_and_may_be_repeated),
        cmocka_unit_test(every_flag_has_a_name_of_its_own),
        cmocka_unit_test(views_are_cut_and_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

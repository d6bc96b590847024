/* Two answers: what differs. Rows of a table, one fact each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/compare.h"

/* A difference as text: "VALUE $.a 1 > 2", ignored ones in parentheses. */
static void add_text(char *text, size_t size, const struct difference *d)
{
    size_t n = strlen(text);

    snprintf(text + n, size - n, "%s%s%s %.*s%s%.*s > %.*s%s", n ? "; " : "", d->ignored ? "(" : "",
             diff_kind_name(d->kind), STR_ARG(d->path), d->v1.data || d->v2.data ? " " : "",
             STR_ARG(d->v1.data ? d->v1 : STR("nothing")),
             STR_ARG(d->v2.data ? d->v2 : STR("nothing")), d->ignored ? ")" : "");
}

static void list_text(const struct diffs *list, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++)
        add_text(text, size, &list->items[i]);
}

struct comparison {
    struct diffs found;
    struct body a, b;
    struct err e;
};

static void begin(struct comparison *c, bool show_secrets)
{
    memset(c, 0, sizeof *c);
    assert_int_equal(diffs_init(&c->found, show_secrets, &c->e), 0);
    body_init(&c->a);
    body_init(&c->b);
}

static void end(struct comparison *c)
{
    diffs_release(&c->found);
    body_release(&c->a);
    body_release(&c->b);
}

static void compare(struct comparison *c, const char *type, struct str a, struct str b)
{
    char head[256];
    struct http_message m = {0}, n = {0};

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n", type);
    m.head = n.head = str_of(head);
    m.body = a;
    n.body = b;
    assert_int_equal(body_set(&c->a, &m, &c->e), 0);
    assert_int_equal(body_set(&c->b, &n, &c->e), 0);
    assert_int_equal(compare_bodies(&c->a, &c->b, &c->found, &c->e), 0);
}

struct row {
    const char *what;
    struct str a, b;
    const char *expected;
};

#define ROW(what, a, b, expected)                \
    {                                            \
        what, STR_INIT(a), STR_INIT(b), expected \
    }

static void check_rows(const char *type, const struct row *rows, size_t n)
{
    char text[4096];

    for (size_t i = 0; i < n; i++) {
        struct comparison c;

        begin(&c, false);
        compare(&c, type, rows[i].a, rows[i].b);
        list_text(&c.found, text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
        end(&c);
    }
}

#define CHECK(type, rows) check_rows(type, rows, sizeof rows / sizeof *rows)

/* 70 digits */
#define LONG69 "123456789012345678901234567890123456789012345678901234567890123456789"

static void numbers_are_compared_as_decimals(void **state)
{
    static const struct row rows[] = {
        ROW("beyond 2^53", "9007199254740993", "9007199254740992",
            "value $ 9007199254740993 > 9007199254740992"),
        ROW("just under 2^53", "9007199254740991", "9007199254740990",
            "value $ 9007199254740991 > 9007199254740990"),
        ROW("2^52", "4503599627370497", "4503599627370496",
            "value $ 4503599627370497 > 4503599627370496"),
        ROW("beyond 64 bits", "18446744073709551616", "18446744073709551615",
            "value $ 18446744073709551616 > 18446744073709551615"),
        ROW("30 digits", "123456789012345678901234567890", "123456789012345678901234567891",
            "value $ 123456789012345678901234567890 > 123456789012345678901234567891"),
        ROW("70 digits", "[" LONG69 "0,5]", "[" LONG69 "1,5]",
            "value $[*] " LONG69 "0 > " LONG69 "1"),
        ROW("decimal", "0.1", "0.10000000000000001", "value $ 0.1 > 0.10000000000000001"),
        ROW("money", "10.10", "10.1", "(form $ 10.10 > 10.1)"),
        ROW("1.0 is 1", "1.0", "1", "(form $ 1.0 > 1)"),
        ROW("exponent", "1e2", "100", "(form $ 1e2 > 100)"),
        ROW("negative zero", "-0", "0", "(form $ -0 > 0)"),
        ROW("exponent bomb", "1e1000000000", "1e999999999", "value $ 1e1000000000 > 1e999999999"),
        ROW("beyond double", "1e400", "2e400", "value $ 1e400 > 2e400"),
        ROW("sign", "1", "-1", "value $ 1 > -1"),
    };

    (void)state;
    CHECK("application/json", rows);
}

static void json_is_compared_by_meaning(void **state)
{
    static const struct row rows[] = {
        ROW("key order", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", ""),
        ROW("white space", "{\"a\":[1,2]}", " { \"a\" : [ 1 , 2 ] } ", ""),
        ROW("byte order mark", "\xef\xbb\xbf{}", "{} ",
            "(form $ with a byte order mark > without)"),
        ROW("escapes", "[\"\\u00e9\",\"\\/\",\"\\ud83d\\ude00\"]",
            "[\"\xc3\xa9\",\"/\",\"\xf0\x9f\x98\x80\"]", ""),
        ROW("composed and decomposed", "\"\xc3\xa9\"", "\"e\\u0301\"",
            "value $ \"\xc3\xa9\" > \"e\xcc\x81\""),
        ROW("lone surrogate", "\"\\ud83d\"", "\"\\ud83e\"", "value $ \"\\ud83d\" > \"\\ud83e\""),
        ROW("embedded NUL", "\"a\\u0000b\"", "\"a\\u0000c\"",
            "value $ \"a\\u0000b\" > \"a\\u0000c\""),
        ROW("duplicate keys", "{\"a\":1,\"a\":2}", "{\"a\":1}", "missing $.a 2 > nothing"),
        ROW("the same duplicate keys", "{\"a\":1,\"b\":0,\"a\":2}", "{\"a\":1,\"a\":2,\"b\":0}",
            ""),
        ROW("empty key", "{\"\":1}", "{\"\":2}", "value $[''] 1 > 2"),
        ROW("odd keys", "{\"a.b\":1,\"a['x']\":1,\"n\\n\":1}",
            "{\"a.b\":2,\"a['x']\":2,\"n\\n\":2}",
            "value $['a.b'] 1 > 2; value $['a[\\'x\\']'] 1 > 2; value $['n\\n'] 1 > 2"),
        ROW("string and number", "{\"a\":\"1\"}", "{\"a\":1}", "type $.a \"1\" > 1"),
        ROW("null", "{\"a\":null}", "{\"a\":0}", "null $.a null > 0"),
        ROW("true and false", "[true]", "[false]", "value $[*] true > false"),
        ROW("renamed", "{\"id\":7,\"rating\":8.30}", "{\"id\":7,\"score\":8.30}",
            "missing $.rating 8.30 > nothing; extra $.score nothing > 8.30"),
        ROW("a whole subtree", "{\"a\":{\"b\":[1,2]}}", "{}",
            "missing $.a {\"b\":[1,2]} > nothing"),
        ROW("arrays by index", "[1,2,3]", "[1,4,3]", "value $[*] 2 > 4"),
        ROW("another order", "[1,2,3]", "[1,3,2]",
            "order $ 3 elements > the same, 1 of them moved"),
        ROW("an element less", "{\"a\":[1,2]}", "{\"a\":[1]}", "missing $.a[*] 2 > nothing"),
        ROW("nothing in common", "[1,2]", "[3]",
            "missing $[*] 1 > nothing; extra $[*] nothing > 3"),
        ROW("JSON in a string stays a string", "\"{\\\"a\\\":1}\"", "\"{\\\"a\\\": 1}\"",
            "value $ \"{\\\"a\\\":1}\" > \"{\\\"a\\\": 1}\""),
        ROW("dynamic keys", "{\"u\":{\"17\":{\"n\":1},\"2026-11-22\":0}}",
            "{\"u\":{\"17\":{\"n\":2},\"2026-11-22\":0}}", "value $.u.{*}.n 1 > 2"),
        ROW("empty body", "", "{}", "type $ not JSON (empty) > 2 bytes"),
        ROW("both empty", "", "", ""),
        ROW("secrets", "{\"password\":\"a\",\"u\":{\"api_key\":{\"x\":1}}}",
            "{\"password\":\"b\",\"u\":{\"api_key\":{\"x\":2}}}",
            "value $.password (hidden) > (hidden); value $.u.api_key.x (hidden) > (hidden)"),
        ROW("secrets inside", "{\"u\":{\"password\":\"a\"}}", "{}",
            "missing $.u {\"password\":\"(hidden)\"} > nothing"),
    };

    (void)state;
    CHECK("application/problem+json; charset=utf-8", rows);
}

static void what_is_not_json_is_not_compared_as_json(void **state)
{
    static const struct row rows[] = {
        ROW("NaN", "{\"a\":NaN}", "{\"a\":1}", "type $ not JSON (offset 5) > JSON: object"),
        ROW("leading zero", "[1]", "[01]", "type $ JSON: array > not JSON (offset 2)"),
        ROW("trailing comma", "[1,]", "[2,]", "value line 1 [1,] > [2,]"),
        ROW("a page", "{\"a\":1}", "<html>", "type $ JSON: object > not JSON (offset 0)"),
    };
    struct comparison c;

    (void)state;
    CHECK("application/json", rows);
    begin(&c, false);
    compare(&c, "application/json", STR("[1,]"), STR("[2,]"));
    assert_true(c.found.notes & NOTE_NOT_JSON);
    end(&c);
}

static void json_is_recognised_without_its_type(void **state)
{
    static const struct row rows[] = {
        ROW("two objects", "{\"a\":1}", "{ \"a\":1 }", ""),
        ROW("one is not", "{\"a\":1}", "{oops", "value (top) {\"a\":1} > {oops"),
    };

    (void)state;
    CHECK("text/html", rows);
}

static struct str repeat(const char *head, const char *item, size_t n, const char *tail)
{
    size_t len = strlen(item), at = strlen(head);
    char *p = malloc(at + n * len + strlen(tail) + 1);

    assert_non_null(p);
    memcpy(p, head, at);
    for (size_t i = 0; i < n; i++, at += len)
        memcpy(p + at, item, len);
    memcpy(p + at, tail, strlen(tail));
    return str_from(p, at + strlen(tail));
}

static void deep_documents_are_compared_in_linear_time(void **state)
{
    struct str a = repeat("", "{\"a\":", 990, "1"), b = repeat("", "{\"a\":", 990, "2");
    struct str tail = repeat("", "}", 990, "");
    char *x = malloc(a.len + tail.len), *y = malloc(b.len + tail.len);
    struct comparison c;

    (void)state;
    assert_true(x && y);
    memcpy(x, a.data, a.len);
    memcpy(x + a.len, tail.data, tail.len);
    memcpy(y, b.data, b.len);
    memcpy(y + b.len, tail.data, tail.len);
    begin(&c, false);
    compare(&c, "application/json", str_from(x, a.len + tail.len), str_from(y, b.len + tail.len));
    assert_int_equal(c.found.count, 1);
    assert_true(c.found.items[0].path.len < 600);
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
    free((void *)(uintptr_t)tail.data);
    free(x);
    free(y);
}

static void nesting_beyond_the_limit_is_compared_as_text(void **state)
{
    struct str a = repeat("", "[", 100000, "1"), b = repeat("", "[", 100000, "2");
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, b);
    assert_int_equal(c.found.count, 1);
    assert_true(c.found.notes & (NOTE_TOO_DEEP | NOTE_NOT_JSON));
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

/* {"k0":0,"k1":"1",...}, forwards or backwards; of two types, so that it is no map */
static struct str wide_object(size_t n, bool backwards)
{
    char *p = malloc(n * 32 + 3);
    size_t at = 1;

    assert_non_null(p);
    p[0] = '{';
    for (size_t i = 0; i < n; i++) {
        size_t k = backwards ? n - 1 - i : i;
        at += (size_t)snprintf(p + at, 32, k % 2 ? "%s\"k%zu\":\"%zu\"" : "%s\"k%zu\":%zu",
                               i ? "," : "", k, k);
    }
    p[at++] = '}';
    return str_from(p, at);
}

static void wide_objects_in_another_order_are_equal(void **state)
{
    struct str a = wide_object(100000, false), b = wide_object(100000, true);
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, b);
    assert_int_equal(c.found.count, 0);
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

static void an_element_put_in_front_is_one_difference(void **state)
{
    struct str a = repeat("[1", ",{\"id\":1},{\"id\":2}", 25000, "]");
    struct str b = repeat("[1,1", ",{\"id\":1},{\"id\":2}", 25000, "]");
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, b);
    assert_int_equal(c.found.count, 1);
    assert_int_equal(c.found.items[0].kind, KIND_EXTRA);
    assert_int_equal(c.found.items[0].elements, 1);
    assert_true(str_eq(c.found.items[0].at, STR("$[1]")));
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

/* A map of `n` objects, and every one of them differs. */
static struct str map_of(size_t n, int value)
{
    char *p = malloc(n * 32 + 3);
    size_t at = 1;

    assert_non_null(p);
    p[0] = '{';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(p + at, 32, "%s\"k%zu\":{\"v\":%d}", i ? "," : "", i, value);
    p[at++] = '}';
    return str_from(p, at);
}

static void a_large_map_that_changed_is_one_field(void **state)
{
    struct str a = map_of(120000, 1), b = map_of(120000, 2);
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, b);
    assert_int_equal(c.found.count, 1);
    assert_true(str_eq(c.found.items[0].path, STR("$.{*}.v")));
    assert_int_equal(c.found.items[0].elements + c.found.left_out, 120000);
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

static void more_differences_than_the_ceiling_are_counted(void **state)
{
    struct str a = wide_object(5000, false);
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, STR("{\"z\":1}"));
    assert_int_equal(c.found.count, DIFFS_MAX);
    assert_int_equal(c.found.left_out, 5001 - DIFFS_MAX);
    assert_true(c.found.notes & NOTE_MANY);
    end(&c);
    free((void *)(uintptr_t)a.data);
}

static void text_is_compared_by_line(void **state)
{
    static const struct row rows[] = {
        ROW("one line", "a\nb\nc\n", "a\nB\nc\n", "value line 2 b > B"),
        ROW("inserted", "a\nb\nc\n", "a\nx\nb\nc\n", "extra after line 1 nothing > x"),
        ROW("deleted", "a\nb\nc\n", "a\nc\n", "missing line 2 b > nothing"),
        ROW("at the end", "a\n", "a\nb\n", "extra after line 1 nothing > b"),
        ROW("last line end", "a\n", "a", "value line 1 a\n > a"),
        ROW("line ends", "a\r\nb", "a\nb", "value line 1 a\r > a"),
        ROW("no text at all", "a", "", "missing $ 1 bytes > nothing"),
    };

    (void)state;
    CHECK("text/plain", rows);
}

static void long_texts_of_other_lines_end_in_one_field(void **state)
{
    struct str a = repeat("", "a\n", 5000, ""), b = repeat("", "b\n", 5000, "");
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "text/csv", a, b);
    assert_int_equal(c.found.count, 101);
    assert_int_equal(c.found.items[100].elements, 4900);
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

static void other_bytes_name_the_first_offset(void **state)
{
    static const struct row rows[] = {
        ROW("a byte", "\x89PNG\0\1\2", "\x89PNG\0\7\2",
            "value $ offset 5: 01 02 (7 bytes) > offset 5: 07 02 (7 bytes)"),
        ROW("cut", "\0\1\2", "\0\1", "length $ offset 2: 02 (3 bytes) > offset 2: ends (2 bytes)"),
    };

    (void)state;
    CHECK("image/png", rows);
}

static void long_values_are_shown_around_their_difference(void **state)
{
    struct str a = repeat("\"", "abcdefgh", 400, "X tail\""),
               b = repeat("\"", "abcdefgh", 400, "Y tail\"");
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare(&c, "application/json", a, b);
    assert_int_equal(c.found.count, 1);
    assert_true(c.found.items[0].v1.len < 200);
    assert_non_null(strstr(c.found.items[0].v1.data, "...abcdefghabcdefghabcdefghX tail"));
    assert_non_null(strstr(c.found.items[0].v2.data, "...abcdefghabcdefghabcdefghY tail"));
    end(&c);
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

/* ---- codings and ceilings ---- */

/* gzip of {"a":1}, without name and time. */
#define GZIP1                                              \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\x56\x4a" \
    "\x54\xb2\x32\xac\x05\x00\xaf\xac\x1b\x56\x07\x00\x00\x00"

static void compare_messages(struct comparison *c, const char *head1, struct str a,
                             const char *head2, struct str b)
{
    struct http_message m = {.head = str_of(head1), .body = a};
    struct http_message n = {.head = str_of(head2), .body = b};

    assert_int_equal(body_set(&c->a, &m, &c->e), 0);
    assert_int_equal(body_set(&c->b, &n, &c->e), 0);
    assert_int_equal(compare_bodies(&c->a, &c->b, &c->found, &c->e), 0);
}

#define JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void codings_are_undone_before_comparing(void **state)
{
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare_messages(&c, JSON_HEAD "Content-Encoding: gzip\r\n\r\n", STR(GZIP1), JSON_HEAD "\r\n",
                     STR("{\"a\": 1}"));
    assert_int_equal(c.found.count, 0);
    compare_messages(&c, JSON_HEAD "Content-Encoding: gzip\r\n\r\n", STR(GZIP1), JSON_HEAD "\r\n",
                     STR("{\"a\": 2}"));
    assert_int_equal(c.found.count, 1);
    assert_int_equal(c.found.items[0].kind, KIND_VALUE);
    end(&c);
}

static void what_cannot_be_decoded_is_never_equal_by_default(void **state)
{
    struct comparison c;

    (void)state;
    begin(&c, false);
    compare_messages(&c, JSON_HEAD "Content-Encoding: gzip\r\n\r\n", STR("not gzip"),
                     JSON_HEAD "\r\n", STR("{}"));
    assert_int_equal(c.found.count, 1);
    assert_int_equal(c.found.items[0].kind, KIND_TYPE);
    assert_true(c.found.notes & NOTE_CORRUPT);
    diffs_reset(&c.found);
    compare_messages(&c, JSON_HEAD "Content-Encoding: x-odd\r\n\r\n", STR("1"),
                     JSON_HEAD "Content-Encoding: x-odd\r\n\r\n", STR("2"));
    assert_int_equal(c.found.count, 1);
    assert_true(c.found.notes & NOTE_CODING_UNKNOWN);
    end(&c);
}

static void bodies_beyond_the_ceiling_are_compared_by_hash(void **state)
{
    struct comparison c;
    struct http_message m = {.head = STR("HTTP/1.1 200 OK\r\n\r\n"), .body = STR("same start")};
    struct http_message n;

    (void)state;
    m.flags = HTTP_TRUNCATED;
    m.body_size = 1000;
    m.body_hash = 1;
    n = m;
    begin(&c, false);
    body_set(&c.a, &m, &c.e);
    body_set(&c.b, &n, &c.e);
    assert_int_equal(compare_bodies(&c.a, &c.b, &c.found, &c.e), 0);
    assert_int_equal(c.found.count, 0);
    n.body_hash = 2;
    body_set(&c.b, &n, &c.e);
    assert_int_equal(compare_bodies(&c.a, &c.b, &c.found, &c.e), 0);
    assert_int_equal(c.found.count, 1);
    assert_true(c.found.notes & NOTE_CUT);
    end(&c);
}

/* ---- headers ---- */

struct header_row {
    const char *what, *a, *b, *expected;
};

static void check_headers(const struct header_row *rows, size_t n, bool show_secrets)
{
    char head1[2048], head2[2048], text[4096];

    for (size_t i = 0; i < n; i++) {
        struct comparison c;

        begin(&c, show_secrets);
        snprintf(head1, sizeof head1, "HTTP/1.1 200 OK\r\n%s\r\n", rows[i].a);
        snprintf(head2, sizeof head2, "HTTP/1.1 200 Fine\r\n%s\r\n", rows[i].b);
        assert_int_equal(compare_headers(str_of(head1), str_of(head2), &c.found, &c.e), 0);
        list_text(&c.found, text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
        end(&c);
    }
}

static void headers_are_compared_by_what_they_mean(void **state)
{
    static const struct header_row rows[] = {
        {"case of names", "X-A: 1\r\n", "x-a: 1\r\n", ""},
        {"order of names", "X-A: 1\r\nX-B: 2\r\n", "X-B: 2\r\nX-A: 1\r\n", ""},
        {"a value", "X-A: 1\r\n", "X-A: 2\r\n", "value x-a 1 > 2"},
        {"missing", "X-A: 1\r\n", "", "missing x-a 1 > nothing"},
        {"extra", "", "X-A: 1\r\n", "extra x-a nothing > 1"},
        {"lines joined", "X-A: 1\r\nX-A: 2\r\n", "X-A: 1, 2\r\n", ""},
        {"lines not equal", "X-A: 1\r\nX-A: 2\r\n", "X-A: 2, 1\r\n", "value x-a 1, 2 > 2, 1"},
        {"Vary is a set", "Vary: Accept, Origin\r\n", "Vary: origin,accept\r\n", ""},
        {"Allow is a set", "Allow: GET, HEAD\r\n", "Allow: HEAD\r\nAllow: GET\r\n", ""},
        {"a set that grew", "Allow: GET\r\n", "Allow: GET, PUT\r\n", "value allow GET > GET, PUT"},
        {"a list", "Cache-Control: no-store,  max-age=0\r\n",
         "Cache-Control: no-store,max-age=0\r\n", ""},
        {"a list in another order", "Cache-Control: no-store, private\r\n",
         "Cache-Control: private, no-store\r\n",
         "order cache-control no-store, private > private, no-store"},
        {"commas in quotes", "Cache-Control: a=\"1,2\"\r\n", "Cache-Control: a=\"1, 2\"\r\n",
         "value cache-control a=\"1,2\" > a=\"1, 2\""},
        {"media type", "Content-Type: Text/HTML\r\n", "Content-Type: text/plain\r\n",
         "value content-type Text/HTML > text/plain"},
        {"charset only", "Content-Type: text/html\r\n",
         "Content-Type: text/html; charset=utf-8\r\n",
         "(form content-type text/html > text/html; charset=utf-8)"},
        {"coding", "Content-Encoding: gzip\r\n", "", "(encoding content-encoding gzip > identity)"},
        {"ignored by default",
         "Date: 1\r\nServer: a\r\nX-Request-Id: 1\r\nContent-Length: 3\r\nX-B3-TraceId: 1\r\n",
         "Date: 2\r\nServer: b\r\nX-Request-Id: 2\r\nTransfer-Encoding: chunked\r\n",
         "(missing content-length 3 > nothing); (value date 1 > 2); (value server a > b); "
         "(extra transfer-encoding nothing > chunked); (missing x-b3-traceid 1 > nothing); "
         "(value x-request-id 1 > 2)"},
        {"a tag of the same kind", "ETag: \"a\"\r\n", "ETag: \"b\"\r\n",
         "(value etag \"a\" > \"b\")"},
        {"a weak tag", "ETag: \"a\"\r\n", "ETag: W/\"a\"\r\n", "shape etag \"a\" > W/\"a\""},
        {"a tag vanished", "ETag: \"a\"\r\n", "", "missing etag \"a\" > nothing"},
        {"expires", "Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Expires: 0\r\n",
         "shape expires Sun, 06 Nov 1994 08:49:37 GMT > 0"},
        {"security headers count", "Strict-Transport-Security: max-age=1\r\n", "",
         "missing strict-transport-security max-age=1 > nothing"},
    };

    (void)state;
    check_headers(rows, sizeof rows / sizeof *rows, false);
}

static void cookies_are_compared_one_by_one(void **state)
{
    static const struct header_row rows[] = {
        {"order of cookies", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
         "Set-Cookie: b=2\r\nSet-Cookie: a=1\r\n", ""},
        {"values are new each time", "Set-Cookie: sid=1; Path=/\r\n",
         "Set-Cookie: sid=2; path=/\r\n", "(value set-cookie[sid] 1 > 2)"},
        {"a cookie less", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", "Set-Cookie: a=1\r\n",
         "missing set-cookie[b] 2 > nothing"},
        {"joined is not the same", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
         "Set-Cookie: a=1, b=2\r\n",
         "(value set-cookie[a] 1 > 1, b=2); missing set-cookie[b] 2 > nothing"},
        {"an attribute less", "Set-Cookie: a=1; Secure; HttpOnly\r\n",
         "Set-Cookie: a=1; Secure\r\n", "missing set-cookie[a].httponly  > nothing"},
        {"an attribute more", "Set-Cookie: a=1\r\n", "Set-Cookie: a=1; SameSite=None\r\n",
         "extra set-cookie[a].samesite nothing > None"},
        {"another path", "Set-Cookie: a=1; Path=/\r\n", "Set-Cookie: a=1; Path=/x\r\n",
         "value set-cookie[a].path / > /x"},
        {"expires moves", "Set-Cookie: a=1; Expires=Mon\r\n", "Set-Cookie: a=1; Expires=Tue\r\n",
         "(value set-cookie[a].expires Mon > Tue)"},
        {"deleted", "Set-Cookie: a=1\r\n", "Set-Cookie: a=\r\n", "shape set-cookie[a] 1 > (empty)"},
    };

    (void)state;
    check_headers(rows, sizeof rows / sizeof *rows, true);
}

static void credentials_are_hidden(void **state)
{
    static const struct header_row rows[] = {
        {"cookie", "Set-Cookie: sid=abc\r\n", "", "missing set-cookie[sid] (hidden) > nothing"},
        {"authorization", "Authorization: Bearer a\r\n", "Authorization: Bearer b\r\n",
         "value authorization (hidden) > (hidden)"},
    };

    (void)state;
    check_headers(rows, sizeof rows / sizeof *rows, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_compared_as_decimals),
        cmocka_unit_test(json_is_compared_by_meaning),
        cmocka_unit_test(what_is_not_json_is_not_compared_as_json),
        cmocka_unit_test(json_is_recognised_without_its_type),
        cmocka_unit_test(deep_documents_are_compared_in_linear_time),
        cmocka_unit_test(nesting_beyond_the_limit_is_compared_as_text),
        cmocka_unit_test(wide_objects_in_another_order_are_equal),
        cmocka_unit_test(an_element_put_in_front_is_one_difference),
        cmocka_unit_test(a_large_map_that_changed_is_one_field),
        cmocka_unit_test(more_differences_than_the_ceiling_are_counted),
        cmocka_unit_test(text_is_compared_by_line),
        cmocka_unit_test(long_texts_of_other_lines_end_in_one_field),
        cmocka_unit_test(other_bytes_name_the_first_offset),
        cmocka_unit_test(long_values_are_shown_around_their_difference),
        cmocka_unit_test(codings_are_undone_before_comparing),
        cmocka_unit_test(what_cannot_be_decoded_is_never_equal_by_default),
        cmocka_unit_test(bodies_beyond_the_ceiling_are_compared_by_hash),
        cmocka_unit_test(headers_are_compared_by_what_they_mean),
        cmocka_unit_test(cookies_are_compared_one_by_one),
        cmocka_unit_test(credentials_are_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

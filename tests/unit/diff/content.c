/* Bodies of other types than JSON, and in other charsets: what differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/compare.h"
#include "diff/pieces.h"

struct row {
    const char *what;
    const char *type1; /* fields of the head, each with its line end */
    struct str a;
    const char *type2; /* NULL: the same */
    struct str b;
    const char *expected; /* "value $.a 1 > 2; ..." */
};

static void list_text(const struct diffs *list, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < list->count && n < size; i++) {
        const struct difference *d = &list->items[i];
        n += (size_t)snprintf(text + n, size - n, "%s%s %.*s %.*s > %.*s", n ? "; " : "",
                              diff_kind_name(d->kind), STR_ARG(d->path),
                              STR_ARG(d->v1.data ? d->v1 : STR("nothing")),
                              STR_ARG(d->v2.data ? d->v2 : STR("nothing")));
    }
}

static uint32_t compare(const struct row *r, char *text, size_t size)
{
    char head1[512], head2[512];
    struct http_message m = {.body = r->a}, n = {.body = r->b};
    struct body a, b;
    struct diffs found;
    struct err e = {0};
    uint32_t notes;

    snprintf(head1, sizeof head1, "HTTP/1.1 200 OK\r\n%s\r\n", r->type1);
    snprintf(head2, sizeof head2, "HTTP/1.1 200 OK\r\n%s\r\n", r->type2 ? r->type2 : r->type1);
    m.head = str_of(head1);
    n.head = str_of(head2);
    body_init(&a);
    body_init(&b);
    assert_int_equal(diffs_init(&found, false, &e), 0);
    assert_int_equal(body_set(&a, &m, &e), 0);
    assert_int_equal(body_set(&b, &n, &e), 0);
    assert_int_equal(compare_bodies(&a, &b, &found, &e), 0);
    list_text(&found, text, size);
    notes = found.notes;
    diffs_release(&found);
    body_release(&a);
    body_release(&b);
    return notes;
}

static void check(const struct row *rows, size_t n)
{
    char text[4096];

    for (size_t i = 0; i < n; i++) {
        compare(&rows[i], text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
    }
}

#define TYPE(media) "Content-Type: " media "\r\n"
#define SAME(what, type, a, b, e)                     \
    {                                                 \
        what, type, STR_INIT(a), NULL, STR_INIT(b), e \
    }
#define ROW(what, t1, a, t2, b, e)                \
    {                                             \
        what, t1, STR_INIT(a), t2, STR_INIT(b), e \
    }
#define CHECK(rows) check(rows, sizeof rows / sizeof *rows)

static void forms_are_compared_field_by_field(void **state)
{
#define FORM TYPE("application/x-www-form-urlencoded")
    static const struct row rows[] = {
        SAME("order of names", FORM, "a=1&b=2", "b=2&a=1", ""),
        SAME("escapes", FORM, "q=a+b%2Fc", "q=a%20b/c", ""),
        SAME("a value", FORM, "a=1&b=2", "a=1&b=3", "value $.b \"2\" > \"3\""),
        SAME("a field more", FORM, "a=1", "a=1&b=", "extra $.b nothing > \"\""),
        SAME("repeated, in their order", FORM, "a=1&a=2", "a=2&a=1", "value $.a \"1\" > \"2\""),
        SAME("no name at all", FORM, "&&a=1", "a=1&", ""),
        SAME("a percent sign by itself", FORM, "a=100%", "a=100%25", ""),
    };

    (void)state;
    CHECK(rows);
}

static void events_are_compared_one_by_one(void **state)
{
#define EVENTS TYPE("text/event-stream")
    static const struct row rows[] = {
        SAME("line ends and comments", EVENTS, ": hello\ndata: a\n\ndata: b\n\n",
             "data: a\r\n\r\nretry: 10\ndata: b\r\r", ""),
        SAME("data", EVENTS, "event: tick\ndata: 1\n\n", "event: tick\ndata: 2\n\n",
             "value $[*].data \"1\" > \"2\""),
        SAME("JSON in it", EVENTS, "data: {\"a\": 1}\n\n", "data: {\"a\":2}\n\n",
             "value $[*].data.a 1 > 2"),
        SAME("several lines are one text", EVENTS, "data: {\"a\":\ndata: 1}\n\n",
             "data: {\"a\":1}\n\n", ""),
        SAME("id", EVENTS, "id: 7\ndata: x\n\n", "data: x\n\n", "missing $[*].id \"7\" > nothing"),
        SAME("a cut stream", EVENTS, "data: a\n\ndata: b\n\n", "data: a\n\ndata: b\n", ""),
    };

    (void)state;
    CHECK(rows);
}

static void parts_are_compared_without_their_boundary(void **state)
{
    static const struct row rows[] = {
        ROW("another boundary", TYPE("multipart/mixed; boundary=one"),
            "--one\r\nContent-Type: text/plain\r\n\r\nhello\r\n--one--\r\n",
            TYPE("multipart/mixed; boundary=\"two\""),
            "--two\r\ncontent-type: text/plain\r\n\r\nhello\r\n--two--\r\n", ""),
        ROW("content", TYPE("multipart/mixed; boundary=one"),
            "--one\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--one--\r\n",
            TYPE("multipart/mixed; boundary=two"),
            "--two\r\nContent-Type: application/json\r\n\r\n{\"a\":2}\r\n--two--\r\n",
            "value $[*].content.a 1 > 2"),
        SAME("that do not end are text", TYPE("multipart/mixed; boundary=b"),
             "--b\r\n\r\nx\r\n--b--\r\n", "--b\r\n\r\nx\r\n", "missing line 4 --b--\r > nothing"),
    };

    (void)state;
    CHECK(rows);
}

static void markup_is_compared_by_what_it_says(void **state)
{
#define HTML TYPE("text/html; charset=utf-8")
    static const struct row rows[] = {
        SAME("white space", HTML, "<p>Hello,\n  world</p>\n<hr>", "<P >Hello, world</P><hr >", ""),
        SAME("attributes in another order and quoting", HTML, "<a href='/x' class=y>z</a>",
             "<a class=\"y\" href=\"/x\">z</a>", ""),
        SAME("text", HTML, "<html><body><p>a</p></body></html>",
             "<html><body><p>b</p></body></html>", "value html/body/p a > b"),
        SAME("a token in a form", HTML, "<form><input name=csrf value=1f></form>",
             "<form><input name=csrf value=2e></form>", "value form/input@value 1f > 2e"),
        SAME("an attribute more", HTML, "<img src=a>", "<img src=a alt=b>",
             "extra img@alt nothing > b"),
        SAME("a paragraph in front, none of them closed", HTML, "<p>a<p>b<p>c", "<p>x<p>a<p>b<p>c",
             "extra p nothing > x"),
        SAME("cells and items end by the next", HTML, "<table><tr><td>a<td>b<tr><td>c</table>",
             "<table><tr><td>a<td>b<tr><td>d</table>", "value table/tr/td c > d"),
        SAME("another element", HTML, "<b>x</b>", "<i>x</i>",
             "missing b <b > nothing; extra i nothing > <i"),
        SAME("scripts are no markup", HTML, "<script>if (a<b) '<p>'</script>",
             "<script>if (a<b) '<q>'</script>", "value script if (a<b) '<p>' > if (a<b) '<q>'"),
        SAME("XML has names in one case", TYPE("application/xml"), "<a/>", "<A/>",
             "missing a <a > nothing; extra A nothing > <A"),
        SAME("XML, indented", TYPE("application/soap+xml"), "<a><b x=\"1\">t</b></a>",
             "<a>\n  <b\n x='1'>\n t </b>\n</a>\n", ""),
        SAME("an empty element", TYPE("text/xml"), "<a><b/>t</a>", "<a><b></b>t</a>", ""),
        SAME("CDATA", TYPE("text/xml"), "<a><![CDATA[<x> ]]></a>", "<a><![CDATA[<x>  ]]></a>",
             "value a <x>  > <x>  "),
        SAME("no markup at all", HTML, "a < b", "a <", "value (top) < b > <"),
    };

    (void)state;
    CHECK(rows);
}

static void nesting_without_end_is_read(void **state)
{
    static char text[400 * 1000];
    struct units u;
    struct err e;

    (void)state;
    for (size_t i = 0; i + 4 <= sizeof text; i += 4)
        memcpy(text + i, "<a b", 4);
    for (int html = 0; html < 2; html++) {
        units_init(&u, 1);
        assert_int_equal(pieces_read(str_from(text, sizeof text), html, &u, &e), 0);
        units_release(&u);
    }
    for (size_t i = 0; i + 4 <= sizeof text; i += 4)
        memcpy(text + i, "<ab>", 4);
    units_init(&u, 1);
    assert_int_equal(pieces_read(str_from(text, sizeof text), true, &u, &e), 0);
    assert_int_equal(u.n, UNITS_MAX);
    units_release(&u);
}

static void text_is_compared_in_any_charset(void **state)
{
#define LATIN TYPE("text/plain; charset=iso-8859-1")
#define UTF8  TYPE("text/plain; charset=UTF-8")
    static const struct row rows[] = {
        ROW("latin1", LATIN, "caf\xe9 \x80", UTF8, "caf\xc3\xa9 \xe2\x82\xac", ""),
        ROW("a byte that windows-1252 leaves open", LATIN, "\x81", UTF8, "\xc2\x81", ""),
        ROW("Greek", TYPE("text/plain; charset=ISO-8859-7"), "\xe1", UTF8, "\xce\xb1", ""),
        ROW("UTF-16 by its mark", UTF8,
            "\xff\xfe"
            "a\0b\0",
            UTF8, "ab", ""),
        ROW("JSON", TYPE("application/json; charset=latin1"), "{\"a\":\"\xe9\"}",
            TYPE("application/json"), "{\"a\":\"\xc3\xa9\"}", ""),
        ROW("what differs", LATIN, "\xe9", UTF8, "\xc3\xa8", "value line 1 \xc3\xa9 > \xc3\xa8"),
    };

    (void)state;
    CHECK(rows);
}

static void an_unknown_charset_is_said_and_compared_by_bytes(void **state)
{
    static const struct row rows[] = {
        ROW("nobody knows it", TYPE("text/plain; charset=../../x"), "a", UTF8, "b",
            "value line 1 a > b"),
        ROW("bytes that it does not have", TYPE("text/plain; charset=euc-jp"), "\xff\xff",
            TYPE("text/plain; charset=euc-jp"), "\xff\xfd", "value line 1 \xff\xff > \xff\xfd"),
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(compare(&rows[i], text, sizeof text) & NOTE_CHARSET);
        assert_string_equal(text, rows[i].expected);
    }
}

/* {"a":1} */
#define BROTLI1 "\x0b\x03\x80\x7b\x22\x61\x22\x3a\x31\x7d\x03"

static void brotli_is_undone(void **state)
{
    static const struct row rows[] = {
        ROW("against plain", TYPE("application/json") "Content-Encoding: br\r\n", BROTLI1,
            TYPE("application/json"), "{\"a\": 2}", "value $.a 1 > 2"),
    };

    (void)state;
    CHECK(rows);
}

static void targets_that_name_themselves_say_the_same(void **state)
{
    static const struct {
        const char *url, *text, *hidden;
    } rows[] = {
        {"http://v1.test:8080", "http://v1.test:8080/login", "{target}/login"},
        {"http://v1.test:8080/base", "see v1.test:8080.", "see {target}."},
        {"http://v1.test:8080", "https://v1.test:8080/", "https://{target}/"},
        {"https://v1.test", "//v1.test/a and //v1.test:81/", "//{target}/a and //v1.test:81/"},
        {"http://10.0.0.5", "110.0.0.5 10.0.0.50 10.0.0.5", "110.0.0.5 10.0.0.50 {target}"},
        {"http://10.0.0.5", "10.0.0.5.example x.10.0.0.5", "10.0.0.5.example x.10.0.0.5"},
        {"http://[::1]:80", "http://[::1]:80/", "{target}/"},
        {"unix:/run/s.sock", "unix:/run/s.sock", "unix:/run/s.sock"},
    };
    struct arena mem;
    struct err e;

    (void)state;
    arena_init(&mem, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct own_address own = own_address_of(str_of(rows[i].url));
        struct str hidden;

        assert_int_equal(own_address_hide(&own, str_of(rows[i].text), &mem, &hidden, &e), 0);
        if (!str_eq(hidden, str_of(rows[i].hidden)))
            fail_msg("%s: got \"%.*s\", want \"%s\"", rows[i].text, STR_ARG(hidden),
                     rows[i].hidden);
    }
    arena_release(&mem);
}

static void own_addresses_are_hidden_in_fields(void **state)
{
    const struct own_address one = own_address_of(STR("http://one.test:81"));
    const struct own_address two = own_address_of(STR("http://two.test:82"));
    struct diffs found;
    struct err e;
    char text[512];

    (void)state;
    assert_int_equal(diffs_init(&found, false, &e), 0);
    found.own1 = &one;
    found.own2 = &two;
    assert_int_equal(compare_headers(STR("HTTP/1.1 302 Found\r\nLocation: http://one.test:81/a\r\n"
                                         "Set-Cookie: a=b; Domain=.one.test\r\n"
                                         "Link: <http://one.test:81/b>\r\n\r\n"),
                                     STR("HTTP/1.1 302 Found\r\nLocation: http://two.test:82/a\r\n"
                                         "Set-Cookie: a=b; Domain=two.test\r\n"
                                         "Link: <http://one.test:81/b>\r\n\r\n"),
                                     &found, &e),
                     0);
    list_text(&found, text, sizeof text);
    assert_string_equal(text, "value link <{target}/b> > <http://one.test:81/b>");
    diffs_release(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_compared_field_by_field),
        cmocka_unit_test(events_are_compared_one_by_one),
        cmocka_unit_test(parts_are_compared_without_their_boundary),
        cmocka_unit_test(markup_is_compared_by_what_it_says),
        cmocka_unit_test(nesting_without_end_is_read),
        cmocka_unit_test(text_is_compared_in_any_charset),
        cmocka_unit_test(an_unknown_charset_is_said_and_compared_by_bytes),
        cmocka_unit_test(brotli_is_undone),
        cmocka_unit_test(targets_that_name_themselves_say_the_same),
        cmocka_unit_test(own_addresses_are_hidden_in_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

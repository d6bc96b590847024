/* Pitfalls of comparing JSON, one row each: what is told, and what is noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "diff/compare.h"

enum { HUGE_ARRAY = 50000, OTHER_ARRAY = 20000, WIDE = 100000, DEEP = 60 };

#define JSON   "application/json"
#define NDJSON "application/x-ndjson"
#define D10    "1234567890"
#define D69    D10 D10 D10 D10 D10 D10 "123456789"

struct row {
    const char *what, *type;
    struct str a, b;
    const char *expected; /* "kind path v1 > v2", in parentheses what does not count */
    uint32_t notes;
};

#define ROW(what, type, a, b, expected, notes)                \
    {                                                         \
        what, type, STR_INIT(a), STR_INIT(b), expected, notes \
    }

static const struct row rows[] = {
    /* numbers */
    ROW("big int", JSON, "9007199254740993", "9007199254740992",
        "value $ 9007199254740993 > 9007199254740992", 0),
    ROW("just under", JSON, "[9007199254740991,4503599627370497]",
        "[9007199254740990,4503599627370496]", "value $[*] 9007199254740991 > 9007199254740990", 0),
    ROW("more than 64 bits", JSON, "18446744073709551616", "18446744073709551615",
        "value $ 18446744073709551616 > 18446744073709551615", 0),
    ROW("thirty digits", JSON, "123456789012345678901234567890", "123456789012345678901234567891",
        "value $ 123456789012345678901234567890 > 123456789012345678901234567891", 0),
    ROW("more than 63 characters", JSON, "[" D69 "0,5]", "[" D69 "1,5]",
        "value $[*] " D69 "0 > " D69 "1", 0),
    ROW("decimal", JSON, "0.1", "0.10000000000000001", "value $ 0.1 > 0.10000000000000001", 0),
    ROW("money", JSON, "{\"p\":10.10}", "{\"p\":10.1}", "(form $.p 10.10 > 10.1)", 0),
    ROW("1.0 and 1", JSON, "[1.0]", "[1]", "(form $[*] 1.0 > 1)", 0),
    ROW("1e2 and 100", JSON, "1e2", "100", "(form $ 1e2 > 100)", 0),
    ROW("-0 and 0", JSON, "-0", "0", "(form $ -0 > 0)", 0),
    ROW("exponent bomb", JSON, "1e1000000000", "1e999999999", "value $ 1e1000000000 > 1e999999999",
        0),
    ROW("exponent bomb, equal", JSON, "1e1000000000", "10e999999999",
        "(form $ 1e1000000000 > 10e999999999)", 0),
    ROW("overflow", JSON, "1e400", "2e400", "value $ 1e400 > 2e400", 0),

    /* not JSON */
    ROW("NaN", JSON, "{\"a\":NaN}", "{\"a\":1}", "type $ not JSON (offset 5) > JSON: object",
        NOTE_NOT_JSON),
    ROW("Infinity", JSON, "[1]", "[Infinity]", "type $ JSON: array > not JSON (offset 1)",
        NOTE_NOT_JSON),
    ROW("01", JSON, "[01]", "[1]", "type $ not JSON (offset 2) > JSON: array", NOTE_NOT_JSON),
    ROW("1.", JSON, "[1.]", "[1]", "type $ not JSON (offset 3) > JSON: array", NOTE_NOT_JSON),
    ROW("+1", JSON, "[+1]", "[1]", "type $ not JSON (offset 1) > JSON: array", NOTE_NOT_JSON),
    ROW("hexadecimal", JSON, "[0x1]", "[1]", "type $ not JSON (offset 2) > JSON: array",
        NOTE_NOT_JSON),
    ROW("trailing comma", JSON, "[1,]", "[1]", "type $ not JSON (offset 3) > JSON: array",
        NOTE_NOT_JSON),
    ROW("comment", JSON, "[1/**/]", "[1]", "type $ not JSON (offset 2) > JSON: array",
        NOTE_NOT_JSON),
    ROW("single quotes", JSON, "['a']", "[\"a\"]", "type $ not JSON (offset 1) > JSON: array",
        NOTE_NOT_JSON),
    ROW("something behind it", JSON, "{} x", "{}", "type $ not JSON (offset 3) > JSON: object",
        NOTE_NOT_JSON),
    ROW("both are not, then as text", JSON, "{\"a\":NaN}", "{\"a\":nan}",
        "value line 1 {\"a\":NaN} > {\"a\":nan}", NOTE_NOT_JSON),
    ROW("both are not, and are equal", JSON, "{\"a\":NaN}", "{\"a\":NaN}", "", NOTE_NOT_JSON),
    ROW("bytes that are not UTF-8", JSON, "\"bad\xff\"", "\"bad\"",
        "type $ not JSON (offset 4) > JSON: string", NOTE_NOT_JSON),

    /* objects */
    ROW("a name twice", JSON, "{\"a\":1,\"a\":2}", "{\"a\":2}", "missing $.a 1 > nothing", 0),
    ROW("a name twice, on the other side", JSON, "{\"a\":1}", "{\"a\":1,\"a\":2}",
        "extra $.a nothing > 2", 0),
    ROW("a name twice, on both", JSON, "{\"a\":1,\"b\":1,\"a\":2}", "{\"b\":1,\"a\":1,\"a\":2}", "",
        NOTE_TWINS),
    ROW("a name twice, the other way", JSON, "{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}",
        "value $.a 1 > 2", 0),
    ROW("and in an array", JSON, "[{\"a\":1,\"a\":2}]", "[{\"a\":2,\"a\":1}]", "value $[*].a 1 > 2",
        0),
    ROW("key order", JSON, "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "", 0),
    ROW("odd keys", JSON, "{\"\":1,\"a.b\":2,\"a['x']\":3,\"n\\nl\":4}",
        "{\"\":2,\"a.b\":3,\"a['x']\":4,\"n\\nl\":5}",
        "value $[''] 1 > 2; value $['a.b'] 2 > 3; value $['a[\\'x\\']'] 3 > 4; "
        "value $['n\\nl'] 4 > 5",
        0),

    /* strings */
    ROW("escapes", JSON, "[\"\\u00e9\",\"\\/\",\"\\ud83d\\ude00\"]",
        "[\"\xc3\xa9\",\"/\",\"\xf0\x9f\x98\x80\"]", "", 0),
    ROW("composed or not", JSON, "\"\xc3\xa9\"", "\"e\\u0301\"",
        "value $ \"\xc3\xa9\" > \"e\xcc\x81\"", 0),
    ROW("lone surrogate", JSON, "[\"\\ud83d\"]", "[\"\\ud83d\" ]", "", 0),
    ROW("another lone surrogate", JSON, "\"\\ud83d\"", "\"\\ude00\"",
        "value $ \"\\ud83d\" > \"\\ude00\"", 0),
    ROW("embedded NUL", JSON, "\"a\\u0000b\"", "\"a\\u0000c\"",
        "value $ \"a\\u0000b\" > \"a\\u0000c\"", 0),
    ROW("JSON in a string", JSON, "\"{\\\"a\\\":1}\"", "\"{\\\"a\\\": 1}\"",
        "value $ \"{\\\"a\\\":1}\" > \"{\\\"a\\\": 1}\"", 0),

    /* whole bodies */
    ROW("byte order mark", JSON, "\xef\xbb\xbf{}", "{}",
        "(form $ with a byte order mark > without)", 0),
    ROW("scalars", JSON, "1", "\"1\"", "type $ 1 > \"1\"", 0),
    ROW("null", JSON, "null", "0", "null $ null > 0", 0),
    ROW("empty", JSON, "", "{}", "type $ not JSON (empty) > 2 bytes", 0),
    ROW("both empty", JSON, "", "", "", 0),

    /* lines */
    ROW("lines", NDJSON, "{\"a\":1}\n{\"a\":2}\n", "{\"a\": 1}\n{\"a\": 3}", "value $[*].a 2 > 3",
        0),
    ROW("a line more", NDJSON, "{\"a\":1}\n", "{\"a\":1}\n{\"a\":2}\n",
        "extra $[*] nothing > {\"a\":2}", 0),
    ROW("records", "application/json-seq", "\x1e{\"a\":1}\n\x1e[2]\n", "\x1e{\"a\":1}\n\x1e[3]\n",
        "value $[*][*] 2 > 3", 0),
    ROW("a line that is not JSON", NDJSON, "{\"a\":1}\n{", "{\"a\":1}\n",
        "type $ not JSON (offset 9) > JSON: array", NOTE_NOT_JSON),
};

struct comparison {
    struct diffs found;
    struct body a, b;
};

static void begin(struct comparison *c)
{
    assert_int_equal(diffs_init(&c->found, false, NULL), 0);
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
    char head[128];
    struct http_message m = {.body = a}, n = {.body = b};

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n", type);
    m.head = n.head = str_of(head);
    assert_int_equal(body_set(&c->a, &m, NULL), 0);
    assert_int_equal(body_set(&c->b, &n, NULL), 0);
    assert_int_equal(compare_bodies(&c->a, &c->b, &c->found, NULL), 0);
}

static void list_text(const struct diffs *list, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const struct difference *d = &list->items[i];

        n += (size_t)snprintf(text + n, size - n, "%s%s%s %.*s %.*s > %.*s%s", n ? "; " : "",
                              d->ignored ? "(" : "", diff_kind_name(d->kind), STR_ARG(d->path),
                              STR_ARG(d->v1.data ? d->v1 : STR("nothing")),
                              STR_ARG(d->v2.data ? d->v2 : STR("nothing")), d->ignored ? ")" : "");
    }
}

static void every_row_is_told_as_it_should_be(void **state)
{
    char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct comparison c;

        begin(&c);
        compare(&c, rows[i].type, rows[i].a, rows[i].b);
        list_text(&c.found, text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].what, text, rows[i].expected);
        if (c.found.notes != rows[i].notes)
            fail_msg("%s: notes %x, not %x", rows[i].what, c.found.notes, rows[i].notes);
        end(&c);
    }
}

/* ---- what is large ---- */

struct text {
    char *data;
    size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;

    if (!t->data)
        t->data = malloc(8 << 20);
    assert_non_null(t->data);
    va_start(ap, fmt);
    t->len += (size_t)vsnprintf(t->data + t->len, (8 << 20) - t->len, fmt, ap);
    va_end(ap);
}

/* Compare and free; seconds of processor time, without the sanitizers' part. */
static double spend(struct comparison *c, struct text *a, struct text *b)
{
    clock_t from = clock();

    begin(c);
    compare(c, JSON, str_from(a->data, a->len), str_from(b->data, b->len));
    free(a->data);
    free(b->data);
    return (double)(clock() - from) / CLOCKS_PER_SEC;
}

/* Ten times what is promised, for machines under sanitizers; what is quadratic or
 * worse takes a thousand times as long. */
#define SOON 1.0

static void deep_equal_objects_are_linear(void **state)
{
    struct text a = {0}, b = {0};
    struct comparison c;

    (void)state;
    for (int i = 0; i < DEEP; i++) {
        add(&a, "{\"a\":{\"x\":1},\"b\":");
        add(&b, "{ \"b\":");
    }
    add(&a, "1");
    add(&b, "1");
    for (int i = 0; i < DEEP; i++) {
        add(&a, "}");
        add(&b, ",\"a\":{\"x\":1}}");
    }
    assert_true(spend(&c, &a, &b) < SOON);
    assert_int_equal(c.found.count, 0);
    end(&c);
}

/* Each level holds what is inside once more to look at. */
static void deep_arrays_that_differ_inside_are_linear(void **state)
{
    struct text a = {0}, b = {0};
    struct comparison c;

    (void)state;
    for (int i = 0; i < 900; i++) {
        add(&a, "[{\"x\":%d,\"y\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]},", i);
        add(&b, "[{\"y\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],\"x\":%d},", i);
    }
    add(&a, "1");
    add(&b, "2");
    for (int i = 0; i < 900; i++) {
        add(&a, "]");
        add(&b, "]");
    }
    assert_true(spend(&c, &a, &b) < SOON);
    assert_int_equal(c.found.count, 1);
    assert_int_equal(c.found.items[0].kind, KIND_VALUE);
    end(&c);
}

static void nesting_is_compared_up_to_the_limit(void **state)
{
    static const int depths[] = {1000, 1001, 100000};

    (void)state;
    for (size_t k = 0; k < sizeof depths / sizeof *depths; k++) {
        int depth = depths[k];
        struct text a = {0}, b = {0};
        struct comparison c;

        for (int i = 0; i < depth; i++) {
            add(&a, "[");
            add(&b, "[");
        }
        add(&a, "1");
        add(&b, "2");
        for (int i = 0; i < depth; i++) {
            add(&a, "]");
            add(&b, "]");
        }
        assert_true(spend(&c, &a, &b) < SOON);
        assert_int_equal(c.found.count, 1);
        assert_int_equal(c.found.notes & NOTE_TOO_DEEP, depth > JSON_MAX_DEPTH ? NOTE_TOO_DEEP : 0);
        end(&c);
    }
}

static void wide_objects_backwards_are_equal(void **state)
{
    struct text a = {0}, b = {0};
    struct comparison c;

    (void)state;
    for (int i = 0; i < WIDE; i++) {
        add(&a, "%c\"k%d\":%d", i ? ',' : '{', i, i);
        add(&b, "%c\"k%d\":%d", i ? ',' : '{', WIDE - 1 - i, WIDE - 1 - i);
    }
    add(&a, "}");
    add(&b, "}");
    assert_true(spend(&c, &a, &b) < SOON);
    assert_int_equal(c.found.count, 0);
    end(&c);
}

static void one_in_front_of_a_huge_array_is_one_extra(void **state)
{
    struct text a = {0}, b = {0};
    struct comparison c;

    (void)state;
    add(&b, "[{\"id\":-1}");
    for (int i = 0; i < HUGE_ARRAY; i++) {
        add(&a, "%c{\"id\":%d}", i ? ',' : '[', i);
        add(&b, ",{\"id\":%d}", i);
    }
    add(&a, "]");
    add(&b, "]");
    assert_true(spend(&c, &a, &b) < SOON);
    assert_int_equal(c.found.count, 1);
    assert_int_equal(c.found.items[0].kind, KIND_EXTRA);
    assert_int_equal(c.found.items[0].elements, 1);
    assert_true(str_eq(c.found.items[0].at, STR("$[0]")));
    end(&c);
}

static void arrays_with_nothing_in_common_end_as_multisets(void **state)
{
    struct text a = {0}, b = {0};
    struct comparison c;

    (void)state;
    for (int i = 0; i < OTHER_ARRAY; i++) {
        add(&a, "%c%d", i ? ',' : '[', i);
        add(&b, "%c%d", i ? ',' : '[', i + 1000000);
    }
    add(&a, "]");
    add(&b, ",7777777]");
    assert_true(spend(&c, &a, &b) < SOON);
    assert_int_equal(c.found.count, 2);
    assert_int_equal(c.found.items[0].elements, OTHER_ARRAY);
    assert_int_equal(c.found.items[1].elements, OTHER_ARRAY + 1);
    assert_int_equal(c.found.notes, NOTE_ARRAY_APART);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_told_as_it_should_be),
        cmocka_unit_test(deep_equal_objects_are_linear),
        cmocka_unit_test(deep_arrays_that_differ_inside_are_linear),
        cmocka_unit_test(nesting_is_compared_up_to_the_limit),
        cmocka_unit_test(wide_objects_backwards_are_equal),
        cmocka_unit_test(one_in_front_of_a_huge_array_is_one_extra),
        cmocka_unit_test(arrays_with_nothing_in_common_end_as_multisets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

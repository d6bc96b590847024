#include "core/json.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

static void assert_text(const struct buf *b, const char *want)
{
    assert_string_equal(b->data ? b->data : "", want);
    assert_int_equal(b->len, strlen(want));
}

/* One value of every kind; `pretty` or not. */
static void write_sample(struct json_writer *w)
{
    json_open_object(w);
    json_key(w, "s");
    json_str(w, STR("x"));
    json_key_str(w, STR("none"));
    json_cstr(w, NULL);
    json_key(w, "list");
    json_open_array(w);
    json_u64(w, UINT64_MAX);
    json_i64(w, INT64_MIN);
    json_i64_str(w, INT64_MAX);
    json_bool(w, true);
    json_raw(w, STR("[1]"));
    json_close(w);
    json_key(w, "empty");
    json_open_object(w);
    json_close(w);
    json_close(w);
}

static void values_are_written_without_blanks(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    json_begin(&w, &out, false, NULL);
    write_sample(&w);
    assert_int_equal(json_end_all(&w), 0);
    assert_text(&out, "{\"s\":\"x\",\"none\":null,\"list\":[18446744073709551615,"
                      "-9223372036854775808,\"9223372036854775807\",true,[1]],\"empty\":{}}");
    buf_release(&out);
}

static void pretty_puts_one_item_a_line(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    json_begin(&w, &out, true, NULL);
    write_sample(&w);
    assert_int_equal(json_end_all(&w), 0);
    assert_text(&out, "{\n  \"s\": \"x\",\n  \"none\": null,\n  \"list\": [\n"
                      "    18446744073709551615,\n    -9223372036854775808,\n"
                      "    \"9223372036854775807\",\n    true,\n    [1]\n  ],\n"
                      "  \"empty\": {}\n}");
    buf_release(&out);
}

static void what_is_open_is_closed_at_the_end(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    json_begin(&w, &out, false, NULL);
    json_open_array(&w);
    json_open_object(&w);
    json_key(&w, "a");
    json_open_array(&w);
    assert_int_equal(json_end_all(&w), 0);
    assert_text(&out, "[{\"a\":[]}]");
    buf_release(&out);
}

static void the_first_failure_sticks(void **state)
{
    struct json_writer w;
    struct err e = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 8);
    json_begin(&w, &out, false, &e);
    json_open_array(&w);
    json_str(&w, STR("too long for it"));
    json_u64(&w, 1);
    json_close(&w);
    assert_int_equal(json_end_all(&w), -1);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_text(&out, "[");
    buf_release(&out);
}

static void too_deep_is_a_failure_and_not_a_crash(void **state)
{
    for (int depth = JSON_WRITER_DEPTH; depth <= JSON_WRITER_DEPTH + 2; depth++) {
        struct json_writer w;
        struct err e = {0};
        struct buf out;

        (void)state;
        buf_init(&out, 1 << 20);
        json_begin(&w, &out, true, &e);
        for (int i = 0; i < depth; i++)
            json_open_array(&w);
        json_u64(&w, 1);
        for (int i = 0; i < depth; i++)
            json_close(&w);
        assert_int_equal(json_end_all(&w), depth > JSON_WRITER_DEPTH ? -1 : 0);
        assert_int_equal(e.kind != ERR_NONE, depth > JSON_WRITER_DEPTH);
        buf_release(&out);
    }
}

/* ---- doubles ---- */

static void doubles_are_short_and_read_back_the_same(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {0.1, "0.1"},
        {1.1, "1.1"},
        {99.95, "99.95"},
        {-2.5e-7, "-2.5e-07"},
        {1e300, "1e+300"},
        {9007199254740991.0, "9007199254740991"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {5e-324, "5e-324"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
        {-(double)INFINITY, "null"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_writer w;
        struct buf out;

        buf_init(&out, 64);
        json_begin(&w, &out, false, NULL);
        json_double(&w, rows[i].v);
        assert_int_equal(json_end_all(&w), 0);
        assert_text(&out, rows[i].text);
        if (isfinite(rows[i].v))
            assert_true(strtod(out.data, NULL) == rows[i].v);
        buf_release(&out);
    }
}

/* ---- strings ---- */

static void assert_string_written(struct str s, const char *want, bool valid)
{
    struct buf out;
    int rc = -1;

    buf_init(&out, 4096);
    assert_int_equal(json_write_string(&out, s, NULL, &rc), valid);
    assert_int_equal(rc, 0);
    assert_text(&out, want);
    buf_release(&out);
}

static void strings_are_safe_inside_html_and_on_terminals(void **state)
{
    static const struct {
        struct str s;
        const char *text;
    } rows[] = {
        {STR_INIT(""), "\"\""},
        {STR_INIT("plain / text"), "\"plain / text\""},
        {STR_INIT("\"\\"), "\"\\\"\\\\\""},
        {STR_INIT("\b\t\n\f\r\v\0"), "\"\\b\\t\\n\\f\\r\\u000b\\u0000\""},
        {STR_INIT("\x1b[31m\x7f"), "\"\\u001b[31m\\u007f\""},
        {STR_INIT("\xc2\x9b\x33\xc2\xa0"), "\"\\u009b3\xc2\xa0\""},
        {STR_INIT("</script>&"), "\"\\u003c/script\\u003e\\u0026\""},
        {STR_INIT("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\""},
        {STR_INIT("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_written(rows[i].s, rows[i].text, true);
}

static void what_is_not_utf8_is_replaced_and_told(void **state)
{
    (void)state;
    assert_string_written(STR("a\xff"), "\"a\xef\xbf\xbd\"", false);
    assert_string_written(STR("\xc3"), "\"\xef\xbf\xbd\"", false);
    assert_string_written(STR("\xed\xa0\xbdz"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"", false);
}

static void a_string_that_does_not_fit_leaves_nothing(void **state)
{
    struct err e = {0};
    struct buf out;
    int rc = 0;

    (void)state;
    buf_init(&out, 10);
    assert_int_equal(buf_add(&out, STR("1,"), NULL), 0);
    json_write_string(&out, STR("ten bytes \n and more"), &e, &rc);
    assert_int_equal(rc, -1);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_text(&out, "1,");
    buf_release(&out);
}

/* ---- reading ---- */

static struct json_doc *read_doc(const char *text)
{
    struct err e = {0};
    struct json_doc *d = json_read(str_of(text), &e);

    if (!d)
        fail_msg("%s: %s", text, e.text);
    return d;
}

static void members_are_found_by_path(void **state)
{
    struct json_doc *d = read_doc("{\"a\":{\"b\":{\"c\":\"deep\"},\"n\":7,\"B\":1},\"x.y\":1,"
                                  "\"f\":0.25,\"list\":[1]}");
    struct str s;

    (void)state;
    assert_true(json_get_str(d, "a.b.c", &s));
    assert_int_equal(s.len, 4);
    assert_memory_equal(s.data, "deep", 4);
    assert_int_equal(json_get_u64(d, "a.n", 99), 7);
    assert_true(json_get_double(d, "f", 1) == 0.25);
    assert_true(json_get_double(d, "a.n", 1) == 7);
    assert_false(json_get_str(d, "a.b", &s));
    assert_false(json_get_str(d, "a.n", &s));
    assert_false(json_get_str(d, "A.b.c", &s));
    assert_false(json_get_str(d, "a.b.c.d", &s));
    assert_false(json_get_str(d, "", &s));
    assert_int_equal(json_get_u64(d, "a.b", 99), 99);
    assert_int_equal(json_get_u64(d, "list.0", 99), 99);
    assert_int_equal(json_get_u64(d, "x.y", 99), 99);
    assert_int_equal(json_get_u64(d, "f", 99), 99);
    assert_true(json_get_double(d, "missing", 1) == 1);
    json_doc_free(d);
}

static void counters_are_exact_up_to_2_to_the_53_and_beyond_as_strings(void **state)
{
    struct json_doc *d = read_doc("{\"a\":9007199254740992,\"b\":9007199254740994,\"c\":-1,"
                                  "\"d\":\"18446744073709551615\",\"e\":\"18446744073709551616\","
                                  "\"f\":1e400,\"g\":\"12x\",\"h\":0}");

    (void)state;
    assert_true(json_get_u64(d, "a", 5) == 9007199254740992);
    assert_int_equal(json_get_u64(d, "b", 5), 5);
    assert_int_equal(json_get_u64(d, "c", 5), 5);
    assert_true(json_get_u64(d, "d", 5) == UINT64_MAX);
    assert_int_equal(json_get_u64(d, "e", 5), 5);
    assert_int_equal(json_get_u64(d, "f", 5), 5);
    assert_int_equal(json_get_u64(d, "g", 5), 5);
    assert_int_equal(json_get_u64(d, "h", 5), 0);
    assert_true(json_get_double(d, "f", 5) == 5);
    json_doc_free(d);
}

static void what_is_not_json_as_a_whole_is_refused(void **state)
{
    static const char *const texts[] = {"",      "{} x",     "{}{}",     "01",
                                        "[1,]",  "\"\t\"",   "{\"a\":1", "{\"a\":1,",
                                        "nulll", "\"\xff\"", "'a'",      "\"\\ud800\""};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = {0};
        if (json_read(str_of(texts[i]), &e))
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(e.kind, ERR_INPUT);
        assert_true(e.text[0] != '\0');
    }
    assert_null(json_read((struct str){0}, NULL));
    assert_null(json_read(STR("{}\0"), NULL));
}

struct visits {
    struct buf seen;
};

static void note_visit(void *ctx, const char *key, struct str text, uint64_t number)
{
    struct visits *v = ctx;

    assert_int_equal(buf_printf(&v->seen, NULL, "%s=%s%.*s/%d ", key, text.data ? "" : "-",
                                STR_ARG(text), (int)number),
                     0);
}

static void each_visits_members_in_order(void **state)
{
    struct json_doc *d = read_doc("{\"m\":{\"z\":3,\"a\":\"text\",\"n\":\"12\",\"e\":\"\","
                                  "\"o\":{},\"f\":1.5},\"l\":[1]}");
    struct visits v;

    (void)state;
    buf_init(&v.seen, 4096);
    json_each(d, "m", note_visit, &v);
    json_each(d, "l", note_visit, &v);
    json_each(d, "none", note_visit, &v);
    assert_text(&v.seen, "z=-/3 a=text/0 n=12/12 e=/0 o=-/0 f=-/0 ");
    buf_release(&v.seen);
    json_doc_free(d);
}

static void the_empty_path_is_the_document(void **state)
{
    struct json_doc *d = read_doc(" \"alone\" ");
    struct str s;

    (void)state;
    assert_true(json_get_str(d, "", &s));
    assert_int_equal(s.len, 5);
    json_doc_free(d);
}

static void what_was_written_reads_back(void **state)
{
    struct json_writer w;
    struct json_doc *d;
    struct buf out;
    struct str s;

    (void)state;
    buf_init(&out, 4096);
    json_begin(&w, &out, true, NULL);
    json_open_object(&w);
    json_key(&w, "<a>&\"\\\n");
    json_str(&w, STR("\x1b \xe2\x80\xa8 \xf0\x9f\x98\x80 </x>"));
    json_key(&w, "when");
    json_i64_str(&w, 1700000000123456789);
    assert_int_equal(json_end_all(&w), 0);
    d = read_doc(out.data);
    assert_true(json_get_str(d, "<a>&\"\\\n", &s));
    assert_string_equal(s.data, "\x1b \xe2\x80\xa8 \xf0\x9f\x98\x80 </x>");
    assert_true(json_get_u64(d, "when", 0) == 1700000000123456789);
    json_doc_free(d);
    buf_release(&out);
}

static void no_memory_is_not_told_as_bad_json(void **state)
{
    struct str text = STR("{\"a\":{\"b\":\"c\"},\"d\":[1,2,\"\\n\"]}");
    struct json_doc *d;
    uint64_t n = 0;

    (void)state;
    do {
        struct err e = {0};

        mem_fail_at(++n, MEM_FAIL_ONCE);
        d = json_read(text, &e);
        mem_fail_at(0, MEM_FAIL_NEVER);
        if (!d)
            assert_int_equal(e.kind, ERR_NOMEM);
    } while (!d);
    assert_true(n > 5);
    json_doc_free(d);
}

static void *read_many(void *unused)
{
    for (int i = 0; i < 200; i++)
        json_doc_free(json_read(STR("{\"a\":[1,2,3]}"), NULL));
    return unused;
}

static void threads_may_read_at_once(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_read_at_once), /* first: they race for the hooks */
        cmocka_unit_test(values_are_written_without_blanks),
        cmocka_unit_test(pretty_puts_one_item_a_line),
        cmocka_unit_test(what_is_open_is_closed_at_the_end),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(too_deep_is_a_failure_and_not_a_crash),
        cmocka_unit_test(doubles_are_short_and_read_back_the_same),
        cmocka_unit_test(strings_are_safe_inside_html_and_on_terminals),
        cmocka_unit_test(what_is_not_utf8_is_replaced_and_told),
        cmocka_unit_test(a_string_that_does_not_fit_leaves_nothing),
        cmocka_unit_test(members_are_found_by_path),
        cmocka_unit_test(counters_are_exact_up_to_2_to_the_53_and_beyond_as_strings),
        cmocka_unit_test(what_is_not_json_as_a_whole_is_refused),
        cmocka_unit_test(each_visits_members_in_order),
        cmocka_unit_test(the_empty_path_is_the_document),
        cmocka_unit_test(what_was_written_reads_back),
        cmocka_unit_test(no_memory_is_not_told_as_bad_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

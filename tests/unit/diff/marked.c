/* Which characters changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "diff/marked.h"

/* A text with what changed in brackets. */
static void mark(struct str s, const struct marked *m, int side, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < m->n[side]; i++) {
        size_t len = m->runs[side][i].len;

        assert_true(len > 0 && len <= s.len);
        buf_printf(out, NULL, m->runs[side][i].changed ? "[%.*s]" : "%.*s", (int)len, s.data);
        s = str_skip(s, len);
    }
    assert_int_equal(s.len, 0);
}

static void what_changed_is_marked(void **state)
{
    static const struct {
        const char *a, *b, *marked_a, *marked_b;
    } rows[] = {
        {"same", "same", "same", "same"},
        {"", "new", "", "[new]"},
        {"old", "", "[old]", ""},
        {"10.10", "10.1000001", "10.10", "10.10[00001]"},
        {"the cat sat", "the dog sat", "the [cat] sat", "the [dog] sat"},
        {"\"warm\"", "\"cold\"", "\"[warm]\"", "\"[cold]\""},
        {"abc-def-ghi", "abc+def+ghi", "abc[-]def[-]ghi", "abc[+]def[+]ghi"},
        /* an island of two characters is no news */
        {"aaaaXYbbbb", "ccccXYdddd", "[aaaaXYbbbb]", "[ccccXYdddd]"},
        {"caf\xc3\xa9", "caf\xc3\xa8", "caf[\xc3\xa9]", "caf[\xc3\xa8]"},
        {"a\xff"
         "b",
         "a\xfe"
         "b",
         "a[\xff]b", "a[\xfe]b"},
    };
    struct marker *k = marker_new(NULL);
    struct marked m;
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);
    assert_non_null(k);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str a = str_of(rows[i].a), b = str_of(rows[i].b);

        marker_compare(k, a, b, &m);
        mark(a, &m, 0, &out);
        assert_string_equal(out.len ? out.data : "", rows[i].marked_a);
        mark(b, &m, 1, &out);
        assert_string_equal(out.len ? out.data : "", rows[i].marked_b);
    }
    buf_release(&out);
    marker_free(k);
}

/* Runs are the whole text and end between characters, however long and odd. */
static void runs_are_whole(void **state)
{
    static const char *const words[] = {"a", "bb", "\xc3\xa9", "\xff", "x y", "\xe2\x82\xac", "12"};
    struct marker *k = marker_new(NULL);
    unsigned seed = 7;
    struct buf a, b;

    (void)state;
    buf_init(&a, 1 << 16);
    buf_init(&b, 1 << 16);
    for (int round = 0; round < 300; round++) {
        struct marked m;

        buf_reset(&a);
        buf_reset(&b);
        for (int i = 0; i < round; i++) {
            seed = seed * 1103515245 + 12345;
            buf_add(&a, str_of(words[seed >> 16 & 3]), NULL);
            buf_add(&b, str_of(words[(seed >> 16 & 3) + (seed >> 20 & 3)]), NULL);
        }
        marker_compare(k, buf_str(&a), buf_str(&b), &m);
        for (int side = 0; side < 2; side++) {
            struct str s = side ? buf_str(&b) : buf_str(&a);
            size_t sum = 0;

            for (size_t i = 0; i < m.n[side]; i++)
                sum += m.runs[side][i].len;
            assert_int_equal(sum, s.len);
        }
    }
    buf_release(&a);
    buf_release(&b);
    marker_free(k);
}

static void long_texts_are_marked_between_their_ends(void **state)
{
    struct marker *k = marker_new(NULL);
    struct buf a, b, out;
    struct marked m;

    (void)state;
    buf_init(&a, 1 << 16);
    buf_init(&b, 1 << 16);
    buf_init(&out, 1 << 16);
    for (int i = 0; i < 1000; i++) {
        buf_addc(&a, i == 500 ? 'x' : '.', NULL);
        buf_addc(&b, i == 500 ? 'y' : '.', NULL);
    }
    marker_compare(k, buf_str(&a), buf_str(&b), &m);
    mark(buf_str(&a), &m, 0, &out);
    assert_non_null(strstr(out.data, ".[x]."));
    assert_int_equal(m.n[0], 3);
    buf_release(&a);
    buf_release(&b);
    buf_release(&out);
    marker_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changed_is_marked),
        cmocka_unit_test(runs_are_whole),
        cmocka_unit_test(long_texts_are_marked_between_their_ends),
    };

    return cmocka_run_group_tests_name("marked", tests, NULL, NULL);
}

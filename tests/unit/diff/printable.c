/* Nothing out of the network moves a cursor or reorders a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "diff/page.h"
#include "diff/printable.h"

struct row {
    const char *text, *expected;
    size_t columns;
    bool ascii;
};

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf out;
        int used;

        buf_init(&out, 4096);
        used = printable_add(&out, str_of(rows[i].text), rows[i].columns, rows[i].ascii, NULL);
        if (!str_eq(buf_str(&out), str_of(rows[i].expected)))
            fail_msg("row %zu: got \"%.*s\", want \"%s\"", i, STR_ARG(buf_str(&out)),
                     rows[i].expected);
        assert_true(used >= 0 && (size_t)used <= rows[i].columns);
        buf_release(&out);
    }
}

static void harmful_bytes_are_escaped(void **state)
{
    static const struct row rows[] = {
        {"plain \xc3\xa9 \xe4\xb8\xad", "plain \xc3\xa9 \xe4\xb8\xad", 80, false},
        {"\x1b[2J", "\\x1b[2J", 80, false},
        {"a\nb\tc\r\x07", "a\\nb\\tc\\r\\a", 80, false},
        {"\x7f\xc2\x9b", "\\x7f\\u009b", 80, false},
        {"\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf", "\\u202e\\u2066\\u200b\\ufeff", 80,
         false},
        {"\xff\xc3(\xed\xa0\xbd", "\\xff\\xc3(\\xed\\xa0\\xbd", 80, false},
        {"\xf3\xa0\x81\x81", "\\u{e0041}", 80, false},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\\u00e9\\u{1f600}", 80, true},
    };

    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void text_is_cut_to_columns(void **state)
{
    static const struct row rows[] = {
        {"abcdef", "abcdef", 6, false},
        {"abcdef", "abcd\xe2\x80\xa6", 5, false},
        {"abcdef", "ab...", 5, true},
        {"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", "\xe4\xb8\xad\xe2\x80\xa6", 4, false},
        {"ab\x1b\x1b", "ab\xe2\x80\xa6", 5, false},
        {"abcdef", "", 0, false},
        {"", "", 0, true},
    };

    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void columns_do_not_touch(void **state)
{
    const struct report_style style = {.width = 40};
    struct buf out;
    struct page p;

    (void)state;
    buf_init(&out, 4096);
    page_begin(&p, &style, &out, NULL);
    page_right(&p, PAGE_PLAIN, "0", 5);
    page_right(&p, PAGE_PLAIN, "3957>3963 ms", 18);
    page_right(&p, PAGE_PLAIN, "3957+>3963+ ms", 31);
    page_line(&p);
    assert_int_equal(page_end(&p), 0);
    assert_string_equal(out.data, "    0 3957>3963 ms 3957+>3963+ ms\n");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmful_bytes_are_escaped),
        cmocka_unit_test(text_is_cut_to_columns),
        cmocka_unit_test(columns_do_not_touch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

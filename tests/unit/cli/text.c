#include "cli/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_escaped(struct str s, bool lines, const char *expected)
{
    struct err e = {0};
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(text_escape(&out, s, lines, &e), 0);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void what_a_terminal_would_obey_is_escaped(void **state)
{
    (void)state;
    assert_escaped(STR("a\x1b[31mb"), false, "a\\x1b[31mb");
    assert_escaped(STR("a\r\nb\tc"), false, "a\\x0d\\x0ab\\x09c");
    assert_escaped(STR("a\r\nb\tc"), true, "a\\x0d\nb\tc");
    assert_escaped(STR("\x7f\xc2\x9b"), false, "\\x7f\\xc2\\x9b"); /* DEL, and CSI in C1 */
    assert_escaped(STR("a\0b"), true, "a\\x00b");
}

static void text_beyond_ascii_stays_and_what_is_not_utf8_does_not(void **state)
{
    (void)state;
    assert_escaped(STR("h\xc3\xa9 \xe2\x82\xac"), false, "h\xc3\xa9 \xe2\x82\xac");
    assert_escaped(STR("h\xe9"), false, "h\\xe9");
    assert_true(text_is_utf8(STR("\xe2\x82\xac")));
    assert_false(text_is_utf8(STR("\xe2\x82")));
    assert_true(text_is_printable(STR("a\r\n\tb")));
    assert_false(text_is_printable(STR("a\0b")));
}

static void base64_is_that_of_rfc_4648(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 64);
        assert_int_equal(text_base64(&out, str_of(rows[i][0]), &e), 0);
        assert_true(str_eq(buf_str(&out), str_of(rows[i][1])));
        buf_release(&out);
    }
}

static void times_are_utc_with_the_digits_asked_for(void **state)
{
    char text[TEXT_TIME];

    (void)state;
    assert_string_equal(text_time(INT64_C(1795378200123456789), 9, text),
                        "2026-11-22T20:10:00.123456789Z");
    assert_string_equal(text_time(INT64_C(1795378200123456789), 3, text),
                        "2026-11-22T20:10:00.123Z");
    assert_string_equal(text_time(INT64_C(1795378200000000000), 0, text), "2026-11-22T20:10:00Z");
    assert_string_equal(text_time(-1, 9, text), "1969-12-31T23:59:59.999999999Z");
}

static void sizes_and_durations_round_to_the_next_unit(void **state)
{
    char text[TEXT_SIZE];

    (void)state;
    assert_string_equal(text_size(0, text), "0 B");
    assert_string_equal(text_size(999, text), "999 B");
    assert_string_equal(text_size(3131, text), "3.1 kB");
    assert_string_equal(text_size(999960, text), "1.0 MB");
    assert_string_equal(text_size(UINT64_MAX, text), "18.4 EB");
    assert_string_equal(text_duration(412000, text), "0.412 ms");
    assert_string_equal(text_duration(2410000, text), "2.41 ms");
    assert_string_equal(text_duration(12345678, text), "12.3 ms");
    assert_string_equal(text_duration(999600000, text), "1.00 s");
}

static void numbers_are_told_as_they_are_typed(void **state)
{
    char text[TEXT_SIZE];

    (void)state;
    assert_string_equal(text_number(500, text), "500");
    assert_string_equal(text_number(2.5, text), "2.5");
    assert_string_equal(text_number(0.000001, text), "0.000001");
    assert_string_equal(text_number(1234567.891, text), "1234567.891");
    assert_string_equal(text_number(10000000, text), "10000000");
    assert_string_equal(text_number(0, text), "0");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
        cmocka_unit_test(text_beyond_ascii_stays_and_what_is_not_utf8_does_not),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(times_are_utc_with_the_digits_asked_for),
        cmocka_unit_test(sizes_and_durations_round_to_the_next_unit),
        cmocka_unit_test(numbers_are_told_as_they_are_typed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

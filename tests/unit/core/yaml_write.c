/* That any text reads back as it was written, wherever it stands. */
#include "core/yaml_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/yaml.h"

static void is_written(const char *text, const char *want)
{
    struct buf out;

    buf_init(&out, 1024);
    assert_int_equal(yaml_write_text(&out, str_of(text), true, NULL), 0);
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static void what_is_safe_is_plain(void **state)
{
    static const char *const plain[] = {
        "movies",
        "movies-api-service:3000/v1",
        "http://127.0.0.1:3001",
        "/movies/*",
        "--endpoint",
        "movies.yaml:18",
        "a b",
        "\xc3\xbc",
        "a\"b",
        "x#y",
        "-a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        is_written(plain[i], plain[i]);
}

static void what_yaml_takes_for_something_else_is_quoted(void **state)
{
    static const char *const other[] = {
        "",   "~",   "null", "Yes",  "off", "1.0", "0x1f", "1e3",  "12:30",
        "-",  "---", "...",  "- a",  "*a",  "&a",  "!a",   "a: b", "a #b",
        " a", "a ",  "[a]",  "{a}",  "a,b", "?",   "%a",   "@a",   "`a",
        "'a", "|",   ">",    ".inf", "a:",  "#a",  "<<",   "=",    "2024-01-01"};

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        char want[32];

        snprintf(want, sizeof want, "\"%s\"", other[i]);
        is_written(other[i], want);
    }
}

static void what_does_not_print_is_escaped(void **state)
{
    (void)state;
    is_written("a\x1b[31m\n\t\"\\", "\"a\\x1B[31m\\n\\t\\\"\\\\\"");
    is_written("\xe2\x80\xae", "\"\\u202E\"");         /* turns the line around */
    is_written("\xc2\x85", "\"\\x85\"");               /* a break of lines to YAML */
    is_written("\xf3\xa0\x80\x81", "\"\\U000E0001\""); /* a tag that nobody sees */
    is_written("\xff", "\"\xef\xbf\xbd\"");
}

/* As an item of a flow list, a value of a flow map, and of a block map. */
static void reads_back(struct str text)
{
    struct yaml_stream stream;
    struct diags diags;
    struct buf out;
    const struct yaml_node *root;

    yaml_stream_init(&stream);
    diags_init(&diags);
    buf_init(&out, 1 << 20);
    buf_add(&out, STR("a: ["), NULL);
    yaml_write_text(&out, text, true, NULL);
    buf_add(&out, STR("]\nb: {k: "), NULL);
    yaml_write_text(&out, text, true, NULL);
    buf_add(&out, STR("}\nc: "), NULL);
    yaml_write_text(&out, text, false, NULL);
    buf_add(&out, STR("\nd: {"), NULL);
    yaml_write_text(&out, text, true, NULL);
    buf_add(&out, STR(": 1}\n"), NULL);
    assert_int_equal(yaml_read(&stream, buf_str(&out), "t", &diags, NULL), 0);
    if (diags_errors(&diags))
        fail_msg("%s\nof %s", diags.first->message, out.data);
    root = stream.docs->root;
    assert_true(str_eq(yaml_get(root, "a")->items->value->text, text));
    assert_true(str_eq(yaml_get(yaml_get(root, "b"), "k")->text, text));
    assert_true(str_eq(yaml_get(root, "c")->text, text));
    assert_true(str_eq(yaml_get(root, "d")->items->key->text, text));
    yaml_stream_release(&stream);
    diags_release(&diags);
    buf_release(&out);
}

static void any_text_reads_back(void **state)
{
    static const char *const pieces[] = {"a",
                                         "-",
                                         ":",
                                         " ",
                                         "#",
                                         "'",
                                         "\"",
                                         "\\",
                                         ",",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         "*",
                                         "&",
                                         "!",
                                         "|",
                                         ">",
                                         "?",
                                         "%",
                                         "@",
                                         "`",
                                         "<",
                                         "=",
                                         "~",
                                         "0",
                                         ".",
                                         "\n",
                                         "é",
                                         "/",
                                         "\t",
                                         "\x01",
                                         "\x7f",
                                         "null",
                                         "no",
                                         "\xe2\x80\xa8",
                                         "\xef\xbf\xbe",
                                         "\xef\xbb\xbf",
                                         "_",
                                         "+"};
    enum { PIECES = sizeof pieces / sizeof *pieces };
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t len = 0;
        int n = rand_r(&seed) % 6;

        for (int i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s",
                                    pieces[rand_r(&seed) % PIECES]);
        reads_back(str_from(text, len));
    }
    reads_back(str_from("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_safe_is_plain),
        cmocka_unit_test(what_yaml_takes_for_something_else_is_quoted),
        cmocka_unit_test(what_does_not_print_is_escaped),
        cmocka_unit_test(any_text_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

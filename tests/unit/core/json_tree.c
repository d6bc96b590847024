#include "core/json_tree.h"
#include "core/utf8.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/mem.h"

/* Each text is parsed from memory of exactly its size, so that ASan sees any
 * look beyond it; copies and nodes live until the next text. */
struct fixture {
    struct arena mem;
    char *text;
    struct json_fault fault;
    struct err e;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);

    if (!f)
        return -1;
    arena_init(&f->mem, (size_t)64 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_release(&f->mem);
    mem_free(f->text);
    mem_free(f);
    return 0;
}

/* Parsed and checked: both say the same. */
static struct json_node *parse(struct fixture *f, struct str text)
{
    struct json_node *root;
    struct json_fault checked;
    struct err e = {0};

    arena_release(&f->mem);
    mem_free(f->text);
    f->text = mem_alloc(text.len);
    assert_non_null(f->text);
    if (text.len)
        memcpy(f->text, text.data, text.len);
    f->e = (struct err){0};
    text.data = f->text;
    root = json_parse(text, &f->mem, &f->fault, &f->e);
    assert_int_equal(json_check(text, &checked, &e), root ? 0 : -1);
    assert_int_equal(checked.offset, f->fault.offset);
    assert_int_equal(checked.too_deep, f->fault.too_deep);
    assert_string_equal(e.text, f->e.text);
    return root;
}

static struct json_node *parse_cstr(struct fixture *f, const char *text)
{
    return parse(f, str_of(text));
}

static void assert_str(struct str got, struct str want)
{
    assert_int_equal(got.len, want.len);
    if (want.len)
        assert_memory_equal(got.data, want.data, want.len);
}

static void refused_at(struct fixture *f, struct str text, size_t offset)
{
    if (parse(f, text))
        fail_msg("accepted: %.*s", STR_ARG(text));
    if (f->fault.offset != offset)
        fail_msg("%.*s: refused at %zu, not %zu", STR_ARG(text), f->fault.offset, offset);
    assert_int_equal(f->e.kind, ERR_INPUT);
    assert_false(f->fault.too_deep);
}

/* ---- the tree ---- */

static void scalars_may_stand_alone(void **state)
{
    static const struct {
        const char *text;
        enum json_type type;
        const char *value;
    } rows[] = {
        {"null", JSON_NULL, ""},         {" true ", JSON_TRUE, ""},
        {"\r\n\tfalse", JSON_FALSE, ""}, {"-0.5e+3", JSON_NUMBER, "-0.5e+3"},
        {"\"x\"", JSON_STRING, "x"},     {"\"\"", JSON_STRING, ""},
        {"[]", JSON_ARRAY, ""},          {"{ }", JSON_OBJECT, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_node *n = parse_cstr(*state, rows[i].text);
        assert_non_null(n);
        assert_int_equal(n->type, rows[i].type);
        assert_str(n->text, str_of(rows[i].value));
        assert_null(n->child);
        assert_null(n->next);
        assert_int_equal(n->count, 0);
    }
}

static void members_and_elements_keep_their_order_and_duplicates(void **state)
{
    struct json_node *n = parse_cstr(*state, "{\"b\":[1,[],2],\"a\":{},\"b\":3}");
    struct json_node *b, *a, *again;

    assert_non_null(n);
    assert_int_equal(n->count, 3);
    b = n->child;
    a = b->next;
    again = a->next;
    assert_null(again->next);
    assert_str(b->key, STR("b"));
    assert_int_equal(b->count, 3);
    assert_str(b->child->text, STR("1"));
    assert_int_equal(b->child->next->type, JSON_ARRAY);
    assert_str(b->child->next->next->text, STR("2"));
    assert_str(a->key, STR("a"));
    assert_int_equal(a->type, JSON_OBJECT);
    assert_str(again->key, STR("b"));
    assert_str(again->text, STR("3"));
}

static void the_first_member_of_a_name_is_found(void **state)
{
    struct json_node *n = parse_cstr(*state, "{\"a\":1,\"a\":2,\"\":3}");
    struct json_node *scalar;

    assert_str(json_member(n, STR("a"))->text, STR("1"));
    assert_str(json_member(n, STR(""))->text, STR("3"));
    assert_null(json_member(n, STR("A")));
    scalar = n->child;
    assert_null(json_member(scalar, STR("a")));
}

static void numbers_keep_their_text(void **state)
{
    static const char *const texts[] = {
        "9007199254740993",
        "18446744073709551616",
        "0.10000000000000001",
        "-0",
        "-0.0E-00",
        "1e1000000000",
        "10.10",
        "1234567890123456789012345678901234567890123456789012345678901234567891"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json_node *n = parse_cstr(*state, texts[i]);
        assert_non_null(n);
        assert_str(n->text, str_of(texts[i]));
    }
}

static void strings_without_escapes_are_views(void **state)
{
    struct fixture *f = *state;
    struct json_node *n = parse_cstr(f, "{\"name\":\"a plain string of some length, \xc3\xa9\"}");

    assert_ptr_equal(n->child->key.data, f->text + 2);
    assert_ptr_equal(n->child->text.data, f->text + 9);
}

static void escapes_are_resolved(void **state)
{
    static const struct {
        const char *text;
        struct str value;
    } rows[] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR_INIT("\"\\/\b\f\n\r\t")},
        {"\"\\u00e9\\u00E9\\u20ac\"", STR_INIT("\xc3\xa9\xc3\xa9\xe2\x82\xac")},
        {"\"a\\u0000b\"", STR_INIT("a\0b")},
        {"\"\\ud83d\\ude00!\"", STR_INIT("\xf0\x9f\x98\x80!")},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
         STR_INIT("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
        {"\"\\udbff\\udfff\"", STR_INIT("\xf4\x8f\xbf\xbf")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_node *n = parse_cstr(*state, rows[i].text);
        assert_non_null(n);
        assert_str(n->text, rows[i].value);
    }
}

static void lone_surrogates_become_wtf8(void **state)
{
    static const struct {
        const char *text;
        struct str value;
    } rows[] = {
        {"\"\\ud83d\"", STR_INIT("\xed\xa0\xbd")},
        {"\"\\ude00x\"", STR_INIT("\xed\xb8\x80x")},
        {"\"\\ud83d\\ud83d\\ude00\"", STR_INIT("\xed\xa0\xbd\xf0\x9f\x98\x80")},
        {"\"\\ud83d\\n\"", STR_INIT("\xed\xa0\xbd\n")},
        {"\"\\ud83dude00\"", STR_INIT("\xed\xa0\xbdude00")},
        {"\"\\ud83d\\u0041\"", STR_INIT("\xed\xa0\xbd\x41")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_node *n = parse_cstr(*state, rows[i].text);
        assert_non_null(n);
        assert_str(n->text, rows[i].value);
    }
}

static void keys_may_hold_anything(void **state)
{
    struct json_node *n = parse_cstr(*state, "{\"\":1,\"a.b\":2,\"a['x']\":3,\"a\\nb\\u0000\":4}");

    assert_str(n->child->key, STR(""));
    assert_str(n->child->next->key, STR("a.b"));
    assert_str(n->child->next->next->key, STR("a['x']"));
    assert_str(n->child->next->next->next->key, STR("a\nb\0"));
}

static void a_byte_order_mark_is_skipped(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse_cstr(f, "\xef\xbb\xbf{}")->type, JSON_OBJECT);
    refused_at(f, STR("\xef\xbb\xbf"), 3);
    refused_at(f, STR("\xef\xbb\xbf\xef\xbb\xbf{}"), 3);
    refused_at(f, STR(" \xef\xbb\xbf{}"), 1);
    refused_at(f, STR("\xef\xbb{}"), 0);
}

/* A quote, backslash, control or bad byte must be seen wherever it stands in
 * the eight bytes that are looked at together. */
static void what_ends_a_run_is_seen_at_every_place(void **state)
{
    struct fixture *f = *state;

    for (size_t n = 0; n < 40; n++) {
        char text[64];
        struct json_node *got;

        memset(text, 'x', sizeof text);
        text[0] = '"';
        text[1 + n] = '"';
        got = parse(f, str_from(text, n + 2));
        assert_non_null(got);
        assert_int_equal(got->text.len, n);
        refused_at(f, str_from(text, n + 1), n + 1);
        text[1 + n] = '\x1f';
        refused_at(f, str_from(text, sizeof text), 1 + n);
        text[1 + n] = '\xff';
        refused_at(f, str_from(text, sizeof text), 1 + n);
        memcpy(text + 1 + n, "\\n\x7f!\"", 5);
        got = parse(f, str_from(text, n + 6));
        assert_non_null(got);
        assert_int_equal(got->text.len, n + 3);
        assert_memory_equal(got->text.data + n, "\n\x7f!", 3);
    }
}

/* ---- what is refused, and where ---- */

static void what_is_not_json_is_refused_at_its_first_wrong_byte(void **state)
{
    static const struct {
        struct str text;
        size_t offset;
    } rows[] = {
        {STR_INIT(""), 0},           {STR_INIT("  "), 2},          {STR_INIT("01"), 1},
        {STR_INIT("-01"), 2},        {STR_INIT("1."), 2},          {STR_INIT("1.e3"), 2},
        {STR_INIT(".5"), 0},         {STR_INIT("+1"), 0},          {STR_INIT("-"), 1},
        {STR_INIT("-x"), 1},         {STR_INIT("1e"), 2},          {STR_INIT("1e+"), 3},
        {STR_INIT("0x10"), 1},       {STR_INIT("NaN"), 0},         {STR_INIT("-Infinity"), 1},
        {STR_INIT("nul"), 3},        {STR_INIT("nulL"), 3},        {STR_INIT("True"), 0},
        {STR_INIT("[1,]"), 3},       {STR_INIT("[,1]"), 1},        {STR_INIT("[1 2]"), 3},
        {STR_INIT("[1"), 2},         {STR_INIT("[1}"), 2},         {STR_INIT("]"), 0},
        {STR_INIT("{\"a\":1,}"), 7}, {STR_INIT("{,}"), 1},         {STR_INIT("{a:1}"), 1},
        {STR_INIT("{'a':1}"), 1},    {STR_INIT("{\"a\" 1}"), 5},   {STR_INIT("{\"a\":}"), 5},
        {STR_INIT("{\"a\":1"), 6},   {STR_INIT("{\"a\""), 4},      {STR_INIT("{1:2}"), 1},
        {STR_INIT("{} {}"), 3},      {STR_INIT("1 // x"), 2},      {STR_INIT("[]\0"), 2},
        {STR_INIT("[\f]"), 1},       {STR_INIT("\"\t\""), 1},      {STR_INIT("\"a\0\""), 2},
        {STR_INIT("\"\\"), 2},       {STR_INIT("\"\\x41\""), 2},   {STR_INIT("\"\\\0\""), 2},
        {STR_INIT("\"\\u12"), 5},    {STR_INIT("\"\\u12g4\""), 5}, {STR_INIT("\"\\u"), 3},
        {STR_INIT("\""), 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused_at(*state, rows[i].text, rows[i].offset);
}

/* RFC 3629, section 3: overlong forms, surrogates, beyond U+10FFFF, cut short. */
static void what_is_not_utf8_is_refused(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3\x28",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
    };
    static const char *const good[] = {"\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",
                                       "\xed\x9f\xbf", "\xee\x80\x80",     "\xef\xbf\xbf",
                                       "\x7f",         "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    char text[16];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "\"%s\"", bad[i]);
        refused_at(*state, str_of(text), 1);
        snprintf(text, sizeof text, "\"%s", bad[i]);
        refused_at(*state, str_of(text), 1);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "\"%s\"", good[i]);
        assert_non_null(parse_cstr(*state, text));
    }
}

/* ---- ceilings ---- */

static struct buf nested(size_t depth, const char *open, const char *close)
{
    struct buf b;

    buf_init(&b, (size_t)8 << 20);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(buf_add(&b, str_of(open), NULL), 0);
    assert_int_equal(buf_add(&b, STR("1"), NULL), 0);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(buf_add(&b, str_of(close), NULL), 0);
    return b;
}

static void nesting_ends_at_the_limit(void **state)
{
    static const struct {
        size_t depth;
        bool fits;
    } rows[] = {{JSON_MAX_DEPTH, true}, {JSON_MAX_DEPTH + 1, false}, {100000, false}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf arrays = nested(rows[i].depth, "[", "]");
        struct buf objects = nested(rows[i].depth, "{\"a\":", "}");

        assert_int_equal(parse(f, buf_str(&arrays)) != NULL, rows[i].fits);
        assert_int_equal(f->fault.too_deep, !rows[i].fits);
        if (!rows[i].fits)
            assert_int_equal(f->fault.offset, JSON_MAX_DEPTH);
        assert_int_equal(parse(f, buf_str(&objects)) != NULL, rows[i].fits);
        assert_int_equal(f->fault.too_deep, !rows[i].fits);
        buf_release(&arrays);
        buf_release(&objects);
    }
}

static void the_arenas_ceiling_is_told_as_out_of_memory(void **state)
{
    struct buf b = nested(900, "[", "]");
    struct json_fault fault;
    struct arena small;
    struct err e = {0};

    (void)state;
    arena_init(&small, 4096);
    assert_null(json_parse(buf_str(&b), &small, &fault, &e));
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_false(fault.too_deep);
    arena_release(&small);
    buf_release(&b);
}

static void no_allocation_may_fail_unnoticed(void **state)
{
    struct str text = STR("{\"a\\n\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,\"\\u00e9\"]}");
    uint64_t n = 1;

    (void)state;
    for (;; n++) {
        struct arena mem;
        struct err e = {0};
        struct json_node *root;

        arena_init(&mem, (size_t)1 << 20);
        mem_fail_at(n, MEM_FAIL_ONCE);
        root = json_parse(text, &mem, NULL, &e);
        mem_fail_at(0, MEM_FAIL_NEVER);
        arena_release(&mem);
        if (root)
            break;
        assert_int_equal(e.kind, ERR_NOMEM);
    }
    assert_true(n > 1);
}

/* ---- numbers by value ---- */

static void numbers_compare_by_value_whatever_their_form(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } rows[] = {
        /* equal in value, other in form */
        {"1", "1.0", 0},
        {"1", "10e-1", 0},
        {"1e2", "100", 0},
        {"1E+2", "0.1e3", 0},
        {"10.10", "10.1", 0},
        {"0", "-0", 0},
        {"0", "0.000e5", 0},
        {"-0.0", "0e-9999999999999999999999", 0},
        {"0.001", "1e-3", 0},
        {"1e0000000000000000000000000000000003", "1000", 0},
        {"123.456e3", "123456", 0},
        {"0.00000123e8", "123", 0},
        {"1e-0", "1", 0},
        /* what a double would merge */
        {"9007199254740993", "9007199254740992", 1},
        {"9007199254740990", "9007199254740991", -1},
        {"4503599627370497", "4503599627370496", 1},
        {"18446744073709551616", "18446744073709551615", 1},
        {"123456789012345678901234567890", "123456789012345678901234567891", -1},
        {"1234567890123456789012345678901234567890123456789012345678901234567890",
         "1234567890123456789012345678901234567890123456789012345678901234567891", -1},
        {"0.1", "0.10000000000000001", -1},
        {"1e400", "2e400", -1},
        {"1e-400", "0", 1},
        /* signs and sizes */
        {"-1", "1", -1},
        {"-1", "0", -1},
        {"0", "1e-5", -1},
        {"-2", "-1", -1},
        {"9", "10", -1},
        {"99.9", "100", -1},
        {"0.09", "0.1", -1},
        {"1.5", "1.45", 1},
        {"12", "1.2", 1},
        {"-1e3", "-1e2", -1},
        {"1e-3", "1e-2", -1},
        /* exponents that nothing could expand, nor an int64 hold */
        {"1e1000000000", "1e999999999", 1},
        {"1e1000000000", "10e999999999", 0},
        {"-1e1000000000", "-1e999999999", -1},
        {"1e-1000000000", "1e1000000000", -1},
        {"1e9223372036854775807", "1e9223372036854775808", -1},
        {"10e9223372036854775807", "1e9223372036854775808", 0},
        {"0.1e-9223372036854775808", "1e-9223372036854775809", 0},
        {"1e99999999999999999999999999999", "1e99999999999999999999999999998", 1},
        {"1e100000000000000000000000000000", "10e99999999999999999999999999999", 0},
        {"1e100000000000000000000000000000", "100e99999999999999999999999999999", -1},
        {"1e-100000000000000000000000000000", "1e99999999999999999999999999999", -1},
        {"1e-99999999999999999999", "0.1e-99999999999999999998", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str a = str_of(rows[i].a), b = str_of(rows[i].b);
        if (json_number_cmp(a, b) != rows[i].order || json_number_cmp(b, a) != -rows[i].order)
            fail_msg("%s and %s: %d and %d", rows[i].a, rows[i].b, json_number_cmp(a, b),
                     json_number_cmp(b, a));
    }
}

static void every_type_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(json_type_name(JSON_NULL), "null");
    assert_string_equal(json_type_name(JSON_TRUE), "boolean");
    assert_string_equal(json_type_name(JSON_FALSE), "boolean");
    assert_string_equal(json_type_name(JSON_NUMBER), "number");
    assert_string_equal(json_type_name(JSON_STRING), "string");
    assert_string_equal(json_type_name(JSON_ARRAY), "array");
    assert_string_equal(json_type_name(JSON_OBJECT), "object");
}

/* ---- the parsing suite: y_ must parse, n_ must not, i_ is ours to decide ---- */

/* No i_ file nests deeper than JSON_MAX_DEPTH. These n_ files do: what refuses
 * them is the ceiling, long before the end, where no bracket was ever closed. */
static const char *const only_too_deep[] = {
    "n_structure_100000_opening_arrays.json",
    "n_structure_open_array_object.json",
};

static struct buf load(const char *folder, const char *name)
{
    char path[4096], chunk[4096];
    struct buf b;
    FILE *in;
    size_t n;

    snprintf(path, sizeof path, "%s/test_parsing/%s", folder, name);
    in = fopen(path, "rb");
    assert_non_null(in);
    buf_init(&b, (size_t)8 << 20);
    while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
        assert_int_equal(buf_append(&b, chunk, n, NULL), 0);
    fclose(in);
    return b;
}

static bool is_deep(const char *name)
{
    for (size_t i = 0; i < sizeof only_too_deep / sizeof *only_too_deep; i++) {
        if (strcmp(name, only_too_deep[i]) == 0)
            return true;
    }
    return false;
}

/* What is decided about i_: all that is UTF-8 is taken. Lone surrogates can only be
 * escaped in it, numbers have any size, and a byte order mark is UTF-8. */
static bool is_utf8(struct str s)
{
    while (s.len) {
        size_t n = utf8_len(s.data, s.len);

        if (!n)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

static void the_parsing_suite_is_read_as_its_names_say(void **state)
{
    const char *folder = getenv("CORPUS_JSON");
    char path[4096];
    struct dirent *entry;
    int counted[128] = {0};
    DIR *dir;

    if (!folder) {
        print_message("# CORPUS_JSON is not set: the folder of the JSON parsing suite\n");
        skip();
        return;
    }
    snprintf(path, sizeof path, "%s/test_parsing", folder);
    dir = opendir(path);
    if (!dir)
        fail_msg("%s: cannot be opened", path);
    while ((entry = readdir(dir))) {
        struct fixture *f = *state;
        const char *name = entry->d_name;
        struct json_node *root;
        struct buf b;

        if (name[0] == '.' || name[1] != '_')
            continue;
        b = load(folder, name);
        root = parse(f, buf_str(&b));
        if ((name[0] == 'y' && !root) || (name[0] == 'n' && root))
            fail_msg("%s is %s: %s", name, root ? "accepted" : "refused", f->e.text);
        if (name[0] == 'i' && (root != NULL) != is_utf8(buf_str(&b)))
            fail_msg("%s is %s", name, root ? "accepted" : "refused");
        assert_int_equal(f->fault.too_deep, is_deep(name));
        counted[name[0] & 0x7f]++;
        buf_release(&b);
    }
    closedir(dir);
    print_message("# %d y_, %d n_ and %d i_ files\n", counted['y'], counted['n'], counted['i']);
    assert_true(counted['y'] > 0 && counted['n'] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scalars_may_stand_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_and_elements_keep_their_order_and_duplicates,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_member_of_a_name_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_keep_their_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_without_escapes_are_views, set_up, tear_down),
        cmocka_unit_test_setup_teardown(escapes_are_resolved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lone_surrogates_become_wtf8, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_may_hold_anything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ends_a_run_is_seen_at_every_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_json_is_refused_at_its_first_wrong_byte, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_utf8_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_ends_at_the_limit, set_up, tear_down),
        cmocka_unit_test(the_arenas_ceiling_is_told_as_out_of_memory),
        cmocka_unit_test(no_allocation_may_fail_unnoticed),
        cmocka_unit_test(numbers_compare_by_value_whatever_their_form),
        cmocka_unit_test(every_type_has_its_name),
        cmocka_unit_test_setup_teardown(the_parsing_suite_is_read_as_its_names_say, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

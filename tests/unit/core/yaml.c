#include "core/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/mem.h"

struct fixture {
    struct yaml_stream stream;
    struct diags diags;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);

    if (!f)
        return -1;
    yaml_stream_init(&f->stream);
    diags_init(&f->diags);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    yaml_stream_release(&f->stream);
    diags_release(&f->diags);
    mem_free(f);
    return 0;
}

/* Read a text anew, from memory of exactly its size; the root of the first
 * document, or NULL. */
static const struct yaml_node *read_text(struct fixture *f, struct str text)
{
    char *copy = malloc(text.len ? text.len : 1);

    assert_non_null(copy);
    if (text.len)
        memcpy(copy, text.data, text.len);
    yaml_stream_release(&f->stream);
    diags_release(&f->diags);
    assert_int_equal(yaml_read(&f->stream, str_from(copy, text.len), "t", &f->diags, NULL), 0);
    free(copy);
    return f->stream.docs ? f->stream.docs->root : NULL;
}

static const struct yaml_node *good(void **state, const char *text)
{
    struct fixture *f = *state;
    const struct yaml_node *root = read_text(f, str_of(text));

    if (f->diags.first)
        fail_msg("%s: %s", text, f->diags.first->message);
    return root;
}

/* That the diagnostics of `text` are those in `want`, one a line. */
static void told(void **state, struct str text, const char *want)
{
    struct fixture *f = *state;
    struct buf out;

    read_text(f, text);
    buf_init(&out, 1 << 20);
    for (const struct diag *d = f->diags.first; d; d = d->next)
        assert_int_equal(diag_write(d, &out, NULL), 0);
    assert_string_equal(out.data ? out.data : "", want);
    buf_release(&out);
}

static void assert_text(const struct yaml_node *n, const char *want)
{
    assert_non_null(n);
    assert_int_equal(n->kind, YAML_SCALAR);
    assert_string_equal(n->text.data, want);
    assert_int_equal(n->text.len, strlen(want));
}

static void assert_at(const struct yaml_node *n, uint32_t line, uint32_t column)
{
    assert_non_null(n);
    assert_string_equal(n->at.file, "t");
    assert_int_equal(n->at.line, line);
    assert_int_equal(n->at.column, column);
}

/* ---- the tree ---- */

static void every_node_knows_where_it_stands(void **state)
{
    const struct yaml_node *n = good(state, "kind: VirtualService\n"
                                            "spec:\n"
                                            "  hosts: [a, b]\n"
                                            "  http:\n"
                                            "  - \xc3\xa9: {x: 1}\n");
    const struct yaml_node *spec = yaml_get(n, "spec"), *http = yaml_get(spec, "http");

    assert_int_equal(n->kind, YAML_MAP);
    assert_int_equal(n->count, 2);
    assert_at(n, 1, 1);
    assert_text(yaml_get(n, "kind"), "VirtualService");
    assert_at(yaml_get(n, "kind"), 1, 7);
    assert_at(n->items->key, 1, 1);
    assert_at(yaml_get(spec, "hosts"), 3, 10);
    assert_at(yaml_get(spec, "hosts")->items->next->value, 3, 14);
    assert_at(http, 5, 3);
    assert_at(yaml_get(http->items->value, "\xc3\xa9"), 5, 8);
    assert_null(yaml_get(n, "Kind"));
    assert_null(yaml_get(http, "x"));
    assert_null(yaml_get(NULL, "x"));
    assert_null(http->items->key);
}

static void scalars_are_text_and_say_if_they_were_quoted(void **state)
{
    const struct yaml_node *n = good(state, "a: 1.0\n"
                                            "b: \"1.0\"\n"
                                            "c: '0x10'\n"
                                            "d: !!str 5\n"
                                            "e: !!int 5\n"
                                            "f: |\n"
                                            "  two\n"
                                            "  lines\n"
                                            "g: on\n"
                                            "h: \"nul \\0 inside\"\n"
                                            "i: ! x\n");

    assert_text(yaml_get(n, "a"), "1.0");
    assert_false(yaml_get(n, "a")->quoted);
    assert_text(yaml_get(n, "b"), "1.0");
    assert_true(yaml_get(n, "b")->quoted);
    assert_text(yaml_get(n, "c"), "0x10");
    assert_true(yaml_get(n, "d")->quoted);
    assert_false(yaml_get(n, "e")->quoted);
    assert_text(yaml_get(n, "f"), "two\nlines\n");
    assert_true(yaml_get(n, "f")->quoted);
    assert_text(yaml_get(n, "g"), "on");
    assert_int_equal(yaml_get(n, "h")->text.len, 12);
    assert_memory_equal(yaml_get(n, "h")->text.data, "nul \0 inside", 13);
    assert_true(yaml_get(n, "i")->quoted);
}

static void null_is_as_good_as_absent(void **state)
{
    const struct yaml_node *n =
        good(state, "{a: , b: ~, c: null, d: \"\", e: 'null', f: [], g: no}");

    assert_true(yaml_is_null(yaml_get(n, "a")));
    assert_true(yaml_is_null(yaml_get(n, "b")));
    assert_true(yaml_is_null(yaml_get(n, "c")));
    assert_true(yaml_is_null(yaml_get(n, "missing")));
    assert_false(yaml_is_null(yaml_get(n, "d")));
    assert_false(yaml_is_null(yaml_get(n, "e")));
    assert_false(yaml_is_null(yaml_get(n, "f")));
    assert_false(yaml_is_null(yaml_get(n, "g")));
}

static void fields_read_scalars_as_what_they_want(void **state)
{
    static const struct {
        const char *text;
        int as_bool;      /* -1 if none */
        int64_t as_u64;   /* -1 if none */
        double as_double; /* -999 if none */
    } rows[] = {
        {"true", 1, -1, -999},  {"false", 0, -1, -999},
        {"yes", -1, -1, -999},  {"on", -1, -1, -999},
        {"True", -1, -1, -999}, {"\"true\"", 1, -1, -999},
        {"0", -1, 0, 0},        {"100", -1, 100, 100},
        {"\"50\"", -1, 50, 50}, {"007", -1, 7, 7},
        {"-1", -1, -1, -1},     {"+1", -1, -1, -999},
        {"0x10", -1, -1, -999}, {"5_0", -1, -1, -999},
        {"50%", -1, -1, -999},  {"50.5", -1, -1, 50.5},
        {"1e1", -1, -1, 10},    {"1.5E-1", -1, -1, 0.15},
        {"1.", -1, -1, -999},   {".5", -1, -1, -999},
        {".nan", -1, -1, -999}, {".inf", -1, -1, -999},
        {"1e", -1, -1, -999},   {"1e999", -1, -1, -999},
        {"1:30", -1, -1, -999}, {"\"1\\0\"", -1, -1, -999},
        {"''", -1, -1, -999},   {"18446744073709551616", -1, -1, 18446744073709551616.0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct yaml_node *n = good(state, rows[i].text);
        uint64_t u = 7777;
        double d = -999;
        bool b = false;

        if (yaml_to_bool(n, &b) != (rows[i].as_bool >= 0) || b != (rows[i].as_bool == 1))
            fail_msg("%s as a bool", rows[i].text);
        if (yaml_to_u64(n, &u) != (rows[i].as_u64 >= 0) ||
            (rows[i].as_u64 >= 0 && u != (uint64_t)rows[i].as_u64))
            fail_msg("%s as a u64", rows[i].text);
        if (yaml_to_double(n, &d) != (rows[i].as_double != -999) || d != rows[i].as_double)
            fail_msg("%s as a double", rows[i].text);
    }
    assert_false(yaml_to_double(NULL, &(double){0}));
    assert_false(yaml_to_bool(good(state, "[true]"), &(bool){false}));
}

static void json_is_yaml(void **state)
{
    const struct yaml_node *n =
        good(state, "{\"kind\": \"List\",\n\t\"items\": [{\"a\": 1.50}]}\n");

    assert_text(yaml_get(n, "kind"), "List");
    assert_text(yaml_get(yaml_get(n, "items")->items->value, "a"), "1.50");
}

/* ---- documents ---- */

static size_t documents(void **state, struct str text)
{
    struct fixture *f = *state;
    size_t n = 0;

    read_text(f, text);
    assert_null(f->diags.first);
    for (const struct yaml_doc *d = f->stream.docs; d; d = d->next)
        n++;
    return n;
}

static void empty_documents_are_left_out(void **state)
{
    assert_int_equal(documents(state, STR("")), 0);
    assert_int_equal(documents(state, STR("# only a comment\n")), 0);
    assert_int_equal(documents(state, STR("---\n---\n# c\n---\n~\n---\nnull\n")), 0);
    assert_int_equal(documents(state, STR("---\na: 1\n---\n\n---\nb: 2\n...\n")), 2);
    assert_int_equal(documents(state, STR("--- ''\n")), 1);
}

static void what_real_files_have_is_fine(void **state)
{
    assert_int_equal(documents(state, STR("\xef\xbb\xbf"
                                          "a: 1\n")),
                     1);
    assert_int_equal(documents(state, STR("a: 1\r\nb:\r\n- c\r\n")), 1);
    assert_int_equal(documents(state, STR("%YAML 1.2\n---\na: 1\n...\n")), 1);
    assert_int_equal(documents(state, STR("\xff\xfe"
                                          "a\0:\0 \0\xe9\0\n\0")),
                     1);
    assert_text(yaml_get(((struct fixture *)*state)->stream.docs->root, "a"), "\xc3\xa9");
}

static void several_texts_make_one_stream(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(yaml_read(&f->stream, STR("a: 1"), "one", &f->diags, NULL), 0);
    assert_int_equal(yaml_read(&f->stream, STR("- x\n---\n- y"), "two", &f->diags, NULL), 0);
    assert_int_equal(f->stream.doc_count, 3);
    assert_string_equal(f->stream.docs->root->at.file, "one");
    assert_string_equal(f->stream.docs->next->root->at.file, "two");
    assert_text(f->stream.docs->next->next->root->items->value, "y");
    assert_null(f->stream.docs->next->next->next);
}

/* ---- aliases and merges ---- */

static void an_alias_is_the_node_of_its_anchor(void **state)
{
    const struct yaml_node *n = good(state, "a: &x {k: [1, 2]}\nb: *x\nc: &x 5\nd: *x\n"
                                            "e: {*x : v}\n");

    assert_ptr_equal(yaml_get(n, "a"), yaml_get(n, "b"));
    assert_at(yaml_get(n, "b"), 1, 4);
    assert_text(yaml_get(n, "d"), "5");
    assert_text(yaml_get(yaml_get(n, "e"), "5"), "v");
    assert_int_equal(yaml_get(n, "a")->size, 5);
    assert_int_equal(yaml_get(n, "a")->height, 2);
    assert_int_equal(n->size, 1 + 5 + 2 * 5 + 2 + 3);
    assert_int_equal(n->height, 3);
}

static void merge_keys_are_applied_and_own_keys_win(void **state)
{
    const struct yaml_node *n = good(state, "a: &a {x: 1, y: 2}\n"
                                            "b: &b {y: 3, z: 4}\n"
                                            "one: {<<: *a, x: own}\n"
                                            "two: {<<: [*b, *a], w: 0}\n"
                                            "in: {<<: {x: 5}}\n"
                                            "quoted: {\"<<\": *a}\n"
                                            "c: &c {<<: *a}\n"
                                            "three: {<<: *c}\n");
    const struct yaml_node *one = yaml_get(n, "one"), *two = yaml_get(n, "two");

    assert_int_equal(one->count, 2);
    assert_text(yaml_get(one, "x"), "own");
    assert_text(yaml_get(one, "y"), "2");
    assert_false(one->items->merged);
    assert_true(one->items->next->merged);
    assert_int_equal(two->count, 4);
    assert_text(yaml_get(two, "x"), "1");
    assert_text(yaml_get(two, "y"), "3");
    assert_text(yaml_get(two, "z"), "4");
    assert_text(two->items->key, "w");
    assert_text(yaml_get(yaml_get(n, "in"), "x"), "5");
    assert_ptr_equal(yaml_get(yaml_get(n, "quoted"), "<<"), yaml_get(n, "a"));
    assert_text(yaml_get(yaml_get(n, "three"), "y"), "2");
}

static void what_cannot_be_merged_is_told(void **state)
{
    told(state, STR("a: {<<: 5}"),
         "t:1:5: error[E108]: << merges maps: its value must be a map or a list of maps\n");
    told(state, STR("a: {<<: [{}, 5]}"),
         "t:1:5: error[E108]: << merges maps: its value must be a map or a list of maps\n");
    told(state, STR("a: {<<: }"),
         "t:1:5: error[E108]: << merges maps: its value must be a map or a list of maps\n");
    told(state, STR("a: {<<: {b: 1}, <<: {c: 1}}"),
         "t:1:17: error[E103]: the key << stands here and at 1:5, which is one too many\n");
}

/* ---- what is wrong, and where ---- */

static void keys_that_stand_twice_are_told_with_both_places(void **state)
{
    told(state, STR("mirror: a\nroute: b\nmirror: c\n'route': d\n"),
         "t:3:1: error[E103]: the key mirror stands here and at 1:1, which is one too many\n"
         "t:4:1: error[E103]: the key route stands here and at 2:1, which is one too many\n");
    assert_text(yaml_get(((struct fixture *)*state)->stream.docs->root, "mirror"), "a");
    told(state, STR("[{a: 1, a: 2}, {a: 1}]"),
         "t:1:9: error[E103]: the key a stands here and at 1:3, which is one too many\n");
}

static void an_alias_inside_of_itself_is_told(void **state)
{
    told(state, STR("a: &a [1, *a]"),
         "t:1:11: error[E105]: the alias *a stands inside of &a itself\n");
    told(state, STR("&r {x: {y: *r}, z: 1}"),
         "t:1:12: error[E105]: the alias *r stands inside of &r itself\n");
    told(state, STR("&m {<<: *m}"),
         "t:1:9: error[E105]: the alias *m stands inside of &m itself\n"
         "t:1:5: error[E108]: << merges maps: its value must be a map or a list of maps\n");
}

static void an_alias_of_nothing_is_told(void **state)
{
    told(state, STR("a: *x\nb: &x 1\n---\nc: *x\n"),
         "t:1:4: error[E101]: no anchor &x before this alias\n"
         "t:4:4: error[E101]: no anchor &x before this alias\n");
}

static void keys_that_are_not_scalars_are_told(void **state)
{
    told(state, STR("? [a, b]\n: c\nd: e\n"), "t:1:3: error[E106]: a list cannot be a key\n");
    assert_text(yaml_get(((struct fixture *)*state)->stream.docs->root, "d"), "e");
    told(state, STR("x: &x {}\ny: {*x : 1}\n"), "t:2:5: error[E106]: a map cannot be a key\n");
}

static void templates_are_recognised(void **state)
{
    told(state, STR("a: 1\nname: {{.Name}}\n"),
         "t:2:8: error[E106]: a map cannot be a key; it looks like a template that was not "
         "expanded\n");
    told(state, STR("host: {{ .Name }}-svc\n"),
         "t:1:8: error[E106]: a map cannot be a key; it looks like a template that was not "
         "expanded\n"
         "t:1:18: error[E101]: did not find expected key while parsing a block mapping that "
         "begins at 1:1; it looks like a template that was not expanded\n");
    told(state, STR("a:\n{{- if .X }}\n  b: 1\n"),
         "t:3:3: error[E101]: could not find expected ':' while scanning a simple key that begins "
         "at 2:1; it looks like a template that was not expanded\n");
}

static void tabs_are_recognised(void **state)
{
    told(state, STR("a:\n\tb: 1\n"),
         "t:2:1: error[E101]: found character that cannot start any token while scanning for the "
         "next token that begins at 2:1; a tab cannot indent, use blanks\n");
}

static void pasted_shell_commands_are_recognised(void **state)
{
    told(state, STR("kubectl apply -f - <<EOF\nkind: Gateway\nEOF\n"),
         "t:2:5: error[E101]: mapping values are not allowed in this context; line 1 looks like a "
         "shell command: leave it out, and the EOF at the end\n");
}

static void a_syntax_error_leaves_the_documents_before(void **state)
{
    told(state, STR("a: 1\n---\nb: [1, 2\nc: 3\n---\nd: 4\n"),
         "t:4:2: error[E101]: did not find expected ',' or ']' while parsing a flow sequence that "
         "begins at 3:4\n");
    assert_text(yaml_get(((struct fixture *)*state)->stream.docs->root, "a"), "1");
    assert_null(((struct fixture *)*state)->stream.docs->next);
}

static void bad_bytes_are_told_with_their_place(void **state)
{
    told(state, STR("a: 1\nb: \xff\n"),
         "t:2:4: error[E101]: invalid leading UTF-8 octet (byte 8)\n");
    told(state, STR("\xc3\xa9: \0\n"),
         "t:1:4: error[E101]: control characters are not allowed "
         "(byte 4)\n");
}

/* ---- ceilings ---- */

/* That `text` ends in one E102, which holds `part`. */
static void too_much(void **state, struct str text, const char *part)
{
    struct fixture *f = *state;

    read_text(f, text);
    assert_non_null(f->diags.last);
    assert_string_equal(f->diags.last->code, "E102");
    if (!strstr(f->diags.last->message, part))
        fail_msg("%s: %s", part, f->diags.last->message);
    assert_true(f->stream.mem.used < (size_t)24 << 20);
}

static void repeat(struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(buf_add(b, str_of(text), NULL), 0);
}

static struct buf repeated(const char *text, size_t n)
{
    struct buf b;

    buf_init(&b, (size_t)64 << 20);
    repeat(&b, text, n);
    return b;
}

static void depth_has_a_ceiling(void **state)
{
    static const char *const openers[] = {"[", "- ", "{a: ", "? ", "[{a: "};
    struct buf b;

    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        b = repeated(openers[i], 100000);
        too_much(state, buf_str(&b), "64 lists and maps");
        buf_release(&b);
    }
    b = repeated("[", YAML_MAX_DEPTH);
    repeat(&b, "]", YAML_MAX_DEPTH);
    assert_int_equal(documents(state, buf_str(&b)), 1);
    assert_int_equal(((struct fixture *)*state)->stream.docs->root->height, YAML_MAX_DEPTH);
    buf_release(&b);
}

/* Else a walker of the tree would go as deep as there are anchors. */
static void depth_counts_through_aliases(void **state)
{
    struct buf b = repeated("a: &a ", 1);

    repeat(&b, "[", 40);
    repeat(&b, "]", 40);
    repeat(&b, "\nb: ", 1);
    repeat(&b, "[", 23);
    repeat(&b, "*a", 1);
    repeat(&b, "]", 23);
    assert_int_equal(documents(state, buf_str(&b)), 1);
    repeat(&b, "\nc: [[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]", 1);
    too_much(state, buf_str(&b), "64 lists and maps");
    buf_release(&b);
}

static void a_billion_laughs_are_stopped_at_the_first_too_many(void **state)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    repeat(&b, "metadata:\n  l0: &l0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n", 1);
    for (int i = 1; i < 12; i++)
        assert_int_equal(
            buf_printf(&b, NULL, "  l%d: &l%d [*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d]\n", i,
                       i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1),
            0);
    too_much(state, buf_str(&b), "200000 nodes");
    assert_true(((struct fixture *)*state)->stream.mem.used < 64 * 1024);
    buf_release(&b);
}

/* Merging a map twice into each of a chain of maps doubles the work each time. */
static void merge_bombs_are_stopped(void **state)
{
    struct buf b;

    buf_init(&b, (size_t)8 << 20);
    repeat(&b, "b0: &a0 {k: v}\n", 1);
    for (int i = 1; i < 18; i++) {
        assert_int_equal(buf_printf(&b, NULL, "b%d: &a%d {<<: [*a%d, *a%d]", i, i, i - 1, i - 1),
                         0);
        for (int k = 0; k < 1 << i; k++)
            assert_int_equal(buf_printf(&b, NULL, ", k%d_%d: v", i, k), 0);
        repeat(&b, "}\n", 1);
    }
    too_much(state, buf_str(&b), "200000 nodes");
    buf_release(&b);
    b = repeated("b0: &a0 {k: v}\n", 1); /* though one key is all that is left */
    for (int i = 1; i < 23; i++)
        assert_int_equal(buf_printf(&b, NULL, "b%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i - 1, i - 1),
                         0);
    too_much(state, buf_str(&b), "200000 nodes");
    buf_release(&b);
    b = repeated("a: &a [", 1);
    repeat(&b, "{},", 3000);
    repeat(&b, "]\n", 1);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(buf_printf(&b, NULL, "t%d: {<<: *a}\n", i), 0);
    too_much(state, buf_str(&b), "200000 nodes");
    buf_release(&b);
}

static void nodes_documents_scalars_and_anchors_have_ceilings(void **state)
{
    struct buf b = repeated("[a,", 1);
    struct buf scalar = repeated("x", YAML_MAX_SCALAR);

    repeat(&b, "a,", 300000);
    too_much(state, buf_str(&b), "200000 nodes");
    buf_release(&b);

    assert_int_equal(documents(state, buf_str(&scalar)), 1);
    repeat(&scalar, "x", 1);
    too_much(state, buf_str(&scalar), "65536 bytes");
    buf_release(&scalar);

    b = repeated("---\na\n", YAML_MAX_DOCUMENTS);
    assert_int_equal(documents(state, buf_str(&b)), YAML_MAX_DOCUMENTS);
    repeat(&b, "---\nb\n", 1);
    too_much(state, buf_str(&b), "4096 documents");
    buf_release(&b);

    b = repeated("- &a x\n", YAML_MAX_ANCHORS);
    assert_int_equal(documents(state, buf_str(&b)), 1);
    repeat(&b, "- &b x\n", 1);
    too_much(state, buf_str(&b), "1024 anchors");
    buf_release(&b);
}

static void bytes_have_ceilings(void **state)
{
    struct fixture *f = *state;
    struct buf b = repeated("a: 1234\n", 1);

    repeat(&b, "# 34567\n", YAML_MAX_DOCUMENT / 8 - 1);
    assert_int_equal(documents(state, buf_str(&b)), 1);
    repeat(&b, "# 34567\n", 8192);
    too_much(state, buf_str(&b), "4194304 bytes");
    buf_release(&b);

    b = repeated("x", YAML_MAX_STREAM + 1);
    too_much(state, buf_str(&b), "16777216 bytes");
    assert_int_equal(f->diags.first->at.line, 0);
    yaml_stream_release(&f->stream);
    diags_release(&f->diags);
    assert_int_equal(yaml_read(&f->stream, STR("a: 1"), "t", &f->diags, NULL), 0);
    assert_int_equal(
        yaml_read(&f->stream, str_from(b.data, YAML_MAX_STREAM - 3), "t", &f->diags, NULL), 0);
    assert_string_equal(f->diags.last->code, "E102");
    buf_release(&b);
}

/* libyaml compares each %TAG with all before it. */
static void directives_have_a_ceiling(void **state)
{
    struct buf b;

    buf_init(&b, (size_t)8 << 20);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_printf(&b, NULL, "%%TAG !t%d! tag:x\n", i), 0);
    too_much(state, buf_str(&b), "%TAG");
    buf_release(&b);
    assert_int_equal(documents(state, STR("%TAG !e! tag:example.com,2024:\n---\n- !e!x 50%TAG\n")),
                     1);
}

static void errors_beyond_the_limit_are_counted(void **state)
{
    struct fixture *f = *state;
    struct buf b = repeated("- {a: 1, a: 2}\n", 200);

    read_text(f, buf_str(&b));
    assert_int_equal(diags_errors(&f->diags), 200);
    buf_release(&b);
}

static void no_allocation_may_fail_unnoticed(void **state)
{
    struct str text = STR("a: &a {x: [1, 2], y: z}\nb: {<<: *a, c: d}\n---\n- e\n");
    uint64_t n = 0;
    int rc;

    (void)state;
    do {
        struct err e = {0};
        struct yaml_stream s;
        struct diags d;

        yaml_stream_init(&s);
        diags_init(&d);
        mem_fail_at(++n, MEM_FAIL_ONCE);
        rc = yaml_read(&s, text, "t", &d, &e);
        mem_fail_at(0, MEM_FAIL_NEVER);
        if (rc < 0)
            assert_int_equal(e.kind, ERR_NOMEM);
        else
            assert_int_equal(s.doc_count, 2);
        assert_int_equal(diags_errors(&d), 0);
        diags_release(&d);
        yaml_stream_release(&s);
    } while (rc < 0);
    assert_true(n > 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_node_knows_where_it_stands),
        TEST(scalars_are_text_and_say_if_they_were_quoted),
        TEST(null_is_as_good_as_absent),
        TEST(fields_read_scalars_as_what_they_want),
        TEST(json_is_yaml),
        TEST(empty_documents_are_left_out),
        TEST(what_real_files_have_is_fine),
        TEST(several_texts_make_one_stream),
        TEST(an_alias_is_the_node_of_its_anchor),
        TEST(merge_keys_are_applied_and_own_keys_win),
        TEST(what_cannot_be_merged_is_told),
        TEST(keys_that_stand_twice_are_told_with_both_places),
        TEST(an_alias_inside_of_itself_is_told),
        TEST(an_alias_of_nothing_is_told),
        TEST(keys_that_are_not_scalars_are_told),
        TEST(templates_are_recognised),
        TEST(tabs_are_recognised),
        TEST(pasted_shell_commands_are_recognised),
        TEST(a_syntax_error_leaves_the_documents_before),
        TEST(bad_bytes_are_told_with_their_place),
        TEST(depth_has_a_ceiling),
        TEST(depth_counts_through_aliases),
        TEST(a_billion_laughs_are_stopped_at_the_first_too_many),
        TEST(merge_bombs_are_stopped),
        TEST(nodes_documents_scalars_and_anchors_have_ceilings),
        TEST(bytes_have_ceilings),
        TEST(directives_have_a_ceiling),
        TEST(errors_beyond_the_limit_are_counted),
        TEST(no_allocation_may_fail_unnoticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

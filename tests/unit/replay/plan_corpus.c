/* Acceptance test 55 of configuration: real files from public repositories, which
 * mirror what another YAML parser says. They are not ours: CORPUS names the folder,
 * with istio/MANIFEST.json in it; without it this is skipped. */
#include "core/json_tree.h"
#include "core/mem.h"
#include "core/yaml.h"
#include "tests/support/plan_text.h"

struct corpus {
    char folder[4096];
    char *manifest;
    struct arena mem;
    const struct json_node *files; /* an array */
};

static char *read_file(const char *folder, struct str name, size_t *len)
{
    char path[8192], *text = mem_alloc(4 << 20);
    FILE *in;

    snprintf(path, sizeof path, "%s/%.*s", folder, STR_ARG(name));
    in = fopen(path, "rb");
    if (!in || !text)
        fail_msg("%s cannot be read", path);
    *len = fread(text, 1, 4 << 20, in);
    fclose(in);
    return text;
}

static int open_corpus(void **state)
{
    struct corpus *c = mem_zalloc(sizeof *c);
    const char *folder = getenv("CORPUS");
    size_t len;

    if (!c)
        return -1;
    *state = c;
    arena_init(&c->mem, 16 << 20);
    if (!folder || !*folder)
        return 0;
    snprintf(c->folder, sizeof c->folder, "%s/istio", folder);
    c->manifest = read_file(c->folder, STR("MANIFEST.json"), &len);
    c->files = json_parse(str_from(c->manifest, len), &c->mem, NULL, NULL);
    return c->files ? 0 : -1;
}

static int close_corpus(void **state)
{
    struct corpus *c = *state;

    arena_release(&c->mem);
    mem_free(c->manifest);
    mem_free(c);
    return 0;
}

static struct str text_of(const struct json_node *object, const char *key)
{
    const struct json_node *n = json_member(object, str_of(key));

    return n ? n->text : (struct str){0};
}

/* ---- what a file says ---- */

/* "rule: baseline baseline -> candidate ppm", one a line. */
static void write_plan(const struct plan *p, struct buf *out)
{
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        for (const struct plan_arrow *c = rule->candidates; c; c = c->next) {
            buf_printf(out, NULL, "%.*s:", STR_ARG(rule->name));
            for (const struct plan_arrow *b = rule->baselines; b; b = b->next)
                buf_printf(out, NULL, " %.*s", STR_ARG(b->to->name));
            buf_printf(out, NULL, " -> %.*s %u\n", STR_ARG(c->to->name), c->ppm);
        }
    }
}

static void write_expected(const struct json_node *mirror, struct buf *out)
{
    struct str rule = text_of(mirror, "rule"), to = text_of(mirror, "candidate"),
               ppm = text_of(mirror, "ppm");
    const struct json_node *baselines = json_member(mirror, STR("baseline"));

    buf_printf(out, NULL, "%.*s:", STR_ARG(rule));
    for (const struct json_node *b = baselines ? baselines->child : NULL; b; b = b->next)
        buf_printf(out, NULL, " %.*s", STR_ARG(b->text));
    buf_printf(out, NULL, " -> %.*s %.*s\n", STR_ARG(to), STR_ARG(ppm));
}

/* The kinds of a file's objects, one a line; what is none is E304 there. */
static void write_kinds(struct str text, struct buf *out)
{
    struct yaml_stream yaml;
    struct diags diags;

    yaml_stream_init(&yaml);
    diags_init(&diags);
    assert_int_equal(yaml_read(&yaml, text, "t", &diags, NULL), 0);
    for (const struct yaml_doc *d = yaml.docs; d; d = d->next) {
        const struct yaml_node *kind = yaml_get(d->root, "kind");

        buf_printf(out, NULL, "%s\n", kind ? kind->text.data : "E304");
    }
    diags_release(&diags);
    yaml_stream_release(&yaml);
}

/* ---- and what it is expected to ---- */

static int by_text(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    return str_cmp(*x, *y);
}

/* The same lines, in any order: precedence is another test's. */
static void must_be_same(struct str name, struct str is, struct str want)
{
    struct str a[1000], b[1000], all_is = is, all_want = want;
    size_t n = 0, m = 0;

    while (is.data && n < 1000)
        a[n++] = str_cut(&is, '\n');
    while (want.data && m < 1000)
        b[m++] = str_cut(&want, '\n');
    qsort(a, n, sizeof *a, by_text);
    qsort(b, m, sizeof *b, by_text);
    for (size_t i = 0; i < n || i < m; i++) {
        if (i >= n || i >= m || !str_eq(a[i], b[i]))
            fail_msg("%.*s is\n%.*snot\n%.*s", STR_ARG(name), STR_ARG(all_is), STR_ARG(all_want));
    }
}

static void check_kinds(const struct json_node *file, const struct json_node *expect,
                        struct str text)
{
    const struct json_node *kinds = json_member(expect, STR("kinds"));
    struct buf is, want;

    buf_init(&is, 1 << 20);
    buf_init(&want, 1 << 20);
    write_kinds(text, &is);
    for (const struct json_node *k = kinds ? kinds->child : NULL; k; k = k->next)
        buf_printf(&want, NULL, "%.*s\n", STR_ARG(k->text));
    must_be_same(text_of(file, "file"), buf_str(&is), buf_str(&want));
    buf_release(&is);
    buf_release(&want);
}

static void check_mirrors(const struct json_node *file, const struct json_node *expect,
                          struct str text)
{
    const struct json_node *mirrors = json_member(expect, STR("mirrors"));
    struct plan_input input = {text, "t"};
    struct plan_text_run run;
    struct buf is, want;
    bool broken = str_eq(text_of(expect, "parse"), STR("error"));

    buf_init(&is, 1 << 20);
    buf_init(&want, 1 << 20);
    plan_text_read_inputs(&run, &input, 1);
    assert_int_equal(plan_text_says(&run, "E101", NULL), broken);
    write_plan(run.plan, &is);
    for (const struct json_node *m = mirrors ? mirrors->child : NULL; m; m = m->next)
        write_expected(m, &want);
    must_be_same(text_of(file, "file"), buf_str(&is), buf_str(&want));
    plan_text_release(&run);
    buf_release(&is);
    buf_release(&want);
}

static void config_55_real_files_mirror_what_they_say(void **state)
{
    struct corpus *c = *state;

    if (!c->files) {
        print_message("# CORPUS is not set: a folder with istio/MANIFEST.json\n");
        skip();
    }
    assert_true(c->files->count > 0);
    for (const struct json_node *f = c->files->child; f; f = f->next) {
        const struct json_node *expect = json_member(f, STR("expect"));
        size_t len;
        char *text = read_file(c->folder, text_of(f, "file"), &len);

        if (!str_eq(text_of(expect, "parse"), STR("error")))
            check_kinds(f, expect, str_from(text, len));
        check_mirrors(f, expect, str_from(text, len));
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(config_55_real_files_mirror_what_they_say, open_corpus,
                                        close_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "diff/openapi.h"

#include "core/yaml.h"

enum { OPENAPI_MEMORY = 32 * 1024 * 1024, BASES_MAX = 16 };

struct reader {
    struct openapi *o;
    struct diags *diags;
    struct err *e;
    struct str bases[BASES_MAX]; /* paths of servers; the first is empty */
    size_t n_bases;
};

void openapi_init(struct openapi *o)
{
    *o = (struct openapi){0};
    arena_init(&o->mem, OPENAPI_MEMORY);
}

void openapi_release(struct openapi *o)
{
    arena_release(&o->mem);
    *o = (struct openapi){0};
}

/* ---- where the paths begin ---- */

static void add_base(struct reader *r, struct str base)
{
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    if (!base.len || base.data[0] != '/' || str_find(base, '{') < base.len)
        return;
    for (size_t i = 0; i < r->n_bases; i++) {
        if (str_eq(r->bases[i], base))
            return;
    }
    if (r->n_bases < BASES_MAX)
        r->bases[r->n_bases++] = base;
}

/* "https://api.test/v1" or "/v1" */
static struct str path_of_url(struct str url)
{
    size_t colon = str_find(url, ':');

    if (!str_starts(str_skip(url, colon), STR("://")))
        return url;
    url = str_skip(url, colon + 3);
    return str_skip(url, str_find(url, '/'));
}

static void find_bases(struct reader *r, const struct yaml_node *top)
{
    const struct yaml_node *servers = yaml_get(top, "servers"), *base = yaml_get(top, "basePath");

    r->bases[0] = STR("");
    r->n_bases = 1;
    if (base && base->kind == YAML_SCALAR)
        add_base(r, base->text);
    for (const struct yaml_item *i = servers ? servers->items : NULL; i; i = i->next) {
        const struct yaml_node *url = yaml_get(i->value, "url");

        if (url && url->kind == YAML_SCALAR)
            add_base(r, path_of_url(url->text));
    }
}

/* ---- paths ---- */

static int add_pattern(struct reader *r, struct str method, struct str base, struct str path)
{
    struct openapi *o = r->o;
    struct pattern *p;
    char *text;

    if (o->n == OPENAPI_PATTERNS)
        return err_set(r->e, ERR_USAGE, "more than %d paths", OPENAPI_PATTERNS);
    if (o->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : 64;

        p = arena_grow(&o->mem, o->patterns, o->cap * sizeof *p, cap * sizeof *p, r->e);
        if (!p)
            return -1;
        o->patterns = p;
        o->cap = cap;
    }
    text = arena_alloc(&o->mem, method.len + base.len + path.len + 1, r->e);
    if (!text)
        return -1;
    for (size_t i = 0; i < method.len; i++)
        text[i] = (char)(method.data[i] & ~0x20);
    if (base.len)
        memcpy(text + method.len, base.data, base.len);
    memcpy(text + method.len + base.len, path.data, path.len);
    o->patterns[o->n++] = (struct pattern){str_from(text, method.len),
                                           str_from(text + method.len, base.len + path.len)};
    return 0;
}

static bool is_method(struct str s)
{
    static const struct str names[] = {STR_INIT("get"),    STR_INIT("put"),     STR_INIT("post"),
                                       STR_INIT("delete"), STR_INIT("options"), STR_INIT("head"),
                                       STR_INIT("patch"),  STR_INIT("trace")};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(s, names[i]))
            return true;
    }
    return false;
}

static int add_path(struct reader *r, struct str path, const struct yaml_node *item)
{
    bool any = false;

    for (size_t b = 0; b < r->n_bases; b++) {
        for (const struct yaml_item *i = item->kind == YAML_MAP ? item->items : NULL; i;
             i = i->next) {
            if (!is_method(i->key->text))
                continue;
            any = true;
            if (add_pattern(r, i->key->text, r->bases[b], path) < 0)
                return -1;
        }
        if (!any && add_pattern(r, STR(""), r->bases[b], path) < 0) /* $ref, or nothing yet */
            return -1;
    }
    return 0;
}

static int read_paths(struct reader *r, const struct yaml_node *paths)
{
    for (const struct yaml_item *i = paths->items; i; i = i->next) {
        struct str path = i->key->text;

        if (str_starts(path, STR("x-")))
            continue;
        if (!str_starts(path, STR("/")))
            diag_add(r->diags, DIAG_ERROR, "E712", i->key->at, "a path begins with a slash");
        else if (add_path(r, path, i->value) < 0)
            return -1;
    }
    return 0;
}

int openapi_read(struct openapi *o, struct str text, const char *name, struct diags *diags,
                 struct err *e)
{
    struct reader r = {.o = o, .diags = diags, .e = e};
    struct place start = {name, 1, 1};
    struct yaml_stream stream;
    const struct yaml_node *top, *paths;
    int rc;

    yaml_stream_init(&stream);
    rc = yaml_read(&stream, text, name, diags, e);
    top = stream.docs ? stream.docs->root : NULL;
    paths = yaml_get(top, "paths");
    if (rc == 0 && diags_errors(diags) == 0 && (!paths || paths->kind != YAML_MAP))
        diag_add(diags, DIAG_ERROR, "E711", top ? top->at : start,
                 "not an OpenAPI description: expected a map with \"paths\"");
    if (rc == 0 && paths && paths->kind == YAML_MAP) {
        find_bases(&r, top);
        rc = read_paths(&r, paths);
    }
    yaml_stream_release(&stream);
    return rc < 0 ? err_wrap(e, "%s", name) : 0;
}

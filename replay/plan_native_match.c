/* plan_native_match.c -- which requests a rule of a Mirror is for. */
#include <string.h>

#include "core/pattern.h"
#include "replay/plan_native.h"

/* ---- lists ---- */

size_t native_texts(struct plan_reader *r, const struct yaml_node *n, const char *what,
                    struct str **list)
{
    size_t i = 0;

    if (!n)
        return 0;
    *list = plan_array(r, n->kind == YAML_LIST && n->count ? n->count : 1, sizeof **list);
    if (!*list)
        return 0;
    if (n->kind != YAML_LIST)
        return plan_take_text(r, n, what, *list);
    for (const struct yaml_item *item = n->items; item; item = item->next) {
        if (plan_take_text(r, item->value, what, &(*list)[i]))
            i++;
    }
    return r->failed ? 0 : i;
}

static void take_pair(struct plan_reader *r, const struct yaml_node *n, const char *what,
                      native_take *take, void *ctx)
{
    enum { NAME, VALUE, COUNT };
    static const struct plan_known known[] = {[NAME] = {"name"}, [VALUE] = {"value"}};
    const struct plan_fields fields = {what, known, COUNT};
    const struct yaml_node *v[COUNT];

    if (!plan_take(r, n, &fields, v, NULL))
        return;
    if (!v[NAME] || v[NAME]->kind != YAML_SCALAR)
        plan_error(r, "E602", n->at, "an item of %s needs a name and a value", what);
    else
        take(r, ctx, v[NAME]->text, v[VALUE], n->at);
}

void native_each(struct plan_reader *r, const struct yaml_node *n, const char *what,
                 native_take *take, void *ctx)
{
    if (!n)
        return;
    if (n->kind == YAML_SCALAR) {
        plan_error(r, "E401", n->at, "%s must be a map, or a list of {name, value}", what);
        return;
    }
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        if (n->kind == YAML_LIST)
            take_pair(r, i->value, what, take, ctx);
        else
            take(r, ctx, i->key->text, yaml_is_null(i->value) ? NULL : i->value, i->key->at);
    }
}

/* ---- one text ---- */

/* In the order of enum plan_how, so that a field's number is how it compares. */
enum { T_ANY_CASE = PLAN_REGEX + 1, T_COUNT };
static const struct plan_known text_fields[] = {
    [PLAN_PRESENT] = {"present"},   [PLAN_EXACT] = {"exact"}, [PLAN_PREFIX] = {"prefix"},
    [PLAN_SEGMENTS] = {"segments"}, [PLAN_GLOB] = {"glob"},   [PLAN_REGEX] = {"regex"},
    [T_ANY_CASE] = {"any-case"},
};

static bool check_glob(struct plan_reader *r, const struct yaml_node *n, const struct plan_text *t)
{
    if (t->how != PLAN_GLOB || str_starts(t->text, STR("/")) || str_eq(t->text, STR("*")))
        return true;
    plan_error(r, "E602", n->at, "\"%.*s\" is not a path like /movies/*, with the slash in front",
               STR_ARG(str_head(t->text, 200)));
    return false;
}

static void check_path(struct plan_reader *r, const struct yaml_node *n, const struct plan_text *t)
{
    const char *why = t && t->how == PLAN_GLOB ? pattern_overdone(t->text) : NULL;

    if (why)
        plan_error(r, "E602", n->at, "\"%.*s\": %s", STR_ARG(str_head(t->text, 200)), why);
}

static bool take_how(struct plan_reader *r, const struct yaml_node *n, const char *what,
                     const struct yaml_node *const v[], struct plan_text *t)
{
    unsigned given = 0;
    bool present = true;

    for (int i = PLAN_PRESENT; i <= PLAN_REGEX; i++) {
        if (v[i]) {
            t->how = (enum plan_how)i;
            given++;
        }
    }
    if (given != 1) {
        plan_error(r, "E602", n->at,
                   "%s needs one of exact, prefix, segments, glob, regex and present", what);
        return false;
    }
    if (t->how == PLAN_PRESENT)
        return plan_take_bool(r, v[PLAN_PRESENT], "present", &present);
    return plan_take_text(r, v[t->how], what, &t->text);
}

/* A scalar is compared as `usual` says. */
static bool take_text(struct plan_reader *r, const struct yaml_node *n, const char *what,
                      enum plan_how usual, struct plan_text *t)
{
    const struct plan_fields fields = {what, text_fields, T_COUNT};
    const struct yaml_node *v[T_COUNT];

    if (n && n->kind == YAML_SCALAR) {
        t->how = usual;
        return plan_take_text(r, n, what, &t->text) && check_glob(r, n, t);
    }
    if (!n || n->count == 0) /* as Istio's {}: it is there */
        return true;
    if (!plan_take(r, n, &fields, v, NULL) || !take_how(r, n, what, v, t) ||
        !plan_take_bool(r, v[T_ANY_CASE], "any-case", &t->any_case) || !check_glob(r, n, t))
        return false;
    return t->how != PLAN_REGEX || plan_compile(r, t, v[PLAN_REGEX]->at);
}

static void take_whole(struct plan_reader *r, const struct yaml_node *n, const char *what,
                       enum plan_how usual, struct plan_text **to)
{
    struct plan_text *t = n ? plan_alloc(r, sizeof *t) : NULL;

    if (t)
        take_text(r, n, what, usual, t);
    *to = t;
}

/* ---- header fields and query parameters ---- */

struct fields {
    struct plan_field **end;
    const char *what;
    bool not_so;
};

static void take_field(struct plan_reader *r, void *ctx, struct str name,
                       const struct yaml_node *value, struct place at)
{
    struct fields *fields = ctx;
    struct plan_field *f = plan_alloc(r, sizeof *f);

    (void)at;
    if (!f)
        return;
    f->name = plan_text_copy(r, name);
    f->not_so = fields->not_so;
    take_text(r, value, fields->what, PLAN_EXACT, &f->value);
    *fields->end = f;
    fields->end = &f->next;
}

/* ---- a match ---- */

enum {
    M_PATH,
    M_METHOD,
    M_HEADER,
    M_WITHOUT_HEADER,
    M_QUERY,
    M_WITHOUT_QUERY,
    M_AUTHORITY,
    M_SCHEME,
    M_PORT,
    M_HOSTS,
    M_UNKNOWABLE,
    M_COUNT,
};

static const struct plan_known match_fields[] = {
    [M_PATH] = {"path"},
    [M_METHOD] = {"method"},
    [M_HEADER] = {"header"},
    [M_WITHOUT_HEADER] = {"without-header"},
    [M_QUERY] = {"query"},
    [M_WITHOUT_QUERY] = {"without-query"},
    [M_AUTHORITY] = {"authority"},
    [M_SCHEME] = {"scheme"},
    [M_PORT] = {"port"},
    [M_HOSTS] = {"hosts"},
    [M_UNKNOWABLE] = {"unknowable"},
};

static void take_named(struct plan_reader *r, const struct yaml_node *const v[],
                       struct plan_match *m)
{
    struct fields headers = {&m->headers, "header", false};
    struct fields queries = {&m->queries, "query", false};

    native_each(r, v[M_HEADER], "header", take_field, &headers);
    headers.not_so = true;
    native_each(r, v[M_WITHOUT_HEADER], "without-header", take_field, &headers);
    native_each(r, v[M_QUERY], "query", take_field, &queries);
    queries.not_so = true;
    native_each(r, v[M_WITHOUT_QUERY], "without-query", take_field, &queries);
}

static struct plan_match *take_match(struct plan_reader *r, const struct yaml_node *n,
                                     const struct yaml_node **hosts)
{
    static const struct plan_fields fields = {"match", match_fields, M_COUNT};
    const struct yaml_node *v[M_COUNT];
    struct plan_match *m = plan_alloc(r, sizeof *m);
    struct str unknowable = {0};
    uint64_t port = 0;

    if (!m || !plan_take(r, n, &fields, v, NULL))
        return m;
    m->at = n->at;
    take_whole(r, v[M_PATH], "path", PLAN_GLOB, &m->path);
    check_path(r, v[M_PATH], m->path);
    take_whole(r, v[M_METHOD], "method", PLAN_EXACT, &m->method);
    take_whole(r, v[M_AUTHORITY], "authority", PLAN_EXACT, &m->authority);
    take_whole(r, v[M_SCHEME], "scheme", PLAN_EXACT, &m->scheme);
    take_named(r, v, m);
    if (plan_take_int(r, v[M_PORT], "port", "E602", 1, 65535, &port))
        m->port = (uint16_t)port;
    if (plan_take_text(r, v[M_UNKNOWABLE], "unknowable", &unknowable))
        m->unknowable = unknowable.data;
    *hosts = v[M_HOSTS];
    return m;
}

void native_hosts(struct plan_reader *r, const struct yaml_node *n, struct plan_rule *rule)
{
    size_t got;

    if (!n)
        return;
    got = native_texts(r, n, "hosts", &rule->hosts);
    for (size_t i = 0; i < got; i++) {
        if (rule->hosts[i].len == 0)
            plan_error(r, "E602", n->at, "hosts: a name is empty");
    }
    rule->n_hosts = got;
}

/* Hosts are of a rule as a whole; in its only match they mean the same. */
static void take_hosts_of_match(struct plan_reader *r, const struct yaml_node *hosts, bool is_only,
                                struct plan_rule *rule)
{
    if (!hosts)
        return;
    if (!is_only || rule->n_hosts)
        plan_error(r, "E603", hosts->at, "hosts are of the whole rule: write them beside match");
    else
        native_hosts(r, hosts, rule);
}

void native_matches(struct plan_reader *r, const struct yaml_node *n, struct plan_rule *rule)
{
    struct plan_match **end = &rule->matches;
    const struct yaml_node *hosts = NULL;

    if (!n)
        return;
    if (n->kind != YAML_LIST) {
        rule->matches = take_match(r, n, &hosts);
        take_hosts_of_match(r, hosts, true, rule);
        return;
    }
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        *end = take_match(r, i->value, &hosts);
        take_hosts_of_match(r, hosts, n->count == 1, rule);
        if (*end)
            end = &(*end)->next;
    }
}

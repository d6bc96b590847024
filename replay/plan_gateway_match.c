/* plan_gateway_match.c -- HTTPRouteMatch: path, method, header fields, query parameters. */
#include "core/http.h"
#include "replay/plan_gateway.h"

enum { SHOWN = 100 };

/* ---- type: Exact, ... ---- */

struct type {
    struct str name;
    enum plan_how how;
};

static const struct type path_types[] = {
    {STR_INIT("PathPrefix"), PLAN_SEGMENTS}, /* the default stands first */
    {STR_INIT("Exact"), PLAN_EXACT},
    {STR_INIT("RegularExpression"), PLAN_REGEX},
};

static const struct type field_types[] = {
    {STR_INIT("Exact"), PLAN_EXACT},
    {STR_INIT("RegularExpression"), PLAN_REGEX},
};

enum {
    N_PATH_TYPES = sizeof path_types / sizeof *path_types,
    N_FIELD_TYPES = sizeof field_types / sizeof *field_types,
};

static bool take_type(struct plan_reader *r, const struct yaml_node *n, const struct type *types,
                      size_t n_types, enum plan_how *how)
{
    struct str name = types[0].name;

    if (!plan_take_text(r, n, "type", &name))
        return false;
    for (size_t i = 0; i < n_types; i++) {
        *how = types[i].how;
        if (str_eq(name, types[i].name))
            return true;
    }
    plan_error(r, "E411", n->at, "type cannot be \"%.*s\": %sExact or RegularExpression",
               STR_ARG(str_head(name, SHOWN)), n_types == N_PATH_TYPES ? "PathPrefix, " : "");
    return false;
}

static bool compile(struct plan_reader *r, struct plan_text *text, struct place at)
{
    return text->how != PLAN_REGEX || plan_compile(r, text, at);
}

/* ---- path ---- */

/* /foo/ means /foo to the Gateway API. */
static void trim_slashes(struct str *path)
{
    while (path->len > 1 && path->data[path->len - 1] == '/')
        path->len--;
}

static bool fill_path(struct plan_reader *r, struct gateway_match *m, struct plan_text *path,
                      struct place at)
{
    m->path_length = path->text.len;
    if (path->how == PLAN_REGEX)
        return plan_compile(r, path, at);
    if (path->text.len == 0 || path->text.data[0] != '/') {
        plan_error(r, "E408", at, "path.value \"%.*s\" must begin with a slash",
                   STR_ARG(str_head(path->text, SHOWN)));
        return false;
    }
    if (path->how == PLAN_SEGMENTS)
        trim_slashes(&path->text);
    return true;
}

static bool take_path(struct plan_reader *r, const struct yaml_node *n, struct gateway_match *m)
{
    static const struct plan_known known[] = {{"type"}, {"value"}};
    static const struct plan_fields fields = {"path", known, 2};
    const struct yaml_node *values[2];
    struct plan_text *path = plan_alloc(r, sizeof *path);

    if (!path)
        return false;
    *path = (struct plan_text){.how = path_types[0].how, .text = STR("/")};
    m->match->path = path;
    if (!n)
        return true;
    return plan_take(r, n, &fields, values, NULL) &&
           take_type(r, values[0], path_types, N_PATH_TYPES, &path->how) &&
           plan_take_text(r, values[1], "path.value", &path->text) &&
           fill_path(r, m, path, values[1] ? values[1]->at : n->at);
}

/* ---- method ---- */

static bool take_method(struct plan_reader *r, const struct yaml_node *n, struct plan_match *m)
{
    static const char *const known[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    struct str name = {0};

    if (!n)
        return true;
    if (!plan_take_text(r, n, "method", &name))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_eq(name, str_of(known[i])))
            m->method = plan_alloc(r, sizeof *m->method);
    }
    if (m->method)
        *m->method = (struct plan_text){.how = PLAN_EXACT, .text = name};
    else if (!r->failed)
        plan_error(r, "E408", n->at, "method cannot be \"%.*s\": GET, HEAD, POST, ...",
                   STR_ARG(str_head(name, SHOWN)));
    return m->method != NULL;
}

/* ---- headers, queryParams ---- */

struct names {
    const char *what;
    bool header;
};

static const struct names headers = {"headers[]", true}, queries = {"queryParams[]", false};

/* Only the first of equal names counts; names of header fields are equal in any case. */
static bool is_repeated(const struct plan_field *list, struct str name, bool header)
{
    for (; list; list = list->next) {
        if (header ? str_ieq(list->name, name) : str_eq(list->name, name))
            return true;
    }
    return false;
}

static bool check_name(struct plan_reader *r, const struct yaml_node *n, const struct names *of,
                       struct str name)
{
    if (name.len && (!of->header || http_is_token(name)))
        return true;
    plan_error(r, "E408", n->at, "\"%.*s\" is no name of a %s", STR_ARG(str_head(name, SHOWN)),
               of->header ? "header" : "query parameter");
    return false;
}

static struct plan_field *take_field(struct plan_reader *r, const struct yaml_node *n,
                                     const struct names *of)
{
    static const struct plan_known known[] = {{"name"}, {"value"}, {"type"}};
    const struct plan_fields fields = {of->what, known, 3};
    const struct yaml_node *values[3];
    struct plan_field *f = plan_alloc(r, sizeof *f);

    if (!f || !plan_take(r, n, &fields, values, NULL))
        return NULL;
    if (!values[0] || !values[1]) {
        plan_error(r, "E202", n->at, "%s: %s is required", of->what, values[0] ? "value" : "name");
        return NULL;
    }
    if (!plan_take_text(r, values[0], "name", &f->name) || !check_name(r, values[0], of, f->name) ||
        !take_type(r, values[2], field_types, N_FIELD_TYPES, &f->value.how) ||
        !plan_take_text(r, values[1], "value", &f->value.text) ||
        !compile(r, &f->value, values[1]->at))
        return NULL;
    return f;
}

static bool take_fields(struct plan_reader *r, const struct yaml_node *list, const struct names *of,
                        struct plan_field **first, size_t *n)
{
    struct plan_field **end = first, *f;
    bool good = true;

    if (!list || !plan_is_list(r, list, of->what))
        return !list;
    for (const struct yaml_item *i = list->items; i && !r->failed; i = i->next) {
        f = take_field(r, i->value, of);
        good = good && f;
        if (!f)
            continue;
        if (*n >= PLAN_FIELDS_MAX) {
            plan_error(r, "E102", i->value->at, "more than %d %s", PLAN_FIELDS_MAX, of->what);
            return false;
        }
        if (is_repeated(*first, f->name, of->header)) {
            plan_note(r, "N411", i->value->at, "%.*s is there already: only the first counts",
                      STR_ARG(str_head(f->name, SHOWN)));
            continue;
        }
        *end = f;
        end = &f->next;
        ++*n;
    }
    return good;
}

/* ---- one match ---- */

static struct gateway_match *new_match(struct plan_reader *r, struct gateway_rule *rule,
                                       struct place at)
{
    struct gateway_match *m = plan_alloc(r, sizeof *m);

    if (!m)
        return NULL;
    m->rule = rule;
    m->match = plan_alloc(r, sizeof *m->match);
    if (!m->match)
        return NULL;
    m->match->at = at;
    return m;
}

static void add_match(struct plan_reader *r, struct gateway_match *m)
{
    struct plan_gateway *g = plan_gateway_of(r);

    if (!g || g->n > PLAN_GATEWAY_MAX_MATCHES)
        return;
    m->order = g->n++;
    if (m->order == PLAN_GATEWAY_MAX_MATCHES) {
        plan_error(r, "E102", m->match->at, "more than %d matches in HTTPRoutes",
                   PLAN_GATEWAY_MAX_MATCHES);
        return;
    }
    if (g->last)
        g->last->next = m;
    else
        g->first = m;
    g->last = m;
}

enum { PATH, METHOD, HEADERS, QUERIES, N_FIELDS };

static const struct plan_known known[N_FIELDS] = {
    [PATH] = {"path"},
    [METHOD] = {"method"},
    [HEADERS] = {"headers"},
    [QUERIES] = {"queryParams"},
};

static const struct plan_fields fields = {"matches[]", known, N_FIELDS};

/* The Gateway API rewrites prefixes of prefixes only. */
static void check_rewrite(struct plan_reader *r, const struct gateway_match *m)
{
    if (m->rule->made.rewrite.path == PLAN_PATH_PREFIX && m->match->path->how != PLAN_SEGMENTS)
        plan_error(r, "E414", m->match->at,
                   "ReplacePrefixMatch needs a path of type PathPrefix in every match of its rule");
}

static void take_match(struct plan_reader *r, const struct yaml_node *n, struct gateway_rule *rule)
{
    const struct yaml_node *values[N_FIELDS] = {0};
    struct gateway_match *m = new_match(r, rule, n ? n->at : rule->made.at);
    bool good;

    if (!m || (n && !plan_take(r, n, &fields, values, NULL)))
        return;
    m->path_length = 1;
    good = take_path(r, values[PATH], m);
    good = take_method(r, values[METHOD], m->match) && good;
    good = take_fields(r, values[HEADERS], &headers, &m->match->headers, &m->headers) && good;
    good = take_fields(r, values[QUERIES], &queries, &m->match->queries, &m->queries) && good;
    if (!good || r->failed)
        return;
    check_rewrite(r, m);
    add_match(r, m);
}

void plan_gateway_matches(struct plan_reader *r, const struct yaml_node *list,
                          struct gateway_rule *rule)
{
    if (list && !plan_is_list(r, list, "matches"))
        return;
    if (!list || list->count == 0) {
        take_match(r, NULL, rule);
        return;
    }
    for (const struct yaml_item *i = list->items; i && !r->failed; i = i->next)
        take_match(r, i->value, rule);
}

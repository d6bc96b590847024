/* plan_http_match.c -- Istio's HTTPMatchRequest.
 *
 * A match of which something is wrong, or unknown, must not fit more than it
 * would otherwise: errors stop the run, and what no capture knows fails closed.
 */
#include "core/http.h"
#include "replay/plan_istio.h"

enum field {
    NAME,
    URI,
    IGNORE_URI_CASE,
    METHOD,
    AUTHORITY,
    SCHEME,
    HEADERS,
    WITHOUT_HEADERS,
    QUERY_PARAMS,
    PORT,
    SOURCE_LABELS,
    SOURCE_NAMESPACE,
    GATEWAYS,
    STAT_PREFIX,
    PATH,
    ROUTE,
    MIRROR,
    N_FIELDS,
};

static const struct plan_known known[N_FIELDS] = {
    [NAME] = {"name", NULL, PLAN_FIELD_NOTED},
    [URI] = {"uri"},
    [IGNORE_URI_CASE] = {"ignoreUriCase", "ignore_uri_case"},
    [METHOD] = {"method"},
    [AUTHORITY] = {"authority"},
    [SCHEME] = {"scheme"},
    [HEADERS] = {"headers"},
    [WITHOUT_HEADERS] = {"withoutHeaders", "without_headers"},
    [QUERY_PARAMS] = {"queryParams", "query_params"},
    [PORT] = {"port"},
    [SOURCE_LABELS] = {"sourceLabels", "source_labels"},
    [SOURCE_NAMESPACE] = {"sourceNamespace", "source_namespace"},
    [GATEWAYS] = {"gateways"},
    [STAT_PREFIX] = {"statPrefix", "stat_prefix", PLAN_FIELD_NOTED},
    [PATH] = {"path", NULL, PLAN_FIELD_ELSEWHERE, "in an HTTPRoute; here it is called uri"},
    [ROUTE] = {"route", NULL, PLAN_FIELD_ELSEWHERE, "in spec.http[], beside match"},
    [MIRROR] = {"mirror", NULL, PLAN_FIELD_ELSEWHERE, "in spec.http[], beside match"},
};

static const struct plan_fields fields = {"match[]", known, N_FIELDS};

/* ---- header fields and query parameters ---- */

static bool is_claim(struct str name)
{
    return str_istarts(name, STR("@request.auth."));
}

/* Is it a name that can be asked for? */
static bool check_name(struct plan_reader *r, const struct yaml_node *key, bool header)
{
    if (header && is_claim(key->text)) {
        plan_error(r, "E421", key->at, "claims of a JWT are not known from a capture");
        return false;
    }
    if (key->text.len == 0 || (header && !http_is_token(key->text))) {
        plan_error(r, "E408", key->at, "\"%.*s\" is no name of a %s",
                   STR_ARG(str_head(key->text, 100)), header ? "header" : "query parameter");
        return false;
    }
    return true;
}

static void take_names(struct plan_reader *r, const struct yaml_node *map, const char *what,
                       bool header, bool not_so, struct plan_field **end)
{
    if (!map || !plan_is_map(r, map, what))
        return;
    while (*end)
        end = &(*end)->next;
    for (const struct yaml_item *i = map->items; i; i = i->next) {
        struct plan_text *text = plan_string_match(r, i->value, what, true);
        struct plan_field *f;

        if (!check_name(r, i->key, header) || !text)
            continue;
        f = plan_alloc(r, sizeof *f);
        if (!f)
            return;
        f->name = plan_text_copy(r, i->key->text);
        f->value = *text;
        f->not_so = not_so;
        *end = f;
        end = &f->next;
    }
}

/* ---- what no capture knows ---- */

static bool asks(const struct yaml_node *n)
{
    return n && (n->kind == YAML_SCALAR ? n->text.len > 0 : n->count > 0);
}

static void find_unknowable(struct plan_reader *r, const struct yaml_node *const values[],
                            struct plan_match *m)
{
    static const enum field unknowable[] = {SOURCE_LABELS, SOURCE_NAMESPACE, GATEWAYS};
    const char *found = NULL;

    for (size_t i = 0; i < sizeof unknowable / sizeof *unknowable && !found; i++) {
        if (asks(values[unknowable[i]]))
            found = known[unknowable[i]].name;
    }
    if (!found)
        return;
    if (r->options->assume_source_labels) {
        plan_note(r, "N420", m->at, "%s is assumed to fit", found);
        return;
    }
    m->unknowable = found;
    plan_warn(r, "W420", m->at,
              "a capture does not know %s: this match fits nothing (--assume source-labels lets "
              "it fit)",
              found);
}

/* ---- one match ---- */

static void take_uri(struct plan_reader *r, const struct yaml_node *const values[],
                     struct plan_match *m)
{
    bool any_case = false;

    plan_take_bool(r, values[IGNORE_URI_CASE], "ignoreUriCase", &any_case);
    if (!values[URI])
        return;
    m->path = plan_string_match(r, values[URI], "uri", false);
    if (m->path)
        m->path->any_case = any_case && m->path->how != PLAN_REGEX;
}

static struct plan_text *take_text(struct plan_reader *r, const struct yaml_node *const values[],
                                   enum field field)
{
    return values[field] ? plan_string_match(r, values[field], known[field].name, false) : NULL;
}

static struct plan_match *take_match(struct plan_reader *r, const struct yaml_node *n)
{
    const struct yaml_node *values[N_FIELDS];
    struct plan_match *m = plan_alloc(r, sizeof *m);
    uint64_t port = 0;

    if (!m || !plan_take(r, n, &fields, values, NULL))
        return NULL;
    m->at = n->at;
    take_uri(r, values, m);
    m->method = take_text(r, values, METHOD);
    m->authority = take_text(r, values, AUTHORITY);
    m->scheme = take_text(r, values, SCHEME);
    take_names(r, values[HEADERS], "headers", true, false, &m->headers);
    take_names(r, values[WITHOUT_HEADERS], "withoutHeaders", true, true, &m->headers);
    take_names(r, values[QUERY_PARAMS], "queryParams", false, false, &m->queries);
    plan_take_int(r, values[PORT], "port", "E413", 1, 65535, &port);
    m->port = (uint16_t)port;
    find_unknowable(r, values, m);
    return r->failed ? NULL : m;
}

struct plan_match *plan_http_matches(struct plan_reader *r, const struct yaml_node *n)
{
    struct plan_match *matches = NULL, **end = &matches;

    if (!n || !plan_is_list(r, n, "match"))
        return NULL;
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        *end = take_match(r, i->value);
        if (*end)
            end = &(*end)->next;
    }
    return matches;
}

/* ---- catch-alls ---- */

static bool is_any_path(const struct plan_text *path)
{
    return !path || (path->how == PLAN_PREFIX && str_eq(path->text, STR("/"))) ||
           (path->how == PLAN_REGEX && str_eq(path->text, STR(".*")));
}

static bool fits_all(const struct plan_match *m)
{
    return is_any_path(m->path) && !m->method && !m->authority && !m->scheme && !m->headers &&
           !m->queries && !m->port && !m->unknowable;
}

struct plan_match *plan_catch_all(const struct plan_rule *rule)
{
    struct plan_match *m = rule->matches;

    while (m && !fits_all(m))
        m = m->next;
    return m;
}

bool plan_is_catch_all(const struct plan_rule *rule)
{
    return !rule->matches || plan_catch_all(rule);
}

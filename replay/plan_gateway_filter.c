/* plan_gateway_filter.c -- HTTPRouteFilter: what a rule does with its requests.
 *
 * A filter names its type, and has a field of that name in lowerCamelCase.
 */
#include "core/nearest.h"
#include "replay/plan_gateway.h"

enum { SHOWN = 100, CHANGES_MAX = 64 };

/* ---- RequestHeaderModifier ---- */

static void add_change(struct plan_reader *r, const struct yaml_node *n, struct plan_rule *rule,
                       const struct plan_change *c)
{
    struct plan_change **end = &rule->changes, *copy;
    size_t count = 0;

    if (!plan_check_change(r, "E415", c, n->at))
        return;
    if (str_ieq(c->name, STR("host")) && c->kind != PLAN_REMOVE) {
        if (rule->rewrite.authority.data)
            plan_error(r, "E414", n->at, "Host of copies is set twice");
        rule->rewrite.authority = c->value;
        return;
    }
    for (; *end; end = &(*end)->next)
        count++;
    copy = plan_alloc(r, sizeof *copy);
    if (count == CHANGES_MAX)
        plan_error(r, "E102", n->at, "more than %d changes to headers", CHANGES_MAX);
    else if (copy) {
        *copy = *c;
        *end = copy;
    }
}

static void take_change(struct plan_reader *r, const struct yaml_node *n,
                        enum plan_change_kind kind, struct plan_rule *rule)
{
    static const struct plan_known known[] = {{"name"}, {"value"}};
    static const struct plan_fields fields = {"set[] and add[]", known, 2};
    const struct yaml_node *values[2];
    struct plan_change c = {.kind = kind, .value = STR("")};

    if (kind == PLAN_REMOVE) {
        if (plan_take_text(r, n, "remove[]", &c.name))
            add_change(r, n, rule, &c);
        return;
    }
    if (!plan_take(r, n, &fields, values, NULL))
        return;
    if (!values[0])
        plan_error(r, "E202", n->at, "name of a header is required");
    else if (plan_take_text(r, values[0], "name", &c.name) &&
             plan_take_text(r, values[1], "value", &c.value))
        add_change(r, n, rule, &c);
}

enum { SET, ADD, REMOVE, N_MODIFIER };

static void take_modifier(const struct plan_object *o, const struct yaml_node *n,
                          struct gateway_rule *rule)
{
    static const struct plan_known known[N_MODIFIER] = {{"set"}, {"add"}, {"remove"}};
    static const struct plan_fields fields = {"requestHeaderModifier", known, N_MODIFIER};
    static const enum plan_change_kind kinds[N_MODIFIER] = {PLAN_SET, PLAN_ADD, PLAN_REMOVE};
    const struct yaml_node *values[N_MODIFIER];

    if (!plan_take(o->r, n, &fields, values, NULL))
        return;
    for (size_t k = 0; k < N_MODIFIER; k++) {
        if (!values[k] || !plan_is_list(o->r, values[k], known[k].name))
            continue;
        for (const struct yaml_item *i = values[k]->items; i && !o->r->failed; i = i->next)
            take_change(o->r, i->value, kinds[k], &rule->made);
    }
}

/* ---- URLRewrite ---- */

enum { TYPE, FULL, PREFIX, N_PATH };

static void take_path(struct plan_reader *r, const struct yaml_node *n, struct plan_rewrite *to)
{
    static const struct plan_known known[N_PATH] = {
        [TYPE] = {"type"},
        [FULL] = {"replaceFullPath"},
        [PREFIX] = {"replacePrefixMatch"},
    };
    static const struct plan_fields fields = {"urlRewrite.path", known, N_PATH};
    const struct yaml_node *values[N_PATH];
    struct str type = {0};

    if (!n || !plan_take(r, n, &fields, values, NULL) ||
        !plan_take_text(r, values[TYPE], "type", &type))
        return;
    if (str_eq(type, STR("ReplaceFullPath")) && values[FULL] && !values[PREFIX])
        to->path = PLAN_PATH_WHOLE;
    else if (str_eq(type, STR("ReplacePrefixMatch")) && values[PREFIX] && !values[FULL])
        to->path = PLAN_PATH_PREFIX;
    else
        plan_error(r, "E414", n->at,
                   "urlRewrite.path is {type: ReplaceFullPath, replaceFullPath: /PATH} or "
                   "{type: ReplacePrefixMatch, replacePrefixMatch: /PATH}");
    to->segments = to->path == PLAN_PATH_PREFIX;
    plan_take_text(r, to->segments ? values[PREFIX] : values[FULL], "a path", &to->to);
}

static void check_path(struct plan_reader *r, struct str path, struct place at)
{
    if (plan_check_path(r, "E417", path, at) && path.len && path.data[0] != '/')
        plan_error(r, "E417", at, "the path \"%.*s\" must begin with a slash",
                   STR_ARG(str_head(path, SHOWN)));
}

static void take_rewrite(const struct plan_object *o, const struct yaml_node *n,
                         struct gateway_rule *rule)
{
    static const struct plan_known known[] = {{"hostname"}, {"path"}};
    static const struct plan_fields fields = {"urlRewrite", known, 2};
    struct plan_rewrite *to = &rule->made.rewrite;
    const struct yaml_node *values[2];
    struct plan_reader *r = o->r;
    struct str host = {0};

    if (!plan_take(r, n, &fields, values, NULL))
        return;
    if (values[0] && plan_take_host(r, values[0], n->at, "urlRewrite.hostname", false, &host)) {
        if (to->authority.data)
            plan_error(r, "E414", values[0]->at, "Host of copies is set twice");
        to->authority = host;
    }
    take_path(r, values[1], to);
    if (values[1])
        check_path(r, to->to, values[1]->at);
}

/* ---- the others ---- */

/* Where to is of no interest: the gateway answers by itself. */
static void take_redirect(const struct plan_object *o, const struct yaml_node *n,
                          struct gateway_rule *rule)
{
    if (plan_is_map(o->r, n, "requestRedirect"))
        rule->made.action = PLAN_REDIRECT;
}

static const struct gateway_filter filters[] = {
    {.type = "RequestMirror", .mirror = true},
    {.type = "RequestHeaderModifier", .take = take_modifier, .once = true},
    {.type = "URLRewrite", .take = take_rewrite, .once = true},
    {.type = "RequestRedirect", .take = take_redirect, .once = true},
    {.type = "ResponseHeaderModifier"},
    {.type = "CORS"},
    {.type = "ExternalAuth"},
    {.type = "ExtensionRef", .refused = true},
};

enum { N_FILTERS = sizeof filters / sizeof *filters };

/* In the order of the table, behind the type. */
static const struct plan_known filter_known[N_FILTERS + 1] = {
    {"requestMirror"},   {"requestHeaderModifier"},  {"urlRewrite"},
    {"requestRedirect"}, {"responseHeaderModifier"}, {"cors"},
    {"externalAuth"},    {"extensionRef"},           {"type"},
};

static const struct plan_fields filter_fields = {"filters[]", filter_known, N_FILTERS + 1};

static const struct gateway_filter *find_filter(struct str type)
{
    for (size_t i = 0; i < N_FILTERS; i++) {
        if (str_eq(type, str_of(filters[i].type)))
            return &filters[i];
    }
    return NULL;
}

static void tell_unknown(const struct plan_object *o, struct place at, struct str type)
{
    const char *names[N_FILTERS], *nearest;

    for (size_t i = 0; i < N_FILTERS; i++)
        names[i] = filters[i].type;
    nearest = nearest_name(type, names, N_FILTERS);
    plan_error(o->r, "E418", at, "there is no filter of type \"%.*s\"%s%s%s",
               STR_ARG(str_head(type, SHOWN)), nearest ? "; did you mean " : "",
               nearest ? nearest : "", nearest ? "?" : "");
}

/* Has it what its type wants, and nothing else, which would be lost? */
static bool check_filter(const struct plan_object *o, const struct gateway_filter *f,
                         struct place at, const struct yaml_node *const values[])
{
    bool good = !f->refused;

    if (f->refused)
        plan_error(o->r, "E418", at,
                   "a filter of type %s is somebody's own: what it does is not known", f->type);
    for (size_t i = 0; i < N_FILTERS; i++) {
        if (!values[i] || f == &filters[i])
            continue;
        plan_error(o->r, "E418", values[i]->at, "%s does not belong to a filter of type %s",
                   filter_known[i].name, f->type);
        good = false;
    }
    if (!values[f - filters] && (f->mirror || f->take)) {
        plan_error(o->r, "E202", at, "%s is required in a filter of type %s",
                   filter_known[f - filters].name, f->type);
        good = false;
    }
    return good;
}

const struct gateway_filter *plan_gateway_filter(const struct plan_object *o,
                                                 const struct yaml_node *n,
                                                 const struct yaml_node **value)
{
    const struct yaml_node *values[N_FILTERS + 1];
    const struct gateway_filter *f;
    struct plan_reader *r = o->r;
    struct str type = {0};

    if (!plan_take(r, n, &filter_fields, values, NULL))
        return NULL;
    if (!values[N_FILTERS]) {
        plan_error(r, "E202", n->at, "type of a filter is required");
        return NULL;
    }
    if (!plan_take_text(r, values[N_FILTERS], "type", &type))
        return NULL;
    f = find_filter(type);
    if (!f)
        tell_unknown(o, n->at, type);
    if (!f || !check_filter(o, f, n->at, values))
        return NULL;
    *value = values[f - filters];
    return f;
}

static void apply(const struct plan_object *o, const struct gateway_filter *f,
                  const struct yaml_node *n, const struct yaml_node *value,
                  struct gateway_rule *rule)
{
    if (f->mirror)
        plan_gateway_mirror(o, value, NULL, rule);
    else if (f->take)
        f->take(o, value, rule);
    else if (plan_is_news(o->r, n->at, str_of(f->type)))
        plan_note(o->r, "N201", n->at, "filter %s is not applied to copies", f->type);
}

void plan_gateway_filters(const struct plan_object *o, const struct yaml_node *list,
                          struct gateway_rule *rule)
{
    const struct gateway_filter *f;
    const struct yaml_node *value;
    bool seen[N_FILTERS] = {0};

    if (!list || !plan_is_list(o->r, list, "filters"))
        return;
    for (const struct yaml_item *i = list->items; i && !o->r->failed; i = i->next) {
        f = plan_gateway_filter(o, i->value, &value);
        if (!f)
            continue;
        if (f->once && seen[f - filters])
            plan_error(o->r, "E414", i->value->at, "a rule has one filter %s at the most", f->type);
        else
            apply(o, f, i->value, value, rule);
        seen[f - filters] = true;
    }
    if (rule->made.action == PLAN_REDIRECT &&
        (rule->made.rewrite.path != PLAN_PATH_KEPT || rule->made.rewrite.authority.data))
        plan_error(o->r, "E414", list->at, "URLRewrite and RequestRedirect exclude each other");
}

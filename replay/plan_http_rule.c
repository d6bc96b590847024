/* plan_http_rule.c -- an entry of http[]: one rule of Istio. */
#include "replay/plan_istio.h"

enum field {
    NAME,
    MATCH,
    ROUTE,
    REDIRECT,
    DIRECT_RESPONSE,
    DELEGATE,
    REWRITE,
    TIMEOUT,
    RETRIES,
    FAULT,
    MIRROR,
    MIRRORS,
    PERCENT,
    PERCENTAGE,
    CORS,
    HEADERS,
    AS_HTTP,
    AS_HOSTS,
    AS_GATEWAYS,
    AS_DESTINATION,
    AS_WEIGHT,
    AS_URI,
    AS_SHARE,
    N_FIELDS,
};

static const struct plan_known known[N_FIELDS] = {
    [NAME] = {"name"},
    [MATCH] = {"match"},
    [ROUTE] = {"route"},
    [REDIRECT] = {"redirect"},
    [DIRECT_RESPONSE] = {"directResponse", "direct_response"},
    [DELEGATE] = {"delegate"},
    [REWRITE] = {"rewrite"},
    [TIMEOUT] = {"timeout"},
    [RETRIES] = {"retries", NULL, PLAN_FIELD_NOTED},
    [FAULT] = {"fault", NULL, PLAN_FIELD_NOTED},
    [MIRROR] = {"mirror"},
    [MIRRORS] = {"mirrors"},
    [PERCENT] = {"mirrorPercent", "mirror_percent", PLAN_FIELD_BOTH},
    [PERCENTAGE] = {"mirrorPercentage", "mirror_percentage"},
    [CORS] = {"corsPolicy", "cors_policy", PLAN_FIELD_NOTED},
    [HEADERS] = {"headers"},
    [AS_HTTP] = {"http", NULL, PLAN_FIELD_ELSEWHERE, "in spec"},
    [AS_HOSTS] = {"hosts", NULL, PLAN_FIELD_ELSEWHERE, "in spec"},
    [AS_GATEWAYS] = {"gateways", NULL, PLAN_FIELD_ELSEWHERE, "in spec, or in match[]"},
    [AS_DESTINATION] = {"destination", NULL, PLAN_FIELD_ELSEWHERE, "in route[]"},
    [AS_WEIGHT] = {"weight", NULL, PLAN_FIELD_ELSEWHERE, "in route[]"},
    [AS_URI] = {"uri", NULL, PLAN_FIELD_ELSEWHERE, "in match[]"},
    [AS_SHARE] = {"percentage", NULL, PLAN_FIELD_ELSEWHERE,
                  "in mirrors[]; beside `mirror` it is called mirrorPercentage"},
};

static const struct plan_fields fields = {"http[]", known, N_FIELDS};

struct entry {
    const struct plan_object *o;
    struct plan_reader *r;
    const struct yaml_node *n;
    const struct yaml_node *values[N_FIELDS], *keys[N_FIELDS];
};

/* ---- answered by the mesh ---- */

/* Only so that what is misspelt is told: nothing of it is needed. */
static void check_answer(struct entry *e)
{
    static const struct plan_known redirect[] = {
        {"uri"},    {"authority"},
        {"port"},   {"derivePort", "derive_port"},
        {"scheme"}, {"redirectCode", "redirect_code"},
    };
    static const struct plan_known direct[] = {{"status"}, {"body"}};
    const struct plan_fields of_redirect = {"redirect", redirect, 6};
    const struct plan_fields of_direct = {"directResponse", direct, 2};
    const struct yaml_node *unused[6];

    plan_take(e->r, e->values[REDIRECT], &of_redirect, unused, NULL);
    plan_take(e->r, e->values[DIRECT_RESPONSE], &of_direct, unused, NULL);
}

static void take_answer(struct entry *e, struct plan_rule *rule)
{
    static const enum field others[] = {ROUTE, FAULT, REWRITE};
    enum field answer = e->values[REDIRECT] ? REDIRECT : DIRECT_RESPONSE;

    rule->action = PLAN_REDIRECT;
    check_answer(e);
    if (answer == REDIRECT && e->values[DIRECT_RESPONSE])
        plan_error(e->r, "E414", e->keys[DIRECT_RESPONSE]->at,
                   "redirect and directResponse cannot stand together");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (e->values[others[i]])
            plan_error(e->r, "E414", e->keys[others[i]]->at, "%s and %s cannot stand together",
                       known[answer].name, known[others[i]].name);
    }
    for (enum field f = MIRROR; f <= MIRRORS; f++) {
        if (!e->values[f])
            continue;
        plan_warn(e->r, "W406", e->keys[f]->at,
                  "Istio never mirrors this rule: it is answered by its %s", known[answer].name);
        e->r->has_mirror = true;
    }
}

/* ---- sent on ---- */

static void take_route(struct entry *e, struct plan_rule *rule)
{
    const struct yaml_node *route = e->values[ROUTE];

    if (route)
        plan_route(e->o, route, rule);
    else
        plan_error(e->r, "E402", e->n->at,
                   "this rule has no route: users would get nothing, nor would copies");
}

static void take_mirrors(struct entry *e, struct plan_rule *rule)
{
    const struct plan_mirror_fields f = {
        .mirror = e->values[MIRROR],
        .mirrors = e->values[MIRRORS],
        .percent = e->values[PERCENT],
        .percentage = e->values[PERCENTAGE],
        .mirror_key = e->keys[MIRROR],
        .mirrors_key = e->keys[MIRRORS],
        .percent_key = e->keys[PERCENT],
        .percentage_key = e->keys[PERCENTAGE],
    };

    plan_mirrors(e->o, &f, rule);
}

static void take_changes(struct entry *e, struct plan_rule *rule)
{
    struct str authority = {0};

    plan_istio_rewrite(e->r, e->values[REWRITE], &rule->rewrite);
    rule->changes = plan_istio_headers(e->r, e->values[HEADERS], &authority);
    if (authority.data && rule->rewrite.authority.data)
        plan_error(e->r, "E414", e->keys[HEADERS]->at,
                   "Host is set by rewrite.authority and by headers");
    if (authority.data)
        rule->rewrite.authority = authority;
}

/* ---- the whole ---- */

/* In protobuf a list that is empty is not there. */
static void drop_empty(const struct yaml_node **list)
{
    if (*list && (*list)->kind == YAML_LIST && (*list)->count == 0)
        *list = NULL;
}

static void take_action(struct entry *e, struct plan_rule *rule)
{
    if (e->values[DELEGATE])
        plan_error(e->r, "E410", e->keys[DELEGATE]->at,
                   "delegate is not supported: put the rules of the other VirtualService here");
    else if (e->values[REDIRECT] || e->values[DIRECT_RESPONSE])
        take_answer(e, rule);
    else
        take_route(e, rule);
    if (rule->action == PLAN_MIRROR)
        take_mirrors(e, rule);
    if (!e->values[DELEGATE] && rule->action == PLAN_MIRROR)
        take_changes(e, rule);
}

struct plan_draft *plan_http_rule(const struct plan_object *o, const struct yaml_node *n)
{
    struct entry e = {.o = o, .r = o->r, .n = n};
    struct plan_draft *draft = plan_alloc(o->r, sizeof *draft);
    size_t errors = diags_errors(o->r->diags);

    if (!draft)
        return NULL;
    draft->rule.at = n->at;
    if (!plan_take(o->r, n, &fields, e.values, e.keys))
        return draft;
    drop_empty(&e.values[ROUTE]);
    drop_empty(&e.values[MIRRORS]);
    plan_take_text(o->r, e.values[NAME], "name", &draft->name);
    draft->rule.matches = plan_http_matches(o->r, e.values[MATCH]);
    plan_take_duration(o->r, e.values[TIMEOUT], "timeout", &draft->rule.timeout_ns);
    take_action(&e, &draft->rule);
    draft->catch_all = diags_errors(o->r->diags) == errors && plan_is_catch_all(&draft->rule);
    return o->r->failed ? NULL : draft;
}

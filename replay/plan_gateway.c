/* plan_gateway.c -- HTTPRoute: hosts, and rules one by one. */
#include "replay/plan_gateway.h"

#include "replay/plan_kinds.h"

struct plan_gateway *plan_gateway_of(struct plan_reader *r)
{
    if (!r->gateway)
        r->gateway = plan_alloc(r, sizeof *r->gateway);
    return r->gateway;
}

/* ---- rules[] ---- */

enum { NAME, MATCHES, FILTERS, BACKENDS, TIMEOUTS, RETRY, SESSION, N_RULE };

static const struct plan_known rule_known[N_RULE] = {
    [NAME] = {"name"},
    [MATCHES] = {"matches"},
    [FILTERS] = {"filters"},
    [BACKENDS] = {"backendRefs"},
    [TIMEOUTS] = {"timeouts"},
    [RETRY] = {"retry", NULL, PLAN_FIELD_NOTED},
    [SESSION] = {"sessionPersistence", NULL, PLAN_FIELD_NOTED},
};

static const struct plan_fields rule_fields = {"rules[]", rule_known, N_RULE};

static void take_timeouts(struct plan_reader *r, const struct yaml_node *n, int64_t *ns)
{
    static const struct plan_known known[] = {
        {"request"},
        {"backendRequest", NULL, PLAN_FIELD_NOTED},
    };
    static const struct plan_fields fields = {"timeouts", known, 2};
    const struct yaml_node *values[2];

    if (plan_take(r, n, &fields, values, NULL))
        plan_take_duration(r, values[0], "timeouts.request", ns);
}

/* What its parts do to one another; `errors` were there before it. */
static void check_rule(struct plan_reader *r, const struct yaml_node *const values[], size_t errors,
                       struct plan_rule *rule)
{
    if (rule->action == PLAN_REDIRECT && values[BACKENDS] && values[BACKENDS]->count)
        plan_error(r, "E414", values[BACKENDS]->at,
                   "a rule with RequestRedirect has no backendRefs");
    if (rule->action == PLAN_REDIRECT && rule->candidates)
        plan_warn(r, "W406", rule->at, "requests of this rule are redirected: nothing is mirrored");
    if (rule->action == PLAN_REDIRECT)
        rule->baselines = rule->candidates = NULL;
    else if (rule->candidates && !rule->baselines && diags_errors(r->diags) == errors)
        plan_error(r, "E402", rule->at,
                   "a Service in backendRefs is required beside RequestMirror");
}

static void take_rule(const struct plan_object *o, const struct yaml_node *n, size_t place,
                      const struct gateway_route *route)
{
    const struct yaml_node *values[N_RULE];
    struct plan_reader *r = o->r;
    size_t errors = diags_errors(r->diags);
    struct gateway_rule *rule;

    if (!plan_take(r, n, &rule_fields, values, NULL))
        return;
    rule = plan_alloc(r, sizeof *rule);
    if (!rule)
        return;
    rule->route = route;
    rule->place = place;
    rule->made.at = n->at;
    plan_take_text(r, values[NAME], "name", &rule->name);
    plan_gateway_backends(o, values[BACKENDS], rule);
    plan_gateway_filters(o, values[FILTERS], rule);
    take_timeouts(r, values[TIMEOUTS], &rule->made.timeout_ns);
    check_rule(r, values, errors, &rule->made);
    plan_gateway_matches(r, values[MATCHES], rule);
}

/* ---- the object ---- */

enum { HOSTNAMES, RULES, PARENTS, DEFAULT_GATEWAYS, N_SPEC };

static const struct plan_known spec_known[N_SPEC] = {
    [HOSTNAMES] = {"hostnames"},
    [RULES] = {"rules"},
    [PARENTS] = {"parentRefs", NULL, PLAN_FIELD_NOTED},
    [DEFAULT_GATEWAYS] = {"useDefaultGateways", NULL, PLAN_FIELD_NOTED},
};

static const struct plan_fields spec_fields = {"spec of HTTPRoute", spec_known, N_SPEC};

/* Without a name it is for all hosts, as is "*" of a VirtualService. */
static void take_hosts(struct plan_reader *r, const struct yaml_node *list,
                       struct gateway_route *route)
{
    size_t n = 0;

    if (list && plan_is_list(r, list, "hostnames"))
        n = list->count;
    if (n > PLAN_GATEWAY_MAX_HOSTS) {
        plan_error(r, "E102", list->at, "more than %d hostnames", PLAN_GATEWAY_MAX_HOSTS);
        n = 0;
    }
    route->hosts = plan_array(r, n + 1, sizeof *route->hosts);
    if (!route->hosts)
        return;
    for (const struct yaml_item *i = n ? list->items : NULL; i; i = i->next) {
        if (plan_take_host(r, i->value, i->value->at, "hostnames[]", false,
                           &route->hosts[route->n_hosts]))
            route->n_hosts++;
    }
    if (n == 0)
        route->hosts[route->n_hosts++] = STR("*");
}

static struct str join(struct plan_reader *r, struct str a, struct str b)
{
    struct buf text;
    struct str copy = {0};

    buf_init(&text, 3 * (size_t)YAML_MAX_SCALAR);
    if (buf_add(&text, a, r->e) < 0 || buf_addc(&text, '/', r->e) < 0 ||
        buf_add(&text, b, r->e) < 0)
        r->failed = true;
    else
        copy = plan_text_copy(r, buf_str(&text));
    buf_release(&text);
    return copy;
}

static struct gateway_route *take_route(const struct plan_object *o, const struct yaml_node *hosts)
{
    struct plan_reader *r = o->r;
    struct gateway_route *route = plan_alloc(r, sizeof *route);
    const struct yaml_node *created = yaml_get(o->metadata, "creationTimestamp");

    if (!route)
        return NULL;
    route->name = plan_text_copy(r, o->name);
    route->id = join(r, o->namespace, o->name);
    route->at = o->at;
    if (!yaml_is_null(created))
        plan_take_text(r, created, "creationTimestamp", &route->created);
    take_hosts(r, hosts, route);
    return r->failed ? NULL : route;
}

void plan_http_route(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    const struct yaml_node *values[N_SPEC];
    const struct gateway_route *route;
    size_t place = 0;

    if (!plan_take(r, o->spec, &spec_fields, values, NULL))
        return;
    route = take_route(o, values[HOSTNAMES]);
    if (!route || !values[RULES] || !plan_is_list(r, values[RULES], "rules"))
        return;
    for (const struct yaml_item *i = values[RULES]->items; i && !r->failed; i = i->next)
        take_rule(o, i->value, place++, route);
}

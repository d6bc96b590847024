/* plan_route.c -- where a rule of Istio sends its requests: destinations and weights. */
#include "replay/plan_istio.h"

/* ---- Destination ---- */

enum destination_field {
    HOST,
    SUBSET,
    PORT,
    AS_PERCENT,
    AS_PERCENTAGE,
    AS_SHARE,
    WEIGHT,
    N_DESTINATION,
};

static const char beside[] = "beside `mirror`";

static const struct plan_known of_a_mirror[N_DESTINATION] = {
    [HOST] = {"host"},
    [SUBSET] = {"subset"},
    [PORT] = {"port"},
    [AS_PERCENT] = {"mirrorPercent", "mirror_percent", PLAN_FIELD_ELSEWHERE, beside},
    [AS_PERCENTAGE] = {"mirrorPercentage", "mirror_percentage", PLAN_FIELD_ELSEWHERE, beside},
    [AS_SHARE] = {"percentage", NULL, PLAN_FIELD_ELSEWHERE,
                  "beside `mirror`, where it is called mirrorPercentage"},
    [WEIGHT] = {"weight", NULL, PLAN_FIELD_ELSEWHERE,
                "in route[]; a share of copies is a mirrorPercentage beside `mirror`"},
};

static const struct plan_known of_a_route[] = {
    [HOST] = {"host"},
    [SUBSET] = {"subset"},
    [PORT] = {"port"},
    [PORT + 1] = {"weight", NULL, PLAN_FIELD_ELSEWHERE, "beside `destination`"},
};

static uint16_t take_port(struct plan_reader *r, const struct yaml_node *n)
{
    static const struct plan_known known[] = {{"number"}, {"name"}};
    static const struct plan_fields fields = {"port", known, 2};
    const struct yaml_node *values[2];
    uint64_t number = 0;

    if (n && n->kind == YAML_SCALAR) {
        plan_error(r, "E401", n->at, "port must be a map: write {number: %.*s}",
                   STR_ARG(str_head(n->text, 100)));
        return 0;
    }
    if (!plan_take(r, n, &fields, values, NULL))
        return 0;
    if (values[1])
        plan_error(r, "E413", values[1]->at, "a port has no name here: write {number: ...}");
    else if (n && !values[0])
        plan_error(r, "E202", n->at, "port.number is required");
    plan_take_int(r, values[0], "port.number", "E413", 1, 65535, &number);
    return (uint16_t)number;
}

const struct plan_destination *plan_istio_destination(const struct plan_object *o,
                                                      const struct yaml_node *n, const char *what,
                                                      bool mirror)
{
    struct plan_fields fields = {what, mirror ? of_a_mirror : of_a_route,
                                 mirror ? N_DESTINATION : PORT + 2};
    const struct yaml_node *values[N_DESTINATION];
    struct str host = {0}, subset = {0};
    struct plan_reader *r = o->r;
    uint16_t port;
    bool good;

    if (!plan_take(r, n, &fields, values, NULL))
        return NULL;
    good = plan_take_host(r, values[HOST], n->at, "host of a destination", false, &host);
    good = plan_take_label(r, values[SUBSET], "subset", &subset) && good;
    port = take_port(r, values[PORT]);
    return good ? plan_destination(r, host, port, subset, o->namespace) : NULL;
}

/* ---- route[] ---- */

enum route_field {
    DESTINATION,
    ROUTE_WEIGHT,
    HEADERS,
    ROUTE_HOST,
    ROUTE_SUBSET,
    ROUTE_PORT,
    ROUTE_MIRROR,
    ROUTE_PERCENT,
    ROUTE_PERCENTAGE,
    N_ROUTE,
};

static const char in_destination[] = "in `destination`";
static const char beside_route[] = "in spec.http[], beside `route`";

static const struct plan_known route_known[N_ROUTE] = {
    [DESTINATION] = {"destination"},
    [ROUTE_WEIGHT] = {"weight"},
    [HEADERS] = {"headers"},
    [ROUTE_HOST] = {"host", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
    [ROUTE_SUBSET] = {"subset", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
    [ROUTE_PORT] = {"port", NULL, PLAN_FIELD_ELSEWHERE, in_destination},
    [ROUTE_MIRROR] = {"mirror", NULL, PLAN_FIELD_ELSEWHERE, beside_route},
    [ROUTE_PERCENT] = {"mirrorPercent", "mirror_percent", PLAN_FIELD_ELSEWHERE, beside_route},
    [ROUTE_PERCENTAGE] = {"mirrorPercentage", "mirror_percentage", PLAN_FIELD_ELSEWHERE,
                          beside_route},
};

static const struct plan_fields route_fields = {"route[]", route_known, N_ROUTE};

static struct plan_arrow *take_item(const struct plan_object *o, const struct yaml_node *n)
{
    const struct yaml_node *values[N_ROUTE];
    struct plan_reader *r = o->r;
    struct plan_arrow *arrow;
    uint64_t weight = 0;
    bool good;

    if (!plan_take(r, n, &route_fields, values, NULL))
        return NULL;
    if (!values[DESTINATION])
        plan_error(r, "E202", n->at, "destination of route[] is required");
    arrow = plan_alloc(r, sizeof *arrow);
    if (!arrow)
        return NULL;
    good = plan_take_int(r, values[ROUTE_WEIGHT], "weight", "E412", 0, INT32_MAX, &weight);
    arrow->at = n->at;
    arrow->weight = (uint32_t)weight;
    plan_arrow_headers(r, values[HEADERS], arrow);
    if (values[DESTINATION])
        arrow->to = plan_istio_destination(o, values[DESTINATION], "destination", false);
    return good && arrow->to ? arrow : NULL;
}

/* A single one gets everything, whatever its weight. */
static void check_weights(struct plan_reader *r, const struct yaml_node *n,
                          const struct plan_rule *rule)
{
    struct plan_arrow *first = rule->baselines;
    uint64_t sum = 0;

    for (const struct plan_arrow *a = first; a; a = a->next)
        sum += a->weight;
    if (n->count == 1 && first) {
        if (sum == 0)
            first->weight = 100;
    } else if (sum == 0) {
        plan_error(r, "E412", n->at, "the weights of route[] add up to 0");
    } else if (sum > UINT32_MAX) {
        plan_error(r, "E412", n->at, "the weights of route[] add up to more than %u", UINT32_MAX);
    } else if (sum != 100) {
        plan_note(r, "N412", n->at, "the weights of route[] add up to %u, which old Istio refuses",
                  (unsigned)sum);
    }
}

void plan_route(const struct plan_object *o, const struct yaml_node *n, struct plan_rule *rule)
{
    struct plan_arrow **end = &rule->baselines;
    bool good = true;

    if (!plan_is_list(o->r, n, "route"))
        return;
    for (const struct yaml_item *i = n->items; i && !o->r->failed; i = i->next) {
        *end = take_item(o, i->value);
        if (*end)
            end = &(*end)->next;
        else
            good = false;
    }
    if (good && !o->r->failed)
        check_weights(o->r, n, rule);
}

/* plan_gateway_backend.c -- backendRefs of an HTTPRoute, and mirrors, which are such, too. */
#include "replay/plan_gateway.h"

enum { SHOWN = 100 };

/* ---- BackendRef ---- */

enum { GROUP, KIND, NAME, NAMESPACE, PORT, N_MIRROR_REF, WEIGHT = N_MIRROR_REF, FILTERS, N_REF };

static const struct plan_known ref_known[N_REF] = {
    [GROUP] = {"group"},         [KIND] = {"kind"}, [NAME] = {"name"},
    [NAMESPACE] = {"namespace"}, [PORT] = {"port"}, [WEIGHT] = {"weight"},
    [FILTERS] = {"filters"},
};

static const struct plan_fields mirror_ref_fields = {"backendRef", ref_known, N_MIRROR_REF};
static const struct plan_fields ref_fields = {"backendRefs[]", ref_known, N_REF};

/* Of other kinds, such as an InferencePool, it is not known what runs where. */
static bool is_service(struct plan_reader *r, const struct yaml_node *const values[], bool *good)
{
    struct str group = STR(""), kind = STR("Service");

    *good = plan_take_text(r, values[GROUP], "group", &group) &&
            plan_take_text(r, values[KIND], "kind", &kind);
    return str_eq(group, STR("")) && str_eq(kind, STR("Service"));
}

static const struct plan_destination *take_service(const struct plan_object *o,
                                                   const struct yaml_node *n,
                                                   const struct yaml_node *const values[])
{
    struct str name = {0}, namespace = o->namespace;
    struct plan_reader *r = o->r;
    uint64_t port = 0;
    bool good = true;

    if (!values[PORT]) {
        plan_error(r, "E503", n->at, "port is required of the backend, a Service");
        good = false;
    }
    good = plan_take_host(r, values[NAME], n->at, "name of a backend", false, &name) && good;
    good = plan_take_label(r, values[NAMESPACE], "namespace", &namespace) && good;
    good = plan_take_int(r, values[PORT], "port", "E413", 1, 65535, &port) && good;
    return good ? plan_destination(r, name, (uint16_t)port, (struct str){0}, namespace) : NULL;
}

/* ---- RequestMirror ---- */

static bool take_fraction(struct plan_reader *r, const struct yaml_node *n, uint32_t *ppm)
{
    static const struct plan_known known[] = {{"numerator"}, {"denominator"}};
    static const struct plan_fields fields = {"fraction", known, 2};
    const struct yaml_node *values[2];
    uint64_t part = 0, whole = 100;

    if (!plan_take(r, n, &fields, values, NULL))
        return false;
    if (!values[0]) {
        plan_error(r, "E202", n->at, "fraction.numerator is required");
        return false;
    }
    if (!plan_take_int(r, values[1], "denominator", "E405", 1, INT32_MAX, &whole) ||
        !plan_take_int(r, values[0], "numerator", "E405", 0, whole, &part))
        return false;
    *ppm = (uint32_t)(part * PLAN_MILLION / whole); /* below 2^51 */
    if (part > 0 && *ppm == 0)
        plan_error(r, "E406", n->at, "fraction is below 0.0001 %%, the least that is not nothing");
    return part == 0 || *ppm > 0;
}

enum { BACKEND, PERCENT, FRACTION, N_MIRROR };

static bool take_share(struct plan_reader *r, const struct yaml_node *const values[], uint32_t *ppm)
{
    uint64_t percent = 100;

    if (values[PERCENT] && values[FRACTION]) {
        plan_error(r, "E403", values[FRACTION]->at, "percent and fraction cannot stand together");
        return false;
    }
    if (values[FRACTION])
        return take_fraction(r, values[FRACTION], ppm);
    if (!plan_take_int(r, values[PERCENT], "percent", "E405", 0, 100, &percent))
        return false;
    *ppm = (uint32_t)percent * (PLAN_MILLION / 100);
    return true;
}

static void add_candidate(struct plan_reader *r, struct plan_rule *rule,
                          const struct plan_arrow *made)
{
    struct plan_arrow *arrow = plan_alloc(r, sizeof *arrow);

    if (!arrow)
        return;
    *arrow = *made;
    plan_add_candidate(r, rule, arrow);
}

void plan_gateway_mirror(const struct plan_object *o, const struct yaml_node *filter,
                         const struct plan_arrow *of, struct gateway_rule *rule)
{
    static const struct plan_known known[N_MIRROR] = {
        [BACKEND] = {"backendRef"},
        [PERCENT] = {"percent"},
        [FRACTION] = {"fraction"},
    };
    static const struct plan_fields fields = {"requestMirror", known, N_MIRROR};
    const struct yaml_node *values[N_MIRROR], *ref[N_MIRROR_REF];
    struct plan_arrow arrow = {.of = of, .at = filter->at};
    struct plan_reader *r = o->r;
    bool good, known_share;

    r->has_mirror = true;
    if (!plan_take(r, filter, &fields, values, NULL))
        return;
    known_share = take_share(r, values, &arrow.ppm);
    if (!values[BACKEND]) {
        plan_error(r, "E202", filter->at, "requestMirror.backendRef is required");
        return;
    }
    arrow.at = values[BACKEND]->at;
    if (!plan_take(r, values[BACKEND], &mirror_ref_fields, ref, NULL))
        return;
    if (!is_service(r, ref, &good) && good)
        plan_error(r, "E419", arrow.at, "a mirror goes to a Service, no other kind of backend");
    else if (good)
        arrow.to = take_service(o, values[BACKEND], ref);
    if (arrow.to && known_share)
        add_candidate(r, &rule->made, &arrow);
}

/* ---- backendRefs[] ---- */

/* Mirrors of one backend only; what else is done to its requests is not to copies. */
static void take_own_filters(const struct plan_object *o, const struct yaml_node *list,
                             const struct plan_arrow *arrow, struct gateway_rule *rule)
{
    const struct gateway_filter *f;
    const struct yaml_node *value;

    if (!list || !plan_is_list(o->r, list, "filters"))
        return;
    for (const struct yaml_item *i = list->items; i && !o->r->failed; i = i->next) {
        f = plan_gateway_filter(o, i->value, &value);
        if (f && f->mirror)
            plan_gateway_mirror(o, value, arrow, rule);
        else if (f)
            plan_note(o->r, "N201", i->value->at, "filter %s of a backend is not applied to copies",
                      f->type);
    }
}

static struct plan_arrow *take_backend(const struct plan_object *o, const struct yaml_node *n,
                                       struct gateway_rule *rule)
{
    const struct yaml_node *values[N_REF];
    struct plan_reader *r = o->r;
    struct plan_arrow *arrow;
    uint64_t weight = 1;
    bool good;

    if (!plan_take(r, n, &ref_fields, values, NULL))
        return NULL;
    if (!is_service(r, values, &good)) {
        if (good)
            plan_warn(r, "W419", n->at, "a backend that is no Service is left out");
        return NULL;
    }
    arrow = plan_alloc(r, sizeof *arrow);
    if (!arrow || !good || !plan_take_int(r, values[WEIGHT], "weight", "E412", 0, 1000000, &weight))
        return NULL;
    arrow->at = n->at;
    arrow->weight = (uint32_t)weight;
    arrow->to = take_service(o, n, values);
    take_own_filters(o, values[FILTERS], arrow, rule);
    return arrow->to ? arrow : NULL;
}

/* A single one gets everything, whatever its weight. */
static void check_weights(struct plan_reader *r, const struct yaml_node *list,
                          const struct plan_rule *rule)
{
    struct plan_arrow *first = rule->baselines;
    uint64_t sum = 0;

    for (const struct plan_arrow *a = first; a; a = a->next)
        sum += a->weight;
    if (list->count == 1 && sum == 0)
        first->weight = 1;
    else if (sum == 0)
        plan_error(r, "E412", list->at, "the weights of backendRefs add up to 0");
    else if (sum > UINT32_MAX)
        plan_error(r, "E412", list->at, "the weights of backendRefs add up to more than %u",
                   UINT32_MAX);
}

void plan_gateway_backends(const struct plan_object *o, const struct yaml_node *list,
                           struct gateway_rule *rule)
{
    struct plan_arrow **end = &rule->made.baselines;

    if (!list || !plan_is_list(o->r, list, "backendRefs"))
        return;
    for (const struct yaml_item *i = list->items; i && !o->r->failed; i = i->next) {
        *end = take_backend(o, i->value, rule);
        if (*end)
            end = &(*end)->next;
    }
    if (rule->made.baselines && !o->r->failed)
        check_weights(o->r, list, &rule->made);
}

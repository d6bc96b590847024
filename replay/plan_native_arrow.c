/* plan_native_arrow.c -- baselines and candidates: from whom to whom, and how much. */
#include <math.h>

#include "replay/plan_native.h"

bool native_ppm(struct plan_reader *r, const struct yaml_node *n, const char *what, uint32_t *ppm)
{
    struct yaml_node number;
    double percent;

    if (!n)
        return true;
    number = *n;
    if (n->kind == YAML_SCALAR && str_ends(n->text, STR("%")))
        number.text = str_trim(str_head(n->text, n->text.len - 1));
    if (!yaml_to_double(&number, &percent) || percent < 0 || percent > 100) {
        plan_error(r, "E405", n->at, "%s must be a number from 0 to 100", what);
        return false;
    }
    *ppm = (uint32_t)llround(percent * 10000);
    if (percent > 0 && *ppm == 0) {
        plan_error(r, "E406", n->at, "%s is below 0.0001 %%, the least that can be drawn", what);
        return false;
    }
    return true;
}

/* ---- one arrow ---- */

enum { A_TO, A_PERCENT, A_WEIGHT, A_OF, A_HEADERS, A_COUNT };
static const struct plan_known arrow_fields[] = {
    [A_TO] = {"to"}, [A_PERCENT] = {"percent"}, [A_WEIGHT] = {"weight"},
    [A_OF] = {"of"}, [A_HEADERS] = {"headers"},
};

/* What reading the arrows of a rule goes by. */
struct arrows {
    const struct native_mirror *m;
    bool are_candidates;
    uint32_t ppm;
    const struct plan_arrow *baselines; /* that a candidate may be of */
};

static void take_of(struct plan_reader *r, const struct yaml_node *n,
                    const struct plan_arrow *baselines, struct plan_arrow *a)
{
    uint64_t number = 0;

    if (!n || !plan_take_int(r, n, "of", "E602", 1, UINT32_MAX, &number))
        return;
    while (baselines && --number)
        baselines = baselines->next;
    a->of = baselines;
    if (!baselines)
        plan_error(r, "E602", n->at, "of: the rule has no such baseline; they count from 1");
}

static void take_share(const struct arrows *all, const struct yaml_node *const v[],
                       struct plan_arrow *a)
{
    struct plan_reader *r = all->m->r;
    const struct yaml_node *odd = all->are_candidates ? v[A_WEIGHT] : v[A_PERCENT];
    uint64_t weight = 1;

    if (odd)
        plan_error(r, "E603", odd->at,
                   all->are_candidates ? "a candidate has a percentage, not a weight"
                                       : "a baseline has a weight, not a percentage");
    if (all->are_candidates) {
        a->ppm = all->ppm;
        native_ppm(r, v[A_PERCENT], "percent", &a->ppm);
        take_of(r, v[A_OF], all->baselines, a);
    } else if (plan_take_int(r, v[A_WEIGHT], "weight", "E602", 0, UINT32_MAX, &weight)) {
        a->weight = (uint32_t)weight;
        if (v[A_OF])
            plan_error(r, "E603", v[A_OF]->at, "of is of candidates");
    }
}

/* NULL after telling. */
static struct plan_arrow *take_arrow(const struct arrows *all, const struct yaml_node *n)
{
    static const struct plan_fields fields = {"a baseline or candidate", arrow_fields, A_COUNT};
    struct plan_reader *r = all->m->r;
    const struct yaml_node *v[A_COUNT] = {[A_TO] = n};
    struct plan_arrow *a = plan_alloc(r, sizeof *a);

    if (!a || (n->kind == YAML_MAP && !plan_take(r, n, &fields, v, NULL)))
        return NULL;
    if (!v[A_TO] || yaml_is_null(v[A_TO])) {
        plan_error(r, "E602", n->at, "a baseline or candidate needs \"to\": where it runs");
        return NULL;
    }
    a->at = n->at;
    a->to = native_destination(all->m, v[A_TO]);
    take_share(all, v, a);
    a->changes = native_changes(r, v[A_HEADERS]);
    return a->to ? a : NULL;
}

/* ---- all of them ---- */

static void take_list(const struct arrows *all, const struct yaml_node *n, const char *what,
                      struct plan_arrow **end)
{
    size_t got = 0;

    if (!plan_is_list(all->m->r, n, what))
        return;
    for (const struct yaml_item *i = n->items; i && !all->m->r->failed; i = i->next) {
        if (all->are_candidates && got++ == PLAN_MAX_CANDIDATES) {
            plan_error(all->m->r, "E416", i->value->at, "more than %d candidates of one rule",
                       PLAN_MAX_CANDIDATES);
            return;
        }
        *end = take_arrow(all, i->value);
        if (*end)
            end = &(*end)->next;
    }
}

static void take_arrows(const struct arrows *all, const struct yaml_node *one,
                        const struct yaml_node *list, struct plan_arrow **to)
{
    const char *what = all->are_candidates ? "candidates" : "baselines";

    if (one && list)
        plan_error(all->m->r, "E603", one->at, "%.*s and %s are the same: write one of them",
                   all->are_candidates ? 9 : 8, what, what);
    else if (one)
        *to = take_arrow(all, one);
    else if (list)
        take_list(all, list, what, to);
}

static void check_weights(struct plan_reader *r, const struct plan_arrow *baselines)
{
    const struct plan_arrow *i = baselines;

    while (i && i->weight == 0)
        i = i->next;
    if (baselines && !i)
        plan_error(r, "E412", baselines->at, "the weights of the baselines add up to 0");
}

void native_arrows(const struct native_mirror *m, const struct native_route *route, uint32_t ppm,
                   struct plan_rule *rule)
{
    const struct native_route *b = route;
    struct arrows all = {.m = m};
    bool has_candidates = route->candidate || route->candidates;

    if (has_candidates && !b->baseline && !b->baselines)
        b = &m->route;
    take_arrows(&all, b->baseline, b->baselines, &rule->baselines);
    check_weights(m->r, rule->baselines);
    all = (struct arrows){m, true, ppm, rule->baselines};
    take_arrows(&all, route->candidate, route->candidates, &rule->candidates);
    m->r->has_mirror |= has_candidates;
}

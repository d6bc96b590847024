/* plan_gateway_order.c -- from the matches of all HTTPRoutes to rules in the order in which
 * they are asked.
 *
 * The Gateway API ranks matches, not rules: the most precise one decides, whichever
 * route it is in. So all matches are sorted, and a rule of ours holds those of one rule
 * of theirs between which no other has anything to say. A rule whose matches are of
 * very different precision may thus become several of ours, with the same name.
 */
#include <stdlib.h>

#include "replay/plan_gateway.h"
#include "replay/plan_kinds.h"

enum { LOOK_BACK = 256 /* matches, to keep a rule in one piece */ };

/* ---- precedence ---- */

/* Exact, RegularExpression, PathPrefix: the Gateway API leaves the second's place open. */
static int rank_of(const struct gateway_match *m)
{
    return m->match->path->how == PLAN_EXACT ? 0 : m->match->path->how == PLAN_REGEX ? 1 : 2;
}

static int more_first(size_t a, size_t b)
{
    return (a < b) - (a > b);
}

/* Who has no time of creation is younger than who has. */
static int by_age(struct str a, struct str b)
{
    return a.data && b.data ? str_cmp(a, b) : !a.data - !b.data;
}

static int by_precedence(const void *x, const void *y)
{
    const struct gateway_match *a = *(const struct gateway_match *const *)x;
    const struct gateway_match *b = *(const struct gateway_match *const *)y;
    const struct gateway_route *ra = a->rule->route, *rb = b->rule->route;
    int rank = rank_of(a), c = rank - rank_of(b);

    if (!c && rank == 2)
        c = more_first(a->path_length, b->path_length);
    if (!c)
        c = !a->match->method - !b->match->method;
    if (!c)
        c = more_first(a->headers, b->headers);
    if (!c)
        c = more_first(a->queries, b->queries);
    if (!c)
        c = by_age(ra->created, rb->created);
    if (!c)
        c = str_cmp(ra->id, rb->id);
    return c ? c : more_first(b->order, a->order);
}

/* ---- which matches never fit one request ---- */

static bool share_a_host(const struct gateway_route *a, const struct gateway_route *b)
{
    if (a == b)
        return true;
    for (size_t i = 0; i < a->n_hosts; i++) {
        for (size_t j = 0; j < b->n_hosts; j++) {
            if (str_ieq(a->hosts[i], b->hosts[j]))
                return true;
        }
    }
    return false;
}

/* Is `path` `prefix`, or below it? */
static bool is_below(struct str path, struct str prefix)
{
    if (prefix.len == 1)
        return true;
    return str_starts(path, prefix) && (path.len == prefix.len || path.data[prefix.len] == '/');
}

static bool paths_meet(const struct plan_text *a, const struct plan_text *b)
{
    if (a->how == PLAN_REGEX || b->how == PLAN_REGEX)
        return true;
    if (a->how == PLAN_EXACT && b->how == PLAN_EXACT)
        return str_eq(a->text, b->text);
    return (a->how == PLAN_SEGMENTS && is_below(b->text, a->text)) ||
           (b->how == PLAN_SEGMENTS && is_below(a->text, b->text));
}

static bool may_meet(const struct gateway_match *a, const struct gateway_match *b)
{
    const struct plan_text *x = a->match->method, *y = b->match->method;

    if (x && y && !str_eq(x->text, y->text))
        return false;
    return paths_meet(a->match->path, b->match->path) &&
           share_a_host(a->rule->route, b->rule->route);
}

/* ---- rules ---- */

/* Groups are numbered in the order in which they are asked. `sorted[at]` can join the latest
 * of its rule if no later group wants to be asked before it. */
static bool can_join(struct gateway_match *const *sorted, size_t at)
{
    const struct gateway_match *m = sorted[at];
    size_t group = m->rule->group;

    if (!m->rule->placed)
        return false;
    for (size_t i = at; i-- > 0 && at - i <= LOOK_BACK;) {
        if (sorted[i]->group > group && may_meet(sorted[i], m))
            return false;
        if (sorted[i]->group == group && sorted[i]->opens)
            return true;
    }
    return false;
}

static bool fits_everything(const struct plan_match *m)
{
    return m->path->how == PLAN_SEGMENTS && m->path->text.len == 1 && !m->method && !m->headers &&
           !m->queries;
}

static struct plan_rule *new_rule(struct plan_reader *r, const struct gateway_rule *theirs)
{
    const struct gateway_route *route = theirs->route;
    struct plan_rule *rule =
        plan_add_rule(r, route->name, theirs->name, theirs->place, theirs->made.at);

    if (!rule)
        return NULL;
    rule->hosts = route->hosts;
    rule->n_hosts = route->n_hosts;
    rule->action = theirs->made.action;
    rule->baselines = theirs->made.baselines;
    rule->candidates = theirs->made.candidates;
    rule->changes = theirs->made.changes;
    rule->rewrite = theirs->made.rewrite;
    rule->timeout_ns = theirs->made.timeout_ns;
    return rule;
}

static void place_match(struct plan_reader *r, struct gateway_match **sorted, size_t at,
                        size_t *groups)
{
    struct gateway_match *m = sorted[at];
    struct gateway_rule *rule = m->rule;

    if (!can_join(sorted, at)) {
        rule->placed = new_rule(r, rule);
        if (!rule->placed)
            return;
        rule->end = &rule->placed->matches;
        rule->group = (*groups)++;
        m->opens = true;
    }
    m->group = rule->group;
    *rule->end = m->match;
    rule->end = &m->match->next;
}

/* Alone, a match that fits everything is none, unless its path is to be replaced. */
static void simplify(const struct gateway_match *m)
{
    struct plan_rule *rule = m->rule->placed;

    if (rule && rule->matches == m->match && !m->match->next && fits_everything(m->match) &&
        rule->rewrite.path != PLAN_PATH_PREFIX)
        rule->matches = NULL;
}

static struct gateway_match **sort(struct plan_reader *r, const struct plan_gateway *g)
{
    struct gateway_match **sorted = plan_array(r, g->n + 1, sizeof *sorted);
    size_t n = 0;

    if (!sorted)
        return NULL;
    for (struct gateway_match *m = g->first; m; m = m->next)
        sorted[n++] = m;
    qsort(sorted, n, sizeof *sorted, by_precedence);
    return sorted;
}

/* ---- all of it ---- */

void plan_gateway_rules(struct plan_reader *r)
{
    struct plan_gateway *g = r->gateway;
    struct gateway_match **sorted = g ? sort(r, g) : NULL;
    size_t groups = 0;

    if (!sorted)
        return;
    for (size_t i = 0; sorted[i] && !r->failed; i++)
        place_match(r, sorted, i, &groups);
    for (size_t i = 0; sorted[i] && !r->failed; i++)
        simplify(sorted[i]);
}

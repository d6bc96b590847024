/* made_plan.h -- a plan put together by a test, as readers of YAML would do it.
 *
 *     struct made m = {0};
 *     struct plan_rule *rule = made_rule(&m, "/movies");
 *     made_baseline(&m, rule, made_destination(&m, "movies/v1", url), 1);
 *     made_candidate(&m, rule, made_destination(&m, "movies/v2", url), 100000);
 *     config.plan = &m.plan;
 *
 * All of it lies in *m, so there is nothing to free.
 */
#ifndef MIRRORCTL_TESTS_MADE_PLAN_H
#define MIRRORCTL_TESTS_MADE_PLAN_H

#include <assert.h>

#include "replay/plan.h"

enum { MADE_MAX = 16, MADE_ADDRESSES = 512 };

struct made {
    struct plan plan;
    struct plan_rule rules[MADE_MAX];
    struct plan_match matches[MADE_MAX];
    struct plan_text texts[MADE_MAX];
    struct plan_destination destinations[MADE_MAX];
    struct plan_address addresses[MADE_ADDRESSES];
    struct plan_arrow arrows[4 * MADE_MAX];
    struct plan_change changes[4 * MADE_MAX];
    unsigned n_texts, n_addresses, n_arrows, n_changes;
};

static inline void made_address(struct made *m, struct plan_destination *d, const char *url)
{
    struct plan_address **end = &d->addresses;

    assert(m->n_addresses < MADE_ADDRESSES);
    while (*end)
        end = &(*end)->next;
    *end = &m->addresses[m->n_addresses++];
    (*end)->url = str_of(url);
    d->n_addresses++;
}

static inline struct plan_destination *made_destination(struct made *m, const char *name,
                                                        const char *url)
{
    struct plan_destination *d = &m->destinations[m->plan.n_destinations++];

    assert(m->plan.n_destinations <= MADE_MAX);
    d->name = d->host = d->full = str_of(name);
    d->next = m->plan.destinations;
    m->plan.destinations = d;
    if (url)
        made_address(m, d, url);
    return d;
}

static inline struct plan_text *made_text(struct made *m, enum plan_how how, const char *text)
{
    struct plan_text *t = &m->texts[m->n_texts++];

    assert(m->n_texts <= MADE_MAX);
    *t = (struct plan_text){.how = how, .text = str_of(text)};
    return t;
}

/* The next rule: for paths that begin with `prefix`; NULL: for everything. */
static inline struct plan_rule *made_rule(struct made *m, const char *prefix)
{
    size_t i = m->plan.n_rules++;
    struct plan_rule *rule = &m->rules[i];

    assert(i < MADE_MAX);
    rule->index = (uint32_t)i;
    rule->name = STR("movies/0");
    rule->source = STR("movies.yaml:18");
    if (i)
        m->rules[i - 1].next = rule;
    else
        m->plan.rules = rule;
    m->plan.last_rule = rule;
    if (prefix) {
        m->matches[i].path = made_text(m, PLAN_PREFIX, prefix);
        rule->matches = &m->matches[i];
    }
    return rule;
}

static inline struct plan_arrow *made_arrow(struct made *m, struct plan_arrow **end,
                                            const struct plan_destination *to)
{
    assert(m->n_arrows < 4 * MADE_MAX);
    while (*end)
        end = &(*end)->next;
    *end = &m->arrows[m->n_arrows++];
    (*end)->to = to;
    return *end;
}

static inline struct plan_arrow *made_baseline(struct made *m, struct plan_rule *rule,
                                               const struct plan_destination *to, uint32_t weight)
{
    struct plan_arrow *arrow = made_arrow(m, &rule->baselines, to);

    arrow->weight = weight;
    return arrow;
}

static inline struct plan_arrow *made_candidate(struct made *m, struct plan_rule *rule,
                                                const struct plan_destination *to, uint32_t ppm)
{
    struct plan_arrow *arrow = made_arrow(m, &rule->candidates, to);

    arrow->ppm = ppm;
    return arrow;
}

static inline void made_change(struct made *m, struct plan_change **end, enum plan_change_kind kind,
                               const char *name, const char *value)
{
    assert(m->n_changes < 4 * MADE_MAX);
    while (*end)
        end = &(*end)->next;
    *end = &m->changes[m->n_changes++];
    **end = (struct plan_change){.kind = kind, .name = str_of(name), .value = str_of(value)};
}

#endif

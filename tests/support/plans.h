/* plans.h -- plans made by hand, for tests that link libreplay. */
#ifndef MIRRORCTL_TESTS_PLANS_H
#define MIRRORCTL_TESTS_PLANS_H

#include <stdlib.h>

#include "core/mem.h"
#include "replay/plan.h"
#include "replay/regex.h"

enum { PLANS_REGEXES = 4096 };

struct made_plan {
    struct plan plan;
    struct plan_rule *last;
    struct regex *regexes[PLANS_REGEXES];
    size_t n_regexes;
};

static inline void *made_alloc(struct made_plan *p, size_t size)
{
    void *piece = arena_alloc(&p->plan.mem, size, NULL);

    if (!piece)
        abort();
    return piece;
}

static inline void made_init(struct made_plan *p)
{
    *p = (struct made_plan){0};
    arena_init(&p->plan.mem, PLAN_MEMORY);
}

static inline void made_release(struct made_plan *p)
{
    for (size_t i = 0; i < p->n_regexes; i++)
        regex_free(p->regexes[i]);
    arena_release(&p->plan.mem);
}

/* A rule at the end, for the hosts named, with blanks between them; NULL: any. */
static inline struct plan_rule *made_rule(struct made_plan *p, const char *name, const char *hosts,
                                          enum plan_action action)
{
    struct plan_rule *rule = made_alloc(p, sizeof *rule);
    struct str rest = str_of(hosts);

    *rule = (struct plan_rule){.name = str_of(name),
                               .source = STR("made.yaml:1"),
                               .index = (uint32_t)p->plan.n_rules++,
                               .hosts = made_alloc(p, 16 * sizeof(struct str)),
                               .action = action};
    while (rest.data)
        rule->hosts[rule->n_hosts++] = str_cut(&rest, ' ');
    if (p->last)
        p->last->next = rule;
    else
        p->plan.rules = rule;
    return p->last = rule;
}

/* Another match of the rule, behind those that it has. */
static inline struct plan_match *made_match(struct made_plan *p, struct plan_rule *rule)
{
    struct plan_match **end = &rule->matches;

    while (*end)
        end = &(*end)->next;
    *end = made_alloc(p, sizeof **end);
    return *end;
}

static inline struct plan_text made_value(struct made_plan *p, enum plan_how how, const char *text)
{
    struct plan_text t = {.how = how, .text = str_of(text)};
    enum regex_fault fault;
    size_t offset;

    if (how == PLAN_REGEX) {
        t.regex = regex_new(t.text, &fault, &offset, NULL);
        if (!t.regex || p->n_regexes == PLANS_REGEXES)
            abort();
        p->regexes[p->n_regexes++] = t.regex;
    }
    return t;
}

static inline struct plan_text *made_text(struct made_plan *p, enum plan_how how, const char *text)
{
    struct plan_text *t = made_alloc(p, sizeof *t);

    *t = made_value(p, how, text);
    return t;
}

static inline struct plan_field *made_field(struct made_plan *p, struct plan_field **list,
                                            const char *name, enum plan_how how, const char *text)
{
    struct plan_field *f = made_alloc(p, sizeof *f);

    *f =
        (struct plan_field){.next = *list, .name = str_of(name), .value = made_value(p, how, text)};
    return *list = f;
}

/* A mirror: a candidate with this share. */
static inline struct plan_arrow *made_candidate(struct made_plan *p, struct plan_rule *rule,
                                                uint32_t ppm)
{
    struct plan_arrow *a = made_alloc(p, sizeof *a);

    *a = (struct plan_arrow){.next = rule->candidates, .ppm = ppm};
    return rule->candidates = a;
}

#endif

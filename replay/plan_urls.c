/* plan_urls.c -- --v1 and --v2 beside YAML: the rules are the YAML's, the addresses these. */
#include <stdio.h>

#include "replay/plan_kinds.h"

struct plan_destination *plan_url_destination(struct plan_reader *r, unsigned number,
                                              const char *url)
{
    struct plan_address *address = plan_alloc(r, sizeof *address);
    struct plan_destination *to;
    char name[16];

    snprintf(name, sizeof name, "v%u", number);
    to = plan_destination(r, str_of(name), 0, (struct str){0}, STR("default"));
    if (r->failed)
        return NULL;
    snprintf(name, sizeof name, "--v%u", number);
    address->url = plan_text_copy(r, str_of(url));
    address->from = plan_text_copy(r, str_of(name));
    to->addresses = address;
    to->n_addresses = 1;
    return r->failed ? NULL : to;
}

/* The n-th of a rule's candidates goes to the n-th URL; those beyond keep their own. */
static void point(struct plan_rule *rule, struct plan_destination *const urls[])
{
    size_t i = 1;

    for (struct plan_arrow *b = rule->baselines; b && urls[0]; b = b->next)
        b->to = urls[0];
    for (struct plan_arrow *c = rule->candidates; c && i <= PLAN_MAX_CANDIDATES && urls[i];
         c = c->next)
        c->to = urls[i++];
}

static bool is_in(const struct plan_arrow *list, const struct plan_destination *d)
{
    while (list && list->to != d)
        list = list->next;
    return list != NULL;
}

static bool is_used(const struct plan *p, const struct plan_destination *d)
{
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        if (is_in(rule->baselines, d) || is_in(rule->candidates, d))
            return true;
    }
    return false;
}

/* Nobody is to look for the addresses of what is not sent to. */
static void drop_unused(struct plan *p)
{
    struct plan_destination **at = &p->destinations;

    while (*at) {
        if (is_used(p, *at)) {
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
            p->n_destinations--;
        }
    }
}

void plan_use_urls(struct plan_reader *r)
{
    const struct plan_options *o = r->options;
    struct plan_destination *urls[PLAN_MAX_CANDIDATES + 1] = {0};

    if (!o->v1 && o->n_candidates == 0)
        return;
    if (o->v1)
        urls[0] = plan_url_destination(r, 1, o->v1);
    for (size_t i = 0; i < o->n_candidates && i < PLAN_MAX_CANDIDATES; i++)
        urls[i + 1] = plan_url_destination(r, (unsigned)i + 2, o->candidates[i]);
    if (r->failed)
        return;
    for (struct plan_rule *rule = r->plan->rules; rule; rule = rule->next)
        point(rule, urls);
    drop_unused(r->plan);
}

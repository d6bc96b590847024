/* plan_urls.c -- --v1 and --v2 beside YAML: the rules are the YAML's, the addresses these. */
#include <stdio.h>

#include "replay/plan_kinds.h"

/* What --vNUMBER names: destination "v1", "v2", ... at that URL. NULL when r->failed. */
static struct plan_destination *at_url(struct plan_reader *r, unsigned number, const char *url)
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

static struct plan_arrow *arrow_to_url(struct plan_reader *r, unsigned number, const char *url)
{
    struct plan_arrow *arrow = plan_alloc(r, sizeof *arrow);

    if (arrow)
        arrow->to = at_url(r, number, url);
    return r->failed ? NULL : arrow;
}

static struct plan_arrow *baseline_at_url(struct plan_reader *r, const char *v1)
{
    struct plan_arrow *arrow = arrow_to_url(r, 1, v1);

    if (arrow)
        arrow->weight = 1;
    return arrow;
}

void plan_rule_of_urls(struct plan_reader *r, const char *v1, const char *const *candidates,
                       size_t n, uint32_t ppm)
{
    struct plan_rule *rule =
        plan_add_rule(r, STR("command line"), STR("command line"), 0, (struct place){0});
    struct plan_arrow **end;

    if (!rule)
        return;
    rule->source = STR("command line");
    rule->baselines = v1 ? baseline_at_url(r, v1) : NULL;
    end = &rule->candidates;
    for (size_t i = 0; i < n && !r->failed; i++) {
        *end = arrow_to_url(r, (unsigned)i + 2, candidates[i]);
        if (*end) {
            (*end)->ppm = ppm;
            end = &(*end)->next;
        }
    }
}

/* Do Mirrors say only what is not sent, how much, and how? Then from where to where is
 * for the URLs to say, of all that no rule took. */
static bool is_left_to_urls(const struct plan_reader *r)
{
    const struct plan_rule *rule = r->plan->rules;

    while (rule && rule->action != PLAN_MIRROR)
        rule = rule->next;
    return r->native && !rule && r->options->n_candidates > 0 &&
           r->options->n_candidates <= PLAN_MAX_CANDIDATES;
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
    if (is_left_to_urls(r))
        plan_rule_of_urls(r, o->v1, o->candidates, o->n_candidates, PLAN_MILLION);
    if (o->v1)
        urls[0] = at_url(r, 1, o->v1);
    for (size_t i = 0; i < o->n_candidates && i < PLAN_MAX_CANDIDATES; i++)
        urls[i + 1] = at_url(r, (unsigned)i + 2, o->candidates[i]);
    if (r->failed)
        return;
    for (struct plan_rule *rule = r->plan->rules; rule; rule = rule->next) {
        if (rule->candidates && !rule->baselines && o->v1)
            rule->baselines = baseline_at_url(r, o->v1);
        point(rule, urls);
    }
    drop_unused(r->plan);
}

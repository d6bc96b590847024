#include "replay/plan_walk.h"

#include "replay/plan_host.h"

uint32_t plan_share(const struct plan_decision *d, const struct plan_arrow *candidate)
{
    return d->overlay && candidate->ppm ? d->overlay->ppm : candidate->ppm;
}

static bool is_off(const struct plan_decision *d)
{
    for (const struct plan_arrow *c = d->rule->candidates; c; c = c->next) {
        if (plan_share(d, c))
            return false;
    }
    return true;
}

enum plan_answer plan_rule_answer(const struct plan_decision *d)
{
    if (d->rule->action == PLAN_REDIRECT)
        return PLAN_REDIRECTED;
    return d->rule->action != PLAN_MIRROR || is_off(d) ? PLAN_NO_MIRROR : PLAN_SENT;
}

static size_t rule_rank(const struct plan_rule *rule, struct str name)
{
    size_t best = 0;

    for (size_t i = 0; i < rule->n_hosts; i++) {
        size_t rank = plan_host_rank(rule->hosts[i], name);

        best = rank > best ? rank : best;
    }
    return best;
}

bool plan_rule_takes_hosts(const struct plan_rule *rule)
{
    return rule->n_hosts && rule->action != PLAN_DENY && rule->action != PLAN_PERCENT;
}

bool plan_rule_allows_host(const struct plan_rule *rule, struct str name)
{
    return rule->n_hosts == 0 || rule_rank(rule, name) > 0;
}

static size_t best_rank(const struct plan *p, struct str name)
{
    size_t best = 0;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        size_t rank = plan_rule_takes_hosts(rule) ? rule_rank(rule, name) : 0;

        best = rank > best ? rank : best;
    }
    return best;
}

/* ---- asking ----------------------------------------------------------------------- */

struct walk {
    const struct plan_request *r;
    struct buf *room;
    const struct plan_asked *asked;
    struct str name;
    size_t rank; /* of the host that decides */
    bool unknown;
};

static bool is_asked(const struct walk *w, const struct plan_rule *rule,
                     const struct plan_decision *d)
{
    if (rule->action == PLAN_PERCENT && d->overlay)
        return false;
    return plan_rule_takes_hosts(rule) ? w->rank && rule_rank(rule, w->name) == w->rank
                                       : plan_rule_allows_host(rule, w->name);
}

/* True at the end of the walk. */
static bool ask(struct walk *w, const struct plan_rule *rule, struct plan_decision *d)
{
    const struct plan_match *match;
    struct plan_lack lack = {0};
    enum plan_fit fit = plan_rule_fits(rule, w->r, w->room, &match, &lack);

    if (w->asked)
        w->asked->rule(w->asked->ctx, rule, fit, &lack);
    if (fit == PLAN_FITS && rule->action == PLAN_PERCENT) {
        d->overlay = rule;
        return false;
    }
    w->unknown |=
        fit == PLAN_FITS_PERHAPS || (fit == PLAN_FITS_UNKNOWN && rule->action != PLAN_PERCENT);
    if (fit == PLAN_FITS) {
        d->rule = rule;
        d->match = match;
        d->answer = plan_rule_answer(d);
    }
    return fit == PLAN_FITS || fit == PLAN_FITS_PERHAPS;
}

void plan_walk(const struct plan *p, const struct plan_request *r, struct buf *room,
               const struct plan_asked *asked, struct plan_decision *d)
{
    struct walk w = {.r = r, .room = room, .asked = asked, .name = plan_host_name(r->authority)};
    const struct plan_rule *rule = p->rules;

    *d = (struct plan_decision){.answer = PLAN_NO_RULE};
    w.rank = best_rank(p, w.name);
    while (rule && !(is_asked(&w, rule, d) && ask(&w, rule, d)))
        rule = rule->next;
    if (d->rule)
        return;
    d->overlay = NULL;
    d->answer = w.unknown ? PLAN_UNDECIDED : PLAN_NO_RULE;
}

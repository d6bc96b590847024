/* plan_check.c -- what only the whole plan shows to be wrong. */
#include <stdlib.h>

#include "replay/plan_istio.h"
#include "replay/plan_kinds.h"
#include "replay/url.h"

enum { SHOWN = 100 };

/* ---- nothing to do ---- */

static bool has_candidates(const struct plan *p)
{
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        if (rule->candidates)
            return true;
    }
    return false;
}

/* What was not understood may have been the mirror; that an address is missing is
 * another matter. */
static bool was_understood(const struct diags *d)
{
    for (const struct diag *i = d->first; i; i = i->next) {
        if (i->severity == DIAG_ERROR && i->code[1] != '5')
            return false;
    }
    return true;
}

static void check_purpose(struct plan_reader *r)
{
    if (r->has_mirror || r->options->n_inputs == 0 || has_candidates(r->plan) ||
        !was_understood(r->diags))
        return;
    plan_error(r, "E409", (struct place){.file = r->options->inputs[0].name},
               "nothing to do: no rule here has a mirror");
}

/* ---- a candidate that is its baseline ---- */

/* What addresses a destination has: hashes of where they lead, in order. */
struct addresses {
    const struct plan_destination *of;
    uint64_t *keys;
    size_t n;
};

static uint64_t hash(uint64_t h, struct str s, bool any_case)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        h = (h ^ (any_case && c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C(1099511628211);
    }
    return (h ^ 0xff) * UINT64_C(1099511628211); /* where the next part begins */
}

/* The same for http://A:80 and http://a/. */
static uint64_t key_of(struct str text)
{
    uint64_t h = UINT64_C(14695981039346656037);
    struct url url;

    if (str_istarts(text, STR("unix:")) || url_parse(&url, text, NULL) < 0)
        return hash(h, str_starts(text, STR("unix:///")) ? str_skip(text, 7) : str_skip(text, 5),
                    false);
    if (url.port.len == 0)
        url.port = url.tls ? STR("443") : STR("80");
    h = hash(h, url.tls ? STR("s") : STR("p"), false);
    h = hash(hash(h, url.host, true), url.port, false);
    return hash(h, url.path, false);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int by_destination(const void *a, const void *b)
{
    const struct addresses *x = a, *y = b;
    uintptr_t p = (uintptr_t)x->of, q = (uintptr_t)y->of;

    return (p > q) - (p < q);
}

static void fill(struct plan_reader *r, struct addresses *a, const struct plan_destination *d)
{
    a->of = d;
    a->keys = plan_array(r, d->n_addresses ? d->n_addresses : 1, sizeof *a->keys);
    for (const struct plan_address *i = d->addresses; a->keys && i && a->n < d->n_addresses;
         i = i->next)
        a->keys[a->n++] = key_of(i->url);
    if (a->keys)
        qsort(a->keys, a->n, sizeof *a->keys, by_key);
}

static struct addresses *all_addresses(struct plan_reader *r)
{
    size_t n = r->plan->n_destinations, i = 0;
    struct addresses *all = plan_array(r, n ? n : 1, sizeof *all);

    for (const struct plan_destination *d = r->plan->destinations; all && d && i < n; d = d->next)
        fill(r, &all[i++], d);
    if (all)
        qsort(all, i, sizeof *all, by_destination);
    return r->failed ? NULL : all;
}

static bool meet(const struct addresses *a, const struct addresses *b)
{
    size_t i = 0, j = 0;

    while (i < a->n && j < b->n) {
        if (a->keys[i] == b->keys[j])
            return true;
        if (a->keys[i] < b->keys[j])
            i++;
        else
            j++;
    }
    return false;
}

static const struct addresses *find(const struct plan_reader *r, const struct addresses *all,
                                    const struct plan_destination *d)
{
    struct addresses wanted = {.of = d};

    return bsearch(&wanted, all, r->plan->n_destinations, sizeof *all, by_destination);
}

/* --v1 U --v2 U says on purpose that v1 is compared with itself. */
static bool are_urls(const struct plan_reader *r, const struct plan_arrow *b,
                     const struct plan_arrow *c)
{
    return r->options->v1 && r->options->n_candidates &&
           str_starts(b->to->addresses->from, STR("--v")) &&
           str_starts(c->to->addresses->from, STR("--v"));
}

/* A mesh may mirror to one of the versions that it serves users from. Who writes one URL
 * down twice, and no other, has mistyped. */
static bool is_meant(const struct plan_rule *rule, const struct plan_arrow *b)
{
    bool is_url = str_find(b->to->host, '/') < b->to->host.len;

    return !is_url || rule->baselines->next;
}

static void compare(struct plan_reader *r, const struct addresses *all,
                    const struct plan_rule *rule, const struct plan_arrow *b,
                    const struct plan_arrow *c)
{
    const struct addresses *x = find(r, all, b->to), *y = find(r, all, c->to);

    if (b->to == c->to && is_meant(rule, b))
        plan_warn(r, "W410", c->at,
                  "the mirror goes to %.*s, where users are served: such requests are not copied",
                  STR_ARG(str_head(c->to->name, SHOWN)));
    else if (x && y && meet(x, y) && !are_urls(r, b, c))
        plan_error(r, "E502", c->at,
                   "%.*s and %.*s have the same address: it would be compared with itself",
                   STR_ARG(str_head(b->to->name, SHOWN)), STR_ARG(str_head(c->to->name, SHOWN)));
}

/* One without weight is never drawn, and what is off is compared with nothing. */
static void check_arrows(struct plan_reader *r, const struct addresses *all,
                         const struct plan_rule *rule)
{
    for (const struct plan_arrow *b = rule->baselines; b; b = b->next) {
        for (const struct plan_arrow *c = rule->candidates; b->weight > 0 && c; c = c->next) {
            if (c->ppm > 0 && (!c->of || c->of == b))
                compare(r, all, rule, b, c);
        }
    }
}

static void check_addresses(struct plan_reader *r)
{
    const struct addresses *all = all_addresses(r);

    for (const struct plan_rule *rule = r->plan->rules; all && rule; rule = rule->next)
        check_arrows(r, all, rule);
}

/* ---- Istio and the Gateway API for one host ---- */

static int by_text(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    return str_cmp(*x, *y);
}

static const struct plan_rule *rule_at(const struct plan *p, size_t index)
{
    const struct plan_rule *rule = p->rules;

    while (rule && rule->index < index)
        rule = rule->next;
    return rule;
}

/* All hosts of Istio's rules; those of one VirtualService share their list. */
static struct str *istio_hosts(struct plan_reader *r, size_t *n)
{
    const struct plan_rule *first = rule_at(r->plan, r->istio->first_rule);
    const struct str *last = NULL;
    struct str *all;

    *n = 0;
    for (const struct plan_rule *i = first; i && i->index < r->istio->end_rule; i = i->next) {
        *n += i->hosts == last ? 0 : i->n_hosts;
        last = i->hosts;
    }
    all = plan_array(r, *n ? *n : 1, sizeof *all);
    *n = 0;
    last = NULL;
    for (const struct plan_rule *i = first; all && i && i->index < r->istio->end_rule;
         i = i->next) {
        for (size_t k = 0; i->hosts != last && k < i->n_hosts; k++)
            all[(*n)++] = i->hosts[k];
        last = i->hosts;
    }
    if (all)
        qsort(all, *n, sizeof *all, by_text);
    return all;
}

static void check_hosts(struct plan_reader *r)
{
    const struct plan_rule *rule;
    size_t n = 0;
    const struct str *hosts, any = STR("*");

    if (!r->istio || r->istio->first_rule == r->istio->end_rule)
        return;
    hosts = istio_hosts(r, &n);
    for (rule = rule_at(r->plan, r->istio->end_rule); hosts && rule; rule = rule->next) {
        const struct str *own = rule->n_hosts ? rule->hosts : &any;

        for (size_t i = 0; i < (rule->n_hosts ? rule->n_hosts : 1); i++) {
            if (bsearch(&own[i], hosts, n, sizeof *hosts, by_text) &&
                plan_is_news(r, rule->at, own[i]))
                plan_warn(r, "W430", rule->at,
                          "host %.*s has a VirtualService, too, which is asked first",
                          STR_ARG(str_head(own[i], SHOWN)));
        }
    }
}

void plan_check(struct plan_reader *r)
{
    check_hosts(r);
    check_addresses(r);
    check_purpose(r);
}

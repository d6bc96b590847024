/* plan_istio_rules.c -- VirtualServices put together, host by host.
 *
 * What istiod does with several of one host depends on where they are bound. At
 * a gateway their rules are merged, with catch-alls at the end (SortVHostRoutes;
 * its order by age is that of the input here, since files carry no age). Inside
 * the mesh they conflict (IST0109), and one of them is used: the first, here.
 * Which gateway a captured request came through is not known; those that are
 * bound to different ones are asked one after the other.
 */
#include <stdlib.h>

#include "replay/plan_istio.h"
#include "replay/plan_kinds.h"

enum { FORMS = 4 }; /* name, name.ns, name.ns.svc, name.ns.svc.cluster.local */

/* ---- who shares a host ---- */

struct use {
    struct plan_host *host;
    struct virtual_service *vs;
};

static int by_text(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? strncasecmp(a.data, b.data, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int by_host(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int c = by_text(x->host->full, y->host->full);

    if (c == 0)
        c = (x->vs->index > y->vs->index) - (x->vs->index < y->vs->index);
    return c ? c : (x->host > y->host) - (x->host < y->host);
}

static struct use *all_uses(struct plan_reader *r, size_t *n)
{
    struct use *uses = plan_array(r, r->istio->n_hosts, sizeof *uses);

    *n = 0;
    for (struct virtual_service *vs = r->istio->services; uses && vs; vs = vs->next) {
        for (size_t i = 0; i < vs->n_hosts; i++)
            uses[(*n)++] = (struct use){&vs->hosts[i], vs};
    }
    if (uses)
        qsort(uses, *n, sizeof *uses, by_host);
    return uses;
}

static void share(struct plan_reader *r, const struct use *uses, size_t n)
{
    struct plan_sharing *sharing = plan_alloc(r, sizeof *sharing);
    struct virtual_service **of = plan_array(r, n, sizeof(struct virtual_service *));

    if (!sharing || !of)
        return;
    sharing->of = of;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && uses[i].vs == uses[i - 1].vs)
            continue;
        uses[i].host->sharing = sharing;
        of[sharing->n++] = uses[i].vs;
    }
}

static void find_sharing(struct plan_reader *r)
{
    size_t n, end;
    const struct use *uses = r->istio->n_hosts ? all_uses(r, &n) : NULL;

    for (size_t i = 0; uses && i < n && !r->failed; i = end) {
        for (end = i + 1; end < n; end++) {
            if (by_text(uses[end].host->full, uses[i].host->full) != 0)
                break;
        }
        share(r, uses + i, end - i);
    }
}

/* ---- gateways ---- */

static bool is_on(const struct virtual_service *vs, struct str gateway)
{
    for (size_t i = 0; i < vs->n_gateways; i++) {
        if (str_eq(vs->gateways[i], gateway))
            return true;
    }
    return false;
}

static bool share_gateway(const struct virtual_service *a, const struct virtual_service *b)
{
    for (size_t i = 0; i < a->n_gateways; i++) {
        if (is_on(b, a->gateways[i]))
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    return str_cmp(*x, *y);
}

static struct str *known_gateways(struct plan_reader *r, size_t *n)
{
    struct str *names;
    size_t i = 0;

    *n = 0;
    for (const struct gateway_name *g = r->istio->gateways; g; g = g->next)
        ++*n;
    names = plan_array(r, *n ? *n : 1, sizeof *names);
    for (const struct gateway_name *g = r->istio->gateways; names && g; g = g->next)
        names[i++] = g->name;
    if (names)
        qsort(names, *n, sizeof *names, by_name);
    return names;
}

static void check_gateways(struct plan_reader *r)
{
    size_t n;
    const struct str *known = known_gateways(r, &n);

    for (const struct virtual_service *vs = r->istio->services; known && vs; vs = vs->next) {
        for (size_t i = 0; i < vs->n_gateways; i++) {
            if (str_eq(vs->gateways[i], STR("mesh")) ||
                bsearch(&vs->gateways[i], known, n, sizeof *known, by_name))
                continue;
            plan_warn(r, "W443", vs->gateways_at, "Gateway %.*s is not among these files",
                      STR_ARG(str_head(vs->gateways[i], 100)));
        }
    }
}

/* ---- the VirtualServices of a host that are used ---- */

struct members {
    struct virtual_service **of;
    size_t n;
    bool merged; /* some are bound to one gateway: catch-alls go last */
};

static void tell_conflict(struct plan_reader *r, const struct virtual_service *first,
                          const struct virtual_service *vs, struct str host)
{
    plan_warn(
        r, "W441", vs->at,
        "VirtualService %.*s is not used for host %.*s: %.*s (%s:%u) is for it, too, and both "
        "are bound to the mesh (IST0109)",
        STR_ARG(str_head(vs->name, 100)), STR_ARG(str_head(host, 100)),
        STR_ARG(str_head(first->name, 100)), first->at.file, first->at.line);
}

static void tell_apart(struct plan_reader *r, const struct virtual_service *first,
                       const struct virtual_service *vs, struct str host)
{
    plan_warn(r, "W442", vs->at,
              "VirtualServices %.*s and %.*s are for host %.*s at different gateways, which a "
              "capture does not tell: their rules are asked one after the other",
              STR_ARG(str_head(first->name, 100)), STR_ARG(str_head(vs->name, 100)),
              STR_ARG(str_head(host, 100)));
}

/* Position of the first that is bound to the mesh, or m->n when none is. */
static size_t find_on_mesh(const struct members *m)
{
    size_t i = 0;

    while (i < m->n && !is_on(m->of[i], STR("mesh")))
        i++;
    return i;
}

static bool is_merged_with(const struct members *m, const struct virtual_service *vs)
{
    for (size_t i = 0; i < m->n; i++) {
        if (share_gateway(m->of[i], vs))
            return true;
    }
    return false;
}

static struct members choose(struct plan_reader *r, const struct plan_sharing *s, struct str host)
{
    struct members m = {.of = plan_array(r, s->n, sizeof(struct virtual_service *))};

    for (size_t i = 0; m.of && i < s->n; i++) {
        struct virtual_service *vs = s->of[i];
        size_t first = find_on_mesh(&m);

        if (first < m.n && is_on(vs, STR("mesh"))) {
            tell_conflict(r, m.of[first], vs, host);
            continue;
        }
        if (is_merged_with(&m, vs))
            m.merged = true;
        else if (m.n > 0)
            tell_apart(r, m.of[0], vs, host);
        m.of[m.n++] = vs;
    }
    return m;
}

/* ---- rules get their places ---- */

struct hosts {
    struct str *list;
    size_t n;
};

static void add_host(struct plan_reader *r, struct hosts *hosts, const struct plan_host *host)
{
    struct str full = host->full, domain = STR("svc.cluster.local");

    hosts->list[hosts->n++] = host->written;
    if (str_find(host->written, '.') < host->written.len || str_eq(host->written, STR("*")))
        return;
    full.len -= domain.len + 1;
    hosts->list[hosts->n++] = plan_text_copy(r, full);
    full.len += sizeof ".svc" - 1;
    hosts->list[hosts->n++] = plan_text_copy(r, full);
    hosts->list[hosts->n++] = host->full;
}

static void place_rule(struct plan_reader *r, const struct virtual_service *vs,
                       const struct plan_draft *d, struct plan_match *matches,
                       const struct hosts *hosts)
{
    struct plan_rule *rule = plan_add_rule(r, vs->name, d->name, d->place, d->rule.at);

    if (!rule)
        return;
    rule->hosts = hosts->list;
    rule->n_hosts = hosts->n;
    rule->matches = matches;
    rule->action = d->rule.action;
    rule->baselines = d->rule.baselines;
    rule->candidates = d->rule.candidates;
    rule->changes = d->rule.changes;
    rule->rewrite = d->rule.rewrite;
    rule->timeout_ns = d->rule.timeout_ns;
}

struct placing {
    const struct hosts *hosts;
    const struct plan_draft *catch_all; /* the last one so far */
    bool merged;
};

static void tell_unreachable(struct plan_reader *r, struct plan_draft *d,
                             const struct plan_draft *catch_all)
{
    if (!d->told)
        plan_warn(r, "W440", d->rule.at,
                  "this rule is unreachable: the one in line %u takes every request",
                  catch_all->rule.at.line);
    d->told = true;
}

static void tell_moved(struct plan_reader *r, struct plan_draft *d)
{
    if (!d->told)
        plan_note(r, "N440", d->rule.at,
                  "this rule takes everything, and is asked behind those of other "
                  "VirtualServices of its host");
    d->told = true;
}

/* The matches in front of the one that takes everything. To istiod each match is a route
 * of its own, and only that one is moved. */
static struct plan_match *front_of(struct plan_reader *r, const struct plan_draft *d)
{
    const struct plan_match *last = plan_catch_all(&d->rule);
    struct plan_match *front = NULL, **end = &front;

    for (const struct plan_match *m = d->rule.matches; m != last && !r->failed; m = m->next) {
        *end = plan_alloc(r, sizeof **end);
        if (!*end)
            return NULL;
        **end = *m;
        (*end)->next = NULL;
        end = &(*end)->next;
    }
    return front;
}

/* Up to the first that takes everything. */
static void place_front(struct plan_reader *r, const struct virtual_service *vs, struct placing *p)
{
    struct plan_draft *d = vs->drafts;
    struct plan_match *front;

    for (; d && !d->catch_all && !r->failed; d = d->next) {
        if (p->catch_all)
            tell_unreachable(r, d, p->catch_all);
        place_rule(r, vs, d, d->rule.matches, p->hosts);
    }
    front = d && p->merged ? front_of(r, d) : NULL;
    if (front)
        place_rule(r, vs, d, front, p->hosts);
}

/* That one, and those behind it, which istiod leaves out. */
static void place_rest(struct plan_reader *r, const struct virtual_service *vs, struct placing *p)
{
    struct plan_draft *d = vs->drafts;
    struct plan_match *matches;

    while (d && !d->catch_all)
        d = d->next;
    for (bool first = p->merged; d && !r->failed; d = d->next, first = false) {
        if (p->catch_all)
            tell_unreachable(r, d, p->catch_all);
        if (d->catch_all)
            p->catch_all = d;
        matches = first ? plan_catch_all(&d->rule) : d->rule.matches;
        place_rule(r, vs, d, matches, p->hosts);
    }
}

static bool has_front(const struct plan_draft *d)
{
    return !d->catch_all || plan_catch_all(&d->rule) != d->rule.matches;
}

/* A catch-all is moved if a VirtualService behind it has rules that are none. */
static void tell_all_moved(struct plan_reader *r, const struct members *m)
{
    struct plan_draft *first = NULL, *d;

    for (size_t i = 0; i < m->n; i++) {
        d = m->of[i]->drafts;
        if (first && d && has_front(d))
            tell_moved(r, first);
        while (d && !d->catch_all)
            d = d->next;
        first = first ? first : d;
    }
}

static void place_members(struct plan_reader *r, const struct members *m, const struct hosts *hosts)
{
    struct placing p = {.hosts = hosts, .merged = m->merged};

    if (m->merged)
        tell_all_moved(r, m);
    for (size_t i = 0; i < m->n; i++) {
        place_front(r, m->of[i], &p);
        if (!m->merged)
            place_rest(r, m->of[i], &p);
    }
    for (size_t i = 0; m->merged && i < m->n; i++)
        place_rest(r, m->of[i], &p);
}

/* ---- hosts, in the order of the input ---- */

static bool is_same(const struct plan_sharing *a, const struct plan_sharing *b)
{
    return a->n == b->n && memcmp(a->of, b->of, a->n * sizeof(struct virtual_service *)) == 0;
}

/* This host of `vs`, and those after it that the same VirtualServices share. */
static void place_host(struct plan_reader *r, struct virtual_service *vs, size_t first)
{
    const struct plan_sharing *sharing = vs->hosts[first].sharing;
    struct hosts *hosts = plan_alloc(r, sizeof *hosts);
    struct members members;

    if (!hosts)
        return;
    hosts->list = plan_array(r, FORMS * (vs->n_hosts - first), sizeof *hosts->list);
    for (size_t i = first; hosts->list && i < vs->n_hosts; i++) {
        struct plan_host *host = &vs->hosts[i];

        if (!host->sharing || host->sharing->done || !is_same(host->sharing, sharing))
            continue;
        host->sharing->done = true;
        add_host(r, hosts, host);
    }
    members = choose(r, sharing, vs->hosts[first].written);
    if (!r->failed)
        place_members(r, &members, hosts);
}

/* One without hosts was told; its rules are still shown. */
static void place_service(struct plan_reader *r, struct virtual_service *vs)
{
    struct members alone = {.of = &vs, .n = 1};
    struct hosts none = {0};

    if (vs->n_hosts == 0)
        place_members(r, &alone, &none);
    for (size_t i = 0; i < vs->n_hosts && !r->failed; i++) {
        if (vs->hosts[i].sharing && !vs->hosts[i].sharing->done)
            place_host(r, vs, i);
    }
}

void plan_istio_rules(struct plan_reader *r)
{
    if (!r->istio)
        return;
    r->istio->first_rule = r->plan->n_rules;
    check_gateways(r);
    find_sharing(r);
    for (struct virtual_service *vs = r->istio->services; vs && !r->failed; vs = vs->next)
        place_service(r, vs);
    r->istio->end_rule = r->plan->n_rules;
}

/* plan_endpoints.c -- from destinations to addresses, in the order of plan_endpoints.h. */
#include "replay/plan_endpoints.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "replay/plan_kinds.h"
#include "replay/target.h"
#include "replay/url.h"

enum { SHOWN = 200, HOST_MAX = 253 };

/* ---- keeping objects ---- */

struct plan_endpoints *plan_places(struct plan_reader *r)
{
    if (!r->endpoints)
        r->endpoints = plan_alloc(r, sizeof *r->endpoints);
    return r->endpoints;
}

void *plan_place(struct plan_reader *r, size_t size, struct place at)
{
    struct plan_endpoints *p = plan_places(r);

    if (!p || p->places > PLAN_MAX_PLACES)
        return NULL;
    if (++p->places > PLAN_MAX_PLACES) {
        plan_error(r, "E102", at, "more than %d objects and addresses", PLAN_MAX_PLACES);
        return NULL;
    }
    return plan_alloc(r, size);
}

struct str plan_from(struct plan_reader *r, const char *kind, struct str name, struct place at)
{
    char text[4 * SHOWN];

    snprintf(text, sizeof text, "%s %.*s, %.400s:%u", kind, STR_ARG(str_head(name, SHOWN)),
             at.file ? at.file : "-", at.line);
    return plan_text_copy(r, str_of(text));
}

bool plan_is_ip(struct str s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (s.len >= sizeof text || (s.len && memchr(s.data, '\0', s.len)))
        return false;
    snprintf(text, sizeof text, "%.*s", STR_ARG(s));
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

bool plan_is_address(struct plan_reader *r, struct str s)
{
    struct target target = {0};
    struct err e = {0};
    char text[HOST_MAX + 1];

    if (s.len == 0 || s.len > HOST_MAX || memchr(s.data, '\0', s.len))
        return false;
    if (!str_starts(s, STR("unix:")))
        return plan_is_ip(s) || (s.data[0] != '[' && url_check_host(s, NULL) == 0);
    snprintf(text, sizeof text, "%.*s", STR_ARG(s));
    if (target_parse(&target, "a socket", text, &e) == 0) {
        target_release(&target);
        return true;
    }
    if (e.kind == ERR_NOMEM) { /* which says nothing about the address */
        *r->e = e;
        r->failed = true;
    }
    return false;
}

bool plan_host_fits(struct str pattern, struct str host)
{
    if (pattern.len && pattern.data[0] == '*')
        return host.len >= pattern.len && str_ends(host, str_skip(pattern, 1));
    return str_ieq(pattern, host);
}

/* ---- ports ---- */

const struct plan_port *plan_port_named(const struct plan_port *ports, struct str name)
{
    while (ports && !str_eq(ports->name, name))
        ports = ports->next;
    return ports;
}

const struct plan_port *plan_port_of(const struct plan_port *ports, uint16_t number)
{
    for (const struct plan_port *p = ports; p; p = p->next) {
        if (number ? p->number == number : str_istarts(p->name, STR("http")))
            return p;
    }
    return number ? NULL : ports;
}

/* ---- what was found ---- */

/* An IPv6 address has brackets in a URL. */
static void write_url(char *text, size_t size, bool tls, struct str address, uint16_t port)
{
    bool six = str_find(address, ':') < address.len;

    if (str_starts(address, STR("unix:")))
        snprintf(text, size, "%.*s", STR_ARG(address));
    else
        snprintf(text, size, "%s://%s%.*s%s:%u", tls ? "https" : "http", six ? "[" : "",
                 STR_ARG(address), six ? "]" : "", port);
}

void plan_found_add(struct plan_reader *r, struct plan_found *found, const struct plan_wanted *w,
                    bool tls, struct str address, uint16_t port, struct str from, uint32_t weight)
{
    char text[512];

    if (w->tls != PLAN_TLS_UNSAID)
        tls = w->tls == PLAN_TLS_ON;
    write_url(text, sizeof text, tls, str_head(address, HOST_MAX), port);
    for (size_t i = 0; i < found->n; i++) {
        if (str_eq(found->list[i].url, str_of(text)))
            return;
    }
    if (found->n == PLAN_MAX_ADDRESSES) {
        found->more = true;
        return;
    }
    found->list[found->n].url = plan_text_copy(r, str_of(text));
    found->list[found->n].from = from;
    found->list[found->n++].weight = weight ? weight : 1;
}

static void add_address(struct plan_reader *r, struct plan_destination *d, struct str url,
                        struct str from)
{
    struct plan_address *address = plan_alloc(r, sizeof *address), **end = &d->addresses;

    if (!address)
        return;
    while (*end)
        end = &(*end)->next;
    *address = (struct plan_address){.url = url, .from = from};
    *end = address;
    d->n_addresses++;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* How often each is to stand in the list: the weights in lowest terms, or, where that is
 * too long, as near as PLAN_MAX_ADDRESSES allows. */
static void settle_weights(struct plan_found *found)
{
    uint64_t sum = 0;
    uint32_t divisor = 0;

    for (size_t i = 0; i < found->n; i++)
        divisor = common_divisor(found->list[i].weight, divisor);
    for (size_t i = 0; i < found->n; i++) {
        found->list[i].weight /= divisor;
        sum += found->list[i].weight;
    }
    for (size_t i = 0; sum > PLAN_MAX_ADDRESSES && i < found->n; i++) {
        uint64_t room = PLAN_MAX_ADDRESSES - found->n;

        found->list[i].weight = 1 + (uint32_t)(found->list[i].weight * room / sum);
    }
}

static void take_found(struct plan_reader *r, const struct plan_wanted *w, struct plan_found *found)
{
    if (found->more)
        plan_warn(r, "W506", w->at, "%.*s has more than %d addresses: the first are used",
                  STR_ARG(w->to->name), PLAN_MAX_ADDRESSES);
    settle_weights(found);
    for (size_t i = 0; i < found->n; i++) {
        for (uint32_t n = 0; n < found->list[i].weight && !r->failed; n++)
            add_address(r, w->to, found->list[i].url, found->list[i].from);
    }
}

/* ---- given addresses ---- */

static const struct plan_given *best_given(struct plan_reader *r, const struct plan_destination *d,
                                           bool option)
{
    const struct plan_given *best = NULL;

    for (struct plan_given *g = plan_places(r)->given.first; g; g = g->next) {
        if (!plan_key_fits(&g->key, d))
            continue;
        g->fits = true;
        if (g->option == option && (!best || plan_key_cmp(&g->key, &best->key) > 0))
            best = g;
    }
    return best;
}

static bool is_same_key(const struct plan_key *a, const struct plan_key *b)
{
    return str_ieq(a->host, b->host) && a->port == b->port && str_eq(a->subset, b->subset);
}

/* The most telling key decides; all that was given for it counts. */
static const struct plan_given *find_given(struct plan_reader *r, struct plan_destination *d)
{
    const struct plan_given *best = best_given(r, d, true);

    if (!best)
        best = best_given(r, d, false);
    for (const struct plan_given *g = best; g && !r->failed; g = g->next) {
        if (g->option != best->option || !is_same_key(&g->key, &best->key))
            continue;
        if (d->n_addresses == PLAN_MAX_ADDRESSES) {
            plan_error(r, "E102", g->at, "more than %d addresses for %.*s", PLAN_MAX_ADDRESSES,
                       STR_ARG(str_head(g->text, SHOWN)));
            break;
        }
        add_address(r, d, g->url, g->from);
    }
    return best;
}

/* ---- subsets ---- */

static void list_subsets(const struct plan_subsets *rules, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (const struct plan_subset *s = rules->list; s && len < size; s = s->next)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%.*s", len ? ", " : "", STR_ARG(s->name));
}

/* A rule for a Service of the same name in another namespace: one of them forgot to say it. */
static const struct plan_subsets *find_namesake(const struct plan_endpoints *p, struct str full)
{
    const struct plan_subsets *s = p->subsets.first;
    struct str domain = STR(".svc.cluster.local");

    while (s && !(str_ends(s->host, domain) && str_ends(full, domain) &&
                  str_ieq(str_head(s->host, str_find(s->host, '.')),
                          str_head(full, str_find(full, '.')))))
        s = s->next;
    return s;
}

static void tell_no_subset(struct plan_reader *r, const struct plan_wanted *w,
                           const struct plan_subsets *rules)
{
    const struct plan_subsets *other = find_namesake(plan_places(r), w->to->full);
    char have[SHOWN * 2];

    if (rules && rules->list) {
        list_subsets(rules, have, sizeof have);
        plan_error(r, "E504", w->at, "%.*s has no subset %.*s in a DestinationRule; there are %s",
                   STR_ARG(w->to->host), STR_ARG(w->to->subset), have);
        return;
    }
    plan_error(r, "E504", w->at,
               "no DestinationRule tells what subset %.*s of %.*s is%s%.*s%s\n"
               "  Add it to the input, or say where it runs: --endpoint %.*s=URL",
               STR_ARG(w->to->subset), STR_ARG(w->to->host), other ? "; there is one for " : "",
               STR_ARG(other ? other->host : STR("")), other ? ", another namespace's" : "",
               STR_ARG(plan_key_for(r, w->to, false)));
}

/* ---- one destination ---- */

static const struct plan_service *service_of(const struct plan_endpoints *p, struct str full)
{
    const struct plan_service *s = p->services.first;

    while (s && !str_ieq(s->host, full))
        s = s->next;
    return s;
}

/* False if it names a subset that is nowhere. */
static bool know_subset(struct plan_reader *r, struct plan_wanted *w)
{
    const struct plan_subsets *rules = plan_subsets_of(plan_places(r), w->to->full);

    w->tls = rules ? rules->tls : PLAN_TLS_UNSAID;
    if (!w->to->subset.len)
        return true;
    w->subset = plan_subset(rules, w->to->subset);
    if (!w->subset)
        return false;
    w->labels = w->subset->labels;
    if (w->subset->tls != PLAN_TLS_UNSAID)
        w->tls = w->subset->tls;
    return true;
}

static void look_around(struct plan_reader *r, const struct plan_wanted *w)
{
    static void (*const steps[])(struct plan_reader *, const struct plan_wanted *,
                                 struct plan_found *) = {
        plan_find_workloads,
        plan_find_ready,
        plan_find_entry_host,
        plan_find_service,
    };
    struct plan_found found = {0};

    for (size_t i = 0; i < sizeof steps / sizeof *steps && !found.n && !r->failed; i++)
        steps[i](r, w, &found);
    if (found.n)
        take_found(r, w, &found);
    else if (w->at.file)
        plan_tell_no_address(r, w);
}

/* What the command line says goes before the addresses that a Mirror wrote down. */
static void make_way(struct plan_reader *r, struct plan_destination *d)
{
    if (!d->addresses || !best_given(r, d, true))
        return;
    d->addresses = NULL;
    d->n_addresses = 0;
}

static void resolve(struct plan_reader *r, struct plan_wanted *w)
{
    const struct plan_given *given;
    bool known = know_subset(r, w);

    make_way(r, w->to);
    given = w->to->addresses ? NULL : find_given(r, w->to);
    if (w->to->addresses && (!given || known))
        return;
    if (given && given->key.subset.len) {
        if (given->option)
            plan_note(r, "N504", w->at, "no DestinationRule tells what subset %.*s of %.*s is",
                      STR_ARG(w->to->subset), STR_ARG(w->to->host));
    } else if (!known && w->at.file)
        tell_no_subset(r, w, plan_subsets_of(plan_places(r), w->to->full));
    else if (known) {
        w->service = service_of(plan_places(r), w->to->full);
        look_around(r, w);
    }
}

/* ---- all of them ---- */

/* Copies go to what a mirror that is on compares; only that needs an address. */
static bool is_asked(const struct plan_rule *rule, const struct plan_arrow *baseline)
{
    for (const struct plan_arrow *c = rule->candidates; c; c = c->next) {
        if (c->ppm && (!baseline || !c->of || c->of == baseline))
            return true;
    }
    return false;
}

static void want(struct plan_wanted *all, const struct plan_arrow *a, size_t *number)
{
    struct plan_wanted *w = all;

    while (w->to && w->to != a->to)
        w++;
    if (w->to && !w->at.file) {
        w->at = a->at;
        w->number = ++*number;
    }
}

static void want_of_rule(const struct plan_reader *r, struct plan_wanted *all,
                         const struct plan_rule *rule, size_t *number)
{
    const struct plan_arrow *baselines = r->options->v1_is_not_asked ? NULL : rule->baselines;

    if (rule->action != PLAN_MIRROR || !is_asked(rule, NULL))
        return;
    for (const struct plan_arrow *b = baselines; b; b = b->next) {
        if ((b->weight || !rule->baselines->next) && is_asked(rule, b))
            want(all, b, number);
    }
    for (const struct plan_arrow *c = rule->candidates; c; c = c->next) {
        if (c->ppm)
            want(all, c, number);
    }
}

void plan_resolve(struct plan_reader *r)
{
    struct plan_wanted *all = plan_array(r, r->plan->n_destinations + 1, sizeof *all), *w = all;
    size_t number = 0;

    plan_give_options(r);
    if (r->failed || !plan_places(r))
        return;
    plan_link_pods(r);
    for (struct plan_destination *d = r->plan->destinations; d; d = d->next)
        (w++)->to = d;
    for (const struct plan_rule *rule = r->plan->rules; rule; rule = rule->next)
        want_of_rule(r, all, rule, &number);
    for (w = all; w->to && !r->failed; w++)
        resolve(r, w);
    if (!r->failed)
        plan_given_unused(r);
}

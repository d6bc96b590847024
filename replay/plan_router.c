/* plan_router.c -- plan_walk() without asking every rule.
 *
 * All matches of all rules are numbered in the order in which they are asked. Hosts
 * that the same rules name share an index by path (plan_index.h); rules that take
 * no host have one more. For a request, the lists of numbers that its host and its path
 * lead to are gone through from the smallest number on, so that what is asked, and
 * in which order, is what the walk would ask less what cannot fit. */
#include <stdlib.h>

#include "core/mem.h"
#include "replay/plan_host.h"
#include "replay/plan_index.h"
#include "replay/plan_walk.h"

enum {
    MAX_PLACES = 4 * 1024 * 1024, /* of matches in indexes */
    MAX_ROOM = 1024 * 1024,       /* for a field that comes several times */
};

struct numbered {
    const struct plan_rule *rule;
    const struct plan_match *match; /* NULL: the rule has none, it fits everything */
};

/* A list that is gone through. */
struct cursor {
    const uint32_t *at, *end;
};

struct plan_router {
    struct arena mem;
    struct numbered *matches;
    uint32_t n_matches;
    uint32_t *first; /* number of the first match of a rule, by its place */
    struct plan_hosts hosts;
    struct plan_index everywhere; /* rules that take no host */
    size_t places;

    /* Of the request at hand. */
    struct cursor *heap; /* the smallest number is at the top; as many as there are matches */
    size_t n_heap;
    struct buf room;
};

/* ---- numbers --------------------------------------------------------------------- */

static uint32_t count_matches(const struct plan_rule *rule)
{
    uint32_t n = 0;

    for (const struct plan_match *m = rule->matches; m; m = m->next)
        n++;
    return n ? n : 1;
}

static int number_matches(struct plan_router *r, const struct plan *p, struct err *e)
{
    uint32_t n = 0, place = 0;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next)
        n += count_matches(rule);
    r->matches = arena_array(&r->mem, n + 1, sizeof *r->matches, e);
    r->heap = arena_array(&r->mem, n + 1, sizeof *r->heap, e);
    r->first = arena_array(&r->mem, p->n_rules + 1, sizeof *r->first, e);
    if (!r->matches || !r->heap || !r->first)
        return -1;
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        const struct plan_match *m = rule->matches;

        r->first[place++] = r->n_matches;
        do {
            r->matches[r->n_matches++] = (struct numbered){rule, m};
        } while (m && (m = m->next));
    }
    r->first[place] = r->n_matches;
    return 0;
}

/* ---- sets of rules ---------------------------------------------------------------- */

/* Rules of one object share its list of hosts. */
struct set {
    const struct str *hosts;
    size_t n_hosts;
    uint32_t place; /* of the rule, while they are sorted */
    uint32_t begin, end;
};

struct sets {
    struct set *rules; /* sorted by their lists of hosts, then by place */
    struct set *list;
    uint32_t n;
};

static int by_hosts(const void *a, const void *b)
{
    const struct set *x = a, *y = b;
    uintptr_t p = (uintptr_t)x->hosts, q = (uintptr_t)y->hosts;

    if (p != q)
        return p < q ? -1 : 1;
    if (x->n_hosts != y->n_hosts)
        return x->n_hosts < y->n_hosts ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int find_sets(struct plan_router *r, const struct plan *p, struct sets *s, struct err *e)
{
    uint32_t n = 0;

    s->rules = arena_array(&r->mem, p->n_rules + 1, sizeof *s->rules, e);
    s->list = arena_array(&r->mem, p->n_rules + 1, sizeof *s->list, e);
    if (!s->rules || !s->list)
        return -1;
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next, n++)
        s->rules[n] = plan_rule_takes_hosts(rule)
                          ? (struct set){.hosts = rule->hosts, .n_hosts = rule->n_hosts, .place = n}
                          : (struct set){.place = n};
    qsort(s->rules, n, sizeof *s->rules, by_hosts);
    for (uint32_t i = 0; i < n; i++) {
        const struct set *rule = &s->rules[i];
        struct set *last = s->n ? &s->list[s->n - 1] : NULL;

        if (!last || last->hosts != rule->hosts || last->n_hosts != rule->n_hosts) {
            last = &s->list[s->n++];
            *last = (struct set){.hosts = rule->hosts, .n_hosts = rule->n_hosts, .begin = i};
        }
        last->end = i + 1;
    }
    return 0;
}

static int add_set(struct plan_router *r, struct str name, uint32_t set, struct err *e)
{
    struct plan_host *host = plan_hosts_add(&r->hosts, name, e);
    uint32_t *sets;
    size_t n;

    if (!host)
        return -1;
    n = host->n_sets;
    if (n && host->sets[n - 1] == set)
        return 0;
    if ((n & (n - 1)) == 0) { /* its room is the next power of two */
        sets = arena_grow(&r->mem, host->sets, n * sizeof *sets, (n ? 2 * n : 1) * sizeof *sets, e);
        if (!sets)
            return -1;
        host->sets = sets;
    }
    host->sets[host->n_sets++] = set;
    return 0;
}

static int find_hosts(struct plan_router *r, const struct sets *s, struct err *e)
{
    size_t n = 0;

    for (uint32_t i = 0; i < s->n; i++)
        n += s->list[i].n_hosts;
    if (plan_hosts_init(&r->hosts, n, &r->mem, e) < 0)
        return -1;
    for (uint32_t i = 0; i < s->n; i++) {
        for (size_t h = 0; h < s->list[i].n_hosts; h++) {
            if (add_set(r, s->list[i].hosts[h], i, e) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- indexes ---------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int add_rule(struct plan_router *r, struct plan_index *x, uint32_t place, struct err *e)
{
    for (uint32_t i = r->first[place]; i < r->first[place + 1]; i++) {
        const struct plan_match *m = r->matches[i].match;

        if (++r->places > MAX_PLACES)
            return err_set(e, ERR_NOMEM, "the plan has too many hosts with too many rules");
        if (plan_index_add(x, m ? m->path : NULL, i, e) < 0)
            return -1;
    }
    return 0;
}

/* The rules of several sets, in the order of the plan. */
static int fill_index(struct plan_router *r, const struct sets *s, const uint32_t *sets,
                      size_t n_sets, struct plan_index *x, struct err *e)
{
    size_t n = 0, filled = 0;
    uint32_t *places;
    int rc = 0;

    for (size_t i = 0; i < n_sets; i++)
        n += s->list[sets[i]].end - s->list[sets[i]].begin;
    places = mem_array(n + 1, sizeof *places);
    if (!places)
        return err_nomem(e, "sorting the rules of a plan");
    for (size_t i = 0; i < n_sets; i++) {
        for (uint32_t at = s->list[sets[i]].begin; at < s->list[sets[i]].end; at++)
            places[filled++] = s->rules[at].place;
    }
    qsort(places, n, sizeof *places, by_number);
    x->mem = &r->mem;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_rule(r, x, places[i], e);
    mem_free(places);
    return rc;
}

static int compare_sets(const struct plan_host *x, const struct plan_host *y)
{
    if (x->n_sets != y->n_sets)
        return x->n_sets < y->n_sets ? -1 : 1;
    return memcmp(x->sets, y->sets, x->n_sets * sizeof *x->sets);
}

static int by_sets(const void *a, const void *b)
{
    return compare_sets(*(struct plan_host *const *)a, *(struct plan_host *const *)b);
}

/* One index for all hosts with the same rules. */
static int index_hosts(struct plan_router *r, const struct sets *s, struct err *e)
{
    struct plan_host **sorted = mem_array(r->hosts.count + 1, sizeof(struct plan_host *));
    size_t n = 0;
    int rc = 0;

    if (!sorted)
        return err_nomem(e, "sorting the hosts of a plan");
    for (struct plan_host *h = r->hosts.all; h; h = h->next)
        sorted[n++] = h;
    qsort(sorted, n, sizeof *sorted, by_sets);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct plan_host *h = sorted[i];

        if (i && compare_sets(sorted[i - 1], h) == 0) {
            h->rules = sorted[i - 1]->rules;
            continue;
        }
        h->rules = arena_alloc(&r->mem, sizeof(struct plan_index), e);
        rc = h->rules ? fill_index(r, s, h->sets, h->n_sets, h->rules, e) : -1;
    }
    mem_free(sorted);
    return rc;
}

static int index_everywhere(struct plan_router *r, const struct sets *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->list[i].n_hosts == 0)
            return fill_index(r, s, &i, 1, &r->everywhere, e);
    }
    return 0;
}

static int build(struct plan_router *r, const struct plan *p, struct err *e)
{
    struct sets s = {0};

    if (number_matches(r, p, e) < 0 || find_sets(r, p, &s, e) < 0 || find_hosts(r, &s, e) < 0 ||
        index_hosts(r, &s, e) < 0)
        return -1;
    return index_everywhere(r, &s, e);
}

struct plan_router *plan_router_new(const struct plan *p, struct err *e)
{
    struct plan_router *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "making a plan ready");
        return NULL;
    }
    arena_init(&r->mem, PLAN_MEMORY);
    buf_init(&r->room, MAX_ROOM);
    if (build(r, p, e) == 0)
        return r;
    plan_router_free(r);
    return NULL;
}

void plan_router_free(struct plan_router *r)
{
    if (!r)
        return;
    arena_release(&r->mem);
    buf_release(&r->room);
    mem_free(r);
}

/* ---- lists in order --------------------------------------------------------------- */

static void swap(struct cursor *a, struct cursor *b)
{
    struct cursor c = *a;

    *a = *b;
    *b = c;
}

static void push(void *ctx, const struct plan_ids *ids)
{
    struct plan_router *r = ctx;
    size_t i = r->n_heap++;

    r->heap[i] = (struct cursor){ids->list, ids->list + ids->n};
    for (; i && *r->heap[i].at < *r->heap[(i - 1) / 2].at; i = (i - 1) / 2)
        swap(&r->heap[i], &r->heap[(i - 1) / 2]);
}

static void sink(struct plan_router *r)
{
    size_t i = 0, child;

    while ((child = 2 * i + 1) < r->n_heap) {
        child += child + 1 < r->n_heap && *r->heap[child + 1].at < *r->heap[child].at;
        if (*r->heap[i].at <= *r->heap[child].at)
            break;
        swap(&r->heap[i], &r->heap[child]);
        i = child;
    }
}

/* The next match that may fit; NULL: there is none. */
static const struct numbered *pop(struct plan_router *r)
{
    const struct numbered *m;

    if (r->n_heap == 0)
        return NULL;
    m = &r->matches[*r->heap[0].at++];
    if (r->heap[0].at == r->heap[0].end)
        r->heap[0] = r->heap[--r->n_heap];
    sink(r);
    return m;
}

/* ---- deciding --------------------------------------------------------------------- */

/* A rule fits if one of its matches does, so "perhaps" waits for the others. */
struct deciding {
    struct plan_decision *d;
    const struct plan_rule *perhaps;
    bool unknown;
};

static void find_lists(struct plan_router *r, const struct plan_request *request, struct str name)
{
    const struct plan_host *host = plan_hosts_find(&r->hosts, name);

    r->n_heap = 0;
    plan_index_find(&r->everywhere, request->path, push, r);
    if (host)
        plan_index_find(host->rules, request->path, push, r);
}

static bool is_asked(const struct plan_rule *rule, const struct plan_decision *d, struct str name)
{
    if (rule->action == PLAN_PERCENT && d->overlay)
        return false;
    return plan_rule_takes_hosts(rule) || plan_rule_allows_host(rule, name);
}

/* True when the matter is decided. */
static bool take_in(struct deciding *t, const struct numbered *m, enum plan_fit fit)
{
    struct plan_decision *d = t->d;

    if (fit == PLAN_FITS_PERHAPS)
        t->perhaps = m->rule;
    else if (fit == PLAN_FITS_UNKNOWN)
        t->unknown |= m->rule->action != PLAN_PERCENT;
    if (fit != PLAN_FITS)
        return false;
    t->perhaps = NULL;
    if (m->rule->action == PLAN_PERCENT) {
        d->overlay = m->rule;
        return false;
    }
    d->rule = m->rule;
    d->match = m->match;
    d->answer = plan_rule_answer(d);
    return true;
}

void plan_router_decide(struct plan_router *r, const struct plan_request *request,
                        struct plan_decision *d)
{
    struct str name = plan_host_name(request->authority);
    struct deciding t = {.d = d};
    const struct numbered *m;

    *d = (struct plan_decision){.answer = PLAN_NO_RULE};
    find_lists(r, request, name);
    while ((m = pop(r))) {
        enum plan_fit fit = PLAN_FITS;

        if (t.perhaps && t.perhaps != m->rule)
            break;
        if (!is_asked(m->rule, d, name))
            continue;
        if (m->match)
            fit = plan_match_fits(m->match, request, &r->room, NULL);
        if (take_in(&t, m, fit))
            return;
    }
    d->overlay = NULL;
    if (t.perhaps || t.unknown)
        d->answer = PLAN_UNDECIDED;
}

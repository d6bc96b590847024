/* plan_destination.c -- the names of services, and what a plan sends to. */
#include <stdio.h>

#include "core/buf.h"
#include "replay/plan_reader.h"

enum { NAME_ROOM = 3 * (64 * 1024 + 64) }; /* of three scalars */

static struct str join(struct plan_reader *r, struct str a, struct str b, struct str c)
{
    const struct str parts[] = {a, b, c};
    struct str copy = {0};
    struct buf text;

    buf_init(&text, NAME_ROOM);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !r->failed; i++)
        r->failed = buf_add(&text, parts[i], r->e) < 0;
    if (!r->failed)
        copy = plan_text_copy(r, buf_str(&text));
    buf_release(&text);
    return copy;
}

/* The part of "m.here" before the dot, or nothing. */
static struct str before_namespace(struct str host, struct str namespace)
{
    size_t dot = str_find(host, '.');

    return dot < host.len && str_eq(str_skip(host, dot + 1), namespace) ? str_head(host, dot)
                                                                        : (struct str){0};
}

/* "m.here.svc" */
static bool is_service_form(struct str host)
{
    struct str name = str_cut(&host, '.'), namespace = str_cut(&host, '.');

    return name.len && namespace.len && str_eq(host, STR("svc"));
}

struct str plan_full_host(struct plan_reader *r, struct str host, struct str namespace)
{
    struct str name = before_namespace(host, namespace);

    if (str_find(host, '.') == host.len)
        name = host;
    if (name.len && !str_eq(name, STR("*")))
        return join(r, join(r, name, STR("."), namespace), STR(".svc.cluster.local"), STR(""));
    if (is_service_form(host))
        return join(r, host, STR(".cluster.local"), STR(""));
    return plan_text_copy(r, host);
}

/* HOST[:PORT][/SUBSET] */
static struct str name_of(struct plan_reader *r, struct str host, uint16_t port, struct str subset)
{
    struct str name = host;
    char number[8];

    snprintf(number, sizeof number, "%u", port);
    if (port)
        name = join(r, name, STR(":"), str_of(number));
    if (subset.len)
        name = join(r, name, STR("/"), subset);
    return name;
}

static bool is_same(const struct plan_destination *d, struct str full, uint16_t port,
                    struct str subset)
{
    return d->port == port && str_eq(d->full, full) && str_eq(d->subset, subset);
}

static struct plan_destination *find_named(const struct plan *p, struct str name)
{
    struct plan_destination *d = p->destinations;

    while (d && !str_eq(d->name, name))
        d = d->next;
    return d;
}

/* Beyond the ceiling, which is an error, it is not linked: nobody looks for it. */
static void link_destination(struct plan_reader *r, struct plan_destination *d)
{
    struct plan_destination **end = &r->plan->destinations;

    if (r->plan->n_destinations == PLAN_MAX_DESTINATIONS) {
        plan_error(r, "E102", (struct place){0}, "more than %d destinations",
                   PLAN_MAX_DESTINATIONS);
        return;
    }
    while (*end)
        end = &(*end)->next;
    *end = d;
    r->plan->n_destinations++;
}

static struct plan_destination *new_destination(struct plan_reader *r, struct str host,
                                                struct str full, uint16_t port, struct str subset)
{
    struct plan_destination *d = plan_alloc(r, sizeof *d);

    if (!d)
        return NULL;
    d->host = plan_text_copy(r, host);
    d->full = full;
    d->subset = plan_text_copy(r, subset);
    d->port = port;
    d->name = plan_text_copy(r, name_of(r, host, port, subset));
    if (find_named(r->plan, d->name)) /* the same words in another namespace */
        d->name = plan_text_copy(r, name_of(r, full, port, subset));
    link_destination(r, d);
    return r->failed ? NULL : d;
}

struct plan_destination *plan_destination(struct plan_reader *r, struct str host, uint16_t port,
                                          struct str subset, struct str namespace)
{
    struct str full = plan_full_host(r, host, namespace);

    if (r->failed)
        return NULL;
    for (struct plan_destination *d = r->plan->destinations; d; d = d->next) {
        if (is_same(d, full, port, subset))
            return d;
    }
    return new_destination(r, host, full, port, subset);
}

struct plan_destination *plan_destination_like(struct plan_reader *r,
                                               const struct plan_destination *like)
{
    struct plan_destination *d = find_named(r->plan, like->name);

    if (d || r->failed)
        return d;
    d = plan_alloc(r, sizeof *d);
    if (!d)
        return NULL;
    d->name = plan_text_copy(r, like->name);
    d->host = plan_text_copy(r, like->host);
    d->full = plan_text_copy(r, like->full);
    d->subset = plan_text_copy(r, like->subset);
    d->port = like->port;
    link_destination(r, d);
    return r->failed ? NULL : d;
}

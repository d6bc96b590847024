/* plan_no_address.c -- E501: which command gives a destination an address.
 *
 *     no address for movies-api-service:3000 subset v2 (labels version=2)
 *       Deployment default/movies-api-v2 carries these labels, container port 8080.
 *       Try:  kubectl -n default port-forward deploy/movies-api-v2 3002:8080
 *       then: mirrorctl ... --endpoint movies-api-service/v2=http://127.0.0.1:3002
 *
 * Ports of this machine are 3001, 3002, ... in the order in which destinations are used,
 * so that the commands can all be typed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "replay/plan_endpoints.h"

enum { SHOWN = 200, LOCAL_PORT = 3000, SETS_SHOWN = 8 };

/* ---- whose pods would do ---- */

static bool is_of_service(const struct plan_wanted *w, struct str namespace,
                          const struct plan_label *labels)
{
    return !w->service || !w->service->selector ||
           (str_eq(namespace, w->service->namespace) &&
            plan_labels_fit(w->service->selector, labels));
}

/* The namespace of m.NAMESPACE.svc.cluster.local; empty for other hosts. */
static struct str namespace_of(struct str full)
{
    struct str rest = full;

    if (!str_ends(full, STR(".svc.cluster.local")))
        return STR("");
    str_cut(&rest, '.');
    return str_cut(&rest, '.');
}

/* What is told is pasted into a shell. */
static bool can_be_typed(const struct plan_deployment *d)
{
    return plan_is_subdomain(d->name) && plan_is_label(d->namespace);
}

/* The first one behind the Service, where there is one, that carries the labels; from the
 * same namespace if possible. Without Service and labels nothing tells who it is. */
static const struct plan_deployment *find_deployment(const struct plan_endpoints *p,
                                                     const struct plan_wanted *w)
{
    const struct plan_deployment *elsewhere = NULL;
    struct str namespace = namespace_of(w->to->full);

    if (!w->labels && (!w->service || !w->service->selector))
        return NULL;
    for (const struct plan_deployment *d = p->deployments.first; d; d = d->next) {
        if (!plan_labels_fit(w->labels, d->labels) || !is_of_service(w, d->namespace, d->labels) ||
            !can_be_typed(d))
            continue;
        if (str_eq(d->namespace, namespace))
            return d;
        if (!elsewhere)
            elsewhere = d;
    }
    return elsewhere;
}

/* The container's port that the destination's leads to, or its first one; 0: unknown. */
static uint16_t container_port(const struct plan_wanted *w, const struct plan_port *ports)
{
    const struct plan_port *of_service =
        w->service ? plan_port_of(w->service->ports, w->to->port) : NULL;
    const struct plan_port *named;

    if (of_service && of_service->target)
        return of_service->target;
    if (of_service && !of_service->target_name.len)
        return of_service->number;
    named = of_service ? plan_port_named(ports, of_service->target_name) : NULL;
    if (named)
        return named->number;
    return ports ? ports->number : w->to->port;
}

/* ---- telling ---- */

struct text {
    char data[2048];
    size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->data + t->len, sizeof t->data - t->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->len += (size_t)n;
    if (t->len >= sizeof t->data)
        t->len = sizeof t->data - 1;
}

static void add_head(struct text *t, const struct plan_wanted *w)
{
    char labels[SHOWN];

    add(t, "no address for %.*s", STR_ARG(str_head(w->to->host, SHOWN)));
    if (w->to->port)
        add(t, ":%u", w->to->port);
    if (w->to->subset.len)
        add(t, " subset %.*s", STR_ARG(str_head(w->to->subset, SHOWN)));
    plan_labels_write(w->labels, labels, sizeof labels);
    if (labels[0])
        add(t, " (labels %s)", labels);
}

static void add_command(struct plan_reader *r, struct text *t, const struct plan_wanted *w,
                        const struct plan_deployment *d)
{
    struct str key = plan_key_for(r, w->to, false);
    size_t local = LOCAL_PORT + w->number;
    uint16_t port = container_port(w, d->ports);

    add(t, "\n  %s %.*s/%.*s %s", d->kind, STR_ARG(d->namespace), STR_ARG(d->name),
        w->labels ? "carries these labels" : "is behind this Service");
    if (port)
        add(t, ", container port %u", port);
    add(t, ".\n  Try:  kubectl -n %.*s port-forward %s/%.*s %zu:", STR_ARG(d->namespace),
        d->short_kind, STR_ARG(d->name), local);
    if (port)
        add(t, "%u", port);
    else
        add(t, "PORT");
    add(t, "\n  then: mirrorctl ... --endpoint %.*s=http://127.0.0.1:%zu", STR_ARG(key), local);
}

/* ---- labels that there are ---- */

struct sets {
    const struct plan_label *set[SETS_SHOWN];
    size_t n;
    bool more;
};

static void add_set(struct sets *s, const struct plan_label *labels)
{
    for (size_t i = 0; i < s->n; i++) {
        if (plan_labels_fit(s->set[i], labels) && plan_labels_fit(labels, s->set[i]))
            return;
    }
    if (s->n == SETS_SHOWN)
        s->more = true;
    else
        s->set[s->n++] = labels;
}

static bool entry_is_for(const struct plan_service_entry *entry, struct str full)
{
    for (size_t i = 0; i < entry->n_hosts; i++) {
        if (plan_host_fits(entry->hosts[i], full))
            return true;
    }
    return false;
}

static void find_sets(const struct plan_endpoints *p, const struct plan_wanted *w, struct sets *s)
{
    for (const struct plan_service_entry *e = p->entries.first; e; e = e->next) {
        if (!entry_is_for(e, w->to->full))
            continue;
        for (const struct plan_workload *x = e->endpoints; x; x = x->next)
            add_set(s, x->labels);
        for (const struct plan_workload *x = p->workloads.first; e->selector && x; x = x->next) {
            if (str_eq(x->namespace, e->namespace) && plan_labels_fit(e->selector, x->labels))
                add_set(s, x->labels);
        }
    }
    for (const struct plan_ready *a = p->ready.first; a; a = a->next) {
        if (a->pod && str_ieq(a->host, w->to->full))
            add_set(s, a->pod->labels);
    }
    for (const struct plan_deployment *d = p->deployments.first; d; d = d->next) {
        if (w->service && w->service->selector && is_of_service(w, d->namespace, d->labels))
            add_set(s, d->labels);
    }
}

static void add_sets(struct text *t, const struct plan_endpoints *p, const struct plan_wanted *w)
{
    struct sets s = {.n = 0};
    char labels[SHOWN];

    find_sets(p, w, &s);
    for (size_t i = 0; i < s.n; i++) {
        if (plan_labels_fit(w->labels, s.set[i]))
            return; /* it is not for the labels */
    }
    for (size_t i = 0; i < s.n; i++) {
        plan_labels_write(s.set[i], labels, sizeof labels);
        add(t, "%s%s", i ? "; " : "\n  What is known of this host has other labels: ",
            labels[0] ? labels : "none");
    }
    if (s.n)
        add(t, "%s.", s.more ? "; ..." : "");
}

/* The host is known, but not its port. */
static void add_ports(struct text *t, const struct plan_endpoints *p, const struct plan_wanted *w)
{
    const struct plan_port *ports = w->service ? w->service->ports : NULL;
    const char *before = "\n  This host has other ports: ";

    for (const struct plan_service_entry *e = p->entries.first; e && !ports; e = e->next)
        ports = entry_is_for(e, w->to->full) ? e->ports : NULL;
    if (!w->to->port || !ports || plan_port_of(ports, w->to->port))
        return;
    for (unsigned n = 0; ports && n < SETS_SHOWN; ports = ports->next, n++) {
        add(t, "%s%u", before, ports->number);
        before = ", ";
    }
    add(t, "%s.", ports ? ", ..." : "");
}

/* "m.demo.svc.cluster.local" and "m.other.svc.cluster.local" */
static bool are_namesakes(struct str a, struct str b)
{
    return namespace_of(a).len && namespace_of(b).len && !str_ieq(a, b) &&
           str_ieq(str_cut(&a, '.'), str_cut(&b, '.'));
}

/* A short host in a ServiceEntry is of the entry's namespace, which is easy to forget. */
static void add_namesake(struct text *t, const struct plan_endpoints *p,
                         const struct plan_wanted *w)
{
    for (const struct plan_service_entry *e = p->entries.first; e; e = e->next) {
        for (size_t i = 0; i < e->n_hosts; i++) {
            if (!are_namesakes(e->hosts[i], w->to->full))
                continue;
            add(t, "\n  %.*s is for %.*s, another namespace's.", STR_ARG(str_head(e->from, SHOWN)),
                STR_ARG(str_head(e->hosts[i], SHOWN)));
            return;
        }
    }
}

void plan_tell_no_address(struct plan_reader *r, const struct plan_wanted *w)
{
    const struct plan_endpoints *p = plan_places(r);
    const struct plan_deployment *d = find_deployment(p, w);
    struct text t = {.len = 0};

    if (r->diags->found[DIAG_ERROR] >= DIAGS_MAX) { /* to be counted, not shown */
        plan_error(r, "E501", w->at, "no address");
        return;
    }
    add_head(&t, w);
    add_ports(&t, p, w);
    if (d) {
        add_command(r, &t, w, d);
    } else {
        if (w->labels)
            add_sets(&t, p, w);
        add_namesake(&t, p, w);
        add(&t, "\n  Say where it runs: mirrorctl ... --endpoint %.*s=http://HOST:PORT",
            STR_ARG(plan_key_for(r, w->to, false)));
    }
    plan_error(r, "E501", w->at, "%s", t.data);
}

/* plan_kubernetes.c -- what `kubectl get -o yaml` prints: Services, and what is behind them.
 *
 * These objects have hundreds of fields that say nothing about requests, and a cluster
 * has already looked at them. So, unlike Istio's, they are not searched for typing errors:
 * only what is needed is read.
 */
#include <stdlib.h>

#include "replay/plan_endpoints.h"
#include "replay/plan_kinds.h"

enum { SHOWN = 200 };

static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *n = yaml_get(map, key);

    return yaml_is_null(n) ? NULL : n;
}

/* The items of a list; NULL where it is none, which is told. */
static const struct yaml_item *items_of(struct plan_reader *r, const struct yaml_node *map,
                                        const char *key)
{
    const struct yaml_node *list = get(map, key);

    return list && plan_is_list(r, list, key) ? list->items : NULL;
}

static struct str take_text(struct plan_reader *r, const struct yaml_node *map, const char *key)
{
    struct str text = {0};

    plan_take_text(r, get(map, key), key, &text);
    return text;
}

static uint16_t take_number(struct plan_reader *r, const struct yaml_node *map, const char *key)
{
    uint64_t number = 0;

    plan_take_int(r, get(map, key), key, "E401", 1, 65535, &number);
    return (uint16_t)number;
}

/* ---- ports ---- */

/* Where the port of a Service leads: a number, or the name of a container's port. */
static void take_target(struct plan_reader *r, const struct yaml_node *n, struct plan_port *port)
{
    uint64_t number;

    if (!n)
        return;
    if (yaml_to_u64(n, &number) && number >= 1 && number <= 65535)
        port->target = (uint16_t)number;
    else
        plan_take_text(r, n, "targetPort", &port->target_name);
}

/* Ports of a Service ("port"), of containers ("containerPort"), or of endpoints ("port"). */
static void take_ports(struct plan_reader *r, const struct yaml_item *items, const char *number,
                       struct plan_port **end)
{
    for (; items && !r->failed; items = items->next) {
        const struct yaml_node *n = items->value;
        struct plan_port *port = plan_place(r, sizeof *port, n->at);

        if (!port)
            break;
        port->name = take_text(r, n, "name");
        port->number = take_number(r, n, number);
        port->tls = str_ieq(port->name, STR("https")) ||
                    str_ieq(take_text(r, n, "appProtocol"), STR("https"));
        take_target(r, get(n, "targetPort"), port);
        while (*end)
            end = &(*end)->next;
        *end = port;
    }
}

static struct plan_port *container_ports(struct plan_reader *r, const struct yaml_node *spec)
{
    const struct yaml_item *i = items_of(r, spec, "containers");
    struct plan_port *list = NULL;

    for (; i && !r->failed; i = i->next)
        take_ports(r, items_of(r, i->value, "ports"), "containerPort", &list);
    return list;
}

/* ---- Service ---- */

void plan_service(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    struct plan_service *s = plan_place(r, sizeof *s, o->at);

    if (!s)
        return;
    s->name = plan_text_copy(r, o->name);
    s->namespace = plan_text_copy(r, o->namespace);
    s->host = plan_full_host(r, o->name, o->namespace);
    s->from = plan_from(r, "Service", o->name, o->at);
    s->selector = plan_labels(r, get(o->spec, "selector"), "selector");
    s->cluster_ip = take_text(r, o->spec, "clusterIP");
    if (str_eq(take_text(r, o->spec, "type"), STR("ExternalName")))
        s->external_name = take_text(r, o->spec, "externalName");
    take_ports(r, items_of(r, o->spec, "ports"), "port", &s->ports);
    if (!r->failed)
        PLAN_APPEND(&plan_places(r)->services, s);
}

void plan_find_service(struct plan_reader *r, const struct plan_wanted *w, struct plan_found *found)
{
    const struct plan_service *s = w->to->subset.len ? NULL : w->service;
    const struct plan_port *port = s ? plan_port_of(s->ports, w->to->port) : NULL;
    uint16_t number = port ? port->number : w->to->port;

    if (s && plan_is_address(r, s->external_name)) {
        plan_found_add(r, found, w, port && port->tls, s->external_name, number ? number : 80,
                       s->from, 1);
    } else if (s && port && plan_is_ip(s->cluster_ip)) {
        plan_found_add(r, found, w, port->tls, s->cluster_ip, number, s->from, 1);
        if (w->at.file)
            plan_warn(r, "W522", w->at,
                      "%.*s: the clusterIP of its Service is taken, which can usually be reached "
                      "only inside the cluster",
                      STR_ARG(w->to->name));
    }
}

/* ---- Pod, Deployment ---- */

/* Unless it says that it is not. */
static bool is_ready(const struct plan_object *o, const struct yaml_node *status)
{
    const struct yaml_item *i = items_of(o->r, status, "conditions");

    for (; i; i = i->next) {
        const struct yaml_node *type = get(i->value, "type"), *is = get(i->value, "status");

        if (type && is && str_eq(type->text, STR("Ready")))
            return str_eq(is->text, STR("True"));
    }
    return true;
}

void plan_pod(const struct plan_object *o)
{
    const struct yaml_node *status = get(o->root, "status");
    struct plan_reader *r = o->r;
    struct plan_pod *pod = plan_place(r, sizeof *pod, o->at);

    if (!pod)
        return;
    pod->name = plan_text_copy(r, o->name);
    pod->namespace = plan_text_copy(r, o->namespace);
    pod->labels = plan_labels(r, get(o->metadata, "labels"), "labels");
    pod->ports = container_ports(r, o->spec);
    pod->from = plan_from(r, "Pod", o->name, o->at);
    if (is_ready(o, status))
        pod->address = take_text(r, status, "podIP");
    if (!plan_is_ip(pod->address))
        pod->address = (struct str){0};
    PLAN_APPEND(&plan_places(r)->pods, pod);
}

void plan_deployment(const struct plan_object *o)
{
    static const struct {
        struct str kind;
        const char *name, *short_name;
    } kinds[] = {
        {STR_INIT("StatefulSet"), "StatefulSet", "sts"},
        {STR_INIT("DaemonSet"), "DaemonSet", "ds"},
        {STR_INIT("ReplicaSet"), "ReplicaSet", "rs"},
    };
    struct plan_reader *r = o->r;
    const struct yaml_node *template = get(o->spec, "template");
    struct plan_deployment *d = plan_place(r, sizeof *d, o->at);

    if (!d)
        return;
    d->kind = "Deployment";
    d->short_kind = "deploy";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (str_eq(o->kind, kinds[i].kind)) {
            d->kind = kinds[i].name;
            d->short_kind = kinds[i].short_name;
        }
    }
    d->name = plan_text_copy(r, o->name);
    d->namespace = plan_text_copy(r, o->namespace);
    d->labels = plan_labels(r, get(get(template, "metadata"), "labels"), "labels");
    d->ports = container_ports(r, get(template, "spec"));
    PLAN_APPEND(&plan_places(r)->deployments, d);
}

/* ---- addresses of a Service ---- */

/* What the addresses of one object share. */
struct slice {
    const struct plan_object *o;
    struct str host, from;
    struct plan_port *ports;
};

static void take_address(const struct slice *slice, const struct yaml_node *address,
                         const struct yaml_node *pod)
{
    struct plan_reader *r = slice->o->r;
    struct plan_ready *ready = plan_place(r, sizeof *ready, address->at);

    if (!ready || !plan_take_text(r, address, "address", &ready->address))
        return;
    if (!plan_is_address(r, ready->address)) {
        plan_error(r, "E507", address->at, "\"%.*s\" is no address",
                   STR_ARG(str_head(ready->address, SHOWN)));
        return;
    }
    ready->host = slice->host;
    ready->from = slice->from;
    ready->ports = slice->ports;
    ready->namespace = plan_text_copy(r, slice->o->namespace);
    if (get(pod, "name") && str_eq(take_text(r, pod, "kind"), STR("Pod")))
        ready->pod_name = take_text(r, pod, "name");
    if (get(pod, "namespace"))
        ready->namespace = take_text(r, pod, "namespace");
    PLAN_APPEND(&plan_places(r)->ready, ready);
}

static void take_subset(const struct plan_object *o, struct slice *slice, const struct yaml_node *n)
{
    const struct yaml_item *i = items_of(o->r, n, "addresses");

    slice->ports = NULL;
    take_ports(o->r, items_of(o->r, n, "ports"), "port", &slice->ports);
    for (; i && !o->r->failed; i = i->next) {
        if (get(i->value, "ip"))
            take_address(slice, get(i->value, "ip"), get(i->value, "targetRef"));
    }
}

void plan_endpoints_kind(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    const struct yaml_item *i = items_of(r, o->root, "subsets");
    struct slice slice = {.o = o, .host = plan_full_host(r, o->name, o->namespace)};

    slice.from = plan_from(r, "Endpoints", o->name, o->at);
    for (; i && !r->failed; i = i->next)
        take_subset(o, &slice, i->value);
}

static void take_endpoint(const struct slice *slice, const struct yaml_node *n)
{
    struct plan_reader *r = slice->o->r;
    const struct yaml_item *i = items_of(r, n, "addresses");
    bool ready = true; /* unless it says that it is not */

    plan_take_bool(r, get(get(n, "conditions"), "ready"), "ready", &ready);
    for (; ready && i && !r->failed; i = i->next)
        take_address(slice, i->value, get(n, "targetRef"));
}

void plan_endpoint_slice(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    const struct yaml_node *labels = get(o->metadata, "labels");
    const struct yaml_item *i = items_of(r, o->root, "endpoints");
    struct str service = take_text(r, labels, "kubernetes.io/service-name");
    struct slice slice = {.o = o, .from = plan_from(r, "EndpointSlice", o->name, o->at)};

    if (!service.len) {
        plan_note(r, "N523", o->at,
                  "EndpointSlice %.*s has no label kubernetes.io/service-name: it is of no Service",
                  STR_ARG(str_head(o->name, SHOWN)));
        return;
    }
    slice.host = plan_full_host(r, service, o->namespace);
    take_ports(r, items_of(r, o->root, "ports"), "port", &slice.ports);
    for (; i && !r->failed; i = i->next)
        take_endpoint(&slice, i->value);
}

/* ---- Pods by name ---- */

static int by_name(const void *a, const void *b)
{
    const struct plan_pod *x = *(const struct plan_pod *const *)a;
    const struct plan_pod *y = *(const struct plan_pod *const *)b;
    int c = str_cmp(x->namespace, y->namespace);

    return c ? c : str_cmp(x->name, y->name);
}

void plan_link_pods(struct plan_reader *r)
{
    const struct plan_endpoints *p = plan_places(r);
    const struct plan_pod **sorted, *const *hit;
    size_t n = 0;

    for (const struct plan_pod *pod = p->pods.first; pod; pod = pod->next)
        n++;
    sorted = plan_array(r, n + 1, sizeof(const struct plan_pod *));
    if (!sorted || n == 0)
        return;
    n = 0;
    for (const struct plan_pod *pod = p->pods.first; pod; pod = pod->next)
        sorted[n++] = pod;
    qsort(sorted, n, sizeof *sorted, by_name);
    for (struct plan_ready *a = p->ready.first; a; a = a->next) {
        const struct plan_pod key = {.name = a->pod_name, .namespace = a->namespace};
        const struct plan_pod *wanted = &key;

        hit = bsearch(&wanted, sorted, n, sizeof *sorted, by_name);
        a->pod = hit ? *hit : NULL;
    }
}

/* The port of the endpoints has the name of the Service's port. Without the Service, one
 * port is the one that is meant, among several the number must be. */
static const struct plan_port *port_of_ready(const struct plan_wanted *w,
                                             const struct plan_ready *ready)
{
    const struct plan_port *port;

    if (w->service) {
        port = plan_port_of(w->service->ports, w->to->port);
        return port ? plan_port_named(ready->ports, port->name) : NULL;
    }
    if (ready->ports && !ready->ports->next)
        return ready->ports;
    return plan_port_of(ready->ports, w->to->port);
}

/* Without the list of what is ready, the Pods that the Service selects are what it would hold. */
static void find_pods(struct plan_reader *r, const struct plan_wanted *w, struct plan_found *found)
{
    const struct plan_service *s = w->service;
    const struct plan_port *port = s ? plan_port_of(s->ports, w->to->port) : NULL, *named;

    if (!port || !s->selector)
        return;
    for (const struct plan_pod *pod = plan_places(r)->pods.first; pod; pod = pod->next) {
        uint16_t number = port->target ? port->target : port->number;

        if (!pod->address.len || !str_eq(pod->namespace, s->namespace) ||
            !plan_labels_choose(r, s->selector, pod->labels) ||
            !plan_labels_choose(r, w->labels, pod->labels))
            continue;
        named = port->target_name.len ? plan_port_named(pod->ports, port->target_name) : NULL;
        if (named || !port->target_name.len)
            plan_found_add(r, found, w, port->tls, pod->address, named ? named->number : number,
                           pod->from, 1);
    }
}

void plan_find_ready(struct plan_reader *r, const struct plan_wanted *w, struct plan_found *found)
{
    bool listed = false;

    for (const struct plan_ready *a = plan_places(r)->ready.first; a; a = a->next) {
        const struct plan_port *port;

        if (!str_ieq(a->host, w->to->full))
            continue;
        listed = true;
        port = port_of_ready(w, a);
        if (port && port->number &&
            plan_labels_choose(r, w->labels, a->pod ? a->pod->labels : NULL))
            plan_found_add(r, found, w, port->tls, a->address, port->number, a->from, 1);
    }
    if (!listed)
        find_pods(r, w, found);
}

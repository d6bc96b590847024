/* plan_istio.c -- a VirtualService as a whole: which hosts it is for, and its rules. */
#include "replay/plan_istio.h"

#include <stdio.h>

#include "replay/plan_kinds.h"

enum { MAX_GATEWAYS = 64 }; /* of a VirtualService */

struct plan_istio *plan_istio_of(struct plan_reader *r)
{
    if (!r->istio) {
        r->istio = plan_alloc(r, sizeof *r->istio);
        if (r->istio)
            r->istio->end = &r->istio->services;
    }
    return r->istio;
}

/* ---- the object around spec ---- */

static const char in_spec[] = "in spec";
static const char in_http[] = "in spec.http[]";

/* Examples on the Web were shown with wrong indentation, and are copied so. */
static const struct plan_known root_known[] = {
    {"apiVersion"},
    {"kind"},
    {"metadata"},
    {"spec"},
    {"status"},
    {"hosts", NULL, PLAN_FIELD_ELSEWHERE, in_spec},
    {"gateways", NULL, PLAN_FIELD_ELSEWHERE, in_spec},
    {"http", NULL, PLAN_FIELD_ELSEWHERE, in_spec},
    {"match", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    {"route", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    {"mirror", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    {"mirrors", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    {"mirrorPercent", "mirror_percent", PLAN_FIELD_ELSEWHERE, in_http},
    {"mirrorPercentage", "mirror_percentage", PLAN_FIELD_ELSEWHERE, in_http},
};

static const struct plan_fields root_fields = {"a VirtualService", root_known,
                                               sizeof root_known / sizeof *root_known};

enum spec_field {
    HOSTS,
    GATEWAYS,
    HTTP,
    EXPORT_TO,
    TLS,
    TCP,
    AS_MATCH,
    AS_ROUTE,
    AS_MIRROR,
    AS_MIRRORS,
    AS_PERCENT,
    AS_PERCENTAGE,
    AS_TIMEOUT,
    AS_REWRITE,
    AS_REDIRECT,
    AS_RETRIES,
    AS_HEADERS,
    N_SPEC,
};

static const struct plan_known spec_known[N_SPEC] = {
    [HOSTS] = {"hosts"},
    [GATEWAYS] = {"gateways"},
    [HTTP] = {"http"},
    [EXPORT_TO] = {"exportTo", "export_to", PLAN_FIELD_NOTED},
    [TLS] = {"tls", NULL, PLAN_FIELD_NOTED},
    [TCP] = {"tcp", NULL, PLAN_FIELD_NOTED},
    [AS_MATCH] = {"match", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_ROUTE] = {"route", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_MIRROR] = {"mirror", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_MIRRORS] = {"mirrors", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_PERCENT] = {"mirrorPercent", "mirror_percent", PLAN_FIELD_ELSEWHERE, in_http},
    [AS_PERCENTAGE] = {"mirrorPercentage", "mirror_percentage", PLAN_FIELD_ELSEWHERE, in_http},
    [AS_TIMEOUT] = {"timeout", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_REWRITE] = {"rewrite", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_REDIRECT] = {"redirect", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_RETRIES] = {"retries", NULL, PLAN_FIELD_ELSEWHERE, in_http},
    [AS_HEADERS] = {"headers", NULL, PLAN_FIELD_ELSEWHERE, in_http},
};

static const struct plan_fields spec_fields = {"spec of a VirtualService", spec_known, N_SPEC};

/* ---- hosts ---- */

static bool has_room(struct plan_reader *r, const struct yaml_node *n, struct plan_istio *all)
{
    if (n->count <= PLAN_ISTIO_MAX_HOSTS - all->n_hosts) {
        all->n_hosts += n->count;
        return true;
    }
    plan_error(r, "E102", n->at, "more than %d hosts of VirtualServices", PLAN_ISTIO_MAX_HOSTS);
    return false;
}

static void take_hosts(const struct plan_object *o, const struct yaml_node *n,
                       struct virtual_service *vs)
{
    struct plan_reader *r = o->r;

    if (!n || (n->kind == YAML_LIST && n->count == 0)) {
        plan_error(r, "E410", n ? n->at : o->at,
                   "a VirtualService without hosts is the delegate of another, which is not "
                   "supported: put its rules there");
        return;
    }
    if (!plan_is_list(r, n, "hosts") || !has_room(r, n, r->istio))
        return;
    vs->hosts = plan_array(r, n->count, sizeof *vs->hosts);
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        struct plan_host *host = &vs->hosts[vs->n_hosts];

        if (!plan_take_host(r, yaml_is_null(i->value) ? NULL : i->value, n->at, "a host", true,
                            &host->written))
            continue;
        host->full = plan_full_host(r, host->written, o->namespace);
        vs->n_hosts++;
    }
}

/* ---- gateways ---- */

static struct str in_namespace(struct plan_reader *r, struct str name, struct str namespace)
{
    char text[600];

    if (str_eq(name, STR("mesh")) || str_find(name, '/') < name.len)
        return plan_text_copy(r, name);
    snprintf(text, sizeof text, "%.*s/%.*s", STR_ARG(str_head(namespace, 256)),
             STR_ARG(str_head(name, 256)));
    return plan_text_copy(r, str_of(text));
}

static void take_gateways(const struct plan_object *o, const struct yaml_node *n,
                          struct virtual_service *vs)
{
    static struct str mesh = STR_INIT("mesh");
    struct plan_reader *r = o->r;

    vs->gateways = &mesh;
    vs->n_gateways = 1;
    if (!n || !plan_is_list(r, n, "gateways") || n->count == 0)
        return;
    if (n->count > MAX_GATEWAYS) {
        plan_error(r, "E102", n->at, "more than %d gateways of a VirtualService", MAX_GATEWAYS);
        return;
    }
    vs->gateways_at = n->at;
    vs->gateways = plan_array(r, n->count, sizeof *vs->gateways);
    vs->n_gateways = 0;
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        if (!yaml_is_null(i->value) && plan_is_scalar(r, i->value, "gateways[]"))
            vs->gateways[vs->n_gateways++] = in_namespace(r, i->value->text, o->namespace);
    }
}

void plan_istio_gateway(const struct plan_object *o)
{
    struct plan_istio *all = plan_istio_of(o->r);
    struct gateway_name *g = plan_alloc(o->r, sizeof *g);

    if (!all || !g)
        return;
    g->name = in_namespace(o->r, o->name, o->namespace);
    g->next = all->gateways;
    all->gateways = g;
}

/* ---- rules ---- */

static void take_http(const struct plan_object *o, const struct yaml_node *n,
                      struct virtual_service *vs)
{
    struct plan_draft **end = &vs->drafts;
    size_t place = 0;

    if (n && !plan_is_list(o->r, n, "http"))
        return;
    if (!n || n->count == 0) {
        plan_note(o->r, "N402", vs->at, "VirtualService %.*s has no rules for HTTP",
                  STR_ARG(str_head(vs->name, 100)));
        return;
    }
    if (n->count > PLAN_MAX_RULES - o->r->istio->n_drafts) {
        plan_error(o->r, "E102", n->at, "more than %d rules of VirtualServices", PLAN_MAX_RULES);
        return;
    }
    o->r->istio->n_drafts += n->count;
    for (const struct yaml_item *i = n->items; i && !o->r->failed; i = i->next) {
        struct plan_draft *draft = plan_http_rule(o, i->value);

        if (!draft)
            return;
        draft->place = place++;
        *end = draft;
        end = &draft->next;
    }
}

void plan_virtual_service(const struct plan_object *o)
{
    const struct yaml_node *root[sizeof root_known / sizeof *root_known], *spec[N_SPEC];
    struct plan_istio *all = plan_istio_of(o->r);
    struct virtual_service *vs = plan_alloc(o->r, sizeof *vs);

    if (!all || !vs || !plan_take(o->r, o->root, &root_fields, root, NULL))
        return;
    if (!o->spec)
        plan_error(o->r, "E202", o->at, "spec of a VirtualService is required");
    if (!o->spec || !plan_take(o->r, o->spec, &spec_fields, spec, NULL))
        return;
    vs->at = o->at;
    vs->name = o->name;
    vs->namespace = o->namespace;
    take_hosts(o, spec[HOSTS], vs);
    take_gateways(o, spec[GATEWAYS], vs);
    take_http(o, spec[HTTP], vs);
    vs->index = all->n_services++;
    *all->end = vs;
    all->end = &vs->next;
}

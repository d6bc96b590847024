#include "replay/plan_kinds.h"

#include <stdio.h>

#include "core/nearest.h"

enum { SHOWN = 100 };

/* ---- what is known ---- */

/* Its versions mean the same to us. */
struct group {
    const char *name; /* "": Kubernetes' own, whose apiVersion is a version alone */
    const char *versions[4];
};

enum group_index { CORE, APPS, DISCOVERY, ISTIO, GATEWAY_API, OURS };

static const struct group groups[] = {
    [CORE] = {"", {"v1"}},
    [APPS] = {"apps", {"v1"}},
    [DISCOVERY] = {"discovery.k8s.io", {"v1"}},
    [ISTIO] = {"networking.istio.io", {"v1alpha3", "v1beta1", "v1"}},
    [GATEWAY_API] = {"gateway.networking.k8s.io", {"v1", "v1beta1", "v1alpha2"}},
    [OURS] = {"mirrorctl", {"v1"}},
};

enum use {
    ROUTES,  /* says something about mirroring, or helps who does */
    HELPS,   /* is read, but alone it is no plan */
    NOTED,   /* known, not read: a NOTE */
    SILENT,  /* known, and nobody expects us to read it */
    MAY_ACT, /* not read, though it may change what is mirrored: W205 */
};

static const struct kind {
    enum group_index group;
    enum use use;
    const char *name;
    void (*read)(const struct plan_object *o);
} kinds[] = {
    {ISTIO, ROUTES, "VirtualService", plan_virtual_service},
    {ISTIO, ROUTES, "DestinationRule", plan_destination_rule},
    {ISTIO, ROUTES, "ServiceEntry", plan_service_entry},
    {ISTIO, ROUTES, "WorkloadEntry", plan_workload_entry},
    {ISTIO, HELPS, "Gateway", plan_istio_gateway},
    {ISTIO, NOTED, "Sidecar", NULL},
    {ISTIO, MAY_ACT, "EnvoyFilter", NULL},
    {ISTIO, NOTED, "WorkloadGroup", NULL},
    {ISTIO, NOTED, "ProxyConfig", NULL},
    {GATEWAY_API, ROUTES, "HTTPRoute", plan_http_route},
    {GATEWAY_API, NOTED, "GRPCRoute", NULL},
    {GATEWAY_API, NOTED, "Gateway", NULL},
    {GATEWAY_API, NOTED, "GatewayClass", NULL},
    {GATEWAY_API, NOTED, "ReferenceGrant", NULL},
    {CORE, ROUTES, "Service", plan_service},
    {CORE, ROUTES, "Endpoints", plan_endpoints_kind},
    {CORE, ROUTES, "Pod", plan_pod},
    {CORE, SILENT, "Namespace", NULL},
    {DISCOVERY, ROUTES, "EndpointSlice", plan_endpoint_slice},
    {APPS, ROUTES, "Deployment", plan_deployment},
    {APPS, ROUTES, "StatefulSet", plan_deployment},
    {APPS, ROUTES, "DaemonSet", plan_deployment},
    {APPS, ROUTES, "ReplicaSet", plan_deployment},
    {OURS, ROUTES, "Mirror", plan_mirror_kind},
};

enum { N_GROUPS = sizeof groups / sizeof *groups, N_KINDS = sizeof kinds / sizeof *kinds };

/* ---- finding it ---- */

struct api {
    struct str group, version;
};

/* "apps/v1", and "v1" for Kubernetes' own. */
static struct api api_of(struct str api_version)
{
    struct str rest = api_version, first = str_cut(&rest, '/');
    bool is_core = first.len == api_version.len && str_find(first, '.') == first.len;

    return is_core ? (struct api){STR(""), first} : (struct api){first, rest};
}

static const struct group *find_group(struct str name)
{
    for (size_t i = 0; i < N_GROUPS; i++) {
        if (str_eq(name, str_of(groups[i].name)))
            return &groups[i];
    }
    return NULL;
}

static bool has_version(const struct group *g, struct str version)
{
    for (size_t i = 0; i < sizeof g->versions / sizeof *g->versions && g->versions[i]; i++) {
        if (str_eq(version, str_of(g->versions[i])))
            return true;
    }
    return false;
}

static const struct kind *find_kind(const struct group *g, struct str name)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (&groups[kinds[i].group] == g && str_eq(name, str_of(kinds[i].name)))
            return &kinds[i];
    }
    return NULL;
}

static const char *nearest_kind(const struct group *g, struct str name)
{
    const char *names[N_KINDS];
    size_t n = 0;

    for (size_t i = 0; i < N_KINDS; i++) {
        if (&groups[kinds[i].group] == g)
            names[n++] = kinds[i].name;
    }
    return nearest_name(name, names, n);
}

/* ---- objects that are not read ---- */

static void tell_ignored(const struct plan_object *o)
{
    char what[2 * SHOWN + 16];

    snprintf(what, sizeof what, "kind %.*s of %.*s", STR_ARG(str_head(o->kind, SHOWN)),
             STR_ARG(str_head(o->api_version, SHOWN)));
    if (plan_is_news(o->r, o->at, str_of(what)))
        plan_note(o->r, "N301", o->at, "%s is ignored", what);
}

static void tell_version(const struct plan_object *o, const struct group *g)
{
    char known[100];
    size_t n = 0;

    known[0] = '\0';
    for (size_t i = 0; i < sizeof g->versions / sizeof *g->versions && g->versions[i]; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", g->versions[i]);
    plan_error(o->r, "E301", o->at, "%.*s is not known (%s)",
               STR_ARG(str_head(o->api_version, SHOWN)), known);
}

/* A kind that its group does not have, as far as we know it. */
static void tell_kind(const struct plan_object *o, const struct group *g)
{
    const char *nearest = nearest_kind(g, o->kind);

    if (nearest)
        plan_error(o->r, "E301", o->at, "%.*s has no kind %.*s; did you mean \"%s\"?",
                   STR_ARG(str_head(o->api_version, SHOWN)), STR_ARG(str_head(o->kind, SHOWN)),
                   nearest);
    else
        tell_ignored(o);
}

static void tell_unread(const struct plan_object *o, const struct kind *k)
{
    if (k->use == MAY_ACT)
        plan_warn(o->r, "W205", o->at, "%s %.*s is not read, and may change what is mirrored",
                  k->name, STR_ARG(str_head(o->name, SHOWN)));
    else if (k->use == NOTED)
        tell_ignored(o);
}

/* ---- objects that are ---- */

static void read_metadata(struct plan_object *o)
{
    const struct plan_reader *r = o->r;
    const struct yaml_node *metadata = yaml_get(o->root, "metadata"), *n;

    o->namespace = str_of(r->options->namespace ? r->options->namespace : "default");
    if (yaml_is_null(metadata) || !plan_is_map(o->r, metadata, "metadata"))
        return;
    o->metadata = metadata;
    n = yaml_get(metadata, "name");
    if (!yaml_is_null(n))
        plan_take_text(o->r, n, "metadata.name", &o->name);
    n = yaml_get(metadata, "namespace");
    if (!yaml_is_null(n))
        plan_take_label(o->r, n, "metadata.namespace", &o->namespace);
}

static void read_known(struct plan_object *o, const struct kind *k)
{
    const struct yaml_node *spec = yaml_get(o->root, "spec");

    read_metadata(o);
    if (!k->read) {
        tell_unread(o, k);
        return;
    }
    if (k->use == ROUTES)
        o->r->usable++;
    if (o->name.len == 0 && k->group != OURS)
        plan_error(o->r, "E202", o->metadata ? o->metadata->at : o->at,
                   "metadata.name of the %s is required", k->name);
    if (!yaml_is_null(spec) && plan_is_map(o->r, spec, "spec"))
        o->spec = spec;
    k->read(o);
}

static void read_typed(struct plan_object *o)
{
    struct api api = api_of(o->api_version);
    const struct group *g = find_group(api.group);
    const struct kind *k = g ? find_kind(g, o->kind) : NULL;

    if (str_eq(api.group, STR("config.istio.io")) && str_eq(o->kind, STR("RouteRule")))
        plan_error(o->r, "E302", o->at,
                   "RouteRule of Istio 0.x is not supported: a VirtualService "
                   "says the same");
    else if (!g)
        tell_ignored(o);
    else if (!has_version(g, api.version))
        tell_version(o, g);
    else if (!k)
        tell_kind(o, g);
    else
        read_known(o, k);
}

static void read_object(struct plan_reader *r, const struct yaml_node *root);

/* What kubectl prints of more than one object. */
static bool read_list(struct plan_reader *r, const struct plan_object *o)
{
    const struct yaml_node *items = yaml_get(o->root, "items");

    if (!str_ends(o->kind, STR("List")) || !items)
        return false;
    if (!yaml_is_null(items) && plan_is_list(r, items, "items")) {
        for (const struct yaml_item *i = items->items; i && !r->failed; i = i->next)
            read_object(r, i->value);
    }
    return true;
}

static bool has_text(const struct yaml_node *n)
{
    return !yaml_is_null(n) && n->kind == YAML_SCALAR && n->text.len > 0;
}

static void read_object(struct plan_reader *r, const struct yaml_node *root)
{
    const struct yaml_node *api_version = yaml_get(root, "apiVersion");
    const struct yaml_node *kind = yaml_get(root, "kind");
    struct plan_object o = {.r = r, .root = root, .at = root->at};

    if (!has_text(api_version) || !has_text(kind)) {
        plan_error(r, "E304", root->at,
                   root->kind == YAML_MAP ? "an object without %s: not of Kubernetes, Istio, the "
                                            "Gateway API, or mirrorctl"
                                          : "%s and kind are missing: this is no object",
                   root->kind == YAML_MAP && has_text(api_version) ? "kind" : "apiVersion");
        return;
    }
    o.api_version = api_version->text;
    o.kind = kind->text;
    if (!read_list(r, &o))
        read_typed(&o);
}

/* Documents may be added while they are read: native files import others. */
void plan_read_documents(struct plan_reader *r)
{
    for (const struct yaml_doc *d = r->yaml.docs; d && !r->failed; d = d->next)
        read_object(r, d->root);
    if (r->usable == 0 && diags_errors(r->diags) == 0 && r->options->n_inputs > 0)
        plan_error(r, "E303", (struct place){.file = r->options->inputs[0].name},
                   "nothing here says what to mirror: a VirtualService, HTTPRoute or Mirror is "
                   "needed");
}

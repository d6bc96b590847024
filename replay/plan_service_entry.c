/* plan_service_entry.c -- ServiceEntries and WorkloadEntries: addresses that a mesh was told.
 *
 * The port of an endpoint is what its own `ports` says for the name of the entry's port,
 * else the entry's targetPort, else the port itself.
 */
#include "replay/plan_endpoints.h"
#include "replay/plan_kinds.h"

enum { SHOWN = 200 };

/* ---- an endpoint, which is also the spec of a WorkloadEntry ---- */

enum { ADDRESS, PORTS, LABELS, WEIGHT, WORKLOAD_FIELDS = 7 };
static const struct plan_known workload_known[WORKLOAD_FIELDS] = {
    [ADDRESS] = {"address", NULL, 0, NULL},
    [PORTS] = {"ports", NULL, 0, NULL},
    [LABELS] = {"labels", NULL, 0, NULL},
    [WEIGHT] = {"weight", NULL, 0, NULL},
    {"network", NULL, PLAN_FIELD_NOTED, NULL},
    {"locality", NULL, PLAN_FIELD_NOTED, NULL},
    {"serviceAccount", "service_account", PLAN_FIELD_NOTED, NULL},
};
static const struct plan_fields endpoint_fields = {"endpoints[]", workload_known, WORKLOAD_FIELDS};
static const struct plan_fields workload_fields = {"spec of WorkloadEntry", workload_known,
                                                   WORKLOAD_FIELDS};

enum resolution { NONE, STATIC, DNS, RESOLUTIONS };

static bool address_is_fine(struct plan_reader *r, struct str address, enum resolution resolution,
                            struct place at)
{
    bool fixed = resolution == STATIC;

    if (plan_is_ip(address) ||
        (plan_is_address(r, address) && (!fixed || str_starts(address, STR("unix:")))))
        return true;
    plan_error(r, "E507", at, "address \"%.*s\" must be an IP address%s or unix:///PATH%s",
               STR_ARG(str_head(address, SHOWN)), fixed ? "" : ", a host name",
               fixed ? ", or resolution DNS" : "");
    return false;
}

/* {http: 3001}: what the endpoint calls its ports. */
static struct plan_port *take_own_ports(struct plan_reader *r, const struct yaml_node *map)
{
    struct plan_port *list = NULL, **end = &list;

    if (yaml_is_null(map) || !plan_is_map(r, map, "ports"))
        return NULL;
    for (const struct yaml_item *i = map->items; i && !r->failed; i = i->next) {
        struct plan_port *port = plan_place(r, sizeof *port, i->value->at);
        uint64_t number = 0;

        if (!port)
            break;
        if (yaml_is_null(i->value) ||
            !plan_take_int(r, i->value, "a port", "E401", 1, 65535, &number))
            continue;
        port->name = plan_text_copy(r, i->key->text);
        port->number = (uint16_t)number;
        *end = port;
        end = &port->next;
    }
    return list;
}

static struct plan_workload *take_workload(struct plan_reader *r, const struct yaml_node *n,
                                           const struct plan_fields *fields,
                                           enum resolution resolution)
{
    const struct yaml_node *values[WORKLOAD_FIELDS];
    struct plan_workload *w;
    uint64_t weight = 1;

    if (!n || !plan_take(r, n, fields, values, NULL))
        return NULL;
    if (!values[ADDRESS]) {
        plan_error(r, "E202", n->at, "%s: address is required", fields->what);
        return NULL;
    }
    w = plan_place(r, sizeof *w, n->at);
    if (!w || !plan_take_text(r, values[ADDRESS], "address", &w->address) ||
        !address_is_fine(r, w->address, resolution, values[ADDRESS]->at))
        return NULL;
    w->ports = take_own_ports(r, values[PORTS]);
    w->labels = plan_labels(r, values[LABELS], "labels");
    plan_take_int(r, values[WEIGHT], "weight", "E401", 0, UINT32_MAX, &weight);
    w->weight = weight ? (uint32_t)weight : 1; /* 0 is protobuf's "not said" */
    return r->failed ? NULL : w;
}

void plan_workload_entry(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    struct plan_workload *w;

    if (!o->spec) {
        plan_error(r, "E202", o->at, "spec of the WorkloadEntry is required");
        return;
    }
    w = take_workload(r, o->spec, &workload_fields, DNS);
    if (!w)
        return;
    w->namespace = plan_text_copy(r, o->namespace);
    w->from = plan_from(r, "WorkloadEntry", o->name, o->at);
    PLAN_APPEND(&plan_places(r)->workloads, w);
}

/* ---- ServiceEntry ---- */

enum { PORT_NUMBER, PORT_PROTOCOL, PORT_NAME, PORT_TARGET, PORT_FIELDS };
static const struct plan_known port_known[PORT_FIELDS] = {
    [PORT_NUMBER] = {"number", NULL, 0, NULL},
    [PORT_PROTOCOL] = {"protocol", NULL, 0, NULL},
    [PORT_NAME] = {"name", NULL, 0, NULL},
    [PORT_TARGET] = {"targetPort", "target_port", 0, NULL},
};
static const struct plan_fields port_fields = {"ports[]", port_known, PORT_FIELDS};

static struct plan_port *take_port(struct plan_reader *r, const struct yaml_node *n)
{
    const struct yaml_node *values[PORT_FIELDS];
    struct plan_port *port;
    struct str protocol = {0};
    uint64_t number = 0, target = 0;

    if (!plan_take(r, n, &port_fields, values, NULL))
        return NULL;
    if (!values[PORT_NUMBER]) {
        plan_error(r, "E202", n->at, "ports[].number is required");
        return NULL;
    }
    port = plan_place(r, sizeof *port, n->at);
    if (!port || !plan_take_int(r, values[PORT_NUMBER], "number", "E401", 1, 65535, &number))
        return NULL;
    plan_take_int(r, values[PORT_TARGET], "targetPort", "E401", 1, 65535, &target);
    plan_take_text(r, values[PORT_NAME], "name", &port->name);
    plan_take_text(r, values[PORT_PROTOCOL], "protocol", &protocol);
    port->number = (uint16_t)number;
    port->target = (uint16_t)target;
    port->tls = str_ieq(protocol, STR("HTTPS"));
    return port;
}

static void take_ports(struct plan_reader *r, const struct yaml_node *list,
                       struct plan_service_entry *entry)
{
    struct plan_port **end = &entry->ports, *port;

    if (!list || !plan_is_list(r, list, "ports"))
        return;
    for (const struct yaml_item *i = list->items; i && !r->failed; i = i->next) {
        port = take_port(r, i->value);
        if (port) {
            *end = port;
            end = &port->next;
        }
    }
}

/* A host is "*.example.com", a name, or short for a Service of this namespace. */
static bool take_hosts(struct plan_reader *r, const struct plan_object *o,
                       const struct yaml_node *list, struct plan_service_entry *entry)
{
    struct str host;

    if (!list || !plan_is_list(r, list, "hosts") || list->count == 0) {
        if (!list || list->kind == YAML_LIST)
            plan_error(r, "E202", o->spec ? o->spec->at : o->at,
                       "spec.hosts of the ServiceEntry is required");
        return false;
    }
    entry->hosts = plan_array(r, list->count, sizeof *entry->hosts);
    for (const struct yaml_item *i = list->items; i && !r->failed; i = i->next) {
        if (plan_take_host(r, i->value, list->at, "hosts[]", false, &host))
            entry->hosts[entry->n_hosts++] = plan_full_host(r, host, o->namespace);
    }
    return !r->failed;
}

static bool take_resolution(struct plan_reader *r, const struct yaml_node *n,
                            enum resolution *resolution)
{
    static const struct {
        struct str name;
        enum resolution resolution;
    } known[] = {
        {STR_INIT("NONE"), NONE},
        {STR_INIT("STATIC"), STATIC},
        {STR_INIT("DNS"), DNS},
        {STR_INIT("DNS_ROUND_ROBIN"), DNS},
    };
    struct str name = STR("NONE");

    if (!plan_take_text(r, n, "resolution", &name))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *resolution = known[i].resolution;
        if (str_eq(name, known[i].name))
            return true;
    }
    plan_error(r, "E507", n->at, "resolution %.*s is not supported: %s",
               STR_ARG(str_head(name, SHOWN)), "NONE, STATIC, DNS or DNS_ROUND_ROBIN");
    return false;
}

static void take_endpoints(struct plan_reader *r, const struct plan_object *o,
                           const struct yaml_node *list, enum resolution resolution,
                           struct plan_service_entry *entry)
{
    struct plan_workload **end = &entry->endpoints, *w;

    if (!list || !plan_is_list(r, list, "endpoints"))
        return;
    for (const struct yaml_item *i = list->items; i && !r->failed; i = i->next) {
        w = take_workload(r, i->value, &endpoint_fields, resolution);
        if (!w)
            continue;
        w->namespace = entry->namespace;
        w->from = plan_from(r, "ServiceEntry", o->name, i->value->at);
        *end = w;
        end = &w->next;
    }
}

enum { SELECTOR_LABELS, SELECTOR_FIELDS };
static const struct plan_known selector_known[SELECTOR_FIELDS] = {
    [SELECTOR_LABELS] = {"labels", NULL, 0, NULL},
};
static const struct plan_fields selector_fields = {"workloadSelector", selector_known,
                                                   SELECTOR_FIELDS};

enum { HOSTS, ENTRY_PORTS, RESOLUTION, ENDPOINTS, SELECTOR, ENTRY_FIELDS = 9 };
static const struct plan_known entry_known[ENTRY_FIELDS] = {
    [HOSTS] = {"hosts", NULL, 0, NULL},
    [ENTRY_PORTS] = {"ports", NULL, 0, NULL},
    [RESOLUTION] = {"resolution", NULL, 0, NULL},
    [ENDPOINTS] = {"endpoints", NULL, 0, NULL},
    [SELECTOR] = {"workloadSelector", "workload_selector", 0, NULL},
    {"addresses", NULL, PLAN_FIELD_NOTED, NULL},
    {"location", NULL, PLAN_FIELD_NOTED, NULL},
    {"subjectAltNames", "subject_alt_names", PLAN_FIELD_NOTED, NULL},
    {"exportTo", "export_to", PLAN_FIELD_NOTED, NULL},
};
static const struct plan_fields entry_fields = {"spec of ServiceEntry", entry_known, ENTRY_FIELDS};

void plan_service_entry(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    const struct yaml_node *values[ENTRY_FIELDS], *selector[SELECTOR_FIELDS];
    enum resolution resolution = NONE;
    struct plan_service_entry *entry;

    if (!plan_take(r, o->spec, &entry_fields, values, NULL) ||
        !take_resolution(r, values[RESOLUTION], &resolution))
        return;
    entry = plan_place(r, sizeof *entry, o->at);
    if (!entry || !take_hosts(r, o, values[HOSTS], entry))
        return;
    entry->namespace = plan_text_copy(r, o->namespace);
    entry->from = plan_from(r, "ServiceEntry", o->name, o->at);
    take_ports(r, values[ENTRY_PORTS], entry);
    if (resolution != NONE)
        take_endpoints(r, o, values[ENDPOINTS], resolution, entry);
    if (plan_take(r, values[SELECTOR], &selector_fields, selector, NULL))
        entry->selector = plan_labels(r, selector[SELECTOR_LABELS], "workloadSelector.labels");
    entry->by_name = resolution == NONE || (resolution == DNS && !entry->endpoints);
    PLAN_APPEND(&plan_places(r)->entries, entry);
}

/* ---- finding ---- */

/* The hosts of an entry that fit: 2 by name, 1 by *.suffix. */
static unsigned fits_how(const struct plan_service_entry *entry, struct str full)
{
    unsigned how = 0;

    for (size_t i = 0; i < entry->n_hosts; i++) {
        if (str_ieq(entry->hosts[i], full))
            return 2;
        if (plan_host_fits(entry->hosts[i], full))
            how = 1;
    }
    return how;
}

/* What the entries of a destination have in common: the best way in which one fits. */
static unsigned best_fit(const struct plan_endpoints *p, struct str full)
{
    unsigned best = 0, how;

    for (const struct plan_service_entry *e = p->entries.first; e; e = e->next) {
        how = fits_how(e, full);
        best = how > best ? how : best;
    }
    return best;
}

/* The port of the entry, or the one that was asked for where it lists none. */
static const struct plan_port *port_of(const struct plan_service_entry *entry,
                                       const struct plan_wanted *w, struct plan_port *spare)
{
    *spare = (struct plan_port){.number = w->to->port ? w->to->port : 80};
    return entry->ports ? plan_port_of(entry->ports, w->to->port) : spare;
}

static void add_workload(struct plan_reader *r, const struct plan_wanted *w,
                         const struct plan_port *port, const struct plan_workload *workload,
                         struct plan_found *found)
{
    const struct plan_port *own = plan_port_named(workload->ports, port->name);
    uint16_t number = own ? own->number : port->target ? port->target : port->number;

    if (plan_labels_choose(r, w->labels, workload->labels))
        plan_found_add(r, found, w, port->tls, workload->address, number, workload->from,
                       workload->weight);
}

static void add_selected(struct plan_reader *r, const struct plan_wanted *w,
                         const struct plan_port *port, const struct plan_label *selector,
                         struct str namespace, struct plan_found *found)
{
    const struct plan_workload *all = plan_places(r)->workloads.first;

    for (const struct plan_workload *x = all; selector && x; x = x->next) {
        if (str_eq(x->namespace, namespace) && plan_labels_choose(r, selector, x->labels))
            add_workload(r, w, port, x, found);
    }
}

void plan_find_workloads(struct plan_reader *r, const struct plan_wanted *w,
                         struct plan_found *found)
{
    const struct plan_endpoints *p = plan_places(r);
    const struct plan_service *s = w->service;
    unsigned how = best_fit(p, w->to->full);
    const struct plan_port *port;
    struct plan_port spare;

    for (const struct plan_service_entry *e = p->entries.first; how && e; e = e->next) {
        port = fits_how(e, w->to->full) == how ? port_of(e, w, &spare) : NULL;
        if (!port)
            continue;
        for (const struct plan_workload *x = e->endpoints; x; x = x->next)
            add_workload(r, w, port, x, found);
        add_selected(r, w, port, e->selector, e->namespace, found);
    }
    port = s ? plan_port_of(s->ports, w->to->port) : NULL;
    if (port)
        add_selected(r, w, port, s->selector, s->namespace, found);
}

/* A destination *.example.com is many hosts, and where a copy would go nobody says. */
void plan_find_entry_host(struct plan_reader *r, const struct plan_wanted *w,
                          struct plan_found *found)
{
    const struct plan_endpoints *p = plan_places(r);
    bool is_one = !w->to->subset.len && !str_starts(w->to->host, STR("*"));
    unsigned how = is_one ? best_fit(p, w->to->full) : 0;
    const struct plan_port *port;
    struct plan_port spare;

    for (const struct plan_service_entry *e = p->entries.first; how && e; e = e->next) {
        port = e->by_name && fits_how(e, w->to->full) == how ? port_of(e, w, &spare) : NULL;
        if (port)
            plan_found_add(r, found, w, port->tls, w->to->host,
                           port->target ? port->target : port->number, e->from, 1);
    }
}

/* plan_subsets.c -- DestinationRules: what a subset is, and whether it speaks TLS. */
#include "replay/plan_endpoints.h"
#include "replay/plan_kinds.h"

enum { SHOWN = 200 };

/* ---- asking ---- */

const struct plan_subsets *plan_subsets_of(const struct plan_endpoints *p, struct str full)
{
    const struct plan_subsets *best = NULL;

    for (const struct plan_subsets *s = p->subsets.first; s; s = s->next) {
        if (str_ieq(s->host, full))
            return s;
        if (plan_host_fits(s->host, full) && (!best || s->host.len > best->host.len))
            best = s;
    }
    return best;
}

const struct plan_subset *plan_subset(const struct plan_subsets *rules, struct str name)
{
    const struct plan_subset *s = rules ? rules->list : NULL;

    while (s && !str_eq(s->name, name))
        s = s->next;
    return s;
}

/* ---- trafficPolicy ---- */

enum { LOAD_BALANCER, TLS, POLICY_FIELDS = 8 };
static const struct plan_known policy_known[POLICY_FIELDS] = {
    [LOAD_BALANCER] = {"loadBalancer", "load_balancer", PLAN_FIELD_NOTED, NULL},
    [TLS] = {"tls", NULL, 0, NULL},
    {"connectionPool", "connection_pool", PLAN_FIELD_NOTED, NULL},
    {"outlierDetection", "outlier_detection", PLAN_FIELD_NOTED, NULL},
    {"portLevelSettings", "port_level_settings", PLAN_FIELD_NOTED, NULL},
    {"tunnel", NULL, PLAN_FIELD_NOTED, NULL},
    {"proxyProtocol", "proxy_protocol", PLAN_FIELD_NOTED, NULL},
    {"retryBudget", "retry_budget", PLAN_FIELD_NOTED, NULL},
};
static const struct plan_fields policy_fields = {"trafficPolicy", policy_known, POLICY_FIELDS};

enum { TLS_MODE, TLS_FIELDS = 9 };
static const struct plan_known tls_known[TLS_FIELDS] = {
    [TLS_MODE] = {"mode", NULL, 0, NULL},
    {"clientCertificate", "client_certificate", PLAN_FIELD_NOTED, NULL},
    {"privateKey", "private_key", PLAN_FIELD_NOTED, NULL},
    {"caCertificates", "ca_certificates", PLAN_FIELD_NOTED, NULL},
    {"caCrl", "ca_crl", PLAN_FIELD_NOTED, NULL},
    {"credentialName", "credential_name", PLAN_FIELD_NOTED, NULL},
    {"subjectAltNames", "subject_alt_names", PLAN_FIELD_NOTED, NULL},
    {"insecureSkipVerify", "insecure_skip_verify", PLAN_FIELD_NOTED, NULL},
    {"sni", NULL, PLAN_FIELD_NOTED, NULL},
};
static const struct plan_fields tls_fields = {"tls", tls_known, TLS_FIELDS};

static const struct {
    struct str name;
    enum plan_tls tls;
    bool mutual;
} modes[] = {
    {STR_INIT("DISABLE"), PLAN_TLS_OFF, false},
    {STR_INIT("SIMPLE"), PLAN_TLS_ON, false},
    {STR_INIT("MUTUAL"), PLAN_TLS_OFF, true},
    {STR_INIT("ISTIO_MUTUAL"), PLAN_TLS_OFF, true},
};

static enum plan_tls take_mode(struct plan_reader *r, const struct yaml_node *n)
{
    struct str mode = {0};

    if (!n || !plan_take_text(r, n, "tls.mode", &mode))
        return PLAN_TLS_UNSAID;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (!str_eq(modes[i].name, mode))
            continue;
        if (modes[i].mutual)
            plan_note(r, "N520", n->at,
                      "tls.mode %.*s is between sidecars: copies go in plain HTTP", STR_ARG(mode));
        return modes[i].tls;
    }
    plan_error(r, "E401", n->at,
               "tls.mode is DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL, not \"%.*s\"",
               STR_ARG(str_head(mode, SHOWN)));
    return PLAN_TLS_UNSAID;
}

static enum plan_tls take_policy(struct plan_reader *r, const struct yaml_node *n)
{
    const struct yaml_node *policy[POLICY_FIELDS], *tls[TLS_FIELDS];

    if (!plan_take(r, n, &policy_fields, policy, NULL) ||
        !plan_take(r, policy[TLS], &tls_fields, tls, NULL))
        return PLAN_TLS_UNSAID;
    return take_mode(r, tls[TLS_MODE]);
}

/* ---- subsets ---- */

enum { SUBSET_NAME, SUBSET_LABELS, SUBSET_POLICY, SUBSET_FIELDS };
static const struct plan_known subset_known[SUBSET_FIELDS] = {
    [SUBSET_NAME] = {"name", NULL, 0, NULL},
    [SUBSET_LABELS] = {"labels", NULL, 0, NULL},
    [SUBSET_POLICY] = {"trafficPolicy", "traffic_policy", 0, NULL},
};
static const struct plan_fields subset_fields = {"subsets[]", subset_known, SUBSET_FIELDS};

static void add_subset(struct plan_reader *r, struct plan_subsets *rules, struct plan_subset *new)
{
    struct plan_subset **end = &rules->list;

    for (; *end; end = &(*end)->next) {
        if (!str_eq((*end)->name, new->name))
            continue;
        plan_error(r, "E506", new->at, "subset %.*s of %.*s is already at %s:%u",
                   STR_ARG(str_head(new->name, SHOWN)), STR_ARG(str_head(rules->host, SHOWN)),
                   (*end)->at.file, (*end)->at.line);
        return;
    }
    if (rules->n++ == PLAN_MAX_SUBSETS)
        plan_error(r, "E102", new->at, "more than %d subsets of %.*s", PLAN_MAX_SUBSETS,
                   STR_ARG(str_head(rules->host, SHOWN)));
    if (rules->n <= PLAN_MAX_SUBSETS)
        *end = new;
}

static void take_subset(struct plan_reader *r, const struct yaml_node *n,
                        struct plan_subsets *rules)
{
    const struct yaml_node *values[SUBSET_FIELDS];
    struct plan_subset *subset;

    if (!plan_take(r, n, &subset_fields, values, NULL))
        return;
    if (!values[SUBSET_NAME]) {
        plan_error(r, "E202", n->at, "subsets[].name is required");
        return;
    }
    subset = plan_place(r, sizeof *subset, n->at);
    if (!subset || !plan_take_label(r, values[SUBSET_NAME], "subsets[].name", &subset->name))
        return;
    subset->at = n->at;
    subset->labels = plan_labels(r, values[SUBSET_LABELS], "labels");
    subset->tls = take_policy(r, values[SUBSET_POLICY]);
    add_subset(r, rules, subset);
}

/* ---- the object ---- */

enum { HOST, POLICY, SUBSETS, RULE_FIELDS = 5 };
static const struct plan_known rule_known[RULE_FIELDS] = {
    [HOST] = {"host", NULL, 0, NULL},
    [POLICY] = {"trafficPolicy", "traffic_policy", 0, NULL},
    [SUBSETS] = {"subsets", NULL, 0, NULL},
    {"exportTo", "export_to", PLAN_FIELD_NOTED, NULL},
    {"workloadSelector", "workload_selector", PLAN_FIELD_NOTED, NULL},
};
static const struct plan_fields rule_fields = {"spec of DestinationRule", rule_known, RULE_FIELDS};

static struct plan_subsets *subsets_of_host(struct plan_reader *r, struct str full, struct place at)
{
    struct plan_endpoints *p = plan_places(r);
    struct plan_subsets *s = p ? p->subsets.first : NULL;

    while (s && !str_ieq(s->host, full))
        s = s->next;
    if (s || !p)
        return s;
    s = plan_place(r, sizeof *s, at);
    if (s) {
        s->host = full;
        PLAN_APPEND(&p->subsets, s);
    }
    return s;
}

static void warn_of_star(struct plan_reader *r, struct str host, struct place at)
{
    if (host.len && host.data[0] == '*')
        plan_warn(r, "W521", at,
                  "host %.*s: these subsets are taken for every such host that no other "
                  "DestinationRule names",
                  STR_ARG(str_head(host, SHOWN)));
}

void plan_destination_rule(const struct plan_object *o)
{
    struct plan_reader *r = o->r;
    const struct yaml_node *values[RULE_FIELDS];
    struct plan_subsets *rules;
    struct str host = {0};
    enum plan_tls tls;

    if (!plan_take(r, o->spec, &rule_fields, values, NULL))
        return;
    if (!plan_take_host(r, values[HOST], o->spec ? o->spec->at : o->at,
                        "spec.host of the DestinationRule", true, &host))
        return;
    warn_of_star(r, host, values[HOST]->at);
    rules = subsets_of_host(r, plan_full_host(r, host, o->namespace), o->at);
    if (!rules)
        return;
    tls = take_policy(r, values[POLICY]);
    if (tls != PLAN_TLS_UNSAID)
        rules->tls = tls;
    if (!plan_is_list(r, values[SUBSETS], "subsets") || !values[SUBSETS])
        return;
    for (const struct yaml_item *i = values[SUBSETS]->items; i && !r->failed; i = i->next)
        take_subset(r, i->value, rules);
}

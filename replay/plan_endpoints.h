/* plan_endpoints.h -- where the destinations of a plan run.
 *
 * An address comes, first hit wins, from
 *
 *   1. --endpoint KEY=URL
 *   2. an endpoints file, or `endpoints` of our own kind
 *   3. the endpoints of a ServiceEntry, and WorkloadEntries
 *   4. EndpointSlices and Endpoints, with the labels of their Pods
 *   5. an ExternalName, a ServiceEntry's own host, a clusterIP: no subset only
 *
 * and from nowhere else: no name is looked up because nothing better is known,
 * and no other subset stands in. Objects are kept while documents are read
 * (step 1 of plan_reader.h) and asked when all are there, since their order says
 * nothing. Deployments give no address, but know which command to type for one.
 *
 * All of it lives in the plan's arena. Objects and addresses together have a
 * ceiling (PLAN_MAX_PLACES), as have the labels of one, and the times that labels
 * are compared: else 1000 subsets of 10,000 endpoints would take half a minute.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_ENDPOINTS_H
#define MIRRORCTL_REPLAY_PLAN_ENDPOINTS_H

#include "replay/plan_reader.h"

enum {
    PLAN_MAX_PLACES = 16384,
    PLAN_MAX_LABELS = 64,
    PLAN_MAX_SUBSETS = 1024,    /* of a host */
    PLAN_MAX_CHOICES = 1 << 20, /* whether labels fit, in all */
};

/* ---- what objects have in common ------------------------------------------------ */

struct plan_label {
    struct plan_label *next;
    struct str name, value;
};

struct plan_port {
    struct plan_port *next;
    struct str name;
    uint16_t number;
    uint16_t target;        /* 0: not said, or by name */
    struct str target_name; /* of a container's port */
    bool tls;               /* its protocol is HTTPS */
};

/* ---- DestinationRule (plan_subsets.c) --------------------------------------------- */

enum plan_tls { PLAN_TLS_UNSAID, PLAN_TLS_OFF, PLAN_TLS_ON };

struct plan_subset {
    struct plan_subset *next;
    struct str name;
    struct plan_label *labels; /* NULL: every endpoint */
    enum plan_tls tls;
    struct place at;
};

/* All DestinationRules of one host. */
struct plan_subsets {
    struct plan_subsets *next;
    struct str host; /* full; may begin with a star */
    struct plan_subset *list;
    size_t n;
    enum plan_tls tls;
};

/* ---- ServiceEntry, WorkloadEntry (plan_service_entry.c) ---------------------------- */

/* One endpoint of a ServiceEntry, or a WorkloadEntry. */
struct plan_workload {
    struct plan_workload *next;
    struct str from; /* "ServiceEntry movies-local, movies.yaml:41" */
    struct str namespace;
    struct str address; /* IP address, host name, or unix:///PATH */
    struct plan_port *ports;
    struct plan_label *labels;
    uint32_t weight;
};

struct plan_service_entry {
    struct plan_service_entry *next;
    struct str from, namespace;
    struct str *hosts; /* full */
    size_t n_hosts;
    struct plan_port *ports;
    struct plan_workload *endpoints;
    struct plan_label *selector; /* of WorkloadEntries; NULL: none */
    bool by_name;                /* without endpoints its host is the address */
};

/* ---- Kubernetes (plan_kubernetes.c) ------------------------------------------------- */

struct plan_service {
    struct plan_service *next;
    struct str name, namespace, host, from; /* host: full */
    struct plan_port *ports;
    struct plan_label *selector;
    struct str cluster_ip, external_name;
    struct place at;
};

struct plan_pod {
    struct plan_pod *next;
    struct str name, namespace, from;
    struct str address; /* empty: none, or it is not ready */
    struct plan_label *labels;
    struct plan_port *ports; /* of its containers */
};

/* An address of a Service that is ready. */
struct plan_ready {
    struct plan_ready *next;
    struct str host; /* full, of the Service */
    struct str namespace, address, from;
    struct plan_port *ports; /* shared by those of one object */
    struct str pod_name;     /* data NULL: not said */
    const struct plan_pod *pod;
};

/* A Deployment or one of its siblings: for advice. */
struct plan_deployment {
    struct plan_deployment *next;
    const char *kind;       /* "Deployment" */
    const char *short_kind; /* "deploy": as kubectl takes it */
    struct str name, namespace;
    struct plan_label *labels; /* of its pods */
    struct plan_port *ports;
};

/* ---- --endpoint and endpoints files (plan_given.c) ----------------------------------- */

struct plan_key {
    struct str host; /* short or full */
    uint16_t port;   /* 0: any */
    struct str subset;
};

struct plan_given {
    struct plan_given *next;
    struct plan_key key;
    struct str text; /* the key as it was typed */
    struct str url, from;
    struct place at;
    bool option; /* --endpoint: comes before files */
    bool fits;   /* some destination */
};

/* Each list in the order of the input. */
#define PLAN_LIST(type)     \
    struct {                \
        struct type *first; \
        struct type *last;  \
    }

struct plan_endpoints {
    PLAN_LIST(plan_given) given;
    PLAN_LIST(plan_subsets) subsets;
    PLAN_LIST(plan_service_entry) entries;
    PLAN_LIST(plan_workload) workloads;
    PLAN_LIST(plan_service) services;
    PLAN_LIST(plan_ready) ready;
    PLAN_LIST(plan_pod) pods;
    PLAN_LIST(plan_deployment) deployments;
    size_t places, choices;
};

#define PLAN_APPEND(list, item)          \
    do {                                 \
        if ((list)->last)                \
            (list)->last->next = (item); \
        else                             \
            (list)->first = (item);      \
        (list)->last = (item);           \
    } while (0)

/* r->endpoints, made when first asked for. NULL only when r->failed. */
struct plan_endpoints *plan_places(struct plan_reader *r);

/* Zeroed memory for one more object or address. NULL when r->failed, or at the ceiling,
 * which is told once. */
void *plan_place(struct plan_reader *r, size_t size, struct place at);

/* "KIND NAME, FILE:LINE". */
struct str plan_from(struct plan_reader *r, const char *kind, struct str name, struct place at);

/* ---- labels (plan_labels.c) ------------------------------------------------------------ */

/* A map of texts. A value that is an unquoted number or the like is told (W210). */
struct plan_label *plan_labels(struct plan_reader *r, const struct yaml_node *map,
                               const char *what);

/* Are all of `wanted` among `have`? Values compare as text. */
bool plan_labels_fit(const struct plan_label *wanted, const struct plan_label *have);

/* The same while addresses are looked for, which is counted: false beyond the ceiling,
 * which is told once. */
bool plan_labels_choose(struct plan_reader *r, const struct plan_label *wanted,
                        const struct plan_label *have);

/* "app=movies,version=2", cut to `size`. */
void plan_labels_write(const struct plan_label *labels, char *text, size_t size);

/* ---- keys ------------------------------------------------------------------------------- */

/* Read HOST[:PORT][/SUBSET], or HOST:SUBSET where that is no number. Views into `text`.
 * Returns 0, or -1 with *e set. */
int plan_key_read(struct plan_key *key, struct str text, struct err *e);

/* Does it mean this destination? What a key does not say fits anything. */
bool plan_key_fits(const struct plan_key *key, const struct plan_destination *d);

/* Order by how much they say: a subset counts most, then a port, then a longer host. */
int plan_key_cmp(const struct plan_key *a, const struct plan_key *b);

/* The key that people would write for it: HOST[/SUBSET], with the port where `port`, and
 * with port or full host where the plan has the same with another one. */
struct str plan_key_for(struct plan_reader *r, const struct plan_destination *d, bool port);

/* Take the options and the endpoints files. */
void plan_give_options(struct plan_reader *r);

/* Is `url`, NUL-terminated, one that copies can go to? False after telling (E505), with `key` in
 * front, which is what it is for. */
bool plan_url_is_fine(struct plan_reader *r, struct str key, struct str url, struct place at);

/* Take a map of KEY: URL or KEY: [URL, ...]: an endpoints file, `endpoints` of our own kind. */
void plan_give_map(struct plan_reader *r, const struct yaml_node *map);

/* Warn of --endpoint keys that fit no destination. */
void plan_given_unused(struct plan_reader *r);

/* ---- finding addresses -------------------------------------------------------------------- */

/* A destination that needs an address, and what is known of it. */
struct plan_wanted {
    struct plan_destination *to;
    struct place at;                  /* where it is first used */
    size_t number;                    /* among those that need one, from 1 */
    const struct plan_subset *subset; /* NULL: it has none, or none is known */
    const struct plan_label *labels;  /* that an endpoint must have */
    enum plan_tls tls;
    const struct plan_service *service; /* NULL: not in the input */
};

/* Addresses that were found. Weights become repetitions, the list is drawn from evenly. */
struct plan_found {
    size_t n;
    bool more; /* than there is room for */
    struct {
        struct str url, from;
        uint32_t weight;
    } list[PLAN_MAX_ADDRESSES];
};

/* Add one: `address` is an IP address, a host name or unix:///PATH; `from` is kept. The
 * same URL a second time is left out. */
void plan_found_add(struct plan_reader *r, struct plan_found *found, const struct plan_wanted *w,
                    bool tls, struct str address, uint16_t port, struct str from, uint32_t weight);

/* Steps of the order above. Each adds what it knows and warns of what is doubtful. */
void plan_find_workloads(struct plan_reader *r, const struct plan_wanted *w,
                         struct plan_found *found);
void plan_find_ready(struct plan_reader *r, const struct plan_wanted *w, struct plan_found *found);
void plan_find_entry_host(struct plan_reader *r, const struct plan_wanted *w,
                          struct plan_found *found);
void plan_find_service(struct plan_reader *r, const struct plan_wanted *w,
                       struct plan_found *found);

/* Give Pods to the addresses that name them; once, when all documents are read. */
void plan_link_pods(struct plan_reader *r);

/* The subset rules of a host: an exact one before the longest *.suffix. NULL: none. */
const struct plan_subsets *plan_subsets_of(const struct plan_endpoints *p, struct str full);

/* The subset of these rules; NULL: none of that name. */
const struct plan_subset *plan_subset(const struct plan_subsets *rules, struct str name);

/* The port that `number` means; 0 means the only one, or the first that is HTTP. */
const struct plan_port *plan_port_of(const struct plan_port *ports, uint16_t number);
const struct plan_port *plan_port_named(const struct plan_port *ports, struct str name);

/* Can it be connected to: an IP address, a host name, unix:///PATH? */
bool plan_is_ip(struct str s);
bool plan_is_address(struct plan_reader *r, struct str s);

/* Does `pattern`, a full host or *.suffix, fit? */
bool plan_host_fits(struct str pattern, struct str host);

/* Tell that no address is known (E501), and what to do about it. plan_no_address.c */
void plan_tell_no_address(struct plan_reader *r, const struct plan_wanted *w);

#endif

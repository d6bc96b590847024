/* plan_istio.h -- between the files that read VirtualServices.
 *
 * A VirtualService is read when its document is (plan_istio.c), each entry of
 * its http[] into a rule of no place yet (plan_http_rule.c and what it calls).
 * Rules get their places when all documents are there, since VirtualServices of
 * one host are put together (plan_istio_rules.c).
 */
#ifndef MIRRORCTL_REPLAY_PLAN_ISTIO_H
#define MIRRORCTL_REPLAY_PLAN_ISTIO_H

#include "replay/plan_reader.h"

enum {
    PLAN_ISTIO_MAX_HOSTS = 65536, /* of all VirtualServices */
};

/* An entry of http[]. */
struct plan_draft {
    struct plan_draft *next;
    struct plan_rule rule; /* all but its place, name, source and hosts */
    struct str name;       /* data NULL: it has none */
    size_t place;          /* in http[] */
    bool catch_all;        /* plan_is_catch_all(), and nothing is wrong with it */
    bool told;             /* that no request gets there, or that it was moved */
};

/* All VirtualServices that one host is for, in the order of the input. */
struct plan_sharing {
    struct virtual_service **of;
    size_t n;
    bool done; /* its rules have their places */
};

struct plan_host {
    struct str written, full;
    struct plan_sharing
        *sharing; /* plan_istio_rules.c; NULL: the same VirtualService has it twice */
};

struct virtual_service {
    struct virtual_service *next;
    size_t index; /* in the order of the input */
    struct place at;
    struct str name, namespace;
    struct plan_host *hosts;
    size_t n_hosts;
    struct str *gateways; /* "mesh", "NAMESPACE/NAME" */
    size_t n_gateways;
    struct place gateways_at;
    struct plan_draft *drafts;
};

struct gateway_name {
    struct gateway_name *next;
    struct str name; /* NAMESPACE/NAME */
};

struct plan_istio {
    struct virtual_service *services, **end;
    size_t n_services, n_hosts, n_drafts;
    struct gateway_name *gateways;
    size_t first_rule, end_rule; /* of the plan, that came of here */
};

/* One for the reader, made when it is first asked for. NULL when r->failed. */
struct plan_istio *plan_istio_of(struct plan_reader *r);

/* Read an entry of http[]. NULL when r->failed; what is wrong was told. */
struct plan_draft *plan_http_rule(const struct plan_object *o, const struct yaml_node *n);

/* Read match: a list of matches, NULL for everything. */
struct plan_match *plan_http_matches(struct plan_reader *r, const struct yaml_node *n);

/* Does it fit every request of its host, as istiod sees it? */
bool plan_is_catch_all(const struct plan_rule *rule);

/* The first match that does; NULL: none, or the rule has no match at all. */
struct plan_match *plan_catch_all(const struct plan_rule *rule);

/* Read a StringMatch. NULL without one, or after telling what is wrong with it. `may_be_empty`:
 * {} asks only that it is there. */
struct plan_text *plan_string_match(struct plan_reader *r, const struct yaml_node *n,
                                    const char *what, bool may_be_empty);

/* Read route[] into rule->baselines with their weights. */
void plan_route(const struct plan_object *o, const struct yaml_node *n, struct plan_rule *rule);

/* Read a Destination, which `what` calls it. `mirror`: it is that of a mirror, where people put
 * fields that belong beside it. NULL after telling. */
const struct plan_destination *plan_istio_destination(const struct plan_object *o,
                                                      const struct yaml_node *n, const char *what,
                                                      bool mirror);

/* What http[] says about mirroring; `keys` are where it says so. */
struct plan_mirror_fields {
    const struct yaml_node *mirror, *mirrors, *percent, *percentage;
    const struct yaml_node *mirror_key, *mirrors_key, *percent_key, *percentage_key;
};

/* Read it into rule->candidates. */
void plan_mirrors(const struct plan_object *o, const struct plan_mirror_fields *f,
                  struct plan_rule *rule);

/* Read a Percent, {value: 50}, as parts per million. False after telling. */
bool plan_percentage(struct plan_reader *r, const struct yaml_node *n, const char *what,
                     uint32_t *ppm);

/* Read the older integer. False after telling. */
bool plan_whole_percent(struct plan_reader *r, const struct yaml_node *n, uint32_t *ppm);

/* Read Headers: the changes of `request`, and in *authority what becomes of Host, data NULL for
 * nothing. */
struct plan_change *plan_istio_headers(struct plan_reader *r, const struct yaml_node *n,
                                       struct str *authority);

/* Read a new Host. False after telling (E408). */
bool plan_take_authority(struct plan_reader *r, const struct yaml_node *n, const char *what,
                         struct str *authority);

/* Changes of the copies to one destination. A new Host is a PLAN_SET of that name there; a second
 * one is E414. */
void plan_arrow_headers(struct plan_reader *r, const struct yaml_node *n, struct plan_arrow *arrow);
void plan_arrow_authority(struct plan_reader *r, struct str authority, struct place at,
                          struct plan_arrow *arrow);

/* Read HTTPRewrite. */
void plan_istio_rewrite(struct plan_reader *r, const struct yaml_node *n,
                        struct plan_rewrite *rewrite);

#endif

/* plan_gateway.h -- between the files that read HTTPRoutes.
 *
 * An HTTPRoute is taken apart when its document is read (plan_gateway.c,
 * plan_gateway_match.c, plan_gateway_filter.c). Its rules get their order when all
 * routes are there, since the Gateway API lets the most precise match of all routes of
 * a host decide, wherever it stands (plan_gateway_order.c).
 */
#ifndef MIRRORCTL_REPLAY_PLAN_GATEWAY_H
#define MIRRORCTL_REPLAY_PLAN_GATEWAY_H

#include "replay/plan_reader.h"

enum {
    PLAN_GATEWAY_MAX_MATCHES = 16384, /* of all HTTPRoutes */
    PLAN_GATEWAY_MAX_HOSTS = 256,     /* of one; the Gateway API allows 16 */
};

struct gateway_route {
    struct str name;
    struct str id;      /* NAMESPACE/NAME */
    struct str created; /* as RFC 3339; data NULL: not said, later than any */
    struct str *hosts;  /* "*" where it names none */
    size_t n_hosts;
    struct place at;
};

struct gateway_rule {
    const struct gateway_route *route;
    struct str name;          /* data NULL: it has none */
    size_t place;             /* among the rules of its route */
    struct plan_rule made;    /* action, baselines, candidates, changes, rewrite, timeout, at */
    struct plan_rule *placed; /* its latest in the plan, and its number among those */
    struct plan_match **end;  /* of its matches */
    size_t group;
};

/* One of the matches of a rule, and what its rank among others depends on. */
struct gateway_match {
    struct gateway_match *next;
    struct gateway_rule *rule;
    struct plan_match *match;
    size_t path_length; /* as it was written */
    size_t headers, queries;
    size_t order; /* in the input */
    size_t group;
    bool opens; /* it is the first of its group */
};

struct plan_gateway {
    struct gateway_match *first, *last;
    size_t n;
};

/* One for the reader, made when it is first asked for. NULL when r->failed. */
struct plan_gateway *plan_gateway_of(struct plan_reader *r);

/* Add the matches of a rule, which are those of a list, or one that fits everything. */
void plan_gateway_matches(struct plan_reader *r, const struct yaml_node *list,
                          struct gateway_rule *rule);

/* Read spec.rules[].filters into the rule. */
void plan_gateway_filters(const struct plan_object *o, const struct yaml_node *list,
                          struct gateway_rule *rule);

/* Read spec.rules[].backendRefs, and the mirrors that are only theirs. */
void plan_gateway_backends(const struct plan_object *o, const struct yaml_node *list,
                           struct gateway_rule *rule);

/* Read the filter RequestMirror into the rule: for one baseline only, unless `of` is NULL. */
void plan_gateway_mirror(const struct plan_object *o, const struct yaml_node *filter,
                         const struct plan_arrow *of, struct gateway_rule *rule);

/* Which filter it is, as told by its type; NULL after telling what is wrong with it. */
struct gateway_filter {
    const char *type;
    void (*take)(const struct plan_object *o, const struct yaml_node *value,
                 struct gateway_rule *rule); /* NULL: a mirror, or not applied */
    bool mirror;
    bool once;    /* cannot be repeated in a rule */
    bool refused; /* nobody knows what it does */
};
const struct gateway_filter *plan_gateway_filter(const struct plan_object *o,
                                                 const struct yaml_node *n,
                                                 const struct yaml_node **value);

#endif

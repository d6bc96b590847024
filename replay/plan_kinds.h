/* plan_kinds.h -- one reader for each kind of object, and what follows when all are read.
 *
 * A reader takes one object whose apiVersion and kind are those of its row in
 * plan_kinds.c. It tells what is wrong, keeps what it needs in the plan's arena,
 * and never fails otherwise but by r->failed.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_KINDS_H
#define MIRRORCTL_REPLAY_PLAN_KINDS_H

#include "replay/plan_reader.h"

/* Read all documents of r->yaml (step 1): List is taken apart, kinds that are known but
 * say nothing are noted, others too; E301 to E304. */
void plan_read_documents(struct plan_reader *r);

void plan_virtual_service(const struct plan_object *o);  /* plan_istio.c */
void plan_istio_gateway(const struct plan_object *o);    /* plan_istio.c: names only */
void plan_http_route(const struct plan_object *o);       /* plan_gateway.c */
void plan_mirror_kind(const struct plan_object *o);      /* plan_native.c */
void plan_destination_rule(const struct plan_object *o); /* plan_subsets.c */
void plan_service_entry(const struct plan_object *o);    /* plan_service_entry.c */
void plan_workload_entry(const struct plan_object *o);   /* plan_service_entry.c */
void plan_service(const struct plan_object *o);          /* plan_kubernetes.c, and those below */
void plan_endpoints_kind(const struct plan_object *o);
void plan_endpoint_slice(const struct plan_object *o);
void plan_pod(const struct plan_object *o);
void plan_deployment(const struct plan_object *o);

/* Routes become rules (step 2), in this order. */
void plan_native_rules(struct plan_reader *r);
void plan_istio_rules(struct plan_reader *r);
void plan_gateway_rules(struct plan_reader *r);

/* --v1 and --v2 take the places of what rules name, where they are given. */
void plan_use_urls(struct plan_reader *r); /* plan_urls.c */

/* Destinations find their addresses (step 3). Those that have some, because a Mirror
 * says so, keep them unless --endpoint means them. */
void plan_resolve(struct plan_reader *r); /* plan_endpoints.c */

/* What only the whole shows (step 4): nothing to do, a candidate that is its baseline. */
void plan_check(struct plan_reader *r); /* plan_check.c */

#endif

/* plan_walk.h -- the rules of a plan, asked one after the other.
 *
 * The plain reading of what plan.h says. plan_explain() tells people of it, and
 * tests hold the router, which is fast, to it.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_WALK_H
#define MIRRORCTL_REPLAY_PLAN_WALK_H

#include "replay/plan_match.h"

/* Who wants to see each rule of the request's host, until one decides. */
struct plan_asked {
    void (*rule)(void *ctx, const struct plan_rule *rule, enum plan_fit fit,
                 const struct plan_lack *lack);
    void *ctx;
};

/* `asked` may be NULL; `room` is for plan_match_fits(). */
void plan_walk(const struct plan *p, const struct plan_request *r, struct buf *room,
               const struct plan_asked *asked, struct plan_decision *d);

/* Do the rule's hosts take part in which host decides, or do they only narrow it? */
bool plan_rule_takes_hosts(const struct plan_rule *rule);
bool plan_rule_allows_host(const struct plan_rule *rule, struct str name);

/* What d->rule, which fits, and d->overlay make of a request. */
enum plan_answer plan_rule_answer(const struct plan_decision *d);

#endif

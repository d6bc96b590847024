/* routes.h -- a plan made ready to be run: who gets calls, and how they go there.
 *
 * A role is what a version is to a request: v1 is the baseline of the rule that
 * decides about it, v2, v3, ... are the rule's candidates in their order, the
 * control is v1 once more. A target is a role at an address. A route is what
 * becomes of a rule: for each of its arrows, and each address there, the way of a
 * call. So a request's ways can be chosen (choice.h) without working anything out.
 */
#ifndef MIRRORCTL_REPLAY_ROUTES_H
#define MIRRORCTL_REPLAY_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "replay/fields.h"
#include "replay/plan.h"
#include "replay/replay.h"
#include "replay/target.h"
#include "replay/way.h"

enum {
    ROUTES_MAX_ROLES = REPLAY_MAX_CANDIDATES + 2,
    ROUTES_MAX_TARGETS = 256, /* each has a queue, connections and a breaker of its own */
    ROUTES_MEMORY = 256 * 1024 * 1024,
};

/* The ways of an arrow: one per address of its destination, none where it is off. */
struct branch {
    const struct plan_arrow *arrow;
    const struct way *ways;
    const struct way *controls; /* of a baseline, if there is a control */
    unsigned n;                 /* of each */
};

struct route {
    struct branch *baselines, *candidates;
    unsigned n_baselines, n_candidates;
    uint64_t weight; /* of all baselines */
};

struct role {
    char name[16];                    /* "v1", "v2", ..., "control" */
    unsigned version;                 /* whose --header it gets: 1 for v1 and the control */
    const struct field_rules *fields; /* of rules that change none */
    unsigned n_targets;
    struct str place;           /* as replay_place() */
    struct known_place *places; /* destinations that it has targets of */
};

struct routes {
    const struct plan *plan;
    struct plan *own;                    /* of URLs; else NULL */
    struct route *list;                  /* by index of the rule */
    struct role roles[ROUTES_MAX_ROLES]; /* in the order of call.target */
    unsigned n_roles;
    int v1, control;     /* roles, or -1 */
    unsigned candidates; /* the role of v2; v3's follows */
    struct target targets[ROUTES_MAX_TARGETS];
    struct str urls[ROUTES_MAX_TARGETS];
    unsigned n_targets;
    int64_t *timeouts; /* the first is that of the run, and the longest */
    unsigned n_timeouts;
    struct arena mem;
};

/* Work them out for a configuration, which must stay. Returns 0, or -1 with *e set; *r
 * is to be released in either case. */
int routes_init(struct routes *r, const struct replay_config *config, struct err *e);

/* Fine on a zeroed struct. */
void routes_release(struct routes *r);

/* The share of the plan that all candidates have which are not off; -1: shares differ. */
int64_t routes_share(const struct routes *r);

/* The target's role, with its address where that has several: "v2 at 127.0.0.1:3003".
 * As long-lived as the routes; NULL with *e set. */
const char *routes_target_name(struct routes *r, unsigned target, struct err *e);

#endif

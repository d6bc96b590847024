/* eligible.h -- which recorded requests may be sent again at all.
 *
 * The reasons are asked in this order, so that each request counts under one:
 * what can never be sent first, then what the plan does not mirror, what an option
 * would send last. So "12 left out for their method" is exactly what --methods
 * would add, and a POST that no rule mirrors is not among them.
 */
#ifndef MIRRORCTL_REPLAY_ELIGIBLE_H
#define MIRRORCTL_REPLAY_ELIGIBLE_H

#include <stdbool.h>

#include "core/exchange.h"
#include "replay/facts.h"
#include "replay/match.h"
#include "replay/plan.h"

enum eligible {
    ELIGIBLE,
    NOT_A_REQUEST,  /* only an answer was seen: not counted as recorded */
    NOT_READABLE,   /* its first line is no request line: anomalous whatever is asked for */
    NOT_LOOP,       /* a copy: it has our marker, or Envoy's -shadow host */
    NOT_TUNNEL,     /* CONNECT, or an upgrade that was agreed to or asked for */
    NOT_INCOMPLETE, /* not all of its bytes were captured */
    NOT_LIMIT,      /* larger than can be sent */
    NOT_RULED,      /* no rule fits */
    NOT_MIRRORED,   /* the rule that fits mirrors nothing, or nothing for its baseline */
    NOT_BACKED,     /* the mesh answers by itself: there is nobody to ask */
    NOT_DECIDED,    /* a rule may fit by what no capture knows */
    NOT_MEANT,      /* left out by --only or --skip */
    NOT_ANOMALOUS,  /* two readers could read it differently */
    NOT_METHOD,     /* not among the methods */
    NOT_KEYED,      /* without the key that the draw goes by; not asked here */
};

struct eligible_rules {
    const char *methods; /* a list of tokens, or "all" */
    bool include_anomalous;
    uint64_t max_request;       /* content, in bytes; 0: any */
    const struct match *match;  /* NULL: any path */
    struct plan_router *router; /* NULL: there is no plan */
};

/* A request, and what the plan says of it. Views into it. */
struct ruling {
    struct facts facts;
    struct plan_request request;
    struct plan_decision decision;
};

/* *r is there when it is ELIGIBLE, but for the facts only if there is a plan. */
enum eligible eligible_check(const struct exchange *x, const struct eligible_rules *rules,
                             struct ruling *r);

#endif

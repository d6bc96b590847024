/* plan_match.h -- does a request fit what a rule asks?
 *
 * A capture does not know everything a mesh knows, and a regular expression may
 * run into its limits, so there are more answers than yes and no. A part that
 * does not fit settles it whatever the others say.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_MATCH_H
#define MIRRORCTL_REPLAY_PLAN_MATCH_H

#include "core/buf.h"
#include "core/str.h"
#include "replay/plan.h"

/* By weight: of several parts the heaviest answer is that of all. */
enum plan_fit {
    PLAN_FITS,
    PLAN_FITS_PERHAPS, /* a regular expression ran into its limits or is none, or memory is out */
    PLAN_FITS_UNKNOWN, /* but for what no capture knows it would fit */
    PLAN_FITS_NOT,
};

/* The part that keeps a match from fitting: what it asks, and what there was. */
struct plan_lack {
    enum plan_fit fit;
    const char *what;             /* "path", "method", "header", "port", ... */
    struct str name;              /* of a header field or query parameter */
    const struct plan_text *text; /* NULL: a port, or what is not known */
    bool not_so;
    uint16_t port;
    const char *unknowable;
    bool has;
    struct str value; /* where `has`; valid until `room` is used again */
};

/* Does this match alone fit? `room` is for fields that come several times; *lack, unless
 * NULL, is set where the answer is not PLAN_FITS. */
enum plan_fit plan_match_fits(const struct plan_match *m, const struct plan_request *r,
                              struct buf *room, struct plan_lack *lack);

/* Does any of a rule's? *match is the first that fits; NULL: none, or everything does.
 * *lack is that of the match that comes nearest to it. */
enum plan_fit plan_rule_fits(const struct plan_rule *rule, const struct plan_request *r,
                             struct buf *room, const struct plan_match **match,
                             struct plan_lack *lack);

#endif

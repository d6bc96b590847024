/* pair_diff.h -- one pair: what became of each call, and what differs.
 *
 * v2's answer is compared with v1's, and v1's second answer with its first, so
 * that a field which also differs there can be told from one that v2 changed.
 * With more candidates that is done for one after the other; what is known of
 * v1 by then is kept. The recorded answer may stand in v1's place.
 */
#ifndef MIRRORCTL_DIFF_PAIR_DIFF_H
#define MIRRORCTL_DIFF_PAIR_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "diff/body.h"
#include "diff/candidate.h"
#include "diff/difference.h"
#include "diff/own_address.h"
#include "diff/rules.h"

enum control_kind { CONTROL_NONE, CONTROL_V1, CONTROL_RECORDED };

/* Which call of a pair is whose: call.target, or NOBODY. */
enum { NOBODY = -1 };

struct pair_roles {
    int v1, control;
    int candidates[CANDIDATES_MAX];
    struct own_address own_v1, own[CANDIDATES_MAX]; /* how they call themselves */
    enum control_kind kind;
    bool recorded;          /* the baseline is the recorded answer, not v1's */
    unsigned confirm_times; /* not 0: the pairs repeat others so often, see confirm.h */
};

/* What became of a call: an enum outcome, or one of these. */
enum {
    FATE_INCOMPLETE = OUTCOME_COUNT, /* an answer that broke off */
    FATE_UNRECORDED,                 /* a recorded answer that is not there, or not whole */
    FATE_COUNT
};

/* "answered", "timeout", "incomplete", "unrecorded". */
const char *fate_name(int fate);

/* True for what was sent, whatever came of it. */
bool fate_is_sent(int fate);

/* How far a comparison went. */
enum depth {
    DEPTH_NONE,    /* one of the calls was not sent, or v1 did not answer */
    DEPTH_OUTCOME, /* the other did not answer */
    DEPTH_STATUS,  /* both answered, in different status classes */
    DEPTH_WHOLE,   /* headers and bodies too */
};

/* Over which connection an answer came; a recorded one is not told. */
enum way { WAY_UNKNOWN, WAY_NEW, WAY_REUSED };

/* Whether an answer came out of a cache, where it tells (X-Cache and the like). */
enum cache { CACHE_UNKNOWN, CACHE_HIT, CACHE_MISS };

/* How far it must go before a difference there could be seen. */
enum depth pair_depth_for(enum diff_where where);

struct side {
    int fate;   /* OUTCOME_NONE when there is no such call */
    int status; /* 0 unless answered */
    int64_t ns; /* done - sent, or what was waited; 0 unless answered or timed out */
    int order;  /* 0 was sent first; -1: not known */
    enum way way;
    enum cache cache;
    bool limited;      /* 429, or 503 with Retry-After */
    bool stream;       /* of events: ns is the time to its first byte */
    bool went_on;      /* and it did not end in time, which is no failure if others do the same */
    struct str detail; /* why it failed, a view into the pair */
};

struct pair_diff {
    uint64_t ordinal, seq;
    uint32_t endpoint;
    struct side v1, v2, control; /* v2: the candidate at hand */
    struct side baseline_side;   /* v1 before it was looked at beside another */
    int64_t sent_ns;             /* v1's, or that of what stands for it; the order in time */
    enum depth depth;            /* of v1 with v2 */
    enum depth noise_depth;      /* of v1 with its second answer */
    bool vacuous;                /* both refused, failed or said nothing */
    bool limited;                /* one was turned away by a rate limit: nothing to compare */
    struct diffs found;          /* v1 with v2 */
    struct diffs noise;          /* v1 with its second answer */

    struct str endpoint_path; /* of the endpoint's name */
    int day;                  /* on which the run began, as rules_day(), or 0 */
    struct rules_use rules;   /* what may differ, and how often it did */

    const struct pair *pair;
    const struct http_message *baseline; /* where v1 answered */
    struct body bodies[3];               /* kept between pairs for their memory */
};

/* Lists and buffers for comparing one pair after the other, by these rules, which
 * may be NULL. */
int pair_diff_init(struct pair_diff *d, const struct rules *rules, bool show_secrets,
                   struct err *e);
void pair_diff_release(struct pair_diff *d);

/* Begin with a pair, whose seq, endpoint and day are set already: look at its baseline, and compare v1 with itself. Views in
 * *d are valid as long as the pair. */
int pair_diff_begin(struct pair_diff *d, const struct pair *p, const struct pair_roles *roles,
                    struct err *e);

/* Compare one of the candidates that `roles` names. */
int pair_diff_candidate(struct pair_diff *d, const struct pair_roles *roles, unsigned candidate,
                        struct err *e);

#endif

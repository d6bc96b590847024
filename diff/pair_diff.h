/* pair_diff.h -- one pair: what became of each call, and what differs.
 *
 * v2's answer is compared with v1's, and v1's second answer with its first, so
 * that a field which also differs there can be told from one that v2 changed.
 */
#ifndef MIRRORCTL_DIFF_PAIR_DIFF_H
#define MIRRORCTL_DIFF_PAIR_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "diff/body.h"
#include "diff/difference.h"

enum control_kind { CONTROL_NONE, CONTROL_V1, CONTROL_RECORDED };

/* Which call of a pair is whose; -1 is nobody's. */
struct pair_roles {
    int v1, v2, control; /* call.target */
    enum control_kind kind;
};

/* What became of a call: an enum outcome, or this: an answer that broke off. */
enum { FATE_INCOMPLETE = OUTCOME_COUNT, FATE_COUNT };

/* "answered", "timeout", "incomplete". */
const char *fate_name(int fate);

/* How far a comparison went. */
enum depth {
    DEPTH_NONE,    /* one of the calls was not sent, or v1 did not answer */
    DEPTH_OUTCOME, /* the other did not answer */
    DEPTH_STATUS,  /* both answered, in different status classes */
    DEPTH_WHOLE,   /* headers and bodies too */
};

struct side {
    int fate;          /* OUTCOME_NONE when there is no such call */
    int status;        /* 0 unless answered */
    int64_t ns;        /* done - sent, 0 unless answered */
    struct str detail; /* why it failed, a view into the pair */
};

struct pair_diff {
    uint64_t ordinal, seq;
    uint32_t endpoint;
    struct side v1, v2, control;
    int64_t sent_ns;        /* v1's; the order of the pairs in time */
    enum depth depth;       /* of v1 with v2 */
    enum depth noise_depth; /* of v1 with its second answer */
    bool vacuous;           /* both refused, failed or said nothing */
    struct diffs found;     /* v1 with v2 */
    struct diffs noise;     /* v1 with its second answer */

    struct body bodies[3]; /* kept between pairs for their memory */
};

/* Lists and buffers for comparing one pair after the other. */
int pair_diff_init(struct pair_diff *d, bool show_secrets, struct err *e);
void pair_diff_release(struct pair_diff *d);

/* Compare the calls of a pair. Views in *d are valid as long as the pair. */
int pair_diff_compare(struct pair_diff *d, const struct pair *p, const struct pair_roles *roles,
                      struct err *e);

#endif

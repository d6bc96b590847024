/* har.h -- exchanges and pairs as HAR 1.2 entries, one a line.
 *
 * HAR wants text, and traffic is bytes: what is not UTF-8 is shown with U+FFFD,
 * and a member whose name starts with `_` and ends with `_base64` beside it
 * holds it exactly. Custom members start with `_`, as HAR asks.
 */
#ifndef MIRRORCTL_CLI_HAR_H
#define MIRRORCTL_CLI_HAR_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

/* Names of a result's targets, in the order of call.target. */
struct target_names {
    char names[PAIR_MAX_CALLS][16];
};

struct har_style {
    bool show_secrets;
    bool document; /* for readers of HAR, who take no null for an answer */
};

/* Append an entry and a line feed. Pairs have their calls beside the request. */
int har_exchange(struct buf *out, const struct exchange *x, struct har_style style, struct err *e);
int har_pair(struct buf *out, const struct pair *p, const struct target_names *names,
             struct har_style style, struct err *e);

/* Cut the first head off raw heads that stand one after the other, each ending
 * with an empty line, as those of 1xx answers do. */
struct str har_cut_head(struct str *heads);

#endif

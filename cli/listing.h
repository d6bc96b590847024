/* listing.h -- exchanges and pairs as text for a terminal.
 *
 * Everything that came over the network is escaped, so that a captured body
 * cannot move the cursor or rename the window of who reads it.
 */
#ifndef MIRRORCTL_CLI_LISTING_H
#define MIRRORCTL_CLI_LISTING_H

#include <stdbool.h>

#include "cli/har.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"

/* Append one line: number, connection, request, answer, sizes, time, flags. Of a
 * pair, the recorded answer where it was kept, and what each target answered. */
int listing_exchange(struct buf *out, const struct exchange *x, bool show_secrets, struct err *e);
int listing_pair(struct buf *out, const struct pair *p, const struct target_names *names,
                 bool show_secrets, struct err *e);

/* Append all of it: heads, content, times. */
int listing_exchange_whole(struct buf *out, const struct exchange *x, bool show_secrets,
                           struct err *e);
int listing_pair_whole(struct buf *out, const struct pair *p, const struct target_names *names,
                       bool show_secrets, struct err *e);

#endif

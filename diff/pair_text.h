/* pair_text.h -- what differs in one pair, for people who look at just that one.
 *
 * No statistics: v1's second answer, where there is one, tells what v1 also does to
 * itself, in this very pair.
 */
#ifndef MIRRORCTL_DIFF_PAIR_TEXT_H
#define MIRRORCTL_DIFF_PAIR_TEXT_H

#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "diff/diff.h"
#include "diff/pair_diff.h"

/* Append it for each candidate that `roles` names. Returns 0, or -1 with *e set. */
int pair_text(const struct pair *p, const struct pair_roles *roles,
              const struct report_style *style, bool show_secrets, struct buf *out, struct err *e);

#endif

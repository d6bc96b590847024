/* path.h -- what a rule makes of a request's path.
 *
 * Only the path: a prefix of the target's URL is put in front of it later, and
 * the query stays (rewrite.h).
 */
#ifndef MIRRORCTL_REPLAY_PATH_H
#define MIRRORCTL_REPLAY_PATH_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "replay/plan.h"

/* Can the rule's rewriting be carried out? What it writes must not end a request
 * line. Returns 0, or -1 with *e set (ERR_USAGE). */
int path_check(const struct plan_rewrite *rewrite, struct err *e);

/* Append what `path`, which `match` fits (NULL: the rule asks nothing), becomes. It
 * begins with a slash; what does not, such as the * of OPTIONS, is no path and stays.
 * Returns 0, or -1 with *e set: with ERR_INPUT it is this path that would become too long
 * for `out`, or ran into a limit of a regular expression. */
int path_rewrite(const struct plan_rewrite *rewrite, const struct plan_match *match,
                 struct str path, struct buf *out, struct err *e);

#endif

/* resolve.h -- addresses that are given instead of looked up, as curl has them:
 *
 *     HOST:PORT:ADDRESS[,ADDRESS]...
 *
 * with HOST and PORT of a target, or of the proxy. One that is of neither is a
 * mistake, and a dangerous one: the requests would go to the real address.
 */
#ifndef MIRRORCTL_REPLAY_RESOLVE_H
#define MIRRORCTL_REPLAY_RESOLVE_H

#include <stddef.h>

#include "core/err.h"
#include "replay/proxy.h"
#include "replay/target.h"

/* Returns 0, or -1 with *e set (ERR_USAGE) if the entry cannot be used. */
int resolve_check(const char *entry, const struct target *targets, size_t n_targets,
                  const struct proxy *proxy, struct err *e);

#endif

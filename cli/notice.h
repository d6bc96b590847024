/* notice.h -- what a replay tells its user at once, not only when it is over. */
#ifndef MIRRORCTL_CLI_NOTICE_H
#define MIRRORCTL_CLI_NOTICE_H

#include "cli/replay_options.h"
#include "replay/replay.h"

/* What the options do that must not go unnoticed: at the start, and at the end
 * beside the results. */
void notice_start(const struct replay_options *o);
void notice_end(const struct replay_options *o);

/* For replay_config.breaker: a line for each change. */
void notice_breaker(void *ctx, const struct replay_breaker_change *change);

#endif

/* notice.h -- what a replay tells its user at once, not only when it is over. */
#ifndef MIRRORCTL_CLI_NOTICE_H
#define MIRRORCTL_CLI_NOTICE_H

#include "replay/replay.h"

/* For replay_config.breaker: a line for each change. */
void notice_breaker(void *ctx, const struct replay_breaker_change *change);

#endif

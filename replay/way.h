/* way.h -- how a call goes: to which address, changed how, and how long for.
 *
 * All of it is worked out when a run is opened, so that a worker has nothing
 * to look up.
 */
#ifndef MIRRORCTL_REPLAY_WAY_H
#define MIRRORCTL_REPLAY_WAY_H

#include "replay/rewrite.h"

struct way {
    unsigned lane;          /* number of the target, and of each worker's lane to it */
    unsigned timeout;       /* number among the run's timeouts */
    struct rewrite rewrite; /* what becomes of the request there */
};

#endif

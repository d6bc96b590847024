/* shard.h -- which of several processes replays a recorded connection.
 *
 * By the connection, so that its requests stay in order: xxh64 of its two
 * endpoints and its number, which are the same whoever reads the input. What
 * the shards of a run choose adds up to the whole, without overlap.
 */
#ifndef MIRRORCTL_REPLAY_SHARD_H
#define MIRRORCTL_REPLAY_SHARD_H

#include <stdbool.h>

#include "core/exchange.h"

struct shard {
    unsigned index, count; /* 1 of 4 is the first; a count of 0 means everything */
};

bool shard_has(const struct shard *s, const struct exchange *x);

#endif

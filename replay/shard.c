#include "replay/shard.h"

#include <xxhash.h>

/* Numbers go into the seed, where the order of their bytes does not matter. */
static uint64_t add(uint64_t hash, const struct endpoint *ep)
{
    return XXH64(ep->address, sizeof ep->address, hash + ep->port + ((uint64_t)ep->family << 16));
}

bool shard_has(const struct shard *s, const struct exchange *x)
{
    if (s->count == 0)
        return true;
    return add(add(x->connection, &x->client), &x->server) % s->count == s->index - 1;
}

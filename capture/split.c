#include "capture/split.h"

#include <string.h>
#include <xxhash.h>

bool split_by_tags(struct split *s, const struct flow_key *key, int dir)
{
    struct flow_key ends = *key;
    struct beginning now = {.vni = key->vni, .upward = dir == 0}, *last;
    bool differ;

    memcpy(now.vlan, key->vlan, sizeof now.vlan);
    memset(ends.vlan, 0, sizeof ends.vlan);
    ends.vni = 0;
    now.hash = XXH3_64bits(&ends, sizeof ends);
    last = &s->begun[now.hash % SPLIT_REMEMBERED];
    differ = last->hash == now.hash && last->upward != now.upward &&
             (last->vni != now.vni || memcmp(last->vlan, now.vlan, sizeof now.vlan) != 0);
    *last = now;
    return differ;
}

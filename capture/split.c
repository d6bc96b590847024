#include "capture/split.h"

#include <string.h>
#include <xxhash.h>

static enum split_kind compare(const struct beginning *last, const struct beginning *now)
{
    int64_t apart = now->ns > last->ns ? now->ns - last->ns : last->ns - now->ns;

    if (last->hash != now->hash ||
        (last->vni == now->vni && memcmp(last->vlan, now->vlan, sizeof now->vlan) == 0))
        return SPLIT_NONE;
    if (last->upward != now->upward)
        return SPLIT_DIRECTIONS;
    return last->seq == now->seq && apart <= SPLIT_COPY_NS ? SPLIT_COPY : SPLIT_NONE;
}

enum split_kind split_by_tags(struct split *s, const struct flow_key *key, int dir,
                              const struct segment *first)
{
    struct flow_key ends = *key;
    struct beginning now = {
        .ns = first->ns, .seq = first->seq, .vni = key->vni, .upward = dir == 0};
    struct beginning *last;
    enum split_kind kind;

    memcpy(now.vlan, key->vlan, sizeof now.vlan);
    memset(ends.vlan, 0, sizeof ends.vlan);
    ends.vni = 0;
    now.hash = XXH3_64bits(&ends, sizeof ends);
    last = &s->begun[now.hash % SPLIT_REMEMBERED];
    kind = compare(last, &now);
    *last = now;
    return kind;
}

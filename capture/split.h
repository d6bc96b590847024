/* split.h -- connections that are two to us, for they are tagged differently.
 *
 * VLAN tags and virtual networks are part of what a connection is known by, as
 * the same addresses may exist in several networks at once. Where a network, or
 * what mirrors it, tags the two directions of one connection differently, there
 * seem to be two, one without answers and one without requests. Where packets are
 * captured twice on their way, with and without tags, there seem to be two as well,
 * both whole. To tell so, the last SPLIT_REMEMBERED beginnings are remembered.
 */
#ifndef MIRRORCTL_CAPTURE_SPLIT_H
#define MIRRORCTL_CAPTURE_SPLIT_H

#include <stdbool.h>

#include "capture/flow.h"

enum {
    SPLIT_REMEMBERED = 4096,
    SPLIT_COPY_NS = 1000 * 1000 * 1000, /* a copy comes within that */
};

struct split {
    struct beginning {
        uint64_t hash; /* of the ends */
        int64_t ns;
        uint32_t seq;
        uint32_t vni;
        uint16_t vlan[SEGMENT_VLANS];
        bool upward; /* from the lower end */
    } begun[SPLIT_REMEMBERED];
};

enum split_kind {
    SPLIT_NONE,
    SPLIT_DIRECTIONS, /* one began between the same ends, with one in the other direction */
    SPLIT_COPY,       /* one began with this very packet */
};

/* A connection begins with that packet, in that direction. What does one with other
 * tags tell of it? */
enum split_kind split_by_tags(struct split *s, const struct flow_key *key, int dir,
                              const struct segment *first);

#endif

/* split.h -- connections whose two directions are tagged differently.
 *
 * VLAN tags and virtual networks are part of what a connection is known by, as
 * the same addresses may exist in several networks at once. Where a network, or
 * what mirrors it, tags the two directions of one connection differently, there
 * seem to be two, one without answers and one without requests. To tell so, the
 * last SPLIT_REMEMBERED beginnings are remembered.
 */
#ifndef MIRRORCTL_CAPTURE_SPLIT_H
#define MIRRORCTL_CAPTURE_SPLIT_H

#include <stdbool.h>

#include "capture/flow.h"

enum { SPLIT_REMEMBERED = 4096 };

struct split {
    struct beginning {
        uint64_t hash; /* of the ends */
        uint32_t vni;
        uint16_t vlan[SEGMENT_VLANS];
        bool upward; /* from the lower end */
    } begun[SPLIT_REMEMBERED];
};

/* A connection begins with a packet in that direction. Was there one between the
 * same ends that began with one in the other direction, with other tags? */
bool split_by_tags(struct split *s, const struct flow_key *key, int dir);

#endif

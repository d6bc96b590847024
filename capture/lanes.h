/* lanes.h -- connections whose two directions are tagged differently.
 *
 * VLAN tags and virtual networks are part of what a connection is known by, as
 * the same addresses may exist in several networks at once. Where a network, or
 * what mirrors it, tags the two directions of one connection differently, there
 * seem to be two, one without answers and one without requests. To tell so, the
 * last LANES beginnings are remembered.
 */
#ifndef MIRRORCTL_CAPTURE_LANES_H
#define MIRRORCTL_CAPTURE_LANES_H

#include <stdbool.h>

#include "capture/flow.h"

enum { LANES = 4096 };

struct lanes {
    struct lane {
        uint64_t hash; /* of the ends */
        uint32_t vni;
        uint16_t vlan[SEGMENT_VLANS];
        bool upward; /* from the lower end */
    } lane[LANES];
};

/* A connection begins with a packet in that direction. Was there one between the
 * same ends that began with one in the other direction, with other tags? */
bool lanes_differ(struct lanes *l, const struct flow_key *key, int dir);

#endif

/* flow.h -- the table of connections: find, expire, choose whom to give up.
 *
 * A connection is known by its addresses, ports, VLAN tags and virtual
 * network: the same addresses may exist in several networks at once. Each
 * stands in the list of its class, ordered by last packet, which tells whose
 * time is over; and in the waiting list while bytes wait for missing ones.
 *
 * The table owns the memory of its flows and charges it to the budget; what a
 * connection holds is ended by the caller, with connection_end().
 */
#ifndef MIRRORCTL_CAPTURE_FLOW_H
#define MIRRORCTL_CAPTURE_FLOW_H

#include "capture/budget.h"
#include "capture/connection.h"
#include "core/err.h"

enum {
    FLOW_MAX = 262144,
    FLOW_MAX_OVER = 16384,              /* that linger for stragglers, at most */
    FLOW_MOMENT_NS = 100 * 1000 * 1000, /* that the order of a list may be off by */
};

/* Those easiest to give up first. */
enum flow_class {
    FLOW_OVER,      /* closed or reset: 5 s */
    FLOW_HALF_OPEN, /* no whole handshake and no payload yet: 30 s */
    FLOW_OPEN,      /* 300 s */
    FLOW_CLASSES,
};

/* The lower end first, so that both directions have the same key. */
struct flow_key {
    uint8_t address[2][16];
    uint32_t vni;
    uint16_t port[2];
    uint16_t vlan[SEGMENT_VLANS];
    uint16_t family;
};

struct flow {
    struct flow_key key;
    uint64_t hash;
    struct flow *chain;
    struct flow *older, *newer;
    struct flow *waits_longer, *waits_shorter;
    int64_t last_ns;
    int64_t listed_ns; /* when it came to its place in the list of its class */
    int64_t waits_ns;  /* since when */
    enum flow_class class;
    bool waiting;
    struct connection connection;
};

struct flow_table;

/* NULL with *e set when there is no memory. `seed` makes collisions hard to
 * construct; it does not show in any order. */
struct flow_table *flow_table_new(struct budget *budget, uint64_t seed, struct err *e);

/* Free the table, which must be empty of connections that hold something. */
void flow_table_free(struct flow_table *t);

/* The key of a segment and the direction it goes in, 0 or 1. */
int flow_key(struct flow_key *key, const struct segment *s);

/* The flow, or NULL. */
struct flow *flow_find(struct flow_table *t, const struct flow_key *key);

/* A new flow, its connection not started; NULL when there is no memory. */
struct flow *flow_add(struct flow_table *t, const struct flow_key *key);

/* Note a packet at `now`: put it at the end of its class, unless it came there just
 * before, and of the waiting list, or take it out of that. */
void flow_touch(struct flow_table *t, struct flow *f, int64_t now);

/* Is its time over at `now`, by its class? */
bool flow_is_over(const struct flow *f, int64_t now);

/* A flow whose time is over, or that is one too many; NULL if there is none. */
struct flow *flow_expired(const struct flow_table *t, int64_t now);

/* A flow that has waited for missing bytes for `ns`, or NULL. After nudging
 * its connection the caller calls flow_waited(). */
struct flow *flow_waiting(const struct flow_table *t, int64_t now, int64_t ns);
void flow_waited(struct flow_table *t, struct flow *f, int64_t now);

/* Whom to give up for memory: who waits longest, else who is idle longest, give or
 * take FLOW_MOMENT_NS. */
struct flow *flow_victim(const struct flow_table *t);

/* The flow that had no packet for the longest time, as exactly as that, or NULL. */
struct flow *flow_oldest(const struct flow_table *t);

/* True when no more flow may be added. */
bool flow_table_is_full(const struct flow_table *t);

/* Take out and free. */
void flow_remove(struct flow_table *t, struct flow *f);

#endif

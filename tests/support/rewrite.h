/* rewrite.h -- captures of others, changed in ways that must not matter, or
 * that must only lose what they take away.
 *
 * Frames are understood as far as that needs: Ethernet, loopback or none, VLAN
 * tags, IPv4 and IPv6 without extensions, TCP. Others stay as they are.
 */
#ifndef MIRRORCTL_TESTS_REWRITE_H
#define MIRRORCTL_TESTS_REWRITE_H

#include "tests/support/packets.h"

/* What a frame carries of a TCP connection. */
struct tcp_view {
    size_t ip;      /* where its IP header begins, in the frame */
    size_t tcp;     /* where its TCP header begins; */
    size_t payload; /* its data; */
    size_t end;     /* and what is behind them, padding */
    uint64_t flow;  /* the same number for both directions of a connection */
    bool ipv6;
};

/* Look into frame `i`. False if it is no TCP or cut short. */
bool packets_view(const struct packets *p, size_t i, struct tcp_view *v);

/* Add the frames of a classic pcap file and take over its link type. False if
 * it is none. */
bool packets_load(struct packets *p, const char *path);

/* Carry TCP data in segments of at most `most` bytes. */
void packets_split(struct packets *p, size_t most);

/* Carry what is longer than `at` bytes in two segments, the first that long. */
void packets_cut(struct packets *p, size_t at);

/* Put a VLAN tag into each Ethernet frame: `to_port` into those to that port, `other`
 * into the others. */
void packets_tag(struct packets *p, unsigned port, unsigned to_port, unsigned other);

/* Shuffle the frames of each connection among their places, in windows of
 * `window`. Times stay in order. */
void packets_shuffle_flows(struct packets *p, size_t window, uint64_t seed);

/* Take out one frame in `one_in`; taken[i] tells which, by their old numbers,
 * if it is not NULL. */
void packets_drop(struct packets *p, unsigned one_in, uint64_t seed, bool *taken);

#endif

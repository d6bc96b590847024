/* packet.h -- what comes off the wire: a packet, and the TCP segment in it.
 *
 * Both are views into the source's buffer, valid until the handler returns.
 */
#ifndef MIRRORCTL_CAPTURE_PACKET_H
#define MIRRORCTL_CAPTURE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/exchange.h"
#include "core/str.h"

struct packet {
    struct str bytes; /* as captured */
    uint32_t length;  /* on the wire, at least bytes.len */
    int link;         /* DLT_ number of libpcap */
    int64_t ns;       /* wall clock, since 1970 */
};

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
};

enum { SEGMENT_VLANS = 3 };

struct segment {
    int64_t ns;
    struct endpoint from, to;
    uint16_t vlan[SEGMENT_VLANS]; /* outermost first; 0 is none */
    uint32_t vni;                 /* virtual network or tunnel key; 0 is none */
    uint32_t seq, ack;
    uint16_t urgent;
    uint8_t flags;    /* enum tcp_flag */
    struct str bytes; /* payload as captured */
    uint32_t missing; /* payload bytes on the wire that were not captured */
};

#endif

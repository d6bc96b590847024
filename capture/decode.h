/* decode.h -- from a packet to the TCP segment in it.
 *
 * Walks link layer, tags, tunnels and IP headers down to TCP. Packets are
 * hostile: every read is checked against what was captured, and the number of
 * layers is limited. Checksums are not verified: on the sending machine the
 * network card fills them in after the capture, and lo never has them.
 */
#ifndef MIRRORCTL_CAPTURE_DECODE_H
#define MIRRORCTL_CAPTURE_DECODE_H

#include <stdbool.h>

#include "capture/packet.h"

enum decode_result {
    DECODE_SEGMENT,
    DECODE_FRAGMENT, /* a piece of an IP datagram that may hold TCP, see struct fragment */
    DECODE_NOT_IP,
    DECODE_NOT_TCP,
    DECODE_TRUNCATED, /* the capture ends inside a header */
    DECODE_MALFORMED, /* a header contradicts itself or the packet's length */
    DECODE_ON,        /* private: another layer follows */
};

/* A piece of an IP datagram (RFC 791, 3.2; RFC 8200, 4.5). */
struct fragment {
    uint32_t id;
    uint8_t protocol; /* of the datagram's payload */
    bool more;        /* not the last piece */
    uint32_t offset;  /* of `bytes` in the payload */
    struct str bytes;
};

/* True if packets of that link type can be decoded. */
bool decode_knows(int link);

/* Decode a packet. Fills *s on DECODE_SEGMENT; on DECODE_FRAGMENT *f, and of
 * *s what stands above the fragment: time, addresses, tags. */
enum decode_result decode_packet(const struct packet *p, struct segment *s, struct fragment *f);

/* May the payload of a datagram that begins so hold TCP? */
bool decode_may_hold_tcp(uint8_t protocol, struct str beginning);

/* Go on with the payload of a datagram put together from fragments; *s is as
 * decode_packet() left it. */
enum decode_result decode_datagram(uint8_t protocol, struct str payload, struct segment *s,
                                   struct fragment *f);

#endif

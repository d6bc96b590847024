/* packets.h -- captures made up for tests and benches.
 *
 * Frames are collected in memory, where a test can shuffle, double, cut or
 * drop them, and then written as a pcap file of any flavour. Running out of
 * memory aborts: this is test code.
 */
#ifndef MIRRORCTL_TESTS_PACKETS_H
#define MIRRORCTL_TESTS_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/buf.h"

enum { LINK_NULL = 0, LINK_ETHERNET = 1, LINK_RAW = 101, LINK_LOOP = 108, LINK_SLL = 113 };

struct frame {
    size_t at;         /* its first byte in `bytes` */
    uint32_t captured; /* may be made smaller than `length` */
    uint32_t length;
    int64_t ns;
};

struct packets {
    struct buf bytes;
    struct frame *frame;
    size_t n, cap;
    int link;
    uint16_t vlan[3]; /* tags to write, outermost first; 0 is none */
    int64_t ns;       /* time of the next frame */
    int64_t step_ns;  /* from one frame to the next */
};

/* Start an empty collection, at 2023-11-14 22:13:20 UTC, a millisecond a step. */
void packets_init(struct packets *p, int link);
void packets_release(struct packets *p);

/* Forget the frames, keep the clock. */
void packets_clear(struct packets *p);

/* Add a frame as it is. */
void packets_frame(struct packets *p, const void *bytes, size_t n);

struct tcp {
    bool ipv6;
    uint32_t from, to; /* IPv4 addresses, or the last bytes of IPv6 ones */
    uint16_t from_port, to_port;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t urgent;
    const void *bytes;
    size_t len;
};

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

/* Add a frame that carries one TCP segment. */
void packets_tcp(struct packets *p, const struct tcp *t);

/* Both sides of a TCP connection: direction 0 is the client's. */
struct talk {
    struct packets *packets;
    bool ipv6;
    uint32_t address[2];
    uint16_t port[2];
    uint32_t seq[2]; /* of the next byte */
    size_t mss;      /* longer data is sent in several segments */
};

/* 10.0.0.1:CLIENT_PORT to 10.0.0.2:80, with numbers made from the port. */
void talk_init(struct talk *t, struct packets *p, uint16_t client_port);

/* The three segments of the handshake. */
void talk_open(struct talk *t);

/* Data, acknowledging all that the other side has sent. */
void talk_send(struct talk *t, int dir, const void *bytes, size_t n);
void talk_say(struct talk *t, int dir, const char *text);

/* A segment without data: flags besides ACK. FIN counts in the numbers. */
void talk_flags(struct talk *t, int dir, uint8_t flags);

/* Send data that the capture does not see. */
void talk_lose(struct talk *t, int dir, size_t n);

/* FIN and ACK from both sides, the server's first. */
void talk_close(struct talk *t);

enum pcap_flavour { PCAP_MICRO = 1, PCAP_SWAPPED = 2 }; /* else nanoseconds, our byte order */

/* Write a pcap file header, and the frames. */
void packets_write_header(const struct packets *p, FILE *out, unsigned flavour);
void packets_write_frames(const struct packets *p, FILE *out, unsigned flavour);

/* The frames as a pcap file in memory. Returns its descriptor; *path is a name
 * to open it by as long as that is open. */
enum { PACKETS_PATH = 64 };
int packets_file(const struct packets *p, unsigned flavour, char path[PACKETS_PATH]);

/* The same for any bytes. */
int bytes_file(const void *bytes, size_t n, char path[PACKETS_PATH]);

/* Shuffle frames within windows of `window`, and repeat every frame. Times
 * stay in order. */
void packets_shuffle(struct packets *p, size_t window, uint64_t seed);
void packets_double(struct packets *p);

/* Numbers that are the same in every run; *state must not be 0. */
uint64_t packets_random(uint64_t *state);

#endif

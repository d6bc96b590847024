/* connection.h -- one TCP connection: two streams, and what is spoken on them.
 *
 * Bytes of one direction are passed on only after the bytes of the other that
 * their sender had received, so that a response never comes before its
 * request, however the packets were ordered in the capture.
 *
 * What is spoken is recognised by the first bytes of either side. A connection
 * that does not speak HTTP/1 is counted and then costs next to nothing.
 */
#ifndef MIRRORCTL_CAPTURE_CONNECTION_H
#define MIRRORCTL_CAPTURE_CONNECTION_H

#include "capture/packet.h"
#include "capture/pair.h"
#include "capture/recognise.h"
#include "capture/stream.h"

struct early;
struct asked;

struct connection {
    uint64_t number;
    enum protocol protocol;
    int8_t client;   /* direction whose sender is the client; -1: not known */
    bool both_asked; /* each end sent SYN before it had the other's (RFC 9293, 3.5) */
    bool settled;    /* it is decided where the streams begin */
    bool reset;
    bool fin[2];             /* by direction */
    bool midstream[2];       /* the beginning was not captured */
    int64_t hole[2];         /* by direction: end of the last one */
    int64_t missed[2];       /* bytes were lost or not understood at first: where
                               * the other stream stood then; 0: were not */
    bool carries;            /* payload was seen */
    bool open;               /* both ends have said SYN, and the client knows it */
    struct endpoint from[2]; /* who sends in that direction */
    struct stream stream[2];
    struct pairing *http;
    struct early *early; /* first bytes, too few to tell what they are */
    struct asked *asked; /* SYN with data that was passed over, or NULL */
    uint64_t segments;
    uint64_t unclear_bytes; /* payload before it was recognised */
};

/* Start with the first segment, which goes in direction `dir`. */
void connection_init(struct connection *c, uint64_t number, const struct segment *s, int dir);

/* Take a segment. `now` is the capture's clock: packet time that does not go
 * backwards for packets that are out of order. */
void connection_segment(struct connection *c, const struct pair_context *ctx,
                        const struct segment *s, int dir, int64_t now);

/* True if this segment starts another connection between the same ports. */
bool connection_is_replaced(struct connection *c, const struct segment *s, int dir);

/* A connection is replaced by what this segment begins, which answers a SYN that
 * was passed over: take out that SYN if it has data, which do not come again. NULL
 * if there is none. The new connection takes it in with connection_take_asked(),
 * which frees it. */
struct asked *connection_asked(struct connection *c, const struct segment *s, int dir);
void connection_take_asked(struct connection *c, const struct pair_context *ctx, struct asked *a,
                           int64_t now);
void connection_drop_asked(struct asked *a, struct budget *b);

/* True if nothing new is expected but stragglers. */
bool connection_is_over(const struct connection *c);

/* True if bytes wait for others that are missing. */
bool connection_waits(const struct connection *c);

/* True if that, or an answer is held until it is sure whose it is. */
bool connection_is_unsure(const struct connection *c);

/* How long bytes wait for missing ones that were acknowledged: so much packet
 * time, or so many segments of the connection. Packets that were reordered on
 * the way come sooner. */
enum { CONNECTION_PATIENCE_SECONDS = 1, CONNECTION_PATIENCE_SEGMENTS = 16 };

/* Time has passed: give up waiting where it took too long. */
void connection_nudge(struct connection *c, const struct pair_context *ctx, int64_t now);

/* End it: hand on all it held, count it and free what it owns. */
void connection_end(struct connection *c, const struct pair_context *ctx, int64_t now);

#endif

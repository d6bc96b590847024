/* connection.h -- one TCP connection: its two streams, in causal order.
 *
 * Bytes of one direction are passed on only after the bytes of the other that
 * their sender had received, so that a response never comes before its
 * request, however the packets were ordered in the capture. Bytes that do not
 * come are waited for, but not for ever.
 *
 * A connection that turns out not to speak HTTP/1 costs next to nothing from then
 * on.
 */
#ifndef MIRRORCTL_CAPTURE_CONNECTION_H
#define MIRRORCTL_CAPTURE_CONNECTION_H

#include "capture/asked.h"
#include "capture/packet.h"
#include "capture/speech.h"
#include "capture/stream.h"

struct connection {
    bool settled; /* it is decided where the streams begin */
    bool reset;
    bool fin[2];     /* by direction */
    int64_t hole[2]; /* by direction: end of the last one */
    bool carries;    /* payload was seen */
    bool open;       /* both ends have said SYN, and the client knows it */
    struct stream stream[2];
    struct speech speech;
    struct asked *asked; /* SYN with data that was passed over, or NULL */
    uint64_t segments;
};

/* Start with the first segment, which goes in direction `dir`. The connection stays
 * where it is from now on. */
void connection_init(struct connection *c, uint64_t number, const struct segment *s, int dir);

/* Take a segment. `now` is the capture's clock: packet time that does not go
 * backwards for packets that are out of order. */
void connection_segment(struct connection *c, const struct pair_context *ctx,
                        const struct segment *s, int dir, int64_t now);

/* True if this segment starts another connection between the same ports. */
bool connection_is_replaced(struct connection *c, const struct segment *s, int dir);

/* A connection is replaced by what this segment begins, which answers a SYN that
 * was passed over: take out that SYN if it has data, to be the new connection's
 * first segment. NULL if there is none; else the caller frees it. */
struct asked *connection_asked(struct connection *c, const struct segment *s, int dir);

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

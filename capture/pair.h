/* pair.h -- the requests of one connection with their responses.
 *
 * Fed both directions in causal order, it finds the messages in them and puts
 * each response to the request it answers. On a clean connection that is the
 * oldest one open (RFC 9112, 9.3.2). When bytes were lost nobody can count any
 * more; then only what the acknowledgements prove is believed, and what stays
 * open is left unanswered: a response never shifts to another request.
 */
#ifndef MIRRORCTL_CAPTURE_PAIR_H
#define MIRRORCTL_CAPTURE_PAIR_H

#include "capture/budget.h"
#include "capture/capture.h"
#include "capture/stream.h"
#include "core/exchange.h"
#include "core/http1.h"

/* What all connections have in common. */
struct pair_context {
    struct capture_stats *stats;
    struct budget *budget;
    size_t max_body;
    void (*put)(void *ctx, struct exchange *x); /* takes x over */
    void *ctx;
};

struct pair_origin {
    uint64_t connection;
    struct endpoint client, server;
    bool answered;     /* requests whose first line is none were answered by HTTP */
    bool midstream[2]; /* by side: its beginning was not captured */
    int64_t pos[2];    /* by side: of the first byte that will be fed */
    int64_t seen;      /* requests were missed: one that comes after them has
                        * seen the responses up to here at least; else 0 */
};

/* Requests whose answers are due, at most. Beyond it the oldest is handed on
 * without, and counted: mostly the answers are not captured. */
enum { PAIR_MAX_OPEN = 1024 };

struct pairing;

/* NULL when there is no memory. The context must live longer. */
struct pairing *pairing_new(const struct pair_context *c, const struct pair_origin *origin);

/* Hand on what is still open, in order, and free. NULL is fine. */
void pairing_free(struct pairing *p);

/* Take the next bytes of a side. `ack` is the position in the other side's
 * stream up to which the sender had received, -1 if not known. Returns -1 when
 * there is no memory; then the pairing can only be freed. */
int pairing_feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack);

/* The next `n` bytes of a side, from `pos` on, were not captured. */
int pairing_gap(struct pairing *p, enum http1_side side, int64_t pos, uint64_t n, int64_t ns);

/* Bytes came again that were fed already; `other` if it is known that they were
 * others. Marks the messages that are still here and have other bytes there.
 * True if there are such, or `other`. */
bool pairing_repeat(struct pairing *p, enum http1_side side, int64_t pos, struct str bytes,
                    bool other);

/* True while answers are held back since they may be for requests that were sent
 * before the capture began; pairing_let_go() lets them go, as time has passed
 * in which that would mostly have shown. */
bool pairing_holds(const struct pairing *p);
void pairing_let_go(struct pairing *p, int64_t now);

enum pair_end {
    PAIR_CLOSED, /* in order, with FIN */
    PAIR_RESET,
    PAIR_CUT, /* the capture ends, or the connection was given up */
};

/* A side has ended. */
int pairing_end(struct pairing *p, enum http1_side side, enum pair_end how);

#endif

/* manners.h -- does a client wait for its answers before it asks on?
 *
 * Most do, and then what a client had received when it asked tells which answers
 * it had. One that pipelines (RFC 9112, 9.3.2) mostly sends a burst and waits for
 * all of it. One that overlaps asks on while it knows that answers are still to
 * come; what it had received tells nothing.
 */
#ifndef MIRRORCTL_CAPTURE_MANNERS_H
#define MIRRORCTL_CAPTURE_MANNERS_H

#include "capture/side.h"

struct manners {
    bool pipelined;   /* the client has been seen pipelining, */
    bool overlapping; /* and not waiting for all it had asked for */
    unsigned bursts;  /* how often a client that pipelines has waited */
    struct {
        int64_t seen;
        bool same; /* as the one before */
        bool fresh;
    } previous;     /* request */
    int64_t least;  /* of what the requests in the pipeline had seen; or less */
    int64_t caught; /* behind the first byte of the responses whose sender had all
                     * requests so far; 0: none came */
};

/* All that has no answer is known to have none. */
#define MANNERS_ALL_KNOWN INT64_MIN

/* A request begins: what does it tell? `known`: where answers may have been lost,
 * or not been known for such, only a fresh request that had seen that much is
 * known to have none. True if the client turns out to overlap. */
bool manners_request(struct manners *m, struct pipeline *pl, const struct side *side,
                     const struct pending *e, int64_t known);

/* It is the previous one from now on. */
static inline void manners_remember(struct manners *m, const struct pending *e)
{
    m->previous.same = e->seen == m->previous.seen;
    m->previous.seen = e->seen;
    m->previous.fresh = e->standing == FRESH;
}

/* Bytes of the requests have been read, up to which the sender of responses has not
 * been seen to be. */
static inline void manners_requests_read(struct manners *m)
{
    m->caught = 0;
}

/* Bytes of the responses come, whose sender had `ack` of the requests. True if the
 * client turns out to overlap. */
bool manners_responses(struct manners *m, const struct pipeline *pl, const struct piece *piece,
                       int64_t ack, int64_t requests_end);

/* Is a request of a client that pipelines the first of a new burst? */
bool manners_begins_burst(const struct manners *m, struct pipeline *pl, const struct side *side,
                          const struct pending *e);

#endif

/* doubt.h -- whose is a response?
 *
 * While nothing is missing it is the first waiting request's. Once messages may
 * have been lost, on either side, there is doubt until it is proved again who is
 * answered. Told of everything that bears on it, this says whose a response is,
 * or that nobody knows.
 */
#ifndef MIRRORCTL_CAPTURE_DOUBT_H
#define MIRRORCTL_CAPTURE_DOUBT_H

#include "capture/manners.h"

struct doubt {
    const struct side *side; /* both of them */
    struct pipeline *pipeline;
    struct manners manners;
    bool any;
    uint32_t flags;    /* for requests that stay unanswered for it */
    unsigned unplaced; /* responses since then that answer one of those waiting */

    /* Positions in the responses. */
    int64_t beyond; /* a client that had seen this had all that may be missing */
    int64_t damage; /* end of what was lost or skipped last */
    int64_t stray;  /* behind the beginning of the last response left out */
    int64_t ahead;  /* first byte whose sender may have received more of the requests
                     * than was fed; 0 is none */

    /* Requests that may be missing. */
    struct {
        bool any;
        int64_t at;      /* end of what was lost last; 0: nobody knows where */
        int64_t seen;    /* a client that had seen this had some of the responses whose
                          * sender had all up to there; 0: none came */
        int64_t resumed; /* what the client had seen at the most when it went on */
    } lost;
};

void doubt_init(struct doubt *d, const struct side *side, struct pipeline *pl,
                const struct pair_origin *origin);

/* Bytes of the requests come; and they have been read. */
static inline void doubt_requests_come(struct doubt *d)
{
    d->ahead = 0;
}

static inline void doubt_requests_read(struct doubt *d)
{
    manners_requests_read(&d->manners);
}

/* Bytes of the responses come, whose sender had `ack` of the requests. */
void doubt_responses_come(struct doubt *d, const struct piece *piece, int64_t ack);

/* The bytes of a side from `pos` up to where it was fed are missing. */
void doubt_gap(struct doubt *d, int side, int64_t pos);

/* Messages of a side may be missing up to where it was fed; of the responses, up
 * to `pos`. Requests that stay unanswered for it get the flags. */
void doubt_lost(struct doubt *d, int side, uint32_t flags);
void doubt_lost_responses(struct doubt *d, int64_t pos, uint32_t flags);

/* The same of the requests, for bytes that were passed over, which did not begin
 * on a line of their own. */
void doubt_skipped_requests(struct doubt *d);

/* Answers to requests of which nobody knows may come. */
void doubt_unknown_requests(struct doubt *d, uint32_t flags);

/* There are none, but for those that were lost. */
void doubt_all_known(struct doubt *d);

/* No answer will be taken for `e`, though it may come. */
void doubt_give_up(struct doubt *d, struct pending *e);

/* No more answers come. */
void doubt_give_up_all(struct doubt *d, uint32_t flags);

/* A request has begun. */
void doubt_request(struct doubt *d, struct pending *e);

/* Whose is a response that begins at `pos`, and whose sender had `ack` of the
 * requests? NULL if that is not known. If it is, older ones will not be answered,
 * and the doubt may be over. */
struct pending *doubt_whose(struct doubt *d, int64_t pos, int64_t ack);

/* Such a response, a final one, is nobody's that is known. */
void doubt_left_out(struct doubt *d, int64_t pos, int64_t ack);

/* Had the sender of a response received more of the requests than we know? */
static inline bool doubt_saw_more(const struct doubt *d, int64_t ack)
{
    return ack > d->side[REQ].pos + d->side[REQ].ended; /* FIN counts as a byte */
}

/* Bytes of the responses up to `pos` were passed over. There may be answers in them,
 * also such as a request may lack for which another is taken. */
static inline void doubt_skipped_responses(struct doubt *d, int64_t pos)
{
    d->damage = pos;
}

static inline bool doubt_may_lack(const struct doubt *d, const struct pending *e)
{
    return e->seen < d->damage;
}

#endif

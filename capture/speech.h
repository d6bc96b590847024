/* speech.h -- what is spoken on a connection.
 *
 * Hears both directions, each in order and in causal order to each other. Once
 * the first bytes tell what it is, it is counted. HTTP/1 goes on to be paired;
 * anything else is over: nothing more is wanted of it.
 */
#ifndef MIRRORCTL_CAPTURE_SPEECH_H
#define MIRRORCTL_CAPTURE_SPEECH_H

#include "capture/opening.h"
#include "capture/packet.h"
#include "capture/pair.h"

struct speech {
    struct stream *stream; /* both of them */
    enum protocol protocol;
    uint64_t number;         /* of the connection */
    struct endpoint from[2]; /* who sends in that direction */
    struct opening opening;
    struct pairing *http;
};

/* Start with the first segment, which goes in direction `dir`. The streams stay
 * where they are. */
void speech_init(struct speech *sp, struct stream *stream, uint64_t number, const struct segment *s,
                 int dir);

/* Is nothing more wanted of it? */
static inline bool speech_is_over(const struct speech *sp)
{
    return sp->protocol > PROTOCOL_HTTP;
}

/* A SYN goes in direction `dir`; `answers`: it acknowledges that of the other end. */
static inline void speech_syn(struct speech *sp, int dir, bool answers)
{
    if (sp->protocol == PROTOCOL_UNKNOWN)
        opening_syn(&sp->opening, dir, answers);
}

/* The beginning of a direction, of which nothing was heard yet, was not captured. */
static inline void speech_midstream(struct speech *sp, int dir)
{
    sp->opening.midstream[dir] = true;
}

/* The next bytes of a direction, which the stream has passed. */
void speech_hear(struct speech *sp, const struct pair_context *ctx, int dir, const struct piece *p);

/* The stream has passed `n` bytes, from `pos` on, that will not come. */
void speech_gap(struct speech *sp, const struct pair_context *ctx, int dir, int64_t pos, int64_t n,
                int64_t now);

/* Bytes came again; `other` if it is known that they were others. True if they
 * were, which marks what is still here of them. */
bool speech_repeat(struct speech *sp, int dir, int64_t pos, struct str bytes, bool other);

/* Are answers held back until it is sure whose they are? A moment has passed: let
 * them go. */
static inline bool speech_holds(const struct speech *sp)
{
    return sp->http && pairing_holds(sp->http);
}

void speech_let_go(struct speech *sp, int64_t now);

/* A direction has ended in order, with FIN; and both have. */
void speech_closed(struct speech *sp, const struct pair_context *ctx, int dir);
void speech_all_closed(struct speech *sp);

/* There is no memory for it: hand on what is there and forget the rest. */
void speech_give_up(struct speech *sp, const struct pair_context *ctx);

/* Nothing more comes: hand on all of it, count it and free what it owns.
 * `carried`: there was payload, though perhaps none that was heard. */
void speech_end(struct speech *sp, const struct pair_context *ctx, enum pair_end how, bool carried);

#endif

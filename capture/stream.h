/* stream.h -- one direction of a TCP connection, put in order.
 *
 * Sequence numbers are unwrapped to 64 bits, so that they never wrap and can
 * be compared. Pieces that come too early wait in a queue; pieces in order go
 * through without being copied. Of two copies of the same bytes the first one
 * wins, and if the second differs that is noted.
 *
 * A stream does not know where it begins until it is anchored: by a SYN, by
 * the other side's acknowledgement of one, or by decision when the beginning
 * was not captured. Until then everything waits.
 */
#ifndef MIRRORCTL_CAPTURE_STREAM_H
#define MIRRORCTL_CAPTURE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/budget.h"
#include "core/str.h"

enum {
    STREAM_WINDOW = 16 * 1024 * 1024, /* further ahead, or twice as far behind, is no
                                       * number of this stream */
    STREAM_MAX_HELD = 1024 * 1024,    /* bytes that wait, at most */
    STREAM_MAX_PIECES = 1024,
    STREAM_PAST = 8, /* delivered pieces that are remembered */
};

/* Consecutive bytes of a stream. */
struct piece {
    int64_t pos;      /* of the first byte */
    struct str bytes; /* captured; then */
    uint32_t missing; /* so many that were not, the packet being cut; then */
    bool urgent;      /* one that TCP delivers apart from the stream */
    bool conflict;    /* another copy had other bytes */
    bool has_ack;
    uint32_t ack; /* what the sender had received when it sent this */
    int64_t ns;
    uint64_t segment; /* of the connection, the how-manieth brought it */
};

struct held;

struct stream {
    bool anchored;
    bool referenced; /* `next` relates positions to numbers */
    bool has_syn;
    bool has_fin;
    bool ended;          /* all up to FIN was delivered */
    unsigned strays;     /* segments in a row outside of the window */
    int64_t syn;         /* position of SYN */
    int64_t next;        /* delivered up to here */
    int64_t top;         /* highest position seen */
    int64_t acked;       /* highest acknowledgement by the other side */
    int64_t first_shown; /* before the stream was anchored, the lowest position of an
                          * acknowledgement or of a segment without bytes; 0 is none */
    int64_t shown_early; /* the same, of those that came before the first bytes */
    int64_t before;      /* what is missing up to here went by before the capture began */
    int64_t excused;     /* the other side need not wait for what is before */
    int64_t fin;         /* position of FIN */
    struct held *first, *last;
    size_t held_bytes;
    unsigned held_pieces;
    uint64_t segments; /* seen */

    /* Fingerprints of what was delivered last, to tell honest
     * retransmissions from others. */
    struct {
        uint32_t pos; /* its low bits */
        uint32_t len;
        uint32_t hash;
    } past[STREAM_PAST];
    unsigned past_at;
};

static inline int64_t piece_end(const struct piece *p)
{
    return p->pos + (int64_t)p->bytes.len + p->missing + p->urgent;
}

/* The position that belongs to a sequence number. */
int64_t stream_position(struct stream *s, uint32_t seq);

/* Decide where the stream begins. What waits before that is let go. */
void stream_anchor(struct stream *s, int64_t pos, struct budget *b);

enum stream_fate {
    STREAM_NEXT,  /* in order; *p was cut to what is new: deliver it now */
    STREAM_HELD,  /* copied into the queue */
    STREAM_OLD,   /* all of it was there already */
    STREAM_STRAY, /* outside of the window */
    STREAM_NOMEM,
};

/* What happened to a piece, besides. */
struct stream_note {
    uint64_t repeated; /* bytes that were there already */
    bool conflict;     /* and some of them differed; */
    bool delivered;    /* from such as were passed on already */
    bool probe;        /* it keeps the connection alive: what it repeats says nothing */
};

/* Do two copies of parts of a stream have the same bytes where both have some? */
bool stream_agree(int64_t a_pos, struct str a, int64_t b_pos, struct str b);

/* Take a piece in. After STREAM_NEXT the caller either calls stream_deliver()
 * with it, or stream_hold() because it must wait. */
enum stream_fate stream_add(struct stream *s, struct piece *p, struct budget *b,
                            struct stream_note *note);
enum stream_fate stream_hold(struct stream *s, const struct piece *p, struct budget *b);

/* Note that a piece at `next` was passed on. */
void stream_deliver(struct stream *s, const struct piece *p);

/* The first piece that waits, or NULL; it may begin behind `next`. */
const struct piece *stream_head(const struct stream *s);

/* Take that piece out; its bytes end with stream_release_piece(). */
struct held *stream_pop(struct stream *s, struct budget *b);
const struct piece *stream_piece(const struct held *h);
void stream_release_piece(struct held *h);

/* True if more waits than may. */
bool stream_is_full(const struct stream *s);

/* Forget what waits. */
void stream_clear(struct stream *s, struct budget *b);

#endif

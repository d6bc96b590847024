/* side.h -- the requests of a connection, or its responses, as they are read.
 *
 * What a side says about itself: how far it has come and when, what its sender
 * had of the other side by then, and whose message is in the framer. The owner
 * feeds the framer and keeps this up to date.
 */
#ifndef MIRRORCTL_CAPTURE_SIDE_H
#define MIRRORCTL_CAPTURE_SIDE_H

#include "capture/pipeline.h"

/* The circumstances of a byte. */
struct mark {
    int64_t pos;
    int64_t ns;
    int64_t ack; /* what its sender had of the other side, -1 if not known */
};

struct side {
    struct http1 framer;
    struct pending *reading; /* whose message that is, or NULL */
    struct mark mark;        /* of the bytes at hand */
    struct mark partial;     /* of a head that is not whole yet, if it `is_partial` */
    int64_t pos;             /* fed up to here */
    int64_t at;              /* framed up to here */
    int64_t last_ns;         /* when bytes came last */
    int64_t top;             /* behind the last byte that was captured */
    int64_t top_ack;         /* highest position that their sender had received */
    uint64_t content;        /* content of the message so far */
    uint32_t flags;          /* for the next message */
    bool is_partial;
    bool begun;
    bool ended;
};

/* Has nothing come from either side for a moment? */
bool side_both_quiet(const struct side *side, int64_t now);

/* What has come of a head that is not whole yet. */
struct str side_partial_head(const struct side *s);

/* Note when that began, after a piece that begins at `piece_pos`; and tell it for
 * the head that begins at `start`, once it is whole. */
void side_mark_partial(struct side *s, int64_t piece_pos);
struct mark side_begin_head(struct side *s, int64_t piece_pos, int64_t start);

/* Flags of the bytes at hand go to the message being read, and to those that
 * begin in them. The latter stay until all that may begin there has. */
void side_set_flags(struct side *s, uint32_t flags);
void side_clear_flags(struct side *s);

/* Do the first bytes seen of a stream begin within a message? */
bool side_begins_within(const struct side *s, const struct piece *piece);

/* Does a message begin with this piece, whatever the framer thinks? */
bool side_begins_message(const struct side *s, struct str bytes);

/* Does a request, of a piece that is missing its end? */
bool side_begins_cut_request(const struct side *s, struct str bytes, int64_t ack);

/* Bytes that came again. */
struct repeat {
    int64_t pos, end;
    struct str bytes;
    bool other; /* it is known that there were others */
};

/* Does a message that is being read, or was and still stands in the pipeline, hold
 * other bytes in the same place? Then it is marked. The same for a head that is
 * not whole yet. */
bool side_contradicts(const struct side *s, struct pending *e, const struct repeat *r);
bool side_contradicts_head(struct side *s, const struct repeat *r);

#endif

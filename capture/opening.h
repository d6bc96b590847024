/* opening.h -- how a connection opens: who is its client, and what is spoken.
 *
 * SYNs tell who is the client, and else what is spoken does, which the first
 * bytes of either side tell. While they are too few for that they are kept. A
 * direction that was captured from mid-stream on may begin inside a message: what
 * tells nothing there is passed over.
 */
#ifndef MIRRORCTL_CAPTURE_OPENING_H
#define MIRRORCTL_CAPTURE_OPENING_H

#include "capture/recognise.h"
#include "capture/stream.h"

struct early;

struct opening {
    const struct stream *stream; /* both of them */
    struct early *early;         /* first bytes, too few to tell what they are */
    int8_t client;               /* direction whose sender is the client; -1: not known */
    bool both_asked;             /* each end sent SYN before it had the other's (RFC 9293, 3.5) */
    bool midstream[2];           /* by direction: the beginning was not captured */
    int64_t missed[2];           /* bytes were lost or not understood: where the other
                                  * stream stood then; 0: were not */
    uint64_t passed_over;        /* bytes of payload in front of what is spoken */
};

void opening_init(struct opening *o, const struct stream *stream);

/* A SYN goes in direction `dir`; `answers`: it acknowledges that of the other end. */
void opening_syn(struct opening *o, int dir, bool answers);

/* Take the next bytes of a direction. PROTOCOL_UNKNOWN while nothing tells, and
 * PROTOCOL_IGNORED when there is no memory. For PROTOCOL_HTTP the client is known
 * then, and if nothing is kept of that direction, *p is cut to what is spoken. */
enum protocol opening_hear(struct opening *o, int dir, struct piece *p, struct budget *b);

/* No more of a direction's first bytes come: what is there of a start line may tell
 * nevertheless. PROTOCOL_HTTP, and then the client is known, or PROTOCOL_UNKNOWN. */
enum protocol opening_cut(struct opening *o, int dir);

/* A hole cuts them off from what follows, and they told nothing. */
void opening_lose(struct opening *o, int dir);

/* What is kept of a direction, or NULL. */
const struct piece *opening_kept(struct opening *o, int dir);

/* Bytes came again; `other` if it is known that they were others. True if so, or
 * if what is kept differs from them, which is marked. */
bool opening_repeat(struct opening *o, int dir, int64_t pos, struct str bytes, bool other);

/* Forget what is kept. */
void opening_clear(struct opening *o, struct budget *b);

#endif

/* question.h -- is the request over, or do these bytes belong to it?
 *
 * Two requests do not say where they end. One whose content was refused with a
 * final response instead of 100 may still send it, or go on with the next
 * request (RFC 9110, 10.1.1). And one with several lengths has been read up to
 * one of them. What follows tells, and is held back as long as it does not.
 */
#ifndef MIRRORCTL_CAPTURE_QUESTION_H
#define MIRRORCTL_CAPTURE_QUESTION_H

#include "capture/side.h"

struct question {
    bool at_length;     /* the request is over, if this is its length */
    struct buf bytes;   /* that are held back; they came */
    struct piece piece; /* there and then */
    int64_t ack;
};

enum request_is { REQUEST_UNCLEAR, REQUEST_GOES_ON, REQUEST_OVER };

void question_init(struct question *q);

/* Was the content that a request announced refused, before any of it came? */
bool question_refused(const struct side *requests);

/* Does it matter what the next bytes are, whose sender had `ack` of the responses? */
bool question_arises(const struct question *q, const struct side *requests, int64_t ack);

/* What does the next piece tell, behind what is held? If nothing, it is held, too. */
enum request_is question_hear(struct question *q, const struct piece *piece, int64_t ack);

/* What does that tell which is held, as no more comes? Never REQUEST_UNCLEAR. */
enum request_is question_decide(const struct question *q);

/* Take out what is held: the caller frees it. */
struct buf question_take(struct question *q);

/* Forget what is held, and the question. */
void question_drop(struct question *q);

#endif

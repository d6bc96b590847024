/* asked.h -- a SYN with data (RFC 7413) that was passed over.
 *
 * Within an open connection a SYN with a foreign number begins nothing, unless
 * its receiver agrees to it. Its data do not come again then, so they are kept
 * until the answer shows.
 */
#ifndef MIRRORCTL_CAPTURE_ASKED_H
#define MIRRORCTL_CAPTURE_ASKED_H

#include "capture/budget.h"
#include "capture/packet.h"

struct asked {
    int dir;
    struct segment segment; /* whose bytes are these: */
    char bytes[];
};

/* Keep a copy. NULL when there is no memory. */
struct asked *asked_new(const struct segment *s, int dir, struct budget *b);

/* Does this segment agree to it? */
bool asked_is_answered(const struct asked *a, const struct segment *s, int dir);

/* NULL is fine. */
void asked_free(struct asked *a, struct budget *b);

#endif

/* midstream.h -- what was under way when the capture began.
 *
 * A client that pipelines may have had requests under way by then. Nothing tells
 * them apart from none until there is an answer too many: then the first one
 * captured was theirs, and each behind it is one off. So answers are held until
 * the client goes on, which proves nothing if it does not wait for them, or for a
 * moment. That they were right is known when all is answered and nothing comes
 * for a moment; until then they are marked.
 */
#ifndef MIRRORCTL_CAPTURE_MIDSTREAM_H
#define MIRRORCTL_CAPTURE_MIDSTREAM_H

#include "capture/doubt.h"

struct midstream {
    struct side *side; /* both of them */
    struct pipeline *pipeline;
    struct doubt *doubt;
    bool unproven; /* requests sent before the capture may be under way */
};

/* A request has begun, while that is not known. */
void midstream_request(struct midstream *m, const struct pending *e);

/* A moment has passed. */
void midstream_pause(struct midstream *m, int64_t now);

/* Something shows that answers were taken for requests that they were not for:
 * take those back that are held, and doubt. */
void midstream_disbelieve(struct midstream *m);

#endif

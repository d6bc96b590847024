/* content.h -- the content of a message, kept as it comes.
 *
 * Up to a ceiling it lies in one piece in the arena of its exchange. Of what is
 * longer the beginning is kept and marked as truncated, and a hash of all of it.
 */
#ifndef MIRRORCTL_CAPTURE_CONTENT_H
#define MIRRORCTL_CAPTURE_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/http.h"

struct XXH64_state_s;

struct content {
    size_t max;                 /* bytes to keep */
    size_t cap;                 /* room for them so far */
    struct XXH64_state_s *hash; /* once there is more */
};

/* Append to the body of `m`. Returns -1 when there is no memory. */
int content_add(struct content *c, struct http_message *m, struct arena *mem, struct str piece);

/* Nothing more of it comes. */
void content_end(const struct content *c, struct http_message *m);

/* How much memory an exchange may need for its two. A body that grows in an arena
 * may leave its smaller copies behind. */
static inline size_t content_limit(size_t max)
{
    return max > SIZE_MAX / 8 ? SIZE_MAX : max * 8;
}

#endif

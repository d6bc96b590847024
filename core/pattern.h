/* pattern.h -- GET /users/{id}: which requests somebody means.
 *
 * A pattern is a path, with or without a method in front. {name} and a star
 * stand for one segment that is not empty, {name} also for a part of one
 * ({id}.json); a star at the end for all that follows, even nothing: below /admin are /admin/ and /admin/a/b, but not
 * /admin. Paths are compared byte by byte, methods in any case, since who types
 * "get" means GET.
 */
#ifndef MIRRORCTL_CORE_PATTERN_H
#define MIRRORCTL_CORE_PATTERN_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"

struct pattern {
    struct str method; /* empty: any */
    struct str path;
};

/* Read it; views into `text`. Returns 0, or -1 with *e set (ERR_USAGE). */
int pattern_read(struct pattern *p, struct str text, struct err *e);

/* What in this path keeps it from fitting any, since patterns cannot say that: a query,
 * or a star that is only a part of a segment. For people; NULL: nothing does. Where
 * a pattern keeps something out, fitting nothing must not pass unseen. */
const char *pattern_overdone(struct str path);

/* Does it fit a request for this path, which is without query? */
bool pattern_fits(const struct pattern *p, struct str method, struct str path);

/* True for the segments that fit any: a star, {name}. */
bool pattern_is_wild(struct str segment);

#endif

/* match.h -- --only and --skip: which paths copies may be sent for.
 *
 * A pattern (core/pattern.h) is compared with the path as a server reads it:
 * without query, percent-encoding of anything but "/" undone, "//" and "." and
 * ".." resolved, absolute-form as the path in it. To skip, a second and more
 * generous reading counts as well, in which %2F and \ are slashes, ";v=1" is no
 * part of a segment and a slash at the end does not matter: some servers read
 * so, and what was to be kept from them must not get there in disguise.
 */
#ifndef MIRRORCTL_REPLAY_MATCH_H
#define MIRRORCTL_REPLAY_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/pattern.h"
#include "core/str.h"

struct patterns {
    struct pattern *list;
    size_t n;
};

struct match {
    struct patterns only, skip;
    struct arena mem;
    char *room; /* for a path; NULL: there is no pattern */
};

/* Read the patterns. Returns 0 with *m to be released, or -1 with *e set
 * (ERR_USAGE names the option and the pattern). */
int match_init(struct match *m, const char *const *only, size_t n_only, const char *const *skip,
               size_t n_skip, struct err *e);

/* May this request be sent? If it is skipped, no; else if there is anything
 * under --only, only what fits. The target is at most a head long. */
bool match_allows(const struct match *m, struct str method, struct str target);

/* Fine on a zeroed struct. */
void match_release(struct match *m);

#endif

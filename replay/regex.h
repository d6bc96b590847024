/* regex.h -- regular expressions as Envoy reads them: RE2's, all of the text.
 *
 * PCRE2 does the matching, anchored at both ends and within limits, so that no
 * expression can take long: one that runs into a limit says so and counts as
 * not fitting. Before that the source is read by RE2's rules (regex_source.h),
 * which refuses what RE2 refuses.
 *
 * Characters are those of UTF-8, in sources and texts, as they are to Envoy;
 * (?i) folds them as Unicode does. Bytes that are no UTF-8 fit nothing.
 */
#ifndef MIRRORCTL_REPLAY_REGEX_H
#define MIRRORCTL_REPLAY_REGEX_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

struct regex;

enum { REGEX_MAX = 1024, REGEX_MAX_REPEAT = 1000 };

/* What is wrong with a source. */
enum regex_fault {
    REGEX_FINE,
    REGEX_UNSUPPORTED, /* RE2 allows it, mirrorctl does not: E460 */
    REGEX_REFUSED,     /* RE2 does not allow it either: E461 */
    REGEX_TOO_LARGE,   /* E462 */
    REGEX_BROKEN,      /* no regular expression: E463 */
};

/* Compile it. NULL with *fault and *offset (bytes) where and *e what is wrong, or with
 * REGEX_FINE where there is no memory. */
struct regex *regex_new(struct str source, enum regex_fault *fault, size_t *offset, struct err *e);
void regex_free(struct regex *r);

enum regex_answer { REGEX_FITS, REGEX_FITS_NOT, REGEX_LIMIT };

/* Does it fit all of `text`? Threads may share a regex. */
enum regex_answer regex_fits(const struct regex *r, struct str text);

/* What every text begins with that it fits, as far as that is plain to see; may be
 * empty. Lives as long as the regex. */
struct str regex_beginning(const struct regex *r);

/* Replace every part of `text` that it fits by `to`, in which \0 to \9 are its groups
 * and \\ is a backslash. Appends to `out`. Returns 0, or -1 with *e set: with ERR_INPUT it
 * is this text that ran into a limit, or would have become too long for `out`. */
int regex_replace(const struct regex *r, struct str text, struct str to, struct buf *out,
                  struct err *e);

/* Is `to` such a text, and are its groups there? Returns 0, or -1 with *e set. */
int regex_check_replacement(const struct regex *r, struct str to, struct err *e);

#endif

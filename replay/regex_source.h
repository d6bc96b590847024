/* regex_source.h -- what a regular expression of RE2's says, in PCRE2's words.
 *
 * The two languages share most signs and not all of their meanings: PCRE2's $
 * fits before a last line break, its \s knows one character more, and so on. So
 * nothing of the source is handed on as it is: it is read here by RE2's rules,
 * and said again in words that mean the same to PCRE2. What RE2 refuses has no
 * such words, and what mirrorctl does not support gets none.
 */
#ifndef MIRRORCTL_REPLAY_REGEX_SOURCE_H
#define MIRRORCTL_REPLAY_REGEX_SOURCE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "replay/regex.h"

enum { REGEX_MAX_NESTING = 250 };

struct regex_words {
    struct buf words;     /* for PCRE2 */
    struct buf beginning; /* what every text that fits begins with, as far as that is plain */
    bool any_case, dot_all;
    unsigned groups; /* that have a number */
    unsigned widest; /* the largest repeat, of {n,m} */
    enum regex_fault fault;
    size_t offset; /* of the fault, in bytes of the source */
};

/* Read `source`. Returns 0, or -1 with *e set and w->fault and w->offset, which is
 * REGEX_FINE where there was no memory. */
int regex_words_read(struct regex_words *w, struct str source, struct err *e);

/* Fine on a zeroed struct. */
void regex_words_release(struct regex_words *w);

#endif

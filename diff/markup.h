/* markup.h -- HTML and XML: tags out of our words, text out of anybody's.
 *
 * What stands in a page comes from two places, and each has its own function:
 * markup_raw() and markup_fmt() take literals of ours, markup_text() takes bytes
 * of the network. Those are first written as for a terminal (controls, marks
 * that turn the direction, what is not UTF-8 become visible escapes) and then
 * < > & " ' become references, so text is inert in elements and in quoted
 * attributes, and holds no character that XML 1.0 refuses. The first failure
 * sticks and is told by markup_end().
 */
#ifndef MIRRORCTL_DIFF_MARKUP_H
#define MIRRORCTL_DIFF_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

struct markup {
    struct buf *out;
    struct err *e;
    struct buf scratch; /* text on its way */
    bool failed;
};

void markup_begin(struct markup *m, struct buf *out, struct err *e);
int markup_end(struct markup *m); /* 0, or -1 if anything failed; frees */

/* Our own words, as they are. */
void markup_raw(struct markup *m, const char *text);
void markup_bytes(struct markup *m, const char *bytes, size_t n);

/* Our own words with numbers and more words of ours: never foreign text. */
void markup_fmt(struct markup *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text from anywhere; the second cut to `columns`, with an ellipsis. */
void markup_text(struct markup *m, struct str s);
void markup_cut(struct markup *m, struct str s, size_t columns);

/* The same for a sentence of ours that may hold such text. */
void markup_words(struct markup *m, const char *text);

#endif

/* page.h -- lines of a text report: columns, colour, and a sticky failure.
 *
 * Everything is counted in columns, so that what was escaped or cut still lines
 * up. The first failure sticks and is told by page_end().
 */
#ifndef MIRRORCTL_DIFF_PAGE_H
#define MIRRORCTL_DIFF_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "diff/diff.h"

enum page_colour { PAGE_PLAIN, PAGE_BOLD, PAGE_RED, PAGE_GREEN, PAGE_YELLOW, PAGE_DIM };

struct page {
    const struct report_style *style;
    struct buf *out;
    struct err *e;
    size_t column; /* of the line being written */
    bool is_blank; /* so far, but for blanks */
    bool failed;
};

void page_begin(struct page *p, const struct report_style *style, struct buf *out, struct err *e);
int page_end(const struct page *p); /* 0, or -1 if anything failed */

/* Columns left in this line. */
size_t page_left(const struct page *p);

/* Foreign text, escaped, at most `columns` wide; in a colour. What a runner of
 * GitHub's actions would obey is escaped too: reports are printed there. */
void page_str(struct page *p, enum page_colour colour, struct str s, size_t columns);

/* The same in as many lines as it takes, each from this column on. */
void page_wrapped(struct page *p, enum page_colour colour, struct str s);

/* Our own words, escaped all the same. */
void page_text(struct page *p, enum page_colour colour, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Blanks up to a column; at least one if it is passed already. */
void page_to(struct page *p, size_t column);

/* Text that ends at a column; a blank apart from what is before it if that goes so far. */
void page_right(struct page *p, enum page_colour colour, const char *text, size_t column);

void page_line(struct page *p); /* end the line */

/* An empty line, unless one was just written. */
void page_gap(struct page *p);

#endif

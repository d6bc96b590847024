/* printable.h -- text for a terminal out of bytes from anywhere.
 *
 * Bodies, headers and paths come from the network: escape sequences, controls,
 * characters that turn the direction of text, and broken UTF-8 are written as
 * escapes, so that nothing but our own words can move a cursor or reorder a
 * line. Widths are in columns.
 */
#ifndef MIRRORCTL_DIFF_PRINTABLE_H
#define MIRRORCTL_DIFF_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

/* Append `s`, at most `columns` wide, with an ellipsis where it was cut.
 * Returns the columns written, or -1 with *e set. */
int printable_add(struct buf *out, struct str s, size_t columns, bool ascii, struct err *e);

/* The columns that `s` would take, uncut. */
size_t printable_width(struct str s, bool ascii);

#endif

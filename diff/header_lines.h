/* header_lines.h -- the lines of one field name, on both sides.
 *
 * What the ways of comparing header fields share; compare_headers.c says which
 * way goes for which name.
 */
#ifndef MIRRORCTL_DIFF_HEADER_LINES_H
#define MIRRORCTL_DIFF_HEADER_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/difference.h"

struct header_field {
    struct str name; /* lower case */
    struct str value;
    size_t place;
};

struct header_lines {
    struct str name;
    const struct header_field *v1, *v2;
    size_t n1, n2;
};

/* Where what is found goes. */
struct header_sink {
    struct diffs *out;
    struct err *e;
};

/* Note a difference; data NULL for "not there". */
int header_note(struct header_sink *h, enum diff_kind kind, struct str path, bool ignored,
                struct str v1, struct str v2);

/* Note that the lines differ, with all of them as one value each. */
int header_note_lines(struct header_sink *h, enum diff_kind kind, const struct header_lines *l,
                      bool ignored);

/* All lines as one value, joined by commas (RFC 9110, 5.3). */
int header_join(struct header_sink *h, const struct header_field *f, size_t n, struct str *joined);

/* The same number of lines, byte by byte. */
bool header_same_lines(const struct header_lines *l);

/* MISSING, EXTRA, or what was found otherwise. */
enum diff_kind header_kind(const struct header_lines *l, enum diff_kind otherwise);

/* A view that is never "not there". */
struct str header_present(struct str s);

/* ---- ways with files of their own ---- */

/* Comma-separated lists whose order counts, or not (RFC 9110, 5.6.1). */
int header_compare_list(struct header_sink *h, const struct header_lines *l);
int header_compare_set(struct header_sink *h, const struct header_lines *l);

/* Set-Cookie, by cookie and attribute (RFC 6265). */
int header_compare_cookies(struct header_sink *h, const struct header_lines *l);

#endif

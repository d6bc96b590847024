/* charset.h -- text of any charset as UTF-8, so that it can be compared.
 *
 * Charsets are those that browsers know (the WHATWG's Encoding Standard), by
 * the names that Content-Type gives them. Nobody else's names reach the
 * converter of the C library, which would look for files by them.
 */
#ifndef MIRRORCTL_DIFF_CHARSET_H
#define MIRRORCTL_DIFF_CHARSET_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum charset_result {
    CHARSET_SAME,    /* the bytes are UTF-8 as they stand: none was named, or UTF-8 was */
    CHARSET_READ,    /* appended to `out` */
    CHARSET_UNKNOWN, /* no such charset here */
    CHARSET_BROKEN,  /* bytes that it does not have, or more than fits out->max */
    CHARSET_NOMEM,
};

/* Append `bytes` to `out` as UTF-8. A byte order mark of UTF-16 goes before the
 * name. */
enum charset_result charset_read(struct str name, struct str bytes, struct buf *out, struct err *e);

#endif

/* coding.h -- undoing content codings, with a ceiling (RFC 9110, 8.4.1).
 *
 * gzip (also x-gzip), deflate (zlib-wrapped, and the raw form that many
 * servers send under that name), br, zstd, identity, and lists of them. Streams
 * of several gzip members or zstd frames are one; what follows the end is not
 * ignored but makes a body corrupt. An empty body stays empty under any
 * coding, as answers to HEAD have it.
 */
#ifndef MIRRORCTL_CORE_CODING_H
#define MIRRORCTL_CORE_CODING_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum coding_result {
    CODING_OK,
    CODING_UNKNOWN,   /* names a coding that is not known here */
    CODING_CORRUPT,   /* is not what it says it is, or ends early */
    CODING_TOO_LARGE, /* would grow beyond out->max, or (past 1 MiB) beyond 1000 times body */
    CODING_NOMEM,
};

/* Append to `out` what `body` holds under the codings of `list`, the value of
 * Content-Encoding ("gzip", "deflate, gzip": applied in that order, so undone
 * from the last). *e says more for anything but CODING_OK; what came out of the
 * whole list up to there stays in `out`. */
enum coding_result coding_decode(struct str list, struct str body, struct buf *out, struct err *e);

/* True if the list holds nothing but identity, or nothing. */
bool coding_is_identity(struct str list);

#endif

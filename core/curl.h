/* curl.h -- a request as a line for a shell, to be sent again by hand.
 *
 * Everything foreign is quoted so that a POSIX shell with $'...' (bash, zsh, ksh)
 * takes it as one word, in printable ASCII where it holds anything else; nothing
 * in it can end the quotes, and a terminal has nothing to obey.
 */
#ifndef MIRRORCTL_CORE_CURL_H
#define MIRRORCTL_CORE_CURL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/http.h"
#include "core/str.h"

/* What of a request does not stand in its line. */
enum curl_lack {
    CURL_HIDDEN = 1 << 0, /* credentials, as in every report */
    CURL_CUT = 1 << 1,    /* fields or a body that are too long, not whole, or no word */
};

/* Append a word, quoted where it has to be. */
int curl_quote(struct buf *out, struct str word, struct err *e);

/* Append " -X POST -H 'Name: value' --data-raw '...'": all but the URL, in at most
 * `max` bytes. Fields that belong to a connection are left to curl. *lacks gets
 * enum curl_lack. Returns 0, or -1 with *e set. */
int curl_options(struct buf *out, const struct http_message *request, bool show_secrets, size_t max,
                 unsigned *lacks, struct err *e);

/* Append the URL, or the socket and the URL, of a target as it is given to
 * `replay` ("http://host:1/prefix", "unix:/path") and the target of a request. */
int curl_target(struct buf *out, struct str base, struct str target, struct err *e);

#endif

/* redaction.h -- what the files that redact an exchange have in common.
 *
 * A message is rewritten line by line into a buffer and kept from there, so
 * bytes that are not copied on purpose cannot survive. The body comes first: if
 * its length changes, Content-Length says the new one, so that a copy of the
 * request is framed as before. A coded body (gzip) in which something is found
 * is kept decoded, without Content-Encoding.
 *
 * Names of fields, cookies and parameters are compared without case; names in
 * JSON are what they are.
 */
#ifndef MIRRORCTL_CAPTURE_REDACTION_H
#define MIRRORCTL_CAPTURE_REDACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/redact.h"
#include "core/buf.h"
#include "core/str.h"

struct json_path;

enum redact_kind { REDACT_FIELD, REDACT_COOKIE, REDACT_QUERY, REDACT_JSON };

struct redact_name {
    enum redact_kind kind;
    struct str text; /* without its prefix */
    uint64_t hits;
};

struct redaction {
    size_t n;
    struct redact_name name[REDACT_MAX_NAMES];
    const char *const *written; /* as they were given */
    struct json_path *paths;    /* of those of REDACT_JSON, in order */
    size_t n_paths;
    bool has[REDACT_JSON + 1];

    /* Of the exchange at hand. */
    bool found[REDACT_MAX_NAMES];
    bool path_found[REDACT_MAX_NAMES];
    bool blanked, decoded;
    bool failed; /* no memory */
    struct buf head, body, text;
};

/* What a message's body became. */
struct redact_change {
    bool changed, decoded;
    uint64_t before, now; /* lengths */
};

/* Is this one of the names of a kind? Then it counts as found. */
bool redact_is_wanted(struct redaction *r, enum redact_kind kind, struct str text);

/* Write into `out`, or note the failure. */
void redact_put(struct redaction *r, struct buf *out, struct str s);
void redact_put_mask(struct redaction *r, struct buf *out);

/* Have *s show a copy of what was written, in the exchange's memory. Returns 0, or -1
 * with *e set. */
int redact_keep(struct redaction *r, struct exchange *x, const struct buf *b, struct str *s,
                struct err *e);

/* ---- redact_parameters.c ---- */

/* Where parameters are looked for: `inside` it begins with one, else they begin
 * behind the first ? or #. Some servers take ; for &, others for a part of the
 * value, and some clients leave blanks in it: a value goes up to &. */
struct redact_place {
    bool inside;
    const char *value_ends;
};

extern const struct redact_place redact_in_form, redact_in_text, redact_in_target, redact_in_field,
    redact_in_cookies;

/* Is this the name, as it is written, of a parameter that is wanted? */
bool redact_is_parameter(struct redaction *r, struct str raw);

/* Copy text, blanking parameters. */
void redact_put_parameters(struct redaction *r, struct str in, const struct redact_place *place,
                           struct buf *out);

/* ---- redact_head.c ---- */

/* Blank field lines: a head, several, or trailers; `request`: the first is a request
 * line. Returns 0, or -1 with *e set. */
int redact_lines(struct redaction *r, struct exchange *x, struct str *lines, bool request,
                 const struct redact_change *body, struct err *e);

/* ---- redact_body.c ---- */

/* Blank the body; *change says what became of it. Returns 0, or -1 with *e set. */
int redact_body(struct redaction *r, struct exchange *x, struct http_message *m,
                struct redact_change *change, struct err *e);

#endif

/* redact.h -- what must not reach the disk, blanked in an exchange.
 *
 * Names say what: a header field (`authorization`), a cookie (`cookie:sid`), a
 * query parameter or field of a form, also of one in parts (`query:token`), or
 * values of JSON bodies (`$.card.number`). Where a body may hold one of them and
 * cannot be read, it is blanked whole: a record that says less is better than
 * one that says too much.
 */
#ifndef MIRRORCTL_CAPTURE_REDACT_H
#define MIRRORCTL_CAPTURE_REDACT_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"

enum {
    REDACT_MAX_NAMES = 256,
    REDACT_MAX_TEXT = 64 << 20, /* of a coded body: what unpacks to more cannot be read */
};

/* What stands in place of a value: of the same length for all, since a length
 * tells something too. */
#define REDACT_MASK "REDACTED"

struct redaction;

/* Read names, which must stay. NULL with *e (ERR_USAGE) naming the one that is
 * none. */
struct redaction *redaction_new(const char *const *names, size_t n, struct err *e);
void redaction_free(struct redaction *r);

/* Blank an exchange and note in x->redacted what was found. Returns 1 if
 * something was, 0 if not, -1 with *e set when there is no memory: then the
 * exchange must not be used. */
int redaction_apply(struct redaction *r, struct exchange *x, struct err *e);

/* In how many exchanges name `i` was found so far. */
uint64_t redaction_hits(const struct redaction *r, size_t i);

#endif

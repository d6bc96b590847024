/* show_format.h -- the ways in which `show` writes what is in a file. */
#ifndef MIRRORCTL_CLI_SHOW_FORMAT_H
#define MIRRORCTL_CLI_SHOW_FORMAT_H

#include <stdbool.h>

#include "cli/har.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"
#include "diff/diff.h"

/* What is known of the file besides the entry at hand. */
struct show {
    bool show_secrets;
    bool whole; /* somebody asked for this one */
    struct target_names names;
    struct str urls[PAIR_MAX_CALLS]; /* where targets were, in the order of call.target */
    const struct diff *diff;         /* of a result: NULL until its META was read */
    struct report_style style;
};

struct show_format {
    const char *name;
    const char *before, *between, *after; /* around and between all entries, or NULL */
    int (*exchange)(const struct show *s, const struct exchange *x, struct buf *out, struct err *e);
    int (*pair)(const struct show *s, const struct pair *p, struct buf *out, struct err *e);
};

/* By the names of show_format_names. */
extern const struct show_format show_formats[];
extern const char *const show_format_names[]; /* NULL-terminated */

#endif

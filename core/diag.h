/* diag.h -- what is wrong in the files that people wrote, all of it at once.
 *
 * Whoever edits a configuration wants every mistake in one go, and where each
 * of them stands. So readers of such files do not stop at the first error but
 * collect here; the caller looks at `errors` and runs nothing if there is any.
 *
 *     movies.yaml:36:13: error[E501]: no address for movies-api-service:3000
 *
 * The first DIAGS_MAX of each severity are kept, the rest counted.
 */
#ifndef MIRRORCTL_CORE_DIAG_H
#define MIRRORCTL_CORE_DIAG_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum { DIAGS_MAX = 50 };

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE, DIAG_SEVERITIES };

/* A character in a file, counted from 1; line 0 is the file as a whole. */
struct place {
    const char *file;
    uint32_t line;
    uint32_t column;
};

struct diag {
    struct diag *next;
    enum diag_severity severity;
    const char *code; /* "E101": stable, people search for it */
    struct place at;  /* `file` lives as long as the struct diags */
    const char *message;
};

struct diags {
    struct diag *first; /* in the order in which they were found */
    struct diag *last;
    size_t found[DIAG_SEVERITIES]; /* kept or not */
    struct arena mem;
};

/* Start an empty collection. Cannot fail. */
void diags_init(struct diags *d);

/* Add one. `code` is a literal; the message may hold several lines, of which
 * the further ones are advice. Cannot fail: what there is no room for counts. */
void diag_add(struct diags *d, enum diag_severity severity, const char *code, struct place at,
              const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* How many errors were found, kept or not. */
size_t diags_errors(const struct diags *d);

/* Append "file:line:column: error[E101]: message" and a newline. What does not
 * print is left as it is: whoever shows it escapes it. */
int diag_write(const struct diag *d, struct buf *out, struct err *e);

/* "error", "warning", "note". */
const char *diag_severity_name(enum diag_severity severity);

/* Free all; *d is empty and usable again. Fine on a zeroed struct. */
void diags_release(struct diags *d);

#endif

/* change.h -- fields of one verdict, in the order in which people read them.
 *
 * What a report lists under "what changed" or "noise": by endpoint, then place,
 * and of those the ones with most pairs first.
 */
#ifndef MIRRORCTL_DIFF_CHANGE_H
#define MIRRORCTL_DIFF_CHANGE_H

#include <stddef.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/verdict.h"

struct change {
    size_t endpoint; /* place in the order that was given */
    size_t index;    /* of the endpoint in the tally */
    const struct tally_endpoint *ep;
    const struct tally_field *field;
};

/* Some of a tally's endpoints, by their indices, in the order of a report. */
struct endpoint_order {
    size_t *list;
    size_t n;
};

/* The fields judged so, as an array of *n the caller frees with mem_free(). What
 * v2 never did is left out unless it is noise. NULL with *e set. */
struct change *changes_of(const struct evidence *ev, const struct endpoint_order *order,
                          enum field_verdict verdict, size_t *n, struct err *e);

/* "header content-type", "$.items[*].price" */
enum { CHANGE_LABEL = 700 };
struct str change_label(const struct tally_field *f, char text[CHANGE_LABEL]);

/* "404 > 410 (5), 200 > 500 (2)", the most frequent first. */
enum { CHANGE_STATUSES = 256 };
void change_statuses(const struct tally_endpoint *ep, const char *arrow,
                     char text[CHANGE_STATUSES]);

/* "GET /movies/{id}" */
enum { ENDPOINT_LABEL = 256 };
struct str endpoint_label(const struct evidence *ev, size_t index, char text[ENDPOINT_LABEL]);

#endif

/* glance.h -- counts that may be looked at while pairs are still compared.
 *
 * Tallies are whole only at the end, when noise is told from change by all
 * pairs. This is the little that can be said of each pair alone: whether a
 * candidate's answer differed where v1's second one did not.
 */
#ifndef MIRRORCTL_DIFF_GLANCE_H
#define MIRRORCTL_DIFF_GLANCE_H

#include <stdbool.h>

#include "core/err.h"
#include "diff/diff.h"
#include "diff/endpoint_name.h"
#include "diff/pair_diff.h"

struct glance;

/* NULL with *e set. */
struct glance *glance_new(struct err *e);
void glance_free(struct glance *g);

/* Learn an endpoint's name, at its first sight and before its pairs are
 * counted. Cheap for one that is known. */
int glance_name(struct glance *g, const struct endpoint_name *name, struct err *e);

/* Count a pair of that endpoint. */
void glance_count(struct glance *g, uint32_t endpoint, bool differs);

/* True if the candidate at hand differs beyond v1's own noise in this pair. */
bool glance_differs(const struct pair_diff *d);

/* diff_glance() */
size_t glance_read(struct glance *g, struct diff_glance *rows, size_t max, struct diff_glance *all);

#endif

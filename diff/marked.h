/* marked.h -- which characters of two short texts changed.
 *
 * A longest common subsequence, over characters and not bytes, between the common
 * beginning and end. Islands of one or two equal characters are drowned: people
 * read what changed, not how little. Texts that are too long for it are marked
 * as a whole between their common beginning and end.
 */
#ifndef MIRRORCTL_DIFF_MARKED_H
#define MIRRORCTL_DIFF_MARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"

enum { MARKED_RUNS = 100, MARKED_CHARACTERS = 400 };

/* Bytes that are all changed, or all not; never a part of a character. */
struct marked_run {
    size_t len;
    bool changed;
};

struct marked {
    struct marked_run runs[2][MARKED_RUNS];
    size_t n[2];
};

/* Memory to compare in, for one text after the other. NULL with *e set. */
struct marker *marker_new(struct err *e);
void marker_free(struct marker *k);

/* The runs of both; together they are the whole texts. Cannot fail. */
void marker_compare(struct marker *k, struct str a, struct str b, struct marked *out);

#endif

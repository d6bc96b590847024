/* json_walk.h -- what the parts of the comparer of JSON share.
 *
 * compare_json.c walks values and objects, compare_array.c arrays, and
 * json_differ.c says what differs, unless a rule waives it.
 */
#ifndef MIRRORCTL_DIFF_JSON_WALK_H
#define MIRRORCTL_DIFF_JSON_WALK_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json_tree.h"
#include "diff/difference.h"
#include "diff/json_path.h"
#include "diff/rules.h"

/* Differences looked at in one body; the rest is only counted. Finding out where
 * one is takes as many steps as the document is deep. */
enum { JSON_VISITS_MAX = 100000 };

struct json_walk {
    struct diffs *out;
    struct rules_use *rules; /* or NULL */
    struct err *e;
    size_t visits;
    unsigned arrays;    /* one in another, up to where the walk is */
    unsigned embedded;  /* documents inside strings, one in another */
    struct arena inner; /* of their trees */
};

/* Compare two values at `at` (NULL is the top). Returns 0, or -1 with *e set. */
int json_walk_nodes(struct json_walk *w, struct json_node *a, struct json_node *b,
                    const struct json_step *at);

/* Two arrays that are not known to be equal. */
int json_walk_arrays(struct json_walk *w, struct json_node *a, struct json_node *b,
                     const struct json_step *at);

/* Note a difference at `at`, unless a rule waives it; a or b is NULL where there
 * is nothing. */
int json_differ(struct json_walk *w, enum diff_kind kind, const struct json_node *a,
                const struct json_node *b, const struct json_step *at);

/* Note that `moved` of the elements of two arrays stand elsewhere. */
int json_differ_order(struct json_walk *w, uint32_t elements, uint32_t moved,
                      const struct json_step *at);

/* Two strings that differ and of which a rule says what they hold: compare that.
 * Returns 1 when it was done, 0 when they do not hold it, or -1. */
int json_walk_embedded(struct json_walk *w, const struct json_node *a, const struct json_node *b,
                       const struct json_step *at);

#endif

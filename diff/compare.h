/* compare.h -- two answers to one request: what differs?
 *
 * A comparer is a way of reading bodies. Comparers are asked in the order of
 * their table; the last one takes anything.
 */
#ifndef MIRRORCTL_DIFF_COMPARE_H
#define MIRRORCTL_DIFF_COMPARE_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/body.h"
#include "diff/difference.h"
#include "diff/rules.h"

enum { COMPARE_DONE = 0, COMPARE_NOT_MINE = 1 };

struct comparer {
    const char *name;
    /* Asked once both are decoded; neither is empty and they are not equal. */
    bool (*accepts)(const struct body *v1, const struct body *v2);
    /* COMPARE_DONE; COMPARE_NOT_MINE when a closer look shows that another
     * should read them; or -1. */
    int (*compare)(struct body *v1, struct body *v2, struct diffs *out, struct err *e);
};

extern const struct comparer compare_json, compare_markup, compare_text, compare_bytes;

/* Add what differs between two bodies. Returns 0, or -1 with *e set. */
int compare_bodies(struct body *v1, struct body *v2, struct diffs *out, struct err *e);

/* Add what differs between the fields of two response heads. */
int compare_headers(struct str v1, struct str v2, struct diffs *out, struct err *e);

/* What holds for headers when no rule does, as a file of rules. */
int compare_headers_rules(struct buf *out, struct err *e);

/* True if that is what holds for the header when no rule does. */
bool compare_headers_default(const struct rule *r);

/* The path of differences that concern a body as a whole. */
#define COMPARE_ROOT STR("$")

#endif

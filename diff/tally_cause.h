/* tally_cause.h -- pairs that differ in exactly the same fields.
 *
 * Whether a pair counts as equal is known only when its fields are judged, so
 * sets of fields are counted until then. Bounded and exact in the way of
 * tally_field.h; pairs whose cause does not fit count as different.
 */
#ifndef MIRRORCTL_DIFF_TALLY_CAUSE_H
#define MIRRORCTL_DIFF_TALLY_CAUSE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "diff/difference.h"
#include "diff/table.h"
#include "diff/tally_field.h"

enum {
    TALLY_CAUSES = 1000,     /* of an endpoint */
    TALLY_CAUSE_FIELDS = 64, /* of a cause */
};

struct tally_cause {
    struct table_entry key;
    uint64_t pairs;
    unsigned wheres; /* bit of each enum diff_where */
    size_t n;
    uint64_t fields[]; /* hashes, sorted */
};

/* Pairs, all of them and by place: a pair may count in several places. */
struct pair_counts {
    uint64_t all, where[WHERE_COUNT];
};

struct cause_set {
    struct table table;
    uint64_t limit;          /* larger hashes do not fit */
    struct pair_counts wide; /* of causes that did not fit */
};

void causes_init(struct cause_set *set);
void causes_release(struct cause_set *set);

/* Count a pair that differs like this, in one field at least. */
int causes_count(struct cause_set *set, const struct diffs *found, struct tally_memory *m,
                 struct err *e);

/* Move all of `from` into `set`. */
int causes_merge(struct cause_set *set, struct cause_set *from, struct tally_memory *m,
                 struct err *e);

/* The pairs with a difference that counts or may count, now that `fields` are
 * judged; `rare` are those of them where it only may. */
int causes_judge(struct cause_set *set, const struct field_set *fields, struct tally_memory *m,
                 struct pair_counts *different, struct pair_counts *rare, struct err *e);

#endif

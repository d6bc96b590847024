/* tally_field.h -- equal differences of many pairs, as one field with counts.
 *
 * A set holds the fields of one endpoint. It is bounded: where more fields come
 * than fit, those with the smallest hashes stay, whoever came first. A field
 * that is among them overall is among them in every thread, so none was counted
 * in part, and sets merge exactly. The others are one field, "(other paths)".
 */
#ifndef MIRRORCTL_DIFF_TALLY_FIELD_H
#define MIRRORCTL_DIFF_TALLY_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/difference.h"
#include "diff/example.h"
#include "diff/noise.h"
#include "diff/table.h"

enum {
    TALLY_FIELDS = 2000, /* of an endpoint */
    TALLY_EXAMPLES = 5,  /* of a field: those with the lowest ordinals */
    TALLY_MEMORY = 256 * 1024 * 1024,
};

/* What fields and causes of a tally hold, against TALLY_MEMORY. */
struct tally_memory {
    size_t used;
    uint64_t starved; /* differences folded because it was reached */
};

struct tally_field {
    struct table_entry key; /* first: hash of where, kind and path */
    enum diff_where where;
    enum diff_kind kind;
    bool ignored;
    struct str path;
    struct noise_counts counts;
    uint64_t elements; /* in all pairs together */
    uint64_t pairs;    /* a sum over the pairs of `raw`: equal for fields of the same pairs */
    struct example examples[TALLY_EXAMPLES];
    size_t n_examples;

    /* After tally_finish(). */
    enum field_verdict verdict;
    bool is_volatile; /* v1 nearly never repeats its value: only shapes are compared */
    enum noise_source source;
    struct noise_rate profile; /* what an earlier run says of it; of 0: nothing */
    double p;                  /* how easily chance gives this; 1 where nothing was tested */
    uint64_t needed;           /* of FIELD_SUSPECT: pairs that would settle it; 0: not known */
    enum confirmation confirmation;
    unsigned confirmed, confirmed_of; /* of so many that were sent again */
    unsigned cause; /* 1, 2, ...: fields that differ in just the same pairs share one */
};

struct field_set {
    struct table table;
    uint64_t limit;              /* larger hashes do not fit */
    struct tally_field other;    /* "(other paths)": counts each field of each pair */
    struct tally_field **sorted; /* after fields_sort(): by where, path, kind */
    size_t n_sorted;
};

void fields_init(struct field_set *set);
void fields_release(struct field_set *set);

/* Count a difference of the pair `from`; its values are kept where counts->raw
 * says that v2 differed and the pair is among the first. */
int fields_count(struct field_set *set, const struct difference *d,
                 const struct noise_counts *counts, struct example_source *from,
                 struct tally_memory *m, struct err *e);

/* Move all of `from` into `set`. */
int fields_merge(struct field_set *set, struct field_set *from, struct tally_memory *m,
                 struct err *e);

/* Sort them when everything is in, `other` last where it holds something. */
int fields_sort(struct field_set *set, struct tally_memory *m, struct err *e);

/* The field of this hash; "(other paths)" where it was folded. */
const struct tally_field *fields_find(const struct field_set *set, uint64_t hash);

#endif

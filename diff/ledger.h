/* ledger.h -- the pairs that differ, one by one, for a report that lists them.
 *
 * Whether a difference counts is known only when all pairs are in, so what is
 * needed to tell of a pair is kept until then, up to a ceiling: the pairs that
 * come first in the file, whoever compared them. Each thread holds its first
 * ones, and no thread's share of those that fit is larger than the ceiling; so
 * ledgers merge exactly. The rest is counted.
 */
#ifndef MIRRORCTL_DIFF_LEDGER_H
#define MIRRORCTL_DIFF_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/difference.h"
#include "diff/pair_diff.h"

enum { LEDGER_BYTES = 32 * 1024 * 1024, LEDGER_FIELDS = 100 }; /* of a candidate; of a pair */

struct ledger_field {
    uint64_t hash; /* of the field in its endpoint */
    enum diff_where where;
    enum diff_kind kind;
    bool in_control; /* v1 differed there from itself too */
    struct str path, at, v1, v2;
};

struct ledger_side {
    int fate, status;
    int64_t ns;
};

struct ledger_pair {
    uint64_t ordinal, seq;
    uint32_t endpoint;
    struct str target; /* secrets hidden unless asked for */
    struct ledger_side v1, v2, control;
    size_t more; /* fields beyond LEDGER_FIELDS */
    size_t n;
    size_t size; /* bytes of all of it */
    struct ledger_field fields[];
};

struct ledger {
    struct ledger_pair **pairs; /* by seq, after ledger_merge() too */
    size_t n, cap, bytes;
    uint64_t limit; /* pairs from this seq on do not fit */
    uint64_t left_out;
};

void ledger_init(struct ledger *l);
void ledger_release(struct ledger *l);

/* Note a pair that differs. Returns 0, or -1 with *e set. */
int ledger_add(struct ledger *l, const struct pair_diff *d, struct err *e);

/* Move all of `from` into `l`. */
int ledger_merge(struct ledger *l, struct ledger *from, struct err *e);

#endif

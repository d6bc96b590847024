/* noise.h -- is this difference v2's doing, or does v1 do it too?
 *
 * For each field the pairs are counted jointly: in how many v2 differed from
 * v1, in how many v1 differed from itself, and in how many only the one or only
 * the other (b and c of McNemar's test). If v2 behaves like v1, b and c are
 * draws of a fair coin; two totals alone could not tell.
 */
#ifndef MIRRORCTL_DIFF_NOISE_H
#define MIRRORCTL_DIFF_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "diff/difference.h"

/* FIELD_RARE: seen once or twice where v1 was never seen to differ from itself;
 * noise that rare would look the same. FIELD_SUSPECT: more often than v1 does to
 * itself, but chance may do that. */
enum field_verdict { FIELD_DIFFERENT, FIELD_RARE, FIELD_SUSPECT, FIELD_NOISE, FIELD_IGNORED };

/* "different", "noise", ...: the words of the JSON report. */
const char *field_verdict_name(enum field_verdict v);

/* Where v1's own noise is known from. */
enum noise_source { NOISE_UNKNOWN, NOISE_CONTROL, NOISE_PROFILE };

/* What became of requests that were sent again to confirm a difference. */
enum confirmation {
    CONFIRM_NONE,
    CONFIRM_YES,    /* v1 always gave one answer, and v2 always another */
    CONFIRM_NO,     /* v2 also gave v1's, or v1 differed from itself */
    CONFIRM_UNSAFE, /* the method forbids to send them again */
};

struct noise_counts {
    uint64_t raw;   /* pairs in which v2 differed from v1 */
    uint64_t noise; /* pairs in which v1 differed from its second answer */
    uint64_t b;     /* of those compared both ways: only v2 differed */
    uint64_t c;     /* only v1's second answer did */
};

void noise_merge(struct noise_counts *into, const struct noise_counts *from);

/* P[X >= b] for X of b + c throws of a fair coin: how easily chance alone gives
 * an excess like this (McNemar, exact and one-sided). 1 when nothing was thrown. */
double noise_chance(uint64_t b, uint64_t c);

/* Judge a field by its counts. */
enum field_verdict noise_judge(enum diff_where where, const struct noise_counts *n);

#endif

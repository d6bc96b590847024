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

enum field_verdict { FIELD_DIFFERENT, FIELD_RARE, FIELD_SUSPECT, FIELD_NOISE, FIELD_IGNORED };

/* "different", "noise", ...: the words of the JSON report. */
const char *field_verdict_name(enum field_verdict v);

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

/* noise.h -- is this difference v2's doing, or does v1 do it too?
 *
 * For each field the pairs are counted jointly: in how many v2 differed from
 * v1, in how many v1 differed from itself, and in how many only the one or only
 * the other (b and c of McNemar's test). If v2 behaves like v1, b and c are
 * draws of a fair coin; two totals alone could not tell.
 *
 * Where v1 was never seen to differ from itself there is nothing to test. But a
 * field that v1 changes once in a thousand times may well be caught only at v2:
 * in one A/A run of seven once, in one of 25 twice, in one of 90 three times. So
 * once or twice is too little to tell, and three times is v2's doing.
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

/* "none", "control", "profile" */
const char *noise_source_name(enum noise_source s);

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
    /* Of raw: values read off clocks. That these differ proves nothing beside a control,
     * and they are in neither b nor c. */
    uint64_t readings;
};

void noise_merge(struct noise_counts *into, const struct noise_counts *from);

/* In so many of the pairs of an earlier run v1 differed from itself. */
struct noise_rate {
    uint64_t noise, of;
};

struct noise_evidence {
    enum diff_where where;
    enum diff_kind kind;
    struct noise_counts counts;
    uint64_t of, control_of;   /* pairs compared with v2; with v1's second answer */
    uint64_t v1_failed;        /* of an outcome: pairs in which only v1 failed */
    struct noise_rate profile; /* of 0: there is none */
};

/* P[X >= b] for X of b + c throws of a fair coin: how easily chance alone gives
 * an excess like this (McNemar, exact and one-sided). 1 when nothing was thrown. */
double noise_chance(uint64_t b, uint64_t c);

/* P[X >= k] where of the n + m pairs of two runs k + j differ, and X is how many
 * of those fall into the first n by chance (Fisher, exact and one-sided). */
double noise_chance_of_two(uint64_t k, uint64_t n, uint64_t j, uint64_t m);

/* A control is asked first, and a profile where there is none. */
enum noise_source noise_source_of(const struct noise_evidence *ev);

/* True if v1 was seen to differ from itself there, so that a test is needed; *p is
 * how easily chance gives v2's excess. */
bool noise_test(const struct noise_evidence *ev, double *p);

/* An excess that chance gives less often than this, over all fields that are
 * tested together (Holm), is no chance. */
#define NOISE_ERROR 0.01

/* Judge a field; `excess` says whether its test holds among all others. */
enum field_verdict noise_judge(const struct noise_evidence *ev, bool excess);

/* True for a value that v1 nearly never repeats: only its shape can be compared. */
bool noise_is_volatile(const struct noise_evidence *ev);

/* How many pairs would settle a suspect, if it goes on like that and is held
 * against `level`; 0 when that is beyond use. */
uint64_t noise_pairs_needed(const struct noise_evidence *ev, double level);

#endif

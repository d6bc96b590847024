/* tally.h -- adds up what many pairs have in common, of one candidate.
 *
 * Equal differences of an endpoint are one field with counts and its first
 * examples. Each comparer thread keeps a tally of its own; tallies merge
 * exactly, at their ceilings too, so nothing depends on who saw which pair.
 */
#ifndef MIRRORCTL_DIFF_TALLY_H
#define MIRRORCTL_DIFF_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"
#include "diff/confirm.h"
#include "diff/endpoint_name.h"
#include "diff/latency.h"
#include "diff/ledger.h"
#include "diff/noise.h"
#include "diff/pair_diff.h"
#include "diff/tally_cause.h"
#include "diff/tally_field.h"

enum {
    TALLY_STATUSES = 256, /* pairs of statuses of an endpoint */
};
#define TALLY_LATENCIES UINT64_C(16000000) /* pairs whose times are kept */

struct tally_status {
    uint16_t v1, v2; /* statuses, or fates, which are below 100 */
    uint64_t count;
};

/* Pairs of them, sorted; the smallest are kept where they do not all fit. */
struct status_list {
    struct tally_status items[TALLY_STATUSES];
    size_t n;
    uint64_t others;
};

struct tally_endpoint {
    uint64_t pairs;                             /* with v1 and v2 sent */
    uint64_t unsent;                            /* one of them was not */
    uint64_t unrecorded;                        /* v2 sent, but no recorded answer to compare */
    uint64_t compared;                          /* both answered */
    uint64_t covered;                           /* v1 answered and v2's fate is known */
    uint64_t v1_failed, v2_failed, both_failed; /* v2_failed: where v1 answered */
    uint64_t vacuous;                           /* of compared: both said nothing */
    uint64_t refused;                           /* of these: 401 or 403 from both */
    uint64_t limited, v1_limited, v2_limited;   /* of pairs: one, only v1, only v2 was turned */
                                                /* away by a rate limit; not compared */
    uint64_t controlled; /* of pairs: v1 answered twice, or its control failed */
    uint64_t fates[2][FATE_COUNT];
    uint64_t of[WHERE_COUNT], control_of[WHERE_COUNT];
    struct status_list statuses; /* of compared */
    struct status_list failures; /* of pairs: one of them failed at least */
    struct latency latency;
    struct field_set fields;
    struct cause_set causes;

    /* After tally_finish(). */
    uint64_t equal;
    struct pair_counts different; /* with a difference that counts, or that is rare */
    struct pair_counts rare;      /* of these: with none but rare ones */
    size_t failing_fields[WHERE_COUNT], rare_fields[WHERE_COUNT];
    size_t suspects; /* fields */
    struct latency_summary times;
};

struct tally {
    /* NULL: nothing seen. By the numbers of reading until tally_renumber(), then up to
     * ENDPOINTS_MAX, which is "(other)". */
    struct tally_endpoint *endpoints[ENDPOINT_NAMES_MAX + 1];
    uint64_t notes[NOTE_KINDS];      /* pairs */
    uint64_t left_out;               /* differences beyond DIFFS_MAX */
    uint64_t confirmations_left_out; /* after tally_finish() */
    uint64_t off;                    /* requests that were not this candidate's, by plan */
    /* The first failure of v1, by ordinal and place in the file. */
    struct example v1_failure;
    bool has_v1_failure;
    struct tally_memory memory;
    bool lists_pairs; /* keep a ledger */
    struct ledger ledger;
    struct latency_summary times; /* after tally_finish(): of all endpoints together */
    size_t tests;                 /* likewise: fields that were held against v1's noise together */
};

struct tally *tally_new(struct err *e);
void tally_free(struct tally *t);

/* Count a pair. */
int tally_add(struct tally *t, const struct pair_diff *d, struct err *e);

/* Move all of `from` into `t`; `from` is left empty. */
int tally_merge(struct tally *t, struct tally *from, struct err *e);

/* What judging takes beside the tally. */
struct tally_judging {
    struct latency_margins margins;
    unsigned threads;
    unsigned candidate;
    const struct endpoint_names *names;
    const struct confirmations *confirmations;
    const struct noise_profile *profile; /* or NULL */
};

/* Give endpoints the numbers of endpoint_names_settle(); those that become one are
 * merged. Before tally_finish(). */
int tally_renumber(struct tally *t, const uint32_t *map, struct err *e);

/* Judge the fields and the times and add up, once, when all pairs are in. */
int tally_finish(struct tally *t, const struct tally_judging *how, struct err *e);

#endif

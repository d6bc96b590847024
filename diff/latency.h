/* latency.h -- is v2 slower? Answered by pairs.
 *
 * Each request was answered by both, so each gives a ratio v2/v1 that is free
 * of what makes requests differ; the middle of those ratios says what no
 * comparison of two percentiles can. A sample is 24 bytes, kept until the end.
 *
 * A call that timed out took at least that long: it has the largest rank and is
 * not left out. Calls over kept-alive connections are compared with each other,
 * those over new ones only where there are more of them.
 */
#ifndef MIRRORCTL_DIFF_LATENCY_H
#define MIRRORCTL_DIFF_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct latency_sample {
    uint64_t words[3];
};

/* Why a pair has no sample. */
enum latency_exclusion {
    LATENCY_OTHER_CLASS, /* statuses of different classes */
    LATENCY_OTHER_WAY,   /* one over a new connection, the other not */
    LATENCY_OTHER_CACHE, /* one out of a cache, the other not */
    LATENCY_TOO_MANY,    /* more pairs than times are kept of */
    LATENCY_EXCLUSIONS
};

/* "other_status_class", ...: the words of the JSON report. */
const char *latency_exclusion_name(enum latency_exclusion why);

struct latency {
    struct latency_sample *items;
    size_t n, cap;
    uint64_t excluded[LATENCY_EXCLUSIONS];
};

enum latency_flag {
    LATENCY_COLD = 1 << 0,        /* over new connections */
    LATENCY_V1_OUT = 1 << 1,      /* timed out: it took at least that long */
    LATENCY_V2_OUT = 1 << 2,      /* likewise */
    LATENCY_CONTROL_OUT = 1 << 3, /* likewise */
    LATENCY_V1_FIRST = 1 << 4,    /* sent before v2's; neither: not known */
    LATENCY_V2_FIRST = 1 << 5,
};

/* Times are capped at 2^41 ns, 36 minutes. */
struct latency_times {
    int64_t sent_ns; /* wall clock, of v1's call; up to 2^62 */
    int64_t v1_ns, v2_ns;
    int64_t control_ns; /* 0: none */
    unsigned flags;     /* enum latency_flag */
};

int latency_add(struct latency *l, const struct latency_times *t, struct err *e);
struct latency_times latency_at(const struct latency *l, size_t i);

/* Move all samples of `from` behind those of `into`. */
int latency_merge(struct latency *into, struct latency *from, struct err *e);
void latency_release(struct latency *l);

/* One percentile, with the interval that holds the true one in 95 of 100 cases
 * (order statistics: exact, whatever the distribution). Of few pairs the far
 * ones are not known. */
struct latency_time {
    int64_t ns, low, high;
    bool known;
    bool at_least; /* it lies among those that timed out */
};

struct latency_spread {
    struct latency_time p50, p90, p95;
    struct latency_time p99;  /* known from 299 pairs on */
    struct latency_time p999; /* known from 2,995 pairs on */
    struct latency_time max;  /* without an interval */
};

/* An estimate and its 95 % interval. Estimate 0 (of a ratio): there is none; low
 * 0 and high INFINITY: too few blocks for one. Any of them may be INFINITY where
 * many timed out. */
struct latency_interval {
    double estimate, low, high;
};

enum latency_verdict {
    LATENCY_UNKNOWN,   /* too few pairs to ask */
    LATENCY_SAME,      /* surely not slower by more than the margins */
    LATENCY_SLOWER,    /* surely slower by more than both margins */
    LATENCY_UNDECIDED, /* more pairs would tell: see `needed` */
};
const char *latency_verdict_name(enum latency_verdict v);

enum { LATENCY_POINTS = 200, LATENCY_SLOTS = 100, LATENCY_BARS = 41 };

/* For drawing. */
struct latency_curves {
    /* Quantiles in rising order, the i-th at (i + 0.5) / n_points, in ns; times
     * that ran out stand as INT64_MAX. All 0 for a control that is not there. */
    size_t n_points;
    int64_t v1[LATENCY_POINTS], v2[LATENCY_POINTS], control[LATENCY_POINTS];
    /* The run cut into slots of equal time: the median ratio of each, 0 where
     * no request was sent. */
    size_t n_slots;
    int64_t first_ns, last_ns; /* wall clock of the first and the last request */
    double strip[LATENCY_SLOTS];
    /* How many pairs have a ratio near 2^((i - LATENCY_BARS / 2) / 8); the outer
     * bars hold all beyond them. */
    uint64_t bars[LATENCY_BARS];
};

struct latency_summary {
    size_t n, n_control;             /* pairs compared; of them those with a control */
    bool cold;                       /* over new connections: most were */
    size_t other_way;                /* pairs over the other kind of connection, not compared */
    size_t v1_out, v2_out, both_out; /* of n: only v1 timed out, only v2, both */
    uint64_t excluded[LATENCY_EXCLUSIONS];

    struct latency_spread v1, v2, control;
    struct latency_interval ratio;         /* v2/v1, by pairs */
    struct latency_interval ms;            /* v2 - v1, by pairs, in ms */
    struct latency_interval control_ratio; /* v1 again/v1, by pairs */
    double slower; /* share of the pairs in which v2 took longer; ties are halves */

    size_t blocks, control_blocks; /* of consecutive requests, that intervals rest on */
    double p;                      /* how easily chance gives this if v2 is within the margins */
    double control_p;              /* likewise if v1 again is like v1 */
    enum latency_verdict verdict;
    enum latency_verdict control_verdict; /* SLOWER: v1 again is not like v1, either way */
    enum latency_verdict tail;            /* of p99 */
    uint64_t needed;                      /* pairs that would decide; 0: not known */

    size_t v1_first, v2_first; /* 0 both where the order is not known */
    double order_ratio;        /* time of the second call over that of the first; 0: not known */

    struct latency_curves *curves; /* NULL where n is 0 */
};

/* Slower means by more than a factor, and by more than a time. */
struct latency_margins {
    double ratio;
    int64_t ns;
};

/* Summarize the samples of `n` lists together, as far as one summary goes: what
 * is decided among several is left to latency_judge(). `threads` may share the work.
 * Returns 0, or -1 with *e set. */
int latency_summarize(const struct latency *const *lists, size_t n,
                      const struct latency_margins *margins, unsigned threads,
                      struct latency_summary *s, struct err *e);
void latency_summary_release(struct latency_summary *s);

/* Give each its verdict. To ask many endpoints is to be wrong about one of them
 * more often: Holm's method holds the chance that any is called slower without
 * being so at 2.5 %. Returns 0, or -1 with *e set. */
int latency_judge(struct latency_summary *const *all, size_t n,
                  const struct latency_margins *margins, struct err *e);

#endif

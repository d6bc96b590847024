/* latency.h -- is v2 slower? Answered by pairs.
 *
 * Each request was answered by both, so each gives a ratio v2/v1 that is free
 * of what makes requests differ; the median of those ratios says what no
 * comparison of two percentiles can. A sample is 24 bytes, kept until the end.
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

struct latency {
    struct latency_sample *items;
    size_t n, cap;
};

/* Times are capped at 2^42 ns, 73 minutes. */
struct latency_times {
    int64_t sent_ns; /* wall clock, of v1's call */
    int64_t v1_ns, v2_ns;
    int64_t control_ns; /* 0: none */
};

int latency_add(struct latency *l, const struct latency_times *t, struct err *e);
struct latency_times latency_at(const struct latency *l, size_t i);

/* Move all samples of `from` behind those of `into`. */
int latency_merge(struct latency *into, struct latency *from, struct err *e);
void latency_release(struct latency *l);

struct latency_spread {
    int64_t p50, p90, p99, max;
};

enum latency_verdict { LATENCY_UNKNOWN, LATENCY_SAME, LATENCY_SLOWER };
const char *latency_verdict_name(enum latency_verdict v);

struct latency_summary {
    size_t n;
    struct latency_spread v1, v2;
    double ratio; /* median of v2/v1, by pairs; 0 when n is 0 */
};

/* Returns 0, or -1 with *e set. */
int latency_summarize(const struct latency *l, struct latency_summary *s, struct err *e);

/* Slower by more than a factor and more than a margin; unknown from few pairs. */
enum latency_verdict latency_judge(const struct latency_summary *s, double ratio,
                                   int64_t margin_ns);

/* The median of control/v1 over the samples of `n` lists; *pairs are those that
 * have one. 0 when there is none. Returns 0, or -1 with *e set. */
int latency_control_ratio(const struct latency *const *lists, size_t n, double *ratio,
                          uint64_t *pairs, struct err *e);

#endif

#include "diff/latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* 42 bits for each of three durations and 64 for the moment: 190 of 192. */
enum { BITS = 42, LOW_BITS = 64 - BITS, FIRST_CAP = 16, MIN_PAIRS = 5 };
#define TIME_MAX ((UINT64_C(1) << BITS) - 1)

static uint64_t capped(int64_t ns)
{
    return ns < 0 ? 0 : (uint64_t)ns > TIME_MAX ? TIME_MAX : (uint64_t)ns;
}

static struct latency_sample pack(const struct latency_times *t)
{
    uint64_t v1 = capped(t->v1_ns), v2 = capped(t->v2_ns), control = capped(t->control_ns);

    return (struct latency_sample){{
        (uint64_t)t->sent_ns,
        v1 << LOW_BITS | (v2 & ((UINT64_C(1) << LOW_BITS) - 1)),
        control << LOW_BITS | v2 >> LOW_BITS,
    }};
}

struct latency_times latency_at(const struct latency *l, size_t i)
{
    const uint64_t *w = l->items[i].words;
    uint64_t low = (UINT64_C(1) << LOW_BITS) - 1;

    return (struct latency_times){
        .sent_ns = (int64_t)w[0],
        .v1_ns = (int64_t)(w[1] >> LOW_BITS),
        .v2_ns = (int64_t)((w[2] & low) << LOW_BITS | (w[1] & low)),
        .control_ns = (int64_t)(w[2] >> LOW_BITS),
    };
}

static int reserve(struct latency *l, size_t more, struct err *e)
{
    size_t cap = l->cap ? l->cap : FIRST_CAP;
    struct latency_sample *items;

    if (l->cap - l->n >= more)
        return 0;
    while (cap < l->n + more)
        cap *= 2;
    items = mem_realloc(l->items, cap * sizeof *items);
    if (!items)
        return err_nomem(e, "keeping latencies");
    l->items = items;
    l->cap = cap;
    return 0;
}

int latency_add(struct latency *l, const struct latency_times *t, struct err *e)
{
    if (reserve(l, 1, e) < 0)
        return -1;
    l->items[l->n++] = pack(t);
    return 0;
}

int latency_merge(struct latency *into, struct latency *from, struct err *e)
{
    if (from->n == 0)
        return 0;
    if (reserve(into, from->n, e) < 0)
        return -1;
    memcpy(into->items + into->n, from->items, from->n * sizeof *from->items);
    into->n += from->n;
    latency_release(from);
    return 0;
}

void latency_release(struct latency *l)
{
    mem_free(l->items);
    *l = (struct latency){0};
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int by_ratio(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that `percent` of the values do not exceed. */
static int64_t percentile(const int64_t *sorted, size_t n, unsigned percent)
{
    size_t rank = (n * percent + 99) / 100;

    return sorted[rank ? rank - 1 : 0];
}

static struct latency_spread spread_of(int64_t *times, size_t n)
{
    qsort(times, n, sizeof *times, by_time);
    return (struct latency_spread){percentile(times, n, 50), percentile(times, n, 90),
                                   percentile(times, n, 99), times[n - 1]};
}

/* The median of logarithms, so that twice as slow and twice as fast weigh the
 * same; times of 0 count as 1 ns. */
static double median_ratio(double *logs, size_t n)
{
    qsort(logs, n, sizeof *logs, by_ratio);
    return exp(n % 2 ? logs[n / 2] : (logs[n / 2 - 1] + logs[n / 2]) / 2);
}

static double log_ratio(int64_t over, int64_t under)
{
    return log((double)(over ? over : 1)) - log((double)(under ? under : 1));
}

int latency_summarize(const struct latency *l, struct latency_summary *s, struct err *e)
{
    int64_t *v1, *v2;
    double *logs;

    *s = (struct latency_summary){.n = l->n};
    if (l->n == 0)
        return 0;
    v1 = mem_array(l->n, sizeof *v1);
    v2 = mem_array(l->n, sizeof *v2);
    logs = mem_array(l->n, sizeof *logs);
    if (v1 && v2 && logs) {
        for (size_t i = 0; i < l->n; i++) {
            struct latency_times t = latency_at(l, i);
            v1[i] = t.v1_ns;
            v2[i] = t.v2_ns;
            logs[i] = log_ratio(t.v2_ns, t.v1_ns);
        }
        s->v1 = spread_of(v1, l->n);
        s->v2 = spread_of(v2, l->n);
        s->ratio = median_ratio(logs, l->n);
    }
    mem_free(v1);
    mem_free(v2);
    mem_free(logs);
    return s->ratio > 0 ? 0 : err_nomem(e, "comparing latencies");
}

enum latency_verdict latency_judge(const struct latency_summary *s, double ratio, int64_t margin_ns)
{
    if (s->n < MIN_PAIRS)
        return LATENCY_UNKNOWN;
    return s->ratio > ratio && s->v2.p50 - s->v1.p50 > margin_ns ? LATENCY_SLOWER : LATENCY_SAME;
}

const char *latency_verdict_name(enum latency_verdict v)
{
    static const char *const names[] = {"unknown", "same", "slower"};

    return names[v];
}

int latency_control_ratio(const struct latency *const *lists, size_t n, double *ratio,
                          uint64_t *pairs, struct err *e)
{
    size_t total = 0, k = 0;
    double *logs;

    *ratio = 0;
    *pairs = 0;
    for (size_t i = 0; i < n; i++)
        total += lists[i]->n;
    logs = mem_array(total, sizeof *logs);
    if (!logs)
        return err_nomem(e, "comparing latencies");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < lists[i]->n; j++) {
            struct latency_times t = latency_at(lists[i], j);
            if (t.control_ns > 0)
                logs[k++] = log_ratio(t.control_ns, t.v1_ns);
        }
    }
    if (k)
        *ratio = median_ratio(logs, k);
    *pairs = k;
    mem_free(logs);
    return 0;
}

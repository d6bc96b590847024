/* From samples to a summary. The samples are brought into the order in which
 * they were sent, whoever collected them; then one list of numbers after the
 * other is made of them, so that memory stays below 100 bytes a pair. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "diff/latency.h"
#include "diff/parallel.h"
#include "diff/signed_rank.h"
#include "diff/student.h"

/* Stands for a difference of unknown size: beyond all others, and still a number.
 * Logarithms of ratios are at most 29, differences at most 2.2e6 ms. An average
 * with one that is out is beyond all others too. */
#define LOG_OUT 1e4
#define MS_OUT  1e10

/* So few pairs are summarised before a thread has started. */
enum { FEW = 10000 };

struct timed {
    struct latency all; /* those that are compared, in the order they were sent */
    size_t n;
};

/* ---- the samples ---- */

/* Equal samples may stand in any order: nothing tells them apart. */
static int by_moment(const void *a, const void *b)
{
    const struct latency_sample *x = a, *y = b;

    for (int i = 0; i < 3; i++) {
        if (x->words[i] != y->words[i])
            return x->words[i] < y->words[i] ? -1 : 1;
    }
    return 0;
}

/* Of two that timed out nobody can say over which connection they would have
 * answered: they belong to either kind. */
static bool is_either(const struct latency_times *t)
{
    return (t->flags & LATENCY_V1_OUT) && (t->flags & LATENCY_V2_OUT);
}

static bool is_of_kind(const struct latency_times *t, bool cold)
{
    return is_either(t) || ((t->flags & LATENCY_COLD) != 0) == cold;
}

static size_t count_kind(const struct latency *const *lists, size_t n, bool cold)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < lists[i]->n; k++) {
            struct latency_times t = latency_at(lists[i], k);
            count += is_of_kind(&t, cold);
        }
    }
    return count;
}

static int timed_init(struct timed *t, const struct latency *const *lists, size_t n,
                      struct latency_summary *s, struct err *e)
{
    size_t warm = count_kind(lists, n, false), cold = count_kind(lists, n, true);

    *t = (struct timed){0};
    s->cold = cold > warm;
    s->n = s->cold ? cold : warm;
    for (size_t i = 0; i < n; i++)
        s->other_way += lists[i]->n;
    s->other_way -= s->n;
    if (s->n == 0)
        return 0;
    t->all.items = mem_array(s->n, sizeof *t->all.items);
    s->curves = mem_zalloc(sizeof *s->curves);
    if (!t->all.items || !s->curves)
        return err_nomem(e, "comparing latencies");
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < lists[i]->n; k++) {
            struct latency_times one = latency_at(lists[i], k);

            if (is_of_kind(&one, s->cold))
                t->all.items[t->n++] = lists[i]->items[k];
        }
    }
    t->all.n = t->n;
    qsort(t->all.items, t->n, sizeof *t->all.items, by_moment);
    return 0;
}

/* Room for as many numbers as there are pairs; NULL with *e set. */
static void *room_for(const struct timed *t, size_t size, struct err *e)
{
    void *room = mem_array(t->n, size);

    if (!room)
        err_nomem(e, "comparing latencies");
    return room;
}

/* ---- one pair as a number ---- */

/* The side of a pair that is compared with v1's. */
enum side { SIDE_V2, SIDE_CONTROL };

/* +1, -1: only the other or only v1 timed out; both say nothing about each other. */
static int who_is_out(const struct latency_times *t, enum side side)
{
    bool v1 = t->flags & LATENCY_V1_OUT;
    bool other = t->flags & (side == SIDE_V2 ? LATENCY_V2_OUT : LATENCY_CONTROL_OUT);

    return (int)other - (int)v1;
}

static bool both_are_out(const struct latency_times *t, enum side side)
{
    return (t->flags & LATENCY_V1_OUT) && who_is_out(t, side) == 0;
}

/* Times of 0 count as 1 ns. */
static double log_ratio(const struct latency_times *t, enum side side)
{
    int64_t over = side == SIDE_V2 ? t->v2_ns : t->control_ns, under = t->v1_ns;
    int out = who_is_out(t, side);

    if (out || both_are_out(t, side))
        return out * LOG_OUT;
    return log((double)(over ? over : 1)) - log((double)(under ? under : 1));
}

static double difference_ms(const struct latency_times *t, enum side side)
{
    int64_t other = side == SIDE_V2 ? t->v2_ns : t->control_ns;
    int out = who_is_out(t, side);

    if (out || both_are_out(t, side))
        return out * MS_OUT;
    return (double)(other - t->v1_ns) / (double)NS_PER_MS;
}

static size_t fill_values(const struct timed *t, enum side side,
                          double (*number)(const struct latency_times *, enum side),
                          struct signed_value *values)
{
    size_t k = 0;

    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);

        if (side == SIDE_V2 || one.control_ns > 0)
            values[k++].value = number(&one, side);
    }
    return k;
}

/* ---- estimates and tests ---- */

static double out_is_infinite(double x, double out)
{
    return x > out / 4 ? INFINITY : x < -out / 4 ? -INFINITY : x;
}

/* Chances that the centre is not above `margin`, and that it is not below -margin. */
struct chances {
    double above, below;
};

static struct chances worse(struct chances a, struct chances b)
{
    return (struct chances){fmax(a.above, b.above), fmax(a.below, b.below)};
}

/* The centre of what fill_values() left, its interval, and what the test says. */
static int estimate(struct signed_value *values, size_t n, double out, double margin,
                    struct latency_interval *i, struct chances *p, size_t *blocks, struct err *e)
{
    struct signed_rank r;

    *p = (struct chances){1, 1};
    *i = (struct latency_interval){0, -INFINITY, INFINITY};
    *blocks = 0;
    if (n == 0)
        return 0;
    if (signed_rank_init(&r, values, n, e) < 0)
        return -1;
    i->estimate = out_is_infinite(r.centre, out);
    *blocks = r.blocks;
    if (r.blocks >= SIGNED_RANK_BLOCKS) {
        signed_rank_interval(&r, 0.95, &i->low, &i->high);
        i->low = out_is_infinite(i->low, out);
        i->high = out_is_infinite(i->high, out);
        p->above = student_tail(signed_rank_t(&r, margin), (double)r.blocks - 1);
        p->below = student_tail(-signed_rank_t(&r, -margin), (double)r.blocks - 1);
    }
    signed_rank_release(&r);
    return 0;
}

static struct latency_interval as_ratio(struct latency_interval logs)
{
    return (struct latency_interval){exp(logs.estimate), exp(logs.low), exp(logs.high)};
}

/* What is worked out at the same time; each part has memory of its own. */
struct part {
    const struct timed *t;
    const struct latency_margins *margins;
    struct latency_summary *s; /* of which the others fill in other fields */
};

static int compare_v2_with(const struct part *part, struct signed_value *values, struct err *e)
{
    const struct latency_margins *m = part->margins;
    struct latency_summary *s = part->s;
    struct latency_interval logs;
    struct chances ratio, ms;
    size_t blocks;

    if (estimate(values, fill_values(part->t, SIDE_V2, log_ratio, values), LOG_OUT, log(m->ratio),
                 &logs, &ratio, &s->blocks, e) < 0)
        return -1;
    s->ratio = as_ratio(logs);
    if (estimate(values, fill_values(part->t, SIDE_V2, difference_ms, values), MS_OUT,
                 (double)m->ns / (double)NS_PER_MS, &s->ms, &ms, &blocks, e) < 0)
        return -1;
    s->p = worse(ratio, ms).above;
    return 0;
}

static int compare_v2(void *ctx, struct err *e)
{
    const struct part *part = ctx;
    struct signed_value *values = room_for(part->t, sizeof *values, e);
    int rc = values ? compare_v2_with(part, values, e) : -1;

    mem_free(values);
    return rc;
}

/* v1 and its second call differ if either is surely slower than the other. */
static int compare_control_with(const struct part *part, struct signed_value *values, struct err *e)
{
    const struct latency_margins *m = part->margins;
    struct latency_summary *s = part->s;
    struct latency_interval logs, difference;
    struct chances ratio, ms, both;
    size_t blocks;

    s->n_control = fill_values(part->t, SIDE_CONTROL, log_ratio, values);
    if (s->n_control == 0)
        return 0;
    if (estimate(values, s->n_control, LOG_OUT, log(m->ratio), &logs, &ratio, &s->control_blocks,
                 e) < 0)
        return -1;
    s->control_ratio = as_ratio(logs);
    fill_values(part->t, SIDE_CONTROL, difference_ms, values);
    if (estimate(values, s->n_control, MS_OUT, (double)m->ns / (double)NS_PER_MS, &difference, &ms,
                 &blocks, e) < 0)
        return -1;
    both = worse(ratio, ms);
    s->control_p = fmin(both.above, both.below);
    return 0;
}

static int compare_control(void *ctx, struct err *e)
{
    const struct part *part = ctx;
    struct signed_value *values = room_for(part->t, sizeof *values, e);
    int rc = values ? compare_control_with(part, values, e) : -1;

    mem_free(values);
    return rc;
}

static void count_pairs(const struct timed *t, struct latency_summary *s)
{
    double slower = 0;

    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);
        double d = log_ratio(&one, SIDE_V2);

        slower += d > 0 ? 1 : d < 0 ? 0 : 0.5;
        s->v2_out += who_is_out(&one, SIDE_V2) > 0;
        s->v1_out += who_is_out(&one, SIDE_V2) < 0;
        s->both_out += both_are_out(&one, SIDE_V2);
        s->v1_first += (one.flags & LATENCY_V1_FIRST) != 0;
        s->v2_first += (one.flags & LATENCY_V2_FIRST) != 0;
    }
    s->slower = t->n ? slower / (double)t->n : 0;
}

/* ---- percentiles ---- */

/* Those that timed out sort behind all others, the longest wait last. */
#define OUT_MARK (INT64_C(1) << 61)

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int64_t marked(int64_t ns, bool out)
{
    return out ? ns | OUT_MARK : ns;
}

/* Nearest rank: the smallest value that the quantile of the values do not exceed. */
static struct latency_time time_at(const int64_t *sorted, size_t n, double quantile)
{
    size_t rank = (size_t)ceil((double)n * quantile - 1e-9), low, high;
    struct latency_time t = {.high = INT64_MAX};

    rank = rank < 1 ? 1 : rank > n ? n : rank;
    quantile_ranks(n, quantile, &low, &high);
    t.at_least = sorted[rank - 1] & OUT_MARK;
    t.ns = sorted[rank - 1] & ~OUT_MARK;
    if (low >= 1)
        t.low = sorted[low - 1] & ~OUT_MARK;
    if (high <= n && !(sorted[high - 1] & OUT_MARK))
        t.high = sorted[high - 1];
    /* Of fewer pairs even the largest is not surely beyond it. */
    t.known = quantile <= 0.5 || pow(quantile, (double)n) < 0.05;
    return t;
}

static struct latency_spread spread_of(int64_t *times, size_t n)
{
    struct latency_spread s = {0};

    qsort(times, n, sizeof *times, by_time);
    s.p50 = time_at(times, n, 0.5);
    s.p90 = time_at(times, n, 0.9);
    s.p95 = time_at(times, n, 0.95);
    s.p99 = time_at(times, n, 0.99);
    s.p999 = time_at(times, n, 0.999);
    s.max = (struct latency_time){.ns = times[n - 1] & ~OUT_MARK,
                                  .high = INT64_MAX,
                                  .known = true,
                                  .at_least = times[n - 1] & OUT_MARK};
    return s;
}

static void draw_points(const int64_t *sorted, size_t n, int64_t *points, size_t n_points)
{
    for (size_t i = 0; i < n_points; i++) {
        int64_t ns = sorted[(2 * i + 1) * n / (2 * n_points)];

        points[i] = ns & OUT_MARK ? INT64_MAX : ns;
    }
}

static void spread_all(const struct timed *t, int64_t *ns, struct latency_summary *s)
{
    struct latency_curves *c = s->curves;
    size_t n = 0;

    c->n_points = t->n < LATENCY_POINTS ? t->n : LATENCY_POINTS;
    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);
        ns[i] = marked(one.v1_ns, one.flags & LATENCY_V1_OUT);
    }
    s->v1 = spread_of(ns, t->n);
    draw_points(ns, t->n, c->v1, c->n_points);
    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);
        ns[i] = marked(one.v2_ns, one.flags & LATENCY_V2_OUT);
    }
    s->v2 = spread_of(ns, t->n);
    draw_points(ns, t->n, c->v2, c->n_points);
    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);
        if (one.control_ns > 0)
            ns[n++] = marked(one.control_ns, one.flags & LATENCY_CONTROL_OUT);
    }
    if (n == 0)
        return;
    s->control = spread_of(ns, n);
    draw_points(ns, n, c->control, c->n_points);
}

/* ---- over the run ---- */

static double median(double *numbers, size_t n)
{
    qsort(numbers, n, sizeof *numbers, by_number);
    return n % 2 ? numbers[n / 2] : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

/* A fixed order would make the second call look faster where the first warms a
 * cache; a random one evens it out, and lets it be seen. */
static void check_order(const struct timed *t, double *numbers, struct latency_summary *s)
{
    double middle[2];

    if (!s->v1_first || !s->v2_first)
        return;
    for (int v2 = 0; v2 < 2; v2++) {
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++) {
            struct latency_times one = latency_at(&t->all, i);

            if (one.flags & (v2 ? LATENCY_V2_FIRST : LATENCY_V1_FIRST))
                numbers[n++] = log_ratio(&one, SIDE_V2);
        }
        middle[v2] = median(numbers, n);
    }
    s->order_ratio = exp((middle[0] - middle[1]) / 2);
}

static size_t slot_at(const struct latency_curves *c, int64_t ns)
{
    double part = c->last_ns > c->first_ns
                      ? (double)(ns - c->first_ns) / (double)(c->last_ns - c->first_ns)
                      : 0;
    size_t slot = (size_t)(part * (double)c->n_slots);

    return slot < c->n_slots ? slot : c->n_slots - 1;
}

static void draw_strip(const struct timed *t, double *numbers, struct latency_curves *c)
{
    size_t i = 0;

    c->n_slots = t->n < LATENCY_SLOTS ? t->n : LATENCY_SLOTS;
    c->first_ns = latency_at(&t->all, 0).sent_ns;
    c->last_ns = latency_at(&t->all, t->n - 1).sent_ns;
    while (i < t->n) {
        size_t slot = slot_at(c, latency_at(&t->all, i).sent_ns), k = 0;

        for (; i < t->n && slot_at(c, latency_at(&t->all, i).sent_ns) == slot; i++) {
            struct latency_times one = latency_at(&t->all, i);
            numbers[k++] = log_ratio(&one, SIDE_V2);
        }
        c->strip[slot] = exp(fmax(fmin(median(numbers, k), 30), -30));
    }
}

static void draw_bars(const struct timed *t, struct latency_curves *c)
{
    for (size_t i = 0; i < t->n; i++) {
        struct latency_times one = latency_at(&t->all, i);
        const int middle = LATENCY_BARS / 2;
        double bar = floor(log_ratio(&one, SIDE_V2) * 8 / log(2.0) + 0.5) + middle;

        c->bars[bar < 0 ? 0 : bar < LATENCY_BARS ? (int)bar : LATENCY_BARS - 1]++;
    }
}

/* ---- all of it ---- */

static int draw_all(void *ctx, struct err *e)
{
    const struct part *part = ctx;
    const struct timed *t = part->t;
    int64_t *ns = room_for(t, sizeof *ns, e);
    double *numbers = ns ? room_for(t, sizeof *numbers, e) : NULL;
    bool made = numbers != NULL;

    if (made) {
        count_pairs(t, part->s);
        spread_all(t, ns, part->s);
        check_order(t, numbers, part->s);
        draw_strip(t, numbers, part->s->curves);
        draw_bars(t, part->s->curves);
    }
    mem_free(ns);
    mem_free(numbers);
    return made ? 0 : -1;
}

int latency_summarize(const struct latency *const *lists, size_t n,
                      const struct latency_margins *margins, unsigned threads,
                      struct latency_summary *s, struct err *e)
{
    struct timed t;
    struct part part = {&t, margins, s};
    const struct parallel_task tasks[] = {
        {compare_v2, &part}, {compare_control, &part}, {draw_all, &part}};
    int rc;

    *s = (struct latency_summary){.p = 1, .control_p = 1};
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < LATENCY_EXCLUSIONS; k++)
            s->excluded[k] += lists[i]->excluded[k];
    }
    rc = timed_init(&t, lists, n, s, e);
    if (rc == 0 && t.n)
        rc = parallel_run(tasks, sizeof tasks / sizeof *tasks, t.n < FEW ? 1 : threads, e);
    latency_release(&t.all);
    if (rc < 0)
        latency_summary_release(s);
    return rc;
}

void latency_summary_release(struct latency_summary *s)
{
    mem_free(s->curves);
    s->curves = NULL;
}

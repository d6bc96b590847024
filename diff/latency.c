#include "diff/latency.h"

#include <string.h>

#include "core/mem.h"

/* 62 bits for the moment, 41 for each of three durations, 6 for flags: 191 of
 * 192. The parts of a sample that come first in `words` decide how samples sort. */
enum {
    MOMENT_BITS = 62,
    MORE_BITS = 64 - MOMENT_BITS, /* of the flags, beside the moment */
    BITS = 41,
    LOW_BITS = 64 - BITS,        /* of v2, beside v1 */
    HIGH_BITS = BITS - LOW_BITS, /* of v2, beside the control */
    FLAG_BITS = 64 - BITS - HIGH_BITS,
    FIRST_CAP = 16
};
#define MASK(bits) ((UINT64_C(1) << (bits)) - 1)

const char *latency_exclusion_name(enum latency_exclusion why)
{
    static const char *const names[LATENCY_EXCLUSIONS] = {"other_status_class", "other_connection",
                                                          "cache", "too_many"};

    return names[why];
}

const char *latency_verdict_name(enum latency_verdict v)
{
    static const char *const names[] = {"unknown", "same", "slower", "undecided"};

    return names[v];
}

static uint64_t capped(int64_t ns, int bits)
{
    return ns < 0 ? 0 : (uint64_t)ns > MASK(bits) ? MASK(bits) : (uint64_t)ns;
}

static struct latency_sample pack(const struct latency_times *t)
{
    uint64_t v2 = capped(t->v2_ns, BITS);

    return (struct latency_sample){{
        capped(t->sent_ns, MOMENT_BITS) << MORE_BITS | (t->flags >> FLAG_BITS & MASK(MORE_BITS)),
        capped(t->v1_ns, BITS) << LOW_BITS | (v2 & MASK(LOW_BITS)),
        capped(t->control_ns, BITS) << (64 - BITS) | v2 >> LOW_BITS << FLAG_BITS |
            (t->flags & MASK(FLAG_BITS)),
    }};
}

struct latency_times latency_at(const struct latency *l, size_t i)
{
    const uint64_t *w = l->items[i].words;
    uint64_t high = w[2] >> FLAG_BITS & MASK(HIGH_BITS);

    return (struct latency_times){
        .sent_ns = (int64_t)(w[0] >> MORE_BITS),
        .v1_ns = (int64_t)(w[1] >> LOW_BITS),
        .v2_ns = (int64_t)(high << LOW_BITS | (w[1] & MASK(LOW_BITS))),
        .control_ns = (int64_t)(w[2] >> (64 - BITS)),
        .flags = (unsigned)((w[0] & MASK(MORE_BITS)) << FLAG_BITS | (w[2] & MASK(FLAG_BITS))),
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
    if (from->n && reserve(into, from->n, e) < 0)
        return -1;
    if (from->n)
        memcpy(into->items + into->n, from->items, from->n * sizeof *from->items);
    into->n += from->n;
    for (int i = 0; i < LATENCY_EXCLUSIONS; i++)
        into->excluded[i] += from->excluded[i];
    latency_release(from);
    return 0;
}

void latency_release(struct latency *l)
{
    mem_free(l->items);
    *l = (struct latency){0};
}

#include "replay/reorder.h"

void reorder_init(struct reorder *r, const struct exchange_source *source)
{
    r->source = source;
    r->n = r->bytes = 0;
    r->places = 0;
    reorder_again(r);
}

void reorder_again(struct reorder *r)
{
    r->latest_ns = INT64_MIN;
    r->got = 1;
}

static bool comes_before(const struct waiting *a, const struct waiting *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->place < b->place;
}

static void push(struct reorder *r, struct waiting w)
{
    size_t i = r->n++;

    for (; i > 0 && comes_before(&w, &r->heap[(i - 1) / 2]); i = (i - 1) / 2)
        r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = w;
}

static struct exchange *pop(struct reorder *r)
{
    struct exchange *first = r->heap[0].exchange;
    struct waiting last = r->heap[--r->n];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < r->n) {
        if (child + 1 < r->n && comes_before(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!comes_before(&r->heap[child], &last))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = last;
    r->bytes -= first->mem.used;
    return first;
}

/* Not before those of its connection, if that is known, that wait already. */
static int64_t behind_its_own(const struct reorder *r, const struct exchange *x, int64_t time_ns)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->heap[i].exchange->connection == x->connection && r->heap[i].time_ns > time_ns)
            time_ns = r->heap[i].time_ns;
    }
    return time_ns;
}

/* Without a time it stays with what was read before it. */
static void keep(struct reorder *r, struct exchange *x)
{
    int64_t time_ns = x->request_first_ns ? x->request_first_ns : r->latest_ns;

    if (x->connection && time_ns < r->latest_ns)
        time_ns = behind_its_own(r, x, time_ns);
    if (time_ns > r->latest_ns)
        r->latest_ns = time_ns;
    r->bytes += x->mem.used;
    push(r, (struct waiting){time_ns, r->places++, x});
}

int reorder_next(void *ctx, struct exchange **x, struct err *e)
{
    struct reorder *r = ctx;
    struct exchange *read;

    while (r->got > 0 && r->n < REORDER_MAX && r->bytes < REORDER_BYTES) {
        r->got = r->source->next(r->source->ctx, &read, &r->failure);
        if (r->got > 0)
            keep(r, read);
    }
    if (r->n > 0) {
        *x = pop(r);
        return 1;
    }
    if (r->got < 0)
        *e = r->failure;
    return r->got;
}

void reorder_release(struct reorder *r)
{
    while (r->n > 0)
        exchange_free(pop(r));
}

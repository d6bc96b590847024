/* A binary heap. */
#include "replay/agenda.h"

#include <assert.h>

#include "core/mem.h"

int agenda_init(struct agenda *a, size_t capacity, struct err *e)
{
    *a = (struct agenda){.capacity = capacity};
    a->heap = mem_array(capacity, sizeof(struct job *));
    return a->heap ? 0 : err_nomem(e, "making the agenda");
}

void agenda_release(struct agenda *a)
{
    mem_free(a->heap);
    *a = (struct agenda){0};
}

static bool comes_before(const struct job *a, const struct job *b)
{
    if (a->due_ns != b->due_ns)
        return a->due_ns < b->due_ns;
    return a->pair->exchange->ordinal < b->pair->exchange->ordinal;
}

void agenda_put(struct agenda *a, struct job *job)
{
    size_t at = a->n++;

    assert(a->n <= a->capacity);
    for (; at > 0 && comes_before(job, a->heap[(at - 1) / 2]); at = (at - 1) / 2)
        a->heap[at] = a->heap[(at - 1) / 2];
    a->heap[at] = job;
}

struct job *agenda_peek(const struct agenda *a)
{
    return a->n ? a->heap[0] : NULL;
}

struct job *agenda_take(struct agenda *a)
{
    struct job *first, *last;
    size_t at = 0;

    if (a->n == 0)
        return NULL;
    first = a->heap[0];
    last = a->heap[--a->n];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < a->n && comes_before(a->heap[child + 1], a->heap[child]))
            child++;
        if (child >= a->n || !comes_before(a->heap[child], last))
            break;
        a->heap[at] = a->heap[child];
        at = child;
    }
    a->heap[at] = last;
    return first;
}

/* A binary heap. */
#include "replay/agenda.h"

#include <assert.h>

#include "core/mem.h"

int agenda_init(struct agenda *a, size_t capacity, struct err *e)
{
    *a = (struct agenda){.capacity = capacity};
    a->heap = mem_array(capacity, sizeof *a->heap);
    return a->heap ? 0 : err_nomem(e, "making the agenda");
}

void agenda_release(struct agenda *a)
{
    mem_free(a->heap);
    *a = (struct agenda){0};
}

static bool comes_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->place < b->place;
}

void agenda_put(struct agenda *a, struct job *job)
{
    const struct agenda_entry entry = {job->due_ns, a->places++, job};
    size_t at = a->n++;

    assert(a->n <= a->capacity);
    for (; at > 0 && comes_before(&entry, &a->heap[(at - 1) / 2]); at = (at - 1) / 2)
        a->heap[at] = a->heap[(at - 1) / 2];
    a->heap[at] = entry;
}

struct job *agenda_peek(const struct agenda *a)
{
    return a->n ? a->heap[0].job : NULL;
}

struct job *agenda_take(struct agenda *a)
{
    struct agenda_entry first, last;
    size_t at = 0;

    if (a->n == 0)
        return NULL;
    first = a->heap[0];
    last = a->heap[--a->n];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < a->n && comes_before(&a->heap[child + 1], &a->heap[child]))
            child++;
        if (child >= a->n || !comes_before(&a->heap[child], &last))
            break;
        a->heap[at] = a->heap[child];
        at = child;
    }
    a->heap[at] = last;
    return first.job;
}

/* agenda.h -- jobs that are not due yet, the next one first.
 *
 * A record holds requests in the order in which they were complete, which is
 * not quite that in which they began; within the agenda's size they are put in
 * order of their due times, and as they were put in where those are equal.
 */
#ifndef MIRRORCTL_REPLAY_AGENDA_H
#define MIRRORCTL_REPLAY_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "replay/job.h"

/* What orders a job stands beside it: looking it up costs a cache miss. */
struct agenda_entry {
    int64_t due_ns;
    uint64_t place; /* the how-manieth that was put in */
    struct job *job;
};

struct agenda {
    struct agenda_entry *heap;
    size_t n, capacity;
    uint64_t places;
};

/* Make an agenda for `capacity` jobs. Returns 0, or -1 with *e set. */
int agenda_init(struct agenda *a, size_t capacity, struct err *e);

/* Free it; jobs still inside are the caller's. Fine on a zeroed struct. */
void agenda_release(struct agenda *a);

/* Add a job; the agenda must not be full. */
void agenda_put(struct agenda *a, struct job *job);

/* The next job, or NULL: looked at, or taken out. */
struct job *agenda_peek(const struct agenda *a);
struct job *agenda_take(struct agenda *a);

static inline bool agenda_is_full(const struct agenda *a)
{
    return a->n == a->capacity;
}

#endif

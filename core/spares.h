/* spares.h -- objects that were used once, kept for their next use.
 *
 * What one thread makes and another ends costs the heap its locks and its
 * caches, each time. Here a thread has magazines of its own, full of objects
 * that are done with, and only whole magazines go through a depot that all
 * threads share: so an object costs a fraction of one lock, and is still warm
 * (Bonwick and Adams, "Magazines and Vmem", 2001).
 */
#ifndef MIRRORCTL_CORE_SPARES_H
#define MIRRORCTL_CORE_SPARES_H

#include <pthread.h>
#include <stdbool.h>

enum {
    SPARES_MAGAZINE = 64, /* objects */
    SPARES_DEPOT = 16,    /* magazines */
};

/* Every object begins with it; while in use its content does not matter. */
struct spare {
    struct spare *next;
};

struct spare_magazine {
    struct spare *first;
    unsigned n;
};

/* One kind of object, in static memory: SPARES_INIT(function that frees one). */
struct spares {
    pthread_mutex_t lock;
    void (*release)(struct spare *object);
    struct spare_magazine depot[SPARES_DEPOT];
    unsigned n;
};

#define SPARES_INIT(release_one)                                            \
    {                                                                       \
        .lock = PTHREAD_MUTEX_INITIALIZER, .release = (release_one), .n = 0 \
    }

/* A thread's own, zeroed, _Thread_local. What is in it when the thread ends goes
 * to the depot. */
struct spares_here {
    struct spares *of; /* set at the first use */
    struct spare_magazine loaded, other;
    struct spares_here *next; /* of this thread */
};

/* An object as it was given, or NULL: there is none, make one. */
struct spare *spares_take(struct spares *s, struct spares_here *here);

/* Keep an object, or release it when there is no room. */
void spares_give(struct spares *s, struct spares_here *here, struct spare *object);

#endif

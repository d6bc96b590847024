/* queue.h -- a bounded queue of pointers between threads.
 *
 * Several may put and several may take. Closing wakes both ends: what is in it
 * can still be taken, nothing more can be put. Items may differ in weight, such
 * as bytes; then there is a ceiling for the sum too.
 */
#ifndef MIRRORCTL_CORE_QUEUE_H
#define MIRRORCTL_CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct queue;

/* A queue for at most `capacity` items, at least 1. NULL with *e set. */
struct queue *queue_new(size_t capacity, struct err *e);

/* From now on an item waits until what is before it weighs at most `max` with
 * it, or until the queue is empty: nothing is too heavy to pass. */
void queue_limit_weight(struct queue *q, size_t max);

/* Wait for room and put; who has to wait does so until three quarters are free.
 * False when the queue is closed: the item is still the caller's. `item` must not
 * be NULL. */
bool queue_put(struct queue *q, void *item);
bool queue_put_weighing(struct queue *q, void *item, size_t weight);

/* Put what will be taken next: the last one that was used is still warm. */
bool queue_put_first(struct queue *q, void *item);

/* Put if there is room now. False when full or closed. */
bool queue_try_put(struct queue *q, void *item);

/* Put without waiting: while there is no room, what waits longest is taken out
 * and given to `displaced`, which must not use the queue. False when closed. */
bool queue_put_displacing(struct queue *q, void *item, size_t weight,
                          void (*displaced)(void *ctx, void *item), void *ctx);

/* Wait for an item. NULL when the queue is closed and empty. */
void *queue_take(struct queue *q);

/* Wait for an item until `deadline_ns` of the monotonic clock; NULL also when
 * it passed. */
void *queue_take_until(struct queue *q, long long deadline_ns);

/* Take if there is something now, else NULL. */
void *queue_try_take(struct queue *q);

/* True once closed and empty. */
bool queue_is_drained(struct queue *q);

void queue_close(struct queue *q);

/* Free it, when no thread uses it any more. Items still inside are the caller's:
 * take them first. NULL is fine. */
void queue_free(struct queue *q);

#endif

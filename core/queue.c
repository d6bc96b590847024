#include "core/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/mem.h"

struct slot {
    void *item;
    size_t weight;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t has_items, has_room;
    size_t capacity, first, n;
    size_t weight, max_weight;
    bool closed;
    struct slot slots[];
};

struct queue *queue_new(size_t capacity, struct err *e)
{
    struct queue *q = mem_zalloc(sizeof *q + capacity * sizeof(struct slot));
    pthread_condattr_t attr;

    if (!q) {
        err_nomem(e, "making a queue");
        return NULL;
    }
    q->capacity = capacity;
    q->max_weight = SIZE_MAX;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->has_items, &attr);
    pthread_cond_init(&q->has_room, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

void queue_limit_weight(struct queue *q, size_t max)
{
    pthread_mutex_lock(&q->lock);
    q->max_weight = max;
    pthread_cond_broadcast(&q->has_room);
    pthread_mutex_unlock(&q->lock);
}

/* These with the lock held; push and pop when it is known that they can. */
static bool has_room(const struct queue *q, size_t weight)
{
    return q->n == 0 ||
           (q->n < q->capacity && weight <= q->max_weight && q->weight <= q->max_weight - weight);
}

static void push(struct queue *q, void *item, size_t weight)
{
    q->slots[(q->first + q->n++) % q->capacity] = (struct slot){item, weight};
    q->weight += weight;
}

static void *pop(struct queue *q)
{
    struct slot *slot = &q->slots[q->first];

    q->first = (q->first + 1) % q->capacity;
    q->n--;
    q->weight -= slot->weight;
    return slot->item;
}

/* Unlock, and wake one of the other side. In this order: who is woken with the
 * lock held finds it taken, and sleeps again. */
static void end_put(struct queue *q, bool put)
{
    pthread_mutex_unlock(&q->lock);
    if (put)
        pthread_cond_signal(&q->has_items);
}

/* Who waits for room is woken when three quarters are free, not by every single
 * item: else the two would take turns, and each turn costs more than most items do. */
static void *end_take(struct queue *q, void *item)
{
    bool much_room = q->n <= q->capacity / 4;

    pthread_mutex_unlock(&q->lock);
    if (item && much_room)
        pthread_cond_signal(&q->has_room);
    return item;
}

bool queue_put_weighing(struct queue *q, void *item, size_t weight)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && !has_room(q, weight))
        pthread_cond_wait(&q->has_room, &q->lock);
    ok = !q->closed;
    if (ok)
        push(q, item, weight);
    end_put(q, ok);
    return ok;
}

bool queue_put(struct queue *q, void *item)
{
    return queue_put_weighing(q, item, 0);
}

bool queue_put_first(struct queue *q, void *item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && !has_room(q, 0))
        pthread_cond_wait(&q->has_room, &q->lock);
    ok = !q->closed;
    if (ok) {
        q->first = (q->first + q->capacity - 1) % q->capacity;
        q->slots[q->first] = (struct slot){item, 0};
        q->n++;
    }
    end_put(q, ok);
    return ok;
}

bool queue_try_put(struct queue *q, void *item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    ok = !q->closed && has_room(q, 0);
    if (ok)
        push(q, item, 0);
    end_put(q, ok);
    return ok;
}

bool queue_put_displacing(struct queue *q, void *item, size_t weight,
                          void (*displaced)(void *ctx, void *item), void *ctx)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    ok = !q->closed;
    while (ok && !has_room(q, weight))
        displaced(ctx, pop(q));
    if (ok)
        push(q, item, weight);
    end_put(q, ok);
    return ok;
}

void *queue_take(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == 0)
        pthread_cond_wait(&q->has_items, &q->lock);
    return end_take(q, q->n ? pop(q) : NULL);
}

void *queue_take_until(struct queue *q, long long deadline_ns)
{
    struct timespec ts = {.tv_sec = (time_t)(deadline_ns / NS_PER_SEC),
                          .tv_nsec = (long)(deadline_ns % NS_PER_SEC)};
    int rc = 0;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&q->has_items, &q->lock, &ts);
    return end_take(q, q->n ? pop(q) : NULL);
}

void *queue_try_take(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    return end_take(q, q->n ? pop(q) : NULL);
}

bool queue_is_drained(struct queue *q)
{
    bool drained;

    pthread_mutex_lock(&q->lock);
    drained = q->closed && q->n == 0;
    pthread_mutex_unlock(&q->lock);
    return drained;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->has_items);
    pthread_cond_broadcast(&q->has_room);
    pthread_mutex_unlock(&q->lock);
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->has_room);
    pthread_cond_destroy(&q->has_items);
    pthread_mutex_destroy(&q->lock);
    mem_free(q);
}

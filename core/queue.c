#include "core/queue.h"

#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/mem.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t has_items, has_room;
    size_t capacity, first, n;
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t capacity, struct err *e)
{
    struct queue *q = mem_zalloc(sizeof *q + capacity * sizeof(void *));
    pthread_condattr_t attr;

    if (!q) {
        err_nomem(e, "making a queue");
        return NULL;
    }
    q->capacity = capacity;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->has_items, &attr);
    pthread_cond_init(&q->has_room, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

/* Both with the lock held and the condition known to be true. */
static void push(struct queue *q, void *item)
{
    q->items[(q->first + q->n++) % q->capacity] = item;
    pthread_cond_signal(&q->has_items);
}

static void *pop(struct queue *q)
{
    void *item = q->items[q->first];

    q->first = (q->first + 1) % q->capacity;
    q->n--;
    pthread_cond_signal(&q->has_room);
    return item;
}

bool queue_put(struct queue *q, void *item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == q->capacity)
        pthread_cond_wait(&q->has_room, &q->lock);
    ok = !q->closed;
    if (ok)
        push(q, item);
    pthread_mutex_unlock(&q->lock);
    return ok;
}

bool queue_try_put(struct queue *q, void *item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    ok = !q->closed && q->n < q->capacity;
    if (ok)
        push(q, item);
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void *queue_take(struct queue *q)
{
    void *item = NULL;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == 0)
        pthread_cond_wait(&q->has_items, &q->lock);
    if (q->n)
        item = pop(q);
    pthread_mutex_unlock(&q->lock);
    return item;
}

void *queue_take_until(struct queue *q, long long deadline_ns)
{
    struct timespec ts = {.tv_sec = (time_t)(deadline_ns / NS_PER_SEC),
                          .tv_nsec = (long)(deadline_ns % NS_PER_SEC)};
    void *item = NULL;
    int rc = 0;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&q->has_items, &q->lock, &ts);
    if (q->n)
        item = pop(q);
    pthread_mutex_unlock(&q->lock);
    return item;
}

void *queue_try_take(struct queue *q)
{
    void *item = NULL;

    pthread_mutex_lock(&q->lock);
    if (q->n)
        item = pop(q);
    pthread_mutex_unlock(&q->lock);
    return item;
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

#include "cli/front.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "cli/capture_options.h"
#include "core/mem.h"
#include "core/queue.h"
#include "core/thread.h"

enum { FILE_LENGTH = 64, LIVE_LENGTH = 4096, BYTES_MAX = 64 * 1024 * 1024 };

struct front {
    struct capture *capture;
    struct queue *queue;
    bool live;
    pthread_t thread;
    bool started, running;
    _Atomic uint64_t captured, left_out;
    int rc; /* of the run, once the queue is closed */
    struct err e;
};

/* Of a file it is still there. */
static void leave_out(void *ctx, void *item)
{
    struct front *f = ctx;

    if (f->live)
        atomic_fetch_add(&f->left_out, 1);
    exchange_free(item);
}

static int put(void *ctx, struct exchange *x, struct err *e)
{
    struct front *f = ctx;
    size_t weight = arena_held(&x->mem);
    bool ok;

    (void)e;
    atomic_fetch_add(&f->captured, 1);
    if (f->live)
        ok = queue_put_displacing(f->queue, x, weight, leave_out, f);
    else
        ok = queue_put_weighing(f->queue, x, weight);
    if (ok)
        return 0;
    leave_out(f, x); /* nobody takes any more */
    return 1;
}

static void *run(void *ctx)
{
    struct front *f = ctx;
    struct exchange_sink sink = {put, f};

    if (f->live)
        capture_give_way();
    f->rc = capture_run(f->capture, &sink, &f->e);
    queue_close(f->queue);
    return NULL;
}

static int open_parts(struct front *f, const struct capture_config *config, struct err *e)
{
    f->live = config->interface != NULL;
    f->capture = capture_open(config, e);
    if (!f->capture)
        return -1;
    f->queue = queue_new(f->live ? LIVE_LENGTH : FILE_LENGTH, e);
    if (!f->queue)
        return -1;
    queue_limit_weight(f->queue, BYTES_MAX);
    return 0;
}

struct front *front_open(const struct capture_config *config, struct err *e)
{
    struct front *f = mem_zalloc(sizeof *f);

    if (!f) {
        err_nomem(e, "starting a capture");
        return NULL;
    }
    if (open_parts(f, config, e) < 0) {
        front_close(f);
        return NULL;
    }
    return f;
}

void front_identity(struct front *f, uint8_t id[16], int64_t *created_ns)
{
    capture_identity(f->capture, id, created_ns);
}

static int start(struct front *f, struct err *e)
{
    f->started = true;
    f->running = thread_start(&f->thread, run, f, e) == 0;
    return f->running ? 0 : -1;
}

static void join(struct front *f)
{
    if (f->running)
        pthread_join(f->thread, NULL);
    f->running = false;
}

int front_next(void *ctx, struct exchange **x, struct err *e)
{
    struct front *f = ctx;

    if (!f->started && start(f, e) < 0)
        return -1;
    *x = queue_take(f->queue);
    if (*x)
        return 1;
    join(f);
    if (f->rc < 0)
        *e = f->e;
    return f->rc < 0 ? -1 : 0;
}

void front_stop(struct front *f)
{
    capture_stop(f->capture);
}

uint64_t front_captured(const struct front *f)
{
    return atomic_load(&f->captured);
}

uint64_t front_left_out(const struct front *f)
{
    return atomic_load(&f->left_out);
}

const struct capture *front_capture(const struct front *f)
{
    return f->capture;
}

void front_end(struct front *f)
{
    struct exchange *x;

    if (!f->running)
        return;
    capture_stop(f->capture);
    queue_close(f->queue);
    join(f);
    while ((x = queue_try_take(f->queue)))
        leave_out(f, x);
}

void front_close(struct front *f)
{
    if (!f)
        return;
    front_end(f);
    queue_free(f->queue);
    capture_close(f->capture);
    mem_free(f);
}

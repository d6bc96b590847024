#include "cli/front.h"

#include <pthread.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "core/queue.h"

enum { QUEUE_LENGTH = 64, MAX_BODY = 16 << 20, MEMORY = 512 << 20, RING = 64 << 20 };

struct front {
    struct capture *capture;
    struct queue *queue;
    const char *file;
    pthread_t thread;
    bool running;
    int rc; /* of the run, once the queue is closed */
    struct err e;
};

static int put(void *ctx, struct exchange *x, struct err *e)
{
    struct front *f = ctx;

    (void)e;
    if (queue_put(f->queue, x))
        return 0;
    exchange_free(x); /* nobody takes any more */
    return 1;
}

static void *run(void *ctx)
{
    struct front *f = ctx;
    struct exchange_sink sink = {put, f};

    f->rc = capture_run(f->capture, &sink, &f->e);
    queue_close(f->queue);
    return NULL;
}

static void warn(void *ctx, const char *text)
{
    (void)ctx;
    log_warn("%s", text);
}

static int start(struct front *f, struct err *e)
{
    struct capture_config config = {
        .files = &f->file,
        .n_files = 1,
        .max_body = MAX_BODY,
        .memory = MEMORY,
        .buffer = RING,
        .warn = warn,
    };
    int rc;

    f->capture = capture_open(&config, e);
    if (!f->capture)
        return -1;
    f->queue = queue_new(QUEUE_LENGTH, e);
    if (!f->queue)
        return -1;
    rc = pthread_create(&f->thread, NULL, run, f);
    if (rc != 0)
        return err_set(e, ERR_NOMEM, "cannot start a thread: %s", strerror(rc));
    f->running = true;
    return 0;
}

struct front *front_open(const char *path, struct err *e)
{
    struct front *f = mem_zalloc(sizeof *f);

    if (!f) {
        err_nomem(e, "opening a capture file");
        return NULL;
    }
    f->file = path;
    if (start(f, e) < 0) {
        front_close(f);
        return NULL;
    }
    return f;
}

void front_identity(struct front *f, uint8_t id[16], int64_t *created_ns)
{
    capture_identity(f->capture, id, created_ns);
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

const struct capture_stats *front_stats(const struct front *f)
{
    return capture_stats(f->capture);
}

void front_close(struct front *f)
{
    struct exchange *x;

    if (!f)
        return;
    if (f->running) {
        capture_stop(f->capture);
        queue_close(f->queue);
        join(f);
    }
    while (f->queue && (x = queue_try_take(f->queue)))
        exchange_free(x);
    queue_free(f->queue);
    capture_close(f->capture);
    mem_free(f);
}

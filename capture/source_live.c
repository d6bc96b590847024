#include "capture/source.h"

#include <pthread.h>
#include <stdatomic.h>

#include "capture/ring.h"
#include "capture/source_interface.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/thread.h"

/* DESIGN
 *
 * A thread of its own empties the kernel's ring into ours, so that the kernel
 * drops nothing while the other side assembles or waits for a disk. When our
 * ring is full the thread waits: the kernel's ring, which is as large, takes
 * what comes meanwhile, and counts it if it cannot.
 *
 * Asked to stop, the thread shuts the interface and goes on until all that came
 * in before has been read: the kernel's count tells. Where that count cannot be
 * trusted, a time without packets does. */

enum { RING = 32 * 1024 * 1024, DRAIN_MS = 250, DRAIN_STEP_MS = 10, BATCH = 4096 };

struct live_source {
    const char *name;
    struct interface *interface;
    struct ring *ring;
    pthread_t thread;
    bool started;
    atomic_bool stopping; /* asked to end */
    atomic_bool deserted; /* nobody takes packets any more */
    atomic_bool done;     /* the thread will put no more */
    struct err failure;   /* of the thread, set before `done` */
    pthread_mutex_t lock;
    struct source_counts counts; /* under `lock` */
};

static bool accepts(const struct capture_config *config)
{
    return config->interface != NULL;
}

/* ---- the reader thread ------------------------------------------------------ */

static bool put(void *ctx, const struct packet *p)
{
    static const struct timespec pause = {.tv_nsec = 1 * NS_PER_MS};
    struct live_source *s = ctx;

    while (!ring_put(s->ring, p)) {
        if (atomic_load(&s->deserted))
            return false;
        ring_wake(s->ring);
        nanosleep(&pause, NULL); /* who empties the ring needs the processor more */
    }
    return true;
}

static void take_counts(struct live_source *s)
{
    struct source_counts now;

    interface_count(s->interface, &now);
    pthread_mutex_lock(&s->lock);
    s->counts = now;
    pthread_mutex_unlock(&s->lock);
}

static int read_some(struct live_source *s, int ms, struct err *e)
{
    struct packet_handler handler = {put, s};
    int rc = interface_read(s->interface, ms, &handler, e);

    ring_wake(s->ring);
    return rc;
}

static void read_until_asked(struct live_source *s)
{
    int64_t sampled = clock_mono_ns();

    while (!atomic_load(&s->stopping)) {
        int64_t now = clock_mono_ns();
        if (now - sampled >= NS_PER_SEC) {
            take_counts(s);
            sampled = now;
        }
        if (read_some(s, INTERFACE_LATE_MS, &s->failure) < 0)
            return;
    }
}

static void read_the_rest(struct live_source *s)
{
    int64_t until = clock_mono_ns() + DRAIN_MS * NS_PER_MS;
    struct err e = {0};
    int got = 0;

    interface_shut(s->interface);
    while (got >= 0 && !atomic_load(&s->deserted) && !interface_is_drained(s->interface) &&
           clock_mono_ns() < until) {
        got = read_some(s, DRAIN_STEP_MS, &e);
        if (got > 0)
            until = clock_mono_ns() + DRAIN_MS * NS_PER_MS;
    }
    if (s->failure.kind == ERR_NONE)
        s->failure = e;
}

static void *reader(void *arg)
{
    struct live_source *s = arg;

    read_until_asked(s);
    read_the_rest(s);
    take_counts(s);
    atomic_store(&s->done, true);
    ring_wake(s->ring);
    return NULL;
}

/* ---- the kind --------------------------------------------------------------- */

/* The thread takes the counts once more before it ends. */
static void end(void *self)
{
    struct live_source *s = self;

    if (!s->started)
        return;
    atomic_store(&s->stopping, true);
    atomic_store(&s->deserted, true);
    pthread_join(s->thread, NULL);
    s->started = false;
}

static void close_source(void *self)
{
    struct live_source *s = self;

    end(s);
    interface_close(s->interface);
    ring_free(s->ring);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static void *open_source(const struct capture_config *config, struct err *e)
{
    struct live_source *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening an interface");
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    s->name = config->interface;
    s->ring = ring_new(RING, e);
    s->interface = s->ring ? interface_open(config, e) : NULL;
    if (s->interface)
        return s;
    close_source(s);
    return NULL;
}

static int start(void *self, struct err *e)
{
    struct live_source *s = self;

    if (thread_start(&s->thread, reader, s, e) < 0)
        return -1;
    s->started = true;
    return 0;
}

static int read_packets(void *self, const struct packet_handler *handler, struct err *e)
{
    struct live_source *s = self;
    bool done = atomic_load(&s->done);
    struct packet p;
    bool more = true;

    if (!done)
        ring_wait(s->ring, INTERFACE_LATE_MS);
    for (int i = 0; more && i < BATCH; i++) {
        if (!ring_peek(s->ring, &p)) {
            if (!done)
                return 1;
            if (s->failure.kind == ERR_NONE)
                return 0;
            *e = s->failure;
            return -1;
        }
        more = handler->take(handler->ctx, &p);
        ring_drop(s->ring);
    }
    return 1;
}

static void stop(void *self)
{
    struct live_source *s = self;

    atomic_store(&s->stopping, true);
}

static void counts(void *self, struct source_counts *c)
{
    struct live_source *s = self;

    pthread_mutex_lock(&s->lock);
    *c = s->counts;
    pthread_mutex_unlock(&s->lock);
}

static const struct packet *first(void *self)
{
    (void)self;
    return NULL;
}

static const char *current(void *self)
{
    struct live_source *s = self;

    return s->name;
}

const struct source_kind source_live = {
    .name = "live",
    .live = true,
    .accepts = accepts,
    .open = open_source,
    .start = start,
    .read = read_packets,
    .stop = stop,
    .end = end,
    .counts = counts,
    .first = first,
    .current = current,
    .close = close_source,
};

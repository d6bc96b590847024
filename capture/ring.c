#include "capture/ring.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/mem.h"

struct record {
    int64_t ns;
    uint32_t captured; /* SKIP: the rest of the ring is not used this time */
    uint32_t length;
    int32_t link;
    uint32_t unused;
};

#define SKIP UINT32_MAX

struct ring {
    char *bytes;
    size_t size;
    int event;
    atomic_bool asleep;
    _Atomic size_t head; /* written up to here; both only grow */
    _Atomic size_t tail; /* read up to here */
};

struct ring *ring_new(size_t size, struct err *e)
{
    struct ring *r = mem_zalloc(sizeof *r);

    assert(size && (size & (size - 1)) == 0);
    if (r)
        r->bytes = mem_alloc(size);
    if (!r || !r->bytes) {
        mem_free(r);
        err_nomem(e, "preparing the packet queue");
        return NULL;
    }
    r->size = size;
    r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->event < 0) {
        err_set(e, ERR_IO, "eventfd: %s", strerror(errno));
        ring_free(r);
        return NULL;
    }
    return r;
}

void ring_free(struct ring *r)
{
    if (!r)
        return;
    if (r->event >= 0)
        close(r->event);
    mem_free(r->bytes);
    mem_free(r);
}

static size_t space_for(uint32_t captured)
{
    size_t align = _Alignof(struct record);

    return (sizeof(struct record) + captured + align - 1) / align * align;
}

static struct record *record_at(struct ring *r, size_t at)
{
    return (struct record *)(void *)(r->bytes + (at & (r->size - 1)));
}

/* An empty ring is used from its start again, where the memory is still in the
 * processor's cache and was touched before. What is left out at the end counts
 * as full until the reader has taken the next record: not too soon, then. */
static bool may_start_over(const struct ring *r, size_t head, size_t need)
{
    size_t used = head & (r->size - 1);

    return used >= need && used >= r->size / 32;
}

bool ring_put(struct ring *r, const struct packet *p)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    uint32_t captured = (uint32_t)p->bytes.len;
    size_t need = space_for(captured);
    size_t to_end = r->size - (head & (r->size - 1));
    struct record *record;

    if (to_end < need || (head == tail && may_start_over(r, head, need))) {
        if (r->size - (head - tail) < to_end + need)
            return false;
        /* The end of the ring always has room for a number: need is a multiple
         * of the alignment, and so is what is left. */
        if (to_end >= sizeof *record)
            record_at(r, head)->captured = SKIP;
        head += to_end;
    }
    if (r->size - (head - tail) < need)
        return false;
    record = record_at(r, head);
    record->ns = p->ns;
    record->captured = captured;
    record->length = p->length;
    record->link = p->link;
    if (captured)
        memcpy(record + 1, p->bytes.data, captured);
    atomic_store_explicit(&r->head, head + need, memory_order_release);
    return true;
}

void ring_wake(struct ring *r)
{
    uint64_t one = 1;

    /* Orders our last ring_put() before the look at `asleep`, as ring_wait()
     * orders its own the other way round: one of the two sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&r->asleep, memory_order_relaxed) &&
        write(r->event, &one, sizeof one) < 0)
        return; /* it is full, so it is readable */
}

/* Where the oldest record is, past what a jump to the start left out. */
static size_t oldest(struct ring *r, size_t tail)
{
    size_t to_end = r->size - (tail & (r->size - 1));

    if (to_end < sizeof(struct record) || record_at(r, tail)->captured == SKIP)
        return tail + to_end;
    return tail;
}

bool ring_peek(struct ring *r, struct packet *p)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    struct record *record;

    if (tail == head)
        return false;
    record = record_at(r, oldest(r, tail));
    *p = (struct packet){
        .bytes = str_from((const char *)(record + 1), record->captured),
        .length = record->length,
        .link = record->link,
        .ns = record->ns,
    };
    return true;
}

void ring_drop(struct ring *r)
{
    size_t tail = oldest(r, atomic_load_explicit(&r->tail, memory_order_relaxed));

    tail += space_for(record_at(r, tail)->captured);
    atomic_store_explicit(&r->tail, tail, memory_order_release);
}

static bool is_empty(struct ring *r)
{
    return atomic_load(&r->head) == atomic_load(&r->tail);
}

void ring_wait(struct ring *r, int ms)
{
    struct pollfd fd = {.fd = r->event, .events = POLLIN};
    uint64_t n;

    if (!is_empty(r))
        return;
    atomic_store(&r->asleep, true);
    atomic_thread_fence(memory_order_seq_cst);
    if (is_empty(r) && poll(&fd, 1, ms) > 0 && read(r->event, &n, sizeof n) < 0)
        n = 0; /* taken already */
    atomic_store(&r->asleep, false);
}

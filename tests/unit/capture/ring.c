/* Packets pass from one thread to another: all, in order, unharmed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/ring.h"

enum { SIZE = 4096, PACKETS = 20000, LARGEST = 700 };

static struct packet make(uint32_t i, char bytes[LARGEST])
{
    size_t n = i * 7919 % LARGEST;

    memset(bytes, (int)(i % 251), n);
    return (struct packet){.bytes = str_from(bytes, n), .length = i, .ns = -(int64_t)i, .link = 1};
}

static void check(const struct packet *p, uint32_t i)
{
    char bytes[LARGEST];
    struct packet want = make(i, bytes);

    assert_true(str_eq(p->bytes, want.bytes));
    assert_int_equal(p->length, i);
    assert_true(p->ns == want.ns && p->link == 1);
}

static void a_full_ring_says_so_and_takes_more_once_emptied(void **state)
{
    struct ring *r = ring_new(SIZE, NULL);
    char bytes[LARGEST];
    struct packet p;
    uint32_t in = 0, out = 0;

    (void)state;
    for (int round = 0; round < 200; round++) {
        for (;;) {
            struct packet next = make(in, bytes);
            if (!ring_put(r, &next))
                break;
            in++;
        }
        assert_true(in > out);
        while (ring_peek(r, &p)) {
            check(&p, out++);
            ring_drop(r);
        }
        assert_int_equal(in, out);
    }
    ring_free(r);
}

/* What keeps up uses little of the ring, and always the same. */
static void a_ring_that_is_emptied_each_time_is_used_from_its_start(void **state)
{
    enum { LARGE = 64 * SIZE };
    struct ring *r = ring_new(LARGE, NULL);
    char bytes[LARGEST];
    const char *lowest = NULL, *highest = NULL;

    (void)state;
    for (uint32_t i = 0; i < PACKETS; i++) {
        struct packet p = make(i, bytes);
        assert_true(ring_put(r, &p));
        assert_true(ring_peek(r, &p));
        check(&p, i);
        lowest = !lowest || p.bytes.data < lowest ? p.bytes.data : lowest;
        highest = p.bytes.data > highest ? p.bytes.data : highest;
        ring_drop(r);
    }
    assert_true(highest - lowest < LARGE / 8);
    ring_free(r);
}

static void *writer(void *arg)
{
    struct ring *r = arg;
    char bytes[LARGEST];

    for (uint32_t i = 0; i < PACKETS; i++) {
        struct packet p = make(i, bytes);
        while (!ring_put(r, &p))
            ring_wake(r);
        if (i % 16 == 0)
            ring_wake(r);
    }
    ring_wake(r);
    return NULL;
}

static void a_reader_that_waits_is_woken(void **state)
{
    struct ring *r = ring_new(SIZE, NULL);
    struct packet p;
    pthread_t thread;
    uint32_t n = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, writer, r), 0);
    while (n < PACKETS) {
        if (!ring_peek(r, &p)) {
            ring_wait(r, 10000);
            continue;
        }
        check(&p, n++);
        ring_drop(r);
    }
    pthread_join(thread, NULL);
    ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_ring_says_so_and_takes_more_once_emptied),
        cmocka_unit_test(a_ring_that_is_emptied_each_time_is_used_from_its_start),
        cmocka_unit_test(a_reader_that_waits_is_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

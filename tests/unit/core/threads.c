/* queue and hist: what threads share and what they add up afterwards. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/hist.h"
#include "core/mem.h"
#include "core/queue.h"

static void a_queue_keeps_order_and_its_ceiling(void **state)
{
    struct queue *q = queue_new(2, NULL);
    int a, b, c;

    (void)state;
    assert_true(queue_try_put(q, &a));
    assert_true(queue_try_put(q, &b));
    assert_false(queue_try_put(q, &c));
    assert_ptr_equal(queue_take(q), &a);
    assert_true(queue_try_put(q, &c));
    assert_ptr_equal(queue_try_take(q), &b);
    assert_ptr_equal(queue_take(q), &c);
    assert_null(queue_try_take(q));
    assert_true(queue_put(q, &a));
    assert_true(queue_put_first(q, &b));
    assert_false(queue_try_put(q, &c));
    assert_ptr_equal(queue_take(q), &b);
    assert_ptr_equal(queue_take(q), &a);
    queue_free(q);
}

static void closing_lets_the_rest_out_and_nothing_in(void **state)
{
    struct queue *q = queue_new(2, NULL);
    int a;

    (void)state;
    queue_put(q, &a);
    queue_close(q);
    assert_false(queue_is_drained(q));
    assert_false(queue_put(q, &a));
    assert_false(queue_try_put(q, &a));
    assert_ptr_equal(queue_take(q), &a);
    assert_null(queue_take(q));
    assert_true(queue_is_drained(q));
    queue_free(q);
}

static void taking_gives_up_at_the_deadline(void **state)
{
    struct queue *q = queue_new(1, NULL);
    int64_t start = clock_mono_ns();

    (void)state;
    assert_null(queue_take_until(q, start + 20 * NS_PER_MS));
    assert_true(clock_mono_ns() >= start + 20 * NS_PER_MS);
    queue_free(q);
}

enum { ITEMS = 20000, FEW_ITEMS = 300, PRODUCERS = 3 };

static void *produce(void *arg)
{
    struct queue *q = arg;
    static int items[ITEMS];

    for (int i = 0; i < ITEMS; i++)
        queue_put(q, &items[i]);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    struct queue *q = queue_new(7, NULL);
    pthread_t threads[PRODUCERS];
    int n = 0;

    (void)state;
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, q), 0);
    while (n < ITEMS * PRODUCERS && queue_take(q))
        n++;
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(n, ITEMS * PRODUCERS);
    assert_null(queue_try_take(q));
    queue_free(q);
}

struct giver {
    struct queue *queue;
    size_t weight;
};

static void *give(void *arg)
{
    static char items[FEW_ITEMS];
    struct giver *g = arg;

    for (size_t i = 0; i < FEW_ITEMS; i++)
        queue_put_weighing(g->queue, &items[i], g->weight);
    return NULL;
}

/* Who waits for room is woken late, to be woken seldom; but always in the end,
 * whether items or their weight fill the queue, and however small it is. */
static void who_waits_for_room_gets_it_in_a_queue_of_any_size(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 20; capacity++) {
        struct giver light = {queue_new(capacity, NULL), 1}, heavy = {light.queue, 30};
        pthread_t threads[2];

        queue_limit_weight(light.queue, 100);
        assert_int_equal(pthread_create(&threads[0], NULL, give, &light), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, give, &heavy), 0);
        for (size_t i = 0; i < (size_t)2 * FEW_ITEMS; i++)
            assert_non_null(queue_take(light.queue));
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        assert_null(queue_try_take(light.queue));
        queue_free(light.queue);
    }
}

static void *close_it(void *arg)
{
    queue_close(arg);
    return NULL;
}

static void closing_wakes_who_waits(void **state)
{
    struct queue *q = queue_new(1, NULL);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, close_it, q), 0);
    assert_null(queue_take(q));
    pthread_join(thread, NULL);
    queue_free(q);
}

static void items_that_weigh_too_much_wait(void **state)
{
    struct queue *q = queue_new(4, NULL);
    int heavy, light;

    (void)state;
    queue_limit_weight(q, 10);
    assert_true(queue_put_weighing(q, &heavy, 100)); /* nothing is too heavy to pass */
    assert_false(queue_try_put(q, &light));
    assert_ptr_equal(queue_take(q), &heavy);
    assert_true(queue_put_weighing(q, &light, 5));
    assert_true(queue_put_weighing(q, &light, 5));
    assert_true(queue_try_put(q, &light));
    queue_free(q);
}

static void note_displaced(void *ctx, void *item)
{
    int **gone = ctx;

    while (*gone)
        gone++;
    *gone = item;
}

static void what_waits_longest_makes_room_when_nobody_may_wait(void **state)
{
    struct queue *q = queue_new(3, NULL);
    int items[6], *gone[8] = {NULL};

    (void)state;
    queue_limit_weight(q, 10);
    for (int i = 0; i < 4; i++) /* by number */
        assert_true(queue_put_displacing(q, &items[i], 2, note_displaced, gone));
    assert_ptr_equal(gone[0], &items[0]);
    assert_null(gone[1]);
    assert_true(queue_put_displacing(q, &items[4], 7, note_displaced, gone)); /* by weight */
    assert_ptr_equal(gone[1], &items[1]);
    assert_ptr_equal(gone[2], &items[2]);
    assert_null(gone[3]);
    assert_true(queue_put_displacing(q, &items[5], 11, note_displaced, gone)); /* alone it passes */
    assert_ptr_equal(gone[4], &items[4]);
    assert_ptr_equal(queue_take(q), &items[5]);
    queue_close(q);
    assert_false(queue_put_displacing(q, &items[0], 0, note_displaced, gone));
    assert_null(gone[5]);
    queue_free(q);
}

static void *put_heavy(void *arg)
{
    struct queue *q = arg;
    static int item;

    for (int i = 0; i < ITEMS; i++)
        queue_put_weighing(q, &item, (size_t)(i % 20));
    queue_close(q);
    return NULL;
}

static void waiting_for_weight_ends(void **state)
{
    struct queue *q = queue_new(100, NULL);
    pthread_t thread;
    int n = 0;

    (void)state;
    queue_limit_weight(q, 30);
    assert_int_equal(pthread_create(&thread, NULL, put_heavy, q), 0);
    while (queue_take(q))
        n++;
    pthread_join(thread, NULL);
    assert_int_equal(n, ITEMS);
    queue_free(q);
}

static void percentiles_are_within_their_error(void **state)
{
    struct hist *h = mem_zalloc(sizeof *h);

    (void)state;
    for (int64_t v = 1; v <= 100000; v++)
        hist_add(h, v * 1000);
    assert_int_equal(h->min, 1000);
    assert_int_equal(h->max, 100000000);
    for (double p = 0.5; p <= 100; p += 0.5) {
        double exact = p * 1000 * 1000, got = (double)hist_percentile(h, p);

        assert_true(got >= exact * 0.992 && got <= exact * 1.008);
    }
    assert_int_equal(hist_percentile(h, 100), 100000000);
    assert_int_equal(hist_percentile(h, 0), 1000);
    mem_free(h);
}

static void extremes_are_counted_at_the_edges(void **state)
{
    struct hist *h = mem_zalloc(sizeof *h);

    (void)state;
    assert_int_equal(hist_percentile(h, 50), 0);
    hist_add(h, -5);
    hist_add(h, INT64_MAX);
    assert_int_equal(h->total, 2);
    assert_int_equal(hist_percentile(h, 50), 0);
    assert_true(hist_percentile(h, 99) == h->max && h->max == (INT64_C(1) << HIST_MAX_BITS) - 1);
    mem_free(h);
}

static void merging_is_as_adding_all(void **state)
{
    struct hist *all = mem_zalloc(sizeof *all), *a = mem_zalloc(sizeof *a),
                *b = mem_zalloc(sizeof *b);

    (void)state;
    for (int64_t v = 0; v < 5000; v++) {
        hist_add(all, v * v);
        hist_add(v % 3 ? a : b, v * v);
    }
    hist_merge(a, b);
    assert_memory_equal(a, all, sizeof *all);
    mem_free(all);
    mem_free(a);
    mem_free(b);
}

struct echo {
    struct queue *there, *back;
};

static void *give_back(void *arg)
{
    struct echo *echo = arg;
    void *item;

    while ((item = queue_take(echo->there)))
        queue_put(echo->back, item);
    return NULL;
}

static void drop(void *ctx, void *item)
{
    (void)ctx;
    (void)item;
}

static bool put_displacing(struct queue *q, void *item)
{
    return queue_put_displacing(q, item, 0, drop, NULL);
}

/* Each item comes when the one before is back, so that the taker sleeps. */
static void whoever_waits_for_items_is_woken_by_any_way_to_put_one(void **state)
{
    static bool (*const ways[])(struct queue *, void *) = {queue_put, queue_put_first,
                                                           queue_try_put, put_displacing};

    (void)state;
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct echo echo = {queue_new(4, NULL), queue_new(4, NULL)};
        int64_t deadline = clock_mono_ns() + 20 * NS_PER_SEC;
        pthread_t thread;
        int rounds = 0, item;

        assert_int_equal(pthread_create(&thread, NULL, give_back, &echo), 0);
        while (rounds < 200 && ways[way](echo.there, &item) &&
               queue_take_until(echo.back, deadline))
            rounds++;
        queue_close(echo.there);
        pthread_join(thread, NULL);
        assert_int_equal(rounds, 200);
        queue_free(echo.there);
        queue_free(echo.back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_keeps_order_and_its_ceiling),
        cmocka_unit_test(who_waits_for_room_gets_it_in_a_queue_of_any_size),
        cmocka_unit_test(closing_lets_the_rest_out_and_nothing_in),
        cmocka_unit_test(taking_gives_up_at_the_deadline),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(closing_wakes_who_waits),
        cmocka_unit_test(whoever_waits_for_items_is_woken_by_any_way_to_put_one),
        cmocka_unit_test(items_that_weigh_too_much_wait),
        cmocka_unit_test(what_waits_longest_makes_room_when_nobody_may_wait),
        cmocka_unit_test(waiting_for_weight_ends),
        cmocka_unit_test(percentiles_are_within_their_error),
        cmocka_unit_test(extremes_are_counted_at_the_edges),
        cmocka_unit_test(merging_is_as_adding_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

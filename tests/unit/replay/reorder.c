#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/reorder.h"

/* What is read: times, and the connections they are of. */
struct input {
    const int64_t *times;
    const uint64_t *connections; /* NULL: one each */
    size_t n, given;
    size_t body; /* bytes each one has */
    int fails;   /* enum err_kind at its end */
};

static int next(void *ctx, struct exchange **x, struct err *e)
{
    struct input *in = ctx;
    char *body;

    if (in->given == in->n)
        return in->fails ? err_set(e, (enum err_kind)in->fails, "torn") : 0;
    *x = exchange_new((size_t)64 << 20, NULL);
    assert_non_null(*x);
    body = in->body ? arena_alloc(&(*x)->mem, in->body, NULL) : NULL;
    (*x)->request.body = str_from(body, in->body);
    (*x)->request_first_ns = in->times[in->given];
    (*x)->connection = in->connections ? in->connections[in->given] : in->given + 1;
    (*x)->ordinal = ++in->given;
    return 1;
}

static struct reorder *window_over(const struct exchange_source *source)
{
    struct reorder *r = calloc(1, sizeof *r);

    assert_non_null(r);
    reorder_init(r, source);
    return r;
}

/* The ordinals come in this order. */
static void assert_order(struct input *in, const uint64_t *order)
{
    const struct exchange_source source = {.next = next, .ctx = in};
    struct reorder *r = window_over(&source);
    struct exchange *x;

    for (size_t i = 0; i < in->n; i++) {
        assert_int_equal(reorder_next(r, &x, NULL), 1);
        assert_int_equal(x->ordinal, order[i]);
        exchange_free(x);
    }
    assert_int_equal(reorder_next(r, &x, NULL), 0);
    reorder_release(r);
    free(r);
}

static void the_request_that_came_first_is_first(void **state)
{
    static const int64_t times[] = {50, 10, 40, 20, 30};
    static const uint64_t order[] = {2, 4, 5, 3, 1};

    (void)state;
    assert_order(&(struct input){.times = times, .n = 5}, order);
}

static void at_one_time_the_order_stays(void **state)
{
    static const int64_t times[] = {7, 7, 7, 1, 7, 7};
    static const uint64_t order[] = {4, 1, 2, 3, 5, 6};

    (void)state;
    assert_order(&(struct input){.times = times, .n = 6}, order);
}

static void without_a_time_a_request_stays_behind_the_one_before(void **state)
{
    static const int64_t times[] = {0, 20, 0, 10, 0};
    static const uint64_t order[] = {1, 4, 2, 3, 5};

    (void)state;
    assert_order(&(struct input){.times = times, .n = 5}, order);
}

static void a_clock_that_was_set_back_does_not_turn_a_connection_round(void **state)
{
    static const int64_t times[] = {100, 200, 90, 150, 95};
    static const uint64_t connections[] = {1, 1, 1, 2, 1};
    static const uint64_t order[] = {1, 4, 2, 3, 5};

    (void)state;
    assert_order(&(struct input){.times = times, .connections = connections, .n = 5}, order);
}

static void requests_of_unknown_connections_are_of_none(void **state)
{
    static const int64_t times[] = {100, 200, 90, 150, 95};
    static const uint64_t connections[] = {0, 0, 0, 0, 0};
    static const uint64_t order[] = {3, 5, 1, 4, 2};

    (void)state;
    assert_order(&(struct input){.times = times, .connections = connections, .n = 5}, order);
}

static void what_is_out_of_reach_stays_where_it_is(void **state)
{
    enum { N = 3 * REORDER_MAX };
    static int64_t times[N];
    static uint64_t order[N];
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        times[i] = (int64_t)(i + 2);
    times[N - 1] = 1; /* began first, and ended long after the window had gone on */
    /* It is there when all but the window are gone. */
    for (size_t i = 0; i < N - REORDER_MAX; i++)
        order[at++] = i + 1;
    order[at++] = N;
    for (size_t i = N - REORDER_MAX; i < N - 1; i++)
        order[at++] = i + 1;
    assert_order(&(struct input){.times = times, .n = N}, order);
}

static void the_window_has_a_ceiling_in_bytes(void **state)
{
    static const int64_t times[100] = {[0] = 5, [99] = 1};
    const size_t body = (size_t)1 << 20;
    struct input in = {.times = times, .n = 100, .body = body};
    const struct exchange_source source = {.next = next, .ctx = &in};
    struct reorder *r = window_over(&source);
    struct exchange *x;

    (void)state;
    assert_int_equal(reorder_next(r, &x, NULL), 1);
    assert_in_range(in.given, REORDER_BYTES / body - 1, REORDER_BYTES / body + 1);
    exchange_free(x);
    reorder_release(r); /* and what waits is freed */
    free(r);
}

static void a_failure_comes_when_all_before_it_is_given(void **state)
{
    static const int64_t times[] = {2, 1};
    struct input in = {.times = times, .n = 2, .fails = ERR_DAMAGED};
    const struct exchange_source source = {.next = next, .ctx = &in};
    struct reorder *r = window_over(&source);
    struct exchange *x;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reorder_next(r, &x, &e), 1);
        exchange_free(x);
    }
    assert_int_equal(reorder_next(r, &x, &e), -1);
    assert_int_equal(e.kind, ERR_DAMAGED);
    reorder_release(r);
    free(r);
}

static void any_order_comes_out_sorted(void **state)
{
    enum { N = 1000 };
    static int64_t times[N];
    struct input in = {.times = times, .n = N};
    const struct exchange_source source = {.next = next, .ctx = &in};
    struct reorder *r = window_over(&source);
    struct exchange *x;
    int64_t last = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        times[i] = (int64_t)(i * 7919 % N) + 1;
    while (reorder_next(r, &x, NULL) == 1) {
        assert_int_equal(x->request_first_ns, last + 1);
        last = x->request_first_ns;
        exchange_free(x);
    }
    assert_int_equal(last, N);
    reorder_release(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_that_came_first_is_first),
        cmocka_unit_test(at_one_time_the_order_stays),
        cmocka_unit_test(without_a_time_a_request_stays_behind_the_one_before),
        cmocka_unit_test(a_clock_that_was_set_back_does_not_turn_a_connection_round),
        cmocka_unit_test(requests_of_unknown_connections_are_of_none),
        cmocka_unit_test(what_is_out_of_reach_stays_where_it_is),
        cmocka_unit_test(the_window_has_a_ceiling_in_bytes),
        cmocka_unit_test(a_failure_comes_when_all_before_it_is_given),
        cmocka_unit_test(any_order_comes_out_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

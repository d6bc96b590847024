/* The nouns that travel: names, copies, ownership. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/exchange.h"
#include "core/mem.h"

static void endpoints_read_as_people_write_them(void **state)
{
    char text[ENDPOINT_TEXT];
    struct endpoint v4 = {4, {10, 0, 0, 1}, 80}, v6 = {6, {[15] = 1}, 8080}, none = {0};

    (void)state;
    assert_string_equal(endpoint_text(&v4, text), "10.0.0.1:80");
    assert_string_equal(endpoint_text(&v6, text), "[::1]:8080");
    assert_string_equal(endpoint_text(&none, text), "?");
}

static void every_outcome_has_a_name_and_knows_if_it_was_sent(void **state)
{
    unsigned sent = 0;

    (void)state;
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        assert_non_null(outcome_name((enum outcome)o));
        assert_string_not_equal(outcome_name((enum outcome)o), "unknown");
        sent += outcome_is_sent((enum outcome)o);
    }
    assert_int_equal(sent, 8);
    assert_string_equal(outcome_name(OUTCOME_COUNT), "unknown");
}

static void a_copied_message_outlives_its_original(void **state)
{
    struct exchange *x = exchange_new(1000, NULL);
    char head[] = "GET / HTTP/1.1\r\n\r\n";
    struct http_message m = {
        .head = str_of(head), .body = STR("b\0dy"), .body_size = 9, .flags = HTTP_GAP};

    (void)state;
    assert_int_equal(http_message_copy(&x->request, &m, &x->mem, NULL), 0);
    head[0] = 'X';
    assert_true(str_eq(x->request.head, STR("GET / HTTP/1.1\r\n\r\n")));
    assert_true(str_eq(x->request.body, STR("b\0dy")));
    assert_true(x->request.body_size == 9 && x->request.flags == HTTP_GAP);
    exchange_free(x);
}

static void a_copy_that_does_not_fit_leaves_its_target_alone(void **state)
{
    struct exchange *x = exchange_new(32, NULL);
    struct http_message m = {.head = STR("GET /a-target-that-is-too-long HTTP/1.1\r\n\r\n")};
    struct err e = {0};

    (void)state;
    assert_int_equal(http_message_copy(&x->request, &m, &x->mem, &e), -1);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_int_equal(x->request.head.len, 0);
    exchange_free(x);
}

/* pair_new owns the exchange from the call on, also when it fails: LeakSanitizer
 * sees to the rest. */
static void a_pair_takes_its_exchange_over(void **state)
{
    struct exchange *x = exchange_new(32, NULL);

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(pair_new(x, 0, 100, NULL));
    mem_fail_at(0, MEM_FAIL_NEVER);
    x = exchange_new(32, NULL);
    pair_free(pair_new(x, 0, 100, NULL));
    pair_free(NULL);
    exchange_free(NULL);
}

static void a_renewed_exchange_is_as_new_and_keeps_some_memory(void **state)
{
    struct exchange *x = exchange_new(100, NULL), *other = exchange_new(200, NULL);
    size_t held;

    (void)state;
    assert_non_null(arena_alloc(&x->mem, 90, NULL));
    x->ordinal = 7;
    x->tunnel = true;
    x->request.head = STR("GET");
    held = arena_held(&x->mem);
    assert_true(held >= 90);
    exchange_renew(x, 200);
    assert_true(arena_held(&x->mem) == held || arena_held(&x->mem) == 0); /* with ASan */
    other->mem.blocks = x->mem.blocks;
    assert_memory_equal(x, other, sizeof *x);
    other->mem.blocks = NULL;
    assert_non_null(arena_alloc(&x->mem, 192, NULL));
    assert_null(arena_alloc(&x->mem, 192, NULL));
    exchange_free(x);
    exchange_free(other);
}

static struct exchange *give(void *ctx, size_t max, struct err *e)
{
    (void)max;
    (void)e;
    return ctx;
}

static void a_sink_may_give_exchanges_out_again(void **state)
{
    struct exchange used, *x;
    struct exchange_sink sink = {.fresh = give, .ctx = &used}, plain = {0};

    (void)state;
    assert_ptr_equal(exchange_for(&sink, 10, NULL), &used);
    x = exchange_for(&plain, 10, NULL);
    assert_int_equal(x->mem.max, 10);
    exchange_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_read_as_people_write_them),
        cmocka_unit_test(every_outcome_has_a_name_and_knows_if_it_was_sent),
        cmocka_unit_test(a_copied_message_outlives_its_original),
        cmocka_unit_test(a_copy_that_does_not_fit_leaves_its_target_alone),
        cmocka_unit_test(a_pair_takes_its_exchange_over),
        cmocka_unit_test(a_renewed_exchange_is_as_new_and_keeps_some_memory),
        cmocka_unit_test(a_sink_may_give_exchanges_out_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

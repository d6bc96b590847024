/* The nouns that travel: names, copies, ownership. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/exchange.h"
#include "core/mem.h"
#include "core/sanitizer.h"

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

/* Where freed ones are kept, that is. */
static void what_was_used_before_is_as_new(void **state)
{
    struct exchange *x = exchange_new(100, NULL), *first = x;
    struct pair *p;

    (void)state;
    assert_non_null(arena_alloc(&x->mem, 90, NULL));
    x->ordinal = 7;
    x->tunnel = true;
    x->request.head = STR("GET");
    p = pair_new(x, 2, 100, NULL);
    p->calls[1].sent_ns = 1;
    assert_non_null(arena_alloc(&p->mem, 90, NULL));
    pair_free(p);

    x = exchange_new(200, NULL);
    assert_true(WATCHED_BY_ASAN || x == first);
    assert_int_equal(x->ordinal, 0);
    assert_false(x->tunnel);
    assert_null(x->request.head.data);
    assert_non_null(arena_alloc(&x->mem, 192, NULL));
    assert_null(arena_alloc(&x->mem, 192, NULL));
    p = pair_new(x, 2, 200, NULL);
    assert_int_equal(p->calls[1].sent_ns, 0);
    assert_non_null(arena_alloc(&p->mem, 192, NULL));
    assert_null(arena_alloc(&p->mem, 192, NULL));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_read_as_people_write_them),
        cmocka_unit_test(every_outcome_has_a_name_and_knows_if_it_was_sent),
        cmocka_unit_test(a_copied_message_outlives_its_original),
        cmocka_unit_test(a_copy_that_does_not_fit_leaves_its_target_alone),
        cmocka_unit_test(what_was_used_before_is_as_new),
        cmocka_unit_test(a_pair_takes_its_exchange_over), /* from here on all is allocated */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

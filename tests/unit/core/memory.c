/* buf, arena, mem and err: what everything else stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/mem.h"

static void a_buffer_keeps_its_content_at_the_ceiling(void **state)
{
    struct err e = {0};
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    assert_int_equal(buf_append(&b, "hello", 5, &e), 0);
    assert_int_equal(buf_addc(&b, '!', &e), -1);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_string_equal(b.data, "hello");
    assert_int_equal(b.len, 5);
    assert_true(b.cap <= 6);
    buf_release(&b);
    assert_int_equal(buf_append(&b, "again", 5, &e), 0);
    buf_release(&b);
}

static void a_buffer_grows_through_all_sizes(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_addc(&b, (char)i, NULL), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], (char)i);
    assert_int_equal(b.data[b.len], '\0');
    buf_release(&b);
}

static void a_buffer_is_unchanged_when_memory_runs_out(void **state)
{
    struct err e = {0};
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    assert_int_equal(buf_append(&b, "kept", 4, &e), 0);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(buf_reserve(&b, 5000, &e), -1);
    mem_fail_at(0, MEM_FAIL_NEVER);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_string_equal(b.data, "kept");
    buf_release(&b);
}

static void a_buffer_gives_up_its_front_and_its_end(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_printf(&b, NULL, "%s-%d", "abc", 42);
    buf_consume(&b, 2);
    assert_string_equal(b.data, "c-42");
    buf_consume(&b, 99);
    assert_int_equal(b.len, 0);
    buf_consume(&b, 1);
    buf_printf(&b, NULL, "abc");
    buf_cut(&b, 5);
    assert_string_equal(b.data, "abc");
    buf_cut(&b, 2);
    assert_string_equal(b.data, "ab");
    buf_release(&b);
    buf_cut(&b, 0);
}

static void an_arena_hands_out_zeroed_aligned_pieces(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t n = 1; n < 3000; n += 7) {
        unsigned char *p = arena_alloc(&a, n, NULL);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i], 0);
            p[i] = 0xff;
        }
    }
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_int_equal(*(unsigned char *)arena_alloc(&a, 10, NULL), 0);
    arena_release(&a);
}

static void an_arena_has_a_ceiling(void **state)
{
    struct err e = {0};
    struct arena a;

    (void)state;
    arena_init(&a, 64);
    assert_non_null(arena_alloc(&a, 64, &e));
    assert_null(arena_alloc(&a, 1, &e));
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_null(arena_array(&a, SIZE_MAX / 2, 3, &e));
    assert_null(arena_alloc(&a, SIZE_MAX, &e));
    arena_release(&a);
}

static void an_arena_copies_views(void **state)
{
    struct arena a;
    struct str copy;
    char text[] = "with\0nul";

    (void)state;
    arena_init(&a, 1000);
    assert_int_equal(arena_dup(&a, str_from(text, 8), &copy, NULL), 0);
    text[0] = 'X';
    assert_memory_equal(copy.data, "with\0nul", 9);
    assert_int_equal(arena_dup(&a, (struct str){0}, &copy, NULL), 0);
    assert_int_equal(copy.len, 0);
    arena_release(&a);
}

static void what_an_arena_grows_keeps_its_bytes(void **state)
{
    struct arena a;
    size_t old = 0;
    char *p = NULL;

    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t n = 1; n <= 300000; n = n * 3 / 2 + 1) {
        if (n % 2)
            assert_non_null(arena_alloc(&a, 7, NULL)); /* not the last piece any more */
        p = arena_grow(&a, p, old, n, NULL);
        if (!p)
            break; /* the ceiling: pieces left behind count too */
        for (size_t i = 0; i < old; i++)
            assert_int_equal((unsigned char)p[i], i % 251);
        for (size_t i = old; i < n; i++)
            p[i] = (char)(i % 251);
        old = n;
    }
    assert_true(old > 100000);
    assert_true(a.used <= a.max);
    arena_release(&a);
}

static void an_arena_that_cannot_grow_keeps_what_it_has(void **state)
{
    struct err e = {0};
    struct arena a;
    char *p;

    (void)state;
    arena_init(&a, 4096);
    p = arena_grow(&a, NULL, 0, 10, &e);
    memcpy(p, "0123456789", 10);
    assert_null(arena_grow(&a, p, 10, 5000, &e));
    assert_int_equal(e.kind, ERR_NOMEM);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(arena_grow(&a, p, 10, 4000, &e));
    mem_fail_at(0, MEM_FAIL_NEVER);
    assert_memory_equal(p, "0123456789", 10);
    arena_release(&a);
}

static void an_error_is_told_from_the_outside_in(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(err_set(&e, ERR_INPUT, "not a URL: \"%s\"", "locahost"), -1);
    assert_int_equal(err_wrap(&e, "endpoint %s", "v2"), -1);
    assert_int_equal(err_wrap(&e, "movies.yaml:14"), -1);
    assert_string_equal(e.text, "movies.yaml:14: endpoint v2: not a URL: \"locahost\"");
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(err_set(NULL, ERR_IO, "nobody listens"), -1);
}

static void an_error_that_does_not_fit_is_cut(void **state)
{
    static char big[3000];
    struct err e = {0};

    (void)state;
    memset(big, 'x', sizeof big - 1);
    err_set(&e, ERR_IO, "%s", big);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    err_wrap(&e, "outer");
    assert_true(strncmp(e.text, "outer: xxx", 10) == 0);
    err_wrap(&e, "%s", big);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void the_nth_allocation_fails_once_or_from_then_on(void **state)
{
    void *p[4];

    (void)state;
    mem_fail_at(2, MEM_FAIL_ONCE);
    for (int i = 0; i < 4; i++)
        p[i] = mem_alloc(1);
    assert_int_equal(mem_count(), 4);
    assert_true(p[0] && !p[1] && p[2] && p[3]);
    for (int i = 0; i < 4; i++)
        mem_free(p[i]);
    mem_fail_at(2, MEM_FAIL_FROM);
    for (int i = 0; i < 4; i++)
        p[i] = mem_zalloc(1);
    assert_true(p[0] && !p[1] && !p[2] && !p[3]);
    mem_free(p[0]);
    mem_fail_at(0, MEM_FAIL_NEVER);
    assert_null(mem_array(SIZE_MAX / 2, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_keeps_its_content_at_the_ceiling),
        cmocka_unit_test(a_buffer_grows_through_all_sizes),
        cmocka_unit_test(a_buffer_is_unchanged_when_memory_runs_out),
        cmocka_unit_test(a_buffer_gives_up_its_front_and_its_end),
        cmocka_unit_test(an_arena_hands_out_zeroed_aligned_pieces),
        cmocka_unit_test(an_arena_has_a_ceiling),
        cmocka_unit_test(an_arena_copies_views),
        cmocka_unit_test(what_an_arena_grows_keeps_its_bytes),
        cmocka_unit_test(an_arena_that_cannot_grow_keeps_what_it_has),
        cmocka_unit_test(an_error_is_told_from_the_outside_in),
        cmocka_unit_test(an_error_that_does_not_fit_is_cut),
        cmocka_unit_test(the_nth_allocation_fails_once_or_from_then_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

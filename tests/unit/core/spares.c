#include "core/spares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/sanitizer.h"

/* ASan is to see every use of what was freed: then nothing is kept. */
enum { KEEPS = !WATCHED_BY_ASAN };

enum { MANY = SPARES_MAGAZINE * (SPARES_DEPOT + 4) };

static struct spare objects[MANY];
static unsigned released;

static void release(struct spare *object)
{
    assert_true(object >= objects && object < objects + MANY);
    released++;
}

static struct spares spares = SPARES_INIT(release);
static _Thread_local struct spares_here here;

static unsigned take_all(void)
{
    unsigned n = 0;

    while (spares_take(&spares, &here))
        n++;
    return n;
}

static void the_last_one_given_comes_first(void **state)
{
    (void)state;
    released = 0;
    assert_null(spares_take(&spares, &here));
    spares_give(&spares, &here, &objects[0]);
    spares_give(&spares, &here, &objects[1]);
    if (KEEPS) {
        assert_ptr_equal(spares_take(&spares, &here), &objects[1]);
        assert_ptr_equal(spares_take(&spares, &here), &objects[0]);
    }
    assert_null(spares_take(&spares, &here));
    assert_int_equal(released, KEEPS ? 0 : 2);
}

/* Two magazines of the thread's own and those of the depot. */
static void there_is_a_ceiling(void **state)
{
    unsigned most = KEEPS ? SPARES_MAGAZINE * (SPARES_DEPOT + 2) : 0;

    (void)state;
    released = 0;
    for (unsigned i = 0; i < MANY; i++)
        spares_give(&spares, &here, &objects[i]);
    assert_int_equal(released, MANY - most);
    assert_int_equal(take_all(), most);
}

static void *give_some(void *n)
{
    for (unsigned i = 0; i < *(unsigned *)n; i++)
        spares_give(&spares, &here, &objects[i]);
    return NULL;
}

static void what_a_thread_leaves_is_for_others(void **state)
{
    unsigned n = SPARES_MAGAZINE + 3;
    pthread_t thread;

    (void)state;
    released = 0;
    assert_int_equal(pthread_create(&thread, NULL, give_some, &n), 0);
    pthread_join(thread, NULL);
    assert_int_equal(take_all() + released, n);
    assert_int_equal(released, KEEPS ? 0 : n);
}

/* Two that give to each other, for TSan. */
static void *give_and_take(void *own)
{
    struct spare *list = own;

    for (unsigned round = 0; round < 100; round++) {
        struct spare *took[2 * SPARES_MAGAZINE];
        unsigned n = 0;

        while (n < 2 * SPARES_MAGAZINE && (took[n] = spares_take(&spares, &here)) != NULL)
            n++;
        for (unsigned i = 0; round == 0 && i < SPARES_MAGAZINE; i++)
            spares_give(&spares, &here, &list[i]);
        while (n > 0)
            spares_give(&spares, &here, took[--n]);
    }
    return NULL;
}

static void no_object_is_lost_between_threads(void **state)
{
    pthread_t threads[2];

    (void)state;
    released = 0;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, give_and_take, &objects[i * SPARES_MAGAZINE]), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    if (KEEPS)
        assert_int_equal(take_all(), 2 * SPARES_MAGAZINE);
}

/* A test that makes allocations fail is to see all of them. */
static void where_allocations_are_counted_nothing_is_kept(void **state)
{
    (void)state;
    released = 0;
    mem_fail_at(0, MEM_FAIL_NEVER);
    spares_give(&spares, &here, &objects[0]);
    assert_int_equal(released, 1);
    assert_null(spares_take(&spares, &here));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_given_comes_first),
        cmocka_unit_test(there_is_a_ceiling),
        cmocka_unit_test(what_a_thread_leaves_is_for_others),
        cmocka_unit_test(no_object_is_lost_between_threads),
        cmocka_unit_test(where_allocations_are_counted_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

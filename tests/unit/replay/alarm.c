/* How much before a moment the alarm rings, after what it has seen. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/alarm.h"

static const int64_t us = NS_PER_US;

static struct alarm made(void)
{
    struct alarm a;

    assert_int_equal(alarm_init(&a, NULL), 0);
    return a;
}

/* It rings and wakes a sleeper so much later, so often. */
static void rings_late(struct alarm *a, int64_t late_ns, int times)
{
    for (int i = 0; i < times; i++) {
        a->at_ns = 1000 * NS_PER_SEC;
        alarm_learn(a, a->at_ns - us, a->at_ns + late_ns);
        alarm_heard(a);
    }
}

static void it_learns_how_late_a_machine_is(void **state)
{
    struct alarm a = made();

    (void)state;
    rings_late(&a, 5 * us, 200);
    assert_in_range(a.early_ns, 4 * us, 7 * us);
    rings_late(&a, 70 * us, 200);
    assert_in_range(a.early_ns, 69 * us, 72 * us);
    alarm_release(&a);
}

static void three_wakings_in_four_are_in_time(void **state)
{
    struct alarm a = made();

    (void)state;
    for (int i = 0; i < 1000; i++)
        rings_late(&a, i * 37 % 100 * us / 2, 1); /* 0 to 49.5 us, all as often */
    assert_in_range(a.early_ns, 32 * us, 43 * us);
    alarm_release(&a);
}

static void a_few_wakings_that_are_far_too_late_change_little(void **state)
{
    struct alarm a = made();

    (void)state;
    for (int i = 0; i < 1000; i++)
        rings_late(&a, i % 20 ? 10 * us : NS_PER_SEC, 1);
    assert_in_range(a.early_ns, 9 * us, 13 * us);
    alarm_release(&a);
}

static void a_machine_that_is_always_late_does_not_keep_it_awake(void **state)
{
    struct alarm a = made();

    (void)state;
    rings_late(&a, 20 * NS_PER_MS, 10000);
    assert_int_equal(a.early_ns, 100 * us);
    rings_late(&a, 0, 10000);
    assert_int_equal(a.early_ns, 0);
    alarm_release(&a);
}

static void who_did_not_sleep_when_it_rang_teaches_nothing(void **state)
{
    struct alarm a = made();
    int64_t before = a.early_ns;

    (void)state;
    for (int i = 0; i < 100; i++) {
        a.at_ns = NS_PER_SEC;
        alarm_learn(&a, NS_PER_SEC + us, NS_PER_SEC + 90 * us);
    }
    assert_int_equal(a.early_ns, before);
    alarm_release(&a);
}

static void it_rings_for_the_first_of_its_moments(void **state)
{
    struct alarm a = made();
    struct pollfd watched = {.fd = a.fd, .events = POLLIN};
    int64_t start = clock_mono_ns();

    (void)state;
    alarm_set(&a, start + 3600 * NS_PER_SEC);
    alarm_set(&a, start + 20 * NS_PER_MS);
    alarm_set(&a, start + 60 * NS_PER_SEC);
    assert_int_equal(poll(&watched, 1, 30000), 1);
    assert_true(clock_mono_ns() - start >= 20 * NS_PER_MS);
    alarm_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_how_late_a_machine_is),
        cmocka_unit_test(three_wakings_in_four_are_in_time),
        cmocka_unit_test(a_few_wakings_that_are_far_too_late_change_little),
        cmocka_unit_test(a_machine_that_is_always_late_does_not_keep_it_awake),
        cmocka_unit_test(who_did_not_sleep_when_it_rang_teaches_nothing),
        cmocka_unit_test(it_rings_for_the_first_of_its_moments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

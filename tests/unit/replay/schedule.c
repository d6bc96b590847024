#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/schedule.h"

enum { START = 1000000 };

static const int64_t recorded = INT64_C(1700000000000000000);

static void the_recorded_pace_is_kept(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_RECORDED, 1, 0, START);
    assert_int_equal(schedule_due(&s, recorded), START);
    assert_int_equal(schedule_due(&s, recorded + 1500), START + 1500);
    assert_int_equal(schedule_due(&s, recorded + NS_PER_SEC), START + NS_PER_SEC);
}

static void speed_divides_the_distances(void **state)
{
    struct schedule fast, slow;

    (void)state;
    schedule_init(&fast, PACE_RECORDED, 10, 0, START);
    schedule_init(&slow, PACE_RECORDED, 0.5, 0, START);
    schedule_due(&fast, recorded);
    schedule_due(&slow, recorded);
    assert_int_equal(schedule_due(&fast, recorded + NS_PER_SEC), START + NS_PER_SEC / 10);
    assert_int_equal(schedule_due(&slow, recorded + NS_PER_SEC), START + NS_PER_SEC * 2);
}

static void the_recording_begins_with_a_request_that_is_not_mirrored(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_RECORDED, 1, 0, START);
    schedule_note(&s, recorded);
    schedule_note(&s, recorded + 100);
    assert_int_equal(schedule_due(&s, recorded + NS_PER_MS), START + NS_PER_MS);
}

static void times_out_of_order_keep_their_distance_from_the_start(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_RECORDED, 1, 0, START);
    schedule_due(&s, recorded);
    assert_int_equal(schedule_due(&s, recorded + 5000), START + 5000);
    assert_int_equal(schedule_due(&s, recorded + 3000), START + 3000);
    assert_int_equal(schedule_due(&s, recorded - 3000), START);
}

static void without_a_time_a_request_follows_the_one_before(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_RECORDED, 1, 0, START);
    assert_int_equal(schedule_due(&s, 0), START);
    assert_int_equal(schedule_due(&s, recorded), START);
    assert_int_equal(schedule_due(&s, recorded + 7000), START + 7000);
    assert_int_equal(schedule_due(&s, 0), START + 7000);
}

static void a_rate_does_not_drift(void **state)
{
    struct schedule s;
    int64_t due = 0;

    (void)state;
    schedule_init(&s, PACE_RATE, 0, 3, START);
    for (int i = 0; i <= 3000000; i++)
        due = schedule_due(&s, 0);
    assert_int_equal(due, START + INT64_C(1000000) * NS_PER_SEC);
}

static void flat_out_all_are_due_at_once(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_MAX, 0, 0, START);
    schedule_due(&s, recorded);
    assert_int_equal(schedule_due(&s, recorded + NS_PER_SEC), START);
}

static void no_time_overflows(void **state)
{
    struct schedule s;

    (void)state;
    schedule_init(&s, PACE_RECORDED, 1e-9, 0, START);
    schedule_due(&s, INT64_MIN);
    assert_true(schedule_due(&s, INT64_MAX) >= START);
    assert_true(schedule_due(&s, 1) >= START);
    schedule_init(&s, PACE_RATE, 0, 1e-300, START);
    schedule_due(&s, 0);
    assert_true(schedule_due(&s, 0) > START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recorded_pace_is_kept),
        cmocka_unit_test(speed_divides_the_distances),
        cmocka_unit_test(the_recording_begins_with_a_request_that_is_not_mirrored),
        cmocka_unit_test(times_out_of_order_keep_their_distance_from_the_start),
        cmocka_unit_test(without_a_time_a_request_follows_the_one_before),
        cmocka_unit_test(a_rate_does_not_drift),
        cmocka_unit_test(flat_out_all_are_due_at_once),
        cmocka_unit_test(no_time_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/breaker.h"

enum { HALF = 500000, ALL = 1000000 };

/* Some moment of a monotonic clock, at the start of a second. */
static const int64_t start = 5000 * NS_PER_SEC;

static int64_t after(double seconds)
{
    return start + (int64_t)(seconds * 1e9);
}

static struct breaker with_limit(uint32_t ppm)
{
    struct breaker b;

    breaker_init(&b, ppm);
    return b;
}

/* Calls that begin and end at this moment: true if all of them could begin. */
static bool calls(struct breaker *b, unsigned n, bool failed, int64_t now)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned pass = breaker_enter(b, now);

        if (!pass)
            return false;
        breaker_note(b, pass, failed, now);
    }
    return true;
}

static bool failures(struct breaker *b, unsigned n, int64_t now)
{
    return calls(b, n, true, now);
}

static bool answers(struct breaker *b, unsigned n, int64_t now)
{
    return calls(b, n, false, now);
}

/* A breaker that was opened at `start`, and will probe five seconds later. */
static struct breaker opened(void)
{
    struct breaker b = with_limit(HALF);

    assert_true(failures(&b, BREAKER_MIN_CALLS, start));
    assert_int_equal(b.state, BREAKER_OPEN);
    return b;
}

static void fewer_than_twenty_calls_prove_nothing(void **state)
{
    struct breaker b = with_limit(HALF);

    (void)state;
    assert_true(failures(&b, 19, start));
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(failures(&b, 1, start));
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(b.opened, 1);
    assert_int_equal(breaker_enter(&b, start), 0);
}

static void the_share_of_failures_decides_and_reaching_it_is_enough(void **state)
{
    struct breaker b = with_limit(HALF);

    (void)state;
    assert_true(answers(&b, 20, start));
    assert_true(failures(&b, 19, start));
    assert_int_equal(b.state, BREAKER_CLOSED); /* 19 of 39 */
    assert_true(failures(&b, 1, start));
    assert_int_equal(b.state, BREAKER_OPEN); /* 20 of 40 */

    b = with_limit(ALL);
    assert_true(answers(&b, 1, start));
    assert_true(failures(&b, 1000, start));
    assert_int_equal(b.state, BREAKER_CLOSED);

    b = with_limit(1); /* one in a million */
    assert_true(answers(&b, 1000, start));
    assert_true(failures(&b, 1, start));
    assert_int_equal(b.state, BREAKER_OPEN);
}

static void answers_alone_never_open_it(void **state)
{
    struct breaker b = with_limit(HALF);

    (void)state;
    assert_true(failures(&b, 19, start));
    assert_true(answers(&b, 1, start)); /* 19 of 20 failed, but this one did not */
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(failures(&b, 1, start));
    assert_int_equal(b.state, BREAKER_OPEN);
}

static void without_a_limit_it_never_opens(void **state)
{
    struct breaker b = with_limit(0);

    (void)state;
    assert_true(failures(&b, 100000, start));
    assert_int_equal(b.state, BREAKER_CLOSED);
}

static void the_window_slides_by_seconds(void **state)
{
    struct breaker b = with_limit(HALF);
    uint64_t n, failed;

    (void)state;
    assert_true(failures(&b, 10, start));
    assert_true(failures(&b, 5, after(9.9)));
    breaker_sums(&b, after(9.9), &n, &failed);
    assert_int_equal(n, 15);
    breaker_sums(&b, after(10), &n, &failed);
    assert_int_equal(n, 5);
    assert_int_equal(failed, 5);
    assert_true(failures(&b, 14, after(10)));
    assert_int_equal(b.state, BREAKER_CLOSED);
    breaker_sums(&b, after(10), &n, &failed);
    assert_int_equal(n, 19); /* the slot of the first second is used again */
    breaker_sums(&b, after(1000), &n, &failed);
    assert_int_equal(n, 0);
    assert_true(failures(&b, 19, after(1000)));
    assert_int_equal(b.state, BREAKER_CLOSED);
}

static void failures_long_ago_do_not_weigh_on_those_of_now(void **state)
{
    struct breaker b = with_limit(HALF);

    (void)state;
    assert_true(answers(&b, 100000, start));
    assert_true(failures(&b, 20, after(10)));
    assert_int_equal(b.state, BREAKER_OPEN);
}

static void while_it_is_open_nothing_goes_through_for_five_seconds(void **state)
{
    struct breaker b = opened();

    (void)state;
    assert_int_equal(breaker_enter(&b, start), 0);
    assert_int_equal(breaker_enter(&b, after(5) - 1), 0);
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_not_equal(breaker_enter(&b, after(5)), 0);
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
}

static void one_probe_at_a_time_and_three_answers_close_it(void **state)
{
    struct breaker b = opened();

    (void)state;
    for (int i = 0; i < BREAKER_CLOSING; i++) {
        unsigned pass = breaker_enter(&b, after(6));

        assert_int_not_equal(pass, 0);
        assert_int_equal(b.state, BREAKER_HALF_OPEN);
        assert_int_equal(breaker_enter(&b, after(6)), 0);
        breaker_note(&b, pass, false, after(6));
    }
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(answers(&b, 1000, after(6)));
    assert_int_equal(b.opened, 1);
}

static void a_failed_probe_opens_it_for_twice_as_long_up_to_a_minute(void **state)
{
    static const int waits[] = {5, 10, 20, 40, 60, 60, 60};
    struct breaker b = opened();
    int64_t now = start;

    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        assert_int_equal(b.opened, i + 1);
        now += waits[i] * NS_PER_SEC;
        assert_int_equal(breaker_enter(&b, now - 1), 0);
        assert_true(failures(&b, 1, now));
        assert_int_equal(b.state, BREAKER_OPEN);
    }
}

static void two_answers_and_a_failure_are_not_three_in_a_row(void **state)
{
    struct breaker b = opened();

    (void)state;
    assert_true(answers(&b, 2, after(5)));
    assert_true(failures(&b, 1, after(5)));
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_true(answers(&b, 2, after(15)));
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    assert_true(answers(&b, 1, after(15)));
    assert_int_equal(b.state, BREAKER_CLOSED);
}

static void once_closed_it_starts_anew(void **state)
{
    struct breaker b = opened();

    (void)state;
    assert_true(failures(&b, 1, after(5)));
    assert_true(answers(&b, 3, after(15)));
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(failures(&b, 19, after(15))); /* those before are forgotten */
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(failures(&b, 1, after(15)));
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(breaker_enter(&b, after(20) - 1), 0);
    assert_int_not_equal(breaker_enter(&b, after(20)), 0); /* five seconds again */
}

static void what_was_sent_before_a_change_does_not_count_after_it(void **state)
{
    struct breaker b = with_limit(HALF);
    unsigned early = breaker_enter(&b, start), probe;

    (void)state;
    assert_true(failures(&b, 20, start));
    breaker_note(&b, early, true, after(1));
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(b.opened, 1);
    probe = breaker_enter(&b, after(5));
    breaker_note(&b, early, true, after(6)); /* a timeout of a call long before */
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    breaker_note(&b, early, false, after(6));
    breaker_note(&b, early, false, after(6));
    breaker_note(&b, early, false, after(6));
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    assert_int_equal(breaker_enter(&b, after(6)), 0); /* the probe is still out */
    breaker_note(&b, probe, false, after(6));
    assert_true(answers(&b, 2, after(6)));
    assert_int_equal(b.state, BREAKER_CLOSED);
    for (int i = 0; i < 100; i++)
        breaker_note(&b, probe, true, after(7));
    assert_int_equal(b.state, BREAKER_CLOSED);
}

static void who_answered_before_is_worth_waiting_for_three_probes(void **state)
{
    struct breaker b = with_limit(HALF);

    (void)state;
    assert_true(answers(&b, 1, start));
    assert_int_equal(breaker_worth_waiting(&b, start), 0);
    assert_true(failures(&b, 19, start));
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(breaker_worth_waiting(&b, after(1)), after(5));
    assert_int_equal(breaker_worth_waiting(&b, after(5)), 0); /* it may probe now */
    assert_true(failures(&b, 1, after(5)));
    assert_int_equal(breaker_worth_waiting(&b, after(5)), after(15));
    assert_true(failures(&b, 1, after(15)));
    assert_int_equal(breaker_worth_waiting(&b, after(15)), after(35));
    assert_true(failures(&b, 1, after(35)));
    assert_int_equal(breaker_worth_waiting(&b, after(36)), 0);
    /* It is probed all the same, and if it answers, it is as it was. */
    assert_true(answers(&b, 3, after(75)));
    assert_true(failures(&b, 20, after(75)));
    assert_int_equal(breaker_worth_waiting(&b, after(75)), after(80));
}

static void a_probe_under_way_is_waited_for(void **state)
{
    struct breaker b = with_limit(HALF);
    unsigned pass;

    (void)state;
    assert_true(answers(&b, 1, start));
    assert_true(failures(&b, 19, start));
    pass = breaker_enter(&b, after(6));
    assert_in_range(breaker_worth_waiting(&b, after(6)), after(6) + 1, after(7));
    breaker_note(&b, pass, false, after(6));
    assert_int_equal(breaker_worth_waiting(&b, after(6)), 0);
}

/* Who was let through and does not go leaves the probe to the next. */
static void a_probe_that_is_not_sent_is_another_calls(void **state)
{
    struct breaker b = opened();
    unsigned pass = breaker_enter(&b, after(5)), earlier = pass - 1;

    (void)state;
    assert_int_equal(breaker_enter(&b, after(5)), 0);
    breaker_leave(&b, earlier);
    assert_int_equal(breaker_enter(&b, after(5)), 0);
    breaker_leave(&b, pass);
    assert_int_equal(breaker_enter(&b, after(5)), pass);
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
}

static void who_never_answered_is_not_waited_for(void **state)
{
    struct breaker b = opened();

    (void)state;
    assert_int_equal(breaker_worth_waiting(&b, start), 0);
    assert_int_not_equal(breaker_enter(&b, after(5)), 0);
    assert_int_equal(breaker_worth_waiting(&b, after(5)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_than_twenty_calls_prove_nothing),
        cmocka_unit_test(the_share_of_failures_decides_and_reaching_it_is_enough),
        cmocka_unit_test(answers_alone_never_open_it),
        cmocka_unit_test(without_a_limit_it_never_opens),
        cmocka_unit_test(the_window_slides_by_seconds),
        cmocka_unit_test(failures_long_ago_do_not_weigh_on_those_of_now),
        cmocka_unit_test(while_it_is_open_nothing_goes_through_for_five_seconds),
        cmocka_unit_test(one_probe_at_a_time_and_three_answers_close_it),
        cmocka_unit_test(a_failed_probe_opens_it_for_twice_as_long_up_to_a_minute),
        cmocka_unit_test(two_answers_and_a_failure_are_not_three_in_a_row),
        cmocka_unit_test(once_closed_it_starts_anew),
        cmocka_unit_test(what_was_sent_before_a_change_does_not_count_after_it),
        cmocka_unit_test(who_answered_before_is_worth_waiting_for_three_probes),
        cmocka_unit_test(a_probe_under_way_is_waited_for),
        cmocka_unit_test(a_probe_that_is_not_sent_is_another_calls),
        cmocka_unit_test(who_never_answered_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

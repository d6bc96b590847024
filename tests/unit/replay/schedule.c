#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/schedule.h"

enum { START = 1000000 };

static const int64_t recorded = INT64_C(1700000000000000000);

static void start(struct schedule *s, enum replay_pace pace, double speed, double rate)
{
    const struct schedule_rules rules = {.pace = pace, .speed = speed, .rate = rate};

    schedule_init(s, &rules, START);
}

/* As the dispatcher does it. */
static int64_t due(struct schedule *s, int64_t recorded_ns)
{
    schedule_note(s, recorded_ns);
    return schedule_due(s, recorded_ns);
}

static void the_recorded_pace_is_kept(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1, 0);
    assert_int_equal(due(&s, recorded), START);
    assert_int_equal(due(&s, recorded + 1500), START + 1500);
    assert_int_equal(due(&s, recorded + NS_PER_SEC), START + NS_PER_SEC);
}

static void speed_divides_the_distances(void **state)
{
    struct schedule fast, slow;

    (void)state;
    start(&fast, PACE_RECORDED, 10, 0);
    start(&slow, PACE_RECORDED, 0.5, 0);
    due(&fast, recorded);
    due(&slow, recorded);
    assert_int_equal(due(&fast, recorded + NS_PER_SEC), START + NS_PER_SEC / 10);
    assert_int_equal(due(&slow, recorded + NS_PER_SEC), START + NS_PER_SEC * 2);
}

static void the_recording_begins_with_a_request_that_is_not_mirrored(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1, 0);
    schedule_note(&s, recorded);
    schedule_note(&s, recorded + 100);
    assert_int_equal(due(&s, recorded + NS_PER_MS), START + NS_PER_MS);
}

static void times_out_of_order_keep_their_distance_from_the_start(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1, 0);
    due(&s, recorded);
    assert_int_equal(due(&s, recorded + 5000), START + 5000);
    assert_int_equal(due(&s, recorded + 3000), START + 3000);
    assert_int_equal(due(&s, recorded - 3000), START);
}

static void without_a_time_a_request_follows_the_one_before(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1, 0);
    assert_int_equal(due(&s, 0), START);
    assert_int_equal(due(&s, recorded), START);
    assert_int_equal(due(&s, recorded + 7000), START + 7000);
    assert_int_equal(due(&s, 0), START + 7000);
}

static void a_rate_does_not_drift(void **state)
{
    struct schedule s;
    int64_t last = 0;

    (void)state;
    start(&s, PACE_RATE, 0, 3);
    for (int i = 0; i <= 3000000; i++)
        last = due(&s, 0);
    assert_int_equal(last, START + INT64_C(1000000) * NS_PER_SEC);
}

static void flat_out_all_are_due_at_once(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_MAX, 0, 0);
    due(&s, recorded);
    assert_int_equal(due(&s, recorded + NS_PER_SEC), START);
}

static void no_time_overflows(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1e-9, 0);
    due(&s, INT64_MIN);
    assert_true(due(&s, INT64_MAX) >= START);
    assert_true(due(&s, 1) >= START);
    start(&s, PACE_RATE, 0, 1e-300);
    due(&s, 0);
    assert_true(due(&s, 0) > START);
}

/* The last request of a billion, without scheduling the others. */
static void no_rate_drifts_in_a_billion_requests(void **state)
{
    static const struct {
        double rate;
        int64_t last_ns;
    } rows[] = {
        {10000000, INT64_C(100) * NS_PER_SEC},
        {30000, INT64_C(33333333333333)},
        {1, INT64_C(1000000000) * NS_PER_SEC},
    };
    struct schedule s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start(&s, PACE_RATE, 0, rows[i].rate);
        s.n = 1000000000;
        assert_in_range(due(&s, 0) - START - rows[i].last_ns + 10, 0,
                        20 + rows[i].last_ns / INT64_C(4503599627370496));
    }
    start(&s, PACE_RATE, 0, 0.0001);
    due(&s, 0);
    assert_int_equal(due(&s, 0), START + INT64_C(10000) * NS_PER_SEC);
    s.n = 100;
    assert_int_equal(due(&s, 0), START + INT64_C(1000000) * NS_PER_SEC);
}

static void no_speed_drifts_in_a_long_recording(void **state)
{
    const int64_t year = INT64_C(365) * 86400 * NS_PER_SEC;
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 1e6, 0);
    due(&s, recorded);
    assert_int_equal(due(&s, recorded + year), START + year / 1000000);
    start(&s, PACE_RECORDED, 0.001, 0);
    due(&s, recorded);
    assert_int_equal(due(&s, recorded + NS_PER_SEC + 1), START + 1000 * NS_PER_SEC + 1000);
    /* A double has no whole nanoseconds left after a hundred days. */
    assert_in_range(due(&s, recorded + year / 1000 + 1) - START - year - 1000 + 8, 0, 16);
}

/* 2 * full pace in the ramp, then as without it but for half of the ramp. */
static void a_ramp_rises_evenly_from_nothing(void **state)
{
    const struct schedule_rules rules = {
        .pace = PACE_RATE, .rate = 100, .ramp_ns = 10 * NS_PER_SEC};
    struct schedule s;
    unsigned per_second[12] = {0};

    (void)state;
    schedule_init(&s, &rules, START);
    for (int64_t at; (at = due(&s, 0) - START) < 12 * NS_PER_SEC;)
        per_second[at / NS_PER_SEC]++;
    for (unsigned i = 0; i < 10; i++)
        assert_in_range(per_second[i], 10 * i + 4, 10 * i + 6);
    assert_int_equal(per_second[10], 100);
    assert_int_equal(per_second[11], 100);
}

static void a_ramp_is_exact_where_it_ends_and_long_after(void **state)
{
    const struct schedule_rules rules = {
        .pace = PACE_RATE, .rate = 1000, .ramp_ns = 10 * NS_PER_SEC};
    struct schedule s;

    (void)state;
    schedule_init(&s, &rules, START);
    s.n = 5000;
    assert_int_equal(schedule_peek(&s, 0), START + 10 * NS_PER_SEC);
    s.n = 1250; /* a quarter of them in half of the time */
    assert_int_equal(schedule_peek(&s, 0), START + 5 * NS_PER_SEC);
    s.n = 1000005000;
    assert_int_equal(schedule_peek(&s, 0), START + INT64_C(1000010) * NS_PER_SEC);
}

static void a_ramp_bends_the_recorded_pace_too(void **state)
{
    const struct schedule_rules rules = {
        .pace = PACE_RECORDED, .speed = 2, .ramp_ns = 4 * NS_PER_SEC};
    struct schedule s;

    (void)state;
    schedule_init(&s, &rules, START);
    assert_int_equal(due(&s, recorded), START);
    assert_int_equal(due(&s, recorded + NS_PER_SEC), START + 2 * NS_PER_SEC);
    assert_int_equal(due(&s, recorded + 4 * NS_PER_SEC), START + 4 * NS_PER_SEC);
    assert_int_equal(due(&s, recorded + 6 * NS_PER_SEC), START + 5 * NS_PER_SEC);
}

static void random_gaps_are_exponential_and_can_be_drawn_again(void **state)
{
    enum { N = 100000 };
    struct schedule_rules rules = {.pace = PACE_RATE, .rate = 1000, .poisson = true};
    struct schedule s, same, other;
    int64_t last = START, next = 0;
    unsigned longer = 0;

    (void)state;
    schedule_init(&s, &rules, START);
    schedule_init(&same, &rules, START);
    rules.seed = "another";
    schedule_init(&other, &rules, START);
    assert_true(schedule_peek(&s, 0) != schedule_peek(&other, 0));
    for (unsigned i = 0; i < N; i++, last = next) {
        assert_int_equal(schedule_peek(&s, 0), schedule_peek(&same, 0));
        next = due(&s, 0);
        assert_int_equal(next, due(&same, 0));
        assert_true(next >= last);
        longer += next - last > NS_PER_MS;
    }
    /* 1/e of the gaps are longer than the average one; five sigma of 100,000. */
    assert_in_range(longer, 36788 - 763, 36788 + 763);
    /* Their sum: five times sqrt(N) gaps. */
    assert_in_range((next - START) / NS_PER_MS, N - 1581, N + 1581);
}

static void random_gaps_do_not_run_out(void **state)
{
    struct schedule_rules rules = {.pace = PACE_RATE, .rate = 1000000, .poisson = true};
    struct schedule s;

    (void)state;
    schedule_init(&s, &rules, START);
    s.fractions = UINT64_C(10000000000) << 30;
    assert_int_equal(due(&s, 0), START + 10000 * NS_PER_SEC);
    assert_true(due(&s, 0) > START + 10000 * NS_PER_SEC);
}

static void another_pass_goes_on_where_the_last_one_ended(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RECORDED, 2, 0);
    for (int64_t pass = 0; pass < 3; pass++) {
        /* Three requests over 400 ms: 200 ms lie between them on average. */
        for (int64_t i = 0; i < 3; i++) {
            int64_t at = recorded + i * i * 100 * NS_PER_MS;

            schedule_note(&s, at);
            assert_int_equal(schedule_due(&s, at),
                             START + pass * 300 * NS_PER_MS + i * i * 50 * NS_PER_MS);
        }
        schedule_again(&s);
    }
}

static void passes_do_not_overflow(void **state)
{
    struct schedule s;
    int64_t last = START;

    (void)state;
    start(&s, PACE_RECORDED, 1, 0);
    for (unsigned i = 0; i < 100; i++) {
        schedule_note(&s, INT64_MIN + 1);
        schedule_note(&s, INT64_MAX);
        assert_true(schedule_due(&s, 1) >= START);
        schedule_again(&s);
        assert_true(schedule_peek(&s, INT64_MAX) >= START);
    }
    start(&s, PACE_RECORDED, 1, 0);
    for (unsigned i = 0; i < 100; i++) { /* sixty years each */
        schedule_note(&s, recorded);
        schedule_note(&s, recorded + INT64_C(1893456000) * NS_PER_SEC);
        assert_true(schedule_due(&s, recorded) >= last);
        last = s.last_due_ns;
        schedule_again(&s);
    }
}

static void looking_does_not_schedule(void **state)
{
    struct schedule s;

    (void)state;
    start(&s, PACE_RATE, 0, 1);
    assert_int_equal(schedule_peek(&s, 0), START);
    assert_int_equal(schedule_peek(&s, 0), START);
    assert_int_equal(due(&s, 0), START);
    assert_int_equal(schedule_peek(&s, 0), START + NS_PER_SEC);
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
        cmocka_unit_test(no_rate_drifts_in_a_billion_requests),
        cmocka_unit_test(no_speed_drifts_in_a_long_recording),
        cmocka_unit_test(a_ramp_rises_evenly_from_nothing),
        cmocka_unit_test(a_ramp_is_exact_where_it_ends_and_long_after),
        cmocka_unit_test(a_ramp_bends_the_recorded_pace_too),
        cmocka_unit_test(random_gaps_are_exponential_and_can_be_drawn_again),
        cmocka_unit_test(random_gaps_do_not_run_out),
        cmocka_unit_test(another_pass_goes_on_where_the_last_one_ended),
        cmocka_unit_test(passes_do_not_overflow),
        cmocka_unit_test(looking_does_not_schedule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

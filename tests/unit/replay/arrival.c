/* When requests are due that come while they happen: the arithmetic, and a run. */
#include <semaphore.h>

#include "replay/arrival.h"
#include "tests/support/replay_run.h"

static const int64_t ms = NS_PER_MS;
static const int64_t start = 1000 * NS_PER_SEC;

/* An exchange that the schedule has at `due_ms`, waited for until `at_ms`, both
 * from the start: when it is due. */
static int64_t arrives(struct arrivals *a, int64_t due_ms, int64_t at_ms)
{
    arrivals_note(a, start, start + at_ms * ms);
    return (arrivals_due(a, start + due_ms * ms) - start) / ms;
}

static void begin(struct arrivals *a, bool live)
{
    arrivals_init(a, live, start);
}

static void what_comes_in_time_is_due_as_the_schedule_says(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, false);
    assert_int_equal(arrives(&a, 0, 0), 0);
    assert_int_equal(arrives(&a, 500, 1), 500);
    assert_int_equal(arrives(&a, 60000, 2), 60000); /* a record that was piped in */
    assert_int_equal(arrives(&a, 400, 3), 400);     /* and is out of order */
}

static void gaps_are_kept_behind_the_latest_arrival(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, false);
    assert_int_equal(arrives(&a, 0, 0), 0);
    /* A block of a second. */
    assert_int_equal(arrives(&a, 10, 1000), 1000);
    assert_int_equal(arrives(&a, 30, 1000), 1020);
    assert_int_equal(arrives(&a, 900, 1000), 1890);
    /* And the next one. */
    assert_int_equal(arrives(&a, 1100, 2000), 2090);
    assert_int_equal(arrives(&a, 1010, 2000), 2000);
}

static void what_is_later_than_others_wait_is_due_as_it_comes(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, false);
    assert_int_equal(arrives(&a, 0, 0), 0);
    assert_int_equal(arrives(&a, 100, 100 + 20000), 20100);
    assert_int_equal(arrives(&a, 20300, 20200), 20300);
}

/* Waiting that we did ourselves is no excuse. */
static void what_was_at_hand_is_not_late_by_its_source(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, false);
    assert_int_equal(arrives(&a, 0, 10), 10);
    arrivals_note(&a, start + 700 * ms, start + 700 * ms + NS_PER_US);
    assert_int_equal(arrivals_due(&a, start + 300 * ms), start + 310 * ms);
}

static void a_source_that_was_held_up_is_followed_from_there(void **state)
{
    struct arrivals a;
    int64_t at;

    (void)state;
    begin(&a, false);
    /* Each 20 and 60 ms after its time in turn; then something holds them up. */
    for (at = 0; at < 20000; at += 100)
        arrives(&a, at, at + (at / 100 % 2 ? 60 : 20));
    assert_int_equal(arrives(&a, at, at + 20), at + 60);
    for (; at < 40000; at += 100)
        arrives(&a, at, 30000 + at + (at / 100 % 2 ? 60 : 20));
    assert_int_equal(arrives(&a, at, 30000 + at + 20), 30000 + at + 60);
}

static void live_a_first_one_that_was_slow_does_not_delay_all_others(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, true);
    /* It took 5 s, in which the schedule began with it. */
    assert_int_equal(arrives(&a, 0, 0), 0);
    assert_int_equal(arrives(&a, 5000, 1), 1 + 250);
    assert_int_equal(arrives(&a, 5010, 11), 261);
}

static void live_copies_wait_no_longer_than_is_of_use(void **state)
{
    struct arrivals a;

    (void)state;
    begin(&a, true);
    arrives(&a, 0, 0);
    assert_int_equal(arrives(&a, 100, 300), 300);
    assert_int_equal(arrives(&a, 200, 210), 400);
    for (int64_t at = 300; at < 20000; at += 100)
        arrives(&a, at, at + 10);
    assert_int_equal(arrives(&a, 20000, 20010), 20010);
}

/* Each comes after the one before, as those of a connection do. */
static void an_order_is_kept_whatever_happens(void **state)
{
    struct arrivals a;
    uint64_t random = 1;
    int64_t due = 0, at = 0, before = 0;

    (void)state;
    for (int live = 0; live < 2; live++) {
        begin(&a, live);
        for (int i = 0; i < 100000; i++) {
            int64_t now;

            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            due += (int64_t)(random >> 60);
            at += (int64_t)(random >> 40 & 15);
            if ((random >> 20 & 4095) == 0)
                *(random >> 19 & 1 ? &due : &at) += (int64_t)(random >> 32 & 4095);
            now = arrives(&a, due, at);
            assert_true(i == 0 || now >= before);
            assert_true(now >= at);
            assert_in_range(a.slack_ns, 0, a.most_ns);
            before = now;
        }
        due = at = 0;
    }
}

/* ---- a run ------------------------------------------------------------------------- */

static sem_t answered;
static int64_t given_ns[8]; /* wall clock */

static void post(struct run *r, const struct pair *p)
{
    (void)r;
    (void)p;
    sem_post(&answered);
}

/* The second one comes when the first is answered and handed on, which takes 10
 * ms and more, and with it the others. Recorded they are 1 ms apart. */
static struct exchange *late(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");

    if (i == 1)
        sem_wait(&answered);
    x->request_first_ns = INT64_C(1700000000000000000) + i * NS_PER_MS;
    given_ns[i] = clock_wall_ns();
    return x;
}

static void a_pipe_that_delivers_late_makes_nothing_late(void **state)
{
    enum { N = 8 };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), N, NULL);
    int64_t second_ns = 0;

    (void)state;
    sem_init(&answered, 0, 0);
    r->make = late;
    r->watch = post;
    r->config.pace = PACE_RECORDED;
    r->config.control = CONTROL_NONE;
    go_well(r);
    assert_int_equal(r->stats.paired, N);
    for (unsigned i = 0; i < N; i++) {
        const struct pair *p = r->pairs[i];

        if (p->exchange->ordinal == 2)
            second_ns = p->calls[V1].due_ns;
    }
    assert_true(second_ns > given_ns[1] - NS_PER_MS); /* between two clocks */
    for (unsigned i = 0; i < N; i++) {
        const struct pair *p = r->pairs[i];
        int64_t behind = (int64_t)p->exchange->ordinal - 2;

        if (behind > 0)
            assert_int_equal(p->calls[V1].due_ns, second_ns + behind * NS_PER_MS);
    }
    sem_destroy(&answered);
    forget(r);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_in_time_is_due_as_the_schedule_says),
        cmocka_unit_test(gaps_are_kept_behind_the_latest_arrival),
        cmocka_unit_test(what_is_later_than_others_wait_is_due_as_it_comes),
        cmocka_unit_test(what_was_at_hand_is_not_late_by_its_source),
        cmocka_unit_test(a_source_that_was_held_up_is_followed_from_there),
        cmocka_unit_test(live_a_first_one_that_was_slow_does_not_delay_all_others),
        cmocka_unit_test(live_copies_wait_no_longer_than_is_of_use),
        cmocka_unit_test(an_order_is_kept_whatever_happens),
        TEST(a_pipe_that_delivers_late_makes_nothing_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

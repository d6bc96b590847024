/* Which part of an input is replayed, how often, in which order and for how
 * long, over the whole stage. */
#include <semaphore.h>

#include "tests/support/replay_run.h"

static const int64_t recorded = INT64_C(1700000000000000000);

/* Two targets and nothing else, one request after the other. */
static struct replay_config plain(struct server *s)
{
    struct replay_config config = usual(server_url(s), server_url(s));

    config.control = CONTROL_NONE;
    return config;
}

/* ---- how long ---------------------------------------------------------------------- */

static void nothing_is_due_when_the_time_is_up(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), 1000, GET("/"));

    (void)state;
    r->config.pace = PACE_RATE;
    r->config.rate = 1000;
    r->config.duration_ns = 20 * NS_PER_MS;
    go_well(r);
    assert_int_equal(r->stats.recorded, 20); /* due after 0, 1, ..., 19 ms */
    assert_int_equal(r->targets[V1].answered, 20);
    assert_int_equal(r->given, 21);
    assert_false(r->stats.stopped);
    forget(r);
    server_stop(s);
}

static void flat_out_nothing_is_begun_when_the_time_is_up(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), MAX_PAIRS, GET("/"));
    int64_t end_ns;

    (void)state;
    r->config.concurrency = 1;
    r->config.threads = 1;
    r->config.duration_ns = 20 * NS_PER_MS;
    go_well(r);
    assert_true(r->given < MAX_PAIRS);
    assert_true(r->targets[V1].answered > 0);
    end_ns = r->stats.started_ns + r->config.duration_ns;
    for (unsigned i = 0; i < r->n_pairs; i++) {
        const struct call *c = &r->pairs[i]->calls[V1];

        if (c->outcome == OUTCOME_STOPPED)
            assert_true(c->due_ns >= end_ns);
        else
            assert_true(c->due_ns < end_ns + 5 * NS_PER_MS); /* the start is a little later */
    }
    forget(r);
    server_stop(s);
}

/* ---- how often ---------------------------------------------------------------------- */

static void a_loop_counts_on_and_draws_alike(void **state)
{
    enum { N = 40, LOOPS = 3 };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), N, GET("/"));
    unsigned seen[LOOPS * N + 1] = {0}, chosen[N] = {0};

    (void)state;
    r->config.loops = LOOPS;
    r->config.ppm = 500000;
    go_well(r);
    assert_int_equal(r->stats.recorded, LOOPS * N);
    assert_int_equal(r->stats.passes, LOOPS);
    for (unsigned i = 0; i < r->n_pairs; i++) {
        const struct exchange *x = r->pairs[i]->exchange;

        assert_in_range(x->ordinal, 1, LOOPS * N);
        assert_int_equal(seen[x->ordinal]++, 0);
        assert_int_equal(x->connection, x->ordinal);
        chosen[(x->ordinal - 1) % N]++;
    }
    for (unsigned i = 0; i < N; i++)
        assert_true(chosen[i] == 0 || chosen[i] == LOOPS);
    forget(r);
    server_stop(s);
}

/* No request is due later than another: nothing but the clock can end these. */
static void a_loop_ends_when_the_time_is_up_whatever_is_in_it(void **state)
{
    enum { LOOPS = 1 << 30 };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct replay_config config = plain(s);

    (void)state;
    config.loops = LOOPS;
    config.duration_ns = 20 * NS_PER_MS;
    for (int rate = 0; rate <= 1000; rate += 1000) {
        struct run *r = run_new(config, 1, "POST /never HTTP/1.1\r\nHost: a\r\n\r\n");

        r->config.pace = rate ? PACE_RATE : PACE_RECORDED;
        r->config.rate = rate;
        r->at_hand = true;
        go_well(r);
        assert_in_range(r->stats.recorded, 1, LOOPS - 1);
        assert_int_equal(r->stats.recorded, r->stats.method);
        assert_false(r->stats.stopped);
        forget(r);
    }
    server_stop(s);
}

static void a_loop_over_nothing_is_one_pass(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), 0, GET("/"));

    (void)state;
    r->config.loops = UINT64_MAX;
    go_well(r);
    assert_int_equal(r->stats.recorded, 0);
    assert_int_equal(r->stats.passes, 1);
    forget(r);
    server_stop(s);
}

static void a_loop_over_what_cannot_be_read_again_is_refused(void **state)
{
    const struct exchange_source source = {.next = run_next};
    const struct pair_sink sink = {.put = run_put};
    struct replay_config config = usual("http://127.0.0.1:1", "http://127.0.0.1:1");
    struct err e = {0};
    struct replay *replay;

    (void)state;
    config.loops = 2;
    replay = replay_open(&config, &e);
    assert_non_null(replay);
    assert_int_equal(replay_run(replay, &source, &sink, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    replay_close(replay);
}

/* ---- in which order ----------------------------------------------------------------- */

/* They ended in the order opposite to that in which they began. */
static struct exchange *backwards(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");

    x->request_first_ns = recorded + (20 - i) * NS_PER_MS;
    return x;
}

static void requests_of_a_file_go_out_in_the_order_they_began(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), 20, NULL);
    int64_t start_ns;

    (void)state;
    r->make = backwards;
    r->at_hand = true;
    r->config.pace = PACE_RECORDED;
    go_well(r);
    assert_int_equal(r->n_pairs, 20);
    start_ns = r->pairs[0]->calls[V1].due_ns - r->pairs[0]->exchange->request_first_ns;
    for (unsigned i = 0; i < r->n_pairs; i++)
        assert_int_equal(r->pairs[i]->calls[V1].due_ns,
                         start_ns + r->pairs[i]->exchange->request_first_ns);
    forget(r);
    server_stop(s);
}

static sem_t answered;

static void post(struct run *r, const struct pair *p)
{
    (void)r;
    (void)p;
    sem_post(&answered);
}

/* Somebody who asks again when he has the answer. */
static struct exchange *after_the_answer(unsigned i)
{
    if (i > 0)
        sem_wait(&answered);
    return exchange_from(GET("/"), "");
}

static void what_comes_down_a_pipe_is_not_held_back(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(plain(s), 3, NULL);

    (void)state;
    sem_init(&answered, 0, 0);
    r->make = after_the_answer;
    r->watch = post;
    r->config.pace = PACE_RECORDED;
    go_well(r);
    assert_int_equal(r->stats.paired, 3);
    sem_destroy(&answered);
    forget(r);
    server_stop(s);
}

/* ---- which part --------------------------------------------------------------------- */

static void shards_add_up(void **state)
{
    enum { N = 60, SHARDS = 3 };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    unsigned seen[N + 1] = {0}, total = 0;

    (void)state;
    for (unsigned i = 1; i <= SHARDS; i++) {
        struct run *r = run_new(plain(s), N, GET("/"));

        r->config.shard = i;
        r->config.shards = SHARDS;
        go_well(r);
        assert_int_equal(r->given, N);
        total += (unsigned)r->stats.recorded;
        for (unsigned k = 0; k < r->n_pairs; k++)
            assert_int_equal(seen[r->pairs[k]->exchange->ordinal]++, 0);
        forget(r);
    }
    assert_int_equal(total, N);
    server_stop(s);
}

static void what_does_not_go_together_is_refused(void **state)
{
    static const struct {
        int64_t ramp_ns;
        bool poisson;
        unsigned shard, shards;
        const char *why;
    } rows[] = {
        {.ramp_ns = 1, .why = "nothing to ramp up"},
        {.poisson = true, .why = "random gaps need a rate"},
        {.shard = 0, .shards = 2, .why = "no shard 0 of 2"},
        {.shard = 3, .shards = 2, .why = "no shard 3 of 2"},
        {.ramp_ns = INT64_MAX, .why = "longer than a century"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct replay_config config = usual("http://127.0.0.1:1", "http://127.0.0.1:1");
        struct err e = {0};

        config.ramp_ns = rows[i].ramp_ns;
        config.poisson = rows[i].poisson;
        config.shard = rows[i].shard;
        config.shards = rows[i].shards;
        assert_null(replay_open(&config, &e));
        assert_int_equal(e.kind, ERR_USAGE);
        assert_non_null(strstr(e.text, rows[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_due_when_the_time_is_up),
        TEST(flat_out_nothing_is_begun_when_the_time_is_up),
        TEST(a_loop_counts_on_and_draws_alike),
        TEST(a_loop_ends_when_the_time_is_up_whatever_is_in_it),
        TEST(a_loop_over_nothing_is_one_pass),
        TEST(a_loop_over_what_cannot_be_read_again_is_refused),
        TEST(requests_of_a_file_go_out_in_the_order_they_began),
        TEST(what_comes_down_a_pipe_is_not_held_back),
        TEST(shards_add_up),
        TEST(what_does_not_go_together_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

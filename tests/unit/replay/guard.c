/* The breaker in the whole stage: what is left out, what is waited for, and
 * what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/replay.h"
#include "tests/support/server.h"

enum { V1, V2 };

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- a run ----------------------------------------------------------------------- */

struct run {
    struct replay_config config;
    unsigned n, given;
    unsigned bad_from, bad_to; /* these requests are for /bad */
    struct replay_target_stats targets[3];
    char told[1024]; /* a line for each change */
};

static int next(void *ctx, struct exchange **x, struct err *e)
{
    struct run *r = ctx;
    bool bad = r->given >= r->bad_from && r->given < r->bad_to;

    if (r->given == r->n)
        return 0;
    *x = exchange_new(1 << 16, e);
    assert_non_null(*x);
    (*x)->request.head = bad ? STR(GET("/bad")) : STR(GET("/good"));
    (*x)->request.complete = true;
    (*x)->connection = (*x)->ordinal = ++r->given;
    (*x)->request_first_ns = INT64_C(1700000000000000000) + r->given;
    return 1;
}

static int put(void *ctx, struct pair *p, struct err *e)
{
    (void)ctx;
    (void)e;
    pair_free(p);
    return 0;
}

static void note_change(void *ctx, const struct replay_breaker_change *c)
{
    static const char *const names[] = {"closed", "open", "half-open"};
    struct run *r = ctx;
    char why[256] = "";
    size_t n = strlen(r->told);

    if (c->state == BREAKER_OPEN)
        snprintf(why, sizeof why, " %u/%u %s (%.*s) %us", (unsigned)c->failed, (unsigned)c->calls,
                 outcome_name(c->outcome), STR_ARG(c->detail), (unsigned)(c->wait_ns / NS_PER_SEC));
    snprintf(r->told + n, sizeof r->told - n, "%s %s%s\n", c->target, names[c->state], why);
}

static struct run run_of(const char *v1, const char *v2, unsigned n)
{
    return (struct run){.n = n,
                        .config = {.v1 = v1,
                                   .candidates = {v2},
                                   .n_candidates = 1,
                                   .ppm = 1000000,
                                   .pace = PACE_MAX,
                                   .speed = 1,
                                   .concurrency = 1,
                                   .threads = 1,
                                   .timeout_ns = 20 * NS_PER_SEC,
                                   .control = CONTROL_NONE,
                                   .max_body = 1 << 16,
                                   .max_error_ppm = 500000,
                                   .breaker = note_change}};
}

static void go(struct run *r)
{
    const struct exchange_source source = {next, r};
    const struct pair_sink sink = {put, r};
    struct err e = {0};
    struct replay *replay;

    r->config.ctx = r;
    replay = replay_open(&r->config, &e);
    if (!replay || replay_run(replay, &source, &sink, &e) < 0)
        fail_msg("%s", e.text);
    memcpy(r->targets, replay_stats(replay)->targets,
           replay_stats(replay)->n_targets * sizeof *r->targets);
    assert_int_equal(replay_stats(replay)->selected, r->n);
    replay_close(replay);
    for (unsigned t = 0; t < 2; t++)
        assert_int_equal(r->targets[t].sent + r->targets[t].outcomes[OUTCOME_BREAKER] +
                             r->targets[t].outcomes[OUTCOME_QUEUE],
                         r->n);
}

/* ---- facts ------------------------------------------------------------------------ */

static void a_target_that_is_down_is_left_alone_after_twenty_calls(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run r = run_of(server_url(v1), url, 500);

    (void)state;
    go(&r);
    assert_int_equal(r.targets[V1].answered, 500);
    assert_int_equal(r.targets[V1].breaker_opened, 0);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_CONNECT], 20);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_BREAKER], 480);
    assert_int_equal(r.targets[V2].breaker_opened, 1);
    assert_string_equal(r.told, "v2 open 20/20 connect (Connection refused) 5s\n");
    server_unrefuse(refused);
    server_stop(v1);
}

static void the_failures_of_all_workers_add_up(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run r = run_of(server_url(v1), url, 500);

    (void)state;
    r.config.concurrency = 8;
    r.config.threads = 4;
    go(&r);
    /* Those that were under way when it opened are failures as well. */
    assert_in_range(r.targets[V2].outcomes[OUTCOME_CONNECT], 20, 27);
    assert_int_equal(r.targets[V2].breaker_opened, 1);
    server_unrefuse(refused);
    server_stop(v1);
}

static void what_waits_in_the_queue_is_left_out_too(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    const struct server_script script = {"*", .steps = {{DO_RESET}}};
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run r = run_of(server_url(v1), server_url(v2), 500);

    (void)state;
    r.config.pace = PACE_RATE;
    r.config.rate = 1e6; /* all are due before the first has failed */
    go(&r);
    assert_int_equal(r.targets[V1].answered, 500);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_RESET], 20);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_BREAKER], 480);
    server_stop(v1);
    server_stop(v2);
}

static void an_answered_error_is_an_answer(void **state)
{
    const struct server_script script = {
        "*", .steps = {{DO_SAY, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run r = run_of(server_url(v1), server_url(v2), 100);

    (void)state;
    go(&r);
    assert_int_equal(r.targets[V2].answered, 100);
    assert_int_equal(r.targets[V2].status_class[5], 100);
    assert_string_equal(r.told, "");
    server_stop(v1);
    server_stop(v2);
}

static void without_a_limit_every_call_is_made(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run r = run_of(server_url(v1), url, 100);

    (void)state;
    r.config.max_error_ppm = 0;
    go(&r);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_CONNECT], 100);
    server_unrefuse(refused);
    server_stop(v1);
}

/* This takes the five seconds until the first probe. */
static void flat_out_a_target_that_comes_back_is_waited_for(void **state)
{
    const struct server_script script = {"/bad", .steps = {{DO_RESET}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run r = run_of(server_url(v1), server_url(v2), 300);
    int64_t began = clock_mono_ns();

    (void)state;
    r.bad_from = 10;
    r.bad_to = 20;
    go(&r);
    assert_true(clock_mono_ns() - began >= 5 * NS_PER_SEC);
    assert_int_equal(r.targets[V1].answered, 300);
    assert_int_equal(r.targets[V2].answered, 290);
    assert_int_equal(r.targets[V2].outcomes[OUTCOME_BREAKER], 0);
    if (strncmp(r.told, "v2 open 10/20 reset (", 21) != 0 ||
        !strstr(r.told, ") 5s\nv2 half-open\nv2 closed\n"))
        fail_msg("%s", r.told);
    server_stop(v1);
    server_stop(v2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_that_is_down_is_left_alone_after_twenty_calls),
        cmocka_unit_test(the_failures_of_all_workers_add_up),
        cmocka_unit_test(what_waits_in_the_queue_is_left_out_too),
        cmocka_unit_test(an_answered_error_is_an_answer),
        cmocka_unit_test(without_a_limit_every_call_is_made),
        cmocka_unit_test(flat_out_a_target_that_comes_back_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

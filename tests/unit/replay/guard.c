/* The breaker in the whole stage: what is left out, what is waited for, and
 * what is told. */
#include "replay/guard.h"
#include "tests/support/replay_run.h"

/* ---- a run and what it told -------------------------------------------------------- */

static char told[1024];           /* a line for each change */
static unsigned bad_from, bad_to; /* these requests are for /bad */

static struct exchange *good_or_bad(unsigned i)
{
    return exchange_from(i >= bad_from && i < bad_to ? GET("/bad") : GET("/good"), "");
}

static void note_change(void *ctx, const struct replay_breaker_change *c)
{
    static const char *const names[] = {"closed", "open", "half-open"};
    char why[256] = "";
    size_t n = strlen(told);

    (void)ctx;
    if (c->state == BREAKER_OPEN)
        snprintf(why, sizeof why, " %u/%u %s (%.*s) %us", (unsigned)c->failed, (unsigned)c->calls,
                 outcome_name(c->outcome), STR_ARG(c->detail), (unsigned)(c->wait_ns / NS_PER_SEC));
    snprintf(told + n, sizeof told - n, "%s %s%s\n", c->target, names[c->state], why);
}

static struct run *run_of(const char *v1, const char *v2, unsigned n)
{
    struct run *r = run_new(usual(v1, v2), n, NULL);

    r->make = good_or_bad;
    r->config.concurrency = 1;
    r->config.threads = 1;
    r->config.control = CONTROL_NONE;
    r->config.max_error_ppm = 500000;
    r->config.breaker = note_change;
    told[0] = '\0';
    bad_from = bad_to = 0;
    return r;
}

/* ---- facts ------------------------------------------------------------------------ */

static void a_target_that_is_down_is_left_alone_after_twenty_calls(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run *r = run_of(server_url(v1), url, 500);

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 500);
    assert_int_equal(r->targets[V1].breaker_opened, 0);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_CONNECT], 20);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_BREAKER], 480);
    assert_int_equal(r->targets[V2].breaker_opened, 1);
    assert_string_equal(told, "v2 open 20/20 connect (Connection refused) 5s\n");
    forget(r);
    server_unrefuse(refused);
    server_stop(v1);
}

static void the_failures_of_all_workers_add_up(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run *r = run_of(server_url(v1), url, 500);

    (void)state;
    r->config.concurrency = 8;
    r->config.threads = 4;
    go_well(r);
    /* Those that were under way when it opened are failures as well. */
    assert_in_range(r->targets[V2].outcomes[OUTCOME_CONNECT], 20, 27);
    assert_int_equal(r->targets[V2].breaker_opened, 1);
    forget(r);
    server_unrefuse(refused);
    server_stop(v1);
}

static void what_waits_in_the_queue_is_left_out_too(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    const struct server_script script = {"*", .steps = {{DO_RESET}}};
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_of(server_url(v1), server_url(v2), 500);

    (void)state;
    r->config.pace = PACE_RATE;
    r->config.rate = 1e6; /* all are due before the first has failed */
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 500);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_RESET], 20);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_BREAKER], 480);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void an_answered_error_is_an_answer(void **state)
{
    const struct server_script script = {
        "*", .steps = {{DO_SAY, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_of(server_url(v1), server_url(v2), 100);

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V2].answered, 100);
    assert_int_equal(r->targets[V2].status_class[5], 100);
    assert_string_equal(told, "");
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void without_a_limit_every_call_is_made(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run *r = run_of(server_url(v1), url, 100);

    (void)state;
    r->config.max_error_ppm = 0;
    go_well(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_CONNECT], 100);
    forget(r);
    server_unrefuse(refused);
    server_stop(v1);
}

/* This takes the five seconds until the first probe. */
static void flat_out_a_target_that_comes_back_is_waited_for(void **state)
{
    const struct server_script script = {"/bad", .steps = {{DO_RESET}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_of(server_url(v1), server_url(v2), 300);
    int64_t began = clock_mono_ns();

    (void)state;
    bad_from = 10;
    bad_to = 20;
    go_well(r);
    assert_true(clock_mono_ns() - began >= 5 * NS_PER_SEC);
    assert_int_equal(r->targets[V1].answered, 300);
    assert_int_equal(r->targets[V2].answered, 290);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_BREAKER], 0);
    if (strncmp(told, "v2 open 10/20 reset (", 21) != 0 ||
        !strstr(told, ") 5s\nv2 half-open\nv2 closed\n"))
        fail_msg("%s", told);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

/* Several workers want to probe: one does, and in the same look the others learn
 * until when to wait, or take over what the first leaves. */
static void who_may_not_probe_learns_until_when_to_wait(void **state)
{
    const struct replay_config config = {.max_error_ppm = 500000};
    const int64_t then = 5000 * NS_PER_SEC, later = then + 6 * NS_PER_SEC;
    struct call call = {.outcome = OUTCOME_ANSWERED};
    int64_t until = -1;
    struct guard g;
    unsigned pass;

    (void)state;
    guard_init(&g, "v2", &config);
    for (unsigned i = 0; i < 20; i++) {
        guard_note(&g, guard_enter(&g, then, NULL), &call, then);
        call.outcome = OUTCOME_RESET;
    }
    assert_int_equal(guard_enter(&g, then, &until), 0);
    assert_int_equal(until, then + 5 * NS_PER_SEC);
    pass = guard_enter(&g, later, &until);
    assert_int_not_equal(pass, 0);
    assert_int_equal(guard_enter(&g, later, &until), 0);
    assert_true(until > later);
    guard_leave(&g, pass);
    assert_int_equal(guard_enter(&g, later, &until), pass);
    guard_release(&g);
}

int main(void)
{
    struct err e = {0};
    const struct CMUnitTest tests[] = {
        TEST(a_target_that_is_down_is_left_alone_after_twenty_calls),
        TEST(the_failures_of_all_workers_add_up),
        TEST(what_waits_in_the_queue_is_left_out_too),
        TEST(an_answered_error_is_an_answer),
        TEST(without_a_limit_every_call_is_made),
        TEST(flat_out_a_target_that_comes_back_is_waited_for),
        TEST(who_may_not_probe_learns_until_when_to_wait),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

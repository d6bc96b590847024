/* What v2 does costs v1 nothing: neither a request, nor time, nor its place in
 * the schedule. One thread serves both, and no breaker helps. */
#include "tests/support/fault_server.h"
#include "tests/support/replay_run.h"

enum { REQUESTS = 200, RATE = 1000, CONCURRENCY = 100 };

/* How long v2 takes, or is waited for. */
static const int64_t trouble_ns = 500 * NS_PER_MS;

struct trouble {
    const char *request;
    enum outcome outcome; /* of all of v2's calls */
    bool refuses, deaf;
};

static const struct trouble none = {GET("/well"), OUTCOME_ANSWERED};

static const struct trouble troubles[] = {
    {GET("/slow"), OUTCOME_ANSWERED},
    {GET("/silent"), OUTCOME_TIMEOUT},
    {GET("/stops-in-body"), OUTCOME_TIMEOUT},
#ifndef __SANITIZE_THREAD__ /* under which one thread cannot read what the other sends */
    {GET("/endless-crumbs"), OUTCOME_TIMEOUT},
#endif
    {GET("/resets-before-first-byte"), OUTCOME_RESET},
    {GET("/garbage"), OUTCOME_PROTOCOL},
    {GET("/well"), OUTCOME_CONNECT, .refuses = true},
    {GET("/well"), OUTCOME_TIMEOUT, .deaf = true},
};

static struct run *run_beside(const struct trouble *trouble)
{
    const struct fault_options options = {.tick_ns = trouble_ns, .deaf = trouble->deaf};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct fault_server *v2 = fault_server_start(&options);
    struct run *r;
    char url[64];
    int refused = server_refuse(url, sizeof url);

    r = run_new(usual(server_url(v1), trouble->refuses ? url : fault_server_url(v2)), REQUESTS,
                trouble->request);
    r->config.control = CONTROL_NONE;
    r->config.pace = PACE_RATE;
    r->config.rate = RATE;
    r->config.threads = 1;
    r->config.concurrency = CONCURRENCY;
    r->config.max_body = 4096;
    if (trouble->outcome == OUTCOME_TIMEOUT)
        r->config.timeout_ns = trouble_ns;
    go_well(r);
    server_unrefuse(refused);
    server_stop(v1);
    fault_server_stop(v2);
    return r;
}

static int64_t p99(const struct hist *h)
{
    return hist_percentile(h, 99);
}

/* Neither near nothing, against what v2 makes others wait, nor within noise of a run
 * beside a sound v2. */
static bool is_far(const struct hist *now, const struct hist *then)
{
    return (p99(now) > trouble_ns / 2 && p99(now) > 3 * p99(then)) ||
           (hist_percentile(now, 50) > trouble_ns / 20 &&
            hist_percentile(now, 50) > 3 * hist_percentile(then, 50));
}

/* Or even given up, where v2 is. */
static bool is_delayed(const struct run *r, const struct run *sound)
{
    const struct replay_target_stats *now = &r->targets[V1], *then = &sound->targets[V1];

    return now->answered < REQUESTS || is_far(&now->service, &then->service) ||
           is_far(&now->lateness, &then->lateness);
}

/* A busy machine may hold up a run, but a v1 that depended on v2 would be held up
 * in every one. */
static void assert_isolated(const struct trouble *trouble)
{
    enum { ATTEMPTS = 5 };
    bool delayed = true;

    for (unsigned i = 0; delayed && i < ATTEMPTS; i++) {
        struct run *sound = run_beside(&none);
        struct run *r = run_beside(trouble);

        assert_int_equal(r->targets[V2].outcomes[trouble->outcome], REQUESTS);
        delayed = is_delayed(r, sound);
        if (delayed)
            print_message("v1 answered %llu, in %lld us, beside a sound v2 in %lld us\n",
                          (unsigned long long)r->targets[V1].answered,
                          (long long)(p99(&r->targets[V1].service) / NS_PER_US),
                          (long long)(p99(&sound->targets[V1].service) / NS_PER_US));
        forget(r);
        forget(sound);
    }
    if (delayed)
        fail_msg("v1 is delayed: %s", trouble->request);
}

static void whatever_v2_does_costs_v1_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++)
        assert_isolated(&troubles[i]);
}

/* ---- what is kept ------------------------------------------------------------------ */

enum { PAGES = 40, OF_A_PAGE = 10, WAITING = 5 * OF_A_PAGE };

static struct fault_server *large;

/* A page and all that is in it, asked for at once over one connection, and as fast
 * as v1 answers. */
static struct exchange *of_a_page(unsigned i)
{
    struct exchange *x = exchange_from(GET("/large"), "");

    fault_server_wait(large, i > WAITING ? i - WAITING : 0);
    x->connection = 1 + i / OF_A_PAGE;
    return x;
}

static unsigned n_left_out; /* of v2's calls */

static void let_go_when_some_were_left_out(struct run *r, const struct pair *p)
{
    bool left_out = p->calls[V2].outcome == OUTCOME_QUEUE;

    n_left_out += left_out;
    if (left_out && n_left_out == 2 * OF_A_PAGE)
        server_let_go(r->server);
}

/* What v1 has answered is kept until v2 has, and is more than may be kept: then
 * v2's calls are left out, and not those of v1 that wait for their turn. */
static void a_v2_that_lags_costs_v1_no_call_however_large_its_answers_are(void **state)
{
    const struct server_script held = {
        "*", .steps = {{DO_HOLD}, {DO_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}};
    struct server *v2 = server_start(AF_INET, NULL, &held, 1);
    struct run *r;

    (void)state;
    large = fault_server_start(&(struct fault_options){0});
    r = run_new(usual(fault_server_url(large), server_url(v2)), PAGES * OF_A_PAGE, NULL);
    r->make = of_a_page;
    r->server = v2;
    r->watch = let_go_when_some_were_left_out;
    r->config.control = CONTROL_NONE;
    r->config.pace = PACE_RECORDED;
    r->config.threads = 1;
    r->config.concurrency = CONCURRENCY;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, PAGES * OF_A_PAGE);
    assert_true(r->targets[V2].outcomes[OUTCOME_QUEUE] >= 2 * OF_A_PAGE);
    forget(r);
    fault_server_stop(large);
    server_stop(v2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_v2_does_costs_v1_nothing),
        TEST(a_v2_that_lags_costs_v1_no_call_however_large_its_answers_are),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(NULL) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

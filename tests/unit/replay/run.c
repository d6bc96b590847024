/* The whole stage against servers in this process. Every run checks that the
 * accounting adds up, and that no descriptor is left open. */
#include <time.h>

#include "core/http1.h"
#include "tests/support/replay_run.h"
#include "tests/support/tls_server.h"

/* ---- what is sent ------------------------------------------------------------------ */

static void every_target_gets_every_request_once(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 50, GET("/movies"));

    (void)state;
    go_well(r);
    assert_int_equal(r->stats.paired, 50);
    assert_int_equal(r->stats.n_targets, 3);
    for (unsigned t = 0; t < 3; t++) {
        assert_int_equal(r->targets[t].answered, 50);
        assert_int_equal(r->targets[t].status_class[2], 50);
        assert_int_equal(r->targets[t].connections + r->targets[t].reused, 50);
    }
    assert_string_equal(r->targets[CONTROL].name, "control");
    assert_int_equal(server_requests(v1), 100);
    assert_int_equal(server_requests(v2), 50);
    assert_true(server_connections(v2) <= 8);
    assert_str(r->pairs[0]->calls[V2].response.body, "you asked for /movies");
    assert_non_null(
        strstr(server_log(v2), "GET /movies HTTP/1.1\r\nHost: movies\r\nX-Mirrorctl: 1\r\n\r\n"));
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void every_candidate_gets_every_request_once(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *other = server_start(AF_INET, NULL, NULL, 0);
    struct replay_config config = usual(server_url(v1), server_url(other));
    struct run *r;

    (void)state;
    config.candidates[config.n_candidates++] = server_url(other);
    config.candidates[config.n_candidates++] = server_url(other);
    r = run_new(config, 20, GET("/movies"));
    go_well(r);
    assert_int_equal(r->stats.n_targets, 5);
    assert_string_equal(r->targets[0].name, "v1");
    assert_string_equal(r->targets[1].name, "v2");
    assert_string_equal(r->targets[3].name, "v4");
    assert_string_equal(r->targets[4].name, "control");
    assert_int_equal(server_requests(v1), 40);
    assert_int_equal(server_requests(other), 60);
    assert_int_equal(r->stats.paired, 20);
    forget(r);
    server_stop(v1);
    server_stop(other);
}

/* v1 is left alone: with its address it gets the control's calls, without none. */
static void with_a_recorded_baseline_v1_gets_no_call(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(NULL, server_url(v2)), 10, GET("/"));

    (void)state;
    r->config.baseline = BASELINE_RECORDED;
    go_well(r);
    assert_int_equal(r->stats.n_targets, 1);
    assert_string_equal(r->targets[0].name, "v2");
    assert_int_equal(r->stats.paired, 10);
    assert_true(r->pairs[0]->exchange->response.head.len > 0);
    forget(r);

    r = run_new(usual(server_url(v1), server_url(v2)), 10, GET("/"));
    r->config.baseline = BASELINE_RECORDED;
    go_well(r);
    assert_int_equal(r->stats.n_targets, 2);
    assert_string_equal(r->targets[1].name, "control");
    assert_int_equal(server_requests(v1), 10);
    assert_int_equal(server_requests(v2), 20);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void header_fields_are_changed_for_all_or_for_one_target(void **state)
{
    static const struct replay_field changes[] = {
        {.text = STR_INIT("X-All: 1")},
        {.text = STR_INIT("X-One: 1"), .version = 1},
        {.text = STR_INIT("X-Two: 2"), .version = 2},
        {.text = STR_INIT("x-mirrorctl"), .remove = true},
    };
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 1, GET("/"));

    (void)state;
    r->config.fields = changes;
    r->config.n_fields = sizeof changes / sizeof *changes;
    go_well(r);
    assert_non_null(
        strstr(server_log(v2), "GET / HTTP/1.1\r\nHost: movies\r\nX-Two: 2\r\nX-All: 1\r\n\r\n"));
    assert_non_null(
        strstr(server_log(v1), "GET / HTTP/1.1\r\nHost: movies\r\nX-One: 1\r\nX-All: 1\r\n\r\n"));
    assert_null(strstr(server_log(v1), "X-Two")); /* which is what the control was sent as well */
    assert_int_equal(server_requests(v1), 2);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static struct exchange *one_connection(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");

    (void)i;
    x->connection = 1;
    return x;
}

static void connections_are_kept_alive(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct replay_config config = usual(server_url(s), server_url(s));
    struct run *r;

    (void)state;
    config.concurrency = 1;
    config.control = CONTROL_NONE;
    r = run_new(config, 100, NULL);
    r->make = one_connection;
    go_well(r);
    assert_int_equal(r->stats.n_targets, 2);
    assert_int_equal(server_connections(s), 2);
    assert_int_equal(r->targets[V1].connections, 1);
    assert_int_equal(r->targets[V1].reused, 99);
    forget(r);
    server_stop(s);
}

static void the_order_of_calls_is_drawn_and_can_be_drawn_again(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    unsigned orders[2][64] = {{0}};
    unsigned v1_first = 0;

    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        struct run *r = run_new(usual(server_url(s), server_url(s)), 64, GET("/"));

        go_well(r);
        for (unsigned i = 0; i < 64; i++) {
            const struct pair *p = r->pairs[i];

            orders[pass][p->exchange->ordinal - 1] =
                p->calls[0].order + 4u * p->calls[1].order + 16u * p->calls[2].order;
            v1_first += p->calls[V1].order < p->calls[V2].order;
        }
        forget(r);
    }
    assert_memory_equal(orders[0], orders[1], sizeof orders[0]);
    assert_in_range(v1_first / 2, 12, 52); /* of 64, a chance of 1 in a million */
    server_stop(s);
}

static void percentages_choose_alike_and_nested(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    const uint32_t ppm[] = {400000, 400000, 600000};
    bool chosen[3][500] = {{false}};

    (void)state;
    for (int pass = 0; pass < 3; pass++) {
        struct replay_config config = usual(server_url(s), server_url(s));
        struct run *r;

        config.ppm = ppm[pass];
        config.threads = pass + 1;
        r = run_new(config, 500, GET("/"));
        go_well(r);
        for (unsigned i = 0; i < r->n_pairs; i++)
            chosen[pass][r->pairs[i]->exchange->ordinal - 1] = true;
        assert_int_equal(r->stats.recorded, 500);
        assert_int_equal(r->stats.sampled_out, 500 - r->n_pairs);
        assert_in_range(r->n_pairs, pass < 2 ? 146 : 246, pass < 2 ? 254 : 354);
        forget(r);
    }
    assert_memory_equal(chosen[0], chosen[1], sizeof chosen[0]);
    for (unsigned i = 0; i < 500; i++)
        assert_true(!chosen[0][i] || chosen[2][i]);
    server_stop(s);
}

static struct exchange *post(unsigned i)
{
    (void)i;
    return exchange_from("POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "hello");
}

static void unsafe_methods_are_sent_only_when_named_and_never_twice(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 5, NULL);

    (void)state;
    r->make = post;
    go_well(r);
    assert_int_equal(r->stats.method, 5);
    assert_int_equal(server_requests(v1), 0);
    forget(r);

    r = run_new(usual(server_url(v1), server_url(v2)), 5, NULL);
    r->config.methods = "GET, POST";
    r->make = post;
    go_well(r);
    assert_int_equal(r->stats.paired, 5);
    assert_int_equal(r->targets[CONTROL].outcomes[OUTCOME_UNSAFE], 5);
    assert_int_equal(server_requests(v1), 5);
    assert_int_equal(server_requests(v2), 5);
    assert_non_null(strstr(server_log(v1), "\r\n\r\nhello"));
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static struct exchange *mixed(unsigned i)
{
    static const char *const heads[] = {
        GET("/"),
        "POST / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nx-mirrorctl: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: movies-shadow:3000\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\n\r\n",
        "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET /h2c HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABk\r\n\r\n",
        GET("/incomplete"),
        GET("/gap"),
        GET("/anomalous"),
        GET("/tunnel"),
        GET("/no-request"),
    };
    struct exchange *x = exchange_from(heads[i], "");

    x->request.complete = i != 7;
    x->request.flags = i == 8 ? HTTP_GAP : i == 9 ? HTTP_OBS_FOLD : 0;
    x->tunnel = i == 10;
    if (i == 11)
        x->request = (struct http_message){0};
    return x;
}

static void what_is_not_eligible_is_counted_with_its_reason(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 12, NULL);

    (void)state;
    r->make = mixed;
    go_well(r);
    assert_int_equal(r->stats.recorded, 11);
    assert_int_equal(r->stats.eligible, 2);
    assert_int_equal(r->stats.method, 1);
    assert_int_equal(r->stats.loop, 2);
    assert_int_equal(r->stats.tunnel, 3);
    assert_int_equal(r->stats.incomplete, 2);
    assert_int_equal(r->stats.anomalous, 1);
    assert_null(strstr(server_log(s), "h2c\r\n"));
    forget(r);

    r = run_new(usual(server_url(s), server_url(s)), 12, NULL);
    r->make = mixed;
    r->config.include_anomalous = true;
    go_well(r);
    assert_int_equal(r->stats.eligible, 3);
    assert_int_equal(r->stats.anomalous, 0);
    forget(r);
    server_stop(s);
}

static void the_recorded_answer_stays_only_where_it_is_compared_with(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    const enum replay_control controls[] = {CONTROL_V1, CONTROL_RECORDED, CONTROL_NONE};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct run *r = run_new(usual(server_url(s), server_url(s)), 1, GET("/"));

        r->config.control = controls[i];
        go_well(r);
        assert_int_equal(r->pairs[0]->exchange->response.head.len > 0,
                         controls[i] == CONTROL_RECORDED);
        forget(r);
    }
    server_stop(s);
}

static void a_dry_run_sends_nothing(void **state)
{
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct replay_config config = usual(url, url);
    struct run *r;

    (void)state;
    config.dry_run = true;
    config.pace = PACE_RECORDED;
    r = run_new(config, 20, GET("/"));
    go_well(r);
    assert_int_equal(r->stats.unpaired, 20);
    for (unsigned t = 0; t < 3; t++)
        assert_int_equal(r->targets[t].outcomes[OUTCOME_OFF], 20);
    forget(r);
    server_unrefuse(refused);
}

/* ---- outcomes ----------------------------------------------------------------------- */

#define HEAD_OF(n) "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\n\r\n"

static const struct {
    enum outcome outcome;
    int status;         /* of what was kept; 0: nothing */
    const char *body;   /* of what was kept */
    const char *detail; /* a part of it */
    struct server_script script;
} cases[] = {
    /* answered */
    {OUTCOME_ANSWERED, 200, "abc", "", {"/length", .steps = {{DO_SAY, HEAD_OF(3) "abc"}}}},
    {OUTCOME_ANSWERED, 200, "abc", "", {"/drip", .steps = {{DO_DRIP, HEAD_OF(3) "abc"}}}},
    {OUTCOME_ANSWERED,
     200,
     "abcd",
     "",
     {"/chunked",
      .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n"},
                {DO_DRIP, "1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n"}}}},
    {OUTCOME_ANSWERED,
     200,
     "to the end",
     "",
     {"/until-close", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\n\r\nto the end"}, {DO_CLOSE}}}},
    {OUTCOME_ANSWERED,
     404,
     "",
     "",
     {"/informed", .steps = {{DO_DRIP, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"},
                             {DO_SAY, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 404 No\r\n"
                                      "Content-Length: 0\r\n\r\n"}}}},
    {OUTCOME_ANSWERED, 204, "", "", {"/204", .steps = {{DO_SAY, "HTTP/1.1 204 No\r\n\r\n"}}}},
    {OUTCOME_ANSWERED,
     304,
     "",
     "",
     {"/304", .steps = {{DO_SAY, "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"}}}},
    {OUTCOME_ANSWERED,
     200,
     "a",
     "",
     {"/two-answers", .steps = {{DO_SAY, HEAD_OF(1) "a" HEAD_OF(1) "b"}}}},
    {OUTCOME_ANSWERED,
     200,
     "ok",
     "",
     {"/http-1.0",
      .steps = {{DO_SAY, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {DO_CLOSE}}}},
    /* reset */
    {OUTCOME_RESET, 0, "", "without an answer", {"/no-answer", .steps = {{DO_CLOSE}}}},
    {OUTCOME_RESET, 0, "", "reset", {"/reset", .steps = {{DO_RESET}}}},
    {OUTCOME_RESET,
     0,
     "",
     "without an answer",
     {"/in-head", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nConte"}, {DO_CLOSE}}}},
    {OUTCOME_RESET,
     200,
     "abc",
     "inside the answer",
     {"/in-body", .steps = {{DO_SAY, HEAD_OF(9) "abc"}, {DO_CLOSE}}}},
    {OUTCOME_RESET,
     200,
     "abc",
     "inside the answer",
     {"/in-chunks",
      .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
                {DO_CLOSE}}}},
    /* protocol */
    {OUTCOME_PROTOCOL, 0, "", "not an HTTP/1", {"/garbage", .steps = {{DO_SAY, "SSH-2.0-x\r\n"}}}},
    {OUTCOME_PROTOCOL,
     200,
     "",
     "chunks",
     {"/bad-chunk",
      .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}}}},
    {OUTCOME_PROTOCOL,
     200,
     "",
     "Content-Length",
     {"/bad-length", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}}}},
    {OUTCOME_PROTOCOL,
     0,
     "",
     "unasked",
     {"/switch",
      .steps = {{DO_SAY, "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"}}}},
    {OUTCOME_PROTOCOL,
     0,
     "",
     "too many",
     {"/processing", .steps = {{DO_REPEAT, "HTTP/1.1 102 Processing\r\n\r\n", 65}, {DO_HOLD}}}},
    /* too large */
    {OUTCOME_TOO_LARGE,
     0,
     "",
     "ceiling",
     {"/endless-head", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\n"}, {DO_REPEAT, "A: b\r\n", 99999}}}},
};

enum { N_CASES = sizeof cases / sizeof *cases };

static struct exchange *request_of_case(unsigned i)
{
    char head[128];

    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].script.path);
    return exchange_from(head, "");
}

static void assert_case(const struct call *c, unsigned i)
{
    struct http_status_line line = {0};
    const char *path = cases[i].script.path;

    http_status_line(c->response.head, &line);
    if (c->outcome != cases[i].outcome)
        fail_msg("%s: %s: %.*s", path, outcome_name(c->outcome), STR_ARG(c->detail));
    if (line.status != cases[i].status)
        fail_msg("%s: status %d", path, line.status);
    if (c->outcome == OUTCOME_ANSWERED)
        assert_str(c->detail, "");
    else if (!strstr(c->detail.data, cases[i].detail))
        fail_msg("%s: %s", path, c->detail.data);
    assert_str(c->response.body, cases[i].body);
    assert_int_equal(c->response.complete, c->outcome == OUTCOME_ANSWERED);
    assert_int_equal(c->response.body_size, c->response.body.len);
}

static void each_fault_has_its_outcome_and_leaves_the_others_alone(void **state)
{
    struct server_script scripts[N_CASES];
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2;
    struct run *r;

    (void)state;
    for (unsigned i = 0; i < N_CASES; i++)
        scripts[i] = cases[i].script;
    v2 = server_start(AF_INET, NULL, scripts, N_CASES);
    r = run_new(usual(server_url(v1), server_url(v2)), N_CASES, NULL);
    r->make = request_of_case;
    go_well(r);
    for (unsigned i = 0; i < N_CASES; i++)
        assert_case(&r->pairs[i]->calls[V2], (unsigned)r->pairs[i]->exchange->ordinal - 1);
    assert_int_equal(r->targets[V1].answered, N_CASES);
    assert_int_equal(r->targets[CONTROL].answered, N_CASES);
    assert_int_equal(r->stats.paired, N_CASES);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

/* With one connection at a time every answer follows another on a kept-alive
 * one, or what a faulty one left behind. */
static void a_fault_does_not_leak_into_the_next_answer(void **state)
{
    struct server_script scripts[N_CASES];
    struct server *s;
    struct run *r;

    (void)state;
    for (unsigned i = 0; i < N_CASES; i++)
        scripts[i] = cases[i].script;
    s = server_start(AF_INET, NULL, scripts, N_CASES);
    r = run_new(usual(server_url(s), server_url(s)), N_CASES, NULL);
    r->config.concurrency = 1;
    r->make = request_of_case;
    go_well(r);
    for (unsigned i = 0; i < N_CASES; i++) {
        for (unsigned t = 0; t < 3; t++)
            assert_case(&r->pairs[i]->calls[t], (unsigned)r->pairs[i]->exchange->ordinal - 1);
    }
    forget(r);
    server_stop(s);
}

static void trailers_and_informational_answers_are_kept(void **state)
{
    struct server_script scripts[N_CASES];
    struct server *s;
    struct run *r;

    (void)state;
    for (unsigned i = 0; i < N_CASES; i++)
        scripts[i] = cases[i].script;
    s = server_start(AF_INET, NULL, scripts, N_CASES);
    r = run_new(usual(server_url(s), server_url(s)), 1, GET("/chunked"));
    go_well(r);
    assert_true(r->pairs[0]->calls[V1].response.chunked);
    assert_str(r->pairs[0]->calls[V1].response.trailers, "X-Sum: 1\r\n");
    assert_true(r->pairs[0]->calls[V1].response.flags & HTTP_CHUNK_EXT);
    forget(r);
    r = run_new(usual(server_url(s), server_url(s)), 1, GET("/informed"));
    go_well(r);
    assert_str(r->pairs[0]->calls[V1].informational,
               "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
    forget(r);
    server_stop(s);
}

static void the_answer_to_head_has_no_body(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_SAY, HEAD_OF(100)}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r =
        run_new(usual(server_url(s), server_url(s)), 3, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");

    (void)state;
    go_well(r);
    assert_int_equal(r->stats.paired, 3);
    assert_int_equal(r->targets[V2].answered, 3);
    forget(r);
    server_stop(s);
}

static void a_version_that_is_down_costs_the_other_nothing(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run *r = run_new(usual(server_url(v1), url), 30, GET("/"));

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 30);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_CONNECT], 30);
    assert_int_equal(r->targets[V2].connections, 0);
    assert_int_equal(r->stats.paired, 30);
    assert_str(r->pairs[7]->calls[V2].detail, "Connection refused");
    forget(r);
    server_unrefuse(refused);
    server_stop(v1);
}

static void a_name_that_does_not_exist_is_told_from_a_refusal(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    /* No label has more than 63 characters, so no server is asked. */
    struct run *r = run_new(usual(server_url(v1), "http://"
                                                  "0123456789012345678901234567890123456789"
                                                  "0123456789012345678901234567890123456789.x"),
                            3, GET("/"));

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_RESOLVE], 3);
    assert_int_equal(r->targets[V1].answered, 3);
    forget(r);
    server_stop(v1);
}

static void silence_ends_with_the_timeout(void **state)
{
    const struct server_script scripts[] = {
        {"/silent", .steps = {{DO_HOLD}}},
        {"/stuck", .steps = {{DO_SAY, HEAD_OF(9) "abc"}, {DO_HOLD}}},
    };
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, scripts, 2);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 10, GET("/silent"));

    (void)state;
    r->config.timeout_ns = 100 * NS_PER_MS;
    r->config.concurrency = 20;
    go(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TIMEOUT], 10);
    for (unsigned i = 0; i < 10; i++) {
        const struct call *c = &r->pairs[i]->calls[V2];

        assert_true(c->done_ns - c->sent_ns >= 100 * NS_PER_MS);
        assert_str(c->detail, "no answer in time");
    }
    forget(r);
    r = run_new(usual(server_url(v1), server_url(v2)), 1, GET("/stuck"));
    r->config.timeout_ns = 100 * NS_PER_MS;
    go(r);
    assert_int_equal(r->pairs[0]->calls[V2].outcome, OUTCOME_TIMEOUT);
    assert_str(r->pairs[0]->calls[V2].response.body, "abc");
    assert_str(r->pairs[0]->calls[V2].detail, "the answer did not end in time");
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void an_answer_too_many_ends_the_connection(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_SAY, HEAD_OF(1) "a" HEAD_OF(1) "b"}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 20, GET("/"));

    (void)state;
    go_well(r);
    for (unsigned t = 0; t < 3; t++) {
        assert_int_equal(r->targets[t].answered, 20);
        assert_int_equal(r->targets[t].reused, 0);
        assert_int_equal(r->targets[t].connections, 20);
    }
    assert_str(r->pairs[19]->calls[V2].response.body, "a");
    forget(r);
    server_stop(s);
}

static void large_answers_are_cut_and_hashed(void **state)
{
    const struct server_script scripts[] = {
        {"/a", .steps = {{DO_SAY, HEAD_OF(1000000)}, {DO_REPEAT, "0123456789", 100000}}},
        {"/b", .steps = {{DO_SAY, HEAD_OF(1000000)},
                         {DO_REPEAT, "0123456789", 99999},
                         {DO_SAY, "012345678x"}}},
    };
    struct server *s = server_start(AF_INET, NULL, scripts, 2);
    uint64_t hashes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct run *r = run_new(usual(server_url(s), server_url(s)), 1, i ? GET("/b") : GET("/a"));
        const struct http_message *m;

        r->config.max_body = 1000;
        go_well(r);
        m = &r->pairs[0]->calls[V2].response;
        assert_int_equal(r->targets[V2].answered, 1);
        assert_int_equal(m->body.len, 1000);
        assert_int_equal(m->body_size, 1000000);
        assert_true(m->flags & HTTP_TRUNCATED);
        assert_true(m->body_hash == r->pairs[0]->calls[V1].response.body_hash);
        hashes[i] = m->body_hash;
        forget(r);
    }
    assert_true(hashes[0] != hashes[1]);
    server_stop(s);
}

static char piece_of_64k[64 * 1024 + 1];

/* More than is read in one go, many at a time. */
static void large_answers_arrive_whole(void **state)
{
    const struct server_script script = {
        "*", .steps = {{DO_SAY, HEAD_OF(4194304)}, {DO_REPEAT, piece_of_64k, 64}}};
    struct server *s;
    struct run *r;

    (void)state;
    memset(piece_of_64k, 'x', sizeof piece_of_64k - 1);
    s = server_start(AF_INET, NULL, &script, 1);
    r = run_new(usual(server_url(s), server_url(s)), 8, GET("/"));
    r->config.max_body = 16 << 20;
    r->config.threads = 1;
    go_well(r);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(r->pairs[i]->calls[V2].outcome, OUTCOME_ANSWERED);
        assert_int_equal(r->pairs[i]->calls[V2].response.body.len, 4194304);
    }
    forget(r);
    server_stop(s);
}

static void a_stale_connection_is_tried_once_more_on_a_fresh_one(void **state)
{
    const struct server_script script = {"*", .only_first = true,
                                         .steps = {{DO_SAY, HEAD_OF(2) "ok"}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct replay_config config = usual(server_url(s), server_url(s));
    unsigned retried = 0;
    struct run *r;

    (void)state;
    config.concurrency = 1;
    config.control = CONTROL_NONE;
    r = run_new(config, 10, NULL);
    r->make = one_connection;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 10);
    for (unsigned i = 0; i < 10; i++)
        retried += (r->pairs[i]->calls[V1].flags & CALL_RETRIED) != 0;
    /* The first is fresh, and so is each that is retried; a connection that has
     * been retried on is kept and stale for the next. */
    assert_int_equal(retried, 9);
    assert_int_equal(r->targets[V1].retried, 9);
    assert_int_equal(r->targets[V1].connections, 10);
    forget(r);
    server_stop(s);
}

static struct exchange *one_connection_of_posts(unsigned i)
{
    struct exchange *x = post(i);

    x->connection = 1;
    return x;
}

/* The server has read every one, so none may be sent again. */
static void what_may_have_arrived_and_must_not_happen_twice_is_not_tried_again(void **state)
{
    const struct server_script script = {"*", .only_first = true,
                                         .steps = {{DO_SAY, HEAD_OF(2) "ok"}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct replay_config config = usual(server_url(s), server_url(s));
    struct run *r;

    (void)state;
    config.concurrency = 1;
    config.control = CONTROL_NONE;
    config.methods = "all";
    r = run_new(config, 10, NULL);
    r->make = one_connection_of_posts;
    go_well(r);
    for (unsigned t = 0; t < 2; t++) {
        assert_int_equal(r->targets[t].answered, 5);
        assert_int_equal(r->targets[t].outcomes[OUTCOME_RESET], 5);
        assert_int_equal(r->targets[t].retried, 0);
    }
    assert_int_equal(server_requests(s), 20);
    forget(r);
    server_stop(s);
}

static void a_server_that_closes_idle_connections_loses_nothing(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_SAY, HEAD_OF(2) "ok"}, {DO_CLOSE}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 500, GET("/"));

    (void)state;
    r->config.concurrency = 4;
    go_well(r);
    for (unsigned t = 0; t < 3; t++)
        assert_int_equal(r->targets[t].answered, 500);
    forget(r);
    server_stop(s);
}

static void a_fresh_connection_that_closes_is_not_tried_again(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_CLOSE}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 10, GET("/"));

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_RESET], 10);
    assert_int_equal(r->targets[V2].retried, 0);
    assert_int_equal(server_requests(s), 30);
    forget(r);
    server_stop(s);
}

enum { LARGE = 8 * 1000 * 1000 };

static struct exchange *large_post(unsigned i)
{
    struct exchange *x = exchange_new(16 << 20, NULL);
    char *body;

    (void)i;
    assert_non_null(x);
    body = arena_alloc(&x->mem, LARGE, NULL);
    assert_non_null(body);
    memset(body, 'b', LARGE);
    x->request.head = STR("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
    x->request.body = str_from(body, LARGE);
    x->request.body_size = LARGE;
    x->request.complete = true;
    return x;
}

static void large_requests_arrive_whole(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 2, NULL);

    (void)state;
    r->config.methods = "all";
    r->make = large_post;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 2);
    assert_int_equal(r->targets[V2].answered, 2);
    assert_true(strlen(server_log(s)) > 4u * LARGE);
    forget(r);
    server_stop(s);
}

static void an_early_answer_ends_the_sending(void **state)
{
    const struct server_script script = {
        "*", .early = true,
        .steps = {{DO_SAY, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 4, NULL);

    (void)state;
    r->config.methods = "all";
    r->make = large_post;
    go_well(r);
    assert_int_equal(r->targets[V2].answered, 4);
    assert_int_equal(r->targets[V2].status_class[4], 4);
    assert_int_equal(r->targets[V2].reused, 0);
    forget(r);
    server_stop(s);
}

/* The server would go on reading, but nobody can tell what of. */
static void after_an_early_answer_the_connection_is_not_used_again(void **state)
{
    const struct server_script script = {
        "*", .early = true,
        .steps = {{DO_SAY, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"}, {DO_HOLD}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 3, NULL);

    (void)state;
    r->config.methods = "all";
    r->config.concurrency = 1;
    r->make = large_post;
    go_well(r);
    assert_int_equal(r->targets[V2].answered, 3);
    assert_int_equal(r->targets[V2].connections, 3);
    forget(r);
    server_stop(s);
}

/* ---- pace, queues and stopping -------------------------------------------------------- */

static struct exchange *paced(unsigned i)
{
    /* Complete in this order, begun in another. */
    static const int ms[] = {0, 10, 40, 30, 20};
    struct exchange *x = exchange_from(GET("/"), "");

    x->request_first_ns = INT64_C(1700000000000000000) + ms[i] * NS_PER_MS;
    return x;
}

static void requests_are_sent_at_the_recorded_pace(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 5, NULL);
    int64_t start = INT64_MAX;

    (void)state;
    r->config.pace = PACE_RECORDED;
    r->config.speed = 0.5;
    r->make = paced;
    go_well(r);
    for (unsigned i = 0; i < 5; i++) {
        if (r->pairs[i]->calls[V1].due_ns < start)
            start = r->pairs[i]->calls[V1].due_ns;
    }
    for (unsigned i = 0; i < 5; i++) {
        const struct pair *p = r->pairs[i];
        int64_t after = p->exchange->request_first_ns - INT64_C(1700000000000000000);

        for (unsigned t = 0; t < 3; t++) {
            assert_int_equal(p->calls[t].due_ns, start + 2 * after);
            assert_true(p->calls[t].sent_ns >= p->calls[t].due_ns);
        }
    }
    forget(r);
    server_stop(s);
}

enum { LATER = 1100, EARLIER = 5 }; /* more than are sorted */

static struct exchange *later_ones_first(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");

    x->request_first_ns =
        INT64_C(1700000000000000000) + (i < LATER ? 10 * NS_PER_SEC : 0) + i * NS_PER_US;
    return x;
}

static void what_stands_behind_later_requests_is_counted(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(NULL, server_url(s)), LATER + EARLIER, NULL);

    (void)state;
    r->make = later_ones_first;
    r->at_hand = true;
    r->config.baseline = BASELINE_RECORDED;
    r->config.pace = PACE_RECORDED;
    r->config.speed = 100;
    go_well(r);
    assert_int_equal(r->stats.misplaced, EARLIER);
    forget(r);
    server_stop(s);
}

enum { QUEUED = 1024, OVER = 75 };

static void let_go_when_the_queue_has_overflown(struct run *r, const struct pair *p)
{
    if (p->calls[V2].outcome == OUTCOME_QUEUE && ++r->counted == OVER)
        server_let_go(r->server);
}

static void a_full_queue_is_counted_and_costs_the_other_nothing(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_HOLD}, {DO_SAY, HEAD_OF(2) "ok"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 1 + QUEUED + OVER, GET("/"));

    (void)state;
    r->config.pace = PACE_RATE;
    r->config.rate = 4000;
    r->config.concurrency = 1;
    r->config.timeout_ns = 600 * NS_PER_SEC;
    r->config.control = CONTROL_NONE;
    r->server = v2;
    r->watch = let_go_when_the_queue_has_overflown;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 1 + QUEUED + OVER);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_QUEUE], OVER);
    assert_int_equal(r->targets[V2].answered, 1 + QUEUED);
    assert_int_equal(r->stats.unpaired, OVER);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void what_waits_for_its_turn_has_the_same_ceiling(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_HOLD}, {DO_SAY, HEAD_OF(2) "ok"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 1 + QUEUED + OVER, GET("/"));

    (void)state;
    r->one_connection = true;
    r->config.pace = PACE_RATE;
    r->config.rate = 4000;
    r->config.threads = 1;
    r->config.timeout_ns = 600 * NS_PER_SEC;
    r->config.control = CONTROL_NONE;
    r->server = v2;
    r->watch = let_go_when_the_queue_has_overflown;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 1 + QUEUED + OVER);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_QUEUE], OVER);
    assert_int_equal(r->targets[V2].answered, 1 + QUEUED);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void flat_out_nothing_is_left_out(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_DRIP, HEAD_OF(2) "ok"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 3000, GET("/"));

    (void)state;
    r->config.concurrency = 2;
    go_well(r);
    assert_int_equal(r->stats.paired, 3000);
    assert_int_equal(r->targets[V2].answered, 3000);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void a_stop_lets_end_what_is_in_flight(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 4000, GET("/"));

    (void)state;
    r->config.pace = PACE_RATE;
    r->config.rate = 1000;
    r->stop_at = 20;
    r->stops = 1;
    go_well(r);
    assert_true(r->stats.stopped);
    assert_true(r->stats.paired >= 20 && r->stats.paired < 4000);
    for (unsigned t = 0; t < 3; t++)
        assert_int_equal(r->stats.selected,
                         r->targets[t].answered + r->targets[t].outcomes[OUTCOME_STOPPED]);
    forget(r);
    server_stop(s);
}

static struct exchange *held_from_the_third_on(unsigned i)
{
    return i < 2 ? exchange_from(GET("/"), "") : exchange_from(GET("/hold"), "");
}

/* The first two pairs are answered; the others hang in flight, or wait. */
static void a_second_stop_ends_what_is_in_flight(void **state)
{
    const struct server_script script = {"/hold", .steps = {{DO_HOLD}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 500, NULL);

    (void)state;
    r->make = held_from_the_third_on;
    r->config.timeout_ns = 600 * NS_PER_SEC;
    r->stop_at = 2;
    r->stops = 2;
    go_well(r);
    assert_true(r->stats.stopped);
    assert_int_equal(r->stats.paired, 2);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_STOPPED], r->stats.selected - 2);
    assert_true(r->stats.ended_ns - r->stats.started_ns < 300 * NS_PER_SEC);
    forget(r);
    server_stop(s);
}

static struct exchange *now_and_in_an_hour(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");

    x->request_first_ns = INT64_C(1700000000000000000) + i * 3600 * NS_PER_SEC;
    return x;
}

static void a_stop_does_not_wait_for_what_is_due_later(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 3, NULL);

    (void)state;
    r->make = now_and_in_an_hour;
    r->config.pace = PACE_RECORDED;
    r->stop_at = 1;
    r->stops = 1;
    go_well(r);
    assert_int_equal(r->stats.recorded, 2);
    assert_int_equal(r->targets[V1].answered, 1);
    assert_int_equal(r->targets[V1].outcomes[OUTCOME_STOPPED], 1);
    forget(r);
    server_stop(s);
}

struct noted {
    struct run *r;
    unsigned times;
    int64_t first_ns, last_ns; /* since the start */
    uint64_t done;
    uint64_t in_flight, answered; /* when it was told first */
};

/* Told twice, and of an answer and a failure: that is all there is to see. */
static void note_progress(void *ctx, const struct replay_progress *p)
{
    struct noted *seen = ctx;
    const struct replay_target_stats *v1 = &p->targets[V1], *v2 = &p->targets[V2];

    assert_int_equal(p->done, seen->r->n_pairs);
    assert_true(p->done <= p->selected && p->selected <= p->recorded);
    assert_true(p->recorded <= seen->r->n);
    assert_string_equal(v2->name, "v2");
    assert_int_equal(v1->sent, v1->answered);
    assert_int_equal(v2->answered, 0);
    seen->last_ns = clock_mono_ns();
    if (seen->times++ == 0)
        seen->first_ns = seen->last_ns;
    seen->done = p->done;
    if (seen->times > 1 && p->done && v1->answered && v2->sent)
        replay_stop(seen->r->replay);
}

/* Not before its time, however late a busy machine may be; without it the run
 * would not end before its last request. */
static void progress_is_told_every_second(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    int refused = server_refuse(url, sizeof url);
    struct run *r = run_new(usual(server_url(v1), url), MAX_PAIRS, GET("/"));
    struct noted seen = {.r = r};
    int64_t start_ns = clock_mono_ns();

    (void)state;
    r->config.pace = PACE_RATE;
    r->config.rate = 50;
    r->config.tick = note_progress;
    r->config.ctx = &seen;
    go_well(r);
    assert_true(r->stats.stopped);
    assert_true(seen.first_ns - start_ns >= NS_PER_SEC);
    assert_true(seen.last_ns - start_ns >= (int64_t)seen.times * NS_PER_SEC);
    assert_in_range(seen.done, 1, r->stats.selected);
    forget(r);
    server_unrefuse(refused);
    server_stop(v1);
}

/* v1 is silent, and the worker, to whom the input has ended, has nothing to wake it. */
static void note_silence(void *ctx, const struct replay_progress *p)
{
    struct noted *seen = ctx;

    if (seen->times++ == 0) {
        seen->in_flight = p->in_flight[V1];
        seen->answered = p->targets[V2].answered;
    }
    server_let_go(seen->r->server);
}

static void progress_is_told_of_workers_that_wait(void **state)
{
    static const struct server_script silent[] = {
        {"/v1/quiet", .steps = {{DO_HOLD, NULL, 0}}},
    };
    struct server *s = server_start(AF_INET, NULL, silent, 1);
    char v1[64];
    struct run *r;
    struct noted seen = {0};

    (void)state;
    snprintf(v1, sizeof v1, "%s/v1", server_url(s));
    r = run_new(usual(v1, server_url(s)), 1, GET("/quiet"));
    seen.r = r;
    r->server = s;
    r->config.control = CONTROL_NONE;
    r->config.tick = note_silence;
    r->config.ctx = &seen;
    go_well(r);
    assert_int_equal(seen.in_flight, 1);
    assert_int_equal(seen.answered, 1);
    forget(r);
    server_stop(s);
}

/* The first result takes longer to write than any answer may take. */
static void take_long(struct run *r, const struct pair *p)
{
    const struct timespec longer = {.tv_sec = 1, .tv_nsec = NS_PER_SEC / 2};

    (void)p;
    if (r->n_pairs == 1)
        nanosleep(&longer, NULL);
}

static void a_result_that_cannot_be_written_times_nobody_out(void **state)
{
    enum { MANY = 100 };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 3000, GET("/"));

    (void)state;
    r->watch = take_long;
    r->config.threads = 1;
    r->config.concurrency = MANY;
    r->config.control = CONTROL_NONE;
    r->config.timeout_ns = NS_PER_SEC;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 3000);
    assert_int_equal(r->targets[V2].answered, 3000);
    forget(r);
    server_stop(s);
}

static void a_failing_source_does_not_lose_what_came_before(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 25, GET("/"));

    (void)state;
    r->source_fails = ERR_DAMAGED;
    go(r);
    assert_int_equal(r->rc, -1);
    assert_int_equal(r->error.kind, ERR_DAMAGED);
    assert_string_equal(r->error.text, "bad input");
    assert_int_equal(r->stats.paired, 25);
    forget(r);
    server_stop(s);
}

static void a_failing_sink_ends_the_run(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 3000, GET("/"));

    (void)state;
    r->sink_fails_at = 10;
    go(r);
    assert_int_equal(r->rc, -1);
    assert_string_equal(r->error.text, "disk full");
    assert_int_equal(r->n_pairs, 10);
    forget(r);
    r = run_new(usual(server_url(s), server_url(s)), 3000, GET("/"));
    r->sink_fails_at = -10;
    go_well(r);
    assert_true(r->stats.stopped);
    assert_true(r->stats.selected < 3000);
    forget(r);
    server_stop(s);
}

/* ---- the order of recorded connections --------------------------------------------- */

enum { CONNECTIONS = 3 };

/* Requests of three connections, in turn: "/1", "/2", "/3", "/1", ... */
static struct exchange *of_three_connections(unsigned i)
{
    static const char *const heads[] = {GET("/1"), GET("/2"), GET("/3")};
    struct exchange *x = exchange_from(heads[i % CONNECTIONS], "");

    x->connection = i % CONNECTIONS + 1;
    x->index = i / CONNECTIONS;
    return x;
}

static const struct pair *pair_of(const struct run *r, uint64_t ordinal)
{
    for (unsigned i = 0; i < r->n_pairs; i++) {
        if (r->pairs[i]->exchange->ordinal == ordinal)
            return r->pairs[i];
    }
    fail_msg("no pair %u", (unsigned)ordinal);
    return NULL;
}

/* How many calls began before the one before it on its connection was over. */
static unsigned overlaps(const struct run *r, unsigned target)
{
    unsigned found = 0;

    for (uint64_t i = CONNECTIONS + 1; i <= r->n_pairs; i++) {
        const struct call *before = &pair_of(r, i - CONNECTIONS)->calls[target];

        found += pair_of(r, i)->calls[target].sent_ns < before->done_ns;
    }
    return found;
}

static void requests_of_a_connection_take_turns_at_each_target(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);

    (void)state;
    for (int no_order = 0; no_order < 2; no_order++) {
        struct run *r = run_new(usual(server_url(s), server_url(s)), 300, NULL);

        r->make = of_three_connections;
        r->config.concurrency = 32;
        r->config.no_order = no_order;
        go_well(r);
        assert_int_equal(r->stats.paired, 300);
        for (unsigned t = 0; t < 3; t++) {
            if (no_order)
                assert_true(overlaps(r, t) > 0);
            else
                assert_int_equal(overlaps(r, t), 0);
        }
        forget(r);
    }
    server_stop(s);
}

/* The first began last, as a head does whose packets came in another order, and
 * yet the client sent it first. */
static struct exchange *begun_in_another_order(unsigned i)
{
    struct exchange *x = of_three_connections(i);

    x->request_first_ns = INT64_C(1700000000000000000) + (i < CONNECTIONS ? 60 : 10) * NS_PER_MS;
    return x;
}

static void times_do_not_change_the_order_of_a_connection(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);

    (void)state;
    for (int at_hand = 0; at_hand < 2; at_hand++) {
        struct run *r = run_new(usual(server_url(s), server_url(s)), 9, NULL);

        r->make = begun_in_another_order;
        r->config.pace = PACE_RECORDED;
        r->at_hand = at_hand;
        go_well(r);
        assert_int_equal(r->stats.paired, 9);
        for (unsigned t = 0; t < 3; t++)
            assert_int_equal(overlaps(r, t), 0);
        forget(r);
    }
    server_stop(s);
}

/* v2 takes longer, and v1 does not run ahead of it: what is compared was asked at the
 * same time. */
static void flat_out_the_calls_of_a_pair_go_together(void **state)
{
    const struct server_script slow = {"*", .steps = {{DO_DRIP, HEAD_OF(2) "ok"}}};
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, &slow, 1);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 300, NULL);

    (void)state;
    r->make = of_three_connections;
    r->config.concurrency = 64;
    go_well(r);
    assert_int_equal(r->stats.paired, 300);
    for (uint64_t i = CONNECTIONS + 1; i <= 300; i++)
        assert_true(pair_of(r, i)->calls[V1].sent_ns >=
                    pair_of(r, i - CONNECTIONS)->calls[V2].done_ns);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

/* Together more than may be held, and many of one connection. */
static struct exchange *large_when_recorded(unsigned i)
{
    static const char body[2000000];
    struct exchange *x = exchange_from(GET("/"), "");

    assert_int_equal(arena_dup(&x->mem, str_from(body, sizeof body), &x->response.body, NULL), 0);
    x->connection = 1 + i % 2;
    return x;
}

static void flat_out_nothing_is_left_out_for_its_size(void **state)
{
    const struct server_script slow = {"*", .steps = {{DO_DRIP, HEAD_OF(2) "ok"}}};
    struct server *s = server_start(AF_INET, NULL, &slow, 1);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 100, NULL);

    (void)state;
    r->make = large_when_recorded;
    r->config.threads = 1;
    go_well(r);
    assert_int_equal(r->stats.paired, 100);
    assert_int_equal(r->targets[V2].answered, 100);
    forget(r);
    server_stop(s);
}

static struct exchange *each_of_its_own_connection(unsigned i)
{
    struct exchange *x = of_three_connections(i);

    x->connection = i + 1;
    return x;
}

/* A third fails, so the breaker opens and what is left waits; the run does not. */
static void a_run_whose_time_is_over_does_not_wait_for_a_breaker(void **state)
{
    const struct server_script script = {"/2", .steps = {{DO_RESET}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_new(usual(NULL, server_url(s)), 3000, NULL);
    int64_t began_ns = clock_mono_ns();

    (void)state;
    r->make = each_of_its_own_connection;
    r->config.baseline = BASELINE_RECORDED;
    r->config.max_error_ppm = 100000;
    r->config.duration_ns = NS_PER_SEC;
    r->config.threads = 1;
    go_well(r);
    assert_true(clock_mono_ns() - began_ns < 4 * NS_PER_SEC);
    assert_int_equal(r->targets[0].outcomes[OUTCOME_BREAKER], 0);
    assert_true(r->stats.selected < 3000);
    forget(r);
    server_stop(s);
}

static const struct server_script first_is_silent[] = {
    {.path = "/1", .steps = {{.what = DO_HOLD}}}};

/* The others of its connection wait for it at v1, and at v1 only. That they do
 * is v1's slowness, and not the schedule's. */
static void waiting_for_the_one_before_is_not_lateness(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, first_is_silent, 1);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), 9, NULL);
    int64_t timeout_ns = 400 * NS_PER_MS, first_ns;

    (void)state;
    r->make = of_three_connections;
    r->config.control = CONTROL_NONE;
    r->config.timeout_ns = timeout_ns;
    r->config.pace = PACE_RATE;
    r->config.rate = 10000;
    r->at_hand = true; /* due by the rate alone */
    go_well(r);
    first_ns = pair_of(r, 1)->calls[V1].due_ns;
    for (unsigned i = 1; i <= 9; i += 3) {
        const struct pair *p = pair_of(r, i);

        assert_int_equal(p->calls[V1].outcome, OUTCOME_TIMEOUT);
        assert_true(p->calls[V1].done_ns - first_ns >= timeout_ns * (i / 3 + 1));
        assert_true(p->calls[V2].done_ns - p->calls[V2].due_ns < timeout_ns);
    }
    assert_true(r->targets[V1].lateness.max < timeout_ns);
    assert_int_equal(r->targets[V2].answered, 9);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

static void each_recorded_connection_can_have_its_own(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_new(usual(server_url(s), server_url(s)), 90, NULL);

    (void)state;
    r->make = of_three_connections;
    r->config.own_connections = true;
    go_well(r);
    for (unsigned t = 0; t < 3; t++) {
        assert_int_equal(r->targets[t].connections, CONNECTIONS);
        assert_int_equal(r->targets[t].reused, 90 - CONNECTIONS);
        assert_int_equal(r->targets[t].closed_early, 0);
    }
    assert_int_equal(server_connections(s), 3 * CONNECTIONS);
    forget(r);
    server_stop(s);
}

static void what_waits_for_its_turn_is_stopped_too(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, first_is_silent, 1);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);

    (void)state;
    for (unsigned stops = 1; stops <= 2; stops++) {
        struct run *r = run_new(usual(server_url(v1), server_url(v2)), 90, NULL);

        r->make = of_three_connections;
        r->config.control = CONTROL_NONE;
        r->config.timeout_ns = 300 * NS_PER_MS;
        r->config.max_error_ppm = 0;
        r->stop_at = 3;
        r->stops = stops;
        go_well(r);
        assert_true(r->targets[V1].outcomes[OUTCOME_STOPPED] >= 10);
        forget(r);
    }
    server_stop(v1);
    server_stop(v2);
}

/* ---- ways to connect -------------------------------------------------------------------- */

static void unix_sockets_and_ipv6_work(void **state)
{
    char path[64];
    struct server *local, *v6;
    struct run *r;

    (void)state;
    snprintf(path, sizeof path, "/tmp/mirrorctl-test-%d.sock", (int)getpid());
    local = server_start(AF_UNIX, path, NULL, 0);
    v6 = server_start(AF_INET6, NULL, NULL, 0);
    r = run_new(usual(server_url(local), server_url(v6)), 20, GET("/"));
    r->config.host = HOST_TARGET;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 20);
    assert_int_equal(r->targets[V2].answered, 20);
    assert_non_null(strstr(server_log(local), "Host: localhost\r\n"));
    assert_non_null(strstr(server_log(v6), "Host: [::1]:"));
    forget(r);
    server_stop(local);
    server_stop(v6);
}

static void a_missing_socket_is_a_refusal(void **state)
{
    struct run *r =
        run_new(usual("unix:/nonexistent/s.sock", "unix:/nonexistent/s.sock"), 2, GET("/"));

    (void)state;
    go_well(r);
    assert_int_equal(r->targets[V1].outcomes[OUTCOME_CONNECT], 2);
    assert_str(r->pairs[0]->calls[V1].detail, "No such file or directory");
    forget(r);
}

/* Without the openssl program there is no server to test with. */
static bool has_tls(void)
{
    if (tls_is_available())
        return true;
    fprintf(stderr, "SKIPPED: https was not tested, the openssl program is not installed\n");
    return false;
}

static void https_is_spoken_over_connections_that_are_kept_alive(void **state)
{
    struct tls_server *v1, *v2;
    struct run *r;

    (void)state;
    if (!has_tls())
        skip();
    v1 = tls_server_start("localhost");
    v2 = tls_server_start("localhost");
    r = run_new(usual(tls_server_url(v1), tls_server_url(v2)), 20, NULL);
    r->make = one_connection;
    r->config.concurrency = 1;
    r->config.control = CONTROL_NONE;
    r->config.insecure = true;
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 20);
    assert_int_equal(r->targets[V2].answered, 20);
    assert_int_equal(r->targets[V1].connections, 1);
    assert_int_equal(r->targets[V2].reused, 19);
    assert_int_equal(tls_server_requests(v2), 20);
    assert_str(r->pairs[19]->calls[V2].response.body, "secret");
    forget(r);
    tls_server_stop(v1);
    tls_server_stop(v2);
}

static void certificates_are_checked(void **state)
{
    struct tls_server *good, *other_name;
    struct run *r;

    (void)state;
    if (!has_tls())
        skip();
    good = tls_server_start("localhost");
    other_name = tls_server_start("elsewhere.example");
    r = run_new(usual(tls_server_url(good), tls_server_url(other_name)), 2, GET("/"));
    r->config.concurrency = 1;
    r->config.control = CONTROL_NONE;
    go_well(r);
    assert_int_equal(r->targets[V1].outcomes[OUTCOME_TLS], 2);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TLS], 2);
    forget(r);
    r = run_new(usual(tls_server_url(good), tls_server_url(good)), 2, GET("/"));
    r->make = one_connection;
    r->config.concurrency = 1;
    r->config.control = CONTROL_NONE;
    r->config.ca_file = tls_server_ca(good);
    r->config.candidates[0] = tls_server_url(other_name);
    go_well(r);
    assert_int_equal(r->targets[V1].answered, 2);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TLS], 2);
    forget(r);
    r = run_new(usual(tls_server_url(other_name), tls_server_url(other_name)), 1, GET("/"));
    r->config.concurrency = 1;
    r->config.control = CONTROL_NONE;
    r->config.ca_file = tls_server_ca(other_name);
    go_well(r);
    assert_int_equal(r->targets[V1].outcomes[OUTCOME_TLS], 1);
    forget(r);
    tls_server_stop(good);
    tls_server_stop(other_name);
}

static void assert_not_opened(struct replay_config config, const char *text)
{
    struct err e = {0};

    assert_null(replay_open(&config, &e));
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.text, text))
        fail_msg("%s", e.text);
}

static void what_cannot_be_is_refused_before_anything_is_sent(void **state)
{
    struct replay_config good = usual("http://a", "http://b"), c;

    (void)state;
    assert_not_opened((c = good, c.candidates[0] = "nonsense", c), "v2: \"nonsense\"");
    assert_not_opened((c = good, c.candidates[0] = NULL, c), "v2: there is no URL");
    assert_not_opened((c = good, c.ppm = 1000001, c), "100 %");
    assert_not_opened((c = good, c.pace = PACE_RECORDED, c.speed = 0, c), "speed");
    assert_not_opened((c = good, c.pace = PACE_RATE, c.rate = -1, c), "rate");
    assert_not_opened((c = good, c.concurrency = 0, c), "concurrency");
    assert_not_opened((c = good, c.timeout_ns = 0, c), "timeout");
    assert_not_opened((c = good, c.methods = "GET,,POST", c), "methods");
    assert_not_opened((c = good, c.methods = "GET,all", c), "all is said alone");
    assert_not_opened((c = good, c.methods = "GET,connect", c), "CONNECT makes a tunnel");
    assert_not_opened((c = good, c.host = HOST_NAME, c), "Host is empty");
    assert_not_opened((c = good, c.host = HOST_NAME, c.host_name = "a\r\nb", c), "Host");
    assert_not_opened((c = good, c.ca_file = "/nonexistent", c), "/nonexistent");
}

int main(void)
{
    struct err e = {0};
    const struct CMUnitTest tests[] = {
        TEST(every_target_gets_every_request_once),
        TEST(every_candidate_gets_every_request_once),
        TEST(with_a_recorded_baseline_v1_gets_no_call),
        TEST(header_fields_are_changed_for_all_or_for_one_target),
        TEST(connections_are_kept_alive),
        TEST(the_order_of_calls_is_drawn_and_can_be_drawn_again),
        TEST(percentages_choose_alike_and_nested),
        TEST(unsafe_methods_are_sent_only_when_named_and_never_twice),
        TEST(what_is_not_eligible_is_counted_with_its_reason),
        TEST(the_recorded_answer_stays_only_where_it_is_compared_with),
        TEST(a_dry_run_sends_nothing),
        TEST(each_fault_has_its_outcome_and_leaves_the_others_alone),
        TEST(a_fault_does_not_leak_into_the_next_answer),
        TEST(trailers_and_informational_answers_are_kept),
        TEST(the_answer_to_head_has_no_body),
        TEST(a_version_that_is_down_costs_the_other_nothing),
        TEST(a_name_that_does_not_exist_is_told_from_a_refusal),
        TEST(silence_ends_with_the_timeout),
        TEST(an_answer_too_many_ends_the_connection),
        TEST(large_answers_are_cut_and_hashed),
        TEST(large_answers_arrive_whole),
        TEST(a_stale_connection_is_tried_once_more_on_a_fresh_one),
        TEST(what_may_have_arrived_and_must_not_happen_twice_is_not_tried_again),
        TEST(a_server_that_closes_idle_connections_loses_nothing),
        TEST(a_fresh_connection_that_closes_is_not_tried_again),
        TEST(large_requests_arrive_whole),
        TEST(an_early_answer_ends_the_sending),
        TEST(after_an_early_answer_the_connection_is_not_used_again),
        TEST(requests_are_sent_at_the_recorded_pace),
        TEST(what_stands_behind_later_requests_is_counted),
        TEST(a_full_queue_is_counted_and_costs_the_other_nothing),
        TEST(flat_out_nothing_is_left_out),
        TEST(a_stop_lets_end_what_is_in_flight),
        TEST(a_second_stop_ends_what_is_in_flight),
        TEST(a_stop_does_not_wait_for_what_is_due_later),
        TEST(requests_of_a_connection_take_turns_at_each_target),
        TEST(times_do_not_change_the_order_of_a_connection),
        TEST(flat_out_the_calls_of_a_pair_go_together),
        TEST(flat_out_nothing_is_left_out_for_its_size),
        TEST(a_run_whose_time_is_over_does_not_wait_for_a_breaker),
        TEST(waiting_for_the_one_before_is_not_lateness),
        TEST(each_recorded_connection_can_have_its_own),
        TEST(what_waits_for_its_turn_has_the_same_ceiling),
        TEST(what_waits_for_its_turn_is_stopped_too),
        TEST(progress_is_told_every_second),
        TEST(progress_is_told_of_workers_that_wait),
        TEST(a_result_that_cannot_be_written_times_nobody_out),
        TEST(a_failing_source_does_not_lose_what_came_before),
        TEST(a_failing_sink_ends_the_run),
        TEST(unix_sockets_and_ipv6_work),
        TEST(a_missing_socket_is_a_refusal),
        TEST(https_is_spoken_over_connections_that_are_kept_alive),
        TEST(certificates_are_checked),
        TEST(what_cannot_be_is_refused_before_anything_is_sent),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

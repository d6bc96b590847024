/* Servers that misbehave: what each fault becomes, that it ends, and that it
 * is never taken for the answer to another request.
 *
 * Every run checks that the accounting adds up, that each answer is the answer
 * to its own request, and that no descriptor is left open. */
#include <sys/resource.h>

#include "core/http.h"
#include "tests/support/fault_server.h"
#include "tests/support/replay_run.h"

enum { LARGE = 8 * 1000 * 1000, MAX_BODY = 64 * 1024 };

/* ---- requests and answers ---------------------------------------------------------- */

/* "METHOD /fault?id"; POST comes with content that no socket swallows whole. */
static struct exchange *ask_for(const char *method, const char *fault, unsigned id)
{
    bool posts = strcmp(method, "POST") == 0;
    struct exchange *x;
    char head[256];
    char *body;

    snprintf(head, sizeof head, "%s /%s?%u HTTP/1.1\r\nHost: a\r\n%s\r\n", method, fault, id,
             posts ? "Content-Length: 8000000\r\n" : "");
    x = exchange_from(head, "");
    x->connection = 1;
    if (!posts)
        return x;
    body = arena_alloc(&x->mem, LARGE, NULL);
    assert_non_null(body);
    memset(body, 'b', LARGE);
    x->request.body = str_from(body, LARGE);
    x->request.body_size = LARGE;
    return x;
}

static unsigned id_of(const struct pair *p)
{
    struct http_request_line line;

    assert_true(http_request_line(p->exchange->request.head, &line));
    return (unsigned)strtoul(str_skip(line.target, str_find(line.target, '?') + 1).data, NULL, 10);
}

/* Whatever came, also before a fault, came for this request. */
static void check_answers(const struct pair *p)
{
    char id[16];

    snprintf(id, sizeof id, "id=%08u", id_of(p));
    for (unsigned t = 0; t < p->n_calls; t++) {
        const struct http_message *m = &p->calls[t].response;
        struct str value;

        if (!http_find_field(m->head, STR("X-Id"), &value))
            continue;
        assert_str(value, id + 3);
        if (m->body.len)
            assert_str(str_head(m->body, strlen(id)), id);
    }
}

static struct run *fault_run(const char *v1, const struct fault_server *v2, unsigned n,
                             struct exchange *(*make)(unsigned i))
{
    struct run *r = run_new(usual(v1, fault_server_url(v2)), n, NULL);

    r->config.control = CONTROL_NONE;
    r->config.methods = "all";
    r->config.max_body = MAX_BODY;
    r->make = make;
    return r;
}

static void go_and_check(struct run *r)
{
    go_well(r);
    for (unsigned i = 0; i < r->n_pairs; i++)
        check_answers(r->pairs[i]);
}

static const struct call *call_to_v2(const struct run *r, unsigned id)
{
    for (unsigned i = 0; i < r->n_pairs; i++) {
        if (id_of(r->pairs[i]) == id)
            return &r->pairs[i]->calls[V2];
    }
    fail_msg("no pair has id %u", id);
    return NULL;
}

/* ---- each fault has its outcome ----------------------------------------------------- */

struct expected {
    const char *method, *fault;
    enum outcome outcome;
    int status;         /* of what was kept; 0: nothing */
    const char *detail; /* a part of it */
};

/* Those that end by themselves. */
static const struct expected ending[] = {
    {"GET", "well", OUTCOME_ANSWERED, 200, ""},
    {"GET", "drips", OUTCOME_ANSWERED, 200, ""},
    {"GET", "closes", OUTCOME_RESET, 0, "closed without an answer"},
    {"GET", "closes-in-head", OUTCOME_RESET, 0, "closed without an answer"},
    {"GET", "closes-in-body", OUTCOME_RESET, 200, "closed inside the answer"},
    {"GET", "closes-in-chunks", OUTCOME_RESET, 200, "closed inside the answer"},
    {"GET", "closes-in-trailers", OUTCOME_RESET, 200, "closed inside the answer"},
    {"GET", "resets-before-first-byte", OUTCOME_RESET, 0, "connection reset"},
    {"GET", "resets-after-first-byte", OUTCOME_RESET, 0, "connection reset"},
    {"GET", "resets-in-body", OUTCOME_RESET, 200, "connection reset"},
    {"GET", "resets-until-close", OUTCOME_RESET, 200, "connection reset"},
    {"GET", "endless-head", OUTCOME_TOO_LARGE, 0, "head or trailers beyond the ceiling"},
    {"GET", "endless-line", OUTCOME_TOO_LARGE, 0, "head or trailers beyond the ceiling"},
    {"GET", "endless-reason", OUTCOME_TOO_LARGE, 0, "head or trailers beyond the ceiling"},
    {"GET", "endless-trailers", OUTCOME_TOO_LARGE, 200, "head or trailers beyond the ceiling"},
    {"GET", "endless-trailer", OUTCOME_TOO_LARGE, 200, "head or trailers beyond the ceiling"},
    {"GET", "lengths-and-trailers", OUTCOME_TOO_LARGE, 200, "head or trailers beyond the ceiling"},
    {"GET", "many-fields-and-no-chunk", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "many-fields-and-no-length", OUTCOME_PROTOCOL, 200,
     "Content-Length that cannot be read"},
    {"GET", "endless-chunk-extension", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "endless-chunk-zeros", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "chunk-past-64-bits", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "chunk-in-c", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "chunk-negative", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "chunk-without-size", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "chunk-longer-than-said", OUTCOME_PROTOCOL, 200, "chunks that cannot be read"},
    {"GET", "length-past-64-bits", OUTCOME_PROTOCOL, 200, "Content-Length that cannot be read"},
    {"GET", "length-negative", OUTCOME_PROTOCOL, 200, "Content-Length that cannot be read"},
    {"GET", "length-in-words", OUTCOME_PROTOCOL, 200, "Content-Length that cannot be read"},
    {"GET", "lengths-differ", OUTCOME_PROTOCOL, 200, "Content-Length that cannot be read"},
    {"GET", "lengths-agree", OUTCOME_ANSWERED, 200, ""},
    {"GET", "length-and-chunks", OUTCOME_ANSWERED, 200, ""},
    {"GET", "chunks-in-1.0", OUTCOME_ANSWERED, 200, ""},
    {"GET", "two-answers", OUTCOME_ANSWERED, 200, ""},
    {"HEAD", "head-with-body", OUTCOME_ANSWERED, 200, ""},
    {"GET", "204-with-length", OUTCOME_ANSWERED, 204, ""},
    {"GET", "204-with-body", OUTCOME_ANSWERED, 204, ""},
    {"GET", "304-with-body", OUTCOME_ANSWERED, 304, ""},
    {"POST", "early", OUTCOME_ANSWERED, 413, ""},
    {"POST", "early-close", OUTCOME_ANSWERED, 413, ""},
    {"POST", "early-reset", OUTCOME_ANSWERED, 413, ""},
    {"GET", "informed-64", OUTCOME_ANSWERED, 200, ""},
    {"GET", "informed-65", OUTCOME_PROTOCOL, 0, "too many informational answers"},
    {"GET", "informed-for-ever", OUTCOME_PROTOCOL, 0, "too many informational answers"},
    {"GET", "informed-at-length", OUTCOME_TOO_LARGE, 0, "informational answers beyond the ceiling"},
    {"GET", "switches", OUTCOME_PROTOCOL, 0, "went over to another protocol unasked"},
    {"GET", "garbage", OUTCOME_PROTOCOL, 0, "not an HTTP/1 answer"},
    {"GET", "garbage-for-ever", OUTCOME_PROTOCOL, 0, "not an HTTP/1 answer"},
    {"GET", "http-0.9", OUTCOME_PROTOCOL, 0, "not an HTTP/1 answer"},
    {"GET", "http-2", OUTCOME_PROTOCOL, 0, "not an HTTP/1 answer"},
    {"GET", "shoutcast", OUTCOME_PROTOCOL, 0, "not an HTTP/1 answer"},
};

/* Those that only the timeout ends. */
static const struct expected lasting[] = {
    {"GET", "silent", OUTCOME_TIMEOUT, 0, "no answer in time"},
    {"GET", "stops-in-head", OUTCOME_TIMEOUT, 0, "the answer did not end in time"},
    {"GET", "stops-in-body", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
    {"GET", "stops-in-chunks", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
    {"GET", "drips", OUTCOME_TIMEOUT, 0, "the answer did not end in time"},
    {"GET", "endless-blank", OUTCOME_TIMEOUT, 0, "the answer did not end in time"},
    {"GET", "endless-body", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
    {"GET", "endless-length", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
    {"GET", "endless-chunks", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
    {"GET", "endless-chunk", OUTCOME_TIMEOUT, 200, "the answer did not end in time"},
};

enum { N_ENDING = sizeof ending / sizeof *ending, N_LASTING = sizeof lasting / sizeof *lasting };

static void assert_expected(const struct expected *x, const struct call *c)
{
    struct http_status_line line = {0};

    http_status_line(c->response.head, &line);
    if (c->outcome != x->outcome)
        fail_msg("%s: %s: %.*s", x->fault, outcome_name(c->outcome), STR_ARG(c->detail));
    if (line.status != x->status)
        fail_msg("%s: status %d", x->fault, line.status);
    if (c->outcome == OUTCOME_ANSWERED)
        assert_str(c->detail, "");
    else
        assert_str(c->detail, x->detail);
    assert_int_equal(c->response.complete, c->outcome == OUTCOME_ANSWERED);
    assert_true(c->response.body.len <= MAX_BODY);
}

static struct exchange *ask_for_ending(unsigned i)
{
    struct exchange *x = ask_for(ending[i].method, ending[i].fault, i);

    x->connection = i + 1;
    return x;
}

static struct exchange *ask_for_lasting(unsigned i)
{
    struct exchange *x = ask_for(lasting[i].method, lasting[i].fault, i);

    x->connection = i + 1;
    return x;
}

static void each_fault_has_its_outcome(void **state)
{
    struct fault_server *s = fault_server_start(&(struct fault_options){0});
    struct run *r = fault_run(fault_server_url(s), s, N_ENDING, ask_for_ending);

    (void)state;
    go_and_check(r);
    for (unsigned i = 0; i < N_ENDING; i++) {
        assert_expected(&ending[id_of(r->pairs[i])], &r->pairs[i]->calls[V1]);
        assert_expected(&ending[id_of(r->pairs[i])], &r->pairs[i]->calls[V2]);
    }
    assert_int_equal(r->stats.paired, N_ENDING);
    forget(r);
    fault_server_stop(s);
}

/* A byte a second, in a time of which a second is as long as the run. */
static void what_does_not_end_is_ended_and_little_of_it_is_kept(void **state)
{
    struct fault_server *s = fault_server_start(&(struct fault_options){.tick_ns = NS_PER_SEC});
    struct run *r = fault_run(fault_server_url(s), s, N_LASTING, ask_for_lasting);
    struct rusage before, after;
    uint64_t received = 0;

    (void)state;
    r->config.timeout_ns = 400 * NS_PER_MS;
    r->config.concurrency = 2 * N_LASTING;
    getrusage(RUSAGE_SELF, &before);
    go_and_check(r);
    getrusage(RUSAGE_SELF, &after);
    for (unsigned i = 0; i < N_LASTING; i++) {
        const struct call *c = &r->pairs[i]->calls[V2];

        assert_expected(&lasting[id_of(r->pairs[i])], c);
        assert_true(c->done_ns - c->sent_ns >= 400 * NS_PER_MS);
        received += c->response.body_size;
    }
    assert_true(received > N_LASTING * MAX_BODY);
#ifndef __SANITIZE_THREAD__ /* has a shadow of memory, which is not ours */
    assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
#endif
    print_message("# measured: %llu MiB of endless answers, %ld KiB of memory for them\n",
                  (unsigned long long)received >> 20, after.ru_maxrss - before.ru_maxrss);
    forget(r);
    fault_server_stop(s);
}

static void who_does_not_accept_ends_with_the_timeout(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct fault_server *deaf = fault_server_start(&(struct fault_options){.deaf = true});
    struct run *r = fault_run(server_url(v1), deaf, 5, ask_for_ending);

    (void)state;
    r->config.timeout_ns = 200 * NS_PER_MS;
    go_and_check(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TIMEOUT], 5);
    assert_int_equal(r->targets[V2].connections, 0);
    for (unsigned i = 0; i < 5; i++)
        assert_str(r->pairs[i]->calls[V2].detail, "no connection in time");
    forget(r);
    server_stop(v1);
    fault_server_stop(deaf);
}

/* ---- one connection after the other ---------------------------------------------------- */

static uint64_t mix_seed;

/* Every other request is a sound one. */
static struct exchange *ask_for_a_mixture(unsigned i)
{
    uint64_t random = (mix_seed + i) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    const struct expected *x = &ending[i % 2 ? random % N_ENDING : 0];
    struct exchange *exchange = ask_for(x->method, x->fault, i);

    exchange->connection = 1 + i % 3;
    return exchange;
}

/* Behind every fault, and over connections that end at random, sound requests
 * have their own answers, and faults their own outcomes. */
static void a_fault_is_never_felt_by_the_next_request(void **state)
{
    (void)state;
    for (mix_seed = 1; mix_seed <= 3; mix_seed++) {
        struct fault_options options = {.closes_idle = 30, .seed = mix_seed};
        struct fault_server *s = fault_server_start(&options);
        struct run *r = fault_run(fault_server_url(s), s, 300, ask_for_a_mixture);

        r->config.concurrency = (unsigned)mix_seed;
        go_and_check(r);
        for (unsigned i = 0; i < r->n_pairs; i++) {
            unsigned id = id_of(r->pairs[i]);

            if (id % 2 == 0)
                assert_int_equal(r->pairs[i]->calls[V2].outcome, OUTCOME_ANSWERED);
            if (id % 2 == 0)
                assert_int_equal(r->pairs[i]->calls[V1].outcome, OUTCOME_ANSWERED);
        }
        assert_int_equal(r->stats.paired, 300);
        assert_true(r->targets[V2].reused > 0);
        forget(r);
        fault_server_stop(s);
    }
}

/* ---- kept-alive connections that end ---------------------------------------------------- */

/* One after the other, and each only when the server is done with those before. */
static const struct expected *sequence;
static struct fault_server *sequence_server;

static struct exchange *ask_in_sequence(unsigned i)
{
    fault_server_wait(sequence_server, i);
    return ask_for(sequence[i].method, sequence[i].fault, i);
}

static struct run *run_sequence(struct fault_server *s, const struct expected *x, unsigned n)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = fault_run(server_url(v1), s, n, ask_in_sequence);

    sequence = x;
    sequence_server = s;
    r->config.concurrency = 1;
    go_and_check(r);
    for (unsigned i = 0; i < n; i++)
        assert_expected(&x[i], call_to_v2(r, i));
    assert_int_equal(r->targets[V1].answered, n);
    server_stop(v1);
    return r;
}

static void an_answer_that_comes_late_is_nobodys(void **state)
{
    static const struct expected x[] = {
        {"GET", "late-answer", OUTCOME_ANSWERED, 200, ""},
        {"GET", "late-answer-and-end", OUTCOME_ANSWERED, 200, ""},
        {"GET", "late-answer", OUTCOME_ANSWERED, 200, ""},
        {"POST", "well", OUTCOME_ANSWERED, 200, ""},
    };
    struct fault_server *s = fault_server_start(&(struct fault_options){0});
    struct run *r = run_sequence(s, x, 4);

    (void)state;
    assert_int_equal(r->targets[V2].connections, 4);
    assert_int_equal(r->targets[V2].retried, 0);
    forget(r);
    fault_server_stop(s);
}

/* What is known of a connection's end before it is used costs nobody anything. */
static void a_connection_that_has_ended_is_not_used(void **state)
{
    static const struct expected x[] = {
        {"POST", "late-end", OUTCOME_ANSWERED, 200, ""},
        {"POST", "late-end", OUTCOME_ANSWERED, 200, ""},
        {"GET", "late-end", OUTCOME_ANSWERED, 200, ""},
        {"GET", "well", OUTCOME_ANSWERED, 200, ""},
    };
    struct fault_server *s = fault_server_start(&(struct fault_options){0});
    struct run *r = run_sequence(s, x, 4);

    (void)state;
    assert_int_equal(r->targets[V2].connections, 4);
    assert_int_equal(r->targets[V2].retried, 0);
    assert_int_equal(fault_server_requests(s), 4);
    forget(r);
    fault_server_stop(s);
}

static void an_answer_that_readers_differ_about_is_the_connections_last(void **state)
{
    static const struct expected x[] = {
        {"GET", "length-and-chunks", OUTCOME_ANSWERED, 200, ""},
        {"GET", "chunks-in-1.0", OUTCOME_ANSWERED, 200, ""},
        {"GET", "well", OUTCOME_ANSWERED, 200, ""},
        {"GET", "lengths-agree", OUTCOME_ANSWERED, 200, ""},
        {"GET", "204-with-length", OUTCOME_ANSWERED, 204, ""},
        {"GET", "204-in-chunks", OUTCOME_ANSWERED, 204, ""},
        {"GET", "204-without", OUTCOME_ANSWERED, 204, ""},
        {"GET", "304-with-length", OUTCOME_ANSWERED, 304, ""},
        {"GET", "well", OUTCOME_ANSWERED, 200, ""},
    };
    struct fault_server *s = fault_server_start(&(struct fault_options){0});
    struct run *r = run_sequence(s, x, 9);

    (void)state;
    assert_int_equal(r->targets[V2].connections, 5);
    assert_int_equal(r->targets[V2].reused, 4);
    forget(r);
    fault_server_stop(s);
}

/* The first request leaves a connection behind that ends with the second one:
 * how often the server has read that, and whether the call says so. */
static const struct {
    struct expected x[2];
    unsigned times;
    bool retried;
} stale[] = {
    /* Once more, on a fresh one. */
    {{{"GET", "stale", OUTCOME_ANSWERED, 200, ""}, {"GET", "well", OUTCOME_ANSWERED, 200, ""}},
     1,
     true},
    {{{"GET", "stale-after-reading", OUTCOME_ANSWERED, 200, ""},
      {"GET", "well", OUTCOME_ANSWERED, 200, ""}},
     2,
     true},
    {{{"GET", "stale", OUTCOME_ANSWERED, 200, ""}, {"PUT", "well", OUTCOME_ANSWERED, 200, ""}},
     1,
     true},
    /* But not a third time. */
    {{{"GET", "stale-after-reading", OUTCOME_ANSWERED, 200, ""},
      {"GET", "closes", OUTCOME_RESET, 0, "closed without an answer"}},
     2,
     true},
    /* Nor once something has come. */
    {{{"GET", "stale-after-a-byte", OUTCOME_ANSWERED, 200, ""},
      {"GET", "well", OUTCOME_RESET, 0, "closed without an answer"}},
     1,
     false},
    /* Nor what may have been carried out, and must not happen twice. */
    {{{"GET", "stale-after-reading", OUTCOME_ANSWERED, 200, ""},
      {"PATCH", "well", OUTCOME_RESET, 0,
       "kept-alive connection ended, the request may have arrived"}},
     1,
     false},
    {{{"GET", "stale", OUTCOME_ANSWERED, 200, ""},
      {"POST", "well", OUTCOME_RESET, 0,
       "kept-alive connection ended, the request may have arrived"}},
     0,
     false},
};

static void a_stale_connection_costs_one_more_attempt_at_most(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof stale / sizeof *stale; i++) {
        struct fault_server *s = fault_server_start(&(struct fault_options){0});
        struct run *r = run_sequence(s, stale[i].x, 2);
        const struct call *c = call_to_v2(r, 1);

        assert_int_equal(fault_server_times(s, 1), stale[i].times);
        assert_int_equal((c->flags & CALL_RETRIED) != 0, stale[i].retried);
        assert_int_equal(r->targets[V2].retried, stale[i].retried);
        forget(r);
        fault_server_stop(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_does_not_end_is_ended_and_little_of_it_is_kept), /* measures the most memory */
        TEST(each_fault_has_its_outcome),
        TEST(who_does_not_accept_ends_with_the_timeout),
        TEST(a_fault_is_never_felt_by_the_next_request),
        TEST(an_answer_that_comes_late_is_nobodys),
        TEST(a_connection_that_has_ended_is_not_used),
        TEST(an_answer_that_readers_differ_about_is_the_connections_last),
        TEST(a_stale_connection_costs_one_more_attempt_at_most),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(NULL) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

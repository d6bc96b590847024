/* replay_run.h -- a run of the replay stage in a test, and what came of it.
 *
 * For tests that link libreplay. Each run checks what is true of every run:
 * the accounting adds up, every selected request comes out as a pair, and the
 * times of its calls are in their order. TEST() checks besides that no
 * descriptor is left open.
 */
#ifndef MIRRORCTL_TESTS_REPLAY_RUN_H
#define MIRRORCTL_TESTS_REPLAY_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "replay/connection.h"
#include "replay/replay.h"
#include "tests/support/server.h"

enum { MAX_PAIRS = 4096, V1 = 0, V2 = 1, CONTROL = 2 };

struct run {
    struct replay_config config;
    struct replay *replay;
    /* What is replayed: `n` times the same request, or what `make` makes. */
    unsigned n;
    const char *request;
    struct exchange *(*make)(unsigned i);
    bool one_connection; /* all requests came over it; else each over its own */
    bool at_hand;        /* it is a file */
    int source_fails;    /* enum err_kind at its end */
    unsigned stop_at;    /* pairs until a stop; 0: none */
    unsigned stops;      /* how often it is then told */
    int sink_fails_at;   /* pairs until the sink fails, or asks to stop (negative) */
    void (*watch)(struct run *r, const struct pair *p);
    struct server *server;
    /* Results. */
    unsigned given, n_pairs, counted;
    struct pair *pairs[MAX_PAIRS];
    struct replay_stats stats;
    struct replay_target_stats targets[REPLAY_MAX_CANDIDATES + 2];
    struct err error;
    int rc;
};

static inline struct exchange *exchange_from(const char *head, const char *body)
{
    struct exchange *x = exchange_new(16 << 20, NULL);
    struct http_request_line line;

    assert_non_null(x);
    assert_int_equal(arena_dup(&x->mem, str_of(head), &x->request.head, NULL), 0);
    assert_int_equal(arena_dup(&x->mem, str_of(body), &x->request.body, NULL), 0);
    assert_true(http_request_line(x->request.head, &line));
    x->request.body_size = x->request.body.len;
    x->request.complete = true;
    x->response.head = STR("HTTP/1.1 200 OK\r\n\r\n");
    return x;
}

static inline int run_next(void *ctx, struct exchange **x, struct err *e)
{
    struct run *r = ctx;

    if (r->given == r->n)
        return r->source_fails ? err_set(e, (enum err_kind)r->source_fails, "bad input") : 0;
    *x = r->make ? r->make(r->given) : exchange_from(r->request, "");
    r->given++;
    (*x)->ordinal = r->given;
    if ((*x)->connection == 0)
        (*x)->connection = r->one_connection ? 1 : r->given;
    if ((*x)->request_first_ns == 0)
        (*x)->request_first_ns = INT64_C(1700000000000000000) + r->given;
    return 1;
}

static inline int run_rewind(void *ctx, struct err *e)
{
    struct run *r = ctx;

    (void)e;
    r->given = 0;
    return 0;
}

static inline int run_put(void *ctx, struct pair *p, struct err *e)
{
    struct run *r = ctx;

    assert_true(r->n_pairs < MAX_PAIRS);
    r->pairs[r->n_pairs++] = p;
    if (r->watch)
        r->watch(r, p);
    for (unsigned i = 0; r->n_pairs == r->stop_at && i < r->stops; i++)
        replay_stop(r->replay);
    if (r->sink_fails_at > 0 && r->n_pairs == (unsigned)r->sink_fails_at)
        return err_set(e, ERR_IO, "disk full");
    return r->sink_fails_at < 0 && r->n_pairs == (unsigned)-r->sink_fails_at;
}

static inline struct replay_config usual(const char *v1, const char *v2)
{
    return (struct replay_config){
        .v1 = v1,
        .candidates = {v2},
        .n_candidates = 1,
        .ppm = 1000000,
        .pace = PACE_MAX,
        .speed = 1,
        .concurrency = 8,
        .threads = 2,
        .timeout_ns = 20 * NS_PER_SEC,
        .max_body = 1 << 20,
    };
}

static inline uint64_t run_sum(const uint64_t *outcomes, enum outcome from, enum outcome to)
{
    uint64_t n = 0;

    for (int i = (int)from; i <= (int)to; i++)
        n += outcomes[i];
    return n;
}

static inline void check_sums(const struct run *r)
{
    const struct replay_stats *s = &r->stats;

    assert_int_equal(s->recorded, s->eligible + s->method + s->incomplete + s->anomalous +
                                      s->tunnel + s->loop + s->no_rule + s->no_mirror +
                                      s->redirect + s->undecided + s->no_key + s->limit);
    assert_int_equal(s->eligible, s->selected + s->sampled_out);
    assert_int_equal(s->selected, s->paired + s->unpaired);
    for (unsigned t = 0; t < s->n_targets; t++) {
        const struct replay_target_stats *target = &r->targets[t];

        assert_int_equal(target->outcomes[OUTCOME_NONE], 0);
        assert_int_equal(s->selected,
                         target->sent + run_sum(target->outcomes, OUTCOME_QUEUE, OUTCOME_OFF));
        assert_int_equal(target->sent,
                         run_sum(target->outcomes, OUTCOME_ANSWERED, OUTCOME_TOO_LARGE));
        assert_int_equal(target->answered, target->outcomes[OUTCOME_ANSWERED]);
        assert_int_equal(target->answered, run_sum(target->status_class, 0, 5));
        assert_int_equal(target->answered, target->service.total);
        assert_int_equal(target->sent, target->lateness.total);
    }
}

/* The times of a call are in their order, as far as they exist. */
static inline void check_times(const struct call *c)
{
    if (!outcome_is_sent(c->outcome)) {
        assert_int_equal(c->sent_ns, 0);
        return;
    }
    assert_true(c->due_ns > 0 && c->due_ns <= c->sent_ns && c->sent_ns <= c->done_ns);
    if (c->first_ns)
        assert_true(c->sent_ns <= c->first_ns && c->first_ns <= c->done_ns);
    if (c->outcome == OUTCOME_ANSWERED)
        assert_true(c->first_ns && c->response.complete);
}

static inline void check_pairs(const struct run *r)
{
    for (unsigned i = 0; i < r->n_pairs; i++) {
        const struct pair *p = r->pairs[i];
        unsigned orders = 0;

        assert_int_equal(p->n_calls, r->stats.n_targets);
        for (unsigned t = 0; t < p->n_calls; t++) {
            assert_int_equal(p->calls[t].target, t);
            orders |= 1u << p->calls[t].order;
            check_times(&p->calls[t]);
        }
        assert_int_equal(orders, (1u << p->n_calls) - 1);
    }
}

/* Run and check what is true of every run. */
static inline void go(struct run *r)
{
    const struct exchange_source source = {
        .next = run_next, .ctx = r, .rewind = run_rewind, .at_hand = r->at_hand};
    const struct pair_sink sink = {run_put, r};
    struct err e = {0};

    r->replay = replay_open(&r->config, &e);
    if (!r->replay)
        fail_msg("%s", e.text);
    r->rc = replay_run(r->replay, &source, &sink, &r->error);
    r->stats = *replay_stats(r->replay);
    memcpy(r->targets, r->stats.targets, r->stats.n_targets * sizeof *r->targets);
    replay_close(r->replay);
    check_sums(r);
    check_pairs(r);
    if (r->sink_fails_at <= 0)
        assert_int_equal(r->n_pairs, r->stats.selected);
}

static inline void go_well(struct run *r)
{
    go(r);
    if (r->rc < 0)
        fail_msg("%s", r->error.text);
}

static inline void forget(struct run *r)
{
    for (unsigned i = 0; i < r->n_pairs; i++)
        pair_free(r->pairs[i]);
    free(r);
}

static inline struct run *run_new(struct replay_config config, unsigned n, const char *request)
{
    struct run *r = calloc(1, sizeof *r);

    assert_non_null(r);
    r->config = config;
    r->n = n;
    r->request = request;
    return r;
}

static inline void assert_str(struct str got, const char *expected)
{
    if (!str_eq(got, str_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), expected);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: movies\r\n\r\n"

/* ---- around each test --------------------------------------------------------------------- */

static unsigned descriptors;

static inline int count_descriptors(void **state)
{
    (void)state;
    descriptors = server_count_descriptors();
    return 0;
}

static inline int find_none_left_open(void **state)
{
    (void)state;
    return server_count_descriptors() == descriptors ? 0 : -1;
}

#define TEST(fact) cmocka_unit_test_setup_teardown(fact, count_descriptors, find_none_left_open)

#endif

/* What a replay must never do, whatever was captured and whatever is answered. */
#include "tests/support/replay_run.h"
#include "tests/support/tls_server.h"

static struct run *run_of(struct server *v1, struct server *v2, unsigned n,
                          struct exchange *(*make)(unsigned i))
{
    struct run *r = run_new(usual(server_url(v1), server_url(v2)), n, GET("/"));

    r->config.methods = "all";
    r->make = make;
    return r;
}

/* ---- where requests go ----------------------------------------------------------------- */

enum { N_NAMING = 8 };

static char elsewhere[160]; /* the authority of a server that nobody may ask */

/* Requests that name another server in every place where one can be named. */
static struct exchange *name_another_server(unsigned i)
{
    static const struct {
        const char *before, *after;
    } heads[N_NAMING] = {
        {"GET http://", "/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET //", "/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET @", "/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: ", "\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: ", "\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nForwarded: host=", "\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nAlt-Used: ", "\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nReferer: http://", "/\r\n\r\n"},
    };
    char head[512];

    snprintf(head, sizeof head, "%s%s%s", heads[i].before, elsewhere, heads[i].after);
    return exchange_from(head, "");
}

static void targets_never_come_from_what_was_captured(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct server *other = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_of(v1, v2, N_NAMING, name_another_server);

    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s", server_url(other) + strlen("http://"));
    go_well(r);
    assert_int_equal(r->targets[V2].answered, N_NAMING);
    assert_int_equal(server_requests(v1), 2 * N_NAMING);
    assert_int_equal(server_requests(v2), N_NAMING);
    assert_int_equal(server_connections(other), 0);
    forget(r);
    server_stop(v1);
    server_stop(v2);
    server_stop(other);
}

static void an_answer_that_points_elsewhere_is_not_followed(void **state)
{
    struct server *other = server_start(AF_INET, NULL, NULL, 0);
    char answer[512];
    const struct server_script script = {"*", .steps = {{DO_SAY, answer}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct run *r = run_of(s, s, 4, NULL);

    (void)state;
    snprintf(answer, sizeof answer,
             "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s/\r\nRefresh: 0;url=%s/\r\n"
             "Alt-Svc: http/1.1=\"%s\"\r\nContent-Length: 0\r\n\r\n",
             server_url(other), server_url(other), server_url(other) + strlen("http://"));
    go_well(r);
    for (unsigned t = 0; t < 3; t++) {
        assert_int_equal(r->targets[t].answered, 4);
        assert_int_equal(r->targets[t].status_class[3], 4);
    }
    assert_int_equal(server_requests(s), 12);
    assert_int_equal(server_connections(other), 0);
    forget(r);
    server_stop(s);
    server_stop(other);
}

/* A proxy that nobody can reach: whoever asked it would have no answer. */
static void set_proxies(const char *url)
{
    static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                        "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
                                        "socks_proxy", "no_proxy",   "NO_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (url)
            setenv(names[i], strcasestr(names[i], "no_") ? "" : url, 1);
        else
            unsetenv(names[i]);
    }
}

static void proxies_of_the_environment_are_not_asked(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct tls_server *tls = tls_is_available() ? tls_server_start("localhost") : NULL;
    struct run *r = run_of(s, s, 2, NULL);
    char nobody[64];
    int refused = server_refuse(nobody, sizeof nobody);

    (void)state;
    r->config.insecure = true;
    r->config.concurrency = 1;
    r->config.control = CONTROL_NONE;
    if (tls)
        r->config.candidates[0] = tls_server_url(tls);
    set_proxies(nobody);
    go_well(r);
    set_proxies(NULL);
    assert_int_equal(r->targets[V1].answered, 2);
    assert_int_equal(r->targets[V2].answered, 2);
    forget(r);
    server_unrefuse(refused);
    server_stop(s);
    if (tls)
        tls_server_stop(tls);
}

static void certificates_are_checked_unless_told_otherwise(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct tls_server *tls;
    struct run *r;

    (void)state;
    if (!tls_is_available()) {
        server_stop(v1);
        skip();
    }
    tls = tls_server_start("localhost");
    r = run_of(v1, v1, 2, NULL);
    r->config.candidates[0] = tls_server_url(tls);
    go_well(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TLS], 2);
    assert_int_equal(tls_server_requests(tls), 0);
    forget(r);
    tls_server_stop(tls);
    server_stop(v1);
}

/* ---- which requests go ------------------------------------------------------------------- */

/* What is never sent, also where everything is asked for that can be. */
static const struct {
    const char *head;
    uint32_t flags;
    bool incomplete, tunnel, lacks_content;
} never[] = {
    {.head = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, upgrade\r\nUpgrade: h2c, x\r\n\r\n"},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .tunnel = true},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .incomplete = true},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .flags = HTTP_GAP},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .flags = HTTP_TRUNCATED},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .flags = HTTP_CUT},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .flags = HTTP_RESET},
    {.head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", .lacks_content = true},
    {.head = "GET / HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n"},
    {.head = "GET / HTTP/1.1\r\nHost: a-shadow\r\n\r\n"},
};

enum { N_NEVER = sizeof never / sizeof *never };

static struct exchange *ask_for_what_is_never_sent(unsigned i)
{
    struct exchange *x = exchange_from(never[i].head, "");

    x->request.flags = never[i].flags;
    x->request.complete = !never[i].incomplete;
    x->request.body_size = never[i].lacks_content ? 9 : 0;
    x->tunnel = never[i].tunnel;
    return x;
}

static void what_must_never_be_sent_is_not(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_of(s, s, N_NEVER, ask_for_what_is_never_sent);

    (void)state;
    r->config.include_anomalous = true;
    go_well(r);
    assert_int_equal(r->stats.recorded, N_NEVER);
    assert_int_equal(r->stats.eligible, 0);
    assert_int_equal(server_connections(s), 0);
    forget(r);
    server_stop(s);
}

/* Each that makes a request anomalous, by itself. */
static struct exchange *ask_for_an_anomaly(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), "");
    uint32_t flag = 1;

    for (; !(flag & HTTP_ANOMALIES) || i-- > 0; flag <<= 1)
        ;
    x->request.flags = flag;
    return x;
}

static void what_readers_differ_about_is_sent_only_when_asked_for(void **state)
{
    unsigned n = (unsigned)__builtin_popcount(HTTP_ANOMALIES);

    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct server *s = server_start(AF_INET, NULL, NULL, 0);
        struct run *r = run_of(s, s, n, ask_for_an_anomaly);

        r->config.control = CONTROL_NONE;
        r->config.include_anomalous = asked;
        go_well(r);
        assert_int_equal(r->stats.anomalous, asked ? 0 : n);
        assert_int_equal(server_requests(s), asked ? 2 * n : 0);
        forget(r);
        server_stop(s);
    }
}

/* What a record claims of a request that its bytes do not bear out: another one, which
 * nobody selected, is in it. */
static const struct {
    const char *head, *body, *trailers;
    bool chunked;
} claims[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /all HTTP/1.1\r\nHost: a\r\n\r\n", "", false},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nDELETE /all HTTP/1.1\r\nHost: a\r\n\r\n", "", "", false},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "xDELETE /all HTTP/1.1\r\n\r\n", "",
     false},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", "abc", "", false},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x", "", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "x", "", false},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "",
     "A: b\r\n\r\nDELETE /all HTTP/1.1\r\nHost: a\r\n", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "", "A: b", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\n folded\r\n\r\n", "", "", false},
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "", "", false},
};

enum { N_CLAIMS = sizeof claims / sizeof *claims };

static struct exchange *claim(unsigned i)
{
    struct exchange *x = exchange_from(GET("/"), claims[i].body);

    assert_int_equal(arena_dup(&x->mem, str_of(claims[i].head), &x->request.head, NULL), 0);
    assert_int_equal(arena_dup(&x->mem, str_of(claims[i].trailers), &x->request.trailers, NULL), 0);
    x->request.chunked = claims[i].chunked;
    return x;
}

static void a_record_that_does_not_bear_out_its_claims_is_not_sent(void **state)
{
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_of(s, s, N_CLAIMS, claim);

    (void)state;
    go_well(r);
    assert_int_equal(r->stats.anomalous, N_CLAIMS);
    assert_int_equal(server_connections(s), 0);
    forget(r);
    server_stop(s);
}

static const struct {
    const char *method;
    bool by_default, twice; /* sent without being named; to v1 also as the control */
} methods[] = {{"GET", true, true},     {"HEAD", true, true},      {"OPTIONS", true, true},
               {"TRACE", false, true},  {"POST", false, false},    {"PUT", false, false},
               {"PATCH", false, false}, {"DELETE", false, false},  {"get", false, false},
               {"PURGE", false, false}, {"PROPFIND", false, false}};

enum { N_METHODS = sizeof methods / sizeof *methods };

static struct exchange *use_every_method(unsigned i)
{
    char head[128];

    snprintf(head, sizeof head, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", methods[i].method);
    return exchange_from(head, "");
}

/* `all` sends to each version, but to none of them twice what may change something. */
static void only_what_is_safe_is_sent_unasked_or_twice(void **state)
{
    struct server *v1 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v2 = server_start(AF_INET, NULL, NULL, 0);
    struct run *r = run_of(v1, v2, N_METHODS, use_every_method);

    (void)state;
    r->config.methods = NULL;
    go_well(r);
    for (unsigned i = 0; i < r->n_pairs; i++)
        assert_true(methods[r->pairs[i]->exchange->ordinal - 1].by_default);
    assert_int_equal(r->n_pairs, 3);
    assert_int_equal(r->stats.method, N_METHODS - 3);
    forget(r);

    r = run_of(v1, v2, N_METHODS, use_every_method);
    go_well(r);
    for (unsigned i = 0; i < r->n_pairs; i++) {
        const struct pair *p = r->pairs[i];
        bool twice = methods[p->exchange->ordinal - 1].twice;

        assert_int_equal(p->calls[V2].outcome, OUTCOME_ANSWERED);
        assert_int_equal(p->calls[CONTROL].outcome, twice ? OUTCOME_ANSWERED : OUTCOME_UNSAFE);
    }
    assert_int_equal(r->n_pairs, N_METHODS);
    assert_int_equal(server_requests(v2), 3 + N_METHODS);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(targets_never_come_from_what_was_captured),
        TEST(an_answer_that_points_elsewhere_is_not_followed),
        TEST(proxies_of_the_environment_are_not_asked),
        TEST(certificates_are_checked_unless_told_otherwise),
        TEST(what_must_never_be_sent_is_not),
        TEST(what_readers_differ_about_is_sent_only_when_asked_for),
        TEST(a_record_that_does_not_bear_out_its_claims_is_not_sent),
        TEST(only_what_is_safe_is_sent_unasked_or_twice),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(NULL) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

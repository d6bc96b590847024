/* The ways to a target: TLS and who is believed, proxies, given addresses, the
 * time that connecting may take, and by which name a failure goes. */
#include <netinet/in.h>
#include <pthread.h>
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
#include "tests/support/proxy.h"
#include "tests/support/server.h"
#include "tests/support/tls_server.h"

/* ---- a run to one target ----------------------------------------------------------- */

enum { REQUESTS = 3 };

struct run {
    struct replay_config config;
    unsigned given;
    struct replay_target_stats stats;
    char detail[512]; /* of a call */
    char body[64];
};

static int next(void *ctx, struct exchange **x, struct err *e)
{
    struct run *r = ctx;

    if (r->given == REQUESTS)
        return 0;
    *x = exchange_new(1 << 16, e);
    assert_non_null(*x);
    (*x)->request.head = STR("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n");
    (*x)->request.complete = true;
    (*x)->connection = 1;
    (*x)->ordinal = ++r->given;
    (*x)->request_first_ns = INT64_C(1700000000000000000) + r->given;
    return 1;
}

static int put(void *ctx, struct pair *p, struct err *e)
{
    struct run *r = ctx;

    (void)e;
    snprintf(r->detail, sizeof r->detail, "%.*s", STR_ARG(p->calls[0].detail));
    snprintf(r->body, sizeof r->body, "%.*s", STR_ARG(p->calls[0].response.body));
    pair_free(p);
    return 0;
}

static struct run run_to(const char *url)
{
    return (struct run){.config = {.candidates = {url},
                                   .n_candidates = 1,
                                   .baseline = BASELINE_RECORDED,
                                   .control = CONTROL_NONE,
                                   .ppm = 1000000,
                                   .pace = PACE_MAX,
                                   .concurrency = 1,
                                   .threads = 1,
                                   .timeout_ns = 20 * NS_PER_SEC,
                                   .max_body = 1 << 16}};
}

static void go(struct run *r)
{
    const struct exchange_source source = {next, r};
    const struct pair_sink sink = {put, r};
    struct err e = {0};
    struct replay *replay = replay_open(&r->config, &e);

    if (!replay || replay_run(replay, &source, &sink, &e) < 0)
        fail_msg("%s", e.text);
    r->stats = replay_stats(replay)->targets[0];
    replay_close(replay);
}

static void goes_well(struct run *r)
{
    go(r);
    if (r->stats.answered != REQUESTS)
        fail_msg("%s", r->detail);
}

/* All calls fail by this outcome, with these words in the detail. */
static void fails(struct run *r, enum outcome outcome, const char *words)
{
    go(r);
    if (r->stats.outcomes[outcome] != REQUESTS || !strstr(r->detail, words))
        fail_msg("%u times %s, as in: %s", (unsigned)r->stats.outcomes[outcome],
                 outcome_name(outcome), r->detail);
}

static void is_refused(struct run *r, const char *words)
{
    struct err e = {0};

    assert_null(replay_open(&r->config, &e));
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.text, words))
        fail_msg("%s", e.text);
}

/* A port where connections wait to be accepted, and "https://" to it. */
static int listen_silently(char *url, size_t room)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof v4;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&v4, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)&v4, &len);
    snprintf(url, room, "https://127.0.0.1:%u", ntohs(v4.sin_port));
    return fd;
}

/* Without the openssl program there is no server to test with. */
static void need_tls(void)
{
    if (tls_is_available())
        return;
    fprintf(stderr, "SKIPPED: https was not tested, the openssl program is not installed\n");
    skip();
}

/* ---- certificates -------------------------------------------------------------------- */

static void each_fault_of_a_certificate_is_named_with_what_to_do(void **state)
{
    struct tls_server *expired, *elsewhere;
    struct run r;

    (void)state;
    need_tls();
    expired = tls_server_start_expired("localhost");
    elsewhere = tls_server_start("elsewhere.example");

    r = run_to(tls_server_url(elsewhere));
    fails(&r, OUTCOME_TLS, "self-signed certificate (--cacert FILE says whom to trust)");
    r = run_to(tls_server_url(elsewhere));
    r.config.ca_file = tls_server_ca(elsewhere);
    fails(&r, OUTCOME_TLS, "'localhost' (call the target as its certificate does");
    r = run_to(tls_server_url(expired));
    r.config.ca_file = tls_server_ca(expired);
    fails(&r, OUTCOME_TLS, "certificate has expired (renew it");
    r.given = 0;
    r.config.insecure = true;
    goes_well(&r);
    tls_server_stop(expired);
    tls_server_stop(elsewhere);
}

static void a_target_can_be_called_as_its_certificate_does(void **state)
{
    struct tls_server *s;
    char url[64], entry[64];
    const char *entries[] = {entry};
    struct run r;

    (void)state;
    need_tls();
    s = tls_server_start("elsewhere.example");
    snprintf(url, sizeof url, "https://elsewhere.example%s", strrchr(tls_server_url(s), ':'));
    snprintf(entry, sizeof entry, "elsewhere.example%s:127.0.0.1", strrchr(url, ':'));
    r = run_to(url);
    r.config.ca_file = tls_server_ca(s);
    r.config.resolve = entries;
    r.config.n_resolve = 1;
    goes_well(&r);
    assert_string_equal(r.body, "secret");
    tls_server_stop(s);
}

/* TLS 1.3 tells it in place of an answer, TLS 1.2 within the handshake. */
static void a_certificate_is_shown_to_those_who_want_one(void **state)
{
    static const char *const versions[] = {"-tls1_3", "-tls1_2"};

    (void)state;
    need_tls();
    for (int i = 0; i < 2; i++) {
        struct tls_server *s = tls_server_start_strict("localhost", versions[i]);
        struct tls_server *other = tls_server_start("localhost");
        struct run r = run_to(tls_server_url(s));

        r.config.ca_file = tls_server_ca(s);
        fails(&r, OUTCOME_TLS, " a client certificate: --cert FILE");
        r.given = 0;
        r.config.cert_file = tls_server_ca(other);
        r.config.key_file = tls_server_key(other);
        fails(&r, OUTCOME_TLS, "alert");
        r.given = 0;
        r.config.cert_file = tls_server_ca(s);
        r.config.key_file = tls_server_key(s);
        goes_well(&r);
        tls_server_stop(s);
        tls_server_stop(other);
    }
}

/* Answers a few connections in plain HTTP, whatever it is told. */
static void *answer_plainly(void *listener)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    char bytes[4096];

    for (int i = 0; i < REQUESTS; i++) {
        int fd = accept4(*(int *)listener, NULL, NULL, SOCK_CLOEXEC);

        assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
        assert_int_equal(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL), sizeof answer - 1);
        while (recv(fd, bytes, sizeof bytes, 0) > 0)
            ;
        close(fd);
    }
    return NULL;
}

static void http_where_tls_was_expected_is_told(void **state)
{
    char url[64];
    int listener = listen_silently(url, sizeof url);
    struct run r = run_to(url);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, answer_plainly, &listener), 0);
    fails(&r, OUTCOME_TLS, "that is not TLS; http:// instead?");
    pthread_join(thread, NULL);
    close(listener);
}

static void files_that_tls_cannot_use_are_refused_at_once(void **state)
{
    struct tls_server *a, *b;
    struct run r = run_to("https://localhost");

    (void)state;
    r.config.ca_file = "/nonexistent";
    is_refused(&r, "/nonexistent: No such file");
    r.config.ca_file = "/dev/null";
    is_refused(&r, "not a file");
    r.config.ca_file = "/etc/passwd";
    is_refused(&r, "/etc/passwd: there is no certificate in PEM format in it");
    r.config.ca_file = NULL;
    r.config.key_file = "/etc/passwd";
    is_refused(&r, "a key needs its certificate");
    need_tls();
    a = tls_server_start("localhost");
    b = tls_server_start("localhost");
    r.config.cert_file = tls_server_ca(a);
    is_refused(&r, "/etc/passwd: there is no private key in PEM format in it");
    r.config.key_file = NULL;
    is_refused(&r, "there is no private key");
    r.config.key_file = tls_server_key(b);
    is_refused(&r, "cannot be used");
    tls_server_stop(a);
    tls_server_stop(b);
}

/* Or its password would be asked for on the terminal, in mid-run. */
static void an_encrypted_key_is_refused(void **state)
{
    static const char *const keys[] = {
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII=\n"
        "-----END EC PRIVATE KEY-----\n"};
    char path[] = "/tmp/mirrorctl-pem-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    for (int i = 0; i < 2; i++) {
        const char *certificate = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
        struct run r = run_to("https://localhost");

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_true(pwrite(fd, certificate, strlen(certificate), 0) > 0);
        assert_true(pwrite(fd, keys[i], strlen(keys[i]), (off_t)strlen(certificate)) > 0);
        r.config.cert_file = path;
        is_refused(&r, "the private key is encrypted");
    }
    close(fd);
    unlink(path);
}

/* ---- addresses ----------------------------------------------------------------------- */

static void an_address_is_taken_as_given(void **state)
{
    struct server *v4 = server_start(AF_INET, NULL, NULL, 0);
    struct server *v6 = server_start(AF_INET6, NULL, NULL, 0);
    const char *entries[2];
    char url[64], text[64];
    struct run r;

    (void)state;
    snprintf(url, sizeof url, "http://nowhere.invalid%s", strrchr(server_url(v4), ':'));
    snprintf(text, sizeof text, "nowhere.invalid%s:127.0.0.1", strrchr(server_url(v4), ':'));
    r = run_to(url);
    r.config.host = HOST_TARGET;
    r.config.resolve = entries;
    r.config.n_resolve = 1;
    entries[0] = text;
    goes_well(&r);
    assert_non_null(strstr(server_log(v4), "Host: nowhere.invalid:"));
    /* The first address refuses, the second answers. */
    snprintf(url, sizeof url, "http://nowhere.invalid%s", strrchr(server_url(v6), ':'));
    snprintf(text, sizeof text, "nowhere.invalid%s:127.0.0.1,[::1]", strrchr(server_url(v6), ':'));
    r.given = 0;
    r.config.candidates[0] = url;
    goes_well(&r);
    server_stop(v4);
    server_stop(v6);
}

static void an_address_of_no_target_is_refused(void **state)
{
    static const struct {
        const char *entry, *words;
    } cases[] = {
        {"a:80:10.0.0.1", "no target has this host and port"},
        {"v2:81:10.0.0.1", "no target has this host and port"},
        {"v2:80", "not HOST:PORT:ADDRESS"},
        {"v2", "not HOST:PORT:ADDRESS"},
        {"", "not HOST:PORT:ADDRESS"},
        {"[::1:80:1.1.1.1", "not HOST:PORT:ADDRESS"},
        {"v2:80:", "not an address"},
        {"v2:80:10.0.0.1,", "not an address"},
        {"v2:80:localhost", "not an address"},
        {"v2:80:[10.0.0.1]", "not an address"},
        {"v2:0:10.0.0.1", "a port is a number"},
        {":80:10.0.0.1", "no host"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r = run_to("http://v2");

        r.config.resolve = &cases[i].entry;
        r.config.n_resolve = 1;
        is_refused(&r, cases[i].words);
    }
}

/* ---- proxies -------------------------------------------------------------------------- */

/* "http://127.0.0.1:4711", with a user if there is one. */
static const char *url_of(const struct proxy_server *p, const char *scheme, const char *user)
{
    static char url[128];

    snprintf(url, sizeof url, "%s://%s127.0.0.1:%u", scheme, user, proxy_server_port(p));
    return url;
}

static void a_tunnel_leaves_our_bytes_as_they_are(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run r = run_to(server_url(s));

    (void)state;
    r.config.proxy = url_of(proxy, "http", "");
    goes_well(&r);
    assert_int_equal(proxy_server_tunnels(proxy), 1);
    assert_int_equal(r.stats.connections, 1);
    assert_int_equal(r.stats.reused, REQUESTS - 1);
    assert_string_equal(server_log(s), "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n"
                                       "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n"
                                       "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n");
    assert_null(strstr(proxy_server_log(proxy), "Authorization"));
    server_stop(s);
    proxy_server_stop(proxy);
}

static void a_proxy_is_told_user_and_password(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run r = run_to(server_url(s));

    (void)state;
    r.config.proxy = url_of(proxy, "http", "me:p%40ss@");
    goes_well(&r);
    /* me:p@ss */
    assert_non_null(strstr(proxy_server_log(proxy), "Proxy-Authorization: Basic bWU6cEBzcw==\r\n"));
    assert_null(strstr(server_log(s), "Authorization"));
    server_stop(s);
    proxy_server_stop(proxy);
}

static void tls_goes_through_a_tunnel_to_the_target(void **state)
{
    struct proxy_server *proxy;
    struct tls_server *s;
    struct run r;

    (void)state;
    need_tls();
    proxy = proxy_server_start(0);
    s = tls_server_start("localhost");
    r = run_to(tls_server_url(s));
    r.config.ca_file = tls_server_ca(s);
    r.config.proxy = url_of(proxy, "http", "");
    goes_well(&r);
    assert_int_equal(proxy_server_tunnels(proxy), 1);
    assert_non_null(strstr(proxy_server_log(proxy), "CONNECT localhost:"));
    tls_server_stop(s);
    proxy_server_stop(proxy);
}

static void socks_is_told_an_address_or_a_name(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    char url[64];
    struct run r;

    (void)state;
    snprintf(url, sizeof url, "http://localhost%s", strrchr(server_url(s), ':'));
    r = run_to(url);
    r.config.proxy = url_of(proxy, "socks5h", "");
    goes_well(&r);
    assert_non_null(strstr(proxy_server_log(proxy), "SOCKS5 localhost:"));
    r = run_to(server_url(s));
    r.config.proxy = url_of(proxy, "socks5", "");
    goes_well(&r);
    assert_non_null(strstr(proxy_server_log(proxy), "SOCKS5 127.0.0.1:"));
    assert_int_equal(proxy_server_tunnels(proxy), 2);
    server_stop(s);
    proxy_server_stop(proxy);
}

static void a_proxy_that_refuses_is_named_and_its_status_told(void **state)
{
    struct proxy_server *no = proxy_server_start(403), *who = proxy_server_start(407);
    struct run r = run_to("http://127.0.0.1:9");

    (void)state;
    r.config.proxy = url_of(no, "http", "me:secret@");
    fails(&r, OUTCOME_CONNECT, "it answered CONNECT with 403");
    assert_int_equal(strncmp(r.detail, "proxy 127.0.0.1:", 16), 0);
    assert_null(strstr(r.detail, "secret"));
    r.given = 0;
    r.config.proxy = url_of(who, "http", "");
    fails(&r, OUTCOME_CONNECT, "with 407; --proxy takes http://USER:PASSWORD@HOST:PORT");
    proxy_server_stop(no);
    proxy_server_stop(who);
}

static void a_proxy_that_cannot_be_reached_is_told_from_a_target(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct run r = run_to("http://127.0.0.1:9");
    char url[64];
    int refused = server_refuse(url, sizeof url);

    (void)state;
    r.config.proxy = url;
    fails(&r, OUTCOME_CONNECT, ": Connection refused");
    assert_int_equal(strncmp(r.detail, "proxy 127.0.0.1:", 16), 0);
    server_unrefuse(refused);
    r.given = 0;
    r.config.proxy = "http://0123456789012345678901234567890123456789"
                     "0123456789012345678901234567890123456789.x:80";
    fails(&r, OUTCOME_RESOLVE, "proxy");
    r.given = 0;
    r.config.proxy = url_of(proxy, "socks5h", ""); /* which finds nobody there */
    fails(&r, OUTCOME_CONNECT, "proxy 127.0.0.1:");
    proxy_server_stop(proxy);
}

static void sockets_are_reached_past_the_proxy(void **state)
{
    struct proxy_server *proxy = proxy_server_start(403);
    char path[64];
    struct server *s;
    struct run r;

    (void)state;
    snprintf(path, sizeof path, "/tmp/mirrorctl-ways-%d.sock", (int)getpid());
    s = server_start(AF_UNIX, path, NULL, 0);
    r = run_to(server_url(s));
    r.config.proxy = url_of(proxy, "http", "");
    goes_well(&r);
    assert_string_equal(proxy_server_log(proxy), "");
    server_stop(s);
    proxy_server_stop(proxy);
}

static void the_environment_is_not_asked_for_exceptions(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct run r = run_to(server_url(s));

    (void)state;
    setenv("no_proxy", "*", 1);
    r.config.proxy = url_of(proxy, "http", "");
    goes_well(&r);
    unsetenv("no_proxy");
    assert_int_equal(proxy_server_tunnels(proxy), 1);
    server_stop(s);
    proxy_server_stop(proxy);
}

static void what_is_no_proxy_is_refused_without_its_password(void **state)
{
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"proxy:3128", "a proxy is written"},
        {"https://me:secret@proxy:1", "a proxy is written"},
        {"http://me:secret@proxy", "no port"},
        {"http://me:secret@:3128", "no host"},
        {"http://me:secret@proxy:0", "a port is a number"},
        {"http://me:secret@proxy:1/path", "a port is a number"},
        {"socks5://me:sec@ret@pro xy:1", "a host name"},
    };
    struct run r = run_to("http://v2");
    const char *entry = "v2:80:10.0.0.1";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};

        r.config.proxy = cases[i].url;
        is_refused(&r, cases[i].words);
        assert_null(replay_open(&r.config, &e));
        assert_null(strstr(e.text, "sec"));
    }
    /* It would be of no use: the proxy looks the name up. */
    r.config.proxy = "http://proxy:3128";
    r.config.resolve = &entry;
    r.config.n_resolve = 1;
    is_refused(&r, "the proxy looks this name up");
}

/* ---- time ------------------------------------------------------------------------------ */

static void connecting_has_a_time_of_its_own(void **state)
{
    const struct server_script silent = {"*", .steps = {{DO_HOLD}}};
    struct server *s = server_start(AF_INET, NULL, &silent, 1);
    int64_t began = clock_mono_ns();
    char url[64];
    int listener = listen_silently(url, sizeof url);
    struct run r = run_to(url);

    (void)state;
    r.config.connect_timeout_ns = 100 * NS_PER_MS;
    fails(&r, OUTCOME_TIMEOUT, "no connection in time");
    assert_in_range(clock_mono_ns() - began, REQUESTS * 100 * NS_PER_MS, 10 * NS_PER_SEC);
    r = run_to(server_url(s));
    r.config.connect_timeout_ns = 50 * NS_PER_MS;
    r.config.timeout_ns = 150 * NS_PER_MS;
    fails(&r, OUTCOME_TIMEOUT, "no answer in time");
    r.config.connect_timeout_ns = 151 * NS_PER_MS;
    is_refused(&r, "connecting must not be above");
    close(listener);
    server_stop(s);
}

/* ---- around each test ------------------------------------------------------------------ */

static unsigned descriptors;

static int count_descriptors(void **state)
{
    (void)state;
    descriptors = server_count_descriptors();
    return 0;
}

static int find_none_left_open(void **state)
{
    (void)state;
    return server_count_descriptors() == descriptors ? 0 : -1;
}

#define TEST(fact) cmocka_unit_test_setup_teardown(fact, count_descriptors, find_none_left_open)

int main(void)
{
    struct err e = {0};
    const struct CMUnitTest tests[] = {
        TEST(each_fault_of_a_certificate_is_named_with_what_to_do),
        TEST(a_target_can_be_called_as_its_certificate_does),
        TEST(a_certificate_is_shown_to_those_who_want_one),
        TEST(http_where_tls_was_expected_is_told),
        TEST(files_that_tls_cannot_use_are_refused_at_once),
        TEST(an_encrypted_key_is_refused),
        TEST(an_address_is_taken_as_given),
        TEST(an_address_of_no_target_is_refused),
        TEST(a_tunnel_leaves_our_bytes_as_they_are),
        TEST(a_proxy_is_told_user_and_password),
        TEST(tls_goes_through_a_tunnel_to_the_target),
        TEST(socks_is_told_an_address_or_a_name),
        TEST(a_proxy_that_refuses_is_named_and_its_status_told),
        TEST(a_proxy_that_cannot_be_reached_is_told_from_a_target),
        TEST(sockets_are_reached_past_the_proxy),
        TEST(the_environment_is_not_asked_for_exceptions),
        TEST(what_is_no_proxy_is_refused_without_its_password),
        TEST(connecting_has_a_time_of_its_own),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

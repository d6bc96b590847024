/* The ways to a target: TLS and who is believed, proxies, given addresses, the
 * time that connecting may take, and by which name a failure goes. */
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/un.h>

#include "tests/support/proxy.h"
#include "tests/support/replay_run.h"
#include "tests/support/tls_server.h"

/* ---- a few requests to one target -------------------------------------------------- */

enum { REQUESTS = 3 };

struct way {
    struct replay_config config;
    struct replay_target_stats stats;
    char detail[512], body[64]; /* of the last call */
};

static struct exchange *one_connection(unsigned i)
{
    struct exchange *x = exchange_from("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n", "");

    (void)i;
    x->connection = 1;
    return x;
}

static struct way way_to(const char *url)
{
    struct way way = {.config = usual(NULL, url)};

    way.config.baseline = BASELINE_RECORDED;
    way.config.control = CONTROL_NONE;
    way.config.concurrency = 1;
    way.config.threads = 1;
    return way;
}

static void take(struct way *way)
{
    struct run *r = run_new(way->config, REQUESTS, NULL);
    const struct call *call;

    r->make = one_connection;
    go_well(r);
    call = &r->pairs[REQUESTS - 1]->calls[0];
    way->stats = r->targets[0];
    snprintf(way->detail, sizeof way->detail, "%.*s", STR_ARG(call->detail));
    snprintf(way->body, sizeof way->body, "%.*s", STR_ARG(call->response.body));
    forget(r);
}

static void goes_well(struct way *way)
{
    take(way);
    if (way->stats.answered != REQUESTS)
        fail_msg("%s", way->detail);
}

/* All calls fail by this outcome, with these words in the detail. */
static void fails(struct way *way, enum outcome outcome, const char *words)
{
    take(way);
    if (way->stats.outcomes[outcome] != REQUESTS || !strstr(way->detail, words))
        fail_msg("%u times %s, as in: %s", (unsigned)way->stats.outcomes[outcome],
                 outcome_name(outcome), way->detail);
}

static void is_refused(const struct way *way, const char *words)
{
    struct err e = {0};

    assert_null(replay_open(&way->config, &e));
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
    struct way way;

    (void)state;
    need_tls();
    expired = tls_server_start_expired("localhost");
    elsewhere = tls_server_start("elsewhere.example");

    way = way_to(tls_server_url(elsewhere));
    fails(&way, OUTCOME_TLS, "self-signed certificate (--cacert FILE says whom to trust)");
    way = way_to(tls_server_url(elsewhere));
    way.config.ca_file = tls_server_ca(elsewhere);
    fails(&way, OUTCOME_TLS, "'localhost' (call the target as its certificate does");
    way = way_to(tls_server_url(expired));
    way.config.ca_file = tls_server_ca(expired);
    fails(&way, OUTCOME_TLS, "certificate has expired (renew it");
    way.config.insecure = true;
    goes_well(&way);
    tls_server_stop(expired);
    tls_server_stop(elsewhere);
}

static void a_target_can_be_called_as_its_certificate_does(void **state)
{
    struct tls_server *s;
    char url[64], entry[64];
    const char *entries[] = {entry};
    struct way way;

    (void)state;
    need_tls();
    s = tls_server_start("elsewhere.example");
    snprintf(url, sizeof url, "https://elsewhere.example%s", strrchr(tls_server_url(s), ':'));
    snprintf(entry, sizeof entry, "elsewhere.example%s:127.0.0.1", strrchr(url, ':'));
    way = way_to(url);
    way.config.ca_file = tls_server_ca(s);
    way.config.resolve = entries;
    way.config.n_resolve = 1;
    goes_well(&way);
    assert_string_equal(way.body, "secret");
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
        struct way way = way_to(tls_server_url(s));

        way.config.ca_file = tls_server_ca(s);
        fails(&way, OUTCOME_TLS, " a client certificate: --cert FILE");
        way.config.cert_file = tls_server_ca(other);
        way.config.key_file = tls_server_key(other);
        fails(&way, OUTCOME_TLS, "alert");
        way.config.cert_file = tls_server_ca(s);
        way.config.key_file = tls_server_key(s);
        goes_well(&way);
        tls_server_stop(s);
        tls_server_stop(other);
    }
}

/* libcurl tells of it as if a check of ours had failed. */
static void a_client_certificate_that_has_expired_is_told_from_the_servers(void **state)
{
    static const char *const versions[] = {"-tls1_3", "-tls1_2"};

    (void)state;
    need_tls();
    for (int i = 0; i < 2; i++) {
        struct tls_server *s = tls_server_start_strict_expired("localhost", versions[i]);
        struct way way = way_to(tls_server_url(s));

        way.config.insecure = true;
        way.config.cert_file = tls_server_ca(s);
        way.config.key_file = tls_server_key(s);
        fails(&way, OUTCOME_TLS, "(to it the client certificate of --cert has expired)");
        tls_server_stop(s);
    }
}

static void wait_on(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    assert_int_equal(poll(&p, 1, 20000), 1);
}

static struct connection *open_now(struct connector *r, const struct target *t)
{
    struct connection *c = connection_open(r, t, NULL, NULL);

    assert_non_null(c);
    while (connection_state(c) == CONNECTION_OPENING) {
        wait_on(connector_fd(r), POLLIN);
        connector_drive(r);
    }
    assert_int_equal(connection_state(c), CONNECTION_OPEN);
    return c;
}

/* The peer may have said no and reset before anything was sent: then sending
 * fails first, as it does here on a socket that is shut, and its reason is read
 * afterwards. */
static void why_tls_was_refused_is_told_where_sending_failed_too(void **state)
{
    struct connector_options options = {.timeout_ns = 20 * NS_PER_SEC};
    struct target target = {0};
    struct connector *connector;
    struct connection *c;
    struct tls_server *s;
    struct str why;
    char byte;

    (void)state;
    need_tls();
    s = tls_server_start_strict("localhost", "-tls1_3");
    options.ca_file = tls_server_ca(s);
    connector = connector_new(&options, NULL);
    assert_int_equal(target_parse(&target, "v2", tls_server_url(s), NULL), 0);
    c = open_now(connector, &target);
    wait_on(connection_fd(c), POLLIN);
    shutdown(connection_fd(c), SHUT_WR);
    assert_int_equal(connection_send(c, STR("to nobody")), CONNECTION_ERROR);
    assert_int_equal(connection_receive(c, &byte, 1), CONNECTION_ERROR);
    assert_int_equal(connection_failure(c, &why), OUTCOME_TLS);
    assert_non_null(strstr(why.data, "it wants a client certificate"));
    connection_close(c);
    connector_free(connector);
    target_release(&target);
    tls_server_stop(s);
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
    struct way way = way_to(url);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, answer_plainly, &listener), 0);
    fails(&way, OUTCOME_TLS, "that is not TLS; http:// instead?");
    pthread_join(thread, NULL);
    close(listener);
}

static void files_that_tls_cannot_use_are_refused_at_once(void **state)
{
    struct tls_server *a, *b;
    struct way way = way_to("https://localhost");

    (void)state;
    way.config.ca_file = "/nonexistent";
    is_refused(&way, "/nonexistent: No such file");
    way.config.ca_file = "/dev/null";
    is_refused(&way, "not a file");
    way.config.ca_file = "/etc/passwd";
    is_refused(&way, "/etc/passwd: there is no certificate in PEM format in it");
    way.config.ca_file = NULL;
    way.config.key_file = "/etc/passwd";
    is_refused(&way, "a key needs its certificate");
    need_tls();
    a = tls_server_start("localhost");
    b = tls_server_start("localhost");
    way.config.cert_file = tls_server_ca(a);
    is_refused(&way, "/etc/passwd: there is no private key in PEM format in it");
    way.config.key_file = NULL;
    is_refused(&way, "there is no private key");
    way.config.key_file = tls_server_key(b);
    is_refused(&way, "cannot be used");
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
        struct way way = way_to("https://localhost");

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_true(pwrite(fd, certificate, strlen(certificate), 0) > 0);
        assert_true(pwrite(fd, keys[i], strlen(keys[i]), (off_t)strlen(certificate)) > 0);
        way.config.cert_file = path;
        is_refused(&way, "the private key is encrypted");
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
    struct way way;

    (void)state;
    snprintf(url, sizeof url, "http://nowhere.invalid%s", strrchr(server_url(v4), ':'));
    snprintf(text, sizeof text, "nowhere.invalid%s:127.0.0.1", strrchr(server_url(v4), ':'));
    way = way_to(url);
    way.config.host = HOST_TARGET;
    way.config.resolve = entries;
    way.config.n_resolve = 1;
    entries[0] = text;
    goes_well(&way);
    assert_non_null(strstr(server_log(v4), "Host: nowhere.invalid:"));
    /* The first address refuses, the second answers. */
    snprintf(url, sizeof url, "http://nowhere.invalid%s", strrchr(server_url(v6), ':'));
    snprintf(text, sizeof text, "nowhere.invalid%s:127.0.0.1,[::1]", strrchr(server_url(v6), ':'));
    way.config.candidates[0] = url;
    goes_well(&way);
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
        struct way way = way_to("http://v2");

        way.config.resolve = &cases[i].entry;
        way.config.n_resolve = 1;
        is_refused(&way, cases[i].words);
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
    struct way way = way_to(server_url(s));

    (void)state;
    way.config.proxy = url_of(proxy, "http", "");
    goes_well(&way);
    assert_int_equal(proxy_server_tunnels(proxy), 1);
    assert_int_equal(way.stats.connections, 1);
    assert_int_equal(way.stats.reused, REQUESTS - 1);
    assert_string_equal(server_log(s), "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n"
                                       "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n"
                                       "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Mirrorctl: 1\r\n\r\n");
    assert_null(strstr(proxy_server_log(proxy), "Authorization"));
    server_stop(s);
    proxy_server_stop(proxy);
}

/* What is there before a request was sent answers none (RFC 9112, 9.2), but an empty
 * line says nothing. */
static void who_speaks_before_being_asked_is_not_believed(void **state)
{
    static const char *const hasty[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies",
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "\r\nSSH-2.0-OpenSSH_9.2\r\n",
    };
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct way way = way_to(server_url(s));
    struct proxy_server *proxy;

    (void)state;
    for (unsigned i = 0; i < sizeof hasty / sizeof *hasty; i++) {
        proxy = proxy_server_start_hasty(hasty[i]);
        way.config.proxy = url_of(proxy, "http", "");
        fails(&way, OUTCOME_PROTOCOL, "spoke before it was asked");
        proxy_server_stop(proxy);
    }
    assert_int_equal(server_requests(s), 0);
    proxy = proxy_server_start_hasty("\r\n");
    way.config.proxy = url_of(proxy, "http", "");
    goes_well(&way);
    proxy_server_stop(proxy);
    server_stop(s);
}

static void a_proxy_is_told_user_and_password(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct way way = way_to(server_url(s));

    (void)state;
    way.config.proxy = url_of(proxy, "http", "me:p%40ss@");
    goes_well(&way);
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
    struct way way;

    (void)state;
    need_tls();
    proxy = proxy_server_start(0);
    s = tls_server_start("localhost");
    way = way_to(tls_server_url(s));
    way.config.ca_file = tls_server_ca(s);
    way.config.proxy = url_of(proxy, "http", "");
    goes_well(&way);
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
    struct way way;

    (void)state;
    snprintf(url, sizeof url, "http://localhost%s", strrchr(server_url(s), ':'));
    way = way_to(url);
    way.config.proxy = url_of(proxy, "socks5h", "");
    goes_well(&way);
    assert_non_null(strstr(proxy_server_log(proxy), "SOCKS5 localhost:"));
    way = way_to(server_url(s));
    way.config.proxy = url_of(proxy, "socks5", "");
    goes_well(&way);
    assert_non_null(strstr(proxy_server_log(proxy), "SOCKS5 127.0.0.1:"));
    assert_int_equal(proxy_server_tunnels(proxy), 2);
    server_stop(s);
    proxy_server_stop(proxy);
}

static void a_proxy_that_refuses_is_named_and_its_status_told(void **state)
{
    struct proxy_server *no = proxy_server_start(403), *who = proxy_server_start(407);
    struct proxy_server *half = proxy_server_start(100);
    struct way way = way_to("http://127.0.0.1:9");

    (void)state;
    way.config.proxy = url_of(no, "http", "me:secret@");
    fails(&way, OUTCOME_CONNECT, "it answered CONNECT with 403");
    assert_int_equal(strncmp(way.detail, "proxy 127.0.0.1:", 16), 0);
    assert_null(strstr(way.detail, "secret"));
    way.config.proxy = url_of(who, "http", "");
    fails(&way, OUTCOME_CONNECT, "with 407; --proxy takes http://USER:PASSWORD@HOST:PORT");
    way.config.proxy = url_of(half, "http", "");
    fails(&way, OUTCOME_CONNECT, "proxy 127.0.0.1:"); /* no target was there to reset anything */
    proxy_server_stop(half);
    proxy_server_stop(no);
    proxy_server_stop(who);
}

static void a_proxy_that_cannot_be_reached_is_told_from_a_target(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct way way = way_to("http://127.0.0.1:9");
    char url[64];
    int refused = server_refuse(url, sizeof url);

    (void)state;
    way.config.proxy = url;
    fails(&way, OUTCOME_CONNECT, ": Connection refused");
    assert_int_equal(strncmp(way.detail, "proxy 127.0.0.1:", 16), 0);
    server_unrefuse(refused);
    way.config.proxy = "http://0123456789012345678901234567890123456789"
                       "0123456789012345678901234567890123456789.x:80";
    fails(&way, OUTCOME_RESOLVE, "proxy");
    way.config.proxy = url_of(proxy, "socks5h", ""); /* which finds nobody there */
    fails(&way, OUTCOME_CONNECT, "proxy 127.0.0.1:");
    proxy_server_stop(proxy);
}

static void sockets_are_reached_past_the_proxy(void **state)
{
    struct proxy_server *proxy = proxy_server_start(403);
    char path[64];
    struct server *s;
    struct way way;

    (void)state;
    snprintf(path, sizeof path, "/tmp/mirrorctl-ways-%d.sock", (int)getpid());
    s = server_start(AF_UNIX, path, NULL, 0);
    way = way_to(server_url(s));
    way.config.proxy = url_of(proxy, "http", "");
    goes_well(&way);
    assert_string_equal(proxy_server_log(proxy), "");
    server_stop(s);
    proxy_server_stop(proxy);
}

static int unix_socket(const struct sockaddr_un *address,
                       int (*use)(int, const struct sockaddr *, socklen_t))
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(use(fd, (const struct sockaddr *)address, sizeof *address), 0);
    return fd;
}

static void a_socket_whose_queue_is_full_is_told_as_that(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener, waiting;
    char url[128];
    struct way way;

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/mirrorctl-ways-%d.full",
             (int)getpid());
    snprintf(url, sizeof url, "unix:%s", address.sun_path);
    listener = unix_socket(&address, bind);
    assert_int_equal(listen(listener, 0), 0); /* one may wait */
    waiting = unix_socket(&address, connect);
    way = way_to(url);
    fails(&way, OUTCOME_CONNECT, "too many connections wait to be accepted");
    close(waiting);
    close(listener);
    unlink(address.sun_path);
}

static void the_environment_is_not_asked_for_exceptions(void **state)
{
    struct proxy_server *proxy = proxy_server_start(0);
    struct server *s = server_start(AF_INET, NULL, NULL, 0);
    struct way way = way_to(server_url(s));

    (void)state;
    setenv("no_proxy", "*", 1);
    way.config.proxy = url_of(proxy, "http", "");
    goes_well(&way);
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
    struct way way = way_to("http://v2");
    const char *entry = "v2:80:10.0.0.1";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};

        way.config.proxy = cases[i].url;
        is_refused(&way, cases[i].words);
        assert_null(replay_open(&way.config, &e));
        assert_null(strstr(e.text, "sec"));
    }
    /* It would be of no use: the proxy looks the name up. */
    way.config.proxy = "http://proxy:3128";
    way.config.resolve = &entry;
    way.config.n_resolve = 1;
    is_refused(&way, "the proxy looks this name up");
}

/* ---- time ------------------------------------------------------------------------------ */

static void connecting_has_a_time_of_its_own(void **state)
{
    const struct server_script silent = {"*", .steps = {{DO_HOLD}}};
    struct server *s = server_start(AF_INET, NULL, &silent, 1);
    int64_t began = clock_mono_ns();
    char url[64];
    int listener = listen_silently(url, sizeof url);
    struct way way = way_to(url);

    (void)state;
    way.config.connect_timeout_ns = 100 * NS_PER_MS;
    fails(&way, OUTCOME_TIMEOUT, "no connection in time");
    assert_in_range(clock_mono_ns() - began, REQUESTS * 100 * NS_PER_MS, 10 * NS_PER_SEC);
    way = way_to(server_url(s));
    way.config.connect_timeout_ns = 50 * NS_PER_MS;
    way.config.timeout_ns = 150 * NS_PER_MS;
    fails(&way, OUTCOME_TIMEOUT, "no answer in time");
    way.config.connect_timeout_ns = 151 * NS_PER_MS;
    is_refused(&way, "--connect-timeout must not be above");
    close(listener);
    server_stop(s);
}

/* A server of names that answers when it is told to, or after all too long. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool answers;
    unsigned asked, answered;
} names = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

static void wait_for_an_answer(void)
{
    struct timespec all_too_long;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &all_too_long);
    all_too_long.tv_sec += 10;
    pthread_mutex_lock(&names.lock);
    names.asked++;
    while (!names.answers && rc == 0)
        rc = pthread_cond_timedwait(&names.change, &names.lock, &all_too_long);
    names.answered++;
    pthread_cond_broadcast(&names.change);
    pthread_mutex_unlock(&names.lock);
}

/* Instead of that of the C library, also for libcurl. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (name && strcmp(name, "slow.test") == 0) {
        wait_for_an_answer();
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, found);
}

/* Who waits for the system to give up on a name holds up all that its thread does. */
static void nobody_waits_for_a_name_beyond_the_timeout(void **state)
{
    struct way way = way_to("http://slow.test");

    (void)state;
    way.config.timeout_ns = 50 * NS_PER_MS;
    fails(&way, OUTCOME_TIMEOUT, "its name was not looked up in time");
    way.config.connect_timeout_ns = 25 * NS_PER_MS;
    fails(&way, OUTCOME_TIMEOUT, "its name was not looked up in time");
    pthread_mutex_lock(&names.lock);
    assert_int_equal(names.answered, 0);
    names.answers = true;
    pthread_cond_broadcast(&names.change);
    while (names.answered < names.asked)
        pthread_cond_wait(&names.change, &names.lock);
    pthread_mutex_unlock(&names.lock);
}

int main(void)
{
    struct err e = {0};
    const struct CMUnitTest tests[] = {
        TEST(each_fault_of_a_certificate_is_named_with_what_to_do),
        TEST(a_target_can_be_called_as_its_certificate_does),
        TEST(a_certificate_is_shown_to_those_who_want_one),
        TEST(a_client_certificate_that_has_expired_is_told_from_the_servers),
        TEST(why_tls_was_refused_is_told_where_sending_failed_too),
        TEST(http_where_tls_was_expected_is_told),
        TEST(files_that_tls_cannot_use_are_refused_at_once),
        TEST(an_encrypted_key_is_refused),
        TEST(an_address_is_taken_as_given),
        TEST(an_address_of_no_target_is_refused),
        TEST(a_tunnel_leaves_our_bytes_as_they_are),
        TEST(who_speaks_before_being_asked_is_not_believed),
        TEST(a_proxy_is_told_user_and_password),
        TEST(tls_goes_through_a_tunnel_to_the_target),
        TEST(socks_is_told_an_address_or_a_name),
        TEST(a_proxy_that_refuses_is_named_and_its_status_told),
        TEST(a_proxy_that_cannot_be_reached_is_told_from_a_target),
        TEST(sockets_are_reached_past_the_proxy),
        TEST(a_socket_whose_queue_is_full_is_told_as_that),
        TEST(the_environment_is_not_asked_for_exceptions),
        TEST(what_is_no_proxy_is_refused_without_its_password),
        TEST(connecting_has_a_time_of_its_own),
        /* The last: threads of libcurl's close their descriptors when they have an answer. */
        cmocka_unit_test(nobody_waits_for_a_name_beyond_the_timeout),
    };

    /* What libcurl opens once and for all is open before the first count. */
    if (connection_setup(&e) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

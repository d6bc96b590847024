/* How libcurl is used, and the traps in it.
 *
 * Each connection is an easy handle with CURLOPT_CONNECT_ONLY in the thread's
 * multi handle, driven through the socket interface. The sockets and the timer
 * that libcurl wants to be woken for are in an epoll set of our own, which is
 * itself one descriptor in the epoll set of the worker.
 *
 * A plain connection is taken over once it is open: its socket is duplicated
 * and the easy handle freed, which closes libcurl's own. With TLS the handle
 * must stay, and stay in the multi handle: removing it closes the connection.
 * It is then used through curl_easy_send and curl_easy_recv, which look for it
 * among all connections of the multi handle each time; that, and the memory of
 * the handle, is why plain ones are taken over.
 *
 * libcurl believes that a CONNECT_ONLY connection is idle. When another is
 * opened, it closes those that look dead or old. Age is turned off by a large
 * CURLOPT_MAXAGE_CONN; for the rest CURLOPT_CLOSESOCKETFUNCTION tells us, and
 * the connection is reported as gone.
 *
 * A name is looked up in a thread of libcurl's, and who gives it up would wait for
 * that thread, and in it for the system's patience with servers of names: all other
 * connections with it. CURLOPT_QUICK_EXIT leaves the thread to itself.
 *
 * SIGPIPE must be blocked in the calling thread: with CURLOPT_NOSIGNAL, which
 * saves 30 % of CPU, libcurl does not look after it. */
#include "replay/connection.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "replay/advice.h"

enum { DETAIL_ROOM = 256, FOREVER_S = 10 * 365 * 24 * 3600 };

struct connection {
    struct connector *connector;
    void *user;
    CURL *easy; /* NULL once a plain connection was taken over */
    bool tls, through_proxy, to_socket;
    int fd; /* -1 before it is open and once it is gone */
    enum connection_state state;
    enum outcome failure;
    char detail[DETAIL_ROOM];
    char curl_text[CURL_ERROR_SIZE];
    struct connection *prev, *next; /* all of the connector */
    bool changed;
    struct connection *next_changed;
};

struct connector {
    const struct connector_options *options;
    CURLM *multi;
    int epoll, timer;
    struct curl_slist *resolve;
    struct connection *all;
    struct connection *changed, *last_changed;
};

static pthread_once_t setup_once = PTHREAD_ONCE_INIT;
static CURLcode setup_result;

static void setup(void)
{
    setup_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int connection_setup(struct err *e)
{
    pthread_once(&setup_once, setup);
    if (setup_result != CURLE_OK)
        return err_set(e, ERR_IO, "cannot start libcurl: %s", curl_easy_strerror(setup_result));
    return 0;
}

/* ---- the connector ----------------------------------------------------------- */

/* libcurl wants to know when `fd` is readable, writable, or no more. `known` is
 * NULL the first time, and what was assigned then from there on. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct connector *r = ctx;
    struct epoll_event event = {.data.fd = fd};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what != CURL_POLL_OUT)
        event.events |= EPOLLIN;
    if (what != CURL_POLL_IN)
        event.events |= EPOLLOUT;
    curl_multi_assign(r->multi, fd, r);
    return epoll_ctl(r->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
    struct connector *r = ctx;
    struct itimerspec when = {0};

    (void)multi;
    if (ms == 0)
        when.it_value.tv_nsec = 1;
    if (ms > 0) {
        when.it_value.tv_sec = ms / 1000;
        when.it_value.tv_nsec = ms % 1000 * NS_PER_MS;
    }
    timerfd_settime(r->timer, 0, &when, NULL);
    return 0;
}

static void report(struct connection *c, enum connection_state state)
{
    struct connector *r = c->connector;

    c->state = state;
    if (c->changed)
        return;
    c->changed = true;
    c->next_changed = NULL;
    if (r->changed)
        r->last_changed->next_changed = c;
    else
        r->changed = c;
    r->last_changed = c;
}

/* libcurl closes a socket. It may be one of an open connection. */
static int on_close(void *ctx, curl_socket_t fd)
{
    struct connector *r = ctx;
    struct connection *c;

    for (c = r->all; c; c = c->next) {
        if (c->fd == fd) {
            c->fd = -1;
            report(c, CONNECTION_GONE);
        }
    }
    return close(fd);
}

static int open_multi(struct connector *r)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = r->timer};

    r->multi = curl_multi_init();
    if (!r->multi)
        return -1;
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
    /* A full cache would close connections in use. */
    curl_multi_setopt(r->multi, CURLMOPT_MAXCONNECTS, 1L << 20);
    return epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->timer, &event);
}

static int list_addresses(struct connector *r, struct err *e)
{
    for (size_t i = 0; i < r->options->n_resolve; i++) {
        struct curl_slist *longer = curl_slist_append(r->resolve, r->options->resolve[i]);

        if (!longer)
            return err_nomem(e, "preparing connections");
        r->resolve = longer;
    }
    return 0;
}

struct connector *connector_new(const struct connector_options *o, struct err *e)
{
    struct connector *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "preparing connections");
        return NULL;
    }
    r->options = o;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (list_addresses(r, e) < 0) {
        connector_free(r);
        return NULL;
    }
    if (r->epoll < 0 || r->timer < 0 || open_multi(r) < 0) {
        err_set(e, ERR_IO, "cannot prepare connections: %s", strerror(errno));
        connector_free(r);
        return NULL;
    }
    return r;
}

void connector_free(struct connector *r)
{
    if (!r)
        return;
    curl_multi_cleanup(r->multi);
    curl_slist_free_all(r->resolve);
    if (r->timer >= 0)
        close(r->timer);
    if (r->epoll >= 0)
        close(r->epoll);
    mem_free(r);
}

int connector_fd(const struct connector *r)
{
    return r->epoll;
}

struct connection *connector_next(struct connector *r)
{
    struct connection *c = r->changed;

    if (c) {
        r->changed = c->next_changed;
        c->changed = false;
    }
    return c;
}

bool connector_has_next(const struct connector *r)
{
    return r->changed != NULL;
}

/* ---- what became of opening --------------------------------------------------- */

static const struct {
    CURLcode code;
    enum outcome outcome;
} outcomes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, OUTCOME_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, OUTCOME_RESOLVE},
    {CURLE_OPERATION_TIMEDOUT, OUTCOME_TIMEOUT},
    {CURLE_PROXY, OUTCOME_CONNECT},
    {CURLE_SEND_ERROR, OUTCOME_RESET},
    {CURLE_RECV_ERROR, OUTCOME_RESET},
    {CURLE_GOT_NOTHING, OUTCOME_RESET},
    {CURLE_SSL_CONNECT_ERROR, OUTCOME_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, OUTCOME_TLS},
    {CURLE_SSL_ENGINE_NOTFOUND, OUTCOME_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, OUTCOME_TLS},
    {CURLE_SSL_CERTPROBLEM, OUTCOME_TLS},
    {CURLE_SSL_CIPHER, OUTCOME_TLS},
    {CURLE_SSL_CACERT_BADFILE, OUTCOME_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, OUTCOME_TLS},
    {CURLE_SSL_CRL_BADFILE, OUTCOME_TLS},
    {CURLE_SSL_ISSUER_ERROR, OUTCOME_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, OUTCOME_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, OUTCOME_TLS},
    {CURLE_USE_SSL_FAILED, OUTCOME_TLS},
};

static enum outcome outcome_of(CURLcode code)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (outcomes[i].code == code)
            return outcomes[i].outcome;
    }
    return OUTCOME_CONNECT;
}

struct str connection_overdue(const struct connection *c)
{
    curl_off_t named = 1;

    if (c->easy)
        curl_easy_getinfo(c->easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
    if (named)
        return STR("no connection in time");
    return c->through_proxy ? STR("the proxy's name was not looked up in time")
                            : STR("its name was not looked up in time");
}

/* libcurl's own text for a refused connection has times in it, which would make
 * every failure look different; the error of the system says it shorter. */
static void say_why(struct connection *c, const char *text)
{
    const struct proxy *proxy = c->connector->options->proxy;
    const char *advice = c->failure == OUTCOME_TLS ? advice_for(str_of(text)) : NULL;
    char room[DETAIL_ROOM];
    long os_error = 0;

    if (c->easy)
        curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_error);
    if (c->failure == OUTCOME_CONNECT && os_error)
        text = strerror_r((int)os_error, room, sizeof room);
    if (c->failure == OUTCOME_TIMEOUT)
        text = connection_overdue(c).data;
    if (c->failure == OUTCOME_CONNECT && c->through_proxy)
        snprintf(c->detail, sizeof c->detail, "proxy %.*s:%.*s: %s", STR_ARG(proxy->host),
                 STR_ARG(proxy->port), text);
    else
        snprintf(c->detail, sizeof c->detail, "%s%s%s%s", text, advice ? " (" : "",
                 advice ? advice : "", advice ? ")" : "");
}

/* In a handshake libcurl takes the peer's alert that our certificate has expired for
 * a check of its own that failed, and tells what that says: nothing, or what
 * nobody asked for. */
static bool is_alert_of_expiry(const struct connection *c, CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION &&
           (c->connector->options->insecure ||
            strcmp(c->curl_text, "SSL certificate verification failed") == 0);
}

/* What a proxy answered CONNECT with, or 0. */
static long tunnel_status(const struct connection *c)
{
    long status = 0;

    if (c->easy && c->through_proxy)
        curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status;
}

/* A proxy that would not open a tunnel: libcurl calls it a failure to receive. */
static bool was_refused(const struct connection *c, char *text, size_t room)
{
    long status = tunnel_status(c);

    if (status < 300)
        return false;
    snprintf(text, room, "it answered CONNECT with %ld%s", status,
             status == 407 ? "; --proxy takes http://USER:PASSWORD@HOST:PORT, also from a file"
                           : "");
    return true;
}

static void fail(struct connection *c, CURLcode code)
{
    const char *text = c->curl_text[0] ? c->curl_text : curl_easy_strerror(code);
    char refusal[DETAIL_ROOM];

    c->failure = outcome_of(code);
    if (is_alert_of_expiry(c, code))
        text = "alert certificate expired";
    /* To libcurl EAGAIN means that it connects by and by, but a socket of the file system does
     * not, and then there is no error. */
    if (code == CURLE_COULDNT_CONNECT && c->to_socket)
        text = "too many connections wait to be accepted";
    if (was_refused(c, refusal, sizeof refusal)) {
        c->failure = OUTCOME_CONNECT;
        text = refusal;
    } else if (c->failure == OUTCOME_RESET && c->through_proxy && tunnel_status(c) < 200) {
        c->failure = OUTCOME_CONNECT; /* the proxy ended it: there was no target yet */
    }
    say_why(c, text);
    report(c, CONNECTION_FAILED);
}

static void drop_handle(struct connection *c)
{
    if (!c->easy)
        return;
    curl_multi_remove_handle(c->connector->multi, c->easy);
    curl_easy_cleanup(c->easy);
    c->easy = NULL;
}

/* The peer's last word, which libcurl says only to who listens. */
static int note_last_word(CURL *easy, curl_infotype type, char *text, size_t n, void *connection)
{
    struct connection *c = connection;

    (void)easy;
    if (type == CURLINFO_TEXT)
        snprintf(c->curl_text, sizeof c->curl_text, "%.*s",
                 (int)(n && text[n - 1] == '\n' ? n - 1 : n), text);
    return 0;
}

/* Something has failed, but why may lie there to be received: a peer that will
 * not have us says so and resets. libcurl keeps only the text of the first
 * failure, so from here on it is listened to. */
static void listen_for_last_word(struct connection *c)
{
    curl_easy_setopt(c->easy, CURLOPT_DEBUGFUNCTION, note_last_word);
    curl_easy_setopt(c->easy, CURLOPT_DEBUGDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_VERBOSE, 1L);
}

static void opened(struct connection *c)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD) {
        fail(c, CURLE_COULDNT_CONNECT);
        return;
    }
    if (c->tls) {
        c->fd = fd;
        if (c->curl_text[0]) /* it has gone already */
            listen_for_last_word(c);
        report(c, CONNECTION_OPEN);
        return;
    }
    /* Or the set would go on watching what the duplicate keeps open. */
    epoll_ctl(c->connector->epoll, EPOLL_CTL_DEL, fd, NULL);
    c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (c->fd < 0) {
        snprintf(c->curl_text, sizeof c->curl_text, "no descriptor is left");
        fail(c, CURLE_FAILED_INIT);
        return;
    }
    drop_handle(c);
    report(c, CONNECTION_OPEN);
}

static void take_messages(struct connector *r)
{
    struct connection *c = NULL;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(r->multi, &left)) != NULL) {
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        if (code == CURLE_OK)
            opened(c);
        else
            fail(c, code);
    }
}

void connector_drive(struct connector *r)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    uint64_t ticks;
    int running;
    int n = epoll_wait(r->epoll, events, BATCH, 0);

    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        if (fd != r->timer)
            curl_multi_socket_action(r->multi, fd, what, &running);
        else if (read(fd, &ticks, sizeof ticks) > 0)
            curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    take_messages(r);
}

/* ---- one connection ------------------------------------------------------------- */

static bool set_patience(CURL *h, const struct connector_options *o)
{
    /* 0 would be libcurl's own default. */
    long ms = o->connect_timeout_ns ? (long)((o->connect_timeout_ns + NS_PER_MS - 1) / NS_PER_MS)
                                    : (long)(o->timeout_ns / NS_PER_MS) + 1000;

    return curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, ms) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
}

/* The environment has no say: an empty text is not NULL, with which libcurl
 * would look there. A tunnel also for http leaves our bytes as they are. */
static bool set_proxy(CURL *h, const struct proxy *proxy)
{
    bool ok = true;

    ok &= curl_easy_setopt(h, CURLOPT_NOPROXY, "") == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_PROXY, proxy ? proxy->url : "") == CURLE_OK;
    if (proxy)
        ok &= curl_easy_setopt(h, CURLOPT_HTTPPROXYTUNNEL, 1L) == CURLE_OK;
    return ok;
}

static bool set_tls(CURL *h, const struct connector_options *o)
{
    bool ok = true;

    ok &= curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, o->insecure ? 0L : 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, o->insecure ? 0L : 2L) == CURLE_OK;
    if (o->ca_file)
        ok &= curl_easy_setopt(h, CURLOPT_CAINFO, o->ca_file) == CURLE_OK;
    if (!o->cert_file)
        return ok;
    ok &= curl_easy_setopt(h, CURLOPT_SSLCERT, o->cert_file) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_SSLKEY, o->key_file ? o->key_file : o->cert_file) == CURLE_OK;
    /* Or OpenSSL would ask for one on the terminal. */
    ok &= curl_easy_setopt(h, CURLOPT_KEYPASSWD, "") == CURLE_OK;
    return ok;
}

static bool set_options(struct connection *c, const struct target *t)
{
    const struct connector_options *o = c->connector->options;
    CURL *h = c->easy;
    bool ok = true;

    ok &= curl_easy_setopt(h, CURLOPT_URL, t->origin) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_PRIVATE, c) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->curl_text) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_MAXAGE_CONN, (long)FOREVER_S) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok &= set_patience(h, o) && set_proxy(h, c->through_proxy ? o->proxy : NULL);
    if (c->connector->resolve)
        ok &= curl_easy_setopt(h, CURLOPT_RESOLVE, c->connector->resolve) == CURLE_OK;
    if (t->unix_path)
        ok &= curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, t->unix_path) == CURLE_OK;
    if (!t->tls)
        return ok;
    ok &= curl_easy_setopt(h, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK;
    ok &= curl_easy_setopt(h, CURLOPT_CLOSESOCKETDATA, c->connector) == CURLE_OK;
    return ok && set_tls(h, o);
}

struct connection *connection_open(struct connector *r, const struct target *t, void *user,
                                   struct err *e)
{
    struct connection *c = mem_zalloc(sizeof *c);
    int running;

    if (!c) {
        err_nomem(e, "opening a connection");
        return NULL;
    }
    *c = (struct connection){.connector = r,
                             .user = user,
                             .tls = t->tls,
                             .through_proxy = r->options->proxy && !t->unix_path,
                             .to_socket = t->unix_path != NULL,
                             .fd = -1,
                             .next = r->all};
    if (r->all)
        r->all->prev = c;
    r->all = c;
    c->easy = curl_easy_init();
    if (!c->easy || !set_options(c, t)) {
        fail(c, CURLE_OUT_OF_MEMORY);
    } else if (curl_multi_add_handle(r->multi, c->easy) != CURLM_OK) {
        fail(c, CURLE_FAILED_INIT);
    } else {
        /* Set out at once, not when the timer that this starts has fired. */
        curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_messages(r);
    }
    return c;
}

static void forget_change(struct connection *c)
{
    struct connector *r = c->connector;
    struct connection **at = &r->changed;
    struct connection *before = NULL;

    if (!c->changed)
        return;
    while (*at != c) {
        before = *at;
        at = &before->next_changed;
    }
    *at = c->next_changed;
    if (r->last_changed == c)
        r->last_changed = before;
}

void connection_close(struct connection *c)
{
    int fd = c->easy ? -1 : c->fd;

    /* First out of the list, so that on_close() does not find it. */
    forget_change(c);
    if (c->prev)
        c->prev->next = c->next;
    else
        c->connector->all = c->next;
    if (c->next)
        c->next->prev = c->prev;
    drop_handle(c);
    if (fd >= 0)
        close(fd);
    mem_free(c);
}

enum connection_state connection_state(const struct connection *c)
{
    return c->state;
}

void *connection_user(const struct connection *c)
{
    return c->user;
}

int connection_fd(const struct connection *c)
{
    return c->fd;
}

enum outcome connection_failure(const struct connection *c, struct str *detail)
{
    *detail = str_of(c->detail);
    return c->failure;
}

bool connection_has_no_buffer(const struct connection *c)
{
    return !c->tls;
}

/* ---- the client's certificate --------------------------------------------------- */

/* Called when certificate and key are loaded, which is all that was wanted. */
static CURLcode end_handshake(CURL *easy, void *tls, void *loaded)
{
    (void)easy;
    (void)tls;
    *(bool *)loaded = true;
    return CURLE_ABORTED_BY_CALLBACK;
}

/* Listen where nobody else can come: on a socket whose name the kernel chooses,
 * in no folder. */
static int listen_for_ourselves(char *name, size_t room)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof address.sun_family;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0) {
        close(fd);
        return -1;
    }
    len = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &len);
    snprintf(name, room, "%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
             address.sun_path + 1);
    return fd;
}

static CURLcode load_certificate(const struct connector_options *o, const char *name, char *text)
{
    CURL *h = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    bool loaded = false;

    if (h && set_tls(h, o) && set_proxy(h, NULL) &&
        curl_easy_setopt(h, CURLOPT_ABSTRACT_UNIX_SOCKET, name) == CURLE_OK &&
        curl_easy_setopt(h, CURLOPT_URL, "https://localhost/") == CURLE_OK) {
        curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(h, CURLOPT_ERRORBUFFER, text);
        curl_easy_setopt(h, CURLOPT_SSL_CTX_DATA, &loaded);
        /* Only with OpenSSL; others find out when they connect. */
        code = curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, end_handshake);
        if (code == CURLE_OK)
            code = curl_easy_perform(h);
    }
    curl_easy_cleanup(h);
    return loaded ? CURLE_OK : code;
}

int connection_check_certificate(const struct connector_options *o, struct err *e)
{
    char text[CURL_ERROR_SIZE] = "", name[sizeof(struct sockaddr_un)];
    int fd = listen_for_ourselves(name, sizeof name);
    CURLcode code;

    if (fd < 0)
        return err_set(e, ERR_IO, "cannot make a socket: %s", strerror(errno));
    code = load_certificate(o, name, text);
    close(fd);
    if (code == CURLE_OUT_OF_MEMORY)
        return err_nomem(e, "reading certificates");
    if (code == CURLE_SSL_CERTPROBLEM)
        return err_set(e, ERR_USAGE, "%s cannot be used: %s", o->cert_file, text);
    return 0;
}

/* ---- bytes --------------------------------------------------------------------- */

static ssize_t result_of(CURLcode code, size_t n)
{
    if (code == CURLE_OK)
        return (ssize_t)n;
    return code == CURLE_AGAIN ? CONNECTION_AGAIN : CONNECTION_ERROR;
}

static ssize_t result_of_system(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? CONNECTION_AGAIN : CONNECTION_ERROR;
}

ssize_t connection_send(struct connection *c, struct str bytes)
{
    size_t sent = 0;
    CURLcode code;

    if (c->fd < 0)
        return CONNECTION_ERROR;
    if (!c->easy)
        return result_of_system(send(c->fd, bytes.data, bytes.len, MSG_NOSIGNAL));
    code = curl_easy_send(c->easy, bytes.data, bytes.len, &sent);
    if (code != CURLE_OK && code != CURLE_AGAIN)
        listen_for_last_word(c);
    return result_of(code, sent);
}

/* TLS 1.3 ends its handshake for us before the peer has looked at what we are;
 * that it will not have us arrives in place of an answer. */
static void note_alert(struct connection *c)
{
    if (!strstr(c->curl_text, " alert "))
        return;
    c->failure = OUTCOME_TLS;
    say_why(c, c->curl_text);
}

ssize_t connection_receive(struct connection *c, char *bytes, size_t n)
{
    size_t received = 0;
    CURLcode code;

    if (c->fd < 0)
        return CONNECTION_ERROR;
    if (!c->easy)
        return result_of_system(recv(c->fd, bytes, n, 0));
    code = curl_easy_recv(c->easy, bytes, n, &received);
    if (code != CURLE_OK && code != CURLE_AGAIN)
        note_alert(c);
    return result_of(code, received);
}

#include "tests/support/server.h"

#include <assert.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/http.h"
#include "core/http1.h"

enum { MAX_PEERS = 512, MAX_LOG = 64 * 1024 * 1024 };

struct peer {
    struct server *server;
    pthread_t thread;
    int fd;
    unsigned requests;
    atomic_bool ended; /* its place can be taken by another */
};

struct server {
    int listener, stop_fd, let_go_fd;
    const struct server_script *scripts;
    size_t n_scripts;
    char url[160], path[108];
    pthread_t acceptor;
    pthread_mutex_t lock;
    struct peer peers[MAX_PEERS];
    unsigned n_peers, n_connections, n_requests;
    struct buf log;
};

/* Like assert(), but also without debugging. */
static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* ---- what a script says ------------------------------------------------------- */

/* False when the server is stopping, the peer has gone, or somebody let go. */
static bool wait_readable(struct peer *p, int also)
{
    struct pollfd fds[] = {
        {.fd = p->fd, .events = POLLIN},
        {.fd = p->server->stop_fd, .events = POLLIN},
        {.fd = also, .events = POLLIN},
    };

    while (poll(fds, 3, -1) < 0)
        ;
    return !fds[1].revents && !fds[2].revents;
}

static bool send_all(struct peer *p, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(p->fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Until somebody lets go. False when the peer has gone or we stop. */
static bool hold(struct peer *p)
{
    char byte;

    while (wait_readable(p, p->server->let_go_fd)) {
        if (recv(p->fd, &byte, 1, 0) <= 0)
            return false;
    }
    return poll(&(struct pollfd){.fd = p->server->stop_fd, .events = POLLIN}, 1, 0) == 0;
}

static bool do_step(struct peer *p, const struct server_step *step)
{
    const struct linger reset = {.l_onoff = 1};
    size_t len = step->text ? strlen(step->text) : 0;

    switch (step->what) {
    case DO_SAY:
        return send_all(p, step->text, len);
    case DO_REPEAT:
        for (size_t i = 0; i < step->n; i++) {
            if (!send_all(p, step->text, len))
                return false;
        }
        return true;
    case DO_DRIP:
        for (size_t i = 0; i < len; i++) {
            if (!send_all(p, step->text + i, 1))
                return false;
        }
        return true;
    case DO_HOLD:
        return hold(p);
    case DO_RESET:
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return false;
    default:
        return false;
    }
}

/* Lingering close (RFC 9112, 9.6): close() with unread bytes would reset, and a
 * reset can overtake the answer. Read on until the peer has closed, too. */
static bool close_in_order(struct peer *p)
{
    char bytes[4096];

    shutdown(p->fd, SHUT_WR);
    while (wait_readable(p, -1) && recv(p->fd, bytes, sizeof bytes, 0) > 0)
        ;
    return false;
}

static bool follow(struct peer *p, const struct server_script *script)
{
    for (size_t i = 0; i < SERVER_MAX_STEPS && script->steps[i].what != DO_END; i++) {
        if (script->steps[i].what == DO_CLOSE)
            return close_in_order(p);
        if (!do_step(p, &script->steps[i]))
            return false;
    }
    return script->early ? close_in_order(p) : true;
}

static bool answer_properly(struct peer *p, struct str target)
{
    char answer[512];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %zu\r\n\r\nyou asked for %.*s",
                     target.len + 14, STR_ARG(str_head(target, 256)));

    return send_all(p, answer, (size_t)n);
}

static const struct server_script *script_for(const struct server *s, struct str path)
{
    for (size_t i = 0; i < s->n_scripts; i++) {
        if (str_eq(str_of(s->scripts[i].path), path) || strcmp(s->scripts[i].path, "*") == 0)
            return &s->scripts[i];
    }
    return NULL;
}

/* ---- connections ----------------------------------------------------------------- */

static void count_request(struct peer *p)
{
    pthread_mutex_lock(&p->server->lock);
    p->server->n_requests++;
    pthread_mutex_unlock(&p->server->lock);
    p->requests++;
}

/* True if the connection goes on. */
static bool serve(struct peer *p, struct str target)
{
    struct str path = str_head(target, str_find(target, '?'));
    const struct server_script *script = script_for(p->server, path);

    count_request(p);
    if (!script)
        return answer_properly(p, target);
    if (script->only_first && p->requests > 1)
        return close_in_order(p);
    return follow(p, script);
}

/* One event of the framer. False ends the connection. */
static bool take_event(struct peer *p, enum http1_event event, struct str piece, char *target,
                       size_t room)
{
    const struct server_script *script;
    struct http_request_line line;

    switch (event) {
    case HTTP1_HEAD:
        must(http_request_line(piece, &line), "request line");
        snprintf(target, room, "%.*s", STR_ARG(line.target));
        script = script_for(p->server, str_of(target));
        return script && script->early ? serve(p, str_of(target)) : true;
    case HTTP1_DATA:
        return true;
    case HTTP1_END:
        return serve(p, str_of(target));
    default:
        return false;
    }
}

static void note(struct server *s, struct str bytes)
{
    pthread_mutex_lock(&s->lock);
    must(buf_add(&s->log, bytes, NULL) == 0, "log");
    pthread_mutex_unlock(&s->lock);
}

static void *talk(void *arg)
{
    struct peer *p = arg;
    char bytes[16 * 1024], target[1024] = "";
    struct http1 framer;
    struct str in, piece;
    enum http1_event event;
    bool goes_on = true;
    ssize_t n;

    http1_init(&framer, HTTP1_REQUESTS);
    while (goes_on && wait_readable(p, -1)) {
        n = recv(p->fd, bytes, sizeof bytes, 0);
        if (n <= 0)
            break;
        in = str_from(bytes, (size_t)n);
        note(p->server, in);
        while (goes_on && (event = http1_next(&framer, &in, &piece)) != HTTP1_MORE)
            goes_on = take_event(p, event, piece, target, sizeof target);
    }
    http1_release(&framer);
    close(p->fd);
    atomic_store(&p->ended, true);
    return NULL;
}

static struct peer *place_for_peer(struct server *s)
{
    for (unsigned i = 0; i < s->n_peers; i++) {
        if (atomic_load(&s->peers[i].ended)) {
            pthread_join(s->peers[i].thread, NULL);
            return &s->peers[i];
        }
    }
    must(s->n_peers < MAX_PEERS, "too many connections for a test");
    return &s->peers[s->n_peers++];
}

static void *accept_all(void *arg)
{
    struct server *s = arg;
    struct pollfd fds[] = {{.fd = s->listener, .events = POLLIN},
                           {.fd = s->stop_fd, .events = POLLIN}};
    const int one = 1;

    for (;;) {
        struct peer *p;
        int fd;

        while (poll(fds, 2, -1) < 0)
            ;
        if (fds[1].revents)
            return NULL;
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        must(fd >= 0, "accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_mutex_lock(&s->lock);
        s->n_connections++;
        pthread_mutex_unlock(&s->lock);
        p = place_for_peer(s);
        p->server = s;
        p->fd = fd;
        p->requests = 0;
        atomic_store(&p->ended, false);
        must(pthread_create(&p->thread, NULL, talk, p) == 0, "thread");
    }
}

/* ---- start and stop ---------------------------------------------------------------- */

static void bind_to(struct server *s, int family, const char *path)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t len = sizeof v4;

    s->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(s->listener >= 0, "socket");
    if (family == AF_UNIX) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", path);
        snprintf(s->path, sizeof s->path, "%s", path);
        snprintf(s->url, sizeof s->url, "unix:%s", path);
        unlink(path);
        must(bind(s->listener, (struct sockaddr *)&local, sizeof local) == 0, "bind");
    } else if (family == AF_INET6) {
        len = sizeof v6;
        must(bind(s->listener, (struct sockaddr *)&v6, len) == 0, "bind");
        getsockname(s->listener, (struct sockaddr *)&v6, &len);
        snprintf(s->url, sizeof s->url, "http://[::1]:%u", ntohs(v6.sin6_port));
    } else {
        must(bind(s->listener, (struct sockaddr *)&v4, len) == 0, "bind");
        getsockname(s->listener, (struct sockaddr *)&v4, &len);
        snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(v4.sin_port));
    }
    must(listen(s->listener, MAX_PEERS) == 0, "listen");
}

struct server *server_start(int family, const char *path, const struct server_script *scripts,
                            size_t n_scripts)
{
    struct server *s = calloc(1, sizeof *s);

    must(s != NULL, "memory");
    s->scripts = scripts;
    s->n_scripts = n_scripts;
    s->stop_fd = eventfd(0, EFD_CLOEXEC);
    s->let_go_fd = eventfd(0, EFD_CLOEXEC);
    must(s->stop_fd >= 0 && s->let_go_fd >= 0, "eventfd");
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->log, MAX_LOG);
    bind_to(s, family, path);
    must(pthread_create(&s->acceptor, NULL, accept_all, s) == 0, "thread");
    return s;
}

const char *server_url(const struct server *s)
{
    return s->url;
}

/* Nobody reads these, so they stay readable. */
static void raise_flag(int fd)
{
    const uint64_t one = 1;

    must(write(fd, &one, sizeof one) == sizeof one, "eventfd");
}

void server_let_go(struct server *s)
{
    raise_flag(s->let_go_fd);
}

unsigned server_requests(struct server *s)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = s->n_requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

unsigned server_connections(struct server *s)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = s->n_connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const char *server_log(struct server *s)
{
    const char *log;

    pthread_mutex_lock(&s->lock);
    log = s->log.data ? s->log.data : "";
    pthread_mutex_unlock(&s->lock);
    return log;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    raise_flag(s->stop_fd);
    pthread_join(s->acceptor, NULL);
    for (unsigned i = 0; i < s->n_peers; i++)
        pthread_join(s->peers[i].thread, NULL);
    close(s->listener);
    close(s->stop_fd);
    close(s->let_go_fd);
    if (s->path[0])
        unlink(s->path);
    buf_release(&s->log);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Bound but not listening: connecting is refused, and nobody else gets it. */
int server_refuse(char *url, size_t room)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof v4;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (struct sockaddr *)&v4, len) == 0, "bind");
    getsockname(fd, (struct sockaddr *)&v4, &len);
    snprintf(url, room, "http://127.0.0.1:%u", ntohs(v4.sin_port));
    return fd;
}

void server_unrefuse(int fd)
{
    close(fd);
}

unsigned server_count_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    must(d != NULL, "/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

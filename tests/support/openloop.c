#include "tests/support/openloop.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

enum { EVENTS = 64, INPUT = 256 * 1024, PATIENCE_MS = 10000 };

struct client {
    int fd;
    int64_t due;    /* of the request under way */
    size_t missing; /* bytes of its answer; 0 while idle */
};

struct run {
    const struct openloop *config;
    struct openloop_result *result;
    struct client *clients;
    unsigned *idle; /* numbers of clients without a request */
    unsigned n_idle;
    int epoll;
    size_t answer_len;
    int64_t start;
    uint64_t total; /* requests of the whole run */
    char input[INPUT];
};

static int64_t due_time(const struct run *run, uint64_t number)
{
    return run->start + (int64_t)(number * (uint64_t)NS_PER_SEC / run->config->rate);
}

static int broken(const struct run *run, struct err *e)
{
    return err_set(e, ERR_IO, "127.0.0.1:%u: %s", run->config->port,
                   errno ? strerror(errno) : "closed");
}

static int connect_to(const struct run *run, struct client *c, struct err *e)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(run->config->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN};
    const int one = 1;

    event.data.u32 = (uint32_t)(c - run->clients);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
        return broken(run, e);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0 ? broken(run, e) : 0;
}

static int send_request(struct run *run, struct client *c, struct err *e)
{
    uint64_t number = run->result->sent++;
    char text[OPENLOOP_REQUEST], end[32];
    int n = snprintf(text, sizeof text, "GET /items/%llu HTTP/1.1\r\nHost: localhost\r\nX-Fill: ",
                     (unsigned long long)number);

    memset(text + n, 'x', sizeof text - (size_t)n);
    n = snprintf(end, sizeof end, "\r\nX-Id: %016llu\r\n\r\n", (unsigned long long)number);
    memcpy(text + sizeof text - (size_t)n, end, (size_t)n);
    c->due = due_time(run, number);
    if (run->start) /* and not to learn */
        hist_add(&run->result->lateness, clock_mono_ns() - c->due);
    c->missing = run->answer_len;
    errno = 0;
    return send(c->fd, text, sizeof text, MSG_NOSIGNAL) == sizeof text ? 0 : broken(run, e);
}

/* How long is an answer? The first request of all tells. */
static int learn(struct run *run, struct client *c, struct err *e)
{
    const char *end = NULL, *length;
    size_t have = 0;
    ssize_t n;

    if (send_request(run, c, e) < 0)
        return -1;
    while (!end && have < INPUT - 1) {
        n = recv(c->fd, run->input + have, INPUT - 1 - have, 0);
        if (n <= 0)
            return broken(run, e);
        have += (size_t)n;
        run->input[have] = '\0';
        end = strstr(run->input, "\r\n\r\n");
    }
    length = end ? strstr(run->input, "Content-Length: ") : NULL;
    if (!length)
        return err_set(e, ERR_IO, "the answer has no Content-Length");
    run->answer_len = (size_t)(end + 4 - run->input) + strtoul(length + 16, NULL, 10);
    for (c->missing = run->answer_len - have; c->missing > 0; c->missing -= (size_t)n) {
        n = recv(c->fd, run->input, c->missing < INPUT ? c->missing : INPUT, 0);
        if (n <= 0)
            return broken(run, e);
    }
    run->result->answered++;
    return 0;
}

static int receive(struct run *run, struct client *c, struct err *e)
{
    ssize_t n = recv(c->fd, run->input, INPUT, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0 || (size_t)n > c->missing) {
        errno = n < 0 ? errno : 0;
        return broken(run, e);
    }
    c->missing -= (size_t)n;
    if (c->missing > 0)
        return 0;
    run->result->answered++;
    hist_add(&run->result->latency, clock_mono_ns() - c->due);
    run->idle[run->n_idle++] = (unsigned)(c - run->clients);
    return 0;
}

static int send_due(struct run *run, struct err *e)
{
    while (run->n_idle > 0 && run->result->sent < run->total &&
           due_time(run, run->result->sent) <= clock_mono_ns()) {
        if (send_request(run, &run->clients[run->idle[--run->n_idle]], e) < 0)
            return -1;
    }
    return 0;
}

/* Wait for answers, no longer than until the next request is due. */
static int wait_and_receive(struct run *run, struct err *e)
{
    struct epoll_event events[EVENTS];
    int64_t wait = PATIENCE_MS * NS_PER_MS;
    struct timespec timeout;
    int n;

    if (run->n_idle > 0 && run->result->sent < run->total)
        wait = due_time(run, run->result->sent) - clock_mono_ns();
    wait = wait < 0 ? 0 : wait;
    timeout = (struct timespec){wait / NS_PER_SEC, wait % NS_PER_SEC};
    n = epoll_pwait2(run->epoll, events, EVENTS, &timeout, NULL);
    if (n < 0 && errno != EINTR)
        return broken(run, e);
    if (n == 0 && wait == PATIENCE_MS * NS_PER_MS)
        return err_set(e, ERR_IO, "127.0.0.1:%u: no answer", run->config->port);
    for (int i = 0; i < n; i++) {
        if (receive(run, &run->clients[events[i].data.u32], e) < 0)
            return -1;
    }
    return 0;
}

static int run_schedule(struct run *run, struct err *e)
{
    unsigned n = run->config->connections;

    for (unsigned i = 0; i < n; i++) {
        if (connect_to(run, &run->clients[i], e) < 0)
            return -1;
        run->idle[run->n_idle++] = n - 1 - i;
    }
    if (learn(run, &run->clients[0], e) < 0)
        return -1;
    run->start = clock_mono_ns();
    while (run->result->answered < run->total) {
        if (send_due(run, e) < 0 || wait_and_receive(run, e) < 0)
            return -1;
    }
    return 0;
}

int openloop_run(const struct openloop *o, struct openloop_result *r, struct err *e)
{
    struct run *run = calloc(1, sizeof *run);
    int rc = -1;

    *r = (struct openloop_result){0};
    if (!run)
        return err_nomem(e, "a load");
    run->config = o;
    run->result = r;
    run->total = (uint64_t)o->rate * (uint64_t)o->duration_ns / (uint64_t)NS_PER_SEC;
    run->clients = calloc(o->connections, sizeof *run->clients);
    run->idle = calloc(o->connections, sizeof *run->idle);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    /* Sleep to the microsecond, not to the next 50 of them. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (run->clients && run->idle && run->epoll >= 0)
        rc = run_schedule(run, e);
    else
        err_nomem(e, "a load");
    for (unsigned i = 0; run->clients && i < o->connections; i++) {
        if (run->clients[i].fd > 0)
            close(run->clients[i].fd);
    }
    close(run->epoll);
    free(run->clients);
    free(run->idle);
    free(run);
    return rc;
}

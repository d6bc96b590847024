#include "tests/support/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS = 256, AT_ONCE = 64 * 1024, MOST = 64 << 20 };

static int epoll;
static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

static int listen_on(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 4096) < 0)
        return -1;
    getsockname(fd, (struct sockaddr *)&address, &len);
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static int start_timer(long tick_us)
{
    const struct timespec every = {tick_us / 1000000, tick_us % 1000000 * 1000};
    const struct itimerspec when = {every, every};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    timerfd_settime(fd, 0, &when, NULL);
    return fd;
}

static void watch(struct guest *g, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = g};

    if (epoll_ctl(epoll, how, g->fd, &event) < 0)
        abort();
}

static void accept_all(int listener)
{
    static unsigned long accepted;
    const int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct guest *g = calloc(1, sizeof *g);

        if (!g)
            abort();
        g->fd = fd;
        g->number = ++accepted;
        buf_init(&g->in, MOST);
        buf_init(&g->out, MOST);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(g, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void flush(struct guest *g)
{
    while (g->out.len && !g->over) {
        ssize_t n = send(g->fd, g->out.data, g->out.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            break;
        g->over = n < 0;
        buf_consume(&g->out, n < 0 ? 0 : (size_t)n);
    }
    if (!g->over && g->wants_out != (g->out.len > 0)) {
        g->wants_out = g->out.len > 0;
        watch(g, EPOLL_CTL_MOD, g->wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

void guest_say(struct guest *g, struct str bytes)
{
    if (buf_add(&g->out, bytes, NULL) < 0)
        abort();
    flush(g);
}

static void receive(struct guest *g, const struct serve *s)
{
    ssize_t n;

    if (buf_reserve(&g->in, AT_ONCE, NULL) < 0)
        abort();
    n = recv(g->fd, g->in.data + g->in.len, AT_ONCE, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    g->over |= n < 0;
    g->ended |= n <= 0;
    g->in.len += n > 0 ? (size_t)n : 0;
    s->came(g);
}

static void finish(struct guest *g)
{
    close(g->fd);
    buf_release(&g->in);
    buf_release(&g->out);
    free(g->visit);
    free(g);
}

static void handle(struct guest *g, uint32_t events, const struct serve *s)
{
    if (events & EPOLLOUT)
        flush(g);
    if (events & ~(uint32_t)EPOLLOUT)
        receive(g, s);
    if (g->over || g->ended)
        finish(g);
}

int serve(unsigned port, const struct serve *s)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct guest listener = {.fd = listen_on(port)}, timer = {.fd = -1};
    struct epoll_event events[EVENTS];
    uint64_t ticks;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (listener.fd < 0 || epoll < 0) {
        perror("cannot serve");
        return 1;
    }
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    if (s->tick_us) {
        timer.fd = start_timer(s->tick_us);
        watch(&timer, EPOLL_CTL_ADD, EPOLLIN);
    }
    while (!told_to_end) {
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            struct guest *g = events[i].data.ptr;

            if (g == &listener)
                accept_all(g->fd);
            else if (g != &timer)
                handle(g, events[i].events, s);
            else if (read(timer.fd, &ticks, sizeof ticks) > 0)
                s->tick();
        }
    }
    return 0;
}

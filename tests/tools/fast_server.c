/* A server that costs next to nothing, for measuring what stands around it: one
 * thread, keep-alive, every request gets the same answer. It looks for the end
 * of a head and no further, so it takes requests without a body.
 *
 *     fast_server [PORT [BYTES]]
 *
 * Prints the port it listens on, answers with BYTES (1024) of content, and when
 * it is told to end prints `answered N`. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY = 1024, EVENTS = 256, INPUT = 16 * 1024, MAX_FD = 65536 };

struct client {
    unsigned seen; /* of "\r\n\r\n", how much the last bytes were */
    uint64_t owed; /* bytes of answers still to be sent */
    bool full;     /* the socket takes no more at the moment */
};

static int epoll;
static char *answer;
static size_t answer_len;
static struct client clients[MAX_FD];
static uint64_t answered;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void make_answer(size_t body)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nServer: fast\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     body);

    answer_len = (size_t)n + body;
    answer = malloc(answer_len);
    if (!answer)
        exit(1);
    memcpy(answer, head, (size_t)n);
    memset(answer + n, 'x', body);
}

static int listen_on(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 4096) < 0) {
        perror("fast_server");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &len);
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static unsigned count_heads(struct client *c, const char *bytes, ssize_t n)
{
    static const char end[] = "\r\n\r\n";
    unsigned heads = 0, at = c->seen;

    for (ssize_t i = 0; i < n; i++) {
        at = bytes[i] == end[at] ? at + 1 : bytes[i] == '\r';
        if (at == 4) {
            heads++;
            at = 0;
        }
    }
    c->seen = at;
    return heads;
}

static void watch(int fd, int what, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    epoll_ctl(epoll, what, fd, &event);
}

/* Send what is owed, as far as the socket takes it. False when the connection
 * is over. */
static bool pay(int fd, struct client *c)
{
    bool full = false;

    while (c->owed > 0 && !full) {
        size_t rest = (size_t)((c->owed - 1) % answer_len) + 1; /* of the current answer */
        ssize_t n = send(fd, answer + answer_len - rest, rest, MSG_NOSIGNAL);
        full = n < 0;
        if (full && errno != EAGAIN)
            return false;
        c->owed -= full ? 0 : (uint64_t)n;
        answered += (size_t)n == rest;
    }
    if (full != c->full)
        watch(fd, EPOLL_CTL_MOD, full ? EPOLLOUT : EPOLLIN);
    c->full = full;
    return true;
}

/* False when the connection is over. */
static bool serve(int fd)
{
    struct client *c = &clients[fd];
    char bytes[INPUT];
    ssize_t n;

    if (c->full)
        return pay(fd, c);
    n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        return false;
    c->owed += answer_len * count_heads(c, bytes, n);
    return pay(fd, c);
}

static void accept_all(int listener)
{
    const int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FD) {
            close(fd);
            continue;
        }
        clients[fd] = (struct client){0};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    int listener = listen_on(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0);
    struct epoll_event events[EVENTS];

    epoll = epoll_create1(0);
    make_answer(argc > 2 ? strtoul(argv[2], NULL, 10) : BODY);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    while (!ended) {
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == listener)
                accept_all(listener);
            else if (!serve(fd))
                close(fd);
        }
    }
    printf("answered %llu\n", (unsigned long long)answered);
    return 0;
}

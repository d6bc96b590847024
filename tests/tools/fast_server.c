/* A server that costs next to nothing, for measuring what stands around it: one
 * thread, keep-alive, answers that differ in nothing but what they echo: where a
 * request's last header line is "X-Id: " with 16 characters, they stand in the
 * answer's head and at both ends of its content, which is JSON, so that a test can
 * tell whose answer it has, and that it has all of it. Takes requests without a body.
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

enum { BODY = 1024, LEAST = 128, ID = 16, EVENTS = 256, INPUT = 16 * 1024 };

struct client {
    int fd;
    size_t have;       /* bytes in `input` */
    bool answering;    /* an answer is under way */
    size_t sent;       /* bytes of it */
    uint32_t watching; /* for these events */
    char id[ID];
    char input[INPUT];
};

static int epoll;
static char *answer;
static size_t answer_len;
static char *answer_id[3]; /* where the id stands */
static uint64_t answered;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static char *put(char *at, const char *text)
{
    size_t n = strlen(text);

    memcpy(at, text, n);
    return at + n;
}

static void make_answer(size_t body)
{
    static const char before[] = "{\"id\":\"", between[] = "\",\"title\":\"";
    static const char behind[] = "\",\"id\":\"", end[] = "\"}\n";
    size_t title = body - strlen(before) - strlen(between) - strlen(behind) - strlen(end);
    char head[256];
    char *at;
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nServer: fast\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\nX-Id: %0*d\r\n\r\n",
                     body, ID, 0);

    answer_len = (size_t)n + body;
    answer = malloc(answer_len);
    if (!answer || body < LEAST)
        exit(1);
    at = put(answer, head);
    answer_id[0] = at - 4 - ID;
    at = put(at, before);
    answer_id[1] = at;
    at = put(at + ID, between);
    memset(at, 'x', title - (size_t)2 * ID);
    at = put(at + title - (size_t)2 * ID, behind);
    answer_id[2] = at;
    put(at + ID, end);
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

static void watch(struct client *c, int what, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (c->watching != events)
        epoll_ctl(epoll, what, c->fd, &event);
    c->watching = events;
}

/* Take a whole request off the input. False if there is none. */
static bool next_request(struct client *c)
{
    static const char name[] = "X-Id: ";
    const size_t line = sizeof name - 1 + ID;
    char *end = memmem(c->input, c->have, "\r\n\r\n", 4);

    if (!end)
        return false;
    memset(c->id, '0', ID);
    if ((size_t)(end - c->input) >= line && memcmp(end - line, name, sizeof name - 1) == 0)
        memcpy(c->id, end - ID, ID);
    end += 4;
    c->have -= (size_t)(end - c->input);
    memmove(c->input, end, c->have);
    c->answering = true;
    c->sent = 0;
    return true;
}

/* Send as much of the answer as the socket takes. False when the connection is
 * over. */
static bool send_answer(struct client *c)
{
    ssize_t n;

    for (size_t i = 0; i < sizeof answer_id / sizeof *answer_id; i++)
        memcpy(answer_id[i], c->id, ID);
    n = send(c->fd, answer + c->sent, answer_len - c->sent, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN;
    c->sent += (size_t)n;
    c->answering = c->sent < answer_len;
    answered += !c->answering;
    return true;
}

/* False when the connection is over. */
static bool serve(struct client *c)
{
    if (!c->answering) {
        ssize_t n = recv(c->fd, c->input + c->have, INPUT - c->have, 0);
        if (n <= 0)
            return false;
        c->have += (size_t)n;
    }
    while (c->answering || next_request(c)) {
        if (!send_answer(c))
            return false;
        if (c->answering)
            break;
    }
    watch(c, EPOLL_CTL_MOD, c->answering ? EPOLLOUT : EPOLLIN);
    return true;
}

static void accept_all(int listener)
{
    const int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct client *c = calloc(1, sizeof *c);

        if (!c)
            exit(1);
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void finish(struct client *c)
{
    close(c->fd);
    free(c);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct client listener = {.fd = listen_on(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0)};
    struct epoll_event events[EVENTS];

    epoll = epoll_create1(0);
    make_answer(argc > 2 ? strtoul(argv[2], NULL, 10) : BODY);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    while (!ended) {
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (c == &listener)
                accept_all(c->fd);
            else if (!serve(c))
                finish(c);
        }
    }
    printf("answered %llu\n", (unsigned long long)answered);
    return 0;
}

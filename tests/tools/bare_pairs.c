/* The least that a client of two servers costs, for benches to measure against:
 *
 *     bare_pairs PORT[,PORT] PLACES MILLISECONDS [FILE]
 *
 * Bare sockets and epoll. PLACES pairs are under way, each with a kept-alive
 * connection to either port of 127.0.0.1; when both answers are in, the next
 * begins. With one port it is single requests. Looks for nothing in the answers
 * but their length, and keeps nothing, or their bytes in FILE. Prints `done N SECONDS PER_SECOND`, and
 * the processor's microseconds for each. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

enum { EVENTS = 64, INPUT = 64 * 1024, KEPT = 256 * 1024, MOST_PLACES = 65536 };

static const char request[] =
    "GET /movies/17?id=123456 HTTP/1.1\r\nHost: movies.example:3000\r\n"
    "User-Agent: bench/1.0\r\nAccept: application/json\r\nX-Mirrorctl: 1\r\n\r\n";

struct place {
    int fd[2];
    size_t missing[2]; /* bytes of the answer */
    unsigned open;     /* answers that are not in */
};

static unsigned ports[2], n_ports;
static size_t answer_len;
static int epoll, file = -1;
static char input[INPUT], kept[KEPT];
static size_t n_kept;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(unsigned port, uint64_t tag)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = tag};
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("bare_pairs: connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

static void send_request(int fd)
{
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        die("bare_pairs: send");
}

static ssize_t receive(int fd, int flags)
{
    ssize_t n = recv(fd, input, sizeof input, flags);

    if (n <= 0)
        die("bare_pairs: recv");
    return n;
}

/* All answers are as long as the first. */
static void learn_length(unsigned port)
{
    int fd = connect_to(port, 0);
    const char *head_end = NULL, *length;
    size_t have = 0;

    send_request(fd);
    while (!head_end) {
        have += (size_t)receive(fd, 0);
        head_end = memmem(input, have, "\r\n\r\n", 4);
    }
    length = memmem(input, (size_t)(head_end - input), "Content-Length: ", 16);
    if (!length)
        die("bare_pairs: no length");
    answer_len = (size_t)(head_end + 4 - input) + strtoul(length + 16, NULL, 10);
    close(fd);
}

static void begin(struct place *p)
{
    for (p->open = 0; p->open < n_ports; p->open++) {
        p->missing[p->open] = answer_len;
        send_request(p->fd[p->open]);
    }
}

static void keep(size_t n)
{
    if (n_kept + n > sizeof kept) {
        if (write(file, kept, n_kept) != (ssize_t)n_kept)
            die("bare_pairs: write");
        n_kept = 0;
    }
    memcpy(kept + n_kept, input, n);
    n_kept += n;
}

static void take(struct place *p, unsigned which, unsigned long *done)
{
    size_t n = (size_t)receive(p->fd[which], MSG_DONTWAIT);

    if (file >= 0)
        keep(n);
    p->missing[which] -= n;
    if (p->missing[which] > 0 || --p->open > 0)
        return;
    ++*done;
    begin(p);
}

static double processor_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void run(struct place *places, unsigned n, int64_t ms)
{
    struct epoll_event events[EVENTS];
    double processor = processor_seconds(), seconds;
    int64_t start = clock_mono_ns(), now = start;
    unsigned long done = 0;

    for (unsigned i = 0; i < n; i++)
        begin(&places[i]);
    while (now < start + ms * NS_PER_MS) {
        int got = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < got; i++)
            take(&places[events[i].data.u64 / 2], events[i].data.u64 % 2, &done);
        now = clock_mono_ns();
    }
    seconds = (double)(now - start) / (double)NS_PER_SEC;
    printf("done %lu %.3f %.0f %.2f\n", done, seconds, (double)done / seconds,
           (processor_seconds() - processor) * 1e6 / (double)done);
}

int main(int argc, char **argv)
{
    unsigned n = argc == 4 || argc == 5 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct place *places = n && n <= MOST_PLACES ? calloc(n, sizeof *places) : NULL;
    char *second = places ? strchr(argv[1], ',') : NULL;

    if (!places) {
        fprintf(stderr, "usage: bare_pairs PORT[,PORT] PLACES MILLISECONDS [FILE]\n");
        return 2;
    }
    ports[n_ports++] = (unsigned)strtoul(argv[1], NULL, 10);
    if (second)
        ports[n_ports++] = (unsigned)strtoul(second + 1, NULL, 10);
    if (argc == 5 && (file = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
        die("bare_pairs: open");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    learn_length(ports[0]);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < n_ports; k++)
            places[i].fd[k] = connect_to(ports[k], (uint64_t)i * 2 + k);
    }
    run(places, n, strtol(argv[3], NULL, 10));
    return 0;
}

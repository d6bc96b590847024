/* A server that costs next to nothing, for measuring clients: one thread, keep-
 * alive, every request gets the same 1 KB. It looks for the end of a head and
 * no further, so it takes requests without a body.
 *
 *     fast_server [PORT]     prints the port it listens on */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY = 1024, EVENTS = 256, INPUT = 16 * 1024, MAX_FD = 65536 };

static char answer[BODY + 256];
static size_t answer_len;
static unsigned char seen[MAX_FD]; /* of "\r\n\r\n", how much the last bytes were */

static void make_answer(void)
{
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 200 OK\r\nServer: fast\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %d\r\n\r\n",
                     BODY);

    memset(answer + n, 'x', BODY);
    answer_len = (size_t)n + BODY;
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

static unsigned count_heads(int fd, const char *bytes, ssize_t n)
{
    static const char end[] = "\r\n\r\n";
    unsigned heads = 0, at = seen[fd];

    for (ssize_t i = 0; i < n; i++) {
        at = bytes[i] == end[at] ? at + 1 : bytes[i] == '\r';
        if (at == 4) {
            heads++;
            at = 0;
        }
    }
    seen[fd] = (unsigned char)at;
    return heads;
}

/* False when the connection is over. */
static bool serve(int fd)
{
    char bytes[INPUT];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    unsigned heads;

    if (n <= 0)
        return false;
    for (heads = count_heads(fd, bytes, n); heads > 0; heads--) {
        if (send(fd, answer, answer_len, MSG_NOSIGNAL) != (ssize_t)answer_len)
            return false;
    }
    return true;
}

static void accept_all(int epoll, int listener)
{
    const int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        if (fd >= MAX_FD) {
            close(fd);
            continue;
        }
        seen[fd] = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv)
{
    int listener = listen_on(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0);
    int epoll = epoll_create1(0);
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN, .data.fd = listener}};

    make_answer();
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == listener)
                accept_all(epoll, listener);
            else if (!serve(fd))
                close(fd);
        }
    }
}

#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_TUNNELS = 64, LOG = 16 * 1024, HEAD = 4096 };

struct tunnel {
    struct proxy_server *proxy;
    int client;
};

struct proxy_server {
    int listener;
    unsigned port, status;
    const char *text;
    pthread_t acceptor, threads[MAX_TUNNELS];
    struct tunnel tunnels[MAX_TUNNELS];
    unsigned n_threads;
    atomic_uint opened;
    pthread_mutex_t lock;
    char log[LOG];
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static void note(struct proxy_server *p, const char *text)
{
    size_t n;

    pthread_mutex_lock(&p->lock);
    n = strlen(p->log);
    snprintf(p->log + n, sizeof p->log - n, "%s", text);
    pthread_mutex_unlock(&p->lock);
}

static bool take(int fd, void *bytes, size_t n)
{
    return recv(fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

static bool say(int fd, const void *bytes, size_t n)
{
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* ---- where to ---------------------------------------------------------------------- */

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &all) != 0)
        return -1;
    for (struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    return fd;
}

/* "CONNECT host:port HTTP/1.1" and its fields, the first byte of which was read. */
static int open_http(struct proxy_server *p, int client, char first)
{
    char head[HEAD] = {first}, answer[256], host[256] = "", port[16] = "";
    unsigned status = p->status ? p->status : 200;
    size_t n = 1;
    int fd = -1;

    while (n + 1 < sizeof head && !strstr(head, "\r\n\r\n") && take(client, head + n, 1))
        n++;
    note(p, head);
    if (sscanf(head, "CONNECT %255[^:]:%15[0-9] HTTP/1.1", host, port) != 2)
        status = 400;
    if (status == 200 && (fd = connect_to(host, port)) < 0)
        status = 502;
    snprintf(answer, sizeof answer, "HTTP/1.1 %u Said\r\n\r\n%s", status, p->text);
    if (!say(client, answer, strlen(answer)) && fd >= 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* RFC 1928: the greeting, the first byte of which was read, and one request. */
static int open_socks(struct proxy_server *p, int client)
{
    unsigned char b[4], name_len = 4, address[256] = {0}, port[2];
    char host[256] = "", number[16], line[300];
    int fd;

    if (!take(client, b, 1) || !take(client, address, b[0]) || !say(client, "\5\0", 2) ||
        !take(client, b, 4))
        return -1;
    if (b[3] == 3 && !take(client, &name_len, 1))
        return -1;
    if (!take(client, address, name_len) || !take(client, port, 2))
        return -1;
    if (b[3] == 3)
        snprintf(host, sizeof host, "%.*s", name_len, (char *)address);
    else
        inet_ntop(AF_INET, address, host, sizeof host);
    snprintf(number, sizeof number, "%u", port[0] * 256u + port[1]);
    snprintf(line, sizeof line, "SOCKS5 %s:%s\n", host, number);
    note(p, line);
    fd = connect_to(host, number);
    say(client, fd < 0 ? "\5\5\0\1\0\0\0\0\0\0" : "\5\0\0\1\0\0\0\0\0\0", 10);
    return fd;
}

/* ---- tunnels ------------------------------------------------------------------------- */

static bool pass_on(int from, int to)
{
    char bytes[16 * 1024];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);

    return n > 0 && say(to, bytes, (size_t)n);
}

static void *serve(void *arg)
{
    const struct tunnel *t = arg;
    struct pollfd fds[2] = {{.fd = t->client, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    char first;

    if (take(t->client, &first, 1))
        fds[1].fd =
            first == 5 ? open_socks(t->proxy, t->client) : open_http(t->proxy, t->client, first);
    if (fds[1].fd >= 0) {
        bool alive = true;

        atomic_fetch_add(&t->proxy->opened, 1);
        while (alive && poll(fds, 2, -1) > 0) {
            for (int i = 0; i < 2 && alive; i++)
                alive = !fds[i].revents || pass_on(fds[i].fd, fds[!i].fd);
        }
        close(fds[1].fd);
    }
    close(t->client);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct proxy_server *p = arg;
    int fd;

    while ((fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        unsigned i = p->n_threads;

        must(i < MAX_TUNNELS, "too many tunnels");
        p->tunnels[i] = (struct tunnel){p, fd};
        must(pthread_create(&p->threads[i], NULL, serve, &p->tunnels[i]) == 0, "thread");
        p->n_threads++;
    }
    return NULL;
}

static struct proxy_server *start(unsigned status, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct proxy_server *p = calloc(1, sizeof *p);
    socklen_t len = sizeof v4;

    must(p != NULL, "memory");
    p->status = status;
    p->text = text;
    pthread_mutex_init(&p->lock, NULL);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(p->listener >= 0 && bind(p->listener, (struct sockaddr *)&v4, len) == 0 &&
             listen(p->listener, 64) == 0,
         "listen");
    getsockname(p->listener, (struct sockaddr *)&v4, &len);
    p->port = ntohs(v4.sin_port);
    must(pthread_create(&p->acceptor, NULL, accept_all, p) == 0, "thread");
    return p;
}

struct proxy_server *proxy_server_start(unsigned status)
{
    return start(status, "");
}

struct proxy_server *proxy_server_start_hasty(const char *text)
{
    return start(0, text);
}

unsigned proxy_server_port(const struct proxy_server *p)
{
    return p->port;
}

const char *proxy_server_log(struct proxy_server *p)
{
    return p->log;
}

unsigned proxy_server_tunnels(struct proxy_server *p)
{
    return atomic_load(&p->opened);
}

void proxy_server_stop(struct proxy_server *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    for (unsigned i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    close(p->listener);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

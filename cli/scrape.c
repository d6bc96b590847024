/* One thread, poll(), and a fixed number of guests. A guest is read until its
 * head is whole, is answered once, and is then drained for a moment: closing a
 * socket with unread bytes would take the answer back (RFC 9112, 9.6). */
#include "cli/scrape.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/http.h"
#include "core/mem.h"
#include "core/thread.h"

enum {
    GUESTS = 8,
    BACKLOG = 128,
    HEAD_MAX = 4096,
    PAGE_MAX = 1024 * 1024,
    ANSWER_MAX = PAGE_MAX + 1024,
    DRAIN_MAX = 64 * 1024,
    ADDRESS_MAX = 256,
};

/* For a request and its answer, and to be drained. */
static const int64_t patience_ns = 5 * NS_PER_SEC;
static const int64_t farewell_ns = NS_PER_SEC;
/* How long nobody is let in when that failed, as where descriptors are short. */
static const int64_t pause_ns = NS_PER_SEC;

struct guest {
    int fd; /* -1: nobody */
    int64_t deadline_ns;
    char head[HEAD_MAX];
    size_t n;
    struct buf answer; /* empty: not decided yet */
    size_t sent, drained;
    bool leaving; /* answered */
};

struct scrape {
    int listener, wake;
    int64_t pause_until_ns;
    pthread_t thread;
    bool running;
    const char *type;
    char url[ADDRESS_MAX + 32];
    pthread_mutex_t lock;
    struct buf page; /* under the lock */
    struct guest guests[GUESTS];
};

/* ---- answers ----------------------------------------------------------------- */

static int put_page(struct scrape *s, struct buf *out)
{
    int rc;

    pthread_mutex_lock(&s->lock);
    rc = buf_printf(out, NULL,
                    "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n",
                    s->type, s->page.len);
    if (rc == 0)
        rc = buf_add(out, buf_str(&s->page), NULL);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static int put_refusal(struct buf *out, const char *status, const char *more)
{
    return buf_printf(out, NULL,
                      "HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                      "Connection: close\r\n\r\n%s\n",
                      status, more, strlen(status) + 1, status);
}

/* Of a head, with the empty line; 0: it has not come yet. */
static size_t head_length(struct str bytes)
{
    const char *end = bytes.len ? memmem(bytes.data, bytes.len, "\r\n\r\n", 4) : NULL;

    return end ? (size_t)(end - bytes.data) + 4 : 0;
}

static int put_whole(struct scrape *s, const struct http_request_line *line, struct buf *out)
{
    /* A query is no other page, nor is the name by which we are asked. */
    if (!str_eq(http_target_path(line->target), STR("/metrics")))
        return put_refusal(out, "404 Not Found", "");
    if (!str_eq(line->method, STR("GET")) && !str_eq(line->method, STR("HEAD")))
        return put_refusal(out, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
    return put_page(s, out);
}

/* RFC 9110, 9.3.2: what HEAD is told is what GET would be, but for the content. */
static int put_answer(struct scrape *s, struct str head, struct buf *out)
{
    struct http_request_line line;
    int rc;

    if (!http_request_line(head, &line) || line.odd || line.version.len == 0)
        return put_refusal(out, "400 Bad Request", "");
    rc = put_whole(s, &line, out);
    if (rc == 0 && str_eq(line.method, STR("HEAD")))
        buf_cut(out, head_length(buf_str(out)));
    return rc;
}

/* ---- guests ------------------------------------------------------------------ */

static void dismiss(struct guest *g)
{
    close(g->fd);
    buf_release(&g->answer);
    g->fd = -1;
}

static void welcome(struct scrape *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (int i = 0; fd >= 0 && i < GUESTS; i++) {
        struct guest *g = &s->guests[i];

        if (g->fd >= 0)
            continue;
        *g = (struct guest){.fd = fd, .deadline_ns = clock_mono_ns() + patience_ns};
        buf_init(&g->answer, ANSWER_MAX);
        return;
    }
    if (fd >= 0)
        close(fd);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        s->pause_until_ns = clock_mono_ns() + pause_ns;
}

/* RFC 9112, 2.2: empty lines in front of a request are passed over. */
static struct str without_empty_lines(struct str in)
{
    while (str_starts(in, STR("\r\n")))
        in = str_skip(in, 2);
    return in;
}

/* True once there is an answer to send. False with the guest gone, or without:
 * then there is more to come. */
static bool hear(struct scrape *s, struct guest *g)
{
    ssize_t n = recv(g->fd, g->head + g->n, HEAD_MAX - g->n, 0);
    struct str head;
    int rc;

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            dismiss(g);
        return false;
    }
    g->n += (size_t)n;
    head = without_empty_lines(str_from(g->head, g->n));
    if (head_length(head))
        rc = put_answer(s, head, &g->answer);
    else if (g->n == HEAD_MAX)
        rc = put_refusal(&g->answer, "431 Request Header Fields Too Large", "");
    else
        return false;
    if (rc < 0)
        dismiss(g);
    return rc == 0;
}

static void tell(struct guest *g)
{
    ssize_t n = send(g->fd, g->answer.data + g->sent, g->answer.len - g->sent, MSG_NOSIGNAL);

    if (n < 0) {
        if (errno != EAGAIN)
            dismiss(g);
        return;
    }
    g->sent += (size_t)n;
    if (g->sent < g->answer.len)
        return;
    shutdown(g->fd, SHUT_WR);
    g->leaving = true;
    g->deadline_ns = clock_mono_ns() + farewell_ns;
}

static void drain(struct guest *g)
{
    char bytes[HEAD_MAX];
    ssize_t n = recv(g->fd, bytes, sizeof bytes, 0);

    if (n > 0)
        g->drained += (size_t)n;
    if (n == 0 || (n < 0 && errno != EAGAIN) || g->drained > DRAIN_MAX)
        dismiss(g);
}

static void serve(struct scrape *s, struct guest *g)
{
    if (g->leaving)
        drain(g);
    else if (g->answer.len || hear(s, g))
        tell(g);
}

/* ---- the thread -------------------------------------------------------------- */

/* What to wait for: to be ended, new guests while there is room, and those that
 * are here. Returns until when, in ms. */
static int prepare(struct scrape *s, struct pollfd polls[GUESTS + 2])
{
    int64_t now = clock_mono_ns(), until = INT64_MAX;
    bool room = false, paused = now < s->pause_until_ns;

    if (paused)
        until = s->pause_until_ns;
    for (int i = 0; i < GUESTS; i++) {
        struct guest *g = &s->guests[i];

        if (g->fd >= 0 && now >= g->deadline_ns)
            dismiss(g);
        room = room || g->fd < 0;
        if (g->fd >= 0 && g->deadline_ns < until)
            until = g->deadline_ns;
        polls[i] =
            (struct pollfd){.fd = g->fd, .events = g->answer.len && !g->leaving ? POLLOUT : POLLIN};
    }
    polls[GUESTS] = (struct pollfd){.fd = s->wake, .events = POLLIN};
    polls[GUESTS + 1] = (struct pollfd){.fd = room && !paused ? s->listener : -1, .events = POLLIN};
    return until == INT64_MAX ? -1 : (int)((until - now) / NS_PER_MS) + 1;
}

static void *run(void *arg)
{
    struct scrape *s = arg;
    struct pollfd polls[GUESTS + 2];

    for (;;) {
        int timeout = prepare(s, polls);

        if (poll(polls, GUESTS + 2, timeout) < 0)
            continue;
        if (polls[GUESTS].revents)
            return NULL;
        for (int i = 0; i < GUESTS; i++) {
            if (polls[i].revents)
                serve(s, &s->guests[i]);
        }
        if (polls[GUESTS + 1].revents)
            welcome(s);
    }
}

/* ---- opening ----------------------------------------------------------------- */

/* Cut "ADDR:PORT" in two. Without ADDR it is the loopback. */
static int split(char *address, const char **host, const char **port, struct err *e)
{
    char *colon = strrchr(address, ':');
    uint64_t n;

    *host = "127.0.0.1";
    *port = colon ? colon + 1 : address;
    if (!str_to_u64(str_of(*port), &n) || n > 65535)
        return err_set(e, ERR_USAGE, "\"%s\" does not end in a port", address);
    if (!colon || colon == address)
        return 0;
    *colon = '\0';
    *host = address;
    if (address[0] != '[')
        return 0;
    if (colon[-1] != ']')
        return err_set(e, ERR_USAGE, "\"%s\": no ] after the address", address);
    colon[-1] = '\0';
    *host = address + 1;
    return 0;
}

static int listen_on(const struct addrinfo *a)
{
    const int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void note_url(struct scrape *s)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof at;
    char host[ADDRESS_MAX] = "?", port[16] = "?";

    if (getsockname(s->listener, (struct sockaddr *)&at, &n) == 0)
        getnameinfo((struct sockaddr *)&at, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(s->url, sizeof s->url,
             at.ss_family == AF_INET6 ? "http://[%s]:%s/metrics" : "http://%s:%s/metrics", host,
             port);
}

static int bind_to(struct scrape *s, const char *address, struct err *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char text[ADDRESS_MAX];
    const char *host, *port;
    struct addrinfo *found;
    int rc;

    if (strlen(address) >= sizeof text)
        return err_set(e, ERR_USAGE, "the address is too long");
    snprintf(text, sizeof text, "%s", address);
    if (split(text, &host, &port, e) < 0)
        return -1;
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0)
        return err_set(e, ERR_USAGE, "%s: %s", address, gai_strerror(rc));
    for (const struct addrinfo *a = found; a && s->listener < 0; a = a->ai_next)
        s->listener = listen_on(a);
    if (s->listener < 0)
        err_set(e, ERR_USAGE, "%s: %s", address, strerror(errno));
    freeaddrinfo(found);
    return s->listener < 0 ? -1 : 0;
}

static int start(struct scrape *s, const char *address, struct err *e)
{
    if (bind_to(s, address, e) < 0)
        return -1;
    note_url(s);
    s->wake = eventfd(0, EFD_CLOEXEC);
    if (s->wake < 0)
        return err_set(e, ERR_IO, "cannot serve metrics: %s", strerror(errno));
    if (thread_start(&s->thread, run, s, e) < 0)
        return -1;
    s->running = true;
    return 0;
}

struct scrape *scrape_open(const char *address, const char *type, struct err *e)
{
    struct scrape *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "serving metrics");
        return NULL;
    }
    s->listener = s->wake = -1;
    s->type = type;
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->page, PAGE_MAX);
    for (int i = 0; i < GUESTS; i++)
        s->guests[i].fd = -1;
    if (start(s, address, e) == 0)
        return s;
    scrape_close(s);
    return NULL;
}

const char *scrape_url(const struct scrape *s)
{
    return s->url;
}

void scrape_publish(struct scrape *s, struct str page)
{
    pthread_mutex_lock(&s->lock);
    if (page.len <= PAGE_MAX &&
        (page.len <= s->page.len || buf_reserve(&s->page, page.len - s->page.len, NULL) == 0)) {
        buf_reset(&s->page);
        (void)buf_add(&s->page, page, NULL);
    }
    pthread_mutex_unlock(&s->lock);
}

void scrape_close(struct scrape *s)
{
    const uint64_t one = 1;

    if (!s)
        return;
    if (s->running && write(s->wake, &one, sizeof one) == sizeof one)
        pthread_join(s->thread, NULL);
    for (int i = 0; i < GUESTS; i++) {
        if (s->guests[i].fd >= 0)
            dismiss(&s->guests[i]);
    }
    if (s->listener >= 0)
        close(s->listener);
    if (s->wake >= 0)
        close(s->wake);
    buf_release(&s->page);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

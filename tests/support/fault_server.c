#include "tests/support/fault_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/http.h"
#include "core/http1.h"
#include "tests/support/fault.h"

/* ---- the server ------------------------------------------------------------------- */

enum { ID_DIGITS = 8, SAY_AT_ONCE = 64, CROWD = 16, DEFAULT_TICK_MS = 1 };

struct peer {
    struct fault_server *server;
    int fd;
    uint32_t watched;
    struct http1 framer;
    const struct fault *fault; /* NULL: none has begun */
    unsigned step, round;      /* of the fault; of ACT_TIMES */
    bool begun_early;          /* the request at hand has its script already */
    bool lingers;              /* ours is said, the peer has not closed yet */
    int64_t due_ns;            /* the tick it waits for, or 0 */
    size_t sent;               /* of the text */
    size_t len;
    char text[FAULT_MAX_TEXT]; /* of the step, with the id in it */
    char id[ID_DIGITS + 1];
    char next[64]; /* the name of the fault that the request at hand asks for */
    struct peer *after;
};

struct fault_server {
    struct fault_options options;
    char url[64];
    int listener, epoll, timer, stop;
    int crowd[CROWD]; /* our own connections, which fill the backlog */
    pthread_t thread;
    uint64_t random;
    struct peer *peers;

    pthread_mutex_t lock;
    pthread_cond_t rested;
    unsigned n_rests, n_requests;
    unsigned times[FAULT_MAX_IDS];
};

/* Like assert(), but also without debugging. */
static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* xorshift64*: small, and the same everywhere. */
static uint64_t draw(struct fault_server *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->random * UINT64_C(2685821657736338717) >> 32;
}

static void count_rest(struct fault_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->n_rests++;
    pthread_cond_broadcast(&s->rested);
    pthread_mutex_unlock(&s->lock);
}

static void count_request(struct peer *p)
{
    struct fault_server *s = p->server;
    unsigned long id = strtoul(p->id, NULL, 10);

    must(id < FAULT_MAX_IDS, "an id beyond the ceiling");
    pthread_mutex_lock(&s->lock);
    s->n_requests++;
    s->times[id]++;
    pthread_mutex_unlock(&s->lock);
}

/* ---- one connection ---------------------------------------------------------------- */

static void watch(struct peer *p, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = p};

    if (events != p->watched)
        must(epoll_ctl(p->server->epoll, EPOLL_CTL_MOD, p->fd, &event) == 0, "epoll");
    p->watched = events;
}

static void arm_timer(struct fault_server *s)
{
    struct itimerspec when = {0};
    int64_t at = INT64_MAX;

    for (struct peer *p = s->peers; p; p = p->after) {
        if (p->due_ns && p->due_ns < at)
            at = p->due_ns;
    }
    if (at < INT64_MAX) {
        when.it_value.tv_sec = at / NS_PER_SEC;
        when.it_value.tv_nsec = at % NS_PER_SEC;
    }
    must(timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0, "timer");
}

static void wait_for_tick(struct peer *p)
{
    p->due_ns = clock_mono_ns() + p->server->options.tick_ns;
    watch(p, EPOLLRDHUP);
    arm_timer(p->server);
}

static void enter(struct peer *p, unsigned step)
{
    const char *text = p->fault->steps[step].text;
    char *at = p->text;

    p->step = step;
    p->round = 0;
    p->sent = 0;
    p->len = text ? strlen(text) : 0;
    must(p->len < FAULT_MAX_TEXT, "a step's text");
    memcpy(p->text, text ? text : "", p->len + 1);
    while ((at = strstr(at, FAULT_IDENTITY)) != NULL)
        at = (char *)memcpy(at, p->id, ID_DIGITS) + ID_DIGITS;
}

/* Send at most `most` bytes of the text. False when nothing more can be sent now. */
static bool send_some(struct peer *p, size_t most)
{
    size_t left = p->len - p->sent;
    ssize_t n = send(p->fd, p->text + p->sent, left < most ? left : most, MSG_NOSIGNAL);

    if (n > 0)
        p->sent += (size_t)n;
    return n > 0;
}

/* True when the step's text has been said as often as it is to be. What takes
 * long gives way to others now and then. */
static bool say(struct peer *p, const struct step *step)
{
    for (unsigned i = 0; i < SAY_AT_ONCE && send_some(p, p->len); i++) {
        if (p->sent < p->len)
            continue;
        if (step->act != ACT_FOR_EVER && ++p->round >= step->n)
            return true;
        p->sent = 0;
    }
    watch(p, EPOLLOUT | EPOLLRDHUP);
    return false;
}

/* Each call is a tick. */
static bool drip(struct peer *p)
{
    if (p->sent < p->len && send_some(p, 1) && p->sent == p->len)
        return true;
    wait_for_tick(p);
    return false;
}

static void peer_free(struct peer *p)
{
    struct peer **at = &p->server->peers;

    while (*at != p)
        at = &(*at)->after;
    *at = p->after;
    close(p->fd);
    http1_release(&p->framer);
    free(p);
}

/* Lingering close (RFC 9112, 9.6): close() with unread bytes would reset, and a
 * reset can overtake the answer. Read on until the peer has closed, too. */
static void close_in_order(struct peer *p)
{
    shutdown(p->fd, SHUT_WR);
    p->lingers = true;
    watch(p, EPOLLIN | EPOLLRDHUP);
}

static void reset(struct peer *p)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer_free(p);
}

static void begin(struct peer *p, const struct fault *fault)
{
    p->fault = fault;
    enter(p, 0);
}

/* What comes after a script: the next request, or the end. */
static bool goes_on(struct peer *p)
{
    struct fault_server *s = p->server;
    bool was_answer = !fault_is_idle_end(p->fault);

    p->fault = NULL;
    count_rest(s);
    if (was_answer && !p->begun_early && draw(s) % 100 < s->options.closes_idle) {
        begin(p, fault_idle_end(draw(s)));
        return true;
    }
    watch(p, EPOLLIN | EPOLLRDHUP);
    return false;
}

/* Take steps until one has to wait. The peer may be gone afterwards. */
static void run(struct peer *p)
{
    while (p->fault) {
        const struct step *step = &p->fault->steps[p->step];
        bool done = true;

        switch (step->act) {
        case ACT_END:
            if (!goes_on(p))
                return;
            continue;
        case ACT_SAY:
        case ACT_TIMES:
        case ACT_FOR_EVER:
            done = say(p, step);
            break;
        case ACT_DRIP:
            done = drip(p);
            break;
        case ACT_TICK:
            done = p->round++ > 0;
            if (!done)
                wait_for_tick(p);
            break;
        case ACT_SILENT:
            watch(p, EPOLLRDHUP);
            return;
        case ACT_ARRIVAL:
        case ACT_REQUEST:
            if (p->round++ == 0)
                count_rest(p->server);
            watch(p, EPOLLIN | EPOLLRDHUP);
            return;
        case ACT_CLOSE:
            close_in_order(p);
            count_rest(p->server);
            return;
        case ACT_RESET:
            count_rest(p->server);
            reset(p);
            return;
        }
        if (!done)
            return;
        enter(p, p->step + 1);
    }
}

static bool is_waiting_for(const struct peer *p, enum act act)
{
    return p->fault && p->fault->steps[p->step].act == act;
}

/* The request's id and what it asks for. */
static void read_head(struct peer *p, struct str head)
{
    struct http_request_line line;
    struct str name;

    must(http_request_line(head, &line), "request line");
    name = str_skip(str_head(line.target, str_find(line.target, '?')), 1);
    snprintf(p->next, sizeof p->next, "%.*s", STR_ARG(name));
    snprintf(p->id, sizeof p->id, "%08lu",
             strtoul(str_skip(line.target, name.len + 2).data, NULL, 10) % 100000000);
}

static void take_event(struct peer *p, enum http1_event event, struct str piece)
{
    const struct fault *fault;

    if (event == HTTP1_HEAD) {
        read_head(p, piece);
        fault = fault_called(str_of(p->next));
        p->begun_early = fault->early && !p->fault;
        if (p->begun_early)
            begin(p, fault);
    } else if (event == HTTP1_END) {
        count_request(p);
        if (is_waiting_for(p, ACT_REQUEST))
            enter(p, p->step + 1);
        else if (!p->begun_early)
            begin(p, fault_called(str_of(p->next)));
        p->begun_early = false;
    } else {
        must(event == HTTP1_DATA, "a request that is none");
    }
}

/* Read no further than to a request's end: what is behind it has to wait. There
 * may be something, since who was answered early need not wait for that end. */
static void read_request(struct peer *p)
{
    char bytes[16 * 1024];
    ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_PEEK);
    struct str in = str_from(bytes, n > 0 ? (size_t)n : 0), piece;
    enum http1_event event = HTTP1_DATA;

    if (n <= 0) {
        peer_free(p);
        return;
    }
    while (event != HTTP1_END && (event = http1_next(&p->framer, &in, &piece)) != HTTP1_MORE)
        take_event(p, event, piece);
    must(recv(p->fd, bytes, (size_t)n - in.len, 0) == n - (ssize_t)in.len, "the same bytes again");
    run(p);
}

static void linger(struct peer *p)
{
    char bytes[16 * 1024];

    if (recv(p->fd, bytes, sizeof bytes, 0) <= 0)
        peer_free(p);
}

static void serve(struct peer *p, uint32_t events)
{
    if (p->lingers) {
        linger(p);
    } else if (p->watched & events & EPOLLIN) {
        if (is_waiting_for(p, ACT_ARRIVAL)) {
            enter(p, p->step + 1);
            run(p);
        } else {
            read_request(p);
        }
    } else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        peer_free(p);
    } else if (events & EPOLLOUT) {
        run(p);
    }
}

/* ---- the thread ---------------------------------------------------------------------- */

static void accept_peer(struct fault_server *s)
{
    struct peer *p = calloc(1, sizeof *p);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = p};
    const int one = 1;

    must(p != NULL, "memory");
    p->server = s;
    p->watched = event.events;
    p->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (p->fd < 0) { /* it has gone again */
        free(p);
        return;
    }
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    http1_init(&p->framer, HTTP1_REQUESTS);
    p->after = s->peers;
    s->peers = p;
    must(epoll_ctl(s->epoll, EPOLL_CTL_ADD, p->fd, &event) == 0, "epoll");
}

static void serve_ticks(struct fault_server *s)
{
    int64_t now_ns = clock_mono_ns();
    struct peer *after;
    uint64_t ticks;

    if (read(s->timer, &ticks, sizeof ticks) < 0)
        return;
    for (struct peer *p = s->peers; p; p = after) {
        after = p->after;
        if (p->due_ns == 0 || p->due_ns > now_ns)
            continue;
        p->due_ns = 0;
        run(p);
    }
    arm_timer(s);
}

/* One event at a time: what it does may free any peer but others' events. */
static void *serve_all(void *arg)
{
    struct fault_server *s = arg;
    struct epoll_event event;

    for (;;) {
        if (epoll_wait(s->epoll, &event, 1, -1) < 1)
            continue;
        if (event.data.ptr == &s->stop)
            return NULL;
        if (event.data.ptr == &s->listener)
            accept_peer(s);
        else if (event.data.ptr == &s->timer)
            serve_ticks(s);
        else
            serve(event.data.ptr, event.events);
    }
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void open_listener(struct fault_server *s, struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(s->listener >= 0 && bind(s->listener, (struct sockaddr *)address, len) == 0 &&
             listen(s->listener, s->options.deaf ? 0 : SOMAXCONN) == 0,
         "listen");
    getsockname(s->listener, (struct sockaddr *)address, &len);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(address->sin_port));
}

/* Connect until the kernel takes no more: the rest of the world waits outside. */
static void fill_backlog(struct fault_server *s, const struct sockaddr_in *address)
{
    for (unsigned i = 0; i < CROWD; i++)
        s->crowd[i] = -1;
    for (unsigned i = 0; s->options.deaf && i < CROWD; i++) {
        s->crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(s->crowd[i], (const struct sockaddr *)address, sizeof *address);
    }
}

static void add(struct fault_server *s, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};

    must(*fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, *fd, &event) == 0, "epoll");
}

struct fault_server *fault_server_start(const struct fault_options *options)
{
    struct fault_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address;

    must(s != NULL, "memory");
    s->options = *options;
    if (s->options.tick_ns == 0)
        s->options.tick_ns = DEFAULT_TICK_MS * NS_PER_MS;
    s->random = options->seed + 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->rested, NULL);
    open_listener(s, &address);
    fill_backlog(s, &address);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    s->stop = eventfd(0, EFD_CLOEXEC);
    add(s, &s->timer);
    add(s, &s->stop);
    if (!s->options.deaf)
        add(s, &s->listener);
    must(pthread_create(&s->thread, NULL, serve_all, s) == 0, "thread");
    return s;
}

const char *fault_server_url(const struct fault_server *s)
{
    return s->url;
}

unsigned fault_server_times(struct fault_server *s, unsigned id)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = s->times[id];
    pthread_mutex_unlock(&s->lock);
    return n;
}

unsigned fault_server_requests(struct fault_server *s)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = s->n_requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void fault_server_wait(struct fault_server *s, unsigned n)
{
    pthread_mutex_lock(&s->lock);
    while (s->n_rests < n)
        pthread_cond_wait(&s->rested, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void fault_server_stop(struct fault_server *s)
{
    const uint64_t one = 1;

    must(write(s->stop, &one, sizeof one) == sizeof one, "eventfd");
    pthread_join(s->thread, NULL);
    while (s->peers)
        peer_free(s->peers);
    for (unsigned i = 0; i < CROWD; i++) {
        if (s->crowd[i] >= 0)
            close(s->crowd[i]);
    }
    close(s->listener);
    close(s->epoll);
    close(s->timer);
    close(s->stop);
    pthread_cond_destroy(&s->rested);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

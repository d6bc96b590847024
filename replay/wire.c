/* The sockets are in the worker's epoll set once and for all, edge-triggered:
 * no system call is spent on what to wait for. So everything that is there must
 * be read, and a wire may become idle only when nothing more has come for it. */
#include "replay/wire.h"

#include <sys/epoll.h>

#include "core/clock.h"
#include "core/mem.h"
#include "replay/flight.h"

/* What is not older than that counts as known. */
static const int64_t fresh_ns = NS_PER_MS;

int wire_watch(struct worker *w, struct wire *wire)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = wire};

    return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, connection_fd(wire->connection), &event);
}

struct wire *wire_open(struct worker *w, struct lane *lane)
{
    struct wire *wire = mem_zalloc(sizeof *wire);
    struct err e = {0};

    if (!wire) {
        err_nomem(&e, "opening a connection");
        worker_fail(w, &e);
        return NULL;
    }
    wire->lane = lane;
    http1_init(&wire->framer, HTTP1_RESPONSES);
    wire->connection = connection_open(w->connector, lane->target, wire, &e);
    if (!wire->connection) {
        mem_free(wire);
        worker_fail(w, &e);
        return NULL;
    }
    return wire;
}

/* ---- those that have more to read ----------------------------------------------- */

void wire_put_off(struct worker *w, struct wire *wire, uint32_t events)
{
    wire->put_off = true;
    wire->events = events;
    wire->prev = w->last_put_off;
    wire->next = NULL;
    if (wire->prev)
        wire->prev->next = wire;
    else
        w->put_off = wire;
    w->last_put_off = wire;
}

static void unlink_put_off(struct worker *w, struct wire *wire)
{
    if (wire->prev)
        wire->prev->next = wire->next;
    else
        w->put_off = wire->next;
    if (wire->next)
        wire->next->prev = wire->prev;
    else
        w->last_put_off = wire->prev;
    wire->prev = wire->next = NULL;
    wire->put_off = false;
}

struct wire *wire_take_put_off(struct worker *w)
{
    struct wire *wire = w->put_off;

    if (wire)
        unlink_put_off(w, wire);
    return wire;
}

/* ---- idle ones ------------------------------------------------------------------ */

static void link_idle(struct wire *wire, struct chain *chain)
{
    struct lane *lane = wire->lane;

    if (chain) {
        chain->users++;
        wire->beside = chain->links[lane->role].wires;
        chain->links[lane->role].wires = wire;
    }
    wire->chain = chain;
    wire->prev = NULL;
    wire->next = lane->idle;
    if (lane->idle)
        lane->idle->prev = wire;
    else
        lane->idle_longest = wire;
    lane->idle = wire;
    lane->n_idle++;
}

static void leave_chain(struct worker *w, struct wire *wire)
{
    struct chain *chain = wire->chain;
    struct wire **at = &chain->links[wire->lane->role].wires;

    while (*at != wire)
        at = &(*at)->beside;
    *at = wire->beside;
    wire->chain = NULL;
    chains_leave(&w->chains, chain);
}

static void unlink_idle(struct worker *w, struct wire *wire)
{
    struct lane *lane = wire->lane;

    if (wire->prev)
        wire->prev->next = wire->next;
    else
        lane->idle = wire->next;
    if (wire->next)
        wire->next->prev = wire->prev;
    else
        lane->idle_longest = wire->prev;
    wire->prev = wire->next = NULL;
    lane->n_idle--;
    if (wire->chain)
        leave_chain(w, wire);
}

void wire_keep(struct worker *w, struct wire *wire, struct chain *chain)
{
    struct lane *lane = wire->lane;

    wire->flight->wire = NULL;
    wire->flight = NULL;
    wire->used = true;
    wire->idle_since_ns = w->now_ns;
    link_idle(wire, w->setup->own_wires ? chain : NULL);
    if (lane->n_idle <= w->setup->max_idle)
        return;
    lane->stats->closed_early++;
    wire_close_idle(w, lane->idle_longest);
}

/* TLS may have messages of its own, such as session tickets, and those are no
 * bytes for us. */
bool wire_is_quiet(struct worker *w, struct wire *wire)
{
    ssize_t n = connection_receive(wire->connection, w->input, FLIGHT_INPUT);

    wire->lane->strays |= n > 0;
    return n == CONNECTION_AGAIN;
}

/* An idle wire may have ended, or hold an answer that nobody asked for, without
 * our having been told yet. To look costs a system call, so a wire is not asked
 * that was busy until now, or quiet when all events were told just now, unless
 * the request could not be sent again, or something may come behind the last
 * answer: from this target it did before, or the answer may have content that
 * it must not have. */
static bool is_fit(struct worker *w, struct wire *wire, bool repeatable)
{
    bool known = w->now_ns - wire->idle_since_ns < fresh_ns || w->now_ns - w->told_ns < fresh_ns;
    bool clean = !wire->lane->strays && !wire->framer.says_content;

    return (repeatable && known && clean) || wire_is_quiet(w, wire);
}

/* The wire used last is the likeliest to be alive still. Where recorded connections
 * have wires of their own, what came over none that is known has those of nobody. */
static struct wire *best_idle(const struct worker *w, const struct lane *lane,
                              const struct chain *chain)
{
    struct wire *wire = lane->idle;

    if (!w->setup->own_wires)
        return wire;
    if (!chain) {
        while (wire && wire->chain)
            wire = wire->next;
        return wire;
    }
    wire = chain->links[lane->role].wires;
    while (wire && wire->lane != lane)
        wire = wire->beside;
    return wire;
}

struct wire *wire_take(struct worker *w, struct lane *lane, struct chain *chain, bool repeatable)
{
    struct wire *wire;

    while ((wire = best_idle(w, lane, chain)) != NULL && !is_fit(w, wire, repeatable))
        wire_close_idle(w, wire);
    if (wire)
        unlink_idle(w, wire);
    return wire;
}

/* ---- closing -------------------------------------------------------------------- */

/* The wire must not be among the idle ones any more. */
void wire_close(struct worker *w, struct wire *wire)
{
    if (wire->put_off)
        unlink_put_off(w, wire);
    if (wire->flight)
        wire->flight->wire = NULL;
    wire->flight = NULL;
    /* With TLS it is up to libcurl when the socket is closed. */
    epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, connection_fd(wire->connection), NULL);
    connection_close(wire->connection);
    wire->connection = NULL;
    http1_release(&wire->framer);
    wire->next = w->closed;
    w->closed = wire;
}

void wire_close_idle(struct worker *w, struct wire *wire)
{
    unlink_idle(w, wire);
    wire_close(w, wire);
}

void wire_close_all_idle(struct worker *w, struct lane *lane)
{
    while (lane->idle)
        wire_close_idle(w, lane->idle);
}

void wire_free_closed(struct worker *w)
{
    while (w->closed) {
        struct wire *next = w->closed->next;
        mem_free(w->closed);
        w->closed = next;
    }
}

/* A server may close a kept-alive connection at any time, also just when the
 * next request is under way. If not a byte of an answer came on a connection
 * that had worked before, that is what happened, and the call is sent once
 * more on a fresh one (RFC 9112, 9.3.1). But nobody can tell whether the server
 * had read it: what must not happen twice (RFC 9110, 9.2.2) is not sent again,
 * unless not a byte of it had gone out. */
#include "replay/flight.h"

#include <sys/epoll.h>

#include "core/clock.h"
#include "core/http.h"
#include "core/mem.h"
#include "replay/calls.h"
#include "replay/way.h"

enum {
    CLOSING = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
    READABLE = EPOLLIN | CLOSING,
    FIRST_INPUT = 16 * 1024, /* who has sent that much lets others have their turn first */
    AMBIGUOUS = HTTP_CL_TE | HTTP_TE_IN_10 | HTTP_TE_UNKNOWN,
};

/* ---- places in a lane ------------------------------------------------------------ */

static struct flight *flight_new(struct worker *w, struct lane *lane)
{
    struct flight *f = lane->spare;
    struct err e;

    if (f) {
        lane->spare = f->next;
        return f;
    }
    f = mem_zalloc(sizeof *f);
    if (!f) {
        err_nomem(&e, "sending a request");
        worker_fail(w, &e);
        return NULL;
    }
    f->lane = lane;
    copy_init(&f->copy);
    answer_init(&f->answer, w->setup->max_body);
    return f;
}

void flight_free_spare(struct lane *lane)
{
    while (lane->spare) {
        struct flight *f = lane->spare;

        lane->spare = f->next;
        copy_release(&f->copy);
        answer_release(&f->answer);
        mem_free(f);
    }
}

/* Of those with one timeout, whoever starts last has the last deadline. */
static void link_newest(struct worker *w, struct flight *f)
{
    struct flights *list = &w->flights[f->timeout];

    f->next = NULL;
    f->prev = list->newest;
    if (list->newest)
        list->newest->next = f;
    else
        list->oldest = f;
    list->newest = f;
}

static void unlink_flight(struct worker *w, struct flight *f)
{
    struct flights *list = &w->flights[f->timeout];

    if (f->prev)
        f->prev->next = f->next;
    else
        list->oldest = f->next;
    if (f->next)
        f->next->prev = f->prev;
    else
        list->newest = f->prev;
}

/* The outcome is decided, and the place is free. */
static void land(struct worker *w, struct flight *f)
{
    struct lane *lane = f->lane;
    struct job *job = f->job;

    if (f->wire)
        wire_close(w, f->wire);
    w->now_ns = clock_mono_ns();
    f->call->done_ns = w->now_ns + w->setup->wall_offset_ns;
    guard_note(lane->guard, f->pass, f->call, w->now_ns);
    unlink_flight(w, f);
    copy_reset(&f->copy);
    f->next = lane->spare;
    lane->spare = f;
    lane->in_flight--;
    calls_decided(w, lane->role, job);
    calls_lane_ready(w, lane);
}

/* ---- endings --------------------------------------------------------------------- */

void flight_abort(struct worker *w, struct flight *f)
{
    answer_begin(&f->answer, NULL, f->call, &f->job->pair->mem, f->job->line.method);
    f->call->sent_ns = f->call->first_ns = 0;
    f->call->flags = 0;
    f->call->outcome = OUTCOME_STOPPED;
    land(w, f);
}

/* The run cannot go on, through no fault of the target. */
static void give_up(struct worker *w, struct flight *f, const struct err *e)
{
    worker_fail(w, e);
    flight_abort(w, f);
}

static void fail(struct worker *w, struct flight *f, enum outcome outcome, struct str detail)
{
    struct err e = {0};

    if (answer_keep_part(&f->answer, &e) < 0 ||
        arena_dup(&f->job->pair->mem, detail, &f->call->detail, &e) < 0) {
        give_up(w, f, &e);
        return;
    }
    f->call->outcome = outcome;
    land(w, f);
}

void flight_time_out(struct worker *w, struct flight *f)
{
    struct str detail = STR("no answer in time");

    if (f->call->first_ns)
        detail = STR("the answer did not end in time");
    else if (f->wire && connection_state(f->wire->connection) == CONNECTION_OPENING)
        detail = connection_overdue(f->wire->connection);
    fail(w, f, OUTCOME_TIMEOUT, detail);
}

/* ---- sending --------------------------------------------------------------------- */

static void send_more(struct flight *f)
{
    struct str piece;

    while (!f->cannot_send && (piece = copy_rest(&f->copy, f->sent)).len) {
        ssize_t n = connection_send(f->wire->connection, piece);

        if (n == CONNECTION_AGAIN)
            return;
        if (n < 0)
            f->cannot_send = true;
        else
            f->sent += (size_t)n;
    }
}

static bool all_sent(const struct flight *f)
{
    return copy_rest(&f->copy, f->sent).len == 0;
}

static void begin_on_wire(struct flight *f)
{
    f->sent = f->received = 0;
    f->cannot_send = false;
    answer_begin(&f->answer, &f->wire->framer, f->call, &f->job->pair->mem, f->job->line.method);
}

/* A fresh wire is sent over when connector_next() gives it. */
static bool may_send(const struct flight *f)
{
    return f->wire && f->wire->used;
}

static void prepare(struct worker *w, struct flight *f)
{
    f->next_prepared = NULL;
    *w->prepared_end = f;
    w->prepared_end = &f->next_prepared;
}

void flight_send_prepared(struct worker *w)
{
    for (struct flight *f = w->prepared; f; f = f->next_prepared) {
        w->now_ns = clock_mono_ns();
        f->call->sent_ns = w->now_ns + w->setup->wall_offset_ns;
        send_more(f);
    }
    w->prepared = NULL;
    w->prepared_end = &w->prepared;
}

static void attach(struct worker *w, struct flight *f, struct wire *wire)
{
    if (!wire)
        wire = wire_open(w, f->lane);
    f->wire = wire;
    if (!wire)
        return; /* the run is stopping, which will end the flight */
    wire->flight = f;
    if (wire->used)
        f->call->flags |= CALL_REUSED;
    begin_on_wire(f);
}

/* It does not start after all. */
static void refuse(struct worker *w, struct lane *lane, struct job *job, enum outcome outcome)
{
    job->pair->calls[lane->role].outcome = outcome;
    calls_decided(w, lane->role, job);
}

void flight_start(struct worker *w, struct lane *lane, struct job *job, int64_t ready_ns)
{
    struct call *call = &job->pair->calls[lane->role];
    const struct way *way = job->at[lane->role].way;
    struct err e = {0};
    struct flight *f;
    unsigned pass;

    job->at[lane->role].ready_ns = ready_ns;
    pass = job->at[lane->role].pass;
    if (pass == 0)
        pass = guard_enter(lane->guard, w->now_ns, NULL);
    f = pass ? flight_new(w, lane) : NULL;
    if (!f) {
        refuse(w, lane, job, pass ? OUTCOME_STOPPED : OUTCOME_BREAKER);
        return;
    }
    f->pass = pass;
    f->job = job;
    f->call = call;
    f->wire = NULL;
    f->timeout = way->timeout;
    f->deadline_ns = w->now_ns + w->setup->timeouts[way->timeout];
    f->excused = false;
    call->sent_ns = w->now_ns + w->setup->wall_offset_ns;
    link_newest(w, f);
    lane->in_flight++;
    answer_begin(&f->answer, NULL, call, &job->pair->mem, job->line.method);
    if (copy_make(&f->copy, &job->pair->exchange->request, &job->line, job->path, &way->rewrite,
                  &e) < 0)
        worker_fail(w, &e);
    else
        attach(w, f, wire_take(w, lane, job->chain, http_is_idempotent_method(job->line.method)));
    if (may_send(f))
        prepare(w, f);
}

/* ---- receiving ------------------------------------------------------------------- */

/* Whether it ended because it was idle, as far as we can see. */
static bool is_stale(const struct flight *f)
{
    return f->wire->used && f->call->first_ns == 0;
}

static bool may_retry(const struct flight *f)
{
    return is_stale(f) && (f->sent == 0 || http_is_idempotent_method(f->job->line.method));
}

static void retry(struct worker *w, struct flight *f)
{
    wire_close(w, f->wire);
    f->call->flags = CALL_RETRIED;
    attach(w, f, NULL);
}

/* The connection has ended. */
static void receive_end(struct worker *w, struct flight *f, bool in_order)
{
    struct err e = {0};

    if (may_retry(f)) {
        retry(w, f);
        return;
    }
    if (is_stale(f)) {
        fail(w, f, OUTCOME_RESET, STR("kept-alive connection ended, the request may have arrived"));
        return;
    }
    if (answer_end(&f->answer, in_order, &e) == ANSWER_NOMEM)
        give_up(w, f, &e);
    else
        land(w, f);
}

/* Nothing more can come; `n` is what connection_receive() said. */
static void receive_no_more(struct worker *w, struct flight *f, ssize_t n)
{
    struct str detail;
    enum outcome failure = connection_failure(f->wire->connection, &detail);

    if (n < 0 && failure != OUTCOME_NONE)
        fail(w, f, failure, detail);
    else
        receive_end(w, f, n == 0);
}

/* RFC 9112, 9.2: what comes before anything was asked answers nothing, but for
 * empty lines, which say nothing. */
static void send_first(struct worker *w, struct flight *f)
{
    ssize_t n = connection_receive(f->wire->connection, w->input, FLIGHT_INPUT);

    if (n == CONNECTION_AGAIN ||
        (n > 0 && http_skip_empty_lines(str_from(w->input, (size_t)n)).len == 0))
        send_more(f);
    else if (n > 0)
        fail(w, f, OUTCOME_PROTOCOL, STR("spoke before it was asked"));
    else
        receive_no_more(w, f, n);
}

/* What is that much, or came through TLS, may not be all that is there. */
static bool is_all(const struct flight *f, size_t n)
{
    return n < FIRST_INPUT && connection_has_no_buffer(f->wire->connection);
}

/* True if nothing has come behind the answer. */
static bool is_drained(struct worker *w, struct flight *f, size_t n)
{
    return is_all(f, n) || wire_is_quiet(w, f->wire);
}

/* True if readers differ about where the answer ends. A 204 must not say a length
 * (RFC 9110, 8.6); what does may send so much. */
static bool is_ambiguous(const struct http1 *framer)
{
    return (framer->flags & AMBIGUOUS) || (framer->status == 204 && framer->says_content);
}

/* The answer is whole. Early answers leave some of the request unsent, two
 * answers to one request leave one too many, and of some answers readers differ
 * about where they end: none of these wires can be used again. */
static void receive_whole(struct worker *w, struct flight *f, bool clean)
{
    const struct http1 *framer = &f->wire->framer;

    if (clean && framer->keep_alive && !is_ambiguous(framer) && all_sent(f))
        wire_keep(w, f->wire, f->job->chain);
    land(w, f);
}

/* Take what was received. True if more should be read. */
static bool receive_bytes(struct worker *w, struct flight *f, size_t n, uint32_t events)
{
    struct str in = str_from(w->input, n);
    struct err e = {0};

    f->received += n;
    if (f->call->first_ns == 0)
        f->call->first_ns = w->now_ns + w->setup->wall_offset_ns;
    switch (answer_feed(&f->answer, &in, &e)) {
    case ANSWER_MORE:
        return true;
    case ANSWER_WHOLE:
        f->lane->strays |= in.len > 0;
        receive_whole(w, f, in.len == 0 && !(events & CLOSING) && is_drained(w, f, n));
        return false;
    case ANSWER_BAD:
        land(w, f);
        return false;
    case ANSWER_NOMEM:
        give_up(w, f, &e);
        return false;
    }
    return false;
}

/* Little, or until `end_ns`, if there is that much. Then others have their turn. */
static void receive(struct worker *w, struct flight *f, uint32_t events, int64_t end_ns)
{
    size_t room = end_ns ? FLIGHT_INPUT : FIRST_INPUT;

    do {
        ssize_t n = connection_receive(f->wire->connection, w->input, room);

        if (n == CONNECTION_AGAIN && !f->cannot_send)
            return;
        if (n <= 0) {
            receive_no_more(w, f, n);
            return;
        }
        if (!receive_bytes(w, f, (size_t)n, events) ||
            (is_all(f, (size_t)n) && !(events & CLOSING)))
            return;
    } while (clock_mono_ns() < end_ns);
    wire_put_off(w, f->wire, events);
}

/* ---- events ---------------------------------------------------------------------- */

static void take_turn(struct worker *w, struct wire *wire, uint32_t events, int64_t end_ns)
{
    struct flight *f = wire->flight;
    bool readable = (events & READABLE) || !connection_has_no_buffer(wire->connection);

    if (!f) {
        if (readable && !wire_is_quiet(w, wire))
            wire_close_idle(w, wire);
        return;
    }
    send_more(f);
    if (readable || f->cannot_send)
        receive(w, f, events, end_ns);
}

void wire_event(struct worker *w, struct wire *wire, uint32_t events)
{
    if (!wire->connection)
        return; /* closed earlier in this round */
    if (wire->put_off)
        wire->events |= events;
    else if (wire->flight && wire->flight->received >= FIRST_INPUT)
        wire_put_off(w, wire, events);
    else
        take_turn(w, wire, events, 0);
}

void wire_go_on(struct worker *w, struct wire *wire, int64_t end_ns)
{
    take_turn(w, wire, wire->events, end_ns);
}

void wire_changed(struct worker *w, struct wire *wire)
{
    struct flight *f = wire->flight;
    enum outcome outcome;
    struct str detail;

    switch (connection_state(wire->connection)) {
    case CONNECTION_OPEN:
        wire->lane->stats->connections++;
        if (wire_watch(w, wire) < 0)
            fail(w, f, OUTCOME_CONNECT, STR("cannot watch the connection"));
        else
            send_first(w, f);
        break;
    case CONNECTION_GONE:
        if (f) {
            receive_end(w, f, false);
        } else {
            wire_close_idle(w, wire);
        }
        break;
    default:
        outcome = connection_failure(wire->connection, &detail);
        fail(w, f, outcome, detail);
        break;
    }
}

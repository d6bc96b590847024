/* The loop, in the order in which it matters: jobs that are due are started
 * before answers are read, but no more than a handful at a time, so that
 * neither can starve the other. One alarm serves due jobs and deadlines.
 *
 * Waking a thread costs more than sending a request, so it is done seldom. A
 * worker that sleeps says until when, and looks at its inbox once more; only a
 * job due before then wakes it. Finished jobs are handed on in batches. */
#include "replay/worker.h"
#include "core/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "replay/flight.h"
#include "replay/select.h"
#include "replay/way.h"

/* Fewer jobs on their way would take more turns of the threads, and more would not
 * stay in a core's cache from one thread to the next. */
enum {
    INBOX = 96,
    AGENDA = 1024,   /* jobs that wait for their time */
    BEHIND = 1024,   /* closed loop: jobs that wait for their recorded connection's turn */
    TAKE_AHEAD = 48, /* closed loop: jobs taken out of the inbox at a time */
    START_BURST = 8, /* open loop: jobs begun, and events handled, at a time */
    EVENT_BATCH = 64,
    HAND_ON_BATCH = 32,
};

/* Jobs on their way to a worker may be large. */
static const size_t inbox_bytes = 16 << 20;

/* How long a finished job may wait for others before it is handed on. */
static const int64_t hand_on_ns = 10 * NS_PER_MS;

/* ---- set up ------------------------------------------------------------------ */

static unsigned share_of(unsigned total, unsigned index, unsigned n)
{
    return total / n + (index < total % n);
}

static int init_lanes(struct worker *w, unsigned index, unsigned n, struct err *e)
{
    const struct worker_setup *s = w->setup;
    unsigned limit = share_of(s->concurrency, index, n);
    size_t max_waiting = s->max_waiting / n ? s->max_waiting / n : 1;

    w->lanes = mem_array(s->n_targets, sizeof *w->lanes);
    if (!w->lanes)
        return err_nomem(e, "making queues");
    for (unsigned i = 0; i < s->n_targets; i++) {
        if (lane_init(&w->lanes[i], &s->targets[i], limit, max_waiting, e) < 0)
            return -1;
        w->lanes[i].stats = &w->stats[s->targets[i].role];
        w->lanes[i].guard = &s->guards[i];
    }
    return 0;
}

static int init_tables(struct worker *w, struct err *e)
{
    const struct worker_setup *s = w->setup;

    w->input = mem_alloc(FLIGHT_INPUT);
    w->views = mem_array(s->n_roles, sizeof *w->views);
    w->stats = mem_array(s->n_roles, sizeof *w->stats);
    w->flights = mem_array(s->n_timeouts, sizeof *w->flights);
    return w->input && w->views && w->stats && w->flights ? 0 : err_nomem(e, "making buffers");
}

static int watch(struct worker *w, int *fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = fd};

    return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, *fd, &event);
}

/* A wire's events carry its address, these those of the worker's own fields. */
static int init_loop(struct worker *w, struct err *e)
{
    int stop_fd = w->setup->stop_fd;
    struct epoll_event stop = {.events = EPOLLIN | EPOLLET, .data.ptr = &w->stops};
    struct epoll_event drive = {.events = EPOLLIN, .data.ptr = &w->connector};

    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->epoll_fd < 0 || w->wake_fd < 0 || watch(w, &w->alarm.fd, EPOLLIN | EPOLLET) < 0 ||
        watch(w, &w->wake_fd, EPOLLIN | EPOLLET) < 0 ||
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) < 0 ||
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, connector_fd(w->connector), &drive) < 0)
        return err_set(e, ERR_IO, "cannot set up an event loop: %s", strerror(errno));
    return 0;
}

int worker_init(struct worker *w, const struct worker_setup *setup, unsigned index, unsigned n,
                struct err *e)
{
    struct select order;

    *w = (struct worker){.setup = setup, .epoll_fd = -1, .wake_fd = -1, .alarm.fd = -1};
    w->done_end = &w->done;
    w->turns_end = &w->turns;
    w->prepared_end = &w->prepared;
    pthread_mutex_init(&w->view_lock, NULL);
    select_init(&order, setup->seed, 0);
    w->order_seed = select_hash(&order, STR("/order"));
    w->inbox = queue_new(INBOX, e);
    if (w->inbox)
        queue_limit_weight(w->inbox, inbox_bytes);
    w->connector = w->inbox ? connector_new(&setup->connections, e) : NULL;
    if (!w->connector || agenda_init(&w->agenda, AGENDA, e) < 0 ||
        chains_init(&w->chains, setup->n_roles, e) < 0 || init_tables(w, e) < 0 ||
        init_lanes(w, index, n, e) < 0 || alarm_init(&w->alarm, e) < 0 || init_loop(w, e) < 0) {
        worker_release(w);
        return -1;
    }
    return 0;
}

static void release_lanes(struct worker *w)
{
    for (unsigned i = 0; w->lanes && i < w->setup->n_targets; i++) {
        wire_close_all_idle(w, &w->lanes[i]);
        flight_free_spare(&w->lanes[i]);
        lane_release(&w->lanes[i]);
    }
    wire_free_closed(w);
    mem_free(w->lanes);
}

void worker_release(struct worker *w)
{
    const int fds[] = {w->epoll_fd, w->wake_fd};

    if (!w->setup)
        return;
    release_lanes(w);
    alarm_release(&w->alarm);
    agenda_release(&w->agenda);
    chains_release(&w->chains);
    connector_free(w->connector);
    queue_free(w->inbox);
    mem_free(w->input);
    mem_free(w->views);
    mem_free(w->stats);
    mem_free(w->flights);
    pthread_mutex_destroy(&w->view_lock);
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    *w = (struct worker){0};
}

/* ---- the other side of the inbox ------------------------------------------------ */

static void wake(struct worker *w)
{
    const uint64_t one = 1;

    /* It can fail only when 2^64 wake-ups are pending, and one is enough. */
    if (atomic_exchange(&w->sleeps_until, 0) && write(w->wake_fd, &one, sizeof one) < 0)
        return;
}

void worker_give(struct worker *w, struct job *job)
{
    int64_t due_ns = job->due_ns;
    bool put = queue_put_weighing(w->inbox, job, job->pair->exchange->mem.used);

    (void)put; /* only we close it */
    if (due_ns < atomic_load(&w->sleeps_until))
        wake(w);
}

void worker_end_input(struct worker *w)
{
    queue_close(w->inbox);
    wake(w);
}

/* ---- what it shows ------------------------------------------------------------------ */

void worker_ask_view(struct worker *w)
{
    atomic_store(&w->view_wanted, true);
    wake(w);
}

/* Copied when asked for and not as it changes: the histograms are large. */
static void show(struct worker *w)
{
    if (!atomic_exchange(&w->view_wanted, false))
        return;
    pthread_mutex_lock(&w->view_lock);
    for (unsigned i = 0; i < w->setup->n_roles; i++)
        w->views[i] = (struct role_view){.stats = w->stats[i]};
    for (unsigned i = 0; i < w->setup->n_targets; i++) {
        const struct lane *lane = &w->lanes[i];
        struct role_view *view = &w->views[lane->role];

        view->in_flight += lane->in_flight;
        view->waiting += (unsigned)(lane->n_waiting + lane->n_behind);
    }
    pthread_mutex_unlock(&w->view_lock);
}

void worker_add_view(struct worker *w, struct replay_target_stats *stats, unsigned *in_flight,
                     unsigned *waiting)
{
    pthread_mutex_lock(&w->view_lock);
    for (unsigned i = 0; i < w->setup->n_roles; i++) {
        target_stats_add(&stats[i], &w->views[i].stats);
        in_flight[i] += w->views[i].in_flight;
        waiting[i] += w->views[i].waiting;
    }
    pthread_mutex_unlock(&w->view_lock);
}

/* ---- jobs ------------------------------------------------------------------------ */

/* Count what a job keeps in memory; whoever hands it on takes it off again. */
static void hold(struct worker *w, struct job *job, size_t n)
{
    job->held += n;
    atomic_fetch_add_explicit(w->setup->held, n, memory_order_relaxed);
}

static bool holds_too_much(const struct worker *w)
{
    return atomic_load_explicit(w->setup->held, memory_order_relaxed) > w->setup->max_held;
}

/* The lane of the job's call to a role for which it is meant. */
static struct lane *lane_of(const struct worker *w, const struct job *job, unsigned role)
{
    return &w->lanes[job->at[role].way->lane];
}

/* Not started at once: the requests that one round of events makes room for go
 * out together. */
void worker_lane_ready(struct worker *w, struct lane *lane)
{
    if (lane->is_ready)
        return;
    lane->is_ready = true;
    lane->ready_ns = w->now_ns;
    lane->next_ready = w->ready;
    w->ready = lane;
}

static void start_waiting(struct worker *w, struct lane *lane)
{
    struct job *job;

    while (!worker_is_ending(w) && lane_has_room(lane) && (job = lane_next(lane)) != NULL) {
        int64_t turn_ns = job->at[lane->role].ready_ns;

        flight_start(w, lane, job, turn_ns > lane->ready_ns ? turn_ns : lane->ready_ns);
    }
}

static void start_ready(struct worker *w)
{
    struct lane *lane;

    while ((lane = w->ready) != NULL) {
        w->ready = lane->next_ready;
        lane->is_ready = false;
        start_waiting(w, lane);
    }
}

/* The next of its recorded connection waits for a place from now on. */
static void end_turn(struct worker *w, unsigned role, struct job *job)
{
    struct job *next = chain_next(job->chain, role, job);
    struct lane *lane;

    if (!next)
        return;
    lane = lane_of(w, next, role);
    lane->n_behind--;
    next->at[role].ready_ns = w->now_ns;
    lane_wait(lane, next);
    worker_lane_ready(w, lane);
}

/* Closed loop: the next job of its recorded connection goes before all others. */
static void pass_turn(struct worker *w, struct job *job)
{
    struct job *next = chain_pass(job->chain, job);

    if (!next)
        return;
    w->n_behind--;
    next->next = NULL;
    *w->turns_end = next;
    w->turns_end = &next->next;
}

static void finish_job(struct worker *w, struct job *job)
{
    if (job->chain) {
        pass_turn(w, job);
        chains_leave(&w->chains, job->chain);
    }
    job->chain = NULL;
    if (job_is_paired(job, w->setup->control))
        w->paired++;
    else
        w->unpaired++;
    w->n_open--;
    if (w->n_done++ == 0)
        w->done_since_ns = w->now_ns;
    job->next = NULL;
    *w->done_end = job;
    w->done_end = &job->next;
}

void worker_call_done(struct worker *w, unsigned role, struct job *job)
{
    const struct call *call = &job->pair->calls[role];
    const struct job_at *at = &job->at[role];

    hold(w, job, call->response.head.len + call->response.body.len);
    target_stats_count(&w->stats[role], call,
                       call->sent_ns - w->setup->wall_offset_ns - at->ready_ns);
    if (at->in_turn)
        end_turn(w, role, job);
    if (--job->open == 0)
        finish_job(w, job);
}

static void end_call(struct worker *w, unsigned role, struct job *job, enum outcome outcome)
{
    job->pair->calls[role].outcome = outcome;
    worker_call_done(w, role, job);
}

/* The order is random, since the second of two like calls finds warm caches,
 * and a function of seed and request, so that it can be drawn again. What is
 * not to be called comes last. */
static void draw_order(struct worker *w, const struct job *job, uint8_t *order)
{
    struct pair *pair = job->pair;
    uint64_t random = select_mix(w->order_seed ^ pair->exchange->ordinal);
    unsigned n = 0;

    for (unsigned i = 0; i < pair->n_calls; i++) {
        if (pair->calls[i].outcome == OUTCOME_NONE)
            order[n++] = (uint8_t)i;
    }
    for (unsigned i = n; i > 1; i--) {
        unsigned j = (unsigned)(random % i);
        uint8_t swap = order[i - 1];

        random = select_mix(random);
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (unsigned i = 0; i < pair->n_calls; i++) {
        if (pair->calls[i].outcome != OUTCOME_NONE)
            order[n++] = (uint8_t)i;
    }
}

/* What is due in an open loop is begun whenever it can be; how late, it tells. */
bool worker_is_ending(const struct worker *w)
{
    return w->stops > 0 ||
           (w->setup->closed_loop && w->setup->end_ns && w->now_ns >= w->setup->end_ns);
}

/* True if no other target has more calls open. */
static bool lags(const struct worker *w, const struct lane *lane)
{
    for (unsigned i = 0; i < w->setup->n_targets; i++) {
        if (lane_load(&w->lanes[i]) > lane_load(lane))
            return false;
    }
    return true;
}

/* A call that waits keeps its pair, and with it the other targets' answers: so
 * not only the number of waiting calls is limited, but also what they keep. Beyond
 * that it is who lags that loses calls, and not who has its turn after them. */
static bool may_wait(const struct worker *w, const struct lane *lane)
{
    return !lane_is_full(lane) && !(holds_too_much(w) && lags(w, lane));
}

/* Behind what its recorded connection asked for before. */
static void wait_for_turn(struct lane *lane, struct job *job)
{
    chain_wait(job->chain, lane->role, job);
    lane->n_behind++;
}

static void start_call(struct worker *w, unsigned role, struct job *job)
{
    enum outcome outcome = job->pair->calls[role].outcome;
    struct lane *lane;
    bool in_turn;

    if (outcome != OUTCOME_NONE || worker_is_ending(w)) {
        end_call(w, role, job, outcome == OUTCOME_NONE ? OUTCOME_STOPPED : outcome);
        return;
    }
    lane = lane_of(w, job, role);
    in_turn = !job->chain || chain_enter(job->chain, role, job);
    if (in_turn && lane_has_room(lane) && lane->n_waiting == 0)
        flight_start(w, lane, job, job->due_ns);
    else if (!may_wait(w, lane))
        end_call(w, role, job, OUTCOME_QUEUE);
    else if (in_turn)
        lane_wait(lane, job);
    else
        wait_for_turn(lane, job);
}

/* A record may not know the connections of its requests: those are number 0. */
static void join_chain(struct worker *w, struct job *job)
{
    uint64_t connection = job->pair->exchange->connection;
    struct chain *chain;
    struct err e = {0};

    if (!w->setup->ordered || connection == 0)
        return;
    chain = chains_use(&w->chains, connection, &e);
    if (chain)
        chain_join(chain, job);
    else
        worker_fail(w, &e);
}

/* Calls whose outcome is decided already (unsafe, off) only have to be counted. */
static void start_job(struct worker *w, struct job *job)
{
    struct call *calls = job->pair->calls;
    uint8_t order[PAIR_MAX_CALLS];
    unsigned n = job->pair->n_calls;

    if (w->setup->closed_loop)
        job->due_ns = w->now_ns = clock_mono_ns();
    draw_order(w, job, order);
    for (unsigned i = 0; i < n; i++) {
        calls[order[i]].order = (uint8_t)i;
        calls[order[i]].due_ns = job->due_ns + w->setup->wall_offset_ns;
    }
    w->n_open++;
    if (!w->setup->closed_loop)
        hold(w, job, job->pair->exchange->mem.used); /* that one does as it takes the job */
    else if (job->chain)
        chain_take(job->chain, job);
    /* The last call may finish the job and hand it on: not a look at it after. */
    for (unsigned i = 0; i < n; i++)
        start_call(w, order[i], job);
}

/* ---- stopping --------------------------------------------------------------------- */

void worker_fail(struct worker *w, const struct err *e)
{
    const uint64_t one = 1;

    if (w->failure.kind == ERR_NONE)
        w->failure = *e;
    atomic_store(w->setup->stops, 2);
    if (write(w->setup->stop_fd, &one, sizeof one) < 0)
        return; /* only because it was written before */
}

static bool stop_lanes(struct worker *w)
{
    bool any = false;

    for (unsigned i = 0; i < w->setup->n_targets; i++) {
        struct lane *lane = &w->lanes[i];
        struct job *job;

        while ((job = lane_next(lane)) != NULL) {
            end_call(w, lane->role, job, OUTCOME_STOPPED);
            any = true;
        }
    }
    return any;
}

/* Whose turn has come goes first. */
static struct job *peek_next(const struct worker *w)
{
    return w->turns ? w->turns : agenda_peek(&w->agenda);
}

static struct job *take_next(struct worker *w)
{
    struct job *job = w->turns;

    if (!job)
        return agenda_take(&w->agenda);
    w->turns = job->next;
    if (!w->turns)
        w->turns_end = &w->turns;
    return job;
}

/* Whose turn comes by that may wait in a lane that was emptied before. */
static void stop_waiting(struct worker *w)
{
    struct job *job;

    while ((job = take_next(w)) != NULL)
        start_job(w, job);
    while (stop_lanes(w))
        ;
}

static void stop_flights(struct worker *w)
{
    for (unsigned i = 0; i < w->setup->n_timeouts; i++) {
        while (w->flights[i].oldest)
            flight_abort(w, w->flights[i].oldest);
    }
}

/* Each time round: a flight that ends may put forward what waited for its turn. */
static void obey(struct worker *w)
{
    w->stops = atomic_load(w->setup->stops);
    if (w->stops > 1)
        stop_flights(w);
    if (worker_is_ending(w))
        stop_waiting(w);
}

/* ---- the loop --------------------------------------------------------------------- */

static bool its_lanes_have_room(const struct worker *w, const struct job *job)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        const struct lane *lane = job->at[i].way ? lane_of(w, job, i) : NULL;

        if (lane && !lane_has_room(lane))
            return false;
    }
    return true;
}

/* Until when a closed loop waits for a target that may come back: it is to leave
 * nothing out, and flat out a whole record passes in the seconds of a restart. */
static int64_t worth_waiting(const struct worker *w, const struct job *job)
{
    int64_t until = 0;

    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        int64_t wait =
            job->at[i].way ? guard_worth_waiting(lane_of(w, job, i)->guard, w->now_ns) : 0;

        until = wait > until ? wait : until;
    }
    return until;
}

/* Is it another job's turn, as in a closed loop jobs of a connection take them? */
static bool is_behind(const struct worker *w, const struct job *job)
{
    return w->setup->closed_loop && job->chain && chain_is_others(job->chain, job);
}

/* A closed loop starts a pair when all its calls can start, so that they run
 * at the same time; an open one when it is due, come what may. One that is behind
 * another of its connection is put aside, so that those of others can go. */
static bool may_start(const struct worker *w)
{
    const struct job *job = peek_next(w);

    if (!job)
        return false;
    if (!w->setup->closed_loop)
        return job->due_ns <= w->now_ns;
    if (is_behind(w, job))
        return w->n_behind < BEHIND;
    /* What is in flight wakes us when it ends; without it one may always start. */
    return its_lanes_have_room(w, job) && worth_waiting(w, job) == 0;
}

static void leave_guards(const struct worker *w, struct job *job)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        if (job->at[i].pass)
            guard_leave(lane_of(w, job, i)->guard, job->at[i].pass);
        job->at[i].pass = 0;
        if (job->pair->calls[i].outcome == OUTCOME_BREAKER)
            job->pair->calls[i].outcome = OUTCOME_NONE;
    }
}

/* All calls of a pair are let through or none is, where there is something to wait
 * for: another worker may have sent the probe since we looked. */
static bool enter_guards(const struct worker *w, struct job *job)
{
    int64_t until = 0;

    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        struct call *call = &job->pair->calls[i];

        if (call->outcome != OUTCOME_NONE)
            continue;
        job->at[i].pass = guard_enter(lane_of(w, job, i)->guard, w->now_ns, &until);
        if (job->at[i].pass)
            continue;
        if (until) {
            leave_guards(w, job);
            return false;
        }
        call->outcome = OUTCOME_BREAKER;
    }
    return true;
}

/* False if it has to wait after all. */
static bool start_next(struct worker *w)
{
    struct job *job = peek_next(w);

    if (is_behind(w, job)) {
        take_next(w);
        chain_queue(job->chain, job);
        w->n_behind++;
        return true;
    }
    if (w->setup->closed_loop && !enter_guards(w, job))
        return false;
    take_next(w);
    start_job(w, job);
    return true;
}

static bool has_room_for_jobs(const struct worker *w)
{
    if (w->inbox_ended)
        return false;
    return w->setup->closed_loop ? w->agenda.n == 0 : !agenda_is_full(&w->agenda);
}

/* Half an agenda is enough, unless something in the inbox is due before. */
static bool wants_jobs(const struct worker *w)
{
    if (!has_room_for_jobs(w))
        return false;
    return w->setup->closed_loop || w->woken || w->agenda.n < AGENDA / 2;
}

/* A closed loop has no times to keep, and counts what it holds from here on. What is
 * in flight wakes us when it ends; without it one may always be taken. */
static bool may_take(const struct worker *w)
{
    if (!w->setup->closed_loop)
        return w->agenda.n < AGENDA;
    return w->agenda.n < TAKE_AHEAD && (!holds_too_much(w) || (w->n_open == 0 && !peek_next(w)));
}

static void take_jobs(struct worker *w)
{
    struct job *job;

    if (!wants_jobs(w))
        return;
    w->woken = false;
    while (may_take(w)) {
        job = queue_try_take(w->inbox);
        if (!job) {
            w->inbox_ended = queue_is_drained(w->inbox);
            return;
        }
        if (w->setup->closed_loop)
            hold(w, job, job->pair->exchange->mem.used);
        join_chain(w, job);
        if (w->stops)
            start_job(w, job);
        else
            agenda_put(&w->agenda, job);
    }
}

static void start_due(struct worker *w)
{
    unsigned burst = w->setup->closed_loop ? EVENT_BATCH : START_BURST;

    for (unsigned i = 0; i < burst && may_start(w) && start_next(w); i++) {
        if (!w->setup->closed_loop)
            flight_send_prepared(w); /* in time, each for itself */
    }
    flight_send_prepared(w);
}

static void time_out(struct worker *w)
{
    for (unsigned i = 0; i < w->setup->n_timeouts; i++) {
        struct flights *list = &w->flights[i];

        while (list->oldest && list->oldest->deadline_ns <= w->now_ns)
            flight_time_out(w, list->oldest);
    }
}

/* The next moment at which something happens by itself. */
static int64_t next_moment(const struct worker *w)
{
    const struct job *job = peek_next(w);
    int64_t at = INT64_MAX;

    if (job && w->setup->closed_loop) {
        int64_t wait = worth_waiting(w, job), end = w->setup->end_ns;

        at = wait ? wait : INT64_MAX;
        at = end && end < at ? end : at; /* then it is left out */
    } else if (job) {
        at = job->due_ns - w->alarm.early_ns;
    }
    for (unsigned i = 0; i < w->setup->n_timeouts; i++) {
        const struct flight *oldest = w->flights[i].oldest;

        if (oldest && oldest->deadline_ns < at)
            at = oldest->deadline_ns;
    }
    if (w->done && w->done_since_ns + hand_on_ns < at)
        at = w->done_since_ns + hand_on_ns;
    return at;
}

static void handle(struct worker *w, const struct epoll_event *event)
{
    void *what = event->data.ptr;

    if (what == &w->alarm.fd)
        alarm_heard(&w->alarm);
    else if (what == &w->wake_fd)
        w->woken = true;
    else if (what == &w->connector)
        connector_drive(w->connector);
    else if (what != &w->stops)
        wire_event(w, what, event->events);
}

static void handle_all(struct worker *w, const struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        w->now_ns = clock_mono_ns();
        handle(w, &events[i]);
        if (i % START_BURST == START_BURST - 1 && !w->setup->closed_loop)
            start_due(w);
    }
}

/* Connections that opened or failed; each may bring up others, and those of a
 * target that refuses everything must not keep us from the rest. */
static void handle_connections(struct worker *w)
{
    struct connection *c;

    for (int i = 0; i < EVENT_BATCH && (c = connector_next(w->connector)) != NULL; i++) {
        w->now_ns = clock_mono_ns();
        wire_changed(w, connection_user(c));
    }
}

/* True when nothing is left to do but to hand on what is done. */
static bool is_through(const struct worker *w)
{
    return w->inbox_ended && !peek_next(w) && w->n_open == 0;
}

static void hand_on(struct worker *w)
{
    bool put;

    if (!w->done ||
        (w->n_done < HAND_ON_BATCH && !is_through(w) && w->now_ns < w->done_since_ns + hand_on_ns))
        return;
    put = queue_put(w->setup->finished, w->done);
    (void)put; /* it is closed when the last worker has ended */
    w->done = NULL;
    w->done_end = &w->done;
    w->n_done = 0;
}

/* True just before a job is due: time to be awake, but not to sleep. */
static bool is_near(const struct worker *w)
{
    const struct job *job = w->setup->closed_loop ? NULL : agenda_peek(&w->agenda);

    return job && job->due_ns - w->alarm.early_ns <= w->now_ns;
}

static bool has_work(const struct worker *w)
{
    return w->ready || may_start(w) || is_near(w) || connector_has_next(w->connector) ||
           is_through(w);
}

/* Sleep until something happens, unless there is something to do. */
static int wait_for_events(struct worker *w, struct epoll_event *events, int64_t *woke_ns)
{
    bool busy = has_work(w);
    int64_t until = next_moment(w), slept_ns;
    int n;

    if (!busy && has_room_for_jobs(w)) {
        atomic_store(&w->sleeps_until, until);
        take_jobs(w);
        until = next_moment(w);
        busy = has_work(w);
    }
    if (!busy)
        alarm_set(&w->alarm, until);
    slept_ns = busy ? INT64_MAX : clock_mono_ns();
    n = epoll_wait(w->epoll_fd, events, EVENT_BATCH, busy ? 0 : -1);
    *woke_ns = clock_mono_ns();
    if (n == 1 && events->data.ptr == &w->alarm.fd)
        alarm_learn(&w->alarm, slept_ns, *woke_ns);
    return n;
}

static void *run(void *arg)
{
    struct epoll_event events[EVENT_BATCH];
    struct worker *w = arg;
    int64_t told_ns;
    int n;

    while (!is_through(w) || w->done) {
        w->now_ns = clock_mono_ns();
        obey(w);
        show(w);
        take_jobs(w);
        start_ready(w);
        start_due(w);
        n = wait_for_events(w, events, &told_ns);
        atomic_store(&w->sleeps_until, 0);
        handle_all(w, events, n);
        if (n < EVENT_BATCH)
            w->told_ns = told_ns;
        handle_connections(w);
        w->now_ns = clock_mono_ns();
        time_out(w);
        wire_free_closed(w);
        hand_on(w);
    }
    if (atomic_fetch_sub(w->setup->running, 1) == 1)
        queue_close(w->setup->finished);
    return NULL;
}

int worker_start(struct worker *w, struct err *e)
{
    if (thread_start(&w->thread, run, w, e) < 0)
        return -1;
    w->started = true;
    return 0;
}

void worker_join(struct worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}

/* The loop, in the order in which it matters: jobs that are due are started
 * before answers are read, but no more than a handful at a time, so that
 * neither can starve the other. One alarm serves due jobs and deadlines.
 *
 * Waking a thread costs more than sending a request, so it is done seldom. A
 * worker that sleeps says until when, and looks at its inbox once more; only a
 * job due before then wakes it, and none where there is no room for it. Finished
 * jobs are handed on in batches. */
#include "replay/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/thread.h"
#include "replay/calls.h"
#include "replay/flight.h"
#include "replay/pace.h"
#include "replay/select.h"

/* Fewer jobs on their way would take more turns of the threads, and more would not
 * stay in a core's cache from one thread to the next. */
enum {
    INBOX = 96,
    AGENDA = 1024, /* jobs that wait for their time */
    EVENT_BATCH = 64,
    HAND_ON_BATCH = 32,
};

/* Jobs on their way to a worker may be large. */
static const size_t inbox_bytes = 16 << 20;

/* Rounds that take longer are no rounds, but a standstill. */
static const int64_t stall_ns = 100 * NS_PER_MS;

/* It sleeps, and no job is due before that. */
static const int64_t for_no_job = INT64_MIN;

/* How long a finished job may wait for others before it is handed on. */
static const int64_t hand_on_ns = 10 * NS_PER_MS;

/* How long those have a turn that have more to read than one allows. */
static const int64_t put_off_turn_ns = 200 * NS_PER_US;

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

/* What is due in an open loop is begun whenever it can be; how late, it tells. */
bool worker_is_ending(const struct worker *w)
{
    return w->stops > 0 ||
           (w->setup->closed_loop && w->setup->end_ns && w->now_ns >= w->setup->end_ns);
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
        pace_stop(w);
}

/* ---- the loop --------------------------------------------------------------------- */

/* While a result waits for its disk or its reader, or the machine for its cover to be
 * opened, answers arrive at which we do not look. That is no target's slowness: who is
 * under way gets the time back, and once also the time to look at all that has come. If
 * it were each time, a machine that stands still all the time would time out nobody. */
static void look_again(struct worker *w, int64_t now_ns)
{
    int64_t away_ns = now_ns - w->looked_ns;

    w->looked_ns = now_ns;
    if (away_ns < stall_ns)
        return;
    for (unsigned i = 0; i < w->setup->n_timeouts; i++) {
        int64_t last_ns = now_ns + w->setup->timeouts[i];

        for (struct flight *f = w->flights[i].oldest; f; f = f->next) {
            f->deadline_ns += away_ns;
            if (!f->excused && f->deadline_ns < now_ns + stall_ns)
                f->deadline_ns = now_ns + stall_ns;
            if (f->deadline_ns > last_ns)
                f->deadline_ns = last_ns;
            f->excused = true;
        }
    }
}

static void time_out(struct worker *w)
{
    look_again(w, w->now_ns);
    for (unsigned i = 0; i < w->setup->n_timeouts; i++) {
        struct flights *list = &w->flights[i];

        while (list->oldest && list->oldest->deadline_ns <= w->now_ns)
            flight_time_out(w, list->oldest);
    }
}

/* The next moment at which something happens by itself. */
static int64_t next_moment(const struct worker *w)
{
    int64_t at = pace_moment(w);

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
        if (i % PACE_BURST == PACE_BURST - 1 && !w->setup->closed_loop)
            pace_begin_due(w);
    }
}

/* Whoever sends much, or without end, has a turn when all others have had theirs.
 * Long enough for several reads: to go round after each costs a third of the pace. */
static void handle_put_off(struct worker *w)
{
    int64_t end_ns = w->put_off ? clock_mono_ns() + put_off_turn_ns : 0;

    while (w->put_off && (w->now_ns = clock_mono_ns()) < end_ns)
        wire_go_on(w, wire_take_put_off(w), end_ns);
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
    return w->inbox_ended && !pace_has_next(w) && w->n_open == 0;
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

static bool has_work(const struct worker *w)
{
    return w->ready || w->put_off || pace_may_begin(w) || pace_is_near(w) ||
           connector_has_next(w->connector) || is_through(w);
}

/* Sleep until something happens, unless there is something to do. */
static int wait_for_events(struct worker *w, struct epoll_event *events, int64_t *woke_ns)
{
    bool busy = has_work(w);
    int64_t until = next_moment(w), slept_ns;
    int n;

    if (!busy) {
        atomic_store(&w->sleeps_until, pace_has_room(w) ? until : for_no_job);
        pace_take_jobs(w);
        until = next_moment(w);
        busy = has_work(w) || atomic_load(&w->view_wanted);
    }
    if (!busy)
        alarm_set(&w->alarm, until);
    slept_ns = busy ? INT64_MAX : clock_mono_ns();
    if (!busy)
        look_again(w, slept_ns);
    n = epoll_wait(w->epoll_fd, events, EVENT_BATCH, busy ? 0 : -1);
    *woke_ns = clock_mono_ns();
    if (!busy)
        w->looked_ns = until < slept_ns ? slept_ns : until < *woke_ns ? until : *woke_ns;
    look_again(w, *woke_ns);
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

    w->looked_ns = clock_mono_ns();
    while (!is_through(w) || w->done) {
        w->now_ns = clock_mono_ns();
        look_again(w, w->now_ns);
        obey(w);
        show(w);
        pace_take_jobs(w);
        calls_start_waiting(w);
        pace_begin_due(w);
        n = wait_for_events(w, events, &told_ns);
        atomic_store(&w->sleeps_until, 0);
        handle_all(w, events, n);
        handle_put_off(w);
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

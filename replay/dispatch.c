#include "replay/dispatch.h"

#include <poll.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/http.h"
#include "core/mem.h"
#include "replay/path.h"
#include "replay/reorder.h"

/* How long before it is due a job goes to its worker, at most and at least: between
 * the two the dispatcher sleeps. What comes down a pipe is put in order by waiting
 * with its worker. A file was sorted before, and is read in small portions: who
 * reads may be on the worker's core, and what is due meanwhile waits. */
struct ahead {
    int64_t most_ns, least_ns;
};

static const struct ahead of_pipe = {NS_PER_SEC / 2, NS_PER_SEC / 4};
static const struct ahead of_file = {55 * NS_PER_MS, 50 * NS_PER_MS};

static bool is_stopping(const struct dispatcher *d)
{
    return atomic_load_explicit(d->setup->stops, memory_order_relaxed) > 0;
}

static void count_eligible(struct replay_stats *s, enum eligible why)
{
    switch (why) {
    case NOT_A_REQUEST:
        return;
    case ELIGIBLE:
        s->eligible++;
        break;
    case NOT_LOOP:
        s->loop++;
        break;
    case NOT_TUNNEL:
        s->tunnel++;
        break;
    case NOT_INCOMPLETE:
        s->incomplete++;
        break;
    case NOT_LIMIT:
        s->limit++;
        break;
    case NOT_RULED:
        s->no_rule++;
        break;
    case NOT_MEANT:
        s->no_rule++;
        s->skipped++;
        break;
    case NOT_MIRRORED:
        s->no_mirror++;
        break;
    case NOT_BACKED:
        s->redirect++;
        break;
    case NOT_DECIDED:
        s->undecided++;
        break;
    case NOT_READABLE:
        s->unreadable++;
        s->anomalous++;
        break;
    case NOT_ANOMALOUS:
        s->anomalous++;
        break;
    case NOT_METHOD:
        s->method++;
        break;
    case NOT_KEYED:
        s->no_key++;
        break;
    }
    s->recorded++;
}

/* Keep the name of a method that is left out, for people. */
static void note_method(struct replay_stats *s, struct str method)
{
    size_t n = strlen(s->methods), room = sizeof s->methods - n;

    if (method.len + 2 < room && !http_list_has(str_of(s->methods), method))
        snprintf(s->methods + n, room, "%s%.*s", n ? ", " : "", STR_ARG(method));
}

/* What is decided about a request. */
struct decided {
    const struct plan_rule *rule; /* NULL: none, or none was asked */
    struct http_request_line line;
    enum eligible why;
    struct choice choice; /* if it is eligible */
    struct str path;      /* that its rule writes in place of its own, or data NULL */
};

/* The path lives in a buffer until it has a job. One that becomes too long is larger
 * than can be sent, as if it had come so. Returns 0, or -1 with *e set. */
static int write_path(struct dispatcher *d, const struct ruling *r, struct decided *to,
                      struct err *e)
{
    const struct plan_rewrite *rewrite = &r->decision.rule->rewrite;
    struct err why = {0};

    if (rewrite->path == PLAN_PATH_KEPT)
        return 0;
    buf_reset(&d->path);
    if (path_rewrite(rewrite, r->decision.match, r->request.path, &d->path, &why) == 0) {
        to->path = buf_str(&d->path);
        return 0;
    }
    if (why.kind != ERR_INPUT) {
        *e = why;
        return -1;
    }
    to->why = NOT_LIMIT;
    return 0;
}

/* May it be sent, and then: who is it drawn for? Returns 0, or -1 with *e set. */
static int decide(struct dispatcher *d, const struct exchange *x, struct decided *to, struct err *e)
{
    char room[SELECT_KEY_ROOM];
    struct ruling ruling = {0};
    struct str key;

    *to = (struct decided){.why = eligible_check(x, &d->rules, &ruling)};
    to->rule = ruling.decision.rule;
    to->line = ruling.facts.line;
    if (to->why != ELIGIBLE)
        return 0;
    if (!select_find_key(&d->chooser.shares, x, &ruling.facts, room, &key)) {
        to->why = NOT_KEYED;
        return 0;
    }
    choose(&d->chooser, &ruling.decision, key, &to->choice);
    if (!to->choice.meant)
        to->why = NOT_MIRRORED;
    return to->choice.drawn ? write_path(d, &ruling, to, e) : 0;
}

/* Calls that will not be made have their outcome from the start. The control
 * is a second call to v1: twice is too often for what changes something. */
static void decide_calls(const struct dispatcher *d, const struct decided *to, struct job *job)
{
    struct pair *pair = job->pair;
    int control = d->setup->control;

    for (unsigned i = 0; i < pair->n_calls; i++) {
        job->at[i].way = to->choice.ways[i];
        if (d->dry_run || !job->at[i].way)
            pair->calls[i].outcome = OUTCOME_OFF;
        else if ((int)i == control && !http_is_safe_method(job->line.method))
            pair->calls[i].outcome = OUTCOME_UNSAFE;
    }
}

/* Wait until it is nearly time, or the run is stopped. */
static void wait_for(const struct dispatcher *d, int64_t due_ns)
{
    const struct ahead *ahead = d->comes_by_time ? &of_pipe : &of_file;
    struct pollfd stop = {.fd = d->setup->stop_fd, .events = POLLIN};
    struct timespec ts;
    int64_t left;

    if (due_ns - ahead->most_ns <= clock_mono_ns())
        return;
    while (!is_stopping(d) && (left = due_ns - ahead->least_ns - clock_mono_ns()) > 0) {
        ts.tv_sec = left / NS_PER_SEC;
        ts.tv_nsec = left % NS_PER_SEC;
        ppoll(&stop, 1, &ts, NULL);
    }
}

/* Requests of one recorded connection stay with one worker, in their order. */
static struct worker *worker_of(const struct dispatcher *d, const struct exchange *x)
{
    return &d->workers[select_mix(x->connection) % d->n_workers];
}

/* A selected request: give it to a worker when its time comes near. */
static int send_off(struct dispatcher *d, struct exchange *x, const struct decided *to,
                    struct err *e)
{
    int64_t recorded_ns = x->request_first_ns;
    struct worker *worker = worker_of(d, x);
    struct job *job;

    if (!d->keep_recorded)
        x->response = (struct http_message){0};
    job = job_new(x, &to->line, d->setup->n_roles, d->max_answers, e);
    if (!job)
        return -1;
    if (to->path.data && arena_dup(&job->pair->mem, to->path, &job->path, e) < 0) {
        job_free(job);
        return -1;
    }
    job->due_ns = schedule_due(&d->schedule, recorded_ns);
    if (d->comes_by_time)
        job->due_ns = arrivals_due(&d->arrivals, job->due_ns);
    decide_calls(d, to, job);
    if (!d->dry_run)
        wait_for(d, job->due_ns);
    worker_give(worker, job);
    return 0;
}

static void tell_decided(const struct dispatcher *d, const struct decided *to)
{
    struct replay_decided told = {.rule = to->rule, .eligible = to->why == ELIGIBLE};
    const struct routes *routes = d->chooser.routes;

    if (!d->decided || to->why == NOT_A_REQUEST)
        return;
    for (unsigned i = 0; told.eligible && routes->candidates + i < routes->n_roles; i++) {
        if (to->choice.ways[routes->candidates + i] &&
            (int)(routes->candidates + i) != routes->control)
            told.drawn |= 1u << i;
    }
    d->decided(d->ctx, &told);
}

/* Decide about an exchange of this shard. */
static int take_ours(struct dispatcher *d, struct exchange *x, struct err *e)
{
    struct decided to;
    bool drawn;

    if (decide(d, x, &to, e) < 0) {
        exchange_free(x);
        return -1;
    }
    if (to.why == NOT_METHOD)
        note_method(d->stats, to.line.method); /* a view into the exchange */
    d->stats->cut_off += to.why == NOT_INCOMPLETE && (x->request.flags & HTTP_TRUNCATED);
    drawn = to.why == ELIGIBLE && to.choice.drawn;
    if (!drawn)
        exchange_free(x);
    else if (send_off(d, x, &to, e) < 0)
        return -1;
    count_eligible(d->stats, to.why);
    tell_decided(d, &to);
    if (to.why == ELIGIBLE)
        *(drawn ? &d->stats->selected : &d->stats->sampled_out) += 1;
    atomic_store_explicit(&d->shown_recorded, d->stats->recorded, memory_order_relaxed);
    atomic_store_explicit(&d->shown_selected, d->stats->selected, memory_order_relaxed);
    return 0;
}

/* What is read again counts on, so that a number names one exchange of the run
 * and a connection is another one in the next pass. */
static void renumber(struct dispatcher *d, struct exchange *x)
{
    x->ordinal += d->ordinal_base;
    x->connection += x->connection ? d->connection_base : 0; /* 0 is not known */
    if (x->ordinal > d->last_ordinal)
        d->last_ordinal = x->ordinal;
    if (x->connection > d->last_connection)
        d->last_connection = x->connection;
}

/* Sorting has a window. What is still behind later ones is due when it comes, so a
 * recording that was joined behind a later one goes out all at once. */
static void note_place(struct dispatcher *d, int64_t recorded_ns, bool ours)
{
    if (d->comes_by_time || d->schedule.rules.pace != PACE_RECORDED || recorded_ns == 0)
        return;
    if (recorded_ns > d->latest_ns)
        d->latest_ns = recorded_ns;
    d->stats->misplaced += ours && recorded_ns + NS_PER_SEC < d->latest_ns;
}

/* Is what was recorded then due too late? Without a schedule the clock tells. */
static bool is_over(const struct dispatcher *d, int64_t recorded_ns)
{
    if (d->duration_ns == 0)
        return false;
    if (d->schedule.rules.pace == PACE_MAX)
        return clock_mono_ns() >= d->setup->end_ns;
    return schedule_peek(&d->schedule, recorded_ns) >= d->schedule.start_ns + d->duration_ns;
}

/* Requests of other shards are those of other processes, which count them; but
 * all of them keep the same time. It begins with the first exchange: until that
 * is read, and a window is filled, nothing can be late. */
static int take(struct dispatcher *d, struct exchange *x, struct err *e)
{
    bool ours = shard_has(&d->shard, x);

    if (!d->begun)
        schedule_start(&d->schedule, clock_mono_ns());
    d->begun = true;
    schedule_note(&d->schedule, x->request_first_ns);
    note_place(d, x->request_first_ns, ours);
    renumber(d, x);
    d->over = is_over(d, x->request_first_ns);
    if (ours && !d->over)
        return take_ours(d, x, e);
    d->stats->elsewhere += !ours;
    exchange_free(x);
    return 0;
}

/* The next exchange, and when it came. */
static int next(struct dispatcher *d, const struct exchange_source *source, struct exchange **x,
                struct err *e)
{
    int64_t asked_ns = d->comes_by_time ? clock_mono_ns() : 0;
    int got = source->next(source->ctx, x, e);

    if (d->comes_by_time)
        arrivals_note(&d->arrivals, asked_ns, clock_mono_ns());
    return got;
}

static int take_all(struct dispatcher *d, const struct exchange_source *source, struct err *e)
{
    struct exchange *x;
    int got = 0;

    d->stats->passes++;
    while (!is_stopping(d) && !d->over && (got = next(d, source, &x, e)) == 1) {
        if (take(d, x, e) < 0)
            return -1;
    }
    return got < 0 ? -1 : 0;
}

/* Another pass over nothing would be like the first. Where no request is due later
 * than the one before it, or none is sent at all, only the clock tells the end. */
static bool may_go_again(const struct dispatcher *d)
{
    return d->begun && !d->over && !is_stopping(d) &&
           (d->duration_ns == 0 || clock_mono_ns() < d->schedule.start_ns + d->duration_ns);
}

/* Every pass; `sorted` is the source, or the window in front of it. */
static int take_passes(struct dispatcher *d, const struct exchange_source *source,
                       const struct exchange_source *sorted, struct reorder *window, struct err *e)
{
    for (uint64_t i = 0; i < d->loops && (i == 0 || may_go_again(d)); i++) {
        if (i > 0) {
            if (source->rewind(source->ctx, e) < 0)
                return -1;
            reorder_again(window);
            schedule_again(&d->schedule);
            d->ordinal_base = d->last_ordinal;
            d->connection_base = d->last_connection;
            d->latest_ns = 0;
        }
        if (take_all(d, sorted, e) < 0)
            return -1;
    }
    return 0;
}

/* Sorting holds back what it waits with, so what comes down a pipe is not sorted:
 * it may be what is happening now. Flat out there is no time to sort by. */
int dispatch(struct dispatcher *d, const struct exchange_source *source, struct err *e)
{
    struct reorder *window = mem_zalloc(sizeof *window);
    const struct exchange_source sorted = {reorder_next, window};
    bool sorts = source->at_hand && d->schedule.rules.pace != PACE_MAX;
    int rc;

    if (!window)
        return err_nomem(e, "sorting requests");
    reorder_init(window, source);
    arrivals_init(&d->arrivals, source->live, clock_mono_ns());
    d->comes_by_time = !source->at_hand && d->schedule.rules.pace != PACE_MAX;
    rc = take_passes(d, source, sorts ? &sorted : source, window, e);
    reorder_release(window);
    mem_free(window);
    return rc;
}

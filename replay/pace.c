#include "replay/pace.h"

#include "core/clock.h"
#include "replay/calls.h"
#include "replay/flight.h"

enum {
    CLOSED_BURST = 64, /* jobs begun at a time in a closed loop */
    BEHIND = 1024,     /* jobs there that wait for their recorded connection's turn */
    TAKE_AHEAD = 48,   /* and that are taken out of the inbox at a time */
};

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

bool pace_has_next(const struct worker *w)
{
    return peek_next(w) != NULL;
}

/* ---- may it begin? ------------------------------------------------------------------ */

static bool its_lanes_have_room(const struct worker *w, const struct job *job)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        const struct lane *lane = job->at[i].way ? calls_lane(w, job, i) : NULL;

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
            job->at[i].way ? guard_worth_waiting(calls_lane(w, job, i)->guard, w->now_ns) : 0;

        until = wait > until ? wait : until;
    }
    return until;
}

/* Is it another job's turn, as in a closed loop jobs of a connection take them? */
static bool is_behind(const struct worker *w, const struct job *job)
{
    return w->setup->closed_loop && job->chain && chain_is_others(job->chain, job);
}

bool pace_may_begin(const struct worker *w)
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

bool pace_is_near(const struct worker *w)
{
    const struct job *job = w->setup->closed_loop ? NULL : agenda_peek(&w->agenda);

    return job && job->due_ns - w->alarm.early_ns <= w->now_ns;
}

int64_t pace_moment(const struct worker *w)
{
    const struct job *job = peek_next(w);
    int64_t wait, end = w->setup->end_ns;

    if (!job)
        return INT64_MAX;
    if (!w->setup->closed_loop)
        return job->due_ns - w->alarm.early_ns;
    wait = worth_waiting(w, job);
    wait = wait ? wait : INT64_MAX;
    return end && end < wait ? end : wait; /* then it is left out */
}

/* ---- begin it ---------------------------------------------------------------------------- */

static void leave_guards(const struct worker *w, struct job *job)
{
    for (unsigned i = 0; i < job->pair->n_calls; i++) {
        if (job->at[i].pass)
            guard_leave(calls_lane(w, job, i)->guard, job->at[i].pass);
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
        job->at[i].pass = guard_enter(calls_lane(w, job, i)->guard, w->now_ns, &until);
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
static bool begin_next(struct worker *w)
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
    calls_begin(w, job);
    return true;
}

void pace_begin_due(struct worker *w)
{
    unsigned burst = w->setup->closed_loop ? CLOSED_BURST : PACE_BURST;

    for (unsigned i = 0; i < burst && pace_may_begin(w) && begin_next(w); i++) {
        if (!w->setup->closed_loop)
            flight_send_prepared(w); /* in time, each for itself */
    }
    flight_send_prepared(w);
}

/* Whose turn comes by that may wait in a lane that was emptied before. */
void pace_stop(struct worker *w)
{
    struct job *job;

    while ((job = take_next(w)) != NULL)
        calls_begin(w, job);
    while (calls_stop_waiting(w))
        ;
}

/* ---- out of the inbox ------------------------------------------------------------------------ */

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

bool pace_has_room(const struct worker *w)
{
    if (w->inbox_ended)
        return false;
    return w->setup->closed_loop ? w->agenda.n == 0 : !agenda_is_full(&w->agenda);
}

/* Half an agenda is enough, unless something in the inbox is due before. */
static bool wants_jobs(const struct worker *w)
{
    if (!pace_has_room(w))
        return false;
    return w->setup->closed_loop || w->woken || w->agenda.n < w->agenda.capacity / 2;
}

/* A closed loop has no times to keep, and counts what it holds from here on. What is
 * in flight wakes us when it ends; without it one may always be taken. */
static bool may_take(const struct worker *w)
{
    if (!w->setup->closed_loop)
        return !agenda_is_full(&w->agenda);
    return w->agenda.n < TAKE_AHEAD &&
           (!calls_hold_too_much(w) || (w->n_open == 0 && !peek_next(w)));
}

void pace_take_jobs(struct worker *w)
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
            calls_hold(w, job, job->pair->exchange->mem.used);
        join_chain(w, job);
        if (w->stops)
            calls_begin(w, job);
        else
            agenda_put(&w->agenda, job);
    }
}

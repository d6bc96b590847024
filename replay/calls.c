#include "replay/calls.h"

#include "core/clock.h"
#include "replay/flight.h"
#include "replay/select.h"
#include "replay/way.h"

/* ---- what jobs keep ---------------------------------------------------------------- */

void calls_hold(struct worker *w, struct job *job, size_t n)
{
    job->held += n;
    atomic_fetch_add_explicit(w->setup->held, n, memory_order_relaxed);
}

bool calls_hold_too_much(const struct worker *w)
{
    return atomic_load_explicit(w->setup->held, memory_order_relaxed) > w->setup->max_held;
}

/* ---- a place for those that wait ----------------------------------------------------- */

struct lane *calls_lane(const struct worker *w, const struct job *job, unsigned role)
{
    return &w->lanes[job->at[role].way->lane];
}

/* Not started at once: the requests that one round of events makes room for go
 * out together. */
void calls_lane_ready(struct worker *w, struct lane *lane)
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

void calls_start_waiting(struct worker *w)
{
    struct lane *lane;

    while ((lane = w->ready) != NULL) {
        w->ready = lane->next_ready;
        lane->is_ready = false;
        start_waiting(w, lane);
    }
}

/* ---- the end of a call ----------------------------------------------------------------- */

/* The next of its recorded connection waits for a place from now on. */
static void end_turn(struct worker *w, unsigned role, struct job *job)
{
    struct job *next = chain_next(job->chain, role, job);
    struct lane *lane;

    if (!next)
        return;
    lane = calls_lane(w, next, role);
    lane->n_behind--;
    next->at[role].ready_ns = w->now_ns;
    lane_wait(lane, next);
    calls_lane_ready(w, lane);
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

void calls_decided(struct worker *w, unsigned role, struct job *job)
{
    const struct call *call = &job->pair->calls[role];
    const struct job_at *at = &job->at[role];

    calls_hold(w, job, call->response.head.len + call->response.body.len);
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
    calls_decided(w, role, job);
}

/* ---- its beginning ----------------------------------------------------------------------- */

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
    return !lane_is_full(lane) && !(calls_hold_too_much(w) && lags(w, lane));
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
    lane = calls_lane(w, job, role);
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

/* Calls whose outcome is decided already (unsafe, off) only have to be counted. */
void calls_begin(struct worker *w, struct job *job)
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
        calls_hold(w, job, job->pair->exchange->mem.used); /* that one does as it takes the job */
    else if (job->chain)
        chain_take(job->chain, job);
    /* The last call may finish the job and hand it on: not a look at it after. */
    for (unsigned i = 0; i < n; i++)
        start_call(w, order[i], job);
}

bool calls_stop_waiting(struct worker *w)
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

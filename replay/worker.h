/* worker.h -- one thread that sends requests and receives answers.
 *
 * It owns an event loop, its connections and its share of every target's queue
 * and limit, and shares nothing while it runs. How a call goes its job says. One
 * worker has all calls of a pair, and all pairs of a recorded connection.
 *
 * Jobs come in through a bounded queue, whole chains of finished ones go out
 * through another. A job that is put in comes out, whatever happens.
 */
#ifndef MIRRORCTL_REPLAY_WORKER_H
#define MIRRORCTL_REPLAY_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/queue.h"
#include "replay/agenda.h"
#include "replay/alarm.h"
#include "replay/chain.h"
#include "replay/connection.h"
#include "replay/guard.h"
#include "replay/job.h"
#include "replay/lane.h"
#include "replay/target.h"

/* What all workers of a run have in common; does not change while it runs. */
struct worker_setup {
    const struct target *targets; /* a lane of each worker to each */
    struct guard *guards;         /* one per target; they have locks of their own */
    unsigned n_targets;
    unsigned n_roles;        /* calls of a pair */
    int control;             /* its role, or -1 */
    const int64_t *timeouts; /* all that ways name, ns */
    unsigned n_timeouts;
    bool ordered;         /* requests of a recorded connection take turns */
    bool own_wires;       /* and each such connection has wires of its own */
    size_t max_idle;      /* kept-alive connections per lane */
    bool closed_loop;     /* start a job as soon as every target has room */
    unsigned concurrency; /* per target, over all workers */
    size_t max_waiting;   /* per target, over all workers */
    _Atomic size_t *held; /* bytes of the jobs that were started and not handed on */
    size_t max_held;      /* beyond it nothing more is queued for a target that lags */
    size_t max_body;
    int64_t end_ns;         /* closed loop: nothing is begun from then on, monotonic; 0: no end */
    int64_t wall_offset_ns; /* what to add to monotonic time */
    struct connector_options connections;
    const char *seed;       /* for the order of a pair's calls */
    atomic_int *stops;      /* 1: end in order; 2: end now */
    int stop_fd;            /* an eventfd, written when *stops changes */
    struct queue *finished; /* chains of jobs; the last worker to end closes it */
    atomic_uint *running;   /* workers that have not ended */
};

/* What a worker shows of one role while it runs. */
struct role_view {
    struct replay_target_stats stats;
    unsigned in_flight, waiting;
};

/* Those of one timeout: their deadlines come in the order in which they began. */
struct flights {
    struct flight *oldest, *newest;
};

struct worker {
    const struct worker_setup *setup;
    struct queue *inbox;
    _Atomic int64_t sleeps_until; /* 0: awake; a job due before then has to wake it */
    int wake_fd;
    pthread_t thread;
    bool started;
    atomic_bool view_wanted;
    pthread_mutex_t view_lock;
    struct role_view *views; /* one per role, under the lock */

    /* The thread's own from here on, until it is joined. */
    int epoll_fd;
    struct alarm alarm;
    int64_t now_ns;    /* monotonic, of this round or event */
    int64_t told_ns;   /* what had happened to idle wires by then is known */
    int64_t looked_ns; /* when it last looked at what happens, or wanted to sleep until */
    uint64_t order_seed;
    struct agenda agenda;
    struct chains chains;
    struct connector *connector;
    struct replay_target_stats *stats;       /* one per role */
    struct lane *lanes;                      /* one per target */
    struct lane *ready;                      /* those in which somebody may go */
    struct flights *flights;                 /* by timeout */
    struct flight *prepared, **prepared_end; /* to be sent in this round */
    struct wire *put_off, *last_put_off;     /* have more to read, longest first */
    struct wire *closed;                     /* in this round; events may still name them */
    char *input;                             /* where bytes are received */
    unsigned n_open;                         /* jobs that were started and are not finished */
    unsigned n_behind;                       /* closed loop: queue for their chain's turn */
    struct job *turns, **turns_end;          /* and those that have it, to be started next */
    bool woken;                              /* something in the inbox is due early */
    struct job *done, **done_end;
    unsigned n_done;
    int64_t done_since_ns;
    int stops; /* how far stopping was obeyed */
    bool inbox_ended;
    struct err failure; /* kind ERR_NONE: all is well */
    uint64_t paired, unpaired;
};

/* Make worker `index` of `n`. Returns 0 with *w to be released, or -1. */
int worker_init(struct worker *w, const struct worker_setup *setup, unsigned index, unsigned n,
                struct err *e);

/* Start its thread, or wait for its end: that comes when the inbox is closed
 * and everything in it is done. */
int worker_start(struct worker *w, struct err *e);
void worker_join(struct worker *w);

/* Free it; it must not run. Fine on a zeroed struct. */
void worker_release(struct worker *w);

/* Give it a job, waiting for room; or say that no more will come. */
void worker_give(struct worker *w, struct job *job);
void worker_end_input(struct worker *w);

/* Have it show its counters soon, and look at what it showed last: adds to
 * `stats`, `in_flight` and `waiting`, one item per role. */
void worker_ask_view(struct worker *w);
void worker_add_view(struct worker *w, struct replay_target_stats *stats, unsigned *in_flight,
                     unsigned *waiting);

/* ---- for what it is made of ---- */

/* True when nothing more is to be begun: it was stopped, or its time is over. */
bool worker_is_ending(const struct worker *w);

/* Something failed that concerns the whole run: stop all of it now. */
void worker_fail(struct worker *w, const struct err *e);

#endif

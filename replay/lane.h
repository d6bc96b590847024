/* lane.h -- what one worker has of one target: a queue, a limit, connections.
 *
 * Each target has its own lane, so a slow one fills its own queue and uses up
 * its own limit, and costs the others nothing. Calls are counted by role.
 */
#ifndef MIRRORCTL_REPLAY_LANE_H
#define MIRRORCTL_REPLAY_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "replay/job.h"
#include "replay/replay.h"
#include "replay/target.h"

struct flight;
struct guard;
struct wire;

struct lane {
    const struct target *target;
    struct guard *guard;               /* all workers' lanes to the target share it */
    struct replay_target_stats *stats; /* of its role; its other lanes share them */
    unsigned role;                     /* the place of its calls in a pair */
    unsigned limit;                    /* calls in flight at a time */
    unsigned in_flight;

    struct job **waiting; /* a ring: due, but the limit is reached */
    size_t first, n_waiting;
    size_t n_behind;    /* wait for their turn, see chain.h */
    size_t max_waiting; /* of both together */

    struct flight *spare;      /* not in flight, for the next */
    struct wire *idle;         /* kept-alive connections, last used first */
    struct wire *idle_longest; /* the last of them */
    size_t n_idle;
    bool strays; /* the target has sent what nobody had asked for */

    bool is_ready;    /* among the worker's ready lanes, */
    int64_t ready_ns; /* since then */
    struct lane *next_ready;
};

/* Returns 0 with *l to be released, or -1 with *e set. */
int lane_init(struct lane *l, const struct target *target, unsigned limit, size_t max_waiting,
              struct err *e);

/* Free the queue. Flights and wires must be gone. Fine on a zeroed struct. */
void lane_release(struct lane *l);

/* True if one more call may be in flight. */
bool lane_has_room(const struct lane *l);

/* True if nothing more can wait for this target. */
bool lane_is_full(const struct lane *l);

/* Calls in flight, and those that wait. */
size_t lane_load(const struct lane *l);

/* Queue a job for this target, which must not be full. */
void lane_wait(struct lane *l, struct job *job);

/* Take the job that waits longest, or NULL. */
struct job *lane_next(struct lane *l);

/* Add the counters of one to another's; the name stays. */
void target_stats_add(struct replay_target_stats *into, const struct replay_target_stats *from);

/* Account for a call whose outcome is decided; it was sent `late_ns` after it
 * could have been. */
void target_stats_count(struct replay_target_stats *s, const struct call *call, int64_t late_ns);

#endif

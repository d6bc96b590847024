/* arrival.h -- how late requests reach us, where they come while they happen.
 *
 * A live exchange comes after its request was made: its answer had to end, and
 * packets and blocks wait for one another, up to a second in a pipe. Gaps can be
 * kept all the same when every copy goes out that much after its original. So
 * the schedule is shifted by the lateness with which exchanges were seen to
 * arrive, up to a ceiling; what comes later than that is due as it comes. None
 * of it is the replayer's lateness.
 *
 * When the input was at hand is known by having waited for it. What did not have
 * to be waited for was there since then, and may be late by our own fault.
 */
#ifndef MIRRORCTL_REPLAY_ARRIVAL_H
#define MIRRORCTL_REPLAY_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

/* Ceilings of the shift. A pipe brings blocks of a second where there is little
 * traffic, and whoever writes to it can wait. What a live capture brings has to
 * wait in queues that are short, and it is not in blocks. */
static const int64_t arrival_most_of_pipe_ns = 1500 * NS_PER_MS;
static const int64_t arrival_most_of_live_ns = 250 * NS_PER_MS;

/* What all arrivals had in common for so long is not chance. */
static const int64_t arrival_window_ns = 5 * NS_PER_SEC;

struct arrivals {
    bool live;                       /* it happens now: nothing can come ahead of its time */
    int64_t most_ns;                 /* how long a copy waits for others at the most */
    int64_t at_ns;                   /* what is read now has been at hand since, monotonic */
    int64_t shift_ns;                /* of the schedule */
    int64_t slack_ns;                /* that part of it by which copies wait for others */
    int64_t latest_ns;               /* due time that was given */
    int64_t floor_ns;                /* none may be earlier: that could change an order */
    int64_t window_ns;               /* when the window began; 0: with the next one */
    int64_t least_early, most_early; /* how early arrivals of this window were */
};

void arrivals_init(struct arrivals *a, bool live, int64_t start_ns);

/* The next one was asked for at `asked_ns` and is there at `now_ns`. */
void arrivals_note(struct arrivals *a, int64_t asked_ns, int64_t now_ns);

/* When that one is due, for which the schedule says `due_ns`: not before it came,
 * where it had to be waited for. Those of one connection come in their order
 * and are due in their order. */
int64_t arrivals_due(struct arrivals *a, int64_t due_ns);

#endif

/* calls.h -- the calls of jobs that have begun, until the last of them is decided.
 *
 * A call goes out when its lane has a place and, where the order of recorded
 * connections is kept, its turn has come; until then it waits, if it may. When all
 * calls of a job are decided the job is finished, and the worker hands it on.
 */
#ifndef MIRRORCTL_REPLAY_CALLS_H
#define MIRRORCTL_REPLAY_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "replay/lane.h"
#include "replay/worker.h"

/* Count what a job keeps in memory; whoever hands it on takes it off again. */
void calls_hold(struct worker *w, struct job *job, size_t n);

/* True when all jobs together keep more than they should. */
bool calls_hold_too_much(const struct worker *w);

/* The lane of the job's call to a role for which it is meant. */
struct lane *calls_lane(const struct worker *w, const struct job *job, unsigned role);

/* Begin a job's calls in an order that is drawn. It may be finished, and gone, when
 * this returns. What goes out at once is prepared: see flight_send_prepared(). */
void calls_begin(struct worker *w, struct job *job);

/* The outcome of the job's call to a role, which is in the call, is decided. */
void calls_decided(struct worker *w, unsigned role, struct job *job);

/* The lane has room, or somebody waits in it: look at it when the round's events
 * are handled. */
void calls_lane_ready(struct worker *w, struct lane *lane);

/* Prepare those that wait in ready lanes, as far as there is room. */
void calls_start_waiting(struct worker *w);

/* Nothing more is begun: decide those that wait. True if there were any; who waited
 * for their turn behind them waits now. */
bool calls_stop_waiting(struct worker *w);

#endif

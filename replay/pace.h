/* pace.h -- which job begins next, and when.
 *
 * In an open loop each begins when it is due, come what may. In a closed one it
 * begins as soon as all its targets have room, so that the calls of a pair run at
 * the same time; one that is behind another of its recorded connection is put aside,
 * so that those of others can go.
 */
#ifndef MIRRORCTL_REPLAY_PACE_H
#define MIRRORCTL_REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/worker.h"

/* Open loop: jobs begun, and events handled, at a time, so that neither can starve
 * the other. */
enum { PACE_BURST = 8 };

/* True if a job is left that has not begun. */
bool pace_has_next(const struct worker *w);

/* True if one may begin now, or is due so soon that it is no time to sleep. */
bool pace_may_begin(const struct worker *w);
bool pace_is_near(const struct worker *w);

/* When the next may begin by itself, monotonic; INT64_MAX: when something else
 * happens. */
int64_t pace_moment(const struct worker *w);

/* Begin what may, a burst at most, and send it. */
void pace_begin_due(struct worker *w);

/* Nothing more is to be sent: begin all there are, to be counted as stopped. */
void pace_stop(struct worker *w);

/* Take jobs out of the inbox, where that is worth it. It ends with `inbox_ended`. */
void pace_take_jobs(struct worker *w);

/* True if more jobs can be taken. */
bool pace_has_room(const struct worker *w);

#endif

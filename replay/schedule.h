/* schedule.h -- when each request is due: arithmetic on time, nothing else.
 *
 * Every due time is computed from the start of the run, never from the request
 * before. Sleeping between neighbours adds up: another tool took 3.9 s for a
 * recording of 1.8 s that way.
 */
#ifndef MIRRORCTL_REPLAY_SCHEDULE_H
#define MIRRORCTL_REPLAY_SCHEDULE_H

#include <stdint.h>

#include "replay/replay.h"

struct schedule {
    enum replay_pace pace;
    double speed, rate;
    int64_t start_ns;          /* of the run, monotonic */
    int64_t first_recorded_ns; /* 0 until a recorded time is known */
    int64_t last_due_ns;
    uint64_t n; /* requests scheduled so far */
};

/* Start at `start_ns`. `speed` (PACE_RECORDED) and `rate` (PACE_RATE) must be
 * positive where they are used. */
void schedule_init(struct schedule *s, enum replay_pace pace, double speed, double rate,
                   int64_t start_ns);

/* Tell the recorded time of a request, mirrored or not: the first one known is
 * the start of the recording. 0 is unknown. */
void schedule_note(struct schedule *s, int64_t recorded_ns);

/* When the next request is due, on the monotonic clock. A request recorded
 * before the first is due at the start; one without a time, with the request
 * before it. With PACE_MAX all are due at the start. */
int64_t schedule_due(struct schedule *s, int64_t recorded_ns);

#endif

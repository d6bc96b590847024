/* schedule.h -- when each request is due: arithmetic on time, nothing else.
 *
 * Every due time is computed from the start of the run, never from the request
 * before. Sleeping between neighbours adds up: another tool took 3.9 s for a
 * recording of 1.8 s that way. Nothing here adds up but whole numbers, so the
 * last request of a billion is as exact as the second.
 */
#ifndef MIRRORCTL_REPLAY_SCHEDULE_H
#define MIRRORCTL_REPLAY_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/replay.h"

struct schedule_rules {
    enum replay_pace pace;
    double speed;     /* PACE_RECORDED: times the recorded pace, positive */
    double rate;      /* PACE_RATE: requests a second, positive */
    bool poisson;     /* PACE_RATE: random gaps, as independent users leave them */
    const char *seed; /* of these gaps; NULL is the default */
    int64_t ramp_ns;  /* speed or rate rises from 0 to the full one; 0: at once */
};

struct schedule {
    struct schedule_rules rules;
    int64_t start_ns;          /* of the run, monotonic */
    int64_t first_recorded_ns; /* 0 until a recorded time is known */
    int64_t last_due_ns;
    /* Of the recording: what passes before this one took, where this one is. */
    int64_t passed_ns, latest_ns;
    uint64_t n_timed;
    /* Of a rate: the place of the next request, in gaps of average length, and
     * their fractions for random ones. */
    uint64_t n, fractions, random;
};

void schedule_init(struct schedule *s, const struct schedule_rules *rules, int64_t start_ns);

/* The run starts later than was thought, before anything was scheduled. */
void schedule_start(struct schedule *s, int64_t start_ns);

/* Tell the recorded time of a request, mirrored or not: the first one known is
 * the start of the recording. 0 is unknown. */
void schedule_note(struct schedule *s, int64_t recorded_ns);

/* When the next request is due, on the monotonic clock. A request recorded
 * before the first is due at the start; one without a time, with the request
 * before it. With PACE_MAX all are due at the start. */
int64_t schedule_peek(const struct schedule *s, int64_t recorded_ns);

/* The same, and it is scheduled. */
int64_t schedule_due(struct schedule *s, int64_t recorded_ns);

/* The recording is read once more: its first request is due where one more
 * after the last would have been, at their average distance. */
void schedule_again(struct schedule *s);

#endif

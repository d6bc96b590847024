/* progress.h -- the line at the bottom of a terminal while a replay runs. */
#ifndef MIRRORCTL_CLI_PROGRESS_H
#define MIRRORCTL_CLI_PROGRESS_H

#include <stdint.h>

#include "core/buf.h"
#include "replay/replay.h"

struct progress {
    double rate;         /* requests a second that were asked for; 0: as they come */
    int64_t duration_ns; /* how long the run may last; 0: as long as there is input */
    int64_t started_ns;  /* monotonic */
    /* At the last look. */
    int64_t seen_ns;
    uint64_t selected, sent;
};

/* Start the clocks. */
void progress_start(struct progress *g, double rate, int64_t duration_ns, int64_t now_ns);

/* Append what can be said now: what was sent and is on its way, the rate asked
 * for and reached since the last look, lateness, errors by target, time left.
 * `part` is how much of the input was read, from 0 to 1; below 0 is unknown. */
void progress_line(struct progress *g, const struct replay_progress *p, double part, int64_t now_ns,
                   struct buf *out);

/* Show that line; nothing where there is no terminal. */
void progress_show(struct progress *g, const struct replay_progress *p, double part);

#endif

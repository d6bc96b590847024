/* watch.h -- what can be seen of a replay while it lasts: a line on a terminal,
 * and a page for Prometheus where --metrics asks for one. */
#ifndef MIRRORCTL_CLI_WATCH_H
#define MIRRORCTL_CLI_WATCH_H

#include "cli/progress.h"
#include "cli/replay_options.h"
#include "cli/scrape.h"
#include "core/buf.h"
#include "core/err.h"
#include "replay/replay.h"

struct watch {
    struct progress progress;
    struct scrape *scrape; /* NULL: nobody asked for it */
    struct buf page;
};

/* Start listening, if the options ask for that, with a page that says zero:
 * `stats` names the targets. Returns 0, or -1 with *e (ERR_USAGE) where the
 * address cannot be had. Then *w is to be closed all the same. */
int watch_open(struct watch *w, const struct replay_options *o, const struct replay_stats *stats,
               struct err *e);

/* To be called from tick: bring the page up to date; show the line, where
 * `part` of the input was read (progress.h). */
void watch_publish(struct watch *w, const struct replay_progress *p);
void watch_show(struct watch *w, const struct replay_progress *p, double part);

/* Take the line away and stop listening. Fine on a zeroed struct. */
void watch_close(struct watch *w);

#endif

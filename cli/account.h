/* account.h -- where everything went: for files as JSON, for people as lines.
 *
 * The sums are those of the man page's ACCOUNTING section.
 */
#ifndef MIRRORCTL_CLI_ACCOUNT_H
#define MIRRORCTL_CLI_ACCOUNT_H

#include "capture/capture.h"
#include "cli/replay_options.h"
#include "core/buf.h"
#include "core/err.h"
#include "replay/replay.h"

/* One of several files of a run: STATS holds what the whole run counted up to
 * its end, and this. */
struct account_file {
    uint64_t number;
    uint64_t exchanges; /* in it */
};

/* Append the STATS of a record; `file` is NULL when it is the only one.
 * Depends on the packets only. */
int account_capture_json(const struct capture_stats *s, const struct account_file *file,
                         struct buf *out, struct err *e);

/* Append the STATS of a result; `front` is of the capture in front, or NULL. */
int account_replay_json(const struct replay_stats *s, const struct capture_stats *front,
                        struct buf *out, struct err *e);

/* Requests a second that the first target was sent, from its first one to its
 * last; 0 where there is nothing to tell it by. */
double account_rate(const struct replay_stats *s);

/* What was lost: packets or bytes that should have been there. */
uint64_t account_lost(const struct capture_stats *s);

/* Say at the end of a run what came of it, and why, and what to do about it. */
void account_capture_summary(const struct capture_stats *s);
void account_replay_summary(const struct replay_stats *s);

/* Say what was asked of the run: pace, share, shard; and what pace was reached. Or
 * only how far the draw met the share. */
void account_replay_terms(const struct replay_options *o, const struct replay *r);
void account_replay_draw(const struct replay_options *o, const struct replay *r);

#endif

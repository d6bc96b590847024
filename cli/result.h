/* result.h -- pairs on their way into a result file.
 *
 * Pairs come from one thread, flushes from any: what was put is on its way to
 * the disk about a second later, so that a run that is killed leaves it.
 */
#ifndef MIRRORCTL_CLI_RESULT_H
#define MIRRORCTL_CLI_RESULT_H

#include <pthread.h>

#include "capture/capture.h"
#include "cli/output.h"
#include "cli/replay_options.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/record.h"

struct result {
    struct output out;
    pthread_mutex_t lock;
    bool failed; /* and that was told, by a put or a flush */
    bool told;   /* so was why, by a put */
    uint64_t n;  /* pairs that were put */
};

/* Make *r one that is not open: what is put into it goes nowhere. */
void result_init(struct result *r);

/* Open `path` ("-" is standard output) and touch nothing in it yet. */
int result_open(struct result *r, const char *path, struct err *e);

/* Append the META of a run over the traffic in `path` to `out`. */
int result_meta(const struct replay_options *o, const struct replay *r, const char *path,
                struct buf *out, struct err *e);

/* Write the header and META, if the result is open. `id` is of the traffic. */
int result_begin(struct result *r, struct str meta, enum record_codec codec, const uint8_t id[16],
                 struct err *e);

/* Add a pair, which stays the caller's. */
int result_put(struct result *r, const struct pair *p, struct err *e);

/* Let what was put reach the file. Returns 0, or -1 when that has just failed: why is
 * told by the next put, or by the end. */
int result_flush(struct result *r);

/* Complete it with STATS, and close it. If something could not be written, as on a
 * full disk, it is a result without the pairs that had no room, but with its STATS,
 * which count them; that is told. Returns 0, or -1 with *e set unless a put has told
 * why. Fine when it is not open. */
int result_end(struct result *r, const struct replay_stats *stats,
               const struct capture_stats *front, struct err *e);

/* Close it as it is. Fine when it is not open. */
void result_release(struct result *r);

#endif

/* dispatch.h -- reads recorded exchanges and decides about each.
 *
 * Is it eligible, is it drawn, which calls will it have and how do they go, when
 * is it due: then it is a worker's. Runs in the thread that reads the source.
 */
#ifndef MIRRORCTL_REPLAY_DISPATCH_H
#define MIRRORCTL_REPLAY_DISPATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "replay/arrival.h"
#include "replay/choice.h"
#include "replay/eligible.h"
#include "replay/replay.h"
#include "replay/schedule.h"
#include "replay/shard.h"
#include "replay/worker.h"

struct dispatcher {
    /* Set by its owner. */
    struct eligible_rules rules;
    struct shard shard;
    struct chooser chooser;
    struct schedule schedule;
    const struct worker_setup *setup;
    struct worker *workers;
    unsigned n_workers;
    bool dry_run;
    bool keep_recorded;  /* the pair needs the recorded answer */
    int64_t duration_ns; /* nothing is due so long after the start; 0: no end */
    uint64_t loops;      /* passes over the source; at least 1 */
    size_t max_answers;  /* bytes that all answers of a pair may have */
    void (*decided)(void *ctx, const struct replay_decided *d); /* or NULL */
    void *ctx;

    struct buf path; /* room for one that a rule writes */

    /* Where it is. */
    bool begun, over;   /* the first exchange, or the end, has come */
    bool comes_by_time; /* the input does: `arrivals` is in use */
    struct arrivals arrivals;
    uint64_t ordinal_base, connection_base, last_ordinal, last_connection;
    int64_t latest_ns; /* of this pass: when a request began that came, at the latest */

    /* Counted here: recorded to misplaced, and elsewhere. */
    struct replay_stats *stats;
    _Atomic uint64_t shown_recorded, shown_selected;
};

/* Dispatch until the last pass, the time, or the run is at its end. Returns 0, or -1 with
 * *e set: what was dispatched before is on its way all the same. */
int dispatch(struct dispatcher *d, const struct exchange_source *source, struct err *e);

#endif

/* metrics.h -- how far a replay is, as a page that Prometheus reads.
 *
 * The text exposition format, version 0.0.4: counters end in _total, times are
 * in seconds, what differs by target carries it as a label. The histograms have
 * fixed buckets, so that runs and machines can be added up.
 */
#ifndef MIRRORCTL_CLI_METRICS_H
#define MIRRORCTL_CLI_METRICS_H

#include "core/buf.h"
#include "core/err.h"
#include "replay/replay.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append the page. Returns 0, or -1 with *e set and *out as it was. */
int metrics_render(const struct replay_progress *p, struct buf *out, struct err *e);

#endif

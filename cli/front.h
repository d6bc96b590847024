/* front.h -- capture in front of replay, for packets given where a record is.
 *
 * A thread runs the capture stage; its exchanges pass through a bounded queue,
 * so a large file streams and costs no more memory than a record does.
 */
#ifndef MIRRORCTL_CLI_FRONT_H
#define MIRRORCTL_CLI_FRONT_H

#include "capture/capture.h"
#include "core/err.h"
#include "core/exchange.h"

struct front;

/* Open `path` ("-" is standard input) and start capturing. NULL with *e set. */
struct front *front_open(const char *path, struct err *e);

/* What capture_identity() says of it. */
void front_identity(struct front *f, uint8_t id[16], int64_t *created_ns);

/* An exchange_source; ctx is the front. */
int front_next(void *ctx, struct exchange **x, struct err *e);

/* Ask it to end. Safe in a signal handler. */
void front_stop(struct front *f);

/* Whole once front_next() has returned 0 or -1. */
const struct capture_stats *front_stats(const struct front *f);

/* End and free it. NULL is fine. */
void front_close(struct front *f);

#endif

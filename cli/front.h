/* front.h -- capture in front of replay, for packets given where a record is.
 *
 * A thread runs the capture stage; its exchanges pass through a bounded queue,
 * so a large file streams and costs no more memory than a record does. A file
 * waits while the queue is full. Live traffic does not: then the oldest that
 * wait are left out, and counted, since what is new tells more; so is what still
 * waits when nobody takes any more.
 */
#ifndef MIRRORCTL_CLI_FRONT_H
#define MIRRORCTL_CLI_FRONT_H

#include <stdint.h>

#include "capture/capture.h"
#include "core/err.h"
#include "core/exchange.h"

struct front;

/* Open what `config` names. What it points to must live as long; its tick, warn and
 * ready are called in the front's thread. NULL with *e set. */
struct front *front_open(const struct capture_config *config, struct err *e);

/* What capture_identity() says of it. */
void front_identity(struct front *f, uint8_t id[16], int64_t *created_ns);

/* An exchange_source; ctx is the front. The first call starts the capture. */
int front_next(void *ctx, struct exchange **x, struct err *e);

/* Ask it to end. Safe in a signal handler. */
void front_stop(struct front *f);

/* So far, from any thread: exchanges that were captured, and those of live traffic that
 * were left out because nobody took them in time. */
uint64_t front_captured(const struct front *f);
uint64_t front_left_out(const struct front *f);

/* End the capture, and wait until it has; what nobody took is left out. */
void front_end(struct front *f);

/* Its counters are whole once front_next() has returned 0 or -1, or front_end(). */
const struct capture *front_capture(const struct front *f);

/* End and free it. NULL is fine. */
void front_close(struct front *f);

#endif

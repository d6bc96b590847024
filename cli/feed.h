/* feed.h -- where a replay gets its exchanges: a record, or packets with the
 * capture stage in front of them; a file or a pipe. */
#ifndef MIRRORCTL_CLI_FEED_H
#define MIRRORCTL_CLI_FEED_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/front.h"
#include "cli/input.h"
#include "cli/reader.h"
#include "core/err.h"
#include "core/exchange.h"

struct feed {
    const char *path;
    volatile sig_atomic_t stopped; /* by feed_stop */
    struct input input;
    struct reader reader; /* a record, */
    struct front *front;  /* or packets, */
    const char *packets;  /* of this file */
};

/* Open `path` ("-" is standard input) and find out what it is. Returns 0, or -1
 * with *e set; then it is closed already. */
int feed_open(struct feed *f, const char *path, struct err *e);

/* The same for a capture, live or of files; `config` is borrowed. */
int feed_open_capture(struct feed *f, const struct capture_config *config, struct err *e);

/* The identity of the traffic, for the result's header. */
void feed_identity(struct feed *f, uint8_t id[16]);

/* An exchange_source; ctx is the feed. */
int feed_next(void *ctx, struct exchange **x, struct err *e);

/* Is it a regular file, so that reading never waits? Then, unless it is standard
 * input, it can be read from the beginning once more. */
bool feed_is_file(const struct feed *f);
bool feed_can_rewind(const struct feed *f);
int feed_rewind(void *ctx, struct err *e);

/* End it as if the input ended here. Safe in a signal handler. */
void feed_stop(struct feed *f);

/* Nothing more is asked for: what is in front has ended when it returns, and its
 * counters are whole. */
void feed_end(struct feed *f);

void feed_close(struct feed *f);

#endif

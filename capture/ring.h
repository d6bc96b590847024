/* ring.h -- packets from the thread that reads them to the one that uses them.
 *
 * A bounded ring of bytes with one writer and one reader and no lock: each
 * side owns one end and looks at the other's. A packet lies in one piece.
 */
#ifndef MIRRORCTL_CAPTURE_RING_H
#define MIRRORCTL_CAPTURE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/packet.h"
#include "core/err.h"

struct ring;

/* A ring of `size` bytes, a power of two. NULL with *e set. */
struct ring *ring_new(size_t size, struct err *e);
void ring_free(struct ring *r);

/* Writer: copy a packet in. False when there is no room now. */
bool ring_put(struct ring *r, const struct packet *p);

/* Writer: wake the reader if it waits. */
void ring_wake(struct ring *r);

/* Reader: the oldest packet, valid until ring_drop(). False when empty. */
bool ring_peek(struct ring *r, struct packet *p);
void ring_drop(struct ring *r);

/* Reader: wait for a packet, for `ms` at most. */
void ring_wait(struct ring *r, int ms);

#endif

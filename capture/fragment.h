/* fragment.h -- IP datagrams out of their fragments.
 *
 * Fragments may come in any order and twice, also when their datagram is
 * complete. Where two overlap with different bytes nobody knows which one the
 * receiver believed, so the datagram is dropped, as RFC 5722 demands for IPv6.
 */
#ifndef MIRRORCTL_CAPTURE_FRAGMENT_H
#define MIRRORCTL_CAPTURE_FRAGMENT_H

#include <stdint.h>

#include "capture/budget.h"
#include "capture/decode.h"

enum {
    FRAGMENT_MAX_DATAGRAMS = 4096,
    FRAGMENT_MAX_BYTES = 16 * 1024 * 1024, /* of all unfinished datagrams */
    FRAGMENT_SECONDS = 30,                 /* until one is given up, or forgotten */
    FRAGMENT_FINISHED = 16,                /* datagrams whose copies are known as such */
};

struct fragments;

/* NULL with *e set when there is no memory. `budget` must live longer. */
struct fragments *fragments_new(struct budget *budget, struct err *e);
void fragments_free(struct fragments *t);

/* Take a fragment; *s is as decode_packet() left it. Returns true when that
 * completes the datagram: *payload, valid until the next call, is what it
 * carries, to be handed to decode_datagram(). `now` is the capture's clock. */
bool fragments_add(struct fragments *t, const struct segment *s, const struct fragment *f,
                   int64_t now, struct str *payload);

/* Give up the unfinished datagrams that began before `moment`. */
void fragments_give_up(struct fragments *t, int64_t moment);

/* Fragments that ended in no datagram so far, but for those that were all copies
 * of a finished one's, and those of UDP that is no tunnel. */
uint64_t fragments_dropped(const struct fragments *t);

#endif

/* pcapng.h -- packets out of a pcapng file, whatever interfaces it has.
 *
 * Reads what draft-ietf-opsawg-pcapng describes: sections in both byte orders,
 * interfaces that differ in link type, length and resolution of time, the
 * three kinds of packet blocks. Other blocks are passed over. Files are
 * hostile: every length is checked against what holds it and against a ceiling
 * before anything is allocated.
 */
#ifndef MIRRORCTL_CAPTURE_PCAPNG_H
#define MIRRORCTL_CAPTURE_PCAPNG_H

#include "capture/packet.h"
#include "capture/window.h"
#include "core/err.h"

struct pcapng;

/* Read from `in`, a file at its beginning, which stays the caller's and is read
 * by nobody else. NULL with *e set: it is no pcapng file, or ERR_NOMEM. */
struct pcapng *pcapng_open(struct window *in, struct err *e);

enum pcapng_event {
    PCAPNG_END,
    PCAPNG_INTERFACE, /* described before its packets come; p->link is all there is */
    PCAPNG_PACKET,
};

/* Fill *p with the next event's and return it, or -1 with *e set (ERR_DAMAGED:
 * there is no going on). p->link is the number of the file, which is not always
 * libpcap's. p->bytes is valid until the next call. */
int pcapng_next(struct pcapng *r, struct packet *p, struct err *e);

/* Free it. NULL is fine. */
void pcapng_close(struct pcapng *r);

#endif

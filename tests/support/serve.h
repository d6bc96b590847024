/* serve.h -- a server of one thread, for tools: listens on 127.0.0.1, accepts,
 * reads and sends. What the bytes mean is its owner's business.
 *
 * Running out of memory aborts: this is test code.
 */
#ifndef MIRRORCTL_TESTS_SERVE_H
#define MIRRORCTL_TESTS_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"

struct guest {
    int fd;
    unsigned long number; /* 1, 2, ... in the order of accepting */
    struct buf in, out;   /* received and not consumed; not sent yet */
    bool over;            /* the connection is broken */
    bool ended;           /* nothing more will come */
    bool wants_out;       /* its socket was full */
    void *visit;          /* the owner's; freed with free() when the connection is over */
};

struct serve {
    /* More has come into g->in, or g->ended: then it is gone when this returns. */
    void (*came)(struct guest *g);
    /* Called every tick_us, unless that is 0. */
    void (*tick)(void);
    long tick_us;
};

/* Print the port, and serve until SIGTERM or SIGINT. `port` 0 takes a free one.
 * Returns 0, or 1 when it cannot. */
int serve(unsigned port, const struct serve *s);

/* Send, now or when the socket takes it. */
void guest_say(struct guest *g, struct str bytes);

#endif

/* recognise.h -- what a connection speaks, told by its first bytes. */
#ifndef MIRRORCTL_CAPTURE_RECOGNISE_H
#define MIRRORCTL_CAPTURE_RECOGNISE_H

#include <stdbool.h>

#include "core/http1_guess.h"
#include "core/str.h"

enum protocol {
    PROTOCOL_UNKNOWN,
    PROTOCOL_HTTP, /* HTTP/1 */
    PROTOCOL_TLS,
    PROTOCOL_HTTP2,
    PROTOCOL_OTHER,
    PROTOCOL_IGNORED, /* counted already; given up, or over */
};

enum sender { FROM_CLIENT = 1, FROM_SERVER = 2, FROM_EITHER = FROM_CLIENT | FROM_SERVER };

/* Look at the first bytes of a direction, which any of `senders` (enum sender)
 * may have sent; in mid-stream they need not be the first of the connection.
 * PROTOCOL_UNKNOWN when there are too few of them to tell. Else *role says who
 * sends them, as far as they tell: for PROTOCOL_HTTP it is never FROM_EITHER. */
enum protocol recognise(struct str first, unsigned senders, bool midstream, unsigned *role);

/* Does a header of the PROXY protocol come first, with which a load balancer
 * says whom it speaks for? *length is how long it is on HTTP1_YES. */
enum http1_guess recognise_proxy_header(struct str first, size_t *length);

/* Could a server take these first bytes of a client for a request, and say that
 * it is a bad one? */
bool recognise_garbled(struct str first);

#endif

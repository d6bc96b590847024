/* answer.h -- bytes from a target, made into the response of a call.
 *
 * The framer of core finds where an answer ends; this decides what is kept of
 * it and which outcome it is. Knows nothing of sockets and time.
 */
#ifndef MIRRORCTL_REPLAY_ANSWER_H
#define MIRRORCTL_REPLAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/exchange.h"
#include "core/http1.h"

struct XXH64_state_s;

struct answer {
    struct http1 *framer; /* of the connection: it may see several answers */
    struct call *call;    /* gets outcome, detail and response */
    struct arena *mem;    /* gets the bytes that are kept */
    struct str method;    /* of the request */
    bool final;           /* the head of the final answer has come */
    unsigned n_informational;
    uint64_t body_size; /* content so far */
    struct buf body;    /* of it, what is kept */
    struct str loose;   /* all of it, where it lies whole in the input at hand */
    struct buf informational;
    struct XXH64_state_s *hash; /* of all content, once it is more than is kept */
};

enum answer_state {
    ANSWER_MORE,  /* feed more */
    ANSWER_WHOLE, /* call->outcome is OUTCOME_ANSWERED */
    ANSWER_BAD,   /* call->outcome and detail say why */
    ANSWER_NOMEM, /* *e is set */
};

/* Start empty; up to `max_body` bytes of content will be kept. Cannot fail. */
void answer_init(struct answer *a, size_t max_body);
void answer_release(struct answer *a);

/* Wait for what answers a request with this method. */
void answer_begin(struct answer *a, struct http1 *framer, struct call *call, struct arena *mem,
                  struct str method);

/* Take bytes from the front of *in. At ANSWER_WHOLE what is left in *in does
 * not belong to the answer. */
enum answer_state answer_feed(struct answer *a, struct str *in, struct err *e);

/* The connection has ended, in order or with an error. Never ANSWER_MORE. */
enum answer_state answer_end(struct answer *a, bool in_order, struct err *e);

/* Give up, as after a timeout: keep in the call what has come, not complete.
 * Returns 0, or -1 with *e set. */
int answer_keep_part(struct answer *a, struct err *e);

#endif

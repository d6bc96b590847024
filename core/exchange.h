/* exchange.h -- the nouns that travel between the stages.
 *
 *     capture --exchange--> replay --pair--> diff
 *
 * An exchange is a request with its answer as captured. A pair is an exchange
 * with what each target made of the request: one call per target. Both own
 * their bytes through an arena; exactly one holder has them at any time and
 * frees them or hands them on whole.
 */
#ifndef MIRRORCTL_CORE_EXCHANGE_H
#define MIRRORCTL_CORE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/http.h"
#include "core/spares.h"

enum { EXCHANGE_MAX_INFORMATIONAL = 64 };

struct endpoint {
    uint8_t family;      /* 4 or 6; 0 is unknown */
    uint8_t address[16]; /* network order; the first four bytes for IPv4 */
    uint16_t port;       /* host order */
};

struct exchange {
    struct spare spare;
    struct arena mem;
    uint64_t ordinal;    /* 1, 2, ... in the order of the record */
    uint64_t connection; /* 1, 2, ... in the order of first packets */
    uint32_t index;      /* 0, 1, ...: place of the request in its connection */
    struct endpoint client, server;

    struct http_message request;  /* head empty: only the answer was seen */
    struct http_message response; /* head empty: no final answer was seen */
    struct str informational;     /* raw heads of 1xx answers, one after the other */

    /* First and last byte, wall clock in ns since 1970; 0 is unknown. */
    int64_t request_first_ns, request_last_ns;
    int64_t response_first_ns, response_last_ns;

    bool tunnel;           /* CONNECT or upgrade that was agreed to */
    uint64_t tunnel_bytes; /* both ways, known only when the connection ended */
    struct str redacted;   /* what was blanked before writing, one name a line */
};

/* What became of a request that was, or was to be, sent to a target. */
enum outcome {
    OUTCOME_NONE, /* not decided yet */
    /* sent */
    OUTCOME_ANSWERED,
    OUTCOME_RESOLVE,
    OUTCOME_CONNECT,
    OUTCOME_TLS,
    OUTCOME_TIMEOUT,
    OUTCOME_RESET,
    OUTCOME_PROTOCOL,
    OUTCOME_TOO_LARGE,
    /* not sent */
    OUTCOME_QUEUE,
    OUTCOME_BREAKER,
    OUTCOME_STOPPED,
    OUTCOME_UNSAFE,
    OUTCOME_OFF,
    OUTCOME_COUNT,
};

/* "answered", "connect", "queue", ...: the words of the accounting. */
const char *outcome_name(enum outcome o);
static inline bool outcome_is_sent(enum outcome o)
{
    return o >= OUTCOME_ANSWERED && o <= OUTCOME_TOO_LARGE;
}

enum call_flag {
    CALL_REUSED = 1 << 0,  /* went over a kept-alive connection */
    CALL_RETRIED = 1 << 1, /* sent again because a kept-alive connection was closed */
};

struct call {
    uint8_t target; /* index into the run's targets */
    uint8_t order;  /* 0 was sent first of the pair */
    uint8_t flags;  /* enum call_flag */
    enum outcome outcome;
    struct str detail; /* for people: "connection refused" */
    struct http_message response;
    struct str informational;
    /* Wall clock in ns since 1970, all on one monotonic scale; 0: never. */
    int64_t due_ns, sent_ns, first_ns, done_ns;
};

/* v1, v2, control, and room for more candidates. */
enum { PAIR_MAX_CALLS = 16 };

struct pair {
    struct spare spare;
    struct exchange *exchange; /* owned; its response only where it is compared with */
    struct arena mem;          /* of the answers */
    unsigned n_calls;
    struct call calls[PAIR_MAX_CALLS];
};

/* An empty exchange whose bytes may add up to `max`. NULL with *e set. */
struct exchange *exchange_new(size_t max, struct err *e);
void exchange_free(struct exchange *x);

/* Take over the exchange and start a pair with so many zeroed calls, whose
 * answers may add up to `max` bytes. On failure the exchange is freed too. */
struct pair *pair_new(struct exchange *x, unsigned n_calls, size_t max, struct err *e);
void pair_free(struct pair *p);

/* A copy of `m` whose bytes live in `mem`. Returns 0, or -1 with *e set. */
int http_message_copy(struct http_message *copy, const struct http_message *m, struct arena *mem,
                      struct err *e);

/* "10.0.0.1:80" or "[::1]:80"; "?" for an unknown one. */
enum { ENDPOINT_TEXT = 64 };
const char *endpoint_text(const struct endpoint *ep, char text[ENDPOINT_TEXT]);

/* Who takes exchanges, in order. `put` owns x from the call on, also when it
 * fails. A positive return asks the giver to stop in order. */
struct exchange_sink {
    int (*put)(void *ctx, struct exchange *x, struct err *e);
    void *ctx;
};

/* Who gives exchanges. Returns 1 with *x the caller's, 0 at the end, or -1;
 * with ERR_DAMAGED everything before was good and nothing follows. */
struct exchange_source {
    int (*next)(void *ctx, struct exchange **x, struct err *e);
    void *ctx;
    /* Begin again where it began: 0, or -1 with *e set. NULL: it cannot. */
    int (*rewind)(void *ctx, struct err *e);
    bool at_hand; /* a file: reading ahead waits for nobody */
    bool live;    /* it happens now: an exchange is given just after it has ended */
};

/* The same for pairs. */
struct pair_sink {
    int (*put)(void *ctx, struct pair *p, struct err *e);
    void *ctx;
};

struct pair_source {
    int (*next)(void *ctx, struct pair **p, struct err *e);
    void *ctx;
};

#endif

/* wire.h -- a connection to a target with what was read from it.
 *
 * A wire carries one call at a time, its flight. Between two it is idle: kept
 * for any call to its target, or for those of one recorded connection.
 */
#ifndef MIRRORCTL_REPLAY_WIRE_H
#define MIRRORCTL_REPLAY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/http1.h"
#include "replay/chain.h"
#include "replay/connection.h"
#include "replay/lane.h"
#include "replay/worker.h"

struct flight;

struct wire {
    struct connection *connection;
    struct lane *lane;
    struct flight *flight; /* NULL: idle or closed */
    struct chain *chain;   /* idle, and only for its calls; or NULL */
    struct wire *beside;   /* the chain's next, of another lane of the role */
    bool used;             /* has carried a call before this one */
    int64_t idle_since_ns;
    struct http1 framer;
    bool put_off;             /* it has more to read, and others have their turn first */
    uint32_t events;          /* put off: what was told of it since */
    struct wire *prev, *next; /* idle, or put off; `next` also among the closed */
};

/* Start to open one. NULL when that failed; the run is then stopping. */
struct wire *wire_open(struct worker *w, struct lane *lane);

/* Begin to have its events told. Returns 0, or -1. */
int wire_watch(struct worker *w, struct wire *wire);

/* There is more to read than one turn allows: remember these events for later. Take
 * the one that waits longest for its next turn, or NULL. */
void wire_put_off(struct worker *w, struct wire *wire, uint32_t events);
struct wire *wire_take_put_off(struct worker *w);

/* An idle wire for a call of `chain` (or NULL), or NULL. `repeatable`: the call
 * can be sent again should it turn out that the wire has ended. */
struct wire *wire_take(struct worker *w, struct lane *lane, struct chain *chain, bool repeatable);

/* It has carried its flight's call to the end, and can carry another. */
void wire_keep(struct worker *w, struct wire *wire, struct chain *chain);

/* True if nothing has come over an idle wire, not even its end. */
bool wire_is_quiet(struct worker *w, struct wire *wire);

/* Close one that has a flight, or one that is idle, or all that are. */
void wire_close(struct worker *w, struct wire *wire);
void wire_close_idle(struct worker *w, struct wire *wire);
void wire_close_all_idle(struct worker *w, struct lane *lane);

/* Free what was closed: only now can no event name it any more. */
void wire_free_closed(struct worker *w);

#endif

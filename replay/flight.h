/* flight.h -- one call on its way: connect, send, receive, and what comes of it.
 *
 * A flight is a call that has one of its lane's places. It takes a kept-alive
 * wire where there is one and opens one where not, and gives it back if it can
 * carry another call.
 */
#ifndef MIRRORCTL_REPLAY_FLIGHT_H
#define MIRRORCTL_REPLAY_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/answer.h"
#include "replay/lane.h"
#include "replay/rewrite.h"
#include "replay/wire.h"
#include "replay/worker.h"

struct flight {
    struct lane *lane;
    struct job *job;
    struct call *call;
    struct wire *wire; /* NULL only while it could not get one */
    struct copy copy;
    size_t sent, received;
    bool cannot_send; /* the peer reads no more, but may have answered */
    struct answer answer;
    int64_t deadline_ns;
    bool excused;               /* the deadline is later, as we could not look */
    unsigned pass;              /* of the lane's guard */
    unsigned timeout;           /* its number */
    struct flight *prev, *next; /* in flight; `next` also among the spare */
    struct flight *next_prepared;
};

enum { FLIGHT_INPUT = 64 * 1024 };

/* Prepare the job's call to the lane's target, or have a connection opened for it;
 * the lane must have room. Since `ready_ns` it could have been sent. Where the
 * target's breaker lets nothing through, its outcome is decided instead. */
void flight_start(struct worker *w, struct lane *lane, struct job *job, int64_t ready_ns);

/* Send what is prepared, in that order, back to back: the calls of a pair go out at
 * the same moment, and a server that finds the next request there does not go to
 * sleep in between: to wake it costs us more than to send does. Before anything
 * else happens to flights. */
void flight_send_prepared(struct worker *w);

/* The deadline has passed. */
void flight_time_out(struct worker *w, struct flight *f);

/* The run ends now: the call counts as not sent. */
void flight_abort(struct worker *w, struct flight *f);

/* ---- for worker.c, of wires ---- */

/* Socket events (of epoll) on a wire. */
void wire_event(struct worker *w, struct wire *wire, uint32_t events);

/* The turn of one that was put off has come, and lasts until `end_ns`. */
void wire_go_on(struct worker *w, struct wire *wire, int64_t end_ns);

/* A connection that connector_next() gave: `connection_user` is its wire. */
void wire_changed(struct worker *w, struct wire *wire);

/* Free the spare flights of a lane. */
void flight_free_spare(struct lane *lane);

#endif

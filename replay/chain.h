/* chain.h -- the requests of one recorded connection, one after the other.
 *
 * A client sent them in an order, and each when it had the answer before. So with
 * each role, v1, v2, ..., they take turns: the next may go when the call before it
 * is over, whatever became of it, also if it goes to another address. Roles do not
 * wait for one another. In a closed loop they do: there whole jobs take turns, so
 * that a pair's calls always go together, however far one target lags.
 *
 * A worker has the chains of the connections that have open jobs with it. With
 * a wire for each recorded connection a chain also lasts as long as its wires.
 */
#ifndef MIRRORCTL_REPLAY_CHAIN_H
#define MIRRORCTL_REPLAY_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "replay/job.h"

struct wire;

/* With one role. */
struct link {
    bool busy;                /* a job has its turn */
    struct job *first, *last; /* wait for theirs */
    struct wire *wires;       /* idle, and for this chain only: at most one a lane */
};

struct chain {
    uint64_t connection;
    unsigned users;           /* jobs, and idle wires */
    struct chain *next;       /* of the same bucket */
    int64_t due_ns;           /* of the job that joined last */
    struct job *turn;         /* in a closed loop: whose turn it is, */
    struct job *first, *last; /* and who waits for theirs */
    struct link links[];
};

struct chains {
    struct chain **buckets;
    unsigned n_roles;
};

/* Returns 0 with *c to be released, or -1 with *e set. */
int chains_init(struct chains *c, unsigned n_roles, struct err *e);

/* Free the table; nothing may use a chain any more. Fine on a zeroed struct. */
void chains_release(struct chains *c);

/* The chain of a recorded connection, with one user more. NULL with *e set. */
struct chain *chains_use(struct chains *c, uint64_t connection, struct err *e);

/* One user less; the last one frees it. */
void chains_leave(struct chains *c, struct chain *chain);

/* A job joins it: due no earlier than those that joined before, who go first. */
void chain_join(struct chain *chain, struct job *job);

/* A whole job takes the turn, if nobody has it. While another has it, it may queue. */
void chain_take(struct chain *chain, struct job *job);
bool chain_is_others(const struct chain *chain, const struct job *job);
void chain_queue(struct chain *chain, struct job *job);

/* End the turn of a whole job, if it has it. Returns the job that has it now, or NULL. */
struct job *chain_pass(struct chain *chain, struct job *job);

/* Take the turn with a role. False when another job has it. */
bool chain_enter(struct chain *chain, unsigned role, struct job *job);

/* Queue for a turn that chain_enter() refused. */
void chain_wait(struct chain *chain, unsigned role, struct job *job);

/* End the job's turn. Returns the job that has it now, or NULL. */
struct job *chain_next(struct chain *chain, unsigned role, struct job *job);

#endif

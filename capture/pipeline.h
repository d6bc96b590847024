/* pipeline.h -- the exchanges of a connection that are under way.
 *
 * They stand in the order of their requests and leave from the front, each when
 * both of its messages are over. A request waits for its answer until that
 * begins, or until it is known that none will come. What exchanges hold in
 * memory is charged to the budget as long as they stand here.
 */
#ifndef MIRRORCTL_CAPTURE_PIPELINE_H
#define MIRRORCTL_CAPTURE_PIPELINE_H

#include "capture/content.h"
#include "capture/pair.h"

enum { REQ = HTTP1_REQUESTS, RES = HTTP1_RESPONSES };

/* How sure is it which answer is a request's, when messages were lost? */
enum standing {
    IN_ORDER, /* the next, as nothing is missing between them */
    FRESH,    /* its client had all before that: the next that can be meant for it */
    DOUBTFUL,
};

struct pending {
    struct pending *next;
    struct exchange *x;
    struct str method;
    int64_t start[2]; /* position of each message's first byte, */
    int64_t end[2];   /* and behind its last, once it is done */
    int64_t seen;     /* what the client had received when it sent that */
    size_t charged;
    struct content content[2];
    unsigned informational; /* 1xx answers so far */
    enum standing standing;
    bool request_done;
    bool response_begun;
    bool response_done;
    bool abandoned; /* no answer will come */
    bool held;      /* its answer may be for a request sent before the capture began */
    bool own;       /* a copy that mirrorctl itself sent */
    bool unsure;    /* its lengths differ */
    bool insists;   /* sends its content although it was refused */
};

struct pipeline {
    const struct pair_context *context;
    struct pending *first, *last;
    struct pending *waiting; /* those before it do not wait, see pipeline_waiting() */
    struct pending *spare;
    size_t n;
    size_t limit;   /* of the memory of an exchange */
    uint32_t index; /* of the next request */
    struct {
        uint32_t flags; /* of the request */
        int64_t answer; /* see pending_answer() */
    } gone;             /* exchange that left last */
};

static inline struct http_message *pending_message(struct pending *e, int side)
{
    return side == REQ ? &e->x->request : &e->x->response;
}

/* Where its answer begins; nowhere as yet is far away. */
static inline int64_t pending_answer(const struct pending *e)
{
    return e->response_begun ? e->start[RES] : INT64_MAX;
}

/* The first one from `e` on that waits for its answer. */
static inline struct pending *pending_waiting(struct pending *e)
{
    while (e && (e->response_begun || e->abandoned))
        e = e->next;
    return e;
}

/* The first of all. Who does not wait never does so again: nobody is looked at twice. */
static inline struct pending *pipeline_waiting(struct pipeline *pl)
{
    pl->waiting = pending_waiting(pl->waiting);
    return pl->waiting;
}

void pipeline_init(struct pipeline *pl, const struct pair_context *c);

/* A request begins. NULL when there is no memory. */
struct pending *pipeline_add(struct pipeline *pl, const struct pair_origin *origin);

/* Charge the budget with what it holds now. */
void pipeline_recharge(const struct pipeline *pl, struct pending *e);

/* Hand on what is over, but for what stands behind something that is not. */
void pipeline_put_settled(struct pipeline *pl);

/* The answers that were held are right. */
void pipeline_let_go(struct pipeline *pl);

/* Forget all behind `e`, which is answered. Returns how many there were. */
size_t pipeline_drop_behind(struct pipeline *pl, struct pending *e);

/* Hand on everything. */
void pipeline_release(struct pipeline *pl);

#endif

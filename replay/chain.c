#include "replay/chain.h"

#include <assert.h>

#include "core/mem.h"
#include "replay/select.h"

/* Never grown: what waits has a ceiling, and so have idle wires. */
enum { BUCKETS = 8192 };

int chains_init(struct chains *c, unsigned n_roles, struct err *e)
{
    *c = (struct chains){.buckets = mem_array(BUCKETS, sizeof *c->buckets), .n_roles = n_roles};
    return c->buckets ? 0 : err_nomem(e, "keeping the order of connections");
}

void chains_release(struct chains *c)
{
    mem_free(c->buckets);
    *c = (struct chains){0};
}

static struct chain **bucket_of(struct chains *c, uint64_t connection)
{
    return &c->buckets[select_mix(connection) % BUCKETS];
}

static struct chain *chain_new(struct chains *c, uint64_t connection, struct err *e)
{
    struct chain **bucket = bucket_of(c, connection);
    struct chain *chain = mem_zalloc(sizeof *chain + c->n_roles * sizeof *chain->links);

    if (!chain) {
        err_nomem(e, "keeping the order of a connection");
        return NULL;
    }
    chain->connection = connection;
    chain->next = *bucket;
    *bucket = chain;
    return chain;
}

struct chain *chains_use(struct chains *c, uint64_t connection, struct err *e)
{
    struct chain *chain = *bucket_of(c, connection);

    while (chain && chain->connection != connection)
        chain = chain->next;
    if (!chain)
        chain = chain_new(c, connection, e);
    if (chain)
        chain->users++;
    return chain;
}

void chains_leave(struct chains *c, struct chain *chain)
{
    struct chain **at = bucket_of(c, chain->connection);

    if (--chain->users > 0)
        return;
    while (*at != chain)
        at = &(*at)->next;
    *at = chain->next;
    mem_free(chain);
}

void chain_join(struct chain *chain, struct job *job)
{
    job->chain = chain;
    if (job->due_ns < chain->due_ns)
        job->due_ns = chain->due_ns;
    chain->due_ns = job->due_ns;
}

void chain_take(struct chain *chain, struct job *job)
{
    if (!chain->turn)
        chain->turn = job;
}

bool chain_is_others(const struct chain *chain, const struct job *job)
{
    return chain->turn && chain->turn != job;
}

void chain_queue(struct chain *chain, struct job *job)
{
    job->next = NULL;
    if (chain->first)
        chain->last->next = job;
    else
        chain->first = job;
    chain->last = job;
}

struct job *chain_pass(struct chain *chain, struct job *job)
{
    if (chain->turn != job)
        return NULL;
    chain->turn = chain->first;
    if (chain->first)
        chain->first = chain->first->next;
    return chain->turn;
}

bool chain_enter(struct chain *chain, unsigned role, struct job *job)
{
    struct link *link = &chain->links[role];

    if (link->busy)
        return false;
    link->busy = true;
    job->at[role].in_turn = true;
    return true;
}

void chain_wait(struct chain *chain, unsigned role, struct job *job)
{
    struct link *link = &chain->links[role];

    job->at[role].behind = NULL;
    if (link->first)
        link->last->at[role].behind = job;
    else
        link->first = job;
    link->last = job;
}

struct job *chain_next(struct chain *chain, unsigned role, struct job *job)
{
    struct link *link = &chain->links[role];
    struct job *next = link->first;

    assert(link->busy && job->at[role].in_turn);
    job->at[role].in_turn = false;
    link->busy = next != NULL;
    if (!next)
        return NULL;
    link->first = next->at[role].behind;
    next->at[role].in_turn = true;
    return next;
}

#include "capture/pipeline.h"

#include "core/mem.h"

void pipeline_init(struct pipeline *pl, const struct pair_context *c)
{
    size_t heads = 4 * (size_t)HTTP1_MAX_HEAD, content = content_limit(c->max_body);

    *pl = (struct pipeline){
        .context = c,
        .limit = content > SIZE_MAX - heads ? SIZE_MAX : content + heads,
    };
}

static void append(struct pipeline *pl, struct pending *e)
{
    *(pl->last ? &pl->last->next : &pl->first) = e;
    pl->last = e;
    pl->n++;
    if (!pl->waiting)
        pl->waiting = e;
}

struct pending *pipeline_add(struct pipeline *pl, const struct pair_origin *origin)
{
    size_t max = pl->context->max_body;
    struct pending *e = pl->spare ? pl->spare : mem_alloc(sizeof *e);
    struct exchange *x = exchange_new(pl->limit, NULL);

    pl->spare = NULL;
    if (!e || !x) {
        mem_free(e);
        exchange_free(x);
        return NULL;
    }
    *e = (struct pending){.x = x, .content = {{.max = max}, {.max = max}}};
    x->connection = origin->connection;
    x->index = pl->index++;
    x->client = origin->client;
    x->server = origin->server;
    append(pl, e);
    return e;
}

/* What it was asked to keep, and not what its arena takes for that: an exchange that
 * is used again has another one each time, and what is given up under a ceiling would
 * be another matter in each run. */
static size_t kept(const struct pending *e)
{
    const struct http_message *request = &e->x->request, *response = &e->x->response;

    return request->head.len + request->trailers.len + response->head.len + response->trailers.len +
           e->x->informational.len + e->content[0].cap + e->content[1].cap;
}

void pipeline_recharge(const struct pipeline *pl, struct pending *e)
{
    size_t now = sizeof *e + sizeof *e->x + kept(e);

    budget_adjust(pl->context->budget, e->charged, now);
    e->charged = now;
}

static void put_first(struct pipeline *pl)
{
    struct pending *e = pl->first;
    struct exchange *x = e->x;

    pl->first = e->next;
    if (!pl->first)
        pl->last = NULL;
    if (pl->waiting == e)
        pl->waiting = e->next;
    pl->n--;
    pl->gone.flags = x->request.flags;
    pl->gone.answer = pending_answer(e);
    budget_return(pl->context->budget, e->charged);
    mem_free(pl->spare);
    pl->spare = e;
    if (!e->own) {
        pl->context->put(pl->context->ctx, x);
        return;
    }
    /* Recording it would feed replay with its own traffic, in a circle. */
    pl->context->stats->own_copies++;
    exchange_free(x);
}

/* What a tunnel carries is counted with its exchange until the end. */
static bool is_settled(const struct pending *e)
{
    return e->request_done && (e->response_done || e->abandoned) && !e->x->tunnel && !e->held;
}

void pipeline_put_settled(struct pipeline *pl)
{
    while (pl->first && is_settled(pl->first))
        put_first(pl);
}

void pipeline_let_go(struct pipeline *pl)
{
    const struct pending *waiting = pipeline_waiting(pl);

    for (struct pending *e = pl->first; e != waiting; e = e->next)
        e->held = false;
    pipeline_put_settled(pl);
}

size_t pipeline_drop_behind(struct pipeline *pl, struct pending *e)
{
    struct pending *next;
    size_t n = 0;

    for (struct pending *behind = e->next; behind; behind = next, n++) {
        next = behind->next;
        budget_return(pl->context->budget, behind->charged);
        exchange_free(behind->x);
        mem_free(behind);
    }
    pl->n -= n;
    e->next = pl->waiting = NULL;
    pl->last = e;
    return n;
}

void pipeline_release(struct pipeline *pl)
{
    while (pl->first)
        put_first(pl);
    mem_free(pl->spare);
}

#include "capture/doubt.h"

/* DESIGN
 *
 * When a hole, or garbage, swallows a message boundary, an unknown number of
 * messages is gone and the pipeline no longer tells who is answered. Two facts
 * of TCP help out. A response can only answer a request whose beginning its
 * sender had received: the acknowledgement number of the response's first
 * segment lies behind the request's start. And a client that does not pipeline
 * sends a request only when it has the response before: the acknowledgement
 * number of a request that lies behind the hole shows that everything before
 * this request was over. Such a request is FRESH, the next response belongs to
 * it, and the doubt is gone. Requests that waited when the doubt arose are
 * DOUBTFUL: they are answered only if just one can be meant and no request can
 * have been lost. A client that has been seen pipelining may have more under way
 * than we know, so there a request is fresh only with nothing doubtful before
 * it, or after a pause. */

void doubt_init(struct doubt *d, const struct side *side, struct pipeline *pl,
                const struct pair_origin *origin)
{
    *d = (struct doubt){.side = side, .pipeline = pl};
    /* Who knows what was under way: go by the acknowledgements at first. */
    d->any = d->lost.any = origin->midstream[REQ] || origin->midstream[RES];
    d->beyond = origin->seen;
    d->lost.at = origin->seen ? origin->pos[REQ] : 0;
    d->lost.resumed = INT64_MAX;
}

static struct pending *first_waiting(const struct doubt *d)
{
    return pipeline_waiting(d->pipeline);
}

/* ---- it begins and ends ----------------------------------------------------- */

static void begin(struct doubt *d, int64_t pos, uint32_t flags)
{
    if (!d->any || d->beyond < pos)
        d->beyond = pos;
    d->any = true;
    d->flags |= flags;
}

void doubt_lost_responses(struct doubt *d, int64_t pos, uint32_t flags)
{
    begin(d, pos, flags);
    if (d->damage < pos)
        d->damage = pos;
    for (struct pending *e = first_waiting(d); e; e = pending_waiting(e->next))
        e->standing = !d->manners.pipelined && e->seen >= d->beyond ? FRESH : DOUBTFUL;
}

/* Requests before those that were lost are still in order. */
static void lost_requests(struct doubt *d, int64_t pos, uint32_t flags)
{
    const struct side *requests = &d->side[REQ], *responses = &d->side[RES];

    begin(d, pos, flags);
    d->lost.any = true;
    d->lost.at = requests->pos;
    d->lost.seen = responses->top_ack >= requests->pos ? responses->pos : 0;
    d->lost.resumed = INT64_MAX;
}

/* Behind what a client had seen that had the answers to all lost requests: the
 * first byte that can answer one. */
static int64_t beyond_lost_requests(const struct doubt *d)
{
    /* Responses came whose sender had all that is lost. */
    if (d->side[RES].top_ack >= d->side[REQ].pos)
        return d->side[RES].pos;
    return (d->ahead ? d->ahead : d->side[RES].pos) + 1;
}

void doubt_lost(struct doubt *d, int side, uint32_t flags)
{
    if (side == REQ)
        lost_requests(d, beyond_lost_requests(d), flags);
    else
        doubt_lost_responses(d, d->side[RES].pos, flags);
}

/* What the client had seen when it sent the last of the bytes cannot answer
 * requests in them, and who had seen more was sent later. */
void doubt_skipped_requests(struct doubt *d)
{
    int64_t seen = d->side[REQ].mark.ack, pos = beyond_lost_requests(d);

    if (seen >= 0 && seen + 1 < pos && d->side[RES].top_ack < d->side[REQ].pos)
        pos = seen + 1;
    lost_requests(d, pos, 0);
    if (seen >= 0)
        d->lost.resumed = seen;
}

void doubt_unknown_requests(struct doubt *d, uint32_t flags)
{
    doubt_lost_responses(d, d->side[RES].pos, flags);
    d->lost.any = true;
}

void doubt_all_known(struct doubt *d)
{
    if (!d->lost.at)
        d->lost.any = false;
}

static void give_up(const struct doubt *d, struct pending *e, uint32_t flags)
{
    e->abandoned = true;
    e->x->response.flags |= flags | d->flags;
}

void doubt_give_up(struct doubt *d, struct pending *e)
{
    if (!d->any || e->standing != DOUBTFUL)
        doubt_lost_responses(d, d->side[RES].pos, 0);
    d->lost.any = true;
    give_up(d, e, 0);
}

void doubt_give_up_all(struct doubt *d, uint32_t flags)
{
    for (struct pending *e = first_waiting(d); e; e = pending_waiting(e->next))
        give_up(d, e, flags);
}

/* It is known who is answered. Requests lost behind that one stay lost. */
static void end(struct doubt *d, const struct pending *answered)
{
    if (d->lost.any && answered->start[REQ] < d->lost.at)
        return;
    d->any = d->lost.any = false;
    d->flags = 0;
    d->unplaced = 0;
    for (struct pending *e = d->pipeline->first; e; e = e->next) {
        if (e->standing == DOUBTFUL)
            e->standing = IN_ORDER;
    }
}

/* ---- requests --------------------------------------------------------------- */

/* The client may have sent what was lost together with this one, unless it had
 * something of the responses between. */
static bool may_come_with_lost(const struct doubt *d, const struct pending *e)
{
    bool between = d->lost.seen && e->seen >= d->lost.seen;

    return d->lost.any && d->lost.at && !between && e->seen <= d->lost.resumed;
}

static bool is_fresh(const struct doubt *d, const struct pending *e)
{
    const struct pending *waiting = first_waiting(d);

    if (e->seen < d->beyond || d->side[RES].reading || may_come_with_lost(d, e))
        return false;
    if (!d->manners.pipelined)
        return true;
    /* All that was sent before is answered: they have been counted. */
    if ((!waiting || waiting == e) && !d->lost.any)
        return true;
    return manners_begins_burst(&d->manners, d->pipeline, d->side, e);
}

/* Of a client that overlaps what it had seen is no proof. */
static void distrust(struct doubt *d)
{
    if (!d->any)
        return;
    for (struct pending *e = first_waiting(d); e; e = pending_waiting(e->next)) {
        if (e->standing == FRESH)
            e->standing = DOUBTFUL;
    }
}

void doubt_request(struct doubt *d, struct pending *e)
{
    int64_t known = d->damage > d->stray ? d->damage : d->stray;

    if (manners_request(&d->manners, d->pipeline, d->side, e, d->any ? known : MANNERS_ALL_KNOWN))
        distrust(d);
    if (d->any) {
        e->standing = is_fresh(d, e) ? FRESH : DOUBTFUL;
        if (e->seen < d->lost.resumed)
            d->lost.resumed = e->seen;
    }
    manners_remember(&d->manners, e);
}

/* ---- responses -------------------------------------------------------------- */

/* Had the sender of a response received the beginning of this request? */
static bool can_answer(const struct pending *e, int64_t ack)
{
    return ack < 0 || ack > e->start[REQ];
}

/* The fresh request sent last of those that can be meant. The client had all before
 * the response when it sent that, so what is older was over. */
static struct pending *choose_fresh(const struct doubt *d, struct pending *e, int64_t pos,
                                    int64_t ack)
{
    struct pending *found = NULL;
    unsigned burst = 0;

    for (; e; e = pending_waiting(e->next)) {
        if (e->standing != FRESH || !can_answer(e, ack) || e->seen > pos)
            continue;
        burst = found && found->seen == e->seen ? burst + 1 : 1;
        if (burst == 1)
            found = e;
    }
    /* Of several sent at once, or with one behind it that was lost, the first is
     * meant, unless its response may have been among what was lost since. */
    if (found && d->damage > found->seen &&
        (burst > 1 || doubt_saw_more(d, ack) || (d->lost.any && d->lost.at > found->start[REQ])))
        return NULL;
    return found;
}

/* The first request that can be meant, as those before it belong to responses that
 * have come since. */
static struct pending *first_possible(const struct doubt *d, struct pending *e)
{
    for (unsigned n = d->unplaced; e && n; n--)
        e = pending_waiting(e->next);
    return e;
}

/* That request, if it is the last one that can be meant, too. */
static struct pending *choose_counted(const struct doubt *d, struct pending *e, int64_t ack)
{
    struct pending *next;

    if (d->lost.any || doubt_saw_more(d, ack))
        return NULL;
    e = first_possible(d, e);
    if (!e || !can_answer(e, ack))
        return NULL;
    next = pending_waiting(e->next);
    return next && can_answer(next, ack) ? NULL : e;
}

struct pending *doubt_whose(struct doubt *d, int64_t pos, int64_t ack)
{
    struct pending *e = first_waiting(d), *found;

    if (!e || !can_answer(e, ack))
        return NULL;
    if (!d->any || e->standing == IN_ORDER)
        return e;
    found = choose_fresh(d, e, pos, ack);
    if (!found)
        found = choose_counted(d, e, ack);
    if (!found)
        return NULL;
    for (; e != found; e = pending_waiting(e->next))
        give_up(d, e, 0);
    end(d, found);
    return found;
}

void doubt_left_out(struct doubt *d, int64_t pos, int64_t ack)
{
    const struct pending *e;

    d->stray = pos + 1;
    if (!d->any)
        return;
    e = first_possible(d, first_waiting(d));
    if (e && can_answer(e, ack))
        d->unplaced++;
}

/* ---- bytes ------------------------------------------------------------------ */

void doubt_responses_come(struct doubt *d, const struct piece *piece, int64_t ack)
{
    if (!d->ahead && ack > d->side[REQ].pos)
        d->ahead = piece->pos;
    if (!d->lost.seen && d->lost.at && ack >= d->lost.at && piece->bytes.len)
        d->lost.seen = piece->pos + 1;
    if (manners_responses(&d->manners, d->pipeline, piece, ack, d->side[REQ].pos))
        distrust(d);
}

void doubt_gap(struct doubt *d, int side, int64_t pos)
{
    if (side == REQ)
        d->ahead = 0;
    else if (!d->ahead)
        d->ahead = pos;
}

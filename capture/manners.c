#include "capture/manners.h"

enum {
    ENOUGH_BURSTS = 4, /* to believe that a client waits for all it asked for */
    MIN_RESPONSE = 14, /* "HTTP/1.1 200", a line break, and an empty line */
};

/* The client asked on although it knew that answers were outstanding: that it
 * waited for any is not believed any more. */
static void note_overlap(struct manners *m)
{
    m->pipelined = m->overlapping = true;
}

static bool is_unanswered(const struct pending *e, int64_t known)
{
    if (e->response_done || e->abandoned)
        return false;
    return known == MANNERS_ALL_KNOWN || (e->standing == FRESH && e->seen >= known);
}

/* Did the client send `e` without waiting for the answers to those before it? */
static bool did_not_wait(struct manners *m, const struct pending *before, const struct pending *e,
                         int64_t known)
{
    bool any = false;

    for (; before && before != e; before = before->next) {
        if (!is_unanswered(before, known))
            continue;
        any = m->pipelined = true;
        if (e->seen > before->seen)
            note_overlap(m);
        if (m->overlapping || e->seen <= m->least)
            break; /* others tell no more */
    }
    return any;
}

bool manners_request(struct manners *m, struct pipeline *pl, const struct side *side,
                     const struct pending *e, int64_t known)
{
    const struct side *responses = &side[RES];
    bool overlapping = m->overlapping;
    bool same_burst = e->seen == m->previous.seen;
    bool waited;

    if (pl->first == e || e->seen < m->least)
        m->least = e->seen;
    if (e->seen > responses->pos)
        return false; /* it had answers that were not captured */
    waited =
        !did_not_wait(m, responses->reading ? responses->reading : pipeline_waiting(pl), e, known);
    if (!same_burst && e->seen - m->previous.seen < MIN_RESPONSE)
        note_overlap(m); /* of an answer it had a part and no more */
    /* Bytes that were on their way when it was sent are of an older answer. */
    if (responses->top > e->seen && responses->top_ack <= e->start[REQ]) {
        m->pipelined = true;
        if (!same_burst)
            note_overlap(m);
    }
    if (m->pipelined && known == MANNERS_ALL_KNOWN && waited && !same_burst &&
        m->bursts < ENOUGH_BURSTS)
        m->bursts++;
    return m->overlapping && !overlapping;
}

bool manners_responses(struct manners *m, const struct pipeline *pl, const struct piece *piece,
                       int64_t ack, int64_t requests_end)
{
    const struct pending *last = pl->last;
    bool overlapping = m->overlapping;

    if (!m->caught && ack >= requests_end && piece->bytes.len)
        m->caught = piece->pos + 1;
    if (last && ack >= 0 && ack <= last->start[REQ] &&
        piece->pos + (int64_t)piece->bytes.len > last->seen) {
        m->pipelined = true; /* it was on its way when that was sent */
        if (!m->previous.same)
            note_overlap(m);
    }
    return m->overlapping && !overlapping;
}

bool manners_begins_burst(const struct manners *m, struct pipeline *pl, const struct side *side,
                          const struct pending *e)
{
    const struct pending *waiting = pipeline_waiting(pl);
    bool alone = !waiting || waiting == e;

    if (m->overlapping)
        return false;
    if (e->seen == m->previous.seen)
        return m->previous.fresh;
    if (m->caught && e->seen >= m->caught && (alone || m->bursts >= ENOUGH_BURSTS))
        return true;
    return side_both_quiet(side, side[REQ].mark.ns);
}

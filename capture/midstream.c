#include "capture/midstream.h"

/* `waiting` is the first request that waits, but for one that just begins. */
static void note_quiet(struct midstream *m, const struct pending *waiting, int64_t now)
{
    if (waiting || m->side[RES].reading || !side_both_quiet(m->side, now))
        return;
    m->unproven = false;
    doubt_all_known(m->doubt);
}

void midstream_request(struct midstream *m, const struct pending *e)
{
    const struct pending *waiting = pipeline_waiting(m->pipeline);
    bool waits = !m->doubt->manners.pipelined;

    note_quiet(m, waiting == e ? NULL : waiting, m->side[REQ].mark.ns);
    if (!m->unproven || (waits && e->seen >= m->side[RES].pos))
        pipeline_let_go(m->pipeline);
}

void midstream_pause(struct midstream *m, int64_t now)
{
    note_quiet(m, pipeline_waiting(m->pipeline), now);
    pipeline_let_go(m->pipeline);
}

/* Whose the answer is, is not known. */
static void unanswer(struct pending *e)
{
    struct exchange *x = e->x;

    e->held = e->response_begun = e->response_done = false;
    e->abandoned = true;
    x->response = (struct http_message){.flags = HTTP_MIDSTREAM};
    x->informational = (struct str){0};
    x->response_first_ns = x->response_last_ns = 0;
}

void midstream_disbelieve(struct midstream *m)
{
    struct side *responses = &m->side[RES];
    bool any = false;

    for (struct pending *e = m->pipeline->first; e; e = e->next) {
        if (!e->held || e->x->tunnel)
            continue;
        if (responses->reading == e)
            responses->reading = NULL;
        unanswer(e);
        m->pipeline->context->stats->orphan_responses++;
        any = true;
    }
    /* How many more are due to requests before the capture is not known either. */
    if (any)
        doubt_unknown_requests(m->doubt, HTTP_MIDSTREAM);
}

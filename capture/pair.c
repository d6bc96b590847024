#include "capture/pair.h"

#include <string.h>

#include "capture/midstream.h"
#include "capture/pipeline.h"
#include "capture/ports.h"
#include "capture/question.h"
#include "core/mem.h"

/* DESIGN
 *
 * Two framers say what begins, goes on and ends. A request joins the `pipeline`,
 * whose exchanges leave it from the front. A response is given to the first one
 * that waits, unless there is `doubt` as messages may have been lost; what the
 * client's `manners` tell counts there. It is held if requests may have been
 * under way when the capture began (`midstream`). And where a request does not
 * say where it ends, what follows is a `question`. This file is what happens when:
 * the events of the framers, and those of the connection. */

/* What replay adds to its copies. */
static const struct str own_mark = STR_INIT("X-Mirrorctl");

struct pairing {
    const struct pair_context *context;
    struct pair_origin origin;
    struct side side[2];
    struct pipeline pipeline;
    struct doubt doubt;
    struct midstream midstream;
    struct question question; /* about the request being read */
    struct str own;           /* our marker in the head just read, while that lasts */
    int64_t answered_early;   /* where a request begins whose answer came before its head was
                               * whole; 0: none */
    size_t charged;
};

static void recharge(struct pairing *p)
{
    size_t now = sizeof *p + p->question.bytes.cap;

    for (int i = 0; i < 2; i++)
        now += p->side[i].framer.line.cap + p->side[i].framer.trailers.cap;
    if (now != p->charged)
        budget_adjust(p->context->budget, p->charged, now);
    p->charged = now;
}

struct pairing *pairing_new(const struct pair_context *c, const struct pair_origin *origin)
{
    struct pairing *p = mem_zalloc(sizeof *p);

    if (!p)
        return NULL;
    p->context = c;
    p->origin = *origin;
    for (int i = 0; i < 2; i++) {
        http1_init(&p->side[i].framer, (enum http1_side)i);
        p->side[i].pos = p->side[i].at = origin->pos[i];
        p->side[i].flags = origin->midstream[i] ? HTTP_MIDSTREAM : 0;
    }
    if (origin->answered)
        http1_trust(&p->side[REQ].framer);
    http1_want(&p->side[REQ].framer, &own_mark, &p->own, 1);
    pipeline_init(&p->pipeline, c);
    doubt_init(&p->doubt, p->side, &p->pipeline, origin);
    p->midstream = (struct midstream){
        .side = p->side,
        .pipeline = &p->pipeline,
        .doubt = &p->doubt,
        .unproven = origin->midstream[REQ],
    };
    question_init(&p->question);
    recharge(p);
    return p;
}

void pairing_free(struct pairing *p)
{
    if (!p)
        return;
    for (int i = 0; i < 2; i++) {
        if (p->side[i].reading)
            pending_message(p->side[i].reading, i)->flags |= HTTP_CUT;
    }
    pipeline_release(&p->pipeline);
    for (int i = 0; i < 2; i++)
        http1_release(&p->side[i].framer);
    buf_release(&p->question.bytes);
    budget_return(p->context->budget, p->charged);
    mem_free(p);
}

enum { NOT_COMPLETE = HTTP_GAP | HTTP_TRUNCATED | HTTP_RESET | HTTP_CUT };

/* The message being read on a side ends here, whole or not. */
static int finish_message(struct pairing *p, int side, bool whole, uint32_t flags)
{
    struct side *s = &p->side[side];
    struct pending *e = s->reading;
    struct http_message *m;

    s->reading = NULL;
    if (!e)
        return 0;
    e->end[side] = s->at;
    m = pending_message(e, side);
    m->flags |= s->framer.flags | flags;
    m->chunked = s->framer.chunked;
    content_end(&e->content[side], m);
    if (s->framer.trailers.len &&
        arena_dup(&e->x->mem, buf_str(&s->framer.trailers), &m->trailers, NULL) < 0)
        return -1;
    m->complete = whole && !(m->flags & NOT_COMPLETE);
    if (side == REQ) {
        p->question.at_length = false;
        e->request_done = true;
        e->x->request_last_ns = s->mark.ns;
        e->abandoned |= p->side[RES].ended && !e->response_begun;
    } else {
        e->response_done = true;
        e->x->response_last_ns = s->mark.ns;
    }
    pipeline_recharge(&p->pipeline, e);
    return 0;
}

/* ---- the question, and what follows from it ---------------------------------- */

static int feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack);

/* The request at hand is over, or goes on. */
static int end_question(struct pairing *p, bool over)
{
    struct side *s = &p->side[REQ];
    bool whole = p->question.at_length;

    if (!whole && !over) {
        s->reading->insists = true;
        return 0;
    }
    p->question.at_length = false;
    if (!over && http1_longer(&s->framer))
        return 0;
    http1_restart(&s->framer);
    return finish_message(p, REQ, whole && over, whole ? 0 : HTTP_CUT);
}

/* The question is answered: feed what was held back. */
static int let_go(struct pairing *p, enum request_is now)
{
    struct piece piece = p->question.piece;
    struct buf bytes = question_take(&p->question);
    int rc = end_question(p, now == REQUEST_OVER);

    piece.bytes = buf_str(&bytes);
    if (rc == 0 && bytes.len)
        rc = feed(p, HTTP1_REQUESTS, &piece, p->question.ack);
    buf_release(&bytes);
    pipeline_put_settled(&p->pipeline);
    return rc;
}

/* The next piece of the requests may answer the question. */
static int ask(struct pairing *p, const struct piece *piece, int64_t ack)
{
    enum request_is now = question_hear(&p->question, piece, ack);

    if (now == REQUEST_UNCLEAR) {
        p->side[REQ].pos = piece->pos + (int64_t)piece->bytes.len;
        recharge(p);
        return 0;
    }
    return let_go(p, now) < 0 ? -1 : pairing_feed(p, HTTP1_REQUESTS, piece, ack);
}

/* The server answers, having all that was fed: that was enough for it. */
static int answer_question(struct pairing *p)
{
    int rc = 0;

    while (rc == 0 && p->question.bytes.len)
        rc = let_go(p, question_decide(&p->question));
    return rc == 0 && p->question.at_length ? end_question(p, true) : rc;
}

/* What would have told is missing, or never came. */
static int cut_question(struct pairing *p, uint32_t why)
{
    struct side *s = &p->side[REQ];

    if (p->question.bytes.len)
        return let_go(p, question_decide(&p->question));
    if (!p->question.at_length && !(why & HTTP_GAP && question_refused(s)))
        return 0;
    http1_restart(&s->framer);
    return finish_message(p, REQ, false, why);
}

/* ---- a request begins ------------------------------------------------------- */

/* Readers may differ about the request in front, so also about where it ends:
 * to some this one is content (RFC 9112, 11.2). Not so when the client had
 * seen the answer to that: then it had waited. */
static bool follows_anomaly(const struct pairing *p, const struct pending *before,
                            const struct pending *e)
{
    uint32_t flags = before ? before->x->request.flags : p->pipeline.gone.flags;
    int64_t answer = before ? pending_answer(before) : p->pipeline.gone.answer;

    return (flags & HTTP_ANOMALIES) && e->seen <= answer;
}

/* Its answer may come yet, so whose the next one is has to be proved. */
static void give_up_oldest(struct pairing *p)
{
    struct pending *e = pipeline_waiting(&p->pipeline);

    pipeline_let_go(&p->pipeline);
    if (p->pipeline.n <= PAIR_MAX_OPEN || !e)
        return;
    doubt_give_up(&p->doubt, e);
    p->context->stats->given_up++;
    pipeline_put_settled(&p->pipeline);
}

static int keep_request_head(struct pairing *p, struct pending *e, struct str head, bool whole)
{
    const struct http1 *f = &p->side[REQ].framer;
    struct http_request_line line = {0};
    struct str kept, value;

    if (arena_dup(&e->x->mem, head, &e->x->request.head, NULL) < 0)
        return -1;
    kept = e->x->request.head;
    if (whole) { /* the framer has read it */
        e->method =
            str_from(kept.data + (f->request.method.data - head.data), f->request.method.len);
        e->own = p->own.data != NULL;
    } else if (http_request_start(kept, &line)) {
        e->method = line.method;
        e->own = http_find_field(kept, own_mark, &value);
    }
    return 0;
}

static int on_request(struct pairing *p, struct str head, struct mark m, bool whole)
{
    struct side *s = &p->side[REQ];
    struct pending *before = p->pipeline.last, *e = pipeline_add(&p->pipeline, &p->origin);

    if (!e)
        return -1;
    p->context->stats->requests++;
    s->reading = e;
    s->content = 0;
    if (keep_request_head(p, e, head, whole) < 0)
        return -1;
    e->start[REQ] = m.pos;
    e->seen = m.ack >= 0 ? m.ack : p->side[RES].pos;
    e->x->request_first_ns = m.ns;
    e->x->request.flags = s->framer.flags | s->flags;
    if (follows_anomaly(p, before, e))
        e->x->request.flags |= HTTP_AFTER_ANOMALY;
    if (p->answered_early == e->start[REQ]) { /* too early to know for whom */
        e->abandoned = true;
        e->x->response.flags |= HTTP_EARLY_RESPONSE;
    }
    e->unsure = whole && (s->framer.flags & HTTP_CL_CONFLICT) && http1_longer(&s->framer);
    doubt_request(&p->doubt, e);
    if (p->midstream.unproven)
        midstream_request(&p->midstream, e);
    if (p->pipeline.n > PAIR_MAX_OPEN)
        give_up_oldest(p);
    pipeline_recharge(&p->pipeline, e);
    return 0;
}

/* ---- a response begins ------------------------------------------------------ */

static int on_informational(struct pairing *p, struct str head, struct mark m)
{
    struct pending *e = doubt_whose(&p->doubt, m.pos, m.ack);
    struct exchange *x;
    char *copy;

    if (!e)
        return 0;
    x = e->x;
    if (e->informational++ >= EXCHANGE_MAX_INFORMATIONAL ||
        x->informational.len + head.len > HTTP1_MAX_HEAD) {
        x->response.flags |= HTTP_HEAD_TOO_LARGE;
        return 0;
    }
    copy = (char *)(uintptr_t)x->informational.data;
    copy = arena_grow(&x->mem, copy, x->informational.len, x->informational.len + head.len, NULL);
    if (!copy)
        return -1;
    memcpy(copy + x->informational.len, head.data, head.len);
    x->informational = str_from(copy, x->informational.len + head.len);
    pipeline_recharge(&p->pipeline, e);
    return 0;
}

/* A final response answers nobody that is known. */
static void leave_out(struct pairing *p, struct mark m)
{
    struct str head = side_partial_head(&p->side[REQ]);
    int64_t start = p->side[REQ].pos - (int64_t)head.len;

    if (!p->doubt.lost.any && !doubt_saw_more(&p->doubt, m.ack))
        midstream_disbelieve(&p->midstream);
    p->context->stats->orphan_responses++;
    if (!pipeline_waiting(&p->pipeline) && head.len && m.ack > start)
        p->answered_early = start;
    doubt_left_out(&p->doubt, m.pos, m.ack);
}

static uint32_t response_flags(const struct pairing *p, const struct pending *e, struct mark m)
{
    const struct side *s = &p->side[RES];
    uint32_t flags = s->framer.flags | s->flags;

    if (p->midstream.unproven)
        flags |= HTTP_MIDSTREAM;
    if (!e->request_done || (e->x->request.flags & HTTP_CUT) || (m.ack >= 0 && m.ack < e->end[REQ]))
        flags |= HTTP_EARLY_RESPONSE;
    if (doubt_may_lack(&p->doubt, e)) /* an informational one */
        flags |= HTTP_GAP;
    return flags;
}

static int on_response(struct pairing *p, struct str head, struct mark m, bool whole)
{
    struct side *s = &p->side[RES];
    struct http_status_line line = {0};
    struct pending *e;

    http_status_line(head, &line);
    p->context->stats->responses++;
    if (line.status < 200 && line.status != 101)
        return whole ? on_informational(p, head, m) : 0;
    s->reading = e = doubt_whose(&p->doubt, m.pos, m.ack);
    s->content = 0;
    if (!e) {
        leave_out(p, m);
        return 0;
    }
    if (whole)
        http1_answers(&s->framer, e->method);
    e->start[RES] = m.pos;
    e->response_begun = true;
    e->held = p->midstream.unproven;
    if (p->question.at_length && p->side[REQ].reading == e && m.ack >= p->side[REQ].pos &&
        answer_question(p) < 0)
        return -1;
    e->x->response_first_ns = m.ns;
    e->x->response.flags |= response_flags(p, e, m);
    e->x->tunnel =
        whole && (line.status == 101 || (str_eq(e->method, STR("CONNECT")) && line.status < 300));
    if (arena_dup(&e->x->mem, head, &e->x->response.head, NULL) < 0)
        return -1;
    pipeline_recharge(&p->pipeline, e);
    return 0;
}

/* A head begins that was just told; `whole`, or it breaks off. */
static int on_head(struct pairing *p, int side, struct str head, int64_t piece_pos, bool whole)
{
    struct side *s = &p->side[side];
    struct mark m = side_begin_head(s, piece_pos, s->at - (int64_t)head.len);

    return side == REQ ? on_request(p, head, m, whole) : on_response(p, head, m, whole);
}

/* ---- tunnels ---------------------------------------------------------------- */

/* What a tunnel carries, by what both sides agreed on (RFC 9110, 7.8). */
static enum capture_spoken spoken_in(const struct pending *e)
{
    struct str head = e->x->response.head;

    if (str_eq(e->method, STR("CONNECT")))
        return SPOKEN_CONNECT;
    if (http_field_has(head, STR("Upgrade"), STR("websocket")))
        return SPOKEN_WEBSOCKET;
    return http_field_has(head, STR("Upgrade"), STR("h2c")) ? SPOKEN_H2C : SPOKEN_UPGRADE;
}

static void on_tunnel(struct pairing *p, size_t n)
{
    p->context->stats->tunnel_bytes += n;
    if (p->pipeline.last)
        p->pipeline.last->x->tunnel_bytes += n;
}

/* Take out what was read behind a request, and what of it is not read yet.
 * Returns how many bytes it was. */
static size_t take_back(struct pairing *p, struct pending *e)
{
    struct side *s = &p->side[REQ];
    size_t n = p->question.bytes.len + side_partial_head(s).len;

    if (e->next)
        n = (size_t)(s->pos - e->next->start[REQ]);
    p->context->stats->requests -= pipeline_drop_behind(&p->pipeline, e);
    s->reading = NULL;
    question_drop(&p->question);
    return n;
}

/* What the client sent behind `e`, not waiting for the answer, is no request: it
 * went through the tunnel, to whoever is at its other end (RFC 9110, 9.3.6). */
static void begin_tunnel(struct pairing *p, struct pending *e)
{
    if (p->side[REQ].reading == e)
        finish_message(p, REQ, false, HTTP_CUT);
    on_tunnel(p, take_back(p, e));
    http1_become_tunnel(&p->side[REQ].framer);
    p->context->stats->tunnels++;
    ports_add(&p->context->stats->spoken, p->origin.server.port, spoken_in(e));
}

/* ---- the rest of a message -------------------------------------------------- */

static int on_content(struct pairing *p, int side, struct str piece)
{
    struct side *s = &p->side[side];
    struct pending *e = s->reading;

    s->content += piece.len;
    if (e)
        return content_add(&e->content[side], pending_message(e, side), &e->x->mem, piece);
    if (side == RES && p->doubt.any)
        doubt_skipped_responses(&p->doubt, s->at); /* others may be in it */
    return 0;
}

static void on_hole(struct pairing *p, int side, size_t n)
{
    struct side *s = &p->side[side];
    struct http_message *m;

    s->at += (int64_t)n;
    /* A response that answers nobody known may have no content, like that to
     * HEAD: then these were others. */
    if (!s->reading && side == RES && s->content == 0)
        doubt_lost_responses(&p->doubt, s->at, HTTP_GAP);
    if (!s->reading)
        return;
    m = pending_message(s->reading, side);
    m->flags |= HTTP_GAP;
    m->gap_bytes += n;
    m->body_size += n;
}

static int on_end(struct pairing *p, int side)
{
    struct pending *e = p->side[side].reading;
    bool tunnel = side == RES && e && e->x->tunnel;

    if (side == REQ && e && e->unsure) {
        p->question.at_length = true;
        return 0;
    }
    if (finish_message(p, side, true, 0) < 0)
        return -1;
    if (tunnel)
        begin_tunnel(p, e);
    return 0;
}

/* A head that breaks off is a message nevertheless if it says which. */
static bool says_which(int side, struct str head)
{
    struct http_request_line request;
    struct http_status_line status;

    return side == REQ ? http_request_start(head, &request) : http_status_line(head, &status);
}

static int begin_cut_message(struct pairing *p, int side, struct str head, int64_t pos)
{
    if (!p->side[side].reading && says_which(side, head))
        return on_head(p, side, head, pos, false);
    p->context->stats->skipped_bytes += head.len;
    return 0;
}

/* A message cannot be read to its end, and who knows how many are behind. What is
 * no response, or no chunk, may also show that one was read as the answer to
 * another request: of HEAD's there is no content. */
static int on_broken(struct pairing *p, int side, struct str head, int64_t pos, uint32_t why)
{
    struct side *s = &p->side[side];
    bool between = !s->reading && !s->framer.flags;
    uint32_t flags = why & HTTP_GAP;
    int rc;

    if (side == RES && !why && (!s->reading || (s->framer.flags & HTTP_BAD_CHUNK)))
        midstream_disbelieve(&p->midstream);
    rc = begin_cut_message(p, side, head, pos);
    if (side == RES && !why && between && !s->reading)
        flags |= HTTP_BAD_LINE; /* that may have been an answer */
    doubt_lost(&p->doubt, side, flags);
    return rc < 0 ? rc : finish_message(p, side, false, why);
}

static void on_skipped(struct pairing *p, int side, struct str piece)
{
    p->context->stats->skipped_bytes += piece.len;
    if (side == RES)
        doubt_skipped_responses(&p->doubt, p->side[side].at);
    else if (str_trim(piece).len > 0)
        doubt_skipped_requests(&p->doubt);
}

/* Drive a framer over the bytes at hand. `why` is what breaks a message. */
static int drive(struct pairing *p, int side, struct str in, int64_t pos, uint32_t why)
{
    struct side *s = &p->side[side];
    size_t before = in.len;
    struct str piece;
    enum http1_event event;
    int rc = 0;

    s->at = pos;
    while (rc == 0 && !(side == REQ && p->question.at_length) &&
           (event = http1_next(&s->framer, &in, &piece)) != HTTP1_MORE) {
        s->at += (int64_t)(before - in.len);
        before = in.len;
        switch (event) {
        case HTTP1_HEAD:
            rc = on_head(p, side, piece, pos, true);
            break;
        case HTTP1_DATA:
            rc = on_content(p, side, piece);
            break;
        case HTTP1_HOLE:
            on_hole(p, side, piece.len);
            break;
        case HTTP1_END:
            rc = on_end(p, side);
            pipeline_put_settled(&p->pipeline);
            break;
        case HTTP1_BROKEN:
            rc = on_broken(p, side, piece, pos, why);
            pipeline_put_settled(&p->pipeline);
            break;
        case HTTP1_SKIPPED:
            on_skipped(p, side, piece);
            break;
        case HTTP1_TUNNEL:
            on_tunnel(p, piece.len);
            break;
        default:
            break;
        }
    }
    if (rc < 0 || in.len == 0 || side == RES || !p->question.at_length)
        return rc;
    return ask(p, &(struct piece){.pos = s->at, .bytes = in, .ns = s->mark.ns}, s->mark.ack);
}

/* ---- the outside ------------------------------------------------------------ */

int pairing_gap(struct pairing *p, enum http1_side side, int64_t pos, uint64_t n, int64_t ns)
{
    struct side *s = &p->side[side];
    bool between = http1_is_idle(&s->framer);
    int rc;

    if (p->doubt.manners.pipelined)
        midstream_disbelieve(&p->midstream); /* the answer too many may be what is missing */
    if (side == HTTP1_REQUESTS && cut_question(p, HTTP_GAP) < 0)
        return -1;
    s->mark = (struct mark){pos, ns, -1};
    s->pos = pos + (int64_t)n;
    http1_gap(&s->framer, n);
    rc = drive(p, side, (struct str){0}, pos, HTTP_GAP);
    if (between || http1_is_lost(&s->framer))
        doubt_lost(&p->doubt, side, HTTP_GAP);
    doubt_gap(&p->doubt, side, pos);
    if (s->reading)
        pipeline_recharge(&p->pipeline, s->reading);
    recharge(p);
    return rc;
}

/* The half of a message that was found after damage was none, or is not known
 * any more; other messages may have been in it. */
static void start_anew(struct pairing *p, int side)
{
    struct side *s = &p->side[side];
    size_t skipped = side_partial_head(s).len;

    p->context->stats->skipped_bytes += skipped;
    if (side == RES && s->reading)
        midstream_disbelieve(&p->midstream);
    if (skipped && side == REQ)
        doubt_lost(&p->doubt, REQ, 0);
    else if (skipped)
        doubt_skipped_responses(&p->doubt, s->pos);
    http1_lose(&s->framer);
}

/* Tell the framer what it cannot know about where a piece begins. */
static void begin_piece(struct pairing *p, int side, const struct piece *piece, int64_t ack)
{
    struct side *s = &p->side[side];
    bool first = !s->begun;

    s->begun = true;
    if (first && !p->side[!side].begun)
        s->last_ns = piece->ns; /* who knows how long it was quiet before */
    s->mark = (struct mark){piece->pos, piece->ns, ack};
    if (first && p->origin.midstream[side] && side_begins_within(s, piece))
        http1_lose(&s->framer);
    else if (side_begins_message(s, piece->bytes))
        start_anew(p, side);
    else if (piece->missing && side_begins_cut_request(s, piece->bytes, ack))
        http1_restart(&s->framer);
}

static void end_piece(struct side *s, const struct piece *piece, int64_t ack)
{
    s->last_ns = piece->ns;
    if (piece->bytes.len)
        s->top = piece->pos + (int64_t)piece->bytes.len;
    if (s->top_ack < ack)
        s->top_ack = ack;
    side_mark_partial(s, piece->pos);
    if (s->flags)
        side_clear_flags(s);
}

static int feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack)
{
    struct side *s = &p->side[side];
    uint32_t flags =
        (piece->conflict ? HTTP_OVERLAP_CONFLICT : 0u) | (piece->urgent ? HTTP_URGENT : 0u);
    int rc;

    begin_piece(p, side, piece, ack);
    s->pos = piece->pos + (int64_t)piece->bytes.len;
    if (flags)
        side_set_flags(s, flags);
    if (side == HTTP1_REQUESTS)
        doubt_requests_come(&p->doubt);
    else
        doubt_responses_come(&p->doubt, piece, ack);
    rc = drive(p, side, piece->bytes, piece->pos, 0);
    if (side == HTTP1_REQUESTS && piece->bytes.len)
        doubt_requests_read(&p->doubt);
    end_piece(s, piece, ack);
    if (rc == 0 && piece->missing)
        rc = pairing_gap(p, side, s->pos, piece->missing, piece->ns);
    s->pos += piece->urgent;
    if (s->reading)
        pipeline_recharge(&p->pipeline, s->reading);
    recharge(p);
    return rc;
}

int pairing_feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack)
{
    if (side == HTTP1_REQUESTS && piece->bytes.len &&
        question_arises(&p->question, &p->side[REQ], ack))
        return ask(p, piece, ack);
    return feed(p, side, piece, ack);
}

bool pairing_repeat(struct pairing *p, enum http1_side side, int64_t pos, struct str bytes,
                    bool other)
{
    struct side *s = &p->side[side];
    struct repeat r = {pos, pos + (int64_t)bytes.len, bytes, other};
    bool found = other;

    for (struct pending *e = p->pipeline.first; e; e = e->next) {
        if (side == HTTP1_REQUESTS || e->response_begun)
            found |= side_contradicts(s, e, &r);
    }
    return side_contradicts_head(s, &r) || found;
}

bool pairing_holds(const struct pairing *p)
{
    return p->pipeline.first && p->pipeline.first->held;
}

void pairing_let_go(struct pairing *p, int64_t now)
{
    midstream_pause(&p->midstream, now);
    recharge(p);
}

int pairing_end(struct pairing *p, enum http1_side side, enum pair_end how)
{
    static const uint32_t flags[] = {
        [PAIR_CLOSED] = HTTP_CUT,
        [PAIR_RESET] = HTTP_RESET,
        [PAIR_CUT] = HTTP_CUT,
    };
    struct side *s = &p->side[side];
    bool in_head;
    int rc = 0;

    if (s->ended)
        return 0;
    if (side == HTTP1_REQUESTS)
        rc = how == PAIR_CLOSED && p->question.at_length && !p->question.bytes.len
                 ? end_question(p, true)
                 : cut_question(p, flags[how]);
    if (rc < 0)
        return rc;
    s->ended = true;
    s->at = s->pos;
    in_head = !http1_in_message(&s->framer);
    switch (http1_finish(&s->framer, how == PAIR_CLOSED)) {
    case HTTP1_END:
        rc = finish_message(p, side, true, 0);
        break;
    case HTTP1_BROKEN:
        if (in_head)
            rc = begin_cut_message(p, side, s->framer.head, s->at);
        if (rc == 0)
            rc = finish_message(p, side, false, flags[how]);
        break;
    case HTTP1_SKIPPED:
        p->context->stats->skipped_bytes += s->framer.head.len;
        break;
    default:
        break;
    }
    if (side == HTTP1_RESPONSES)
        doubt_give_up_all(&p->doubt, how == PAIR_RESET ? HTTP_RESET : 0);
    pipeline_put_settled(&p->pipeline);
    recharge(p);
    return rc;
}

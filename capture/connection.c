#include "capture/connection.h"

#include "core/clock.h"

enum { PATIENCE_NS = CONNECTION_PATIENCE_SECONDS * NS_PER_SEC, MAX_STRAYS = 8 };

void connection_init(struct connection *c, uint64_t number, const struct segment *s, int dir)
{
    *c = (struct connection){0};
    speech_init(&c->speech, c->stream, number, s, dir);
}

static void clear_streams(struct connection *c, struct budget *b)
{
    stream_clear(&c->stream[0], b);
    stream_clear(&c->stream[1], b);
}

/* When nothing more is wanted of it, what it waited with may go. */
static void stop_if_over(struct connection *c, const struct pair_context *ctx)
{
    if (speech_is_over(&c->speech))
        clear_streams(c, ctx->budget);
}

/* ---- order ------------------------------------------------------------------ */

/* Acknowledgements may cover a hole piece by piece: it is one. */
static void count_hole(struct connection *c, const struct pair_context *ctx, int dir, int64_t pos,
                       int64_t n)
{
    ctx->stats->gaps += pos != c->hole[dir];
    ctx->stats->gap_bytes += (uint64_t)n;
    c->hole[dir] = pos + n;
}

static void deliver(struct connection *c, const struct pair_context *ctx, int dir,
                    const struct piece *p)
{
    stream_deliver(&c->stream[dir], p);
    if (p->missing)
        count_hole(c, ctx, dir, piece_end(p) - p->missing, p->missing);
    speech_hear(&c->speech, ctx, dir, p);
    stop_if_over(c, ctx);
}

/* The next `n` bytes of a direction will not come. */
static void skip(struct connection *c, const struct pair_context *ctx, int dir, int64_t n,
                 int64_t now)
{
    struct stream *s = &c->stream[dir];
    int64_t pos = s->next, from = pos > s->before ? pos : s->before;

    s->next += n;
    if (from < s->next)
        count_hole(c, ctx, dir, from, s->next - from);
    speech_gap(&c->speech, ctx, dir, pos, n, now);
    stop_if_over(c, ctx);
}

/* What of the other stream this piece's sender had received and we have not
 * passed on yet, as the position up to which to wait; 0 when it may go. */
static int64_t waits_for(struct connection *c, int dir, const struct piece *p)
{
    struct stream *peer = &c->stream[!dir];
    int64_t need;

    if (!p->has_ack || !peer->anchored)
        return 0;
    if (peer->segments == 0 && c->segments >= CONNECTION_PATIENCE_SEGMENTS)
        return 0; /* it is not captured */
    need = stream_position(peer, p->ack);
    if (peer->has_fin && need > peer->fin)
        need = peer->fin;
    if (need > peer->next + STREAM_WINDOW)
        return 0; /* no acknowledgement of this connection */
    return need > peer->next && need > peer->excused ? need : 0;
}

/* Pass on the first piece that waits, if nothing is in its way. */
static bool deliver_one(struct connection *c, const struct pair_context *ctx, int dir)
{
    struct stream *s = &c->stream[dir];
    const struct piece *p = stream_head(s);
    struct held *h;

    if (!s->anchored)
        return false;
    if (p && p->pos == s->next && waits_for(c, dir, p) == 0) {
        h = stream_pop(s, ctx->budget);
        deliver(c, ctx, dir, stream_piece(h));
        stream_release_piece(h);
        return true;
    }
    if (!p && s->has_fin && !s->ended && s->next >= s->fin) {
        s->ended = true;
        speech_closed(&c->speech, ctx, dir);
        stop_if_over(c, ctx);
        return true;
    }
    return false;
}

static void pump(struct connection *c, const struct pair_context *ctx)
{
    bool moved;

    do {
        moved = false;
        for (int d = 0; d < 2; d++) {
            while (deliver_one(c, ctx, d))
                moved = true;
        }
    } while (moved);
}

/* Has this piece waited for longer than reordering can explain? */
static bool is_overdue(const struct connection *c, const struct piece *p, int64_t now)
{
    return c->segments - p->segment >= CONNECTION_PATIENCE_SEGMENTS || now - p->ns >= PATIENCE_NS;
}

static bool has_hole(const struct stream *s)
{
    const struct piece *p = stream_head(s);

    return p && p->pos > s->next;
}

/* Skip a hole as far as the receiver had it, which proves that it was sent and
 * not captured; what is not acknowledged may still be sent again. `all`: even
 * if it is not overdue. */
static bool skip_acked(struct connection *c, const struct pair_context *ctx, int dir, int64_t now,
                       bool all)
{
    struct stream *s = &c->stream[dir];
    const struct piece *p = stream_head(s);
    int64_t to;

    if (!has_hole(s) || s->acked <= s->next || !(all || is_overdue(c, p, now)))
        return false;
    to = s->acked < p->pos ? s->acked : p->pos;
    skip(c, ctx, dir, to - s->next, now);
    return true;
}

/* Skip a hole although nobody acknowledged it. */
static bool skip_hole(struct connection *c, const struct pair_context *ctx, int dir, int64_t now)
{
    struct stream *s = &c->stream[dir];

    if (!has_hole(s))
        return false;
    skip(c, ctx, dir, stream_head(s)->pos - s->next, now);
    return true;
}

/* Let a piece go that waits for bytes of the other direction behind which
 * nothing was captured. They are missing, but a single one may be the FIN. */
static bool excuse(struct connection *c, const struct pair_context *ctx, int dir, int64_t now)
{
    struct stream *peer = &c->stream[!dir];
    const struct piece *p = stream_head(&c->stream[dir]);
    int64_t need = p && p->pos == c->stream[dir].next ? waits_for(c, dir, p) : 0;

    if (need == 0 || has_hole(peer))
        return false;
    peer->excused = need;
    if (!stream_head(peer) && peer->segments > 0 && need > peer->next + 1)
        skip(c, ctx, !dir, need - peer->next, now);
    return true;
}

/* Look at the first piece that waits, and let it go on if it waited for too
 * long. True if that may have helped. */
static bool lose_patience(struct connection *c, const struct pair_context *ctx, int dir,
                          int64_t now)
{
    struct stream *s = &c->stream[dir];
    const struct piece *p = stream_head(s);

    if (!p || !s->anchored)
        return false;
    if (stream_is_full(s))
        return skip_acked(c, ctx, dir, now, true) || skip_hole(c, ctx, dir, now) ||
               skip_acked(c, ctx, !dir, now, true) || skip_hole(c, ctx, !dir, now) ||
               excuse(c, ctx, dir, now);
    if (!is_overdue(c, p, now))
        return false;
    /* Without the other direction there are no acknowledgements. */
    if (c->stream[!dir].segments == 0 && now - p->ns >= PATIENCE_NS)
        return skip_hole(c, ctx, dir, now);
    return skip_acked(c, ctx, dir, now, false) || excuse(c, ctx, dir, now);
}

/* Have bytes waited long enough for a SYN that comes late? */
static bool is_unsettled_for_long(const struct connection *c, int64_t now)
{
    if (c->segments >= CONNECTION_PATIENCE_SEGMENTS)
        return true;
    for (int d = 0; d < 2; d++) {
        const struct piece *p = stream_head(&c->stream[d]);
        if (stream_is_full(&c->stream[d]) || (p && now - p->ns >= PATIENCE_NS))
            return true;
    }
    return false;
}

/* The lower of a position and another that is there unless 0. */
static int64_t lower(int64_t pos, int64_t other)
{
    return other && other < pos ? other : pos;
}

/* Decide where streams begin whose SYN was not seen. */
static void settle(struct connection *c, int64_t now, struct budget *b, bool force_it)
{
    if (c->stream[0].anchored && c->stream[1].anchored) {
        c->settled = true;
        return;
    }
    if (!force_it && !is_unsettled_for_long(c, now))
        return;
    c->settled = true;
    for (int d = 0; d < 2; d++) {
        struct stream *s = &c->stream[d];
        if (s->anchored)
            continue;
        speech_midstream(&c->speech, d);
        /* The receiver's first acknowledgement shows where it stood: that of a
         * handshake, or in mid-stream before bytes that were not captured. They
         * were lost only if it came before the first of those that were: it may be
         * for bytes that had gone by, and was on its way when the capture began. */
        if (stream_head(s))
            s->before = lower(stream_head(s)->pos, s->shown_early);
        if (s->first_shown && (!stream_head(s) || s->first_shown < stream_head(s)->pos))
            stream_anchor(s, s->first_shown, b);
        else if (stream_head(s))
            stream_anchor(s, stream_head(s)->pos, b);
    }
}

static void advance(struct connection *c, const struct pair_context *ctx, int64_t now)
{
    if (!c->settled)
        settle(c, now, ctx->budget, false);
    if (!c->settled)
        return;
    pump(c, ctx);
    while (connection_waits(c) && (lose_patience(c, ctx, 0, now) || lose_patience(c, ctx, 1, now)))
        pump(c, ctx);
    if (c->stream[0].ended && c->stream[1].ended) {
        speech_all_closed(&c->speech);
        stop_if_over(c, ctx);
    }
}

/* ---- segments --------------------------------------------------------------- */

static void take_syn(struct connection *c, struct budget *b, const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir], *peer = &c->stream[!dir];
    int64_t pos = stream_position(mine, s->seq);

    if (!mine->has_syn) {
        mine->has_syn = true;
        mine->syn = pos;
        if (!mine->anchored)
            stream_anchor(mine, pos + 1, b);
    }
    speech_syn(&c->speech, dir, s->flags & TCP_ACK);
    if (s->flags & TCP_ACK) {
        if (!peer->has_syn) {
            peer->has_syn = true;
            peer->syn = stream_position(peer, s->ack) - 1;
        }
        if (!peer->anchored)
            stream_anchor(peer, peer->syn + 1, b);
    }
}

/* A stream without a SYN began here at the latest. */
static void show_position(struct stream *s, int64_t pos)
{
    if (s->anchored)
        return;
    s->first_shown = lower(pos, s->first_shown);
    if (!stream_head(s))
        s->shown_early = s->first_shown;
}

static void take_ack(struct connection *c, const struct segment *s, int dir)
{
    struct stream *peer = &c->stream[!dir];
    int64_t pos = stream_position(peer, s->ack);
    int64_t top = peer->top > peer->next ? peer->top : peer->next;

    c->open |= !(s->flags & (TCP_SYN | TCP_RST)) && peer->has_syn && c->stream[dir].has_syn;
    show_position(peer, pos);
    if (pos > peer->acked && pos <= top + STREAM_WINDOW)
        peer->acked = pos;
}

static void take_piece(struct connection *c, const struct pair_context *ctx, int dir,
                       struct piece *p)
{
    struct stream *s = &c->stream[dir];
    struct stream_note note = {0};
    struct str bytes = p->bytes;
    int64_t pos = p->pos, next = s->next;
    enum stream_fate fate;

    if (c->settled && !s->anchored) {
        /* Nothing of this direction was seen when it was settled. */
        stream_anchor(s, p->pos, ctx->budget);
    }
    fate = stream_add(s, p, ctx->budget, &note);
    ctx->stats->retransmitted_bytes += note.repeated;
    /* What was passed on was marked there; what waits carries its mark with it. */
    if (note.repeated && s->anchored && pos < next && !note.probe)
        note.conflict |= speech_repeat(&c->speech, dir, pos, str_head(bytes, (size_t)(next - pos)),
                                       note.delivered);
    ctx->stats->conflicts += note.conflict;
    if (fate == STREAM_NEXT) {
        if (c->settled && waits_for(c, dir, p) == 0)
            deliver(c, ctx, dir, p);
        else
            fate = stream_hold(s, p, ctx->budget);
    }
    if (fate == STREAM_STRAY)
        ctx->stats->out_of_window++;
    if (fate == STREAM_NOMEM) {
        speech_give_up(&c->speech, ctx);
        stop_if_over(c, ctx);
    }
}

/* The urgent byte is not part of the stream for a receiver without
 * SO_OOBINLINE, which is the default. Its place is kept. */
static void take_urgent(struct connection *c, const struct pair_context *ctx, int dir,
                        const struct piece *whole, size_t at)
{
    struct piece p = *whole;

    p.bytes = str_head(whole->bytes, at);
    p.missing = 0;
    if (at)
        take_piece(c, ctx, dir, &p);
    p = *whole;
    p.pos += (int64_t)at;
    p.bytes = (struct str){0};
    p.missing = 0;
    p.urgent = true;
    take_piece(c, ctx, dir, &p);
    p = *whole;
    p.pos += (int64_t)at + 1;
    p.bytes = str_skip(whole->bytes, at + 1);
    if (p.bytes.len || p.missing)
        take_piece(c, ctx, dir, &p);
}

static void take_payload(struct connection *c, const struct pair_context *ctx,
                         const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir];
    bool syn = s->flags & TCP_SYN;
    struct piece p = {
        .pos = stream_position(mine, s->seq + syn),
        .bytes = s->bytes,
        .missing = s->missing,
        .has_ack = s->flags & TCP_ACK,
        .ack = s->ack,
        .ns = s->ns,
        .segment = c->segments,
    };
    int64_t end = piece_end(&p);

    if (end == p.pos && !(s->flags & (TCP_SYN | TCP_RST)))
        show_position(mine, p.pos);
    if (s->bytes.len || s->missing) {
        c->carries = true;
        if ((s->flags & TCP_URG) && s->urgent > 0 && s->urgent <= s->bytes.len)
            take_urgent(c, ctx, dir, &p, s->urgent - 1u);
        else
            take_piece(c, ctx, dir, &p);
    }
    if ((s->flags & TCP_FIN) && !mine->has_fin && end >= mine->next - STREAM_WINDOW &&
        end <= mine->next + STREAM_WINDOW) {
        mine->has_fin = true;
        mine->fin = end;
    }
}

/* RFC 9293, 3.5.3: a reset counts if its number could be one of the stream. */
static void take_reset(struct connection *c, const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir];
    int64_t pos;

    if (mine->segments > 1 && mine->anchored) {
        pos = stream_position(mine, s->seq);
        if (pos < mine->next - STREAM_WINDOW || pos > mine->next + STREAM_WINDOW)
            return;
    }
    c->reset = true;
}

/* SYN with a number that cannot be of this connection: not sent again, and no
 * stray copy either, whose number would be an old one. */
static bool is_foreign_syn(struct connection *c, const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir];
    int64_t pos;

    if (!(s->flags & TCP_SYN) || !mine->referenced)
        return false;
    pos = stream_position(mine, s->seq);
    if (!mine->has_syn && c->settled)
        return pos + 1 != mine->next;
    if (!mine->has_syn) /* it comes late */
        return pos < mine->next - STREAM_WINDOW || pos > mine->next + STREAM_WINDOW;
    return pos < mine->syn || pos > mine->next;
}

/* It may begin a connection after all, which its answer shows. The last one counts. */
static void keep_asked(struct connection *c, const struct pair_context *ctx,
                       const struct segment *s, int dir)
{
    struct asked *a;

    if ((s->flags & TCP_ACK) || !(s->bytes.len || s->missing))
        return;
    a = asked_new(s, dir, ctx->budget);
    if (!a) {
        ctx->stats->evicted++;
        return;
    }
    asked_free(c->asked, ctx->budget);
    c->asked = a;
}

void connection_segment(struct connection *c, const struct pair_context *ctx,
                        const struct segment *s, int dir, int64_t now)
{
    c->segments++;
    c->stream[dir].segments++;
    if (is_foreign_syn(c, s, dir)) {
        ctx->stats->out_of_window++;
        keep_asked(c, ctx, s, dir);
        return;
    }
    c->fin[dir] |= (s->flags & TCP_FIN) != 0;
    if (s->flags & TCP_SYN)
        take_syn(c, ctx->budget, s, dir);
    if (s->flags & TCP_RST)
        take_reset(c, s, dir);
    if (speech_is_over(&c->speech))
        return;
    if (s->flags & TCP_ACK)
        take_ack(c, s, dir);
    take_payload(c, ctx, s, dir);
    advance(c, ctx, now);
}

/* ---- the connection's life -------------------------------------------------- */

bool connection_is_over(const struct connection *c)
{
    return c->reset || (c->fin[0] && c->fin[1] && !connection_waits(c));
}

/* Payload that cannot be of a connection that both ends have closed: the start
 * of the next one was not captured. */
static bool is_of_next(struct connection *c, const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir];
    int64_t pos;

    if (s->bytes.len == 0 || !mine->has_fin || c->reset || !connection_is_over(c))
        return false;
    pos = stream_position(mine, s->seq);
    return pos > mine->fin || pos < mine->fin - STREAM_WINDOW;
}

bool connection_is_replaced(struct connection *c, const struct segment *s, int dir)
{
    struct stream *mine = &c->stream[dir];

    if (c->stream[0].strays >= MAX_STRAYS || c->stream[1].strays >= MAX_STRAYS)
        return true;
    if (!mine->referenced)
        return false;
    if (!(s->flags & TCP_SYN))
        return is_of_next(c, s, dir);
    if (mine->has_syn && connection_is_over(c))
        return stream_position(mine, s->seq) != mine->syn; /* else it is sent again */
    if (!is_foreign_syn(c, s, dir))
        return false;
    /* RFC 9293, 3.10.7.4: SYN alone ends no connection; who has that one still
     * tells where it stands. Only who has it no more agrees to another. */
    return (s->flags & TCP_ACK) || !c->stream[!dir].segments || !(c->open || c->carries);
}

struct asked *connection_asked(struct connection *c, const struct segment *s, int dir)
{
    struct asked *a = c->asked;

    if (!a || !asked_is_answered(a, s, dir))
        return NULL;
    c->asked = NULL;
    return a;
}

bool connection_waits(const struct connection *c)
{
    return stream_head(&c->stream[0]) || stream_head(&c->stream[1]);
}

bool connection_is_unsure(const struct connection *c)
{
    return connection_waits(c) || speech_holds(&c->speech);
}

void connection_nudge(struct connection *c, const struct pair_context *ctx, int64_t now)
{
    speech_let_go(&c->speech, now);
    if (!speech_is_over(&c->speech))
        advance(c, ctx, now);
}

/* What the receiver acknowledged behind the last piece was sent, but not
 * captured. One byte more can be the FIN, unless that was seen. */
static void skip_tail(struct connection *c, const struct pair_context *ctx, int dir, int64_t now)
{
    struct stream *s = &c->stream[dir];
    int64_t to = s->has_fin && s->fin < s->acked ? s->fin : s->acked;

    if (speech_is_over(&c->speech))
        return; /* known by now for what nobody reads on */
    if (s->anchored && !s->ended && s->segments && to > s->next + !s->has_fin)
        skip(c, ctx, dir, to - s->next, now);
}

/* Nothing more comes: let go, what is best known first. */
static bool lose_all_patience(struct connection *c, const struct pair_context *ctx, int64_t now)
{
    return skip_acked(c, ctx, 0, now, true) || skip_acked(c, ctx, 1, now, true) ||
           excuse(c, ctx, 0, now) || excuse(c, ctx, 1, now) || skip_hole(c, ctx, 0, now) ||
           skip_hole(c, ctx, 1, now);
}

void connection_end(struct connection *c, const struct pair_context *ctx, int64_t now)
{
    if (!speech_is_over(&c->speech)) {
        if (!c->settled)
            settle(c, now, ctx->budget, true);
        do
            pump(c, ctx);
        while (lose_all_patience(c, ctx, now));
        for (int d = 0; d < 2; d++)
            skip_tail(c, ctx, d, now);
    }
    speech_end(&c->speech, ctx, c->reset ? PAIR_RESET : PAIR_CUT, c->carries);
    clear_streams(c, ctx->budget);
    asked_free(c->asked, ctx->budget);
    c->asked = NULL;
}

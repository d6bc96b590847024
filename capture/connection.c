#include "capture/connection.h"

#include <string.h>

#include "capture/ports.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"

/* First bytes that could still become HTTP, by direction. */
struct early {
    struct buf bytes[2];
    struct piece piece[2]; /* where and when they began */
};

/* A SYN with data (RFC 7413), and the direction it went in. */
struct asked {
    int dir;
    struct segment segment;
    char bytes[];
};

/* So much is looked at; one more segment fits, which may be that large. */
enum { EARLY_MAX = 16 * 1024, EARLY_ROOM = EARLY_MAX + 262144 };

enum { PATIENCE_NS = CONNECTION_PATIENCE_SECONDS * NS_PER_SEC, MAX_STRAYS = 8 };

void connection_init(struct connection *c, uint64_t number, const struct segment *s, int dir)
{
    *c = (struct connection){.number = number, .client = -1};
    c->from[dir] = s->from;
    c->from[!dir] = s->to;
}

/* ---- what is spoken --------------------------------------------------------- */

static void drop_early(struct connection *c, const struct pair_context *ctx)
{
    if (!c->early)
        return;
    for (int d = 0; d < 2; d++) {
        budget_return(ctx->budget, c->early->bytes[d].cap);
        buf_release(&c->early->bytes[d]);
    }
    budget_return(ctx->budget, sizeof *c->early);
    mem_free(c->early);
    c->early = NULL;
}

/* Nothing more is wanted of it; what it waited for may go. */
static void stop_tracking(struct connection *c, const struct pair_context *ctx)
{
    drop_early(c, ctx);
    stream_clear(&c->stream[0], ctx->budget);
    stream_clear(&c->stream[1], ctx->budget);
}

static uint16_t server_port(const struct connection *c)
{
    if (c->client >= 0)
        return c->from[!c->client].port;
    return c->from[0].port < c->from[1].port ? c->from[0].port : c->from[1].port;
}

static void count_spoken(const struct connection *c, struct capture_stats *stats,
                         enum protocol protocol)
{
    static const enum capture_spoken kinds[] = {
        [PROTOCOL_TLS] = SPOKEN_TLS,
        [PROTOCOL_HTTP2] = SPOKEN_HTTP2,
        [PROTOCOL_OTHER] = SPOKEN_UNKNOWN,
    };

    if (protocol != PROTOCOL_HTTP)
        ports_add(&stats->spoken, server_port(c), c->carries ? kinds[protocol] : SPOKEN_NOTHING);
}

static void count(struct connection *c, const struct pair_context *ctx, enum protocol protocol)
{
    struct capture_stats *stats = ctx->stats;

    c->protocol = protocol;
    stats->connections++;
    stats->http += protocol == PROTOCOL_HTTP;
    stats->tls += protocol == PROTOCOL_TLS;
    stats->http2 += protocol == PROTOCOL_HTTP2;
    stats->other += protocol == PROTOCOL_OTHER;
    if (c->midstream[0] || c->midstream[1])
        stats->midstream++;
    count_spoken(c, stats, protocol);
    if (protocol != PROTOCOL_HTTP)
        stop_tracking(c, ctx);
}

/* There is no memory for it: hand on what is there and forget the rest. */
static void give_up(struct connection *c, const struct pair_context *ctx)
{
    if (c->protocol == PROTOCOL_UNKNOWN)
        count(c, ctx, PROTOCOL_OTHER);
    pairing_free(c->http);
    c->http = NULL;
    c->protocol = PROTOCOL_IGNORED;
    ctx->stats->evicted++;
    stop_tracking(c, ctx);
}

static enum http1_side side_of(const struct connection *c, int dir)
{
    return dir == c->client ? HTTP1_REQUESTS : HTTP1_RESPONSES;
}

/* Where a piece's sender stood in the other stream, or -1. */
static int64_t ack_position(struct connection *c, int dir, const struct piece *p)
{
    struct stream *peer = &c->stream[!dir];

    return p->has_ack && peer->anchored ? stream_position(peer, p->ack) : -1;
}

static void feed(struct connection *c, const struct pair_context *ctx, int dir,
                 const struct piece *p)
{
    if (c->http && pairing_feed(c->http, side_of(c, dir), p, ack_position(c, dir, p)) < 0)
        give_up(c, ctx);
}

static bool has_early(const struct connection *c, int dir)
{
    return c->early && c->early->bytes[dir].len;
}

/* Where the first bytes of a direction that pairing will see begin. */
static int64_t first_position(const struct connection *c, int dir, const struct piece *p)
{
    if (has_early(c, dir))
        return c->early->piece[dir].pos;
    return p ? p->pos : c->stream[dir].next;
}

/* It speaks HTTP, and in direction `client` go the requests. Pass on what was
 * kept, and then `p`, which goes in direction `dir`, if it is not NULL. */
static void begin_http(struct connection *c, const struct pair_context *ctx, int client, int dir,
                       const struct piece *p)
{
    const struct piece *of[2] = {dir == client ? p : NULL, dir == client ? NULL : p};
    struct pair_origin origin = {
        .connection = c->number,
        .client = c->from[client],
        .server = c->from[!client],
        .midstream = {c->midstream[client], c->midstream[!client]},
        .pos = {first_position(c, client, of[0]), first_position(c, !client, of[1])},
        .seen = c->missed[client] ? c->missed[client] + 1 : 0,
        .answered = dir != client && !c->midstream[client] && has_early(c, client),
    };
    struct early *early = c->early;

    c->client = (int8_t)client;
    count(c, ctx, PROTOCOL_HTTP);
    ctx->stats->skipped_bytes += c->unclear_bytes;
    c->http = pairing_new(ctx, &origin);
    if (!c->http) {
        give_up(c, ctx);
        return;
    }
    c->early = NULL;
    for (int i = 0; early && i < 2; i++) {
        int d = i ? !client : client;
        early->piece[d].bytes = buf_str(&early->bytes[d]);
        if (early->bytes[d].len)
            feed(c, ctx, d, &early->piece[d]);
    }
    c->early = early;
    drop_early(c, ctx);
    if (p)
        feed(c, ctx, dir, p);
}

/* Keep first bytes until more come. False when they cannot be kept. */
static bool keep_early(struct connection *c, const struct pair_context *ctx, int dir,
                       const struct piece *p)
{
    struct buf *b;
    size_t before;

    if (!c->early) {
        c->early = mem_zalloc(sizeof *c->early);
        if (!c->early)
            return false;
        buf_init(&c->early->bytes[0], EARLY_ROOM);
        buf_init(&c->early->bytes[1], EARLY_ROOM);
        budget_charge(ctx->budget, sizeof *c->early);
    }
    b = &c->early->bytes[dir];
    before = b->cap;
    if (b->len == 0)
        c->early->piece[dir] = *p;
    c->early->piece[dir].conflict |= p->conflict;
    c->early->piece[dir].missing = p->missing; /* before this one nothing was, or they had gone */
    if (buf_add(b, p->bytes, NULL) < 0)
        return false;
    budget_adjust(ctx->budget, before, b->cap);
    return true;
}

/* The beginning of a direction is missing, or was not understood. */
static void note_missed(struct connection *c, int dir)
{
    c->midstream[dir] = true;
    if (!c->missed[dir])
        c->missed[dir] = c->stream[!dir].next;
}

/* Who can have sent what goes in that direction? */
static unsigned senders(const struct connection *c, int dir)
{
    if (c->client < 0)
        return FROM_EITHER;
    return c->client == dir ? FROM_CLIENT : FROM_SERVER;
}

/* A client's first line that is no request line may be answered by a server of
 * HTTP nevertheless, with 400 or by guessing: its first bytes will tell. */
static bool may_be_answered(const struct connection *c, int dir, struct str first)
{
    return dir == c->client && !c->midstream[dir] && first.len <= EARLY_MAX &&
           recognise_garbled(first);
}

/* The first bytes of a direction: what was kept of them, or else a piece. */
struct first {
    struct buf *kept;    /* or NULL */
    struct piece *piece; /* the last of them */
};

static struct str first_bytes(const struct first *f)
{
    return f->kept ? buf_str(f->kept) : f->piece->bytes;
}

/* Let a PROXY header in front go. HTTP1_TOO_SHORT if there may be one. */
static enum http1_guess drop_proxy_header(struct connection *c, int dir, const struct first *f)
{
    enum http1_guess guess;
    size_t n = 0;

    if (c->midstream[dir] || !(senders(c, dir) & FROM_CLIENT))
        return HTTP1_NO;
    guess = recognise_proxy_header(first_bytes(f), &n);
    if (guess != HTTP1_YES)
        return guess;
    c->unclear_bytes += n;
    if (f->kept) {
        c->early->piece[dir].pos += (int64_t)n;
        buf_consume(f->kept, n);
    } else {
        f->piece->pos += (int64_t)n;
        f->piece->bytes = str_skip(f->piece->bytes, n);
    }
    return HTTP1_YES;
}

static enum protocol first_protocol(struct connection *c, int dir, const struct first *f,
                                    unsigned *role)
{
    enum protocol protocol = PROTOCOL_UNKNOWN;
    enum http1_guess header = drop_proxy_header(c, dir, f);
    struct str first = first_bytes(f);
    struct http_request_line line;

    *role = FROM_EITHER;
    if (header != HTTP1_TOO_SHORT && first.len)
        protocol = recognise(first, senders(c, dir), c->midstream[dir], role);
    if (protocol != PROTOCOL_UNKNOWN || first.len <= EARLY_MAX)
        return protocol;
    /* The line may have no end for long, but it must begin like one of ours. */
    if (!(senders(c, dir) & FROM_CLIENT) || !http_request_start(first, &line))
        return PROTOCOL_OTHER;
    *role = FROM_CLIENT;
    return PROTOCOL_HTTP;
}

static void classify(struct connection *c, const struct pair_context *ctx, int dir,
                     const struct piece *p)
{
    struct piece piece = *p;
    struct first f = {has_early(c, dir) ? &c->early->bytes[dir] : NULL, &piece};
    unsigned role = FROM_EITHER;
    enum protocol protocol = PROTOCOL_OTHER;

    if (p->bytes.len == 0) {
        if (f.kept)
            c->early->piece[dir].urgent |= p->urgent;
        return;
    }
    if (!f.kept || keep_early(c, ctx, dir, p))
        protocol = first_protocol(c, dir, &f, &role);
    switch (protocol) {
    case PROTOCOL_UNKNOWN:
        if (!f.kept && piece.bytes.len && !keep_early(c, ctx, dir, &piece))
            give_up(c, ctx);
        break;
    case PROTOCOL_HTTP:
        begin_http(c, ctx, role == FROM_CLIENT ? dir : !dir, dir, f.kept ? NULL : &piece);
        break;
    case PROTOCOL_OTHER:
        if (may_be_answered(c, dir, first_bytes(&f)) && (f.kept || keep_early(c, ctx, dir, &piece)))
            break;
        if (!c->midstream[dir]) {
            count(c, ctx, protocol);
            break;
        }
        /* This may be inside a message: wait for the next one, which may begin
         * with the last piece. */
        note_missed(c, dir);
        c->unclear_bytes += first_bytes(&f).len - (f.kept ? p->bytes.len : 0);
        if (f.kept) {
            buf_reset(f.kept);
            classify(c, ctx, dir, p);
        }
        break;
    default:
        if (c->client < 0 && role != FROM_EITHER)
            c->client = (int8_t)(role == FROM_CLIENT ? dir : !dir);
        count(c, ctx, protocol);
        break;
    }
}

/* No more of the first bytes will come: what is there of a start line may tell
 * nevertheless. */
static void classify_cut(struct connection *c, const struct pair_context *ctx, int dir)
{
    struct http_request_line request;
    struct http_status_line status;
    struct str first;

    if (!has_early(c, dir))
        return;
    first = buf_str(&c->early->bytes[dir]);
    if ((senders(c, dir) & FROM_CLIENT) && http_request_start(first, &request))
        begin_http(c, ctx, dir, dir, NULL);
    else if ((senders(c, dir) & FROM_SERVER) && http_status_line(first, &status))
        begin_http(c, ctx, !dir, dir, NULL);
}

/* A hole cuts the first bytes off from what follows. */
static void end_early(struct connection *c, const struct pair_context *ctx, int dir)
{
    classify_cut(c, ctx, dir);
    if (c->protocol != PROTOCOL_UNKNOWN)
        return;
    note_missed(c, dir);
    if (!has_early(c, dir))
        return;
    c->unclear_bytes += c->early->bytes[dir].len;
    buf_reset(&c->early->bytes[dir]);
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
    if (c->protocol == PROTOCOL_HTTP)
        feed(c, ctx, dir, p);
    else if (c->protocol == PROTOCOL_UNKNOWN)
        classify(c, ctx, dir, p);
    if (p->missing) {
        count_hole(c, ctx, dir, piece_end(p) - p->missing, p->missing);
        if (c->protocol == PROTOCOL_UNKNOWN)
            end_early(c, ctx, dir);
    }
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
    if (c->protocol == PROTOCOL_UNKNOWN)
        end_early(c, ctx, dir);
    if (c->http && pairing_gap(c->http, side_of(c, dir), pos, (uint64_t)n, now) < 0)
        give_up(c, ctx);
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

static void end_direction(struct connection *c, const struct pair_context *ctx, int dir,
                          enum pair_end how)
{
    if (c->http && pairing_end(c->http, side_of(c, dir), how) < 0)
        give_up(c, ctx);
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
        end_direction(c, ctx, dir, PAIR_CLOSED);
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
        c->midstream[d] = true;
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
    if (c->http && c->stream[0].ended && c->stream[1].ended) {
        pairing_free(c->http);
        c->http = NULL;
        c->protocol = PROTOCOL_IGNORED;
        stop_tracking(c, ctx);
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
    if (s->flags & TCP_ACK) {
        if (c->client < 0 && !c->both_asked)
            c->client = (int8_t)!dir;
        if (!peer->has_syn) {
            peer->has_syn = true;
            peer->syn = stream_position(peer, s->ack) - 1;
        }
        if (!peer->anchored)
            stream_anchor(peer, peer->syn + 1, b);
    } else if (c->client == !dir && c->protocol == PROTOCOL_UNKNOWN) {
        c->both_asked = true; /* then what they say tells who is the client */
        c->client = -1;
    } else if (c->client < 0 && !c->both_asked) {
        c->client = (int8_t)dir;
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

/* Bytes came again that were passed on already: were they the same? */
static bool is_other(struct connection *c, int dir, int64_t pos, struct str bytes, bool other)
{
    struct piece *first = has_early(c, dir) ? &c->early->piece[dir] : NULL;

    if (c->http)
        return pairing_repeat(c->http, side_of(c, dir), pos, bytes, other);
    if (first && !stream_agree(pos, bytes, first->pos, buf_str(&c->early->bytes[dir])))
        first->conflict = other = true;
    return other;
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
    /* What waits carries its mark with it to the message it is part of. */
    if (note.repeated && s->anchored && pos < next && !note.probe)
        note.conflict |=
            is_other(c, dir, pos, str_head(bytes, (size_t)(next - pos)), note.delivered);
    ctx->stats->conflicts += note.conflict;
    if (fate == STREAM_NEXT) {
        if (c->settled && waits_for(c, dir, p) == 0)
            deliver(c, ctx, dir, p);
        else
            fate = stream_hold(s, p, ctx->budget);
    }
    if (fate == STREAM_STRAY)
        ctx->stats->out_of_window++;
    if (fate == STREAM_NOMEM)
        give_up(c, ctx);
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

/* ---- a SYN that was passed over ---------------------------------------------- */

static size_t asked_cost(const struct asked *a)
{
    return sizeof *a + a->segment.bytes.len;
}

void connection_drop_asked(struct asked *a, struct budget *b)
{
    if (a)
        budget_return(b, asked_cost(a));
    mem_free(a);
}

/* It may begin a connection after all, which its answer shows. The last one counts. */
static void keep_asked(struct connection *c, const struct pair_context *ctx,
                       const struct segment *s, int dir)
{
    struct asked *a;

    if ((s->flags & TCP_ACK) || !(s->bytes.len || s->missing))
        return;
    a = mem_alloc(sizeof *a + s->bytes.len);
    if (!a) {
        ctx->stats->evicted++;
        return;
    }
    connection_drop_asked(c->asked, ctx->budget);
    a->dir = dir;
    a->segment = *s;
    if (s->bytes.len)
        memcpy(a->bytes, s->bytes.data, s->bytes.len);
    a->segment.bytes.data = a->bytes;
    budget_charge(ctx->budget, asked_cost(a));
    c->asked = a;
}

struct asked *connection_asked(struct connection *c, const struct segment *s, int dir)
{
    enum { ANSWER = TCP_SYN | TCP_ACK };
    struct asked *a = c->asked;

    if (!a || a->dir == dir || (s->flags & ANSWER) != ANSWER ||
        s->ack - (a->segment.seq + 1) > a->segment.bytes.len + a->segment.missing)
        return NULL;
    c->asked = NULL;
    return a;
}

void connection_take_asked(struct connection *c, const struct pair_context *ctx, struct asked *a,
                           int64_t now)
{
    connection_segment(c, ctx, &a->segment, a->dir, now);
    connection_drop_asked(a, ctx->budget);
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
    if (c->protocol > PROTOCOL_HTTP)
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

bool connection_waits(const struct connection *c)
{
    return stream_head(&c->stream[0]) || stream_head(&c->stream[1]);
}

bool connection_is_unsure(const struct connection *c)
{
    return connection_waits(c) || (c->http && pairing_holds(c->http));
}

void connection_nudge(struct connection *c, const struct pair_context *ctx, int64_t now)
{
    if (c->http && pairing_holds(c->http))
        pairing_let_go(c->http, now);
    if (c->protocol <= PROTOCOL_HTTP)
        advance(c, ctx, now);
}

/* What the receiver acknowledged behind the last piece was sent, but not
 * captured. One byte more can be the FIN, unless that was seen. */
static void skip_tail(struct connection *c, const struct pair_context *ctx, int dir, int64_t now)
{
    struct stream *s = &c->stream[dir];
    int64_t to = s->has_fin && s->fin < s->acked ? s->fin : s->acked;

    if (c->protocol > PROTOCOL_HTTP)
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
    enum pair_end how = c->reset ? PAIR_RESET : PAIR_CUT;

    if (c->protocol <= PROTOCOL_HTTP) {
        if (!c->settled)
            settle(c, now, ctx->budget, true);
        do
            pump(c, ctx);
        while (lose_all_patience(c, ctx, now));
        for (int d = 0; d < 2; d++)
            skip_tail(c, ctx, d, now);
        for (int d = 0; d < 2 && c->protocol == PROTOCOL_UNKNOWN; d++)
            classify_cut(c, ctx, d);
    }
    if (c->http) {
        end_direction(c, ctx, c->client, how);
        end_direction(c, ctx, !c->client, how);
        pairing_free(c->http);
        c->http = NULL;
    }
    if (c->protocol == PROTOCOL_UNKNOWN)
        count(c, ctx, PROTOCOL_OTHER);
    stop_tracking(c, ctx);
    connection_drop_asked(c->asked, ctx->budget);
    c->asked = NULL;
}

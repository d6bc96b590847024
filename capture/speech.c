#include "capture/speech.h"

#include "capture/ports.h"

void speech_init(struct speech *sp, struct stream *stream, uint64_t number, const struct segment *s,
                 int dir)
{
    *sp = (struct speech){.stream = stream, .number = number};
    sp->from[dir] = s->from;
    sp->from[!dir] = s->to;
    opening_init(&sp->opening, stream);
}

/* ---- counted -------------------------------------------------------------------- */

static uint16_t server_port(const struct speech *sp)
{
    if (sp->opening.client >= 0)
        return sp->from[!sp->opening.client].port;
    return sp->from[0].port < sp->from[1].port ? sp->from[0].port : sp->from[1].port;
}

static void count(struct speech *sp, struct capture_stats *stats, enum protocol protocol)
{
    sp->protocol = protocol;
    stats->connections++;
    stats->http += protocol == PROTOCOL_HTTP;
    stats->tls += protocol == PROTOCOL_TLS;
    stats->http2 += protocol == PROTOCOL_HTTP2;
    stats->other += protocol == PROTOCOL_OTHER;
    if (sp->opening.midstream[0] || sp->opening.midstream[1])
        stats->midstream++;
}

/* It is not HTTP/1. */
static void count_other(struct speech *sp, struct capture_stats *stats, enum protocol protocol,
                        bool carried)
{
    static const enum capture_spoken kinds[] = {
        [PROTOCOL_TLS] = SPOKEN_TLS,
        [PROTOCOL_HTTP2] = SPOKEN_HTTP2,
        [PROTOCOL_OTHER] = SPOKEN_UNKNOWN,
    };

    count(sp, stats, protocol);
    ports_add(&stats->spoken, server_port(sp), carried ? kinds[protocol] : SPOKEN_NOTHING);
}

static void end_pairing(struct speech *sp)
{
    pairing_free(sp->http);
    sp->http = NULL;
}

void speech_give_up(struct speech *sp, const struct pair_context *ctx)
{
    if (sp->protocol == PROTOCOL_UNKNOWN)
        count_other(sp, ctx->stats, PROTOCOL_OTHER, true);
    end_pairing(sp);
    sp->protocol = PROTOCOL_IGNORED;
    ctx->stats->evicted++;
    opening_clear(&sp->opening, ctx->budget);
}

/* ---- HTTP/1 --------------------------------------------------------------------- */

static enum http1_side side_of(const struct speech *sp, int dir)
{
    return dir == sp->opening.client ? HTTP1_REQUESTS : HTTP1_RESPONSES;
}

/* Where a piece's sender stood in the other stream, or -1. */
static int64_t ack_position(const struct speech *sp, int dir, const struct piece *p)
{
    struct stream *peer = &sp->stream[!dir];

    return p->has_ack && peer->anchored ? stream_position(peer, p->ack) : -1;
}

static int feed(struct speech *sp, int dir, const struct piece *p)
{
    return pairing_feed(sp->http, side_of(sp, dir), p, ack_position(sp, dir, p));
}

/* Where that begins which the pairing is fed of a direction: `first`, or what comes
 * next. */
static int64_t first_position(const struct speech *sp, int dir, const struct piece *first)
{
    return first ? first->pos : sp->stream[dir].next;
}

static struct pairing *new_pairing(const struct speech *sp, const struct pair_context *ctx,
                                   const struct piece *const first[2], bool answered)
{
    const struct opening *o = &sp->opening;
    int client = o->client, server = !client;
    struct pair_origin origin = {
        .connection = sp->number,
        .client = sp->from[client],
        .server = sp->from[server],
        .midstream = {o->midstream[client], o->midstream[server]},
        .pos = {first_position(sp, client, first[client]),
                first_position(sp, server, first[server])},
        .seen = o->missed[client] ? o->missed[client] + 1 : 0,
        .answered = answered,
    };

    return pairing_new(ctx, &origin);
}

/* Pass on what was kept, and then `p`, which goes in direction `dir`, unless it is
 * part of that or NULL. */
static int begin_pairing(struct speech *sp, const struct pair_context *ctx, int dir,
                         const struct piece *p)
{
    struct opening *o = &sp->opening;
    int client = o->client, rc = 0;
    const struct piece *kept[2] = {opening_kept(o, 0), opening_kept(o, 1)};
    const struct piece *first[2] = {kept[0], kept[1]};
    bool answered = dir != client && kept[client] && !o->midstream[client];

    if (kept[dir])
        p = NULL;
    else
        first[dir] = p;
    sp->http = new_pairing(sp, ctx, first, answered);
    if (!sp->http)
        return -1;
    if (kept[client])
        rc = feed(sp, client, kept[client]);
    if (rc == 0 && kept[!client])
        rc = feed(sp, !client, kept[!client]);
    opening_clear(o, ctx->budget);
    return rc == 0 && p ? feed(sp, dir, p) : rc;
}

/* ---- heard ---------------------------------------------------------------------- */

/* The first bytes tell what it is: those that are kept and then `p`, if not NULL. */
static void become(struct speech *sp, const struct pair_context *ctx, enum protocol protocol,
                   int dir, const struct piece *p)
{
    switch (protocol) {
    case PROTOCOL_UNKNOWN:
        break;
    case PROTOCOL_HTTP:
        count(sp, ctx->stats, protocol);
        ctx->stats->skipped_bytes += sp->opening.passed_over;
        if (begin_pairing(sp, ctx, dir, p) < 0)
            speech_give_up(sp, ctx);
        break;
    case PROTOCOL_IGNORED:
        speech_give_up(sp, ctx);
        break;
    default:
        count_other(sp, ctx->stats, protocol, true);
        opening_clear(&sp->opening, ctx->budget);
    }
}

/* A hole cuts the first bytes off from what follows. */
static void cut_opening(struct speech *sp, const struct pair_context *ctx, int dir)
{
    become(sp, ctx, opening_cut(&sp->opening, dir), dir, NULL);
    if (sp->protocol == PROTOCOL_UNKNOWN)
        opening_lose(&sp->opening, dir);
}

static void hear_opening(struct speech *sp, const struct pair_context *ctx, int dir,
                         const struct piece *p)
{
    struct piece piece = *p;

    become(sp, ctx, opening_hear(&sp->opening, dir, &piece, ctx->budget), dir, &piece);
    if (p->missing && sp->protocol == PROTOCOL_UNKNOWN)
        cut_opening(sp, ctx, dir);
}

void speech_hear(struct speech *sp, const struct pair_context *ctx, int dir, const struct piece *p)
{
    if (sp->protocol == PROTOCOL_UNKNOWN)
        hear_opening(sp, ctx, dir, p);
    else if (sp->http && feed(sp, dir, p) < 0)
        speech_give_up(sp, ctx);
}

void speech_gap(struct speech *sp, const struct pair_context *ctx, int dir, int64_t pos, int64_t n,
                int64_t now)
{
    if (sp->protocol == PROTOCOL_UNKNOWN)
        cut_opening(sp, ctx, dir);
    if (sp->http && pairing_gap(sp->http, side_of(sp, dir), pos, (uint64_t)n, now) < 0)
        speech_give_up(sp, ctx);
}

bool speech_repeat(struct speech *sp, int dir, int64_t pos, struct str bytes, bool other)
{
    if (sp->http)
        return pairing_repeat(sp->http, side_of(sp, dir), pos, bytes, other);
    return opening_repeat(&sp->opening, dir, pos, bytes, other);
}

void speech_let_go(struct speech *sp, int64_t now)
{
    if (speech_holds(sp))
        pairing_let_go(sp->http, now);
}

/* ---- over ------------------------------------------------------------------------ */

static void end_direction(struct speech *sp, const struct pair_context *ctx, int dir,
                          enum pair_end how)
{
    if (sp->http && pairing_end(sp->http, side_of(sp, dir), how) < 0)
        speech_give_up(sp, ctx);
}

void speech_closed(struct speech *sp, const struct pair_context *ctx, int dir)
{
    end_direction(sp, ctx, dir, PAIR_CLOSED);
}

void speech_all_closed(struct speech *sp)
{
    if (!sp->http)
        return;
    end_pairing(sp);
    sp->protocol = PROTOCOL_IGNORED;
}

void speech_end(struct speech *sp, const struct pair_context *ctx, enum pair_end how, bool carried)
{
    for (int d = 0; d < 2 && sp->protocol == PROTOCOL_UNKNOWN; d++)
        become(sp, ctx, opening_cut(&sp->opening, d), d, NULL);
    if (sp->http) {
        end_direction(sp, ctx, sp->opening.client, how);
        end_direction(sp, ctx, !sp->opening.client, how);
    }
    end_pairing(sp);
    if (sp->protocol == PROTOCOL_UNKNOWN)
        count_other(sp, ctx->stats, PROTOCOL_OTHER, carried);
    opening_clear(&sp->opening, ctx->budget);
}

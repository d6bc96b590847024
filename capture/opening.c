#include "capture/opening.h"

#include "core/buf.h"
#include "core/mem.h"

/* First bytes that could still become HTTP, by direction. */
struct early {
    struct buf bytes[2];
    struct piece piece[2]; /* where and when they began */
};

/* So much is looked at; one more segment fits, which may be that large. */
enum { EARLY_MAX = 16 * 1024, EARLY_ROOM = EARLY_MAX + 262144 };

void opening_init(struct opening *o, const struct stream *stream)
{
    *o = (struct opening){.stream = stream, .client = -1};
}

void opening_syn(struct opening *o, int dir, bool answers)
{
    if (!answers && o->client == !dir) {
        o->both_asked = true; /* then what they say tells who is the client */
        o->client = -1;
    } else if (o->client < 0 && !o->both_asked) {
        o->client = (int8_t)(answers ? !dir : dir);
    }
}

/* ---- what is kept -------------------------------------------------------------- */

static bool has_kept(const struct opening *o, int dir)
{
    return o->early && o->early->bytes[dir].len;
}

/* False when it cannot be kept. */
static bool keep(struct opening *o, int dir, const struct piece *p, struct budget *budget)
{
    struct buf *b;
    size_t before;

    if (!o->early) {
        o->early = mem_zalloc(sizeof *o->early);
        if (!o->early)
            return false;
        buf_init(&o->early->bytes[0], EARLY_ROOM);
        buf_init(&o->early->bytes[1], EARLY_ROOM);
        budget_charge(budget, sizeof *o->early);
    }
    b = &o->early->bytes[dir];
    before = b->cap;
    if (b->len == 0)
        o->early->piece[dir] = *p;
    o->early->piece[dir].conflict |= p->conflict;
    o->early->piece[dir].missing = p->missing; /* before this one nothing was, or they had gone */
    if (buf_add(b, p->bytes, NULL) < 0)
        return false;
    budget_adjust(budget, before, b->cap);
    return true;
}

const struct piece *opening_kept(struct opening *o, int dir)
{
    if (!has_kept(o, dir))
        return NULL;
    o->early->piece[dir].bytes = buf_str(&o->early->bytes[dir]);
    return &o->early->piece[dir];
}

bool opening_repeat(struct opening *o, int dir, int64_t pos, struct str bytes, bool other)
{
    const struct piece *kept = opening_kept(o, dir);

    if (!kept || stream_agree(pos, bytes, kept->pos, kept->bytes))
        return other;
    o->early->piece[dir].conflict = true;
    return true;
}

void opening_clear(struct opening *o, struct budget *b)
{
    if (!o->early)
        return;
    for (int d = 0; d < 2; d++) {
        budget_return(b, o->early->bytes[d].cap);
        buf_release(&o->early->bytes[d]);
    }
    budget_return(b, sizeof *o->early);
    mem_free(o->early);
    o->early = NULL;
}

/* ---- what it tells ------------------------------------------------------------- */

/* The first bytes of a direction: what was kept of them, or else a piece. */
struct first {
    struct buf *kept;    /* or NULL */
    struct piece *piece; /* the last of them */
};

static struct str first_bytes(const struct first *f)
{
    return f->kept ? buf_str(f->kept) : f->piece->bytes;
}

/* Who can have sent what goes in that direction? */
static unsigned senders(const struct opening *o, int dir)
{
    if (o->client < 0)
        return FROM_EITHER;
    return o->client == dir ? FROM_CLIENT : FROM_SERVER;
}

/* Let a PROXY header in front go. HTTP1_TOO_SHORT if there may be one. */
static enum http1_guess drop_proxy_header(struct opening *o, int dir, const struct first *f)
{
    enum http1_guess guess;
    size_t n = 0;

    if (o->midstream[dir] || !(senders(o, dir) & FROM_CLIENT))
        return HTTP1_NO;
    guess = recognise_proxy_header(first_bytes(f), &n);
    if (guess != HTTP1_YES)
        return guess;
    o->passed_over += n;
    if (f->kept) {
        o->early->piece[dir].pos += (int64_t)n;
        buf_consume(f->kept, n);
    } else {
        f->piece->pos += (int64_t)n;
        f->piece->bytes = str_skip(f->piece->bytes, n);
    }
    return HTTP1_YES;
}

static enum protocol first_protocol(struct opening *o, int dir, const struct first *f,
                                    unsigned *role)
{
    enum protocol protocol = PROTOCOL_UNKNOWN;
    enum http1_guess header = drop_proxy_header(o, dir, f);
    struct str first = first_bytes(f);
    struct http_request_line line;

    *role = FROM_EITHER;
    if (header != HTTP1_TOO_SHORT && first.len)
        protocol = recognise(first, senders(o, dir), o->midstream[dir], role);
    if (protocol != PROTOCOL_UNKNOWN || first.len <= EARLY_MAX)
        return protocol;
    /* The line may have no end for long, but it must begin like one of ours. */
    if (!(senders(o, dir) & FROM_CLIENT) || !http_request_start(first, &line))
        return PROTOCOL_OTHER;
    *role = FROM_CLIENT;
    return PROTOCOL_HTTP;
}

/* A client's first line that is no request line may be answered by a server of
 * HTTP nevertheless, with 400 or by guessing: its first bytes will tell. */
static bool may_be_answered(const struct opening *o, int dir, struct str first)
{
    return dir == o->client && !o->midstream[dir] && first.len <= EARLY_MAX &&
           recognise_garbled(first);
}

/* The beginning of a direction is missing, or was not understood. */
static void note_missed(struct opening *o, int dir)
{
    o->midstream[dir] = true;
    if (!o->missed[dir])
        o->missed[dir] = o->stream[!dir].next;
}

static enum protocol not_understood(struct opening *o, int dir, const struct first *f,
                                    struct budget *b)
{
    struct str first = first_bytes(f);

    if (may_be_answered(o, dir, first) && (f->kept || keep(o, dir, f->piece, b)))
        return PROTOCOL_UNKNOWN;
    if (!o->midstream[dir])
        return PROTOCOL_OTHER;
    /* This may be inside a message: wait for the next one, which may begin with
     * the last piece. */
    note_missed(o, dir);
    o->passed_over += first.len - (f->kept ? f->piece->bytes.len : 0);
    if (!f->kept)
        return PROTOCOL_UNKNOWN;
    buf_reset(f->kept);
    return opening_hear(o, dir, f->piece, b);
}

enum protocol opening_hear(struct opening *o, int dir, struct piece *p, struct budget *b)
{
    struct first f = {has_kept(o, dir) ? &o->early->bytes[dir] : NULL, p};
    enum protocol protocol = PROTOCOL_OTHER;
    unsigned role = FROM_EITHER;

    if (p->bytes.len == 0) {
        if (f.kept)
            o->early->piece[dir].urgent |= p->urgent;
        return PROTOCOL_UNKNOWN;
    }
    if (!f.kept || keep(o, dir, p, b))
        protocol = first_protocol(o, dir, &f, &role);
    if (protocol == PROTOCOL_OTHER)
        return not_understood(o, dir, &f, b);
    if (protocol == PROTOCOL_UNKNOWN && !f.kept && p->bytes.len && !keep(o, dir, p, b))
        return PROTOCOL_IGNORED;
    if (o->client < 0 && role != FROM_EITHER)
        o->client = (int8_t)(role == FROM_CLIENT ? dir : !dir);
    return protocol;
}

enum protocol opening_cut(struct opening *o, int dir)
{
    struct http_request_line request;
    struct http_status_line status;
    struct str first;

    if (!has_kept(o, dir))
        return PROTOCOL_UNKNOWN;
    first = buf_str(&o->early->bytes[dir]);
    if ((senders(o, dir) & FROM_CLIENT) && http_request_start(first, &request))
        o->client = (int8_t)dir;
    else if ((senders(o, dir) & FROM_SERVER) && http_status_line(first, &status))
        o->client = (int8_t)!dir;
    else
        return PROTOCOL_UNKNOWN;
    return PROTOCOL_HTTP;
}

void opening_lose(struct opening *o, int dir)
{
    note_missed(o, dir);
    if (!has_kept(o, dir))
        return;
    o->passed_over += o->early->bytes[dir].len;
    buf_reset(&o->early->bytes[dir]);
}

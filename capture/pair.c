#include "capture/pair.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for the size of XXH64_state_t */
#include <xxhash.h>

#include "core/clock.h"
#include "core/mem.h"

/* DESIGN
 *
 * Open exchanges stand in a queue in the order of their requests and leave it
 * from the front. A response takes the first one that has no response yet.
 *
 * DOUBT. When a hole, or garbage, swallows a message boundary, an unknown
 * number of messages is gone and the queue no longer tells who is answered.
 * Two facts of TCP help out. A response can only answer a request whose
 * beginning its sender had received: the acknowledgement number of the
 * response's first segment lies behind the request's start. And a client that
 * does not pipeline sends a request only when it has the response before: the
 * acknowledgement number of a request that lies behind the hole shows that
 * everything before this request was over. Such a request is `fresh`, the next
 * response belongs to it, and the doubt is gone. Requests that were open when
 * the doubt arose are `doubtful`: they are answered only if just one is open
 * and no request can have been lost. A client that has been seen pipelining
 * may have more under way than we know, so there a request is fresh only with
 * nothing doubtful before it, or after a pause. */

enum { PAUSE_SECONDS = 1 };

/* What replay adds to its copies. */
static const struct str own_mark = STR_INIT("X-Mirrorctl");

/* A first byte's circumstances. */
struct mark {
    int64_t pos;
    int64_t ns;
    int64_t ack;
};

struct entry {
    struct entry *next;
    struct exchange *x;
    struct str method;
    int64_t start; /* position of the request's first byte */
    int64_t end;   /* behind its last, once it is done */
    int64_t seen;  /* what the client had received when it sent that */
    size_t charged;
    size_t cap[2];          /* room for the bodies */
    XXH64_state_t *hash[2]; /* of bodies beyond the ceiling */
    unsigned informational; /* 1xx answers so far */
    bool request_done;
    bool response_begun;
    bool response_done;
    bool abandoned; /* no answer will come */
    bool doubtful;
    bool fresh;
    bool own; /* a copy that mirrorctl itself sent */
};

struct side {
    struct http1 framer;
    struct entry *entry; /* whose message is being read, or NULL */
    struct mark partial; /* of a head that is not whole yet */
    struct mark mark;    /* of the bytes at hand */
    int64_t pos;         /* fed up to here */
    int64_t at;          /* framed up to here */
    int64_t last_ns;     /* when bytes came last */
    int64_t last_ack;    /* what their sender had received; -1: not known */
    uint64_t content;    /* content of the message so far */
    uint32_t flags;      /* for the next message */
    bool begun;
    bool ended;
};

struct pairing {
    const struct pair_context *context;
    struct pair_origin origin;
    struct side side[2];
    struct entry *first, *last;
    struct entry *spare;
    uint32_t index;
    size_t charged;
    bool pipelined; /* the client has been seen pipelining */
    bool doubt;
    bool lost_requests; /* in doubt also because requests may be missing */
    int64_t doubt_pos;  /* of the responses: what the client must have seen */
    uint32_t doubt_flags;
    int64_t lost_at; /* of the requests: end of what was lost last; */
    int64_t resumed; /* and what the first one behind it had seen */
    int64_t damage;  /* of the responses: end of what was lost or skipped last */
    int64_t ahead;   /* first byte of the responses whose sender may have
                         * received more of the requests than was fed; 0 is none */
};

enum { REQ = HTTP1_REQUESTS, RES = HTTP1_RESPONSES };

static struct http_message *message_of(struct entry *e, int side)
{
    return side == REQ ? &e->x->request : &e->x->response;
}

/* ---- memory ----------------------------------------------------------------- */

static void recharge(struct pairing *p)
{
    size_t now = sizeof *p;

    for (int i = 0; i < 2; i++)
        now += p->side[i].framer.line.cap + p->side[i].framer.trailers.cap;
    if (now != p->charged)
        budget_adjust(p->context->budget, p->charged, now);
    p->charged = now;
}

static void recharge_entry(struct pairing *p, struct entry *e)
{
    size_t now = sizeof *e + sizeof *e->x + e->x->mem.used;

    budget_adjust(p->context->budget, e->charged, now);
    e->charged = now;
}

static size_t exchange_limit(const struct pair_context *c)
{
    size_t heads = 4 * (size_t)HTTP1_MAX_HEAD;

    /* A body that grows in an arena may leave its smaller copies behind. */
    return c->max_body > (SIZE_MAX - heads) / 8 ? SIZE_MAX : c->max_body * 8 + heads;
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
        p->side[i].last_ack = -1;
        if (!origin->midstream[i])
            continue;
        p->side[i].flags = HTTP_MIDSTREAM;
        /* Who knows what was under way: go by the acknowledgements at first. */
        p->doubt = p->lost_requests = true;
    }
    p->side[REQ].framer.mark = own_mark;
    p->resumed = INT64_MAX;
    p->doubt_pos = origin->seen;
    p->lost_at = origin->seen ? origin->pos[REQ] : 0;
    recharge(p);
    return p;
}

static struct entry *entry_new(struct pairing *p)
{
    struct entry *e = p->spare ? p->spare : mem_alloc(sizeof *e);
    struct exchange *x = exchange_new(exchange_limit(p->context), NULL);

    p->spare = NULL;
    if (!e || !x) {
        mem_free(e);
        exchange_free(x);
        return NULL;
    }
    *e = (struct entry){.x = x};
    x->connection = p->origin.connection;
    x->index = p->index++;
    x->client = p->origin.client;
    x->server = p->origin.server;
    *(p->last ? &p->last->next : &p->first) = e;
    p->last = e;
    return e;
}

/* Hand the first entry's exchange on. */
static void put_first(struct pairing *p)
{
    struct entry *e = p->first;
    struct exchange *x = e->x;

    p->first = e->next;
    if (!p->first)
        p->last = NULL;
    for (int i = 0; i < 2; i++) {
        if (p->side[i].entry == e)
            p->side[i].entry = NULL;
    }
    budget_return(p->context->budget, e->charged);
    mem_free(p->spare);
    p->spare = e;
    if (!e->own) {
        p->context->put(p->context->ctx, x);
        return;
    }
    /* Recording it would feed replay with its own traffic, in a circle. */
    p->context->stats->own_copies++;
    exchange_free(x);
}

static bool is_settled(const struct entry *e)
{
    return e->request_done && (e->response_done || e->abandoned) && !e->x->tunnel;
}

static void put_settled(struct pairing *p)
{
    while (p->first && is_settled(p->first))
        put_first(p);
}

void pairing_free(struct pairing *p)
{
    if (!p)
        return;
    for (int i = 0; i < 2; i++) {
        if (p->side[i].entry)
            message_of(p->side[i].entry, i)->flags |= HTTP_CUT;
    }
    while (p->first)
        put_first(p);
    for (int i = 0; i < 2; i++)
        http1_release(&p->side[i].framer);
    budget_return(p->context->budget, p->charged);
    mem_free(p->spare);
    mem_free(p);
}

/* ---- messages --------------------------------------------------------------- */

/* Hash content that is not kept: all of it, what was kept first. */
static int hash_content(struct entry *e, int side, struct str kept, struct str piece)
{
    if (!e->hash[side]) {
        e->hash[side] = arena_alloc(&e->x->mem, sizeof *e->hash[side], NULL);
        if (!e->hash[side])
            return -1;
        XXH64_reset(e->hash[side], 0);
        if (kept.len)
            XXH64_update(e->hash[side], kept.data, kept.len);
    }
    XXH64_update(e->hash[side], piece.data, piece.len);
    return 0;
}

/* Append to the body: straight into the exchange's arena, growing by halves. */
static int keep_content(struct pairing *p, struct entry *e, int side, struct str piece)
{
    struct http_message *m = message_of(e, side);
    size_t max = p->context->max_body;
    size_t room = max > m->body.len ? max - m->body.len : 0;
    size_t n = piece.len < room ? piece.len : room;
    size_t want = m->body.len + n;
    char *body = (char *)(uintptr_t)m->body.data;

    m->body_size += piece.len;
    if (want > e->cap[side]) {
        size_t cap = want < e->cap[side] * 2 ? e->cap[side] * 2 : want;
        if (cap > max)
            cap = max;
        body = arena_grow(&e->x->mem, body, e->cap[side], cap, NULL);
        if (!body)
            return -1;
        e->cap[side] = cap;
    }
    if (n < piece.len) {
        m->flags |= HTTP_TRUNCATED;
        if (hash_content(e, side, m->body, piece) < 0)
            return -1;
    } else if (e->hash[side]) {
        XXH64_update(e->hash[side], piece.data, piece.len);
    }
    if (n)
        memcpy(body + m->body.len, piece.data, n);
    m->body = str_from(body, want);
    return 0;
}

enum { NOT_COMPLETE = HTTP_GAP | HTTP_TRUNCATED | HTTP_RESET | HTTP_CUT };

/* The message being read on a side ends here, whole or not. */
static int finish_message(struct pairing *p, int side, bool whole, uint32_t flags)
{
    struct side *s = &p->side[side];
    struct entry *e = s->entry;
    struct http_message *m;

    s->entry = NULL;
    if (!e)
        return 0;
    m = message_of(e, side);
    m->flags |= s->framer.flags | flags;
    m->chunked = s->framer.chunked;
    if (e->hash[side])
        m->body_hash = XXH64_digest(e->hash[side]);
    if (s->framer.trailers.len &&
        arena_dup(&e->x->mem, buf_str(&s->framer.trailers), &m->trailers, NULL) < 0)
        return -1;
    m->complete = whole && !(m->flags & NOT_COMPLETE);
    if (side == REQ) {
        e->request_done = true;
        e->end = s->at;
        e->x->request_last_ns = s->mark.ns;
        e->abandoned |= p->side[RES].ended && !e->response_begun;
    } else {
        e->response_done = true;
        e->x->response_last_ns = s->mark.ns;
    }
    recharge_entry(p, e);
    return 0;
}

/* ---- doubt ------------------------------------------------------------------ */

static struct entry *next_open(struct entry *e)
{
    while (e && (e->response_begun || e->abandoned))
        e = e->next;
    return e;
}

static void abandon(const struct pairing *p, struct entry *e)
{
    e->abandoned = true;
    e->x->response.flags |= p->doubt_flags;
}

/* It is known who is answered: entry `e`. Requests lost behind it stay lost. */
static void end_doubt(struct pairing *p, const struct entry *answered)
{
    if (p->lost_requests && answered->start < p->lost_at)
        return;
    p->doubt = p->lost_requests = false;
    p->doubt_flags = 0;
    for (struct entry *e = p->first; e; e = e->next)
        e->doubtful = false;
}

/* Responses up to `pos` may be missing, and with `requests` requests too. */
static void begin_doubt(struct pairing *p, bool requests, int64_t pos, uint32_t flags)
{
    if (!p->doubt || p->doubt_pos < pos)
        p->doubt_pos = pos;
    if (!requests && p->damage < pos)
        p->damage = pos;
    p->doubt = true;
    p->lost_requests |= requests;
    if (requests) {
        p->lost_at = p->side[REQ].pos;
        p->resumed = INT64_MAX;
    }
    p->doubt_flags |= flags;
    if (requests)
        return; /* those before are still in order */
    for (struct entry *e = next_open(p->first); e; e = next_open(e->next)) {
        e->fresh = !p->pipelined && e->seen >= p->doubt_pos;
        e->doubtful = !e->fresh;
    }
}

static bool is_fresh(const struct pairing *p, const struct entry *e)
{
    struct entry *open = next_open(p->first);

    if (e->seen < p->doubt_pos || p->side[RES].entry)
        return false;
    /* The client may have sent what was lost together with this one, unless it
     * had something of the responses between. */
    if (p->lost_requests && p->lost_at && p->side[RES].last_ack < p->lost_at &&
        e->seen <= p->resumed)
        return false;
    if (!p->pipelined || !open || open == e)
        return true;
    return p->side[REQ].mark.ns - p->side[RES].last_ns >= PAUSE_SECONDS * NS_PER_SEC;
}

/* A request has begun: what does it tell about those before it? */
static void note_order(struct pairing *p, struct entry *e)
{
    struct entry *open;

    if (p->doubt) {
        e->fresh = is_fresh(p, e);
        e->doubtful = !e->fresh;
        if (e->seen < p->resumed)
            p->resumed = e->seen;
        return;
    }
    for (open = p->first; open != e; open = open->next) {
        if (!open->response_done && !open->abandoned && e->seen <= p->side[RES].pos)
            p->pipelined = true;
    }
}

/* Had the sender of a response received the beginning of this request? */
static bool can_answer(const struct entry *e, int64_t ack)
{
    return ack < 0 || ack > e->start;
}

/* Had it received more of the requests than we know? FIN counts as a byte. */
static bool saw_more(const struct pairing *p, int64_t ack)
{
    return ack > p->side[REQ].pos + p->side[REQ].ended;
}

/* In doubt: the request sent last of those that can be meant. The client had
 * all before the response when it sent that, so what is older was over. */
static struct entry *choose_fresh(const struct pairing *p, struct entry *e, struct mark m)
{
    struct entry *found = NULL;
    unsigned burst = 0;

    for (; e; e = next_open(e->next)) {
        if (!e->fresh || !can_answer(e, m.ack) || e->seen > m.pos)
            continue;
        burst = found && found->seen == e->seen ? burst + 1 : 1;
        if (burst == 1)
            found = e;
    }
    /* Of several sent at once the first is meant, unless its response may have
     * been among what was lost since. */
    if (found && p->damage > found->seen && (burst > 1 || saw_more(p, m.ack)))
        return NULL;
    return found;
}

/* The request that a response answers, or NULL if that is not known. */
static struct entry *choose(struct pairing *p, struct mark m)
{
    struct entry *e = next_open(p->first), *k;

    if (!e || !can_answer(e, m.ack))
        return NULL;
    if (!p->doubt || (!e->doubtful && !e->fresh))
        return e;
    k = choose_fresh(p, e, m);
    if (k) {
        for (; e != k; e = next_open(e->next))
            abandon(p, e);
        end_doubt(p, k);
        return k;
    }
    if (p->lost_requests || next_open(e->next) || saw_more(p, m.ack))
        return NULL;
    end_doubt(p, e);
    return e;
}

/* ---- events ----------------------------------------------------------------- */

/* Where and when the head that was just told began. */
static struct mark begin_head(struct side *s, int64_t piece_pos, int64_t start)
{
    struct mark m = start < piece_pos && s->partial.ns ? s->partial : s->mark;

    m.pos = start;
    s->partial = (struct mark){0};
    return m;
}

static int on_request(struct pairing *p, struct str head, struct mark m, bool whole)
{
    struct side *s = &p->side[REQ];
    struct entry *e = entry_new(p);
    struct http_request_line line = {0};
    struct str kept, value;

    if (!e)
        return -1;
    p->context->stats->requests++;
    s->entry = e;
    if (arena_dup(&e->x->mem, head, &e->x->request.head, NULL) < 0)
        return -1;
    kept = e->x->request.head;
    if (whole) { /* the framer has read it */
        e->method = str_from(kept.data + (s->framer.method.data - head.data), s->framer.method.len);
        e->own = s->framer.marked;
    } else if (http_request_line(kept, &line)) {
        e->method = line.method;
        e->own = http_find_field(kept, own_mark, &value);
    }
    e->start = m.pos;
    e->seen = m.ack >= 0 ? m.ack : p->side[RES].pos;
    e->x->request_first_ns = m.ns;
    e->x->request.flags = s->framer.flags | s->flags;
    note_order(p, e);
    recharge_entry(p, e);
    return 0;
}

static int on_informational(struct pairing *p, struct str head, struct mark m)
{
    struct entry *e = choose(p, m);
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
    recharge_entry(p, e);
    return 0;
}

static int on_response(struct pairing *p, struct str head, struct mark m, bool whole)
{
    struct side *s = &p->side[RES];
    struct http_status_line line = {0};
    struct entry *e;

    http_status_line(head, &line);
    p->context->stats->responses++;
    if (line.status < 200 && line.status != 101)
        return whole ? on_informational(p, head, m) : 0;
    s->entry = e = choose(p, m);
    s->content = 0;
    if (!e) {
        p->context->stats->orphan_responses++;
        return 0;
    }
    if (whole)
        http1_answers(&s->framer, e->method);
    e->response_begun = true;
    e->x->response_first_ns = m.ns;
    e->x->response.flags |= s->framer.flags | s->flags;
    if (!e->request_done || (e->x->request.flags & HTTP_CUT) || (m.ack >= 0 && m.ack < e->end))
        e->x->response.flags |= HTTP_EARLY_RESPONSE;
    e->x->tunnel =
        whole && (line.status == 101 || (str_eq(e->method, STR("CONNECT")) && line.status < 300));
    if (arena_dup(&e->x->mem, head, &e->x->response.head, NULL) < 0)
        return -1;
    recharge_entry(p, e);
    return 0;
}

static int on_head(struct pairing *p, int side, struct str head, int64_t piece_pos, bool whole)
{
    struct side *s = &p->side[side];
    int64_t start = s->at - (int64_t)head.len;
    struct mark m = begin_head(s, piece_pos, start);

    return side == REQ ? on_request(p, head, m, whole) : on_response(p, head, m, whole);
}

static void on_hole(struct pairing *p, int side, size_t n)
{
    struct entry *e = p->side[side].entry;

    p->side[side].at += (int64_t)n;
    if (!e)
        return;
    message_of(e, side)->flags |= HTTP_GAP;
    message_of(e, side)->gap_bytes += n;
    message_of(e, side)->body_size += n;
}

static int on_end(struct pairing *p, int side)
{
    struct entry *e = p->side[side].entry;
    bool tunnel = side == RES && e && e->x->tunnel;

    if (finish_message(p, side, true, 0) < 0)
        return -1;
    if (tunnel) {
        if (p->side[REQ].entry)
            finish_message(p, REQ, false, HTTP_CUT);
        http1_become_tunnel(&p->side[REQ].framer);
        p->context->stats->tunnels++;
    }
    return 0;
}

/* A head that breaks off is a message nevertheless if it says which. */
static int begin_cut_message(struct pairing *p, int side, struct str head, int64_t pos)
{
    if (p->side[side].entry || str_find(head, '\n') == head.len)
        return 0;
    return on_head(p, side, head, pos, false);
}

/* What a request must have seen of the responses to be beyond the damage: what
 * is lost, or the first byte that can answer a lost request. */
static int64_t doubt_from(const struct pairing *p, int side)
{
    if (side == RES)
        return p->side[RES].pos;
    return (p->ahead ? p->ahead : p->side[RES].pos) + 1;
}

/* A message cannot be read to its end, and who knows how many are behind. */
static int on_broken(struct pairing *p, int side, struct str head, int64_t pos, uint32_t why)
{
    int rc = begin_cut_message(p, side, head, pos);

    begin_doubt(p, side == REQ, doubt_from(p, side), why & HTTP_GAP);
    return rc < 0 ? rc : finish_message(p, side, false, why);
}

static void on_tunnel(struct pairing *p, size_t n)
{
    p->context->stats->tunnel_bytes += n;
    if (p->last)
        p->last->x->tunnel_bytes += n;
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
    while (rc == 0 && (event = http1_next(&s->framer, &in, &piece)) != HTTP1_MORE) {
        s->at += (int64_t)(before - in.len);
        before = in.len;
        switch (event) {
        case HTTP1_HEAD:
            rc = on_head(p, side, piece, pos, true);
            break;
        case HTTP1_DATA:
            s->content += piece.len;
            if (s->entry)
                rc = keep_content(p, s->entry, side, piece);
            break;
        case HTTP1_HOLE:
            on_hole(p, side, piece.len);
            break;
        case HTTP1_END:
            rc = on_end(p, side);
            put_settled(p);
            break;
        case HTTP1_BROKEN:
            rc = on_broken(p, side, piece, pos, why);
            put_settled(p);
            break;
        case HTTP1_SKIPPED:
            p->context->stats->skipped_bytes += piece.len;
            if (side == RES)
                p->damage = s->at;
            else /* requests may be among it that did not begin on a line of their own */
                begin_doubt(p, true, doubt_from(p, REQ), 0);
            break;
        case HTTP1_TUNNEL:
            on_tunnel(p, piece.len);
            break;
        default:
            break;
        }
    }
    return rc;
}

/* ---- the outside ------------------------------------------------------------ */

/* Flags of the bytes at hand go to the message being read, and to those that
 * begin in them. */
static void set_flags(struct pairing *p, int side, uint32_t flags)
{
    struct side *s = &p->side[side];

    s->flags |= flags;
    if (s->entry)
        message_of(s->entry, side)->flags |= flags;
}

static void clear_flags(struct side *s)
{
    if (http1_is_idle(&s->framer) || http1_in_message(&s->framer))
        s->flags = 0;
}

/* Remember when a head began that is not whole yet. */
static void mark_partial(struct side *s, int64_t piece_pos)
{
    const struct http1 *f = &s->framer;
    size_t kept = f->drop_line || http1_is_idle(f) || http1_in_message(f) ? 0 : f->line.len;

    if (kept == 0)
        s->partial = (struct mark){0};
    else if (s->pos - (int64_t)kept >= piece_pos)
        s->partial = s->mark;
}

int pairing_gap(struct pairing *p, enum http1_side side, int64_t pos, uint64_t n, int64_t ns)
{
    struct side *s = &p->side[side];
    bool between = http1_is_idle(&s->framer);
    int rc;

    s->mark = (struct mark){pos, ns, -1};
    s->pos = pos + (int64_t)n;
    s->last_ack = -1;
    if (side == HTTP1_RESPONSES && !p->ahead)
        p->ahead = pos;
    http1_gap(&s->framer, n);
    rc = drive(p, side, (struct str){0}, pos, HTTP_GAP);
    if (between || http1_is_lost(&s->framer))
        begin_doubt(p, side == HTTP1_REQUESTS, doubt_from(p, side), HTTP_GAP);
    if (side == HTTP1_REQUESTS)
        p->ahead = 0;
    if (s->entry)
        recharge_entry(p, s->entry);
    recharge(p);
    return rc;
}

/* Does a message begin with this piece, whatever the framer thinks? Messages
 * mostly begin where segments do. A lost framer looks at lines, and content
 * that came before may not have ended with one. And the content of a response
 * whose request is not known may not come at all, as it answers HEAD. */
static bool begins_anew(const struct side *s, int side, struct str bytes)
{
    const struct http1 *f = &s->framer;
    bool lost = http1_is_lost(f);
    struct http_request_line line;

    if (side == RES) {
        bool unknown = !s->entry && s->content == 0 && http1_in_message(f);
        return (lost || unknown) && http1_guess(HTTP1_RESPONSES, bytes) == HTTP1_YES;
    }
    return lost && http1_guess(HTTP1_REQUESTS, bytes) == HTTP1_YES &&
           http_request_line(bytes, &line) && line.version.len && http_is_known_method(line.method);
}

int pairing_feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack)
{
    struct side *s = &p->side[side];
    bool begins = !s->begun;
    uint32_t flags =
        (piece->conflict ? HTTP_OVERLAP_CONFLICT : 0u) | (piece->urgent ? HTTP_URGENT : 0u);
    int rc;

    s->begun = true;
    s->mark = (struct mark){piece->pos, piece->ns, ack};
    s->pos = piece->pos + (int64_t)piece->bytes.len;
    if (begins && p->origin.midstream[side] && http1_guess(side, piece->bytes) == HTTP1_NO)
        http1_lose(&s->framer);
    else if (begins_anew(s, side, piece->bytes))
        http1_lose(&s->framer);
    if (flags)
        set_flags(p, side, flags);
    if (side == HTTP1_REQUESTS)
        p->ahead = 0;
    else if (!p->ahead && ack > p->side[REQ].pos)
        p->ahead = piece->pos;
    rc = drive(p, side, piece->bytes, piece->pos, 0);
    s->last_ns = piece->ns;
    s->last_ack = ack;
    mark_partial(s, piece->pos);
    if (s->flags)
        clear_flags(s);
    if (rc == 0 && piece->missing)
        rc = pairing_gap(p, side, s->pos, piece->missing, piece->ns);
    s->pos += piece->urgent;
    if (s->entry)
        recharge_entry(p, s->entry);
    recharge(p);
    return rc;
}

void pairing_conflict(struct pairing *p, enum http1_side side)
{
    struct entry *e = p->side[side].entry;

    /* The message may have ended, but not gone yet. */
    if (!e && side == HTTP1_REQUESTS)
        e = p->last;
    if (e)
        message_of(e, side)->flags |= HTTP_OVERLAP_CONFLICT;
    else if (!http1_is_idle(&p->side[side].framer))
        p->side[side].flags |= HTTP_OVERLAP_CONFLICT;
}

/* No more answers come: what is open stays unanswered. */
static void abandon_all(struct pairing *p, uint32_t flags)
{
    for (struct entry *e = next_open(p->first); e; e = next_open(e->next)) {
        e->abandoned = true;
        e->x->response.flags |= flags | p->doubt_flags;
    }
}

int pairing_end(struct pairing *p, enum http1_side side, enum pair_end how)
{
    static const uint32_t flags[] = {
        [PAIR_CLOSED] = HTTP_CUT,
        [PAIR_RESET] = HTTP_RESET,
        [PAIR_CUT] = HTTP_CUT,
    };
    struct side *s = &p->side[side];
    bool in_head = !http1_in_message(&s->framer);
    int rc = 0;

    if (s->ended)
        return 0;
    s->ended = true;
    s->at = s->pos;
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
    default:
        break;
    }
    if (side == HTTP1_RESPONSES)
        abandon_all(p, how == PAIR_RESET ? HTTP_RESET : 0);
    put_settled(p);
    recharge(p);
    return rc;
}

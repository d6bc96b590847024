#include "capture/pair.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for the size of XXH64_state_t */
#include <xxhash.h>

#include "capture/ports.h"
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

enum { PAUSE_SECONDS = 1, ENOUGH_BURSTS = 4 };

/* "HTTP/1.1 200", a line break, and an empty line. */
enum { MIN_RESPONSE = 14 };

/* What replay adds to its copies. */
static const struct str own_mark = STR_INIT("X-Mirrorctl");

/* A first byte's circumstances. */
struct mark {
    int64_t pos;
    int64_t ns;
    int64_t ack;
    bool set;
};

struct entry {
    struct entry *next;
    struct exchange *x;
    struct str method;
    int64_t start[2]; /* position of each message's first byte, */
    int64_t end[2];   /* and behind its last, once it is done */
    int64_t seen;     /* what the client had received when it sent that */
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
    bool own;     /* a copy that mirrorctl itself sent */
    bool unsure;  /* its lengths differ */
    bool insists; /* sends its content although it was refused */
    bool held;    /* its answer may be for a request sent before the capture began */
};

struct side {
    struct http1 framer;
    struct entry *entry; /* whose message is being read, or NULL */
    struct mark partial; /* of a head that is not whole yet */
    struct mark mark;    /* of the bytes at hand */
    int64_t pos;         /* fed up to here */
    int64_t at;          /* framed up to here */
    int64_t last_ns;     /* when bytes came last */
    int64_t top;         /* behind the last byte that was captured */
    int64_t top_ack;     /* highest position that their sender had received */
    uint64_t content;    /* content of the message so far */
    uint32_t flags;      /* for the next message */
    bool begun;
    bool ended;
};

/* Bytes of the requests that are held back. */
struct hold {
    struct buf bytes;
    struct piece piece; /* where and when they came */
    int64_t ack;
};

struct pairing {
    const struct pair_context *context;
    struct pair_origin origin;
    struct side side[2];
    struct str own; /* our marker in the head just read, while that lasts */
    struct entry *first, *last;
    struct entry *open; /* those before are answered, or will not be */
    size_t entries;
    struct entry *spare;
    struct hold held;
    bool at_length; /* the request being read is over, if this is its length */
    uint32_t index;
    size_t charged;
    bool pipelined;   /* the client has been seen pipelining, */
    bool overlapping; /* and not waiting for all it had asked for */
    unsigned bursts;  /* how often a client that pipelines has waited */
    struct {
        int64_t seen;
        bool same; /* as the one before */
        bool fresh;
    } previous;    /* request */
    int64_t least; /* of what the requests in the queue had seen; or less */
    struct {
        uint32_t flags;
        int64_t answer; /* where it begins */
    } gone;             /* request that was handed on last */
    int64_t caught;     /* behind the first byte of the responses whose sender had all
                     * requests so far; 0: none came */
    bool unproven;      /* requests sent before the capture began may be under way */
    bool doubt;
    unsigned unplaced;  /* responses since then that answer one of those open */
    unsigned ghosts;    /* requests before those open whose answers are due */
    int64_t stray;      /* behind the beginning of the last response left out */
    int64_t answered;   /* where a request begins that one of those was for; 0: none */
    bool lost_requests; /* in doubt also because requests may be missing */
    int64_t doubt_pos;  /* of the responses: what the client must have seen */
    uint32_t doubt_flags;
    int64_t lost_at;   /* of the requests: end of what was lost last; */
    int64_t resumed;   /* and what its client had seen by then at the most */
    int64_t lost_seen; /* what shows in a request that its client had some of the
                        * responses whose sender had that; 0: none came */
    int64_t damage;    /* of the responses: end of what was lost or skipped last */
    int64_t ahead;     /* first byte of the responses whose sender may have
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
    size_t now = sizeof *p + p->held.bytes.cap;

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
        if (i == REQ && origin->answered)
            http1_trust(&p->side[i].framer);
        p->side[i].pos = p->side[i].at = origin->pos[i];

        if (!origin->midstream[i])
            continue;
        p->side[i].flags = HTTP_MIDSTREAM;
        /* Who knows what was under way: go by the acknowledgements at first. */
        p->doubt = p->lost_requests = true;
    }
    http1_want(&p->side[REQ].framer, &own_mark, &p->own, 1);
    buf_init(&p->held.bytes, HTTP1_MAX_LINE);
    p->resumed = INT64_MAX;
    p->unproven = origin->midstream[REQ];
    p->doubt_pos = origin->seen;
    p->lost_at = origin->seen ? origin->pos[REQ] : 0;
    recharge(p);
    return p;
}

static struct entry *next_open(struct entry *e)
{
    while (e && (e->response_begun || e->abandoned))
        e = e->next;
    return e;
}

/* Who is answered stays so: nobody is looked at twice. */
static struct entry *first_open(struct pairing *p)
{
    p->open = next_open(p->open);
    return p->open;
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
    p->entries++;
    if (!first_open(p))
        p->open = e;
    return e;
}

static int64_t answer_begins(const struct entry *e)
{
    return e->response_begun ? e->start[RES] : INT64_MAX;
}

/* Hand the first entry's exchange on. */
static void put_first(struct pairing *p)
{
    struct entry *e = p->first;
    struct exchange *x = e->x;

    p->first = e->next;
    if (!p->first)
        p->last = NULL;
    if (p->open == e)
        p->open = e->next;
    p->entries--;
    p->gone.flags = x->request.flags;
    p->gone.answer = answer_begins(e);
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
    return e->request_done && (e->response_done || e->abandoned) && !e->x->tunnel && !e->held;
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
    buf_release(&p->held.bytes);
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
        m->body.data = body; /* it may have moved, and is hashed below */
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
    e->end[side] = s->at;
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
        p->at_length = false;
        e->request_done = true;
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

static void abandon(const struct pairing *p, struct entry *e)
{
    e->abandoned = true;
    e->x->response.flags |= p->doubt_flags;
}

/* It is known who is answered: entry `e`. Requests lost behind it stay lost. */
static void end_doubt(struct pairing *p, const struct entry *answered)
{
    if (p->lost_requests && answered->start[REQ] < p->lost_at)
        return;
    p->doubt = p->lost_requests = false;
    p->doubt_flags = 0;
    p->unplaced = p->ghosts = 0;
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
        p->lost_seen = p->side[RES].top_ack >= p->lost_at ? p->side[RES].pos : 0;
        p->resumed = INT64_MAX;
    }
    p->doubt_flags |= flags;
    if (requests)
        return; /* those before are still in order */
    for (struct entry *e = first_open(p); e; e = next_open(e->next)) {
        e->fresh = !p->pipelined && e->seen >= p->doubt_pos;
        e->doubtful = !e->fresh;
    }
}

/* Has nothing come from either side for a moment? */
static bool is_quiet(const struct pairing *p, int64_t now)
{
    int64_t requests = p->side[REQ].last_ns, responses = p->side[RES].last_ns;

    return now - (requests > responses ? requests : responses) >= PAUSE_SECONDS * NS_PER_SEC;
}

/* Is a request of a client that pipelines the first of a new burst? */
static bool begins_burst(struct pairing *p, const struct entry *e)
{
    struct entry *open = first_open(p);

    if (p->overlapping)
        return false;
    if (e->seen == p->previous.seen)
        return p->previous.fresh;
    if (p->caught && e->seen >= p->caught && (!open || open == e || p->bursts >= ENOUGH_BURSTS))
        return true;
    return is_quiet(p, p->side[REQ].mark.ns);
}

static bool is_fresh(struct pairing *p, const struct entry *e)
{
    struct entry *open = first_open(p);

    if (e->seen < p->doubt_pos || p->side[RES].entry)
        return false;
    /* The client may have sent what was lost together with this one, unless it
     * had something of the responses between. */
    if (p->lost_requests && p->lost_at && !(p->lost_seen && e->seen >= p->lost_seen) &&
        e->seen <= p->resumed)
        return false;
    if (!p->pipelined)
        return true;
    /* All that was sent before is answered: they have been counted. */
    if ((!open || open == e) && !p->lost_requests && !p->ghosts)
        return true;
    return begins_burst(p, e);
}

/* Did the client send `e` without waiting for the answer to `before`? In doubt
 * an answer may have been lost, or not been known for one. */
static bool is_unanswered(const struct pairing *p, const struct entry *before)
{
    if (before->response_done || before->abandoned)
        return false;
    if (!p->doubt)
        return true;
    return before->fresh && before->seen >= p->damage && before->seen >= p->stray;
}

/* The client asked on although it knew that answers were outstanding: that it
 * waited for any is not believed any more. */
static void note_overlap(struct pairing *p)
{
    if (p->overlapping)
        return;
    p->pipelined = p->overlapping = true;
    for (struct entry *e = first_open(p); e && p->doubt; e = next_open(e->next)) {
        e->doubtful |= e->fresh;
        e->fresh = false;
    }
}

/* What does a request that begins tell about the client's manners? */
static void note_manners(struct pairing *p, const struct entry *e)
{
    bool same_burst = e->seen == p->previous.seen;
    bool waited = true;
    const struct entry *before;

    if (e->seen > p->side[RES].pos)
        return; /* it had answers that were not captured */
    for (before = p->side[RES].entry ? p->side[RES].entry : first_open(p); before && before != e;
         before = before->next) {
        if (!is_unanswered(p, before))
            continue;
        waited = false;
        p->pipelined = true;
        if (e->seen > before->seen)
            note_overlap(p);
        if (p->overlapping || e->seen <= p->least)
            break; /* others tell no more */
    }
    if (!same_burst && e->seen - p->previous.seen < MIN_RESPONSE)
        note_overlap(p); /* of an answer it had a part and no more */
    /* Bytes that were on their way when it was sent are of an older answer. */
    if (p->side[RES].top > e->seen && p->side[RES].top_ack <= e->start[REQ]) {
        p->pipelined = true;
        if (!same_burst)
            note_overlap(p);
    }
    if (p->pipelined && !p->doubt && waited && !same_burst && p->bursts < ENOUGH_BURSTS)
        p->bursts++;
}

/* A request has begun: what does it tell about those before it? */
static void note_order(struct pairing *p, struct entry *e)
{
    note_manners(p, e);
    if (p->doubt) {
        e->fresh = is_fresh(p, e);
        e->doubtful = !e->fresh;
        if (e->seen < p->resumed)
            p->resumed = e->seen;
    }
    p->previous.same = e->seen == p->previous.seen;
    p->previous.seen = e->seen;
    p->previous.fresh = e->fresh;
}

/* Had the sender of a response received the beginning of this request? */
static bool can_answer(const struct entry *e, int64_t ack)
{
    return ack < 0 || ack > e->start[REQ];
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
    /* Of several sent at once, or with one behind it that was lost, the first is
     * meant, unless its response may have been among what was lost since. */
    if (found && p->damage > found->seen &&
        (burst > 1 || saw_more(p, m.ack) || (p->lost_requests && p->lost_at > found->start[REQ])))
        return NULL;
    return found;
}

/* In doubt: the first request that can be meant, as those before it belong to
 * responses that have come since. */
static struct entry *first_possible(const struct pairing *p, struct entry *e)
{
    unsigned n = p->unplaced;

    if (n < p->ghosts)
        return NULL;
    for (n -= p->ghosts; e && n; n--)
        e = next_open(e->next);
    return e;
}

/* In doubt: that request, if it is the last one that can be meant, too. */
static struct entry *choose_counted(const struct pairing *p, struct entry *e, struct mark m)
{
    struct entry *next;

    if (p->lost_requests || saw_more(p, m.ack))
        return NULL;
    e = first_possible(p, e);
    if (!e || !can_answer(e, m.ack))
        return NULL;
    next = next_open(e->next);
    return next && can_answer(next, m.ack) ? NULL : e;
}

/* The request that a response answers, or NULL if that is not known. */
static struct entry *choose(struct pairing *p, struct mark m)
{
    struct entry *e = first_open(p), *found;

    if (!e || !can_answer(e, m.ack))
        return NULL;
    if (!p->doubt || (!e->doubtful && !e->fresh))
        return e;
    found = choose_fresh(p, e, m);
    if (!found)
        found = choose_counted(p, e, m);
    if (!found)
        return NULL;
    for (; e != found; e = next_open(e->next))
        abandon(p, e);
    end_doubt(p, found);
    return found;
}

/* What has come of a head that is not whole yet. */
static struct str head_so_far(const struct side *s)
{
    const struct http1 *f = &s->framer;

    if (f->drop_line || http1_is_idle(f) || http1_in_message(f))
        return (struct str){0};
    return buf_str(&f->line);
}

/* ---- before the capture began ------------------------------------------------ */

/* A client that pipelines may have had requests under way when the capture
 * began. Nothing tells them apart from none until there is an answer too many:
 * then the first one captured was theirs, and each behind it is one off. So
 * answers are held until the client goes on, which proves nothing if it does not
 * wait for them, or for a moment. That they were right is known when all is
 * answered and nothing comes for a moment; until then they are marked. */

static void let_answers_go(struct pairing *p)
{
    for (struct entry *e = p->first, *open = first_open(p); e != open; e = e->next)
        e->held = false;
    put_settled(p);
}

/* `open` is the first request that has no answer, but for one that just begins. */
static void note_quiet(struct pairing *p, const struct entry *open, int64_t now)
{
    if (open || p->side[RES].entry || !is_quiet(p, now))
        return;
    p->unproven = false;
    if (!p->lost_at) /* else others are missing */
        p->lost_requests = false;
}

/* Take the answers back: whose they are is not known, and how many more are due
 * to requests before the capture neither. */
static void disbelieve(struct pairing *p)
{
    bool any = false;

    for (struct entry *e = p->first; e; e = e->next) {
        if (!e->held || e->x->tunnel)
            continue;
        if (p->side[RES].entry == e)
            p->side[RES].entry = NULL;
        e->held = e->response_begun = e->response_done = false;
        e->abandoned = any = true;
        e->x->response = (struct http_message){.flags = HTTP_MIDSTREAM};
        e->x->informational = (struct str){0};
        e->x->response_first_ns = e->x->response_last_ns = 0;
        p->context->stats->orphan_responses++;
    }
    if (!any)
        return;
    begin_doubt(p, false, p->side[RES].pos, HTTP_MIDSTREAM);
    p->lost_requests = true;
}

bool pairing_holds(const struct pairing *p)
{
    return p->first && p->first->held;
}

void pairing_let_go(struct pairing *p, int64_t now)
{
    note_quiet(p, first_open(p), now);
    let_answers_go(p);
    recharge(p);
}

/* A final response answers nobody that is known. */
static void leave_out(struct pairing *p, struct mark m)
{
    struct entry *e = first_open(p);
    struct str head;
    int64_t start;

    if (!p->lost_requests && !saw_more(p, m.ack))
        disbelieve(p);

    p->context->stats->orphan_responses++;
    p->stray = m.pos + 1;
    head = head_so_far(&p->side[REQ]);
    start = p->side[REQ].pos - (int64_t)head.len;
    if (!e && head.len && m.ack > start)
        p->answered = start;
    if (!p->doubt)
        return;
    if (p->unplaced < p->ghosts || ((e = first_possible(p, e)) && can_answer(e, m.ack)))
        p->unplaced++;
}

/* ---- events ----------------------------------------------------------------- */

/* ---- is it over? ------------------------------------------------------------ */

/* Two requests do not say where they end. One whose content was refused with a
 * final response instead of 100 may still send it, or go on with the next
 * request (RFC 9110, 10.1.1). And one with several lengths has been read up to
 * one of them. What follows tells, and is held back as long as it does not. */

static int hold(struct pairing *p, const struct piece *piece, int64_t ack);
static int feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack);

static bool is_refused(const struct pairing *p)
{
    const struct side *s = &p->side[REQ];
    const struct entry *e = s->entry;

    return e && e->response_begun && !e->insists && s->content == 0 && !p->at_length &&
           http1_in_message(&s->framer) &&
           http_field_has(e->x->request.head, STR("Expect"), STR("100-continue"));
}

/* Does it matter what the next bytes of the requests are? A client that had not
 * seen the response when it sent them cannot have obeyed it. */
static bool is_question(const struct pairing *p, int64_t ack)
{
    if (p->at_length || p->held.bytes.len)
        return true;
    return is_refused(p) && ack > p->side[REQ].entry->start[RES];
}

/* The request at hand is over, or goes on. */
static int end_question(struct pairing *p, bool over)
{
    struct side *s = &p->side[REQ];
    bool whole = p->at_length;

    if (!p->at_length && !over) {
        s->entry->insists = true;
        return 0;
    }
    p->at_length = false;
    if (!over && http1_longer(&s->framer))
        return 0;
    http1_restart(&s->framer);
    return finish_message(p, REQ, whole && over, whole ? 0 : HTTP_CUT);
}

enum verdict { GOES_ON, OVER, UNCLEAR };

/* Do these bytes begin another request? `last`: no more of them come. */
static enum verdict judge(struct str bytes, bool last)
{
    struct http_request_line line;

    while (bytes.len && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
        bytes = str_skip(bytes, 1); /* RFC 9112, 2.2 */
    switch (http1_guess(HTTP1_REQUESTS, bytes)) {
    case HTTP1_NO:
        return GOES_ON;
    case HTTP1_TOO_SHORT:
        if (!last)
            return UNCLEAR;
        return http_request_start(bytes, &line) ? OVER : GOES_ON;
    default:
        return http1_is_request(bytes) ? OVER : GOES_ON;
    }
}

/* Feed what was held back: the question is answered. */
static int let_go(struct pairing *p, bool over)
{
    struct buf bytes = p->held.bytes;
    struct piece piece = p->held.piece;
    int rc = end_question(p, over);

    buf_init(&p->held.bytes, HTTP1_MAX_LINE);
    piece.bytes = buf_str(&bytes);
    if (rc == 0 && bytes.len)
        rc = feed(p, HTTP1_REQUESTS, &piece, p->held.ack);
    buf_release(&bytes);
    put_settled(p);
    return rc;
}

/* Hold bytes back until it is clear what they are. */
static int hold(struct pairing *p, const struct piece *piece, int64_t ack)
{
    struct hold *h = &p->held;
    size_t before = h->bytes.len;
    enum verdict verdict = GOES_ON;

    if (before == 0) {
        h->piece = *piece;
        h->piece.missing = 0;
        h->ack = ack;
    }
    h->piece.conflict |= piece->conflict;
    if (buf_add(&h->bytes, piece->bytes, NULL) == 0)
        verdict = judge(buf_str(&h->bytes), piece->missing > 0);
    if (verdict == UNCLEAR) {
        p->side[REQ].pos = piece->pos + (int64_t)piece->bytes.len;
        recharge(p);
        return 0;
    }
    h->bytes.len = before;
    return let_go(p, verdict == OVER) < 0 ? -1 : pairing_feed(p, HTTP1_REQUESTS, piece, ack);
}

/* The server answers, having all that was fed: that was enough for it. */
static int answer_question(struct pairing *p)
{
    int rc = 0;

    while (rc == 0 && p->held.bytes.len)
        rc = let_go(p, judge(buf_str(&p->held.bytes), true) == OVER);
    return rc == 0 && p->at_length ? end_question(p, true) : rc;
}

/* What would have told is missing, or never came. */
static int cut_question(struct pairing *p, uint32_t why)
{
    if (p->held.bytes.len)
        return let_go(p, judge(buf_str(&p->held.bytes), true) == OVER);
    if (!p->at_length && !(why & HTTP_GAP && is_refused(p)))
        return 0;
    http1_restart(&p->side[REQ].framer);
    return finish_message(p, REQ, false, why);
}

/* Where and when the head that was just told began. */
static struct mark begin_head(struct side *s, int64_t piece_pos, int64_t start)
{
    struct mark m = start < piece_pos && s->partial.set ? s->partial : s->mark;

    m.pos = start;
    s->partial = (struct mark){0};
    return m;
}

/* Readers may differ about the request in front, so also about where it ends:
 * to some this one is content (RFC 9112, 11.2). Not so when the client had
 * seen the answer to that: then it had waited. */
static bool follows_anomaly(const struct pairing *p, const struct entry *before,
                            const struct entry *e)
{
    uint32_t flags = before ? before->x->request.flags : p->gone.flags;
    int64_t answer = before ? answer_begins(before) : p->gone.answer;

    return (flags & HTTP_ANOMALIES) && e->seen <= answer;
}

/* What does a request tell about those before the capture began? */
static void note_going_on(struct pairing *p, const struct entry *e)
{
    struct entry *open = first_open(p);

    note_quiet(p, open == e ? NULL : open, p->side[REQ].mark.ns);
    if (!p->unproven || (!p->pipelined && e->seen >= p->side[RES].pos))
        let_answers_go(p);
}

/* Its answer may come yet, so whose the next one is has to be proved. */
static void give_up_oldest(struct pairing *p)
{
    struct entry *e = first_open(p);

    let_answers_go(p);
    if (p->entries <= PAIR_MAX_OPEN || !e)
        return;
    if (!p->doubt || !e->doubtful)
        begin_doubt(p, false, p->side[RES].pos, 0);
    p->lost_requests = true;
    abandon(p, e);
    p->context->stats->given_up++;
    put_settled(p);
}

static int on_request(struct pairing *p, struct str head, struct mark m, bool whole)
{
    struct side *s = &p->side[REQ];
    struct entry *before = p->last, *e = entry_new(p);
    struct http_request_line line = {0};
    struct str kept, value;

    if (!e)
        return -1;
    p->context->stats->requests++;
    s->entry = e;
    s->content = 0;
    if (arena_dup(&e->x->mem, head, &e->x->request.head, NULL) < 0)
        return -1;
    kept = e->x->request.head;
    if (whole) { /* the framer has read it */
        e->method = str_from(kept.data + (s->framer.request.method.data - head.data),
                             s->framer.request.method.len);
        e->own = p->own.data != NULL;
    } else if (http_request_start(kept, &line)) {
        e->method = line.method;
        e->own = http_find_field(kept, own_mark, &value);
    }
    e->start[REQ] = m.pos;
    e->seen = m.ack >= 0 ? m.ack : p->side[RES].pos;
    if (!before || e->seen < p->least)
        p->least = e->seen;
    e->x->request_first_ns = m.ns;
    e->x->request.flags = s->framer.flags | s->flags;
    if (follows_anomaly(p, before, e))
        e->x->request.flags |= HTTP_AFTER_ANOMALY;
    if (p->answered == e->start[REQ]) { /* too early to know for whom */
        e->abandoned = true;
        e->x->response.flags |= HTTP_EARLY_RESPONSE;
    }
    e->unsure = whole && (s->framer.flags & HTTP_CL_CONFLICT) && http1_longer(&s->framer);
    note_order(p, e);
    if (p->unproven)
        note_going_on(p, e);
    if (p->entries > PAIR_MAX_OPEN)
        give_up_oldest(p);
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
        leave_out(p, m);
        return 0;
    }
    if (whole)
        http1_answers(&s->framer, e->method);
    e->start[RES] = m.pos;
    e->response_begun = true;
    e->held = p->unproven;
    if (p->at_length && p->side[REQ].entry == e && m.ack >= p->side[REQ].pos &&
        answer_question(p) < 0)
        return -1;
    e->x->response_first_ns = m.ns;
    e->x->response.flags |= s->framer.flags | s->flags;
    if (p->unproven)
        e->x->response.flags |= HTTP_MIDSTREAM;
    if (!e->request_done || (e->x->request.flags & HTTP_CUT) || (m.ack >= 0 && m.ack < e->end[REQ]))
        e->x->response.flags |= HTTP_EARLY_RESPONSE;
    if (e->seen < p->damage) /* an informational answer may have been among it */
        e->x->response.flags |= HTTP_GAP;
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
    /* A response that answers nobody known may have no content, like that to
     * HEAD: then these were others. */
    if (!e && side == RES && p->side[side].content == 0)
        begin_doubt(p, false, p->side[side].at, HTTP_GAP);
    if (!e)
        return;
    message_of(e, side)->flags |= HTTP_GAP;
    message_of(e, side)->gap_bytes += n;
    message_of(e, side)->body_size += n;
}

/* What a tunnel carries, by what both sides agreed on (RFC 9110, 7.8). */
static enum capture_spoken spoken_in(const struct entry *e)
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
    if (p->last)
        p->last->x->tunnel_bytes += n;
}

/* Take out what was read behind a request, and what of it is not read yet.
 * Returns how many bytes it was. */
static size_t take_back(struct pairing *p, struct entry *e)
{
    size_t n = p->held.bytes.len + head_so_far(&p->side[REQ]).len;
    struct entry *next;

    if (e->next)
        n = (size_t)(p->side[REQ].pos - e->next->start[REQ]);
    for (struct entry *behind = e->next; behind; behind = next) {
        next = behind->next;
        p->context->stats->requests--;
        p->entries--;
        budget_return(p->context->budget, behind->charged);
        exchange_free(behind->x);
        mem_free(behind);
    }
    e->next = p->open = NULL;
    p->last = e;
    p->side[REQ].entry = NULL;
    p->at_length = false;
    buf_reset(&p->held.bytes);
    return n;
}

/* What the client sent behind `e`, not waiting for the answer, is no request: it
 * went through the tunnel, to whoever is at its other end (RFC 9110, 9.3.6). */
static void begin_tunnel(struct pairing *p, struct entry *e)
{
    if (p->side[REQ].entry == e)
        finish_message(p, REQ, false, HTTP_CUT);
    on_tunnel(p, take_back(p, e));
    http1_become_tunnel(&p->side[REQ].framer);
    p->context->stats->tunnels++;
    ports_add(&p->context->stats->spoken, p->origin.server.port, spoken_in(e));
}

static int on_end(struct pairing *p, int side)
{
    struct entry *e = p->side[side].entry;
    bool tunnel = side == RES && e && e->x->tunnel;

    if (side == REQ && e && e->unsure) {
        p->at_length = true;
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
    if (!p->side[side].entry && says_which(side, head))
        return on_head(p, side, head, pos, false);
    p->context->stats->skipped_bytes += head.len;
    return 0;
}

/* What a request must have seen of the responses to be beyond the damage: what
 * is lost, or the first byte that can answer a lost request. */
static int64_t doubt_from(const struct pairing *p, int side)
{
    /* Responses came whose sender had all that is lost. */
    if (side == RES || p->side[RES].top_ack >= p->side[REQ].pos)
        return p->side[RES].pos;
    return (p->ahead ? p->ahead : p->side[RES].pos) + 1;
}

/* A message cannot be read to its end, and who knows how many are behind. What is
 * no response, or no chunk, may also show that one was read as the answer to
 * another request: of HEAD's there is no content. */
static int on_broken(struct pairing *p, int side, struct str head, int64_t pos, uint32_t why)
{
    struct side *s = &p->side[side];
    bool between = !s->entry && !s->framer.flags;
    uint32_t flags = why & HTTP_GAP;
    int rc;

    if (side == RES && !why && (!s->entry || (s->framer.flags & HTTP_BAD_CHUNK)))
        disbelieve(p);
    rc = begin_cut_message(p, side, head, pos);
    if (side == RES && !why && between && !s->entry)
        flags |= HTTP_BAD_LINE; /* that may have been an answer */
    begin_doubt(p, side == REQ, doubt_from(p, side), flags);
    return rc < 0 ? rc : finish_message(p, side, false, why);
}

/* Requests may be among what was skipped that did not begin on a line of their
 * own. What the client had seen when it sent the last of it cannot answer them,
 * and who had seen more was sent later. */
static void doubt_skipped(struct pairing *p)
{
    int64_t seen = p->side[REQ].mark.ack, from = doubt_from(p, REQ);

    if (seen >= 0 && seen + 1 < from && p->side[RES].top_ack < p->side[REQ].pos)
        from = seen + 1;
    begin_doubt(p, true, from, 0);
    if (seen >= 0)
        p->resumed = seen;
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
    while (rc == 0 && !(side == REQ && p->at_length) &&
           (event = http1_next(&s->framer, &in, &piece)) != HTTP1_MORE) {
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
            else if (side == RES && p->doubt)
                p->damage = s->at; /* an answer to nobody, in which others may be */
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
            else if (str_trim(piece).len > 0)
                doubt_skipped(p);
            break;
        case HTTP1_TUNNEL:
            on_tunnel(p, piece.len);
            break;
        default:
            break;
        }
    }
    if (rc < 0 || in.len == 0 || side == RES || !p->at_length)
        return rc;
    return hold(p, &(struct piece){.pos = s->at, .bytes = in, .ns = s->mark.ns}, s->mark.ack);
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
    size_t kept = head_so_far(s).len;

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

    if (p->pipelined)
        disbelieve(p); /* the answer too many may be what is missing */
    if (side == HTTP1_REQUESTS && cut_question(p, HTTP_GAP) < 0)
        return -1;
    s->mark = (struct mark){pos, ns, -1, true};
    s->pos = pos + (int64_t)n;
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
 * whose request is not known, or not sure, may not come at all, as it answers
 * HEAD, or may seem to go on for ever, also as its head was found in content. */
static bool begins_anew(const struct side *s, int side, struct str bytes)
{
    const struct http1 *f = &s->framer;
    bool lost = http1_is_lost(f);

    /* The line that was found may have begun a message, and this may end its head. */
    if (head_so_far(s).len && str_find(head_so_far(s), '\n') < head_so_far(s).len && bytes.len &&
        (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
        return false;
    if (side == RES) {
        bool unsure =
            s->entry ? s->entry->held && f->until_close : s->content == 0 || f->until_close;
        return (lost || (unsure && http1_in_message(f))) &&
               http1_guess(HTTP1_RESPONSES, bytes) == HTTP1_YES;
    }
    return lost && http1_is_request(bytes);
}

/* The first bytes seen of a stream whose beginning was not. They may be the end
 * of content, with a request behind it on the same line; unless the line ends
 * here only because its packet was cut. */
static bool begins_within(int side, const struct piece *piece)
{
    switch (http1_guess((enum http1_side)side, piece->bytes)) {
    case HTTP1_YES:
        return side == REQ && !http1_is_request(piece->bytes);
    case HTTP1_TOO_SHORT:
        return !piece->missing;
    default:
        return true;
    }
}

/* Of a request of which the capture has no whole line, its packet being cut,
 * there is more to it than its looks: the client had new answers before it. */
static bool begins_cut(const struct side *s, int side, const struct piece *piece, int64_t ack)
{
    struct http_request_line line;

    return side == REQ && piece->missing && http1_is_lost(&s->framer) && ack > s->top_ack &&
           str_find(piece->bytes, '\n') == piece->bytes.len &&
           http_request_start(piece->bytes, &line) && http_is_known_method(line.method);
}

/* A piece of the responses comes: what of the requests had its sender? */
static void note_ack(struct pairing *p, const struct piece *piece, int64_t ack)
{
    if (!p->ahead && ack > p->side[REQ].pos)
        p->ahead = piece->pos;
    if (!p->caught && ack >= p->side[REQ].pos && piece->bytes.len)
        p->caught = piece->pos + 1;
    if (p->last && ack >= 0 && ack <= p->last->start[REQ] &&
        piece->pos + (int64_t)piece->bytes.len > p->last->seen) {
        p->pipelined = true; /* it was on its way when that was sent */
        if (!p->previous.same)
            note_overlap(p);
    }
    if (!p->lost_seen && p->lost_at && ack >= p->lost_at && piece->bytes.len)
        p->lost_seen = piece->pos + 1;
}

/* The half of a message that was found after damage was none, or is not known
 * any more; other messages may have been in it. */
static void start_anew(struct pairing *p, int side)
{
    struct side *s = &p->side[side];

    p->context->stats->skipped_bytes += head_so_far(s).len;
    if (side == RES && s->entry)
        disbelieve(p);
    if (head_so_far(s).len && side == REQ)
        begin_doubt(p, true, doubt_from(p, REQ), 0);
    else if (head_so_far(s).len)
        p->damage = s->pos;
    http1_lose(&s->framer);
}

static int feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack)
{
    struct side *s = &p->side[side];
    bool begins = !s->begun;
    uint32_t flags =
        (piece->conflict ? HTTP_OVERLAP_CONFLICT : 0u) | (piece->urgent ? HTTP_URGENT : 0u);
    int rc;

    s->begun = true;
    if (begins && !p->side[!side].begun)
        s->last_ns = piece->ns; /* who knows how long it was quiet before */
    s->mark = (struct mark){piece->pos, piece->ns, ack, true};
    if (begins && p->origin.midstream[side] && begins_within(side, piece))
        http1_lose(&s->framer);
    else if (begins_anew(s, side, piece->bytes))
        start_anew(p, side);
    else if (begins_cut(s, side, piece, ack))
        http1_restart(&s->framer);
    s->pos = piece->pos + (int64_t)piece->bytes.len;
    if (flags)
        set_flags(p, side, flags);
    if (side == HTTP1_REQUESTS)
        p->ahead = 0;
    else
        note_ack(p, piece, ack);
    rc = drive(p, side, piece->bytes, piece->pos, 0);
    if (side == HTTP1_REQUESTS && piece->bytes.len)
        p->caught = 0;
    s->last_ns = piece->ns;
    if (piece->bytes.len)
        s->top = piece->pos + (int64_t)piece->bytes.len;
    if (s->top_ack < ack)
        s->top_ack = ack;
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

int pairing_feed(struct pairing *p, enum http1_side side, const struct piece *piece, int64_t ack)
{
    if (side == HTTP1_REQUESTS && piece->bytes.len && is_question(p, ack))
        return hold(p, piece, ack);
    return feed(p, side, piece, ack);
}

/* Some bytes of a stream. */
struct stretch {
    int64_t pos, end;
    struct str bytes;
};

/* Does a message that is open, or was and is not gone, hold other bytes in the
 * same place? `other`: it is known that there were others. */
static bool contradicts(struct pairing *p, int side, struct entry *e, const struct stretch *t,
                        bool other)
{
    struct http_message *m = message_of(e, side);
    int64_t end = p->side[side].entry == e ? p->side[side].pos : e->end[side];
    int64_t body = e->start[side] + (int64_t)m->head.len;
    bool chunked = m->chunked || (p->side[side].entry == e && p->side[side].framer.chunked);
    bool plain = !chunked && m->gap_bytes == 0;
    bool same = true;

    if (t->pos >= end || t->end <= e->start[side])
        return false;
    /* Kept as it lies in the stream; but an urgent byte is not, and moves it. */
    if (!(m->flags & HTTP_URGENT)) {
        same = stream_agree(t->pos, t->bytes, e->start[side], m->head);
        same = same && (!plain || stream_agree(t->pos, t->bytes, body, m->body));
    }
    /* It may have been in what is not kept so. */
    if (other && !(plain && m->body.len == m->body_size))
        same = false;
    if (!same)
        m->flags |= HTTP_OVERLAP_CONFLICT;
    return !same;
}

bool pairing_repeat(struct pairing *p, enum http1_side side, int64_t pos, struct str bytes,
                    bool other)
{
    struct side *s = &p->side[side];
    struct stretch t = {pos, pos + (int64_t)bytes.len, bytes};
    struct str head = head_so_far(s);
    bool found = other;

    for (struct entry *e = p->first; e; e = e->next) {
        if (side == HTTP1_REQUESTS || e->response_begun)
            found |= contradicts(p, side, e, &t, other);
    }
    if (!stream_agree(pos, bytes, s->pos - (int64_t)head.len, head)) {
        s->flags |= HTTP_OVERLAP_CONFLICT;
        found = true;
    }
    return found;
}

/* No more answers come: what is open stays unanswered. */
static void abandon_all(struct pairing *p, uint32_t flags)
{
    for (struct entry *e = first_open(p); e; e = next_open(e->next)) {
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
    bool in_head;
    int rc = 0;

    if (s->ended)
        return 0;
    if (side == HTTP1_REQUESTS)
        rc = how == PAIR_CLOSED && p->at_length && !p->held.bytes.len ? end_question(p, true)
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
        abandon_all(p, how == PAIR_RESET ? HTTP_RESET : 0);
    put_settled(p);
    recharge(p);
    return rc;
}

#include "capture/stream.h"

#include <assert.h>
#include <string.h>

#include "core/mem.h"

/* Positions start here, so that numbers before the first one seen, which is
 * arbitrary in a capture that starts in mid-stream, are still positive. */
#define ORIGIN (INT64_C(1) << 32)

struct held {
    struct held *next;
    struct piece piece;
    char bytes[];
};

int64_t stream_position(struct stream *s, uint32_t seq)
{
    if (!s->referenced) {
        s->referenced = true;
        s->next = s->top = ORIGIN + seq;
    }
    /* The nearest position with these low bits (RFC 9293, 3.4): numbers wrap,
     * and no segment is more than half the circle away. */
    return s->next + (int32_t)(seq - (uint32_t)s->next);
}

static size_t cost(const struct held *h)
{
    return sizeof *h + h->piece.bytes.len;
}

static void forget(struct stream *s, struct held *h, struct budget *b)
{
    s->held_bytes -= cost(h);
    s->held_pieces--;
    budget_return(b, cost(h));
}

struct held *stream_pop(struct stream *s, struct budget *b)
{
    struct held *h = s->first;

    s->first = h->next;
    if (!s->first)
        s->last = NULL;
    forget(s, h, b);
    return h;
}

const struct piece *stream_piece(const struct held *h)
{
    return &h->piece;
}

void stream_release_piece(struct held *h)
{
    mem_free(h);
}

void stream_clear(struct stream *s, struct budget *b)
{
    while (s->first)
        stream_release_piece(stream_pop(s, b));
}

const struct piece *stream_head(const struct stream *s)
{
    return s->first ? &s->first->piece : NULL;
}

bool stream_is_full(const struct stream *s)
{
    return s->held_bytes > STREAM_MAX_HELD || s->held_pieces > STREAM_MAX_PIECES;
}

void stream_anchor(struct stream *s, int64_t pos, struct budget *b)
{
    s->anchored = true;
    s->next = pos;
    if (s->top < pos)
        s->top = pos;
    if (s->acked < pos)
        s->acked = pos;
    while (s->first && s->first->piece.pos < pos)
        stream_release_piece(stream_pop(s, b));
}

/* The part of a piece from one position to another. */
static struct piece slice(const struct piece *p, int64_t from, int64_t to)
{
    struct piece part = *p;
    int64_t captured = p->pos + (int64_t)p->bytes.len;
    int64_t missed = captured + p->missing;

    part.pos = from;
    part.bytes = (struct str){0};
    part.missing = 0;
    if (from < captured) {
        int64_t end = to < captured ? to : captured;
        part.bytes = str_from(p->bytes.data + (from - p->pos), (size_t)(end - from));
        from = end;
    }
    if (from < to && from < missed)
        part.missing = (uint32_t)((to < missed ? to : missed) - from);
    part.urgent = p->urgent && to > missed;
    return part;
}

static struct held *copy_piece(const struct piece *p)
{
    struct held *h = mem_alloc(sizeof *h + p->bytes.len);

    if (!h)
        return NULL;
    h->next = NULL;
    h->piece = *p;
    if (p->bytes.len)
        memcpy(h->bytes, p->bytes.data, p->bytes.len);
    h->piece.bytes.data = h->bytes;
    return h;
}

/* Put a copy of a piece behind `before`, or first. */
static struct held *insert(struct stream *s, struct held *before, const struct piece *p,
                           struct budget *b)
{
    struct held *h = copy_piece(p);

    if (!h)
        return NULL;
    h->next = before ? before->next : s->first;
    *(before ? &before->next : &s->first) = h;
    if (!h->next)
        s->last = h;
    s->held_bytes += cost(h);
    s->held_pieces++;
    budget_charge(b, cost(h));
    return h;
}

bool stream_agree(int64_t a_pos, struct str a, int64_t b_pos, struct str b)
{
    int64_t from = a_pos > b_pos ? a_pos : b_pos;
    int64_t a_end = a_pos + (int64_t)a.len, b_end = b_pos + (int64_t)b.len;
    int64_t to = a_end < b_end ? a_end : b_end;

    return from >= to ||
           memcmp(a.data + (from - a_pos), b.data + (from - b_pos), (size_t)(to - from)) == 0;
}

/* Put the parts of a piece that nothing holds yet into the queue. */
static enum stream_fate enqueue(struct stream *s, const struct piece *p, struct budget *b,
                                struct stream_note *note)
{
    struct held *before = NULL;
    int64_t from = p->pos, end = piece_end(p);
    bool added = false, conflict = p->conflict;

    if (s->last && piece_end(&s->last->piece) <= from)
        before = s->last;
    while (from < end) {
        struct held *h = before ? before->next : s->first;
        int64_t to = h && h->piece.pos < end ? h->piece.pos : end;
        if (from < to) {
            struct piece part = slice(p, from, to);
            part.conflict = conflict;
            before = insert(s, before, &part, b);
            if (!before)
                return STREAM_NOMEM;
            added = true;
            from = to;
            continue;
        }
        if (piece_end(&h->piece) > from) {
            int64_t stop = piece_end(&h->piece) < end ? piece_end(&h->piece) : end;
            note->repeated += (uint64_t)(stop - from);
            if (!stream_agree(h->piece.pos, h->piece.bytes, p->pos, p->bytes))
                h->piece.conflict = conflict = note->conflict = true;
            from = stop;
        }
        before = h;
    }
    return added ? STREAM_HELD : STREAM_OLD;
}

enum stream_fate stream_hold(struct stream *s, const struct piece *p, struct budget *b)
{
    struct stream_note ignored = {0};

    return enqueue(s, p, b, &ignored);
}

/* All of a short piece and samples of a long one. This is done for every packet
 * and seldom asked for: what belongs to an open exchange is compared with the
 * exchange itself, byte by byte. */
static uint32_t fingerprint(struct str bytes)
{
    enum { SAMPLES = 8, WORD = sizeof(uint64_t) };
    size_t n = bytes.len < WORD ? bytes.len : WORD;
    uint64_t h = bytes.len, word = 0;

    for (size_t i = 0; i < SAMPLES && n; i++) {
        memcpy(&word, bytes.data + (bytes.len - n) * i / (SAMPLES - 1), n);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

static bool contradicts_past(const struct stream *s, const struct piece *p)
{
    for (size_t i = 0; i < STREAM_PAST; i++) {
        if (s->past[i].len == p->bytes.len && s->past[i].pos == (uint32_t)p->pos && p->bytes.len)
            return s->past[i].hash != fingerprint(p->bytes);
    }
    return false;
}

void stream_deliver(struct stream *s, const struct piece *p)
{
    unsigned i = s->past_at++ % STREAM_PAST;

    assert(p->pos == s->next);
    s->past[i].pos = (uint32_t)p->pos;
    s->past[i].len = (uint32_t)p->bytes.len;
    s->past[i].hash = fingerprint(p->bytes);
    s->next = piece_end(p);
    if (s->top < s->next)
        s->top = s->next;
}

enum stream_fate stream_add(struct stream *s, struct piece *p, struct budget *b,
                            struct stream_note *note)
{
    int64_t end = piece_end(p);

    if (p->pos > s->next + STREAM_WINDOW || end > s->next + 2 * (int64_t)STREAM_WINDOW ||
        end < s->next - 2 * (int64_t)STREAM_WINDOW) {
        s->strays++;
        return STREAM_STRAY;
    }
    s->strays = 0;
    if (s->top < end)
        s->top = end;
    if (!s->anchored)
        return enqueue(s, p, b, note);
    if (p->pos < s->next) {
        int64_t known = (end < s->next ? end : s->next) - p->pos;
        /* A keep-alive probe repeats the last byte, or makes one up
         * (RFC 9293, 3.8.4): that is not a conflict. */
        note->probe = known == 1 && p->bytes.len <= 1 && end == s->next;
        note->repeated += (uint64_t)known;
        note->conflict = note->delivered = !note->probe && contradicts_past(s, p);
        if (end <= s->next)
            return STREAM_OLD;
        *p = slice(p, s->next, end);
        p->conflict = note->conflict;
    }
    if (s->first || p->pos > s->next)
        return enqueue(s, p, b, note);
    return STREAM_NEXT;
}

#include "capture/side.h"

#include "core/clock.h"
#include "core/http1_guess.h"

enum { PAUSE_SECONDS = 1 };

bool side_both_quiet(const struct side *side, int64_t now)
{
    int64_t requests = side[REQ].last_ns, responses = side[RES].last_ns;

    return now - (requests > responses ? requests : responses) >= PAUSE_SECONDS * NS_PER_SEC;
}

/* ---- heads in pieces -------------------------------------------------------- */

struct str side_partial_head(const struct side *s)
{
    const struct http1 *f = &s->framer;

    if (f->line.len == 0 || f->drop_line || http1_is_idle(f) || http1_in_message(f))
        return (struct str){0};
    return buf_str(&f->line);
}

void side_mark_partial(struct side *s, int64_t piece_pos)
{
    size_t kept = side_partial_head(s).len;

    if (kept == 0) {
        s->is_partial = false;
    } else if (s->pos - (int64_t)kept >= piece_pos) {
        s->partial = s->mark;
        s->is_partial = true;
    }
}

struct mark side_begin_head(struct side *s, int64_t piece_pos, int64_t start)
{
    struct mark m = start < piece_pos && s->is_partial ? s->partial : s->mark;

    s->is_partial = false;
    m.pos = start;
    return m;
}

void side_set_flags(struct side *s, uint32_t flags)
{
    s->flags |= flags;
    if (s->reading)
        pending_message(s->reading, s->framer.side)->flags |= flags;
}

void side_clear_flags(struct side *s)
{
    if (http1_is_idle(&s->framer) || http1_in_message(&s->framer))
        s->flags = 0;
}

/* ---- where messages begin --------------------------------------------------- */

/* They may be the end of content, with a request behind it on the same line;
 * unless the line ends here only because its packet was cut. */
bool side_begins_within(const struct side *s, const struct piece *piece)
{
    switch (http1_guess(s->framer.side, piece->bytes)) {
    case HTTP1_YES:
        return s->framer.side == HTTP1_REQUESTS && !http1_is_request(piece->bytes);
    case HTTP1_TOO_SHORT:
        return !piece->missing;
    default:
        return true;
    }
}

/* The line that was found may have begun a message, and this may end its head. */
static bool may_end_head(const struct side *s, struct str bytes)
{
    struct str head = side_partial_head(s);

    return head.len && str_find(head, '\n') < head.len && bytes.len &&
           (bytes.data[0] == '\r' || bytes.data[0] == '\n');
}

/* The content of a response whose request is not known, or not sure, may not come
 * at all, as it answers HEAD, or may seem to go on for ever, also as its head
 * was found in content. */
static bool is_unsure_content(const struct side *s)
{
    const struct http1 *f = &s->framer;
    bool unsure =
        s->reading ? s->reading->held && f->until_close : s->content == 0 || f->until_close;

    return unsure && http1_in_message(f);
}

/* Messages mostly begin where segments do. A lost framer looks at lines, and
 * content that came before may not have ended with one. */
bool side_begins_message(const struct side *s, struct str bytes)
{
    bool lost = http1_is_lost(&s->framer);

    if (s->framer.side == HTTP1_REQUESTS)
        return lost && http1_is_request(bytes) && !may_end_head(s, bytes);
    return (lost || is_unsure_content(s)) && http1_guess(HTTP1_RESPONSES, bytes) == HTTP1_YES &&
           !may_end_head(s, bytes);
}

/* The capture may have no whole line of it. There is more to it than its looks: the
 * client had new answers before it. */
bool side_begins_cut_request(const struct side *s, struct str bytes, int64_t ack)
{
    struct http_request_line line;

    return s->framer.side == HTTP1_REQUESTS && http1_is_lost(&s->framer) && ack > s->top_ack &&
           str_find(bytes, '\n') == bytes.len && http_request_start(bytes, &line) &&
           http_is_known_method(line.method);
}

/* ---- bytes that came again -------------------------------------------------- */

bool side_contradicts(const struct side *s, struct pending *e, const struct repeat *r)
{
    int side = s->framer.side;
    bool reading = s->reading == e;
    struct http_message *m = pending_message(e, side);
    int64_t begin = e->start[side], end = reading ? s->pos : e->end[side];
    bool chunked = m->chunked || (reading && s->framer.chunked);
    bool plain = !chunked && m->gap_bytes == 0;
    bool same = true;

    if (r->pos >= end || r->end <= begin)
        return false;
    /* Kept as it lies in the stream; but an urgent byte is not, and moves it. */
    if (!(m->flags & HTTP_URGENT)) {
        same = stream_agree(r->pos, r->bytes, begin, m->head);
        same = same &&
               (!plain || stream_agree(r->pos, r->bytes, begin + (int64_t)m->head.len, m->body));
    }
    /* It may have been in what is not kept so. */
    if (r->other && !(plain && m->body.len == m->body_size))
        same = false;
    if (!same)
        m->flags |= HTTP_OVERLAP_CONFLICT;
    return !same;
}

bool side_contradicts_head(struct side *s, const struct repeat *r)
{
    struct str head = side_partial_head(s);

    if (stream_agree(r->pos, r->bytes, s->pos - (int64_t)head.len, head))
        return false;
    s->flags |= HTTP_OVERLAP_CONFLICT;
    return true;
}

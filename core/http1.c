#include "core/http1.h"

#include <assert.h>

#include "core/http1_guess.h"
#include "core/http1_head.h"

/* Where the framer stands. Each state has one step function, which takes some
 * input and tells an event, or AGAIN when the new state should have its turn. */
enum state {
    START,      /* before a message: nothing of it has come */
    HEAD,       /* inside a head */
    DECIDE,     /* the head is told; what follows is not decided */
    LENGTH,     /* inside content of known length */
    CLOSE,      /* inside content that ends with the connection */
    CHUNK_SIZE, /* before or inside the digits */
    CHUNK_EXT,  /* behind the digits, up to the line break */
    CHUNK_DATA,
    CHUNK_END, /* before the line break that closes a chunk */
    TRAILERS,
    TUNNEL,
    LOST,      /* at the beginning of a line, looking for a start line */
    LOST_LINE, /* inside a line that is none */
};

enum { AGAIN = -1 };

/* A chunk line longer than this is not from a peer that means well. */
enum { MAX_CHUNK_LINE = 16 * 1024 };

/* Keeping more than this for an idle connection would add up. */
enum { KEEP_LINE = 4 * 1024 };

void http1_init(struct http1 *f, enum http1_side side)
{
    *f = (struct http1){.side = side, .state = START};
    buf_init(&f->line, HTTP1_MAX_HEAD);
    buf_init(&f->trailers, HTTP1_MAX_HEAD);
}

void http1_release(struct http1 *f)
{
    buf_release(&f->line);
    buf_release(&f->trailers);
    f->head = (struct str){0};
    f->request = (struct http_request_line){0};
}

static void reset_line(struct http1 *f)
{
    if (f->line.cap > KEEP_LINE)
        buf_release(&f->line);
    else
        buf_reset(&f->line);
    f->scanned = 0;
    f->drop_line = false;
}

/* Forget the last message; the first byte of the next one is there. */
static void begin_message(struct http1 *f)
{
    f->head = (struct str){0};
    f->request = (struct http_request_line){0};
    for (size_t i = 0; i < f->n_wanted; i++)
        f->found_fields[i] = (struct str){0};
    f->status = 0;
    f->flags = 0;
    f->left = 0;
    f->has_length = f->bad_length = false;
    f->n_lengths = f->tried = 0;
    f->last_te = TE_NONE;
    f->answers_head = f->answers_connect = false;
    f->chunked = f->until_close = f->says_content = f->no_memory = false;
    f->keep_alive = true;
    f->asked_keep_alive = f->found = false;
    if (f->trailers.cap > KEEP_LINE)
        buf_release(&f->trailers);
    else
        buf_reset(&f->trailers);
}

static struct str take(struct str *in, size_t n)
{
    struct str piece = str_head(*in, n);

    *in = str_skip(*in, n);
    return piece;
}

static int broken(struct http1 *f, uint32_t flag)
{
    f->flags |= flag;
    f->state = LOST;
    return HTTP1_BROKEN;
}

/* ---- heads ------------------------------------------------------------- */

/* Tell the head at the beginning of `in`, if it is whole. */
static bool tell_head(struct http1 *f, struct str in, struct str *piece)
{
    begin_message(f);
    if (http1_scan_head(f, in, piece)) {
        f->state = DECIDE;
        f->trusted = false;
        return true;
    }
    begin_message(f); /* nothing of the half that was read counts */
    return false;
}

/* The head ends here, or cannot be kept: tell what had come of it. */
static int broken_head(struct http1 *f, uint32_t flag, struct str *piece)
{
    f->drop_line = true;
    f->head = *piece = buf_str(&f->line);
    return broken(f, flag);
}

static int step_start(struct http1 *f, struct str *in, struct str *piece)
{
    *in = http_skip_empty_lines(*in);
    if (in->len == 0)
        return HTTP1_MORE;
    /* The usual case: a head that lies whole in the input is not copied. */
    if (tell_head(f, *in, piece)) {
        *in = str_skip(*in, piece->len);
        return HTTP1_HEAD;
    }
    f->state = HEAD;
    return AGAIN;
}

/* Garbage shows early. Of a first line that grows byte by byte only the first
 * bytes are looked at until it is whole, or the looking would be quadratic. */
static bool is_hopeless(const struct http1 *f, struct str head)
{
    enum { LOOK = 128 };

    struct http_request_line line;

    if (f->scanned > 0)
        return false;
    if (head.data[head.len - 1] != '\n')
        head = str_head(head, LOOK);
    if (f->trusted)
        return !http_garbled_line(head, &line);
    return http1_guess(f->side, head) == HTTP1_NO;
}

/* The line at hand goes beyond the ceiling. As much is kept as fits, so that it
 * does not depend on the split; the rest of the line is no start line. */
static int head_too_large(struct http1 *f, struct str *in, struct str *piece)
{
    struct str part = take(in, HTTP1_MAX_HEAD - f->line.len);
    int event;

    f->no_memory = buf_add(&f->line, part, NULL) < 0;
    event = broken_head(f, HTTP_HEAD_TOO_LARGE, piece);
    f->state = LOST_LINE;
    return event;
}

static int step_head(struct http1 *f, struct str *in, struct str *piece)
{
    while (in->len) {
        size_t nl = str_find(*in, '\n');
        struct str part = str_head(*in, nl < in->len ? nl + 1 : nl);
        struct str head, line;

        if (part.len > HTTP1_MAX_HEAD - f->line.len)
            return head_too_large(f, in, piece);
        if (buf_add(&f->line, part, NULL) < 0) {
            f->no_memory = true;
            return broken_head(f, HTTP_HEAD_TOO_LARGE, piece);
        }
        *in = str_skip(*in, part.len);
        head = buf_str(&f->line);
        if (is_hopeless(f, head))
            return broken(f, 0); /* the line is looked at again, as a lost one */
        if (head.data[head.len - 1] != '\n')
            return HTTP1_MORE;
        line = str_skip(head, f->scanned);
        f->scanned = head.len;
        /* The first line may be all there is: HTTP/0.9. */
        if ((line.len == head.len || http1_is_empty_line(line)) && tell_head(f, head, piece)) {
            f->drop_line = true;
            return HTTP1_HEAD;
        }
    }
    return HTTP1_MORE;
}

/* ---- content ----------------------------------------------------------- */

static int end_message(struct http1 *f)
{
    f->state = START;
    return HTTP1_END;
}

static bool is_final_upgrade(const struct http1 *f)
{
    if (f->status == 101)
        return true;
    return f->answers_connect && f->status >= 200 && f->status < 300;
}

/* RFC 9112, 6.3, in its order. */
static int step_decide(struct http1 *f, struct str *in, struct str *piece)
{
    bool response = f->side == HTTP1_RESPONSES;

    (void)in;
    (void)piece;
    if (response && is_final_upgrade(f)) {
        f->state = TUNNEL;
        return HTTP1_END;
    }
    if (response && (f->status < 200 || f->status == 204 || f->status == 304 || f->answers_head)) {
        f->says_content = f->last_te != TE_NONE || f->bad_length || f->left > 0;
        return end_message(f);
    }
    if (f->last_te == TE_CHUNKED) {
        f->chunked = true;
        f->state = CHUNK_SIZE;
        f->left = f->chunk_line = 0;
        return AGAIN;
    }
    if (f->last_te != TE_NONE && !response)
        return broken(f, 0);
    if (f->last_te == TE_NONE && f->bad_length)
        return broken(f, 0);
    if (f->last_te == TE_NONE && f->has_length) {
        f->state = LENGTH;
        return AGAIN;
    }
    if (!response)
        return end_message(f);
    f->until_close = true;
    f->keep_alive = false;
    f->state = CLOSE;
    return AGAIN;
}

static int step_length(struct http1 *f, struct str *in, struct str *piece)
{
    if (f->left == 0)
        return end_message(f);
    if (in->len == 0)
        return HTTP1_MORE;
    *piece = take(in, f->left < in->len ? (size_t)f->left : in->len);
    f->left -= piece->len;
    return HTTP1_DATA;
}

static int step_close(struct http1 *f, struct str *in, struct str *piece)
{
    (void)f;
    if (in->len == 0)
        return HTTP1_MORE;
    *piece = take(in, in->len);
    return HTTP1_DATA;
}

/* chunk-size = 1*HEXDIG (RFC 9112, 7.1); leading zeros are fine. */
static int step_chunk_size(struct http1 *f, struct str *in, struct str *piece)
{
    (void)piece;
    for (; in->len; *in = str_skip(*in, 1)) {
        int digit = str_hex_value(in->data[0]);

        if (digit < 0 && f->chunk_line > 0) {
            f->state = CHUNK_EXT;
            f->after_cr = false;
            return AGAIN;
        }
        if (digit < 0 || f->left > (uint64_t)INT64_MAX >> 4 || f->chunk_line++ > MAX_CHUNK_LINE)
            return broken(f, HTTP_BAD_CHUNK);
        f->left = f->left << 4 | (unsigned)digit;
    }
    return HTTP1_MORE;
}

/* Between the digits and the line break: nothing, blanks, or extensions. */
static int step_chunk_ext(struct http1 *f, struct str *in, struct str *piece)
{
    (void)piece;
    for (; in->len; *in = str_skip(*in, 1)) {
        char c = in->data[0];

        if (c == '\n') {
            if (!f->after_cr)
                f->flags |= HTTP_BARE_LF;
            *in = str_skip(*in, 1);
            f->state = f->left ? CHUNK_DATA : TRAILERS;
            f->scanned = 0;
            return AGAIN;
        }
        if (f->after_cr || f->chunk_line++ > MAX_CHUNK_LINE)
            return broken(f, HTTP_BAD_CHUNK);
        if (c == '\r')
            f->after_cr = true;
        else if (c == ';')
            f->flags |= HTTP_CHUNK_EXT;
        else if (!(f->flags & HTTP_CHUNK_EXT) && c != ' ' && c != '\t')
            return broken(f, HTTP_BAD_CHUNK);
    }
    return HTTP1_MORE;
}

static int step_chunk_data(struct http1 *f, struct str *in, struct str *piece)
{
    if (f->left == 0) {
        f->state = CHUNK_END;
        f->after_cr = false;
        return AGAIN;
    }
    return step_length(f, in, piece);
}

static int step_chunk_end(struct http1 *f, struct str *in, struct str *piece)
{
    (void)piece;
    if (in->len && in->data[0] == '\r' && !f->after_cr) {
        f->after_cr = true;
        *in = str_skip(*in, 1);
    }
    if (in->len == 0)
        return HTTP1_MORE;
    if (in->data[0] != '\n')
        return broken(f, HTTP_BAD_CHUNK);
    if (!f->after_cr)
        f->flags |= HTTP_BARE_LF;
    *in = str_skip(*in, 1);
    f->state = CHUNK_SIZE;
    f->left = f->chunk_line = 0;
    return AGAIN;
}

/* Trailer field lines up to an empty one, which is not kept. */
static int step_trailers(struct http1 *f, struct str *in, struct str *piece)
{
    struct buf *b = &f->trailers;

    (void)piece;
    while (in->len) {
        size_t nl = str_find(*in, '\n');
        struct str part = str_head(*in, nl < in->len ? nl + 1 : nl);
        struct str line;

        if (buf_add(b, part, NULL) < 0) {
            f->no_memory = part.len <= HTTP1_MAX_HEAD - b->len;
            b->len = f->scanned; /* whole lines, however they were split */
            return broken(f, HTTP_HEAD_TOO_LARGE);
        }
        *in = str_skip(*in, part.len);
        if (b->data[b->len - 1] != '\n')
            return HTTP1_MORE;
        line = str_from(b->data + f->scanned, b->len - f->scanned);
        if (http1_is_empty_line(line)) {
            f->flags |= http1_ending_flags(line);
            b->data[f->scanned] = '\0';
            b->len = f->scanned;
            f->scanned = 0;
            return end_message(f);
        }
        f->flags |= http1_field_flags(line);
        f->scanned = b->len;
    }
    return HTTP1_MORE;
}

static int step_tunnel(struct http1 *f, struct str *in, struct str *piece)
{
    (void)f;
    if (in->len == 0)
        return HTTP1_MORE;
    *piece = take(in, in->len);
    return HTTP1_TUNNEL;
}

/* ---- lost -------------------------------------------------------------- */

/* After damage only what nobody writes by chance is believed. */
static bool is_trusted_start(const struct http1 *f, struct str line)
{
    struct http_status_line status;

    return f->side == HTTP1_REQUESTS ? http1_is_no_chance(line) : http_status_line(line, &status);
}

static int skip_line(struct http1 *f, bool whole, struct str *piece)
{
    f->state = whole ? LOST : LOST_LINE;
    f->drop_line = true;
    *piece = buf_str(&f->line);
    return piece->len ? HTTP1_SKIPPED : AGAIN;
}

/* Collect one line; go on with it as a head if it is a start line. */
static int step_lost(struct http1 *f, struct str *in, struct str *piece)
{
    size_t nl = str_find(*in, '\n');
    struct str part = str_head(*in, nl < in->len ? nl + 1 : nl);
    bool whole = nl < in->len;

    if (f->line.len && is_hopeless(f, buf_str(&f->line)))
        return skip_line(f, f->line.data[f->line.len - 1] == '\n', piece);
    if (in->len == 0)
        return HTTP1_MORE;
    if (f->line.len == 0)
        begin_message(f);
    if (f->line.len + part.len <= HTTP1_MAX_LINE && buf_add(&f->line, part, NULL) == 0) {
        *in = str_skip(*in, part.len);
        if (whole && is_trusted_start(f, buf_str(&f->line))) {
            f->state = HEAD;
            f->found = true;
            f->scanned = f->line.len;
            return AGAIN;
        }
        if (!whole && !is_hopeless(f, buf_str(&f->line)))
            return HTTP1_MORE;
    } else {
        whole = false;
    }
    return skip_line(f, whole, piece);
}

static int step_lost_line(struct http1 *f, struct str *in, struct str *piece)
{
    size_t nl = str_find(*in, '\n');

    if (in->len == 0)
        return HTTP1_MORE;
    if (nl < in->len)
        f->state = LOST;
    *piece = take(in, nl + 1);
    return HTTP1_SKIPPED;
}

/* ---- holes ------------------------------------------------------------- */

static int step_hole(struct http1 *f, struct str *piece)
{
    uint64_t n = f->hole;

    switch ((enum state)f->state) {
    case LENGTH:
    case CHUNK_DATA:
        if (f->left == 0)
            break;
        if (n > f->left)
            n = f->left;
        f->left -= n;
        f->hole -= n;
        *piece = str_from(NULL, (size_t)n);
        return HTTP1_HOLE;
    case CLOSE:
        f->hole = 0;
        *piece = str_from(NULL, (size_t)n);
        return HTTP1_HOLE;
    case TUNNEL:
        f->hole = 0;
        return AGAIN;
    case LOST:
    case LOST_LINE:
        f->hole = 0;
        f->state = LOST;
        f->drop_line = true;
        *piece = buf_str(&f->line);
        return piece->len ? HTTP1_SKIPPED : AGAIN;
    case HEAD:
        f->hole = 0;
        return broken_head(f, 0, piece);
    default:
        f->hole = 0;
        return broken(f, 0);
    }
    /* The content ended where the hole begins. */
    if (f->state == LENGTH)
        return end_message(f);
    f->hole = 0;
    return broken(f, 0);
}

/* ---- the outside ------------------------------------------------------- */

enum http1_event http1_next(struct http1 *f, struct str *in, struct str *piece)
{
    static int (*const steps[])(struct http1 *, struct str *, struct str *) = {
        [START] = step_start,         [HEAD] = step_head,
        [DECIDE] = step_decide,       [LENGTH] = step_length,
        [CLOSE] = step_close,         [CHUNK_SIZE] = step_chunk_size,
        [CHUNK_EXT] = step_chunk_ext, [CHUNK_DATA] = step_chunk_data,
        [CHUNK_END] = step_chunk_end, [TRAILERS] = step_trailers,
        [TUNNEL] = step_tunnel,       [LOST] = step_lost,
        [LOST_LINE] = step_lost_line,
    };
    int event;

    do {
        *piece = (struct str){0};
        if (f->drop_line)
            reset_line(f);
        if (f->hole && f->state != DECIDE)
            event = step_hole(f, piece);
        else
            event = steps[f->state](f, in, piece);
    } while (event == AGAIN);
    return (enum http1_event)event;
}

void http1_answers(struct http1 *f, struct str method)
{
    assert(f->state == DECIDE);
    f->answers_head = str_eq(method, STR("HEAD"));
    f->answers_connect = str_eq(method, STR("CONNECT"));
}

bool http1_longer(struct http1 *f)
{
    uint64_t had = f->tried ? f->lengths[f->tried - 1] : 0;

    if (f->side != HTTP1_REQUESTS || f->last_te != TE_NONE || f->tried == f->n_lengths)
        return false;
    assert(f->state == DECIDE || f->state == START);
    f->left = f->lengths[f->tried++] - had;
    f->state = LENGTH;
    return true;
}

void http1_gap(struct http1 *f, uint64_t n)
{
    f->hole += n;
}

enum http1_event http1_finish(struct http1 *f, bool in_order)
{
    switch ((enum state)f->state) {
    case START:
    case TUNNEL:
    case LOST_LINE:
        return HTTP1_MORE;
    case LOST:
        if (f->drop_line || f->line.len == 0)
            return HTTP1_MORE;
        f->head = buf_str(&f->line);
        f->drop_line = true;
        return HTTP1_SKIPPED;
    case CLOSE:
        f->state = START;
        return in_order ? HTTP1_END : HTTP1_BROKEN;
    case HEAD:
        f->head = buf_str(&f->line);
        f->drop_line = true;
        break;
    default:
        break;
    }
    f->state = LOST;
    return HTTP1_BROKEN;
}

void http1_become_tunnel(struct http1 *f)
{
    f->state = TUNNEL;
    f->drop_line = true;
}

void http1_trust(struct http1 *f)
{
    f->trusted = true;
}

void http1_restart(struct http1 *f)
{
    f->state = START;
    f->drop_line = true;
}

void http1_lose(struct http1 *f)
{
    f->state = LOST;
    f->drop_line = true;
}

bool http1_is_idle(const struct http1 *f)
{
    return f->state == START;
}

bool http1_in_message(const struct http1 *f)
{
    return f->state >= DECIDE && f->state <= TRAILERS;
}

bool http1_is_lost(const struct http1 *f)
{
    return f->state == LOST || f->state == LOST_LINE || (f->state == HEAD && f->found);
}

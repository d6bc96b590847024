#include "core/http1.h"

#include <assert.h>

#include "core/http1_guess.h"

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

static uint64_t length_bit(struct str name)
{
    return UINT64_C(1) << (name.len < 63 ? name.len : 63);
}

void http1_want(struct http1 *f, const struct str *names, struct str *values, size_t n)
{
    f->wanted = names;
    f->found_fields = values;
    f->n_wanted = n;
    f->wanted_lengths = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] = (struct str){0};
        f->wanted_lengths |= length_bit(names[i]);
    }
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
    f->chunked = f->until_close = f->says_content = false;
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

/* Sort it in. Those beyond the ceiling are not tried. */
static void note_length(struct http1 *f, uint64_t n)
{
    unsigned i = f->n_lengths;

    for (unsigned k = 0; k < i; k++) {
        if (f->lengths[k] == n)
            return;
    }
    if (i == HTTP1_MAX_LENGTHS)
        return;
    for (; i > 0 && f->lengths[i - 1] > n; i--)
        f->lengths[i] = f->lengths[i - 1];
    f->lengths[i] = n;
    f->n_lengths++;
}

/* RFC 9110, 8.6: digits only, and where there are several they must agree. */
static void note_content_length(struct http1 *f, struct str list)
{
    while (list.data) {
        uint64_t n;

        f->has_length = true;
        if (str_to_u64(str_trim(str_cut(&list, ',')), &n) && n <= INT64_MAX)
            note_length(f, n);
        else
            f->bad_length = true;
    }
    f->bad_length |= f->n_lengths > 1;
    f->left = f->n_lengths ? f->lengths[0] : 0;
}

/* RFC 9112, 6.1: only the last coding decides about framing, and chunked may
 * not come twice; servers that say it twice have chunked once. "identity" was
 * dropped from HTTP in 2014: answers that still say it go by their length, a
 * request that does can be read in two ways. */
static enum http1_te next_te(const struct http1 *f, struct str coding)
{
    bool response = f->side == HTTP1_RESPONSES;

    if (str_ieq(coding, STR("chunked")))
        return f->last_te != TE_CHUNKED || response ? TE_CHUNKED : TE_BAD;
    if (f->last_te == TE_CHUNKED)
        return TE_BAD;
    return response && str_ieq(coding, STR("identity")) ? f->last_te : TE_OTHER;
}

static void note_transfer_encoding(struct http1 *f, struct str list)
{
    while (list.data) {
        struct str coding = str_trim(str_cut(&list, ','));

        if (coding.len == 0 || f->last_te == TE_BAD)
            continue;
        if (f->last_te == TE_CHUNKED || str_ieq(coding, STR("identity")))
            f->flags |= HTTP_TE_UNKNOWN;
        f->last_te = next_te(f, coding);
    }
}

static void note_connection(struct http1 *f, struct str list)
{
    if (http_list_has(list, STR("close")))
        f->keep_alive = false;
    else if (http_list_has(list, STR("keep-alive")))
        f->asked_keep_alive = true;
}

static void note_field(struct http1 *f, struct http_field field)
{
    for (size_t i = 0; i < f->n_wanted; i++) {
        if (!f->found_fields[i].data && str_ieq(field.name, f->wanted[i]))
            f->found_fields[i] = field.value;
    }
    switch (field.name.len) {
    case 10:
        if (str_ieq(field.name, STR("Connection")))
            note_connection(f, field.value);
        break;
    case 14:
        if (str_ieq(field.name, STR("Content-Length")))
            note_content_length(f, field.value);
        break;
    case 17:
        if (str_ieq(field.name, STR("Transfer-Encoding")))
            note_transfer_encoding(f, field.value);
        break;
    default:
        break;
    }
}

/* What is odd about how one physical line, given with its LF, ends. A CR inside
 * is looked for in the whole of a head or line: has_bare_cr(). */
static uint32_t ending_flags(struct str line)
{
    return line.len < 2 || line.data[line.len - 2] != '\r' ? HTTP_BARE_LF : 0u;
}

/* RFC 9112, 2.2: a CR that no LF follows. The last byte is a LF. */
static bool has_bare_cr(struct str lines)
{
    const char *at = lines.data, *end = lines.data + lines.len;

    while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
        if (*++at != '\n')
            return true;
    }
    return false;
}

static bool is_folded(struct str line)
{
    return line.data[0] == ' ' || line.data[0] == '\t';
}

/* What is odd about a field line, given with its LF. *name is what should be
 * its name. */
static uint32_t line_flags(struct str line, struct str *name)
{
    uint32_t flags = ending_flags(line);

    *name = str_head(line, http_token_span(line));
    if (is_folded(line))
        return flags | HTTP_OBS_FOLD;
    if (name->len == 0 || line.data[name->len] != ':') /* a LF is no token */
        return flags | HTTP_BAD_FIELD;
    return flags;
}

/* Only fields with names like these are of interest, see note_field(). */
static bool may_matter(const struct http1 *f, struct str name)
{
    char first = name.len ? str_lower(name.data[0]) : '\0';

    return ((name.len == 10 || name.len == 14) && first == 'c') ||
           (name.len == 17 && first == 't') || (f->wanted_lengths & length_bit(name));
}

/* The field of a line with a proper name, given with what follows it; most stand in
 * one line, which is cut already. */
static bool whole_field(struct str line, struct str name, struct str rest, struct http_field *field)
{
    if (rest.len > line.len && is_folded(str_skip(rest, line.len)))
        return http_next_field(&rest, field);
    field->name = name;
    field->value = str_trim(str_skip(line, name.len + 1));
    return true;
}

/* Learn from a field line, given with what follows it: others may be folded
 * onto it. What has no proper name may be a field that matters to somebody. */
static void note_line(struct http1 *f, struct str line, struct str rest, bool first)
{
    struct str name;
    uint32_t flags = line_flags(line, &name);
    struct http_field field;

    /* RFC 9112, 2.2: white space before the first field folds onto nothing. */
    if (first && is_folded(line))
        flags |= HTTP_BAD_FIELD;
    f->flags |= flags;
    if ((flags & HTTP_OBS_FOLD) && !first)
        return;
    if (flags & HTTP_BAD_FIELD ? http_next_field(&rest, &field)
                               : may_matter(f, name) && whole_field(line, name, rest, &field))
        note_field(f, field);
}

/* Read the first line of a head. False when it is not one. */
static bool read_start_line(struct http1 *f, struct str line)
{
    struct http_request_line request = {0};
    struct http_status_line status = {0};
    struct str version;

    if (f->side == HTTP1_REQUESTS) {
        if (!http_request_line(line, &request) &&
            !(f->trusted && http_garbled_line(line, &request)))
            return false;
        f->request = request;
        version = request.version;
        if (request.odd)
            f->flags |= HTTP_BAD_LINE;
        if (version.len == 0)
            f->flags |= HTTP_09;
    } else {
        if (!http_status_line(line, &status))
            return false;
        f->status = status.status;
        if (status.odd)
            f->flags |= HTTP_BAD_LINE;
        version = status.version;
    }
    f->flags |= ending_flags(line);
    f->minor = version.len == 8 ? version.data[7] - '0' : -1;
    return true;
}

/* What the fields together mean. */
static void conclude_head(struct http1 *f, unsigned lines)
{
    if (lines > HTTP1_MAX_FIELDS + 2)
        f->flags |= HTTP_HEAD_TOO_LARGE;
    if (memchr(f->head.data, '\0', f->head.len) || has_bare_cr(f->head))
        f->flags |= HTTP_BAD_FIELD;
    if (f->minor < 1 && !f->asked_keep_alive)
        f->keep_alive = false;
    if (f->last_te != TE_NONE) {
        if (f->has_length)
            f->flags |= HTTP_CL_TE;
        if (f->minor < 1)
            f->flags |= HTTP_TE_IN_10;
        if (f->last_te != TE_CHUNKED)
            f->flags |= HTTP_TE_UNKNOWN;
    }
    if (f->bad_length)
        f->flags |= HTTP_CL_CONFLICT;
}

static bool is_empty_line(struct str line)
{
    return line.len == 1 || (line.len == 2 && line.data[0] == '\r');
}

/* Learn all that framing needs and find the end, in one pass: half of the
 * time of a capture is spent here. False when the end has not come, or when
 * these bytes do not begin with a start line. */
static bool scan_head(struct http1 *f, struct str in, struct str *head)
{
    size_t at = 0;
    unsigned n;

    in = str_head(in, HTTP1_MAX_HEAD);
    for (n = 0;; n++) {
        struct str rest = str_skip(in, at);
        size_t nl = str_find(rest, '\n');
        struct str line = str_head(rest, nl + 1);

        if (nl == rest.len || (n == 0 && !read_start_line(f, line)))
            return false;
        at += line.len;
        if (n > 0 && is_empty_line(line)) {
            f->flags |= ending_flags(line);
            break;
        }
        if (n > 0)
            note_line(f, line, rest, n == 1);
        else if (f->minor < 0)
            break; /* HTTP/0.9 has no more than a line */
    }
    f->head = *head = str_head(in, at);
    conclude_head(f, n + 1);
    return true;
}

/* Tell the head at the beginning of `in`, if it is whole. */
static bool tell_head(struct http1 *f, struct str in, struct str *piece)
{
    begin_message(f);
    if (scan_head(f, in, piece)) {
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

    buf_add(&f->line, part, NULL);
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
        if (buf_add(&f->line, part, NULL) < 0)
            return broken_head(f, HTTP_HEAD_TOO_LARGE, piece);
        *in = str_skip(*in, part.len);
        head = buf_str(&f->line);
        if (is_hopeless(f, head))
            return broken(f, 0); /* the line is looked at again, as a lost one */
        if (head.data[head.len - 1] != '\n')
            return HTTP1_MORE;
        line = str_skip(head, f->scanned);
        f->scanned = head.len;
        /* The first line may be all there is: HTTP/0.9. */
        if ((line.len == head.len || is_empty_line(line)) && tell_head(f, head, piece)) {
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
        struct str line, name;

        if (buf_add(b, part, NULL) < 0) {
            b->len = f->scanned; /* whole lines, however they were split */
            return broken(f, HTTP_HEAD_TOO_LARGE);
        }
        *in = str_skip(*in, part.len);
        if (b->data[b->len - 1] != '\n')
            return HTTP1_MORE;
        line = str_from(b->data + f->scanned, b->len - f->scanned);
        if (is_empty_line(line)) {
            f->flags |= ending_flags(line);
            b->data[f->scanned] = '\0';
            b->len = f->scanned;
            f->scanned = 0;
            return end_message(f);
        }
        f->flags |= line_flags(line, &name);
        if (memchr(line.data, '\0', line.len) || has_bare_cr(line))
            f->flags |= HTTP_BAD_FIELD;
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

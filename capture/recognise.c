#include "capture/recognise.h"

/* A TLS record (RFC 8446, 5.1): a handshake at the beginning, any later. */
static enum http1_guess guess_tls(struct str b, bool midstream)
{
    unsigned char type = (unsigned char)b.data[0];

    if (midstream ? type < 20 || type > 23 : type != 22)
        return HTTP1_NO;
    if (b.len < 3)
        return HTTP1_TOO_SHORT;
    return b.data[1] == 3 && (unsigned char)b.data[2] <= 4 ? HTTP1_YES : HTTP1_NO;
}

/* ClientHello is message 1 of a handshake, ServerHello message 2 (RFC 8446, 4). */
static unsigned tls_role(struct str b)
{
    if (b.len < 6 || b.data[0] != 22)
        return FROM_EITHER;
    return b.data[5] == 1 ? FROM_CLIENT : b.data[5] == 2 ? FROM_SERVER : FROM_EITHER;
}

static enum http1_guess guess_preface(struct str b)
{
    struct str preface = HTTP2_PREFACE;

    if (!str_eq(str_head(b, preface.len), str_head(preface, b.len)))
        return HTTP1_NO;
    return b.len >= preface.len ? HTTP1_YES : HTTP1_TOO_SHORT;
}

/* ---- HTTP/2 in mid-stream ---------------------------------------------------- */

/* Five frames in a row that RFC 9113, 4.1 and 6 allow are not there by chance. */
enum { FRAME_HEADER = 9, FRAMES_WANTED = 5, FRAME_MAX = 16384 };

struct frame {
    uint32_t length, stream;
    uint8_t type, flags;
};

/* By frame type: the flags it knows, its length, and whether it belongs to a
 * stream; WINDOW_UPDATE may do either. */
static const struct frame_rule {
    uint8_t flags;
    uint16_t min, max, unit;
    bool on_stream, on_connection;
} frame_rules[] = {
    {0x09, 0, FRAME_MAX, 1, true, false}, /* DATA */
    {0x2d, 1, FRAME_MAX, 1, true, false}, /* HEADERS */
    {0x00, 5, 5, 1, true, false},         /* PRIORITY */
    {0x00, 4, 4, 1, true, false},         /* RST_STREAM */
    {0x01, 0, 60, 6, false, true},        /* SETTINGS */
    {0x0c, 5, FRAME_MAX, 1, true, false}, /* PUSH_PROMISE */
    {0x01, 8, 8, 1, false, true},         /* PING */
    {0x00, 8, FRAME_MAX, 1, false, true}, /* GOAWAY */
    {0x00, 4, 4, 1, true, true},          /* WINDOW_UPDATE */
    {0x04, 1, FRAME_MAX, 1, true, false}, /* CONTINUATION */
};

static struct frame read_frame(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;

    return (struct frame){
        .length = (uint32_t)(b[0] << 16 | b[1] << 8 | b[2]),
        .type = b[3],
        .flags = b[4],
        .stream = (uint32_t)b[5] << 24 | (uint32_t)(b[6] << 16 | b[7] << 8 | b[8]),
    };
}

/* Streams of clients are odd; even ones are pushed, which nobody does any more. */
static bool is_frame(const struct frame *f)
{
    const struct frame_rule *rule = frame_rules;

    if (f->type >= sizeof frame_rules / sizeof *frame_rules)
        return false;
    rule += f->type;
    if ((f->flags & ~rule->flags) || f->length < rule->min || f->length > rule->max ||
        f->length % rule->unit)
        return false;
    return f->stream ? rule->on_stream && f->stream % 2 && !(f->stream >> 31) : rule->on_connection;
}

/* A HEADERS frame that begins with a pseudo-header of the static table, as
 * nearly all do (RFC 7541, appendix A: :method to :status), says it alone. */
static bool begins_headers(const struct frame *f, struct str b)
{
    size_t at = FRAME_HEADER + (f->flags & 0x08 ? 1u : 0u) + (f->flags & 0x20 ? 5u : 0u);
    unsigned char first = at < b.len ? (unsigned char)b.data[at] : 0;

    return f->type == 1 && f->stream >> 24 == 0 && first >= 0x82 && first <= 0x8e;
}

static enum http1_guess guess_frames(struct str b)
{
    if (b.data[0] != '\0') /* a frame of 64 kB or more, or text */
        return HTTP1_NO;
    for (int n = 0; n < FRAMES_WANTED; n++) {
        struct frame f;

        if (b.len < FRAME_HEADER)
            return HTTP1_TOO_SHORT;
        f = read_frame(b.data);
        if (!is_frame(&f))
            return HTTP1_NO;
        if (begins_headers(&f, b))
            return HTTP1_YES;
        b = str_skip(b, FRAME_HEADER + f.length);
    }
    return HTTP1_YES;
}

/* A server's first frame is SETTINGS (RFC 9113, 3.4). */
static enum http1_guess guess_http2(struct str b, unsigned senders, bool midstream)
{
    enum http1_guess preface = senders & FROM_CLIENT ? guess_preface(b) : HTTP1_NO;
    struct frame f;

    if (preface != HTTP1_NO)
        return preface;
    if (midstream)
        return guess_frames(b);
    if (!(senders & FROM_SERVER) || b.data[0] != '\0')
        return HTTP1_NO;
    if (b.len < FRAME_HEADER)
        return HTTP1_TOO_SHORT;
    f = read_frame(b.data);
    return f.type == 4 && f.flags == 0 && is_frame(&f) ? HTTP1_YES : HTTP1_NO;
}

/* ---- PROXY headers ------------------------------------------------------------- */

/* Version 1: "PROXY", words and a line break, 107 bytes at most. */
static enum http1_guess guess_proxy_line(struct str b, size_t *length)
{
    enum { MAX_LINE = 107 };
    static const struct str begins[] = {
        STR_INIT("PROXY TCP4 "),
        STR_INIT("PROXY TCP6 "),
        STR_INIT("PROXY UNKNOWN"),
    };
    struct str line = str_head(b, MAX_LINE);

    *length = str_find(line, '\n') + 1;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        if (!str_eq(str_head(b, begins[i].len), str_head(begins[i], b.len)))
            continue;
        if (*length <= line.len)
            return HTTP1_YES;
        return b.len < MAX_LINE ? HTTP1_TOO_SHORT : HTTP1_NO;
    }
    return HTTP1_NO;
}

/* Version 2: twelve bytes, version, family, and how much follows. */
static enum http1_guess guess_proxy_block(struct str b, size_t *length)
{
    enum { HEADER = 16 };
    struct str begins = STR("\r\n\r\n\0\r\nQUIT\n");

    if (!str_eq(str_head(b, begins.len), str_head(begins, b.len)))
        return HTTP1_NO;
    if (b.len < HEADER)
        return HTTP1_TOO_SHORT;
    if (((unsigned char)b.data[12] & 0xf0) != 0x20)
        return HTTP1_NO;
    *length = HEADER + ((size_t)(unsigned char)b.data[14] << 8 | (unsigned char)b.data[15]);
    return b.len < *length ? HTTP1_TOO_SHORT : HTTP1_YES;
}

enum http1_guess recognise_proxy_header(struct str first, size_t *length)
{
    enum http1_guess line = guess_proxy_line(first, length);

    return line != HTTP1_NO ? line : guess_proxy_block(first, length);
}

/* ---- all of them -------------------------------------------------------------- */

/* In mid-stream this may be the end of some content, joined to a request: only a
 * method that is registered is believed there. */
static enum http1_guess guess_request(struct str b, bool midstream)
{
    enum http1_guess guess = http1_guess(HTTP1_REQUESTS, b);

    return midstream && guess == HTTP1_YES && !http1_is_request(b) ? HTTP1_NO : guess;
}

enum protocol recognise(struct str first, unsigned senders, bool midstream, unsigned *role)
{
    enum http1_guess tls = guess_tls(first, midstream);
    enum http1_guess http2 = guess_http2(first, senders, midstream);
    enum http1_guess request = HTTP1_NO, response = HTTP1_NO;

    *role = FROM_EITHER;
    if (senders & FROM_CLIENT)
        request = guess_request(first, midstream);
    if (senders & FROM_SERVER)
        response = http1_guess(HTTP1_RESPONSES, first);
    if (tls == HTTP1_YES) {
        *role = tls_role(first);
        return PROTOCOL_TLS;
    }
    if (http2 == HTTP1_YES) {
        *role = first.data[0] == 'P' ? FROM_CLIENT : midstream ? FROM_EITHER : FROM_SERVER;
        return PROTOCOL_HTTP2;
    }
    /* The HTTP/2 preface begins like a request. */
    if ((request == HTTP1_YES && http2 == HTTP1_NO) || response == HTTP1_YES) {
        *role = request == HTTP1_YES ? FROM_CLIENT : FROM_SERVER;
        return PROTOCOL_HTTP;
    }
    if (tls == HTTP1_TOO_SHORT || http2 == HTTP1_TOO_SHORT || request == HTTP1_TOO_SHORT ||
        response == HTTP1_TOO_SHORT)
        return PROTOCOL_UNKNOWN;
    return PROTOCOL_OTHER;
}

bool recognise_garbled(struct str first)
{
    struct http_request_line line;

    return http_garbled_line(first, &line);
}

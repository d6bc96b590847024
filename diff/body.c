#include "diff/body.h"

#include "core/coding.h"
#include "core/multipart.h"
#include "core/utf8.h"
#include "diff/charset.h"
#include "diff/tree_reader.h"

enum { KEEP_DECODED = 1024 * 1024, LOOK_AT = 4096 };

void body_init(struct body *b)
{
    *b = (struct body){0};
    buf_init(&b->decoded, BODY_MAX_DECODED);
    buf_init(&b->text, BODY_MAX_DECODED);
    arena_init(&b->mem, BODY_MAX_TREE);
}

void body_release(struct body *b)
{
    buf_release(&b->decoded);
    buf_release(&b->text);
    arena_release(&b->mem);
}

/* Forget the content before, but keep memory that is not much. */
static struct buf emptied(struct buf b)
{
    if (b.cap > KEEP_DECODED)
        buf_release(&b);
    buf_reset(&b);
    return b;
}

static void reset(struct body *b)
{
    arena_reset(&b->mem);
    *b = (struct body){
        .own = b->own, .decoded = emptied(b->decoded), .text = emptied(b->text), .mem = b->mem};
}

/* All lines of Content-Encoding as one list (RFC 9110, 5.3); nearly always
 * there is one line, or none. */
static int find_coding(struct body *b, struct str head, struct err *e)
{
    struct str rest = http_fields(head);
    struct http_field f;
    struct buf joined;
    int rc = 0;

    buf_init(&joined, head.len * 2);
    while (rc == 0 && http_next_field(&rest, &f)) {
        if (!str_ieq(f.name, STR("content-encoding")))
            continue;
        if (!b->coding.data) {
            b->coding = f.value;
            continue;
        }
        buf_reset(&joined);
        rc = buf_add(&joined, b->coding, e) < 0 || buf_add(&joined, STR(", "), e) < 0 ||
                     buf_add(&joined, f.value, e) < 0 ||
                     arena_dup(&b->mem, buf_str(&joined), &b->coding, e) < 0
                 ? -1
                 : 0;
    }
    buf_release(&joined);
    return rc;
}

int body_set(struct body *b, const struct http_message *m, struct err *e)
{
    struct str type;

    reset(b);
    b->raw = m->body;
    b->cut = (m->flags & HTTP_TRUNCATED) != 0;
    b->size = m->body_size;
    b->hash = m->body_hash;
    if (http_find_field(m->head, STR("content-type"), &type)) {
        b->type = type;
        b->media = str_trim(str_cut(&type, ';'));
    }
    return find_coding(b, m->head, e);
}

int body_set_stream(struct body *b, const struct http_message *m, struct err *e)
{
    if (body_set(b, m, e) < 0)
        return -1;
    b->stream_cut = true;
    return 0;
}

static int decode(struct body *b, struct err *e)
{
    b->bytes = b->raw;
    b->content = BODY_READY;
    if (b->raw.len == 0 || coding_is_identity(b->coding))
        return 0;
    switch (coding_decode(b->coding, b->raw, &b->decoded, e)) {
    case CODING_OK:
        b->bytes = buf_str(&b->decoded);
        return 0;
    case CODING_UNKNOWN:
        b->content = BODY_UNKNOWN_CODING;
        return 0;
    case CODING_NOMEM:
        return -1;
    case CODING_CORRUPT:
    case CODING_TOO_LARGE:
        break;
    }
    b->content = BODY_CORRUPT;
    return 0;
}

static bool is_text(const struct body *b)
{
    return b->content == BODY_READY &&
           (body_says_text(b) || body_says_json(b) || body_says_fields(b));
}

/* Only text has a charset. What it does not have is compared byte by byte. */
static int read_text(struct body *b, struct err *e)
{
    struct str charset = {0};

    if (b->content != BODY_READY || !(body_says_text(b) || body_says_json(b)))
        return 0;
    multipart_parameter(b->type, STR("charset"), &charset);
    switch (charset_read(charset, b->bytes, &b->text, e)) {
    case CHARSET_READ:
        b->bytes = buf_str(&b->text);
        return 0;
    case CHARSET_NOMEM:
        return -1;
    case CHARSET_UNKNOWN:
    case CHARSET_BROKEN:
        b->charset_unknown = true;
        return 0;
    case CHARSET_SAME:
        break;
    }
    return 0;
}

int body_decode(struct body *b, struct err *e)
{
    if (b->content != BODY_ASLEEP)
        return 0;
    if (decode(b, e) < 0)
        return -1;
    if (!is_text(b) && !(b->content == BODY_READY && body_looks_like_text(b)))
        return 0;
    if (b->stream_cut)
        b->bytes = tree_events_whole(b->bytes);
    return read_text(b, e) < 0 ? -1 : own_address_hide(b->own, b->bytes, &b->mem, &b->bytes, e);
}

/* An arena at its ceiling is a large body; an arena below it is a machine
 * without memory. */
static bool tree_is_full(const struct body *b)
{
    return b->mem.used > b->mem.max / 2;
}

int body_parse(struct body *b, struct err *e)
{
    const struct tree_reader *reader = tree_reader_for(b->media);
    struct err why = {0};

    if (b->parsed != BODY_NOT_PARSED)
        return 0;
    b->tree = reader                    ? reader->read(b->type, b->bytes, &b->mem, &why)
              : body_says_json_lines(b) ? json_parse_sequence(b->bytes, &b->mem, &b->fault, &why)
                                        : json_parse(b->bytes, &b->mem, &b->fault, &why);
    if (b->tree) {
        b->parsed = BODY_JSON;
        return 0;
    }
    if (why.kind == ERR_NOMEM && !tree_is_full(b))
        return err_set(e, ERR_NOMEM, "%s", why.text);
    b->parsed = why.kind == ERR_NOMEM ? BODY_TOO_LARGE
                : b->fault.too_deep   ? BODY_TOO_DEEP
                                      : BODY_NOT_JSON;
    return 0;
}

bool body_says_json(const struct body *b)
{
    struct str m = b->media;

    return str_ieq(m, STR("application/json")) || str_ieq(m, STR("text/json")) ||
           (m.len > 5 && str_ieq(str_skip(m, m.len - 5), STR("+json")));
}

bool body_says_fields(const struct body *b)
{
    return tree_reader_for(b->media) != NULL;
}

bool body_says_json_lines(const struct body *b)
{
    static const struct str types[] = {
        STR_INIT("application/x-ndjson"),      STR_INIT("application/ndjson"),
        STR_INIT("application/jsonl"),         STR_INIT("application/x-jsonlines"),
        STR_INIT("application/jsonlines"),     STR_INIT("application/json-seq"),
        STR_INIT("application/x-json-stream"),
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (str_ieq(b->media, types[i]))
            return true;
    }
    return false;
}

bool body_says_text(const struct body *b)
{
    static const struct str others[] = {
        STR_INIT("application/xml"),        STR_INIT("application/javascript"),
        STR_INIT("application/x-ndjson"),   STR_INIT("application/ndjson"),
        STR_INIT("application/yaml"),       STR_INIT("application/x-yaml"),
        STR_INIT("application/graphql"),    STR_INIT("application/x-www-form-urlencoded"),
        STR_INIT("application/ecmascript"),
    };

    if (str_istarts(b->media, STR("text/")) ||
        (b->media.len > 4 && str_ieq(str_skip(b->media, b->media.len - 4), STR("+xml"))))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (str_ieq(b->media, others[i]))
            return true;
    }
    return false;
}

bool body_smells_of_json(const struct body *b)
{
    size_t i = str_starts(b->bytes, STR("\xef\xbb\xbf")) ? 3 : 0;

    while (i < b->bytes.len && str_find(STR(" \t\r\n"), b->bytes.data[i]) < 4)
        i++;
    return i < b->bytes.len && (b->bytes.data[i] == '{' || b->bytes.data[i] == '[');
}

bool body_looks_like_text(const struct body *b)
{
    struct str s = str_head(b->bytes, LOOK_AT);

    for (size_t i = 0; i < s.len;) {
        size_t n = utf8_len(s.data + i, b->bytes.len - i);
        unsigned char c = (unsigned char)s.data[i];

        if (n == 0 || c == 0x7f || (c < 0x20 && str_find(STR("\t\n\r\f\x1b"), (char)c) == 5))
            return false;
        i += n;
    }
    return true;
}

#include "capture/blank_json.h"
#include "capture/redaction.h"
#include "core/coding.h"
#include "core/multipart.h"

static bool type_has(const struct http_message *m, const char *word)
{
    struct str type, want = str_of(word);

    if (!http_find_field(m->head, STR("Content-Type"), &type))
        return false;
    for (; type.len >= want.len; type = str_skip(type, 1)) {
        if (str_istarts(type, want))
            return true;
    }
    return false;
}

/* Behind blanks, byte order marks, and the other halves of wide characters. */
static char first_char(struct str body)
{
    struct str marks = STR("\xef\xbb\xbf\xfe\xff\0");

    while (body.len && (str_is_blank(body.data[0]) || str_find(marks, body.data[0]) < marks.len))
        body = str_skip(body, 1);
    return body.len ? body.data[0] : '\0';
}

static bool looks_like_json(struct str body)
{
    char c = first_char(body);

    return c == '{' || c == '[';
}

/* The value in a line of an event stream; any other line is one itself. */
static struct str line_value(struct str line)
{
    static const struct str names[] = {STR_INIT("data:"), STR_INIT("id:"), STR_INIT("event:")};

    line = str_trim(line);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_starts(line, names[i]))
            return str_trim(str_skip(line, names[i].len));
    }
    return line;
}

/* May what is no JSON hold some nevertheless? Many streams end with [DONE]. */
static bool may_hold_json(struct str line)
{
    return str_find_any(line, STR("{[")) < line.len && !str_eq(line, STR("[DONE]"));
}

/* One JSON text a line, or behind "data:" (JSON Lines, server-sent events). A
 * line that is none and may hold some makes it unreadable. */
static enum blank_result blank_lines(struct redaction *r, struct str text, struct buf *out)
{
    enum blank_result all = BLANK_NONE;

    while (text.len) {
        struct str line = str_head(text, str_find(text, '\n') + 1);
        struct str value = line_value(line);
        size_t before;
        enum blank_result one;

        text = str_skip(text, line.len);
        before = value.len ? (size_t)(value.data - line.data) : line.len;
        redact_put(r, out, str_head(line, before));
        one = value.len ? blank_json(r->paths, r->n_paths, value, out, r->path_found) : BLANK_NONE;
        if (one == BLANK_NOMEM || (one == BLANK_NOT_JSON && may_hold_json(value)))
            return one;
        if (one != BLANK_SOME)
            redact_put(r, out, value);
        redact_put(r, out, str_skip(line, before + value.len));
        all = one == BLANK_SOME ? one : all;
    }
    return all;
}

/* Does it begin with a name and an equals sign? */
static bool looks_like_form(struct str body)
{
    size_t end = str_find_any(body, STR("=\"<{ \t\r\n"));

    return end > 0 && end < body.len && body.data[end] == '=';
}

/* Senders that say nothing of the type, or that it is text or bytes, as some do of
 * whatever they are given, mean a form where it looks like one. */
static bool may_be_form(const struct http_message *m)
{
    struct str type;

    return !http_find_field(m->head, STR("Content-Type"), &type) || type.len == 0 ||
           type_has(m, "x-www-form-urlencoded") || type_has(m, "text/plain") ||
           type_has(m, "application/octet-stream");
}

static bool is_form(const struct http_message *m, struct str body)
{
    return type_has(m, "x-www-form-urlencoded") || (may_be_form(m) && looks_like_form(body));
}

static bool is_multipart(const struct http_message *m)
{
    return type_has(m, "multipart/");
}

static bool is_media(const struct http_message *m)
{
    return type_has(m, "image/") || type_has(m, "audio/") || type_has(m, "video/") ||
           type_has(m, "font/");
}

static enum blank_result blank_form(struct redaction *r, const struct http_message *m,
                                    struct str text, struct buf *out)
{
    size_t start = out->len;

    redact_put_parameters(
        r, text, type_has(m, "x-www-form-urlencoded") ? &redact_in_form : &redact_in_text, out);
    return str_eq(str_skip(buf_str(out), start), text) ? BLANK_NONE : BLANK_SOME;
}

static enum blank_result blank_text(struct redaction *r, const struct http_message *m,
                                    struct str text, struct buf *out)
{
    size_t start = out->len;
    enum blank_result result;

    if (r->has[REDACT_QUERY] && is_form(m, text))
        return blank_form(r, m, text, out);
    if (!r->has[REDACT_JSON])
        return BLANK_NONE;
    result = blank_json(r->paths, r->n_paths, text, out, r->path_found);
    if (result != BLANK_NOT_JSON)
        return result;
    if (!looks_like_json(text) && !type_has(m, "json") && !type_has(m, "event-stream"))
        return BLANK_NONE;
    out->len = start;
    result = blank_lines(r, text, out);
    /* A single unreadable line is no JSON Lines: what says JSON and is none. */
    return result == BLANK_NONE && !type_has(m, "event-stream") && !looks_like_json(text)
               ? BLANK_NOT_JSON
               : result;
}

/* Is a part the field of a form that was named? */
static bool is_named_part(struct redaction *r, const struct http_message *part)
{
    struct str disposition, name;

    return r->has[REDACT_QUERY] &&
           http_find_field(part->head, STR("Content-Disposition"), &disposition) &&
           multipart_parameter(disposition, STR("name"), &name) && redact_is_parameter(r, name);
}

/* The content of a part may be anything that a body may be, but for parts. */
static enum blank_result blank_part(struct redaction *r, const struct multipart_part *part,
                                    struct buf *out)
{
    const struct http_message m = {.head = part->head}; /* the delimiter is its first line */
    size_t start = out->len;
    enum blank_result result = BLANK_NONE;

    if (part->content.len == 0)
        return BLANK_NONE;
    if (is_named_part(r, &m)) {
        redact_put_mask(r, out);
        return BLANK_SOME;
    }
    if (is_multipart(&m))
        result = BLANK_NOT_JSON;
    else if (type_has(&m, "json") || type_has(&m, "x-www-form-urlencoded"))
        result = blank_text(r, &m, part->content, out);
    else if (r->has[REDACT_JSON] && looks_like_json(part->content))
        result = blank_json(r->paths, r->n_paths, part->content, out, r->path_found);
    if (result == BLANK_SOME || result == BLANK_NOMEM)
        return result;
    out->len = start;
    if (result == BLANK_NONE) {
        redact_put(r, out, part->content);
        return BLANK_NONE;
    }
    redact_put_mask(r, out);
    r->blanked = true;
    return BLANK_SOME;
}

static enum blank_result blank_parts(struct redaction *r, const struct http_message *m,
                                     struct str text, struct buf *out)
{
    enum blank_result all = BLANK_NONE;
    struct multipart parts;
    struct multipart_part part;
    struct str type = {0};

    http_find_field(m->head, STR("Content-Type"), &type);
    multipart_begin(&parts, type, text);
    while (all != BLANK_NOMEM && multipart_next(&parts, &part)) {
        enum blank_result one;

        redact_put(r, out, part.before);
        one = blank_part(r, &part, out);
        all = one == BLANK_NONE ? all : one;
    }
    redact_put(r, out, parts.rest);
    return all == BLANK_NOMEM || parts.closed ? all : BLANK_NOT_JSON;
}

/* Could it hold what is to be blanked, as far as its head tells? What is coded or
 * has lost bytes, be it the first, tells no more. */
static bool may_hold(const struct redaction *r, const struct http_message *m, bool coded)
{
    bool looks = !coded && !m->gap_bytes;

    if (is_multipart(m) || (r->has[REDACT_QUERY] && (looks ? is_form(m, m->body) : may_be_form(m))))
        return true;
    if (!r->has[REDACT_JSON])
        return false;
    return type_has(m, "json") || type_has(m, "event-stream") ||
           (looks ? looks_like_json(m->body) : !is_media(m));
}

/* All lines are one list (RFC 9110, 5.3). */
static struct str content_coding(struct redaction *r, const struct http_message *m)
{
    struct str rest = http_fields(m->head);
    struct http_field field;

    buf_reset(&r->head);
    while (http_next_field(&rest, &field)) {
        if (!str_ieq(field.name, STR("Content-Encoding")))
            continue;
        redact_put(r, &r->head, r->head.len ? STR(",") : STR(""));
        redact_put(r, &r->head, field.value);
    }
    return buf_str(&r->head);
}

/* Fill r->body with what the body becomes. */
static enum blank_result blank_body(struct redaction *r, const struct http_message *m,
                                    struct redact_change *change)
{
    struct str coding = content_coding(r, m), text = m->body;
    bool coded = !coding_is_identity(coding);
    enum blank_result result;

    buf_reset(&r->body);
    buf_reset(&r->text);
    if (!m->complete || m->body_size > m->body.len)
        return may_hold(r, m, coded) ? BLANK_NOT_JSON : BLANK_NONE;
    if (coded) {
        if (coding_decode(coding, m->body, &r->text, NULL) != CODING_OK)
            return may_hold(r, m, coded) ? BLANK_NOT_JSON : BLANK_NONE;
        text = buf_str(&r->text);
    }
    result = is_multipart(m) ? blank_parts(r, m, text, &r->body) : blank_text(r, m, text, &r->body);
    change->decoded = coded && result == BLANK_SOME;
    return result;
}

int redact_body(struct redaction *r, struct exchange *x, struct http_message *m,
                struct redact_change *change, struct err *e)
{
    *change = (struct redact_change){.before = m->body_size};
    if (m->body.len == 0 || !(r->has[REDACT_JSON] || r->has[REDACT_QUERY]))
        return 0;
    switch (blank_body(r, m, change)) {
    case BLANK_NONE:
        return 0;
    case BLANK_NOMEM:
        return err_nomem(e, "redacting a body");
    case BLANK_NOT_JSON: /* it may hold anything */
        buf_reset(&r->body);
        redact_put_mask(r, &r->body);
        r->blanked = true;
        change->decoded = true;
        break;
    default:
        r->decoded |= change->decoded;
        break;
    }
    if (redact_keep(r, x, &r->body, &m->body, e) < 0)
        return -1;
    change->changed = true;
    change->now = m->body_size = m->body.len;
    m->body_hash = 0; /* a hash of few possible values gives them away */
    m->gap_bytes = 0;
    return 0;
}

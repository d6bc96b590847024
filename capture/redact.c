#include "capture/redact.h"

#include "capture/blank_json.h"
#include "core/buf.h"
#include "core/coding.h"
#include "core/mem.h"
#include "core/multipart.h"

/* DESIGN
 *
 * A message is rewritten line by line into a buffer and kept from there, so
 * bytes that are not copied on purpose cannot survive. The body comes first: if
 * its length changes, Content-Length says the new one, so that a copy of the
 * request is framed as before. A coded body (gzip) in which something is found
 * is kept decoded, without Content-Encoding.
 *
 * Names of fields, cookies and parameters are compared without case; names in
 * JSON are what they are. */

enum kind { KIND_FIELD, KIND_COOKIE, KIND_QUERY, KIND_JSON };

struct name {
    enum kind kind;
    struct str text; /* without its prefix */
    uint64_t hits;
};

struct redaction {
    size_t n;
    struct name name[REDACT_MAX_NAMES];
    const char *const *written; /* as they were given */
    struct json_path *paths;    /* of those of KIND_JSON, in order */
    size_t n_paths;
    bool has[KIND_JSON + 1];

    /* Of the exchange at hand. */
    bool found[REDACT_MAX_NAMES];
    bool path_found[REDACT_MAX_NAMES];
    bool blanked, decoded;
    bool failed; /* no memory */
    struct buf head, body, text;
};

/* What a message's body became. */
struct change {
    bool changed, decoded;
    uint64_t before, now; /* lengths */
};

enum { HEAD_MAX = 8 << 20, BODY_MAX = 1 << 30 };

/* ---- names -------------------------------------------------------------------- */

static const struct {
    struct str prefix;
    enum kind kind;
} prefixes[] = {
    {STR_INIT("cookie:"), KIND_COOKIE},
    {STR_INIT("query:"), KIND_QUERY},
};

static int read_name(struct redaction *r, const char *written, struct err *e)
{
    struct name *name = &r->name[r->n];
    struct str text = str_of(written);

    *name = (struct name){.kind = KIND_FIELD, .text = text};
    if (str_starts(text, STR("$"))) {
        name->kind = KIND_JSON;
        if (json_path_parse(&r->paths[r->n_paths++], text, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (str_istarts(text, prefixes[i].prefix)) {
            name->kind = prefixes[i].kind;
            name->text = str_skip(text, prefixes[i].prefix.len);
        }
    }
    if (name->text.len == 0 || (name->kind == KIND_FIELD && !http_is_token(text)))
        return err_set(
            e, ERR_USAGE,
            "--redact: \"%s\" is no field name, cookie:NAME, query:NAME or JSON path ($.name)",
            written);
    r->has[name->kind] = true;
    r->n++;
    return 0;
}

struct redaction *redaction_new(const char *const *names, size_t n, struct err *e)
{
    struct redaction *r = mem_zalloc(sizeof *r);

    if (r)
        r->paths = mem_array(n ? n : 1, sizeof *r->paths);
    if (!r || !r->paths) {
        redaction_free(r);
        err_nomem(e, "preparing --redact");
        return NULL;
    }
    r->written = names;
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->body, BODY_MAX);
    buf_init(&r->text, REDACT_MAX_TEXT);
    if (n > REDACT_MAX_NAMES) {
        err_set(e, ERR_USAGE, "--redact: more than %d names", REDACT_MAX_NAMES);
        n = 0;
        r->failed = true;
    }
    for (size_t i = 0; i < n && !r->failed; i++)
        r->failed = read_name(r, names[i], e) < 0;
    if (!r->failed)
        return r;
    redaction_free(r);
    return NULL;
}

void redaction_free(struct redaction *r)
{
    if (!r)
        return;
    buf_release(&r->head);
    buf_release(&r->body);
    buf_release(&r->text);
    mem_free(r->paths);
    mem_free(r);
}

uint64_t redaction_hits(const struct redaction *r, size_t i)
{
    return r->name[i].hits;
}

/* `token` means token[] and token[0] too, which is how arrays are written. */
static bool is_named(const struct name *name, struct str text)
{
    if (name->kind == KIND_QUERY && name->text.len < text.len && text.data[name->text.len] == '[')
        text = str_head(text, name->text.len);
    return str_ieq(name->text, text);
}

/* Is this one of the names of a kind? */
static bool is_wanted(struct redaction *r, enum kind kind, struct str text)
{
    bool wanted = false;

    for (size_t i = 0; i < r->n; i++) {
        if (r->name[i].kind == kind && is_named(&r->name[i], text))
            wanted = r->found[i] = true; /* others may mean the same */
    }
    return wanted;
}

/* ---- writing ------------------------------------------------------------------ */

static void put(struct redaction *r, struct buf *out, struct str s)
{
    if (buf_add(out, s, NULL) < 0)
        r->failed = true;
}

static void put_mask(struct redaction *r, struct buf *out)
{
    put(r, out, STR(REDACT_MASK));
}

/* ---- parameters --------------------------------------------------------------- */

/* A parameter's name as a server reads it: %XX and + undone. */
static struct str decode_name(struct str raw, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.len && n < room; i++) {
        int byte = str_percent_value(str_skip(raw, i));
        char c = raw.data[i];

        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    return str_from(out, n);
}

/* Where the first of `set` stands, or the end. */
static size_t find_any(struct str s, struct str set)
{
    size_t at = 0;

    while (at < s.len && str_find(set, s.data[at]) == set.len)
        at++;
    return at;
}

static bool is_parameter(struct redaction *r, struct str raw)
{
    char name[512];

    /* Some servers leave out blanks around it. */
    return is_wanted(r, KIND_QUERY, str_trim(decode_name(raw, name, sizeof name)));
}

/* What stands between names and values at the beginning of `s`, or length 0. It
 * is encoded where a URL is the value of a parameter of another. */
struct separator {
    char c;
    size_t length;
};

static struct separator separator(struct str s)
{
    static const struct str raw = STR_INIT("=&;#? \t\r\n"), encoded = STR_INIT("=&;#?");
    int byte = str_percent_value(s);

    if (byte >= 0 && str_find(encoded, (char)byte) < encoded.len)
        return (struct separator){(char)byte, 3};
    if (s.len && str_find(raw, s.data[0]) < raw.len)
        return (struct separator){s.data[0], 1};
    return (struct separator){0};
}

/* Where parameters are looked for: `inside` it begins with one, else they begin
 * behind the first ? or #. Some servers take ; for &, others for a part of the
 * value, and some clients leave blanks in it: a value goes up to &. */
struct place {
    bool inside;
    const char *value_ends;
};

static const struct place in_form = {true, "&"}, in_text = {true, "&\r\n"},
                          in_target = {false, "&"}, in_field = {false, "&#"},
                          in_cookies = {false, "&#;"};

/* Copy text, blanking parameters. */
static void put_parameters(struct redaction *r, struct str in, const struct place *place,
                           struct buf *out)
{
    bool inside = place->inside, named;
    struct separator by;

    while (in.len) {
        size_t end = 0;

        while ((by = separator(str_skip(in, end))).length == 0 && end < in.len)
            end++;
        named = inside && by.c == '=' && is_parameter(r, str_head(in, end));
        inside |= by.c == '?' || by.c == '#';
        put(r, out, str_head(in, end + by.length));
        in = str_skip(in, end + by.length);
        if (!named)
            continue;
        put_mask(r, out);
        in = str_skip(in, find_any(in, str_of(place->value_ends)));
    }
}

/* The target is what stands before the last word that says a version, if there is one. */
static void put_request_line(struct redaction *r, struct str line, struct buf *out)
{
    size_t target = line.len;

    while (target && (line.data[target - 1] == '\n' || line.data[target - 1] == '\r'))
        target--;
    for (size_t at = 0; at < line.len; at++) {
        if (str_istarts(str_skip(line, at), STR(" HTTP/")))
            target = at;
    }
    put_parameters(r, str_head(line, target), &in_target, out);
    put(r, out, str_skip(line, target));
}

/* ---- cookies ------------------------------------------------------------------ */

/* How long the value of a cookie is that begins at `in`: up to a semicolon, but
 * a quoted one may hold such. */
static size_t cookie_value(struct str in)
{
    size_t from = 0, close;

    while (from < in.len && str_is_blank(in.data[from]))
        from++;
    if (from == in.len || in.data[from] != '"')
        return str_find(in, ';');
    for (close = from + 1; close < in.len && in.data[close] != '"'; close++)
        close += in.data[close] == '\\'; /* RFC 2109 had escapes */
    return close < in.len ? close + str_find(str_skip(in, close), ';') : str_find(in, ';');
}

/* Copy a list of cookies; `one`: only the first is a cookie, attributes follow
 * it (RFC 6265, 4.1.1 and 4.2.1). Fields that were joined have commas between
 * (RFC 9110, 5.3), which a value may hold too: it is blanked up to a semicolon. */
static void put_cookies(struct redaction *r, struct str in, bool one, struct buf *out)
{
    bool cookie = true;

    while (in.len) {
        size_t end = find_any(in, STR(";,")), equals = str_find(str_head(in, end), '=');

        if (cookie && equals < end && is_wanted(r, KIND_COOKIE, str_trim(str_head(in, equals)))) {
            end = equals + 1 + cookie_value(str_skip(in, equals + 1));
            put(r, out, str_head(in, equals + 1));
            put_mask(r, out);
        } else {
            put(r, out, str_head(in, end));
        }
        put(r, out, str_head(str_skip(in, end), 1));
        cookie = !one || (end < in.len && in.data[end] == ',');
        in = str_skip(in, end + 1);
    }
}

/* ---- fields ------------------------------------------------------------------- */

/* One field line with the lines folded onto it, all of its bytes. */
static struct str cut_field(struct str *rest)
{
    struct str line = *rest;
    size_t end = 0;

    do {
        end += str_find(str_skip(line, end), '\n') + 1;
    } while (end < line.len && (line.data[end] == ' ' || line.data[end] == '\t'));
    line = str_head(line, end);
    *rest = str_skip(*rest, line.len);
    return line;
}

/* The name of a field that begins there, as lax readers see it: without what
 * cannot be part of one. */
static struct str field_name(struct str s)
{
    while (s.len && http_token_span(s) == 0)
        s = str_skip(s, 1);
    return str_head(s, http_token_span(s));
}

/* A CR or NUL inside: to some readers a field of its own begins behind it. */
static bool hides_a_field(struct redaction *r, struct str value)
{
    static const struct str breaks = STR_INIT("\r\n\0");
    size_t at, colon;

    while ((at = find_any(value, breaks)) < value.len) {
        struct str line;

        value = str_skip(value, at + 1);
        line = str_head(value, find_any(value, breaks));
        colon = str_find(line, ':');
        if (colon < line.len && is_wanted(r, KIND_FIELD, field_name(str_head(line, colon))))
            return true;
    }
    return false;
}

static bool sets_cookie(struct str name)
{
    return str_ieq(name, STR("Set-Cookie")) || str_ieq(name, STR("Set-Cookie2"));
}

static void put_text(struct redaction *r, struct str text, const struct place *place,
                     struct buf *out)
{
    if (r->has[KIND_QUERY]) /* any field may hold a URL */
        put_parameters(r, text, place, out);
    else
        put(r, out, text);
}

/* Cookies, and URLs in what is left of them. */
static void put_cookie_field(struct redaction *r, struct str text, bool one, struct buf *out)
{
    buf_reset(&r->text);
    if (r->has[KIND_COOKIE])
        put_cookies(r, text, one, &r->text);
    else
        put(r, &r->text, text);
    put_text(r, buf_str(&r->text), &in_cookies, out);
}

/* Does a list say that length, and no other? */
static bool says_length(struct str list, uint64_t n)
{
    uint64_t said;

    while (list.data) {
        if (!str_to_u64(str_trim(str_cut(&list, ',')), &said) || said != n)
            return false;
    }
    return true;
}

/* Of the content that was: wrong now, and of few possible values it gives away
 * which it was (RFC 9530; RFC 3230; RFC 1864). */
static bool is_digest(struct str name)
{
    return str_ieq(name, STR("Content-Digest")) || str_ieq(name, STR("Repr-Digest")) ||
           str_ieq(name, STR("Digest")) || str_ieq(name, STR("Content-MD5"));
}

/* The value, with the blanks around it. */
static void put_value(struct redaction *r, struct str name, struct str value,
                      const struct change *body, struct buf *out)
{
    struct str text = str_trim(value);
    size_t before = text.len ? (size_t)(text.data - value.data) : value.len;

    put(r, out, str_head(value, before));
    if (text.len == 0)
        return; /* nothing to hide */
    if (is_wanted(r, KIND_FIELD, name) || hides_a_field(r, text)) {
        put_mask(r, out);
    } else if (str_ieq(name, STR("Cookie")) || sets_cookie(name)) {
        put_cookie_field(r, text, sets_cookie(name), out);
    } else if (body->changed && str_ieq(name, STR("Content-Length")) &&
               says_length(text, body->before) && body->now != body->before) {
        if (buf_printf(out, NULL, "%llu", (unsigned long long)body->now) < 0)
            r->failed = true;
    } else {
        put_text(r, text, &in_field, out);
    }
    put(r, out, str_skip(value, before + text.len));
}

/* Copy field lines; empty lines and start lines of further heads are among
 * them. A line without colon is the beginning of one that was cut, or odd. */
static void put_fields(struct redaction *r, struct str rest, const struct change *body,
                       struct buf *out)
{
    while (rest.len) {
        struct str line = cut_field(&rest);
        size_t colon = str_find(line, ':');
        struct str name = field_name(str_head(line, colon));

        if ((body->decoded && str_ieq(name, STR("Content-Encoding"))) ||
            (body->changed && is_digest(name)))
            continue;
        put(r, out, str_head(line, colon + 1));
        if (colon < line.len)
            put_value(r, name, str_skip(line, colon + 1), body, out);
    }
}

static int keep(struct redaction *r, struct exchange *x, const struct buf *b, struct str *s,
                struct err *e)
{
    if (r->failed)
        return err_nomem(e, "redacting an exchange");
    if (str_eq(buf_str(b), *s))
        return 0;
    return arena_dup(&x->mem, buf_str(b), s, e);
}

static int redact_lines(struct redaction *r, struct exchange *x, struct str *lines, bool request,
                        const struct change *body, struct err *e)
{
    size_t first = request ? str_find(*lines, '\n') + 1 : 0;

    if (lines->len == 0)
        return 0;
    buf_reset(&r->head);
    if (request)
        put_request_line(r, str_head(*lines, first), &r->head);
    put_fields(r, str_skip(*lines, first), body, &r->head);
    return keep(r, x, &r->head, lines, e);
}

/* ---- bodies ------------------------------------------------------------------- */

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
    return find_any(line, STR("{[")) < line.len && !str_eq(line, STR("[DONE]"));
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
        put(r, out, str_head(line, before));
        one = value.len ? blank_json(r->paths, r->n_paths, value, out, r->path_found) : BLANK_NONE;
        if (one == BLANK_NOMEM || (one == BLANK_NOT_JSON && may_hold_json(value)))
            return one;
        if (one != BLANK_SOME)
            put(r, out, value);
        put(r, out, str_skip(line, before + value.len));
        all = one == BLANK_SOME ? one : all;
    }
    return all;
}

/* Does it begin with a name and an equals sign? */
static bool looks_like_form(struct str body)
{
    size_t end = find_any(body, STR("=\"<{ \t\r\n"));

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

    put_parameters(r, text, type_has(m, "x-www-form-urlencoded") ? &in_form : &in_text, out);
    return str_eq(str_skip(buf_str(out), start), text) ? BLANK_NONE : BLANK_SOME;
}

static enum blank_result blank_text(struct redaction *r, const struct http_message *m,
                                    struct str text, struct buf *out)
{
    size_t start = out->len;
    enum blank_result result;

    if (r->has[KIND_QUERY] && is_form(m, text))
        return blank_form(r, m, text, out);
    if (!r->has[KIND_JSON])
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

    return r->has[KIND_QUERY] &&
           http_find_field(part->head, STR("Content-Disposition"), &disposition) &&
           multipart_parameter(disposition, STR("name"), &name) && is_parameter(r, name);
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
        put_mask(r, out);
        return BLANK_SOME;
    }
    if (is_multipart(&m))
        result = BLANK_NOT_JSON;
    else if (type_has(&m, "json") || type_has(&m, "x-www-form-urlencoded"))
        result = blank_text(r, &m, part->content, out);
    else if (r->has[KIND_JSON] && looks_like_json(part->content))
        result = blank_json(r->paths, r->n_paths, part->content, out, r->path_found);
    if (result == BLANK_SOME || result == BLANK_NOMEM)
        return result;
    out->len = start;
    if (result == BLANK_NONE) {
        put(r, out, part->content);
        return BLANK_NONE;
    }
    put_mask(r, out);
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

        put(r, out, part.before);
        one = blank_part(r, &part, out);
        all = one == BLANK_NONE ? all : one;
    }
    put(r, out, parts.rest);
    return all == BLANK_NOMEM || parts.closed ? all : BLANK_NOT_JSON;
}

/* Could it hold what is to be blanked, as far as its head tells? What is coded or
 * has lost bytes, be it the first, tells no more. */
static bool may_hold(const struct redaction *r, const struct http_message *m, bool coded)
{
    bool looks = !coded && !m->gap_bytes;

    if (is_multipart(m) || (r->has[KIND_QUERY] && (looks ? is_form(m, m->body) : may_be_form(m))))
        return true;
    if (!r->has[KIND_JSON])
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
        put(r, &r->head, r->head.len ? STR(",") : STR(""));
        put(r, &r->head, field.value);
    }
    return buf_str(&r->head);
}

/* Fill r->body with what the body becomes. */
static enum blank_result blank_body(struct redaction *r, const struct http_message *m,
                                    struct change *change)
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

static int redact_body(struct redaction *r, struct exchange *x, struct http_message *m,
                       struct change *change, struct err *e)
{
    *change = (struct change){.before = m->body_size};
    if (m->body.len == 0 || !(r->has[KIND_JSON] || r->has[KIND_QUERY]))
        return 0;
    switch (blank_body(r, m, change)) {
    case BLANK_NONE:
        return 0;
    case BLANK_NOMEM:
        return err_nomem(e, "redacting a body");
    case BLANK_NOT_JSON: /* it may hold anything */
        buf_reset(&r->body);
        put_mask(r, &r->body);
        r->blanked = true;
        change->decoded = true;
        break;
    default:
        r->decoded |= change->decoded;
        break;
    }
    if (keep(r, x, &r->body, &m->body, e) < 0)
        return -1;
    change->changed = true;
    change->now = m->body_size = m->body.len;
    m->body_hash = 0; /* a hash of few possible values gives them away */
    m->gap_bytes = 0;
    return 0;
}

/* ---- exchanges ---------------------------------------------------------------- */

static int redact_message(struct redaction *r, struct exchange *x, struct http_message *m,
                          bool request, struct err *e)
{
    struct change body;

    if (redact_body(r, x, m, &body, e) < 0 || redact_lines(r, x, &m->head, request, &body, e) < 0)
        return -1;
    return redact_lines(r, x, &m->trailers, false, &body, e);
}

static void add_line(struct redaction *r, struct str line)
{
    if (r->head.len)
        put(r, &r->head, STR("\n"));
    put(r, &r->head, line);
}

/* Write down what was found. Returns 1, or 0 if nothing was. */
static int note_found(struct redaction *r, struct exchange *x, struct err *e)
{
    size_t path = 0;

    buf_reset(&r->head);
    for (size_t i = 0; i < r->n; i++) {
        if (r->name[i].kind == KIND_JSON)
            r->found[i] = r->path_found[path++];
        if (!r->found[i])
            continue;
        r->name[i].hits++;
        add_line(r, str_of(r->written[i]));
    }
    if (r->blanked)
        add_line(r, STR("(body that could not be read)"));
    if (r->decoded)
        add_line(r, STR("(content coding)"));
    if (r->head.len == 0)
        return 0;
    return keep(r, x, &r->head, &x->redacted, e) < 0 ? -1 : 1;
}

int redaction_apply(struct redaction *r, struct exchange *x, struct err *e)
{
    static const struct change none;

    memset(r->found, 0, sizeof r->found);
    memset(r->path_found, 0, sizeof r->path_found);
    r->blanked = r->decoded = r->failed = false;
    if (redact_message(r, x, &x->request, true, e) < 0 ||
        redact_message(r, x, &x->response, false, e) < 0 ||
        redact_lines(r, x, &x->informational, false, &none, e) < 0)
        return -1;
    return note_found(r, x, e);
}

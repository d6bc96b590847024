#include "capture/redaction.h"

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
    redact_put_parameters(r, str_head(line, target), &redact_in_target, out);
    redact_put(r, out, str_skip(line, target));
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
        size_t end = str_find_any(in, STR(";,")), equals = str_find(str_head(in, end), '=');

        if (cookie && equals < end &&
            redact_is_wanted(r, REDACT_COOKIE, str_trim(str_head(in, equals)))) {
            end = equals + 1 + cookie_value(str_skip(in, equals + 1));
            redact_put(r, out, str_head(in, equals + 1));
            redact_put_mask(r, out);
        } else {
            redact_put(r, out, str_head(in, end));
        }
        redact_put(r, out, str_head(str_skip(in, end), 1));
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

    while ((at = str_find_any(value, breaks)) < value.len) {
        struct str line;

        value = str_skip(value, at + 1);
        line = str_head(value, str_find_any(value, breaks));
        colon = str_find(line, ':');
        if (colon < line.len &&
            redact_is_wanted(r, REDACT_FIELD, field_name(str_head(line, colon))))
            return true;
    }
    return false;
}

static bool sets_cookie(struct str name)
{
    return str_ieq(name, STR("Set-Cookie")) || str_ieq(name, STR("Set-Cookie2"));
}

static void put_text(struct redaction *r, struct str text, const struct redact_place *place,
                     struct buf *out)
{
    if (r->has[REDACT_QUERY]) /* any field may hold a URL */
        redact_put_parameters(r, text, place, out);
    else
        redact_put(r, out, text);
}

/* Cookies, and URLs in what is left of them. */
static void put_cookie_field(struct redaction *r, struct str text, bool one, struct buf *out)
{
    buf_reset(&r->text);
    if (r->has[REDACT_COOKIE])
        put_cookies(r, text, one, &r->text);
    else
        redact_put(r, &r->text, text);
    put_text(r, buf_str(&r->text), &redact_in_cookies, out);
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
                      const struct redact_change *body, struct buf *out)
{
    struct str text = str_trim(value);
    size_t before = text.len ? (size_t)(text.data - value.data) : value.len;

    redact_put(r, out, str_head(value, before));
    if (text.len == 0)
        return; /* nothing to hide */
    if (redact_is_wanted(r, REDACT_FIELD, name) || hides_a_field(r, text)) {
        redact_put_mask(r, out);
    } else if (str_ieq(name, STR("Cookie")) || sets_cookie(name)) {
        put_cookie_field(r, text, sets_cookie(name), out);
    } else if (body->changed && str_ieq(name, STR("Content-Length")) &&
               says_length(text, body->before) && body->now != body->before) {
        if (buf_printf(out, NULL, "%llu", (unsigned long long)body->now) < 0)
            r->failed = true;
    } else {
        put_text(r, text, &redact_in_field, out);
    }
    redact_put(r, out, str_skip(value, before + text.len));
}

/* Copy field lines; empty lines and start lines of further heads are among
 * them. A line without colon is the beginning of one that was cut, or odd. */
static void put_fields(struct redaction *r, struct str rest, const struct redact_change *body,
                       struct buf *out)
{
    while (rest.len) {
        struct str line = cut_field(&rest);
        size_t colon = str_find(line, ':');
        struct str name = field_name(str_head(line, colon));

        if ((body->decoded && str_ieq(name, STR("Content-Encoding"))) ||
            (body->changed && is_digest(name)))
            continue;
        redact_put(r, out, str_head(line, colon + 1));
        if (colon < line.len)
            put_value(r, name, str_skip(line, colon + 1), body, out);
    }
}

int redact_lines(struct redaction *r, struct exchange *x, struct str *lines, bool request,
                 const struct redact_change *body, struct err *e)
{
    size_t first = request ? str_find(*lines, '\n') + 1 : 0;

    if (lines->len == 0)
        return 0;
    buf_reset(&r->head);
    if (request)
        put_request_line(r, str_head(*lines, first), &r->head);
    put_fields(r, str_skip(*lines, first), body, &r->head);
    return redact_keep(r, x, &r->head, lines, e);
}

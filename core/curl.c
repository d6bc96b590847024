#include "core/curl.h"

#include "core/hide.h"

/* ---- words of a shell ---- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("%+,-./:=@_", c));
}

static bool is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool are_all(struct str s, bool (*fact)(char c))
{
    for (size_t i = 0; i < s.len; i++) {
        if (!fact(s.data[i]))
            return false;
    }
    return true;
}

static int quote_plain(struct buf *out, struct str word, struct err *e)
{
    int rc = buf_addc(out, '\'', e);

    for (size_t i = 0; i < word.len && rc == 0; i++)
        rc = word.data[i] == '\'' ? buf_add(out, STR("'\\''"), e) : buf_addc(out, word.data[i], e);
    return rc < 0 ? -1 : buf_addc(out, '\'', e);
}

/* Three octal digits end by themselves, where hexadecimal ones would go on. */
static int quote_escaped(struct buf *out, struct str word, struct err *e)
{
    int rc = buf_add(out, STR("$'"), e);

    for (size_t i = 0; i < word.len && rc == 0; i++) {
        char c = word.data[i];

        if (c == '\n')
            rc = buf_add(out, STR("\\n"), e);
        else if (!is_printable(c))
            rc = buf_printf(out, e, "\\%03o", (unsigned char)c);
        else if (c == '\'' || c == '\\')
            rc = buf_printf(out, e, "\\%c", c);
        else
            rc = buf_addc(out, c, e);
    }
    return rc < 0 ? -1 : buf_addc(out, '\'', e);
}

int curl_quote(struct buf *out, struct str word, struct err *e)
{
    if (word.len && are_all(word, is_bare))
        return buf_add(out, word, e);
    return are_all(word, is_printable) ? quote_plain(out, word, e) : quote_escaped(out, word, e);
}

/* ---- options ---- */

/* Of the connection, of the framing, or of our own. */
static bool is_left_to_curl(struct str name)
{
    static const struct str names[] = {
        STR_INIT("Connection"),  STR_INIT("Content-Length"), STR_INIT("Transfer-Encoding"),
        STR_INIT("Keep-Alive"),  STR_INIT("Expect"),         STR_INIT("TE"),
        STR_INIT("Trailer"),     STR_INIT("Upgrade"),        STR_INIT("Proxy-Connection"),
        STR_INIT("X-Mirrorctl"),
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_ieq(name, names[i]))
            return true;
    }
    return !http_is_token(name);
}

/* An option and its argument; left out where they would pass `end`. */
static int add_option(struct buf *out, const char *option, struct str word, size_t end,
                      unsigned *lacks, struct err *e)
{
    size_t before = out->len;

    if (buf_printf(out, e, " %s ", option) < 0 || curl_quote(out, word, e) < 0)
        return -1;
    if (out->len > end) {
        out->len = before;
        out->data[before] = '\0';
        *lacks |= CURL_CUT;
    }
    return 0;
}

static int add_field(struct buf *out, const struct http_field *field, bool show_secrets, size_t end,
                     unsigned *lacks, struct err *e)
{
    struct http_field shown = *field;
    struct buf word, value;
    int rc;

    buf_init(&word, field->name.len + 2 * field->value.len + 64);
    buf_init(&value, 2 * field->value.len + 64);
    rc = show_secrets ? 0 : hide_in_field(&value, field, e);
    if (!show_secrets) {
        shown.value = buf_str(&value);
        *lacks |= str_eq(shown.value, field->value) ? 0 : CURL_HIDDEN;
    }
    /* A field without a value is written with a semicolon (curl's manual). */
    if (rc == 0)
        rc = buf_printf(&word, e, "%.*s%s", STR_ARG(field->name), shown.value.len ? ": " : ";");
    if (rc == 0)
        rc = buf_add(&word, shown.value, e);
    if (rc == 0)
        rc = add_option(out, "-H", buf_str(&word), end, lacks, e);
    buf_release(&value);
    buf_release(&word);
    return rc;
}

/* Can the content stand in a line? It must be whole and not too long. A word of a
 * shell ends at a NUL, and curl sends no content with HEAD. */
static bool can_stand(const struct http_message *m, struct str method, size_t max)
{
    return m->body.len && m->body.len >= m->body_size && m->body.len <= max &&
           !memchr(m->body.data, '\0', m->body.len) && !str_eq(method, STR("HEAD"));
}

static int add_body(struct buf *out, const struct http_message *m, bool show_secrets, size_t end,
                    unsigned *lacks, struct err *e)
{
    bool hidden = false;
    struct buf body;
    int rc;

    buf_init(&body, 16 * m->body.len + 1024);
    rc = show_secrets ? buf_add(&body, m->body, e) : hide_in_body(&body, m, &hidden, e);
    if (rc == 0)
        rc = add_option(out, "--data-raw", buf_str(&body), end, lacks, e);
    *lacks |= hidden ? CURL_HIDDEN : 0;
    buf_release(&body);
    return rc;
}

/* With content and without a method curl would send a POST. */
static int add_method(struct buf *out, struct str method, bool has_body, size_t end,
                      unsigned *lacks, struct err *e)
{
    if (str_eq(method, STR("GET")) && !has_body)
        return 0;
    if (str_eq(method, STR("HEAD")))
        return buf_add(out, STR(" -I"), e);
    return add_option(out, "-X", method, end, lacks, e);
}

int curl_options(struct buf *out, const struct http_message *request, bool show_secrets, size_t max,
                 unsigned *lacks, struct err *e)
{
    struct str rest = http_fields(request->head);
    struct http_request_line line;
    size_t end = out->len + max;
    struct http_field field;
    bool compressed = false, typed = false, has_body;

    *lacks = 0;
    if (!http_request_line(request->head, &line))
        return 0;
    has_body = can_stand(request, line.method, max);
    if (!has_body && (request->body.len || request->body_size))
        *lacks |= CURL_CUT;
    if (add_method(out, line.method, has_body, end, lacks, e) < 0)
        return -1;
    while (http_next_field(&rest, &field)) {
        if (is_left_to_curl(field.name))
            continue;
        compressed = compressed || str_ieq(field.name, STR("Accept-Encoding"));
        typed = typed || str_ieq(field.name, STR("Content-Type"));
        if (add_field(out, &field, show_secrets, end, lacks, e) < 0)
            return -1;
    }
    if (compressed && buf_add(out, STR(" --compressed"), e) < 0)
        return -1;
    /* Or curl would call it a form. */
    if (has_body && !typed && buf_add(out, STR(" -H Content-Type:"), e) < 0)
        return -1;
    return has_body ? add_body(out, request, show_secrets, end, lacks, e) : 0;
}

/* ---- the URL ---- */

/* A target as it stands behind a host: in absolute form without its own, and "*"
 * as nothing. */
static struct str behind_host(struct str target)
{
    size_t colon = str_find(target, ':');
    struct str rest = str_skip(target, colon + 1);

    if (target.len && target.data[0] == '/')
        return target;
    if (!str_starts(rest, STR("//")))
        return (struct str){0};
    rest = str_skip(rest, 2);
    return str_skip(rest, str_find(rest, '/'));
}

int curl_target(struct buf *out, struct str base, struct str target, struct err *e)
{
    struct str path = behind_host(target);
    bool has_dots = path.len && memmem(path.data, path.len, "/.", 2);
    bool has_globs = str_find(path, '[') < path.len || str_find(path, '{') < path.len;
    struct buf url;
    int rc = 0;

    buf_init(&url, base.len + path.len + 64);
    if (str_starts(base, STR("unix:"))) {
        if (buf_add(out, STR("--unix-socket "), e) < 0 ||
            curl_quote(out, str_skip(base, 5), e) < 0 || buf_addc(out, ' ', e) < 0)
            rc = -1;
        base = STR("http://localhost");
    }
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    if (rc == 0 && has_dots)
        rc = buf_add(out, STR("--path-as-is "), e);
    if (rc == 0 && has_globs)
        rc = buf_add(out, STR("-g "), e);
    if (rc == 0 && (buf_add(&url, base, e) < 0 || buf_add(&url, path, e) < 0))
        rc = -1;
    if (rc == 0)
        rc = curl_quote(out, buf_str(&url), e);
    buf_release(&url);
    return rc;
}

#include "core/hide.h"

#include "core/coding.h"
#include "core/secret.h"

int hide_in_form(struct buf *out, struct str form, struct err *e)
{
    for (bool first = true; form.data; first = false) {
        struct str pair = str_cut(&form, '&');
        struct str name = str_head(pair, str_find(pair, '='));
        bool secret = name.len < pair.len && secret_is_name(name);

        if ((!first && buf_addc(out, '&', e) < 0) || buf_add(out, secret ? name : pair, e) < 0 ||
            (secret && buf_add(out, STR("=" SECRET_MASK), e) < 0))
            return -1;
    }
    return 0;
}

/* What stands between // and the @ of a URL's authority; empty when nothing. */
static struct str find_user(struct str url)
{
    size_t at = str_find(url, ':');
    struct str rest = str_skip(url, at + 1), authority;
    size_t end = 0, user;

    if (!str_starts(rest, STR("//")))
        return (struct str){0};
    authority = str_skip(rest, 2);
    while (end < authority.len && !strchr("/?#", authority.data[end]))
        end++;
    authority = str_head(authority, end);
    for (user = authority.len; user > 0 && authority.data[user - 1] != '@'; user--)
        ;
    return str_head(authority, user ? user - 1 : 0);
}

int hide_in_url(struct buf *out, struct str url, struct err *e)
{
    struct str user = find_user(url);
    struct str query, fragment;

    if (user.len) {
        size_t before = (size_t)(user.data - url.data);

        if (buf_add(out, str_head(url, before), e) < 0 || buf_add(out, STR(SECRET_MASK), e) < 0)
            return -1;
        url = str_skip(url, before + user.len);
    }
    query = str_skip(url, str_find(url, '?'));
    if (buf_add(out, str_head(url, url.len - query.len), e) < 0)
        return -1;
    if (!query.len)
        return 0;
    fragment = str_skip(query, str_find(query, '#'));
    query = str_head(query, query.len - fragment.len);
    if (buf_addc(out, '?', e) < 0 || hide_in_form(out, str_skip(query, 1), e) < 0)
        return -1;
    return buf_add(out, fragment, e);
}

int hide_in_field(struct buf *out, const struct http_field *field, struct err *e)
{
    struct str value = field->value;

    if (secret_is_header(field->name))
        return buf_add(out, STR(SECRET_MASK), e);
    /* Referer, Location and whatever else holds a URL */
    if (str_find(value, '?') < value.len || str_find(value, '@') < value.len)
        return hide_in_url(out, value, e);
    return buf_add(out, value, e);
}

/* ---- JSON ------------------------------------------------------------------- */

/* Length of the string whose opening quote is at the front, quotes included;
 * all there is when it does not end. */
static size_t string_len(struct str s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.data[i] == '\\')
            i++;
        else if (s.data[i] == '"')
            return i + 1;
    }
    return s.len;
}

static size_t blanks(struct str s)
{
    size_t n = 0;

    while (n < s.len && strchr(" \t\r\n", s.data[n]) && s.data[n])
        n++;
    return n;
}

/* Length of the value at the front: a string, a number or word, or everything
 * up to the bracket that closes the one it starts with. */
static size_t value_len(struct str s)
{
    size_t n = 0, depth = 0;

    do {
        char c = n < s.len ? s.data[n] : '\0';

        if (c == '"') {
            n += string_len(str_skip(s, n));
        } else if (c == '{' || c == '[') {
            depth++;
            n++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return n;
            depth--;
            n++;
        } else if (depth == 0) {
            while (n < s.len && !strchr(",}] \t\r\n", s.data[n]))
                n++;
            return n;
        } else {
            n++;
        }
    } while (n < s.len && depth > 0);
    return n < s.len ? n : s.len;
}

/* Strings that a colon follows are member names; nothing else of the grammar
 * matters here, so damaged and truncated JSON is served as well. */
int hide_in_json(struct buf *out, struct str json, struct err *e)
{
    while (json.len) {
        size_t n = str_find(json, '"');
        size_t quoted, gap;
        struct str name, after;

        if (buf_add(out, str_head(json, n), e) < 0)
            return -1;
        json = str_skip(json, n);
        if (!json.len)
            return 0;
        quoted = string_len(json);
        name = quoted >= 2 ? str_from(json.data + 1, quoted - 2) : (struct str){0};
        after = str_skip(json, quoted);
        gap = blanks(after);
        after = str_skip(after, gap);
        if (after.len && after.data[0] == ':' && secret_is_name(name)) {
            gap += 1 + blanks(str_skip(after, 1));
            if (buf_add(out, str_head(json, quoted + gap), e) < 0 ||
                buf_add(out, STR("\"" SECRET_MASK "\""), e) < 0)
                return -1;
            json = str_skip(json, quoted + gap);
            json = str_skip(json, value_len(json));
        } else {
            if (buf_add(out, str_head(json, quoted), e) < 0)
                return -1;
            json = str_skip(json, quoted);
        }
    }
    return 0;
}

/* ---- text ---- */

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80 || c == '_' || c == '-' || c == '.';
}

/* How much of the front is a name. */
static size_t text_name(struct str s)
{
    size_t n = 0;

    while (n < s.len && is_of_name(s.data[n]))
        n++;
    return n;
}

/* How much of the front leads from a name to its value: 0 where no value follows.
 * *colon tells whether it is the sign of a field, whose value may hold blanks. */
static size_t text_sign(struct str s, bool *colon)
{
    size_t n = s.len && (s.data[0] == '"' || s.data[0] == '\'') ? 1 : 0;

    n += blanks(str_skip(s, n));
    if (n >= s.len || (s.data[n] != '=' && s.data[n] != ':'))
        return 0;
    *colon = s.data[n] == ':';
    n++;
    return n + blanks(str_skip(s, n));
}

/* How much of the front is that value. */
static size_t text_value(struct str s, bool colon)
{
    const char *ends = colon ? "&,;<>{}\"'\r\n" : "&,;<>{}()\"' \t\r\n#";
    size_t n = 0;

    if (s.len && (s.data[0] == '"' || s.data[0] == '\'')) {
        n = 1 + str_find(str_skip(s, 1), s.data[0]);
        return n < s.len ? n + 1 : s.len;
    }
    while (n < s.len && s.data[n] && !strchr(ends, s.data[n]))
        n++;
    return n;
}

int hide_in_text(struct buf *out, struct str text, struct err *e)
{
    bool tag = false; /* a < stands before */

    while (text.len) {
        size_t name = text_name(text), sign = 0, value = 0;
        bool colon = false, secret = name && secret_is_name(str_head(text, name));

        if (secret && tag && name < text.len && text.data[name] == '>')
            value = str_find(str_skip(text, name + (sign = 1)), '<');
        else if (secret)
            sign = text_sign(str_skip(text, name), &colon);
        if (sign && !value)
            value = text_value(str_skip(text, name + sign), colon);
        tag = !name && text.data[0] == '<';
        name += name ? 0 : 1; /* a character that is of no name */
        if (buf_add(out, str_head(text, name + sign), e) < 0 ||
            (value && buf_add(out, STR(SECRET_MASK), e) < 0))
            return -1;
        text = str_skip(text, name + sign + value);
    }
    return 0;
}

int hide_in_body(struct buf *out, const struct http_message *m, bool *hidden, struct err *e)
{
    size_t before = out->len;
    struct str type = {0}, coding = {0};
    int rc;

    *hidden = false;
    http_find_field(m->head, STR("content-type"), &type);
    http_find_field(m->head, STR("content-encoding"), &coding);
    type = str_trim(str_head(type, str_find(type, ';')));
    if (coding_is_identity(coding) && str_ieq(type, STR("application/x-www-form-urlencoded")))
        rc = hide_in_form(out, m->body, e);
    else if (coding_is_identity(coding) &&
             (str_ieq(type, STR("application/json")) || str_ends(type, STR("+json")) ||
              (type.len == 0 && (str_starts(m->body, STR("{")) || str_starts(m->body, STR("["))))))
        rc = hide_in_json(out, m->body, e);
    else if (coding_is_identity(coding) &&
             (type.len == 0 || str_istarts(type, STR("text/")) || str_ends(type, STR("xml"))))
        rc = hide_in_text(out, m->body, e);
    else
        rc = buf_add(out, m->body, e);
    if (rc == 0)
        *hidden = !str_eq(str_skip(buf_str(out), before), m->body);
    return rc;
}

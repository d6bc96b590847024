#include "diff/rule_path.h"

#include <inttypes.h>
#include <string.h>

#include "core/http.h"
#include "core/utf8.h"
#include "diff/json_path.h"

struct reader {
    struct str text;
    size_t at;
    struct arena *mem;
    struct rule_path *path;
    struct rule_path_fault *fault;
    struct err *e;
};

static int refuse(struct reader *r, size_t offset, const char *what)
{
    *r->fault = (struct rule_path_fault){offset, what};
    return -1;
}

/* The byte at hand; NUL at the end, which no path may hold. */
static char peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.data[r->at] : '\0';
}

static struct rule_step *add_step(struct reader *r, enum rule_step_kind kind, bool deep)
{
    struct rule_path *p = r->path;

    if (p->n == RULE_PATH_STEPS) {
        refuse(r, r->at, "more steps than a path may have");
        return NULL;
    }
    p->steps[p->n] = (struct rule_step){.kind = kind, .deep = deep};
    return &p->steps[p->n++];
}

/* ---- JSONPath ---- */

static bool is_name_char(unsigned char c, bool first)
{
    unsigned char lower = c | 0x20;

    return (lower >= 'a' && lower <= 'z') || c == '_' || c >= 0x80 ||
           (!first && str_is_digit((char)c));
}

/* member-name-shorthand; reports write {*} for members whose names are data. */
static int read_short_name(struct reader *r, bool deep)
{
    struct str rest = str_skip(r->text, r->at);
    struct rule_step *step;
    size_t n = 0;

    if (rest.len && rest.data[0] == '*')
        n = 1;
    else if (str_starts(rest, STR("{*}")))
        n = 3;
    if (n) {
        r->at += n;
        return add_step(r, RULE_STEP_ANY, deep) ? 0 : -1;
    }
    while (n < rest.len && is_name_char((unsigned char)rest.data[n], n == 0))
        n++;
    if (n == 0)
        return refuse(r, r->at, "expected a name; other names are written in quotes: ['the-name']");
    step = add_step(r, RULE_STEP_NAME, deep);
    if (!step)
        return -1;
    step->name = str_head(rest, n);
    r->at += n;
    if (peek(r) && !strchr(".[", peek(r)))
        return refuse(r, r->at, "not part of a plain name: write ['the-name'] in quotes");
    return 0;
}

static bool read_hex4(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = str_hex_value(peek(r));
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* Behind \u; two of them for what lies beyond the first plane. */
static int read_unicode(struct reader *r, char *to, size_t *n)
{
    uint32_t code, low;

    if (!read_hex4(r, &code))
        return refuse(r, r->at, "\\u takes four hexadecimal digits");
    if (code >= 0xd800 && code <= 0xdbff && str_starts(str_skip(r->text, r->at), STR("\\u"))) {
        r->at += 2;
        if (!read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return refuse(r, r->at, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *n += utf8_put(to + *n, code);
    return 0;
}

static int read_escape(struct reader *r, char *to, size_t *n)
{
    static const char letters[] = "bfnrt/\\'\"", values[] = "\b\f\n\r\t/\\'\"";
    const char *at;
    char c = peek(r);

    r->at++;
    if (c == 'u')
        return read_unicode(r, to, n);
    at = c ? strchr(letters, c) : NULL;
    if (!at)
        return refuse(r, r->at - 1, "no such escape in a path");
    to[(*n)++] = values[at - letters];
    return 0;
}

/* 'name' or "name"; no escape is longer than what it stands for. */
static int read_quoted(struct reader *r, struct str *name)
{
    char quote = peek(r), *to = arena_alloc(r->mem, r->text.len + 1, r->e);
    size_t start = r->at++, n = 0;

    if (!to)
        return refuse(r, start, NULL);
    for (;;) {
        char c = peek(r);

        if (r->at >= r->text.len)
            return refuse(r, start, "a quote that is not closed");
        r->at++;
        if (c == quote)
            break;
        if (c != '\\')
            to[n++] = c;
        else if (read_escape(r, to, &n) < 0)
            return -1;
    }
    *name = str_from(to, n);
    return 0;
}

static int read_index(struct reader *r, uint64_t *index)
{
    size_t start = r->at;

    while (str_is_digit(peek(r)))
        r->at++;
    if (r->at - start > 1 && r->text.data[start] == '0')
        return refuse(r, start, "an index has no leading zero");
    if (!str_to_u64(str_from(r->text.data + start, r->at - start), index))
        return refuse(r, start, "not an index");
    return 0;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.len && str_is_blank(peek(r)))
        r->at++;
}

static int read_selector(struct reader *r, bool deep)
{
    struct rule_step *step;
    char c = peek(r);

    if (c == '?')
        return refuse(r, r->at, "filters are not supported");
    if (c == ':')
        return refuse(r, r->at, "slices are not supported");
    if (c == '-')
        return refuse(r, r->at, "counting from the end is not supported");
    step = add_step(r, RULE_STEP_ANY, deep);
    if (!step)
        return -1;
    if (c == '*') {
        r->at++;
        return 0;
    }
    step->kind = RULE_STEP_NAME;
    if (c == '\'' || c == '"')
        return read_quoted(r, &step->name);
    step->kind = RULE_STEP_INDEX;
    if (str_is_digit(c))
        return read_index(r, &step->index);
    return refuse(r, r->at, "expected 'name' in quotes, an index or a star");
}

static int read_bracket(struct reader *r, bool deep)
{
    size_t start = r->at++;

    skip_blanks(r);
    if (read_selector(r, deep) < 0)
        return -1;
    skip_blanks(r);
    if (peek(r) == ',')
        return refuse(r, r->at,
                      "several selectors in one bracket are not supported: write a rule "
                      "for each");
    if (peek(r) == ':')
        return refuse(r, r->at, "slices are not supported");
    if (peek(r) != ']')
        return refuse(r, r->at < r->text.len ? r->at : start, "a bracket that is not closed");
    r->at++;
    return 0;
}

static int read_jsonpath(struct reader *r)
{
    for (r->at = 1; r->at < r->text.len;) {
        bool deep = false;
        int rc;

        if (peek(r) == '.') {
            r->at++;
            deep = peek(r) == '.';
            r->at += deep;
            rc = deep && peek(r) == '[' ? read_bracket(r, true) : read_short_name(r, deep);
        } else if (peek(r) == '[') {
            rc = read_bracket(r, false);
        } else {
            rc = refuse(r, r->at, "expected a point or a bracket");
        }
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* ---- JSON Pointer ---- */

static int unescape_pointer(struct reader *r, struct str raw, size_t offset, struct str *name)
{
    char *to = arena_alloc(r->mem, raw.len + 1, r->e);
    size_t n = 0;

    if (!to)
        return refuse(r, offset, NULL);
    for (size_t i = 0; i < raw.len; i++) {
        to[n] = raw.data[i];
        if (raw.data[i] == '~') {
            i++;
            if (i == raw.len || (raw.data[i] != '0' && raw.data[i] != '1'))
                return refuse(r, offset + i - 1, "in a pointer ~ is written ~0, and / is ~1");
            to[n] = raw.data[i] == '0' ? '~' : '/';
        }
        n++;
    }
    *name = str_from(to, n);
    return 0;
}

static int read_pointer(struct reader *r)
{
    struct str rest = str_skip(r->text, 1);

    while (rest.data) {
        struct str raw = str_cut(&rest, '/');
        size_t offset = (size_t)(raw.data - r->text.data);
        struct rule_step *step;

        r->at = offset;
        step = add_step(r, RULE_STEP_NAME, false);
        if (!step || unescape_pointer(r, raw, offset, &step->name) < 0)
            return -1;
        if (str_eq(raw, STR("*")))
            step->kind = RULE_STEP_ANY;
        else if (str_to_u64(raw, &step->index) && (raw.len == 1 || raw.data[0] != '0'))
            step->kind = RULE_STEP_EITHER;
    }
    return 0;
}

/* ---- headers ---- */

static int read_header(struct reader *r, size_t from)
{
    struct str name = str_trim(str_skip(r->text, from));
    char *lower;
    size_t cookie;

    r->path->header = true;
    r->path->open = name.len > 1 && str_ends(name, STR("*"));
    if (r->path->open)
        name.len--;
    cookie = str_find(name, '['); /* set-cookie[sid].path, as reports write it */
    if (!http_is_token(str_head(name, cookie)))
        return refuse(r, from, "not the name of a header");
    lower = arena_alloc(r->mem, name.len + 1, r->e);
    if (!lower)
        return refuse(r, from, NULL);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        lower[i] = i < cookie && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    r->path->name = str_from(lower, name.len);
    return 0;
}

/* ---- all of them ---- */

int rule_path_read(struct rule_path *p, struct str text, struct arena *mem,
                   struct rule_path_fault *fault, struct err *e)
{
    struct reader r = {.mem = mem, .path = p, .fault = fault, .e = e};
    struct str header = STR("header:");

    *p = (struct rule_path){0};
    if (text.len > RULE_PATH_MAX)
        return refuse(&r, RULE_PATH_MAX, "longer than a path may be");
    if (arena_dup(mem, text, &r.text, e) < 0)
        return refuse(&r, 0, NULL);
    p->steps = arena_array(mem, RULE_PATH_STEPS, sizeof *p->steps, e);
    if (!p->steps)
        return refuse(&r, 0, NULL);
    if (memchr(r.text.data, '\0', text.len))
        return refuse(&r, str_find(text, '\0'), "a path cannot hold a NUL");
    if (str_istarts(text, header))
        return read_header(&r, header.len);
    if (str_starts(text, STR("$")))
        return read_jsonpath(&r);
    if (str_starts(text, STR("/")))
        return read_pointer(&r);
    return refuse(&r, 0, "a path begins with $, / or header:");
}

/* ---- writing ---- */

static int write_step(const struct rule_step *s, struct buf *out, struct err *e)
{
    if (s->deep && buf_add(out, STR(".."), e) < 0)
        return -1;
    if (s->kind == RULE_STEP_ANY)
        return buf_add(out, s->deep ? STR("*") : STR("[*]"), e);
    if (s->kind == RULE_STEP_INDEX || s->kind == RULE_STEP_EITHER)
        return buf_printf(out, e, "[%" PRIu64 "]", s->index);
    return json_path_add_name(out, s->name, s->deep, e);
}

int rule_path_write(const struct rule_path *p, struct buf *out, struct err *e)
{
    if (p->header)
        return buf_printf(out, e, "header:%.*s%s", STR_ARG(p->name), p->open ? "*" : "");
    if (buf_addc(out, '$', e) < 0)
        return -1;
    for (size_t i = 0; i < p->n; i++) {
        if (write_step(&p->steps[i], out, e) < 0)
            return -1;
    }
    return 0;
}

int rule_path_point(struct str text, size_t offset, struct buf *out, struct err *e)
{
    int rc = buf_add(out, STR("    "), e);

    for (size_t i = 0; i < text.len && rc == 0; i++) /* one line whatever it holds */
        rc = buf_addc(out, (unsigned char)text.data[i] < 0x20 ? '?' : text.data[i], e);
    if (rc == 0)
        rc = buf_add(out, STR("\n    "), e);
    for (size_t i = 0; i < offset && i < text.len && rc == 0; i++) {
        if (!utf8_is_tail(text.data[i]))
            rc = buf_addc(out, ' ', e);
    }
    return rc < 0 ? -1 : buf_addc(out, '^', e);
}

#include "diff/pieces.h"

#include <stdlib.h>

#include "core/secret.h"

enum { DEPTH = 64, ATTRIBUTES = 128 };

struct reader {
    struct str rest;
    bool html;
    struct units *out;
    struct err *e;
    struct element {
        struct str name, path;
    } open[DEPTH + 1]; /* open[depth] is the innermost, open[0] the document */
    size_t depth;
    size_t deeper; /* open beyond DEPTH: in the innermost, as far as names go */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_one_of(struct str name, const char *const *names)
{
    for (; *names; names++) {
        if (str_ieq(name, str_of(*names)))
            return true;
    }
    return false;
}

/* ---- texts ------------------------------------------------------------------------ */

static struct str skip_space(struct str s)
{
    while (s.len && is_space(s.data[0]))
        s = str_skip(s, 1);
    return s;
}

static struct str trim(struct str s)
{
    s = skip_space(s);
    while (s.len && is_space(s.data[s.len - 1]))
        s.len--;
    return s;
}

/* White space as a single blank, and none at the ends. */
static int squeeze(struct reader *r, struct str s, struct str *out)
{
    size_t n = 0;
    char *to;

    *out = s = trim(s);
    if (s.len == 0)
        return 0;
    to = arena_alloc(&r->out->mem, s.len, r->e);
    if (!to)
        return -1;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_space(s.data[i]))
            to[n++] = s.data[i];
        else if (!is_space(s.data[i - 1]))
            to[n++] = ' ';
    }
    *out = str_from(to, n);
    return 0;
}

static struct str path_of(const struct reader *r)
{
    return r->open[r->depth].path;
}

static int add_text(struct reader *r, struct str text, bool as_it_stands)
{
    struct str name = r->depth ? path_of(r) : STR("(top)");

    if (!as_it_stands && squeeze(r, text, &text) < 0)
        return -1;
    return text.len ? units_add(r->out, text, name, r->e) : 0;
}

/* ---- elements ---------------------------------------------------------------------- */

/* `path` and a name behind it, cut at the front where that is too long. */
static int join(struct reader *r, struct str path, char between, struct str name, struct str *out)
{
    char *to;

    name = str_head(name, UNIT_NAME);
    to = arena_alloc(&r->out->mem, path.len + 1 + name.len, r->e);
    if (!to)
        return -1;
    if (path.len)
        memcpy(to, path.data, path.len);
    to[path.len] = between;
    memcpy(to + path.len + 1, name.data, name.len);
    *out = str_from(to, path.len + 1 + name.len);
    if (path.len == 0 && between == '/')
        *out = str_skip(*out, 1);
    if (out->len > UNIT_NAME)
        *out = str_skip(*out, out->len - UNIT_NAME);
    return 0;
}

static void close_innermost(struct reader *r)
{
    if (r->deeper > 0)
        r->deeper--;
    else
        r->depth--;
}

static int open_element(struct reader *r, struct str name)
{
    struct str path;

    if (r->depth == DEPTH) {
        r->deeper++;
        return 0;
    }
    if (join(r, path_of(r), '/', name, &path) < 0)
        return -1;
    r->open[++r->depth] = (struct element){name, path};
    return 0;
}

static bool same_name(const struct reader *r, struct str a, struct str b)
{
    return r->html ? str_ieq(a, b) : str_eq(a, b);
}

/* An end tag ends what is open of its name and all within; else it ends nothing. */
static void close_element(struct reader *r, struct str name)
{
    size_t at = r->depth;

    if (r->deeper > 0) {
        r->deeper--;
        return;
    }
    while (at > 0 && !same_name(r, r->open[at].name, name))
        at--;
    if (at > 0)
        r->depth = at - 1;
}

/* Elements whose end tag may be left out, and what begins where they end (HTML, 13.1.2.4).
 * Without this every paragraph would stand in the one before. */
static bool ends_by(struct str open, struct str next)
{
    static const char *const blocks[] = {
        "address", "article", "aside", "blockquote", "div", "dl", "fieldset",
        "footer",  "form",    "h1",    "h2",         "h3",  "h4", "h5",
        "h6",      "header",  "hr",    "main",       "nav", "ol", "p",
        "pre",     "section", "table", "ul",         NULL};
    static const char *const cells[] = {"td", "th", "tr", "tbody", "tfoot", NULL};
    static const char *const rows[] = {"tr", "tbody", "tfoot", NULL};
    static const char *const terms[] = {"dt", "dd", NULL};
    static const char *const options[] = {"option", "optgroup", NULL};
    static const struct {
        const char *open;
        const char *const *next;
    } table[] = {{"p", blocks},   {"td", cells},  {"th", cells},       {"tr", rows},
                 {"dt", terms},   {"dd", terms},  {"option", options}, {"thead", rows},
                 {"tbody", rows}, {"tfoot", rows}};

    if (str_ieq(open, STR("li")))
        return str_ieq(next, STR("li"));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (str_ieq(open, str_of(table[i].open)))
            return is_one_of(next, table[i].next);
    }
    return false;
}

static bool has_no_end(struct str name)
{
    static const char *const names[] = {"area",  "base", "br",   "col",    "embed", "hr",  "img",
                                        "input", "link", "meta", "source", "track", "wbr", NULL};

    return is_one_of(name, names);
}

/* ---- tags ------------------------------------------------------------------------------ */

struct attribute {
    struct str name, value;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct attribute *)a)->name, ((const struct attribute *)b)->name);
}

/* How much at the front of `s` is a name. */
static size_t name_length(struct str s)
{
    size_t n = 0;

    while (n < s.len && !is_space(s.data[n]) && str_find(STR("=/>"), s.data[n]) == 3)
        n++;
    return n;
}

static int lower(struct reader *r, struct str *name)
{
    char *to;

    if (!r->html || name->len == 0)
        return 0;
    to = arena_alloc(&r->out->mem, name->len, r->e);
    if (!to)
        return -1;
    for (size_t i = 0; i < name->len; i++) {
        char c = name->data[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    name->data = to;
    return 0;
}

static struct str cut_value(struct str *rest)
{
    struct str value;
    size_t n = 0;

    if (rest->len && (rest->data[0] == '"' || rest->data[0] == '\'')) {
        char quote = rest->data[0];

        *rest = str_skip(*rest, 1);
        n = str_find(*rest, quote);
        value = str_head(*rest, n);
        *rest = str_skip(*rest, n + 1);
        return value;
    }
    while (n < rest->len && !is_space(rest->data[n]) && rest->data[n] != '>')
        n++;
    value = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    return value;
}

/* Take the next attribute off. False at the end of the tag, which stays in the rest. */
static bool cut_attribute(struct str *rest, struct attribute *a)
{
    while (rest->len && rest->data[0] != '>') {
        size_t n;

        if (is_space(rest->data[0]) || rest->data[0] == '/') {
            *rest = str_skip(*rest, 1);
            continue;
        }
        n = name_length(*rest);
        *a = (struct attribute){.name = str_head(*rest, n ? n : 1)};
        *rest = skip_space(str_skip(*rest, a->name.len));
        if (rest->len && rest->data[0] == '=') {
            *rest = skip_space(str_skip(*rest, 1));
            a->value = cut_value(rest);
        }
        return true;
    }
    return false;
}

static bool holds_value(struct str name)
{
    return str_ieq(name, STR("value")) || str_ieq(name, STR("content"));
}

/* <input name=csrf_token value=...>, <meta name="csrf-token" content=...> */
static bool names_a_secret(const struct attribute *list, size_t n)
{
    static const struct str namings[] = {STR_INIT("name"), STR_INIT("id"), STR_INIT("type"),
                                         STR_INIT("key")};

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof namings / sizeof *namings; k++) {
            if (str_ieq(list[i].name, namings[k]) && secret_is_name(list[i].value))
                return true;
        }
    }
    return false;
}

/* The attributes up to the end of the tag; those beyond ATTRIBUTES are passed over by
 * none: they are given in the order in which they stand. */
static int add_attributes(struct reader *r, struct str element, bool *empty)
{
    struct attribute list[ATTRIBUTES], a;
    struct str begin = r->rest, name;
    size_t n = 0;
    bool secret;

    for (; n < ATTRIBUTES && cut_attribute(&r->rest, &list[n]); n++) {
        if (lower(r, &list[n].name) < 0)
            return -1;
    }
    qsort(list, n, sizeof *list, by_name);
    secret = names_a_secret(list, n);
    for (size_t i = 0; i < n; i++) {
        if (join(r, element, '@', list[i].name, &name) < 0 ||
            units_add(r->out, list[i].value.data ? list[i].value : STR(""), name, r->e) < 0)
            return -1;
        r->out->list[r->out->n - 1].secret = secret && holds_value(list[i].name);
    }
    while (cut_attribute(&r->rest, &a)) {
        if (join(r, element, '@', a.name, &name) < 0 ||
            units_add(r->out, a.value.data ? a.value : STR(""), name, r->e) < 0)
            return -1;
    }
    *empty = r->rest.data > begin.data && r->rest.data[-1] == '/';
    r->rest = str_skip(r->rest, 1);
    return 0;
}

/* The content of script and style is no markup: up to its end tag, as it stands. */
static int add_raw(struct reader *r, struct str name)
{
    struct str s = r->rest;
    size_t n = 0;

    for (; n < s.len; n++) {
        struct str here = str_skip(s, n);

        if (str_starts(here, STR("</")) && str_istarts(str_skip(here, 2), name))
            break;
    }
    r->rest = str_skip(s, n);
    return add_text(r, trim(str_head(s, n)), true);
}

static bool is_raw(struct str name)
{
    static const char *const names[] = {"script", "style", "textarea", "pre", NULL};

    return is_one_of(name, names);
}

static int read_start_tag(struct reader *r)
{
    struct str name = str_head(r->rest, name_length(r->rest)), text;
    bool empty = false;

    r->rest = str_skip(r->rest, name.len);
    if (lower(r, &name) < 0)
        return -1;
    while (r->html && r->deeper == 0 && r->depth > 0 && ends_by(r->open[r->depth].name, name))
        close_innermost(r);
    if (join(r, STR(""), '<', name, &text) < 0 || open_element(r, name) < 0 ||
        units_add(r->out, text, path_of(r), r->e) < 0 || add_attributes(r, path_of(r), &empty) < 0)
        return -1;
    if (r->html ? has_no_end(name) : empty)
        close_innermost(r);
    else if (r->html && is_raw(name))
        return add_raw(r, name);
    return 0;
}

static void read_end_tag(struct reader *r)
{
    struct str name = str_head(r->rest, name_length(r->rest));

    r->rest = str_skip(r->rest, str_find(r->rest, '>') + 1);
    close_element(r, name);
}

/* What begins with `open` and ends with `close`, or with the text. */
static struct str cut_block(struct reader *r, struct str open, struct str close)
{
    struct str s = str_skip(r->rest, open.len), block;
    size_t n = 0;

    while (n < s.len && !str_starts(str_skip(s, n), close))
        n++;
    block = str_head(s, n);
    r->rest = str_skip(s, n + close.len);
    return block;
}

static bool starts_tag(struct str s)
{
    char c = s.len > 1 && s.data[0] == '<' ? s.data[1] : 0;

    return c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static int read_next(struct reader *r)
{
    struct str s = r->rest;
    size_t n;

    if (str_starts(s, STR("<!--")))
        return add_text(r, cut_block(r, STR("<!--"), STR("-->")), false);
    if (str_starts(s, STR("<![CDATA[")))
        return add_text(r, cut_block(r, STR("<![CDATA["), STR("]]>")), true);
    if (str_starts(s, STR("<!")) || str_starts(s, STR("<?")))
        return add_text(r, cut_block(r, STR("<!"), STR(">")), false);
    if (str_starts(s, STR("</"))) {
        r->rest = str_skip(s, 2);
        read_end_tag(r);
        return 0;
    }
    if (starts_tag(s)) {
        r->rest = str_skip(s, 1);
        return read_start_tag(r);
    }
    n = 1 + str_find(str_skip(s, 1), '<');
    r->rest = str_skip(s, n);
    return add_text(r, str_head(s, n), false);
}

int pieces_read(struct str text, bool html, struct units *out, struct err *e)
{
    struct reader r = {.rest = text, .html = html, .out = out, .e = e};

    while (r.rest.len) {
        if (units_are_full(out))
            return units_add(out, r.rest, STR("further lines"), e);
        if (read_next(&r) < 0)
            return -1;
    }
    return 0;
}

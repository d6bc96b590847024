#include "capture/redact.h"

#include "capture/blank_json.h"
#include "capture/redaction.h"
#include "core/mem.h"

enum { HEAD_MAX = 8 << 20, BODY_MAX = 1 << 30 };

/* ---- names -------------------------------------------------------------------- */

static const struct {
    struct str prefix;
    enum redact_kind kind;
} prefixes[] = {
    {STR_INIT("cookie:"), REDACT_COOKIE},
    {STR_INIT("query:"), REDACT_QUERY},
};

static int read_name(struct redaction *r, const char *written, struct err *e)
{
    struct redact_name *name = &r->name[r->n];
    struct str text = str_of(written);

    *name = (struct redact_name){.kind = REDACT_FIELD, .text = text};
    if (str_starts(text, STR("$"))) {
        name->kind = REDACT_JSON;
        if (json_path_parse(&r->paths[r->n_paths++], text, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (str_istarts(text, prefixes[i].prefix)) {
            name->kind = prefixes[i].kind;
            name->text = str_skip(text, prefixes[i].prefix.len);
        }
    }
    if (name->text.len == 0 || (name->kind == REDACT_FIELD && !http_is_token(text)))
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
static bool is_named(const struct redact_name *name, struct str text)
{
    if (name->kind == REDACT_QUERY && name->text.len < text.len && text.data[name->text.len] == '[')
        text = str_head(text, name->text.len);
    return str_ieq(name->text, text);
}

bool redact_is_wanted(struct redaction *r, enum redact_kind kind, struct str text)
{
    bool wanted = false;

    for (size_t i = 0; i < r->n; i++) {
        if (r->name[i].kind == kind && is_named(&r->name[i], text))
            wanted = r->found[i] = true; /* others may mean the same */
    }
    return wanted;
}

/* ---- writing ------------------------------------------------------------------ */

void redact_put(struct redaction *r, struct buf *out, struct str s)
{
    if (buf_add(out, s, NULL) < 0)
        r->failed = true;
}

void redact_put_mask(struct redaction *r, struct buf *out)
{
    redact_put(r, out, STR(REDACT_MASK));
}

int redact_keep(struct redaction *r, struct exchange *x, const struct buf *b, struct str *s,
                struct err *e)
{
    if (r->failed)
        return err_nomem(e, "redacting an exchange");
    if (str_eq(buf_str(b), *s))
        return 0;
    return arena_dup(&x->mem, buf_str(b), s, e);
}

/* ---- exchanges ---------------------------------------------------------------- */

static int redact_message(struct redaction *r, struct exchange *x, struct http_message *m,
                          bool request, struct err *e)
{
    struct redact_change body;

    if (redact_body(r, x, m, &body, e) < 0 || redact_lines(r, x, &m->head, request, &body, e) < 0)
        return -1;
    return redact_lines(r, x, &m->trailers, false, &body, e);
}

static void add_line(struct redaction *r, struct str line)
{
    if (r->head.len)
        redact_put(r, &r->head, STR("\n"));
    redact_put(r, &r->head, line);
}

/* Write down what was found. Returns 1, or 0 if nothing was. */
static int note_found(struct redaction *r, struct exchange *x, struct err *e)
{
    size_t path = 0;

    buf_reset(&r->head);
    for (size_t i = 0; i < r->n; i++) {
        if (r->name[i].kind == REDACT_JSON)
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
    return redact_keep(r, x, &r->head, &x->redacted, e) < 0 ? -1 : 1;
}

int redaction_apply(struct redaction *r, struct exchange *x, struct err *e)
{
    static const struct redact_change none;

    memset(r->found, 0, sizeof r->found);
    memset(r->path_found, 0, sizeof r->path_found);
    r->blanked = r->decoded = r->failed = false;
    if (redact_message(r, x, &x->request, true, e) < 0 ||
        redact_message(r, x, &x->response, false, e) < 0 ||
        redact_lines(r, x, &x->informational, false, &none, e) < 0)
        return -1;
    return note_found(r, x, e);
}

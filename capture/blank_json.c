#include "capture/blank_json.h"

#include "core/json_tree.h"
#include "core/mem.h"

#define MASK STR("\"REDACTED\"")

/* ---- paths -------------------------------------------------------------------- */

static int stops(struct str text, struct str rest, const char *why, struct err *e)
{
    return err_set(e, ERR_USAGE, "--redact: %.*s: column %zu: %s", STR_ARG(text),
                   text.len - rest.len + 1, why);
}

static bool is_name_char(char c)
{
    return (unsigned char)c > ' ' && !strchr(".[]*'\"$@?()&|,:", c);
}

/* What stands between [ and ]. */
static const char *read_bracket(struct str *rest, struct json_step *step)
{
    char quote = rest->len ? rest->data[0] : '\0';
    size_t end;

    if (quote == '*') {
        step->kind = STEP_ANY;
        *rest = str_skip(*rest, 1);
    } else if (quote == '\'' || quote == '"') {
        *rest = str_skip(*rest, 1);
        end = str_find(*rest, quote);
        if (end == rest->len)
            return "the quote is not closed";
        step->kind = STEP_NAME;
        step->name = str_head(*rest, end);
        *rest = str_skip(*rest, end + 1);
    } else {
        end = str_find(*rest, ']');
        if (!str_to_u64(str_head(*rest, end), &step->index))
            return "only [N], [*] and ['name'] are understood";
        step->kind = STEP_INDEX;
        *rest = str_skip(*rest, end);
    }
    if (rest->len == 0 || rest->data[0] != ']')
        return "] is missing";
    *rest = str_skip(*rest, 1);
    return NULL;
}

static const char *read_step(struct str *rest, struct json_step *step)
{
    size_t n = 0;

    *step = (struct json_step){0};
    if (str_starts(*rest, STR(".."))) {
        step->descend = true;
        *rest = str_skip(*rest, 2);
    } else if (str_starts(*rest, STR("."))) {
        *rest = str_skip(*rest, 1);
    } else if (!str_starts(*rest, STR("["))) {
        return "a name follows . and an index stands in []";
    }
    if (str_starts(*rest, STR("["))) {
        if (!step->descend && rest->data[-1] == '.')
            return "a name is missing";
        *rest = str_skip(*rest, 1);
        return read_bracket(rest, step);
    }
    if (str_starts(*rest, STR("*"))) {
        step->kind = STEP_ANY;
        *rest = str_skip(*rest, 1);
        return NULL;
    }
    while (n < rest->len && is_name_char(rest->data[n]))
        n++;
    if (n == 0)
        return "a name is missing";
    step->kind = STEP_NAME;
    step->name = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    return NULL;
}

int json_path_parse(struct json_path *path, struct str text, struct err *e)
{
    struct str rest = str_skip(text, 1);
    const char *why;

    path->n = 0;
    if (!str_starts(text, STR("$")) || rest.len == 0)
        return stops(text, rest, "a path is $ and names, such as $.card.number", e);
    while (rest.len) {
        if (path->n == JSON_PATH_MAX_STEPS)
            return stops(text, rest, "a path has 16 steps at most", e);
        why = read_step(&rest, &path->step[path->n++]);
        if (why)
            return stops(text, rest, why, e);
    }
    return 0;
}

/* ---- texts -------------------------------------------------------------------- */

/* The text, known to be JSON, is walked where it stands, with a few bits for each
 * level: a tree of a large body would take many times its size. Bit s of a state
 * means that a path's first s steps have led here. */
struct walk {
    const struct json_path *paths;
    size_t n;
    struct str text;
    size_t at;     /* read up to here */
    size_t copied; /* and put out */
    struct buf *out;
    bool *hit;
    uint32_t *states; /* n for each depth */
    struct arena mem; /* of the name at hand */
    bool failed;
};

/* A member of an object, or an element of an array. */
struct item {
    bool member;
    struct str name;
    uint64_t index;
};

static char here(const struct walk *w)
{
    return w->text.data[w->at];
}

static void skip_space(struct walk *w)
{
    while (w->at < w->text.len && str_is_blank(here(w)))
        w->at++;
}

static void skip_string(struct walk *w)
{
    for (w->at++; here(w) != '"'; w->at++)
        w->at += here(w) == '\\';
    w->at++;
}

static void skip_value(struct walk *w)
{
    unsigned depth = 0;

    do {
        char c = here(w);

        if (c == '"') {
            skip_string(w);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ']' || c == '}' || str_is_blank(c)))
            return;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        w->at++;
        if (depth == 0 && (c == '}' || c == ']'))
            return;
    } while (depth || w->text.data[w->at - 1] != '"');
}

/* The name at hand, escapes resolved, valid until the next one. */
static struct str read_name(struct walk *w)
{
    size_t start = w->at;
    struct json_node *node;
    struct str quoted;

    skip_string(w);
    quoted = str_from(w->text.data + start, w->at - start);
    if (!memchr(quoted.data, '\\', quoted.len))
        return str_from(quoted.data + 1, quoted.len - 2);
    arena_reset(&w->mem);
    node = json_parse(quoted, &w->mem, NULL, NULL);
    w->failed |= !node;
    return node ? node->text : STR("");
}

static bool leads_to(const struct json_step *step, const struct item *item)
{
    switch (step->kind) {
    case STEP_NAME:
        return item->member && str_eq(step->name, item->name);
    case STEP_INDEX:
        return !item->member && step->index == item->index;
    default:
        return true;
    }
}

static uint32_t next_state(const struct json_path *path, uint32_t state, const struct item *item)
{
    uint32_t next = 0;

    for (size_t s = 0; s < path->n; s++) {
        if (!(state >> s & 1))
            continue;
        if (path->step[s].descend)
            next |= UINT32_C(1) << s;
        if (leads_to(&path->step[s], item))
            next |= UINT32_C(2) << s;
    }
    return next;
}

static void mask_value(struct walk *w)
{
    struct str before = str_from(w->text.data + w->copied, w->at - w->copied);

    if (buf_add(w->out, before, NULL) < 0 || buf_add(w->out, MASK, NULL) < 0)
        w->failed = true;
    skip_value(w);
    w->copied = w->at;
}

static void walk_items(struct walk *w, size_t depth);

static void walk_item(struct walk *w, const struct item *item, size_t depth)
{
    const uint32_t *now = w->states + depth * w->n;
    uint32_t *next = w->states + (depth + 1) * w->n;
    bool found = false;
    uint32_t any = 0;

    for (size_t i = 0; i < w->n; i++) {
        next[i] = next_state(&w->paths[i], now[i], item);
        any |= next[i];
        if (next[i] >> w->paths[i].n & 1)
            found = w->hit[i] = true;
    }
    if (found)
        mask_value(w);
    else if (any)
        walk_items(w, depth + 1);
    else
        skip_value(w);
}

/* What is in the object or array at hand; any other value has nothing in it. */
static void walk_items(struct walk *w, size_t depth)
{
    struct item item = {.member = here(w) == '{'};

    if (!item.member && here(w) != '[') {
        skip_value(w);
        return;
    }
    w->at++;
    skip_space(w);
    while (here(w) != ']' && here(w) != '}') {
        if (item.member) {
            item.name = read_name(w);
            skip_space(w);
            w->at++; /* the colon */
            skip_space(w);
        }
        walk_item(w, &item, depth);
        item.index++;
        skip_space(w);
        if (here(w) == ',') {
            w->at++;
            skip_space(w);
        }
    }
    w->at++;
}

static enum blank_result walk_text(struct walk *w)
{
    size_t start = w->out->len;
    bool changed;

    for (size_t i = 0; i < w->n; i++)
        w->states[i] = 1;
    if (str_starts(w->text, STR("\xef\xbb\xbf")))
        w->at = 3;
    skip_space(w);
    if (here(w) == '{' || here(w) == '[')
        walk_items(w, 0);
    changed = w->copied > 0;
    if (changed && buf_add(w->out, str_skip(w->text, w->copied), NULL) < 0)
        w->failed = true;
    if (w->failed)
        w->out->len = start;
    return w->failed ? BLANK_NOMEM : changed ? BLANK_SOME : BLANK_NONE;
}

enum blank_result blank_json(const struct json_path *paths, size_t n, struct str text,
                             struct buf *out, bool *hit)
{
    struct walk w = {.paths = paths, .n = n, .text = text, .out = out, .hit = hit};
    enum blank_result result = BLANK_NOMEM;

    if (json_check(text, NULL, NULL) < 0)
        return BLANK_NOT_JSON;
    w.states = mem_array(((size_t)JSON_MAX_DEPTH + 2) * n, sizeof *w.states);
    arena_init(&w.mem, text.len + 4096);
    if (w.states)
        result = walk_text(&w);
    mem_free(w.states);
    arena_release(&w.mem);
    return result;
}

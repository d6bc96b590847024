#include "diff/endpoint_name.h"

#include <assert.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/http.h"
#include "core/mem.h"
#include "core/pattern.h"
#include "diff/difference.h"
#include "diff/idlike.h"

enum { NAMES_MEMORY = 4 * 1024 * 1024, SEGMENT_MAX = 256, EXTENSION_MAX = 5 };

/* A pattern, and what says how specific it is. */
struct ranked {
    struct pattern pattern;
    size_t literals, segments, place;
    bool open; /* ends in a star: any number of segments */
};

struct endpoint_names {
    struct arena mem;
    struct ranked *patterns;
    size_t n_patterns;
    struct table table;
    struct endpoint_name *list[ENDPOINTS_MAX + 1];
    size_t n;
    struct buf folded;
};

/* ---- paths ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo percent-encoding, only in order to classify. */
static struct str decoded(struct str s, char text[SEGMENT_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < s.len && n < SEGMENT_MAX; i++) {
        int high = s.data[i] == '%' && i + 2 < s.len ? hex_value(s.data[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.data[i + 2]) : -1;

        text[n++] = low >= 0 ? (char)(high * 16 + low) : s.data[i];
        i += low >= 0 ? 2 : 0;
    }
    return str_from(text, n);
}

/* Where ".jpg" begins in "17.jpg"; the length when there is no extension. */
static size_t extension_of(struct str s)
{
    size_t dot = s.len;

    while (dot > 0 && s.data[dot - 1] != '.')
        dot--;
    if (dot < 2 || dot == s.len || s.len - dot > EXTENSION_MAX)
        return s.len;
    return (s.data[dot] | 0x20) >= 'a' && (s.data[dot] | 0x20) <= 'z' ? dot - 1 : s.len;
}

static int add_segment(struct str raw, struct buf *out, struct err *e)
{
    char text[SEGMENT_MAX];
    struct str s = decoded(raw, text), ext;
    const char *fold = idlike_placeholder(idlike_of(s));
    size_t dot = extension_of(s);

    if (fold || raw.len > SEGMENT_MAX)
        return buf_add(out, str_of(fold ? fold : "{token}"), e);
    ext = str_skip(s, dot);
    fold = ext.len ? idlike_placeholder(idlike_of(str_head(s, dot))) : NULL;
    if (!fold)
        return buf_add(out, raw, e);
    return buf_add(out, str_of(fold), e) < 0 ? -1 : buf_add(out, ext, e);
}

int endpoint_name_fold(struct str target, struct buf *out, struct err *e)
{
    struct str path = http_target_path(target);
    size_t start = out->len;

    if (path.len == 0 || path.data[0] != '/') /* "*", an authority, or nonsense */
        return buf_add(out, str_head(path, ENDPOINT_PATH_MAX), e);
    while (path.data && out->len - start < ENDPOINT_PATH_MAX) {
        struct str segment = str_cut(&path, '/');
        bool ends_in_slash = out->len > start && out->data[out->len - 1] == '/';

        if (segment.len && add_segment(segment, out, e) < 0)
            return -1;
        if (path.data && (segment.len || !ends_in_slash) && buf_addc(out, '/', e) < 0)
            return -1;
    }
    return 0;
}

/* ---- patterns ---- */

static int read_pattern(struct ranked *r, struct str text, struct arena *mem, struct err *e)
{
    struct str copy, rest;

    if (arena_dup(mem, text, &copy, e) < 0)
        return -1;
    if (pattern_read(&r->pattern, copy, e) < 0)
        return err_wrap(e, "--endpoint-pattern");
    rest = r->pattern.path;
    while (rest.data) {
        struct str segment = str_cut(&rest, '/');
        r->open = str_eq(segment, STR("*"));
        r->segments++;
        r->literals += segment.len && !pattern_is_wild(segment);
    }
    return 0;
}

static int by_specificity(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->literals != y->literals)
        return x->literals < y->literals ? 1 : -1;
    if (x->segments != y->segments)
        return x->segments < y->segments ? 1 : -1;
    if (x->open != y->open)
        return x->open ? 1 : -1;
    if (!x->pattern.method.len != !y->pattern.method.len)
        return x->pattern.method.len ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static const struct pattern *fitting(const struct endpoint_names *names, struct str method,
                                     struct str path)
{
    for (size_t i = 0; i < names->n_patterns; i++) {
        if (pattern_fits(&names->patterns[i].pattern, method, path))
            return &names->patterns[i].pattern;
    }
    return NULL;
}

/* ---- the names ---- */

struct endpoint_names *endpoint_names_new(const char *const *patterns, size_t n, struct err *e)
{
    struct endpoint_names *names = mem_zalloc(sizeof *names);

    if (!names) {
        err_nomem(e, "naming endpoints");
        return NULL;
    }
    arena_init(&names->mem, NAMES_MEMORY);
    buf_init(&names->folded, ENDPOINT_PATH_MAX + 2 * SEGMENT_MAX);
    names->patterns = arena_array(&names->mem, n + 1, sizeof *names->patterns, e);
    for (size_t i = 0; names->patterns && i < n; i++) {
        names->patterns[i].place = i;
        if (read_pattern(&names->patterns[i], str_of(patterns[i]), &names->mem, e) < 0)
            goto fail;
    }
    if (!names->patterns)
        goto fail;
    names->n_patterns = n;
    qsort(names->patterns, n, sizeof *names->patterns, by_specificity);
    return names;
fail:
    endpoint_names_free(names);
    return NULL;
}

void endpoint_names_free(struct endpoint_names *names)
{
    if (!names)
        return;
    table_reset(&names->table);
    buf_release(&names->folded);
    arena_release(&names->mem);
    mem_free(names);
}

static bool same_name(const struct table_entry *entry, const struct table_entry *key)
{
    const struct endpoint_name *a = (const void *)entry, *b = (const void *)key;

    return str_eq(a->method, b->method) && str_eq(a->path, b->path);
}

static int add_name(struct endpoint_names *names, const struct endpoint_name *key, struct err *e)
{
    struct endpoint_name *copy = arena_alloc(&names->mem, sizeof *copy, e);

    if (!copy || arena_dup(&names->mem, key->method, &copy->method, e) < 0 ||
        arena_dup(&names->mem, key->path, &copy->path, e) < 0)
        return -1;
    copy->key = key->key;
    copy->index = (uint32_t)names->n;
    if (table_put(&names->table, &copy->key, e) < 0)
        return -1;
    names->list[names->n++] = copy;
    return 0;
}

int endpoint_names_find(struct endpoint_names *names, struct str head, uint32_t *index,
                        struct err *e)
{
    static const struct endpoint_name other = {{0}, 0, STR_INIT("*"), STR_INIT("(other)")};
    struct http_request_line line = {.method = STR_INIT("?"), .target = STR_INIT("?")};
    const struct pattern *p;
    const struct endpoint_name *found;
    struct endpoint_name key = {0};

    http_request_line(head, &line);
    p = fitting(names, line.method, http_target_path(line.target));
    buf_reset(&names->folded);
    if (!p && endpoint_name_fold(line.target, &names->folded, e) < 0)
        return -1;
    key.method = line.method;
    key.path = p ? p->path : buf_str(&names->folded);
    key.key.hash =
        fnv_add(fnv_add(FNV_START, key.method.data, key.method.len), key.path.data, key.path.len);
    found = (void *)table_find(&names->table, &key.key, same_name);
    if (!found && names->n < ENDPOINTS_MAX) {
        if (add_name(names, &key, e) < 0)
            return -1;
        found = names->list[names->n - 1];
    } else if (!found) {
        if (names->n == ENDPOINTS_MAX && add_name(names, &other, e) < 0)
            return -1;
        found = names->list[ENDPOINTS_MAX];
    }
    *index = found->index;
    return 0;
}

size_t endpoint_names_count(const struct endpoint_names *names)
{
    return names->n;
}

const struct endpoint_name *endpoint_names_at(const struct endpoint_names *names, size_t index)
{
    assert(index < names->n);
    return names->list[index];
}

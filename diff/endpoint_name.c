#include "diff/endpoint_name.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/http.h"
#include "core/mem.h"
#include "core/pattern.h"
#include "diff/difference.h"
#include "diff/endpoint_table.h"
#include "diff/endpoint_trie.h"
#include "diff/idlike.h"
#include "diff/operation.h"

enum {
    NAMES_MEMORY = 64 * 1024 * 1024,
    SCRATCH_MEMORY = 32 * 1024 * 1024,
    SEGMENT_MAX = 256,
    EXTENSION_MAX = 5,
    OTHER = ENDPOINT_NAMES_MAX,
    NAME_BYTES = 8 * ENDPOINT_PATH_MAX,
};

/* ---- paths ---- */

/* Undo percent-encoding, only in order to classify. */
static struct str decoded(struct str s, char text[SEGMENT_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < s.len && n < SEGMENT_MAX; i++) {
        int byte = str_percent_value(str_skip(s, i));

        text[n++] = byte >= 0 ? (char)byte : s.data[i];
        i += byte >= 0 ? 2 : 0;
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

static void rank(struct ranked *r)
{
    struct str rest = r->pattern.path;

    while (rest.data) {
        struct str segment = str_cut(&rest, '/');
        r->open = str_eq(segment, STR("*"));
        r->segments++;
        r->literals += segment.len && !pattern_is_wild(segment);
    }
}

static int read_pattern(struct ranked *r, struct str text, struct arena *mem, struct err *e)
{
    struct str copy;

    if (arena_dup(mem, text, &copy, e) < 0)
        return -1;
    if (pattern_read(&r->pattern, copy, e) < 0)
        return err_wrap(e, "--endpoint-pattern");
    r->own = true;
    rank(r);
    return 0;
}

static int by_specificity(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->own != y->own)
        return x->own ? -1 : 1;
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

static const struct ranked *fitting(const struct endpoint_names *names, struct str method,
                                    struct str path)
{
    for (size_t i = 0; i < names->n_patterns; i++) {
        if (pattern_fits(&names->patterns[i].pattern, method, path))
            return &names->patterns[i];
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
    arena_init(&names->scratch, SCRATCH_MEMORY);
    buf_init(&names->folded, NAME_BYTES);
    buf_init(&names->merged, NAME_BYTES);
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
    table_reset(&names->beginnings);
    table_reset(&names->words);
    buf_release(&names->folded);
    buf_release(&names->merged);
    arena_release(&names->scratch);
    arena_release(&names->mem);
    mem_free(names);
}

bool endpoint_table_same(const struct table_entry *entry, const struct table_entry *key)
{
    const struct endpoint_name *a = (const void *)entry, *b = (const void *)key;

    return str_eq(a->method, b->method) && str_eq(a->path, b->path);
}

int endpoint_names_add(struct endpoint_names *names, const struct pattern *patterns, size_t n,
                       struct err *e)
{
    struct ranked *all = arena_array(&names->mem, names->n_patterns + n + 1, sizeof *all, e);

    if (!all)
        return -1;
    memcpy(all, names->patterns, names->n_patterns * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        struct ranked *r = &all[names->n_patterns + i];

        r->place = names->n_patterns + i;
        if (arena_dup(&names->mem, patterns[i].method, &r->pattern.method, e) < 0 ||
            arena_dup(&names->mem, patterns[i].path, &r->pattern.path, e) < 0)
            return -1;
        rank(r);
    }
    names->patterns = all;
    names->n_patterns += n;
    qsort(all, names->n_patterns, sizeof *all, by_specificity);
    return 0;
}

uint64_t endpoint_table_hash(struct str method, struct str path)
{
    return fnv_add(fnv_add(FNV_START, method.data, method.len), path.data, path.len);
}

struct endpoint_name *endpoint_table_put(struct endpoint_names *names, struct str method,
                                         struct str path, uint32_t index, struct err *e)
{
    struct endpoint_name *name = arena_alloc(&names->mem, sizeof *name, e);

    if (!name || arena_dup(&names->mem, method, &name->method, e) < 0 ||
        arena_dup(&names->mem, path, &name->path, e) < 0)
        return NULL;
    name->key.hash = endpoint_table_hash(method, path);
    name->index = index;
    names->list[index] = name;
    return name;
}

struct endpoint_name *endpoint_table_other(struct endpoint_names *names, uint32_t index,
                                           struct err *e)
{
    return names->list[index] ? names->list[index]
                              : endpoint_table_put(names, STR("*"), STR("(other)"), index, e);
}

/* ---- words that are too many ----
 *
 * Where more than TRIE_FORCED words follow one beginning, they will be merged in any
 * case, so from then on they are while reading: a site of a million slugs takes no
 * more names than that.
 */

static bool same_beginning(const struct table_entry *entry, const struct table_entry *key)
{
    const struct beginning *a = (const void *)entry, *b = (const void *)key;

    return str_eq(a->path, b->path);
}

static struct beginning *beginning_of(struct endpoint_names *names, struct str path)
{
    struct beginning key = {{endpoint_table_hash(STR(""), path)}, path, 0};

    return (void *)table_find(&names->beginnings, &key.key, same_beginning);
}

/* The folded path with words that are too many replaced, into names->merged. */
static int replace_words(struct endpoint_names *names, struct str path, struct err *e)
{
    struct buf *out = &names->merged;
    struct str rest = str_skip(path, 1);

    buf_reset(out);
    if (buf_addc(out, '/', e) < 0)
        return -1;
    while (rest.data) {
        struct str word = str_cut(&rest, '/');
        const struct beginning *b = trie_is_word(word) ? beginning_of(names, buf_str(out)) : NULL;

        if (buf_add(out, b && b->words > TRIE_FORCED ? TRIE_STAR : word, e) < 0 ||
            (rest.data && buf_addc(out, '/', e) < 0))
            return -1;
    }
    return 0;
}

static int count_word(struct endpoint_names *names, struct str begin, struct str word,
                      struct err *e)
{
    struct beginning *b = beginning_of(names, begin);
    struct table_entry key = {fnv_add(endpoint_table_hash(STR(""), begin), word.data, word.len)},
                       *entry;

    if (!b) {
        b = arena_alloc(&names->mem, sizeof *b, e);
        if (!b || arena_dup(&names->mem, begin, &b->path, e) < 0)
            return -1;
        b->key.hash = endpoint_table_hash(STR(""), begin);
        if (table_put(&names->beginnings, &b->key, e) < 0)
            return -1;
    }
    if (table_find(&names->words, &key, NULL))
        return 0;
    entry = arena_alloc(&names->mem, sizeof *entry, e);
    if (!entry)
        return -1;
    *entry = key;
    b->words++;
    return table_put(&names->words, entry, e);
}

/* Count the words of a new name. */
static int count_words(struct endpoint_names *names, struct str path, struct err *e)
{
    size_t at = 1;

    while (at <= path.len) {
        struct str rest = str_skip(path, at), word = str_head(rest, str_find(rest, '/'));

        if (trie_is_word(word) && count_word(names, str_head(path, at), word, e) < 0)
            return -1;
        at += word.len + 1;
    }
    return 0;
}

/* ---- naming a request ---- */

static struct endpoint_name *known(struct endpoint_names *names, struct str method, struct str path)
{
    struct endpoint_name key = {{endpoint_table_hash(method, path)}, 0, method, path, false, 0};

    return (void *)table_find(&names->table, &key.key, endpoint_table_same);
}

static struct endpoint_name *add_name(struct endpoint_names *names, struct str method,
                                      struct str path, bool folded, struct err *e)
{
    struct endpoint_name *name;

    if (names->n == ENDPOINT_NAMES_MAX)
        return endpoint_table_other(names, OTHER, e);
    name = endpoint_table_put(names, method, path, (uint32_t)names->n, e);
    if (!name || table_put(&names->table, &name->key, e) < 0)
        return NULL;
    names->n++;
    name->folded = folded;
    return folded && count_words(names, name->path, e) < 0 ? NULL : name;
}

/* A path that nobody knew better is looked at: it may be known by then. */
static struct endpoint_name *find_folded(struct endpoint_names *names, struct str method,
                                         struct err *e)
{
    struct str path = buf_str(&names->folded);
    struct endpoint_name *found = known(names, method, path);

    if (found)
        return found;
    if (path.len == 0 || path.data[0] != '/')
        return add_name(names, method, path, false, e);
    if (replace_words(names, path, e) < 0)
        return NULL;
    path = buf_str(&names->merged);
    found = known(names, method, path);
    return found ? found : add_name(names, method, path, true, e);
}

/* The path that a pattern gives, or a folded one; and what is asked for there. */
static struct endpoint_name *find_name(struct endpoint_names *names,
                                       const struct http_request_line *line, struct str head,
                                       struct str body, struct err *e)
{
    const struct ranked *r = fitting(names, line->method, http_target_path(line->target));
    struct endpoint_name *found;
    size_t len;

    buf_reset(&names->folded);
    if (r ? buf_add(&names->folded, r->pattern.path, e) < 0
          : endpoint_name_fold(line->target, &names->folded, e) < 0)
        return NULL;
    len = names->folded.len;
    if (!(r && r->own)) {
        arena_reset(&names->scratch);
        if (operation_name(head, body, &names->scratch, &names->folded, e) < 0)
            return NULL;
    }
    if (!r && names->folded.len == len)
        return find_folded(names, line->method, e);
    found = known(names, line->method, buf_str(&names->folded));
    return found ? found : add_name(names, line->method, buf_str(&names->folded), false, e);
}

int endpoint_names_find(struct endpoint_names *names, struct str head, struct str body,
                        uint32_t *index, struct err *e)
{
    struct http_request_line line = {.method = STR_INIT("?"), .target = STR_INIT("?")};
    struct endpoint_name *found;

    http_request_line(head, &line);
    found = find_name(names, &line, head, body, e);
    if (!found)
        return -1;
    found->pairs++;
    *index = found->index;
    return 0;
}

size_t endpoint_names_count(const struct endpoint_names *names)
{
    size_t n = 0;

    for (size_t i = 0; i <= ENDPOINT_NAMES_MAX; i++)
        n += names->list[i] != NULL;
    return n;
}

const struct endpoint_name *endpoint_names_at(const struct endpoint_names *names, size_t index)
{
    assert(index <= ENDPOINT_NAMES_MAX && names->list[index]);
    return names->list[index];
}

const struct endpoint_merge *endpoint_names_merges(const struct endpoint_names *names, size_t *n)
{
    *n = names->n_merges;
    return names->merges;
}

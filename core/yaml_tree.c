/* yaml_tree.c -- nodes put together, and asked.
 *
 * A list or map is settled when it closes: its merge keys are applied, keys
 * that stand twice are found, its size is summed up. All that is below it has
 * been settled before, so an alias costs nothing but looking at the size of
 * its node: a billion laughs is found at the first laugh too many, and nothing
 * is ever copied. Only the items that a merge brings in are new.
 *
 * Keys are sorted to be compared, for a map of 100,000 of them is no mistake
 * of ours; the order in which they stand is kept.
 */
#include "core/yaml_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* ---- building ---- */

void yaml_build_start(struct yaml_builder *b)
{
    b->nodes = 0;
    b->root = NULL;
    b->depth = 0;
}

enum yaml_step yaml_build_count(struct yaml_builder *b, size_t n, struct place at)
{
    b->nodes += n;
    if (b->nodes <= YAML_MAX_NODES)
        return YAML_GO;
    diag_add(b->diags, DIAG_ERROR, "E102", at,
             "a document of more than %d nodes, counting what aliases and merge keys stand for",
             YAML_MAX_NODES);
    return YAML_STOP;
}

struct yaml_node *yaml_build_node(struct yaml_builder *b, enum yaml_kind kind, struct place at,
                                  enum yaml_step *step)
{
    struct yaml_node *n;

    *step = yaml_build_count(b, 1, at);
    if (*step != YAML_GO)
        return NULL;
    n = arena_alloc(&b->stream->mem, sizeof *n, b->e);
    if (!n) {
        *step = YAML_NOMEM;
        return NULL;
    }
    *n = (struct yaml_node){.kind = kind, .at = at, .size = 1};
    return n;
}

static struct yaml_item *add_item(struct yaml_builder *b, struct yaml_level *l,
                                  const struct yaml_node *key, const struct yaml_node *value)
{
    struct yaml_item *item = arena_alloc(&b->stream->mem, sizeof *item, b->e);

    if (!item)
        return NULL;
    *item = (struct yaml_item){.key = key, .value = value};
    if (l->last)
        l->last->next = item;
    else
        l->box->items = item;
    l->last = item;
    return item;
}

bool yaml_build_wants_key(const struct yaml_builder *b)
{
    const struct yaml_level *l = &b->levels[b->depth];

    return b->depth && l->box->kind == YAML_MAP && !l->key;
}

/* A key that is no scalar waits for its value like any other, and then goes
 * with it: the rest of the map can still be read. */
enum yaml_step yaml_build_put(struct yaml_builder *b, struct yaml_node *n, struct place at,
                              const char *hint)
{
    struct yaml_level *l = &b->levels[b->depth];
    const struct yaml_node *key;

    if (b->depth == 0) {
        b->root = n;
        return YAML_GO;
    }
    if (b->depth + n->height > YAML_MAX_DEPTH) {
        diag_add(b->diags, DIAG_ERROR, "E102", at, "more than %d lists and maps inside one another",
                 YAML_MAX_DEPTH);
        return YAML_STOP;
    }
    if (yaml_build_wants_key(b)) {
        if (n->kind != YAML_SCALAR && !l->in_key)
            diag_add(b->diags, DIAG_ERROR, "E106", at, "%s cannot be a key%s",
                     yaml_kind_name(n->kind), hint);
        l->key = n;
        return YAML_GO;
    }
    key = l->key;
    l->key = NULL;
    if (key && key->kind != YAML_SCALAR)
        return YAML_GO;
    return add_item(b, l, key, n) ? YAML_GO : YAML_NOMEM;
}

enum yaml_step yaml_build_open(struct yaml_builder *b, struct yaml_node *n, const char *hint)
{
    bool in_key = b->levels[b->depth].in_key || yaml_build_wants_key(b);
    enum yaml_step step;

    n->height = 1;
    step = yaml_build_put(b, n, n->at, hint);
    if (step != YAML_GO)
        return step;
    b->levels[++b->depth] = (struct yaml_level){.box = n, .in_key = in_key};
    return YAML_GO;
}

/* ---- merge keys ---- */

static bool is_merge_key(const struct yaml_node *key)
{
    return !key->quoted && str_eq(key->text, STR("<<"));
}

/* Append the items of one map that is merged in. They count as nodes even
 * where a key of the same name wins, here or where that map was merged itself:
 * merging maps into maps into maps cannot take longer than the ceiling allows,
 * and is no riddle for whoever reads the same file without our precautions. */
static enum yaml_step merge_map(struct yaml_builder *b, struct yaml_level *l,
                                const struct yaml_node *from, struct place at)
{
    enum yaml_step step = yaml_build_count(b, from->size - 1, at);

    for (const struct yaml_item *i = from->items; i && step == YAML_GO; i = i->next) {
        struct yaml_item *copy = add_item(b, l, i->key, i->value);

        if (copy)
            copy->merged = true;
        else
            step = YAML_NOMEM;
    }
    l->box->size += from->size - 1;
    return step;
}

static enum yaml_step merge_value(struct yaml_builder *b, struct yaml_level *l,
                                  const struct yaml_item *merge)
{
    const struct yaml_node *value = merge->value;
    bool good = value->kind != YAML_SCALAR;

    for (const struct yaml_item *i = value->items; i && value->kind == YAML_LIST; i = i->next)
        good = good && i->value->kind == YAML_MAP;
    if (!good) {
        diag_add(b->diags, DIAG_ERROR, "E108", merge->key->at,
                 "<< merges maps: its value must be a map or a list of maps");
        return YAML_GO;
    }
    if (value->kind == YAML_MAP)
        return merge_map(b, l, value, merge->key->at);
    for (const struct yaml_item *i = value->items; i; i = i->next) {
        enum yaml_step step = merge_map(b, l, i->value, merge->key->at);
        if (step != YAML_GO)
            return step;
    }
    return YAML_GO;
}

static void tell_duplicate(struct yaml_builder *b, const struct yaml_node *first,
                           const struct yaml_node *again)
{
    diag_add(b->diags, DIAG_ERROR, "E103", again->at,
             "the key %.*s stands here and at %u:%u, which is one too many",
             STR_ARG(str_head(again->text, 100)), first->at.line, first->at.column);
}

/* Take the merge key out of a map and put behind its items what it stands for. */
static enum yaml_step apply_merge(struct yaml_builder *b, struct yaml_level *l)
{
    struct yaml_item **at = &l->box->items, *merge = NULL;

    l->last = NULL;
    while (*at) {
        struct yaml_item *item = *at;

        if (!is_merge_key(item->key)) {
            l->last = item;
            at = &item->next;
            continue;
        }
        *at = item->next;
        if (merge)
            tell_duplicate(b, merge->key, item->key);
        else
            merge = item;
    }
    return merge ? merge_value(b, l, merge) : YAML_GO;
}

/* ---- keys that stand twice ---- */

struct yaml_sorted {
    struct yaml_item *item;
    size_t order;
};

static int by_key(const void *a, const void *b)
{
    const struct yaml_sorted *x = a, *y = b;
    int c = str_cmp(x->item->key->text, y->item->key->text);

    return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* All items of a map in `sorted`; returns how many, or -1 without memory. */
static ptrdiff_t sort_items(struct yaml_builder *b, const struct yaml_node *map)
{
    size_t n = 0;

    for (struct yaml_item *i = map->items; i; i = i->next, n++) {
        if (n == b->sorted_cap) {
            size_t cap = b->sorted_cap ? b->sorted_cap * 2 : 32;
            struct yaml_sorted *more = mem_realloc(b->sorted, cap * sizeof *more);

            if (!more)
                return err_nomem(b->e, "reading YAML");
            b->sorted = more;
            b->sorted_cap = cap;
        }
        b->sorted[n] = (struct yaml_sorted){.item = i, .order = n};
    }
    if (n > 1)
        qsort(b->sorted, n, sizeof *b->sorted, by_key);
    return (ptrdiff_t)n;
}

/* The first item of a key stays. Another one is a mistake, unless a merge
 * brought it in: then the map's own, or an earlier merge, has precedence. */
static enum yaml_step drop_duplicates(struct yaml_builder *b, struct yaml_node *map)
{
    struct yaml_item **at = &map->items, *winner = NULL;
    ptrdiff_t n = sort_items(b, map);

    if (n < 0)
        return YAML_NOMEM;
    for (ptrdiff_t i = 0; i < n; i++) {
        struct yaml_item *item = b->sorted[i].item;

        if (!winner || !str_eq(winner->key->text, item->key->text)) {
            winner = item;
            continue;
        }
        if (!item->merged)
            tell_duplicate(b, winner->key, item->key);
        item->key = NULL; /* the mark for the loop below */
    }
    while (*at) {
        if ((*at)->key)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
    return YAML_GO;
}

static void sum_up(struct yaml_node *box)
{
    uint32_t highest = 0;

    for (const struct yaml_item *i = box->items; i; i = i->next) {
        box->count++;
        if (!i->merged) /* or merge_map() has counted it */
            box->size += i->value->size + (i->key ? 1 : 0);
        if (i->value->height > highest)
            highest = i->value->height;
    }
    box->height = 1 + highest;
}

enum yaml_step yaml_build_close(struct yaml_builder *b)
{
    struct yaml_level *l = &b->levels[b->depth--];
    enum yaml_step step = YAML_GO;

    if (l->box->kind == YAML_MAP) {
        step = apply_merge(b, l);
        if (step == YAML_GO)
            step = drop_duplicates(b, l->box);
    }
    sum_up(l->box);
    return step;
}

/* ---- streams ---- */

/* What the ceilings allow needs less than this. */
#define STREAM_MEMORY ((size_t)1 << 30)

void yaml_stream_init(struct yaml_stream *s)
{
    *s = (struct yaml_stream){0};
    arena_init(&s->mem, STREAM_MEMORY);
}

void yaml_stream_release(struct yaml_stream *s)
{
    arena_release(&s->mem);
    yaml_stream_init(s);
}

/* ---- asking ---- */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_item *i = map->items; i; i = i->next) {
        if (str_eq(i->key->text, str_of(key)))
            return i->value;
    }
    return NULL;
}

static bool is_scalar(const struct yaml_node *n)
{
    return n && n->kind == YAML_SCALAR;
}

/* The four spellings of YAML 1.2's core schema (10.3.2). */
bool yaml_is_null(const struct yaml_node *n)
{
    static const struct str nulls[] = {STR_INIT(""), STR_INIT("~"), STR_INIT("null"),
                                       STR_INIT("Null"), STR_INIT("NULL")};

    if (!n)
        return true;
    for (size_t i = 0; is_scalar(n) && !n->quoted && i < sizeof nulls / sizeof *nulls; i++) {
        if (str_eq(n->text, nulls[i]))
            return true;
    }
    return false;
}

bool yaml_to_bool(const struct yaml_node *n, bool *value)
{
    bool yes = is_scalar(n) && str_eq(n->text, STR("true"));

    if (!yes && !(is_scalar(n) && str_eq(n->text, STR("false"))))
        return false;
    *value = yes;
    return true;
}

bool yaml_to_u64(const struct yaml_node *n, uint64_t *value)
{
    return is_scalar(n) && str_to_u64(n->text, value);
}

static struct str skip_digits(struct str s)
{
    while (s.len && s.data[0] >= '0' && s.data[0] <= '9')
        s = str_skip(s, 1);
    return s;
}

/* [0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)? with a sign in front: that a value must
 * not be negative is for its field to say. */
static bool is_decimal(struct str s)
{
    struct str rest;

    if (s.len && s.data[0] == '-')
        s = str_skip(s, 1);
    rest = skip_digits(s);
    if (rest.len == s.len)
        return false;
    if (rest.len && rest.data[0] == '.') {
        s = str_skip(rest, 1);
        rest = skip_digits(s);
        if (rest.len == s.len)
            return false;
    }
    if (rest.len && (rest.data[0] == 'e' || rest.data[0] == 'E')) {
        s = str_skip(rest, 1);
        if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
            s = str_skip(s, 1);
        rest = skip_digits(s);
        if (rest.len == s.len)
            return false;
    }
    return rest.len == 0;
}

bool yaml_to_double(const struct yaml_node *n, double *value)
{
    double v;

    if (!is_scalar(n) || !is_decimal(n->text))
        return false;
    v = strtod(n->text.data, NULL); /* a scalar is NUL-terminated */
    if (!isfinite(v))
        return false;
    *value = v;
    return true;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {"a scalar", "a list", "a map"};

    return names[kind];
}

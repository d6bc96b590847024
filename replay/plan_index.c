#include "replay/plan_index.h"

#include "core/pattern.h"
#include "replay/regex.h"

/* A match fits a path that ... here, at the end of the texts down to this node. */
enum place_kind {
    ENDS,     /* ends */
    SEGMENTS, /* ends or has a slash */
    BEGINS,   /* goes on in any way */
    KINDS,
};

struct plan_index_node {
    struct str label;
    struct plan_ids ids[KINDS];
    struct plan_index_node **children;
    char *firsts; /* of their labels, in the same order */
    uint32_t n, room;
};

static int add_id(struct plan_ids *ids, uint32_t id, struct arena *mem, struct err *e)
{
    if (ids->n == ids->room) {
        uint32_t room = ids->room ? ids->room * 2 : 1;
        uint32_t *list =
            arena_grow(mem, ids->list, ids->room * sizeof *list, room * sizeof *list, e);

        if (!list)
            return -1;
        ids->list = list;
        ids->room = room;
    }
    ids->list[ids->n++] = id;
    return 0;
}

static struct plan_index_node *new_node(struct str label, struct arena *mem, struct err *e)
{
    struct plan_index_node *node = arena_alloc(mem, sizeof *node, e);

    if (node)
        node->label = label;
    return node;
}

static struct plan_index_node **child_at(const struct plan_index_node *node, char first)
{
    const char *p = node->n ? memchr(node->firsts, first, node->n) : NULL;

    return p ? &node->children[p - node->firsts] : NULL;
}

static int make_room(struct plan_index_node *node, struct arena *mem, struct err *e)
{
    uint32_t room = node->room ? node->room * 2 : 2;
    size_t size = sizeof(struct plan_index_node *);
    void *children, *firsts;

    if (node->children && node->n < node->room)
        return 0;
    children = arena_grow(mem, node->children, node->room * size, room * size, e);
    if (!children)
        return -1;
    node->children = children;
    firsts = arena_grow(mem, node->firsts, node->room, room, e);
    if (!firsts)
        return -1;
    node->firsts = firsts;
    node->room = room;
    return 0;
}

static struct plan_index_node *add_child(struct plan_index_node *node, struct str label,
                                         struct arena *mem, struct err *e)
{
    struct plan_index_node *child = new_node(label, mem, e);

    if (!child || make_room(node, mem, e) < 0)
        return NULL;
    node->children[node->n] = child;
    node->firsts[node->n++] = label.data[0];
    return child;
}

/* Put a node into the middle of the label of the one at *at. */
static struct plan_index_node *split(struct plan_index_node **at, size_t n, struct arena *mem,
                                     struct err *e)
{
    struct plan_index_node *below = *at, *middle = new_node(str_head(below->label, n), mem, e);

    if (!middle || make_room(middle, mem, e) < 0)
        return NULL;
    below->label = str_skip(below->label, n);
    middle->children[0] = below;
    middle->firsts[0] = below->label.data[0];
    middle->n = 1;
    return *at = middle;
}

static size_t common(struct str a, struct str b)
{
    size_t n = 0;

    while (n < a.len && n < b.len && a.data[n] == b.data[n])
        n++;
    return n;
}

/* The node at which `key` ends, made if it is missing. */
static struct plan_index_node *node_for(struct plan_index_node *node, struct str key,
                                        struct arena *mem, struct err *e)
{
    while (node && key.len) {
        struct plan_index_node **at = child_at(node, key.data[0]);
        size_t n;

        if (!at)
            return add_child(node, key, mem, e);
        n = common((*at)->label, key);
        node = n < (*at)->label.len ? split(at, n, mem, e) : *at;
        key = str_skip(key, n);
    }
    return node;
}

/* ---- where a match stands -------------------------------------------------------- */

/* Up to the first segment that stands for any. */
static struct str glob_beginning(struct str text)
{
    struct str rest = text;
    size_t n = 0;

    while (rest.data) {
        struct str segment = str_cut(&rest, '/');

        if (pattern_is_wild(segment))
            return str_head(text, n);
        n += segment.len + 1;
    }
    return text;
}

static struct str key_of(const struct plan_text *path, enum place_kind *kind)
{
    *kind = BEGINS;
    if (!path)
        return (struct str){0};
    switch (path->how) {
    case PLAN_PRESENT:
        break;
    case PLAN_EXACT:
        *kind = ENDS;
        return path->text;
    case PLAN_PREFIX:
        return path->text;
    case PLAN_SEGMENTS:
        *kind = SEGMENTS;
        return str_head(path->text, path->text.len - str_ends(path->text, STR("/")));
    case PLAN_GLOB:
        return glob_beginning(path->text);
    case PLAN_REGEX:
        return path->regex ? regex_beginning(path->regex) : (struct str){0};
    }
    return (struct str){0};
}

static bool folds(const struct plan_text *path)
{
    return path && path->any_case &&
           (path->how == PLAN_EXACT || path->how == PLAN_PREFIX || path->how == PLAN_SEGMENTS);
}

static int fold(struct str *key, struct arena *mem, struct err *e)
{
    char *copy = arena_alloc(mem, key->len + 1, e);

    if (!copy)
        return -1;
    for (size_t i = 0; i < key->len; i++)
        copy[i] = (char)(unsigned char)str_lower(key->data[i]);
    key->data = copy;
    return 0;
}

int plan_index_add(struct plan_index *x, const struct plan_text *path, uint32_t id, struct err *e)
{
    enum place_kind kind;
    struct str key = key_of(path, &kind);
    struct plan_index_node **root = folds(path) ? &x->any_case : &x->exact_case, *node;

    if (folds(path) && fold(&key, x->mem, e) < 0)
        return -1;
    if (!*root)
        *root = new_node((struct str){0}, x->mem, e);
    node = node_for(*root, key, x->mem, e);
    return node ? add_id(&node->ids[kind], id, x->mem, e) : -1;
}

/* ---- finding --------------------------------------------------------------------- */

struct finding {
    void (*found)(void *ctx, const struct plan_ids *ids);
    void *ctx;
    bool any_case;
};

static bool goes_on(const struct finding *f, struct str path, struct str label)
{
    if (path.len < label.len)
        return false;
    if (!f->any_case)
        return memcmp(path.data, label.data, label.len) == 0;
    for (size_t i = 0; i < label.len; i++) {
        if ((unsigned char)str_lower(path.data[i]) != (unsigned char)label.data[i])
            return false;
    }
    return true;
}

static void tell(const struct finding *f, const struct plan_ids *ids, bool fits)
{
    if (fits && ids->n)
        f->found(f->ctx, ids);
}

static void find(const struct finding *f, const struct plan_index_node *node, struct str path)
{
    while (node) {
        struct plan_index_node **at, *child;
        bool over = path.len == 0;

        tell(f, &node->ids[BEGINS], true);
        tell(f, &node->ids[SEGMENTS], over || path.data[0] == '/');
        tell(f, &node->ids[ENDS], over);
        if (over)
            return;
        at = child_at(node,
                      f->any_case ? (char)(unsigned char)str_lower(path.data[0]) : path.data[0]);
        child = at ? *at : NULL;
        if (!child || !goes_on(f, path, child->label))
            return;
        path = str_skip(path, child->label.len);
        node = child;
    }
}

void plan_index_find(const struct plan_index *x, struct str path,
                     void (*found)(void *ctx, const struct plan_ids *ids), void *ctx)
{
    struct finding f = {.found = found, .ctx = ctx};

    find(&f, x->exact_case, path);
    f.any_case = true;
    find(&f, x->any_case, path);
}

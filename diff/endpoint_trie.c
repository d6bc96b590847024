/* No tree is built: sorted names are one, a node being a range of names that begin
 * alike. A round looks at all nodes from the deepest up; where words merge, names
 * become equal and ranges larger, so rounds go on until nothing changes. */
#include "diff/endpoint_trie.h"

#include <stdlib.h>

#include "core/mem.h"
#include "diff/difference.h"

enum { ROUNDS = 8, RARELY = 2 };

bool trie_is_word(struct str segment)
{
    return segment.len > 0 && segment.data[0] != '{';
}

/* Slashes before anything else, so that what begins alike stands together. */
static int by_path(const void *a, const void *b)
{
    const struct trie_name *x = a, *y = b;
    size_t n = x->path.len < y->path.len ? x->path.len : y->path.len;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)x->path.data[i], d = (unsigned char)y->path.data[i];
        if (c != d)
            return c == '/' ? -1 : d == '/' ? 1 : c < d ? -1 : 1;
    }
    if (x->path.len != y->path.len)
        return x->path.len < y->path.len ? -1 : 1;
    return str_cmp(x->method, y->method);
}

/* A node's child: the names from `first` on whose next word is `word`. */
struct child {
    struct str word;
    struct trie_name *first;
    size_t n;
    uint64_t pairs, shape;
};

struct trie {
    struct err *e;
    bool merged;
};

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t text_hash(struct str s)
{
    return fnv_add(FNV_START, s.data, s.len);
}

/* The word of a path that begins at `at`; false when it ends before. */
static bool word_at(struct str path, size_t at, struct str *word)
{
    struct str rest = str_skip(path, at);

    *word = str_head(rest, str_find(rest, '/'));
    return at <= path.len;
}

static size_t same_word(const struct trie_name *names, size_t n, size_t at, struct str word)
{
    struct str other;
    size_t len = 0;

    while (len < n && word_at(names[len].path, at, &other) && str_eq(other, word))
        len++;
    return len;
}

static int by_shape(const void *a, const void *b)
{
    const struct child *x = a, *y = b;

    if (trie_is_word(x->word) != trie_is_word(y->word))
        return trie_is_word(x->word) ? -1 : 1;
    if (x->shape != y->shape)
        return x->shape < y->shape ? -1 : 1;
    return str_cmp(x->word, y->word);
}

static void mark(struct trie *t, const struct child *c, size_t depth)
{
    for (size_t i = 0; i < c->n; i++)
        c->first[i].merge |= UINT64_C(1) << depth;
    t->merged = true;
}

static bool are_data(const struct child *c, size_t n)
{
    size_t rare = 0;

    for (size_t i = 0; i < n; i++)
        rare += c[i].pairs <= RARELY;
    return n > TRIE_MANY && rare * 5 > n * 4;
}

/* Merge children that are words: all of them where they are too many, else those
 * of one shape that look like data. Returns the shape of the node's inside. */
static uint64_t merge_children(struct trie *t, struct child *c, size_t n, size_t depth)
{
    uint64_t shape = 0, star = text_hash(TRIE_STAR);
    size_t words = 0, run;

    qsort(c, n, sizeof *c, by_shape);
    while (words < n && trie_is_word(c[words].word))
        words++;
    for (size_t i = 0; i < n; i += run) {
        bool data;

        run = 1;
        while (i < words && i + run < words && c[i + run].shape == c[i].shape)
            run++;
        data = i < words && (words > TRIE_FORCED || are_data(&c[i], run));
        for (size_t k = i; k < i + run; k++) {
            if (data)
                mark(t, &c[k], depth);
            if (!data || k == i) /* merged ones are one */
                shape += mix(mix(data ? star : text_hash(c[k].word)) + c[k].shape);
        }
    }
    return shape;
}

/* The shape of the node whose names these are, their words from `at` on being
 * below it: which methods end here, and what follows. */
static uint64_t settle(struct trie *t, struct trie_name *names, size_t n, size_t at, size_t depth)
{
    struct child *children = mem_array(n + 1, sizeof *children);
    uint64_t shape = 0;
    size_t count = 0, i = 0;
    struct str word;

    if (!children) {
        err_nomem(t->e, "naming endpoints");
        return 0;
    }
    while (i < n) {
        struct child *c = &children[count];

        if (depth == TRIE_SEGMENTS || !word_at(names[i].path, at, &word)) {
            if (i == 0 || !str_eq(names[i].method, names[i - 1].method))
                shape += mix(text_hash(names[i].method));
            i++;
            continue;
        }
        *c = (struct child){word, &names[i], same_word(&names[i], n - i, at, word), 0, 0};
        for (size_t k = 0; k < c->n; k++)
            c->pairs += names[i + k].pairs;
        c->shape = settle(t, c->first, c->n, at + word.len + 1, depth + 1);
        i += c->n;
        count++;
    }
    shape = mix(shape + 1) + merge_children(t, children, count, depth);
    mem_free(children);
    return mix(shape);
}

/* The path with marked words replaced. */
static int rewrite(struct trie_name *name, struct arena *mem, struct err *e)
{
    struct str rest = str_skip(name->path, 1), star = TRIE_STAR;
    char *text = arena_alloc(mem, name->path.len + TRIE_SEGMENTS * star.len + 1, e);
    size_t n = 0;

    if (!text)
        return -1;
    for (size_t depth = 0; rest.data; depth++) {
        struct str word = str_cut(&rest, '/');

        if (depth < TRIE_SEGMENTS && (name->merge >> depth & 1))
            word = star;
        text[n++] = '/';
        if (word.len)
            memcpy(text + n, word.data, word.len);
        n += word.len;
    }
    name->path = str_from(text, n);
    name->merge = 0;
    return 0;
}

int trie_merge(struct trie_name *names, size_t n, struct arena *mem, struct err *e)
{
    struct err own = {0};
    struct trie t = {.e = &own, .merged = true};
    bool any = false;

    for (int round = 0; t.merged && round < ROUNDS; round++) {
        t.merged = false;
        qsort(names, n, sizeof *names, by_path);
        settle(&t, names, n, 1, 0);
        if (own.kind != ERR_NONE) {
            if (e)
                *e = own;
            return -1;
        }
        for (size_t i = 0; i < n; i++) {
            if (names[i].merge && rewrite(&names[i], mem, e) < 0)
                return -1;
        }
        any = any || t.merged;
    }
    qsort(names, n, sizeof *names, by_path);
    return any;
}

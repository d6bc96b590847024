#include "core/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/mem.h"
#include "core/sanitizer.h"

enum { ARENA_FIRST = 1024, ARENA_LARGEST = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t len;
    size_t cap;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

/* Blocks double, so that small arenas stay small and large ones stay few. */
static struct arena_block *block_for(struct arena *a, size_t n)
{
    size_t cap = a->blocks ? a->blocks->cap * 2 : ARENA_FIRST;
    struct arena_block *b;

    if (cap > ARENA_LARGEST)
        cap = ARENA_LARGEST;
    if (cap < n || WATCHED_BY_ASAN)
        cap = n;
    b = mem_alloc(sizeof *b + cap);
    if (!b)
        return NULL;
    *b = (struct arena_block){.next = a->blocks, .cap = cap};
    a->blocks = b;
    return b;
}

/* `n` bytes with whatever they hold. */
static void *cut(struct arena *a, size_t n, struct err *e)
{
    size_t align = alignof(max_align_t);
    size_t rounded = n <= SIZE_MAX - align ? (n + align - 1) / align * align : SIZE_MAX;
    struct arena_block *b = a->blocks;
    void *p;

    if (rounded > a->max || a->used > a->max - rounded) {
        err_set(e, ERR_NOMEM, "more than %zu bytes", a->max);
        return NULL;
    }
    /* Under ASan a block is as large as was asked, to the byte. */
    if (!b || b->cap - b->len < rounded)
        b = block_for(a, WATCHED_BY_ASAN ? n : rounded);
    if (!b) {
        err_nomem(e, "growing an arena");
        return NULL;
    }
    p = b->data + b->len;
    b->len = b->cap - b->len < rounded ? b->cap : b->len + rounded;
    a->used += rounded;
    return p;
}

void *arena_alloc(struct arena *a, size_t n, struct err *e)
{
    void *p = cut(a, n, e);

    return p ? memset(p, 0, n) : NULL;
}

void *arena_array(struct arena *a, size_t count, size_t size, struct err *e)
{
    if (size && count > SIZE_MAX / size) {
        err_set(e, ERR_NOMEM, "more than %zu bytes", a->max);
        return NULL;
    }
    return arena_alloc(a, count * size, e);
}

static size_t round_up(size_t n)
{
    return (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* Let the block whose only piece has `old` bytes have one of `n`. */
static void *grow_block(struct arena *a, size_t old, size_t n, struct err *e)
{
    size_t cap = WATCHED_BY_ASAN ? n : round_up(n);
    struct arena_block *b = mem_realloc(a->blocks, sizeof *b + cap);

    if (!b) {
        err_nomem(e, "growing an arena");
        return NULL;
    }
    a->blocks = b;
    b->len = b->cap = cap;
    a->used += round_up(n) - round_up(old);
    return b->data;
}

/* True if `p` with its `n` bytes is the last piece of the newest block. */
static bool is_last(const struct arena_block *b, const char *p, size_t n)
{
    uintptr_t at = (uintptr_t)p, from = (uintptr_t)b->data, to = from + b->len;

    return at >= from && at < to && round_up(n) >= to - at;
}

void *arena_grow(struct arena *a, void *p, size_t old, size_t n, struct err *e)
{
    struct arena_block *b = a->blocks;
    size_t more;
    void *copy;

    if (p && n <= old)
        return p;
    if (p && n <= SIZE_MAX / 2 && is_last(b, p, old)) {
        more = round_up(n) - round_up(old);
        if (more > a->max || a->used > a->max - more) {
            err_set(e, ERR_NOMEM, "more than %zu bytes", a->max);
            return NULL;
        }
        if (p == b->data && b->cap < round_up(n))
            return grow_block(a, old, n, e);
        if (more <= b->cap - b->len) {
            b->len += more;
            a->used += more;
            return p;
        }
    }
    copy = cut(a, n, e);
    return copy && p ? memcpy(copy, p, old) : copy;
}

int arena_dup(struct arena *a, struct str s, struct str *copy, struct err *e)
{
    char *p = cut(a, s.len + 1, e); /* no view is SIZE_MAX long */

    if (!p)
        return -1;
    if (s.len)
        memcpy(p, s.data, s.len);
    p[s.len] = '\0';
    *copy = str_from(p, s.len);
    return 0;
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->blocks;

    if (!keep)
        return;
    a->blocks = keep->next;
    keep->next = NULL;
    arena_release(a);
    if (WATCHED_BY_ASAN) {
        mem_free(keep);
        return;
    }
    keep->len = 0;
    a->blocks = keep;
}

size_t arena_held(const struct arena *a)
{
    size_t n = 0;

    for (const struct arena_block *b = a->blocks; b; b = b->next)
        n += sizeof *b + b->cap;
    return n;
}

void arena_release(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        mem_free(a->blocks);
        a->blocks = next;
    }
    a->used = 0;
}

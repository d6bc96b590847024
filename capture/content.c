#include "capture/content.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for the size of the state */
#include <xxhash.h>

/* Grow by halves. */
static int make_room(struct content *c, struct http_message *m, struct arena *mem, size_t want)
{
    size_t cap = want < c->cap * 2 ? c->cap * 2 : want;
    char *body = (char *)(uintptr_t)m->body.data;

    if (want <= c->cap)
        return 0;
    if (cap > c->max)
        cap = c->max;
    body = arena_grow(mem, body, c->cap, cap, NULL);
    if (!body)
        return -1;
    m->body.data = body;
    c->cap = cap;
    return 0;
}

/* The hash is of all content: what was kept goes first. */
static int begin_hash(struct content *c, const struct http_message *m, struct arena *mem)
{
    c->hash = arena_alloc(mem, sizeof *c->hash, NULL);
    if (!c->hash)
        return -1;
    XXH64_reset(c->hash, 0);
    if (m->body.len)
        XXH64_update(c->hash, m->body.data, m->body.len);
    return 0;
}

int content_add(struct content *c, struct http_message *m, struct arena *mem, struct str piece)
{
    size_t room = c->max > m->body.len ? c->max - m->body.len : 0;
    size_t n = piece.len < room ? piece.len : room;

    m->body_size += piece.len;
    if (make_room(c, m, mem, m->body.len + n) < 0)
        return -1;
    if (n < piece.len) {
        m->flags |= HTTP_TRUNCATED;
        if (!c->hash && begin_hash(c, m, mem) < 0)
            return -1;
    }
    if (c->hash)
        XXH64_update(c->hash, piece.data, piece.len);
    if (n)
        memcpy((char *)(uintptr_t)m->body.data + m->body.len, piece.data, n);
    m->body.len += n;
    return 0;
}

void content_end(const struct content *c, struct http_message *m)
{
    if (c->hash)
        m->body_hash = XXH64_digest(c->hash);
}

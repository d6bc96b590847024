/* buf.h -- a growable byte buffer with a ceiling.
 *
 * Every byte that comes from the network ends up in one of these, so every
 * buffer is born with the largest size it may reach. Growing past it fails
 * like running out of memory does: the content stays, err says why.
 *
 * `data` is NULL until the first byte and NUL-terminated from then on (the
 * NUL is not counted in len); it may hold NULs inside.
 */
#ifndef MIRRORCTL_CORE_BUF_H
#define MIRRORCTL_CORE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* Start an empty buffer that may grow to `max` bytes. Cannot fail. */
void buf_init(struct buf *b, size_t max);

/* Do `n` more bytes stay below the ceiling? Where that is an expected turn, it has to
 * be told apart from lack of memory. */
static inline bool buf_may_grow(const struct buf *b, size_t n)
{
    return n <= b->max && b->len <= b->max - n;
}

/* Make room for `n` more bytes; what follows up to that cannot fail. */
int buf_reserve(struct buf *b, size_t n, struct err *e);

/* Append. Returns 0, or -1 with *e set and *b unchanged. */
int buf_append(struct buf *b, const void *bytes, size_t n, struct err *e);
int buf_add(struct buf *b, struct str s, struct err *e);
int buf_addc(struct buf *b, char c, struct err *e);
int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int buf_vprintf(struct buf *b, struct err *e, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* What it holds, valid until it grows or ends. */
struct str buf_str(const struct buf *b);

/* Drop the first `n` bytes (at most all), keeping the rest in order. */
void buf_consume(struct buf *b, size_t n);

/* Drop all but the first `n` bytes. */
void buf_cut(struct buf *b, size_t n);

/* Empty it, keeping the memory for the next use. */
void buf_reset(struct buf *b);

/* Free the content; *b is empty and usable again. Fine on a zeroed struct. */
void buf_release(struct buf *b);

#endif

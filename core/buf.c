#include "core/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"

enum { BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

int buf_reserve(struct buf *b, size_t n, struct err *e)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST;
    char *data;

    if (!buf_may_grow(b, n))
        return err_set(e, ERR_NOMEM, "more than %zu bytes", b->max);
    if (b->len + n < b->cap)
        return 0;
    while (cap <= b->len + n)
        cap += cap / 2 + 1;
    if (cap > b->max)
        cap = b->max + 1; /* the NUL stands outside the ceiling */
    data = mem_realloc(b->data, cap);
    if (!data)
        return err_nomem(e, "growing a buffer");
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_append(struct buf *b, const void *bytes, size_t n, struct err *e)
{
    if (buf_reserve(b, n, e) < 0)
        return -1;
    if (n)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add(struct buf *b, struct str s, struct err *e)
{
    return buf_append(b, s.data, s.len, e);
}

int buf_addc(struct buf *b, char c, struct err *e)
{
    return buf_append(b, &c, 1, e);
}

int buf_vprintf(struct buf *b, struct err *e, const char *fmt, va_list ap)
{
    va_list measure;
    int n;

    va_copy(measure, ap);
    n = vsnprintf(NULL, 0, fmt, measure);
    va_end(measure);
    assert(n >= 0);
    if (buf_reserve(b, (size_t)n, e) < 0)
        return -1;
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return 0;
}

int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
{
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = buf_vprintf(b, e, fmt, ap);
    va_end(ap);
    return rc;
}

struct str buf_str(const struct buf *b)
{
    return str_from(b->data, b->len);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        buf_reset(b);
        return;
    }
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

void buf_cut(struct buf *b, size_t n)
{
    if (n < b->len)
        b->len = n;
    if (b->data)
        b->data[b->len] = '\0';
}

void buf_reset(struct buf *b)
{
    buf_cut(b, 0);
}

void buf_release(struct buf *b)
{
    mem_free(b->data);
    *b = (struct buf){.max = b->max};
}

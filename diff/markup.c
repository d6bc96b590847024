#include "diff/markup.h"

#include "diff/printable.h"

enum { SCRATCH_MAX = 16 * 1024 * 1024 };

void markup_begin(struct markup *m, struct buf *out, struct err *e)
{
    *m = (struct markup){.out = out, .e = e};
    buf_init(&m->scratch, SCRATCH_MAX);
}

int markup_end(struct markup *m)
{
    buf_release(&m->scratch);
    return m->failed ? -1 : 0;
}

void markup_bytes(struct markup *m, const char *bytes, size_t n)
{
    if (!m->failed && buf_append(m->out, bytes, n, m->e) < 0)
        m->failed = true;
}

void markup_raw(struct markup *m, const char *text)
{
    markup_bytes(m, text, strlen(text));
}

void markup_fmt(struct markup *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!m->failed && buf_vprintf(m->out, m->e, fmt, ap) < 0)
        m->failed = true;
    va_end(ap);
}

static const char *reference(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void markup_cut(struct markup *m, struct str s, size_t columns)
{
    size_t from = 0;

    buf_reset(&m->scratch);
    if (!m->failed && printable_add(&m->scratch, s, columns, false, m->e) < 0)
        m->failed = true;
    s = buf_str(&m->scratch);
    for (size_t i = 0; i < s.len; i++) {
        const char *ref = reference(s.data[i]);

        if (!ref)
            continue;
        markup_bytes(m, s.data + from, i - from);
        markup_raw(m, ref);
        from = i + 1;
    }
    markup_bytes(m, s.len ? s.data + from : "", s.len - from);
}

void markup_text(struct markup *m, struct str s)
{
    markup_cut(m, s, INT32_MAX);
}

void markup_words(struct markup *m, const char *text)
{
    markup_text(m, str_of(text));
}

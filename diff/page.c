#include "diff/page.h"

#include <stdio.h>
#include <string.h>

#include "diff/printable.h"

enum { NARROWEST = 40 };

void page_begin(struct page *p, const struct report_style *style, struct buf *out, struct err *e)
{
    *p = (struct page){.style = style, .out = out, .e = e, .is_blank = true};
}

int page_end(const struct page *p)
{
    return p->failed ? -1 : 0;
}

size_t page_left(const struct page *p)
{
    size_t width = p->style->width > NARROWEST ? p->style->width : NARROWEST;

    return p->column < width ? width - p->column : 0;
}

static void put(struct page *p, const char *bytes, size_t n)
{
    if (!p->failed && buf_append(p->out, bytes, n, p->e) < 0)
        p->failed = true;
}

static void paint(struct page *p, enum page_colour colour)
{
    static const char *const codes[] = {
        [PAGE_BOLD] = "\033[1m",    [PAGE_RED] = "\033[1;31m", [PAGE_GREEN] = "\033[32m",
        [PAGE_YELLOW] = "\033[33m", [PAGE_DIM] = "\033[2m",    [PAGE_PLAIN] = "\033[0m",
    };

    if (p->style->colour)
        put(p, codes[colour], strlen(codes[colour]));
}

/* Bytes of `s` up to what GitHub's runner would take for a command of a
 * workflow: "::" at the beginning of a line, blanks aside, or "##[" anywhere. */
static size_t before_command(const struct page *p, struct str s)
{
    const char *at = s.len ? memmem(s.data, s.len, "##[", 3) : NULL;

    if (p->is_blank && str_starts(s, STR("::")))
        return 0;
    return at ? (size_t)(at - s.data) + 2 : s.len;
}

static void put_foreign(struct page *p, struct str s, size_t columns)
{
    int used;

    if (p->failed)
        return;
    used = printable_add(p->out, s, columns, p->style->ascii, p->e);
    p->failed = used < 0;
    p->column += used < 0 ? 0 : (size_t)used;
    p->is_blank = p->is_blank && s.len == 0;
}

void page_str(struct page *p, enum page_colour colour, struct str s, size_t columns)
{
    size_t begin = p->column, n;

    if (colour != PAGE_PLAIN)
        paint(p, colour);
    while ((n = before_command(p, s)) < s.len && p->column - begin + n + 4 < columns) {
        char escape[8];

        put_foreign(p, str_head(s, n), columns - (p->column - begin));
        snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)s.data[n]);
        put_foreign(p, str_of(escape), 4);
        s = str_skip(s, n + 1);
    }
    put_foreign(p, n < s.len ? str_head(s, n) : s, columns - (p->column - begin));
    if (colour != PAGE_PLAIN)
        paint(p, PAGE_PLAIN);
}

void page_wrapped(struct page *p, enum page_colour colour, struct str s)
{
    const size_t begin = p->column;

    while (s.len) {
        struct str word = str_cut(&s, ' ');

        if (p->column > begin && printable_width(word, p->style->ascii) + 1 > page_left(p))
            page_line(p);
        if (p->column != begin)
            page_to(p, p->column ? 0 : begin);
        page_str(p, colour, word, page_left(p));
    }
}

void page_text(struct page *p, enum page_colour colour, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    page_str(p, colour, str_from(text, strlen(text)), page_left(p));
}

void page_to(struct page *p, size_t column)
{
    do {
        put(p, " ", 1);
        p->column++;
    } while (p->column < column);
}

void page_right(struct page *p, enum page_colour colour, const char *text, size_t column)
{
    size_t width = printable_width(str_of(text), p->style->ascii);

    if (p->column + width < column)
        page_to(p, column - width);
    else if (p->column && width < page_left(p))
        page_to(p, 0);
    page_str(p, colour, str_of(text), width);
}

void page_line(struct page *p)
{
    while (!p->failed && p->out->len && p->out->data[p->out->len - 1] == ' ')
        p->out->data[--p->out->len] = '\0';
    put(p, "\n", 1);
    p->column = 0;
    p->is_blank = true;
}

void page_gap(struct page *p)
{
    if (!str_ends(buf_str(p->out), STR("\n\n")))
        page_line(p);
}

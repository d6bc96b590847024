#include "diff/printable.h"

#include <stdint.h>
#include <stdio.h>

#include "core/utf8.h"

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* Controls, marks that turn the direction (UAX 9), invisible characters, line
 * and paragraph separators, variation selectors, private use, tags. */
static bool is_hostile(uint32_t code)
{
    static const struct range ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff},
    };

    return is_in(code, ranges, sizeof ranges / sizeof *ranges);
}

/* East Asian Wide and the pictures (UAX 11), roughly: too wide is harmless. */
static bool is_wide(uint32_t code)
{
    static const struct range ranges[] = {
        {0x1100, 0x115e}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f000, 0x1faff}, {0x20000, 0x3fffd},
    };

    return is_in(code, ranges, sizeof ranges / sizeof *ranges);
}

/* How the character at the front is written. */
struct piece {
    char text[16];
    size_t len, columns;
    size_t taken; /* bytes of the input */
};

static void escape(struct piece *p, const char *fmt_name, uint32_t code)
{
    int n = *fmt_name == 'x' ? snprintf(p->text, sizeof p->text, "\\x%02x", (unsigned)code)
            : code <= 0xffff ? snprintf(p->text, sizeof p->text, "\\u%04x", (unsigned)code)
                             : snprintf(p->text, sizeof p->text, "\\u{%x}", (unsigned)code);

    p->len = p->columns = (size_t)n;
}

static struct piece piece_of(struct str s, bool ascii)
{
    static const char names[] = "abtnvfr"; /* of 7 to 13 */
    size_t n = utf8_len(s.data, s.len);
    uint32_t code = n ? utf8_code(s.data, n) : (unsigned char)s.data[0];
    struct piece p = {.taken = n ? n : 1};

    if (!n || code < 0x7 || (code > 13 && code < 0x20) || code == 0x7f) {
        escape(&p, "x", code);
    } else if (code <= 13) {
        p.text[0] = '\\';
        p.text[1] = names[code - 7];
        p.len = p.columns = 2;
    } else if (is_hostile(code) || (ascii && code > 0x7f)) {
        escape(&p, "u", code);
    } else {
        memcpy(p.text, s.data, n);
        p.len = n;
        p.columns = is_wide(code) ? 2 : 1;
    }
    return p;
}

size_t printable_width(struct str s, bool ascii)
{
    size_t columns = 0;

    while (s.len) {
        struct piece p = piece_of(s, ascii);
        columns += p.columns;
        s = str_skip(s, p.taken);
    }
    return columns;
}

static void cut_back(struct buf *b, size_t len)
{
    b->len = len;
    if (b->data)
        b->data[len] = '\0';
}

/* Written as long as it fits with room for the ellipsis; where it then did not
 * fit after all, it goes back to there. */
int printable_add(struct buf *out, struct str s, size_t columns, bool ascii, struct err *e)
{
    const char *dots = ascii ? "..." : "\xe2\x80\xa6";
    size_t dots_columns = ascii ? 3 : 1, used = 0, safe_len = out->len, safe_used = 0;

    while (s.len) {
        struct piece p = piece_of(s, ascii);

        if (used + p.columns > columns) {
            cut_back(out, safe_len);
            if (columns < dots_columns)
                return (int)safe_used;
            if (buf_add(out, str_of(dots), e) < 0)
                return -1;
            return (int)(safe_used + dots_columns);
        }
        if (buf_append(out, p.text, p.len, e) < 0)
            return -1;
        used += p.columns;
        if (used + dots_columns <= columns) {
            safe_len = out->len;
            safe_used = used;
        }
        s = str_skip(s, p.taken);
    }
    return (int)used;
}

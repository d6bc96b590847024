#include "core/yaml_write.h"

#include "core/utf8.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Words that YAML 1.1 readers, or 1.2 ones, do not take for text. */
static bool is_taken(struct str s)
{
    static const struct str words[] = {
        STR_INIT("null"), STR_INIT("true"), STR_INIT("false"), STR_INIT("yes"), STR_INIT("no"),
        STR_INIT("on"),   STR_INIT("off"),  STR_INIT("y"),     STR_INIT("n"),
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_ieq(s, words[i]))
            return true;
    }
    return false;
}

/* Could somebody take it for a number or a date? */
static bool is_like_number(struct str s)
{
    static const struct str chars = STR_INIT("0123456789.:_-+abcdefxoABCDEFXOTZ");
    size_t sign = s.data[0] == '-' || s.data[0] == '+' || s.data[0] == '.';

    if (sign >= s.len)
        return true;
    if (s.data[0] == '.' && (str_ieq(s, STR(".inf")) || str_ieq(s, STR(".nan"))))
        return true;
    if (s.data[sign] != '.' && (s.data[sign] < '0' || s.data[sign] > '9'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (str_find(chars, s.data[i]) == chars.len)
            return false;
    }
    return true;
}

/* Controls, breaks of lines, what cannot be seen or changes the direction of
 * writing, and what YAML does not allow in a text. */
static bool is_escaped(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffc) ||
           (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

/* An ASCII character inside of a plain scalar; `next` is 0 at the end. */
static bool is_plain(char before, char c, char next, bool flow)
{
    switch (c) {
    case ':':
        return next == '/' || is_alnum(next);
    case '#':
        return before != ' ';
    case ' ':
        return next != 0 && next != ' ';
    case ',':
    case '[':
    case ']':
    case '{':
    case '}':
    case '?':
        return !flow;
    default:
        return true;
    }
}

static bool may_begin(struct str s)
{
    static const struct str others = STR_INIT("/_.$^(+\\");
    char c = s.data[0];

    if (c == '-') /* an item of a list, the mark between documents */
        return s.len > 1 && (is_alnum(s.data[1]) || s.data[1] == '-') && !str_eq(s, STR("---"));
    return is_alnum(c) || (unsigned char)c >= 0x80 || str_find(others, c) < others.len;
}

static bool is_safe(struct str s, bool flow)
{
    if (s.len == 0 || !may_begin(s) || is_taken(s) || is_like_number(s) || str_eq(s, STR("...")))
        return false;
    for (size_t i = 0; i < s.len;) {
        size_t len = utf8_len(s.data + i, s.len - i);

        if (len == 0 || is_escaped(utf8_code(s.data + i, len)))
            return false;
        if (len == 1 &&
            !is_plain(i ? s.data[i - 1] : 0, s.data[i], i + 1 < s.len ? s.data[i + 1] : 0, flow))
            return false;
        i += len;
    }
    return true;
}

static int write_escaped(struct buf *out, uint32_t c, struct err *e)
{
    switch (c) {
    case '\n':
        return buf_add(out, STR("\\n"), e);
    case '\r':
        return buf_add(out, STR("\\r"), e);
    case '\t':
        return buf_add(out, STR("\\t"), e);
    default:
        return buf_printf(out, e, c < 0x100 ? "\\x%02X" : c < 0x10000 ? "\\u%04X" : "\\U%08X", c);
    }
}

static int write_quoted(struct buf *out, struct str s, struct err *e)
{
    int rc = buf_addc(out, '"', e);

    for (size_t i = 0; i < s.len && rc == 0;) {
        size_t len = utf8_len(s.data + i, s.len - i);
        uint32_t c = len ? utf8_code(s.data + i, len) : 0xfffd;

        if (len && is_escaped(c))
            rc = write_escaped(out, c, e);
        else if (c == '"' || c == '\\')
            rc = buf_printf(out, e, "\\%c", (char)c);
        else
            rc = buf_add(out, len ? str_from(s.data + i, len) : STR("\xef\xbf\xbd"), e);
        i += len ? len : 1;
    }
    return rc < 0 ? -1 : buf_addc(out, '"', e);
}

int yaml_write_text(struct buf *out, struct str s, bool flow, struct err *e)
{
    return is_safe(s, flow) ? buf_add(out, s, e) : write_quoted(out, s, e);
}

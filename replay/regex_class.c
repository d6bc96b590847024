#include "core/utf8.h"
#include "replay/regex_reader.h"

enum {
    CODE_MAX = 0x10ffff,
    SURROGATE_FIRST = 0xd800,
    SURROGATE_LAST = 0xdfff,
};

int re_fail(struct re_reader *r, enum regex_fault fault, size_t at, const char *what)
{
    static const char *const verdicts[] = {
        [REGEX_UNSUPPORTED] = ": not supported by mirrorctl",
        [REGEX_REFUSED] = ": RE2 does not allow it",
        [REGEX_TOO_LARGE] = "",
        [REGEX_BROKEN] = "",
    };

    r->w->fault = fault;
    r->w->offset = at;
    return err_set(r->e, ERR_INPUT, "%s%s", what, verdicts[fault]);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- characters ------------------------------------------------------------------ */

/* One character, whatever it means to PCRE2 when it stands bare. */
int re_say_code(struct re_reader *r, uint32_t code)
{
    char c = (char)code, text[4];

    if (code >= 0x80)
        return buf_append(&r->w->words, text, utf8_put(text, code), r->e);
    if (re_is_digit(c) || is_letter(c))
        return buf_addc(&r->w->words, c, r->e);
    return buf_printf(&r->w->words, r->e, "\\x{%x}", (unsigned)code);
}

/* \x41 and \x{41}; the \x is ahead. */
static int read_hex(struct re_reader *r, uint32_t *code)
{
    size_t from = r->at;
    bool braces = re_peek(r, 2) == '{';
    unsigned digits = 0;
    int value;

    r->at += braces ? 3 : 2;
    for (*code = 0; (value = str_hex_value(re_peek(r, 0))) >= 0 && (braces || digits < 2);
         digits++) {
        if (*code <= CODE_MAX)
            *code = *code * 16 + (uint32_t)value;
        r->at++;
    }
    if (*code > CODE_MAX || (braces ? digits == 0 || re_peek(r, 0) != '}' : digits != 2))
        return re_fail(r, REGEX_BROKEN, from,
                       "\\x must be followed by two hexadecimal digits, or by "
                       "some in braces");
    r->at += braces;
    return 0;
}

/* \0, \012; \1 is a back-reference unless an octal digit follows. */
static int read_octal(struct re_reader *r, uint32_t *code)
{
    size_t from = r->at++;

    if (re_peek(r, 0) > '7' ||
        (re_peek(r, 0) != '0' && (re_peek(r, 1) < '0' || re_peek(r, 1) > '7')))
        return re_fail(r, REGEX_REFUSED, from, "a back-reference");
    *code = 0;
    for (int i = 0; i < 3 && re_peek(r, 0) >= '0' && re_peek(r, 0) <= '7'; i++)
        *code = *code * 8 + (uint32_t)(r->source.data[r->at++] - '0');
    return 0;
}

static const struct odd_escape {
    char letter;
    enum regex_fault fault;
    const char *what;
} odd_escapes[] = {
    {'p', REGEX_UNSUPPORTED, "\\p{..}"},
    {'P', REGEX_UNSUPPORTED, "\\P{..}"},
    {'b', REGEX_UNSUPPORTED, "\\b, the edge of a word"},
    {'B', REGEX_UNSUPPORTED, "\\B, no edge of a word"},
    {'A', REGEX_UNSUPPORTED, "\\A (^ means the same)"},
    {'z', REGEX_UNSUPPORTED, "\\z ($ means the same)"},
    {'C', REGEX_UNSUPPORTED, "\\C, a single byte"},
    {'Q', REGEX_UNSUPPORTED, "\\Q..\\E"},
    {'g', REGEX_REFUSED, "a back-reference"},
    {'k', REGEX_REFUSED, "a back-reference"},
    {'K', REGEX_REFUSED, "\\K"},
    {'G', REGEX_REFUSED, "\\G"},
    {'Z', REGEX_REFUSED, "\\Z"},
    {'R', REGEX_REFUSED, "\\R"},
    {'X', REGEX_REFUSED, "\\X"},
    {'N', REGEX_REFUSED, "\\N"},
    {'h', REGEX_REFUSED, "\\h"},
    {'H', REGEX_REFUSED, "\\H"},
};

static int refuse_escape(struct re_reader *r)
{
    for (size_t i = 0; i < sizeof odd_escapes / sizeof *odd_escapes; i++) {
        if (odd_escapes[i].letter == re_peek(r, 1))
            return re_fail(r, odd_escapes[i].fault, r->at, odd_escapes[i].what);
    }
    return re_fail(r, REGEX_REFUSED, r->at, "an escape of what needs none");
}

/* A backslash that stands for one character. */
static int read_escape(struct re_reader *r, uint32_t *code)
{
    static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    char c = re_peek(r, 1);
    const char *p = c ? strchr(letters, c) : NULL;

    if (r->at + 1 >= r->source.len)
        return re_fail(r, REGEX_BROKEN, r->at, "a backslash at the end");
    if (c == 'x')
        return read_hex(r, code);
    if (re_is_digit(c))
        return read_octal(r, code);
    if (!p && (is_letter(c) || (unsigned char)c >= 0x80))
        return refuse_escape(r);
    *code = p ? (unsigned char)values[p - letters] : (unsigned char)c;
    r->at += 2;
    return 0;
}

/* The character ahead, escaped or not. */
int re_read_code(struct re_reader *r, uint32_t *code)
{
    size_t from = r->at, n;

    if (re_peek(r, 0) == '\\') {
        if (read_escape(r, code) < 0)
            return -1;
        if (*code >= SURROGATE_FIRST && *code <= SURROGATE_LAST)
            return re_fail(r, REGEX_UNSUPPORTED, from, "half of a surrogate pair");
        return 0;
    }
    n = utf8_len(r->source.data + r->at, r->source.len - r->at);
    *code = utf8_code(r->source.data + r->at, n);
    r->at += n;
    return 0;
}

/* ---- classes --------------------------------------------------------------------- */

#define ASCII_NO_WORD "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}"

/* RE2's are of ASCII, and its \s has no \v. Capital ones are all others. */
static const struct perl_class {
    char letter;
    const char *inside;
} perl_classes[] = {
    {'d', "0-9"},
    {'w', "0-9A-Za-z_"},
    {'s', "\\x{9}\\x{a}\\x{c}\\x{d}\\x{20}"},
    {'D', "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}"},
    {'W', ASCII_NO_WORD "\\x{7b}-\\x{10ffff}"},
    {'S', "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"},
};

/* Two characters beyond ASCII are letters of it to (?i): the long s and the Kelvin sign. */
static const char no_word_any_case[] =
    ASCII_NO_WORD "\\x{7b}-\\x{17e}\\x{180}-\\x{2129}\\x{212b}-\\x{10ffff}";

const char *re_perl_class(const struct re_reader *r)
{
    if (re_peek(r, 0) != '\\')
        return NULL;
    if (re_peek(r, 1) == 'W' && r->w->any_case)
        return no_word_any_case;
    for (size_t i = 0; i < sizeof perl_classes / sizeof *perl_classes; i++) {
        if (perl_classes[i].letter == re_peek(r, 1))
            return perl_classes[i].inside;
    }
    return NULL;
}

static int read_range(struct re_reader *r)
{
    size_t from = r->at;
    uint32_t first = 0, last;

    if (re_read_code(r, &first) < 0)
        return -1;
    last = first;
    if (re_peek(r, 0) == '-' && r->at + 1 < r->source.len && re_peek(r, 1) != ']') {
        r->at++;
        if (re_read_code(r, &last) < 0)
            return -1;
    }
    if (last < first)
        return re_fail(r, REGEX_BROKEN, from, "a range that ends before it begins");
    if (re_say_code(r, first) < 0)
        return -1;
    return last == first ? 0 : re_say(r, "-") < 0 ? -1 : re_say_code(r, last);
}

/* [:alpha:]; a [: that nothing ends is two characters. */
static bool is_posix_class(const struct re_reader *r)
{
    struct str s = re_rest(r);

    if (!re_ahead(r, "[:"))
        return false;
    for (size_t i = 2; i + 1 < s.len; i++) {
        if (s.data[i] == ':' && s.data[i + 1] == ']')
            return true;
    }
    return false;
}

static int read_class_item(struct re_reader *r)
{
    const char *inside = re_perl_class(r);

    if (inside) {
        r->at += 2;
        return re_say(r, inside);
    }
    if (is_posix_class(r))
        return re_fail(r, REGEX_UNSUPPORTED, r->at, "a named class, [:name:]");
    return read_range(r);
}

int re_read_class(struct re_reader *r)
{
    size_t from = r->at++;
    bool first = true;

    if (re_say(r, re_peek(r, 0) == '^' ? "[^" : "[") < 0)
        return -1;
    r->at += re_peek(r, 0) == '^';
    while (!re_at_end(r) && (first || re_peek(r, 0) != ']')) {
        if (read_class_item(r) < 0)
            return -1;
        first = false;
    }
    if (re_at_end(r))
        return re_fail(r, REGEX_BROKEN, from, "a [ without its ]");
    r->at++;
    return re_say(r, "]");
}

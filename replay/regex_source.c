#include "replay/regex_source.h"

#include "core/utf8.h"

enum {
    MAX_WORDS = 64 * 1024, /* a source of REGEX_MAX characters becomes less */
    CODE_MAX = 0x10ffff,
    SURROGATE_FIRST = 0xd800,
    SURROGATE_LAST = 0xdfff,
};

/* What may be repeated is the item in front; `product` is how often its inmost
 * part is repeated by {n,m} alone, since RE2 has a limit for that. */
enum item { ITEM_NONE, ITEM_ONE, ITEM_REPEATED };

struct group {
    size_t at; /* of its parenthesis */
    unsigned product;
};

struct reader {
    struct regex_words *w;
    struct str source;
    size_t at;
    struct group groups[REGEX_MAX_NESTING + 1]; /* the first is the whole */
    unsigned depth;
    enum item item;
    unsigned product;   /* of the item */
    bool plain;         /* nothing but characters so far: w->beginning grows */
    size_t last_length; /* of the character at its end, which a repeat takes back */
    struct err *e;
};

static int fail(struct reader *r, enum regex_fault fault, size_t at, const char *what)
{
    static const char *const verdicts[] = {
        [REGEX_UNSUPPORTED] = ": not supported by mirrorctl",
        [REGEX_REFUSED] = ": RE2 does not allow it",
        [REGEX_TOO_LARGE] = "",
        [REGEX_BROKEN] = "",
    };

    r->w->fault = fault;
    r->w->offset = at;
    return err_set(r->e, ERR_INPUT, "%s%s, at character %zu of the expression", what,
                   verdicts[fault], at + 1);
}

static struct str rest(const struct reader *r)
{
    return str_skip(r->source, r->at);
}

static bool ahead(const struct reader *r, const char *text)
{
    return str_starts(rest(r), str_of(text));
}

static char peek(const struct reader *r, size_t n)
{
    return r->at + n < r->source.len ? r->source.data[r->at + n] : '\0';
}

static bool at_end(const struct reader *r)
{
    return r->at >= r->source.len;
}

static int say(struct reader *r, const char *words)
{
    return buf_add(&r->w->words, str_of(words), r->e);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- characters ------------------------------------------------------------------ */

/* One character, whatever it means to PCRE2 when it stands bare. */
static int say_code(struct reader *r, uint32_t code)
{
    char c = (char)code, text[4];

    if (code >= 0x80)
        return buf_append(&r->w->words, text, utf8_put(text, code), r->e);
    if (is_digit(c) || is_letter(c))
        return buf_addc(&r->w->words, c, r->e);
    return buf_printf(&r->w->words, r->e, "\\x{%x}", (unsigned)code);
}

/* \x41 and \x{41}; the \x is ahead. */
static int read_hex(struct reader *r, uint32_t *code)
{
    size_t from = r->at;
    bool braces = peek(r, 2) == '{';
    unsigned digits = 0;
    int value;

    r->at += braces ? 3 : 2;
    for (*code = 0; (value = hex_value(peek(r, 0))) >= 0 && (braces || digits < 2); digits++) {
        if (*code <= CODE_MAX)
            *code = *code * 16 + (uint32_t)value;
        r->at++;
    }
    if (*code > CODE_MAX || (braces ? digits == 0 || peek(r, 0) != '}' : digits != 2))
        return fail(r, REGEX_BROKEN, from,
                    "\\x must be followed by two hexadecimal digits, or by "
                    "some in braces");
    r->at += braces;
    return 0;
}

/* \0, \012; \1 is a back-reference unless an octal digit follows. */
static int read_octal(struct reader *r, uint32_t *code)
{
    size_t from = r->at++;

    if (peek(r, 0) > '7' || (peek(r, 0) != '0' && (peek(r, 1) < '0' || peek(r, 1) > '7')))
        return fail(r, REGEX_REFUSED, from, "a back-reference");
    *code = 0;
    for (int i = 0; i < 3 && peek(r, 0) >= '0' && peek(r, 0) <= '7'; i++)
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

static int refuse_escape(struct reader *r)
{
    for (size_t i = 0; i < sizeof odd_escapes / sizeof *odd_escapes; i++) {
        if (odd_escapes[i].letter == peek(r, 1))
            return fail(r, odd_escapes[i].fault, r->at, odd_escapes[i].what);
    }
    return fail(r, REGEX_REFUSED, r->at, "an escape of what needs none");
}

/* A backslash that stands for one character. */
static int read_escape(struct reader *r, uint32_t *code)
{
    static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    char c = peek(r, 1);
    const char *p = c ? strchr(letters, c) : NULL;

    if (r->at + 1 >= r->source.len)
        return fail(r, REGEX_BROKEN, r->at, "a backslash at the end");
    if (c == 'x')
        return read_hex(r, code);
    if (is_digit(c))
        return read_octal(r, code);
    if (!p && (is_letter(c) || (unsigned char)c >= 0x80))
        return refuse_escape(r);
    *code = p ? (unsigned char)values[p - letters] : (unsigned char)c;
    r->at += 2;
    return 0;
}

/* The character ahead, escaped or not. */
static int read_code(struct reader *r, uint32_t *code)
{
    size_t from = r->at, n;

    if (peek(r, 0) == '\\') {
        if (read_escape(r, code) < 0)
            return -1;
        if (*code >= SURROGATE_FIRST && *code <= SURROGATE_LAST)
            return fail(r, REGEX_UNSUPPORTED, from, "half of a surrogate pair");
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

static const char *perl_class(const struct reader *r)
{
    if (peek(r, 0) != '\\')
        return NULL;
    if (peek(r, 1) == 'W' && r->w->any_case)
        return no_word_any_case;
    for (size_t i = 0; i < sizeof perl_classes / sizeof *perl_classes; i++) {
        if (perl_classes[i].letter == peek(r, 1))
            return perl_classes[i].inside;
    }
    return NULL;
}

static int read_range(struct reader *r)
{
    size_t from = r->at;
    uint32_t first, last;

    if (read_code(r, &first) < 0)
        return -1;
    last = first;
    if (peek(r, 0) == '-' && r->at + 1 < r->source.len && peek(r, 1) != ']') {
        r->at++;
        if (read_code(r, &last) < 0)
            return -1;
    }
    if (last < first)
        return fail(r, REGEX_BROKEN, from, "a range that ends before it begins");
    if (say_code(r, first) < 0)
        return -1;
    return last == first ? 0 : say(r, "-") < 0 ? -1 : say_code(r, last);
}

/* [:alpha:]; a [: that nothing ends is two characters. */
static bool is_posix_class(const struct reader *r)
{
    struct str s = rest(r);

    if (!ahead(r, "[:"))
        return false;
    for (size_t i = 2; i + 1 < s.len; i++) {
        if (s.data[i] == ':' && s.data[i + 1] == ']')
            return true;
    }
    return false;
}

static int read_class_item(struct reader *r)
{
    const char *inside = perl_class(r);

    if (inside) {
        r->at += 2;
        return say(r, inside);
    }
    if (is_posix_class(r))
        return fail(r, REGEX_UNSUPPORTED, r->at, "a named class, [:name:]");
    return read_range(r);
}

static int read_class(struct reader *r)
{
    size_t from = r->at++;
    bool first = true;

    if (say(r, peek(r, 0) == '^' ? "[^" : "[") < 0)
        return -1;
    r->at += peek(r, 0) == '^';
    while (!at_end(r) && (first || peek(r, 0) != ']')) {
        if (read_class_item(r) < 0)
            return -1;
        first = false;
    }
    if (at_end(r))
        return fail(r, REGEX_BROKEN, from, "a [ without its ]");
    r->at++;
    return say(r, "]");
}

/* ---- groups ---------------------------------------------------------------------- */

static const struct opener {
    const char *text;
    enum regex_fault fault;
    const char *what;
} openers[] = {
    {"(?=", REGEX_REFUSED, "a look ahead, (?="},
    {"(?!", REGEX_REFUSED, "a look ahead, (?!"},
    {"(?<=", REGEX_REFUSED, "a look behind, (?<="},
    {"(?<!", REGEX_REFUSED, "a look behind, (?<!"},
    {"(?P<", REGEX_UNSUPPORTED, "a named group"},
    {"(?<", REGEX_UNSUPPORTED, "a named group"},
    {"(?P=", REGEX_REFUSED, "a back-reference"},
    {"(?P>", REGEX_REFUSED, "a recursion"},
    {"(?R", REGEX_REFUSED, "a recursion"},
    {"(?&", REGEX_REFUSED, "a recursion"},
    {"(?>", REGEX_REFUSED, "an atomic group, (?>"},
    {"(?(", REGEX_REFUSED, "a condition, (?("},
    {"(?|", REGEX_REFUSED, "a branch reset, (?|"},
    {"(?#", REGEX_REFUSED, "a comment, (?#"},
    {"(?C", REGEX_REFUSED, "a callout, (?C"},
    {"(?'", REGEX_REFUSED, "a named group in quotes"},
    {"(*", REGEX_REFUSED, "a (*VERB)"},
};

/* (?i) and (?s) in front of everything; elsewhere they would have to be scoped. */
static int read_flags(struct reader *r)
{
    size_t from = r->at;
    bool known = true, any_case = false, dot_all = false;

    for (r->at += 2; peek(r, 0) && strchr("imsU-", peek(r, 0)); r->at++) {
        any_case |= peek(r, 0) == 'i';
        dot_all |= peek(r, 0) == 's';
        known &= peek(r, 0) == 'i' || peek(r, 0) == 's';
    }
    if (at_end(r))
        return fail(r, REGEX_BROKEN, from, "a ( without its )");
    if (is_digit(peek(r, 0)) || peek(r, 0) == '+')
        return fail(r, REGEX_REFUSED, from, "a recursion");
    if (peek(r, 0) != ')' && peek(r, 0) != ':')
        return fail(r, REGEX_REFUSED, from, "a flag that is none of i, m, s and U");
    if (peek(r, 0) == ':' || !known || r->w->words.len || r->at == from + 2)
        return fail(r, REGEX_UNSUPPORTED, from, "flags other than (?i) and (?s) at the beginning");
    r->w->any_case |= any_case;
    r->w->dot_all |= dot_all;
    r->at++;
    return 0;
}

static int open_group(struct reader *r)
{
    bool numbered = peek(r, 1) != '?';

    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        if (ahead(r, openers[i].text))
            return fail(r, openers[i].fault, r->at, openers[i].what);
    }
    if (!numbered && peek(r, 2) != ':')
        return read_flags(r);
    if (r->depth == REGEX_MAX_NESTING)
        return fail(r, REGEX_TOO_LARGE, r->at, "parentheses nested more than 250 deep");
    r->groups[++r->depth] = (struct group){.at = r->at, .product = 1};
    r->w->groups += numbered;
    r->at += numbered ? 1 : 3;
    r->plain = false;
    r->item = ITEM_NONE;
    return say(r, numbered ? "(" : "(?:");
}

static void end_item(struct reader *r)
{
    struct group *g = &r->groups[r->depth];

    if (r->item != ITEM_NONE && r->product > g->product)
        g->product = r->product;
}

static int close_group(struct reader *r)
{
    if (r->depth == 0)
        return fail(r, REGEX_BROKEN, r->at, "a ) without its (");
    end_item(r);
    r->product = r->groups[r->depth--].product;
    r->item = ITEM_ONE;
    r->at++;
    return say(r, ")");
}

/* ---- repeats --------------------------------------------------------------------- */

struct repeat {
    unsigned least, most; /* most 0 with `open`: as often as it is */
    bool open;
    size_t length; /* of its text */
};

static size_t read_count(struct str s, size_t at, unsigned *count)
{
    for (*count = 0; at < s.len && is_digit(s.data[at]); at++) {
        if (*count <= REGEX_MAX_REPEAT)
            *count = *count * 10 + (unsigned)(s.data[at] - '0');
    }
    return at;
}

/* {n}, {n,} or {n,m} ahead. Any other brace is a character. */
static bool see_braces(const struct reader *r, struct repeat *repeat)
{
    struct str s = rest(r);
    size_t at = s.len && s.data[0] == '{' ? read_count(s, 1, &repeat->least) : 0;

    if (at < 2)
        return false;
    repeat->most = repeat->least;
    repeat->open = false;
    if (at + 1 < s.len && s.data[at] == ',') {
        size_t from = ++at;

        at = read_count(s, at, &repeat->most);
        repeat->open = at == from;
    }
    repeat->length = at + 1;
    return at < s.len && s.data[at] == '}';
}

static bool see_repeat(const struct reader *r, struct repeat *repeat)
{
    char c = peek(r, 0);

    if (at_end(r))
        return false;
    if (c == '*' || c == '+' || c == '?') {
        *repeat =
            (struct repeat){.least = c == '+', .open = c != '?', .most = c == '?', .length = 1};
        return true;
    }
    return see_braces(r, repeat);
}

/* Of a{2,3} inside of (..){4} twelve may be asked. */
static int count_repeat(struct reader *r, const struct repeat *repeat)
{
    unsigned most = repeat->open ? repeat->least : repeat->most;

    if (repeat->least > REGEX_MAX_REPEAT || most > REGEX_MAX_REPEAT)
        return fail(r, REGEX_TOO_LARGE, r->at, "a repeat of more than 1000");
    if (!repeat->open && repeat->most < repeat->least)
        return fail(r, REGEX_BROKEN, r->at, "a repeat that ends before it begins");
    if (most == 0)
        return 0;
    if (r->product * most > REGEX_MAX_REPEAT)
        return fail(r, REGEX_TOO_LARGE, r->at, "repeats inside of repeats of more than 1000");
    r->product *= most;
    if (r->w->widest < r->product)
        r->w->widest = r->product;
    return 0;
}

static int read_repeat(struct reader *r, const struct repeat *repeat)
{
    struct str text = str_head(rest(r), repeat->length);

    if (r->item == ITEM_REPEATED)
        return fail(r, REGEX_REFUSED, r->at,
                    peek(r, 0) == '+' ? "a possessive repeat" : "a repeat of a repeat");
    if (r->item == ITEM_NONE)
        return fail(r, REGEX_BROKEN, r->at, "a repeat of nothing");
    if (text.data[0] == '{' && count_repeat(r, repeat) < 0)
        return -1;
    if (r->plain) {
        r->w->beginning.len -= r->last_length;
        r->plain = false;
    }
    if (buf_add(&r->w->words, text, r->e) < 0)
        return -1;
    r->at += repeat->length;
    r->item = ITEM_REPEATED;
    if (peek(r, 0) != '?')
        return 0;
    r->at++;
    return say(r, "?");
}

/* ---- all of it ------------------------------------------------------------------- */

static int read_literal(struct reader *r)
{
    char text[4];
    uint32_t code;

    if (read_code(r, &code) < 0 || say_code(r, code) < 0)
        return -1;
    r->last_length = utf8_put(text, code);
    return r->plain ? buf_append(&r->w->beginning, text, r->last_length, r->e) : 0;
}

static int read_bar(struct reader *r)
{
    end_item(r);
    if (r->depth == 0)
        r->w->beginning.len = 0;
    r->plain = false;
    r->item = ITEM_NONE;
    r->at++;
    return say(r, "|");
}

/* What stands for one character of many, or for a place. */
static int read_sign(struct reader *r, const char *words)
{
    r->plain &= peek(r, 0) == '^';
    r->last_length = 0;
    r->at++;
    return say(r, words);
}

static int read_atom(struct reader *r)
{
    const char *inside = perl_class(r);

    if (inside) {
        r->plain = false;
        r->at += 2;
        return buf_printf(&r->w->words, r->e, "[%s]", inside);
    }
    switch (peek(r, 0)) {
    case '[':
        r->plain = false;
        return read_class(r);
    case '.':
        return read_sign(r, ".");
    case '^': /* in a group, since RE2 lets it be repeated */
        return read_sign(r, "(?:\\A)");
    case '$': /* and this one does not fit before a line break at the end */
        return read_sign(r, "(?:\\z)");
    default:
        return read_literal(r);
    }
}

static int read_item(struct reader *r)
{
    struct repeat repeat;
    bool bar = peek(r, 0) == '|' && !at_end(r);

    if (see_repeat(r, &repeat))
        return read_repeat(r, &repeat);
    if (bar)
        return read_bar(r);
    if (peek(r, 0) == '(')
        end_item(r);
    if (peek(r, 0) == '(')
        return open_group(r);
    if (peek(r, 0) == ')')
        return close_group(r);
    end_item(r);
    r->item = ITEM_ONE;
    r->product = 1;
    return read_atom(r);
}

static int check_length(struct reader *r)
{
    struct str s = r->source;
    size_t n, characters = 0;

    if (s.len == 0)
        return fail(r, REGEX_BROKEN, 0, "an empty expression");
    for (size_t at = 0; at < s.len; at += n) {
        n = utf8_len(s.data + at, s.len - at);
        if (n == 0)
            return fail(r, REGEX_BROKEN, at, "what is not UTF-8");
        if (++characters > REGEX_MAX)
            return fail(r, REGEX_TOO_LARGE, at, "more than 1024 characters");
    }
    return 0;
}

int regex_words_read(struct regex_words *w, struct str source, struct err *e)
{
    struct reader r = {.w = w, .source = source, .plain = true, .e = e};

    *w = (struct regex_words){0};
    buf_init(&w->words, MAX_WORDS);
    buf_init(&w->beginning, MAX_WORDS);
    r.groups[0].product = 1;
    if (check_length(&r) < 0)
        return -1;
    while (!at_end(&r)) {
        if (read_item(&r) < 0)
            return -1;
    }
    if (r.depth)
        return fail(&r, REGEX_BROKEN, r.groups[r.depth].at, "a ( without its )");
    if (w->any_case)
        w->beginning.len = 0;
    return 0;
}

void regex_words_release(struct regex_words *w)
{
    buf_release(&w->words);
    buf_release(&w->beginning);
    *w = (struct regex_words){0};
}

#include "core/utf8.h"
#include "replay/regex_reader.h"

enum { MAX_WORDS = 64 * 1024 }; /* a source of REGEX_MAX characters becomes less */

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
static int read_flags(struct re_reader *r)
{
    size_t from = r->at;
    bool known = true, any_case = false, dot_all = false;

    for (r->at += 2; re_peek(r, 0) && strchr("imsU-", re_peek(r, 0)); r->at++) {
        any_case |= re_peek(r, 0) == 'i';
        dot_all |= re_peek(r, 0) == 's';
        known &= re_peek(r, 0) == 'i' || re_peek(r, 0) == 's';
    }
    if (re_at_end(r))
        return re_fail(r, REGEX_BROKEN, from, "a ( without its )");
    if (re_is_digit(re_peek(r, 0)) || re_peek(r, 0) == '+')
        return re_fail(r, REGEX_REFUSED, from, "a recursion");
    if (re_peek(r, 0) != ')' && re_peek(r, 0) != ':')
        return re_fail(r, REGEX_REFUSED, from, "a flag that is none of i, m, s and U");
    if (re_peek(r, 0) == ':' || !known || r->w->words.len || r->at == from + 2)
        return re_fail(r, REGEX_UNSUPPORTED, from,
                       "flags other than (?i) and (?s) at the beginning");
    r->w->any_case |= any_case;
    r->w->dot_all |= dot_all;
    r->at++;
    return 0;
}

static int open_group(struct re_reader *r)
{
    bool numbered = re_peek(r, 1) != '?';

    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        if (re_ahead(r, openers[i].text))
            return re_fail(r, openers[i].fault, r->at, openers[i].what);
    }
    if (!numbered && re_peek(r, 2) != ':')
        return read_flags(r);
    if (r->depth == REGEX_MAX_NESTING)
        return re_fail(r, REGEX_TOO_LARGE, r->at, "parentheses nested more than 250 deep");
    r->groups[++r->depth] = (struct re_group){.at = r->at, .product = 1};
    r->w->groups += numbered;
    r->at += numbered ? 1 : 3;
    r->plain = false;
    r->item = ITEM_NONE;
    return re_say(r, numbered ? "(" : "(?:");
}

static void end_item(struct re_reader *r)
{
    struct re_group *g = &r->groups[r->depth];

    if (r->item != ITEM_NONE && r->product > g->product)
        g->product = r->product;
}

static int close_group(struct re_reader *r)
{
    if (r->depth == 0)
        return re_fail(r, REGEX_BROKEN, r->at, "a ) without its (");
    end_item(r);
    r->product = r->groups[r->depth--].product;
    r->item = ITEM_ONE;
    r->at++;
    return re_say(r, ")");
}

/* ---- repeats --------------------------------------------------------------------- */

struct repeat {
    unsigned least, most; /* most 0 with `open`: as often as it is */
    bool open;
    size_t length; /* of its text */
};

static size_t read_count(struct str s, size_t at, unsigned *count)
{
    for (*count = 0; at < s.len && re_is_digit(s.data[at]); at++) {
        if (*count <= REGEX_MAX_REPEAT)
            *count = *count * 10 + (unsigned)(s.data[at] - '0');
    }
    return at;
}

/* {n}, {n,} or {n,m} ahead. Any other brace is a character. */
static bool see_braces(const struct re_reader *r, struct repeat *repeat)
{
    struct str s = re_rest(r);
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

static bool see_repeat(const struct re_reader *r, struct repeat *repeat)
{
    char c = re_peek(r, 0);

    if (re_at_end(r))
        return false;
    if (c == '*' || c == '+' || c == '?') {
        *repeat =
            (struct repeat){.least = c == '+', .open = c != '?', .most = c == '?', .length = 1};
        return true;
    }
    return see_braces(r, repeat);
}

/* Of a{2,3} inside of (..){4} twelve may be asked. */
static int count_repeat(struct re_reader *r, const struct repeat *repeat)
{
    unsigned most = repeat->open ? repeat->least : repeat->most;

    if (repeat->least > REGEX_MAX_REPEAT || most > REGEX_MAX_REPEAT)
        return re_fail(r, REGEX_TOO_LARGE, r->at, "a repeat of more than 1000");
    if (!repeat->open && repeat->most < repeat->least)
        return re_fail(r, REGEX_BROKEN, r->at, "a repeat that ends before it begins");
    if (most == 0)
        return 0;
    if (r->product * most > REGEX_MAX_REPEAT)
        return re_fail(r, REGEX_TOO_LARGE, r->at, "repeats inside of repeats of more than 1000");
    r->product *= most;
    if (r->w->widest < r->product)
        r->w->widest = r->product;
    return 0;
}

static int read_repeat(struct re_reader *r, const struct repeat *repeat)
{
    struct str text = str_head(re_rest(r), repeat->length);

    if (r->item == ITEM_REPEATED)
        return re_fail(r, REGEX_REFUSED, r->at,
                       re_peek(r, 0) == '+' ? "a possessive repeat" : "a repeat of a repeat");
    if (r->item == ITEM_NONE)
        return re_fail(r, REGEX_BROKEN, r->at, "a repeat of nothing");
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
    if (re_peek(r, 0) != '?')
        return 0;
    r->at++;
    return re_say(r, "?");
}

/* ---- all of it ------------------------------------------------------------------- */

static int read_literal(struct re_reader *r)
{
    char text[4];
    uint32_t code;

    if (re_read_code(r, &code) < 0 || re_say_code(r, code) < 0)
        return -1;
    r->last_length = utf8_put(text, code);
    return r->plain ? buf_append(&r->w->beginning, text, r->last_length, r->e) : 0;
}

static int read_bar(struct re_reader *r)
{
    end_item(r);
    if (r->depth == 0)
        r->w->beginning.len = 0;
    r->plain = false;
    r->item = ITEM_NONE;
    r->at++;
    return re_say(r, "|");
}

/* What stands for one character of many, or for a place. */
static int read_sign(struct re_reader *r, const char *words)
{
    r->plain &= re_peek(r, 0) == '^';
    r->last_length = 0;
    r->at++;
    return re_say(r, words);
}

static int read_atom(struct re_reader *r)
{
    const char *inside = re_perl_class(r);

    if (inside) {
        r->plain = false;
        r->at += 2;
        return buf_printf(&r->w->words, r->e, "[%s]", inside);
    }
    switch (re_peek(r, 0)) {
    case '[':
        r->plain = false;
        return re_read_class(r);
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

static int read_item(struct re_reader *r)
{
    struct repeat repeat;
    bool bar = re_peek(r, 0) == '|' && !re_at_end(r);

    if (see_repeat(r, &repeat))
        return read_repeat(r, &repeat);
    if (bar)
        return read_bar(r);
    if (re_peek(r, 0) == '(')
        end_item(r);
    if (re_peek(r, 0) == '(')
        return open_group(r);
    if (re_peek(r, 0) == ')')
        return close_group(r);
    end_item(r);
    r->item = ITEM_ONE;
    r->product = 1;
    return read_atom(r);
}

static int check_length(struct re_reader *r)
{
    struct str s = r->source;
    size_t n, characters = 0;

    if (s.len == 0)
        return re_fail(r, REGEX_BROKEN, 0, "an empty expression");
    for (size_t at = 0; at < s.len; at += n) {
        n = utf8_len(s.data + at, s.len - at);
        if (n == 0)
            return re_fail(r, REGEX_BROKEN, at, "what is not UTF-8");
        if (++characters > REGEX_MAX)
            return re_fail(r, REGEX_TOO_LARGE, at, "more than 1024 characters");
    }
    return 0;
}

int regex_words_read(struct regex_words *w, struct str source, struct err *e)
{
    struct re_reader r = {.w = w, .source = source, .plain = true, .e = e};

    *w = (struct regex_words){0};
    buf_init(&w->words, MAX_WORDS);
    buf_init(&w->beginning, MAX_WORDS);
    r.groups[0].product = 1;
    if (check_length(&r) < 0)
        return -1;
    while (!re_at_end(&r)) {
        if (read_item(&r) < 0)
            return -1;
    }
    if (r.depth)
        return re_fail(&r, REGEX_BROKEN, r.groups[r.depth].at, "a ( without its )");
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

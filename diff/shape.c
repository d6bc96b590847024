#include "diff/shape.h"

#include <stdio.h>
#include <string.h>

#include "diff/time_text.h"

enum {
    HEX_MIN = 8,
    TOKEN_MIN = 16,
    ULID_LEN = 26,
    PLACES_MAX = 7, /* more are the digits of a computed number */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool all(struct str s, bool (*is)(char c))
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is(s.data[i]))
            return false;
    }
    return s.len > 0;
}

/* Letter by letter: d is a digit, x a hexadecimal one, a a letter, all else itself. */
static bool begins_like(struct str s, const char *form)
{
    size_t n = strlen(form);

    for (size_t i = 0; i < n; i++) {
        char c = i < s.len ? s.data[i] : '\0';
        bool fits = form[i] == 'd'   ? is_digit(c)
                    : form[i] == 'x' ? is_hex(c)
                    : form[i] == 'a' ? is_upper(c) || is_lower(c)
                                     : c == form[i];
        if (!fits)
            return false;
    }
    return true;
}

static bool is_like(struct str s, const char *form)
{
    return s.len == strlen(form) && begins_like(s, form);
}

/* ---- one kind each: write its name, or say no ---- */

static bool is_empty(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "empty");
    return s.len == 0;
}

static bool is_uuid(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "uuid");
    return is_like(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool is_crockford(char c)
{
    return is_digit(c) || (is_upper(c) && c != 'I' && c != 'L' && c != 'O' && c != 'U');
}

static bool is_ulid(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "ulid");
    return s.len == ULID_LEN && s.data[0] <= '7' && all(s, is_crockford);
}

static bool is_iso8601(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, s.len == 10 ? "date" : "iso8601");
    return begins_like(s, "dddd-dd-dd") && (s.len == 10 || s.data[10] == 'T' || s.data[10] == ' ');
}

static bool is_rfc1123(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "rfc1123");
    return begins_like(s, "aaa, dd aaa dddd dd:dd:dd ");
}

/* 1000000000 to 1999999999 seconds are the years 2001 to 2033. */
static bool is_epoch(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    static const struct {
        size_t len;
        const char *name;
    } units[] = {{10, "epoch s"}, {13, "epoch ms"}, {16, "epoch us"}, {19, "epoch ns"}};

    (void)quoted;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        snprintf(text, SHAPE_TEXT, "%s", units[i].name);
        if (s.len == units[i].len && s.data[0] == '1' && all(s, is_digit))
            return true;
    }
    return false;
}

static struct str without_sign(struct str s)
{
    return s.len && s.data[0] == '-' ? str_skip(s, 1) : s;
}

/* A long string of digits may be one of hex digits that lacks letters by chance. */
static bool is_integer(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    snprintf(text, SHAPE_TEXT, "integer");
    return all(without_sign(s), is_digit) && !(quoted && s.len >= HEX_MIN);
}

static bool is_decimal(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    struct str rest = without_sign(s), whole = str_cut(&rest, '.');
    size_t places = rest.len < PLACES_MAX ? rest.len : PLACES_MAX;

    (void)quoted;
    snprintf(text, SHAPE_TEXT, "decimal(%zu%s)", places, places == PLACES_MAX ? "+" : "");
    return all(whole, is_digit) && all(rest, is_digit);
}

static bool is_ip(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    struct str rest = s;
    unsigned parts = 0;

    (void)quoted;
    snprintf(text, SHAPE_TEXT, "ip");
    for (; rest.len && parts < 5; parts++) {
        struct str part = str_cut(&rest, '.');
        if (part.len > 3 || !all(part, is_digit))
            break;
    }
    if (parts == 4 && !rest.len)
        return true;
    parts = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != ':' && s.data[i] != '.' && !is_hex(s.data[i]))
            return false;
        parts += s.data[i] == ':';
    }
    return parts >= 2 && s.len <= 45 && !is_like(s, "dd:dd:dd");
}

static bool is_url(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    struct str rest = s, scheme = str_cut(&rest, ':');

    (void)quoted;
    snprintf(text, SHAPE_TEXT, "url");
    return all(scheme, is_lower) && str_starts(rest, STR("//"));
}

static bool is_jwt(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    struct str rest = s;
    unsigned parts = 0;

    (void)quoted;
    snprintf(text, SHAPE_TEXT, "jwt");
    while (rest.data && parts < 4) {
        str_cut(&rest, '.');
        parts++;
    }
    return str_starts(s, STR("eyJ")) && parts == 3;
}

static bool is_hex_text(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "hex(%zu)", s.len);
    return s.len >= HEX_MIN && all(s, is_hex);
}

static bool is_token_char(char c)
{
    return is_digit(c) || is_upper(c) || is_lower(c) || c == '-' || c == '_' || c == '=' ||
           c == '+' || c == '/';
}

static bool is_token(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    bool digit = false, upper = false, lower = false;

    (void)quoted;
    snprintf(text, SHAPE_TEXT, "base64url(%zu)", s.len);
    for (size_t i = 0; i < s.len; i++) {
        digit = digit || is_digit(s.data[i]);
        upper = upper || is_upper(s.data[i]);
        lower = lower || is_lower(s.data[i]);
    }
    return s.len >= TOKEN_MIN && digit + upper + lower >= 2 && all(s, is_token_char);
}

static bool is_any(struct str s, bool quoted, char text[SHAPE_TEXT])
{
    (void)s;
    (void)quoted;
    snprintf(text, SHAPE_TEXT, "text");
    return true;
}

/* Asked in order; the last takes anything. */
static bool (*const kinds[])(struct str s, bool quoted, char text[SHAPE_TEXT]) = {
    is_empty,   is_uuid, is_ulid, is_iso8601, is_rfc1123,  is_epoch, is_integer,
    is_decimal, is_ip,   is_url,  is_jwt,     is_hex_text, is_token, is_any,
};

/* The inside of a quoted text. */
static struct str unquoted(struct str s, bool *quoted)
{
    *quoted = s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"';
    return *quoted ? str_from(s.data + 1, s.len - 2) : s;
}

const char *shape_of(struct str value, char text[SHAPE_TEXT])
{
    bool quoted;
    struct str s = unquoted(value, &quoted);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i](s, quoted, text))
            break;
    }
    return text;
}

bool shape_is_same(struct str a, struct str b)
{
    char one[SHAPE_TEXT], other[SHAPE_TEXT];

    return strcmp(shape_of(a, one), shape_of(b, other)) == 0;
}

bool shape_apart(struct str a, struct str b, uint64_t *ns)
{
    bool quoted;
    int64_t x, y;

    if (!time_text_read(unquoted(a, &quoted), &x) || !time_text_read(unquoted(b, &quoted), &y))
        return false;
    *ns = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
    return true;
}

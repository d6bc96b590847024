#include "diff/idlike.h"

enum { HEX_MIN = 8, UUID_LEN = 36, ULID_LEN = 26, KSUID_LEN = 27, TOKEN_MIN = 16 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return str_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_uuid(struct str s)
{
    if (s.len != UUID_LEN)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.data[i] != '-' : !is_hex(s.data[i]))
            return false;
    }
    return true;
}

/* 2026-11-22, and what may follow it: T10:11:12Z and the like. */
static bool is_date(struct str s)
{
    static const char form[] = "dddd-dd-dd";

    if (s.len < sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (form[i] == 'd' ? !str_is_digit(s.data[i]) : s.data[i] != '-')
            return false;
    }
    return s.len == sizeof form - 1 || s.data[10] == 'T' || s.data[10] == ' ';
}

/* Sign, digits, point, and pairs of them: -1.5 or 52.52,13.40. */
static bool is_number(struct str s)
{
    bool digit = false;

    for (size_t i = 0; i < s.len; i++) {
        if (str_is_digit(s.data[i]))
            digit = true;
        else if (str_find(STR("+-.,"), s.data[i]) == 4)
            return false;
    }
    return digit;
}

struct census {
    size_t digits, uppers, lowers, hexes, others, changes;
};

/* Count the kinds of characters, and how often the kind changes: `-` and `_`
 * part words and do not count, anything else speaks against a token. */
static struct census count(struct str s)
{
    struct census n = {0};
    int last = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        int kind = str_is_digit(c) ? 1 : is_letter(c) ? (c >= 'a' ? 2 : 3) : 0;

        n.digits += kind == 1;
        n.lowers += kind == 2;
        n.uppers += kind == 3;
        n.others += kind == 0 && c != '-' && c != '_' && c != '=';
        n.hexes += is_hex(c);
        n.changes += kind && last && kind != last;
        last = kind ? kind : last;
    }
    return n;
}

/* Crockford's base32 in capitals (ULID), or 27 of base62 (KSUID). */
static bool is_sortable_id(struct str s, const struct census *n)
{
    bool plain = n->digits + n->lowers + n->uppers == s.len && n->digits;

    return plain && ((s.len == ULID_LEN && !n->lowers && s.data[0] <= '7') ||
                     (s.len == KSUID_LEN && n->lowers && n->uppers));
}

/* "getting-started-2" and "getUserProfileV2" are names. A token has many digits
 * and changes between kinds of characters again and again. */
static bool is_token(struct str s, const struct census *n)
{
    return s.len >= TOKEN_MIN && !n->others && n->lowers + n->uppers > 0 &&
           n->digits * 8 >= s.len && n->changes * 4 >= s.len;
}

enum idlike idlike_of(struct str s)
{
    struct census n = count(s);

    if (s.len == 0)
        return IDLIKE_NAME;
    if (n.digits == s.len)
        return IDLIKE_ID;
    if (is_uuid(s))
        return IDLIKE_UUID;
    if (is_sortable_id(s, &n) || (s.len == 24 && n.hexes == s.len && n.digits))
        return IDLIKE_ID;
    if (s.len >= HEX_MIN && n.hexes == s.len && n.digits)
        return IDLIKE_HEX;
    if (is_date(s))
        return IDLIKE_DATE;
    if (str_find(s, '@') < s.len)
        return IDLIKE_EMAIL;
    if (is_number(s))
        return IDLIKE_NUM;
    return is_token(s, &n) ? IDLIKE_TOKEN : IDLIKE_NAME;
}

const char *idlike_placeholder(enum idlike kind)
{
    static const char *const names[] = {
        [IDLIKE_NAME] = NULL,       [IDLIKE_ID] = "{id}",     [IDLIKE_UUID] = "{uuid}",
        [IDLIKE_HEX] = "{hex}",     [IDLIKE_DATE] = "{date}", [IDLIKE_EMAIL] = "{email}",
        [IDLIKE_TOKEN] = "{token}", [IDLIKE_NUM] = "{num}",
    };

    return names[kind];
}

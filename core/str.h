/* str.h -- a view of bytes that somebody else owns.
 *
 * Bytes from the network hold NULs and are not NUL-terminated, so every
 * string that is not our own literal travels as a pointer and a length.
 * A view never owns; it is valid as long as what it looks at.
 */
#ifndef MIRRORCTL_CORE_STR_H
#define MIRRORCTL_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data; /* may be NULL when len is 0 */
    size_t len;
};

/* A view of a string literal, usable in static initialisers. */
#define STR_INIT(literal)              \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define STR(literal) ((struct str)STR_INIT(literal))

/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).data ? (s).data : ""

static inline struct str str_from(const char *data, size_t len)
{
    return (struct str){data, len};
}

/* A view of a C string; NULL gives the empty view. */
static inline struct str str_of(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* In lower case as ASCII has it, in every locale. */
static inline char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal but for ASCII case, as field names are compared (RFC 9110, 5.1). Most
 * that differ do so at once, which no call would tell sooner. */
static inline bool str_ieq(struct str a, struct str b)
{
    size_t i = 0;

    if (a.len != b.len)
        return false;
    while (i < a.len && str_lower(a.data[i]) == str_lower(b.data[i]))
        i++;
    return i == a.len;
}

/* Order by bytes, shorter first where one is a prefix of the other. */
static inline int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

static inline bool str_istarts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_ieq(str_from(s.data, prefix.len), prefix);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           str_eq(str_from(s.data + (s.len - suffix.len), suffix.len), suffix);
}

/* The view without its first `n` bytes; `n` beyond the end gives the empty view. */
static inline struct str str_skip(struct str s, size_t n)
{
    if (n > s.len)
        n = s.len;
    return s.len ? str_from(s.data + n, s.len - n) : s;
}

/* The first `n` bytes at most. */
static inline struct str str_head(struct str s, size_t n)
{
    return str_from(s.data, n < s.len ? n : s.len);
}

/* Position of the first `c`, or s.len when there is none. */
static inline size_t str_find(struct str s, char c)
{
    const char *p = s.len ? memchr(s.data, c, s.len) : NULL;

    return p ? (size_t)(p - s.data) : s.len;
}

/* Position of the first byte that is one of `set`, or s.len. */
static inline size_t str_find_any(struct str s, struct str set)
{
    size_t at = 0;

    while (at < s.len && str_find(set, s.data[at]) == set.len)
        at++;
    return at;
}

/* What a hexadecimal digit stands for, or -1. */
static inline int str_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XX at the front of `s` stands for (RFC 3986, 2.1), or -1. */
static inline int str_percent_value(struct str s)
{
    int high = s.len > 2 && s.data[0] == '%' ? str_hex_value(s.data[1]) : -1;
    int low = high >= 0 ? str_hex_value(s.data[2]) : -1;

    return low >= 0 ? high * 16 + low : -1;
}

static inline bool str_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool str_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without white space at both ends: HTTP's OWS (RFC 9110, 5.6.3), and the line
 * breaks of folded field lines, which stand for blanks (RFC 9112, 5.2). */
static inline struct str str_trim(struct str s)
{
    while (s.len && str_is_blank(s.data[0]))
        s = str_skip(s, 1);
    while (s.len && str_is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

/* Cut *rest at the first `sep`: returns what stands before it and leaves what
 * stands after it. Without `sep` all of *rest is returned and it ends empty
 * with data NULL, which is how a loop knows that it is through:
 *
 *     while (list.data) { item = str_cut(&list, ','); ... }
 */
static inline struct str str_cut(struct str *rest, char sep)
{
    size_t at = str_find(*rest, sep);
    struct str first = str_from(rest->data, at);

    *rest = at < rest->len ? str_from(rest->data + at + 1, rest->len - at - 1) : (struct str){0};
    return first;
}

/* Read a whole view as a decimal number. False when it is empty, holds
 * anything but digits, or does not fit. */
static inline bool str_to_u64(struct str s, uint64_t *value)
{
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned char)s.data[i] - (unsigned)'0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

#endif

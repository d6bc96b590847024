/* utf8.h -- what is UTF-8 and what is not (RFC 3629).
 *
 * Overlong forms, surrogates and everything beyond U+10FFFF are not.
 */
#ifndef MIRRORCTL_CORE_UTF8_H
#define MIRRORCTL_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for the second and later bytes of a character. */
static inline bool utf8_is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the character at the front of `n` bytes: 1 to 4, or 0 when it is
 * damaged, cut, or when n is 0. */
static inline size_t utf8_len(const char *p, size_t n)
{
    unsigned char first = n ? (unsigned char)p[0] : 0xff;
    unsigned char second = n > 1 ? (unsigned char)p[1] : 0;

    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || n < 2 || !utf8_is_tail(p[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    if (n < 3 || !utf8_is_tail(p[2]))
        return 0;
    if (first < 0xf0) {
        bool overlong = first == 0xe0 && second < 0xa0;
        bool surrogate = first == 0xed && second >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (n < 4 || !utf8_is_tail(p[3]))
        return 0;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90))
        return 0;
    return 4;
}

/* The code point of `len` bytes that utf8_len() has found well. */
static inline uint32_t utf8_code(const char *p, size_t len)
{
    uint32_t code = (unsigned char)p[0];

    if (len > 1)
        code &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)p[i] & 0x3fu);
    return code;
}

/* Write `code` (up to 0x1fffff; a surrogate too, which makes it WTF-8) in up
 * to 4 bytes; returns how many. */
static inline size_t utf8_put(char *p, uint32_t code)
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char mark[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; code >>= 6)
        p[i] = (char)(0x80 | (code & 0x3f));
    p[0] = (char)(mark[len] | code);
    return len;
}

#endif

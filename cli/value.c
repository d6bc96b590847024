#include "cli/value.h"

#include <stddef.h>

#include "core/str.h"

/* Append a digit to *v. False when it is none or does not fit. */
static bool take_digit(uint64_t *v, char c)
{
    unsigned digit = (unsigned char)c - (unsigned)'0';

    if (digit > 9 || *v > (UINT64_MAX - digit) / 10)
        return false;
    *v = *v * 10 + digit;
    return true;
}

static bool decimal(struct str s, unsigned places, uint64_t *v)
{
    struct str whole = str_head(s, str_find(s, '.'));
    struct str part = str_skip(s, whole.len + 1);
    uint64_t sum = 0;

    if (whole.len == 0 || part.len > places || (whole.len < s.len && part.len == 0))
        return false;
    for (size_t i = 0; i < whole.len; i++) {
        if (!take_digit(&sum, whole.data[i]))
            return false;
    }
    for (size_t i = 0; i < places; i++) {
        if (!take_digit(&sum, i < part.len ? part.data[i] : '0'))
            return false;
    }
    *v = sum;
    return true;
}

bool value_decimal(const char *text, unsigned places, uint64_t *v)
{
    return decimal(str_of(text), places, v);
}

/* Cut off what follows the last digit: the unit. */
static struct str split_unit(struct str *s)
{
    size_t n = s->len;

    while (n > 0 && (s->data[n - 1] < '0' || s->data[n - 1] > '9'))
        n--;
    struct str unit = str_skip(*s, n);
    *s = str_head(*s, n);
    return unit;
}

bool value_size(const char *text, uint64_t *bytes)
{
    static const struct {
        struct str name;
        uint64_t factor;
    } units[] = {
        {STR_INIT(""), 1},
        {STR_INIT("B"), 1},
        {STR_INIT("k"), UINT64_C(1) << 10},
        {STR_INIT("KiB"), UINT64_C(1) << 10},
        {STR_INIT("M"), UINT64_C(1) << 20},
        {STR_INIT("MiB"), UINT64_C(1) << 20},
        {STR_INIT("G"), UINT64_C(1) << 30},
        {STR_INIT("GiB"), UINT64_C(1) << 30},
        {STR_INIT("kB"), UINT64_C(1000)},
        {STR_INIT("MB"), UINT64_C(1000000)},
        {STR_INIT("GB"), UINT64_C(1000000000)},
    };
    struct str s = str_of(text);
    struct str unit = split_unit(&s);
    uint64_t n;

    if (!str_to_u64(s, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!str_ieq(unit, units[i].name))
            continue;
        if (n > UINT64_MAX / units[i].factor)
            return false;
        *bytes = n * units[i].factor;
        return true;
    }
    return false;
}

bool value_time(const char *text, int64_t *ns)
{
    static const struct {
        struct str name;
        unsigned places; /* digits that one unit has in ns */
        uint64_t factor; /* where a power of ten is not enough */
    } units[] = {
        {STR_INIT("us"), 3, 1}, {STR_INIT("ms"), 6, 1},   {STR_INIT("s"), 9, 1},
        {STR_INIT("m"), 9, 60}, {STR_INIT("h"), 9, 3600},
    };
    struct str s = str_of(text);
    struct str unit = split_unit(&s);
    uint64_t n;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!str_eq(unit, units[i].name))
            continue;
        if (!decimal(s, units[i].places, &n) || n > (uint64_t)INT64_MAX / units[i].factor)
            return false;
        *ns = (int64_t)(n * units[i].factor);
        return true;
    }
    return false;
}

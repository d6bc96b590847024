/* json_number.c -- numbers compared by their text.
 *
 * A number is sign * 0.DDDD * 10^order with a first digit that is not 0; then
 * the order decides, and the digits only where it is equal. Nothing is
 * expanded, so 1e1000000000 costs no more than its twelve characters.
 *
 * An exponent may have a million digits of its own. Orders are therefore
 * never computed, only their difference: a digit at a time from the left,
 * stopped once it is so large that neither later digits nor the length of a
 * text could turn its sign.
 */
#include "core/json_tree.h"

#include <string.h>

/* Beyond any length of text, and far from overflow when times 10. */
#define FAR_APART ((int64_t)1 << 56)

struct decimal {
    bool negative;
    bool zero;
    struct str digits;   /* from the first that is not 0; may hold the point */
    int64_t point;       /* digits in front of the point; negative: zeros behind it */
    struct str exponent; /* its digits without leading zeros; empty is 0 */
    bool exponent_negative;
};

static struct str skip_zeros(struct str s)
{
    while (s.len && s.data[0] == '0')
        s = str_skip(s, 1);
    return s;
}

static void take_exponent(struct decimal *d, struct str s)
{
    d->exponent_negative = s.len && s.data[0] == '-';
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        s = str_skip(s, 1);
    d->exponent = skip_zeros(s);
}

static struct decimal decimal_of(struct str s)
{
    struct decimal d = {0};
    struct str whole;
    size_t e = 0;

    d.negative = s.len && s.data[0] == '-';
    if (d.negative)
        s = str_skip(s, 1);
    while (e < s.len && s.data[e] != 'e' && s.data[e] != 'E')
        e++;
    take_exponent(&d, str_skip(s, e + 1));
    s = str_head(s, e);

    whole = skip_zeros(str_head(s, str_find(s, '.')));
    d.point = (int64_t)whole.len;
    d.digits = skip_zeros(s);
    if (!whole.len && d.digits.len) { /* it starts with the point now */
        size_t fraction = d.digits.len - 1;
        d.digits = skip_zeros(str_skip(d.digits, 1));
        d.point = -(int64_t)(fraction - d.digits.len);
    }
    d.zero = d.digits.len == 0;
    return d;
}

static int digit_at(struct str s, size_t place)
{
    return place < s.len ? s.data[s.len - 1 - place] - '0' : 0;
}

/* Exponent of a minus that of b, or FAR_APART with the right sign. From a
 * difference of 3 on every further digit, worth 18 at most, makes it larger. */
static int64_t exponent_gap(const struct decimal *a, const struct decimal *b)
{
    size_t places = a->exponent.len > b->exponent.len ? a->exponent.len : b->exponent.len;
    int64_t gap = 0;

    while (places-- > 0) {
        int x = digit_at(a->exponent, places), y = digit_at(b->exponent, places);

        gap = gap * 10 + (a->exponent_negative ? -x : x) - (b->exponent_negative ? -y : y);
        if (gap >= FAR_APART)
            return FAR_APART;
        if (gap <= -FAR_APART)
            return -FAR_APART;
    }
    return gap;
}

/* The next digit, passing over the point; zeros without end behind the last. */
static char next_digit(struct str *s)
{
    char c;

    if (s->len && s->data[0] == '.')
        *s = str_skip(*s, 1);
    if (!s->len)
        return '0';
    c = s->data[0];
    *s = str_skip(*s, 1);
    return c;
}

static int cmp_magnitude(const struct decimal *a, const struct decimal *b)
{
    int64_t gap = exponent_gap(a, b) + (a->point - b->point);
    struct str x = a->digits, y = b->digits;

    if (gap)
        return gap < 0 ? -1 : 1;
    while (x.len || y.len) {
        char cx = next_digit(&x), cy = next_digit(&y);
        if (cx != cy)
            return cx < cy ? -1 : 1;
    }
    return 0;
}

int json_number_cmp(struct str a, struct str b)
{
    struct decimal x, y;
    int c;

    if (str_eq(a, b))
        return 0;
    x = decimal_of(a);
    y = decimal_of(b);
    if (x.zero || y.zero) {
        int sign_x = x.zero ? 0 : x.negative ? -1 : 1;
        int sign_y = y.zero ? 0 : y.negative ? -1 : 1;
        return (sign_x > sign_y) - (sign_x < sign_y);
    }
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    c = cmp_magnitude(&x, &y);
    return x.negative ? -c : c;
}

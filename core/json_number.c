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

/* ---- nearness ---- */

/* Beyond it places could overflow; no service means such a number. */
enum { EXPONENT_DIGITS = 17, FACTOR_DIGITS = 17 };

/* Digits yet to be read, the first of them worth 10^place. */
struct cursor {
    struct str digits;
    int64_t place;
};

/* False when the exponent is out of reach. */
static bool exponent_of(const struct decimal *d, int64_t *exponent)
{
    uint64_t e = 0;

    if (d->exponent.len > EXPONENT_DIGITS || (d->exponent.len && !str_to_u64(d->exponent, &e)))
        return false;
    *exponent = d->exponent_negative ? -(int64_t)e : (int64_t)e;
    return true;
}

static bool cursor_of(const struct decimal *d, struct cursor *c)
{
    int64_t exponent;

    *c = (struct cursor){.digits = d->digits};
    if (!exponent_of(d, &exponent))
        return false;
    c->place = d->point + exponent - 1;
    return true;
}

/* The digit at `place`, which is not above the cursor's. */
static int take_digit(struct cursor *c, int64_t place)
{
    if (!c->digits.len || c->place != place)
        return 0;
    c->place--;
    return next_digit(&c->digits) - '0';
}

static int64_t highest(int64_t place, const struct cursor *c)
{
    return c->digits.len && c->place > place ? c->place : place;
}

/* A factor as a whole number times 10^*shift. */
static bool whole_factor(struct str text, int64_t *whole, int64_t *shift)
{
    struct decimal d = decimal_of(text);
    struct cursor c;
    int n = 0;

    if (!cursor_of(&d, &c))
        return false;
    for (*whole = 0; c.digits.len; c.place--, n++) {
        if (n == FACTOR_DIGITS)
            return false;
        *whole = *whole * 10 + (next_digit(&c.digits) - '0');
    }
    *shift = c.place + 1;
    return true;
}

/* Is |x| + sign * |y| - factor * m positive? Summed up from the highest place
 * down. What is below a place is worth 2 of it at most, or -2 - factor: beyond
 * that no later digit can turn the sign. So however long the texts and however
 * large the exponents, it takes some 20 steps more than there are digits. */
static bool exceeds(struct cursor x, struct cursor y, int sign, struct cursor m, int64_t factor)
{
    int64_t sum = 0, place = 0;
    bool started = false;

    for (;;) {
        if (!x.digits.len && !y.digits.len && !m.digits.len)
            return sum > 0;
        if (!started || sum == 0) {
            place = highest(highest(highest(INT64_MIN, &x), &y), &m);
            started = true;
        }
        sum = sum * 10 + take_digit(&x, place) + sign * take_digit(&y, place) -
              factor * take_digit(&m, place);
        place--;
        if (sum > factor + 2 || sum < -2)
            return sum > 0;
    }
}

bool json_number_near(struct str a, struct str b, struct str factor, bool relative)
{
    struct decimal x = decimal_of(a), y = decimal_of(b), one = decimal_of(STR("1")), swap;
    struct cursor cx, cy, cm;
    int64_t whole, shift;
    bool apart = x.negative != y.negative;

    if (json_number_cmp(a, b) == 0)
        return true;
    if (x.zero || (!y.zero && cmp_magnitude(&x, &y) < 0)) {
        swap = x;
        x = y;
        y = swap;
    }
    if (!cursor_of(&x, &cx) || !cursor_of(&y, &cy) || !whole_factor(factor, &whole, &shift) ||
        !cursor_of(relative ? &x : &one, &cm))
        return false;
    cm.place += shift;
    return !exceeds(cx, cy, apart ? 1 : -1, cm, whole);
}

/* ---- hashing ---- */

uint64_t json_number_hash(struct str text, bool *plain)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t digits = 0, exponent = 0;
    int64_t order = 0;
    size_t zeros = 0, i = text.len && text.data[0] == '-';
    bool point = false, negative = i > 0, negative_exponent = false;

    *plain = true;
    for (; i < text.len && (text.data[i] | 0x20) != 'e'; i++) {
        char c = text.data[i];

        if (c == '.') {
            point = true;
            continue;
        }
        if (c == '0') {
            zeros += digits != 0;
            order += point ? -(digits == 0) : digits != 0;
            continue;
        }
        for (; zeros; zeros--) /* those inside, not those at the end */
            digits = (digits + 1) * odd;
        digits = (digits + (uint64_t)(c - '0') + 1) * odd;
        order += !point;
    }
    if (digits == 0 || i < text.len || (point && zeros))
        *plain = text.len == 1;
    if (digits == 0)
        return odd;
    if (i < text.len && ++i < text.len && (text.data[i] == '-' || text.data[i] == '+'))
        negative_exponent = text.data[i++] == '-';
    while (i < text.len && text.data[i] == '0')
        i++;
    if (text.len - i > EXPONENT_DIGITS) {
        for (; i < text.len; i++)
            exponent = (exponent + (uint64_t)text.data[i]) * odd;
    } else {
        for (; i < text.len; i++)
            exponent = exponent * 10 + (uint64_t)(text.data[i] - '0');
    }
    exponent = (uint64_t)order + (negative_exponent ? -exponent : exponent);
    digits ^= (exponent + negative) * UINT64_C(0xc2b2ae3d27d4eb4f);
    digits ^= digits >> 32;
    return (digits * odd) ^ (negative ? odd : 0);
}

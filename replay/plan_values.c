/* plan_values.c -- what stands in a field, read as the field wants it. */
#include <string.h>

#include "replay/plan_reader.h"

#define SECOND INT64_C(1000000000)

__extension__ typedef __int128 wide;

static bool is_kind(struct plan_reader *r, const struct yaml_node *n, enum yaml_kind kind,
                    const char *what)
{
    if (yaml_is_null(n) || n->kind == kind)
        return true;
    plan_error(r, "E401", n->at, "%s must be %s, not %s", what, yaml_kind_name(kind),
               yaml_kind_name(n->kind));
    return false;
}

bool plan_is_list(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    return is_kind(r, n, YAML_LIST, what);
}

bool plan_is_map(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    return is_kind(r, n, YAML_MAP, what);
}

bool plan_is_scalar(struct plan_reader *r, const struct yaml_node *n, const char *what)
{
    return is_kind(r, n, YAML_SCALAR, what);
}

bool plan_take_text(struct plan_reader *r, const struct yaml_node *n, const char *what,
                    struct str *value)
{
    struct str copy;

    if (!n)
        return true;
    if (!is_kind(r, n, YAML_SCALAR, what))
        return false;
    copy = plan_text_copy(r, n->text);
    if (r->failed)
        return false;
    *value = copy;
    return true;
}

bool plan_take_bool(struct plan_reader *r, const struct yaml_node *n, const char *what, bool *value)
{
    if (!n || yaml_to_bool(n, value))
        return true;
    plan_error(r, "E401", n->at, "%s must be true or false", what);
    return false;
}

static bool has_zeros(struct str number)
{
    return number.len > 1 && number.data[0] == '0';
}

bool plan_take_int(struct plan_reader *r, const struct yaml_node *n, const char *what,
                   const char *code, uint64_t least, uint64_t most, uint64_t *value)
{
    uint64_t v;

    if (!n)
        return true;
    if (!yaml_to_u64(n, &v) || has_zeros(n->text) || v < least || v > most) {
        plan_error(r, code, n->at, "%s must be an integer from %llu to %llu", what,
                   (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    if (n->quoted)
        plan_warn(r, "W211", n->at, "%s is a quoted number: a cluster would reject it", what);
    *value = v;
    return true;
}

/* ---- durations ---- */

static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {
    {"ns", 1},     {"us", 1000},       {"\xc2\xb5s", 1000},  {"ms", 1000000},
    {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND},
};

/* Cut the unit in front of *s; 0 if there is none. */
static int64_t cut_unit(struct str *s)
{
    size_t n = 0;

    while (n < s->len && !str_is_digit(s->data[n]) && s->data[n] != '.')
        n++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_eq(str_head(*s, n), str_of(units[i].name))) {
            *s = str_skip(*s, n);
            return units[i].ns;
        }
    }
    return 0;
}

/* Digits in front of *s as a whole number; -1 if there are none or too many. */
static int64_t cut_digits(struct str *s)
{
    size_t n = 0;
    uint64_t v;

    while (n < s->len && str_is_digit(s->data[n]))
        n++;
    if (n > 18 || !str_to_u64(str_head(*s, n), &v))
        return -1;
    *s = str_skip(*s, n);
    return (int64_t)v;
}

/* "1.5s": whole * unit + part * unit / 10^digits. False also when too long. */
static bool cut_piece(struct str *s, int64_t *ns)
{
    int64_t whole = cut_digits(s), part = 0, scale = 1, unit, sum;

    if (whole < 0)
        return false;
    if (s->len && s->data[0] == '.') {
        size_t before = s->len - 1;

        *s = str_skip(*s, 1);
        part = cut_digits(s);
        if (part < 0)
            return false;
        for (size_t i = s->len; i < before; i++)
            scale *= 10;
    }
    unit = cut_unit(s);
    if (!unit || __builtin_mul_overflow(whole, unit, &sum) ||
        __builtin_add_overflow(sum, (int64_t)((wide)part * unit / scale), &sum))
        return false;
    return !__builtin_add_overflow(*ns, sum, ns);
}

bool plan_take_duration(struct plan_reader *r, const struct yaml_node *n, const char *what,
                        int64_t *ns)
{
    struct str rest;
    int64_t sum = 0;
    bool good;

    if (!n)
        return true;
    if (!is_kind(r, n, YAML_SCALAR, what))
        return false;
    rest = n->text;
    good = rest.len > 0;
    while (good && rest.len)
        good = cut_piece(&rest, &sum);
    if (good)
        *ns = sum;
    else
        plan_error(r, "E407", n->at, "%s must be a duration such as 10s, 1.5s or 200ms", what);
    return good;
}

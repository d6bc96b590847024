/* Set-Cookie, cookie by cookie and attribute by attribute.
 *
 * Lines must never be joined: a comma stands in every Expires (RFC 6265, 3).
 * Values are sessions and the like, new for everybody, so only what surrounds
 * them counts. */
#include <stdio.h>
#include <stdlib.h>

#include "core/secret.h"
#include "diff/header_lines.h"
#include "diff/idlike.h"
#include "diff/own_address.h"

struct cookie {
    struct str name, value, attributes;
    size_t place;
};

enum { ATTRIBUTES_MAX = 32, COOKIE_PATH_MAX = 160 };

static int by_cookie(const void *a, const void *b)
{
    const struct cookie *x = a, *y = b;
    int c = str_cmp(x->name, y->name);

    return c ? c : (x->place > y->place) - (x->place < y->place);
}

static struct cookie *read_cookies(struct header_sink *h, const struct header_field *f, size_t n)
{
    struct cookie *list = arena_array(&h->out->mem, n + 1, sizeof *list, h->e);

    for (size_t i = 0; list && i < n; i++) {
        struct str rest = f[i].value, pair = str_cut(&rest, ';');
        struct str name = str_trim(str_cut(&pair, '='));

        list[i] = (struct cookie){name, str_trim(pair), rest, i};
    }
    if (list)
        qsort(list, n, sizeof *list, by_cookie);
    return list;
}

/* "set-cookie[sid].path"; names that are data are folded. */
static struct str cookie_path(char text[COOKIE_PATH_MAX], struct str cookie, struct str attribute)
{
    struct str name = idlike_of(cookie) == IDLIKE_NAME ? str_head(cookie, 64) : STR("{*}");
    int n = snprintf(text, COOKIE_PATH_MAX, "set-cookie[%.*s]%s", STR_ARG(name),
                     attribute.len ? "." : "");
    size_t len = (size_t)n;

    for (size_t i = 0; i < attribute.len && i < 32; i++) {
        char c = attribute.data[i];
        text[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return str_from(text, len);
}

/* Take the next `name=value` off; names compare without case. */
static struct str cut_attribute(struct str *rest, struct str *value)
{
    struct str pair = str_cut(rest, ';'), name = str_trim(str_cut(&pair, '='));

    *value = header_present(str_trim(pair));
    return name;
}

static bool find_attribute(struct str attributes, struct str name, struct str *value)
{
    bool found = false;

    while (attributes.data) { /* the last one counts (RFC 6265, 5.3) */
        struct str v, n = cut_attribute(&attributes, &v);
        if (str_ieq(n, name)) {
            *value = v;
            found = true;
        }
    }
    return found;
}

/* A cookie of a target's own host, with a dot in front or not. */
static struct str hide_domain(const struct own_address *own, struct str name, struct str value)
{
    struct str host = str_starts(value, STR(".")) ? str_skip(value, 1) : value;

    if (!own || own->host.len == 0 || !str_ieq(name, STR("domain")) || !str_ieq(host, own->host))
        return value;
    return STR(OWN_ADDRESS_TOKEN);
}

/* Compare one attribute of `a` with its like in `b`; `swapped` when a is v2's. */
static int compare_attribute(struct header_sink *h, const struct cookie *a, const struct cookie *b,
                             struct str name, bool swapped)
{
    struct str x = {0}, y = {0};
    char text[COOKIE_PATH_MAX];
    struct str path = cookie_path(text, a->name, name);

    find_attribute(a->attributes, name, &x);
    if (!find_attribute(b->attributes, name, &y))
        return swapped ? header_note(h, KIND_EXTRA, path, false, y, x)
                       : header_note(h, KIND_MISSING, path, false, x, y);
    if (swapped)
        return 0;
    x = hide_domain(h->out->own1, name, x);
    y = hide_domain(h->out->own2, name, y);
    if (str_ieq(x, y))
        return 0;
    return header_note(h, KIND_VALUE, path, str_ieq(name, STR("expires")), x, y);
}

static size_t count_attributes(struct str attributes)
{
    size_t n = 0;

    for (; attributes.data; n++)
        str_cut(&attributes, ';');
    return n;
}

static int compare_attributes(struct header_sink *h, const struct cookie *a, const struct cookie *b)
{
    struct str rest = a->attributes, value;
    char text[COOKIE_PATH_MAX];

    if (str_eq(a->attributes, b->attributes))
        return 0;
    if (count_attributes(rest) > ATTRIBUTES_MAX || count_attributes(b->attributes) > ATTRIBUTES_MAX)
        return header_note(h, KIND_VALUE, cookie_path(text, a->name, STR("attributes")), false,
                           header_present(a->attributes), header_present(b->attributes));
    while (rest.data) {
        struct str name = cut_attribute(&rest, &value);
        if (name.len && compare_attribute(h, a, b, name, false) < 0)
            return -1;
    }
    for (rest = b->attributes; rest.data;) {
        struct str name = cut_attribute(&rest, &value);
        if (name.len && compare_attribute(h, b, a, name, true) < 0)
            return -1;
    }
    return 0;
}

static struct str cookie_value(const struct header_sink *h, const struct cookie *c)
{
    return h->out->show_secrets ? header_present(c->value) : STR(SECRET_MASK);
}

/* Values are sessions and the like, new for everybody; that one is set and the
 * other deleted is a difference all the same. */
static int compare_cookie(struct header_sink *h, const struct cookie *a, const struct cookie *b)
{
    const struct str none = {0};
    char text[COOKIE_PATH_MAX];
    struct str path;

    if (!b)
        return header_note(h, KIND_MISSING, cookie_path(text, a->name, none), false,
                           cookie_value(h, a), none);
    path = cookie_path(text, b->name, none);
    if (!a)
        return header_note(h, KIND_EXTRA, path, false, none, cookie_value(h, b));
    if ((a->value.len == 0) != (b->value.len == 0)) {
        if (header_note(h, KIND_SHAPE, path, false,
                        a->value.len ? cookie_value(h, a) : STR("(empty)"),
                        b->value.len ? cookie_value(h, b) : STR("(empty)")) < 0)
            return -1;
    } else if (!str_eq(a->value, b->value) &&
               header_note(h, KIND_VALUE, path, true, cookie_value(h, a), cookie_value(h, b)) < 0) {
        return -1;
    }
    return compare_attributes(h, a, b);
}

int header_compare_cookies(struct header_sink *h, const struct header_lines *l)
{
    struct cookie *a, *b;
    size_t i = 0, j = 0;

    if (header_same_lines(l))
        return 0;
    a = read_cookies(h, l->v1, l->n1);
    b = a ? read_cookies(h, l->v2, l->n2) : NULL;
    if (!b)
        return -1;
    while (i < l->n1 || j < l->n2) {
        int c = i == l->n1 ? 1 : j == l->n2 ? -1 : str_cmp(a[i].name, b[j].name);
        const struct cookie *x = c <= 0 ? &a[i++] : NULL, *y = c >= 0 ? &b[j++] : NULL;

        if (compare_cookie(h, x, y) < 0)
            return -1;
    }
    return 0;
}

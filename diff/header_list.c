/* Header fields that are comma-separated lists. */
#include <stdlib.h>

#include "diff/header_lines.h"

struct list {
    struct str *items;
    size_t n;
};

/* The next element; commas in quoted strings do not part (RFC 9110, 5.6.1). */
static struct str cut_element(struct str *rest)
{
    bool quoted = false;
    size_t i = 0;
    struct str item;

    for (; i < rest->len && (quoted || rest->data[i] != ','); i++) {
        if (quoted && rest->data[i] == '\\' && i + 1 < rest->len)
            i++;
        else if (rest->data[i] == '"')
            quoted = !quoted;
    }
    item = str_trim(str_head(*rest, i));
    *rest = i < rest->len ? str_skip(*rest, i + 1) : (struct str){0};
    return item;
}

static int read_list(struct header_sink *h, const struct header_field *f, size_t n,
                     struct list *list)
{
    size_t most = n;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < f[i].value.len; k++)
            most += f[i].value.data[k] == ',';
    }
    list->n = 0;
    list->items = arena_array(&h->out->mem, most + 1, sizeof *list->items, h->e);
    if (!list->items)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct str rest = f[i].value;

        while (rest.len) {
            struct str item = cut_element(&rest);
            if (item.len)
                list->items[list->n++] = item;
        }
    }
    return 0;
}

static int by_item(const void *a, const void *b)
{
    struct str x = *(const struct str *)a, y = *(const struct str *)b;
    int c = strncasecmp(x.len ? x.data : "", y.len ? y.data : "", x.len < y.len ? x.len : y.len);

    return c ? c : (x.len > y.len) - (x.len < y.len);
}

static bool same_items(const struct list *a, const struct list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!str_ieq(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static int compare_lists(struct header_sink *h, const struct header_lines *l, bool ordered)
{
    struct list a, b;

    if (header_same_lines(l))
        return 0;
    if (l->n1 == 0 || l->n2 == 0)
        return header_note_lines(h, header_kind(l, KIND_VALUE), l, false);
    if (read_list(h, l->v1, l->n1, &a) < 0 || read_list(h, l->v2, l->n2, &b) < 0)
        return -1;
    if (same_items(&a, &b))
        return 0;
    qsort(a.items, a.n, sizeof *a.items, by_item);
    qsort(b.items, b.n, sizeof *b.items, by_item);
    if (!same_items(&a, &b))
        return header_note_lines(h, KIND_VALUE, l, false);
    return ordered ? header_note_lines(h, KIND_ORDER, l, false) : 0;
}

int header_compare_list(struct header_sink *h, const struct header_lines *l)
{
    return compare_lists(h, l, true);
}

int header_compare_set(struct header_sink *h, const struct header_lines *l)
{
    return compare_lists(h, l, false);
}

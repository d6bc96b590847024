#include "diff/marked.h"

#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"

enum { ISLAND = 3, SIDE = MARKED_CHARACTERS + 1 };

/* The characters of a text; `same` is what the comparison finds. */
struct letters {
    size_t at[SIDE]; /* where each begins, and the end */
    size_t n;
    bool same[SIDE];
};

struct marker {
    struct letters sides[2];
    uint16_t common[SIDE][SIDE]; /* length of what the rests have in common */
};

struct marker *marker_new(struct err *e)
{
    struct marker *k = mem_alloc(sizeof *k);

    if (!k)
        err_nomem(e, "marking what changed");
    return k;
}

void marker_free(struct marker *k)
{
    mem_free(k);
}

/* ---- characters ---- */

/* False when there are too many of them. */
static bool split(struct str s, struct letters *l)
{
    size_t pos = 0;

    l->n = 0;
    memset(l->same, 0, sizeof l->same);
    while (pos < s.len) {
        size_t len = utf8_len(s.data + pos, s.len - pos);

        if (l->n == MARKED_CHARACTERS)
            return false;
        l->at[l->n++] = pos;
        pos += len ? len : 1;
    }
    l->at[l->n] = pos;
    return true;
}

static bool are_same(struct str a, const struct letters *x, size_t i, struct str b,
                     const struct letters *y, size_t j)
{
    return str_eq(str_from(a.data + x->at[i], x->at[i + 1] - x->at[i]),
                  str_from(b.data + y->at[j], y->at[j + 1] - y->at[j]));
}

/* ---- what they have in common ---- */

/* Equal characters in a row, in the middle: too few of them do not count. */
static void end_island(struct letters *x, size_t i, struct letters *y, size_t j, size_t len)
{
    for (size_t k = 1; k <= len && len < ISLAND; k++)
        x->same[i - k] = y->same[j - k] = false;
}

static void walk(struct marker *k, struct str a, struct str b, size_t from, size_t end_a,
                 size_t end_b)
{
    struct letters *x = &k->sides[0], *y = &k->sides[1];
    size_t i = from, j = from, island = 0;

    while (i < end_a && j < end_b) {
        if (are_same(a, x, i, b, y, j)) {
            x->same[i++] = y->same[j++] = true;
            island++;
            continue;
        }
        end_island(x, i, y, j, island);
        island = 0;
        if (k->common[i + 1][j] >= k->common[i][j + 1])
            i++;
        else
            j++;
    }
    end_island(x, i, y, j, island);
}

static void compare_middle(struct marker *k, struct str a, struct str b, size_t from, size_t end_a,
                           size_t end_b)
{
    const struct letters *x = &k->sides[0], *y = &k->sides[1];

    for (size_t i = from; i <= end_a; i++)
        k->common[i][end_b] = 0;
    for (size_t j = from; j <= end_b; j++)
        k->common[end_a][j] = 0;
    for (size_t i = end_a; i-- > from;) {
        for (size_t j = end_b; j-- > from;) {
            uint16_t skip_a = k->common[i + 1][j], skip_b = k->common[i][j + 1];

            k->common[i][j] = are_same(a, x, i, b, y, j) ? (uint16_t)(k->common[i + 1][j + 1] + 1)
                              : skip_a > skip_b          ? skip_a
                                                         : skip_b;
        }
    }
    walk(k, a, b, from, end_a, end_b);
}

static void compare_letters(struct marker *k, struct str a, struct str b)
{
    struct letters *x = &k->sides[0], *y = &k->sides[1];
    size_t from = 0, end_a = x->n, end_b = y->n;

    while (from < end_a && from < end_b && are_same(a, x, from, b, y, from)) {
        x->same[from] = y->same[from] = true;
        from++;
    }
    while (end_a > from && end_b > from && are_same(a, x, end_a - 1, b, y, end_b - 1))
        x->same[--end_a] = y->same[--end_b] = true;
    compare_middle(k, a, b, from, end_a, end_b);
}

/* ---- runs ---- */

static void add_run(struct marked *out, int side, size_t len, bool changed)
{
    size_t n = out->n[side];
    struct marked_run *last = n ? &out->runs[side][n - 1] : NULL;

    if (len == 0)
        return;
    if (last && (last->changed == changed || n == MARKED_RUNS)) {
        last->len += len;
        last->changed = last->changed || changed;
        return;
    }
    out->runs[side][n] = (struct marked_run){len, changed};
    out->n[side]++;
}

/* Between the common beginning and end everything changed. */
static void mark_whole(struct str a, struct str b, struct marked *out)
{
    size_t begin = 0, end = 0;

    while (begin < a.len && begin < b.len && a.data[begin] == b.data[begin])
        begin++;
    while (begin && begin < a.len && utf8_is_tail(a.data[begin]))
        begin--;
    while (begin && begin < b.len && utf8_is_tail(b.data[begin]))
        begin--;
    while (end < a.len - begin && end < b.len - begin &&
           a.data[a.len - end - 1] == b.data[b.len - end - 1])
        end++;
    while (end && utf8_is_tail(a.data[a.len - end]))
        end--;
    add_run(out, 0, begin, false);
    add_run(out, 0, a.len - begin - end, true);
    add_run(out, 0, end, false);
    add_run(out, 1, begin, false);
    add_run(out, 1, b.len - begin - end, true);
    add_run(out, 1, end, false);
}

void marker_compare(struct marker *k, struct str a, struct str b, struct marked *out)
{
    out->n[0] = out->n[1] = 0;
    if (!split(a, &k->sides[0]) || !split(b, &k->sides[1])) {
        mark_whole(a, b, out);
        return;
    }
    compare_letters(k, a, b);
    for (int side = 0; side < 2; side++) {
        const struct letters *l = &k->sides[side];

        for (size_t i = 0; i < l->n; i++)
            add_run(out, side, l->at[i + 1] - l->at[i], !l->same[i]);
    }
}

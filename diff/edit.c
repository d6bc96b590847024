/* A step is an item put in or taken out. After d steps the furthest that can be
 * reached on diagonal k (x - y, from -d to d) is reached[k]; following equal items
 * costs nothing. The rows of all d are kept, one behind the other, to find the way
 * back: row d has d + 1 places, as every second diagonal is out of reach. */
#include "diff/edit.h"

#include <stdbool.h>

#include "core/mem.h"

struct search {
    const uint64_t *a, *b;
    size_t n, m; /* without the common beginning and end */
    uint32_t *rows;
};

/* Where row d begins, and diagonal k in it. */
static uint32_t *place(const struct search *s, size_t d, ptrdiff_t k)
{
    return s->rows + d * (d + 1) / 2 + (size_t)((ptrdiff_t)d + k) / 2;
}

/* From which neighbour is diagonal k reached in step d: the one above, by putting in? */
static bool came_down(const struct search *s, size_t d, ptrdiff_t k)
{
    if (k == -(ptrdiff_t)d)
        return true;
    return k != (ptrdiff_t)d && *place(s, d - 1, k - 1) < *place(s, d - 1, k + 1);
}

/* The furthest x on diagonal k before equal items are followed. */
static size_t step_to(const struct search *s, size_t d, ptrdiff_t k)
{
    if (d == 0)
        return 0;
    return came_down(s, d, k) ? *place(s, d - 1, k + 1) : *place(s, d - 1, k - 1) + (size_t)1;
}

/* Follow equal items from x on. */
static size_t slide(const struct search *s, size_t x, ptrdiff_t k)
{
    size_t y = (size_t)((ptrdiff_t)x - k);

    while (x < s->n && y < s->m && s->a[x] == s->b[y]) {
        x++;
        y++;
    }
    return x;
}

/* One more step on all diagonals. True when both ends are reached. What lies beyond
 * an end is not looked at, as slide() stops there. */
static bool advance(const struct search *s, size_t d)
{
    for (ptrdiff_t k = -(ptrdiff_t)d; k <= (ptrdiff_t)d; k += 2) {
        size_t x = step_to(s, d, k);
        ptrdiff_t y = (ptrdiff_t)x - k;

        if (x <= s->n && y >= 0 && (size_t)y <= s->m)
            x = slide(s, x, k);
        *place(s, d, k) = (uint32_t)x;
        if (x >= s->n && (size_t)((ptrdiff_t)x - k) >= s->m)
            return true;
    }
    return false;
}

/* Go back from the ends and note what was equal on the way. */
static void trace(const struct search *s, size_t d, size_t skipped, uint32_t *keep)
{
    ptrdiff_t k = (ptrdiff_t)s->n - (ptrdiff_t)s->m;
    size_t x = s->n;

    for (;; d--) {
        size_t from = step_to(s, d, k);

        for (; x > from; x--)
            keep[skipped + x - 1] = (uint32_t)(skipped + (size_t)((ptrdiff_t)x - k));
        if (d == 0)
            return;
        if (came_down(s, d, k)) {
            k++;
        } else {
            x--;
            k--;
        }
    }
}

int edit_find(const uint64_t *a, size_t n, const uint64_t *b, size_t m, uint32_t *keep,
              struct err *e)
{
    size_t head = 0, tail = 0, most, d = 0;
    struct search s;
    bool found = false;

    for (size_t i = 0; i < n; i++)
        keep[i] = 0;
    for (; head < n && head < m && a[head] == b[head]; head++)
        keep[head] = (uint32_t)head + 1;
    for (; head + tail < n && head + tail < m && a[n - tail - 1] == b[m - tail - 1]; tail++)
        keep[n - tail - 1] = (uint32_t)(m - tail);
    s = (struct search){.a = a + head, .b = b + head, .n = n - head - tail, .m = m - head - tail};
    if (s.n == 0 || s.m == 0)
        return 1;
    most = s.n + s.m < EDIT_MAX_STEPS ? s.n + s.m : EDIT_MAX_STEPS;
    s.rows = mem_array((most + 1) * (most + 2) / 2, sizeof *s.rows);
    if (!s.rows)
        return err_nomem(e, "comparing sequences");
    while (!found && d <= most)
        found = advance(&s, d++);
    if (found)
        trace(&s, d - 1, head, keep);
    mem_free(s.rows);
    return found;
}

#include "core/nearest.h"

static unsigned least_of(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

unsigned nearest_distance(struct str a, struct str b)
{
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];

    if (a.len > NEAREST_MAX || b.len > NEAREST_MAX)
        return NEAREST_FAR;
    for (size_t j = 0; j <= b.len; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        char x = str_lower(a.data[i - 1]);
        unsigned *oldest = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            char y = str_lower(b.data[j - 1]);

            row[j] = least_of(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == str_lower(b.data[j - 2]) && y == str_lower(a.data[i - 2]))
                row[j] = least_of(row[j], before[j - 2] + 1, row[j]);
        }
        before = last;
        last = row;
        row = oldest;
    }
    return last[b.len];
}

/* From this distance on a word is another word. */
static unsigned limit_for(struct str typed)
{
    return typed.len < 4 ? 2 : ((unsigned)typed.len + 2) / 3 + 1;
}

const char *nearest_name(struct str typed, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    unsigned best;

    if (typed.len > NEAREST_MAX)
        return NULL;
    best = limit_for(typed);
    for (size_t i = 0; i < n; i++) {
        unsigned d = nearest_distance(typed, str_of(names[i]));

        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

#include "diff/nearest.h"

unsigned nearest_distance(struct str a, struct str b)
{
    unsigned row[NEAREST_MAX + 1];

    if (a.len > NEAREST_MAX || b.len > NEAREST_MAX)
        return NEAREST_FAR;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i + 1;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned best = diagonal + (a.data[i] != b.data[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b.len];
}

unsigned nearest_limit(struct str typed)
{
    return (unsigned)(typed.len < NEAREST_MAX ? typed.len : NEAREST_MAX) / 3 + 2;
}

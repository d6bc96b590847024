#include "diff/undecided.h"

#include <stdlib.h>

#include "core/mem.h"

static bool is_undecided(const struct tally_field *f)
{
    return f->verdict == FIELD_RARE || f->verdict == FIELD_SUSPECT;
}

/* Append those of a field to `list`, unless that is NULL; returns how many they are. */
static size_t take_examples(const struct tally_field *f, uint64_t *list)
{
    if (!is_undecided(f))
        return 0;
    for (size_t i = 0; list && i < f->n_examples; i++)
        list[i] = f->examples[i].ordinal;
    return f->n_examples;
}

static size_t take_all(struct tally *const *tallies, size_t n, uint64_t *list)
{
    size_t count = 0;

    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
            const struct tally_endpoint *ep = tallies[t]->endpoints[i];

            for (size_t k = 0; ep && k < ep->fields.n_sorted; k++)
                count += take_examples(ep->fields.sorted[k], list ? list + count : NULL);
        }
    }
    return count;
}

static int by_ordinal(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t *undecided_find(struct tally *const *tallies, size_t n, size_t *found, struct err *e)
{
    size_t count = take_all(tallies, n, NULL);
    uint64_t *list = mem_array(count + 1, sizeof *list);

    *found = 0;
    if (!list) {
        err_nomem(e, "listing what is undecided");
        return NULL;
    }
    take_all(tallies, n, list);
    qsort(list, count, sizeof *list, by_ordinal);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || list[i] != list[i - 1])
            list[(*found)++] = list[i];
    }
    return list;
}

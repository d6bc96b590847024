#include "diff/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { FIRST_SLOTS = 64 };

struct table_entry *table_find(const struct table *t, const struct table_entry *key,
                               table_same *same)
{
    size_t mask = t->n_slots - 1;

    if (!t->n_slots)
        return NULL;
    for (size_t i = key->hash & mask; t->slots[i]; i = (i + 1) & mask) {
        if (t->slots[i]->hash == key->hash && (!same || same(t->slots[i], key)))
            return t->slots[i];
    }
    return NULL;
}

static void place(struct table_entry **slots, size_t mask, struct table_entry *entry)
{
    size_t i = entry->hash & mask;

    while (slots[i])
        i = (i + 1) & mask;
    slots[i] = entry;
}

static int grow(struct table *t, struct err *e)
{
    size_t n_slots = t->n_slots ? t->n_slots * 2 : FIRST_SLOTS;
    struct table_entry **slots = mem_array(n_slots, sizeof *slots);

    if (!slots)
        return err_nomem(e, "counting differences");
    for (size_t i = 0; i < t->n_slots; i++) {
        if (t->slots[i])
            place(slots, n_slots - 1, t->slots[i]);
    }
    mem_free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return 0;
}

int table_put(struct table *t, struct table_entry *entry, struct err *e)
{
    if (t->n * 2 >= t->n_slots && grow(t, e) < 0)
        return -1;
    place(t->slots, t->n_slots - 1, entry);
    t->n++;
    return 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct table_entry *x = *(struct table_entry *const *)a;
    const struct table_entry *y = *(struct table_entry *const *)b;

    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* All entries, ordered by hash. */
static struct table_entry **sorted(const struct table *t, struct err *e)
{
    struct table_entry **list = mem_array(t->n, sizeof *list);
    size_t n = 0;

    if (!list) {
        err_nomem(e, "counting differences");
        return NULL;
    }
    for (size_t i = 0; i < t->n_slots; i++) {
        if (t->slots[i])
            list[n++] = t->slots[i];
    }
    qsort(list, n, sizeof *list, by_hash);
    return list;
}

int table_keep(struct table *t, size_t keep, uint64_t *limit,
               void (*fold)(void *ctx, struct table_entry *entry), void *ctx, struct err *e)
{
    struct table_entry **list = sorted(t, e);
    size_t n = t->n;

    if (!list)
        return -1;
    memset(t->slots, 0, t->n_slots * sizeof *t->slots);
    t->n = keep;
    for (size_t i = 0; i < keep; i++)
        place(t->slots, t->n_slots - 1, list[i]);
    *limit = list[keep - 1]->hash;
    for (size_t i = keep; i < n; i++)
        fold(ctx, list[i]);
    mem_free(list);
    return 0;
}

void table_reset(struct table *t)
{
    mem_free(t->slots);
    *t = (struct table){0};
}

#include "diff/tally_cause.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static bool same_cause(const struct table_entry *entry, const struct table_entry *key)
{
    const struct tally_cause *a = (const void *)entry, *b = (const void *)key;

    return a->n == b->n && memcmp(a->fields, b->fields, a->n * sizeof *a->fields) == 0;
}

static size_t cause_size(const struct tally_cause *c)
{
    return sizeof *c + c->n * sizeof *c->fields;
}

static void add_pairs(struct pair_counts *counts, unsigned wheres, uint64_t pairs)
{
    counts->all += pairs;
    for (int w = 0; w < WHERE_COUNT; w++)
        counts->where[w] += wheres & 1u << w ? pairs : 0;
}

void causes_init(struct cause_set *set)
{
    *set = (struct cause_set){.limit = UINT64_MAX};
}

void causes_release(struct cause_set *set)
{
    for (size_t i = 0; i < set->table.n_slots; i++)
        mem_free(set->table.slots[i]);
    table_reset(&set->table);
}

struct folding {
    struct cause_set *set;
    struct tally_memory *m;
};

static void fold_cause(void *ctx, struct table_entry *entry)
{
    struct folding *to = ctx;
    struct tally_cause *c = (void *)entry;

    add_pairs(&to->set->wide, c->wheres, c->pairs);
    to->m->used -= cause_size(c);
    mem_free(c);
}

static int compact(struct cause_set *set, struct tally_memory *m, struct err *e)
{
    struct folding to = {set, m};

    return table_keep(&set->table, TALLY_CAUSES, &set->limit, fold_cause, &to, e);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The fields in which this pair differs, as a cause of one pair. */
static struct tally_cause *cause_of(const struct diffs *found, struct err *e)
{
    struct tally_cause *c = mem_alloc(sizeof *c + found->failing * sizeof *c->fields);

    if (!c) {
        err_nomem(e, "counting differences");
        return NULL;
    }
    *c = (struct tally_cause){.pairs = 1};
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].ignored)
            continue;
        c->fields[c->n++] = found->items[i].hash;
        c->wheres |= 1u << found->items[i].where;
    }
    qsort(c->fields, c->n, sizeof *c->fields, by_number);
    c->key.hash = fnv_add(FNV_START, c->fields, c->n * sizeof *c->fields);
    return c;
}

/* Take over a cause: add it to its like, keep it, or fold it. */
static int put_cause(struct cause_set *set, struct tally_cause *c, struct tally_memory *m,
                     struct err *e)
{
    struct tally_cause *like = (void *)table_find(&set->table, &c->key, same_cause);

    if (like) {
        like->pairs += c->pairs;
    } else if (c->n > TALLY_CAUSE_FIELDS || c->key.hash > set->limit || m->used > TALLY_MEMORY) {
        add_pairs(&set->wide, c->wheres, c->pairs);
    } else if (table_put(&set->table, &c->key, e) == 0) {
        m->used += cause_size(c);
        return set->table.n < 2 * (size_t)TALLY_CAUSES ? 0 : compact(set, m, e);
    } else {
        mem_free(c);
        return -1;
    }
    mem_free(c);
    return 0;
}

int causes_count(struct cause_set *set, const struct diffs *found, struct tally_memory *m,
                 struct err *e)
{
    struct tally_cause *c = cause_of(found, e);

    return c ? put_cause(set, c, m, e) : -1;
}

int causes_merge(struct cause_set *set, struct cause_set *from, struct tally_memory *m,
                 struct err *e)
{
    for (size_t i = 0; i < from->table.n_slots; i++) {
        struct tally_cause *c = (void *)from->table.slots[i];

        from->table.slots[i] = NULL;
        if (c && put_cause(set, c, m, e) < 0)
            return -1;
    }
    table_reset(&from->table);
    set->wide.all += from->wide.all;
    for (int w = 0; w < WHERE_COUNT; w++)
        set->wide.where[w] += from->wide.where[w];
    return 0;
}

/* The places where this cause has a field of that verdict. */
static unsigned wheres_of(const struct tally_cause *c, const struct field_set *fields,
                          enum field_verdict verdict)
{
    unsigned wheres = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct tally_field *f = fields_find(fields, c->fields[i]);
        wheres |= f->verdict == verdict ? 1u << f->where : 0;
    }
    return wheres;
}

int causes_judge(struct cause_set *set, const struct field_set *fields, struct tally_memory *m,
                 struct pair_counts *different, struct pair_counts *rare, struct err *e)
{
    if (set->table.n > TALLY_CAUSES && compact(set, m, e) < 0)
        return -1;
    *different = set->wide;
    *rare = (struct pair_counts){0};
    for (size_t i = 0; i < set->table.n_slots; i++) {
        const struct tally_cause *c = (void *)set->table.slots[i];
        unsigned sure = c ? wheres_of(c, fields, FIELD_DIFFERENT) : 0;
        unsigned may = c ? wheres_of(c, fields, FIELD_RARE) & ~sure : 0;

        if (sure | may)
            add_pairs(different, sure | may, c->pairs);
        if (may)
            add_pairs(rare, may, c->pairs);
        rare->all -= may && sure ? c->pairs : 0;
    }
    return 0;
}

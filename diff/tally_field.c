#include "diff/tally_field.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* ---- examples ---- */

/* A path of its own. */
static int dup_path(struct str s, struct str *copy, struct err *e)
{
    const char *p = mem_dup(s.data, s.len);

    *copy = str_from(p, p ? s.len : 0);
    return p ? 0 : err_nomem(e, "counting differences");
}

/* Where an example of that ordinal goes; TALLY_EXAMPLES when nowhere. */
static size_t example_place(const struct tally_field *f, uint64_t ordinal, uint64_t seq)
{
    size_t i = f->n_examples;

    while (i > 0 && example_is_earlier(ordinal, seq, &f->examples[i - 1]))
        i--;
    return i;
}

/* Put an example in its place; the field owns it now. */
static void example_insert(struct tally_field *f, struct example x)
{
    size_t at = example_place(f, x.ordinal, x.seq);

    if (at == TALLY_EXAMPLES) {
        example_release(&x);
        return;
    }
    if (f->n_examples == TALLY_EXAMPLES)
        example_release(&f->examples[--f->n_examples]);
    memmove(&f->examples[at + 1], &f->examples[at], (f->n_examples - at) * sizeof x);
    f->examples[at] = x;
    f->n_examples++;
}

/* ---- fields ---- */

static void field_free(struct tally_field *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n_examples; i++)
        example_release(&f->examples[i]);
    mem_free((void *)(uintptr_t)f->path.data);
    mem_free(f);
}

static size_t field_size(const struct tally_field *f)
{
    return sizeof *f + f->path.len;
}

static bool same_field(const struct table_entry *entry, const struct table_entry *key)
{
    const struct tally_field *a = (const void *)entry, *b = (const void *)key;

    return a->where == b->where && a->kind == b->kind && str_eq(a->path, b->path);
}

void fields_init(struct field_set *set)
{
    *set = (struct field_set){.limit = UINT64_MAX};
    set->other = (struct tally_field){
        .where = WHERE_BODY, .kind = KIND_VALUE, .path = STR_INIT("(other paths)")};
}

void fields_release(struct field_set *set)
{
    for (size_t i = 0; i < set->table.n_slots; i++)
        field_free((void *)set->table.slots[i]);
    table_reset(&set->table);
    mem_free(set->sorted);
    set->sorted = NULL;
}

static struct tally_field *field_new(struct field_set *set, const struct tally_field *key,
                                     struct tally_memory *m, struct err *e)
{
    struct tally_field *f = mem_alloc(sizeof *f);

    if (!f) {
        err_nomem(e, "counting differences");
        return NULL;
    }
    *f = *key;
    if (dup_path(key->path, &f->path, e) < 0 || table_put(&set->table, &f->key, e) < 0) {
        field_free(f);
        return NULL;
    }
    m->used += field_size(f);
    return f;
}

/* Count what does not fit: here every field of every pair counts, since which
 * of them came together is not known any more. */
static void count_other(struct field_set *set, bool ignored, const struct noise_counts *n,
                        uint64_t elements)
{
    if (ignored)
        return;
    noise_merge(&set->other.counts, n);
    set->other.elements += elements;
}

struct folding {
    struct field_set *set;
    struct tally_memory *m;
};

static void fold_field(void *ctx, struct table_entry *entry)
{
    struct folding *to = ctx;
    struct tally_field *f = (void *)entry;

    count_other(to->set, f->ignored, &f->counts, f->elements);
    to->m->used -= field_size(f);
    field_free(f);
}

static int compact(struct field_set *set, struct tally_memory *m, struct err *e)
{
    struct folding to = {set, m};

    return table_keep(&set->table, TALLY_FIELDS, &set->limit, fold_field, &to, e);
}

/* The field of this difference, new if need be; NULL with *folded when it does
 * not fit, NULL without on failure. */
static struct tally_field *field_of(struct field_set *set, const struct difference *d, bool *folded,
                                    struct tally_memory *m, struct err *e)
{
    struct tally_field key = {.key = {d->hash},
                              .where = d->where,
                              .kind = d->kind,
                              .ignored = d->ignored,
                              .path = d->path};
    struct tally_field *f = (void *)table_find(&set->table, &key.key, same_field);

    *folded = false;
    if (f)
        return f;
    if (set->table.n >= 2 * (size_t)TALLY_FIELDS && compact(set, m, e) < 0)
        return NULL;
    *folded = d->hash > set->limit || m->used > TALLY_MEMORY;
    m->starved += m->used > TALLY_MEMORY;
    return *folded ? NULL : field_new(set, &key, m, e);
}

/* So that sums of them tell sets of pairs apart (splitmix64). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

int fields_count(struct field_set *set, const struct difference *d,
                 const struct noise_counts *counts, struct example_source *from,
                 struct tally_memory *m, struct err *e)
{
    bool folded;
    struct tally_field *f = field_of(set, d, &folded, m, e);
    struct example x;

    if (!f) {
        count_other(set, d->ignored, counts, counts->raw ? d->elements : 0);
        return folded ? 0 : -1;
    }
    noise_merge(&f->counts, counts);
    if (!counts->raw)
        return 0;
    f->elements += d->elements;
    f->pairs += mix(from->seq);
    if (example_place(f, from->ordinal, from->seq) == TALLY_EXAMPLES)
        return 0;
    if (example_copy(&x, from, d, e) < 0)
        return -1;
    example_insert(f, x);
    return 0;
}

/* ---- merging and sorting ---- */

static int merge_field(struct field_set *set, struct tally_field *f, struct tally_memory *m,
                       struct err *e)
{
    struct tally_field *like = (void *)table_find(&set->table, &f->key, same_field);

    if (!like) {
        if (table_put(&set->table, &f->key, e) < 0)
            return -1;
        m->used += field_size(f);
        return 0;
    }
    noise_merge(&like->counts, &f->counts);
    like->elements += f->elements;
    like->pairs += f->pairs;
    for (size_t i = 0; i < f->n_examples; i++)
        example_insert(like, f->examples[i]);
    f->n_examples = 0;
    field_free(f);
    return 0;
}

/* Empties `from` slot by slot, so that each field has one owner at any time. */
int fields_merge(struct field_set *set, struct field_set *from, struct tally_memory *m,
                 struct err *e)
{
    for (size_t i = 0; i < from->table.n_slots; i++) {
        if (!from->table.slots[i])
            continue;
        if (merge_field(set, (void *)from->table.slots[i], m, e) < 0)
            return -1;
        from->table.slots[i] = NULL;
    }
    table_reset(&from->table);
    count_other(set, false, &from->other.counts, from->other.elements);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct tally_field *x = *(struct tally_field *const *)a;
    const struct tally_field *y = *(struct tally_field *const *)b;
    int c = (x->where > y->where) - (x->where < y->where);

    c = c ? c : str_cmp(x->path, y->path);
    return c ? c : (x->kind > y->kind) - (x->kind < y->kind);
}

int fields_sort(struct field_set *set, struct tally_memory *m, struct err *e)
{
    if (set->table.n > TALLY_FIELDS && compact(set, m, e) < 0)
        return -1;
    mem_free(set->sorted);
    set->n_sorted = 0;
    set->sorted = mem_array(set->table.n + 1, sizeof *set->sorted);
    if (!set->sorted)
        return err_nomem(e, "sorting differences");
    for (size_t i = 0; i < set->table.n_slots; i++) {
        struct tally_field *f = (void *)set->table.slots[i];

        if (f)
            set->sorted[set->n_sorted++] = f;
    }
    qsort(set->sorted, set->n_sorted, sizeof *set->sorted, by_place);
    if (set->other.counts.raw || set->other.counts.noise)
        set->sorted[set->n_sorted++] = &set->other;
    return 0;
}

const struct tally_field *fields_find(const struct field_set *set, uint64_t hash)
{
    struct table_entry key = {hash};
    const struct tally_field *f = (void *)table_find(&set->table, &key, NULL);

    return f ? f : &set->other;
}

#include "diff/confirm.h"

#include <pthread.h>

#include "core/mem.h"
#include "core/secret.h"
#include "diff/table.h"

/* Of a request: how often it was compared how deeply. Of one of its fields: how
 * often it differed, and whether v1 said one thing there. */
struct entry {
    struct table_entry key;
    uint64_t ordinal, field; /* field 0: of the request itself */
    unsigned candidate, times;
    unsigned seen[WHERE_COUNT];
    unsigned differed;
    uint64_t least, most; /* of hashes of what v1 said: equal if it said one thing */
    bool is_hidden;       /* that is masked or cut, and its hash says little */
};

struct confirmations {
    pthread_mutex_t lock;
    struct table table;
    uint64_t seen, left_out;
};

struct confirmations *confirmations_new(struct err *e)
{
    struct confirmations *c = mem_zalloc(sizeof *c);

    if (!c) {
        err_nomem(e, "confirming differences");
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void confirmations_free(struct confirmations *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->table.n_slots; i++)
        mem_free(c->table.slots[i]);
    table_reset(&c->table);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

static bool same_entry(const struct table_entry *a, const struct table_entry *b)
{
    const struct entry *x = (const void *)a, *y = (const void *)b;

    return x->ordinal == y->ordinal && x->field == y->field && x->candidate == y->candidate;
}

static struct entry entry_key(unsigned candidate, uint64_t ordinal, uint64_t field)
{
    uint64_t hash = fnv_add_u64(fnv_add_u64(FNV_START, candidate), ordinal);

    return (struct entry){.key = {fnv_add_u64(hash, field)},
                          .ordinal = ordinal,
                          .field = field,
                          .candidate = candidate,
                          .least = UINT64_MAX};
}

static const struct entry *find(const struct confirmations *c, const struct entry *key)
{
    return (const void *)table_find(&c->table, &key->key, same_entry);
}

/* The entry, new if need be. NULL when it does not fit, with *rc 0, or on failure. */
static struct entry *entry_of(struct confirmations *c, const struct entry *key, int *rc,
                              struct err *e)
{
    struct entry *x = (void *)table_find(&c->table, &key->key, same_entry);

    *rc = 0;
    if (x)
        return x;
    if (c->table.n >= CONFIRM_MAX) {
        c->left_out++;
        return NULL;
    }
    x = mem_alloc(sizeof *x);
    if (!x) {
        *rc = err_nomem(e, "confirming differences");
        return NULL;
    }
    *x = *key;
    *rc = table_put(&c->table, &x->key, e);
    if (*rc < 0) {
        mem_free(x);
        x = NULL;
    }
    return x;
}

/* ---- counting ---- */

static bool tells_little(struct str s)
{
    return str_eq(s, STR(SECRET_MASK)) || str_ends(s, STR("...")) || str_starts(s, STR("..."));
}

static int add_field(struct confirmations *c, unsigned candidate, const struct pair_diff *d,
                     const struct difference *item, struct err *e)
{
    struct entry key = entry_key(candidate, d->ordinal, item->hash);
    uint64_t said = fnv_add(FNV_START, item->v1.data, item->v1.len);
    int rc;
    struct entry *x = entry_of(c, &key, &rc, e);

    if (!x)
        return rc;
    x->differed++;
    x->least = said < x->least ? said : x->least;
    x->most = said > x->most ? said : x->most;
    x->is_hidden = x->is_hidden || tells_little(item->v1);
    return 0;
}

static int add_pair(struct confirmations *c, unsigned candidate, unsigned times,
                    const struct pair_diff *d, struct err *e)
{
    struct entry key = entry_key(candidate, d->ordinal, 0);
    int rc;
    struct entry *x = entry_of(c, &key, &rc, e);

    c->seen++;
    if (!x)
        return rc;
    x->times = times;
    for (int w = 0; w < WHERE_COUNT; w++)
        x->seen[w] += d->depth >= pair_depth_for((enum diff_where)w);
    for (size_t i = 0; i < d->found.count && rc == 0; i++)
        rc = add_field(c, candidate, d, &d->found.items[i], e);
    return rc;
}

int confirmations_add(struct confirmations *c, unsigned candidate, unsigned times,
                      const struct pair_diff *d, struct err *e)
{
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = add_pair(c, candidate, times, d, e);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* ---- judging ---- */

/* Of one request. */
static enum confirmation judge_request(const struct confirmations *c, unsigned candidate,
                                       uint64_t ordinal, const struct tally_field *f)
{
    struct entry request = entry_key(candidate, ordinal, 0);
    struct entry field = entry_key(candidate, ordinal, f->key.hash);
    const struct entry *r = find(c, &request), *x = find(c, &field);

    if (!r || r->times < 2 || r->seen[f->where] < r->times)
        return CONFIRM_NONE; /* not, or not often enough */
    if (!x || x->differed < r->seen[f->where])
        return CONFIRM_NO;
    if (x->least == x->most && !x->is_hidden)
        return CONFIRM_YES;
    return x->is_hidden ? CONFIRM_NONE : CONFIRM_NO;
}

void confirmations_judge(const struct confirmations *c, unsigned candidate, struct tally_field *f)
{
    f->confirmed = f->confirmed_of = 0;
    for (size_t i = 0; i < f->n_examples; i++) {
        enum confirmation one = judge_request(c, candidate, f->examples[i].ordinal, f);

        f->confirmed_of += one != CONFIRM_NONE;
        f->confirmed += one == CONFIRM_YES;
    }
    if (f->confirmed_of == 0 || (f->verdict != FIELD_RARE && f->verdict != FIELD_SUSPECT))
        return;
    if (f->confirmed) {
        f->confirmation = CONFIRM_YES;
        f->verdict = FIELD_DIFFERENT;
    } else if (f->confirmed_of == f->n_examples) {
        f->confirmation = CONFIRM_NO;
        f->verdict = FIELD_NOISE;
    }
}

uint64_t confirmations_seen(const struct confirmations *c)
{
    return c->seen;
}

uint64_t confirmations_left_out(const struct confirmations *c)
{
    return c->left_out;
}

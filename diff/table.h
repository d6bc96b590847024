/* table.h -- a hash table of entries that begin with their hash.
 *
 * Entries are the owner's; the table holds pointers. Open addressing, at most
 * half full; nothing is ever taken out but by table_reset().
 */
#ifndef MIRRORCTL_DIFF_TABLE_H
#define MIRRORCTL_DIFF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct table_entry {
    uint64_t hash;
};

struct table {
    struct table_entry **slots;
    size_t n_slots; /* a power of two, or 0 */
    size_t n;
};

typedef bool table_same(const struct table_entry *entry, const struct table_entry *key);

/* The entry that `same` finds equal to `key` among those of its hash, or NULL.
 * `same` may be NULL: the hash alone decides. */
struct table_entry *table_find(const struct table *t, const struct table_entry *key,
                               table_same *same);

/* Put in an entry that is not there. Returns 0, or -1 with *e set. */
int table_put(struct table *t, struct table_entry *entry, struct err *e);

/* Keep the `keep` entries (at least one, fewer than there are) with the smallest
 * hashes and give the others to `fold`, which owns them then; *limit becomes
 * the largest hash kept. Returns 0, or -1 with *e set and nothing changed. */
int table_keep(struct table *t, size_t keep, uint64_t *limit,
               void (*fold)(void *ctx, struct table_entry *entry), void *ctx, struct err *e);

/* Forget all entries, and free the slots. */
void table_reset(struct table *t);

#endif

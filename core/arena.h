/* arena.h -- memory that dies together.
 *
 * An exchange, a parsed body, a plan: many small pieces with one lifetime.
 * Pieces are cut from blocks and freed all at once. Under AddressSanitizer
 * each piece is an allocation of its own, so that it sees every overrun.
 */
#ifndef MIRRORCTL_CORE_ARENA_H
#define MIRRORCTL_CORE_ARENA_H

#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out */
    size_t max;  /* ceiling for `used` */
};

/* Start an empty arena that may hand out `max` bytes. Cannot fail. */
void arena_init(struct arena *a, size_t max);

/* `n` zeroed bytes, aligned for any type, valid until the arena ends.
 * NULL with *e set when the ceiling or the memory is reached. */
void *arena_alloc(struct arena *a, size_t n, struct err *e);

/* `count` zeroed items; NULL also when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size, struct err *e);

/* Make the piece `p` of `old` bytes `n` bytes long, in place where it can be;
 * the new ones hold anything. Returns where it is now, or NULL with *e set and
 * the piece as it was. A NULL `p` starts one. */
void *arena_grow(struct arena *a, void *p, size_t old, size_t n, struct err *e);

/* Copy a view into the arena, NUL-terminated. Returns 0, or -1 with *e set. */
int arena_dup(struct arena *a, struct str s, struct str *copy, struct err *e);

/* Forget all pieces but keep one block for the next use. */
void arena_reset(struct arena *a);

/* Memory that it holds, used or not. */
size_t arena_held(const struct arena *a);

/* Free everything; *a is empty and usable again. Fine on a zeroed struct. */
void arena_release(struct arena *a);

#endif

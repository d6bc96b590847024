/* json_hash.h -- which values are the same, by a hash of each.
 *
 * Equal values have equal hashes: the order of members says nothing, that of
 * elements does, and 1 is 1.0. What rules ignore is no part of a value. The hash
 * of a node is kept in it, so each is computed once.
 */
#ifndef MIRRORCTL_DIFF_JSON_HASH_H
#define MIRRORCTL_DIFF_JSON_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/json_tree.h"

/* Flags of nodes. IGNORED: rules do; only elements stay in the tree with it.
 * HASHED: `mark` is the hash. ODD: there are numbers that could be written
 * otherwise or repeated names inside, so that equal hashes do not end the matter. */
enum { JSON_NODE_IGNORED = 1, JSON_NODE_HASHED = 2, JSON_NODE_ODD = 4 };

/* The hash of a value. */
uint64_t json_hash(struct json_node *n);

/* A hash of bytes, as for strings. */
uint64_t json_hash_bytes(struct str s);

/* True if they have the same hash and nothing in them needs a closer look. */
static inline bool json_hash_settles(const struct json_node *a, const struct json_node *b)
{
    return (a->flags & b->flags & JSON_NODE_HASHED) && a->mark == b->mark &&
           !((a->flags | b->flags) & JSON_NODE_ODD);
}

/* True if they are the same in the same order and spelling; false says nothing.
 * Cheaper than hashes where it is true. */
bool json_same(const struct json_node *a, const struct json_node *b);

/* True if a name stands twice in it. Quadratic: for small objects. */
bool json_has_twins(const struct json_node *object);

#endif

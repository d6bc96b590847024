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
 * otherwise or repeated names inside, so that equal hashes do not end the matter.
 * GAPS: an array with ignored elements. */
enum { JSON_NODE_IGNORED = 1, JSON_NODE_HASHED = 2, JSON_NODE_ODD = 4, JSON_NODE_GAPS = 8 };

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

/* Are two values the same? ODD: yes, but a look inside may find numbers written
 * otherwise. Cheaper than hashes, which it asks only about objects that are large or
 * hold a name twice. */
enum json_equality { JSON_UNEQUAL, JSON_EQUAL, JSON_EQUAL_ODD };
enum json_equality json_equal(struct json_node *a, struct json_node *b);

/* The same by hashes, which are made once: for what would be looked at again. */
enum json_equality json_equal_hashes(struct json_node *a, struct json_node *b);

/* True if they surely differ, by a short look; false says nothing. */
bool json_surely_differ(const struct json_node *a, const struct json_node *b);

/* True if a name stands twice in it. Quadratic: for small objects. */
bool json_has_twins(const struct json_node *object);

#endif

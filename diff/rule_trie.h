/* rule_trie.h -- what rules.c, which builds the trie, and rules_use.c, which walks
 * it, share. Nobody else includes it.
 *
 * A node is a step of a path. Where a document is walked, a set of nodes goes along,
 * since $.a, $.*, $..b may all be under way at one place. A child is found in one
 * table for the whole trie, by its parent and its name.
 *
 * A step with two points ("..name") hangs below a node of its own, which once
 * reached stays in the set however deep the walk goes.
 */
#ifndef MIRRORCTL_DIFF_RULE_TRIE_H
#define MIRRORCTL_DIFF_RULE_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"
#include "diff/difference.h"
#include "diff/rules.h"

struct rule_node {
    uint32_t parent;
    enum rule_step_kind kind;
    struct str name;
    uint64_t index;
    uint16_t any, below; /* children: any step; the one for two points. 0: none */
    bool stays;          /* it is such a one */
    uint16_t first;      /* index + 1 of the first rule that ends here */
};

struct rules {
    struct arena mem;
    struct rule *list;
    size_t n;
    struct rule_node *nodes; /* nodes[0] is no node, nodes[1] the top */
    size_t n_nodes, nodes_cap;
    uint16_t *slots; /* children by parent and name or index */
    size_t n_slots;
    bool additive;
};

enum { TOP = 1 };

static inline uint64_t rule_name_hash(struct str name)
{
    return fnv_add(FNV_START, name.data, name.len);
}

static inline uint64_t rule_index_hash(uint64_t index)
{
    return fnv_add(~FNV_START, &index, sizeof index);
}

/* Where a child of that name or index is looked for, and from there on. */
static inline size_t rule_first_slot(const struct rules *r, uint32_t parent, uint64_t hash)
{
    hash ^= parent * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash ^ hash >> 29) & (r->n_slots - 1);
}

#endif

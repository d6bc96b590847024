/* endpoint_trie.h -- words in paths that are data although they look like names.
 *
 * /city/berlin and /city/oslo: no single word tells that it is a value, but three
 * hundred of them in one place do. So when all names are known, the words that
 * follow the same beginning are looked at together: more than 20 of them, four in
 * five seen once or twice, and what comes below them alike, are one {*}. So are
 * more than 500 of them whatever they are.
 *
 * The result is a matter of which names there are and how often, not of their order.
 */
#ifndef MIRRORCTL_DIFF_ENDPOINT_TRIE_H
#define MIRRORCTL_DIFF_ENDPOINT_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

enum { TRIE_MANY = 20, TRIE_FORCED = 500, TRIE_SEGMENTS = 64 };

#define TRIE_STAR STR("{*}")

struct trie_name {
    struct str method, path; /* the path begins with a slash; replaced where words merge */
    uint64_t pairs;
    uint64_t merge; /* segments to be replaced: scratch */
    uint32_t index; /* the owner's */
};

/* True for words that may be data: no placeholders, not empty. */
bool trie_is_word(struct str segment);

/* Merge words of `names`, which are sorted on return; new paths live in `mem`. Returns
 * whether anything was merged, or -1 with *e set. */
int trie_merge(struct trie_name *names, size_t n, struct arena *mem, struct err *e);

#endif

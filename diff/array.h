/* array.h -- which element of one list stands for which of the other.
 *
 * Elements are known by their hashes alone. All of it is bounded: what would
 * take too long is compared as a multiset, in which order says nothing.
 */
#ifndef MIRRORCTL_DIFF_ARRAY_H
#define MIRRORCTL_DIFF_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define ARRAY_NONE UINT32_MAX

/* What is given up for a multiset: more changes than that, or more cells. */
enum { ARRAY_MAX_CHANGES = 1000, ARRAY_MAX_CELLS = 4000000 };

struct array_list {
    const uint64_t *hashes;
    size_t n;
};

/* If both hold the same elements, *moved becomes how few of them must be moved
 * to get from one order to the other, else ARRAY_NONE. Returns 0 or -1. */
int array_moved(struct array_list a, struct array_list b, uint32_t *moved, struct err *e);

/* The least change from a to b: partner[i] becomes the index in b that a's i-th
 * element keeps, or ARRAY_NONE where it goes away; partners ascend. Returns 1; 0
 * when there is too much of it and nothing was done; -1 with *e set. */
int array_align(struct array_list a, struct array_list b, uint32_t *partner, struct err *e);

/* Partners whatever the order; of equal elements the first ones. */
int array_match(struct array_list a, struct array_list b, uint32_t *partner, struct err *e);

#endif

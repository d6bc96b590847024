/* edit.h -- which items two sequences have in common, in order.
 *
 * The shortest way from one to the other by putting in and taking out (Myers, "An
 * O(ND) Difference Algorithm and Its Variations", 1986). Its cost grows with the
 * square of what differs, so it gives up beyond a ceiling: then the sequences are
 * too different for "in order" to mean much.
 */
#ifndef MIRRORCTL_DIFF_EDIT_H
#define MIRRORCTL_DIFF_EDIT_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { EDIT_MAX_STEPS = 1000 };

/* Items are told apart by their hashes. For each a[i] that stays, keep[i] becomes the
 * place of its like in `b`, counted from 1; for the others 0. Returns 1; 0 when more than
 * EDIT_MAX_STEPS would have to be put in or taken out, and then keep[] says no more than
 * the common beginning and end; or -1 with *e set. */
int edit_find(const uint64_t *a, size_t n, const uint64_t *b, size_t m, uint32_t *keep,
              struct err *e);

#endif

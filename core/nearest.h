/* nearest.h -- what somebody may have meant who mistyped. */
#ifndef MIRRORCTL_CORE_NEAREST_H
#define MIRRORCTL_CORE_NEAREST_H

#include <stddef.h>

#include "core/str.h"

/* Letters to add, drop, change, or swap with their neighbour, to get from one to
 * the other; case is ignored (optimal string alignment, after Damerau, 1964).
 * NEAREST_FAR when they are longer than is looked at. */
enum { NEAREST_MAX = 128, NEAREST_FAR = 1000 };
unsigned nearest_distance(struct str a, struct str b);

/* The one of `n` names that was probably meant, or NULL. */
const char *nearest_name(struct str typed, const char *const *names, size_t n);

#endif

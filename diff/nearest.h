/* nearest.h -- what somebody may have meant who mistyped. */
#ifndef MIRRORCTL_DIFF_NEAREST_H
#define MIRRORCTL_DIFF_NEAREST_H

#include <stddef.h>

#include "core/str.h"

/* Characters to insert, delete or replace to get from one to the other
 * (Levenshtein); NEAREST_FAR when they are longer than is looked at. */
enum { NEAREST_MAX = 128, NEAREST_FAR = 1000 };
unsigned nearest_distance(struct str a, struct str b);

/* From this distance on a word is another word. */
unsigned nearest_limit(struct str typed);

#endif

/* reading.h -- values that a service reads off its clock while it answers.
 *
 * Two instances never agree about the time to the last digit, and one that is asked
 * twice at once mostly does. So where v1's readings differ from v2's more often than
 * from its own, that is neither v2's doing nor chance.
 */
#ifndef MIRRORCTL_DIFF_READING_H
#define MIRRORCTL_DIFF_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* When an answer was made, in ns of the wall clock; 0: not known. */
struct reading_time {
    int64_t asked_ns, answered_ns;
};

/* True if `a` and `b`, written alike, are what clocks said at these times, which may
 * be off, but not by more than a second from each other. */
bool reading_is_same(struct str a, const struct reading_time *at, struct str b,
                     const struct reading_time *bt);

#endif

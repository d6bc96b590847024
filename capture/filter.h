/* filter.h -- what is kept of what was captured. */
#ifndef MIRRORCTL_CAPTURE_FILTER_H
#define MIRRORCTL_CAPTURE_FILTER_H

#include <stdbool.h>

#include "core/exchange.h"

/* True for a copy that mirrorctl itself sent: recording it would feed replay
 * with its own traffic, in a circle. */
bool filter_is_own_copy(const struct exchange *x);

#endif

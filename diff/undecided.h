/* undecided.h -- which requests to send again to know more.
 *
 * Those in which a field differed that is rare or suspect: the examples of it that are
 * kept, which for what is rare are all there are.
 */
#ifndef MIRRORCTL_DIFF_UNDECIDED_H
#define MIRRORCTL_DIFF_UNDECIDED_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "diff/tally.h"

/* Their ordinals over `n` finished tallies, sorted, each once, as an array of *found that
 * the caller frees with mem_free(). NULL with *e set when there is no memory. */
uint64_t *undecided_find(struct tally *const *tallies, size_t n, size_t *found, struct err *e);

#endif

/* confirm.h -- what became of requests that were sent again.
 *
 * A difference that was seen once or twice is proof of nothing until the same
 * request shows it again. Such requests are sent several times to v1 and to the
 * candidates, as a result of its own whose META says
 *
 *     "confirm": {"of": "run.mres", "times": 5}
 *
 * and whose pairs have the ordinals of those they repeat. Its pairs are no
 * traffic: they count for nothing but this.
 *
 * A field of a request is confirmed if v1 said the same each time, and the
 * candidate something else each time; it is not reproduced if the candidate ever
 * agreed with v1, or v1 differed from itself.
 */
#ifndef MIRRORCTL_DIFF_CONFIRM_H
#define MIRRORCTL_DIFF_CONFIRM_H

#include <stdint.h>

#include "core/err.h"
#include "diff/pair_diff.h"
#include "diff/tally_field.h"

/* Requests and fields that are kept; what comes beyond is left out and counted. */
enum { CONFIRM_MAX = 200000 };

struct confirmations;

struct confirmations *confirmations_new(struct err *e);
void confirmations_free(struct confirmations *c);

/* Count a repetition, one of `times`, that was compared with a candidate. From any
 * thread; the order does not matter. */
int confirmations_add(struct confirmations *c, unsigned candidate, unsigned times,
                      const struct pair_diff *d, struct err *e);

/* Fill in what is known of the field's examples, and take it into its verdict if
 * that is rare or suspect. */
void confirmations_judge(const struct confirmations *c, unsigned candidate,
                         struct tally_field *field);

/* How often a request was repeated in all, and what was left out. */
uint64_t confirmations_seen(const struct confirmations *c);
uint64_t confirmations_left_out(const struct confirmations *c);

#endif

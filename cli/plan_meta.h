/* plan_meta.h -- what a result file says of the plan that it was made by.
 *
 *     "plan": {"rules": [{"name": "movies-api-vservice/0", "source": "movies-mirror.yaml:18",
 *         "baseline": [{"destination": "movies-api-service:3000/v1", "weight": 1}],
 *         "candidates": [{"destination": "movies-api-service:3000/v2", "ppm": 1000000}]}],
 *       "left_out": 0}
 *
 * Of rules that mirror, in their order; the candidates are v2, v3, ... A plan may be far
 * larger than a result should begin with: what is too much is counted as left out.
 */
#ifndef MIRRORCTL_CLI_PLAN_META_H
#define MIRRORCTL_CLI_PLAN_META_H

#include "core/json.h"
#include "replay/plan.h"

/* Add it to the object that is open. `share` is what all candidates have that are not off,
 * whatever the plan says; below 0: each its own. */
void plan_meta(struct json_writer *w, const struct plan *p, int64_t share);

#endif

/* plan_index.h -- which of many matches a path may fit, without asking them all.
 *
 * Two trees of texts that begin alike, one for those that mind case and one for
 * those that do not. A match stands where the plain beginning of its path ends;
 * all that a path can fit are met on its way down. The answer is "may fit": the
 * match itself is then asked.
 */
#ifndef MIRRORCTL_REPLAY_PLAN_INDEX_H
#define MIRRORCTL_REPLAY_PLAN_INDEX_H

#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"
#include "replay/plan.h"

/* Numbers of matches in ascending order. */
struct plan_ids {
    uint32_t *list;
    uint32_t n, room;
};

struct plan_index_node;

struct plan_index {
    struct plan_index_node *exact_case, *any_case; /* NULL: empty */
    struct arena *mem;
};

/* Put a match there whose path is `path`, NULL for any. Numbers must ascend. Returns 0,
 * or -1 with *e set. */
int plan_index_add(struct plan_index *x, const struct plan_text *path, uint32_t id, struct err *e);

/* Call `found` for every list whose matches the path may fit. A match is in one list. */
void plan_index_find(const struct plan_index *x, struct str path,
                     void (*found)(void *ctx, const struct plan_ids *ids), void *ctx);

#endif

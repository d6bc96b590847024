/* run_info.h -- what a result file says about the run that made it.
 *
 * META stands before the pairs, STATS behind them. A file of several sections
 * has several of each: the first META names the run, and the numbers of the
 * accountings are added up.
 */
#ifndef MIRRORCTL_DIFF_RUN_INFO_H
#define MIRRORCTL_DIFF_RUN_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json_tree.h"
#include "core/str.h"
#include "diff/pair_diff.h"

struct run_info {
    struct arena mem;
    unsigned sections;            /* METAs seen */
    bool mixed;                   /* later ones name other targets */
    struct json_node *meta;       /* of the first section, or NULL */
    struct json_node *accounting; /* added up, or NULL */
    struct str ended;             /* of the last STATS */
    struct pair_roles roles;      /* of the section at hand */
};

void run_info_init(struct run_info *r);
void run_info_release(struct run_info *r);

int run_info_meta(struct run_info *r, struct str json, struct err *e);
int run_info_stats(struct run_info *r, struct str json, struct err *e);

/* A text of META ("file", "seed", "started", "control"), or data NULL. */
struct str run_info_text(const struct run_info *r, const char *name);

/* The address of "v1" or "v2", or data NULL. */
struct str run_info_target(const struct run_info *r, const char *name);

/* A number of the accounting ("selected"), or the fallback. */
uint64_t run_info_count(const struct run_info *r, const char *name, uint64_t fallback);

#endif

/* run_info.h -- what a result file says about the run that made it.
 *
 * META stands before the pairs, STATS behind them. A file of several sections,
 * such as the shards of one run, has several of each: the first META names the
 * run, each says whose the calls of its own pairs are, and the numbers of the
 * accountings are added up. So sections tell what one file of them all would.
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
    unsigned sections;               /* METAs seen */
    unsigned accounts;               /* accountings seen: fewer where a run was cut off */
    bool mixed;                      /* later METAs name other targets */
    struct json_node *meta;          /* of the first section, or NULL */
    struct json_node *accounting;    /* added up, or NULL */
    struct str started, ended;       /* the earliest and the latest, or data NULL */
    bool candidates[CANDIDATES_MAX]; /* those that a section names; v2 if there is none */
    bool recorded;                   /* the baseline of the first section */
    bool insecure;                   /* a section's certificates were not checked */
    struct pair_roles roles;         /* of the section at hand */
    struct pair_roles traffic;       /* of the first that is no confirmation */
    int64_t lateness_ns;             /* p99 of how late calls were sent, of the worst section */
    int day;                         /* on which it began, as rules_day() */
};

void run_info_init(struct run_info *r);
void run_info_release(struct run_info *r);

/* Both return 0, or -1 with *e set: not such a text (ERR_INPUT), or no memory. */
int run_info_meta(struct run_info *r, struct str json, struct err *e);
int run_info_stats(struct run_info *r, struct str json, struct err *e);

/* A text of META ("file", "seed", "control"), or data NULL. */
struct str run_info_text(const struct run_info *r, const char *name);

/* The address of "v1", "v2", ..., or data NULL. */
struct str run_info_target(const struct run_info *r, const char *name);

/* "v1", "v2", ... as what it is: its address, "recorded" for a recorded
 * baseline, or data NULL. */
struct str run_info_place(const struct run_info *r, const char *name);

/* How often a run was begun, and did not say how it ended. */
static inline unsigned run_info_cut_off(const struct run_info *r)
{
    return r->sections > r->accounts ? r->sections - r->accounts : 0;
}

/* A number of the accounting ("selected"), or the fallback. */
uint64_t run_info_count(const struct run_info *r, const char *name, uint64_t fallback);

/* Requests that were left out before the draw because replay fell behind. */
uint64_t run_info_behind(const struct run_info *r);

#endif

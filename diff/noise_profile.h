/* noise_profile.h -- v1's own noise, learnt from an earlier run.
 *
 * Where v1 may not be asked twice, say for POST, its noise is not known. A run in
 * which v2 is v1 shows it: all that differs there is noise. That is written down
 * and used in later runs for endpoints without a control. It is the weaker claim,
 * the more so the older it is, so reports name the profile and its time.
 *
 *     {"schema": "mirrorctl.noise/1", "started": "2026-11-22T20:10:00Z",
 *      "endpoints": [{"method": "POST", "path": "/orders",
 *        "pairs": {"outcome": 900, "status": 900, "header": 890, "body": 890},
 *        "fields": [{"where": "body", "path": "$.id", "kind": "value",
 *                    "n": 890, "noise": 890}]}]}
 */
#ifndef MIRRORCTL_DIFF_NOISE_PROFILE_H
#define MIRRORCTL_DIFF_NOISE_PROFILE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "diff/endpoint_name.h"
#include "diff/noise.h"

struct noise_profile;
struct tally;

struct noise_profile *noise_profile_new(struct err *e);
void noise_profile_free(struct noise_profile *p);

/* Add the text of a profile; those of several are added up. Returns 0, or -1 with
 * *e (ERR_USAGE) saying what is wrong with the file `name`. */
int noise_profile_read(struct noise_profile *p, struct str text, const char *name, struct err *e);

/* How often v1 differed from itself in this field; of 0: nothing is known of the
 * endpoint. */
struct noise_rate noise_profile_rate(const struct noise_profile *p,
                                     const struct endpoint_name *endpoint, enum diff_where where,
                                     enum diff_kind kind, struct str path);

/* When the oldest of them was learnt, or data NULL. */
struct str noise_profile_started(const struct noise_profile *p);

/* Write what a finished tally teaches. */
int noise_profile_write(const struct tally *t, const struct endpoint_names *names,
                        struct str started, struct buf *out, struct err *e);

#endif

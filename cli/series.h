/* series.h -- the numbered files of --rotate: NAME-0001.mrec, NAME-0002.mrec, ...
 *
 * A run goes on after the highest number that is there, so nothing is ever
 * overwritten; and it removes only files of its own.
 */
#ifndef MIRRORCTL_CLI_SERIES_H
#define MIRRORCTL_CLI_SERIES_H

#include <stdint.h>

#include "cli/output.h"
#include "core/err.h"

enum { SERIES_STEM_MAX = 4000, SERIES_NAME_MAX = SERIES_STEM_MAX + 32 };

struct series {
    char stem[SERIES_STEM_MAX]; /* folder and NAME */
    char name[SERIES_NAME_MAX]; /* of the newest file */
    uint64_t first, newest;     /* numbers of this run; newest < first: none yet */
    uint64_t keep;              /* files, the newest included; 0: all */
};

/* Prepare a series named like `path`, with or without its .mrec. Looks into
 * the folder, so that a wrong one is told before anything is captured. */
int series_init(struct series *s, const char *path, uint64_t keep, struct err *e);

/* Create the next file, after the oldest that is too many was removed. The
 * name lives until the next call. */
int series_open_next(struct series *s, struct output *out, struct err *e);

/* Take the newest back, which nothing was written to. */
void series_drop_newest(struct series *s);

/* Say which files there are. */
void series_summary(const struct series *s);

#endif

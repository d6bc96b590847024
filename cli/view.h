/* view.h -- what a terminal shows of a mirror while it runs: traffic seen,
 * mirrored and differing, and that by endpoint. */
#ifndef MIRRORCTL_CLI_VIEW_H
#define MIRRORCTL_CLI_VIEW_H

#include <stdint.h>

#include "core/buf.h"
#include "diff/diff.h"
#include "replay/replay.h"

enum { VIEW_ROWS = 40 };

/* What one second's picture is made of. */
struct view {
    const char *traffic; /* "eth0" */
    uint64_t captured;   /* exchanges */
    uint64_t left_out;   /* of them */
    double rate;         /* captured in the last second */
    const struct replay_progress *replay;
    struct diff_glance all;
    struct diff_glance rows[VIEW_ROWS]; /* the weightiest endpoints */
    size_t n_rows;
};

/* Append it as lines of at most `columns`, as many as fit `rows`. */
void view_draw(const struct view *v, unsigned columns, unsigned rows, struct buf *out);

#endif

/* blank_json.h -- values of a JSON text blanked by path.
 *
 * Paths are a subset of JSONPath (RFC 9535): $ and then .name, ['name'],
 * [index], .* or [*], each also behind .. for any depth. The text stays as it
 * is but for the values, each of which becomes the string "REDACTED".
 */
#ifndef MIRRORCTL_CAPTURE_BLANK_JSON_H
#define MIRRORCTL_CAPTURE_BLANK_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum { JSON_PATH_MAX_STEPS = 16 };

struct json_path {
    size_t n;
    struct json_step {
        enum json_step_kind { STEP_NAME, STEP_INDEX, STEP_ANY } kind;
        bool descend; /* at any depth */
        struct str name;
        uint64_t index;
    } step[JSON_PATH_MAX_STEPS];
};

/* Read a path. Names stay views into `text`. Returns 0, or -1 with *e
 * (ERR_USAGE) saying at which column it stops being one. */
int json_path_parse(struct json_path *path, struct str text, struct err *e);

enum blank_result {
    BLANK_NONE, /* no path leads to anything; `out` is as it was */
    BLANK_SOME, /* `out` has got the text, blanked; hit[i]: path i led somewhere */
    BLANK_NOT_JSON,
    BLANK_NOMEM,
};

/* Blank what `n` paths lead to in a JSON text. `hit` has n items, which are
 * only ever set. */
enum blank_result blank_json(const struct json_path *paths, size_t n, struct str text,
                             struct buf *out, bool *hit);

#endif

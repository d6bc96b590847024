/* json_path.h -- where in a JSON document: $.items[*].price
 *
 * A walk keeps its way as a chain of steps on the stack and writes a path only
 * where something differs. Member names that are not plain are quoted as in
 * RFC 9535 ($['a.b']), so a path is never ambiguous and holds no controls.
 */
#ifndef MIRRORCTL_DIFF_JSON_PATH_H
#define MIRRORCTL_DIFF_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json_tree.h"
#include "core/str.h"

/* An object on the way, as v1 has it. Whether it is a map is found out once. */
struct json_owner {
    const struct json_node *object;
    enum { OWNER_UNKNOWN, OWNER_RECORD, OWNER_MAP } is;
};

struct json_step {
    const struct json_step *up; /* NULL at the top */
    struct json_owner *owner;   /* NULL in an array */
    struct str key;             /* of the member */
    size_t index;               /* of the element */
};

/* A path beyond the ceiling ends in "#" and a hash of the whole. */
enum { JSON_PATH_MAX = 512 };

struct json_path {
    char text[JSON_PATH_MAX + 32];
    size_t len;
    uint64_t hash;
};

/* Write the path of `step` (NULL is the top). Folded: indices are [*], and
 * members named by data, not by a programmer, are {*}. */
struct str json_path_write(const struct json_step *step, bool folded, struct json_path *p);

/* Append a member's name as a path has it: .name or ['odd name']; without the
 * point behind two of them. */
int json_path_add_name(struct buf *out, struct str name, bool deep, struct err *e);

/* True if any name on the way promises a secret. */
bool json_path_is_secret(const struct json_step *step);

#endif

/* endpoint_name.h -- GET /users/17 and GET /users/18 are one endpoint.
 *
 * Names come from the user's patterns, the most specific one that fits, else
 * from folding what looks like data in the path: GET /users/{id}. The query
 * does not count. The number of names is bounded; what comes later is counted
 * under one name, "(other)".
 */
#ifndef MIRRORCTL_DIFF_ENDPOINT_NAME_H
#define MIRRORCTL_DIFF_ENDPOINT_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "diff/table.h"

enum { ENDPOINTS_MAX = 500, ENDPOINT_PATH_MAX = 512 };

struct endpoint_name {
    struct table_entry key; /* first: it is found by its hash */
    uint32_t index;
    struct str method, path;
};

struct endpoint_names;

/* Patterns are a path with or without a method: "GET /users/{id}". {name} and a
 * star stand for one segment, a star at the end for all that follows. NULL with
 * *e set (ERR_USAGE) when one of them is no pattern. */
struct endpoint_names *endpoint_names_new(const char *const *patterns, size_t n, struct err *e);
void endpoint_names_free(struct endpoint_names *names);

/* The index of the endpoint that the request with this head belongs to:
 * 0, 1, ... in the order of first sight. Returns 0, or -1 with *e set. */
int endpoint_names_find(struct endpoint_names *names, struct str head, uint32_t *index,
                        struct err *e);

/* How many there are, "(other)" included; any of them. */
size_t endpoint_names_count(const struct endpoint_names *names);
const struct endpoint_name *endpoint_names_at(const struct endpoint_names *names, size_t index);

/* Append the folded path of a request target: "/users/17?x=1" -> "/users/{id}". */
int endpoint_name_fold(struct str target, struct buf *out, struct err *e);

#endif

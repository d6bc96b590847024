/* endpoint_name.h -- GET /users/17 and GET /users/18 are one endpoint.
 *
 * Names come from the user's patterns, the most specific one that fits, else from
 * an OpenAPI description, else from folding what looks like data in the path:
 * GET /users/{id}. The query does not count, but what is asked for where many
 * things are asked for at one URL does (operation.h).
 *
 * When all are known, endpoint_names_settle() merges words that turn out to be data
 * (endpoint_trie.h), and keeps the ENDPOINTS_MAX that were seen most; the others are
 * one, "(other)". Neither depends on the order in which they came, up to
 * ENDPOINT_NAMES_MAX names; what comes beyond them is "(other)" too.
 */
#ifndef MIRRORCTL_DIFF_ENDPOINT_NAME_H
#define MIRRORCTL_DIFF_ENDPOINT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/pattern.h"
#include "core/str.h"
#include "diff/table.h"

enum { ENDPOINTS_MAX = 500, ENDPOINT_NAMES_MAX = 4096, ENDPOINT_PATH_MAX = 512 };

struct endpoint_name {
    struct table_entry key; /* first: it is found by its hash */
    uint32_t index;
    struct str method, path;
    bool folded; /* by looking at it: words of it may be merged */
    uint64_t pairs;
};

/* Words that were merged into one {*}. */
struct endpoint_merge {
    struct str path; /* "/city/{*}" */
    size_t words;
    struct str examples[2]; /* the first of them; the second may be empty */
};

struct endpoint_names;

/* Patterns are a path with or without a method: "GET /users/{id}". {name} and a
 * star stand for one segment, a star at the end for all that follows. NULL with
 * *e set (ERR_USAGE) when one of them is no pattern. */
struct endpoint_names *endpoint_names_new(const char *const *patterns, size_t n, struct err *e);
void endpoint_names_free(struct endpoint_names *names);

/* Add patterns that count where none of the user's fits. They are copied. */
int endpoint_names_add(struct endpoint_names *names, const struct pattern *patterns, size_t n,
                       struct err *e);

/* The index of the endpoint that the request with this head and body belongs to:
 * 0, 1, ... in the order of first sight, ENDPOINT_NAMES_MAX for "(other)".
 * Returns 0, or -1 with *e set. */
int endpoint_names_find(struct endpoint_names *names, struct str head, struct str body,
                        uint32_t *index, struct err *e);

/* Merge and cut. map[i] becomes the new index of the name that was i, for all
 * ENDPOINT_NAMES_MAX + 1 of them; new ones are below ENDPOINTS_MAX, or that for
 * "(other)". *changed tells whether any differs. Once. Returns 0 or -1. */
int endpoint_names_settle(struct endpoint_names *names, uint32_t *map, bool *changed,
                          struct err *e);

/* How many there are, "(other)" included; any of them. */
size_t endpoint_names_count(const struct endpoint_names *names);
const struct endpoint_name *endpoint_names_at(const struct endpoint_names *names, size_t index);

/* What was merged, by path; *n of them. */
const struct endpoint_merge *endpoint_names_merges(const struct endpoint_names *names, size_t *n);

/* Append the folded path of a request target: "/users/17?x=1" -> "/users/{id}". */
int endpoint_name_fold(struct str target, struct buf *out, struct err *e);

#endif

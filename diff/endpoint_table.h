/* endpoint_table.h -- what endpoint_name.c, which finds names while reading, and
 * endpoint_settle.c, which settles them in the end, share. Nobody else includes it. */
#ifndef MIRRORCTL_DIFF_ENDPOINT_TABLE_H
#define MIRRORCTL_DIFF_ENDPOINT_TABLE_H

#include "core/arena.h"
#include "diff/endpoint_name.h"

/* A pattern, and what says how specific it is. */
struct ranked {
    struct pattern pattern;
    size_t literals, segments, place;
    bool own;  /* the user's, which go first */
    bool open; /* ends in a star: any number of segments */
};

/* What names begin with, and how many words were seen behind it. */
struct beginning {
    struct table_entry key; /* first: hash of the path up to its slash */
    struct str path;
    size_t words;
};

struct endpoint_names {
    struct arena mem, scratch;
    struct ranked *patterns;
    size_t n_patterns;
    struct table table;
    struct endpoint_name *list[ENDPOINT_NAMES_MAX + 1];
    size_t n;                /* without "(other)" */
    struct table beginnings; /* struct beginning: of names that were folded */
    struct table words;      /* table_entry: hashes of a beginning and a word behind it */
    struct endpoint_merge *merges;
    size_t n_merges;
    struct buf folded, merged;
};

/* A name at this index, not yet in the table. NULL with *e set. */
struct endpoint_name *endpoint_table_put(struct endpoint_names *names, struct str method,
                                         struct str path, uint32_t index, struct err *e);

/* "(other)" at this index, made if need be. */
struct endpoint_name *endpoint_table_other(struct endpoint_names *names, uint32_t index,
                                           struct err *e);

/* What they are found by. */
uint64_t endpoint_table_hash(struct str method, struct str path);

/* For table_find(): the same method and path. */
bool endpoint_table_same(const struct table_entry *entry, const struct table_entry *key);

#endif

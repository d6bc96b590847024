/* tree_reader.h -- bodies that are no JSON but hold named values, as a tree.
 *
 * A form, server-sent events and the parts of a multipart body become what JSON
 * would say in their place: so they are compared field by field, as JSON is,
 * and rules name their fields by the same paths.
 *
 *   form       a=1&b=x+y                {"a": "1", "b": "x y"}, repeated names stay
 *   events     event: tick\ndata: {...} [{"event": "tick", "data": {...}}]
 *   multipart  parts by number          [{"content-type": "...", "content": "..."}]
 *
 * Content and data that are JSON by themselves are trees too.
 */
#ifndef MIRRORCTL_DIFF_TREE_READER_H
#define MIRRORCTL_DIFF_TREE_READER_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json_tree.h"
#include "core/str.h"

struct tree_reader {
    const char *name;
    bool (*accepts)(struct str media);
    /* Views into `bytes` or pieces of `mem`. NULL with *e set: not such a body
     * (ERR_INPUT), or no memory. `type` is all of Content-Type. */
    struct json_node *(*read)(struct str type, struct str bytes, struct arena *mem, struct err *e);
};

extern const struct tree_reader tree_form, tree_events, tree_parts;

/* The events of a stream that was cut, without the one that was under way. */
struct str tree_events_whole(struct str bytes);

/* The reader for this media type, or NULL. */
const struct tree_reader *tree_reader_for(struct str media);

/* A name or value of a form as it is meant: a plus is a blank; a percent sign without two
 * digits stands for itself. A view of `s`, or a piece of `mem`. Returns 0, or -1 with *e. */
int tree_form_decode(struct str s, struct arena *mem, struct str *out, struct err *e);

/* ---- for readers ---- */

/* A new node at the end of `parent`, whose last child is *last, both of which may be
 * NULL; `key` is of a member. NULL with *e set. */
struct json_node *tree_add(struct arena *mem, enum json_type type, struct json_node *parent,
                           struct json_node **last, struct str key, struct err *e);

/* The same for a string; with `json`, the tree that it holds if it is JSON and no
 * string or number by itself. */
struct json_node *tree_add_text(struct arena *mem, struct json_node *parent,
                                struct json_node **last, struct str key, struct str text, bool json,
                                struct err *e);

#endif

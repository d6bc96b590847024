/* json_text.h -- a JSON value in a few words, for examples in reports. */
#ifndef MIRRORCTL_DIFF_JSON_TEXT_H
#define MIRRORCTL_DIFF_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/json_tree.h"
#include "core/str.h"

struct json_text {
    char text[256];
    size_t len;
    bool full; /* there was more */
};

/* Write `node` as compact JSON until the text is full; "..." ends what was
 * cut. Members whose names promise secrets are masked unless `show_secrets`. */
struct str json_text_write(const struct json_node *node, bool show_secrets, struct json_text *t);

/* Write a string as JSON does, lone surrogates as \ud83d. */
struct str json_text_string(struct str s, struct json_text *t);

#endif

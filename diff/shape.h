/* shape.h -- what kind of thing a value is, where the value itself never repeats.
 *
 * A field that v1 changes with each answer cannot be compared by value. It still
 * can be told that a time became null, seconds became milliseconds or an id became
 * a number. The shape of a value is what it looks like, and how long where that
 * belongs to it: uuid, time of one way of writing, hex digits of one length.
 */
#ifndef MIRRORCTL_DIFF_SHAPE_H
#define MIRRORCTL_DIFF_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* The shape of a value as differences show it: strings of JSON in quotes, all else
 * as it is. "uuid", "epoch ms", "hex(32)", "text", ... */
enum { SHAPE_TEXT = 32 };
const char *shape_of(struct str value, char text[SHAPE_TEXT]);

/* True if both look like the same kind of thing. */
bool shape_is_same(struct str a, struct str b);

/* How far two moments are apart, in ns. False if they are no moments. */
bool shape_apart(struct str a, struct str b, uint64_t *ns);

#endif

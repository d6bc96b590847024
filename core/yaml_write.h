/* yaml_write.h -- a scalar of YAML that reads back as the same text.
 *
 * Plain where that is safe, in double quotes where YAML or one of its many
 * readers could take it for something else (null, yes, 1.0, 12:30), and with
 * escapes for what does not print or could turn a terminal's lines around. What
 * is not UTF-8 becomes U+FFFD, since YAML has no way to say it.
 */
#ifndef MIRRORCTL_CORE_YAML_WRITE_H
#define MIRRORCTL_CORE_YAML_WRITE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

/* Keys beyond this are not written as keys: libyaml looks for the colon of a
 * key only within 1024 characters, escapes counted. */
enum { YAML_WRITE_KEY_MAX = 100 };

/* Append it; `flow`: it stands inside [] or {}. Returns 0, or -1 with *e set. */
int yaml_write_text(struct buf *out, struct str s, bool flow, struct err *e);

#endif

/* fields.h -- --header and --remove-header: what is changed in a copy's fields.
 *
 * First fields are taken out by name, then each name that is set replaces the
 * field of that name where its first one stood, or is added at the end. What is
 * set for one target only counts there, instead of what is set for all under
 * the same name.
 */
#ifndef MIRRORCTL_REPLAY_FIELDS_H
#define MIRRORCTL_REPLAY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/http.h"
#include "core/str.h"
#include "replay/replay.h"

enum { FIELDS_MAX = 64, FIELDS_BYTES = 32 * 1024 };

/* What is changed for one target. */
struct field_rules {
    struct str removed[FIELDS_MAX];
    struct http_field set[FIELDS_MAX];
    unsigned n_removed, n_set;
};

/* Choose what is for `version` (1: v1) of `n` changes, whose bytes must stay. Returns 0,
 * or -1 with *e set (ERR_USAGE): a message never holds a value, as that may be
 * secret. */
int field_rules_init(struct field_rules *r, const struct replay_field *fields, size_t n,
                     unsigned version, struct err *e);

/* Is the name taken out, or set? NULL changes nothing, here and below. */
bool field_rules_remove(const struct field_rules *r, struct str name);
bool field_rules_set(const struct field_rules *r, struct str name);

/* Write what is set under `name`, or all that is not in *written yet, of which
 * bit i stands for set[i]. Returns 0, or -1 with *e set. */
int field_rules_write(const struct field_rules *r, struct str name, uint64_t *written,
                      struct buf *out, struct err *e);
int field_rules_write_rest(const struct field_rules *r, uint64_t *written, struct buf *out,
                           struct err *e);

#endif

/* fields.h -- what is changed in a copy's fields: by rules of the plan, by --header
 * and --remove-header.
 *
 * First fields are taken out by name, then each name that is set replaces the
 * field of that name where its first one stood, or is added at the end. What is
 * set for one target only counts there, instead of what is set for all under
 * the same name. A rule may also add to what is there.
 *
 * Changes come in layers: those of a rule, of its arrow to where the copy goes, of
 * the plan for all rules, of the command line. What a layer takes out or sets, those below it have in vain.
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
#include "replay/plan.h"
#include "replay/replay.h"

enum { FIELDS_MAX = 64, FIELDS_BYTES = 32 * 1024 };

/* What is changed for one target. */
struct field_rules {
    struct str removed[FIELDS_MAX];
    struct http_field set[FIELDS_MAX];
    struct http_field added[FIELDS_MAX];
    unsigned n_removed, n_set, n_added;
    size_t bytes; /* of all that were ever set or added */
};

/* Put a layer of a plan's on top; zeroed rules change nothing. Host is left out: it is
 * not a field like others (rewrite.h). Returns 0, or -1 with *e set (ERR_USAGE). */
int field_rules_change(struct field_rules *r, const struct plan_change *changes, struct err *e);

/* Put the command line's layer on top: what is for `version` (1: v1) of `n` changes,
 * whose bytes must stay. Returns 0, or -1 with *e set (ERR_USAGE): a message never
 * holds a value, as that may be secret. */
int field_rules_add(struct field_rules *r, const struct replay_field *fields, size_t n,
                    unsigned version, struct err *e);

/* The same with nothing below. */
int field_rules_init(struct field_rules *r, const struct replay_field *fields, size_t n,
                     unsigned version, struct err *e);

/* Is the name taken out, set, or added to? NULL changes nothing, here and below. */
bool field_rules_remove(const struct field_rules *r, struct str name);
bool field_rules_set(const struct field_rules *r, struct str name);
bool field_rules_extend(const struct field_rules *r, struct str name);

/* Write what is set under `name`; or all that is not in *written yet, of which
 * bit i stands for set[i], and what is added. Returns 0, or -1 with *e set. */
int field_rules_write(const struct field_rules *r, struct str name, uint64_t *written,
                      struct buf *out, struct err *e);
int field_rules_write_rest(const struct field_rules *r, uint64_t *written, struct buf *out,
                           struct err *e);

#endif

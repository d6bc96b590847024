/* record_fields.h -- what the records of a block say, for record_reader.c only.
 *
 * All of it is hostile: lengths are checked against what is there, fields that are
 * not known are skipped, and those that are missing leave zeros.
 */
#ifndef MIRRORCTL_CORE_RECORD_FIELDS_H
#define MIRRORCTL_CORE_RECORD_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

struct record_field {
    unsigned tag;
    const uint8_t *data;
    size_t len;
};

/* Cut the next record off *payload: its type and its fields. */
bool record_cut(struct str *payload, unsigned *type, struct str *fields);

/* The next field of a record: 1 with *f set, 0 at its end, -1 if it is malformed. */
int record_field_next(struct str *fields, struct record_field *f);

/* A field's number from byte `at` on, little-endian; one of another length than
 * expected reads as far as it goes. */
uint64_t record_field_uint(const struct record_field *f, size_t at);

/* Read a REQUEST's fields, and the recorded answer that follows it in *payload.
 * Returns 0, or -1 with *e set. */
int record_read_exchange(struct str fields, struct str *payload, struct exchange *x, struct err *e);

/* Read the RESPONSE records of a pair's calls off *payload. Returns 0, or -1 with *e set. */
int record_read_calls(struct str *payload, struct pair *p, struct err *e);

/* -1 with *e set: there is no reading it. */
int record_malformed(struct err *e);

#endif

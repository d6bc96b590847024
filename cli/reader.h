/* reader.h -- a record_reader that knows from the start what it reads.
 *
 * The kind of a file, and the identity of its traffic, stand in the section
 * that its first item opens. So that item is read when the file is opened, and
 * given out when it is asked for.
 */
#ifndef MIRRORCTL_CLI_READER_H
#define MIRRORCTL_CLI_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/input.h"
#include "core/err.h"
#include "core/record.h"

struct reader {
    struct record_reader *records; /* NULL: not open */
    const char *name;
    bool ahead; /* `got`, `item` and `e` are of the first item, not given out yet */
    int got;
    struct record_item item;
    struct err e;
};

/* Start reading the input, which stays the caller's, and refuse it with
 * ERR_INPUT when it is of another kind. */
int reader_open(struct reader *r, const struct input *in, enum record_kind kind, struct err *e);

/* As record_next(). */
int reader_next(struct reader *r, struct record_item *item, struct err *e);

/* Of the traffic the first section holds; zeroes when there is none. */
void reader_identity(const struct reader *r, uint8_t id[16]);

/* Fine when it is not open. */
void reader_close(struct reader *r);

#endif

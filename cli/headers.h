/* headers.h -- --header and --remove-header as replay wants them: one change a
 * field, those out of files (@FILE) read line by line. */
#ifndef MIRRORCTL_CLI_HEADERS_H
#define MIRRORCTL_CLI_HEADERS_H

#include <stddef.h>

#include "cli/option.h"
#include "core/arena.h"
#include "core/err.h"
#include "replay/replay.h"

struct headers {
    struct arena mem;
    struct replay_field *list;
    size_t n;
};

/* Start empty. Cannot fail. */
void headers_init(struct headers *h);

/* Add the values of an option: 'Name: value' or @FILE for `version` (0: all), or with
 * `remove` names. Returns 0, or -1 with *e set, which names the option and the
 * line of a file, but never a value: that may be secret. */
int headers_add(struct headers *h, const char *option, const struct option_list *values,
                unsigned version, bool remove, struct err *e);

/* Free it; the list must not be in use any more. */
void headers_release(struct headers *h);

#endif

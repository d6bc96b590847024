/* own_address.h -- what a target calls itself in what it answers.
 *
 * v1 redirects to http://v1.test/login and v2 to http://v2.test/login: both say
 * "here". So a target's own address is replaced by a token before answers are
 * compared, in header fields and in text.
 */
#ifndef MIRRORCTL_DIFF_OWN_ADDRESS_H
#define MIRRORCTL_DIFF_OWN_ADDRESS_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

#define OWN_ADDRESS_TOKEN "{target}"

/* Views into the URL. */
struct own_address {
    struct str origin;    /* "http://10.0.0.5:8080" */
    struct str authority; /* "10.0.0.5:8080"; empty: nothing is known */
    struct str host;      /* "10.0.0.5" */
};

/* Read it out of a URL. What is no http or https URL has none. */
struct own_address own_address_of(struct str url);

/* Replace origin and authority in `text`, where they stand by themselves: *out is a copy
 * in `mem`, or `text` where there is nothing to replace, `own` is NULL, or the text has
 * more than 16 MiB. Returns 0, or -1 with *e set. */
int own_address_hide(const struct own_address *own, struct str text, struct arena *mem,
                     struct str *out, struct err *e);

#endif

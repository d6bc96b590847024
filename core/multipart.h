/* multipart.h -- the parts of a multipart body (RFC 2046, 5.1; RFC 7578).
 *
 *     struct multipart m;
 *     struct multipart_part part;
 *
 *     multipart_begin(&m, content_type, body);
 *     while (multipart_next(&m, &part))
 *         ...
 *
 * Nothing is copied: all views are into the body, and every byte of it is in
 * one of them, so that a body can be written again part by part.
 */
#ifndef MIRRORCTL_CORE_MULTIPART_H
#define MIRRORCTL_CORE_MULTIPART_H

#include <stdbool.h>

#include "core/str.h"

struct multipart {
    struct str boundary;
    struct str rest; /* behind the last part: the line that ends all, and what follows */
    bool closed;     /* that line was found */
};

struct multipart_part {
    struct str before;  /* from the end of the part before to `content` */
    struct str head;    /* the end of that: from the delimiter on, with the empty line */
    struct str content; /* without the line break that belongs to the delimiter */
};

/* Start in front of the first part. A type without boundary has no parts. */
void multipart_begin(struct multipart *m, struct str content_type, struct str body);

/* The next part, or false when there is none; then `closed` tells if the body
 * was whole. */
bool multipart_next(struct multipart *m, struct multipart_part *part);

/* A parameter of a field value (`form-data; name="x"`), without its quotes. */
bool multipart_parameter(struct str value, struct str name, struct str *found);

#endif

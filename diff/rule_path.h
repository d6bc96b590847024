/* rule_path.h -- which place a rule is about.
 *
 * Three ways to write it:
 *
 *     $.items[*].price     JSONPath (RFC 9535), the part of it that names places:
 *                          $ .name ['name'] [n] [*] .* ..name
 *     /items/0/price       JSON Pointer (RFC 6901); as an extension a segment
 *                          that is only a star stands for any member or element
 *     header:Set-Cookie    a response header; a star at the end stands for any
 *                          ending
 *
 * What of JSONPath is not supported (filters, slices, several selectors in one
 * bracket, counting from the end) is refused where it stands: it must never be
 * a rule that matches nothing.
 */
#ifndef MIRRORCTL_DIFF_RULE_PATH_H
#define MIRRORCTL_DIFF_RULE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum { RULE_PATH_STEPS = 64, RULE_PATH_MAX = 1024 };

enum rule_step_kind {
    RULE_STEP_NAME,
    RULE_STEP_INDEX,
    RULE_STEP_EITHER, /* digits of a pointer: a member of that name, or that element */
    RULE_STEP_ANY,    /* any member or element */
};

struct rule_step {
    enum rule_step_kind kind;
    bool deep;       /* this deep or deeper: ..name */
    struct str name; /* of NAME and EITHER */
    uint64_t index;  /* of INDEX and EITHER */
};

struct rule_path {
    bool header;
    bool open;       /* header: any name that begins like this */
    struct str name; /* header: in lower case */
    struct rule_step *steps;
    size_t n; /* 0 is the body as a whole */
};

/* What is wrong with a path, and at which byte of it. */
struct rule_path_fault {
    size_t offset;
    const char *what;
};

/* Read `text`; what *p needs lives in `mem`. Returns 0, or -1 with *fault set, whose
 * `what` is NULL when memory is out (*e). */
int rule_path_read(struct rule_path *p, struct str text, struct arena *mem,
                   struct rule_path_fault *fault, struct err *e);

/* Append it in the way reports write paths: "$.items[*].price". */
int rule_path_write(const struct rule_path *p, struct buf *out, struct err *e);

/* Append "path\n    ^" for a message, the caret below `offset`, both indented. */
int rule_path_point(struct str text, size_t offset, struct buf *out, struct err *e);

#endif

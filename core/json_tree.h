/* json_tree.h -- a strict reader of JSON that loses nothing (RFC 8259).
 *
 * Made for comparing bodies of other people's services: numbers keep their
 * text (a double would merge 9007199254740993 with its neighbour), strings
 * keep embedded NULs and lone surrogates, members keep order and duplicates.
 * What is not JSON is refused with the offset; what RFC 8259 leaves open (numbers of
 * any size, escaped lone surrogates, a byte order mark) is taken as long as it is UTF-8. Nesting is bounded, so hostile
 * bodies cannot exhaust the stack.
 */
#ifndef MIRRORCTL_CORE_JSON_TREE_H
#define MIRRORCTL_CORE_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

enum { JSON_MAX_DEPTH = 1000 };

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_node {
    uint8_t type;            /* enum json_type */
    uint8_t flags;           /* 0: like `mark`, for whoever walks the tree */
    uint32_t count;          /* elements or members */
    struct json_node *next;  /* the following element or member */
    struct json_node *child; /* the first element or member, in order */
    struct str key;          /* of a member: name, escapes resolved */
    struct str text;         /* number: as written; string: bytes, escapes resolved */
    uint64_t mark;           /* 0 */
};

/* What stands behind an err of json_parse. */
struct json_fault {
    size_t offset; /* of the first byte that cannot be */
    bool too_deep; /* well-formed so far, but nested beyond JSON_MAX_DEPTH */
};

/* Read `text`, one value with white space around it; a byte order mark in front
 * is skipped. Escaped lone surrogates become the three bytes of WTF-8, other
 * escapes UTF-8. Nodes and changed strings live in `mem`, the rest are views
 * into `text`. NULL with *e (ERR_INPUT, or ERR_NOMEM) and *fault set; `fault`
 * may be NULL. */
struct json_node *json_parse(struct str text, struct arena *mem, struct json_fault *fault,
                             struct err *e);

/* Would json_parse() take it? Needs no memory, whatever the size. Returns 0, or
 * -1 with *e and *fault set. */
int json_check(struct str text, struct json_fault *fault, struct err *e);

/* The first member called `key`, or NULL. For documents with few members. */
const struct json_node *json_member(const struct json_node *object, struct str key);

/* The same in a tree that may be changed. */
struct json_node *json_member_of(const struct json_node *object, struct str key);

/* Read values that follow each other: lines of JSON (NDJSON), with or without
 * records separators (RFC 7464) or white space between them, as elements of an
 * array that stands for the text. As json_parse(). */
struct json_node *json_parse_sequence(struct str text, struct arena *mem, struct json_fault *fault,
                                      struct err *e);

/* "number", "string", ...; false and true are "boolean". */
const char *json_type_name(enum json_type type);

/* Order two numbers by value, exactly, whatever their size: -1, 0, 1. Both must
 * be texts of JSON numbers. 1.0, 1 and 10e-1 are equal, as are 0 and -0. */
int json_number_cmp(struct str a, struct str b);

/* True if |a - b| <= factor * m, exactly, where m is 1 or, with `relative`, the
 * larger of |a| and |b|. `factor` is a JSON number of at most 18 digits, not
 * negative. Numbers whose exponents have more than 17 digits are never near. */
bool json_number_near(struct str a, struct str b, struct str factor, bool relative);

/* A 64-bit hash of the value: numbers that are equal have equal hashes, but for
 * those whose exponents have more than 17 digits. *plain tells whether it is
 * spelled in the one way without needless zeros and exponents, so that two equal
 * numbers that are plain have the same text. */
uint64_t json_number_hash(struct str text, bool *plain);

#endif

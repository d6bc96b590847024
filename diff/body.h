/* body.h -- the content of one answer, made ready for comparing step by step.
 *
 * Most bodies are equal byte by byte, so nothing is decoded or parsed before
 * a comparer asks; and since v1's body is compared twice (with v2's, and with
 * its own second answer), what was done once is kept.
 */
#ifndef MIRRORCTL_DIFF_BODY_H
#define MIRRORCTL_DIFF_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/http.h"
#include "core/json_tree.h"
#include "core/str.h"
#include "diff/own_address.h"

enum { BODY_MAX_DECODED = 64 * 1024 * 1024, BODY_MAX_TREE = 128 * 1024 * 1024 };

enum body_content { BODY_ASLEEP, BODY_READY, BODY_UNKNOWN_CODING, BODY_CORRUPT };
enum body_tree { BODY_NOT_PARSED, BODY_JSON, BODY_NOT_JSON, BODY_TOO_DEEP, BODY_TOO_LARGE };

struct body {
    const struct own_address *own; /* of who answered, to be hidden; NULL: nothing. The owner's */
    struct str raw;                /* as received */
    struct str coding;             /* Content-Encoding, all lines of it */
    struct str type;               /* Content-Type */
    struct str media;              /* "text/html" of it, without parameters */
    bool cut;                      /* beyond the ceiling of who received it: size and hash tell */
    uint64_t size, hash;
    bool stream_cut; /* events of a stream that did not end, see body_set_stream() */

    enum body_content content; /* after body_decode() */
    struct str bytes;          /* decoded where it is BODY_READY, text as UTF-8; else as received */
    bool charset_unknown;      /* or text that is not in it: not UTF-8 then */
    enum body_tree parsed;     /* after body_parse() */
    struct json_node *tree;
    uint32_t *pruned; /* how often each rule took something out of it; NULL: not yet */
    struct json_fault fault;

    struct buf decoded, text;
    struct arena mem;
};

void body_init(struct body *b);

/* Look at the content of this answer; views into it are kept. */
int body_set(struct body *b, const struct http_message *m, struct err *e);

/* The same of a stream of events that did not end: what is left of its last event is
 * no part of it. */
int body_set_stream(struct body *b, const struct http_message *m, struct err *e);

/* Undo the content coding and the charset, and hide b->own in text, once. Returns -1 only when memory is out. */
int body_decode(struct body *b, struct err *e);

/* Read the decoded content as JSON, or as what else holds fields (tree_reader.h), once. Returns -1 only when memory is out. */
int body_parse(struct body *b, struct err *e);

/* What Content-Type claims. */
bool body_says_json(const struct body *b);
bool body_says_fields(const struct body *b);     /* a form, events, parts */
bool body_says_json_lines(const struct body *b); /* values that follow each other */
bool body_says_text(const struct body *b);

/* True if it begins like a JSON object or array, whatever it claims. */
bool body_smells_of_json(const struct body *b);

/* True if it is UTF-8 without controls but white space, in its first 4 KiB. */
bool body_looks_like_text(const struct body *b);

void body_release(struct body *b);

#endif

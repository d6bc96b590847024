/* json.h -- writing JSON exactly, and reading our own small documents.
 *
 * The writer appends to a buffer and never builds a tree: large reports cost
 * no more memory than their text. Its first failure sticks and is told by
 * json_end_all(), so call sites need no checks.
 *
 * Strings may hold anything: what is not UTF-8 becomes U+FFFD, controls and
 * the characters that could end a script or start a tag (< > & U+2028 U+2029)
 * are escaped, so a report can stand inside HTML.
 */
#ifndef MIRRORCTL_CORE_JSON_H
#define MIRRORCTL_CORE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

enum { JSON_WRITER_DEPTH = 32 };

struct json_writer {
    struct buf *out;
    struct err *e;
    bool failed;
    bool pretty; /* two blanks a level, one item a line */
    int depth;
    bool has_items[JSON_WRITER_DEPTH];
    char closer[JSON_WRITER_DEPTH]; /* what json_close() writes: } or ] */
    bool after_key;
};

/* Start writing one value at the end of `out`. Errors go to `e`. */
void json_begin(struct json_writer *w, struct buf *out, bool pretty, struct err *e);

/* The name of the member whose value comes next. */
void json_key(struct json_writer *w, const char *key);
void json_key_str(struct json_writer *w, struct str key);

void json_open_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close(struct json_writer *w); /* the innermost object or array */

void json_str(struct json_writer *w, struct str s);
void json_cstr(struct json_writer *w, const char *s); /* NULL writes null */
void json_u64(struct json_writer *w, uint64_t v);
void json_i64(struct json_writer *w, int64_t v);
/* Nanoseconds and other numbers that a double cannot hold: as a string. */
void json_i64_str(struct json_writer *w, int64_t v);
/* The shortest text that reads back as the same double; null unless finite. */
void json_double(struct json_writer *w, double v);
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
void json_raw(struct json_writer *w, struct str json); /* trusted JSON, as it is */

/* Close whatever is open. Returns 0, or -1 if anything failed. What was opened
 * beyond JSON_WRITER_DEPTH counts as a failure. */
int json_end_all(struct json_writer *w);

/* Append `s` as a JSON string with its quotes. True if it was valid UTF-8.
 * *rc is 0, or -1 with *e set when it did not fit. */
bool json_write_string(struct buf *out, struct str s, struct err *e, int *rc);

/* ---- reading META, STATS and the like: small documents of our own ---- */

struct json_doc;

/* NULL with *e set: ERR_INPUT when it is not JSON as a whole, ERR_NOMEM. Made
 * of cJSON, which keeps numbers as doubles, ends strings at \u0000 and refuses
 * lone surrogates: bodies of other people are for json_tree.h. */
struct json_doc *json_read(struct str text, struct err *e);
void json_doc_free(struct json_doc *d);

/* Follow member names from the top, "targets.v1"; false or the fallback when
 * any is missing or of another type. Views live as long as the document. An
 * empty path is the document itself.
 *
 * A u64 is a whole number up to 2^53 (above that the double may be a neighbour
 * of what was written), or a string of digits up to 2^64 - 1: the form in which
 * json_i64_str() writes times. */
bool json_get_str(const struct json_doc *d, const char *path, struct str *value);
uint64_t json_get_u64(const struct json_doc *d, const char *path, uint64_t fallback);
double json_get_double(const struct json_doc *d, const char *path, double fallback);
/* Visit the members of the object at `path` in order: name, its text where it
 * is a string (data is NULL where not), and the number where json_get_u64()
 * would find one, else 0. */
void json_each(const struct json_doc *d, const char *path,
               void (*visit)(void *ctx, const char *key, struct str text, uint64_t number),
               void *ctx);

#endif

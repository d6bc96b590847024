/* yaml.h -- YAML text as a tree in which everything knows where it stands.
 *
 * The readers of Istio's and Kubernetes' files, of our own and of rules files
 * work on this tree. What is always true of it:
 *
 * - Scalars are text. Whether 1.0 is a number or a version is decided by the
 *   field that holds it, not by its look (design: typed by the field).
 * - Keys of a map are scalars and occur once. Merge keys (<<) are applied, and
 *   what they brought in stands behind the map's own items.
 * - An alias is the very node of its anchor, so a node may be reached in more
 *   than one way, never in a circle. Counted as often as it can be reached, a
 *   document has at most YAML_MAX_NODES nodes and YAML_MAX_DEPTH levels: to
 *   walk it recursively is safe, and fast.
 *
 * The text is taken as hostile: every ceiling below holds while it is read, so
 * neither a billion laughs nor 100,000 brackets cost more than the bytes read
 * up to there.
 *
 * What is wrong goes to a struct diags, as much of it as can be found:
 *
 *     E101  not YAML (with advice for tabs, templates, pasted shell commands)
 *     E102  a ceiling: bytes, documents, depth, nodes, scalar, anchors
 *     E103  a key that stands twice in one map
 *     E105  an alias inside of what it stands for
 *     E106  a key that is not a scalar
 *     E108  a merge key whose value is neither a map nor a list of maps
 */
#ifndef MIRRORCTL_CORE_YAML_H
#define MIRRORCTL_CORE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/diag.h"
#include "core/err.h"
#include "core/str.h"

enum {
    YAML_MAX_STREAM = 16 * 1024 * 1024,  /* bytes of all texts of a stream */
    YAML_MAX_DOCUMENTS = 4096,           /* of all texts of a stream */
    YAML_MAX_DOCUMENT = 4 * 1024 * 1024, /* bytes; 16 KiB more may pass */
    YAML_MAX_NODES = 200000,             /* of a document, aliases expanded */
    YAML_MAX_DEPTH = 64,                 /* lists and maps inside one another */
    YAML_MAX_SCALAR = 64 * 1024,         /* bytes */
    YAML_MAX_ANCHORS = 1024,             /* of a document */
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_item {
    struct yaml_item *next;
    const struct yaml_node *key; /* a scalar; NULL in a list */
    const struct yaml_node *value;
    bool merged; /* came by a merge key */
};

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;     /* scalar: quoted, a block, or !!str: a string whatever it looks like */
    uint32_t count;  /* items */
    uint32_t size;   /* nodes in it and itself, aliases expanded, with what lost in merges */
    uint32_t height; /* levels of lists and maps: 0 for a scalar, 1 for [] */
    struct place at; /* where it begins; of an alias: where the anchored node does */
    struct str text; /* scalar: its content, NUL-terminated, may hold NULs */
    struct yaml_item *items;
};

struct yaml_doc {
    struct yaml_doc *next;
    const struct yaml_node *root; /* never null: empty documents are left out */
};

/* The documents of any number of texts, in order. */
struct yaml_stream {
    struct yaml_doc *docs;
    struct yaml_doc *last;
    size_t doc_count; /* empty ones too */
    size_t bytes;
    struct arena mem; /* owns documents, nodes and the names of the files */
};

/* Start an empty stream. Cannot fail. */
void yaml_stream_init(struct yaml_stream *s);

/* Read one more text, which may hold any number of documents; `name` stands in
 * diagnostics. UTF-8 or UTF-16 (by its byte order mark); JSON is YAML. Neither
 * `text` nor `name` is needed afterwards.
 *
 * Errors of the text go to *diags. After E101 and E102 the rest of the text is
 * not read; documents before stay. Returns 0, or -1 with *e set when there is
 * no memory: only then is it unknown whether the text was good. */
int yaml_read(struct yaml_stream *s, struct str text, const char *name, struct diags *diags,
              struct err *e);

/* Free all; *s is empty and usable again. Fine on a zeroed struct. */
void yaml_stream_release(struct yaml_stream *s);

/* The value of `key`, or NULL when there is none or `map` is not a map (or NULL). */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Nothing, null or ~, unquoted; for a protobuf field that is as good as absent.
 * True for NULL too. */
bool yaml_is_null(const struct yaml_node *n);

/* Read a scalar as what its field wants, quoted or not. False when it is not:
 * true and false only (no yes, on, y); digits only (no sign, hex, octal, _);
 * a decimal number with or without fraction and exponent (no .inf, .nan). */
bool yaml_to_bool(const struct yaml_node *n, bool *value);
bool yaml_to_u64(const struct yaml_node *n, uint64_t *value);
bool yaml_to_double(const struct yaml_node *n, double *value);

/* "a scalar", "a list", "a map": for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

#endif

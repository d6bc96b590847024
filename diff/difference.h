/* difference.h -- what differs between two answers to one request.
 *
 * A comparison fills a list of differences. Equal ones (same place, path and
 * kind) are one item with a count of elements, and only the first of them keeps
 * its values: an array of 50,000 elements that moved by one is one item.
 *
 * Paths are folded: array indices are [*] and members named by data are {*}, so
 * that the same field of many answers is one path.
 */
#ifndef MIRRORCTL_DIFF_DIFFERENCE_H
#define MIRRORCTL_DIFF_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"
#include "diff/reading.h"

enum diff_where { WHERE_OUTCOME, WHERE_STATUS, WHERE_HEADER, WHERE_BODY, WHERE_COUNT };

enum diff_kind {
    KIND_VALUE,
    KIND_TYPE,
    KIND_NULL,
    KIND_MISSING,
    KIND_EXTRA,
    KIND_ORDER,
    KIND_LENGTH,
    KIND_FORM,
    KIND_SHAPE,
    KIND_ENCODING,
    KIND_STATUS,
    KIND_OUTCOME,
    KIND_COUNT,
};

/* "header", "missing": the words of the JSON report. */
const char *diff_where_name(enum diff_where where);
const char *diff_kind_name(enum diff_kind kind);

/* True for kinds that say "equal, but written otherwise": shown, never failing. */
static inline bool diff_kind_is_info(enum diff_kind kind)
{
    return kind == KIND_FORM || kind == KIND_ENCODING;
}

/* What a reader should know about how bodies were compared. */
enum diff_note {
    NOTE_NOT_JSON = 1 << 0,       /* says JSON, is not: compared as text */
    NOTE_TOO_DEEP = 1 << 1,       /* JSON nested beyond JSON_MAX_DEPTH */
    NOTE_TOO_LARGE = 1 << 2,      /* JSON whose tree would be beyond the ceiling */
    NOTE_CODING_UNKNOWN = 1 << 3, /* a content coding that is not known here */
    NOTE_CORRUPT = 1 << 4,        /* a content coding that could not be undone */
    NOTE_CUT = 1 << 5,            /* a body beyond the ceiling of the replay: by hash */
    NOTE_MANY = 1 << 6,           /* more differences in one answer than are listed */
    NOTE_STATUS_CLASS = 1 << 7,   /* headers and body not compared: another status class */
    NOTE_RATE_LIMITED = 1 << 8,   /* 429, or 503 with Retry-After */
    NOTE_REDACTED = 1 << 9,       /* the recorded baseline had values blanked */
    NOTE_CHARSET = 1 << 10,       /* text whose charset is not known, or not kept to */
    NOTE_ARRAY_APART = 1 << 11,   /* arrays too different: compared as multisets */
    NOTE_KEY_UNFIT = 1 << 12,     /* the members of a key rule do not identify */
    NOTE_TWINS = 1 << 13,         /* a JSON object with a name twice, on both sides */
    NOTE_SNIFFED = 1 << 14,       /* JSON that Content-Type does not tell of */
    NOTE_NOT_MODIFIED = 1 << 15,  /* 304 on one side at least */
    NOTE_CONFLICT = 1 << 16,      /* 409 for whoever came second, and not for the first */
    NOTE_CACHE = 1 << 17,         /* one answer out of a cache, the other not */
    NOTE_STREAM_CUT = 1 << 18,    /* event streams that went on: compared as far as both came */
};
enum { NOTE_KINDS = 19 };

struct difference {
    enum diff_where where;
    enum diff_kind kind;
    bool ignored;      /* shown, never failing */
    bool readings;     /* all elements are of clocks that were read: see reading.h */
    uint64_t hash;     /* of where, kind and path */
    uint64_t elements; /* how often in this answer */
    struct str path;   /* folded */
    struct str at;     /* of the first element, exact; empty where path says it */
    struct str v1, v2; /* of the first element, for people; data NULL: not there */
};

enum { DIFFS_MAX = 1000, DIFFS_SLOTS = 2048, DIFFS_MEMORY = 64 * 1024 * 1024 };

struct own_address;
struct rules_use;

struct diffs {
    bool show_secrets;
    struct rules_use *rules;               /* what may differ; NULL: nothing */
    const struct own_address *own1, *own2; /* of who answered; NULL: not known. The owner's */
    struct reading_time time1, time2;      /* when they did */
    uint32_t notes;                        /* enum diff_note */
    uint64_t left_out;
    size_t count;
    size_t failing;           /* of count, those not ignored */
    struct arena mem;         /* of the strings, until diffs_reset() */
    struct difference *items; /* room for DIFFS_MAX */
    uint16_t *slots;          /* hash -> index + 1 */
};

/* An empty list. Returns 0, or -1 with *e set. */
int diffs_init(struct diffs *d, bool show_secrets, struct err *e);
void diffs_reset(struct diffs *d);
void diffs_release(struct diffs *d);

/* Count one more difference, of these values; data NULL for "not there". Returns 1
 * with *item new and zero but for its key (values to show and `at` are the caller's to
 * fill), 0 when it was there already or the list is full, or -1. `path` is copied where
 * it is new. */
int diffs_note(struct diffs *d, enum diff_where where, enum diff_kind kind, struct str path,
               bool ignored, struct str v1, struct str v2, struct difference **item, struct err *e);

/* The same with values that are copied. */
int diffs_add(struct diffs *d, enum diff_where where, enum diff_kind kind, struct str path,
              bool ignored, struct str v1, struct str v2, struct err *e);

/* That difference in this list, or NULL. */
const struct difference *diffs_find(const struct diffs *d, const struct difference *item);

/* What identifies a difference, and a field. */
uint64_t diff_key_hash(enum diff_where where, enum diff_kind kind, struct str path);

/* True if it holds that difference: for "did v1 differ there from itself too". */
bool diffs_has(const struct diffs *d, const struct difference *item);

/* FNV-1a, 64 bits, started with FNV_START: no secret depends on it. */
#define FNV_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t fnv_add(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The same of a number's bytes, the lowest first. */
static inline uint64_t fnv_add_u64(uint64_t hash, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        hash = (hash ^ (number >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

/* What of two values is shown: an excerpt of each, copied, with what looks like a secret
 * hidden unless d->show_secrets. data NULL stays. Returns 0, or -1 with *e set. */
int diffs_show(struct diffs *d, struct str *v1, struct str *v2, struct err *e);

/* Two long values are told apart by what surrounds their first difference, not
 * by their beginnings. Cuts *a and *b down to at most `max` bytes each around
 * it, at character boundaries, with "..." where something is left out; copies
 * live in `mem`. */
int diff_excerpt(struct str *a, struct str *b, size_t max, struct arena *mem, struct err *e);

enum { EXCERPT_MAX = 160 };

#endif

/* record.h -- the container: exchanges and pairs on their way between stages.
 *
 * Append-only blocks with checksums. It streams over a pipe, survives a crash
 * up to the last whole block, and can be joined with cat. The bytes are
 * described in docs/record-format.md.
 *
 * A section is complete when its last record is STATS; a reader tells a file
 * whose writer was killed from one that was closed in order.
 */
#ifndef MIRRORCTL_CORE_RECORD_H
#define MIRRORCTL_CORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/exchange.h"
#include "core/str.h"

enum record_kind { RECORD_EXCHANGES = 1, RECORD_PAIRS = 2 };
enum record_codec { RECORD_PLAIN = 0, RECORD_ZSTD = 1 };

struct record_options {
    enum record_kind kind;
    enum record_codec codec;
    uint8_t capture_id[16]; /* of the traffic: a result carries its record's */
    uint8_t sync[16];       /* unlikely to occur in the data; zero: made from capture_id */
    int64_t created_ns;     /* wall clock */
};

struct record_writer;

/* Write a section to `fd`, which stays the caller's. NULL with *e set. */
struct record_writer *record_writer_new(int fd, const struct record_options *o, struct err *e);

/* Append. META and STATS are JSON texts; META comes first, STATS last. What
 * fails once fails for ever, with the same error, unless record_resume() helps. */
int record_put_meta(struct record_writer *w, struct str json, struct err *e);
int record_put_exchange(struct record_writer *w, const struct exchange *x, struct err *e);
int record_put_pair(struct record_writer *w, const struct pair *p, struct err *e);
int record_put_stats(struct record_writer *w, struct str json, struct err *e);

/* Write out the block that is being filled, if it holds anything. */
int record_flush(struct record_writer *w, struct err *e);

/* At most what an exchange adds to a block, and what a section holds by now:
 * both in bytes, the second with the block that is being filled. */
size_t record_exchange_bound(const struct exchange *x);
uint64_t record_bytes(const struct record_writer *w);

/* When a write fails, as on a full disk, a file is cut back to its last whole
 * block at once. So many exchanges or pairs that were put are lost by that. */
uint64_t record_unwritten(const struct record_writer *w);

/* Forget the failure and the block that could not be written, so that a smaller
 * rest (STATS) may still find room. -1 where a part of that block is out. */
int record_resume(struct record_writer *w, struct err *e);

/* Flush and forget. Returns -1 when the last bytes could not be written. */
int record_writer_close(struct record_writer *w, struct err *e);

/* True if these first bytes are a section header's (needs 9). */
bool record_is_magic(struct str bytes);

enum record_got {
    RECORD_END = 0, /* the input ended where it should */
    RECORD_META,
    RECORD_EXCHANGE,
    RECORD_PAIR,
    RECORD_STATS,
};

struct record_item {
    enum record_kind kind;     /* of the section it stands in */
    struct exchange *exchange; /* RECORD_EXCHANGE: the caller's now */
    struct pair *pair;         /* RECORD_PAIR: the caller's now */
    struct str text;           /* RECORD_META, RECORD_STATS: until the next call */
};

struct record_reader;

/* Read from `fd`, which stays the caller's; `name` is for messages. With
 * `recover`, damage is jumped over: reading goes on at the next good block.
 * NULL with *e set when it is not a record or result file (ERR_INPUT). */
struct record_reader *record_reader_new(int fd, const char *name, bool recover, struct err *e);

/* The next record: an enum record_got, or -1. With ERR_DAMAGED everything given
 * before was good, and *e says how much was left. */
int record_next(struct record_reader *r, struct record_item *item, struct err *e);

/* Header of the section being read. */
const struct record_options *record_section(const struct record_reader *r);

/* Sections so far that have no STATS, so their writers were stopped. record_next()
 * fails for them behind the last, when everything was read; recovery does not. */
uint64_t record_unended(const struct record_reader *r);

/* What recovery jumped over so far, in bytes. */
uint64_t record_skipped_bytes(const struct record_reader *r);

void record_reader_free(struct record_reader *r);

#endif

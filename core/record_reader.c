#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/record_fields.h"
#include "core/record_format.h"

/* Input is read in pieces of this size, so a length that lies costs no more
 * memory than the bytes that are really there. */
enum { READ_PIECE = 64 * 1024 };

struct record_reader {
    int fd;
    char name[256];
    bool recover;
    struct record_options section;
    bool in_section;
    bool ended;       /* the section's STATS were read */
    uint64_t unended; /* sections before it that were left without them */

    struct buf in; /* input from `offset` on; the first `used` bytes are done with */
    size_t used;
    uint64_t offset; /* of in.data[0] in the whole input */
    bool eof;

    struct buf unpacked;
    struct str payload; /* rest of the block at hand */
    size_t arena_limit; /* copies of what one block holds cannot be larger than that */
    uint64_t blocks;    /* good ones so far */
    uint64_t skipped;   /* bytes that recovery jumped over */
    char *text;         /* of the last META or STATS */

    /* Added to the numbers of a section: see begin_section. */
    uint64_t ordinal_base, connection_base;
    uint64_t last_ordinal, last_connection;
};

/* ---- input -------------------------------------------------------------------- */

static size_t available(const struct record_reader *r)
{
    return r->in.len - r->used;
}

static const uint8_t *front(const struct record_reader *r)
{
    return (const uint8_t *)r->in.data + r->used;
}

static void forget_used(struct record_reader *r)
{
    buf_consume(&r->in, r->used);
    r->offset += r->used;
    r->used = 0;
}

/* Have `n` bytes at front() unless the input ends before. -1: cannot read. */
static int fill(struct record_reader *r, size_t n, struct err *e)
{
    while (!r->eof && available(r) < n) {
        ssize_t got;

        if (r->used > READ_PIECE)
            forget_used(r);
        if (buf_reserve(&r->in, READ_PIECE, e) < 0)
            return err_wrap(e, "%s", r->name);
        got = read(r->fd, r->in.data + r->in.len, READ_PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, ERR_IO, "%s: %s", r->name, strerror(errno));
        r->eof = got == 0;
        r->in.len += (size_t)got;
    }
    return 0;
}

/* Read to the end only to count what is left. */
static uint64_t count_rest(struct record_reader *r)
{
    uint64_t n = available(r);

    while (!r->eof) {
        r->used = r->in.len;
        forget_used(r);
        if (fill(r, 1, NULL) < 0)
            break;
        n += available(r);
    }
    return n;
}

static int damaged(struct record_reader *r, const char *why, struct err *e)
{
    uint64_t at = r->offset + r->used;
    uint64_t left = count_rest(r);

    return err_set(e, ERR_DAMAGED,
                   "%s: %s at byte %" PRIu64 ": %" PRIu64 " blocks were read, %" PRIu64
                   " bytes were left (mirrorctl show --recover looks for more)",
                   r->name, why, at, r->blocks, left);
}

/* ---- sections and blocks --------------------------------------------------------- */

/* Files joined with cat number their exchanges from 1 each: go on counting, so
 * that a number names one exchange. Not between parts of one capture (shards
 * of a run): there equal numbers mean the same exchange. */
static void begin_section(struct record_reader *r, const struct record_options *o)
{
    bool same =
        r->in_section && memcmp(r->section.capture_id, o->capture_id, sizeof o->capture_id) == 0;

    r->unended += r->in_section && !r->ended;
    if (r->in_section && !same) {
        r->ordinal_base = r->last_ordinal;
        r->connection_base = r->last_connection;
    }
    r->section = *o;
    r->in_section = true;
    r->ended = false;
}

enum step { STEP_ERROR = -1, STEP_END, STEP_GO, STEP_DAMAGE };

static enum step read_section(struct record_reader *r, const char **why, struct err *e)
{
    struct record_options o;
    int major = 0, minor = 0;

    if (fill(r, SECTION_HEADER, e) < 0)
        return STEP_ERROR;
    *why = "the section header does not check";
    if (available(r) < SECTION_HEADER)
        return STEP_DAMAGE;
    if (!section_decode(front(r), &o, &major, &minor))
        return STEP_DAMAGE;
    if (major != RECORD_MAJOR) {
        err_set(e, ERR_INPUT, "%s: written in format %d.%d; this mirrorctl reads %d.x", r->name,
                major, minor, RECORD_MAJOR);
        return STEP_ERROR;
    }
    r->used += SECTION_HEADER;
    begin_section(r, &o);
    return STEP_GO;
}

static enum step unpack(struct record_reader *r, const struct block_header *b, const char **why,
                        struct err *e)
{
    const uint8_t *stored = front(r) + BLOCK_HEADER;
    size_t n;

    r->payload = str_from((const char *)stored, b->stored);
    if (b->codec == RECORD_PLAIN) {
        *why = "a block's lengths differ";
        return b->raw == b->stored ? STEP_GO : STEP_DAMAGE;
    }
    *why = "a block does not decompress";
    /* The frame's own idea of its size is hostile too: never trust, compare. */
    if (b->codec != RECORD_ZSTD || ZSTD_getFrameContentSize(stored, b->stored) != b->raw)
        return STEP_DAMAGE;
    buf_reset(&r->unpacked);
    if (buf_reserve(&r->unpacked, b->raw, e) < 0) {
        err_wrap(e, "%s", r->name);
        return STEP_ERROR;
    }
    n = ZSTD_decompress(r->unpacked.data, b->raw, stored, b->stored);
    if (ZSTD_isError(n) || n != b->raw)
        return STEP_DAMAGE;
    r->unpacked.len = n;
    r->payload = buf_str(&r->unpacked);
    return STEP_GO;
}

static enum step read_block(struct record_reader *r, const char **why, struct err *e)
{
    struct block_header b;
    enum step step;

    if (fill(r, BLOCK_HEADER, e) < 0)
        return STEP_ERROR;
    *why = "the last block is cut";
    if (available(r) < BLOCK_HEADER)
        return STEP_DAMAGE;
    *why = "a block header does not check";
    if (!block_decode(front(r), &b, r->section.sync))
        return STEP_DAMAGE;
    if (b.stored > BLOCK_MAX || b.raw > BLOCK_MAX)
        return STEP_DAMAGE;
    if (fill(r, BLOCK_HEADER + (size_t)b.stored, e) < 0)
        return STEP_ERROR;
    *why = "the last block is cut";
    if (available(r) < BLOCK_HEADER + (size_t)b.stored)
        return STEP_DAMAGE;
    *why = "a block's checksum does not match";
    if (record_hash(front(r) + BLOCK_HEADER, b.stored) != b.payload_hash)
        return STEP_DAMAGE;
    if (b.type == BLOCK_RECORDS) {
        step = unpack(r, &b, why, e);
        if (step != STEP_GO)
            return step;
    }
    r->arena_limit = 2 * (size_t)b.raw + 64 * 1024; /* generous to alignment */
    r->used += BLOCK_HEADER + (size_t)b.stored;
    r->blocks++;
    return STEP_GO;
}

/* Go to the next place where a section or a block may begin, at least one byte
 * on. STEP_END: there is none. */
static enum step resync(struct record_reader *r, struct err *e)
{
    struct str sync = str_from((const char *)r->section.sync, RECORD_SYNC_LEN);

    r->used++;
    r->skipped++;
    for (;;) {
        if (fill(r, RECORD_SYNC_LEN, e) < 0)
            return STEP_ERROR;
        for (size_t left = available(r); left >= RECORD_SYNC_LEN; left--) {
            struct str here = str_from((const char *)front(r), left);

            if (record_is_magic(here) || (r->in_section && str_starts(here, sync)))
                return STEP_GO;
            r->used++;
            r->skipped++;
        }
        if (r->eof) {
            r->skipped += available(r);
            r->used = r->in.len;
            return STEP_END;
        }
    }
}

/* The end of the input: is it that of all its sections? */
static enum step end_of_input(const struct record_reader *r, struct err *e)
{
    if (r->recover || record_unended(r) == 0)
        return STEP_END;
    if (!r->ended)
        err_set(e, ERR_DAMAGED,
                "%s: ends without its summary, so its writer was stopped: %" PRIu64
                " blocks were read, 0 bytes were left",
                r->name, r->blocks);
    else
        err_set(e, ERR_DAMAGED,
                "%s: of what was joined %" PRIu64 " end%s without summary, so the writer was "
                "stopped: %" PRIu64 " blocks were read, 0 bytes were left",
                r->name, r->unended, r->unended == 1 ? "s" : "", r->blocks);
    return STEP_ERROR;
}

/* Make the next block's payload available. */
static enum step next_block(struct record_reader *r, struct err *e)
{
    const char *why = NULL;
    enum step step;

    if (fill(r, RECORD_MAGIC_LEN, e) < 0)
        return STEP_ERROR;
    if (available(r) == 0)
        return end_of_input(r, e);
    if (record_is_magic(str_from((const char *)front(r), available(r))))
        step = read_section(r, &why, e);
    else
        step = read_block(r, &why, e);
    if (step == STEP_DAMAGE)
        step = r->recover ? resync(r, e) : (enum step)damaged(r, why, e);
    return step;
}

/* ---- groups of records ------------------------------------------------------------ */

static struct exchange *take_exchange(struct record_reader *r, struct str fields, struct err *e)
{
    struct exchange *x = exchange_new(r->arena_limit, e);

    if (!x)
        return NULL;
    if (record_read_exchange(fields, &r->payload, x, e) < 0) {
        exchange_free(x);
        return NULL;
    }
    x->ordinal += r->ordinal_base;
    x->connection += x->connection ? r->connection_base : 0; /* 0 is not known */
    if (x->ordinal > r->last_ordinal)
        r->last_ordinal = x->ordinal;
    if (x->connection > r->last_connection)
        r->last_connection = x->connection;
    return x;
}

static struct pair *take_pair(struct record_reader *r, struct str fields, struct err *e)
{
    uint64_t calls = 0;
    struct exchange *x;
    struct pair *p;
    struct record_field f;
    unsigned type;
    int got;

    while ((got = record_field_next(&fields, &f)) > 0) {
        if (f.tag == FIELD_CALLS)
            calls = record_field_uint(&f, 0);
    }
    if (got < 0 || calls > PAIR_MAX_CALLS || !record_cut(&r->payload, &type, &fields) ||
        type != TYPE_REQUEST) {
        record_malformed(e);
        return NULL;
    }
    x = take_exchange(r, fields, e);
    p = x ? pair_new(x, (unsigned)calls, r->arena_limit, e) : NULL;
    if (!p)
        return NULL;
    if (record_read_calls(&r->payload, p, e) < 0) {
        pair_free(p);
        return NULL;
    }
    return p;
}

static int take_text(struct record_reader *r, struct str fields, struct record_item *item,
                     struct err *e)
{
    struct record_field f;

    mem_free(r->text);
    r->text = NULL;
    while (record_field_next(&fields, &f) > 0) {
        if (f.tag != FIELD_TEXT || r->text)
            continue;
        r->text = mem_dup((const char *)f.data, f.len);
        if (!r->text)
            return err_nomem(e, "reading a record");
        item->text = str_from(r->text, f.len);
    }
    return 0;
}

/* Take the next group off the payload: what it was, RECORD_END for one of a
 * type that is not known, or -1. */
static int take_group(struct record_reader *r, struct record_item *item, struct err *e)
{
    struct str fields;
    unsigned type;

    if (!record_cut(&r->payload, &type, &fields))
        return record_malformed(e);
    switch (type) {
    case TYPE_META:
        return take_text(r, fields, item, e) < 0 ? -1 : RECORD_META;
    case TYPE_STATS:
        r->ended = true;
        return take_text(r, fields, item, e) < 0 ? -1 : RECORD_STATS;
    case TYPE_REQUEST:
        item->exchange = take_exchange(r, fields, e);
        return item->exchange ? RECORD_EXCHANGE : -1;
    case TYPE_PAIR:
        item->pair = take_pair(r, fields, e);
        return item->pair ? RECORD_PAIR : -1;
    default:
        return RECORD_END;
    }
}

/* ---- the outside --------------------------------------------------------------------- */

int record_next(struct record_reader *r, struct record_item *item, struct err *e)
{
    *item = (struct record_item){0};
    for (;;) {
        while (r->payload.len) {
            size_t before = r->payload.len;
            int got = take_group(r, item, e);

            if (got > 0)
                item->kind = r->section.kind;
            if (got > 0 || (got < 0 && (!e || e->kind != ERR_DAMAGED)))
                return got;
            if (got < 0 && !r->recover)
                return err_set(e, ERR_DAMAGED,
                               "%s: a record in block %" PRIu64
                               " is malformed (mirrorctl show --recover looks for more)",
                               r->name, r->blocks);
            if (got < 0) { /* checksums are right, the writer was wrong: leave the block */
                r->skipped += before;
                r->payload.len = 0;
            }
        }
        switch (next_block(r, e)) {
        case STEP_END:
            return RECORD_END;
        case STEP_ERROR:
            return -1;
        default:
            break;
        }
    }
}

struct record_reader *record_reader_new(int fd, const char *name, bool recover, struct err *e)
{
    struct record_reader *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "opening a record");
        return NULL;
    }
    r->fd = fd;
    r->recover = recover;
    snprintf(r->name, sizeof r->name, "%s", name);
    buf_init(&r->in, (size_t)BLOCK_MAX * 2);
    buf_init(&r->unpacked, BLOCK_MAX);
    if (fill(r, RECORD_MAGIC_LEN, e) < 0)
        goto fail;
    if (available(r) == 0) {
        err_set(e, ERR_INPUT, "%s: is empty", name);
        goto fail;
    }
    if (!record_is_magic(str_from((const char *)front(r), available(r))) && !recover) {
        err_set(e, ERR_INPUT,
                "%s: not a record or result file of mirrorctl (capture -r makes one of packets)",
                name);
        goto fail;
    }
    return r;
fail:
    record_reader_free(r);
    return NULL;
}

const struct record_options *record_section(const struct record_reader *r)
{
    return &r->section;
}

uint64_t record_unended(const struct record_reader *r)
{
    return r->unended + (r->in_section && !r->ended);
}

uint64_t record_skipped_bytes(const struct record_reader *r)
{
    return r->skipped;
}

void record_reader_free(struct record_reader *r)
{
    if (!r)
        return;
    buf_release(&r->in);
    buf_release(&r->unpacked);
    mem_free(r->text);
    mem_free(r);
}

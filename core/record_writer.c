#include <assert.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/record_format.h"

struct record_writer {
    int fd;
    bool is_file; /* what was written can be cut off again */
    bool is_torn; /* it ends inside a block */
    struct record_options options;
    struct buf raw;    /* the block being filled: room for its header, then records */
    struct buf packed; /* the same, compressed */
    struct block_header block;
    uint64_t groups;    /* exchanges or pairs in it */
    uint64_t unwritten; /* exchanges or pairs that no block will hold */
    uint64_t written;   /* bytes */
    struct err failed;  /* the first failure, which is the answer from then on */
};

/* ---- fields and records ------------------------------------------------------
 *
 * Written with plain stores into room that was reserved for the whole group, as
 * this is what every exchange passes through. Each function puts something at
 * `p` and returns where the next goes. */

/* More than all of a record but its views: its head, every field's head, and
 * the fields of fixed size. */
enum { RECORD_FIXED = 256, FIELD_START = 6 };

static size_t message_bound(const struct http_message *m)
{
    return RECORD_FIXED + m->head.len + m->body.len + m->trailers.len;
}

size_t record_exchange_bound(const struct exchange *x)
{
    return message_bound(&x->request) + x->redacted.len + message_bound(&x->response) +
           x->informational.len;
}

static size_t pair_bound(const struct pair *p)
{
    size_t n = RECORD_FIXED + record_exchange_bound(p->exchange);

    for (unsigned i = 0; i < p->n_calls; i++) {
        const struct call *c = &p->calls[i];
        n += message_bound(&c->response) + c->informational.len + c->detail.len;
    }
    return n;
}

/* The length of a record counts all that follows it: end_record() sets it. */
static uint8_t *begin_record(uint8_t *p, enum record_type type)
{
    put_u16(p + 4, (uint16_t)type);
    return p + 6;
}

static uint8_t *end_record(uint8_t *start, uint8_t *p)
{
    put_u32(start, (uint32_t)(p - start - 4));
    return p;
}

static uint8_t *put_field(uint8_t *p, enum field_tag tag, const void *bytes, size_t n)
{
    put_u16(p, (uint16_t)tag);
    put_u32(p + 2, (uint32_t)n);
    memcpy(p + FIELD_START, bytes, n);
    return p + FIELD_START + n;
}

static uint8_t *put_str(uint8_t *p, enum field_tag tag, struct str s)
{
    return s.len ? put_field(p, tag, s.data, s.len) : p;
}

static uint8_t *put_int32(uint8_t *p, enum field_tag tag, uint32_t v)
{
    uint8_t bytes[4];

    put_u32(bytes, v);
    return v ? put_field(p, tag, bytes, sizeof bytes) : p;
}

static uint8_t *put_int64(uint8_t *p, enum field_tag tag, uint64_t v)
{
    uint8_t bytes[8];

    put_u64(bytes, v);
    return put_field(p, tag, bytes, sizeof bytes);
}

static uint8_t *put_int64s(uint8_t *p, enum field_tag tag, const int64_t *v, size_t n)
{
    uint8_t bytes[8 * 4];
    int64_t any = 0;

    for (size_t i = 0; i < n; i++) {
        put_u64(bytes + 8 * i, (uint64_t)v[i]);
        any |= v[i];
    }
    return any ? put_field(p, tag, bytes, 8 * n) : p;
}

static uint8_t *put_endpoint(uint8_t *p, enum field_tag tag, const struct endpoint *ep)
{
    uint8_t bytes[19];

    bytes[0] = ep->family;
    memcpy(bytes + 1, ep->address, sizeof ep->address);
    put_u16(bytes + 17, ep->port);
    return ep->family ? put_field(p, tag, bytes, sizeof bytes) : p;
}

static uint8_t *put_message(uint8_t *p, const struct http_message *m)
{
    int64_t sizes[] = {(int64_t)m->body_size, (int64_t)m->body_hash, (int64_t)m->gap_bytes};
    uint8_t state[6];

    put_u32(state, m->flags);
    state[4] = m->complete;
    state[5] = m->chunked;
    p = put_field(p, FIELD_STATE, state, sizeof state);
    p = put_str(p, FIELD_HEAD, m->head);
    p = put_str(p, FIELD_BODY, m->body);
    p = put_str(p, FIELD_TRAILERS, m->trailers);
    if (m->body_size != m->body.len || m->body_hash || m->gap_bytes)
        p = put_int64s(p, FIELD_SIZES, sizes, 3);
    return p;
}

static uint8_t *put_answer(uint8_t *start, const struct exchange *x)
{
    int64_t times[] = {x->response_first_ns, x->response_last_ns};
    uint8_t *p = begin_record(start, TYPE_RESPONSE);

    p = put_message(p, &x->response);
    p = put_str(p, FIELD_INFORMATIONAL, x->informational);
    p = put_int64s(p, FIELD_TIMES, times, 2);
    return end_record(start, p);
}

static uint8_t *put_request(uint8_t *start, const struct exchange *x)
{
    int64_t ordinal = (int64_t)x->ordinal, connection = (int64_t)x->connection;
    int64_t times[] = {x->request_first_ns, x->request_last_ns};
    bool answered = x->response.head.len || x->informational.len || x->response.body_size ||
                    x->response.flags; /* which say why there is no answer */
    uint8_t *p = begin_record(start, TYPE_REQUEST);

    p = put_int64s(p, FIELD_ORDINAL, &ordinal, 1);
    p = put_int64s(p, FIELD_CONNECTION, &connection, 1);
    p = put_int32(p, FIELD_INDEX, x->index);
    p = put_endpoint(p, FIELD_CLIENT, &x->client);
    p = put_endpoint(p, FIELD_SERVER, &x->server);
    p = put_int64s(p, FIELD_TIMES, times, 2);
    p = put_message(p, &x->request);
    if (x->tunnel)
        p = put_int64(p, FIELD_TUNNEL, x->tunnel_bytes);
    p = put_str(p, FIELD_REDACTED, x->redacted);
    p = put_int32(p, FIELD_ANSWERS, answered);
    p = end_record(start, p);
    return answered ? put_answer(p, x) : p;
}

static uint8_t *put_call(uint8_t *start, const struct call *c)
{
    uint8_t call[4] = {c->target, c->order, c->flags, (uint8_t)c->outcome};
    int64_t times[] = {c->due_ns, c->sent_ns, c->first_ns, c->done_ns};
    uint8_t *p = begin_record(start, TYPE_RESPONSE);

    p = put_field(p, FIELD_CALL, call, sizeof call);
    p = put_str(p, FIELD_DETAIL, c->detail);
    p = put_int64s(p, FIELD_CALL_TIMES, times, 4);
    p = put_message(p, &c->response);
    p = put_str(p, FIELD_INFORMATIONAL, c->informational);
    return end_record(start, p);
}

static uint8_t *put_calls(uint8_t *start, const struct pair *pair)
{
    uint8_t *p = begin_record(start, TYPE_PAIR);

    p = put_int32(p, FIELD_CALLS, pair->n_calls);
    p = put_request(end_record(start, p), pair->exchange);
    for (unsigned i = 0; i < pair->n_calls; i++)
        p = put_call(p, &pair->calls[i]);
    return p;
}

/* ---- blocks ---------------------------------------------------------------- */

/* Of a block that could not be written whole, `done` bytes are in the file:
 * take them out again. A pipe cannot be helped. */
static void take_back(struct record_writer *w, size_t done)
{
    off_t end = w->is_file ? lseek(w->fd, 0, SEEK_CUR) : -1;
    off_t whole = end - (off_t)done;

    if (done == 0)
        return;
    w->is_torn = end < 0 || ftruncate(w->fd, whole) < 0 || lseek(w->fd, whole, SEEK_SET) < 0;
}

/* All of it, or nothing where that can be helped. */
static int write_all(struct record_writer *w, const void *bytes, size_t n, struct err *e)
{
    const char *p = bytes;
    size_t done = 0;

    while (done < n) {
        ssize_t got = write(w->fd, p + done, n - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            err_set(e, errno == EPIPE ? ERR_PIPE : ERR_IO, "%s", strerror(errno));
            take_back(w, done);
            return -1;
        }
        done += (size_t)got;
    }
    w->written += n;
    return 0;
}

/* Room for the header of the block that begins, so that a plain block is
 * written out without being copied. */
static int begin_block(struct record_writer *w)
{
    static const uint8_t room[BLOCK_HEADER];

    return w->raw.len ? 0 : buf_append(&w->raw, room, sizeof room, &w->failed);
}

/* Compress raw into packed. Tells which of the two is to be written. */
static struct buf *pack_block(struct record_writer *w, struct err *e)
{
    size_t len = w->raw.len - BLOCK_HEADER;
    size_t bound = ZSTD_compressBound(len);
    size_t n;

    w->block.codec = RECORD_PLAIN;
    if (w->options.codec == RECORD_PLAIN)
        return &w->raw;
    buf_reset(&w->packed);
    if (buf_reserve(&w->packed, BLOCK_HEADER + bound, e) < 0)
        return NULL;
    n = ZSTD_compress(w->packed.data + BLOCK_HEADER, bound, w->raw.data + BLOCK_HEADER, len, 3);
    if (ZSTD_isError(n)) {
        err_set(e, ERR_NOMEM, "cannot compress: %s", ZSTD_getErrorName(n));
        return NULL;
    }
    if (n >= len)
        return &w->raw;
    w->packed.len = BLOCK_HEADER + n;
    w->block.codec = RECORD_ZSTD;
    return &w->packed;
}

/* A large body passed: give its memory back. */
static void shrink(struct buf *b)
{
    if (b->cap > 4 * BLOCK_TARGET)
        buf_release(b);
    buf_reset(b);
}

/* Start over with an empty block. */
static void clear_block(struct record_writer *w)
{
    shrink(&w->raw);
    shrink(&w->packed);
    w->block = (struct block_header){0};
    w->groups = 0;
}

/* One write call a block, so that a killed writer leaves whole blocks. */
static int write_block(struct record_writer *w, struct err *e)
{
    struct buf *out;

    if (w->raw.len <= BLOCK_HEADER)
        return 0;
    out = pack_block(w, e);
    if (!out)
        return -1;
    w->block.type = BLOCK_RECORDS;
    w->block.stored = (uint32_t)(out->len - BLOCK_HEADER);
    w->block.raw = (uint32_t)(w->raw.len - BLOCK_HEADER);
    w->block.payload_hash = record_hash(out->data + BLOCK_HEADER, w->block.stored);
    block_encode((uint8_t *)out->data, &w->block, w->options.sync);
    if (write_all(w, out->data, out->len, e) < 0)
        return -1;
    clear_block(w);
    return 0;
}

static int fail(struct record_writer *w, struct err *e)
{
    if (e)
        *e = w->failed;
    return -1;
}

int record_flush(struct record_writer *w, struct err *e)
{
    if (w->failed.kind == ERR_NONE && write_block(w, &w->failed) == 0)
        return 0;
    return fail(w, e);
}

/* Where a group of at most `n` bytes goes, or NULL. */
static uint8_t *begin_group(struct record_writer *w, size_t n)
{
    if (w->failed.kind != ERR_NONE || begin_block(w) < 0 || buf_reserve(&w->raw, n, &w->failed) < 0)
        return NULL;
    return (uint8_t *)w->raw.data + w->raw.len;
}

/* The group ends at `end`. Write the block out once it is large enough. */
static int end_group(struct record_writer *w, const uint8_t *end, struct err *e)
{
    w->raw.len = (size_t)(end - (const uint8_t *)w->raw.data);
    assert(w->raw.len < w->raw.cap);
    w->raw.data[w->raw.len] = '\0';
    w->block.records++;
    return w->raw.len >= BLOCK_TARGET ? record_flush(w, e) : 0;
}

/* The same for what an exchange is the subject of: note what the block covers. */
static int end_exchange(struct record_writer *w, const uint8_t *end, const struct exchange *x,
                        struct err *e)
{
    w->groups++;
    if (w->block.first_ordinal == 0)
        w->block.first_ordinal = x->ordinal;
    if (w->block.first_ns == 0 || x->request_first_ns < w->block.first_ns)
        w->block.first_ns = x->request_first_ns;
    if (x->request_first_ns > w->block.last_ns)
        w->block.last_ns = x->request_first_ns;
    return end_group(w, end, e);
}

/* ---- the outside ------------------------------------------------------------ */

struct record_writer *record_writer_new(int fd, const struct record_options *o, struct err *e)
{
    static const uint8_t none[RECORD_SYNC_LEN];
    uint8_t header[SECTION_HEADER];
    struct record_writer *w = mem_zalloc(sizeof *w);
    struct stat st;

    if (!w) {
        err_nomem(e, "opening a record");
        return NULL;
    }
    w->fd = fd;
    w->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    w->options = *o;
    buf_init(&w->raw, BLOCK_MAX);
    buf_init(&w->packed, BLOCK_HEADER + ZSTD_compressBound(BLOCK_MAX));
    if (memcmp(w->options.sync, none, sizeof none) == 0) {
        put_u64(w->options.sync, XXH64(o->capture_id, sizeof o->capture_id, 1));
        put_u64(w->options.sync + 8, XXH64(o->capture_id, sizeof o->capture_id, 2));
    }
    section_encode(header, &w->options);
    if (write_all(w, header, sizeof header, e) < 0) {
        mem_free(w);
        return NULL;
    }
    return w;
}

static int put_text(struct record_writer *w, enum record_type type, struct str json, struct err *e)
{
    uint8_t *start = begin_group(w, RECORD_FIXED + json.len), *p;

    if (!start)
        return fail(w, e);
    p = put_str(begin_record(start, type), FIELD_TEXT, json);
    return end_group(w, end_record(start, p), e);
}

int record_put_meta(struct record_writer *w, struct str json, struct err *e)
{
    return put_text(w, TYPE_META, json, e);
}

int record_put_stats(struct record_writer *w, struct str json, struct err *e)
{
    return put_text(w, TYPE_STATS, json, e);
}

int record_put_exchange(struct record_writer *w, const struct exchange *x, struct err *e)
{
    uint8_t *start = begin_group(w, record_exchange_bound(x));

    if (start)
        return end_exchange(w, put_request(start, x), x, e);
    w->unwritten++;
    return fail(w, e);
}

int record_put_pair(struct record_writer *w, const struct pair *p, struct err *e)
{
    uint8_t *start = begin_group(w, pair_bound(p));

    if (start)
        return end_exchange(w, put_calls(start, p), p->exchange, e);
    w->unwritten++;
    return fail(w, e);
}

uint64_t record_bytes(const struct record_writer *w)
{
    return w->written + w->raw.len;
}

uint64_t record_unwritten(const struct record_writer *w)
{
    return w->unwritten + (w->failed.kind == ERR_NONE ? 0 : w->groups);
}

int record_resume(struct record_writer *w, struct err *e)
{
    if (w->failed.kind == ERR_NONE)
        return 0;
    if (w->is_torn)
        return fail(w, e);
    w->unwritten += w->groups;
    clear_block(w);
    w->failed = (struct err){0};
    return 0;
}

int record_writer_close(struct record_writer *w, struct err *e)
{
    int rc;

    if (!w)
        return 0;
    rc = record_flush(w, e);
    buf_release(&w->raw);
    buf_release(&w->packed);
    mem_free(w);
    return rc;
}

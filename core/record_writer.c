#include <errno.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/record_format.h"

struct record_writer {
    int fd;
    struct record_options options;
    struct buf raw;    /* the block being filled: room for its header, then records */
    struct buf packed; /* the same, compressed */
    struct block_header block;
    struct err failed; /* the first failure, which is the answer from then on */
};

/* ---- fields and records: appended to raw, failures collected ------------- */

struct record_draft {
    struct buf *raw;
    size_t start; /* of the record at hand */
    struct err *e;
    bool failed;
};

static void draft_append(struct record_draft *d, const void *bytes, size_t n)
{
    if (!d->failed && buf_append(d->raw, bytes, n, d->e) < 0)
        d->failed = true;
}

static void begin_record(struct record_draft *d, enum record_type type)
{
    uint8_t head[6] = {0};

    d->start = d->raw->len;
    put_u16(head + 4, (uint16_t)type);
    draft_append(d, head, sizeof head);
}

/* Set the length, which counts all that follows it. */
static void end_record(struct record_draft *d)
{
    if (!d->failed)
        put_u32((uint8_t *)d->raw->data + d->start, (uint32_t)(d->raw->len - d->start - 4));
}

static void put_field(struct record_draft *d, enum field_tag tag, const void *bytes, size_t n)
{
    uint8_t head[6];

    if (n > BLOCK_MAX) {
        d->failed = true;
        err_set(d->e, ERR_NOMEM, "a field of %zu bytes is too large for a record", n);
        return;
    }
    put_u16(head, (uint16_t)tag);
    put_u32(head + 2, (uint32_t)n);
    draft_append(d, head, sizeof head);
    draft_append(d, bytes, n);
}

static void put_str(struct record_draft *d, enum field_tag tag, struct str s)
{
    if (s.len)
        put_field(d, tag, s.data, s.len);
}

static void put_int32(struct record_draft *d, enum field_tag tag, uint32_t v)
{
    uint8_t bytes[4];

    put_u32(bytes, v);
    if (v)
        put_field(d, tag, bytes, sizeof bytes);
}

static void put_int64s(struct record_draft *d, enum field_tag tag, const int64_t *v, size_t n)
{
    uint8_t bytes[8 * 4];
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        put_u64(bytes + 8 * i, (uint64_t)v[i]);
        any = any || v[i];
    }
    if (any)
        put_field(d, tag, bytes, 8 * n);
}

static void put_endpoint(struct record_draft *d, enum field_tag tag, const struct endpoint *ep)
{
    uint8_t bytes[19];

    bytes[0] = ep->family;
    memcpy(bytes + 1, ep->address, sizeof ep->address);
    put_u16(bytes + 17, ep->port);
    if (ep->family)
        put_field(d, tag, bytes, sizeof bytes);
}

static void put_message(struct record_draft *d, const struct http_message *m)
{
    int64_t sizes[] = {(int64_t)m->body_size, (int64_t)m->body_hash, (int64_t)m->gap_bytes};
    uint8_t state[6];

    put_u32(state, m->flags);
    state[4] = m->complete;
    state[5] = m->chunked;
    put_field(d, FIELD_STATE, state, sizeof state);
    put_str(d, FIELD_HEAD, m->head);
    put_str(d, FIELD_BODY, m->body);
    put_str(d, FIELD_TRAILERS, m->trailers);
    if (m->body_size != m->body.len || m->body_hash || m->gap_bytes)
        put_int64s(d, FIELD_SIZES, sizes, 3);
}

static void put_answer(struct record_draft *d, const struct exchange *x)
{
    int64_t times[] = {x->response_first_ns, x->response_last_ns};

    begin_record(d, TYPE_RESPONSE);
    put_message(d, &x->response);
    put_str(d, FIELD_INFORMATIONAL, x->informational);
    put_int64s(d, FIELD_TIMES, times, 2);
    end_record(d);
}

static void put_request(struct record_draft *d, const struct exchange *x)
{
    int64_t ordinal = (int64_t)x->ordinal, connection = (int64_t)x->connection;
    int64_t times[] = {x->request_first_ns, x->request_last_ns};
    bool answered = x->response.head.len || x->informational.len || x->response.body_size;
    uint8_t tunnel[8];

    begin_record(d, TYPE_REQUEST);
    put_int64s(d, FIELD_ORDINAL, &ordinal, 1);
    put_int64s(d, FIELD_CONNECTION, &connection, 1);
    put_int32(d, FIELD_INDEX, x->index);
    put_endpoint(d, FIELD_CLIENT, &x->client);
    put_endpoint(d, FIELD_SERVER, &x->server);
    put_int64s(d, FIELD_TIMES, times, 2);
    put_message(d, &x->request);
    put_u64(tunnel, x->tunnel_bytes);
    if (x->tunnel)
        put_field(d, FIELD_TUNNEL, tunnel, sizeof tunnel);
    put_str(d, FIELD_REDACTED, x->redacted);
    put_int32(d, FIELD_ANSWERS, answered);
    end_record(d);
    if (answered)
        put_answer(d, x);
}

static void put_call(struct record_draft *d, const struct call *c)
{
    uint8_t call[4] = {c->target, c->order, c->flags, (uint8_t)c->outcome};
    int64_t times[] = {c->due_ns, c->sent_ns, c->first_ns, c->done_ns};

    begin_record(d, TYPE_RESPONSE);
    put_field(d, FIELD_CALL, call, sizeof call);
    put_str(d, FIELD_DETAIL, c->detail);
    put_int64s(d, FIELD_CALL_TIMES, times, 4);
    put_message(d, &c->response);
    put_str(d, FIELD_INFORMATIONAL, c->informational);
    end_record(d);
}

/* ---- blocks ---------------------------------------------------------------- */

static int write_all(int fd, const void *bytes, size_t n, struct err *e)
{
    const char *p = bytes;

    while (n) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_set(e, errno == EPIPE ? ERR_PIPE : ERR_IO, "%s", strerror(errno));
        p += done;
        n -= (size_t)done;
    }
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
    if (write_all(w->fd, out->data, out->len, e) < 0)
        return -1;
    shrink(&w->raw);
    shrink(&w->packed);
    w->block = (struct block_header){0};
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

/* Close a group of records: keep it whole or not at all, note what the block
 * now covers, and write the block out once it is large enough. */
static int finish_group(struct record_writer *w, struct record_draft *d, size_t mark,
                        const struct exchange *x, struct err *e)
{
    if (d->failed) {
        w->raw.len = mark;
        return fail(w, e);
    }
    w->block.records++;
    if (x) {
        if (w->block.first_ordinal == 0)
            w->block.first_ordinal = x->ordinal;
        if (w->block.first_ns == 0 || x->request_first_ns < w->block.first_ns)
            w->block.first_ns = x->request_first_ns;
        if (x->request_first_ns > w->block.last_ns)
            w->block.last_ns = x->request_first_ns;
    }
    return w->raw.len >= BLOCK_TARGET ? record_flush(w, e) : 0;
}

/* ---- the outside ------------------------------------------------------------ */

struct record_writer *record_writer_new(int fd, const struct record_options *o, struct err *e)
{
    static const uint8_t none[RECORD_SYNC_LEN];
    uint8_t header[SECTION_HEADER];
    struct record_writer *w = mem_zalloc(sizeof *w);

    if (!w) {
        err_nomem(e, "opening a record");
        return NULL;
    }
    w->fd = fd;
    w->options = *o;
    buf_init(&w->raw, BLOCK_MAX);
    buf_init(&w->packed, BLOCK_HEADER + ZSTD_compressBound(BLOCK_MAX));
    if (memcmp(w->options.sync, none, sizeof none) == 0) {
        put_u64(w->options.sync, XXH64(o->capture_id, sizeof o->capture_id, 1));
        put_u64(w->options.sync + 8, XXH64(o->capture_id, sizeof o->capture_id, 2));
    }
    section_encode(header, &w->options);
    if (write_all(fd, header, sizeof header, e) < 0) {
        mem_free(w);
        return NULL;
    }
    return w;
}

static int put_text(struct record_writer *w, enum record_type type, struct str json, struct err *e)
{
    struct record_draft d = {.raw = &w->raw, .e = &w->failed};
    size_t mark;

    if (w->failed.kind != ERR_NONE || begin_block(w) < 0)
        return fail(w, e);
    mark = w->raw.len;
    begin_record(&d, type);
    put_str(&d, FIELD_TEXT, json);
    end_record(&d);
    return finish_group(w, &d, mark, NULL, e);
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
    struct record_draft d = {.raw = &w->raw, .e = &w->failed};
    size_t mark;

    if (w->failed.kind != ERR_NONE || begin_block(w) < 0)
        return fail(w, e);
    mark = w->raw.len;
    put_request(&d, x);
    return finish_group(w, &d, mark, x, e);
}

int record_put_pair(struct record_writer *w, const struct pair *p, struct err *e)
{
    struct record_draft d = {.raw = &w->raw, .e = &w->failed};
    size_t mark;

    if (w->failed.kind != ERR_NONE || begin_block(w) < 0)
        return fail(w, e);
    mark = w->raw.len;
    begin_record(&d, TYPE_PAIR);
    put_int32(&d, FIELD_CALLS, p->n_calls);
    end_record(&d);
    put_request(&d, p->exchange);
    for (unsigned i = 0; i < p->n_calls; i++)
        put_call(&d, &p->calls[i]);
    return finish_group(w, &d, mark, p->exchange, e);
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

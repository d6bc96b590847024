/* coding.c -- one row per coding, one loop that feeds any of them.
 *
 * A coding is a `step`: take some input, give some output, say whether the
 * stream has ended. The loop around it owns the ceilings, so no coding can
 * forget them: 1 KB of zeros in gzip is 1 MB, and nesting codings multiplies
 * that, so growth is measured against the body as it came, over all layers.
 */
#include "core/coding.h"

#include <brotli/decode.h>
#include <limits.h>
#define ZLIB_CONST /* its input is const only on request */
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/mem.h"

enum {
    CHUNK = 16 * 1024,
    LARGEST_CHUNK = 1024 * 1024,
    MOST_CODINGS = 5,         /* as curl; nobody needs two */
    RATIO_FROM = 1024 * 1024, /* below this, a large ratio harms nobody */
    RATIO_MAX = 1000,
    ZSTD_WINDOW_LOG = 23, /* 8 MiB: RFC 9659, section 3 */
};

/* What is left to read and where the next output goes. */
struct flow {
    struct str in;
    char *to;
    size_t room;
};

enum step { STEP_MORE, STEP_END, STEP_CORRUPT, STEP_LARGE, STEP_NOMEM };

struct decoder {
    z_stream z;
    ZSTD_DCtx *zstd;
    BrotliDecoderState *brotli;
    bool between; /* a member or frame has ended, and no other has begun */
};

struct coding {
    const char *name;
    enum step (*start)(struct decoder *d, struct str body);
    enum step (*step)(struct decoder *d, struct flow *f);
    void (*stop)(struct decoder *d);
};

/* ---- zlib ---- */

static void *zlib_alloc(void *unused, uInt count, uInt size)
{
    (void)unused;
    return mem_array(count, size);
}

static void zlib_free(void *unused, void *p)
{
    (void)unused;
    mem_free(p);
}

static enum step zlib_start(struct decoder *d, int window_bits)
{
    d->z.zalloc = zlib_alloc;
    d->z.zfree = zlib_free;
    return inflateInit2(&d->z, window_bits) == Z_OK ? STEP_MORE : STEP_NOMEM;
}

static enum step gzip_start(struct decoder *d, struct str body)
{
    (void)body;
    return zlib_start(d, 16 + MAX_WBITS);
}

/* "deflate" names the zlib format (RFC 9110, 8.4.1.2), but some servers send
 * the naked deflate data. The two bytes of a zlib header are a multiple of 31
 * (RFC 1950, 2.2); read as deflate they would be a stored block with rubbish
 * in its padding, which no encoder writes. */
static enum step deflate_start(struct decoder *d, struct str body)
{
    unsigned cmf = body.len > 1 ? (unsigned char)body.data[0] : 0;
    unsigned flg = body.len > 1 ? (unsigned char)body.data[1] : 0;
    bool wrapped = (cmf & 0x0f) == Z_DEFLATED && cmf >> 4 <= 7 && (cmf << 8 | flg) % 31 == 0;

    return zlib_start(d, wrapped ? MAX_WBITS : -MAX_WBITS);
}

static enum step zlib_step(struct decoder *d, struct flow *f)
{
    uInt in = f->in.len < INT_MAX ? (uInt)f->in.len : INT_MAX;
    uInt room = f->room < INT_MAX ? (uInt)f->room : INT_MAX;
    int rc;

    d->z.next_in = (const Bytef *)f->in.data;
    d->z.avail_in = in;
    d->z.next_out = (Bytef *)f->to;
    d->z.avail_out = room;
    rc = inflate(&d->z, Z_NO_FLUSH);
    f->in = str_skip(f->in, in - d->z.avail_in);
    f->to += room - d->z.avail_out;
    f->room -= room - d->z.avail_out;
    switch (rc) {
    case Z_OK:
    case Z_BUF_ERROR: /* nothing could be done: the loop sees that nothing moved */
        return STEP_MORE;
    case Z_STREAM_END:
        return STEP_END;
    case Z_MEM_ERROR:
        return STEP_NOMEM;
    default:
        return STEP_CORRUPT;
    }
}

/* A gzip file is a series of members (RFC 1952, 2.2), decoded as one. */
static enum step gzip_step(struct decoder *d, struct flow *f)
{
    enum step said;

    if (d->between && inflateReset(&d->z) != Z_OK)
        return STEP_CORRUPT;
    said = zlib_step(d, f);
    d->between = said == STEP_END;
    return said == STEP_END && f->in.len ? STEP_MORE : said;
}

static void zlib_stop(struct decoder *d)
{
    inflateEnd(&d->z);
}

/* ---- zstd ---- */

/* Its context comes from its own malloc: the call that takes an allocator is
 * not part of the library's stable interface. */
static enum step zstd_start(struct decoder *d, struct str body)
{
    (void)body;
    d->zstd = ZSTD_createDCtx();
    if (!d->zstd)
        return STEP_NOMEM;
    ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    return STEP_MORE;
}

/* Frames follow one another (RFC 8878, 3); the library starts the next one by
 * itself, and refuses what is none. */
static enum step zstd_step(struct decoder *d, struct flow *f)
{
    ZSTD_inBuffer in = {.src = f->in.data, .size = f->in.len};
    ZSTD_outBuffer out = {.dst = f->to, .size = f->room};
    size_t rc = ZSTD_decompressStream(d->zstd, &out, &in);

    f->in = str_skip(f->in, in.pos);
    f->to += out.pos;
    f->room -= out.pos;
    if (!ZSTD_isError(rc))
        return rc == 0 && f->in.len == 0 ? STEP_END : STEP_MORE;
    switch (ZSTD_getErrorCode(rc)) {
    case ZSTD_error_memory_allocation:
        return STEP_NOMEM;
    case ZSTD_error_frameParameter_windowTooLarge:
        return STEP_LARGE;
    default:
        return STEP_CORRUPT;
    }
}

static void zstd_stop(struct decoder *d)
{
    ZSTD_freeDCtx(d->zstd);
}

/* ---- brotli ---- */

static void *brotli_alloc(void *unused, size_t size)
{
    (void)unused;
    return mem_alloc(size);
}

static void brotli_free(void *unused, void *p)
{
    (void)unused;
    mem_free(p);
}

/* Windows of more than 16 MiB are an extension that "br" does not have (RFC 7932, 9.1);
 * the library refuses them unless it is asked to take them. */
static enum step brotli_start(struct decoder *d, struct str body)
{
    (void)body;
    d->brotli = BrotliDecoderCreateInstance(brotli_alloc, brotli_free, NULL);
    return d->brotli ? STEP_MORE : STEP_NOMEM;
}

static enum step brotli_failure(BrotliDecoderErrorCode why)
{
    bool memory = why <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                  why >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;

    return memory ? STEP_NOMEM : STEP_CORRUPT;
}

static enum step brotli_step(struct decoder *d, struct flow *f)
{
    const uint8_t *in = (const uint8_t *)f->in.data;
    size_t left = f->in.len;
    uint8_t *to = (uint8_t *)f->to;
    BrotliDecoderResult rc =
        BrotliDecoderDecompressStream(d->brotli, &left, &in, &f->room, &to, NULL);

    f->in = str_skip(f->in, f->in.len - left);
    f->to = (char *)to;
    if (rc == BROTLI_DECODER_RESULT_ERROR)
        return brotli_failure(BrotliDecoderGetErrorCode(d->brotli));
    return rc == BROTLI_DECODER_RESULT_SUCCESS ? STEP_END : STEP_MORE;
}

static void brotli_stop(struct decoder *d)
{
    BrotliDecoderDestroyInstance(d->brotli);
}

/* ---- the table ---- */

static const struct coding codings[] = {
    {"gzip", gzip_start, gzip_step, zlib_stop},
    {"x-gzip", gzip_start, gzip_step, zlib_stop},
    {"deflate", deflate_start, zlib_step, zlib_stop},
    {"br", brotli_start, brotli_step, brotli_stop},
    {"zstd", zstd_start, zstd_step, zstd_stop},
};

static const struct coding *coding_named(struct str name)
{
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        if (str_ieq(name, str_of(codings[i].name)))
            return &codings[i];
    }
    return NULL;
}

/* Cut the next coding but identity and empty items off the list. */
static bool next_coding(struct str *list, struct str *name)
{
    while (list->data) {
        *name = str_trim(str_cut(list, ','));
        if (name->len && !str_ieq(*name, STR("identity")))
            return true;
    }
    return false;
}

bool coding_is_identity(struct str list)
{
    struct str name;

    return !next_coding(&list, &name);
}

/* ---- one layer ---- */

/* Where output may grow to: the ceiling of `out`, and the ratio. */
struct limit {
    size_t max;
    bool by_ratio;
};

static struct limit limit_of(const struct buf *out, size_t start, size_t body_len)
{
    size_t room = out->max - start, most = RATIO_FROM;

    if (body_len > SIZE_MAX / RATIO_MAX)
        most = SIZE_MAX;
    else if (body_len * RATIO_MAX > most)
        most = body_len * RATIO_MAX;
    if (room <= most)
        return (struct limit){.max = out->max};
    return (struct limit){.max = start + most, .by_ratio = true};
}

static enum coding_result too_large(const char *name, struct limit limit, size_t start,
                                    struct err *e)
{
    if (limit.by_ratio)
        err_set(e, ERR_INPUT, "%s: more than %d times its size", name, RATIO_MAX);
    else
        err_set(e, ERR_INPUT, "%s: more than %zu bytes", name, limit.max - start);
    return CODING_TOO_LARGE;
}

static enum coding_result result_of(enum step said, const struct coding *c, struct err *e)
{
    switch (said) {
    case STEP_END:
        return CODING_OK;
    case STEP_LARGE:
        err_set(e, ERR_INPUT, "%s: needs a window of more than 8 MiB", c->name);
        return CODING_TOO_LARGE;
    case STEP_NOMEM:
        err_nomem(e, "decoding a body");
        return CODING_NOMEM;
    default:
        err_set(e, ERR_INPUT, "%s: not what it says it is", c->name);
        return CODING_CORRUPT;
    }
}

/* Step until the end, an error, or a ceiling. At the ceiling one more byte is
 * asked for, into `beyond`: a stream that ends just there is not too large. */
static enum coding_result run(const struct coding *c, struct decoder *d, struct flow *f,
                              struct buf *out, struct limit limit, struct err *e)
{
    const size_t start = out->len;
    enum step said = STEP_MORE;
    size_t chunk = CHUNK;

    while (said == STEP_MORE) {
        size_t left = limit.max - out->len, in_before = f->in.len;
        char beyond = 0;

        if (chunk > left)
            chunk = left;
        if (left && buf_reserve(out, chunk, e) < 0)
            return CODING_NOMEM;
        f->to = left ? out->data + out->len : &beyond;
        f->room = left ? chunk : 1;
        said = c->step(d, f);
        if (!left && f->room == 0)
            return too_large(c->name, limit, start, e);
        if (left) {
            size_t got = chunk - f->room;
            out->len += got;
            out->data[out->len] = '\0';
            if (said == STEP_MORE && got == 0 && f->in.len == in_before)
                break;
            if (f->room == 0 && chunk < LARGEST_CHUNK)
                chunk *= 2;
        } else if (said == STEP_MORE && f->in.len == in_before) {
            break;
        }
    }
    if (said == STEP_MORE) {
        err_set(e, ERR_INPUT, "%s: ends early", c->name);
        return CODING_CORRUPT;
    }
    return result_of(said, c, e);
}

static enum coding_result decode_one(const struct coding *c, struct str in, size_t body_len,
                                     struct buf *out, struct err *e)
{
    struct limit limit = limit_of(out, out->len, body_len);
    struct flow f = {.in = in};
    struct decoder d = {0};
    enum coding_result rc;
    enum step said;

    if (in.len == 0) /* answers to HEAD and 304 name a coding and have no body */
        return CODING_OK;
    said = c->start(&d, in);
    if (said != STEP_MORE)
        return result_of(said, c, e);
    rc = run(c, &d, &f, out, limit, e);
    if (rc == CODING_OK && f.in.len) {
        err_set(e, ERR_INPUT, "%s: %zu bytes follow its end", c->name, f.in.len);
        rc = CODING_CORRUPT;
    }
    c->stop(&d);
    return rc;
}

/* ---- lists ---- */

static enum coding_result copy_body(struct str body, struct buf *out, struct err *e)
{
    if (body.len > out->max - out->len) {
        err_set(e, ERR_INPUT, "more than %zu bytes", out->max - out->len);
        return CODING_TOO_LARGE;
    }
    return buf_add(out, body, e) < 0 ? CODING_NOMEM : CODING_OK;
}

/* Look up all names first, so that nothing is decoded in vain. */
static enum coding_result read_list(struct str list, const struct coding *found[MOST_CODINGS],
                                    size_t *count, struct err *e)
{
    struct str name;

    for (*count = 0; next_coding(&list, &name); (*count)++) {
        if (*count == MOST_CODINGS) {
            err_set(e, ERR_INPUT, "more than %d codings", MOST_CODINGS);
            return CODING_UNKNOWN;
        }
        found[*count] = coding_named(name);
        if (!found[*count]) {
            err_set(e, ERR_INPUT, "no such coding: %.*s", STR_ARG(str_head(name, 40)));
            return CODING_UNKNOWN;
        }
    }
    return CODING_OK;
}

enum coding_result coding_decode(struct str list, struct str body, struct buf *out, struct err *e)
{
    const struct coding *found[MOST_CODINGS];
    struct buf layers[2]; /* the input of one layer is the output of the one before */
    struct str in = body;
    enum coding_result rc;
    size_t count;

    rc = read_list(list, found, &count, e);
    if (rc != CODING_OK)
        return rc;
    if (count == 0)
        return copy_body(body, out, e);
    buf_init(&layers[0], out->max);
    buf_init(&layers[1], out->max);
    while (rc == CODING_OK && count > 1) {
        struct buf *layer = &layers[--count % 2];

        buf_reset(layer);
        rc = decode_one(found[count], in, body.len, layer, e);
        in = buf_str(layer);
    }
    if (rc == CODING_OK)
        rc = decode_one(found[0], in, body.len, out, e);
    buf_release(&layers[0]);
    buf_release(&layers[1]);
    return rc;
}

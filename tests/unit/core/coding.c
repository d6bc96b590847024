#include "core/coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "core/mem.h"

enum { RAW = -MAX_WBITS, WRAPPED = MAX_WBITS, GZIP = 16 + MAX_WBITS };

enum { MIB = 1 << 20 };

/* Append what zlib makes of `plain` in the format of `window_bits`. */
static void deflate_to(struct buf *out, int window_bits, struct str plain)
{
    Bytef *copy = malloc(plain.len + 1), *packed;
    z_stream z = {0};
    size_t bound;

    assert_non_null(copy);
    if (plain.len)
        memcpy(copy, plain.data, plain.len);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    bound = deflateBound(&z, (uLong)plain.len);
    packed = malloc(bound);
    assert_non_null(packed);
    z.next_in = copy;
    z.avail_in = (uInt)plain.len;
    z.next_out = packed;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(buf_append(out, packed, z.total_out, NULL), 0);
    deflateEnd(&z);
    free(packed);
    free(copy);
}

static void zstd_to(struct buf *out, struct str plain)
{
    size_t bound = ZSTD_compressBound(plain.len), n;
    void *packed = malloc(bound);

    assert_non_null(packed);
    n = ZSTD_compress(packed, bound, plain.data, plain.len, 3);
    assert_false(ZSTD_isError(n));
    assert_int_equal(buf_append(out, packed, n, NULL), 0);
    free(packed);
}

static void pack(struct buf *out, const char *coding, struct str plain)
{
    if (strcmp(coding, "zstd") == 0)
        zstd_to(out, plain);
    else if (strcmp(coding, "raw") == 0)
        deflate_to(out, RAW, plain);
    else
        deflate_to(out, strcmp(coding, "gzip") == 0 ? GZIP : WRAPPED, plain);
}

/* Decode a copy of exactly its size, so that ASan sees any look beyond it. */
static enum coding_result decode(const char *list, struct str body, struct buf *out)
{
    char *copy = malloc(body.len ? body.len : 1);
    struct err e = {0};
    enum coding_result rc;

    assert_non_null(copy);
    if (body.len)
        memcpy(copy, body.data, body.len);
    rc = coding_decode(str_of(list), str_from(copy, body.len), out, &e);
    free(copy);
    assert_int_equal(rc != CODING_OK, e.text[0] != '\0');
    return rc;
}

static void assert_decodes(const char *list, struct str body, struct str want)
{
    struct buf out;

    buf_init(&out, 64 * MIB);
    if (decode(list, body, &out) != CODING_OK)
        fail_msg("%s: not decoded", list);
    assert_int_equal(out.len, want.len);
    if (want.len)
        assert_memory_equal(out.data, want.data, want.len);
    buf_release(&out);
}

static void assert_refused(const char *list, struct str body, enum coding_result want)
{
    struct buf out;
    enum coding_result rc;

    buf_init(&out, 64 * MIB);
    rc = decode(list, body, &out);
    buf_release(&out);
    if (rc != want)
        fail_msg("%s of %zu bytes: %d, not %d", list, body.len, (int)rc, (int)want);
}

/* ---- what decodes ---- */

static const struct {
    const char *format; /* for pack() */
    const char *list;
} formats[] = {{"gzip", "gzip"},       {"gzip", "X-GZip"}, {"deflate", "deflate"},
               {"raw", " deflate\t,"}, {"zstd", "zstd"},   {"gzip", "identity, gzip"}};

enum { FORMATS = sizeof formats / sizeof *formats };

static void every_coding_gives_back_what_went_in(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 300000};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        char *plain = malloc(sizes[s] + 1);

        assert_non_null(plain);
        for (size_t i = 0; i < sizes[s]; i++)
            plain[i] = (char)(i * i % 251);
        for (size_t f = 0; f < FORMATS; f++) {
            struct buf packed;

            buf_init(&packed, MIB);
            pack(&packed, formats[f].format, str_from(plain, sizes[s]));
            assert_decodes(formats[f].list, buf_str(&packed), str_from(plain, sizes[s]));
            buf_release(&packed);
        }
        free(plain);
    }
}

static void a_list_is_undone_from_its_end(void **state)
{
    struct str plain = STR("the same text, twice wrapped");
    struct buf inner, outer, last;

    (void)state;
    buf_init(&inner, MIB);
    buf_init(&outer, MIB);
    buf_init(&last, MIB);
    pack(&inner, "deflate", plain);
    pack(&outer, "gzip", buf_str(&inner));
    pack(&last, "zstd", buf_str(&outer));
    assert_decodes("deflate, gzip", buf_str(&outer), plain);
    assert_decodes("deflate,identity,, gzip , zstd", buf_str(&last), plain);
    assert_refused("gzip, deflate", buf_str(&outer), CODING_CORRUPT);
    buf_release(&inner);
    buf_release(&outer);
    buf_release(&last);
}

static void identity_is_a_copy(void **state)
{
    (void)state;
    assert_decodes("", STR("as it is"), STR("as it is"));
    assert_decodes("identity", STR("as it is"), STR("as it is"));
    assert_true(coding_is_identity(STR("")));
    assert_true(coding_is_identity(STR(" ,Identity, ")));
    assert_true(coding_is_identity((struct str){0}));
    assert_false(coding_is_identity(STR("identity, gzip")));
    assert_false(coding_is_identity(STR("br")));
}

static void an_empty_body_stays_empty(void **state)
{
    (void)state;
    assert_decodes("gzip", STR(""), STR(""));
    assert_decodes("deflate, zstd", (struct str){0}, STR(""));
}

static void members_and_frames_follow_one_another(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        bool many =
            strcmp(formats[f].format, "gzip") == 0 || strcmp(formats[f].format, "zstd") == 0;
        struct buf packed;

        buf_init(&packed, MIB);
        pack(&packed, formats[f].format, STR("one"));
        pack(&packed, formats[f].format, STR(""));
        pack(&packed, formats[f].format, STR("two"));
        if (many)
            assert_decodes(formats[f].list, buf_str(&packed), STR("onetwo"));
        else
            assert_refused(formats[f].list, buf_str(&packed), CODING_CORRUPT);
        buf_release(&packed);
    }
}

static void what_is_decoded_is_appended(void **state)
{
    struct buf packed, out;

    (void)state;
    buf_init(&packed, MIB);
    buf_init(&out, 8);
    pack(&packed, "gzip", STR("-end"));
    assert_int_equal(buf_add(&out, STR("kept"), NULL), 0);
    assert_int_equal(decode("gzip", buf_str(&packed), &out), CODING_OK);
    assert_string_equal(out.data, "kept-end");
    buf_release(&packed);
    buf_release(&out);
}

/* ---- what does not ---- */

static void unknown_names_are_told(void **state)
{
    (void)state;
    assert_refused("compress", STR("x"), CODING_UNKNOWN);
    assert_refused("gzip, compress", STR("x"), CODING_UNKNOWN);
    assert_refused("gzip;q=1", STR("x"), CODING_UNKNOWN);
    assert_refused("gzip,gzip,gzip,gzip,gzip,gzip", STR("x"), CODING_UNKNOWN);
}

static void what_ends_early_is_corrupt_but_kept_up_to_there(void **state)
{
    struct str plain = STR("some text that is long enough to be cut in many places");

    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        struct buf packed, out;

        buf_init(&packed, MIB);
        pack(&packed, formats[f].format, plain);
        for (size_t n = 1; n < packed.len; n++) {
            buf_init(&out, MIB);
            if (decode(formats[f].list, str_from(packed.data, n), &out) != CODING_CORRUPT)
                fail_msg("%s cut at %zu of %zu", formats[f].list, n, packed.len);
            assert_true(out.len <= plain.len);
            if (out.len)
                assert_memory_equal(out.data, plain.data, out.len);
            buf_release(&out);
        }
        buf_release(&packed);
    }
}

static void what_follows_the_end_is_corrupt(void **state)
{
    static const struct str junk[] = {STR_INIT("x"), STR_INIT("\0"), STR_INIT("\x1f\x8b"),
                                      STR_INIT("junk that goes on for a while")};

    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        for (size_t j = 0; j < sizeof junk / sizeof *junk; j++) {
            struct buf packed;

            buf_init(&packed, MIB);
            pack(&packed, formats[f].format, STR("text"));
            assert_int_equal(buf_add(&packed, junk[j], NULL), 0);
            assert_refused(formats[f].list, buf_str(&packed), CODING_CORRUPT);
            buf_release(&packed);
        }
    }
}

static void what_is_not_what_it_says_is_corrupt(void **state)
{
    struct buf packed;

    (void)state;
    assert_refused("gzip", STR("plain text"), CODING_CORRUPT);
    assert_refused("zstd", STR("plain text"), CODING_CORRUPT);
    assert_refused("deflate", STR("\xff\xff\xff"), CODING_CORRUPT);
    buf_init(&packed, MIB);
    pack(&packed, "gzip", STR("checked by a sum at its end"));
    packed.data[packed.len - 6] ^= 1;
    assert_refused("gzip", buf_str(&packed), CODING_CORRUPT);
    buf_release(&packed);
}

/* ---- ceilings ---- */

static void the_ceiling_is_exact(void **state)
{
    char plain[1000];

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)(i * 7 % 256);
    for (size_t f = 0; f < FORMATS; f++) {
        struct buf packed, out;

        buf_init(&packed, MIB);
        pack(&packed, formats[f].format, str_from(plain, sizeof plain));
        buf_init(&out, sizeof plain);
        assert_int_equal(decode(formats[f].list, buf_str(&packed), &out), CODING_OK);
        assert_int_equal(out.len, sizeof plain);
        buf_release(&out);
        buf_init(&out, sizeof plain - 1);
        assert_int_equal(decode(formats[f].list, buf_str(&packed), &out), CODING_TOO_LARGE);
        assert_int_equal(out.len, sizeof plain - 1);
        assert_memory_equal(out.data, plain, out.len);
        buf_release(&out);
        buf_release(&packed);
    }
}

static void identity_has_the_ceiling_too(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 3);
    assert_int_equal(decode("", STR("four"), &out), CODING_TOO_LARGE);
    assert_int_equal(decode("", STR("mat"), &out), CODING_OK);
    buf_release(&out);
}

/* Zeros shrink to less than a thousandth under each of them. */
static void bombs_are_stopped_at_1000_times_their_size(void **state)
{
    struct str zeros = {calloc(1, 32 * MIB), 32 * MIB};

    (void)state;
    assert_non_null(zeros.data);
    for (size_t f = 0; f < FORMATS; f++) {
        struct buf packed, out;

        buf_init(&packed, MIB);
        pack(&packed, formats[f].format, zeros);
        buf_init(&out, 64 * MIB);
        assert_int_equal(decode(formats[f].list, buf_str(&packed), &out), CODING_TOO_LARGE);
        assert_true(out.len == packed.len * 1000 || out.len == MIB);
        buf_release(&out);
        buf_release(&packed);
    }
    free((void *)(uintptr_t)zeros.data);
}

static void small_bodies_may_shrink_as_they_like(void **state)
{
    struct str zeros = {calloc(1, MIB), MIB};
    struct buf packed;

    (void)state;
    assert_non_null(zeros.data);
    buf_init(&packed, MIB);
    pack(&packed, "zstd", zeros);
    assert_true(packed.len * 1000 < MIB);
    assert_decodes("zstd", buf_str(&packed), zeros);
    buf_release(&packed);
    free((void *)(uintptr_t)zeros.data);
}

/* Layers of layers multiply: growth counts from the body as it came. */
static void nested_bombs_count_as_one(void **state)
{
    struct str zeros = {calloc(1, 32 * MIB), 32 * MIB};
    struct buf inner, outer, out;

    (void)state;
    assert_non_null(zeros.data);
    buf_init(&inner, MIB);
    buf_init(&outer, MIB);
    buf_init(&out, 64 * MIB);
    pack(&inner, "gzip", zeros);
    pack(&outer, "gzip", buf_str(&inner));
    assert_true(outer.len < 1000);
    assert_int_equal(decode("gzip, gzip", buf_str(&outer), &out), CODING_TOO_LARGE);
    assert_int_equal(out.len, MIB);
    buf_release(&out);
    buf_release(&inner);
    buf_release(&outer);
    free((void *)(uintptr_t)zeros.data);
}

/* RFC 9659: a decoder of HTTP content need not hold more than 8 MiB. */
static void zstd_windows_beyond_8_mib_are_refused(void **state)
{
    /* magic, descriptor: no size, window: 2^(10 + 14) = 16 MiB, an empty last block */
    struct str frame = STR("\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00");
    struct str smaller = STR("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00");

    (void)state;
    assert_refused("zstd", frame, CODING_TOO_LARGE);
    assert_decodes("zstd", smaller, STR(""));
}

static void no_allocation_may_fail_unnoticed(void **state)
{
    char plain[60000];

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)(i * i * i % 253);
    for (size_t f = 0; f < FORMATS; f++) {
        enum coding_result rc;
        struct buf packed;
        uint64_t n = 0;

        buf_init(&packed, MIB);
        pack(&packed, formats[f].format, str_from(plain, sizeof plain));
        do {
            struct err e = {0};
            struct buf out;

            buf_init(&out, MIB);
            mem_fail_at(++n, MEM_FAIL_ONCE);
            rc = coding_decode(str_of(formats[f].list), buf_str(&packed), &out, &e);
            mem_fail_at(0, MEM_FAIL_NEVER);
            if (rc != CODING_OK)
                assert_int_equal(rc, CODING_NOMEM);
            if (rc != CODING_OK)
                assert_int_equal(e.kind, ERR_NOMEM);
            buf_release(&out);
        } while (rc != CODING_OK);
        assert_true(n > 2);
        buf_release(&packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_gives_back_what_went_in),
        cmocka_unit_test(a_list_is_undone_from_its_end),
        cmocka_unit_test(identity_is_a_copy),
        cmocka_unit_test(an_empty_body_stays_empty),
        cmocka_unit_test(members_and_frames_follow_one_another),
        cmocka_unit_test(what_is_decoded_is_appended),
        cmocka_unit_test(unknown_names_are_told),
        cmocka_unit_test(what_ends_early_is_corrupt_but_kept_up_to_there),
        cmocka_unit_test(what_follows_the_end_is_corrupt),
        cmocka_unit_test(what_is_not_what_it_says_is_corrupt),
        cmocka_unit_test(the_ceiling_is_exact),
        cmocka_unit_test(identity_has_the_ceiling_too),
        cmocka_unit_test(bombs_are_stopped_at_1000_times_their_size),
        cmocka_unit_test(small_bodies_may_shrink_as_they_like),
        cmocka_unit_test(nested_bombs_count_as_one),
        cmocka_unit_test(zstd_windows_beyond_8_mib_are_refused),
        cmocka_unit_test(no_allocation_may_fail_unnoticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files of the classic format, as they are usually written and otherwise: what
 * their packets carry does not depend on it. */
#include <byteswap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/stage.h"

#define EXCHANGE "GET /a 200 response=hello\n"

enum { FILE_HEADER = 24, PACKET_HEADER = 16, SNAPLEN = 262144, ETHERNET = 1 };

static int setup(void **state)
{
    static struct packets p;
    struct talk t;

    packets_init(&p, LINK_ETHERNET);
    talk_init(&t, &p, 1000);
    talk_open(&t);
    talk_say(&t, 0, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    talk_close(&t);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    packets_release(*state);
    return 0;
}

/* How a file is written. */
struct flavour {
    const char *name;
    uint32_t magic;
    uint16_t major, minor;
    uint32_t snaplen, linktype;
    int64_t unit_ns;
    size_t extra; /* bytes at the end of each packet's header */
    bool swapped;
};

static void put32(struct buf *out, const struct flavour *f, uint32_t v)
{
    v = f->swapped ? bswap_32(v) : v;
    buf_append(out, &v, sizeof v, NULL);
}

static void put16(struct buf *out, const struct flavour *f, uint16_t v)
{
    v = f->swapped ? bswap_16(v) : v;
    buf_append(out, &v, sizeof v, NULL);
}

static void put_file(struct buf *out, const struct flavour *f, const struct packets *p)
{
    static const char zeros[16];

    put32(out, f, f->magic);
    put16(out, f, f->major), put16(out, f, f->minor);
    put32(out, f, 0), put32(out, f, 0);
    put32(out, f, f->snaplen), put32(out, f, f->linktype);
    for (size_t i = 0; i < p->n; i++) {
        const struct frame *frame = &p->frame[i];
        put32(out, f, (uint32_t)(frame->ns / 1000000000));
        put32(out, f, (uint32_t)(frame->ns % 1000000000 / f->unit_ns));
        put32(out, f, frame->captured), put32(out, f, frame->length);
        buf_append(out, zeros, f->extra, NULL);
        buf_append(out, p->bytes.data + frame->at, frame->captured, NULL);
    }
}

static void run_bytes(struct stage *s, const struct buf *file)
{
    char path[PACKETS_PATH];
    int fd = bytes_file(file->data, file->len, path);

    stage_run_path(s, path, NULL);
    close(fd);
}

static struct stage run(const struct flavour *f, const struct packets *p)
{
    struct stage s;
    struct buf file;

    buf_init(&file, 1 << 20);
    put_file(&file, f, p);
    run_bytes(&s, &file);
    buf_release(&file);
    return s;
}

static void every_way_to_write_it_reads_the_same(void **state)
{
    static const struct flavour flavours[] = {
        {"microseconds", 0xa1b2c3d4, 2, 4, SNAPLEN, ETHERNET, 1000, 0, false},
        {"and swapped", 0xa1b2c3d4, 2, 4, SNAPLEN, ETHERNET, 1000, 0, true},
        {"nanoseconds", 0xa1b23c4d, 2, 4, SNAPLEN, ETHERNET, 1, 0, false},
        {"and swapped", 0xa1b23c4d, 2, 4, SNAPLEN, ETHERNET, 1, 0, true},
        {"no limit", 0xa1b2c3d4, 2, 4, 0, ETHERNET, 1000, 0, false},
        {"a limit that is none", 0xa1b2c3d4, 2, 4, UINT32_MAX, ETHERNET, 1000, 0, false},
        {"length of checksums", 0xa1b2c3d4, 2, 4, SNAPLEN, 0x04000000 | ETHERNET, 1000, 0, false},
        {"an older version", 0xa1b2c3d4, 2, 3, SNAPLEN, ETHERNET, 1000, 0, false},
        {"Kuznetsov's", 0xa1b2cd34, 2, 4, SNAPLEN, ETHERNET, 1000, 8, false},
        {"and swapped", 0xa1b2cd34, 2, 4, SNAPLEN, ETHERNET, 1000, 8, true},
    };
    const struct packets *p = *state;

    for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++) {
        struct stage s = run(&flavours[i], p);
        if (s.rc != 0 || strcmp(stage_text(&s), EXCHANGE) != 0)
            fail_msg("%s: %d, %s %s", flavours[i].name, s.rc, s.err.text, stage_text(&s));
        assert_true(s.stats.first_ns == p->frame[0].ns);
        stage_release(&s);
    }
}

static void a_packet_beyond_the_limit_of_the_file_is_cut(void **state)
{
    enum { LIMIT = 58 }; /* four bytes of the payload */
    const struct flavour f = {"", 0xa1b2c3d4, 2, 4, LIMIT, ETHERNET, 1000, 0, false};
    struct packets *p = *state;
    struct stage cut = run(&f, p), same;

    for (size_t i = 0; i < p->n; i++)
        p->frame[i].captured = p->frame[i].captured < LIMIT ? p->frame[i].captured : LIMIT;
    same = run(&f, p);
    assert_int_equal(cut.rc, 0);
    assert_string_not_equal(stage_text(&cut), EXCHANGE);
    assert_string_equal(stage_text(&cut), stage_text(&same));
    assert_int_equal(cut.stats.bytes, same.stats.bytes);
    stage_release(&cut);
    stage_release(&same);
}

static void a_packet_of_impossible_length_is_the_end(void **state)
{
    const struct flavour f = {"", 0xa1b2c3d4, 2, 4, SNAPLEN, ETHERNET, 1000, 0, false};
    struct packets *p = *state;
    struct stage s;
    struct buf file;

    buf_init(&file, 1 << 20);
    put_file(&file, &f, p);
    for (int i = 0; i < PACKET_HEADER; i++)
        buf_addc(&file, '\xff', NULL);
    run_bytes(&s, &file);
    assert_int_equal(s.rc, -1);
    assert_int_equal(s.err.kind, ERR_DAMAGED);
    assert_non_null(strstr(s.err.text, "4294967295 bytes"));
    assert_string_equal(stage_text(&s), EXCHANGE);
    stage_release(&s);
    buf_release(&file);
}

static void another_file_behind_it_is_told(void **state)
{
    const struct flavour f = {"", 0xa1b2c3d4, 2, 4, SNAPLEN, ETHERNET, 1000, 0, false};
    const struct packets *p = *state;
    struct buf file;
    struct stage s;

    buf_init(&file, 1 << 20);
    put_file(&file, &f, p);
    put_file(&file, &f, p);
    run_bytes(&s, &file);
    assert_int_equal(s.rc, -1);
    assert_int_equal(s.err.kind, ERR_DAMAGED);
    assert_non_null(strstr(s.err.text, "another file begins here"));
    assert_string_equal(stage_text(&s), EXCHANGE);
    assert_int_equal(s.stats.packets, p->n);
    stage_release(&s);
    buf_release(&file);
}

/* Wherever it is cut, what was before is used, and only a whole packet is no damage. */
static void a_file_may_end_anywhere(void **state)
{
    const struct flavour f = {"", 0xa1b23c4d, 2, 4, SNAPLEN, ETHERNET, 1, 0, false};
    const struct packets *p = *state;
    struct buf file;
    size_t whole = FILE_HEADER, next = 0;

    buf_init(&file, 1 << 20);
    put_file(&file, &f, p);
    for (size_t n = FILE_HEADER; n < file.len; n++) {
        struct buf part = file;
        struct stage s;
        part.len = n;
        if (n >= whole + PACKET_HEADER + p->frame[next].captured)
            whole += PACKET_HEADER + p->frame[next++].captured;
        run_bytes(&s, &part);
        assert_int_equal(s.rc, n == whole ? 0 : -1);
        assert_int_equal(s.stats.packets, next);
        stage_release(&s);
    }
    buf_release(&file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_way_to_write_it_reads_the_same),
        TEST(a_packet_beyond_the_limit_of_the_file_is_cut),
        TEST(a_packet_of_impossible_length_is_the_end),
        TEST(another_file_behind_it_is_told),
        TEST(a_file_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

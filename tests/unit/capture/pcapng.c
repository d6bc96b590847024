/* pcapng files: what their packets carry does not depend on the byte order, on
 * the unit of time, or on the interfaces they came from. */
#include <byteswap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/support/stage.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, OBSOLETE = 2, SIMPLE = 3, ENHANCED = 6 };
enum { MICRO = 6, NANO = 9, BINARY_30 = 0x80 | 30, LINK_USB = 220 };

/* A file being written: blocks, each made up in `body` first. */
struct ng {
    struct buf out, body;
    bool swapped;
};

static void ng_init(struct ng *f, bool swapped)
{
    f->swapped = swapped;
    buf_init(&f->out, 1 << 20);
    buf_init(&f->body, 1 << 20);
}

static void ng_release(struct ng *f)
{
    buf_release(&f->out);
    buf_release(&f->body);
}

static void put32_to(struct ng *f, struct buf *b, uint32_t v)
{
    v = f->swapped ? bswap_32(v) : v;
    assert_int_equal(buf_append(b, &v, sizeof v, NULL), 0);
}

static void put32(struct ng *f, uint32_t v)
{
    put32_to(f, &f->body, v);
}

static void put16(struct ng *f, uint16_t v)
{
    v = f->swapped ? bswap_16(v) : v;
    assert_int_equal(buf_append(&f->body, &v, sizeof v, NULL), 0);
}

static void put_padded(struct ng *f, const void *bytes, size_t n)
{
    assert_int_equal(buf_append(&f->body, bytes, n, NULL), 0);
    assert_int_equal(buf_append(&f->body, "\0\0\0", -n & 3, NULL), 0);
}

static void end_block(struct ng *f, uint32_t type)
{
    uint32_t length = (uint32_t)f->body.len + 12;

    put32_to(f, &f->out, type);
    put32_to(f, &f->out, length);
    if (f->body.len)
        buf_append(&f->out, f->body.data, f->body.len, NULL);
    put32_to(f, &f->out, length);
    buf_reset(&f->body);
}

static void put_section(struct ng *f)
{
    put32(f, 0x1a2b3c4d);
    put16(f, 1), put16(f, 0);
    put32(f, UINT32_MAX), put32(f, UINT32_MAX);
    end_block(f, SECTION);
}

static void put_interface(struct ng *f, int link, uint32_t snaplen, uint8_t resolution)
{
    put16(f, (uint16_t)link), put16(f, 0);
    put32(f, snaplen);
    put16(f, 9), put16(f, 1), put_padded(f, &resolution, 1);
    put16(f, 0), put16(f, 0);
    end_block(f, INTERFACE);
}

static uint64_t units(int64_t ns, uint8_t resolution)
{
    switch (resolution) {
    case MICRO:
        return (uint64_t)ns / 1000;
    case BINARY_30: /* rounded up, so that reading rounds down to the same */
        return (((uint64_t)ns / NS_PER_SEC) << 30) +
               ((((uint64_t)ns % NS_PER_SEC) << 30) + NS_PER_SEC - 1) / NS_PER_SEC;
    default:
        return (uint64_t)ns;
    }
}

static void put_packet(struct ng *f, uint32_t type, unsigned interface, const struct packets *p,
                       size_t i, uint8_t resolution)
{
    const struct frame *frame = &p->frame[i];
    uint64_t time = units(frame->ns, resolution);

    if (type == OBSOLETE)
        put16(f, (uint16_t)interface), put16(f, 0);
    else if (type == ENHANCED)
        put32(f, interface);
    if (type != SIMPLE)
        put32(f, (uint32_t)(time >> 32)), put32(f, (uint32_t)time), put32(f, frame->captured);
    put32(f, frame->length);
    put_padded(f, p->bytes.data + frame->at, frame->captured);
    end_block(f, type);
}

static void run(struct ng *f, struct stage *s)
{
    char path[PACKETS_PATH];
    int fd = bytes_file(f->out.data, f->out.len, path);

    stage_run_path(s, path, NULL);
    close(fd);
}

static void expect(struct ng *f, int64_t first_ns, const char *want)
{
    struct stage s;

    run(f, &s);
    assert_string_equal(stage_text(&s), want);
    assert_int_equal(s.rc, 0);
    assert_true(s.stats.first_ns == first_ns);
    stage_release(&s);
}

static void converse(struct packets *p, uint16_t port, const char *target)
{
    struct talk t;
    char request[64];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    talk_init(&t, p, port);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    talk_close(&t);
}

static void start(struct packets *p, int link)
{
    packets_init(p, link);
    p->ns += 123456789;
}

static void acceptance_25_times_are_kept_in_every_unit_and_byte_order(void **state)
{
    static const uint8_t resolution[] = {MICRO, NANO, BINARY_30};
    struct packets p;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    for (unsigned i = 0; i < 6; i++) {
        uint8_t unit = resolution[i / 2];
        int64_t want = unit == MICRO ? p.frame[0].ns / 1000 * 1000 : p.frame[0].ns;
        struct ng f;
        ng_init(&f, i % 2);
        put_section(&f);
        put_interface(&f, LINK_ETHERNET, 0, unit);
        for (size_t k = 0; k < p.n; k++)
            put_packet(&f, k % 2 ? OBSOLETE : ENHANCED, 0, &p, k, unit);
        expect(&f, want, "GET /a 200 response=hello\n");
        ng_release(&f);
    }
    packets_release(&p);
}

static void acceptance_25_a_swapped_pcap_reads_the_same(void **state)
{
    struct packets p;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    for (unsigned flavour = 0; flavour < 4; flavour++) {
        char path[PACKETS_PATH];
        int fd = packets_file(&p, flavour, path);
        struct stage s;
        stage_run_path(&s, path, NULL);
        close(fd);
        assert_string_equal(stage_text(&s), "GET /a 200 response=hello\n");
        assert_true(s.stats.first_ns ==
                    (flavour & PCAP_MICRO ? p.frame[0].ns / 1000 * 1000 : p.frame[0].ns));
        stage_release(&s);
    }
    packets_release(&p);
}

/* As mergecap writes it: one section, packets in turn. */
static void acceptance_26_interfaces_may_differ(void **state)
{
    struct packets ethernet, cooked;
    struct ng f;

    (void)state;
    start(&ethernet, LINK_ETHERNET);
    start(&cooked, LINK_SLL);
    converse(&ethernet, 1000, "/ethernet");
    converse(&cooked, 2000, "/cooked");
    assert_int_equal(ethernet.n, cooked.n);
    ng_init(&f, false);
    put_section(&f);
    put_interface(&f, LINK_ETHERNET, 65535, NANO);
    put_interface(&f, LINK_SLL, 262144, MICRO);
    for (size_t i = 0; i < ethernet.n; i++) {
        put_packet(&f, ENHANCED, 0, &ethernet, i, NANO);
        put_packet(&f, ENHANCED, 1, &cooked, i, MICRO);
    }
    expect(&f, ethernet.frame[0].ns,
           "GET /ethernet 200 response=hello\nGET /cooked 200 response=hello\n");
    ng_release(&f);
    packets_release(&ethernet);
    packets_release(&cooked);
}

static void acceptance_26_what_cannot_be_read_is_named(void **state)
{
    struct packets p;
    struct stage s;
    struct ng f;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    ng_init(&f, false);
    put_section(&f);
    put_interface(&f, LINK_USB, 0, NANO);
    for (size_t i = 0; i < p.n; i++)
        put_packet(&f, ENHANCED, 0, &p, i, NANO);
    run(&f, &s);
    assert_int_equal(s.rc, -2);
    assert_non_null(strstr(s.err.text, "(220) is not supported"));
    stage_release(&s);
    ng_release(&f);

    /* Beside one that can: its packets are counted, the others used. */
    ng_init(&f, false);
    put_section(&f);
    put_interface(&f, LINK_USB, 0, NANO);
    put_interface(&f, LINK_ETHERNET, 0, NANO);
    put_packet(&f, ENHANCED, 0, &p, 0, NANO);
    for (size_t i = 0; i < p.n; i++)
        put_packet(&f, ENHANCED, 1, &p, i, NANO);
    run(&f, &s);
    assert_string_equal(stage_text(&s), "GET /a 200 response=hello\n");
    assert_int_equal(s.stats.not_ip, 1);
    stage_release(&s);
    ng_release(&f);
    packets_release(&p);
}

static void sections_in_other_byte_orders_may_follow(void **state)
{
    struct packets p;
    struct ng f;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    ng_init(&f, false);
    for (size_t i = 0; i < p.n; i++) {
        f.swapped = i % 2;
        put_section(&f);
        put_interface(&f, LINK_ETHERNET, 0, NANO);
        put_packet(&f, ENHANCED, 0, &p, i, NANO);
    }
    expect(&f, p.frame[0].ns, "GET /a 200 response=hello\n");
    ng_release(&f);
    packets_release(&p);
}

static void packets_without_a_time_have_that_of_the_one_before(void **state)
{
    struct packets p;
    struct ng f;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    ng_init(&f, false);
    put_section(&f);
    put_interface(&f, LINK_ETHERNET, 0, NANO);
    put_packet(&f, ENHANCED, 0, &p, 0, NANO);
    for (size_t i = 1; i < p.n; i++)
        put_packet(&f, SIMPLE, 0, &p, i, NANO);
    expect(&f, p.frame[0].ns, "GET /a 200 response=hello\n");
    ng_release(&f);
    packets_release(&p);
}

/* Every cut, and every byte replaced: an error or a result, no more is asked. */
static void damage_is_told(void **state)
{
    struct packets p;
    struct ng f;

    (void)state;
    start(&p, LINK_ETHERNET);
    converse(&p, 1000, "/a");
    ng_init(&f, false);
    put_section(&f);
    put_interface(&f, LINK_ETHERNET, 0, NANO);
    for (size_t i = 0; i < p.n; i++)
        put_packet(&f, ENHANCED, 0, &p, i, NANO);
    for (size_t n = f.out.len, i = 28; i < n; i++) {
        struct stage s;
        f.out.len = i;
        run(&f, &s);
        assert_true(s.rc == 0 || (s.rc == -1 && s.err.kind == ERR_DAMAGED));
        stage_release(&s);
        f.out.len = n;
        f.out.data[i] = (char)~f.out.data[i];
        run(&f, &s);
        assert_true(s.rc == 0 || s.err.kind == ERR_DAMAGED || s.err.kind == ERR_INPUT);
        stage_release(&s);
        f.out.data[i] = (char)~f.out.data[i];
    }
    ng_release(&f);
    packets_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_25_times_are_kept_in_every_unit_and_byte_order),
        cmocka_unit_test(acceptance_25_a_swapped_pcap_reads_the_same),
        cmocka_unit_test(acceptance_26_interfaces_may_differ),
        cmocka_unit_test(acceptance_26_what_cannot_be_read_is_named),
        cmocka_unit_test(sections_in_other_byte_orders_may_follow),
        cmocka_unit_test(packets_without_a_time_have_that_of_the_one_before),
        cmocka_unit_test(damage_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From frames to segments, layer by layer; and no frame, however cut or
 * damaged, is read beyond its end (the sanitizers see to that). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/decode.h"
#include "tests/support/packets.h"

struct decoded {
    enum decode_result result;
    struct segment s;
    struct fragment f;
};

/* Decode a copy that ends where its allocation does. */
static struct decoded decode(const void *bytes, size_t captured, size_t length, int link)
{
    struct decoded d = {0};
    char *copy = malloc(captured ? captured : 1);
    struct packet p = {
        .bytes = str_from(copy, captured), .length = (uint32_t)length, .link = link, .ns = 42};

    memcpy(copy, bytes, captured);
    d.result = decode_packet(&p, &d.s, &d.f);
    free(copy); /* what s shows is compared by length only */
    return d;
}

/* The frame around one segment with five bytes. */
static struct decoded one(int link, bool ipv6, const uint16_t vlan[3])
{
    struct packets p;
    struct tcp t = {
        .ipv6 = ipv6,
        .from = 0x0a000001,
        .to = 0x0a000002,
        .from_port = 1234,
        .to_port = 80,
        .seq = 0x80000001,
        .ack = 7,
        .flags = ACK | PSH,
        .bytes = "hello",
        .len = 5,
    };
    struct decoded d;

    packets_init(&p, link);
    for (int i = 0; vlan && i < 3; i++)
        p.vlan[i] = vlan[i];
    packets_tcp(&p, &t);
    d = decode(p.bytes.data, p.frame[0].captured, p.frame[0].length, link);
    packets_release(&p);
    return d;
}

static void check_segment(const struct decoded *d, uint8_t family)
{
    assert_int_equal(d->result, DECODE_SEGMENT);
    assert_int_equal(d->s.from.family, family);
    assert_int_equal(d->s.from.address[family == 4 ? 3 : 15], 1);
    assert_int_equal(d->s.to.address[family == 4 ? 3 : 15], 2);
    assert_int_equal(d->s.from.port, 1234);
    assert_int_equal(d->s.to.port, 80);
    assert_true(d->s.seq == 0x80000001);
    assert_int_equal(d->s.ack, 7);
    assert_int_equal(d->s.flags, ACK | PSH);
    assert_int_equal(d->s.bytes.len, 5);
    assert_int_equal(d->s.missing, 0);
    assert_int_equal(d->s.ns, 42);
}

static void every_link_type_carries_both_families(void **state)
{
    static const int links[] = {LINK_ETHERNET, LINK_NULL, LINK_LOOP, LINK_RAW, LINK_SLL};

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        struct decoded v4 = one(links[i], false, NULL), v6 = one(links[i], true, NULL);
        check_segment(&v4, 4);
        check_segment(&v6, 6);
    }
}

static void null_is_read_in_both_byte_orders(void **state)
{
    struct packets p;
    struct tcp t = {.from_port = 1, .to_port = 2};
    char swapped[4];
    struct decoded d;

    (void)state;
    packets_init(&p, LINK_NULL);
    packets_tcp(&p, &t);
    for (int i = 0; i < 4; i++)
        swapped[i] = p.bytes.data[3 - i];
    memcpy(p.bytes.data, swapped, 4);
    d = decode(p.bytes.data, p.bytes.len, p.bytes.len, LINK_NULL);
    assert_int_equal(d.result, DECODE_SEGMENT);
    packets_release(&p);
}

static void up_to_three_tags_are_kept(void **state)
{
    static const uint16_t tags[3] = {10, 20, 30};
    struct decoded d = one(LINK_ETHERNET, false, tags);

    (void)state;
    check_segment(&d, 4);
    assert_memory_equal(d.s.vlan, tags, sizeof tags);
}

/* An IPv4 header with its total length patched. */
static struct decoded with_total_length(unsigned total, size_t padding)
{
    struct packets p;
    struct tcp t = {.from_port = 1, .to_port = 2, .bytes = "hello", .len = 5};
    struct decoded d;

    packets_init(&p, LINK_ETHERNET);
    packets_tcp(&p, &t);
    p.bytes.data[14 + 2] = (char)(total >> 8);
    p.bytes.data[14 + 3] = (char)total;
    assert_int_equal(buf_append(&p.bytes, "\0\0\0\0\0\0\0\0\0\0", padding, NULL), 0);
    d = decode(p.bytes.data, p.bytes.len, p.bytes.len, LINK_ETHERNET);
    packets_release(&p);
    return d;
}

static void ethernet_padding_is_no_payload(void **state)
{
    struct decoded d = with_total_length(45, 6);

    (void)state;
    assert_int_equal(d.result, DECODE_SEGMENT);
    assert_int_equal(d.s.bytes.len, 5);
}

static void total_length_zero_means_the_card_segments(void **state)
{
    struct decoded d = with_total_length(0, 10);

    (void)state;
    assert_int_equal(d.result, DECODE_SEGMENT);
    assert_int_equal(d.s.bytes.len, 15);
}

static void total_length_zero_of_a_frame_that_may_be_padded_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(with_total_length(0, 0).result, DECODE_MALFORMED);
    assert_int_equal(with_total_length(0, 1).result, DECODE_MALFORMED);
}

/* The field that is the packet ends by its own length, not with the frame. */
static void total_length_zero_in_a_log_ends_with_its_field(void **state)
{
    static const unsigned char header[] = {2, 0, 0, 0, 4 + 47, 0, 9, 0};
    struct packets p;
    struct tcp t = {.from_port = 1, .to_port = 2, .bytes = "hello, ", .len = 7};
    char frame[sizeof header + 48] = "";
    struct decoded d;

    (void)state;
    packets_init(&p, LINK_RAW);
    packets_tcp(&p, &t);
    assert_int_equal(p.bytes.len, 47);
    memcpy(frame, header, sizeof header);
    memcpy(frame + sizeof header, p.bytes.data, p.bytes.len);
    memset(frame + sizeof header + 2, 0, 2);
    d = decode(frame, sizeof frame, sizeof frame, 239);
    assert_int_equal(d.result, DECODE_SEGMENT);
    assert_int_equal(d.s.bytes.len, 7);
    packets_release(&p);
}

static void payload_beyond_the_frame_is_missing(void **state)
{
    struct decoded d = with_total_length(145, 0);

    (void)state;
    assert_int_equal(d.result, DECODE_SEGMENT);
    assert_int_equal(d.s.bytes.len, 5);
    assert_int_equal(d.s.missing, 100);
}

static void a_total_length_shorter_than_its_header_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(with_total_length(19, 0).result, DECODE_MALFORMED);
}

/* A frame cut by the snapshot length: a segment as soon as TCP's header is
 * there, with the rest of the payload missing; truncated before. */
static void every_cut_is_noticed(void **state)
{
    static const uint16_t tags[3] = {1, 2, 0};

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct packets p;
        struct tcp t = {.ipv6 = ipv6, .from_port = 1, .to_port = 2, .bytes = "hello", .len = 5};
        packets_init(&p, LINK_ETHERNET);
        memcpy(p.vlan, tags, sizeof tags);
        packets_tcp(&p, &t);
        for (size_t n = 0; n < p.bytes.len; n++) {
            struct decoded cut = decode(p.bytes.data, n, p.bytes.len, LINK_ETHERNET);
            struct decoded runt = decode(p.bytes.data, n, n, LINK_ETHERNET);
            if (n < p.bytes.len - 5) {
                assert_int_equal(cut.result, DECODE_TRUNCATED);
            } else {
                assert_int_equal(cut.result, DECODE_SEGMENT);
                assert_int_equal(cut.s.bytes.len, n - (p.bytes.len - 5));
                assert_int_equal(cut.s.missing, p.bytes.len - n);
            }
            assert_true(runt.result == DECODE_MALFORMED || runt.result == DECODE_TRUNCATED ||
                        n >= p.bytes.len - 5);
        }
        packets_release(&p);
    }
}

/* IPv6 with extension headers given as bytes, in front of a TCP header. */
static struct decoded ipv6_with(unsigned first, const char *extensions, size_t n)
{
    char frame[256] = {0};
    size_t at = 40;

    frame[0] = 0x60;
    frame[5] = (char)(n + 20);
    frame[6] = (char)first;
    frame[23] = 1;
    frame[39] = 2;
    memcpy(frame + at, extensions, n);
    at += n;
    frame[at + 12] = 0x50;
    return decode(frame, at + 20, at + 20, 229);
}

static void extension_headers_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(ipv6_with(6, "", 0).result, DECODE_SEGMENT);
    assert_int_equal(ipv6_with(0, "\6\0\1\4\0\0\0\0", 8).result, DECODE_SEGMENT);
    assert_int_equal(ipv6_with(60, "\53\0\1\4\0\0\0\0\6\0\0\0\0\0\0\0", 16).result, DECODE_SEGMENT);
    assert_int_equal(ipv6_with(51, "\6\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24).result,
                     DECODE_SEGMENT);
    /* An atomic fragment is a whole datagram (RFC 6946). */
    assert_int_equal(ipv6_with(44, "\6\0\0\0\0\0\0\1", 8).result, DECODE_SEGMENT);
    assert_int_equal(ipv6_with(59, "", 0).result, DECODE_NOT_TCP);
    assert_int_equal(ipv6_with(0, "\6\377\0\0\0\0\0\0", 8).result, DECODE_MALFORMED);
}

static void fragments_are_told_apart(void **state)
{
    struct decoded d = ipv6_with(44, "\6\0\0\11\0\0\0\7", 8);

    (void)state;
    assert_int_equal(d.result, DECODE_FRAGMENT);
    assert_int_equal(d.f.offset, 8);
    assert_int_equal(d.f.id, 7);
    assert_int_equal(d.f.protocol, 6);
    assert_true(d.f.more);
    assert_int_equal(d.f.bytes.len, 20);
}

/* Those that cannot carry TCP are nothing to put together, and to miss. */
static void fragments_of_other_protocols_are_none(void **state)
{
    char v4[54] = {[12] = 0x08, [14] = 0x45, [17] = 40, [20] = 0x20};
    static const char carriers[] = {4, 6, 17, 41, 47, 51}, others[] = {1, 2, 50, 89};

    (void)state;
    for (size_t i = 0; i < sizeof carriers; i++) {
        v4[23] = carriers[i];
        assert_int_equal(decode(v4, sizeof v4, sizeof v4, 1).result, DECODE_FRAGMENT);
    }
    for (size_t i = 0; i < sizeof others; i++) {
        v4[23] = others[i];
        assert_int_equal(decode(v4, sizeof v4, sizeof v4, 1).result, DECODE_NOT_TCP);
    }
    assert_int_equal(ipv6_with(44, "\72\0\0\11\0\0\0\7", 8).result, DECODE_NOT_TCP);
    assert_int_equal(ipv6_with(44, "\74\0\0\11\0\0\0\7", 8).result, DECODE_FRAGMENT);
}

static void other_protocols_are_counted_apart(void **state)
{
    char arp[42] = {[12] = 0x08, [13] = 0x06};
    char icmp[34] = {[12] = 0x08, [14] = 0x45, [17] = 20, [23] = 1};

    (void)state;
    assert_int_equal(decode(arp, sizeof arp, sizeof arp, 1).result, DECODE_NOT_IP);
    assert_int_equal(decode(icmp, sizeof icmp, sizeof icmp, 1).result, DECODE_NOT_TCP);
    assert_int_equal(decode(arp, sizeof arp, sizeof arp, 9999).result, DECODE_NOT_IP);
    assert_false(decode_knows(9999));
}

/* IEEE 802.3 with LLC and SNAP (RFC 1042), and what only looks like it. */
static void a_length_for_a_type_is_looked_behind(void **state)
{
    static const struct {
        unsigned char llc[8];
        enum decode_result result;
    } rows[] = {
        {{0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00}, DECODE_SEGMENT},
        {{0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x06}, DECODE_NOT_IP},    /* ARP */
        {{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x08, 0x00}, DECODE_NOT_IP}, /* Cisco's numbers */
        {{0xaa, 0xaa, 3, 0, 0, 0, 0, 40}, DECODE_NOT_IP},         /* a length again */
        {{0x42, 0x42, 3, 0, 0, 0, 0x08, 0x00}, DECODE_NOT_IP},    /* spanning tree */
        {{0xff, 0xff, 0, 0, 0, 0, 0x08, 0x00}, DECODE_NOT_IP},    /* Novell */
    };
    struct packets p;
    struct tcp t = {.from_port = 1234, .to_port = 80, .bytes = "hello", .len = 5};

    (void)state;
    packets_init(&p, LINK_RAW);
    packets_tcp(&p, &t);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char frame[22 + 64] = {0};

        frame[13] = 40;
        memcpy(frame + 14, rows[i].llc, 8);
        memcpy(frame + 22, p.bytes.data, p.bytes.len);
        assert_int_equal(decode(frame, sizeof frame, sizeof frame, LINK_ETHERNET).result,
                         rows[i].result);
        /* Cooked headers have a number for it, two bytes further. */
        memmove(frame + 2, frame, sizeof frame - 2);
        frame[15] = 4;
        assert_int_equal(decode(frame, sizeof frame, sizeof frame, LINK_SLL).result,
                         rows[i].result);
    }
    packets_release(&p);
}

/* PPP over Ethernet without the Ethernet. */
static void pppoe_may_be_the_link(void **state)
{
    struct packets p;
    struct tcp t = {.from_port = 1234, .to_port = 80, .bytes = "hello", .len = 5};
    char frame[8 + 64] = "\21\0\0\1\0\0\0\41";

    (void)state;
    packets_init(&p, LINK_RAW);
    packets_tcp(&p, &t);
    memcpy(frame + 8, p.bytes.data, p.bytes.len);
    frame[5] = (char)(2 + p.bytes.len);
    assert_int_equal(decode(frame, sizeof frame, sizeof frame, 51).result, DECODE_SEGMENT);
    packets_release(&p);
}

/* Ethernet, IPv4, UDP to VXLAN's port, VXLAN with network 5, and a frame. */
static void tunnels_are_opened_and_their_network_kept(void **state)
{
    struct packets p;
    struct tcp t = {.from_port = 1234, .to_port = 80, .bytes = "hello", .len = 5};
    char outer[50 + 256] = {
        [12] = 0x08, [14] = 0x45, [23] = 17, [36] = 0x12, [37] = (char)0xb5, [42] = 0x08, [48] = 5};
    struct decoded d;

    (void)state;
    packets_init(&p, LINK_ETHERNET);
    packets_tcp(&p, &t);
    memcpy(outer + 50, p.bytes.data, p.bytes.len);
    outer[17] = (char)(36 + p.bytes.len);
    d = decode(outer, 50 + p.bytes.len, 50 + p.bytes.len, LINK_ETHERNET);
    assert_int_equal(d.result, DECODE_SEGMENT);
    assert_int_equal(d.s.vni, 5);
    assert_int_equal(d.s.bytes.len, 5);
    packets_release(&p);
}

/* What stands between an IPv4 header and a TCP segment. */
static enum decode_result ipv4_with(uint8_t protocol, const char *between, size_t n)
{
    char frame[200] = {0x45, [8] = 64, [9] = (char)protocol};
    size_t total = 20 + n + 20;

    frame[3] = (char)total;
    memcpy(frame + 20, between, n);
    frame[20 + n + 12] = 0x50;
    return decode(frame, total, total, 228).result;
}

/* Addresses of a bridged frame may begin as IP does, and IP's own may look like the
 * type of a frame: 8.0.0.1 is there where 0x0800 would be. */
static void what_labels_lead_to_is_told_by_its_length(void **state)
{
    static const char labels[] = "\2\0\0\0\0\2\2\0\0\0\0\1\x88\x47\0\1\1\100";
    enum { LABELS = sizeof labels - 1 };

    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        bool bridged = first != 0x45;
        struct packets p;
        struct tcp t = {.from = 0x08000001,
                        .to = 2,
                        .from_port = 1234,
                        .to_port = 80,
                        .bytes = "hello, hello",
                        .len = 12};
        char frame[256];
        struct decoded d;

        packets_init(&p, bridged ? LINK_ETHERNET : LINK_RAW);
        packets_tcp(&p, &t);
        memcpy(frame, labels, LABELS);
        memcpy(frame + LABELS, p.bytes.data, p.bytes.len);
        frame[LABELS] = (char)first;
        d = decode(frame, LABELS + p.bytes.len, LABELS + p.bytes.len, LINK_ETHERNET);
        assert_int_equal(d.result, DECODE_SEGMENT);
        assert_int_equal(d.s.from.port, 1234);
        assert_int_equal(d.s.bytes.len, 12);
        packets_release(&p);
    }
}

static void authentication_stands_before_tcp_in_ipv4_too(void **state)
{
    static const char header[] = "\6\4\0\0\0\0\0\1\0\0\0\1zzzzzzzzzzzz";

    (void)state;
    assert_int_equal(ipv4_with(51, header, 24), DECODE_SEGMENT);
    assert_int_equal(ipv4_with(51, "\6\100\0\0\0\0\0\1\0\0\0\1", 12), DECODE_MALFORMED);
}

static void ppp_in_gre_may_keep_its_address_and_control(void **state)
{
    static const char bare[] = "\x30\x01\x88\x0b\0\x2a\0\1\0\0\0\1\0\x21";
    static const char framed[] = "\x30\x01\x88\x0b\0\x2c\0\1\0\0\0\1\xff\3\0\x21";
    static const char inner[20] = {0x45, [3] = 40, [9] = 6};
    char between[64];

    (void)state;
    memcpy(between, bare, 14);
    memcpy(between + 14, inner, 20);
    assert_int_equal(ipv4_with(47, between, 34), DECODE_SEGMENT);
    memcpy(between, framed, 16);
    memcpy(between + 16, inner, 20);
    assert_int_equal(ipv4_with(47, between, 36), DECODE_SEGMENT);
}

static void tunnels_in_tunnels_have_an_end(void **state)
{
    char frame[20 * 100];
    size_t n = sizeof frame;

    (void)state;
    memset(frame, 0, n);
    for (size_t i = 0; i < n; i += 20) {
        frame[i] = 0x45;
        frame[i + 2] = (char)((n - i) >> 8);
        frame[i + 3] = (char)(n - i);
        frame[i + 9] = 4; /* IP in IP */
    }
    assert_int_equal(decode(frame, n, n, 228).result, DECODE_MALFORMED);
}

static void damage_is_survived(void **state)
{
    static const int links[] = {0, 1, 9, 12, 101, 104, 108, 113, 228, 229, 239, 276};
    uint64_t random = 99;
    char frame[120];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        size_t n = packets_random(&random) % sizeof frame;
        for (size_t i = 0; i < n; i++)
            frame[i] = (char)(packets_random(&random) >> 17);
        if (n > 24 && round % 2)
            memcpy(frame + 12, "\x08\x00\x45", 3);
        decode(frame, n, n + (size_t)(round % 3) * 50,
               links[packets_random(&random) % (sizeof links / sizeof *links)]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_type_carries_both_families),
        cmocka_unit_test(null_is_read_in_both_byte_orders),
        cmocka_unit_test(up_to_three_tags_are_kept),
        cmocka_unit_test(ethernet_padding_is_no_payload),
        cmocka_unit_test(total_length_zero_means_the_card_segments),
        cmocka_unit_test(total_length_zero_of_a_frame_that_may_be_padded_is_malformed),
        cmocka_unit_test(total_length_zero_in_a_log_ends_with_its_field),
        cmocka_unit_test(payload_beyond_the_frame_is_missing),
        cmocka_unit_test(a_total_length_shorter_than_its_header_is_malformed),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(extension_headers_are_passed_over),
        cmocka_unit_test(fragments_are_told_apart),
        cmocka_unit_test(fragments_of_other_protocols_are_none),
        cmocka_unit_test(a_length_for_a_type_is_looked_behind),
        cmocka_unit_test(pppoe_may_be_the_link),
        cmocka_unit_test(other_protocols_are_counted_apart),
        cmocka_unit_test(tunnels_are_opened_and_their_network_kept),
        cmocka_unit_test(what_labels_lead_to_is_told_by_its_length),
        cmocka_unit_test(authentication_stands_before_tcp_in_ipv4_too),
        cmocka_unit_test(ppp_in_gre_may_keep_its_address_and_control),
        cmocka_unit_test(tunnels_in_tunnels_have_an_end),
        cmocka_unit_test(damage_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

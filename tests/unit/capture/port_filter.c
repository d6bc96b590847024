/* The filter made from --port lets through what the decoder could use, and of
 * the rest only what it cannot see into. The kernel's side of it, where it has
 * taken the outermost tag out, is shown in tests/cli/live.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pcap.h>

#include "capture/capture.h"
#include "capture/decode.h"
#include "capture/port_filter.h"
#include "tests/support/packets.h"

enum { MOST_INSTRUCTIONS = 4096 }; /* BPF_MAXINSNS of the kernel */

static int compile(int link, const uint16_t *ports, size_t n, bool vlan,
                   struct bpf_program *program)
{
    pcap_t *dead = pcap_open_dead(link, 262144);
    struct buf text;
    int rc;

    buf_init(&text, 64 * 1024);
    assert_int_equal(port_filter(&text, ports, n, vlan, NULL), 0);
    rc = pcap_compile(dead, program, text.data, 1, PCAP_NETMASK_UNKNOWN);
    pcap_close(dead);
    buf_release(&text);
    return rc;
}

static bool passes(const struct bpf_program *program, const struct packets *p, size_t i)
{
    struct pcap_pkthdr header = {.caplen = p->frame[i].captured, .len = p->frame[i].length};
    const char *bytes = p->bytes.data + p->frame[i].at;

    return pcap_offline_filter(program, &header, (const unsigned char *)bytes) > 0;
}

/* A segment from a client to `port`, in so many tags. */
static void add(struct packets *p, uint16_t port, bool ipv6, unsigned tags)
{
    struct tcp t = {.ipv6 = ipv6, .from = 1, .to = 2, .from_port = 40000, .to_port = port};

    for (unsigned i = 0; i < 3; i++)
        p->vlan[i] = i < tags ? (uint16_t)(i + 5) : 0;
    packets_tcp(p, &t);
}

static void segments_of_the_ports_pass_and_others_do_not(void **state)
{
    const uint16_t ports[] = {80, 8080};
    struct bpf_program program;
    struct packets p;

    (void)state;
    packets_init(&p, LINK_ETHERNET);
    assert_int_equal(compile(DLT_EN10MB, ports, 2, true, &program), 0);
    for (unsigned tags = 0; tags <= 1; tags++) {
        for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
            packets_clear(&p);
            add(&p, 80, ipv6, tags);
            add(&p, 8080, ipv6, tags);
            add(&p, 81, ipv6, tags);
            assert_true(passes(&program, &p, 0));
            assert_true(passes(&program, &p, 1));
            assert_false(passes(&program, &p, 2));
        }
    }
    pcap_freecode(&program);
    packets_release(&p);
}

static void what_has_more_tags_passes_whatever_is_in_it(void **state)
{
    const uint16_t port = 80;
    struct bpf_program program;
    struct packets p;

    (void)state;
    packets_init(&p, LINK_ETHERNET);
    add(&p, 81, false, 2);
    add(&p, 81, true, 3);
    assert_int_equal(compile(DLT_EN10MB, &port, 1, true, &program), 0);
    assert_true(passes(&program, &p, 0));
    assert_true(passes(&program, &p, 1));
    pcap_freecode(&program);
    packets_release(&p);
}

/* All of them: where only the later ones of other services passed, their first
 * would seem to be lost. */
static void every_fragment_passes(void **state)
{
    const uint16_t port = 80;
    struct bpf_program program;
    struct packets p;

    (void)state;
    packets_init(&p, LINK_ETHERNET);
    for (int i = 0; i < 3; i++)
        add(&p, 81, false, 0);
    p.bytes.data[p.frame[0].at + 20] = 0x20; /* more follow */
    p.bytes.data[p.frame[1].at + 21] = 1;    /* not the first */
    p.bytes.data[p.frame[2].at + 20] = 0x40; /* not to be fragmented */
    assert_int_equal(compile(DLT_EN10MB, &port, 1, true, &program), 0);
    assert_true(passes(&program, &p, 0));
    assert_true(passes(&program, &p, 1));
    assert_false(passes(&program, &p, 2));
    pcap_freecode(&program);
    packets_release(&p);
}

/* -i any: the cooked header's language has no tags. */
static void every_link_type_that_can_be_filtered_has_a_filter(void **state)
{
    static const int links[] = {
        DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_LOOP,
        DLT_PPP,    DLT_C_HDLC,    DLT_IPV4,       DLT_IPV6, DLT_RAW,
    };
    const uint16_t port = 80;

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        struct bpf_program program;
        assert_true(decode_knows(links[i]));
        assert_int_equal(compile(links[i], &port, 1, links[i] == DLT_EN10MB, &program), 0);
        pcap_freecode(&program);
    }
}

static void the_most_ports_there_can_be_fit_into_the_kernel(void **state)
{
    uint16_t ports[CAPTURE_MAX_PORTS];
    struct bpf_program program;

    (void)state;
    for (unsigned i = 0; i < CAPTURE_MAX_PORTS; i++)
        ports[i] = (uint16_t)(1000 + 37 * i);
    assert_int_equal(compile(DLT_EN10MB, ports, CAPTURE_MAX_PORTS, true, &program), 0);
    assert_true(program.bf_len < MOST_INSTRUCTIONS);
    pcap_freecode(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_of_the_ports_pass_and_others_do_not),
        cmocka_unit_test(every_fragment_passes),
        cmocka_unit_test(what_has_more_tags_passes_whatever_is_in_it),
        cmocka_unit_test(every_link_type_that_can_be_filtered_has_a_filter),
        cmocka_unit_test(the_most_ports_there_can_be_fit_into_the_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

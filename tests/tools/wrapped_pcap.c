/* wrapped_pcap -- a dialogue inside everything that TCP may be inside of.
 *
 *     wrapped_pcap PORT FILE
 *
 * For each way in the table one connection to PORT asks for /NAME, and one to
 * PORT + 1 for /other/NAME; each has an answer. All frames fit into an Ethernet
 * of 1500 bytes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/packets.h"

enum { ROOM = 2048, MAX_LAYERS = 6, PIECE = 64 };
enum { IPV4 = 0x0800, IPV6 = 0x86dd, ETHERNET = 0x6558 };

/* A packet on its way out; headers are put in front of it. */
struct part {
    unsigned char room[ROOM];
    size_t at;     /* its first byte in `room` */
    unsigned type; /* Ethernet's number for what it is */
};

typedef void layer(struct part *p);

static size_t length(const struct part *p)
{
    return ROOM - p->at;
}

static unsigned char *in_front(struct part *p, size_t n, unsigned type)
{
    assert(p->at >= n);
    p->at -= n;
    p->type = type;
    return memset(p->room + p->at, 0, n);
}

static void set16(unsigned char *to, size_t v)
{
    to[0] = (unsigned char)(v >> 8);
    to[1] = (unsigned char)v;
}

/* ---- layers ----------------------------------------------------------------- */

static void ethernet(struct part *p)
{
    unsigned type = p->type;
    unsigned char *h = in_front(p, 14, ETHERNET);

    memcpy(h, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
    set16(h + 12, type);
}

static void tag(struct part *p, unsigned id, unsigned type)
{
    unsigned inner = p->type;
    unsigned char *h = in_front(p, 4, type);

    set16(h, id);
    set16(h + 2, inner);
}

static void vlan(struct part *p)
{
    tag(p, 5, 0x8100);
}

static void service_vlan(struct part *p)
{
    tag(p, 6, 0x88a8);
}

static void old_vlan(struct part *p)
{
    tag(p, 7, 0x9100);
}

/* IEEE 802.3: a length where the type stands, and the type behind LLC. */
static void snap(struct part *p)
{
    unsigned type = p->type;
    unsigned char *h = in_front(p, 8, 0);

    memcpy(h, "\xaa\xaa\3", 3);
    set16(h + 6, type);
    p->type = (unsigned)length(p);
}

static void mpls(struct part *p)
{
    memcpy(in_front(p, 8, 0x8847), "\0\1\0\100\0\2\1\100", 8); /* two labels */
}

static void pppoe(struct part *p)
{
    unsigned protocol = p->type == IPV6 ? 0x0057 : 0x0021;
    size_t n = length(p) + 2;
    unsigned char *h = in_front(p, 8, 0x8864);

    memcpy(h, "\21\0\0\1", 4);
    set16(h + 4, n);
    set16(h + 6, protocol);
}

static void ipv4(struct part *p, unsigned protocol)
{
    size_t n = length(p) + 20;
    unsigned char *h = in_front(p, 20, IPV4);

    h[0] = 0x45;
    set16(h + 2, n);
    h[8] = 64;
    h[9] = (unsigned char)protocol;
    memcpy(h + 12, "\300\0\2\1\300\0\2\2", 8);
}

static void ip_in_ip(struct part *p)
{
    ipv4(p, p->type == IPV6 ? 41 : 4);
}

static void gre_header(struct part *p)
{
    unsigned type = p->type;

    set16(in_front(p, 4, 0) + 2, type);
}

static void gre(struct part *p)
{
    gre_header(p);
    ipv4(p, 47);
}

static void udp(struct part *p, unsigned port)
{
    size_t n = length(p) + 8;
    unsigned char *h = in_front(p, 8, 0);

    set16(h, 49152);
    set16(h + 2, port);
    set16(h + 4, n);
    ipv4(p, 17);
}

static void gre_in_udp(struct part *p)
{
    gre_header(p);
    udp(p, 4754);
}

static void vxlan_at(struct part *p, unsigned port)
{
    memcpy(in_front(p, 8, 0), "\10\0\0\0\0\0\11\0", 8);
    udp(p, port);
}

static void vxlan(struct part *p)
{
    vxlan_at(p, 4789);
}

static void old_vxlan(struct part *p)
{
    vxlan_at(p, 8472);
}

static void geneve(struct part *p)
{
    memcpy(in_front(p, 12, 0), "\1\0\145\130\0\0\12\0\1\2\3\0", 12); /* with an option */
    udp(p, 6081);
}

/* Put an extension header of `n` bytes between IPv6's and what follows it. */
static unsigned char *extension(struct part *p, unsigned char number, size_t n)
{
    unsigned char *h = in_front(p, n, IPV6);

    memmove(h, h + n, 40);
    set16(h + 4, length(p) - 40);
    memset(h + 40, 0, n);
    h[40] = h[6];
    h[6] = number;
    return h + 40;
}

static void hop_by_hop(struct part *p)
{
    memcpy(extension(p, 0, 8) + 2, "\1\4\0\0\0\0", 6); /* padding */
}

static void routing(struct part *p)
{
    extension(p, 43, 8);
}

/* Not a layer: the packet goes on in pieces. */
static void pieces(struct part *p)
{
    (void)p;
}

/* ---- the ways --------------------------------------------------------------- */

static const struct way {
    const char *name;
    bool ipv6;
    layer *layers[MAX_LAYERS]; /* the innermost first; Ethernet around all goes without saying */
} ways[] = {
    {"ipv4", false, {0}},
    {"ipv6", true, {0}},
    {"vlan", false, {vlan}},
    {"vlan-ipv6", true, {vlan}},
    {"qinq", false, {vlan, service_vlan}},
    {"three-tags", false, {vlan, service_vlan, old_vlan}},
    {"snap", false, {snap}},
    {"snap-ipv6", true, {snap}},
    {"vlan-snap", false, {snap, vlan}},
    {"snap-vxlan", false, {snap, ethernet, vxlan}},
    {"mpls", false, {mpls}},
    {"pppoe", false, {pppoe}},
    {"pppoe-ipv6", true, {pppoe}},
    {"vlan-pppoe", false, {pppoe, vlan}},
    {"vlan-mpls", false, {mpls, vlan}},
    {"ip-in-ip", false, {ip_in_ip}},
    {"6in4", true, {ip_in_ip}},
    {"gre", false, {gre}},
    {"gre-ipv6", true, {gre}},
    {"gre-bridged", false, {ethernet, gre}},
    {"gre-in-udp", false, {gre_in_udp}},
    {"vlan-gre", false, {gre, vlan}},
    {"vxlan", false, {ethernet, vxlan}},
    {"vxlan-8472", false, {ethernet, old_vxlan}},
    {"vxlan-vlan", false, {vlan, ethernet, vxlan}},
    {"vlan-vxlan", false, {ethernet, vxlan, vlan}},
    {"geneve", false, {ethernet, geneve}},
    {"geneve-vxlan", false, {ethernet, vxlan, ethernet, geneve}},
    {"hop-by-hop", true, {hop_by_hop}},
    {"routing", true, {routing}},
    {"fragments", false, {pieces}},
    {"fragments-ipv6", true, {pieces}},
    {"vlan-fragments", false, {pieces, vlan}},
    {"vlan-fragments-ipv6", true, {pieces, vlan}},
    {"vxlan-fragments", false, {ethernet, vxlan, pieces}},
    {"fragments-vxlan", false, {pieces, ethernet, vxlan}},
};

/* ---- writing ---------------------------------------------------------------- */

static void wrap(struct packets *out, const struct part *part, layer *const *layers);

static void in_pieces(struct packets *out, const struct part *whole, layer *const *layers)
{
    static unsigned id;
    bool ipv6 = whole->type == IPV6;
    size_t header = ipv6 ? 40 : 20, n = length(whole) - header;
    const unsigned char *from = whole->room + whole->at;

    id++;
    for (size_t at = 0; at < n; at += PIECE) {
        bool more = n - at > PIECE;
        size_t here = more ? PIECE : n - at;
        struct part p = {.at = ROOM};
        unsigned char *h = memcpy(in_front(&p, here + header, whole->type), from, header);
        memcpy(h + header, from + header + at, here);
        if (ipv6) {
            h = extension(&p, 44, 8);
            set16(h + 2, at | more);
            set16(h + 6, id);
        } else {
            set16(h + 2, here + header);
            set16(h + 4, id);
            set16(h + 6, at / 8 | (more ? 0x2000u : 0));
        }
        wrap(out, &p, layers);
    }
}

static void wrap(struct packets *out, const struct part *part, layer *const *layers)
{
    struct part p = *part;

    for (; *layers; layers++) {
        if (*layers == pieces) {
            in_pieces(out, &p, layers + 1);
            return;
        }
        (*layers)(&p);
    }
    ethernet(&p);
    packets_frame(out, p.room + p.at, length(&p));
}

static void dialogue(struct packets *out, const struct way *way, const char *before, uint16_t port)
{
    static uint16_t client = 20000;
    struct packets plain;
    struct talk t;
    char text[256];

    packets_init(&plain, LINK_RAW);
    talk_init(&t, &plain, client++);
    t.ipv6 = way->ipv6;
    t.port[1] = port;
    talk_open(&t);
    snprintf(text, sizeof text, "GET %s/%s HTTP/1.1\r\nHost: a\r\nX-Fill: %064d\r\n\r\n", before,
             way->name, 0);
    talk_say(&t, 0, text);
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n%0100d", 1);
    talk_say(&t, 1, text);
    talk_close(&t);
    for (size_t i = 0; i < plain.n; i++) {
        struct part p = {.at = ROOM};
        memcpy(in_front(&p, plain.frame[i].length, way->ipv6 ? IPV6 : IPV4),
               plain.bytes.data + plain.frame[i].at, plain.frame[i].length);
        wrap(out, &p, way->layers);
    }
    packets_release(&plain);
}

int main(int argc, char **argv)
{
    struct packets all;
    FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
    uint16_t port;

    if (!out) {
        fprintf(stderr, "usage: wrapped_pcap PORT FILE\n");
        return 2;
    }
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    packets_init(&all, LINK_ETHERNET);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        dialogue(&all, &ways[i], "", port);
        dialogue(&all, &ways[i], "/other", (uint16_t)(port + 1));
    }
    packets_write_header(&all, out, 0);
    packets_write_frames(&all, out, 0);
    packets_release(&all);
    return fclose(out) == 0 ? 0 : 1;
}

#include "capture/decode.h"

#include <string.h>

/* DESIGN
 *
 * A walk goes from layer to layer. Each layer is a function that checks and
 * takes its header off the front, says which layer follows, and returns
 * DECODE_ON; or it returns the final result. What may follow a header stands
 * in tables, so that a new tunnel is one function and one row.
 *
 * `bytes` is what was captured of the current layer, `absent` how many more
 * bytes of it were on the wire. Trimming to a header's length field removes
 * Ethernet padding; a length beyond the capture adds to `absent`, which for
 * TCP payload becomes a gap of known size. */

struct walk;
typedef enum decode_result layer(struct walk *w);

struct walk {
    struct str bytes;
    size_t absent;
    layer *next;
    struct segment *segment;
    struct fragment *fragment;
};

/* Encapsulations deep enough for any real network; the limit is for loops
 * that an attacker builds out of IP in IP. */
enum { MAX_LAYERS = 24 };

enum { AF_INET_BSD = 2 };

/* What a frame carries at least: less is padded (IEEE 802.3, 3.2.8). */
enum { ETHERNET_LEAST = 46 };

/* What is no type but a length (IEEE 802.3, 3.2.6). */
enum { ETHERNET_MOST = 1500 };

static uint8_t u8(const struct walk *w, size_t at)
{
    return (uint8_t)w->bytes.data[at];
}

static uint16_t be16(const struct walk *w, size_t at)
{
    return (uint16_t)(u8(w, at) << 8 | u8(w, at + 1));
}

static uint32_t be32(const struct walk *w, size_t at)
{
    return (uint32_t)be16(w, at) << 16 | be16(w, at + 2);
}

/* Why `n` bytes are not there: cut by the capture, or never sent. */
static enum decode_result too_short(const struct walk *w, size_t n)
{
    return w->bytes.len + w->absent >= n ? DECODE_TRUNCATED : DECODE_MALFORMED;
}

static enum decode_result go_on(struct walk *w, size_t header, layer *next)
{
    w->bytes = str_skip(w->bytes, header);
    w->next = next;
    return DECODE_ON;
}

/* The layer at hand is `n` bytes long by its own account, which is right:
 * what the frame has beyond that is padding. */
static void trim(struct walk *w, size_t n)
{
    w->bytes = str_head(w->bytes, n);
    w->absent = n - w->bytes.len;
}

/* ---- which layer follows --------------------------------------------------- */

struct row {
    uint32_t number;
    layer *next;
};

static layer *look_up(const struct row *table, size_t n, uint32_t number)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].number == number)
            return table[i].next;
    return NULL;
}

#define LOOK_UP(table, number) look_up(table, sizeof(table) / sizeof((table)[0]), number)

static layer ethernet, llc, vlan, mpls, pppoe, ppp, ppp_protocol, ipv4, ipv6, ah, tcp, udp, gre,
    vxlan, geneve;

static const struct row ether_types[] = {
    {0x0800, ipv4}, {0x86dd, ipv6}, {0x8100, vlan},  {0x88a8, vlan},     {0x9100, vlan},
    {0x8847, mpls}, {0x8848, mpls}, {0x8864, pppoe}, {0x6558, ethernet}, {0x880b, ppp},
};

static const struct row ip_protocols[] = {
    {6, tcp}, {4, ipv4}, {41, ipv6}, {47, gre}, {17, udp}, {51, ah},
};

static const struct row udp_ports[] = {
    {4789, vxlan},
    {8472, vxlan}, /* Linux, before there was a port for it */
    {6081, geneve},
    {4754, gre}, /* RFC 8086 */
};

static enum decode_result after_ether_type(struct walk *w, size_t header, uint16_t type)
{
    layer *next = type <= ETHERNET_MOST ? llc : LOOK_UP(ether_types, type);

    return next ? go_on(w, header, next) : DECODE_NOT_IP;
}

/* What may stand between IPv6 and its payload. */
static const uint8_t ipv6_extension_headers[] = {
    0,   /* hop by hop */
    43,  /* routing */
    44,  /* fragment */
    51,  /* authentication, which counts in words of four */
    60,  /* destination */
    135, /* mobility */
    139, /* host identity */
    140, /* shim6 */
};

static bool is_ipv6_extension(uint8_t protocol)
{
    return memchr(ipv6_extension_headers, protocol, sizeof ipv6_extension_headers);
}

static enum decode_result after_ip(struct walk *w, uint8_t protocol)
{
    layer *next = LOOK_UP(ip_protocols, protocol);

    return next ? go_on(w, 0, next) : DECODE_NOT_TCP;
}

/* ---- link layers ------------------------------------------------------------ */

static enum decode_result ethernet(struct walk *w)
{
    if (w->bytes.len < 14)
        return too_short(w, 14);
    return after_ether_type(w, 14, be16(w, 12));
}

/* The type behind LLC and SNAP headers (RFC 1042). */
static enum decode_result llc(struct walk *w)
{
    if (!str_starts(w->bytes, STR("\xaa\xaa\3\0\0\0")))
        return DECODE_NOT_IP;
    if (w->bytes.len < 8)
        return too_short(w, 8);
    return after_ether_type(w, 8, be16(w, 6));
}

/* IEEE 802.1Q. Tag 0 carries a priority only, the frame is in no VLAN. */
static enum decode_result vlan(struct walk *w)
{
    uint16_t id;

    if (w->bytes.len < 4)
        return too_short(w, 4);
    id = be16(w, 0) & 0xfff;
    for (int i = 0; id && i < SEGMENT_VLANS; i++) {
        if (w->segment->vlan[i])
            continue;
        w->segment->vlan[i] = id;
        break;
    }
    return after_ether_type(w, 4, be16(w, 2));
}

static enum decode_result sll(struct walk *w)
{
    if (w->bytes.len < 16)
        return too_short(w, 16);
    return after_ether_type(w, 16, be16(w, 14));
}

static enum decode_result sll2(struct walk *w)
{
    if (w->bytes.len < 20)
        return too_short(w, 20);
    return after_ether_type(w, 20, be16(w, 0));
}

/* BSD loopback: the address family in the byte order of the machine that
 * wrote it (NULL) or of the network (LOOP). IPv6 has a number per system. */
static enum decode_result loopback(struct walk *w)
{
    uint32_t family;

    if (w->bytes.len < 4)
        return too_short(w, 4);
    family = be32(w, 0);
    if (family >= 1 << 16)
        family = family >> 24 | (family >> 8 & 0xff00);
    switch (family) {
    case AF_INET_BSD:
        return go_on(w, 4, ipv4);
    case 10: /* Linux */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return go_on(w, 4, ipv6);
    default:
        return DECODE_NOT_IP;
    }
}

static enum decode_result raw_ip(struct walk *w)
{
    if (w->bytes.len < 1)
        return too_short(w, 1);
    switch (u8(w, 0) >> 4) {
    case 4:
        return go_on(w, 0, ipv4);
    case 6:
        return go_on(w, 0, ipv6);
    default:
        return DECODE_NOT_IP;
    }
}

/* The PPP protocol field, one or two bytes (RFC 1661, 2). */
static enum decode_result ppp_protocol(struct walk *w)
{
    uint16_t protocol;
    size_t header;

    if (w->bytes.len < 2)
        return too_short(w, 2);
    header = u8(w, 0) & 1 ? 1 : 2;
    protocol = header == 1 ? u8(w, 0) : be16(w, 0);
    if (protocol == 0x0021)
        return go_on(w, header, ipv4);
    if (protocol == 0x0057)
        return go_on(w, header, ipv6);
    return DECODE_NOT_IP;
}

/* PPP in HDLC-like framing, whose address and control bytes may be left out
 * (RFC 1662, 3). */
static enum decode_result ppp(struct walk *w)
{
    if (w->bytes.len < 2)
        return too_short(w, 2);
    return go_on(w, u8(w, 0) == 0xff && u8(w, 1) == 0x03 ? 2 : 0, ppp_protocol);
}

/* RFC 2516, 4: a session's frames. */
static enum decode_result pppoe(struct walk *w)
{
    size_t length;

    if (w->bytes.len < 6)
        return too_short(w, 6);
    if (u8(w, 0) != 0x11 || u8(w, 1) != 0)
        return DECODE_NOT_IP;
    length = be16(w, 4);
    w->bytes = str_skip(w->bytes, 6);
    if (length <= w->bytes.len + w->absent)
        trim(w, length);
    return go_on(w, 0, ppp_protocol);
}

static enum decode_result cisco_hdlc(struct walk *w)
{
    if (w->bytes.len < 4)
        return too_short(w, 4);
    return after_ether_type(w, 4, be16(w, 2));
}

/* Netfilter's log: type-length-value fields in the writer's byte order, of
 * which number 9 is the packet. All writers seen are little-endian. */
static enum decode_result nflog(struct walk *w)
{
    size_t header = 4;

    for (;;) {
        size_t length, type;
        w->bytes = str_skip(w->bytes, header);
        if (w->bytes.len < 4)
            return too_short(w, 4);
        length = (size_t)u8(w, 0) | (size_t)u8(w, 1) << 8;
        type = (size_t)u8(w, 2) | (size_t)u8(w, 3) << 8;
        if (length < 4)
            return DECODE_MALFORMED;
        if (type == 9) { /* padded, and more fields may follow */
            w->bytes = str_skip(w->bytes, 4);
            trim(w, length - 4);
            return go_on(w, 0, raw_ip);
        }
        header = (length + 3) & ~(size_t)3;
        if (header > w->bytes.len)
            return too_short(w, header);
    }
}

/* Numbers of libpcap's pcap/dlt.h; some have a value per system. */
static const struct row links[] = {
    {0, loopback},                                     /* NULL */
    {1, ethernet},                                     /* EN10MB */
    {9, ppp},        {50, ppp},                        /* PPP, PPP_SERIAL */
    {12, raw_ip},    {14, raw_ip},      {101, raw_ip}, /* RAW */
    {108, loopback},                                   /* LOOP */
    {113, sll},      {276, sll2},                      /* LINUX_SLL, LINUX_SLL2 */
    {51, pppoe},     {104, cisco_hdlc},                /* PPP_ETHER, C_HDLC */
    {228, ipv4},     {229, ipv6},                      /* IPV4, IPV6 */
    {239, nflog},
};

/* ---- tunnels ---------------------------------------------------------------- */

/* Does an Ethernet header begin there, by the type it names? */
static bool looks_like_ethernet(const struct walk *w, size_t at)
{
    return w->bytes.len >= at + 14 && LOOK_UP(ether_types, be16(w, at + 12));
}

/* Does an IP header, of the version at its beginning, know how long its packet is? */
static bool looks_like_ip(const struct walk *w)
{
    size_t there = w->bytes.len + w->absent;
    size_t length = u8(w, 0) >> 4 == 4 ? be16(w, 2) : be16(w, 4) + 40u;

    return length == there || (length < there && there <= ETHERNET_LEAST);
}

/* Labels down to the bottom of the stack; what follows has no type field, so
 * look at it (RFC 4385, 3): 4 and 6 are IP. Else it is Ethernet (RFC 4448), behind
 * a control word that begins with 0, or without one, as addresses may too; they may
 * begin with 4 and 6 as well (RFC 8469). */
static enum decode_result mpls(struct walk *w)
{
    unsigned first;
    bool bottom;

    do {
        if (w->bytes.len < 4)
            return too_short(w, 4);
        bottom = u8(w, 2) & 1;
        w->bytes = str_skip(w->bytes, 4);
    } while (!bottom);
    if (w->bytes.len < 1)
        return too_short(w, 1);
    first = u8(w, 0) >> 4;
    if ((first == 4 || first == 6) && (!looks_like_ethernet(w, 0) || looks_like_ip(w)))
        return go_on(w, 0, raw_ip);
    return go_on(w, first == 0 && !looks_like_ethernet(w, 0) ? 4 : 0, ethernet);
}

/* RFC 2784 and 2890, and the version 1 of PPTP (RFC 2637, 4.1). */
static enum decode_result gre(struct walk *w)
{
    size_t header = 4;
    uint16_t flags, type;

    if (w->bytes.len < 4)
        return too_short(w, 4);
    flags = be16(w, 0);
    type = be16(w, 2);
    if (flags & 0x4000) /* source routing (RFC 1701), long dead */
        return DECODE_NOT_TCP;
    header += flags & 0x8000 ? 4 : 0; /* checksum */
    if (flags & 0x2000) {             /* key */
        if (w->bytes.len < header + 4)
            return too_short(w, header + 4);
        if ((flags & 7) == 0)
            w->segment->vni = be32(w, header);
        header += 4;
    }
    header += flags & 0x1000 ? 4 : 0; /* sequence number */
    if ((flags & 7) == 1)
        header += flags & 0x0080 ? 4 : 0; /* acknowledgement */
    if (type == 0x88be)                   /* ERSPAN: type I without header, type II with */
        return go_on(w, header + (flags & 0x1000 ? 8 : 0), ethernet);
    if (type == 0x22eb) { /* ERSPAN III, with an optional part */
        if (w->bytes.len < header + 12)
            return too_short(w, header + 12);
        return go_on(w, header + (u8(w, header + 11) & 1 ? 20 : 12), ethernet);
    }
    if (w->bytes.len < header)
        return too_short(w, header);
    return after_ether_type(w, header, type);
}

static enum decode_result udp(struct walk *w)
{
    layer *next;

    if (w->bytes.len < 8)
        return too_short(w, 8);
    next = LOOK_UP(udp_ports, be16(w, 2));
    return next ? go_on(w, 8, next) : DECODE_NOT_TCP;
}

/* RFC 7348, 5. Reserved bits may be set (GBP uses some); the I bit must be. */
static enum decode_result vxlan(struct walk *w)
{
    if (w->bytes.len < 8)
        return too_short(w, 8);
    if (!(u8(w, 0) & 0x08))
        return DECODE_NOT_TCP;
    w->segment->vni = be32(w, 4) >> 8;
    return go_on(w, 8, ethernet);
}

/* RFC 8926, 3.4 */
static enum decode_result geneve(struct walk *w)
{
    size_t header;

    if (w->bytes.len < 8)
        return too_short(w, 8);
    header = 8 + (size_t)(u8(w, 0) & 0x3f) * 4;
    if (u8(w, 0) >> 6 != 0)
        return DECODE_NOT_TCP;
    if (w->bytes.len < header)
        return too_short(w, header);
    w->segment->vni = be32(w, 4) >> 8;
    return after_ether_type(w, header, be16(w, 2));
}

/* ---- IP --------------------------------------------------------------------- */

static void set_address(struct endpoint *ep, uint8_t family, const char *bytes)
{
    *ep = (struct endpoint){.family = family};
    memcpy(ep->address, bytes, family == 4 ? 4 : 16);
}

static enum decode_result ipv4(struct walk *w)
{
    size_t header, total;
    uint16_t offset;
    uint8_t protocol;

    if (w->bytes.len < 20)
        return too_short(w, 20);
    header = (size_t)(u8(w, 0) & 0xf) * 4;
    total = be16(w, 2);
    /* Segmentation is left to the card, and the frame knows the length; not so one
     * that may be padded, and has nothing to segment. */
    if (total == 0 && w->bytes.len + w->absent > ETHERNET_LEAST)
        total = w->bytes.len + w->absent;
    if (u8(w, 0) >> 4 != 4 || header < 20 || total < header)
        return DECODE_MALFORMED;
    trim(w, total);
    if (w->bytes.len < header)
        return too_short(w, header);
    protocol = u8(w, 9);
    set_address(&w->segment->from, 4, w->bytes.data + 12);
    set_address(&w->segment->to, 4, w->bytes.data + 16);
    offset = be16(w, 6);
    if (offset & 0x3fff) {
        if (!LOOK_UP(ip_protocols, protocol))
            return DECODE_NOT_TCP;
        *w->fragment = (struct fragment){
            .id = be16(w, 4),
            .protocol = protocol,
            .more = offset & 0x2000,
            .offset = (uint32_t)(offset & 0x1fff) * 8,
            .bytes = str_skip(w->bytes, header),
        };
        return w->absent ? DECODE_TRUNCATED : DECODE_FRAGMENT;
    }
    w->bytes = str_skip(w->bytes, header);
    return after_ip(w, protocol);
}

/* RFC 8200, 4.5. An atomic fragment (RFC 6946) is the whole datagram. */
static enum decode_result ipv6_fragment(struct walk *w)
{
    uint16_t offset = be16(w, 2);

    *w->fragment = (struct fragment){
        .id = be32(w, 4),
        .protocol = u8(w, 0),
        .more = offset & 1,
        .offset = offset & 0xfff8,
        .bytes = str_skip(w->bytes, 8),
    };
    if (!w->fragment->more && w->fragment->offset == 0)
        return DECODE_ON;
    if (!is_ipv6_extension(u8(w, 0)) && !LOOK_UP(ip_protocols, u8(w, 0)))
        return DECODE_NOT_TCP;
    return w->absent ? DECODE_TRUNCATED : DECODE_FRAGMENT;
}

/* Extension headers in front of `protocol`, which may follow a fragment too. */
static enum decode_result ipv6_extensions(struct walk *w, uint8_t protocol)
{
    for (int i = 0; i < MAX_LAYERS; i++) {
        enum decode_result result;
        size_t length;
        uint8_t following;

        if (!is_ipv6_extension(protocol))
            return after_ip(w, protocol);
        if (w->bytes.len < 8)
            return too_short(w, 8);
        following = u8(w, 0);
        length = ((size_t)u8(w, 1) + 1) * 8;
        if (protocol == 51)
            length = ((size_t)u8(w, 1) + 2) * 4;
        if (protocol == 44) {
            length = 8;
            result = ipv6_fragment(w);
            if (result != DECODE_ON)
                return result;
        }
        if (w->bytes.len < length)
            return too_short(w, length);
        w->bytes = str_skip(w->bytes, length);
        protocol = following;
    }
    return DECODE_MALFORMED;
}

static enum decode_result ipv6(struct walk *w)
{
    size_t length;
    uint8_t following;

    if (w->bytes.len < 40)
        return too_short(w, 40);
    if (u8(w, 0) >> 4 != 6)
        return DECODE_MALFORMED;
    set_address(&w->segment->from, 6, w->bytes.data + 8);
    set_address(&w->segment->to, 6, w->bytes.data + 24);
    length = be16(w, 4);
    following = u8(w, 6);
    if (length) /* else a jumbogram (RFC 2675), or the card segments it */
        trim(w, 40 + length);
    w->bytes = str_skip(w->bytes, 40);
    return ipv6_extensions(w, following);
}

/* RFC 4302, 2, behind IPv4; its length counts words of four, but for two. */
static enum decode_result ah(struct walk *w)
{
    size_t header;
    uint8_t protocol;

    if (w->bytes.len < 12)
        return too_short(w, 12);
    header = ((size_t)u8(w, 1) + 2) * 4;
    protocol = u8(w, 0);
    if (w->bytes.len < header)
        return too_short(w, header);
    w->bytes = str_skip(w->bytes, header);
    return after_ip(w, protocol);
}

/* RFC 9293, 3.1 */
static enum decode_result tcp(struct walk *w)
{
    struct segment *s = w->segment;
    size_t header;

    if (w->bytes.len < 20)
        return too_short(w, 20);
    header = (size_t)(u8(w, 12) >> 4) * 4;
    if (header < 20)
        return DECODE_MALFORMED;
    if (w->bytes.len < header)
        return too_short(w, header);
    s->from.port = be16(w, 0);
    s->to.port = be16(w, 2);
    s->seq = be32(w, 4);
    s->ack = be32(w, 8);
    s->flags = u8(w, 13);
    s->urgent = be16(w, 18);
    s->bytes = str_skip(w->bytes, header);
    s->missing = (uint32_t)w->absent;
    return DECODE_SEGMENT;
}

/* ---- the walk --------------------------------------------------------------- */

static enum decode_result walk(struct walk *w)
{
    for (int depth = 0; depth < MAX_LAYERS; depth++) {
        enum decode_result result = w->next(w);
        if (result != DECODE_ON)
            return result;
    }
    return DECODE_MALFORMED;
}

bool decode_knows(int link)
{
    return LOOK_UP(links, (uint32_t)link) != NULL;
}

enum decode_result decode_packet(const struct packet *p, struct segment *s, struct fragment *f)
{
    struct walk w = {.bytes = p->bytes, .segment = s, .fragment = f};

    w.absent = p->length > p->bytes.len ? p->length - p->bytes.len : 0;
    w.next = LOOK_UP(links, (uint32_t)p->link);
    *s = (struct segment){.ns = p->ns};
    return w.next ? walk(&w) : DECODE_NOT_IP;
}

bool decode_may_hold_tcp(uint8_t protocol, struct str beginning)
{
    const struct walk w = {.bytes = beginning};

    return LOOK_UP(ip_protocols, protocol) != udp || beginning.len < 4 ||
           LOOK_UP(udp_ports, be16(&w, 2));
}

enum decode_result decode_datagram(uint8_t protocol, struct str payload, struct segment *s,
                                   struct fragment *f)
{
    struct walk w = {.bytes = payload, .segment = s, .fragment = f};
    enum decode_result result =
        s->from.family == 6 ? ipv6_extensions(&w, protocol) : after_ip(&w, protocol);

    return result == DECODE_ON ? walk(&w) : result;
}

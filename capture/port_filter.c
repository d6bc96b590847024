#include "capture/port_filter.h"

#include "core/str.h"

/* The tables of decode.c, seen from outside: what may stand above TCP. Here is
 * what has no port to look at.
 *
 * - Of fragments only the first has ports, and all are needed to tell whether one
 *   is missing.
 * - pcap-filter's `port` looks right behind the fixed IPv6 header; behind
 *   extension headers, fragments' among them, may be anything.
 * - 4, 41, 47 and 51 are IP in IP, IPv6 in IP, GRE and the authentication
 *   header; the UDP ports are those of VXLAN (two), Geneve and GRE in UDP. */
static const char ip_without_port[] =
    " or ip[6:2] & 0x3fff != 0"
    " or (ip6 and not (ip6[6] = 6 or ip6[6] = 17 or ip6[6] = 58))"
    " or ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51"
    " or (udp and (dst port 4789 or dst port 8472 or dst port 6081 or dst port 4754))";

/* MPLS (two), PPPoE, bridged Ethernet, PPP; LLC of SNAP, and of any kind where
 * -i any has a cooked header's number for it. */
static const char link_tunnels[] =
    " or ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864"
    " or ether proto 0x6558 or ether proto 0x880b or ether proto 0xaa"
    " or ether proto 4";

static const char tags[] = " or ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100";

static int untagged(struct buf *out, const uint16_t *ports, size_t n, struct err *e)
{
    int rc = buf_add(out, STR("(tcp and ("), e);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = buf_printf(out, e, "%sport %u", i ? " or " : "", ports[i]);
    if (rc == 0)
        rc = buf_printf(out, e, "))%s%s", ip_without_port, link_tunnels);
    return rc;
}

/* `vlan` shifts what follows it in the expression, so it comes last. */
int port_filter(struct buf *out, const uint16_t *ports, size_t n, bool vlan, struct err *e)
{
    if (untagged(out, ports, n, e) < 0)
        return -1;
    if (vlan && (buf_add(out, STR(" or (vlan and ("), e) < 0 || untagged(out, ports, n, e) < 0))
        return -1;
    return buf_printf(out, e, "%s%s", tags, vlan ? "))" : "");
}

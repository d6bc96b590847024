#include "tests/support/rewrite.h"

#include <stdlib.h>
#include <string.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd, PROTOCOL_TCP = 6 };

static void *allocate(size_t n)
{
    void *p = calloc(n ? n : 1, 1);

    if (!p)
        abort();
    return p;
}

/* ---- looking into frames ---------------------------------------------------- */

static uint16_t get16(const unsigned char *b)
{
    return (uint16_t)(b[0] << 8 | b[1]);
}

static uint32_t get32(const unsigned char *b)
{
    return (uint32_t)get16(b) << 16 | get16(b + 2);
}

static void put16(unsigned char *b, unsigned v)
{
    b[0] = (unsigned char)(v >> 8);
    b[1] = (unsigned char)v;
}

static void put32(unsigned char *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b + 2, v & 0xffff);
}

/* Where IP begins; 0 if that is not known. */
static size_t find_ip(int link, const unsigned char *b, size_t n)
{
    size_t at = 12;

    if (link == LINK_NULL || link == LINK_LOOP)
        return 4;
    if (link != LINK_ETHERNET)
        return 0;
    while (at + 4 < n && (get16(b + at) == 0x8100 || get16(b + at) == 0x88a8))
        at += 4;
    if (at + 2 >= n || (get16(b + at) != ETHERTYPE_IPV4 && get16(b + at) != ETHERTYPE_IPV6))
        return 0;
    return at + 2;
}

/* FNV-1a (Noll); adding up makes both directions the same. */
static uint64_t end_hash(const unsigned char *address, size_t n, const unsigned char *port)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < n; i++)
        h = (h ^ address[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < 2; i++)
        h = (h ^ port[i]) * UINT64_C(1099511628211);
    return h;
}

static bool view_ip(const unsigned char *b, size_t n, struct tcp_view *v)
{
    const unsigned char *ip = b + v->ip;

    if (v->ip + 40 > n)
        return false;
    v->ipv6 = ip[0] >> 4 == 6;
    if (v->ipv6) {
        v->tcp = v->ip + 40;
        v->end = v->tcp + get16(ip + 4);
        return ip[6] == PROTOCOL_TCP;
    }
    v->tcp = v->ip + (ip[0] & 15) * 4u;
    v->end = v->ip + get16(ip + 2);
    return ip[0] >> 4 == 4 && ip[9] == PROTOCOL_TCP && !(get16(ip + 6) & 0x3fff);
}

bool packets_view(const struct packets *p, size_t i, struct tcp_view *v)
{
    const unsigned char *b = (const unsigned char *)p->bytes.data + p->frame[i].at;
    size_t n = p->frame[i].captured, width;
    const unsigned char *address;

    *v = (struct tcp_view){.ip = find_ip(p->link, b, n)};
    if (p->link != LINK_RAW && v->ip == 0)
        return false;
    if (!view_ip(b, n, v) || v->tcp + 20 > n || v->end > n)
        return false;
    v->payload = v->tcp + (b[v->tcp + 12] >> 4) * 4u;
    if (v->payload > v->end)
        return false;
    width = v->ipv6 ? 16 : 4;
    address = b + v->ip + (v->ipv6 ? 8 : 12);
    v->flow =
        end_hash(address, width, b + v->tcp) + end_hash(address + width, width, b + v->tcp + 2);
    for (size_t k = 0; k < v->ip; k++) /* VLAN tags, not addresses */
        v->flow += k >= 12 ? (uint64_t)b[k] << k % 8 : 0;
    return true;
}

/* ---- files ------------------------------------------------------------------ */

struct reader {
    FILE *in;
    bool swapped, nanoseconds;
};

static bool read32(struct reader *r, uint32_t *v)
{
    if (fread(v, sizeof *v, 1, r->in) != 1)
        return false;
    if (r->swapped)
        *v = __builtin_bswap32(*v);
    return true;
}

static bool read_header(struct reader *r, struct packets *p)
{
    uint32_t magic, word[5];

    if (!read32(r, &magic))
        return false;
    r->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
    r->nanoseconds = magic == 0xa1b23c4d || magic == 0x4d3cb2a1;
    if (!r->swapped && !r->nanoseconds && magic != 0xa1b2c3d4)
        return false;
    for (size_t i = 0; i < 5; i++) {
        if (!read32(r, &word[i]))
            return false;
    }
    p->link = (int)word[4];
    return true;
}

static bool read_frame(struct reader *r, struct packets *p)
{
    uint32_t seconds, fraction, captured, length;
    char *bytes;
    bool ok;

    if (!read32(r, &seconds) || !read32(r, &fraction) || !read32(r, &captured) ||
        !read32(r, &length) || captured > 1 << 20)
        return false;
    bytes = allocate(captured);
    ok = fread(bytes, 1, captured, r->in) == captured;
    if (ok) {
        p->ns = seconds * INT64_C(1000000000) + fraction * (r->nanoseconds ? 1 : INT64_C(1000));
        packets_frame(p, bytes, captured);
        p->frame[p->n - 1].length = length;
    }
    free(bytes);
    return ok;
}

bool packets_load(struct packets *p, const char *path)
{
    struct reader r = {.in = fopen(path, "rb")};
    bool ok;

    if (!r.in)
        return false;
    ok = read_header(&r, p);
    while (ok && read_frame(&r, p))
        ;
    fclose(r.in);
    return ok;
}

/* ---- other frames in place of these ------------------------------------------ */

static struct packets begin_anew(const struct packets *p)
{
    struct packets new;

    packets_init(&new, p->link);
    new.step_ns = 0;
    return new;
}

static void replace(struct packets *p, struct packets *new)
{
    new->step_ns = p->step_ns;
    packets_release(p);
    *p = *new;
}

void packets_tag(struct packets *p, unsigned port, unsigned to_port, unsigned other)
{
    enum { ADDRESSES = 12, TAG = 4 };
    struct packets new = begin_anew(p);

    for (size_t i = 0; i < p->n; i++) {
        const struct frame *f = &p->frame[i];
        const char *bytes = p->bytes.data + f->at;
        unsigned char *b = allocate(f->captured + TAG);
        struct tcp_view v;
        bool up = packets_view(p, i, &v) && get16((const unsigned char *)bytes + v.tcp + 2) == port;

        memcpy(b, bytes, ADDRESSES);
        put16(b + ADDRESSES, 0x8100);
        put16(b + ADDRESSES + 2, up ? to_port : other);
        memcpy(b + ADDRESSES + TAG, bytes + ADDRESSES, f->captured - ADDRESSES);
        new.ns = f->ns;
        packets_frame(&new, b, f->captured + TAG);
        new.frame[i].length = f->length + TAG;
        free(b);
    }
    replace(p, &new);
}

/* ---- segments --------------------------------------------------------------- */

/* Add bytes `from` to `to` of the payload as a frame of their own, `v` telling
 * where things are in the frame at `old`. */
static void add_part(struct packets *p, const char *old, const struct tcp_view *v, size_t from,
                     size_t to)
{
    size_t head = v->payload, n = to - from, all = v->end - v->payload;
    unsigned char *b = allocate(head + n), *ip = b + v->ip, *tcp = b + v->tcp;

    memcpy(b, old, head);
    memcpy(b + head, old + head + from, n);
    if (v->ipv6)
        put16(ip + 4, (unsigned)(head + n - v->tcp));
    else
        put16(ip + 2, (unsigned)(head + n - v->ip));
    put32(tcp + 4, get32(tcp + 4) + (uint32_t)from);
    if (to < all)
        tcp[13] &= (unsigned char)~(FIN | PSH | RST);
    packets_frame(p, b, head + n);
    free(b);
}

/* The first part has `first` bytes, the others `most`. */
static void split_frame(struct packets *p, const struct packets *old, size_t i, size_t first,
                        size_t most)
{
    const struct frame *f = &old->frame[i];
    const char *bytes = old->bytes.data + f->at;
    size_t n, at = 0, part = first;
    struct tcp_view v;

    p->ns = f->ns;
    /* An urgent pointer counts from the number of its segment, a SYN is in front. */
    if (f->captured < f->length || !packets_view(old, i, &v) || v.end - v.payload <= first ||
        (bytes[v.tcp + 13] & (URG | SYN))) {
        packets_frame(p, bytes, f->captured);
        p->frame[p->n - 1].length = f->length;
        return;
    }
    for (n = v.end - v.payload; at < n; at += part, part = most)
        add_part(p, bytes, &v, at, n - at < part ? n : at + part);
}

static void split_all(struct packets *p, size_t first, size_t most)
{
    struct packets new = begin_anew(p);

    for (size_t i = 0; i < p->n; i++)
        split_frame(&new, p, i, first, most);
    replace(p, &new);
}

void packets_split(struct packets *p, size_t most)
{
    split_all(p, most, most);
}

void packets_cut(struct packets *p, size_t at)
{
    split_all(p, at, SIZE_MAX / 2);
}

/* ---- disorder and loss ------------------------------------------------------ */

struct place {
    uint64_t flow;
    size_t frame;
};

static int by_flow(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->flow != y->flow)
        return x->flow < y->flow ? -1 : 1;
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void swap_contents(struct packets *p, size_t a, size_t b)
{
    struct frame x = p->frame[a], y = p->frame[b];

    p->frame[a] = y;
    p->frame[b] = x;
    p->frame[a].ns = x.ns;
    p->frame[b].ns = y.ns;
}

void packets_shuffle_flows(struct packets *p, size_t window, uint64_t seed)
{
    struct place *place = allocate(p->n * sizeof *place);
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        struct tcp_view v;
        if (packets_view(p, i, &v))
            place[n++] = (struct place){v.flow, i};
    }
    qsort(place, n, sizeof *place, by_flow);
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start; end < n && end < start + window; end++) {
            if (place[end].flow != place[start].flow)
                break;
        }
        for (size_t i = end - start; i > 1; i--)
            swap_contents(p, place[start + i - 1].frame,
                          place[start + packets_random(&seed) % i].frame);
    }
    free(place);
}

void packets_drop(struct packets *p, unsigned one_in, uint64_t seed, bool *taken)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++) {
        bool take = packets_random(&seed) % one_in == 0;
        if (taken)
            taken[i] = take;
        if (!take)
            p->frame[kept++] = p->frame[i];
    }
    p->n = kept;
}

#include "tests/support/packets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tests/support/packets: %s\n", what);
    abort();
}

void packets_init(struct packets *p, int link)
{
    *p = (struct packets){
        .link = link,
        .ns = INT64_C(1700000000) * 1000000000,
        .step_ns = 1000000,
    };
    buf_init(&p->bytes, SIZE_MAX / 2);
}

void packets_release(struct packets *p)
{
    buf_release(&p->bytes);
    free(p->frame);
    p->frame = NULL;
    p->n = p->cap = 0;
}

void packets_clear(struct packets *p)
{
    buf_reset(&p->bytes);
    p->n = 0;
}

static void put(struct packets *p, const void *bytes, size_t n)
{
    check(buf_append(&p->bytes, bytes, n, NULL) == 0, "out of memory");
}

static void put16(struct packets *p, unsigned v)
{
    unsigned char b[2] = {(unsigned char)(v >> 8), (unsigned char)v};

    put(p, b, sizeof b);
}

static void put32(struct packets *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p, v & 0xffff);
}

static size_t begin_frame(struct packets *p)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->frame = realloc(p->frame, p->cap * sizeof *p->frame);
        check(p->frame != NULL, "out of memory");
    }
    return p->bytes.len;
}

static void end_frame(struct packets *p, size_t at)
{
    uint32_t n = (uint32_t)(p->bytes.len - at);

    p->frame[p->n++] = (struct frame){.at = at, .captured = n, .length = n, .ns = p->ns};
    p->ns += p->step_ns;
}

void packets_frame(struct packets *p, const void *bytes, size_t n)
{
    size_t at = begin_frame(p);

    put(p, bytes, n);
    end_frame(p, at);
}

static void put_link(struct packets *p, bool ipv6)
{
    unsigned type = ipv6 ? 0x86dd : 0x0800;

    switch (p->link) {
    case LINK_ETHERNET:
        put(p, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
        for (int i = 0; i < 3 && p->vlan[i]; i++) {
            put16(p, i == 0 && p->vlan[1] ? 0x88a8 : 0x8100);
            put16(p, p->vlan[i]);
        }
        put16(p, type);
        break;
    case LINK_SLL:
        put(p, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0", 14);
        put16(p, type);
        break;
    case LINK_NULL: { /* in the byte order of whoever writes */
        uint32_t family = ipv6 ? 30 : 2;
        put(p, &family, sizeof family);
        break;
    }
    case LINK_LOOP:
        put32(p, ipv6 ? 30 : 2);
        break;
    default:
        break;
    }
}

static void put_ip(struct packets *p, const struct tcp *t)
{
    static const unsigned char prefix[12] = {0xfd, 0};
    size_t len = 20 + t->len;

    if (t->ipv6) {
        check(len <= 65535, "segment too long");
        put32(p, 0x60000000);
        put16(p, (unsigned)len);
        put16(p, 6 << 8 | 64);
        put(p, prefix, sizeof prefix);
        put32(p, t->from);
        put(p, prefix, sizeof prefix);
        put32(p, t->to);
        return;
    }
    check(len + 20 <= 65535, "segment too long");
    put16(p, 0x4500);
    put16(p, (unsigned)len + 20);
    put32(p, 0x00004000);
    put16(p, 64 << 8 | 6);
    put16(p, 0); /* checksums are not looked at */
    put32(p, t->from);
    put32(p, t->to);
}

void packets_tcp(struct packets *p, const struct tcp *t)
{
    size_t at = begin_frame(p);

    put_link(p, t->ipv6);
    put_ip(p, t);
    put16(p, t->from_port);
    put16(p, t->to_port);
    put32(p, t->seq);
    put32(p, t->ack);
    put16(p, 0x5000u | t->flags);
    put16(p, 65535);
    put16(p, 0);
    put16(p, t->urgent);
    if (t->len)
        put(p, t->bytes, t->len);
    end_frame(p, at);
}

/* ---- talks ------------------------------------------------------------------ */

void talk_init(struct talk *t, struct packets *p, uint16_t client_port)
{
    *t = (struct talk){
        .packets = p,
        .address = {0x0a000001, 0x0a000002},
        .port = {client_port, 80},
        .seq = {client_port * UINT32_C(2654435761), client_port * UINT32_C(40503)},
        .mss = 1460,
    };
}

static void segment(struct talk *t, int dir, uint8_t flags, const void *bytes, size_t n)
{
    struct tcp s = {
        .ipv6 = t->ipv6,
        .from = t->address[dir],
        .to = t->address[!dir],
        .from_port = t->port[dir],
        .to_port = t->port[!dir],
        .seq = t->seq[dir],
        .ack = flags & ACK ? t->seq[!dir] : 0,
        .flags = flags,
        .bytes = bytes,
        .len = n,
    };

    packets_tcp(t->packets, &s);
    t->seq[dir] += (uint32_t)n + ((flags & SYN) != 0) + ((flags & FIN) != 0);
}

void talk_open(struct talk *t)
{
    segment(t, 0, SYN, NULL, 0);
    segment(t, 1, SYN | ACK, NULL, 0);
    segment(t, 0, ACK, NULL, 0);
}

void talk_send(struct talk *t, int dir, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n > 0) {
        size_t part = n < t->mss ? n : t->mss;
        segment(t, dir, ACK | PSH, at, part);
        at += part;
        n -= part;
    }
}

void talk_say(struct talk *t, int dir, const char *text)
{
    talk_send(t, dir, text, strlen(text));
}

void talk_flags(struct talk *t, int dir, uint8_t flags)
{
    segment(t, dir, flags | ACK, NULL, 0);
}

void talk_lose(struct talk *t, int dir, size_t n)
{
    t->seq[dir] += (uint32_t)n;
}

void talk_close(struct talk *t)
{
    talk_flags(t, 1, FIN);
    talk_flags(t, 0, FIN);
    talk_flags(t, 1, 0);
}

/* ---- files ------------------------------------------------------------------ */

static void write32(FILE *out, uint32_t v, unsigned flavour)
{
    if (flavour & PCAP_SWAPPED)
        v = __builtin_bswap32(v);
    check(fwrite(&v, sizeof v, 1, out) == 1, "cannot write");
}

void packets_write_header(const struct packets *p, FILE *out, unsigned flavour)
{
    uint32_t version = flavour & PCAP_SWAPPED ? 2u << 16 | 4 : 4u << 16 | 2;

    write32(out, flavour & PCAP_MICRO ? 0xa1b2c3d4 : 0xa1b23c4d, flavour);
    write32(out, version, flavour); /* two numbers of 16 bits */
    write32(out, 0, flavour);
    write32(out, 0, flavour);
    write32(out, 262144, flavour);
    write32(out, (uint32_t)p->link, flavour);
}

void packets_write_frames(const struct packets *p, FILE *out, unsigned flavour)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct frame *f = &p->frame[i];
        int64_t fraction = f->ns % 1000000000;
        write32(out, (uint32_t)(f->ns / 1000000000), flavour);
        write32(out, (uint32_t)(flavour & PCAP_MICRO ? fraction / 1000 : fraction), flavour);
        write32(out, f->captured, flavour);
        write32(out, f->length, flavour);
        check(fwrite(p->bytes.data + f->at, 1, f->captured, out) == f->captured, "cannot write");
    }
}

static int memory_file(char path[PACKETS_PATH])
{
    int fd = memfd_create("packets", MFD_CLOEXEC);

    check(fd >= 0, "memfd_create");
    snprintf(path, PACKETS_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

int packets_file(const struct packets *p, unsigned flavour, char path[PACKETS_PATH])
{
    int fd = memory_file(path);
    FILE *out = fdopen(dup(fd), "wb");

    check(out != NULL, "fdopen");
    packets_write_header(p, out, flavour);
    packets_write_frames(p, out, flavour);
    check(fclose(out) == 0, "cannot write");
    return fd;
}

int bytes_file(const void *bytes, size_t n, char path[PACKETS_PATH])
{
    int fd = memory_file(path);

    check(write(fd, bytes, n) == (ssize_t)n, "cannot write");
    return fd;
}

/* ---- disorder --------------------------------------------------------------- */

uint64_t packets_random(uint64_t *state)
{
    /* xorshift64 (Marsaglia 2003) */
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void swap_frames(struct packets *p, size_t a, size_t b)
{
    struct frame f = p->frame[a];
    int64_t ns = f.ns;

    f.ns = p->frame[b].ns;
    p->frame[a] = p->frame[b];
    p->frame[a].ns = ns;
    p->frame[b] = f;
}

void packets_shuffle(struct packets *p, size_t window, uint64_t seed)
{
    for (size_t start = 0; start < p->n; start += window) {
        size_t n = p->n - start < window ? p->n - start : window;
        for (size_t i = n; i > 1; i--)
            swap_frames(p, start + i - 1, start + packets_random(&seed) % i);
    }
}

void packets_double(struct packets *p)
{
    size_t n = p->n;
    struct frame *twice = malloc((2 * n + 1) * sizeof *twice);

    check(twice != NULL, "out of memory");
    for (size_t i = 0; i < n; i++)
        twice[2 * i] = twice[2 * i + 1] = p->frame[i];
    free(p->frame);
    p->frame = twice;
    p->n = 2 * n;
    p->cap = 2 * n + 1;
}

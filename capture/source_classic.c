#include <byteswap.h>
#include <string.h>

#include "capture/source_format.h"
#include "capture/source_link.h"
#include "core/clock.h"
#include "core/mem.h"

/* The classic format as nearly everybody writes it: version 2.4, microseconds or
 * nanoseconds, in either byte order. Packets are looked at where the file was
 * read to, at half of what they cost through libpcap, which copies each by two
 * calls of stdio. What is older or odd is left to libpcap, in source_pcap.c.
 *
 * https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */

enum { FILE_HEADER = 24, PACKET_HEADER = 16, SNAPLEN_MAX = 262144 };

struct classic_file {
    struct capture_file *file;
    struct link link;
    bool swapped;
    int64_t unit_ns; /* of the second number of a time */
    uint32_t snaplen;
    struct packet packet;
};

static uint16_t get16(bool swapped, const char *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof v);
    return swapped ? bswap_16(v) : v;
}

static uint32_t get32(bool swapped, const char *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return swapped ? bswap_32(v) : v;
}

/* ---- opening ---------------------------------------------------------------- */

/* How the file is written, by its first number; false if that is another. */
static bool read_magic(struct classic_file *s, const char *header)
{
    static const struct {
        uint32_t magic;
        int64_t unit_ns;
    } kinds[] = {
        {0xa1b2c3d4, NS_PER_US},
        {0xa1b23c4d, 1},
    };
    uint32_t magic = get32(false, header);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        s->swapped = magic == bswap_32(kinds[i].magic);
        s->unit_ns = kinds[i].unit_ns;
        if (s->swapped || magic == kinds[i].magic)
            return true;
    }
    return false;
}

/* False if it is none of ours. Of the link type the upper half would tell the
 * length of checksums; NFLOG has numbers in the writer's byte order. */
static bool read_header(struct classic_file *s, const char *header)
{
    uint32_t snaplen, linktype;

    if (!header || !read_magic(s, header))
        return false;
    snaplen = get32(s->swapped, header + 16);
    linktype = get32(s->swapped, header + 20);
    s->snaplen = snaplen && snaplen <= SNAPLEN_MAX ? snaplen : SNAPLEN_MAX;
    s->link.type = link_type((int)linktype);
    return get16(s->swapped, header + 4) == 2 && get16(s->swapped, header + 6) == 4 &&
           linktype <= UINT16_MAX && !(s->swapped && s->link.type == DLT_NFLOG);
}

static bool accepts(struct window *in)
{
    struct classic_file s;

    return read_header(&s, window_look(in, FILE_HEADER));
}

static void close_classic(void *self)
{
    struct classic_file *s = self;

    link_close(&s->link);
    mem_free(s);
}

static void *open_classic(struct capture_file *file, struct err *e)
{
    struct classic_file *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening a pcap file");
        return NULL;
    }
    s->file = file;
    read_header(s, window_look(&file->in, FILE_HEADER));
    window_pass(&file->in, FILE_HEADER);
    if (link_open(&s->link, s->link.type, file->config->filter, e) == 0) {
        if (s->link.known)
            return s;
        link_refuse(file->name, s->link.type, e);
    }
    close_classic(s);
    return NULL;
}

/* ---- reading ---------------------------------------------------------------- */

/* Files that were joined with cat: a time and a fraction that read like the
 * beginning of one come by chance once in December 2055, if ever. */
static bool begins_file(const char *h)
{
    struct classic_file s;

    return read_magic(&s, h) && get16(s.swapped, h + 4) == 2 && get16(s.swapped, h + 6) == 4;
}

/* Fill s->packet with the next. Returns 1, 0 at the end, or -1 with *e set. A
 * packet longer than the file says it could be is cut, as libpcap does. */
static int next(struct classic_file *s, struct err *e)
{
    struct window *in = &s->file->in;
    const char *h = window_look(in, PACKET_HEADER);
    uint32_t captured, length;

    if (!h)
        return window_is_over(in) ? 0 : window_cut(in, "the header of a packet", e);
    if (begins_file(h))
        return err_set(e, ERR_DAMAGED, "another file begins here; give each with -r of its own");
    captured = get32(s->swapped, h + 8);
    if (captured > SNAPLEN_MAX)
        return err_set(e, ERR_DAMAGED, "it has %u bytes, more than %d", captured, SNAPLEN_MAX);
    h = window_look(in, PACKET_HEADER + captured);
    if (!h)
        return window_cut(in, "a packet", e);
    window_pass(in, PACKET_HEADER + captured);
    length = get32(s->swapped, h + 12);
    if (captured > s->snaplen)
        captured = s->snaplen;
    s->packet = (struct packet){
        .bytes = str_from(h + PACKET_HEADER, captured),
        .length = length > captured ? length : captured,
        .link = s->link.type,
        .ns = get32(s->swapped, h) * NS_PER_SEC + get32(s->swapped, h + 4) * s->unit_ns,
    };
    return 1;
}

static int read_classic(void *self, int max, const struct packet_handler *handler, struct err *e)
{
    struct classic_file *s = self;

    for (int i = 0; i < max; i++) {
        int got = next(s, e);

        if (got <= 0)
            return got;
        s->file->number++;
        if (link_passes(&s->link, &s->packet) && !handler->take(handler->ctx, &s->packet))
            break;
    }
    return 1;
}

const struct file_format format_classic = {
    .accepts = accepts,
    .open = open_classic,
    .read = read_classic,
    .close = close_classic,
};

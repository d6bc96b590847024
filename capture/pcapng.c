#include "capture/pcapng.h"

#include <byteswap.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"

/* DESIGN
 *
 * libpcap gives up at the first interface whose link type or length limit is
 * not that of the first one, as in files of mergecap, or of dumpcap with
 * several interfaces. That interface may be described behind a million packets,
 * and a pipe cannot be read again. So this reader is used for every pcapng file
 * and not only for those: there is one path, and all tests go along it.
 *
 * A file is a row of blocks: type, length, body, and the length again. A
 * section header gives the byte order of what follows and forgets all
 * interfaces; its type reads the same in both orders. Once a length has turned
 * out wrong nothing behind it can be trusted, so that is the end. */

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BYTE_ORDER = 0x1a2b3c4d,
    BLOCK_FRAME = 12,             /* what stands around a body */
    SECTION_MIN = 28,             /* a section header without options */
    BLOCK_MAX = 16 * 1024 * 1024, /* of those that are used */
    INTERFACES_MAX = 65536,       /* of a section */
};

/* Later times become that one: 2255, with room for timers in 63 bits of ns. */
#define SECONDS_MAX INT64_C(9000000000)

struct interface {
    int link;
    uint32_t snaplen; /* 0 is no limit */
    bool binary;      /* units of time are 2^-digits s, else 10^-digits s */
    uint8_t digits;
    uint64_t units;     /* in a second */
    int64_t offset_sec; /* added to all times */
};

struct pcapng {
    struct window *in;
    bool swapped;
    struct interface *interface;
    size_t n, cap;
    int64_t ns; /* of the packet before */
};

/* What the kinds of packet blocks have in common. */
struct fields {
    const struct interface *interface;
    int64_t ns;
    uint32_t captured, length;
    struct str data; /* at least what was captured, if that is true */
};

/* ---- bytes ------------------------------------------------------------------ */

static uint16_t get16(const struct pcapng *r, const char *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof v);
    return r->swapped ? bswap_16(v) : v;
}

static uint32_t get32(const struct pcapng *r, const char *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return r->swapped ? bswap_32(v) : v;
}

static uint64_t get64(const struct pcapng *r, const char *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return r->swapped ? bswap_64(v) : v;
}

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_DAMAGED, "%s", what);
}

static int cut_short(const struct pcapng *r, struct err *e)
{
    return window_cut(r->in, "a block", e);
}

/* Take `n` bytes; they lie there until the next are taken. NULL with *e set. */
static const char *take(struct pcapng *r, size_t n, struct err *e)
{
    const char *bytes = window_look(r->in, n);

    if (bytes)
        window_pass(r->in, n);
    else
        cut_short(r, e);
    return bytes;
}

/* ---- blocks ----------------------------------------------------------------- */

static int check_length(uint32_t length, uint32_t least, struct err *e)
{
    return length >= least && length % 4 == 0 ? 0 : damaged(e, "a block has an impossible length");
}

static int check_end(const struct pcapng *r, const char *at, uint32_t length, struct err *e)
{
    return get32(r, at) == length ? 0 : damaged(e, "a block has two different lengths");
}

/* Pass over `n` bytes of a block's body, to its end. */
static int skip_rest(struct pcapng *r, size_t n, uint32_t length, struct err *e)
{
    const char *end;

    if (!window_skip(r->in, n))
        return cut_short(r, e);
    end = take(r, 4, e);
    return end ? check_end(r, end, length, e) : -1;
}

static int read_body(struct pcapng *r, uint32_t length, struct str *body, struct err *e)
{
    size_t n = length - BLOCK_FRAME;
    const char *bytes;

    if (length > BLOCK_MAX)
        return err_set(e, ERR_DAMAGED, "a block of %u bytes, more than %d", length, BLOCK_MAX);
    bytes = take(r, n + 4, e);
    if (!bytes || check_end(r, bytes + n, length, e) < 0)
        return -1;
    *body = str_from(bytes, n);
    return 0;
}

/* A section header behind its type; its length is in a byte order that is not
 * known before the body begins. */
static int begin_section(struct pcapng *r, struct err *e)
{
    /* block length, byte order, version, section length */
    const char *bytes = take(r, 20, e);
    uint32_t length;

    if (!bytes)
        return -1;
    r->swapped = false;
    r->swapped = get32(r, bytes + 4) != BYTE_ORDER;
    if (get32(r, bytes + 4) != BYTE_ORDER)
        return damaged(e, "a section without byte order");
    if (get16(r, bytes + 8) != 1)
        return err_set(e, ERR_DAMAGED, "version %u of pcapng is not supported",
                       get16(r, bytes + 8));
    length = get32(r, bytes);
    if (check_length(length, SECTION_MIN, e) < 0)
        return -1;
    r->n = 0;
    return skip_rest(r, length - SECTION_MIN, length, e);
}

/* ---- interfaces -------------------------------------------------------------- */

static int set_resolution(struct interface *i, uint8_t value, struct err *e)
{
    i->binary = value & 0x80;
    i->digits = value & 0x7f;
    if (i->digits > (i->binary ? 63 : 19))
        return damaged(e, "an interface with an impossible resolution of time");
    i->units = 1;
    for (int k = 0; k < i->digits; k++)
        i->units *= i->binary ? 2 : 10;
    return 0;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static int set_option(struct pcapng *r, struct interface *i, uint16_t code, struct str value,
                      struct err *e)
{
    enum { TSRESOL = 9, TSOFFSET = 14 };

    if (code == TSRESOL && value.len == 1)
        return set_resolution(i, (uint8_t)value.data[0], e);
    if (code == TSOFFSET && value.len == 8)
        i->offset_sec = clamp((int64_t)get64(r, value.data), -SECONDS_MAX, SECONDS_MAX);
    else if (code == TSRESOL || code == TSOFFSET)
        return damaged(e, "an option has an impossible length");
    return 0;
}

static int read_options(struct pcapng *r, struct interface *i, struct str options, struct err *e)
{
    while (options.len >= 4) {
        uint16_t code = get16(r, options.data), length = get16(r, options.data + 2);
        size_t padded = ((size_t)length + 3) & ~(size_t)3;

        if (code == 0)
            return 0;
        if (padded > options.len - 4)
            return damaged(e, "an option is longer than its block");
        if (set_option(r, i, code, str_from(options.data + 4, length), e) < 0)
            return -1;
        options = str_skip(options, 4 + padded);
    }
    return 0;
}

static struct interface *add_interface(struct pcapng *r, struct err *e)
{
    if (r->n == INTERFACES_MAX) {
        err_set(e, ERR_DAMAGED, "more than %d interfaces", INTERFACES_MAX);
        return NULL;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 8;
        struct interface *grown = mem_realloc(r->interface, cap * sizeof *grown);
        if (!grown) {
            err_nomem(e, "reading a pcapng file");
            return NULL;
        }
        r->interface = grown;
        r->cap = cap;
    }
    return &r->interface[r->n++];
}

static int read_interface(struct pcapng *r, struct str body, struct packet *p, struct err *e)
{
    struct interface *i;

    if (body.len < 8)
        return damaged(e, "a block is too short");
    i = add_interface(r, e);
    if (!i)
        return -1;
    *i = (struct interface){.link = get16(r, body.data), .snaplen = get32(r, body.data + 4)};
    if (set_resolution(i, 6, e) < 0 || read_options(r, i, str_skip(body, 8), e) < 0)
        return -1;
    *p = (struct packet){.link = i->link};
    return PCAPNG_INTERFACE;
}

/* ---- packets ----------------------------------------------------------------- */

/* A time below a second, in nanoseconds. */
static int64_t fraction_ns(const struct interface *i, uint64_t units)
{
    uint64_t ns = units;

    if (i->binary) /* at most 30 bits each, so that the product fits */
        return i->digits <= 30 ? (int64_t)(units * NS_PER_SEC >> i->digits)
                               : (int64_t)((units >> (i->digits - 30)) * NS_PER_SEC >> 30);
    for (int k = i->digits; k < 9; k++)
        ns *= 10;
    for (int k = i->digits; k > 9; k--)
        ns /= 10;
    return (int64_t)ns;
}

static int64_t time_of(const struct interface *i, uint64_t units)
{
    uint64_t seconds = units / i->units;
    int64_t whole = seconds < SECONDS_MAX ? (int64_t)seconds : SECONDS_MAX;

    return clamp(whole + i->offset_sec, 0, SECONDS_MAX) * NS_PER_SEC +
           fraction_ns(i, units % i->units);
}

static const struct interface *find_interface(const struct pcapng *r, uint32_t number,
                                              struct err *e)
{
    if (number < r->n)
        return &r->interface[number];
    err_set(e, ERR_DAMAGED, "a packet of interface %u, which was not described", number);
    return NULL;
}

static int give(struct pcapng *r, const struct fields *f, struct packet *p, struct err *e)
{
    if (f->captured > f->data.len)
        return damaged(e, "a packet is longer than its block");
    r->ns = f->ns;
    *p = (struct packet){
        .bytes = str_from(f->data.data, f->captured),
        .length = f->length > f->captured ? f->length : f->captured,
        .link = f->interface->link,
        .ns = f->ns,
    };
    return PCAPNG_PACKET;
}

/* Behind the number of the interface the two kinds with a time are the same. */
static int give_timed(struct pcapng *r, uint32_t number, struct str body, struct packet *p,
                      struct err *e)
{
    const struct interface *i = find_interface(r, number, e);
    uint64_t units = (uint64_t)get32(r, body.data + 4) << 32 | get32(r, body.data + 8);

    if (!i)
        return -1;
    return give(r,
                &(struct fields){
                    .interface = i,
                    .ns = time_of(i, units),
                    .captured = get32(r, body.data + 12),
                    .length = get32(r, body.data + 16),
                    .data = str_skip(body, 20),
                },
                p, e);
}

static int read_enhanced(struct pcapng *r, struct str body, struct packet *p, struct err *e)
{
    if (body.len < 20)
        return damaged(e, "a block is too short");
    return give_timed(r, get32(r, body.data), body, p, e);
}

/* Obsolete: the interface has 16 bits, the others count drops. */
static int read_obsolete(struct pcapng *r, struct str body, struct packet *p, struct err *e)
{
    if (body.len < 20)
        return damaged(e, "a block is too short");
    return give_timed(r, get16(r, body.data), body, p, e);
}

/* Of the first interface, without a time: take that of the packet before. What
 * was captured is all there was up to the interface's limit. */
static int read_simple(struct pcapng *r, struct str body, struct packet *p, struct err *e)
{
    const struct interface *i = find_interface(r, 0, e);
    struct fields f = {.interface = i, .ns = r->ns};

    if (!i)
        return -1;
    if (body.len < 4)
        return damaged(e, "a block is too short");
    f.length = f.captured = get32(r, body.data);
    if (i->snaplen && f.captured > i->snaplen)
        f.captured = i->snaplen;
    f.data = str_skip(body, 4);
    return give(r, &f, p, e);
}

/* ---- events ------------------------------------------------------------------ */

static const struct block_kind {
    uint32_t type;
    int (*read)(struct pcapng *r, struct str body, struct packet *p, struct err *e);
} kinds[] = {
    {6, read_enhanced},
    {1, read_interface},
    {3, read_simple},
    {2, read_obsolete},
};

static const struct block_kind *find_kind(uint32_t type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].type == type)
            return &kinds[i];
    }
    return NULL;
}

/* A block behind its type. Returns an event, 0 if it is none, or -1. */
static int read_block(struct pcapng *r, uint32_t type, struct packet *p, struct err *e)
{
    const struct block_kind *kind = find_kind(type);
    const char *bytes = take(r, 4, e);
    struct str body = {0};
    uint32_t length;

    if (!bytes)
        return -1;
    length = get32(r, bytes);
    if (check_length(length, BLOCK_FRAME, e) < 0)
        return -1;
    if (!kind)
        return skip_rest(r, length - BLOCK_FRAME, length, e);
    return read_body(r, length, &body, e) < 0 ? -1 : kind->read(r, body, p, e);
}

int pcapng_next(struct pcapng *r, struct packet *p, struct err *e)
{
    int event = 0;

    while (event == 0) {
        const char *bytes;
        uint32_t type;

        if (window_is_over(r->in))
            return PCAPNG_END;
        bytes = take(r, 4, e);
        if (!bytes)
            return -1;
        type = get32(r, bytes);
        event = type == BLOCK_SECTION ? begin_section(r, e) : read_block(r, type, p, e);
    }
    return event;
}

static int read_start(struct pcapng *r, struct err *e)
{
    const char *bytes = take(r, 4, e);

    if (!bytes)
        return -1;
    if (get32(r, bytes) != BLOCK_SECTION)
        return damaged(e, "no section header");
    return begin_section(r, e);
}

struct pcapng *pcapng_open(struct window *in, struct err *e)
{
    struct pcapng *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "opening a pcapng file");
        return NULL;
    }
    r->in = in;
    if (read_start(r, e) == 0)
        return r;
    pcapng_close(r);
    return NULL;
}

void pcapng_close(struct pcapng *r)
{
    if (!r)
        return;
    mem_free(r->interface);
    mem_free(r);
}

#include <pcap.h>

#include "capture/decode.h"
#include "capture/pcapng.h"
#include "capture/source_format.h"
#include "core/mem.h"

/* Packets of interfaces that differ: the filter is compiled for each link type
 * of the file. A link type that cannot be decoded is warned of when its first
 * packet comes; its packets are handed on and counted as what they are, no IP. */

enum { SNAPLEN = 262144, LINKS_MAX = 64 };

struct link {
    int type; /* DLT_ number */
    bool known, warned, filters;
    struct bpf_program program;
};

struct pcapng_file {
    struct capture_file *file;
    struct pcapng *reader;
    struct link link[LINKS_MAX];
    size_t n;
    int event; /* read ahead when the file was opened, or PCAPNG_INTERFACE */
    struct packet packet;
    struct err err; /* if that event is an error */
};

/* ---- link types -------------------------------------------------------------- */

/* Files have LINKTYPE_ numbers. Of those that are decoded one has another
 * number in libpcap. */
static int to_dlt(int linktype)
{
    enum { LINKTYPE_RAW = 101 };

    return linktype == LINKTYPE_RAW ? DLT_RAW : linktype;
}

static const char *link_name(int type)
{
    const char *name = pcap_datalink_val_to_name(type);

    return name ? name : "unknown";
}

static struct link *find_link(struct pcapng_file *s, int type)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->link[i].type == type)
            return &s->link[i];
    }
    return NULL;
}

static int compile(struct link *l, const char *expression, struct err *e)
{
    pcap_t *handle = pcap_open_dead(l->type, SNAPLEN);

    if (!handle)
        return err_nomem(e, "preparing a filter");
    l->filters = pcap_compile(handle, &l->program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!l->filters)
        err_set(e, ERR_USAGE, "filter '%s', for link type %s: %s", expression, link_name(l->type),
                pcap_geterr(handle));
    pcap_close(handle);
    return l->filters ? 0 : -1;
}

static int add_link(struct pcapng_file *s, int type, struct err *e)
{
    struct link *l = find_link(s, type);

    if (l)
        return 0;
    if (s->n == LINKS_MAX)
        return err_set(e, ERR_DAMAGED, "more than %d link types", LINKS_MAX);
    l = &s->link[s->n++];
    *l = (struct link){.type = type, .known = decode_knows(type)};
    return l->known && s->file->config->filter ? compile(l, s->file->config->filter, e) : 0;
}

static bool knows_any(const struct pcapng_file *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->link[i].known)
            return true;
    }
    return false;
}

static void warn_once(struct pcapng_file *s, struct link *l)
{
    const struct capture_config *config = s->file->config;
    struct err text;

    if (l->warned || !config->warn)
        return;
    l->warned = true;
    err_set(&text, ERR_NONE,
            "%s: link type %s (%d) is not supported: packets of such interfaces are left out, "
            "as not_ip",
            s->file->name, link_name(l->type), l->type);
    config->warn(config->ctx, text.text);
}

/* ---- reading ----------------------------------------------------------------- */

/* The next packet or the end; interfaces are noted on the way. */
static int next(struct pcapng_file *s, struct err *e)
{
    int event = PCAPNG_INTERFACE;

    while (event == PCAPNG_INTERFACE) {
        event = pcapng_next(s->reader, &s->packet, e);
        if (event <= 0)
            break;
        s->packet.link = to_dlt(s->packet.link);
        if (event == PCAPNG_INTERFACE && add_link(s, s->packet.link, e) < 0)
            return -1;
    }
    return event;
}

static bool passes(struct pcapng_file *s)
{
    const struct packet *p = &s->packet;
    struct link *l = find_link(s, p->link);
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)p->bytes.len, .len = p->length};

    if (!l->known)
        warn_once(s, l);
    return !l->filters ||
           pcap_offline_filter(&l->program, &header, (const unsigned char *)p->bytes.data);
}

static int read_pcapng(void *self, int max, const struct packet_handler *handler, struct err *e)
{
    struct pcapng_file *s = self;

    for (int i = 0; i < max; i++) {
        int event = s->event;

        if (event == PCAPNG_INTERFACE)
            event = next(s, e);
        else if (event < 0)
            *e = s->err;
        if (event <= 0)
            return event;
        s->event = PCAPNG_INTERFACE;
        s->file->number++;
        if (passes(s) && !handler->take(handler->ctx, &s->packet))
            break;
    }
    return 1;
}

/* ---- the format -------------------------------------------------------------- */

static void close_pcapng(void *self)
{
    struct pcapng_file *s = self;

    for (size_t i = 0; i < s->n; i++) {
        if (s->link[i].filters)
            pcap_freecode(&s->link[i].program);
    }
    fclose(s->file->stream);
    pcapng_close(s->reader);
    mem_free(s);
}

/* Go up to the first packet, so that what can be said about the file's
 * interfaces is said before anything is written. */
static int look_ahead(struct pcapng_file *s, struct err *e)
{
    s->event = next(s, &s->err);
    if (s->event < 0 && s->err.kind != ERR_DAMAGED) {
        *e = s->err;
        return -1;
    }
    if (s->n && !knows_any(s))
        return err_set(e, ERR_INPUT, "%s: link type %s (%d) is not supported", s->file->name,
                       link_name(s->link[0].type), s->link[0].type);
    return 0;
}

static void *open_pcapng(struct capture_file *file, struct err *e)
{
    struct pcapng_file *s = mem_zalloc(sizeof *s);
    struct err why = {0};

    if (!s) {
        err_nomem(e, "opening a pcapng file");
        fclose(file->stream);
        return NULL;
    }
    s->file = file;
    s->reader = pcapng_open(file->stream, &why);
    if (!s->reader && why.kind == ERR_DAMAGED)
        err_set(e, ERR_INPUT, "%s: not a pcap or pcapng file (%s)", file->name, why.text);
    else if (!s->reader)
        err_set(e, why.kind, "%s", why.text);
    if (s->reader && look_ahead(s, e) == 0)
        return s;
    close_pcapng(s);
    return NULL;
}

const struct file_format format_pcapng = {
    .open = open_pcapng,
    .read = read_pcapng,
    .close = close_pcapng,
};

#include <pcap.h>

#include "capture/decode.h"
#include "capture/source_format.h"
#include "core/clock.h"
#include "core/mem.h"

/* The classic format, by libpcap: both byte orders, microseconds and
 * nanoseconds, and what Kuznetsov and others made of it. */

struct pcap_file {
    struct capture_file *file;
    pcap_t *handle;
    int link;
    bool filters;
    struct bpf_program program;
    const struct packet_handler *handler; /* of the read under way */
    struct packet packet;
};

/* Run by us and not by libpcap, which would not count what does not pass. */
static int set_filter(struct pcap_file *s, const char *expression, struct err *e)
{
    if (!expression)
        return 0;
    if (pcap_compile(s->handle, &s->program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return err_set(e, ERR_USAGE, "filter '%s': %s", expression, pcap_geterr(s->handle));
    s->filters = true;
    return 0;
}

static int check_link(const struct pcap_file *s, struct err *e)
{
    const char *name = pcap_datalink_val_to_name(s->link);

    if (decode_knows(s->link))
        return 0;
    return err_set(e, ERR_INPUT, "%s: link type %s (%d) is not supported", s->file->name,
                   name ? name : "unknown", s->link);
}

static void close_pcap(void *self)
{
    struct pcap_file *s = self;

    if (s->filters)
        pcap_freecode(&s->program);
    pcap_close(s->handle);
    mem_free(s);
}

static void *open_pcap(struct capture_file *file, struct err *e)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    struct pcap_file *s = mem_zalloc(sizeof *s);

    if (s)
        s->handle =
            pcap_fopen_offline_with_tstamp_precision(file->stream, PCAP_TSTAMP_PRECISION_NANO, why);
    else
        err_nomem(e, "opening a pcap file");
    if (!s || !s->handle) {
        if (s)
            err_set(e, ERR_INPUT, "%s: not a pcap or pcapng file (%s)", file->name, why);
        fclose(file->stream);
        mem_free(s);
        return NULL;
    }
    s->file = file;
    s->link = pcap_datalink(s->handle);
    if (check_link(s, e) == 0 && set_filter(s, file->config->filter, e) == 0)
        return s;
    close_pcap(s);
    return NULL;
}

static void on_packet(unsigned char *user, const struct pcap_pkthdr *header,
                      const unsigned char *bytes)
{
    struct pcap_file *s = (struct pcap_file *)(void *)user;

    s->file->number++;
    if (s->filters && !pcap_offline_filter(&s->program, header, bytes))
        return;
    s->packet = (struct packet){
        .bytes = str_from((const char *)bytes, header->caplen),
        .length = header->len > header->caplen ? header->len : header->caplen,
        .link = s->link,
        .ns = header->ts.tv_sec * NS_PER_SEC + header->ts.tv_usec, /* nanoseconds, as asked */
    };
    if (!s->handler->take(s->handler->ctx, &s->packet))
        pcap_breakloop(s->handle);
}

static int read_pcap(void *self, int max, const struct packet_handler *handler, struct err *e)
{
    struct pcap_file *s = self;
    int got;

    s->handler = handler;
    got = pcap_dispatch(s->handle, max, on_packet, (unsigned char *)s);
    if (got > 0 || got == PCAP_ERROR_BREAK)
        return 1;
    return got < 0 ? err_set(e, ERR_DAMAGED, "%s", pcap_geterr(s->handle)) : 0;
}

const struct file_format format_pcap = {
    .open = open_pcap,
    .read = read_pcap,
    .close = close_pcap,
};

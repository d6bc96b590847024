#include <pcap.h>

#include "capture/decode.h"
#include "capture/source_format.h"
#include "capture/source_link.h"
#include "core/clock.h"
#include "core/mem.h"

/* What source_classic.c does not read, by libpcap: older versions of the classic
 * format, and what Kuznetsov and others made of it. libpcap also tells what is
 * wrong with a file that is none. */

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

static void close_pcap(void *self)
{
    struct pcap_file *s = self;

    if (s->filters)
        pcap_freecode(&s->program);
    pcap_close(s->handle);
    mem_free(s);
}

/* libpcap takes over the stream, but not when it fails. */
static pcap_t *open_handle(struct capture_file *file, struct err *e)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    FILE *stream = window_stream(&file->in, e);
    pcap_t *handle;

    if (!stream)
        return NULL;
    handle = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why);
    if (!handle) {
        err_set(e, ERR_INPUT, "%s: not a pcap or pcapng file (%s)", file->name, why);
        fclose(stream);
    }
    return handle;
}

static void *open_pcap(struct capture_file *file, struct err *e)
{
    struct pcap_file *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening a pcap file");
        return NULL;
    }
    s->handle = open_handle(file, e);
    if (!s->handle) {
        mem_free(s);
        return NULL;
    }
    s->file = file;
    s->link = pcap_datalink(s->handle);
    if (!decode_knows(s->link))
        link_refuse(file->name, s->link, e);
    else if (set_filter(s, file->config->filter, e) == 0)
        return s;
    close_pcap(s);
    return NULL;
}

static bool accepts(struct window *in)
{
    (void)in;
    return true;
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
    .accepts = accepts,
    .open = open_pcap,
    .read = read_pcap,
    .close = close_pcap,
};

#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "capture/decode.h"
#include "core/clock.h"
#include "core/mem.h"

/* pcap and pcapng files, one after the other. libpcap reads both formats in
 * both byte orders; timestamps are asked for in nanoseconds. */

enum { BATCH = 512, BUFFER = 256 * 1024 };

struct file_source {
    const struct capture_config *config;
    size_t index; /* of the file being read */
    pcap_t *handle;
    char *buffer;    /* of its stdio stream */
    uint64_t number; /* of the packet read last in this file */
    bool pending;    /* the first packet was read, but not given */
    struct packet packet;
    struct err damage; /* the first; what follows is read nevertheless */
    const struct packet_handler *handler;
    atomic_bool stopping;
};

static bool accepts(const struct capture_config *config)
{
    return config->n_files > 0;
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const char *current(void *self)
{
    struct file_source *s = self;
    size_t i = s->index < s->config->n_files ? s->index : s->config->n_files - 1;

    return name_of(s->config->files[i]);
}

/* ---- opening ---------------------------------------------------------------- */

/* What compressed files begin with, and what makes pcap of them. */
static const char *unpacker(int first)
{
    switch (first) {
    case 0x1f:
        return "zcat";
    case 0x28:
        return "zstdcat";
    case 0xfd:
        return "xzcat";
    case 'B':
        return "bzcat";
    default:
        return NULL;
    }
}

static int refuse(const char *path, int first, const char *why, struct err *e)
{
    const char *tool = unpacker(first);

    if (tool)
        return err_set(e, ERR_INPUT, "%s: compressed; use: %s FILE | mirrorctl capture -r -",
                       name_of(path), tool);
    if (first == EOF)
        return err_set(e, ERR_INPUT, "%s: empty, not a pcap or pcapng file", name_of(path));
    if (strstr(why, "interface") || strstr(why, "link-layer"))
        return err_set(e, ERR_INPUT, "%s: %s; split it by interface with editcap or tshark",
                       name_of(path), why);
    return err_set(e, ERR_INPUT, "%s: not a pcap or pcapng file (%s)", name_of(path), why);
}

static FILE *open_stream(const char *path, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    /* A copy, so that our buffer goes with it when libpcap closes it. */
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    FILE *stream = fd >= 0 ? fdopen(fd, "rb") : NULL;

    if (stream)
        return stream;
    err_set(e, ERR_INPUT, "%s: %s", name_of(path), strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int set_filter(pcap_t *handle, const char *expression, struct err *e)
{
    struct bpf_program program;
    int rc;

    if (!expression)
        return 0;
    if (pcap_compile(handle, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return err_set(e, ERR_USAGE, "filter '%s': %s", expression, pcap_geterr(handle));
    rc = pcap_setfilter(handle, &program);
    pcap_freecode(&program);
    return rc == 0 ? 0 : err_set(e, ERR_USAGE, "filter: %s", pcap_geterr(handle));
}

static int check_link(pcap_t *handle, const char *path, struct err *e)
{
    int link = pcap_datalink(handle);
    const char *name = pcap_datalink_val_to_name(link);

    if (decode_knows(link))
        return 0;
    return err_set(e, ERR_INPUT, "%s: link type %s (%d) is not supported", name_of(path),
                   name ? name : "unknown", link);
}

/* Open a capture file. The caller frees *buffer after closing the handle. */
static pcap_t *open_file(const struct capture_config *config, const char *path, char **buffer,
                         struct err *e)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    FILE *stream = open_stream(path, e);
    pcap_t *handle;
    int first;

    *buffer = NULL;
    if (!stream)
        return NULL;
    *buffer = mem_alloc(BUFFER);
    if (*buffer)
        setvbuf(stream, *buffer, _IOFBF, BUFFER);
    __fsetlocking(stream, FSETLOCKING_BYCALLER); /* one thread reads it */
    first = getc(stream);
    ungetc(first, stream);
    handle = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why);
    if (!handle) {
        refuse(path, first, why, e);
        fclose(stream);
        goto fail;
    }
    if (check_link(handle, path, e) < 0 || set_filter(handle, config->filter, e) < 0) {
        pcap_close(handle);
        goto fail;
    }
    return handle;
fail:
    mem_free(*buffer);
    *buffer = NULL;
    return NULL;
}

static void close_file(struct file_source *s)
{
    if (s->handle)
        pcap_close(s->handle);
    mem_free(s->buffer);
    s->handle = NULL;
    s->buffer = NULL;
}

static int open_current(struct file_source *s, struct err *e)
{
    s->number = 0;
    s->handle = open_file(s->config, s->config->files[s->index], &s->buffer, e);
    return s->handle ? 0 : -1;
}

/* ---- reading ---------------------------------------------------------------- */

static void set_packet(struct file_source *s, const struct pcap_pkthdr *header,
                       const unsigned char *bytes)
{
    s->number++;
    s->packet = (struct packet){
        .bytes = str_from((const char *)bytes, header->caplen),
        .length = header->len > header->caplen ? header->len : header->caplen,
        .link = pcap_datalink(s->handle),
        .ns = header->ts.tv_sec * NS_PER_SEC + header->ts.tv_usec, /* nanoseconds, as asked */
    };
}

static void on_packet(unsigned char *user, const struct pcap_pkthdr *header,
                      const unsigned char *bytes)
{
    struct file_source *s = (struct file_source *)(void *)user;

    set_packet(s, header, bytes);
    if (!s->handler->take(s->handler->ctx, &s->packet))
        pcap_breakloop(s->handle);
}

static void note_damage(struct file_source *s)
{
    if (s->damage.kind == ERR_NONE)
        err_set(&s->damage, ERR_DAMAGED, "%s: packet %llu: %s; what came before it was used",
                current(s), (unsigned long long)s->number + 1, pcap_geterr(s->handle));
}

/* The file has ended: go on with the next. Returns 1, 0 at the end, -1. */
static int next_file(struct file_source *s, struct err *e)
{
    close_file(s);
    if (++s->index >= s->config->n_files) {
        if (s->damage.kind == ERR_NONE)
            return 0;
        *e = s->damage;
        return -1;
    }
    return open_current(s, e) < 0 ? -1 : 1;
}

/* Read the first packet there is, without giving it away. */
static int read_ahead(struct file_source *s, struct err *e)
{
    struct pcap_pkthdr *header;
    const unsigned char *bytes;

    for (;;) {
        int got = pcap_next_ex(s->handle, &header, &bytes);
        if (got == 1) {
            set_packet(s, header, bytes);
            s->pending = true;
            return 0;
        }
        if (got == PCAP_ERROR)
            note_damage(s);
        if (s->index + 1 >= s->config->n_files)
            return 0;
        if (next_file(s, e) < 0)
            return -1;
    }
}

static int read_packets(void *self, const struct packet_handler *handler, struct err *e)
{
    struct file_source *s = self;
    int got;

    if (!s->handle || atomic_load_explicit(&s->stopping, memory_order_relaxed))
        return 0;
    if (s->pending) {
        s->pending = false;
        if (!handler->take(handler->ctx, &s->packet))
            return 1;
    }
    s->handler = handler;
    got = pcap_dispatch(s->handle, BATCH, on_packet, (unsigned char *)s);
    if (got > 0 || got == PCAP_ERROR_BREAK)
        return 1;
    if (got < 0)
        note_damage(s);
    return next_file(s, e);
}

/* ---- the kind --------------------------------------------------------------- */

static void close_source(void *self)
{
    close_file(self);
    mem_free(self);
}

static void *open_source(const struct capture_config *config, struct err *e)
{
    struct file_source *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening capture files");
        return NULL;
    }
    s->config = config;
    /* Say what is wrong with the last file before the first one is used. */
    for (size_t i = 1; i < config->n_files; i++) {
        const char *path = config->files[i];
        if (strcmp(path, "-") == 0)
            continue;
        s->handle = open_file(config, path, &s->buffer, e);
        if (!s->handle)
            goto fail;
        close_file(s);
    }
    if (open_current(s, e) < 0 || read_ahead(s, e) < 0)
        goto fail;
    return s;
fail:
    close_source(s);
    return NULL;
}

static int start(void *self, struct err *e)
{
    (void)self;
    (void)e;
    return 0;
}

static void stop(void *self)
{
    struct file_source *s = self;

    atomic_store(&s->stopping, true);
}

static void counts(void *self, struct source_counts *c)
{
    (void)self;
    *c = (struct source_counts){0};
}

static const struct packet *first(void *self)
{
    struct file_source *s = self;

    return s->pending ? &s->packet : NULL;
}

const struct source_kind source_file = {
    .name = "file",
    .live = false,
    .accepts = accepts,
    .open = open_source,
    .start = start,
    .read = read_packets,
    .stop = stop,
    .counts = counts,
    .first = first,
    .current = current,
    .close = close_source,
};

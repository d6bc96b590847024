#include "capture/source.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/decode.h"
#include "capture/ring.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/thread.h"

/* DESIGN
 *
 * A thread of its own empties the kernel's ring into ours, so that the kernel
 * drops nothing while the other side assembles or waits for a disk. When our
 * ring is full the thread waits: the kernel's ring, which is as large, takes
 * what comes meanwhile, and counts it if it cannot.
 *
 * Immediate mode is not used: it would force the older ring format with
 * fixed slots, which holds few packets when the card merges segments. So
 * packets may come up to TIMEOUT_MS late, and at the end the thread goes on
 * reading until the kernel must have handed over its last block. */

enum { SNAPLEN = 262144, TIMEOUT_MS = 100, DRAIN_MS = 250, RING = 32 * 1024 * 1024, BATCH = 4096 };

struct live_source {
    const char *interface;
    pcap_t *handle;
    bool microseconds; /* no better timestamps to be had */
    struct ring *ring;
    pthread_t thread;
    bool started;
    atomic_bool stopping; /* asked to end */
    atomic_bool deserted; /* nobody takes packets any more */
    atomic_bool done;     /* the thread will put no more */
    struct err failure;   /* of the thread, set before `done` */
    _Atomic uint64_t kernel_dropped, interface_dropped, queue_dropped;
    uint32_t last_drop, last_ifdrop;
};

static bool accepts(const struct capture_config *config)
{
    return config->interface != NULL;
}

/* ---- opening ---------------------------------------------------------------- */

static int no_such_interface(const char *interface, struct err *e)
{
    struct if_nameindex *list = if_nameindex();
    struct buf names;

    buf_init(&names, 512);
    for (struct if_nameindex *i = list; i && i->if_name; i++) {
        if (buf_printf(&names, NULL, "%s%s", names.len ? ", " : "", i->if_name) < 0)
            break;
    }
    if (list)
        if_freenameindex(list);
    err_set(e, ERR_USAGE, "%s: no such interface (have: %s)", interface,
            names.len ? names.data : "none");
    buf_release(&names);
    return -1;
}

static int activate(pcap_t *handle, const char *interface, struct err *e)
{
    int rc = pcap_activate(handle);

    switch (rc) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return no_such_interface(interface, e);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return err_set(e, ERR_USAGE,
                       "%s: not permitted to capture; run as root, or allow it with: "
                       "setcap cap_net_raw+ep $(command -v mirrorctl)",
                       interface);
    case PCAP_ERROR_IFACE_NOT_UP:
        return err_set(e, ERR_USAGE, "%s: the interface is down", interface);
    default:
        if (rc < 0)
            return err_set(e, ERR_IO, "%s: %s", interface, pcap_geterr(handle));
        return 0;
    }
}

static bool is_loopback(const char *interface)
{
    return strcmp(interface, "lo") == 0;
}

/* The ports' packets. Fragments but the first have no ports, so all of them
 * are taken. `vlan` shifts what follows it in the expression: it comes last. */
static int ports_filter(struct buf *out, const struct capture_config *config, bool vlan,
                        struct err *e)
{
    int rc = buf_add(out, STR("(tcp and ("), e);

    for (size_t i = 0; rc == 0 && i < config->n_ports; i++)
        rc = buf_printf(out, e, "%sport %u", i ? " or " : "", config->ports[i]);
    if (rc == 0)
        rc = buf_add(out, STR(")) or (ip[6:2] & 0x1fff != 0) or (ip6 and ip6[6] = 44)"), e);
    if (rc < 0 || !vlan)
        return rc;
    if (buf_add(out, STR(" or (vlan and ("), e) < 0 || ports_filter(out, config, false, e) < 0)
        return -1;
    return buf_add(out, STR("))"), e);
}

/* lo shows each packet twice. libpcap drops the outgoing copy, but only after
 * it has filled the ring; the kernel can leave it out (Linux 4.20). Not by
 * `inbound` in the filter: libpcap runs a new filter over the block at hand in
 * user space, where the direction is not known, and would lose what is in it. */
static void leave_out_outgoing(pcap_t *handle)
{
    int one = 1;

    setsockopt(pcap_fileno(handle), SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
}

static int compile(pcap_t *handle, const struct capture_config *config, bool vlan, struct err *e)
{
    struct bpf_program program;
    struct buf text;
    int rc = -1;

    buf_init(&text, 64 * 1024);
    if (config->filter)
        rc = buf_add(&text, str_of(config->filter), e);
    else
        rc = ports_filter(&text, config, vlan, e);
    if (rc < 0)
        goto out;
    rc = -1;
    if (pcap_compile(handle, &program, text.data, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        err_set(e, ERR_USAGE, "filter '%s': %s", text.data, pcap_geterr(handle));
        goto out;
    }
    rc = pcap_setfilter(handle, &program);
    if (rc != 0)
        err_set(e, ERR_IO, "%s: %s", config->interface, pcap_geterr(handle));
    pcap_freecode(&program);
out:
    buf_release(&text);
    return rc;
}

static int set_filter(pcap_t *handle, const struct capture_config *config, struct err *e)
{
    if (!config->filter && config->n_ports == 0)
        return 0;
    /* Some link types have no VLANs, and libpcap says so. */
    if (compile(handle, config, true, e) == 0)
        return 0;
    return config->filter ? -1 : compile(handle, config, false, e);
}

static int open_handle(struct live_source *s, const struct capture_config *config, struct err *e)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_t *handle = s->handle = pcap_create(config->interface, why);

    if (!handle)
        return err_set(e, ERR_IO, "%s: %s", config->interface, why);
    pcap_set_snaplen(handle, SNAPLEN);
    pcap_set_timeout(handle, TIMEOUT_MS);
    pcap_set_promisc(handle, config->promiscuous);
    if (config->buffer)
        pcap_set_buffer_size(handle, config->buffer < INT32_MAX ? (int)config->buffer : INT32_MAX);
    pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
    if (activate(handle, config->interface, e) < 0)
        return -1;
    s->microseconds = pcap_get_tstamp_precision(handle) != PCAP_TSTAMP_PRECISION_NANO;
    if (!decode_knows(pcap_datalink(handle)))
        return err_set(e, ERR_USAGE, "%s: link type %s is not supported", config->interface,
                       pcap_datalink_val_to_name(pcap_datalink(handle)));
    if (pcap_setnonblock(handle, 1, why) < 0)
        return err_set(e, ERR_IO, "%s: %s", config->interface, why);
    if (is_loopback(config->interface))
        leave_out_outgoing(handle);
    return set_filter(handle, config, e);
}

/* ---- the reader thread ------------------------------------------------------ */

static void on_packet(unsigned char *user, const struct pcap_pkthdr *header,
                      const unsigned char *bytes)
{
    struct live_source *s = (struct live_source *)(void *)user;
    struct timespec pause = {.tv_nsec = 200 * NS_PER_US};
    struct packet p = {
        .bytes = str_from((const char *)bytes, header->caplen),
        .length = header->len > header->caplen ? header->len : header->caplen,
        .link = pcap_datalink(s->handle),
        .ns = header->ts.tv_sec * NS_PER_SEC + header->ts.tv_usec * (s->microseconds ? 1000 : 1),
    };

    while (!ring_put(s->ring, &p)) {
        if (atomic_load(&s->deserted)) {
            atomic_fetch_add(&s->queue_dropped, 1);
            return;
        }
        ring_wake(s->ring);
        nanosleep(&pause, NULL);
    }
}

/* libpcap counts in 32 bits, which wrap within hours. */
static void sample_counts(struct live_source *s)
{
    struct pcap_stat now;

    if (pcap_stats(s->handle, &now) != 0)
        return;
    atomic_fetch_add(&s->kernel_dropped, (uint32_t)(now.ps_drop - s->last_drop));
    atomic_fetch_add(&s->interface_dropped, (uint32_t)(now.ps_ifdrop - s->last_ifdrop));
    s->last_drop = now.ps_drop;
    s->last_ifdrop = now.ps_ifdrop;
}

/* Take what the kernel has, waiting a little for it. Returns -1 on failure. */
static int read_some(struct live_source *s, int ms)
{
    struct pollfd fd = {.fd = pcap_get_selectable_fd(s->handle), .events = POLLIN};
    int got;

    if (poll(&fd, 1, ms) < 0 && errno != EINTR)
        return err_set(&s->failure, ERR_IO, "%s: %s", s->interface, strerror(errno));
    got = pcap_dispatch(s->handle, -1, on_packet, (unsigned char *)s);
    if (got < 0 && got != PCAP_ERROR_BREAK)
        return err_set(&s->failure, ERR_IO, "%s: %s", s->interface, pcap_geterr(s->handle));
    ring_wake(s->ring);
    return 0;
}

static void *reader(void *arg)
{
    struct live_source *s = arg;
    int64_t sampled = clock_mono_ns(), until = 0;

    for (;;) {
        int64_t now = clock_mono_ns();
        if (!until && atomic_load(&s->stopping))
            until = now + DRAIN_MS * NS_PER_MS;
        if (atomic_load(&s->deserted) || (until && now >= until))
            break;
        if (now - sampled >= NS_PER_SEC) {
            sample_counts(s);
            sampled = now;
        }
        if (read_some(s, until ? 10 : TIMEOUT_MS) < 0)
            break;
    }
    sample_counts(s);
    atomic_store(&s->done, true);
    ring_wake(s->ring);
    return NULL;
}

/* ---- the kind --------------------------------------------------------------- */

static void close_source(void *self)
{
    struct live_source *s = self;

    if (s->started) {
        atomic_store(&s->stopping, true);
        atomic_store(&s->deserted, true);
        pthread_join(s->thread, NULL);
    }
    if (s->handle)
        pcap_close(s->handle);
    ring_free(s->ring);
    mem_free(s);
}

static void *open_source(const struct capture_config *config, struct err *e)
{
    struct live_source *s = mem_zalloc(sizeof *s);

    if (!s) {
        err_nomem(e, "opening an interface");
        return NULL;
    }
    s->interface = config->interface;
    s->ring = ring_new(RING, e);
    if (!s->ring || open_handle(s, config, e) < 0) {
        close_source(s);
        return NULL;
    }
    return s;
}

static int start(void *self, struct err *e)
{
    struct live_source *s = self;

    if (thread_start(&s->thread, reader, s, e) < 0)
        return -1;
    s->started = true;
    return 0;
}

static int read_packets(void *self, const struct packet_handler *handler, struct err *e)
{
    struct live_source *s = self;
    bool done = atomic_load(&s->done);
    struct packet p;
    bool more = true;

    if (!done)
        ring_wait(s->ring, TIMEOUT_MS);
    for (int i = 0; more && i < BATCH; i++) {
        if (!ring_peek(s->ring, &p)) {
            if (!done)
                return 1;
            if (s->failure.kind == ERR_NONE)
                return 0;
            *e = s->failure;
            return -1;
        }
        more = handler->take(handler->ctx, &p);
        ring_drop(s->ring);
    }
    return 1;
}

static void stop(void *self)
{
    struct live_source *s = self;

    atomic_store(&s->stopping, true);
}

static void counts(void *self, struct source_counts *c)
{
    struct live_source *s = self;

    c->kernel_dropped = atomic_load(&s->kernel_dropped);
    c->interface_dropped = atomic_load(&s->interface_dropped);
    c->queue_dropped = atomic_load(&s->queue_dropped);
}

static const struct packet *first(void *self)
{
    (void)self;
    return NULL;
}

static const char *current(void *self)
{
    struct live_source *s = self;

    return s->interface;
}

const struct source_kind source_live = {
    .name = "live",
    .live = true,
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

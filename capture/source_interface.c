#include "capture/source_interface.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/decode.h"
#include "capture/port_filter.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"

/* DESIGN
 *
 * Immediate mode is not used: it would force the older ring format with fixed
 * slots, which holds few packets when the card merges segments. So packets may
 * come up to INTERFACE_LATE_MS late.
 *
 * Between the moment the socket is opened and the moment its filter is set,
 * anything may have come in. To count from a clean start the interface is shut
 * (a filter that takes nothing), the kernel's counters are read, and the real
 * filter is set; packets older than that moment are thrown away. */

enum { SNAPLEN = 262144, FILTER_MAX = 64 * 1024 };

struct interface {
    const char *name;
    pcap_t *handle;
    const struct packet_handler *handler; /* of the read under way */
    bool microseconds;                    /* no better timestamps to be had */
    bool exact;                           /* the kernel counts what it hands over */
    int64_t opened_ns;                    /* packets of before are thrown away ... */
    uint64_t early;                       /* ... at most so many */
    uint64_t taken;                       /* handed over */
    struct pcap_stat last;                /* counters at the last look */
    struct source_counts sums;
};

/* ---- opening ---------------------------------------------------------------- */

static int no_such_interface(const char *name, struct err *e)
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
    err_set(e, ERR_USAGE, "%s: no such interface (have: %s)", name,
            names.len ? names.data : "none");
    buf_release(&names);
    return -1;
}

static int activate(struct interface *i, struct err *e)
{
    int rc = pcap_activate(i->handle);

    switch (rc) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return no_such_interface(i->name, e);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return err_set(e, ERR_USAGE,
                       "%s: not permitted to capture; run as root, or allow it with: "
                       "setcap cap_net_raw+ep $(command -v mirrorctl)",
                       i->name);
    case PCAP_ERROR_IFACE_NOT_UP:
        return err_set(e, ERR_USAGE, "%s: the interface is down", i->name);
    default:
        if (rc < 0)
            return err_set(e, ERR_IO, "%s: %s", i->name, pcap_geterr(i->handle));
        return 0;
    }
}

static bool is_any(const struct interface *i)
{
    return strcmp(i->name, "any") == 0;
}

static int set_up(struct interface *i, const struct capture_config *config, struct err *e)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_t *handle = i->handle = pcap_create(i->name, why);

    if (!handle)
        return err_set(e, ERR_IO, "%s: %s", i->name, why);
    pcap_set_snaplen(handle, SNAPLEN);
    pcap_set_timeout(handle, INTERFACE_LATE_MS);
    pcap_set_promisc(handle, config->promiscuous);
    if (config->buffer)
        pcap_set_buffer_size(handle, config->buffer < INT32_MAX ? (int)config->buffer : INT32_MAX);
    pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
    if (activate(i, e) < 0)
        return -1;
    i->microseconds = pcap_get_tstamp_precision(handle) != PCAP_TSTAMP_PRECISION_NANO;
    /* The later cooked header names the interface, which leave_out_copies() wants. */
    if (is_any(i))
        pcap_set_datalink(handle, DLT_LINUX_SLL2);
    if (!decode_knows(pcap_datalink(handle)))
        return err_set(e, ERR_USAGE, "%s: link type %s is not supported", i->name,
                       pcap_datalink_val_to_name(pcap_datalink(handle)));
    if (pcap_setnonblock(handle, 1, why) < 0)
        return err_set(e, ERR_IO, "%s: %s", i->name, why);
    return 0;
}

/* ---- the filter ------------------------------------------------------------- */

static int attach(const struct interface *i, struct sock_filter *first, size_t n)
{
    struct sock_fprog program = {(unsigned short)n, first};

    if (n > BPF_MAXINSNS) {
        errno = E2BIG;
        return -1;
    }
    return setsockopt(pcap_fileno(i->handle), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                      sizeof program);
}

void interface_shut(struct interface *i)
{
    struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};

    if (attach(i, &nothing, 1) < 0)
        i->exact = false;
}

/* lo shows each packet twice: leaving, and arriving. libpcap drops the first,
 * but only after it has filled the ring. The kernel can leave it out before:
 * lo has an option for it (Linux 4.20), on `any` the filter says so. */
static int leave_out_copies(struct interface *i, struct buf *filter, struct err *e)
{
    unsigned lo = if_nametoindex("lo");
    int one = 1;

    if (strcmp(i->name, "lo") == 0 && setsockopt(pcap_fileno(i->handle), SOL_PACKET,
                                                 PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0)
        i->exact = false; /* counts are of both */
    if (!is_any(i) || lo == 0)
        return 0;
    i->exact = pcap_datalink(i->handle) == DLT_LINUX_SLL2;
    return i->exact ? buf_printf(filter, e, "not (outbound and ifindex %u)", lo) : 0;
}

/* Does it ask for what stands beside the packet, such as its direction? */
static bool asks_the_kernel(const struct bpf_program *program)
{
    for (unsigned at = 0; at < program->bf_len; at++) {
        const struct bpf_insn *insn = &program->bf_insns[at];

        if (BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
            insn->k >= (uint32_t)SKF_AD_OFF)
            return true;
    }
    return false;
}

/* libpcap runs a new filter also in user space, over the block at hand, in case
 * packets of before are in it. There nobody knows what the kernel was asked, and
 * all of the block would be lost. We know of packets of before by their time, so
 * such a filter goes to the kernel only. Not where headers are cooked: their
 * programs look for it in the header, and libpcap adapts them for the kernel. */
static int install(struct interface *i, struct bpf_program *program, struct err *e)
{
    int link = pcap_datalink(i->handle);
    bool cooked = link == DLT_LINUX_SLL || link == DLT_LINUX_SLL2;

    if (!cooked && asks_the_kernel(program))
        return attach(i, (struct sock_filter *)(void *)program->bf_insns, program->bf_len) == 0
                   ? 0
                   : err_set(e, ERR_IO, "%s: the kernel does not take it: %s", i->name,
                             strerror(errno));
    return pcap_setfilter(i->handle, program) == 0
               ? 0
               : err_set(e, ERR_IO, "%s: %s", i->name, pcap_geterr(i->handle));
}

static int compile(struct interface *i, const struct buf *text, struct err *e)
{
    struct bpf_program program;
    int rc;

    if (pcap_compile(i->handle, &program, text->data ? text->data : "", 1, PCAP_NETMASK_UNKNOWN) !=
        0)
        return err_set(e, ERR_USAGE, "%s: %s", i->name, pcap_geterr(i->handle));
    rc = install(i, &program, e);
    pcap_freecode(&program);
    return rc;
}

/* What is asked for, without what is there twice. */
static int set_filter(struct interface *i, const struct capture_config *config, bool vlan,
                      struct err *e)
{
    struct buf text;
    int rc;

    buf_init(&text, FILTER_MAX);
    rc = leave_out_copies(i, &text, e);
    if (rc == 0 && (config->filter || config->n_ports))
        rc = buf_add(&text, text.len ? STR(" and (") : STR("("), e);
    if (rc == 0 && config->filter)
        rc = buf_printf(&text, e, "%s)", config->filter);
    else if (rc == 0 && config->n_ports)
        rc = port_filter(&text, config->ports, config->n_ports, vlan, e) == 0
                 ? buf_addc(&text, ')', e)
                 : -1;
    if (rc == 0)
        rc = compile(i, &text, e);
    buf_release(&text);
    return rc;
}

static int install_filter(struct interface *i, const struct capture_config *config, struct err *e)
{
    struct capture_config everything = *config;

    if (set_filter(i, config, true, e) == 0)
        return 0;
    if (config->filter)
        return err_wrap(e, "filter '%s'", config->filter);
    /* Some link types have no VLANs, some no filters, and libpcap says so. */
    everything.n_ports = 0;
    return set_filter(i, config, false, e) == 0 ? 0 : set_filter(i, &everything, false, e);
}

static void start_the_account(struct interface *i)
{
    i->exact = true;
    interface_shut(i);
    if (pcap_stats(i->handle, &i->last) == 0)
        i->early = i->last.ps_recv;
    i->opened_ns = clock_wall_ns();
    if (i->microseconds)
        i->opened_ns -= i->opened_ns % NS_PER_US;
}

struct interface *interface_open(const struct capture_config *config, struct err *e)
{
    struct interface *i = mem_zalloc(sizeof *i);

    if (!i) {
        err_nomem(e, "opening an interface");
        return NULL;
    }
    i->name = config->interface;
    if (set_up(i, config, e) == 0) {
        start_the_account(i);
        if (install_filter(i, config, e) == 0)
            return i;
    }
    interface_close(i);
    return NULL;
}

void interface_close(struct interface *i)
{
    if (i && i->handle)
        pcap_close(i->handle);
    mem_free(i);
}

/* ---- reading ---------------------------------------------------------------- */

static void on_packet(unsigned char *user, const struct pcap_pkthdr *header,
                      const unsigned char *bytes)
{
    struct interface *i = (struct interface *)(void *)user;
    struct packet p = {
        .bytes = str_from((const char *)bytes, header->caplen),
        .length = header->len > header->caplen ? header->len : header->caplen,
        .link = pcap_datalink(i->handle),
        .ns = header->ts.tv_sec * NS_PER_SEC + header->ts.tv_usec * (i->microseconds ? 1000 : 1),
    };

    if (i->early > 0 && p.ns < i->opened_ns) {
        i->early--;
        return;
    }
    i->early = 0;
    i->taken++;
    i->handler->take(i->handler->ctx, &p);
}

/* Asking takes the error off the socket. libpcap would go on to ask whether
 * the interface still exists, which a process without privileges cannot. */
static int went_wrong(const struct interface *i, struct err *e)
{
    int code = 0;
    socklen_t size = sizeof code;

    getsockopt(pcap_fileno(i->handle), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code == ENETDOWN)
        return err_set(e, ERR_IO, "%s: the interface went down or away", i->name);
    return err_set(e, ERR_IO, "%s: %s", i->name, strerror(code ? code : EIO));
}

int interface_read(struct interface *i, int ms, const struct packet_handler *handler, struct err *e)
{
    struct pollfd fd = {.fd = pcap_get_selectable_fd(i->handle), .events = POLLIN};
    int got;

    if (poll(&fd, 1, ms) < 0 && errno != EINTR)
        return err_set(e, ERR_IO, "%s: %s", i->name, strerror(errno));
    if (fd.revents & ~POLLIN)
        return went_wrong(i, e);
    i->handler = handler;
    got = pcap_dispatch(i->handle, -1, on_packet, (unsigned char *)i);
    if (got < 0 && got != PCAP_ERROR_BREAK)
        return err_set(e, ERR_IO, "%s: %s", i->name, pcap_geterr(i->handle));
    return got < 0 ? 0 : got;
}

/* ---- counting --------------------------------------------------------------- */

void interface_count(struct interface *i, struct source_counts *counts)
{
    struct pcap_stat now;

    /* libpcap counts in 32 bits, which wrap within hours; differences do not. */
    if (pcap_stats(i->handle, &now) == 0) {
        i->sums.kernel_received += now.ps_recv - i->last.ps_recv;
        i->sums.kernel_dropped += now.ps_drop - i->last.ps_drop;
        i->sums.interface_dropped += now.ps_ifdrop - i->last.ps_ifdrop;
        i->last = now;
    }
    i->sums.exact = i->exact;
    *counts = i->sums;
}

bool interface_is_drained(struct interface *i)
{
    struct source_counts c;

    interface_count(i, &c);
    return i->exact && i->taken == c.kernel_received - c.kernel_dropped;
}

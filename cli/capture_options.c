#define OPT_STRUCT struct capture_options
#include "cli/capture_options.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/log.h"
#include "core/str.h"

static option_reader read_port;

const struct option_spec capture_options[] = {
    OPT_STRING('i', "interface", interface, "IF",
               "capture live from interface IF; any and lo work"),
    OPT_LIST('r', "read", files, "FILE",
             "read a pcap or pcapng FILE instead; - is standard input; repeatable"),
    OPT_OWN('p', "port", ports, "N", read_port,
            "TCP port of the service; repeatable; without it HTTP is recognised by content on "
            "every port"),
    OPT_STRING('f', "filter", filter, "EXPR",
               "BPF filter, used instead of the one made from --port; --port still holds for what "
               "passes it"),
    OPT_COUNT('n', "count", count, "N", 1, UINT64_MAX, "stop after N exchanges"),
    OPT_TIME('d', "duration", duration_ns,
             "stop after TIME, such as 500ms, 30s or 5m; of files: of packet time"),
    OPT_SIZE(0, "memory", memory, UINT64_C(1) << 20, UINT64_C(1) << 40,
             "use at most SIZE to put streams together; beyond it the oldest connections are "
             "given up and counted (default 512MiB)"),
    OPT_SIZE(0, "buffer", buffer, UINT64_C(64) << 10, INT_MAX,
             "kernel buffer for bursts (default 64MiB)"),
    OPT_FLAG(0, "promisc", promiscuous, "also capture frames for other machines"),
    OPT_STRING('Z', "user", user, "NAME",
               "become user NAME, without capabilities, once everything is open"),
    OPT_LIST(0, "redact", redact, "NAME",
             "blank a header (authorization), a cookie (cookie:sid), a query or form parameter "
             "(query:token) or a JSON value ($.card) before it is written; repeatable"),
    OPT_END,
};

static int read_port(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    struct capture_port_list *ports = field;
    uint64_t n;

    (void)spec;
    if (!str_to_u64(str_of(value), &n) || n < 1 || n > 65535)
        return err_set(e, ERR_USAGE, "\"%s\" is not a port from 1 to 65535", value);
    if (ports->n == CAPTURE_MAX_PORTS)
        return err_set(e, ERR_USAGE, "more than %d ports", CAPTURE_MAX_PORTS);
    ports->list[ports->n++] = (uint16_t)n;
    return 0;
}

int capture_options_check(const struct capture_options *o, struct err *e)
{
    if (o->interface && o->files.n)
        return err_set(e, ERR_USAGE, "--interface and --read exclude each other");
    if (!o->interface && !o->files.n)
        return err_set(e, ERR_USAGE, "say where packets come from: -i IF, or -r FILE");
    return 0;
}

static void warn(void *ctx, const char *text)
{
    (void)ctx;
    log_warn("%s", text);
}

void capture_options_configure(const struct capture_options *o, struct capture_config *c)
{
    c->interface = o->interface;
    c->files = o->files.items;
    c->n_files = o->files.n;
    memcpy(c->ports, o->ports.list, sizeof c->ports);
    c->n_ports = o->ports.n;
    c->filter = o->filter;
    c->count = o->count;
    c->duration_ns = o->duration_ns;
    c->memory = (size_t)o->memory;
    c->buffer = (size_t)o->buffer;
    c->redact = o->redact.items;
    c->n_redact = o->redact.n;
    c->promiscuous = o->promiscuous;
    c->warn = warn;
}

void capture_options_ready(const struct capture_options *o, const char *name)
{
    const struct capture_port_list *ports = &o->ports;
    const char *before = ports->n > 1 ? ", ports " : ", port ";
    const char *filter = o->filter ? ", own filter" : "";
    char text[CAPTURE_MAX_PORTS * 7 + 16] = ", every port";
    size_t n = 0;

    for (size_t i = 0; i < ports->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u", i ? ", " : before, ports->list[i]);
    if (o->interface)
        log_info("listening on %s%s%s", name, text, filter);
    else
        log_debug("reading %s%s%s", name, text, filter);
}

void capture_options_warn_of_misses(const struct capture_options *o, const struct capture *c)
{
    for (size_t i = 0; i < o->redact.n; i++) {
        if (capture_redact_hits(c, i) == 0)
            log_warn("--redact: nothing was called %s", o->redact.items[i]);
    }
}

void capture_give_way(void)
{
    enum { STEPS = 19 }; /* from the usual place to the last one */
    static const struct sched_param none;

    if (setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + STEPS) == 0)
        sched_setscheduler(0, SCHED_BATCH, &none);
}

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "capture/capture.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/privilege.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "core/json.h"
#include "core/log.h"
#include "core/record.h"

enum { META_MAX = 64 * 1024 };

struct ports {
    uint16_t list[CAPTURE_MAX_PORTS];
    size_t n;
};

struct options {
    const char *interface;
    struct option_list files;
    struct ports ports;
    const char *filter;
    const char *output;
    const char *user;
    uint64_t count;
    int64_t duration_ns;
    uint64_t max_body, memory, buffer;
    int codec; /* enum record_codec */
    bool promiscuous, strict;
};

static option_reader read_port;

static const struct option_spec table[] = {
    OPT_STRING('i', "interface", interface, "IF",
               "capture live from interface IF; any and lo work"),
    OPT_LIST('r', "read", files, "FILE",
             "read a pcap or pcapng FILE instead; - is standard input; repeatable"),
    OPT_OWN('p', "port", ports, "N", read_port,
            "TCP port of the service; repeatable; without it HTTP is recognised by content on "
            "every port"),
    OPT_STRING('f', "filter", filter, "EXPR",
               "BPF filter, used instead of the one made from --port"),
    OPT_STRING('o', "output", output, "FILE", "write the record to FILE; - is standard output"),
    OPT_COUNT('n', "count", count, "N", 1, UINT64_MAX, "stop after N exchanges"),
    OPT_TIME('d', "duration", duration_ns,
             "stop after TIME, such as 500ms, 30s or 5m; of files: of packet time"),
    OPT_SIZE(0, "max-body", max_body, 0, UINT64_C(240) << 20,
             "keep at most SIZE of a body and mark larger ones (default 16MiB)"),
    OPT_SIZE(0, "memory", memory, UINT64_C(1) << 20, UINT64_C(1) << 40,
             "use at most SIZE to put streams together; beyond it the oldest connections are "
             "given up and counted (default 512MiB)"),
    OPT_SIZE(0, "buffer", buffer, UINT64_C(64) << 10, INT_MAX,
             "kernel buffer for bursts (default 64MiB)"),
    OPT_FLAG(0, "promisc", promiscuous, "also capture frames for other machines"),
    OPT_STRING('Z', "user", user, "NAME",
               "become user NAME, without capabilities, once everything is open"),
    OPT_CHOICE('z', "compress", codec, "CODEC", output_codecs,
               "compress the record: none (default) or zstd"),
    OPT_FLAG(0, "strict", strict, "exit with 4 if anything was lost"),
    OPT_END,
};

static const struct options defaults = {
    .max_body = 16 << 20,
    .memory = 512 << 20,
    .buffer = 64 << 20,
};

static int read_port(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    struct ports *ports = field;
    uint64_t n;

    (void)spec;
    if (!str_to_u64(str_of(value), &n) || n < 1 || n > 65535)
        return err_set(e, ERR_USAGE, "\"%s\" is not a port from 1 to 65535", value);
    if (ports->n == CAPTURE_MAX_PORTS)
        return err_set(e, ERR_USAGE, "more than %d ports", CAPTURE_MAX_PORTS);
    ports->list[ports->n++] = (uint16_t)n;
    return 0;
}

static int check(const struct options *o, int argc, char **argv, struct err *e)
{
    if (argc > 0)
        return err_set(e, ERR_USAGE, "%s: capture takes no file; say -r %s to read packets from it",
                       argv[0], argv[0]);
    if (o->interface && o->files.n)
        return err_set(e, ERR_USAGE, "--interface and --read exclude each other");
    if (!o->interface && !o->files.n)
        return err_set(e, ERR_USAGE, "say where packets come from: -i IF, or -r FILE");
    return output_check(o->output, o->files.items, o->files.n, e);
}

/* A capture under way and where it goes. */
struct run {
    const struct options *options;
    struct capture *capture;
    struct output out;
};

static int put_exchange(void *ctx, struct exchange *x, struct err *e)
{
    struct run *run = ctx;
    int rc = record_put_exchange(run->out.writer, x, e);

    exchange_free(x);
    return rc < 0 ? err_wrap(e, "%s", run->out.name) : 0;
}

static int tick(void *ctx, struct err *e)
{
    struct run *run = ctx;
    const struct capture_stats *s = capture_stats(run->capture);

    log_progress("%" PRIu64 " exchanges, %" PRIu64 " packets, %" PRIu64 " dropped", s->exchanges,
                 s->packets, s->kernel_dropped + s->queue_dropped);
    return record_flush(run->out.writer, e) < 0 ? err_wrap(e, "%s", run->out.name) : 0;
}

static void ready(void *ctx, const char *name)
{
    const struct run *run = ctx;
    const struct ports *ports = &run->options->ports;
    const char *before = ports->n > 1 ? ", ports " : ", port ";
    char text[CAPTURE_MAX_PORTS * 7 + 16] = ", every port";
    size_t n = 0;

    for (size_t i = 0; i < ports->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u", i ? ", " : before, ports->list[i]);
    if (run->options->filter)
        snprintf(text, sizeof text, ", own filter");
    if (run->options->interface)
        log_info("listening on %s%s", name, text);
    else
        log_debug("reading %s%s", name, text);
}

static void stop(void *ctx)
{
    capture_stop(((struct run *)ctx)->capture);
}

static int meta_json(const struct options *o, struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, false, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.record/1");
    json_key(&w, "tool");
    json_cstr(&w, "mirrorctl " MIRRORCTL_VERSION);
    /* No file names: the same packets give the same bytes, from a pipe too. */
    json_key(&w, "source");
    json_cstr(&w, o->interface ? o->interface : "file");
    json_key(&w, "ports");
    json_open_array(&w);
    for (size_t i = 0; i < o->ports.n; i++)
        json_u64(&w, o->ports.list[i]);
    json_close(&w);
    if (o->filter) {
        json_key(&w, "filter");
        json_cstr(&w, o->filter);
    }
    return json_end_all(&w);
}

/* Start the record: its header and META. */
static int begin(struct run *run, struct err *e)
{
    struct record_options ro = {.kind = RECORD_EXCHANGES};
    struct buf meta;
    int rc = -1;

    buf_init(&meta, META_MAX);
    ro.codec = (enum record_codec)run->options->codec;
    capture_identity(run->capture, ro.capture_id, &ro.created_ns);
    if (meta_json(run->options, &meta, e) == 0)
        rc = output_begin(&run->out, &ro, buf_str(&meta), e);
    buf_release(&meta);
    return rc;
}

/* Complete the record: STATS, and everything on its way to the disk. */
static int end(struct run *run, struct err *e)
{
    struct buf stats;
    int rc = -1;

    buf_init(&stats, META_MAX);
    if (account_capture_json(capture_stats(run->capture), &stats, e) == 0)
        rc = output_end(&run->out, buf_str(&stats), e);
    buf_release(&stats);
    if (output_close(&run->out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

/* Capture to the end; what went wrong on the way does not keep what was
 * captured before from being completed. */
static int run_to_end(struct run *run)
{
    struct exchange_sink sink = {put_exchange, run};
    struct err e = {0};
    int status = EXIT_DONE;

    if (capture_run(run->capture, &sink, &e) < 0)
        status = status_worst(EXIT_PARTLY, status_fail(&e));
    if (e.kind == ERR_PIPE) /* quiet, but not done: a script can tell */
        return EXIT_PARTLY;
    log_progress("%s", "");
    /* After a failed write the record cannot be completed, and why was said. */
    if (end(run, &e) < 0 && status == EXIT_DONE)
        status = status_fail(&e);
    account_capture_summary(capture_stats(run->capture));
    if (run->options->strict && account_lost(capture_stats(run->capture)) > 0)
        status = EXIT_PARTLY;
    return status;
}

/* Everything is open: from here on packets are read, which nobody vouches for. */
static int drop_privileges(const struct options *o, const struct privilege_user *user,
                           struct err *e)
{
    int rc = o->user ? privilege_drop(user, false, e) : 0;

    if (rc > 0)
        log_warn("--user: this kernel cannot filter system calls; all else is dropped");
    return rc < 0 ? -1 : 0;
}

static int run_capture(const void *options, int argc, char **argv)
{
    struct run run = {.options = options, .out = {.fd = -1}};
    const struct options *o = options;
    struct capture_config config = {
        .interface = o->interface,
        .files = o->files.items,
        .n_files = o->files.n,
        .n_ports = o->ports.n,
        .filter = o->filter,
        .count = o->count,
        .duration_ns = o->duration_ns,
        .max_body = (size_t)o->max_body,
        .memory = (size_t)o->memory,
        .buffer = (size_t)o->buffer,
        .promiscuous = o->promiscuous,
        .ready = ready,
        .tick = tick,
        .ctx = &run,
    };
    struct privilege_user user;
    struct err e = {0};
    int status;

    memcpy(config.ports, o->ports.list, sizeof config.ports);
    if (check(o, argc, argv, &e) < 0 || (o->user && privilege_find(&user, o->user, &e) < 0))
        return status_fail(&e);
    run.capture = capture_open(&config, &e);
    if (!run.capture || output_open(&run.out, o->output, &e) < 0 ||
        drop_privileges(o, &user, &e) < 0) {
        capture_close(run.capture);
        return status_refuse(&e);
    }
    if (begin(&run, &e) < 0) {
        status = status_fail(&e);
    } else {
        stop_on_signals(stop, &run);
        status = run_to_end(&run);
        stop_no_more();
    }
    output_close(&run.out, NULL);
    capture_close(run.capture);
    return status;
}

const struct command cmd_capture = {
    .name = "capture",
    .summary = "record HTTP exchanges from an interface or a pcap file",
    .operands = "",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_capture,
};

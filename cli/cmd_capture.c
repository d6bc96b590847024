#include <inttypes.h>
#include <string.h>

#include "capture/capture.h"
#include "cli/account.h"
#include "cli/capture_options.h"
#include "cli/command.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/privilege.h"
#include "cli/recorder.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/value.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/record.h"

enum { META_MAX = 256 * 1024, ROTATE_MIN_BYTES = 64 * 1024 };

struct options {
    struct capture_options capture;
    const char *output;
    uint64_t max_body;
    int codec; /* enum record_codec */
    struct rotation rotation;
    bool strict;
};

static option_reader read_rotation;

static const struct option_spec table[] = {
    OPT_PART(capture, capture_options),
    OPT_STRING('o', "output", output, "FILE", "write the record to FILE; - is standard output"),
    OPT_SIZE(0, "max-body", max_body, 0, UINT64_C(240) << 20,
             "keep at most SIZE of a body and mark larger ones (default 16MiB)"),
    OPT_OWN(0, "rotate", rotation, "SIZE|TIME", read_rotation,
            "go on in a new file, FILE-0001.mrec and so on, before one grows beyond SIZE (such as "
            "100MiB) or after TIME (such as 1h)"),
    OPT_COUNT(0, "keep", rotation.keep, "N", 1, UINT64_MAX,
              "with --rotate: remove the oldest file of this run when there would be more than N"),
    OPT_CHOICE('z', "compress", codec, "CODEC", output_codecs,
               "compress the record: none (default) or zstd"),
    OPT_FLAG(0, "strict", strict, "exit with 4 if anything was lost"),
    OPT_END,
};

static const struct options defaults = {
    .capture = CAPTURE_DEFAULTS,
    .max_body = 16 << 20,
};

static int read_rotation(const struct option_spec *spec, void *field, const char *value,
                         struct err *e)
{
    struct rotation *rotation = field;
    uint64_t bytes = 0;
    int64_t ns = 0;

    (void)spec;
    if (!value_time(value, &ns) && !value_size(value, &bytes))
        return err_set(e, ERR_USAGE,
                       "\"%s\" is neither a size, such as 100MiB, nor a time, such "
                       "as 1h",
                       value);
    if (bytes ? bytes < ROTATE_MIN_BYTES : ns < NS_PER_SEC)
        return err_set(e, ERR_USAGE, "\"%s\" is less than 64KiB or 1s", value);
    rotation->bytes = bytes;
    rotation->ns = ns;
    return 0;
}

static int check_rotation(const struct options *o, struct err *e)
{
    bool rotates = o->rotation.bytes || o->rotation.ns;

    if (o->rotation.keep && !rotates)
        return err_set(e, ERR_USAGE, "--keep is about the files of --rotate, which is missing");
    if (rotates && strcmp(o->output, "-") == 0)
        return err_set(e, ERR_USAGE, "--rotate makes files; say -o FILE, not -o -");
    return 0;
}

static int check(const struct options *o, int argc, char **argv, struct err *e)
{
    if (argc > 0)
        return err_set(e, ERR_USAGE, "%s: capture takes no file; say -r %s to read packets from it",
                       argv[0], argv[0]);
    if (capture_options_check(&o->capture, e) < 0 ||
        output_check(o->output, o->capture.files.items, o->capture.files.n, e) < 0)
        return -1;
    return check_rotation(o, e);
}

/* A capture under way and where it goes. */
struct run {
    const struct options *options;
    struct capture *capture;
    struct recorder *recorder;
    uint64_t shown; /* exchanges at the last look, and when that was */
    int64_t shown_ns;
};

/* The rate is that of the last second or so, not of the whole run. */
static void show_progress(struct run *run)
{
    const struct capture_stats *s = capture_stats(run->capture);
    int64_t now = clock_mono_ns();
    double seconds = (double)(now - run->shown_ns) / (double)NS_PER_SEC;

    log_progress("%" PRIu64 " exchanges, %.0f/s, %" PRIu64 " packets dropped", s->exchanges,
                 (double)(s->exchanges - run->shown) / seconds,
                 s->kernel_dropped + s->interface_dropped + s->queue_dropped);
    run->shown = s->exchanges;
    run->shown_ns = now;
}

static int tick(void *ctx, struct err *e)
{
    struct run *run = ctx;

    show_progress(run);
    return recorder_flush(run->recorder, clock_wall_ns(), e);
}

static void ready(void *ctx, const char *name)
{
    struct run *run = ctx;

    run->shown_ns = clock_mono_ns();
    capture_options_ready(&run->options->capture, name);
}

static void stop(void *ctx)
{
    capture_stop(((struct run *)ctx)->capture);
}

static int meta_json(const struct capture_options *o, struct buf *out, struct err *e)
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
    if (o->redact.n) {
        json_key(&w, "redact");
        json_open_array(&w);
        for (size_t i = 0; i < o->redact.n; i++)
            json_cstr(&w, o->redact.items[i]);
        json_close(&w);
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
    if (meta_json(&run->options->capture, &meta, e) == 0)
        rc = recorder_start(run->recorder, &ro, buf_str(&meta), capture_stats(run->capture), e);
    buf_release(&meta);
    return rc;
}

/* Capture to the end; what went wrong on the way does not keep what was
 * captured before from being completed. */
static int run_to_end(struct run *run)
{
    struct exchange_sink sink = recorder_sink(run->recorder);
    struct capture_stats stats;
    struct err e = {0}, written = {0};
    int captured = capture_run(run->capture, &sink, &e);
    int status = EXIT_DONE;

    log_progress("%s", "");
    if (recorder_end(run->recorder, &written) < 0) {
        status = EXIT_PARTLY;
        e = written; /* if that ended the capture it was told without its outcome */
    }
    /* Quiet, but not done: a script can tell. Where a signal ended all of a pipe there is
     * somebody who wants to know. */
    if (e.kind == ERR_PIPE && !stop_was_asked())
        return EXIT_PARTLY;
    if (captured < 0 || status != EXIT_DONE)
        status = status_partly(&e);
    stats = *capture_stats(run->capture);
    stats.unwritten = recorder_unwritten(run->recorder);
    account_capture_summary(&stats);
    recorder_summary(run->recorder);
    capture_options_warn_of_misses(&run->options->capture, run->capture);
    if (run->options->strict && account_lost(&stats) > 0)
        status = EXIT_PARTLY;
    return status;
}

/* Everything is open: from here on packets are read, which nobody vouches for. */
static int drop_privileges(const struct options *o, const struct privilege_user *user,
                           struct err *e)
{
    bool rotates = o->rotation.bytes || o->rotation.ns;

    return privilege_drop(user, rotates ? PRIVILEGE_TO_CREATE : PRIVILEGE_TO_WRITE, e);
}

static int run_capture(const void *options, int argc, char **argv)
{
    struct run run = {.options = options};
    const struct options *o = options;
    struct capture_config config = {
        .max_body = (size_t)o->max_body,
        .ready = ready,
        .tick = tick,
        .ctx = &run,
    };
    const struct recorder_config recorder = {
        .path = o->output,
        .rotation = o->rotation,
        .durable = o->capture.interface != NULL, /* what is in a file can be read again */
    };
    struct privilege_user user;
    struct err e = {0};
    int status;

    capture_options_configure(&o->capture, &config);
    if (check(o, argc, argv, &e) < 0 || privilege_find(&user, o->capture.user, &e) < 0)
        return status_fail(&e);
    if (o->capture.interface)
        capture_give_way();
    run.capture = capture_open(&config, &e);
    run.recorder = run.capture ? recorder_open(&recorder, &e) : NULL;
    if (!run.recorder || drop_privileges(o, &user, &e) < 0) {
        recorder_free(run.recorder);
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
    recorder_free(run.recorder);
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

#include <inttypes.h>
#include <string.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/confirm.h"
#include "cli/feed.h"
#include "cli/headers.h"
#include "cli/notice.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/plan_sources.h"
#include "cli/replay_options.h"
#include "cli/result.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/watch.h"
#include "core/log.h"
#include "replay/replay.h"

enum { JSON_MAX = 256 * 1024, MAX_SHARDS = 65536 };

struct options {
    struct replay_options replay;
    struct plan_sources sources;
    uint64_t threads;
    uint64_t max_body;
    const char *output;
    int codec; /* enum record_codec */
    bool confirm;
    uint64_t times;
};

static option_reader read_shard;

static const struct option_spec table[] = {
    OPT_PART(replay, replay_options),
    OPT_PART(sources, plan_sources),
    OPT_SIZE(0, "max-body", max_body, 0, UINT64_C(240) << 20,
             "keep at most SIZE of an answer; a larger one is hashed and marked (default 16MiB)"),
    OPT_STRING('o', "output", output, "FILE", "write the result to FILE; - is standard output"),
    OPT_CHOICE('z', "compress", codec, "CODEC", output_codecs,
               "compress the result: none (default) or zstd"),
    OPT_CHOICE(0, "arrivals", replay.arrivals, "HOW", replay_arrivals,
               "gaps of --rate: even (default), or poisson, which independent users leave"),
    OPT_TIME(0, "ramp", replay.ramp_ns, "let the rate or speed rise from 0 within TIME"),
    OPT_TIME(0, "duration", replay.duration_ns, "stop starting requests after TIME"),
    OPT_COUNT(0, "loop", replay.loops, "N", 1, UINT32_MAX, "replay FILE N times (default 1)"),
    OPT_OWN(0, "shard", replay.shard, "I/N", read_shard,
            "replay only part I of N of the recorded connections"),
    OPT_FLAG(0, "confirm", confirm,
             "FILE is a result: send what diff could not decide in it again, to where it went"),
    OPT_COUNT(0, "times", times, "N", 2, 100, "how often --confirm sends each (default 5)"),
    OPT_COUNT(0, "threads", threads, "N", 0, 1024, "event loops; 0 chooses (default)"),
    OPT_END,
};

static const struct options defaults = {
    .replay = REPLAY_DEFAULTS,
    .max_body = 16 << 20,
};

static int read_shard(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    struct str count = str_of(value), index = str_cut(&count, '/');
    struct replay_shard_option *shard = field;
    uint64_t i, n;

    (void)spec;
    if (!str_to_u64(index, &i) || !str_to_u64(count, &n) || i < 1 || i > n || n > MAX_SHARDS)
        return err_set(e, ERR_USAGE, "\"%s\" is not a shard such as 1/4, the first of four, or 4/4",
                       value);
    *shard = (struct replay_shard_option){(unsigned)i, (unsigned)n};
    return 0;
}

static int check_operands(int argc, struct err *e)
{
    if (argc == 1)
        return 0;
    return err_set(e, ERR_USAGE,
                   argc ? "more than one FILE: join records with cat and a pipe"
                        : "FILE is missing: a record, a pcap file, or -");
}

/* It knows by itself what to send where, how often and in which order. */
static int check_confirm(const struct options *o, struct err *e)
{
    const struct replay_options *r = &o->replay;
    const struct {
        const char *option;
        bool said;
    } others[] = {
        {"--percent", r->share.said},
        {"--loop", r->loops > 1},
        {"--shard", r->shard.count > 0},
        {"--speed", r->speed > 0},
        {"--ramp without --rate", r->ramp_ns && !(r->rate > 0)},
        {"--baseline recorded", r->baseline == BASELINE_RECORDED},
        {"--control", r->control >= 0 && r->control != CONTROL_NONE},
    };

    if (o->times && !o->confirm)
        return err_set(e, ERR_USAGE, "--times is how often --confirm sends, which is missing");
    for (size_t i = 0; o->confirm && i < sizeof others / sizeof *others; i++) {
        if (others[i].said)
            return err_set(e, ERR_USAGE,
                           "--confirm sends all that is undecided to both versions, --times times "
                           "each: %s does not go with it",
                           others[i].option);
    }
    return 0;
}

static int check_output(const struct options *o, const char *const *file, struct err *e)
{
    const struct option_list *lists[] = {&o->replay.config, &o->sources.endpoint_files};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (output_check(o->output, lists[i]->items, lists[i]->n, e) < 0)
            return -1;
    }
    return output_check(o->output, file, 1, e);
}

static int check(const struct options *o, char **argv, struct err *e)
{
    if (replay_options_check(&o->replay, e) < 0)
        return -1;
    for (size_t i = 0; i < o->replay.config.n; i++) {
        if (strcmp(o->replay.config.items[i], "-") == 0 && strcmp(argv[0], "-") == 0)
            return err_set(e, ERR_USAGE, "standard input cannot be both --config and FILE");
    }
    if (o->replay.dry_run && !o->output)
        return 0;
    return check_output(o, (const char *const *)argv, e);
}

/* A replay under way, where its requests come from and its pairs go. */
struct run {
    const struct options *options;
    const char *path;
    struct config config;
    struct feed feed;
    struct confirm confirm; /* with --confirm: instead */
    struct replay *replay;
    struct headers headers;
    struct result result;
    struct watch watch;
};

static int put_pair(void *ctx, struct pair *p, struct err *e)
{
    struct run *run = ctx;
    int rc;

    if (run->options->confirm)
        confirm_restore(&run->confirm, p);
    rc = result_put(&run->result, p, e);
    if (rc < 0)
        feed_stop(&run->feed); /* the replay stops, and waits for no more input */
    pair_free(p);
    return rc;
}

/* Let what is in flight end: asked to, or as nothing more can be written. */
static void stop(void *ctx)
{
    struct run *run = ctx;

    replay_stop(run->replay);
    feed_stop(&run->feed);
}

static void tick(void *ctx, const struct replay_progress *p)
{
    struct run *run = ctx;

    watch_publish(&run->watch, p);
    watch_show(&run->watch, p, input_part(&run->feed.input));
    if (result_flush(&run->result) < 0)
        stop(run);
}

/* A pipe may be quiet when the time is up; a file never is. */
static void end_input(void *ctx)
{
    struct run *run = ctx;

    feed_stop(&run->feed);
}

/* Start the result: its header and META. */
static int begin(struct run *run, struct err *e)
{
    const struct options *o = run->options;
    uint8_t id[16] = {0};
    struct buf meta;
    int rc = -1;

    buf_init(&meta, JSON_MAX);
    if (!o->confirm)
        feed_identity(&run->feed, id);
    if (result_meta(&o->replay, run->replay, run->path, &meta, e) == 0)
        rc = result_begin(&run->result, buf_str(&meta), (enum record_codec)o->codec, id, e);
    buf_release(&meta);
    return rc;
}

/* Complete the result: STATS, and everything on its way to the disk. */
static int end(struct run *run, struct err *e)
{
    struct front *front = run->feed.front;

    return result_end(&run->result, replay_stats(run->replay),
                      front ? capture_stats(front_capture(front)) : NULL, e);
}

static int run_to_end(struct run *run)
{
    const struct exchange_source again = {.next = confirm_next, .ctx = &run->confirm};
    const struct exchange_source recorded = {
        .next = feed_next,
        .ctx = &run->feed,
        .rewind = feed_can_rewind(&run->feed) ? feed_rewind : NULL,
        .at_hand = feed_is_file(&run->feed),
    };
    struct pair_sink sink = {put_pair, run};
    struct err e = {0};
    int status = EXIT_DONE;

    if (replay_run(run->replay, run->options->confirm ? &again : &recorded, &sink, &e) < 0)
        status = status_partly(&e);
    feed_end(&run->feed);
    /* Quiet, but not done: a script can tell. */
    if (e.kind == ERR_PIPE && !stop_was_asked())
        return EXIT_PARTLY;
    log_progress("%s", "");
    if (stop_was_asked()) {
        log_warn("stopped before the end; the result holds what was done");
        status = EXIT_PARTLY;
    }
    /* After a failed write, why was said. */
    if (end(run, &e) < 0 && status == EXIT_DONE)
        status = status_partly(&e);
    if (e.kind == ERR_PIPE && !stop_was_asked())
        return EXIT_PARTLY;
    account_replay_summary(replay_stats(run->replay));
    account_replay_terms(&run->options->replay, run->replay);
    notice_end(&run->options->replay);
    return status;
}

/* Open everything, the output last: what cannot start leaves an old file be. */
static int open_all(struct run *run, struct err *e)
{
    const struct options *o = run->options;
    struct replay_config config = {
        .plan = run->config.plan,
        .threads = (unsigned)o->threads,
        .max_body = (size_t)o->max_body,
        .tick = tick,
        .ctx = run,
    };

    replay_options_configure(&o->replay, &config);
    if (replay_options_headers(&o->replay, &run->headers, &config, e) < 0)
        return -1;
    run->replay = replay_open(&config, e);
    if (!run->replay)
        return -1;
    if (!o->confirm && feed_open(&run->feed, run->path, e) < 0)
        return -1;
    if (watch_open(&run->watch, &o->replay, replay_stats(run->replay), e) < 0)
        return -1;
    if (o->replay.loops > 1 && !feed_can_rewind(&run->feed))
        return err_set(e, ERR_USAGE, "--loop needs a file that can be read again, which %s is not",
                       run->feed.input.name);
    return o->output ? result_open(&run->result, o->output, e) : 0;
}

/* Read the configuration; then all that the options leave open is known. */
static int settle(struct options *o, struct config *config, struct err *e)
{
    const struct config_urls urls = {o->replay.v1, (const char *const *)o->replay.candidates.items,
                                     o->replay.candidates.n, !replay_options_ask_v1(&o->replay)};

    if (config_read_for_run(config, &o->replay.config, &o->sources, &urls, e) < 0)
        return -1;
    return replay_options_settle(&o->replay, config->plan, e);
}

/* Find what to send again; *nothing where all is decided. */
static int take_undecided(struct run *run, struct options *o, bool *nothing, struct err *e)
{
    struct confirm *c = &run->confirm;

    if (confirm_open(c, run->path, o->times ? (unsigned)o->times : CONFIRM_TIMES, e) < 0)
        return -1;
    *nothing = c->n == 0;
    if (*nothing)
        log_info("%s: nothing is undecided, so nothing is sent", run->path);
    else
        log_info("%zu requests are undecided; each is sent %u times", c->n, c->times);
    if (c->left_out)
        log_warn("%" PRIu64 " more are undecided and left out", c->left_out);
    o->replay.confirm_times = c->times;
    confirm_configure(c, &o->replay);
    return 0;
}

static int run_replay(const void *options, int argc, char **argv)
{
    struct options settled = *(const struct options *)options;
    struct run run = {.options = &settled, .feed = {.input = {.fd = -1}}};
    bool nothing = false;
    struct err e = {0};
    int status;

    if (check_operands(argc, &e) < 0 || check_confirm(&settled, &e) < 0)
        return status_fail(&e);
    run.path = argv[0];
    confirm_init(&run.confirm);
    config_init(&run.config);
    headers_init(&run.headers);
    result_init(&run.result);
    if (settled.confirm && take_undecided(&run, &settled, &nothing, &e) < 0) {
        status = status_refuse(&e);
    } else if (nothing) {
        status = EXIT_DONE;
    } else if (check(&settled, argv, &e) < 0) {
        status = status_fail(&e);
    } else if (settle(&settled, &run.config, &e) < 0 || open_all(&run, &e) < 0) {
        status = status_refuse(&e);
    } else if (begin(&run, &e) < 0) {
        status = status_partly(&e);
    } else {
        notice_start(&run.options->replay);
        stop_on_signals(stop, &run);
        if (run.options->replay.duration_ns && !feed_is_file(&run.feed))
            stop_after(run.options->replay.duration_ns, end_input, &run);
        status = run_to_end(&run);
        stop_no_more();
    }
    watch_close(&run.watch);
    result_release(&run.result);
    headers_release(&run.headers);
    replay_close(run.replay);
    feed_close(&run.feed);
    confirm_release(&run.confirm);
    config_release(&run.config);
    return status;
}

const struct command cmd_replay = {
    .name = "replay",
    .summary = "send recorded requests to two versions and keep both answers",
    .operands = "FILE",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_replay,
};

/* Capture, replay and diff in one process, over the same sinks as in a pipe:
 *
 *     capture --front--> replay --pairs--> diff
 *                           +------------> result file
 *
 * Each stage has its own threads, with a bounded queue in front of it. Live
 * capture never waits: what replay does not take in time is left out by the
 * front. Replay waits for diff, and for the disk, as it would for a pipe. */
#include <string.h>

#include "cli/account.h"
#include "cli/capture_options.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/diff_options.h"
#include "cli/feed.h"
#include "cli/headers.h"
#include "cli/notice.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/plan_sources.h"
#include "cli/privilege.h"
#include "cli/replay_options.h"
#include "cli/result.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/view.h"
#include "cli/watch.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/queue.h"
#include "core/thread.h"
#include "diff/diff.h"
#include "replay/replay.h"

enum {
    JSON_MAX = 256 * 1024,
    PAIRS_MAX = 256,
    PAIRS_BYTES = 64 * 1024 * 1024,
    VIEW_MAX = 16 * 1024
};

struct options {
    struct capture_options capture;
    struct replay_options replay;
    struct plan_sources sources;
    struct diff_options diff;
    uint64_t max_body;
    const char *output;
    int codec; /* enum record_codec */
    bool strict;
};

static const struct option_spec table[] = {
    OPT_PART(capture, capture_options),
    OPT_PART(replay, replay_options),
    OPT_PART(sources, plan_sources),
    OPT_PART(diff, diff_options),
    OPT_SIZE(0, "max-body", max_body, 0, UINT64_C(240) << 20,
             "keep at most SIZE of a body, captured or answered, and mark larger ones (default "
             "16MiB)"),
    OPT_STRING('o', "output", output, "FILE", "also keep the result in FILE"),
    OPT_CHOICE('z', "compress", codec, "CODEC", output_codecs,
               "compress the result: none (default) or zstd"),
    OPT_FLAG(0, "strict", strict, "exit with 4 if anything was lost or left out"),
    OPT_END,
};

static const struct options defaults = {
    .capture = CAPTURE_DEFAULTS,
    .replay = REPLAY_DEFAULTS,
    .diff = DIFF_DEFAULTS,
    .max_body = 16 << 20,
};

/* A mirror under way. */
struct run {
    const struct options *options;
    struct config config;
    struct feed feed;
    struct replay *replay;
    struct headers headers;
    struct result result;
    struct watch watch;
    struct diff *diff;
    struct queue *pairs; /* on their way to diff */
    pthread_t comparer;
    struct view view;
    int64_t shown_ns;  /* when that was, or when it began */
    unsigned stopping; /* for so many seconds */
    int compared;      /* what diff_run() said, and why; once the comparer has ended */
    struct err diff_error;
};

/* What happens now has its own pace. Flat out is one that can be kept: a copy
 * then goes when all targets have a place for it. */
static int check_pace(const struct options *o, struct err *e)
{
    if (o->capture.interface && (o->replay.speed > 0 || o->replay.rate > 0))
        return err_set(e, ERR_USAGE, "--%s needs a recording: live traffic comes at its own pace",
                       o->replay.rate > 0 ? "rate" : "speed");
    return 0;
}

/* A live capture may take hours: what it is to end with is looked at before. */
static int check_reports(const struct options *o, struct err *e)
{
    const struct option_list *lists[] = {&o->capture.files, &o->replay.config,
                                         &o->sources.endpoint_files};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (diff_options_check(&o->diff, lists[i]->items, lists[i]->n, o->output, e) < 0)
            return -1;
    }
    return 0;
}

static int check_output(const struct options *o, struct err *e)
{
    const struct option_list *lists[] = {&o->capture.files,          &o->replay.config,
                                         &o->sources.endpoint_files, &o->diff.rules,
                                         &o->diff.openapi,           &o->diff.noises};

    if (strcmp(o->output, "-") == 0)
        return err_set(e, ERR_USAGE, "--output: the report goes to standard output; say -o FILE");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (output_check(o->output, lists[i]->items, lists[i]->n, e) < 0)
            return -1;
    }
    return 0;
}

static int check_stdin(const struct options *o, struct err *e)
{
    bool packets = false, config = false;

    for (size_t i = 0; i < o->capture.files.n; i++)
        packets |= strcmp(o->capture.files.items[i], "-") == 0;
    for (size_t i = 0; i < o->replay.config.n; i++)
        config |= strcmp(o->replay.config.items[i], "-") == 0;
    return packets && config
               ? err_set(e, ERR_USAGE, "standard input cannot be both --config and --read")
               : 0;
}

static int check(const struct options *o, int argc, char **argv, struct err *e)
{
    if (argc > 0)
        return err_set(e, ERR_USAGE, "%s: mirror takes no file; say -r %s to read packets from it",
                       argv[0], argv[0]);
    if (capture_options_check(&o->capture, e) < 0 || replay_options_check(&o->replay, e) < 0 ||
        check_pace(o, e) < 0 || check_stdin(o, e) < 0 || check_reports(o, e) < 0)
        return -1;
    return o->output ? check_output(o, e) : 0;
}

/* ---- between the stages ------------------------------------------------------- */

static int put_pair(void *ctx, struct pair *p, struct err *e)
{
    struct run *run = ctx;

    if (result_put(&run->result, p, e) < 0) {
        feed_stop(&run->feed); /* the replay stops, and waits for no more traffic */
        pair_free(p);
        return -1;
    }
    if (queue_put_weighing(run->pairs, p, arena_held(&p->mem) + arena_held(&p->exchange->mem)))
        return 0;
    feed_stop(&run->feed);
    pair_free(p); /* comparing failed, and will say so */
    return 1;
}

static int next_pair(void *ctx, struct pair **p, struct err *e)
{
    struct run *run = ctx;

    (void)e;
    *p = queue_take(run->pairs);
    return *p ? 1 : 0;
}

static void *compare(void *arg)
{
    struct run *run = arg;
    struct pair_source source = {next_pair, run};
    struct pair *p;

    run->compared = diff_run(run->diff, &source, &run->diff_error);
    queue_close(run->pairs); /* nobody takes any more */
    while ((p = queue_try_take(run->pairs)))
        pair_free(p);
    return NULL;
}

static void ready(void *ctx, const char *name)
{
    capture_options_ready(&((struct run *)ctx)->options->capture, name);
}

/* Draw the picture of this second. */
static void show(struct run *run, const struct replay_progress *p)
{
    struct view *v = &run->view;
    uint64_t captured = front_captured(run->feed.front);
    int64_t now = clock_mono_ns();
    unsigned columns, rows;
    struct buf text;

    if (!log_progress_room(&columns, &rows))
        return;
    v->rate = (double)(captured - v->captured) * (double)NS_PER_SEC / (double)(now - run->shown_ns);
    v->captured = captured;
    v->left_out = front_left_out(run->feed.front);
    v->replay = p;
    v->n_rows = diff_glance(run->diff, v->rows, VIEW_ROWS, &v->all);
    run->shown_ns = now;
    buf_init(&text, VIEW_MAX);
    view_draw(v, columns, rows, &text);
    log_progress("%s", text.len ? text.data : "");
    buf_release(&text);
}

/* What waits for a slow target may take minutes; mostly nothing does. */
static void tell_stopping(struct run *run)
{
    if (!run->options->capture.interface || !stop_was_asked())
        return;
    if (run->stopping++ == 1)
        log_info("the capture has ended, and what it has is being sent; another signal ends at "
                 "once");
}

static void tick(void *ctx, const struct replay_progress *p)
{
    struct run *run = ctx;
    struct replay_progress all = *p;

    tell_stopping(run);
    all.behind = front_left_out(run->feed.front);
    all.recorded += all.behind;
    watch_publish(&run->watch, &all);
    show(run, p);
    if (result_flush(&run->result) < 0) {
        replay_stop(run->replay);
        feed_stop(&run->feed);
    }
}

/* A live capture ends, and what it has is still sent; asked again, all ends at once.
 * Where packets come from a file it is as in a replay of one. */
static void stop(void *ctx)
{
    struct run *run = ctx;
    bool live = run->options->capture.interface != NULL;

    if (!live || stop_was_asked_again())
        replay_stop(run->replay);
    if (live && stop_was_asked_again())
        replay_stop(run->replay); /* not only for what has not begun */
    feed_stop(&run->feed);
}

/* ---- from beginning to end ----------------------------------------------------- */

/* The result's and the report's name of the traffic. */
static const char *traffic(const struct options *o)
{
    return o->capture.interface ? o->capture.interface : o->capture.files.items[0];
}

/* Start the comparing, and the result file if there is one, with META. */
static int begin(struct run *run, struct err *e)
{
    const struct options *o = run->options;
    uint8_t id[16] = {0};
    struct buf meta;
    int rc = -1;

    buf_init(&meta, JSON_MAX);
    feed_identity(&run->feed, id);
    if (result_meta(&o->replay, run->replay, traffic(o), &meta, e) == 0 &&
        result_begin(&run->result, buf_str(&meta), (enum record_codec)o->codec, id, e) == 0 &&
        diff_meta(run->diff, buf_str(&meta), e) == 0)
        rc = thread_start(&run->comparer, compare, run, e);
    buf_release(&meta);
    return rc;
}

/* STATS, for the report. */
static int end_report(struct run *run, const struct replay_stats *stats, struct err *e)
{
    const struct capture *c = front_capture(run->feed.front);
    struct buf text;
    int rc = -1;

    buf_init(&text, JSON_MAX);
    if (account_replay_json(stats, capture_stats(c), &text, e) == 0)
        rc = diff_stats(run->diff, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

/* What was left out in front of replay was recorded all the same. */
static struct replay_stats final_stats(const struct run *run)
{
    struct replay_stats s = *replay_stats(run->replay);

    s.behind = front_left_out(run->feed.front);
    s.recorded += s.behind;
    return s;
}

static void say_summary(const struct run *run, const struct replay_stats *stats)
{
    const struct capture *c = front_capture(run->feed.front);

    account_capture_summary(capture_stats(c));
    capture_options_warn_of_misses(&run->options->capture, c);
    account_replay_summary(stats);
    if (run->options->capture.interface) /* whose pace is its own */
        account_replay_draw(&run->options->replay, run->replay);
    else
        account_replay_terms(&run->options->replay, run->replay);
    notice_end(&run->options->replay);
}

static bool lost(const struct run *run, const struct replay_stats *stats)
{
    return stats->behind > 0 || account_lost(capture_stats(front_capture(run->feed.front))) > 0;
}

/* One failure must not hide another: all are said, the worst is the status. */
static int run_to_end(struct run *run)
{
    struct exchange_source source = {
        .next = feed_next, .ctx = &run->feed, .live = run->options->capture.interface != NULL};
    struct pair_sink sink = {put_pair, run};
    struct err e = {0};
    struct replay_stats stats;
    int status = EXIT_DONE;

    if (replay_run(run->replay, &source, &sink, &e) < 0)
        status = status_partly(&e);
    feed_end(&run->feed);
    queue_close(run->pairs);
    pthread_join(run->comparer, NULL);
    log_progress("%s", "");
    if (run->compared < 0)
        status = status_partly(&run->diff_error);
    stats = final_stats(run);
    /* What has no room in the file was compared all the same. */
    if (result_end(&run->result, &stats, capture_stats(front_capture(run->feed.front)), &e) < 0)
        status = status_partly(&e);
    if (end_report(run, &stats, &e) < 0)
        status = status_partly(&e);
    say_summary(run, &stats);
    if (run->options->strict && lost(run, &stats))
        status = status_worst(EXIT_PARTLY, status);
    if (run->compared < 0)
        return status;
    return status_worst(status, diff_options_conclude(&run->options->diff, run->diff));
}

/* Open everything, the output late: what cannot start leaves an old file be, and
 * sends nothing. Threads come after the privileges have gone. */
static int open_all(struct run *run, const struct privilege_user *user, struct err *e)
{
    const struct options *o = run->options;
    struct replay_config replay = {
        .plan = run->config.plan,
        .must_mark = o->capture.interface != NULL,
        .max_body = (size_t)o->max_body,
        .tick = tick,
        .ctx = run,
    };
    struct capture_config capture = {.max_body = (size_t)o->max_body, .ready = ready, .ctx = run};
    struct diff_config diff = {.file = o->output ? o->output : traffic(o), .live = true};

    replay_options_configure(&o->replay, &replay);
    if (replay_options_headers(&o->replay, &run->headers, &replay, e) < 0)
        return -1;
    capture_options_configure(&o->capture, &capture);
    run->pairs = queue_new(PAIRS_MAX, e);
    run->diff = run->pairs ? diff_options_open(&o->diff, &diff, e) : NULL;
    run->replay = run->diff ? replay_open(&replay, e) : NULL;
    if (!run->replay || feed_open_capture(&run->feed, &capture, e) < 0)
        return -1;
    queue_limit_weight(run->pairs, PAIRS_BYTES);
    if (o->output && result_open(&run->result, o->output, e) < 0)
        return -1;
    if (privilege_drop(user, PRIVILEGE_TO_ASK, e) < 0 || check_reports(o, e) < 0)
        return -1;
    return watch_open(&run->watch, &o->replay, replay_stats(run->replay), e);
}

/* Read the configuration; then all that the options leave open is known. */
static int settle(struct options *o, struct config *config, struct err *e)
{
    const struct config_urls urls = {o->replay.v1, (const char *const *)o->replay.candidates.items,
                                     o->replay.candidates.n, !replay_options_ask_v1(&o->replay)};

    if (config_read_for_run(config, &o->replay.config, &o->sources, &urls, e) < 0 ||
        replay_options_settle(&o->replay, config->plan, e) < 0)
        return -1;
    if (o->capture.interface && o->replay.rate > 0)
        return err_set(e, ERR_USAGE,
                       "configuration: limits.rate needs a recording: live traffic comes at its "
                       "own pace; --max sends what --concurrency allows instead");
    return 0;
}

static int run_mirror(const void *options, int argc, char **argv)
{
    struct options settled = *(const struct options *)options;
    struct run run = {.options = &settled, .feed = {.input = {.fd = -1}}};
    struct privilege_user user;
    struct err e = {0};
    int status;

    if (check(run.options, argc, argv, &e) < 0 ||
        privilege_find(&user, settled.capture.user, &e) < 0)
        return status_fail(&e);
    config_init(&run.config);
    headers_init(&run.headers);
    result_init(&run.result);
    if (settle(&settled, &run.config, &e) < 0 || open_all(&run, &user, &e) < 0) {
        status = status_refuse(&e);
    } else if (begin(&run, &e) < 0) {
        status = status_partly(&e);
    } else {
        run.view.traffic = traffic(run.options);
        run.shown_ns = clock_mono_ns();
        notice_start(&run.options->replay);
        stop_on_signals(stop, &run);
        status = run_to_end(&run);
        stop_no_more();
    }
    watch_close(&run.watch);
    result_release(&run.result);
    feed_close(&run.feed);
    replay_close(run.replay);
    config_release(&run.config);
    headers_release(&run.headers);
    diff_close(run.diff);
    queue_free(run.pairs);
    return status;
}

const struct command cmd_mirror = {
    .name = "mirror",
    .summary = "capture, replay and diff at once: a dark launch in one command",
    .operands = "",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_mirror,
};

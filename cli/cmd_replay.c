#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "cli/account.h"
#include "cli/command.h"
#include "cli/feed.h"
#include "cli/hide.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/text.h"
#include "cli/value.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/record.h"
#include "replay/replay.h"

enum { JSON_MAX = 256 * 1024, URL_MAX = 8 * 1024, MILLION = 1000000 };

static const char default_methods[] = "GET,HEAD,OPTIONS";
static const char default_seed[] = "mirrorctl/v1";

struct host {
    enum replay_host kind;
    const char *name;
};

struct options {
    const char *v1, *v2;
    uint64_t ppm;
    const char *seed;
    double speed, rate;
    bool max;
    uint64_t concurrency, threads;
    int64_t timeout_ns;
    uint64_t max_body;
    const char *methods;
    int control;
    struct host host;
    const char *output;
    int codec; /* enum record_codec */
    bool dry_run, include_anomalous, insecure;
    const char *ca_file;
};

/* In the order of enum replay_control. */
static const char *const controls[] = {"v1", "recorded", "none", NULL};

static option_reader read_percent, read_factor, read_host;

static const struct option_spec table[] = {
    OPT_STRING(0, "v1", v1, "URL",
               "the version in service, as http://host:port, https://host or unix:/path"),
    OPT_STRING(0, "v2", v2, "URL", "the version under test"),
    OPT_OWN(0, "percent", ppm, "P", read_percent,
            "mirror P percent of the requests, down to 0.0001 (default 100)"),
    OPT_STRING(0, "seed", seed, "TEXT",
               "seed of the draw: the same seed chooses the same requests (default mirrorctl/v1)"),
    OPT_OWN(0, "speed", speed, "X", read_factor, "X times the recorded pace (default 1)"),
    OPT_OWN(0, "rate", rate, "N", read_factor,
            "N requests a second instead, whatever the targets do"),
    OPT_FLAG(0, "max", max, "as fast as --concurrency allows instead"),
    OPT_COUNT(0, "concurrency", concurrency, "N", 1, 65536,
              "requests in flight per target (default 64)"),
    OPT_TIME(0, "timeout", timeout_ns, "give a request up after TIME (default 10s)"),
    OPT_SIZE(0, "max-body", max_body, 0, UINT64_C(240) << 20,
             "keep at most SIZE of an answer; a larger one is hashed and marked (default 16MiB)"),
    OPT_STRING(0, "methods", methods, "LIST",
               "send only these methods, or all (default GET,HEAD,OPTIONS)"),
    OPT_CHOICE(0, "control", control, "WHAT", controls,
               "measure the noise of v1 itself by a second call to v1 (default), by the recorded "
               "answer, or by none"),
    OPT_OWN(0, "host", host, "HOST", read_host,
            "Host header: keep (as captured, default), target (the target's), shadow (with "
            "-shadow added), or a name"),
    OPT_STRING('o', "output", output, "FILE", "write the result to FILE; - is standard output"),
    OPT_CHOICE('z', "compress", codec, "CODEC", output_codecs,
               "compress the result: none (default) or zstd"),
    OPT_FLAG(0, "dry-run", dry_run, "send nothing, account for everything"),
    OPT_FLAG(0, "include-anomalous", include_anomalous,
             "also send requests that two readers could read differently"),
    OPT_STRING(0, "cacert", ca_file, "FILE", "trust the certificates in FILE (PEM)"),
    OPT_FLAG(0, "insecure", insecure, "do not check certificates"),
    OPT_COUNT(0, "threads", threads, "N", 0, 1024, "event loops; 0 chooses (default)"),
    OPT_END,
};

static const struct options defaults = {
    .ppm = MILLION,
    .seed = default_seed,
    .concurrency = 64,
    .timeout_ns = 10 * NS_PER_SEC,
    .max_body = 16 << 20,
    .methods = default_methods,
};

/* Parts per million are 10^4 times a percentage: exact as a decimal number,
 * which a double of 0.0001 is not. */
static int read_percent(const struct option_spec *spec, void *field, const char *value,
                        struct err *e)
{
    uint64_t ppm, finer;

    (void)spec;
    if (value_decimal(value, 4, &ppm) && ppm <= MILLION) {
        *(uint64_t *)field = ppm;
        return 0;
    }
    if (value_decimal(value, 15, &finer))
        return err_set(e, ERR_USAGE, "\"%s\" is not a number from 0 to 100 in steps of 0.0001",
                       value);
    return err_set(e, ERR_USAGE, "\"%s\" is not a number from 0 to 100", value);
}

static int read_factor(const struct option_spec *spec, void *field, const char *value,
                       struct err *e)
{
    uint64_t millionths;

    (void)spec;
    if (!value_decimal(value, 6, &millionths) || millionths == 0 ||
        millionths > UINT64_C(10000000) * MILLION)
        return err_set(e, ERR_USAGE, "\"%s\" is not a number above 0, such as 0.5 or 200", value);
    *(double *)field = (double)millionths / MILLION;
    return 0;
}

static int read_host(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    static const char *const kinds[] = {
        [HOST_KEEP] = "keep", [HOST_TARGET] = "target", [HOST_SHADOW] = "shadow"};
    struct host *host = field;

    (void)spec;
    *host = (struct host){HOST_NAME, value};
    for (int i = HOST_KEEP; i <= HOST_SHADOW; i++) {
        if (strcmp(value, kinds[i]) == 0)
            *host = (struct host){(enum replay_host)i, NULL};
    }
    for (const char *c = value; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return err_set(e, ERR_USAGE, "\"%s\" is not keep, target, shadow or a host name",
                           value);
    }
    return *value ? 0 : err_set(e, ERR_USAGE, "the argument is empty");
}

static int check(const struct options *o, int argc, char **argv, struct err *e)
{
    const char *const *inputs = (const char *const *)argv;

    if (argc != 1)
        return err_set(e, ERR_USAGE,
                       argc ? "more than one FILE: join records with cat and a pipe"
                            : "FILE is missing: a record, a pcap file, or -");
    if (!o->v1 || !o->v2)
        return err_set(e, ERR_USAGE,
                       "--%s is missing: say where the %s runs, such as "
                       "http://127.0.0.1:8080",
                       o->v1 ? "v2" : "v1", o->v1 ? "version under test" : "version in service");
    if ((o->speed > 0) + (o->rate > 0) + o->max > 1)
        return err_set(e, ERR_USAGE, "--speed, --rate and --max exclude each other");
    if (o->dry_run && !o->output)
        return 0;
    return output_check(o->output, inputs, 1, e);
}

/* A replay under way, where its requests come from and its pairs go. */
struct run {
    const struct options *options;
    const char *path;
    struct feed feed;
    struct replay *replay;
    struct output out;
    /* Pairs and ticks come from different threads. */
    pthread_mutex_t lock;
};

static int put_pair(void *ctx, struct pair *p, struct err *e)
{
    struct run *run = ctx;
    int rc = 0;

    if (run->out.writer) {
        pthread_mutex_lock(&run->lock);
        rc = record_put_pair(run->out.writer, p, e);
        pthread_mutex_unlock(&run->lock);
    }
    pair_free(p);
    return rc < 0 ? err_wrap(e, "%s", run->out.name) : 0;
}

/* What was done so far is on disk about a second later, so that a run that is
 * killed leaves it. A failure sticks to the writer and is told by the next put. */
static void tick(void *ctx, const struct replay_progress *p)
{
    struct run *run = ctx;

    log_progress("%" PRIu64 " recorded, %" PRIu64 " selected, %" PRIu64 " done", p->recorded,
                 p->selected, p->done);
    if (!run->out.writer)
        return;
    pthread_mutex_lock(&run->lock);
    (void)record_flush(run->out.writer, NULL);
    pthread_mutex_unlock(&run->lock);
}

static void stop(void *ctx)
{
    struct run *run = ctx;

    replay_stop(run->replay);
    feed_stop(&run->feed);
}

static void put_url(struct json_writer *w, const char *key, const char *url, struct err *e)
{
    struct buf plain;

    buf_init(&plain, URL_MAX);
    json_key(w, key);
    if (hide_in_url(&plain, str_of(url), e) < 0)
        w->failed = true;
    json_str(w, buf_str(&plain));
    buf_release(&plain);
}

static int meta_json(const struct run *run, struct buf *out, struct err *e)
{
    const struct options *o = run->options;
    const char *slash = strrchr(run->path, '/');
    char when[TEXT_TIME];
    struct json_writer w;

    json_begin(&w, out, false, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.result/1");
    json_key(&w, "tool");
    json_cstr(&w, "mirrorctl " MIRRORCTL_VERSION);
    json_key(&w, "file");
    json_cstr(&w, slash ? slash + 1 : run->path);
    json_key(&w, "targets");
    json_open_object(&w);
    put_url(&w, "v1", o->v1, e);
    put_url(&w, "v2", o->v2, e);
    json_close(&w);
    json_key(&w, "percent");
    json_double(&w, (double)o->ppm / 10000);
    json_key(&w, "seed");
    json_cstr(&w, o->seed);
    json_key(&w, "control");
    json_cstr(&w, controls[o->control]);
    json_key(&w, "names");
    json_open_array(&w);
    json_cstr(&w, "v1");
    json_cstr(&w, "v2");
    if (o->control == CONTROL_V1)
        json_cstr(&w, "control");
    json_close(&w);
    json_key(&w, "started");
    json_cstr(&w, text_time(clock_wall_ns(), 3, when));
    return json_end_all(&w);
}

/* Start the result: its header and META. */
static int begin(struct run *run, struct err *e)
{
    struct record_options ro = {.kind = RECORD_PAIRS, .created_ns = clock_wall_ns()};
    struct buf meta;
    int rc = -1;

    buf_init(&meta, JSON_MAX);
    ro.codec = (enum record_codec)run->options->codec;
    feed_identity(&run->feed, ro.capture_id);
    if (meta_json(run, &meta, e) == 0)
        rc = output_begin(&run->out, &ro, buf_str(&meta), e);
    buf_release(&meta);
    return rc;
}

/* Complete the result: STATS, and everything on its way to the disk. */
static int end(struct run *run, struct err *e)
{
    struct front *front = run->feed.front;
    struct buf stats;
    int rc = -1;

    if (!run->out.writer)
        return 0;
    buf_init(&stats, JSON_MAX);
    if (account_replay_json(replay_stats(run->replay), front ? front_stats(front) : NULL, &stats,
                            e) == 0)
        rc = output_end(&run->out, buf_str(&stats), e);
    buf_release(&stats);
    if (output_close(&run->out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

static int run_to_end(struct run *run)
{
    struct exchange_source source = {feed_next, &run->feed};
    struct pair_sink sink = {put_pair, run};
    struct err e = {0};
    int status = EXIT_DONE;

    if (replay_run(run->replay, &source, &sink, &e) < 0)
        status = status_worst(EXIT_PARTLY, status_fail(&e));
    if (e.kind == ERR_PIPE) /* quiet, but not done: a script can tell */
        return EXIT_PARTLY;
    log_progress("%s", "");
    if (stop_was_asked()) {
        log_warn("stopped before the end; the result holds what was done");
        status = EXIT_PARTLY;
    }
    /* After a failed write the result cannot be completed, and why was said. */
    if (end(run, &e) < 0 && status == EXIT_DONE)
        status = status_fail(&e);
    account_replay_summary(replay_stats(run->replay), run->feed.refused);
    return status;
}

static void configure(const struct options *o, struct replay_config *c)
{
    c->v1 = o->v1;
    c->v2 = o->v2;
    c->ppm = (uint32_t)o->ppm;
    c->seed = o->seed;
    c->pace = o->max ? PACE_MAX : o->rate > 0 ? PACE_RATE : PACE_RECORDED;
    c->speed = o->speed > 0 ? o->speed : 1;
    c->rate = o->rate;
    c->concurrency = (unsigned)o->concurrency;
    c->threads = (unsigned)o->threads;
    c->timeout_ns = o->timeout_ns;
    c->methods = o->methods;
    c->control = (enum replay_control)o->control;
    c->host = o->host.kind;
    c->host_name = o->host.name;
    c->max_body = (size_t)o->max_body;
    c->include_anomalous = o->include_anomalous;
    c->dry_run = o->dry_run;
    c->ca_file = o->ca_file;
    c->insecure = o->insecure;
    c->tick = tick;
}

/* Open everything, the output last: what cannot start leaves an old file be. */
static int open_all(struct run *run, struct err *e)
{
    const struct options *o = run->options;
    struct replay_config config = {.ctx = run};

    configure(o, &config);
    run->replay = replay_open(&config, e);
    if (!run->replay || feed_open(&run->feed, run->path, o->methods, e) < 0)
        return -1;
    return o->output ? output_open(&run->out, o->output, e) : 0;
}

static int run_replay(const void *options, int argc, char **argv)
{
    struct run run = {.options = options, .out = {.fd = -1}, .feed = {.input = {.fd = -1}}};
    struct err e = {0};
    int status;

    if (check(run.options, argc, argv, &e) < 0)
        return status_fail(&e);
    run.path = argv[0];
    pthread_mutex_init(&run.lock, NULL);
    if (open_all(&run, &e) < 0) {
        status = status_refuse(&e);
    } else if (run.out.fd >= 0 && begin(&run, &e) < 0) {
        status = status_fail(&e);
    } else {
        stop_on_signals(stop, &run);
        status = run_to_end(&run);
        stop_no_more();
    }
    output_close(&run.out, NULL);
    replay_close(run.replay);
    feed_close(&run.feed);
    pthread_mutex_destroy(&run.lock);
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

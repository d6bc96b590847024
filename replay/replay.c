/* Three kinds of threads: the caller's reads and decides, workers send and
 * receive, a writer hands finished pairs to the sink. Between them are bounded
 * queues, so a slow sink slows the workers and those the reader, and memory
 * does not grow. Where that made requests late, their lateness says so. */
#include "replay/replay.h"
#include "core/thread.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/http1.h"
#include "core/mem.h"
#include "core/queue.h"
#include "replay/connection.h"
#include "replay/dispatch.h"
#include "replay/guard.h"
#include "replay/match.h"
#include "replay/pem.h"
#include "replay/proxy.h"
#include "replay/resolve.h"
#include "replay/routes.h"
#include "replay/worker.h"

enum {
    MAX_THREADS = 64,
    DEFAULT_THREADS = 4,
    MAX_CONCURRENCY = 65536,
    DEFAULT_WAITING = 1024, /* per target */
    MAX_WAITING = 65536,
    MAX_IDLE = 65536, /* kept-alive connections, per target and worker */
    MAX_HELD = 32 * 1024 * 1024,
    FINISHED = 16,    /* chains of pairs on their way to the sink */
    SPARE_FILES = 64, /* what the rest of the program has open */
};

/* When the writer tells how far the run is. */
struct ticks {
    int64_t next_ns;
    bool asked;
};

/* It keeps sums of times from overflowing. */
#define LONGEST_NS (INT64_C(100) * 366 * 86400 * NS_PER_SEC)

struct replay {
    struct replay_config config;
    struct routes routes;
    struct plan_router *router;
    struct guard *guards; /* by target */
    unsigned n_guards;
    struct proxy proxy;
    struct worker_setup setup;
    struct match match;
    unsigned n_workers;
    struct replay_stats stats;
    struct replay_target_stats target_stats[ROUTES_MAX_ROLES];
    struct replay_target_stats shown[ROUTES_MAX_ROLES]; /* while it runs; the writer's */

    atomic_int stops;
    int stop_fd;

    /* Of a run. */
    struct worker *workers;
    struct dispatcher dispatcher;
    struct queue *finished;
    atomic_uint running;
    _Atomic size_t held;
    const struct pair_sink *sink;
    pthread_t writer;
    struct err sink_failure; /* the writer's until it is joined */
    uint64_t handed_on;
};

/* ---- opening -------------------------------------------------------------------- */

static int check_methods(const char *methods, struct err *e)
{
    struct str list = str_of(methods);

    while (list.data) {
        struct str method = str_trim(str_cut(&list, ','));

        if (!http_is_token(method))
            return err_set(e, ERR_USAGE,
                           "not a list of methods: \"%s\" (like GET,HEAD,POST; or all)", methods);
        if (str_ieq(method, STR("all")) && !str_ieq(str_of(methods), method))
            return err_set(e, ERR_USAGE, "methods \"%s\": all is said alone", methods);
        if (str_ieq(method, STR("CONNECT")))
            return err_set(e, ERR_USAGE, "methods: CONNECT makes a tunnel, and is never sent");
    }
    return 0;
}

static int check_host_name(const char *name, struct err *e)
{
    if (!name || !*name)
        return err_set(e, ERR_USAGE, "the name for Host is empty");
    if (!http_may_be_host(str_of(name)))
        return err_set(e, ERR_USAGE, "\"%s\" is no name for Host", name);
    return 0;
}

static int check_config(const struct replay_config *c, struct err *e)
{
    if (c->ppm > SELECT_ALL)
        return err_set(e, ERR_USAGE, "more than 100 %% cannot be mirrored");
    if (c->max_error_ppm > SELECT_ALL)
        return err_set(e, ERR_USAGE, "more than 100 %% cannot fail");
    if (c->pace == PACE_RECORDED && !(isfinite(c->speed) && c->speed > 0))
        return err_set(e, ERR_USAGE, "the speed must be above 0");
    if (c->pace == PACE_RATE && !(isfinite(c->rate) && c->rate > 0))
        return err_set(e, ERR_USAGE, "the rate must be above 0");
    if (c->concurrency < 1 || c->concurrency > MAX_CONCURRENCY)
        return err_set(e, ERR_USAGE, "the concurrency must be from 1 to %d", MAX_CONCURRENCY);
    if (c->queue > MAX_WAITING)
        return err_set(e, ERR_USAGE, "at most %d requests can wait for a target", MAX_WAITING);
    if (c->own_connections && c->no_order)
        return err_set(e, ERR_USAGE, "a connection for each recorded one keeps the order");
    if (c->threads > MAX_THREADS)
        return err_set(e, ERR_USAGE, "there can be at most %d threads", MAX_THREADS);
    if (c->timeout_ns < NS_PER_MS || c->timeout_ns > INT64_C(86400) * NS_PER_SEC)
        return err_set(e, ERR_USAGE, "the timeout (--timeout) must be from 1ms to 24h");
    if ((c->key == KEY_HEADER || c->key == KEY_COOKIE) && !http_is_token(str_of(c->key_name)))
        return err_set(e, ERR_USAGE, "the name of a header or cookie is missing or is none");
    if (c->ramp_ns < 0 || c->ramp_ns > LONGEST_NS || c->duration_ns < 0 ||
        c->duration_ns > LONGEST_NS)
        return err_set(e, ERR_USAGE, "--ramp or --duration is longer than a century");
    if (c->ramp_ns && c->pace == PACE_MAX)
        return err_set(e, ERR_USAGE, "without a rate or speed there is nothing to ramp up");
    if (c->poisson && c->pace != PACE_RATE)
        return err_set(e, ERR_USAGE, "random gaps need a rate");
    if (c->shards && (c->shard < 1 || c->shard > c->shards))
        return err_set(e, ERR_USAGE, "there is no shard %u of %u", c->shard, c->shards);
    if (c->connect_timeout_ns < 0 || c->connect_timeout_ns > c->timeout_ns)
        return err_set(e, ERR_USAGE,
                       "--connect-timeout must not be above --timeout, of which it is a part");
    if (c->host == HOST_NAME && check_host_name(c->host_name, e) < 0)
        return -1;
    return check_methods(c->methods, e);
}

/* Every version that a field is set for must be there. */
static int check_versions(const struct replay *r, struct err *e)
{
    for (size_t i = 0; i < r->config.n_fields; i++) {
        unsigned version = r->config.fields[i].version;
        bool found = version == 0;

        for (unsigned t = 0; t < r->routes.n_roles; t++)
            found |= r->routes.roles[t].version == version;
        if (!found)
            return err_set(e, ERR_USAGE, "there is no v%u to set a header field for", version);
    }
    return 0;
}

static int add_guards(struct replay *r, struct err *e)
{
    unsigned n = r->routes.n_targets;

    r->guards = mem_array(n, sizeof *r->guards);
    if (!r->guards)
        return err_nomem(e, "starting a replay");
    for (; r->n_guards < n; r->n_guards++) {
        const char *name = routes_target_name(&r->routes, r->n_guards, e);

        if (!name)
            return -1;
        guard_init(&r->guards[r->n_guards], name, &r->config);
    }
    return 0;
}

static int open_routes(struct replay *r, struct err *e)
{
    if (routes_init(&r->routes, &r->config, e) < 0 || check_versions(r, e) < 0 ||
        add_guards(r, e) < 0)
        return -1;
    r->router = plan_router_new(r->routes.plan, e);
    if (!r->router)
        return -1;
    r->stats.n_targets = r->routes.n_roles;
    r->stats.targets = r->target_stats;
    for (unsigned i = 0; i < r->routes.n_roles; i++)
        memcpy(r->target_stats[i].name, r->routes.roles[i].name, sizeof r->target_stats[i].name);
    return 0;
}

static int check_pem_files(const struct replay_config *c, struct err *e)
{
    if (c->ca_file && pem_check_certificate(c->ca_file, e) < 0)
        return -1;
    if (!c->cert_file)
        return c->key_file ? err_set(e, ERR_USAGE, "a key needs its certificate") : 0;
    if (pem_check_certificate(c->cert_file, e) < 0)
        return -1;
    return pem_check_key(c->key_file ? c->key_file : c->cert_file, e);
}

static int open_ways(struct replay *r, struct err *e)
{
    const struct replay_config *c = &r->config;

    if (c->proxy && proxy_parse(&r->proxy, c->proxy, e) < 0)
        return -1;
    for (size_t i = 0; i < c->n_resolve; i++) {
        if (resolve_check(c->resolve[i], r->routes.targets, r->routes.n_targets, &r->proxy, e) < 0)
            return -1;
    }
    r->setup.connections = (struct connector_options){
        .timeout_ns = c->timeout_ns,
        .connect_timeout_ns = c->connect_timeout_ns,
        .ca_file = c->ca_file,
        .insecure = c->insecure,
        .cert_file = c->cert_file,
        .key_file = c->key_file,
        .proxy = c->proxy ? &r->proxy : NULL,
        .resolve = c->resolve,
        .n_resolve = c->n_resolve,
    };
    if (check_pem_files(c, e) < 0 || connection_setup(e) < 0)
        return -1;
    return c->cert_file ? connection_check_certificate(&r->setup.connections, e) : 0;
}

/* One worker does 50,000 pairs a second, and the reader wants a core too. */
static unsigned choose_threads(const struct replay_config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = c->threads;

    if (n == 0)
        n = cores > DEFAULT_THREADS ? DEFAULT_THREADS : cores > 2 ? (unsigned)cores - 1 : 1;
    return n < c->concurrency ? n : c->concurrency;
}

/* A connection for every call in flight, and while libcurl opens it another
 * descriptor or two for names and for the second address of a host. */
static rlim_t descriptors_needed(const struct replay *r)
{
    return (rlim_t)r->config.concurrency * r->routes.n_targets * 2 + SPARE_FILES;
}

static int ensure_descriptors(const struct replay *r, struct err *e)
{
    rlim_t need = descriptors_needed(r);
    rlim_t want = need + (r->config.own_connections ? (rlim_t)MAX_IDLE * r->routes.n_targets : 0);
    struct rlimit limit;

    if (r->config.dry_run || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= want)
        return 0;
    limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
    if (limit.rlim_max < need || setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_set(
            e, ERR_USAGE, "a concurrency of %u needs %llu open files (ulimit -n), allowed are %llu",
            r->config.concurrency, (unsigned long long)need, (unsigned long long)limit.rlim_max);
    return 0;
}

/* Connections of a target that a worker may keep idle: with one for each
 * recorded connection, as many as the system has descriptors for. */
static size_t idle_limit(const struct replay *r)
{
    unsigned lanes = r->routes.n_targets * r->n_workers;
    rlim_t need = descriptors_needed(r), each;
    struct rlimit limit;

    if (!r->config.own_connections || lanes == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return MAX_IDLE;
    each = limit.rlim_cur > need ? (limit.rlim_cur - need) / lanes : 0;
    return each < MAX_IDLE ? (size_t)each : MAX_IDLE;
}

static void fill_setup(struct replay *r)
{
    const struct replay_config *c = &r->config;
    struct worker_setup *s = &r->setup;

    s->targets = r->routes.targets;
    s->n_targets = r->routes.n_targets;
    s->n_roles = r->routes.n_roles;
    s->control = r->routes.control;
    s->guards = r->guards;
    s->ordered = !c->no_order;
    s->own_wires = c->own_connections;
    s->max_idle = idle_limit(r);
    s->closed_loop = c->pace == PACE_MAX || c->dry_run;
    s->concurrency = c->concurrency;
    s->max_waiting = c->queue ? (size_t)c->queue : DEFAULT_WAITING;
    s->held = &r->held;
    s->max_held = MAX_HELD;
    s->max_body = c->max_body;
    s->timeouts = r->routes.timeouts;
    s->n_timeouts = r->routes.n_timeouts;
    s->seed = c->seed;
    s->stops = &r->stops;
    s->stop_fd = r->stop_fd;
    s->running = &r->running;
}

struct replay *replay_open(const struct replay_config *config, struct err *e)
{
    struct replay *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "starting a replay");
        return NULL;
    }
    r->config = *config;
    if (!r->config.methods)
        r->config.methods = "GET,HEAD,OPTIONS";
    r->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->stop_fd < 0) {
        err_set(e, ERR_IO, "cannot start a replay: %s", strerror(errno));
        goto failed;
    }
    if (check_config(&r->config, e) < 0 ||
        match_init(&r->match, config->only, config->n_only, config->skip, config->n_skip, e) < 0 ||
        open_routes(r, e) < 0 || open_ways(r, e) < 0 || ensure_descriptors(r, e) < 0)
        goto failed;
    r->n_workers = choose_threads(&r->config);
    fill_setup(r);
    return r;
failed:
    replay_close(r);
    return NULL;
}

void replay_close(struct replay *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < r->n_guards; i++)
        guard_release(&r->guards[i]);
    mem_free(r->guards);
    plan_router_free(r->router);
    routes_release(&r->routes);
    match_release(&r->match);
    if (r->stop_fd >= 0)
        close(r->stop_fd);
    mem_free(r);
}

void replay_stop(struct replay *r)
{
    const uint64_t one = 1;
    int saved = errno;

    /* Lock-free atomics and write() are all that a signal handler may use. */
    atomic_fetch_add(&r->stops, 1);
    if (write(r->stop_fd, &one, sizeof one) < 0)
        errno = saved; /* only when it was written 2^64 times */
    errno = saved;
}

const char *replay_place(const struct replay *r, const char *role)
{
    for (unsigned i = 0; i < r->routes.n_roles; i++) {
        if (strcmp(r->routes.roles[i].name, role) == 0)
            return r->routes.roles[i].place.data;
    }
    return NULL;
}

const struct plan *replay_plan(const struct replay *r)
{
    return r->config.plan;
}

int64_t replay_share(const struct replay *r)
{
    if (!r->config.plan || r->config.ppm_said)
        return r->config.ppm;
    return routes_share(&r->routes);
}

const struct replay_stats *replay_stats(const struct replay *r)
{
    return &r->stats;
}

/* ---- the writer -------------------------------------------------------------------- */

static void ask_views(struct replay *r)
{
    for (unsigned w = 0; w < r->n_workers; w++)
        worker_ask_view(&r->workers[w]);
}

static void tell_progress(struct replay *r)
{
    struct replay_progress p = {
        .done = r->handed_on,
        .n_targets = r->routes.n_roles,
        .targets = r->shown,
        .recorded = atomic_load(&r->dispatcher.shown_recorded),
        .selected = atomic_load(&r->dispatcher.shown_selected),
    };

    memset(r->shown, 0, p.n_targets * sizeof *r->shown);
    for (unsigned t = 0; t < p.n_targets; t++)
        memcpy(r->shown[t].name, r->routes.roles[t].name, sizeof r->shown[t].name);
    for (unsigned w = 0; w < r->n_workers; w++)
        worker_add_view(&r->workers[w], r->shown, p.in_flight, p.waiting);
    r->config.tick(r->config.ctx, &p);
}

/* After a failure the rest is taken and dropped, so that nobody waits for room. */
static void hand_on(struct replay *r, struct job *chain)
{
    while (chain) {
        struct job *job = chain;
        struct pair *pair = job->pair;
        int rc = 0;

        chain = job->next;
        atomic_fetch_sub_explicit(&r->held, job->held, memory_order_relaxed);
        if (r->sink_failure.kind == ERR_NONE) {
            rc = r->sink->put(r->sink->ctx, pair, &r->sink_failure);
            r->handed_on++;
        } else {
            job_free(job);
        }
        if (rc < 0 && r->sink_failure.kind == ERR_NONE)
            err_set(&r->sink_failure, ERR_IO, "cannot hand on a result");
        if (rc != 0 && atomic_load(&r->stops) == 0)
            replay_stop(r);
    }
}

/* Workers are asked for their counters a little before these are told. */
static void tick(struct replay *r, struct ticks *t)
{
    const int64_t answer_ns = NS_PER_SEC / 20;
    int64_t now_ns = clock_mono_ns();

    if (now_ns < t->next_ns)
        return;
    if (t->asked)
        tell_progress(r);
    else
        ask_views(r);
    t->next_ns += t->asked ? NS_PER_SEC - answer_ns : answer_ns;
    t->asked = !t->asked;
}

static void *write_pairs(void *arg)
{
    struct replay *r = arg;
    struct ticks ticks = {r->config.tick ? clock_mono_ns() + NS_PER_SEC : INT64_MAX, false};

    while (!queue_is_drained(r->finished)) {
        hand_on(r, queue_take_until(r->finished, ticks.next_ns));
        tick(r, &ticks);
    }
    return NULL;
}

/* ---- a run -------------------------------------------------------------------------- */

static void fill_dispatcher(struct replay *r)
{
    const struct replay_config *c = &r->config;
    struct dispatcher *d = &r->dispatcher;
    const struct schedule_rules pace = {c->pace,    c->speed, c->rate,
                                        c->poisson, c->seed,  c->ramp_ns};
    int64_t start_ns = clock_mono_ns();
    size_t most = r->config.max_body < SIZE_MAX / 16 ? r->config.max_body : SIZE_MAX / 16;

    *d = (struct dispatcher){
        .rules = {.methods = c->methods,
                  .include_anomalous = c->include_anomalous,
                  .max_request = c->max_request,
                  .match = &r->match,
                  .router = r->router},
        .shard = {c->shard, c->shards},
        .setup = &r->setup,
        .workers = r->workers,
        .n_workers = r->n_workers,
        .dry_run = c->dry_run,
        .keep_recorded = c->control == CONTROL_RECORDED || c->baseline == BASELINE_RECORDED,
        .max_answers = r->routes.n_roles * (most + (size_t)4 * HTTP1_MAX_HEAD) + HTTP1_MAX_HEAD,
        .stats = &r->stats,
        .loops = c->loops ? c->loops : 1,
        .duration_ns = c->duration_ns,
        .decided = c->decided,
        .ctx = c->ctx,
    };
    r->setup.end_ns = c->duration_ns ? start_ns + c->duration_ns : 0;
    chooser_init(&d->chooser, &r->routes, c);
    buf_init(&d->path, HTTP1_MAX_HEAD);
    schedule_init(&d->schedule, &pace, start_ns);
}

/* The wall clock may be set while a run lasts: times of calls are monotonic
 * ones, moved to where the wall clock stood at the start. */
static int prepare(struct replay *r, struct err *e)
{
    r->stats.started_ns = clock_wall_ns();
    r->setup.wall_offset_ns = r->stats.started_ns - clock_mono_ns();
    r->finished = queue_new(FINISHED, e);
    r->setup.finished = r->finished;
    r->workers = r->finished ? mem_array(r->n_workers, sizeof *r->workers) : NULL;
    if (r->finished && !r->workers)
        err_nomem(e, "starting workers");
    if (!r->workers)
        return -1;
    for (unsigned i = 0; i < r->n_workers; i++) {
        if (worker_init(&r->workers[i], &r->setup, i, r->n_workers, e) < 0)
            return -1;
    }
    atomic_store(&r->running, r->n_workers);
    atomic_store(&r->held, 0);
    fill_dispatcher(r);
    return thread_start(&r->writer, write_pairs, r, e);
}

static int start_workers(struct replay *r, struct err *e)
{
    for (unsigned i = 0; i < r->n_workers; i++) {
        if (worker_start(&r->workers[i], e) < 0) {
            unsigned missing = r->n_workers - i;

            if (atomic_fetch_sub(&r->running, missing) == missing)
                queue_close(r->finished);
            return -1;
        }
    }
    return 0;
}

static void finish(struct replay *r)
{
    for (unsigned i = 0; i < r->n_workers; i++)
        worker_end_input(&r->workers[i]);
    for (unsigned i = 0; i < r->n_workers; i++)
        worker_join(&r->workers[i]);
    pthread_join(r->writer, NULL);
}

static void merge(struct replay *r)
{
    for (unsigned w = 0; w < r->n_workers; w++) {
        const struct worker *worker = &r->workers[w];

        r->stats.paired += worker->paired;
        r->stats.unpaired += worker->unpaired;
        for (unsigned t = 0; t < r->routes.n_roles; t++)
            target_stats_add(&r->target_stats[t], &worker->stats[t]);
    }
    for (unsigned t = 0; t < r->routes.n_targets; t++)
        r->target_stats[r->routes.targets[t].role].breaker_opened += r->guards[t].breaker.opened;
    r->stats.stopped = atomic_load(&r->stops) > 0;
    r->stats.ended_ns = clock_mono_ns() + r->setup.wall_offset_ns;
}

/* The first failure in the order of cause: sink, workers, source. */
static int first_failure(const struct replay *r, int rc, struct err *e)
{
    const struct err *failure = &r->sink_failure;

    for (unsigned i = 0; failure->kind == ERR_NONE && i < r->n_workers; i++)
        failure = &r->workers[i].failure;
    if (failure->kind == ERR_NONE)
        return rc;
    *e = *failure;
    return -1;
}

static void clear_run(struct replay *r)
{
    for (unsigned i = 0; r->workers && i < r->n_workers; i++)
        worker_release(&r->workers[i]);
    mem_free(r->workers);
    buf_release(&r->dispatcher.path);
    queue_free(r->finished);
    r->workers = NULL;
    r->finished = NULL;
}

int replay_run(struct replay *r, const struct exchange_source *source, const struct pair_sink *sink,
               struct err *e)
{
    int rc;

    if (r->config.loops > 1 && !source->rewind)
        return err_set(e, ERR_USAGE, "the input cannot be read more than once");
    r->sink = sink;
    if (prepare(r, e) < 0) {
        clear_run(r);
        return -1;
    }
    rc = start_workers(r, e);
    if (rc == 0)
        rc = dispatch(&r->dispatcher, source, e);
    finish(r);
    merge(r);
    rc = first_failure(r, rc, e);
    clear_run(r);
    return rc;
}

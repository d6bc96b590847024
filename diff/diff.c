/* The stage: a reader names the endpoint of each pair and hands pairs on in
 * batches; comparers compare and tally, each for itself and each candidate; at
 * the end the tallies are merged. Which comparer saw which pair leaves no
 * trace: tallies merge exactly, and endpoints are numbered by the reader.
 */
#include "diff/diff.h"

#include <pthread.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/queue.h"
#include "diff/compare.h"
#include "diff/gate.h"
#include "diff/glance.h"
#include "diff/noise_profile.h"
#include "diff/openapi.h"
#include "diff/pair_diff.h"
#include "diff/pair_text.h"
#include "diff/report.h"
#include "diff/rules.h"
#include "diff/tally.h"
#include "diff/undecided.h"

enum { MAX_THREADS = 64, BATCH_PAIRS = 32, BATCH_BYTES = 1024 * 1024 };

struct job {
    struct pair *pair;
    uint64_t seq;
    uint32_t endpoint;
    struct str path; /* of its endpoint's name */
    int day;
    struct pair_roles roles;
    struct confirmations *confirmations; /* NULL unless it repeats another pair */
};

struct batch {
    size_t n, bytes;
    struct job jobs[BATCH_PAIRS];
};

struct diff {
    char *file;
    bool show_secrets, list_pairs;
    unsigned threads;
    struct gate gates[GATE_COUNT];
    struct endpoint_names *names;
    struct run_info run;
    struct rules *rules;           /* or NULL */
    struct rules_use use;          /* what they did in all */
    struct noise_profile *profile; /* or NULL */
    struct confirmations *confirmations;
    struct tally *tallies[CANDIDATES_MAX];
    uint64_t seq;          /* pairs read */
    struct glance *glance; /* NULL unless config.live */
};

static unsigned default_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

/* ---- a tally for each candidate ---- */

static int tallies_new(struct tally *tallies[CANDIDATES_MAX], bool list_pairs, struct err *e)
{
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        tallies[i] = tally_new(e);
        if (!tallies[i])
            return -1;
        tallies[i]->lists_pairs = list_pairs;
    }
    return 0;
}

static void tallies_free(struct tally *tallies[CANDIDATES_MAX])
{
    for (unsigned i = 0; i < CANDIDATES_MAX; i++)
        tally_free(tallies[i]);
}

static int tallies_merge(struct tally *into[CANDIDATES_MAX], struct tally *from[CANDIDATES_MAX],
                         struct err *e)
{
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        if (tally_merge(into[i], from[i], e) < 0)
            return -1;
    }
    return 0;
}

/* ---- opening ---- */

static int read_openapi(struct diff *d, const struct diff_config *c, struct err *e)
{
    struct openapi api;
    size_t errors;
    int rc = 0;

    openapi_init(&api);
    for (size_t i = 0; rc == 0 && i < c->n_openapi; i++)
        rc = openapi_read(&api, c->openapi[i].text, c->openapi[i].name, c->diags, e);
    errors = c->n_openapi ? diags_errors(c->diags) : 0;
    if (rc == 0 && errors)
        rc = err_set(e, ERR_USAGE, "%zu error%s in the OpenAPI description", errors,
                     errors == 1 ? "" : "s");
    if (rc == 0)
        rc = endpoint_names_add(d->names, api.patterns, api.n, e);
    openapi_release(&api);
    return rc;
}

/* NULL where there are none is as good as an empty set, and faster. */
static int read_rules(struct diff *d, const struct diff_config *c, struct err *e)
{
    size_t errors;

    if (c->n_rules + c->n_ignores == 0 && !c->additive)
        return 0;
    d->rules = rules_new(e);
    if (!d->rules)
        return -1;
    for (size_t i = 0; i < c->n_rules; i++) {
        if (rules_read(d->rules, c->rules[i].text, c->rules[i].name, c->diags, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < c->n_ignores; i++) {
        if (rules_ignore(d->rules, str_of(c->ignores[i]), c->diags, e) < 0)
            return -1;
    }
    if (c->additive)
        rules_set_additive(d->rules);
    errors = c->diags ? diags_errors(c->diags) : 0;
    return errors
               ? err_set(e, ERR_USAGE, "%zu error%s in the rules", errors, errors == 1 ? "" : "s")
               : 0;
}

static int read_noises(struct diff *d, const struct diff_config *c, struct err *e)
{
    if (c->n_noises && !(d->profile = noise_profile_new(e)))
        return -1;
    for (size_t i = 0; i < c->n_noises; i++) {
        if (noise_profile_read(d->profile, c->noises[i].text, c->noises[i].name, e) < 0)
            return -1;
    }
    return 0;
}

struct diff *diff_open(const struct diff_config *config, struct err *e)
{
    struct diff *d = mem_zalloc(sizeof *d);

    if (!d) {
        err_nomem(e, "comparing");
        return NULL;
    }
    run_info_init(&d->run);
    gates_default(d->gates);
    for (size_t i = 0; i < config->n_gates; i++) {
        if (gate_read(d->gates, config->gates[i], e) < 0)
            goto fail;
    }
    d->show_secrets = config->show_secrets;
    d->list_pairs = config->list_pairs;
    d->threads = config->threads > MAX_THREADS ? MAX_THREADS : config->threads;
    if (d->threads == 0)
        d->threads = default_threads();
    if (config->file && !(d->file = mem_dup(config->file, strlen(config->file)))) {
        err_nomem(e, "comparing");
        goto fail;
    }
    if (config->live && !(d->glance = glance_new(e)))
        goto fail;
    if (read_noises(d, config, e) < 0 || read_rules(d, config, e) < 0 ||
        rules_use_init(&d->use, d->rules, e) < 0)
        goto fail;
    d->names = endpoint_names_new(config->patterns, config->n_patterns, e);
    d->confirmations = confirmations_new(e);
    if (d->confirmations && d->names && read_openapi(d, config, e) == 0 &&
        tallies_new(d->tallies, d->list_pairs, e) == 0)
        return d;
fail:
    diff_close(d);
    return NULL;
}

void diff_close(struct diff *d)
{
    if (!d)
        return;
    tallies_free(d->tallies);
    confirmations_free(d->confirmations);
    noise_profile_free(d->profile);
    endpoint_names_free(d->names);
    rules_use_release(&d->use);
    rules_free(d->rules);
    glance_free(d->glance);
    run_info_release(&d->run);
    mem_free(d->file);
    mem_free(d);
}

int diff_meta(struct diff *d, struct str json, struct err *e)
{
    return run_info_meta(&d->run, json, e);
}

int diff_stats(struct diff *d, struct str json, struct err *e)
{
    return run_info_stats(&d->run, json, e);
}

/* ---- comparers ---- */

struct comparer_thread {
    pthread_t thread;
    struct queue *queue;
    struct pair_diff work;
    struct tally *tallies[CANDIDATES_MAX];
    struct glance *glance;
    struct err error;
    bool failed;
};

/* A request that was sent again. */
static int confirm_candidates(struct pair_diff *work, const struct job *job, struct err *e)
{
    if (pair_diff_begin(work, job->pair, &job->roles, e) < 0)
        return -1;
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        if (job->roles.candidates[i] == NOBODY)
            continue;
        if (pair_diff_candidate(work, &job->roles, i, e) < 0 ||
            confirmations_add(job->confirmations, i, job->roles.confirm_times, work, e) < 0)
            return -1;
    }
    return 0;
}

static int compare_candidates(struct pair_diff *work, struct tally *tallies[CANDIDATES_MAX],
                              struct glance *glance, const struct job *job, struct err *e)
{
    bool differs = false;

    if (pair_diff_begin(work, job->pair, &job->roles, e) < 0)
        return -1;
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        if (job->roles.candidates[i] == NOBODY)
            continue;
        if (pair_diff_candidate(work, &job->roles, i, e) < 0 || tally_add(tallies[i], work, e) < 0)
            return -1;
        differs = differs || (glance && glance_differs(work));
    }
    if (glance)
        glance_count(glance, job->endpoint, differs);
    return 0;
}

static int compare_job(struct pair_diff *work, struct tally *tallies[CANDIDATES_MAX],
                       struct glance *glance, const struct job *job, struct err *e)
{
    work->seq = job->seq;
    work->endpoint = job->endpoint;
    work->endpoint_path = job->path;
    work->day = job->day;
    if ((job->confirmations ? confirm_candidates(work, job, e)
                            : compare_candidates(work, tallies, glance, job, e)) < 0)
        return err_wrap(e, "pair %llu", (unsigned long long)work->ordinal);
    return 0;
}

static void batch_free(struct batch *b)
{
    for (size_t i = 0; b && i < b->n; i++)
        pair_free(b->jobs[i].pair);
    mem_free(b);
}

static void *run_comparer(void *arg)
{
    struct comparer_thread *c = arg;
    struct batch *b;

    while ((b = queue_take(c->queue)) != NULL) {
        for (size_t i = 0; i < b->n && !c->failed; i++) {
            if (compare_job(&c->work, c->tallies, c->glance, &b->jobs[i], &c->error) < 0) {
                c->failed = true;
                queue_close(c->queue); /* the reader stops, the others run dry */
            }
        }
        batch_free(b);
    }
    return NULL;
}

/* ---- the reader ---- */

struct crew {
    struct queue *queue;
    struct comparer_thread *members;
    unsigned n;       /* with what they need */
    unsigned started; /* of n, running */
};

/* Let them finish what is queued, add up what they found. The first failure by
 * number counts, so that the same fault is told in the same words. */
static int crew_end(struct crew *crew, struct diff *d, int rc, struct err *e)
{
    struct batch *b;

    if (crew->queue)
        queue_close(crew->queue);
    for (unsigned i = 0; i < crew->started; i++)
        pthread_join(crew->members[i].thread, NULL);
    while (crew->queue && (b = queue_try_take(crew->queue)) != NULL)
        batch_free(b);
    for (unsigned i = 0; i < crew->n; i++) {
        struct comparer_thread *c = &crew->members[i];

        if (c->failed && (rc == 0 || e->kind == ERR_NONE)) {
            *e = c->error;
            rc = -1;
        }
        if (!c->failed && i < crew->started && tallies_merge(d->tallies, c->tallies, e) < 0)
            rc = -1;
        rules_use_merge(&d->use, &c->work.rules);
        tallies_free(c->tallies);
        pair_diff_release(&c->work);
    }
    queue_free(crew->queue);
    mem_free(crew->members);
    return rc;
}

static int crew_start(struct crew *crew, const struct diff *d, struct err *e)
{
    *crew = (struct crew){.members = mem_array(d->threads, sizeof *crew->members)};
    if (!crew->members)
        return err_nomem(e, "starting comparers");
    crew->queue = queue_new(2 * (size_t)d->threads, e);
    if (!crew->queue)
        return -1;
    for (unsigned i = 0; i < d->threads; i++) {
        struct comparer_thread *c = &crew->members[i];

        c->queue = crew->queue;
        c->glance = d->glance;
        if (pair_diff_init(&c->work, d->rules, d->show_secrets, e) < 0)
            return -1;
        crew->n++;
        if (tallies_new(c->tallies, d->list_pairs, e) < 0)
            return -1;
        if (pthread_create(&c->thread, NULL, run_comparer, c) != 0)
            return err_set(e, ERR_NOMEM, "cannot start %u threads", d->threads);
        crew->started++;
    }
    return 0;
}

/* The next pair as a job. Returns 1, 0 at the end, or -1. */
static int next_job(struct diff *d, const struct pair_source *source, struct job *job,
                    struct err *e)
{
    int got = source->next(source->ctx, &job->pair, e);
    struct str head = {0}, body = {0};

    if (got <= 0)
        return got;
    if (job->pair->exchange) {
        head = job->pair->exchange->request.head;
        body = job->pair->exchange->request.body;
    }
    job->seq = d->seq++;
    job->roles = d->run.roles;
    job->day = d->run.day;
    job->confirmations = job->roles.confirm_times ? d->confirmations : NULL;
    if (endpoint_names_find(d->names, head, body, &job->endpoint, e) == 0) {
        const struct endpoint_name *name = endpoint_names_at(d->names, job->endpoint);

        job->path = name->path;
        if (!d->glance || glance_name(d->glance, name, e) == 0)
            return 1;
    }
    pair_free(job->pair);
    return -1;
}

/* Fill a batch; *got tells whether there is more. NULL with *e set. */
static struct batch *next_batch(struct diff *d, const struct pair_source *source, int *got,
                                struct err *e)
{
    size_t most = d->glance ? 1 : BATCH_PAIRS; /* who looks on does not wait for others */
    struct batch *b = mem_alloc(sizeof *b);

    *got = -1;
    if (!b) {
        err_nomem(e, "reading pairs");
        return NULL;
    }
    b->n = b->bytes = 0;
    while (b->n < most && b->bytes < BATCH_BYTES) {
        *got = next_job(d, source, &b->jobs[b->n], e);
        if (*got <= 0)
            break;
        b->bytes += b->jobs[b->n].pair->mem.used;
        b->n++;
    }
    return b;
}

static int run_threads(struct diff *d, const struct pair_source *source, struct err *e)
{
    struct crew crew;
    int got = 1, rc = crew_start(&crew, d, e);

    while (rc == 0 && got > 0) {
        struct batch *b = next_batch(d, source, &got, e);

        if (got < 0)
            rc = -1;
        if (b && (b->n == 0 || !queue_put(crew.queue, b))) {
            got = b->n == 0 ? got : 0; /* closed: a comparer failed and will say so */
            batch_free(b);
        }
    }
    return crew_end(&crew, d, rc, e);
}

/* One thread: no queue, and the same results. */
static int run_alone(struct diff *d, const struct pair_source *source, struct err *e)
{
    struct pair_diff work;
    struct job job;
    int got;

    if (pair_diff_init(&work, d->rules, d->show_secrets, e) < 0)
        return -1;
    while ((got = next_job(d, source, &job, e)) > 0) {
        int rc = compare_job(&work, d->tallies, d->glance, &job, e);

        pair_free(job.pair);
        if (rc < 0) {
            got = -1;
            break;
        }
    }
    rules_use_merge(&d->use, &work.rules);
    pair_diff_release(&work);
    return got;
}

static int tallies_finish(const struct diff *d, struct err *e)
{
    const struct gate *latency = &d->gates[GATE_LATENCY];
    struct tally_judging how = {.margins = {latency->limit, latency->margin_ns},
                                .threads = d->threads,
                                .names = d->names,
                                .confirmations = d->confirmations,
                                .profile = d->profile};

    for (; how.candidate < CANDIDATES_MAX; how.candidate++) {
        if (tally_finish(d->tallies[how.candidate], &how, e) < 0)
            return -1;
    }
    return 0;
}

/* Some names turn out to be one. */
static int settle_names(struct diff *d, struct err *e)
{
    uint32_t *map = mem_array(ENDPOINT_NAMES_MAX + 1, sizeof *map);
    bool changed = false;
    int rc;

    if (!map)
        return err_nomem(e, "naming endpoints");
    rc = endpoint_names_settle(d->names, map, &changed, e);
    for (unsigned i = 0; rc == 0 && changed && i < CANDIDATES_MAX; i++)
        rc = tally_renumber(d->tallies[i], map, e);
    mem_free(map);
    return rc;
}

int diff_run(struct diff *d, const struct pair_source *source, struct err *e)
{
    struct err own = {0}, late = {0};
    int rc = d->threads == 1 ? run_alone(d, source, &own) : run_threads(d, source, &own);

    if ((settle_names(d, &late) < 0 || tallies_finish(d, &late) < 0) && rc == 0) {
        own = late;
        rc = -1;
    }
    if (rc < 0 && e)
        *e = own;
    return rc;
}

/* ---- results ---- */

size_t diff_glance(struct diff *d, struct diff_glance *rows, size_t max, struct diff_glance *all)
{
    *all = (struct diff_glance){0};
    return d->glance ? glance_read(d->glance, rows, max, all) : 0;
}

static void judge(const struct diff *d, struct findings *f)
{
    f->n = 0;
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        if (d->run.candidates[i])
            f->of[f->n++].evidence = (struct evidence){i,        d->tallies[i], &d->run,   d->names,
                                                       d->gates, &d->use,       d->profile};
    }
    findings_judge(f);
}

int diff_learn_noise(const struct diff *d, struct buf *out, struct err *e)
{
    unsigned i = 0;

    while (i + 1 < CANDIDATES_MAX && !d->run.candidates[i])
        i++;
    return noise_profile_write(d->tallies[i], d->names, d->run.started, out, e);
}

enum verdict diff_verdict(const struct diff *d)
{
    struct findings f;

    judge(d, &f);
    return f.verdict;
}

int diff_report(const struct diff *d, const char *format, const struct report_style *style,
                struct buf *out, struct err *e)
{
    const struct report_format *f = report_find(format, e);
    struct report r = {.file = d->file, .run = &d->run, .style = *style};

    if (!f)
        return -1;
    judge(d, &r.findings);
    return f->write(&r, out, e);
}

uint64_t *diff_undecided(const struct diff *d, size_t *n, struct err *e)
{
    return undecided_find(d->tallies, CANDIDATES_MAX, n, e);
}

int diff_pair(const struct diff *d, const struct pair *p, const struct report_style *style,
              struct buf *out, struct err *e)
{
    return pair_text(p, &d->run.roles, style, d->show_secrets, out, e);
}

int diff_annotate(const struct diff *d, struct buf *out, struct err *e)
{
    struct report r = {.file = d->file, .run = &d->run};

    judge(d, &r.findings);
    return report_github(&r, out, e);
}

int diff_default_rules(struct buf *out, struct err *e)
{
    return compare_headers_rules(out, e);
}

const char *const *diff_formats(void)
{
    return report_names();
}

const char *const *diff_extensions(void)
{
    return report_extensions();
}

const char *diff_format_of(const char *path)
{
    const struct report_format *f = report_of_path(path);

    return f ? f->name : NULL;
}

/* A family is a row: its name, type and help, and how its samples are written.
 * After a failure nothing more is written, and metrics_render() takes back what
 * was. */
#include "cli/metrics.h"

#include <inttypes.h>
#include <stdarg.h>

#include "core/hist.h"
#include "core/mem.h"

struct page {
    const struct replay_progress *p;
    struct buf *out;
    struct err *e;
    bool failed;
};

struct family {
    const char *name, *type, *help;
    void (*write)(struct page *page, const struct family *f);
    /* For the histograms. */
    const struct hist *(*hist)(const struct replay_target_stats *t);
    const struct bound *bounds;
    size_t n_bounds;
};

/* An upper limit of a bucket: as it is written, and in ns. */
struct bound {
    const char *seconds;
    int64_t ns;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct bound duration_bounds[] = {
    {"0.00025", 250000}, {"0.0005", 500000},  {"0.001", 1000000},  {"0.0025", 2500000},
    {"0.005", 5000000},  {"0.01", 10000000},  {"0.025", 25000000}, {"0.05", 50000000},
    {"0.1", 100000000},  {"0.25", 250000000}, {"0.5", 500000000},  {"1", 1000000000},
    {"2.5", 2500000000}, {"5", 5000000000},   {"10", 10000000000}, {"30", 30000000000},
};

/* A schedule is kept to tens of microseconds or it is late. */
static const struct bound lateness_bounds[] = {
    {"0.00001", 10000},  {"0.000025", 25000}, {"0.00005", 50000},  {"0.0001", 100000},
    {"0.00025", 250000}, {"0.0005", 500000},  {"0.001", 1000000},  {"0.0025", 2500000},
    {"0.005", 5000000},  {"0.01", 10000000},  {"0.025", 25000000}, {"0.1", 100000000},
    {"1", 1000000000},   {"10", 10000000000},
};

enum { MAX_BOUNDS = 16 };

static void put(struct page *page, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct page *page, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!page->failed && buf_vprintf(page->out, page->e, fmt, ap) < 0)
        page->failed = true;
    va_end(ap);
}

/* The value of a label, in which three characters have to be escaped. */
static void put_label(struct page *page, const char *name, const char *value)
{
    put(page, "%s=\"", name);
    for (; *value; value++) {
        switch (*value) {
        case '\n':
            put(page, "\\n");
            break;
        case '\\':
        case '"':
            put(page, "\\%c", *value);
            break;
        default:
            put(page, "%c", *value);
        }
    }
    put(page, "\"");
}

static void put_one(struct page *page, const struct family *f, uint64_t value)
{
    put(page, "%s %" PRIu64 "\n", f->name, value);
}

/* A sample of a target, with a second label or none (NULL). */
static void put_sample(struct page *page, const struct family *f, unsigned target,
                       const char *label, const char *value, uint64_t n)
{
    put(page, "%s{", f->name);
    put_label(page, "target", page->p->targets[target].name);
    if (value) {
        put(page, ",");
        put_label(page, label, value);
    }
    put(page, "} %" PRIu64 "\n", n);
}

/* ---- families -------------------------------------------------------------------- */

static void put_recorded(struct page *page, const struct family *f)
{
    put_one(page, f, page->p->recorded);
}

static void put_behind(struct page *page, const struct family *f)
{
    put_one(page, f, page->p->behind);
}

static void put_selected(struct page *page, const struct family *f)
{
    put_one(page, f, page->p->selected);
}

static void put_pairs(struct page *page, const struct family *f)
{
    put_one(page, f, page->p->done);
}

static void put_calls(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++) {
        for (enum outcome o = OUTCOME_ANSWERED; o < OUTCOME_COUNT; o++)
            put_sample(page, f, t, "outcome", outcome_name(o), page->p->targets[t].outcomes[o]);
    }
}

static void put_answers(struct page *page, const struct family *f)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

    for (unsigned t = 0; t < page->p->n_targets; t++) {
        for (unsigned i = 1; i <= COUNT(classes); i++)
            put_sample(page, f, t, "class", classes[i % COUNT(classes)],
                       page->p->targets[t].status_class[i % COUNT(classes)]);
    }
}

static void put_in_flight(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_sample(page, f, t, NULL, NULL, page->p->in_flight[t]);
}

static void put_waiting(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_sample(page, f, t, NULL, NULL, page->p->waiting[t]);
}

static void put_retried(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_sample(page, f, t, NULL, NULL, page->p->targets[t].retried);
}

static void put_connections(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_sample(page, f, t, NULL, NULL, page->p->targets[t].connections);
}

static void put_opened(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_sample(page, f, t, NULL, NULL, page->p->targets[t].breaker_opened);
}

static void put_bucket(struct page *page, const struct family *f, unsigned t, const char *le,
                       uint64_t n)
{
    put(page, "%s_bucket{", f->name);
    put_label(page, "target", page->p->targets[t].name);
    put(page, ",le=\"%s\"} %" PRIu64 "\n", le, n);
}

static void put_histogram(struct page *page, const struct family *f, unsigned t)
{
    const struct hist *h = f->hist(&page->p->targets[t]);
    const char *name = page->p->targets[t].name;
    int64_t bounds[MAX_BOUNDS];
    uint64_t counts[MAX_BOUNDS];

    for (size_t i = 0; i < f->n_bounds; i++)
        bounds[i] = f->bounds[i].ns;
    hist_cumulate(h, bounds, f->n_bounds, counts);
    for (size_t i = 0; i < f->n_bounds; i++)
        put_bucket(page, f, t, f->bounds[i].seconds, counts[i]);
    put_bucket(page, f, t, "+Inf", h->total);
    put(page, "%s_sum{", f->name);
    put_label(page, "target", name);
    put(page, "} %.9g\n%s_count{", hist_sum(h) / 1e9, f->name);
    put_label(page, "target", name);
    put(page, "} %" PRIu64 "\n", h->total);
}

static void put_histograms(struct page *page, const struct family *f)
{
    for (unsigned t = 0; t < page->p->n_targets; t++)
        put_histogram(page, f, t);
}

static const struct hist *service_of(const struct replay_target_stats *t)
{
    return &t->service;
}

static const struct hist *lateness_of(const struct replay_target_stats *t)
{
    return &t->lateness;
}

static const struct family families[] = {
    {"mirrorctl_requests_recorded_total", "counter", "Recorded requests that were read.",
     put_recorded},
    {"mirrorctl_requests_behind_total", "counter",
     "Recorded requests that were left out as replay fell behind.", put_behind},
    {"mirrorctl_requests_selected_total", "counter", "Requests that were drawn to be mirrored.",
     put_selected},
    {"mirrorctl_pairs_total", "counter", "Requests whose calls are all decided and handed on.",
     put_pairs},
    {"mirrorctl_calls_total", "counter", "Calls by what became of them.", put_calls},
    {"mirrorctl_answers_total", "counter", "Answered calls by class of their status.", put_answers},
    {"mirrorctl_calls_in_flight", "gauge", "Calls under way.", put_in_flight},
    {"mirrorctl_calls_waiting", "gauge", "Calls that are due and wait for a place.", put_waiting},
    {"mirrorctl_calls_retried_total", "counter",
     "Calls sent again because the server closed a kept-alive connection.", put_retried},
    {"mirrorctl_connections_opened_total", "counter", "Connections that were opened.",
     put_connections},
    {"mirrorctl_breaker_opened_total", "counter", "How often a target's breaker opened.",
     put_opened},
    {"mirrorctl_call_duration_seconds", "histogram",
     "Time from sending a request to its whole answer.", put_histograms, service_of,
     duration_bounds, COUNT(duration_bounds)},
    {"mirrorctl_lateness_seconds", "histogram",
     "How late requests were sent for reasons of the replayer.", put_histograms, lateness_of,
     lateness_bounds, COUNT(lateness_bounds)},
};

int metrics_render(const struct replay_progress *p, struct buf *out, struct err *e)
{
    struct page page = {.p = p, .out = out, .e = e};
    size_t before = out->len;

    for (size_t i = 0; i < COUNT(families); i++) {
        const struct family *f = &families[i];

        put(&page, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
        f->write(&page, f);
    }
    if (!page.failed)
        return 0;
    out->len = before;
    return -1;
}

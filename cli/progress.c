#include "cli/progress.h"

#include <inttypes.h>
#include <string.h>

#include "cli/text.h"
#include "core/clock.h"
#include "core/hist.h"
#include "core/log.h"
#include "core/mem.h"

enum { LINE_MAX_BYTES = 400 };

void progress_start(struct progress *g, double rate, int64_t duration_ns, int64_t now_ns)
{
    *g = (struct progress){
        .rate = rate, .duration_ns = duration_ns, .started_ns = now_ns, .seen_ns = now_ns};
}

/* Requests that went out: to whichever target is ahead. */
static uint64_t sent(const struct replay_progress *p)
{
    uint64_t most = 0;

    for (unsigned t = 0; t < p->n_targets; t++) {
        if (p->targets[t].sent > most)
            most = p->targets[t].sent;
    }
    return most;
}

static void add_rates(struct progress *g, uint64_t selected, uint64_t now_sent, int64_t now_ns,
                      struct buf *out)
{
    double seconds = (double)(now_ns - g->seen_ns) / (double)NS_PER_SEC;
    double asked = g->rate, reached;

    if (!(seconds > 0))
        return;
    if (!(asked > 0))
        asked = (double)(selected - g->selected) / seconds;
    reached = (double)(now_sent - g->sent) / seconds;
    buf_printf(out, NULL, ", %.0f of %.0f/s", reached, asked);
}

/* A histogram is large for a stack, and merging costs little once a second. */
static void add_lateness(const struct replay_progress *p, struct buf *out)
{
    struct hist *all = mem_zalloc(sizeof *all);
    char text[TEXT_SIZE];

    for (unsigned t = 0; all && t < p->n_targets; t++)
        hist_merge(all, &p->targets[t].lateness);
    if (all && all->total)
        buf_printf(out, NULL, ", p99 late %s", text_duration(hist_percentile(all, 99), text));
    mem_free(all);
}

/* Whatever kept a call from an answer, but for what was decided before. */
static uint64_t errors(const struct replay_target_stats *t)
{
    return t->sent - t->answered + t->outcomes[OUTCOME_QUEUE] + t->outcomes[OUTCOME_BREAKER];
}

static void add_errors(const struct replay_progress *p, struct buf *out)
{
    const char *before = ", errors: ";

    for (unsigned t = 0; t < p->n_targets; t++) {
        buf_printf(out, NULL, "%s%s %" PRIu64, before, p->targets[t].name, errors(&p->targets[t]));
        before = " ";
    }
}

/* The end of the input as far as it was read until now, or that of the time
 * that was given; below 0 if neither can be known. */
static double seconds_left(const struct progress *g, double part, int64_t now_ns)
{
    double elapsed = (double)(now_ns - g->started_ns) / (double)NS_PER_SEC;
    double left = -1;

    if (part > 0 && part <= 1)
        left = elapsed * (1 - part) / part;
    if (g->duration_ns) {
        double given = (double)g->duration_ns / (double)NS_PER_SEC - elapsed;

        if (left < 0 || given < left)
            left = given > 0 ? given : 0;
    }
    return left;
}

static void add_left(const struct progress *g, double part, int64_t now_ns, struct buf *out)
{
    double left = seconds_left(g, part, now_ns);
    uint64_t s;

    if (left < 0 || left > 1e9)
        return;
    s = (uint64_t)(left + 0.5);
    if (s >= 3600)
        buf_printf(out, NULL, ", %" PRIu64 "h %02" PRIu64 "m left", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        buf_printf(out, NULL, ", %" PRIu64 "m %02" PRIu64 "s left", s / 60, s % 60);
    else
        buf_printf(out, NULL, ", %" PRIu64 "s left", s);
}

void progress_line(struct progress *g, const struct replay_progress *p, double part, int64_t now_ns,
                   struct buf *out)
{
    uint64_t now_sent = sent(p), in_flight = 0;

    for (unsigned t = 0; t < p->n_targets; t++)
        in_flight += p->in_flight[t];
    buf_printf(out, NULL, "%" PRIu64 " sent, %" PRIu64 " in flight", now_sent, in_flight);
    add_rates(g, p->selected, now_sent, now_ns, out);
    add_errors(p, out);
    add_lateness(p, out);
    add_left(g, part, now_ns, out);
    g->selected = p->selected;
    g->sent = now_sent;
    g->seen_ns = now_ns;
}

void progress_show(struct progress *g, const struct replay_progress *p, double part)
{
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    progress_line(g, p, part, clock_mono_ns(), &line);
    log_progress("%s", line.len ? line.data : "");
    buf_release(&line);
}

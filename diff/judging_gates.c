#include "diff/judging.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/clock.h"
#include "diff/figures.h"

static uint64_t level_pairs(const struct evidence *ev, enum diff_where where)
{
    uint64_t n = 0;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++)
        n += ev->tally->endpoints[i] ? ev->tally->endpoints[i]->of[where] : 0;
    return n;
}

static enum gate_verdict beyond(const struct gate *g, bool beyond_limit)
{
    return !beyond_limit ? GATE_PASS : g->warn ? GATE_WARN : GATE_FAIL;
}

__attribute__((format(printf, 2, 3))) static void say(struct gate_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->message, sizeof r->message, fmt, ap);
    va_end(ap);
}

static void say_outcome(const struct evidence *ev, const struct totals *t, struct gate_result *r)
{
    const char *name = judging_name(ev), *answered = judging_words(ev)->answered;
    uint64_t n = t->differing[WHERE_OUTCOME];
    char also[64] = "";

    if (t->v1_failed)
        snprintf(also, sizeof also, " (v1 failed %" PRIu64 ")", t->v1_failed);
    if (n)
        say(r, "%s failed %" PRIu64 " of %" PRIu64 " requests %s%s", name, n, t->covered, answered,
            also);
    else if (t->v2_failed)
        say(r, "%s failed %" PRIu64 ", no more than v1 itself%s", name, t->v2_failed, also);
    else
        say(r, "%s answered all %s%s", name, answered, also);
}

static void say_status(const struct totals *t, struct gate_result *r)
{
    uint64_t n = t->differing[WHERE_STATUS];
    size_t endpoints = t->failing_endpoints[WHERE_STATUS];

    if (n)
        say(r, "%" PRIu64 " answer%s with another status on %zu endpoint%s", n, plural(n),
            endpoints, plural(endpoints));
    else
        say(r, "0 changes");
}

static void say_fields(const struct totals *t, enum diff_where where, struct gate_result *r)
{
    size_t n = t->failing_fields[where], endpoints = t->failing_endpoints[where];

    if (n)
        say(r, "%zu field%s differ%s on %zu endpoint%s", n, plural(n), n == 1 ? "s" : "", endpoints,
            plural(endpoints));
    else
        say(r, "0 changes");
}

/* What is seen once or twice may be noise or not; it matters where it would take
 * the gate over its limit. */
static bool is_undecided(const struct totals *t, enum diff_where where, const struct gate *g,
                         double observed, uint64_t of)
{
    double more =
        g->share ? (double)t->rare_pairs[where] / (double)of : (double)t->rare_fields[where];

    return t->rare_fields[where] && observed <= g->limit && observed + more > g->limit;
}

static void say_rare(const struct totals *t, enum diff_where where, struct gate_result *r)
{
    size_t n = t->rare_fields[where];

    say(r, "%zu field%s differ%s so rarely that v1 may do it too", n, plural(n), n == 1 ? "s" : "");
}

/* Outcome, status, headers, body: a count, or a share of what was compared. */
static void judge_where(const struct evidence *ev, const struct totals *t, enum gate_name name,
                        struct gate_result *r)
{
    enum diff_where where = (enum diff_where)name;
    const struct gate *g = &ev->gates[name];
    uint64_t of = level_pairs(ev, where);
    bool fields = where == WHERE_HEADER || where == WHERE_BODY;

    r->observed = fields ? (double)t->failing_fields[where] : (double)t->differing[where];
    if (g->share)
        r->observed = of ? (double)(t->differing[where] - t->rare_pairs[where]) / (double)of : 0;
    if (of == 0) {
        r->verdict = GATE_INCONCLUSIVE;
        say(r, "nothing to compare");
        return;
    }
    r->verdict = beyond(g, r->observed > g->limit);
    if (is_undecided(t, where, g, r->observed, of)) {
        r->verdict = GATE_INCONCLUSIVE;
        say_rare(t, where, r);
    } else if (where == WHERE_OUTCOME)
        say_outcome(ev, t, r);
    else if (where == WHERE_STATUS)
        say_status(t, r);
    else
        say_fields(t, where, r);
}

/* The endpoint of that verdict with the largest ratio; NULL where there is none. */
static const struct latency_summary *find_times(const struct evidence *ev, enum latency_verdict v,
                                                const struct endpoint_name **name)
{
    const struct latency_summary *worst = NULL;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];

        if (!ep || ep->times.n == 0 || ep->times.verdict != v)
            continue;
        if (worst && ep->times.ratio.estimate <= worst->ratio.estimate)
            continue;
        worst = &ep->times;
        *name = endpoint_names_at(ev->names, i);
    }
    return worst;
}

static void say_fast(const struct totals *t, double percent, struct gate_result *r)
{
    char within[48] = "";

    if (t->slower_within)
        snprintf(within, sizeof within, " (%zu within it)", t->slower_within);
    say(r, "no endpoint slower than the %.3g %% margin%s", percent, within);
}

static void say_slower(const struct evidence *ev, const struct totals *t, double percent,
                       struct gate_result *r)
{
    const struct endpoint_name *name = NULL;
    const struct latency_summary *s = find_times(ev, LATENCY_SLOWER, &name);
    char ratio[FIGURE_TEXT], v1[FIGURE_TEXT], v2[FIGURE_TEXT];

    say(r, "%zu endpoint%s slower than the %.3g %% margin: %.*s %.*s %sx (%s > %s ms)", t->slower,
        plural(t->slower), percent, STR_ARG(str_head(name->method, 16)),
        STR_ARG(str_head(name->path, 60)), figure_number(s->ratio.estimate, ratio),
        figure_number((double)s->v1.p50.ns / (double)NS_PER_MS, v1),
        figure_number((double)s->v2.p50.ns / (double)NS_PER_MS, v2));
}

/* Endpoints with too few pairs do not count where all together are surely fast. */
static void say_undecided(const struct evidence *ev, const struct totals *t, double percent,
                          struct gate_result *r)
{
    const struct endpoint_name *name = NULL;
    const struct latency_summary *s = find_times(ev, LATENCY_UNDECIDED, &name);
    char needed[48] = "", ratio[FIGURE_TEXT];

    s = s ? s : find_times(ev, LATENCY_UNKNOWN, &name);
    if (s->needed)
        snprintf(needed, sizeof needed, ", some %" PRIu64 " pairs would do", s->needed);
    say(r, "%zu endpoint%s undecided at the %.3g %% margin: %.*s %.*s %sx of %zu pair%s%s",
        t->undecided, plural(t->undecided), percent, STR_ARG(str_head(name->method, 16)),
        STR_ARG(str_head(name->path, 40)), figure_number(s->ratio.estimate, ratio), s->n,
        plural(s->n), needed);
}

static bool is_quiet(const struct evidence *ev)
{
    bool quiet = ev->tally->times.control_verdict != LATENCY_SLOWER;

    for (size_t i = 0; i <= ENDPOINTS_MAX && quiet; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];
        quiet = !ep || ep->times.control_verdict != LATENCY_SLOWER;
    }
    return quiet;
}

static void judge_latency(const struct evidence *ev, const struct totals *t, struct gate_result *r)
{
    double percent = (ev->gates[GATE_LATENCY].limit - 1) * 100;
    char ratio[FIGURE_TEXT];
    bool decided = !find_times(ev, LATENCY_UNDECIDED, &(const struct endpoint_name *){NULL}) &&
                   (!t->undecided || ev->tally->times.verdict == LATENCY_SAME);

    r->observed = (double)t->slower;
    r->verdict = GATE_INCONCLUSIVE;
    if (!t->timed) {
        say(r, "nothing to compare");
    } else if (!is_quiet(ev)) {
        say(r, "the bench is not quiet: v1 again took %s of v1's time",
            figure_number(ev->tally->times.control_ratio.estimate, ratio));
    } else if (t->slower) {
        r->verdict = beyond(&ev->gates[GATE_LATENCY], true);
        say_slower(ev, t, percent, r);
    } else if (!decided) {
        say_undecided(ev, t, percent, r);
    } else {
        r->verdict = GATE_PASS;
        say_fast(t, percent, r);
    }
}

static void judge_coverage(const struct evidence *ev, const struct totals *t, struct gate_result *r)
{
    const struct gate *g = &ev->gates[GATE_COVERAGE];
    uint64_t of = t->selected + t->missed;
    uint64_t lost = run_info_count(ev->run, "unwritten", 0);
    char also[80] = "", missed[80] = "", unwritten[80] = "";

    r->observed = of ? (double)t->covered / (double)of : 0;
    r->verdict = r->observed >= g->limit && of ? GATE_PASS : GATE_INCONCLUSIVE;
    if (run_info_cut_off(ev->run)) {
        r->verdict = GATE_INCONCLUSIVE;
        say(r, "%" PRIu64 " requests compared of an unknown number: the run was cut off",
            t->covered);
        return;
    }
    if (t->unrecorded)
        snprintf(also, sizeof also, ", %" PRIu64 " not recorded whole", t->unrecorded);
    if (t->missed)
        snprintf(missed, sizeof missed, ", %" PRIu64 " left out as replay fell behind", t->missed);
    if (lost)
        snprintf(unwritten, sizeof unwritten, ", %" PRIu64 " not written to the result", lost);
    /* Never rounded up to 100. */
    say(r, "%" PRIu64 " of %" PRIu64 " requests compared (%.4g %%)%s%s%s", t->covered, of,
        t->covered < of && r->observed > 0.9999 ? 99.99 : r->observed * 100, also, missed,
        unwritten);
}

void judging_gates(const struct evidence *ev, struct judgement *j)
{
    for (int i = 0; i < GATE_COUNT; i++) {
        enum gate_name name = (enum gate_name)i;
        struct gate_result *r = &j->gates[i];

        gate_limit_text(name, &ev->gates[i], r->limit);
        if (name == GATE_LATENCY)
            judge_latency(ev, &j->totals, r);
        else if (name == GATE_COVERAGE)
            judge_coverage(ev, &j->totals, r);
        else
            judge_where(ev, &j->totals, name, r);
        if (ev->gates[i].off)
            r->verdict = GATE_OFF;
    }
}

#include "diff/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/clock.h"

/* v1 may fail that often before nothing can be said about v2. */
#define V1_FAILURES 0.05
/* Above that share, answers that say nothing are worth a warning. */
#define VACUOUS 0.9

enum { FEW_PAIRS = 5, MANY_ENDPOINTS = 20 };

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {"pass", "fail", "inconclusive"};

    return names[v];
}

const char *gate_verdict_name(enum gate_verdict v)
{
    static const char *const names[] = {"pass", "fail", "inconclusive", "warn", "off"};

    return names[v];
}

const char *verdict_word(enum verdict v)
{
    static const char *const words[] = {"PASS", "FAIL", "INCONCLUSIVE"};

    return words[v];
}

/* What is said differently where the baseline is the recorded answer. */
static const struct words {
    const char *alike, *answered, *control;
} words[] = {
    {"as v1 does", "that v1 answered", "second answer of v1"},
    {"as was recorded", "that have a recorded answer", "answer of v1 beside the recorded one"},
};

static const struct words *words_of(const struct evidence *ev)
{
    return &words[ev->run->recorded];
}

static const char *name_of(const struct evidence *ev)
{
    return candidate_name(ev->candidate);
}

const char *verdict_alike(const struct run_info *run)
{
    return words[run->recorded].alike;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- totals ---- */

static void add_endpoint(struct totals *t, const struct tally_endpoint *ep)
{
    t->endpoints++;
    t->timed += ep->times.n;
    t->pairs += ep->pairs;
    t->unsent += ep->unsent;
    t->unrecorded += ep->unrecorded;
    t->compared += ep->compared;
    t->covered += ep->covered;
    t->equal += ep->equal;
    t->different += ep->different.all;
    t->v2_failed += ep->v2_failed;
    t->both_failed += ep->both_failed;
    t->vacuous += ep->vacuous;
    t->controlled += ep->controlled;
    for (int f = OUTCOME_ANSWERED; f < FATE_COUNT; f++) {
        t->v1_sent += fate_is_sent(f) ? ep->fates[0][f] : 0;
        t->v1_failed += fate_is_sent(f) && f != OUTCOME_ANSWERED ? ep->fates[0][f] : 0;
    }
    t->rare += ep->rare.all;
    t->suspects += ep->suspects;
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        uint64_t needed = ep->fields.sorted[i]->needed;
        if (needed && (!t->suspects_need || needed < t->suspects_need))
            t->suspects_need = needed;
    }
    for (int w = 0; w < WHERE_COUNT; w++) {
        t->rare_pairs[w] += ep->rare.where[w];
        t->rare_fields[w] += ep->rare_fields[w];
        t->differing[w] += ep->different.where[w];
        t->failing_fields[w] += ep->failing_fields[w];
        t->failing_endpoints[w] += ep->failing_fields[w] > 0;
    }
}

/* What nobody looked at cannot be known, but it was traffic like the rest. */
static void add_missed(const struct evidence *ev, struct totals *t)
{
    uint64_t recorded = run_info_count(ev->run, "recorded", 0);

    t->behind = t->missed = run_info_behind(ev->run);
    if (recorded > t->behind)
        t->missed =
            (uint64_t)((double)t->behind * (double)t->selected / (double)(recorded - t->behind) +
                       0.5);
}

static void add_totals(const struct evidence *ev, struct totals *t)
{
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];

        if (!ep)
            continue;
        add_endpoint(t, ep);
        t->slower += ep->times.verdict == LATENCY_SLOWER;
        t->undecided += ep->times.n && (ep->times.verdict == LATENCY_UNKNOWN ||
                                        ep->times.verdict == LATENCY_UNDECIDED);
    }
    t->other_class = ev->tally->notes[__builtin_ctz(NOTE_STATUS_CLASS)];
    t->selected = run_info_count(ev->run, "selected", 0);
    if (t->selected < t->pairs + t->unsent + t->unrecorded)
        t->selected = t->pairs + t->unsent + t->unrecorded;
    add_missed(ev, t);
}

/* ---- gates ---- */

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
    const char *name = name_of(ev), *answered = words_of(ev)->answered;
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

static void say_slower(const struct evidence *ev, const struct totals *t, double percent,
                       struct gate_result *r)
{
    const struct endpoint_name *name = NULL;
    const struct latency_summary *s = find_times(ev, LATENCY_SLOWER, &name);

    say(r, "%zu endpoint%s slower than the %.3g %% margin: %.*s %.*s %.3gx (%.3g > %.3g ms)",
        t->slower, plural(t->slower), percent, STR_ARG(str_head(name->method, 16)),
        STR_ARG(str_head(name->path, 60)), s->ratio.estimate,
        (double)s->v1.p50.ns / (double)NS_PER_MS, (double)s->v2.p50.ns / (double)NS_PER_MS);
}

/* Endpoints with too few pairs do not count where all together are surely fast. */
static void say_undecided(const struct evidence *ev, const struct totals *t, double percent,
                          struct gate_result *r)
{
    const struct endpoint_name *name = NULL;
    const struct latency_summary *s = find_times(ev, LATENCY_UNDECIDED, &name);
    char needed[48] = "";

    s = s ? s : find_times(ev, LATENCY_UNKNOWN, &name);
    if (s->needed)
        snprintf(needed, sizeof needed, ", some %" PRIu64 " pairs would do", s->needed);
    say(r, "%zu endpoint%s undecided at the %.3g %% margin: %.*s %.*s %.3gx of %zu pair%s%s",
        t->undecided, plural(t->undecided), percent, STR_ARG(str_head(name->method, 16)),
        STR_ARG(str_head(name->path, 40)), s->ratio.estimate, s->n, plural(s->n), needed);
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
    bool decided = !find_times(ev, LATENCY_UNDECIDED, &(const struct endpoint_name *){NULL}) &&
                   (!t->undecided || ev->tally->times.verdict == LATENCY_SAME);

    r->observed = (double)t->slower;
    r->verdict = GATE_INCONCLUSIVE;
    if (!t->timed) {
        say(r, "nothing to compare");
    } else if (!is_quiet(ev)) {
        say(r, "the bench is not quiet: v1 again took %.3g of v1's time",
            ev->tally->times.control_ratio.estimate);
    } else if (t->slower) {
        r->verdict = beyond(&ev->gates[GATE_LATENCY], true);
        say_slower(ev, t, percent, r);
    } else if (!decided) {
        say_undecided(ev, t, percent, r);
    } else {
        r->verdict = GATE_PASS;
        say(r, "no endpoint slower than the %.3g %% margin", percent);
    }
}

static void judge_coverage(const struct evidence *ev, const struct totals *t, struct gate_result *r)
{
    const struct gate *g = &ev->gates[GATE_COVERAGE];
    uint64_t of = t->selected + t->missed;
    char also[80] = "", missed[80] = "";

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
    say(r, "%" PRIu64 " of %" PRIu64 " requests compared (%.4g %%)%s%s", t->covered, of,
        r->observed * 100, also, missed);
}

static void judge_gates(const struct evidence *ev, struct judgement *j)
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

/* ---- the verdict ---- */

/* The first gate of that verdict that may decide; GATE_COUNT when there is none. */
static int first_gate(const struct evidence *ev, const struct judgement *j, enum gate_verdict v)
{
    int i = 0;

    while (i < GATE_COUNT && (j->gates[i].verdict != v || ev->gates[i].warn))
        i++;
    return i;
}

__attribute__((format(printf, 3, 4))) static void conclude(struct judgement *j, enum verdict v,
                                                           const char *fmt, ...)
{
    va_list ap;

    j->overall = v;
    va_start(ap, fmt);
    vsnprintf(j->reason, sizeof j->reason, fmt, ap);
    va_end(ap);
}

static void conclude_v1(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;
    struct str address = run_info_target(ev->run, "v1");
    const struct example *why = &ev->tally->v1_failure;

    conclude(j, VERDICT_INCONCLUSIVE,
             "v1 failed %" PRIu64 " of %" PRIu64 " requests: %.*s: %.*s%s%.*s", t->v1_failed,
             t->v1_sent, STR_ARG(address.data ? address : STR("(address unknown)")),
             STR_ARG(why->v1), why->v2.len ? ": " : "", STR_ARG(str_head(why->v2, 160)));
}

static void conclude_no_pairs(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;

    if (t->unrecorded)
        conclude(j, VERDICT_INCONCLUSIVE,
                 "nothing to compare with: none of %" PRIu64
                 " requests has a whole recorded answer",
                 t->unrecorded);
    else if (t->selected)
        conclude(j, VERDICT_INCONCLUSIVE, "no pairs: of %" PRIu64 " requests none was sent%s",
                 t->selected, ev->run->recorded ? "" : " to both");
    else
        conclude(j, VERDICT_INCONCLUSIVE, "no pairs: nothing to compare");
}

static void judge_all(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;
    int undecided = first_gate(ev, j, GATE_INCONCLUSIVE);

    if (t->v1_failed && (double)t->v1_failed > V1_FAILURES * (double)t->v1_sent)
        conclude_v1(ev, j);
    else if (t->pairs == 0)
        conclude_no_pairs(ev, j);
    else if (first_gate(ev, j, GATE_FAIL) < GATE_COUNT)
        conclude(j, VERDICT_FAIL, "%s does not answer %s%s", name_of(ev), words_of(ev)->alike,
                 t->controlled ? "" : " (no noise control)");
    else if (t->compared == 0)
        conclude(j, VERDICT_INCONCLUSIVE, "nothing was compared: %s answered no request",
                 name_of(ev));
    else if (undecided < GATE_COUNT)
        conclude(j, VERDICT_INCONCLUSIVE, "too little evidence: %s: %s",
                 gate_name_text((enum gate_name)undecided), j->gates[undecided].message);
    else if (t->vacuous == t->compared)
        conclude(j, VERDICT_INCONCLUSIVE,
                 "every answer was an error or empty on both sides: equal, but proof of nothing");
    else
        conclude(j, VERDICT_PASS, "%s answers %s", name_of(ev), words_of(ev)->alike);
}

/* ---- warnings ---- */

__attribute__((format(printf, 3, 4))) static void warn(struct judgement *j, const char *code,
                                                       const char *fmt, ...)
{
    struct warning *w = &j->warnings[j->n_warnings];
    va_list ap;

    if (j->n_warnings == WARNINGS_MAX)
        return;
    j->n_warnings++;
    w->code = code;
    w->of_run = false;
    va_start(ap, fmt);
    vsnprintf(w->message, sizeof w->message, fmt, ap);
    va_end(ap);
}

static const struct {
    uint32_t note;
    const char *code, *text;
} notes[] = {
    {NOTE_NOT_JSON, "not_json", "had a body that says JSON but is not, compared as text"},
    {NOTE_TOO_DEEP, "too_deep", "had JSON nested too deeply, compared as text"},
    {NOTE_TOO_LARGE, "too_large", "had JSON of too many values, compared as text"},
    {NOTE_CODING_UNKNOWN, "coding_unknown", "had a content coding that is not known, not decoded"},
    {NOTE_CORRUPT, "corrupt", "had a corrupt content coding, not decoded"},
    {NOTE_CUT, "truncated", "had a body beyond --max-body, compared by size and hash"},
    {NOTE_RATE_LIMITED, "rate_limited", "were turned away by a rate limit: replay more slowly"},
    {NOTE_CHARSET, "charset", "had text in a charset that is not known, or not kept to"},
    {NOTE_REDACTED, "redacted", "were blanked in part by capture --redact: what was, differs"},
};

static void warn_notes(const struct evidence *ev, struct judgement *j)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        uint64_t n = ev->tally->notes[__builtin_ctz(notes[i].note)];

        if (n)
            warn(j, notes[i].code, "%" PRIu64 " pair%s %s", n, plural(n), notes[i].text);
    }
    if (ev->tally->left_out)
        warn(j, "differences_cut",
             "%" PRIu64 " differences of answers with too many are not listed",
             ev->tally->left_out);
    if (ev->tally->memory.starved)
        warn(j, "memory",
             "%" PRIu64 " differences are under (other paths): %d MiB of fields reached",
             ev->tally->memory.starved, TALLY_MEMORY / (1024 * 1024));
}

static void warn_endpoints(const struct evidence *ev, struct judgement *j)
{
    size_t few = 0, folded = 0;

    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[i];

        few += ep && ep->pairs < FEW_PAIRS;
        folded += ep && ep->fields.other.counts.raw;
    }
    if (folded)
        warn(j, "paths_folded",
             "%zu endpoint%s with more than %d fields: the rest is (other paths)", folded,
             plural(folded), TALLY_FIELDS);
    if (ev->tally->endpoints[ENDPOINTS_MAX])
        warn(j, "endpoints_folded",
             "more than %d endpoints: the rest is (other); see "
             "--endpoint-pattern",
             ENDPOINTS_MAX);
    else if (j->totals.endpoints > MANY_ENDPOINTS && few * 2 > j->totals.endpoints)
        warn(j, "endpoints_thin",
             "%zu of %zu endpoints have fewer than %d pairs; see "
             "--endpoint-pattern",
             few, j->totals.endpoints, FEW_PAIRS);
}

static void warn_no_control(const struct evidence *ev, struct judgement *j)
{
    if (ev->run->recorded)
        warn(j, "no_control", "v1 was not asked: what differs by itself counts as %s's",
             name_of(ev));
    else
        warn(j, "no_control", "v1 was not asked twice: its own noise is unknown and counts as %s's",
             name_of(ev));
}

static void warn_pairs(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;

    if (t->vacuous && (double)t->vacuous > VACUOUS * (double)t->compared)
        warn(j, "vacuous",
             "%" PRIu64 " of %" PRIu64 " pairs were errors or empty on both sides: check "
             "credentials and paths",
             t->vacuous, t->compared);
    if (t->covered && !t->controlled)
        warn_no_control(ev, j);
    else if (t->covered > t->controlled)
        warn(j, "part_control", "%" PRIu64 " of %" PRIu64 " pairs had no %s",
             t->covered - t->controlled, t->covered, words_of(ev)->control);
}

static void warn_suspects(const struct totals *t, struct judgement *j)
{
    char needed[64] = "";

    if (!t->suspects)
        return;
    if (t->suspects_need)
        snprintf(needed, sizeof needed, "; some %" PRIu64 " pairs would tell", t->suspects_need);
    warn(j, "suspect",
         "%zu field%s differ%s more often than v1 does from itself, but chance may do that%s",
         t->suspects, plural(t->suspects), t->suspects == 1 ? "s" : "", needed);
}

static void warn_run(const struct evidence *ev, struct judgement *j)
{
    size_t first = j->n_warnings;

    if (run_info_cut_off(ev->run))
        warn(j, "no_accounting", "the run did not end in order: its accounting is missing");
    if (ev->run->mixed)
        warn(j, "mixed_runs",
             "the file holds runs against different targets; the first names them");
    if (j->totals.behind)
        warn(j, "behind",
             "%" PRIu64 " of %" PRIu64 " requests were left out as replay fell behind: the verdict "
             "does not rest on them",
             j->totals.behind, run_info_count(ev->run, "recorded", 0));
    if (ev->run->insecure)
        warn(j, "insecure", "certificates were not checked: who answered is not certain");
    for (size_t i = first; i < j->n_warnings; i++)
        j->warnings[i].of_run = true;
}

void verdict_judge(const struct evidence *ev, struct judgement *j)
{
    *j = (struct judgement){0};
    add_totals(ev, &j->totals);
    judge_gates(ev, j);
    judge_all(ev, j);
    warn_pairs(ev, j);
    warn_suspects(&j->totals, j);
    warn_run(ev, j);
    warn_notes(ev, j);
    warn_endpoints(ev, j);
}

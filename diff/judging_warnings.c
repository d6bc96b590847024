#include "diff/judging.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/clock.h"
#include "diff/figures.h"
#include "diff/noise_profile.h"
#include "diff/rules_report.h"

enum { ORDERED_PAIRS = 100, FEW_PAIRS = 5, MERGES_SHOWN = 4, MANY_ENDPOINTS = 20 };

/* The second call of a pair may take so much more or less than the first. */
#define ORDER 1.1

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
    {NOTE_ARRAY_APART, "array_apart", "had arrays too different to align, compared as multisets"},
    {NOTE_KEY_UNFIT, "key_unfit", "had arrays whose elements a key rule does not tell apart"},
    {NOTE_TWINS, "duplicate_names", "had JSON objects with a name twice, on both sides"},
    {NOTE_CUT, "truncated", "had a body beyond --max-body, compared by size and hash"},
    {NOTE_RATE_LIMITED, "rate_limited",
     "met a rate limit, which is no evidence: replay more slowly"},
    {NOTE_CHARSET, "charset", "had text in a charset that is not known, or not kept to"},
    {NOTE_SNIFFED, "sniffed", "had JSON that Content-Type does not tell of, compared as JSON"},
    {NOTE_NOT_MODIFIED, "not_modified",
     "were answered 304, which says little: replay with --remove-header If-None-Match and "
     "--remove-header If-Modified-Since"},
    {NOTE_CONFLICT, "conflict",
     "were answered 409 by the target that was asked second: do both write to one database?"},
    {NOTE_CACHE, "cache", "had an answer out of a cache and one that was not: no times compared"},
    {NOTE_STREAM_CUT, "stream_cut",
     "had event streams that did not end in time: compared as far as both came"},
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
    if (ev->tally->confirmations_left_out)
        warn(j, "confirmations_cut",
             "%" PRIu64 " differences of requests that were sent again are left out: more than %d",
             ev->tally->confirmations_left_out, CONFIRM_MAX);
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

/* An older profile is a weaker claim, so it is named with its time. */
static void warn_profile(const struct evidence *ev, struct judgement *j)
{
    struct str started = noise_profile_started(ev->profile);

    warn(j, "noise_profile",
         "where v1 was not asked twice, its noise is that of an earlier run, begun %.*s",
         STR_ARG(started.data ? str_head(started, 40) : STR("at an unknown time")));
}

static void warn_no_control(const struct evidence *ev, struct judgement *j)
{
    if (ev->profile) {
        warn_profile(ev, j);
        return;
    }
    if (ev->run->recorded)
        warn(j, "no_control", "v1 was not asked: what differs by itself counts as %s's",
             judging_name(ev));
    else
        warn(j, "no_control", "v1 was not asked twice: its own noise is unknown and counts as %s's",
             judging_name(ev));
}

static void warn_pairs(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;

    if (judging_is_vacuous(t) && t->refused * 2 <= t->vacuous)
        warn(j, "vacuous",
             "%" PRIu64 " of %" PRIu64 " pairs were errors or empty on both sides: check "
             "credentials and paths",
             t->vacuous, t->compared);
    if (t->refused)
        warn(j, "refused",
             "%" PRIu64 " pair%s %s equal because both refused (401, 403): check credentials",
             t->refused, plural(t->refused), t->refused == 1 ? "was" : "were");
    if (t->covered && !t->controlled)
        warn_no_control(ev, j);
    else if (t->covered > t->controlled && ev->profile)
        warn_profile(ev, j);
    else if (t->covered > t->controlled)
        warn(j, "part_control", "%" PRIu64 " of %" PRIu64 " pairs had no %s",
             t->covered - t->controlled, t->covered, judging_words(ev)->control);
}

static void warn_times(const struct evidence *ev, struct judgement *j)
{
    const struct latency_summary *s = &ev->tally->times;
    double order = s->order_ratio;
    char late[FIGURE_TEXT];

    if (s->n >= ORDERED_PAIRS && (s->v1_first == s->n || s->v2_first == s->n))
        warn(j, "fixed_order",
             "%s was always called first: what that warms up makes the other look faster",
             s->v1_first ? "v1" : judging_name(ev));
    else if (s->n >= ORDERED_PAIRS && order > 0 && (order > ORDER || order * ORDER < 1))
        warn(j, "order",
             "the second call of a pair took %.2f of the first one's time; random order evens "
             "that out",
             order);
    if (j->totals.late)
        warn(j, "late",
             "1 %% of the calls were sent more than %s ms late: far percentiles tell of the "
             "replayer; a slower pace or a lower --percent helps",
             figure_number((double)ev->run->lateness_ns / (double)NS_PER_MS, late));
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

/* "/city/{*} stands for 312 values, such as berlin, oslo" */
static void warn_merges(const struct evidence *ev, struct judgement *j)
{
    size_t n;
    const struct endpoint_merge *list = endpoint_names_merges(ev->names, &n);

    for (size_t i = 0; i < n; i++) {
        const struct endpoint_merge *m = &list[i];

        if (i == MERGES_SHOWN) {
            warn(j, "endpoints_merged", "words stand for values in %zu more places", n - i);
            return;
        }
        warn(j, "endpoints_merged", "%.*s stands for %zu values, such as %.*s%s%.*s",
             STR_ARG(str_head(m->path, 100)), m->words, STR_ARG(str_head(m->examples[0], 40)),
             m->examples[1].len ? ", " : "", STR_ARG(str_head(m->examples[1], 40)));
    }
}

static void take_warning(void *ctx, const char *code, const char *text)
{
    warn(ctx, code, "%s", text);
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
    warn_merges(ev, j);
    rules_warnings(ev, take_warning, j);
    for (size_t i = first; i < j->n_warnings; i++)
        j->warnings[i].of_run = true;
}

void judging_warnings(const struct evidence *ev, struct judgement *j)
{
    warn_pairs(ev, j);
    warn_suspects(&j->totals, j);
    warn_times(ev, j);
    warn_run(ev, j);
    warn_notes(ev, j);
    warn_endpoints(ev, j);
}

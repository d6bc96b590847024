#include "diff/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "diff/judging.h"

/* v1 may fail that often before nothing can be said about v2. */
#define V1_FAILURES 0.05

/* So many pairs may be turned away by rate limits before the run says nothing, and
 * before it is no PASS. */
#define LIMITED      0.05
#define LIMITED_PASS 0.01

enum { SURE_LIMITS = 3 };

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

static const struct judging_words words[] = {
    {"as v1 does", "that v1 answered", "second answer of v1"},
    {"as was recorded", "that have a recorded answer", "answer of v1 beside the recorded one"},
};

const struct judging_words *judging_words(const struct evidence *ev)
{
    return &words[ev->run->recorded];
}

const char *judging_name(const struct evidence *ev)
{
    return candidate_name(ev->candidate);
}

const char *verdict_alike(const struct run_info *run)
{
    return words[run->recorded].alike;
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
    uint64_t unwritten = run_info_count(ev->run, "unwritten", 0);

    if (unwritten)
        conclude(j, VERDICT_INCONCLUSIVE,
                 "no pairs: %" PRIu64 " of %" PRIu64 " could not be written to the result",
                 unwritten, run_info_count(ev->run, "selected", 0));
    else if (t->unrecorded)
        conclude(j, VERDICT_INCONCLUSIVE,
                 "nothing to compare with: none of %" PRIu64
                 " requests has a whole recorded answer",
                 t->unrecorded);
    else if (t->selected + t->off)
        conclude(j, VERDICT_INCONCLUSIVE, "no pairs: of %" PRIu64 " requests none was sent%s",
                 t->selected + t->off, ev->run->recorded ? "" : " to both");
    else
        conclude(j, VERDICT_INCONCLUSIVE, "no pairs: nothing to compare");
}

/* Pairs that were turned away are left out, which is fair to both; but a v2 that
 * is turned away more than v1, or many of them, are no picture of the service. */
static bool is_spoilt_by_limits(const struct totals *t)
{
    return (double)t->limited > LIMITED_PASS * (double)t->pairs ||
           (t->v2_limited >= SURE_LIMITS && noise_chance(t->v2_limited, t->v1_limited) < 0.05);
}

static void conclude_limited(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;

    conclude(j, VERDICT_INCONCLUSIVE,
             "rate limits turned away %" PRIu64 " of %" PRIu64 " pairs (%s alone in %" PRIu64
             "): replay more slowly",
             t->limited, t->pairs, judging_name(ev), t->v2_limited);
}

static void conclude_vacuous(struct judgement *j)
{
    const struct totals *t = &j->totals;

    if (t->refused * 2 > t->vacuous)
        conclude(j, VERDICT_INCONCLUSIVE,
                 "both refused %" PRIu64 " of %" PRIu64
                 " requests (401, 403): equal, but proof of nothing; check credentials",
                 t->refused, t->compared);
    else
        conclude(j, VERDICT_INCONCLUSIVE,
                 "%" PRIu64 " of %" PRIu64
                 " answers were an error or empty on both sides: equal, but proof of nothing",
                 t->vacuous, t->compared);
}

/* What fails may be v1's own noise where that is not known. */
static const char *doubt(const struct totals *t)
{
    size_t fields = 0;

    for (int w = 0; w < WHERE_COUNT; w++)
        fields += t->failing_fields[w];
    return fields && t->unknown_noise == fields ? " (no noise control)" : "";
}

static void judge_all(const struct evidence *ev, struct judgement *j)
{
    const struct totals *t = &j->totals;
    int undecided = first_gate(ev, j, GATE_INCONCLUSIVE);

    if (t->v1_failed && (double)t->v1_failed > V1_FAILURES * (double)t->v1_sent)
        conclude_v1(ev, j);
    else if (t->pairs == 0)
        conclude_no_pairs(ev, j);
    else if ((double)t->limited > LIMITED * (double)t->pairs)
        conclude_limited(ev, j);
    else if (first_gate(ev, j, GATE_FAIL) < GATE_COUNT)
        conclude(j, VERDICT_FAIL, "%s does not answer %s%s", judging_name(ev),
                 judging_words(ev)->alike, doubt(t));
    else if (is_spoilt_by_limits(t))
        conclude_limited(ev, j);
    else if (t->compared == 0)
        conclude(j, VERDICT_INCONCLUSIVE, "nothing was compared: %s answered no request",
                 judging_name(ev));
    else if (judging_is_vacuous(t))
        conclude_vacuous(j);
    else if (undecided < GATE_COUNT)
        conclude(j, VERDICT_INCONCLUSIVE, "too little evidence: %s: %s",
                 gate_name_text((enum gate_name)undecided), j->gates[undecided].message);
    else
        conclude(j, VERDICT_PASS, "%s answers %s", judging_name(ev), judging_words(ev)->alike);
}

void verdict_judge(const struct evidence *ev, struct judgement *j)
{
    *j = (struct judgement){0};
    judging_totals(ev, &j->totals);
    judging_gates(ev, j);
    judge_all(ev, j);
    judging_warnings(ev, j);
}

/* JUnit XML, as Jenkins, GitLab and others read it: docs/junit.xsd.
 *
 * A suite for the verdict and its gates, then one for each endpoint. A case
 * fails only where the verdict is FAIL and its gate says so: whoever counts
 * failures here and whoever looks at the exit status see the same. What is
 * undecided is skipped, with the reason. */
#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/mem.h"
#include "diff/change.h"
#include "diff/figures.h"
#include "diff/markup.h"
#include "diff/report.h"

enum { SUITES_MAX = 1 << 30, EXAMPLES_SHOWN = 3 };

struct counts {
    size_t tests, failures, skipped;
};

struct junit {
    struct markup m;    /* of the suite at hand: its head needs to know what follows */
    struct buf cases;   /* what m writes to */
    struct counts all;  /* of all suites */
    struct counts here; /* of this one */
    const struct report *r;
    const struct finding *about;
};

static const char *candidate_of(const struct junit *j)
{
    return candidate_name(j->about->evidence.candidate);
}

/* ---- cases ---- */

/* `suite` is the class, so that Jenkins shows "v2" as the package and the
 * endpoint within it. */
static void begin_case(struct junit *j, struct str suite, struct str name, int64_t ns)
{
    struct markup *m = &j->m;

    j->here.tests++;
    markup_fmt(m, "    <testcase classname=\"%s.", candidate_of(j));
    markup_text(m, suite);
    markup_raw(m, "\" name=\"");
    markup_text(m, name);
    markup_fmt(m, "\" time=\"%.6f\">\n", (double)ns / (double)NS_PER_SEC);
}

static void end_case(struct junit *j)
{
    markup_raw(&j->m, "    </testcase>\n");
}

static void skip(struct junit *j, const char *why)
{
    j->here.skipped++;
    markup_raw(&j->m, "      <skipped message=\"");
    markup_words(&j->m, why);
    markup_raw(&j->m, "\"/>\n");
}

static void note(struct junit *j, const char *text)
{
    markup_raw(&j->m, "      <system-out>");
    markup_words(&j->m, text);
    markup_raw(&j->m, "</system-out>\n");
}

static void fail(struct junit *j, const char *type, const char *message)
{
    j->here.failures++;
    markup_fmt(&j->m, "      <failure type=\"%s\" message=\"", type);
    markup_words(&j->m, message);
    markup_raw(&j->m, "\"/>\n");
}

static void write_value(struct markup *m, struct str value)
{
    markup_text(m, value.data ? value : STR("(nothing)"));
}

static void write_change(struct markup *m, const struct example *x)
{
    write_value(m, x->v1);
    markup_raw(m, " \xe2\x86\x92 ");
    write_value(m, x->v2);
}

/* The count and the first example in the message, others in the text. */
static void fail_field(struct junit *j, const struct tally_endpoint *ep,
                       const struct tally_field *f)
{
    struct markup *m = &j->m;

    j->here.failures++;
    markup_fmt(m, "      <failure type=\"%s.%s\" message=\"", diff_where_name(f->where),
               diff_kind_name(f->kind));
    markup_text(m, f->path);
    markup_fmt(m, ": %" PRIu64 " of %" PRIu64 " pairs", f->counts.raw, ep->of[f->where]);
    if (f->n_examples) {
        markup_raw(m, ": ");
        write_change(m, &f->examples[0]);
    }
    markup_raw(m, "\">");
    for (size_t i = 0; i < f->n_examples && i < EXAMPLES_SHOWN; i++) {
        markup_fmt(m, "request %" PRIu64, f->examples[i].ordinal);
        if (f->examples[i].at.data) {
            markup_raw(m, " at ");
            markup_text(m, f->examples[i].at);
        }
        markup_raw(m, ": ");
        write_change(m, &f->examples[i]);
        markup_raw(m, "\n");
    }
    markup_raw(m, "</failure>\n");
}

/* ---- what a gate makes of what was found ---- */

/* True where a difference that this gate looks at is a failure. */
static bool is_fatal(const struct junit *j, enum gate_name gate)
{
    return j->about->judgement.overall == VERDICT_FAIL &&
           j->about->judgement.gates[gate].verdict == GATE_FAIL;
}

/* Why a difference is none; NULL when the case just passes. */
static const char *why_undecided(const struct junit *j, enum gate_name gate)
{
    const struct judgement *judgement = &j->about->judgement;

    switch (judgement->gates[gate].verdict) {
    case GATE_OFF:
        return "this gate is off";
    case GATE_INCONCLUSIVE:
        return judgement->gates[gate].message;
    case GATE_FAIL:
        return judgement->overall == VERDICT_INCONCLUSIVE ? judgement->reason : NULL;
    default:
        return NULL;
    }
}

static const struct tally_field *first_of(const struct tally_endpoint *ep, enum diff_where where,
                                          enum field_verdict verdict)
{
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];

        if (f->where == where && f->verdict == verdict && f->counts.raw)
            return f;
    }
    return NULL;
}

static void write_where(struct junit *j, struct str suite, const struct tally_endpoint *ep,
                        enum diff_where where)
{
    enum gate_name gate = (enum gate_name)where;
    const struct tally_field *different = first_of(ep, where, FIELD_DIFFERENT);
    const struct tally_field *rare = first_of(ep, where, FIELD_RARE);
    const char *undecided = why_undecided(j, gate);

    begin_case(j, suite, str_of(gate_name_text(gate)), 0);
    if (ep->of[where] == 0)
        skip(j, "nothing to compare");
    else if (different && is_fatal(j, gate))
        fail_field(j, ep, different);
    else if ((different || rare) && undecided)
        skip(j, undecided);
    else if (different)
        note(j, "differs, within the limit");
    end_case(j);
}

/* One for each field of headers and bodies; those of outcome and status are the
 * cases of that name. */
static void write_fields(struct junit *j, struct str suite, const struct tally_endpoint *ep)
{
    char label[CHANGE_LABEL];

    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];
        enum gate_name gate = (enum gate_name)f->where;
        const char *undecided = why_undecided(j, gate);

        if (f->verdict != FIELD_DIFFERENT || !f->counts.raw || f->where < WHERE_HEADER)
            continue;
        begin_case(j, suite, change_label(f, label), 0);
        if (is_fatal(j, gate))
            fail_field(j, ep, f);
        else if (undecided)
            skip(j, undecided);
        else
            note(j, "differs, within the limit");
        end_case(j);
    }
}

static void skip_latency(struct junit *j, const struct latency_summary *s)
{
    char text[160], interval[FIGURE_TEXT];

    if (s->verdict == LATENCY_UNKNOWN)
        snprintf(text, sizeof text, "too few pairs for a verdict: %zu", s->n);
    else if (s->needed)
        snprintf(text, sizeof text, "undecided, ratio in %s: about %" PRIu64 " pairs would tell",
                 figure_interval(&s->ratio, interval), s->needed);
    else
        snprintf(text, sizeof text, "undecided, ratio in %s", figure_interval(&s->ratio, interval));
    skip(j, text);
}

static void write_latency(struct junit *j, struct str suite, const struct tally_endpoint *ep)
{
    const struct latency_summary *s = &ep->times;
    const char *undecided = why_undecided(j, GATE_LATENCY);
    char text[256], times[FIGURE_TEXT], ratio[FIGURE_TEXT], interval[FIGURE_TEXT];

    snprintf(text, sizeof text, "%s took %s of v1's time, by pairs %s; medians %s", candidate_of(j),
             figure_ratio(s->ratio.estimate, ratio), figure_interval(&s->ratio, interval),
             figure_times(&s->v1.p50, &s->v2.p50, " > ", times));
    begin_case(j, suite, STR("latency"), s->v2.p50.ns);
    if (s->n == 0)
        skip(j, "nothing to compare");
    else if (undecided && s->verdict != LATENCY_SAME)
        skip(j, undecided);
    else if (s->verdict == LATENCY_SLOWER && is_fatal(j, GATE_LATENCY))
        fail(j, "latency.slower", text);
    else if (s->verdict == LATENCY_UNKNOWN || s->verdict == LATENCY_UNDECIDED)
        skip_latency(j, s);
    else
        note(j, text);
    end_case(j);
}

/* ---- suites ---- */

static void write_counts(struct markup *m, const struct counts *c)
{
    markup_fmt(m, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", c->tests,
               c->failures, c->skipped);
}

/* Put the cases that were collected into a suite. */
static void end_suite(struct junit *j, struct markup *out, struct str name, int64_t ns)
{
    markup_raw(out, "  <testsuite name=\"");
    if (j->r->findings.n > 1)
        markup_fmt(out, "%s ", candidate_of(j));
    markup_text(out, name);
    markup_raw(out, "\"");
    write_counts(out, &j->here);
    markup_fmt(out, " time=\"%.6f\">\n", (double)ns / (double)NS_PER_SEC);
    markup_bytes(out, j->cases.data, j->cases.len);
    markup_raw(out, "  </testsuite>\n");
    j->all.tests += j->here.tests;
    j->all.failures += j->here.failures;
    j->all.skipped += j->here.skipped;
    j->here = (struct counts){0};
    buf_reset(&j->cases);
}

static void write_gate(struct junit *j, enum gate_name gate)
{
    const struct gate_result *g = &j->about->judgement.gates[gate];
    const char *undecided = why_undecided(j, gate);
    char type[32];

    snprintf(type, sizeof type, "gate.%s", gate_name_text(gate));
    begin_case(j, STR("verdict"), str_of(gate_name_text(gate)), 0);
    if (is_fatal(j, gate))
        fail(j, type, g->message);
    else if (undecided)
        skip(j, undecided);
    else
        note(j, g->message);
    end_case(j);
}

static void write_verdict(struct junit *j, struct markup *out)
{
    const struct judgement *judgement = &j->about->judgement;

    begin_case(j, STR("verdict"), STR("verdict"), 0);
    if (judgement->overall == VERDICT_FAIL)
        fail(j, "verdict.fail", judgement->reason);
    else if (judgement->overall == VERDICT_INCONCLUSIVE)
        skip(j, judgement->reason);
    else
        note(j, judgement->reason);
    end_case(j);
    for (int i = 0; i < GATE_COUNT; i++)
        write_gate(j, (enum gate_name)i);
    end_suite(j, out, STR("verdict"), 0);
}

static void write_endpoint(struct junit *j, struct markup *out, size_t index)
{
    const struct tally_endpoint *ep = j->about->evidence.tally->endpoints[index];
    char label[ENDPOINT_LABEL];
    struct str name = endpoint_label(&j->about->evidence, index, label);

    for (int w = 0; w < WHERE_COUNT; w++)
        write_where(j, name, ep, (enum diff_where)w);
    write_latency(j, name, ep);
    write_fields(j, name, ep);
    end_suite(j, out, name, ep->times.v2.p50.ns);
}

static int write_candidate(struct junit *j, struct markup *out, struct err *e)
{
    size_t n, *list = report_endpoints(&j->about->evidence, &n, e);

    if (!list)
        return -1;
    write_verdict(j, out);
    for (size_t i = 0; i < n; i++)
        write_endpoint(j, out, list[i]);
    mem_free(list);
    return j->m.failed ? -1 : 0;
}

static int write_suites(struct junit *j, struct buf *suites, struct err *e)
{
    struct markup out;
    int rc = 0;

    markup_begin(&out, suites, e);
    for (size_t i = 0; i < j->r->findings.n && rc == 0; i++) {
        j->about = &j->r->findings.of[i];
        rc = write_candidate(j, &out, e);
    }
    return markup_end(&out) < 0 ? -1 : rc;
}

static int write_root(const struct junit *j, const struct buf *suites, struct buf *out,
                      struct err *e)
{
    struct markup m;

    markup_begin(&m, out, e);
    markup_raw(&m, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mirrorctl\"");
    write_counts(&m, &j->all);
    markup_raw(&m, ">\n");
    markup_bytes(&m, suites->data, suites->len);
    markup_raw(&m, "</testsuites>\n");
    return markup_end(&m);
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct junit j = {.r = r};
    struct buf suites;
    int rc;

    buf_init(&suites, SUITES_MAX);
    buf_init(&j.cases, SUITES_MAX);
    markup_begin(&j.m, &j.cases, e);
    rc = write_suites(&j, &suites, e);
    if (rc == 0)
        rc = write_root(&j, &suites, out, e);
    markup_end(&j.m);
    buf_release(&j.cases);
    buf_release(&suites);
    return rc;
}

const struct report_format report_junit = {"junit", ".xml", write_report};

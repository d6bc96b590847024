/* JSON, schema mirrorctl.diff/1. Nanoseconds and what stands in bodies are
 * strings: a double holds neither. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/mem.h"
#include "diff/noise_profile.h"
#include "diff/report.h"
#include "diff/rules_report.h"

#ifndef MIRRORCTL_VERSION
#define MIRRORCTL_VERSION "unknown"
#endif

static void str_or_null(struct json_writer *w, struct str s)
{
    if (s.data)
        json_str(w, s);
    else
        json_null(w);
}

static void key_str(struct json_writer *w, const char *key, struct str s)
{
    json_key(w, key);
    str_or_null(w, s);
}

static void key_u64(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_u64(w, v);
}

/* A tree of our own documents, as it was; their depth is small, and the writer
 * fails in order where it is not. */
static void write_node(struct json_writer *w, const struct json_node *n)
{
    switch (n->type) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (n->type == JSON_OBJECT)
            json_open_object(w);
        else
            json_open_array(w);
        for (const struct json_node *m = n->child; m && !w->failed; m = m->next) {
            if (n->type == JSON_OBJECT)
                json_key_str(w, m->key);
            write_node(w, m);
        }
        json_close(w);
        break;
    case JSON_STRING:
        json_str(w, n->text);
        break;
    case JSON_NUMBER:
        json_raw(w, n->text);
        break;
    case JSON_NULL:
        json_null(w);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        json_bool(w, n->type == JSON_TRUE);
        break;
    }
}

static void node_or_null(struct json_writer *w, const struct json_node *n)
{
    if (n)
        write_node(w, n);
    else
        json_null(w);
}

/* Where the answers came from. Beside recorded ones v1 is where the control was
 * sent, if there was one. */
static void write_targets(struct json_writer *w, const struct report *r)
{
    const struct findings *f = &r->findings;
    struct str control = run_info_target(r->run, "v1");

    json_key(w, "targets");
    json_open_object(w);
    key_str(w, "v1", run_info_place(r->run, "v1"));
    for (size_t i = 0; i < f->n; i++) {
        const char *name = candidate_name(f->of[i].evidence.candidate);
        key_str(w, name, run_info_place(r->run, name));
    }
    if (r->run->recorded && control.data)
        key_str(w, "control", control);
    json_close(w);
}

static void write_run(struct json_writer *w, const struct report *r)
{
    const struct run_info *run = r->run;

    json_key(w, "run");
    json_open_object(w);
    json_key(w, "file");
    json_cstr(w, r->file);
    key_str(w, "record", run_info_text(run, "file"));
    write_targets(w, r);
    json_key(w, "percent");
    node_or_null(w, run->meta ? json_member(run->meta, STR("percent")) : NULL);
    key_str(w, "seed", run_info_text(run, "seed"));
    key_str(w, "started", run->started);
    key_str(w, "ended", run->ended);
    json_close(w);
}

static const char *name_of(const struct finding *about)
{
    return candidate_name(about->evidence.candidate);
}

static void write_gates(struct json_writer *w, const struct finding *about)
{
    for (int i = 0; i < GATE_COUNT; i++) {
        const struct gate_result *g = &about->judgement.gates[i];

        json_open_object(w);
        json_key(w, "candidate");
        json_cstr(w, name_of(about));
        json_key(w, "name");
        json_cstr(w, gate_name_text((enum gate_name)i));
        json_key(w, "verdict");
        json_cstr(w, gate_verdict_name(g->verdict));
        json_key(w, "observed");
        json_double(w, g->observed);
        json_key(w, "limit");
        json_cstr(w, g->limit);
        json_key(w, "message");
        json_cstr(w, g->message);
        json_close(w);
    }
}

static void write_totals(struct json_writer *w, const struct totals *t, bool recorded)
{
    json_key(w, "totals");
    json_open_object(w);
    key_u64(w, "pairs", t->pairs);
    key_u64(w, "equal", t->equal);
    key_u64(w, "different", t->different);
    key_u64(w, "outcome", t->differing[WHERE_OUTCOME]);
    key_u64(w, "status", t->differing[WHERE_STATUS]);
    key_u64(w, "headers", t->differing[WHERE_HEADER]);
    key_u64(w, "body", t->differing[WHERE_BODY]);
    key_u64(w, "rare", t->rare);
    key_u64(w, "compared", t->compared);
    key_u64(w, "v1_failed", t->v1_failed);
    key_u64(w, "v2_failed", t->v2_failed);
    key_u64(w, "not_sent", t->unsent);
    key_u64(w, "other_status_class", t->other_class);
    if (recorded)
        key_u64(w, "unrecorded", t->unrecorded);
    json_close(w);
}

static void add_totals(struct totals *sum, const struct totals *t)
{
    sum->pairs += t->pairs;
    sum->equal += t->equal;
    sum->different += t->different;
    for (int i = 0; i < WHERE_COUNT; i++)
        sum->differing[i] += t->differing[i];
    sum->rare += t->rare;
    sum->compared += t->compared;
    sum->v1_failed += t->v1_failed;
    sum->v2_failed += t->v2_failed;
    sum->unsent += t->unsent;
    sum->other_class += t->other_class;
    sum->unrecorded += t->unrecorded;
}

/* Each candidate makes a pair of its own of a request, as in `endpoints`. */
static void write_all_totals(struct json_writer *w, const struct report *r)
{
    struct totals sum = {0};

    for (size_t i = 0; i < r->findings.n; i++)
        add_totals(&sum, &r->findings.of[i].judgement.totals);
    write_totals(w, &sum, r->run->recorded);
}

/* Six digits: that many are computed, and no machine's logarithm shows. */
static double rounded(double v)
{
    char text[32];

    if (!isfinite(v) || v == 0)
        return v;
    snprintf(text, sizeof text, "%.6g", v);
    return strtod(text, NULL);
}

/* Searching for the end of an interval leaves less than a nanosecond open. */
static double without_dust(double v)
{
    return fabs(v) < 1e-7 ? 0 : rounded(v);
}

/* Null where there is none, and where many timed out: then it has no end. */
static void write_interval(struct json_writer *w, const char *key, const struct latency_interval *i,
                           bool known)
{
    json_key(w, key);
    json_open_object(w);
    json_key(w, "estimate");
    json_double(w, known ? without_dust(i->estimate) : INFINITY);
    json_key(w, "low");
    json_double(w, known && i->high < INFINITY ? without_dust(i->low) : INFINITY);
    json_key(w, "high");
    json_double(w, known ? without_dust(i->high) : INFINITY);
    json_close(w);
}

static void write_control(struct json_writer *w, const struct finding *about)
{
    static const char *const kinds[] = {"none", "v1", "recorded"};
    const struct latency_summary *s = &about->evidence.tally->times;

    json_key(w, "control");
    json_open_object(w);
    json_key(w, "kind");
    json_cstr(w, kinds[about->evidence.run->traffic.kind]);
    key_u64(w, "pairs", about->judgement.totals.controlled);
    write_interval(w, "latency_ratio", &s->control_ratio, s->n_control > 0);
    json_key(w, "quiet");
    if (s->control_verdict != LATENCY_UNKNOWN)
        json_bool(w, s->control_verdict == LATENCY_SAME);
    else
        json_null(w);
    if (about->evidence.profile) { /* for endpoints without a control */
        json_key(w, "profile");
        str_or_null(w, noise_profile_started(about->evidence.profile));
    }
    json_close(w);
}

/* v1 against itself, as seen beside the candidate with the most such pairs: what
 * one that is down knows of it is little. */
static const struct finding *best_controlled(const struct report *r)
{
    const struct finding *best = r->findings.of;

    for (size_t i = 1; i < r->findings.n; i++) {
        const struct finding *f = &r->findings.of[i];
        if (f->evidence.tally->times.n_control > best->evidence.tally->times.n_control)
            best = f;
    }
    return best;
}

/* With several candidates, what was found about each. */
static void write_candidates(struct json_writer *w, const struct report *r)
{
    json_key(w, "candidates");
    json_open_array(w);
    for (size_t i = 0; i < r->findings.n; i++) {
        const struct finding *f = &r->findings.of[i];

        json_open_object(w);
        json_key(w, "candidate");
        json_cstr(w, name_of(f));
        json_key(w, "verdict");
        json_cstr(w, verdict_name(f->judgement.overall));
        json_key(w, "reason");
        json_cstr(w, f->judgement.reason);
        write_totals(w, &f->judgement.totals, r->run->recorded);
        write_control(w, f);
        json_close(w);
    }
    json_close(w);
}

/* ---- endpoints ---- */

static void write_statuses(struct json_writer *w, const struct tally_endpoint *ep, const char *name)
{
    json_key(w, "status");
    json_open_array(w);
    for (size_t i = 0; i < ep->statuses.n; i++) {
        json_open_object(w);
        key_u64(w, "v1", ep->statuses.items[i].v1);
        key_u64(w, name, ep->statuses.items[i].v2);
        key_u64(w, "count", ep->statuses.items[i].count);
        json_close(w);
    }
    json_close(w);
}

static void write_outcomes(struct json_writer *w, const struct tally_endpoint *ep, const char *name)
{
    const char *names[] = {"v1", name};

    json_key(w, "outcomes");
    json_open_object(w);
    for (int side = 0; side < 2; side++) {
        json_key(w, names[side]);
        json_open_object(w);
        for (int f = OUTCOME_ANSWERED; f < FATE_COUNT; f++) {
            if (ep->fates[side][f])
                key_u64(w, fate_name(f), ep->fates[side][f]);
        }
        json_close(w);
    }
    json_close(w);
}

static void write_time(struct json_writer *w, const char *key, const struct latency_time *t)
{
    json_key(w, key);
    if (t->known)
        json_i64_str(w, t->ns);
    else
        json_null(w);
}

/* What the order statistics of so many pairs leave open is null. */
static void write_range(struct json_writer *w, const char *key, const struct latency_time *t)
{
    json_key(w, key);
    json_open_array(w);
    if (t->known && t->low)
        json_i64_str(w, t->low);
    else
        json_null(w);
    if (t->known && t->high != INT64_MAX)
        json_i64_str(w, t->high);
    else
        json_null(w);
    json_close(w);
}

static void write_spread(struct json_writer *w, const char *key, const struct latency_spread *s)
{
    const struct {
        const char *name, *range, *at_least;
        const struct latency_time *time;
    } rows[] = {
        {"p50", "p50_range", "p50", &s->p50},        {"p90", "p90_range", "p90", &s->p90},
        {"p95", "p95_range", "p95", &s->p95},        {"p99", "p99_range", "p99", &s->p99},
        {"p99.9", "p99.9_range", "p99.9", &s->p999}, {"max", NULL, "max", &s->max},
    };

    json_key(w, key);
    json_open_object(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_time(w, rows[i].name, rows[i].time);
        if (rows[i].range && rows[i].time->known)
            write_range(w, rows[i].range, rows[i].time);
    }
    json_key(w, "at_least"); /* these lie among the calls that timed out */
    json_open_array(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].time->known && rows[i].time->at_least)
            json_cstr(w, rows[i].at_least);
    }
    json_close(w);
    json_close(w);
}

/* Quantiles in rising order, on one line: a curve, not numbers to read. */
static void write_points(struct json_writer *w, const char *key, const int64_t *points, size_t n)
{
    char text[LATENCY_POINTS * 24 + 4];
    size_t len = 0;

    text[len++] = '[';
    for (size_t i = 0; i < n; i++) {
        if (points[i] == INT64_MAX)
            len += (size_t)snprintf(text + len, 24, "%snull", i ? "," : "");
        else
            len += (size_t)snprintf(text + len, 24, "%s\"%" PRId64 "\"", i ? "," : "", points[i]);
    }
    text[len++] = ']';
    json_key(w, key);
    json_raw(w, str_from(text, len));
}

static void write_curves(struct json_writer *w, const struct latency_summary *s, const char *name)
{
    json_key(w, "ecdf");
    json_open_object(w);
    if (s->curves) {
        write_points(w, "v1", s->curves->v1, s->curves->n_points);
        write_points(w, name, s->curves->v2, s->curves->n_points);
        if (s->n_control)
            write_points(w, "control", s->curves->control, s->curves->n_points);
    }
    json_close(w);
}

static void write_excluded(struct json_writer *w, const struct latency_summary *s)
{
    json_key(w, "excluded");
    json_open_object(w);
    for (int i = 0; i < LATENCY_EXCLUSIONS; i++)
        key_u64(w, latency_exclusion_name((enum latency_exclusion)i), s->excluded[i]);
    key_u64(w, s->cold ? "reused_connection" : "new_connection", s->other_way);
    json_close(w);
}

static void write_timeouts(struct json_writer *w, const struct latency_summary *s, const char *name)
{
    json_key(w, "timed_out");
    json_open_object(w);
    key_u64(w, "v1", s->v1_out);
    key_u64(w, name, s->v2_out);
    key_u64(w, "both", s->both_out);
    json_close(w);
}

static void number_or_null(struct json_writer *w, const char *key, double v, bool known)
{
    json_key(w, key);
    json_double(w, known ? rounded(v) : INFINITY);
}

static void write_latency(struct json_writer *w, const struct tally_endpoint *ep, const char *name,
                          const struct totals *totals)
{
    const struct latency_summary *s = &ep->times;

    json_key(w, "latency");
    json_open_object(w);
    key_u64(w, "n", s->n);
    write_spread(w, "v1", &s->v1);
    write_spread(w, name, &s->v2);
    write_interval(w, "ratio", &s->ratio, s->ratio.estimate > 0); /* 0: v1 timed out */
    write_interval(w, "ms", &s->ms, s->n > 0);
    json_key(w, "verdict");
    json_cstr(w, latency_verdict_name(s->verdict));
    json_key(w, "needed");
    if (s->needed)
        json_u64(w, s->needed);
    else
        json_null(w);
    number_or_null(w, "slower", s->slower, s->n > 0);
    number_or_null(w, "p", s->p, s->verdict != LATENCY_UNKNOWN);
    key_u64(w, "blocks", s->blocks);
    json_key(w, "tail");
    json_cstr(w, latency_verdict_name(verdict_tail(totals, s)));
    write_interval(w, "control_ratio", &s->control_ratio, s->n_control > 0);
    number_or_null(w, "second_call", s->order_ratio, s->order_ratio > 0);
    json_key(w, "connections");
    json_cstr(w, s->cold ? "new" : "reused");
    write_timeouts(w, s, name);
    write_excluded(w, s);
    write_curves(w, s, name);
    json_close(w);
}

static void write_examples(struct json_writer *w, const struct tally_field *f, const char *name)
{
    json_key(w, "examples");
    json_open_array(w);
    for (size_t i = 0; i < f->n_examples; i++) {
        const struct example *x = &f->examples[i];

        json_open_object(w);
        key_u64(w, "id", x->ordinal);
        key_str(w, "v1", x->v1);
        key_str(w, name, x->v2);
        if (x->at.data)
            key_str(w, "at", x->at);
        json_close(w);
    }
    json_close(w);
}

/* What became of the requests that were sent again. */
static void write_confirmation(struct json_writer *w, const struct tally_field *f)
{
    static const char *const words[] = {NULL, "confirmed", "not_reproduced", "not_confirmable"};

    json_key(w, "confirmation");
    json_cstr(w, words[f->confirmation]);
    if (f->confirmed_of) {
        key_u64(w, "confirmed", f->confirmed);
        key_u64(w, "confirmed_of", f->confirmed_of);
    }
}

/* The two percentages that users of Diffy know. */
static void write_diffy(struct json_writer *w, const struct tally_field *f, uint64_t of)
{
    double raw = (double)f->counts.raw, noise = (double)f->counts.noise;

    number_or_null(w, "relative", 100 * fabs(raw - noise) / (raw + noise), raw + noise > 0);
    number_or_null(w, "absolute", 100 * fabs(raw - noise) / (double)of, of > 0);
}

static void write_field(struct json_writer *w, const struct tally_endpoint *ep,
                        const struct tally_field *f, const char *name)
{
    json_open_object(w);
    json_key(w, "where");
    json_cstr(w, diff_where_name(f->where));
    key_str(w, "path", f->path);
    json_key(w, "kind");
    json_cstr(w, diff_kind_name(f->kind));
    json_key(w, "verdict");
    json_cstr(w, field_verdict_name(f->verdict));
    key_u64(w, "count", f->counts.raw);
    key_u64(w, "of", ep->of[f->where]);
    key_u64(w, "control_count", f->counts.noise);
    key_u64(w, "control_of", ep->control_of[f->where]);
    key_u64(w, "b", f->counts.b);
    key_u64(w, "c", f->counts.c);
    number_or_null(w, "p", f->p, f->p < 1);
    json_key(w, "control");
    json_cstr(w, noise_source_name(f->source));
    if (f->source == NOISE_PROFILE) {
        key_u64(w, "profile_count", f->profile.noise);
        key_u64(w, "profile_of", f->profile.of);
    }
    json_key(w, "volatile");
    json_bool(w, f->is_volatile);
    json_key(w, "needed");
    if (f->needed)
        json_u64(w, f->needed);
    else
        json_null(w);
    write_confirmation(w, f);
    key_u64(w, "elements", f->elements);
    key_u64(w, "cause", f->cause);
    write_diffy(w, f, ep->of[f->where]);
    write_examples(w, f, name);
    json_close(w);
}

static void write_endpoint(struct json_writer *w, const struct finding *about, size_t index)
{
    const struct evidence *ev = &about->evidence;
    const struct tally_endpoint *ep = ev->tally->endpoints[index];
    const struct endpoint_name *name = endpoint_names_at(ev->names, index);
    const char *candidate = name_of(about);

    json_open_object(w);
    json_key(w, "candidate");
    json_cstr(w, candidate);
    key_str(w, "method", name->method);
    key_str(w, "path", name->path);
    key_u64(w, "pairs", ep->pairs);
    key_u64(w, "equal", ep->equal);
    key_u64(w, "different", ep->different.all);
    key_u64(w, "rare", ep->rare.all);
    write_statuses(w, ep, candidate);
    write_outcomes(w, ep, candidate);
    write_latency(w, ep, candidate, &about->judgement.totals);
    json_key(w, "differences");
    json_open_array(w);
    for (size_t i = 0; i < ep->fields.n_sorted; i++)
        write_field(w, ep, ep->fields.sorted[i], candidate);
    json_close(w);
    json_close(w);
}

static int write_endpoints(struct json_writer *w, const struct finding *about, struct err *e)
{
    size_t n, *list = report_endpoints(&about->evidence, &n, e);

    if (!list)
        return -1;
    for (size_t i = 0; i < n; i++)
        write_endpoint(w, about, list[i]);
    mem_free(list);
    return 0;
}

/* Those of the run once; the others say whom they are about where that is a
 * question. */
static void write_warnings(struct json_writer *w, const struct report *r, size_t i)
{
    const struct finding *about = &r->findings.of[i];
    const struct judgement *j = &about->judgement;

    for (size_t k = 0; k < j->n_warnings; k++) {
        const struct warning *warning = &j->warnings[k];

        if (warning->of_run && i > 0)
            continue;
        json_open_object(w);
        if (r->findings.n > 1 && !warning->of_run) {
            json_key(w, "candidate");
            json_cstr(w, name_of(about));
        }
        json_key(w, "code");
        json_cstr(w, warning->code);
        json_key(w, "message");
        json_cstr(w, warning->message);
        json_close(w);
    }
}

static void write_all_gates(struct json_writer *w, const struct report *r)
{
    json_key(w, "gates");
    json_open_array(w);
    for (size_t i = 0; i < r->findings.n; i++)
        write_gates(w, &r->findings.of[i]);
    json_close(w);
}

static int write_all_endpoints(struct json_writer *w, const struct report *r, struct err *e)
{
    json_key(w, "endpoints");
    json_open_array(w);
    for (size_t i = 0; i < r->findings.n; i++) {
        if (write_endpoints(w, &r->findings.of[i], e) < 0)
            return -1;
    }
    json_close(w);
    return 0;
}

static void write_all_warnings(struct json_writer *w, const struct report *r)
{
    json_key(w, "rules");
    rules_write_json(r->findings.of[0].evidence.rules, w);
    json_key(w, "warnings");
    json_open_array(w);
    for (size_t i = 0; i < r->findings.n; i++)
        write_warnings(w, r, i);
    json_close(w);
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, true, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.diff/1");
    json_key(&w, "tool");
    json_cstr(&w, "mirrorctl " MIRRORCTL_VERSION);
    write_run(&w, r);
    json_key(&w, "verdict");
    json_cstr(&w, verdict_name(r->findings.verdict));
    json_key(&w, "reason");
    json_cstr(&w, r->findings.reason);
    if (r->findings.n > 1)
        write_candidates(&w, r);
    write_all_gates(&w, r);
    json_key(&w, "accounting");
    node_or_null(&w, r->run->accounting);
    write_all_totals(&w, r);
    write_control(&w, best_controlled(r));
    if (write_all_endpoints(&w, r, e) < 0)
        return -1;
    write_all_warnings(&w, r);
    if (json_end_all(&w) < 0)
        return -1;
    return buf_addc(out, '\n', e);
}

const struct report_format report_json = {"json", ".json", write_report};

/* The page itself: its head and policy, the verdict, and the order of its parts. */
#include <inttypes.h>

#include "core/mem.h"
#include "diff/figures.h"
#include "diff/html_assets.h"
#include "diff/html_report.h"

#ifndef MIRRORCTL_VERSION
#define MIRRORCTL_VERSION "unknown"
#endif

/* 2 MB, less what the last rows and drawings may go beyond their parts' ceilings. */
enum { PAGE_MAX = 1600 * 1000 };

bool html_has_room(const struct html *h, unsigned percent)
{
    return h->m.out->len - h->begin < h->share / 100 * percent;
}

const char *html_candidate(const struct html *h)
{
    return candidate_name(h->about->evidence.candidate);
}

void html_left_out(struct html *h, size_t n, const char *of)
{
    if (n)
        markup_fmt(&h->m, "<p class=\"soft\">%zu more %s, in the JSON report.</p>\n", n, of);
}

void html_count(struct html *h, const char *label, uint64_t n, bool is_bad)
{
    char text[FIGURE_TEXT];

    markup_fmt(&h->m, "<td class=\"n%s\" data-label=\"%s\" data-sort=\"%" PRIu64 "\">%s</td>",
               n == 0   ? " zero"
               : is_bad ? " bad"
                        : "",
               label, n, figure_count(n, text));
}

bool html_is_change(const struct tally_field *f)
{
    return f->verdict != FIELD_NOISE && f->verdict != FIELD_IGNORED && f->counts.raw;
}

/* ---- the head ---- */

/* Only what stands in this file, and of that only what we wrote. */
static void write_policy(struct markup *m)
{
    markup_fmt(m,
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
               "style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n",
               html_css_hash, html_js_hash);
}

static void write_document_head(struct html *h)
{
    struct markup *m = &h->m;

    markup_raw(m, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    write_policy(m);
    markup_raw(m, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    markup_fmt(m, "%s: ", verdict_word(h->r->findings.verdict));
    markup_cut(m, str_of(h->r->findings.reason), 100);
    markup_raw(m, "</title>\n<style>");
    markup_bytes(m, (const char *)html_css, sizeof html_css);
    markup_raw(m, "</style>\n</head>\n<body>\n");
}

static void write_fact(struct html *h, const char *name, const char *class, struct str value)
{
    markup_fmt(&h->m, "<div><dt>%s</dt><dd class=\"mono%s%s\">", name, *class ? " " : "", class);
    markup_cut(&h->m, value.data ? value : STR("unknown"), 200);
    markup_raw(&h->m, "</dd></div>\n");
}

static void write_facts(struct html *h)
{
    const struct findings *f = &h->r->findings;
    const struct totals *t = &f->of[0].judgement.totals;
    char requests[FIGURE_TEXT], endpoints[FIGURE_TEXT];

    markup_raw(&h->m, "<dl class=\"facts\">\n");
    write_fact(h, "v1", "v1", run_info_place(h->r->run, "v1"));
    for (size_t i = 0; i < f->n; i++) {
        const char *name = candidate_name(f->of[i].evidence.candidate);
        write_fact(h, name, "v2", run_info_place(h->r->run, name));
    }
    if (h->r->file)
        write_fact(h, "result", "", str_of(h->r->file));
    if (h->r->run->started.data)
        write_fact(h, "from", "", h->r->run->started);
    if (h->r->run->ended.data)
        write_fact(h, "to", "", h->r->run->ended);
    markup_fmt(&h->m, "<div><dt>requests</dt><dd>%s to %s endpoint%s</dd></div>\n</dl>\n",
               figure_count(t->selected, requests), figure_count(t->endpoints, endpoints),
               t->endpoints == 1 ? "" : "s");
}

static void write_banner(struct html *h)
{
    const struct findings *f = &h->r->findings;

    markup_fmt(&h->m, "<header class=\"head\">\n<div class=\"verdict %s\"><strong>%s</strong><h1>",
               verdict_name(f->verdict), verdict_word(f->verdict));
    markup_words(&h->m, f->reason);
    markup_raw(&h->m, "</h1></div>\n");
    write_facts(h);
    markup_raw(&h->m, "</header>\n");
}

static void write_navigation(struct html *h)
{
    const struct findings *f = &h->r->findings;

    markup_raw(&h->m, "<nav aria-label=\"Parts of this page\"><ul>");
    for (size_t i = 0; i < f->n; i++) {
        const char *name = candidate_name(f->of[i].evidence.candidate);

        if (f->n > 1)
            markup_fmt(&h->m, "<li><a href=\"#%s\">%s %s</a></li>", name, name,
                       verdict_word(f->of[i].judgement.overall));
        if (f->n == 1)
            markup_fmt(&h->m,
                       "<li><a href=\"#%s-gates\">Gates</a></li>"
                       "<li><a href=\"#%s-endpoints\">Endpoints</a></li>"
                       "<li><a href=\"#%s-fields\">Fields</a></li>"
                       "<li><a href=\"#%s-latency\">Latency</a></li>"
                       "<li><a href=\"#%s-outcomes\">Outcomes</a></li>",
                       name, name, name, name, name);
    }
    markup_raw(&h->m, "<li><a href=\"#run\">The run</a></li></ul></nav>\n");
}

/* ---- gates ---- */

static void write_gate(struct html *h, enum gate_name name)
{
    static const struct {
        const char *mark, *class;
    } marks[] = {
        [GATE_PASS] = {"\xe2\x9c\x93", "good"}, [GATE_FAIL] = {"\xe2\x9c\x97", "bad"},
        [GATE_INCONCLUSIVE] = {"?", "warn"},    [GATE_WARN] = {"!", "warn"},
        [GATE_OFF] = {"\xe2\x80\x93", "soft"},
    };
    const struct gate_result *g = &h->about->judgement.gates[name];
    bool warns = h->about->evidence.gates[name].warn;
    struct markup *m = &h->m;

    markup_fmt(m,
               "<tr><td class=\"%s\"><span aria-hidden=\"true\">%s</span>"
               "<span class=\"sr\">%s</span></td><th scope=\"row\">%s</th><td class=\"found\">",
               marks[g->verdict].class, marks[g->verdict].mark, gate_verdict_name(g->verdict),
               gate_name_text(name));
    markup_words(m, g->message);
    markup_fmt(m, "</td><td class=\"limit\">%s%s%s</td></tr>\n",
               name == GATE_COVERAGE ? "at least " : "", g->limit, warns ? ", only warns" : "");
}

static void write_gates(struct html *h)
{
    markup_fmt(&h->m,
               "<section id=\"%s-gates\">\n<h2>Gates</h2>\n<table class=\"gates\">\n"
               "<thead><tr><td><span class=\"sr\">verdict</span></td><th scope=\"col\">gate</th>"
               "<th scope=\"col\">found</th><th scope=\"col\" class=\"limit\">limit</th></tr>"
               "</thead>\n<tbody>\n",
               html_candidate(h));
    for (int i = 0; i < GATE_COUNT; i++)
        write_gate(h, (enum gate_name)i);
    markup_raw(&h->m, "</tbody>\n</table>\n");
    html_warnings(h);
    markup_raw(&h->m, "</section>\n");
}

/* ---- all of it ---- */

static void write_title(struct html *h)
{
    const struct judgement *j = &h->about->judgement;

    markup_fmt(&h->m, "<h2 class=\"title\" id=\"%s\">%s <span class=\"badge %s\">%s</span> <small>",
               html_candidate(h), html_candidate(h),
               j->overall == VERDICT_PASS   ? "good"
               : j->overall == VERDICT_FAIL ? "bad"
                                            : "warn",
               verdict_word(j->overall));
    markup_words(&h->m, j->reason);
    markup_raw(&h->m, "</small></h2>\n");
}

static int write_candidate(struct html *h, size_t i, struct err *e)
{
    const struct findings *f = &h->r->findings;
    int rc;

    h->about = &f->of[i];
    h->begin = h->m.out->len;
    h->share = PAGE_MAX / f->n;
    h->order.list = report_endpoints(&h->about->evidence, &h->order.n, e);
    if (!h->order.list)
        return -1;
    report_sort_endpoints(&h->about->evidence, &h->order);
    markup_raw(&h->m, "<div class=\"about\">\n");
    if (f->n > 1)
        write_title(h);
    write_gates(h);
    html_endpoints(h);
    rc = html_fields(h);
    html_latency(h);
    html_outcomes(h);
    markup_raw(&h->m, "</div>\n");
    mem_free(h->order.list);
    return rc;
}

static void write_end(struct html *h)
{
    markup_raw(&h->m, "</main>\n<footer class=\"foot\">mirrorctl " MIRRORCTL_VERSION
                      ". This page loads nothing and sends nothing.</footer>\n<script>");
    markup_bytes(&h->m, (const char *)html_js, sizeof html_js);
    markup_raw(&h->m, "</script>\n</body>\n</html>\n");
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct html h = {.r = r, .marker = marker_new(e)};
    int rc = 0;

    if (!h.marker)
        return -1;
    markup_begin(&h.m, out, e);
    write_document_head(&h);
    markup_raw(&h.m, "<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n");
    write_banner(&h);
    write_navigation(&h);
    markup_raw(&h.m, "<main id=\"main\">\n");
    for (size_t i = 0; i < r->findings.n && rc == 0; i++)
        rc = write_candidate(&h, i, e);
    html_run(&h);
    write_end(&h);
    marker_free(h.marker);
    return markup_end(&h.m) < 0 ? -1 : rc;
}

const struct report_format report_html = {"html", ".html", write_report};

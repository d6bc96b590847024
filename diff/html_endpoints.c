/* The table of endpoints. Its last column is a forest plot: a ratio v2/v1 with its
 * interval on a logarithmic axis, all rows on the same one, over the band that the
 * margin allows. It is one drawing a row, so that rows can be sorted. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "diff/figures.h"
#include "diff/html_report.h"
#include "diff/svg.h"

enum { FOREST_WIDTH = 240, FOREST_HEIGHT = 22, FOREST_PAD = 10, TICKS = 12 };

/* What no drawing goes beyond: a ratio of 64 is off the page, not its scale. */
#define RATIO_MAX 64.0

struct forest {
    struct svg_scale scale;
    double limit; /* the margin, as a ratio */
};

/* ---- the axis ---- */

static void reach(double ratio, double *low, double *high)
{
    if (!(ratio > 0) || isinf(ratio))
        return;
    if (ratio < *low)
        *low = ratio;
    if (ratio > *high)
        *high = ratio;
}

/* Wide enough for all that is drawn, and at least for the margin. */
static struct forest forest_of(const struct html *h)
{
    const struct evidence *ev = &h->about->evidence;
    double limit = ev->gates[GATE_LATENCY].limit, low = 0.8, high = 1.25;

    reach(limit * limit, &low, &high);
    reach(1 / (limit * limit), &low, &high);
    for (size_t i = 0; i < h->order.n; i++) {
        const struct latency_summary *s = &ev->tally->endpoints[h->order.list[i]]->times;

        reach(s->ratio.estimate, &low, &high);
        if (s->verdict == LATENCY_UNKNOWN)
            continue;
        reach(s->ratio.low, &low, &high);
        reach(s->ratio.high, &low, &high);
    }
    return (struct forest){{.low = low > 1 / RATIO_MAX ? low / 1.05 : 1 / RATIO_MAX,
                            .high = high < RATIO_MAX ? high * 1.05 : RATIO_MAX,
                            .from = FOREST_PAD,
                            .to = FOREST_WIDTH - FOREST_PAD,
                            .log = true},
                           limit};
}

static size_t axis_ticks(const struct forest *f, double values[TICKS])
{
    static const double narrow[] = {0.8, 0.9, 1, 1.1, 1.25, 1.5, 2};
    static const double wide[] = {1 / 64.0, 1 / 16.0, 0.25, 0.5, 1, 2, 4, 8, 16, 64};
    bool is_narrow = f->scale.high / f->scale.low < 3;
    const double *all = is_narrow ? narrow : wide;
    size_t most = is_narrow ? sizeof narrow / sizeof *narrow : sizeof wide / sizeof *wide, n = 0;
    double last = -FOREST_WIDTH;

    for (size_t i = 0; i < most; i++) {
        double x = svg_at(&f->scale, all[i]);

        if (all[i] < f->scale.low || all[i] > f->scale.high || (x - last < 26 && all[i] != 1))
            continue;
        if (n && x - last < 26)
            n--;
        values[n++] = all[i];
        last = x;
    }
    return n;
}

static void write_axis(struct html *h, const struct forest *f)
{
    struct markup *m = &h->m;
    double ticks[TICKS];
    size_t n = axis_ticks(f, ticks);

    svg_open(m, FOREST_WIDTH, 16, "axis of the ratio, to the right v2 is slower");
    for (size_t i = 0; i < n; i++) {
        char text[16];

        snprintf(text, sizeof text, ticks[i] < 0.1 ? "%.2f" : "%g", ticks[i]);
        svg_text(m, svg_at(&f->scale, ticks[i]), 11, "middle", text);
    }
    svg_close(m);
}

/* ---- a row ---- */

static const char *verdict_class(const struct latency_summary *s)
{
    return s->verdict == LATENCY_SLOWER ? "no" : s->verdict == LATENCY_SAME ? "ok" : "maybe";
}

static void write_whisker(struct markup *m, const struct forest *f, const struct latency_summary *s)
{
    double y = FOREST_HEIGHT / 2.0, x = svg_at(&f->scale, s->ratio.estimate);
    char class[24];

    if (s->verdict != LATENCY_UNKNOWN) {
        snprintf(class, sizeof class, "whisker %s", verdict_class(s));
        svg_line(m, class, svg_at(&f->scale, s->ratio.low), y, svg_at(&f->scale, s->ratio.high), y);
    }
    snprintf(class, sizeof class, "p %s", verdict_class(s));
    svg_dot(m, class, x, y, 3.2);
}

static void write_forest(struct html *h, const struct forest *f, const struct latency_summary *s)
{
    char label[120], ratio[FIGURE_TEXT], interval[FIGURE_TEXT];
    double left = svg_at(&f->scale, 1 / f->limit), right = svg_at(&f->scale, f->limit);
    double one = svg_at(&f->scale, 1);
    struct markup *m = &h->m;

    markup_raw(m, "<td class=\"forest\">");
    if (s->n) {
        snprintf(
            label, sizeof label, "ratio %s %s, margin %.4g", figure_ratio(s->ratio.estimate, ratio),
            s->verdict == LATENCY_UNKNOWN ? "" : figure_interval(&s->ratio, interval), f->limit);
        svg_open(m, FOREST_WIDTH, FOREST_HEIGHT, label);
        svg_rect(m, "band", left, 0, right - left, FOREST_HEIGHT);
        svg_line(m, "one", one, 0, one, FOREST_HEIGHT);
        svg_line(m, "limit", right, 0, right, FOREST_HEIGHT);
        if (s->ratio.estimate > 0)
            write_whisker(m, f, s);
        svg_close(m);
    }
    markup_raw(m, "</td>");
}

/* A bar beside the share: where one looks for the row that is not like the others. */
static void write_same(struct html *h, const struct tally_endpoint *ep)
{
    char text[FIGURE_TEXT];
    double share = ep->pairs ? (double)ep->equal / (double)ep->pairs : 0;

    markup_fmt(&h->m, "<td class=\"n\" data-label=\"same\" data-sort=\"%.6f\">%s", share,
               figure_percent(ep->equal, ep->pairs, text));
    if (ep->pairs)
        markup_fmt(&h->m,
                   "<svg class=\"bar\" viewBox=\"0 0 54 8\" aria-hidden=\"true\">"
                   "<rect class=\"track\" width=\"54\" height=\"8\" rx=\"1.5\"/>"
                   "<rect class=\"fill\" width=\"%.1f\" height=\"8\" rx=\"1.5\"/></svg>",
                   54 * share);
    markup_raw(&h->m, "</td>");
}

static void write_times(struct html *h, const char *label, const struct latency_time *v1,
                        const struct latency_time *v2)
{
    char text[FIGURE_TEXT];

    markup_fmt(&h->m, "<td class=\"n\" data-label=\"%s\" data-sort=\"%" PRId64 "\">%s</td>", label,
               v2->known ? v2->ns : 0, figure_times(v1, v2, " \xe2\x86\x92 ", text));
}

static void write_ratio(struct html *h, const struct latency_summary *s)
{
    char ratio[FIGURE_TEXT], interval[FIGURE_TEXT];
    double estimate = isinf(s->ratio.estimate) ? 1e9 : s->ratio.estimate;

    markup_fmt(&h->m, "<td class=\"n\" data-label=\"%s/v1\" data-sort=\"%.6g\">%s",
               html_candidate(h), estimate, figure_ratio(s->ratio.estimate, ratio));
    if (s->n && s->verdict != LATENCY_UNKNOWN)
        markup_fmt(&h->m, " <span class=\"interval\">%s</span>",
                   figure_interval(&s->ratio, interval));
    markup_raw(&h->m, "</td>");
}

static void write_verdict(struct html *h, const struct latency_summary *s)
{
    static const struct {
        const char *class, *word;
    } words[] = {
        [LATENCY_UNKNOWN] = {"", "too few"},
        [LATENCY_SAME] = {"good", "ok"},
        [LATENCY_SLOWER] = {"bad", "slower"},
        [LATENCY_UNDECIDED] = {"warn", "open"},
    };

    markup_raw(&h->m, "<td data-label=\"latency\">");
    if (s->n)
        markup_fmt(&h->m, "<span class=\"badge %s\">%s</span>", words[s->verdict].class,
                   words[s->verdict].word);
    markup_raw(&h->m, "</td>");
}

static void write_row(struct html *h, const struct forest *f, size_t index)
{
    static const char *const labels[WHERE_COUNT] = {"outcome", "status", "headers", "body"};
    const struct evidence *ev = &h->about->evidence;
    const struct tally_endpoint *ep = ev->tally->endpoints[index];
    char label[ENDPOINT_LABEL];

    markup_raw(&h->m, "<tr><th scope=\"row\" class=\"mono\">");
    markup_text(&h->m, endpoint_label(ev, index, label));
    markup_raw(&h->m, "</th>");
    html_count(h, "pairs", ep->pairs, false);
    write_same(h, ep);
    for (int w = 0; w < WHERE_COUNT; w++)
        html_count(h, labels[w], ep->different.where[w], true);
    write_times(h, "p50", &ep->times.v1.p50, &ep->times.v2.p50);
    write_times(h, "p99", &ep->times.v1.p99, &ep->times.v2.p99);
    write_ratio(h, &ep->times);
    write_forest(h, f, &ep->times);
    write_verdict(h, &ep->times);
    markup_raw(&h->m, "</tr>\n");
}

/* ---- the table ---- */

static void write_heads(struct html *h, const struct forest *f)
{
    static const char *const counts[] = {"pairs", "same", "outcome", "status", "headers", "body"};
    struct markup *m = &h->m;

    markup_raw(m, "<thead><tr><th scope=\"col\"><span class=\"label\">endpoint</span></th>");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        markup_fmt(m, "<th scope=\"col\" class=\"n\"><span class=\"label\">%s</span></th>",
                   counts[i]);
    for (int i = 0; i < 2; i++)
        markup_fmt(m, "<th scope=\"col\" class=\"n\"><span class=\"label\">%s</span></th>",
                   i ? "p99" : "p50");
    markup_fmt(m,
               "<th scope=\"col\" class=\"n\"><span class=\"label\">%s/v1</span></th>"
               "<th scope=\"col\" class=\"forest\"><span class=\"sr\">drawn</span>",
               html_candidate(h));
    write_axis(h, f);
    markup_raw(m,
               "</th><th scope=\"col\"><span class=\"label\">latency</span></th></tr></thead>\n");
}

/* What v1 does to itself, by the same measure: the line that convinces. */
static void write_control(struct html *h)
{
    const struct latency_summary *s = &h->about->evidence.tally->times;
    char ratio[FIGURE_TEXT], interval[FIGURE_TEXT];

    if (!s->n_control)
        return;
    markup_fmt(
        &h->m,
        "<p class=\"soft\">Control, v1 again / v1: %s %s, %s. Shaded is the margin of "
        "%.3g\xc2\xa0%%; an endpoint is slower where its whole interval lies beyond it.</p>\n",
        figure_ratio(s->control_ratio.estimate, ratio),
        figure_interval(&s->control_ratio, interval),
        s->control_verdict == LATENCY_SLOWER ? "<strong class=\"warn\">not quiet</strong>"
        : s->control_verdict == LATENCY_SAME ? "quiet"
                                             : "undecided",
        (h->about->evidence.gates[GATE_LATENCY].limit - 1) * 100);
}

void html_endpoints(struct html *h)
{
    struct forest f = forest_of(h);
    size_t i = 0;

    if (!h->order.n)
        return;
    markup_fmt(&h->m,
               "<section id=\"%s-endpoints\">\n<h2>Endpoints <small>pairs that differ; times v1 "
               "\xe2\x86\x92 %s; ratio by pairs, with its 95\xc2\xa0%% "
               "interval</small></h2>\n<table class=\"wide sortable\">\n",
               html_candidate(h), html_candidate(h));
    write_heads(h, &f);
    markup_raw(&h->m, "<tbody>\n");
    while (i < h->order.n && html_has_room(h, 30))
        write_row(h, &f, h->order.list[i++]);
    markup_raw(&h->m, "</tbody>\n</table>\n");
    html_left_out(h, h->order.n - i, "endpoints");
    write_control(h);
    markup_raw(&h->m, "</section>\n");
}

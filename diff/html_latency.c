/* How the times lie: percentiles, their curve, how many answers came by when, what
 * the pairs say, and whether that changed during the run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/clock.h"
#include "diff/figures.h"
#include "diff/html_report.h"
#include "diff/svg.h"

enum { WIDTH = 320, HEIGHT = 170, LEFT = 38, RIGHT = 8, TOP = 8, BOTTOM = 20, TICKS = 8 };

/* ---- scales ---- */

static struct svg_scale across(double low, double high, bool is_log)
{
    return (struct svg_scale){low, high, LEFT, WIDTH - RIGHT, is_log};
}

static struct svg_scale upwards(double low, double high, bool is_log)
{
    return (struct svg_scale){low, high, HEIGHT - BOTTOM, TOP, is_log};
}

static void reach_times(const int64_t *times, size_t n, double *low, double *high)
{
    for (size_t i = 0; i < n; i++) {
        double ms = (double)times[i] / (double)NS_PER_MS;

        if (times[i] <= 0 || times[i] == INT64_MAX)
            continue;
        *low = ms < *low ? ms : *low;
        *high = ms > *high ? ms : *high;
    }
}

/* All times of a summary in ms, with a little air around them. */
static void range_of(const struct latency_summary *s, double *low, double *high)
{
    const struct latency_curves *c = s->curves;

    *low = INFINITY;
    *high = 0;
    reach_times(c->v1, c->n_points, low, high);
    reach_times(c->v2, c->n_points, low, high);
    reach_times(c->control, s->n_control ? c->n_points : 0, low, high);
    if (!(*high > 0)) {
        *low = 1;
        *high = 10;
    }
    *low /= 1.15;
    *high *= 1.15;
}

static void write_ms(char text[24], double ms)
{
    if (ms >= 1000)
        snprintf(text, 24, "%g s", ms / 1000);
    else
        snprintf(text, 24, "%g ms", ms);
}

static void axis_left(struct markup *m, const struct svg_scale *y,
                      void (*word)(char text[24], double v))
{
    double ticks[TICKS];
    size_t n = svg_ticks(y, 20, ticks, TICKS);

    for (size_t i = 0; i < n; i++) {
        char text[24];

        word(text, ticks[i]);
        svg_line(m, "axis", LEFT, svg_at(y, ticks[i]), WIDTH - RIGHT, svg_at(y, ticks[i]));
        svg_text(m, LEFT - 4, svg_at(y, ticks[i]) + 3, "end", text);
    }
}

static void axis_below(struct markup *m, const struct svg_scale *x,
                       void (*word)(char text[24], double v))
{
    double ticks[TICKS];
    size_t n = svg_ticks(x, 44, ticks, TICKS);

    for (size_t i = 0; i < n; i++) {
        char text[24];

        word(text, ticks[i]);
        svg_line(m, "axis", svg_at(x, ticks[i]), TOP, svg_at(x, ticks[i]), HEIGHT - BOTTOM);
        svg_text(m, svg_at(x, ticks[i]), HEIGHT - 6,
                 svg_at(x, ticks[i]) > WIDTH - 2 * RIGHT - 8 ? "end" : "middle", text);
    }
}

/* ---- percentiles: the tail is stretched, as HdrHistogram draws it ---- */

/* 90 % lies at 1, 99 % at 2. */
static double stretch(double share)
{
    return -log10(1 - share);
}

static void draw_quantiles(struct markup *m, const char *class, const struct svg_scale *x,
                           const struct svg_scale *y, const int64_t *times, size_t n)
{
    struct svg_path p;

    svg_path_open(&p, m, class);
    for (size_t i = 0; i < n && times[i] != INT64_MAX; i++)
        svg_path_to(&p, svg_at(x, stretch(((double)i + 0.5) / (double)n)),
                    svg_at(y, (double)times[i] / (double)NS_PER_MS));
    svg_path_close(&p);
}

static void draw_range(struct markup *m, const char *class, double x, const struct svg_scale *y,
                       const struct latency_time *t)
{
    if (t->known && t->low > 0 && t->high > 0 && t->high != INT64_MAX)
        svg_line(m, class, x, svg_at(y, (double)t->low / (double)NS_PER_MS), x,
                 svg_at(y, (double)t->high / (double)NS_PER_MS));
}

static void draw_ranges(struct markup *m, const char *class, double dx, const struct svg_scale *x,
                        const struct svg_scale *y, const struct latency_spread *s)
{
    draw_range(m, class, svg_at(x, stretch(0.5)) + dx, y, &s->p50);
    draw_range(m, class, svg_at(x, stretch(0.9)) + dx, y, &s->p90);
    draw_range(m, class, svg_at(x, stretch(0.99)) + dx, y, &s->p99);
}

static void draw_percentiles(struct html *h, const struct latency_summary *s)
{
    static const double ticks[] = {0.5, 0.9, 0.99};
    const struct latency_curves *c = s->curves;
    struct svg_scale x = across(0, stretch(0.9975), false), y;
    struct markup *m = &h->m;
    double low, high;

    range_of(s, &low, &high);
    y = upwards(low, high, true);
    markup_raw(m, "<figure><figcaption>Percentiles, tail stretched</figcaption>");
    svg_open(m, WIDTH, HEIGHT, "time at each percentile; the table says the same");
    axis_left(m, &y, write_ms);
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        char text[24];

        snprintf(text, sizeof text, "%g %%", ticks[i] * 100);
        svg_text(m, svg_at(&x, stretch(ticks[i])), HEIGHT - 6, "middle", text);
        svg_line(m, "axis", svg_at(&x, stretch(ticks[i])), TOP, svg_at(&x, stretch(ticks[i])),
                 HEIGHT - BOTTOM);
    }
    if (s->n_control)
        draw_quantiles(m, "s3", &x, &y, c->control, c->n_points);
    draw_quantiles(m, "s1", &x, &y, c->v1, c->n_points);
    draw_quantiles(m, "s2", &x, &y, c->v2, c->n_points);
    draw_ranges(m, "w1", -1.5, &x, &y, &s->v1);
    draw_ranges(m, "w2", 1.5, &x, &y, &s->v2);
    svg_close(m);
    markup_raw(m, "</figure>\n");
}

/* ---- the share that was answered by then ---- */

static void write_percent(char text[24], double v)
{
    snprintf(text, 24, "%g %%", v);
}

static void draw_shares(struct markup *m, const char *class, const struct svg_scale *x,
                        const struct svg_scale *y, const int64_t *times, size_t n)
{
    struct svg_path p;
    double before = 0;

    svg_path_open(&p, m, class);
    for (size_t i = 0; i < n && times[i] != INT64_MAX; i++) {
        double at = svg_at(x, (double)times[i] / (double)NS_PER_MS);

        svg_path_to(&p, at, svg_at(y, before));
        before = 100 * ((double)i + 1) / (double)n;
        svg_path_to(&p, at, svg_at(y, before));
    }
    svg_path_close(&p);
}

static void draw_ecdf(struct html *h, const struct latency_summary *s)
{
    static const double shares[] = {0, 25, 50, 75, 100};
    const struct latency_curves *c = s->curves;
    struct svg_scale x, y = upwards(0, 100, false);
    struct markup *m = &h->m;
    double low, high;

    range_of(s, &low, &high);
    x = across(low, high, true);
    markup_raw(m, "<figure><figcaption>Share answered within</figcaption>");
    svg_open(m, WIDTH, HEIGHT, "share of the requests that were answered within a time");
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        char text[24];

        write_percent(text, shares[i]);
        svg_line(m, "axis", LEFT, svg_at(&y, shares[i]), WIDTH - RIGHT, svg_at(&y, shares[i]));
        svg_text(m, LEFT - 4, svg_at(&y, shares[i]) + 3, "end", text);
    }
    axis_below(m, &x, write_ms);
    if (s->n_control)
        draw_shares(m, "s3", &x, &y, c->control, c->n_points);
    draw_shares(m, "s1", &x, &y, c->v1, c->n_points);
    draw_shares(m, "s2", &x, &y, c->v2, c->n_points);
    svg_close(m);
    markup_raw(m, "</figure>\n");
}

/* ---- ratios: how they lie, and when ---- */

static void write_ratio(char text[24], double v)
{
    snprintf(text, 24, v < 0.1 ? "%.2fx" : "%gx", v);
}

/* The ratio that the i-th bar counts (latency.h). */
static double bar_ratio(int i)
{
    int middle = LATENCY_BARS / 2;

    return pow(2, (double)(i - middle) / 8);
}

static void draw_bars(struct html *h, const struct latency_summary *s, double limit)
{
    const struct latency_curves *c = s->curves;
    struct svg_scale x = across(bar_ratio(-1), bar_ratio(LATENCY_BARS), true), y;
    struct markup *m = &h->m;
    uint64_t most = 1;

    for (int i = 0; i < LATENCY_BARS; i++)
        most = c->bars[i] > most ? c->bars[i] : most;
    y = upwards(0, (double)most * 1.08, false);
    markup_raw(m, "<figure><figcaption>Ratio of each pair, and the limit</figcaption>");
    svg_open(m, WIDTH, HEIGHT, "how many pairs have which ratio");
    axis_below(m, &x, write_ratio);
    svg_line(m, "one", svg_at(&x, 1), TOP, svg_at(&x, 1), HEIGHT - BOTTOM);
    markup_raw(m, "<path class=\"bars\" stroke-width=\"5.4\" d=\"");
    for (int i = 0; i < LATENCY_BARS; i++) {
        if (c->bars[i])
            markup_fmt(m, "M%.1f %dV%.1f", svg_at(&x, bar_ratio(i)), HEIGHT - BOTTOM,
                       svg_at(&y, (double)c->bars[i]));
    }
    markup_raw(m, "\"/>");
    svg_line(m, "limit", svg_at(&x, limit), TOP, svg_at(&x, limit), HEIGHT - BOTTOM);
    svg_close(m);
    markup_raw(m, "</figure>\n");
}

static void draw_strip(struct html *h, const struct latency_summary *s, double limit)
{
    const struct latency_curves *c = s->curves;
    struct svg_scale x = across(0, (double)(c->n_slots ? c->n_slots : 1), false), y;
    double low = 1 / (limit * limit), high = limit * limit;
    struct markup *m = &h->m;
    char text[48];

    for (size_t i = 0; i < c->n_slots; i++) {
        if (!(c->strip[i] > 0) || isinf(c->strip[i]))
            continue;
        low = c->strip[i] < low ? c->strip[i] : low;
        high = c->strip[i] > high ? c->strip[i] : high;
    }
    y = upwards(low / 1.05, high * 1.05, true);
    markup_raw(m, "<figure><figcaption>Ratio during the run</figcaption>");
    svg_open(m, WIDTH, HEIGHT, "median ratio in each part of the run");
    svg_rect(m, "band", LEFT, svg_at(&y, limit), WIDTH - RIGHT - LEFT,
             svg_at(&y, 1 / limit) - svg_at(&y, limit));
    axis_left(m, &y, write_ratio);
    svg_line(m, "one", LEFT, svg_at(&y, 1), WIDTH - RIGHT, svg_at(&y, 1));
    svg_line(m, "limit", LEFT, svg_at(&y, limit), WIDTH - RIGHT, svg_at(&y, limit));
    for (size_t i = 0; i < c->n_slots; i++) {
        if (c->strip[i] > 0)
            svg_dot(m, "dot", svg_at(&x, (double)i + 0.5), svg_at(&y, c->strip[i]), 1.7);
    }
    svg_text(m, LEFT, HEIGHT - 6, "start", "begin");
    snprintf(text, sizeof text, "after %.3g s",
             (double)(c->last_ns - c->first_ns) / (double)NS_PER_SEC);
    svg_text(m, WIDTH - RIGHT, HEIGHT - 6, "end", text);
    svg_close(m);
    markup_raw(m, "</figure>\n");
}

/* ---- the same as a table ---- */

static void write_spread(struct html *h, const char *class, const char *name,
                         const struct latency_spread *s)
{
    const struct {
        const char *name;
        const struct latency_time *time;
    } cells[] = {{"p50", &s->p50}, {"p90", &s->p90},    {"p95", &s->p95},
                 {"p99", &s->p99}, {"p99.9", &s->p999}, {"max", &s->max}};

    markup_fmt(&h->m, "<tr><th scope=\"row\" class=\"%s\">%s</th>", class, name);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char text[FIGURE_TEXT];

        markup_fmt(&h->m, "<td class=\"n\" data-label=\"%s\">%s</td>", cells[i].name,
                   cells[i].time->at_least || cells[i].time->known
                       ? figure_time(cells[i].time, text)
                       : "<span class=\"soft\">too few</span>");
    }
    markup_raw(&h->m, "</tr>\n");
}

static void write_table(struct html *h, const struct latency_summary *s)
{
    markup_fmt(&h->m,
               "<table class=\"percentiles\"><caption>%zu pairs%s</caption><thead><tr>"
               "<td><span class=\"sr\">whose</span></td><th scope=\"col\" class=\"n\">p50</th>"
               "<th scope=\"col\" class=\"n\">p90</th><th scope=\"col\" class=\"n\">p95</th>"
               "<th scope=\"col\" class=\"n\">p99</th><th scope=\"col\" class=\"n\">p99.9</th>"
               "<th scope=\"col\" class=\"n\">max</th></tr></thead>\n<tbody>\n",
               s->n, s->cold ? ", over new connections" : "");
    write_spread(h, "v1", "v1", &s->v1);
    write_spread(h, "v2", html_candidate(h), &s->v2);
    if (s->n_control)
        write_spread(h, "control", "v1 again", &s->control);
    markup_raw(&h->m, "</tbody></table>\n");
}

static void write_facts(struct html *h, const struct latency_summary *s)
{
    struct markup *m = &h->m;

    markup_fmt(m, "<p class=\"soft\">%s was the slower one in %.3g\xc2\xa0%% of the pairs",
               html_candidate(h), s->slower * 100);
    if (s->blocks)
        markup_fmt(m, "; %zu blocks of consecutive requests", s->blocks);
    if (s->needed)
        markup_fmt(m, "; about %" PRIu64 " pairs would decide", s->needed);
    if (s->v1_out + s->v2_out + s->both_out)
        markup_fmt(m, "; timed out: v1 %zu, %s %zu, both %zu", s->v1_out, html_candidate(h),
                   s->v2_out, s->both_out);
    markup_raw(m, ".</p>\n");
}

static void write_inside(struct html *h, const struct latency_summary *s)
{
    double limit = h->about->evidence.gates[GATE_LATENCY].limit;

    markup_raw(&h->m, "<div class=\"inner\">\n");
    write_table(h, s);
    markup_raw(&h->m, "<div class=\"charts\">\n");
    draw_percentiles(h, s);
    draw_ecdf(h, s);
    draw_bars(h, s, limit);
    draw_strip(h, s, limit);
    markup_raw(&h->m, "</div>\n");
    write_facts(h, s);
    markup_raw(&h->m, "</div>\n");
}

static void write_endpoint(struct html *h, size_t index)
{
    const struct evidence *ev = &h->about->evidence;
    const struct latency_summary *s = &ev->tally->endpoints[index]->times;
    char label[ENDPOINT_LABEL], ratio[FIGURE_TEXT], times[FIGURE_TEXT];

    markup_raw(&h->m, "<details><summary><span class=\"mono\">");
    markup_text(&h->m, endpoint_label(ev, index, label));
    markup_fmt(&h->m, "</span> <span class=\"soft\">%s, ratio %s</span>%s</summary>\n",
               figure_times(&s->v1.p50, &s->v2.p50, " \xe2\x86\x92 ", times),
               figure_ratio(s->ratio.estimate, ratio),
               report_is_slower(ev, ev->tally->endpoints[index])
                   ? " <span class=\"badge bad\">slower</span>"
                   : "");
    write_inside(h, s);
    markup_raw(&h->m, "</details>\n");
}

void html_latency(struct html *h)
{
    const struct tally *t = h->about->evidence.tally;
    size_t left_out = 0;

    if (!t->times.n || !t->times.curves)
        return;
    markup_fmt(&h->m,
               "<section class=\"latency\" id=\"%s-latency\">\n<h2>Latency</h2>\n"
               "<ul class=\"key\"><li class=\"v1\">v1</li><li class=\"v2\">%s</li>%s</ul>\n",
               html_candidate(h), html_candidate(h),
               t->times.n_control ? "<li class=\"control\">v1 again</li>" : "");
    write_inside(h, &t->times);
    for (size_t i = 0; i < h->order.n; i++) {
        const struct latency_summary *s = &t->endpoints[h->order.list[i]]->times;

        if (s->curves && html_has_room(h, 95))
            write_endpoint(h, h->order.list[i]);
        else
            left_out += s->curves != NULL;
    }
    html_left_out(h, left_out, "endpoints with times");
    markup_raw(&h->m, "</section>\n");
}

#include "diff/svg.h"

#include <math.h>

/* What a screen of twice the usual fineness still shows, in the viewBox. */
#define VISIBLE 0.4

double svg_at(const struct svg_scale *s, double value)
{
    double low = s->log ? log(s->low) : s->low, high = s->log ? log(s->high) : s->high;
    double v = value < s->low ? s->low : value > s->high ? s->high : value;

    if (s->log)
        v = log(v);
    return s->from + (v - low) / (high - low) * (s->to - s->from);
}

static size_t ticks_of(const struct svg_scale *s, const double *steps, size_t n_steps, double apart,
                       double *values, size_t max)
{
    double last = -INFINITY;
    size_t n = 0;

    for (int power = -12; power <= 15; power++) {
        for (size_t i = 0; i < n_steps && n < max; i++) {
            double v = steps[i] * pow(10, power), at;

            if (v < s->low * 0.999 || v > s->high * 1.001)
                continue;
            at = svg_at(s, v);
            if (n && fabs(at - last) < apart)
                continue;
            values[n++] = v;
            last = at;
        }
    }
    return n;
}

size_t svg_ticks(const struct svg_scale *s, double apart, double *values, size_t max)
{
    static const double coarse[] = {1, 2, 5};
    static const double fine[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9};
    size_t n = ticks_of(s, coarse, sizeof coarse / sizeof *coarse, apart, values, max);

    return n > 2 ? n : ticks_of(s, fine, sizeof fine / sizeof *fine, apart, values, max);
}

void svg_open(struct markup *m, double width, double height, const char *label)
{
    markup_fmt(m, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"", width, height);
    markup_words(m, label);
    markup_raw(m, "\">");
}

void svg_close(struct markup *m)
{
    markup_raw(m, "</svg>");
}

void svg_line(struct markup *m, const char *class, double x1, double y1, double x2, double y2)
{
    markup_fmt(m, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x1, y1, x2, y2);
}

void svg_rect(struct markup *m, const char *class, double x, double y, double w, double h)
{
    markup_fmt(m, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
               class, x, y, w > 0 ? w : 0, h > 0 ? h : 0);
}

void svg_dot(struct markup *m, const char *class, double x, double y, double r)
{
    markup_fmt(m, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", class, x, y, r);
}

void svg_text(struct markup *m, double x, double y, const char *anchor, const char *text)
{
    markup_fmt(m, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    markup_words(m, text);
    markup_raw(m, "</text>");
}

void svg_path_open(struct svg_path *p, struct markup *m, const char *class)
{
    *p = (struct svg_path){.m = m};
    markup_fmt(m, "<path class=\"%s\" d=\"", class);
}

static void draw(struct svg_path *p, double x, double y)
{
    markup_fmt(p->m, "%c%.1f %.1f", p->begun ? 'L' : 'M', x, y);
    p->x = x;
    p->y = y;
    p->begun = true;
    p->waits = false;
}

void svg_path_to(struct svg_path *p, double x, double y)
{
    if (!p->begun || fabs(x - p->x) + fabs(y - p->y) > 4 * VISIBLE) {
        /* A jump begins where the line was when it waited. */
        if (p->waits && fabs(x - p->lx) + fabs(y - p->ly) > 4 * VISIBLE)
            draw(p, p->lx, p->ly);
        draw(p, x, y);
        return;
    }
    p->lx = x;
    p->ly = y;
    p->waits = true;
}

void svg_path_close(struct svg_path *p)
{
    if (p->waits)
        draw(p, p->lx, p->ly);
    markup_raw(p->m, "\"/>");
}

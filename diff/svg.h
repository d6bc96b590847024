/* svg.h -- drawings for the HTML report: scales, lines, words.
 *
 * Colours and widths are classes of the page's style; here are only places. The
 * numbers are those of the viewBox, a tenth of which nobody sees.
 */
#ifndef MIRRORCTL_DIFF_SVG_H
#define MIRRORCTL_DIFF_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/markup.h"

/* From values to places, by their logarithms where `log` is set; `from` may lie
 * to the right of `to`, or below it. */
struct svg_scale {
    double low, high; /* values, low < high; above 0 where log */
    double from, to;  /* places */
    bool log;
};

double svg_at(const struct svg_scale *s, double value);

/* Round values in a scale, 1, 2 and 5 times powers of ten, and finer ones where
 * these are too few: at least `apart` places from each other, at most `max` of
 * them. Returns how many. */
size_t svg_ticks(const struct svg_scale *s, double apart, double *values, size_t max);

/* Begin a drawing that says `label` to those who do not see it. */
void svg_open(struct markup *m, double width, double height, const char *label);
void svg_close(struct markup *m);

void svg_line(struct markup *m, const char *class, double x1, double y1, double x2, double y2);
void svg_rect(struct markup *m, const char *class, double x, double y, double w, double h);
void svg_dot(struct markup *m, const char *class, double x, double y, double r);
/* `anchor` is start, middle or end. */
void svg_text(struct markup *m, double x, double y, const char *anchor, const char *text);

/* A line through points; what moves it less than can be seen is left out. */
struct svg_path {
    struct markup *m;
    double x, y;   /* the last point that was drawn */
    double lx, ly; /* one that was not */
    bool begun, waits;
};
void svg_path_open(struct svg_path *p, struct markup *m, const char *class);
void svg_path_to(struct svg_path *p, double x, double y);
void svg_path_close(struct svg_path *p);

#endif

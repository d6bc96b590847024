/* figures.h -- numbers as people read them: as many digits as say something. */
#ifndef MIRRORCTL_DIFF_FIGURES_H
#define MIRRORCTL_DIFF_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "diff/latency.h"

enum { FIGURE_TEXT = 48 };

/* Three digits that count, or all of a larger number: "0.314", "1.1", "2003". */
const char *figure_number(double v, char text[FIGURE_TEXT]);

/* "93.1 %"; "-" of nothing. Never rounded up to 100. */
const char *figure_percent(uint64_t part, uint64_t whole, char text[FIGURE_TEXT]);

/* "12>15 ms" with that arrow, seconds from 10 s on, "12 ms>15 s"; "12>500+ ms" where
 * v2 timed out after 500 ms; "-" where there are too few pairs. */
const char *figure_times(const struct latency_time *v1, const struct latency_time *v2,
                         const char *arrow, char text[FIGURE_TEXT]);

/* "0.31 ms", "15 ms", "12 s", ">= 5.0 s", "-". */
const char *figure_time(const struct latency_time *t, char text[FIGURE_TEXT]);

/* "1.07", "62"; "-" for 0, which is none, and "inf". */
const char *figure_ratio(double ratio, char text[FIGURE_TEXT]);

/* "[1.06 1.12]" */
const char *figure_interval(const struct latency_interval *i, char text[FIGURE_TEXT]);

/* "17/50", "-" where nothing was compared. */
const char *figure_share(uint64_t part, uint64_t whole, char text[FIGURE_TEXT]);

/* "1,234,567" */
const char *figure_count(uint64_t n, char text[FIGURE_TEXT]);

#endif

#include "diff/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

const char *figure_number(double v, char text[FIGURE_TEXT])
{
    snprintf(text, FIGURE_TEXT, v < 999.5 ? "%.3g" : "%.0f", v);
    return text;
}

const char *figure_percent(uint64_t part, uint64_t whole, char text[FIGURE_TEXT])
{
    double percent = whole ? 100.0 * (double)part / (double)whole : 0;

    if (part == whole && whole)
        snprintf(text, FIGURE_TEXT, "100 %%");
    else if (part == 0 && whole)
        snprintf(text, FIGURE_TEXT, "0 %%");
    else if (!whole)
        snprintf(text, FIGURE_TEXT, "-");
    else
        snprintf(text, FIGURE_TEXT, "%.1f %%", percent > 99.9 ? 99.9 : percent);
    return text;
}

/* One number of a time, short: 0.31, 1.2, 15, 210. */
static void short_number(char text[20], double v)
{
    snprintf(text, 20, v >= 9.95 ? "%.0f" : v >= 0.995 ? "%.1f" : "%.2f", v);
}

static bool is_long(int64_t ns)
{
    return ns >= 10 * NS_PER_SEC;
}

static void short_time(char text[20], const struct latency_time *t)
{
    short_number(text, (double)t->ns / (double)(is_long(t->ns) ? NS_PER_SEC : NS_PER_MS));
}

static const char *unit_of(const struct latency_time *t)
{
    return is_long(t->ns) ? " s" : " ms";
}

const char *figure_times(const struct latency_time *v1, const struct latency_time *v2,
                         const char *arrow, char text[FIGURE_TEXT])
{
    bool alike = is_long(v1->ns) == is_long(v2->ns);
    char a[20], b[20];

    if (!v1->known || !v2->known) {
        snprintf(text, FIGURE_TEXT, "-");
        return text;
    }
    short_time(a, v1);
    short_time(b, v2);
    snprintf(text, FIGURE_TEXT, "%s%s%s%s%s%s%s", a, v1->at_least ? "+" : "",
             alike ? "" : unit_of(v1), arrow, b, v2->at_least ? "+" : "", unit_of(v2));
    return text;
}

const char *figure_time(const struct latency_time *t, char text[FIGURE_TEXT])
{
    char number[20];

    short_time(number, t);
    if (t->known)
        snprintf(text, FIGURE_TEXT, "%s%s%s", t->at_least ? ">= " : "", number, unit_of(t));
    else
        snprintf(text, FIGURE_TEXT, "-");
    return text;
}

const char *figure_ratio(double ratio, char text[FIGURE_TEXT])
{
    if (isinf(ratio))
        snprintf(text, FIGURE_TEXT, "inf");
    else if (ratio > 0)
        snprintf(text, FIGURE_TEXT,
                 ratio < 9.995   ? "%.2f"
                 : ratio < 99.95 ? "%.1f"
                                 : "%.0f",
                 ratio);
    else
        snprintf(text, FIGURE_TEXT, "-");
    return text;
}

const char *figure_interval(const struct latency_interval *i, char text[FIGURE_TEXT])
{
    char low[FIGURE_TEXT], high[FIGURE_TEXT];

    snprintf(text, FIGURE_TEXT, "[%.20s %.20s]", i->low > 0 ? figure_ratio(i->low, low) : "0",
             figure_ratio(i->high, high));
    return text;
}

const char *figure_share(uint64_t part, uint64_t whole, char text[FIGURE_TEXT])
{
    if (whole)
        snprintf(text, FIGURE_TEXT, "%" PRIu64 "/%" PRIu64, part, whole);
    else
        snprintf(text, FIGURE_TEXT, "-");
    return text;
}

const char *figure_count(uint64_t n, char text[FIGURE_TEXT])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), k = 0;

    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            text[k++] = ',';
        text[k++] = digits[i];
    }
    text[k] = '\0';
    return text;
}

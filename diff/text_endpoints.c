/* The table of endpoints in the text report. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "diff/figures.h"
#include "diff/text_report.h"

enum { ROWS_MAX = 20, NAME_MAX_COLUMNS = 40 };

const struct tally_endpoint *text_endpoint_at(const struct text_report *t, size_t i)
{
    return t->about->evidence.tally->endpoints[t->order[i]];
}

struct str text_endpoint_label(const struct text_report *t, size_t i, char text[ENDPOINT_LABEL])
{
    return endpoint_label(&t->about->evidence, t->order[i], text);
}

enum cell {
    CELL_PAIRS,
    CELL_SAME,
    CELL_OUTCOME,
    CELL_STATUS,
    CELL_HEADERS,
    CELL_BODY,
    CELL_P50,
    CELL_P99,
    CELL_RATIO,
    CELL_INTERVAL,
    CELLS
};

static const struct {
    const char *title;
    size_t width;
    int drop; /* where the line is too narrow, the highest goes first */
} cells[CELLS] = {
    {"PAIRS", 6, 0}, {"SAME", 6, 0}, {"OUTCOME", 7, 1}, {"STATUS", 6, 2}, {"HEADERS", 7, 5},
    {"BODY", 5, 2},  {"p50", 12, 3}, {"p99", 12, 6},    {"ratio", 5, 0},  {"[95 % CI]", 11, 4},
};

/* "p50 v1>v2", "v2/v1": times say whose they are, where there is room. */
static const char *title_text(const struct text_report *t, enum cell cell, char text[48])
{
    const char *v1 = text_baseline(t), *v2 = text_candidate(t);

    if (cell == CELL_P50 || cell == CELL_P99)
        snprintf(text, 48, "%s %s>%s", cells[cell].title, v1, v2);
    else if (cell == CELL_RATIO && strlen(v2) + 1 + strlen(v1) <= cells[cell].width)
        snprintf(text, 48, "%s/%s", v2, v1);
    else
        snprintf(text, 48, "%s", cells[cell].title);
    return text;
}

static void cell_text(enum cell cell, const struct tally_endpoint *ep, char text[48])
{
    const struct latency_summary *s = &ep->times;

    text[0] = '\0';
    if (cell == CELL_PAIRS)
        snprintf(text, 48, "%" PRIu64, ep->pairs);
    else if (cell == CELL_SAME)
        figure_percent(ep->equal, ep->pairs, text);
    else if (cell <= CELL_BODY)
        snprintf(text, 48, "%" PRIu64, ep->different.where[cell - CELL_OUTCOME]);
    else if (s->n && cell == CELL_P50)
        figure_times(&s->v1.p50, &s->v2.p50, ">", text);
    else if (s->n && cell == CELL_P99)
        figure_times(&s->v1.p99, &s->v2.p99, ">", text);
    else if (s->n && cell == CELL_RATIO)
        figure_ratio(s->ratio.estimate, text);
    else if (s->n && s->verdict != LATENCY_UNKNOWN)
        figure_interval(&s->ratio, text);
}

enum { SLOW_COLUMNS = 5, NAME_COLUMNS = 26 };

/* Leave out columns until the name has room; returns the width of the name. */
static size_t fit_columns(size_t width, bool shown[CELLS])
{
    size_t taken = SLOW_COLUMNS;

    for (int i = 0; i < CELLS; i++) {
        shown[i] = true;
        taken += cells[i].width + 1;
    }
    for (int drop = 6; drop > 0 && taken + NAME_COLUMNS > width; drop--) {
        for (int i = 0; i < CELLS; i++) {
            if (cells[i].drop != drop)
                continue;
            shown[i] = false;
            taken -= cells[i].width + 1;
        }
    }
    width = width > taken ? width - taken : 1;
    return width < NAME_MAX_COLUMNS ? width : NAME_MAX_COLUMNS;
}

static void write_row(struct text_report *t, size_t i, const bool shown[CELLS], size_t name_width)
{
    const struct tally_endpoint *ep = text_endpoint_at(t, i);
    struct page *p = &t->page;
    size_t column = name_width;
    char label[256], text[48];

    page_str(p, ep->different.all ? PAGE_BOLD : PAGE_PLAIN, text_endpoint_label(t, i, label),
             name_width);
    for (int c = 0; c < CELLS; c++) {
        bool bad = c >= CELL_OUTCOME && c <= CELL_BODY && ep->different.where[c - CELL_OUTCOME];

        if (!shown[c])
            continue;
        column += cells[c].width + 1;
        cell_text((enum cell)c, ep, text);
        page_right(p, bad ? PAGE_RED : PAGE_PLAIN, text, column);
    }
    if (report_is_slower(&t->about->evidence, ep))
        page_text(p, PAGE_YELLOW, " SLOW");
    else if (ep->times.n)
        page_text(p, PAGE_DIM, " %s", ep->times.verdict == LATENCY_SAME ? "~" : "?");
    page_line(p);
}

static void write_rest(struct text_report *t, size_t from)
{
    size_t different = 0;

    if (from == t->n)
        return;
    for (size_t i = from; i < t->n; i++)
        different += text_endpoint_at(t, i)->different.all > 0;
    if (different)
        page_text(&t->page, PAGE_PLAIN, "(%zu more, %zu of them different)", t->n - from,
                  different);
    else
        page_text(&t->page, PAGE_PLAIN, "(%zu more, all equal)", t->n - from);
    page_line(&t->page);
}

/* What the same test says of v1 against itself. */
static void write_control(struct text_report *t, const struct latency_summary *s)
{
    struct page *p = &t->page;
    char interval[48] = "";

    if (s->n_control == 0)
        return;
    if (s->control_verdict != LATENCY_UNKNOWN)
        snprintf(interval, sizeof interval, " [%.2f %.2f]", s->control_ratio.low,
                 s->control_ratio.high);
    page_text(p, PAGE_DIM,
              t->r->run->recorded ? "control: v1 took %.2f%s of the recorded time%s"
                                  : "control: v1 again took %.2f%s of v1's time%s",
              s->control_ratio.estimate, interval,
              s->control_verdict == LATENCY_SAME     ? ": quiet"
              : s->control_verdict == LATENCY_SLOWER ? ": NOT QUIET"
                                                     : "");
    page_line(p);
}

/* Fast errors and handshakes are not held against answers over kept connections. */
static void write_untimed(struct text_report *t, const struct latency_summary *s)
{
    struct page *p = &t->page;
    const struct {
        uint64_t n;
        const char *why;
    } rows[] = {
        {s->excluded[LATENCY_OTHER_CLASS], "with another class of status"},
        {s->excluded[LATENCY_OTHER_WAY] + s->other_way,
         s->cold ? "over a kept connection" : "over a new connection"},
        {s->excluded[LATENCY_OTHER_CACHE], "with one answer out of a cache"},
        {s->excluded[LATENCY_TOO_MANY], "beyond the ceiling"},
    };
    bool any = false;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].n == 0)
            continue;
        page_text(p, PAGE_DIM, "%s%" PRIu64 " %s", any ? ", " : "pairs not timed: ", rows[i].n,
                  rows[i].why);
        any = true;
    }
    if (any)
        page_line(p);
}

void text_endpoints(struct text_report *t)
{
    const struct tally *tally = t->about->evidence.tally;
    struct page *p = &t->page;
    bool shown[CELLS];
    size_t name_width = fit_columns(page_left(p), shown), column = name_width;
    size_t rows = t->n > ROWS_MAX ? ROWS_MAX : t->n;
    char title[48];

    if (t->n == 0)
        return;
    page_text(p, PAGE_BOLD, "ENDPOINT");
    for (int c = 0; c < CELLS; c++) {
        if (!shown[c])
            continue;
        column += cells[c].width + 1;
        page_right(p, PAGE_BOLD, title_text(t, (enum cell)c, title), column);
    }
    page_line(p);
    for (size_t i = 0; i < rows; i++)
        write_row(t, i, shown, name_width);
    write_rest(t, rows);
    write_control(t, &tally->times);
    write_untimed(t, &tally->times);
    page_line(p);
}

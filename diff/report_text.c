/* For people: the verdict first, then what it rests on, then what to look at.
 * As wide as the terminal, 100 columns at most useful; narrower ones lose
 * columns of the table, never numbers of the verdict. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "diff/printable.h"
#include "diff/text_report.h"

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *text_candidate(const struct text_report *t)
{
    return candidate_name(t->about->evidence.candidate);
}

const char *text_baseline(const struct text_report *t)
{
    return t->r->run->recorded ? "rec" : "v1";
}

/* ---- the verdict and its gates ---- */

static void write_verdict(struct page *p, enum verdict verdict, const char *reason)
{
    static const enum page_colour colours[] = {PAGE_GREEN, PAGE_RED, PAGE_YELLOW};

    page_text(p, colours[verdict], "%s", verdict_word(verdict));
    page_text(p, PAGE_PLAIN, "  ");
    page_wrapped(p, PAGE_BOLD, str_of(reason));
    page_line(p);
    page_line(p);
}

/* In a part of what is left of the line: all of it, or a half. */
static void write_target(struct text_report *t, const char *name, size_t part)
{
    struct str place = run_info_place(t->r->run, name);
    struct page *p = &t->page;

    page_text(p, PAGE_PLAIN, "%s ", name);
    page_str(p, PAGE_PLAIN, place.data ? place : STR("unknown"), page_left(p) / part);
}

/* The file, and where its answers came from: v1 and v2 in one line, or a line
 * for each. */
static void write_targets(struct text_report *t)
{
    const struct findings *f = &t->r->findings;
    struct page *p = &t->page;
    size_t indent;

    if (t->r->file)
        page_text(p, PAGE_PLAIN, "%s   ", t->r->file);
    indent = p->column;
    write_target(t, "v1", f->n == 1 ? 2 : 1);
    for (size_t i = 0; i < f->n; i++) {
        if (f->n > 1)
            page_line(p);
        if (f->n == 1)
            page_text(p, PAGE_PLAIN, "   ");
        else if (indent)
            page_to(p, indent);
        write_target(t, candidate_name(f->of[i].evidence.candidate), 1);
    }
    page_line(p);
}

/* "v1, v1 again and v2" */
static void write_sent_to(struct text_report *t)
{
    static const char *const beside[2][3] = {
        {"", "", ", beside the recorded answers"},
        {", compared with the recorded answers", ", compared with the recorded answers",
         ", compared with the recorded answers"},
    };
    const struct run_info *run = t->r->run;
    const struct findings *f = &t->r->findings;
    const char *names[CANDIDATES_MAX + 2];
    size_t n = 0;

    if (!run->recorded)
        names[n++] = "v1";
    if (run->traffic.kind == CONTROL_V1 && !(run->recorded && run->traffic.control == NOBODY))
        names[n++] = run->recorded ? "v1" : "v1 again";
    for (size_t i = 0; i < f->n; i++)
        names[n++] = candidate_name(f->of[i].evidence.candidate);
    for (size_t i = 0; i < n; i++)
        page_text(&t->page, PAGE_PLAIN, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " and ", names[i]);
    page_text(&t->page, PAGE_PLAIN, "%s", beside[run->recorded][run->traffic.kind]);
}

static void write_head(struct text_report *t)
{
    const struct findings *f = &t->r->findings;
    const struct totals *totals = &f->of[0].judgement.totals;
    struct page *p = &t->page;

    write_verdict(p, f->verdict, f->reason);
    write_targets(t);
    page_text(p, PAGE_PLAIN, "%" PRIu64 " request%s to %zu endpoint%s, each sent to ",
              totals->selected, plural(totals->selected), totals->endpoints,
              plural(totals->endpoints));
    write_sent_to(t);
    page_line(p);
    page_line(p);
}

/* Where a line of `room` columns ends: at a blank, if it has to. */
static size_t break_at(const struct page *p, struct str text, size_t room)
{
    size_t n = text.len;

    while (n > 0 && printable_width(str_head(text, n), p->style->ascii) > room) {
        do
            n--;
        while (n > 0 && text.data[n] != ' ');
    }
    return n ? n : text.len;
}

/* A message, and the limit at the end of its line; what has no room there goes on below. */
static void write_message(struct page *p, struct str message, const char *limit)
{
    size_t begin = p->column, needed = strlen(limit) + 2;
    size_t room = page_left(p) > needed ? page_left(p) - needed : 0;
    size_t first = break_at(p, message, room);

    page_str(p, PAGE_PLAIN, str_head(message, first), room);
    page_right(p, PAGE_DIM, limit, p->column + page_left(p));
    page_line(p);
    if (first == message.len)
        return;
    page_to(p, begin);
    page_wrapped(p, PAGE_PLAIN, str_skip(message, first + 1));
    page_line(p);
}

/* Failing gates first, then what warns, what is undecided, and what is well. */
static void write_gates(struct text_report *t)
{
    static const struct {
        const char *ascii, *mark;
        enum gate_verdict verdict;
        enum page_colour colour;
    } kinds[] = {
        {"x", "\xe2\x9c\x97", GATE_FAIL, PAGE_RED},
        {"?", "?", GATE_INCONCLUSIVE, PAGE_YELLOW},
        {"!", "!", GATE_WARN, PAGE_YELLOW},
        {"ok", "\xe2\x9c\x93", GATE_PASS, PAGE_GREEN},
        {"-", "-", GATE_OFF, PAGE_DIM},
    };
    struct page *p = &t->page;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int i = 0; i < GATE_COUNT; i++) {
            const struct gate_result *g = &t->about->judgement.gates[i];
            bool warns = t->about->evidence.gates[i].warn;
            char limit[GATE_TEXT + 8];

            if (g->verdict != kinds[k].verdict)
                continue;
            snprintf(limit, sizeof limit, "%s%s",
                     warns                    ? "warn only"
                     : i == GATE_COVERAGE     ? "at least "
                     : g->verdict == GATE_OFF ? ""
                                              : "limit ",
                     warns ? "" : g->limit);
            page_to(p, 2);
            page_text(p, kinds[k].colour, "%s", p->style->ascii ? kinds[k].ascii : kinds[k].mark);
            page_to(p, 5);
            page_text(p, PAGE_PLAIN, "%s", gate_name_text((enum gate_name)i));
            page_to(p, 14);
            write_message(p, str_of(g->message), limit);
        }
    }
    page_line(p);
}

static void write_left_out(struct text_report *t)
{
    const struct totals *totals = &t->about->judgement.totals;

    if (!totals->other_class)
        return;
    page_text(&t->page, PAGE_DIM,
              "not compared: headers and bodies of %" PRIu64 " pair%s with another class of status",
              totals->other_class, plural(totals->other_class));
    page_line(&t->page);
}

/* Those of the run are said once, about the last candidate. */
static void write_warnings(struct text_report *t)
{
    const struct judgement *j = &t->about->judgement;
    bool last = t->about == &t->r->findings.of[t->r->findings.n - 1];

    for (size_t i = 0; i < j->n_warnings; i++) {
        if (j->warnings[i].of_run && !last)
            continue;
        page_text(&t->page, PAGE_YELLOW, "warning: ");
        page_wrapped(&t->page, PAGE_PLAIN, str_of(j->warnings[i].message));
        page_line(&t->page);
    }
}

/* ---- all of it ---- */

static int write_about(struct text_report *t, struct err *e)
{
    int rc;

    t->order = report_endpoints(&t->about->evidence, &t->n, e);
    if (!t->order)
        return -1;
    report_sort_endpoints(&t->about->evidence, &(struct endpoint_order){t->order, t->n});
    write_gates(t);
    text_endpoints(t);
    rc = text_changes(t);
    write_left_out(t);
    write_warnings(t);
    mem_free(t->order);
    return rc;
}

static void write_section(struct text_report *t)
{
    struct page *p = &t->page;

    page_gap(p);
    page_text(p, PAGE_BOLD, "%s", text_candidate(t));
    page_text(p, PAGE_PLAIN, "  ");
    write_verdict(p, t->about->judgement.overall, t->about->judgement.reason);
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct text_report t = {.r = r};
    int rc = 0;

    page_begin(&t.page, &r->style, out, e);
    write_head(&t);
    for (size_t i = 0; i < r->findings.n && rc == 0; i++) {
        t.about = &r->findings.of[i];
        if (r->findings.n > 1)
            write_section(&t);
        rc = write_about(&t, e);
    }
    return page_end(&t.page) < 0 ? -1 : rc;
}

const struct report_format report_text = {"text", ".txt", write_report};

/* For people: the verdict first, then what it rests on, then what to look at.
 * As wide as the terminal, 100 columns at most useful; narrower ones lose
 * columns of the table, never numbers of the verdict. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "diff/text_report.h"

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- the verdict and its gates ---- */

static void write_head(struct text_report *t)
{
    static const struct {
        const char *word;
        enum page_colour colour;
    } verdicts[] = {{"PASS", PAGE_GREEN}, {"FAIL", PAGE_RED}, {"INCONCLUSIVE", PAGE_YELLOW}};
    static const char *const controls[] = {"v1 and v2", "v1, v1 again and v2",
                                           "v1 and v2, beside the recorded answers"};
    const struct evidence *ev = &t->r->evidence;
    const struct judgement *j = &t->r->judgement;
    struct str v1 = run_info_target(ev->run, "v1"), v2 = run_info_target(ev->run, "v2");
    struct page *p = &t->page;

    page_text(p, verdicts[j->overall].colour, "%s", verdicts[j->overall].word);
    page_text(p, PAGE_PLAIN, "  ");
    page_str(p, PAGE_BOLD, str_of(j->reason), 4 * page_left(p)); /* this one may wrap */
    page_line(p);
    page_line(p);
    if (t->r->file)
        page_text(p, PAGE_PLAIN, "%s   ", t->r->file);
    page_str(p, PAGE_PLAIN, STR("v1 "), 3);
    page_str(p, PAGE_PLAIN, v1.data ? v1 : STR("unknown"), page_left(p) / 2);
    page_str(p, PAGE_PLAIN, STR("   v2 "), 6);
    page_str(p, PAGE_PLAIN, v2.data ? v2 : STR("unknown"), page_left(p));
    page_line(p);
    page_text(p, PAGE_PLAIN, "%" PRIu64 " request%s to %zu endpoint%s, each sent to %s",
              j->totals.selected, plural(j->totals.selected), j->totals.endpoints,
              plural(j->totals.endpoints), controls[ev->run->roles.kind]);
    page_line(p);
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
            const struct gate_result *g = &t->r->judgement.gates[i];
            bool warns = t->r->evidence.gates[i].warn;
            char limit[GATE_TEXT + 8];
            size_t room;

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
            room = page_left(p) > strlen(limit) + 2 ? page_left(p) - strlen(limit) - 2 : 0;
            page_str(p, PAGE_PLAIN, str_of(g->message), room);
            page_right(p, PAGE_DIM, limit, p->column + page_left(p));
            page_line(p);
        }
    }
    page_line(p);
}

static void write_warnings(struct text_report *t)
{
    const struct judgement *j = &t->r->judgement;

    if (j->totals.other_class) {
        page_text(&t->page, PAGE_DIM,
                  "not compared: headers and bodies of %" PRIu64
                  " pair%s with another class of status",
                  j->totals.other_class, plural(j->totals.other_class));
        page_line(&t->page);
    }

    for (size_t i = 0; i < j->n_warnings; i++) {
        page_text(&t->page, PAGE_YELLOW, "warning: ");
        page_str(&t->page, PAGE_PLAIN, str_of(j->warnings[i].message), 2 * page_left(&t->page));
        page_line(&t->page);
    }
}

static int write_report(const struct report *r, struct buf *out, struct err *e)
{
    struct text_report t = {.r = r};
    int rc;

    t.order = report_endpoints(r, &t.n, e);
    if (!t.order)
        return -1;
    text_sort_endpoints(&t);
    page_begin(&t.page, &r->style, out, e);
    write_head(&t);
    write_gates(&t);
    text_endpoints(&t);
    rc = text_changes(&t);
    write_warnings(&t);
    if (page_end(&t.page) < 0)
        rc = -1;
    mem_free(t.order);
    return rc;
}

const struct report_format report_text = {"text", ".txt", write_report};

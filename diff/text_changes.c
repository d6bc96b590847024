/* What changed, what is noise and what is ignored, in the text report. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "diff/change.h"
#include "diff/figures.h"
#include "diff/printable.h"
#include "diff/rules_report.h"
#include "diff/text_report.h"

enum {
    CHANGES_MAX = 30, /* fields shown as changed */
    NOISE_MAX = 8,
    IGNORED_MAX = 24, /* names of ignored fields */
};

static struct change *list_of(const struct text_report *t, enum field_verdict verdict, size_t *n)
{
    struct endpoint_order order = {t->order, t->n};

    return changes_of(&t->about->evidence, &order, verdict, n, t->page.e);
}

/* A file name that a shell takes as one word, without quoting. */
static bool is_plain_word(const char *s)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "._-/+:@%,=";

    return *s && *s != '-' && s[strspn(s, fine)] == '\0';
}

/* The command that shows an example; for odd names only its number. */
static void show_text(const struct text_report *t, const struct example *x, char text[256])
{
    const char *file = t->r->file;
    int n = -1;

    if (file && is_plain_word(file))
        n = snprintf(text, 256, "mirrorctl show %s %" PRIu64, file, x->ordinal);
    if (n < 0 || n >= 256 || (size_t)n > page_left(&t->page) / 2)
        snprintf(text, 256, "request %" PRIu64, x->ordinal);
}

static void write_example(struct text_report *t, const struct change *c)
{
    const struct tally_field *f = c->field;
    const struct example *x = &f->examples[0];
    const char *arrow = t->page.style->ascii ? "->" : "\xe2\x86\x92";
    struct page *p = &t->page;
    char show[256], statuses[CHANGE_STATUSES];
    size_t room, first;

    if (f->n_examples == 0)
        return;
    page_to(p, 4);
    show_text(t, x, show);
    room = page_left(p) - strlen(show) - 2;
    if (f->where == WHERE_STATUS) {
        change_statuses(c->ep, arrow, statuses);
        page_str(p, PAGE_PLAIN, str_of(statuses), room);
    } else {
        struct str v1 = x->v1.data ? x->v1 : STR("(nothing)");
        struct str v2 = x->v2.data ? x->v2 : STR("(nothing)");
        size_t width1 = printable_width(v1, p->style->ascii);
        size_t width2 = printable_width(v2, p->style->ascii);

        room -= 4;
        first = width2 < room / 2 ? room - width2 : room / 2;
        page_str(p, PAGE_PLAIN, v1, width1 < first ? width1 : first);
        page_text(p, PAGE_DIM, " %s ", arrow);
        page_str(p, PAGE_PLAIN, v2, room - (width1 < first ? width1 : first));
    }
    page_right(p, PAGE_DIM, show, p->column + page_left(p));
    page_line(p);
}

enum { COUNT_COLUMNS = 12, KIND_COLUMNS = 10 };

static void write_field(struct text_report *t, const struct change *c)
{
    const struct tally_endpoint *ep = c->ep;
    const struct tally_field *f = c->field;
    struct page *p = &t->page;
    size_t width = page_left(p), names = width - 2 * (size_t)COUNT_COLUMNS - KIND_COLUMNS;
    char label[ENDPOINT_LABEL], field[CHANGE_LABEL], counts[48];

    page_str(p, PAGE_PLAIN, text_endpoint_label(t, c->endpoint, label), names / 2 - 2);
    page_to(p, p->column + 2);
    page_str(p, PAGE_BOLD, change_label(f, field), names - p->column - 1);
    page_to(p, names);
    page_text(p, PAGE_PLAIN, "%s", diff_kind_name(f->kind));
    figure_share(f->counts.raw, ep->of[f->where], counts);
    page_right(p, PAGE_PLAIN, counts, width - COUNT_COLUMNS);
    figure_share(f->counts.noise, ep->control_of[f->where], counts);
    page_right(p, PAGE_PLAIN, counts, width);
    page_line(p);
}

static void write_title(struct text_report *t, const char *title)
{
    struct page *p = &t->page;
    size_t width = page_left(p);
    char text[32];

    page_text(p, PAGE_BOLD, "%s", title);
    snprintf(text, sizeof text, "%s vs %s", text_candidate(t), text_baseline(t));
    page_right(p, PAGE_DIM, text, width - COUNT_COLUMNS);
    snprintf(text, sizeof text, "v1 vs %s", text_baseline(t));
    page_right(p, PAGE_DIM, text, width);
    page_line(p);
}

static void write_confirmation(struct text_report *t, const struct tally_field *f)
{
    struct page *p = &t->page;

    if (f->confirmation == CONFIRM_NONE)
        return;
    page_to(p, 4);
    if (f->confirmation == CONFIRM_UNSAFE)
        page_text(p, PAGE_DIM, "not confirmable: its method is not safe to send again");
    else if (f->confirmation == CONFIRM_YES)
        page_text(p, PAGE_DIM, "sent again: confirmed %u of %u requests", f->confirmed,
                  f->confirmed_of);
    else
        page_text(p, PAGE_DIM, "sent again: not reproduced by %u request%s", f->confirmed_of,
                  f->confirmed_of == 1 ? "" : "s");
    page_line(p);
}

static int write_changes(struct text_report *t, enum field_verdict verdict, const char *title,
                         size_t most, bool examples)
{
    struct page *p = &t->page;
    size_t n;
    struct change *list = list_of(t, verdict, &n);

    if (!list)
        return -1;
    if (n)
        write_title(t, title);
    for (size_t i = 0; i < n && i < most; i++) {
        write_field(t, &list[i]);
        if (examples)
            write_example(t, &list[i]);
        write_confirmation(t, list[i].field);
    }
    if (n > most) {
        page_text(p, PAGE_PLAIN, "(%zu more in the JSON report)", n - most);
        page_line(p);
    }
    if (n)
        page_line(p);
    mem_free(list);
    return 0;
}

static bool is_listed(const struct tally_field *const *seen, size_t n, const struct tally_field *f)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i]->where == f->where && str_eq(seen[i]->path, f->path))
            return true;
    }
    return false;
}

/* Names only, each once, whatever endpoint it was seen at. */
static int write_ignored(struct text_report *t)
{
    const struct tally_field *seen[IGNORED_MAX];
    struct page *p = &t->page;
    size_t n, listed = 0;
    struct change *list = list_of(t, FIELD_IGNORED, &n);
    char label[CHANGE_LABEL];

    if (!list)
        return -1;
    for (size_t i = 0; i < n && listed < IGNORED_MAX; i++) {
        struct str name = change_label(list[i].field, label);
        size_t width = printable_width(name, p->style->ascii);

        if (is_listed(seen, listed, list[i].field))
            continue;
        page_str(p, PAGE_DIM, listed ? STR(",") : STR("ignored by default:"), 20);
        if (page_left(p) < (width < 60 ? width : 60) + 2) {
            page_line(p);
            page_to(p, 2);
        } else {
            page_to(p, 0);
        }
        page_str(p, PAGE_DIM, name, page_left(p) - 1);
        seen[listed++] = list[i].field;
    }
    if (listed == IGNORED_MAX)
        page_text(p, PAGE_DIM, ", ...");
    if (listed)
        page_line(p);
    mem_free(list);
    return 0;
}

/* Rare ones that could be sent again. */
static size_t count_rare(const struct text_report *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct tally_endpoint *ep = text_endpoint_at(t, i);

        for (size_t k = 0; k < ep->fields.n_sorted; k++)
            n += ep->fields.sorted[k]->verdict == FIELD_RARE &&
                 ep->fields.sorted[k]->confirmation == CONFIRM_NONE;
    }
    return n;
}

/* How to find out about what was seen once or twice. */
static void write_confirm_hint(struct text_report *t)
{
    const char *file = t->r->file;
    struct page *p = &t->page;

    if (count_rare(t) == 0)
        return;
    page_text(p, PAGE_PLAIN, "to find out: mirrorctl replay --confirm ");
    page_str(p, PAGE_PLAIN, str_of(file && is_plain_word(file) ? file : "RESULT"), page_left(p));
    page_line(p);
    page_line(p);
}

/* What rules did is said once, of all candidates. */
static void write_rules(struct text_report *t)
{
    bool last = t->about == &t->r->findings.of[t->r->findings.n - 1];
    char text[RULES_LINE];
    struct str line = rules_line(t->about->evidence.rules, text);

    if (!last || !line.len)
        return;
    page_text(&t->page, PAGE_DIM, "ignored by rules: ");
    page_str(&t->page, PAGE_DIM, line, 2 * page_left(&t->page));
    page_line(&t->page);
}

int text_changes(struct text_report *t)
{
    if (write_changes(t, FIELD_DIFFERENT, "WHAT CHANGED", CHANGES_MAX, true) < 0 ||
        write_changes(t, FIELD_RARE, "SEEN TOO RARELY TO TELL", CHANGES_MAX, true) < 0)
        return -1;
    write_confirm_hint(t);
    if (write_changes(t, FIELD_SUSPECT, "SUSPECT, NOT COUNTED", NOISE_MAX, false) < 0 ||
        write_changes(t, FIELD_NOISE, "NOISE, NOT COUNTED", NOISE_MAX, false) < 0)
        return -1;
    if (write_ignored(t) < 0)
        return -1;
    write_rules(t);
    return 0;
}

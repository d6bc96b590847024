/* What changed, what is noise and what is ignored, in the text report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "diff/printable.h"
#include "diff/text_report.h"

enum {
    CHANGES_MAX = 30, /* fields shown as changed */
    NOISE_MAX = 8,
    IGNORED_MAX = 24, /* names of ignored fields */
};

struct change {
    size_t endpoint; /* place in order */
    const struct tally_field *field;
};

static int by_weight(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    const struct tally_field *f = x->field, *g = y->field;

    if (x->endpoint != y->endpoint)
        return x->endpoint < y->endpoint ? -1 : 1;
    if (f->where != g->where)
        return f->where < g->where ? -1 : 1;
    if (f->counts.raw != g->counts.raw)
        return f->counts.raw < g->counts.raw ? 1 : -1;
    return str_cmp(f->path, g->path);
}

/* All fields of a verdict, in the order of the table; NULL with *e set. */
static struct change *changes_of(const struct text_report *t, enum field_verdict verdict, size_t *n)
{
    struct change *list;
    size_t most = 0;

    for (size_t i = 0; i < t->n; i++)
        most += text_endpoint_at(t, i)->fields.n_sorted;
    list = mem_array(most, sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < t->n; i++) {
        const struct tally_endpoint *ep = text_endpoint_at(t, i);

        for (size_t k = 0; k < ep->fields.n_sorted; k++) {
            const struct tally_field *f = ep->fields.sorted[k];
            if (f->verdict == verdict && (f->counts.raw || verdict == FIELD_NOISE))
                list[(*n)++] = (struct change){i, f};
        }
    }
    if (!list)
        err_nomem(t->page.e, "writing a report");
    else
        qsort(list, *n, sizeof *list, by_weight);
    return list;
}

/* "header content-type", "$.items[*].price" */
static struct str field_label(const struct tally_field *f, char text[700])
{
    int n = snprintf(text, 700, "%s%.*s", f->where == WHERE_HEADER ? "header " : "",
                     STR_ARG(str_head(f->path, 640)));

    return str_from(text, (size_t)n);
}

/* "404 > 410 (5), 200 > 500 (2)", the most frequent first. */
static void status_text(const struct tally_endpoint *ep, const char *arrow, char text[256])
{
    bool used[TALLY_STATUSES] = {false};
    size_t n = 0;

    text[0] = '\0';
    for (int k = 0; k < 4; k++) {
        size_t best = TALLY_STATUSES;

        for (size_t i = 0; i < ep->n_statuses; i++) {
            const struct tally_status *s = &ep->statuses[i];
            if (!used[i] && s->v1 != s->v2 &&
                (best == TALLY_STATUSES || s->count > ep->statuses[best].count))
                best = i;
        }
        if (best == TALLY_STATUSES)
            return;
        used[best] = true;
        n += (size_t)snprintf(text + n, 256 - n, "%s%u %s %u (%" PRIu64 ")", k ? ", " : "",
                              ep->statuses[best].v1, arrow, ep->statuses[best].v2,
                              ep->statuses[best].count);
        if (n >= 200)
            return;
    }
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
    char show[256], statuses[256];
    size_t room, first;

    if (f->n_examples == 0)
        return;
    page_to(p, 4);
    show_text(t, x, show);
    room = page_left(p) - strlen(show) - 2;
    if (f->where == WHERE_STATUS) {
        status_text(text_endpoint_at(t, c->endpoint), arrow, statuses);
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

/* "17/50", "-" where nothing was compared. */
static void share_text(char text[48], uint64_t part, uint64_t whole)
{
    if (whole)
        snprintf(text, 48, "%" PRIu64 "/%" PRIu64, part, whole);
    else
        snprintf(text, 48, "-");
}

enum { COUNT_COLUMNS = 12, KIND_COLUMNS = 10 };

static void write_field(struct text_report *t, const struct change *c)
{
    const struct tally_endpoint *ep = text_endpoint_at(t, c->endpoint);
    const struct tally_field *f = c->field;
    struct page *p = &t->page;
    size_t width = page_left(p), names = width - 2 * (size_t)COUNT_COLUMNS - KIND_COLUMNS;
    char label[256], field[700], counts[48];

    page_str(p, PAGE_PLAIN, text_endpoint_label(t, c->endpoint, label), names / 2 - 2);
    page_to(p, p->column + 2);
    page_str(p, PAGE_BOLD, field_label(f, field), names - p->column - 1);
    page_to(p, names);
    page_text(p, PAGE_PLAIN, "%s", diff_kind_name(f->kind));
    share_text(counts, f->counts.raw, ep->of[f->where]);
    page_right(p, PAGE_PLAIN, counts, width - COUNT_COLUMNS);
    share_text(counts, f->counts.noise, ep->control_of[f->where]);
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

static int write_changes(struct text_report *t, enum field_verdict verdict, const char *title,
                         size_t most, bool examples)
{
    struct page *p = &t->page;
    size_t n;
    struct change *list = changes_of(t, verdict, &n);

    if (!list)
        return -1;
    if (n)
        write_title(t, title);
    for (size_t i = 0; i < n && i < most; i++) {
        write_field(t, &list[i]);
        if (examples)
            write_example(t, &list[i]);
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
    struct change *list = changes_of(t, FIELD_IGNORED, &n);
    char label[700];

    if (!list)
        return -1;
    for (size_t i = 0; i < n && listed < IGNORED_MAX; i++) {
        struct str name = field_label(list[i].field, label);
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

int text_changes(struct text_report *t)
{
    if (write_changes(t, FIELD_DIFFERENT, "WHAT CHANGED", CHANGES_MAX, true) < 0 ||
        write_changes(t, FIELD_NOISE, "NOISE, NOT COUNTED", NOISE_MAX, false) < 0)
        return -1;
    return write_ignored(t);
}

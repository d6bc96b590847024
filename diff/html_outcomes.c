/* What v1 did and what the candidate did, each against the other: one glance
 * shows what became of what. */

#include "diff/figures.h"
#include "diff/html_report.h"

/* As many rows and columns as fit a page; beyond them statuses are classes. */
enum { LABELS_MAX = 12 };

struct matrix {
    bool by_class;
    uint16_t codes[2][2 * LABELS_MAX]; /* of rows and columns, in order */
    size_t n[2];
};

/* A status as its class where there are too many: 2 for 2xx would be a fate, so
 * 200 stands for all of them. */
static uint16_t code_of(const struct matrix *x, uint16_t code)
{
    return x->by_class && code >= 100 ? (uint16_t)(code / 100 * 100) : code;
}

static void each(const struct html *h, void (*visit)(void *ctx, const struct tally_status *cell),
                 void *ctx)
{
    for (size_t i = 0; i < h->order.n; i++) {
        const struct tally_endpoint *ep = h->about->evidence.tally->endpoints[h->order.list[i]];

        for (size_t k = 0; k < ep->statuses.n; k++)
            visit(ctx, &ep->statuses.items[k]);
        for (size_t k = 0; k < ep->failures.n; k++)
            visit(ctx, &ep->failures.items[k]);
    }
}

/* ---- rows and columns ---- */

/* Statuses first, then what went wrong. */
static bool goes_before(uint16_t a, uint16_t b)
{
    return (a >= 100) != (b >= 100) ? a >= 100 : a < b;
}

static void add_code(struct matrix *x, int side, uint16_t code)
{
    uint16_t *list = x->codes[side];
    size_t i = x->n[side];

    for (size_t k = 0; k < x->n[side]; k++) {
        if (list[k] == code)
            return;
    }
    if (x->n[side] == sizeof x->codes[side] / sizeof *list)
        return;
    for (; i > 0 && goes_before(code, list[i - 1]); i--)
        list[i] = list[i - 1];
    list[i] = code;
    x->n[side]++;
}

static void note_cell(void *ctx, const struct tally_status *cell)
{
    struct matrix *x = ctx;

    add_code(x, 0, code_of(x, cell->v1));
    add_code(x, 1, code_of(x, cell->v2));
}

static struct matrix matrix_of(const struct html *h)
{
    struct matrix x = {0};

    each(h, note_cell, &x);
    if (x.n[0] > LABELS_MAX || x.n[1] > LABELS_MAX) {
        x = (struct matrix){.by_class = true};
        each(h, note_cell, &x);
    }
    return x;
}

/* ---- cells ---- */

struct cell {
    const struct matrix *x;
    uint16_t v1, v2;
    uint64_t count;
};

static void count_cell(void *ctx, const struct tally_status *cell)
{
    struct cell *c = ctx;

    if (code_of(c->x, cell->v1) == c->v1 && code_of(c->x, cell->v2) == c->v2)
        c->count += cell->count;
}

static void write_code(struct markup *m, const struct matrix *x, uint16_t code)
{
    if (code < 100)
        markup_raw(m, fate_name(code));
    else if (x->by_class)
        markup_fmt(m, "%uxx", code / 100u);
    else
        markup_fmt(m, "%u", code);
}

static void write_cell(struct html *h, const struct matrix *x, uint16_t v1, uint16_t v2)
{
    struct cell c = {x, v1, v2, 0};
    char text[FIGURE_TEXT];

    each(h, count_cell, &c);
    if (c.count)
        markup_fmt(&h->m, "<td class=\"%s\">%s</td>", v1 == v2 ? "same" : "other",
                   figure_count(c.count, text));
    else
        markup_raw(&h->m, "<td></td>");
}

void html_outcomes(struct html *h)
{
    struct matrix x = matrix_of(h);
    struct markup *m = &h->m;

    if (!x.n[0])
        return;
    markup_fmt(m,
               "<section id=\"%s-outcomes\">\n<h2>Outcomes <small>down what v1 did, across what %s "
               "did with the same request</small></h2>\n<table class=\"matrix\"><thead><tr>"
               "<th scope=\"col\">v1 \xe2\x86\x93 %s \xe2\x86\x92</th>",
               html_candidate(h), html_candidate(h), html_candidate(h));
    for (size_t k = 0; k < x.n[1]; k++) {
        markup_raw(m, "<th scope=\"col\">");
        write_code(m, &x, x.codes[1][k]);
        markup_raw(m, "</th>");
    }
    markup_raw(m, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < x.n[0]; i++) {
        markup_raw(m, "<tr><th scope=\"row\">");
        write_code(m, &x, x.codes[0][i]);
        markup_raw(m, "</th>");
        for (size_t k = 0; k < x.n[1]; k++)
            write_cell(h, &x, x.codes[0][i], x.codes[1][k]);
        markup_raw(m, "</tr>\n");
    }
    markup_raw(m, "</tbody></table>\n</section>\n");
}

#include "cli/view.h"

#include <inttypes.h>
#include <string.h>

enum { NUMBERS = 26 }; /* columns of the numbers of an endpoint */

static uint64_t share(uint64_t part, uint64_t whole)
{
    return whole ? (uint64_t)((double)part * 1000 / (double)whole + 0.5) : 0;
}

static void add_share(struct buf *out, uint64_t part, uint64_t whole)
{
    uint64_t s = share(part, whole);

    buf_printf(out, NULL, "%" PRIu64 " differ (%" PRIu64 ".%" PRIu64 " %%)", part, s / 10, s % 10);
}

static void add_head(const struct view *v, struct buf *out)
{
    buf_printf(out, NULL, "%s: %" PRIu64 " seen, %.0f/s; %" PRIu64 " mirrored, ", v->traffic,
               v->captured, v->rate, v->all.pairs);
    add_share(out, v->all.differing, v->all.pairs);
    if (v->left_out)
        buf_printf(out, NULL, "; %" PRIu64 " left out", v->left_out);
    buf_addc(out, '\n', NULL);
}

/* Targets by what became of their calls. */
static void add_targets(const struct view *v, struct buf *out)
{
    const struct replay_progress *p = v->replay;

    for (unsigned t = 0; t < p->n_targets; t++) {
        const struct replay_target_stats *s = &p->targets[t];

        buf_printf(out, NULL, "%s%s: %" PRIu64 " answered", t ? "; " : "", s->name, s->answered);
        if (s->sent > s->answered)
            buf_printf(out, NULL, ", %" PRIu64 " failed", s->sent - s->answered);
        if (p->in_flight[t] + p->waiting[t])
            buf_printf(out, NULL, ", %u under way", p->in_flight[t] + p->waiting[t]);
    }
    buf_addc(out, '\n', NULL);
}

static void add_row(const struct diff_glance *row, int name, struct buf *out)
{
    uint64_t s = share(row->differing, row->pairs);

    buf_printf(out, NULL, "%-*.*s %8" PRIu64 " %7" PRIu64 " %3" PRIu64 ".%" PRIu64 " %%\n", name,
               name, row->name, row->pairs, row->differing, s / 10, s % 10);
}

/* Names take what they need, if the terminal has that. */
static int name_width(const struct view *v, size_t n, unsigned columns)
{
    size_t longest = 8;

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(v->rows[i].name);
        longest = len > longest ? len : longest;
    }
    if (columns < NUMBERS + longest)
        return columns > NUMBERS + 8 ? (int)(columns - NUMBERS) : 8;
    return (int)longest;
}

void view_draw(const struct view *v, unsigned columns, unsigned rows, struct buf *out)
{
    size_t n = rows > 3 ? rows - 3 : 0;
    int name;

    if (n > v->n_rows)
        n = v->n_rows;
    name = name_width(v, n, columns);
    add_head(v, out);
    add_targets(v, out);
    if (n > 0)
        buf_printf(out, NULL, "%-*s %8s %7s\n", name, "ENDPOINT", "PAIRS", "DIFFER");
    for (size_t i = 0; i < n; i++)
        add_row(&v->rows[i], name, out);
}

#include "diff/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

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

struct change *changes_of(const struct evidence *ev, const struct endpoint_order *order,
                          enum field_verdict verdict, size_t *n, struct err *e)
{
    struct change *list;
    size_t most = 0;

    for (size_t i = 0; i < order->n; i++)
        most += ev->tally->endpoints[order->list[i]]->fields.n_sorted;
    list = mem_array(most, sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < order->n; i++) {
        const struct tally_endpoint *ep = ev->tally->endpoints[order->list[i]];

        for (size_t k = 0; k < ep->fields.n_sorted; k++) {
            const struct tally_field *f = ep->fields.sorted[k];
            if (f->verdict == verdict && (f->counts.raw || verdict == FIELD_NOISE))
                list[(*n)++] = (struct change){i, order->list[i], ep, f};
        }
    }
    if (!list)
        err_nomem(e, "writing a report");
    else
        qsort(list, *n, sizeof *list, by_weight);
    return list;
}

struct str change_label(const struct tally_field *f, char text[CHANGE_LABEL])
{
    int n = snprintf(text, CHANGE_LABEL, "%s%.*s", f->where == WHERE_HEADER ? "header " : "",
                     STR_ARG(str_head(f->path, 640)));

    return str_from(text, (size_t)n);
}

void change_statuses(const struct tally_endpoint *ep, const char *arrow, char text[CHANGE_STATUSES])
{
    bool used[TALLY_STATUSES] = {false};
    size_t n = 0;

    text[0] = '\0';
    for (int k = 0; k < 4; k++) {
        size_t best = TALLY_STATUSES;

        for (size_t i = 0; i < ep->statuses.n; i++) {
            const struct tally_status *s = &ep->statuses.items[i];
            if (!used[i] && s->v1 != s->v2 &&
                (best == TALLY_STATUSES || s->count > ep->statuses.items[best].count))
                best = i;
        }
        if (best == TALLY_STATUSES)
            return;
        used[best] = true;
        n += (size_t)snprintf(text + n, CHANGE_STATUSES - n, "%s%u %s %u (%" PRIu64 ")",
                              k ? ", " : "", ep->statuses.items[best].v1, arrow,
                              ep->statuses.items[best].v2, ep->statuses.items[best].count);
        if (n >= 200)
            return;
    }
}

struct str endpoint_label(const struct evidence *ev, size_t index, char text[ENDPOINT_LABEL])
{
    const struct endpoint_name *name = endpoint_names_at(ev->names, index);
    int n = snprintf(text, ENDPOINT_LABEL, "%.*s %.*s", STR_ARG(str_head(name->method, 32)),
                     STR_ARG(str_head(name->path, 200)));

    return str_from(text, (size_t)n);
}

#include "diff/glance.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/mem.h"
#include "diff/printable.h"

struct glance {
    pthread_mutex_t lock; /* for all below */
    struct diff_glance rows[ENDPOINTS_MAX + 1];
    size_t n;
    struct diff_glance all;
};

struct glance *glance_new(struct err *e)
{
    struct glance *g = mem_zalloc(sizeof *g);

    if (g)
        pthread_mutex_init(&g->lock, NULL);
    else
        err_nomem(e, "comparing");
    return g;
}

void glance_free(struct glance *g)
{
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

/* Paths come from the network: written as a terminal may show them. */
static int write_name(struct diff_glance *row, const struct endpoint_name *name, struct err *e)
{
    struct buf text;
    int rc;

    buf_init(&text, sizeof row->name - 1);
    rc = printable_add(&text, name->method, DIFF_GLANCE_METHOD, true, e);
    if (rc > 0 && name->path.len)
        rc = buf_addc(&text, ' ', e);
    if (rc >= 0)
        rc = printable_add(&text, name->path, DIFF_GLANCE_PATH, true, e);
    if (rc >= 0 && text.len)
        memcpy(row->name, text.data, text.len + 1);
    buf_release(&text);
    return rc < 0 ? -1 : 0;
}

int glance_name(struct glance *g, const struct endpoint_name *name, struct err *e)
{
    int rc = 0;

    pthread_mutex_lock(&g->lock);
    /* They are numbered in the order of first sight. */
    if (name->index >= g->n && name->index <= ENDPOINTS_MAX) {
        rc = write_name(&g->rows[name->index], name, e);
        g->n = name->index + 1;
    }
    pthread_mutex_unlock(&g->lock);
    return rc;
}

void glance_count(struct glance *g, uint32_t endpoint, bool differs)
{
    pthread_mutex_lock(&g->lock);
    if (endpoint < g->n) {
        g->rows[endpoint].pairs++;
        g->rows[endpoint].differing += differs;
    }
    g->all.pairs++;
    g->all.differing += differs;
    pthread_mutex_unlock(&g->lock);
}

bool glance_differs(const struct pair_diff *d)
{
    for (size_t i = 0; i < d->found.count; i++) {
        const struct difference *item = &d->found.items[i];

        if (!item->ignored && !diff_kind_is_info(item->kind) && !diffs_has(&d->noise, item) &&
            !(item->readings && d->noise_depth >= pair_depth_for(item->where)))
            return true;
    }
    return false;
}

static int by_weight(const void *a, const void *b)
{
    const struct diff_glance *x = a, *y = b;

    if (x->differing != y->differing)
        return x->differing < y->differing ? 1 : -1;
    if (x->pairs != y->pairs)
        return x->pairs < y->pairs ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* A copy is sorted, so that who counts waits for the copying only. */
size_t glance_read(struct glance *g, struct diff_glance *rows, size_t max, struct diff_glance *all)
{
    struct diff_glance *copy = mem_alloc(sizeof g->rows);
    size_t n = 0;

    pthread_mutex_lock(&g->lock);
    *all = g->all;
    if (copy) {
        n = g->n;
        memcpy(copy, g->rows, n * sizeof *copy);
    }
    pthread_mutex_unlock(&g->lock);
    if (!copy)
        return 0;
    qsort(copy, n, sizeof *copy, by_weight);
    while (n > 0 && (n > max || copy[n - 1].pairs == 0))
        n--;
    memcpy(rows, copy, n * sizeof *rows);
    mem_free(copy);
    return n;
}

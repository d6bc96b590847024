#include "cli/results.h"

#include "cli/input.h"
#include "cli/reader.h"
#include "core/mem.h"

/* Sections whose STATS are kept: files joined beyond that are counted less. */
enum { MAX_STATS = 1024 };

struct part {
    struct input input;
    struct reader reader;
};

struct results {
    struct part *parts;
    size_t n, current;
    char *meta;
    char *stats[MAX_STATS];
    size_t n_stats;
};

static int keep_meta(struct results *r, struct str text, struct err *e)
{
    if (r->meta)
        return 0;
    r->meta = mem_dup(text.data, text.len);
    return r->meta ? 0 : err_nomem(e, "reading a result");
}

static int open_part(struct results *r, struct part *part, const char *path, struct err *e)
{
    if (input_open(&part->input, path, e) < 0 ||
        reader_open(&part->reader, &part->input, RECORD_PAIRS, e) < 0)
        return -1;
    if (part->reader.got == RECORD_META)
        return keep_meta(r, part->reader.item.text, e);
    return 0;
}

static int keep_stats(struct results *r, struct str text, struct err *e)
{
    if (r->n_stats == MAX_STATS)
        return 0;
    r->stats[r->n_stats] = mem_dup(text.data, text.len);
    if (!r->stats[r->n_stats])
        return err_nomem(e, "reading a result");
    r->n_stats++;
    return 0;
}

/* 1 with *p, 0 at the end of this part, -1. */
static int next_of_part(struct results *r, struct part *part, struct pair **p, struct err *e)
{
    struct record_item item;
    int got;

    while ((got = reader_next(&part->reader, &item, e)) > RECORD_END) {
        int rc = 0;

        switch (got) {
        case RECORD_PAIR:
            *p = item.pair;
            return 1;
        case RECORD_EXCHANGE:
            exchange_free(item.exchange);
            return err_set(e, ERR_DAMAGED, "%s: goes on with a record, which was left out",
                           part->input.name);
        case RECORD_STATS:
            rc = keep_stats(r, item.text, e);
            break;
        default: /* META of the first file is kept already */
            break;
        }
        if (rc < 0)
            return -1;
    }
    return got;
}

struct results *results_open(char *const *paths, size_t n, struct err *e)
{
    struct results *r = mem_zalloc(sizeof *r);

    if (r)
        r->parts = mem_array(n, sizeof *r->parts);
    if (!r || !r->parts) {
        err_nomem(e, "opening a result");
        goto fail;
    }
    for (size_t i = 0; i < n; i++)
        r->parts[i].input.fd = -1;
    for (r->n = 0; r->n < n; r->n++) {
        if (open_part(r, &r->parts[r->n], paths[r->n], e) < 0) {
            r->n++;
            goto fail;
        }
    }
    return r;
fail:
    results_close(r);
    return NULL;
}

struct str results_meta(const struct results *r)
{
    return str_of(r->meta);
}

int results_next(void *ctx, struct pair **p, struct err *e)
{
    struct results *r = ctx;

    while (r->current < r->n) {
        int got = next_of_part(r, &r->parts[r->current], p, e);

        if (got != 0)
            return got;
        r->current++;
    }
    return 0;
}

size_t results_n_stats(const struct results *r)
{
    return r->n_stats;
}

struct str results_stats(const struct results *r, size_t i)
{
    return str_of(r->stats[i]);
}

void results_close(struct results *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++) {
        reader_close(&r->parts[i].reader);
        input_close(&r->parts[i].input);
    }
    for (size_t i = 0; i < r->n_stats; i++)
        mem_free(r->stats[i]);
    mem_free(r->meta);
    mem_free(r->parts);
    mem_free(r);
}

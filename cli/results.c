#include "cli/results.h"

#include "cli/input.h"
#include "cli/reader.h"
#include "core/mem.h"

struct part {
    struct input input;
    struct reader reader;
};

struct results {
    struct part *parts;
    size_t n, current;
    struct results_listener listener;
};

static int open_part(struct part *part, const char *path, struct err *e)
{
    if (input_open(&part->input, path, e) < 0)
        return -1;
    return reader_open(&part->reader, &part->input, RECORD_PAIRS, e);
}

/* 1 with *p, 0 at the end of this part, -1. */
static int next_of_part(struct results *r, struct part *part, struct pair **p, struct err *e)
{
    const struct results_listener *listener = &r->listener;
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
        case RECORD_META:
            rc = listener->meta(listener->ctx, item.text, e);
            break;
        case RECORD_STATS:
            rc = listener->stats(listener->ctx, item.text, e);
            break;
        default:
            break;
        }
        if (rc < 0)
            return err_wrap(e, "%s", part->input.name);
    }
    return got;
}

struct results *results_open(char *const *paths, size_t n, const struct results_listener *listener,
                             struct err *e)
{
    struct results *r = mem_zalloc(sizeof *r);

    if (r)
        r->parts = mem_array(n, sizeof *r->parts);
    if (!r || !r->parts) {
        err_nomem(e, "opening a result");
        goto fail;
    }
    r->listener = *listener;
    for (size_t i = 0; i < n; i++)
        r->parts[i].input.fd = -1;
    for (r->n = 0; r->n < n; r->n++) {
        if (open_part(&r->parts[r->n], paths[r->n], e) < 0) {
            r->n++;
            goto fail;
        }
    }
    return r;
fail:
    results_close(r);
    return NULL;
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

void results_close(struct results *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++) {
        reader_close(&r->parts[i].reader);
        input_close(&r->parts[i].input);
    }
    mem_free(r->parts);
    mem_free(r);
}

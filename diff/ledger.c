#include "diff/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/hide.h"
#include "core/http.h"
#include "core/mem.h"

enum { FIRST_CAP = 16, TARGET_MAX = 2048 };

void ledger_init(struct ledger *l)
{
    *l = (struct ledger){.limit = UINT64_MAX};
}

void ledger_release(struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->pairs[i]);
    mem_free(l->pairs);
    ledger_init(l);
}

/* ---- a pair in one piece of memory ---- */

static size_t room_of(const struct difference *d)
{
    return d->path.len + d->at.len + d->v1.len + d->v2.len;
}

/* Copy `s` to *at; what is not there stays not there. */
static struct str put(char **at, struct str s)
{
    struct str copy = str_from(s.data ? *at : NULL, s.len);

    if (s.data && s.len)
        memcpy(*at, s.data, s.len);
    *at += s.len;
    return copy;
}

static int target_of(const struct pair_diff *d, struct buf *out, struct err *e)
{
    struct http_request_line line;

    if (!d->pair->exchange || !http_request_line(d->pair->exchange->request.head, &line))
        return 0;
    line.target = str_head(line.target, TARGET_MAX);
    return d->found.show_secrets ? buf_add(out, line.target, e) : hide_in_url(out, line.target, e);
}

static struct ledger_side side_of(const struct side *s)
{
    return (struct ledger_side){s->fate, s->status, s->ns};
}

static void fill(struct ledger_pair *p, const struct pair_diff *d, struct str target)
{
    char *at = (char *)&p->fields[p->n];

    p->ordinal = d->ordinal;
    p->seq = d->seq;
    p->endpoint = d->endpoint;
    p->v1 = side_of(&d->v1);
    p->v2 = side_of(&d->v2);
    p->control = side_of(&d->control);
    p->more = d->found.count - p->n;
    p->target = put(&at, target);
    for (size_t i = 0; i < p->n; i++) {
        const struct difference *item = &d->found.items[i];

        p->fields[i] = (struct ledger_field){
            .hash = item->hash,
            .where = item->where,
            .kind = item->kind,
            .in_control = diffs_has(&d->noise, item),
            .path = put(&at, item->path),
            .at = put(&at, item->at),
            .v1 = put(&at, item->v1),
            .v2 = put(&at, item->v2),
        };
    }
}

static struct ledger_pair *pair_of(const struct pair_diff *d, struct err *e)
{
    size_t n = d->found.count < LEDGER_FIELDS ? d->found.count : LEDGER_FIELDS;
    struct ledger_pair *p = NULL;
    struct buf target;
    size_t size;

    buf_init(&target, 4 * (size_t)TARGET_MAX);
    if (target_of(d, &target, e) == 0) {
        size = sizeof *p + n * sizeof p->fields[0] + target.len;
        for (size_t i = 0; i < n; i++)
            size += room_of(&d->found.items[i]);
        p = mem_zalloc(size);
        if (!p)
            err_nomem(e, "keeping pairs that differ");
        else {
            p->n = n;
            p->size = size;
            fill(p, d, buf_str(&target));
        }
    }
    buf_release(&target);
    return p;
}

/* ---- the list ---- */

/* Leave out what comes at `seq` or later, for good. */
static void close_at(struct ledger *l, uint64_t seq)
{
    if (seq < l->limit)
        l->limit = seq;
    while (l->n && l->pairs[l->n - 1]->seq >= l->limit) {
        struct ledger_pair *p = l->pairs[--l->n];

        l->bytes -= p->size;
        l->left_out++;
        mem_free(p);
    }
}

static int reserve(struct ledger *l, size_t more, struct err *e)
{
    size_t cap = l->cap ? l->cap : FIRST_CAP;
    struct ledger_pair **pairs;

    if (l->cap - l->n >= more)
        return 0;
    while (cap < l->n + more)
        cap *= 2;
    pairs = mem_realloc(l->pairs, cap * sizeof *pairs);
    if (!pairs)
        return err_nomem(e, "keeping pairs that differ");
    l->pairs = pairs;
    l->cap = cap;
    return 0;
}

int ledger_add(struct ledger *l, const struct pair_diff *d, struct err *e)
{
    struct ledger_pair *p;

    if (d->seq >= l->limit) {
        l->left_out++;
        return 0;
    }
    if (reserve(l, 1, e) < 0 || !(p = pair_of(d, e)))
        return -1;
    l->pairs[l->n++] = p;
    l->bytes += p->size;
    if (l->bytes > LEDGER_BYTES)
        close_at(l, p->seq);
    return 0;
}

static int by_seq(const void *a, const void *b)
{
    const struct ledger_pair *x = *(struct ledger_pair *const *)a;
    const struct ledger_pair *y = *(struct ledger_pair *const *)b;

    return (x->seq > y->seq) - (x->seq < y->seq);
}

int ledger_merge(struct ledger *l, struct ledger *from, struct err *e)
{
    size_t bytes = 0, fit = 0;

    if (reserve(l, from->n, e) < 0)
        return -1;
    if (from->n)
        memcpy(l->pairs + l->n, from->pairs, from->n * sizeof *from->pairs);
    l->n += from->n;
    l->bytes += from->bytes;
    l->left_out += from->left_out;
    from->n = 0;
    if (l->n)
        qsort(l->pairs, l->n, sizeof *l->pairs, by_seq);
    close_at(l, from->limit);
    while (fit < l->n && bytes + l->pairs[fit]->size <= LEDGER_BYTES)
        bytes += l->pairs[fit++]->size;
    if (fit < l->n)
        close_at(l, l->pairs[fit]->seq);
    ledger_release(from);
    return 0;
}

#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>

#include "cli/results.h"
#include "core/json.h"
#include "core/mem.h"
#include "diff/diff.h"

enum { MEMORY = 8 * 1024 * 1024, EXTRA = 64 * 1024 };

void confirm_init(struct confirm *c)
{
    *c = (struct confirm){0};
    arena_init(&c->mem, MEMORY);
}

void confirm_release(struct confirm *c)
{
    for (size_t i = 0; i < c->n; i++)
        exchange_free(c->list[i]);
    mem_free(c->list);
    arena_release(&c->mem);
    confirm_init(c);
}

/* ---- where they went --------------------------------------------------------------- */

static const char *url_of(struct confirm *c, const struct json_doc *meta, const char *path)
{
    struct str url, copy;

    if (!json_get_str(meta, path, &url) || arena_dup(&c->mem, url, &copy, NULL) < 0)
        return NULL;
    return copy.data;
}

/* The first section says it. */
static void read_targets(struct confirm *c, struct str meta)
{
    struct json_doc *doc = c->v1 || c->n_candidates ? NULL : json_read(meta, NULL);
    char path[32];

    if (!doc)
        return;
    c->v1 = url_of(c, doc, "targets.v1");
    for (size_t i = 0; i < REPLAY_MAX_CANDIDATES; i++) {
        snprintf(path, sizeof path, "targets.v%zu", i + 2);
        c->candidates[i] = url_of(c, doc, path);
        if (!c->candidates[i])
            break;
        c->n_candidates++;
    }
    json_doc_free(doc);
}

/* ---- which they are ------------------------------------------------------------------- */

struct reading {
    struct confirm *confirm;
    struct diff *diff; /* NULL in the second pass */
};

static int take_meta(void *ctx, struct str json, struct err *e)
{
    struct reading *r = ctx;

    if (!r->diff)
        return 0;
    read_targets(r->confirm, json);
    return diff_meta(r->diff, json, e);
}

static int take_stats(void *ctx, struct str json, struct err *e)
{
    struct reading *r = ctx;

    return r->diff ? diff_stats(r->diff, json, e) : 0;
}

static struct results *open_results(struct confirm *c, struct reading *r, struct err *e)
{
    char *path = (char *)(uintptr_t)c->path;
    struct results_listener listener = {take_meta, take_stats, r};

    return results_open(&path, 1, &listener, e);
}

/* The ordinals, as diff_undecided() gives them. */
static uint64_t *find_undecided(struct confirm *c, size_t *n, struct err *e)
{
    struct diff_config config = {.file = c->path};
    struct reading r = {.confirm = c, .diff = diff_open(&config, e)};
    struct results *results = r.diff ? open_results(c, &r, e) : NULL;
    struct pair_source source = {results_next, results};
    uint64_t *ordinals = NULL;

    if (results && diff_run(r.diff, &source, e) == 0)
        ordinals = diff_undecided(r.diff, n, e);
    results_close(results);
    diff_close(r.diff);
    return ordinals;
}

static bool is_among(uint64_t ordinal, const uint64_t *ordinals, size_t n)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ordinals[middle] < ordinal)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ordinals[low] == ordinal;
}

static int keep(struct confirm *c, struct pair *p, struct err *e)
{
    size_t room = c->room ? c->room * 2 : 64;

    if (c->n == CONFIRM_MAX_REQUESTS) {
        c->left_out++;
        return 0;
    }
    if (c->n == c->room) {
        struct exchange **grown = mem_realloc(c->list, room * sizeof *grown);

        if (!grown)
            return err_nomem(e, "keeping requests");
        c->list = grown;
        c->room = room;
    }
    c->list[c->n++] = p->exchange;
    p->exchange = NULL;
    return 0;
}

static int keep_all(struct confirm *c, const uint64_t *ordinals, size_t n, struct err *e)
{
    struct reading r = {.confirm = c};
    struct results *results = open_results(c, &r, e);
    struct pair *p;
    int got = -1;

    while (results && (got = results_next(results, &p, e)) > 0) {
        int rc = is_among(p->exchange->ordinal, ordinals, n) ? keep(c, p, e) : 0;

        pair_free(p);
        if (rc < 0) {
            got = -1;
            break;
        }
    }
    results_close(results);
    return got;
}

int confirm_open(struct confirm *c, const char *path, unsigned times, struct err *e)
{
    uint64_t *ordinals;
    size_t n = 0;
    int rc;

    c->path = path;
    c->times = times;
    ordinals = find_undecided(c, &n, e);
    if (!ordinals)
        return -1;
    rc = n ? keep_all(c, ordinals, n, e) : 0;
    mem_free(ordinals);
    return rc;
}

/* ---- sending them ------------------------------------------------------------------------ */

void confirm_configure(const struct confirm *c, struct replay_options *o)
{
    if (!o->v1 && o->candidates.n == 0 && o->config.n == 0) {
        o->v1 = c->v1;
        o->candidates.items = (const char **)(uintptr_t)c->candidates;
        o->candidates.n = c->n_candidates;
    }
    o->control = CONTROL_NONE;
    o->share = (struct replay_share_option){1000000, true};
    o->loops = 1;
    o->max = !(o->rate > 0);
    o->speed = 0;
}

static struct exchange *copy_of(const struct exchange *x, struct err *e)
{
    struct exchange *copy = exchange_new(
        x->request.head.len + x->request.body.len + x->request.trailers.len + EXTRA, e);
    struct arena mem;

    if (!copy)
        return NULL;
    mem = copy->mem;
    *copy = *x;
    copy->mem = mem;
    copy->response = (struct http_message){0};
    copy->informational = copy->redacted = (struct str){0};
    if (http_message_copy(&copy->request, &x->request, &copy->mem, e) == 0)
        return copy;
    exchange_free(copy);
    return NULL;
}

int confirm_next(void *ctx, struct exchange **x, struct err *e)
{
    struct confirm *c = ctx;

    if (c->given == c->n * c->times)
        return 0;
    *x = copy_of(c->list[c->given % c->n], e);
    if (!*x)
        return -1;
    c->given++;
    (*x)->ordinal = (*x)->connection = c->given;
    return 1;
}

void confirm_restore(const struct confirm *c, struct pair *p)
{
    const struct exchange *x = c->list[(p->exchange->ordinal - 1) % c->n];

    p->exchange->ordinal = x->ordinal;
    p->exchange->connection = x->connection;
}

#include "cli/plan_traffic.h"

#include "cli/account.h"
#include "cli/feed.h"
#include "cli/replay_options.h"
#include "cli/text.h"
#include "core/json.h"
#include "core/mem.h"
#include "replay/replay.h"

enum { STATS_MAX = 256 * 1024, NAME_WIDTH = 40 };

/* What came of a rule. */
struct count {
    uint64_t requests, eligible;
    uint64_t drawn[REPLAY_MAX_CANDIDATES];
};

struct traffic {
    const struct plan *plan;
    struct count *rules; /* by index */
    uint64_t no_rule;    /* also what no rule was asked about */
};

static void note(void *ctx, const struct replay_decided *d)
{
    struct traffic *t = ctx;
    struct count *c = d->rule ? &t->rules[d->rule->index] : NULL;

    if (!c) {
        t->no_rule++;
        return;
    }
    c->requests++;
    c->eligible += d->eligible;
    for (unsigned i = 0; i < REPLAY_MAX_CANDIDATES; i++)
        c->drawn[i] += d->drawn >> i & 1;
}

static int drop(void *ctx, struct pair *p, struct err *e)
{
    (void)ctx;
    (void)e;
    pair_free(p);
    return 0;
}

/* ---- the run ---- */

/* Nothing is sent, so where to does not matter; only that there is somewhere. */
static int give_addresses(struct config *c, struct err *e)
{
    for (struct plan_destination *d = c->plan->destinations; d; d = d->next) {
        if (d->addresses)
            continue;
        d->addresses = arena_alloc(&c->plan->mem, sizeof *d->addresses, e);
        if (!d->addresses)
            return -1;
        d->addresses->url = STR("http://127.0.0.1");
        d->n_addresses = 1;
    }
    return 0;
}

static int run(struct traffic *t, struct feed *feed, const struct replay_options *o, struct err *e)
{
    struct replay_config config = {.plan = t->plan, .decided = note, .ctx = t};
    struct exchange_source source = {.next = feed_next, .ctx = feed, .at_hand = feed_is_file(feed)};
    struct pair_sink sink = {drop, NULL};
    struct replay *r;
    int rc;

    replay_options_configure(o, &config);
    r = replay_open(&config, e);
    if (!r)
        return -1;
    rc = replay_run(r, &source, &sink, e);
    account_replay_summary(replay_stats(r));
    replay_close(r);
    return rc;
}

/* As `replay --dry-run --max -c` has it; what is counted comes from the settings. */
static int count(struct traffic *t, const char *path, struct err *e)
{
    struct replay_options o = REPLAY_DEFAULTS;
    struct feed feed;
    int rc;

    o.dry_run = true;
    if (replay_options_settle(&o, t->plan, e) < 0 || feed_open(&feed, path, e) < 0)
        return -1;
    o.rate = 0;
    o.max = true;
    rc = run(t, &feed, &o, e);
    feed_close(&feed);
    return rc;
}

/* ---- the table ---- */

/* A name in its column: too long a one moves the rest of its line. */
static int write_cell(struct buf *out, struct str s, size_t width, struct err *e)
{
    size_t from = out->len;

    if (text_escape(out, s, false, e) < 0)
        return -1;
    return buf_printf(out, e, "%*s  ",
                      out->len - from < width ? (int)(width - (out->len - from)) : 0, "");
}

static int write_rule(const struct traffic *t, const struct plan_rule *rule, struct buf *out,
                      struct err *e)
{
    const struct count *c = &t->rules[rule->index];
    unsigned i = 0;

    if (write_cell(out, rule->name, NAME_WIDTH, e) < 0 ||
        buf_printf(out, e, "%9llu %9llu", (unsigned long long)c->requests,
                   (unsigned long long)c->eligible) < 0)
        return -1;
    for (const struct plan_arrow *a = rule->candidates; a && i < REPLAY_MAX_CANDIDATES;
         a = a->next) {
        if (buf_printf(out, e, "  v%u %llu", i + 2, (unsigned long long)c->drawn[i]) < 0)
            return -1;
        i++;
    }
    return buf_addc(out, '\n', e);
}

static int write_table(const struct traffic *t, struct buf *out, struct err *e)
{
    if (write_cell(out, STR("RULE"), NAME_WIDTH, e) < 0 ||
        buf_printf(out, e, "%9s %9s  MIRRORED\n", "REQUESTS", "ELIGIBLE") < 0)
        return -1;
    for (const struct plan_rule *rule = t->plan->rules; rule; rule = rule->next) {
        if (rule->action != PLAN_PERCENT && write_rule(t, rule, out, e) < 0)
            return -1;
    }
    if (write_cell(out, STR("none"), NAME_WIDTH, e) < 0)
        return -1;
    return buf_printf(out, e, "%9llu\n", (unsigned long long)t->no_rule);
}

/* ---- JSON ---- */

static void json_count(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_u64(w, v);
}

static void json_rule(struct json_writer *w, const struct traffic *t, const struct plan_rule *rule)
{
    const struct count *c = &t->rules[rule->index];
    unsigned i = 0;

    json_open_object(w);
    json_key(w, "name");
    json_str(w, rule->name);
    json_key(w, "source");
    json_str(w, rule->source);
    json_count(w, "requests", c->requests);
    json_count(w, "eligible", c->eligible);
    json_key(w, "candidates");
    json_open_array(w);
    for (const struct plan_arrow *a = rule->candidates; a && i < REPLAY_MAX_CANDIDATES;
         a = a->next) {
        json_open_object(w);
        json_key(w, "destination");
        json_str(w, a->to->name);
        json_count(w, "ppm", a->ppm);
        json_count(w, "mirrored", c->drawn[i++]);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

static int write_json(const struct traffic *t, struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, true, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.traffic/1");
    json_key(&w, "rules");
    json_open_array(&w);
    for (const struct plan_rule *rule = t->plan->rules; rule; rule = rule->next) {
        if (rule->action != PLAN_PERCENT)
            json_rule(&w, t, rule);
    }
    json_close(&w);
    json_count(&w, "no_rule", t->no_rule);
    json_close(&w);
    return json_end_all(&w) < 0 ? -1 : buf_addc(out, '\n', e);
}

int plan_traffic(struct config *c, const char *path, bool json, struct buf *out, struct err *e)
{
    struct traffic t = {.plan = c->plan};
    bool damaged = false;
    int rc = -1;

    t.rules = mem_array(c->plan->n_rules + 1, sizeof *t.rules);
    if (!t.rules)
        return err_nomem(e, "counting requests");
    if (give_addresses(c, e) == 0) {
        rc = count(&t, path, e);
        damaged = rc < 0 && e->kind == ERR_DAMAGED;
    }
    if (rc == 0 || damaged)
        rc = json ? write_json(&t, out, damaged ? NULL : e)
                  : write_table(&t, out, damaged ? NULL : e);
    mem_free(t.rules);
    return damaged ? -1 : rc;
}

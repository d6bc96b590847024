#include "cli/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/account.h"
#include "cli/plan_meta.h"
#include "cli/text.h"
#include "core/clock.h"
#include "core/hide.h"
#include "core/json.h"
#include "core/log.h"

enum { URL_MAX = 8 * 1024, STATS_MAX = 256 * 1024 };

static void put_url(struct json_writer *w, const char *key, const char *url, struct err *e)
{
    struct buf plain;

    buf_init(&plain, URL_MAX);
    json_key(w, key);
    if (hide_in_url(&plain, str_of(url), e) < 0)
        w->failed = true;
    json_str(w, buf_str(&plain));
    buf_release(&plain);
}

/* Addresses by the names of their targets. The control is v1 again, and all that is
 * called of it beside recorded answers. */
static void put_targets(struct json_writer *w, const struct replay_options *o,
                        const struct replay *r, struct err *e)
{
    const struct replay_stats *s = replay_stats(r);
    const char *v1 = replay_place(r, "v1");

    json_key(w, "targets");
    json_open_object(w);
    v1 = v1 ? v1 : replay_place(r, "control");
    v1 = v1 ? v1 : o->v1;
    if (v1)
        put_url(w, "v1", v1, e);
    for (unsigned i = 0; i < s->n_targets; i++) {
        const char *name = s->targets[i].name;

        if (name[0] == 'v' && name[1] != '1')
            put_url(w, name, replay_place(r, name), e);
    }
    json_close(w);
}

/* Requests of another result that were sent again. */
static void put_confirm(struct json_writer *w, const struct replay_options *o, const char *of)
{
    if (o->confirm_times == 0)
        return;
    json_key(w, "confirm");
    json_open_object(w);
    json_key(w, "of");
    json_cstr(w, of);
    json_key(w, "times");
    json_u64(w, o->confirm_times);
    json_close(w);
}

/* What was asked for where all candidates have the same. */
static void put_percent(struct json_writer *w, const struct replay *r)
{
    int64_t share = replay_share(r);

    json_key(w, "percent");
    if (share < 0)
        json_null(w);
    else
        json_double(w, (double)share / 10000);
}

/* How targets were reached, where that was not the usual way. */
static void put_ways(struct json_writer *w, const struct replay_options *o, struct err *e)
{
    if (o->insecure) {
        json_key(w, "insecure");
        json_bool(w, true);
    }
    if (*o->proxy.url)
        put_url(w, "proxy", o->proxy.url, e);
    if (!o->resolve.n)
        return;
    json_key(w, "resolve");
    json_open_array(w);
    for (size_t i = 0; i < o->resolve.n; i++)
        json_cstr(w, o->resolve.items[i]);
    json_close(w);
}

/* Names in the order of call.target. */
static void put_names(struct json_writer *w, const struct replay_stats *s)
{
    json_key(w, "names");
    json_open_array(w);
    for (unsigned i = 0; i < s->n_targets; i++)
        json_cstr(w, s->targets[i].name);
    json_close(w);
}

static void put_shard(struct json_writer *w, const struct replay_shard_option *shard)
{
    char text[32];

    if (shard->count == 0)
        return;
    snprintf(text, sizeof text, "%u/%u", shard->index, shard->count);
    json_key(w, "shard");
    json_cstr(w, text);
}

static void put_time(struct json_writer *w, const char *key, int64_t ns)
{
    if (ns == 0)
        return;
    json_key(w, key);
    json_i64_str(w, ns);
}

/* What was asked for; STATS say what was reached. */
static void put_pace(struct json_writer *w, const struct replay_options *o)
{
    json_key(w, "pace");
    json_open_object(w);
    if (o->max || o->rate > 0) {
        json_key(w, o->max ? "max" : "rate");
        json_double(w, o->max ? (double)o->concurrency : o->rate);
    } else {
        json_key(w, "speed");
        json_double(w, o->speed > 0 ? o->speed : 1);
    }
    if (o->rate > 0) {
        json_key(w, "arrivals");
        json_cstr(w, replay_arrivals[o->arrivals]);
    }
    put_time(w, "ramp", o->ramp_ns);
    put_time(w, "duration", o->duration_ns);
    json_key(w, "loops");
    json_u64(w, o->loops);
    json_close(w);
}

int result_meta(const struct replay_options *o, const struct replay *r, const char *path,
                struct buf *out, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char when[TEXT_TIME];
    struct json_writer w;

    json_begin(&w, out, false, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.result/1");
    json_key(&w, "tool");
    json_cstr(&w, "mirrorctl " MIRRORCTL_VERSION);
    json_key(&w, "file");
    json_cstr(&w, slash ? slash + 1 : path);
    put_confirm(&w, o, slash ? slash + 1 : path);
    put_targets(&w, o, r, e);
    put_percent(&w, r);
    json_key(&w, "seed");
    json_cstr(&w, o->seed);
    json_key(&w, "sample_key");
    json_cstr(&w, o->key.text);
    json_key(&w, "percent_of");
    json_cstr(&w, replay_options_draw_keys(o) ? "keys" : "requests");
    put_shard(&w, &o->shard);
    put_pace(&w, o);
    json_key(&w, "control");
    json_cstr(&w, replay_controls[o->control]);
    json_key(&w, "baseline");
    json_cstr(&w, replay_baselines[o->baseline]);
    put_ways(&w, o, e);
    put_names(&w, replay_stats(r));
    if (replay_plan(r))
        plan_meta(&w, replay_plan(r), replay_share(r));
    json_key(&w, "started");
    json_cstr(&w, text_time(clock_wall_ns(), 3, when));
    return json_end_all(&w);
}

void result_init(struct result *r)
{
    r->out = (struct output){.fd = -1};
    r->failed = r->told = false;
    r->n = 0;
    pthread_mutex_init(&r->lock, NULL);
}

int result_open(struct result *r, const char *path, struct err *e)
{
    return output_open(&r->out, path, e);
}

int result_begin(struct result *r, struct str meta, enum record_codec codec, const uint8_t id[16],
                 struct err *e)
{
    struct record_options ro = {
        .kind = RECORD_PAIRS, .created_ns = clock_wall_ns(), .codec = codec};

    if (r->out.fd < 0)
        return 0;
    memcpy(ro.capture_id, id, sizeof ro.capture_id);
    return output_begin(&r->out, &ro, meta, e);
}

int result_put(struct result *r, const struct pair *p, struct err *e)
{
    int rc;

    if (!r->out.writer)
        return 0;
    pthread_mutex_lock(&r->lock);
    rc = record_put_pair(r->out.writer, p, e);
    r->failed |= rc < 0;
    r->told |= rc < 0;
    r->n++;
    pthread_mutex_unlock(&r->lock);
    return rc < 0 ? err_wrap(e, "%s", r->out.name) : 0;
}

int result_flush(struct result *r)
{
    bool failed;

    if (!r->out.writer)
        return 0;
    pthread_mutex_lock(&r->lock);
    failed = record_flush(r->out.writer, NULL) < 0 && !r->failed;
    r->failed |= failed;
    pthread_mutex_unlock(&r->lock);
    return failed ? -1 : 0;
}

static int put_stats(struct result *r, const struct replay_stats *stats,
                     const struct capture_stats *front, struct err *e)
{
    struct buf text;
    int rc = -1;

    buf_init(&text, STATS_MAX);
    if (account_replay_json(stats, front, &text, e) == 0)
        rc = output_put_stats(&r->out, buf_str(&text), e);
    buf_release(&text);
    return rc;
}

/* Some pairs have found no room; STATS are small and may. */
static int end_without(struct result *r, const struct replay_stats *stats,
                       const struct capture_stats *front, struct err *e)
{
    bool resumed = record_resume(r->out.writer, NULL) == 0;
    struct replay_stats s = *stats;
    const struct err why = *e;
    char what[128];

    s.unwritten = s.selected - (r->n - record_unwritten(r->out.writer));
    resumed = resumed && put_stats(r, &s, front, NULL) == 0;
    snprintf(what, sizeof what, "%" PRIu64 " pair%s not written, the result is %s", s.unwritten,
             s.unwritten == 1 ? " was" : "s were",
             resumed ? "complete up to there" : "good up to there but ends without its summary");
    if (!r->told)
        return err_set(e, why.kind, "%.512s; %s", why.text, what);
    log_warn("%s: %s", r->out.name, what);
    return 0;
}

int result_end(struct result *r, const struct replay_stats *stats,
               const struct capture_stats *front, struct err *e)
{
    int rc;

    if (!r->out.writer)
        return 0;
    rc = put_stats(r, stats, front, e);
    if (rc < 0 && e->kind != ERR_PIPE)
        rc = end_without(r, stats, front, e);
    if (output_close(&r->out, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

void result_release(struct result *r)
{
    output_close(&r->out, NULL);
    pthread_mutex_destroy(&r->lock);
}

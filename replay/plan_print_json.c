/* plan_print_json.c -- a plan for programs: schema mirrorctl.plan/1. */
#include "core/json.h"
#include "replay/plan.h"

/* ---- matches --------------------------------------------------------------------- */

/* {"exact": TEXT}: what is open already gets it. */
static void write_text(struct json_writer *w, const struct plan_text *t)
{
    static const char *const names[] = {
        [PLAN_PRESENT] = "present",   [PLAN_EXACT] = "exact", [PLAN_PREFIX] = "prefix",
        [PLAN_SEGMENTS] = "segments", [PLAN_GLOB] = "glob",   [PLAN_REGEX] = "regex",
    };

    json_key(w, names[t->how]);
    if (t->how == PLAN_PRESENT)
        json_bool(w, true);
    else
        json_str(w, t->text);
    if (t->any_case) {
        json_key(w, "any_case");
        json_bool(w, true);
    }
}

static void write_whole(struct json_writer *w, const char *name, const struct plan_text *t)
{
    if (!t)
        return;
    json_key(w, name);
    json_open_object(w);
    write_text(w, t);
    json_close(w);
}

static void write_fields(struct json_writer *w, const char *name, const struct plan_field *f)
{
    if (!f)
        return;
    json_key(w, name);
    json_open_array(w);
    for (; f; f = f->next) {
        json_open_object(w);
        json_key(w, "name");
        json_str(w, f->name);
        write_text(w, &f->value);
        if (f->not_so) {
            json_key(w, "not");
            json_bool(w, true);
        }
        json_close(w);
    }
    json_close(w);
}

static void write_match(struct json_writer *w, const struct plan_match *m)
{
    json_open_object(w);
    write_whole(w, "path", m->path);
    write_whole(w, "method", m->method);
    write_fields(w, "headers", m->headers);
    write_fields(w, "queries", m->queries);
    write_whole(w, "authority", m->authority);
    write_whole(w, "scheme", m->scheme);
    if (m->port) {
        json_key(w, "port");
        json_u64(w, m->port);
    }
    if (m->unknowable) {
        json_key(w, "unknowable");
        json_cstr(w, m->unknowable);
    }
    json_close(w);
}

/* ---- arrows ----------------------------------------------------------------------- */

static void write_changes(struct json_writer *w, const struct plan_change *c)
{
    static const char *const kinds[] = {
        [PLAN_REMOVE] = "remove", [PLAN_SET] = "set", [PLAN_ADD] = "add"};

    if (!c)
        return;
    json_key(w, "headers");
    json_open_array(w);
    for (; c; c = c->next) {
        json_open_object(w);
        json_key(w, kinds[c->kind]);
        json_str(w, c->name);
        if (c->kind != PLAN_REMOVE) {
            json_key(w, "value");
            json_str(w, c->value);
        }
        json_close(w);
    }
    json_close(w);
}

/* The first address as "url", which is null where none is known; all of them where
 * there are several. */
static void write_addresses(struct json_writer *w, const struct plan_destination *d)
{
    json_key(w, "url");
    if (d->addresses)
        json_str(w, d->addresses->url);
    else
        json_null(w);
    if (d->n_addresses < 2)
        return;
    json_key(w, "urls");
    json_open_array(w);
    for (const struct plan_address *a = d->addresses; a; a = a->next)
        json_str(w, a->url);
    json_close(w);
}

static unsigned place_of(const struct plan_arrow *list, const struct plan_arrow *of)
{
    unsigned n = 1;

    for (; list && list != of; list = list->next)
        n++;
    return n;
}

static void write_arrow(struct json_writer *w, const struct plan_arrow *a,
                        const struct plan_rule *rule, bool is_candidate)
{
    json_open_object(w);
    json_key(w, "destination");
    json_str(w, a->to->name);
    write_addresses(w, a->to);
    json_key(w, is_candidate ? "ppm" : "weight");
    json_u64(w, is_candidate ? a->ppm : a->weight);
    if (a->of) { /* its place in "baseline", from 1 */
        json_key(w, "of");
        json_u64(w, place_of(rule->baselines, a->of));
    }
    write_changes(w, a->changes);
    json_close(w);
}

static void write_arrows(struct json_writer *w, const char *name, const struct plan_arrow *list,
                         const struct plan_rule *rule, bool are_candidates)
{
    json_key(w, name);
    json_open_array(w);
    for (; list; list = list->next)
        write_arrow(w, list, rule, are_candidates);
    json_close(w);
}

/* ---- rules ------------------------------------------------------------------------- */

static void write_rewrite(struct json_writer *w, const struct plan_rewrite *r)
{
    static const char *const names[] = {
        [PLAN_PATH_PREFIX] = "prefix", [PLAN_PATH_WHOLE] = "path", [PLAN_PATH_REGEX] = "to"};

    if (r->path == PLAN_PATH_KEPT && !r->authority.data)
        return;
    json_key(w, "rewrite");
    json_open_object(w);
    if (r->path == PLAN_PATH_REGEX && r->pattern) {
        json_key(w, "regex");
        json_str(w, r->pattern->text);
    }
    if (r->path != PLAN_PATH_KEPT) {
        json_key(w, names[r->path]);
        json_str(w, r->to);
    }
    if (r->authority.data) {
        json_key(w, "authority");
        json_str(w, r->authority);
    }
    json_close(w);
}

static void write_hosts(struct json_writer *w, const struct plan_rule *rule)
{
    json_key(w, "hosts");
    json_open_array(w);
    for (size_t i = 0; i < rule->n_hosts; i++)
        json_str(w, rule->hosts[i]);
    json_close(w);
}

static void write_rule(struct json_writer *w, const struct plan_rule *rule)
{
    static const char *const actions[] = {[PLAN_MIRROR] = "mirror",
                                          [PLAN_REDIRECT] = "redirect",
                                          [PLAN_DENY] = "deny",
                                          [PLAN_PERCENT] = "percent"};

    json_open_object(w);
    json_key(w, "name");
    json_str(w, rule->name);
    json_key(w, "source");
    json_str(w, rule->source);
    json_key(w, "action");
    json_cstr(w, actions[rule->action]);
    if (rule->action == PLAN_PERCENT) {
        json_key(w, "ppm");
        json_u64(w, rule->ppm);
    }
    write_hosts(w, rule);
    json_key(w, "match");
    json_open_array(w);
    for (const struct plan_match *m = rule->matches; m; m = m->next)
        write_match(w, m);
    json_close(w);
    write_arrows(w, "baseline", rule->baselines, rule, false);
    write_arrows(w, "candidates", rule->candidates, rule, true);
    write_changes(w, rule->changes);
    write_rewrite(w, &rule->rewrite);
    if (rule->timeout_ns) {
        json_key(w, "timeout_ns");
        json_i64_str(w, rule->timeout_ns);
    }
    json_close(w);
}

/* ---- diagnostics -------------------------------------------------------------------- */

static void write_diag(struct json_writer *w, const struct diag *d)
{
    json_open_object(w);
    json_key(w, "severity");
    json_cstr(w, diag_severity_name(d->severity));
    json_key(w, "code");
    json_cstr(w, d->code);
    json_key(w, "file");
    json_cstr(w, d->at.file);
    json_key(w, "line");
    json_u64(w, d->at.line);
    json_key(w, "column");
    json_u64(w, d->at.column);
    json_key(w, "message");
    json_cstr(w, d->message);
    json_close(w);
}

int plan_print_json(const struct plan *p, const struct diags *diags, struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, true, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.plan/1");
    json_key(&w, "rules");
    json_open_array(&w);
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next)
        write_rule(&w, rule);
    json_close(&w);
    json_key(&w, "diagnostics");
    json_open_array(&w);
    for (const struct diag *d = diags->first; d; d = d->next)
        write_diag(&w, d);
    json_close(&w);
    json_close(&w);
    return json_end_all(&w);
}

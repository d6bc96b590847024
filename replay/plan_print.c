/* plan_print.c -- a plan as Mirrors, in the form that plan_native.c reads.
 *
 * Printing the same plan gives the same bytes, and so does printing what was read
 * from them. Fields stand in the order in which mirrorctl.yaml(5) has them; what
 * was not said is left out. Where a document comes near the ceilings of core/yaml.h
 * the next one is begun.
 */
#include "core/yaml_write.h"
#include "replay/plan.h"
#include "replay/plan_native.h"

enum { DOCUMENT_BYTES = 512 * 1024 };

/* The first failure sticks, as in core/json.h. */
struct printer {
    struct buf *out;
    struct err *e;
    bool failed;
    bool dash;           /* the next line is the first of an item */
    unsigned indent;     /* in blanks */
    size_t from;         /* where the document begins */
    const char *section; /* "rules", ...: open */
};

static void put(struct printer *p, const char *text)
{
    if (!p->failed && buf_add(p->out, str_of(text), p->e) < 0)
        p->failed = true;
}

static void put_text(struct printer *p, struct str s, bool flow)
{
    if (!p->failed && yaml_write_text(p->out, s, flow, p->e) < 0)
        p->failed = true;
}

static void put_u64(struct printer *p, uint64_t v)
{
    if (!p->failed && buf_printf(p->out, p->e, "%llu", (unsigned long long)v) < 0)
        p->failed = true;
}

/* `v` over 10^places, of which there are up to 9, without zeroes at its end. */
static void put_decimal(struct printer *p, uint64_t v, unsigned places)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    uint64_t rest = v % powers[places];
    char digits[12];
    unsigned n = places;

    put_u64(p, v / powers[places]);
    if (rest == 0)
        return;
    for (; rest % 10 == 0; rest /= 10)
        n--;
    digits[n + 1] = '\0';
    for (unsigned i = n; i > 0; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    digits[0] = '.';
    put(p, digits);
}

static void put_time(struct printer *p, int64_t ns)
{
    put_decimal(p, (uint64_t)ns, 9);
    put(p, "s");
}

static void put_size(struct printer *p, uint64_t bytes)
{
    const uint64_t mib = 1024 * 1024;

    put_u64(p, bytes % mib ? bytes : bytes / mib);
    put(p, bytes % mib ? "" : "MiB");
}

/* ---- lines -------------------------------------------------------------------------- */

static void start_line(struct printer *p)
{
    unsigned blanks = p->indent;

    if (p->failed)
        return;
    if (p->dash)
        blanks -= 2;
    for (unsigned i = 0; i < blanks; i++)
        put(p, " ");
    put(p, p->dash ? "- " : "");
    p->dash = false;
}

/* "name:" at the start of a line; what follows begins with a blank or ends it. */
static void key(struct printer *p, const char *name)
{
    start_line(p);
    put(p, name);
    put(p, ":");
}

static void line_text(struct printer *p, const char *name, struct str s)
{
    key(p, name);
    put(p, " ");
    put_text(p, s, false);
    put(p, "\n");
}

/* The same where nothing is to be said of what is not there. */
static void line_if(struct printer *p, const char *name, struct str s)
{
    if (s.data)
        line_text(p, name, s);
}

static void line_word(struct printer *p, const char *name, const char *word)
{
    key(p, name);
    put(p, " ");
    put(p, word);
    put(p, "\n");
}

static void line_u64(struct printer *p, const char *name, uint64_t v)
{
    key(p, name);
    put(p, " ");
    put_u64(p, v);
    put(p, "\n");
}

static void line_percent(struct printer *p, const char *name, uint32_t ppm)
{
    key(p, name);
    put(p, " ");
    put_decimal(p, ppm, 4);
    put(p, "\n");
}

static void line_list(struct printer *p, const char *name, const struct str *list, size_t n)
{
    key(p, name);
    put(p, " [");
    for (size_t i = 0; i < n; i++) {
        put(p, i ? ", " : "");
        put_text(p, list[i], true);
    }
    put(p, "]\n");
}

/* ---- documents and sections ----------------------------------------------------------- */

static void start_document(struct printer *p)
{
    put(p, p->out->len ? "---\n" : "");
    put(p, "apiVersion: mirrorctl/v1\nkind: Mirror\n");
    p->from = p->out->len;
    p->section = NULL;
}

/* The next item of a list that stands at the top. */
static void start_item(struct printer *p, const char *section)
{
    if (p->out->len - p->from > DOCUMENT_BYTES)
        start_document(p);
    if (p->section != section) {
        put(p, section);
        put(p, ":\n");
    }
    p->section = section;
    p->indent = 2;
    p->dash = true;
}

/* ---- texts to be matched ---------------------------------------------------------------- */

static const char *const how_names[] = {
    [PLAN_PRESENT] = "present",   [PLAN_EXACT] = "exact", [PLAN_PREFIX] = "prefix",
    [PLAN_SEGMENTS] = "segments", [PLAN_GLOB] = "glob",   [PLAN_REGEX] = "regex",
};

/* `usual` is what a scalar means there. */
static void put_match(struct printer *p, const struct plan_text *t, enum plan_how usual)
{
    if (t->how == usual && !t->any_case) {
        put_text(p, t->text, true);
        return;
    }
    put(p, "{");
    put(p, how_names[t->how]);
    put(p, ": ");
    if (t->how == PLAN_PRESENT)
        put(p, "true");
    else
        put_text(p, t->text, true);
    put(p, t->any_case ? ", any-case: true}" : "}");
}

static void line_match(struct printer *p, const char *name, const struct plan_text *t,
                       enum plan_how usual)
{
    if (!t)
        return;
    key(p, name);
    put(p, " ");
    put_match(p, t, usual);
    put(p, "\n");
}

/* ---- named things: fields, changes ------------------------------------------------------- */

/* A map where its keys are short and differ, else a list of name and value. */
static bool fits_map(const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].len > YAML_WRITE_KEY_MAX)
            return false;
        for (size_t k = 0; k < i; k++) {
            if (str_eq(names[i], names[k]))
                return false;
        }
    }
    return true;
}

enum { MAP_MAX = 16 }; /* more are written as a list: fits_map() is quadratic */

static void put_named(struct printer *p, bool as_map, size_t i, struct str name)
{
    put(p, i ? ", " : "");
    put(p, as_map ? "" : "{name: ");
    put_text(p, name, true);
    put(p, as_map ? ": " : ", value: ");
}

static void line_fields(struct printer *p, const char *name, const struct plan_field *list,
                        bool not_so)
{
    struct str names[MAP_MAX];
    size_t n = 0, i = 0;
    bool as_map;

    for (const struct plan_field *f = list; f; f = f->next) {
        if (f->not_so == not_so && n++ < MAP_MAX)
            names[n - 1] = f->name;
    }
    if (n == 0)
        return;
    as_map = n <= MAP_MAX && fits_map(names, n);
    key(p, name);
    put(p, as_map ? " {" : " [");
    for (const struct plan_field *f = list; f; f = f->next) {
        if (f->not_so != not_so)
            continue;
        put_named(p, as_map, i++, f->name);
        put_match(p, &f->value, PLAN_EXACT);
        put(p, as_map ? "" : "}");
    }
    put(p, as_map ? "}\n" : "]\n");
}

static void line_changes_of(struct printer *p, const char *name, const struct plan_change *list,
                            enum plan_change_kind kind)
{
    struct str names[MAP_MAX];
    size_t n = 0, i = 0;
    bool as_map;

    for (const struct plan_change *c = list; c; c = c->next) {
        if (c->kind == kind && n++ < MAP_MAX)
            names[n - 1] = c->name;
    }
    if (n == 0)
        return;
    as_map = kind != PLAN_REMOVE && n <= MAP_MAX && fits_map(names, n);
    key(p, name);
    put(p, as_map ? " {" : " [");
    for (const struct plan_change *c = list; c; c = c->next) {
        if (c->kind != kind)
            continue;
        if (kind == PLAN_REMOVE) {
            put(p, i++ ? ", " : "");
            put_text(p, c->name, true);
            continue;
        }
        put_named(p, as_map, i++, c->name);
        put_text(p, c->value, true);
        put(p, as_map ? "" : "}");
    }
    put(p, as_map ? "}\n" : "]\n");
}

static void line_changes(struct printer *p, const struct plan_change *list)
{
    if (!list)
        return;
    key(p, "headers");
    put(p, "\n");
    p->indent += 2;
    line_changes_of(p, "remove", list, PLAN_REMOVE);
    line_changes_of(p, "set", list, PLAN_SET);
    line_changes_of(p, "add", list, PLAN_ADD);
    p->indent -= 2;
}

/* ---- destinations -------------------------------------------------------------------------- */

static void put_addresses(struct printer *p, const struct plan_address *list)
{
    if (!list)
        return;
    key(p, "addresses");
    put(p, "\n");
    p->indent += 2;
    for (; list; list = list->next) {
        p->dash = true;
        start_line(p);
        put(p, "{url: ");
        put_text(p, list->url, true);
        if (list->from.data) {
            put(p, ", from: ");
            put_text(p, list->from, true);
        }
        put(p, "}\n");
    }
    p->indent -= 2;
}

static void put_destination(struct printer *p, const struct plan_destination *d)
{
    struct native_name parts;

    if (!native_name_split(d->name, &parts))
        parts = (struct native_name){.host = d->name};
    start_item(p, "destinations");
    line_text(p, "name", d->name);
    if (!str_eq(parts.host, d->host) || parts.port != d->port || !str_eq(parts.subset, d->subset)) {
        line_text(p, "host", d->host);
        line_u64(p, "port", d->port);
        line_text(p, "subset", d->subset);
    }
    if (!str_eq(d->full, d->host))
        line_text(p, "full", d->full);
    put_addresses(p, d->addresses);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static void put_one_match(struct printer *p, const struct plan_match *m)
{
    size_t before = p->out->len;

    p->dash = true;
    line_match(p, "path", m->path, PLAN_GLOB);
    line_match(p, "method", m->method, PLAN_EXACT);
    line_fields(p, "header", m->headers, false);
    line_fields(p, "without-header", m->headers, true);
    line_fields(p, "query", m->queries, false);
    line_fields(p, "without-query", m->queries, true);
    line_match(p, "authority", m->authority, PLAN_EXACT);
    line_match(p, "scheme", m->scheme, PLAN_EXACT);
    if (m->port)
        line_u64(p, "port", m->port);
    if (m->unknowable)
        line_text(p, "unknowable", str_of(m->unknowable));
    if (p->out->len == before) {
        start_line(p);
        put(p, "{}\n");
    }
}

static void put_matches(struct printer *p, const struct plan_match *list)
{
    if (!list)
        return;
    key(p, "match");
    put(p, "\n");
    p->indent += 2;
    for (; list; list = list->next)
        put_one_match(p, list);
    p->indent -= 2;
}

/* Which of the baselines it is, from 1. */
static unsigned place_of(const struct plan_arrow *list, const struct plan_arrow *of)
{
    unsigned n = 1;

    for (; list && list != of; list = list->next)
        n++;
    return n;
}

/* The share of a baseline is its weight, of a candidate a percentage. */
static void put_arrow(struct printer *p, const struct plan_arrow *a, const struct plan_rule *rule,
                      bool is_candidate)
{
    p->dash = true;
    line_text(p, "to", a->to->name);
    if (is_candidate)
        line_percent(p, "percent", a->ppm);
    else if (a->weight != 1)
        line_u64(p, "weight", a->weight);
    if (a->of)
        line_u64(p, "of", place_of(rule->baselines, a->of));
    line_changes(p, a->changes);
}

static void put_arrows(struct printer *p, const char *name, const struct plan_arrow *list,
                       const struct plan_rule *rule, bool are_candidates)
{
    if (!list)
        return;
    key(p, name);
    put(p, "\n");
    p->indent += 2;
    for (; list; list = list->next)
        put_arrow(p, list, rule, are_candidates);
    p->indent -= 2;
}

static void put_baselines(struct printer *p, const struct plan_rule *rule)
{
    const struct plan_arrow *b = rule->baselines;

    if (!b || b->next || b->changes) {
        put_arrows(p, "baselines", b, rule, false);
        return;
    }
    if (b->weight == 1) {
        line_text(p, "baseline", b->to->name);
        return;
    }
    key(p, "baseline");
    put(p, " {to: ");
    put_text(p, b->to->name, true);
    put(p, ", weight: ");
    put_u64(p, b->weight);
    put(p, "}\n");
}

static void put_candidates(struct printer *p, const struct plan_rule *rule)
{
    const struct plan_arrow *c = rule->candidates;

    if (c && !c->next && !c->of && !c->changes) {
        line_text(p, "candidate", c->to->name);
        line_percent(p, "percent", c->ppm);
    } else {
        put_arrows(p, "candidates", c, rule, true);
    }
}

static void put_rewrite(struct printer *p, const struct plan_rewrite *w)
{
    static const char *const names[] = {
        [PLAN_PATH_PREFIX] = "prefix", [PLAN_PATH_WHOLE] = "path", [PLAN_PATH_REGEX] = "to"};

    if (w->path == PLAN_PATH_KEPT && !w->authority.data)
        return;
    key(p, "rewrite");
    put(p, "\n");
    p->indent += 2;
    if (w->path == PLAN_PATH_REGEX)
        line_text(p, "regex", w->pattern ? w->pattern->text : (struct str){0});
    if (w->path != PLAN_PATH_KEPT)
        line_text(p, names[w->path], w->to);
    if (w->segments)
        line_word(p, "segments", "true");
    line_if(p, "authority", w->authority);
    p->indent -= 2;
}

/* What a rule does where no arrow says it. */
static void put_action(struct printer *p, const struct plan_rule *rule)
{
    if (rule->action == PLAN_DENY)
        line_word(p, "mirror", "false");
    else if (rule->action == PLAN_REDIRECT)
        line_word(p, "redirect", "true");
    else if (rule->action == PLAN_PERCENT)
        line_percent(p, "percent", rule->ppm);
    else if (!rule->baselines && !rule->candidates)
        line_word(p, "mirror", "true");
}

static void put_rule(struct printer *p, const struct plan_rule *rule)
{
    start_item(p, "rules");
    line_text(p, "name", rule->name);
    line_if(p, "source", rule->source);
    if (rule->n_hosts)
        line_list(p, "hosts", rule->hosts, rule->n_hosts);
    put_matches(p, rule->matches);
    put_action(p, rule);
    put_baselines(p, rule);
    put_candidates(p, rule);
    line_changes(p, rule->changes);
    put_rewrite(p, &rule->rewrite);
    if (rule->timeout_ns) {
        key(p, "timeout");
        put(p, " ");
        put_time(p, rule->timeout_ns);
        put(p, "\n");
    }
}

/* ---- settings ------------------------------------------------------------------------------- */

/* "limits: {" or ", " in front of one, and its name. */
static void start_limit(struct printer *p, size_t *n, const char *name)
{
    put(p, (*n)++ ? ", " : "limits: {");
    put(p, name);
    put(p, ": ");
}

static void put_limits(struct printer *p, const struct plan_limits *l)
{
    size_t n = 0;

    if (l->rate > 0) {
        start_limit(p, &n, "rate");
        put_decimal(p, (uint64_t)(l->rate * 1e6 + 0.5), 6);
        put(p, "/s");
    }
    if (l->concurrency) {
        start_limit(p, &n, "concurrency");
        put_u64(p, l->concurrency);
    }
    if (l->body) {
        start_limit(p, &n, "body");
        put_size(p, l->body);
    }
    if (l->timeout_ns) {
        start_limit(p, &n, "timeout");
        put_time(p, l->timeout_ns);
    }
    if (l->queue) {
        start_limit(p, &n, "queue");
        put_u64(p, l->queue);
    }
    if (l->has_max_error) {
        start_limit(p, &n, "max-error-rate");
        put_decimal(p, l->max_error_ppm, 4);
        put(p, "%");
    }
    put(p, n ? "}\n" : "");
}

static void put_settings(struct printer *p, const struct plan_settings *s)
{
    line_if(p, "name", s->name);
    if (s->key.data || s->seed.data) {
        key(p, "sample");
        put(p, " {");
        if (s->key.data) {
            put(p, "key: ");
            put_text(p, s->key, true);
        }
        if (s->seed.data) {
            put(p, s->key.data ? ", seed: " : "seed: ");
            put_text(p, s->seed, true);
        }
        put(p, "}\n");
    }
    if (s->n_methods)
        line_list(p, "methods", s->methods, s->n_methods);
    line_changes(p, s->changes);
    line_if(p, "host", s->host);
    put_limits(p, &s->limits);
}

int plan_print(const struct plan *plan, struct buf *out, struct err *e)
{
    struct printer p = {.out = out, .e = e};

    start_document(&p);
    put_settings(&p, &plan->settings);
    for (const struct plan_destination *d = plan->destinations; d; d = d->next)
        put_destination(&p, d);
    for (const struct plan_rule *rule = plan->rules; rule; rule = rule->next)
        put_rule(&p, rule);
    return p.failed ? -1 : 0;
}

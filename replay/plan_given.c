/* plan_given.c -- addresses that people gave: --endpoint, endpoints files, `endpoints`. */
#include <stdio.h>

#include "core/nearest.h"
#include "replay/plan_endpoints.h"
#include "replay/target.h"
#include "replay/url.h"

enum { SHOWN = 200, HINTS_MAX = PLAN_MAX_DESTINATIONS, LISTED = 4 };

/* ---- keys ---- */

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    }
    return s.len > 0;
}

static int read_port(uint16_t *port, struct str text, struct err *e)
{
    uint64_t n = 0;

    if (url_check_port(text, e) < 0)
        return -1;
    str_to_u64(text, &n);
    *port = (uint16_t)n;
    return 0;
}

int plan_key_read(struct plan_key *key, struct str text, struct err *e)
{
    struct str rest = text, tail, host = str_cut(&rest, '/');
    bool has_subset = host.len < text.len, has_tail;

    *key = (struct plan_key){.subset = rest};
    if (has_subset && (rest.len == 0 || str_find(rest, '/') < rest.len))
        return err_set(e, ERR_USAGE, "a subset stands behind the slash");
    tail = host;
    key->host = str_cut(&tail, ':');
    has_tail = key->host.len < host.len;
    if (has_tail && !has_subset && tail.len && !is_digits(tail))
        key->subset = tail;
    else if (has_tail && read_port(&key->port, tail, e) < 0)
        return -1;
    if (str_find(key->subset, ':') < key->subset.len)
        return err_set(e, ERR_USAGE, "a subset stands behind a slash, HOST:PORT/SUBSET");
    if (key->host.len && key->host.data[0] == '[')
        return err_set(e, ERR_USAGE, "a host is a name of the YAML");
    return url_check_host(key->host, e);
}

/* Is `host` what a Service of this full name may be called for short: m, m.ns, m.ns.svc? */
static bool is_short_for(struct str host, struct str full)
{
    struct str domain = STR(".svc.cluster.local"), rest = full;
    size_t dots = 0;

    for (size_t i = 0; i < full.len; i++)
        dots += full.data[i] == '.';
    if (dots != 4 || !str_ends(full, domain) || host.len >= full.len)
        return false;
    rest.len = host.len;
    return str_ieq(rest, host) && full.data[host.len] == '.';
}

bool plan_key_fits(const struct plan_key *key, const struct plan_destination *d)
{
    if (key->port && key->port != d->port)
        return false;
    if (key->subset.len && !str_eq(key->subset, d->subset))
        return false;
    return str_ieq(key->host, d->host) || str_ieq(key->host, d->full) ||
           is_short_for(key->host, d->full);
}

int plan_key_cmp(const struct plan_key *a, const struct plan_key *b)
{
    if (!a->subset.len != !b->subset.len)
        return a->subset.len ? 1 : -1;
    if (!a->port != !b->port)
        return a->port ? 1 : -1;
    return (a->host.len > b->host.len) - (a->host.len < b->host.len);
}

/* Is there another destination that only its port, or its namespace, tells from this one? */
static void find_twins(const struct plan *p, const struct plan_destination *d, bool *port,
                       bool *namespace)
{
    for (const struct plan_destination *o = p->destinations; o; o = o->next) {
        if (o == d || !str_eq(o->host, d->host) || !str_eq(o->subset, d->subset))
            continue;
        if (!str_eq(o->full, d->full))
            *namespace = true;
        else if (o->port != d->port)
            *port = true;
    }
}

struct str plan_key_for(struct plan_reader *r, const struct plan_destination *d, bool port)
{
    char text[1024], digits[8] = "";
    bool namespace = false;

    find_twins(r->plan, d, &port, &namespace);
    if (d->port && port)
        snprintf(digits, sizeof digits, ":%u", d->port);
    snprintf(text, sizeof text, "%.*s%s%s%.*s",
             STR_ARG(str_head(namespace ? d->full : d->host, 512)), digits,
             d->subset.len ? "/" : "", STR_ARG(str_head(d->subset, 256)));
    return plan_text_copy(r, str_of(text));
}

/* ---- taking them ---- */

/* For messages: what holds a password by mistake is not shown. */
static struct str shown(struct str s)
{
    return str_find(s, '@') < s.len ? STR("...") : str_head(s, SHOWN);
}

bool plan_url_is_fine(struct plan_reader *r, struct str key, struct str url, struct place at)
{
    struct target target = {0};
    char name[SHOWN + 1];
    struct err e = {0};

    snprintf(name, sizeof name, "%.*s", STR_ARG(shown(key)));
    if (memchr(url.data, '\0', url.len))
        err_set(&e, ERR_USAGE, "%s: a URL has no NUL in it", name);
    else if (target_parse(&target, name, url.data, &e) == 0) {
        target_release(&target);
        return true;
    }
    if (e.kind == ERR_NOMEM) {
        err_set(r->e, e.kind, "%s", e.text);
        r->failed = true;
        return false;
    }
    plan_error(r, "E505", at, "%s", e.text);
    return false;
}

/* `key` and `url` are copies in the plan. */
static void give(struct plan_reader *r, struct str key, struct str url, struct place at,
                 bool option)
{
    struct plan_given *given;
    struct plan_key read;
    struct err e = {0};
    char from[SHOWN];

    if (plan_key_read(&read, key, &e) < 0) {
        plan_error(r, "E505", at, "\"%.*s\" is no HOST[:PORT][/SUBSET]: %s", STR_ARG(shown(key)),
                   e.text);
        return;
    }
    if (!plan_url_is_fine(r, key, url, at))
        return;
    given = plan_place(r, sizeof *given, at);
    if (!given)
        return;
    snprintf(from, sizeof from, "%.150s:%u", at.file, at.line);
    *given = (struct plan_given){.key = read, .text = key, .url = url, .at = at};
    given->option = option;
    given->from = option ? STR("--endpoint") : plan_text_copy(r, str_of(from));
    given->at.file = option ? "--endpoint" : plan_text_copy(r, str_of(at.file)).data;
    PLAN_APPEND(&plan_places(r)->given, given);
}

static void give_option(struct plan_reader *r, const char *option)
{
    struct place at = {.file = "--endpoint"};
    struct str url = str_of(option), key = str_cut(&url, '=');

    if (!url.data) {
        plan_error(r, "E505", at, "\"%.*s\" is no KEY=URL, as in movies/v2=http://127.0.0.1:3002",
                   STR_ARG(shown(key)));
        return;
    }
    key = plan_text_copy(r, key);
    url = plan_text_copy(r, url);
    if (!r->failed)
        give(r, key, url, at, true);
}

static void give_node(struct plan_reader *r, struct str key, const struct yaml_node *n)
{
    struct str url = {0};

    if (yaml_is_null(n))
        plan_error(r, "E505", n->at, "%.*s: there is no URL", STR_ARG(shown(key)));
    else if (plan_take_text(r, n, "an address", &url) && !r->failed)
        give(r, key, url, n->at, false);
}

void plan_give_map(struct plan_reader *r, const struct yaml_node *map)
{
    if (yaml_is_null(map) || !plan_is_map(r, map, "endpoints"))
        return;
    for (const struct yaml_item *i = map->items; i && !r->failed; i = i->next) {
        struct str key = plan_text_copy(r, i->key->text);

        if (i->value->kind != YAML_LIST || i->value->count == 0) {
            give_node(r, key, i->value);
            continue;
        }
        for (const struct yaml_item *u = i->value->items; u && !r->failed; u = u->next)
            give_node(r, key, u->value);
    }
}

static void give_file(struct plan_reader *r, const struct plan_input *in)
{
    struct yaml_stream yaml;

    yaml_stream_init(&yaml);
    r->failed = yaml_read(&yaml, in->text, in->name, r->diags, r->e) < 0;
    for (const struct yaml_doc *d = yaml.docs; d && !r->failed; d = d->next)
        plan_give_map(r, d->root);
    yaml_stream_release(&yaml);
}

void plan_give_options(struct plan_reader *r)
{
    const struct plan_options *o = r->options;

    for (size_t i = 0; i < o->n_endpoints && !r->failed; i++)
        give_option(r, o->endpoints[i]);
    for (size_t i = 0; i < o->n_endpoint_files && !r->failed; i++)
        give_file(r, &o->endpoint_files[i]);
}

/* ---- those that nobody asked for ---- */

/* The keys that would fit the destinations, in the form of the one that was typed. */
static size_t keys_like(struct plan_reader *r, const struct plan_key *typed, const char **names)
{
    size_t n = 0;

    for (const struct plan_destination *d = r->plan->destinations; d && n < HINTS_MAX; d = d->next)
        names[n++] = plan_key_for(r, d, typed->port != 0).data;
    return r->failed ? 0 : n;
}

static void tell_unused(struct plan_reader *r, const struct plan_given *g)
{
    const char *names[HINTS_MAX], *nearest;
    size_t n = keys_like(r, &g->key, names);
    char hint[SHOWN * 2] = "";
    size_t len = 0;

    nearest = nearest_name(g->text, names, n);
    if (nearest)
        snprintf(hint, sizeof hint, "; did you mean %s?", nearest);
    for (size_t i = 0; !nearest && i < n && i < LISTED && len < sizeof hint; i++)
        len += (size_t)snprintf(hint + len, sizeof hint - len, "%s%s", i ? ", " : "; there are ",
                                names[i]);
    plan_warn(r, "W505", g->at, "no destination is called %.*s%s",
              STR_ARG(str_head(g->text, SHOWN)), hint);
}

/* A file may be that of several runs. */
void plan_given_unused(struct plan_reader *r)
{
    for (const struct plan_given *g = plan_places(r)->given.first; g && !r->failed; g = g->next) {
        if (g->option && !g->fits && r->diags->found[DIAG_WARNING] < DIAGS_MAX)
            tell_unused(r, g);
    }
}

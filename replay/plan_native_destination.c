/* plan_native_destination.c -- where copies go: names, URLs, lists of URLs. */
#include <string.h>

#include "core/buf.h"
#include "replay/plan_endpoints.h"
#include "replay/plan_native.h"
#include "replay/url.h"

enum { NAME_ROOM = PLAN_MAX_ADDRESSES * (URL_MAX_LEN + 1) };

/* ---- names ---- */

bool native_is_url(struct str s)
{
    return str_starts(s, STR("http://")) || str_starts(s, STR("https://")) ||
           str_starts(s, STR("unix:"));
}

static bool take_port(struct native_name *parts)
{
    size_t colon = str_find(parts->host, ':');
    struct str digits = str_skip(parts->host, colon + 1);
    uint64_t port;

    if (colon == parts->host.len)
        return true;
    if (!str_to_u64(digits, &port) || port == 0 || port > 65535 || digits.data[0] == '0')
        return false;
    parts->port = (uint16_t)port;
    parts->host = str_head(parts->host, colon);
    return true;
}

bool native_name_split(struct str name, struct native_name *parts)
{
    size_t slash = str_find(name, '/');

    *parts = (struct native_name){.host = name};
    if (native_is_url(name))
        return true;
    parts->host = str_head(name, slash);
    if (slash < name.len) {
        parts->subset = str_skip(name, slash + 1);
        if (parts->subset.len == 0)
            return false;
    }
    return take_port(parts) && parts->host.len > 0;
}

/* ---- addresses ---- */

static struct str from_place(struct plan_reader *r, struct place at)
{
    struct buf text;
    struct str from = {0};

    buf_init(&text, 8192);
    if (buf_printf(&text, r->e, "%.4000s:%u", at.file, at.line) < 0)
        r->failed = true;
    else
        from = plan_text_copy(r, buf_str(&text));
    buf_release(&text);
    return from;
}

static void add_address(struct plan_reader *r, struct plan_destination *d, struct str url,
                        struct str from, struct place at)
{
    struct plan_address **end = &d->addresses;

    if (d->n_addresses == PLAN_MAX_ADDRESSES) {
        plan_error(r, "E102", at, "more than %d addresses of one destination", PLAN_MAX_ADDRESSES);
        return;
    }
    while (*end)
        end = &(*end)->next;
    *end = plan_alloc(r, sizeof **end);
    if (!*end)
        return;
    (*end)->url = plan_text_copy(r, url);
    (*end)->from = from;
    d->n_addresses++;
}

static bool check_url(struct plan_reader *r, const struct yaml_node *n)
{
    if (n->kind == YAML_SCALAR)
        return plan_url_is_fine(r, n->text, n->text, n->at);
    plan_error(r, "E505", n->at, "a URL must be a scalar");
    return false;
}

/* ---- what a rule says ---- */

static struct plan_destination *of_urls(const struct native_mirror *m, struct str name,
                                        const struct yaml_node *const *urls, size_t n)
{
    struct plan_destination like = {.name = name, .host = name, .full = name};
    struct plan_destination *d = plan_destination_like(m->r, &like);

    if (!d || d->addresses)
        return d;
    for (size_t i = 0; i < n; i++)
        add_address(m->r, d, urls[i]->text, from_place(m->r, urls[i]->at), urls[i]->at);
    return d;
}

static struct plan_destination *of_list(const struct native_mirror *m, const struct yaml_node *n)
{
    const struct yaml_node *urls[PLAN_MAX_ADDRESSES];
    struct plan_destination *d = NULL;
    struct buf name;
    size_t got = 0;

    if (n->count == 0 || n->count > PLAN_MAX_ADDRESSES) {
        plan_error(m->r, n->count ? "E102" : "E605", n->at, "a list of 1 to %d URLs is wanted",
                   PLAN_MAX_ADDRESSES);
        return NULL;
    }
    buf_init(&name, NAME_ROOM);
    for (const struct yaml_item *i = n->items; i && !m->r->failed; i = i->next) {
        if (!check_url(m->r, i->value))
            continue;
        if (buf_printf(&name, m->r->e, "%s%s", got ? "," : "", i->value->text.data) < 0)
            m->r->failed = true;
        urls[got++] = i->value;
    }
    if (got == n->count && !m->r->failed)
        d = of_urls(m, buf_str(&name), urls, got);
    buf_release(&name);
    return d;
}

static struct plan_destination *find(const struct plan *p, struct str name)
{
    struct plan_destination *d = p->destinations;

    while (d && !str_eq(d->name, name))
        d = d->next;
    return d;
}

static struct plan_destination *of_name(const struct native_mirror *m, const struct yaml_node *n)
{
    struct native_name parts;

    if (native_name_split(n->text, &parts) && plan_is_subdomain(parts.host) &&
        (parts.subset.len == 0 || plan_is_label(parts.subset)))
        return plan_destination(m->r, parts.host, parts.port, parts.subset, m->namespace);
    plan_error(m->r, "E605", n->at,
               "\"%.*s\" is neither a URL like http://127.0.0.1:3001 nor a service like "
               "movies:3000/v1",
               STR_ARG(str_head(n->text, 200)));
    return NULL;
}

struct plan_destination *native_destination(const struct native_mirror *m,
                                            const struct yaml_node *n)
{
    struct plan_destination *declared;

    if (n->kind == YAML_LIST)
        return of_list(m, n);
    if (n->kind == YAML_MAP) {
        plan_error(m->r, "E401", n->at, "a URL, a list of URLs or the name of a service is wanted");
        return NULL;
    }
    declared = find(m->r->plan, n->text);
    if (declared)
        return declared;
    if (native_is_url(n->text) || memmem(n->text.data, n->text.len, "://", 3))
        return check_url(m->r, n) ? of_urls(m, n->text, &n, 1) : NULL;
    return of_name(m, n);
}

/* ---- destinations: ---- */

static void take_address(struct plan_reader *r, struct plan_destination *d,
                         const struct yaml_node *n)
{
    enum { URL, FROM, COUNT };
    static const struct plan_known known[] = {[URL] = {"url"}, [FROM] = {"from"}};
    static const struct plan_fields fields = {"addresses[]", known, COUNT};
    const struct yaml_node *v[COUNT];
    struct str from = {0};

    if (!plan_take(r, n, &fields, v, NULL) || !plan_take_text(r, v[FROM], "from", &from))
        return;
    if (!v[URL] || v[URL]->kind != YAML_SCALAR) {
        plan_error(r, "E602", n->at, "an address needs its url");
        return;
    }
    check_url(r, v[URL]); /* kept either way: what was printed of a bad one is still printed */
    add_address(r, d, v[URL]->text, from, n->at);
}

static void take_destination(const struct native_mirror *m, const struct yaml_node *n)
{
    enum { NAME, HOST, PORT, SUBSET, FULL, ADDRESSES, COUNT };
    static const struct plan_known known[] = {
        [NAME] = {"name"},     [HOST] = {"host"}, [PORT] = {"port"},
        [SUBSET] = {"subset"}, [FULL] = {"full"}, [ADDRESSES] = {"addresses"}};
    static const struct plan_fields fields = {"destinations[]", known, COUNT};
    struct plan_reader *r = m->r;
    const struct yaml_node *v[COUNT];
    struct plan_destination like = {0}, *d;
    struct native_name parts;
    uint64_t port = 0;

    if (!plan_take(r, n, &fields, v, NULL) || !plan_take_text(r, v[NAME], "name", &like.name))
        return;
    if (!like.name.data) {
        plan_error(r, "E602", n->at, "a destination needs a name");
        return;
    }
    if (native_name_split(like.name, &parts)) {
        like.host = parts.host;
        like.subset = parts.subset;
        port = parts.port;
    } else {
        like.host = like.name;
    }
    plan_take_text(r, v[HOST], "host", &like.host);
    plan_take_text(r, v[SUBSET], "subset", &like.subset);
    plan_take_int(r, v[PORT], "port", "E602", 0, 65535, &port);
    like.port = (uint16_t)port;
    like.full = like.host;
    plan_take_text(r, v[FULL], "full", &like.full);
    d = plan_destination_like(r, &like);
    if (!d || !plan_is_list(r, v[ADDRESSES], "addresses") || !v[ADDRESSES])
        return;
    for (const struct yaml_item *i = v[ADDRESSES]->items; i && !r->failed; i = i->next)
        take_address(r, d, i->value);
}

void native_destinations(const struct native_mirror *m, const struct yaml_node *n)
{
    if (!n || !plan_is_list(m->r, n, "destinations"))
        return;
    for (const struct yaml_item *i = n->items; i && !m->r->failed; i = i->next)
        take_destination(m, i->value);
}

#include "diff/noise_profile.h"

#include "core/arena.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "core/mem.h"
#include "diff/tally.h"

enum { PROFILE_MEMORY = 256 * 1024 * 1024 };

/* Of a field, or of all pairs of an endpoint compared so deeply: kind KIND_COUNT. */
struct entry {
    struct table_entry key;
    struct str method, endpoint, path;
    enum diff_where where;
    enum diff_kind kind;
    struct noise_rate rate;
};

struct noise_profile {
    struct arena mem;
    struct table table;
    struct str started;
};

struct noise_profile *noise_profile_new(struct err *e)
{
    struct noise_profile *p = mem_zalloc(sizeof *p);

    if (p)
        arena_init(&p->mem, PROFILE_MEMORY);
    else
        err_nomem(e, "reading a noise profile");
    return p;
}

void noise_profile_free(struct noise_profile *p)
{
    if (!p)
        return;
    table_reset(&p->table);
    arena_release(&p->mem);
    mem_free(p);
}

/* ---- entries ---- */

static bool same_entry(const struct table_entry *a, const struct table_entry *b)
{
    const struct entry *x = (const void *)a, *y = (const void *)b;

    return x->where == y->where && x->kind == y->kind && str_eq(x->method, y->method) &&
           str_eq(x->endpoint, y->endpoint) && str_eq(x->path, y->path);
}

/* Texts are told apart by a byte that none of them holds. */
static uint64_t hash_text(uint64_t hash, struct str s)
{
    return fnv_add(fnv_add(hash, s.data, s.len), "\xff", 1);
}

static struct entry key_of(struct str method, struct str endpoint, enum diff_where where,
                           enum diff_kind kind, struct str path)
{
    struct entry key = {
        .method = method, .endpoint = endpoint, .path = path, .where = where, .kind = kind};

    key.key.hash = diff_key_hash(where, kind, path);
    key.key.hash = hash_text(hash_text(key.key.hash, method), endpoint);
    return key;
}

/* Add to the entry, new if need be; its texts live in p->mem already. */
static int add(struct noise_profile *p, const struct entry *key, struct noise_rate rate,
               struct err *e)
{
    struct entry *x = (void *)table_find(&p->table, &key->key, same_entry);

    if (!x) {
        x = arena_alloc(&p->mem, sizeof *x, e);
        if (!x)
            return -1;
        *x = *key;
        if (table_put(&p->table, &x->key, e) < 0)
            return -1;
    }
    x->rate.noise += rate.noise;
    x->rate.of += rate.of;
    return 0;
}

/* ---- reading ---- */

static struct str text_at(const struct json_node *n, const char *name)
{
    const struct json_node *m = n->type == JSON_OBJECT ? json_member(n, str_of(name)) : NULL;

    return m && m->type == JSON_STRING ? m->text : (struct str){0};
}

static bool number_at(const struct json_node *n, const char *name, uint64_t *v)
{
    const struct json_node *m = n->type == JSON_OBJECT ? json_member(n, str_of(name)) : NULL;

    return m && m->type == JSON_NUMBER && str_to_u64(m->text, v) && *v < UINT64_C(1) << 40;
}

static const struct json_node *first_at(const struct json_node *n, const char *name)
{
    const struct json_node *m = n->type == JSON_OBJECT ? json_member(n, str_of(name)) : NULL;

    return m && m->type == JSON_ARRAY ? m->child : NULL;
}

static bool where_of(struct str name, enum diff_where *where)
{
    for (int i = 0; i < WHERE_COUNT; i++) {
        *where = (enum diff_where)i;
        if (str_eq(name, str_of(diff_where_name(*where))))
            return true;
    }
    return false;
}

static bool kind_of(struct str name, enum diff_kind *kind)
{
    for (int i = 0; i < KIND_COUNT; i++) {
        *kind = (enum diff_kind)i;
        if (str_eq(name, str_of(diff_kind_name(*kind))))
            return true;
    }
    return false;
}

static int read_field(struct noise_profile *p, struct str method, struct str endpoint,
                      const struct json_node *n, struct err *e)
{
    struct noise_rate rate;
    enum diff_where where;
    enum diff_kind kind;
    struct entry key;

    if (!where_of(text_at(n, "where"), &where) || !kind_of(text_at(n, "kind"), &kind) ||
        !text_at(n, "path").data || !number_at(n, "n", &rate.of) ||
        !number_at(n, "noise", &rate.noise) || rate.noise > rate.of)
        return err_set(e, ERR_USAGE, "a field of %.*s %.*s has not where, path, kind, n and noise",
                       STR_ARG(str_head(method, 16)), STR_ARG(str_head(endpoint, 80)));
    key = key_of(method, endpoint, where, kind, text_at(n, "path"));
    return add(p, &key, rate, e);
}

static int read_endpoint(struct noise_profile *p, const struct json_node *n, struct err *e)
{
    struct str method = text_at(n, "method"), path = text_at(n, "path");
    const struct json_node *pairs = n->type == JSON_OBJECT ? json_member(n, STR("pairs")) : NULL;

    if (!method.data || !path.data || !pairs || pairs->type != JSON_OBJECT)
        return err_set(e, ERR_USAGE, "an endpoint has not method, path and pairs");
    for (int w = 0; w < WHERE_COUNT; w++) {
        struct entry key = key_of(method, path, (enum diff_where)w, KIND_COUNT, STR(""));
        struct noise_rate rate = {0};

        if (number_at(pairs, diff_where_name((enum diff_where)w), &rate.of) &&
            add(p, &key, rate, e) < 0)
            return -1;
    }
    for (const struct json_node *f = first_at(n, "fields"); f; f = f->next) {
        if (read_field(p, method, path, f, e) < 0)
            return -1;
    }
    return 0;
}

static int read_document(struct noise_profile *p, struct str text, struct err *e)
{
    struct json_node *top;
    struct str copy, started;

    if (arena_dup(&p->mem, text, &copy, e) < 0)
        return -1;
    top = json_parse(copy, &p->mem, NULL, e);
    if (!top)
        return -1;
    if (!str_eq(text_at(top, "schema"), STR("mirrorctl.noise/1")))
        return err_set(e, ERR_USAGE,
                       "not a noise profile (mirrorctl.noise/1) as diff --learn-noise writes it");
    started = text_at(top, "started");
    if (started.data && (!p->started.data || str_cmp(started, p->started) < 0))
        p->started = started;
    for (const struct json_node *n = first_at(top, "endpoints"); n; n = n->next) {
        if (read_endpoint(p, n, e) < 0)
            return -1;
    }
    return 0;
}

int noise_profile_read(struct noise_profile *p, struct str text, const char *name, struct err *e)
{
    if (read_document(p, text, e) == 0)
        return 0;
    if (e->kind == ERR_INPUT)
        e->kind = ERR_USAGE;
    return err_wrap(e, "%s", name);
}

/* ---- asking ---- */

static const struct entry *find(const struct noise_profile *p, const struct entry *key)
{
    return (const void *)table_find(&p->table, &key->key, same_entry);
}

struct noise_rate noise_profile_rate(const struct noise_profile *p,
                                     const struct endpoint_name *endpoint, enum diff_where where,
                                     enum diff_kind kind, struct str path)
{
    struct entry field = key_of(endpoint->method, endpoint->path, where, kind, path);
    struct entry all = key_of(endpoint->method, endpoint->path, where, KIND_COUNT, STR(""));
    const struct entry *x = find(p, &field), *n = find(p, &all);

    return x ? x->rate : n ? n->rate : (struct noise_rate){0};
}

struct str noise_profile_started(const struct noise_profile *p)
{
    return p->started;
}

/* ---- writing ---- */

static void key_str(struct json_writer *w, const char *key, struct str s)
{
    json_key(w, key);
    json_str(w, s);
}

static void key_u64(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_u64(w, v);
}

/* v2 is v1, so both comparisons tell of v1's noise. */
static uint64_t pairs_of(const struct tally_endpoint *ep, enum diff_where where)
{
    return ep->of[where] + ep->control_of[where];
}

static void write_fields(struct json_writer *w, const struct tally_endpoint *ep)
{
    json_key(w, "fields");
    json_open_array(w);
    for (size_t i = 0; i < ep->fields.n_sorted; i++) {
        const struct tally_field *f = ep->fields.sorted[i];

        if (f->ignored || f == &ep->fields.other)
            continue;
        json_open_object(w);
        json_key(w, "where");
        json_cstr(w, diff_where_name(f->where));
        key_str(w, "path", f->path);
        json_key(w, "kind");
        json_cstr(w, diff_kind_name(f->kind));
        key_u64(w, "n", pairs_of(ep, f->where));
        key_u64(w, "noise", f->counts.raw + f->counts.noise);
        json_close(w);
    }
    json_close(w);
}

static void write_endpoint(struct json_writer *w, const struct tally_endpoint *ep,
                           const struct endpoint_name *name)
{
    json_open_object(w);
    key_str(w, "method", name->method);
    key_str(w, "path", name->path);
    json_key(w, "pairs");
    json_open_object(w);
    for (int i = 0; i < WHERE_COUNT; i++)
        key_u64(w, diff_where_name((enum diff_where)i), pairs_of(ep, (enum diff_where)i));
    json_close(w);
    write_fields(w, ep);
    json_close(w);
}

int noise_profile_write(const struct tally *t, const struct endpoint_names *names,
                        struct str started, struct buf *out, struct err *e)
{
    struct json_writer w;

    json_begin(&w, out, true, e);
    json_open_object(&w);
    json_key(&w, "schema");
    json_cstr(&w, "mirrorctl.noise/1");
    json_key(&w, "started");
    if (started.data)
        json_str(&w, started);
    else
        json_null(&w);
    json_key(&w, "endpoints");
    json_open_array(&w);
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++) {
        if (t->endpoints[i])
            write_endpoint(&w, t->endpoints[i], endpoint_names_at(names, i));
    }
    if (json_end_all(&w) < 0)
        return -1;
    return buf_addc(out, '\n', e);
}

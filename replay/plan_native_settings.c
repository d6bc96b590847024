/* plan_native_settings.c -- what a Mirror says of a whole run.
 *
 * What each setting means is for whoever runs the plan; here it is only seen that it
 * can be meant. The ranges are those of the options of `replay` that say the same. */
#include "core/http.h"
#include "replay/plan_native.h"

enum { MAX_CONCURRENCY = 65536, MAX_QUEUE = 1000000, MILLION = 1000000 };
static const uint64_t max_body = UINT64_C(240) << 20;
static const uint64_t max_rate = 10000000; /* a second */

/* ---- sample ---- */

static bool is_key(struct str key)
{
    struct str name = key, kind = str_cut(&name, ':');

    if (str_eq(key, STR("auto")) || str_eq(key, STR("request")) || str_eq(key, STR("client-ip")))
        return true;
    return (str_eq(kind, STR("header")) || str_eq(kind, STR("cookie"))) && http_is_token(name);
}

static void take_sample(struct plan_reader *r, const struct yaml_node *n, struct plan_settings *s)
{
    enum { KEY, SEED, COUNT };
    static const struct plan_known known[] = {[KEY] = {"key"}, [SEED] = {"seed"}};
    static const struct plan_fields fields = {"sample", known, COUNT};
    const struct yaml_node *v[COUNT];

    if (!plan_take(r, n, &fields, v, NULL))
        return;
    plan_take_text(r, v[SEED], "seed", &s->seed);
    if (plan_take_text(r, v[KEY], "key", &s->key) && s->key.data && !is_key(s->key))
        plan_error(r, "E602", v[KEY]->at,
                   "key must be auto, request, client-ip, header:NAME or cookie:NAME");
}

/* ---- methods, host ---- */

static void take_methods(struct plan_reader *r, const struct yaml_node *n, struct plan_settings *s)
{
    s->n_methods = native_texts(r, n, "methods", &s->methods);
    for (size_t i = 0; i < s->n_methods; i++) {
        if (!http_is_token(s->methods[i]))
            plan_error(r, "E602", n->at, "methods must be names such as GET, or all");
    }
}

static void take_host(struct plan_reader *r, const struct yaml_node *n, struct plan_settings *s)
{
    if (!plan_take_text(r, n, "host", &s->host) || !n)
        return;
    if (!http_may_be_host(s->host))
        plan_error(r, "E602", n->at, "host must be keep, target, shadow or a host name");
}

/* ---- limits ---- */

/* A whole number or a decimal one, in millionths. False: it is none, or beyond `most`. */
static bool millionths(struct str s, uint64_t most, uint64_t *v)
{
    struct str part = s, whole = str_cut(&part, '.');
    uint64_t fraction = 0, scale = MILLION;

    if (!str_to_u64(whole, v) || *v > most || (part.data && part.len == 0) || part.len > 6)
        return false;
    if (part.len && !str_to_u64(part, &fraction))
        return false;
    for (size_t i = 0; i < part.len; i++)
        scale /= 10;
    *v = *v * MILLION + fraction * scale;
    return *v <= most * MILLION;
}

static void take_rate(struct plan_reader *r, const struct yaml_node *n, struct plan_limits *l)
{
    struct str s = {0};
    uint64_t v;

    if (!n || !plan_take_text(r, n, "rate", &s))
        return;
    if (str_ends(s, STR("/s")))
        s = str_trim(str_head(s, s.len - 2));
    if (millionths(s, max_rate, &v) && v > 0)
        l->rate = (double)v / MILLION;
    else
        plan_error(r, "E602", n->at, "rate must be a number of requests a second such as 50/s");
}

static bool read_size(struct str s, uint64_t *bytes)
{
    static const struct {
        struct str name;
        uint64_t factor;
    } units[] = {
        {STR_INIT("KiB"), UINT64_C(1) << 10},
        {STR_INIT("MiB"), UINT64_C(1) << 20},
        {STR_INIT("GiB"), UINT64_C(1) << 30},
        {STR_INIT("kB"), 1000},
        {STR_INIT("MB"), 1000000},
        {STR_INIT("GB"), 1000000000},
        {STR_INIT("k"), UINT64_C(1) << 10},
        {STR_INIT("M"), UINT64_C(1) << 20},
        {STR_INIT("G"), UINT64_C(1) << 30},
        {STR_INIT("B"), 1},
        {STR_INIT(""), 1},
    };
    uint64_t v;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!str_ends(s, units[i].name))
            continue;
        return str_to_u64(str_trim(str_head(s, s.len - units[i].name.len)), &v) &&
               !__builtin_mul_overflow(v, units[i].factor, bytes);
    }
    return false;
}

static void take_body(struct plan_reader *r, const struct yaml_node *n, struct plan_limits *l)
{
    struct str s = {0};

    if (!n || !plan_take_text(r, n, "body", &s))
        return;
    if (!read_size(s, &l->body) || l->body == 0 || l->body > max_body) {
        l->body = 0;
        plan_error(r, "E602", n->at, "body must be a size such as 16MiB, up to 240MiB");
    }
}

static void take_error_rate(struct plan_reader *r, const struct yaml_node *n, struct plan_limits *l)
{
    if (!n)
        return;
    l->has_max_error = true;
    if (n->kind == YAML_SCALAR && str_eq(n->text, STR("off")))
        l->max_error_ppm = 0;
    else
        native_ppm(r, n, "max-error-rate", &l->max_error_ppm);
}

static void take_limits(struct plan_reader *r, const struct yaml_node *n, struct plan_limits *l)
{
    enum { RATE, CONCURRENCY, BODY, TIMEOUT, QUEUE, MAX_ERROR_RATE, COUNT };
    static const struct plan_known known[] = {
        [RATE] = {"rate"},   [CONCURRENCY] = {"concurrency"},
        [BODY] = {"body"},   [TIMEOUT] = {"timeout"},
        [QUEUE] = {"queue"}, [MAX_ERROR_RATE] = {"max-error-rate"},
    };
    static const struct plan_fields fields = {"limits", known, COUNT};
    const struct yaml_node *v[COUNT];

    if (!plan_take(r, n, &fields, v, NULL))
        return;
    take_rate(r, v[RATE], l);
    plan_take_int(r, v[CONCURRENCY], "concurrency", "E602", 1, MAX_CONCURRENCY, &l->concurrency);
    take_body(r, v[BODY], l);
    plan_take_duration(r, v[TIMEOUT], "timeout", &l->timeout_ns);
    plan_take_int(r, v[QUEUE], "queue", "E602", 1, MAX_QUEUE, &l->queue);
    take_error_rate(r, v[MAX_ERROR_RATE], l);
}

void native_settings(struct plan_reader *r, const struct native_settings *nodes)
{
    struct plan_settings *s = &r->plan->settings;

    take_sample(r, nodes->sample, s);
    take_methods(r, nodes->methods, s);
    s->changes = native_changes(r, nodes->headers);
    take_host(r, nodes->host, s);
    take_limits(r, nodes->limits, &s->limits);
}

#define OPT_STRUCT struct replay_options
#include "cli/replay_options.h"

#include <stdio.h>
#include <string.h>

#include "cli/notice.h"
#include "cli/value.h"
#include "core/http.h"

enum { MILLION = 1000000 };

const char *const replay_arrivals[] = {"even", "poisson", NULL};

/* In the order of enum replay_control. */
const char *const replay_controls[] = {"v1", "recorded", "none", NULL};
/* In the order of enum replay_baseline. */
const char *const replay_baselines[] = {"v1", "recorded", NULL};

enum { CONNECTIONS_POOLED, CONNECTIONS_RECORDED };
static const char *const connection_kinds[] = {"pooled", "recorded", NULL};
static const char *const missing_keys[] = {"skip", "request", NULL};

static option_reader read_percent, read_error_rate, read_factor, read_host, read_key;

const struct option_spec replay_options[] = {
    OPT_STRING(0, "v1", v1, "URL",
               "the version in service, as http://host:port, https://host or unix:/path"),
    OPT_LIST(0, "v2", candidates, "URL",
             "the version under test; given again, v3, v4, ..., each compared with v1"),
    OPT_LIST('c', "config", config, "FILE",
             "YAML of Istio, the Gateway API or mirrorctl's own, a directory of it, or -: what is "
             "mirrored where, instead of or beside --v1 and --v2; repeatable"),
    OPT_CHOICE(0, "baseline", baseline, "WHAT", replay_baselines,
               "compare with what v1 answers (default), or with the recorded answer: then v1 gets "
               "no call, but as --control where it is given"),
    OPT_OWN(0, "percent", share, "P", read_percent,
            "mirror P percent of the requests, down to 0.0001 (default 100, or what --config "
            "says)"),
    OPT_STRING(0, "seed", seed, "TEXT",
               "seed of the draw: the same seed chooses the same requests (default mirrorctl/v1)"),
    OPT_OWN(0, "sample-key", key, "KEY", read_key,
            "what is drawn: requests (auto, request), or all with one header:NAME, cookie:NAME or "
            "client-ip at once (default auto)"),
    OPT_CHOICE(0, "missing-key", missing_key, "WHAT", missing_keys,
               "a request without that key: skip it (default), or draw it as a request"),
    OPT_OWN(0, "speed", speed, "X", read_factor, "X times the recorded pace (default 1)"),
    OPT_OWN(0, "rate", rate, "N", read_factor,
            "N requests a second instead, whatever the targets do"),
    OPT_FLAG(0, "max", max, "as fast as --concurrency allows instead"),
    OPT_COUNT(0, "concurrency", concurrency, "N", 1, 65536,
              "requests in flight per target (default 64)"),
    OPT_FLAG(0, "no-order", no_order,
             "let requests of one recorded connection overtake and overlap each other"),
    OPT_CHOICE(0, "connections", connections, "HOW", connection_kinds,
               "pooled: a request takes any free connection (default); recorded: one connection "
               "for each recorded one"),
    OPT_TIME(0, "timeout", timeout_ns, "give a request up after TIME (default 10s)"),
    OPT_TIME(0, "connect-timeout", connect_timeout_ns,
             "give a connection up after TIME, TLS included (default: --timeout)"),
    OPT_OWN(0, "max-error-rate", max_errors, "P", read_error_rate,
            "leave a target alone for a while when P percent of its calls fail within 10 seconds, "
            "or off (default 50)"),
    OPT_STRING(0, "methods", methods, "LIST",
               "send only these methods, or all (default GET,HEAD,OPTIONS)"),
    OPT_LIST(0, "only", only, "PATTERN",
             "send only requests like \"GET /users/{id}\" or /public/*; repeatable"),
    OPT_LIST(0, "skip", skip, "PATTERN", "never send requests like /logout; repeatable"),
    OPT_CHOICE(0, "control", control, "WHAT", replay_controls,
               "measure the noise of v1 itself by a second call to v1 (default), by the recorded "
               "answer, or by none"),
    OPT_OWN(0, "host", host, "HOST", read_host,
            "Host header: keep (as captured, default), target (the target's), shadow (with "
            "-shadow added), or a name"),
    OPT_LIST(0, "header", header, "FIELD",
             "send 'Name: value' in place of such a field, or with the others; @FILE: those in "
             "FILE, one a line; repeatable"),
    OPT_LIST(0, "header-v1", header_for[0], "FIELD", "the same for v1 and its control only"),
    OPT_LIST(0, "header-v2", header_for[1], "FIELD", "the same for v2 only"),
    OPT_LIST(0, "header-v3", header_for[2], "FIELD", "the same for v3 only"),
    OPT_LIST(0, "header-v4", header_for[3], "FIELD", "the same for v4 only"),
    OPT_LIST(0, "header-v5", header_for[4], "FIELD", "the same for v5 only"),
    OPT_LIST(0, "header-v6", header_for[5], "FIELD", "the same for v6 only"),
    OPT_LIST(0, "header-v7", header_for[6], "FIELD", "the same for v7 only"),
    OPT_LIST(0, "header-v8", header_for[7], "FIELD", "the same for v8 only"),
    OPT_LIST(0, "header-v9", header_for[8], "FIELD", "the same for v9 only"),
    OPT_LIST(0, "remove-header", remove_header, "NAME",
             "leave fields of this name out, before others are set; repeatable"),
    OPT_FLAG(0, "dry-run", dry_run, "send nothing, account for everything"),
    OPT_FLAG(0, "include-anomalous", include_anomalous,
             "also send requests that two readers could read differently"),
    OPT_STRING(0, "cacert", ca_file, "FILE", "trust the certificates in FILE (PEM)"),
    OPT_STRING(0, "cert", cert_file, "FILE",
               "the certificate to show to targets that want one (PEM)"),
    OPT_STRING(0, "key", key_file, "FILE", "its private key, unless --cert holds that too (PEM)"),
    OPT_FLAG(0, "insecure", insecure, "do not check certificates"),
    OPT_LIST(0, "resolve", resolve, "HOST:PORT:ADDR[,ADDR]",
             "where a target is, instead of looking its name up; repeatable"),
    OPT_OWN(0, "proxy", proxy, "URL", option_proxy,
            "go through a proxy: http://host:port, socks5://... or socks5h://...; @FILE reads the "
            "URL from FILE"),
    OPT_STRING(0, "metrics", metrics, "ADDR:PORT",
               "serve GET /metrics for Prometheus while it runs; without ADDR on the loopback, "
               "port 0 is any"),
    OPT_END,
};

/* Parts per million are 10^4 times a percentage: exact as a decimal number,
 * which a double of 0.0001 is not. */
static int read_percent(const struct option_spec *spec, void *field, const char *value,
                        struct err *e)
{
    uint64_t ppm, finer;

    (void)spec;
    if (value_decimal(value, 4, &ppm) && ppm <= MILLION) {
        *(struct replay_share_option *)field = (struct replay_share_option){ppm, true};
        return 0;
    }
    if (value_decimal(value, 15, &finer))
        return err_set(e, ERR_USAGE, "\"%s\" is not a number from 0 to 100 in steps of 0.0001",
                       value);
    return err_set(e, ERR_USAGE, "\"%s\" is not a number from 0 to 100", value);
}

static int read_error_rate(const struct option_spec *spec, void *field, const char *value,
                           struct err *e)
{
    uint64_t ppm = 0;

    (void)spec;
    if (strcmp(value, "off") != 0 && (!value_decimal(value, 4, &ppm) || ppm == 0 || ppm > MILLION))
        return err_set(e, ERR_USAGE, "\"%s\" is not a number above 0 and up to 100, or off", value);
    *(struct replay_errors_option *)field = (struct replay_errors_option){ppm, true};
    return 0;
}

static int read_factor(const struct option_spec *spec, void *field, const char *value,
                       struct err *e)
{
    uint64_t millionths;

    (void)spec;
    if (!value_decimal(value, 6, &millionths) || millionths == 0 ||
        millionths > UINT64_C(10000000) * MILLION)
        return err_set(e, ERR_USAGE,
                       "\"%s\" is not a number from 0.000001 to 10000000, such as 0.5 or 200",
                       value);
    *(double *)field = (double)millionths / MILLION;
    return 0;
}

/* header:NAME and cookie:NAME. */
static bool read_named_key(const char *value, struct replay_key_option *key)
{
    struct str rest = str_of(value), kind = str_cut(&rest, ':');

    if (!http_is_token(rest))
        return false;
    *key = (struct replay_key_option){str_eq(kind, STR("header")) ? KEY_HEADER : KEY_COOKIE,
                                      rest.data, value};
    return str_eq(kind, STR("header")) || str_eq(kind, STR("cookie"));
}

static int read_key(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    static const struct {
        const char *name;
        enum replay_key kind;
    } plain[] = {{"auto", KEY_AUTO}, {"request", KEY_REQUEST}, {"client-ip", KEY_CLIENT_IP}};
    struct replay_key_option *key = field;

    (void)spec;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(value, plain[i].name) == 0) {
            *key = (struct replay_key_option){plain[i].kind, NULL, value};
            return 0;
        }
    }
    if (read_named_key(value, key))
        return 0;
    return err_set(e, ERR_USAGE,
                   "\"%s\" is not auto, request, client-ip, header:NAME or cookie:NAME", value);
}

static int read_host(const struct option_spec *spec, void *field, const char *value, struct err *e)
{
    static const char *const kinds[] = {
        [HOST_KEEP] = "keep", [HOST_TARGET] = "target", [HOST_SHADOW] = "shadow"};
    struct replay_host_option *host = field;

    (void)spec;
    *host = (struct replay_host_option){HOST_NAME, value, true};
    for (int i = HOST_KEEP; i <= HOST_SHADOW; i++) {
        if (strcmp(value, kinds[i]) == 0)
            *host = (struct replay_host_option){(enum replay_host)i, NULL, true};
    }
    if (*value == '\0')
        return err_set(e, ERR_USAGE, "the argument is empty");
    if (!http_may_be_host(str_of(value)))
        return err_set(e, ERR_USAGE, "\"%s\" is not keep, target, shadow or a host name", value);
    return 0;
}

int replay_options_check(const struct replay_options *o, struct err *e)
{
    bool has_v2 = o->candidates.n > 0;

    if (o->config.n == 0 && (!has_v2 || (!o->v1 && o->baseline == BASELINE_V1)))
        return err_set(e, ERR_USAGE,
                       "--%s is missing: say where the %s runs, such as "
                       "http://127.0.0.1:8080, or name YAML that says it with --config",
                       has_v2 ? "v1" : "v2", has_v2 ? "version in service" : "version under test");
    if (o->control == CONTROL_V1 && o->config.n == 0 && !o->v1)
        return err_set(e, ERR_USAGE,
                       "--control v1 is a second call to v1: --v1 is missing, say where it runs");
    if (o->candidates.n > REPLAY_MAX_CANDIDATES)
        return err_set(e, ERR_USAGE, "--v2 can be given at most %d times", REPLAY_MAX_CANDIDATES);
    if ((o->speed > 0) + (o->rate > 0) + o->max > 1)
        return err_set(e, ERR_USAGE, "--speed, --rate and --max exclude each other");
    if (o->ramp_ns && o->max)
        return err_set(e, ERR_USAGE, "--ramp needs a --rate or --speed to reach: --max has none");
    if (o->no_order && o->connections == CONNECTIONS_RECORDED)
        return err_set(e, ERR_USAGE, "--connections recorded and --no-order exclude each other");
    return 0;
}

/* ---- what the configuration says ---------------------------------------------- */

static int settle_methods(struct replay_options *o, const struct plan_settings *s, struct err *e)
{
    size_t n = 0, room = sizeof o->methods_room;

    for (size_t i = 0; i < s->n_methods && n < room; i++)
        n += (size_t)snprintf(o->methods_room + n, room - n, "%s%.*s", i ? "," : "",
                              STR_ARG(s->methods[i]));
    if (n >= room)
        return err_set(e, ERR_USAGE, "methods of the configuration: more than %zu characters",
                       room - 1);
    if (s->n_methods)
        o->methods = o->methods_room;
    return 0;
}

static void settle_limits(struct replay_options *o, const struct plan_limits *l)
{
    if (l->rate > 0 && !(o->speed > 0) && !(o->rate > 0) && !o->max)
        o->rate = l->rate;
    if (!o->concurrency)
        o->concurrency = l->concurrency;
    if (!o->timeout_ns)
        o->timeout_ns = l->timeout_ns;
    if (!o->max_errors.said && l->has_max_error)
        o->max_errors = (struct replay_errors_option){l->max_error_ppm, true};
    o->queue = l->queue;
    o->max_request = l->body;
}

static int settle_by_plan(struct replay_options *o, const struct plan_settings *s, struct err *e)
{
    if (!o->seed)
        o->seed = s->seed.data;
    if (!o->key.text && s->key.data && read_key(NULL, &o->key, s->key.data, e) < 0)
        return -1;
    if (!o->host.said && s->host.data && read_host(NULL, &o->host, s->host.data, e) < 0)
        return -1;
    settle_limits(o, &s->limits);
    return o->methods ? 0 : settle_methods(o, s, e);
}

bool replay_options_ask_v1(const struct replay_options *o)
{
    return o->baseline == BASELINE_V1 || o->control == CONTROL_V1 || (o->control < 0 && o->v1);
}

int replay_options_settle(struct replay_options *o, const struct plan *plan, struct err *e)
{
    if (plan && settle_by_plan(o, &plan->settings, e) < 0)
        return err_wrap(e, "configuration");
    if (!o->share.said)
        o->share.ppm = MILLION;
    if (o->control < 0)
        o->control = replay_options_ask_v1(o) ? CONTROL_V1 : CONTROL_NONE;
    if (!o->seed)
        o->seed = "mirrorctl/v1";
    if (!o->key.text)
        o->key = (struct replay_key_option){KEY_AUTO, NULL, "auto"};
    if (!o->methods)
        o->methods = "GET,HEAD,OPTIONS";
    if (!o->concurrency)
        o->concurrency = 64;
    if (!o->timeout_ns)
        o->timeout_ns = 10 * NS_PER_SEC;
    if (!o->max_errors.said)
        o->max_errors.ppm = MILLION / 2;
    if (o->arrivals == 1 && !(o->rate > 0))
        return err_set(e, ERR_USAGE,
                       "--arrivals poisson needs a --rate: recorded requests arrive as "
                       "they did");
    return 0;
}

bool replay_options_draw_keys(const struct replay_options *o)
{
    return o->key.kind == KEY_HEADER || o->key.kind == KEY_COOKIE || o->key.kind == KEY_CLIENT_IP;
}

void replay_options_configure(const struct replay_options *o, struct replay_config *c)
{
    c->v1 = o->v1;
    for (size_t i = 0; i < o->candidates.n; i++)
        c->candidates[c->n_candidates++] = o->candidates.items[i];
    c->baseline = (enum replay_baseline)o->baseline;
    c->ppm = (uint32_t)o->share.ppm;
    c->ppm_said = o->share.said;
    c->seed = o->seed;
    c->key = o->key.kind;
    c->key_name = o->key.name;
    c->poisson = o->arrivals == 1;
    c->ramp_ns = o->ramp_ns;
    c->duration_ns = o->duration_ns;
    c->loops = o->loops;
    c->shard = o->shard.index;
    c->shards = o->shard.count;
    c->missing_key_is_place = o->missing_key == 1;
    c->pace = o->max ? PACE_MAX : o->rate > 0 ? PACE_RATE : PACE_RECORDED;
    c->speed = o->speed > 0 ? o->speed : 1;
    c->rate = o->rate;
    c->concurrency = (unsigned)o->concurrency;
    c->queue = o->queue;
    c->max_request = o->max_request;
    c->no_order = o->no_order;
    c->own_connections = o->connections == CONNECTIONS_RECORDED;
    c->timeout_ns = o->timeout_ns;
    c->methods = o->methods;
    c->only = o->only.items;
    c->n_only = o->only.n;
    c->skip = o->skip.items;
    c->n_skip = o->skip.n;
    c->control = (enum replay_control)o->control;
    c->host = o->host.kind;
    c->host_said = o->host.said;
    c->host_name = o->host.name;
    c->include_anomalous = o->include_anomalous;
    c->dry_run = o->dry_run;
    c->ca_file = o->ca_file;
    c->insecure = o->insecure;
    c->cert_file = o->cert_file;
    c->key_file = o->key_file;
    c->resolve = (const char *const *)o->resolve.items;
    c->n_resolve = o->resolve.n;
    c->proxy = *o->proxy.url ? o->proxy.url : NULL;
    c->connect_timeout_ns = o->connect_timeout_ns;
    c->max_error_ppm = (uint32_t)o->max_errors.ppm;
    c->breaker = notice_breaker;
}

int replay_options_headers(const struct replay_options *o, struct headers *h,
                           struct replay_config *c, struct err *e)
{
    char option[] = "--header-v?";

    if (headers_add(h, "--remove-header", &o->remove_header, 0, true, e) < 0 ||
        headers_add(h, "--header", &o->header, 0, false, e) < 0)
        return -1;
    for (unsigned i = 0; i < REPLAY_OPTIONS_VERSIONS; i++) {
        option[sizeof option - 2] = (char)('1' + i);
        if (headers_add(h, option, &o->header_for[i], i + 1, false, e) < 0)
            return -1;
    }
    c->fields = h->list;
    c->n_fields = h->n;
    return 0;
}

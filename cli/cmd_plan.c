/* What the YAML decides: the plan as a whole, about one request, or about a record. */
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/plan_sources.h"
#include "cli/plan_traffic.h"
#include "cli/status.h"
#include "core/http.h"
#include "replay/plan.h"

enum { OUT_MAX = 256 * 1024 * 1024, HEAD_MAX = 256 * 1024 };

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

struct options {
    struct plan_sources sources;
    int format;
    const char *explain;
    struct option_list header;
    const char *traffic;
};

static const struct option_spec table[] = {
    OPT_PART(sources, plan_sources),
    OPT_CHOICE(0, "format", format, "FORMAT", formats,
               "text (default): mirrorctl's own YAML, which reads back to the same plan; or json"),
    OPT_STRING(0, "explain", explain, "'METHOD TARGET'",
               "tell which rule decides about such a request, and what those before it lack"),
    OPT_LIST('H', "header", header, "FIELD",
             "'Name: value', a header field of that request; repeatable"),
    OPT_STRING(0, "traffic", traffic, "RECORD",
               "count the requests of RECORD that each rule takes, and that would be mirrored"),
    OPT_END,
};

static const struct options defaults = {0};

static int check(const struct options *o, int argc, char **argv, struct err *e)
{
    if (argc == 0)
        return err_set(e, ERR_USAGE,
                       "FILE is missing: YAML of Istio, the Gateway API or "
                       "mirrorctl, a directory of it, or -");
    if (o->header.n && !o->explain)
        return err_set(e, ERR_USAGE, "--header is of the request that --explain is about");
    if (o->explain && o->traffic)
        return err_set(e, ERR_USAGE, "--explain and --traffic exclude each other");
    for (int i = 0; o->traffic && i < argc; i++) {
        if (strcmp(o->traffic, "-") == 0 && strcmp(argv[i], "-") == 0)
            return err_set(e, ERR_USAGE, "standard input cannot be both YAML and the record");
    }
    if (o->explain && o->format == FORMAT_JSON)
        return err_set(e, ERR_USAGE, "--explain is text, for people: leave out --format json");
    return 0;
}

/* ---- one request ------------------------------------------------------------------ */

static bool has_field(const struct option_list *fields, struct str name)
{
    for (size_t i = 0; i < fields->n; i++) {
        struct str field = str_of(fields->items[i]);

        if (str_ieq(str_trim(str_head(field, str_find(field, ':'))), name))
            return true;
    }
    return false;
}

static int no_request(const char *text, struct err *e)
{
    return err_set(e, ERR_USAGE, "--explain: \"%s\" is not a request like 'GET /movies/7'", text);
}

static bool is_url(struct str target)
{
    return str_istarts(target, STR("http://")) || str_istarts(target, STR("https://"));
}

/* The head of a request as it would be captured. An absolute target names the host. */
static int write_head(const struct options *o, struct buf *head, struct err *e)
{
    struct str target = str_of(o->explain), method = str_cut(&target, ' '), host = {0};

    if (is_url(target)) {
        host = str_skip(target, str_find(target, ':') + 3);
        target = str_skip(host, str_find(host, '/'));
        host = str_head(host, str_find(host, '/'));
        target = target.len ? target : STR("/");
    }
    if (!http_is_token(method) || str_find(target, ' ') < target.len ||
        !(str_starts(target, STR("/")) || str_eq(target, STR("*"))))
        return no_request(o->explain, e);
    if (buf_printf(head, e, "%.*s %.*s HTTP/1.1\r\n", STR_ARG(method), STR_ARG(target)) < 0)
        return -1;
    if (host.len && !has_field(&o->header, STR("Host")))
        return buf_printf(head, e, "Host: %.*s\r\n", STR_ARG(host));
    return 0;
}

static int write_request(const struct options *o, struct buf *head, struct err *e)
{
    struct http_request_line line;

    if (write_head(o, head, e) < 0)
        return -1;
    for (size_t i = 0; i < o->header.n; i++) {
        struct str field = str_of(o->header.items[i]);
        struct str name = str_head(field, str_find(field, ':'));

        if (name.len == field.len || !http_is_token(name) || strpbrk(field.data, "\r\n"))
            return err_set(e, ERR_USAGE, "--header: \"%s\" is not 'Name: value'",
                           o->header.items[i]);
        if (buf_printf(head, e, "%.*s\r\n", STR_ARG(field)) < 0)
            return -1;
    }
    if (buf_add(head, STR("\r\n"), e) < 0)
        return -1;
    if (!http_request_start(buf_str(head), &line))
        return no_request(o->explain, e);
    return 0;
}

/* What a capture knows of a request and its head does not say; a URL does. */
static void take_url(const char *text, struct plan_request *r)
{
    struct str target = str_of(text), host;
    uint64_t port;

    str_cut(&target, ' ');
    if (!is_url(target))
        return;
    r->scheme = str_istarts(target, STR("https")) ? STR("https") : STR("http");
    host = str_skip(target, r->scheme.len + 3);
    host = str_head(host, str_find(host, '/'));
    if (str_find(host, ']') < host.len)
        host = str_skip(host, str_find(host, ']')); /* the colons of IPv6 */
    if (str_to_u64(str_skip(host, str_find(host, ':') + 1), &port) && port <= UINT16_MAX)
        r->port = (uint16_t)port;
}

static int explain(const struct options *o, const struct plan *plan, struct buf *out, struct err *e)
{
    struct plan_request request;
    struct buf head;
    int rc = -1;

    buf_init(&head, HEAD_MAX);
    if (write_request(o, &head, e) == 0) {
        if (plan_request_of_head(&request, buf_str(&head))) {
            take_url(o->explain, &request);
            rc = plan_explain(plan, &request, out, e);
        } else {
            no_request(o->explain, e);
        }
    }
    buf_release(&head);
    return rc;
}

/* ---- output ------------------------------------------------------------------------ */

static int write_plan(const struct options *o, struct config *c, struct buf *out, struct err *e)
{
    if (o->explain)
        return explain(o, c->plan, out, e);
    if (o->traffic)
        return plan_traffic(c, o->traffic, o->format == FORMAT_JSON, out, e);
    if (o->format == FORMAT_JSON)
        return plan_print_json(c->plan, &c->diags, out, e) < 0 ? -1 : buf_addc(out, '\n', e);
    return plan_print(c->plan, out, e);
}

/* A record that is damaged is counted up to there. */
static int print(const struct options *o, struct config *c, struct err *e)
{
    struct output out = {STDOUT_FILENO, "standard output"};
    struct buf text;
    int rc;

    buf_init(&text, OUT_MAX);
    rc = write_plan(o, c, &text, e);
    if ((rc == 0 || e->kind == ERR_DAMAGED) &&
        output_write(&out, buf_str(&text), rc < 0 ? NULL : e) < 0)
        rc = -1;
    buf_release(&text);
    return rc;
}

static int run_plan(const void *options, int argc, char **argv)
{
    const struct options *o = options;
    const struct config_urls no_urls = {0};
    struct err e = {0};
    struct config c;
    int status;

    if (check(o, argc, argv, &e) < 0)
        return status_fail(&e);
    config_init(&c);
    if (config_read(&c, (const char *const *)argv, (size_t)argc, &o->sources, &no_urls, &e) < 0) {
        status = status_fail(&e);
    } else {
        status = config_tell(&c) ? EXIT_USAGE : EXIT_DONE;
        if (print(o, &c, &e) < 0)
            status = status_worst(status, status_fail(&e));
    }
    config_release(&c);
    return status;
}

const struct command cmd_plan = {
    .name = "plan",
    .summary = "tell what the YAML decides, for all traffic or for one request",
    .operands = "FILE...",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof defaults,
    .run = run_plan,
};

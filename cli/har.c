#include "cli/har.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "core/clock.h"
#include "core/hide.h"
#include "core/json.h"

/* A writer and what its pieces need. */
struct har {
    struct json_writer w;
    struct buf scratch;
    struct buf plain; /* a value without its secrets */
    struct har_style style;
    struct err *e;
};

enum { SCRATCH_MAX = 1 << 30, NAME_MAX_BYTES = 64 };

static void put(struct har *h, const char *key, struct str value)
{
    json_key(&h->w, key);
    json_str(&h->w, value);
}

/* The result of filling h->scratch; a failure sticks to the writer. */
static struct str scratched(struct har *h, int rc)
{
    if (rc < 0)
        h->w.failed = true;
    return buf_str(&h->scratch);
}

static void put_base64(struct har *h, const char *key, struct str bytes)
{
    buf_reset(&h->scratch);
    put(h, key, scratched(h, text_base64(&h->scratch, bytes, h->e)));
}

/* `key`, and `key`_base64 with one leading `_` where it is not text. */
static void put_exact(struct har *h, const char *key, struct str value)
{
    char exact[NAME_MAX_BYTES];

    put(h, key, value);
    if (text_is_utf8(value))
        return;
    snprintf(exact, sizeof exact, "%s%s_base64", key[0] == '_' ? "" : "_", key);
    put_base64(h, exact, value);
}

static void put_ms(struct har *h, const char *key, int64_t from_ns, int64_t to_ns)
{
    json_key(&h->w, key);
    if (from_ns == 0 || to_ns == 0)
        json_i64(&h->w, -1); /* HAR's "does not apply" */
    else
        json_double(&h->w, to_ns > from_ns ? (double)(to_ns - from_ns) / 1e6 : 0);
}

static void put_time(struct har *h, const char *key, int64_t wall_ns)
{
    char text[TEXT_TIME];

    put(h, key, str_of(text_time(wall_ns, 9, text)));
}

static void put_endpoint(struct har *h, const char *key, const struct endpoint *ep)
{
    char text[ENDPOINT_TEXT];

    if (ep->family != 0)
        put(h, key, str_of(endpoint_text(ep, text)));
}

/* ---- pieces of messages ----------------------------------------------------- */

/* A target or URL as it may be shown; good until the next. */
static struct str shown_url(struct har *h, struct str url)
{
    if (h->style.show_secrets)
        return url;
    buf_reset(&h->plain);
    if (hide_in_url(&h->plain, url, h->e) < 0)
        h->w.failed = true;
    return buf_str(&h->plain);
}

static struct str shown_value(struct har *h, const struct http_field *f)
{
    if (h->style.show_secrets)
        return f->value;
    buf_reset(&h->plain);
    if (hide_in_field(&h->plain, f, h->e) < 0)
        h->w.failed = true;
    return buf_str(&h->plain);
}

static void put_fields(struct har *h, const char *key, struct str rest)
{
    struct http_field f;

    json_key(&h->w, key);
    json_open_array(&h->w);
    while (http_next_field(&rest, &f)) {
        json_open_object(&h->w);
        put_exact(h, "name", f.name);
        put_exact(h, "value", shown_value(h, &f));
        json_close(&h->w);
    }
    json_close(&h->w);
}

static void put_sizes(struct har *h, const struct http_message *m)
{
    json_key(&h->w, "headersSize");
    json_u64(&h->w, m->head.len);
    json_key(&h->w, "bodySize");
    json_u64(&h->w, m->body_size);
}

/* mimeType, and the content as text or in base64. */
static void put_content(struct har *h, const struct http_message *m, const char *encoding)
{
    struct buf plain;
    struct str type = {0};
    bool hidden = false;
    int rc;

    http_find_field(m->head, STR("content-type"), &type);
    put(h, "mimeType", type);
    buf_init(&plain, SCRATCH_MAX);
    rc = h->style.show_secrets ? buf_add(&plain, m->body, h->e)
                               : hide_in_body(&plain, m, &hidden, h->e);
    if (rc < 0)
        h->w.failed = true;
    if (text_is_utf8(buf_str(&plain))) {
        put(h, "text", buf_str(&plain));
    } else {
        put_base64(h, "text", buf_str(&plain));
        put(h, encoding, STR("base64"));
    }
    if (hidden) {
        json_key(&h->w, "_hidden");
        json_bool(&h->w, true);
    }
    buf_release(&plain);
}

static void put_trailers(struct har *h, const struct http_message *m)
{
    if (m->trailers.len)
        put_fields(h, "_trailers", m->trailers);
}

/* An absolute URL: the target where it is one, else what it is relative to.
 * Host comes from the request; without it the server's address must do. */
static void put_url(struct har *h, const struct exchange *x, struct str target)
{
    struct str host = {0};
    char server[ENDPOINT_TEXT];
    int rc;

    if (!http_find_field(x->request.head, STR("host"), &host) || !host.len)
        host = str_of(endpoint_text(&x->server, server));
    buf_reset(&h->scratch);
    if (str_istarts(target, STR("http://")) || str_istarts(target, STR("https://")))
        rc = buf_add(&h->scratch, target, h->e);
    else if (!str_starts(target, STR("/")))
        rc = buf_printf(&h->scratch, h->e, "http://%.*s/", STR_ARG(host));
    else if ((rc = buf_printf(&h->scratch, h->e, "http://%.*s", STR_ARG(host))) == 0)
        rc = buf_add(&h->scratch, target, h->e);
    put(h, "url", scratched(h, rc));
}

static void put_query(struct har *h, struct str target)
{
    struct str query = str_skip(target, str_find(target, '?'));

    json_key(&h->w, "queryString");
    json_open_array(&h->w);
    query = str_skip(query, 1);
    while (query.len) {
        struct str value = str_cut(&query, '&');
        struct str name = str_cut(&value, '=');

        json_open_object(&h->w);
        put(h, "name", name);
        put(h, "value", value);
        json_close(&h->w);
    }
    json_close(&h->w);
}

/* HAR asks for parsed cookies; they stand in the headers, and are secrets. */
static void put_no_cookies(struct har *h)
{
    json_key(&h->w, "cookies");
    json_open_array(&h->w);
    json_close(&h->w);
}

/* A line that ends without a version is of HTTP/0.9; or it breaks off. */
static struct str http_version(struct str head, const struct http_request_line *line)
{
    if (line->version.len)
        return line->version;
    return str_find(head, '\n') < head.len ? STR("HTTP/0.9") : STR("unknown");
}

static void put_request(struct har *h, const struct exchange *x)
{
    const struct http_message *m = &x->request;
    struct http_request_line line = {0};
    struct str target;

    json_key(&h->w, "request");
    if (!m->head.len) {
        json_null(&h->w);
        return;
    }
    if (!http_request_start(m->head, &line))
        http_garbled_line(m->head, &line);
    json_open_object(&h->w);
    put(h, "method", line.method);
    target = shown_url(h, line.target);
    put_url(h, x, target);
    put_exact(h, "_target", target);
    put(h, "httpVersion", http_version(m->head, &line));
    put_no_cookies(h);
    put_fields(h, "headers", http_fields(m->head));
    put_query(h, shown_url(h, line.target));
    if (m->body_size) {
        json_key(&h->w, "postData");
        json_open_object(&h->w);
        put_content(h, m, "_encoding");
        json_close(&h->w);
    }
    put_trailers(h, m);
    put_sizes(h, m);
    json_close(&h->w);
}

struct str har_cut_head(struct str *heads)
{
    size_t n = 0;

    while (n < heads->len) {
        size_t line = str_find(str_skip(*heads, n), '\n');
        bool is_empty = line == 0 || (line == 1 && heads->data[n] == '\r');

        n += line + 1;
        if (is_empty)
            break;
    }
    struct str head = str_head(*heads, n);
    *heads = str_skip(*heads, n);
    return head;
}

static void put_informational(struct har *h, struct str heads)
{
    if (!heads.len)
        return;
    json_key(&h->w, "_informational");
    json_open_array(&h->w);
    while (heads.len) {
        struct str head = har_cut_head(&heads);
        struct http_status_line line = {0};

        http_status_line(head, &line);
        json_open_object(&h->w);
        json_key(&h->w, "status");
        json_i64(&h->w, line.status);
        put_exact(h, "statusText", line.reason);
        put_fields(h, "headers", http_fields(head));
        json_close(&h->w);
    }
    json_close(&h->w);
}

static void put_response(struct har *h, const struct http_message *m, struct str informational)
{
    struct http_status_line line = {0};
    struct str location = {0};

    json_key(&h->w, "response");
    if (!m->head.len) {
        json_null(&h->w);
        put_informational(h, informational);
        return;
    }
    http_status_line(m->head, &line);
    http_find_field(m->head, STR("location"), &location);
    json_open_object(&h->w);
    json_key(&h->w, "status");
    json_i64(&h->w, line.status);
    put_exact(h, "statusText", line.reason);
    put(h, "httpVersion", line.version);
    put_no_cookies(h);
    put_fields(h, "headers", http_fields(m->head));
    json_key(&h->w, "content");
    json_open_object(&h->w);
    json_key(&h->w, "size");
    json_u64(&h->w, m->body_size);
    put_content(h, m, "encoding");
    json_close(&h->w);
    put(h, "redirectURL", shown_url(h, location));
    put_informational(h, informational);
    put_trailers(h, m);
    put_sizes(h, m);
    json_close(&h->w);
}

/* What browsers write where there is no answer: HAR knows no entry without one. */
static void put_no_response(struct har *h)
{
    json_key(&h->w, "response");
    json_raw(&h->w, STR("{\"status\":0,\"statusText\":\"\",\"httpVersion\":\"\",\"cookies\":[],"
                        "\"headers\":[],\"content\":{\"size\":0,\"mimeType\":\"x-unknown\"},"
                        "\"redirectURL\":\"\",\"headersSize\":-1,\"bodySize\":-1}"));
}

static void put_no_request(struct har *h)
{
    json_key(&h->w, "request");
    json_raw(&h->w,
             STR("{\"method\":\"\",\"url\":\"about:blank\",\"httpVersion\":\"\",\"cookies\":[],"
                 "\"headers\":[],\"queryString\":[],\"headersSize\":-1,\"bodySize\":-1}"));
}

static void put_messages(struct har *h, const struct exchange *x)
{
    if (h->style.document && !x->request.head.len)
        put_no_request(h);
    else
        put_request(h, x);
    if (h->style.document && !x->response.head.len)
        put_no_response(h);
    else
        put_response(h, &x->response, x->informational);
}

static void put_flags(struct har *h, uint32_t flags, bool tunnel)
{
    json_key(&h->w, "_flags");
    json_open_array(&h->w);
    for (uint32_t flag = 1; flag <= HTTP_LAST; flag <<= 1) {
        if (flags & flag)
            json_cstr(&h->w, http_flag_name(flag));
    }
    if (tunnel)
        json_cstr(&h->w, "tunnel");
    json_close(&h->w);
}

/* ---- entries ---------------------------------------------------------------- */

static void har_begin(struct har *h, struct buf *out, struct har_style style, struct err *e)
{
    memset(h, 0, sizeof *h);
    h->style = style;
    h->e = e;
    buf_init(&h->scratch, SCRATCH_MAX);
    buf_init(&h->plain, SCRATCH_MAX);
    json_begin(&h->w, out, false, e);
    json_open_object(&h->w);
}

static int har_end(struct har *h, struct buf *out)
{
    buf_release(&h->scratch);
    buf_release(&h->plain);
    if (json_end_all(&h->w) < 0)
        return -1;
    return buf_addc(out, '\n', h->e);
}

/* "Does not apply" is for parts of it; of the whole HAR wants a time. */
static void put_total(struct har *h, const struct exchange *x)
{
    int64_t from = x->request_first_ns;
    bool unknown = from == 0 || x->response_last_ns == 0;

    if (h->style.document && unknown) {
        json_key(&h->w, "time");
        json_u64(&h->w, 0);
    } else {
        put_ms(h, "time", from, x->response_last_ns);
    }
}

static void put_exchange(struct har *h, const struct exchange *x)
{
    json_key(&h->w, "_id");
    json_u64(&h->w, x->ordinal);
    json_key(&h->w, "_connection");
    json_u64(&h->w, x->connection);
    json_key(&h->w, "_index");
    json_u64(&h->w, x->index);
    put_endpoint(h, "_client", &x->client);
    put_endpoint(h, "_server", &x->server);
    put_time(h, "startedDateTime", x->request_first_ns);
    put_total(h, x);
    put_messages(h, x);
    json_key(&h->w, "cache");
    json_open_object(&h->w);
    json_close(&h->w);
    json_key(&h->w, "timings");
    json_open_object(&h->w);
    put_ms(h, "send", x->request_first_ns, x->request_last_ns);
    put_ms(h, "wait", x->request_last_ns, x->response_first_ns);
    put_ms(h, "receive", x->response_first_ns, x->response_last_ns);
    json_close(&h->w);
}

static void put_marks(struct har *h, const struct exchange *x, bool complete, uint32_t flags)
{
    if (x->tunnel) {
        json_key(&h->w, "_tunnel_bytes");
        json_u64(&h->w, x->tunnel_bytes);
    }
    if (x->redacted.len)
        put(h, "_redacted", x->redacted);
    json_key(&h->w, "_complete");
    json_bool(&h->w, complete);
    put_flags(h, flags, x->tunnel);
}

int har_exchange(struct buf *out, const struct exchange *x, struct har_style style, struct err *e)
{
    struct har h;

    har_begin(&h, out, style, e);
    put_exchange(&h, x);
    put_marks(&h, x, x->request.complete && x->response.complete,
              x->request.flags | x->response.flags);
    return har_end(&h, out);
}

static void put_call(struct har *h, const struct call *c, const char *name)
{
    static const struct {
        const char *key;
        size_t offset;
    } times[] = {
        {"due_ns", offsetof(struct call, due_ns)},
        {"sent_ns", offsetof(struct call, sent_ns)},
        {"first_ns", offsetof(struct call, first_ns)},
        {"done_ns", offsetof(struct call, done_ns)},
    };
    char key[NAME_MAX_BYTES];

    snprintf(key, sizeof key, "_%s", name);
    json_key(&h->w, key);
    json_open_object(&h->w);
    put(h, "outcome", str_of(outcome_name(c->outcome)));
    if (c->detail.len)
        put(h, "detail", c->detail);
    json_key(&h->w, "order");
    json_u64(&h->w, c->order);
    json_key(&h->w, "reused");
    json_bool(&h->w, (c->flags & CALL_REUSED) != 0);
    json_key(&h->w, "retried");
    json_bool(&h->w, (c->flags & CALL_RETRIED) != 0);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t ns;

        memcpy(&ns, (const char *)c + times[i].offset, sizeof ns);
        json_key(&h->w, times[i].key);
        if (ns)
            json_i64_str(&h->w, ns);
        else
            json_null(&h->w);
    }
    put_ms(h, "time", c->sent_ns, c->done_ns);
    put_response(h, &c->response, c->informational);
    put_flags(h, c->response.flags, false);
    json_close(&h->w);
}

/* A pair is complete when every target but the control was sent. */
static bool is_complete(const struct pair *p, const struct target_names *names)
{
    for (unsigned i = 0; i < p->n_calls; i++) {
        const struct call *c = &p->calls[i];
        bool control =
            c->target < PAIR_MAX_CALLS && strcmp(names->names[c->target], "control") == 0;

        if (!control && !outcome_is_sent(c->outcome))
            return false;
    }
    return p->n_calls > 0;
}

int har_pair(struct buf *out, const struct pair *p, const struct target_names *names,
             struct har_style style, struct err *e)
{
    struct har h;

    har_begin(&h, out, style, e);
    put_exchange(&h, p->exchange);
    for (unsigned i = 0; i < p->n_calls; i++) {
        const struct call *c = &p->calls[i];

        put_call(&h, c, c->target < PAIR_MAX_CALLS ? names->names[c->target] : "unknown");
    }
    put_marks(&h, p->exchange, is_complete(p, names), p->exchange->request.flags);
    return har_end(&h, out);
}

#include "cli/listing.h"

#include <inttypes.h>
#include <stdarg.h>

#include "cli/text.h"
#include "core/hide.h"

enum { LISTING_MAX = 1 << 30, MAX_BINARY_SHOWN = 256 };

/* What is being written; the first failure sticks. */
struct listing {
    struct buf *out;
    bool show_secrets;
    struct err *e;
    int rc;
};

__attribute__((format(printf, 2, 3))) static void print(struct listing *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (l->rc == 0)
        l->rc = buf_vprintf(l->out, l->e, fmt, ap);
    va_end(ap);
}

static void print_escaped(struct listing *l, struct str s, bool lines)
{
    if (l->rc == 0)
        l->rc = text_escape(l->out, s, lines, l->e);
}

static void print_url(struct listing *l, struct str url)
{
    struct buf plain;

    if (l->show_secrets) {
        print_escaped(l, url, false);
        return;
    }
    buf_init(&plain, LISTING_MAX);
    if (l->rc == 0)
        l->rc = hide_in_url(&plain, url, l->e);
    print_escaped(l, buf_str(&plain), false);
    buf_release(&plain);
}

static void print_value(struct listing *l, const struct http_field *field)
{
    struct buf plain;

    if (l->show_secrets) {
        print_escaped(l, field->value, false);
        return;
    }
    buf_init(&plain, LISTING_MAX);
    if (l->rc == 0)
        l->rc = hide_in_field(&plain, field, l->e);
    print_escaped(l, buf_str(&plain), false);
    buf_release(&plain);
}

/* ---- one line --------------------------------------------------------------- */

static void print_request_line(struct listing *l, const struct http_message *m)
{
    struct http_request_line line;

    if (!m->head.len ||
        (!http_request_start(m->head, &line) && !http_garbled_line(m->head, &line))) {
        print(l, "(request not seen)");
        return;
    }
    print_escaped(l, line.method, false);
    print(l, " ");
    print_url(l, line.target);
}

static void print_status(struct listing *l, const struct http_message *m)
{
    struct http_status_line line;

    if (m->head.len && http_status_line(m->head, &line))
        print(l, "%d", line.status);
    else
        print(l, "(no answer)");
}

static void print_flags(struct listing *l, const char *side, uint32_t flags)
{
    for (uint32_t flag = 1; flag <= HTTP_LAST; flag <<= 1) {
        if (flags & flag)
            print(l, " %s:%s", side, http_flag_name(flag));
    }
}

static void print_answer(struct listing *l, const struct http_message *m, int64_t from_ns,
                         int64_t to_ns)
{
    char text[TEXT_SIZE];

    print_status(l, m);
    if (!m->head.len)
        return;
    print(l, "  %s", text_size(m->body_size, text));
    if (from_ns && to_ns)
        print(l, "  %s", text_duration(to_ns > from_ns ? to_ns - from_ns : 0, text));
}

static void print_place(struct listing *l, const struct exchange *x)
{
    char text[TEXT_SIZE];

    print(l, "%6" PRIu64 " %5" PRIu64 ".%-3u ", x->ordinal, x->connection, x->index);
    print_request_line(l, &x->request);
    if (x->request.body_size)
        print(l, " (%s)", text_size(x->request.body_size, text));
}

int listing_exchange(struct buf *out, const struct exchange *x, bool show_secrets, struct err *e)
{
    struct listing l = {.out = out, .show_secrets = show_secrets, .e = e};

    print_place(&l, x);
    print(&l, " -> ");
    print_answer(&l, &x->response, x->request_first_ns, x->response_last_ns);
    if (!x->request.complete || !x->response.complete)
        print(&l, "  incomplete");
    if (x->tunnel)
        print(&l, "  tunnel");
    print_flags(&l, "request", x->request.flags);
    print_flags(&l, "answer", x->response.flags);
    print(&l, "\n");
    return l.rc;
}

static const char *name_of(const struct call *c, const struct target_names *names)
{
    return c->target < PAIR_MAX_CALLS ? names->names[c->target] : "unknown";
}

static void print_outcome(struct listing *l, const struct call *c)
{
    print(l, "%s", outcome_name(c->outcome));
    if (!c->detail.len)
        return;
    print(l, " (");
    print_escaped(l, c->detail, false);
    print(l, ")");
}

int listing_pair(struct buf *out, const struct pair *p, const struct target_names *names,
                 bool show_secrets, struct err *e)
{
    struct listing l = {.out = out, .show_secrets = show_secrets, .e = e};
    const struct exchange *x = p->exchange;
    const char *between = " ->";

    print_place(&l, x);
    if (x->response.head.len) {
        print(&l, "%s recorded ", between);
        print_answer(&l, &x->response, x->request_last_ns, x->response_last_ns);
        between = " |";
    }
    for (unsigned i = 0; i < p->n_calls; i++, between = " |") {
        const struct call *c = &p->calls[i];

        print(&l, "%s %s ", between, name_of(c, names));
        if (c->outcome == OUTCOME_ANSWERED)
            print_answer(&l, &c->response, c->sent_ns, c->done_ns);
        else
            print_outcome(&l, c);
    }
    print(&l, "\n");
    return l.rc;
}

/* ---- in full ---------------------------------------------------------------- */

static void print_fields(struct listing *l, struct str rest)
{
    struct http_field f;

    while (http_next_field(&rest, &f)) {
        print_escaped(l, f.name, false);
        print(l, ": ");
        print_value(l, &f);
        print(l, "\n");
    }
}

static void print_body(struct listing *l, const struct http_message *m)
{
    struct buf plain;
    struct str body;
    bool hidden;

    buf_init(&plain, LISTING_MAX);
    if (l->rc == 0)
        l->rc = l->show_secrets ? buf_add(&plain, m->body, l->e)
                                : hide_in_body(&plain, m, &hidden, l->e);
    body = buf_str(&plain);
    if (!text_is_printable(body)) {
        print(l, "(%zu bytes that are not text)\n", body.len);
        print_escaped(l, str_head(body, MAX_BINARY_SHOWN), false);
        print(l, body.len > MAX_BINARY_SHOWN ? "...\n" : "\n");
    } else if (body.len) {
        print_escaped(l, body, true);
        print(l, body.data[body.len - 1] == '\n' ? "" : "\n");
    }
    if (m->body_size > m->body.len)
        print(l, "(%" PRIu64 " of %" PRIu64 " bytes are not here)\n", m->body_size - m->body.len,
              m->body_size);
    buf_release(&plain);
}

static void print_message(struct listing *l, const struct http_message *m)
{
    print_fields(l, http_fields(m->head));
    print(l, "\n");
    print_body(l, m);
    if (m->trailers.len) {
        print(l, "\n(trailers)\n");
        print_fields(l, m->trailers);
    }
}

static void print_request(struct listing *l, const struct exchange *x)
{
    struct str head = x->request.head;
    struct http_request_line line;

    print_request_line(l, &x->request);
    if ((http_request_line(head, &line) || http_garbled_line(head, &line)) && line.version.len) {
        print(l, " ");
        print_escaped(l, line.version, false);
    }
    print(l, "\n");
    print_message(l, &x->request);
}

static void print_response(struct listing *l, const struct http_message *m)
{
    struct http_status_line line;

    if (!m->head.len || !http_status_line(m->head, &line)) {
        print(l, "(no answer)\n");
        return;
    }
    print_escaped(l, line.version, false);
    print(l, " %d ", line.status);
    print_escaped(l, line.reason, false);
    print(l, "\n");
    print_message(l, m);
}

static void print_informational(struct listing *l, struct str heads)
{
    while (heads.len) {
        struct http_message m = {.head = har_cut_head(&heads)};

        print_response(l, &m);
    }
}

static void print_title(struct listing *l, const struct exchange *x)
{
    char client[ENDPOINT_TEXT], server[ENDPOINT_TEXT], when[TEXT_TIME];

    print(l, "== %" PRIu64 "  connection %" PRIu64 ", request %u  %s -> %s  %s\n", x->ordinal,
          x->connection, x->index + 1, endpoint_text(&x->client, client),
          endpoint_text(&x->server, server), text_time(x->request_first_ns, 6, when));
}

static void print_marks(struct listing *l, const struct http_message *m, const char *side)
{
    if (m->head.len && !m->complete)
        print(l, " %s:incomplete", side);
    print_flags(l, side, m->flags);
}

int listing_exchange_whole(struct buf *out, const struct exchange *x, bool show_secrets,
                           struct err *e)
{
    struct listing l = {.out = out, .show_secrets = show_secrets, .e = e};
    char text[TEXT_SIZE];

    print_title(&l, x);
    if (x->response_last_ns && x->request_first_ns)
        print(&l, "   %s", text_duration(x->response_last_ns - x->request_first_ns, text));
    else
        print(&l, "   unanswered");
    print_marks(&l, &x->request, "request");
    print_marks(&l, &x->response, "answer");
    if (x->tunnel)
        print(&l, " tunnel (%" PRIu64 " bytes)", x->tunnel_bytes);
    print(&l, "\n\n");
    print_request(&l, x);
    print(&l, "\n-- answer\n");
    print_informational(&l, x->informational);
    print_response(&l, &x->response);
    print(&l, "\n");
    return l.rc;
}

/* The answer in the record, where a pair was compared with it. */
static void print_recorded(struct listing *l, const struct exchange *x)
{
    char text[TEXT_SIZE];

    if (!x->response.head.len)
        return;
    print(l, "\n-- recorded: answered");
    if (x->request_last_ns && x->response_last_ns > x->request_last_ns)
        print(l, ", %s", text_duration(x->response_last_ns - x->request_last_ns, text));
    print_marks(l, &x->response, "answer");
    print(l, "\n");
    print_informational(l, x->informational);
    print_response(l, &x->response);
}

int listing_pair_whole(struct buf *out, const struct pair *p, const struct target_names *names,
                       bool show_secrets, struct err *e)
{
    struct listing l = {.out = out, .show_secrets = show_secrets, .e = e};

    print_title(&l, p->exchange);
    print(&l, "\n");
    print_request(&l, p->exchange);
    print_recorded(&l, p->exchange);
    for (unsigned i = 0; i < p->n_calls; i++) {
        const struct call *c = &p->calls[i];
        char text[TEXT_SIZE];

        print(&l, "\n-- %s: ", name_of(c, names));
        print_outcome(&l, c);
        if (c->sent_ns && c->done_ns)
            print(&l, ", %s", text_duration(c->done_ns - c->sent_ns, text));
        print_marks(&l, &c->response, "answer");
        print(&l, "\n");
        if (!c->response.head.len)
            continue;
        print_informational(&l, c->informational);
        print_response(&l, &c->response);
    }
    print(&l, "\n");
    return l.rc;
}

#include "replay/eligible.h"

#include "core/http.h"
#include "core/http1.h"

static bool is_shadow_host(struct str host)
{
    return str_ends(str_head(host, str_find(host, ':')), STR("-shadow"));
}

static bool is_copy(const struct facts *f)
{
    return f->field[FACT_MARKER].data || is_shadow_host(f->field[FACT_HOST]);
}

/* An offer of h2c (RFC 7540, 3.2) that was not taken up is an ordinary request:
 * some clients make it with every first one. The copy goes without the offer. */
static bool asks_for_upgrade(struct str head, struct str protocols)
{
    return protocols.data && !str_ieq(protocols, STR("h2c")) &&
           http_field_has(head, STR("Connection"), STR("upgrade"));
}

static bool is_tunnel(const struct exchange *x, const struct facts *f)
{
    return x->tunnel || str_eq(f->line.method, STR("CONNECT")) ||
           asks_for_upgrade(x->request.head, f->field[FACT_UPGRADE]);
}

static bool is_incomplete(const struct http_message *m)
{
    const uint32_t lost = HTTP_GAP | HTTP_TRUNCATED | HTTP_RESET | HTTP_CUT;

    return !m->complete || (m->flags & lost) || m->gap_bytes || m->body.len != m->body_size;
}

static bool is_too_large(const struct http_message *m, uint64_t max_request)
{
    return m->head.len > HTTP1_MAX_HEAD || m->trailers.len > HTTP1_MAX_HEAD ||
           (max_request && m->body_size > max_request);
}

/* Lines that hold something, and no more: behind an empty one another request begins. */
static bool are_lines(struct str text)
{
    while (text.len) {
        size_t nl = str_find(text, '\n');

        if (nl == text.len || nl == 0 || (nl == 1 && text.data[0] == '\r'))
            return false;
        text = str_skip(text, nl + 1);
    }
    return true;
}

/* Behind the head: the content, no more and no less, or chunks. */
static bool frames_content(struct http1 *framer, const struct http_message *m)
{
    struct str in = str_head(m->body, m->chunked ? 0 : m->body.len), piece = {0};
    enum http1_event event = http1_next(framer, &in, &piece);

    if (m->chunked)
        return framer->chunked && are_lines(m->trailers);
    if (m->body.len && (event != HTTP1_DATA || piece.len != m->body.len))
        return false;
    return (m->body.len ? http1_next(framer, &in, &piece) : event) == HTTP1_END;
}

/* A record is a file from anywhere, and what it says of a message is no more than a
 * claim: a second request may hide in what should be content. So it is read as its
 * receiver will. */
static bool is_anomalous(const struct http_message *m, struct facts *f)
{
    return ((m->flags | f->framer.flags) & HTTP_ANOMALIES) || !f->is_head ||
           !frames_content(&f->framer, m);
}

/* Methods are case-sensitive (RFC 9110, 9.1): "get" is not the GET that is safe.
 * Who types `--methods get` means GET all the same. */
static bool is_upper(struct str method)
{
    for (size_t i = 0; i < method.len; i++) {
        if (method.data[i] >= 'a' && method.data[i] <= 'z')
            return false;
    }
    return true;
}

static bool allows_method(const char *methods, struct str method)
{
    struct str list = str_of(methods);

    return str_ieq(list, STR("all")) || (is_upper(method) && http_list_has(list, method));
}

static enum eligible ask_plan(const struct exchange *x, struct plan_router *router,
                              struct ruling *r)
{
    static const enum eligible answers[] = {
        [PLAN_SENT] = ELIGIBLE,          [PLAN_NO_RULE] = NOT_RULED,
        [PLAN_NO_MIRROR] = NOT_MIRRORED, [PLAN_REDIRECTED] = NOT_BACKED,
        [PLAN_UNDECIDED] = NOT_DECIDED,
    };

    if (!router)
        return ELIGIBLE;
    if (!r->facts.whole_line)
        return NOT_READABLE;
    plan_request_of(&r->request, x, &r->facts.line, r->facts.field[FACT_HOST]);
    plan_router_decide(router, &r->request, &r->decision);
    return answers[r->decision.answer];
}

enum eligible eligible_check(const struct exchange *x, const struct eligible_rules *rules,
                             struct ruling *r)
{
    const struct http_message *m = &x->request;
    const struct http_request_line *line = &r->facts.line;
    enum eligible planned;

    if (m->head.len == 0)
        return NOT_A_REQUEST;
    if (!facts_find(&r->facts, m->head))
        return NOT_READABLE;
    if (is_copy(&r->facts))
        return NOT_LOOP;
    if (is_tunnel(x, &r->facts))
        return NOT_TUNNEL;
    if (is_incomplete(m))
        return NOT_INCOMPLETE;
    if (is_too_large(m, rules->max_request))
        return NOT_LIMIT;
    planned = ask_plan(x, rules->router, r);
    if (planned != ELIGIBLE)
        return planned;
    if (rules->match && !match_allows(rules->match, line->method, line->target))
        return NOT_MEANT;
    if (!rules->include_anomalous && is_anomalous(m, &r->facts))
        return NOT_ANOMALOUS;
    return allows_method(rules->methods, line->method) ? ELIGIBLE : NOT_METHOD;
}

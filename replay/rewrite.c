#include "replay/rewrite.h"

#include <arpa/inet.h>

#include "core/http1.h"

enum {
    MAX_PIECE = 2 * HTTP1_MAX_HEAD + 64 * 1024, /* a head at its ceiling, and what is added */
    SMALL_BODY = 16 * 1024,                     /* cheaper to copy than to send apart */
    KEEP_PIECE = 64 * 1024,
    MAX_NAMED = 32, /* fields that Connection names; more is not from a peer that means well */
};

/* The fields of a head that will not be in the copy. */
struct dropped {
    struct str named[MAX_NAMED];
    unsigned n;
};

void copy_init(struct copy *c)
{
    *c = (struct copy){0};
    buf_init(&c->front, MAX_PIECE + SMALL_BODY);
    buf_init(&c->back, MAX_PIECE);
}

static void shrink(struct buf *b)
{
    if (b->cap > KEEP_PIECE)
        buf_release(b);
    else
        buf_reset(b);
}

void copy_reset(struct copy *c)
{
    shrink(&c->front);
    shrink(&c->back);
    c->body = (struct str){0};
}

void copy_release(struct copy *c)
{
    buf_release(&c->front);
    buf_release(&c->back);
    c->body = (struct str){0};
}

struct str copy_rest(const struct copy *c, size_t sent)
{
    if (sent < c->front.len)
        return str_skip(buf_str(&c->front), sent);
    sent -= c->front.len;
    if (sent < c->body.len)
        return str_skip(c->body, sent);
    return str_skip(buf_str(&c->back), sent - c->body.len);
}

/* ---- fields that are left out ------------------------------------------- */

static bool is_one_of(const struct str *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++) {
        if (str_ieq(list[i], s))
            return true;
    }
    return false;
}

static bool is_always_dropped(struct str name)
{
    static const struct str names[] = {
        STR_INIT("Connection"),       STR_INIT("Keep-Alive"),
        STR_INIT("Proxy-Connection"), STR_INIT("TE"),
        STR_INIT("Upgrade"),          STR_INIT("Expect"),
        STR_INIT("HTTP2-Settings"),
    };

    return is_one_of(names, sizeof names / sizeof *names, name);
}

/* Without these the copy would be another message, whatever Connection says. */
static bool is_essential(struct str name)
{
    static const struct str names[] = {
        STR_INIT("Host"),
        STR_INIT("Content-Length"),
        STR_INIT("Transfer-Encoding"),
    };

    return is_one_of(names, sizeof names / sizeof *names, name);
}

/* Note what a Connection field names. True if that was not known before. */
static bool note_named(struct dropped *d, struct str list)
{
    unsigned before = d->n;

    while (list.data && d->n < MAX_NAMED) {
        struct str name = str_trim(str_cut(&list, ','));

        if (name.len && !str_ieq(name, STR("close")) && !is_essential(name) &&
            !is_always_dropped(name) && !is_one_of(d->named, d->n, name))
            d->named[d->n++] = name;
    }
    return d->n > before;
}

static bool is_dropped(const struct dropped *d, struct str name)
{
    return is_always_dropped(name) || is_one_of(d->named, d->n, name);
}

/* ---- Host ---------------------------------------------------------------- */

static bool is_ipv4(struct str name)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;

    if (name.len >= sizeof text)
        return false;
    if (name.len)
        memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

int rewrite_shadow_host(struct buf *out, struct str host, struct err *e)
{
    struct str name = str_head(host, str_find(host, ':'));

    if (host.len == 0 || host.data[0] == '[' || is_ipv4(name))
        return buf_add(out, host, e);
    if (buf_add(out, name, e) < 0 || buf_add(out, STR("-shadow"), e) < 0)
        return -1;
    return buf_add(out, str_skip(host, name.len), e);
}

static int add_host(struct buf *out, struct str name, struct str recorded,
                    const struct rewrite *rules, struct err *e)
{
    int rc;

    if (buf_add(out, name, e) < 0 || buf_add(out, STR(": "), e) < 0)
        return -1;
    if (rules->host == HOST_SHADOW)
        rc = rewrite_shadow_host(out, recorded, e);
    else
        rc = buf_add(out, rules->host == HOST_KEEP ? recorded : rules->host_value, e);
    return rc < 0 ? -1 : buf_add(out, STR("\r\n"), e);
}

/* ---- the start line ------------------------------------------------------- */

/* Without a user: what Host may say of it (RFC 9110, 7.2). */
static struct str host_of(struct str authority)
{
    for (size_t i = authority.len; i > 0; i--) {
        if (authority.data[i - 1] == '@')
            return str_skip(authority, i);
    }
    return authority;
}

/* RFC 3986, 3.2. */
static bool ends_authority(char c)
{
    return c == '/' || c == '?' || c == '#';
}

/* Take "scheme://authority" off an absolute-form target. */
static bool cut_absolute(struct str *target, struct str *authority)
{
    struct str rest;
    size_t end = 0;

    if (str_istarts(*target, STR("http://")))
        rest = str_skip(*target, 7);
    else if (str_istarts(*target, STR("https://")))
        rest = str_skip(*target, 8);
    else
        return false;
    while (end < rest.len && !ends_authority(rest.data[end]))
        end++;
    *authority = host_of(str_head(rest, end));
    *target = str_skip(rest, end);
    return true;
}

/* RFC 9112, 3.2.4: a proxy asks for "*" where OPTIONS names no path at all. */
static bool asks_for_nothing(struct str method, struct str target)
{
    return target.len == 0 && str_eq(method, STR("OPTIONS"));
}

/* `target` begins with its path, or is that of an absolute form without one. */
static int add_path(struct buf *out, struct str target, struct str path,
                    const struct rewrite *rules, struct err *e)
{
    bool has_path = str_starts(target, STR("/"));
    struct str own = has_path ? http_target_path(target) : str_head(target, 0);

    if (!path.data)
        path = has_path ? own : STR("/");
    if (buf_add(out, rules->prefix, e) < 0 || buf_add(out, path, e) < 0)
        return -1;
    return buf_add(out, str_skip(target, own.len), e);
}

/* What stands behind the target: the version, words that should not be there,
 * and the line's end as it was. */
static struct str tail_of(struct str head, const struct http_request_line *line)
{
    size_t end = (size_t)(line->target.data - head.data) + line->target.len;

    return str_skip(str_head(head, str_find(head, '\n') + 1), end);
}

/* Write the start line; *authority is that of an absolute-form target. */
static int add_start_line(struct buf *out, struct str head, const struct http_request_line *line,
                          struct str path, const struct rewrite *rules, struct str *authority,
                          struct err *e)
{
    struct str target = line->target;
    bool was_absolute = cut_absolute(&target, authority);
    int rc;

    if (buf_add(out, line->method, e) < 0 || buf_addc(out, ' ', e) < 0)
        return -1;
    if (was_absolute && asks_for_nothing(line->method, target))
        rc = buf_addc(out, '*', e);
    else if (was_absolute || str_starts(target, STR("/")))
        rc = add_path(out, target, path, rules, e);
    else
        rc = buf_add(out, target, e);
    return rc < 0 ? -1 : buf_add(out, tail_of(head, line), e);
}

/* ---- head and body -------------------------------------------------------- */

/* What was written of a head so far. */
struct written {
    struct str authority; /* of an absolute-form target, or empty */
    bool host;
    uint64_t set;   /* bit i: field i that is set by --header */
    struct str end; /* the empty line, as it was */
};

/* A Host stays what it is unless a rule says otherwise, or the target named another:
 * that is the one which counts (RFC 9112, 3.2.2). */
static int add_host_field(struct buf *out, const struct http_field *field, struct str raw,
                          const struct rewrite *rules, struct written *w, struct err *e)
{
    bool named = w->authority.len && !str_ieq(w->authority, field->value);
    bool had_host = w->host;

    w->host = true;
    if (rules->host == HOST_KEEP && !named)
        return buf_add(out, raw, e);
    return had_host ? 0 : add_host(out, field->name, named ? w->authority : field->value, rules, e);
}

/* A captured field, as the rules have it. */
static int add_field(struct buf *out, const struct http_field *field, struct str raw,
                     const struct rewrite *rules, struct written *w, struct err *e)
{
    bool is_host = str_ieq(field->name, STR("Host"));

    if (field_rules_set(rules->fields, field->name)) {
        w->host |= is_host;
        return field_rules_write(rules->fields, field->name, &w->set, out, e);
    }
    return is_host ? add_host_field(out, field, raw, rules, w, e) : buf_add(out, raw, e);
}

/* Add the fields up to the end, or up to a Connection field that names others:
 * they may have been added before. Returns 0, 1 in that case, or -1 with *e set. */
static int try_fields(struct buf *out, struct str head, const struct rewrite *rules,
                      struct dropped *dropped, struct written *w, struct err *e)
{
    struct str rest = http_fields(head);
    struct http_field field;
    int rc = 0;

    for (w->end = rest; rc == 0 && http_next_field(&rest, &field); w->end = rest) {
        struct str raw = str_head(w->end, w->end.len - rest.len);

        if (str_ieq(field.name, STR("Connection")))
            rc = note_named(dropped, field.value);
        else if (!is_dropped(dropped, field.name) && !field_rules_remove(rules->fields, field.name))
            rc = add_field(out, &field, raw, rules, w, e);
    }
    return rc;
}

static int add_fields(struct buf *out, struct str head, const struct rewrite *rules,
                      struct written *w, struct err *e)
{
    struct dropped dropped = {.n = 0};
    size_t begin = out->len;
    int rc;

    while ((rc = try_fields(out, head, rules, &dropped, w, e)) > 0) {
        buf_cut(out, begin);
        *w = (struct written){.authority = w->authority};
    }
    return rc;
}

/* What follows the captured fields. */
static int add_own_fields(struct buf *out, const struct http_request_line *line,
                          const struct rewrite *rules, struct written *w, struct err *e)
{
    bool has_host = w->host || field_rules_set(rules->fields, STR("Host"));
    bool wants_host = w->authority.len || rules->host == HOST_TARGET || rules->host == HOST_NAME;

    if (!has_host && wants_host && add_host(out, STR("Host"), w->authority, rules, e) < 0)
        return -1;
    if (field_rules_write_rest(rules->fields, &w->set, out, e) < 0)
        return -1;
    if (str_eq(line->version, STR("HTTP/1.0")) &&
        buf_add(out, STR("Connection: keep-alive\r\n"), e) < 0)
        return -1;
    return rules->marker ? buf_add(out, STR("X-Mirrorctl: 1\r\n"), e) : 0;
}

static bool has_fields(struct str head)
{
    struct str rest = http_fields(head);
    struct http_field field;

    return http_next_field(&rest, &field);
}

static int add_head(struct buf *out, struct str head, const struct http_request_line *line,
                    struct str path, const struct rewrite *rules, struct err *e)
{
    struct written written = {0};

    if (add_start_line(out, head, line, path, rules, &written.authority, e) < 0)
        return -1;
    if (line->version.len == 0 && !has_fields(head)) /* HTTP/0.9 */
        return buf_add(out, http_fields(head), e);
    if (add_fields(out, head, rules, &written, e) < 0 ||
        add_own_fields(out, line, rules, &written, e) < 0)
        return -1;
    return buf_add(out, written.end.len ? written.end : STR("\r\n"), e);
}

static int add_chunk_end(struct buf *out, const struct http_message *m, struct err *e)
{
    if (m->body.len && buf_add(out, STR("\r\n"), e) < 0)
        return -1;
    if (buf_add(out, STR("0\r\n"), e) < 0 || buf_add(out, m->trailers, e) < 0)
        return -1;
    return buf_add(out, STR("\r\n"), e);
}

int copy_make(struct copy *c, const struct http_message *request,
              const struct http_request_line *line, struct str path, const struct rewrite *rules,
              struct err *e)
{
    bool small = request->body.len <= SMALL_BODY;
    size_t body = request->body.len;

    copy_reset(c);
    if (add_head(&c->front, request->head, line, path, rules, e) < 0)
        return -1;
    if (request->chunked && body && buf_printf(&c->front, e, "%zx\r\n", body) < 0)
        return -1;
    if (!small)
        c->body = request->body;
    else if (buf_add(&c->front, request->body, e) < 0)
        return -1;
    if (request->chunked)
        return add_chunk_end(small ? &c->front : &c->back, request, e);
    return 0;
}

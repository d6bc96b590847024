/* plan_request.c -- what of a request decides about it. */
#include "replay/plan.h"

/* http://user@host:80/path: whom an absolute target names (RFC 9112, 3.2.2). */
static void read_absolute(struct plan_request *r, struct str target)
{
    size_t colon = str_find(target, ':');
    struct str rest = str_skip(target, colon);
    size_t end = 3;

    if (colon == 0 || str_find(target, '/') < colon || !str_starts(rest, STR("://")))
        return;
    while (end < rest.len && !strchr("/?#", rest.data[end]))
        end++;
    rest = str_from(rest.data + 3, end - 3);
    for (size_t at; (at = str_find(rest, '@')) < rest.len;)
        rest = str_skip(rest, at + 1);
    r->scheme = str_head(target, colon);
    r->authority = rest;
}

static struct str query_of(struct str target)
{
    size_t mark;

    target = str_head(target, str_find(target, '#'));
    mark = str_find(target, '?');
    return mark < target.len ? str_skip(target, mark + 1) : (struct str){0};
}

static void fill(struct plan_request *r, struct str head, const struct http_request_line *line,
                 struct str host)
{
    *r = (struct plan_request){.head = head, .scheme = STR_INIT("http"), .authority = host};
    r->method = line->method;
    r->path = http_target_path(line->target);
    r->query = query_of(line->target);
    read_absolute(r, line->target);
}

bool plan_request_of_head(struct plan_request *r, struct str head)
{
    struct http_request_line line;
    struct str host = {0};

    if (!http_request_line(head, &line))
        return false;
    http_find_field(head, STR("host"), &host);
    fill(r, head, &line, host);
    return true;
}

void plan_request_of(struct plan_request *r, const struct exchange *x,
                     const struct http_request_line *line, struct str host)
{
    fill(r, x->request.head, line, host);
    r->port = x->server.port;
}

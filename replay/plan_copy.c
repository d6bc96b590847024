/* plan_copy.c -- what files may ask to be changed about copies.
 *
 * It becomes part of a request line or of a header, so a line break in it would
 * be another request. What replay refuses on its command line, it does not take
 * from a file either.
 */
#include <string.h>

#include "core/http.h"
#include "core/http1.h"
#include "replay/plan_reader.h"
#include "replay/replay.h"

enum { SHOWN = 100, AUTHORITY_MAX = 300 };

/* "name: value" */
static struct str line_of(struct plan_reader *r, struct str name, struct str value)
{
    size_t len = name.len + 2 + value.len;
    char *line = plan_array(r, len, 1);

    if (!line)
        return (struct str){0};
    memcpy(line, name.data, name.len);
    line[name.len] = ':';
    line[name.len + 1] = ' ';
    if (value.len)
        memcpy(line + name.len + 2, value.data, value.len);
    return str_from(line, len);
}

bool plan_check_change(struct plan_reader *r, const char *code, const struct plan_change *c,
                       struct place at)
{
    struct replay_field field = {.text = c->name, .remove = c->kind == PLAN_REMOVE};
    struct err e = {0};

    if (!http_is_token(c->name)) {
        plan_error(r, code, at, "\"%.*s\" is not the name of a header",
                   STR_ARG(str_head(c->name, SHOWN)));
        return false;
    }
    if (c->name.len + 2 + c->value.len > HTTP1_MAX_HEAD) {
        plan_error(r, code, at, "the value of %.*s is too long", STR_ARG(str_head(c->name, SHOWN)));
        return false;
    }
    if (!field.remove)
        field.text = line_of(r, c->name, c->value);
    if (r->failed || replay_field_check(&field, &e) == 0)
        return !r->failed;
    plan_error(r, code, at, "%s", e.text); /* which never shows a value */
    return false;
}

bool plan_check_path(struct plan_reader *r, const char *code, struct str path, struct place at)
{
    bool good = true;

    for (size_t i = 0; good && i < path.len; i++)
        good = path.data[i] > ' ' && path.data[i] < 0x7f && !strchr("?#", path.data[i]);
    if (!good)
        plan_error(r, code, at, "\"%.*s\" holds a character that no path has",
                   STR_ARG(str_head(path, SHOWN)));
    return good;
}

bool plan_check_authority(struct plan_reader *r, const char *code, struct str authority,
                          struct place at)
{
    bool good = authority.len <= AUTHORITY_MAX && http_may_be_host(authority);

    if (!good)
        plan_error(r, code, at, "\"%.*s\" cannot be a Host: it must be HOST or HOST:PORT",
                   STR_ARG(str_head(authority, SHOWN)));
    return good;
}

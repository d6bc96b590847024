#include "core/pattern.h"

#include "core/http.h"

int pattern_read(struct pattern *p, struct str text, struct err *e)
{
    size_t slash = str_find(text, '/');

    p->method = str_trim(str_head(text, slash));
    p->path = str_trim(str_skip(text, slash));
    if (p->path.len == 0 || (p->method.len && !http_is_token(p->method)))
        return err_set(e, ERR_USAGE, "\"%.*s\" is not a path like \"GET /users/{id}\"",
                       STR_ARG(text));
    return 0;
}

bool pattern_is_wild(struct str segment)
{
    return str_eq(segment, STR("*")) ||
           (str_starts(segment, STR("{")) && str_ends(segment, STR("}")));
}

const char *pattern_overdone(struct str path)
{
    if (str_find(path, '?') < path.len || str_find(path, '#') < path.len)
        return "patterns are for the path alone, without a query";
    while (path.data) {
        struct str segment = str_cut(&path, '/');

        if (segment.len > 1 && str_find(segment, '*') < segment.len)
            return "a star stands for a whole segment, or at the end for all that follows";
    }
    return NULL;
}

/* A segment may hold more than its {name}: "{id}.json", "v{version}". */
static bool segment_fits(struct str want, struct str have)
{
    size_t open = str_find(want, '{'), close = want.len;

    if (pattern_is_wild(want))
        return have.len > 0;
    while (close > 0 && want.data[close - 1] != '}')
        close--;
    if (open >= close)
        return str_eq(want, have);
    return have.len > want.len - (close - open) && str_starts(have, str_head(want, open)) &&
           str_ends(have, str_skip(want, close));
}

static bool path_fits(struct str pattern, struct str path)
{
    while (pattern.data) {
        struct str want = str_cut(&pattern, '/'), have;

        if (!path.data)
            return false;
        if (!pattern.data && str_eq(want, STR("*")))
            return true;
        have = str_cut(&path, '/');
        if (!segment_fits(want, have))
            return false;
    }
    return !path.data;
}

bool pattern_fits(const struct pattern *p, struct str method, struct str path)
{
    return (p->method.len == 0 || str_ieq(p->method, method)) && path_fits(p->path, path);
}

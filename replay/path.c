#include "replay/path.h"

#include "replay/regex.h"

int path_check(const struct plan_rewrite *rewrite, struct err *e)
{
    for (size_t i = 0; i < rewrite->to.len; i++) {
        unsigned char c = (unsigned char)rewrite->to.data[i];

        if (c <= ' ' || c == 0x7f)
            return err_set(e, ERR_USAGE, "the path to write holds a blank or a control character");
    }
    return 0;
}

static struct str without_slashes(struct str s)
{
    while (str_ends(s, STR("/")))
        s.len--;
    return s;
}

/* How much of the path is what the match asks for. Of a regular expression it is
 * all; and a rule that asks for no path asks, in Envoy's words, for those that
 * begin with a slash. */
static size_t matched(const struct plan_match *match, struct str path)
{
    const struct plan_text *asked = match ? match->path : NULL;

    if (!asked)
        return 1;
    switch (asked->how) {
    case PLAN_PREFIX:
        return asked->text.len < path.len ? asked->text.len : path.len;
    case PLAN_SEGMENTS:
        return without_slashes(asked->text).len;
    default:
        return path.len;
    }
}

static int add(struct buf *out, struct str s, struct err *e)
{
    if (!buf_may_grow(out, s.len))
        return err_set(e, ERR_INPUT, "a path of more than %zu bytes", out->max);
    return buf_add(out, s, e);
}

/* The Gateway API's: one slash where they meet, be it in both or in neither. */
static int join_segments(struct str to, struct str rest, struct buf *out, struct err *e)
{
    if (rest.len == 0)
        return add(out, to.len ? to : STR("/"), e);
    if (add(out, without_slashes(to), e) < 0)
        return -1;
    if (rest.data[0] != '/' && add(out, STR("/"), e) < 0)
        return -1;
    return add(out, rest, e);
}

static int replace_prefix(const struct plan_rewrite *rewrite, const struct plan_match *match,
                          struct str path, struct buf *out, struct err *e)
{
    struct str rest = str_skip(path, matched(match, path));

    if (rewrite->segments)
        return join_segments(rewrite->to, rest, out, e);
    return add(out, rewrite->to, e) < 0 ? -1 : add(out, rest, e);
}

static int write_path(const struct plan_rewrite *rewrite, const struct plan_match *match,
                      struct str path, struct buf *out, struct err *e)
{
    switch (rewrite->path) {
    case PLAN_PATH_PREFIX:
        return replace_prefix(rewrite, match, path, out, e);
    case PLAN_PATH_WHOLE:
        return add(out, rewrite->to, e);
    case PLAN_PATH_REGEX:
        return regex_replace(rewrite->pattern->regex, path, rewrite->to, out, e);
    default:
        return add(out, path, e);
    }
}

/* An origin-form target begins with a slash, whatever was written for it. */
int path_rewrite(const struct plan_rewrite *rewrite, const struct plan_match *match,
                 struct str path, struct buf *out, struct err *e)
{
    size_t before = out->len;

    if (!str_starts(path, STR("/")))
        return add(out, path, e);
    if (add(out, STR("/"), e) < 0 || write_path(rewrite, match, path, out, e) < 0)
        return -1;
    if (out->len > before + 1 && out->data[before + 1] == '/') {
        memmove(out->data + before, out->data + before + 1, out->len - before);
        out->len--;
    }
    return 0;
}

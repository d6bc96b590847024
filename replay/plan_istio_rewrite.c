/* plan_istio_rewrite.c -- Istio's HTTPRewrite: what becomes of path and Host. */
#include "replay/plan_istio.h"
#include "replay/regex.h"

enum { URI, AUTHORITY, REGEX, N_FIELDS };
enum { MATCH, REPLACEMENT, N_REGEX };

static const struct plan_known known[N_FIELDS] = {
    [URI] = {"uri"},
    [AUTHORITY] = {"authority"},
    [REGEX] = {"uriRegexRewrite", "uri_regex_rewrite"},
};

static const struct plan_known regex_known[N_REGEX] = {
    [MATCH] = {"match"},
    [REPLACEMENT] = {"rewrite"},
};

static const struct plan_fields fields = {"rewrite", known, N_FIELDS};
static const struct plan_fields regex_fields = {"uriRegexRewrite", regex_known, N_REGEX};

static bool take_path(struct plan_reader *r, const struct yaml_node *n, const char *what,
                      struct str *path)
{
    return plan_take_text(r, n, what, path) && (!n || plan_check_path(r, "E417", *path, n->at));
}

static void take_regex(struct plan_reader *r, const struct yaml_node *n, struct plan_rewrite *w)
{
    const struct yaml_node *values[N_REGEX];
    struct plan_text *pattern = plan_alloc(r, sizeof *pattern);
    struct err e = {0};

    if (!pattern || !plan_take(r, n, &regex_fields, values, NULL))
        return;
    if (!values[MATCH]) {
        plan_error(r, "E202", n->at, "match of uriRegexRewrite is required");
        return;
    }
    pattern->how = PLAN_REGEX;
    w->to = STR("");
    if (!plan_take_text(r, values[MATCH], "match", &pattern->text) ||
        !take_path(r, values[REPLACEMENT], "rewrite of uriRegexRewrite", &w->to) ||
        !plan_compile(r, pattern, values[MATCH]->at))
        return;
    if (regex_check_replacement(pattern->regex, w->to, &e) < 0)
        plan_error(r, "E417", (values[REPLACEMENT] ? values[REPLACEMENT] : n)->at,
                   "rewrite of uriRegexRewrite: %s", e.text);
    w->path = PLAN_PATH_REGEX;
    w->pattern = pattern;
}

void plan_istio_rewrite(struct plan_reader *r, const struct yaml_node *n,
                        struct plan_rewrite *rewrite)
{
    const struct yaml_node *values[N_FIELDS];

    if (!n || !plan_take(r, n, &fields, values, NULL))
        return;
    if (values[URI] && values[REGEX])
        plan_error(r, "E414", values[REGEX]->at, "uri and uriRegexRewrite cannot stand together");
    if (values[AUTHORITY])
        plan_take_authority(r, values[AUTHORITY], "rewrite.authority", &rewrite->authority);
    if (values[REGEX])
        take_regex(r, values[REGEX], rewrite);
    else if (values[URI] && take_path(r, values[URI], "rewrite.uri", &rewrite->to))
        rewrite->path = PLAN_PATH_PREFIX;
}

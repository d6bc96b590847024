/* plan_native_change.c -- what a Mirror changes about copies: fields, path, Host. */
#include <string.h>

#include "core/http.h"
#include "core/http1.h"
#include "replay/plan_native.h"
#include "replay/regex.h"
#include "replay/replay.h"

/* ---- header fields ---- */

struct changes {
    struct plan_change **end;
    enum plan_change_kind kind;
};

static void take_change(struct plan_reader *r, void *ctx, struct str name,
                        const struct yaml_node *value, struct place at)
{
    struct changes *changes = ctx;
    struct plan_change *c = plan_alloc(r, sizeof *c);

    if (!c)
        return;
    c->kind = changes->kind;
    c->name = plan_text_copy(r, name);
    c->value = plan_text_copy(r, STR(""));
    if (plan_take_text(r, value, "the value of a header", &c->value))
        plan_check_change(r, "E606", c, at);
    *changes->end = c;
    changes->end = &c->next;
}

static void take_removed(struct plan_reader *r, const struct yaml_node *n, struct changes *changes)
{
    struct str *names = NULL;
    size_t got = native_texts(r, n, "remove", &names);

    for (size_t i = 0; i < got && !r->failed; i++)
        take_change(r, changes, names[i], NULL, n->at);
}

struct plan_change *native_changes(struct plan_reader *r, const struct yaml_node *n)
{
    enum { REMOVE, SET, ADD, COUNT };
    static const struct plan_known known[] = {
        [REMOVE] = {"remove"}, [SET] = {"set"}, [ADD] = {"add"}};
    static const struct plan_fields fields = {"headers", known, COUNT};
    const struct yaml_node *v[COUNT];
    struct plan_change *first = NULL;
    struct changes changes = {&first, PLAN_REMOVE};

    if (!plan_take(r, n, &fields, v, NULL))
        return NULL;
    take_removed(r, v[REMOVE], &changes);
    changes.kind = PLAN_SET;
    native_each(r, v[SET], "set", take_change, &changes);
    changes.kind = PLAN_ADD;
    native_each(r, v[ADD], "add", take_change, &changes);
    return first;
}

/* ---- path and Host ---- */

enum { W_PREFIX, W_PATH, W_REGEX, W_TO, W_SEGMENTS, W_AUTHORITY, W_COUNT };
static const struct plan_known rewrite_fields[] = {
    [W_PREFIX] = {"prefix"}, [W_PATH] = {"path"},         [W_REGEX] = {"regex"},
    [W_TO] = {"to"},         [W_SEGMENTS] = {"segments"}, [W_AUTHORITY] = {"authority"},
};

static void take_pattern(struct plan_reader *r, const struct yaml_node *const v[],
                         struct plan_rewrite *w)
{
    struct err e = {0};

    w->path = PLAN_PATH_REGEX;
    w->pattern = plan_alloc(r, sizeof *w->pattern);
    if (!w->pattern)
        return;
    w->pattern->how = PLAN_REGEX;
    if (plan_take_text(r, v[W_REGEX], "regex", &w->pattern->text) &&
        plan_take_text(r, v[W_TO], "to", &w->to) &&
        plan_check_path(r, "E602", w->to, v[W_TO]->at) &&
        plan_compile(r, w->pattern, v[W_REGEX]->at) &&
        regex_check_replacement(w->pattern->regex, w->to, &e) < 0)
        plan_error(r, "E602", v[W_TO]->at, "to: %s", e.text);
}

void native_rewrite(struct plan_reader *r, const struct yaml_node *n, struct plan_rewrite *w)
{
    static const struct plan_fields fields = {"rewrite", rewrite_fields, W_COUNT};
    const struct yaml_node *v[W_COUNT];

    if (!plan_take(r, n, &fields, v, NULL))
        return;
    if ((v[W_PREFIX] != NULL) + (v[W_PATH] != NULL) + (v[W_REGEX] != NULL) > 1 ||
        !v[W_REGEX] != !v[W_TO]) {
        plan_error(r, "E603", n->at, "rewrite takes one of prefix, path, and regex with to");
        return;
    }
    if (v[W_PREFIX])
        w->path = PLAN_PATH_PREFIX;
    else if (v[W_PATH])
        w->path = PLAN_PATH_WHOLE;
    plan_take_text(r, v[W_PREFIX], "prefix", &w->to);
    plan_take_text(r, v[W_PATH], "path", &w->to);
    if (w->path != PLAN_PATH_KEPT)
        plan_check_path(r, "E602", w->to, n->at);
    if (v[W_REGEX])
        take_pattern(r, v, w);
    plan_take_bool(r, v[W_SEGMENTS], "segments", &w->segments);
    if (v[W_AUTHORITY] && plan_take_text(r, v[W_AUTHORITY], "authority", &w->authority))
        plan_check_authority(r, "E602", w->authority, v[W_AUTHORITY]->at);
}

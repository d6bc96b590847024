/* Saying what differs between two JSON values, unless a rule waives it. */
#include <stdio.h>

#include "core/secret.h"
#include "diff/json_text.h"
#include "diff/json_walk.h"

/* ---- what rules waive ---- */

static bool waives(struct json_walk *w, const struct rule *r)
{
    if (r)
        rules_hit(w->rules, r);
    return r != NULL;
}

/* What stands here is of the same type: then a rule for this place waives it, else
 * only one for a place further up. */
static bool is_waived(struct json_walk *w, enum diff_kind kind, const struct json_node *a,
                      const struct json_node *b, const struct json_step *at)
{
    static const enum rule_action tolerances[] = {RULE_ABS, RULE_REL, RULE_WITHIN};
    bool same_type = kind == KIND_VALUE || kind == KIND_FORM || kind == KIND_ORDER;
    const struct rule *r = NULL;

    if (!w->rules || !w->rules->actions)
        return false;
    if (kind == KIND_VALUE && a->type == b->type &&
        (a->type == JSON_NUMBER || a->type == JSON_STRING)) {
        for (size_t i = 0; i < sizeof tolerances / sizeof *tolerances; i++) {
            r = rules_find(w->rules, at, RULE_BIT(tolerances[i]));
            rules_miss(w->rules, r);
            if (r && (r->action == RULE_WITHIN || a->type == JSON_NUMBER) &&
                rule_is_near(r, a->text, b->text))
                return waives(w, r);
        }
    }
    if (same_type)
        return waives(w, rules_find(w->rules, at, RULE_BIT(RULE_TYPE_ONLY)));
    rules_miss(w->rules, rules_find(w->rules, at, RULE_BIT(RULE_TYPE_ONLY)));
    return at && waives(w, rules_find(w->rules, at->up, RULE_BIT(RULE_TYPE_ONLY)));
}

/* A member that v2 added: no difference where that is allowed. */
static bool is_allowed(const struct json_walk *w, enum diff_kind kind, const struct json_step *at)
{
    return kind == KIND_EXTRA && at && at->owner && w->rules && rules_are_additive(w->rules->rules);
}

/* ---- what it looks like ---- */

static int fill_text(struct json_walk *w, struct str text, struct str *copy)
{
    return arena_dup(&w->out->mem, text, copy, w->e);
}

/* Two strings or two numbers, which may be long: what surrounds the first
 * character that differs. */
static int fill_scalars(struct json_walk *w, struct difference *d, const struct json_node *a,
                        const struct json_node *b)
{
    struct json_text t;

    d->v1 = a->text.len ? a->text : STR("");
    d->v2 = b->text.len ? b->text : STR("");
    if (a->type == JSON_NUMBER)
        return diff_excerpt(&d->v1, &d->v2, EXCERPT_MAX, &w->out->mem, w->e);
    if (diffs_show(w->out, &d->v1, &d->v2, w->e) < 0)
        return -1;
    if (fill_text(w, json_text_string(d->v1, &t), &d->v1) < 0)
        return -1;
    return fill_text(w, json_text_string(d->v2, &t), &d->v2);
}

static int fill_values(struct json_walk *w, struct difference *d, const struct json_node *a,
                       const struct json_node *b)
{
    bool secrets = w->out->show_secrets;
    struct json_text t;

    if (a && b && a->type == b->type && (a->type == JSON_STRING || a->type == JSON_NUMBER))
        return fill_scalars(w, d, a, b);
    if (a && fill_text(w, json_text_write(a, secrets, &t), &d->v1) < 0)
        return -1;
    return b ? fill_text(w, json_text_write(b, secrets, &t), &d->v2) : 0;
}

/* ---- noting it ---- */

/* 1 with a new item in *d, 0 where it was only counted. */
static int note(struct json_walk *w, enum diff_kind kind, bool ignored, const struct json_step *at,
                struct str v1, struct str v2, struct difference **d)
{
    struct json_path folded, exact;
    struct str path, place;
    int rc;

    if (w->visits++ >= JSON_VISITS_MAX) {
        w->out->left_out++;
        w->out->notes |= NOTE_MANY;
        return 0;
    }
    path = json_path_write(at, true, &folded);
    rc = diffs_note(w->out, WHERE_BODY, kind, path, ignored, v1, v2, d, w->e);
    if (rc <= 0)
        return rc;
    place = json_path_write(at, false, &exact);
    if (!str_eq(path, place) && fill_text(w, place, &(*d)->at) < 0)
        return -1;
    return 1;
}

/* What a string or number says. */
static struct str text_of(const struct json_node *n)
{
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : (struct str){0};
}

int json_differ(struct json_walk *w, enum diff_kind kind, const struct json_node *a,
                const struct json_node *b, const struct json_step *at)
{
    struct difference *d;
    int rc;

    if (is_waived(w, kind, a, b, at))
        return 0;
    rc = note(w, kind, is_allowed(w, kind, at), at, text_of(a), text_of(b), &d);
    if (rc <= 0)
        return rc;
    if (!w->out->show_secrets && json_path_is_secret(at)) {
        d->v1 = a ? STR(SECRET_MASK) : d->v1;
        d->v2 = b ? STR(SECRET_MASK) : d->v2;
        return 0;
    }
    return fill_values(w, d, a, b);
}

int json_differ_order(struct json_walk *w, uint32_t elements, uint32_t moved,
                      const struct json_step *at)
{
    struct difference *d;
    char text[64];
    int n, rc;

    if (is_waived(w, KIND_ORDER, NULL, NULL, at))
        return 0;
    rc = note(w, KIND_ORDER, false, at, (struct str){0}, (struct str){0}, &d);
    if (rc <= 0)
        return rc;
    n = snprintf(text, sizeof text, "%u elements", elements);
    if (fill_text(w, str_from(text, (size_t)n), &d->v1) < 0)
        return -1;
    n = snprintf(text, sizeof text, "the same, %u of them moved", moved);
    return fill_text(w, str_from(text, (size_t)n), &d->v2);
}

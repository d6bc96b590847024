/* JSON, value by value.
 *
 * Nothing goes through a double: numbers are compared as decimals, and those
 * equal in value but written otherwise (1 and 1.0) are a matter of form.
 * Members are matched by name, repeated names by their order; services write
 * members in a steady order, so both sides are walked together as long as the
 * names agree, and only what is left is sorted. Elements are matched by index.
 * Depth is bounded by the reader (JSON_MAX_DEPTH), so recursion is safe.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/json_tree.h"
#include "core/mem.h"
#include "core/secret.h"
#include "diff/compare.h"
#include "diff/json_path.h"
#include "diff/json_text.h"

/* Differences looked at in one body; the rest is only counted. Finding out where
 * one is takes as many steps as the document is deep. */
enum { VISITS_MAX = 100000 };

struct walk {
    struct diffs *out;
    struct err *e;
    size_t visits;
};

static int compare_nodes(struct walk *w, const struct json_node *a, const struct json_node *b,
                         const struct json_step *at);

/* ---- saying what differs ---- */

static int fill_text(struct walk *w, struct str text, struct str *copy)
{
    return arena_dup(&w->out->mem, text, copy, w->e);
}

/* Two strings or two numbers, which may be long: what surrounds the first
 * character that differs. */
static int fill_scalars(struct walk *w, struct difference *d, const struct json_node *a,
                        const struct json_node *b)
{
    struct json_text t;

    d->v1 = a->text.len ? a->text : STR("");
    d->v2 = b->text.len ? b->text : STR("");
    if (diff_excerpt(&d->v1, &d->v2, EXCERPT_MAX, &w->out->mem, w->e) < 0)
        return -1;
    if (a->type == JSON_NUMBER)
        return 0;
    if (fill_text(w, json_text_string(d->v1, &t), &d->v1) < 0)
        return -1;
    return fill_text(w, json_text_string(d->v2, &t), &d->v2);
}

static int fill_lengths(struct walk *w, struct difference *d, uint32_t a, uint32_t b)
{
    char text[48];
    int n = snprintf(text, sizeof text, "%u elements", a);

    if (fill_text(w, str_from(text, (size_t)n), &d->v1) < 0)
        return -1;
    n = snprintf(text, sizeof text, "%u elements", b);
    return fill_text(w, str_from(text, (size_t)n), &d->v2);
}

static int fill_values(struct walk *w, struct difference *d, const struct json_node *a,
                       const struct json_node *b)
{
    bool secrets = w->out->show_secrets;
    struct json_text t;

    if (d->kind == KIND_LENGTH)
        return fill_lengths(w, d, a->count, b->count);
    if (a && b && a->type == b->type && (a->type == JSON_STRING || a->type == JSON_NUMBER))
        return fill_scalars(w, d, a, b);
    if (a && fill_text(w, json_text_write(a, secrets, &t), &d->v1) < 0)
        return -1;
    return b ? fill_text(w, json_text_write(b, secrets, &t), &d->v2) : 0;
}

/* Note a difference at `at`; a or b is NULL where there is nothing. */
static int differ(struct walk *w, enum diff_kind kind, const struct json_node *a,
                  const struct json_node *b, const struct json_step *at)
{
    struct json_path folded, exact;
    struct difference *d;
    struct str path, place;
    int rc;

    if (w->visits++ >= VISITS_MAX) {
        w->out->left_out++;
        w->out->notes |= NOTE_MANY;
        return 0;
    }
    path = json_path_write(at, true, &folded);
    rc = diffs_note(w->out, WHERE_BODY, kind, path, false, &d, w->e);
    if (rc <= 0)
        return rc;
    place = json_path_write(at, false, &exact);
    if (!str_eq(path, place) && fill_text(w, place, &d->at) < 0)
        return -1;
    if (kind != KIND_LENGTH && !w->out->show_secrets && json_path_is_secret(at)) {
        d->v1 = a ? STR(SECRET_MASK) : d->v1;
        d->v2 = b ? STR(SECRET_MASK) : d->v2;
        return 0;
    }
    return fill_values(w, d, a, b);
}

/* ---- objects ---- */

struct member {
    const struct json_node *node;
    size_t place; /* keeps the order of members of one name */
};

static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int c = str_cmp(x->node->key, y->node->key);

    return c ? c : (x->place > y->place) - (x->place < y->place);
}

static size_t count_from(const struct json_node *m)
{
    size_t n = 0;

    for (; m; m = m->next)
        n++;
    return n;
}

static struct member *sorted(const struct json_node *m, size_t n)
{
    struct member *list = mem_array(n, sizeof *list);

    if (!list)
        return NULL;
    for (size_t i = 0; m && i < n; i++, m = m->next)
        list[i] = (struct member){m, i};
    qsort(list, n, sizeof *list, by_key);
    return list;
}

static int compare_member(struct walk *w, struct json_owner *owner, const struct json_node *a,
                          const struct json_node *b, const struct json_step *up)
{
    struct json_step at = {.up = up, .owner = owner};

    if (!b) {
        at.key = a->key;
        return differ(w, KIND_MISSING, a, b, &at);
    }
    at.key = b->key;
    return a ? compare_nodes(w, a, b, &at) : differ(w, KIND_EXTRA, a, b, &at);
}

/* Merge two sorted lists; the members that only one side has are left over. */
static int merge(struct walk *w, struct json_owner *owner, const struct member *a, size_t na,
                 const struct member *b, size_t nb, const struct json_step *up)
{
    size_t i = 0, j = 0;

    while (i < na || j < nb) {
        int c = i == na ? 1 : j == nb ? -1 : str_cmp(a[i].node->key, b[j].node->key);
        const struct json_node *x = c <= 0 ? a[i++].node : NULL;
        const struct json_node *y = c >= 0 ? b[j++].node : NULL;

        if (compare_member(w, owner, x, y, up) < 0)
            return -1;
    }
    return 0;
}

/* What is left of two objects once the names part. */
static int compare_unordered(struct walk *w, struct json_owner *owner, const struct json_node *m,
                             const struct json_node *n, const struct json_step *up)
{
    size_t na = count_from(m), nb = count_from(n);
    struct member *a = sorted(m, na), *b = sorted(n, nb);
    int rc = a && b ? merge(w, owner, a, na, b, nb, up) : err_nomem(w->e, "comparing objects");

    mem_free(a);
    mem_free(b);
    return rc;
}

static int compare_objects(struct walk *w, const struct json_node *a, const struct json_node *b,
                           const struct json_step *up)
{
    const struct json_node *m = a->child, *n = b->child;
    struct json_owner owner = {.object = a};

    for (; m && n && str_eq(m->key, n->key); m = m->next, n = n->next) {
        if (compare_member(w, &owner, m, n, up) < 0)
            return -1;
    }
    return m || n ? compare_unordered(w, &owner, m, n, up) : 0;
}

/* ---- arrays and scalars ---- */

/* Another length is one difference; the part that both have is compared. */
static int compare_arrays(struct walk *w, const struct json_node *a, const struct json_node *b,
                          const struct json_step *up)
{
    const struct json_node *m = a->child, *n = b->child;
    struct json_step at = {.up = up};

    if (a->count != b->count && differ(w, KIND_LENGTH, a, b, up) < 0)
        return -1;
    for (; m && n; m = m->next, n = n->next, at.index++) {
        if (compare_nodes(w, m, n, &at) < 0)
            return -1;
    }
    return 0;
}

static bool is_boolean(enum json_type t)
{
    return t == JSON_TRUE || t == JSON_FALSE;
}

static int compare_nodes(struct walk *w, const struct json_node *a, const struct json_node *b,
                         const struct json_step *at)
{
    if (a->type != b->type) {
        enum diff_kind kind = is_boolean(a->type) && is_boolean(b->type)     ? KIND_VALUE
                              : a->type == JSON_NULL || b->type == JSON_NULL ? KIND_NULL
                                                                             : KIND_TYPE;
        return differ(w, kind, a, b, at);
    }
    switch (a->type) {
    case JSON_OBJECT:
        return compare_objects(w, a, b, at);
    case JSON_ARRAY:
        return compare_arrays(w, a, b, at);
    case JSON_STRING:
        return str_eq(a->text, b->text) ? 0 : differ(w, KIND_VALUE, a, b, at);
    case JSON_NUMBER:
        if (str_eq(a->text, b->text))
            return 0;
        return differ(w, json_number_cmp(a->text, b->text) ? KIND_VALUE : KIND_FORM, a, b, at);
    default:
        return 0;
    }
}

/* ---- the comparer ---- */

static bool accepts(const struct body *v1, const struct body *v2)
{
    return body_says_json(v1) || body_says_json(v2) ||
           (body_says_fields(v1) && body_says_fields(v2)) ||
           (body_smells_of_json(v1) && body_smells_of_json(v2));
}

static struct str describe(char text[96], const struct body *b)
{
    int n;

    switch (b->parsed) {
    case BODY_JSON:
        n = snprintf(text, 96, "JSON: %s", json_type_name(b->tree->type));
        break;
    case BODY_TOO_DEEP:
        n = snprintf(text, 96, "JSON nested deeper than %d", JSON_MAX_DEPTH);
        break;
    case BODY_TOO_LARGE:
        n = snprintf(text, 96, "JSON of too many values");
        break;
    default:
        n = snprintf(text, 96, "not JSON (offset %zu)", b->fault.offset);
        break;
    }
    return str_from(text, (size_t)n);
}

static uint32_t note_of(const struct body *b)
{
    switch (b->parsed) {
    case BODY_TOO_DEEP:
        return NOTE_TOO_DEEP;
    case BODY_TOO_LARGE:
        return NOTE_TOO_LARGE;
    case BODY_NOT_JSON:
        return body_says_json(b) ? NOTE_NOT_JSON : 0;
    default:
        return 0;
    }
}

static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    struct walk w = {.out = out, .e = e};
    char text1[96], text2[96];

    if (body_parse(v1, e) < 0 || body_parse(v2, e) < 0)
        return -1;
    if (v1->parsed == BODY_JSON && v2->parsed == BODY_JSON)
        return compare_nodes(&w, v1->tree, v2->tree, NULL);
    out->notes |= note_of(v1) | note_of(v2);
    if ((v1->parsed == BODY_JSON) == (v2->parsed == BODY_JSON) ||
        !(body_says_json(v1) || body_says_json(v2)))
        return COMPARE_NOT_MINE;
    return diffs_add(out, WHERE_BODY, KIND_TYPE, COMPARE_ROOT, false, describe(text1, v1),
                     describe(text2, v2), e);
}

const struct comparer compare_json = {"json", accepts, compare};

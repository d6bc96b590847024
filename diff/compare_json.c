/* JSON, value by value.
 *
 * Nothing goes through a double: numbers are compared as decimals, and those
 * equal in value but written otherwise (1 and 1.0) are a matter of form.
 * Members are matched by name; services write them in a steady order, so both
 * sides are walked together as long as the names agree. Depth is bounded by the
 * reader (JSON_MAX_DEPTH), so recursion is safe.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"
#include "diff/compare.h"
#include "diff/json_hash.h"
#include "diff/json_walk.h"

/* Up to so many members are looked for one by one; more are sorted. */
enum { FEW_MEMBERS = 24 };

/* Decoded and embedded documents of one comparison. */
enum { INNER_MEMORY = 64 * 1024 * 1024 };

/* ---- objects ---- */

static int compare_member(struct json_walk *w, struct json_owner *owner, struct json_node *a,
                          struct json_node *b, const struct json_step *up)
{
    struct json_step at = {.up = up, .owner = owner};

    if (!b) {
        at.key = a->key;
        return json_differ(w, KIND_MISSING, a, b, &at);
    }
    at.key = b->key;
    return a ? json_walk_nodes(w, a, b, &at) : json_differ(w, KIND_EXTRA, a, b, &at);
}

/* A few members in another order, no name twice: each is looked for from where
 * the last one was found. */
static int compare_few(struct json_walk *w, struct json_owner *owner, struct json_node *a,
                       struct json_node *b, const struct json_step *up)
{
    struct json_node *others[FEW_MEMBERS];
    size_t n = 0, next = 0, k;

    for (; b; b = b->next)
        others[n++] = b;
    for (; a; a = a->next) {
        struct json_node *twin = NULL;

        for (k = 0; k < n && !twin; k++) {
            struct json_node **place = &others[(next + k) % n];
            if (*place && str_eq((*place)->key, a->key)) {
                twin = *place;
                *place = NULL;
                next = (next + k + 1) % n;
            }
        }
        if (compare_member(w, owner, a, twin, up) < 0)
            return -1;
    }
    for (k = 0; k < n; k++) {
        if (others[k] && compare_member(w, owner, NULL, others[k], up) < 0)
            return -1;
    }
    return 0;
}

struct member {
    struct json_node *node;
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

static struct member *sorted(struct json_node *m, size_t n)
{
    struct member *list = mem_array(n + 1, sizeof *list);

    if (!list)
        return NULL;
    for (size_t i = 0; m && i < n; i++, m = m->next)
        list[i] = (struct member){m, i};
    qsort(list, n, sizeof *list, by_key);
    return list;
}

static size_t same_name(const struct member *m, size_t n)
{
    size_t len = 1;

    while (len < n && str_eq(m[len].node->key, m[0].node->key))
        len++;
    return n ? len : 0;
}

/* Members of one name, as many as each side has. With as many on both they are
 * matched in their order, since readers take the first or the last; else those
 * that are equal go first, and what is left is missing or extra. */
static int compare_twins(struct json_walk *w, struct json_owner *owner, struct member *a, size_t na,
                         struct member *b, size_t nb, const struct json_step *up)
{
    w->out->notes |= na > 1 && nb > 1 ? NOTE_TWINS : 0;
    for (size_t i = 0; na != nb && i < na; i++) {
        for (size_t j = 0; j < nb && a[i].node; j++) {
            if (b[j].node && json_hash(a[i].node) == json_hash(b[j].node) &&
                !((a[i].node->flags | b[j].node->flags) & JSON_NODE_ODD))
                a[i].node = b[j].node = NULL;
        }
    }
    for (size_t i = 0, j = 0; i < na || j < nb;) {
        if (i < na && !a[i].node) {
            i++;
        } else if (j < nb && !b[j].node) {
            j++;
        } else if (compare_member(w, owner, i < na ? a[i++].node : NULL,
                                  j < nb ? b[j++].node : NULL, up) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Merge two sorted lists, name by name. */
static int merge(struct json_walk *w, struct json_owner *owner, struct member *a, size_t na,
                 struct member *b, size_t nb, const struct json_step *up)
{
    while (na || nb) {
        int c = !na ? 1 : !nb ? -1 : str_cmp(a->node->key, b->node->key);
        size_t x = c <= 0 ? same_name(a, na) : 0, y = c >= 0 ? same_name(b, nb) : 0;

        if (compare_twins(w, owner, a, x, b, y, up) < 0)
            return -1;
        a += x;
        na -= x;
        b += y;
        nb -= y;
    }
    return 0;
}

static int compare_sorted(struct json_walk *w, struct json_owner *owner, struct json_node *m,
                          struct json_node *n, const struct json_step *up)
{
    size_t na = count_from(m), nb = count_from(n);
    struct member *a = sorted(m, na), *b = sorted(n, nb);
    int rc = a && b ? merge(w, owner, a, na, b, nb, up) : err_nomem(w->e, "comparing objects");

    mem_free(a);
    mem_free(b);
    return rc;
}

static bool are_few(const struct json_node *a, const struct json_node *b)
{
    return a->count <= FEW_MEMBERS && b->count <= FEW_MEMBERS && !json_has_twins(a) &&
           !json_has_twins(b);
}

/* Where one side has more members a name may stand there twice: then nothing is
 * matched before all members of that name are known. */
static int compare_objects(struct json_walk *w, struct json_node *a, struct json_node *b,
                           const struct json_step *up)
{
    struct json_node *m = a->child, *n = b->child;
    struct json_owner owner = {.object = a};

    if (a->count != b->count && !are_few(a, b))
        return compare_sorted(w, &owner, m, n, up);
    for (; m && n && str_eq(m->key, n->key); m = m->next, n = n->next) {
        if (compare_member(w, &owner, m, n, up) < 0)
            return -1;
    }
    if (!m && !n)
        return 0;
    return are_few(a, b) ? compare_few(w, &owner, m, n, up) : compare_sorted(w, &owner, m, n, up);
}

/* ---- values ---- */

static bool is_boolean(int type)
{
    return type == JSON_TRUE || type == JSON_FALSE;
}

static int compare_types(struct json_walk *w, struct json_node *a, struct json_node *b,
                         const struct json_step *at)
{
    enum diff_kind kind = is_boolean(a->type) && is_boolean(b->type)     ? KIND_VALUE
                          : a->type == JSON_NULL || b->type == JSON_NULL ? KIND_NULL
                                                                         : KIND_TYPE;

    return json_differ(w, kind, a, b, at);
}

static int compare_strings(struct json_walk *w, struct json_node *a, struct json_node *b,
                           const struct json_step *at)
{
    int rc;

    if (str_eq(a->text, b->text))
        return 0;
    rc = json_walk_embedded(w, a, b, at);
    return rc ? (rc < 0 ? -1 : 0) : json_differ(w, KIND_VALUE, a, b, at);
}

int json_walk_nodes(struct json_walk *w, struct json_node *a, struct json_node *b,
                    const struct json_step *at)
{
    if (a->type != b->type)
        return compare_types(w, a, b, at);
    switch (a->type) {
    case JSON_OBJECT:
        return json_hash_settles(a, b) ? 0 : compare_objects(w, a, b, at);
    case JSON_ARRAY:
        return json_hash_settles(a, b) ? 0 : json_walk_arrays(w, a, b, at);
    case JSON_STRING:
        return compare_strings(w, a, b, at);
    case JSON_NUMBER:
        if (str_eq(a->text, b->text))
            return 0;
        return json_differ(w, json_number_cmp(a->text, b->text) ? KIND_VALUE : KIND_FORM, a, b, at);
    default:
        return 0;
    }
}

/* ---- the comparer ---- */

static bool says_json(const struct body *b)
{
    return body_says_json(b) || body_says_json_lines(b);
}

static bool accepts(const struct body *v1, const struct body *v2)
{
    return says_json(v1) || says_json(v2) || (body_says_fields(v1) && body_says_fields(v2)) ||
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
        return says_json(b) ? NOTE_NOT_JSON : 0;
    default:
        return 0;
    }
}

/* A mark in front of JSON is none of its business (RFC 8259, 8.1). */
static int compare_marks(const struct body *v1, const struct body *v2, struct diffs *out,
                         struct err *e)
{
    bool a = str_starts(v1->bytes, STR("\xef\xbb\xbf")),
         b = str_starts(v2->bytes, STR("\xef\xbb\xbf"));

    if (a == b)
        return 0;
    return diffs_add(out, WHERE_BODY, KIND_FORM, COMPARE_ROOT, true,
                     a ? STR("with a byte order mark") : STR("without"),
                     b ? STR("with a byte order mark") : STR("without"), e);
}

/* What rules ignore is taken out of each tree once, and counted for each pair. */
static int prune(struct body *b, struct rules_use *rules, struct err *e)
{
    if (b->pruned)
        return 0;
    b->pruned = arena_array(&b->mem, rules_count(rules->rules), sizeof *b->pruned, e);
    return b->pruned ? rules_prune(rules, b->tree, NULL, b->pruned, e) : -1;
}

static bool says_what_it_is(const struct body *b)
{
    return says_json(b) || body_says_fields(b);
}

/* A list whose first elements are those of another one, which lacks what comes
 * behind them for as long. */
struct beginning {
    struct json_node list, *last, *rest;
};

static void begin_with(struct beginning *some, const struct json_node *list, uint32_t n)
{
    *some = (struct beginning){.list = *list};
    some->list.count = n;
    some->list.flags &= (uint8_t)~JSON_NODE_HASHED;
    for (struct json_node *child = list->child; n > 0; child = child->next, n--)
        some->last = child;
    if (!some->last) {
        some->list.child = NULL;
        return;
    }
    some->rest = some->last->next;
    some->last->next = NULL;
}

static void end_with(const struct beginning *some)
{
    if (some->last)
        some->last->next = some->rest;
}

/* Streams that both went on: the events that both had sent. */
static int compare_begun(struct json_walk *w, const struct json_node *a, const struct json_node *b)
{
    uint32_t n = a->count < b->count ? a->count : b->count;
    struct beginning some, other;
    int rc;

    begin_with(&some, a, n);
    begin_with(&other, b, n);
    rc = json_walk_nodes(w, &some.list, &other.list, NULL);
    end_with(&some);
    end_with(&other);
    return rc;
}

static int compare_trees(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    struct json_walk w = {.out = out, .rules = out->rules, .e = e};
    int rc;

    if (compare_marks(v1, v2, out, e) < 0)
        return -1;
    out->notes |= says_what_it_is(v1) && says_what_it_is(v2) ? 0 : NOTE_SNIFFED;
    if (w.rules && (w.rules->actions & RULE_BIT(RULE_IGNORE))) {
        if (prune(v1, w.rules, e) < 0 || prune(v2, w.rules, e) < 0)
            return -1;
        rules_hit_pruned(w.rules, v1->pruned, v2->pruned);
    }
    arena_init(&w.inner, INNER_MEMORY);
    rc = v1->stream_cut && v2->stream_cut ? compare_begun(&w, v1->tree, v2->tree)
                                          : json_walk_nodes(&w, v1->tree, v2->tree, NULL);
    arena_release(&w.inner);
    return rc;
}

static int compare(struct body *v1, struct body *v2, struct diffs *out, struct err *e)
{
    char text1[96], text2[96];

    if (body_parse(v1, e) < 0 || body_parse(v2, e) < 0)
        return -1;
    if (v1->parsed == BODY_JSON && v2->parsed == BODY_JSON)
        return compare_trees(v1, v2, out, e);
    out->notes |= note_of(v1) | note_of(v2);
    if ((v1->parsed == BODY_JSON) == (v2->parsed == BODY_JSON) || !(says_json(v1) || says_json(v2)))
        return COMPARE_NOT_MINE;
    return diffs_add(out, WHERE_BODY, KIND_TYPE, COMPARE_ROOT, false, describe(text1, v1),
                     describe(text2, v2), e);
}

const struct comparer compare_json = {"json", accepts, compare};

/* Arrays of JSON.
 *
 * What begins and ends both alike is passed over. A rule may say by which
 * members elements are known, or that order says nothing. The same elements in
 * another order are one difference. As many elements on both sides are taken to
 * be edited in place; else the least change is looked for, and where that would
 * take too long, they are compared as multisets.
 */
#include <stdlib.h>

#include "core/mem.h"
#include "diff/array.h"
#include "diff/json_hash.h"
#include "diff/json_walk.h"

/* So many arrays inside one another are compared without hashes: each level looks
 * again at what is inside. Deeper ones have hashes, which are made once. */
enum { LOOK_TWICE = 3 };

/* Up to so many that are left over are looked at for who might be whom. */
enum { PAIR_BY_LOOKS = 64 };

/* Names that identify, the surest first. */
static const struct str guesses[] = {
    STR_INIT("id"),   STR_INIT("uuid"), STR_INIT("key"),
    STR_INIT("name"), STR_INIT("code"), STR_INIT("sku"),
};

/* A run of elements of one side. */
struct run {
    struct json_node **nodes;
    uint64_t *hashes;
    uint32_t *places; /* in the document */
    size_t n;
};

static struct array_list hashes_of(const struct run *r)
{
    return (struct array_list){r->hashes, r->n};
}

static struct run part_of(const struct run *r, size_t from, size_t n)
{
    return (struct run){r->nodes + from, r->hashes + from, r->places + from, n};
}

/* One allocation for the three of them. */
static int run_new(struct run *r, size_t n, struct err *e)
{
    *r = (struct run){0};
    r->nodes = mem_array(n + 1, sizeof *r->nodes + sizeof *r->hashes + sizeof *r->places);
    if (!r->nodes)
        return err_nomem(e, "comparing arrays");
    r->hashes = (uint64_t *)(void *)(r->nodes + n + 1);
    r->places = (uint32_t *)(void *)(r->hashes + n + 1);
    return 0;
}

static void run_push(struct run *r, const struct run *from, size_t i)
{
    r->nodes[r->n] = from->nodes[i];
    r->hashes[r->n] = from->hashes[i];
    r->places[r->n++] = from->places[i];
}

static int collect(struct run *r, const struct json_node *array, struct json_node *from,
                   uint32_t place, struct err *e)
{
    if (run_new(r, array->count - place, e) < 0)
        return -1;
    for (; from; from = from->next, place++) {
        if (from->flags & JSON_NODE_IGNORED)
            continue;
        r->nodes[r->n] = from;
        r->hashes[r->n] = json_hash(from);
        r->places[r->n++] = place;
    }
    return 0;
}

/* ---- pairs of elements ---- */

static int compare_pair(struct json_walk *w, const struct run *a, size_t i, const struct run *b,
                        size_t j, const struct json_step *up)
{
    struct json_step at = {.up = up, .index = a->places[i]};

    if (json_hash_settles(a->nodes[i], b->nodes[j]))
        return 0;
    return json_walk_nodes(w, a->nodes[i], b->nodes[j], &at);
}

static int differ_one(struct json_walk *w, enum diff_kind kind, const struct run *r, size_t i,
                      const struct json_step *up)
{
    struct json_step at = {.up = up, .index = r->places[i]};
    const struct json_node *n = r->nodes[i];

    return json_differ(w, kind, kind == KIND_MISSING ? n : NULL, kind == KIND_EXTRA ? n : NULL,
                       &at);
}

/* Compare who has a partner, and note who has none. */
static int compare_partners(struct json_walk *w, const struct run *a, const struct run *b,
                            const uint32_t *partner, const struct json_step *up)
{
    bool *taken = mem_array(b->n + 1, sizeof *taken);
    int rc = 0;

    if (!taken)
        return err_nomem(w->e, "comparing arrays");
    for (size_t i = 0; rc == 0 && i < a->n; i++) {
        if (partner[i] == ARRAY_NONE) {
            rc = differ_one(w, KIND_MISSING, a, i, up);
            continue;
        }
        taken[partner[i]] = true;
        rc = compare_pair(w, a, i, b, partner[i], up);
    }
    for (size_t j = 0; rc == 0 && j < b->n; j++)
        rc = taken[j] ? 0 : differ_one(w, KIND_EXTRA, b, j, up);
    mem_free(taken);
    return rc;
}

/* ---- known by members ---- */

/* A hash of the members that identify it; false when one is missing. */
static bool key_of(const struct json_node *n, const struct str *keys, size_t n_keys, uint64_t *hash)
{
    *hash = 0;
    for (size_t i = 0; i < n_keys; i++) {
        struct json_node *m = json_member_of(n, keys[i]);

        if (!m)
            return false;
        *hash = *hash * UINT64_C(0x9e3779b97f4a7c15) + json_hash(m);
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static bool all_differ(const uint64_t *hashes, size_t n)
{
    uint64_t *copy = mem_array(n + 1, sizeof *copy);
    bool good = copy != NULL;

    for (size_t i = 0; good && i < n; i++)
        copy[i] = hashes[i];
    if (good)
        qsort(copy, n, sizeof *copy, by_value);
    for (size_t i = 1; good && i < n; i++)
        good = copy[i] != copy[i - 1];
    mem_free(copy);
    return good;
}

/* The elements' keys into `hashes`; false when they do not identify. */
static bool keys_of(const struct run *r, const struct str *keys, size_t n_keys, uint64_t *hashes)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!key_of(r->nodes[i], keys, n_keys, &hashes[i]))
            return false;
    }
    return all_differ(hashes, r->n);
}

/* Partners by these keys: 1, 0 when they do not identify, or -1. */
static int match_keys(struct json_walk *w, const struct run *a, const struct run *b,
                      const struct str *keys, size_t n_keys, uint32_t *partner)
{
    uint64_t *hashes = mem_array(a->n + b->n + 1, sizeof *hashes);
    int rc = hashes ? 0 : err_nomem(w->e, "comparing arrays");

    if (rc == 0 && keys_of(a, keys, n_keys, hashes) && keys_of(b, keys, n_keys, hashes + a->n))
        rc = array_match((struct array_list){hashes, a->n},
                         (struct array_list){hashes + a->n, b->n}, partner, w->e) < 0
                 ? -1
                 : 1;
    mem_free(hashes);
    return rc;
}

/* ---- left over ---- */

/* How many members two objects have alike. Most stand in the same order. */
static unsigned likeness(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *n = b->child;
    unsigned alike = 0;

    if (a->type != JSON_OBJECT || b->type != JSON_OBJECT)
        return 0;
    for (struct json_node *m = a->child; m; m = m->next) {
        struct json_node *twin;

        if (n && str_eq(m->key, n->key)) {
            twin = json_member_of(b, n->key);
            n = n->next;
        } else {
            twin = a->count <= PAIR_BY_LOOKS ? json_member_of(b, m->key) : NULL;
        }
        alike += twin && json_hash(m) == json_hash(twin);
    }
    return alike;
}

/* Each takes who is most like it of those still free. */
static void match_looks(const struct run *a, const struct run *b, uint32_t *partner)
{
    bool taken[PAIR_BY_LOOKS] = {false};

    for (size_t i = 0; i < a->n; i++) {
        unsigned best = 0;

        partner[i] = ARRAY_NONE;
        for (size_t j = 0; j < b->n; j++) {
            unsigned alike = taken[j] ? 0 : likeness(a->nodes[i], b->nodes[j]);
            if (alike > best) {
                best = alike;
                partner[i] = (uint32_t)j;
            }
        }
        if (partner[i] != ARRAY_NONE)
            taken[partner[i]] = true;
    }
}

/* Elements without equals: by a member that seems to identify, else by looks, else
 * they are not taken for each other. */
static int match_left_over(struct json_walk *w, const struct run *a, const struct run *b,
                           uint32_t *partner)
{
    int rc = 0;

    for (size_t i = 0; i < a->n; i++)
        partner[i] = ARRAY_NONE;
    if (a->n == 0 || b->n == 0 || a->n > PAIR_BY_LOOKS || b->n > PAIR_BY_LOOKS)
        return 0;
    for (size_t g = 0; rc == 0 && g < sizeof guesses / sizeof *guesses; g++)
        rc = match_keys(w, a, b, &guesses[g], 1, partner);
    if (rc == 0)
        match_looks(a, b, partner);
    return rc < 0 ? -1 : 0;
}

static int compare_left_over(struct json_walk *w, const struct run *a, const struct run *b,
                             const struct json_step *up)
{
    uint32_t *partner = mem_array(a->n + 1, sizeof *partner);
    int rc;

    if (!partner)
        return err_nomem(w->e, "comparing arrays");
    rc = match_left_over(w, a, b, partner);
    if (rc == 0)
        rc = compare_partners(w, a, b, partner, up);
    mem_free(partner);
    return rc;
}

/* ---- order says nothing ---- */

static int compare_matched(struct json_walk *w, const struct run *a, const struct run *b,
                           const uint32_t *partner, bool *taken, struct run *x, struct run *y,
                           const struct json_step *up)
{
    for (size_t i = 0; i < a->n; i++) {
        if (partner[i] == ARRAY_NONE) {
            run_push(x, a, i);
            continue;
        }
        taken[partner[i]] = true;
        if (compare_pair(w, a, i, b, partner[i], up) < 0)
            return -1;
    }
    for (size_t j = 0; j < b->n; j++) {
        if (!taken[j])
            run_push(y, b, j);
    }
    return 0;
}

static int compare_multisets(struct json_walk *w, const struct run *a, const struct run *b,
                             bool by_looks, const struct json_step *up)
{
    uint32_t *partner = mem_array(a->n + 1, sizeof *partner);
    bool *taken = mem_array(b->n + 1, sizeof *taken);
    struct run x, y = {0};
    int rc = run_new(&x, a->n, w->e) < 0 || run_new(&y, b->n, w->e) < 0 ? -1 : 0;

    if (rc == 0 && partner && taken)
        rc = array_match(hashes_of(a), hashes_of(b), partner, w->e) < 0 ||
                     compare_matched(w, a, b, partner, taken, &x, &y, up) < 0
                 ? -1
                 : 0;
    else if (rc == 0)
        rc = err_nomem(w->e, "comparing arrays");
    if (rc == 0 && by_looks)
        rc = compare_left_over(w, &x, &y, up);
    for (size_t i = 0; rc == 0 && !by_looks && i < x.n; i++)
        rc = differ_one(w, KIND_MISSING, &x, i, up);
    for (size_t j = 0; rc == 0 && !by_looks && j < y.n; j++)
        rc = differ_one(w, KIND_EXTRA, &y, j, up);
    mem_free(x.nodes);
    mem_free(y.nodes);
    mem_free(partner);
    mem_free(taken);
    return rc;
}

/* ---- order counts ---- */

static int compare_in_place(struct json_walk *w, const struct run *a, const struct run *b,
                            const struct json_step *up)
{
    for (size_t i = 0; i < a->n; i++) {
        if (compare_pair(w, a, i, b, i, up) < 0)
            return -1;
    }
    return 0;
}

/* Between two elements that stayed: so many went, so many came. */
static int compare_gap(struct json_walk *w, const struct run *a, const struct run *b,
                       const struct json_step *up)
{
    return a->n == b->n ? compare_in_place(w, a, b, up) : compare_left_over(w, a, b, up);
}

static int compare_aligned(struct json_walk *w, const struct run *a, const struct run *b,
                           const uint32_t *partner, const struct json_step *up)
{
    size_t i = 0, j = 0;

    for (size_t k = 0; k <= a->n; k++) {
        size_t stays = k == a->n ? b->n : partner[k];
        struct run gone, come;

        if (k < a->n && partner[k] == ARRAY_NONE)
            continue;
        gone = part_of(a, i, k - i);
        come = part_of(b, j, stays - j);
        if (compare_gap(w, &gone, &come, up) < 0)
            return -1;
        if (k < a->n && compare_pair(w, a, k, b, stays, up) < 0)
            return -1;
        i = k + 1;
        j = stays + 1;
    }
    return 0;
}

static int compare_lengths(struct json_walk *w, const struct run *a, const struct run *b,
                           const struct json_step *up)
{
    uint32_t *partner = mem_array(a->n + 1, sizeof *partner);
    int rc = partner ? array_align(hashes_of(a), hashes_of(b), partner, w->e)
                     : err_nomem(w->e, "comparing arrays");

    if (rc > 0)
        rc = compare_aligned(w, a, b, partner, up);
    else if (rc == 0) {
        w->out->notes |= NOTE_ARRAY_APART;
        rc = compare_multisets(w, a, b, false, up);
    }
    mem_free(partner);
    return rc;
}

/* ---- what would help ---- */

/* Do the members of this name tell the elements apart, and who is whom otherwise
 * than places do? */
static bool would_help(const struct run *a, const struct run *b, struct str name)
{
    bool moved = a->n != b->n;
    uint64_t *x, *y, key1, key2;
    bool good;

    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (!key_of(a->nodes[i], &name, 1, &key1) || !key_of(b->nodes[i], &name, 1, &key2))
            return false;
        moved = moved || key1 != key2;
    }
    if (!moved)
        return false;
    x = mem_array(a->n + 1, sizeof *x);
    y = mem_array(b->n + 1, sizeof *y);
    good = x && y && keys_of(a, &name, 1, x) && keys_of(b, &name, 1, y);
    mem_free(x);
    mem_free(y);
    return good;
}

static void suggest(struct json_walk *w, const struct run *a, const struct run *b,
                    const struct json_step *up)
{
    struct json_path path;

    if (!w->rules || !w->rules->counting || a->n + b->n < 3)
        return;
    for (size_t g = 0; g < sizeof guesses / sizeof *guesses; g++) {
        if (would_help(a, b, guesses[g])) {
            rules_hint(w->rules, json_path_write(up, true, &path), guesses[g]);
            return;
        }
    }
}

/* ---- all of it ---- */

/* As a rule says: 1 when that was it, 0 to go on, -1. */
static int compare_by_rule(struct json_walk *w, const struct run *a, const struct run *b,
                           const struct json_step *up)
{
    const struct rule *r = rules_find(w->rules, up, RULE_BIT(RULE_KEY) | RULE_BIT(RULE_UNORDERED));
    uint32_t *partner;
    int rc;

    if (!r)
        return 0;
    if (r->action == RULE_UNORDERED) {
        rules_hit(w->rules, r);
        return compare_multisets(w, a, b, true, up) < 0 ? -1 : 1;
    }
    partner = mem_array(a->n + 1, sizeof *partner);
    if (!partner)
        return err_nomem(w->e, "comparing arrays");
    rc = match_keys(w, a, b, r->keys, r->n_keys, partner);
    if (rc > 0) {
        rules_hit(w->rules, r);
        rc = compare_partners(w, a, b, partner, up) < 0 ? -1 : 1;
    } else if (rc == 0) {
        w->out->notes |= NOTE_KEY_UNFIT;
    }
    mem_free(partner);
    return rc;
}

static int compare_runs(struct json_walk *w, const struct run *a, const struct run *b,
                        uint32_t total, const struct json_step *up)
{
    int rc = compare_by_rule(w, a, b, up);
    uint32_t moved;

    if (rc)
        return rc < 0 ? -1 : 0;
    if (array_moved(hashes_of(a), hashes_of(b), &moved, w->e) < 0)
        return -1;
    if (moved != ARRAY_NONE)
        return json_differ_order(w, total, moved, up);
    suggest(w, a, b, up);
    return a->n == b->n ? compare_in_place(w, a, b, up) : compare_lengths(w, a, b, up);
}

/* Take off what both begin and end with. */
static int strip(struct json_walk *w, struct run *a, struct run *b, const struct json_step *up)
{
    size_t n = 0;

    while (n < a->n && n < b->n && a->hashes[n] == b->hashes[n]) {
        if (compare_pair(w, a, n, b, n, up) < 0)
            return -1;
        n++;
    }
    *a = part_of(a, n, a->n - n);
    *b = part_of(b, n, b->n - n);
    while (a->n && b->n && a->hashes[a->n - 1] == b->hashes[b->n - 1]) {
        if (compare_pair(w, a, a->n - 1, b, b->n - 1, up) < 0)
            return -1;
        a->n--;
        b->n--;
    }
    return 0;
}

/* A member that identifies both, and says the same of both; true where there is
 * none in sight. */
static bool seem_in_place(const struct json_node *a, const struct json_node *b)
{
    for (size_t g = 0; g < sizeof guesses / sizeof *guesses; g++) {
        struct json_node *m = json_member_of(a, guesses[g]), *n = json_member_of(b, guesses[g]);

        if (m && n)
            return json_equal(m, n) != JSON_UNEQUAL;
    }
    return true;
}

/* The common case, without hashes: as many elements on both sides, the first that
 * differs is in place, and it stands nowhere else, so this is no other order. */
static bool is_edited_in_place(struct json_walk *w, const struct json_node *a,
                               const struct json_node *b, struct json_node *m, struct json_node *n,
                               const struct json_step *up)
{
    if (w->arrays > LOOK_TWICE || !m || !n || a->count != b->count ||
        ((a->flags | b->flags) & JSON_NODE_GAPS) || !seem_in_place(m, n) ||
        rules_find(w->rules, up, RULE_BIT(RULE_KEY) | RULE_BIT(RULE_UNORDERED)))
        return false;
    for (; n; n = n->next) {
        if (!json_surely_differ(m, n) && json_equal(m, n))
            return false;
    }
    return true;
}

static int compare_hashed(struct json_walk *w, struct json_node *a, struct json_node *b,
                          struct json_node *m, struct json_node *n, uint32_t place,
                          const struct json_step *up)
{
    struct run x, y, left, right;
    int rc = -1;

    if (collect(&x, a, m, place, w->e) < 0)
        return -1;
    if (collect(&y, b, n, place, w->e) == 0) {
        left = x;
        right = y;
        rc = strip(w, &left, &right, up);
        if (rc == 0 && (left.n || right.n))
            rc = compare_runs(w, &left, &right, a->count, up);
        mem_free(y.nodes);
    }
    mem_free(x.nodes);
    return rc;
}

static enum json_equality equality(const struct json_walk *w, struct json_node *m,
                                   struct json_node *n)
{
    if ((m->flags | n->flags) & JSON_NODE_IGNORED)
        return m->flags & n->flags & JSON_NODE_IGNORED ? JSON_EQUAL : JSON_UNEQUAL;
    return w->arrays > LOOK_TWICE ? json_equal_hashes(m, n) : json_equal(m, n);
}

static int walk_arrays(struct json_walk *w, struct json_node *a, struct json_node *b,
                       const struct json_step *up)
{
    struct json_step at = {.up = up};
    struct json_node *m = a->child, *n = b->child;

    for (; m && n; m = m->next, n = n->next, at.index++) {
        enum json_equality e = equality(w, m, n);

        if (e == JSON_UNEQUAL)
            break;
        if (e == JSON_EQUAL_ODD && json_walk_nodes(w, m, n, &at) < 0)
            return -1;
    }
    if (!m && !n)
        return 0;
    if (!is_edited_in_place(w, a, b, m, n, up))
        return compare_hashed(w, a, b, m, n, (uint32_t)at.index, up);
    for (; m && n; m = m->next, n = n->next, at.index++) {
        if (json_walk_nodes(w, m, n, &at) < 0)
            return -1;
    }
    return 0;
}

int json_walk_arrays(struct json_walk *w, struct json_node *a, struct json_node *b,
                     const struct json_step *up)
{
    int rc;

    w->arrays++;
    rc = walk_arrays(w, a, b, up);
    w->arrays--;
    return rc;
}

/* Rules at work: which concern a pair, what they say of a place, what they take out. */
#include <string.h>

#include "core/mem.h"
#include "diff/json_hash.h"
#include "diff/rule_trie.h"

enum {
    STATES_MAX = 8 * 1024 * 1024,   /* of the stack of sets: depth times width */
    CHAIN_MAX = 6 * JSON_MAX_DEPTH, /* embedded documents go on where they stand */
};

int rules_use_init(struct rules_use *u, const struct rules *rules, struct err *e)
{
    *u = (struct rules_use){.rules = rules};
    if (!rules)
        return 0;
    u->active = mem_array(RULES_MAX, sizeof *u->active);
    u->hits = mem_array(RULES_MAX, sizeof *u->hits);
    u->misses = mem_array(RULES_MAX, sizeof *u->misses);
    u->marks = mem_array(rules->n_nodes, sizeof *u->marks);
    if (u->active && u->hits && u->misses && u->marks)
        return 0;
    rules_use_release(u);
    return err_nomem(e, "comparing by rules");
}

void rules_use_release(struct rules_use *u)
{
    for (size_t i = 0; i < RULES_HINTS; i++)
        mem_free(u->hints[i].path);
    mem_free(u->active);
    mem_free(u->hits);
    mem_free(u->misses);
    mem_free(u->marks);
    mem_free(u->states);
    *u = (struct rules_use){0};
}

/* Sorted by path and without twins, so that it does not matter who saw which. */
void rules_hint(struct rules_use *u, struct str path, struct str key)
{
    size_t i = 0;
    char *copy;

    while (i < RULES_HINTS && u->hints[i].path && str_cmp(str_of(u->hints[i].path), path) < 0)
        i++;
    if (i < RULES_HINTS && u->hints[i].path && str_eq(str_of(u->hints[i].path), path)) {
        if (str_cmp(key, u->hints[i].key) < 0)
            u->hints[i].key = key;
        return;
    }
    if (i == RULES_HINTS || !(copy = mem_dup(path.data, path.len)))
        return;
    mem_free(u->hints[RULES_HINTS - 1].path);
    memmove(&u->hints[i + 1], &u->hints[i], (RULES_HINTS - 1 - i) * sizeof u->hints[0]);
    u->hints[i] = (struct rules_hint){copy, key};
}

void rules_use_merge(struct rules_use *u, const struct rules_use *from)
{
    for (size_t i = 0; i < RULES_HINTS && from->hints[i].path; i++)
        rules_hint(u, str_of(from->hints[i].path), from->hints[i].key);
    for (size_t i = 0; i < rules_count(u->rules); i++) {
        u->hits[i] += from->hits[i];
        u->misses[i] += from->misses[i];
    }
}

static bool concerns(const struct rule *r, const struct rules_scope *s)
{
    if (r->method.len && !str_ieq(r->method, s->method))
        return false;
    if (r->status_low && (s->status < r->status_low || s->status > r->status_high))
        return false;
    if (r->until && s->day > r->until)
        return false;
    return !r->endpoint.path.data || pattern_fits(&r->endpoint, s->method, s->path) ||
           pattern_fits(&r->endpoint, s->method, s->endpoint);
}

void rules_use_begin(struct rules_use *u, const struct rules_scope *scope)
{
    u->actions = 0;
    u->headers = false;
    for (size_t i = 0; i < rules_count(u->rules); i++) {
        const struct rule *r = &u->rules->list[i];

        u->active[i] = concerns(r, scope);
        if (u->active[i] && r->path.header)
            u->headers = true;
        else if (u->active[i])
            u->actions |= RULE_BIT(r->action);
    }
}

void rules_hit(struct rules_use *u, const struct rule *rule)
{
    if (u->counting)
        u->hits[rule - u->rules->list]++;
}

void rules_miss(struct rules_use *u, const struct rule *rule)
{
    if (u->counting && rule)
        u->misses[rule - u->rules->list]++;
}

void rules_hit_pruned(struct rules_use *u, const uint32_t *a, const uint32_t *b)
{
    for (size_t i = 0; u->counting && i < u->rules->n; i++)
        u->hits[i] += a[i] > b[i] ? a[i] : b[i];
}

/* ---- sets of nodes ---- */

/* Put a node in the set that is being made on top of the stack, and with it the
 * one that its two points lead to. */
static int put(struct rules_use *u, uint16_t id, struct err *e)
{
    for (; id; id = u->rules->nodes[id].below) {
        if (u->marks[id] == u->generation)
            continue;
        u->marks[id] = u->generation;
        if (u->n_states == u->states_cap) {
            size_t cap = u->states_cap ? 2 * u->states_cap : 256;
            uint16_t *p = cap > STATES_MAX ? NULL : mem_realloc(u->states, cap * sizeof *p);

            if (!p)
                return err_nomem(e, "comparing by rules");
            u->states = p;
            u->states_cap = cap;
        }
        u->states[u->n_states++] = id;
    }
    return 0;
}

static void begin_set(struct rules_use *u)
{
    if (++u->generation == 0) { /* once in four thousand million sets */
        memset(u->marks, 0, u->rules->n_nodes * sizeof *u->marks);
        u->generation = 1;
    }
}

static int put_children(struct rules_use *u, uint16_t parent, const struct json_step *step,
                        uint64_t hash, struct err *e)
{
    const struct rules *r = u->rules;
    size_t i = rule_first_slot(r, parent, hash);

    for (; r->slots[i]; i = (i + 1) & (r->n_slots - 1)) {
        const struct rule_node *n = &r->nodes[r->slots[i]];

        if (n->parent == parent &&
            (step->owner ? n->kind != RULE_STEP_INDEX && str_eq(n->name, step->key)
                         : n->kind != RULE_STEP_NAME && n->index == step->index) &&
            put(u, r->slots[i], e) < 0)
            return -1;
    }
    return 0;
}

/* Push the set that `step` leads to from the one that begins at `from` and ends
 * at `to`. */
static int push_set(struct rules_use *u, size_t from, size_t to, const struct json_step *step,
                    struct err *e)
{
    uint64_t hash = step->owner ? rule_name_hash(step->key) : rule_index_hash(step->index);

    begin_set(u);
    for (size_t i = from; i < to; i++) {
        uint16_t id = u->states[i];
        const struct rule_node *n = &u->rules->nodes[id];

        if ((n->stays && put(u, id, e) < 0) || put(u, n->any, e) < 0 ||
            put_children(u, id, step, hash, e) < 0)
            return -1;
    }
    return 0;
}

static int push_top(struct rules_use *u, struct err *e)
{
    begin_set(u);
    return put(u, TOP, e);
}

/* The first rule by number that ends in the set from `from` to the top. */
static const struct rule *end_of(const struct rules_use *u, size_t from, unsigned actions)
{
    const struct rules *r = u->rules;
    size_t best = RULES_MAX;

    for (size_t i = from; i < u->n_states; i++) {
        for (uint16_t k = r->nodes[u->states[i]].first; k; k = r->list[k - 1].next) {
            if (u->active[k - 1] && (actions & RULE_BIT(r->list[k - 1].action)) && k - 1u < best)
                best = k - 1u;
        }
    }
    return best < RULES_MAX ? &r->list[best] : NULL;
}

/* The steps from the top to `step`; too many of them are none. */
static size_t chain_of(const struct json_step *step, const struct json_step *chain[CHAIN_MAX])
{
    size_t n = 0;

    for (const struct json_step *s = step; s; s = s->up)
        n++;
    if (n > CHAIN_MAX)
        return 0;
    for (size_t i = n; step; step = step->up)
        chain[--i] = step;
    return n;
}

/* Push the set of `step`; *from is where it begins. With `found`, look for rules
 * of TYPE_ONLY on the way. */
static int push_chain(struct rules_use *u, const struct json_step *step, size_t *from,
                      const struct rule **found, struct err *e)
{
    const struct json_step *chain[CHAIN_MAX];
    size_t n = chain_of(step, chain);

    *from = u->n_states;
    if (push_top(u, e) < 0)
        return -1;
    for (size_t i = 0; i < n && u->n_states > *from; i++) {
        size_t to = u->n_states;

        if (found && !*found)
            *found = end_of(u, *from, RULE_BIT(RULE_TYPE_ONLY));
        if (push_set(u, *from, to, chain[i], e) < 0)
            return -1;
        *from = to;
    }
    return 0;
}

const struct rule *rules_find(struct rules_use *u, const struct json_step *step, unsigned actions)
{
    const struct rule *found = NULL, *here = NULL;
    size_t from;

    if (!u || !(u->actions & actions))
        return NULL;
    u->n_states = 0;
    if (push_chain(u, step, &from, actions & RULE_BIT(RULE_TYPE_ONLY) ? &found : NULL, NULL) < 0)
        return NULL;
    here = end_of(u, from, actions);
    return here && (!found || here < found) ? here : found;
}

static bool header_fits(const struct rule_path *p, struct str name)
{
    return p->header && (p->open ? str_starts(name, p->name) : str_eq(name, p->name));
}

const struct rule *rules_find_header(struct rules_use *u, struct str name, unsigned actions)
{
    if (!u || !u->headers)
        return NULL;
    for (size_t i = 0; i < u->rules->n; i++) {
        const struct rule *r = &u->rules->list[i];

        if (u->active[i] && (actions & RULE_BIT(r->action)) && header_fits(&r->path, name))
            return r;
    }
    return NULL;
}

/* ---- what is ignored ---- */

struct pruning {
    struct rules_use *use;
    uint32_t *counts;
    struct err *e;
};

static int prune_inside(struct pruning *p, struct json_node *box, const struct json_step *up,
                        size_t from);

/* One member or element: true in *gone when a rule takes it out, else what is
 * inside it is pruned, as long as any path goes on there. */
static int prune_one(struct pruning *p, struct json_node *n, const struct json_step *at,
                     size_t from, size_t to, bool *gone)
{
    const struct rule *rule;

    *gone = false;
    if (push_set(p->use, from, to, at, p->e) < 0)
        return -1;
    rule = end_of(p->use, to, RULE_BIT(RULE_IGNORE));
    if (rule) {
        p->counts[rule - p->use->rules->list]++;
        *gone = true;
    } else if (p->use->n_states > to && prune_inside(p, n, at, to) < 0) {
        return -1;
    }
    p->use->n_states = to;
    return 0;
}

/* As deep as the document, which JSON_MAX_DEPTH bounds. */
static int prune_inside(struct pruning *p, struct json_node *box, const struct json_step *up,
                        size_t from)
{
    struct json_owner owner = {.object = box};
    struct json_step at = {.up = up, .owner = box->type == JSON_OBJECT ? &owner : NULL};
    struct json_node **link = &box->child;
    size_t to = p->use->n_states;
    bool gone;

    if (box->type != JSON_OBJECT && box->type != JSON_ARRAY)
        return 0;
    for (struct json_node *n = box->child; n; n = n->next, at.index++) {
        at.key = n->key;
        if (prune_one(p, n, &at, from, to, &gone) < 0)
            return -1;
        if (gone && at.owner) {
            *link = n->next;
            box->count--;
            continue;
        }
        n->flags |= gone ? JSON_NODE_IGNORED : 0;
        box->flags |= gone ? JSON_NODE_GAPS : 0;
        link = &n->next;
    }
    return 0;
}

int rules_prune(struct rules_use *u, struct json_node *root, const struct json_step *step,
                uint32_t *counts, struct err *e)
{
    struct pruning p = {u, counts, e};
    size_t from;

    if (!u || !(u->actions & RULE_BIT(RULE_IGNORE)))
        return 0;
    u->n_states = 0;
    if (push_chain(u, step, &from, NULL, e) < 0)
        return -1;
    return prune_inside(&p, root, step, from);
}

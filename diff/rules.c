/* The set of rules, and their trie. */
#include "diff/rules.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "diff/rule_trie.h"
#include "diff/time_text.h"

enum {
    RULES_MEMORY = 16 * 1024 * 1024,
    NODES_MAX = 32768,
};

/* ---- the trie ---- */

static void put_slot(struct rules *r, uint64_t hash, uint16_t id)
{
    size_t i = rule_first_slot(r, r->nodes[id].parent, hash);

    while (r->slots[i])
        i = (i + 1) & (r->n_slots - 1);
    r->slots[i] = id;
}

/* Digits of a pointer are found by both. */
static void put_node(struct rules *r, uint16_t id)
{
    const struct rule_node *n = &r->nodes[id];

    if (n->kind == RULE_STEP_NAME || n->kind == RULE_STEP_EITHER)
        put_slot(r, rule_name_hash(n->name), id);
    if (n->kind == RULE_STEP_INDEX || n->kind == RULE_STEP_EITHER)
        put_slot(r, rule_index_hash(n->index), id);
}

/* Room for two more nodes, and slots that are at most half full. */
static int reserve(struct rules *r, struct err *e)
{
    size_t cap = r->nodes_cap ? 2 * r->nodes_cap : 64;
    struct rule_node *nodes;
    uint16_t *slots;

    if (r->n_nodes + 2 <= r->nodes_cap)
        return 0;
    if (cap > NODES_MAX)
        return err_set(e, ERR_USAGE, "the paths of the rules have too many steps");
    nodes = mem_realloc(r->nodes, cap * sizeof *nodes);
    if (!nodes)
        return err_nomem(e, "reading rules");
    r->nodes = nodes;
    slots = mem_array(4 * cap, sizeof *slots);
    if (!slots)
        return err_nomem(e, "reading rules");
    memset(nodes + r->nodes_cap, 0, (cap - r->nodes_cap) * sizeof *nodes);
    r->nodes_cap = cap;
    mem_free(r->slots);
    r->slots = slots;
    r->n_slots = 4 * cap;
    for (size_t i = TOP + 1; i < r->n_nodes; i++)
        put_node(r, (uint16_t)i);
    return 0;
}

static uint16_t new_node(struct rules *r, uint32_t parent, const struct rule_step *s)
{
    struct rule_node *n = &r->nodes[r->n_nodes];

    *n = (struct rule_node){.parent = parent, .kind = RULE_STEP_ANY};
    if (s) {
        n->kind = s->kind;
        n->name = s->name;
        n->index = s->index;
        put_node(r, (uint16_t)r->n_nodes);
    }
    return (uint16_t)r->n_nodes++;
}

/* The child of `parent` for just this step, made if need be. There is room. */
static uint16_t child_for(struct rules *r, uint32_t parent, const struct rule_step *s)
{
    bool named = s->kind != RULE_STEP_INDEX;
    size_t i;

    if (s->kind == RULE_STEP_ANY) {
        if (!r->nodes[parent].any)
            r->nodes[parent].any = new_node(r, parent, NULL);
        return r->nodes[parent].any;
    }
    i = rule_first_slot(r, parent, named ? rule_name_hash(s->name) : rule_index_hash(s->index));
    for (; r->slots[i]; i = (i + 1) & (r->n_slots - 1)) {
        const struct rule_node *n = &r->nodes[r->slots[i]];

        if (n->parent == parent && n->kind == s->kind &&
            (named ? str_eq(n->name, s->name) : n->index == s->index))
            return r->slots[i];
    }
    return new_node(r, parent, s);
}

static int add_path(struct rules *r, size_t number, struct err *e)
{
    struct rule *rule = &r->list[number];
    uint32_t at = TOP;

    for (size_t i = 0; i < rule->path.n; i++) {
        const struct rule_step *s = &rule->path.steps[i];

        if (reserve(r, e) < 0)
            return -1;
        if (s->deep) {
            if (!r->nodes[at].below) {
                uint16_t below = new_node(r, at, NULL);
                r->nodes[below].stays = true;
                r->nodes[at].below = below;
            }
            at = r->nodes[at].below;
        }
        at = child_for(r, at, s);
    }
    rule->next = r->nodes[at].first;
    r->nodes[at].first = (uint16_t)(number + 1);
    return 0;
}

/* ---- the set ---- */

struct rules *rules_new(struct err *e)
{
    struct rules *r = mem_zalloc(sizeof *r);

    if (!r) {
        err_nomem(e, "reading rules");
        return NULL;
    }
    arena_init(&r->mem, RULES_MEMORY);
    r->list = arena_array(&r->mem, RULES_MAX, sizeof *r->list, e);
    if (r->list && reserve(r, e) == 0) {
        r->n_nodes = TOP + 1;
        return r;
    }
    rules_free(r);
    return NULL;
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    mem_free(r->nodes);
    mem_free(r->slots);
    arena_release(&r->mem);
    mem_free(r);
}

void rules_set_additive(struct rules *r)
{
    r->additive = true;
}

bool rules_are_additive(const struct rules *r)
{
    return r && r->additive;
}

struct arena *rules_memory(struct rules *r)
{
    return &r->mem;
}

size_t rules_count(const struct rules *r)
{
    return r ? r->n : 0;
}

const struct rule *rules_at(const struct rules *r, size_t i)
{
    return &r->list[i];
}

int rules_add(struct rules *r, const struct rule *rule, struct err *e)
{
    struct buf text;
    int rc = -1;

    if (r->n == RULES_MAX)
        return err_set(e, ERR_USAGE, "more than %d rules", RULES_MAX);
    buf_init(&text, 8 * RULE_PATH_MAX);
    r->list[r->n] = *rule;
    if (rule_path_write(&rule->path, &text, e) == 0 &&
        arena_dup(&r->mem, buf_str(&text), &r->list[r->n].text, e) == 0 &&
        (rule->path.header || add_path(r, r->n, e) == 0)) {
        r->n++;
        rc = 0;
    }
    buf_release(&text);
    return rc;
}

static bool is_number(struct str s)
{
    struct arena mem;
    const struct json_node *n;
    bool good;

    arena_init(&mem, 64 * 1024);
    n = s.len < 1024 ? json_parse(s, &mem, NULL, NULL) : NULL;
    good = n && n->type == JSON_NUMBER;
    arena_release(&mem);
    return good;
}

bool rule_is_near(const struct rule *r, struct str a, struct str b)
{
    int64_t x, y;

    if (r->action == RULE_ABS || r->action == RULE_REL)
        return (!r->path.header || (is_number(a) && is_number(b))) &&
               json_number_near(a, b, r->number, r->action == RULE_REL);
    return r->action == RULE_WITHIN && time_text_read(a, &x) && time_text_read(b, &y) &&
           (x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x) <=
               (uint64_t)r->within_ns;
}

const char *rule_action_name(enum rule_action action)
{
    static const char *const names[RULE_ACTIONS] = {
        [RULE_IGNORE] = "ignore",
        [RULE_COMPARE] = "compare",
        [RULE_ABS] = "abs",
        [RULE_REL] = "rel",
        [RULE_WITHIN] = "within",
        [RULE_UNORDERED] = "unordered",
        [RULE_KEY] = "key",
        [RULE_JSON] = "embedded json",
        [RULE_BASE64] = "embedded base64",
        [RULE_TYPE_ONLY] = "type_only",
    };

    return names[action];
}

int rules_day(struct str time)
{
    int day = 0;

    if (time.len < 10 || time.data[4] != '-' || time.data[7] != '-')
        return 0;
    for (size_t i = 0; i < 10; i++) {
        char c = time.data[i];

        if (i == 4 || i == 7)
            continue;
        if (c < '0' || c > '9')
            return 0;
        day = day * 10 + (c - '0');
    }
    return day;
}

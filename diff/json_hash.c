#include "diff/json_hash.h"

#include <string.h>

#define ODD_1 UINT64_C(0x9e3779b97f4a7c15)
#define ODD_2 UINT64_C(0xc2b2ae3d27d4eb4f)

/* Up to here twins are looked for; larger objects are taken to have some where
 * two names fall on one bit. */
enum { SMALL_OBJECT = 16 };

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= ODD_1;
    return h ^ h >> 29;
}

/* Eight bytes at a time; no secret depends on it. */
uint64_t json_hash_bytes(struct str s)
{
    const char *p = s.data;
    uint64_t h = s.len * ODD_2, word = 0;
    size_t n = s.len;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * ODD_1;
        h ^= h >> 32;
    }
    if (n) {
        word = 0;
        memcpy(&word, p, n);
        h = (h ^ word) * ODD_1;
    }
    return mix(h);
}

bool json_has_twins(const struct json_node *object)
{
    for (const struct json_node *m = object->child; m; m = m->next) {
        for (const struct json_node *k = m->next; k; k = k->next) {
            if (str_eq(m->key, k->key))
                return true;
        }
    }
    return false;
}

/* Members add up, so that their order says nothing. Names are thrown on 256 bits
 * to see cheaply that none stands twice. */
static uint64_t hash_object(struct json_node *object)
{
    uint64_t sum = 0, seen[4] = {0};
    bool twins = false;

    for (struct json_node *m = object->child; m; m = m->next) {
        uint64_t name = json_hash_bytes(m->key), *word = &seen[name >> 62];
        uint64_t bit = UINT64_C(1) << (name >> 56 & 63);

        twins = twins || (*word & bit);
        *word |= bit;
        sum += mix(name * ODD_2 ^ json_hash(m));
        object->flags |= m->flags & JSON_NODE_ODD;
    }
    if (twins && (object->count > SMALL_OBJECT || json_has_twins(object)))
        object->flags |= JSON_NODE_ODD;
    return sum;
}

static uint64_t hash_array(struct json_node *array)
{
    uint64_t h = 0;

    for (struct json_node *m = array->child; m; m = m->next) {
        if (m->flags & JSON_NODE_IGNORED)
            continue;
        h = mix(h ^ json_hash(m)) + ODD_2;
        array->flags |= m->flags & JSON_NODE_ODD;
    }
    return h;
}

static uint64_t hash_number(struct json_node *n)
{
    bool plain;
    uint64_t h = json_number_hash(n->text, &plain);

    n->flags |= plain ? 0 : JSON_NODE_ODD;
    return h;
}

/* As deep as the document, which JSON_MAX_DEPTH bounds. */
uint64_t json_hash(struct json_node *n)
{
    uint64_t h = 0;

    if (n->flags & JSON_NODE_HASHED)
        return n->mark;
    switch (n->type) {
    case JSON_NUMBER:
        h = hash_number(n);
        break;
    case JSON_STRING:
        h = json_hash_bytes(n->text);
        break;
    case JSON_ARRAY:
        h = hash_array(n);
        break;
    case JSON_OBJECT:
        h = hash_object(n);
        break;
    default:
        break;
    }
    n->mark = mix(h + n->type * ODD_2);
    n->flags |= JSON_NODE_HASHED;
    return n->mark;
}

/* ---- without hashes ---- */

/* The worse of two that are both equal; unequal beats all. */
static enum json_equality both(enum json_equality x, enum json_equality y)
{
    return !x || !y ? JSON_UNEQUAL : x > y ? x : y;
}

enum json_equality json_equal_hashes(struct json_node *a, struct json_node *b)
{
    if (json_hash(a) != json_hash(b))
        return JSON_UNEQUAL;
    return (a->flags | b->flags) & JSON_NODE_ODD ? JSON_EQUAL_ODD : JSON_EQUAL;
}

/* The members of a that are left, looked for among all of b's. */
static enum json_equality equal_in_any_order(struct json_node *a, struct json_node *b,
                                             struct json_node *m)
{
    enum json_equality e = JSON_EQUAL;
    struct json_node *next = b->child;

    if (a->count > SMALL_OBJECT || json_has_twins(a))
        return json_equal_hashes(a, b);
    for (; m && e; m = m->next) {
        struct json_node *n = next && str_eq(next->key, m->key) ? next : json_member_of(b, m->key);

        e = n ? both(e, json_equal(m, n)) : JSON_UNEQUAL;
        next = n ? n->next : NULL;
    }
    return e;
}

static enum json_equality equal_objects(struct json_node *a, struct json_node *b)
{
    struct json_node *m = a->child, *n = b->child;
    enum json_equality e = JSON_EQUAL;

    if (a->count != b->count)
        return JSON_UNEQUAL;
    for (; m && n && str_eq(m->key, n->key); m = m->next, n = n->next) {
        e = both(e, json_equal(m, n));
        if (!e)
            return JSON_UNEQUAL;
    }
    return m ? both(e, equal_in_any_order(a, b, m)) : e;
}

static enum json_equality equal_arrays(struct json_node *a, struct json_node *b)
{
    struct json_node *m = a->child, *n = b->child;
    enum json_equality e = JSON_EQUAL;

    if ((a->flags | b->flags) & JSON_NODE_GAPS)
        return json_equal_hashes(a, b);
    if (a->count != b->count)
        return JSON_UNEQUAL;
    for (; m && n && e; m = m->next, n = n->next)
        e = both(e, json_equal(m, n));
    return e;
}

/* As deep as the document, which JSON_MAX_DEPTH bounds. */
enum json_equality json_equal(struct json_node *a, struct json_node *b)
{
    if (a->type != b->type)
        return JSON_UNEQUAL;
    switch (a->type) {
    case JSON_OBJECT:
        return equal_objects(a, b);
    case JSON_ARRAY:
        return equal_arrays(a, b);
    case JSON_STRING:
        return str_eq(a->text, b->text) ? JSON_EQUAL : JSON_UNEQUAL;
    case JSON_NUMBER:
        if (str_eq(a->text, b->text))
            return JSON_EQUAL;
        return json_number_cmp(a->text, b->text) ? JSON_UNEQUAL : JSON_EQUAL_ODD;
    default:
        return JSON_EQUAL;
    }
}

bool json_surely_differ(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *m = a->child, *n;

    if (a->type != b->type)
        return true;
    if (a->type == JSON_STRING)
        return !str_eq(a->text, b->text);
    if (a->type == JSON_NUMBER)
        return json_number_cmp(a->text, b->text) != 0;
    if (a->type != JSON_OBJECT || a->count != b->count || !m)
        return a->type == JSON_OBJECT && a->count != b->count;
    n = str_eq(m->key, b->child->key) ? b->child : json_member(b, m->key);
    if (!n || m->type == JSON_OBJECT || m->type == JSON_ARRAY)
        return !n;
    return json_surely_differ(m, n);
}

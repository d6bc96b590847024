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

bool json_same(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *m, *n;

    if (a->type != b->type || a->count != b->count || ((a->flags | b->flags) & JSON_NODE_IGNORED))
        return false;
    if (a->type == JSON_STRING || a->type == JSON_NUMBER)
        return str_eq(a->text, b->text);
    if (a->type != JSON_OBJECT && a->type != JSON_ARRAY)
        return true;
    for (m = a->child, n = b->child; m && n; m = m->next, n = n->next) {
        if ((a->type == JSON_OBJECT && !str_eq(m->key, n->key)) || !json_same(m, n))
            return false;
    }
    return !m && !n;
}

/* Any bytes: never a crash, and what is accepted means what it says: written
 * out again it reads back as the same tree. The numbers found are compared with
 * one another, and with the doubles next to them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/json_tree.h"

enum { NUMBERS = 24 };

/* Every string byte as an escape or itself: WTF-8 surrogates back to \u. */
static void put_string(struct buf *out, struct str s)
{
    buf_addc(out, '"', NULL);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        if (c == 0xed && i + 2 < s.len && (unsigned char)s.data[i + 1] >= 0xa0) {
            unsigned code =
                0xd000 | ((unsigned)s.data[i + 1] & 0x3f) << 6 | ((unsigned)s.data[i + 2] & 0x3f);
            buf_printf(out, NULL, "\\u%04x", code);
            i += 2;
        } else if (c < 0x20 || c == '"' || c == '\\') {
            buf_printf(out, NULL, "\\u%04x", c);
        } else {
            buf_addc(out, (char)c, NULL);
        }
    }
    buf_addc(out, '"', NULL);
}

static void put_node(struct buf *out, const struct json_node *n)
{
    static const char *const words[] = {"null", "false", "true"};

    switch (n->type) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        buf_add(out, str_of(words[n->type]), NULL);
        return;
    case JSON_NUMBER:
        buf_add(out, n->text, NULL);
        return;
    case JSON_STRING:
        put_string(out, n->text);
        return;
    default:
        break;
    }
    buf_addc(out, n->type == JSON_OBJECT ? '{' : '[', NULL);
    for (const struct json_node *c = n->child; c; c = c->next) {
        if (n->type == JSON_OBJECT) {
            put_string(out, c->key);
            buf_add(out, STR(" : "), NULL);
        }
        put_node(out, c);
        buf_add(out, c->next ? STR(" ,") : STR(""), NULL);
    }
    buf_addc(out, n->type == JSON_OBJECT ? '}' : ']', NULL);
}

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_be_equal(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *x = a->child, *y = b->child;
    uint32_t count = 0;

    must(a->type == b->type && a->count == b->count);
    must(str_eq(a->key, b->key) && str_eq(a->text, b->text));
    for (; x && y; x = x->next, y = y->next, count++)
        must_be_equal(x, y);
    must(!x && !y && count == a->count);
}

static size_t collect_numbers(const struct json_node *n, struct str *numbers, size_t count)
{
    if (n->type == JSON_NUMBER && count < NUMBERS)
        numbers[count++] = n->text;
    for (n = n->child; n && count < NUMBERS; n = n->next)
        count = collect_numbers(n, numbers, count);
    return count;
}

/* An order: reflexive, antisymmetric, transitive; and where a double can tell
 * two numbers apart, the same as that of doubles. */
static void check_order(const struct str *n, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        must(json_number_cmp(n[i], n[i]) == 0);
        for (size_t j = 0; j < count; j++) {
            int ij = json_number_cmp(n[i], n[j]);

            must(ij == -json_number_cmp(n[j], n[i]));
            for (size_t k = 0; k < count && ij <= 0; k++)
                must(json_number_cmp(n[j], n[k]) > 0 || json_number_cmp(n[i], n[k]) <= 0);
        }
    }
}

static double as_double(struct str s)
{
    char text[64];

    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    return strtod(text, NULL);
}

static void check_doubles(const struct str *n, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        double a, b;

        if (n[i].len > 60 || n[i + 1].len > 60)
            continue;
        a = as_double(n[i]);
        b = as_double(n[i + 1]);
        if (a != b)
            must(json_number_cmp(n[i], n[i + 1]) == (a < b ? -1 : 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str numbers[NUMBERS];
    struct json_fault fault;
    struct json_node *root;
    struct arena mem;
    struct err e = {0};
    struct buf again;
    size_t count;

    arena_init(&mem, (size_t)64 << 20);
    buf_init(&again, (size_t)64 << 20);
    root = json_parse(str_from((const char *)data, size), &mem, &fault, &e);
    must((json_check(str_from((const char *)data, size), NULL, NULL) == 0) == (root != NULL) ||
         e.kind == ERR_NOMEM);
    if (root) {
        put_node(&again, root);
        must_be_equal(root, json_parse(buf_str(&again), &mem, NULL, &e));
        count = collect_numbers(root, numbers, 0);
        check_order(numbers, count);
        check_doubles(numbers, count);
    } else {
        must(fault.offset <= size && e.kind != ERR_NONE);
    }
    arena_release(&mem);
    buf_release(&again);
    return 0;
}

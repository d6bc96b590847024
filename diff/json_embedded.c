/* Strings that hold a document of their own, where a rule says so. */
#include "diff/json_walk.h"

enum { EMBEDDED_MAX = 4 };

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Both alphabets, with padding or without (RFC 4648). False when it is none. */
static bool decode(struct json_walk *w, struct str text, struct str *bytes)
{
    unsigned char *to;
    size_t n = 0;
    uint32_t word = 0;

    while (text.len && text.data[text.len - 1] == '=')
        text.len--;
    to = arena_alloc(&w->inner, text.len + 1, NULL);
    if (!to || text.len % 4 == 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);

        if (digit < 0)
            return false;
        word = word << 6 | (uint32_t)digit;
        if (i % 4)
            to[n++] = (unsigned char)(word >> (6 - 2 * (i % 4)));
    }
    *bytes = str_from((const char *)to, n);
    return true;
}

/* The document in a string, without what rules ignore in it. */
static struct json_node *open_document(struct json_walk *w, struct str text,
                                       const struct json_step *at, uint32_t *counts)
{
    struct json_node *n = json_parse(text, &w->inner, NULL, NULL);

    return n && rules_prune(w->rules, n, at, counts, NULL) == 0 ? n : NULL;
}

static int compare_texts(struct json_walk *w, const struct rule *r, struct str a, struct str b,
                         const struct json_step *at)
{
    size_t n = rules_count(w->rules->rules);
    uint32_t *counts = arena_array(&w->inner, 2 * n, sizeof *counts, NULL);
    struct json_node *x = counts ? open_document(w, a, at, counts) : NULL;
    struct json_node *y = x ? open_document(w, b, at, counts + n) : NULL;
    int rc;

    if (!y)
        return 0;
    rules_hit(w->rules, r);
    rules_hit_pruned(w->rules, counts, counts + n);
    w->embedded++;
    rc = json_walk_nodes(w, x, y, at);
    w->embedded--;
    return rc < 0 ? -1 : 1;
}

/* Base64 of anything: its bytes tell, however they are spelled. */
static int compare_base64(struct json_walk *w, const struct rule *r, struct str a, struct str b,
                          const struct json_step *at)
{
    struct str x, y;

    if (!decode(w, a, &x) || !decode(w, b, &y))
        return 0;
    if (str_eq(x, y)) {
        rules_hit(w->rules, r);
        return 1;
    }
    return compare_texts(w, r, x, y, at);
}

int json_walk_embedded(struct json_walk *w, const struct json_node *a, const struct json_node *b,
                       const struct json_step *at)
{
    const struct rule *r = rules_find(w->rules, at, RULE_BIT(RULE_JSON) | RULE_BIT(RULE_BASE64));

    if (!r || w->embedded == EMBEDDED_MAX)
        return 0;
    if (r->action == RULE_BASE64)
        return compare_base64(w, r, a->text, b->text, at);
    return compare_texts(w, r, a->text, b->text, at);
}

/* Any bytes: never a crash, nothing slow, and the tree is what the header
 * promises, so that whoever walks it need not be careful. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/yaml.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void check_scalar(const struct yaml_node *n)
{
    uint64_t u = 0;
    double d = 0;
    bool b;

    must(n->text.len <= YAML_MAX_SCALAR && n->text.data[n->text.len] == '\0');
    must(n->size == 1 && n->height == 0 && !n->items && n->count == 0);
    if (yaml_to_u64(n, &u))
        must(yaml_to_double(n, &d) && d >= (double)u - 1 && d <= (double)u + 2048);
    must(!(yaml_to_bool(n, &b) && (yaml_is_null(n) || yaml_to_double(n, &d))));
}

/* What lost in a merge counts in `size`, and is not there to be counted. */
static void check(const struct yaml_node *n, uint32_t depth)
{
    uint32_t count = 0, size = 1, height = 0;
    bool merged = false;

    must(depth <= YAML_MAX_DEPTH && n->at.line && n->at.column && n->at.file);
    if (n->kind == YAML_SCALAR) {
        check_scalar(n);
        return;
    }
    for (const struct yaml_item *i = n->items; i; i = i->next, count++) {
        must((i->key != NULL) == (n->kind == YAML_MAP));
        if (i->key && count < 50)
            must(yaml_get(n, i->key->text.data) == i->value ||
                 strlen(i->key->text.data) != i->key->text.len);
        if (i->key)
            check(i->key, depth + 1);
        check(i->value, depth + 1);
        merged = merged || i->merged;
        size += i->value->size + (i->key ? 1 : 0);
        if (i->value->height > height)
            height = i->value->height;
    }
    must(count == n->count && height + 1 == n->height);
    must(merged ? size <= n->size : size == n->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_stream s;
    struct diags d;

    yaml_stream_init(&s);
    diags_init(&d);
    must(yaml_read(&s, str_from((const char *)data, size), "fuzz", &d, NULL) == 0);
    for (const struct yaml_doc *doc = s.docs; doc; doc = doc->next) {
        must(!yaml_is_null(doc->root));
        must(doc->root->size <= YAML_MAX_NODES);
        check(doc->root, 0);
    }
    must((d.first != NULL) == (diags_errors(&d) > 0));
    diags_release(&d);
    yaml_stream_release(&s);
    return 0;
}

#include "diff/tree_reader.h"

static const struct tree_reader *const readers[] = {&tree_form, &tree_events, &tree_parts};

const struct tree_reader *tree_reader_for(struct str media)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (readers[i]->accepts(media))
            return readers[i];
    }
    return NULL;
}

static void append(struct json_node *parent, struct json_node **last, struct json_node *n)
{
    if (!parent)
        return;
    if (*last)
        (*last)->next = n;
    else
        parent->child = n;
    *last = n;
    parent->count++;
}

struct json_node *tree_add(struct arena *mem, enum json_type type, struct json_node *parent,
                           struct json_node **last, struct str key, struct err *e)
{
    struct json_node *n = arena_alloc(mem, sizeof *n, e);

    if (!n)
        return NULL;
    n->type = type;
    n->key = key;
    append(parent, last, n);
    return n;
}

static bool begins_like_json(struct str text)
{
    text = str_trim(text);
    return text.len && (text.data[0] == '{' || text.data[0] == '[');
}

struct json_node *tree_add_text(struct arena *mem, struct json_node *parent,
                                struct json_node **last, struct str key, struct str text, bool json,
                                struct err *e)
{
    struct json_node *n = json && begins_like_json(text) ? json_parse(text, mem, NULL, NULL) : NULL;

    if (n) {
        n->key = key;
        append(parent, last, n);
        return n;
    }
    n = tree_add(mem, JSON_STRING, parent, last, key, e);
    if (n)
        n->text = text;
    return n;
}

/* multipart/... (RFC 2046, 5.1): the parts with their fields and content. The
 * boundary, new in every answer, is not in it. */
#include "core/http.h"
#include "core/multipart.h"
#include "diff/tree_reader.h"

static bool accepts(struct str media)
{
    return str_istarts(media, STR("multipart/"));
}

static int lower(struct str name, struct arena *mem, struct str *copy, struct err *e)
{
    char *to = arena_alloc(mem, name.len + 1, e);

    if (!to)
        return -1;
    for (size_t i = 0; i < name.len; i++)
        to[i] =
            name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] | 0x20) : name.data[i];
    *copy = str_from(to, name.len);
    return 0;
}

/* The delimiter's line stands where a head has its start line. */
static int add_part(struct json_node *list, struct json_node **last,
                    const struct multipart_part *part, struct arena *mem, struct err *e)
{
    struct json_node *node = tree_add(mem, JSON_OBJECT, list, last, (struct str){0}, e);
    struct json_node *at = NULL;
    struct str rest = http_fields(part->head), name;
    struct http_field f;

    while (node && http_next_field(&rest, &f)) {
        if (lower(f.name, mem, &name, e) < 0 ||
            !tree_add_text(mem, node, &at, name, f.value, false, e))
            return -1;
    }
    if (!node || !tree_add_text(mem, node, &at, STR("content"), part->content, true, e))
        return -1;
    return 0;
}

static struct json_node *read(struct str type, struct str bytes, struct arena *mem, struct err *e)
{
    struct json_node *list = tree_add(mem, JSON_ARRAY, NULL, NULL, (struct str){0}, e);
    struct json_node *last = NULL;
    struct multipart_part part;
    struct multipart m;

    multipart_begin(&m, type, bytes);
    while (list && multipart_next(&m, &part)) {
        if (add_part(list, &last, &part, mem, e) < 0)
            return NULL;
    }
    if (list && !m.closed) {
        err_set(e, ERR_INPUT, "the parts do not end");
        return NULL;
    }
    return list;
}

const struct tree_reader tree_parts = {"multipart", accepts, read};

/* application/x-www-form-urlencoded (WHATWG URL Standard, 5.1). */
#include "diff/tree_reader.h"

static bool accepts(struct str media)
{
    return str_ieq(media, STR("application/x-www-form-urlencoded"));
}

int tree_form_decode(struct str s, struct arena *mem, struct str *out, struct err *e)
{
    char *to;
    size_t n = 0;

    *out = s;
    if (str_find(s, '%') == s.len && str_find(s, '+') == s.len)
        return 0;
    to = arena_alloc(mem, s.len, e);
    if (!to)
        return -1;
    while (s.len) {
        int byte = str_percent_value(s);

        to[n++] = byte >= 0 ? (char)byte : s.data[0] == '+' ? ' ' : s.data[0];
        s = str_skip(s, byte >= 0 ? 3 : 1);
    }
    *out = str_from(to, n);
    return 0;
}

static struct json_node *read(struct str type, struct str bytes, struct arena *mem, struct err *e)
{
    struct json_node *form = tree_add(mem, JSON_OBJECT, NULL, NULL, (struct str){0}, e);
    struct json_node *last = NULL;
    struct str rest = bytes;

    (void)type;
    while (form && rest.data) {
        struct str value = str_cut(&rest, '&'), name = str_cut(&value, '=');

        if (name.len == 0 && value.len == 0)
            continue;
        if (tree_form_decode(name, mem, &name, e) < 0 ||
            tree_form_decode(value, mem, &value, e) < 0 ||
            !tree_add_text(mem, form, &last, name, value, false, e))
            return NULL;
    }
    return form;
}

const struct tree_reader tree_form = {"form", accepts, read};

#include "diff/json_text.h"

#include <stdio.h>
#include <string.h>

#include "core/secret.h"
#include "core/utf8.h"

enum { TEXT_MAX = 200 };

/* Whole pieces only, so no character is torn. */
static void add(struct json_text *t, const char *bytes, size_t n)
{
    if (t->full || n > TEXT_MAX - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->text + t->len, bytes, n);
    t->len += n;
}

static void begin(struct json_text *t)
{
    t->len = 0;
    t->full = false;
}

static struct str end(struct json_text *t)
{
    if (t->full) {
        memcpy(t->text + t->len, "...", 3);
        t->len += 3;
    }
    return str_from(t->text, t->len);
}

/* One character of a string; returns its bytes. */
static size_t add_char(struct json_text *t, const char *p, size_t left)
{
    static const char short_names[] = "btn.fr";
    unsigned char c = (unsigned char)*p;
    size_t n = utf8_len(p, left);
    char text[8];
    int len;

    if (n > 1 || (n == 1 && c >= 0x20 && c != '"' && c != '\\')) {
        add(t, p, n);
        return n;
    }
    if (n == 0 && left >= 3 && c == 0xed) { /* WTF-8: a surrogate on its own */
        len = snprintf(text, sizeof text, "\\u%04x", (unsigned)utf8_code(p, 3));
        n = 3;
    } else if (c == '"' || c == '\\') {
        len = snprintf(text, sizeof text, "\\%c", c);
    } else if (c >= 8 && c <= 13 && c != 11) {
        len = snprintf(text, sizeof text, "\\%c", short_names[c - 8]);
    } else {
        len = snprintf(text, sizeof text, "\\u%04x", c);
    }
    add(t, text, (size_t)len);
    return n ? n : 1;
}

static void add_string(struct json_text *t, struct str s)
{
    add(t, "\"", 1);
    for (size_t i = 0; i < s.len && !t->full;)
        i += add_char(t, s.data + i, s.len - i);
    add(t, "\"", 1);
}

/* Each level adds a byte, so the depth is bounded by TEXT_MAX. */
static void add_node(struct json_text *t, const struct json_node *n, bool show_secrets)
{
    static const char *const words[] = {
        [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    bool object = n->type == JSON_OBJECT;

    if (n->type == JSON_NUMBER) {
        for (size_t i = 0; i < n->text.len && !t->full; i++)
            add(t, n->text.data + i, 1);
    } else if (n->type == JSON_STRING) {
        add_string(t, n->text);
    } else if (n->type != JSON_ARRAY && !object) {
        add(t, words[n->type], strlen(words[n->type]));
    } else {
        add(t, object ? "{" : "[", 1);
        for (const struct json_node *m = n->child; m && !t->full; m = m->next) {
            if (object) {
                add_string(t, m->key);
                add(t, ":", 1);
            }
            if (object && !show_secrets && secret_is_name(m->key))
                add_string(t, STR(SECRET_MASK));
            else
                add_node(t, m, show_secrets);
            if (m->next)
                add(t, ",", 1);
        }
        add(t, object ? "}" : "]", 1);
    }
}

struct str json_text_write(const struct json_node *node, bool show_secrets, struct json_text *t)
{
    begin(t);
    add_node(t, node, show_secrets);
    return end(t);
}

struct str json_text_string(struct str s, struct json_text *t)
{
    begin(t);
    add_string(t, s);
    return end(t);
}

#include "diff/json_path.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/secret.h"
#include "diff/difference.h"
#include "diff/idlike.h"

/* An object with more members than anybody declares, all of one type, is a map. */
enum { MAP_MEMBERS = 50 };

static void add(struct json_path *p, const char *bytes, size_t n)
{
    p->hash = fnv_add(p->hash, bytes, n);
    if (p->len < JSON_PATH_MAX && n > JSON_PATH_MAX - p->len)
        n = JSON_PATH_MAX - p->len;
    if (p->len < JSON_PATH_MAX)
        memcpy(p->text + p->len, bytes, n);
    p->len += n;
}

/* RFC 9535, 2.5.1.1: member-name-shorthand. */
static bool is_plain(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && c != '_' && c < 0x80 && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return key.len > 0;
}

/* RFC 9535, 2.7: the escapes of a normalized path. */
static void add_quoted(struct json_path *p, struct str key)
{
    static const char short_names[] = "btnvfr"; /* of 8 to 13; there is no \v */

    add(p, "['", 2);
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.data[i];
        char text[8];
        int n = 1;

        text[0] = key.data[i];
        if (c == '\'' || c == '\\')
            n = snprintf(text, sizeof text, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            n = snprintf(text, sizeof text, "\\%c", short_names[c - 8]);
        else if (c < 0x20)
            n = snprintf(text, sizeof text, "\\u%04x", c);
        add(p, text, (size_t)n);
    }
    add(p, "']", 2);
}

static bool has_one_type(const struct json_node *object)
{
    for (const struct json_node *m = object->child; m; m = m->next) {
        if (m->type != object->child->type)
            return false;
    }
    return true;
}

static bool is_map(struct json_owner *owner)
{
    if (owner->is == OWNER_UNKNOWN)
        owner->is = owner->object->count > MAP_MEMBERS && has_one_type(owner->object)
                        ? OWNER_MAP
                        : OWNER_RECORD;
    return owner->is == OWNER_MAP;
}

static void add_member(struct json_path *p, const struct json_step *step, bool folded)
{
    if (folded && (idlike_of(step->key) != IDLIKE_NAME || is_map(step->owner))) {
        add(p, ".{*}", 4);
    } else if (is_plain(step->key)) {
        add(p, ".", 1);
        add(p, step->key.data, step->key.len);
    } else {
        add_quoted(p, step->key);
    }
}

/* As deep as the document, which JSON_MAX_DEPTH bounds. */
static void add_steps(struct json_path *p, const struct json_step *step, bool folded)
{
    char text[32];
    int n;

    if (!step)
        return;
    add_steps(p, step->up, folded);
    if (step->owner) {
        add_member(p, step, folded);
    } else if (folded) {
        add(p, "[*]", 3);
    } else {
        n = snprintf(text, sizeof text, "[%zu]", step->index);
        add(p, text, (size_t)n);
    }
}

struct str json_path_write(const struct json_step *step, bool folded, struct json_path *p)
{
    p->len = 0;
    p->hash = FNV_START;
    add(p, "$", 1);
    add_steps(p, step, folded);
    if (p->len > JSON_PATH_MAX)
        p->len = JSON_PATH_MAX + (size_t)snprintf(p->text + JSON_PATH_MAX,
                                                  sizeof p->text - JSON_PATH_MAX, "...#%016" PRIx64,
                                                  p->hash);
    return str_from(p->text, p->len);
}

int json_path_add_name(struct buf *out, struct str name, bool deep, struct err *e)
{
    struct json_path p = {.hash = FNV_START};

    if (is_plain(name)) {
        if (!deep)
            add(&p, ".", 1);
        add(&p, name.data, name.len);
    } else {
        add_quoted(&p, name);
    }
    return buf_append(out, p.text, p.len < JSON_PATH_MAX ? p.len : JSON_PATH_MAX, e);
}

bool json_path_is_secret(const struct json_step *step)
{
    for (; step; step = step->up) {
        if (step->owner && secret_is_name(step->key))
            return true;
    }
    return false;
}

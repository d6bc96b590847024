#include "diff/run_info.h"

#include <inttypes.h>
#include <stdio.h>

enum { RUN_INFO_MEMORY = 16 * 1024 * 1024 };

void run_info_init(struct run_info *r)
{
    *r = (struct run_info){.roles = {0, 1, 2, CONTROL_V1}};
    arena_init(&r->mem, RUN_INFO_MEMORY);
}

void run_info_release(struct run_info *r)
{
    arena_release(&r->mem);
}

static const struct json_node *member(const struct json_node *object, const char *name)
{
    return object && object->type == JSON_OBJECT ? json_member(object, str_of(name)) : NULL;
}

static struct str text_of(const struct json_node *n)
{
    return n && n->type == JSON_STRING ? n->text : (struct str){0};
}

/* The text and its tree, both as long-lived as the run. */
static struct json_node *read_object(struct run_info *r, struct str json, const char *what,
                                     struct err *e)
{
    struct json_node *top;
    struct str copy;

    if (arena_dup(&r->mem, json, &copy, e) < 0)
        return NULL;
    top = json_parse(copy, &r->mem, NULL, e);
    if (!top) {
        err_wrap(e, "%s of the result file", what);
        return NULL;
    }
    if (top->type != JSON_OBJECT) {
        err_set(e, ERR_INPUT, "%s of the result file: not an object", what);
        return NULL;
    }
    return top;
}

/* The place of `name` in META's list of names, which call.target counts. */
static int role_of(const struct json_node *meta, const char *name, int fallback)
{
    const struct json_node *names = member(meta, "names");
    int i = 0;

    if (!names || names->type != JSON_ARRAY)
        return fallback;
    for (const struct json_node *n = names->child; n; n = n->next, i++) {
        if (str_eq(text_of(n), str_of(name)))
            return i;
    }
    return -1;
}

static struct pair_roles roles_of(const struct json_node *meta)
{
    struct str kind = text_of(member(meta, "control"));
    struct pair_roles roles = {role_of(meta, "v1", 0), role_of(meta, "v2", 1),
                               role_of(meta, "control", 2), CONTROL_V1};

    if (str_eq(kind, STR("none")))
        roles.kind = CONTROL_NONE;
    if (str_eq(kind, STR("recorded")))
        roles.kind = CONTROL_RECORDED;
    return roles;
}

static struct str target_of(const struct json_node *meta, const char *name)
{
    return text_of(member(member(meta, "targets"), name));
}

int run_info_meta(struct run_info *r, struct str json, struct err *e)
{
    struct json_node *meta = read_object(r, json, "META", e);

    if (!meta)
        return -1;
    r->roles = roles_of(meta);
    if (r->sections++ == 0)
        r->meta = meta;
    else if (!str_eq(target_of(r->meta, "v1"), target_of(meta, "v1")) ||
             !str_eq(target_of(r->meta, "v2"), target_of(meta, "v2")))
        r->mixed = true;
    return 0;
}

/* ---- adding up ---- */

static int add_number(struct run_info *r, struct json_node *into, const struct json_node *from,
                      struct err *e)
{
    uint64_t a, b;
    char text[32];
    int n;

    if (!str_to_u64(into->text, &a) || !str_to_u64(from->text, &b))
        return 0;
    n = snprintf(text, sizeof text, "%" PRIu64, a + b);
    return arena_dup(&r->mem, str_from(text, (size_t)n), &into->text, e);
}

/* Member by member; what only one of them has is kept. Takes members of `from`
 * over, which dies. Depth is that of our own documents, bounded by the reader. */
static int add_up(struct run_info *r, struct json_node *into, struct json_node *from, struct err *e)
{
    struct json_node *next;

    if (into->type == JSON_NUMBER && from->type == JSON_NUMBER)
        return add_number(r, into, from, e);
    if (into->type != JSON_OBJECT || from->type != JSON_OBJECT)
        return 0;
    for (struct json_node *m = from->child; m; m = next) {
        struct json_node **end = &into->child;

        next = m->next;
        while (*end && !str_eq((*end)->key, m->key))
            end = &(*end)->next;
        if (*end) {
            if (add_up(r, *end, m, e) < 0)
                return -1;
            continue;
        }
        m->next = NULL;
        *end = m;
        into->count++;
    }
    return 0;
}

int run_info_stats(struct run_info *r, struct str json, struct err *e)
{
    struct json_node *stats = read_object(r, json, "STATS", e);
    struct json_node *accounting;

    if (!stats)
        return -1;
    if (text_of(member(stats, "ended")).data)
        r->ended = text_of(member(stats, "ended"));
    for (accounting = stats->child; accounting; accounting = accounting->next) {
        if (str_eq(accounting->key, STR("accounting")))
            break;
    }
    if (!accounting || accounting->type != JSON_OBJECT)
        return 0;
    if (r->accounting)
        return add_up(r, r->accounting, accounting, e);
    r->accounting = accounting;
    return 0;
}

struct str run_info_text(const struct run_info *r, const char *name)
{
    return text_of(member(r->meta, name));
}

struct str run_info_target(const struct run_info *r, const char *name)
{
    return target_of(r->meta, name);
}

uint64_t run_info_count(const struct run_info *r, const char *name, uint64_t fallback)
{
    const struct json_node *n = member(r->accounting, name);
    uint64_t value;

    return n && n->type == JSON_NUMBER && str_to_u64(n->text, &value) ? value : fallback;
}

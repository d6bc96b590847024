#include "diff/run_info.h"

#include <inttypes.h>
#include <stdio.h>

/* What is kept, and one META or STATS while it is read. */
enum { RUN_INFO_MEMORY = 16 * 1024 * 1024 };

void run_info_init(struct run_info *r)
{
    *r = (struct run_info){.candidates = {true},
                           .roles = {.v1 = 0, .control = 2, .kind = CONTROL_V1}};
    r->roles.candidates[0] = 1;
    for (unsigned i = 1; i < CANDIDATES_MAX; i++)
        r->roles.candidates[i] = NOBODY;
    r->traffic = r->roles;
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

/* The text and its tree, both as long-lived as `mem`. */
static struct json_node *read_object(struct arena *mem, struct str json, const char *what,
                                     struct err *e)
{
    struct json_node *top;
    struct str copy;

    if (arena_dup(mem, json, &copy, e) < 0)
        return NULL;
    top = json_parse(copy, mem, NULL, e);
    if (!top) {
        err_wrap(e, "its %s", what);
        return NULL;
    }
    if (top->type != JSON_OBJECT) {
        err_set(e, ERR_INPUT, "its %s: not an object", what);
        return NULL;
    }
    return top;
}

static uint64_t count_of(const struct json_node *object, const char *name, uint64_t fallback)
{
    const struct json_node *n = member(object, name);
    uint64_t value;

    return n && n->type == JSON_NUMBER && str_to_u64(n->text, &value) ? value : fallback;
}

/* ---- META ---- */

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
    return NOBODY;
}

static struct pair_roles roles_of(const struct json_node *meta)
{
    struct str kind = text_of(member(meta, "control"));
    struct pair_roles roles = {
        .v1 = role_of(meta, "v1", 0), .control = role_of(meta, "control", 2), .kind = CONTROL_V1};

    for (unsigned i = 0; i < CANDIDATES_MAX; i++)
        roles.candidates[i] = role_of(meta, candidate_name(i), i == 0 ? 1 : NOBODY);
    if (str_eq(kind, STR("none")))
        roles.kind = CONTROL_NONE;
    if (str_eq(kind, STR("recorded")))
        roles.kind = CONTROL_RECORDED;
    roles.recorded = str_eq(text_of(member(meta, "baseline")), STR("recorded"));
    return roles;
}

static struct str target_of(const struct json_node *meta, const char *name)
{
    return text_of(member(member(meta, "targets"), name));
}

static bool same_targets(const struct json_node *a, const struct json_node *b)
{
    bool same = str_eq(target_of(a, "v1"), target_of(b, "v1"));

    for (unsigned i = 0; i < CANDIDATES_MAX; i++)
        same = same && str_eq(target_of(a, candidate_name(i)), target_of(b, candidate_name(i)));
    return same;
}

/* Take over whom the section names. */
static int take_roles(struct run_info *r, const struct pair_roles *roles, struct err *e)
{
    bool named[CANDIDATES_MAX], any = false;

    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        named[i] = roles->candidates[i] != NOBODY;
        any = any || named[i];
    }
    if (!any)
        return err_set(e, ERR_INPUT, "its META: names no v2");
    for (unsigned i = 0; i < CANDIDATES_MAX; i++)
        r->candidates[i] = named[i] || (r->sections && r->candidates[i]);
    r->roles = *roles;
    if (r->sections == 0)
        r->traffic = *roles;
    return 0;
}

/* Keep `time` where there was none, or one on the wrong side of it. */
static int keep_time(struct run_info *r, struct str *kept, struct str time, bool latest,
                     struct err *e)
{
    int c = time.data && kept->data ? str_cmp(time, *kept) : 0;

    if (!time.data || (kept->data && (latest ? c <= 0 : c >= 0)))
        return 0;
    return arena_dup(&r->mem, time, kept, e);
}

/* Their addresses outlive the META that they stand in. */
static int read_own(struct run_info *r, const struct json_node *meta, const char *name,
                    struct own_address *own, struct err *e)
{
    struct str url;

    if (arena_dup(&r->mem, target_of(meta, name), &url, e) < 0)
        return -1;
    *own = own_address_of(url);
    return 0;
}

static int read_own_addresses(struct run_info *r, const struct json_node *meta,
                              struct pair_roles *roles, struct err *e)
{
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        if (roles->candidates[i] != NOBODY &&
            read_own(r, meta, candidate_name(i), &roles->own[i], e) < 0)
            return -1;
    }
    return read_own(r, meta, "v1", &roles->own_v1, e);
}

/* 0 where the section is no confirmation of another. */
static unsigned confirm_times_of(const struct json_node *meta)
{
    const struct json_node *confirm = member(meta, "confirm");

    if (!confirm || confirm->type != JSON_OBJECT)
        return 0;
    return (unsigned)count_of(confirm, "times", 1) & 0xffff;
}

static int add_section(struct run_info *r, struct json_node *meta, struct err *e)
{
    struct pair_roles roles = roles_of(meta);
    const struct json_node *insecure = member(meta, "insecure");

    if (read_own_addresses(r, meta, &roles, e) < 0)
        return -1;
    roles.confirm_times = confirm_times_of(meta);
    if (roles.confirm_times) {
        r->roles = roles; /* its pairs are no traffic, and it is no part of the run */
        return 0;
    }
    if (take_roles(r, &roles, e) < 0 ||
        keep_time(r, &r->started, text_of(member(meta, "started")), false, e) < 0)
        return -1;
    r->day = rules_day(text_of(member(meta, "started")));
    r->insecure = r->insecure || (insecure && insecure->type == JSON_TRUE);
    if (r->sections++ == 0) {
        r->meta = meta;
        r->recorded = roles.recorded;
    } else if (!same_targets(r->meta, meta) || r->recorded != roles.recorded) {
        r->mixed = true;
    }
    return 0;
}

int run_info_meta(struct run_info *r, struct str json, struct err *e)
{
    struct arena mem;
    struct json_node *meta;
    int rc = -1;

    arena_init(&mem, RUN_INFO_MEMORY);
    meta = read_object(r->sections ? &mem : &r->mem, json, "META", e);
    if (meta)
        rc = add_section(r, meta, e);
    arena_release(&mem);
    return rc;
}

/* ---- STATS: adding up ---- */

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

/* A copy of `n` and all below it, as long-lived as the run; NULL with *e set.
 * Depth is that of our own documents, bounded by the reader. */
static struct json_node *copy_of(struct run_info *r, const struct json_node *n, struct err *e)
{
    struct json_node *copy = arena_alloc(&r->mem, sizeof *copy, e);
    struct json_node **end;

    if (!copy)
        return NULL;
    *copy = *n;
    copy->next = copy->child = NULL;
    end = &copy->child;
    if (arena_dup(&r->mem, n->key, &copy->key, e) < 0 ||
        arena_dup(&r->mem, n->text, &copy->text, e) < 0)
        return NULL;
    for (const struct json_node *m = n->child; m; m = m->next, end = &(*end)->next) {
        *end = copy_of(r, m, e);
        if (!*end)
            return NULL;
    }
    return copy;
}

/* Member by member; what only one of them has is kept. */
static int add_up(struct run_info *r, struct json_node *into, const struct json_node *from,
                  struct err *e)
{
    if (into->type == JSON_NUMBER && from->type == JSON_NUMBER)
        return add_number(r, into, from, e);
    if (into->type != JSON_OBJECT || from->type != JSON_OBJECT)
        return 0;
    for (const struct json_node *m = from->child; m; m = m->next) {
        struct json_node **end = &into->child;

        while (*end && !str_eq((*end)->key, m->key))
            end = &(*end)->next;
        if (*end) {
            if (add_up(r, *end, m, e) < 0)
                return -1;
            continue;
        }
        *end = copy_of(r, m, e);
        if (!*end)
            return -1;
        into->count++;
    }
    return 0;
}

static int add_stats(struct run_info *r, const struct json_node *stats, struct err *e)
{
    const struct json_node *accounting = member(stats, "accounting");
    uint64_t late;

    if (r->roles.confirm_times)
        return 0;
    if (str_to_u64(text_of(member(member(stats, "lateness"), "p99")), &late) && late < INT64_MAX &&
        (int64_t)late > r->lateness_ns)
        r->lateness_ns = (int64_t)late;

    if (keep_time(r, &r->ended, text_of(member(stats, "ended")), true, e) < 0)
        return -1;
    if (!accounting || accounting->type != JSON_OBJECT)
        return 0;
    r->accounts++;
    if (r->accounting)
        return add_up(r, r->accounting, accounting, e);
    r->accounting = copy_of(r, accounting, e);
    return r->accounting ? 0 : -1;
}

int run_info_stats(struct run_info *r, struct str json, struct err *e)
{
    struct arena mem;
    const struct json_node *stats;
    int rc = -1;

    arena_init(&mem, RUN_INFO_MEMORY);
    stats = read_object(&mem, json, "STATS", e);
    if (stats)
        rc = add_stats(r, stats, e);
    arena_release(&mem);
    return rc;
}

/* ---- what is known ---- */

struct str run_info_text(const struct run_info *r, const char *name)
{
    return text_of(member(r->meta, name));
}

struct str run_info_target(const struct run_info *r, const char *name)
{
    return target_of(r->meta, name);
}

struct str run_info_place(const struct run_info *r, const char *name)
{
    if (r->recorded && str_eq(str_of(name), STR("v1")))
        return STR("recorded");
    return run_info_target(r, name);
}

uint64_t run_info_count(const struct run_info *r, const char *name, uint64_t fallback)
{
    return count_of(r->accounting, name, fallback);
}

uint64_t run_info_behind(const struct run_info *r)
{
    return count_of(member(r->accounting, "not_eligible"), "behind", 0);
}

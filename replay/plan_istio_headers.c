/* plan_istio_headers.c -- Istio's Headers: what is set, added and removed. */
#include "replay/plan_istio.h"

enum { SHOWN = 100, MAX_CHANGES = 64 };

enum { REQUEST, RESPONSE, N_HEADERS };
enum { SET, ADD, REMOVE, N_OPERATIONS };

static const struct plan_known headers_known[N_HEADERS] = {
    [REQUEST] = {"request"},
    [RESPONSE] = {"response", NULL, PLAN_FIELD_NOTED},
};

static const struct plan_known operations_known[N_OPERATIONS] = {
    [SET] = {"set"},
    [ADD] = {"add"},
    [REMOVE] = {"remove"},
};

static const struct plan_fields headers_fields = {"headers", headers_known, N_HEADERS};
static const struct plan_fields operations_fields = {"headers.request", operations_known,
                                                     N_OPERATIONS};

struct changes {
    struct plan_change *first, **end;
    unsigned n;
    struct str authority;
};

static bool is_authority(struct str name)
{
    return str_ieq(name, STR("host")) || str_eq(name, STR(":authority"));
}

static void add(struct plan_reader *r, struct changes *all, enum plan_change_kind kind,
                const struct yaml_node *name, struct str value)
{
    struct plan_change *c = plan_alloc(r, sizeof *c);

    if (!c)
        return;
    *c = (struct plan_change){.kind = kind, .name = plan_text_copy(r, name->text), .value = value};
    if (!plan_check_change(r, "E415", c, name->at))
        return;
    if (all->n++ == MAX_CHANGES) {
        plan_error(r, "E102", name->at, "more than %d changes to headers", MAX_CHANGES);
        return;
    }
    *all->end = c;
    all->end = &c->next;
}

/* ---- operations ---- */

static void take_removals(struct plan_reader *r, const struct yaml_node *n, struct changes *all)
{
    if (!n || !plan_is_list(r, n, "remove"))
        return;
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        if (!yaml_is_null(i->value) && plan_is_scalar(r, i->value, "remove[]"))
            add(r, all, PLAN_REMOVE, i->value, (struct str){0});
    }
}

static bool is_format(struct str value)
{
    size_t at = str_find(value, '%');

    return at + 1 < value.len && value.data[at + 1] >= 'A' && value.data[at + 1] <= 'Z' &&
           str_find(str_skip(value, at + 1), '%') < value.len - at - 1;
}

static void take_authority(struct plan_reader *r, const struct yaml_item *i, struct changes *all)
{
    if (all->authority.data)
        plan_error(r, "E414", i->key->at, "Host is set twice");
    else
        plan_take_authority(r, i->value, "Host", &all->authority);
}

static void take_value(struct plan_reader *r, const struct yaml_item *i, enum plan_change_kind kind,
                       struct changes *all)
{
    struct str value = STR("");

    if (!yaml_is_null(i->value) && !plan_take_text(r, i->value, "the value of a header", &value))
        return;
    if (is_format(value))
        plan_warn(r, "W417", i->value->at, "what Envoy would fill in for \"%.*s\" stays as it is",
                  STR_ARG(str_head(value, SHOWN)));
    add(r, all, kind, i->key, value);
}

static void take_values(struct plan_reader *r, const struct yaml_node *n, const char *what,
                        enum plan_change_kind kind, struct changes *all)
{
    if (!n || !plan_is_map(r, n, what))
        return;
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next) {
        if (is_authority(i->key->text))
            take_authority(r, i, all);
        else
            take_value(r, i, kind, all);
    }
}

struct plan_change *plan_istio_headers(struct plan_reader *r, const struct yaml_node *n,
                                       struct str *authority)
{
    const struct yaml_node *headers[N_HEADERS], *operations[N_OPERATIONS];
    struct changes all = {.end = &all.first};

    if (!plan_take(r, n, &headers_fields, headers, NULL) ||
        !plan_take(r, headers[REQUEST], &operations_fields, operations, NULL))
        return NULL;
    take_removals(r, operations[REMOVE], &all);
    take_values(r, operations[SET], "set", PLAN_SET, &all);
    take_values(r, operations[ADD], "add", PLAN_ADD, &all);
    *authority = all.authority;
    return all.first;
}

/* ---- Host ---- */

bool plan_take_authority(struct plan_reader *r, const struct yaml_node *n, const char *what,
                         struct str *authority)
{
    return !yaml_is_null(n) && plan_is_scalar(r, n, what) &&
           plan_check_authority(r, "E408", n->text, n->at) && plan_take_text(r, n, what, authority);
}

void plan_arrow_headers(struct plan_reader *r, const struct yaml_node *n, struct plan_arrow *arrow)
{
    struct str authority = {0};

    arrow->changes = plan_istio_headers(r, n, &authority);
    if (authority.data)
        plan_arrow_authority(r, authority, n->at, arrow);
}

void plan_arrow_authority(struct plan_reader *r, struct str authority, struct place at,
                          struct plan_arrow *arrow)
{
    struct plan_change **end = &arrow->changes;

    for (; *end; end = &(*end)->next) {
        if (str_eq((*end)->name, STR("Host"))) {
            plan_error(r, "E414", at, "Host is set twice");
            return;
        }
    }
    *end = plan_alloc(r, sizeof **end);
    if (*end)
        **end = (struct plan_change){.kind = PLAN_SET, .name = STR("Host"), .value = authority};
}

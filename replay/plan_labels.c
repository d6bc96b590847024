/* plan_labels.c -- labels, by which subsets and Services choose what belongs to them.
 *
 * They are kept in the order of their names, so that two sets are compared in one
 * walk, and read the same in every message.
 */
#include <stdio.h>

#include "replay/plan_endpoints.h"

/* Kubernetes wants texts: `version: 1` is refused by a cluster, `version: "1"` is not. */
static bool is_no_text(const struct yaml_node *n)
{
    struct yaml_node unsigned_part = *n;
    double number;
    bool yes;

    if (n->quoted)
        return false;
    if (n->text.len > 1 && (n->text.data[0] == '-' || n->text.data[0] == '+'))
        unsigned_part.text = str_skip(n->text, 1);
    return yaml_to_double(&unsigned_part, &number) || yaml_to_bool(n, &yes);
}

static void insert(struct plan_label **list, struct plan_label *label)
{
    while (*list && str_cmp((*list)->name, label->name) < 0)
        list = &(*list)->next;
    label->next = *list;
    *list = label;
}

static void take_label(struct plan_reader *r, const struct yaml_item *item,
                       struct plan_label **list)
{
    struct plan_label *label = plan_alloc(r, sizeof *label);

    if (!label)
        return;
    label->name = plan_text_copy(r, item->key->text);
    label->value = STR("");
    if (!yaml_is_null(item->value) && !plan_take_text(r, item->value, "a label", &label->value))
        return;
    if (!yaml_is_null(item->value) && is_no_text(item->value))
        plan_warn(r, "W210", item->value->at,
                  "label %.*s: a cluster wants a text and refuses %.*s without quotes",
                  STR_ARG(str_head(label->name, 100)), STR_ARG(str_head(label->value, 100)));
    insert(list, label);
}

struct plan_label *plan_labels(struct plan_reader *r, const struct yaml_node *map, const char *what)
{
    struct plan_label *list = NULL;

    if (yaml_is_null(map) || !plan_is_map(r, map, what))
        return NULL;
    if (map->count > PLAN_MAX_LABELS) {
        plan_error(r, "E102", map->at, "%s: more than %d labels", what, PLAN_MAX_LABELS);
        return NULL;
    }
    for (const struct yaml_item *i = map->items; i && !r->failed; i = i->next)
        take_label(r, i, &list);
    return list;
}

bool plan_labels_fit(const struct plan_label *wanted, const struct plan_label *have)
{
    for (; wanted; wanted = wanted->next) {
        while (have && str_cmp(have->name, wanted->name) < 0)
            have = have->next;
        if (!have || !str_eq(have->name, wanted->name) || !str_eq(have->value, wanted->value))
            return false;
    }
    return true;
}

bool plan_labels_choose(struct plan_reader *r, const struct plan_label *wanted,
                        const struct plan_label *have)
{
    struct plan_endpoints *p = plan_places(r);

    if (!wanted || !p)
        return !wanted;
    if (p->choices == PLAN_MAX_CHOICES)
        plan_error(r, "E102", (struct place){0},
                   "more than %d times the labels of an endpoint would have to be compared",
                   PLAN_MAX_CHOICES);
    return p->choices++ < PLAN_MAX_CHOICES && plan_labels_fit(wanted, have);
}

void plan_labels_write(const struct plan_label *labels, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (const struct plan_label *l = labels; l && len < size; l = l->next) {
        int n = snprintf(text + len, size - len, "%s%.*s=%.*s", l == labels ? "" : ",",
                         STR_ARG(l->name), STR_ARG(l->value));

        len += n > 0 ? (size_t)n : 0;
    }
}

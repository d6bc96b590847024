/* plan_fields.c -- the fields of an object and what may stand in them.
 *
 * A field is known by a row in its reader's table. What people get wrong about
 * fields is told here once for all kinds: names that are not known, nearly
 * known, known elsewhere, known twice, or known to us but not to a cluster.
 */
#include <stdio.h>

#include "core/nearest.h"
#include "replay/plan_reader.h"

enum { NAME_MAX_SHOWN = 100, MAX_NOTED = 1024 };

/* ---- what was said once ---- */

struct plan_noted {
    struct plan_noted *next;
    const char *file;
    struct str what;
};

/* Files are read one after the other, so those of this one come first. Beyond the ceiling there
 * is no more news: people have seen enough. */
bool plan_is_news(struct plan_reader *r, struct place at, struct str what)
{
    struct plan_noted *noted;

    for (noted = r->noted; noted && noted->file == at.file; noted = noted->next) {
        if (str_eq(noted->what, what))
            return false;
    }
    noted = r->n_noted < MAX_NOTED ? plan_alloc(r, sizeof *noted) : NULL;
    if (!noted)
        return false;
    r->n_noted++;
    *noted = (struct plan_noted){.next = r->noted, .file = at.file};
    noted->what = plan_text_copy(r, what);
    r->noted = noted;
    return true;
}

/* ---- fields ---- */

static bool is_name(const struct plan_known *k, struct str key)
{
    return str_eq(key, str_of(k->name)) || (k->snake && str_eq(key, str_of(k->snake)));
}

static const struct plan_known *find_known(const struct plan_fields *f, struct str key)
{
    for (size_t i = 0; i < f->n; i++) {
        if (is_name(&f->known[i], key))
            return &f->known[i];
    }
    return NULL;
}

/* What may help with a name that is not known. */
static void advise(const struct plan_fields *f, struct str key, char *text, size_t size)
{
    const char *names[2 * PLAN_FIELDS_MAX], *nearest;
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < f->n && i < PLAN_FIELDS_MAX; i++) {
        if (f->known[i].flags & PLAN_FIELD_ELSEWHERE)
            continue;
        names[n++] = f->known[i].name;
        if (f->known[i].snake)
            names[n++] = f->known[i].snake;
    }
    if (key.len > 1 && key.data[0] == '-') {
        snprintf(text, size, "; a space is missing behind the dash: \"- %.*s\"",
                 STR_ARG(str_head(str_skip(key, 1), NAME_MAX_SHOWN)));
        return;
    }
    nearest = nearest_name(key, names, n);
    if (nearest && str_ieq(key, str_of(nearest)))
        snprintf(text, size, "; upper and lower case count: \"%s\"", nearest);
    else if (nearest)
        snprintf(text, size, "; did you mean \"%s\"?", nearest);
}

static void tell_unknown(struct plan_reader *r, const struct plan_fields *f,
                         const struct yaml_node *key)
{
    enum diag_severity severity = r->options->lenient ? DIAG_WARNING : DIAG_ERROR;
    char advice[160] = "";

    if (r->diags->found[severity] < DIAGS_MAX)
        advise(f, key->text, advice, sizeof advice);
    diag_add(r->diags, severity, r->options->lenient ? "W203" : "E201", key->at,
             "unknown field \"%.*s\" in %s%s", STR_ARG(str_head(key->text, NAME_MAX_SHOWN)),
             f->what, advice);
}

static void tell_elsewhere(struct plan_reader *r, const struct plan_fields *f,
                           const struct plan_known *k, const struct yaml_node *key)
{
    bool lenient = r->options->lenient;

    diag_add(r->diags, lenient ? DIAG_WARNING : DIAG_ERROR, lenient ? "W203" : "E201", key->at,
             "\"%.*s\" is no field of %s; it belongs %s", STR_ARG(key->text), f->what, k->belongs);
}

static void tell_dropped(struct plan_reader *r, const struct plan_known *k,
                         const struct yaml_node *key)
{
    bool mirror = str_eq(key->text, STR("mirror_percentage"));

    plan_warn(r, "W201", key->at, "a cluster drops this field%s: write \"%s\", not \"%s\"",
              mirror ? " and mirrors 100 %" : "", k->name, k->snake);
}

static void tell_not_applied(struct plan_reader *r, const struct plan_fields *f,
                             const struct plan_known *k, const struct yaml_node *key)
{
    char what[200];

    snprintf(what, sizeof what, "%s.%s", f->what, k->name);
    if (plan_is_news(r, key->at, str_of(what)))
        plan_note(r, "N201", key->at, "\"%s\" in %s is not applied to copies", k->name, f->what);
}

static void take_field(struct plan_reader *r, const struct plan_fields *f,
                       const struct yaml_item *item, const struct yaml_node *values[],
                       const struct yaml_node *given[])
{
    const struct plan_known *k = find_known(f, item->key->text);
    size_t i;

    if (!k) {
        tell_unknown(r, f, item->key);
        return;
    }
    i = (size_t)(k - f->known);
    if (k->flags & PLAN_FIELD_ELSEWHERE) {
        tell_elsewhere(r, f, k, item->key);
        return;
    }
    if (given[i]) {
        plan_error(r, "E104", item->key->at, "\"%s\" and \"%s\" (line %u) are one field",
                   item->key->text.data, given[i]->text.data, given[i]->at.line);
        return;
    }
    given[i] = item->key;
    values[i] = yaml_is_null(item->value) ? NULL : item->value;
    if (k->snake && str_eq(item->key->text, str_of(k->snake)) && !(k->flags & PLAN_FIELD_BOTH))
        tell_dropped(r, k, item->key);
    if ((k->flags & PLAN_FIELD_NOTED) && values[i])
        tell_not_applied(r, f, k, item->key);
}

bool plan_take(struct plan_reader *r, const struct yaml_node *map, const struct plan_fields *fields,
               const struct yaml_node *values[], const struct yaml_node *keys[])
{
    const struct yaml_node *given[PLAN_FIELDS_MAX] = {0};

    for (size_t i = 0; i < fields->n; i++) {
        values[i] = NULL;
        if (keys)
            keys[i] = NULL;
    }
    if (yaml_is_null(map))
        return true;
    if (!plan_is_map(r, map, fields->what))
        return false;
    for (const struct yaml_item *i = map->items; i; i = i->next)
        take_field(r, fields, i, values, given);
    for (size_t i = 0; keys && i < fields->n; i++)
        keys[i] = given[i];
    return true;
}

/* plan_string_match.c -- Istio's StringMatch: {exact: x}, {prefix: x} or {regex: x}. */
#include "replay/plan_istio.h"

enum { EXACT, PREFIX, REGEX, N_FIELDS };

static const struct plan_known known[N_FIELDS] = {
    [EXACT] = {"exact"},
    [PREFIX] = {"prefix"},
    [REGEX] = {"regex"},
};

static const enum plan_how how[N_FIELDS] = {
    [EXACT] = PLAN_EXACT,
    [PREFIX] = PLAN_PREFIX,
    [REGEX] = PLAN_REGEX,
};

/* Which of them is given: N_FIELDS for none, more for several. */
static unsigned which(const struct yaml_node *const values[])
{
    unsigned found = N_FIELDS;

    for (unsigned i = 0; i < N_FIELDS; i++) {
        if (values[i])
            found = found == N_FIELDS ? i : N_FIELDS + 1;
    }
    return found;
}

/* Istio takes a lone star in place of a regular expression for "is there". */
static bool fill(struct plan_reader *r, const struct yaml_node *n, unsigned field,
                 bool may_be_empty, struct plan_text *text)
{
    text->how = how[field];
    if (!plan_take_text(r, n, known[field].name, &text->text))
        return false;
    if (field == REGEX && may_be_empty && str_eq(text->text, STR("*"))) {
        *text = (struct plan_text){.how = PLAN_PRESENT};
        return true;
    }
    if (field == REGEX)
        plan_compile(r, text, n->at); /* one that is wrong is still asked, and fits nothing */
    return true;
}

struct plan_text *plan_string_match(struct plan_reader *r, const struct yaml_node *n,
                                    const char *what, bool may_be_empty)
{
    const struct plan_fields fields = {what, known, N_FIELDS};
    const struct yaml_node *values[N_FIELDS];
    struct plan_text *text = plan_alloc(r, sizeof *text);
    unsigned field;

    if (!text)
        return NULL;
    if (!yaml_is_null(n) && n->kind == YAML_SCALAR) {
        plan_error(r, "E401", n->at, "%s must be a map: write {exact: %.*s}", what,
                   STR_ARG(str_head(n->text, 100)));
        return NULL;
    }
    if (!plan_take(r, n, &fields, values, NULL))
        return NULL;
    field = which(values);
    if (field == N_FIELDS && may_be_empty)
        return text;
    if (field >= N_FIELDS) {
        plan_error(r, "E411", n->at, "%s needs %s of exact, prefix and regex", what,
                   field > N_FIELDS ? "only one" : "one");
        return NULL;
    }
    return fill(r, values[field], field, may_be_empty, text) ? text : NULL;
}

/* plan_native.c -- kind Mirror: its fields, its imports, its rules. */
#include "replay/plan_native.h"

#include <string.h>

#include "replay/plan_endpoints.h"
#include "replay/plan_kinds.h"

/* A text of the input, where it came from another one. */
struct native_file {
    struct native_file *next;
    struct str name;
    const struct native_file *importer; /* NULL: the user named it */
};

struct plan_native {
    struct native_mirror *first, *last;
    struct native_file *files; /* the latest first */
    size_t n_imports;
    const struct native_mirror *settled; /* by whom the settings are */
};

static struct plan_native *native_of(struct plan_reader *r)
{
    if (!r->native)
        r->native = plan_alloc(r, sizeof *r->native);
    return r->native;
}

/* ---- imports ----------------------------------------------------------------------- */

static const struct native_file *find_file(const struct plan_native *native, struct str name)
{
    const struct native_file *f = native->files;

    while (f && !str_eq(f->name, name))
        f = f->next;
    return f;
}

static bool is_input(const struct plan_reader *r, struct str name)
{
    for (size_t i = 0; i < r->options->n_inputs; i++) {
        if (str_eq(str_of(r->options->inputs[i].name), name))
            return true;
    }
    return false;
}

/* Does `importer`, or who imported it, have that name? */
static bool is_circle(const struct native_file *importer, struct str importer_name, struct str name)
{
    if (str_eq(importer_name, name))
        return true;
    for (; importer; importer = importer->importer) {
        if (str_eq(importer->name, name))
            return true;
    }
    return false;
}

static unsigned depth_of(const struct native_file *file)
{
    unsigned n = 0;

    for (; file; file = file->importer)
        n++;
    return n;
}

/* Remember a file that is about to be read. */
static void add_file(struct plan_reader *r, struct str name, const struct native_file *importer)
{
    struct native_file *f = plan_alloc(r, sizeof *f);

    if (!f)
        return;
    *f = (struct native_file){
        .next = r->native->files, .name = plan_text_copy(r, name), .importer = importer};
    r->native->files = f;
}

/* A file that is imported from two places, or is an input as well, is read once. */
static void take_file(struct plan_reader *r, struct place at, struct str text, const char *name)
{
    const struct native_file *importer = find_file(r->native, str_of(at.file));

    if (is_circle(importer, str_of(at.file), str_of(name))) {
        plan_error(r, "E601", at, "%.200s imports itself in the end", name);
        return;
    }
    if (find_file(r->native, str_of(name)) || is_input(r, str_of(name)))
        return;
    add_file(r, str_of(name), importer);
    if (!r->failed)
        r->failed = yaml_read(&r->yaml, text, name, r->diags, r->e) < 0;
}

/* Why it cannot be read is for the importing callback to say. */
static void call_import(struct plan_reader *r, const struct yaml_node *n)
{
    const struct plan_options *o = r->options;
    const char *shown_as = NULL;
    struct err e = {0};
    struct buf text;

    buf_init(&text, YAML_MAX_STREAM);
    r->native->n_imports++;
    if (o->import(o->ctx, n->at.file, n->text, &text, &shown_as, &e) == 0) {
        take_file(r, n->at, buf_str(&text), shown_as ? shown_as : n->text.data);
    } else if (e.kind == ERR_NOMEM && text.len < YAML_MAX_STREAM / 2) {
        r->failed = true;
        err_set(r->e, e.kind, "%s", e.text);
    } else {
        plan_error(r, e.kind == ERR_USAGE ? "E601" : "E100", n->at, "import: %s", e.text);
    }
    buf_release(&text);
}

static void tell_too_many(struct plan_reader *r, struct place at)
{
    if (plan_is_news(r, (struct place){0}, STR("imports")))
        plan_error(r, "E601", at, "more than %d imports", NATIVE_MAX_IMPORTS);
}

static void import(struct plan_reader *r, const struct yaml_node *n)
{
    const struct native_file *importer = find_file(r->native, str_of(n->at.file));

    if (n->kind != YAML_SCALAR || n->text.len == 0 || strlen(n->text.data) != n->text.len)
        plan_error(r, "E602", n->at, "import must be the name of a file, or a list of names");
    else if (!r->options->import)
        plan_error(r, "E601", n->at, "nothing can be imported here");
    else if (r->native->n_imports == NATIVE_MAX_IMPORTS)
        tell_too_many(r, n->at);
    else if (depth_of(importer) >= NATIVE_MAX_IMPORT_DEPTH)
        plan_error(r, "E601", n->at, "imports that import others, more than %d deep",
                   NATIVE_MAX_IMPORT_DEPTH);
    else
        call_import(r, n);
}

static void import_all(struct plan_reader *r, const struct yaml_node *n)
{
    if (!n)
        return;
    if (n->kind != YAML_LIST) {
        import(r, n);
        return;
    }
    for (const struct yaml_item *i = n->items; i && !r->failed; i = i->next)
        import(r, i->value);
}

/* ---- a Mirror ------------------------------------------------------------------------ */

enum {
    F_API_VERSION,
    F_KIND,
    F_METADATA,
    F_NAME,
    F_IMPORT,
    F_ENDPOINTS,
    F_DESTINATIONS,
    F_RULES,
    F_BASELINE,
    F_BASELINES,
    F_CANDIDATE,
    F_CANDIDATES,
    F_PERCENT,
    F_SAMPLE,
    F_METHODS,
    F_HEADERS,
    F_HOST,
    F_LIMITS,
    F_MATCH,
    F_MIRROR,
    F_COUNT,
};

static const struct plan_known mirror_fields[] = {
    [F_API_VERSION] = {"apiVersion"},
    [F_KIND] = {"kind"},
    [F_METADATA] = {"metadata"},
    [F_NAME] = {"name"},
    [F_IMPORT] = {"import"},
    [F_ENDPOINTS] = {"endpoints"},
    [F_DESTINATIONS] = {"destinations"},
    [F_RULES] = {"rules"},
    [F_BASELINE] = {"baseline"},
    [F_BASELINES] = {"baselines"},
    [F_CANDIDATE] = {"candidate"},
    [F_CANDIDATES] = {"candidates"},
    [F_PERCENT] = {"percent"},
    [F_SAMPLE] = {"sample"},
    [F_METHODS] = {"methods"},
    [F_HEADERS] = {"headers"},
    [F_HOST] = {"host"},
    [F_LIMITS] = {"limits"},
    [F_MATCH] = {"match", .flags = PLAN_FIELD_ELSEWHERE, .belongs = "in rules[]"},
    [F_MIRROR] = {"mirror", .flags = PLAN_FIELD_ELSEWHERE, .belongs = "in rules[]"},
};

static void take_settings(struct plan_reader *r, const struct native_mirror *m,
                          const struct yaml_node *const values[])
{
    const struct native_settings s = {.sample = values[F_SAMPLE],
                                      .methods = values[F_METHODS],
                                      .headers = values[F_HEADERS],
                                      .host = values[F_HOST],
                                      .limits = values[F_LIMITS]};

    if (!s.sample && !s.methods && !s.headers && !s.host && !s.limits)
        return;
    if (r->native->settled)
        plan_error(r, "E604", m->at,
                   "sample, methods, headers, host and limits are of the whole run, and stand in "
                   "the Mirror at %.200s:%u already",
                   r->native->settled->at.file, r->native->settled->at.line);
    else
        native_settings(r, &s);
    r->native->settled = m;
}

static void append_mirror(struct plan_native *native, struct native_mirror *m)
{
    if (native->last)
        native->last->next = m;
    else
        native->first = m;
    native->last = m;
}

void plan_mirror_kind(const struct plan_object *o)
{
    static const struct plan_fields fields = {"Mirror", mirror_fields, F_COUNT};
    struct plan_reader *r = o->r;
    const struct yaml_node *v[F_COUNT];
    struct native_mirror *m = native_of(r) ? plan_alloc(r, sizeof *m) : NULL;

    if (!m || !plan_take(r, o->root, &fields, v, NULL))
        return;
    *m = (struct native_mirror){
        .r = r,
        .at = o->at,
        .name = o->name,
        .namespace = o->namespace,
        .destinations = v[F_DESTINATIONS],
        .rules = v[F_RULES],
        .route = {v[F_BASELINE], v[F_BASELINES], v[F_CANDIDATE], v[F_CANDIDATES], v[F_PERCENT]},
    };
    append_mirror(r->native, m);
    plan_take_text(r, v[F_NAME], "name", &m->name);
    if (!r->plan->settings.name.data)
        r->plan->settings.name = m->name;
    take_settings(r, m, v);
    plan_give_map(r, v[F_ENDPOINTS]);
    import_all(r, v[F_IMPORT]);
}

/* ---- rules ------------------------------------------------------------------------------ */

enum {
    R_NAME,
    R_SOURCE,
    R_HOSTS,
    R_MATCH,
    R_MIRROR,
    R_REDIRECT,
    R_PERCENT,
    R_BASELINE,
    R_BASELINES,
    R_CANDIDATE,
    R_CANDIDATES,
    R_HEADERS,
    R_REWRITE,
    R_TIMEOUT,
    R_COUNT,
};

static const struct plan_known rule_fields[] = {
    [R_NAME] = {"name"},           [R_SOURCE] = {"source"},         [R_HOSTS] = {"hosts"},
    [R_MATCH] = {"match"},         [R_MIRROR] = {"mirror"},         [R_REDIRECT] = {"redirect"},
    [R_PERCENT] = {"percent"},     [R_BASELINE] = {"baseline"},     [R_BASELINES] = {"baselines"},
    [R_CANDIDATE] = {"candidate"}, [R_CANDIDATES] = {"candidates"}, [R_HEADERS] = {"headers"},
    [R_REWRITE] = {"rewrite"},     [R_TIMEOUT] = {"timeout"},
};

/* What a rule does, by which fields it has. */
struct native_action {
    bool mirror, says_mirror, redirect, has_arrows, has_candidates, has_percent, has_more;
};

static bool take_action(struct plan_reader *r, const struct yaml_node *const v[],
                        struct native_action *a)
{
    a->mirror = true;
    a->says_mirror = v[R_MIRROR] != NULL;
    a->has_candidates = v[R_CANDIDATE] || v[R_CANDIDATES];
    a->has_arrows = a->has_candidates || v[R_BASELINE] || v[R_BASELINES];
    a->has_percent = v[R_PERCENT] != NULL;
    a->has_more = v[R_HEADERS] || v[R_REWRITE] || v[R_TIMEOUT];
    return plan_take_bool(r, v[R_MIRROR], "mirror", &a->mirror) &&
           plan_take_bool(r, v[R_REDIRECT], "redirect", &a->redirect);
}

/* NULL: it makes sense. */
static const char *what_is_wrong(const struct native_action *a)
{
    if (!a->mirror && (a->has_arrows || a->has_percent || a->redirect))
        return "mirror: false stands alone: nothing is sent";
    if (a->redirect && (a->has_percent || a->says_mirror))
        return "redirect: true and a mirror exclude each other";
    if (a->mirror && !a->says_mirror && !a->redirect && !a->has_arrows && !a->has_percent)
        return "the rule says nothing: mirror: false, a percentage or a candidate is missing";
    if (a->has_percent && a->has_arrows && !a->has_candidates)
        return "percent is of a candidate, and there is none beside the baseline";
    if (a->has_percent && !a->has_arrows && (a->has_more || a->says_mirror))
        return "a rule that is only a percentage leaves all else to the rule behind it";
    return NULL;
}

static enum plan_action action_of(const struct native_action *a)
{
    if (!a->mirror)
        return PLAN_DENY;
    if (a->redirect)
        return PLAN_REDIRECT;
    return a->has_percent && !a->has_arrows ? PLAN_PERCENT : PLAN_MIRROR;
}

/* The share of what says none itself. */
static uint32_t share_of(const struct native_mirror *m, const struct yaml_node *percent)
{
    uint32_t ppm = PLAN_MILLION;

    native_ppm(m->r, percent ? percent : m->route.percent, "percent", &ppm);
    return ppm;
}

/* mirror: true alone: as the Mirror itself says, where it says something. */
static bool is_as_mirror(const struct native_mirror *m, const struct native_action *a)
{
    return a->says_mirror && a->mirror && !a->has_arrows &&
           (m->route.candidate || m->route.candidates);
}

static void take_rule(const struct native_mirror *m, const struct yaml_node *n, size_t place)
{
    static const struct plan_fields fields = {"rules[]", rule_fields, R_COUNT};
    struct plan_reader *r = m->r;
    const struct yaml_node *v[R_COUNT];
    struct native_action action = {0};
    struct str name = {0};
    struct native_route own;
    struct plan_rule *rule;
    const char *wrong;

    if (!plan_take(r, n, &fields, v, NULL) || !take_action(r, v, &action) ||
        !plan_take_text(r, v[R_NAME], "name", &name))
        return;
    wrong = what_is_wrong(&action);
    if (wrong)
        plan_error(r, "E603", n->at, "%s", wrong);
    rule = plan_add_rule(r, m->name, name, place, n->at);
    if (!rule)
        return;
    if (v[R_NAME]) /* as it is, even if it is empty */
        rule->name = name;
    rule->action = action_of(&action);
    plan_take_text(r, v[R_SOURCE], "source", &rule->source);
    native_hosts(r, v[R_HOSTS], rule);
    native_matches(r, v[R_MATCH], rule);
    if (rule->action == PLAN_PERCENT)
        rule->ppm = share_of(m, v[R_PERCENT]);
    r->has_mirror |= rule->action == PLAN_REDIRECT; /* may have one that Istio never uses */
    own = is_as_mirror(m, &action)
              ? m->route
              : (struct native_route){v[R_BASELINE], v[R_BASELINES], v[R_CANDIDATE],
                                      v[R_CANDIDATES], v[R_PERCENT]};
    native_arrows(m, &own, rule->action == PLAN_PERCENT ? 0 : share_of(m, v[R_PERCENT]), rule);
    rule->changes = native_changes(r, v[R_HEADERS]);
    native_rewrite(r, v[R_REWRITE], &rule->rewrite);
    plan_take_duration(r, v[R_TIMEOUT], "timeout", &rule->timeout_ns);
}

/* Where the Mirror itself has a candidate, it is for whatever no rule took; where it has
 * only a percentage, that is for what others route. */
static void take_rest(const struct native_mirror *m, size_t place)
{
    const struct native_route *route = &m->route;
    struct plan_rule *rule;

    if (!route->candidate && !route->candidates && !route->percent)
        return;
    rule = plan_add_rule(m->r, m->name, (struct str){0}, place, m->at);
    if (!rule)
        return;
    if (route->candidate || route->candidates) {
        rule->action = PLAN_MIRROR;
        native_arrows(m, route, share_of(m, NULL), rule);
    } else {
        rule->action = PLAN_PERCENT;
        rule->ppm = share_of(m, NULL);
    }
}

static void take_mirror(const struct native_mirror *m)
{
    struct plan_reader *r = m->r;
    size_t place = 0;

    native_destinations(m, m->destinations);
    if (m->rules && plan_is_list(r, m->rules, "rules")) {
        for (const struct yaml_item *i = m->rules->items; i && !r->failed; i = i->next)
            take_rule(m, i->value, place++);
    }
    take_rest(m, place);
}

void plan_native_rules(struct plan_reader *r)
{
    if (!r->native)
        return;
    for (struct native_mirror *m = r->native->first; m && !r->failed; m = m->next) {
        if (!m->name.len)
            m->name = STR("mirror");
        take_mirror(m);
    }
}

/* Opened once, so nothing here is clever: what is the same for many rules is looked
 * for among the few destinations, targets and timeouts that there are. */
#include "replay/routes.h"

#include <stdio.h>

#include "replay/path.h"

/* A destination that a role has targets for. */
struct known_place {
    struct known_place *next;
    const struct plan_destination *of;
    unsigned targets[]; /* by address */
};

/* What is being made a way. */
struct making {
    struct routes *routes;
    const struct replay_config *config;
    const struct plan_rule *rule;
    const struct plan_arrow *arrow;
    struct role *role;
};

/* ---- roles ------------------------------------------------------------------------ */

static bool is_mirrored(const struct plan_rule *rule)
{
    for (const struct plan_arrow *a = rule->candidates; a; a = a->next) {
        if (a->ppm)
            return rule->action == PLAN_MIRROR;
    }
    return false;
}

/* Candidates up to the last that is not off. */
static unsigned count_candidates(const struct plan_rule *rule)
{
    unsigned n = 0, place = 0;

    for (const struct plan_arrow *a = rule->candidates; a; a = a->next) {
        place++;
        if (a->ppm)
            n = place;
    }
    return n;
}

static int add_role(struct routes *r, const struct replay_config *c, const char *name,
                    unsigned version, struct err *e)
{
    struct role *role = &r->roles[r->n_roles];
    struct field_rules *fields = arena_alloc(&r->mem, sizeof *fields, e);

    if (!fields || field_rules_change(fields, r->plan->settings.changes, e) < 0 ||
        field_rules_add(fields, c->fields, c->n_fields, version, e) < 0)
        return -1;
    snprintf(role->name, sizeof role->name, "%s", name);
    role->version = version;
    role->fields = fields;
    r->n_roles++;
    return 0;
}

static int add_candidates(struct routes *r, const struct replay_config *c, unsigned n,
                          struct err *e)
{
    char name[16];

    r->candidates = r->n_roles;
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "v%u", i + 2);
        if (add_role(r, c, name, i + 2, e) < 0)
            return -1;
    }
    return 0;
}

/* v1, v2, v3, ..., and the control last. */
static int add_roles(struct routes *r, const struct replay_config *c, struct err *e)
{
    bool has_baseline = false;
    unsigned most = 0;

    for (const struct plan_rule *rule = r->plan->rules; rule; rule = rule->next) {
        unsigned n = is_mirrored(rule) ? count_candidates(rule) : 0;

        most = n > most ? n : most;
        has_baseline |= n && rule->baselines;
    }
    if (most > REPLAY_MAX_CANDIDATES)
        return err_set(e, ERR_USAGE, "there must be 1 to %d versions under test",
                       REPLAY_MAX_CANDIDATES);
    if (most == 0) /* all are off: there is a v2 that gets nothing */
        most = 1;
    r->v1 = r->control = -1;
    if (c->baseline == BASELINE_V1) {
        r->v1 = (int)r->n_roles;
        if (add_role(r, c, "v1", 1, e) < 0)
            return -1;
    }
    if (add_candidates(r, c, most, e) < 0)
        return -1;
    if (c->control != CONTROL_V1 || (c->baseline == BASELINE_RECORDED && !has_baseline))
        return 0;
    r->control = (int)r->n_roles;
    return add_role(r, c, "control", 1, e);
}

/* ---- targets ---------------------------------------------------------------------- */

/* The number of the role's target at a URL; it is added where it is not there yet. */
static int target_at(struct making *m, struct str url, unsigned *number, struct err *e)
{
    struct routes *r = m->routes;
    unsigned role = (unsigned)(m->role - r->roles);
    struct str text;

    for (unsigned i = 0; i < r->n_targets; i++) {
        if (r->targets[i].role == role && str_eq(r->urls[i], url)) {
            *number = i;
            return 0;
        }
    }
    if (r->n_targets == ROUTES_MAX_TARGETS)
        return err_set(e, ERR_USAGE,
                       "there are more than %d addresses to send to, counted for each of v1, v2 "
                       "and so on",
                       ROUTES_MAX_TARGETS);
    if (arena_dup(&r->mem, url, &text, e) < 0 ||
        target_parse(&r->targets[r->n_targets], m->role->name, text.data, e) < 0)
        return -1;
    r->targets[r->n_targets].role = role;
    r->urls[r->n_targets] = text;
    *number = r->n_targets++;
    m->role->n_targets++;
    return 0;
}

/* Behind the others: the first is who a role is told by. */
static struct known_place *add_place(struct making *m, struct err *e)
{
    const struct plan_destination *to = m->arrow->to;
    struct known_place *place =
        arena_alloc(&m->routes->mem, sizeof *place + to->n_addresses * sizeof *place->targets, e);
    const struct plan_address *address = to->addresses;
    struct known_place **end = &m->role->places;

    if (!place)
        return NULL;
    place->of = to;
    for (unsigned i = 0; i < to->n_addresses; i++, address = address->next) {
        if (target_at(m, address->url, &place->targets[i], e) < 0)
            return NULL;
    }
    while (*end)
        end = &(*end)->next;
    *end = place;
    return place;
}

static const struct known_place *place_of(struct making *m, struct err *e)
{
    const struct plan_destination *to = m->arrow->to;
    struct known_place *place = m->role->places;

    if (to->n_addresses == 0) {
        err_set(e, ERR_USAGE, "no address is known for %.*s", STR_ARG(to->name));
        return NULL;
    }
    while (place && place->of != to)
        place = place->next;
    return place ? place : add_place(m, e);
}

/* ---- what is changed on the way ------------------------------------------------------ */

static int field_rules_of(const struct making *m, const struct field_rules **rules, struct err *e)
{
    const struct replay_config *c = m->config;
    struct field_rules *made;

    *rules = m->role->fields;
    if (!m->rule->changes && !m->arrow->changes)
        return 0;
    *rules = made = arena_alloc(&m->routes->mem, sizeof *made, e);
    if (!made || field_rules_change(made, m->rule->changes, e) < 0 ||
        field_rules_change(made, m->arrow->changes, e) < 0 ||
        field_rules_change(made, m->routes->plan->settings.changes, e) < 0)
        return -1;
    return field_rules_add(made, c->fields, c->n_fields, m->role->version, e);
}

/* What a header change says of Host is said of the authority. */
static void find_host(const struct plan_change *changes, struct str *authority)
{
    for (const struct plan_change *c = changes; c; c = c->next) {
        if (c->kind != PLAN_REMOVE && str_ieq(c->name, STR("Host")))
            *authority = c->value;
    }
}

static int set_host(const struct making *m, struct rewrite *rewrite, struct err *e)
{
    const struct replay_config *c = m->config;
    struct str authority = m->rule->rewrite.authority;

    rewrite->host = c->host;
    if (c->host == HOST_NAME)
        rewrite->host_value = str_of(c->host_name);
    find_host(m->rule->changes, &authority);
    find_host(m->arrow->changes, &authority);
    find_host(m->routes->plan->settings.changes, &authority);
    if (c->host != HOST_KEEP || c->host_said || !authority.data)
        return 0;
    for (size_t i = 0; i < authority.len; i++) {
        if ((unsigned char)authority.data[i] <= ' ' || (unsigned char)authority.data[i] >= 0x7f)
            return err_set(e, ERR_USAGE, "a name for Host has no blanks or control characters");
    }
    rewrite->host = HOST_NAME;
    rewrite->host_value = authority;
    return 0;
}

static int rewrite_of(const struct making *m, struct rewrite *rewrite, struct err *e)
{
    const struct str name = STR("X-Mirrorctl");
    const struct field_rules *fields;
    bool own;

    *rewrite = (struct rewrite){0};
    if (field_rules_of(m, &fields, e) < 0 || set_host(m, rewrite, e) < 0)
        return -1;
    own = field_rules_set(fields, name);
    rewrite->fields = fields;
    rewrite->marker = !m->config->no_marker && !own && !field_rules_remove(fields, name);
    if (m->config->must_mark && !rewrite->marker && !own)
        return err_set(e, ERR_USAGE,
                       "%s: without X-Mirrorctl copies could be captured and mirrored for ever",
                       "E510");
    return 0;
}

/* ---- ways --------------------------------------------------------------------------- */

static unsigned timeout_of(struct routes *r, const struct plan_rule *rule)
{
    unsigned i = 0;

    if (rule->timeout_ns <= 0 || rule->timeout_ns >= r->timeouts[0])
        return 0;
    while (i < r->n_timeouts && r->timeouts[i] != rule->timeout_ns)
        i++;
    if (i == r->n_timeouts)
        r->timeouts[r->n_timeouts++] = rule->timeout_ns;
    return i;
}

static const struct way *ways_of(struct making *m, struct err *e)
{
    struct routes *r = m->routes;
    const struct known_place *place = place_of(m, e);
    unsigned n = m->arrow->to->n_addresses;
    struct rewrite rewrite;
    struct way *ways;

    if (!place || rewrite_of(m, &rewrite, e) < 0)
        return NULL;
    ways = arena_array(&r->mem, n, sizeof *ways, e);
    for (unsigned i = 0; ways && i < n; i++) {
        const struct target *t = &r->targets[place->targets[i]];

        ways[i].lane = place->targets[i];
        ways[i].timeout = timeout_of(r, m->rule);
        ways[i].rewrite = rewrite;
        ways[i].rewrite.prefix = str_of(t->prefix);
        if (rewrite.host == HOST_TARGET)
            ways[i].rewrite.host_value = str_of(t->authority);
    }
    return ways;
}

/* The ways of the arrow for a role, or none for -1. */
static int branch_for(struct making *m, int role, const struct way **ways, struct err *e)
{
    if (role < 0)
        return 0;
    m->role = &m->routes->roles[role];
    *ways = ways_of(m, e);
    return *ways ? 0 : -1;
}

static int add_baselines(struct making *m, struct route *route, struct err *e)
{
    struct routes *r = m->routes;
    struct branch *b;

    for (const struct plan_arrow *a = m->rule->baselines; a; a = a->next, route->n_baselines++)
        route->weight += a->weight;
    if (route->n_baselines == 0)
        return r->v1 < 0 ? 0 : err_set(e, ERR_USAGE, "there is no baseline");
    if (route->n_baselines > 1 && route->weight == 0)
        return err_set(e, ERR_USAGE, "the weights of its destinations add up to 0");
    b = route->baselines = arena_array(&r->mem, route->n_baselines, sizeof *b, e);
    for (const struct plan_arrow *a = m->rule->baselines; b && a; a = a->next, b++) {
        b->arrow = m->arrow = a;
        if (a->weight == 0 && route->n_baselines > 1)
            continue;
        b->n = a->to->n_addresses;
        if (branch_for(m, r->v1, &b->ways, e) < 0 || branch_for(m, r->control, &b->controls, e) < 0)
            return -1;
    }
    return b ? 0 : -1;
}

static int add_candidate_branches(struct making *m, struct route *route, struct err *e)
{
    struct routes *r = m->routes;
    int role = (int)r->candidates;
    struct branch *b;

    route->n_candidates = count_candidates(m->rule);
    b = route->candidates = arena_array(&r->mem, route->n_candidates, sizeof *b, e);
    m->arrow = m->rule->candidates;
    for (unsigned i = 0; b && i < route->n_candidates; i++, b++, m->arrow = m->arrow->next) {
        b->arrow = m->arrow;
        if (m->arrow->ppm == 0)
            continue;
        b->n = m->arrow->to->n_addresses;
        if (branch_for(m, role + (int)i, &b->ways, e) < 0)
            return -1;
    }
    return b ? 0 : -1;
}

/* ---- all of it ------------------------------------------------------------------------ */

static int add_route(struct routes *r, const struct replay_config *c, const struct plan_rule *rule,
                     struct err *e)
{
    struct making m = {.routes = r, .config = c, .rule = rule};
    struct route *route = &r->list[rule->index];

    if (path_check(&rule->rewrite, e) == 0 && add_baselines(&m, route, e) == 0 &&
        add_candidate_branches(&m, route, e) == 0)
        return 0;
    return r->own ? -1
                  : err_wrap(e, "%.*s: rule %.*s", STR_ARG(str_head(rule->source, 300)),
                             STR_ARG(str_head(rule->name, 300)));
}

static int add_routes(struct routes *r, const struct replay_config *c, struct err *e)
{
    r->list = arena_array(&r->mem, r->plan->n_rules, sizeof *r->list, e);
    r->timeouts = arena_array(&r->mem, r->plan->n_rules + 1, sizeof *r->timeouts, e);
    if (!r->list || !r->timeouts)
        return -1;
    r->timeouts[r->n_timeouts++] = c->timeout_ns;
    for (const struct plan_rule *rule = r->plan->rules; rule; rule = rule->next) {
        if (is_mirrored(rule) && add_route(r, c, rule, e) < 0)
            return -1;
    }
    return 0;
}

/* Of several names one is told, and how many more there are. */
static int name_place(struct routes *r, unsigned role, struct err *e)
{
    const struct known_place *place = r->roles[role].places;
    struct str *name = &r->roles[role].place;
    unsigned more = 0;
    char text[1024];
    int n;

    for (unsigned i = 0; r->roles[role].n_targets == 1 && i < r->n_targets; i++) {
        if (r->targets[i].role == role)
            *name = r->urls[i];
    }
    if (name->data || !place)
        return 0;
    for (const struct known_place *next = place->next; next; next = next->next)
        more++;
    n = snprintf(text, sizeof text, "%.*s", STR_ARG(str_head(place->of->name, 900)));
    if (more)
        snprintf(text + n, sizeof text - (size_t)n, " and %u more", more);
    return arena_dup(&r->mem, str_of(text), name, e);
}

static struct plan *make_own_plan(const struct replay_config *c, struct err *e)
{
    struct plan *own = NULL;

    if (c->n_candidates < 1 || c->n_candidates > REPLAY_MAX_CANDIDATES)
        err_set(e, ERR_USAGE, "there must be 1 to %d versions under test", REPLAY_MAX_CANDIDATES);
    else if (!c->v1 && c->baseline == BASELINE_V1)
        err_set(e, ERR_USAGE, "v1: there is no URL");
    else
        own = plan_of_urls(c->v1, c->candidates, c->n_candidates, PLAN_MILLION, e);
    return own;
}

int routes_init(struct routes *r, const struct replay_config *config, struct err *e)
{
    *r = (struct routes){.plan = config->plan};
    arena_init(&r->mem, ROUTES_MEMORY);
    if (!r->plan)
        r->plan = r->own = make_own_plan(config, e);
    if (!r->plan || add_roles(r, config, e) < 0 || add_routes(r, config, e) < 0)
        return -1;
    for (unsigned i = 0; i < r->n_roles; i++) {
        if (name_place(r, i, e) < 0)
            return -1;
    }
    return 0;
}

void routes_release(struct routes *r)
{
    for (unsigned i = 0; i < r->n_targets; i++)
        target_release(&r->targets[i]);
    plan_free(r->own);
    arena_release(&r->mem);
    *r = (struct routes){0};
}

int64_t routes_share(const struct routes *r)
{
    int64_t share = -1;

    for (const struct plan_rule *rule = r->plan->rules; rule; rule = rule->next) {
        if (rule->action == PLAN_PERCENT)
            return -1;
        for (const struct plan_arrow *a = rule->candidates; a && is_mirrored(rule); a = a->next) {
            if (a->ppm && share >= 0 && a->ppm != share)
                return -1;
            share = a->ppm ? a->ppm : share;
        }
    }
    return share;
}

const char *routes_target_name(struct routes *r, unsigned target, struct err *e)
{
    const struct target *t = &r->targets[target];
    struct str name;
    char text[1024];

    if (r->roles[t->role].n_targets == 1)
        return t->name;
    snprintf(text, sizeof text, "%s at %s%s", t->name, t->unix_path ? t->unix_path : t->authority,
             t->prefix);
    return arena_dup(&r->mem, str_of(text), &name, e) < 0 ? NULL : name.data;
}

/* Rules as people write them: YAML, a rule a map.
 *
 * All mistakes of a file are told at once, each where it stands:
 *
 *     E701  not a map with a list of rules
 *     E702  a key that is not known
 *     E703  a path that is missing or cannot be read
 *     E704  no action, or more than one
 *     E705  a value that does not fit its key
 */
#include <stdarg.h>
#include <stdio.h>

#include "core/http.h"
#include "core/nearest.h"
#include "core/yaml.h"
#include "diff/rules.h"
#include "diff/time_text.h"

struct reader {
    struct rules *rules;
    struct diags *diags;
    struct err *e;
    struct rule rule;           /* the one at hand */
    const struct yaml_node *by; /* the key of its action */
};

/* What a key does with its value: true, or false having told why not. */
typedef bool read_value(struct reader *r, const struct yaml_node *v);

__attribute__((format(printf, 3, 4))) static bool
refuse(struct reader *r, const struct yaml_node *v, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    diag_add(r->diags, DIAG_ERROR, "E705", v->at, "%s", text);
    return false;
}

/* A copy that lives as long as the rules. */
static bool keep(struct reader *r, const struct yaml_node *v, struct str *copy)
{
    if (v->kind != YAML_SCALAR)
        return refuse(r, v, "expected a word, not %s", yaml_kind_name(v->kind));
    if (!v->text.len)
        return refuse(r, v, "expected a word: it is empty");
    return arena_dup(rules_memory(r->rules), v->text, copy, r->e) == 0;
}

/* ---- the path ---- */

static void point_at(struct diags *diags, struct place at, struct str path,
                     const struct rule_path_fault *fault)
{
    struct buf text;

    buf_init(&text, 8 * RULE_PATH_MAX);
    if (at.line)
        at.column += (uint32_t)fault->offset;
    if (rule_path_point(path, fault->offset, &text, NULL) == 0)
        diag_add(diags, DIAG_ERROR, "E703", at, "%s\n%s", fault->what, text.data);
    buf_release(&text);
}

static bool read_path(struct reader *r, const struct yaml_node *v)
{
    struct rule_path_fault fault;
    struct place at = v->at;

    if (v->kind != YAML_SCALAR)
        return refuse(r, v, "a path is a word, not %s", yaml_kind_name(v->kind));
    if (rule_path_read(&r->rule.path, v->text, rules_memory(r->rules), &fault, r->e) == 0)
        return keep(r, v, &r->rule.written);
    at.column += v->quoted; /* behind the quote */
    if (fault.what)
        point_at(r->diags, at, v->text, &fault);
    return false;
}

/* ---- actions ---- */

static bool only_true(struct reader *r, const struct yaml_node *v, enum rule_action action)
{
    bool on;

    r->rule.action = action;
    if (!yaml_to_bool(v, &on) || !on)
        return refuse(r, v, "expected true; leave it out where it should not hold");
    return true;
}

static bool read_ignore(struct reader *r, const struct yaml_node *v)
{
    bool on;

    if (!yaml_to_bool(v, &on))
        return refuse(r, v, "expected true or false");
    r->rule.action = on ? RULE_IGNORE : RULE_COMPARE;
    return true;
}

static bool read_unordered(struct reader *r, const struct yaml_node *v)
{
    return only_true(r, v, RULE_UNORDERED);
}

static bool read_type_only(struct reader *r, const struct yaml_node *v)
{
    return only_true(r, v, RULE_TYPE_ONLY);
}

/* What json_number_near() can reckon with. */
static bool is_factor(struct str s)
{
    struct json_node *n;
    struct arena mem;
    size_t digits = 0;
    bool good;

    arena_init(&mem, 64 * 1024);
    n = json_parse(s, &mem, NULL, NULL);
    good = n && n->type == JSON_NUMBER && s.data[0] != '-';
    arena_release(&mem);
    for (size_t i = 0; i < s.len && (s.data[i] | 0x20) != 'e'; i++)
        digits += s.data[i] != '.';
    return good && digits <= 17 && s.len < 32;
}

static bool read_tolerance(struct reader *r, const struct yaml_node *v, enum rule_action action)
{
    r->rule.action = action;
    if (!keep(r, v, &r->rule.number))
        return false;
    return is_factor(v->text) ||
           refuse(r, v, "expected a number like 0.01, not negative, of at most 17 digits");
}

static bool read_abs(struct reader *r, const struct yaml_node *v)
{
    return read_tolerance(r, v, RULE_ABS);
}

static bool read_rel(struct reader *r, const struct yaml_node *v)
{
    return read_tolerance(r, v, RULE_REL);
}

static bool read_within(struct reader *r, const struct yaml_node *v)
{
    r->rule.action = RULE_WITHIN;
    return (v->kind == YAML_SCALAR && time_text_span(v->text, &r->rule.within_ns)) ||
           refuse(r, v, "expected a time like 5s, 100ms or 1h");
}

static bool add_key(struct reader *r, const struct yaml_node *v, struct str name)
{
    struct rule *rule = &r->rule;

    name = str_trim(name);
    if (!name.len)
        return refuse(r, v, "expected the name of a member");
    if (rule->n_keys == RULE_KEYS_MAX)
        return refuse(r, v, "a key has at most %d members", RULE_KEYS_MAX);
    return arena_dup(rules_memory(r->rules), name, &rule->keys[rule->n_keys++], r->e) == 0;
}

/* `id`, `id,country` or [id, country] */
static bool read_key(struct reader *r, const struct yaml_node *v)
{
    struct str rest = v->text;

    r->rule.action = RULE_KEY;
    r->rule.keys = arena_array(rules_memory(r->rules), RULE_KEYS_MAX, sizeof *r->rule.keys, r->e);
    if (!r->rule.keys)
        return false;
    if (v->kind == YAML_MAP)
        return refuse(r, v, "expected the names of members, not a map");
    for (const struct yaml_item *i = v->items; i; i = i->next) {
        if (!add_key(r, i->value, i->value->text))
            return false;
    }
    if (v->kind == YAML_LIST)
        return r->rule.n_keys > 0 || refuse(r, v, "expected the name of a member");
    do {
        if (!add_key(r, v, str_cut(&rest, ',')))
            return false;
    } while (rest.data);
    return true;
}

static bool read_embedded(struct reader *r, const struct yaml_node *v)
{
    bool base64 = v->kind == YAML_SCALAR && str_eq(v->text, STR("base64"));

    r->rule.action = base64 ? RULE_BASE64 : RULE_JSON;
    return base64 || (v->kind == YAML_SCALAR && str_eq(v->text, STR("json"))) ||
           refuse(r, v, "expected json or base64");
}

/* ---- which pairs ---- */

static bool read_endpoint(struct reader *r, const struct yaml_node *v)
{
    struct err why = {0};
    struct str text = {0};

    if (!keep(r, v, &text))
        return false;
    return pattern_read(&r->rule.endpoint, text, &why) == 0 || refuse(r, v, "%s", why.text);
}

static bool read_method(struct reader *r, const struct yaml_node *v)
{
    return keep(r, v, &r->rule.method) &&
           (http_is_token(v->text) || refuse(r, v, "expected a method like GET"));
}

/* 404 or 4xx */
static bool read_status(struct reader *r, const struct yaml_node *v)
{
    struct str s = v->text;
    bool scalar = v->kind == YAML_SCALAR && s.len == 3 && s.data[0] >= '1' && s.data[0] <= '9';
    uint64_t number;

    if (scalar && str_ieq(str_skip(s, 1), STR("xx"))) {
        r->rule.status_low = (s.data[0] - '0') * 100;
        r->rule.status_high = r->rule.status_low + 99;
        return true;
    }
    if (!scalar || !str_to_u64(s, &number))
        return refuse(r, v, "expected a status like 404, or a class like 2xx");
    r->rule.status_low = r->rule.status_high = (int)number;
    return true;
}

static bool read_reason(struct reader *r, const struct yaml_node *v)
{
    return keep(r, v, &r->rule.reason);
}

static bool read_until(struct reader *r, const struct yaml_node *v)
{
    int day = v->kind == YAML_SCALAR && v->text.len == 10 ? rules_day(v->text) : 0;
    int month = day / 100 % 100;

    if (month >= 1 && month <= 12 && day % 100 >= 1 && day % 100 <= 31)
        r->rule.until = day;
    return r->rule.until || refuse(r, v, "expected a day like 2027-01-31");
}

/* ---- a rule ---- */

static const struct {
    const char *name;
    read_value *read;
    bool action;
} keys[] = {
    {"path", read_path, false},
    {"ignore", read_ignore, true},
    {"abs", read_abs, true},
    {"rel", read_rel, true},
    {"within", read_within, true},
    {"unordered", read_unordered, true},
    {"key", read_key, true},
    {"embedded", read_embedded, true},
    {"type_only", read_type_only, true},
    {"endpoint", read_endpoint, false},
    {"method", read_method, false},
    {"status", read_status, false},
    {"reason", read_reason, false},
    {"until", read_until, false},
};

enum { KEYS = sizeof keys / sizeof *keys };

/* "is not known here; did you mean `ignore`?" */
static void unknown_key(struct reader *r, const struct yaml_node *key)
{
    const char *names[KEYS], *near;

    for (size_t i = 0; i < KEYS; i++)
        names[i] = keys[i].name;
    near = nearest_name(key->text, names, KEYS);
    if (near)
        diag_add(r->diags, DIAG_ERROR, "E702", key->at,
                 "a rule has no key \"%.*s\"; did you mean \"%s\"?",
                 STR_ARG(str_head(key->text, 100)), near);
    else
        diag_add(r->diags, DIAG_ERROR, "E702", key->at, "a rule has no key \"%.*s\"",
                 STR_ARG(str_head(key->text, 100)));
}

static bool read_item(struct reader *r, const struct yaml_item *item)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (!str_eq(item->key->text, str_of(keys[i].name)))
            continue;
        if (keys[i].action && r->by) {
            diag_add(r->diags, DIAG_ERROR, "E704", item->key->at,
                     "\"%s\" and \"%s\" in one rule: write a rule for each", r->by->text.data,
                     keys[i].name);
            return false;
        }
        if (keys[i].action)
            r->by = item->key;
        return keys[i].read(r, item->value);
    }
    unknown_key(r, item->key);
    return false;
}

/* Actions that mean something for a header. */
static bool suits(const struct rule *rule)
{
    unsigned headers = RULE_BIT(RULE_IGNORE) | RULE_BIT(RULE_COMPARE) | RULE_BIT(RULE_ABS) |
                       RULE_BIT(RULE_REL) | RULE_BIT(RULE_WITHIN) | RULE_BIT(RULE_UNORDERED) |
                       RULE_BIT(RULE_TYPE_ONLY);

    return rule->path.header ? (headers & RULE_BIT(rule->action)) != 0
                             : rule->action != RULE_COMPARE;
}

static int add_rule(struct reader *r, const struct yaml_node *n)
{
    struct err why = {0};

    if (!yaml_get(n, "path")) {
        diag_add(r->diags, DIAG_ERROR, "E703", n->at, "a rule without a path");
        return 0;
    }
    if (!r->by) {
        diag_add(r->diags, DIAG_ERROR, "E704", n->at,
                 "a rule that does nothing: it takes one of ignore, abs, rel, within, unordered, "
                 "key, embedded, type_only");
        return 0;
    }
    if (!suits(&r->rule)) {
        diag_add(r->diags, DIAG_ERROR, "E705", r->by->at,
                 r->rule.path.header ? "\"%s\" is not for headers"
                                     : "\"%s: false\" is for headers that are ignored by default",
                 r->by->text.data);
        return 0;
    }
    if (rules_add(r->rules, &r->rule, &why) == 0)
        return 0;
    if (why.kind == ERR_NOMEM)
        return err_set(r->e, ERR_NOMEM, "%s", why.text);
    diag_add(r->diags, DIAG_ERROR, "E705", n->at, "%s", why.text);
    return 0;
}

static int read_rule(struct reader *r, const struct yaml_node *n)
{
    bool good = true;

    if (n->kind != YAML_MAP) {
        diag_add(r->diags, DIAG_ERROR, "E701", n->at, "a rule is a map, not %s",
                 yaml_kind_name(n->kind));
        return 0;
    }
    r->rule = (struct rule){0};
    r->by = NULL;
    for (const struct yaml_item *i = n->items; i; i = i->next)
        good = read_item(r, i) && good;
    if (r->e && r->e->kind == ERR_NOMEM)
        return -1;
    return good ? add_rule(r, n) : 0;
}

static int read_document(struct reader *r, const struct yaml_node *top)
{
    const struct yaml_node *list = yaml_get(top, "rules");
    int rc = 0;

    for (const struct yaml_item *i = top->kind == YAML_MAP ? top->items : NULL; i; i = i->next) {
        if (!str_eq(i->key->text, STR("rules")))
            diag_add(r->diags, DIAG_ERROR, "E702", i->key->at,
                     "a rules file has no key \"%.*s\", only \"rules\"",
                     STR_ARG(str_head(i->key->text, 100)));
    }
    if (!list) {
        diag_add(r->diags, DIAG_ERROR, "E701", top->at,
                 "not a rules file: expected \"rules:\" and a list");
        return 0;
    }
    if (yaml_is_null(list))
        return 0;
    if (list->kind != YAML_LIST) {
        diag_add(r->diags, DIAG_ERROR, "E701", list->at, "\"rules\" is a list, not %s",
                 yaml_kind_name(list->kind));
        return 0;
    }
    for (const struct yaml_item *i = list->items; i && rc == 0; i = i->next)
        rc = read_rule(r, i->value);
    return rc;
}

int rules_read(struct rules *rules, struct str yaml, const char *name, struct diags *diags,
               struct err *e)
{
    struct err own = {0};
    struct reader r = {.rules = rules, .diags = diags, .e = &own};
    struct yaml_stream stream;
    int rc;

    yaml_stream_init(&stream);
    rc = yaml_read(&stream, yaml, name, diags, &own);
    for (const struct yaml_doc *d = stream.docs; d && rc == 0; d = d->next)
        rc = read_document(&r, d->root);
    yaml_stream_release(&stream);
    if (rc < 0 && e)
        *e = own;
    return rc;
}

int rules_ignore(struct rules *rules, struct str path, struct diags *diags, struct err *e)
{
    struct place at = {.file = "--ignore"};
    struct rule rule = {.action = RULE_IGNORE, .written = path};
    struct rule_path_fault fault;
    struct err why = {0};

    if (rule_path_read(&rule.path, path, rules_memory(rules), &fault, &why) < 0) {
        if (fault.what)
            point_at(diags, at, path, &fault);
    } else if (rules_add(rules, &rule, &why) < 0 && why.kind != ERR_NOMEM) {
        diag_add(diags, DIAG_ERROR, "E705", at, "%s", why.text);
    }
    return why.kind == ERR_NOMEM ? err_set(e, ERR_NOMEM, "%s", why.text) : 0;
}

#include "replay/plan.h"

#include <stdio.h>

#include "core/mem.h"
#include "replay/plan_kinds.h"
#include "replay/plan_reader.h"
#include "replay/regex.h"

struct plan_regex {
    struct plan_regex *next;
    struct regex *regex;
};

static struct plan *new_plan(struct err *e)
{
    struct plan *p = mem_zalloc(sizeof *p);

    if (!p) {
        err_nomem(e, "making a plan");
        return NULL;
    }
    arena_init(&p->mem, PLAN_MEMORY);
    return p;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (const struct plan_regex *r = p->regexes; r; r = r->next)
        regex_free(r->regex);
    arena_release(&p->mem);
    mem_free(p);
}

/* ---- memory of the reader ---- */

void *plan_alloc(struct plan_reader *r, size_t size)
{
    return plan_array(r, 1, size);
}

void *plan_array(struct plan_reader *r, size_t n, size_t size)
{
    void *p = r->failed ? NULL : arena_array(&r->plan->mem, n, size, r->e);

    if (!p)
        r->failed = true;
    return p;
}

struct str plan_text_copy(struct plan_reader *r, struct str s)
{
    const struct str none = {0};
    struct str copy = none;

    if (!r->failed && arena_dup(&r->plan->mem, s, &copy, r->e) < 0)
        r->failed = true;
    return r->failed ? none : copy;
}

/* ---- rules ---- */

void plan_add_candidate(struct plan_reader *r, struct plan_rule *rule, struct plan_arrow *arrow)
{
    struct plan_arrow **end = &rule->candidates;
    unsigned n = 0;

    for (; *end; n++)
        end = &(*end)->next;
    if (n < PLAN_MAX_CANDIDATES)
        *end = arrow;
    else
        plan_error(r, "E416", arrow->at, "more than %d mirrors of a rule", PLAN_MAX_CANDIDATES);
    if (arrow->ppm == 0)
        plan_note(r, "N405", arrow->at, "this mirror is off: its share is 0 %%");
}

/* ---- regular expressions ---- */

static const char *regex_code(enum regex_fault fault)
{
    static const char *const codes[] = {
        [REGEX_UNSUPPORTED] = "E460",
        [REGEX_REFUSED] = "E461",
        [REGEX_TOO_LARGE] = "E462",
        [REGEX_BROKEN] = "E463",
    };

    return codes[fault];
}

bool plan_compile(struct plan_reader *r, struct plan_text *text, struct place at)
{
    struct plan_regex *owner = plan_alloc(r, sizeof *owner);
    enum regex_fault fault = REGEX_FINE;
    struct err e = {0};
    size_t offset = 0;

    if (!owner)
        return false;
    owner->regex = regex_new(text->text, &fault, &offset, &e);
    if (!owner->regex && fault == REGEX_FINE) {
        err_set(r->e, e.kind, "%s", e.text);
        r->failed = true;
    } else if (!owner->regex) {
        plan_error(r, regex_code(fault), at, "regex \"%.*s\": %s (character %zu)",
                   STR_ARG(str_head(text->text, 200)), e.text, offset + 1);
    } else {
        owner->next = r->plan->regexes;
        r->plan->regexes = owner;
        text->regex = owner->regex;
    }
    return owner->regex != NULL;
}

/* ---- rules ---- */

static struct str rule_name(struct plan_reader *r, struct str object, struct str name, size_t place)
{
    char text[600];

    if (name.len)
        return plan_text_copy(r, name);
    snprintf(text, sizeof text, "%.*s/%zu", STR_ARG(str_head(object, 512)), place);
    return plan_text_copy(r, str_of(text));
}

static struct str rule_source(struct plan_reader *r, struct place at)
{
    char text[1100];

    snprintf(text, sizeof text, "%.1024s:%u", at.file, at.line);
    return plan_text_copy(r, str_of(text));
}

static void append_rule(struct plan *p, struct plan_rule *rule)
{
    struct plan_rule **end = p->last_rule ? &p->last_rule->next : &p->rules;

    rule->index = (uint32_t)p->n_rules++;
    *end = rule;
    p->last_rule = rule;
}

struct plan_rule *plan_add_rule(struct plan_reader *r, struct str object, struct str name,
                                size_t place_in_object, struct place at)
{
    struct plan_rule *rule;

    if (r->plan->n_rules == PLAN_MAX_RULES) {
        plan_error(r, "E102", at, "more than %d rules", PLAN_MAX_RULES);
        return NULL;
    }
    rule = plan_alloc(r, sizeof *rule);
    if (!rule)
        return NULL;
    rule->at = at;
    rule->name = rule_name(r, object, name, place_in_object);
    rule->source = rule_source(r, at);
    append_rule(r->plan, rule);
    return r->failed ? NULL : rule;
}

/* ---- reading ---- */

static void check_options(struct plan_reader *r)
{
    const char *namespace = r->options->namespace;

    if (namespace && !plan_is_label(str_of(namespace)))
        plan_error(r, "E408", (struct place){.file = "--namespace"},
                   "\"%.100s\" cannot be the name of a namespace", namespace);
}

static void read_inputs(struct plan_reader *r)
{
    for (size_t i = 0; i < r->options->n_inputs && !r->failed; i++) {
        const struct plan_input *in = &r->options->inputs[i];

        r->failed = yaml_read(&r->yaml, in->text, in->name, r->diags, r->e) < 0;
    }
}

static void read_all(struct plan_reader *r)
{
    static void (*const steps[])(struct plan_reader *) = {
        check_options,      read_inputs,   plan_read_documents, plan_native_rules, plan_istio_rules,
        plan_gateway_rules, plan_use_urls, plan_resolve,        plan_check,
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps && !r->failed; i++)
        steps[i](r);
}

/* ---- places outlive the text that they are in ---- */

struct moved {
    const char *from, *to;
};

static void move_place(struct plan_reader *r, struct place *at, struct moved *last)
{
    if (at->file && at->file != last->from)
        *last = (struct moved){at->file, plan_text_copy(r, str_of(at->file)).data};
    if (at->file)
        at->file = last->to;
}

static void move_places(struct plan_reader *r)
{
    struct moved last = {0};

    for (struct plan_rule *rule = r->plan->rules; rule; rule = rule->next) {
        move_place(r, &rule->at, &last);
        for (struct plan_match *m = rule->matches; m; m = m->next)
            move_place(r, &m->at, &last);
        for (struct plan_arrow *a = rule->baselines; a; a = a->next)
            move_place(r, &a->at, &last);
        for (struct plan_arrow *a = rule->candidates; a; a = a->next)
            move_place(r, &a->at, &last);
    }
}

struct plan *plan_read(const struct plan_options *options, struct diags *diags, struct err *e)
{
    struct err unheard = {0};
    struct plan_reader r = {.options = options, .diags = diags, .e = e ? e : &unheard};

    r.plan = new_plan(r.e);
    if (!r.plan)
        return NULL;
    yaml_stream_init(&r.yaml);
    read_all(&r);
    if (!r.failed)
        move_places(&r);
    yaml_stream_release(&r.yaml);
    if (!r.failed)
        return r.plan;
    plan_free(r.plan);
    return NULL;
}

/* ---- the plan of two URLs ---- */

struct plan *plan_of_urls(const char *v1, const char *const *candidates, size_t n, uint32_t ppm,
                          struct err *e)
{
    struct plan_options options = {0};
    struct diags unheard;
    struct plan_reader r = {.options = &options, .diags = &unheard, .e = e};

    if (n > PLAN_MAX_CANDIDATES) {
        err_set(e, ERR_USAGE, "at most %d candidates", PLAN_MAX_CANDIDATES);
        return NULL;
    }
    r.plan = new_plan(e);
    if (!r.plan)
        return NULL;
    diags_init(&unheard);
    plan_rule_of_urls(&r, v1, candidates, n, ppm);
    diags_release(&unheard);
    if (!r.failed)
        return r.plan;
    plan_free(r.plan);
    return NULL;
}

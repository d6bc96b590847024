/* read_plan.h -- a plan out of YAML, and what was told about it. */
#ifndef MIRRORCTL_TESTS_READ_PLAN_H
#define MIRRORCTL_TESTS_READ_PLAN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/diag.h"
#include "replay/plan.h"

enum { READ_PLAN_MAX = 8 };

struct reading {
    struct plan_input inputs[READ_PLAN_MAX], files[READ_PLAN_MAX];
    const char *endpoints[READ_PLAN_MAX];
    struct plan_options options;
    struct plan *plan;
    struct buf told; /* diagnostics, one after the other */
};

/* Add a text of the input, an --endpoint, an endpoints file. */
static inline void with_text(struct reading *r, const char *name, const char *text)
{
    r->inputs[r->options.n_inputs++] = (struct plan_input){str_of(text), name};
}

static inline void with_endpoint(struct reading *r, const char *option)
{
    r->endpoints[r->options.n_endpoints++] = option;
}

static inline void with_file(struct reading *r, const char *name, const char *text)
{
    r->files[r->options.n_endpoint_files++] = (struct plan_input){str_of(text), name};
}

static inline void read_it(struct reading *r)
{
    struct diags diags;

    r->options.inputs = r->inputs;
    r->options.endpoints = r->endpoints;
    r->options.endpoint_files = r->files;
    diags_init(&diags);
    buf_init(&r->told, 1 << 20);
    r->plan = plan_read(&r->options, &diags, NULL);
    assert_non_null(r->plan);
    for (const struct diag *d = diags.first; d; d = d->next)
        assert_int_equal(diag_write(d, &r->told, NULL), 0);
    diags_release(&diags);
}

static inline const char *told_by(const struct reading *r)
{
    return r->told.data ? r->told.data : "";
}

static inline void forget(struct reading *r)
{
    plan_free(r->plan);
    buf_release(&r->told);
    *r = (struct reading){0};
}

/* That exactly this was told, and that this was among it, or not. */
static inline void assert_told(const struct reading *r, const char *want)
{
    assert_string_equal(told_by(r), want);
}

static inline void assert_tells(const struct reading *r, const char *part)
{
    if (!strstr(told_by(r), part))
        fail_msg("\"%s\" is not in:\n%s", part, told_by(r));
}

static inline void assert_silent_about(const struct reading *r, const char *part)
{
    if (strstr(told_by(r), part))
        fail_msg("\"%s\" is in:\n%s", part, told_by(r));
}

/* The addresses of the destination of this name, with blanks between them. */
static inline void assert_runs_at(const struct reading *r, const char *name, const char *want)
{
    const struct plan_destination *d = r->plan->destinations;
    char got[4096] = "";
    size_t len = 0;

    while (d && !str_eq(d->name, str_of(name)))
        d = d->next;
    if (!d)
        fail_msg("there is no destination %s", name);
    for (const struct plan_address *a = d ? d->addresses : NULL; a && len < sizeof got; a = a->next)
        len += (size_t)snprintf(got + len, sizeof got - len, "%s%.*s", len ? " " : "",
                                STR_ARG(a->url));
    assert_string_equal(got, want);
}

static inline const struct plan_rule *rule_called(const struct reading *r, const char *name)
{
    const struct plan_rule *rule = r->plan->rules;

    while (rule && !str_eq(rule->name, str_of(name)))
        rule = rule->next;
    if (!rule)
        fail_msg("there is no rule %s", name);
    return rule;
}

#endif

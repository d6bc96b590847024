/* plan_text.h -- YAML in, and what became of it in a line.
 *
 * For tests that link libreplay. A plan is written as one piece a rule,
 *
 *     m/v1*90, m/v2*10 -> m/v3 at 50000, m/v4 off
 *
 * weights only where there are several baselines; behind it the codes of all
 * diagnostics in their order: "m/v1 -> m/v2 at 1000000 | W202". What is only
 * noted as not applied (N201) is left out.
 */
#ifndef MIRRORCTL_TESTS_PLAN_TEXT_H
#define MIRRORCTL_TESTS_PLAN_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/diag.h"
#include "replay/plan.h"

struct plan_text_run {
    struct plan *plan;
    struct diags diags;
    struct buf line;
};

/* Endpoints that every test has: a file, whose keys need not all be used. */
static const struct plan_input plan_text_endpoints = {
    STR_INIT("m: http://127.0.0.1:3000\n"
             "m/v1: http://127.0.0.1:3001\n"
             "m/v2: http://127.0.0.1:3002\n"
             "m/v3: http://127.0.0.1:3003\n"
             "m/v4: http://127.0.0.1:3004\n"),
    "endpoints.yaml",
};

static const char plan_text_subsets[] =
    "---\n"
    "apiVersion: networking.istio.io/v1\n"
    "kind: DestinationRule\n"
    "metadata: {name: m}\n"
    "spec:\n"
    "  host: m\n"
    "  subsets: [{name: v1, labels: {version: '1'}}, {name: v2, labels: {version: '2'}},\n"
    "            {name: v3, labels: {version: '3'}}, {name: v4, labels: {version: '4'}}]\n";

static inline void plan_text_rule(const struct plan_rule *rule, struct buf *out)
{
    const char *between = "";

    if (rule->action == PLAN_REDIRECT)
        buf_printf(out, NULL, "redirect");
    for (const struct plan_arrow *a = rule->baselines; a; a = a->next, between = ", ") {
        buf_printf(out, NULL, "%s%.*s", between, STR_ARG(a->to->name));
        if (rule->baselines->next)
            buf_printf(out, NULL, "*%u", a->weight);
    }
    between = " -> ";
    for (const struct plan_arrow *a = rule->candidates; a; a = a->next, between = ", ") {
        buf_printf(out, NULL, "%s%.*s", between, STR_ARG(a->to->name));
        if (a->ppm)
            buf_printf(out, NULL, " at %u", a->ppm);
        else
            buf_printf(out, NULL, " off");
    }
}

static inline void plan_text_write(struct plan_text_run *run)
{
    const char *between = " |";

    for (const struct plan_rule *rule = run->plan->rules; rule; rule = rule->next) {
        plan_text_rule(rule, &run->line);
        if (rule->next)
            buf_printf(&run->line, NULL, "; ");
    }
    for (const struct diag *d = run->diags.first; d; d = d->next) {
        if (strcmp(d->code, "N201") == 0)
            continue;
        buf_printf(&run->line, NULL, "%s %s", between, d->code);
        between = "";
    }
}

/* Read files of these names and texts; NULL ends them. To be released. */
static inline void plan_text_read_inputs(struct plan_text_run *run, const struct plan_input *inputs,
                                         size_t n)
{
    struct plan_options options = {
        .inputs = inputs,
        .n_inputs = n,
        .endpoint_files = &plan_text_endpoints,
        .n_endpoint_files = 1,
    };
    struct err e = {0};

    diags_init(&run->diags);
    buf_init(&run->line, 1 << 20);
    run->plan = plan_read(&options, &run->diags, &e);
    if (!run->plan)
        fail_msg("no plan: %s", e.text);
    plan_text_write(run);
}

static inline void plan_text_release(struct plan_text_run *run)
{
    plan_free(run->plan);
    diags_release(&run->diags);
    buf_release(&run->line);
}

static inline void plan_text_read(struct plan_text_run *run, const char *yaml)
{
    struct plan_input input = {str_of(yaml), "t"};

    plan_text_read_inputs(run, &input, 1);
}

/* Does a diagnostic of this code say this? NULL: whatever it says. */
static inline bool plan_text_says(const struct plan_text_run *run, const char *code,
                                  const char *what)
{
    for (const struct diag *d = run->diags.first; d; d = d->next) {
        if (strcmp(d->code, code) == 0 && (!what || strstr(d->message, what)))
            return true;
    }
    return false;
}

static inline void plan_text_must_say(const struct plan_text_run *run, const char *code,
                                      const char *what)
{
    struct buf all;

    if (plan_text_says(run, code, what))
        return;
    buf_init(&all, 1 << 20);
    for (const struct diag *d = run->diags.first; d; d = d->next)
        diag_write(d, &all, NULL);
    fail_msg("%s \"%s\" is not told, but: %s", code, what ? what : "", all.data ? all.data : "");
}

/* VS{...} of the list of acceptance tests: a VirtualService for any host with the
 * rules `http`, a flow list, and the subsets of m. R and M in it are those there. */
static inline void plan_text_of_http(char *yaml, size_t size, const char *http)
{
    static const char head[] = "apiVersion: networking.istio.io/v1\n"
                               "kind: VirtualService\n"
                               "metadata: {name: x}\n"
                               "spec:\n"
                               "  hosts: ['*']\n"
                               "  http: ";
    size_t n = (size_t)snprintf(yaml, size, "%s", head);

    for (const char *p = http; *p; p++) {
        const char *piece = NULL;
        char one[2] = {*p, '\0'};

        if (p[0] == 'R' && strchr(",}", p[1]))
            piece = "route: [{destination: {host: m, subset: v1}}]";
        else if (p[0] == 'M' && strchr(",}", p[1]))
            piece = "mirror: {host: m, subset: v2}";
        n += (size_t)snprintf(yaml + n, size - n, "%s", piece ? piece : one);
        assert_true(n < size);
    }
    snprintf(yaml + n, size - n, "\n%s", plan_text_subsets);
}

static inline void plan_text_read_http(struct plan_text_run *run, const char *http)
{
    char yaml[16 * 1024];

    plan_text_of_http(yaml, sizeof yaml, http);
    plan_text_read(run, yaml);
}

/* That VS{http: [{rule}]} becomes `want`, and that one of its diagnostics says `says`. */
struct plan_text_row {
    const char *rule, *want, *says;
};

static inline void plan_text_check(const struct plan_text_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct plan_text_run run;
        char http[8 * 1024];
        bool said = !rows[i].says;

        snprintf(http, sizeof http, "[{%s}]", rows[i].rule);
        plan_text_read_http(&run, http);
        for (const struct diag *d = run.diags.first; d && !said; d = d->next)
            said = strstr(d->message, rows[i].says) != NULL;
        if (strcmp(run.line.data ? run.line.data : "", rows[i].want) != 0 || !said)
            fail_msg("%s\n  is  %s\n  not %s\n  first told: %s", rows[i].rule, run.line.data,
                     rows[i].want, run.diags.first ? run.diags.first->message : "nothing");
        plan_text_release(&run);
    }
}

#define PLAN_TEXT_CHECK(...)                                              \
    plan_text_check((const struct plan_text_row[]){__VA_ARGS__},          \
                    sizeof((const struct plan_text_row[]){__VA_ARGS__}) / \
                        sizeof(struct plan_text_row))

#endif

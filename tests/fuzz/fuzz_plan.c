/* Any YAML: never a crash, nothing slow, a plan that can be asked and shown. One
 * without errors prints to what reads back as the same plan. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "replay/plan.h"
#include "replay/plan_walk.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static struct plan *read_text(struct str text, const char *const *endpoints, size_t n,
                              struct diags *diags)
{
    struct plan_input input = {text, "fuzz"};
    struct plan_options options = {
        .inputs = &input, .n_inputs = 1, .endpoints = endpoints, .n_endpoints = n};
    struct plan *p;

    diags_init(diags);
    p = plan_read(&options, diags, NULL);
    must(p != NULL);
    return p;
}

static void check_arrows(const struct plan_arrow *a, bool candidates)
{
    for (; a; a = a->next) {
        must(a->to && a->to->name.len > 0 && a->at.file != NULL);
        must(a->ppm <= PLAN_MILLION && (candidates || a->ppm == 0));
    }
}

static void check(const struct plan *p)
{
    size_t n = 0;

    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next, n++) {
        must(rule->index == n && rule->name.data && rule->source.data && rule->at.line);
        check_arrows(rule->baselines, false);
        check_arrows(rule->candidates, true);
    }
    must(n == p->n_rules && n <= PLAN_MAX_RULES);
}

/* ---- asked ---- */

static void ask(const struct plan *p)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: m\r\n\r\n",
        "GET /api/v1?q=1 HTTP/1.1\r\nHost: m.default.svc.cluster.local:80\r\nx-env: dark\r\n\r\n",
        "POST /movies/7 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    };
    struct plan_router *router = plan_router_new(p, NULL);
    struct plan_request request;
    struct plan_decision d, plain;
    struct buf text, room;

    must(router != NULL);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        must(plan_request_of_head(&request, str_of(heads[i])));
        plan_router_decide(router, &request, &d);
        buf_init(&room, 64 << 10);
        plan_walk(p, &request, &room, NULL, &plain);
        buf_release(&room);
        must(d.answer == plain.answer && d.rule == plain.rule && d.match == plain.match &&
             d.overlay == plain.overlay);
        must((d.answer != PLAN_SENT && d.answer != PLAN_NO_MIRROR) || d.rule);
        buf_init(&text, 256 << 20);
        must(plan_explain(p, &request, &text, NULL) == 0);
        for (size_t at = 0; at < text.len; at++)
            must(text.data[at] == '\n' || (unsigned char)text.data[at] >= ' ');
        buf_release(&text);
    }
    plan_router_free(router);
}

/* ---- shown ---- */

static void print(const struct plan *p, const struct diags *diags, struct buf *out)
{
    struct buf json;

    buf_init(&json, 256 << 20);
    must(plan_print_json(p, diags, &json, NULL) == 0);
    buf_release(&json);
    buf_init(out, 256 << 20);
    must(plan_print(p, out, NULL) == 0);
}

static void read_back(struct str text)
{
    struct diags diags;
    struct plan *p = read_text(text, NULL, 0, &diags);
    struct buf again;

    must(diags_errors(&diags) == 0);
    print(p, &diags, &again);
    must(str_eq(buf_str(&again), text));
    buf_release(&again);
    diags_release(&diags);
    plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const endpoints[] = {"m=http://127.0.0.1:3000", "m/v1=http://127.0.0.1:3001",
                                            "m/v2=http://127.0.0.1:3002",
                                            "m:80=http://127.0.0.1:3003"};
    struct diags diags;
    struct plan *p = read_text(str_from((const char *)data, size), endpoints, 4, &diags);
    struct buf text;

    check(p);
    ask(p);
    print(p, &diags, &text);
    if (diags_errors(&diags) == 0)
        read_back(buf_str(&text));
    buf_release(&text);
    diags_release(&diags);
    plan_free(p);
    return 0;
}

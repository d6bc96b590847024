/* The acceptance tests of configuration 20 to 34, as far as VirtualServices are
 * concerned: which rule decides. The number of each is in its name. */
#include <time.h>

#include "core/mem.h"
#include "tests/support/plan_text.h"

/* ---- asking a plan ---- */

/* Who decides about "GET /x HTTP/1.1\r\nHost: a\r\n\r\n" with what is behind the
 * line: "x/1 mirrors", "x/1 no mirror", "no rule", "redirected", "undecided". */
static void ask(const struct plan *p, const char *line, const char *fields, char *answer,
                size_t size)
{
    static const char *const answers[] = {
        [PLAN_SENT] = " mirrors",        [PLAN_NO_RULE] = "no rule",
        [PLAN_NO_MIRROR] = " no mirror", [PLAN_REDIRECTED] = " redirect",
        [PLAN_UNDECIDED] = "undecided",
    };
    struct plan_router *router = plan_router_new(p, NULL);
    struct plan_request request;
    struct plan_decision d;
    char head[2000];

    assert_non_null(router);
    snprintf(head, sizeof head, "%s HTTP/1.1\r\n%s%s\r\n", line,
             strstr(fields, "Host:") ? "" : "Host: any.example\r\n", fields);
    assert_true(plan_request_of_head(&request, str_of(head)));
    plan_router_decide(router, &request, &d);
    snprintf(answer, size, "%.*s%s", STR_ARG(d.rule ? d.rule->name : (struct str){0}),
             answers[d.answer]);
    plan_router_free(router);
}

static void must_answer(const struct plan_text_run *run, const char *line, const char *fields,
                        const char *want)
{
    char answer[200];

    ask(run->plan, line, fields, answer, sizeof answer);
    if (strcmp(answer, want) != 0)
        fail_msg("%s %s: %s, not %s", line, fields, answer, want);
}

/* What each request gets from VS{http}: rows of line, fields, answer. */
struct asked {
    const char *line, *fields, *want;
};

static void check_http(const char *http, const struct asked *rows, size_t n)
{
    struct plan_text_run run;

    plan_text_read_http(&run, http);
    if (diags_errors(&run.diags))
        fail_msg("%s: %s", http, run.diags.first->message);
    for (size_t i = 0; i < n; i++)
        must_answer(&run, rows[i].line, rows[i].fields, rows[i].want);
    plan_text_release(&run);
}

#define CHECK_HTTP(http, ...)                             \
    check_http(http, (const struct asked[]){__VA_ARGS__}, \
               sizeof((const struct asked[]){__VA_ARGS__}) / sizeof(struct asked))

/* ---- two VirtualServices ---- */

static const char two_services[] = "apiVersion: networking.istio.io/v1\n"
                                   "kind: VirtualService\n"
                                   "metadata: {name: first}\n"
                                   "spec:\n"
                                   "  hosts: [a.example]\n"
                                   "  gateways: %s\n"
                                   "  http:\n"
                                   "  - route: [{destination: {host: m, subset: v1}}]\n"
                                   "---\n"
                                   "apiVersion: networking.istio.io/v1\n"
                                   "kind: VirtualService\n"
                                   "metadata: {name: second}\n"
                                   "spec:\n"
                                   "  hosts: [a.example]\n"
                                   "  gateways: %s\n"
                                   "  http:\n"
                                   "  - match: [{uri: {prefix: /api}}]\n"
                                   "    route: [{destination: {host: m, subset: v1}}]\n"
                                   "    mirror: {host: m, subset: v2}\n"
                                   "---\n"
                                   "apiVersion: networking.istio.io/v1\n"
                                   "kind: Gateway\n"
                                   "metadata: {name: g}\n"
                                   "spec: {}\n"
                                   "%s";

static void read_two(struct plan_text_run *run, const char *first, const char *second)
{
    char yaml[4000];

    snprintf(yaml, sizeof yaml, two_services, first, second, plan_text_subsets);
    plan_text_read(run, yaml);
}

/* ---- the tests ---- */

static void config_20_what_falls_to_a_rule_without_a_mirror_is_not_copied(void **state)
{
    (void)state;
    CHECK_HTTP("[{match: [{method: {exact: GET}}], R, M}, {R}]", {"GET /", "", "x/0 mirrors"},
               {"POST /", "", "x/1 no mirror"}, {"get /", "", "x/1 no mirror"});
}

static void config_21_a_rule_behind_one_that_takes_everything_is_told(void **state)
{
    static const char *const catch_alls[] = {"{R}", "{match: [], R}", "{match: [{}], R}",
                                             "{match: [{uri: {prefix: /}}], R}",
                                             "{match: [{uri: {regex: .*}}], R}"};

    (void)state;
    for (size_t i = 0; i < sizeof catch_alls / sizeof *catch_alls; i++) {
        struct plan_text_run run;
        char http[300];

        snprintf(http, sizeof http, "[%s, {match: [{uri: {prefix: /api}}], R, M}]", catch_alls[i]);
        plan_text_read_http(&run, http);
        plan_text_must_say(&run, "W440", "this rule is unreachable");
        must_answer(&run, "GET /api", "", "x/0 no mirror");
        plan_text_release(&run);
    }
    PLAN_TEXT_CHECK(
        {"match: [{method: {exact: GET}}], R}, {R, M", "m/v1; m/v1 -> m/v2 at 1000000"});
}

static void config_22_at_a_gateway_the_rules_of_a_host_are_merged(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_two(&run, "[g]", "[g]");
    plan_text_must_say(&run, "N440", "is asked behind");
    must_answer(&run, "GET /api/x", "Host: a.example\r\n", "second/0 mirrors");
    must_answer(&run, "GET /x", "Host: a.example\r\n", "first/0 no mirror");
    plan_text_release(&run);
}

/* The http[] of two VirtualServices of one gateway; M is a mirror behind a route. */
static void read_merged(struct plan_text_run *run, const char *first, const char *second)
{
#define AT_G(name, http)                                                                       \
    "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: " name "},\n" \
    "  spec: {hosts: ['*'], gateways: [g], http: " http "}}\n---\n"
    char yaml[4000];

    snprintf(yaml, sizeof yaml,
             AT_G("first", "%s") AT_G("second", "%s") "{apiVersion: networking.istio.io/v1, kind: "
                                                      "Gateway, metadata: {name: g}, spec: {}}\n%s",
             first, second, plan_text_subsets);
    plan_text_read(run, yaml);
#undef AT_G
}

#define TO_V1 "route: [{destination: {host: m, subset: v1}}]"
#define TO_V2 TO_V1 ", mirror: {host: m, subset: v2}"

/* Moving a catch-all does not open the way to what stands behind it in its own service. */
static void config_22_what_a_catch_all_hides_stays_hidden(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_merged(&run, "[{" TO_V1 "}, {match: [{uri: {prefix: /q}}], " TO_V2 "}]",
                "[{match: [{uri: {prefix: /api}}], " TO_V2 "}]");
    plan_text_must_say(&run, "N440", "is asked behind");
    plan_text_must_say(&run, "W440", "this rule is unreachable");
    must_answer(&run, "GET /q", "", "first/0 no mirror");
    must_answer(&run, "GET /api", "", "second/0 mirrors");
    plan_text_release(&run);
}

/* Each match is a route of its own. */
static void config_22_only_the_match_that_takes_everything_is_moved(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_merged(&run, "[{match: [{uri: {prefix: /x}}, {uri: {prefix: /}}], " TO_V1 "}]",
                "[{match: [{uri: {prefix: /}, method: {exact: GET}}], " TO_V2 "}]");
    assert_int_equal(run.plan->n_rules, 3);
    must_answer(&run, "GET /x/y", "", "first/0 no mirror");
    must_answer(&run, "GET /y", "", "second/0 mirrors");
    must_answer(&run, "HEAD /y", "", "first/0 no mirror");
    plan_text_release(&run);
}

static void config_23_on_the_mesh_the_first_is_used(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_two(&run, "[]", "[]");
    plan_text_must_say(&run, "W441", "IST0109");
    must_answer(&run, "GET /api/x", "Host: a.example\r\n", "first/0 no mirror");
    assert_int_equal(run.plan->n_rules, 1);
    assert_int_equal(diags_errors(&run.diags), 0);
    plan_text_release(&run);
    read_two(&run, "[g, mesh]", "[mesh]");
    plan_text_must_say(&run, "W441", "IST0109");
    plan_text_release(&run);
    read_two(&run, "[g]", "[mesh]");
    plan_text_must_say(&run, "W442", "one after the other");
    assert_int_equal(run.plan->n_rules, 2);
    plan_text_release(&run);
}

static void gateways_that_are_not_there_are_told(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_two(&run, "[nowhere]", "[default/g]");
    plan_text_must_say(&run, "W443", "default/nowhere");
    assert_false(plan_text_says(&run, "W443", "default/g "));
    plan_text_release(&run);
}

static void config_24_a_prefix_is_one_of_letters(void **state)
{
    (void)state;
    CHECK_HTTP("[{match: [{uri: {prefix: /foo}}], R, M}]", {"GET /foobar", "", "x/0 mirrors"},
               {"GET /foo", "", "x/0 mirrors"}, {"GET /fo", "", "no rule"},
               {"GET /Foo", "", "no rule"});
}

static void config_25_an_exact_path_is_without_its_query(void **state)
{
    (void)state;
    CHECK_HTTP("[{match: [{uri: {exact: /a}}], R, M}]", {"GET /a?x=1", "", "x/0 mirrors"},
               {"GET /a/", "", "no rule"}, {"GET /A", "", "no rule"});
    CHECK_HTTP("[{match: [{uri: {exact: /a}, ignoreUriCase: true}], R, M}]",
               {"GET /A", "", "x/0 mirrors"});
    CHECK_HTTP("[{match: [{uri: {regex: /a}, ignoreUriCase: true}], R, M}]",
               {"GET /A", "", "no rule"}, {"GET /a", "", "x/0 mirrors"});
}

static void config_26_a_regex_is_for_all_of_the_path(void **state)
{
    (void)state;
    CHECK_HTTP("[{match: [{uri: {regex: '/v[0-9]+'}}], R, M}]", {"GET /v1", "", "x/0 mirrors"},
               {"GET /v1/x", "", "no rule"}, {"GET /x/v1", "", "no rule"});
}

static void config_27_regexes_are_those_of_re2(void **state)
{
    char rule[1400], long_regex[1026];

    (void)state;
    CHECK_HTTP("[{match: [{uri: {regex: '(?i)/API/\\d+'}}], R, M}]",
               {"GET /api/12", "", "x/0 mirrors"});
    memset(long_regex, 'a', sizeof long_regex - 1);
    long_regex[sizeof long_regex - 1] = '\0';
    snprintf(rule, sizeof rule, "R, M, match: [{uri: {regex: %s}}]", long_regex);
    PLAN_TEXT_CHECK({"R, M, match: [{uri: {regex: '(?=x)'}}]", "m/v1 -> m/v2 at 1000000 | E461"},
                    {"R, M, match: [{uri: {regex: '(a)\\1'}}]", "m/v1 -> m/v2 at 1000000 | E461"},
                    {"R, M, match: [{uri: {regex: '\\p{L}+'}}]", "m/v1 -> m/v2 at 1000000 | E460"},
                    {"R, M, match: [{uri: {regex: '('}}]", "m/v1 -> m/v2 at 1000000 | E463"},
                    {"R, M, match: [{uri: {regex: ''}}]", "m/v1 -> m/v2 at 1000000 | E463"},
                    {rule, "m/v1 -> m/v2 at 1000000 | E462"});
}

static void config_27_a_regex_that_explodes_ends(void **state)
{
    struct plan_text_run run;
    struct plan_router *router;
    struct plan_request request = {.method = STR("GET"), .authority = STR("a")};
    struct plan_decision d;
    char *path = mem_alloc(64 * 1024);
    clock_t before;

    (void)state;
    assert_non_null(path);
    plan_text_read_http(&run, "[{match: [{uri: {regex: '(a*)*b'}}], R, M}]");
    router = plan_router_new(run.plan, NULL);
    assert_non_null(router);
    memset(path, 'a', 64 * 1024);
    request.path = str_from(path, 64 * 1024);
    before = clock();
    plan_router_decide(router, &request, &d);
    assert_true(clock() - before < CLOCKS_PER_SEC);
    assert_true(d.answer == PLAN_UNDECIDED || d.answer == PLAN_NO_RULE);
    plan_router_free(router);
    plan_text_release(&run);
    mem_free(path);
}

static void config_28_headers_are_there_or_not(void **state)
{
    (void)state;
    CHECK_HTTP("[{match: [{headers: {x: {}}}], R, M}]", {"GET /", "X: 1\r\n", "x/0 mirrors"},
               {"GET /", "", "no rule"});
    CHECK_HTTP("[{match: [{headers: {x: }}], R, M}]", {"GET /", "X: 1\r\n", "x/0 mirrors"});
    CHECK_HTTP("[{match: [{headers: {x: {regex: '*'}}}], R, M}]",
               {"GET /", "X: 1\r\n", "x/0 mirrors"}, {"GET /", "", "no rule"});
    CHECK_HTTP("[{match: [{withoutHeaders: {x: {}}}], R, M}]", {"GET /", "X: 1\r\n", "no rule"},
               {"GET /", "", "x/0 mirrors"});
    CHECK_HTTP("[{match: [{withoutHeaders: {x: {exact: a}}}], R, M}]",
               {"GET /", "X: a\r\n", "no rule"}, {"GET /", "X: b\r\n", "x/0 mirrors"},
               {"GET /", "", "x/0 mirrors"});
    CHECK_HTTP("[{match: [{headers: {x: {exact: 'a,b'}}}], R, M}]",
               {"GET /", "X: a\r\nx: b\r\n", "x/0 mirrors"});
    CHECK_HTTP("[{match: [{queryParams: {q: {exact: '1'}}}, {queryParams: {r: {}}}], R, M}]",
               {"GET /?q=1", "", "x/0 mirrors"}, {"GET /?q=2&q=1", "", "no rule"},
               {"GET /?r", "", "x/0 mirrors"}, {"GET /", "", "no rule"});
    PLAN_TEXT_CHECK(
        {"R, M, match: [{headers: {x: {exact: a, prefix: b}}}]", "m/v1 -> m/v2 at 1000000 | E411"},
        {"R, M, match: [{uri: {}}]", "m/v1 -> m/v2 at 1000000 | E411"},
        {"R, M, match: [{uri: /x}]", "m/v1 -> m/v2 at 1000000 | E401", "{exact: /x}"},
        {"R, M, match: [{headers: {'a b': {}}}]", "m/v1 -> m/v2 at 1000000 | E408"},
        {"R, M, match: [{headers: {'@request.auth.claims.sub': {exact: a}}}]",
         "m/v1 -> m/v2 at 1000000 | E421"},
        {"R, M, match: [{method: GET}]", "m/v1 -> m/v2 at 1000000 | E401"},
        {"R, M, match: [{port: 0}]", "m/v1 -> m/v2 at 1000000 | E413"},
        {"R, M, match: {uri: {prefix: /}}", "m/v1 -> m/v2 at 1000000 | E401"});
}

static void config_29_what_no_capture_knows_fits_nothing(void **state)
{
    static const char *const unknown[] = {"sourceLabels: {app: a}", "sourceNamespace: a",
                                          "gateways: [mesh]"};

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        struct plan_text_run run;
        char http[200];

        snprintf(http, sizeof http, "[{match: [{%s}], R, M}]", unknown[i]);
        plan_text_read_http(&run, http);
        plan_text_must_say(&run, "W420", "a capture does not know");
        must_answer(&run, "GET /", "", "undecided");
        plan_text_release(&run);
    }
}

static void what_no_capture_knows_may_be_assumed(void **state)
{
    char yaml[4000];
    struct plan_input input = {.name = "t"};
    struct plan_options options = {.inputs = &input, .n_inputs = 1, .assume_source_labels = true};
    struct plan_text_run run;

    (void)state;
    plan_text_of_http(yaml, sizeof yaml, "[{match: [{sourceLabels: {app: a}}], R, M}]");
    input.text = str_of(yaml);
    diags_init(&run.diags);
    buf_init(&run.line, 1 << 16);
    run.plan = plan_read(&options, &run.diags, NULL);
    assert_non_null(run.plan);
    assert_false(plan_text_says(&run, "W420", NULL));
    must_answer(&run, "GET /", "", "x/0 mirrors");
    plan_text_release(&run);
}

static void config_30_no_match_and_an_empty_one_are_everything(void **state)
{
    static const char *const matches[] = {
        "", "match: , ", "match: [], ", "match: [{}], ", "match: [null], ", "match: [{uri: }], "};

    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        char http[200];

        snprintf(http, sizeof http, "[{%sR, M}]", matches[i]);
        CHECK_HTTP(http, {"GET /", "", "x/0 mirrors"}, {"DELETE /x?y", "", "x/0 mirrors"});
    }
}

static void config_31_what_the_mesh_answers_is_not_replayed(void **state)
{
    struct plan_text_run run;

    (void)state;
    PLAN_TEXT_CHECK({"redirect: {uri: /x}, M", "redirect | W406", "Istio never mirrors this rule"},
                    {"directResponse: {status: 503}, M", "redirect | W406"},
                    {"R, redirect: {uri: /x}", "redirect | E414", "redirect and route"},
                    {"route: [], redirect: {uri: /x}, M", "redirect | W406"},
                    {"redirect: {uri: /x}, rewrite: {uri: /y}", "redirect | E414"},
                    {"redirect: {url: /x}, M", "redirect | E201 W406"},
                    {"redirect: {uri: /x}, directResponse: {status: 200}", "redirect | E414"},
                    {"delegate: {name: y}, M", " -> m/v2 at 1000000 | E410", "put the rules"},
                    {"M", " -> m/v2 at 1000000 | E402", "no route"},
                    {"route: [], M", " -> m/v2 at 1000000 | E402"});
    plan_text_read_http(&run, "[{redirect: {uri: /x}, M}]");
    must_answer(&run, "GET /", "", "x/0 redirect");
    plan_text_release(&run);
    plan_text_read_http(&run, "[null]");
    plan_text_must_say(&run, "E402", NULL);
    plan_text_release(&run);
}

#define TWO(a, b)                                            \
    "M, route: [{destination: {host: m, subset: v1}" a "}, " \
    "{destination: {host: m, subset: v4}" b "}]"

static void config_32_weights_choose_the_baseline(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK(
        {TWO(", weight: 90", ", weight: 10"), "m/v1*90, m/v4*10 -> m/v2 at 1000000"},
        {TWO(", weight: 1", ", weight: 1"), "m/v1*1, m/v4*1 -> m/v2 at 1000000 | N412"},
        {TWO(", weight: 0", ", weight: 0"), "m/v1*0, m/v4*0 -> m/v2 at 1000000 | E412"},
        {TWO("", ""), "m/v1*0, m/v4*0 -> m/v2 at 1000000 | E412"},
        {TWO(", weight: 100", ", weight: 0"), "m/v1*100, m/v4*0 -> m/v2 at 1000000"},
        {"M, route: [{destination: {host: m, subset: v1}, weight: 0}]", "m/v1 -> m/v2 at 1000000"},
        {"M, route: [{destination: {host: m, subset: v1}, weight: -1}]",
         " -> m/v2 at 1000000 | E412"},
        {"M, route: [{destination: {host: m, subset: v1}, weight: '100'}]",
         "m/v1 -> m/v2 at 1000000 | W211"},
        {"M, route: [null]", " -> m/v2 at 1000000 | E202"},
        {"M, route: [{destination: {host: m, subset: v2}}]", "m/v2 -> m/v2 at 1000000 | W410",
         "where users are served"});
}

static void config_33_destinations_are_services_with_numbered_ports(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK(
        {"R, mirror: {host: '*'}", "m/v1 | E408"}, {"R, mirror: {host: ''}", "m/v1 | E202"},
        {"R, mirror: {host: m_x}", "m/v1 | E408"},
        {"R, mirror: {host: m, subset: v2, port: {number: 0}}", "m/v1 -> m/v2 at 1000000 | E413"},
        {"R, mirror: {host: m, subset: v2, port: {number: 70000}}",
         "m/v1 -> m/v2 at 1000000 | E413"},
        {"R, mirror: {host: m, subset: v2, port: {name: http}}", "m/v1 -> m/v2 at 1000000 | E413"},
        {"R, mirror: {host: m, subset: v2, port: 80}", "m/v1 -> m/v2 at 1000000 | E401",
         "{number: 80}"},
        {"R, mirror: {host: m, subset: V_2}", "m/v1 | E408", "subset"},
        {"R, mirror: {host: m, subset: <version>}", "m/v1 | E107", "subset"},
        {"R, mirror: {host: m, subset: v2, port: {number: 80}}", "m/v1 -> m:80/v2 at 1000000"},
        {"R, mirror: {host: '${HOST}'}", "m/v1 | E107", "filled in"},
        {"R, mirror: {host: $HOST}", "m/v1 | E107"}, {"R, mirror: {host: <host>}", "m/v1 | E107"},
        {"R, mirror: {host: '{{ .host }}'}", "m/v1 | E107"});
}

static void read_with_host(struct plan_text_run *run, const char *host, const char *namespace)
{
    char yaml[2000];

    snprintf(yaml, sizeof yaml,
             "apiVersion: networking.istio.io/v1\n"
             "kind: VirtualService\n"
             "metadata: {name: x, namespace: %s}\n"
             "spec:\n"
             "  hosts: [%s]\n"
             "  http:\n"
             "  - route: [{destination: {host: m.default.svc.cluster.local, subset: v1}}]\n"
             "    mirror: {host: m.default.svc.cluster.local, subset: v2}\n"
             "%s",
             namespace, host, plan_text_subsets);
    plan_text_read(run, yaml);
}

static void config_34_a_short_host_is_that_of_its_namespace(void **state)
{
    struct plan_text_run run;

    (void)state;
    read_with_host(&run, "movies-api-service", "fast-track-istio");
    must_answer(&run, "GET /",
                "Host: movies-api-service.fast-track-istio.svc.cluster.local:3000\r\n",
                "x/0 mirrors");
    must_answer(&run, "GET /", "Host: movies-api-service.fast-track-istio.svc\r\n", "x/0 mirrors");
    must_answer(&run, "GET /", "Host: movies-api-service.fast-track-istio:80\r\n", "x/0 mirrors");
    must_answer(&run, "GET /", "Host: movies-api-service\r\n", "x/0 mirrors");
    must_answer(&run, "GET /", "Host: Movies-API-Service\r\n", "x/0 mirrors");
    must_answer(&run, "GET /", "Host: movies-api-service.other.svc.cluster.local\r\n", "no rule");
    plan_text_release(&run);
    read_with_host(&run, "'*.example'", "default");
    must_answer(&run, "GET /", "Host: a.example\r\n", "x/0 mirrors");
    must_answer(&run, "GET /", "Host: example\r\n", "no rule");
    plan_text_release(&run);
    read_with_host(&run, "", "default");
    plan_text_must_say(&run, "E410", "delegate");
    plan_text_release(&run);
}

/* ---- what else is done with a copy ---- */

static void changes_of_fields_stand_in_their_order(void **state)
{
    struct plan_text_run run;
    const struct plan_change *c;

    (void)state;
    plan_text_read_http(&run, "[{R, M, headers: {response: {set: {a: b}}, request: {add: {c: d}, "
                              "set: {e: f, Host: h.example:80}, remove: [g]}}}]");
    assert_string_equal(run.line.data, "m/v1 -> m/v2 at 1000000");
    plan_text_must_say(&run, "N201", "\"response\" in headers");
    c = run.plan->rules->changes;
    assert_int_equal(c->kind, PLAN_REMOVE);
    assert_string_equal(c->name.data, "g");
    assert_int_equal(c->next->kind, PLAN_SET);
    assert_string_equal(c->next->value.data, "f");
    assert_int_equal(c->next->next->kind, PLAN_ADD);
    assert_null(c->next->next->next);
    assert_string_equal(run.plan->rules->rewrite.authority.data, "h.example:80");
    plan_text_release(&run);
    plan_text_read_http(&run, "[{R, M, headers: {request: {remove: [~, null, g]}}}]");
    c = run.plan->rules->changes;
    assert_string_equal(c->name.data, "g");
    assert_null(c->next);
    plan_text_release(&run);
    plan_text_read_http(&run, "[{M, route: [{destination: {host: m, subset: v1}, headers: "
                              "{request: {set: {':authority': h}}}}]}]");
    c = run.plan->rules->baselines->changes;
    assert_int_equal(c->kind, PLAN_SET);
    assert_string_equal(c->name.data, "Host");
    assert_string_equal(c->value.data, "h");
    plan_text_release(&run);
}

static void changes_that_would_break_a_request_are_refused(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, rewrite: {uri: '/a?b'}", "m/v1 -> m/v2 at 1000000 | E417"},
                    {"R, M, rewrite: {authority: 'a/b'}", "m/v1 -> m/v2 at 1000000 | E408"});
    PLAN_TEXT_CHECK(
        {"R, M, headers: {request: {set: {Content-Length: '1'}}}",
         "m/v1 -> m/v2 at 1000000 | E415"},
        {"R, M, headers: {request: {set: {':path': /}}}", "m/v1 -> m/v2 at 1000000 | E415"},
        {"R, M, headers: {request: {set: {x: \"a\\r\\nb: c\"}}}", "m/v1 -> m/v2 at 1000000 | E415"},
        {"R, M, headers: {request: {remove: [host]}}", "m/v1 -> m/v2 at 1000000 | E415"},
        {"R, M, headers: {request: {set: {host: \"a b\"}}}", "m/v1 -> m/v2 at 1000000 | E408"},
        {"R, M, headers: {request: {set: {x: '%REQ(y)%'}}}", "m/v1 -> m/v2 at 1000000 | W417"},
        {"R, M, rewrite: {authority: a}, headers: {request: {set: {host: b}}}",
         "m/v1 -> m/v2 at 1000000 | E414"},
        {"R, M, rewrite: {uri: \"/a b\"}", "m/v1 -> m/v2 at 1000000 | E417"},
        {"R, M, rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}",
         "m/v1 -> m/v2 at 1000000 | E414"},
        {"R, M, rewrite: {uriRegexRewrite: {match: (a), rewrite: '\\2'}}",
         "m/v1 -> m/v2 at 1000000 | E417"},
        {"R, M, rewrite: {uriRegexRewrite: {rewrite: b}}", "m/v1 -> m/v2 at 1000000 | E202"});
}

static void timeouts_are_protobufs_or_gos(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"10s", 10000000000},  {"1.5s", 1500000000},     {"200ms", 200000000},
        {"1h", 3600000000000}, {"1h30m", 5400000000000}, {"0s", 0},
        {"0.000000001s", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan_text_run run;
        char http[100];

        snprintf(http, sizeof http, "[{R, M, timeout: %s}]", rows[i].text);
        plan_text_read_http(&run, http);
        assert_string_equal(run.line.data, "m/v1 -> m/v2 at 1000000");
        assert_int_equal(run.plan->rules->timeout_ns, rows[i].ns);
        plan_text_release(&run);
    }
    PLAN_TEXT_CHECK({"R, M, timeout: 10", "m/v1 -> m/v2 at 1000000 | E407"},
                    {"R, M, timeout: -1s", "m/v1 -> m/v2 at 1000000 | E407"},
                    {"R, M, timeout: 1 s", "m/v1 -> m/v2 at 1000000 | E407"},
                    {"R, M, timeout: 99999999999h", "m/v1 -> m/v2 at 1000000 | E407"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_20_what_falls_to_a_rule_without_a_mirror_is_not_copied),
        cmocka_unit_test(config_21_a_rule_behind_one_that_takes_everything_is_told),
        cmocka_unit_test(config_22_at_a_gateway_the_rules_of_a_host_are_merged),
        cmocka_unit_test(config_22_what_a_catch_all_hides_stays_hidden),
        cmocka_unit_test(config_22_only_the_match_that_takes_everything_is_moved),
        cmocka_unit_test(config_23_on_the_mesh_the_first_is_used),
        cmocka_unit_test(gateways_that_are_not_there_are_told),
        cmocka_unit_test(config_24_a_prefix_is_one_of_letters),
        cmocka_unit_test(config_25_an_exact_path_is_without_its_query),
        cmocka_unit_test(config_26_a_regex_is_for_all_of_the_path),
        cmocka_unit_test(config_27_regexes_are_those_of_re2),
        cmocka_unit_test(config_27_a_regex_that_explodes_ends),
        cmocka_unit_test(config_28_headers_are_there_or_not),
        cmocka_unit_test(config_29_what_no_capture_knows_fits_nothing),
        cmocka_unit_test(what_no_capture_knows_may_be_assumed),
        cmocka_unit_test(config_30_no_match_and_an_empty_one_are_everything),
        cmocka_unit_test(config_31_what_the_mesh_answers_is_not_replayed),
        cmocka_unit_test(config_32_weights_choose_the_baseline),
        cmocka_unit_test(config_33_destinations_are_services_with_numbered_ports),
        cmocka_unit_test(config_34_a_short_host_is_that_of_its_namespace),
        cmocka_unit_test(changes_of_fields_stand_in_their_order),
        cmocka_unit_test(changes_that_would_break_a_request_are_refused),
        cmocka_unit_test(timeouts_are_protobufs_or_gos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

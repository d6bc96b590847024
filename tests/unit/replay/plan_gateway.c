/* What HTTPRoutes decide. Numbers are those of the acceptance tests. */
#include "tests/support/read_plan.h"

#include <stdlib.h>

#define ROUTE(name, spec)                        \
    "---\n"                                      \
    "apiVersion: gateway.networking.k8s.io/v1\n" \
    "kind: HTTPRoute\n"                          \
    "metadata: {name: " name ", namespace: n}\n" \
    "spec: " spec "\n"

#define RULE_OF(matches) "{matches: [" matches "], backendRefs: [{name: m, port: 80}]}"
#define PREFIX(path)     "{path: {value: " path "}}"
#define EXACT(path)      "{path: {type: Exact, value: " path "}}"

/* A rule with these filters beside the one that mirrors to m-next. */
#define MIRROR(share) \
    "{type: RequestMirror, requestMirror: {" share "backendRef: {name: m-next, port: 80}}}"
#define WITH(matches, filters)                                                           \
    ROUTE("r", "{rules: [{matches: [" matches "], backendRefs: [{name: m, port: 80}],\n" \
               "  filters: [" filters "]}]}")

static struct reading r;

static int tear_down(void **state)
{
    (void)state;
    forget(&r);
    return 0;
}

static void read_text(const char *text)
{
    forget(&r);
    with_text(&r, "f.yaml", text);
    with_file(&r, "e.yaml", "m: http://127.0.0.1:1\nm-next: http://127.0.0.1:2\n");
    read_it(&r);
}

/* The name of the rule that decides about "METHOD HOST TARGET", and of the match's place
 * in the list, "-" for none. */
static struct plan_decision decide(const char *method, const char *host, const char *target,
                                   const char *fields)
{
    struct plan_router *router = plan_router_new(r.plan, NULL);
    struct plan_decision d;
    struct plan_request request;
    char head[1024];

    assert_non_null(router);
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, target, host,
             fields);
    assert_true(plan_request_of_head(&request, str_of(head)));
    plan_router_decide(router, &request, &d);
    plan_router_free(router);
    return d;
}

static void assert_decides(const char *method, const char *host, const char *target,
                           const char *fields, const char *want)
{
    struct plan_decision d = decide(method, host, target, fields);
    const char *got = d.rule ? d.rule->name.data : "-";

    if (strcmp(got, want) != 0)
        fail_msg("%s %s%s %s: %s decides, not %s", method, host, target, fields, got, want);
}

/* ---- shares ------------------------------------------------------------------------------ */

/* 17, 18 */
static void shares_are_exact_and_rounded_down(void **state)
{
    static const struct {
        const char *share;
        uint32_t ppm;
    } good[] = {
        {"", 1000000},
        {"percent: 20, ", 200000},
        {"percent: 100, ", 1000000},
        {"percent: 1, ", 10000},
        {"percent: , ", 1000000},
        {"fraction: {numerator: 25, denominator: 50}, ", 500000},
        {"fraction: {numerator: 1, denominator: 3}, ", 333333},
        {"fraction: {numerator: 2, denominator: 3}, ", 666666},
        {"fraction: {numerator: 5}, ", 50000},
        {"fraction: {numerator: 1, denominator: 1}, ", 1000000},
        {"fraction: {numerator: 2147483646, denominator: 2147483647}, ", 999999},
        {"fraction: {numerator: 2147483647, denominator: 2147483647}, ", 1000000},
        {"fraction: {numerator: 1, denominator: 1000000}, ", 1},
        {"fraction: {numerator: 1999999, denominator: 1000000000}, ", 1999},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, WITH(PREFIX("/a"), MIRROR("%s")), good[i].share);
        read_text(text);
        assert_told(&r, "");
        assert_non_null(r.plan->rules->candidates);
        assert_int_equal(r.plan->rules->candidates->ppm, good[i].ppm);
    }
}

static void a_share_of_nothing_is_off(void **state)
{
    (void)state;
    read_text(WITH(PREFIX("/a"), MIRROR("percent: 0, ")));
    assert_told(&r, "f.yaml:6:75: note[N405]: this mirror is off: its share is 0 %\n");
    assert_int_equal(r.plan->rules->candidates->ppm, 0);
    assert_int_equal(decide("GET", "h", "/a", "").answer, PLAN_NO_MIRROR);
    read_text(WITH(PREFIX("/a"), MIRROR("fraction: {numerator: 0, denominator: 7}, ")));
    assert_tells(&r, "N405");
}

/* 18 */
static void shares_that_cannot_be_are_errors(void **state)
{
    static const struct {
        const char *share, *told;
    } bad[] = {
        {"percent: 5, fraction: {numerator: 1}, ",
         "error[E403]: percent and fraction cannot stand together\n"},
        {"fraction: {numerator: 2, denominator: 1}, ",
         "error[E405]: numerator must be an integer from 0 to 1\n"},
        {"fraction: {numerator: 101}, ", "error[E405]: numerator must be an integer from 0 to 100"},
        {"fraction: {numerator: 0, denominator: 0}, ", "error[E405]: denominator must be"},
        {"fraction: {numerator: -1, denominator: 2}, ", "error[E405]: numerator must be"},
        {"fraction: {denominator: 2}, ", "error[E202]: fraction.numerator is required\n"},
        {"fraction: {numerator: 1, denominator: 1000001}, ", "error[E406]: "},
        {"fraction: 0.5, ", "error[E401]: fraction must be a map, not a scalar\n"},
        {"percent: 101, ", "error[E405]: percent must be an integer from 0 to 100\n"},
        {"percent: 0.5, ", "error[E405]: "},
        {"percent: -1, ", "error[E405]: "},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, WITH(PREFIX("/a"), MIRROR("%s")), bad[i].share);
        read_text(text);
        assert_tells(&r, bad[i].told);
    }
}

static void several_mirrors_are_several_candidates(void **state)
{
    char text[4096] = ROUTE("r", "{rules: [{backendRefs: [{name: m, port: 80}], filters: [");
    size_t len = strlen(text) - 1;

    (void)state;
    read_text(WITH(PREFIX("/a"), MIRROR("") ", " MIRROR("percent: 5, ")));
    assert_told(&r, "");
    assert_int_equal(r.plan->rules->candidates->next->ppm, 50000);
    for (int i = 0; i < PLAN_MAX_CANDIDATES + 1; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, MIRROR("") ",\n");
    snprintf(text + len, sizeof text - len, "]}]}\n");
    read_text(text);
    assert_tells(&r, "error[E416]: more than 8 mirrors of a rule\n");
}

static void a_mirror_goes_to_the_port_of_a_service(void **state)
{
    static const struct {
        const char *ref, *told;
    } bad[] = {
        {"name: x", "error[E503]: port is required of the backend, a Service\n"},
        {"port: 80", "error[E202]: name of a backend is required\n"},
        {"name: x, port: 0", "error[E413]: port must be an integer from 1 to 65535\n"},
        {"name: x, port: 80, kind: Foo", "error[E419]: a mirror goes to a Service"},
        {"name: x, port: 80, group: apps", "error[E419]: a mirror goes to a Service"},
        {"name: x, port: 80, weight: 5", "error[E201]: unknown field \"weight\" in backendRef\n"},
        {"name: '${BACKEND}', port: 80", "error[E107]"},
        {"name: '*', port: 80", "error[E408]"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text,
                 WITH(PREFIX("/a"), "{type: RequestMirror, requestMirror: {backendRef: {%s}}}"),
                 bad[i].ref);
        read_text(text);
        assert_tells(&r, bad[i].told);
    }
    read_text(WITH(PREFIX("/a"), "{type: RequestMirror, requestMirror: {percent: 5}}"));
    assert_tells(&r, "error[E202]: requestMirror.backendRef is required\n");
}

static void a_backend_is_in_the_namespace_of_its_route_unless_it_says_so(void **state)
{
    (void)state;
    read_text(ROUTE("r", "{rules: [{backendRefs: [{name: m, port: 80}], filters: [{type: "
                         "RequestMirror,\n requestMirror: {backendRef: {group: '', kind: Service, "
                         "name: m, namespace: o, port: 80}}}]}]}"));
    assert_string_equal(r.plan->rules->baselines->to->full.data, "m.n.svc.cluster.local");
    assert_string_equal(r.plan->rules->candidates->to->full.data, "m.o.svc.cluster.local");
}

/* ---- backends ------------------------------------------------------------------------------ */

#define BACKENDS(list) ROUTE("r", "{rules: [{filters: [" MIRROR("") "], backendRefs: [" list "]}]}")

static void weights_are_1_unless_they_are_given(void **state)
{
    (void)state;
    read_text(BACKENDS("{name: m, port: 80}, {name: m, port: 81, weight: 3}"));
    assert_told(&r, "");
    assert_int_equal(r.plan->rules->baselines->weight, 1);
    assert_int_equal(r.plan->rules->baselines->next->weight, 3);
    read_text(BACKENDS("{name: m, port: 80, weight: 0}"));
    assert_told(&r, "");
    assert_int_equal(r.plan->rules->baselines->weight, 1);
    read_text(BACKENDS("{name: m, port: 80, weight: 0}, {name: m, port: 81, weight: 0}"));
    assert_tells(&r, "error[E412]: the weights of backendRefs add up to 0\n");
    read_text(BACKENDS("{name: m, port: 80, weight: -1}"));
    assert_tells(&r, "error[E412]: weight must be an integer from 0 to 1000000\n");
}

static void a_mirror_of_a_backend_is_for_its_requests_only(void **state)
{
    const struct plan_rule *rule;

    (void)state;
    read_text(BACKENDS("{name: m, port: 80}, {name: m, port: 81, filters: [" MIRROR(
        "percent: 5, ") ",\n {type: RequestHeaderModifier, requestHeaderModifier: {remove: "
                        "[a]}}]}"));
    assert_told(&r, "f.yaml:6:2: note[N201]: filter RequestHeaderModifier of a backend is not "
                    "applied to copies\n");
    rule = r.plan->rules;
    assert_ptr_equal(rule->candidates->of, rule->baselines->next);
    assert_int_equal(rule->candidates->ppm, 50000);
    assert_null(rule->candidates->next->of);
    assert_null(rule->changes);
}

static void backends_that_are_no_services_are_left_out(void **state)
{
    (void)state;
    read_text(BACKENDS("{name: m, port: 80}, {name: p, port: 80, group: x.io, kind: Pool}"));
    assert_tells(&r, "warning[W419]: a backend that is no Service is left out\n");
    assert_null(r.plan->rules->baselines->next);
    read_text(BACKENDS("{name: p, port: 80, group: x.io, kind: Pool}"));
    assert_tells(&r, "error[E402]: a Service in backendRefs is required beside RequestMirror\n");
    read_text(BACKENDS(""));
    assert_tells(&r, "error[E402]: a Service in backendRefs is required beside RequestMirror\n");
}

/* ---- filters ------------------------------------------------------------------------------- */

static void headers_are_changed_on_both_sides(void **state)
{
    const struct plan_change *c;

    (void)state;
    read_text(WITH(PREFIX("/a"), MIRROR("") ", {type: RequestHeaderModifier, "
                                            "requestHeaderModifier: {\n"
                                            "  set: [{name: a, value: b}, {name: Host, value: "
                                            "x.example}], add: [{name: c, value: d}], remove: "
                                            "[e]}}"));
    assert_told(&r, "");
    c = r.plan->rules->changes;
    assert_int_equal(c->kind, PLAN_SET);
    assert_string_equal(c->name.data, "a");
    assert_string_equal(c->value.data, "b");
    c = c->next;
    assert_int_equal(c->kind, PLAN_ADD);
    assert_string_equal(c->name.data, "c");
    c = c->next;
    assert_int_equal(c->kind, PLAN_REMOVE);
    assert_string_equal(c->name.data, "e");
    assert_null(c->next);
    assert_string_equal(r.plan->rules->rewrite.authority.data, "x.example");
}

static void urls_are_rewritten(void **state)
{
    const struct plan_rewrite *to;

    (void)state;
    read_text(WITH(PREFIX("/a"), MIRROR("") ", {type: URLRewrite, urlRewrite: {hostname: "
                                            "x.example,\n  path: {type: ReplacePrefixMatch, "
                                            "replacePrefixMatch: /b}}}"));
    assert_told(&r, "");
    to = &r.plan->rules->rewrite;
    assert_int_equal(to->path, PLAN_PATH_PREFIX);
    assert_true(to->segments);
    assert_string_equal(to->to.data, "/b");
    assert_string_equal(to->authority.data, "x.example");
    read_text(WITH("", MIRROR("") ", {type: URLRewrite, urlRewrite: {path: {\n  type: "
                                  "ReplaceFullPath, replaceFullPath: /b}}}"));
    assert_told(&r, "");
    to = &r.plan->rules->rewrite;
    assert_int_equal(to->path, PLAN_PATH_WHOLE);
    assert_null(to->authority.data);
    assert_null(r.plan->rules->matches);
}

/* What is to be replaced must be known. */
static void a_default_match_stays_where_its_prefix_is_replaced(void **state)
{
    (void)state;
    read_text(WITH("", MIRROR("") ", {type: URLRewrite, urlRewrite: {path: {\n  type: "
                                  "ReplacePrefixMatch, replacePrefixMatch: /b}}}"));
    assert_told(&r, "");
    assert_int_equal(r.plan->rules->matches->path->how, PLAN_SEGMENTS);
    assert_string_equal(r.plan->rules->matches->path->text.data, "/");
}

static void a_redirect_is_not_replayed(void **state)
{
#define REDIRECT "{type: RequestRedirect, requestRedirect: {scheme: https}}"
    (void)state;
    read_text(ROUTE("r", "{rules: [{filters: [" REDIRECT "]}]}") WITH(PREFIX("/a"), MIRROR("")));
    assert_told(&r, "");
    assert_int_equal(rule_called(&r, "r/0")->action, PLAN_MIRROR);
    assert_int_equal(decide("GET", "h", "/b", "").answer, PLAN_REDIRECTED);
    read_text(ROUTE("r", "{rules: [{filters: [" REDIRECT ", " MIRROR("") "]}]}"));
    assert_tells(&r, "warning[W406]: requests of this rule are redirected: nothing is mirrored\n");
}

static void filters_that_cannot_be_are_errors(void **state)
{
    static const struct {
        const char *filters, *told;
    } bad[] = {
        {"{type: ExtensionRef, extensionRef: {group: x, kind: y, name: z}}",
         "error[E418]: a filter of type ExtensionRef is somebody's own: what it does is not "
         "known\n"},
        {"{type: RequestMiror, requestMirror: {}}",
         "error[E418]: there is no filter of type \"RequestMiror\"; did you mean RequestMirror?\n"},
        {"{requestMirror: {}}", "error[E202]: type of a filter is required\n"},
        {"{type: RequestMirror}",
         "error[E202]: requestMirror is required in a filter of type RequestMirror\n"},
        {"{type: CORS, urlRewrite: {hostname: x}}",
         "error[E418]: urlRewrite does not belong to a filter of type CORS\n"},
        {"{type: URLRewrite, urlRewrite: {hostname: x}}, {type: URLRewrite, urlRewrite: "
         "{hostname: y}}",
         "error[E414]: a rule has one filter URLRewrite at the most\n"},
        {REDIRECT, "error[E414]: a rule with RequestRedirect has no backendRefs\n"},
        {REDIRECT ", {type: URLRewrite, urlRewrite: {hostname: x}}",
         "error[E414]: URLRewrite and RequestRedirect exclude each other\n"},
        {"{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: /x}}}",
         "error[E414]: urlRewrite.path is "},
        {"{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: 'a b'}}}",
         "error[E417]: \"a b\" holds a character that no path has\n"},
        {"{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: a}}}",
         "error[E417]: the path \"a\" must begin with a slash\n"},
        {"{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: "
         "\"b\\r\\nc: d\"}]}}",
         "error[E415]: the value of a holds"},
        {"{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: 'a b', value: c}]}}",
         "error[E415]: \"a b\" is not the name"},
        {"{type: RequestHeaderModifier, requestHeaderModifier: {remove: [content-length]}}",
         "error[E415]: content-length "},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, WITH(PREFIX("/a"), "%s"), bad[i].filters);
        read_text(text);
        assert_tells(&r, bad[i].told);
    }
    read_text(WITH(EXACT("/a"), "{type: URLRewrite, urlRewrite: {path: {\n type: "
                                "ReplacePrefixMatch, replacePrefixMatch: /b}}}"));
    assert_tells(&r, "error[E414]: ReplacePrefixMatch needs a path of type PathPrefix in every "
                     "match of its rule\n");
}

static void what_is_done_to_answers_is_noted(void **state)
{
    (void)state;
    read_text(WITH(PREFIX("/a"), MIRROR("") ", {type: ResponseHeaderModifier, "
                                            "responseHeaderModifier: {}},\n {type: CORS, cors: "
                                            "{}}"));
    assert_told(&r, "f.yaml:6:91: note[N201]: filter ResponseHeaderModifier is not applied to "
                    "copies\n"
                    "f.yaml:7:2: note[N201]: filter CORS is not applied to copies\n");
}

static void a_rule_may_have_a_time_limit(void **state)
{
    (void)state;
    read_text(ROUTE("r", "{rules: [{timeouts: {request: 1h2m3s4ms}, backendRefs: [{name: m, "
                         "port: 80}],\n filters: [" MIRROR("") "]}]}"));
    assert_told(&r, "");
    assert_int_equal(r.plan->rules->timeout_ns, INT64_C(3723004000000));
    read_text(ROUTE("r", "{rules: [{timeouts: {request: soon}, backendRefs: [{name: m, port: "
                         "80}],\n filters: [" MIRROR("") "]}]}"));
    assert_tells(&r, "error[E407]");
}

/* ---- matches ------------------------------------------------------------------------------- */

/* 24 */
static void prefixes_are_of_segments(void **state)
{
    static const char *const values[] = {"/foo", "/foo/"};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text, WITH(PREFIX("%s"), MIRROR("")), values[i]);
        read_text(text);
        assert_decides("GET", "h", "/foo", "", "r/0");
        assert_decides("GET", "h", "/foo/", "", "r/0");
        assert_decides("GET", "h", "/foo/x?y", "", "r/0");
        assert_decides("GET", "h", "/foo?y", "", "r/0");
        assert_decides("GET", "h", "/foobar", "", "-");
        assert_decides("GET", "h", "/Foo", "", "-");
        assert_decides("GET", "h", "/", "", "-");
    }
}

static void a_match_without_a_path_takes_any(void **state)
{
    static const char *const all[] = {"", "{}", "{path: {}}", PREFIX("/"),
                                      "{path: {type: PathPrefix}}"};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(text, sizeof text, WITH("%s", MIRROR("")), all[i]);
        read_text(text);
        assert_told(&r, "");
        assert_null(r.plan->rules->matches);
        assert_decides("PUT", "h", "/anything", "", "r/0");
    }
    read_text(WITH("{method: GET}", MIRROR("")));
    assert_decides("GET", "h", "/anything", "", "r/0");
    assert_decides("PUT", "h", "/anything", "", "-");
}

static void fields_are_exact_or_regular_expressions(void **state)
{
    (void)state;
    read_text(WITH("{headers: [{name: X-A, value: b}, {name: x-a, value: c}, {name: d, type: "
                   "RegularExpression, value: 'e+'}],\n queryParams: [{name: q, value: '1'}]}",
                   MIRROR("")));
    assert_told(&r, "f.yaml:5:61: note[N411]: x-a is there already: only the first counts\n");
    assert_decides("GET", "h", "/?q=1", "x-a: b\r\nD: eee\r\n", "r/0");
    assert_decides("GET", "h", "/?q=1", "x-a: c\r\nD: eee\r\n", "-");
    assert_decides("GET", "h", "/?q=1", "x-a: b\r\nD: eeef\r\n", "-");
    assert_decides("GET", "h", "/?q=2", "x-a: b\r\nD: e\r\n", "-");
    assert_decides("GET", "h", "/?Q=1", "x-a: b\r\nD: e\r\n", "-");
}

static void matches_that_cannot_be_are_errors(void **state)
{
    static const struct {
        const char *match, *told;
    } bad[] = {
        {"{path: {type: Prefix, value: /a}}",
         "error[E411]: type cannot be \"Prefix\": PathPrefix, Exact or RegularExpression\n"},
        {"{path: {value: a}}", "error[E408]: path.value \"a\" must begin with a slash\n"},
        {"{path: {type: RegularExpression, value: '(?=a)'}}", "error[E461]"},
        {"{path: {type: RegularExpression, value: '('}}", "error[E463]"},
        {"{method: get}", "error[E408]: method cannot be \"get\": GET, HEAD, POST, ...\n"},
        {"{headers: [{name: a}]}", "error[E202]: headers[]: value is required\n"},
        {"{headers: [{value: a}]}", "error[E202]: headers[]: name is required\n"},
        {"{headers: [{name: 'a b', value: c}]}", "error[E408]: \"a b\" is no name of a header\n"},
        {"{headers: [{name: a, value: c, type: Prefix}]}",
         "error[E411]: type cannot be \"Prefix\": Exact or RegularExpression\n"},
        {"{headers: {a: b}}", "error[E401]: headers[] must be a list, not a map\n"},
        {"{header: []}", "error[E201]: unknown field \"header\" in matches[]; did you mean "
                         "\"headers\"?\n"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, WITH("%s", MIRROR("")), bad[i].match);
        read_text(text);
        assert_tells(&r, bad[i].told);
    }
}

/* ---- hosts ------------------------------------------------------------------------------------ */

static void hosts_are_exact_before_stars_before_none(void **state)
{
    (void)state;
    read_text(ROUTE("all", "{rules: [" RULE_OF(PREFIX("/x")) "]}")
                  ROUTE("star", "{hostnames: ['*.example.com'], rules: [" RULE_OF(PREFIX("/")) "]}")
                      ROUTE("one", "{hostnames: [a.example.com, b.example.com], rules: [" RULE_OF(
                                       PREFIX("/")) "]}"));
    assert_decides("GET", "a.example.com", "/x", "", "one/0");
    assert_decides("GET", "b.example.com:8080", "/x", "", "one/0");
    assert_decides("GET", "c.example.com", "/x", "", "star/0");
    assert_decides("GET", "example.com", "/x", "", "all/0");
    read_text(ROUTE("r", "{hostnames: ['a b', '*'], rules: [" RULE_OF(PREFIX("/")) "]}"));
    assert_tells(&r, "f.yaml:5:20: error[E408]");
    assert_tells(&r, "f.yaml:5:27: error[E408]");
}

/* ---- precedence ----------------------------------------------------------------------------------- */

/* Two rules fit the request; the first of each row wins, whichever comes first in the file. */
static void the_more_precise_match_wins(void **state)
{
#define H(name) "{name: " name ", value: x}"
    static const struct {
        const char *winner, *loser;
    } rows[] = {
        {EXACT("/a/b"), PREFIX("/a/b")},
        {EXACT("/a/b"), "{path: {value: /a/b}, method: GET, headers: [" H("x") ", " H("y") "]}"},
        {EXACT("/a/b"), "{path: {type: RegularExpression, value: '/a/.*'}}"},
        {"{path: {type: RegularExpression, value: '/.*'}}", PREFIX("/a/b")},
        {PREFIX("/a/b"), PREFIX("/a")},
        {PREFIX("/a"), "{method: GET, headers: [" H("x") "]}"},
        {"{path: {value: /a}, method: GET}",
         "{path: {value: /a}, headers: [" H("x") ", " H("y") "], queryParams: [" H("q") "]}"},
        {"{headers: [" H("x") ", " H("y") "]}",
         "{headers: [" H("x") "], queryParams: [" H("q") ", " H("r") "]}"},
        {"{headers: [" H("x") "], queryParams: [" H("q") "]}", "{headers: [" H("y") "]}"},
        {"{queryParams: [" H("q") ", " H("r") "]}", "{queryParams: [" H("q") "]}"},
        /* Repeated names do not count. */
        {"{headers: [" H("x") ", " H("y") "]}", "{headers: [" H("x") ", " H("X") ", " H("x") "]}"},
    };
    char text[2048];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int turned = 0; turned < 2; turned++) {
            snprintf(
                text, sizeof text, ROUTE("r", "{rules: [" RULE_OF("%s") ", " RULE_OF("%s") "]}"),
                turned ? rows[i].loser : rows[i].winner, turned ? rows[i].winner : rows[i].loser);
            read_text(text);
            assert_decides("GET", "h", "/a/b?q=x&r=x", "x: x\r\ny: x\r\n", turned ? "r/1" : "r/0");
        }
    }
}

/* Equal matches: the older route, then the name, then the place in the list. */
static void ties_go_to_the_older_then_to_the_first_name(void **state)
{
#define OF(namespace, name, created)                           \
    "---\n"                                                    \
    "apiVersion: gateway.networking.k8s.io/v1\n"               \
    "kind: HTTPRoute\n"                                        \
    "metadata: {name: " name ", namespace: " namespace created \
        "}\n"                                                  \
        "spec: {rules: [" RULE_OF(PREFIX("/a")) ", " RULE_OF(PREFIX("/a")) "]}\n"
    static const struct {
        const char *text, *winner;
    } rows[] = {
        {OF("n", "b", "") OF("n", "a", ""), "a/0"},
        {OF("n", "b", "") OF("m", "c", ""), "c/0"},
        {OF("n", "a", "") OF("n", "b", ", creationTimestamp: 2020-01-01T00:00:00Z"), "b/0"},
        {OF("n", "a", ", creationTimestamp: 2021-01-01T00:00:00Z")
             OF("n", "b", ", creationTimestamp: '2020-12-31T23:59:59Z'"),
         "b/0"},
        {OF("n", "b", ", creationTimestamp: 2021-01-01T00:00:00Z")
             OF("n", "a", ", creationTimestamp: 2021-01-01T00:00:00Z"),
         "a/0"},
        {OF("n", "b", ", creationTimestamp: null") OF("n", "a", ""), "a/0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_text(rows[i].text);
        assert_decides("GET", "h", "/a", "", rows[i].winner);
    }
}

/* The longest prefix is in one rule, the shortest too: another one comes between. */
static void a_rule_is_taken_apart_only_where_another_comes_between(void **state)
{
    (void)state;
    read_text(ROUTE("r", "{rules: [" RULE_OF(PREFIX("/a/b/c") ", " PREFIX("/a")) ", " RULE_OF(
                             PREFIX("/a/b")) "]}"));
    assert_int_equal(r.plan->n_rules, 3);
    assert_decides("GET", "h", "/a/b/c/d", "", "r/0");
    assert_decides("GET", "h", "/a/b/d", "", "r/1");
    assert_decides("GET", "h", "/a/d", "", "r/0");

    read_text(ROUTE("r", "{rules: [" RULE_OF(PREFIX("/a/b/c") ", " PREFIX("/a")) ", " RULE_OF(
                             PREFIX("/x/y")) "]}"));
    assert_int_equal(r.plan->n_rules, 2);
    assert_non_null(r.plan->rules->matches->next);

    read_text(ROUTE(
        "r", "{hostnames: [a.example], rules: [" RULE_OF(PREFIX("/a/b/c") ", " PREFIX("/a")) "]}")
                  ROUTE("s", "{hostnames: [b.example], rules: [" RULE_OF(PREFIX("/a/b")) "]}"));
    assert_int_equal(r.plan->n_rules, 2);

    read_text(ROUTE(
        "r", "{rules: [" RULE_OF(
                 "{path: {value: /a/b/c}, method: GET}, {path: {value: "
                 "/a}, method: GET}") ", " RULE_OF("{path: {value: /a/b}, method: PUT}") "]}"));
    assert_int_equal(r.plan->n_rules, 2);
}

/* ---- against the words of the specification ----------------------------------------------------- */

/* One match of a random plan, and what the Gateway API compares of it. */
struct model {
    char name[16];
    const char *path;
    int type; /* 0 exact, 1 regex, 2 prefix */
    bool method, header, query;
};

static bool model_fits(const struct model *m, const char *path, bool get, bool header, bool query)
{
    size_t len = strlen(m->path);

    if ((m->method && !get) || (m->header && !header) || (m->query && !query))
        return false;
    if (m->type == 0)
        return strcmp(path, m->path) == 0;
    if (m->type == 1)
        return strncmp(path, m->path, len) == 0;
    return len == 1 || (strncmp(path, m->path, len) == 0 && (!path[len] || path[len] == '/'));
}

/* Does `a` go before `b`, which stands behind it in the input? */
static bool model_beats(const struct model *a, const struct model *b)
{
    if (a->type != b->type)
        return a->type < b->type;
    if (a->type == 2 && strlen(a->path) != strlen(b->path))
        return strlen(a->path) > strlen(b->path);
    if (a->method != b->method)
        return a->method;
    if (a->header != b->header)
        return a->header;
    return a->query || !b->query;
}

static unsigned dice(uint64_t *seed, unsigned sides)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(*seed >> 33) % sides;
}

static const char *const paths[] = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/b"};
enum { N_PATHS = sizeof paths / sizeof *paths, RULES = 5, MATCHES = 4 };

static size_t write_match(char *text, size_t size, struct model *m, uint64_t *seed)
{
    static const char *const types[] = {"Exact", "RegularExpression", "PathPrefix"};

    m->path = paths[dice(seed, N_PATHS)];
    m->type = (int)dice(seed, 6);
    m->type = m->type > 2 ? 2 : m->type;
    m->method = dice(seed, 3) == 0;
    m->header = dice(seed, 3) == 0;
    m->query = dice(seed, 3) == 0;
    return (size_t)snprintf(text, size, "{path: {type: %s, value: '%s%s'}%s%s%s}, ", types[m->type],
                            m->path, m->type == 1 ? ".*" : "", m->method ? ", method: GET" : "",
                            m->header ? ", headers: [{name: h, value: x}]" : "",
                            m->query ? ", queryParams: [{name: q, value: x}]" : "");
}

static size_t write_plan(char *text, size_t size, struct model *models, uint64_t *seed)
{
    size_t len = (size_t)snprintf(text, size, "%s", ROUTE("r", "{rules: ["));
    size_t n = 0;

    len--;
    for (unsigned rule = 0; rule < RULES; rule++) {
        len += (size_t)snprintf(text + len, size - len, "{matches: [");
        for (unsigned i = 1 + dice(seed, MATCHES); i > 0; i--) {
            snprintf(models[n].name, sizeof models[n].name, "r/%u", rule);
            len += write_match(text + len, size - len, &models[n++], seed);
        }
        len += (size_t)snprintf(text + len, size - len, "], backendRefs: [{name: m, port: 80}]}, ");
    }
    snprintf(text + len, size - len, "]}\n");
    return n;
}

static void check_all_requests(const struct model *models, size_t n)
{
    char target[64];

    for (unsigned i = 0; i < N_PATHS * 8; i++) {
        const char *path = paths[i / 8];
        bool get = i & 1, header = i & 2, query = i & 4;
        const struct model *best = NULL;

        for (size_t k = 0; k < n; k++) {
            if (model_fits(&models[k], path, get, header, query) &&
                (!best || !model_beats(best, &models[k])))
                best = &models[k];
        }
        snprintf(target, sizeof target, "%s%s", path, query ? "?q=x" : "");
        assert_decides(get ? "GET" : "PUT", "h", target, header ? "H: x\r\n" : "",
                       best ? best->name : "-");
    }
}

static void random_routes_decide_as_the_gateway_api_says(void **state)
{
    struct model models[RULES * MATCHES];
    uint64_t seed = 1;
    char text[16384];
    size_t n;

    (void)state;
    for (int i = 0; i < 300; i++) {
        n = write_plan(text, sizeof text, models, &seed);
        read_text(text);
        check_all_requests(models, n);
    }
}

/* ---- the corpus ------------------------------------------------------------------------------------ */

/* What MANIFEST.json expects of these: rule, baselines, candidate, parts per million. */
static const struct {
    const char *file, *mirrors;
} corpus[] = {
    {"17-istio-gwapi-http.yaml", "mirror/0 httpbin:80 > httpbin-mirror:80 500000\n"
                                 "mirror/0 httpbin:80 > httpbin-second:80 800000\n"},
    {"38-gwapi-conf-request-mirror.yaml",
     "request-mirror/1 infra-backend-v1:8080 > infra-backend-v2:8080 1000000\n"
     "request-mirror/0 infra-backend-v1:8080 > infra-backend-v2:8080 1000000\n"},
    {"40-gwapi-conf-percentage-mirror.yaml",
     "request-percentage-mirror/2 infra-backend-v1:8080 > infra-backend-v2:8080 350000\n"
     "request-percentage-mirror/1 infra-backend-v1:8080 > infra-backend-v2:8080 500000\n"
     "request-percentage-mirror/0 infra-backend-v1:8080 > infra-backend-v2:8080 200000\n"},
    {"49-envoygw-docs-mirroring-1.yaml", "http-mirror/0 backend:3000 > backend-2:3000 1000000\n"},
    {"51-envoygw-docs-mirroring-3.yaml",
     "http-mirror/0 backend:3000 backend-3:3000 > backend-2:3000 1000000\n"},
    {"53-envoygw-docs-mirroring-5.yaml", "http-mirror/0 backend:3000 > backend-2:3000 1000000\n"
                                         "http-mirror/0 backend:3000 > backend-3:3000 1000000\n"},
};

static void write_mirrors(const struct plan *p, struct buf *out)
{
    for (const struct plan_rule *rule = p->rules; rule; rule = rule->next) {
        for (const struct plan_arrow *c = rule->candidates; c; c = c->next) {
            buf_add(out, rule->name, NULL);
            for (const struct plan_arrow *b = rule->baselines; b; b = b->next)
                buf_printf(out, NULL, " %s", b->to->name.data);
            buf_printf(out, NULL, " > %s %u\n", c->to->name.data, c->ppm);
        }
    }
}

static void check_file(const char *folder, const char *name, const char *want)
{
    static char text[1 << 20];
    char path[4096];
    struct buf mirrors;
    FILE *in;

    snprintf(path, sizeof path, "%s/istio/%s", folder, name);
    in = fopen(path, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    forget(&r);
    with_text(&r, name, text);
    read_it(&r);
    assert_silent_about(&r, "error[E4");
    assert_silent_about(&r, "error[E2");
    buf_init(&mirrors, 1 << 16);
    write_mirrors(r.plan, &mirrors);
    assert_string_equal(mirrors.data, want);
    buf_release(&mirrors);
}

static void routes_of_other_projects_mirror_as_they_say(void **state)
{
    const char *folder = getenv("CORPUS");

    (void)state;
    if (!folder || !*folder) {
        print_message("# CORPUS is not set: a folder with HTTPRoutes in istio/\n");
        skip();
    }
    for (size_t i = 0; i < sizeof corpus / sizeof *corpus; i++)
        check_file(folder, corpus[i].file, corpus[i].mirrors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(shares_are_exact_and_rounded_down, tear_down),
        cmocka_unit_test_teardown(a_share_of_nothing_is_off, tear_down),
        cmocka_unit_test_teardown(shares_that_cannot_be_are_errors, tear_down),
        cmocka_unit_test_teardown(several_mirrors_are_several_candidates, tear_down),
        cmocka_unit_test_teardown(a_mirror_goes_to_the_port_of_a_service, tear_down),
        cmocka_unit_test_teardown(a_backend_is_in_the_namespace_of_its_route_unless_it_says_so,
                                  tear_down),
        cmocka_unit_test_teardown(weights_are_1_unless_they_are_given, tear_down),
        cmocka_unit_test_teardown(a_mirror_of_a_backend_is_for_its_requests_only, tear_down),
        cmocka_unit_test_teardown(backends_that_are_no_services_are_left_out, tear_down),
        cmocka_unit_test_teardown(headers_are_changed_on_both_sides, tear_down),
        cmocka_unit_test_teardown(urls_are_rewritten, tear_down),
        cmocka_unit_test_teardown(a_default_match_stays_where_its_prefix_is_replaced, tear_down),
        cmocka_unit_test_teardown(a_redirect_is_not_replayed, tear_down),
        cmocka_unit_test_teardown(filters_that_cannot_be_are_errors, tear_down),
        cmocka_unit_test_teardown(what_is_done_to_answers_is_noted, tear_down),
        cmocka_unit_test_teardown(a_rule_may_have_a_time_limit, tear_down),
        cmocka_unit_test_teardown(prefixes_are_of_segments, tear_down),
        cmocka_unit_test_teardown(a_match_without_a_path_takes_any, tear_down),
        cmocka_unit_test_teardown(fields_are_exact_or_regular_expressions, tear_down),
        cmocka_unit_test_teardown(matches_that_cannot_be_are_errors, tear_down),
        cmocka_unit_test_teardown(hosts_are_exact_before_stars_before_none, tear_down),
        cmocka_unit_test_teardown(the_more_precise_match_wins, tear_down),
        cmocka_unit_test_teardown(ties_go_to_the_older_then_to_the_first_name, tear_down),
        cmocka_unit_test_teardown(a_rule_is_taken_apart_only_where_another_comes_between,
                                  tear_down),
        cmocka_unit_test_teardown(random_routes_decide_as_the_gateway_api_says, tear_down),
        cmocka_unit_test_teardown(routes_of_other_projects_mirror_as_they_say, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

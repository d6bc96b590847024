#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/plan_walk.h"
#include "tests/support/plans.h"

static struct made_plan made;

static int start(void **state)
{
    (void)state;
    made_init(&made);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    made_release(&made);
    return 0;
}

static struct plan_request request(const char *head)
{
    struct plan_request r;

    if (!plan_request_of_head(&r, str_of(head)))
        fail_msg("no request: %s", head);
    return r;
}

/* Ask the router and the walk, which must agree. */
static struct plan_decision decide_all(const struct plan_request *r)
{
    struct plan_router *router = plan_router_new(&made.plan, NULL);
    struct plan_decision d, plain;
    struct buf room;

    assert_non_null(router);
    buf_init(&room, 1024 * 1024);
    plan_router_decide(router, r, &d);
    plan_walk(&made.plan, r, &room, NULL, &plain);
    buf_release(&room);
    assert_int_equal(d.answer, plain.answer);
    assert_ptr_equal(d.rule, plain.rule);
    assert_ptr_equal(d.match, plain.match);
    assert_ptr_equal(d.overlay, plain.overlay);
    plan_router_free(router);
    return d;
}

static struct plan_decision decide(const char *host, const char *target)
{
    char head[512];
    struct plan_request r;

    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    r = request(head);
    return decide_all(&r);
}

static struct plan_rule *add_rule(const char *name, const char *hosts, enum plan_how how,
                                  const char *path)
{
    struct plan_rule *rule = made_rule(&made, name, hosts, PLAN_MIRROR);

    if (path)
        made_match(&made, rule)->path = made_text(&made, how, path);
    made_candidate(&made, rule, 1000000);
    return rule;
}

static void decided_by(const char *host, const char *target, const char *rule)
{
    struct plan_decision d = decide(host, target);
    struct str name = d.rule ? d.rule->name : STR("nobody");

    if (!str_eq(name, str_of(rule)))
        fail_msg("%s at %s is decided by %.*s", target, host, STR_ARG(name));
}

/* ---- acceptance tests of the routing rules ------------------------------------- */

static void nothing_fits_a_plan_without_rules(void **state)
{
    (void)state;
    assert_int_equal(decide("a", "/").answer, PLAN_NO_RULE);
}

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    add_rule("api", NULL, PLAN_PREFIX, "/api");
    add_rule("v1", NULL, PLAN_PREFIX, "/api/v1");
    add_rule("all", NULL, PLAN_PREFIX, NULL);
    add_rule("late", NULL, PLAN_EXACT, "/x");
    decided_by("a", "/api/v1/x", "api");
    decided_by("a", "/x", "all");
}

static void a_method_may_leave_the_rest_to_the_next_rule(void **state)
{
    struct plan_rule *get = add_rule("get", NULL, PLAN_PREFIX, "/");
    struct plan_request post = request("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct plan_decision d;

    (void)state;
    get->matches->method = made_text(&made, PLAN_EXACT, "GET");
    made_rule(&made, "rest", NULL, PLAN_MIRROR);
    assert_int_equal(decide("a", "/").answer, PLAN_SENT);
    d = decide_all(&post);
    assert_int_equal(d.answer, PLAN_NO_MIRROR);
    assert_string_equal(d.rule->name.data, "rest");
}

static void the_most_specific_host_decides(void **state)
{
    (void)state;
    add_rule("any", "*", PLAN_PREFIX, NULL);
    add_rule("short", "*.example", PLAN_PREFIX, NULL);
    add_rule("long", "*.b.example", PLAN_PREFIX, NULL);
    add_rule("exact", "a.b.example m", PLAN_PREFIX, "/only");
    decided_by("x.example", "/", "short");
    decided_by("x.b.example", "/", "long");
    decided_by("X.B.Example:80", "/", "long");
    decided_by("b.example", "/", "short");
    decided_by("example", "/", "any");
    decided_by(".example", "/", "any");
    decided_by("a.b.example", "/only", "exact");
    decided_by("a.b.example", "/", "nobody"); /* and nobody else is asked */
    decided_by("M:3000", "/only", "exact");
    decided_by("", "/", "any");
}

static void ports_and_brackets_are_no_part_of_a_host(void **state)
{
    (void)state;
    add_rule("v6", "[::1]", PLAN_PREFIX, NULL);
    add_rule("v4", "10.0.0.1", PLAN_PREFIX, NULL);
    decided_by("[::1]", "/", "v6");
    decided_by("[::1]:8080", "/", "v6");
    decided_by("[::1", "/", "nobody");
    decided_by("[::1]x", "/", "nobody");
    decided_by("10.0.0.1:80", "/", "v4");
    decided_by("10.0.0.1:", "/", "v4");
    decided_by("10.0.0.1:x", "/", "nobody");
}

static void names_of_a_service_are_its_hosts(void **state)
{
    (void)state;
    add_rule("movies",
             "movies-api-service movies-api-service.fast-track-istio movies-api-service."
             "fast-track-istio.svc movies-api-service.fast-track-istio.svc.cluster.local",
             PLAN_PREFIX, NULL);
    decided_by("movies-api-service.fast-track-istio.svc.cluster.local:3000", "/", "movies");
    decided_by("movies-api-service", "/", "movies");
    decided_by("movies-api-service.other.svc.cluster.local", "/", "nobody");
}

static void rules_without_hosts_are_asked_in_their_turn(void **state)
{
    (void)state;
    add_rule("first", NULL, PLAN_PREFIX, "/a");
    add_rule("named", "m", PLAN_PREFIX, "/a/b");
    add_rule("named too", "m", PLAN_PREFIX, "/c");
    add_rule("last", NULL, PLAN_PREFIX, "/");
    decided_by("m", "/a/b", "first");
    decided_by("m", "/c", "named too");
    decided_by("m", "/d", "last");
    decided_by("x", "/c", "last");
}

static void several_objects_for_one_host_are_one_list(void **state)
{
    struct plan_rule *a = add_rule("a", "m n", PLAN_PREFIX, "/a"), *b;

    (void)state;
    add_rule("b", "n", PLAN_PREFIX, "/");
    b = add_rule("c", "m", PLAN_PREFIX, "/");
    b->hosts = a->hosts; /* as a reader shares them */
    b->n_hosts = a->n_hosts;
    decided_by("n", "/a", "a");
    decided_by("n", "/x", "b");
    decided_by("m", "/x", "c");
}

static void denials_and_overlays_take_no_host_away(void **state)
{
    struct plan_rule *deny = made_rule(&made, "deny", "*.example", PLAN_DENY), *half;
    struct plan_decision d;

    (void)state;
    made_match(&made, deny)->path = made_text(&made, PLAN_GLOB, "/internal/*");
    half = made_rule(&made, "half", "a.b.example", PLAN_PERCENT);
    half->ppm = 500000;
    add_rule("mirror", "*.b.example", PLAN_PREFIX, NULL);
    d = decide("a.b.example", "/");
    assert_string_equal(d.rule->name.data, "mirror");
    assert_int_equal(plan_share(&d, d.rule->candidates), 500000);
    d = decide("c.b.example", "/");
    assert_null(d.overlay);
    assert_int_equal(plan_share(&d, d.rule->candidates), 1000000);
    decided_by("a.b.example", "/internal/x", "deny");
    decided_by("other", "/internal/x", "nobody");
}

static void an_overlay_changes_the_share_and_nothing_else(void **state)
{
    struct plan_rule *tenth, *rule;
    struct plan_decision d;

    (void)state;
    tenth = made_rule(&made, "tenth", NULL, PLAN_PERCENT);
    tenth->ppm = 100000;
    made_match(&made, tenth)->path = made_text(&made, PLAN_PREFIX, "/a");
    made_rule(&made, "none", NULL, PLAN_PERCENT);
    rule = add_rule("all", NULL, PLAN_PREFIX, NULL);
    made_candidate(&made, rule, 0);
    d = decide("m", "/a");
    assert_int_equal(d.answer, PLAN_SENT);
    assert_ptr_equal(d.overlay, tenth); /* the first one counts */
    assert_int_equal(plan_share(&d, rule->candidates->next), 100000);
    assert_int_equal(plan_share(&d, rule->candidates), 0); /* off stays off */
    d = decide("m", "/b");
    assert_int_equal(d.answer, PLAN_NO_MIRROR); /* 0 % of everything */
    assert_ptr_equal(d.rule, rule);
}

static void an_overlay_alone_decides_nothing(void **state)
{
    struct plan_decision d;

    (void)state;
    made_rule(&made, "tenth", NULL, PLAN_PERCENT)->ppm = 100000;
    d = decide("m", "/");
    assert_int_equal(d.answer, PLAN_NO_RULE);
    assert_null(d.overlay);
}

static void a_rule_says_what_becomes_of_a_request(void **state)
{
    struct plan_rule *off;

    (void)state;
    made_match(&made, made_rule(&made, "r", NULL, PLAN_REDIRECT))->path =
        made_text(&made, PLAN_EXACT, "/r");
    made_match(&made, made_rule(&made, "d", NULL, PLAN_DENY))->path =
        made_text(&made, PLAN_EXACT, "/d");
    off = made_rule(&made, "off", NULL, PLAN_MIRROR);
    made_match(&made, off)->path = made_text(&made, PLAN_EXACT, "/off");
    made_candidate(&made, off, 0);
    add_rule("on", NULL, PLAN_PREFIX, "/");
    assert_int_equal(decide("m", "/r").answer, PLAN_REDIRECTED);
    assert_int_equal(decide("m", "/d").answer, PLAN_NO_MIRROR);
    assert_int_equal(decide("m", "/off").answer, PLAN_NO_MIRROR);
    assert_int_equal(decide("m", "/on").answer, PLAN_SENT);
}

static void any_match_will_do_and_the_first_is_told(void **state)
{
    struct plan_rule *rule = add_rule("or", NULL, PLAN_EXACT, "/a");

    (void)state;
    made_match(&made, rule)->path = made_text(&made, PLAN_PREFIX, "/b");
    made_match(&made, rule)->path = made_text(&made, PLAN_EXACT, "/b");
    assert_ptr_equal(decide("m", "/b").match, rule->matches->next);
    assert_ptr_equal(decide("m", "/a").match, rule->matches);
    decided_by("m", "/c", "nobody");
}

/* ---- what cannot be decided ---------------------------------------------------- */

static void what_no_capture_knows_does_not_fit(void **state)
{
    struct plan_rule *rule = add_rule("labels", NULL, PLAN_PREFIX, "/a");

    (void)state;
    rule->matches->unknowable = "sourceLabels";
    assert_int_equal(decide("m", "/a").answer, PLAN_UNDECIDED);
    assert_null(decide("m", "/a").rule);
    assert_int_equal(decide("m", "/b").answer, PLAN_NO_RULE); /* it would not fit anyway */
    add_rule("rest", NULL, PLAN_PREFIX, NULL);
    decided_by("m", "/a", "rest");
}

static void a_port_that_is_not_known_does_not_fit(void **state)
{
    struct plan_request r = request("GET /a HTTP/1.1\r\nHost: m:80\r\n\r\n");

    (void)state;
    add_rule("port", NULL, PLAN_PREFIX, "/a")->matches->port = 3000;
    assert_int_equal(decide_all(&r).answer, PLAN_UNDECIDED);
    r.port = 3000;
    assert_int_equal(decide_all(&r).answer, PLAN_SENT);
    r.port = 80;
    assert_int_equal(decide_all(&r).answer, PLAN_NO_RULE);
}

static struct plan_request slow_request(char *path, size_t n)
{
    struct plan_request r = {
        .method = STR_INIT("GET"), .scheme = STR_INIT("http"), .authority = STR_INIT("m")};

    memset(path, 'a', n);
    r.path = str_from(path, n);
    return r;
}

static void a_regex_at_its_limits_ends_the_search(void **state)
{
    static char path[64 * 1024];
    struct plan_request r = slow_request(path, sizeof path);
    struct plan_rule *slow;

    (void)state;
    slow = add_rule("slow", NULL, PLAN_REGEX, "(a*)*b");
    add_rule("rest", NULL, PLAN_PREFIX, NULL);
    assert_int_equal(decide_all(&r).answer, PLAN_UNDECIDED);
    slow->matches->method = made_text(&made, PLAN_EXACT, "POST");
    assert_string_equal(decide_all(&r).rule->name.data, "rest");
    slow->matches->method = NULL;
    made_match(&made, slow)->path = made_text(&made, PLAN_PREFIX, "a");
    assert_string_equal(decide_all(&r).rule->name.data, "slow");
    slow->action = PLAN_PERCENT;
    assert_ptr_equal(decide_all(&r).overlay, slow); /* by its other match */
    slow->matches->next = NULL;
    assert_int_equal(decide_all(&r).answer, PLAN_UNDECIDED);
}

/* ---- against the walk ----------------------------------------------------------- */

static uint64_t seed;

static unsigned draw(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

#define pick(list) ((list)[draw(sizeof(list) / sizeof *(list))])

static const char *const paths[] = {"/",      "/a",    "/ab",  "/abc",  "/a/", "/a/b", "/a/b/c",
                                    "/A/b",   "/b",    "",     "/a/bc", "a",   "/*",   "*",
                                    "/a/bcd", "/aB/c", "/a/*", "/b/",   "//",  "/a//b"};
static const char *const globs[] = {"/a/*", "/{x}/b", "*",      "/a/{y}/c",
                                    "/ab",  "/*",     "/a/*/c", "{x}"};
static const char *const regexes[] = {"/a.*",  "/[ab]+", "/a/(b|c)", "(?i)/A.*",
                                      "/a|/b", ".*",     "/ab?"};
static const char *const host_lists[] = {NULL,  "*",       "m",     "m n",
                                         "*.x", "*.y.x m", "a.y.x", "*.y.x *.x"};
static const char *const hosts[] = {"m", "n:80", "a.x", "a.y.x", "b.a.y.x", "o", "M", "x"};
static const char *const methods[] = {"GET", "POST"};

static struct plan_text *draw_path(void)
{
    static const enum plan_how hows[] = {PLAN_EXACT,   PLAN_PREFIX, PLAN_SEGMENTS,
                                         PLAN_PRESENT, PLAN_GLOB,   PLAN_REGEX};
    enum plan_how how = pick(hows);
    struct plan_text *t = made_text(&made, how,
                                    how == PLAN_GLOB    ? pick(globs)
                                    : how == PLAN_REGEX ? pick(regexes)
                                                        : pick(paths));

    t->any_case = draw(3) == 0;
    return t;
}

static void draw_match(struct plan_match *m)
{
    if (draw(6))
        m->path = draw_path();
    if (draw(4) == 0)
        m->method = made_text(&made, PLAN_EXACT, pick(methods));
    if (draw(6) == 0)
        made_field(&made, &m->headers, "x",
                   pick(((const enum plan_how[]){PLAN_PRESENT, PLAN_EXACT})), "1")
            ->not_so = draw(2);
    if (draw(6) == 0)
        made_field(&made, &m->queries, "q", PLAN_EXACT, "1");
    if (draw(8) == 0)
        m->unknowable = "sourceLabels";
    if (draw(8) == 0)
        m->port = (uint16_t)(80 + draw(2));
}

static void draw_plan(unsigned n)
{
    static const enum plan_action actions[] = {PLAN_MIRROR,   PLAN_MIRROR, PLAN_MIRROR,
                                               PLAN_REDIRECT, PLAN_DENY,   PLAN_PERCENT};
    struct plan_rule *last = NULL;

    while (n--) {
        struct plan_rule *rule = made_rule(&made, "r", pick(host_lists), pick(actions));

        for (unsigned i = draw(4); i; i--)
            draw_match(made_match(&made, rule));
        for (unsigned i = draw(3); i; i--)
            made_candidate(&made, rule, draw(2) * 1000);
        rule->ppm = draw(2) * 500000;
        if (last && draw(2)) {
            rule->hosts = last->hosts;
            rule->n_hosts = last->n_hosts;
        }
        last = rule;
    }
}

static struct plan_request draw_request(char *head, size_t size)
{
    struct plan_request r;

    snprintf(head, size, "%s %s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", pick(methods), pick(paths),
             draw(2) ? "?q=1" : "", pick(hosts), draw(2) ? "X: 1\r\n" : "");
    if (!plan_request_of_head(&r, str_of(head)))
        r.path = STR("");
    r.port = (uint16_t)(draw(3) ? 80 + draw(2) : 0);
    return r;
}

static void same_answer(const struct plan_request *r, struct plan_router *router, struct buf *room,
                        unsigned *answers)
{
    struct plan_decision d, plain;

    plan_router_decide(router, r, &d);
    plan_walk(&made.plan, r, room, NULL, &plain);
    if (d.answer != plain.answer || d.rule != plain.rule || d.match != plain.match ||
        d.overlay != plain.overlay)
        fail_msg("%.*s: rule %d, not %d; answer %d, not %d", STR_ARG(r->head),
                 d.rule ? (int)d.rule->index : -1, plain.rule ? (int)plain.rule->index : -1,
                 (int)d.answer, (int)plain.answer);
    answers[d.answer]++;
}

/* Small words make rules that are much alike, so that most of what can go wrong does. */
static void the_router_answers_as_the_walk_does(void **state)
{
    unsigned answers[PLAN_UNDECIDED + 1] = {0};
    struct buf room;

    buf_init(&room, 1024 * 1024);
    for (unsigned round = 0; round < 1500; round++) {
        struct plan_router *router;

        seed = round;
        draw_plan(1 + draw(30));
        router = plan_router_new(&made.plan, NULL);
        assert_non_null(router);
        for (unsigned i = 0; i < 40; i++) {
            char head[256];
            struct plan_request r = draw_request(head, sizeof head);

            same_answer(&r, router, &room, answers);
        }
        plan_router_free(router);
        finish(state);
        start(state);
    }
    buf_release(&room);
    for (int i = 0; i <= PLAN_UNDECIDED; i++)
        assert_in_range(answers[i], 500, 60000);
}

static void without_memory_there_is_no_router(void **state)
{
    (void)state;
    seed = 7;
    draw_plan(20);
    for (uint64_t n = 1; n < 10000; n++) {
        struct err e = {0};
        struct plan_router *router;
        uint64_t count;

        mem_fail_at(n, MEM_FAIL_ONCE);
        router = plan_router_new(&made.plan, &e);
        count = mem_count();
        mem_fail_at(0, MEM_FAIL_NEVER);
        plan_router_free(router);
        if (count < n) {
            assert_non_null(router);
            assert_in_range(n, 4, 10000);
            return;
        }
        assert_null(router);
        assert_int_equal(e.kind, ERR_NOMEM);
    }
    fail_msg("it never had enough");
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(nothing_fits_a_plan_without_rules),
        test(the_first_rule_that_fits_decides),
        test(a_method_may_leave_the_rest_to_the_next_rule),
        test(the_most_specific_host_decides),
        test(ports_and_brackets_are_no_part_of_a_host),
        test(names_of_a_service_are_its_hosts),
        test(rules_without_hosts_are_asked_in_their_turn),
        test(several_objects_for_one_host_are_one_list),
        test(denials_and_overlays_take_no_host_away),
        test(an_overlay_changes_the_share_and_nothing_else),
        test(an_overlay_alone_decides_nothing),
        test(a_rule_says_what_becomes_of_a_request),
        test(any_match_will_do_and_the_first_is_told),
        test(what_no_capture_knows_does_not_fit),
        test(a_port_that_is_not_known_does_not_fit),
        test(a_regex_at_its_limits_ends_the_search),
        test(the_router_answers_as_the_walk_does),
        test(without_memory_there_is_no_router),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

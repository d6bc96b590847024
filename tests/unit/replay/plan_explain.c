#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/plans.h"

static struct made_plan made;
static struct buf out;

static int start(void **state)
{
    (void)state;
    made_init(&made);
    buf_init(&out, 1024 * 1024);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    made_release(&made);
    buf_release(&out);
    return 0;
}

static const char *explain(const char *head)
{
    struct plan_request r;
    struct err e = {0};

    buf_reset(&out);
    assert_true(plan_request_of_head(&r, str_of(head)));
    if (plan_explain(&made.plan, &r, &out, &e) < 0)
        fail_msg("%s", e.text);
    return out.data;
}

#define explained(head, text) assert_string_equal(explain(head), text)

static void holds(const char *head, const char *text)
{
    if (!strstr(explain(head), text))
        fail_msg("no \"%s\" in:\n%s", text, out.data);
}

static void holds_not(const char *head, const char *text)
{
    if (strstr(explain(head), text))
        fail_msg("\"%s\" in:\n%s", text, out.data);
}

static struct plan_rule *add_rule(const char *name, const char *source, const char *hosts)
{
    struct plan_rule *rule = made_rule(&made, name, hosts, PLAN_MIRROR);

    rule->source = str_of(source);
    return rule;
}

static struct plan_destination *destination(const char *name, const char *url)
{
    struct plan_destination *d = made_alloc(&made, sizeof *d);
    struct plan_address *a = made_alloc(&made, sizeof *a);

    *a = (struct plan_address){.url = str_of(url), .from = STR("--endpoint")};
    *d = (struct plan_destination){.name = str_of(name)};
    if (url) {
        d->addresses = a;
        d->n_addresses = 1;
    }
    return d;
}

static struct plan_arrow *arrow(struct plan_arrow **list, const char *name, const char *url)
{
    struct plan_arrow *a = made_alloc(&made, sizeof *a);

    *a = (struct plan_arrow){.next = *list, .to = destination(name, url), .ppm = 1000000};
    return *list = a;
}

static struct plan_rule *movies(void)
{
    struct plan_rule *api = add_rule("movies/0", "movies.yaml:12", "movies"), *rule;
    struct plan_match *m = made_match(&made, api);

    m->path = made_text(&made, PLAN_PREFIX, "/api");
    rule = add_rule("movies/1", "movies.yaml:18", "movies");
    m = made_match(&made, rule);
    m->path = made_text(&made, PLAN_PREFIX, "/movies/");
    m->at = (struct place){"movies.yaml", 19, 5};
    arrow(&rule->baselines, "movies/v1", "http://127.0.0.1:3001");
    arrow(&rule->candidates, "movies/v2", "http://127.0.0.1:3002")->ppm = 125000;
    return rule;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: movies:3000\r\n\r\n"

static void it_says_which_rule_decides_and_what_the_others_lack(void **state)
{
    (void)state;
    movies();
    explained(GET("/movies/7"),
              "GET /movies/7 at movies:3000\n"
              "the rules of host movies are asked\n"
              "rule movies/1 (movies.yaml:18) decides: path begins with /movies/ (movies.yaml:19)\n"
              "  baseline   movies/v1  at http://127.0.0.1:3001 (--endpoint)\n"
              "  candidate  movies/v2  12.5 %  at http://127.0.0.1:3002 (--endpoint)\n"
              "asked before it, and why not:\n"
              "  rule movies/0 (movies.yaml:12): path must begin with /api\n");
}

static void where_nothing_fits_all_that_was_asked_is_told(void **state)
{
    (void)state;
    movies();
    explained(GET("/x"), "GET /x at movies:3000\n"
                         "the rules of host movies are asked\n"
                         "nothing is sent: no rule fits\n"
                         "asked, and why not:\n"
                         "  rule movies/0 (movies.yaml:12): path must begin with /api\n"
                         "  rule movies/1 (movies.yaml:18): path must begin with /movies/\n");
}

static void a_host_that_nobody_has_is_told(void **state)
{
    (void)state;
    movies();
    explained("GET / HTTP/1.1\r\nHost: other\r\n\r\n",
              "GET / at other\n"
              "no rule is for the host other; there are rules for movies\n"
              "nothing is sent: no rule fits\n");
}

static void each_part_has_its_words(void **state)
{
    struct plan_rule *rule = add_rule("all", "a.yaml:1", NULL);
    struct plan_match *m = made_match(&made, rule);

    (void)state;
    m->method = made_text(&made, PLAN_EXACT, "GET");
    m->path = made_text(&made, PLAN_REGEX, "/v[0-9]+");
    made_field(&made, &m->headers, "x-env", PLAN_EXACT, "prod");
    made_field(&made, &m->headers, "x-bot", PLAN_PRESENT, "")->not_so = true;
    made_field(&made, &m->queries, "q", PLAN_PRESENT, "");
    holds("GET /v1?q HTTP/1.1\r\nX-Env: prod\r\n\r\n",
          "decides: method is GET, path fits the expression /v[0-9]+, header x-bot is not there, "
          "header x-env is prod, query parameter q is there\n"
          "  nothing is sent: the rule has no mirror\n");
    holds("POST /v1?q HTTP/1.1\r\n\r\n", "method must be GET\n");
    holds("GET /v?q HTTP/1.1\r\n\r\n", "path must fit the expression /v[0-9]+\n");
    holds("GET /v1?q HTTP/1.1\r\n\r\n", "header x-env must be prod, and is missing\n");
    holds("GET /v1?q HTTP/1.1\r\nx-env: test\r\n\r\n", "header x-env must be prod, and is test\n");
    holds("GET /v1?q HTTP/1.1\r\nx-env: prod\r\nx-bot: 1\r\n\r\n",
          "header x-bot must not be there\n");
    holds("GET /v1 HTTP/1.1\r\nx-env: prod\r\n\r\n",
          "query parameter q must be there, and is missing\n");
}

static void what_cannot_be_known_is_told(void **state)
{
    struct plan_rule *rule = add_rule("labels", "a.yaml:1", NULL);

    (void)state;
    made_match(&made, rule)->unknowable = "sourceLabels";
    holds(GET("/"), "nothing is sent: which rule decides cannot be known\n"
                    "asked, and why not:\n"
                    "  rule labels (a.yaml:1): asks for sourceLabels, which no capture knows\n");
    rule->matches->unknowable = NULL;
    rule->matches->port = 3000;
    holds(GET("/"), "port must be 3000, and is not known\n");
    made_match(&made, rule)->path = made_text(&made, PLAN_EXACT, "/a");
    holds(GET("/"), "port must be 3000, and is not known; nor does its other match fit\n");
}

static void an_expression_at_its_limits_is_told(void **state)
{
    static char head[20000];

    (void)state;
    made_match(&made, add_rule("slow", "a.yaml:1", NULL))->path =
        made_text(&made, PLAN_REGEX, "/(a*)*b");
    memset(head, 'a', sizeof head - 1);
    memcpy(head, "GET /", 5);
    memcpy(head + sizeof head - 14, " HTTP/1.1\r\n\r\n", 13);
    holds(head, "rule slow (a.yaml:1): an expression ran into its limits: path must fit the "
                "expression /(a*)*b\n");
}

static void an_expression_that_is_wrong_fits_nothing(void **state)
{
    struct plan_text *path = made_text(&made, PLAN_EXACT, "(");

    (void)state;
    made_match(&made, add_rule("wrong", "a.yaml:1", NULL))->path = path;
    path->how = PLAN_REGEX; /* as a reader leaves it that has told so */
    add_rule("rest", "a.yaml:2", NULL);
    holds(GET("/"),
          "nothing is sent: which rule decides cannot be known\n"
          "asked, and why not:\n"
          "  rule wrong (a.yaml:1): the expression is wrong: path must fit the expression (\n");
}

static void why_nothing_is_sent_is_told(void **state)
{
    struct plan_rule *rule = add_rule("r", "a.yaml:1", NULL);

    (void)state;
    holds(GET("/"), "decides: it fits everything\n  nothing is sent: the rule has no mirror\n");
    arrow(&rule->candidates, "m/v2", NULL)->ppm = 0;
    holds(GET("/"), "  candidate  m/v2  off  no address is known\n"
                    "  nothing is sent: all of its mirrors are off\n");
    rule->action = PLAN_DENY;
    holds(GET("/"), "nothing is sent: the rule says mirror: false\n");
    rule->action = PLAN_REDIRECT;
    holds(GET("/"), "nothing is sent: the mesh answers this by itself\n");
}

static void an_overlay_is_told_beside_the_share(void **state)
{
    struct plan_rule *tenth = add_rule("tenth", "native.yaml:4", NULL);

    (void)state;
    tenth->action = PLAN_PERCENT;
    tenth->ppm = 1;
    movies();
    holds(GET("/movies/7"),
          "  candidate  movies/v2  0.0001 % by rule tenth (native.yaml:4) instead "
          "of 12.5 %  at http://127.0.0.1:3002 (--endpoint)\n");
}

static void weights_and_changes_are_told(void **state)
{
    struct plan_rule *rule = movies();
    struct plan_change set = {.kind = PLAN_SET, .name = STR("x-env"), .value = STR("dark")};
    struct plan_change secret = {
        .kind = PLAN_ADD, .name = STR("Authorization"), .value = STR("Bearer abc")};

    (void)state;
    rule->baselines->weight = 90;
    arrow(&rule->baselines, "movies/v3", "http://c")->weight = 10;
    rule->candidates->of = rule->baselines;
    rule->changes = &set;
    rule->candidates->changes = &secret;
    rule->rewrite = (struct plan_rewrite){
        .path = PLAN_PATH_WHOLE, .to = STR_INIT("/x"), .authority = STR_INIT("b")};
    holds(GET("/movies/7"), "weight 90 of 100");
    holds(GET("/movies/7"), "12.5 % of what has the baseline movies/v3");
    holds(GET("/movies/7"),
          "  the path becomes /x\n  Host becomes b\n"
          "  header x-env is set to dark on all copies\n"
          "  header Authorization is added: (hidden) on copies to the candidate\n");
}

static void many_rules_are_told_in_few_lines(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        made_match(&made, add_rule("r", "a.yaml:1", NULL))->path =
            made_text(&made, PLAN_EXACT, "/a");
    holds(GET("/"), "  and 980 more rules that do not fit\n");
    assert_in_range(out.len, 100, 4096);
}

static void hostile_bytes_are_escaped(void **state)
{
    struct plan_rule *rule = add_rule("a\033[31m\nb", "x\ny:1", NULL);
    const char *p;

    (void)state;
    made_field(&made, &made_match(&made, rule)->headers, "x\r", PLAN_EXACT, "\033]0;\a");
    explain("GET /\x1b[2J\xff HTTP/1.1\r\nHost: \xe2\x80\xae\x9b\r\n\r\n");
    for (p = out.data; *p; p++)
        assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
    assert_null(strstr(out.data, "\xe2\x80\xae"));
    assert_null(strstr(out.data, "\x9b"));
    assert_non_null(strstr(out.data, "\"a\\x1B[31m\\nb\""));
}

static void a_secret_of_the_request_is_not_shown(void **state)
{
    struct plan_match *m = made_match(&made, add_rule("r", "a.yaml:1", NULL));

    (void)state;
    made_field(&made, &m->headers, "authorization", PLAN_PREFIX, "Basic");
    holds_not("GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n\r\n", "Bearer");
    holds("GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n\r\n",
          "header authorization must begin with Basic, and is another\n");
}

static void without_memory_it_fails(void **state)
{
    struct plan_request r;

    (void)state;
    movies();
    assert_true(plan_request_of_head(&r, STR(GET("/movies/7"))));
    for (uint64_t n = 1; n < 1000; n++) {
        struct err e = {0};
        uint64_t count;
        int rc;

        buf_release(&out);
        buf_init(&out, 1024 * 1024);
        mem_fail_at(n, MEM_FAIL_ONCE);
        rc = plan_explain(&made.plan, &r, &out, &e);
        count = mem_count();
        mem_fail_at(0, MEM_FAIL_NEVER);
        if (count < n) {
            assert_int_equal(rc, 0);
            return;
        }
        assert_int_equal(rc, -1);
        assert_int_equal(e.kind, ERR_NOMEM);
    }
    fail_msg("it never had enough");
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(it_says_which_rule_decides_and_what_the_others_lack),
        test(where_nothing_fits_all_that_was_asked_is_told),
        test(a_host_that_nobody_has_is_told),
        test(each_part_has_its_words),
        test(what_cannot_be_known_is_told),
        test(an_expression_at_its_limits_is_told),
        test(an_expression_that_is_wrong_fits_nothing),
        test(why_nothing_is_sent_is_told),
        test(an_overlay_is_told_beside_the_share),
        test(weights_and_changes_are_told),
        test(many_rules_are_told_in_few_lines),
        test(hostile_bytes_are_escaped),
        test(a_secret_of_the_request_is_not_shown),
        test(without_memory_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The whole stage, run by a plan, against servers in this process. */
#include "replay/regex.h"
#include "tests/support/made_plan.h"
#include "tests/support/replay_run.h"

enum { V3 = 2, CONTROL_OF_TWO = 3 };

static struct server *serve(void)
{
    return server_start(AF_INET, NULL, NULL, 0);
}

static struct run *plan_run(struct made *m, unsigned n, struct exchange *(*make)(unsigned i))
{
    struct replay_config config = usual(NULL, NULL);
    struct run *r;

    config.n_candidates = 0;
    config.plan = &m->plan;
    r = run_new(config, n, GET("/"));
    r->make = make;
    return r;
}

static bool has(struct server *s, const char *text)
{
    return strstr(server_log(s), text) != NULL;
}

static void assert_has(struct server *s, const char *text)
{
    if (!has(s, text))
        fail_msg("no \"%s\" in \"%s\"", text, server_log(s));
}

static void assert_got(struct server *s, unsigned n)
{
    assert_int_equal(server_requests(s), n);
}

static uint64_t off(const struct run *r, unsigned role)
{
    return r->targets[role].outcomes[OUTCOME_OFF];
}

/* Half of them for /a, half for /b; of connections of their own, and keys "k0", ... */
static struct exchange *a_and_b(unsigned i)
{
    char head[128];

    snprintf(head, sizeof head,
             "GET /%c/x?q=1 HTTP/1.1\r\nHost: movies:80\r\nX-Request-Id: k%u\r\n\r\n",
             i % 2 ? 'b' : 'a', i);
    return exchange_from(head, "");
}

/* ---- roles ----------------------------------------------------------------------------- */

static void each_rule_sends_to_its_own_places(void **state)
{
    struct server *a1 = serve(), *a2 = serve(), *b1 = serve(), *b2 = serve(), *b3 = serve();
    struct made m = {0};
    struct plan_rule *a = made_rule(&m, "/a"), *b = made_rule(&m, "/b");
    struct run *r;

    (void)state;
    made_baseline(&m, a, made_destination(&m, "a/v1", server_url(a1)), 1);
    made_candidate(&m, a, made_destination(&m, "a/v2", server_url(a2)), PLAN_MILLION);
    made_baseline(&m, b, made_destination(&m, "b/v1", server_url(b1)), 1);
    made_candidate(&m, b, made_destination(&m, "b/v2", server_url(b2)), PLAN_MILLION);
    made_candidate(&m, b, made_destination(&m, "b/v3", server_url(b3)), PLAN_MILLION);
    r = plan_run(&m, 40, a_and_b);
    go_well(r);
    assert_int_equal(r->stats.n_targets, 4);
    assert_int_equal(r->stats.paired, 40); /* whoever is off is not missing */
    assert_int_equal(r->targets[V1].answered, 40);
    assert_int_equal(r->targets[V2].answered, 40);
    assert_int_equal(r->targets[V3].answered, 20);
    assert_int_equal(off(r, V3), 20);
    assert_int_equal(r->targets[CONTROL_OF_TWO].answered, 40);
    assert_got(a1, 40);
    assert_got(a2, 20);
    assert_got(b1, 40);
    assert_got(b2, 20);
    assert_got(b3, 20);
    assert_false(has(a1, "/b/") || has(a2, "/b/") || has(b1, "/a/") || has(b3, "/a/"));
    forget(r);
    server_stop(a1);
    server_stop(a2);
    server_stop(b1);
    server_stop(b2);
    server_stop(b3);
}

/* 15 and 19 of config.md, 4: what each was chosen for is in `chosen`, by number. */
static void draw(struct made *m, unsigned threads, uint8_t chosen[1000])
{
    struct run *r = plan_run(m, 1000, a_and_b);

    r->config.threads = threads;
    go_well(r);
    memset(chosen, 0, 1000);
    for (unsigned i = 0; i < r->n_pairs; i++) {
        const struct pair *p = r->pairs[i];

        for (unsigned t = 0; t < p->n_calls; t++) {
            if (p->calls[t].outcome == OUTCOME_ANSWERED)
                chosen[p->exchange->ordinal - 1] |= (uint8_t)(1u << t);
            else
                assert_int_equal(p->calls[t].outcome, OUTCOME_OFF);
        }
    }
    forget(r);
}

static void the_draw_is_the_same_with_any_number_of_threads_and_nested(void **state)
{
    struct server *s = serve();
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, NULL);
    uint8_t one[1000], eight[1000], more[1000];
    unsigned n[2] = {0};

    (void)state;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(s)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/v2", server_url(s)), 50000);
    made_candidate(&m, rule, made_destination(&m, "m/v3", server_url(s)), 100000);
    draw(&m, 1, one);
    draw(&m, 8, eight);
    assert_memory_equal(one, eight, sizeof one);
    rule->candidates->ppm = 100000;
    rule->candidates->next->ppm = 200000;
    draw(&m, 8, more);
    for (unsigned i = 0; i < 1000; i++) {
        bool v2 = one[i] & 1 << V2, v3 = one[i] & 1 << V3;

        n[0] += v2;
        n[1] += v3;
        assert_true(v3 || !v2);
        assert_int_equal(one[i] & ~more[i], 0);
        assert_int_equal(v3, (more[i] & 1 << V2) != 0); /* 10 % are 10 % */
    }
    assert_in_range(n[0], 1, n[1] - 1);
    server_stop(s);
}

static void weights_choose_alike_in_every_run(void **state)
{
    struct server *nine = serve(), *one = serve(), *never = serve(), *v2 = serve();
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, NULL);
    unsigned first[2];

    (void)state;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(nine)), 90);
    made_baseline(&m, rule, made_destination(&m, "m/v0", server_url(one)), 10);
    made_baseline(&m, rule, made_destination(&m, "m/old", server_url(never)), 0);
    made_candidate(&m, rule, made_destination(&m, "m/v2", server_url(v2)), PLAN_MILLION);
    for (unsigned pass = 0; pass < 2; pass++) {
        struct run *r = plan_run(&m, 500, a_and_b);

        r->config.threads = pass ? 8 : 1;
        r->config.control = CONTROL_NONE;
        go_well(r);
        first[pass] = server_requests(nine);
        assert_int_equal(r->targets[V1].answered, 500);
        forget(r);
    }
    assert_int_equal(first[1], 2 * first[0]);
    assert_in_range(first[0], 450 - 33, 450 + 33);
    assert_got(one, 1000 - first[1]);
    assert_got(never, 0);
    server_stop(nine);
    server_stop(one);
    server_stop(never);
    server_stop(v2);
}

static void with_a_recorded_baseline_only_candidates_are_called(void **state)
{
    struct server *v1 = serve(), *v2 = serve();
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, NULL);
    struct run *r;

    (void)state;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(v1)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/v2", server_url(v2)), PLAN_MILLION);
    r = plan_run(&m, 10, a_and_b);
    r->config.baseline = BASELINE_RECORDED;
    r->config.control = CONTROL_NONE;
    go_well(r);
    assert_int_equal(r->stats.n_targets, 1);
    assert_string_equal(r->targets[0].name, "v2");
    assert_int_equal(r->stats.paired, 10);
    assert_got(v1, 0);
    assert_got(v2, 10);
    forget(r);
    server_stop(v1);
    server_stop(v2);
}

/* ---- what is not sent -------------------------------------------------------------------- */

static struct exchange *of_all_kinds(unsigned i)
{
    static const char *const heads[] = {
        GET("/mirrored"),
        "POST /mirrored HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\n\r\n",
        GET("/denied"),
        "POST /denied HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\n\r\n",
        GET("/off"),
        GET("/redirected"),
        GET("/unknowable"),
        GET("/unknowable/2"),
        "GET /mirrored HTTP/1.1\r\nHost: movies\r\nX-Mirrorctl: 1\r\n\r\n",
        "GET /mirrored HTTP/1.1\r\nHost: movies-shadow:80\r\n\r\n",
    };

    return exchange_from(heads[i], "");
}

/* 20, 31, 56 and 58 of config.md, 4. */
static void what_is_not_mirrored_counts_under_its_reason(void **state)
{
    struct server *s = serve();
    struct made m = {0};
    struct plan_rule *mirrored = made_rule(&m, "/mirrored"), *denied = made_rule(&m, "/denied");
    struct plan_rule *is_off = made_rule(&m, "/off"), *redirected = made_rule(&m, "/redirected");
    struct plan_rule *unknowable = made_rule(&m, "/unknowable");
    const struct plan_destination *v1 = made_destination(&m, "m/v1", server_url(s));
    const struct plan_destination *v2 = made_destination(&m, "m/v2", server_url(s));
    struct run *r;

    (void)state;
    made_baseline(&m, mirrored, v1, 1);
    made_candidate(&m, mirrored, v2, PLAN_MILLION);
    denied->action = PLAN_DENY;
    made_baseline(&m, is_off, v1, 1);
    made_candidate(&m, is_off, v2, 0);
    redirected->action = PLAN_REDIRECT;
    unknowable->matches->unknowable = "sourceLabels";
    made_baseline(&m, unknowable, v1, 1);
    made_candidate(&m, unknowable, v2, PLAN_MILLION);
    r = plan_run(&m, 10, of_all_kinds);
    r->config.skip = (const char *const[]){"/unknowable/2"};
    r->config.n_skip = 1;
    go_well(r);
    assert_int_equal(r->stats.selected, 1);
    assert_int_equal(r->stats.method, 1);
    assert_int_equal(r->stats.no_mirror, 3);
    assert_int_equal(r->stats.redirect, 1);
    assert_int_equal(r->stats.undecided, 2);
    assert_int_equal(r->stats.loop, 2);
    assert_int_equal(r->stats.no_rule, 0);
    assert_got(s, 3);
    forget(r);

    unknowable->matches->unknowable = NULL;
    m.plan.rules = unknowable;
    r = plan_run(&m, 10, of_all_kinds);
    r->config.skip = (const char *const[]){"/unknowable/2"};
    r->config.n_skip = 1;
    go_well(r);
    assert_int_equal(r->stats.selected, 1);
    assert_int_equal(r->stats.skipped, 1);
    assert_int_equal(r->stats.no_rule, 7); /* six that no rule fits, and one that was skipped */
    forget(r);
    server_stop(s);
}

static void an_overlay_and_the_command_line_replace_shares(void **state)
{
    struct server *s = serve();
    struct made m = {0};
    struct plan_rule *overlay = made_rule(&m, "/a"), *rule = made_rule(&m, NULL);
    struct run *r;

    (void)state;
    overlay->action = PLAN_PERCENT;
    overlay->ppm = PLAN_MILLION;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(s)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/off", server_url(s)), 0);
    made_candidate(&m, rule, made_destination(&m, "m/v3", server_url(s)), 1);
    r = plan_run(&m, 100, a_and_b);
    go_well(r);
    assert_int_equal(r->stats.eligible, 100);
    assert_int_equal(r->targets[V3].answered, 50);
    assert_int_equal(off(r, V2), 50);
    forget(r);

    r = plan_run(&m, 100, a_and_b);
    r->config.ppm = PLAN_MILLION;
    r->config.ppm_said = true;
    go_well(r);
    assert_int_equal(r->targets[V3].answered, 100);
    assert_int_equal(off(r, V2), 100);
    forget(r);

    r = plan_run(&m, 100, a_and_b);
    r->config.ppm = 0;
    r->config.ppm_said = true;
    go_well(r);
    assert_int_equal(r->stats.eligible, 100);
    assert_int_equal(r->stats.sampled_out, 100);
    forget(r);
    server_stop(s);
}

static struct exchange *larger_and_larger(unsigned i)
{
    char head[64];

    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: m\r\nContent-Length: %u\r\n\r\n", i);
    return exchange_from(head, &"ab"[2 - i]);
}

static void limits_of_a_configuration_hold(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_HOLD}, {DO_CLOSE}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, NULL);
    struct run *r;

    (void)state;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(s)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/v2", server_url(s)), PLAN_MILLION);
    r = plan_run(&m, 3, larger_and_larger);
    r->config.max_request = 1;
    r->config.dry_run = true;
    go_well(r);
    assert_int_equal(r->stats.limit, 1);
    assert_int_equal(r->stats.selected, 2);
    forget(r);

    r = plan_run(&m, 10, a_and_b);
    r->config.pace = PACE_RATE;
    r->config.rate = 1e6;
    r->config.concurrency = 1;
    r->config.queue = 3;
    r->config.timeout_ns = 100 * NS_PER_MS;
    go_well(r);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_QUEUE], 6);
    assert_int_equal(r->targets[V2].outcomes[OUTCOME_TIMEOUT], 4);
    forget(r);
    server_stop(s);
}

/* A dry run is not one that was meant for nobody: nothing of it is paired. */
static void a_dry_run_chooses_and_sends_nothing(void **state)
{
    struct server *s = serve();
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, NULL);
    struct run *r;

    (void)state;
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(s)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/v2", server_url(s)), 200000);
    r = plan_run(&m, 1000, a_and_b);
    r->config.dry_run = true;
    go_well(r);
    assert_in_range(r->stats.selected, 150, 250);
    assert_int_equal(r->stats.unpaired, r->stats.selected);
    assert_int_equal(off(r, V1), r->stats.selected);
    assert_got(s, 0);
    forget(r);
    server_stop(s);
}

/* ---- what is changed --------------------------------------------------------------------- */

struct changed {
    struct server *v1, *v2;
    struct made m;
    struct plan_rule *rule;
};

static void changed_init(struct changed *c, const char *prefix)
{
    *c = (struct changed){.v1 = serve(), .v2 = serve()};
    c->rule = made_rule(&c->m, prefix);
    made_baseline(&c->m, c->rule, made_destination(&c->m, "m/v1", server_url(c->v1)), 1);
    made_candidate(&c->m, c->rule, made_destination(&c->m, "m/v2", server_url(c->v2)),
                   PLAN_MILLION);
}

static void changed_end(struct changed *c)
{
    server_stop(c->v1);
    server_stop(c->v2);
}

static void go_once(struct changed *c, const struct replay_config *asked)
{
    struct run *r = plan_run(&c->m, 1, a_and_b);

    r->config.host = asked->host;
    r->config.host_said = asked->host_said;
    r->config.fields = asked->fields;
    r->config.n_fields = asked->n_fields;
    go_well(r);
    assert_int_equal(r->stats.paired, 1);
    forget(r);
}

static const struct replay_config nothing;

static void a_rule_writes_another_path(void **state)
{
    static const struct {
        struct plan_rewrite rewrite;
        const char *prefix, *sent;
    } rows[] = {
        {{PLAN_PATH_PREFIX, .to = STR_INIT("/new")}, "/a", "GET /new/x?q=1 HTTP/1.1\r\n"},
        {{PLAN_PATH_PREFIX, .to = STR_INIT("/")}, "/a/", "GET /x?q=1 HTTP/1.1\r\n"},
        {{PLAN_PATH_PREFIX, .to = STR_INIT("/new")}, NULL, "GET /newa/x?q=1 HTTP/1.1\r\n"},
        {{PLAN_PATH_PREFIX, .segments = true, .to = STR_INIT("/new/")},
         "/a",
         "GET /new/x?q=1 HTTP/1.1\r\n"},
        {{PLAN_PATH_WHOLE, .to = STR_INIT("/all")}, "/a", "GET /all?q=1 HTTP/1.1\r\n"},
        {{PLAN_PATH_WHOLE, .to = STR_INIT("all")}, "/a", "GET /all?q=1 HTTP/1.1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct changed c;

        changed_init(&c, rows[i].prefix);
        c.rule->rewrite = rows[i].rewrite;
        go_once(&c, &nothing);
        assert_has(c.v1, rows[i].sent);
        assert_has(c.v2, rows[i].sent);
        changed_end(&c);
    }
}

static void a_rule_writes_a_path_by_the_groups_of_a_pattern(void **state)
{
    struct plan_text pattern = {.how = PLAN_REGEX, .text = STR("/(\\w+)/(\\w+)")};
    enum regex_fault fault;
    struct changed c;
    size_t at;

    (void)state;
    pattern.regex = regex_new(pattern.text, &fault, &at, NULL);
    assert_non_null(pattern.regex);
    changed_init(&c, "/a");
    c.rule->rewrite =
        (struct plan_rewrite){PLAN_PATH_REGEX, .to = STR("/\\2/\\1"), .pattern = &pattern};
    go_once(&c, &nothing);
    assert_has(c.v2, "GET /x/a?q=1 HTTP/1.1\r\n");
    changed_end(&c);
    regex_free(pattern.regex);
}

static void the_path_of_a_url_stands_before_that_of_a_rule(void **state)
{
    struct server *s = serve();
    struct made m = {0};
    struct plan_rule *rule = made_rule(&m, "/a");
    char url[128];
    struct run *r;

    (void)state;
    snprintf(url, sizeof url, "%s/base", server_url(s));
    made_baseline(&m, rule, made_destination(&m, "m/v1", server_url(s)), 1);
    made_candidate(&m, rule, made_destination(&m, "m/v2", url), PLAN_MILLION);
    rule->rewrite = (struct plan_rewrite){PLAN_PATH_PREFIX, .to = STR("/new")};
    r = plan_run(&m, 1, a_and_b);
    go_well(r);
    assert_has(s, "GET /base/new/x?q=1 HTTP/1.1\r\n");
    assert_has(s, "GET /new/x?q=1 HTTP/1.1\r\n");
    forget(r);
    server_stop(s);
}

static void fields_change_by_rule_by_arrow_and_by_command_line(void **state)
{
    static const struct replay_field asked[] = {
        {.text = STR_INIT("X-Ours: 1")},
        {.text = STR_INIT("X-Gone"), .remove = true},
    };
    const struct replay_config config = {.fields = asked, .n_fields = 2};
    struct changed c;

    (void)state;
    changed_init(&c, "/a");
    made_change(&c.m, &c.rule->changes, PLAN_ADD, "X-Added", "1");
    made_change(&c.m, &c.rule->changes, PLAN_SET, "X-Rule", "1");
    made_change(&c.m, &c.rule->changes, PLAN_SET, "X-Ours", "rule");
    made_change(&c.m, &c.rule->changes, PLAN_SET, "X-Gone", "rule");
    made_change(&c.m, &c.rule->changes, PLAN_REMOVE, "X-Request-Id", "");
    made_change(&c.m, &c.rule->candidates->changes, PLAN_SET, "x-rule", "2");
    made_change(&c.m, &c.rule->candidates->changes, PLAN_ADD, "X-Added", "2");
    go_once(&c, &config);
    assert_has(c.v1,
               "Host: movies:80\r\nX-Rule: 1\r\nX-Ours: 1\r\nX-Added: 1\r\nX-Mirrorctl: 1\r\n\r\n");
    assert_has(c.v2, "Host: movies:80\r\nx-rule: 2\r\nX-Ours: 1\r\nX-Added: 1\r\nX-Added: "
                     "2\r\nX-Mirrorctl: 1\r\n\r\n");
    changed_end(&c);
}

/* Mirror's own `headers`: they go before what rules of any file say, the command line
 * before them. */
static void fields_of_the_whole_plan_stand_between(void **state)
{
    static const struct replay_field asked[] = {{.text = STR_INIT("X-Ours: 1")}};
    const struct replay_config config = {.fields = asked, .n_fields = 1};
    struct changed c;

    (void)state;
    changed_init(&c, "/a");
    made_change(&c.m, &c.rule->candidates->changes, PLAN_SET, "X-Plan", "arrow");
    made_change(&c.m, &c.m.plan.settings.changes, PLAN_SET, "X-Plan", "plan");
    made_change(&c.m, &c.m.plan.settings.changes, PLAN_SET, "X-Ours", "plan");
    made_change(&c.m, &c.m.plan.settings.changes, PLAN_REMOVE, "X-Request-Id", "");
    go_once(&c, &config);
    assert_has(c.v1, "Host: movies:80\r\nX-Plan: plan\r\nX-Ours: 1\r\nX-Mirrorctl: 1\r\n\r\n");
    assert_has(c.v2, "Host: movies:80\r\nX-Plan: plan\r\nX-Ours: 1\r\nX-Mirrorctl: 1\r\n\r\n");
    changed_end(&c);
}

static void an_authority_of_a_rule_is_host_unless_the_command_line_says(void **state)
{
    const struct replay_config keep = {.host_said = true}, shadow = {.host = HOST_SHADOW};
    struct changed c;

    (void)state;
    changed_init(&c, "/a");
    c.rule->rewrite.authority = STR("other.example");
    go_once(&c, &nothing);
    assert_has(c.v2, "Host: other.example\r\n");
    assert_false(has(c.v2, "Host: movies:80\r\n"));
    go_once(&c, &keep);
    assert_has(c.v2, "Host: movies:80\r\n");
    go_once(&c, &shadow);
    assert_has(c.v2, "Host: movies-shadow:80\r\n");
    made_change(&c.m, &c.rule->candidates->changes, PLAN_SET, "host", "arrow.example");
    go_once(&c, &nothing);
    assert_has(c.v2, "Host: arrow.example\r\n");
    assert_false(has(c.v1, "arrow.example"));
    changed_end(&c);
}

/* ---- time --------------------------------------------------------------------------------- */

static void let_go_after_a(struct run *r, const struct pair *p)
{
    if (str_starts(p->exchange->request.head, STR("GET /a")))
        server_let_go(r->server);
}

/* Those of /b begin first and may last; those of /a are given up, and only then does
 * the server answer. */
static struct exchange *b_then_a(unsigned i)
{
    return a_and_b(i < 4 ? 1 : 0);
}

static void each_rule_has_a_timeout_of_its_own(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_HOLD},
                                                        {DO_SAY, "HTTP/1.1 200 OK\r\n"
                                                                 "Content-Length: 0\r\n\r\n"}}};
    struct server *s = server_start(AF_INET, NULL, &script, 1);
    struct made m = {0};
    struct plan_rule *a = made_rule(&m, "/a"), *b = made_rule(&m, "/b");
    const struct plan_destination *v1 = made_destination(&m, "m/v1", server_url(s));
    const struct plan_destination *v2 = made_destination(&m, "m/v2", server_url(s));
    struct run *r;

    (void)state;
    made_baseline(&m, a, v1, 1);
    made_candidate(&m, a, v2, PLAN_MILLION);
    made_baseline(&m, b, v1, 1);
    made_candidate(&m, b, v2, PLAN_MILLION);
    a->timeout_ns = 50 * NS_PER_MS;
    b->timeout_ns = INT64_C(3600) * NS_PER_SEC; /* the run's is shorter */
    r = plan_run(&m, 5, b_then_a);
    r->server = s;
    r->watch = let_go_after_a;
    r->config.threads = 1;
    r->config.control = CONTROL_NONE;
    r->config.concurrency = 8;
    go_well(r);
    for (unsigned t = V1; t <= V2; t++) {
        assert_int_equal(r->targets[t].outcomes[OUTCOME_TIMEOUT], 1);
        assert_int_equal(r->targets[t].answered, 4);
    }
    assert_true(str_starts(r->pairs[0]->exchange->request.head, STR("GET /a")));
    forget(r);
    server_stop(s);
}

/* ---- several addresses ---------------------------------------------------------------------- */

/* All of one recorded connection. */
static struct exchange *of_one_connection(unsigned i)
{
    struct exchange *x = a_and_b(i);

    x->connection = 1;
    return x;
}

struct spread {
    struct server *v1, *one, *other;
    struct made m;
};

static void spread_init(struct spread *s)
{
    struct plan_rule *rule;
    struct plan_destination *v2;

    *s = (struct spread){.v1 = serve(), .one = serve(), .other = serve()};
    rule = made_rule(&s->m, NULL);
    made_baseline(&s->m, rule, made_destination(&s->m, "m/v1", server_url(s->v1)), 1);
    v2 = made_destination(&s->m, "m/v2", server_url(s->one));
    made_address(&s->m, v2, server_url(s->other));
    made_candidate(&s->m, rule, v2, PLAN_MILLION);
}

static void spread_end(struct spread *s)
{
    server_stop(s->v1);
    server_stop(s->one);
    server_stop(s->other);
}

static void several_addresses_share_the_requests_alike_in_every_run(void **state)
{
    struct spread s;
    unsigned one, other;

    (void)state;
    spread_init(&s);
    for (unsigned pass = 1; pass <= 2; pass++) {
        struct run *r = plan_run(&s.m, 200, a_and_b);

        r->config.threads = pass == 1 ? 1 : 8;
        go_well(r);
        assert_int_equal(r->stats.n_targets, 3);
        assert_int_equal(r->targets[V2].answered, 200);
        assert_int_equal(r->targets[V2].connections + r->targets[V2].reused, 200);
        if (pass == 1) {
            one = server_requests(s.one);
            other = server_requests(s.other);
            assert_in_range(one, 60, 140);
        }
        assert_got(s.one, pass * one);
        assert_got(s.other, pass * other);
        forget(r);
    }
    spread_end(&s);
}

static int by_ordinal(const void *a, const void *b)
{
    const struct pair *const *p = a, *const *q = b;

    return ((*p)->exchange->ordinal > (*q)->exchange->ordinal) -
           ((*p)->exchange->ordinal < (*q)->exchange->ordinal);
}

static void turns_are_taken_across_addresses(void **state)
{
    static const bool own[] = {false, true};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct spread s;
        struct run *r;

        spread_init(&s);
        r = plan_run(&s.m, 100, of_one_connection);
        r->config.own_connections = own[k];
        go_well(r);
        assert_int_equal(r->stats.paired, 100);
        qsort(r->pairs, r->n_pairs, sizeof *r->pairs, by_ordinal);
        for (unsigned t = 0; t < 3; t++) {
            for (unsigned i = 1; i < r->n_pairs; i++)
                assert_true(r->pairs[i]->calls[t].sent_ns >= r->pairs[i - 1]->calls[t].done_ns);
        }
        assert_true(server_requests(s.one) > 20 && server_requests(s.other) > 20);
        assert_int_equal(server_connections(s.one), 1); /* one at a time needs no more */
        assert_int_equal(server_connections(s.other), 1);
        forget(r);
        spread_end(&s);
    }
}

/* They wait behind each other in two lanes; all of them come out. */
static void a_stop_finds_all_that_wait_for_a_turn(void **state)
{
    const struct server_script script = {"*", .steps = {{DO_HOLD}, {DO_CLOSE}}};
    struct server *held = server_start(AF_INET, NULL, &script, 1);
    struct spread s;

    (void)state;
    for (unsigned stops = 1; stops <= 2; stops++) {
        struct run *r;

        spread_init(&s);
        made_address(&s.m, &s.m.destinations[1], server_url(held));
        r = plan_run(&s.m, 300, of_one_connection);
        r->config.pace = PACE_RATE;
        r->config.rate = 1e6;
        r->config.timeout_ns = 200 * NS_PER_MS;
        r->stop_at = 1;
        r->stops = stops;
        go(r);
        assert_true(r->targets[V2].outcomes[OUTCOME_STOPPED] > 0);
        forget(r);
        spread_end(&s);
    }
    server_stop(held);
}

static char told[256];

static void keep_first(void *ctx, const struct replay_breaker_change *change)
{
    (void)ctx;
    if (change->state == BREAKER_OPEN && !*told)
        snprintf(told, sizeof told, "%s", change->target);
}

/* 59 of config.md, 4. */
static void an_address_that_is_dead_is_left_alone_by_itself(void **state)
{
    struct spread s;
    char url[64], name[96];
    int refused = server_refuse(url, sizeof url);
    struct run *r;

    (void)state;
    *told = '\0';
    spread_init(&s);
    made_address(&s.m, &s.m.destinations[1], url);
    snprintf(name, sizeof name, "v2 at %s", url + strlen("http://"));
    r = plan_run(&s.m, 600, a_and_b);
    r->config.threads = 1;
    r->config.max_error_ppm = 500000;
    r->config.breaker = keep_first;
    go_well(r);
    assert_string_equal(told, name);
    assert_int_equal(r->targets[V2].breaker_opened, 1);
    assert_int_equal(r->targets[V1].answered, 600);
    assert_int_equal(r->targets[V2].answered, server_requests(s.one) + server_requests(s.other));
    assert_in_range(r->targets[V2].answered, 330, 470);
    assert_true(r->targets[V2].outcomes[OUTCOME_BREAKER] > 100);
    forget(r);
    spread_end(&s);
    server_unrefuse(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_rule_sends_to_its_own_places),
        TEST(the_draw_is_the_same_with_any_number_of_threads_and_nested),
        TEST(weights_choose_alike_in_every_run),
        TEST(with_a_recorded_baseline_only_candidates_are_called),
        TEST(what_is_not_mirrored_counts_under_its_reason),
        TEST(an_overlay_and_the_command_line_replace_shares),
        TEST(limits_of_a_configuration_hold),
        TEST(a_dry_run_chooses_and_sends_nothing),
        TEST(a_rule_writes_another_path),
        TEST(a_rule_writes_a_path_by_the_groups_of_a_pattern),
        TEST(the_path_of_a_url_stands_before_that_of_a_rule),
        TEST(fields_change_by_rule_by_arrow_and_by_command_line),
        TEST(fields_of_the_whole_plan_stand_between),
        TEST(an_authority_of_a_rule_is_host_unless_the_command_line_says),
        TEST(each_rule_has_a_timeout_of_its_own),
        TEST(several_addresses_share_the_requests_alike_in_every_run),
        TEST(turns_are_taken_across_addresses),
        TEST(a_stop_finds_all_that_wait_for_a_turn),
        TEST(an_address_that_is_dead_is_left_alone_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

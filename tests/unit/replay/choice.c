/* Who a request goes to, of all that its rule names: without sending anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/choice.h"
#include "tests/support/made_plan.h"

enum { V1, V2, V3 };

/* A rule for everything, and what is chosen by it. */
struct chosen {
    struct made made;
    struct plan_rule *rule;
    struct replay_config config;
    struct routes routes;
    struct chooser chooser;
    struct choice choice;
};

static void init(struct chosen *c)
{
    *c =
        (struct chosen){.config = {.plan = &c->made.plan, .timeout_ns = 1000, .ppm = PLAN_MILLION}};
    c->rule = made_rule(&c->made, NULL);
}

static struct plan_arrow *baseline(struct chosen *c, const char *url, uint32_t weight)
{
    return made_baseline(&c->made, c->rule, made_destination(&c->made, url, url), weight);
}

static struct plan_arrow *candidate(struct chosen *c, const char *url, uint32_t ppm)
{
    return made_candidate(&c->made, c->rule, made_destination(&c->made, url, url), ppm);
}

static void open_it(struct chosen *c)
{
    struct err e = {0};

    if (routes_init(&c->routes, &c->config, &e) < 0)
        fail_msg("%s", e.text);
    chooser_init(&c->chooser, &c->routes, &c->config);
}

/* The key "k<number>", of which config.md, 3 knows the draws. */
static const struct choice *choose_for(struct chosen *c, unsigned number)
{
    const struct plan_decision d = {.answer = PLAN_SENT, .rule = c->rule};
    char key[16];

    snprintf(key, sizeof key, "k%u", number);
    choose(&c->chooser, &d, str_of(key), &c->choice);
    return &c->choice;
}

/* The URL that a role's call goes to, or "". */
static const char *place(const struct chosen *c, unsigned role)
{
    const struct way *way = c->choice.ways[role];

    return way ? c->routes.urls[way->lane].data : "";
}

static void candidates_have_shares_of_their_own_and_one_draw(void **state)
{
    unsigned ten = 0, twenty = 0, drawn = 0;
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", 100000);
    candidate(&c, "http://3", 200000);
    open_it(&c);
    for (unsigned i = 0; i < 10000; i++) {
        const struct choice *choice = choose_for(&c, i);

        ten += choice->ways[V2] != NULL;
        twenty += choice->ways[V3] != NULL;
        drawn += choice->drawn;
        assert_true(choice->meant);
        assert_true(!choice->ways[V2] || choice->ways[V3]); /* the one is inside the other */
        assert_int_equal(choice->ways[V1] != NULL, choice->drawn);
    }
    assert_int_equal(ten, 1024); /* config.md, 3 */
    assert_int_equal(twenty, 2031);
    assert_int_equal(drawn, 2031);
    routes_release(&c.routes);
}

static void all_or_nothing_is_exact(void **state)
{
    static const unsigned ns[] = {50, 1000, 10000};
    struct chosen c;

    (void)state;
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
        unsigned n = 0;

        init(&c);
        baseline(&c, "http://1", 1);
        candidate(&c, "http://2", PLAN_MILLION);
        candidate(&c, "http://3", 0);
        open_it(&c);
        for (unsigned k = 0; k < ns[i]; k++)
            n += choose_for(&c, k)->ways[V2] != NULL;
        assert_int_equal(n, ns[i]);
        assert_int_equal(c.routes.n_roles, 3); /* nobody is ever v3: there is a control */
        assert_string_equal(c.routes.roles[2].name, "control");
        routes_release(&c.routes);
    }
}

static void the_command_line_replaces_shares_but_not_what_is_off(void **state)
{
    unsigned n = 0;
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", 0);
    candidate(&c, "http://3", 5);
    c.config.ppm = 200000;
    c.config.ppm_said = true;
    open_it(&c);
    for (unsigned i = 0; i < 10000; i++) {
        assert_null(choose_for(&c, i)->ways[V2]);
        n += c.choice.ways[V3] != NULL;
    }
    assert_int_equal(n, 2031);
    c.chooser.shares.ppm = 0; /* none is drawn, and all could have been */
    assert_true(choose_for(&c, 1)->meant);
    assert_false(c.choice.drawn);
    routes_release(&c.routes);
}

/* 32 of config.md, 4. */
static void baselines_are_chosen_by_weight_and_apart_from_shares(void **state)
{
    unsigned first = 0, first_drawn = 0, drawn = 0;
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 90);
    baseline(&c, "http://11", 10);
    baseline(&c, "http://never", 0);
    candidate(&c, "http://2", 200000);
    open_it(&c);
    for (unsigned i = 0; i < 10000; i++) {
        char before[64];

        choose_for(&c, i);
        snprintf(before, sizeof before, "%s", place(&c, V1));
        choose_for(&c, i);
        assert_string_equal(place(&c, V1), before);
        drawn += c.choice.drawn;
        first_drawn += strcmp(before, "http://1") == 0;
        assert_string_not_equal(before, "http://never");
    }
    assert_int_equal(drawn, 2031);
    /* 90 % of 2031 is 1828; 1e-6 are 66 off. */
    assert_in_range(first_drawn, 1828 - 66, 1828 + 66);
    c.chooser.shares.ppm = PLAN_MILLION;
    c.chooser.replaces_shares = true;
    for (unsigned i = 0; i < 10000; i++) {
        choose_for(&c, i);
        first += strcmp(place(&c, V1), "http://1") == 0;
    }
    assert_in_range(first, 9000 - 150, 9000 + 150);
    routes_release(&c.routes);
}

static void weights_may_be_as_large_as_they_like(void **state)
{
    struct chosen c;
    unsigned first = 0;

    (void)state;
    init(&c);
    baseline(&c, "http://1", UINT32_MAX);
    baseline(&c, "http://11", UINT32_MAX);
    baseline(&c, "http://12", UINT32_MAX);
    candidate(&c, "http://2", PLAN_MILLION);
    open_it(&c);
    for (unsigned i = 0; i < 9000; i++) {
        choose_for(&c, i);
        first += strcmp(place(&c, V1), "http://1") == 0;
    }
    assert_in_range(first, 3000 - 220, 3000 + 220);
    routes_release(&c.routes);
}

static void one_baseline_is_used_whatever_its_weight(void **state)
{
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 0);
    candidate(&c, "http://2", PLAN_MILLION);
    open_it(&c);
    choose_for(&c, 1);
    assert_string_equal(place(&c, V1), "http://1");
    routes_release(&c.routes);
}

static void a_candidate_is_not_compared_with_itself(void **state)
{
    struct chosen c;
    struct plan_arrow *second;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    second = baseline(&c, "http://2", 1);
    made_candidate(&c.made, c.rule, second->to, PLAN_MILLION);
    open_it(&c);
    for (unsigned i = 0; i < 100; i++) {
        choose_for(&c, i);
        assert_int_equal(c.choice.meant, c.choice.drawn);
        assert_string_equal(place(&c, V1), c.choice.drawn ? "http://1" : "");
        assert_string_equal(place(&c, V2), c.choice.drawn ? "http://2" : "");
    }
    routes_release(&c.routes);
}

static void a_candidate_of_one_baseline_is_not_for_the_others(void **state)
{
    struct chosen c;
    struct plan_arrow *first, *second;
    unsigned n[2] = {0};

    (void)state;
    init(&c);
    first = baseline(&c, "http://1", 1);
    second = baseline(&c, "http://11", 1);
    candidate(&c, "http://2", PLAN_MILLION)->of = first;
    candidate(&c, "http://3", PLAN_MILLION)->of = second;
    open_it(&c);
    for (unsigned i = 0; i < 100; i++) {
        bool is_first;

        choose_for(&c, i);
        is_first = strcmp(place(&c, V1), "http://1") == 0;
        n[is_first]++;
        assert_string_equal(place(&c, V2), is_first ? "http://2" : "");
        assert_string_equal(place(&c, V3), is_first ? "" : "http://3");
    }
    assert_true(n[0] > 0 && n[1] > 0);
    routes_release(&c.routes);
}

/* 39 of config.md, 4. */
static void a_request_has_the_same_of_several_addresses_again(void **state)
{
    unsigned n[2] = {0};
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    made_address(&c.made, &c.made.destinations[0], "http://11");
    candidate(&c, "http://2", 100000);
    open_it(&c);
    for (unsigned i = 0; i < 10000; i++) {
        const char *once;

        choose_for(&c, i);
        if (!c.choice.drawn)
            continue;
        once = place(&c, V1);
        n[strcmp(once, "http://1") == 0]++;
        choose_for(&c, i);
        assert_ptr_equal(place(&c, V1), once);
        assert_string_equal(place(&c, V3), once); /* the control asks who was asked */
    }
    assert_in_range(n[0], 512 - 80, 512 + 80);
    assert_int_equal(n[0] + n[1], 1024);
    routes_release(&c.routes);
}

static void assert_refused(struct chosen *c, const char *why)
{
    struct err e = {0};

    assert_int_equal(routes_init(&c->routes, &c->config, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.text, why))
        fail_msg("\"%s\" does not say \"%s\"", e.text, why);
    routes_release(&c->routes);
}

static void what_cannot_be_sent_is_refused_and_told_where(void **state)
{
    struct plan_change changes[2] = {
        {.kind = PLAN_SET, .name = STR_INIT("Content-Length"), .value = STR_INIT("1")},
        {.kind = PLAN_SET, .name = STR_INIT("X"), .value = STR_INIT("a\r\nb")},
    };
    struct chosen c;

    (void)state;
    init(&c);
    candidate(&c, "http://2", PLAN_MILLION);
    assert_refused(&c, "movies.yaml:18: rule movies/0: there is no baseline");
    baseline(&c, "http://1", 1);
    made_candidate(&c.made, c.rule, made_destination(&c.made, "movies/v3", NULL), 1);
    assert_refused(&c, "no address is known for movies/v3");
    c.rule->candidates->next = NULL;
    c.rule->changes = &changes[0];
    assert_refused(&c, "rule movies/0: Content-Length frames the content");
    c.rule->changes = &changes[1];
    assert_refused(&c, "the value of X holds a control character");
    c.rule->changes = NULL;
    c.rule->rewrite = (struct plan_rewrite){.path = PLAN_PATH_WHOLE, .to = STR("/a b")};
    assert_refused(&c, "the path to write holds a blank");
    c.rule->rewrite = (struct plan_rewrite){.authority = STR("a\r\nb")};
    assert_refused(&c, "a name for Host");
    c.rule->rewrite = (struct plan_rewrite){0};
}

static void where_all_mirrors_are_off_there_is_a_v2_that_gets_nothing(void **state)
{
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", 0);
    open_it(&c);
    assert_int_equal(c.routes.n_roles, 3);
    assert_int_equal(c.routes.n_targets, 0);
    choose_for(&c, 1);
    assert_false(c.choice.meant);
    routes_release(&c.routes);
}

static void there_is_a_ceiling_for_addresses(void **state)
{
    static char urls[ROUTES_MAX_TARGETS][32];
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", PLAN_MILLION);
    c.config.control = CONTROL_NONE;
    for (unsigned i = 0; i < ROUTES_MAX_TARGETS - 2; i++) {
        snprintf(urls[i], sizeof urls[i], "http://2:%u", i + 1000);
        made_address(&c.made, &c.made.destinations[1], urls[i]);
    }
    open_it(&c);
    assert_int_equal(c.routes.n_targets, ROUTES_MAX_TARGETS);
    routes_release(&c.routes);
    made_address(&c.made, &c.made.destinations[1], "http://2:1");
    assert_refused(&c, "more than 256 addresses");
}

/* A live capture sees what is sent: the mark is what keeps copies out of it. */
static void what_must_be_marked_is_not_sent_unmarked(void **state)
{
    struct plan_change change = {.kind = PLAN_REMOVE, .name = STR_INIT("x-mirrorctl")};
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", PLAN_MILLION)->changes = &change;
    open_it(&c);
    routes_release(&c.routes);
    c.config.must_mark = true;
    assert_refused(&c, "movies.yaml:18: rule movies/0: E510");
    change.kind = PLAN_SET; /* whatever it says */
    open_it(&c);
    routes_release(&c.routes);
}

static void roles_of_a_plan_are_told_by_address_or_by_name(void **state)
{
    struct chosen c;

    (void)state;
    init(&c);
    baseline(&c, "http://1", 1);
    candidate(&c, "http://2", 1);
    made_address(&c.made, &c.made.destinations[1], "http://22");
    candidate(&c, "http://3", 1);
    c.rule = made_rule(&c.made, "/");
    baseline(&c, "http://1", 1);
    candidate(&c, "http://20", 1);
    made_candidate(&c.made, c.rule, &c.made.destinations[1], 1);
    open_it(&c);
    assert_int_equal(c.routes.roles[V1].n_targets, 1);
    assert_string_equal(c.routes.roles[V1].place.data, "http://1");
    assert_int_equal(c.routes.roles[V2].n_targets, 3);
    assert_string_equal(c.routes.roles[V2].place.data, "http://2 and 1 more");
    assert_int_equal(c.routes.roles[V3].n_targets, 3);
    assert_string_equal(routes_target_name(&c.routes, 0, NULL), "v1");
    routes_release(&c.routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_have_shares_of_their_own_and_one_draw),
        cmocka_unit_test(all_or_nothing_is_exact),
        cmocka_unit_test(the_command_line_replaces_shares_but_not_what_is_off),
        cmocka_unit_test(baselines_are_chosen_by_weight_and_apart_from_shares),
        cmocka_unit_test(weights_may_be_as_large_as_they_like),
        cmocka_unit_test(one_baseline_is_used_whatever_its_weight),
        cmocka_unit_test(a_candidate_is_not_compared_with_itself),
        cmocka_unit_test(a_candidate_of_one_baseline_is_not_for_the_others),
        cmocka_unit_test(a_request_has_the_same_of_several_addresses_again),
        cmocka_unit_test(what_cannot_be_sent_is_refused_and_told_where),
        cmocka_unit_test(where_all_mirrors_are_off_there_is_a_v2_that_gets_nothing),
        cmocka_unit_test(there_is_a_ceiling_for_addresses),
        cmocka_unit_test(what_must_be_marked_is_not_sent_unmarked),
        cmocka_unit_test(roles_of_a_plan_are_told_by_address_or_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

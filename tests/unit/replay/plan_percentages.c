/* The acceptance tests of configuration 1 to 16 and 19: how much is mirrored. The
 * number of each is in its name. */
#include "replay/select.h"
#include "tests/support/plan_text.h"

static void config_01_the_seeds_file_mirrors_all_to_v2(void **state)
{
    struct plan_text_run run;
    struct plan_input input = {.name = "movies-mirror.yaml"};
    char text[16 * 1024];
    FILE *in = fopen("samples/movies/movies-mirror.yaml", "r");
    const char *endpoints[] = {"movies-api-service/v1=http://127.0.0.1:3001",
                               "movies-api-service/v2=http://127.0.0.1:3002"};
    struct plan_options options = {
        .inputs = &input, .n_inputs = 1, .endpoints = endpoints, .n_endpoints = 2};

    (void)state;
    assert_non_null(in);
    input.text = str_from(text, fread(text, 1, sizeof text, in));
    fclose(in);
    diags_init(&run.diags);
    buf_init(&run.line, 1 << 20);
    run.plan = plan_read(&options, &run.diags, NULL);
    assert_non_null(run.plan);
    plan_text_write(&run);
    assert_string_equal(run.line.data, "movies-api-service:3000/v1 -> "
                                       "movies-api-service:3000/v2 at 1000000 | W202");
    plan_text_must_say(&run, "W202", "deprecated");
    assert_string_equal(run.plan->rules->name.data, "movies-api-vservice/0");
    assert_string_equal(run.plan->rules->source.data, "movies-mirror.yaml:36");
    plan_text_release(&run);
}

static void config_02_a_mirror_without_a_share_is_all(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M", "m/v1 -> m/v2 at 1000000"});
}

static void config_03_zero_is_off(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirrorPercentage: {value: 0}", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirrorPercentage: {value: 0.0}", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirror_percent: 0", "m/v1 -> m/v2 off | W202 N405"});
}

static void config_04_a_share_without_a_value_is_zero_and_null_is_absent(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirrorPercentage: {}", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirrorPercentage: {value: }", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirrorPercentage: {value: null}", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirrorPercentage: ", "m/v1 -> m/v2 at 1000000"},
                    {"R, M, mirror_percent: ~", "m/v1 -> m/v2 at 1000000"});
}

static void config_05_the_newer_share_beats_the_older(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirror_percent: 100, mirrorPercentage: {value: 10}",
                     "m/v1 -> m/v2 at 100000 | W407", "mirror_percent ignored"});
}

static void config_06_even_when_it_is_zero(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirror_percent: 100, mirrorPercentage: {value: 0}",
                     "m/v1 -> m/v2 off | W407 N405"});
}

static void config_07_one_field_under_both_its_names_is_an_error(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK(
        {"R, M, mirror_percent: 10, mirrorPercent: 10", "m/v1 -> m/v2 at 100000 | E104 W202",
         "are one field"},
        {"R, M, mirrorPercentage: {}, mirror_percentage: {}", "m/v1 -> m/v2 off | E104 N405"});
}

static void config_08_what_a_cluster_drops_is_warned_of(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirror_percentage: {value: 10}", "m/v1 -> m/v2 at 100000 | W201",
                     "a cluster drops this field and mirrors 100 %"},
                    {"R, M, direct_response: ", "m/v1 -> m/v2 at 1000000 | W201",
                     "a cluster drops this field"});
}

static void config_09_shares_are_from_0_to_100(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirror_percent: 101", "m/v1 | E405"},
                    {"R, M, mirror_percent: -1", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: 100.1}", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: -1}", "m/v1 | E405"},
                    {"R, M, mirror_percent: 100, mirrorPercentage: {value: 101}", "m/v1 | E405"},
                    {"R, M, mirror_percent: 101, mirrorPercentage: {value: 1}", "m/v1 | E405"});
}

static void config_10_the_older_share_is_a_plain_integer(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK(
        {"R, M, mirror_percent: 50.5", "m/v1 | E405", "mirrorPercentage: {value: 50.5}"},
        {"R, M, mirror_percent: \"50\"", "m/v1 -> m/v2 at 500000 | W211 W202", "quoted"},
        {"R, M, mirror_percent: 0x10", "m/v1 | E405"}, {"R, M, mirror_percent: 010", "m/v1 | E405"},
        {"R, M, mirror_percent: 5_0", "m/v1 | E405"}, {"R, M, mirror_percent: 50%", "m/v1 | E405"},
        {"R, M, mirror_percent: {value: 50}", "m/v1 | E401"});
}

static void config_11_the_newer_share_is_a_map_with_a_number(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirrorPercentage: 50", "m/v1 | E405", "{value: 50}"},
                    {"R, M, mirrorPercentage: {value: 50%}", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: .nan}", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: .inf}", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: 010}", "m/v1 | E405"},
                    {"R, M, mirrorPercentage: {value: [1]}", "m/v1 | E401"},
                    {"R, M, mirrorPercentage: {percent: 50}", "m/v1 -> m/v2 off | E201 N405"},
                    {"R, M, mirrorPercentage: {value: \"50\"}", "m/v1 -> m/v2 at 500000 | W211"});
}

static void config_12_shares_are_rounded_to_the_nearest_millionth(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirrorPercentage: {value: 0.01}", "m/v1 -> m/v2 at 100"},
                    {"R, M, mirrorPercentage: {value: 0.0001}", "m/v1 -> m/v2 at 1"},
                    {"R, M, mirrorPercentage: {value: 0.00001}", "m/v1 | E406", "0.0001 %"},
                    {"R, M, mirrorPercentage: {value: 1e-400}", "m/v1 | E406", "0.0001 %"},
                    {"R, M, mirrorPercentage: {value: 0.0e5}", "m/v1 -> m/v2 off | N405"},
                    {"R, M, mirrorPercentage: {value: 0.57}", "m/v1 -> m/v2 at 5700"},
                    {"R, M, mirrorPercentage: {value: 1e1}", "m/v1 -> m/v2 at 100000"},
                    {"R, M, mirrorPercentage: {value: 33.333333}", "m/v1 -> m/v2 at 333333"},
                    {"R, M, mirrorPercentage: {value: 100.0}", "m/v1 -> m/v2 at 1000000"});
}

static void config_12_all_percentages_of_two_decimals_are_exact(void **state)
{
    (void)state;
    for (unsigned hundredth = 0; hundredth <= 10000; hundredth++) {
        struct plan_text_run run;
        char http[200];

        snprintf(http, sizeof http, "[{R, M, mirrorPercentage: {value: %u.%02u}}]", hundredth / 100,
                 hundredth % 100);
        plan_text_read_http(&run, http);
        assert_int_equal(run.plan->rules->candidates->ppm, hundredth * 100);
        plan_text_release(&run);
    }
}

static void config_13_a_share_of_no_mirror_and_nothing_to_do(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, mirror_percent: 50", "m/v1 | W202 W404 E409", "nothing to mirror to"},
                    {"R, mirrorPercentage: {value: 50}", "m/v1 | W404 E409", "nothing to do"},
                    {"R", "m/v1 | E409", "nothing to do"});
}

static void config_14_a_share_inside_of_the_mirror_belongs_beside_it(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, mirror: {host: m, subset: v2, mirror_percent: 50}",
                     "m/v1 -> m/v2 at 1000000 | E201", "belongs beside `mirror`"},
                    {"R, mirror: {host: m, subset: v2, mirrorPercentage: {value: 1}}",
                     "m/v1 -> m/v2 at 1000000 | E201", "belongs beside `mirror`"});
}

/* What goes to v2 by 5 % goes to v3 by 10 %, since one draw serves both. */
static void config_15_the_mirrors_of_a_rule_are_nested(void **state)
{
    struct select five, ten;
    unsigned chosen = 0;

    (void)state;
    PLAN_TEXT_CHECK(
        {"R, mirrors: [{destination: {host: m, subset: v2}, percentage: {value: 5}}, "
         "{destination: {host: m, subset: v3}, percentage: {value: 10}}]",
         "m/v1 -> m/v2 at 50000, m/v3 at 100000"},
        {"R, mirrors: [{destination: {host: m, subset: v2}}]", "m/v1 -> m/v2 at 1000000"},
        {"R, mirrors: [{destination: {host: m, subset: v2}, percentage: 5}]", "m/v1 | E405"},
        {"R, mirrors: [{destination: {host: m, subset: v2}, authority: a.example, "
         "headers: {request: {set: {x: y}}}}]",
         "m/v1 -> m/v2 at 1000000 | W204 W204", "not in released Istio"});
    select_init(&five, NULL, 50000);
    select_init(&ten, NULL, 100000);
    for (unsigned i = 0; i < 10000; i++) {
        char key[16];
        struct str k;

        snprintf(key, sizeof key, "k%u", i);
        k = str_of(key);
        chosen += select_key(&five, k);
        assert_true(!select_key(&five, k) || select_key(&ten, k));
    }
    assert_in_range(chosen, 400, 600);
}

static void config_16_mirror_or_mirrors_each_with_a_destination(void **state)
{
    (void)state;
    PLAN_TEXT_CHECK({"R, M, mirrors: [{destination: {host: m, subset: v3}}]",
                     "m/v1 -> m/v2 at 1000000, m/v3 at 1000000 | E403"},
                    {"R, M, mirrors: []", "m/v1 -> m/v2 at 1000000"},
                    {"R, mirrors: []", "m/v1 | E409"},
                    {"R, mirrors: [{percentage: {value: 5}}]", "m/v1 | E202", "destination"},
                    {"R, mirrors: [null]", "m/v1 | E202", "destination"},
                    {"R, mirrors: {destination: {host: m}}", "m/v1 | E401"},
                    {"R, mirror: {subset: v2}", "m/v1 | E202", "host"},
                    {"R, mirror: {}", "m/v1 | E202", "host"});
}

static void config_16_there_are_at_most_eight_mirrors(void **state)
{
    char rule[2000];
    size_t n = (size_t)snprintf(rule, sizeof rule, "R, mirrors: [");

    (void)state;
    for (int i = 0; i < 9; i++)
        n += (size_t)snprintf(rule + n, sizeof rule - n, "%s{destination: {host: m, subset: v2}}",
                              i ? ", " : "");
    snprintf(rule + n, sizeof rule - n, "]");
    PLAN_TEXT_CHECK({rule, "m/v1 -> m/v2 at 1000000, m/v2 at 1000000, m/v2 at 1000000, "
                           "m/v2 at 1000000, m/v2 at 1000000, m/v2 at 1000000, m/v2 at 1000000, "
                           "m/v2 at 1000000 | E416"});
}

static void config_19_the_same_input_is_the_same_plan_and_20_holds_10(void **state)
{
    struct plan_text_run a, b;
    struct select ten, twenty;
    unsigned n = 0, m = 0;

    (void)state;
    plan_text_read_http(&a, "[{R, M, mirrorPercentage: {value: 10}}]");
    plan_text_read_http(&b, "[{R, M, mirrorPercentage: {value: 20}}]");
    select_init(&ten, NULL, a.plan->rules->candidates->ppm);
    select_init(&twenty, NULL, b.plan->rules->candidates->ppm);
    for (unsigned i = 0; i < 10000; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%u", i);
        n += select_key(&ten, str_of(key));
        m += select_key(&twenty, str_of(key));
        assert_true(!select_key(&ten, str_of(key)) || select_key(&twenty, str_of(key)));
    }
    assert_int_equal(n, 1024);
    assert_int_equal(m, 2031);
    plan_text_release(&a);
    plan_text_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_01_the_seeds_file_mirrors_all_to_v2),
        cmocka_unit_test(config_02_a_mirror_without_a_share_is_all),
        cmocka_unit_test(config_03_zero_is_off),
        cmocka_unit_test(config_04_a_share_without_a_value_is_zero_and_null_is_absent),
        cmocka_unit_test(config_05_the_newer_share_beats_the_older),
        cmocka_unit_test(config_06_even_when_it_is_zero),
        cmocka_unit_test(config_07_one_field_under_both_its_names_is_an_error),
        cmocka_unit_test(config_08_what_a_cluster_drops_is_warned_of),
        cmocka_unit_test(config_09_shares_are_from_0_to_100),
        cmocka_unit_test(config_10_the_older_share_is_a_plain_integer),
        cmocka_unit_test(config_11_the_newer_share_is_a_map_with_a_number),
        cmocka_unit_test(config_12_shares_are_rounded_to_the_nearest_millionth),
        cmocka_unit_test(config_12_all_percentages_of_two_decimals_are_exact),
        cmocka_unit_test(config_13_a_share_of_no_mirror_and_nothing_to_do),
        cmocka_unit_test(config_14_a_share_inside_of_the_mirror_belongs_beside_it),
        cmocka_unit_test(config_15_the_mirrors_of_a_rule_are_nested),
        cmocka_unit_test(config_16_mirror_or_mirrors_each_with_a_destination),
        cmocka_unit_test(config_16_there_are_at_most_eight_mirrors),
        cmocka_unit_test(config_19_the_same_input_is_the_same_plan_and_20_holds_10),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What one run teaches about v1's noise, and another makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/diff.h"
#include "tests/support/pairs.h"

#define META                                                                                     \
    "{\"targets\":{\"v1\":\"http://one.test\",\"v2\":\"http://two.test\"},\"control\":\"none\"," \
    "\"names\":[\"v1\",\"v2\"],\"started\":\"2026-11-22T20:10:00Z\"}"

enum { PAIRS = 400 };

/* In how many of the pairs v2 says another $.often, and another $.never. */
static struct {
    const char *target;
    size_t often, never;
} plan;

static struct pair *make(size_t i, struct err *e)
{
    struct pair *p = i < PAIRS ? pair_request(i + 1, plan.target, e) : NULL;
    char body[96];

    if (!p)
        return NULL;
    snprintf(body, sizeof body, "{\"id\":%zu,\"often\":%d,\"never\":%d}", i, i < plan.often,
             i >= PAIRS - plan.never);
    pair_answer(p, PAIR_V1, 200, "", STR("{\"id\":-1,\"often\":0,\"never\":0}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", str_of(body), 1000, e);
    return p;
}

static struct diff *run(const struct diff_file *noises, size_t n)
{
    struct diff_config config = {.file = "t.mres", .noises = noises, .n_noises = n, .threads = 1};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    if (!d)
        fail_msg("%s", e.text);
    assert_int_equal(diff_meta(d, STR(META), &e), 0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    assert_int_equal(diff_stats(d, STR("{\"accounting\":{}}"), &e), 0);
    return d;
}

static void learn(struct buf *profile)
{
    struct diff *d;

    plan.target = "POST /orders";
    plan.often = PAIRS / 4;
    plan.never = 0;
    d = run(NULL, 0);
    buf_init(profile, 1 << 20);
    assert_int_equal(diff_learn_noise(d, profile, NULL), 0);
    diff_close(d);
}

static void a_run_of_v1_against_itself_teaches_its_noise(void **state)
{
    static const struct {
        const char *what, *target;
        size_t often, never;
        enum verdict verdict;
        const char *text;
    } rows[] = {
        {"as before", "POST /orders", 100, 0, VERDICT_PASS, "NOISE, NOT COUNTED"},
        {"less often", "POST /orders", 60, 0, VERDICT_PASS, "NOISE, NOT COUNTED"},
        {"a little more often", "POST /orders", 110, 0, VERDICT_PASS, "SUSPECT, NOT COUNTED"},
        {"much more often", "POST /orders", 200, 0, VERDICT_FAIL, "$.often"},
        {"what never differed", "POST /orders", 100, 3, VERDICT_FAIL, "$.never"},
        {"what never differed, once", "POST /orders", 100, 1, VERDICT_INCONCLUSIVE, "$.never"},
        {"another endpoint", "POST /refunds", 100, 0, VERDICT_FAIL, "(no noise control)"},
    };
    struct report_style style = {.width = 160}; /* no line is wrapped */
    struct diff_file file = {.name = "noise.json"};
    struct buf profile;

    (void)state;
    learn(&profile);
    file.text = buf_str(&profile);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff *d;
        struct buf out;

        plan.target = rows[i].target;
        plan.often = rows[i].often;
        plan.never = rows[i].never;
        d = run(&file, 1);
        buf_init(&out, 1 << 20);
        assert_int_equal(diff_report(d, "text", &style, &out, NULL), 0);
        if (diff_verdict(d) != rows[i].verdict || !strstr(out.data, rows[i].text) ||
            !strstr(out.data, "its noise is that of an earlier run, begun 2026-11-22T20:10:00Z"))
            fail_msg("%s:\n%s", rows[i].what, out.data);
        buf_release(&out);
        diff_close(d);
    }
    buf_release(&profile);
}

/* Eight profiles count as one of eight times the pairs. */
static void profiles_add_up(void **state)
{
    struct diff_file files[8];
    struct report_style style = {.width = 100};
    struct buf profile, out;
    struct diff *d;

    (void)state;
    learn(&profile);
    for (size_t i = 0; i < 8; i++)
        files[i] = (struct diff_file){"noise.json", buf_str(&profile)};
    plan.often = 100;
    d = run(files, 8);
    buf_init(&out, 1 << 20);
    assert_int_equal(diff_report(d, "json", &style, &out, NULL), 0);
    assert_non_null(strstr(out.data, "\"profile_count\": 800"));
    assert_non_null(strstr(out.data, "\"profile_of\": 3200"));
    assert_non_null(strstr(out.data, "\"control\": \"profile\""));
    buf_release(&out);
    buf_release(&profile);
    diff_close(d);
}

static void what_is_no_profile_is_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "noise.json"},
        {"[]", "noise.json: not a noise profile"},
        {"{\"schema\":\"mirrorctl.diff/1\"}", "noise.json: not a noise profile"},
        {"{\"schema\":\"mirrorctl.noise/1\",\"endpoints\":[1]}",
         "noise.json: an endpoint has not method, path and pairs"},
        {"{\"schema\":\"mirrorctl.noise/1\",\"endpoints\":[{\"method\":\"GET\",\"path\":\"/\","
         "\"pairs\":{},\"fields\":[{}]}]}",
         "noise.json: a field of GET / has not where"},
        {"{\"schema\":\"mirrorctl.noise/1\",\"endpoints\":[{\"method\":\"GET\",\"path\":\"/\","
         "\"pairs\":{},\"fields\":[{\"where\":\"body\",\"path\":\"$\",\"kind\":\"value\",\"n\":1,"
         "\"noise\":2}]}]}",
         "noise.json: a field of GET / has not where"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct diff_file file = {"noise.json", str_of(rows[i].text)};
        struct diff_config config = {.noises = &file, .n_noises = 1, .threads = 1};
        struct err e = {0};

        assert_null(diff_open(&config, &e));
        if (e.kind != ERR_USAGE || !strstr(e.text, rows[i].message))
            fail_msg("row %zu: %s", i, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_v1_against_itself_teaches_its_noise),
        cmocka_unit_test(profiles_add_up),
        cmocka_unit_test(what_is_no_profile_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

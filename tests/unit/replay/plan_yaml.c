/* The acceptance tests of configuration 42 to 54: what may be wrong with YAML, and
 * with the objects in it. The number of each is in its name. */
#include <time.h>

#include "core/mem.h"
#include "tests/support/plan_text.h"

/* A VirtualService that mirrors m/v1 to m/v2. */
#define GOOD                                              \
    "apiVersion: networking.istio.io/v1\n"                \
    "kind: VirtualService\n"                              \
    "metadata: {name: x}\n"                               \
    "spec:\n"                                             \
    "  hosts: ['*']\n"                                    \
    "  http:\n"                                           \
    "  - route: [{destination: {host: m, subset: v1}}]\n" \
    "    mirror: {host: m, subset: v2}\n"

#define GOOD_LINE "m/v1 -> m/v2 at 1000000"

/* That a text becomes `want`, and that one of its diagnostics says `says`. Subsets of
 * m are behind it unless `want` begins with the bar. */
struct row {
    const char *yaml, *want, *says;
};

static void check_text(struct str yaml, const char *want, const char *says)
{
    struct plan_input inputs[] = {{yaml, "t"}, {str_of(plan_text_subsets), "subsets"}};
    struct plan_text_run run;
    bool said = !says;

    plan_text_read_inputs(&run, inputs, strchr(want, 'm') ? 2 : 1);
    for (const struct diag *d = run.diags.first; d && !said; d = d->next)
        said = strstr(d->message, says) != NULL;
    if (strcmp(run.line.data ? run.line.data : "", want) != 0 || !said)
        fail_msg("%.*s\n  is  %s\n  not %s\n  first told: %s", STR_ARG(str_head(yaml, 2000)),
                 run.line.data, want, run.diags.first ? run.diags.first->message : "nothing");
    plan_text_release(&run);
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_text(str_of(rows[i].yaml), rows[i].want, rows[i].says);
}

#define CHECK(...)                           \
    check((const struct row[]){__VA_ARGS__}, \
          sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

static void must_be_at(const char *yaml, const char *code, unsigned line)
{
    struct plan_text_run run;

    plan_text_read(&run, yaml);
    plan_text_must_say(&run, code, NULL);
    for (const struct diag *d = run.diags.first; d; d = d->next) {
        if (strcmp(d->code, code) == 0) {
            assert_int_equal(d->at.line, line);
            break;
        }
    }
    plan_text_release(&run);
}

static void config_42_what_is_not_yaml_is_told_with_its_line(void **state)
{
    (void)state;
    CHECK({"kind: x\n\tmetadata:\n", " | E101", "tab"});
    must_be_at("kind: x\n\tmetadata:\n", "E101", 2);
    CHECK({GOOD "---\nspec: {a: [b\n", GOOD_LINE " | E101"});
}

static void config_43_a_key_that_stands_twice_is_told_with_both_lines(void **state)
{
    (void)state;
    CHECK({GOOD "    mirror: {host: m, subset: v3}\n", GOOD_LINE " | E103", "8:5"},
          {GOOD "metadata: {name: y}\n", GOOD_LINE " | E103", "3:1"});
    must_be_at(GOOD "    mirror: {host: m, subset: v3}\n", "E103", 9);
}

#define HEAD                               \
    "apiVersion: networking.istio.io/v1\n" \
    "kind: VirtualService\n"               \
    "metadata: {name: x}\n"                \
    "spec:\n"                              \
    "  hosts: ['*']\n"                     \
    "  http:\n"

static void config_44_anchors_aliases_and_merges_are_expanded(void **state)
{
    (void)state;
    CHECK({HEAD "  - route: [{destination: &d {host: m, subset: v1}}]\n"
                "    mirror: {<<: *d, subset: v2}\n",
           GOOD_LINE},
          {HEAD "  - route: [{destination: &d {host: m, subset: v1}}]\n"
                "    mirrors: [{destination: &e {host: m, subset: v2}}, "
                "{destination: {<<: [*e, *d]}}, {destination: *d}]\n",
           "m/v1 -> m/v2 at 1000000, m/v2 at 1000000, m/v1 at 1000000 | W410"},
          {HEAD "  - route: [{destination: {host: m, subset: v1}}]\n"
                "    mirror: {<<: 5, host: m, subset: v2}\n",
           GOOD_LINE " | E108"},
          {HEAD "  - route: [{destination: {host: m, subset: v1}}]\n"
                "    mirror: *nothing\n",
           "m/v1 | E101"});
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void config_45_a_billion_laughs_ends_at_the_ceiling(void **state)
{
    static const char *const places[] = {"metadata: {name: x, annotations: {a: *l11}}\n",
                                         "spec: {hosts: ['*'], http: [{route: *l11}]}\n"};
    double before = seconds();

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        char yaml[4096];
        size_t n = (size_t)snprintf(yaml, sizeof yaml,
                                    "apiVersion: networking.istio.io/v1\n"
                                    "kind: VirtualService\nl0: &l0 [lol]\n");

        for (int level = 1; level < 12; level++) {
            n += (size_t)snprintf(yaml + n, sizeof yaml - n, "l%d: &l%d [", level, level);
            for (int i = 0; i < 9; i++)
                n += (size_t)snprintf(yaml + n, sizeof yaml - n, "%s*l%d", i ? "," : "", level - 1);
            n += (size_t)snprintf(yaml + n, sizeof yaml - n, "]\n");
        }
        snprintf(yaml + n, sizeof yaml - n, "%s", places[p]);
        CHECK({yaml, " | E102", "nodes"});
    }
    assert_true(seconds() - before < 2 * 0.5); /* 50 ms each, and ten times that under sanitizers */
}

static void namespaces_are_labels(void **state)
{
#define IN(namespace)                                                                 \
    "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, " \
    "namespace: " namespace "}, spec: {hosts: [a], http: [{redirect: {}}]}}\n"
    (void)state;
    CHECK({IN("a b"), "redirect | E408", "metadata.namespace cannot be \"a b\""},
          {IN("'${NAMESPACE}'"), "redirect | E107", "something was to be filled in"});
}

static void config_46_merge_bombs_and_cycles_end(void **state)
{
    char yaml[8192];
    size_t n = (size_t)snprintf(yaml, sizeof yaml, "a0: &a0 {k: v}\n");

    (void)state;
    for (int i = 1; i < 40; i++)
        n += (size_t)snprintf(yaml + n, sizeof yaml - n,
                              "a%d: &a%d {<<: [*a%d, *a%d], k%d: [*a%d, *a%d]}\n", i, i, i - 1,
                              i - 1, i, i - 1, i - 1);
    CHECK({yaml, " | E102"}, {"&a [*a]\n", " | E105 E304"});
}

static struct buf repeated(const char *head, const char *piece, size_t times)
{
    struct buf text;

    buf_init(&text, 64 << 20);
    assert_int_equal(buf_add(&text, str_of(head), NULL), 0);
    for (size_t i = 0; i < times; i++)
        assert_int_equal(buf_add(&text, str_of(piece), NULL), 0);
    return text;
}

static void check_repeated(const char *head, const char *piece, size_t times, const char *want)
{
    struct buf text = repeated(head, piece, times);

    check_text(buf_str(&text), want, NULL);
    buf_release(&text);
}

static void config_47_every_ceiling_is_an_error(void **state)
{
    double before = seconds();

    (void)state;
    check_repeated("a: ", "[", 100000, " | E102");
    assert_true(seconds() - before < 0.5);
    check_repeated("a: b\n", "# 4567890123456789012345678901234567890123456789012345678901234\n",
                   17 * 1024 * 16, " | E102");
    check_repeated("a: ", "x", 64 * 1024 + 1, " | E102");
    {
        struct buf text = repeated("", "--- 'x'\n", 5000);
        struct plan_input input = {buf_str(&text), "t"};
        struct plan_text_run run;

        plan_text_read_inputs(&run, &input, 1);
        assert_string_equal(run.diags.first->code, "E102"); /* texts are read before objects */
        plan_text_release(&run);
        buf_release(&text);
    }
}

static void config_48_encodings_and_line_ends_are_taken_or_told(void **state)
{
    static const char nul[] = "a: b\0c\n";
    struct buf wide, crlf;

    (void)state;
    check_text(str_from(nul, sizeof nul - 1), " | E101", "byte 4");
    CHECK({"a: \xff\n", " | E101", "byte 3"}, {"\xef\xbb\xbf" GOOD, GOOD_LINE},
          {"%YAML 1.2\n---\n" GOOD "...\n", GOOD_LINE}, {GOOD "---\n# no more\n", GOOD_LINE});
    buf_init(&wide, 1 << 20);
    buf_init(&crlf, 1 << 20);
    buf_append(&wide, "\xff\xfe", 2, NULL);
    for (const char *p = GOOD; *p; p++) {
        buf_append(&wide, (const char[]){*p, 0}, 2, NULL);
        if (*p == '\n')
            buf_addc(&crlf, '\r', NULL);
        buf_addc(&crlf, *p, NULL);
    }
    check_text(buf_str(&wide), GOOD_LINE, NULL);
    check_text(buf_str(&crlf), GOOD_LINE, NULL);
    buf_release(&wide);
    buf_release(&crlf);
}

static void config_49_a_list_in_json_is_its_items(void **state)
{
    (void)state;
    CHECK(
        {"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"metadata\": {\"resourceVersion\": \"\"},\n"
         " \"items\": [\n"
         "  {\"apiVersion\": \"networking.istio.io/v1beta1\", \"kind\": \"Gateway\",\n"
         "   \"metadata\": {\"name\": \"g\"}, \"spec\": {}},\n"
         "  {\"apiVersion\": \"networking.istio.io/v1beta1\", \"kind\": \"VirtualService\",\n"
         "   \"metadata\": {\"name\": \"x\"}, \"spec\": {\"hosts\": [\"*\"], \"gateways\": "
         "[\"g\"],\n"
         "    \"http\": [{\"route\": [{\"destination\": {\"host\": \"m\", \"subset\": \"v1\"}}],\n"
         "     \"mirror\": {\"host\": \"m\", \"subset\": \"v2\"}, \"mirror_percent\": 100}]}}]}",
         GOOD_LINE " | W202"});
}

static void config_50_versions_are_equal_or_not_known(void **state)
{
    static const char rest[] = "kind: VirtualService\nmetadata: {name: x}\n"
                               "spec: {hosts: ['*'], http: [{route: [{destination: "
                               "{host: m, subset: v1}}], mirror: {host: m, subset: v2}}]}\n";
    static const struct {
        const char *api_version, *want;
    } rows[] = {
        {"apiVersion: networking.istio.io/v1alpha3\n", GOOD_LINE},
        {"apiVersion: networking.istio.io/v1beta1\n", GOOD_LINE},
        {"apiVersion: networking.istio.io/v1\n", GOOD_LINE},
        {"apiVersion: networking.istio.io/v9\n", " | E301"},
        {"apiVersion: networking.istio.io\n", " | E301"},
        {"", " | E304"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char yaml[1000];

        snprintf(yaml, sizeof yaml, "%s%s", rows[i].api_version, rest);
        check_text(str_of(yaml), rows[i].want, NULL);
    }
    CHECK({"{apiVersion: networking.istio.io/v1, kind: virtualservice}", " | E301",
           "\"VirtualService\""},
          {"{apiVersion: flagger.app/v1beta1, kind: Canary}", " | N301 E303", "ignored"},
          {"{apiVersion: traefik.io/v1alpha1, kind: TraefikService}", " | N301 E303", "ignored"});
}

static void config_51_a_mirror_in_the_wrong_place_is_told_the_right_one(void **state)
{
    (void)state;
    CHECK({GOOD "mirror: {host: m}\n", GOOD_LINE " | E201", "belongs in spec.http[]"},
          {GOOD "  mirror: {host: m}\n", GOOD_LINE " | E201", "belongs in spec.http[]"},
          {GOOD "  mirrorPercentage: {value: 5}\n", GOOD_LINE " | E201", "belongs in spec.http[]"},
          {HEAD "  - route: [{destination: {host: m, subset: v1}}]\n"
                "    -mirror: {host: m, subset: v2}\n",
           "m/v1 | E201", "space is missing"});
}

static void config_52_typing_errors_are_told_the_nearest_name(void **state)
{
    (void)state;
    CHECK(
        {GOOD "    mirorPercentage: {value: 5}\n", GOOD_LINE " | E201", "\"mirrorPercentage\"?"},
        {GOOD "    Mirrors: []\n", GOOD_LINE " | E201", "upper and lower case count: \"mirrors\""},
        {GOOD "  Hosts: []\n", GOOD_LINE " | E201", "\"hosts\""});
}

static void config_53_an_input_without_objects_is_an_error(void **state)
{
    (void)state;
    CHECK({"", " | E303"}, {"# nothing\n", " | E303"}, {"---\n---\n...\n", " | E303"});
}

static void config_54_a_shell_command_around_the_text_is_recognised(void **state)
{
    static const char yaml[] = "kubectl apply -f - <<EOF\n" GOOD "EOF\n";

    (void)state;
    CHECK({yaml, " | E101", "shell command"});
    must_be_at(yaml, "E101", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_42_what_is_not_yaml_is_told_with_its_line),
        cmocka_unit_test(config_43_a_key_that_stands_twice_is_told_with_both_lines),
        cmocka_unit_test(config_44_anchors_aliases_and_merges_are_expanded),
        cmocka_unit_test(config_45_a_billion_laughs_ends_at_the_ceiling),
        cmocka_unit_test(namespaces_are_labels),
        cmocka_unit_test(config_46_merge_bombs_and_cycles_end),
        cmocka_unit_test(config_47_every_ceiling_is_an_error),
        cmocka_unit_test(config_48_encodings_and_line_ends_are_taken_or_told),
        cmocka_unit_test(config_49_a_list_in_json_is_its_items),
        cmocka_unit_test(config_50_versions_are_equal_or_not_known),
        cmocka_unit_test(config_51_a_mirror_in_the_wrong_place_is_told_the_right_one),
        cmocka_unit_test(config_52_typing_errors_are_told_the_nearest_name),
        cmocka_unit_test(config_53_an_input_without_objects_is_an_error),
        cmocka_unit_test(config_54_a_shell_command_around_the_text_is_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

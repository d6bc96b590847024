/* The metrics page, read as strictly as the format is written down: each family
 * has one HELP and one TYPE before its samples, names and labels are well
 * formed, no sample stands there twice, histograms add up. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/metrics.h"
#include "core/mem.h"

enum { MAX_SAMPLES = 1024, WORD = 256 };

struct sample {
    char name[WORD], labels[WORD];
    double value;
};

struct parsed {
    struct sample samples[MAX_SAMPLES];
    size_t n, families;
};

static struct parsed page;

static size_t name_length(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    assert_true(n > 0 && n < WORD && !isdigit((unsigned char)s[0]));
    return n;
}

/* name="value",... up to the brace; the escapes are \\, \" and \n. */
static const char *read_labels(const char *s)
{
    while (*s != '}') {
        s += name_length(s);
        assert_int_equal(*s++, '=');
        assert_int_equal(*s++, '"');
        for (; *s != '"'; s++) {
            assert_true(*s && *s != '\n');
            if (*s == '\\')
                assert_non_null(strchr("\\\"n", *++s));
        }
        s++;
        assert_true(*s == ',' || *s == '}');
        s += *s == ',';
    }
    return s + 1;
}

/* A sample of the family: its own name, or a histogram's three. */
static void read_sample(const char *line, const char *family, const char *type)
{
    struct sample *s = &page.samples[page.n++];
    size_t n = name_length(line), own = strlen(family);
    const char *at = line + n, *suffix = line + own;
    char *end;

    assert_true(page.n < MAX_SAMPLES);
    assert_int_equal(strncmp(line, family, own), 0);
    if (strcmp(type, "histogram") == 0)
        assert_true(strncmp(suffix, "_bucket{", 8) == 0 || strncmp(suffix, "_sum{", 5) == 0 ||
                    strncmp(suffix, "_count{", 7) == 0);
    else
        assert_int_equal(n, own);
    snprintf(s->name, WORD, "%.*s", (int)n, line);
    s->labels[0] = '\0';
    if (*at == '{') {
        const char *after = read_labels(at + 1);

        snprintf(s->labels, WORD, "%.*s", (int)(after - at), at);
        at = after;
    }
    assert_int_equal(*at++, ' ');
    s->value = strtod(at, &end);
    assert_true(end > at && *end == '\0' && s->value >= 0);
    for (size_t i = 0; i + 1 < page.n; i++)
        assert_false(strcmp(page.samples[i].name, s->name) == 0 &&
                     strcmp(page.samples[i].labels, s->labels) == 0);
}

static void check_family(const char *name, const char *type)
{
    size_t n = strlen(name);
    bool total = n > 6 && strcmp(name + n - 6, "_total") == 0;

    assert_int_equal(strncmp(name, "mirrorctl_", 10), 0);
    assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 ||
                strcmp(type, "histogram") == 0);
    assert_int_equal(total, strcmp(type, "counter") == 0);
    page.families++;
}

static void parse(char *text)
{
    char family[WORD] = "", named[WORD], type[WORD] = "";

    page.n = page.families = 0;
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        *end = '\0';
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%255s", family), 1);
            assert_true(strlen(line) > 7 + strlen(family) + 1);
            type[0] = '\0';
        } else if (line[0] == '#') {
            assert_int_equal(sscanf(line, "# TYPE %255s %255s", named, type), 2);
            assert_string_equal(named, family);
            check_family(family, type);
        } else {
            assert_true(type[0]);
            read_sample(line, family, type);
        }
    }
}

static double value_of(const char *name, const char *labels)
{
    for (size_t i = 0; i < page.n; i++) {
        if (strcmp(page.samples[i].name, name) == 0 && strcmp(page.samples[i].labels, labels) == 0)
            return page.samples[i].value;
    }
    fail_msg("there is no %s%s", name, labels);
    return 0;
}

static void render(const struct replay_progress *p)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_int_equal(metrics_render(p, &out, NULL), 0);
    parse(out.data);
    buf_release(&out);
}

/* Two targets, the second with a name that no target has. */
static struct replay_target_stats *make_targets(void)
{
    struct replay_target_stats *t = mem_array(2, sizeof *t);

    assert_non_null(t);
    snprintf(t[0].name, sizeof t[0].name, "v1");
    snprintf(t[1].name, sizeof t[1].name, "a\"\\\nb");
    t[0].outcomes[OUTCOME_ANSWERED] = 3;
    t[0].outcomes[OUTCOME_TIMEOUT] = 2;
    t[1].outcomes[OUTCOME_QUEUE] = 7;
    t[0].status_class[2] = 2;
    t[0].status_class[0] = 1;
    t[0].retried = 5;
    hist_add(&t[0].service, 400000);
    hist_add(&t[0].service, 2000000);
    hist_add(&t[0].service, INT64_C(60000000000));
    hist_add(&t[0].lateness, 0);
    return t;
}

static void every_line_is_well_formed_and_no_sample_comes_twice(void **state)
{
    struct replay_progress p = {
        .recorded = 10, .behind = 1, .selected = 9, .done = 8, .n_targets = 2};
    struct replay_target_stats *targets = make_targets();

    (void)state;
    p.targets = targets;
    p.in_flight[0] = 4;
    p.waiting[1] = 6;
    render(&p);
    assert_int_equal(page.families, 13);
    assert_float_equal(value_of("mirrorctl_requests_recorded_total", ""), 10, 0);
    assert_float_equal(value_of("mirrorctl_requests_behind_total", ""), 1, 0);
    assert_float_equal(value_of("mirrorctl_requests_selected_total", ""), 9, 0);
    assert_float_equal(value_of("mirrorctl_pairs_total", ""), 8, 0);
#define CALLS(labels) value_of("mirrorctl_calls_total", labels)
    assert_float_equal(CALLS("{target=\"v1\",outcome=\"answered\"}"), 3, 0);
    assert_float_equal(CALLS("{target=\"v1\",outcome=\"timeout\"}"), 2, 0);
    assert_float_equal(CALLS("{target=\"a\\\"\\\\\\nb\",outcome=\"queue\"}"), 7, 0);
    assert_float_equal(value_of("mirrorctl_answers_total", "{target=\"v1\",class=\"2xx\"}"), 2, 0);
    assert_float_equal(value_of("mirrorctl_answers_total", "{target=\"v1\",class=\"other\"}"), 1,
                       0);
    assert_float_equal(value_of("mirrorctl_calls_in_flight", "{target=\"v1\"}"), 4, 0);
    assert_float_equal(value_of("mirrorctl_calls_waiting", "{target=\"a\\\"\\\\\\nb\"}"), 6, 0);
    assert_float_equal(value_of("mirrorctl_calls_retried_total", "{target=\"v1\"}"), 5, 0);
    mem_free(targets);
}

static void buckets_are_cumulative_and_end_with_all(void **state)
{
    struct replay_progress p = {.n_targets = 1};
    struct replay_target_stats *targets = make_targets();
    double before = 0;

    (void)state;
    p.targets = targets;
    render(&p);
#define BUCKET(le) \
    value_of("mirrorctl_call_duration_seconds_bucket", "{target=\"v1\",le=\"" le "\"}")
    assert_float_equal(BUCKET("0.00025"), 0, 0);
    assert_float_equal(BUCKET("0.0005"), 1, 0);
    assert_float_equal(BUCKET("0.0025"), 2, 0);
    assert_float_equal(BUCKET("30"), 2, 0);
    assert_float_equal(BUCKET("+Inf"), 3, 0);
    assert_float_equal(value_of("mirrorctl_call_duration_seconds_count", "{target=\"v1\"}"), 3, 0);
    assert_float_equal(value_of("mirrorctl_call_duration_seconds_sum", "{target=\"v1\"}"), 60.0024,
                       0.3);
    for (size_t i = 0; i < page.n; i++) {
        if (strcmp(page.samples[i].name, "mirrorctl_lateness_seconds_bucket") != 0)
            continue;
        assert_true(page.samples[i].value >= before);
        before = page.samples[i].value;
    }
    assert_float_equal(before, 1, 0);
    mem_free(targets);
}

static void without_room_nothing_is_left_behind(void **state)
{
    struct replay_progress p = {0};
    struct buf out;
    struct err e = {0};

    (void)state;
    buf_init(&out, 200);
    buf_printf(&out, NULL, "before");
    assert_int_equal(metrics_render(&p, &out, &e), -1);
    assert_int_equal(e.kind, ERR_NOMEM);
    assert_int_equal(out.len, 6);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_well_formed_and_no_sample_comes_twice),
        cmocka_unit_test(buckets_are_cumulative_and_end_with_all),
        cmocka_unit_test(without_room_nothing_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

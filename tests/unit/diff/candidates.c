/* Several candidates, and a recorded answer in v1's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_tree.h"
#include "diff/diff.h"
#include "tests/support/pairs.h"

#define JSON "Content-Type: application/json\r\n"

enum { PAIRS = 40 };

/* How a target answers, by number of the pair. */
enum manner { SILENT, SAME, OTHER_BODY, OTHER_STATUS, FAILS, UNSENT, ODD_BODY };

static int answer(struct pair *p, int target, enum manner manner, size_t i, struct err *e)
{
    switch (manner) {
    case SILENT: /* no such target */
        return 0;
    case FAILS:
        return pair_failure(p, target, OUTCOME_CONNECT, "connection refused", e);
    case UNSENT:
        return pair_failure(p, target, OUTCOME_QUEUE, "", e);
    case OTHER_STATUS:
        return pair_answer(p, target, 500, JSON, STR("{}"), 1000, e);
    case OTHER_BODY:
        return pair_answer(p, target, 200, JSON, STR("{\"n\":2}"), 1000, e);
    case ODD_BODY:
        return pair_answer(p, target, 200, JSON, i % 2 ? STR("{\"n\":2}") : STR("{\"n\":1}"), 1000,
                           e);
    default:
        return pair_answer(p, target, 200, JSON, STR("{\"n\":1}"), 1000, e);
    }
}

/* What was recorded with the requests. */
enum tape { NOTHING, WHOLE, GAP, CUT, BROKEN, NO_STATUS, HALF_MISSING, NO_TIME, BLANKED };

static struct {
    size_t pairs;
    enum manner targets[4];
    enum tape tape;
} plan;

static int record(struct pair *p, size_t i, struct err *e)
{
    struct http_message *m = &p->exchange->response;
    bool missing = plan.tape == NOTHING || (plan.tape == HALF_MISSING && i % 2);

    if (missing)
        return 0;
    if (pair_recorded(p, 200, JSON, STR("{\"n\":1}"), 1000, e) < 0)
        return -1;
    if (plan.tape == GAP)
        m->gap_bytes = 3;
    if (plan.tape == CUT)
        m->flags |= HTTP_TRUNCATED;
    if (plan.tape == BROKEN)
        m->complete = false;
    if (plan.tape == BLANKED)
        p->exchange->redacted = STR("$.n");
    if (plan.tape == NO_TIME && i % 2)
        p->exchange->request_last_ns = 0;
    if (plan.tape == NO_STATUS)
        m->head = STR("nonsense\r\n\r\n");
    return 0;
}

static struct pair *make(size_t i, struct err *e)
{
    struct pair *p = i < plan.pairs ? pair_request(i + 1, "GET /x", e) : NULL;

    for (int target = 0; p && target < 4; target++)
        assert_int_equal(answer(p, target, plan.targets[target], i, e), 0);
    if (p)
        assert_int_equal(record(p, i, e), 0);
    return p;
}

static struct diff *run(const char *meta)
{
    struct diff_config config = {.file = "t.mres", .threads = 1};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    assert_non_null(d);
    if (diff_meta(d, str_of(meta), &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(diff_stats(d, STR("{\"accounting\":{\"recorded\":1}}"), &e), 0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    return d;
}

static void report(const struct diff *d, const char *format, struct buf *out)
{
    struct report_style style = {.width = 160, .ascii = true};
    struct err e = {0};

    buf_init(out, 1 << 20);
    assert_int_equal(diff_report(d, format, &style, out, &e), 0);
}

/* The first line of the text report. */
static void check_first_line(const struct diff *d, const char *line)
{
    struct buf out;

    report(d, "text", &out);
    if (!str_eq(str_head(buf_str(&out), str_find(buf_str(&out), '\n')), str_of(line)))
        fail_msg("not \"%s\" but\n%s", line, out.data);
    buf_release(&out);
}

static void check_says(const struct diff *d, const char *words)
{
    struct buf out;

    report(d, "text", &out);
    if (!strstr(out.data, words))
        fail_msg("no \"%s\" in\n%s", words, out.data);
    buf_release(&out);
}

#define FOUR "{\"names\":[\"v1\",\"v2\",\"v3\",\"control\"]}"

/* ---- several candidates ---- */

static void the_worst_candidate_decides(void **state)
{
    static const struct {
        enum manner v1, v2, v3;
        enum verdict verdict;
        const char *line;
    } rows[] = {
        {SAME, SAME, SAME, VERDICT_PASS, "PASS  v2 and v3 answer as v1 does"},
        {SAME, SAME, OTHER_BODY, VERDICT_FAIL, "FAIL  v3 does not answer as v1 does; v2 PASS"},
        {SAME, OTHER_STATUS, SAME, VERDICT_FAIL, "FAIL  v2 does not answer as v1 does; v3 PASS"},
        {SAME, FAILS, FAILS, VERDICT_FAIL, "FAIL  v2 does not answer as v1 does; v3 FAIL"},
        {SAME, UNSENT, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  v2: no pairs: of 40 requests none was sent to both; v3 PASS"},
        {SAME, UNSENT, OTHER_BODY, VERDICT_FAIL,
         "FAIL  v3 does not answer as v1 does; v2 INCONCLUSIVE"},
        {SAME, UNSENT, UNSENT, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  no pairs: of 40 requests none was sent to both"},
        {FAILS, SAME, OTHER_BODY, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  v1 failed 40 of 40 requests: (address unknown): connect: connection "
         "refused"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff *d;

        plan.pairs = PAIRS;
        plan.tape = NOTHING;
        plan.targets[0] = rows[i].v1;
        plan.targets[1] = rows[i].v2;
        plan.targets[2] = rows[i].v3;
        plan.targets[3] = SAME;
        d = run(FOUR);
        check_first_line(d, rows[i].line);
        assert_int_equal(diff_verdict(d), rows[i].verdict);
        diff_close(d);
    }
}

/* Equal, but that `a` calls its candidate v3 and `b` calls it v2. */
static bool same_but_name(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *m = a->child, *n = b->child;
    bool same =
        a->type == b->type && a->count == b->count &&
        (str_eq(a->text, b->text) || (str_eq(a->text, STR("v3")) && str_eq(b->text, STR("v2"))));

    for (; same && m && n; m = m->next, n = n->next)
        same =
            (str_eq(m->key, n->key) || (str_eq(m->key, STR("v3")) && str_eq(n->key, STR("v2")))) &&
            same_but_name(m, n);
    return same && !m && !n;
}

static const struct json_node *read_json(const struct diff *d, struct buf *out, struct arena *mem)
{
    struct err e = {0};
    const struct json_node *top;

    report(d, "json", out);
    arena_init(mem, 1 << 22);
    top = json_parse(buf_str(out), mem, NULL, &e);
    assert_non_null(top);
    return top;
}

static const struct json_node *nth(const struct json_node *top, const char *list, size_t i)
{
    const struct json_node *n = json_member(top, str_of(list));

    assert_non_null(n);
    for (n = n->child; n && i; i--)
        n = n->next;
    assert_non_null(n);
    return n;
}

/* What is found about v3 is what would be found if it were the only candidate:
 * v2 beside it, what v2's bodies were made into, and the control leave no trace. */
static void a_candidate_is_judged_as_if_alone(void **state)
{
    static const enum manner manners[] = {SAME, OTHER_BODY, OTHER_STATUS, FAILS, UNSENT, ODD_BODY};
    enum { N = sizeof manners / sizeof *manners };

    (void)state;
    for (size_t i = 0; i < (size_t)N * N; i++) {
        struct diff *both, *alone;
        struct arena mem_both, mem_alone;
        struct buf text_both, text_alone;
        const struct json_node *a, *b;

        plan.pairs = PAIRS;
        plan.tape = NOTHING;
        plan.targets[0] = SAME;
        plan.targets[1] = manners[i / N];
        plan.targets[2] = manners[i % N];
        plan.targets[3] = ODD_BODY;
        both = run(FOUR);
        alone = run("{\"names\":[\"v1\",\"unused\",\"v2\",\"control\"]}");
        a = read_json(both, &text_both, &mem_both);
        b = read_json(alone, &text_alone, &mem_alone);
        if (!same_but_name(nth(a, "endpoints", 1), nth(b, "endpoints", 0)))
            fail_msg("%s\nalone:\n%s", text_both.data, text_alone.data);
        for (size_t gate = 0; gate < 2; gate++)
            assert_true(same_but_name(json_member(nth(a, "gates", 6 + gate), STR("verdict")),
                                      json_member(nth(b, "gates", gate), STR("verdict"))));
        assert_true(same_but_name(json_member(nth(a, "candidates", 1), STR("totals")),
                                  json_member(b, STR("totals"))));
        arena_release(&mem_both);
        arena_release(&mem_alone);
        buf_release(&text_both);
        buf_release(&text_alone);
        diff_close(both);
        diff_close(alone);
    }
}

static void a_result_without_a_candidate_is_refused(void **state)
{
    struct diff_config config = {.threads = 1};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    (void)state;
    assert_int_equal(diff_meta(d, STR("{\"names\":[\"v1\",\"control\"]}"), &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    diff_close(d);
}

/* ---- the recorded answer as baseline ---- */

#define RECORDED "{\"baseline\":\"recorded\",\"control\":\"none\",\"names\":[\"v2\"]}"
#define RECORDED_CONTROL \
    "{\"baseline\":\"recorded\",\"control\":\"v1\",\"names\":[\"v2\",\"control\"]}"

static void only_whole_recorded_answers_are_compared(void **state)
{
    static const struct {
        enum tape tape;
        enum manner v2;
        enum verdict verdict;
        const char *line, *coverage;
    } rows[] = {
        {WHOLE, SAME, VERDICT_PASS, "PASS  v2 answers as was recorded", "40 of 40"},
        {WHOLE, OTHER_BODY, VERDICT_FAIL,
         "FAIL  v2 does not answer as was recorded (no noise control)", "40 of 40"},
        {WHOLE, OTHER_STATUS, VERDICT_FAIL,
         "FAIL  v2 does not answer as was recorded (no noise control)", "40 of 40"},
        {WHOLE, FAILS, VERDICT_FAIL, "FAIL  v2 does not answer as was recorded (no noise control)",
         "v2 failed 40 of 40 requests that have a recorded answer"},
        {WHOLE, UNSENT, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  no pairs: of 40 requests none was sent", "0 of 40"},
        {NOTHING, OTHER_BODY, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  nothing to compare with: none of 40 requests has a whole recorded answer",
         "0 of 40 requests compared (0 %), 40 not recorded whole"},
        {GAP, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  nothing to compare with: none of 40 requests has a whole recorded answer",
         "40 not recorded whole"},
        {CUT, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  nothing to compare with: none of 40 requests has a whole recorded answer",
         "40 not recorded whole"},
        {BROKEN, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  nothing to compare with: none of 40 requests has a whole recorded answer",
         "40 not recorded whole"},
        {NO_STATUS, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  nothing to compare with: none of 40 requests has a whole recorded answer",
         "40 not recorded whole"},
        {HALF_MISSING, SAME, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  too little evidence: coverage: 20 of 40 requests compared (50 %), 20 "
         "not recorded whole",
         "20 of 40"},
        {HALF_MISSING, ODD_BODY, VERDICT_INCONCLUSIVE,
         "INCONCLUSIVE  too little evidence: coverage: 20 of 40 requests compared (50 %), 20 "
         "not recorded whole",
         "20 of 40"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff *d;

        plan.pairs = PAIRS;
        plan.tape = rows[i].tape;
        memset(plan.targets, 0, sizeof plan.targets);
        plan.targets[0] = rows[i].v2;
        d = run(RECORDED);
        check_first_line(d, rows[i].line);
        check_says(d, rows[i].coverage);
        check_says(d, "v1 recorded");
        assert_int_equal(diff_verdict(d), rows[i].verdict);
        diff_close(d);
    }
}

/* The service may have changed since: what v1 answers today tells. */
static void a_v1_that_has_moved_on_is_noise(void **state)
{
    struct diff *d;

    (void)state;
    plan.pairs = PAIRS;
    plan.tape = WHOLE;
    memset(plan.targets, 0, sizeof plan.targets);
    plan.targets[0] = plan.targets[1] = OTHER_BODY;
    d = run(RECORDED_CONTROL);
    check_first_line(d, "PASS  v2 answers as was recorded");
    check_says(d, "each sent to v1 and v2, compared with the recorded answers");
    check_says(d, "NOISE, NOT COUNTED");
    diff_close(d);
}

static void values_blanked_by_the_capture_are_warned_of(void **state)
{
    struct diff *d;
    struct buf out;

    (void)state;
    plan.pairs = PAIRS;
    plan.tape = BLANKED;
    memset(plan.targets, 0, sizeof plan.targets);
    plan.targets[0] = plan.targets[1] = SAME;
    d = run(RECORDED_CONTROL);
    check_says(d, "warning: 40 pairs were blanked in part by capture --redact");
    diff_close(d);
    d = run("{\"control\":\"none\",\"names\":[\"v1\",\"v2\"]}");
    report(d, "text", &out);
    assert_null(strstr(out.data, "redact"));
    buf_release(&out);
    diff_close(d);
}

static void a_recorded_time_that_is_unknown_is_not_compared(void **state)
{
    struct diff *d;
    struct arena mem;
    struct buf out;
    const struct json_node *latency;

    (void)state;
    plan.pairs = PAIRS;
    plan.tape = NO_TIME;
    memset(plan.targets, 0, sizeof plan.targets);
    plan.targets[0] = SAME;
    d = run(RECORDED);
    latency = json_member(nth(read_json(d, &out, &mem), "endpoints", 0), STR("latency"));
    assert_true(str_eq(json_member(latency, STR("n"))->text, STR("20")));
    assert_true(
        str_eq(json_member(json_member(latency, STR("v1")), STR("max"))->text, STR("1000000")));
    arena_release(&mem);
    buf_release(&out);
    diff_close(d);
}

/* ---- sections ---- */

/* A source of sections: their META before their pairs, STATS behind them. */
struct section {
    const char *meta, *stats;
    size_t from, to; /* pairs of the plan */
};

struct sections {
    struct diff *d;
    const struct section *list;
    size_t n, at, next;
    bool open;
};

static int next_in_sections(void *ctx, struct pair **p, struct err *e)
{
    struct sections *s = ctx;

    for (; s->at < s->n; s->at++, s->open = false) {
        const struct section *section = &s->list[s->at];

        if (!s->open) {
            s->open = true;
            s->next = section->from;
            if (diff_meta(s->d, str_of(section->meta), e) < 0)
                return -1;
        }
        if (s->next < section->to) {
            *p = make(s->next++, e);
            return *p ? 1 : -1;
        }
        if (section->stats && diff_stats(s->d, str_of(section->stats), e) < 0)
            return -1;
    }
    return 0;
}

static struct diff *run_sections(const struct section *list, size_t n, unsigned threads)
{
    struct diff_config config = {.threads = threads};
    struct err e = {0};
    struct sections s = {.d = diff_open(&config, &e), .list = list, .n = n};
    struct pair_source source = {next_in_sections, &s};

    assert_non_null(s.d);
    if (diff_run(s.d, &source, &e) < 0)
        fail_msg("%s", e.text);
    return s.d;
}

#define STATS "{\"accounting\":{\"selected\":20},\"ended\":\"b\"}"

static void a_section_says_whose_its_calls_are(void **state)
{
    static const struct section list[] = {
        {"{\"names\":[\"v1\",\"v2\",\"v3\",\"control\"]}", STATS, 0, 20},
        {"{\"names\":[\"v1\",\"v3\",\"v2\",\"control\"]}", STATS, 20, 40},
    };

    (void)state;
    plan.pairs = PAIRS;
    plan.tape = NOTHING;
    plan.targets[0] = plan.targets[1] = plan.targets[3] = SAME;
    plan.targets[2] = OTHER_STATUS;
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        struct diff *d = run_sections(list, 2, threads);

        check_says(d, "v2 does not answer as v1 does; v3 FAIL");
        check_says(d, "20 answers with another status");
        check_says(d, "40 of 40 requests compared");
        diff_close(d);
    }
}

static void a_section_that_was_cut_off_is_no_pass(void **state)
{
    static const struct section list[] = {
        {"{\"started\":\"a\"}", STATS, 0, 20},
        {"{\"started\":\"a\"}", NULL, 20, 25},
    };
    struct diff *d;

    (void)state;
    plan.pairs = PAIRS;
    plan.tape = NOTHING;
    for (int i = 0; i < 3; i++)
        plan.targets[i] = SAME;
    d = run_sections(list, 2, 1);
    assert_int_equal(diff_verdict(d), VERDICT_INCONCLUSIVE);
    check_says(d, "compared of an unknown number: the run was cut off");
    diff_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_candidate_decides),
        cmocka_unit_test(a_candidate_is_judged_as_if_alone),
        cmocka_unit_test(a_result_without_a_candidate_is_refused),
        cmocka_unit_test(only_whole_recorded_answers_are_compared),
        cmocka_unit_test(a_v1_that_has_moved_on_is_noise),
        cmocka_unit_test(values_blanked_by_the_capture_are_warned_of),
        cmocka_unit_test(a_recorded_time_that_is_unknown_is_not_compared),
        cmocka_unit_test(a_section_says_whose_its_calls_are),
        cmocka_unit_test(a_section_that_was_cut_off_is_no_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

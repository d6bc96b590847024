/* From pairs to a verdict, through the stage's own door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_tree.h"
#include "diff/diff.h"
#include "tests/support/pairs.h"

#define META                                                                                   \
    "{\"targets\":{\"v1\":\"http://one.test\",\"v2\":\"http://two.test\"},\"control\":\"v1\"," \
    "\"names\":[\"v1\",\"v2\",\"control\"]}"

/* What a run is made of: `n` pairs, the first `odd` of which are special. */
enum special {
    PLAIN,
    V2_FAILS,
    V1_FAILS,
    BOTH_FAIL,
    STATUS,
    BODY,
    FORM,
    NOT_SENT,
    NOT_SENT_BREAKER,
    NOT_SENT_STOPPED,
    BROKEN,
    SLOW,
    V1_AND_V2_FAIL, /* in turn */
    CONTROL_FAILS,
    V2_AND_CONTROL_FAIL,
    REFUSED,
    EMPTY,
    FORBIDDEN,  /* 401 from both */
    V2_LIMITED, /* 429 */
    ALL_LIMITED,
    OVERLOADED, /* v2 says 503, and when to come again */
    OFF,        /* not v2's, by plan */
    ALL_OFF,
    UNQUIET, /* v1 takes much longer the second time */
    V1_KEPT, /* v1 alone over a kept connection */
    ALL_KEPT,
    CLOCK,     /* each answer says when it was made, v2's a little later */
    CLOCK_OFF, /* much later */
};

static struct {
    size_t n, odd;
    enum special special;
    bool control;
} plan;

static int answer_all(struct pair *p, int status, const char *body, struct err *e)
{
    for (int target = PAIR_V1; target <= (plan.control ? PAIR_CONTROL : PAIR_V2); target++) {
        if (pair_answer(p, target, status, "Content-Type: application/json\r\n", str_of(body), 1000,
                        e) < 0)
            return -1;
    }
    return 0;
}

static struct call *call_of(struct pair *p, int target)
{
    return &p->calls[target];
}

static void fail_call(struct pair *p, int target)
{
    struct call *c = call_of(p, target);

    c->outcome = OUTCOME_TIMEOUT;
    c->detail = STR("no answer in 10 s");
    c->response = (struct http_message){0};
}

static void spoil(struct pair *p)
{
    struct call *v2 = call_of(p, PAIR_V2);

    switch (plan.special) {
    case V2_FAILS:
        fail_call(p, PAIR_V2);
        break;
    case V1_FAILS:
        fail_call(p, PAIR_V1);
        break;
    case BOTH_FAIL:
        fail_call(p, PAIR_V1);
        fail_call(p, PAIR_V2);
        break;
    case STATUS:
        v2->response.head = STR("HTTP/1.1 500 X\r\nContent-Type: application/json\r\n\r\n");
        break;
    case BODY:
        v2->response.body = STR("{\"n\":2.0}");
        break;
    case CLOCK:
    case CLOCK_OFF:
        for (unsigned i = 0; i < p->n_calls; i++)
            p->calls[i].response.body = STR("{\"at\":\"1970-01-01T00:00:00.004Z\"}");
        v2->response.body = plan.special == CLOCK ? STR("{\"at\":\"1970-01-01T00:00:00.007Z\"}")
                                                  : STR("{\"at\":\"1970-01-01T00:00:04.004Z\"}");
        break;
    case FORM:
        v2->response.body = STR("{\"n\":1}");
        break;
    case NOT_SENT:
        v2->outcome = OUTCOME_QUEUE;
        break;
    case NOT_SENT_BREAKER:
        v2->outcome = OUTCOME_BREAKER;
        break;
    case NOT_SENT_STOPPED:
        v2->outcome = OUTCOME_STOPPED;
        break;
    case BROKEN:
        v2->response.complete = false;
        break;
    case SLOW:
        v2->done_ns = v2->sent_ns + 20 * 1000 * 1000;
        break;
    case FORBIDDEN:
    case ALL_LIMITED:
        for (unsigned i = 0; i < p->n_calls; i++)
            p->calls[i].response.head = plan.special == FORBIDDEN ? STR("HTTP/1.1 401 X\r\n\r\n")
                                                                  : STR("HTTP/1.1 429 X\r\n\r\n");
        break;
    case V2_LIMITED:
        v2->response.head = STR("HTTP/1.1 429 X\r\n\r\n");
        break;
    case OVERLOADED:
        v2->response.head = STR("HTTP/1.1 503 X\r\nRetry-After: 5\r\n\r\n");
        break;
    case OFF:
        v2->outcome = OUTCOME_OFF;
        break;
    case ALL_OFF:
        for (unsigned i = 0; i < p->n_calls; i++)
            p->calls[i].outcome = OUTCOME_OFF;
        break;
    case V1_KEPT:
        call_of(p, PAIR_V1)->flags = CALL_REUSED;
        break;
    case ALL_KEPT:
        for (unsigned i = 0; i < p->n_calls; i++)
            p->calls[i].flags = CALL_REUSED;
        break;
    case UNQUIET:
        call_of(p, PAIR_CONTROL)->done_ns = v2->sent_ns + 20 * 1000 * 1000;
        break;
    case CONTROL_FAILS:
        fail_call(p, PAIR_CONTROL);
        break;
    case V1_AND_V2_FAIL:
        fail_call(p, p->exchange->ordinal % 2 ? PAIR_V1 : PAIR_V2);
        break;
    case V2_AND_CONTROL_FAIL:
        fail_call(p, PAIR_V2);
        fail_call(p, PAIR_CONTROL);
        break;
    default:
        break;
    }
}

static struct pair *make(size_t i, struct err *e)
{
    bool odd = i < plan.odd;
    int status = odd && plan.special == REFUSED ? 503 : 200;
    struct pair *p = i < plan.n ? pair_request(i + 1, "GET /x", e) : NULL;

    if (!p)
        return NULL;
    answer_all(p, status, odd && plan.special == EMPTY ? "" : "{\"n\":1.0}", e);
    if (odd)
        spoil(p);
    return p;
}

static bool run_was_cut;             /* its accounting is missing */
static const char *other_accounting; /* another one than the usual, which says little */

static struct diff *run(const char *gate)
{
    struct diff_config config = {.file = "t.mres", .threads = 1, .gates = &gate, .n_gates = !!gate};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    if (!d)
        fail_msg("%s", e.text);
    assert_int_equal(diff_meta(d, STR(META), &e), 0);
    if (!run_was_cut)
        assert_int_equal(diff_stats(d,
                                    str_of(other_accounting ? other_accounting
                                                            : "{\"accounting\":{\"recorded\":1}}"),
                                    &e),
                         0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    return d;
}

static void report(const struct diff *d, const char *format, struct buf *out)
{
    struct report_style style = {.width = 160};
    struct err e = {0};

    buf_init(out, 1 << 20);
    assert_int_equal(diff_report(d, format, &style, out, &e), 0);
}

static void verdicts_follow_from_the_pairs(void **state)
{
    static const struct {
        const char *what;
        size_t n, odd;
        enum special special;
        const char *gate;
        enum verdict verdict;
        bool no_control;
    } rows[] = {
        {"all equal", 20, 0, PLAIN, NULL, VERDICT_PASS, false},
        {"equal without control", 20, 0, PLAIN, NULL, VERDICT_PASS, true},
        {"no pairs", 0, 0, PLAIN, NULL, VERDICT_INCONCLUSIVE, false},
        {"no pairs, all gates off but one", 0, 0, PLAIN, "coverage=off", VERDICT_INCONCLUSIVE,
         false},
        {"one failure of v2", 100, 1, V2_FAILS, NULL, VERDICT_FAIL, false},
        {"v2 down", 20, 20, V2_FAILS, NULL, VERDICT_FAIL, false},
        {"v2 down, outcome off", 20, 20, V2_FAILS, "outcome=off", VERDICT_INCONCLUSIVE, false},
        {"a failure within a share", 100, 1, V2_FAILS, "outcome=1%", VERDICT_PASS, false},
        {"failures beyond a share", 100, 2, V2_FAILS, "outcome=1%", VERDICT_FAIL, false},
        {"failures within a count", 100, 2, V2_FAILS, "outcome=2", VERDICT_PASS, false},
        {"v1 down", 20, 20, V1_FAILS, NULL, VERDICT_INCONCLUSIVE, false},
        {"v1 fails in 6 %", 100, 6, V1_FAILS, NULL, VERDICT_INCONCLUSIVE, false},
        {"v1 fails in 5 %", 100, 5, V1_FAILS, NULL, VERDICT_PASS, false},
        {"both down", 20, 20, BOTH_FAIL, NULL, VERDICT_INCONCLUSIVE, false},
        {"an answer that broke off", 20, 1, BROKEN, NULL, VERDICT_FAIL, false},
        {"v2 fails as often as v1", 1000, 6, V1_AND_V2_FAIL, NULL, VERDICT_PASS, false},
        {"v1 once fails its second call", 20, 1, CONTROL_FAILS, NULL, VERDICT_PASS, false},
        {"v2 fails where v1 fails too", 20, 3, V2_AND_CONTROL_FAIL, NULL, VERDICT_PASS, false},
        {"another status", 20, 1, STATUS, NULL, VERDICT_FAIL, false},
        {"another status, to be told", 20, 1, STATUS, "status=warn", VERDICT_PASS, false},
        {"another value", 20, 3, BODY, NULL, VERDICT_FAIL, false},
        {"another value, too rare to tell", 20, 2, BODY, NULL, VERDICT_INCONCLUSIVE, false},
        {"too rare to tell, and allowed", 20, 2, BODY, "body=1", VERDICT_PASS, false},
        {"too rare to tell, within a share", 20, 2, BODY, "body=10%", VERDICT_PASS, false},
        {"too rare to tell, beyond a share", 20, 2, BODY, "body=5%", VERDICT_INCONCLUSIVE, false},
        {"too rare to tell, to be told", 20, 2, BODY, "body=warn", VERDICT_PASS, false},
        {"one field is allowed", 20, 20, BODY, "body=1", VERDICT_PASS, false},
        {"a share of pairs", 20, 20, BODY, "body=50%", VERDICT_FAIL, false},
        {"another value, not looked at", 20, 1, BODY, "body=off", VERDICT_PASS, false},
        {"another form", 20, 20, FORM, NULL, VERDICT_PASS, false},
        {"a reading of v2's clock", 20, 20, CLOCK, NULL, VERDICT_PASS, false},
        {"a reading of it without control", 20, 20, CLOCK, NULL, VERDICT_FAIL, true},
        {"a reading that is off", 20, 20, CLOCK_OFF, NULL, VERDICT_FAIL, false},
        {"4 % not sent", 100, 4, NOT_SENT, NULL, VERDICT_PASS, false},
        {"6 % not sent", 100, 6, NOT_SENT, NULL, VERDICT_INCONCLUSIVE, false},
        {"6 % not sent for the breaker", 100, 6, NOT_SENT_BREAKER, NULL, VERDICT_INCONCLUSIVE,
         false},
        {"6 % not sent for a stop", 100, 6, NOT_SENT_STOPPED, NULL, VERDICT_INCONCLUSIVE, false},
        {"6 % not sent, to be told", 100, 6, NOT_SENT, "coverage=warn", VERDICT_PASS, false},
        {"none sent", 20, 20, NOT_SENT, NULL, VERDICT_INCONCLUSIVE, false},
        {"none sent, coverage off", 20, 20, NOT_SENT, "coverage=off", VERDICT_INCONCLUSIVE, false},
        {"slower warns", 20, 20, SLOW, NULL, VERDICT_PASS, false},
        {"slower fails where asked to", 20, 20, SLOW, "latency=1.10,2ms", VERDICT_FAIL, false},
        {"both refuse everything", 20, 20, REFUSED, NULL, VERDICT_INCONCLUSIVE, false},
        {"both refuse nearly everything", 20, 19, REFUSED, NULL, VERDICT_INCONCLUSIVE, false},
        {"both refuse a lot", 20, 18, REFUSED, NULL, VERDICT_PASS, false},
        {"both forbid everything", 20, 20, FORBIDDEN, NULL, VERDICT_INCONCLUSIVE, false},
        {"both forbid some", 20, 5, FORBIDDEN, NULL, VERDICT_PASS, false},
        {"a rate limit once", 100, 1, V2_LIMITED, NULL, VERDICT_PASS, false},
        {"a rate limit for v2 alone", 1000, 6, V2_LIMITED, NULL, VERDICT_INCONCLUSIVE, false},
        {"a rate limit for both", 1000, 6, ALL_LIMITED, NULL, VERDICT_PASS, false},
        {"a rate limit for 2 %", 1000, 20, ALL_LIMITED, NULL, VERDICT_INCONCLUSIVE, false},
        {"v2 asks to come again", 100, 20, OVERLOADED, NULL, VERDICT_INCONCLUSIVE, false},
        {"some are not v2's", 20, 15, OFF, NULL, VERDICT_PASS, false},
        {"none are v2's", 20, 20, OFF, NULL, VERDICT_INCONCLUSIVE, false},
        {"a dry run", 20, 20, ALL_OFF, NULL, VERDICT_INCONCLUSIVE, false},
        {"half of a dry run", 20, 10, ALL_OFF, NULL, VERDICT_INCONCLUSIVE, false},
        {"the bench is not quiet", 20, 20, UNQUIET, NULL, VERDICT_PASS, false},
        {"the bench is not quiet, and latency counts", 20, 20, UNQUIET, "latency=1.10",
         VERDICT_INCONCLUSIVE, false},
        {"both say nothing", 20, 20, EMPTY, NULL, VERDICT_INCONCLUSIVE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff *d;

        plan.n = rows[i].n;
        plan.odd = rows[i].odd;
        plan.special = rows[i].special;
        plan.control = !rows[i].no_control;
        d = run(rows[i].gate);
        if (diff_verdict(d) != rows[i].verdict) {
            struct buf out;

            report(d, "text", &out);
            fail_msg("%s:\n%.*s", rows[i].what, STR_ARG(buf_str(&out)));
        }
        diff_close(d);
    }
}

/* A killed replay leaves whole blocks: nothing tells how much there was to be. */
static void a_run_that_was_cut_off_is_no_pass(void **state)
{
    struct diff *d;

    (void)state;
    plan.n = 20;
    plan.odd = 0;
    plan.special = BODY;
    plan.control = true;
    run_was_cut = true;
    d = run(NULL);
    assert_int_equal(diff_verdict(d), VERDICT_INCONCLUSIVE);
    diff_close(d);
    plan.odd = 5;
    d = run(NULL);
    assert_int_equal(diff_verdict(d), VERDICT_FAIL); /* what was seen stays seen */
    diff_close(d);
    run_was_cut = false;
}

static void check_text(const char *what)
{
    struct diff *d = run(NULL);
    struct buf out;

    report(d, "text", &out);
    if (!strstr(out.data, what))
        fail_msg("no \"%s\" in\n%s", what, out.data);
    buf_release(&out);
    diff_close(d);
}

/* 100 equal pairs of so many requests, of which some were never looked at. */
static void what_was_left_out_as_replay_fell_behind_lowers_coverage(void **state)
{
    static const struct {
        const char *recorded, *selected, *behind;
        enum verdict verdict;
        const char *text;
    } rows[] = {
        {"105", "100", "5", VERDICT_PASS,
         "100 of 105 requests compared (95.24 %), 5 left out as replay fell behind"},
        {"110", "100", "10", VERDICT_INCONCLUSIVE, "10 of 110 requests were left out"},
        /* Of 1000 every tenth was drawn: so would one of these 10. */
        {"1010", "100", "10", VERDICT_PASS, "100 of 101 requests compared"},
        {"2000", "100", "1000", VERDICT_INCONCLUSIVE, "100 of 200 requests compared (50 %)"},
    };

    (void)state;
    plan.n = 100;
    plan.odd = 0;
    plan.control = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        struct diff *d;

        snprintf(text, sizeof text,
                 "{\"accounting\":{\"recorded\":%s,\"selected\":%s,"
                 "\"not_eligible\":{\"behind\":%s}}}",
                 rows[i].recorded, rows[i].selected, rows[i].behind);
        other_accounting = text;
        d = run(NULL);
        assert_int_equal(diff_verdict(d), rows[i].verdict);
        diff_close(d);
        check_text(rows[i].text);
        other_accounting = NULL;
    }
}

static void certificates_that_were_not_checked_are_said(void **state)
{
    struct diff_config config = {.threads = 1};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);
    struct buf out;

    (void)state;
    assert_int_equal(diff_meta(d, STR(META), &e), 0);
    assert_int_equal(
        diff_meta(d, STR("{\"targets\":{},\"insecure\":true,\"names\":[\"v1\",\"v2\"]}"), &e), 0);
    report(d, "json", &out);
    assert_non_null(strstr(out.data, "\"insecure\""));
    buf_release(&out);
    diff_close(d);
}

static void a_dead_v1_is_named_first(void **state)
{
    (void)state;
    plan.n = plan.odd = 20;
    plan.special = V1_FAILS;
    plan.control = true;
    check_text("INCONCLUSIVE  v1 failed 20 of 20 requests: http://one.test: timeout: no answer in "
               "10 s\n");
}

static void slower_endpoints_are_named(void **state)
{
    (void)state;
    plan.n = plan.odd = 20;
    plan.special = SLOW;
    check_text("1 endpoint slower than the 10 % margin: GET /x 20x (1 > 20 ms)");
    check_text("warn only");
}

static void answers_that_say_nothing_warn(void **state)
{
    (void)state;
    plan.n = 20;
    plan.odd = 19;
    plan.special = REFUSED;
    check_text("warning: 19 of 20 pairs were errors or empty on both sides");
}

/* ---- the JSON report ---- */

static const struct json_node *member(const struct json_node *n, const char *name)
{
    const struct json_node *m = json_member(n, str_of(name));

    if (!m)
        fail_msg("no member %s", name);
    return m;
}

static void accountings_of_sections_add_up(void **state)
{
    struct diff_config config = {.threads = 1};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);
    struct arena mem;
    struct buf out;
    const struct json_node *top, *accounting;

    (void)state;
    assert_int_equal(diff_meta(d, STR(META), &e), 0);
    assert_int_equal(diff_stats(d,
                                STR("{\"accounting\":{\"recorded\":3,\"targets\":{\"v1\":"
                                    "{\"sent\":2}}},\"ended\":\"a\"}"),
                                &e),
                     0);
    assert_int_equal(diff_meta(d, STR(META), &e), 0);
    assert_int_equal(diff_stats(d,
                                STR("{\"accounting\":{\"recorded\":4,\"targets\":{\"v1\":"
                                    "{\"sent\":5},\"v2\":{\"sent\":1}},\"new\":1},"
                                    "\"ended\":\"b\"}"),
                                &e),
                     0);
    report(d, "json", &out);
    arena_init(&mem, 1 << 20);
    top = json_parse(buf_str(&out), &mem, NULL, &e);
    assert_non_null(top);
    accounting = member(top, "accounting");
    assert_true(str_eq(member(accounting, "recorded")->text, STR("7")));
    assert_true(
        str_eq(member(member(member(accounting, "targets"), "v1"), "sent")->text, STR("7")));
    assert_true(
        str_eq(member(member(member(accounting, "targets"), "v2"), "sent")->text, STR("1")));
    assert_true(str_eq(member(accounting, "new")->text, STR("1")));
    assert_true(str_eq(member(member(top, "run"), "ended")->text, STR("b")));
    arena_release(&mem);
    buf_release(&out);
    diff_close(d);
}

static void damaged_meta_is_an_error(void **state)
{
    struct diff_config config = {.threads = 1};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    (void)state;
    assert_int_equal(diff_meta(d, STR("{"), &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(diff_stats(d, STR("[]"), &e), -1);
    diff_close(d);
}

static void targets_are_found_by_name(void **state)
{
    struct diff_config config = {.threads = 1};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    (void)state;
    plan.n = plan.odd = 20;
    plan.special = V2_FAILS; /* the call of target 1, here v1's */
    plan.control = true;
    assert_int_equal(diff_meta(d, STR("{\"names\":[\"v2\",\"v1\",\"control\"]}"), &e), 0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    assert_int_equal(diff_verdict(d), VERDICT_INCONCLUSIVE);
    diff_close(d);
}

static void formats_are_known_by_name_and_ending(void **state)
{
    struct diff_config config = {.threads = 1};
    struct report_style style = {.width = 80};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(diff_report(d, "xml", &style, &out, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.text, "text, json"));
    assert_string_equal(diff_format_of("a/b.json"), "json");
    assert_null(diff_format_of("a/b.csv"));
    assert_string_equal(diff_formats()[0], "text");
    buf_release(&out);
    diff_close(d);
}

/* A source whose input is damaged after a few pairs. */
static int damaged_next(void *ctx, struct pair **p, struct err *e)
{
    struct pair_script *script = ctx;

    if (script->next == 10)
        return err_set(e, ERR_DAMAGED, "the file ends in a torn block");
    *p = make(script->next++, e);
    return *p ? 1 : -1;
}

static void what_stands_before_damage_is_compared(void **state)
{
    (void)state;
    plan.n = 100;
    plan.odd = 0;
    plan.control = true;
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        struct diff_config config = {.threads = threads};
        struct pair_script script = {0};
        struct pair_source source = {damaged_next, &script};
        struct err e = {0};
        struct diff *d = diff_open(&config, &e);

        assert_int_equal(diff_run(d, &source, &e), -1);
        assert_int_equal(e.kind, ERR_DAMAGED);
        assert_int_equal(diff_verdict(d), VERDICT_PASS);
        diff_close(d);
    }
}

static void what_spoils_a_run_is_named(void **state)
{
    static const struct {
        enum special special;
        size_t n, odd;
        const char *stats, *text;
    } rows[] = {
        {V2_LIMITED, 1000, 6, NULL,
         "INCONCLUSIVE  rate limits turned away 6 of 1000 pairs (v2 alone in 6): replay more "
         "slowly"},
        {V2_LIMITED, 100, 1, NULL, "1 pair met a rate limit, which is no evidence"},
        {FORBIDDEN, 20, 20, NULL,
         "INCONCLUSIVE  both refused 20 of 20 requests (401, 403): equal, but proof of nothing; "
         "check credentials"},
        {FORBIDDEN, 20, 5, NULL, "warning: 5 pairs were equal because both refused (401, 403)"},
        {OFF, 20, 15, "{\"accounting\":{\"selected\":20}}", "5 of 5 requests compared (100 %)"},
        {ALL_OFF, 20, 20, NULL, "no pairs: of 20 requests none was sent to both"},
        {UNQUIET, 20, 20, NULL, "the bench is not quiet: v1 again took 20 of v1's time"},
        {PLAIN, 100, 0, NULL, "warning: v1 was always called first"},
        {PLAIN, 20, 0, "{\"accounting\":{},\"lateness\":{\"p99\":\"200000\"}}",
         "warning: 1 % of the calls were sent more than 0.2 ms late"},
    };

    (void)state;
    plan.control = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plan.n = rows[i].n;
        plan.odd = rows[i].odd;
        plan.special = rows[i].special;
        other_accounting = rows[i].stats;
        check_text(rows[i].text);
    }
    other_accounting = NULL;
}

/* What is other work, or goes another way, is held apart; who times out is not. */
static void times_are_those_of_the_same_work(void **state)
{
    static const struct {
        enum special special;
        size_t odd;
        const char *json;
    } rows[] = {
        {PLAIN, 0, "\"n\": 20,"},
        {V1_KEPT, 5, "\"other_connection\": 5,"},
        {V1_KEPT, 5, "\"n\": 15,"},
        {ALL_KEPT, 15, "\"connections\": \"reused\""},
        {ALL_KEPT, 15, "\"new_connection\": 5"},
        {ALL_KEPT, 5, "\"reused_connection\": 5"},
        {STATUS, 3, "\"other_status_class\": 3,"},
        {V2_FAILS, 3, "\"timed_out\": {\n          \"v1\": 0,\n          \"v2\": 3,"},
        {BOTH_FAIL, 3, "\"both\": 3"},
    };

    (void)state;
    plan.n = 20;
    plan.control = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff *d;
        struct buf out;

        plan.odd = rows[i].odd;
        plan.special = rows[i].special;
        d = run(NULL);
        report(d, "json", &out);
        if (!strstr(out.data, rows[i].json))
            fail_msg("no %s in\n%s", rows[i].json, out.data);
        buf_release(&out);
        diff_close(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_spoils_a_run_is_named),
        cmocka_unit_test(times_are_those_of_the_same_work),
        cmocka_unit_test(verdicts_follow_from_the_pairs),
        cmocka_unit_test(a_run_that_was_cut_off_is_no_pass),
        cmocka_unit_test(what_was_left_out_as_replay_fell_behind_lowers_coverage),
        cmocka_unit_test(certificates_that_were_not_checked_are_said),
        cmocka_unit_test(a_dead_v1_is_named_first),
        cmocka_unit_test(slower_endpoints_are_named),
        cmocka_unit_test(answers_that_say_nothing_warn),
        cmocka_unit_test(accountings_of_sections_add_up),
        cmocka_unit_test(damaged_meta_is_an_error),
        cmocka_unit_test(targets_are_found_by_name),
        cmocka_unit_test(formats_are_known_by_name_and_ending),
        cmocka_unit_test(what_stands_before_damage_is_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

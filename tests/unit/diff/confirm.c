/* Requests that were sent again, and values that never repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/diff.h"
#include "diff/shape.h"
#include "tests/support/pairs.h"

#define META                                                                                   \
    "{\"targets\":{\"v1\":\"http://one.test\",\"v2\":\"http://two.test\"},\"control\":\"v1\"," \
    "\"names\":[\"v1\",\"v2\",\"control\"]}"
#define META_AGAIN                                                                               \
    "{\"targets\":{\"v1\":\"http://one.test\",\"v2\":\"http://two.test\"},\"control\":\"none\"," \
    "\"names\":[\"v2\",\"v1\"],\"confirm\":{\"of\":\"t.mres\",\"times\":5}}"
#define STATS "{\"accounting\":{\"recorded\":40,\"selected\":40}}"

enum { PAIRS = 40, ODD = 17, TIMES = 5 };

/* What v1 and v2 say when the odd request is sent again, time by time. */
struct again {
    const char *what;
    const char *method;
    const char *v1[TIMES], *v2[TIMES];
    size_t times;
    enum verdict verdict;
    const char *text;
};

static const struct again *now;
static struct diff *run;
static unsigned threads;

static struct pair *make_first(size_t i, struct err *e)
{
    char target[64];
    struct pair *p;

    snprintf(target, sizeof target, "%s /x", now->method);
    p = pair_request(i + 1, target, e);
    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, "", STR("{\"n\":1}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", i + 1 == ODD ? STR("{\"n\":2}") : STR("{\"n\":1}"), 1000, e);
    pair_answer(p, PAIR_CONTROL, 200, "", STR("{\"n\":1}"), 1000, e);
    return p;
}

/* In the other order than META of the first has it. */
static struct pair *make_again(size_t i, struct err *e)
{
    struct pair *p = pair_request(ODD, "GET /x", e);

    if (!p)
        return NULL;
    pair_answer(p, 0, 200, "", str_of(now->v2[i]), 900000, e);
    pair_answer(p, 1, 200, "", str_of(now->v1[i]), 1000, e);
    return p;
}

static struct pair *make(size_t i, struct err *e)
{
    if (i < PAIRS)
        return make_first(i, e);
    if (i == PAIRS &&
        (diff_stats(run, STR(STATS), e) < 0 || diff_meta(run, STR(META_AGAIN), e) < 0))
        return NULL;
    if (i < PAIRS + now->times)
        return make_again(i - PAIRS, e);
    /* the accounting of what was sent again is not that of the run */
    (void)diff_stats(run, STR("{\"accounting\":{\"selected\":1000}}"), e);
    return NULL;
}

static void check(const struct again *again)
{
    struct diff_config config = {.file = "t.mres", .threads = threads};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct report_style style = {.width = 100};
    struct err e = {0};
    struct buf out;

    now = again;
    run = diff_open(&config, &e);
    assert_int_equal(diff_meta(run, STR(META), &e), 0);
    if (diff_run(run, &source, &e) < 0)
        fail_msg("%s: %s", again->what, e.text);
    buf_init(&out, 1 << 20);
    assert_int_equal(diff_report(run, "text", &style, &out, &e), 0);
    if (diff_verdict(run) != again->verdict || !strstr(out.data, again->text) ||
        !strstr(out.data, "40 of 40 requests compared"))
        fail_msg("%s:\n%s", again->what, out.data);
    buf_release(&out);
    diff_close(run);
}

#define SAME                                                            \
    {                                                                   \
        "{\"n\":1}", "{\"n\":1}", "{\"n\":1}", "{\"n\":1}", "{\"n\":1}" \
    }

static void requests_that_were_sent_again_decide(void **state)
{
    static const struct again rows[] = {
        {"not sent again",
         "GET",
         {0},
         {0},
         0,
         VERDICT_INCONCLUSIVE,
         "to find out: mirrorctl replay --confirm t.mres"},
        {"v2 keeps differing",
         "GET",
         SAME,
         {"{\"n\":2}", "{\"n\":2}", "{\"n\":2}", "{\"n\":2}", "{\"n\":2}"},
         5,
         VERDICT_FAIL,
         "sent again: confirmed 1 of 1 requests"},
        {"v2 differs, always otherwise",
         "GET",
         SAME,
         {"{\"n\":2}", "{\"n\":3}", "{\"n\":4}", "{\"n\":5}", "{\"n\":6}"},
         5,
         VERDICT_FAIL,
         "sent again: confirmed 1 of 1 requests"},
        {"v2 agrees", "GET", SAME, SAME, 5, VERDICT_PASS,
         "sent again: not reproduced by 1 request"},
        {"v2 agrees once",
         "GET",
         SAME,
         {"{\"n\":2}", "{\"n\":2}", "{\"n\":1}", "{\"n\":2}", "{\"n\":2}"},
         5,
         VERDICT_PASS,
         "sent again: not reproduced by 1 request"},
        {"v1 changes its mind",
         "GET",
         {"{\"n\":1}", "{\"n\":1}", "{\"n\":7}", "{\"n\":1}", "{\"n\":1}"},
         {"{\"n\":2}", "{\"n\":2}", "{\"n\":2}", "{\"n\":2}", "{\"n\":2}"},
         5,
         VERDICT_PASS,
         "sent again: not reproduced by 1 request"},
        {"not often enough",
         "GET",
         SAME,
         {"{\"n\":2}", "{\"n\":2}", "{\"n\":2}"},
         3,
         VERDICT_INCONCLUSIVE,
         "to find out: mirrorctl replay --confirm t.mres"},
        {"another field differs",
         "GET",
         SAME,
         {"{\"n\":1,\"m\":2}", "{\"n\":1,\"m\":2}", "{\"n\":1,\"m\":2}", "{\"n\":1,\"m\":2}",
          "{\"n\":1,\"m\":2}"},
         5,
         VERDICT_PASS,
         "sent again: not reproduced by 1 request"},
        {"may not be sent again",
         "POST",
         {0},
         {0},
         0,
         VERDICT_INCONCLUSIVE,
         "not confirmable: its method is not safe to send again"},
    };

    (void)state;
    for (threads = 1; threads <= 3; threads += 2) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            check(&rows[i]);
    }
}

/* ---- shapes ---- */

static void values_have_shapes(void **state)
{
    static const struct {
        const char *value, *shape;
    } rows[] = {
        {"\"3f2b8a40-1c7e-4d53-9a51-6d3f0c9e1b22\"", "uuid"},
        {"\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"", "ulid"},
        {"\"2026-11-22T20:10:00Z\"", "iso8601"},
        {"\"2026-11-22T20:10:00.123456+01:00\"", "iso8601"},
        {"\"2026-11-22\"", "date"},
        {"Sun, 22 Nov 2026 20:10:00 GMT", "rfc1123"},
        {"1785520200", "epoch s"},
        {"1785520200123", "epoch ms"},
        {"1785520200123456", "epoch us"},
        {"1785520200123456789", "epoch ns"},
        {"\"1785520200\"", "epoch s"},
        {"17", "integer"},
        {"-9007199254740993", "integer"},
        {"2785520200", "integer"},
        {"10.10", "decimal(2)"},
        {"0.123456789012345", "decimal(7+)"},
        {"\"d41d8cd98f00b204e9800998ecf8427e\"", "hex(32)"},
        {"\"12345678\"", "hex(8)"},
        {"\"dGhpcyBpcyBub3QgYSB0b2tlbg\"", "base64url(26)"},
        {"\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl\"", "jwt"},
        {"\"10.0.0.5\"", "ip"},
        {"\"2001:db8::1\"", "ip"},
        {"\"https://one.test/x\"", "url"},
        {"\"\"", "empty"},
        {"", "empty"},
        {"\"a word\"", "text"},
        {"\"getting-started\"", "text"},
        {"true", "text"},
        {"\"12:30:45\"", "text"},
        {"\"", "text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[SHAPE_TEXT];

        if (strcmp(shape_of(str_of(rows[i].value), text), rows[i].shape) != 0)
            fail_msg("%s is %s, not %s", rows[i].value, text, rows[i].shape);
    }
}

/* v1 never repeats the field; from the third pair on v2 may say another kind. */
struct changing {
    const char *what, *v1, *again, *v2; /* with %zu for the number of the pair */
    bool fails;
    const char *text;
};

static const struct changing *field;

static void say(struct pair *p, int target, const char *format, size_t i, struct err *e)
{
    char body[256], value[128];

    snprintf(value, sizeof value, "%02zu%s", i, strchr(format, '%') + 3);
    snprintf(body, sizeof body, "{\"t\":%.*s%s}", (int)(strchr(format, '%') - format), format,
             value);
    pair_answer(p, target, 200, "", str_of(body), 1000, e);
}

static struct pair *make_changing(size_t i, struct err *e)
{
    struct pair *p = i < PAIRS ? pair_request(i + 1, "GET /x", e) : NULL;

    if (!p)
        return NULL;
    say(p, PAIR_V1, field->v1, i, e);
    say(p, PAIR_V2, field->v2, i + 1, e);
    say(p, PAIR_CONTROL, field->again, i + 2, e);
    return p;
}

static void noise_keeps_its_shape(void **state)
{
    static const struct changing rows[] = {
        {"another time", "\"2026-11-22T20:10:%zuZ\"", "\"2026-11-22T20:10:%zuZ\"",
         "\"2026-11-22T20:10:%zuZ\"", false, "NOISE, NOT COUNTED"},
        {"a time of another zone", "\"2026-11-22T20:10:%zuZ\"", "\"2026-11-22T20:10:%zuZ\"",
         "\"2026-11-22T21:10:%zuZ\"", true, "(iso8601)"},
        {"seconds became milliseconds", "17855202%zu", "17855202%zu", "17855202%zu000", true,
         "epoch ms"},
        {"a time became a number", "\"2026-11-22T20:10:%zuZ\"", "\"2026-11-22T20:10:%zuZ\"",
         "\"17%zu\"", true, "(integer)"},
        {"an id lost its end", "\"3f2b8a40-1c7e-4d53-9a51-6d3f0c9e1b%zu\"",
         "\"3f2b8a40-1c7e-4d53-9a51-6d3f0c9e1b%zu\"", "\"3f2b8a40-1c7e-4d53-9a51-6d3f0c%zu\"", true,
         "shape"},
        {"v1 changes the shape too", "\"2026-11-22T20:10:%zuZ\"", "\"17%zu\"", "\"17%zu\"", false,
         "NOISE, NOT COUNTED"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diff_config config = {.file = "t.mres", .threads = 1};
        struct pair_script script = {.make = make_changing};
        struct pair_source source = pair_script_source(&script);
        struct report_style style = {.width = 100};
        struct err e = {0};
        struct buf out;

        field = &rows[i];
        run = diff_open(&config, &e);
        assert_int_equal(diff_meta(run, STR(META), &e), 0);
        assert_int_equal(diff_run(run, &source, &e), 0);
        assert_int_equal(diff_stats(run, STR(STATS), &e), 0);
        buf_init(&out, 1 << 20);
        assert_int_equal(diff_report(run, "text", &style, &out, &e), 0);
        if ((diff_verdict(run) == VERDICT_FAIL) != rows[i].fails ||
            (diff_verdict(run) == VERDICT_PASS) == rows[i].fails || !strstr(out.data, rows[i].text))
            fail_msg("%s:\n%s", rows[i].what, out.data);
        buf_release(&out);
        diff_close(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_were_sent_again_decide),
        cmocka_unit_test(values_have_shapes),
        cmocka_unit_test(noise_keeps_its_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

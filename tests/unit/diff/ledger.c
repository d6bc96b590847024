/* The pairs that differ, at the ceiling: the first of the file are listed and the
 * others counted, whoever compared them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/diff.h"
#include "diff/ledger.h"
#include "tests/support/pairs.h"

enum { PAIRS = 1600, FIELDS = 120, GROUP = 40, VALUE = 100 };

/* In groups: an object of more than fifty members is taken for a map. */
static void fill(struct buf *body, char filler)
{
    buf_reset(body);
    for (int i = 0; i < FIELDS; i++) {
        bool begins = i % GROUP == 0;

        if (begins)
            buf_printf(body, NULL, "%s\"group%c\":{", i ? "}," : "{", 'a' + i / GROUP);
        buf_printf(body, NULL, "%s\"field%c%c\":\"", begins ? "" : ",", 'a' + i % 26, 'a' + i / 26);
        for (int k = 0; k < VALUE; k++)
            buf_addc(body, filler, NULL);
        buf_addc(body, '"', NULL);
    }
    buf_add(body, STR("}}"), NULL);
}

static struct pair *wide(size_t i, struct err *e)
{
    static const char json[] = "Content-Type: application/json\r\n";
    struct pair *p = i < PAIRS ? pair_request(i + 1, "GET /wide?token=secret", e) : NULL;
    struct buf body;

    if (!p)
        return NULL;
    buf_init(&body, 1 << 20);
    fill(&body, 'a');
    pair_answer(p, PAIR_V1, 200, json, buf_str(&body), 1000, e);
    pair_answer(p, PAIR_CONTROL, 200, json, buf_str(&body), 1000, e);
    fill(&body, 'b');
    pair_answer(p, PAIR_V2, 200, json, buf_str(&body), 1000, e);
    buf_release(&body);
    return p;
}

static void list(unsigned threads, struct buf *out)
{
    static const struct report_style style = {.width = 100};
    struct pair_script script = {.make = wide};
    struct pair_source source = pair_script_source(&script);
    struct diff_config config = {.threads = threads, .list_pairs = true};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    assert_non_null(d);
    assert_int_equal(
        diff_meta(d, STR("{\"control\":\"v1\",\"names\":[\"v1\",\"v2\",\"control\"]}"), &e), 0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    buf_init(out, 256 << 20);
    assert_int_equal(diff_report(d, "jsonl", &style, out, &e), 0);
    diff_close(d);
}

static void the_first_pairs_are_listed_and_the_others_counted(void **state)
{
    struct buf one, four;
    struct str rest, line = {0};
    unsigned long listed = 0, left_out;
    const char *counted;

    (void)state;
    list(1, &one);
    list(4, &four);
    assert_true(str_eq(buf_str(&one), buf_str(&four)));
    rest = buf_str(&one);
    while (rest.len) {
        char want[32];

        line = str_cut(&rest, '\n');
        snprintf(want, sizeof want, "{\"id\":%lu,", listed + 1);
        if (!str_starts(line, str_of(want)))
            break;
        listed++;
    }
    assert_int_equal(rest.len, 0);
    assert_true(str_starts(line, STR("{\"candidate\":\"v2\",\"left_out\":")));
    counted = strrchr(line.data, ':') + 1;
    left_out = strtoul(counted, NULL, 10);
    assert_true(listed > 100 && left_out > 100);
    assert_int_equal(listed + left_out, PAIRS);
    buf_release(&one);
    buf_release(&four);
}

static void targets_are_listed_without_secrets(void **state)
{
    struct buf out;

    (void)state;
    list(2, &out);
    assert_non_null(memmem(out.data, out.len, "/wide?token=(hidden)", 20));
    assert_null(memmem(out.data, out.len, "secret", 6));
    buf_release(&out);
}

static void pairs_that_were_not_kept_are_no_empty_report(void **state)
{
    static const struct report_style style = {.width = 100};
    struct diff_config config = {.threads = 1};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(diff_report(d, "jsonl", &style, &out, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    buf_release(&out);
    diff_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_pairs_are_listed_and_the_others_counted),
        cmocka_unit_test(targets_are_listed_without_secrets),
        cmocka_unit_test(pairs_that_were_not_kept_are_no_empty_report),
    };

    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}

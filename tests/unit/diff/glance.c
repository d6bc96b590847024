/* What can be seen of a comparison while it lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "diff/diff.h"
#include "tests/support/pairs.h"

enum { PAIRS = 40 };

static const char meta[] = "{\"names\":[\"v1\",\"v2\",\"control\"],\"control\":\"v1\"}";

static struct diff *comparison;
static struct diff_glance rows[8], all;

static int start(struct diff_config config)
{
    comparison = diff_open(&config, NULL);
    return comparison ? diff_meta(comparison, str_of(meta), NULL) : -1;
}

/* Of four: one differs, one does what v1 does to itself too, two are equal. */
static struct pair *mixed(size_t i, struct err *e)
{
    const char *v2 = i % 4 == 0 ? "{\"a\":2}" : i % 4 == 1 ? "{\"b\":2}" : "{}";
    const char *again = i % 4 == 1 ? "{\"b\":2}" : "{}";
    struct pair *p;

    if (i == PAIRS)
        return NULL;
    p = pair_request(i + 1, i % 2 ? "GET /quiet" : "GET /\x1b[2J\xe2\x80\xae/x", e);
    pair_answer(p, PAIR_V1, 200, "", STR("{}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", str_of(v2), 1000, e);
    pair_answer(p, PAIR_CONTROL, 200, "", str_of(again), 1000, e);
    /* With one comparer all that was given before is compared by now. */
    if (i % 10 == 9) {
        assert_int_equal(diff_glance(comparison, rows, 8, &all), 2);
        assert_int_equal(all.pairs, i);
        assert_int_equal(all.differing, (i + 3) / 4);
    }
    return p;
}

static void run(struct diff_config config, struct pair *(*make)(size_t i, struct err *e))
{
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);

    assert_int_equal(start(config), 0);
    assert_int_equal(diff_run(comparison, &source, NULL), 0);
}

static void what_v1_does_to_itself_too_does_not_differ(void **state)
{
    (void)state;
    run((struct diff_config){.threads = 1, .live = true}, mixed);
    assert_int_equal(diff_glance(comparison, rows, 8, &all), 2);
    assert_int_equal(all.pairs, PAIRS);
    assert_int_equal(all.differing, PAIRS / 4);
    /* What differs most comes first, and no name moves a cursor. */
    assert_int_equal(rows[0].differing, PAIRS / 4);
    assert_int_equal(rows[0].pairs, PAIRS / 2);
    assert_null(strpbrk(rows[0].name, "\x1b\xe2"));
    assert_string_equal(rows[1].name, "GET /quiet");
    assert_int_equal(rows[1].differing, 0);
    assert_int_equal(diff_glance(comparison, rows, 1, &all), 1);
    assert_int_equal(all.pairs, PAIRS);
    diff_close(comparison);
}

static struct pair *same(size_t i, struct err *e)
{
    struct pair *p = i < PAIRS ? pair_request(i + 1, "GET /x", e) : NULL;

    for (int target = PAIR_V1; p && target <= PAIR_CONTROL; target++)
        pair_answer(p, target, 200, "", STR("{}"), 1000, e);
    return p;
}

static void several_comparers_count_all(void **state)
{
    (void)state;
    run((struct diff_config){.threads = 4, .live = true}, same);
    assert_int_equal(diff_glance(comparison, rows, 8, &all), 1);
    assert_int_equal(rows[0].pairs, PAIRS);
    diff_close(comparison);
}

static void who_does_not_look_on_pays_nothing_and_sees_nothing(void **state)
{
    (void)state;
    run((struct diff_config){.threads = 2}, same);
    assert_int_equal(diff_glance(comparison, rows, 8, &all), 0);
    assert_int_equal(all.pairs, 0);
    diff_close(comparison);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_v1_does_to_itself_too_does_not_differ),
        cmocka_unit_test(several_comparers_count_all),
        cmocka_unit_test(who_does_not_look_on_pays_nothing_and_sees_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Counting: exact, bounded, and the same with any number of comparers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_tree.h"
#include "diff/diff.h"
#include "diff/tally.h"
#include "tests/support/pairs.h"

enum { PAIRS = 3000, NAMES = 6000 };

/* A member name that no rule takes for data: letters only. */
static void put_name(char name[8], unsigned n)
{
    for (int i = 0; i < 6; i++, n /= 17)
        name[i] = (char)('g' + n % 17);
    name[6] = '\0';
}

/* Every pair differs in three of many fields, in an order of its own. */
static struct pair *many_fields(size_t i, struct err *e)
{
    struct pair *p = i < PAIRS ? pair_request(PAIRS - i, "GET /x", e) : NULL;
    char a[128], b[128], names[3][8];

    if (!p)
        return NULL;
    for (unsigned k = 0; k < 3; k++)
        put_name(names[k], (unsigned)(i * 7919 + k * 104729) % NAMES);
    snprintf(a, sizeof a, "{\"%s\":1,\"%s\":1,\"%s\":1}", names[0], names[1], names[2]);
    snprintf(b, sizeof b, "{\"%s\":2,\"%s\":2,\"%s\":2}", names[0], names[1], names[2]);
    pair_answer(p, PAIR_V1, 200, "", str_of(a), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", str_of(b), 1000 + (int64_t)i % 50, e);
    pair_answer(p, PAIR_CONTROL, 200, "", str_of(i % 100 ? a : b), 1000, e);
    return p;
}

/* Many endpoints, statuses and failures. */
static struct pair *many_endpoints(size_t i, struct err *e)
{
    char target[64], name[8];
    struct pair *p;

    put_name(name, (unsigned)(i * 31) % 700);
    snprintf(target, sizeof target, "GET /%c/%s", 'a' + (int)(i * 31 % 700 % 7), name);
    p = i < PAIRS ? pair_request(i / 2 + 1, target, e) : NULL;
    if (!p)
        return NULL;
    if (i % 97 == 0)
        pair_failure(p, PAIR_V1, OUTCOME_RESET, "reset by peer", e);
    else
        pair_answer(p, PAIR_V1, 200 + (int)(i % 300), "", STR("{}"), 1000, e);
    if (i % 89 == 0)
        pair_failure(p, PAIR_V2, OUTCOME_TIMEOUT, "10 s", e);
    else
        pair_answer(p, PAIR_V2, 200 + (int)(i % 301), "Date: x\r\n", STR("{}"), 1000, e);
    return p;
}

static void report(struct pair *(*make)(size_t i, struct err *e), unsigned threads, struct buf *out)
{
    struct diff_config config = {.file = "t.mres", .threads = threads};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct report_style style = {.width = 100};
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    assert_non_null(d);
    if (diff_run(d, &source, &e) < 0)
        fail_msg("%s", e.text);
    buf_init(out, 64 << 20);
    assert_int_equal(diff_report(d, "json", &style, out, &e), 0);
    assert_int_equal(diff_report(d, "text", &style, out, &e), 0);
    diff_close(d);
}

static void check_threads(struct pair *(*make)(size_t i, struct err *e), const char *warning)
{
    struct buf one, many;

    report(make, 1, &one);
    assert_non_null(strstr(one.data, warning));
    for (unsigned threads = 2; threads <= 5; threads++) {
        report(make, threads, &many);
        assert_true(str_eq(buf_str(&one), buf_str(&many)));
        buf_release(&many);
    }
    buf_release(&one);
}

/* One value of a path in each pair: endpoints become one when all are known. */
static struct pair *many_words(size_t i, struct err *e)
{
    char target[64], name[8];
    struct pair *p;

    put_name(name, (unsigned)i % 300);
    snprintf(target, sizeof target, "GET /city/%s", name);
    p = i < 400 ? pair_request(i + 1, target, e) : NULL;
    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, "", STR("{\"a\":1}"), 1000 + (int64_t)i, e);
    pair_answer(p, PAIR_V2, 200, "", i % 3 ? STR("{\"a\":1}") : STR("{\"a\":2}"), 1000, e);
    return p;
}

static void endpoints_that_become_one_have_what_all_had(void **state)
{
    struct buf one;

    (void)state;
    check_threads(many_words, "endpoints_merged");
    report(many_words, 1, &one);
    assert_non_null(strstr(one.data, "\"path\": \"/city/{*}\",\n      \"pairs\": 400"));
    assert_non_null(strstr(one.data, "\"count\": 134"));
    buf_release(&one);
}

static void ceilings_do_not_depend_on_threads(void **state)
{
    (void)state;
    check_threads(many_fields, "paths_folded");
    check_threads(many_endpoints, "endpoints_folded");
}

static const struct json_node *member(const struct json_node *n, const char *name)
{
    const struct json_node *m = json_member(n, str_of(name));

    if (!m)
        fail_msg("no member %s", name);
    return m;
}

static uint64_t number(const struct json_node *n, const char *name)
{
    uint64_t v = 0;

    assert_true(str_to_u64(member(n, name)->text, &v));
    return v;
}

static void folded_fields_are_counted_not_lost(void **state)
{
    struct arena mem;
    struct buf out;
    const struct json_node *top, *endpoint;
    uint64_t fields = 0, count = 0;
    size_t end;

    (void)state;
    report(many_fields, 4, &out);
    end = (size_t)(strstr(out.data, "\n}\n") - out.data) + 2;
    arena_init(&mem, 64 << 20);
    top = json_parse(str_from(out.data, end), &mem, NULL, NULL);
    assert_non_null(top);
    endpoint = member(top, "endpoints")->child;
    for (const struct json_node *f = member(endpoint, "differences")->child; f; f = f->next) {
        fields++;
        count += number(f, "count");
    }
    assert_int_equal(fields, TALLY_FIELDS + 1);
    assert_int_equal(count, 3 * PAIRS);
    assert_int_equal(number(endpoint, "equal") + number(endpoint, "different"), PAIRS);
    arena_release(&mem);
    buf_release(&out);
}

/* ---- examples ---- */

static struct pair *one_field(size_t i, struct err *e)
{
    struct pair *p = i < 40 ? pair_request(40 - i, "GET /x", e) : NULL;

    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, "", STR("{\"a\":[1,1]}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", STR("{\"a\":[2,2]}"), 1000, e);
    return p;
}

static void the_first_examples_by_ordinal_are_kept(void **state)
{
    struct arena mem;
    struct buf out;
    const struct json_node *f;
    uint64_t id = 1;
    size_t end;

    (void)state;
    report(one_field, 3, &out);
    end = (size_t)(strstr(out.data, "\n}\n") - out.data) + 2;
    arena_init(&mem, 1 << 20);
    f = json_parse(str_from(out.data, end), &mem, NULL, NULL);
    f = member(member(f, "endpoints")->child, "differences")->child;
    assert_true(str_eq(member(f, "path")->text, STR("$.a[*]")));
    assert_int_equal(number(f, "count"), 40);
    assert_int_equal(number(f, "elements"), 80);
    assert_int_equal(member(f, "examples")->count, TALLY_EXAMPLES);
    for (const struct json_node *x = member(f, "examples")->child; x; x = x->next, id++) {
        assert_int_equal(number(x, "id"), id);
        assert_true(str_eq(member(x, "at")->text, STR("$.a[0]")));
    }
    arena_release(&mem);
    buf_release(&out);
}

/* Pairs that differ only where v1 does not agree with itself are equal. */
static struct pair *noisy(size_t i, struct err *e)
{
    struct pair *p = i < 40 ? pair_request(i + 1, "GET /x", e) : NULL;
    char a[64], b[64];

    if (!p)
        return NULL;
    snprintf(a, sizeof a, "{\"t\":%zu,\"n\":1}", i);
    snprintf(b, sizeof b, "{\"t\":%zu,\"n\":%d}", i + 1, i % 13 == 7 ? 2 : 1);
    pair_answer(p, PAIR_V1, 200, "", str_of(a), 1000, e);
    pair_answer(p, PAIR_V2, 200, "", str_of(b), 1000, e);
    snprintf(b, sizeof b, "{\"t\":%zu,\"n\":1}", i + 2);
    pair_answer(p, PAIR_CONTROL, 200, "", str_of(b), 1000, e);
    return p;
}

static void noise_alone_leaves_a_pair_equal(void **state)
{
    struct arena mem;
    struct buf out;
    const struct json_node *totals;
    size_t end;

    (void)state;
    report(noisy, 2, &out);
    end = (size_t)(strstr(out.data, "\n}\n") - out.data) + 2;
    arena_init(&mem, 1 << 20);
    totals = member(json_parse(str_from(out.data, end), &mem, NULL, NULL), "totals");
    assert_int_equal(number(totals, "equal"), 37);
    assert_int_equal(number(totals, "different"), 3);
    assert_int_equal(number(totals, "body"), 3);
    arena_release(&mem);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceilings_do_not_depend_on_threads),
        cmocka_unit_test(endpoints_that_become_one_have_what_all_had),
        cmocka_unit_test(folded_fields_are_counted_not_lost),
        cmocka_unit_test(the_first_examples_by_ordinal_are_kept),
        cmocka_unit_test(noise_alone_leaves_a_pair_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/thread.h"
#include "replay/regex.h"

static struct regex *compile(struct str source)
{
    enum regex_fault fault;
    size_t offset;
    struct err e = {0};
    struct regex *r = regex_new(source, &fault, &offset, &e);

    if (!r)
        fail_msg("%.*s: %s", STR_ARG(source), e.text);
    assert_int_equal(fault, REGEX_FINE);
    return r;
}

static enum regex_answer ask(struct str source, struct str text)
{
    struct regex *r = compile(source);
    enum regex_answer answer = regex_fits(r, text);

    regex_free(r);
    return answer;
}

#define fits(source, text)     assert_int_equal(ask(STR(source), STR(text)), REGEX_FITS)
#define fits_not(source, text) assert_int_equal(ask(STR(source), STR(text)), REGEX_FITS_NOT)

static void check_refused(struct str source, enum regex_fault want, size_t want_offset)
{
    enum regex_fault fault;
    size_t offset;
    struct err e = {0};
    struct regex *r = regex_new(source, &fault, &offset, &e);

    if (r)
        fail_msg("%.*s was taken", STR_ARG(source));
    if (fault != want || offset != want_offset)
        fail_msg("%.*s: fault %d at %zu: %s", STR_ARG(source), (int)fault, offset, e.text);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_string_not_equal(e.text, "");
}

#define refused(source, offset)     check_refused(STR(source), REGEX_REFUSED, offset)
#define unsupported(source, offset) check_refused(STR(source), REGEX_UNSUPPORTED, offset)
#define broken(source, offset)      check_refused(STR(source), REGEX_BROKEN, offset)
#define too_large(source, offset)   check_refused(STR(source), REGEX_TOO_LARGE, offset)

/* `n` times `what`, and then `last`. */
static struct str many(const char *what, size_t n, const char *last)
{
    size_t size = strlen(what), end = strlen(last);
    char *p = mem_alloc(n * size + end + 1);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * size, what, size);
    memcpy(p + n * size, last, end + 1);
    return str_from(p, n * size + end);
}

static void drop(struct str s)
{
    mem_free((char *)(uintptr_t)s.data);
}

static void all_of_the_text_must_fit(void **state)
{
    (void)state;
    fits("/v[0-9]+", "/v1");
    fits_not("/v[0-9]+", "/v1/x");
    fits_not("/v[0-9]+", "x/v1");
    fits("a|ab", "ab");
    fits("(a|ab)(c|bcd)", "abcd");
    fits("a*?", "aaa");
    fits("^/a$", "/a");
    fits_not("a", "");
    fits("a*", "");
}

static void flags_stand_in_front(void **state)
{
    (void)state;
    fits("(?i)/API/\\d+", "/api/12");
    fits_not("/API/\\d+", "/api/12");
    fits("(?s)a.b", "a\nb");
    fits_not("a.b", "a\nb");
    fits("(?is)A.B", "a\nb");
    fits("(?i)(?s)A.B", "a\nb");
    fits("(?i)k", "\xe2\x84\xaa"); /* the Kelvin sign, as Unicode folds it */
    fits("(?i)", "");              /* of nothing else */
    fits_not("(?i)\\W", "s");      /* the long s is no letter of ASCII, but folds to one */
    fits("(?i)[^\\W]+", "sS\xc5\xbf");
    fits_not("(?i)[\\W]", "K");
    fits("[\\W]", "\xc5\xbf");
    unsupported("a(?i)b", 1);
    unsupported("(?i:a)b", 0);
    unsupported("(?m)^a$", 0);
    unsupported("(?U)a+", 0);
    unsupported("(?-s)a", 0);
    refused("(?x) a", 0);
}

static void signs_mean_what_they_mean_to_re2(void **state)
{
    (void)state;
    fits_not("a$", "a\n");
    fits_not("\\d", "\xd9\xa3"); /* a digit of another script */
    fits_not("\\w", "\xc3\xa9");
    fits("\\W", "\xc3\xa9");
    fits("[^\\w]", "\xc3\xa9");
    fits("[\\W]", "\xc3\xa9");
    fits_not("\\s", "\v");
    fits("\\S", "\v");
    fits("[\\S]", "\v");
    fits("[\\s\\d]+", " \t\r\n\f1");
    fits("[^a]", "\n");
    fits(".", "\r");
    fits("a{,5}", "a{,5}");
    fits("a{ 1}", "a{ 1}");
    fits("a{", "a{");
    fits("x{2,3}", "xxx");
    fits("\\.\\/\\-\\_\\ ", "./-_ ");
    fits("\\x41\\x{20ac}\\101\\n", "A\xe2\x82\xac"
                                   "A\n");
    fits("[]a]+", "]a");
    fits("[^]a]", "b");
    fits("[a-c-e]+", "a-e");
    fits("[[:]+", "[:");
    fits("[\\]\\\\-]+", "]\\-");
    fits("[#~& ]+", "# ~&");
    fits("^*a", "a");
    fits("a||b", "");
    fits("()a", "a");
    fits("a# b", "a# b");
}

static void characters_are_those_of_utf8(void **state)
{
    (void)state;
    fits("/.", "/\xc3\xa9");
    fits_not("/..", "/\xc3\xa9");
    fits("[\xc3\xa0-\xc3\xbf]", "\xc3\xa9");
    fits_not(".*", "\xff");
    fits_not("\\x{ff}", "\xff");
    broken("a\xff", 1);
}

static void bytes_that_are_nul_are_characters(void **state)
{
    (void)state;
    fits("a\\x00b", "a\0b");
    fits("a\0b", "a\0b");
    fits_not("a", "a\0");
    refused("(?\0)", 0);
}

static void what_re2_refuses_is_refused_too(void **state)
{
    (void)state;
    refused("(?=x)", 0);
    refused("a(?!x)", 1);
    refused("(?<=x)y", 0);
    refused("(?<!x)y", 0);
    refused("(a)\\1", 3);
    refused("(a)(?P=n)", 3);
    refused("a\\k<n>", 1);
    refused("a\\g1", 1);
    refused("(?>a)", 0);
    refused("a++", 2);
    refused("a*+", 2);
    refused("a?+", 2);
    refused("a{2}+", 4);
    refused("a**", 2);
    refused("(?R)", 0);
    refused("(?1)", 0);
    refused("(?-1)", 0);
    refused("(?+1)", 0);
    refused("(?&n)", 0);
    refused("(?P>n)", 0);
    refused("(?(1)a|b)", 0);
    refused("(?|a|b)", 0);
    refused("(?#c)", 0);
    refused("(?C1)", 0);
    refused("(*UTF)a", 0);
    refused("a(*SKIP)", 1);
    refused("\\Ka", 0);
    refused("\\G", 0);
    refused("a\\Z", 1);
    refused("\\R", 0);
    refused("\\X", 0);
    refused("\\h", 0);
    refused("\\y", 0);
}

static void what_is_not_supported_says_so(void **state)
{
    (void)state;
    unsupported("\\p{L}+", 0);
    unsupported("a\\PL", 1);
    unsupported("[\\pL]", 1);
    unsupported("a\\b", 1);
    unsupported("\\Ba", 0);
    unsupported("(?P<n>a)", 0);
    unsupported("(?<n>a)", 0);
    unsupported("[[:alpha:]]", 1);
    unsupported("\\Qa.b\\E", 0);
    unsupported("\\Aa\\z", 0);
    unsupported("\\C", 0);
    unsupported("\\x{d800}", 0);
}

static void what_is_no_expression_says_where(void **state)
{
    (void)state;
    broken("", 0);
    broken("(", 0);
    broken("a(b", 1);
    broken("a)", 1);
    broken("[a", 0);
    broken("a[]", 1);
    broken("[z-a]", 1);
    broken("*a", 0);
    broken("a|*", 2);
    broken("(+)", 1);
    broken("a{3,2}", 1);
    broken("a\\", 1);
    broken("\\x4", 0);
    broken("\\x{110000}", 0);
    broken("\\x{}", 0);
    broken("(?i", 0);
    broken("(?", 0);
}

static void sizes_have_limits(void **state)
{
    struct str s = many("a", 1024, "");

    (void)state;
    assert_int_equal(ask(s, s), REGEX_FITS);
    drop(s);
    s = many("a", 1024, "b");
    check_refused(s, REGEX_TOO_LARGE, 1024);
    drop(s);
    s = many("\xc3\xa9", 1024, "");
    assert_int_equal(ask(s, s), REGEX_FITS);
    drop(s);
    s = many("(", 251, "");
    check_refused(s, REGEX_TOO_LARGE, 250);
    drop(s);
    too_large("a{1001}", 1);
    too_large("a{1001,}", 1);
    too_large("a{1,1001}", 1);
    too_large("a{99999999999999999999}", 1);
    too_large("(a{100}){11}", 8);
    fits_not("(a{100}){10}", "a");
    fits_not("a{1000}", "a");
    too_large(
        "(abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz){1000}",
        0);
}

/* Processor time: others use the machine too. */
static int64_t now_ns(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Text that takes a backtracking matcher for ever ends, by the limit or before. */
static void nothing_takes_long(void **state)
{
    static const char *const sources[] = {
        "(a*)*b",
        "(a+)+[bc]",
        "(.*)(.*)(.*)(.*)(.*)[bc]",
        "(?:a*[bc]|a)*d",
        "(a|a)*b",
        "(a|aa)+b",
        "(.*)(.*)(.*)(.*)(.*)b",
        "(?:a*b|a*c|a*d|a*e|a)*f",
        "(?:a{1000}b|a{1000}c|a{1000}d|a)*f",
        "(?:(?:aaaaaaaaaaaaaaaaaaaa){500}b|a)*f",
        "(?i)(a*)*b",
        "((((((((((a*)*)*)*)*)*)*)*)*)*)*b",
    };
    struct str text = many("a", 64 * 1024, "");
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, 1024 * 1024);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct regex *r = compile(str_of(sources[i]));
        int64_t from = now_ns(), took;

        assert_int_not_equal(regex_fits(r, text), REGEX_FITS);
        took = now_ns() - from;
        if (took > NS_PER_SEC)
            fail_msg("%s took %lld ms", sources[i], (long long)(took / 1000000));
        from = now_ns();
        regex_replace(r, str_head(text, 8192), STR("x"), &out, &e);
        took = now_ns() - from;
        if (took > 5 * (int64_t)NS_PER_SEC)
            fail_msg("replacing by %s took %lld ms", sources[i], (long long)(took / 1000000));
        buf_reset(&out);
        regex_free(r);
    }
    buf_release(&out);
    drop(text);
}

static void a_limit_is_no_answer(void **state)
{
    struct str text = many("a", 64 * 1024, "");

    (void)state;
    assert_int_equal(ask(STR("(a*)*b"), text), REGEX_LIMIT);
    drop(text);
    text = many("ab/", 20 * 1024, "");
    assert_int_equal(ask(STR("([a-z]+/)*"), text), REGEX_FITS);
    drop(text);
}

static void the_plain_beginning_is_known(void **state)
{
    static const struct {
        const char *source, *beginning;
    } cases[] = {
        {"/api/v[0-9]+", "/api/v"},
        {"^/api\\.x$", "/api.x"},
        {"/ab*", "/a"},
        {"/ab{2}", "/a"},
        {"/a|/b", ""},
        {"(/a|/b)/c", ""},
        {"/a(b)", "/a"},
        {".*", ""},
        {"(?i)/a", ""},
        {"/a(b|c)|d", ""},
        {"/\xc3\xa9?", "/"},
        {"^*a", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct regex *r = compile(str_of(cases[i].source));
        struct str b = regex_beginning(r);

        if (!str_eq(b, str_of(cases[i].beginning)))
            fail_msg("%s begins with \"%.*s\"", cases[i].source, STR_ARG(b));
        regex_free(r);
    }
}

static void replaces(const char *source, const char *text, const char *to, const char *want)
{
    struct regex *r = compile(str_of(source));
    struct err e = {0};
    struct buf out;

    buf_init(&out, 1024);
    assert_int_equal(regex_check_replacement(r, str_of(to), &e), 0);
    assert_int_equal(regex_replace(r, str_of(text), str_of(to), &out, &e), 0);
    if (!str_eq(buf_str(&out), str_of(want)))
        fail_msg("%s of %s: %.*s", source, text, STR_ARG(buf_str(&out)));
    buf_release(&out);
    regex_free(r);
}

static void every_part_is_replaced(void **state)
{
    (void)state;
    replaces("^/service/([^/]+)(/.*)$", "/service/foo/v1/api", "\\2/instance/\\1",
             "/v1/api/instance/foo");
    replaces("one", "/xxx/one/yyy/one/zzz", "two", "/xxx/two/yyy/two/zzz");
    replaces("a", "banana", "<\\0>", "b<a>n<a>n<a>");
    replaces("(?i)/XX/", "/aaa/xx/bbb", "/yyy/", "/aaa/yyy/bbb");
    replaces("b*", "abc", "x", "xaxcx");
}

static void an_empty_part_is_replaced_once(void **state)
{
    (void)state;
    replaces("x*", "aa", "-", "-a-a-");
    replaces("(a)|(b)", "ab", "[\\1\\2]", "[a][b]");
    replaces("^", "/a", "/b", "/b/a");
    replaces("$", "/a", "\\\\", "/a\\");
    replaces("x*", "\xc3\xa9", "-", "-\xc3\xa9-");
    replaces("a",
             "b\xff"
             "a",
             "c",
             "b\xff"
             "c");
}

static void a_replacement_is_checked(void **state)
{
    struct regex *r = compile(STR("(a)(b)"));
    struct err e = {0};

    (void)state;
    assert_int_equal(regex_check_replacement(r, STR("\\0\\1\\2\\\\"), &e), 0);
    assert_int_equal(regex_check_replacement(r, STR("\\3"), &e), -1);
    assert_string_equal(e.text, "\\3: the expression has 2 groups");
    assert_int_equal(regex_check_replacement(r, STR("a\\"), &e), -1);
    assert_int_equal(regex_check_replacement(r, STR("\\x"), &e), -1);
    regex_free(r);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *ask_often(void *ctx)
{
    size_t right = 0;

    for (int i = 0; i < ROUNDS; i++) {
        right += regex_fits(ctx, STR("/v1/abc")) == REGEX_FITS;
        right += regex_fits(ctx, STR("/v1/a-c")) == REGEX_FITS_NOT;
    }
    return right == (size_t)2 * ROUNDS ? ctx : NULL;
}

static void threads_share_one(void **state)
{
    struct regex *r = compile(STR("/v[0-9]/([a-z]+)"));
    pthread_t threads[THREADS];
    void *result;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, r), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, r);
    }
    regex_free(r);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 1000; n++) {
        enum regex_fault fault;
        enum regex_answer answer = REGEX_LIMIT;
        size_t offset;
        struct err e = {0};
        struct regex *r;

        mem_fail_at(n, MEM_FAIL_ONCE);
        r = regex_new(STR("/v(a*)[b-c]{2}"), &fault, &offset, &e);
        if (r)
            answer = regex_fits(r, STR("/vabc"));
        if (mem_count() < n) {
            mem_fail_at(0, MEM_FAIL_NEVER);
            assert_int_equal(answer, REGEX_FITS);
            regex_free(r);
            return;
        }
        mem_fail_at(0, MEM_FAIL_NEVER);
        assert_int_equal(fault, REGEX_FINE);
        assert_true(r ? answer == REGEX_LIMIT : e.kind == ERR_NOMEM);
        regex_free(r);
    }
    fail_msg("it never had enough");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_the_text_must_fit),
        cmocka_unit_test(flags_stand_in_front),
        cmocka_unit_test(signs_mean_what_they_mean_to_re2),
        cmocka_unit_test(characters_are_those_of_utf8),
        cmocka_unit_test(bytes_that_are_nul_are_characters),
        cmocka_unit_test(what_re2_refuses_is_refused_too),
        cmocka_unit_test(what_is_not_supported_says_so),
        cmocka_unit_test(what_is_no_expression_says_where),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(nothing_takes_long),
        cmocka_unit_test(a_limit_is_no_answer),
        cmocka_unit_test(the_plain_beginning_is_known),
        cmocka_unit_test(every_part_is_replaced),
        cmocka_unit_test(an_empty_part_is_replaced_once),
        cmocka_unit_test(a_replacement_is_checked),
        cmocka_unit_test(threads_share_one),
        cmocka_unit_test(without_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

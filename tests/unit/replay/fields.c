#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/fields.h"
#include "replay/rewrite.h"

#define SET(text_)              \
    {                           \
        .text = STR_INIT(text_) \
    }
#define SET_FOR(version_, text_)                       \
    {                                                  \
        .text = STR_INIT(text_), .version = (version_) \
    }
#define REMOVE(text_)                           \
    {                                           \
        .text = STR_INIT(text_), .remove = true \
    }
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The copy for v<version> of a request with these fields. */
static void assert_fields(const struct replay_field *changes, size_t n, unsigned version,
                          const char *fields, const char *expected)
{
    char head[1024], wanted[1024];
    struct field_rules rules;
    struct rewrite rewrite = {.host = HOST_KEEP, .fields = &rules};
    struct http_message m = {.complete = true};
    struct http_request_line line;
    struct err e = {0};
    struct copy c;

    snprintf(head, sizeof head, "GET / HTTP/1.1\r\n%s\r\n", fields);
    snprintf(wanted, sizeof wanted, "GET / HTTP/1.1\r\n%s\r\n", expected);
    m.head = str_of(head);
    if (field_rules_init(&rules, changes, n, version, &e) < 0)
        fail_msg("%s", e.text);
    copy_init(&c);
    assert_true(http_request_line(m.head, &line));
    assert_int_equal(copy_make(&c, &m, &line, (struct str){0}, &rewrite, &e), 0);
    assert_int_equal(copy_rest(&c, 0).len, strlen(wanted));
    assert_memory_equal(copy_rest(&c, 0).data, wanted, strlen(wanted));
    copy_release(&c);
}

static void a_field_is_replaced_where_it_stood(void **state)
{
    static const struct replay_field changes[] = {SET("X-Env:dark")};

    (void)state;
    assert_fields(changes, 1, 1, "Host: a\r\nx-env: prod\r\nA: 1\r\nX-ENV: b\r\n",
                  "Host: a\r\nX-Env: dark\r\nA: 1\r\n");
}

static void what_was_not_there_is_added(void **state)
{
    static const struct replay_field changes[] = {SET("X-A: 1"), SET("X-Empty:"), SET("X-A: 2 ")};

    (void)state;
    assert_fields(changes, COUNT(changes), 1, "Host: a\r\n",
                  "Host: a\r\nX-A: 1\r\nX-Empty: \r\nX-A: 2\r\n");
    assert_fields(changes, COUNT(changes), 1, "x-a: 0\r\nHost: a\r\n",
                  "X-A: 1\r\nX-A: 2\r\nHost: a\r\nX-Empty: \r\n");
}

static void fields_are_removed_whatever_their_case(void **state)
{
    static const struct replay_field changes[] = {REMOVE("authorization"), REMOVE("Cookie")};

    (void)state;
    assert_fields(changes, COUNT(changes), 1,
                  "Host: a\r\nAuthorization: x\r\nCOOKIE: a=1\r\nCookie:\r\n b=2\r\nB: 1\r\n",
                  "Host: a\r\nB: 1\r\n");
}

static void removing_comes_before_setting(void **state)
{
    static const struct replay_field changes[] = {SET("X-A: new"), REMOVE("X-A")};

    (void)state;
    assert_fields(changes, COUNT(changes), 1, "X-A: old\r\nHost: a\r\n", "Host: a\r\nX-A: new\r\n");
}

static void what_is_set_for_one_target_counts_there_instead(void **state)
{
    static const struct replay_field changes[] = {SET("X-A: all"), SET_FOR(2, "x-a: two"),
                                                  SET_FOR(1, "X-B: one"), SET_FOR(3, "Host: c")};

    (void)state;
    assert_fields(changes, COUNT(changes), 1, "Host: a\r\n", "Host: a\r\nX-B: one\r\nX-A: all\r\n");
    assert_fields(changes, COUNT(changes), 2, "Host: a\r\n", "Host: a\r\nx-a: two\r\n");
    assert_fields(changes, COUNT(changes), 3, "Host: a\r\n", "Host: c\r\nX-A: all\r\n");
}

static void what_connection_names_away_can_be_set(void **state)
{
    static const struct replay_field changes[] = {SET("X-A: 1")};

    (void)state;
    assert_fields(changes, 1, 1, "Connection: x-a\r\nX-A: 0\r\nHost: a\r\n",
                  "Host: a\r\nX-A: 1\r\n");
}

static void assert_refused(struct replay_field field, const char *why)
{
    struct field_rules rules;
    struct err e = {0}, again = {0};

    assert_int_equal(replay_field_check(&field, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.text, why));
    assert_null(strstr(e.text, "s3cret"));
    assert_int_equal(field_rules_init(&rules, &field, 1, 1, &again), -1);
    assert_string_equal(e.text, again.text);
}

static void what_would_make_another_message_is_refused(void **state)
{
    (void)state;
    assert_refused((struct replay_field)SET("Content-Length: 7"), "frames the content");
    assert_refused((struct replay_field)SET("transfer-encoding: chunked"), "frames the content");
    assert_refused((struct replay_field)SET("CONNECTION: close"), "about the connection");
    assert_refused((struct replay_field)SET("Expect: 100-continue"), "wait");
    assert_refused((struct replay_field)SET("Upgrade: h2c"), "another protocol");
    assert_refused((struct replay_field)REMOVE("Content-Length"), "frames the content");
    assert_refused((struct replay_field)REMOVE("host"), "--host changes it");
}

static void what_is_no_field_is_refused_without_showing_it(void **state)
{
    (void)state;
    assert_refused((struct replay_field)SET("s3cret"), "Name: value");
    assert_refused((struct replay_field)SET(""), "Name: value");
    assert_refused((struct replay_field)SET(": s3cret"), "name");
    assert_refused((struct replay_field)SET("X A: s3cret"), "name");
    assert_refused((struct replay_field)SET("X-A : s3cret"), "name");
    assert_refused((struct replay_field)SET("X-A: s3cret\r\nHost: b"), "control character");
    assert_refused((struct replay_field)SET("X-A: s3cret\n"), "control character");
    assert_refused((struct replay_field)SET("X-A: s3\0cret"), "control character");
    assert_refused((struct replay_field)REMOVE("X-A: s3cret"), "name");
    assert_refused((struct replay_field)REMOVE(""), "name");
}

static void their_number_and_size_have_a_ceiling(void **state)
{
    struct replay_field changes[FIELDS_MAX + 1];
    struct field_rules rules;
    struct err e = {0};
    char *big = malloc(FIELDS_BYTES);

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++)
        changes[i] = (struct replay_field)SET("X-A: 1");
    assert_int_equal(field_rules_init(&rules, changes, FIELDS_MAX, 1, &e), 0);
    assert_int_equal(field_rules_init(&rules, changes, FIELDS_MAX + 1, 1, &e), -1);
    assert_non_null(strstr(e.text, "more than 64"));
    assert_non_null(big);
    memset(big, 'x', FIELDS_BYTES);
    memcpy(big, "X-A:", 4);
    changes[0].text = str_from(big, FIELDS_BYTES);
    assert_int_equal(field_rules_init(&rules, changes, 1, 1, &e), -1);
    assert_non_null(strstr(e.text, "more than 32768 bytes"));
    free(big);
}

static void layers_of_a_plan_have_a_ceiling_too(void **state)
{
    struct plan_change changes[FIELDS_MAX + 1] = {{0}};
    struct field_rules rules = {0};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i <= FIELDS_MAX; i++)
        changes[i] = (struct plan_change){i < FIELDS_MAX ? &changes[i + 1] : NULL, PLAN_ADD,
                                          STR("X-A"), STR("1")};
    assert_int_equal(field_rules_change(&rules, &changes[1], &e), 0);
    assert_int_equal(field_rules_change(&rules, &changes[FIELDS_MAX], &e), -1);
    assert_non_null(strstr(e.text, "more than 64 changes"));
    changes[0] = (struct plan_change){NULL, PLAN_REMOVE, STR("x-a"), STR("")};
    assert_int_equal(field_rules_change(&rules, changes, &e), 0);
    assert_false(field_rules_extend(&rules, STR("X-A")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_replaced_where_it_stood),
        cmocka_unit_test(what_was_not_there_is_added),
        cmocka_unit_test(fields_are_removed_whatever_their_case),
        cmocka_unit_test(removing_comes_before_setting),
        cmocka_unit_test(what_is_set_for_one_target_counts_there_instead),
        cmocka_unit_test(what_connection_names_away_can_be_set),
        cmocka_unit_test(what_would_make_another_message_is_refused),
        cmocka_unit_test(what_is_no_field_is_refused_without_showing_it),
        cmocka_unit_test(their_number_and_size_have_a_ceiling),
        cmocka_unit_test(layers_of_a_plan_have_a_ceiling_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which requests are one endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/endpoint_name.h"

static void data_in_paths_is_folded(void **state)
{
    static const struct {
        const char *target, *folded;
    } rows[] = {
        {"/", "/"},
        {"/users", "/users"},
        {"/users/17", "/users/{id}"},
        {"/users/17/", "/users/{id}/"},
        {"/users//17", "/users/{id}"},
        {"/users/17?x=1#y", "/users/{id}"},
        {"/v1/users/17/orders/18", "/v1/users/{id}/orders/{id}"},
        {"/v2.1/x", "/v2.1/x"},
        {"/o/550e8400-e29b-41d4-a716-446655440000", "/o/{uuid}"},
        {"/o/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/o/{id}"},
        {"/o/507f1f77bcf86cd799439011", "/o/{id}"},
        {"/o/deadbeef", "/o/deadbeef"},
        {"/o/deadbee1", "/o/{hex}"},
        {"/d/2026-11-22", "/d/{date}"},
        {"/d/2026-11-22T10:11:12Z/x", "/d/{date}/x"},
        {"/m/ann%40example.com", "/m/{email}"},
        {"/t/eyJ0eXAi1J9abc23def45", "/t/{token}"},
        {"/posts/getting-started-with-movies-2", "/posts/getting-started-with-movies-2"},
        {"/rpc/getUserProfileV2ById", "/rpc/getUserProfileV2ById"},
        {"/img/17.jpg", "/img/{id}.jpg"},
        {"/img/logo.png", "/img/logo.png"},
        {"/at/52.52,13.40", "/at/{num}"},
        {"/top100/2fa", "/top100/2fa"},
        {"http://example.test:80/users/17", "/users/{id}"},
        {"http://example.test", "/"},
        {"*", "*"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 4096);
        assert_int_equal(endpoint_name_fold(str_of(rows[i].target), &out, NULL), 0);
        if (!str_eq(buf_str(&out), str_of(rows[i].folded)))
            fail_msg("%s: got %.*s, want %s", rows[i].target, STR_ARG(buf_str(&out)),
                     rows[i].folded);
        buf_release(&out);
    }
}

static const struct endpoint_name *name_of(struct endpoint_names *names, const char *request)
{
    char head[4096];
    uint32_t index;

    snprintf(head, sizeof head, "%s HTTP/1.1\r\n\r\n", request);
    assert_int_equal(endpoint_names_find(names, str_of(head), &index, NULL), 0);
    return endpoint_names_at(names, index);
}

static void the_most_specific_pattern_counts(void **state)
{
    static const char *const patterns[] = {"/users/*", "GET /users/{name}", "/users/me",
                                           "GET /users/{name}/*/last"};
    static const struct {
        const char *request, *path;
    } rows[] = {
        {"GET /users/ann", "/users/{name}"},      {"GET /users/me", "/users/me"},
        {"POST /users/me", "/users/me"},          {"POST /users/ann", "/users/*"},
        {"GET /users/ann/orders", "/users/*"},    {"GET /users/ann/x/last", "/users/{name}/*/last"},
        {"GET /other/17", "/other/{id}"},         {"GET /users", "/users"},
        {"GET /users/ann?x=/y", "/users/{name}"},
    };
    struct endpoint_names *names = endpoint_names_new(patterns, 4, NULL);

    (void)state;
    assert_non_null(names);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str path = name_of(names, rows[i].request)->path;
        if (!str_eq(path, str_of(rows[i].path)))
            fail_msg("%s: got %.*s, want %s", rows[i].request, STR_ARG(path), rows[i].path);
    }
    endpoint_names_free(names);
}

static void methods_are_told_apart(void **state)
{
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);

    (void)state;
    assert_ptr_equal(name_of(names, "GET /a/1"), name_of(names, "GET /a/2"));
    assert_ptr_not_equal(name_of(names, "GET /a/1"), name_of(names, "POST /a/1"));
    assert_int_equal(endpoint_names_count(names), 2);
    endpoint_names_free(names);
}

static void what_is_no_pattern_is_refused(void **state)
{
    static const char *const bad[] = {"users", "GET", "G(T /x", ""};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};

        assert_null(endpoint_names_new(&bad[i], 1, &e));
        assert_int_equal(e.kind, ERR_USAGE);
        assert_non_null(strstr(e.text, "GET /users/{id}"));
    }
}

static void names_beyond_the_ceiling_are_one(void **state)
{
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);
    char request[64];

    (void)state;
    for (int i = 0; i < ENDPOINTS_MAX + 100; i++) {
        snprintf(request, sizeof request, "GET /x%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
                 'a' + i / 676);
        name_of(names, request);
    }
    assert_int_equal(endpoint_names_count(names), ENDPOINTS_MAX + 1);
    assert_true(str_eq(name_of(names, "GET /never-seen")->path, STR("(other)")));
    assert_true(str_eq(name_of(names, "GET /xaaa")->path, STR("/xaaa")));
    endpoint_names_free(names);
}

static void long_paths_are_cut(void **state)
{
    char request[4096] = "GET ";
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);

    (void)state;
    for (size_t i = 4; i + 2 < sizeof request - 100; i += 2)
        memcpy(request + i, "/a", 3);
    assert_true(name_of(names, request)->path.len < ENDPOINT_PATH_MAX + 300);
    endpoint_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_in_paths_is_folded),
        cmocka_unit_test(the_most_specific_pattern_counts),
        cmocka_unit_test(methods_are_told_apart),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(names_beyond_the_ceiling_are_one),
        cmocka_unit_test(long_paths_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

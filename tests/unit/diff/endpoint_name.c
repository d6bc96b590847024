/* Which requests are one endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/endpoint_name.h"
#include "diff/openapi.h"

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
    assert_int_equal(endpoint_names_find(names, str_of(head), STR(""), &index, NULL), 0);
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

/* The endpoints after reading these requests, each so often, and settling. */
static void settle(struct endpoint_names *names, char text[4096])
{
    static uint32_t map[ENDPOINT_NAMES_MAX + 1];
    bool changed;
    size_t n = 0;

    assert_int_equal(endpoint_names_settle(names, map, &changed, NULL), 0);
    text[0] = '\0';
    for (size_t i = 0; i < endpoint_names_count(names); i++) {
        const struct endpoint_name *name = endpoint_names_at(names, i);

        if (n < 4000)
            n += (size_t)snprintf(text + n, 4096 - n, "%s%.*s %.*s=%u", n ? "; " : "",
                                  STR_ARG(name->method), STR_ARG(str_head(name->path, 200)),
                                  (unsigned)name->pairs);
    }
}

/* The i-th of many words. */
static const char *word(int i)
{
    static char text[8];

    snprintf(text, sizeof text, "w%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);
    return text;
}

static void words_that_are_many_and_rare_merge_in_any_order(void **state)
{
    char request[64], texts[2][4096];

    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);

        for (int k = 0; k < 600; k++) {
            int i = backwards ? 599 - k : k;

            snprintf(request, sizeof request, "GET /city/%s/weather", word(i % 300));
            name_of(names, request);
            snprintf(request, sizeof request, "GET /about/%s", word(i % 3));
            name_of(names, request);
        }
        settle(names, texts[backwards]);
        endpoint_names_free(names);
    }
    assert_string_equal(texts[0], "GET /city/{*}/weather=600; GET /about/waaa=200; "
                                  "GET /about/wbaa=200; GET /about/wcaa=200");
    assert_string_equal(texts[1], texts[0]);
}

static void what_was_merged_is_told(void **state)
{
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);
    const struct endpoint_merge *merges;
    char request[64], text[4096];
    size_t n;

    (void)state;
    for (int i = 0; i < 30; i++) {
        snprintf(request, sizeof request, "GET /city/%s", word(i));
        name_of(names, request);
    }
    settle(names, text);
    merges = endpoint_names_merges(names, &n);
    assert_int_equal(n, 1);
    assert_true(str_eq(merges[0].path, STR("/city/{*}")));
    assert_int_equal(merges[0].words, 30);
    assert_true(str_eq(merges[0].examples[0], STR("waaa")));
    assert_true(str_eq(merges[0].examples[1], STR("wabaa")) ||
                str_eq(merges[0].examples[1], STR("waba")));
    endpoint_names_free(names);
}

static void words_that_are_few_often_seen_or_unlike_stay(void **state)
{
    static const struct {
        const char *what;
        int words, times;
        bool unlike;
    } rows[] = {{"few", 20, 1, false}, {"often seen", 40, 3, false}, {"unlike below", 40, 1, true}};
    char request[64], text[4096];

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);

        for (int i = 0; i < rows[r].words * rows[r].times; i++) {
            int k = i % rows[r].words;
            int n = snprintf(request, sizeof request, "GET /x/%s", word(k));

            if (rows[r].unlike)
                snprintf(request + n, sizeof request - (size_t)n, "/y%s", word(k));
            name_of(names, request);
        }
        settle(names, text);
        if (strstr(text, "{*}") || endpoint_names_count(names) != (size_t)rows[r].words)
            fail_msg("%s: %s", rows[r].what, text);
        endpoint_names_free(names);
    }
}

static void a_million_words_in_one_place_take_few_names(void **state)
{
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);
    char request[64], text[4096];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        snprintf(request, sizeof request, "GET /s/%s/%s", word(i % 17000), i % 2 ? "a" : "b");
        name_of(names, request);
    }
    assert_true(endpoint_names_count(names) < 1100);
    settle(names, text);
    assert_string_equal(text, "GET /s/{*}/a=10000; GET /s/{*}/b=10000");
    endpoint_names_free(names);
}

static void names_beyond_the_ceiling_are_one(void **state)
{
    struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);
    static uint32_t map[ENDPOINT_NAMES_MAX + 1];
    char request[64];
    bool changed;

    (void)state;
    for (int i = 0; i < ENDPOINTS_MAX + 100; i++) {
        for (int k = 0; k < (i == 550 ? 4 : 3); k++) { /* not rarely seen */
            snprintf(request, sizeof request, "GET /%c/x%s", 'a' + i % 12, word(i / 12));
            name_of(names, request);
        }
    }
    assert_int_equal(endpoint_names_count(names), ENDPOINTS_MAX + 100);
    assert_int_equal(endpoint_names_settle(names, map, &changed, NULL), 0);
    assert_true(changed);
    assert_int_equal(endpoint_names_count(names), ENDPOINTS_MAX + 1);
    assert_int_equal(map[550], 0); /* the one that was seen most */
    assert_int_equal(endpoint_names_at(names, ENDPOINTS_MAX)->pairs, 300);
    assert_true(str_eq(endpoint_names_at(names, ENDPOINTS_MAX)->path, STR("(other)")));
    endpoint_names_free(names);
}

static void calls_at_one_url_are_told_apart(void **state)
{
#define JSON_POST(path) "POST " path " HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    static const struct {
        const char *head, *body, *path;
    } rows[] = {
        {JSON_POST("/graphql"), "{\"operationName\":\"GetUser\",\"query\":\"query GetUser{a}\"}",
         "/graphql#GetUser"},
        {JSON_POST("/api"), "{\"query\":\"{ a }\"}", "/api#query-"},
        {JSON_POST("/api"), "{\"query\":\"{ a }\",\"operationName\":null}", "/api#query-"},
        {JSON_POST("/search"), "{\"query\":\"red shoes\"}", "/search"},
        {JSON_POST("/graphql"),
         "{\"operationName\":\"P\",\"extensions\":{\"persistedQuery\":{\"sha256Hash\":\"ab\"}}}",
         "/graphql#P"},
        {JSON_POST("/graphql"),
         "[{\"operationName\":\"A\",\"query\":\"query A{a}\"},"
         "{\"operationName\":\"B\",\"query\":\"query B{b}\"}]",
         "/graphql#A+B"},
        {JSON_POST("/rpc/7"), "{\"jsonrpc\":\"2.0\",\"method\":\"user.get\",\"id\":1}",
         "/rpc/{id}#user.get"},
        {JSON_POST("/rpc"), "{\"jsonrpc\":\"2.0\",", "/rpc"},
        {"POST /soap HTTP/1.1\r\nSOAPAction: \"urn:x#Get\"\r\n\r\n", "<e/>", "/soap#urn:x#Get"},
        {"POST /soap HTTP/1.1\r\nContent-Type: application/soap+xml; action=\"urn:y\"\r\n\r\n",
         "<e/>", "/soap#urn:y"},
        {"GET /graphql?query=%7Ba%7D&operationName=Q HTTP/1.1\r\n\r\n", "", "/graphql#Q"},
        {"GET /graphql HTTP/1.1\r\n\r\n", "", "/graphql"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct endpoint_names *names = endpoint_names_new(NULL, 0, NULL);
        struct str path, want = str_of(rows[i].path);
        uint32_t index;

        assert_int_equal(
            endpoint_names_find(names, str_of(rows[i].head), str_of(rows[i].body), &index, NULL),
            0);
        path = endpoint_names_at(names, index)->path;
        if (str_ends(want, STR("-")) ? !str_starts(path, want) || path.len != want.len + 8
                                     : !str_eq(path, want))
            fail_msg("%s: got %.*s", rows[i].path, STR_ARG(path));
        endpoint_names_free(names);
    }
}

static void a_description_names_endpoints_after_the_user(void **state)
{
    static const char api[] = "openapi: 3.0.0\n"
                              "servers: [{url: 'https://api.test/v1'}, {url: '/'}]\n"
                              "paths:\n"
                              "  /pets/{petId}: {get: {}, delete: {}}\n"
                              "  /pets/{petId}/photos: {get: {}}\n"
                              "  /pets/export.{format}: {get: {}}\n"
                              "  /any: {$ref: 'x.yaml'}\n";
    static const struct {
        const char *request, *path;
    } rows[] = {
        {"GET /pets/rex", "/pets/{petId}"},
        {"GET /v1/pets/rex", "/v1/pets/{petId}"},
        {"POST /pets/rex", "/pets/rex"},
        {"GET /pets/export.csv", "/pets/export.{format}"},
        {"GET /pets/rex/photos", "/pets/{name}/*"},
        {"PUT /any", "/any"},
        {"GET /pets/7/x/y", "/pets/{name}/*"},
    };
    static const char *const patterns[] = {"/pets/{name}/*"};
    struct endpoint_names *names = endpoint_names_new(patterns, 1, NULL);
    struct openapi o;
    struct diags diags;

    (void)state;
    openapi_init(&o);
    diags_init(&diags);
    assert_int_equal(openapi_read(&o, str_of(api), "api.yaml", &diags, NULL), 0);
    assert_int_equal(diags_errors(&diags), 0);
    assert_int_equal(endpoint_names_add(names, o.patterns, o.n, NULL), 0);
    openapi_release(&o);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str path = name_of(names, rows[i].request)->path;
        if (!str_eq(path, str_of(rows[i].path)))
            fail_msg("%s: got %.*s", rows[i].request, STR_ARG(path));
    }
    openapi_init(&o);
    assert_int_equal(openapi_read(&o, STR("swagger: '2.0'\n"), "x.yaml", &diags, NULL), 0);
    assert_int_equal(diags_errors(&diags), 1);
    openapi_release(&o);
    diags_release(&diags);
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
        cmocka_unit_test(words_that_are_many_and_rare_merge_in_any_order),
        cmocka_unit_test(what_was_merged_is_told),
        cmocka_unit_test(words_that_are_few_often_seen_or_unlike_stay),
        cmocka_unit_test(a_million_words_in_one_place_take_few_names),
        cmocka_unit_test(names_beyond_the_ceiling_are_one),
        cmocka_unit_test(calls_at_one_url_are_told_apart),
        cmocka_unit_test(a_description_names_endpoints_after_the_user),
        cmocka_unit_test(long_paths_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/select.h"

/* As the stage looks for a key, which has found the facts before. */
static bool find_key(const struct select *s, const struct exchange *x, char room[SELECT_KEY_ROOM],
                     struct str *key)
{
    struct facts facts;

    assert_true(facts_find(&facts, x->request.head));
    return select_find_key(s, x, &facts, room, key);
}

static struct str auto_key(const struct exchange *x, char room[SELECT_KEY_ROOM])
{
    struct select s;
    struct str key;

    select_init(&s, NULL, 0);
    assert_true(find_key(&s, x, room, &key));
    return key;
}

static struct exchange exchange_with(const char *fields, char *room, size_t n)
{
    struct exchange x = {.connection = 3, .index = 2, .request_first_ns = 1700000000123456789};

    snprintf(room, n, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
    x.request.head = str_of(room);
    x.client = (struct endpoint){.family = 4, .address = {10, 0, 0, 1}, .port = 40000};
    x.server = (struct endpoint){.family = 4, .address = {10, 0, 0, 2}, .port = 80};
    return x;
}

static void assert_key(const char *fields, const char *key)
{
    char head[1024], room[SELECT_KEY_ROOM];
    struct exchange x = exchange_with(fields, head, sizeof head);
    struct str got = auto_key(&x, room);

    assert_int_equal(got.len, strlen(key));
    assert_memory_equal(got.data, key, got.len);
}

static void hashes_are_those_of_the_specification(void **state)
{
    static const struct {
        const char *key;
        uint64_t hash;
        uint32_t position;
    } golden[] = {
        {"", UINT64_C(0xba4419810f422d3e), 727601},
        {"a", UINT64_C(0x9d34f525ef16f662), 614089},
        {"movies-0001", UINT64_C(0x087b317e1c866630), 33129},
        {"4bf92f3577b34da6a3ce929d0e0e4736", UINT64_C(0xa6647675f423f436), 649970},
    };
    struct select s;

    (void)state;
    select_init(&s, NULL, 0);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        uint64_t h = select_hash(&s, str_of(golden[i].key));

        assert_true(h == golden[i].hash);
        assert_int_equal(select_position(h), golden[i].position);
    }
}

static void the_ends_of_the_scale_are_exact(void **state)
{
    (void)state;
    assert_int_equal(select_position(0), 0);
    assert_int_equal(select_position(UINT64_MAX), 999999);
}

static void a_scale_may_have_any_number_of_places(void **state)
{
    static const struct {
        uint64_t hash, n, place;
    } rows[] = {
        {0, 7, 0},
        {UINT64_MAX, 7, 6},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX - 1},
        {UINT64_C(1) << 63, 10, 5},
        {(UINT64_C(1) << 63) - 1, 10, 4},
        {UINT64_C(0x123456789abcdef0), UINT64_C(0xfedcba9876543210), UINT64_C(0x121fa00ad77d7422)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(select_scale(rows[i].hash, rows[i].n) == rows[i].place);
}

/* config.md, 3: seed || "/baseline". */
static void draws_for_other_ends_have_other_hashes(void **state)
{
    struct select apart, spelt_out, plain;

    (void)state;
    select_init_apart(&apart, "mirrorctl/v1", "/baseline");
    select_init(&spelt_out, "mirrorctl/v1/baseline", 0);
    select_init(&plain, NULL, 0);
    assert_true(select_hash(&apart, STR("a")) == select_hash(&spelt_out, STR("a")));
    assert_true(select_hash(&apart, STR("a")) != select_hash(&plain, STR("a")));
}

static void ten_percent_is_inside_twenty(void **state)
{
    struct select ten, twenty;
    unsigned in_ten = 0, in_twenty = 0;

    (void)state;
    select_init(&ten, "mirrorctl/v1", 100000);
    select_init(&twenty, "mirrorctl/v1", 200000);
    for (int i = 0; i < 10000; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        if (select_key(&ten, str_of(key))) {
            in_ten++;
            assert_true(select_key(&twenty, str_of(key)));
        }
        in_twenty += select_key(&twenty, str_of(key));
    }
    assert_int_equal(in_ten, 1024);
    assert_int_equal(in_twenty, 2031);
}

static void none_and_all_leave_nothing_to_chance(void **state)
{
    struct select none, all;

    (void)state;
    select_init(&none, NULL, 0);
    select_init(&all, NULL, SELECT_ALL);
    for (int i = 0; i < 1000; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        assert_false(select_key(&none, str_of(key)));
        assert_true(select_key(&all, str_of(key)));
    }
}

static void another_seed_draws_others(void **state)
{
    struct select a, b;
    unsigned both = 0;

    (void)state;
    select_init(&a, "one", 100000);
    select_init(&b, "two", 100000);
    for (int i = 0; i < 10000; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        both += select_key(&a, str_of(key)) && select_key(&b, str_of(key));
    }
    /* Independent draws share 1 %: exact binomial bounds, one in a million. */
    assert_in_range(both, 55, 152);
}

static void the_trace_id_is_the_first_choice(void **state)
{
    (void)state;
    assert_key("X-Request-Id: r\r\n"
               "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n",
               "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_key("X-B3-TraceId: 463ac35c9f6413ad\r\nX-Request-Id: r\r\n", "463ac35c9f6413ad");
    assert_key("b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1\r\n",
               "80f198ee56343ba864fe8b2a57d3eff7");
}

static void what_is_no_trace_id_is_passed_over(void **state)
{
    (void)state;
    assert_key("traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\n"
               "X-Request-Id: r\r\n",
               "r");
    assert_key("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01\r\n"
               "X-Request-Id: r\r\n",
               "r");
    assert_key("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01\r\n"
               "X-Request-Id: r\r\n",
               "r");
    assert_key("traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
               "X-Request-Id: r\r\n",
               "r");
    assert_key("X-B3-TraceId: 0000000000000000\r\nb3: 80f198ee56343ba8-1\r\n", "80f198ee56343ba8");
    assert_key("traceparent: nonsense\r\nb3: 0\r\nX-Request-Id: r\r\n", "r");
}

static void envoy_may_change_one_character_of_a_request_id(void **state)
{
    (void)state;
    assert_key("X-Request-Id: 8a6e0804-2bd0-9672-b79d-d97027f9071a\r\n",
               "8a6e0804-2bd0-4672-b79d-d97027f9071a");
    assert_key("X-Request-Id: 8a6e0804-2bd0-4672-b79d-d97027f9071a\r\n",
               "8a6e0804-2bd0-4672-b79d-d97027f9071a");
    assert_key("X-Request-Id: 12345678901234567\r\n", "12345678901234567");
}

static void without_ids_the_place_in_the_capture_decides(void **state)
{
    char head[256], room[SELECT_KEY_ROOM], other_room[SELECT_KEY_ROOM];
    struct exchange x = exchange_with("", head, sizeof head);
    struct str key = auto_key(&x, room);
    struct str again;

    (void)state;
    x.ordinal = 99; /* the order of a file is nothing to go by */
    x.connection = 77;
    again = auto_key(&x, other_room);
    assert_true(str_eq(key, again));
    x.index++;
    assert_false(str_eq(key, auto_key(&x, other_room)));
    x.index--;
    x.request_first_ns++;
    assert_false(str_eq(key, auto_key(&x, other_room)));
    x.request_first_ns--;
    x.client.port++;
    assert_false(str_eq(key, auto_key(&x, other_room)));
}

static void assert_named(enum replay_key kind, const char *name, const char *fields,
                         const char *expected)
{
    char head[1024], room[SELECT_KEY_ROOM];
    struct exchange x = exchange_with(fields, head, sizeof head);
    struct select s;
    struct str key;

    select_init(&s, NULL, 0);
    s.key = kind;
    s.key_name = str_of(name);
    assert_int_equal(find_key(&s, &x, room, &key), expected != NULL);
    if (expected) {
        assert_int_equal(key.len, strlen(expected));
        assert_memory_equal(key.data, expected, key.len);
    }
    /* Asked to, a request without its key is drawn by its place. */
    s.missing_is_place = true;
    assert_true(find_key(&s, &x, room, &key));
    if (!expected)
        assert_int_equal(key.len, 2 * 19 + 4 + 8);
}

static void a_header_can_be_the_key(void **state)
{
    (void)state;
    assert_named(KEY_HEADER, "x-user", "X-User:  anna \r\nX-User: bob\r\n", "anna");
    assert_named(KEY_HEADER, "x-user", "X-User:\r\n", NULL);
    assert_named(KEY_HEADER, "x-user", "traceparent: 00-1\r\n", NULL);
    assert_named(KEY_HEADER, "X-Request-Id",
                 "x-request-id: 8a6e0804-2bd0-9672-b79d-d97027f9071a\r\n",
                 "8a6e0804-2bd0-4672-b79d-d97027f9071a");
}

static void a_cookie_can_be_the_key(void **state)
{
    (void)state;
    assert_named(KEY_COOKIE, "sid", "Cookie: a=1; sid=7=8;b=2\r\n", "7=8");
    assert_named(KEY_COOKIE, "sid", "Cookie: xsid=1\r\ncookie: sid=2\r\n", "2");
    assert_named(KEY_COOKIE, "sid", "Cookie: sid=\"q\"\r\n", "\"q\"");
    assert_named(KEY_COOKIE, "sid", "Cookie: SID=1\r\n", NULL);
    assert_named(KEY_COOKIE, "sid", "Cookie: sid=\r\n", NULL);
    assert_named(KEY_COOKIE, "sid", "Cookie: sid\r\n", NULL);
    assert_named(KEY_COOKIE, "sid", "X: sid=1\r\n", NULL);
}

static void the_client_can_be_the_key(void **state)
{
    char head[256], room[SELECT_KEY_ROOM];
    struct exchange x = exchange_with("", head, sizeof head);
    struct select s;
    struct str key;

    (void)state;
    select_init(&s, NULL, 0);
    s.key = KEY_CLIENT_IP;
    assert_true(find_key(&s, &x, room, &key));
    assert_true(str_eq(key, STR("10.0.0.1")));
    x.client.port++;
    assert_true(find_key(&s, &x, room, &key));
    assert_true(str_eq(key, STR("10.0.0.1")));
    x.client = (struct endpoint){.family = 6, .address = {0x20, 1, 0xd, 0xb8, [15] = 1}};
    assert_true(find_key(&s, &x, room, &key));
    assert_true(str_eq(key, STR("2001:db8::1")));
    x.client.family = 0;
    assert_false(find_key(&s, &x, room, &key));
}

static void a_request_can_be_drawn_by_its_place_alone(void **state)
{
    char head[256], bare[256], room[SELECT_KEY_ROOM], other[SELECT_KEY_ROOM];
    struct exchange x = exchange_with("X-Request-Id: r\r\n", head, sizeof head);
    struct exchange y = exchange_with("", bare, sizeof bare);
    struct select s;
    struct str key;

    (void)state;
    select_init(&s, NULL, 0);
    s.key = KEY_REQUEST;
    assert_true(find_key(&s, &x, room, &key));
    assert_true(str_eq(key, auto_key(&y, other)));
}

/* Exact binomial bounds, two-sided, of one in a million. */
static void a_share_is_as_large_as_it_says(void **state)
{
    static const struct {
        int n;
        uint32_t ppm;
        unsigned low, high;
    } rows[] = {
        {50, 500000, 8, 42},        {1000, 10000, 0, 29},
        {1000, 100000, 57, 149},    {1000, 500000, 423, 577},
        {10000, 100, 0, 9},         {10000, 10000, 55, 152},
        {10000, 100000, 856, 1150}, {100000, 100, 0, 29},
        {100000, 1000, 55, 153},    {100000, 250000, 24332, 25672},
    };

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        unsigned chosen = 0;
        struct select s;

        select_init(&s, "a seed", rows[r].ppm);
        for (int i = 0; i < rows[r].n; i++) {
            char key[32];

            snprintf(key, sizeof key, "request-%d", i);
            chosen += select_key(&s, str_of(key));
        }
        assert_in_range(chosen, rows[r].low, rows[r].high);
    }
}

/* Every share holds all smaller ones, to the last step of the scale. */
static void every_share_is_inside_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct select s;
        uint32_t position;
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        select_init(&s, NULL, 0);
        position = select_position(select_hash(&s, str_of(key)));
        s.ppm = position;
        assert_false(select_key(&s, str_of(key)));
        s.ppm = position + 1;
        assert_true(select_key(&s, str_of(key)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_specification),
        cmocka_unit_test(the_ends_of_the_scale_are_exact),
        cmocka_unit_test(a_scale_may_have_any_number_of_places),
        cmocka_unit_test(draws_for_other_ends_have_other_hashes),
        cmocka_unit_test(ten_percent_is_inside_twenty),
        cmocka_unit_test(none_and_all_leave_nothing_to_chance),
        cmocka_unit_test(another_seed_draws_others),
        cmocka_unit_test(the_trace_id_is_the_first_choice),
        cmocka_unit_test(what_is_no_trace_id_is_passed_over),
        cmocka_unit_test(envoy_may_change_one_character_of_a_request_id),
        cmocka_unit_test(a_header_can_be_the_key),
        cmocka_unit_test(a_cookie_can_be_the_key),
        cmocka_unit_test(the_client_can_be_the_key),
        cmocka_unit_test(a_request_can_be_drawn_by_its_place_alone),
        cmocka_unit_test(a_share_is_as_large_as_it_says),
        cmocka_unit_test(every_share_is_inside_the_next),
        cmocka_unit_test(without_ids_the_place_in_the_capture_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

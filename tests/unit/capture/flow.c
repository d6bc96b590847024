/* The table of connections: who is found, who expires, who is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/flow.h"
#include "core/clock.h"

struct fixture {
    struct budget budget;
    struct flow_table *table;
};

static int setup(void **state)
{
    static struct fixture t;

    t = (struct fixture){.budget.max = SIZE_MAX};
    t.table = flow_table_new(&t.budget, 42, NULL);
    *state = &t;
    return t.table ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *t = *state;

    flow_table_free(t->table);
    return t->budget.used == 0 ? 0 : -1;
}

static struct segment segment(unsigned port)
{
    struct segment s = {0};

    s.from.family = s.to.family = 4;
    memcpy(s.from.address, "\x0a\0\0\1", 4);
    memcpy(s.to.address, "\x0a\0\0\2", 4);
    s.from.port = (uint16_t)port;
    s.to.port = 80;
    return s;
}

static struct flow *add(struct fixture *t, unsigned port, int64_t now)
{
    struct segment s = segment(port);
    struct flow_key key;
    int dir = flow_key(&key, &s);
    struct flow *f = flow_add(t->table, &key);

    assert_non_null(f);
    connection_init(&f->connection, port, &s, dir);
    flow_touch(t->table, f, now);
    return f;
}

static void both_directions_have_one_key(void **state)
{
    struct segment there = segment(1000), back = there;
    struct flow_key a, b;

    (void)state;
    back.from = there.to;
    back.to = there.from;
    assert_int_equal(flow_key(&a, &there), !flow_key(&b, &back));
    assert_memory_equal(&a, &b, sizeof a);
    back.vlan[0] = 1;
    flow_key(&b, &back);
    assert_memory_not_equal(&a, &b, sizeof a);
}

static void all_are_found_however_many(void **state)
{
    struct fixture *t = *state;
    struct flow_key key;

    for (unsigned port = 1; port <= 20000; port++)
        add(t, port, 0);
    for (unsigned port = 1; port <= 20000; port++) {
        struct segment s = segment(port);
        flow_key(&key, &s);
        assert_int_equal(flow_find(t->table, &key)->connection.speech.number, port);
    }
    key.vni = 1;
    assert_null(flow_find(t->table, &key));
}

static void each_class_has_its_time(void **state)
{
    struct fixture *t = *state;
    struct flow *half_open = add(t, 1, 0), *open = add(t, 2, 0), *over = add(t, 3, 0);

    open->connection.carries = true;
    flow_touch(t->table, open, 0);
    over->connection.reset = true;
    flow_touch(t->table, over, 0);
    assert_null(flow_expired(t->table, 5 * NS_PER_SEC));
    assert_ptr_equal(flow_expired(t->table, 6 * NS_PER_SEC), over);
    flow_remove(t->table, over);
    assert_ptr_equal(flow_expired(t->table, 31 * NS_PER_SEC), half_open);
    flow_remove(t->table, half_open);
    assert_null(flow_expired(t->table, 300 * NS_PER_SEC));
    assert_ptr_equal(flow_expired(t->table, 301 * NS_PER_SEC), open);
}

static void a_packet_starts_the_time_anew(void **state)
{
    struct fixture *t = *state;
    struct flow *first = add(t, 1, 0), *second = add(t, 2, NS_PER_SEC);

    assert_ptr_equal(flow_oldest(t->table), first);
    flow_touch(t->table, first, 2 * NS_PER_SEC);
    assert_ptr_equal(flow_oldest(t->table), second);
}

static void those_over_linger_in_limited_number(void **state)
{
    struct fixture *t = *state;
    struct flow *oldest = NULL;

    for (unsigned i = 0; i <= FLOW_MAX_OVER; i++) {
        struct flow *f = add(t, i + 1, 0);
        f->connection.reset = true;
        flow_touch(t->table, f, 0);
        oldest = oldest ? oldest : f;
    }
    assert_ptr_equal(flow_expired(t->table, 0), oldest);
    flow_remove(t->table, oldest);
    assert_null(flow_expired(t->table, 0));
}

static void who_is_over_is_given_up_before_who_is_not(void **state)
{
    struct fixture *t = *state;
    struct flow *open = add(t, 1, 0), *half_open = add(t, 2, 1), *over = add(t, 3, 2);

    open->connection.carries = true;
    flow_touch(t->table, open, 3);
    over->connection.reset = true;
    flow_touch(t->table, over, 4);
    assert_ptr_equal(flow_victim(t->table), over);
    flow_remove(t->table, over);
    assert_ptr_equal(flow_victim(t->table), half_open);
    flow_remove(t->table, half_open);
    assert_ptr_equal(flow_victim(t->table), open);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_directions_have_one_key),
        TEST(all_are_found_however_many),
        TEST(each_class_has_its_time),
        TEST(a_packet_starts_the_time_anew),
        TEST(those_over_linger_in_limited_number),
        TEST(who_is_over_is_given_up_before_who_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

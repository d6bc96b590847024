/* Datagrams out of fragments: in any order, twice, and never from two minds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/fragment.h"
#include "core/clock.h"

struct fixture {
    struct budget budget;
    struct fragments *table;
    struct segment s;
    struct str payload;
    int64_t now;
};

static int setup(void **state)
{
    static struct fixture t;

    t = (struct fixture){.budget.max = SIZE_MAX, .now = NS_PER_SEC};
    t.table = fragments_new(&t.budget, NULL);
    t.s.from.family = t.s.to.family = 4;
    *state = &t;
    return t.table ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *t = *state;

    fragments_free(t->table);
    return t->budget.used == 0 ? 0 : -1;
}

static bool add(struct fixture *t, uint32_t id, uint32_t offset, const char *text, bool more)
{
    struct fragment f = {
        .id = id, .protocol = 6, .more = more, .offset = offset, .bytes = str_of(text)};

    return fragments_add(t->table, &t->s, &f, t->now, &t->payload);
}

static void any_order_gives_the_datagram(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 16, "tail", false));
    assert_false(add(t, 1, 0, "01234567", true));
    assert_true(add(t, 1, 8, "89abcdef", true));
    assert_true(str_eq(t->payload, STR("0123456789abcdeftail")));
}

static void copies_change_nothing(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_false(add(t, 1, 0, "01234567", true));
    assert_true(add(t, 1, 8, "89", false));
    assert_true(str_eq(t->payload, STR("0123456789")));
    assert_int_equal(fragments_dropped(t->table), 0);
}

static void an_overlap_that_differs_drops_the_datagram(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_false(add(t, 1, 0, "0123456X", true));
    assert_false(add(t, 1, 8, "89", false));
    assert_int_equal(fragments_dropped(t->table), 2);
}

static void datagrams_of_two_ids_or_tags_are_not_mixed(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_false(add(t, 2, 8, "89", false));
    t->s.vlan[0] = 7;
    assert_false(add(t, 1, 8, "89", false));
    t->s.vlan[0] = 0;
    assert_true(add(t, 1, 8, "89", false));
}

static void an_end_before_what_came_is_no_end(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 16, "01234567", true));
    assert_false(add(t, 1, 0, "01234567", false));
    assert_int_equal(fragments_dropped(t->table), 1);
}

static void pieces_that_cannot_be_are_dropped(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "0123", true));           /* not the last, and not whole units */
    assert_false(add(t, 1, 65528, "012345678", false)); /* beyond 64 KiB */
    assert_int_equal(fragments_dropped(t->table), 2);
}

static void unfinished_ones_are_given_up_in_time(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    t->now += (FRAGMENT_SECONDS + 1) * NS_PER_SEC;
    assert_false(add(t, 2, 0, "01234567", true));
    assert_int_equal(fragments_dropped(t->table), 1);
    assert_false(add(t, 1, 8, "89", false));
}

static void unfinished_ones_are_given_up_when_asked(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_false(add(t, 1, 8, "01234567", true));
    fragments_give_up(t->table, t->now);
    assert_int_equal(fragments_dropped(t->table), 0);
    fragments_give_up(t->table, t->now + 1);
    assert_int_equal(fragments_dropped(t->table), 2);
    assert_false(add(t, 1, 16, "89", false));
}

/* As where each packet was captured twice: the last copy comes too late. */
static void copies_of_a_finished_one_are_no_loss(void **state)
{
    struct fixture *t = *state;

    for (uint32_t id = 1; id < 4; id++) {
        assert_false(add(t, id, 0, "01234567", true));
        assert_false(add(t, id, 0, "01234567", true));
        assert_true(add(t, id, 8, "89", false));
        assert_false(add(t, id, 8, "89", false));
    }
    fragments_give_up(t->table, INT64_MAX);
    assert_int_equal(fragments_dropped(t->table), 0);
}

static void an_id_that_is_used_again_is_another_datagram(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_true(add(t, 1, 8, "89", false));
    assert_false(add(t, 1, 8, "89", false)); /* a copy, or the same end of another */
    assert_true(add(t, 1, 0, "0123456X", true));
    assert_true(str_eq(t->payload, STR("0123456X89")));
    fragments_give_up(t->table, INT64_MAX);
    assert_int_equal(fragments_dropped(t->table), 0);
}

static void what_is_left_of_another_is_lost(void **state)
{
    struct fixture *t = *state;

    assert_false(add(t, 1, 0, "01234567", true));
    assert_true(add(t, 1, 8, "89", false));
    assert_false(add(t, 1, 8, "8X", false)); /* other bytes */
    assert_false(add(t, 2, 8, "89", false)); /* another id */
    fragments_give_up(t->table, INT64_MAX);
    assert_int_equal(fragments_dropped(t->table), 2);
    t->now += (FRAGMENT_SECONDS + 1) * NS_PER_SEC;
    assert_false(add(t, 1, 8, "89", false)); /* long after */
    fragments_give_up(t->table, INT64_MAX);
    assert_int_equal(fragments_dropped(t->table), 3);
}

/* DNS and the like: not put together to the end, and nothing to us. */
static void what_cannot_hold_tcp_is_no_loss(void **state)
{
    static const struct {
        const char *first;
        uint32_t offset;
        uint64_t dropped;
    } rows[] = {
        {"\xc0\1\xc0\2____", 0, 0},   /* to no port of a tunnel */
        {"\xc0\1\x12\xb5____", 0, 1}, /* VXLAN */
        {"\xc0\1\xc0\2____", 8, 2},   /* the ports are in what is missing */
    };
    struct fixture *t = *state;

    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fragment f = {.id = i,
                             .protocol = 17,
                             .more = true,
                             .offset = rows[i].offset,
                             .bytes = str_of(rows[i].first)};

        assert_false(fragments_add(t->table, &t->s, &f, t->now, &t->payload));
        fragments_give_up(t->table, INT64_MAX);
        assert_int_equal(fragments_dropped(t->table), rows[i].dropped);
    }
}

static void their_number_is_limited(void **state)
{
    struct fixture *t = *state;

    for (uint32_t id = 0; id < 2 * FRAGMENT_MAX_DATAGRAMS; id++)
        add(t, id, 0, "01234567", true);
    assert_true(fragments_dropped(t->table) >= FRAGMENT_MAX_DATAGRAMS);
    assert_true(t->budget.peak <= FRAGMENT_MAX_BYTES + 128 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_order_gives_the_datagram),
        TEST(copies_change_nothing),
        TEST(an_overlap_that_differs_drops_the_datagram),
        TEST(datagrams_of_two_ids_or_tags_are_not_mixed),
        TEST(an_end_before_what_came_is_no_end),
        TEST(pieces_that_cannot_be_are_dropped),
        TEST(unfinished_ones_are_given_up_in_time),
        TEST(unfinished_ones_are_given_up_when_asked),
        TEST(copies_of_a_finished_one_are_no_loss),
        TEST(an_id_that_is_used_again_is_another_datagram),
        TEST(what_is_left_of_another_is_lost),
        TEST(what_cannot_hold_tcp_is_no_loss),
        TEST(their_number_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

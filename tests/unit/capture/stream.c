/* One direction put in order: what is delivered, what waits, what is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/stream.h"
#include "core/buf.h"

struct fixture {
    struct stream s;
    struct budget budget;
    struct stream_note note;
    struct buf out; /* what was delivered */
};

static void start(struct fixture *t, uint32_t first)
{
    *t = (struct fixture){.budget.max = SIZE_MAX};
    buf_init(&t->out, 1 << 20);
    stream_anchor(&t->s, stream_position(&t->s, first), &t->budget);
}

static void finish(struct fixture *t)
{
    stream_clear(&t->s, &t->budget);
    assert_int_equal(t->budget.used, 0);
    buf_release(&t->out);
}

static void take_over(struct fixture *t, const struct piece *p)
{
    buf_printf(&t->out, NULL, "%s%.*s", p->conflict ? "!" : "", STR_ARG(p->bytes));
    if (p->missing)
        buf_printf(&t->out, NULL, "<%u>", p->missing);
    stream_deliver(&t->s, p);
}

static enum stream_fate put(struct fixture *t, uint32_t seq, const char *text, uint32_t missing)
{
    struct piece p = {
        .pos = stream_position(&t->s, seq), .bytes = str_of(text), .missing = missing};
    enum stream_fate fate;

    t->note = (struct stream_note){0};
    fate = stream_add(&t->s, &p, &t->budget, &t->note);
    if (fate == STREAM_NEXT)
        take_over(t, &p);
    while (t->s.anchored && stream_head(&t->s) && stream_head(&t->s)->pos == t->s.next) {
        struct held *h = stream_pop(&t->s, &t->budget);
        take_over(t, stream_piece(h));
        stream_release_piece(h);
    }
    return fate;
}

static void bytes_in_order_pass_without_being_kept(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 100);
    assert_int_equal(put(&t, 100, "abc", 0), STREAM_NEXT);
    assert_int_equal(put(&t, 103, "def", 0), STREAM_NEXT);
    assert_string_equal(t.out.data, "abcdef");
    assert_int_equal(t.budget.peak, 0);
    finish(&t);
}

static void early_bytes_wait(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 100);
    assert_int_equal(put(&t, 106, "ghi", 0), STREAM_HELD);
    assert_int_equal(put(&t, 103, "def", 0), STREAM_HELD);
    assert_int_equal(t.out.len, 0);
    put(&t, 100, "abc", 0);
    assert_string_equal(t.out.data, "abcdefghi");
    finish(&t);
}

static void numbers_wrap(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0xfffffffd);
    put(&t, 0, "def", 0);
    put(&t, 0xfffffffd, "abc", 0);
    put(&t, 3, "ghi", 0);
    assert_string_equal(t.out.data, "abcdefghi");
    finish(&t);
}

static void four_gigabytes_are_no_limit(void **state)
{
    struct fixture t;
    uint32_t seq = 0;

    (void)state;
    start(&t, 0);
    for (int i = 0; i < 5; i++) { /* jump ahead a gigabyte at a time */
        put(&t, seq, "x", 0);
        t.s.next += (1 << 30) - 1;
        seq += 1 << 30;
    }
    assert_string_equal(t.out.data, "xxxxx");
    finish(&t);
}

static void the_first_copy_wins_and_a_different_one_is_noted(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 0, "abcd", 0);
    assert_int_equal(put(&t, 0, "abcd", 0), STREAM_OLD);
    assert_false(t.note.conflict);
    assert_int_equal(t.note.repeated, 4);
    assert_int_equal(put(&t, 0, "ABCD", 0), STREAM_OLD);
    assert_true(t.note.conflict);
    assert_string_equal(t.out.data, "abcd");
    finish(&t);
}

static void queued_copies_are_compared_byte_by_byte(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 4, "efgh", 0);
    put(&t, 6, "ghij", 0);
    assert_false(t.note.conflict);
    assert_int_equal(t.note.repeated, 2);
    put(&t, 2, "cdEF", 0);
    assert_true(t.note.conflict);
    put(&t, 0, "ab", 0);
    assert_string_equal(t.out.data, "abcd!efghij");
    finish(&t);
}

static void one_piece_fills_several_holes(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 2, "c", 0);
    put(&t, 5, "f", 0);
    put(&t, 1, "bcdefg", 0);
    assert_int_equal(t.note.repeated, 2);
    put(&t, 0, "a", 0);
    assert_string_equal(t.out.data, "abcdefg");
    finish(&t);
}

static void a_longer_retransmission_brings_its_new_part(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 0, "abc", 0);
    assert_int_equal(put(&t, 0, "abcdef", 0), STREAM_NEXT);
    assert_string_equal(t.out.data, "abcdef");
    finish(&t);
}

static void a_keep_alive_probe_is_no_conflict(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 0, "abc", 0);
    assert_int_equal(put(&t, 2, "Z", 0), STREAM_OLD);
    assert_false(t.note.conflict);
    finish(&t);
}

static void a_cut_packet_leaves_a_hole_of_known_size(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    put(&t, 0, "abc", 7);
    put(&t, 10, "d", 0);
    assert_string_equal(t.out.data, "abc<7>d");
    put(&t, 20, "x", 5);
    put(&t, 22, "not new", 0);
    put(&t, 11, "123456789", 0);
    assert_string_equal(t.out.data, "abc<7>d123456789x<5>new");
    finish(&t);
}

static void far_numbers_are_strays(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 1000);
    assert_int_equal(put(&t, 1000 + STREAM_WINDOW + 1, "x", 0), STREAM_STRAY);
    assert_int_equal(put(&t, 1000 + 0x40000000, "x", 0), STREAM_STRAY);
    assert_int_equal(t.s.strays, 2);
    assert_int_equal(put(&t, 1000 - 2 * STREAM_WINDOW - 2, "x", 0), STREAM_STRAY);
    assert_int_equal(t.s.strays, 3);
    assert_int_equal(put(&t, 1000 + STREAM_WINDOW, "x", 0), STREAM_HELD);
    assert_int_equal(t.s.strays, 0);
    finish(&t);
}

static void nothing_goes_before_the_beginning_is_known(void **state)
{
    struct fixture t = {.budget.max = SIZE_MAX};

    (void)state;
    buf_init(&t.out, 100);
    put(&t, 105, "fgh", 0);
    put(&t, 102, "cde", 0);
    assert_int_equal(t.out.len, 0);
    stream_anchor(&t.s, stream_position(&t.s, 100), &t.budget);
    put(&t, 100, "ab", 0);
    assert_string_equal(t.out.data, "abcdefgh");
    finish(&t);
}

static void what_waits_is_charged_and_limited(void **state)
{
    struct fixture t;

    (void)state;
    start(&t, 0);
    for (uint32_t i = 0; i <= STREAM_MAX_PIECES && !stream_is_full(&t.s); i++)
        put(&t, 1 + 2 * i, "x", 0);
    assert_true(stream_is_full(&t.s));
    assert_true(t.budget.used >= t.s.held_bytes && t.s.held_bytes > 0);
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_in_order_pass_without_being_kept),
        cmocka_unit_test(early_bytes_wait),
        cmocka_unit_test(numbers_wrap),
        cmocka_unit_test(four_gigabytes_are_no_limit),
        cmocka_unit_test(the_first_copy_wins_and_a_different_one_is_noted),
        cmocka_unit_test(queued_copies_are_compared_byte_by_byte),
        cmocka_unit_test(one_piece_fills_several_holes),
        cmocka_unit_test(a_longer_retransmission_brings_its_new_part),
        cmocka_unit_test(a_keep_alive_probe_is_no_conflict),
        cmocka_unit_test(a_cut_packet_leaves_a_hole_of_known_size),
        cmocka_unit_test(far_numbers_are_strays),
        cmocka_unit_test(nothing_goes_before_the_beginning_is_known),
        cmocka_unit_test(what_waits_is_charged_and_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The picture of a mirror: what it says, and that it fits. */
#include "cli/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

/* Draw 30 endpoints on so much room; *lines tells how many it took. */
static struct buf draw(unsigned columns, unsigned rows, unsigned *lines)
{
    struct replay_target_stats *target = mem_zalloc(sizeof *target);
    struct replay_progress progress = {.n_targets = 1, .targets = target, .in_flight = {2}};
    struct view *v = mem_zalloc(sizeof *v);
    struct buf out;

    assert_true(v && target);
    snprintf(target->name, sizeof target->name, "v2");
    target->sent = 11;
    target->answered = 8;
    *v = (struct view){.traffic = "eth0",
                       .captured = 1200,
                       .left_out = 3,
                       .rate = 49.6,
                       .replay = &progress,
                       .all = {.pairs = 1000, .differing = 125},
                       .n_rows = 30};
    for (unsigned i = 0; i < 30; i++) {
        snprintf(v->rows[i].name, sizeof v->rows[i].name, "GET /a/long/path/%u", i);
        v->rows[i].pairs = 40 - i;
        v->rows[i].differing = i ? 0 : 10;
    }
    buf_init(&out, 16 * 1024);
    view_draw(v, columns, rows, &out);
    mem_free(v);
    mem_free(target);
    *lines = 0;
    for (size_t i = 0; i < out.len; i++)
        *lines += out.data[i] == '\n';
    return out;
}

static void it_tells_traffic_targets_and_endpoints(void **state)
{
    unsigned lines;
    struct buf out = draw(79, 5, &lines);

    (void)state;
    assert_string_equal(out.data,
                        "eth0: 1200 seen, 50/s; 1000 mirrored, 125 differ (12.5 %); 3 left out\n"
                        "v2: 8 answered, 3 failed, 2 under way\n"
                        "ENDPOINT              PAIRS  DIFFER\n"
                        "GET /a/long/path/0       40      10  25.0 %\n"
                        "GET /a/long/path/1       39       0   0.0 %\n");
    buf_release(&out);
}

static void it_takes_no_more_rows_than_there_are(void **state)
{
    (void)state;
    for (unsigned rows = 2; rows < 50; rows++) {
        unsigned lines;
        struct buf out = draw(79, rows, &lines);

        assert_true(lines <= rows);
        assert_true(rows < 4 || lines == (rows < 33 ? rows : 33));
        buf_release(&out);
    }
}

static void numbers_stay_where_names_must_be_cut(void **state)
{
    unsigned lines;
    struct buf out = draw(36, 5, &lines);

    (void)state;
    assert_non_null(strstr(out.data, "\nGET /a/lon       40      10  25.0 %\n"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_traffic_targets_and_endpoints),
        cmocka_unit_test(it_takes_no_more_rows_than_there_are),
        cmocka_unit_test(numbers_stay_where_names_must_be_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

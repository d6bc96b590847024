/* A window over a file or a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/window.h"
#include "core/mem.h"
#include "tests/support/packets.h"

enum { LENGTH = 1000 * 1000 }; /* several pieces */

static char byte_at(size_t i)
{
    return (char)(i * 31 + i / 251);
}

static struct window numbered(size_t n)
{
    char *bytes = mem_alloc(n), path[PACKETS_PATH];
    struct window w;

    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(i);
    window_open(&w, bytes_file(bytes, n, path));
    lseek(w.fd, 0, SEEK_SET);
    mem_free(bytes);
    return w;
}

static void every_byte_comes_once_and_in_order(void **state)
{
    struct window w = numbered(LENGTH);
    size_t at = 0;

    (void)state;
    for (size_t n = 1; !window_is_over(&w); n = n * 7 % 200003 + 1) {
        size_t part = n <= LENGTH - at ? n : LENGTH - at;
        const char *bytes = window_look(&w, part);
        assert_non_null(bytes);
        for (size_t i = 0; i < part; i++)
            assert_int_equal(bytes[i], byte_at(at + i));
        window_pass(&w, part);
        at += part;
    }
    assert_int_equal(at, LENGTH);
    window_close(&w);
}

static void a_look_past_the_end_takes_nothing(void **state)
{
    struct window w = numbered(10);
    struct err e = {0};

    (void)state;
    assert_null(window_look(&w, 11));
    assert_int_equal(w.left, 10);
    assert_int_equal(window_look(&w, 10)[9], byte_at(9));
    assert_false(window_is_over(&w));
    assert_int_equal(window_cut(&w, "a test", &e), -1);
    assert_string_equal(e.text, "the file ends inside a test");
    window_close(&w);
}

static void any_number_of_bytes_can_be_skipped(void **state)
{
    struct window w = numbered(LENGTH);

    (void)state;
    assert_true(window_skip(&w, 3));
    assert_true(window_skip(&w, LENGTH - 4));
    assert_int_equal(window_look(&w, 1)[0], byte_at(LENGTH - 1));
    assert_false(window_skip(&w, 2));
    assert_true(window_is_over(&w));
    window_close(&w);
}

static void what_a_pipe_holds_is_given_without_waiting_for_more(void **state)
{
    struct window w;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    window_open(&w, ends[0]);
    assert_memory_equal(window_look(&w, 2), "ab", 2);
    assert_int_equal(w.left, 3);
    close(ends[1]);
    window_close(&w);
}

static void an_error_is_no_end(void **state)
{
    struct window w;
    struct err e = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    window_open(&w, ends[1]); /* the end that cannot be read */
    assert_null(window_look(&w, 1));
    assert_false(window_is_over(&w));
    window_cut(&w, "a test", &e);
    assert_non_null(strstr(e.text, "cannot read"));
    close(ends[0]);
    window_close(&w);
}

static void the_rest_can_be_read_as_a_stream(void **state)
{
    struct window w = numbered(LENGTH);
    FILE *stream;
    size_t at = 5;
    int c;

    (void)state;
    window_skip(&w, at);
    stream = window_stream(&w, NULL);
    assert_non_null(stream);
    while ((c = getc(stream)) != EOF)
        assert_int_equal((char)c, byte_at(at++));
    assert_int_equal(at, LENGTH);
    fclose(stream);
    window_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_once_and_in_order),
        cmocka_unit_test(a_look_past_the_end_takes_nothing),
        cmocka_unit_test(any_number_of_bytes_can_be_skipped),
        cmocka_unit_test(what_a_pipe_holds_is_given_without_waiting_for_more),
        cmocka_unit_test(an_error_is_no_end),
        cmocka_unit_test(the_rest_can_be_read_as_a_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

static void assert_written(const struct diag *d, const char *want)
{
    struct buf out;

    buf_init(&out, 8192);
    assert_int_equal(diag_write(d, &out, NULL), 0);
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static void a_diagnostic_says_where_and_what(void **state)
{
    struct diags d;
    char file[] = "movies.yaml";

    (void)state;
    diags_init(&d);
    diag_add(&d, DIAG_ERROR, "E501", (struct place){file, 36, 13}, "no address for %s", "m/v2");
    diag_add(&d, DIAG_WARNING, "W202", (struct place){file, 2, 1}, "deprecated");
    diag_add(&d, DIAG_NOTE, "N001", (struct place){NULL, 0, 0}, "nothing to do");
    memset(file, 'x', sizeof file - 1); /* kept as it was */
    assert_int_equal(diags_errors(&d), 1);
    assert_written(d.first, "movies.yaml:36:13: error[E501]: no address for m/v2\n");
    assert_written(d.first->next, "movies.yaml:2:1: warning[W202]: deprecated\n");
    assert_written(d.last, "-: note[N001]: nothing to do\n");
    assert_ptr_equal(d.first->at.file, d.first->next->at.file);
    assert_null(d.last->next);
    diags_release(&d);
    assert_int_equal(diags_errors(&d), 0);
    assert_null(d.first);
}

static void beyond_the_limit_they_are_only_counted(void **state)
{
    struct diags d;
    size_t kept = 0;

    (void)state;
    diags_init(&d);
    for (uint32_t i = 1; i <= 1000; i++)
        diag_add(&d, DIAG_ERROR, "E101", (struct place){"f", i, 1}, "bad");
    diag_add(&d, DIAG_WARNING, "W201", (struct place){"f", 1, 1}, "has room of its own");
    for (const struct diag *i = d.first; i; i = i->next)
        kept++;
    assert_int_equal(kept, DIAGS_MAX + 1);
    assert_int_equal(diags_errors(&d), 1000);
    assert_int_equal(d.found[DIAG_WARNING], 1);
    assert_int_equal(d.last->severity, DIAG_WARNING);
    diags_release(&d);
}

static void an_error_counts_even_without_memory(void **state)
{
    struct diags d;

    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        diags_init(&d);
        mem_fail_at(n, MEM_FAIL_FROM);
        diag_add(&d, DIAG_ERROR, "E101", (struct place){"file", 1, 1}, "bad");
        mem_fail_at(0, MEM_FAIL_NEVER);
        assert_int_equal(diags_errors(&d), 1);
        diags_release(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diagnostic_says_where_and_what),
        cmocka_unit_test(beyond_the_limit_they_are_only_counted),
        cmocka_unit_test(an_error_counts_even_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

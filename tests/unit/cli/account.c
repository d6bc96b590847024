/* What counts as lost: all that should have been there, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/account.h"

static const struct {
    const char *fact;
    struct capture_stats stats;
    uint64_t lost;
} cases[] = {
    {"nothing", {.packets = 9, .decoded = 9, .kernel_received = 9}, 0},
    {"the kernel's buffer was full", {.kernel_dropped = 2}, 2},
    {"the card missed some", {.interface_dropped = 2}, 2},
    {"bytes were in no packet", {.gap_bytes = 7, .gaps = 1}, 7},
    {"a connection was given up", {.evicted = 1}, 1},
    {"fragments ended in no datagram", {.fragments = 3, .fragments_dropped = 3}, 3},
    {"headers were cut", {.truncated = 1}, 1},
    {"packets passed the filter and never came", {.kernel_received = 9, .not_read = 9}, 9},
    {"packets that nobody wanted any more", {.not_read = 9, .not_wanted = true}, 0},
};

static void each_loss_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (account_lost(&cases[i].stats) != cases[i].lost)
            fail_msg("%s: lost is %llu", cases[i].fact,
                     (unsigned long long)account_lost(&cases[i].stats));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_loss_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/shard.h"

static struct exchange exchange_of(uint64_t connection)
{
    return (struct exchange){
        .connection = connection,
        .client = {.family = 4, .address = {10, 0, 0, 1}, .port = (uint16_t)(connection % 50000)},
        .server = {.family = 4, .address = {10, 0, 0, 2}, .port = 80},
    };
}

static void without_shards_everything_is_ours(void **state)
{
    const struct shard all = {0, 0}, one = {1, 1};
    struct exchange x = exchange_of(7);

    (void)state;
    assert_true(shard_has(&all, &x));
    assert_true(shard_has(&one, &x));
}

static void each_connection_is_in_one_shard(void **state)
{
    unsigned counts[4] = {0};

    (void)state;
    for (uint64_t c = 1; c <= 10000; c++) {
        struct exchange x = exchange_of(c);
        unsigned found = 0;

        for (unsigned i = 1; i <= 4; i++) {
            const struct shard s = {i, 4};

            found += shard_has(&s, &x);
            counts[i - 1] += shard_has(&s, &x);
        }
        assert_int_equal(found, 1);
    }
    /* Binomial bounds of one in a million for 10,000 at a quarter. */
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(counts[i], 2289, 2714);
}

static void requests_of_a_connection_stay_together(void **state)
{
    (void)state;
    for (uint64_t c = 1; c <= 100; c++) {
        const struct shard s = {2, 3};
        struct exchange x = exchange_of(c), y = x;

        y.ordinal = 99 + c;
        y.index = 5;
        y.request_first_ns = 12345;
        assert_int_equal(shard_has(&s, &x), shard_has(&s, &y));
    }
}

/* Whatever machine reads it: these are results that are joined. */
static void the_choice_is_written_down(void **state)
{
    static const unsigned golden[8] = {4, 1, 4, 1, 3, 2, 2, 2};

    (void)state;
    for (uint64_t c = 1; c <= 8; c++) {
        struct exchange x = exchange_of(c);
        const struct shard s = {golden[c - 1], 4};

        assert_true(shard_has(&s, &x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_shards_everything_is_ours),
        cmocka_unit_test(each_connection_is_in_one_shard),
        cmocka_unit_test(requests_of_a_connection_stay_together),
        cmocka_unit_test(the_choice_is_written_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

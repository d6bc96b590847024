/* Every way to an empty record has a true sentence of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/explain.h"

#define PORT(number, kind, n)                       \
    {                                               \
        .port = (number), .count = { [kind] = (n) } \
    }

static const struct {
    struct capture_stats stats;
    const char *text;
} cases[] = {
    {{0}, "no packet arrived: is this the interface, the port, the filter?"},
    {{.packets = 9, .decoded = 9, .http = 1, .own_copies = 2},
     "2 requests were copies that mirrorctl sent (X-Mirrorctl)"},
    {{.packets = 3, .truncated = 3},
     "3 packets were cut off inside the headers: capture whole ones (tcpdump -s 0)"},
    {{.packets = 126,
      .other_port = 125,
      .not_tcp = 1,
      .unwanted = {.n = 2,
                   .port = {PORT(5432, SPOKEN_UNKNOWN, 5), PORT(3000, SPOKEN_UNKNOWN, 120)}}},
     "no packet was of a port that was asked for, but of port 3000 (120), port 5432 (5)"},
    {{.packets = 7, .not_ip = 2, .not_tcp = 5}, "no packet was TCP: 2 not IP, 5 another protocol"},
    {{.packets = 7, .not_ip = 2, .not_tcp = 4, .malformed = 1},
     "no packet was TCP: 2 not IP, 4 another protocol, 1 damaged"},
    {{.packets = 99,
      .decoded = 99,
      .connections = 41,
      .tls = 41,
      .spoken = {.n = 1, .port = {PORT(443, SPOKEN_TLS, 41)}}},
     "41 connections to port 443 were TLS: capture behind the terminator"},
    {{.packets = 99,
      .decoded = 99,
      .connections = 7,
      .spoken = {.n = 2, .port = {PORT(443, SPOKEN_TLS, 1), PORT(50051, SPOKEN_HTTP2, 6)}}},
     "6 connections to port 50051 were HTTP/2, 1 to port 443 TLS: it is not read yet; capture "
     "where HTTP/1 is spoken"},
    {{.packets = 9, .decoded = 9, .connections = 1, .http = 1, .orphan_responses = 1},
     "1 answer was seen, but not what it answers: were both directions captured?"},
    {{.packets = 9, .decoded = 9, .connections = 1, .http = 1},
     "1 connection was HTTP/1, but no request was seen"},
    {{.packets = 9, .decoded = 9}, "9 TCP packets, but none began a connection or carried data"},
    {{.packets = 9,
      .decoded = 9,
      .connections = 3,
      .spoken = {.n = 2, .port = {PORT(22, SPOKEN_UNKNOWN, 2), PORT(80, SPOKEN_NOTHING, 1)}}},
     "2 connections to port 22 were no protocol that is known here, 1 to port 80 without data"},
};

static void each_cause_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;

        buf_init(&out, 4096);
        explain_nothing(&cases[i].stats, &out);
        assert_string_equal(out.data, cases[i].text);
        buf_release(&out);
    }
}

static void the_most_frequent_come_first_and_the_rest_is_summed(void **state)
{
    struct capture_stats s = {.spoken = {.n = 9, .rest = PORT(0, SPOKEN_TLS, 50)}};
    struct buf out;

    (void)state;
    for (uint16_t i = 0; i < 9; i++)
        s.spoken.port[i] = (struct capture_port)PORT(i + 1u, SPOKEN_TLS, i + 1u);
    buf_init(&out, 4096);
    explain_others(&s, &out);
    assert_string_equal(out.data, "50 connections to other ports were TLS, 9 to port 9 TLS, "
                                  "8 to port 8 TLS, 7 to port 7 TLS, 6 to port 6 TLS, "
                                  "5 to port 5 TLS, 10 more");
    buf_release(&out);
}

static void where_all_was_http_nothing_is_said(void **state)
{
    struct capture_stats s = {.packets = 9, .http = 2, .exchanges = 2};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    explain_others(&s, &out);
    assert_int_equal(out.len, 0);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_sentence),
        cmocka_unit_test(the_most_frequent_come_first_and_the_rest_is_summed),
        cmocka_unit_test(where_all_was_http_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

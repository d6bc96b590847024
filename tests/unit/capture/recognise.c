/* What a connection speaks, by its first bytes; and what it is counted as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/ports.h"
#include "capture/recognise.h"

static enum protocol of(struct str first, unsigned senders, bool midstream)
{
    unsigned role;

    return recognise(first, senders, midstream, &role);
}

static const struct {
    const char *fact;
    struct str first;
    unsigned senders;
    bool midstream;
    enum protocol protocol;
    unsigned role;
} cases[] = {
    {"a request", STR_INIT("GET / HTTP/1.1\r\n"), FROM_EITHER, false, PROTOCOL_HTTP, FROM_CLIENT},
    {"a method nobody knows", STR_INIT("BREW /pot HTTP/1.1\r\n"), FROM_CLIENT, false, PROTOCOL_HTTP,
     FROM_CLIENT},
    {"in mid-stream only a registered method is believed", STR_INIT("BREW /pot HTTP/1.1\r\n"),
     FROM_CLIENT, true, PROTOCOL_OTHER, FROM_EITHER},
    {"an answer", STR_INIT("HTTP/1.1 200 OK\r\n"), FROM_EITHER, false, PROTOCOL_HTTP, FROM_SERVER},
    {"half a request line", STR_INIT("GET /mov"), FROM_EITHER, false, PROTOCOL_UNKNOWN,
     FROM_EITHER},
    {"a ClientHello", STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), FROM_EITHER, false,
     PROTOCOL_TLS, FROM_CLIENT},
    {"a ServerHello", STR_INIT("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), FROM_EITHER, false,
     PROTOCOL_TLS, FROM_SERVER},
    {"TLS application data in mid-stream", STR_INIT("\x17\x03\x03\x04\x00zzzz"), FROM_EITHER, true,
     PROTOCOL_TLS, FROM_EITHER},
    {"which is no beginning", STR_INIT("\x17\x03\x03\x04\x00zzzz"), FROM_EITHER, false,
     PROTOCOL_OTHER, FROM_EITHER},
    {"the preface", STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), FROM_EITHER, false,
     PROTOCOL_HTTP2, FROM_CLIENT},
    {"half the preface", STR_INIT("PRI * HTTP/2.0\r\n"), FROM_CLIENT, false, PROTOCOL_UNKNOWN,
     FROM_EITHER},
    {"a server's SETTINGS", STR_INIT("\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"), FROM_EITHER, false,
     PROTOCOL_HTTP2, FROM_SERVER},
    {"HEADERS with :method in mid-stream", STR_INIT("\0\0\x03\x01\x04\0\0\0\x01\x83\x86\x41"),
     FROM_EITHER, true, PROTOCOL_HTTP2, FROM_EITHER},
    {"HEADERS behind a priority and padding",
     STR_INIT("\0\0\x0a\x01\x2c\0\0\0\x03\x02\0\0\0\x01\x10\x82\x86\0\0"), FROM_EITHER, true,
     PROTOCOL_HTTP2, FROM_EITHER},
    {"five frames in mid-stream",
     STR_INIT("\0\0\x02\0\0\0\0\0\x05xx"
              "\0\0\x04\x08\0\0\0\0\0\0\0\0\x02"
              "\0\0\x08\x06\x01\0\0\0\0PINGPONG"
              "\0\0\0\x04\x01\0\0\0\0"
              "\0\0\x02\0\x01\0\0\0\x05xx"),
     FROM_EITHER, true, PROTOCOL_HTTP2, FROM_EITHER},
    {"four are not enough",
     STR_INIT("\0\0\x02\0\0\0\0\0\x05xx"
              "\0\0\x04\x08\0\0\0\0\0\0\0\0\x02"
              "\0\0\x08\x06\x01\0\0\0\0PINGPONG"
              "\0\0\0\x04\x01\0\0\0\0"),
     FROM_EITHER, true, PROTOCOL_UNKNOWN, FROM_EITHER},
    {"a PING on a stream is none", STR_INIT("\0\0\x08\x06\x01\0\0\0\x05PINGPONG"), FROM_EITHER,
     true, PROTOCOL_OTHER, FROM_EITHER},
    {"DATA on the connection is none", STR_INIT("\0\0\x02\0\0\0\0\0\0xx"), FROM_EITHER, true,
     PROTOCOL_OTHER, FROM_EITHER},
    {"a frame type that is not there", STR_INIT("\0\0\x02\x0a\0\0\0\0\x01xx"), FROM_EITHER, true,
     PROTOCOL_OTHER, FROM_EITHER},
    {"SETTINGS of seven bytes", STR_INIT("\0\0\x07\x04\0\0\0\0\0\0\x03\0\0\0\x64\0"), FROM_EITHER,
     false, PROTOCOL_OTHER, FROM_EITHER},
    {"zeros", STR_INIT("\0\0\0\0\0\0\0\0\0\0\0\0"), FROM_EITHER, true, PROTOCOL_OTHER, FROM_EITHER},
    {"SSH", STR_INIT("SSH-2.0-OpenSSH_9.2\r\n"), FROM_SERVER, false, PROTOCOL_OTHER, FROM_EITHER},
};

static void first_bytes_tell_the_protocol_and_who_speaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned role = 99;
        enum protocol got = recognise(cases[i].first, cases[i].senders, cases[i].midstream, &role);

        if (got != cases[i].protocol || (got != PROTOCOL_UNKNOWN && role != cases[i].role))
            fail_msg("%s: protocol %d, role %u", cases[i].fact, got, role);
    }
}

static void no_prefix_is_mistaken_for_something_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t n = 1; n < cases[i].first.len; n++) {
            enum protocol got =
                of(str_head(cases[i].first, n), cases[i].senders, cases[i].midstream);
            if (got != PROTOCOL_UNKNOWN && got != cases[i].protocol &&
                cases[i].protocol != PROTOCOL_UNKNOWN)
                fail_msg("%s: protocol %d after %zu bytes", cases[i].fact, got, n);
        }
    }
}

static void a_proxy_header_ends_where_it_says(void **state)
{
    static const struct {
        struct str first;
        enum http1_guess guess;
        size_t length;
    } rows[] = {
        {STR_INIT("PROXY TCP4 192.0.2.7 192.0.2.8 51234 80\r\nGET"), HTTP1_YES, 41},
        {STR_INIT("PROXY UNKNOWN\r\n"), HTTP1_YES, 15},
        {STR_INIT("PROXY TCP6 "), HTTP1_TOO_SHORT, 0},
        {STR_INIT("PROXY /a HTTP/1.1\r\n"), HTTP1_NO, 0},
        {STR_INIT("PROXY TCP4 "
                  "0123456789012345678901234567890123456789012345678901234567890123456789"
                  "01234567890123456789012345\r\n"),
         HTTP1_NO, 0},
        {STR_INIT("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), HTTP1_YES, 16},
        {STR_INIT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x02x"), HTTP1_TOO_SHORT, 0},
        {STR_INIT("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"), HTTP1_NO, 0},
        {STR_INIT("\r\n\r\nGET / HTTP/1.1\r\n"), HTTP1_NO, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = 0;

        assert_int_equal(recognise_proxy_header(rows[i].first, &length), rows[i].guess);
        if (rows[i].guess == HTTP1_YES)
            assert_int_equal(length, rows[i].length);
    }
}

static void ports_beyond_the_ceiling_count_under_rest(void **state)
{
    static struct capture_ports ports;
    uint64_t sum = 0;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned port = 1; port <= 2 * CAPTURE_MAX_COUNTED; port++)
            ports_add(&ports, (uint16_t)port, SPOKEN_TLS);
    }
    assert_int_equal(ports.n, CAPTURE_MAX_COUNTED);
    for (size_t i = 0; i < ports.n; i++) {
        assert_int_equal(ports.port[i].count[SPOKEN_TLS], 2);
        sum += ports.port[i].count[SPOKEN_TLS];
    }
    assert_int_equal(sum + ports.rest.count[SPOKEN_TLS], 4 * CAPTURE_MAX_COUNTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_tell_the_protocol_and_who_speaks),
        cmocka_unit_test(no_prefix_is_mistaken_for_something_else),
        cmocka_unit_test(a_proxy_header_ends_where_it_says),
        cmocka_unit_test(ports_beyond_the_ceiling_count_under_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

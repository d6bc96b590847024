/* The page of metrics, asked for by those who mean it and those who do not. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/scrape.h"

enum { GUESTS = 8, ROOM = 64 * 1024 };

static struct scrape *server;
static char answer[ROOM];

static int start(void **state)
{
    struct err e = {0};

    (void)state;
    server = scrape_open("0", "text/plain; version=0.0.4", &e);
    if (!server)
        return -1;
    scrape_publish(server, STR("up 1\n"));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    scrape_close(server);
    return 0;
}

static unsigned port_of(const struct scrape *s)
{
    unsigned port = 0;

    assert_int_equal(sscanf(scrape_url(s), "http://127.0.0.1:%u/metrics", &port), 1);
    return port;
}

static int dial(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)port_of(server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = send(fd, bytes, n, MSG_NOSIGNAL);

        if (wrote < 0)
            return; /* it has had enough */
        bytes += wrote;
        n -= (size_t)wrote;
    }
}

static const char *hear(int fd)
{
    size_t n = 0;
    ssize_t got;

    while (n + 1 < ROOM && (got = recv(fd, answer + n, ROOM - 1 - n, 0)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    return answer;
}

static const char *ask(const char *request)
{
    int fd = dial();

    say(fd, request, strlen(request));
    return hear(fd);
}

static void assert_begins(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0)
        fail_msg("\"%.200s\" does not begin with \"%s\"", text, with);
}

static void the_page_is_what_was_published_last(void **state)
{
    (void)state;
    assert_string_equal(ask("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        "Content-Length: 5\r\nConnection: close\r\n\r\nup 1\n");
    scrape_publish(server, STR("up 12\n"));
    assert_non_null(strstr(ask("GET /metrics?x=1 HTTP/1.0\r\n\r\n"), "\r\n\r\nup 12\n"));
}

static void it_can_be_asked_for_in_other_ways(void **state)
{
    (void)state;
    scrape_publish(server, STR("up 1\n"));
    assert_string_equal(ask("HEAD /metrics HTTP/1.1\r\n\r\n"),
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        "Content-Length: 5\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(ask("GET http://h:1/metrics HTTP/1.1\r\n\r\n"), "\r\n\r\nup 1\n"));
    assert_non_null(strstr(ask("\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"), "\r\n\r\nup 1\n"));
}

static void nothing_else_is_served(void **state)
{
    (void)state;
    assert_begins(ask("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
    assert_begins(ask("GET /metrics/../x HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
    assert_begins(ask("POST /metrics HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), "HTTP/1.1 405 ");
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    assert_begins(ask("HEAD /other HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    assert_begins(ask("GET\r\n\r\n"), "HTTP/1.1 400 ");
    assert_begins(ask("\x16\x03\x01\r\n\r\n"), "HTTP/1.1 400 ");
}

static void a_request_in_pieces_is_one(void **state)
{
    const char *request = "GET /metrics HTTP/1.1\r\n\r\n";
    int fd = dial();

    (void)state;
    for (; *request; request++)
        say(fd, request, 1);
    assert_begins(hear(fd), "HTTP/1.1 200 ");
}

static void a_head_without_end_is_refused_at_4_kib(void **state)
{
    static char endless[256 * 1024];
    int fd = dial();

    (void)state;
    memset(endless, 'a', sizeof endless);
    memcpy(endless, "GET /", 5);
    say(fd, endless, 4096);
    assert_begins(hear(fd), "HTTP/1.1 431 ");
    fd = dial();
    say(fd, endless, sizeof endless); /* ends in a reset once that is too much */
    hear(fd);
    assert_begins(ask("GET /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
}

static void silent_guests_take_no_more_than_their_places(void **state)
{
    int silent[GUESTS + 2];
    struct pollfd waiting = {.events = POLLIN};

    (void)state;
    for (int i = 0; i < GUESTS; i++)
        silent[i] = dial();
    waiting.fd = dial(); /* the kernel keeps it */
    say(waiting.fd, "GET /metrics HTTP/1.1\r\n\r\n", 25);
    assert_int_equal(poll(&waiting, 1, 50), 0);
    close(silent[0]);
    assert_begins(hear(waiting.fd), "HTTP/1.1 200 ");
    /* The others are here still when it is closed. */
    scrape_close(server);
    for (int i = 1; i < GUESTS; i++)
        assert_string_equal(hear(silent[i]), "");
    server = NULL;
}

static void a_guest_who_leaves_early_is_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        int fd = dial();

        say(fd, "GET /metrics HTTP/1.1\r\n\r\n", i % 26);
        close(fd);
    }
    assert_begins(ask("GET /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 ");
}

static void assert_refused(const char *address, const char *why)
{
    struct err e = {0};

    assert_null(scrape_open(address, "text/plain", &e));
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.text, why))
        fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

static void an_address_that_cannot_be_had_is_said(void **state)
{
    char taken[32];

    (void)state;
    snprintf(taken, sizeof taken, "127.0.0.1:%u", port_of(server));
    assert_refused(taken, "127.0.0.1:");
    assert_refused(taken, "Address already in use");
    assert_refused("192.0.2.1:0", "192.0.2.1:0: ");
    assert_refused("127.0.0.1", "does not end in a port");
    assert_refused("127.0.0.1:http", "does not end in a port");
    assert_refused("65536", "does not end in a port");
    assert_refused("[::1:0", "no ]");
}

static void an_address_may_be_given_in_every_usual_form(void **state)
{
    static const char *const forms[] = {"0", ":0", "127.0.0.1:0", "localhost:0"};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct err e = {0};
        struct scrape *s = scrape_open(forms[i], "text/plain", &e);

        if (!s)
            fail_msg("%s: %s", forms[i], e.text);
        assert_begins(scrape_url(s), "http://");
        scrape_close(s);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(the_page_is_what_was_published_last),
        TEST(it_can_be_asked_for_in_other_ways),
        TEST(nothing_else_is_served),
        TEST(a_request_in_pieces_is_one),
        TEST(a_head_without_end_is_refused_at_4_kib),
        TEST(silent_guests_take_no_more_than_their_places),
        TEST(a_guest_who_leaves_early_is_forgotten),
        TEST(an_address_that_cannot_be_had_is_said),
        TEST(an_address_may_be_given_in_every_usual_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

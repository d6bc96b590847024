/* Captures that begin inside a connection whose client pipelines: answers come
 * to requests that nobody saw. Every answer carries the number of its request,
 * and none is ever called another's without a mark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/support/stage.h"

enum { REQUEST = 40 }; /* bytes of one that was sent before */

static struct packets packets;
static struct talk talk;

static int setup(void **state)
{
    (void)state;
    packets_init(&packets, LINK_ETHERNET);
    talk_init(&talk, &packets, 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    packets_release(&packets);
    return 0;
}

static void ask(const char *method, int id)
{
    char text[64];

    snprintf(text, sizeof text, "%s /%d HTTP/1.1\r\n\r\n", method, id);
    talk_say(&talk, 0, text);
}

static void answer(int id)
{
    char text[64];

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", id);
    talk_say(&talk, 1, text);
}

/* What comes out, and how many answers are nobody's. */
static void expect(const char *want, unsigned orphans)
{
    struct stage s;

    stage_run(&s, &packets, NULL);
    assert_string_equal(stage_text(&s), want);
    assert_int_equal(s.stats.orphan_responses, orphans);
    stage_release(&s);
}

static void to_go_on_proves_nothing_of_a_client_that_pipelines(void **state)
{
    (void)state;
    talk_lose(&talk, 0, 2 * REQUEST);
    ask("GET", 3);
    ask("GET", 4);
    ask("GET", 5);
    answer(1);
    ask("GET", 6);
    for (int id = 2; id <= 6; id++)
        answer(id);
    expect("GET /3 - request:midstream response:midstream\n"
           "GET /4 - response:midstream\n"
           "GET /5 - response:midstream\n"
           "GET /6 - response:midstream\n",
           6);
}

/* Content of the last one is read where none is, as its head is HEAD's. */
static void what_is_no_answer_takes_those_before_it_back(void **state)
{
    (void)state;
    talk_lose(&talk, 0, REQUEST);
    talk_say(&talk, 0,
             "GET /2 HTTP/1.1\r\n\r\n"
             "HEAD /3 HTTP/1.1\r\n\r\n"
             "GET /4 HTTP/1.1\r\n\r\n");
    talk_say(&talk, 1,
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n4");
    expect("GET /2 - request:midstream response:midstream\n"
           "HEAD /3 - request:midstream response:midstream\n"
           "GET /4 - request:midstream response:bad_line response:midstream\n",
           3); /* and what is left of the last */
}

static void an_answer_without_end_may_be_one_to_head(void **state)
{
    (void)state;
    talk_lose(&talk, 0, REQUEST);
    ask("GET", 2);
    ask("GET", 3);
    talk_say(&talk, 1, "HTTP/1.1 200 OK\r\n\r\n"); /* to HEAD /1 */
    ask("GET", 4);
    answer(2);
    ask("GET", 5);
    for (int id = 3; id <= 5; id++)
        answer(id);
    talk_close(&talk);
    expect("GET /2 - request:midstream response:midstream\n"
           "GET /3 - response:midstream\n"
           "GET /4 - response:midstream\n"
           "GET /5 - response:midstream\n",
           5);
}

/* Two are always under way, but it looks as if one was. */
static void what_cannot_be_told_apart_is_marked(void **state)
{
    (void)state;
    talk_lose(&talk, 0, REQUEST);
    for (int id = 2; id <= 4; id++) {
        ask("GET", id);
        answer(id - 1);
    }
    expect("GET /2 200 request:midstream response=1 response:midstream\n"
           "GET /3 200 response=2 response:midstream\n"
           "GET /4 200 response=3 response:midstream\n",
           0);
}

static void a_quiet_moment_ends_the_doubt(void **state)
{
    (void)state;
    for (int id = 1; id <= 4; id++) {
        ask("GET", id);
        answer(id);
        if (id == 2)
            packets.ns += 2 * NS_PER_SEC;
    }
    expect("GET /1 200 request:midstream response=1 response:midstream\n"
           "GET /2 200 response=2 response:midstream\n"
           "GET /3 200 response=3\n"
           "GET /4 200 response=4\n",
           0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(to_go_on_proves_nothing_of_a_client_that_pipelines),
        TEST(what_is_no_answer_takes_those_before_it_back),
        TEST(an_answer_without_end_may_be_one_to_head),
        TEST(what_cannot_be_told_apart_is_marked),
        TEST(a_quiet_moment_ends_the_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

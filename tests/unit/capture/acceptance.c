/* The acceptance tests of the capture stage that need no packets but our own,
 * by their numbers. Those with real captures are in acceptance_corpus.c and
 * tests/cli/acceptance.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/support/rewrite.h"
#include "tests/support/stage.h"

enum { LINK_PPP = 9, LINK_C_HDLC = 104 };

static int setup(void **state)
{
    static struct packets p;

    packets_init(&p, LINK_ETHERNET);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    packets_release(*state);
    return 0;
}

static void expect(const struct packets *p, const char *want)
{
    struct stage s;

    stage_run(&s, p, NULL);
    assert_string_equal(stage_text(&s), want);
    assert_int_equal(s.rc, 0);
    stage_release(&s);
}

/* The same, and these counts. */
static struct capture_stats expect_counted(const struct packets *p, const char *want)
{
    struct capture_stats stats;
    struct stage s;

    stage_run(&s, p, NULL);
    stats = s.stats;
    assert_string_equal(stage_text(&s), want);
    assert_int_equal(s.rc, 0);
    stage_release(&s);
    return stats;
}

static void begin(struct talk *t, struct packets *p, uint16_t port)
{
    talk_init(t, p, port);
    talk_open(t);
}

static void ask(struct talk *t, int id)
{
    char text[64];

    snprintf(text, sizeof text, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", id);
    talk_say(t, 0, text);
}

static void answer(struct talk *t, int id)
{
    char text[80], body[16];
    int n = snprintf(body, sizeof body, "%d", id);

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body);
    talk_say(t, 1, text);
}

/* A connection with `n` exchanges numbered from `first`. */
static void converse(struct packets *p, uint16_t port, int first, int n)
{
    struct talk t;

    begin(&t, p, port);
    for (int id = first; id < first + n; id++) {
        ask(&t, id);
        answer(&t, id);
    }
    talk_close(&t);
}

static const char *exchanges(int first, int n)
{
    static char text[64 * 1024];
    size_t at = 0;

    text[0] = '\0';
    for (int id = first; id < first + n; id++)
        at += (size_t)snprintf(text + at, sizeof text - at, "GET /%d 200 response=%d\n", id, id);
    return text;
}

/* Several of everything: for tests that change packets. */
static void chat(struct packets *p)
{
    struct talk t;

    begin(&t, p, 1000);
    talk_say(&t, 0,
             "POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3;x=y\r\nabc\r\n00a\r\n0123456789\r\n0\r\nT: v\r\n\r\n");
    talk_say(&t, 1,
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"
             "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    talk_say(&t, 0, "HEAD /h HTTP/1.1\r\n\r\nGET /g HTTP/1.1\r\n\r\n");
    talk_say(&t, 1,
             "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
             "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    talk_close(&t);
}

static const char chatted[] =
    "POST /up 100 201 request=abc0123456789 request-trailers=T:\\x20v\\r\\n request:chunk_ext "
    "response=hello\n"
    "HEAD /h 200\n"
    "GET /g 200 response=until\\x20the\\x20end\n";

/* ---- all captures ------------------------------------------------------------ */

static void acceptance_3_cutting_a_packet_at_every_byte_changes_nothing(void **state)
{
    struct packets *p = *state;

    for (size_t at = 1; at < 200; at++) {
        packets_clear(p);
        chat(p);
        packets_cut(p, at);
        expect(p, chatted);
    }
    packets_clear(p);
    chat(p);
    packets_split(p, 1);
    expect(p, chatted);
}

/* What a connection speaks is told by its first bytes; that more come at once
 * than are needed for it must not matter. */
static void acceptance_3_one_byte_and_then_a_large_segment_are_recognised(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nContent-Length: 40000\r\n\r\n";
    static char body[40000];
    struct packets *p = *state;
    struct capture_config config = {.max_body = 1 << 20};
    struct talk t;
    struct buf b;
    struct stage s;

    buf_init(&b, 1 << 20);
    assert_int_equal(buf_append(&b, head, sizeof head - 1, NULL), 0);
    assert_int_equal(buf_append(&b, body, sizeof body, NULL), 0);
    begin(&t, p, 1000);
    t.mss = 60000;
    talk_send(&t, 0, b.data, 1);
    talk_send(&t, 0, b.data + 1, b.len - 1);
    talk_say(&t, 1, "HTTP/1.1 204 No Content\r\n\r\n");
    stage_run(&s, p, &config);
    assert_int_equal(s.stats.http, 1);
    assert_int_equal(s.stats.complete, 1);
    buf_release(&b);
    stage_release(&s);
}

static void acceptance_4_order_and_repetition_change_nothing(void **state)
{
    struct packets *p = *state;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        packets_clear(p);
        chat(p);
        packets_shuffle_flows(p, 8, seed);
        expect(p, chatted);
    }
    packets_clear(p);
    chat(p);
    packets_double(p);
    expect(p, chatted);
}

/* Is this exchange there, from its beginning or without its handshake? */
static bool has(const struct stage *s, int id)
{
    char want[2][64];

    snprintf(want[0], sizeof want[0], "GET /%d 200 response=%d", id, id);
    snprintf(want[1], sizeof want[1], "GET /%d 200 request:midstream response=%d", id, id);
    return strstr(stage_text(s), want[0]) || strstr(stage_text(s), want[1]);
}

/* Every exchange has a connection of its own, so nothing excuses another. */
static void acceptance_5_losing_one_packet_in_a_hundred_makes_nothing_up(void **state)
{
    enum { N = 50, PACKETS = 8, HANDSHAKE = 3, SEEDS = 100 };
    struct packets *p = *state;
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool taken[N * PACKETS];
        struct stage s;
        packets_clear(p);
        for (int id = 0; id < N; id++)
            converse(p, (uint16_t)(2000 + id), id, 1);
        assert_int_equal(p->n, N * PACKETS);
        packets_drop(p, 100, seed, taken);
        stage_run(&s, p, NULL);
        for (int id = 0; id < N; id++) {
            const bool *data = taken + (size_t)id * PACKETS + HANDSHAKE;
            bool touched = data[0] || data[1];
            if (touched == has(&s, id))
                fail_msg("seed %llu, %d:\n%s", (unsigned long long)seed, id, stage_text(&s));
            lost += touched;
        }
        stage_release(&s);
    }
    assert_true(lost > SEEDS / 2);
}

/* ---- pairs ------------------------------------------------------------------- */

static void acceptance_6_pipelined_requests_get_their_answers_in_order(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    for (int id = 1; id <= 5; id++)
        ask(&t, id);
    for (int id = 1; id <= 5; id++)
        answer(&t, id);
    talk_close(&t);
    expect(p, exchanges(1, 5));
}

static void acceptance_7_100_continue_belongs_to_its_request(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    talk_say(&t, 0, "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.1 100 Continue\r\n\r\n");
    talk_say(&t, 0, "abc");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    talk_close(&t);
    expect(p, "PUT /a 100 200 request=abc response=ok\n");
}

static void acceptance_8_a_lost_answer_shifts_no_other(void **state)
{
    enum { N = 1000, LOST = 321 };
    struct packets *p = *state;
    struct stage s;
    struct talk t;

    begin(&t, p, 1000);
    for (int id = 1; id <= N; id++) {
        ask(&t, id);
        if (id == LOST)
            talk_lose(&t, 1, 41);
        else
            answer(&t, id);
    }
    talk_close(&t);
    stage_run(&s, p, NULL);
    assert_int_equal(s.stats.requests, N);
    assert_int_equal(s.stats.complete, N - 1);
    assert_int_equal(s.stats.unanswered + s.stats.incomplete, 1);
    assert_int_equal(s.stats.gaps, 1);
    assert_int_equal(s.stats.gap_bytes, 41);
    assert_non_null(strstr(stage_text(&s), "GET /321 - response:gap\n"));
    for (int id = 1; id <= N; id++)
        assert_true(id == LOST || strstr(stage_text(&s), exchanges(id, 1)));
    stage_release(&s);
}

static void acceptance_9_without_a_handshake_or_answers_requests_are_found(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    ask(&t, 1);
    answer(&t, 1);
    expect(p, "GET /1 200 request:midstream response=1 response:midstream\n");
    packets_clear(p);
    talk_init(&t, p, 1001);
    for (int id = 1; id <= 3; id++) {
        ask(&t, id);
        t.seq[1] += 41; /* what the server says is not captured */
    }
    expect(p, "GET /1 - request:midstream\nGET /2 -\nGET /3 -\n");
}

static void acceptance_10_an_answer_before_the_first_request_is_not_its_own(void **state)
{
    struct packets *p = *state;
    struct capture_stats stats;
    struct talk t;

    talk_init(&t, p, 1000);
    answer(&t, 7);
    ask(&t, 1);
    answer(&t, 1);
    stats = expect_counted(p, "GET /1 200 request:midstream response=1 response:midstream\n");
    assert_int_equal(stats.responses, 2);
    assert_int_equal(stats.orphan_responses, 1);
}

static void acceptance_11_the_handshake_may_be_out_of_order(void **state)
{
    static const size_t orders[][4] = {{1, 0, 2, 3}, {2, 1, 0, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    struct packets *p = *state;

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct frame old[4];
        packets_clear(p);
        converse(p, 1000, 1, 2);
        memcpy(old, p->frame, sizeof old);
        for (size_t k = 0; k < 4; k++) {
            p->frame[k] = old[orders[i][k]];
            p->frame[k].ns = old[k].ns;
        }
        expect(p, exchanges(1, 2));
    }
}

static void acceptance_15_retransmissions_do_not_double(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    for (int id = 1; id <= 4; id++) {
        uint32_t seq[2] = {t.seq[0], t.seq[1]};
        ask(&t, id);
        t.seq[0] = seq[0];
        ask(&t, id);
        for (int copy = 0; copy < 3; copy++) {
            t.seq[1] = seq[1];
            answer(&t, id);
        }
    }
    talk_close(&t);
    expect(p, exchanges(1, 4));
}

static void acceptance_16_an_answer_to_head_has_no_content(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    talk_say(&t, 0, "HEAD /a HTTP/1.1\r\n\r\n");
    ask(&t, 1);
    talk_say(&t, 1, "HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n");
    answer(&t, 1);
    talk_close(&t);
    expect(p, "HEAD /a 500\nGET /1 200 response=1\n");
}

static void acceptance_18_methods_are_kept_as_they_are(void **state)
{
    static const char *const methods[] = {"QUERY", "CCM_POST", "get", "M-SEARCH",
                                          "X!#$%&'*+-.^_`|~9"};
    enum { N = sizeof methods / sizeof *methods };
    struct packets *p = *state;
    char want[1024], text[128];
    size_t at = 0;
    struct talk t;

    begin(&t, p, 1000);
    for (size_t i = 0; i < N; i++) {
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", methods[i]);
        talk_say(&t, 0, text);
        answer(&t, 1);
        at += (size_t)snprintf(want + at, sizeof want - at, "%s / 200 request=x response=1\n",
                               methods[i]);
    }
    talk_close(&t);
    expect(p, want);
}

/* A line that is no request line is one nevertheless to a server that answers
 * it, and to nobody else. */
static void acceptance_18_lines_that_are_none_are_requests_if_http_answers(void **state)
{
    static const struct {
        const char *says, *want;
    } rows[] = {
        {"GET/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET/  400 request:bad_line response=no\n"},
        {"OPTIONS HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS  400 request:bad_line response=no\n"},
        {"GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "GET /a 400 request:bad_line response=no\n"},
        {"POST abc\r\n", "POST abc 400 request:bad_line request:http09 response=no\n"},
        {"\xc3\x83 /a b HTTP/1.\r\n",
         "\xc3\x83 /a b HTTP/1. 400 request:bad_line request:http09 response=no\n"},
    };
    struct packets *p = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t cut = 1; cut < 20; cut += 9) {
            struct talk t;
            packets_clear(p);
            begin(&t, p, 1000);
            t.mss = cut;
            talk_say(&t, 0, rows[i].says);
            t.mss = 1000;
            talk_say(&t, 1, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
            expect(p, rows[i].want);
            packets_clear(p);
            begin(&t, p, 1001);
            t.mss = cut;
            talk_say(&t, 0, rows[i].says);
            talk_say(&t, 1, "-ERR unknown command\r\n");
            assert_int_equal(expect_counted(p, "").other, 1);
        }
    }
}

static void acceptance_20_surplus_answers_shift_nothing(void **state)
{
    struct packets *p = *state;
    struct capture_stats stats;
    struct talk t;

    begin(&t, p, 1000);
    talk_say(&t, 0,
             "POST /a HTTP/1.1\r\nContent-Length: 27\r\n\r\nGET /no HTTP/1.1\r\nA: b\r\n\r\nx");
    answer(&t, 100);
    answer(&t, 101); /* nobody asked */
    answer(&t, 102);
    for (int id = 1; id <= 4; id++) {
        ask(&t, id);
        answer(&t, id);
    }
    talk_close(&t);
    stats =
        expect_counted(p, "POST /a 200 request=GET\\x20/no\\x20HTTP/1.1\\r\\nA:\\x20b\\r\\n\\r\\nx "
                          "response=100\n"
                          "GET /1 200 response=1\nGET /2 200 response=2\n"
                          "GET /3 200 response=3\nGET /4 200 response=4\n");
    assert_int_equal(stats.orphan_responses, 2);
}

/* ---- packets ------------------------------------------------------------------ */

/* What stands in front of an IP packet, with lengths at places that count from
 * others; `ethernet` asks for an inner Ethernet header. */
struct wrapper {
    const char *name;
    int link;
    bool ethernet;
    const char *bytes;
    size_t n;
    struct {
        size_t at, from;
    } length[2];
};

#define MAC           "\2\0\0\0\0\2\2\0\0\0\0\1"
#define IP4(protocol) "\x45\0\0\0\0\0\0\0\x40" protocol "\0\0\xc0\xa8\0\1\xc0\xa8\0\2"
#define UDP(port)     "\x30\x39" port "\0\0\0\0"

static const struct wrapper wrappers[] = {
    {"802.1Q", LINK_ETHERNET, false, MAC "\x81\0\0\x2a\x08\0", 18, {{0}}},
    {"802.1ad within 802.1Q within 9100",
     LINK_ETHERNET,
     false,
     MAC "\x91\0\0\x0a\x88\xa8\0\x14\x81\0\0\x1e\x08\0",
     26,
     {{0}}},
    {"PPPoE", LINK_ETHERNET, false, MAC "\x88\x64\x11\0\0\1\0\0\0\x21", 22, {{18, 20}}},
    {"PPP", LINK_PPP, false, "\xff\3\0\x21", 4, {{0}}},
    {"C-HDLC", LINK_C_HDLC, false, "\x0f\0\x08\0", 4, {{0}}},
    {"GRE", LINK_ETHERNET, false, MAC "\x08\0" IP4("\x2f") "\0\0\x08\0", 38, {{16, 14}}},
    {"GRE with key",
     LINK_ETHERNET,
     false,
     MAC "\x08\0" IP4("\x2f") "\x20\0\x08\0\0\0\0\7",
     42,
     {{16, 14}}},
    {"IP in IP", LINK_ETHERNET, false, MAC "\x08\0" IP4("\4"), 34, {{16, 14}}},
    {"MPLS", LINK_ETHERNET, false, MAC "\x88\x47\0\1\0\x40\0\2\1\x40", 22, {{0}}},
    {"VXLAN",
     LINK_ETHERNET,
     true,
     MAC "\x08\0" IP4("\x11") UDP("\x12\xb5") "\x08\0\0\0\0\0\7\0",
     50,
     {{16, 14}, {38, 34}}},
    {"Geneve",
     LINK_ETHERNET,
     true,
     MAC "\x08\0" IP4("\x11") UDP("\x17\xc1") "\0\0\x65\x58\0\0\7\0",
     50,
     {{16, 14}, {38, 34}}},
    {"Ethernet in MPLS", LINK_ETHERNET, true, MAC "\x88\x47\0\1\1\x40", 18, {{0}}},
    {"Ethernet in MPLS behind a control word",
     LINK_ETHERNET,
     true,
     MAC "\x88\x47\0\1\1\x40\0\0\0\7",
     22,
     {{0}}},
};

/* Put every IP packet of `inner` into `p` behind the bytes of `w`. */
static void wrap(struct packets *p, const struct packets *inner, const struct wrapper *w)
{
    p->link = w->link;
    for (size_t i = 0; i < inner->n; i++) {
        const struct frame *f = &inner->frame[i];
        size_t n = w->n + (w->ethernet ? 14 : 0);
        unsigned char b[2048];

        assert_true(n + f->captured <= sizeof b);
        memcpy(b, w->bytes, w->n);
        memcpy(b + w->n, MAC "\x08", n - w->n);
        if (w->ethernet)
            b[n - 1] = 0;
        memcpy(b + n, inner->bytes.data + f->at, f->captured);
        n += f->captured;
        for (size_t k = 0; k < 2 && w->length[k].at; k++) {
            b[w->length[k].at] = (unsigned char)((n - w->length[k].from) >> 8);
            b[w->length[k].at + 1] = (unsigned char)(n - w->length[k].from);
        }
        packets_frame(p, b, n);
    }
}

static void through_layers(struct packets *p, size_t first, size_t last)
{
    struct packets inner;

    packets_init(&inner, LINK_RAW);
    converse(&inner, 1000, 1, 3);
    for (size_t i = first; i <= last; i++) {
        struct stage s;
        packets_clear(p);
        wrap(p, &inner, &wrappers[i]);
        stage_run(&s, p, NULL);
        if (strcmp(stage_text(&s), exchanges(1, 3)) != 0)
            fail_msg("%s: %s", wrappers[i].name, stage_text(&s));
        stage_release(&s);
    }
    packets_release(&inner);
}

static void acceptance_12_vlan_tags_are_looked_through(void **state)
{
    through_layers(*state, 0, 1);
}

static void acceptance_12_equal_addresses_in_other_networks_are_other_connections(void **state)
{
    static const uint16_t tags[][3] = {{0}, {42}, {10, 20}};
    struct packets *p = *state, inner;
    struct wrapper vxlan = wrappers[9];
    char bytes[51];

    for (size_t i = 0; i < 3; i++) {
        memcpy(p->vlan, tags[i], sizeof p->vlan);
        converse(p, 1000, 1, 1);
    }
    packets_shuffle(p, p->n, 5);
    assert_int_equal(expect_counted(p, "GET /1 200 response=1\nGET /1 200 response=1\n"
                                       "GET /1 200 response=1\n")
                         .connections,
                     3);
    memset(p->vlan, 0, sizeof p->vlan);
    packets_clear(p);
    packets_init(&inner, LINK_RAW);
    converse(&inner, 1000, 1, 1);
    vxlan.bytes = memcpy(bytes, vxlan.bytes, vxlan.n);
    for (char vni = 1; vni <= 3; vni++) {
        bytes[48] = vni;
        wrap(p, &inner, &vxlan);
    }
    packets_shuffle(p, p->n, 5);
    assert_int_equal(expect_counted(p, "GET /1 200 response=1\nGET /1 200 response=1\n"
                                       "GET /1 200 response=1\n")
                         .connections,
                     3);
    packets_release(&inner);
}

static void acceptance_13_tunnels_and_serial_lines_are_looked_through(void **state)
{
    through_layers(*state, 2, sizeof wrappers / sizeof *wrappers - 1);
}

/* Every IP packet in fragments of 16 bytes, the last one first. */
static void acceptance_14_fragments_are_put_together_in_any_order(void **state)
{
    struct packets *p = *state, whole;

    packets_init(&whole, LINK_RAW);
    converse(&whole, 1000, 1, 2);
    p->link = LINK_RAW;
    for (size_t i = 0; i < whole.n; i++) {
        const char *ip = whole.bytes.data + whole.frame[i].at;
        size_t n = whole.frame[i].length - 20, pieces = (n + 15) / 16;
        for (size_t k = pieces; k-- > 0;) {
            size_t at = k * 16, len = n - at < 16 ? n - at : 16;
            char b[36];
            memcpy(b, ip, 20);
            memcpy(b + 20, ip + 20 + at, len);
            b[2] = 0, b[3] = (char)(20 + len);
            b[4] = (char)(i >> 8), b[5] = (char)i;
            b[6] = (char)(k + 1 < pieces ? 0x20 : 0), b[7] = (char)(at / 8);
            packets_frame(p, b, 20 + len);
        }
    }
    packets_shuffle(p, 8, 3); /* those of several packets at a time */
    expect(p, exchanges(1, 2));
    packets_release(&whole);
}

static void acceptance_23_a_short_snapshot_finds_requests_and_completes_nothing(void **state)
{
    struct packets *p = *state;
    struct stage s;
    struct talk t;

    begin(&t, p, 1000);
    for (int id = 1; id <= 3; id++) {
        char body[200];
        ask(&t, id);
        memset(body, 'b', sizeof body);
        talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n");
        talk_send(&t, 1, body, sizeof body);
    }
    talk_close(&t);
    for (size_t i = 0; i < p->n; i++)
        p->frame[i].captured = p->frame[i].captured < 96 ? p->frame[i].captured : 96;
    stage_run(&s, p, NULL);
    assert_int_equal(s.stats.requests, 3);
    assert_int_equal(s.stats.responses, 3);
    assert_int_equal(s.stats.complete, 0);
    assert_int_equal(s.stats.gap_bytes, 3 * (200 - (96 - 54)));
    stage_release(&s);
}

static void acceptance_24_a_file_cut_at_any_byte_keeps_all_before_the_cut(void **state)
{
    struct packets *p = *state;
    char path[PACKETS_PATH];
    size_t size = 24, whole = 0;
    int fd;

    converse(p, 1000, 1, 3);
    fd = packets_file(p, 0, path);
    for (size_t end = 24 + 1; end <= 24 + p->n * 16 + p->bytes.len; end++) {
        char cut[PACKETS_PATH], bytes[4096], says[32];
        int other, n = (int)pread(fd, bytes, end, 0);
        struct stage s;
        assert_int_equal(n, end);
        if (end == size + 16 + p->frame[whole].captured)
            size = end, whole++;
        other = bytes_file(bytes, end, cut);
        stage_run_path(&s, cut, NULL);
        close(other);
        assert_int_equal(s.rc, size == end ? 0 : -1);
        assert_int_equal(s.stats.packets, whole);
        snprintf(says, sizeof says, "packet %zu", whole + 1);
        assert_true(size == end || strstr(s.err.text, says));
        /* Behind the handshake come a request and its answer, in turns. */
        assert_int_equal(s.stats.complete, whole < 5 ? 0 : whole < 9 ? (whole - 3) / 2 : 3);
        stage_release(&s);
    }
    close(fd);
    assert_int_equal(whole, p->n);
}

/* The Internet checksum (RFC 1071) of what stands there, pseudo-header first. */
static unsigned checksum(const unsigned char *ip, size_t n)
{
    uint32_t sum = 6 + (uint32_t)n;

    for (size_t i = 0; i < 8; i++)
        sum += i % 2 ? ip[12 + i] : (uint32_t)ip[12 + i] << 8;
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? ip[20 + i] : (uint32_t)ip[20 + i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static void acceptance_27_checksums_do_not_matter(void **state)
{
    struct packets *p = *state;

    chat(p); /* all checksums are zero, which is wrong */
    expect(p, chatted);
    for (size_t i = 0; i < p->n; i++) {
        unsigned char *ip = (unsigned char *)p->bytes.data + p->frame[i].at + 14;
        unsigned sum = checksum(ip, p->frame[i].length - 34);
        ip[36] = (unsigned char)(sum >> 8);
        ip[37] = (unsigned char)sum;
    }
    expect(p, chatted);
}

static void acceptance_28_padding_is_left_out_and_zeros_are_kept(void **state)
{
    struct packets *p = *state, padded;
    static char zeros[10240];
    struct stage s;
    struct talk t;

    begin(&t, p, 1000);
    ask(&t, 1);
    talk_flags(&t, 1, 0); /* 54 bytes, padded to 60 */
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n");
    talk_flags(&t, 0, 0);
    talk_send(&t, 1, zeros, sizeof zeros);
    packets_init(&padded, LINK_ETHERNET);
    for (size_t i = 0; i < p->n; i++) {
        char b[2048] = {0};
        size_t n = p->frame[i].captured;
        memcpy(b, p->bytes.data + p->frame[i].at, n);
        packets_frame(&padded, b, n < 60 ? 60 : n + 4);
    }
    stage_run(&s, &padded, NULL);
    assert_int_equal(s.stats.complete, 1);
    assert_int_equal(s.stats.conflicts, 0);
    assert_int_equal(strlen(stage_text(&s)), strlen("GET /1 200 response=\n") + 4 * sizeof zeros);
    stage_release(&s);
    packets_release(&padded);
}

static void acceptance_29_numbers_wrap_at_any_byte_of_a_body(void **state)
{
    struct packets *p = *state;

    for (uint32_t before = 1; before < 80; before++) {
        struct talk t;
        packets_clear(p);
        talk_init(&t, p, 1000);
        t.seq[0] = t.seq[1] = UINT32_MAX - before;
        t.mss = 7;
        talk_open(&t);
        talk_say(&t, 0, "PUT /1 HTTP/1.1\r\nContent-Length: 20\r\n\r\n01234567890123456789");
        talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabcdefghijabcdefghij");
        talk_close(&t);
        packets_shuffle_flows(p, 8, before);
        expect(p, "PUT /1 200 request=01234567890123456789 response=abcdefghijabcdefghij\n");
    }
}

static void acceptance_30_an_overlap_that_differs_is_noted(void **state)
{
    struct packets *p = *state;
    struct capture_stats stats;
    uint32_t seq;
    struct talk t;

    begin(&t, p, 1000);
    ask(&t, 1);
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab");
    seq = t.seq[1];
    talk_lose(&t, 1, 2);
    talk_say(&t, 1, "ef"); /* waits for the two before */
    t.seq[1] = seq;
    talk_say(&t, 1, "cdEF");
    talk_close(&t);
    stats = expect_counted(p, "GET /1 200 response=abcdef response:overlap_conflict\n");
    assert_int_equal(stats.conflicts, 1);
    packets_clear(p);
    begin(&t, p, 1001);
    seq = t.seq[0];
    ask(&t, 1);
    t.seq[0] = seq;
    ask(&t, 2); /* the same bytes of the stream */
    answer(&t, 1);
    talk_close(&t);
    stats = expect_counted(p, "GET /1 200 request:overlap_conflict response=1\n");
    assert_int_equal(stats.conflicts, 1);
}

/* ---- messages ------------------------------------------------------------------ */

static void until_close(struct packets *p, uint8_t flags)
{
    struct talk t;

    packets_clear(p);
    begin(&t, p, 1000);
    talk_say(&t, 0, "GET /a HTTP/1.0\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.0 200 OK\r\n\r\nto the");
    talk_say(&t, 1, " end");
    if (flags)
        talk_flags(&t, 1, flags);
}

static void acceptance_31_content_until_close_is_complete_with_fin_only(void **state)
{
    until_close(*state, FIN);
    expect(*state, "GET /a 200 response=to\\x20the\\x20end\n");
    until_close(*state, RST);
    expect(*state, "GET /a 200 response=to\\x20the\\x20end response-incomplete response:rst\n");
    until_close(*state, 0);
    expect(*state, "GET /a 200 response=to\\x20the\\x20end response-incomplete response:cut\n");
}

static void acceptance_32_204_has_no_content_and_1xx_no_end(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    ask(&t, 1);
    ask(&t, 2);
    ask(&t, 3);
    talk_say(&t, 1, "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n");
    talk_say(&t, 1,
             "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
             "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n");
    answer(&t, 3);
    talk_close(&t);
    expect(p, "GET /1 204\nGET /2 304\nGET /3 103 103 200 response=3\n");
}

static void chunked(struct packets *p, const char *chunks, const char *want)
{
    struct talk t;

    packets_clear(p);
    begin(&t, p, 1000);
    ask(&t, 1);
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk_say(&t, 1, chunks);
    talk_close(&t);
    expect(p, want);
}

static void acceptance_33_chunks_are_decoded_or_marked(void **state)
{
    struct packets *p = *state;

    chunked(p, "3;a=\"b;c\"\r\nabc\r\n0000a ; x\r\n0123456789\r\n000\r\nOne: 1\r\nTwo: 2\r\n\r\n",
            "GET /1 200 response=abc0123456789 "
            "response-trailers=One:\\x201\\r\\nTwo:\\x202\\r\\n response:chunk_ext\n");
    chunked(p, "0x3\r\nabc\r\n0\r\n\r\n", "GET /1 200 response-incomplete response:bad_chunk\n");
    chunked(p, "10000000000000003\r\nabc\r\n0\r\n\r\n",
            "GET /1 200 response-incomplete response:bad_chunk\n");
    chunked(p, "-3\r\nabc\r\n0\r\n\r\n", "GET /1 200 response-incomplete response:bad_chunk\n");
}

/* ---- time and memory ------------------------------------------------------------ */

/* A second is what it may take; sanitizers and a busy machine take more, and
 * looking at all again with every byte takes minutes. */
static struct stage run_in_linear_time(struct packets *p)
{
    struct capture_config config = {.max_body = 1};
    int64_t begun = clock_mono_ns();
    struct stage s;

    stage_run(&s, p, &config);
    print_message("%.2f s\n", (double)(clock_mono_ns() - begun) / NS_PER_SEC);
    assert_true(clock_mono_ns() - begun < 10 * NS_PER_SEC);
    return s;
}

static void acceptance_35_a_head_that_comes_byte_by_byte_takes_linear_time(void **state)
{
    enum { LENGTH = 256 * 1024 - 100 };
    struct packets *p = *state;
    static char name[LENGTH];
    struct stage s;
    struct talk t;

    memset(name, 'y', sizeof name);
    for (int answered = 0; answered < 2; answered++) {
        packets_clear(p);
        p->step_ns = 1000;
        begin(&t, p, 1000);
        if (answered) { /* so it is a request's first line, whatever it looks like */
            talk_say(&t, 0, "GET=");
            talk_say(&t, 1, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
        t.mss = 1;
        talk_say(&t, 0, answered ? "/a " : "GET /a HTTP/1.1\r\nX: ");
        talk_send(&t, 0, name, sizeof name);
        talk_say(&t, 0, "\r\n\r\n");
        if (!answered)
            answer(&t, 1);
        s = run_in_linear_time(p);
        assert_int_equal(s.stats.exchanges, 1);
        assert_int_equal(s.stats.complete, !answered);
        stage_release(&s);
    }
}

static void acceptance_36_ten_quiet_minutes_do_not_lose_the_next_exchange(void **state)
{
    struct packets *p = *state;
    struct talk t;

    begin(&t, p, 1000);
    ask(&t, 1);
    answer(&t, 1);
    p->ns += 600 * NS_PER_SEC;
    converse(p, 2000, 2, 1); /* other traffic, which makes time pass */
    ask(&t, 3);
    answer(&t, 3);
    talk_close(&t);
    expect(p, "GET /1 200 response=1\nGET /2 200 response=2\n"
              "GET /3 200 request:midstream response=3 response:midstream\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(acceptance_3_cutting_a_packet_at_every_byte_changes_nothing),
        TEST(acceptance_3_one_byte_and_then_a_large_segment_are_recognised),
        TEST(acceptance_4_order_and_repetition_change_nothing),
        TEST(acceptance_5_losing_one_packet_in_a_hundred_makes_nothing_up),
        TEST(acceptance_6_pipelined_requests_get_their_answers_in_order),
        TEST(acceptance_7_100_continue_belongs_to_its_request),
        TEST(acceptance_8_a_lost_answer_shifts_no_other),
        TEST(acceptance_9_without_a_handshake_or_answers_requests_are_found),
        TEST(acceptance_10_an_answer_before_the_first_request_is_not_its_own),
        TEST(acceptance_11_the_handshake_may_be_out_of_order),
        TEST(acceptance_15_retransmissions_do_not_double),
        TEST(acceptance_16_an_answer_to_head_has_no_content),
        TEST(acceptance_18_methods_are_kept_as_they_are),
        TEST(acceptance_18_lines_that_are_none_are_requests_if_http_answers),
        TEST(acceptance_20_surplus_answers_shift_nothing),
        TEST(acceptance_12_vlan_tags_are_looked_through),
        TEST(acceptance_12_equal_addresses_in_other_networks_are_other_connections),
        TEST(acceptance_13_tunnels_and_serial_lines_are_looked_through),
        TEST(acceptance_14_fragments_are_put_together_in_any_order),
        TEST(acceptance_23_a_short_snapshot_finds_requests_and_completes_nothing),
        TEST(acceptance_24_a_file_cut_at_any_byte_keeps_all_before_the_cut),
        TEST(acceptance_27_checksums_do_not_matter),
        TEST(acceptance_28_padding_is_left_out_and_zeros_are_kept),
        TEST(acceptance_29_numbers_wrap_at_any_byte_of_a_body),
        TEST(acceptance_30_an_overlap_that_differs_is_noted),
        TEST(acceptance_31_content_until_close_is_complete_with_fin_only),
        TEST(acceptance_32_204_has_no_content_and_1xx_no_end),
        TEST(acceptance_33_chunks_are_decoded_or_marked),
        TEST(acceptance_35_a_head_that_comes_byte_by_byte_takes_linear_time),
        TEST(acceptance_36_ten_quiet_minutes_do_not_lose_the_next_exchange),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

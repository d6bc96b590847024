/* The stage as a whole: files of all flavours, what is counted, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/pair.h"
#include "core/clock.h"
#include "tests/support/stage.h"

#define EXCHANGE "GET /a 200 response=hello\n"

static const char request[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

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

/* A whole connection with one exchange. */
static void converse(struct packets *p, uint16_t port)
{
    struct talk t;

    talk_init(&t, p, port);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
}

static struct stage run(const struct packets *p, const struct capture_config *config)
{
    struct stage s;

    stage_run(&s, p, config);
    return s;
}

static void expect(struct stage s, const char *want)
{
    assert_string_equal(stage_text(&s), want);
    assert_int_equal(s.rc, 0);
    stage_release(&s);
}

/* ---- files ------------------------------------------------------------------ */

static void every_flavour_of_file_reads_the_same(void **state)
{
    struct packets *p = *state;

    converse(p, 1000);
    for (unsigned flavour = 0; flavour < 4; flavour++) {
        char path[PACKETS_PATH];
        int fd = packets_file(p, flavour, path);
        struct stage s;
        stage_run_path(&s, path, NULL);
        close(fd);
        assert_true(s.stats.first_ns == p->frame[0].ns);
        expect(s, EXCHANGE);
    }
}

static void a_file_cut_inside_a_packet_is_used_up_to_there(void **state)
{
    struct packets *p = *state;
    char path[PACKETS_PATH];
    struct stage s;
    int fd;

    converse(p, 1000);
    converse(p, 1001);
    fd = packets_file(p, 0, path);
    assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 5), 0);
    stage_run_path(&s, path, NULL);
    close(fd);
    assert_int_equal(s.rc, -1);
    assert_int_equal(s.err.kind, ERR_DAMAGED);
    assert_non_null(strstr(s.err.text, "packet 16"));
    assert_string_equal(stage_text(&s), EXCHANGE EXCHANGE);
    stage_release(&s);
}

static void what_is_no_capture_is_refused_with_advice(void **state)
{
    static const struct {
        const char *bytes, *says;
        size_t n;
    } rows[] = {
        {"\x1f\x8b\x08\0", "zcat FILE | mirrorctl capture -r -", 4},
        {"\x28\xb5\x2f\xfd", "zstdcat FILE | mirrorctl capture -r -", 4},
        {"GET / HTTP/1.1\r\n", "not a pcap or pcapng file", 16},
        {"", "empty", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[PACKETS_PATH];
        int fd = bytes_file(rows[i].bytes, rows[i].n, path);
        struct stage s;
        stage_run_path(&s, path, NULL);
        close(fd);
        assert_int_equal(s.rc, -2);
        assert_int_equal(s.err.kind, ERR_INPUT);
        assert_non_null(strstr(s.err.text, rows[i].says));
        assert_null(strchr(s.err.text, '\n'));
        stage_release(&s);
    }
}

static void a_missing_file_is_named(void **state)
{
    struct stage s;

    (void)state;
    stage_run_path(&s, "/nonexistent/x.pcap", NULL);
    assert_int_equal(s.rc, -2);
    assert_int_equal(s.err.kind, ERR_INPUT);
    assert_non_null(strstr(s.err.text, "/nonexistent/x.pcap: No such file"));
    stage_release(&s);
}

static void an_unknown_link_type_is_named(void **state)
{
    struct packets *p = *state;
    struct stage s;

    p->link = 129;
    converse(p, 1000);
    s = run(p, NULL);
    assert_int_equal(s.err.kind, ERR_INPUT);
    assert_non_null(strstr(s.err.text, "link type ARCNET_LINUX (129) is not supported"));
    stage_release(&s);
}

/* Files one after the other, as tcpdump -C writes them. */
static void connections_go_on_in_the_next_file(void **state)
{
    struct packets *p = *state;
    char path[2][PACKETS_PATH];
    const char *files[2] = {path[0], path[1]};
    struct capture_config config = {.files = files, .n_files = 2, .max_body = 100};
    struct stage s = {0};
    struct exchange_sink sink = {stage_put, &s};
    struct capture *c;
    struct talk t;
    int fd[2];

    buf_init(&s.text, 1000);
    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    fd[0] = packets_file(p, 0, path[0]);
    packets_clear(p);
    talk_say(&t, 1, response);
    talk_close(&t);
    fd[1] = packets_file(p, PCAP_MICRO, path[1]);
    c = capture_open(&config, &s.err);
    assert_non_null(c);
    assert_int_equal(capture_run(c, &sink, &s.err), 0);
    capture_close(c);
    close(fd[0]);
    close(fd[1]);
    expect(s, EXCHANGE);
}

static void identity_follows_packets_and_options(void **state)
{
    struct packets *p = *state;
    struct capture_config config[3] = {{.max_body = 10}, {.max_body = 10}, {.max_body = 11}};
    uint8_t id[4][16];
    int64_t created;

    converse(p, 1000);
    for (int i = 0; i < 4; i++) {
        char path[PACKETS_PATH];
        const char *files[] = {path};
        struct capture *c;
        int fd;
        if (i == 3)
            p->bytes.data[20]++;
        fd = packets_file(p, 0, path);
        config[i % 3].files = files;
        config[i % 3].n_files = 1;
        c = capture_open(&config[i % 3], NULL);
        assert_non_null(c);
        capture_identity(c, id[i], &created);
        assert_true(created == p->frame[0].ns);
        capture_close(c);
        close(fd);
    }
    assert_memory_equal(id[0], id[1], 16);
    assert_memory_not_equal(id[0], id[2], 16);
    assert_memory_not_equal(id[0], id[3], 16);
    assert_memory_not_equal(id[0], id[0] + 8, 8);
}

/* ---- what is spoken --------------------------------------------------------- */

static void say_first(struct packets *p, uint16_t port, int dir, const char *text, size_t n)
{
    struct talk t;

    talk_init(&t, p, port);
    talk_open(&t);
    talk_send(&t, dir, text, n);
    talk_close(&t);
}

static void connections_are_counted_by_what_they_speak(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    converse(p, 1000);
    say_first(p, 1001, 0, "\x16\x03\x01\x02\x00\x01\x00", 7);
    say_first(p, 1002, 0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", 27);
    say_first(p, 1003, 1, "SSH-2.0-OpenSSH_9.2\r\n", 21);
    say_first(p, 1004, 0,
              "\0\0\0\x2a"
              "binary",
              10);
    talk_init(&t, p, 1005); /* nothing at all */
    talk_open(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 6);
    assert_int_equal(s.stats.http, 1);
    assert_int_equal(s.stats.tls, 1);
    assert_int_equal(s.stats.http2, 1);
    assert_int_equal(s.stats.other, 3);
    expect(s, EXCHANGE);
}

/* An acknowledgement of FIN is one more than the bytes before it. */
static void a_gap_before_fin_ends_there(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    for (size_t lost = 1; lost <= 3; lost++) {
        packets_clear(p);
        talk_init(&t, p, 1000);
        talk_open(&t);
        talk_say(&t, 0, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        p->frame[p->n - 1].captured = p->frame[p->n - 1].length -= (uint32_t)lost;
        p->bytes.data[p->frame[p->n - 1].at + 17] -= (char)lost; /* total length */
        talk_close(&t);
        s = run(p, NULL);
        assert_int_equal(s.stats.gaps, 1);
        assert_int_equal(s.stats.gap_bytes, lost);
        assert_int_equal(s.stats.complete, 0);
        stage_release(&s);
    }
}

static void what_is_not_read_leaves_no_gaps(void **state)
{
    static const char record[] = "\x17\3\3\0\5abcde";
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    for (int i = 0; i < 4; i++)
        talk_send(&t, i % 2, record, 10);
    s = run(p, NULL);
    assert_int_equal(s.stats.tls, 1);
    assert_int_equal(s.stats.gap_bytes, 0);
    expect(s, "");
}

static void packets_add_up(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.ports = {80}, .n_ports = 1, .max_body = 100};
    char arp[42] = {[12] = 0x08, [13] = 0x06};
    char icmp[34] = {[12] = 0x08, [14] = 0x45, [17] = 20, [23] = 1};
    struct talk t;
    struct stage s;

    converse(p, 1000);
    talk_init(&t, p, 1001);
    t.port[1] = 8080;
    talk_open(&t);
    packets_frame(p, arp, sizeof arp);
    packets_frame(p, icmp, sizeof icmp);
    packets_frame(p, icmp, 20);
    packets_frame(p, icmp, 30);
    p->frame[p->n - 1].length = 34;
    s = run(p, &config);
    assert_int_equal(s.stats.decoded, 8);
    assert_int_equal(s.stats.other_port, 3);
    assert_int_equal(s.stats.not_ip, 1);
    assert_int_equal(s.stats.not_tcp, 1);
    assert_int_equal(s.stats.malformed, 1);
    assert_int_equal(s.stats.truncated, 1);
    assert_int_equal(s.stats.packets, p->n);
    expect(s, EXCHANGE);
}

/* ---- connections ------------------------------------------------------------ */

static void without_a_handshake_the_next_message_is_found(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_say(&t, 1, "the end of some response\r\n");
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.midstream, 1);
    assert_true(s.stats.skipped_bytes > 0);
    expect(s, "GET /a 200 request:midstream response=hello response:midstream\n");
}

/* Whether a line break ends them or a segment, the connection, or a hole. */
static void bytes_of_no_message_are_counted(void **state)
{
    static const char bad[] = "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n";
    struct packets *p = *state;

    for (int where = 0; where < 4; where++) {
        struct talk t;
        struct stage s;

        packets_clear(p);
        talk_init(&t, p, 1000);
        talk_open(&t);
        talk_say(&t, 0, where ? request : bad);
        talk_say(&t, 0, where ? "" : "hello"); /* up to the next segment */
        talk_say(&t, 1, response);
        talk_say(&t, 0, where == 1 ? "12345" : request); /* up to the end, no request line */
        if (where == 2)
            talk_say(&t, 1, "12345"); /* up to the end, no status line */
        if (where == 3) {
            talk_say(&t, 0, "FROB "); /* up to a hole */
            talk_lose(&t, 0, 10);
            talk_say(&t, 0, request);
        }
        talk_close(&t);
        s = run(p, NULL);
        assert_int_equal(s.stats.skipped_bytes, 5);
        stage_release(&s);
    }
}

/* Acknowledgements come a way later than what they are for. */
static void what_was_sent_before_the_capture_is_not_lost(void **state)
{
    for (int lost = 0; lost < 2; lost++) {
        struct packets *p = *state;
        struct talk t;
        struct stage s;

        packets_clear(p);
        talk_init(&t, p, 1000);
        t.seq[1] += 20000;
        if (!lost)
            talk_say(&t, 1, "the middle of a response");
        t.seq[1] -= 20000;
        talk_say(&t, 0, request);
        t.seq[1] += 20000;
        talk_say(&t, 1, response);
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
        talk_close(&t);
        s = run(p, NULL);
        assert_int_equal(s.stats.gap_bytes, lost ? 20000 : 0);
        assert_int_equal(s.stats.exchanges, 2);
        stage_release(&s);
    }
}

static void a_request_may_follow_content_without_a_line(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_lose(&t, 0, 90); /* a head, and some of what it announces */
    talk_say(&t, 0, "1|2|3|4");
    talk_say(&t, 1, "HTTP/1.1 204 No Content\r\n\r\n");
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.orphan_responses, 1);
    expect(s, "GET /a 200 request:midstream response=hello response:midstream\n");
}

#define MARKED_EXCHANGE "GET /a 200 response=hello response:midstream\n"

static void an_answer_too_many_shows_requests_before_the_capture(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, "GET /0 HTTP/1.1\r\n\r\n");
    packets_clear(p);
    talk_say(&t, 0, "GET /1 HTTP/1.1\r\n\r\n");
    talk_say(&t, 0, "GET /2 HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 3; i++)
        talk_say(&t, 1, response);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.orphan_responses, 3);
    expect(s, "GET /1 - request:midstream response:midstream\n"
              "GET /2 - response:midstream\n" MARKED_EXCHANGE);
}

static void no_answer_too_many_proves_those_of_a_pipeline(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    packets_clear(p);
    talk_say(&t, 0, request);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_say(&t, 1, response);
    p->ns += NS_PER_SEC;
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    expect(run(p, NULL), "GET /a 200 request:midstream response=hello response:midstream\n" //
           MARKED_EXCHANGE EXCHANGE);
}

static void a_response_that_comes_first_answers_nothing(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_say(&t, 1, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.responses, 2);
    assert_int_equal(s.stats.orphan_responses, 1);
    expect(s, "GET /a 200 request:midstream response=hello response:midstream\n");
}

static void with_one_direction_only_requests_are_unanswered(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;
    size_t kept = 0;

    talk_init(&t, p, 1000);
    for (int i = 0; i < 40; i++) {
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
    }
    for (size_t i = 0; i < p->n; i++) {
        if (i % 2 == 0)
            p->frame[kept++] = p->frame[i];
    }
    p->n = kept;
    s = run(p, NULL);
    assert_int_equal(s.stats.exchanges, 40);
    assert_int_equal(s.stats.unanswered, 40);
    stage_release(&s);
}

static void times_may_all_be_zero(void **state)
{
    struct packets *p = *state;
    struct talk t;

    p->ns = p->step_ns = 0;
    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nh");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\n"); /* begins before the content has come */
    talk_say(&t, 0, "i");
    talk_say(&t, 1, "Content-Length: 0\r\n\r\n");
    expect(run(p, NULL), "POST /a 200 request=hi response:early_response\n");
}

/* What is answered has the answer with its number. Returns how many are. */
static unsigned count_right_answers(const struct stage *s)
{
    struct str text = buf_str(&s->text);
    unsigned n = 0;

    while (text.len) {
        struct str line = str_cut(&text, '\n');
        int id = 0, answered = -1;
        if (sscanf(line.data, "GET /%d 200 response=%d\n", &id, &answered) == 2 && ++n)
            assert_int_equal(answered, id);
    }
    return n;
}

static void ask_number(struct talk *t, int id)
{
    char text[64];

    snprintf(text, sizeof text, "GET /%d HTTP/1.1\r\n\r\n", id);
    talk_say(t, 0, text);
}

static void answer_number(struct talk *t, int id)
{
    char text[64];

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%d", id);
    talk_say(t, 1, text);
}

static void of_too_many_requests_the_oldest_are_given_up(void **state)
{
    enum { FIRST = 1000, MANY = 3000, LAST = FIRST + MANY };
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    for (int id = FIRST; id < LAST; id++)
        ask_number(&t, id);
    for (int id = FIRST; id < LAST; id++)
        answer_number(&t, id);
    p->ns += NS_PER_SEC;
    for (int id = LAST; id < LAST + 3; id++) {
        ask_number(&t, id);
        answer_number(&t, id);
    }
    s = run(p, NULL);
    assert_int_equal(s.stats.exchanges, MANY + 3);
    assert_int_equal(s.stats.given_up, MANY + 1 - PAIR_MAX_OPEN);
    assert_int_equal(s.stats.orphan_responses + s.stats.complete, MANY + 3);
    assert_int_equal(count_right_answers(&s), 3); /* after a pause */
    stage_release(&s);
}

/* With one direction only none is ever answered. */
static void requests_without_answers_take_linear_time(void **state)
{
    enum { MANY = 50000 };

    for (int lost = 0; lost < 2; lost++) {
        struct packets *p = *state;
        struct talk t;
        struct stage s;
        int64_t begun;

        packets_clear(p);
        talk_init(&t, p, 1000);
        talk_open(&t);
        for (int id = 0; id < MANY; id++) {
            ask_number(&t, id);
            t.seq[1] += lost ? 100 : 0;
        }
        begun = clock_mono_ns();
        s = run(p, NULL);
        print_message("%.2f s for %d requests\n", (double)(clock_mono_ns() - begun) / NS_PER_SEC,
                      MANY);
        /* Half a second, where looking at all others for each takes half a minute. */
        assert_true(clock_mono_ns() - begun < 10 * NS_PER_SEC);
        assert_int_equal(s.stats.unanswered, MANY);
        assert_int_equal(s.stats.given_up, MANY - PAIR_MAX_OPEN);
        stage_release(&s);
    }
}

static void a_port_used_again_is_another_connection(void **state)
{
    struct packets *p = *state;
    struct stage s;

    converse(p, 1000);
    converse(p, 1000); /* the same numbers even, but after its end */
    p->frame[7].ns += 10 * NS_PER_SEC;
    for (size_t i = 8; i < p->n; i++)
        p->frame[i].ns += 20 * NS_PER_SEC;
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 2);
    expect(s, EXCHANGE EXCHANGE);
}

/* RFC 9293, 3.10.7.4: the other end answers with where it stands, and no more. */
static void a_stray_syn_ends_no_connection(void **state)
{
    for (int midstream = 0; midstream < 2; midstream++) {
        struct packets *p = *state;
        struct talk t;
        struct stage s;

        packets_clear(p);
        talk_init(&t, p, 1000);
        talk_open(&t);
        if (midstream)
            packets_clear(p);
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
        for (int i = 0; i < 2; i++) {
            t.seq[0] += 123456789;
            talk_flags(&t, 0, SYN);
            p->bytes.data[p->frame[p->n - 1].at + 14 + 20 + 13] = SYN; /* without ACK */
            t.seq[0] -= 123456789 + 1;
            talk_flags(&t, 1, 0);
        }
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
        talk_close(&t);
        s = run(p, NULL);
        assert_int_equal(s.stats.connections, 1);
        assert_int_equal(s.stats.out_of_window, 2);
        assert_int_equal(s.stats.complete, 2);
        stage_release(&s);
    }
}

static void a_port_may_be_used_again_without_an_end(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    converse(p, 1000);
    p->n -= 3; /* which was not captured */
    talk_init(&t, p, 1000);
    t.seq[0] -= 100000000;
    t.seq[1] += 200000000;
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 2);
    expect(s, EXCHANGE EXCHANGE);
}

static void numbers_far_behind_are_of_another_connection_at_last(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    converse(p, 1000);
    p->n -= 3;
    talk_init(&t, p, 1000);
    t.seq[0] -= 100000000;
    t.seq[1] -= 100000000;
    for (int i = 0; i < 10; i++) {
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
    }
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 2);
    assert_int_equal(s.stats.out_of_window, 15);
    assert_int_equal(s.stats.complete, 3);
    stage_release(&s);
}

/* SYN with data (RFC 7413) is passed over until its answer shows that the other end
 * agrees: the data have come by then, and do not come again. */
static void data_in_a_syn_that_was_passed_over_are_used(void **state)
{
    struct packets *p = *state;
    struct talk t;

    for (int i = 0; i < 2; i++) {
        talk_init(&t, p, 1000);
        t.seq[0] += (uint32_t)i << 28;
        t.seq[1] += (uint32_t)i << 28;
        if (i == 0) {
            talk_open(&t);
        } else {
            struct tcp syn = {.from = t.address[0],
                              .to = t.address[1],
                              .from_port = t.port[0],
                              .to_port = t.port[1],
                              .seq = t.seq[0],
                              .flags = SYN,
                              .bytes = request,
                              .len = 1};
            packets_tcp(p, &syn);
            t.seq[0] += 2;
            talk_flags(&t, 1, SYN);
        }
        talk_say(&t, 0, request + i);
        talk_say(&t, 1, response);
    }
    expect(run(p, NULL), EXCHANGE EXCHANGE);
}

static void a_port_used_again_is_known_without_its_handshake(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    converse(p, 1000);
    talk_init(&t, p, 1000);
    t.seq[0] += 1000000;
    t.seq[1] += 5000000;
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 2);
    expect(s, EXCHANGE "GET /a 200 request:midstream response=hello response:midstream\n");
}

static void who_opens_at_the_same_time_is_told_by_what_is_said(void **state)
{
    for (int first = 0; first < 2; first++) {
        struct packets *p = *state;
        struct talk t;

        packets_clear(p);
        talk_init(&t, p, 1000);
        for (int i = 0; i < 4; i++) {
            int dir = i % 2 ? !first : first;
            struct tcp syn = {
                .from = t.address[dir],
                .to = t.address[!dir],
                .from_port = t.port[dir],
                .to_port = t.port[!dir],
                .seq = t.seq[dir] - 1,
                .ack = t.seq[!dir],
                .flags = i < 2 ? SYN : SYN | ACK,
            };
            packets_tcp(p, &syn);
        }
        talk_say(&t, 0, request);
        talk_say(&t, 1, response);
        expect(run(p, NULL), EXCHANGE);
    }
}

static void a_new_handshake_ends_an_open_connection(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    t.seq[0] += 100000;
    t.seq[1] += 100000;
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 2);
    expect(s, "GET /a -\n" EXCHANGE);
}

static void tags_keep_equal_addresses_apart(void **state)
{
    struct packets *p = *state;

    for (uint16_t vlan = 0; vlan < 3; vlan++) {
        p->vlan[0] = vlan;
        converse(p, 1000);
    }
    expect(run(p, NULL), EXCHANGE EXCHANGE EXCHANGE);
}

static void ten_quiet_minutes_do_not_lose_the_next_exchange(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    p->ns += 600 * NS_PER_SEC;
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), EXCHANGE EXCHANGE);
}

static void a_handshake_that_is_repeated_is_seen(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    p->n = 1; /* the answer was lost, and not captured */
    p->ns = p->frame[0].ns + 2 * NS_PER_SEC;
    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), EXCHANGE);
}

static void a_connection_may_be_opened_long_before_it_is_used(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    p->ns += 200 * NS_PER_SEC;
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), EXCHANGE);
}

static void older_packets_may_follow_newer_ones(void **state)
{
    struct packets *p = *state;

    p->ns += 3600 * NS_PER_SEC;
    converse(p, 1000);
    p->ns -= 7200 * NS_PER_SEC;
    converse(p, 1000);
    converse(p, 1001);
    expect(run(p, NULL), EXCHANGE EXCHANGE EXCHANGE);
}

/* A frame whose clock is off by `off`, alone among others. */
static void one_wrong_time(struct packets *p, int64_t off)
{
    struct talk bystander;

    talk_init(&bystander, p, 999);
    p->ns += off;
    talk_flags(&bystander, 0, SYN);
    p->ns -= off;
}

static void one_wrong_time_ends_no_connection(void **state)
{
    static const int64_t off[] = {86400 * NS_PER_SEC, -86400 * NS_PER_SEC, 3 * NS_PER_SEC};

    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct packets *p = *state;
        struct talk t;

        packets_clear(p);
        talk_init(&t, p, 1000);
        talk_open(&t);
        talk_say(&t, 0, request);
        one_wrong_time(p, off[i]);
        talk_say(&t, 1, response);
        talk_close(&t);
        expect(run(p, NULL), EXCHANGE);
    }
}

static void a_wrong_time_of_its_own_ends_no_connection(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    p->ns += 86400 * NS_PER_SEC;
    talk_say(&t, 0, request);
    p->ns -= 86400 * NS_PER_SEC;
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), EXCHANGE);
}

static void a_connection_may_begin_after_a_pause(void **state)
{
    struct packets *p = *state;

    converse(p, 1000);
    p->ns += 3600 * NS_PER_SEC;
    p->step_ns = 2 * NS_PER_SEC; /* none is within a moment of another */
    converse(p, 1001);
    expect(run(p, NULL), EXCHANGE EXCHANGE);
}

static void a_time_beyond_the_duration_must_be_confirmed(void **state)
{
    const struct capture_config config = {
        .max_body = 1 << 20, .memory = 64 << 20, .duration_ns = 60 * NS_PER_SEC};
    struct packets *p = *state;

    converse(p, 1000);
    one_wrong_time(p, 86400 * NS_PER_SEC);
    converse(p, 1001);
    p->ns += 60 * NS_PER_SEC;
    converse(p, 1002);
    expect(run(p, &config), EXCHANGE EXCHANGE);
}

static void numbers_wrap_inside_a_body(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    t.seq[0] = UINT32_MAX - 5;
    t.seq[1] = UINT32_MAX - 45;
    t.mss = 7;
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), EXCHANGE);
}

static void urgent_bytes_are_left_out_and_noted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct tcp urgent;

    talk_init(&t, p, 1000);
    talk_open(&t);
    urgent = (struct tcp){
        .from = t.address[0],
        .to = t.address[1],
        .from_port = t.port[0],
        .to_port = t.port[1],
        .seq = t.seq[0],
        .ack = t.seq[1],
        .flags = ACK | URG,
        .urgent = 5,
        .bytes = "GET !/a HTTP/1.1\r\n\r\n",
        .len = 20,
    };
    packets_tcp(p, &urgent);
    t.seq[0] += 20;
    talk_say(&t, 1, response);
    expect(run(p, NULL), "GET /a 200 request:urg response=hello\n");
}

static void a_retransmission_that_differs_is_noted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_lose(&t, 0, -(size_t)(sizeof request - 1));
    talk_say(&t, 0, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    talk_say(&t, 1, response);
    s = run(p, NULL);
    assert_int_equal(s.stats.conflicts, 1);
    expect(s, "GET /a 200 request:overlap_conflict response=hello\n");
}

/* Send bytes again, the first of them `back` bytes ago. */
static void again(struct talk *t, int dir, size_t back, const char *text)
{
    uint32_t next = t->seq[dir];

    t->seq[dir] -= (uint32_t)back;
    talk_say(t, dir, text);
    t->seq[dir] = next;
}

static void what_differs_is_noted_as_long_as_the_exchange_is_open(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    t.mss = 10;
    talk_open(&t);
    talk_say(&t, 0, "POST /a HTTP/1.1\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 10; i++)
        talk_say(&t, 0, "0123456789");
    again(&t, 0, 95, "567890123");
    again(&t, 0, 95, "56789X123");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 50\r\n\r\n");
    for (int i = 0; i < 4; i++)
        talk_say(&t, 1, "abcdefghij");
    again(&t, 1, 68, "X: z");
    talk_say(&t, 1, "abcdefghij");
    talk_close(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.conflicts, 2);
    assert_non_null(strstr(stage_text(&s), "request:overlap_conflict response="));
    assert_non_null(strstr(stage_text(&s), "response:overlap_conflict"));
    stage_release(&s);
}

static void what_differs_in_a_head_that_is_not_whole_is_noted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, "GE");
    talk_say(&t, 0, "T");
    again(&t, 0, 3, "PUT");
    talk_say(&t, 0, " /a HTTP/1.1\r\n");
    talk_say(&t, 0, "X: one\r\n");
    talk_say(&t, 0, "\r\n");
    talk_say(&t, 1, response);
    talk_say(&t, 0, "GET /b HTTP/1.1\r\n");
    for (int i = 0; i < 20; i++)
        talk_say(&t, 0, "X: one\r\n");
    again(&t, 0, 160, "X: two\r\n");
    talk_say(&t, 0, "\r\n");
    talk_say(&t, 1, response);
    talk_close(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.conflicts, 2);
    expect(s, "GET /a 200 request:overlap_conflict response=hello\n"
              "GET /b 200 request:overlap_conflict response=hello\n");
}

static void what_differs_in_chunks_is_noted(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk_say(&t, 1, "3\r\nabc\r\n");
    again(&t, 1, 8, "3\r\naXc\r\n");
    talk_say(&t, 1, "0\r\n\r\n");
    talk_close(&t);
    expect(run(p, NULL), "GET /a 200 response=abc response:overlap_conflict\n");
}

static void what_differs_too_late_is_counted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_say(&t, 0, request);
    again(&t, 1, sizeof response - 1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHELLO");
    talk_say(&t, 1, response);
    talk_close(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.conflicts, 1);
    expect(s, EXCHANGE EXCHANGE);
}

/* The first request comes in bits, and the snapshot cuts the last of them: what
 * follows must not close the hole. */
static void a_cut_in_the_first_bytes_is_a_hole(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 40000);
    talk_open(&t);
    talk_say(&t, 0, "GET");
    talk_say(&t, 0, " ");
    talk_say(&t, 0, "/1 HTTP/1.1\r\nHost: h\r\n\r\n");
    p->frame[p->n - 1].captured -= 4;
    talk_say(&t, 1, response);
    talk_say(&t, 0, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), "GET /1 200 request-incomplete request:gap response=hello\n"
                         "GET /2 200 response=hello\n");
}

/* After a hole in a head, requests that begin neither on a line nor in a segment
 * of their own are passed over. What is found behind them must not take their
 * answers. */
static void what_was_passed_over_is_answered_by_nobody_else(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 40000);
    talk_open(&t);
    talk_say(&t, 0, "PUT /0 HTTP/1.1\r\nHos");
    talk_lose(&t, 0, 5);
    talk_say(&t, 0, "Content-Length: 4\r\n\r\nbody");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0");
    talk_say(&t, 0, "P");
    talk_say(&t, 0,
             "OST /1 HTTP/1.1\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\n\r\n"
             "HEAD /3 HTTP/1.1\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.1 204 No Content\r\n\r\n");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    talk_say(&t, 1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    talk_close(&t);
    expect(run(p, NULL), "PUT /0 200 request-incomplete request:gap response=0\n"
                         "HEAD /3 - response:gap\n");
}

/* The last frame, cut by the snapshot length `n` bytes before its end. */
static void cut_last(struct packets *p, uint32_t n)
{
    p->frame[p->n - 1].captured -= n;
}

static void requests_cut_in_their_first_line_are_there(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 40000);
    talk_open(&t);
    for (int i = 0; i < 3; i++) {
        talk_say(&t, 0, "GET /images/box.gif HTTP/1.1\r\nHost: h\r\n\r\n");
        cut_last(p, 20);
        talk_say(&t, 1, response);
    }
    talk_close(&t);
    expect(run(p, NULL), "GET /images/box.gif 200 request-incomplete request:gap response=hello\n"
                         "GET /images/box.gif 200 request-incomplete request:gap response=hello\n"
                         "GET /images/box.gif 200 request-incomplete request:gap response=hello\n");
}

static void a_hole_in_the_first_line_leaves_what_is_there_of_it(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 40000);
    talk_open(&t);
    talk_say(&t, 0, "POST /a/lo");
    talk_lose(&t, 0, 500);
    talk_say(&t, 1, response);
    talk_close(&t);
    expect(run(p, NULL), "POST /a/lo 200 request-incomplete request:gap response=hello\n");
}

static void an_end_in_the_first_line_leaves_what_is_there_of_it(void **state)
{
    struct packets *p = *state;
    struct talk t;

    talk_init(&t, p, 40000);
    talk_open(&t);
    talk_say(&t, 0, "GET /a/lo");
    talk_init(&t, p, 40001);
    talk_open(&t);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_say(&t, 0, "PUT /a/lon");
    talk_flags(&t, 0, RST);
    expect(run(p, NULL), EXCHANGE "GET /a/lo - request-incomplete request:cut\n"
                                  "PUT /a/lon - request-incomplete request:rst response:rst\n");
}

static void words_like_ours_in_other_protocols_are_none(void **state)
{
    static const char *const first[] = {"GET user:1", "OPTIONS sip:a@b SIP", "DELETE key",
                                        "LIST /"};
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    for (uint16_t i = 0; i < 4; i++) {
        talk_init(&t, p, (uint16_t)(40000 + i));
        talk_open(&t);
        talk_say(&t, 0, first[i]);
        talk_lose(&t, 0, 100);
        talk_say(&t, 0, "something");
    }
    s = run(p, NULL);
    assert_int_equal(s.stats.http, 0);
    expect(s, "");
}

/* Each direction in a VLAN of its own: two connections, and that is told. */
static void directions_with_other_tags_are_counted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    converse(p, 1001);
    talk_init(&t, p, 1000);
    p->vlan[0] = 10;
    talk_say(&t, 0, request);
    p->vlan[0] = 20;
    talk_say(&t, 1, response);
    p->vlan[0] = 10;
    talk_say(&t, 0, request);
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 3);
    assert_int_equal(s.stats.split_by_tags, 1);
    assert_int_equal(s.stats.orphan_responses, 1);
    expect(s, EXCHANGE "GET /a - request:midstream\nGET /a -\n");
}

static void the_same_ends_in_two_networks_are_no_split(void **state)
{
    struct packets *p = *state;
    struct stage s;

    for (uint16_t vlan = 0; vlan < 3; vlan++) {
        p->vlan[0] = vlan;
        converse(p, 1000);
    }
    s = run(p, NULL);
    assert_int_equal(s.stats.connections, 3);
    assert_int_equal(s.stats.split_by_tags, 0);
    expect(s, EXCHANGE EXCHANGE EXCHANGE);
}

static void packets_seen_with_and_without_tags_are_told_of(void **state)
{
    struct packets *p = *state;
    struct packets both;
    struct stage s;

    converse(p, 1000);
    packets_init(&both, LINK_RAW);
    for (size_t i = 0; i < p->n; i++) {
        const char *ip = p->bytes.data + p->frame[i].at + 14;
        size_t n = p->frame[i].length - 14;
        /* IPv4, and GRE with key 7 */
        char tunnelled[1500] = {0x45, [8] = 64, [9] = 47, [20] = 0x20, [22] = 8, [27] = 7};

        assert_true(n + 28 <= sizeof tunnelled);
        tunnelled[2] = (char)((n + 28) >> 8);
        tunnelled[3] = (char)(n + 28);
        memcpy(tunnelled + 28, ip, n);
        packets_frame(&both, ip, n);
        packets_frame(&both, tunnelled, n + 28);
    }
    s = run(&both, NULL);
    packets_release(&both);
    assert_int_equal(s.stats.connections, 2);
    assert_int_equal(s.stats.seen_twice, 1);
    assert_int_equal(s.stats.split_by_tags, 0);
    expect(s, EXCHANGE EXCHANGE);
}

static void a_short_snapshot_is_never_complete(void **state)
{
    struct packets *p = *state;
    struct stage s;

    converse(p, 1000);
    converse(p, 1001);
    for (size_t i = 0; i < p->n; i++) {
        if (p->frame[i].captured > 96)
            p->frame[i].captured = 96;
    }
    s = run(p, NULL);
    assert_int_equal(s.stats.cut, 2);
    assert_int_equal(s.stats.decoded, p->n);
    assert_int_equal(s.stats.gap_bytes, 2);
    assert_int_equal(s.stats.complete, 0);
    expect(s, "GET /a 200 response=hell response-size=5 response-incomplete response:gap\n"
              "GET /a 200 response=hell response-size=5 response-incomplete response:gap\n");
}

/* A conversation in fragments of eight bytes. */
static void converse_in_fragments(struct packets *p)
{
    struct packets whole;

    packets_init(&whole, LINK_RAW);
    p->link = LINK_RAW;
    converse(&whole, 1000);
    for (size_t i = 0; i < whole.n; i++) {
        const char *f = whole.bytes.data + whole.frame[i].at;
        size_t n = whole.frame[i].length - 20, cut = 8;
        for (size_t at = 0; at < n; at += cut) {
            char piece[28];
            size_t len = n - at < cut ? n - at : cut;
            memcpy(piece, f, 20);
            memcpy(piece + 20, f + 20 + at, len);
            piece[2] = 0;
            piece[3] = (char)(20 + len);
            piece[5] = (char)i;
            piece[6] = at + len < n ? 0x20 : 0;
            piece[7] = (char)(at / 8);
            packets_frame(p, piece, 20 + len);
        }
    }
    packets_release(&whole);
}

static void fragments_are_put_together(void **state)
{
    struct packets *p = *state;
    struct stage s;

    converse_in_fragments(p);
    s = run(p, NULL);
    assert_int_equal(s.stats.fragments, p->n);
    assert_int_equal(s.stats.decoded, p->n);
    assert_int_equal(s.stats.fragments_dropped, 0);
    expect(s, EXCHANGE);
}

static void fragments_that_came_twice_are_no_loss(void **state)
{
    struct packets *p = *state;
    struct stage s;

    converse_in_fragments(p);
    packets_double(p);
    s = run(p, NULL);
    assert_int_equal(s.stats.fragments, p->n);
    assert_int_equal(s.stats.fragments_dropped, 0);
    expect(s, EXCHANGE);
}

static void a_datagram_that_is_not_whole_at_the_end_is_lost(void **state)
{
    struct packets *p = *state;
    struct stage s;

    converse_in_fragments(p);
    p->n--;
    s = run(p, NULL);
    assert_true(s.stats.fragments_dropped > 0);
    expect(s, EXCHANGE);
}

/* The clock believes a pause only with the second packet behind it. */
static void fragments_behind_a_pause_are_put_together(void **state)
{
    struct packets *p = *state;
    struct stage s;

    p->link = LINK_RAW;
    converse(p, 1001);
    p->ns += 60 * NS_PER_SEC;
    converse_in_fragments(p);
    s = run(p, NULL);
    assert_int_equal(s.stats.fragments_dropped, 0);
    assert_int_equal(s.stats.midstream, 0);
    expect(s, EXCHANGE EXCHANGE);
}

/* Time alone gives it up, so that a long capture tells of it while it lasts. */
static void a_datagram_that_is_not_whole_in_time_is_lost(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.max_body = 100, .count = 1};
    struct stage s;

    converse_in_fragments(p);
    p->n = 1;
    p->ns += 60 * NS_PER_SEC;
    converse(p, 1001);
    s = run(p, &config);
    assert_int_equal(s.stats.fragments_dropped, 1);
    expect(s, EXCHANGE);
}

/* ---- limits ----------------------------------------------------------------- */

static void a_large_body_is_kept_in_part_and_hashed_whole(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.max_body = 2};

    converse(p, 1000);
    expect(run(p, &config), "GET /a 200 response=he response-size=5 response-incomplete "
                            "response:truncated\n");
}

static void the_count_limit_is_exact(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.max_body = 100, .count = 2};

    for (uint16_t i = 0; i < 5; i++)
        converse(p, (uint16_t)(1000 + i));
    expect(run(p, &config), EXCHANGE EXCHANGE);
}

static void the_time_limit_counts_packet_time(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.max_body = 100, .duration_ns = 5 * NS_PER_SEC};
    struct stage s;

    converse(p, 1000);
    p->ns += 10 * NS_PER_SEC;
    converse(p, 1001);
    s = run(p, &config);
    assert_int_equal(s.stats.packets, 8);
    expect(s, EXCHANGE);
}

static void own_copies_are_left_out_and_counted(void **state)
{
    struct packets *p = *state;
    struct talk t;
    struct stage s;

    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, "GET /a HTTP/1.1\r\nx-mirrorctl: 1\r\n\r\n");
    talk_say(&t, 1, response);
    talk_close(&t);
    s = run(p, NULL);
    assert_int_equal(s.stats.own_copies, 1);
    assert_int_equal(s.stats.exchanges, 0);
    expect(s, "");
}

static void a_flood_is_held_down_and_later_traffic_captured(void **state)
{
    struct packets *p = *state;
    struct capture_config config = {.max_body = 100, .memory = 1 << 20};
    char noise[1000];
    struct talk t;
    struct stage s;

    memset(noise, 'x', sizeof noise);
    p->step_ns = 1000;
    for (uint16_t i = 0; i < 3000; i++) { /* data that can never be delivered */
        talk_init(&t, p, (uint16_t)(2000 + i));
        talk_open(&t);
        talk_lose(&t, 0, 100);
        talk_send(&t, 0, noise, sizeof noise);
    }
    converse(p, 1000);
    s = run(p, &config);
    assert_true(s.stats.evicted > 0);
    assert_true(s.stats.memory_peak < (1 << 20) + 4096);
    assert_int_equal(s.stats.connections, 3001);
    assert_non_null(strstr(stage_text(&s), EXCHANGE));
    stage_release(&s);
}

static void a_first_line_may_be_as_long_as_a_head(void **state)
{
    struct packets *p = *state;
    size_t n = 200 * 1024;
    char *line = calloc(1, n + sizeof " HTTP/1.1\r\n\r\n");
    struct talk t;
    struct stage s;

    assert_non_null(line);
    memset(line, 'a', n);
    memcpy(line, "GET /", 5);
    memcpy(line + n, " HTTP/1.1\r\n\r\n", 13);
    talk_init(&t, p, 1000);
    talk_open(&t);
    talk_say(&t, 0, line);
    talk_say(&t, 1, response);
    talk_say(&t, 0, request);
    talk_say(&t, 1, response);
    talk_close(&t);
    free(line);
    s = run(p, NULL);
    assert_int_equal(s.stats.complete, 2);
    assert_non_null(strstr(stage_text(&s), EXCHANGE));
    stage_release(&s);
}

static void a_head_that_comes_byte_by_byte_takes_linear_time(void **state)
{
    struct packets *p = *state;
    struct talk t;
    int64_t begin;
    struct stage s;

    talk_init(&t, p, 1000);
    p->step_ns = 1000;
    t.mss = 1;
    talk_open(&t);
    talk_say(&t, 0, "GET /a HTTP/1.1\r\nX: ");
    for (int i = 0; i < 200000; i++)
        talk_say(&t, 0, "y");
    talk_say(&t, 0, "\r\n\r\n");
    t.mss = 1460;
    talk_say(&t, 1, response);
    begin = clock_mono_ns();
    s = run(p, NULL);
    assert_true(clock_mono_ns() - begin < 10 * NS_PER_SEC); /* quadratic takes minutes */
    expect(s, EXCHANGE);
}

static int refuse(void *ctx, struct exchange *x, struct err *e)
{
    (void)ctx;
    exchange_free(x);
    return err_set(e, ERR_IO, "disk full");
}

static int enough(void *ctx, struct exchange *x, struct err *e)
{
    (void)e;
    ++*(int *)ctx;
    exchange_free(x);
    return 1;
}

static void the_sink_has_the_last_word(void **state)
{
    struct packets *p = *state;
    char path[PACKETS_PATH];
    const char *files[] = {path};
    struct capture_config config = {.files = files, .n_files = 1, .max_body = 100};
    int taken = 0, fd;
    struct exchange_sink failing = {refuse, NULL}, sated = {enough, &taken};
    struct err e = {0};
    struct capture *c;

    converse(p, 1000);
    converse(p, 1001);
    fd = packets_file(p, 0, path);
    c = capture_open(&config, &e);
    assert_int_equal(capture_run(c, &failing, &e), -1);
    assert_int_equal(e.kind, ERR_IO);
    assert_string_equal(e.text, "disk full");
    capture_close(c);
    c = capture_open(&config, &e);
    assert_int_equal(capture_run(c, &sated, &e), 0);
    assert_int_equal(taken, 1);
    capture_close(c);
    close(fd);
}

static void an_unknown_interface_is_named_with_those_there_are(void **state)
{
    struct capture_config config = {.interface = "nosuch0"};
    struct err e = {0};

    (void)state;
    assert_null(capture_open(&config, &e));
    /* Without the right to capture that is said instead. */
    assert_true(strstr(e.text, "nosuch0: no such interface (have: ") ||
                strstr(e.text, "setcap cap_net_raw+ep"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_flavour_of_file_reads_the_same),
        TEST(a_file_cut_inside_a_packet_is_used_up_to_there),
        TEST(what_is_no_capture_is_refused_with_advice),
        TEST(a_missing_file_is_named),
        TEST(an_unknown_link_type_is_named),
        TEST(connections_go_on_in_the_next_file),
        TEST(identity_follows_packets_and_options),
        TEST(connections_are_counted_by_what_they_speak),
        TEST(a_gap_before_fin_ends_there),
        TEST(what_is_not_read_leaves_no_gaps),
        TEST(packets_add_up),
        TEST(without_a_handshake_the_next_message_is_found),
        TEST(bytes_of_no_message_are_counted),
        TEST(what_was_sent_before_the_capture_is_not_lost),
        TEST(a_request_may_follow_content_without_a_line),
        TEST(an_answer_too_many_shows_requests_before_the_capture),
        TEST(no_answer_too_many_proves_those_of_a_pipeline),
        TEST(a_response_that_comes_first_answers_nothing),
        TEST(with_one_direction_only_requests_are_unanswered),
        TEST(times_may_all_be_zero),
        TEST(of_too_many_requests_the_oldest_are_given_up),
        TEST(requests_without_answers_take_linear_time),
        TEST(a_port_used_again_is_another_connection),
        TEST(a_stray_syn_ends_no_connection),
        TEST(a_port_may_be_used_again_without_an_end),
        TEST(numbers_far_behind_are_of_another_connection_at_last),
        TEST(data_in_a_syn_that_was_passed_over_are_used),
        TEST(a_port_used_again_is_known_without_its_handshake),
        TEST(who_opens_at_the_same_time_is_told_by_what_is_said),
        TEST(a_new_handshake_ends_an_open_connection),
        TEST(tags_keep_equal_addresses_apart),
        TEST(ten_quiet_minutes_do_not_lose_the_next_exchange),
        TEST(a_handshake_that_is_repeated_is_seen),
        TEST(a_connection_may_be_opened_long_before_it_is_used),
        TEST(older_packets_may_follow_newer_ones),
        TEST(one_wrong_time_ends_no_connection),
        TEST(a_wrong_time_of_its_own_ends_no_connection),
        TEST(a_connection_may_begin_after_a_pause),
        TEST(a_time_beyond_the_duration_must_be_confirmed),
        TEST(numbers_wrap_inside_a_body),
        TEST(urgent_bytes_are_left_out_and_noted),
        TEST(a_retransmission_that_differs_is_noted),
        TEST(what_differs_is_noted_as_long_as_the_exchange_is_open),
        TEST(what_differs_in_a_head_that_is_not_whole_is_noted),
        TEST(what_differs_in_chunks_is_noted),
        TEST(what_differs_too_late_is_counted),
        TEST(a_cut_in_the_first_bytes_is_a_hole),
        TEST(what_was_passed_over_is_answered_by_nobody_else),
        TEST(requests_cut_in_their_first_line_are_there),
        TEST(a_hole_in_the_first_line_leaves_what_is_there_of_it),
        TEST(an_end_in_the_first_line_leaves_what_is_there_of_it),
        TEST(words_like_ours_in_other_protocols_are_none),
        TEST(directions_with_other_tags_are_counted),
        TEST(the_same_ends_in_two_networks_are_no_split),
        TEST(packets_seen_with_and_without_tags_are_told_of),
        TEST(a_short_snapshot_is_never_complete),
        TEST(fragments_are_put_together),
        TEST(fragments_that_came_twice_are_no_loss),
        TEST(a_datagram_that_is_not_whole_at_the_end_is_lost),
        TEST(a_datagram_that_is_not_whole_in_time_is_lost),
        TEST(fragments_behind_a_pause_are_put_together),
        TEST(a_large_body_is_kept_in_part_and_hashed_whole),
        TEST(the_count_limit_is_exact),
        TEST(the_time_limit_counts_packet_time),
        TEST(own_copies_are_left_out_and_counted),
        TEST(a_flood_is_held_down_and_later_traffic_captured),
        TEST(a_first_line_may_be_as_long_as_a_head),
        TEST(a_head_that_comes_byte_by_byte_takes_linear_time),
        TEST(the_sink_has_the_last_word),
        TEST(an_unknown_interface_is_named_with_those_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

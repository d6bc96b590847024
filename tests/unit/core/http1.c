/* The framer told as transcripts: what a stream of bytes says, whatever the
 * split. Each row runs whole, byte by byte, and cut in two at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/http1_guess.h"
#include "core/json.h"

struct transcript {
    struct buf text;
    enum http1_event last;
    size_t run; /* bytes of the piece at hand, over splits */
};

static void put_flags(struct buf *out, uint32_t flags)
{
    for (uint32_t bit = 1; bit <= HTTP_LAST; bit <<= 1) {
        if (flags & bit)
            assert_int_equal(buf_printf(out, NULL, " %s", http_flag_name(bit)), 0);
    }
}

/* Pieces of one kind in a row are one: where they are cut depends on the split. */
static void put_piece(struct transcript *t, enum http1_event event, const char *word,
                      struct str piece)
{
    if (t->last != event)
        assert_int_equal(buf_printf(&t->text, NULL, "%s:", word), 0);
    if (piece.data)
        assert_int_equal(buf_add(&t->text, piece, NULL), 0);
    else
        assert_int_equal(buf_printf(&t->text, NULL, "<%zu>", piece.len), 0);
}

static void put_event(struct transcript *t, const struct http1 *f, enum http1_event event,
                      struct str piece)
{
    struct buf *out = &t->text;

    if (t->last != event && (t->last == HTTP1_DATA || t->last == HTTP1_SKIPPED ||
                             t->last == HTTP1_TUNNEL || t->last == HTTP1_HOLE))
        buf_addc(out, '|', NULL);
    switch (event) {
    case HTTP1_HEAD:
        buf_printf(out, NULL, "head:%.*s", (int)str_find(piece, '\r'), piece.data);
        put_flags(out, f->flags);
        buf_addc(out, '|', NULL);
        break;
    case HTTP1_DATA:
        put_piece(t, event, "data", piece);
        break;
    case HTTP1_HOLE:
        put_piece(t, event, "hole", piece);
        break;
    case HTTP1_SKIPPED:
        put_piece(t, event, "skipped", piece);
        break;
    case HTTP1_TUNNEL:
        put_piece(t, event, "tunnel", piece);
        break;
    case HTTP1_END:
        buf_printf(out, NULL, "end");
        put_flags(out, f->flags);
        if (f->trailers.len)
            buf_printf(out, NULL, " trailers=%s", f->trailers.data);
        buf_addc(out, '|', NULL);
        break;
    case HTTP1_BROKEN:
        buf_printf(out, NULL, "broken");
        put_flags(out, f->flags);
        buf_addc(out, '|', NULL);
        break;
    default:
        break;
    }
    t->last = event;
}

static void feed(struct transcript *t, struct http1 *f, struct str in, const char *method)
{
    struct str piece;
    enum http1_event event;

    while ((event = http1_next(f, &in, &piece)) != HTTP1_MORE) {
        put_event(t, f, event, piece);
        if (event == HTTP1_HEAD && f->side == HTTP1_RESPONSES && method)
            http1_answers(f, str_of(method));
    }
    assert_int_equal(in.len, 0);
}

struct row {
    enum http1_side side;
    const char *method; /* that the responses answer */
    const char *in;
    const char *want;   /* without what finishing adds */
    const char *finish; /* "end|" or "broken|" where FIN tells something */
};

static const struct row rows[] = {
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "head:GET / HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL, "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "head:GET / HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\n\r\n",
     "head:POST /a HTTP/1.1|data:hello|end|head:GET /b HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n",
     "head:POST / HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc",
     "head:POST / HTTP/1.1|data:abc|end|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
     "head:POST / HTTP/1.1 cl_conflict|broken cl_conflict|skipped:abcd|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n",
     "head:POST / HTTP/1.1 cl_conflict|broken cl_conflict|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n",
     "head:POST / HTTP/1.1 cl_conflict|broken cl_conflict|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
     "head:POST / HTTP/1.1 cl_conflict|broken cl_conflict|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n005;x=y\r\nhello\r\n0\r\nA: "
     "b\r\n\r\nGET /n "
     "HTTP/1.1\r\n\r\n",
     "head:POST / HTTP/1.1|data:hello|end chunk_ext trailers=A: b\r\n|head:GET /n HTTP/1.1|end|",
     ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: "
     "chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
     "head:POST / HTTP/1.1 smuggling_cl_te|data:a|end smuggling_cl_te|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
     "head:POST / HTTP/1.1 te_unknown|broken te_unknown|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
     "head:POST / HTTP/1.1 te_unknown|broken te_unknown|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "head:POST / HTTP/1.0 te_in_10|end te_in_10|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
     "head:POST / HTTP/1.1|broken bad_chunk|skipped:x3\r\nabc\r\n0\r\n\r\n|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n",
     "head:POST / HTTP/1.1|broken bad_chunk|skipped:3\r\nabc\r\n|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
     "head:POST / HTTP/1.1|data:a|broken bad_chunk|skipped:bc\r\n|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\nHost: a\n\n",
     "head:GET / HTTP/1.1\nHost: a\n\n bare_lf|end bare_lf|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
     "head:GET / HTTP/1.1 obs_fold|end obs_fold|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
     "head:POST / HTTP/1.1 obs_fold|data:a|end obs_fold|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\nA : b\r\n\r\n",
     "head:GET / HTTP/1.1 bad_field|end bad_field|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\nno colon\r\n\r\n",
     "head:GET / HTTP/1.1 bad_field|end bad_field|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\n A: b\r\n\r\n",
     "head:GET / HTTP/1.1 obs_fold bad_field|end obs_fold bad_field|", ""},
    {HTTP1_REQUESTS, NULL, "GET /a b HTTP/1.1\r\n\r\n",
     "head:GET /a b HTTP/1.1 bad_line|end bad_line|", ""},
    {HTTP1_REQUESTS, NULL, "BREW /pot HTTP/1.1\r\n\r\n", "head:BREW /pot HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL, "GET /old\r\n", "head:GET /old http09|end http09|", ""},
    {HTTP1_REQUESTS, NULL, "\x16\x03\x01 garbage\r\nGET / HTTP/1.1\r\n\r\n",
     "broken|skipped:\x16\x03\x01 garbage\r\n|head:GET / HTTP/1.1|end|", ""},
    {HTTP1_REQUESTS, NULL, "GET / HTTP/1.1\r\nHost", "", "broken|"},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel",
     "head:POST / HTTP/1.1|data:hel|", "broken|"},
    {HTTP1_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
     "head:HTTP/1.1 200 OK|data:ok|end|head:HTTP/1.1 404 No|end|", ""},
    {HTTP1_RESPONSES, "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "head:HTTP/1.1 200|end|",
     ""},
    {HTTP1_RESPONSES, "GET", "HTTP/1.0 200 OK\r\n\r\nall of it",
     "head:HTTP/1.0 200 OK|data:all of it|", "end|"},
    {HTTP1_RESPONSES, "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzz",
     "head:HTTP/1.1 200 OK te_unknown|data:zz|", "end te_unknown|"},
    {HTTP1_RESPONSES, "HEAD",
     "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     "head:HTTP/1.1 200 OK|end|head:HTTP/1.1 200 OK|end|", ""},
    {HTTP1_RESPONSES, "GET",
     "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nHTTP/1.1 304 Nm\r\nContent-Length: 3\r\n\r\n",
     "head:HTTP/1.1 204 No|end|head:HTTP/1.1 304 Nm|end|", ""},
    {HTTP1_RESPONSES, "GET",
     "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 "
     "OK\r\nContent-Length: 0\r\n\r\n",
     "head:HTTP/1.1 103 Early|end|head:HTTP/1.1 100 Go|end|head:HTTP/1.1 200 OK|end|", ""},
    {HTTP1_RESPONSES, "GET", "HTTP/1.1 101 Switching\r\n\r\n\x81\x05hello",
     "head:HTTP/1.1 101 Switching|end|tunnel:\x81\x05hello|", ""},
    {HTTP1_RESPONSES, "CONNECT", "HTTP/1.1 200 OK\r\n\r\nanything",
     "head:HTTP/1.1 200 OK|end|tunnel:anything|", ""},
    {HTTP1_RESPONSES, "CONNECT", "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx",
     "head:HTTP/1.1 403 No|data:x|end|", ""},
    {HTTP1_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\nx\r\n0\r\n\r\n",
     "head:HTTP/1.1 200 OK te_unknown|data:x|end te_unknown|", ""},
    {HTTP1_REQUESTS, NULL, "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\nok",
     "head:POST / HTTP/1.1 te_unknown|broken te_unknown|skipped:ok|", ""},
    {HTTP1_REQUESTS, NULL,
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     "head:POST / HTTP/1.1 te_unknown|broken te_unknown|", ""},
    {HTTP1_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
     "head:HTTP/1.1 200 OK te_unknown|data:x|end te_unknown|", ""},
};

static void run_split(const struct row *r, size_t cut, bool bytewise)
{
    struct transcript t = {0};
    struct http1 f;
    struct str in = str_of(r->in);
    enum http1_event last;

    t.last = HTTP1_MORE;
    buf_init(&t.text, 1 << 20);
    http1_init(&f, r->side);
    if (bytewise) {
        for (size_t i = 0; i < in.len; i++)
            feed(&t, &f, str_from(in.data + i, 1), r->method);
    } else {
        feed(&t, &f, str_head(in, cut), r->method);
        feed(&t, &f, str_skip(in, cut), r->method);
    }
    last = http1_finish(&f, true);
    put_event(&t, &f, last, last == HTTP1_SKIPPED ? f.head : (struct str){0});
    if (last == HTTP1_SKIPPED)
        buf_addc(&t.text, '|', NULL);
    if (last == HTTP1_MORE && t.text.len && t.text.data[t.text.len - 1] != '|')
        buf_addc(&t.text, '|', NULL);
    {
        char want[4096];

        snprintf(want, sizeof want, "%s%s", r->want, r->finish);
        assert_string_equal(t.text.data ? t.text.data : "", want);
    }
    http1_release(&f);
    buf_release(&t.text);
}

static void events_do_not_depend_on_the_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run_split(&rows[i], strlen(rows[i].in), false);
        run_split(&rows[i], 0, true);
        for (size_t cut = 0; cut < strlen(rows[i].in); cut++)
            run_split(&rows[i], cut, false);
    }
}

/* Feed `before`, lose `n` bytes, feed `after`. */
static void run_gap(enum http1_side side, const char *before, uint64_t n, const char *after,
                    const char *want)
{
    struct transcript t = {0};
    struct http1 f;

    t.last = HTTP1_MORE;
    buf_init(&t.text, 1 << 20);
    http1_init(&f, side);
    feed(&t, &f, str_of(before), "GET");
    http1_gap(&f, n);
    feed(&t, &f, (struct str){0}, "GET");
    feed(&t, &f, str_of(after), "GET");
    if (t.last == HTTP1_SKIPPED || t.last == HTTP1_DATA || t.last == HTTP1_HOLE)
        buf_addc(&t.text, '|', NULL);
    assert_string_equal(t.text.data ? t.text.data : "", want);
    http1_release(&f);
    buf_release(&t.text);
}

static void framing_survives_a_gap_inside_known_length(void **state)
{
    (void)state;
    run_gap(HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", 5,
            "xyzHTTP/1.1 204 N\r\n\r\n",
            "head:HTTP/1.1 200 OK|data:ab|hole:<5>|data:xyz|end|head:HTTP/1.1 204 N|end|");
    run_gap(HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", 2,
            "HTTP/1.1 204 N\r\n\r\n",
            "head:HTTP/1.1 200 OK|data:ab|hole:<2>|end|head:HTTP/1.1 204 N|end|");
    run_gap(HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab", 3,
            "xyz\r\n0\r\n\r\n", "head:HTTP/1.1 200 OK|data:ab|hole:<3>|data:xyz|end|");
}

static void a_gap_anywhere_else_loses_the_framer_until_the_next_start_line(void **state)
{
    (void)state;
    run_gap(HTTP1_REQUESTS, "GET /a HTTP/1.1\r\nHo", 9, "x: y\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            "broken|skipped:x: y\r\n\r\n|head:GET /b HTTP/1.1|end|");
    /* The tail of a start line is not one: "GET /a" lost its G. */
    run_gap(HTTP1_REQUESTS, "", 1, "ET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            "broken|skipped:ET /a HTTP/1.1\r\n\r\n|head:GET /b HTTP/1.1|end|");
    /* The gap reaches beyond the content: what follows it is not trusted. */
    run_gap(HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na", 9,
            "tail\r\nHTTP/1.1 204 N\r\n\r\n",
            "head:HTTP/1.1 200 OK|data:a|hole:<2>|end|broken|skipped:tail\r\n|head:HTTP/1.1 204 "
            "N|end|");
    run_gap(HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", 3,
            "zz\r\nHTTP/1.1 204 N\r\n\r\n",
            "head:HTTP/1.1 200 OK|data:ab|broken|skipped:zz\r\n|head:HTTP/1.1 204 N|end|");
}

static void content_until_close_knows_about_its_holes(void **state)
{
    (void)state;
    run_gap(HTTP1_RESPONSES, "HTTP/1.0 200 OK\r\n\r\nab", 7, "cd",
            "head:HTTP/1.0 200 OK|data:ab|hole:<7>|data:cd|");
}

static void content_until_close_is_cut_by_a_reset(void **state)
{
    struct http1 f;
    struct str in = STR("HTTP/1.0 200 OK\r\n\r\nab"), piece;

    (void)state;
    http1_init(&f, HTTP1_RESPONSES);
    while (http1_next(&f, &in, &piece) != HTTP1_MORE)
        ;
    assert_true(f.until_close);
    assert_int_equal(http1_finish(&f, false), HTTP1_BROKEN);
    http1_release(&f);
}

static void keep_alive_follows_version_and_connection(void **state)
{
    static const struct {
        const char *head;
        bool keep_alive;
    } cases[] = {
        {"HTTP/1.1 204 N\r\n\r\n", true},
        {"HTTP/1.1 204 N\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.1 204 N\r\nConnection: foo, Close\r\n\r\n", false},
        {"HTTP/1.0 204 N\r\n\r\n", false},
        {"HTTP/1.0 204 N\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"HTTP/1.1 200 N\r\n\r\n", false}, /* until close */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http1 f;
        struct str in = str_of(cases[i].head), piece;

        http1_init(&f, HTTP1_RESPONSES);
        while (http1_next(&f, &in, &piece) != HTTP1_MORE)
            ;
        assert_int_equal(f.keep_alive, cases[i].keep_alive);
        http1_release(&f);
    }
}

static void a_head_beyond_the_ceiling_breaks(void **state)
{
    static char big[HTTP1_MAX_HEAD + 100];
    struct http1 f;
    struct str in = str_from(big, sizeof big), piece;

    (void)state;
    memset(big, 'a', sizeof big);
    memcpy(big, "GET / HTTP/1.1\r\nA: ", 19);
    http1_init(&f, HTTP1_REQUESTS);
    assert_int_equal(http1_next(&f, &in, &piece), HTTP1_BROKEN);
    assert_true(f.flags & HTTP_HEAD_TOO_LARGE);
    http1_release(&f);
}

static void more_fields_than_the_ceiling_are_flagged(void **state)
{
    struct buf b;
    struct http1 f;
    struct str in, piece;

    (void)state;
    buf_init(&b, 1 << 20);
    buf_add(&b, STR("GET / HTTP/1.1\r\n"), NULL);
    for (int i = 0; i <= HTTP1_MAX_FIELDS; i++)
        buf_add(&b, STR("A: b\r\n"), NULL);
    buf_add(&b, STR("\r\n"), NULL);
    in = buf_str(&b);
    http1_init(&f, HTTP1_REQUESTS);
    assert_int_equal(http1_next(&f, &in, &piece), HTTP1_HEAD);
    assert_true(f.flags & HTTP_HEAD_TOO_LARGE);
    http1_release(&f);
    buf_release(&b);
}

static void the_other_side_can_end_http(void **state)
{
    struct http1 f;
    struct str in = STR("GET / HTTP/1.1\r\n\r\n"), piece;

    (void)state;
    http1_init(&f, HTTP1_REQUESTS);
    http1_become_tunnel(&f);
    assert_int_equal(http1_next(&f, &in, &piece), HTTP1_TUNNEL);
    assert_true(str_eq(piece, STR("GET / HTTP/1.1\r\n\r\n")));
    http1_release(&f);
}

static void first_bytes_tell_http_from_other_protocols(void **state)
{
    static const struct {
        enum http1_side side;
        const char *bytes;
        enum http1_guess guess;
    } cases[] = {
        {HTTP1_REQUESTS, "GET / HTTP/1.1\r\n", HTTP1_YES},
        {HTTP1_REQUESTS, "\r\nBREW /pot HTTP/1.0\r\n", HTTP1_YES},
        {HTTP1_REQUESTS, "GET /old\r\n", HTTP1_YES},
        {HTTP1_REQUESTS, "GET / HT", HTTP1_TOO_SHORT},
        {HTTP1_REQUESTS, "", HTTP1_TOO_SHORT},
        {HTTP1_REQUESTS, "SSH-2.0-OpenSSH_9.2\r\n", HTTP1_NO},
        {HTTP1_REQUESTS, "OPTIONS rtsp://a RTSP/1.0\r\n", HTTP1_NO},
        {HTTP1_REQUESTS, "PRI * HTTP/2.0\r\n", HTTP1_NO},
        {HTTP1_REQUESTS, "\x16\x03\x01\x02", HTTP1_NO},
        {HTTP1_REQUESTS, "EHLO mail.example\r\n", HTTP1_NO},
        {HTTP1_RESPONSES, "HTTP/1.1 200 OK\r\n", HTTP1_YES},
        {HTTP1_RESPONSES, "HTTP/1", HTTP1_TOO_SHORT},
        {HTTP1_RESPONSES, "HTTP/2 200\r\n", HTTP1_NO},
        {HTTP1_RESPONSES, "220 mail ESMTP\r\n", HTTP1_NO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(http1_guess(cases[i].side, str_of(cases[i].bytes)), cases[i].guess);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_do_not_depend_on_the_split),
        cmocka_unit_test(framing_survives_a_gap_inside_known_length),
        cmocka_unit_test(a_gap_anywhere_else_loses_the_framer_until_the_next_start_line),
        cmocka_unit_test(content_until_close_knows_about_its_holes),
        cmocka_unit_test(content_until_close_is_cut_by_a_reset),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(a_head_beyond_the_ceiling_breaks),
        cmocka_unit_test(more_fields_than_the_ceiling_are_flagged),
        cmocka_unit_test(the_other_side_can_end_http),
        cmocka_unit_test(first_bytes_tell_http_from_other_protocols),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What must not reach the disk does not, however it is spelt; the rest stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

#include "capture/redact.h"

static const char *const names[] = {
    "authorization", "cookie:sid", "query:token", "$.card", "$..pw", "$['odd name'][*].x", "$.a[1]",
};
enum { NAMES = sizeof names / sizeof *names };

static void set_text(struct exchange *x, struct str *field, const char *text, size_t n)
{
    assert_int_equal(arena_dup(&x->mem, str_from(text, n), field, NULL), 0);
}

struct message {
    const char *fact;
    const char *head;
    struct str body;
    const char *head_after; /* NULL: as before */
    const char *body_after;
    bool cut; /* not complete */
};

#define POST          "POST / HTTP/1.1\r\n"
#define JSON          POST "Content-Type: application/json\r\n"
#define FORM          POST "Content-Type: application/x-www-form-urlencoded\r\n"
#define PARTS         POST "Content-Type: multipart/form-data; charset=x; boundary=\"-b\"\r\n"
#define PART(name)    "\r\n---b\r\nContent-Disposition: form-data; name=" name "\r\n\r\n"
#define END           "\r\n---b--\r\n"
#define BODY(literal) STR_INIT(literal)
#define NO_BODY       STR_INIT("")

static const struct message requests[] = {
    {"a header", POST "Authorization: Bearer SECRET\r\nHost: m\r\n\r\n", NO_BODY,
     POST "Authorization: REDACTED\r\nHost: m\r\n\r\n", "", false},
    {"a header in capitals, twice, with a tab, folded",
     POST "AUTHORIZATION:\tBasic\r\n SECRET\r\nauthorization: SECRET\r\n\r\n", NO_BODY,
     POST "AUTHORIZATION:\tREDACTED\r\nauthorization: REDACTED\r\n\r\n", "", false},
    {"a header with a blank before its colon and bare line feeds",
     "GET / HTTP/1.1\nAuthorization : SECRET\n\n", NO_BODY,
     "GET / HTTP/1.1\nAuthorization : REDACTED\n\n", "", false},
    {"a header behind a bare CR in another", POST "X: a\rAuthorization: SECRET\r\n\r\n", NO_BODY,
     POST "X: REDACTED\r\n\r\n", "", false},
    {"a header whose name has something behind it",
     POST "Authorization\v: SECRET\r\nHost: m\r\n\r\n", NO_BODY,
     POST "Authorization\v: REDACTED\r\nHost: m\r\n\r\n", "", false},
    {"a header in a head that breaks off", POST "Authorization: SECR", NO_BODY,
     POST "Authorization: REDACTED", "", true},
    {"an empty header has nothing to hide", POST "Authorization: \r\nHost: m\r\n\r\n", NO_BODY,
     NULL, "", false},
    {"not a header of another name", POST "X-Authorization: x\r\nAuthorizatio: y\r\n\r\n", NO_BODY,
     NULL, "", false},
    {"a cookie among others", POST "Cookie: a=1; sid=SECRET; xsid=2; sidx=3\r\n\r\n", NO_BODY,
     POST "Cookie: a=1; sid=REDACTED; xsid=2; sidx=3\r\n\r\n", "", false},
    {"a quoted cookie with a semicolon, and an empty one",
     POST "Cookie: SID=\"SE;CRET\"; b; sid=\r\n\r\n", NO_BODY,
     POST "Cookie: SID=REDACTED; b; sid=REDACTED\r\n\r\n", "", false},
    {"a quoted cookie with an escaped quote", POST "Cookie: sid=\"S\\\";SECRET\"; b=1\r\n\r\n",
     NO_BODY, POST "Cookie: sid=REDACTED; b=1\r\n\r\n", "", false},
    {"a URL in a cookie", POST "Cookie: a=/p?b=1&token=SECRET,SECRET; sid=SECRET; c=2\r\n\r\n",
     NO_BODY, POST "Cookie: a=/p?b=1&token=REDACTED; sid=REDACTED; c=2\r\n\r\n", "", false},
    {"a cookie of fields that were joined", POST "Cookie: a=1, sid=SECRET,SECRET; b=2\r\n\r\n",
     NO_BODY, POST "Cookie: a=1, sid=REDACTED; b=2\r\n\r\n", "", false},
    {"cookies that are set, joined and in the old field",
     POST "Set-Cookie: a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT, sid=SECRET; Path=/\r\n"
          "Set-Cookie2: sid=SECRET; sid=1\r\n\r\n",
     NO_BODY,
     POST "Set-Cookie: a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT, sid=REDACTED; Path=/\r\n"
          "Set-Cookie2: sid=REDACTED; sid=1\r\n\r\n",
     "", false},
    {"a parameter", "GET /p?a=1&token=SECRET&b=2#f HTTP/1.1\r\n\r\n", NO_BODY,
     "GET /p?a=1&token=REDACTED&b=2#f HTTP/1.1\r\n\r\n", "", false},
    {"a parameter whose name is encoded, in an absolute target",
     "GET http://m/p?%74oke%6E=SECRET HTTP/1.1\r\n\r\n", NO_BODY,
     "GET http://m/p?%74oke%6E=REDACTED HTTP/1.1\r\n\r\n", "", false},
    {"a parameter with blanks in its value", "GET /p?token=SEC SECRET HTTP/1.1\r\n\r\n", NO_BODY,
     "GET /p?token=REDACTED HTTP/1.1\r\n\r\n", "", false},
    {"a parameter behind a semicolon", "GET /p?a=1;token=SECRET;b HTTP/1.1\r\n\r\n", NO_BODY,
     "GET /p?a=1;token=REDACTED HTTP/1.1\r\n\r\n", "", false},
    {"a parameter with a # in its value", "GET /p?token=SEC#SECRET&a=1 HTTP/1.1\r\n\r\n", NO_BODY,
     "GET /p?token=REDACTED&a=1 HTTP/1.1\r\n\r\n", "", false},
    {"a parameter of a URL that is a parameter",
     "GET /in?to=https%3A%2F%2Fm%2Fp%3fa%3D1%26token%3dSECRET%26SECRET&b=2 HTTP/1.1\r\n\r\n",
     NO_BODY, "GET /in?to=https%3A%2F%2Fm%2Fp%3fa%3D1%26token%3dREDACTED&b=2 HTTP/1.1\r\n\r\n", "",
     false},
    {"a parameter of a request line without a version",
     "GET /p?token=SECRET#SECRET\r\nX: a\r\n\r\n", NO_BODY, "GET /p?token=REDACTED\r\nX: a\r\n\r\n",
     "", false},
    {"a parameter of a request line that breaks off", "GET /p?token=SECR", NO_BODY,
     "GET /p?token=REDACTED", "", true},
    {"a parameter of the page before", POST "Referer: https://m/?token=SECRET\r\n\r\n", NO_BODY,
     POST "Referer: https://m/?token=REDACTED\r\n\r\n", "", false},
    {"a parameter of a URL that is folded", POST "Referer: /?token=SEC\r\n SECRET\r\n\r\n", NO_BODY,
     POST "Referer: /?token=REDACTED\r\n\r\n", "", false},
    {"a parameter in any other field", POST "X-Original-URL: /p?token=SECRET\r\n\r\n", NO_BODY,
     POST "X-Original-URL: /p?token=REDACTED\r\n\r\n", "", false},
    {"parameters of an array",
     "GET /p?token[]=SECRET&token%5B1%5D=SECRET&tokens=3 HTTP/1.1\r\n\r\n", NO_BODY,
     "GET /p?token[]=REDACTED&token%5B1%5D=REDACTED&tokens=3 HTTP/1.1\r\n\r\n", "", false},
    {"a path is no parameter", "GET /token=1&token=2 HTTP/1.1\r\n\r\n", NO_BODY, NULL, "", false},
    {"a form field, with its length", FORM "Content-Length: 16\r\n\r\n", BODY("token=SECRET&b=2"),
     FORM "Content-Length: 18\r\n\r\n", "token=REDACTED&b=2", false},
    {"a form field with a blank in it", FORM "\r\n", BODY("a=1&token=SEC SECRET"), NULL,
     "a=1&token=REDACTED", false},
    {"a form field with what would end it in a URL, or a line", FORM "\r\n",
     BODY("token=SEC#SECRET\r\nSECRET&b=2"), NULL, "token=REDACTED&b=2", false},
    {"a form field with a blank before its name", FORM "\r\n", BODY("a=1&+token=SECRET"), NULL,
     "a=1&+token=REDACTED", false},
    {"a form that says it is bytes", POST "Content-Type: application/octet-stream\r\n\r\n",
     BODY("token=SECRET"), NULL, "token=REDACTED", false},
    {"a form with an empty type", POST "Content-Type:\r\n\r\n", BODY("token=SECRET"), NULL,
     "token=REDACTED", false},
    {"a form that says nothing of its type", POST "\r\n", BODY("a=1&token=SECRET"), NULL,
     "a=1&token=REDACTED", false},
    {"a form that says it is text", POST "Content-Type: text/plain;charset=UTF-8\r\n\r\n",
     BODY("token[]=SECRET"), NULL, "token[]=REDACTED", false},
    {"a form without a type that breaks off is blanked whole", POST "\r\n", BODY("a=1&tok"), NULL,
     "REDACTED", true},
    {"a sentence is no form", POST "\r\n", BODY("see ?a=1&token=2"), NULL, "see ?a=1&token=2",
     false},
    {"a field in parts, with its length", PARTS "Content-Length: 141\r\n\r\n",
     BODY("preamble" PART("\"a\"") "1" PART("\"token\"") "SECRET\r\nSECRET" END),
     PARTS "Content-Length: 135\r\n\r\n",
     "preamble" PART("\"a\"") "1" PART("\"token\"") "REDACTED" END, false},
    {"a field in parts whose name has no quotes, a file, an empty one", PARTS "\r\n",
     BODY(PART("TOKEN") "SECRET" PART("\"token[]\"; filename=\"a;b\"") "SECRET" PART("token") END),
     NULL,
     PART("TOKEN") "REDACTED" PART("\"token[]\"; filename=\"a;b\"") "REDACTED" PART("token") END,
     false},
    {"the name of a file is not that of a field", PARTS "\r\n",
     BODY(PART("x; filename=token") "1" END), NULL, PART("x; filename=token") "1" END, false},
    {"what looks like a delimiter and is none", PARTS "\r\n",
     BODY(PART("token") "SECRET\r\n---bb\r\nSECRET ---b\r\nSECRET" END), NULL,
     PART("token") "REDACTED" END, false},
    {"a part with nothing between its head and the next", PARTS "\r\n",
     BODY("---b\nContent-Disposition: form-data; name=x\n---b\n"
          "Content-Disposition: form-data; name=token\n\nSECRET\n---b--"),
     NULL,
     "---b\nContent-Disposition: form-data; name=x\n---b\n"
     "Content-Disposition: form-data; name=token\n\nREDACTED\n---b--",
     false},
    {"JSON in a part", PARTS "\r\n",
     BODY(PART("x\r\nContent-Type: application/json") "{\"card\":1}" PART("y") "[{\"pw\":2}]" END),
     NULL,
     PART("x\r\nContent-Type: application/json") "{\"card\":\"REDACTED\"}" PART(
         "y") "[{\"pw\":\"REDACTED\"}]" END,
     false},
    {"a part that says JSON and is none is blanked whole", PARTS "\r\n",
     BODY(PART("x\r\nContent-Type: application/json") "SECRET" PART("y") "1" END), NULL,
     PART("x\r\nContent-Type: application/json") "REDACTED" PART("y") "1" END, false},
    {"parts without an end are blanked whole", PARTS "\r\n", BODY(PART("token") "SECRET"), NULL,
     "REDACTED", false},
    {"JSON in parts of another kind", POST "Content-Type: multipart/related; boundary=-b\r\n\r\n",
     BODY("---b\r\nContent-Type: application/json\r\n\r\n{\"card\":1}" END), NULL,
     "---b\r\nContent-Type: application/json\r\n\r\n{\"card\":\"REDACTED\"}" END, false},
    {"parts in a part are blanked whole", PARTS "\r\n",
     BODY(PART("x\r\nContent-Type: multipart/mixed; boundary=c") "--c\r\n\r\nSECRET\r\n--c--" END),
     NULL, PART("x\r\nContent-Type: multipart/mixed; boundary=c") "REDACTED" END, false},
    {"parts without a boundary are blanked whole", POST "Content-Type: multipart/form-data\r\n\r\n",
     BODY(PART("token") "SECRET" END), NULL, "REDACTED", false},
    {"parts that break off are blanked whole", PARTS "\r\n", BODY(PART("a") "1" END), NULL,
     "REDACTED", true},
    {"a value, with its length", JSON "Content-Length: 16\r\n\r\n", BODY("{\"card\": 123456}"),
     JSON "Content-Length: 20\r\n\r\n", "{\"card\": \"REDACTED\"}", false},
    {"a value, with its length said twice and without its digests",
     JSON "Content-Length: 16, 16\r\nContent-MD5: x\r\nContent-Digest: y\r\nDigest: z\r\n\r\n",
     BODY("{\"card\": 123456}"), JSON "Content-Length: 20\r\n\r\n", "{\"card\": \"REDACTED\"}",
     false},
    {"digests of content that stays", JSON "Content-MD5: x\r\n\r\n", BODY("{\"a\":1}"), NULL,
     "{\"a\":1}", false},
    {"a value of any shape, twice", JSON "\r\n",
     BODY("{\"card\":{\"a\":[1,\"SECRET\"]},\"b\":1,\"card\":true}"), NULL,
     "{\"card\":\"REDACTED\",\"b\":1,\"card\":\"REDACTED\"}", false},
    {"a name that is escaped", JSON "\r\n", BODY("{\"c\\u0061rd\":\"SECRET\"}"), NULL,
     "{\"c\\u0061rd\":\"REDACTED\"}", false},
    {"a name at any depth", JSON "\r\n", BODY(" [ {\"x\":[{\"pw\" : \"SECRET\" }]} , {} ] "), NULL,
     " [ {\"x\":[{\"pw\" : \"REDACTED\" }]} , {} ] ", false},
    {"an odd name, any element", JSON "\r\n",
     BODY("{\"odd name\":[{\"x\":\"SECRET\"},{\"x\":\"SECRET\",\"y\":1}]}"), NULL,
     "{\"odd name\":[{\"x\":\"REDACTED\"},{\"x\":\"REDACTED\",\"y\":1}]}", false},
    {"what is empty or nested leads nowhere", JSON "\r\n",
     BODY("{\"a\":[ ],\"b\":{ },\"odd name\":[{},[],\"x\"],\"c\":[[{\"card\":1}]]}"), NULL,
     "{\"a\":[ ],\"b\":{ },\"odd name\":[{},[],\"x\"],\"c\":[[{\"card\":1}]]}", false},
    {"a name that is escaped behind one that is not", JSON "\r\n",
     BODY("{\"a\\\"b\":{\"pw\":[{\"pw\":1}]},\"\\u0070w\":{\"pw\":2},\"card\\u0000\":3}"), NULL,
     "{\"a\\\"b\":{\"pw\":\"REDACTED\"},\"\\u0070w\":\"REDACTED\",\"card\\u0000\":3}", false},
    {"an element by index", JSON "\r\n", BODY("{\"a\":[1,\"SECRET\",3]}"), NULL,
     "{\"a\":[1,\"REDACTED\",3]}", false},
    {"a name in capitals is another", JSON "\r\n", BODY("{\"Card\":1}"), NULL, "{\"Card\":1}",
     false},
    {"JSON without a type", POST "\r\n", BODY("{\"card\":\"SECRET\"}"), NULL,
     "{\"card\":\"REDACTED\"}", false},
    {"JSON Lines", POST "Content-Type: application/x-ndjson\r\n\r\n",
     BODY("{\"card\":1}\r\n\n{\"b\":2}\n"), NULL, "{\"card\":\"REDACTED\"}\r\n\n{\"b\":2}\n",
     false},
    {"server-sent events", POST "Content-Type: text/event-stream\r\n\r\n",
     BODY("event: x\ndata: {\"pw\":\"SECRET\"}\n\n"), NULL,
     "event: x\ndata: {\"pw\":\"REDACTED\"}\n\n", false},
    {"server-sent events that end with a word, and one whose name is JSON",
     POST "Content-Type: text/event-stream\r\n\r\n",
     BODY("id: {\"pw\":1}\ndata: {\"pw\":\"SECRET\"}\n\ndata: say \"x\"\n\ndata: [DONE]\n\n"), NULL,
     "id: {\"pw\":\"REDACTED\"}\ndata: {\"pw\":\"REDACTED\"}\n\ndata: say \"x\"\n\ndata: "
     "[DONE]\n\n",
     false},
    {"server-sent events whose lines end otherwise are blanked whole",
     POST "Content-Type: text/event-stream\r\n\r\n",
     BODY("event: x\rdata: {\"pw\":\"SECRET\"}\r\r"), NULL, "REDACTED", false},
    {"JSON behind a prefix", JSON "\r\n", BODY(")]}',\n{\"pw\":\"SECRET\"}"), NULL,
     ")]}',\n{\"pw\":\"REDACTED\"}", false},
    {"JSON Lines with a line that holds JSON and more are blanked whole", JSON "\r\n",
     BODY("{\"pw\":1}\n\x1e{\"pw\":\"SECRET\"}\n"), NULL, "REDACTED", false},
    {"JSON in wide characters is blanked whole", POST "Content-Type: text/plain\r\n\r\n",
     BODY("\xfe\xff\0{\0\"\0p\0w\0\"\0:\0"
          "1\0}"),
     NULL, "REDACTED", false},
    {"JSON that breaks off is blanked whole", JSON "Content-Length: 99\r\n\r\n",
     BODY("{\"card\":\"SECRE"), NULL, "REDACTED", true},
    {"what says JSON and is none is blanked whole", JSON "Content-Length: 15\r\n\r\n",
     BODY("card = 'SECRET'"), JSON "Content-Length: 8\r\n\r\n", "REDACTED", false},
    {"JSON in a coding nobody knows is blanked whole", JSON "Content-Encoding: br\r\n\r\n",
     BODY("SECRET"), JSON "\r\n", "REDACTED", false},
    {"JSON that is not the gzip it says is blanked whole", JSON "Content-Encoding: gzip\r\n\r\n",
     BODY("{\"card\":\"SECRET\"}"), JSON "\r\n", "REDACTED", false},
    {"what is coded and has no type is blanked whole", POST "Content-Encoding: br\r\n\r\n",
     BODY("SECRET"), POST "\r\n", "REDACTED", false},
    {"text that is coded and cannot be read is blanked whole",
     POST "Content-Type: text/plain\r\nContent-Encoding: br\r\n\r\n", BODY("SECRET"),
     POST "Content-Type: text/plain\r\n\r\n", "REDACTED", false},
    {"the coding is what all lines say",
     JSON "Content-Encoding: identity\r\nContent-Encoding: br\r\n\r\n", BODY("{\"pw\":1}"),
     JSON "\r\n", "REDACTED", false},
    {"an image is left alone", POST "Content-Type: image/png\r\nContent-Encoding: br\r\n\r\n",
     BODY("\x89PNG"), NULL, "\x89PNG", false},
    {"text is left alone", POST "Content-Type: text/plain\r\n\r\n", BODY("card: 1"), NULL,
     "card: 1", false},
};

static struct exchange *exchange_of(const struct message *m)
{
    struct exchange *x = exchange_new(1 << 20, NULL);

    assert_non_null(x);
    set_text(x, &x->request.head, m->head, strlen(m->head));
    if (m->body.len)
        set_text(x, &x->request.body, m->body.data, m->body.len);
    x->request.body_size = m->body.len;
    x->request.complete = !m->cut;
    return x;
}

static void each_spelling_is_found_and_nothing_else(void **state)
{
    struct redaction *r = redaction_new(names, NAMES, NULL);

    (void)state;
    assert_non_null(r);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct message *m = &requests[i];
        const char *head = m->head_after ? m->head_after : m->head;
        struct exchange *x = exchange_of(m);
        bool changed;

        assert_true(redaction_apply(r, x, NULL) >= 0);
        if (!str_eq(x->request.head, str_of(head)))
            fail_msg("%s: head is %.*s", m->fact, STR_ARG(x->request.head));
        if (!str_eq(x->request.body, str_of(m->body_after)))
            fail_msg("%s: body is %.*s", m->fact, STR_ARG(x->request.body));
        changed = m->head_after || !str_eq(m->body, str_of(m->body_after));
        if (changed && x->redacted.len == 0)
            fail_msg("%s: redacted is \"%.*s\"", m->fact, STR_ARG(x->redacted));
        exchange_free(x);
    }
    redaction_free(r);
}

static void answers_informational_heads_and_trailers_are_blanked_too(void **state)
{
    const char *const answer_names[] = {"x-key", "cookie:sid", "query:token", "x-never"};
    struct redaction *r = redaction_new(answer_names, 4, NULL);
    struct message m = {.head = "GET / HTTP/1.1\r\n\r\n", .body = NO_BODY};
    struct exchange *x = exchange_of(&m);
    const char head[] = "HTTP/1.1 302 X-Key: no\r\nSet-Cookie: sid=SECRET; Path=/; sid=kept\r\n"
                        "Location: /?token=SECRET\r\nX-Key: SECRET\r\n\r\n";
    const char early[] = "HTTP/1.1 103 Early Hints\r\nX-Key: SECRET\r\n\r\n";

    (void)state;
    set_text(x, &x->response.head, head, sizeof head - 1);
    set_text(x, &x->informational, early, sizeof early - 1);
    set_text(x, &x->response.trailers, "X-Key: SECRET\r\n", 15);
    assert_int_equal(redaction_apply(r, x, NULL), 1);
    assert_true(
        str_eq(x->response.head,
               STR("HTTP/1.1 302 X-Key: no\r\nSet-Cookie: sid=REDACTED; Path=/; sid=kept\r\n"
                   "Location: /?token=REDACTED\r\nX-Key: REDACTED\r\n\r\n")));
    assert_true(
        str_eq(x->informational, STR("HTTP/1.1 103 Early Hints\r\nX-Key: REDACTED\r\n\r\n")));
    assert_true(str_eq(x->response.trailers, STR("X-Key: REDACTED\r\n")));
    assert_true(str_eq(x->redacted, STR("x-key\ncookie:sid\nquery:token")));
    assert_int_equal(redaction_hits(r, 0), 1);
    assert_int_equal(redaction_hits(r, 3), 0);
    exchange_free(x);
    redaction_free(r);
}

static void content_whose_first_bytes_are_missing_may_be_json(void **state)
{
    struct redaction *r = redaction_new(names, NAMES, NULL);
    struct message m = {.head = POST "Content-Type: text/plain\r\nContent-Length: 20\r\n\r\n",
                        .body = BODY("d\":\"SECRET\"}"),
                        .cut = true};
    struct exchange *x = exchange_of(&m);

    (void)state;
    x->request.flags = HTTP_GAP;
    x->request.gap_bytes = 20 - m.body.len;
    x->request.body_size = 20;
    assert_int_equal(redaction_apply(r, x, NULL), 1);
    assert_true(str_eq(x->request.body, STR("REDACTED")));
    exchange_free(x);
    redaction_free(r);
}

static void gzip_is_opened_and_kept_open(void **state)
{
    /* {"card":"SECRET"} */
    static const char packed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x4e\x2c\x4a\x51\xb2\x52\x0a\x76\x75"
        "\x0e\x72\x0d\x51\xaa\x05\x00\x25\x0b\xf9\x7e\x11\x00\x00\x00";
    struct redaction *r = redaction_new(names, NAMES, NULL);
    struct message m = {
        .head = JSON "Content-Encoding: gzip\r\nContent-Length: 37\r\n\r\n",
        .body = {packed, sizeof packed - 1},
    };
    struct exchange *x = exchange_of(&m);

    (void)state;
    assert_int_equal(redaction_apply(r, x, NULL), 1);
    assert_true(!str_eq(x->request.body, m.body));
    assert_int_equal(x->request.body_size, x->request.body.len);
    assert_true(str_find(x->request.head, '\0') == x->request.head.len);
    assert_null(strstr(x->request.head.data, "Content-Encoding"));
    assert_null(strstr(x->request.body.data, "SECRET"));
    exchange_free(x);
    redaction_free(r);
}

/* Each of the CRs may have a name behind it: in quadratic time this takes minutes. */
static void a_head_of_line_breaks_takes_no_time(void **state)
{
    enum { BREAKS = 250000 };

    static const char end[] = "authorization: SECRET\r\n\r\n";
    static char head[BREAKS + 64] = POST "X: a";
    char *at = head + strlen(head);
    struct redaction *r = redaction_new(names, NAMES, NULL);
    struct message m = {.head = head};
    struct exchange *x;

    (void)state;
    memset(at, '\r', BREAKS);
    memcpy(at + BREAKS, end, sizeof end);
    x = exchange_of(&m);
    assert_int_equal(redaction_apply(r, x, NULL), 1);
    assert_true(str_eq(x->request.head, STR(POST "X: REDACTED\r\n\r\n")));
    exchange_free(x);
    redaction_free(r);
}

/* A number and `n` blanks, in gzip. */
static struct str packed_blanks(size_t n)
{
    static char out[1 << 19];
    char blanks[4096] = "[1]";
    z_stream z = {.next_out = (unsigned char *)out, .avail_out = sizeof out};

    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    memset(blanks + 3, ' ', sizeof blanks - 3);
    for (size_t done = 0; done < n; done += sizeof blanks) {
        z.next_in = (unsigned char *)blanks, z.avail_in = sizeof blanks;
        assert_int_equal(deflate(&z, Z_NO_FLUSH), Z_OK);
        for (int i = 0; i < 3; i++) /* or it would unpack beyond belief */
            blanks[i] = (done >> (13 + i)) % 2 ? '\n' : '\r';
    }
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return str_from(out, z.total_out);
}

/* Whatever a sender packs, blanking it takes a bounded amount of memory. */
static void what_unpacks_to_too_much_is_blanked_whole(void **state)
{
    struct redaction *r = redaction_new(names, NAMES, NULL);
    struct message m = {.head = JSON "Content-Encoding: gzip\r\n\r\n"};

    (void)state;
    for (int large = 0; large < 2; large++) {
        struct exchange *x;

        m.body = packed_blanks(large ? REDACT_MAX_TEXT + 1 : REDACT_MAX_TEXT / 2);
        x = exchange_of(&m);
        assert_int_equal(redaction_apply(r, x, NULL), large);
        assert_true(str_eq(x->request.body, large ? STR("REDACTED") : m.body));
        exchange_free(x);
    }
    redaction_free(r);
}

static void each_name_that_means_it_was_found(void **state)
{
    const char *const twice[] = {"query:token", "query:Token", "query:token[]", "query:other"};
    struct redaction *r = redaction_new(twice, 4, NULL);
    struct message m = {.head = "GET /?token[]=SECRET HTTP/1.1\r\n\r\n"};
    struct exchange *x = exchange_of(&m);

    (void)state;
    assert_int_equal(redaction_apply(r, x, NULL), 1);
    assert_true(str_eq(x->redacted, STR("query:token\nquery:Token\nquery:token[]")));
    exchange_free(x);
    redaction_free(r);
}

static void a_name_that_is_none_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *name, *why;
    } bad[] = {
        {"", "\"\" is no field name"},
        {"two words", "\"two words\" is no field name"},
        {"cookie:", "\"cookie:\" is no field name"},
        {"$", "column 2: a path is $ and names"},
        {"$.", "column 3: a name is missing"},
        {"$..", "column 4: a name is missing"},
        {"$a", "column 2: a name follows . and an index stands in []"},
        {"$.a[", "column 5: only [N], [*] and ['name'] are understood"},
        {"$.a['b]", "column 6: the quote is not closed"},
        {"$.a[0", "column 6: ] is missing"},
        {"$.a[-1]", "column 5: only [N]"},
        {"$.a[0:2]", "column 5: only [N]"},
        {"$.a[?(@.b)]", "column 5: only [N]"},
        {"$.a.[0]", "column 5: a name is missing"},
        {"$.a b", "column 4: a name follows ."},
        {"$.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.g.h", "16 steps at most"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_null(redaction_new(&bad[i].name, 1, &e));
        assert_int_equal(e.kind, ERR_USAGE);
        if (!strstr(e.text, bad[i].why))
            fail_msg("%s: %s", bad[i].name, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_is_found_and_nothing_else),
        cmocka_unit_test(answers_informational_heads_and_trailers_are_blanked_too),
        cmocka_unit_test(content_whose_first_bytes_are_missing_may_be_json),
        cmocka_unit_test(gzip_is_opened_and_kept_open),
        cmocka_unit_test(a_head_of_line_breaks_takes_no_time),
        cmocka_unit_test(what_unpacks_to_too_much_is_blanked_whole),
        cmocka_unit_test(each_name_that_means_it_was_found),
        cmocka_unit_test(a_name_that_is_none_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/support/dialogue.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/http1.h"

/* A dialogue is a few exchanges and an ending. A shape says what an exchange
 * is like; the rows of `turns_of_phrase` bend it, each by its chance, so that
 * oddities meet in every combination. The rows of `endings` are what a
 * connection does not go on after. */

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tests/support/dialogue: %s\n", what);
    abort();
}

/* ---- what was reached ------------------------------------------------------- */

enum fact {
    ONE_INFORMATIONAL,
    HINTS_TWICE,
    HEAD_WITH_LENGTH,
    HEAD_CHUNKED,
    NO_CONTENT_WITH_LENGTH,
    NOT_MODIFIED_WITH_LENGTH,
    CONNECT_AGREED,
    CONNECT_REFUSED,
    WEBSOCKET,
    H2C,
    UPGRADE_REFUSED,
    CHUNKED_CONTENT,
    LENGTH_AND_CHUNKED,
    CODED_REQUEST,
    CODED_RESPONSE,
    CHUNKED_IN_10,
    EQUAL_LENGTHS,
    OTHER_LENGTHS,
    NO_LENGTH_AT_ALL,
    UNTIL_FIN,
    UNTIL_RESET,
    UNTIL_THE_END,
    NO_CONTENT_ASKED,
    VERSION_09,
    FOLDED,
    BARE_LF,
    TRAILERS,
    EXTENSIONS,
    ODD_CASE,
    TWO_OF_A_NAME,
    PIPELINED,
    EARLY_AND_ON,
    EARLY_AND_OUT,
    CONTINUE_KEPT,
    CONTINUE_REFUSED,
    HOLE_IN_CONTENT,
    HOLE_IN_HEAD,
    HOLE_IN_CHUNKED,
    HOLE_OF_A_MESSAGE,
    LARGE_HEAD,
    MANY_FIELDS,
    MANY_PENDING,
    LARGE_CONTENT,
    FACTS,
};

static const struct {
    unsigned rule; /* as numbered in dialogue.h */
    const char *what;
} facts[FACTS] = {
    [ONE_INFORMATIONAL] = {1, "an informational answer"},
    [HINTS_TWICE] = {1, "103 twice"},
    [HEAD_WITH_LENGTH] = {2, "an answer to HEAD with Content-Length"},
    [HEAD_CHUNKED] = {2, "an answer to HEAD that says chunked"},
    [NO_CONTENT_WITH_LENGTH] = {2, "204 with Content-Length"},
    [NOT_MODIFIED_WITH_LENGTH] = {2, "304 with Content-Length"},
    [CONNECT_AGREED] = {3, "CONNECT agreed to"},
    [CONNECT_REFUSED] = {3, "CONNECT refused"},
    [WEBSOCKET] = {3, "101 to websocket"},
    [H2C] = {3, "101 to h2c"},
    [UPGRADE_REFUSED] = {3, "an upgrade answered by 200"},
    [CHUNKED_CONTENT] = {4, "chunked content"},
    [LENGTH_AND_CHUNKED] = {4, "Content-Length and chunked"},
    [CODED_REQUEST] = {4, "a request coded without chunked"},
    [CODED_RESPONSE] = {4, "an answer coded without chunked"},
    [CHUNKED_IN_10] = {4, "chunked in HTTP/1.0"},
    [EQUAL_LENGTHS] = {5, "equal Content-Lengths"},
    [OTHER_LENGTHS] = {5, "Content-Lengths that differ"},
    [NO_LENGTH_AT_ALL] = {5, "a Content-Length that is no number"},
    [UNTIL_FIN] = {6, "content until FIN"},
    [UNTIL_RESET] = {6, "content until RST"},
    [UNTIL_THE_END] = {6, "content until the capture ends"},
    [NO_CONTENT_ASKED] = {7, "a request without content"},
    [VERSION_09] = {7, "HTTP/0.9"},
    [FOLDED] = {8, "folded lines"},
    [BARE_LF] = {8, "bare LF"},
    [TRAILERS] = {8, "trailers"},
    [EXTENSIONS] = {8, "chunk extensions"},
    [ODD_CASE] = {8, "names in odd case"},
    [TWO_OF_A_NAME] = {8, "fields of one name"},
    [PIPELINED] = {9, "pipelined requests"},
    [EARLY_AND_ON] = {9, "an early answer, the request goes on"},
    [EARLY_AND_OUT] = {9, "an early answer, the request ends"},
    [CONTINUE_KEPT] = {9, "100-continue kept"},
    [CONTINUE_REFUSED] = {9, "100-continue refused"},
    [HOLE_IN_CONTENT] = {10, "a hole in content of known length"},
    [HOLE_IN_HEAD] = {10, "a hole in a head"},
    [HOLE_IN_CHUNKED] = {10, "a hole in chunked content"},
    [HOLE_OF_A_MESSAGE] = {10, "a whole message lost"},
    [LARGE_HEAD] = {11, "a head beyond the ceiling"},
    [MANY_FIELDS] = {11, "more fields than allowed"},
    [MANY_PENDING] = {11, "1024 requests under way"},
    [LARGE_CONTENT] = {11, "content beyond the ceiling"},
};

static uint64_t reached[FACTS];
static uint64_t flagged[32]; /* by bit of enum http_flag: rule 12 */

static void reach(enum fact f)
{
    reached[f]++;
}

static void reach_flags(uint32_t flags)
{
    for (unsigned i = 0; i < 32; i++)
        flagged[i] += flags >> i & 1;
}

/* Of a rule: how often it was reached, and how often each case of it. */
static unsigned print_rule(struct buf *out, unsigned rule, const char *const *names,
                           const uint64_t *times, size_t n)
{
    uint64_t sum = 0;
    unsigned missing = 0;

    for (size_t i = 0; i < n; i++)
        sum += times[i];
    buf_printf(out, NULL, "# rule %u: %llu times:", rule, (unsigned long long)sum);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, NULL, "%s %s %llu", i ? "," : "", names[i], (unsigned long long)times[i]);
        missing += times[i] == 0;
    }
    check(buf_addc(out, '\n', NULL) == 0, "out of memory");
    return missing;
}

/* Flags that depend on the capture and on what other exchanges were, not on
 * what an exchange says. */
#define NOT_OF_DIALOGUES (HTTP_MIDSTREAM | HTTP_AFTER_ANOMALY)

unsigned dialogue_reached(struct buf *out)
{
    enum { LAST_RULE = 12 };
    const char *names[FACTS];
    uint64_t times[FACTS];
    unsigned missing = 0;
    size_t n;

    for (unsigned rule = 1; rule < LAST_RULE; rule++) {
        n = 0;
        for (size_t i = 0; i < FACTS; i++) {
            if (facts[i].rule != rule)
                continue;
            names[n] = facts[i].what;
            times[n++] = reached[i];
        }
        missing += print_rule(out, rule, names, times, n);
    }
    n = 0;
    for (unsigned i = 0; i < 32 && (1u << i) <= HTTP_LAST; i++) {
        if ((1u << i) & NOT_OF_DIALOGUES)
            continue;
        names[n] = http_flag_name(1u << i);
        times[n++] = flagged[i];
    }
    return missing + print_rule(out, LAST_RULE, names, times, n);
}

/* ---- chance ----------------------------------------------------------------- */

static size_t roll(struct dialogue *d, size_t n)
{
    return (size_t)((packets_random(&d->dice) >> 16) % n);
}

static bool chance(struct dialogue *d, unsigned percent)
{
    return roll(d, 100) < percent;
}

static const char *one_of(struct dialogue *d, const char *const *list, size_t n)
{
    return list[roll(d, n)];
}
#define ONE_OF(d, ...)                            \
    one_of(d, (const char *const[]){__VA_ARGS__}, \
           sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

/* ---- turns ------------------------------------------------------------------ */

static void add_turn(struct dialogue *d, enum turn_kind kind, int dir, size_t n)
{
    if (d->turns == d->turn_cap) {
        d->turn_cap = d->turn_cap ? d->turn_cap * 2 : 16;
        d->turn = realloc(d->turn, d->turn_cap * sizeof *d->turn);
        check(d->turn != NULL, "out of memory");
    }
    d->turn[d->turns++] = (struct turn){kind, dir, n};
}

static void append(struct buf *b, const void *bytes, size_t n)
{
    check(buf_append(b, bytes, n, NULL) == 0, "out of memory");
}

static void pass(struct dialogue *d, enum turn_kind kind, int dir, struct str bytes)
{
    struct turn *last = d->turns ? &d->turn[d->turns - 1] : NULL;

    if (bytes.len == 0)
        return;
    append(&d->stream[dir], bytes.data, bytes.len);
    if (last && last->kind == kind && last->dir == dir && kind != TURN_URGENT)
        last->n += bytes.len;
    else
        add_turn(d, kind, dir, bytes.len);
}

static void say(struct dialogue *d, int dir, struct str bytes)
{
    pass(d, TURN_SAY, dir, bytes);
}

/* Will what `dir` says next be in a segment of its own? */
static bool has_the_floor(const struct dialogue *d, int dir)
{
    return d->turns == 0 || d->turn[d->turns - 1].dir != dir;
}

/* ---- messages --------------------------------------------------------------- */

enum framing {
    NOTHING,
    LENGTH,
    LENGTH_TWICE,
    LENGTH_OTHER,
    LENGTH_BAD,
    CHUNKED,
    CHUNKED_LENGTH,
    CODED,
    CLOSE,
};

enum oddity {
    ODD_LF = 1 << 0,
    ODD_FOLD = 1 << 1,
    ODD_NAMES = 1 << 2,
    ODD_TWINS = 1 << 3,
    ODD_TRAILERS = 1 << 4,
    ODD_EXTENSION = 1 << 5,
    ODD_BLANKS = 1 << 6, /* around values, before the end of a chunk's line */
    ODD_FIELD = 1 << 7,  /* a line that is no field */
    ODD_LINE = 1 << 8,   /* a blank in the target */
    ODD_EMPTY = 1 << 9,  /* an empty line in front */
    ODD_MANY = 1 << 10,  /* fields beyond the ceiling */
    ODD_LARGE = 1 << 11, /* content beyond the ceiling */
    ODD_SOME = 1 << 12,  /* content, in any case */
};

struct shape {
    const char *method;
    const char *version[2];
    int status;
    enum framing framing[2];
    unsigned odd[2]; /* enum oddity */
    const char *upgrade;
    unsigned hints;  /* 103 answers */
    bool processing; /* a 102 answer */
    bool expect;     /* waits for 100 */
    bool early;      /* answered when half of it is sent */
};

struct draft {
    struct buf wire;
    size_t head; /* of wire */
    struct buf body, trailers;
    uint32_t flags;
    bool chunked;
    bool until_close;
};

static void draft_init(struct draft *m)
{
    *m = (struct draft){0};
    buf_init(&m->wire, SIZE_MAX / 2);
    buf_init(&m->body, SIZE_MAX / 2);
    buf_init(&m->trailers, SIZE_MAX / 2);
}

static void draft_release(struct draft *m)
{
    buf_release(&m->wire);
    buf_release(&m->body);
    buf_release(&m->trailers);
}

static void end_line(struct dialogue *d, struct draft *m, struct buf *to, unsigned odd)
{
    if ((odd & ODD_LF) && (!(m->flags & HTTP_BARE_LF) || chance(d, 50))) {
        m->flags |= HTTP_BARE_LF;
        append(to, "\n", 1);
    } else {
        append(to, "\r\n", 2);
    }
}

static void put_field_to(struct dialogue *d, struct draft *m, struct buf *to, unsigned odd,
                         const char *name, const char *value)
{
    for (const char *c = name; *c; c++) {
        bool other = (odd & ODD_NAMES) && chance(d, 50);
        char turned = (char)(other ? (isupper((unsigned char)*c) ? tolower((unsigned char)*c)
                                                                 : toupper((unsigned char)*c))
                                   : *c);
        append(to, &turned, 1);
    }
    append(to, ":", 1);
    if (!(odd & ODD_BLANKS) || chance(d, 50))
        append(to, " ", 1);
    append(to, value, strlen(value));
    if ((odd & ODD_BLANKS) && chance(d, 50))
        append(to, " \t", 2);
    end_line(d, m, to, odd);
}

static void put_field(struct dialogue *d, struct draft *m, unsigned odd, const char *name,
                      const char *value)
{
    put_field_to(d, m, &m->wire, odd, name, value);
}

static void put_number(struct dialogue *d, struct draft *m, unsigned odd, size_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%zu", n);
    put_field(d, m, odd, "Content-Length", text);
}

/* Fields that framing has nothing to do with. */
static void put_fillers(struct dialogue *d, struct draft *m, unsigned odd)
{
    static const char *const values[] = {
        "1",        "text/plain", "a, b, c", "\"quoted, colon: and\"", "caf\xc3\xa9 \xff", "",
        "x=1; y=2", "chunked",    "close"};
    size_t n = roll(d, 4);

    for (size_t i = 0; i < n; i++)
        put_field(d, m, odd, ONE_OF(d, "Accept", "X-One", "Cookie", "User-Agent"),
                  d->strict ? "plain" : one_of(d, values, sizeof values / sizeof *values));
    if (odd & ODD_TWINS) {
        reach(TWO_OF_A_NAME);
        put_field(d, m, odd, "X-Twin", "first");
        put_field(d, m, odd, "X-Twin", "second");
    }
    if (odd & ODD_FOLD) {
        reach(FOLDED);
        m->flags |= HTTP_OBS_FOLD;
        put_field(d, m, odd & ~ODD_BLANKS, "X-Folded",
                  ONE_OF(d, "a\r\n b", "\r\n\tb", "a\r\n  \r\n c"));
    }
    if (odd & ODD_FIELD) {
        m->flags |= HTTP_BAD_FIELD;
        append(&m->wire, "no colon here", 13);
        end_line(d, m, &m->wire, odd);
    }
    if (odd & ODD_MANY) {
        reach(MANY_FIELDS);
        m->flags |= HTTP_HEAD_TOO_LARGE;
        for (int i = 0; i < HTTP1_MAX_FIELDS + 1; i++)
            put_field(d, m, 0, "X-Many", "1");
    }
    if (odd & ODD_NAMES)
        reach(ODD_CASE);
}

/* Content of all kinds: text, zeros, noise, and what looks like messages. */
static void make_content(struct dialogue *d, struct draft *m, unsigned odd)
{
    static const char lure[] = "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
                               "GET /lure HTTP/1.1\r\nHost: lure\r\n\r\n0\r\n\r\n";
    size_t n = chance(d, 20) && !(odd & ODD_SOME) ? 0
               : chance(d, 80)                    ? 1 + roll(d, 300)
                                                  : 1 + roll(d, 5000);
    size_t kind = roll(d, 4);

    if (odd & ODD_LARGE)
        n = DIALOGUE_MAX_BODY + 1 + roll(d, 2000);
    for (size_t i = 0; i < n; i++) {
        char c = (char)(kind == 0   ? 'a' + (int)roll(d, 26)
                        : kind == 1 ? 0
                        : kind == 2 ? (int)roll(d, 256) - 128
                                    : lure[i % (sizeof lure - 1)]);
        append(&m->body, &c, 1);
    }
}

static void put_chunk(struct dialogue *d, struct draft *m, unsigned odd, struct str bytes)
{
    int zeros = !d->strict && chance(d, 10) ? 3 : 0;

    check(buf_printf(&m->wire, NULL, chance(d, 50) ? "%.*s%zx" : "%.*s%zX", zeros, "000",
                     bytes.len) == 0,
          "out of memory");
    if (odd & ODD_EXTENSION) {
        const char *extension = ONE_OF(d, ";a", ";name=value", ";q=\"a;b\";c");
        m->flags |= HTTP_CHUNK_EXT;
        append(&m->wire, extension, strlen(extension));
    } else if ((odd & ODD_BLANKS) && chance(d, 30)) {
        append(&m->wire, " ", 1);
    }
    end_line(d, m, &m->wire, odd);
    if (bytes.len == 0)
        return;
    append(&m->wire, bytes.data, bytes.len);
    end_line(d, m, &m->wire, odd);
}

static void put_chunks(struct dialogue *d, struct draft *m, unsigned odd)
{
    struct str rest = buf_str(&m->body);

    reach(CHUNKED_CONTENT);
    if (odd & ODD_EXTENSION)
        reach(EXTENSIONS);
    m->chunked = true;
    while (rest.len) {
        struct str part = str_head(rest, 1 + roll(d, rest.len > 4000 ? rest.len : 400));
        put_chunk(d, m, odd, part);
        rest = str_skip(rest, part.len);
    }
    put_chunk(d, m, odd, (struct str){0});
    if (odd & ODD_TRAILERS) {
        reach(TRAILERS);
        put_field_to(d, m, &m->trailers, odd, "X-Checksum", "abc");
        put_field_to(d, m, &m->trailers, odd, "X-Trailer", "");
        append(&m->wire, m->trailers.data, m->trailers.len);
    }
    end_line(d, m, &m->wire, odd);
}

static const char *const odd_lengths[] = {"+3", "-1", "3x", "0x3", "9223372036854775808", "1 2"};

/* The fields that say how long the content is, and the flags they earn. */
static void put_framing(struct dialogue *d, struct draft *m, enum framing f, unsigned odd,
                        bool in_10)
{
    size_t n = m->body.len;

    switch (f) {
    case NOTHING:
    case CLOSE:
        break;
    case LENGTH_TWICE:
        reach(EQUAL_LENGTHS);
        if (chance(d, 50)) {
            char text[64];
            snprintf(text, sizeof text, "%zu, %zu", n, n);
            put_field(d, m, odd, "Content-Length", text);
            break;
        }
        put_number(d, m, odd, n);
        put_number(d, m, odd, n);
        break;
    case LENGTH:
        put_number(d, m, odd, n);
        break;
    case LENGTH_OTHER:
        reach(OTHER_LENGTHS);
        m->flags |= HTTP_CL_CONFLICT;
        put_number(d, m, odd, n);
        put_number(d, m, odd, n + 1 + roll(d, 9));
        break;
    case LENGTH_BAD:
        reach(NO_LENGTH_AT_ALL);
        m->flags |= HTTP_CL_CONFLICT;
        put_field(d, m, odd, "Content-Length",
                  one_of(d, odd_lengths, sizeof odd_lengths / sizeof *odd_lengths));
        break;
    case CHUNKED_LENGTH:
        reach(LENGTH_AND_CHUNKED);
        m->flags |= HTTP_CL_TE;
        put_number(d, m, odd, roll(d, 100));
        put_field(d, m, odd, "Transfer-Encoding", "chunked");
        break;
    case CHUNKED:
        put_field(d, m, odd, "Transfer-Encoding",
                  d->strict || chance(d, 80) ? "chunked" : ONE_OF(d, "gzip, chunked", "Chunked"));
        break;
    case CODED:
        m->flags |= HTTP_TE_UNKNOWN;
        put_field(d, m, odd, "Transfer-Encoding", "gzip");
        break;
    }
    if (in_10 && f >= CHUNKED && f != CLOSE) {
        reach(CHUNKED_IN_10);
        m->flags |= HTTP_TE_IN_10;
    }
}

static bool has_content(enum framing f)
{
    return f != NOTHING;
}

/* End the head, and put the content behind it as the framing says. */
static void put_content(struct dialogue *d, struct draft *m, enum framing f, unsigned odd)
{
    end_line(d, m, &m->wire, odd);
    m->head = m->wire.len;
    if (f == CHUNKED || f == CHUNKED_LENGTH)
        put_chunks(d, m, odd);
    else if (m->body.len)
        append(&m->wire, m->body.data, m->body.len);
    m->until_close = f == CLOSE || f == CODED;
    if (m->flags & HTTP_BARE_LF)
        reach(BARE_LF);
}

static void draft_request(struct dialogue *d, struct draft *m, const struct shape *s)
{
    unsigned odd = s->odd[0];
    struct buf *w = &m->wire;

    draft_init(m);
    if (has_content(s->framing[0]))
        make_content(d, m, odd);
    else
        reach(NO_CONTENT_ASKED);
    if (strcmp(s->method, "CONNECT") == 0)
        buf_printf(w, NULL, "CONNECT d%u-%zu:443 %s", d->number, d->wants, s->version[0]);
    else
        buf_printf(w, NULL, "%s %s/%u/%zu%s%s %s", s->method,
                   !d->strict && chance(d, 10) ? "http://host" : "", d->number, d->wants,
                   !d->strict && chance(d, 20) ? "?q=%20\xc3\xa9" : "",
                   odd & ODD_LINE ? "/a b" : "", s->version[0]);
    if ((odd & ODD_LINE) && strcmp(s->method, "CONNECT") != 0)
        m->flags |= HTTP_BAD_LINE;
    end_line(d, m, w, odd);
    put_field(d, m, odd, "Host", "host");
    put_fillers(d, m, odd);
    put_framing(d, m, s->framing[0], odd, strcmp(s->version[0], "HTTP/1.0") == 0);
    if (s->expect)
        put_field(d, m, odd, "Expect", "100-continue");
    if (s->upgrade) {
        put_field(d, m, odd, "Connection", "Upgrade");
        put_field(d, m, odd, "Upgrade", s->upgrade);
    }
    put_content(d, m, s->framing[0], odd);
}

/* Answers that end with their head, whatever it says (RFC 9112, 6.3). */
static bool has_no_content(const struct shape *s)
{
    return strcmp(s->method, "HEAD") == 0 || s->status < 200 || s->status == 204 ||
           s->status == 304;
}

static void reach_no_content(const struct shape *s)
{
    bool length = s->framing[1] == LENGTH;

    if (strcmp(s->method, "HEAD") == 0 && length)
        reach(HEAD_WITH_LENGTH);
    if (strcmp(s->method, "HEAD") == 0 && s->framing[1] == CHUNKED)
        reach(HEAD_CHUNKED);
    if (s->status == 204 && length)
        reach(NO_CONTENT_WITH_LENGTH);
    if (s->status == 304 && length)
        reach(NOT_MODIFIED_WITH_LENGTH);
}

static void draft_response(struct dialogue *d, struct draft *m, const struct shape *s)
{
    unsigned odd = s->odd[1];
    struct buf nothing;

    draft_init(m);
    buf_init(&nothing, 0);
    if (has_content(s->framing[1]))
        make_content(d, m, odd);
    buf_printf(&m->wire, NULL, "%s %d%s", s->version[1], s->status,
               d->strict ? " OK" : ONE_OF(d, " OK", " ", "", " \xff\xfe no!"));
    end_line(d, m, &m->wire, odd);
    /* Tells the tests whose answer this is. */
    buf_printf(&m->wire, NULL, "X-Answers: %u/%zu", d->number, d->wants);
    end_line(d, m, &m->wire, odd);
    put_fillers(d, m, odd);
    put_framing(d, m, s->framing[1], odd, strcmp(s->version[1], "HTTP/1.0") == 0);
    if (s->upgrade && s->status == 101) {
        put_field(d, m, odd, "Connection", "Upgrade");
        put_field(d, m, odd, "Upgrade", s->upgrade);
    }
    if (has_no_content(s)) {
        reach_no_content(s);
        buf_release(&m->body);
        m->body = nothing;
        put_content(d, m, NOTHING, odd);
    } else {
        put_content(d, m, s->framing[1], odd);
    }
}

/* ---- what is wanted --------------------------------------------------------- */

/* The next call may move what the last one returned. */
static struct wanted *add_wanted(struct dialogue *d)
{
    struct wanted *w;

    if (d->wants == d->want_cap) {
        d->want_cap = d->want_cap ? d->want_cap * 2 : 8;
        d->want = realloc(d->want, d->want_cap * sizeof *d->want);
        check(d->want != NULL, "out of memory");
    }
    w = &d->want[d->wants++];
    *w = (struct wanted){.x = exchange_new(SIZE_MAX, NULL)};
    check(w->x != NULL, "out of memory");
    w->x->connection = d->number;
    return w;
}

static struct str keep(struct wanted *w, struct str s)
{
    struct str copy = {0};

    check(arena_dup(&w->x->mem, s, &copy, NULL) == 0, "out of memory");
    return copy;
}

static void want_message(struct wanted *w, struct http_message *m, const struct draft *from)
{
    m->head = keep(w, str_head(buf_str(&from->wire), from->head));
    m->body = keep(w, str_head(buf_str(&from->body), DIALOGUE_MAX_BODY));
    m->trailers = keep(w, buf_str(&from->trailers));
    m->body_size = from->body.len;
    m->flags |= from->flags;
    m->chunked = from->chunked;
    m->complete = true;
    if (m->body_size > m->body.len) {
        reach(LARGE_CONTENT);
        m->flags |= HTTP_TRUNCATED;
        m->body_hash = XXH64(from->body.data, from->body.len, 0);
        m->complete = false;
    }
}

static void cut_message(struct http_message *m, uint32_t flags)
{
    m->flags |= flags;
    m->complete = false;
}

/* Begin the next exchange: its request is about to be sent. */
static struct wanted *begin_wanted(struct dialogue *d, const struct draft *request)
{
    struct wanted *w = add_wanted(d);

    w->begins = has_the_floor(d, 0);
    w->from[0] = w->to[0] = d->stream[0].len;
    w->from[1] = w->to[1] = SIZE_MAX; /* nothing yet */
    want_message(w, &w->x->request, request);
    return w;
}

static void answer_begins(struct dialogue *d, struct wanted *w)
{
    if (w->from[1] == SIZE_MAX)
        w->from[1] = d->stream[1].len;
}

static void note_ends(struct dialogue *d, struct wanted *w)
{
    w->to[0] = d->stream[0].len;
    if (w->from[1] != SIZE_MAX)
        w->to[1] = d->stream[1].len;
}

static void say_informational(struct dialogue *d, struct wanted *w, int status)
{
    struct buf b;
    struct str before = w->x->informational;
    char *all = arena_alloc(&w->x->mem, before.len + 256, NULL);

    check(all != NULL, "out of memory");
    buf_init(&b, 256);
    buf_printf(&b, NULL, "HTTP/1.1 %d Wait\r\n%s\r\n", status,
               status == 103 ? "Link: </a.css>; rel=preload\r\n" : "");
    answer_begins(d, w);
    say(d, 1, buf_str(&b));
    if (before.len)
        memcpy(all, before.data, before.len);
    memcpy(all + before.len, b.data, b.len);
    w->x->informational = str_from(all, before.len + b.len);
    buf_release(&b);
}

/* ---- shapes ----------------------------------------------------------------- */

static bool may_have_content(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           strcmp(method, "CONNECT") != 0;
}

static void bend_hints(struct dialogue *d, struct shape *s)
{
    s->hints = 1 + (unsigned)roll(d, 3);
}

static void bend_processing(struct dialogue *d, struct shape *s)
{
    (void)d;
    s->processing = true;
}

static void bend_head(struct dialogue *d, struct shape *s)
{
    (void)d;
    s->method = "HEAD";
    s->framing[0] = NOTHING;
}

static void bend_empty_status(struct dialogue *d, struct shape *s)
{
    s->status = chance(d, 50) ? 204 : 304;
    s->framing[1] = chance(d, 70) ? LENGTH : NOTHING;
}

static void bend_connect_refused(struct dialogue *d, struct shape *s)
{
    reach(CONNECT_REFUSED);
    s->method = "CONNECT";
    s->framing[0] = NOTHING;
    s->status = chance(d, 50) ? 405 : 502;
    s->framing[1] = LENGTH;
}

static void bend_upgrade_refused(struct dialogue *d, struct shape *s)
{
    reach(UPGRADE_REFUSED);
    s->upgrade = ONE_OF(d, "websocket", "h2c", "TLS/1.0");
    s->status = 200;
}

static void bend_method(struct dialogue *d, struct shape *s)
{
    s->method = ONE_OF(d, "QUERY", "PURGE", "x-own", "!#$%&'*+-.^_`|~9", "PROPFIND");
}

static void bend_chunked(struct dialogue *d, struct shape *s)
{
    int side = may_have_content(s->method) && chance(d, 50) ? 0 : 1;

    s->framing[side] = CHUNKED;
    if (chance(d, 30))
        s->odd[side] |= ODD_TRAILERS;
    if (chance(d, 30))
        s->odd[side] |= ODD_EXTENSION;
}

static void bend_both(struct dialogue *d, struct shape *s)
{
    s->framing[may_have_content(s->method) && chance(d, 50) ? 0 : 1] = CHUNKED_LENGTH;
}

static void bend_equal_lengths(struct dialogue *d, struct shape *s)
{
    s->framing[may_have_content(s->method) && chance(d, 50) ? 0 : 1] = LENGTH_TWICE;
}

static void bend_version(struct dialogue *d, struct shape *s)
{
    s->version[roll(d, 2)] = "HTTP/1.0";
}

static void bend_expect(struct dialogue *d, struct shape *s)
{
    if (!may_have_content(s->method))
        s->method = "PUT";
    s->framing[0] = chance(d, 50) ? LENGTH : CHUNKED;
    s->expect = true;
}

static void bend_early(struct dialogue *d, struct shape *s)
{
    bend_expect(d, s);
    s->expect = false;
    s->early = true;
    s->status = 413;
}

static void bend_odd(struct dialogue *d, struct shape *s)
{
    unsigned all = ODD_LF | ODD_FOLD | ODD_NAMES | ODD_TWINS | ODD_BLANKS | ODD_FIELD;

    s->odd[0] |= (unsigned)roll(d, all + 1) & all;
    s->odd[1] |= (unsigned)roll(d, all + 1) & all;
    if (chance(d, 20))
        s->odd[0] |= ODD_LINE;
    if (chance(d, 30))
        s->odd[0] |= ODD_EMPTY;
}

static void bend_plain_odd(struct dialogue *d, struct shape *s)
{
    for (int side = 0; side < 2; side++)
        s->odd[side] |= (unsigned)roll(d, 16) * ODD_NAMES & (ODD_NAMES | ODD_TWINS | ODD_TRAILERS);
}

static void bend_large(struct dialogue *d, struct shape *s)
{
    if (may_have_content(s->method) && chance(d, 50))
        s->framing[0] = LENGTH, s->odd[0] |= ODD_LARGE;
    else
        s->framing[1] = chance(d, 50) ? LENGTH : CHUNKED, s->odd[1] |= ODD_LARGE;
}

static void bend_many_fields(struct dialogue *d, struct shape *s)
{
    s->odd[roll(d, 2)] |= ODD_MANY;
}

static const struct turn_of_phrase {
    unsigned percent;
    bool strict; /* nobody finds it odd */
    void (*bend)(struct dialogue *d, struct shape *s);
} turns_of_phrase[] = {
    {12, true, bend_hints},
    {5, true, bend_processing},
    {10, true, bend_head},
    {10, true, bend_empty_status},
    {8, false, bend_method},
    {25, true, bend_chunked},
    {5, false, bend_both},
    {5, false, bend_equal_lengths},
    {8, false, bend_version},
    {8, true, bend_expect},
    {6, true, bend_early},
    {15, false, bend_odd},
    {20, true, bend_plain_odd},
    {5, false, bend_connect_refused},
    {4, false, bend_upgrade_refused},
    {1, false, bend_large},
    {1, false, bend_many_fields},
};

static void make_shape(struct dialogue *d, struct shape *s)
{
    static const int statuses[] = {200, 200, 200, 201, 404, 500, 302, 206};

    *s = (struct shape){
        .method = ONE_OF(d, "GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"),
        .version = {"HTTP/1.1", "HTTP/1.1"},
        .status = statuses[roll(d, sizeof statuses / sizeof *statuses)],
        .framing = {NOTHING, LENGTH},
    };
    if (may_have_content(s->method) && chance(d, 80))
        s->framing[0] = LENGTH;
    for (size_t i = 0; i < sizeof turns_of_phrase / sizeof *turns_of_phrase; i++) {
        const struct turn_of_phrase *t = &turns_of_phrase[i];
        if ((t->strict || !d->strict) && chance(d, t->percent))
            t->bend(d, s);
    }
    if (!may_have_content(s->method))
        s->framing[0] = NOTHING, s->expect = s->early = false;
    if (strcmp(s->method, "CONNECT") == 0 && s->status < 400)
        s->status = 405;
    if (d->strict && (s->status == 204 || s->status == 304))
        s->framing[1] = NOTHING; /* RFC 9110, 8.6 and RFC 9112, 6.1 */
    if (s->framing[1] == NOTHING && !has_no_content(s))
        s->framing[1] = LENGTH; /* or it ends with the connection */
}

/* ---- exchanges -------------------------------------------------------------- */

/* Say content in the middle of which TCP does something odd. */
static void say_with_mishap(struct dialogue *d, int dir, struct wanted *w, const struct draft *m)
{
    struct http_message *of = dir ? &w->x->response : &w->x->request;
    size_t middle = m->head + (m->wire.len - m->head) / 2;
    struct str all = buf_str(&m->wire);

    bool conflict = has_the_floor(d, dir) && chance(d, 50);

    say(d, dir, str_head(all, middle));
    if (!conflict) {
        of->flags |= HTTP_URGENT;
        d->urgent = true;
        pass(d, TURN_URGENT, dir, STR("!"));
    } else {
        of->flags |= HTTP_OVERLAP_CONFLICT;
        d->in_order = true;
        add_turn(d, TURN_REPEAT, dir, 0);
    }
    say(d, dir, str_skip(all, middle));
}

static void say_request(struct dialogue *d, struct wanted *w, const struct draft *m,
                        const struct shape *s)
{
    size_t middle = m->head + (m->wire.len - m->head) / 2;
    struct str all = buf_str(&m->wire);

    if (s->odd[0] & ODD_EMPTY) {
        say(d, 0, STR("\r\n"));
        w->from[0] = d->stream[0].len;
    }
    if (s->expect) {
        reach(CONTINUE_KEPT);
        say(d, 0, str_head(all, m->head));
        say_informational(d, w, 100);
        say(d, 0, str_skip(all, m->head));
    } else if (!d->strict && m->body.len > 8 && !s->early && chance(d, 4)) {
        say_with_mishap(d, 0, w, m);
    } else if (!s->early) {
        say(d, 0, all);
    } else {
        say(d, 0, str_head(all, middle));
    }
}

static void say_response(struct dialogue *d, struct wanted *w, const struct draft *m,
                         const struct shape *s)
{
    for (unsigned i = 0; i < s->hints; i++) {
        say_informational(d, w, 103);
        reach(ONE_INFORMATIONAL);
    }
    if (s->hints > 1)
        reach(HINTS_TWICE);
    if (s->processing)
        say_informational(d, w, 102);
    answer_begins(d, w);
    want_message(w, &w->x->response, m);
    if (!d->strict && m->wire.len > m->head + 8 && !m->chunked && chance(d, 4))
        say_with_mishap(d, 1, w, m);
    else
        say(d, 1, buf_str(&m->wire));
}

/* One request and its answer, in turns. */
static void say_exchange(struct dialogue *d)
{
    struct draft request, response;
    struct wanted *w;
    struct shape s;

    make_shape(d, &s);
    draft_response(d, &response, &s);
    draft_request(d, &request, &s);
    w = begin_wanted(d, &request);
    say_request(d, w, &request, &s);
    say_response(d, w, &response, &s);
    if (s.early && request.wire.len > request.head) {
        reach(EARLY_AND_ON);
        w->x->response.flags |= HTTP_EARLY_RESPONSE;
    }
    if (s.early)
        say(d, 0,
            str_skip(buf_str(&request.wire), request.head + (request.wire.len - request.head) / 2));
    note_ends(d, w);
    draft_release(&request);
    draft_release(&response);
}

/* Several requests, then their answers. */
static void say_pipeline(struct dialogue *d, size_t n)
{
    enum { MOST = 8 };
    struct draft response[MOST];
    struct shape shape[MOST];
    size_t first = d->wants;

    check(n <= MOST, "too long a pipeline");
    for (size_t i = 0; i < n; i++) {
        struct draft request;
        struct wanted *w;
        make_shape(d, &shape[i]);
        shape[i].expect = shape[i].early = false;
        draft_response(d, &response[i], &shape[i]);
        draft_request(d, &request, &shape[i]);
        w = begin_wanted(d, &request);
        say_request(d, w, &request, &shape[i]);
        note_ends(d, w);
        w->pipelined = true;
        draft_release(&request);
    }
    reach(PIPELINED);
    for (size_t i = 0; i < n; i++) {
        struct wanted *w = &d->want[first + i];
        size_t end = w->to[0];
        say_response(d, w, &response[i], &shape[i]);
        note_ends(d, w);
        w->to[0] = end;
        draft_release(&response[i]);
    }
}

/* ---- holes ------------------------------------------------------------------ */

static void say_but(struct dialogue *d, int dir, struct str all, size_t from, size_t n)
{
    say(d, dir, str_head(all, from));
    pass(d, TURN_LOSE, dir, str_head(str_skip(all, from), n));
    say(d, dir, str_skip(all, from + n));
}

/* Content of known length with a hole: what is missing is known to the byte. */
static void want_hole(struct wanted *w, struct http_message *m, const struct draft *from, size_t at,
                      size_t n)
{
    char *body = arena_alloc(&w->x->mem, from->body.len, NULL);

    check(body != NULL, "out of memory");
    at -= from->head;
    memcpy(body, from->body.data, at);
    memcpy(body + at, from->body.data + at + n, from->body.len - at - n);
    m->body = str_from(body, from->body.len - n);
    m->gap_bytes = n;
    cut_message(m, HTTP_GAP);
}

static void hole_in_message(struct dialogue *d, int dir, struct wanted *w, const struct draft *m,
                            bool known)
{
    struct str all = buf_str(&m->wire);
    size_t content = all.len - m->head;
    size_t from, n;

    if (content < 8 || chance(d, 30)) {
        reach(HOLE_IN_HEAD);
        w->verdict = WANT_BROKEN;
        from = roll(d, m->head - 2);
        n = 1 + roll(d, m->head - from - 1);
    } else {
        reach(known ? HOLE_IN_CONTENT : HOLE_IN_CHUNKED);
        from = m->head + roll(d, content - 2);
        n = 1 + roll(d, all.len - from - 1);
        if (known)
            want_hole(w, dir ? &w->x->response : &w->x->request, m, from, n);
        else
            w->verdict = WANT_BROKEN;
    }
    if (w->verdict == WANT_BROKEN && chance(d, 30)) {
        reach(HOLE_OF_A_MESSAGE);
        from = 0;
        n = all.len;
    }
    say_but(d, dir, all, from, n);
}

/* A clean exchange, but that part of one of its messages was not captured. */
static void say_damaged_exchange(struct dialogue *d)
{
    int dir = (int)roll(d, 2);
    struct shape s = {
        .method = "PUT",
        .version = {"HTTP/1.1", "HTTP/1.1"},
        .status = 200,
        .framing = {chance(d, 50) ? LENGTH : CHUNKED, chance(d, 50) ? LENGTH : CHUNKED},
    };
    struct draft m[2];
    struct wanted *w;

    draft_response(d, &m[1], &s);
    draft_request(d, &m[0], &s);
    w = begin_wanted(d, &m[0]);
    want_message(w, &w->x->response, &m[1]);
    for (int side = 0; side < 2; side++) {
        if (side == 1)
            answer_begins(d, w);
        if (side == dir)
            hole_in_message(d, side, w, &m[side], s.framing[side] == LENGTH);
        else
            say(d, side, buf_str(&m[side].wire));
    }
    note_ends(d, w);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

/* ---- endings ---------------------------------------------------------------- */

static void close_both(struct dialogue *d)
{
    add_turn(d, TURN_FIN, 1, 0);
    add_turn(d, TURN_FIN, 0, 0);
}

static void end_in_order(struct dialogue *d)
{
    int first = (int)roll(d, 2);

    add_turn(d, TURN_FIN, first, 0);
    add_turn(d, TURN_FIN, !first, 0);
}

static void end_reset(struct dialogue *d)
{
    add_turn(d, TURN_RESET, (int)roll(d, 2), 0);
}

static void end_open(struct dialogue *d)
{
    (void)d;
}

/* Make both messages and send the request. */
static struct wanted *last_request(struct dialogue *d, const struct shape *s, struct draft m[2])
{
    struct wanted *w;

    draft_response(d, &m[1], s);
    draft_request(d, &m[0], s);
    w = begin_wanted(d, &m[0]);
    say(d, 0, buf_str(&m[0].wire));
    return w;
}

static void last_answer(struct dialogue *d, struct wanted *w, const struct draft m[2])
{
    answer_begins(d, w);
    want_message(w, &w->x->response, &m[1]);
    say(d, 1, buf_str(&m[1].wire));
    note_ends(d, w);
}

static const struct shape plain = {
    .method = "GET",
    .version = {"HTTP/1.1", "HTTP/1.1"},
    .status = 200,
    .framing = {NOTHING, LENGTH},
};

static void end_until_close(struct dialogue *d)
{
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;

    s.framing[1] = !d->strict && chance(d, 25) ? CODED : CLOSE;
    if (s.framing[1] == CODED)
        reach(CODED_RESPONSE);
    w = last_request(d, &s, m);
    last_answer(d, w, m);
    switch (d->strict ? 0 : roll(d, 3)) {
    case 0:
        reach(UNTIL_FIN);
        w->until_fin = true;
        close_both(d);
        break;
    case 1:
        reach(UNTIL_RESET);
        cut_message(&w->x->response, HTTP_RESET);
        add_turn(d, TURN_RESET, 1, 0);
        break;
    default:
        reach(UNTIL_THE_END);
        cut_message(&w->x->response, HTTP_CUT);
        break;
    }
    draft_release(&m[0]);
    draft_release(&m[1]);
}

/* What goes through a tunnel, by both. */
static void say_tunnel(struct dialogue *d, struct wanted *w, const char *first)
{
    struct draft m;
    size_t n = 0;

    w->x->tunnel = true;
    if (first) {
        say(d, 0, str_of(first));
        n = strlen(first);
    }
    for (int i = 0; i < 4; i++) {
        draft_init(&m);
        make_content(d, &m, 0);
        say(d, i % 2, buf_str(&m.body));
        n += m.body.len;
        draft_release(&m);
    }
    w->x->tunnel_bytes = n;
    note_ends(d, w);
    if (chance(d, 70))
        close_both(d);
}

static void end_connect(struct dialogue *d)
{
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;

    reach(CONNECT_AGREED);
    s.method = "CONNECT";
    s.framing[1] = NOTHING;
    w = last_request(d, &s, m);
    last_answer(d, w, m);
    say_tunnel(d, w, NULL);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

static void end_upgrade(struct dialogue *d)
{
    bool h2c = chance(d, 50);
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;

    reach(h2c ? H2C : WEBSOCKET);
    s.upgrade = h2c ? "h2c" : "websocket";
    s.status = 101;
    s.framing[1] = NOTHING;
    w = last_request(d, &s, m);
    last_answer(d, w, m);
    say_tunnel(d, w, h2c ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : NULL);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

/* A message that cannot be framed: what follows is nobody's to know. */
static void end_unframable(struct dialogue *d)
{
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;
    int side = (int)roll(d, 2);

    s.method = "POST";
    s.framing[side] = chance(d, 50) ? LENGTH_OTHER : LENGTH_BAD;
    if (side == 0 && chance(d, 40)) {
        reach(CODED_REQUEST);
        s.framing[0] = CODED;
    }
    w = last_request(d, &s, m);
    w->verdict = WANT_MARKED;
    last_answer(d, w, m);
    cut_message(side ? &w->x->response : &w->x->request, 0);
    close_both(d);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

static void end_09(struct dialogue *d)
{
    struct draft m[2];
    struct wanted *w;

    reach(VERSION_09);
    draft_response(d, &m[1], &plain);
    draft_init(&m[0]);
    buf_printf(&m[0].wire, NULL, "GET /%u/%zu\r\n", d->number, d->wants);
    m[0].head = m[0].wire.len;
    m[0].flags = HTTP_09;
    w = begin_wanted(d, &m[0]);
    say(d, 0, buf_str(&m[0].wire));
    last_answer(d, w, m);
    close_both(d);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

/* The server answers before it has the content, and the client gives up. */
static void end_early(struct dialogue *d)
{
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;
    size_t part;

    s.method = "POST";
    s.status = chance(d, 50) ? 417 : 413;
    s.framing[0] = LENGTH;
    s.odd[0] = ODD_SOME;
    s.expect = s.status == 417;
    reach(s.expect ? CONTINUE_REFUSED : EARLY_AND_OUT);
    draft_response(d, &m[1], &s);
    draft_request(d, &m[0], &s);
    part = s.expect ? 0 : m[0].body.len / 2;
    w = begin_wanted(d, &m[0]);
    w->x->request.body.len = w->x->request.body_size = part;
    cut_message(&w->x->request, HTTP_CUT);
    say(d, 0, str_head(buf_str(&m[0].wire), m[0].head + part));
    w->x->response.flags = HTTP_EARLY_RESPONSE;
    last_answer(d, w, m);
    close_both(d);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

static void end_unanswered(struct dialogue *d)
{
    struct shape s;
    struct draft m[2];
    struct wanted *w;

    make_shape(d, &s);
    w = last_request(d, &s, m);
    note_ends(d, w);
    if (chance(d, 50)) {
        add_turn(d, TURN_RESET, 1, 0);
        w->x->response.flags = HTTP_RESET;
    }
    draft_release(&m[0]);
    draft_release(&m[1]);
}

static void end_bad_chunk(struct dialogue *d)
{
    struct shape s = plain;
    struct draft m[2];
    struct wanted *w;

    s.framing[1] = CHUNKED;
    w = last_request(d, &s, m);
    w->verdict = WANT_MARKED;
    draft_release(&m[1]);
    draft_init(&m[1]);
    buf_printf(&m[1].wire, NULL, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    m[1].head = m[1].wire.len;
    buf_printf(&m[1].wire, NULL, "%s\r\nabc\r\n0\r\n\r\n",
               ONE_OF(d, "-3", "g", "10000000000000003", "3 x", "2", ""));
    m[1].flags = HTTP_BAD_CHUNK;
    last_answer(d, w, m);
    cut_message(&w->x->response, 0);
    close_both(d);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

static void end_large_head(struct dialogue *d)
{
    struct draft m[2];
    struct wanted *w;

    reach(LARGE_HEAD);
    draft_response(d, &m[1], &plain);
    draft_init(&m[0]);
    buf_printf(&m[0].wire, NULL, "GET /%u/%zu HTTP/1.1\r\nX-Large: ", d->number, d->wants);
    while (m[0].wire.len < HTTP1_MAX_HEAD + 1000)
        append(&m[0].wire, "0123456789abcdef", 16);
    append(&m[0].wire, "\r\n\r\n", 4);
    m[0].head = m[0].wire.len;
    m[0].flags = HTTP_HEAD_TOO_LARGE;
    w = begin_wanted(d, &m[0]);
    w->verdict = WANT_MARKED;
    cut_message(&w->x->request, 0);
    say(d, 0, buf_str(&m[0].wire));
    last_answer(d, w, m);
    close_both(d);
    draft_release(&m[0]);
    draft_release(&m[1]);
}

/* As many requests under way as a recorder must bear, then their answers. */
static void end_many_pending(struct dialogue *d)
{
    enum { MANY = 1024 };
    size_t first = d->wants;

    reach(MANY_PENDING);
    for (int i = 0; i < MANY; i++) {
        struct draft request;
        struct wanted *w;
        draft_init(&request);
        buf_printf(&request.wire, NULL, "GET /%u/%zu HTTP/1.1\r\n\r\n", d->number, d->wants);
        request.head = request.wire.len;
        w = begin_wanted(d, &request);
        w->pipelined = true;
        say(d, 0, buf_str(&request.wire));
        note_ends(d, w);
        draft_release(&request);
    }
    for (size_t i = first; i < first + MANY; i++) {
        struct draft response;
        struct wanted *w = &d->want[i];
        size_t end = w->to[0];
        draft_init(&response);
        buf_printf(&response.wire, NULL,
                   "HTTP/1.1 200 OK\r\nX-Answers: %u/%zu\r\nContent-Length: 0\r\n\r\n", d->number,
                   i);
        response.head = response.wire.len;
        answer_begins(d, w);
        want_message(w, &w->x->response, &response);
        say(d, 1, buf_str(&response.wire));
        note_ends(d, w);
        w->to[0] = end;
        draft_release(&response);
    }
}

static const struct ending {
    unsigned weight;
    bool strict;
    void (*end)(struct dialogue *d);
} endings[] = {
    {30, true, end_in_order},     {10, false, end_reset},    {10, true, end_open},
    {12, true, end_until_close},  {6, false, end_connect},   {8, false, end_upgrade},
    {10, false, end_unframable},  {3, false, end_09},        {6, false, end_early},
    {5, false, end_unanswered},   {4, false, end_bad_chunk}, {1, false, end_large_head},
    {1, false, end_many_pending},
};

static void make_ending(struct dialogue *d)
{
    unsigned total = 0, at;

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        total += endings[i].strict || !d->strict ? endings[i].weight : 0;
    at = (unsigned)roll(d, total);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        unsigned weight = endings[i].strict || !d->strict ? endings[i].weight : 0;
        if (at < weight) {
            endings[i].end(d);
            return;
        }
        at -= weight;
    }
}

bool dialogue_stands_out(const struct exchange *x)
{
    struct http_request_line line;

    return http_request_line(x->request.head, &line) && line.version.len > 0 &&
           http_is_known_method(line.method);
}

static void open_behind_holes(struct dialogue *d)
{
    bool pipelined = false, broken = false;

    for (size_t i = 0; i < d->wants; i++)
        pipelined |= d->want[i].pipelined;
    for (size_t i = 0; i < d->wants; i++) {
        struct wanted *w = &d->want[i];
        bool open = pipelined || !dialogue_stands_out(w->x) || w->x->response.head.len == 0;
        if (broken && open)
            w->verdict = w->verdict == WANT_EXACTLY  ? WANT_OPEN
                         : w->verdict == WANT_MARKED ? WANT_UNSURE
                                                     : w->verdict;
        broken |= w->verdict == WANT_BROKEN;
    }
}

/* ---- the whole -------------------------------------------------------------- */

void dialogue_make(struct dialogue *d, unsigned number, bool strict)
{
    size_t n;

    *d = (struct dialogue){.number = number, .strict = strict};
    d->dice = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    buf_init(&d->stream[0], SIZE_MAX / 2);
    buf_init(&d->stream[1], SIZE_MAX / 2);
    n = roll(d, 5);
    for (size_t i = 0; i < n; i++) {
        size_t how = roll(d, 100);
        if (how < 20)
            say_pipeline(d, 2 + roll(d, 4));
        else if (how < 32 && !strict)
            say_damaged_exchange(d);
        else
            say_exchange(d);
    }
    make_ending(d);
    open_behind_holes(d);
    for (size_t i = 0; i < d->wants; i++)
        reach_flags(d->want[i].x->request.flags | d->want[i].x->response.flags);
}

void dialogue_release(struct dialogue *d)
{
    for (size_t i = 0; i < d->wants; i++)
        exchange_free(d->want[i].x);
    free(d->want);
    free(d->turn);
    buf_release(&d->stream[0]);
    buf_release(&d->stream[1]);
    *d = (struct dialogue){0};
}

/* ---- an exchange as text ---------------------------------------------------- */

static void print_bytes(struct buf *out, const char *name, struct str s)
{
    enum { SHOWN = 400 };
    struct str shown = str_head(s, SHOWN);

    if (s.len == 0)
        return;
    buf_printf(out, NULL, " %s=", name);
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char c = (unsigned char)shown.data[i];
        if (c == '\r' || c == '\n')
            buf_printf(out, NULL, "\\%c", c == '\r' ? 'r' : 'n');
        else if (isgraph(c) && c != '\\')
            buf_addc(out, (char)c, NULL);
        else
            buf_printf(out, NULL, "\\x%02x", c);
    }
    if (s.len > SHOWN)
        buf_printf(out, NULL, "...%zu:%016llx", s.len,
                   (unsigned long long)XXH3_64bits(s.data, s.len));
}

static void print_message(struct buf *out, const char *name, const struct http_message *m,
                          uint32_t ignored)
{
    buf_printf(out, NULL, " [%s", name);
    print_bytes(out, "head", m->head);
    print_bytes(out, "body", m->body);
    print_bytes(out, "trailers", m->trailers);
    buf_printf(out, NULL, " size=%llu gap=%llu hash=%llx%s%s", (unsigned long long)m->body_size,
               (unsigned long long)m->gap_bytes, (unsigned long long)m->body_hash,
               m->complete ? " complete" : "", m->chunked ? " chunked" : "");
    for (uint32_t bit = 1; bit <= HTTP_LAST; bit <<= 1) {
        if (m->flags & bit & ~(ignored | HTTP_AFTER_ANOMALY))
            buf_printf(out, NULL, " %s", http_flag_name(bit));
    }
    buf_addc(out, ']', NULL);
}

void dialogue_print(struct buf *out, const struct exchange *x, uint32_t ignored)
{
    print_message(out, "request", &x->request, ignored);
    print_bytes(out, "informational", x->informational);
    print_message(out, "response", &x->response, ignored);
    if (x->tunnel)
        buf_printf(out, NULL, " tunnel=%llu", (unsigned long long)x->tunnel_bytes);
    check(buf_addc(out, '\n', NULL) == 0, "out of memory");
}

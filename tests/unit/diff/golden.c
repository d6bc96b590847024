/* Whole reports: pairs in, the smaller formats out, byte for byte.
 *
 * The expected reports are tests/golden/diff/CASE/report.txt, .json and so on;
 * GOLDEN_UPDATE=1 writes them anew. Each case runs with one comparer and with
 * four, which must not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/diff.h"
#include "tests/support/pairs.h"

#define META(control)                                                                           \
    "{\"schema\":\"mirrorctl.result/1\",\"tool\":\"mirrorctl 0.1.0\",\"file\":\"movies.mrec\"," \
    "\"targets\":{\"v1\":\"http://127.0.0.1:8081\",\"v2\":\"http://127.0.0.1:8082\"},"          \
    "\"percent\":100,\"seed\":\"mirrorctl/v1\",\"control\":\"" control "\","                    \
    "\"names\":[\"v1\",\"v2\",\"control\"],\"started\":\"2026-11-22T20:10:00Z\"}"
#define STATS(n)                                                                              \
    "{\"accounting\":{\"recorded\":" n ",\"eligible\":" n ",\"selected\":" n ",\"paired\":" n \
    "},\"ended\":\"2026-11-22T20:10:05Z\"}"

struct golden {
    const char *name;
    struct pair *(*make)(size_t i, struct err *e);
    const char *meta, *stats; /* NULL: none */
    enum verdict verdict;
    unsigned width;
    bool ascii;
};

#define JSON "Content-Type: application/json\r\n"
#define SAME "Date: Sun, 22 Nov 2026 20:10:00 GMT\r\n"

static struct str text(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static struct str text(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return str_from(buf, (size_t)n);
}

/* ---- the movies service, with its three planted differences ---- */

static struct pair *greeting(size_t i, struct err *e)
{
    struct pair *p = pair_request(i + 1, "GET /", e);
    char a[64], b[64], c[64];

    pair_answer(p, PAIR_V1, 200, "Server: v1\r\nContent-Type: text/plain\r\n",
                text(a, sizeof a, "movies, at %zu.1\n", i), 900, e);
    pair_answer(p, PAIR_V2, 200, "Server: v2\r\nContent-Type: text/plain\r\n",
                text(b, sizeof b, "movies, at %zu.2\n", i), 910, e);
    pair_answer(p, PAIR_CONTROL, 200, "Server: v1\r\nContent-Type: text/plain\r\n",
                text(c, sizeof c, "movies, at %zu.3\n", i), 890, e);
    return p;
}

static struct pair *all_movies(size_t i, struct err *e)
{
    struct pair *p = pair_request(i + 1, "GET /movies?page=1", e);
    struct str list = STR("[{\"id\":1},{\"id\":2}]");

    pair_answer(p, PAIR_V1, 200, JSON "Server: v1\r\n", list, 1200 + (int64_t)i, e);
    pair_answer(p, PAIR_V2, 200, JSON "Server: v2\r\n", list, 15000 + (int64_t)i, e);
    pair_answer(p, PAIR_CONTROL, 200, JSON "Server: v1\r\n", list, 1190 + (int64_t)i, e);
    return p;
}

static struct pair *one_movie(size_t i, struct err *e)
{
    char target[64], a[256], b[256];
    struct pair *p;
    struct str v1, v2;

    text(target, sizeof target, "GET /movies/%zu", i % 7 + 1);
    v1 = text(a, sizeof a, "{\"id\":%zu,\"title\":\"Metropolis\",\"rating\":8.30}", i % 7 + 1);
    v2 = text(b, sizeof b, "{\"id\":%zu,\"title\":\"Metropolis\",\"score\":8.30}", i % 7 + 1);
    p = pair_request(i + 1, target, e);
    pair_answer(p, PAIR_V1, 200, JSON "Server: v1\r\n", v1, 1000, e);
    pair_answer(p, PAIR_V2, 200, JSON "Server: v2\r\n", v2, 1010, e);
    pair_answer(p, PAIR_CONTROL, 200, JSON "Server: v1\r\n", v1, 1005, e);
    return p;
}

static struct pair *reviews(size_t i, struct err *e)
{
    char target[64];
    struct pair *p;
    bool none = i % 3 == 0;
    struct str body = none ? STR("[]") : STR("[\"good\"]");

    text(target, sizeof target, "GET /movies/%zu/reviews", i % 7 + 1);
    p = pair_request(i + 1, target, e);
    pair_answer(p, PAIR_V1, 200, JSON "Server: v1\r\n", body, 800, e);
    pair_answer(p, PAIR_V2, none ? 404 : 200, JSON "Server: v2\r\n", body, 790, e);
    pair_answer(p, PAIR_CONTROL, 200, JSON "Server: v1\r\n", body, 800, e);
    return p;
}

static struct pair *movies(size_t i, struct err *e)
{
    static struct pair *(*const kinds[])(size_t i, struct err * e) = {greeting, all_movies,
                                                                      one_movie, reviews};

    return i < 50 ? kinds[i % 4](i, e) : NULL;
}

/* ---- nothing differs ---- */

static struct pair *equal(size_t i, struct err *e)
{
    struct pair *p;

    if (i == 20)
        return NULL;
    p = pair_request(i + 1, i % 2 ? "GET /a/1" : "POST /b", e);
    pair_answer(p, PAIR_V1, 200, JSON SAME, STR("{\"n\":1.0}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, JSON SAME, STR("{\"n\":1}"), 1000, e);
    if (i % 2)
        pair_answer(p, PAIR_CONTROL, 200, JSON SAME, STR("{\"n\":1.0}"), 1000, e);
    return p;
}

static struct pair *none(size_t i, struct err *e)
{
    (void)i;
    (void)e;
    return NULL;
}

/* ---- services that are down ---- */

static struct pair *v2_down(size_t i, struct err *e)
{
    struct pair *p = i < 10 ? pair_request(i + 1, "GET /x", e) : NULL;

    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, JSON, STR("{}"), 1000, e);
    pair_failure(p, PAIR_V2, OUTCOME_CONNECT, "connection refused", e);
    pair_answer(p, PAIR_CONTROL, 200, JSON, STR("{}"), 1000, e);
    return p;
}

static struct pair *v1_down(size_t i, struct err *e)
{
    struct pair *p = i < 10 ? pair_request(i + 1, "GET /x", e) : NULL;

    if (!p)
        return NULL;
    pair_failure(p, PAIR_V1, OUTCOME_CONNECT, "connection refused", e);
    pair_answer(p, PAIR_V2, 200, JSON, STR("{}"), 1000, e);
    pair_failure(p, PAIR_CONTROL, OUTCOME_CONNECT, "connection refused", e);
    return p;
}

static struct pair *refused(size_t i, struct err *e)
{
    struct pair *p = i < 10 ? pair_request(i + 1, "GET /account", e) : NULL;

    if (!p)
        return NULL;
    for (int target = PAIR_V1; target <= PAIR_CONTROL; target++)
        pair_answer(p, target, 401, JSON, STR("{\"error\":\"who are you\"}"), 500, e);
    return p;
}

/* ---- bytes that want to do harm ---- */

static struct pair *hostile(size_t i, struct err *e)
{
    struct pair *p =
        i < 3 ? pair_request(i + 1, "GET /\x1b[2J/\xe2\x80\xae/\xff<script>", e) : NULL;

    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200,
                JSON "X-Odd: \x1b]0;owned\x07\r\nSet-Cookie: sid=secret1; Path=/\r\n",
                STR("{\"password\":\"hunter2\",\"</script>\":\"\\u001b[31m\",\"\xe2\x80\xae\":1}"),
                1000, e);
    pair_answer(
        p, PAIR_V2, 200, JSON "X-Odd: \xc2\x9b\x31\x6d\r\nSet-Cookie: sid=secret2; Path=/x\r\n",
        STR("{\"password\":\"hunter3\",\"</script>\":\"\\u0007\",\"\xe2\x80\xae\":2}"), 1000, e);
    pair_answer(p, PAIR_CONTROL, 200,
                JSON "X-Odd: \x1b]0;owned\x07\r\nSet-Cookie: sid=secret1; Path=/\r\n",
                STR("{\"password\":\"hunter2\",\"</script>\":\"\\u001b[31m\",\"\xe2\x80\xae\":1}"),
                1000, e);
    return p;
}

/* ---- two candidates, the second of which differs and is slower ---- */

#define META_THREE                                                                              \
    "{\"schema\":\"mirrorctl.result/1\",\"tool\":\"mirrorctl 0.1.0\",\"file\":\"movies.mrec\"," \
    "\"targets\":{\"v1\":\"http://127.0.0.1:8081\",\"v2\":\"http://127.0.0.1:8082\","           \
    "\"v3\":\"http://127.0.0.1:8083\"},\"percent\":100,\"seed\":\"mirrorctl/v1\","              \
    "\"control\":\"v1\",\"baseline\":\"v1\",\"names\":[\"v1\",\"v2\",\"v3\",\"control\"],"      \
    "\"started\":\"2026-11-22T20:10:00Z\"}"

static struct pair *candidates(size_t i, struct err *e)
{
    enum { V1, V2, V3, CONTROL };
    char path[32], a[64], b[64];
    struct str plain, other;
    struct pair *p;

    text(path, sizeof path, "GET /movies/%zu", i % 7 + 1);
    plain = text(a, sizeof a, "{\"id\":%zu,\"rating\":8.30}", i % 7 + 1);
    other = text(b, sizeof b, "{\"id\":%zu,\"rating\":8.3e1}", i % 7 + 1);
    p = i < 30 ? pair_request(i + 1, i % 3 ? path : "GET /health", e) : NULL;
    if (!p)
        return NULL;
    pair_answer(p, V1, 200, JSON, i % 3 ? plain : STR("{}"), 1000, e);
    pair_answer(p, CONTROL, 200, JSON, i % 3 ? plain : STR("{}"), 1010, e);
    pair_answer(p, V2, 200, JSON, i % 3 ? plain : STR("{}"), 990, e);
    if (i % 10 == 9)
        pair_failure(p, V3, OUTCOME_TIMEOUT, "no answer in 10 s", e);
    else
        pair_answer(p, V3, 200, JSON, i % 3 ? other : STR("{}"), i % 3 ? 9000 : 1000, e);
    return p;
}

/* ---- the recorded answers as baseline ---- */

#define META_RECORDED                                                                           \
    "{\"schema\":\"mirrorctl.result/1\",\"tool\":\"mirrorctl 0.1.0\",\"file\":\"movies.mrec\"," \
    "\"targets\":{\"v2\":\"http://127.0.0.1:8082\"},\"percent\":100,"                           \
    "\"seed\":\"mirrorctl/v1\",\"control\":\"none\",\"baseline\":\"recorded\","                 \
    "\"names\":[\"v2\"],\"started\":\"2026-11-22T20:10:00Z\"}"

/* What belongs to a connection and to framing differs, and is no difference. */
static struct pair *recorded(size_t i, struct err *e)
{
    struct pair *p = i < 40 ? pair_request(i + 1, i % 2 ? "GET /a" : "GET /b", e) : NULL;

    if (!p)
        return NULL;
    if (i != 7)
        pair_recorded(p, 200,
                      JSON "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
                           "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
                           "Date: Sun, 22 Nov 2026 20:09:00 GMT\r\n",
                      STR("{\"n\":1}"), 1000, e);
    pair_answer(p, 0, 200, JSON "Content-Length: 7\r\nDate: Sun, 22 Nov 2026 20:10:00 GMT\r\n",
                i && i % 12 == 0 ? STR("{\"n\":2}") : STR("{\"n\":1}"), 1100, e);
    return p;
}

/* One odd value, and one that is odd a little more often at v2 than at v1. */
static struct pair *rare(size_t i, struct err *e)
{
    struct pair *p = i < 40 ? pair_request(i + 1, "GET /a", e) : NULL;

    if (!p)
        return NULL;
    pair_answer(p, PAIR_V1, 200, JSON, STR("{\"n\":1,\"m\":1}"), 1000, e);
    pair_answer(p, PAIR_V2, 200, JSON,
                i == 12 ? STR("{\"n\":2,\"m\":1}")
                : i % 9 ? STR("{\"n\":1,\"m\":1}")
                        : STR("{\"n\":1,\"m\":2}"),
                1010, e);
    pair_answer(p, PAIR_CONTROL, 200, JSON,
                i == 20 ? STR("{\"n\":1,\"m\":3}") : STR("{\"n\":1,\"m\":1}"), 990, e);
    return p;
}

static struct pair *unrecorded(size_t i, struct err *e)
{
    struct pair *p = i < 10 ? pair_request(i + 1, "GET /x", e) : NULL;

    if (p)
        pair_answer(p, 0, 200, JSON, STR("{}"), 1000, e);
    return p;
}

static const struct golden cases[] = {
    {"movies", movies, META("v1"), STATS("50"), VERDICT_FAIL, 100, false},
    {"movies_narrow", movies, META("v1"), STATS("50"), VERDICT_FAIL, 72, true},
    {"equal", equal, META("v1"), STATS("20"), VERDICT_PASS, 100, false},
    {"no_pairs", none, META("v1"), STATS("0"), VERDICT_INCONCLUSIVE, 100, false},
    {"v2_down", v2_down, META("v1"), STATS("10"), VERDICT_FAIL, 100, false},
    {"v1_down", v1_down, META("v1"), STATS("10"), VERDICT_INCONCLUSIVE, 100, false},
    {"refused", refused, META("v1"), STATS("10"), VERDICT_INCONCLUSIVE, 100, false},
    {"hostile", hostile, META("v1"), STATS("3"), VERDICT_FAIL, 100, false},
    {"no_meta", v2_down, NULL, NULL, VERDICT_FAIL, 100, false},
    {"candidates", candidates, META_THREE, STATS("30"), VERDICT_FAIL, 100, false},
    {"recorded", recorded, META_RECORDED, STATS("40"), VERDICT_FAIL, 100, false},
    {"rare", rare, META("v1"), STATS("40"), VERDICT_INCONCLUSIVE, 100, false},
    {"unrecorded", unrecorded, META_RECORDED, STATS("10"), VERDICT_INCONCLUSIVE, 100, false},
};

static struct diff *run(const struct golden *g, unsigned threads)
{
    struct pair_script script = {.make = g->make};
    struct diff_config config = {.file = "run.mres", .threads = threads, .list_pairs = true};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct diff *d = diff_open(&config, &e);

    assert_non_null(d);
    if (g->meta)
        assert_int_equal(diff_meta(d, str_of(g->meta), &e), 0);
    assert_int_equal(diff_run(d, &source, &e), 0);
    if (g->stats)
        assert_int_equal(diff_stats(d, str_of(g->stats), &e), 0);
    assert_int_equal(diff_verdict(d), g->verdict);
    return d;
}

static void report(const struct golden *g, unsigned threads, const char *format, struct buf *out)
{
    struct report_style style = {.ascii = g->ascii, .width = g->width};
    struct diff *d = run(g, threads);
    struct err e = {0};

    buf_init(out, 1 << 20);
    if (diff_report(d, format, &style, out, &e) < 0)
        fail_msg("%s: %s", g->name, e.text);
    diff_close(d);
}

static void write_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
    fclose(f);
}

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char chunk[4096];
    size_t n;

    if (!f)
        fail_msg("%s is missing; run with GOLDEN_UPDATE=1 and read what it writes", path);
    buf_init(out, 1 << 20);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        assert_int_equal(buf_append(out, chunk, n, NULL), 0);
    fclose(f);
}

static void check_file(const struct golden *g, const char *format, const char *extension)
{
    char path[256];
    struct buf one, four, want;

    snprintf(path, sizeof path, "tests/golden/diff/%s/report%s", g->name, extension);
    report(g, 1, format, &one);
    report(g, 4, format, &four);
    assert_true(str_eq(buf_str(&one), buf_str(&four)));
    if (getenv("GOLDEN_UPDATE"))
        write_file(path, buf_str(&one));
    read_file(path, &want);
    if (!str_eq(buf_str(&one), buf_str(&want)))
        fail_msg("%s differs; it is now:\n%.*s", path, STR_ARG(buf_str(&one)));
    buf_release(&one);
    buf_release(&four);
    buf_release(&want);
}

static void check_case(void **state)
{
    const struct golden *g = *state;

    check_file(g, "text", ".txt");
    check_file(g, "json", ".json");
    check_file(g, "jsonl", ".jsonl");
    check_file(g, "junit", ".xml");
    check_file(g, "markdown", ".md");
}

/* Characters in a line of UTF-8; the reports here hold no wide ones. */
static size_t columns_of(struct str line)
{
    size_t n = 0;

    for (size_t i = 0; i < line.len; i++)
        n += ((unsigned char)line.data[i] & 0xc0) != 0x80;
    return n;
}

/* All but the first line (why) and warnings, which may wrap, fit the terminal. */
static void lines_fit_the_terminal(void **state)
{
    (void)state;
    for (unsigned width = 40; width <= 120; width += 5) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct golden g = cases[i];
            struct buf out;
            struct str rest;

            g.width = width;
            report(&g, 1, "text", &out);
            rest = buf_str(&out);
            while (rest.len) {
                struct str line = str_cut(&rest, '\n');
                if (columns_of(line) > width)
                    fail_msg("%s at %u: %.*s", g.name, width, STR_ARG(line));
            }
            buf_release(&out);
        }
    }
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[N + 1] = {[N] = cmocka_unit_test(lines_fit_the_terminal)};

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){.name = cases[i].name,
                                       .test_func = check_case,
                                       .initial_state = (void *)(uintptr_t)&cases[i]};
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}

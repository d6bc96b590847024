/* Compare and report while the n-th allocation fails, once and for ever: no
 * crash, no leak (LeakSanitizer), and no failure that passes for success. With
 * two comparers the order of allocations varies, the promise does not. */
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "diff/diff.h"
#include "tests/support/pairs.h"

#define META "{\"targets\":{\"v1\":\"http://a\"},\"names\":[\"v1\",\"v2\",\"control\"]}"
#define META_AGAIN                                                                       \
    "{\"targets\":{\"v1\":\"http://a\"},\"names\":[\"v1\",\"v2\"],\"control\":\"none\"," \
    "\"confirm\":{\"of\":\"t.mres\",\"times\":2}}"
#define NOISE                                                                                    \
    "{\"schema\":\"mirrorctl.noise/1\",\"started\":\"2026-11-22T20:10:00Z\",\"endpoints\":[{"    \
    "\"method\":\"GET\",\"path\":\"/b\",\"pairs\":{\"body\":9},\"fields\":[{\"where\":\"body\"," \
    "\"path\":\"$.a\",\"kind\":\"value\",\"n\":9,\"noise\":3}]}]}"
#define STATS "{\"accounting\":{\"selected\":6}}"

static struct diff *current;

/* Six pairs, and the first of them twice more. */
static struct pair *make(size_t i, struct err *e)
{
    static const char *const bodies[] = {"{\"a\":1,\"b\":[1,{\"x\":\"y\"}],\"password\":\"p\"}",
                                         "{\"b\":[2,{\"x\":\"z\"},3],\"a\":1.0,\"c\":null}",
                                         "not json"};
    struct pair *p;
    int rc = 0;

    if (i == 6 && diff_meta(current, STR(META_AGAIN), e) < 0)
        return NULL;
    p = i < 8 ? pair_request(i % 6 + 1, i % 2 ? "GET /a/1" : "GET /b", e) : NULL;
    if (!p)
        return NULL;
    for (int t = PAIR_V1; t <= PAIR_CONTROL && rc == 0; t++) {
        const char *fields = t == PAIR_V2 ? "Set-Cookie: a=1; Path=/\r\nVary: a, b\r\nX: 2\r\n"
                                          : "Set-Cookie: b=2\r\nVary: b\r\nX: 1\r\n";
        if (i == 5 && t == PAIR_V2)
            rc = pair_failure(p, t, OUTCOME_RESET, "reset", e);
        else
            rc = pair_answer(p, t, i == 4 && t == PAIR_V2 ? 500 : 200, fields,
                             str_of(bodies[(i + (size_t)t) % 3]), 1000, e);
    }
    if (rc == 0)
        return p;
    pair_free(p);
    return NULL;
}

/* 0 when all went well, -1 when it failed and said so, 1 when it lied. */
/* All formats, one behind the other. */
static int write_reports(const struct diff *d, struct buf *out, struct err *e)
{
    static const struct report_style style = {.width = 80};
    const char *const *formats = diff_formats();

    for (size_t i = 0; formats[i]; i++) {
        if (diff_report(d, formats[i], &style, out, e) < 0)
            return -1;
    }
    return diff_learn_noise(d, out, e) < 0 ? -1 : diff_annotate(d, out, e);
}

static int run(unsigned threads)
{
    static const char *const patterns[] = {"GET /a/{n}"}, *const gates[] = {"body=1"};
    static const struct diff_file noise = {"noise.json", STR_INIT(NOISE)};
    static const struct diff_file rules = {
        "r.yaml",
        STR_INIT("rules:\n  - {path: '$.b[1].x', ignore: true}\n"
                 "  - {path: $.b, unordered: true, endpoint: /b/*}\n"
                 "  - {path: $..a, abs: 0.1}\n  - {path: 'header:vary', unordered: true}\n")};
    static const struct diff_file api = {"api.yaml",
                                         STR_INIT("openapi: 3.0.0\npaths:\n  /b/{x}: {get: {}}\n")};
    struct diags diags;
    struct diff_config config = {.file = "t.mres",
                                 .rules = &rules,
                                 .n_rules = 1,
                                 .openapi = &api,
                                 .n_openapi = 1,
                                 .diags = &diags,
                                 .noises = &noise,
                                 .n_noises = 1,
                                 .threads = threads,
                                 .list_pairs = true,
                                 .patterns = patterns,
                                 .n_patterns = 1,
                                 .gates = gates,
                                 .n_gates = 1};
    struct pair_script script = {.make = make};
    struct pair_source source = pair_script_source(&script);
    struct err e = {0};
    struct buf text;
    struct diff *d;
    int rc = -1;

    diags_init(&diags);
    d = diff_open(&config, &e);
    current = d;
    buf_init(&text, 8 << 20);
    if (d && diff_meta(d, STR(META), &e) == 0 && diff_run(d, &source, &e) == 0 &&
        diff_stats(d, STR(STATS), &e) == 0 && write_reports(d, &text, &e) == 0)
        rc = diff_verdict(d) == VERDICT_FAIL && strstr(text.data, "GET /a/{n}") &&
                     strstr(text.data, "\"pairs\": 6") && strstr(text.data, "</testsuites>") &&
                     strstr(text.data, "mirrorctl.noise/1")
                 ? 0
                 : 1;
    buf_release(&text);
    diff_close(d);
    diags_release(&diags);
    return rc < 0 && e.kind == ERR_NONE ? 1 : rc;
}

static int torture(unsigned threads, enum mem_fail how, int *n)
{
    int lies = 0, rc = -1;

    for (uint64_t nth = 1; rc != 0 && nth < 5000; nth++, ++*n) {
        mem_fail_at(nth, how);
        rc = run(threads);
        mem_fail_at(0, MEM_FAIL_NEVER);
        lies += rc > 0;
    }
    return lies + (rc != 0);
}

int main(void)
{
    int lies = 0;

    for (unsigned threads = 1; threads <= 2; threads++) {
        int n = 0, bad = torture(threads, MEM_FAIL_ONCE, &n) + torture(threads, MEM_FAIL_FROM, &n);

        printf("%s %u diff with %u comparer%s survives each of %d failing allocations\n",
               bad ? "not ok" : "ok", threads, threads, threads == 1 ? "" : "s", n);
        lies += bad;
    }
    printf("1..2\n");
    return lies ? 1 : 0;
}

/* make_result -- a result of a run that never was, the same bytes each time.
 *
 *     make_result [--candidates N] [--recorded] [--hostile] [--rare] [--large] [--shard I/N] >FILE
 *
 * 240 requests on 40 connections, out of order as a busy run leaves them. v1
 * stamps each answer, which is noise; it fails once. v2 answers as v1 does, v3
 * and the others do not. With --recorded the recorded answers stand in v1's
 * place, and some of them are missing. With --hostile every word is an attempt on
 * the reader. With --rare v2 differs once, with --large in thousands of fields. A shard has the requests of its
 * connections, and its part of the accounting. META and STATS have blocks of
 * their own, as in a run that takes longer than a second. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/record.h"
#include "tests/support/pairs.h"

enum { BODY_MAX = 16 * 1024, REQUESTS = 240, PER_CONNECTION = 6, BEHIND = 4, MAX_CANDIDATES = 8 };

#define JSON "Content-Type: application/json\r\n"

static unsigned candidates = 1, shard = 1, shards = 1;
static bool recorded, hostile, rare, large;
static uint64_t selected, outcomes[PAIR_MAX_CALLS][OUTCOME_COUNT];

static void must(int rc, const struct err *e)
{
    if (rc == 0)
        return;
    fprintf(stderr, "make_result: %s\n", e->text);
    exit(1);
}

/* Bytes that are markup, commands or worse to one reader of a report or other. */
static const char *const charms[] = {
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "::error::pwned",
    "a|b|c `code` **bold** [x](https://evil.test)",
    "@octocat #1 https://evil.test www.evil.test a@evil.test",
    "]]>&lt;&#60;&amp;\\'",
    "\xe2\x80\xae\xe2\x80\xa8\xe2\x80\xa9\xff\xfe",
    "##[add-matcher]x ::set-output name=a::b %0A::warning::c",
    "\\u001b]0;owned\\u0007\\u001b[2J",
};
enum { CHARMS = sizeof charms / sizeof *charms };

static const char *path_of(unsigned i, char path[64])
{
    static const char *const hostile_paths[] = {"GET /<script>alert(1)</script>",
                                                "GET /a|b`c/@octocat", "GET /%0A::error::x",
                                                "POST /\x1b[2J\xff\xe2\x80\xae"};
    static const char *const paths[] = {"GET /movies/", "GET /search?q=", "GET /health",
                                        "POST /orders"};
    char number[16] = "";

    if (i % 4 < 2 && !hostile)
        snprintf(number, sizeof number, "%u", i);
    snprintf(path, 64, "%s%s", hostile ? hostile_paths[i % 4] : paths[i % 4], number);
    return path;
}

/* Forty fields, which are others in the next request. */
static struct str large_body(unsigned i, bool changed, char body[BODY_MAX])
{
    int n = snprintf(body, BODY_MAX, "{\"part%c\":{", 'a' + (int)(i / 4 % 26));

    for (unsigned k = 0; k < 40; k++)
        n += snprintf(body + n, BODY_MAX - (size_t)n,
                      "%s\"field%c%c\":{\"value\":\"zebra %u, %080u and %s, and what follows\"}",
                      k ? "," : "", 'a' + (int)(k % 26), 'a' + (int)(k / 26), k, i,
                      changed ? "striped" : "spotted");
    n += snprintf(body + n, BODY_MAX - (size_t)n, "}}");
    return str_from(body, (size_t)n);
}

static struct str body_of(unsigned i, unsigned salt, bool changed, char body[BODY_MAX])
{
    const char *charm = charms[i % CHARMS];

    if (hostile)
        return str_from(body, (size_t)snprintf(body, BODY_MAX, "{\"%s\":%u,\"x%u\":\"%s %u\"}",
                                               charm, i + changed, i % CHARMS, charm, changed));
    if (large)
        return large_body(i, changed, body);
    int n = snprintf(body, BODY_MAX, "{\"id\":%u,\"%s\":8.30,\"at\":%u}", i,
                     changed && i % 4 == 0 ? "score" : "rating", i * 10 + salt);

    return str_from(body, (size_t)n);
}

/* What v2, v3, ... answered; `salt` makes stamps and times differ. */
static void add_candidate(struct pair *p, unsigned i, unsigned target, unsigned candidate)
{
    unsigned us = 500 + (i * 37 + candidate * 11) % 100;
    bool changed = candidate > 0 || hostile || large || (rare && i == 60);
    struct err e = {0};
    char body[BODY_MAX];

    if (i % 80 == 3)
        must(pair_failure(p, (int)target, OUTCOME_QUEUE, "", &e), &e);
    else if (changed && i % 60 == 7)
        must(pair_failure(p, (int)target, OUTCOME_TIMEOUT, "no answer in 10 s", &e), &e);
    else
        must(pair_answer(p, (int)target, changed && i % 40 == 9 ? 500 : 200, JSON,
                         body_of(i, candidate + 2, changed, body), us, &e),
             &e);
}

static void add_v1(struct pair *p, unsigned i, unsigned target, unsigned salt)
{
    struct err e = {0};
    char body[BODY_MAX];

    if (i == 50 && salt == 0)
        must(pair_failure(p, (int)target, OUTCOME_RESET, "reset by peer", &e), &e);
    else
        must(pair_answer(p, (int)target, 200, JSON, body_of(i, salt, false, body),
                         500 + (i * 37 + salt) % 100, &e),
             &e);
}

static struct pair *make(unsigned i)
{
    struct err e = {0};
    char path[64], body[BODY_MAX];
    struct pair *p = pair_request(i + 1, path_of(i, path), &e);
    unsigned target = 0;

    must(p ? 0 : -1, &e);
    p->exchange->connection = i / PER_CONNECTION + 1;
    p->exchange->index = i % PER_CONNECTION;
    if (recorded && i % 50 != 2)
        must(pair_recorded(p, 200, JSON "Connection: keep-alive\r\n", body_of(i, 0, false, body),
                           600, &e),
             &e);
    if (!recorded)
        add_v1(p, i, target++, 0);
    for (unsigned k = 0; k < candidates; k++)
        add_candidate(p, i, target++, k);
    add_v1(p, i, target, 1);
    return p;
}

static void put(struct record_writer *w, unsigned i)
{
    struct err e = {0};
    struct pair *p;

    if ((i / PER_CONNECTION) % shards != shard - 1)
        return;
    p = make(i);
    selected++;
    for (unsigned k = 0; k < p->n_calls; k++)
        outcomes[p->calls[k].target][p->calls[k].outcome]++;
    must(record_put_pair(w, p, &e), &e);
    pair_free(p);
}

/* "v1", "v2", ..., "control" */
static const char *name_of(unsigned target, char name[16])
{
    unsigned n = candidates + !recorded;

    if (target == n)
        snprintf(name, 16, "control");
    else
        snprintf(name, 16, "v%u", target + 1 + recorded);
    return name;
}

static void put_meta(struct record_writer *w)
{
    struct err e = {0};
    struct buf text;
    char name[16];

    buf_init(&text, 1 << 20);
    buf_printf(&text, &e, "{\"file\":\"made.mrec\",\"targets\":{\"v1\":\"http://one.test\"");
    for (unsigned k = 0; k < candidates; k++)
        buf_printf(&text, &e, ",\"v%u\":\"http://candidate-%u.test\"", k + 2, k + 2);
    buf_printf(&text, &e,
               "},\"percent\":100,\"seed\":\"mirrorctl/v1\",\"control\":\"v1\",\"baseline\":\"%s\","
               "\"started\":\"2026-11-22T20:10:%02uZ\",\"names\":[",
               recorded ? "recorded" : "v1", shard);
    for (unsigned t = 0; t <= candidates + !recorded; t++)
        buf_printf(&text, &e, "%s\"%s\"", t ? "," : "", name_of(t, name));
    buf_printf(&text, &e, "]}");
    must(record_put_meta(w, buf_str(&text), &e), &e);
    buf_release(&text);
}

static void put_target(struct buf *text, unsigned target, struct err *e)
{
    uint64_t sent = 0;
    char name[16];

    for (int o = OUTCOME_ANSWERED; o < OUTCOME_COUNT; o++)
        sent += outcome_is_sent((enum outcome)o) ? outcomes[target][o] : 0;
    buf_printf(text, e, "%s\"%s\":{\"sent\":%" PRIu64, target ? "," : "", name_of(target, name),
               sent);
    for (int o = OUTCOME_ANSWERED; o < OUTCOME_COUNT; o++)
        buf_printf(text, e, ",\"%s\":%" PRIu64, outcome_name((enum outcome)o), outcomes[target][o]);
    buf_printf(text, e, "}");
}

static void put_stats(struct record_writer *w)
{
    struct err e = {0};
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_printf(&text, &e,
               "{\"accounting\":{\"recorded\":%" PRIu64 ",\"eligible\":%" PRIu64
               ",\"selected\":%" PRIu64 ",\"targets\":{",
               selected, selected, selected);
    for (unsigned t = 0; t <= candidates + !recorded; t++)
        put_target(&text, t, &e);
    buf_printf(&text, &e, "},\"paired\":%" PRIu64 "},\"ended\":\"2026-11-22T20:11:%02uZ\"}",
               selected, shard);
    must(record_put_stats(w, buf_str(&text), &e), &e);
    buf_release(&text);
}

static void usage(void)
{
    fprintf(stderr,
            "usage: make_result [--candidates N] [--recorded] [--hostile] [--rare] [--large] "
            "[--shard I/N] >FILE\n");
    exit(2);
}

static void read_arguments(char **argv)
{
    while (*++argv) {
        if (strcmp(*argv, "--recorded") == 0)
            recorded = true;
        else if (strcmp(*argv, "--hostile") == 0)
            hostile = true;
        else if (strcmp(*argv, "--rare") == 0)
            rare = true;
        else if (strcmp(*argv, "--large") == 0)
            large = true;
        else if (strcmp(*argv, "--candidates") == 0 && argv[1])
            candidates = (unsigned)strtoul(*++argv, NULL, 10);
        else if (strcmp(*argv, "--shard") != 0 || !argv[1] ||
                 sscanf(*++argv, "%u/%u", &shard, &shards) != 2)
            usage();
    }
    if (candidates < 1 || candidates > MAX_CANDIDATES || shard < 1 || shard > shards)
        usage();
}

int main(int argc, char **argv)
{
    struct record_options o = {.kind = RECORD_PAIRS, .capture_id = {1}, .created_ns = 1};
    struct record_writer *w;
    struct err e = {0};

    (void)argc;
    read_arguments(argv);
    w = record_writer_new(STDOUT_FILENO, &o, &e);
    must(w ? 0 : -1, &e);
    put_meta(w);
    must(record_flush(w, &e), &e);
    for (unsigned i = 0; i < REQUESTS; i++)
        put(w, i / BEHIND * BEHIND + (BEHIND - 1 - i % BEHIND));
    must(record_flush(w, &e), &e);
    put_stats(w);
    must(record_writer_close(w, &e), &e);
    return 0;
}

/* Replay while the n-th allocation fails, once and for ever: no crash, no leak,
 * no descriptor left open, no request lost from the accounting, and no failure
 * that passes for success or for a fault of the target.
 *
 * The server is a process of its own, since it must not fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "replay/connection.h"
#include "replay/replay.h"
#include "tests/support/made_plan.h"
#include "tests/support/server.h"

enum { REQUESTS = 8, TARGETS = 3 };

static const struct {
    const char *head, *body;
    bool chunked;
} requests[REQUESTS] = {
    {"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /drip HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /garbage HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /once HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"GET /once HTTP/1.1\r\nHost: a\r\n\r\n", ""},
    {"POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "hello", true},
};

static const struct server_script scripts[] = {
    {"/drip",
     .steps = {{DO_DRIP, "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"}}},
    {"/cut", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, {DO_CLOSE}}},
    {"/garbage", .steps = {{DO_SAY, "garbage\r\n"}, {DO_CLOSE}}},
    {"/large", .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"},
                         {DO_REPEAT, "0123456789", 200}}},
    {"/once", .only_first = true,
     .steps = {{DO_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}}},
};

/* ---- the server's process ------------------------------------------------------- */

static pid_t start_server(char *url, size_t room, int *keep)
{
    int ends[2];
    pid_t pid;
    ssize_t n;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    pid = fork();
    if (pid == 0) {
        struct server *s = server_start(AF_INET, NULL, scripts, sizeof scripts / sizeof *scripts);

        close(ends[0]);
        n = write(ends[1], server_url(s), strlen(server_url(s)) + 1);
        /* Until the other end is closed. */
        while (n > 0 && read(ends[1], url, room) > 0)
            ;
        server_stop(s);
        exit(0);
    }
    close(ends[1]);
    n = read(ends[0], url, room);
    if (pid < 0 || n <= 0)
        abort();
    *keep = ends[0];
    return pid;
}

/* ---- a run ------------------------------------------------------------------------ */

struct outcome_of_run {
    int rc;
    struct err e;
    struct replay_stats stats;
    struct replay_target_stats targets[TARGETS];
    bool opened;
    unsigned given;
};

static int next(void *ctx, struct exchange **x, struct err *e)
{
    struct outcome_of_run *o = ctx;
    unsigned i = o->given;

    if (i == REQUESTS)
        return 0;
    *x = exchange_new(1 << 20, e);
    if (!*x)
        return -1;
    (*x)->request.head = str_of(requests[i].head);
    (*x)->request.body = str_of(requests[i].body);
    (*x)->request.body_size = (*x)->request.body.len;
    (*x)->request.chunked = requests[i].chunked;
    (*x)->request.complete = true;
    (*x)->connection = 1;
    (*x)->ordinal = ++o->given;
    return 1;
}

static int put(void *ctx, struct pair *p, struct err *e)
{
    (void)ctx;
    (void)e;
    pair_free(p);
    return 0;
}

static void run(const char *url, const struct plan *plan, struct outcome_of_run *o)
{
    const struct replay_config config = {.plan = plan,
                                         .v1 = url,
                                         .candidates = {url},
                                         .n_candidates = 1,
                                         .ppm = 1000000,
                                         .pace = PACE_MAX,
                                         .concurrency = 1,
                                         .threads = 1,
                                         .timeout_ns = 20 * NS_PER_SEC,
                                         .methods = "all",
                                         .max_body = 500};
    const struct exchange_source source = {next, o};
    const struct pair_sink sink = {put, o};
    struct replay *r = replay_open(&config, &o->e);

    o->rc = -1;
    if (!r)
        return;
    o->opened = true;
    o->rc = replay_run(r, &source, &sink, &o->e);
    o->stats = *replay_stats(r);
    memcpy(o->targets, o->stats.targets, sizeof o->targets);
    replay_close(r);
}

/* ---- what must be true -------------------------------------------------------------- */

static bool adds_up(const struct outcome_of_run *o)
{
    const struct replay_stats *s = &o->stats;

    if (s->recorded != s->eligible || s->eligible != s->selected ||
        s->selected != s->paired + s->unpaired)
        return false;
    for (unsigned t = 0; t < s->n_targets; t++) {
        uint64_t sum = 0;

        for (unsigned i = OUTCOME_ANSWERED; i < OUTCOME_COUNT; i++)
            sum += o->targets[t].outcomes[i];
        if (sum != s->selected || o->targets[t].outcomes[OUTCOME_NONE])
            return false;
    }
    return true;
}

static bool same_outcomes(const struct outcome_of_run *a, const struct outcome_of_run *b)
{
    for (unsigned t = 0; t < TARGETS; t++) {
        if (memcmp(a->targets[t].outcomes, b->targets[t].outcomes, sizeof a->targets[t].outcomes))
            return false;
    }
    return true;
}

static const char *verdict(const struct outcome_of_run *o, const struct outcome_of_run *reference,
                           unsigned descriptors)
{
    if (o->rc < 0 && o->e.kind == ERR_NONE)
        return "failed without saying so";
    if (o->opened && !adds_up(o))
        return "lost a request from the accounting";
    if (o->rc == 0 && !same_outcomes(o, reference))
        return "passed off a failure as an outcome";
    if (server_count_descriptors() != descriptors)
        return "left a descriptor open";
    return NULL;
}

static bool torture(const char *url, const struct plan *plan, enum mem_fail how,
                    const struct outcome_of_run *reference)
{
    unsigned descriptors = server_count_descriptors();
    struct outcome_of_run o;
    uint64_t n = 0;
    const char *fault;

    do {
        memset(&o, 0, sizeof o);
        mem_fail_at(++n, how);
        run(url, plan, &o);
        fault = verdict(&o, reference, descriptors);
        if (fault) {
            printf("# allocation %llu: %s (%s)\n", (unsigned long long)n, fault, o.e.text);
            return false;
        }
    } while (mem_count() >= n);
    printf("# %llu allocations\n", (unsigned long long)n - 1);
    mem_fail_at(0, MEM_FAIL_NEVER);
    return true;
}

/* A rule with everything that takes memory: two addresses, fields, another path. */
static void make_plan(struct made *m, const char *url, char other[80])
{
    struct plan_rule *rule = made_rule(m, "/");
    struct plan_destination *v2 = made_destination(m, "m/v2", url);
    struct plan_arrow *arrow;

    snprintf(other, 80, "%s/", url);
    made_address(m, v2, other);
    made_baseline(m, rule, made_destination(m, "m/v1", url), 1);
    arrow = made_candidate(m, rule, v2, PLAN_MILLION);
    made_change(m, &arrow->changes, PLAN_SET, "X-Version", "2");
    rule->rewrite = (struct plan_rewrite){.path = PLAN_PATH_PREFIX, .to = STR("/")};
}

/* Returns how many of its three tests failed. */
static int torture_all(const char *url, const struct plan *plan, int number, const char *what)
{
    static const struct {
        enum mem_fail how;
        const char *name;
    } ways[] = {{MEM_FAIL_ONCE, "one failing allocation"},
                {MEM_FAIL_FROM, "all allocations failing from some point on"}};
    struct outcome_of_run reference = {0};
    int failed = 0;

    run(url, plan, &reference);
    printf("%s %d - replay %s works when memory does\n",
           reference.rc == 0 && adds_up(&reference) ? "ok" : (failed++, "not ok"), number, what);
    for (int i = 0; i < 2; i++) {
        bool ok = torture(url, plan, ways[i].how, &reference);

        failed += !ok;
        printf("%s %d - replay %s survives %s\n", ok ? "ok" : "not ok", number + i + 1, what,
               ways[i].name);
    }
    return failed;
}

int main(void)
{
    static struct made made;
    struct err e = {0};
    char url[64], other[80];
    int keep, failed;
    pid_t server = start_server(url, sizeof url, &keep);

    if (connection_setup(&e) < 0)
        return 1;
    make_plan(&made, url, other);
    printf("1..6\n");
    failed = torture_all(url, NULL, 1, "by URLs");
    failed += torture_all(url, &made.plan, 4, "by a plan");
    close(keep);
    while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
        ;
    return failed > 0;
}

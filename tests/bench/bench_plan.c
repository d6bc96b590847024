/* How many requests a second a plan decides about, on one core, for plans of 10 to
 * 5000 rules. The rules share long beginnings; every other one is exact, the others
 * are prefixes. Half of the requests are for the last tenth of the rules or for
 * nothing, the others for any rule. What must not be is a cost that grows with the
 * rules; beside it stands what asking one after the other costs. */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "replay/plan_walk.h"
#include "tests/support/plans.h"

enum { REQUESTS = 4096, ROUNDS = 5, HEAD = 512 };

static char texts[5000][96];
static char heads[REQUESTS][HEAD];
static struct plan_request requests[REQUESTS];
static struct made_plan made;

static void make_rules(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct plan_rule *rule = made_rule(&made, "movies", "movies-api-service", PLAN_MIRROR);

        snprintf(texts[i], sizeof texts[i],
                 "/api/v1/tenants/acme/services/movies-%u/resources/%05u", i % 7, i);
        made_match(&made, rule)->path =
            made_text(&made, i % 2 ? PLAN_EXACT : PLAN_PREFIX, texts[i]);
        made_candidate(&made, rule, PLAN_MILLION);
        rule->hosts = made.plan.rules->hosts;
    }
}

static void make_requests(unsigned n)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        unsigned any = (i * 2654435761u) % n, last = n - 1 - any % (n / 10);
        const char *path = i % 4 == 0   ? texts[last]
                           : i % 4 == 2 ? "/api/v1/tenants/acme/services/movies-3/resources/0x"
                                        : texts[any];

        snprintf(
            heads[i], HEAD,
            "GET %s?page=%u HTTP/1.1\r\nHost: movies-api-service:3000\r\nUser-Agent: bench\r\n"
            "Accept: application/json\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n",
            path, i);
        plan_request_of_head(&requests[i], str_of(heads[i]));
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Processor time, since others use the machine too. */
static int64_t now_ns(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Seconds a request, the median of some rounds. */
enum way { DECIDE, READ_AND_DECIDE, WALK };
static double measure(struct plan_router *router, enum way way, unsigned times)
{
    struct plan_decision d;
    double took[ROUNDS];
    struct buf room;

    buf_init(&room, 64 * 1024);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();

        for (unsigned i = 0; i < times; i++) {
            struct plan_request *r = &requests[i % REQUESTS];

            if (way == READ_AND_DECIDE)
                plan_request_of_head(r, str_of(heads[i % REQUESTS]));
            if (way == WALK)
                plan_walk(&made.plan, r, &room, NULL, &d);
            else
                plan_router_decide(router, r, &d);
        }
        took[round] = (double)(now_ns() - start) / (double)NS_PER_SEC / times;
    }
    buf_release(&room);
    qsort(took, ROUNDS, sizeof *took, by_value);
    return took[ROUNDS / 2];
}

static void bench(unsigned n)
{
    struct plan_router *router;

    made_init(&made);
    make_rules(n);
    make_requests(n);
    router = plan_router_new(&made.plan, NULL);
    if (!router)
        exit(1);
    printf("%5u rules: %10.0f decisions/s, %9.0f/s with reading the head; one by one %9.0f/s\n", n,
           1 / measure(router, DECIDE, 1000 * 1000),
           1 / measure(router, READ_AND_DECIDE, 1000 * 1000),
           1 / measure(router, WALK, 2 * 1000 * 1000 / n));
    plan_router_free(router);
    made_release(&made);
}

int main(void)
{
    bench(10);
    bench(100);
    bench(1000);
    bench(5000);
    return 0;
}

/* Replays made-up exchanges and prints what the stage itself can do, without
 * record files in front of it and behind it.
 *
 *     bench_replay V1 V2 REQUESTS CONCURRENCY THREADS [RATE]
 *
 * Without a rate it goes flat out. Prints one line of JSON; cpu is that of this
 * process, so servers elsewhere do not count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/clock.h"
#include "replay/replay.h"

static unsigned long total, given;

static int next(void *ctx, struct exchange **x, struct err *e)
{
    static const char head[] = "GET /movies/17 HTTP/1.1\r\nHost: movies.example:3000\r\n"
                               "User-Agent: bench/1.0\r\nAccept: application/json\r\n\r\n";

    (void)ctx;
    if (given == total)
        return 0;
    *x = exchange_new(1 << 20, e);
    if (!*x || arena_dup(&(*x)->mem, STR(head), &(*x)->request.head, e) < 0)
        return -1;
    (*x)->request.complete = true;
    (*x)->ordinal = ++given;
    (*x)->connection = given % 1000 + 1;
    return 1;
}

static int put(void *ctx, struct pair *p, struct err *e)
{
    (void)ctx;
    (void)e;
    pair_free(p);
    return 0;
}

static double cpu_seconds(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void print(const struct replay_stats *s)
{
    const struct replay_target_stats *v1 = &s->targets[0], *v2 = &s->targets[1];
    double seconds = (double)(s->ended_ns - s->started_ns) / (double)NS_PER_SEC;
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("{\"pairs\":%llu,\"seconds\":%.3f,\"pairs_per_second\":%.0f,\"cpu_us_per_call\":%.2f,"
           "\"v1_answered\":%llu,\"v2_answered\":%llu,\"connections\":%llu,"
           "\"lateness_us\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},"
           "\"service_us\":{\"p50\":%.1f,\"p99\":%.1f},\"max_rss_mib\":%.1f}\n",
           (unsigned long long)s->paired, seconds, (double)s->paired / seconds,
           cpu_seconds(&usage) * 1e6 / (double)(v1->sent + v2->sent),
           (unsigned long long)v1->answered, (unsigned long long)v2->answered,
           (unsigned long long)(v1->connections + v2->connections),
           (double)hist_percentile(&v1->lateness, 50) / 1e3,
           (double)hist_percentile(&v1->lateness, 99) / 1e3, (double)v1->lateness.max / 1e3,
           (double)hist_percentile(&v1->service, 50) / 1e3,
           (double)hist_percentile(&v1->service, 99) / 1e3, (double)usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    struct replay_config config = {.ppm = 1000000,
                                   .pace = PACE_MAX,
                                   .timeout_ns = 10 * NS_PER_SEC,
                                   .control = CONTROL_NONE,
                                   .max_body = 16 << 20};
    const struct exchange_source source = {next, NULL};
    const struct pair_sink sink = {put, NULL};
    struct err e = {0};
    struct replay *r;

    if (argc < 6) {
        fprintf(stderr, "usage: bench_replay V1 V2 REQUESTS CONCURRENCY THREADS [RATE]\n");
        return 2;
    }
    config.v1 = argv[1];
    config.candidates[config.n_candidates++] = argv[2];
    total = strtoul(argv[3], NULL, 10);
    config.concurrency = (unsigned)strtoul(argv[4], NULL, 10);
    config.threads = (unsigned)strtoul(argv[5], NULL, 10);
    if (argc > 6) {
        config.pace = PACE_RATE;
        config.rate = strtod(argv[6], NULL);
    }
    r = replay_open(&config, &e);
    if (!r || replay_run(r, &source, &sink, &e) < 0) {
        fprintf(stderr, "bench_replay: %s\n", e.text);
        return 1;
    }
    print(replay_stats(r));
    replay_close(r);
    return 0;
}

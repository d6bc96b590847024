/* A load that keeps its schedule, for tests and benches of live captures:
 *
 *     open_loop PORT RATE MILLISECONDS [CONNECTIONS]
 *
 * Asks 127.0.0.1:PORT for /items/0, /items/1, ... at RATE requests a second and
 * prints `answered N p50 NS p99 NS max NS`, times counted from when a request
 * was due, and `sent N p50 NS p99 NS p999 NS max NS`, how long after that it was sent. Exits with 1 when the server cannot be reached or goes away. */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "tests/support/openloop.h"

int main(int argc, char **argv)
{
    static struct openloop_result result;
    struct openloop load = {.connections = 64};
    struct err e = {0};
    int rc;

    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: open_loop PORT RATE MILLISECONDS [CONNECTIONS]\n");
        return 2;
    }
    load.port = (uint16_t)strtoul(argv[1], NULL, 10);
    load.rate = (unsigned)strtoul(argv[2], NULL, 10);
    load.duration_ns = (int64_t)strtoul(argv[3], NULL, 10) * NS_PER_MS;
    if (argc > 4)
        load.connections = (unsigned)strtoul(argv[4], NULL, 10);
    rc = openloop_run(&load, &result, &e);
    if (rc < 0)
        fprintf(stderr, "open_loop: %s\n", e.text);
    printf("answered %llu p50 %lld p99 %lld max %lld\n", (unsigned long long)result.answered,
           (long long)hist_percentile(&result.latency, 50),
           (long long)hist_percentile(&result.latency, 99), (long long)result.latency.max);
    printf("sent %llu p50 %lld p99 %lld p999 %lld max %lld\n", (unsigned long long)result.sent,
           (long long)hist_percentile(&result.lateness, 50),
           (long long)hist_percentile(&result.lateness, 99),
           (long long)hist_percentile(&result.lateness, 99.9), (long long)result.lateness.max);
    return rc < 0;
}

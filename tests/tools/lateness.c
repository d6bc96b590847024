/* How late the calls of a result were sent, from the times it holds of each:
 *
 *     lateness FILE
 *
 * Prints `N p50 NS p99 NS p999 NS max NS`, as bare_timer does. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/hist.h"
#include "core/record.h"

static struct hist lateness;
static long long calls;

static void add(const struct pair *p)
{
    for (unsigned i = 0; i < p->n_calls; i++) {
        if (p->calls[i].sent_ns == 0)
            continue;
        hist_add(&lateness, p->calls[i].sent_ns - p->calls[i].due_ns);
        calls++;
    }
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    struct err e = {0};
    struct record_reader *r = fd >= 0 ? record_reader_new(fd, argv[1], false, &e) : NULL;
    struct record_item item;
    int got = -1;

    while (r && (got = record_next(r, &item, &e)) > RECORD_END) {
        if (got == RECORD_PAIR) {
            add(item.pair);
            pair_free(item.pair);
        }
    }
    if (got < 0)
        fprintf(stderr, "lateness: %s\n", r ? e.text : "usage: lateness FILE");
    record_reader_free(r);
    if (fd >= 0)
        close(fd);
    printf("%lld p50 %lld p99 %lld p999 %lld max %lld\n", calls,
           (long long)hist_percentile(&lateness, 50), (long long)hist_percentile(&lateness, 99),
           (long long)hist_percentile(&lateness, 99.9), (long long)lateness.max);
    return got < 0;
}

/* How late a loop is that does nothing but wait for its next moment, as a
 * measure for what a machine allows a schedule:
 *
 *     bare_timer RATE MILLISECONDS
 *
 * A timerfd in an epoll set, armed to the absolute time of each moment, as plain
 * as can be: no timer slack is asked for, nothing spins. Prints `N p50 NS p99 NS p999 NS max NS`. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/hist.h"

static void arm(int fd, int64_t at)
{
    struct itimerspec when = {.it_value = {at / NS_PER_SEC, at % NS_PER_SEC}};

    if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        abort();
}

static void wait_until(int epoll, int timer, int64_t at)
{
    struct epoll_event event;
    uint64_t ticks;

    if (clock_mono_ns() >= at)
        return;
    arm(timer, at);
    while (epoll_wait(epoll, &event, 1, -1) != 1 || read(timer, &ticks, sizeof ticks) < 0)
        continue;
}

int main(int argc, char **argv)
{
    static struct hist lateness;
    double rate = argc == 3 ? strtod(argv[1], NULL) : 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    int64_t start, n;

    if (rate <= 0) {
        fprintf(stderr, "usage: bare_timer RATE MILLISECONDS\n");
        return 2;
    }
    if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0)
        abort();
    n = (int64_t)(rate * strtod(argv[2], NULL) / 1000);
    start = clock_mono_ns();
    for (int64_t i = 0; i < n; i++) {
        int64_t due = start + (int64_t)((double)i * (double)NS_PER_SEC / rate);

        wait_until(epoll, timer, due);
        hist_add(&lateness, clock_mono_ns() - due);
    }
    printf("%lld p50 %lld p99 %lld p999 %lld max %lld\n", (long long)n,
           (long long)hist_percentile(&lateness, 50), (long long)hist_percentile(&lateness, 99),
           (long long)hist_percentile(&lateness, 99.9), (long long)lateness.max);
    return 0;
}

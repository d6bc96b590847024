#include "replay/alarm.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"

/* Beyond the most a machine is too busy for its timers, and to be awake for longer
 * would make it busier. */
static const int64_t first_early_ns = 50 * NS_PER_US;
static const int64_t most_early_ns = 100 * NS_PER_US;

/* What is learnt is the lateness that three wakings in four stay below: those
 * above it raise it by three steps, the others lower it by one (Robbins and Monro,
 * "A Stochastic Approximation Method", 1951). */
enum { STEP_NS = 500, STEPS_UP = 3 };

int alarm_init(struct alarm *a, struct err *e)
{
    *a = (struct alarm){.at_ns = INT64_MAX, .early_ns = first_early_ns};
    a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return a->fd >= 0 ? 0 : err_set(e, ERR_IO, "cannot make a timer: %s", strerror(errno));
}

void alarm_release(struct alarm *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

void alarm_set(struct alarm *a, int64_t at_ns)
{
    struct itimerspec when = {0};

    if (at_ns >= a->at_ns)
        return;
    a->at_ns = at_ns;
    when.it_value.tv_sec = at_ns / NS_PER_SEC;
    when.it_value.tv_nsec = at_ns % NS_PER_SEC;
    timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void alarm_heard(struct alarm *a)
{
    a->at_ns = INT64_MAX;
}

void alarm_learn(struct alarm *a, int64_t slept_ns, int64_t woke_ns)
{
    if (slept_ns >= a->at_ns) /* it had rung already */
        return;
    if (woke_ns - a->at_ns > a->early_ns)
        a->early_ns += STEPS_UP * STEP_NS;
    else
        a->early_ns -= STEP_NS;
    if (a->early_ns > most_early_ns)
        a->early_ns = most_early_ns;
    if (a->early_ns < 0)
        a->early_ns = 0;
}

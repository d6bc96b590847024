/* alarm.h -- wakes an event loop at a moment, and learns how late it does so.
 *
 * Between the moment that a timer is set to and the moment at which its thread
 * runs lie some 5 us on bare metal, 50 to 70 in a virtual machine, and a waking
 * that is late makes a request late. So the alarm rings that much before; the
 * rest, which is a few us then, is spent awake.
 */
#ifndef MIRRORCTL_REPLAY_ALARM_H
#define MIRRORCTL_REPLAY_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

struct alarm {
    int fd;           /* a timerfd, to be waited for, EPOLLET */
    int64_t at_ns;    /* when it rings, monotonic; INT64_MAX: not set */
    int64_t early_ns; /* how much before a moment it is to ring */
};

/* Returns 0 with *a to be released, or -1. */
int alarm_init(struct alarm *a, struct err *e);

/* Fine on one that alarm_init() failed on. */
void alarm_release(struct alarm *a);

/* Ring at `at_ns`, unless it rings before. */
void alarm_set(struct alarm *a, int64_t at_ns);

/* It rang. */
void alarm_heard(struct alarm *a);

/* It rang and woke a thread that slept since `slept_ns`, at `woke_ns`: how late
 * was it? To be called before alarm_heard(). */
void alarm_learn(struct alarm *a, int64_t slept_ns, int64_t woke_ns);

#endif

/* clock.h -- time in nanoseconds.
 *
 * Durations come from the monotonic clock, dates from the wall clock; the two
 * are never mixed.
 */
#ifndef MIRRORCTL_CORE_CLOCK_H
#define MIRRORCTL_CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_US  INT64_C(1000)

static inline int64_t clock_read_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* Nanoseconds since some fixed moment of this boot. */
static inline int64_t clock_mono_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

/* Nanoseconds since 1970-01-01T00:00:00Z. */
static inline int64_t clock_wall_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

#endif

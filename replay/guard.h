/* guard.h -- a target's breaker, as all workers share it.
 *
 * A target is one, however many threads call it: its failures add up, there is
 * one probe and not one a thread, and a change is told once. That costs a lock
 * for each call that ends; one that begins looks at an atomic while the breaker
 * is closed.
 */
#ifndef MIRRORCTL_REPLAY_GUARD_H
#define MIRRORCTL_REPLAY_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/exchange.h"
#include "replay/breaker.h"
#include "replay/replay.h"

struct guard {
    const char *target;
    /* Who is told of changes, in their order and under the lock; may be NULL. */
    void (*tell)(void *ctx, const struct replay_breaker_change *change);
    void *ctx;
    pthread_mutex_t lock;
    struct breaker breaker;
    _Atomic unsigned free_pass; /* while it is closed; else 0 */
};

/* For `target`, by what the configuration says of breakers. Both must stay. */
void guard_init(struct guard *g, const char *target, const struct replay_config *config);
void guard_release(struct guard *g);

/* As breaker_enter(); where that lets nothing through, *wait_until (if it is not NULL)
 * is what breaker_worth_waiting() says. */
unsigned guard_enter(struct guard *g, int64_t now_ns, int64_t *wait_until);

/* As breaker_leave(). */
void guard_leave(struct guard *g, unsigned pass);

/* The outcome of a call that went through is decided. */
void guard_note(struct guard *g, unsigned pass, const struct call *call, int64_t now_ns);

/* As breaker_worth_waiting(). */
int64_t guard_worth_waiting(struct guard *g, int64_t now_ns);

#endif

/* stop.h -- SIGINT, SIGTERM and SIGHUP end a run in order.
 *
 * The handler does nothing but call the function given here, which must be
 * safe there. A run that is asked three times is ended by the system.
 */
#ifndef MIRRORCTL_CLI_STOP_H
#define MIRRORCTL_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on call `stop(ctx)` on each of them; not on SIGHUP where that is ignored. */
void stop_on_signals(void (*stop)(void *ctx), void *ctx);

/* Call `stop(ctx)`, which must be as safe, once after `ns`. */
void stop_after(int64_t ns, void (*stop)(void *ctx), void *ctx);

/* Back to the system's handling, before `ctx` goes. */
void stop_no_more(void);

/* True once a signal came, and once another did. Safe in the handler. */
bool stop_was_asked(void);
bool stop_was_asked_again(void);

#endif

/* thread.h -- starting threads that leave signals to others. */
#ifndef MIRRORCTL_CORE_THREAD_H
#define MIRRORCTL_CORE_THREAD_H

#include <pthread.h>

#include "core/err.h"

/* Run `body(arg)` in a thread of its own, with every signal blocked: signals
 * are for the threads of whoever runs the stages, which wait for them. Returns
 * 0 with *thread to be joined, or -1 with *e set. */
int thread_start(pthread_t *thread, void *(*body)(void *arg), void *arg, struct err *e);

#endif

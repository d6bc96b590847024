#include "core/thread.h"

#include <signal.h>
#include <string.h>

int thread_start(pthread_t *thread, void *(*body)(void *arg), void *arg, struct err *e)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? err_set(e, ERR_IO, "cannot start a thread: %s", strerror(rc)) : 0;
}

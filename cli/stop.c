#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

enum { LAST_SIGNAL = 2 };

/* Written before the handlers are set and after they are gone. */
static void (*stop_call)(void *ctx);
static void *stop_ctx;
static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    asked = asked + 1;
    if (asked >= LAST_SIGNAL)
        signal(number, SIG_DFL);
    stop_call(stop_ctx);
}

static void set_handlers(void (*handler)(int))
{
    struct sigaction action;

    /* Without SA_RESTART: a read that waits for a quiet pipe must return. */
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void stop_on_signals(void (*stop)(void *ctx), void *ctx)
{
    stop_call = stop;
    stop_ctx = ctx;
    set_handlers(on_signal);
}

void stop_no_more(void)
{
    set_handlers(SIG_DFL);
}

bool stop_was_asked(void)
{
    return asked > 0;
}

bool stop_was_asked_again(void)
{
    return asked > 1;
}

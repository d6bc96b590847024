#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>

#include "core/clock.h"

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

static void (*alarm_call)(void *ctx);
static void *alarm_ctx;

static void on_alarm(int number)
{
    (void)number;
    alarm_call(alarm_ctx);
}

void stop_after(int64_t ns, void (*stop)(void *ctx), void *ctx)
{
    struct itimerval when = {.it_value = {ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_US}};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigemptyset(&action.sa_mask);
    alarm_call = stop;
    alarm_ctx = ctx;
    sigaction(SIGALRM, &action, NULL);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_usec == 0)
        when.it_value.tv_usec = 1;
    setitimer(ITIMER_REAL, &when, NULL);
}

/* What nohup(1) set stays. */
static void set_handlers(void (*handler)(int))
{
    struct sigaction action, before;

    /* Without SA_RESTART: a read that waits for a quiet pipe must return. */
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

void stop_on_signals(void (*stop)(void *ctx), void *ctx)
{
    stop_call = stop;
    stop_ctx = ctx;
    set_handlers(on_signal);
}

void stop_no_more(void)
{
    const struct itimerval never = {0};

    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
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

#include "cli/notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/http.h"
#include "core/log.h"

enum { NAMES_MAX = 1024 };

/* Whoever types `--methods get` means GET. */
static bool names_safe_method(struct str method)
{
    char upper[16];

    if (method.len > sizeof upper)
        return false;
    for (size_t i = 0; i < method.len; i++) {
        char c = method.data[i];
        upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return http_is_safe_method(str_from(upper, method.len));
}

/* Replaying to v1 is a second time for what was asked already, and v2 may keep its data
 * where v1 does. */
static void warn_of_writes(const char *methods)
{
    struct str list = str_of(methods);
    struct buf unsafe;

    if (str_ieq(list, STR("all"))) {
        log_warn("all methods are sent: most may change what both versions keep");
        return;
    }
    buf_init(&unsafe, NAMES_MAX);
    while (list.data) {
        struct str method = str_trim(str_cut(&list, ','));

        if (method.len && !names_safe_method(method))
            buf_printf(&unsafe, NULL, "%s%.*s", unsafe.len ? ", " : "", STR_ARG(method));
    }
    if (unsafe.len)
        log_warn("%s: such requests may change what both versions keep", unsafe.data);
    buf_release(&unsafe);
}

/* What v1 does differently from itself is a good thing to know, and seldom meant. */
static void tell_of_one_address(const struct replay_options *o)
{
    for (size_t i = 0; o->v1 && i < o->candidates.n; i++) {
        if (strcmp(o->v1, o->candidates.items[i]) == 0)
            log_info("v1 and v%zu are at one address: an A/A run, which shows what v1 does "
                     "differently from itself",
                     i + 2);
    }
}

void notice_start(const struct replay_options *o)
{
    tell_of_one_address(o);
    warn_of_writes(o->methods);
    if (o->insecure)
        log_warn("--insecure: certificates are not checked, whoever answers is believed");
}

void notice_end(const struct replay_options *o)
{
    if (o->insecure)
        log_warn("--insecure: certificates were not checked");
}

static void tell_opened(const struct replay_breaker_change *c)
{
    char failed[96] = "a probe failed";

    if (c->calls)
        snprintf(failed, sizeof failed, "%" PRIu64 " of %" PRIu64 " calls failed in 10s", c->failed,
                 c->calls);
    log_warn("%s: breaker opened: %s (%s%s%.*s); next probe in %" PRId64 "s", c->target, failed,
             outcome_name(c->outcome), c->detail.len ? ": " : "", STR_ARG(c->detail),
             c->wait_ns / NS_PER_SEC);
}

void notice_breaker(void *ctx, const struct replay_breaker_change *c)
{
    (void)ctx;
    switch (c->state) {
    case BREAKER_CLOSED:
        log_info("%s: breaker closed: it answers again", c->target);
        break;
    case BREAKER_HALF_OPEN:
        log_debug("%s: breaker half-open: one call at a time", c->target);
        break;
    case BREAKER_OPEN:
        tell_opened(c);
        break;
    }
}

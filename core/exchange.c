#include "core/exchange.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"

const char *outcome_name(enum outcome o)
{
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_NONE] = "none",
        [OUTCOME_ANSWERED] = "answered",
        [OUTCOME_RESOLVE] = "resolve",
        [OUTCOME_CONNECT] = "connect",
        [OUTCOME_TLS] = "tls",
        [OUTCOME_TIMEOUT] = "timeout",
        [OUTCOME_RESET] = "reset",
        [OUTCOME_PROTOCOL] = "protocol",
        [OUTCOME_TOO_LARGE] = "too_large",
        [OUTCOME_QUEUE] = "queue",
        [OUTCOME_BREAKER] = "breaker",
        [OUTCOME_STOPPED] = "stopped",
        [OUTCOME_UNSAFE] = "unsafe",
        [OUTCOME_OFF] = "off",
    };

    return (unsigned)o < OUTCOME_COUNT ? names[o] : "unknown";
}

struct exchange *exchange_new(size_t max, struct err *e)
{
    struct exchange *x = mem_zalloc(sizeof *x);

    if (!x) {
        err_nomem(e, "starting an exchange");
        return NULL;
    }
    arena_init(&x->mem, max);
    return x;
}

struct exchange *exchange_for(const struct exchange_sink *sink, size_t max, struct err *e)
{
    return sink->fresh ? sink->fresh(sink->ctx, max, e) : exchange_new(max, e);
}

void exchange_renew(struct exchange *x, size_t max)
{
    struct arena mem = x->mem;

    arena_reset(&mem);
    mem.max = max;
    memset(x, 0, sizeof *x);
    x->mem = mem;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    arena_release(&x->mem);
    mem_free(x);
}

struct pair *pair_new(struct exchange *x, unsigned n_calls, size_t max, struct err *e)
{
    struct pair *p = mem_alloc(sizeof *p); /* room for all calls, of which few are used */

    if (!p) {
        exchange_free(x);
        err_nomem(e, "starting a pair");
        return NULL;
    }
    memset(p, 0, offsetof(struct pair, calls) + n_calls * sizeof *p->calls);
    p->exchange = x;
    p->n_calls = n_calls;
    arena_init(&p->mem, max);
    return p;
}

void pair_free(struct pair *p)
{
    if (!p)
        return;
    exchange_free(p->exchange);
    arena_release(&p->mem);
    mem_free(p);
}

int http_message_copy(struct http_message *copy, const struct http_message *m, struct arena *mem,
                      struct err *e)
{
    struct http_message c = *m;

    if (arena_dup(mem, m->head, &c.head, e) < 0 || arena_dup(mem, m->body, &c.body, e) < 0 ||
        arena_dup(mem, m->trailers, &c.trailers, e) < 0)
        return -1;
    *copy = c;
    return 0;
}

const char *endpoint_text(const struct endpoint *ep, char text[ENDPOINT_TEXT])
{
    char address[INET6_ADDRSTRLEN];

    if (ep->family == 4 && inet_ntop(AF_INET, ep->address, address, sizeof address))
        snprintf(text, ENDPOINT_TEXT, "%s:%u", address, ep->port);
    else if (ep->family == 6 && inet_ntop(AF_INET6, ep->address, address, sizeof address))
        snprintf(text, ENDPOINT_TEXT, "[%s]:%u", address, ep->port);
    else
        snprintf(text, ENDPOINT_TEXT, "?");
    return text;
}

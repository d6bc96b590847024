#include "core/exchange.h"

#include <arpa/inet.h>
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

/* ---- where they come from, and go ------------------------------------------------ */

/* What holds more is not kept for its next use. */
enum { SPARE_MAX = 8 * 1024 };

static void release_exchange(struct spare *spare)
{
    struct exchange *x = (struct exchange *)spare;

    arena_release(&x->mem);
    mem_free(x);
}

static void release_pair(struct spare *spare)
{
    struct pair *p = (struct pair *)spare;

    arena_release(&p->mem);
    mem_free(p);
}

static void retire(struct spare *object, struct arena *mem, struct spares *s,
                   struct spares_here *here)
{
    if (arena_held(mem) > SPARE_MAX) {
        s->release(object);
        return;
    }
    arena_reset(mem);
    spares_give(s, here, object);
}

static struct spares exchanges = SPARES_INIT(release_exchange);
static struct spares pairs = SPARES_INIT(release_pair);
static _Thread_local struct spares_here exchanges_here, pairs_here;

struct exchange *exchange_new(size_t max, struct err *e)
{
    struct exchange *x = (struct exchange *)spares_take(&exchanges, &exchanges_here);
    struct arena mem = {0};

    if (x)
        mem = x->mem;
    else
        x = mem_alloc(sizeof *x);
    if (!x) {
        err_nomem(e, "starting an exchange");
        return NULL;
    }
    mem.max = max;
    *x = (struct exchange){.mem = mem};
    return x;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    retire(&x->spare, &x->mem, &exchanges, &exchanges_here);
}

struct pair *pair_new(struct exchange *x, unsigned n_calls, size_t max, struct err *e)
{
    struct pair *p = (struct pair *)spares_take(&pairs, &pairs_here);

    if (!p && (p = mem_alloc(sizeof *p)) != NULL)
        arena_init(&p->mem, max);
    if (!p) {
        exchange_free(x);
        err_nomem(e, "starting a pair");
        return NULL;
    }
    /* There is room for all calls, of which few are used. */
    memset(p->calls, 0, n_calls * sizeof *p->calls);
    p->mem.max = max;
    p->exchange = x;
    p->n_calls = n_calls;
    return p;
}

void pair_free(struct pair *p)
{
    if (!p)
        return;
    exchange_free(p->exchange);
    retire(&p->spare, &p->mem, &pairs, &pairs_here);
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

#include "replay/guard.h"

void guard_init(struct guard *g, const char *target, const struct replay_config *config)
{
    *g = (struct guard){.target = target, .tell = config->breaker, .ctx = config->ctx};
    pthread_mutex_init(&g->lock, NULL);
    breaker_init(&g->breaker, config->max_error_ppm);
    atomic_store(&g->free_pass, g->breaker.pass);
}

void guard_release(struct guard *g)
{
    pthread_mutex_destroy(&g->lock);
}

/* `cause` is the call that failed, if it opened. */
static void told(struct guard *g, const struct call *cause, int64_t now_ns)
{
    const struct breaker *b = &g->breaker;
    struct replay_breaker_change change = {.target = g->target, .state = b->state};

    atomic_store(&g->free_pass, b->state == BREAKER_CLOSED ? b->pass : 0);
    if (!g->tell)
        return;
    if (b->state == BREAKER_OPEN && cause) {
        change.outcome = cause->outcome;
        change.detail = cause->detail;
        change.wait_ns = b->probe_at_ns - now_ns;
        if (b->bad_probes == 0)
            breaker_sums(b, now_ns, &change.calls, &change.failed);
    }
    g->tell(g->ctx, &change);
}

unsigned guard_enter(struct guard *g, int64_t now_ns, int64_t *wait_until)
{
    unsigned pass = atomic_load_explicit(&g->free_pass, memory_order_relaxed);
    enum replay_breaker before;

    if (pass)
        return pass;
    pthread_mutex_lock(&g->lock);
    before = g->breaker.state;
    pass = breaker_enter(&g->breaker, now_ns);
    if (g->breaker.state != before)
        told(g, NULL, now_ns);
    if (wait_until)
        *wait_until = pass ? 0 : breaker_worth_waiting(&g->breaker, now_ns);
    pthread_mutex_unlock(&g->lock);
    return pass;
}

void guard_leave(struct guard *g, unsigned pass)
{
    pthread_mutex_lock(&g->lock);
    breaker_leave(&g->breaker, pass);
    pthread_mutex_unlock(&g->lock);
}

void guard_note(struct guard *g, unsigned pass, const struct call *call, int64_t now_ns)
{
    enum replay_breaker before;

    if (g->breaker.max_ppm == 0 || !outcome_is_sent(call->outcome))
        return; /* never opens; or the run ends, and nobody will probe again */
    pthread_mutex_lock(&g->lock);
    before = g->breaker.state;
    breaker_note(&g->breaker, pass, call->outcome != OUTCOME_ANSWERED, now_ns);
    if (g->breaker.state != before)
        told(g, call, now_ns);
    pthread_mutex_unlock(&g->lock);
}

int64_t guard_worth_waiting(struct guard *g, int64_t now_ns)
{
    int64_t until;

    if (atomic_load_explicit(&g->free_pass, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&g->lock);
    until = breaker_worth_waiting(&g->breaker, now_ns);
    pthread_mutex_unlock(&g->lock);
    return until;
}

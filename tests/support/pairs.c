#include "tests/support/pairs.h"

#include "core/buf.h"
#include "core/clock.h"

enum { PAIR_BYTES = 64 * 1024 * 1024 };

struct pair *pair_request(uint64_t ordinal, const char *method_and_target, struct err *e)
{
    struct exchange *x = exchange_new(PAIR_BYTES, e);
    struct pair *p = x ? pair_new(x, 0, PAIR_BYTES, e) : NULL;
    struct buf head;

    if (!p)
        return NULL;
    x->ordinal = ordinal;
    x->connection = 1;
    buf_init(&head, 64 * 1024);
    if (buf_printf(&head, e, "%s HTTP/1.1\r\nHost: example.test\r\n\r\n", method_and_target) < 0 ||
        arena_dup(&x->mem, buf_str(&head), &x->request.head, e) < 0) {
        pair_free(p);
        p = NULL;
    } else {
        x->request.complete = true;
    }
    buf_release(&head);
    return p;
}

static struct call *add_call(struct pair *p, int target, enum outcome outcome)
{
    struct call *c = &p->calls[p->n_calls];

    *c = (struct call){.target = (uint8_t)target, .order = (uint8_t)p->n_calls, .outcome = outcome};
    c->due_ns = c->sent_ns = (int64_t)p->exchange->ordinal * NS_PER_MS + 1;
    p->n_calls++;
    return c;
}

static int fill(struct http_message *m, int status, const char *fields, struct str body,
                struct arena *mem, struct err *e)
{
    struct buf head;
    int rc;

    buf_init(&head, 1024 * 1024);
    rc = buf_printf(&head, e, "HTTP/1.1 %d X\r\n%s\r\n", status, fields);
    if (rc == 0)
        rc = arena_dup(mem, buf_str(&head), &m->head, e);
    buf_release(&head);
    if (rc < 0 || arena_dup(mem, body, &m->body, e) < 0)
        return -1;
    m->body_size = body.len;
    m->complete = true;
    return 0;
}

int pair_answer(struct pair *p, int target, int status, const char *fields, struct str body,
                int64_t us, struct err *e)
{
    struct call *c = add_call(p, target, OUTCOME_ANSWERED);

    c->first_ns = c->done_ns = c->sent_ns + us * NS_PER_US;
    return fill(&c->response, status, fields, body, &p->mem, e);
}

int pair_recorded(struct pair *p, int status, const char *fields, struct str body, int64_t us,
                  struct err *e)
{
    struct exchange *x = p->exchange;

    x->request_first_ns = x->request_last_ns = (int64_t)x->ordinal * NS_PER_MS + 1;
    x->response_first_ns = x->response_last_ns = x->request_last_ns + us * NS_PER_US;
    return fill(&x->response, status, fields, body, &x->mem, e);
}

int pair_failure(struct pair *p, int target, enum outcome outcome, const char *detail,
                 struct err *e)
{
    struct call *c = add_call(p, target, outcome);

    if (!outcome_is_sent(outcome))
        c->sent_ns = 0;
    return arena_dup(&p->mem, str_of(detail), &c->detail, e);
}

static int next(void *ctx, struct pair **p, struct err *e)
{
    struct pair_script *script = ctx;
    struct err own = {0};

    *p = script->make(script->next, &own);
    if (*p) {
        script->next++;
        return 1;
    }
    if (own.kind == ERR_NONE)
        return 0;
    *e = own;
    return -1;
}

struct pair_source pair_script_source(struct pair_script *script)
{
    return (struct pair_source){next, script};
}

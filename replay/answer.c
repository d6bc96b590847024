#include "replay/answer.h"

#define XXH_STATIC_LINKING_ONLY /* for the size of the state: memory comes from core/mem */
#include <xxhash.h>

#include "core/mem.h"

enum { KEEP_BODY = 64 * 1024 };

void answer_init(struct answer *a, size_t max_body)
{
    *a = (struct answer){0};
    buf_init(&a->body, max_body);
    buf_init(&a->informational, HTTP1_MAX_HEAD);
}

static void drop_hash(struct answer *a)
{
    mem_free(a->hash);
    a->hash = NULL;
}

void answer_release(struct answer *a)
{
    drop_hash(a);
    buf_release(&a->body);
    buf_release(&a->informational);
}

void answer_begin(struct answer *a, struct http1 *framer, struct call *call, struct arena *mem,
                  struct str method)
{
    a->framer = framer;
    a->call = call;
    a->mem = mem;
    a->method = method;
    a->final = false;
    a->n_informational = 0;
    a->body_size = 0;
    a->loose = (struct str){0};
    drop_hash(a);
    if (a->body.cap > KEEP_BODY)
        buf_release(&a->body);
    buf_reset(&a->body);
    buf_reset(&a->informational);
    call->response = (struct http_message){0};
    call->informational = call->detail = (struct str){0};
}

/* ---- keeping --------------------------------------------------------------- */

/* Content above the ceiling is hashed, so that answers can still be told apart. */
static int start_hash(struct answer *a, struct err *e)
{
    a->hash = mem_alloc(sizeof *a->hash);
    if (!a->hash)
        return err_nomem(e, "hashing an answer");
    XXH64_reset(a->hash, 0);
    XXH64_update(a->hash, a->body.data, a->body.len);
    return 0;
}

/* There is more than lies in the input at hand. */
static int gather(struct answer *a, struct err *e)
{
    struct str piece = a->loose;

    a->loose = (struct str){0};
    return piece.len ? buf_add(&a->body, piece, e) : 0;
}

/* Most answers come in one piece, which is copied once only. */
static int keep_content(struct answer *a, struct str piece, struct err *e)
{
    size_t room;

    if (a->body_size == 0 && piece.len <= a->body.max) {
        a->loose = piece;
        a->body_size = piece.len;
        return 0;
    }
    if (gather(a, e) < 0)
        return -1;
    room = a->body.max - a->body.len;
    a->body_size += piece.len;
    if (!a->hash && piece.len > room && start_hash(a, e) < 0)
        return -1;
    if (a->hash)
        XXH64_update(a->hash, piece.data, piece.len);
    return buf_add(&a->body, str_head(piece, room), e);
}

/* Move what was gathered to the call. */
static int store(struct answer *a, bool complete, struct err *e)
{
    struct http_message *m = &a->call->response;
    struct str informational = buf_str(&a->informational);
    struct str body = a->loose.len ? a->loose : buf_str(&a->body);

    if (informational.len && arena_dup(a->mem, informational, &a->call->informational, e) < 0)
        return -1;
    if (!a->final)
        return 0;
    if (body.len && arena_dup(a->mem, body, &m->body, e) < 0)
        return -1;
    if (complete && a->framer->trailers.len &&
        arena_dup(a->mem, buf_str(&a->framer->trailers), &m->trailers, e) < 0)
        return -1;
    m->body_size = a->body_size;
    m->chunked = a->framer->chunked;
    m->complete = complete;
    m->flags |= a->framer->flags;
    if (a->hash) {
        m->flags |= HTTP_TRUNCATED;
        m->body_hash = XXH64_digest(a->hash);
    }
    return 0;
}

int answer_keep_part(struct answer *a, struct err *e)
{
    return store(a, false, e);
}

static enum answer_state fail(struct answer *a, enum outcome outcome, struct str detail,
                              struct err *e)
{
    a->call->outcome = outcome;
    a->call->detail = detail;
    return store(a, false, e) < 0 ? ANSWER_NOMEM : ANSWER_BAD;
}

/* ---- events of the framer ---------------------------------------------------- */

static enum answer_state take_informational(struct answer *a, struct str head, struct err *e)
{
    if (a->framer->status == 101)
        return fail(a, OUTCOME_PROTOCOL, STR("went over to another protocol unasked"), e);
    if (++a->n_informational > EXCHANGE_MAX_INFORMATIONAL)
        return fail(a, OUTCOME_PROTOCOL, STR("too many informational answers"), e);
    if (head.len > a->informational.max - a->informational.len)
        return fail(a, OUTCOME_TOO_LARGE, STR("informational answers beyond the ceiling"), e);
    return buf_add(&a->informational, head, e) < 0 ? ANSWER_NOMEM : ANSWER_MORE;
}

static enum answer_state take_head(struct answer *a, struct str head, struct err *e)
{
    http1_answers(a->framer, a->method);
    if (a->framer->status < 200)
        return take_informational(a, head, e);
    if (arena_dup(a->mem, head, &a->call->response.head, e) < 0)
        return ANSWER_NOMEM;
    a->final = true;
    return ANSWER_MORE;
}

static enum answer_state take_end(struct answer *a, struct err *e)
{
    if (!a->final)
        return ANSWER_MORE;
    if (store(a, true, e) < 0)
        return ANSWER_NOMEM;
    a->call->outcome = OUTCOME_ANSWERED;
    return ANSWER_WHOLE;
}

/* The reason is the framer's flag where it has one; but that of a head with many
 * fields, or with two ways to tell a length, may be no reason. */
static enum answer_state take_broken(struct answer *a, struct err *e)
{
    const struct http1 *f = a->framer;

    if (f->no_memory) {
        err_nomem(e, "reading an answer"); /* the target is not to blame */
        return ANSWER_NOMEM;
    }
    if (f->flags & HTTP_BAD_CHUNK)
        return fail(a, OUTCOME_PROTOCOL, STR("chunks that cannot be read"), e);
    if ((f->flags & HTTP_CL_CONFLICT) && !f->chunked)
        return fail(a, OUTCOME_PROTOCOL, STR("Content-Length that cannot be read"), e);
    if (f->flags & HTTP_HEAD_TOO_LARGE)
        return fail(a, OUTCOME_TOO_LARGE, STR("head or trailers beyond the ceiling"), e);
    return fail(a, OUTCOME_PROTOCOL, STR("not an HTTP/1 answer"), e);
}

enum answer_state answer_feed(struct answer *a, struct str *in, struct err *e)
{
    enum answer_state state = ANSWER_MORE;
    struct str piece;

    while (state == ANSWER_MORE) {
        switch (http1_next(a->framer, in, &piece)) {
        case HTTP1_MORE:
            return gather(a, e) < 0 ? ANSWER_NOMEM : ANSWER_MORE;
        case HTTP1_HEAD:
            state = take_head(a, piece, e);
            break;
        case HTTP1_DATA:
            state = keep_content(a, piece, e) < 0 ? ANSWER_NOMEM : ANSWER_MORE;
            break;
        case HTTP1_END:
            state = take_end(a, e);
            break;
        default:
            state = take_broken(a, e);
            break;
        }
    }
    return state;
}

enum answer_state answer_end(struct answer *a, bool in_order, struct err *e)
{
    struct str detail = in_order ? STR("closed inside the answer") : STR("connection reset");

    if (http1_finish(a->framer, in_order) == HTTP1_END && a->final)
        return take_end(a, e);
    a->framer->flags |= in_order ? HTTP_CUT : HTTP_RESET;
    if (!a->final && in_order)
        detail = STR("closed without an answer");
    return fail(a, OUTCOME_RESET, detail, e);
}

#include "core/record_fields.h"

#include "core/record_format.h"

bool record_cut(struct str *payload, unsigned *type, struct str *fields)
{
    const uint8_t *p = (const uint8_t *)payload->data;
    uint32_t len;

    if (payload->len < 6)
        return false;
    len = get_u32(p);
    if (len < 2 || len > payload->len - 4)
        return false;
    *type = get_u16(p + 4);
    *fields = str_from(payload->data + 6, len - 2);
    *payload = str_skip(*payload, 4 + (size_t)len);
    return true;
}

int record_field_next(struct str *fields, struct record_field *f)
{
    const uint8_t *p = (const uint8_t *)fields->data;
    uint32_t len;

    if (fields->len == 0)
        return 0;
    if (fields->len < 6)
        return -1;
    len = get_u32(p + 2);
    if (len > fields->len - 6)
        return -1;
    *f = (struct record_field){get_u16(p), p + 6, len};
    *fields = str_skip(*fields, 6 + (size_t)len);
    return 1;
}

uint64_t record_field_uint(const struct record_field *f, size_t at)
{
    size_t left = f->len > at ? f->len - at : 0;

    return left ? get_uint(f->data + at, left < 8 ? left : 8) : 0;
}

static struct str field_str(const struct record_field *f)
{
    return str_from((const char *)f->data, f->len);
}

static void read_endpoint(const struct record_field *f, struct endpoint *ep)
{
    if (f->len < 19 || (f->data[0] != 4 && f->data[0] != 6))
        return;
    ep->family = f->data[0];
    memcpy(ep->address, f->data + 1, sizeof ep->address);
    ep->port = get_u16(f->data + 17);
}

/* Fields that requests and responses share. */
static int read_message_field(const struct record_field *f, struct http_message *m,
                              struct arena *mem, struct err *e)
{
    switch (f->tag) {
    case FIELD_HEAD:
        return arena_dup(mem, field_str(f), &m->head, e);
    case FIELD_BODY:
        m->body_size = f->len;
        return arena_dup(mem, field_str(f), &m->body, e);
    case FIELD_TRAILERS:
        return arena_dup(mem, field_str(f), &m->trailers, e);
    case FIELD_STATE:
        m->flags = (uint32_t)record_field_uint(f, 0);
        m->complete = f->len > 4 && f->data[4];
        m->chunked = f->len > 5 && f->data[5];
        return 0;
    case FIELD_SIZES:
        m->body_size = record_field_uint(f, 0);
        m->body_hash = record_field_uint(f, 8);
        m->gap_bytes = record_field_uint(f, 16);
        return 0;
    default:
        return 0;
    }
}

static int read_request_field(const struct record_field *f, struct exchange *x, uint32_t *answers,
                              struct err *e)
{
    switch (f->tag) {
    case FIELD_ORDINAL:
        x->ordinal = record_field_uint(f, 0);
        return 0;
    case FIELD_CONNECTION:
        x->connection = record_field_uint(f, 0);
        return 0;
    case FIELD_INDEX:
        x->index = (uint32_t)record_field_uint(f, 0);
        return 0;
    case FIELD_CLIENT:
        read_endpoint(f, &x->client);
        return 0;
    case FIELD_SERVER:
        read_endpoint(f, &x->server);
        return 0;
    case FIELD_TIMES:
        x->request_first_ns = (int64_t)record_field_uint(f, 0);
        x->request_last_ns = (int64_t)record_field_uint(f, 8);
        return 0;
    case FIELD_TUNNEL:
        x->tunnel = true;
        x->tunnel_bytes = record_field_uint(f, 0);
        return 0;
    case FIELD_REDACTED:
        return arena_dup(&x->mem, field_str(f), &x->redacted, e);
    case FIELD_ANSWERS:
        *answers = (uint32_t)record_field_uint(f, 0);
        return 0;
    default:
        return read_message_field(f, &x->request, &x->mem, e);
    }
}

static int read_answer_field(const struct record_field *f, struct exchange *x, struct err *e)
{
    switch (f->tag) {
    case FIELD_TIMES:
        x->response_first_ns = (int64_t)record_field_uint(f, 0);
        x->response_last_ns = (int64_t)record_field_uint(f, 8);
        return 0;
    case FIELD_INFORMATIONAL:
        return arena_dup(&x->mem, field_str(f), &x->informational, e);
    default:
        return read_message_field(f, &x->response, &x->mem, e);
    }
}

static int read_call_field(const struct record_field *f, struct call *c, struct arena *mem,
                           struct err *e)
{
    switch (f->tag) {
    case FIELD_CALL:
        if (!f->data || f->len < 4 || f->data[3] >= OUTCOME_COUNT)
            return 0;
        c->target = f->data[0];
        c->order = f->data[1];
        c->flags = f->data[2];
        c->outcome = (enum outcome)f->data[3];
        return 0;
    case FIELD_DETAIL:
        return arena_dup(mem, field_str(f), &c->detail, e);
    case FIELD_CALL_TIMES:
        c->due_ns = (int64_t)record_field_uint(f, 0);
        c->sent_ns = (int64_t)record_field_uint(f, 8);
        c->first_ns = (int64_t)record_field_uint(f, 16);
        c->done_ns = (int64_t)record_field_uint(f, 24);
        return 0;
    case FIELD_INFORMATIONAL:
        return arena_dup(mem, field_str(f), &c->informational, e);
    default:
        return read_message_field(f, &c->response, mem, e);
    }
}

int record_malformed(struct err *e)
{
    return err_set(e, ERR_DAMAGED, "a record is malformed");
}

int record_read_exchange(struct str fields, struct str *payload, struct exchange *x, struct err *e)
{
    uint32_t answers = 0;
    struct record_field f;
    unsigned type;
    int got;

    while ((got = record_field_next(&fields, &f)) > 0) {
        if (read_request_field(&f, x, &answers, e) < 0)
            return -1;
    }
    if (got < 0 || answers > 1)
        return record_malformed(e);
    if (answers == 0)
        return 0;
    if (!record_cut(payload, &type, &fields) || type != TYPE_RESPONSE)
        return record_malformed(e);
    while ((got = record_field_next(&fields, &f)) > 0) {
        if (read_answer_field(&f, x, e) < 0)
            return -1;
    }
    return got < 0 ? record_malformed(e) : 0;
}

int record_read_calls(struct str *payload, struct pair *p, struct err *e)
{
    for (unsigned i = 0; i < p->n_calls; i++) {
        struct str fields;
        struct record_field f;
        unsigned type;
        int got;

        if (!record_cut(payload, &type, &fields) || type != TYPE_RESPONSE)
            return record_malformed(e);
        while ((got = record_field_next(&fields, &f)) > 0) {
            if (read_call_field(&f, &p->calls[i], &p->mem, e) < 0)
                return -1;
        }
        if (got < 0)
            return record_malformed(e);
    }
    return 0;
}

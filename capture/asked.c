#include "capture/asked.h"

#include <string.h>

#include "core/mem.h"

static size_t cost(const struct asked *a)
{
    return sizeof *a + a->segment.bytes.len;
}

struct asked *asked_new(const struct segment *s, int dir, struct budget *b)
{
    struct asked *a = mem_alloc(sizeof *a + s->bytes.len);

    if (!a)
        return NULL;
    a->dir = dir;
    a->segment = *s;
    if (s->bytes.len)
        memcpy(a->bytes, s->bytes.data, s->bytes.len);
    a->segment.bytes.data = a->bytes;
    budget_charge(b, cost(a));
    return a;
}

bool asked_is_answered(const struct asked *a, const struct segment *s, int dir)
{
    enum { ANSWER = TCP_SYN | TCP_ACK };

    return a->dir != dir && (s->flags & ANSWER) == ANSWER &&
           s->ack - (a->segment.seq + 1) <= a->segment.bytes.len + a->segment.missing;
}

void asked_free(struct asked *a, struct budget *b)
{
    if (a)
        budget_return(b, cost(a));
    mem_free(a);
}

#include "replay/facts.h"

bool facts_find(struct facts *f, struct str head)
{
    static const struct str names[FACTS] = {
        [FACT_MARKER] = STR_INIT("X-Mirrorctl"),       [FACT_HOST] = STR_INIT("Host"),
        [FACT_UPGRADE] = STR_INIT("Upgrade"),          [FACT_TRACEPARENT] = STR_INIT("traceparent"),
        [FACT_B3_TRACE_ID] = STR_INIT("x-b3-traceid"), [FACT_B3] = STR_INIT("b3"),
        [FACT_REQUEST_ID] = STR_INIT("x-request-id"),
    };
    struct str in = head, read;

    http1_init(&f->framer, HTTP1_REQUESTS);
    http1_want(&f->framer, names, f->field, FACTS);
    f->is_head = http1_next(&f->framer, &in, &read) == HTTP1_HEAD && read.len == head.len;
    if (f->is_head) {
        f->line = f->framer.request;
        f->whole_line = true;
        return true;
    }
    http1_release(&f->framer);
    f->whole_line = http_request_line(head, &f->line);
    http_find_fields(head, names, f->field, FACTS);
    return f->whole_line || http_request_start(head, &f->line);
}

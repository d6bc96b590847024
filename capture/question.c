#include "capture/question.h"

#include "core/http1_guess.h"

void question_init(struct question *q)
{
    *q = (struct question){0};
    buf_init(&q->bytes, HTTP1_MAX_LINE);
}

bool question_refused(const struct side *requests)
{
    const struct pending *e = requests->reading;

    return e && e->response_begun && !e->insists && requests->content == 0 &&
           http1_in_message(&requests->framer) &&
           http_field_has(e->x->request.head, STR("Expect"), STR("100-continue"));
}

bool question_arises(const struct question *q, const struct side *requests, int64_t ack)
{
    if (q->at_length || q->bytes.len)
        return true;
    /* Who had not seen the response when it sent them cannot have obeyed it. */
    return question_refused(requests) && ack > requests->reading->start[RES];
}

/* Do these bytes begin another request? `last`: no more of them come. */
static enum request_is judge(struct str bytes, bool last)
{
    struct http_request_line line;

    bytes = http_skip_empty_lines(bytes);
    switch (http1_guess(HTTP1_REQUESTS, bytes)) {
    case HTTP1_NO:
        return REQUEST_GOES_ON;
    case HTTP1_TOO_SHORT:
        if (!last)
            return REQUEST_UNCLEAR;
        return http_request_start(bytes, &line) ? REQUEST_OVER : REQUEST_GOES_ON;
    default:
        return http1_is_request(bytes) ? REQUEST_OVER : REQUEST_GOES_ON;
    }
}

enum request_is question_hear(struct question *q, const struct piece *piece, int64_t ack)
{
    size_t before = q->bytes.len;
    enum request_is now = REQUEST_GOES_ON;

    if (before == 0) {
        q->piece = *piece;
        q->piece.missing = 0;
        q->ack = ack;
    }
    q->piece.conflict |= piece->conflict;
    if (buf_add(&q->bytes, piece->bytes, NULL) == 0)
        now = judge(buf_str(&q->bytes), piece->missing > 0);
    if (now != REQUEST_UNCLEAR)
        buf_cut(&q->bytes, before);
    return now;
}

enum request_is question_decide(const struct question *q)
{
    return judge(buf_str(&q->bytes), true);
}

struct buf question_take(struct question *q)
{
    struct buf bytes = q->bytes;

    buf_init(&q->bytes, HTTP1_MAX_LINE);
    return bytes;
}

void question_drop(struct question *q)
{
    q->at_length = false;
    buf_reset(&q->bytes);
}

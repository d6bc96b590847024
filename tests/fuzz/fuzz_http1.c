/* The framer on hostile bytes: what it says must not depend on the split.
 *
 * The first byte chooses side, method and the split, and whether the next two
 * say where bytes are missing, and how many; the rest is the stream. It is run
 * whole and split, and a digest of all events is compared.
 */
#include <stdlib.h>
#include <xxhash.h>

#include "core/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct digest {
    XXH64_state_t *state;
    enum http1_event last; /* pieces of one kind in a row may be cut anywhere */
};

static void note(struct digest *d, const struct http1 *f, enum http1_event event, struct str piece)
{
    bool run = event == HTTP1_DATA || event == HTTP1_SKIPPED || event == HTTP1_TUNNEL;

    if (!run || d->last != event)
        XXH64_update(d->state, &event, sizeof event);
    if (piece.data)
        XXH64_update(d->state, piece.data, piece.len);
    else if (piece.len)
        XXH64_update(d->state, &piece.len, sizeof piece.len);
    if (event == HTTP1_HEAD || event == HTTP1_END || event == HTTP1_BROKEN)
        XXH64_update(d->state, &f->flags, sizeof f->flags);
    if (event == HTTP1_END && f->trailers.len)
        XXH64_update(d->state, f->trailers.data, f->trailers.len);
    d->last = event;
}

static void feed(struct digest *d, struct http1 *f, struct str in, struct str method)
{
    enum http1_event event;
    struct str piece;

    while ((event = http1_next(f, &in, &piece)) != HTTP1_MORE) {
        note(d, f, event, piece);
        if (event == HTTP1_HEAD && f->side == HTTP1_RESPONSES)
            http1_answers(f, method);
    }
    if (in.len)
        abort();
}

static void feed_split(struct digest *d, struct http1 *f, struct str in, struct str method,
                       size_t step)
{
    for (size_t at = 0; at < in.len; at += step)
        feed(d, f, str_head(str_skip(in, at), step), method);
}

/* Bytes missing at a place of the stream. */
struct hole {
    size_t at, n;
};

static uint64_t run(uint8_t how, struct str in, struct hole hole, size_t step)
{
    static const struct str methods[] = {STR_INIT("GET"), STR_INIT("HEAD"), STR_INIT("CONNECT")};
    struct str method = methods[how / 2 % 3];
    struct digest d = {XXH64_createState(), HTTP1_MORE};
    struct http1 f;
    enum http1_event last;
    uint64_t hash;

    XXH64_reset(d.state, 0);
    http1_init(&f, how & 1 ? HTTP1_RESPONSES : HTTP1_REQUESTS);
    feed_split(&d, &f, str_head(in, hole.at), method, step);
    http1_gap(&f, hole.n);
    feed(&d, &f, (struct str){0}, method);
    feed_split(&d, &f, str_skip(in, hole.at), method, step);
    last = http1_finish(&f, how & 64);
    note(&d, &f, last, last == HTTP1_SKIPPED ? f.head : (struct str){0});
    hash = XXH64_digest(d.state);
    XXH64_freeState(d.state);
    http1_release(&f);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hole hole = {0};
    struct str in;

    if (size < 4)
        return 0;
    in = str_from((const char *)data + 1, size - 1);
    if (data[0] & 128) {
        hole = (struct hole){data[1], data[2]};
        in = str_skip(in, 2);
    }
    if (run(data[0], in, hole, in.len) != run(data[0], in, hole, 1 + data[0] / 8 % 8))
        abort();
    return 0;
}

/* One direction of a connection, against a plain array of bytes: what is passed
 * on is, at every place, what came there first; all of it that has no hole in
 * front; and nothing twice. That two copies differ is noted where the first one
 * waits, and never where they do not.
 *
 * The first two bytes choose where numbers begin, which may be close to where
 * they wrap. Then steps of five bytes: what, where (two), how much, and what
 * differs. */
#include <stdlib.h>

#include "capture/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACES = 4096 + 256, STEP = 5, MAX_STEPS = 2000 };
enum { FAR = 20 * 1024 * 1024 };
enum { FLAG_OTHER = 8, FLAG_MISSING = 16, FLAG_URGENT = 32, FLAG_HOLD = 64 };

enum what { UNKNOWN, BYTE, MISSING };

static struct place {
    enum what what;
    char byte;
} places[PLACES];

static struct stream stream;
static struct budget budget;
static uint32_t base; /* number of place 0 */
static int64_t start; /* position of place 0 */
static size_t next;   /* place that comes next */

static void check(bool ok)
{
    if (!ok)
        abort();
}

static char honest(size_t at)
{
    return (char)(at * 31 + at / 251);
}

/* A piece is passed on: is it what the places say? */
static void take(const struct piece *p)
{
    size_t at = next;

    check(p->pos == start + (int64_t)next);
    for (size_t i = 0; i < p->bytes.len; i++, at++)
        check(places[at].what == BYTE && places[at].byte == p->bytes.data[i]);
    for (size_t i = 0; i < p->missing + p->urgent; i++, at++)
        check(places[at].what == MISSING);
    next = at;
    stream_deliver(&stream, p);
}

static void take_waiting(void)
{
    const struct piece *p;

    while ((p = stream_head(&stream)) && p->pos == stream.next) {
        struct held *h = stream_pop(&stream, &budget);
        take(stream_piece(h));
        stream_release_piece(h);
    }
    check(!p || p->pos > stream.next);
    check(stream.next == start + (int64_t)next);
    check(!stream.anchored || places[next].what == UNKNOWN);
}

/* Give the first hole up. */
static void skip_hole(void)
{
    const struct piece *p = stream_head(&stream);

    if (!p || !stream.anchored)
        return;
    stream.next = p->pos;
    next = (size_t)(p->pos - start);
}

/* Nothing is known of what comes before the first piece. */
static void anchor(void)
{
    const struct piece *p = stream_head(&stream);

    if (stream.anchored)
        return;
    next = p ? (size_t)(p->pos - start) : 0;
    stream_anchor(&stream, start + (int64_t)next, &budget);
}

/* Note a piece in the places. Returns whether it contradicts what waits, and in
 * *agrees whether it contradicts nothing at all. */
static bool note(const struct piece *p, bool *agrees)
{
    size_t at = (size_t)(p->pos - start);
    bool contradicts = false;

    *agrees = true;
    for (size_t i = 0; i < p->bytes.len; i++, at++) {
        struct place *place = &places[at];
        if (place->what == UNKNOWN && (at >= next || !stream.anchored))
            *place = (struct place){BYTE, p->bytes.data[i]};
        if (place->what == BYTE && place->byte != p->bytes.data[i]) {
            *agrees = false;
            contradicts |= at >= next || !stream.anchored;
        }
    }
    for (size_t i = 0; i < p->missing + p->urgent; i++, at++) {
        if (places[at].what == UNKNOWN && (at >= next || !stream.anchored))
            places[at].what = MISSING;
    }
    return contradicts;
}

static void add(const uint8_t *step)
{
    static char bytes[256];
    size_t at = (size_t)(step[1] | step[2] << 8) % 4096;
    struct piece p = {
        .pos = stream_position(&stream, base + (uint32_t)at),
        .bytes = {bytes, step[3] % 224},
        .missing = step[0] & FLAG_MISSING ? step[4] % 16 : 0,
        .urgent = step[0] & FLAG_URGENT,
    };
    struct stream_note n = {0};
    bool agrees, contradicts;

    check(p.pos == start + (int64_t)at);
    for (size_t i = 0; i < p.bytes.len; i++)
        bytes[i] = honest(at + i);
    if ((step[0] & FLAG_OTHER) && p.bytes.len)
        bytes[step[4] % p.bytes.len] ^= 1;
    if (p.bytes.len + p.missing + p.urgent == 0)
        return;
    contradicts = note(&p, &agrees);
    switch (stream_add(&stream, &p, &budget, &n)) {
    case STREAM_NEXT:
        if (step[0] & FLAG_HOLD)
            check(stream_hold(&stream, &p, &budget) == STREAM_HELD);
        else
            take(&p);
        break;
    case STREAM_HELD:
    case STREAM_OLD:
        break;
    default:
        check(false);
    }
    check(!contradicts || n.conflict);
    check(!agrees || !n.conflict);
}

/* What is not of this stream leaves it alone. */
static void add_stray(const uint8_t *step)
{
    int64_t far = step[4] & 1 ? FAR : -(int64_t)INT32_MAX / 2 - FAR;
    struct piece p = {.pos = stream.next + far, .bytes = STR("stray")};
    struct stream_note n = {0};

    check(stream_add(&stream, &p, &budget, &n) == STREAM_STRAY);
}

static void take_step(const uint8_t *step)
{
    switch (step[0] % 8) {
    case 0:
        skip_hole();
        break;
    case 1:
        anchor();
        break;
    case 2:
        add_stray(step);
        break;
    default:
        add(step);
        break;
    }
    if (stream.anchored)
        take_waiting();
    if (stream_is_full(&stream))
        skip_hole();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    stream = (struct stream){0};
    budget = (struct budget){.max = SIZE_MAX};
    for (size_t i = 0; i < PLACES; i++)
        places[i].what = UNKNOWN;
    base = (uint32_t) - (data[0] | data[1] << 8);
    start = stream_position(&stream, base);
    next = 0;
    data += 2;
    size -= 2;
    for (int i = 0; i < MAX_STEPS && size >= STEP; i++, data += STEP, size -= STEP)
        take_step(data);
    stream_clear(&stream, &budget);
    check(budget.used == 0 && stream.held_bytes == 0 && stream.held_pieces == 0);
    return 0;
}

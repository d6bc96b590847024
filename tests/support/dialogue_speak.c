/* How a dialogue is carried over TCP. */
#include <stdlib.h>

#include "tests/support/dialogue.h"

enum { FIRST_PORT = 10000, PORTS = 50000 };

struct voice {
    const struct dialogue *dialogue;
    const struct manner *manner;
    struct packets *packets;
    struct carriage *carriage;
    uint64_t dice;
    bool ipv6;
    uint32_t first[2]; /* number of the stream's first byte */
    size_t sent[2];    /* of the stream, so far */
    bool finished[2];
    size_t last; /* length of the last segment */
};

static size_t roll(struct voice *v, size_t n)
{
    return (size_t)((packets_random(&v->dice) >> 16) % n);
}

static void note(struct voice *v, int dir, size_t from, size_t n, uint8_t flags)
{
    struct carriage *c = v->carriage;

    if (!c)
        return;
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 256;
        c->item = realloc(c->item, c->cap * sizeof *c->item);
        if (!c->item)
            abort();
    }
    c->item[c->n++] =
        (struct carried){v->packets->bytes.len, v->dialogue->number, dir, from, from + n, flags};
}

void carriage_release(struct carriage *c)
{
    free(c->item);
    *c = (struct carriage){0};
}

static uint32_t number_at(const struct voice *v, int dir, size_t at)
{
    return v->first[dir] + (uint32_t)at;
}

/* A segment with bytes of the stream, acknowledging all the other side sent. */
static void segment(struct voice *v, int dir, uint8_t flags, size_t from, struct str bytes)
{
    struct tcp t = {
        .ipv6 = v->ipv6,
        .from = dir ? 0x0a000002 : 0x0a000001,
        .to = dir ? 0x0a000001 : 0x0a000002,
        .from_port = dir ? 80 : (uint16_t)(FIRST_PORT + v->dialogue->number % PORTS),
        .to_port = dir ? (uint16_t)(FIRST_PORT + v->dialogue->number % PORTS) : 80,
        .seq = number_at(v, dir, from) + v->finished[dir],
        .ack = number_at(v, !dir, v->sent[!dir]) + v->finished[!dir],
        .flags = flags,
        .urgent = flags & URG ? 1 : 0,
        .bytes = bytes.data,
        .len = bytes.len,
    };

    if (flags & SYN)
        t.seq--;
    if ((flags & SYN) && !dir)
        t.ack = 0;
    note(v, dir, from, bytes.len, flags);
    packets_tcp(v->packets, &t);
}

static void handshake(struct voice *v)
{
    struct str none = {0};

    segment(v, 0, SYN, 0, none);
    segment(v, 1, SYN | ACK, 0, none);
    segment(v, 0, ACK, 0, none);
}

static struct str stream_part(const struct voice *v, int dir, size_t from, size_t n)
{
    return str_head(str_skip(buf_str(&v->dialogue->stream[dir]), from), n);
}

/* Send again some of what was said, cut anywhere. */
static void repeat_some(struct voice *v, int dir, size_t from, size_t to)
{
    size_t at = from + roll(v, to - from);
    size_t n = 1 + roll(v, to - at < 60000 ? to - at : 60000);

    segment(v, dir, ACK, at, stream_part(v, dir, at, n));
}

/* `tail`: do not leave a last segment of one byte, which as a repetition looks
 * like a keep-alive probe. */
static void say(struct voice *v, int dir, size_t n, bool tail)
{
    const struct manner *m = v->manner;
    size_t start = v->sent[dir];

    while (n > 0) {
        size_t part = m->least + roll(v, m->most - m->least + 1);
        if (part > n || (tail && n - part == 1))
            part = n;
        segment(v, dir, ACK | PSH, v->sent[dir], stream_part(v, dir, v->sent[dir], part));
        v->sent[dir] += part;
        v->last = part;
        n -= part;
        if (m->repeats && roll(v, 8) == 0)
            repeat_some(v, dir, start, v->sent[dir]);
    }
    if (roll(v, 3) == 0)
        segment(v, !dir, ACK, v->sent[!dir], (struct str){0});
}

/* The last segment again, but it says something else. */
static void contradict(struct voice *v, int dir)
{
    struct str was = stream_part(v, dir, v->sent[dir] - v->last, v->last);
    char *other = malloc(was.len);

    if (!other)
        abort();
    for (size_t i = 0; i < was.len; i++)
        other[i] = (char)(was.data[i] ^ 1);
    segment(v, dir, ACK | PSH, v->sent[dir] - v->last, str_from(other, was.len));
    free(other);
}

static void take_turn(struct voice *v, size_t i)
{
    const struct turn *t = &v->dialogue->turn[i];
    bool tail = i + 1 < v->dialogue->turns && v->dialogue->turn[i + 1].kind == TURN_REPEAT;

    switch (t->kind) {
    case TURN_SAY:
        say(v, t->dir, t->n, tail);
        break;
    case TURN_LOSE:
        v->sent[t->dir] += t->n;
        break;
    case TURN_URGENT:
        segment(v, t->dir, ACK | URG, v->sent[t->dir],
                stream_part(v, t->dir, v->sent[t->dir], t->n));
        v->sent[t->dir] += t->n;
        break;
    case TURN_REPEAT:
        contradict(v, t->dir);
        break;
    case TURN_FIN:
        segment(v, t->dir, FIN | ACK, v->sent[t->dir], (struct str){0});
        v->finished[t->dir] = true;
        break;
    case TURN_RESET:
        segment(v, t->dir, RST | ACK, v->sent[t->dir], (struct str){0});
        break;
    }
}

void dialogue_speak(const struct dialogue *d, const struct manner *m, struct packets *p,
                    struct carriage *c)
{
    struct voice v = {.dialogue = d, .manner = m, .packets = p, .carriage = c};

    v.dice = (m->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ d->number;
    v.ipv6 = roll(&v, 4) == 0;
    for (int i = 0; i < 3; i++)
        p->vlan[i] =
            (i == 0 || p->vlan[i - 1]) && roll(&v, 3) == 0 ? (uint16_t)(1 + roll(&v, 4094)) : 0;
    for (int i = 0; i < 2; i++) {
        v.first[i] = (uint32_t)roll(&v, UINT32_MAX);
        if (roll(&v, 2) == 0) /* it wraps within the dialogue */
            v.first[i] = (uint32_t)-roll(&v, d->stream[i].len + 1);
    }
    handshake(&v);
    for (size_t i = 0; i < d->turns; i++)
        take_turn(&v, i);
    if (v.finished[0] && v.finished[1])
        segment(&v, 1, ACK, v.sent[1], (struct str){0});
}

unsigned dialogue_of(const struct exchange *x)
{
    return x->client.port - (unsigned)FIRST_PORT;
}
